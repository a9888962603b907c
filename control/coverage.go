package control

import (
	"net/http"

	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/workspace"
)

// A coverageBody is what calls have exercised, in all and by provider.
type coverageBody struct {
	provider.Score
	Providers []provider.Coverage `json:"providers"`
}

func (a *api) coverage(r *http.Request, w *workspace.Workspace) (any, error) {
	of := r.URL.Query().Get("provider")
	if of != "" && a.mock(of) == nil {
		return nil, NewProblem(http.StatusUnprocessableEntity, "%s", provider.NoSuch("provider", of, a.mockNames()))
	}
	all, err := w.Coverage(of)
	covered, total := 0, 0
	for _, c := range all {
		covered, total = covered+c.Covered, total+c.Total
	}
	return coverageBody{provider.Scored(covered, total), all}, err
}
