package client

import (
	"context"
	"encoding/json"
	"net/url"
)

// A Scenario sets up a workspace and decides what goes wrong in it.
type Scenario struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	YAML        string `json:"yaml,omitempty"` // not in lists

	// ReloadError is why the scenario's file, as it is now, is not in force; nil
	// if nothing is wrong, or there is no file.
	ReloadError *ReloadError `json:"reload_error,omitempty"`
}

// A ReloadError is what is wrong with the file of a workspace's scenario.
type ReloadError struct {
	Message string    `json:"message"`
	Errors  []Mistake `json:"errors,omitempty"`
}

// Scenario returns the workspace's scenario.
func (c *Client) Scenario(ctx context.Context) (*Scenario, error) {
	return fetch[*Scenario](ctx, c, call{method: "GET", path: "scenario"})
}

// LoadScenario replaces the workspace's scenario by the given text and resets
// the workspace. Mistakes in the text are the Errors of the [*Error].
func (c *Client) LoadScenario(ctx context.Context, yaml string) (*Scenario, error) {
	return fetch[*Scenario](ctx, c, call{method: "PUT", path: "scenario", body: yamlText(yaml)})
}

// UseScenario is LoadScenario with a shipped scenario.
func (c *Client) UseScenario(ctx context.Context, name string) (*Scenario, error) {
	body := map[string]string{"name": name}
	return fetch[*Scenario](ctx, c, call{method: "PUT", path: "scenario", body: body})
}

// ReplaceRules replaces only the rules of the workspace's scenario, by those of
// the given text; the state is kept.
func (c *Client) ReplaceRules(ctx context.Context, yaml string) (*Scenario, error) {
	return fetch[*Scenario](ctx, c, call{method: "PATCH", path: "scenario", body: yamlText(yaml)})
}

// ShippedScenarios lists the server's library.
func (c *Client) ShippedScenarios(ctx context.Context) ([]Scenario, error) {
	type list struct {
		Scenarios []Scenario `json:"scenarios"`
	}
	answer, err := fetch[list](ctx, c, call{method: "GET", path: "scenarios", global: true})
	return answer.Scenarios, err
}

// ShippedScenario returns a scenario of the server's library.
func (c *Client) ShippedScenario(ctx context.Context, name string) (*Scenario, error) {
	return fetch[*Scenario](ctx, c, call{method: "GET", path: "scenarios/" + url.PathEscape(name), global: true})
}

// ScenarioSchema returns the JSON Schema of scenario files.
func (c *Client) ScenarioSchema(ctx context.Context) (json.RawMessage, error) {
	return c.send(ctx, call{method: "GET", path: "scenario.schema.json", global: true})
}
