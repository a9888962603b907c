package client

import (
	"context"
	"net/url"
	"time"
)

// A Workspace is an isolated world, with what is needed to enter it.
type Workspace struct {
	ID        string             `json:"id"`
	Seed      int64              `json:"seed"`
	Providers map[string]Account `json:"providers"` // by provider
}

// An Account is where a workspace's provider answers, and to whom.
type Account struct {
	BaseURL     string            `json:"base_url"`
	LiveBaseURL string            `json:"live_base_url,omitempty"` // of providers with a live mode
	Credentials map[string]string `json:"credentials"`
}

// A WorkspaceSpec asks for a workspace. The server fills in what is zero.
type WorkspaceSpec struct {
	ID       string
	Scenario string // a shipped scenario's name, or YAML text
	Seed     *int64
	TTL      time.Duration // removed when unused for that long; 0 is never
}

// CreateWorkspace makes a workspace.
func (c *Client) CreateWorkspace(ctx context.Context, spec WorkspaceSpec) (*Workspace, error) {
	body := struct {
		ID       string `json:"id,omitempty"`
		Scenario string `json:"scenario,omitempty"`
		Seed     *int64 `json:"seed,omitempty"`
		TTL      string `json:"ttl,omitempty"`
	}{ID: spec.ID, Scenario: spec.Scenario, Seed: spec.Seed}
	if spec.TTL != 0 {
		body.TTL = spec.TTL.String()
	}
	return fetch[*Workspace](ctx, c, call{method: "POST", path: "workspaces", body: body, global: true})
}

// Workspaces lists all workspaces.
func (c *Client) Workspaces(ctx context.Context) ([]Workspace, error) {
	type list struct {
		Workspaces []Workspace `json:"workspaces"`
	}
	answer, err := fetch[list](ctx, c, call{method: "GET", path: "workspaces", global: true})
	return answer.Workspaces, err
}

// Workspace returns one workspace.
func (c *Client) Workspace(ctx context.Context, id string) (*Workspace, error) {
	return fetch[*Workspace](ctx, c, call{method: "GET", path: "workspaces/" + url.PathEscape(id), global: true})
}

// DeleteWorkspace removes a workspace. The one named "default" stays.
func (c *Client) DeleteWorkspace(ctx context.Context, id string) error {
	_, err := c.send(ctx, call{method: "DELETE", path: "workspaces/" + url.PathEscape(id), global: true})
	return err
}

// Reset takes the workspace back to its scenario's initial state.
func (c *Client) Reset(ctx context.Context) (*Workspace, error) {
	return fetch[*Workspace](ctx, c, call{method: "POST", path: "reset"})
}
