package dinardragon_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/mockpay/mockpay/mocks"
	"github.com/mockpay/mockpay/server"
)

// A till is a workspace reached without a network, for tests that call often.
type till struct {
	http.Handler
	t   require.TestingT
	id  string
	key string
}

func newHandler(t testing.TB) http.Handler {
	s, err := server.New(server.Options{Mocks: mocks.All()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop(context.WithoutCancel(t.Context()))) })
	return s.Handler()
}

// newTill makes a workspace of its own at a handler.
func newTill(t require.TestingT, h http.Handler, text string) *till {
	c := &till{Handler: h, t: t}
	var made struct {
		ID        string
		Providers map[string]struct{ Credentials map[string]string }
	}
	status, body := c.do(http.MethodPost, "/_mockpay/workspaces", string(must(json.Marshal(map[string]string{"scenario": text}))))
	require.Equal(t, 201, status, body)
	require.NoError(t, json.Unmarshal([]byte(body), &made))
	c.id, c.key = made.ID, made.Providers["dinardragon"].Credentials["private_key"]
	return c
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func (c *till) do(method, path, body string) (int, string) {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", c.key)
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// post calls the provider.
func (c *till) post(path, body string) (int, string) {
	return c.do(http.MethodPost, "/dinardragon"+path, body)
}

// control calls the control API about the workspace.
func (c *till) control(method, path, body string) (int, string) {
	return c.do(method, "/_mockpay/"+path+"?workspace="+c.id, body)
}

// A model keeps the books of a till as fractions, which are exact, and knows
// nothing of how mockpay does it.
type model struct {
	rules
	now      time.Duration
	balance  *big.Rat
	held     *big.Rat
	codes    []*modelCode
	payouts  []*modelPayout
	payments []*modelPayment
}

// rules are the knobs that the model knows.
type rules struct {
	rate       string
	perPayment string
	cents      bool // the charge is rounded to them
	chargeOnly bool
	feeShare   bool
	hold       bool
	settle     time.Duration
	ttl        time.Duration
}

func (r rules) knobs() string {
	knobs := fmt.Sprintf("{balance: '2000', fee: {rate: '%s', per_payment: '%s'}, hold_on_authcode: %t, settle_after: %s, authcode_ttl: %s, failing_accounts: [13]",
		r.rate, r.perPayment, r.hold, r.settle, r.ttl)
	if r.cents {
		knobs += ", fee_rounding: 2"
	}
	if r.chargeOnly {
		knobs += ", debit_mode: charge_only"
	}
	if r.feeShare {
		knobs += ", refund_on_fail: amount_and_fee_share"
	}
	return knobs + "}"
}

type modelCode struct {
	code          string
	accounts      []modelAccount
	charge, debit *big.Rat
	expires       time.Duration
	held, used    bool
}

type modelAccount struct {
	acc    int
	amount *big.Rat
}

type modelPayout struct {
	id       string
	fees     *big.Rat // not yet given back
	payments []*modelPayment
}

type modelPayment struct {
	id     string
	of     *modelPayout
	amount *big.Rat
	status int
	due    time.Duration
	end    int
}

// charge is what a payout costs: a rate of its sum and something per payment.
func (m *model) charge(sum *big.Rat, payments int) *big.Rat {
	c := new(big.Rat).Mul(rat(m.rate), sum)
	c.Add(c, new(big.Rat).Mul(rat(m.perPayment), big.NewRat(int64(payments), 1)))
	if !m.cents {
		return c
	}
	hundredths := c.Mul(c, big.NewRat(200, 1))
	hundredths.Add(hundredths, big.NewRat(1, 1)) // 2x+1 over 2, whole part: x rounded half up
	whole := new(big.Int).Quo(new(big.Int).Quo(hundredths.Num(), hundredths.Denom()), big.NewInt(2))
	return new(big.Rat).SetFrac(whole, big.NewInt(100))
}

// finish ends a payment.
func (m *model) finish(p *modelPayment, status int) {
	p.status = status
	if status != 2 {
		return
	}
	if m.feeShare {
		share := new(big.Rat).Mul(rat(m.rate), p.amount)
		if share.Cmp(p.of.fees) > 0 {
			share.Set(p.of.fees)
		}
		p.of.fees.Sub(p.of.fees, share)
		m.balance.Add(m.balance, share)
	}
	if !m.chargeOnly {
		m.balance.Add(m.balance, p.amount)
	}
}

// pass lets time go by, payments end and holds lapse. In which order does not
// matter for the books: each end is of another payment.
func (m *model) pass(by time.Duration) {
	m.now += by
	for _, p := range m.payments {
		if p.status == 0 && p.due <= m.now {
			m.finish(p, p.end)
		}
	}
	for _, c := range m.codes {
		if c.held && c.expires <= m.now {
			c.held = false
			m.held.Sub(m.held, c.debit)
			m.balance.Add(m.balance, c.debit)
		}
	}
}

// A run is a till and the model that tells what it should do.
type run struct {
	*till
	*model
}

// quote asks for a code.
func (r *run) quote(t *rapid.T) {
	var accounts []modelAccount
	var parts []string
	sum := new(big.Rat)
	for range rapid.IntRange(1, 4).Draw(t, "accounts") {
		a := modelAccount{
			acc:    rapid.SampledFrom([]int{1, 2, 13}).Draw(t, "acc"),
			amount: big.NewRat(rapid.Int64Range(1, 300_000).Draw(t, "thousandths"), 1000),
		}
		sum.Add(sum, a.amount)
		accounts = append(accounts, a)
		parts = append(parts, account(fmt.Sprint(a.acc), minimal(a.amount)))
	}
	c := &modelCode{accounts: accounts, charge: r.charge(sum, len(accounts)), expires: r.now + r.ttl}
	c.debit = new(big.Rat).Set(c.charge)
	if !r.chargeOnly {
		c.debit.Add(c.debit, sum)
	}

	status, body := r.post("/get-authcode", asks(minimal(sum), parts...))

	if c.debit.Cmp(r.balance) > 0 {
		require.Equal(t, failure(403, insufficient), body)
		return
	}
	require.Equal(t, 200, status, body)
	var q quote
	require.NoError(t, json.Unmarshal([]byte(body), &q))
	require.Equal(t, minimal(c.charge), q.Charge.String())
	c.code = q.Authcode
	r.codes = append(r.codes, c)
	if r.hold {
		c.held = true
		r.balance.Sub(r.balance, c.debit)
		r.held.Add(r.held, c.debit)
		r.pass(0)
	}
}

// execute spends a code, fresh or not.
func (r *run) execute(t *rapid.T) {
	c := &modelCode{code: strings.Repeat("0", 32)}
	if len(r.codes) > 0 && rapid.IntRange(0, 19).Draw(t, "known") > 0 {
		// Mostly new ones: used ones would soon be the rule.
		n := min(len(r.codes), rapid.IntRange(1, 5).Draw(t, "age"))
		c = r.codes[len(r.codes)-n]
	}

	status, body := r.post("/execute", fmt.Sprintf(`{"authcode":%q}`, c.code))

	switch {
	case c.debit == nil:
		require.Equal(t, failure(400, unknownCode), body)
	case c.used:
		require.Equal(t, failure(400, usedCode), body)
	case r.now >= c.expires:
		require.Equal(t, failure(400, expiredCode), body)
	case !c.held && c.debit.Cmp(r.balance) > 0:
		require.Equal(t, failure(403, insufficient), body)
	default:
		require.Equal(t, 200, status, body)
		var got receipt
		require.NoError(t, json.Unmarshal([]byte(body), &got))
		require.Equal(t, minimal(c.charge), got.Charge.String())
		r.spend(t, c, got)
	}
}

// spend enters an execution into the books.
func (m *model) spend(t require.TestingT, c *modelCode, got receipt) {
	from := m.balance
	if c.held {
		from = m.held
	}
	from.Sub(from, c.debit)
	c.held, c.used = false, true
	of := &modelPayout{id: got.PaymentID, fees: new(big.Rat).Set(c.charge)}
	require.Len(t, got.Accounts, len(c.accounts))
	for i, a := range c.accounts {
		require.Equal(t, minimal(a.amount), got.Accounts[i].Amount.String())
		p := &modelPayment{id: got.Accounts[i].UniqueID, of: of, amount: a.amount, due: m.now + m.settle, end: 1}
		if a.acc == 13 {
			p.end = 2
		}
		of.payments = append(of.payments, p)
		m.payments = append(m.payments, p)
	}
	m.payouts = append(m.payouts, of)
	m.pass(0)
}

// settleByHand ends a payment, which may have ended already.
func (r *run) settleByHand(t *rapid.T) {
	end := rapid.IntRange(1, 2).Draw(t, "end")
	which := rapid.SampledFrom([]string{"first", "last", "id"}).Draw(t, "which")
	body := func(payment string) string {
		return fmt.Sprintf(`{"payment":%q,"as":%q}`, payment, [...]string{1: "success", 2: "failed"}[end])
	}
	if len(r.payments) == 0 {
		status, _ := r.control(http.MethodPost, "simulate/dinardragon.settle", body(which))
		require.Equal(t, 404, status)
		return
	}
	p, name := r.payments[0], which
	switch which {
	case "last":
		p = r.payments[len(r.payments)-1]
	case "id":
		p = rapid.SampledFrom(r.payments).Draw(t, "payment")
		name = p.id
	}
	status, answer := r.control(http.MethodPost, "simulate/dinardragon.settle", body(name))
	if p.status != 0 {
		require.Equal(t, 409, status, answer)
		return
	}
	require.Equal(t, 200, status, answer)
	r.finish(p, end)
}

// advance moves the clock, often to the edge of something.
func (r *run) advance(t *rapid.T) {
	by := rapid.SampledFrom([]time.Duration{
		0, time.Millisecond, time.Second, r.settle, r.settle - time.Millisecond, r.ttl, r.ttl - time.Millisecond, time.Minute,
	}).Draw(t, "by")
	by = max(by, 0)
	status, body := r.control(http.MethodPost, "clock", fmt.Sprintf(`{"advance":"%s"}`, by))
	require.Equal(t, 200, status, body)
	r.pass(by)
}

// fund sets the balance.
func (r *run) fund(t *rapid.T) {
	amount := big.NewRat(rapid.Int64Range(0, 2_000_000).Draw(t, "thousandths"), 1000)
	status, body := r.control(http.MethodPatch, "balances", fmt.Sprintf(`{"dinardragon":{"USD":%q}}`, minimal(amount)))
	require.Equal(t, 200, status, body)
	r.balance.Set(amount)
}

// check compares the till with the books.
func (r *run) check(t *rapid.T) {
	_, body := r.control(http.MethodGet, "balances", "")
	var shown map[string]map[string]string
	require.NoError(t, json.Unmarshal([]byte(body), &shown))
	require.Equal(t, minimal(r.balance), shown["dinardragon"]["USD"])
	if held, opened := shown["dinardragon"]["USD_held"]; opened || r.held.Sign() != 0 {
		require.Equal(t, minimal(r.held), held)
	}
	if len(r.payouts) > 0 {
		r.checkPayout(t, rapid.SampledFrom(r.payouts).Draw(t, "payout"))
	}
}

func (r *run) checkPayout(t require.TestingT, of *modelPayout) {
	var want []string
	for _, p := range of.payments {
		want = append(want, fmt.Sprintf(`{"uniqueid":%q,"status":%d}`, p.id, p.status))
	}
	_, body := r.post("/status", fmt.Sprintf(`{"payment_id":%q}`, of.id))
	require.Equal(t, `{"code":200,"payments":[`+strings.Join(want, ",")+`]}`, body)
}

// TestBooksAgree lets random payouts, settlements and times happen, and keeps
// books of its own beside.
func TestBooksAgree(t *testing.T) {
	t.Parallel()
	h := newHandler(t)
	rapid.Check(t, func(t *rapid.T) {
		rules := rules{
			rate:       rapid.SampledFrom([]string{"0.025", "0", "0.0333"}).Draw(t, "rate"),
			perPayment: rapid.SampledFrom([]string{"0", "1.625"}).Draw(t, "per payment"),
			cents:      rapid.Bool().Draw(t, "cents"),
			chargeOnly: rapid.IntRange(0, 3).Draw(t, "charge only") == 0,
			feeShare:   rapid.Bool().Draw(t, "fee share"),
			hold:       rapid.Bool().Draw(t, "hold"),
			settle:     rapid.SampledFrom([]time.Duration{2 * time.Second, 0, 20 * time.Minute}).Draw(t, "settle after"),
			ttl:        rapid.SampledFrom([]time.Duration{15 * time.Minute, 3 * time.Second}).Draw(t, "ttl"),
		}
		r := &run{newTill(t, h, scenario(rules.knobs())), &model{rules: rules, balance: rat("2000"), held: new(big.Rat)}}
		defer r.do(http.MethodDelete, "/_mockpay/workspaces/"+r.id, "")

		t.Repeat(map[string]func(*rapid.T){
			"quote": r.quote, "execute": r.execute, "execute again": r.execute, "settle": r.settleByHand,
			"advance": r.advance, "fund": r.fund, "": r.check,
		})

		for _, of := range r.payouts {
			r.checkPayout(t, of)
		}
		_, body := r.control(http.MethodGet, "invariants", "")
		require.True(t, strings.HasPrefix(body, `{"ok":true,`), body)
	})
}
