package client

import "context"

// A Statement is one thing that the server does as a provider, with where it
// comes from.
type Statement struct {
	Provider string   `json:"provider"`
	Topic    string   `json:"topic"`
	What     string   `json:"what"`
	Is       string   `json:"is"` // "documented", "inferred" or "our choice"
	Note     string   `json:"note"`
	Switches []string `json:"switches"` // knobs below providers.NAME of a scenario
	Switch   string   `json:"switch"`   // the same for people, with the values
}

// A FidelityFilter narrows a list of statements; what is "" does not.
type FidelityFilter struct {
	Provider string
	Is       string
}

// Fidelity tells what of what the server does is documented, what is inferred,
// and what mockpay chose.
func (c *Client) Fidelity(ctx context.Context, f FidelityFilter) ([]Statement, error) {
	type list struct {
		Fidelity []Statement `json:"fidelity"`
	}
	answer, err := fetch[list](ctx, c, call{method: "GET", path: "fidelity", query: params("provider", f.Provider, "is", f.Is), global: true})
	return answer.Fidelity, err
}
