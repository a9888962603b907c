package dinaricash

import (
	"fmt"

	"github.com/mockpay/mockpay/state"
	"github.com/shopspring/decimal"
)

// invariants checks that the ledger moved what transactions and cards say, that
// no send gave back more than it took, and that card money is conserved.
func invariants(tx *state.Tx) []state.Check {
	ledger := movedBy(tx)
	return []state.Check{checkTransactions(tx, ledger), checkRefunds(tx), checkCards(tx, ledger)}
}

// movedBy is what the ledger moved for each reference.
func movedBy(tx *state.Tx) map[string]funds {
	all := make(map[string]funds)
	for _, e := range tx.Ledger(Name, "") {
		f := all[e.Reference]
		switch e.Balance {
		case Payout:
			f.Payout = f.Payout.Add(e.Delta)
		case Float:
			f.Float = f.Float.Add(e.Delta)
		case Reserve:
			f.Reserve = f.Reserve.Add(e.Delta)
		}
		all[e.Reference] = f
	}
	return all
}

// net is what a transaction has moved in all.
func (t *transaction) net() funds { return t.Sent.plus(t.Returned).plus(t.Canceled) }

func checkTransactions(tx *state.Tx, ledger map[string]funds) state.Check {
	check := state.Check{Name: Name + ": each transaction is debited and given back once", OK: true}
	want := make(map[string]funds) // by id, which transactions may share
	n := 0
	for t := range transactions.All(tx) {
		want[t.ID] = want[t.ID].plus(t.net())
		n++
	}
	for id, f := range want {
		if !ledger[id].equal(f) {
			check.Fail("transaction %s should move %v, the ledger moved %v", id, f, ledger[id])
		}
	}
	if check.OK {
		check.Detail = fmt.Sprintf("transactions: %d", n)
	}
	return check
}

func checkRefunds(tx *state.Tx) state.Check {
	check := state.Check{Name: Name + ": refunds are those of sends that ended badly, at most the debit", OK: true}
	for t := range transactions.All(tx) {
		if t.Direction == incoming {
			continue
		}
		bad := t.Status == declined || t.Status == failed
		switch {
		case !t.Returned.equal(funds{}) && !bad, !t.Canceled.equal(funds{}) && t.Status != canceled:
			check.Fail("transaction %s is %s and gave back %v and %v", t.ID, t.Status, t.Returned, t.Canceled)
		case t.Sent.Payout.IsNegative() && t.Returned.plus(t.Canceled).Payout.GreaterThan(decimal.Max(t.Sent.Payout.Neg(), t.Amount.Add(t.Fee.Total))):
			check.Fail("transaction %s took %s and gave back more than that, its amount and its fee", t.ID, t.Sent.Payout)
		}
	}
	return check
}

// checkCards tells whether what was loaded and set on each card is what it
// holds, was spent and went back.
func checkCards(tx *state.Tx, ledger map[string]funds) state.Check {
	check := state.Check{Name: Name + ": card money is conserved", OK: true}
	n := 0
	for c := range cards.All(tx) {
		n++
		loaded, spent := decimal.Decimal{}, decimal.Decimal{}
		for t := range transactions.By(tx, "card", c.ID) {
			if t.Status == completed {
				loaded = loaded.Add(t.Amount)
			}
		}
		for p := range purchases.By(tx, "card", c.ID) {
			if p.Status == authorized {
				spent = spent.Add(p.Amount)
			}
		}
		switch holds := c.Loaded.Add(c.Set).Sub(c.Spent).Sub(c.Returned); {
		case !holds.Equal(c.Balance):
			check.Fail("card %s should hold %s, it holds %s", c.ID, holds, c.Balance)
		case !loaded.Equal(c.Loaded) || !spent.Equal(c.Spent):
			check.Fail("card %s was loaded %s and spent %s, its transactions say %s and %s", c.ID, c.Loaded, c.Spent, loaded, spent)
		case !ledger[c.ID].equal(funds{Payout: c.Returned}):
			check.Fail("card %s returned %s, the ledger moved %v", c.ID, c.Returned, ledger[c.ID])
		}
	}
	if check.OK {
		check.Detail = fmt.Sprintf("cards: %d", n)
	}
	return check
}
