package workspace

import (
	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/state"
)

// Coverage tells what of a provider calls have exercised; "" is every provider.
// It counts since the workspace began, also what the journal has forgotten.
func (w *Workspace) Coverage(of string) (all []provider.Coverage, err error) {
	err = w.view(func(tx *state.Tx) {
		for _, m := range w.mocks {
			if of == "" || of == m.Name {
				all = append(all, m.Coverage(tx))
			}
		}
	})
	return all, err
}

// cover counts what the call was answered.
func (x *exchange) cover() {
	if x.Op != nil {
		x.call.Answered(x.outcome())
	}
}

// outcome names what the call was answered, "" if no provider answers so, or if
// its fault kept it from being done: nobody has seen that.
func (x *exchange) outcome() string {
	switch {
	case x.Answer != nil || x.decision.Raw != nil || !x.decision.Fault.Commits():
		return ""
	case x.response.Outcome == "":
		return provider.Success
	}
	return x.response.Outcome
}
