package control

import (
	"net/http"
	"slices"

	"github.com/mockpay/mockpay/provider"
)

// A statementBody is a statement with the provider it is about.
type statementBody struct {
	Provider string `json:"provider"`
	provider.Statement
}

// fidelity lists what the mocks do with where it comes from, in the order of
// docs/fidelity.md.
func (a *api) fidelity(r *http.Request) (any, error) {
	q := r.URL.Query()
	of, is := q.Get("provider"), q.Get("is")
	if of != "" && a.mock(of) == nil {
		p := NewProblem(http.StatusNotFound, "%s", provider.NoSuch("provider", of, a.mockNames()))
		p.Valid = a.mockNames()
		return nil, p
	}
	if is != "" && !slices.Contains(provider.Bases, is) {
		p := NewProblem(http.StatusUnprocessableEntity, "%s", provider.NoSuch("basis", is, provider.Bases))
		p.Valid = provider.Bases
		return nil, p
	}
	all := []statementBody{}
	for _, m := range a.Mocks {
		if of != "" && of != m.Name {
			continue
		}
		statements, err := m.Statements()
		if err != nil {
			return nil, err
		}
		for _, s := range statements {
			if is == "" || is == string(s.Is) {
				all = append(all, statementBody{m.Name, s})
			}
		}
	}
	return map[string]any{"fidelity": all}, nil
}
