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
	Expired   bool            `json:"expired,omitempty"`  // its expiry was noticed
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

// States of a code.
const (
	codeIssued   = "issued"
	codeConsumed = "consumed"
	codeExpired  = "expired"
)

// authcodeMachine is the life of a code [S0 l.64]. Expiry is not an event: a
// code is expired from ExpiresAt on, and noticed when somebody tries to execute
// it or what it held is given back.
var authcodeMachine = provider.Machine{
	Name:   "authcode",
	Doc:    "a quoted payout; it expires 15 minutes after its issue unless it is executed",
	States: []string{codeIssued, codeConsumed, codeExpired},
	Moves:  []provider.Transition{{From: codeIssued, To: codeConsumed}, {From: codeIssued, To: codeExpired}},
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
	c.Moved(authcodeMachine.Name, "", codeIssued)
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
	a.expire(c)
	return nil
}

// expire notices that a code has expired.
func (a *authcode) expire(c *provider.Call) {
	if !a.Expired {
		c.Moved(authcodeMachine.Name, codeIssued, codeExpired)
	}
	a.Expired = true
	authcodes.Put(c.Tx, *a)
}

// noticeExpiry looks whether the code that a refused call wants to execute has
// expired.
func noticeExpiry(c *provider.Call) {
	code, _ := c.Fields["authcode"].(string)
	if a, ok := authcodes.Get(c.Tx, code); ok && a.Payout == "" && !a.Expired && !c.Tx.Now().Before(a.ExpiresAt) {
		a.expire(c)
	}
}
