package executions

import (
	"fmt"

	"github.com/mockpay/mockpay/state"
	"github.com/shopspring/decimal"
)

// invariants checks that each execution under way or done was debited once, that
// those that failed cost nothing, and that each has used a session of its own.
func invariants(tx *state.Tx) []state.Check {
	moved := make(map[string]decimal.Decimal) // by reference and currency
	times := make(map[string]int)
	for _, e := range tx.Ledger(Name, "") {
		moved[e.Reference+"/"+e.Balance] = moved[e.Reference+"/"+e.Balance].Add(e.Delta)
		times[e.Reference]++
	}
	money := state.Check{Name: Name + ": each execution is debited once, and credited back if it failed", OK: true}
	used := state.Check{Name: Name + ": each execution has used up a session of its own", OK: true}
	by := make(map[int64]string)
	n := 0
	for x := range executions.All(tx) {
		n++
		checkMoney(x, moved[x.Reference+"/"+x.PayerCurrency], times[x.Reference], &money)
		if other, taken := by[x.Session]; taken {
			used.Fail("session %d was executed as %s and as %s", x.Session, other, x.Reference)
		}
		by[x.Session] = x.Reference
		if s, ok := sessions.Get(tx, fmt.Sprint(x.Session)); !ok || s.Status != sessionCompleted {
			used.Fail("execution %s is of session %d, which is not used up", x.Reference, x.Session)
		}
	}
	if money.OK {
		money.Detail = fmt.Sprintf("executions: %d", n)
	}
	return []state.Check{money, used}
}

func checkMoney(x execution, moved decimal.Decimal, times int, check *state.Check) {
	want, entries := x.PayerAmount.Neg(), 1
	if x.Status == statusFailed {
		want, entries = decimal.Decimal{}, times
		if times != 0 && times != 2 {
			check.Fail("execution %s failed and moved money %d times", x.Reference, times)
		}
	}
	switch {
	case x.Debited == (x.Status == statusFailed):
		check.Fail("execution %s is %s and its debit stands: %t", x.Reference, x.Status, x.Debited)
	case !moved.Equal(want) || times != entries:
		check.Fail("execution %s should have moved %s, the ledger moved %s in %d entries", x.Reference, want, moved, times)
	}
}
