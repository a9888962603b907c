package client

import "context"

// A Score is how many of a number of things were exercised.
type Score struct {
	Covered int    `json:"covered"`
	Total   int    `json:"total"`
	Percent string `json:"percent"` // with one decimal, rounded down
}

// Coverage is what calls have exercised since the workspace began, in all and
// by provider.
type Coverage struct {
	Score
	Providers []ProviderCoverage `json:"providers"`
}

// A ProviderCoverage is what of a provider was exercised: operations, their
// outcomes, states of records and transitions between them.
type ProviderCoverage struct {
	Name string `json:"name"`
	Score
	Operations []OperationCoverage `json:"operations"`
	Machines   []MachineCoverage   `json:"machines"`
}

// An OperationCoverage tells what an operation was answered.
type OperationCoverage struct {
	Operation string  `json:"operation"` // "dinardragon.execute"
	Calls     int64   `json:"calls"`
	Outcomes  []Count `json:"outcomes"` // "success" and the ways to be refused
}

// A MachineCoverage tells what became of records.
type MachineCoverage struct {
	Name        string            `json:"name"`
	States      []Count           `json:"states"`
	Transitions []TransitionCount `json:"transitions"`
}

// A Count tells how often an outcome was given, or a state reached.
type Count struct {
	Name  string `json:"name"`
	Count int64  `json:"count"`
}

// A TransitionCount tells how often records moved from one state to another.
type TransitionCount struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Count int64  `json:"count"`
}

// Coverage tells what calls to a provider have exercised; "" is every provider.
func (c *Client) Coverage(ctx context.Context, provider string) (*Coverage, error) {
	return fetch[*Coverage](ctx, c, call{method: "GET", path: "coverage", query: params("provider", provider)})
}

// A CoverageItem is one thing that calls can exercise.
type CoverageItem struct {
	Provider string
	Name     string // "dinardragon.execute", "dinardragon.execute/success", "dinardragon.payment:failed"
	Count    int64  // 0: not exercised
}

// Items are the things that the score counts, each by the name that a
// requirement has for it:
//
//	dinardragon.execute                      the operation was called
//	dinardragon.execute/authcode_expired     it was answered with this outcome
//	dinardragon.payment:failed               a record came to be in this state
//	dinardragon.payment:processing:failed    a record moved from one to the other
func (c *Coverage) Items() (all []CoverageItem) {
	for _, p := range c.Providers {
		for _, op := range p.Operations {
			all = append(all, CoverageItem{p.Name, op.Operation, op.Calls})
			for _, o := range op.Outcomes {
				all = append(all, CoverageItem{p.Name, op.Operation + "/" + o.Name, o.Count})
			}
		}
		for _, m := range p.Machines {
			name := p.Name + "." + m.Name + ":"
			for _, s := range m.States {
				all = append(all, CoverageItem{p.Name, name + s.Name, s.Count})
			}
			for _, t := range m.Transitions {
				all = append(all, CoverageItem{p.Name, name + t.From + ":" + t.To, t.Count})
			}
		}
	}
	return all
}
