package dinardragon

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/state"
	"github.com/shopspring/decimal"
)

// A payout is an executed authcode.
type payout struct {
	ID       string          `json:"id"` // payment_id, 16 hexadecimal digits
	Authcode string          `json:"authcode"`
	Charge   decimal.Decimal `json:"charge"`
	Debit    decimal.Decimal `json:"debit"`
	Fees     decimal.Decimal `json:"fees"` // what of the charge was not given back
}

var payouts = state.NewTable(Name+".payouts", func(p payout) string { return p.ID })

// A receipt is the documented answer of step 2; its accounts have the key order
// of the sample, not of the table [EXEC].
type receipt struct {
	Code        int              `json:"code"`
	Accounts    []paidAccount    `json:"accounts"`
	ChargeInUSD provider.Minimal `json:"charge_in_usd"`
	PaymentID   string           `json:"payment_id"`
	Message     string           `json:"message"`
}

type paidAccount struct {
	Amount        provider.Minimal `json:"amount"`
	Bank          string           `json:"bank"`
	Country       string           `json:"country"`
	RecipientName string           `json:"recipientname"`
	AccNo         json.RawMessage  `json:"accNo"`
	Date          string           `json:"date"`
	Time          string           `json:"time"`
	Email         string           `json:"email"`
	UniqueID      string           `json:"uniqueid"`
}

// execute answers POST /execute: it spends a code, takes the debit from the
// balance and begins the payments. What it refuses leaves the code as it was.
func execute(c *provider.Call) (*provider.Response, error) {
	a, err := spendable(c)
	if err != nil {
		return nil, err
	}
	p := payout{ID: c.Tx.Hex(Name+".payout", 16), Authcode: a.Code, Charge: a.Charge, Debit: a.Debit, Fees: a.Charge}
	if err := take(c, &a, p.ID); err != nil {
		return nil, err
	}
	a.Payout = p.ID
	c.Moved(authcodeMachine.Name, codeIssued, codeConsumed)
	authcodes.Put(c.Tx, a)
	payouts.Put(c.Tx, p)

	r := receipt{Code: 200, ChargeInUSD: provider.Minimal{Decimal: a.Charge}, PaymentID: p.ID, Message: knobs(c).Message}
	for _, to := range a.Accounts {
		r.Accounts = append(r.Accounts, pay(c, p.ID, to))
	}
	return provider.OK(r)
}

// spendable finds the code of a call, if it can still be executed.
func spendable(c *provider.Call) (a authcode, err error) {
	fields, err := body(c)
	if err != nil {
		return a, err
	}
	f := &fieldReader{c: c, fields: fields}
	code := f.text("authcode")
	if f.err != nil {
		return a, f.err
	}
	a, ok := authcodes.Get(c.Tx, code)
	now := c.Tx.Now()
	switch {
	case !ok:
		return a, c.Refuse(authcodeUnknown, "no such code was issued in workspace %q; use the authcode that /get-authcode returned", c.Workspace)
	case a.Payout != "":
		return a, c.Refuse(authcodeUsed, "the code became payout %s; a code executes once, get a new one", a.Payout)
	case !now.Before(a.ExpiresAt):
		return a, c.Refuse(authcodeExpired, "the code was issued at %s and expired at %s, it is %s; get a new one",
			stamp(a.IssuedAt), stamp(a.ExpiresAt), stamp(now))
	}
	return a, nil
}

func stamp(t time.Time) string { return t.Format("2006-01-02T15:04:05.000Z07:00") }

// take moves the debit of a code out of the account.
func take(c *provider.Call, a *authcode, payoutID string) error {
	if a.Held {
		c.Tx.Cancel(a.HoldJob)
		c.Tx.Move(Name, Held, a.Debit.Neg(), payoutID)
		a.Held = false
		return nil
	}
	if knobs(c).Recheck {
		if err := needFunds(c, a.Debit); err != nil {
			return err
		}
	}
	c.Tx.Move(Name, Balance, a.Debit.Neg(), payoutID)
	return nil
}

// pay begins the payment to an account and schedules how it ends.
func pay(c *provider.Call, payoutID string, to account) paidAccount {
	p := payment{ID: c.Tx.Hex(Name+".payment", 16), Payout: payoutID, Status: processing, Account: to}
	c.Moved(paymentMachine.Name, "", p.Status)
	schedule(c, &p)
	payments.Put(c.Tx, p)
	now := c.Tx.Now()
	return paidAccount{
		Amount: provider.Minimal{Decimal: to.Amount}, Bank: to.Bank, Country: to.Country, RecipientName: to.Recipient,
		AccNo: to.Acc, Date: now.Format("2006-01-02"), Time: now.Format("15:04"),
		Email: knobs(c).AccountEmail, UniqueID: p.ID,
	}
}

// schedule decides how a payment ends: as a rule says, else failed for the
// failing accounts, else successfully.
func schedule(c *provider.Call, p *payment) {
	s, as := knobs(c), success
	number := strings.Trim(string(p.Account.Acc), `"`)
	if slices.Contains(s.FailingAccounts, number) {
		as = failed
	}
	end := c.Settlement(p.Account.fields(), as, s.SettleAfter)
	if paymentMachine.Allows(processing, end.As) {
		p.Job = c.Tx.Schedule(c.Tx.Now().Add(*end.After), Name+"."+settleJob, p.ID, settleArgs{As: end.As})
	}
}

// fields are the account as rules match it.
func (a account) fields() map[string]any {
	number := json.Number(strings.Trim(string(a.Acc), `"`))
	return map[string]any{
		"acc": number, "accNo": number, "amount": json.Number(a.Amount.String()),
		"bank": a.Bank, "country": a.Country, "recipient": a.Recipient, "recipientname": a.Recipient,
	}
}
