package client

import (
	"context"
	"encoding/json"
	"net/url"
)

// An Action is something that happens to a provider without an API call.
type Action struct {
	Name        string     `json:"name"` // "dinardragon.settle", in a Provider "settle"
	Description string     `json:"description"`
	Args        []Argument `json:"args"`
}

// An Argument is one thing an action takes.
type Argument struct {
	Name        string   `json:"name"`
	Required    bool     `json:"required"`
	Description string   `json:"description"`
	Default     string   `json:"default,omitempty"`
	OneOf       []string `json:"one_of,omitempty"` // the values it may have, if not any
}

// Actions lists what can be simulated.
func (c *Client) Actions(ctx context.Context) ([]Action, error) {
	type list struct {
		Actions []Action `json:"actions"`
	}
	answer, err := fetch[list](ctx, c, call{method: "GET", path: "actions"})
	return answer.Actions, err
}

// Simulate makes an action happen and returns what changed, a JSON object:
//
//	c.Simulate(ctx, "dinardragon.settle", map[string]string{"payment": "last", "as": "failed"})
func (c *Client) Simulate(ctx context.Context, action string, args map[string]string) (json.RawMessage, error) {
	if args == nil {
		args = map[string]string{}
	}
	return fetch[json.RawMessage](ctx, c, call{method: "POST", path: "simulate/" + url.PathEscape(action), body: args})
}
