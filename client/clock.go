package client

import (
	"context"
	"time"
)

// A Clock is a workspace's time and what is due in it.
type Clock struct {
	Now     time.Time `json:"now"`
	Frozen  bool      `json:"frozen"`
	Speed   float64   `json:"speed"` // 1 is real time
	Pending []Due     `json:"pending"`
	Fired   []Due     `json:"fired,omitempty"` // by the call just made
}

// A Due is something that happens at a time of the clock.
type Due struct {
	At   time.Time `json:"at"`
	Kind string    `json:"kind"` // "dinardragon.settle"
	Ref  string    `json:"ref"`  // the record it concerns
}

// Clock returns the workspace's clock.
func (c *Client) Clock(ctx context.Context) (*Clock, error) {
	return fetch[*Clock](ctx, c, call{method: "GET", path: "clock"})
}

// Freeze stops the clock where it is.
func (c *Client) Freeze(ctx context.Context) (*Clock, error) {
	return c.turn(ctx, "freeze", true)
}

// Resume lets a frozen clock go on from where it stopped.
func (c *Client) Resume(ctx context.Context) (*Clock, error) {
	return c.turn(ctx, "freeze", false)
}

// Advance moves the clock forward. All that falls due on the way has happened,
// webhook attempts included, when it returns.
func (c *Client) Advance(ctx context.Context, by time.Duration) (*Clock, error) {
	return c.turn(ctx, "advance", by.String())
}

// SetTime moves the clock forward to an instant, like Advance.
func (c *Client) SetTime(ctx context.Context, to time.Time) (*Clock, error) {
	return c.turn(ctx, "set", to)
}

// SetSpeed makes the clock run at a multiple of real time.
func (c *Client) SetSpeed(ctx context.Context, speed float64) (*Clock, error) {
	return c.turn(ctx, "speed", speed)
}

func (c *Client) turn(ctx context.Context, how string, value any) (*Clock, error) {
	return fetch[*Clock](ctx, c, call{method: "POST", path: "clock", body: map[string]any{how: value}})
}
