package client

import (
	"context"
	"encoding/json"
	"time"
)

// A Happening is an entry of the scenario's timeline, and what became of it.
type Happening struct {
	Ref     string            `json:"ref"` // "timeline[0]", its place in the file
	At      time.Time         `json:"at"`
	Do      string            `json:"do"` // "dinaricash.card_purchase"
	With    map[string]string `json:"with"`
	Status  string            `json:"status"` // "pending", "done" or "refused"
	Reason  string            `json:"reason"` // why it was refused
	Job     string            `json:"job"`    // the cause of its webhooks and its entries in the ledger
	Changed json.RawMessage   `json:"changed,omitempty"`
}

// Timeline returns what the scenario makes happen by itself, in the order of the
// file.
func (c *Client) Timeline(ctx context.Context) ([]Happening, error) {
	type list struct {
		Timeline []Happening `json:"timeline"`
	}
	answer, err := fetch[list](ctx, c, call{method: "GET", path: "timeline"})
	return answer.Timeline, err
}
