package state_test

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/state"
)

func TestMove(t *testing.T) {
	w := newWorld(t)
	cause := state.Cause{Operation: "test.send", Request: "req-1", Job: "job-1"}
	require.NoError(t, w.Update(cause, func(tx *state.Tx) error {
		assert.Equal(t, "0", tx.Balance("test", "USD").String(), "never opened")
		assert.Equal(t, "10.5", tx.Move("test", "USD", amount("10.50"), "p1").String())
		assert.Equal(t, "-0.75", tx.Move("test", "USD", amount("-11.25"), "p2").String())
		assert.Equal(t, "-0.75", tx.Balance("test", "USD").String())
		tx.SetCause(state.Cause{Operation: "test.fee"})
		assert.Equal(t, "test.fee", tx.Cause().Operation)
		assert.Equal(t, "0.000000000000000001", tx.Move("test", "ETH", amount("0.000000000000000001"), "").String())
		return nil
	}))
	assert.JSONEq(t, `[
		{"at":"2026-03-01T12:00:00Z","provider":"test","balance":"USD","delta":"10.5","after":"10.5","operation":"test.send","request":"req-1","job":"job-1","reference":"p1"},
		{"at":"2026-03-01T12:00:00Z","provider":"test","balance":"USD","delta":"-11.25","after":"-0.75","operation":"test.send","request":"req-1","job":"job-1","reference":"p2"},
		{"at":"2026-03-01T12:00:00Z","provider":"test","balance":"ETH","delta":"0.000000000000000001","after":"0.000000000000000001","operation":"test.fee"}
	]`, marshal(t, w.snapshot(t).Ledger))

	t.Run("Zero", func(t *testing.T) {
		w := newWorld(t)
		w.update(t, func(tx *state.Tx) {
			assert.Equal(t, "0", tx.Move("test", "USD", decimal.Zero, "").String())
			tx.Move("test", "EUR", amount("3"), "")
			assert.Equal(t, "3", tx.Move("test", "EUR", amount("0.00"), "").String())
			assert.Len(t, tx.Ledger("", ""), 1)
			assert.NotContains(t, tx.Balances()["test"], "USD")
		})
	})
}

func TestOpenBalance(t *testing.T) {
	w := newWorld(t)
	require.NoError(t, w.Update(state.Cause{Operation: state.Opening}, func(tx *state.Tx) error {
		tx.OpenBalance("test", "USD", amount("1000.00"))
		tx.OpenBalance("test", "EUR", amount("0"))
		return nil
	}))
	w.view(t, func(tx *state.Tx) {
		assert.JSONEq(t, `{"test":{"EUR":"0","USD":"1000"}}`, marshal(t, tx.Balances()))
		ledger := tx.Ledger("test", "EUR")
		require.Len(t, ledger, 1, "an opening of zero is an entry too")
		assert.Equal(t, state.Opening, ledger[0].Operation)
	})
}

func TestBalances(t *testing.T) {
	w := newWorld(t)
	w.update(t, func(tx *state.Tx) {
		tx.Move("a", "USD", amount("1"), "")
		tx.Move("a", "USD/fees", amount("2"), "")
		tx.Move("b", "USD", amount("3"), "")
	})
	w.view(t, func(tx *state.Tx) {
		assert.JSONEq(t, `{"a":{"USD":"1","USD/fees":"2"},"b":{"USD":"3"}}`, marshal(t, tx.Balances()))
	})
}

func TestLedger(t *testing.T) {
	w := newWorld(t)
	for n, to := range []string{"a/USD", "a/EUR", "b/USD", "a/USD"} {
		w.now = start.Add(time.Duration(n) * time.Second)
		w.update(t, func(tx *state.Tx) { tx.Move(to[:1], to[2:], amount("1"), "") })
	}
	for name, of := range map[string]struct {
		provider, balance string
		want              []int // by second
	}{
		"All": {"", "", []int{0, 1, 2, 3}}, "Provider": {"a", "", []int{0, 1, 3}},
		"Balance": {"a", "USD", []int{0, 3}}, "AnyProvider": {"", "USD", []int{0, 2, 3}},
		"Unknown": {"c", "", []int{}},
	} {
		t.Run(name, func(t *testing.T) {
			got := []int{}
			w.view(t, func(tx *state.Tx) {
				for _, e := range tx.Ledger(of.provider, of.balance) {
					got = append(got, int(e.At.Sub(start).Seconds()))
				}
			})
			assert.Equal(t, of.want, got)
		})
	}
}

// checks are the results of CheckLedger, by what is checked.
func checks(t require.TestingT, w *world) (chain, sums state.Check) {
	w.view(t, func(tx *state.Tx) {
		found := tx.CheckLedger()
		require.Len(t, found, 2)
		chain, sums = found[0], found[1]
	})
	return chain, sums
}

func TestCheckLedger(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		w := newWorld(t)
		w.furnish(t)
		chain, sums := checks(t, w)
		assert.Equal(t, state.Check{Name: "ledger entries follow from each other", OK: true, Detail: "entries: 3"}, chain)
		assert.Equal(t, state.Check{Name: "balances are the sums of their entries", OK: true, Detail: "balances: 2"}, sums)
	})
	t.Run("ErrBalance", func(t *testing.T) {
		w := newWorld(t)
		w.furnish(t)
		write(t, w.docs, func(docs state.Writer) { docs.Put("balances", "test/USD", []byte("5")) })
		chain, sums := checks(t, w)
		assert.True(t, chain.OK)
		assert.False(t, sums.OK)
		assert.Equal(t, "test.USD is 5, its entries add up to 987.66", sums.Detail)
	})
	t.Run("ErrBalanceWithoutEntries", func(t *testing.T) {
		w := newWorld(t)
		write(t, w.docs, func(docs state.Writer) { docs.Put("balances", "test/USD", []byte("5")) })
		_, sums := checks(t, w)
		assert.False(t, sums.OK)
	})
	t.Run("ErrEntryMissing", func(t *testing.T) {
		w := newWorld(t)
		w.furnish(t)
		write(t, w.docs, func(docs state.Writer) {
			for key := range docs.Scan("ledger", "", "", false) {
				docs.Delete("ledger", key)
				return
			}
		})
		chain, sums := checks(t, w)
		assert.False(t, chain.OK)
		assert.Equal(t, "entry 2 of test/USD says 987.66 after -12.34, the sum is -12.34", chain.Detail)
		assert.False(t, sums.OK)
	})
}
