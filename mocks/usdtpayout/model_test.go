package usdtpayout_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/mocks"
	"github.com/mockpay/mockpay/provider/providertest"
	"github.com/mockpay/mockpay/server"
)

// A till is a workspace reached without a network, for tests that call often.
type till struct {
	http.Handler
	account
	t  require.TestingT
	id string
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
	status, body := c.do(http.MethodPost, "/_mockpay/workspaces", string(must(json.Marshal(map[string]string{"scenario": text}))), nil)
	require.Equal(t, 201, status, body)
	require.NoError(t, json.Unmarshal([]byte(body), &made))
	c.id, c.account = made.ID, newAccount(made.Providers["usdtpayout"].Credentials)
	return c
}

func (c *till) do(method, path, body string, header http.Header) (int, string) {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if header != nil {
		r.Header = header
	}
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// send makes a call of the provider, in a mode.
func (c *till) send(mode string, l *letter) (int, string) {
	prefix := "/usdtpayout"
	if mode == "live" {
		prefix += "/live"
	}
	return c.do(l.method, prefix+l.path, l.body, l.headers())
}

// control calls the control API about the workspace.
func (c *till) control(method, path, body string) (int, string) {
	return c.do(method, "/_mockpay/"+path+"?workspace="+c.id, body, nil)
}

// A model keeps the books of a till in cents, and knows nothing of how mockpay
// does it.
type model struct {
	now                 time.Duration // since the beginning
	available, reserved int64
	payouts             []*modelPayout
	byKey               map[string]*modelPayout // by mode and key
	due                 []modelMove
	moves               int                   // ever scheduled
	windows             map[string]*modelRate // by operation and mode
	ledger              []string
	granted             map[string]time.Duration // when a token was issued, by mode
}

type modelPayout struct {
	id, mode, key, status, message, answer string
	cents                                  int64
	born                                   time.Duration
	plan                                   []modelMove
}

type modelMove struct {
	of          *modelPayout
	to, message string
	after       time.Duration // since it was scheduled, then since the beginning
	number      int
}

type modelRate struct {
	began time.Duration
	calls int
}

// What the tills of the model do besides the usual.
const (
	modelStart = "2026-06-04T23:50:00Z"
	modelCap   = 90_000  // of a payout
	modelDaily = 400_000 // of a day
	modelAuto  = 40_000  // above, payouts wait
	modelRates = 25      // calls of an operation in 10 seconds
	modelKnobs = `{wallet: "2000", limits: {per_payout: "900", daily: "4000"}, auto_approval_limit: "400", rate_limit: {requests: 25, per: 10s}}`
)

var modelRules = []string{
	"{name: moves, on: usdtpayout.send_payout, when: {header.X-Fault: rule}, respond: rate_moved}",
	"{name: fails, on: usdtpayout.send_payout, when: {recipient_details.name: Fay}, settle: {as: failed, after: 5s, message: Account closed}}",
	"{name: comes back, on: usdtpayout.send_payout, when: {recipient_details.name: Rex}, settle: {as: reversed, after: 7s}}",
	"{name: stays, on: usdtpayout.send_payout, when: {recipient_details.name: Sue}, settle: {as: pending}}",
}

// planOf is what becomes of a payout to somebody.
func planOf(p *modelPayout, name, amount string) []modelMove {
	step := func(to, message string, after time.Duration) modelMove { return modelMove{p, to, message, after, 0} }
	switch {
	case name == "Fay" && p.mode == "live":
		return []modelMove{step("processing", "", time.Second), step("failed", "Account closed", 5*time.Second)}
	case name == "Fay":
		return []modelMove{step("failed", "Account closed", 5*time.Second)}
	case name == "Rex" && p.mode == "live":
		return []modelMove{step("processing", "", time.Second), step("completed", "", 2*time.Second), step("reversed", "Payout was returned by the beneficiary bank", 7*time.Second)}
	case name == "Rex":
		return []modelMove{step("completed", "", time.Second), step("reversed", "Payout was returned by the beneficiary bank", 7*time.Second)}
	case name == "Sue":
		return nil
	case p.mode == "live":
		return []modelMove{step("processing", "", time.Second), step("completed", "", 2*time.Second)}
	}
	switch amount[len(amount)-3:] {
	case ".01":
		return []modelMove{step("failed", "Insufficient funds", time.Second)}
	case ".02":
		return []modelMove{step("failed", "Recipient not found", time.Second)}
	case ".03":
		return nil
	case ".04":
		return []modelMove{step("failed", "Network error", time.Second)}
	}
	return []modelMove{step("completed", "", time.Second)}
}

// money writes cents as balances are written.
func money(cents int64) string {
	sign := ""
	if cents < 0 {
		sign, cents = "-", -cents
	}
	return sign + strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%d.%02d", cents/100, cents%100), "0"), ".")
}

// book moves money and writes it down.
func (m *model) book(balance *int64, cents int64, of string) {
	if cents == 0 {
		return
	}
	*balance += cents
	name := "USDT"
	if balance == &m.reserved {
		name = "USDT_reserved"
	}
	m.ledger = append(m.ledger, fmt.Sprint(name, " ", money(cents), " ", money(*balance), " ", of))
}

// schedule makes a payout's plan due.
func (m *model) schedule(p *modelPayout) {
	for _, step := range p.plan {
		m.moves++
		step.after += m.now
		step.number = m.moves
		m.due = append(m.due, step)
	}
}

// move takes a payout to a status, or leaves it.
func (m *model) move(p *modelPayout, to, message string) bool {
	if !slices.Contains(follows[p.status], to) {
		return false
	}
	p.status, p.message = to, message
	if p.mode == "sandbox" {
		return true
	}
	switch to {
	case "completed":
		m.book(&m.reserved, -p.cents, p.id)
	case "failed", "rejected", "canceled":
		m.book(&m.reserved, -p.cents, p.id)
		m.book(&m.available, p.cents, p.id)
	case "reversed":
		m.book(&m.available, p.cents, p.id)
	}
	return true
}

// pass lets time go by.
func (m *model) pass(by time.Duration) {
	m.now += by
	slices.SortFunc(m.due, func(a, b modelMove) int {
		return cmp.Or(cmp.Compare(a.after, b.after), cmp.Compare(a.number, b.number))
	})
	for len(m.due) > 0 && m.due[0].after <= m.now {
		next := m.due[0]
		m.due = m.due[1:]
		m.move(next.of, next.to, next.message)
	}
}

// limited counts a call, and tells whether it is one too many.
func (m *model) limited(op, mode string) bool {
	w := m.windows[op+mode]
	if w == nil || m.now-w.began >= 10*time.Second {
		w = &modelRate{began: m.now}
		m.windows[op+mode] = w
	}
	if w.calls >= modelRates {
		return true
	}
	w.calls++
	return false
}

// paidToday is what counts toward the limit of the day.
func (m *model) paidToday() (sum int64) {
	day := func(d time.Duration) int64 { return int64((d + 24*time.Hour - 10*time.Minute) / (24 * time.Hour)) } // it begins ten minutes before midnight
	for _, p := range m.payouts {
		if p.mode == "live" && day(p.born) == day(m.now) && !slices.Contains([]string{"failed", "rejected", "canceled", "reversed"}, p.status) {
			sum += p.cents
		}
	}
	return sum
}

// refusal is the code that a payout is refused with, "" for none.
func (m *model) refusal(p *modelPayout) string {
	switch {
	case p.mode == "sandbox":
		return ""
	case p.cents > modelCap:
		return "per_payout_limit_exceeded"
	case m.paidToday()+p.cents > modelDaily:
		return "daily_limit_exceeded"
	case p.cents > m.available:
		return "insufficient_funds"
	}
	return ""
}

// accept enters a payout into the books.
func (m *model) accept(p *modelPayout, name, amount string) {
	p.born, p.status = m.now, "pending"
	if p.mode == "live" {
		if p.cents > modelAuto {
			p.status = "pending_approval"
		}
		m.book(&m.available, -p.cents, p.id)
		m.book(&m.reserved, p.cents, p.id)
	}
	p.answer = fmt.Sprintf(`{"ok":true,"data":{"transaction_id":%q,"status":%q}}`, p.id, p.status)
	p.plan = planOf(p, name, amount)
	if p.status == "pending" {
		m.schedule(p)
	}
	m.payouts = append(m.payouts, p)
	m.byKey[p.mode+p.key] = p
}

// A run is a till and the model that tells what it should do.
type run struct {
	*till
	*model
	*providertest.Dice
}

func newRun(t require.TestingT, h http.Handler, d *providertest.Dice) *run {
	c := newTill(t, h, scenarioAt(modelStart, modelKnobs, modelRules...))
	m := &model{available: 200_000, byKey: make(map[string]*modelPayout), windows: make(map[string]*modelRate), granted: make(map[string]time.Duration)}
	return &run{c, m, d}
}

// unix is the till's time.
func (r *run) unix() int64 {
	return must(time.Parse(time.RFC3339, modelStart)).Add(r.now).Unix()
}

// tokens are those of the modes.
type tokens map[string]string

// signIn sees to it that there is a token; one that is too old has to be refused.
func (r *run) signIn(mode string, held tokens) bool {
	at, granted := r.granted[mode]
	if granted && r.now-at < 15*time.Minute {
		r.token = held[mode]
		return true
	}
	if granted {
		r.token = held[mode]
		_, body := r.send(mode, r.letter("payout_status", "{}", r.unix()))
		require.Contains(r.t, body, `"code":"jwt_expired"`)
	}
	limited := r.limited("login", mode)
	status, body := r.send(mode, r.letter("login", fields{"email": r.credentials["email"], "password": r.credentials["password"]}.String(), r.unix()))
	if limited {
		require.Equal(r.t, 429, status, body)
		return false
	}
	require.Equal(r.t, 200, status, body)
	var got struct {
		Data struct {
			Token string `json:"access_token"`
		}
	}
	require.NoError(r.t, json.Unmarshal([]byte(body), &got))
	held[mode], r.granted[mode] = got.Data.Token, r.now
	r.token = got.Data.Token
	return true
}

// create makes a payout, or tries: a key may be used, a call may be spoilt, and
// some are made several times at once.
func (r *run) create(mode string) {
	p := &modelPayout{mode: mode, key: r.key(), cents: 1 + int64(r.N(100_000))}
	if r.N(3) > 0 {
		p.cents = p.cents/10 + 1
	}
	if r.N(6) == 0 && len(r.payouts) > 0 {
		p.key = r.payouts[r.N(len(r.payouts))].key
	}
	name := providertest.Pick(r.Dice, "Ann", "Ann", "Fay", "Rex", "Sue")
	amount := fmt.Sprintf("%d.%02d", p.cents/100, p.cents%100)
	order := r.order(amount).with("idempotency_key", p.key, "recipient_details", fields{"name": name, "account_number": "1"}).String()
	write := func() *letter { return r.letter("send_payout", order, r.unix()) }
	refused := func(l *letter, code string) {
		_, body := r.send(mode, l)
		require.Contains(r.t, body, `"code":"`+code+`"`)
	}
	switch r.N(12) {
	case 0:
		l := write()
		l.signature = strings.Repeat("0", 64)
		refused(l, "invalid_signature")
		return
	case 1:
		refused(write().dated(fmt.Sprint(r.unix()+301)), "invalid_signature")
		return
	case 2:
		l := write()
		l.token = "Bearer " + r.token + "x"
		refused(l, "unauthorized")
		return
	}
	if r.N(10) == 0 {
		code := providertest.Pick(r.Dice, "internal_error", "rate_moved", "insufficient_funds", "jwt_expired", "rate_limited")
		if r.limited("send_payout", mode) {
			code = "rate_limited"
			refused(write(), code)
			return
		}
		l := write()
		if code == "rate_moved" {
			l.header.Set("X-Fault", "rule")
		} else {
			l.force(code)
		}
		refused(l, code)
		return
	}
	if r.N(8) == 0 {
		r.together(mode, p, name, amount, write)
		return
	}
	limited := r.limited("send_payout", mode)
	status, body := r.send(mode, write())
	r.judge(limited, status, body, p, name, amount)
}

// judge compares the answer to a payout with what it should be.
func (r *run) judge(limited bool, status int, body string, p *modelPayout, name, amount string) {
	before := r.byKey[p.mode+p.key]
	code := r.refusal(p)
	switch {
	case limited:
		require.Equal(r.t, 429, status, body)
	case before != nil:
		require.Equal(r.t, fmt.Sprint(201, before.answer), fmt.Sprint(status, body))
	case code != "":
		require.Equal(r.t, 422, status, body)
		require.Contains(r.t, body, `"code":"`+code+`"`)
	default:
		require.Equal(r.t, 201, status, body)
		var got struct {
			Data struct {
				ID string `json:"transaction_id"`
			}
		}
		require.NoError(r.t, json.Unmarshal([]byte(body), &got))
		p.id = got.Data.ID
		r.accept(p, name, amount)
		require.Equal(r.t, p.answer, body)
	}
}

// together makes the same payout five times at once: one of them counts.
func (r *run) together(mode string, p *modelPayout, name, amount string, write func() *letter) {
	type result struct {
		status int
		body   string
	}
	results := make(chan result)
	for range 5 {
		l := write()
		go func() {
			status, body := r.send(mode, l)
			results <- result{status, body}
		}()
	}
	var passed []result
	for range 5 {
		if res := <-results; res.status != 429 {
			passed = append(passed, res)
		}
	}
	allowed := 0
	for range 5 {
		if !r.limited("send_payout", mode) {
			allowed++
		}
	}
	require.Len(r.t, passed, allowed)
	for _, res := range passed {
		r.judge(false, res.status, res.body, p, name, amount)
	}
}

// look reads a payout.
func (r *run) look(p *modelPayout) {
	limited := r.limited("payout_status", p.mode)
	status, body := r.send(p.mode, r.letter("payout_status", fields{"transaction_id": p.id}.String(), r.unix()))
	if limited {
		require.Equal(r.t, 429, status, body)
		return
	}
	require.Equal(r.t, `{"ok":true,"data":`+tells(p.id, p.status, p.message)+`}`, body)
}

// act moves a payout by hand, or tries.
func (r *run) act(p *modelPayout) {
	to := providertest.Pick(r.Dice, statuses...)
	from := p.status
	status, body := r.control(http.MethodPost, "simulate/usdtpayout.transition", fmt.Sprintf(`{"transaction":%q,"as":%q,"message":"By hand"}`, p.id, to))
	message := ""
	if slices.Contains([]string{"failed", "rejected", "canceled", "reversed"}, to) {
		message = "By hand"
	}
	if !r.move(p, to, message) {
		require.Equal(r.t, 409, status, body)
		return
	}
	require.Equal(r.t, 200, status, body)
	if to != "processing" {
		r.due = slices.DeleteFunc(r.due, func(m modelMove) bool { return m.of == p })
	}
	if from == "pending_approval" && to == "pending" {
		r.schedule(p)
	}
}

// turn does one random thing.
func (r *run) turn(held tokens) {
	mode := providertest.Pick(r.Dice, "live", "live", "sandbox")
	switch n := r.N(20); {
	case n < 9:
		if r.signIn(mode, held) {
			r.create(mode)
		}
	case n < 12 && len(r.payouts) > 0:
		p := r.payouts[len(r.payouts)-1-r.N(min(len(r.payouts), 20))]
		if r.signIn(p.mode, held) {
			r.look(p)
		}
	case n < 15 && len(r.payouts) > 0:
		r.act(r.payouts[len(r.payouts)-1-r.N(min(len(r.payouts), 12))])
	case n < 19:
		by := providertest.Pick(r.Dice, 0, ms, 999*ms, time.Second, 2*time.Second, 5*time.Second-ms, 10*time.Second, time.Minute, 20*time.Minute)
		status, body := r.control(http.MethodPost, "clock", fmt.Sprintf(`{"advance":"%s"}`, by))
		require.Equal(r.t, 200, status, body)
		r.pass(by)
	default:
		cents := int64(r.N(300_000))
		status, body := r.control(http.MethodPatch, "balances", fmt.Sprintf(`{"usdtpayout":{"USDT":%q}}`, money(cents)))
		require.Equal(r.t, 200, status, body)
		r.book(&r.available, cents-r.available, "")
	}
}

// check compares the wallet with the books.
func (r *run) check() {
	_, body := r.control(http.MethodGet, "balances", "")
	var shown map[string]map[string]string
	require.NoError(r.t, json.Unmarshal([]byte(body), &shown))
	require.Equal(r.t, map[string]string{"USDT": money(r.available), "USDT_reserved": money(r.reserved)}, shown["usdtpayout"])
}

// checkLedger compares each movement.
func (r *run) checkLedger() {
	_, body := r.control(http.MethodGet, "ledger", "")
	var shown struct {
		Entries []struct{ Provider, Balance, Delta, After, Reference, Operation string }
	}
	require.NoError(r.t, json.Unmarshal([]byte(body), &shown))
	var lines []string
	for _, e := range shown.Entries {
		if e.Provider == "usdtpayout" && e.Operation != "opening" {
			lines = append(lines, fmt.Sprint(e.Balance, " ", e.Delta, " ", e.After, " ", e.Reference))
		}
	}
	require.Equal(r.t, r.ledger, lines)
	_, body = r.control(http.MethodGet, "invariants", "")
	require.True(r.t, strings.HasPrefix(body, `{"ok":true,`), body)
}

// TestBooksAgree lets 5,000 random things happen, faults among them, and keeps
// books of its own beside.
func TestBooksAgree(t *testing.T) {
	t.Parallel()
	h := newHandler(t)
	for world := range 10 {
		t.Run(fmt.Sprint(world), func(t *testing.T) {
			t.Parallel()
			d := &providertest.Dice{}
			for range world * 1000 {
				d.N(2)
			}
			r := newRun(t, h, d)
			held := make(tokens)
			for turn := range 500 {
				r.turn(held)
				r.check()
				if turn%250 == 249 {
					r.checkLedger()
				}
			}
			seen := make(map[string]int)
			for _, p := range r.payouts {
				seen[p.mode+" "+p.status]++
			}
			require.Greater(t, len(seen), 8, "too little happened: %v", seen)
			require.Greater(t, len(r.ledger), 100, "hardly any money moved")
			r.pass(11 * time.Second)
			_, _ = r.control(http.MethodPost, "clock", `{"advance":"11s"}`)
			for i, p := range r.payouts {
				if i%20 == 0 { // below the limit of calls
					r.pass(10 * time.Second)
					_, _ = r.control(http.MethodPost, "clock", `{"advance":"10s"}`)
				}
				if r.signIn(p.mode, held) {
					r.look(p)
				}
			}
			r.check()
			r.checkLedger()
		})
	}
}
