package dinaricash

import (
	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/state"
	"github.com/shopspring/decimal"
)

// A rounding brings a percentage to cents.
type rounding string

const (
	halfUp   rounding = "half_up"
	halfEven rounding = "half_even"
	halfDown rounding = "half_down"
	up       rounding = "up"
	down     rounding = "down"
)

// Values are all there are.
func (rounding) Values() []string { return texts(halfUp, halfEven, halfDown, up, down) }

// UnmarshalText reads a rounding.
func (r *rounding) UnmarshalText(text []byte) error {
	return choose(r, string(text))
}

// MarshalText writes the rounding; half up is the unsaid one.
func (r rounding) MarshalText() ([]byte, error) {
	if r == "" {
		r = halfUp
	}
	return []byte(r), nil
}

// cents rounds an amount that is not negative. The documents have one figure
// that tells, 6.26875 shown as 6.27; half up is inferred [S2 l.105-108].
func (r rounding) cents(d decimal.Decimal) decimal.Decimal {
	switch r {
	case halfEven:
		return d.RoundBank(2)
	case halfDown:
		if d.Sub(d.Truncate(2)).Equal(number("0.005")) {
			return d.Truncate(2)
		}
	case up:
		return d.RoundUp(2)
	case down:
		return d.RoundDown(2)
	}
	return d.Round(2)
}

// A charge is what a send or a cancel costs.
type charge struct {
	Fixed      decimal.Decimal `json:"fixed"`
	Shown      decimal.Decimal `json:"shown"` // the percentage that answers show
	Percentage decimal.Decimal `json:"percentage"`
	Total      decimal.Decimal `json:"total"`
}

// newCharge adds up a charge.
func newCharge(fixed, shown, percentage decimal.Decimal) charge {
	return charge{Fixed: fixed, Shown: shown, Percentage: percentage, Total: fixed.Add(percentage)}
}

// charge is what sending an amount costs. The rounded percentage feeds the
// total, as in all nine documented fee blocks.
func (s *settings) charge(m *method, amount decimal.Decimal) charge {
	f := s.Fees.of(m.name)
	percentage := f.Rounding.cents(amount.Mul(f.Rate))
	if f.Cap.Given {
		percentage = decimal.Min(percentage, f.Cap.Value)
	}
	return newCharge(f.Fixed, s.percentage(f.Rate, f.Shown, m.points), percentage)
}

// cancelCharge is what canceling a send of an amount costs: a fraction is shown
// [S2 l.1194-1197].
func (s *settings) cancelCharge(amount decimal.Decimal) charge {
	f := s.Cancel
	return newCharge(f.Fixed, s.percentage(f.Rate, f.Shown, false), f.Rounding.cents(amount.Mul(f.Rate)))
}

// Funds are amounts of the three balances.
type funds struct {
	Payout  decimal.Decimal `json:"payout"`
	Float   decimal.Decimal `json:"float"`
	Reserve decimal.Decimal `json:"reserve"`
}

func (f funds) plus(g funds) funds {
	return funds{f.Payout.Add(g.Payout), f.Float.Add(g.Float), f.Reserve.Add(g.Reserve)}
}

func (f funds) negated() funds { return funds{f.Payout.Neg(), f.Float.Neg(), f.Reserve.Neg()} }

func (f funds) equal(g funds) bool {
	return f.Payout.Equal(g.Payout) && f.Float.Equal(g.Float) && f.Reserve.Equal(g.Reserve)
}

// balancesOf are the balances as they stand.
func balancesOf(tx *state.Tx) funds {
	return funds{tx.Balance(Name, Payout), tx.Balance(Name, Float), tx.Balance(Name, Reserve)}
}

// move changes the balances and returns them as they are after.
func move(tx *state.Tx, by funds, reference string) funds {
	return funds{
		tx.Move(Name, Payout, by.Payout, reference),
		tx.Move(Name, Float, by.Float, reference),
		tx.Move(Name, Reserve, by.Reserve, reference),
	}
}

// debit is how a send of an amount moves the balances; inferred
// from the examples.
func (s *settings) debit(m *method, amount decimal.Decimal, cost charge) funds {
	f := s.Fees.of(m.name)
	return funds{f.Payout.of(amount, cost), f.Float.of(amount, cost), f.Reserve.of(amount, cost)}.negated()
}

func (c coefficients) of(amount decimal.Decimal, cost charge) decimal.Decimal {
	sum := c.Flat
	for _, part := range []struct{ coefficient, of decimal.Decimal }{{c.Amount, amount}, {c.Fixed, cost.Fixed}, {c.Percentage, cost.Percentage}} {
		if !part.coefficient.IsZero() {
			sum = sum.Add(part.coefficient.Mul(part.of))
		}
	}
	return sum
}

// covers tells whether payout is enough for a send. Float and reserve are not
// looked at and may go below zero; inferred from one example [S2 l.283-313].
func (s *settings) covers(payout, amount decimal.Decimal, cost charge) bool {
	need := amount.Add(cost.Total)
	switch s.SufficiencyTest {
	case "none":
		return true
	case "more_than":
		return payout.GreaterThan(need)
	}
	return payout.GreaterThanOrEqual(need)
}

// giveBack is what a send that ends badly moves back.
func (s *settings) giveBack(t *transaction) funds {
	switch s.OnAsyncFailure {
	case "keep_all":
		return funds{}
	case "keep_fees":
		f := s.Fees.of(t.Method)
		return funds{f.Payout.Amount.Mul(t.Amount), f.Float.Amount.Mul(t.Amount), f.Reserve.Amount.Mul(t.Amount)}
	}
	return t.Sent.negated()
}

// cancelMove is how canceling a send moves the balances: the amount comes back
// without the send's fee, the cancel's fee is kept. Our
// choice: the one example lowers payout [S2 l.1198-1199].
func (s *settings) cancelMove(t *transaction, cost charge) funds {
	f := s.Cancel
	by := funds{t.Amount.Sub(cost.Total), f.Float, f.Reserve}
	if f.RefundSendFee {
		by.Payout = by.Payout.Add(t.Fee.Total)
	}
	if f.RestoreFloat {
		by.Float = by.Float.Sub(t.Sent.Float)
	}
	return by
}

// parseAmount reads an amount of money: above zero, at most two decimals.
func parseAmount(text string) (decimal.Decimal, bool) {
	d, err := provider.ParseDecimal(text)
	return d, err == nil && d.IsPositive() && d.Equal(d.Round(2)) && plain(text)
}

// plain tells whether a number is written as people write money.
func plain(text string) bool {
	for _, r := range text {
		if (r < '0' || r > '9') && r != '.' {
			return false
		}
	}
	return true
}
