package client

import "context"

// Health is what the server says of itself.
type Health struct {
	Status  string `json:"status"`
	Version string `json:"version"`
}

// Health asks whether the server is up.
func (c *Client) Health(ctx context.Context) (*Health, error) {
	return fetch[*Health](ctx, c, call{method: "GET", path: "health", global: true})
}

// Metrics returns what the server counts, in the text format of Prometheus.
func (c *Client) Metrics(ctx context.Context) (string, error) {
	text, err := c.send(ctx, call{method: "GET", path: "metrics", global: true})
	return string(text), err
}

// Ready returns nil once the server has loaded its scenario files.
func (c *Client) Ready(ctx context.Context) error {
	_, err := c.send(ctx, call{method: "GET", path: "ready", global: true})
	return err
}
