package usdtpayout

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/state"
	"github.com/shopspring/decimal"
)

// A payout is money on its way to somebody.
type payout struct {
	ID      string          `json:"id"`
	Mode    string          `json:"mode"`
	Key     string          `json:"key"` // idempotency_key, in lower case
	Status  string          `json:"status"`
	Message string          `json:"message"` // of the four statuses that have one
	Answer  string          `json:"answer"`  // the status that creating it was answered with
	Amount  decimal.Decimal `json:"amount"`
	Created time.Time       `json:"created"`
	Jobs    []string        `json:"jobs"` // that will move it
	Plan    []step          `json:"plan"` // what becomes of it once it is approved

	Held     decimal.Decimal `json:"held"`     // reserved now
	Debited  decimal.Decimal `json:"debited"`  // taken for good
	Credited decimal.Decimal `json:"credited"` // brought back by a reversal
}

var payouts = state.NewTable(Name+".payouts", func(p payout) string { return p.ID },
	state.Index[payout]{Name: "key", Key: func(p payout) string { return p.Mode + "/" + p.Key }},
	state.Index[payout]{Name: "created", Key: func(p payout) string { return p.Mode + "/" + p.Created.UTC().Format("2006-01-02") }})

// A request is the payload of sendPayoutRequest, checked.
type request struct {
	key    string
	text   string // source_amount as it was sent: sandbox looks at its end
	amount decimal.Decimal
}

var (
	uuidV4   = regexp.MustCompile(`(?i)^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	anyUUID  = regexp.MustCompile(`(?i)^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	country  = regexp.MustCompile(`^[A-Z]{2}$`)
	currency = regexp.MustCompile(`^[A-Z]{3}$`)
	decimals = regexp.MustCompile(`^\d{1,30}(\.\d{1,6})?$`)
)

// readRequest checks the payload of sendPayoutRequest [send-payout]. The first
// field that is wrong, in the order of the document's table, is named.
func readRequest(c *provider.Call) (r request, err error) {
	f := &fieldReader{c: c, fields: c.Fields}
	key := uuidV4
	if knobs(c).AnyUUIDVersion {
		key = anyUUID
	}
	r.key = strings.ToLower(f.matching("idempotency_key", key, "a UUID of version 4"))
	f.matching("country_code", country, "an ISO 3166-1 code of two capital letters, like PH")
	f.matching("currency_code", currency, "a currency code of three capital letters, like PHP")
	method := f.text("payment_method")
	f.optional("payment_network")
	r.text = f.matching("source_amount", decimals, `a decimal as a text, like "125.00", with at most 6 decimals`)
	r.amount, _ = decimal.NewFromString(r.text)
	if f.err == nil && !r.amount.IsPositive() {
		f.wrong("source_amount", "above 0")
	}
	if f.optional("source_currency") != "" && c.Fields["source_currency"] != "USDT" {
		f.wrong("source_currency", "USDT")
	}
	f.recipient(method)
	f.optional("purpose_of_payment")
	f.optional("source_of_funds")
	return r, f.err
}

// recipient checks recipient_details: a name always, and what the method needs.
func (f *fieldReader) recipient(method string) {
	details, ok := f.fields["recipient_details"].(map[string]any)
	if !ok {
		f.wrong("recipient_details", "an object")
		return
	}
	inner := &fieldReader{c: f.c, fields: details, prefix: "recipient_details."}
	for _, name := range append([]string{"name"}, knobs(f.c).RequiredRecipient[method]...) {
		inner.text(name)
	}
	if f.err == nil {
		f.err = inner.err
	}
}

// A fieldReader takes fields out of a payload. The first that is wrong refuses
// the call.
type fieldReader struct {
	c      *provider.Call
	fields map[string]any
	prefix string
	err    error
}

// text is a field that must be a text that is not empty.
func (f *fieldReader) text(name string) string {
	v, ok := f.fields[name].(string)
	if !ok || v == "" {
		f.wrong(name, "a text that is not empty")
	}
	return v
}

// optional is a field that must be a text, if it is there.
func (f *fieldReader) optional(name string) string {
	v, present := f.fields[name]
	text, ok := v.(string)
	if present && v != nil && !ok {
		f.wrong(name, "a text")
	}
	return text
}

func (f *fieldReader) matching(name string, pattern *regexp.Regexp, want string) string {
	v, ok := f.fields[name].(string)
	if !ok || !pattern.MatchString(v) {
		f.wrong(name, want)
	}
	return v
}

// wrong refuses the call for a field.
func (f *fieldReader) wrong(name, want string) {
	if f.err != nil {
		return
	}
	v, present := f.fields[name]
	is := "it is missing"
	if present {
		is = "it is " + asText(v)
		if name == "password" {
			is = "it is " + provider.Describe(v, true) // it is a secret
		}
		if _, number := v.(json.Number); number {
			is += ", a number"
		}
	}
	f.err = f.c.RefuseFor(codeValidation, f.prefix+name, "%s must be %s, %s", f.prefix+name, want, is)
}

// accepted is the documented answer to a payout. It stays the same when the call
// is made again with the same key.
func accepted(p *payout) *provider.Response {
	return success(201, provider.Object{{Key: "transaction_id", Value: p.ID}, {Key: "status", Value: p.Answer}})
}

// sendPayout answers POST /api/v1/payouts/sendPayoutRequest. A key that was used
// yields the first payout again, whatever else is sent with it [send-payout];
// what is refused uses no key.
func sendPayout(c *provider.Call) (*provider.Response, error) {
	if knobs(c).Suspended {
		return nil, c.Refuse(knobs(c).SuspendedCode, "the account is suspended (suspended in the scenario)")
	}
	r, err := readRequest(c)
	if err != nil {
		return nil, err
	}
	for p := range payouts.By(c.Tx, "key", c.Mode+"/"+r.key) {
		return accepted(&p), nil
	}
	p := payout{Mode: c.Mode, Key: r.key, Amount: r.amount, Created: c.Tx.Now()}
	if err := checkRules(c, &p); err != nil {
		return nil, err
	}
	p.plan(c, r.text)
	p.ID = newID(c, r.text)
	c.Remember(p.ID)
	c.Moved(payoutMachine.Name, "", p.Status)
	if c.Mode == live {
		p.hold(c.Tx)
	}
	if p.Answer == statusPending {
		p.schedule(c)
	}
	payouts.Put(c.Tx, p)
	return accepted(&p), nil
}

// newID draws an id: a UUID in live mode; sb_, a part of the account, the cents,
// the time and a random part in sandbox, as the sample is laid out [sandbox].
func newID(c *provider.Call, amount string) string {
	if c.Mode == live {
		return c.Tx.UUID(Name + ".payout")
	}
	slot := "00"
	if end := ending(amount); end != "" {
		if _, known := knobs(c).TrailingCents[end]; known {
			slot = strings.TrimPrefix(end, ".")
		}
	}
	of := state.Derive(0, Name+"/"+c.Workspace, 0)
	return fmt.Sprintf("sb_%x_%s_%s_%s", of[:6], slot, strconv.FormatInt(c.Tx.Now().Unix(), 36), c.Tx.Hex(Name+".payout", 8))
}

// ending is the two decimals that an amount ends in, as text: ".01". Amounts
// written with another number of decimals have none.
func ending(amount string) string {
	if at := strings.IndexByte(amount, '.'); at >= 0 && len(amount)-at == 3 {
		return amount[at:]
	}
	return ""
}

// hold reserves a payout's amount.
func (p *payout) hold(tx *state.Tx) {
	p.Held = p.Amount
	tx.Move(Name, Balance, p.Amount.Neg(), p.ID)
	tx.Move(Name, Reserved, p.Amount, p.ID)
}

// release gives back what is reserved.
func (p *payout) release(tx *state.Tx) {
	tx.Move(Name, Reserved, p.Held.Neg(), p.ID)
	tx.Move(Name, Balance, p.Held, p.ID)
	p.Held = decimal.Decimal{}
}

// take makes what is reserved a debit.
func (p *payout) take(tx *state.Tx) {
	tx.Move(Name, Reserved, p.Held.Neg(), p.ID)
	p.Debited, p.Held = p.Debited.Add(p.Held), decimal.Decimal{}
}

// credit brings a debit back.
func (p *payout) credit(tx *state.Tx) {
	back := p.Debited.Sub(p.Credited)
	tx.Move(Name, Balance, back, p.ID)
	p.Credited = p.Credited.Add(back)
}
