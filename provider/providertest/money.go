package providertest

import (
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
)

// addUp makes balances of a ledger: each entry must go on from the one before.
func addUp(t require.TestingT, entries []client.Entry) client.Balances {
	sums := make(map[[2]string]decimal.Decimal)
	balances := client.Balances{}
	for i, e := range entries {
		of := [2]string{e.Provider, e.Balance}
		_, known := sums[of]
		assert.False(t, known && e.Operation == "opening", "entry %d opens %v again", i, of)
		sums[of] = sums[of].Add(decimal.RequireFromString(e.Delta))
		assert.True(t, sums[of].Equal(decimal.RequireFromString(e.After)), "entry %d says %s after %s, the sum is %s", i, e.After, e.Delta, sums[of])
		if balances[e.Provider] == nil {
			balances[e.Provider] = make(map[string]string)
		}
		balances[e.Provider][e.Balance] = sums[of].String()
	}
	return balances
}

// turns is how many random things happen to the money.
const turns = 300

// moneyAddsUp lets random things happen and looks at the money again and again.
func moneyAddsUp(t *testing.T, s *subject) {
	w := s.world(t,
		fmt.Sprintf("{name: refused, on: %s.*, when: {header.X-Conformance: refused}, respond: server_error}", s.mock.Name),
		fmt.Sprintf("{name: sometimes, on: %s.*, when: {header.X-Conformance: sometimes}, chance: 0.5, respond: rate_limited}", s.mock.Name))
	d := &Dice{seed: 7}
	before, opening := len(w.ledger()), w.balances()
	for turn := range turns {
		w.happen(d, opening)
		if turn%50 == 49 {
			w.moneyIsRight()
		}
	}
	w.advance(24 * time.Hour)
	w.moneyIsRight()
	assert.Greater(t, len(w.ledger()), before+turns/10, "hardly any money moved; Suite.Move should move some")
	assert.NotZero(t, len(w.journal(client.RequestFilter{Status: 500})), "no rule refused a call")
}

func (c *Caller) ledger() []client.Entry {
	c.Helper()
	entries, err := c.Control.Ledger(c.Context(), client.LedgerFilter{})
	require.NoError(c, err)
	return entries
}

func (c *Caller) advance(by time.Duration) {
	c.Helper()
	_, err := c.Control.Advance(c.Context(), by)
	require.NoError(c, err)
}

func (c *Caller) balances() client.Balances {
	c.Helper()
	balances, err := c.Control.Balances(c.Context())
	require.NoError(c, err)
	return balances
}

// happen does one random thing. Samples need money, so before them there is as
// much as in the beginning.
func (w *world) happen(d *Dice, opening client.Balances) {
	w.Helper()
	n := d.N(20)
	if n >= 16 {
		_, err := w.Control.SetBalances(w.Context(), opening)
		require.NoError(w, err)
	}
	switch {
	case n < 10:
		w.Move(w.Caller, d)
	case n < 13:
		w.simulate(d)
	case n < 15:
		w.advance(time.Duration(d.N(3000)) * time.Millisecond)
	case n == 15:
		w.advance(time.Duration(d.N(40)) * time.Minute)
	case n < 18:
		w.forced(d, "X-Conformance", []string{"refused", "sometimes"})
	default:
		op := &w.mock.Operations[d.N(len(w.mock.Operations))]
		w.forced(d, "X-Mockpay-Outcome", op.Outcomes())
	}
}

// simulate does a random action, which the state of things may forbid.
func (w *world) simulate(d *Dice) {
	w.Helper()
	name, args := w.Action(w.Caller, d)
	_, err := w.Control.Simulate(w.Context(), name, args)
	var refused *client.Error
	if err != nil && assert.ErrorAs(w, err, &refused) {
		assert.Contains(w, []int{404, 409}, refused.Status, "%s %v: %s", name, args, refused)
	}
}

// forced makes a random call with a header that has it answered otherwise.
func (w *world) forced(d *Dice, header string, values []string) {
	w.Helper()
	req := w.Calls[Pick(d, keys(w.Calls)...)](w.Caller)
	req.Header.Set(header, Pick(d, values...))
	w.Do(req)
}
