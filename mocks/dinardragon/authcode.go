package dinardragon

import (
	"encoding/json"
	"time"

	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/state"
	"github.com/shopspring/decimal"
)

// An authcode is a quoted payout, waiting to be executed.
type authcode struct {
	Code      string          `json:"code"` // 32 hexadecimal digits
	IssuedAt  time.Time       `json:"issued_at"`
	ExpiresAt time.Time       `json:"expires_at"`
	Charge    decimal.Decimal `json:"charge"`
	Debit     decimal.Decimal `json:"debit"` // what executing takes
	Held      bool            `json:"held,omitempty"`
	HoldJob   string          `json:"hold_job,omitempty"` // releases what is held
	Payout    string          `json:"payout,omitempty"`   // the payout it became
	Accounts  []account       `json:"accounts"`
}

// An account is a bank account that a payout pays.
type account struct {
	Acc       json.RawMessage `json:"acc"` // number or text, as it was sent
	Amount    decimal.Decimal `json:"amount"`
	Bank      string          `json:"bank"`
	Country   string          `json:"country"`
	Recipient string          `json:"recipient"`
}

var authcodes = state.NewTable(Name+".authcodes", func(a authcode) string { return a.Code })

// authcodeMachine is the life of a code [S0 l.64]. Expiry is not an event: a
// code is expired from ExpiresAt on.
var authcodeMachine = provider.Machine{
	Name:   "authcode",
	Doc:    "a quoted payout; it expires 15 minutes after its issue unless it is executed",
	States: []string{"issued", "consumed", "expired"},
	Moves:  []provider.Transition{{From: "issued", To: "consumed"}, {From: "issued", To: "expired"}},
}

const expireJob = "expire"

// A quote is the documented answer of step 1 [S0 l.34-36].
type quote struct {
	Code        int              `json:"code"`
	ChargeInUSD provider.Minimal `json:"charge_in_usd"`
	Authcode    string           `json:"authcode"`
}

// getAuthcode answers POST /get-authcode: it checks a payout, issues a code for
// it and moves no money, unless hold_on_authcode reserves it.
func getAuthcode(c *provider.Call) (*provider.Response, error) {
	order, err := readOrder(c)
	if err != nil {
		return nil, err
	}
	s := knobs(c)
	charge := s.Fee.charge(order.amount, len(order.accounts))
	debit := s.debit(order.paid(), charge)
	if err := needFunds(c, debit); err != nil {
		return nil, err
	}
	a := authcode{
		Code:     c.Tx.Hex(Name+".authcode", 32),
		IssuedAt: c.Tx.Now(), ExpiresAt: c.Tx.Now().Add(time.Duration(s.AuthcodeTTL)),
		Charge: charge, Debit: debit, Accounts: order.accounts,
	}
	if s.Hold {
		hold(c, &a)
	}
	authcodes.Put(c.Tx, a)
	return provider.OK(quote{200, provider.Minimal{Decimal: charge}, a.Code})
}

// hold reserves what a code's execution will take, until it expires.
func hold(c *provider.Call, a *authcode) {
	c.Tx.Move(Name, Balance, a.Debit.Neg(), a.Code)
	c.Tx.Move(Name, Held, a.Debit, a.Code)
	a.Held = true
	a.HoldJob = c.Tx.Schedule(a.ExpiresAt, Name+"."+expireJob, a.Code, nil)
}

// runExpire gives back what an expired code held.
func runExpire(c *provider.Call, job state.Job) error {
	a, ok := authcodes.Get(c.Tx, job.Ref)
	if !ok || !a.Held {
		return nil
	}
	c.Tx.Move(Name, Held, a.Debit.Neg(), a.Code)
	c.Tx.Move(Name, Balance, a.Debit, a.Code)
	a.Held = false
	authcodes.Put(c.Tx, a)
	return nil
}
