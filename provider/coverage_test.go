package provider_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/state"
)

// till is a provider with one operation and one machine.
var till = provider.Mock{
	Name:       "till",
	Operations: []provider.Operation{{Name: "open", Refuses: []string{"stuck"}}},
	Outcomes: []provider.Outcome{
		{Name: "stuck"}, {Name: provider.Unauthorized}, {Name: provider.RateLimited}, {Name: provider.ServerError}, {Name: provider.TooLarge},
	},
	Machines: []provider.Machine{{
		Name: "drawer", States: []string{"shut", "open", "gone"},
		Moves: []provider.Transition{{From: "shut", To: "open"}, {From: "open", To: "shut"}, {From: "open", To: "gone"}},
	}},
}

// coverage is that of the till after fn.
func coverage(t *testing.T, fn func(c *provider.Call)) (c provider.Coverage) {
	t.Helper()
	docs, err := state.Memory().Open("test")
	require.NoError(t, err)
	db, err := state.Open(docs, state.Options{Now: func() time.Time { return time.Time{} }})
	require.NoError(t, err)
	require.NoError(t, db.Update(state.Cause{}, func(tx *state.Tx) error {
		fn(&provider.Call{Mock: &till, Op: &till.Operations[0], Tx: tx})
		c = till.Coverage(tx)
		return nil
	}))
	return c
}

func TestCoverage(t *testing.T) {
	got := coverage(t, func(c *provider.Call) {
		for _, outcome := range []string{provider.Success, provider.Success, "stuck", provider.TooLarge, ""} {
			c.Answered(outcome)
		}
		c.Moved("drawer", "", "open")
		c.Moved("drawer", "open", "shut")
		c.Moved("drawer", "shut", "open")
	})
	assert.Equal(t, provider.Coverage{
		Name: "till", Score: provider.Score{Covered: 7, Total: 12, Percent: "58.3"},
		Operations: []provider.OperationCoverage{{
			Operation: "till.open", Calls: 5,
			Outcomes: []provider.OutcomeCount{{"success", 2}, {"stuck", 1}, {"unauthorized", 0}, {"rate_limited", 0}, {"server_error", 0}},
		}},
		Machines: []provider.MachineCoverage{{
			Name:   "drawer",
			States: []provider.StateCount{{"shut", 1}, {"open", 2}, {"gone", 0}},
			Transitions: []provider.TransitionCount{
				{provider.Transition{From: "shut", To: "open"}, 1}, {provider.Transition{From: "open", To: "shut"}, 1}, {provider.Transition{From: "open", To: "gone"}, 0},
			},
		}},
	}, got)
}

func TestNothingIsCovered(t *testing.T) {
	got := coverage(t, func(*provider.Call) {})
	assert.Equal(t, provider.Score{Total: 12, Percent: "0.0"}, got.Score)
}

// A move that the machine does not know is a mistake in the mock.
func TestMovedKnowsTheMachine(t *testing.T) {
	for name, move := range map[string][3]string{
		"NoMachine":    {"lid", "", "open"},
		"NoState":      {"drawer", "open", "lost"},
		"NoFirstState": {"drawer", "", "lost"},
		"NoTransition": {"drawer", "shut", "gone"},
		"NoChange":     {"drawer", "shut", "shut"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Panics(t, func() { coverage(t, func(c *provider.Call) { c.Moved(move[0], move[1], move[2]) }) })
		})
	}
}

// A score is rounded down, so that only all of it is 100.
func TestScored(t *testing.T) {
	for want, of := range map[string][2]int{"0.0": {0, 0}, "33.3": {1, 3}, "66.6": {2, 3}, "99.9": {9999, 10000}, "100.0": {7, 7}, "12.5": {1, 8}} {
		assert.Equal(t, provider.Score{Covered: of[0], Total: of[1], Percent: want}, provider.Scored(of[0], of[1]))
	}
}
