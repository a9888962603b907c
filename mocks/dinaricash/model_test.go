package dinaricash_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/mocks"
	"github.com/mockpay/mockpay/server"
)

// A till is a workspace reached without a network, for tests that call often.
type till struct {
	http.Handler
	t            testing.TB
	id           string
	account, key string
}

func newTill(t testing.TB, text string) *till {
	t.Helper()
	s, err := server.New(server.Options{Mocks: mocks.All()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop(context.WithoutCancel(t.Context()))) })
	c := &till{Handler: s.Handler(), t: t}
	var made struct {
		ID        string
		Providers map[string]struct{ Credentials map[string]string }
	}
	spec, err := json.Marshal(map[string]string{"scenario": text})
	require.NoError(t, err)
	status, body := c.do(http.MethodPost, "/_mockpay/workspaces", "application/json", string(spec), nil)
	require.Equal(t, 201, status, body)
	require.NoError(t, json.Unmarshal([]byte(body), &made))
	c.id = made.ID
	c.account, c.key = made.Providers["dinaricash"].Credentials["corporate_account_id"], made.Providers["dinaricash"].Credentials["gateway_api_key"]
	return c
}

func (c *till) do(method, path, media, body string, header http.Header) (status int, answer string) {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for name, values := range header {
		r.Header[name] = values
	}
	r.Header.Set("Content-Type", media)
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// control calls the control API about the workspace, and decodes what it says.
func (c *till) control(method, path, body string, into any) (status int) {
	c.t.Helper()
	status, answer := c.do(method, "/_mockpay/"+path+"?workspace="+c.id, "application/json", body, nil)
	if into != nil {
		require.NoError(c.t, json.Unmarshal([]byte(answer), into), answer)
	}
	return status
}

// A reply is an answer of the provider.
type reply struct {
	status int
	body   string
	data   map[string]json.RawMessage
}

// call calls the provider with names and values in turn.
func (c *till) call(op, outcome string, pairs ...string) reply {
	c.t.Helper()
	names := [2]string{"CORPORATE_ACCOUNT_ID", "GATEWAY_API_KEY"}
	if op == "ach" {
		names = [2]string{"PUBLIC_KEY", "API_SECRET"}
	}
	body := url.Values{names[0]: {c.account}, names[1]: {c.key}}
	for _, f := range requires[op].with(pairs...) {
		body.Set(f.name, f.value)
	}
	header := http.Header{}
	if outcome != "" {
		header.Set("X-Mockpay-Outcome", outcome)
	}
	status, text := c.do(http.MethodPost, "/dinaricash"+paths[op], "application/x-www-form-urlencoded", body.Encode(), header)
	var all struct{ Data, Details map[string]json.RawMessage }
	require.NoError(c.t, json.Unmarshal([]byte(text), &all), text)
	if all.Data == nil {
		all.Data = all.Details
	}
	return reply{status, text, all.Data}
}

// text is a value of a reply as it is written, without quotes.
func (r reply) text(key string) string { return strings.Trim(string(r.data[key]), `"`) }

// A run is a till with the books that tell what it should do, and the dice that
// tell what happens.
type run struct {
	*till
	books *books
	dice  *rand.Rand
	done  map[string]int // how often what happened
}

// What the rules of a run do to sends by the last digits of their amounts.
var decided = map[string]struct {
	end   string
	after time.Duration
}{
	".13": {"DECLINED", 3 * time.Second}, ".17": {"FAILED", 0}, ".19": {"INITIATED", 0},
	".23": {"COMPLETED", time.Minute}, ".29": {"CANCELED", 2 * time.Second}, ".31": {"FAILED", 5 * time.Second},
}

func decisions() (lines []string) {
	for _, op := range sends {
		var parts []string
		for cents, d := range decided {
			parts = append(parts, fmt.Sprintf(`{when: {SEND_AMOUNT: {ends_with: "%s"}}, as: %s, after: %s}`, cents, d.end, d.after))
		}
		slices.Sort(parts)
		lines = append(lines, fmt.Sprintf("{on: dinaricash.%s, settle: [%s]}", op, strings.Join(parts, ", ")))
	}
	return lines
}

func (r *run) n(n int) int { return r.dice.IntN(n) }

func oneOf[T any](r *run, all ...T) T { return all[r.n(len(all))] }

// amount is one to send: small, with a tie, with an end decided by the rules, or
// more than there is.
func (r *run) amount() string {
	switch r.n(10) {
	case 0:
		return oneOf(r, "0.01", "0.20", "0.50", "0.60", "1", "1.4", "1.50", "300", "100.00")
	case 1, 2, 3:
		return fmt.Sprint(r.n(200)) + oneOf(r, ".13", ".17", ".19", ".23", ".29", ".31")
	case 4:
		if r.n(2) == 0 {
			return fmt.Sprintf("%d.%02d", 300+r.n(600), r.n(100))
		}
		return fmt.Sprintf("%d.%02d", 21_000+r.n(5_000), r.n(100))
	case 5: // as much as there is, or a little more or less; what fees allow is near
		cents := new(big.Rat).Mul(r.books.has[0], big.NewRat(100, 1))
		whole := new(big.Int).Quo(cents.Num(), cents.Denom())
		whole.Sub(whole, big.NewInt(int64(r.n(1200))))
		if whole.Sign() > 0 {
			return new(big.Rat).SetFrac(whole, big.NewInt(100)).FloatString(2)
		}
	}
	return fmt.Sprintf("%d.%02d", r.n(300), 1+r.n(99))
}

// holder is who a card is for, in any case.
func (r *run) holder() string {
	name := fmt.Sprintf("holder%d@example.com", r.n(6))
	if r.n(4) == 0 {
		name = strings.ToUpper(name)
	}
	return name
}

func (r *run) shows(a reply, figures []figure) {
	r.t.Helper()
	for _, f := range figures {
		if got := a.text(f.key); got != f.value {
			require.Equal(r.t, f.value, got, "%s of %s", f.key, a.body)
		}
	}
}

// send sends an amount, as somebody asks or with an outcome forced on it.
func (r *run) send(outcome string) {
	op, text := oneOf(r, sends...), r.amount()
	pairs := []string{"SEND_METHOD", sendMethods[op], "SEND_CURRENCY_ISO3", "USD", "SEND_AMOUNT", text}
	var card *bookedCard
	email := ""
	if op == "card_load" {
		email = r.holder()
		card = r.books.cardOf(email)
		pairs = append(pairs, "RECIPIENT_EMAILADDRESS", email)
	}
	before, amount := r.books.has, rational(text)

	a := r.call(op, outcome, pairs...)

	id := a.text("TRANSACTION_ID")
	if outcome != "" || !r.books.covers(op, amount) {
		require.Equal(r.t, 402, a.status, a.body)
		t := r.books.refuse(id, op, amount, nil, outcome == "failed_but_debited")
		if op != "ach" {
			r.shows(a, r.books.sendFigures(t, before))
		}
		r.done["refused"]++
		return
	}
	require.Equal(r.t, 200, a.status, a.body)
	if op == "card_load" && card == nil {
		card = &bookedCard{id: a.text("CARD_ACCOUNT_ID"), email: email, status: "ACTIVE", balance: new(big.Rat)}
		r.books.cards = append(r.books.cards, card)
		r.done["issued"]++
	}
	if card != nil {
		require.Equal(r.t, card.id, a.text("CARD_ACCOUNT_ID"))
	}
	t := r.books.accept(id, op, amount, card)
	r.shows(a, r.books.sendFigures(t, before))
	rule := r.books.tariffs[op]
	end, after := rule.end, rule.after
	if d, ok := decided[text[max(0, len(text)-3):]]; ok {
		end, after = d.end, d.after
	}
	r.books.settle(t, end, after)
	r.done["sent"]++
}

// known is a transaction, mostly a young one; nil if there is none.
func (r *run) known() *booked {
	all := r.books.transactions
	if len(all) == 0 {
		return nil
	}
	if r.n(3) > 0 {
		all = all[max(0, len(all)-8):]
	}
	return oneOf(r, all...)
}

func (r *run) cancel() {
	t := r.known()
	if t == nil || r.n(20) == 0 {
		require.Equal(r.t, 400, r.call("cancel", "", "TRANSACTION_ID", strings.Repeat("0", 32)).status)
		return
	}
	before := r.books.has
	a := r.call("cancel", "", "TRANSACTION_ID", t.id)
	if !r.books.mayCancel(t) || before[0].Cmp(r.books.canceling(t.amount).total) < 0 {
		require.Equal(r.t, 403, a.status, a.body)
		r.shows(a, balanceFigures("CANCEL", before, before, padded))
		r.done["not canceled"]++
		return
	}
	require.Equal(r.t, 200, a.status, a.body)
	r.books.finish(t, "CANCELED")
	r.shows(a, r.books.cancelFigures(t, before))
	r.done["canceled"]++
}

func (r *run) transition() {
	t, to := r.known(), oneOf(r, "COMPLETED", "DECLINED", "FAILED", "CANCELED")
	id := strings.Repeat("0", 32)
	if t != nil {
		id = t.id
	}
	status := r.control(http.MethodPost, "simulate/dinaricash.transition", fmt.Sprintf(`{"transaction":%q,"as":%q}`, id, to), nil)
	switch {
	case t == nil:
		require.Equal(r.t, 404, status)
	case !r.books.mayBecome(t, to):
		require.Equal(r.t, 409, status)
		r.done["not moved"]++
	default:
		require.Equal(r.t, 200, status)
		r.books.finish(t, to)
		r.done["moved"]++
	}
}

func (r *run) advance() {
	by := oneOf(r, 0, time.Millisecond, time.Second, 1999*time.Millisecond, 5*time.Second, 4999*time.Millisecond, 70*time.Second)
	var clock struct{ Fired []struct{ Ref string } }
	require.Equal(r.t, 200, r.control(http.MethodPost, "clock", fmt.Sprintf(`{"advance":"%s"}`, by), &clock))
	require.Len(r.t, clock.Fired, r.books.pass(by))
	r.done["settled"] += len(clock.Fired)
}

// anyCard is one of the cards, nil if there is none.
func (r *run) anyCard() *bookedCard {
	if len(r.books.cards) == 0 {
		return nil
	}
	all := r.books.cards
	if open := slices.DeleteFunc(slices.Clone(all), func(c *bookedCard) bool { return c.status == "CANCELED" }); len(open) > 0 && r.n(5) > 0 {
		all = open
	}
	return oneOf(r, all...)
}

func (r *run) purchase() {
	c := r.anyCard()
	if c == nil {
		require.Equal(r.t, 404, r.control(http.MethodPost, "simulate/dinaricash.card_purchase", `{"card":"last","amount":"1"}`, nil))
		return
	}
	amount := oneOf(r, padded(c.balance), padded(sum(c.balance, big.NewRat(1, 100))), fmt.Sprintf("%d.%02d", r.n(60), 1+r.n(99)), "9999999")
	if amount == "0.00" {
		amount = "0.01"
	}
	before := c.balance
	var got struct{ Purchase, Status, PrePurchase_Balance, PostPurchase_Balance string }
	require.Equal(r.t, 200, r.control(http.MethodPost, "simulate/dinaricash.card_purchase", fmt.Sprintf(`{"card":%q,"amount":%q}`, c.id, amount), &got))
	said := c.buy(got.Purchase, rational(amount))
	require.Equal(r.t, said, got.Status)
	require.Equal(r.t, shortest(before)+" "+shortest(c.balance), got.PrePurchase_Balance+" "+got.PostPurchase_Balance)
	r.done[said]++
}

func (r *run) manage() {
	c := r.anyCard()
	if c == nil {
		require.Equal(r.t, 400, r.call("manage_cards", "", "SERVICE_ACTION", "PAUSE_CARD", "CARD_ACCOUNT_ID", strings.Repeat("0", 32)).status)
		return
	}
	action := oneOf(r, "PAUSE_CARD", "PAUSE_CARD", "UNPAUSE_CARD", "UNPAUSE_CARD", "UNPAUSE_CARD", "CANCEL_CARD")
	if awaits := slices.DeleteFunc(slices.Clone(r.books.cards), func(c *bookedCard) bool { return !r.books.expects(c) }); len(awaits) > 0 && r.n(2) == 0 {
		c, action = oneOf(r, awaits...), oneOf(r, "PAUSE_CARD", "CANCEL_CARD")
	}
	to := map[string]string{"PAUSE_CARD": "PAUSED", "UNPAUSE_CARD": "ACTIVE", "CANCEL_CARD": "CANCELED"}[action]
	a := r.call("manage_cards", "", "SERVICE_ACTION", action, "CARD_ACCOUNT_ID", c.id)
	if c.status == "CANCELED" && to != "CANCELED" {
		require.Equal(r.t, 400, a.status, a.body)
		return
	}
	require.Equal(r.t, 200, a.status, a.body)
	if to == "CANCELED" && c.status != to {
		if r.books.expects(c) {
			r.done["closed with loads on their way"]++
		}
		r.books.empty(c)
	}
	c.status = to
	r.checkCard(a, c)
	r.done[action]++
}

func (r *run) receive() {
	amount := fmt.Sprintf("%d.%02d", r.n(500), 1+r.n(99))
	var got struct{ Transaction, Payout string }
	require.Equal(r.t, 200, r.control(http.MethodPost, "simulate/dinaricash.add_incoming", fmt.Sprintf(`{"amount":%q}`, amount), &got))
	r.books.receive(got.Transaction, rational(amount))
	require.Equal(r.t, shortest(r.books.has[0]), got.Payout)
	r.done["received"]++
}

func (r *run) fund() {
	to := r.books.has
	for i := range to {
		if i == 0 || r.n(2) == 0 {
			to[i] = big.NewRat(int64(r.n(2_000_000)), 100)
		}
	}
	body := fmt.Sprintf(`{"dinaricash":{"payout":%q,"float":%q,"reserve":%q}}`, shortest(to[0]), shortest(to[1]), shortest(to[2]))
	require.Equal(r.t, 200, r.control(http.MethodPatch, "balances", body, nil))
	r.books.fund(to)
	r.done["funded"]++
}

func (r *run) list() {
	var pairs, want []string
	direction, order := oneOf(r, "", "OUTGOING", "INCOMING"), oneOf(r, "", "ASCENDING", "DESCENDING")
	pairs = append(pairs, "TRANSACTION_DIRECTION", direction, "LIST_ORDER", order)
	var only *booked
	if r.n(2) == 0 {
		if only = r.known(); only != nil {
			pairs = append(pairs, "TRANSACTION_ID", only.id)
		}
	}
	for _, t := range r.books.transactions {
		if (only == nil || t == only) && (direction == "" || (direction == "INCOMING") == (t.op == "")) {
			want = append(want, t.id+" "+t.status[:1]+strings.ToLower(t.status[1:])+" "+padded(t.amount))
		}
	}
	if order != "ASCENDING" {
		slices.Reverse(want)
	}

	a := r.call("list_transactions", "", pairs...)

	require.Equal(r.t, 200, a.status, a.body)
	var rows []row
	require.NoError(r.t, json.Unmarshal(a.data["TRANSACTION_LIST_ARRAY"], &rows))
	var got []string
	for _, t := range rows {
		got = append(got, t.ID+" "+t.Status+" "+t.Amount.String())
	}
	require.Equal(r.t, want, got)
	r.done["listed"]++
}

// checkCard compares an answer about a card with the books.
func (r *run) checkCard(a reply, c *bookedCard) {
	r.t.Helper()
	require.Equal(r.t, c.id+" "+c.status+" "+padded(c.balance), a.text("CARD_ACCOUNT_ID")+" "+a.text("CARD_STATUS")+" "+a.text("CARD_BALANCE"))
	var bought []struct {
		ID     string      `json:"TRANSACTION_ID"`
		Amount json.Number `json:"AMOUNT"`
	}
	require.NoError(r.t, json.Unmarshal(a.data["LIST_TANSACTIONS"], &bought))
	var got []string
	for _, p := range bought {
		got = append(got, p.ID+" "+p.Amount.String())
	}
	require.Equal(r.t, c.bought, got)
}

// check compares all of the till with the books.
func (r *run) check() {
	r.t.Helper()
	var balances map[string]map[string]string
	r.control(http.MethodGet, "balances", "", &balances)
	b := balances["dinaricash"]
	require.Equal(r.t, r.books.has.texts(), [3]string{b["payout"], b["float"], b["reserve"]})

	a := r.call("balance", "")
	require.Equal(r.t, r.books.padded(), a.text("PAYOUT_BALANCE")+" "+a.text("FLOAT_BALANCE")+" "+a.text("RESERVE_BALANCE"))

	var ledger struct {
		Entries []struct{ Provider, Balance, Delta, After, Reference string }
	}
	r.control(http.MethodGet, "ledger", "", &ledger)
	var moved []posting
	for _, e := range ledger.Entries {
		if e.Provider == "dinaricash" {
			moved = append(moved, posting{e.Balance, e.Delta, e.After, e.Reference})
		}
	}
	require.Equal(r.t, r.books.ledger, moved[3:])

	var ids []string
	for _, c := range r.books.cards {
		r.checkCard(r.call("manage_cards", "", "SERVICE_ACTION", "GET_CARD_DETAILS", "CARD_ACCOUNT_ID", c.id), c)
		ids = append(ids, c.id)
	}
	var listed []string
	require.NoError(r.t, json.Unmarshal(r.call("manage_cards", "", "SERVICE_ACTION", "GET_CARD_LIST").data["LIST_CARDS"], &listed))
	require.ElementsMatch(r.t, ids, listed)

	var sound struct {
		OK     bool
		Checks []json.RawMessage
	}
	r.control(http.MethodGet, "invariants", "", &sound)
	require.True(r.t, sound.OK, "%s", sound.Checks)
}

// happen does one random thing.
func (r *run) happen() {
	switch n := r.n(100); {
	case n < 36:
		r.send("")
	case n < 43:
		r.send(oneOf(r, "failed", "failed_but_debited", "insufficient_balance"))
	case n < 54:
		r.cancel()
	case n < 63:
		r.transition()
	case n < 72:
		r.advance()
	case n < 83:
		r.purchase()
	case n < 91:
		r.manage()
	case n < 94:
		r.receive()
	case n < 97:
		r.fund()
	default:
		r.list()
	}
}

// Each of six kinds of rules has so many lives of so many turns: 10,080 in all.
const (
	lives = 7
	turns = 240
)

// lead lets random things happen, and then what is left to happen.
func (r *run) lead() {
	for turn := range turns {
		r.happen()
		if turn%120 == 119 {
			r.check()
		}
	}
	require.Equal(r.t, 200, r.control(http.MethodPost, "clock", `{"advance":"24h"}`, nil))
	r.books.pass(24 * time.Hour)
	r.check()
}

// TestBooksAgree lets ten thousand random things happen under rules of several
// kinds, and keeps books beside. The dice fall alike in every run.
func TestBooksAgree(t *testing.T) {
	t.Parallel()
	for i, w := range []struct {
		name, knobs string
		set         func(*rules)
	}{
		{"Defaults", "", nil},
		{"Paces", "settlement: {SWIFT: instant, ZELLE: manual}, percentage_display: fraction, number_style: {zelle: minimal}", func(r *rules) {
			r.tariffs["swift"].after, r.tariffs["zelle"].end, r.tariffs["zelle"].short = 0, "INITIATED", true
			for op, shown := range map[string]string{"ach": "0.025", "card_load": "0.025", "swift": "0.01", "zelle": "0.01"} {
				r.tariffs[op].shown = shown
			}
		}},
		{"KeepsFees", "on_async_failure: keep_fees, sufficiency_test: more_than, cancel: {refund_send_fee: true, restore_float: true}", func(r *rules) {
			r.onFailure, r.enough, r.cancel.refundFee, r.cancel.restoreFloat = "keep_fees", "more_than", true, true
		}},
		{"Overdraws", "sufficiency_test: none, on_sync_failure: debit, on_async_failure: keep_all", func(r *rules) {
			r.enough, r.onRefusal, r.onFailure = "none", "debit", "keep_all"
		}},
		{"Delayed", "settlement: {ACH: delayed, CARD_VIRTUAL: delayed, SWIFT: manual}, on_sync_failure: debit, cancel_allowed_from: {CARD_VIRTUAL: [INITIATED], SWIFT: [INITIATED, COMPLETED], ZELLE: []}", func(r *rules) {
			r.onRefusal = "debit"
			for _, op := range []string{"ach", "card_load"} {
				r.tariffs[op].after = 5 * time.Second
			}
			r.tariffs["swift"].end = "INITIATED"
			r.tariffs["card_load"].cancelable, r.tariffs["swift"].cancelable, r.tariffs["zelle"].cancelable = []string{"INITIATED"}, []string{"INITIATED", "COMPLETED"}, nil
		}},
		{"FineFees", "fees: {ACH: {rate: '0.0333', fixed: '0.005', rounding: half_even}, CARD_VIRTUAL: {rounding: half_down}, SWIFT: {rate: '0.015', rounding: up, fee_cap: '1.25'}, ZELLE: {rounding: down, payout: {percentage: 2}}}, cancel: {fixed: '0.1', rate: '0.005', rounding: half_even}", func(r *rules) {
			a, c, s, z := r.tariffs["ach"], r.tariffs["card_load"], r.tariffs["swift"], r.tariffs["zelle"]
			a.rate, a.shown, a.fixed, a.rounding, c.rounding = "0.0333", "3.33", "0.005", "half_even", "half_down"
			s.rate, s.rounding, s.limit, z.rounding, z.weights[0].percentage = "0.015", "up", "1.25", "down", "2"
			r.cancel.fixed, r.cancel.rate, r.cancel.shown, r.cancel.rounding = "0.1", "0.005", "0.005", "half_even"
		}},
	} {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			r := standard()
			r.opening = purseOf("20000", "5000", "300.03")
			if w.set != nil {
				w.set(r)
			}
			knobs := "{balances: {payout: 20000, float: 5000, reserve: '300.03'}"
			if w.knobs != "" {
				knobs += ", " + w.knobs
			}
			done := make(map[string]int)
			for seed := range uint64(lives) {
				life := &run{newTill(t, scenario(knobs+"}", decisions()...)), newBooks(r), rand.New(rand.NewPCG(uint64(i), seed)), done}
				life.lead()
			}
			for _, what := range []string{"sent", "refused", "issued", "canceled", "not canceled", "moved", "not moved", "settled", "AUTHORIZED",
				"REJECTED: Insufficient funds", "REJECTED: Card paused", "REJECTED: Card canceled", "CANCEL_CARD", "closed with loads on their way", "received", "funded", "listed"} {
				assert.Greater(t, done[what], 3, "%s hardly happened", what)
			}
		})
	}
}
