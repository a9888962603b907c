package dinardragon

import (
	"encoding/json"

	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/state"
	"github.com/shopspring/decimal"
)

// A payment is the part of a payout that goes to one account.
type payment struct {
	ID       string          `json:"id"` // uniqueid, 16 hexadecimal digits
	Payout   string          `json:"payout"`
	Status   string          `json:"status"`
	Account  account         `json:"account"`
	Refunded decimal.Decimal `json:"refunded"`
	Job      string          `json:"job,omitempty"` // that will settle it
}

var payments = state.NewTable(Name+".payments", func(p payment) string { return p.ID },
	state.Index[payment]{Name: "payout", Key: func(p payment) string { return p.Payout }})

// States of a payment, and what /status calls them [S1 l.70-72].
const (
	processing = "processing"
	success    = "success"
	failed     = "failed"
)

var wireStatus = map[string]int{processing: 0, success: 1, failed: 2}

var paymentMachine = provider.Machine{
	Name:   "payment",
	Doc:    "one payment of a payout: 0 processing, 1 success, 2 failed and its amount refunded",
	States: []string{processing, success, failed},
	Moves:  []provider.Transition{{From: processing, To: success}, {From: processing, To: failed}},
}

const settleJob = "settle"

type settleArgs struct {
	As string `json:"as"`
}

// runSettle ends a payment when its time has come.
func runSettle(c *provider.Call, job state.Job) error {
	var args settleArgs
	if err := json.Unmarshal(job.Args, &args); err != nil {
		return err
	}
	if p, ok := payments.Get(c.Tx, job.Ref); ok && paymentMachine.Allows(p.Status, args.As) {
		settle(c, &p, args.As)
	}
	return nil
}

// settle ends a payment; one that failed is refunded [S1 l.72].
func settle(c *provider.Call, p *payment, as string) {
	c.Tx.Cancel(p.Job)
	c.Moved(paymentMachine.Name, p.Status, as)
	p.Status, p.Job = as, ""
	if as == failed {
		of, _ := payouts.Get(c.Tx, p.Payout)
		back, share := knobs(c).refund(p.Account.Amount, of.Fees)
		of.Fees = of.Fees.Sub(share)
		p.Refunded = back
		c.Tx.Move(Name, Balance, back, p.ID)
		payouts.Put(c.Tx, of)
	}
	payments.Put(c.Tx, *p)
}

// A statusReport is the documented answer of step 3 [S1 l.88-131].
type statusReport struct {
	Code     int             `json:"code"`
	Payments []paymentStatus `json:"payments"`
}

type paymentStatus struct {
	UniqueID string `json:"uniqueid"`
	Status   int    `json:"status"`
}

// status answers POST /status for a payment, or for all payments of a payout in
// the order of its accounts.
func status(c *provider.Call) (*provider.Response, error) {
	uniqueID, payoutID, err := readIDs(c)
	if err != nil {
		return nil, err
	}
	r := statusReport{Code: 200, Payments: []paymentStatus{}}
	if uniqueID == "" {
		for p := range payments.By(c.Tx, "payout", payoutID) {
			r.Payments = append(r.Payments, paymentStatus{p.ID, wireStatus[p.Status]})
		}
		if len(r.Payments) == 0 {
			return nil, unknownID(c, "payment_id", payoutID)
		}
		return provider.OK(r)
	}
	p, ok := payments.Get(c.Tx, uniqueID)
	switch {
	case !ok:
		return nil, unknownID(c, "uniqueid", uniqueID)
	case payoutID != "" && p.Payout != payoutID:
		return nil, c.Refuse(paymentUnknown, "payment %s belongs to payout %s, not to the payment_id sent; send one of the two", p.ID, p.Payout)
	}
	r.Payments = append(r.Payments, paymentStatus{p.ID, wireStatus[p.Status]})
	return provider.OK(r)
}

// readIDs takes the ids of a status call; null and "" are as good as absent.
func readIDs(c *provider.Call) (uniqueID, payoutID string, err error) {
	fields, err := body(c)
	if err != nil {
		return "", "", err
	}
	f := &fieldReader{c: c, fields: fields}
	optional := func(field string) string {
		if v := fields[field]; v == nil || v == "" {
			return ""
		}
		return f.text(field)
	}
	uniqueID, payoutID = optional("uniqueid"), optional("payment_id")
	if f.err == nil && uniqueID == "" && payoutID == "" {
		return "", "", c.Refuse(missingID, "send uniqueid for one payment or payment_id for all payments of a payout")
	}
	return uniqueID, payoutID, f.err
}

// unknownID refuses an id, and tells if it is one of the other kind.
func unknownID(c *provider.Call, field, id string) error {
	_, isPayment := payments.Get(c.Tx, id)
	_, isPayout := payouts.Get(c.Tx, id)
	switch {
	case field == "payment_id" && isPayment:
		return c.Refuse(paymentUnknown, "that is the uniqueid of a payment; send it as uniqueid")
	case field == "uniqueid" && isPayout:
		return c.Refuse(paymentUnknown, "that is the payment_id of a payout; send it as payment_id")
	}
	return c.Refuse(paymentUnknown, "workspace %q has no such %s; use the ids that /execute returned", c.Workspace, field)
}
