package dinardragon

import (
	"fmt"

	"github.com/mockpay/mockpay/state"
	"github.com/shopspring/decimal"
)

// invariants checks that each payout was debited once, and that what its failed
// payments gave back is what the ledger says and no more than the debit.
func invariants(tx *state.Tx) []state.Check {
	moved := make(map[string]decimal.Decimal) // by what it was for
	for _, e := range tx.Ledger(Name, "") {
		moved[e.Reference] = moved[e.Reference].Add(e.Delta)
	}
	debits := state.Check{Name: Name + ": each payout is debited once", OK: true}
	refunds := state.Check{Name: Name + ": refunds are those of failed payments, at most the debit", OK: true}
	n := 0
	for p := range payouts.All(tx) {
		n++
		if !moved[p.ID].Equal(p.Debit.Neg()) {
			debits.Fail("payout %s should take %s, the ledger moved %s", p.ID, p.Debit, moved[p.ID])
		}
		checkRefunds(tx, p, moved, &refunds)
	}
	if debits.OK {
		debits.Detail = fmt.Sprintf("payouts: %d", n)
	}
	return []state.Check{debits, refunds}
}

func checkRefunds(tx *state.Tx, p payout, moved map[string]decimal.Decimal, check *state.Check) {
	sum := decimal.Decimal{}
	for pay := range payments.By(tx, "payout", p.ID) {
		sum = sum.Add(pay.Refunded)
		switch {
		case pay.Status != failed && !pay.Refunded.IsZero():
			check.Fail("payment %s is %s and was refunded %s", pay.ID, pay.Status, pay.Refunded)
		case !moved[pay.ID].Equal(pay.Refunded):
			check.Fail("payment %s should have given back %s, the ledger moved %s", pay.ID, pay.Refunded, moved[pay.ID])
		}
	}
	if sum.GreaterThan(p.Debit) {
		check.Fail("payout %s took %s and gave back %s", p.ID, p.Debit, sum)
	}
}
