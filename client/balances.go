package client

import (
	"context"
	"time"
)

// Balances are amounts by provider and balance:
// b["dinardragon"]["USD"] is "9800.125".
type Balances map[string]map[string]string

// Balances returns what the workspace has.
func (c *Client) Balances(ctx context.Context) (Balances, error) {
	return fetch[Balances](ctx, c, call{method: "GET", path: "balances"})
}

// SetBalances sets the given balances, leaves the others, and returns all.
func (c *Client) SetBalances(ctx context.Context, b Balances) (Balances, error) {
	return fetch[Balances](ctx, c, call{method: "PATCH", path: "balances", body: b})
}

// An Entry is one movement of one balance.
type Entry struct {
	At        time.Time `json:"at"`
	Provider  string    `json:"provider"`
	Balance   string    `json:"balance"`
	Delta     string    `json:"delta"`
	After     string    `json:"after"`
	Operation string    `json:"operation"`
	Request   string    `json:"request,omitempty"` // the call that made it, or
	Job       string    `json:"job,omitempty"`     // the job that did
	Reference string    `json:"reference"`
}

// A LedgerFilter narrows a ledger; what is "" does not.
type LedgerFilter struct {
	Provider string
	Balance  string
}

// Ledger returns the movements, oldest first.
func (c *Client) Ledger(ctx context.Context, f LedgerFilter) ([]Entry, error) {
	type list struct {
		Entries []Entry `json:"entries"`
	}
	query := params("provider", f.Provider, "balance", f.Balance)
	answer, err := fetch[list](ctx, c, call{method: "GET", path: "ledger", query: query})
	return answer.Entries, err
}

// Invariants tells whether the workspace's money adds up.
type Invariants struct {
	OK     bool    `json:"ok"`
	Checks []Check `json:"checks"`
}

// A Check is one thing that must hold.
type Check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"` // what was seen
}

// Invariants checks the workspace's money.
func (c *Client) Invariants(ctx context.Context) (*Invariants, error) {
	return fetch[*Invariants](ctx, c, call{method: "GET", path: "invariants"})
}
