package dinaricash

import (
	"time"

	"github.com/mockpay/mockpay/state"
)

// seed writes the records that a scenario begins with. They move no balance:
// what they cost was paid before the world began.
func (s *settings) seed(tx *state.Tx) {
	for _, r := range s.Recipients {
		recipients.Put(tx, recipient(r))
	}
	for _, c := range s.Cards {
		c.put(tx)
	}
	for _, t := range s.Transactions {
		t.put(tx, s)
	}
}

func (s *seedCard) put(tx *state.Tx) {
	holder, _ := recipients.Get(tx, s.Recipient)
	c := card{
		ID: s.ID, Recipient: s.Recipient, Email: holder.Email, Number: s.Number, Expires: s.Expires,
		Status: orText(s.Status, active), Created: orTime(s.Created, tx), Set: s.Balance, Balance: s.Balance,
	}
	for _, p := range s.Purchases {
		c.Set, c.Spent = c.Set.Add(p.Amount), c.Spent.Add(p.Amount)
		bought := purchase{
			ID: p.ID, Card: s.ID, Amount: p.Amount, Currency: cardCurrency, Description: p.Description,
			Category: defaultCategory, Status: authorized, At: orTime(p.At, tx),
		}
		bought.add(tx)
	}
	cards.Put(tx, c)
}

func (s *seedTransaction) put(tx *state.Tx, knobs *settings) {
	created := orTime(s.Created, tx)
	t := transaction{
		ID: s.ID, Direction: orText(s.Direction, outgoing), Status: status(orText(string(s.Status), string(completed))),
		Currency: orText(s.Currency, "USD"), Amount: s.Amount, Created: created, Updated: created, Message: s.Message, Customer: s.Customer,
	}
	if t.Direction == outgoing {
		m := methodNamed(orText(s.Method, ach))
		t.Method = m.name
		t.Fee = knobs.charge(m, s.Amount)
		if s.FeeRate.Given {
			t.Fee = s.fee(knobs.Fees.of(m.name))
		}
	}
	t.add(tx)
}

// fee is what a seeded send cost at a rate of its own.
func (s *seedTransaction) fee(f fee) charge {
	return newCharge(f.Fixed, s.FeeRate.Value, f.Rounding.cents(s.Amount.Mul(s.FeeRate.Value)))
}

func orText(text, unset string) string {
	if text == "" {
		return unset
	}
	return text
}

func orTime(at instantTime, tx *state.Tx) time.Time {
	if at.IsZero() {
		return tx.Now()
	}
	return at.Time
}
