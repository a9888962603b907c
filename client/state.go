package client

import (
	"context"
	"encoding/json"
)

// State returns a snapshot of the workspace.
func (c *Client) State(ctx context.Context) (json.RawMessage, error) {
	return fetch[json.RawMessage](ctx, c, call{method: "GET", path: "state"})
}

// RestoreState puts the workspace back to a snapshot; every later answer is as
// it was after that.
func (c *Client) RestoreState(ctx context.Context, state json.RawMessage) error {
	_, err := c.send(ctx, call{method: "PUT", path: "state", body: state})
	return err
}
