package usdtpayout

import (
	"fmt"

	"github.com/mockpay/mockpay/state"
	"github.com/shopspring/decimal"
)

// invariants checks that the wallet moved what payouts say: each is reserved
// once, and debited, released or credited once.
func invariants(tx *state.Tx) []state.Check {
	available, reserved := make(map[string]decimal.Decimal), make(map[string]decimal.Decimal)
	for _, e := range tx.Ledger(Name, Balance) {
		available[e.Reference] = available[e.Reference].Add(e.Delta)
	}
	for _, e := range tx.Ledger(Name, Reserved) {
		reserved[e.Reference] = reserved[e.Reference].Add(e.Delta)
	}
	wallet := state.Check{Name: Name + ": each payout is reserved and debited once", OK: true}
	refunds := state.Check{Name: Name + ": what comes back is what was taken", OK: true}
	n := 0
	for p := range payouts.All(tx) {
		n++
		taken := p.Held.Add(p.Debited).Sub(p.Credited)
		switch {
		case !available[p.ID].Equal(taken.Neg()) || !reserved[p.ID].Equal(p.Held):
			wallet.Fail("payout %s holds %s, debited %s and credited %s; the ledger moved %s and reserves %s",
				p.ID, p.Held, p.Debited, p.Credited, available[p.ID], reserved[p.ID])
		case p.Mode == sandbox && !taken.IsZero():
			wallet.Fail("payout %s is of sandbox and took %s", p.ID, taken)
		case p.Mode == live && !taken.Equal(p.owes()):
			refunds.Fail("payout %s is %s and has taken %s, it should be %s", p.ID, p.Status, taken, p.owes())
		}
	}
	if wallet.OK {
		wallet.Detail = fmt.Sprintf("payouts: %d", n)
	}
	return []state.Check{wallet, refunds}
}

// owes is what a live payout should have taken from the wallet, by its status.
func (p *payout) owes() decimal.Decimal {
	switch p.Status {
	case statusFailed, statusRejected, statusCanceled, statusReversed:
		return decimal.Decimal{}
	}
	return p.Amount
}
