package dinaricash_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/provider/providertest"
)

func TestConformance(t *testing.T) {
	calls := make(map[string]providertest.Call)
	for _, op := range operations {
		calls[op] = func(c *providertest.Caller) *http.Request { return sample(c, op) }
	}
	providertest.Run(t, providertest.Suite{
		Provider: "dinaricash",
		Calls:    calls,
		Raw: func(c *providertest.Caller, op string, body []byte) *http.Request {
			_, credentials := credentialsOf(c, op).urlencoded()
			return post(c, op, credentials+"&"+string(body))
		},
		Malformed: map[string][]string{
			"ach": slices.Concat(malformedSends("ach"), []string{
				wrong("ach", "RECIPIENT_BANK_ROUTING", "12345678"), wrong("ach", "RECIPIENT_BANK_ROUTING", "12345678x"), wrong("ach", "RECIPIENT_FULL_NAME", long(101)),
			}),
			"card_load":         slices.Concat(malformedSends("card_load"), []string{wrong("card_load", "RECIPIENT_EMAILADDRESS", "nobody"), wrong("card_load", "RECIPIENT_ACCOUNT_ID", "x")}),
			"swift":             slices.Concat(malformedSends("swift"), []string{wrong("swift", "RECIPIENT_COUNTRY_ISO3", "US"), wrong("swift", "RECIPIENT_BANK_ROUTING", "AAAA")}),
			"zelle":             slices.Concat(malformedSends("zelle"), []string{wrong("zelle", "RECIPIENT_ZELLE_ADDRESS", "123"), wrong("zelle", "RECIPIENT_ZELLE_ADDRESS", "\x00")}),
			"manage_cards":      {"SERVICE_ACTION=", "SERVICE_ACTION=GET", "SERVICE_ACTION=PAUSE_CARD", "SERVICE_ACTION=GET_CARD_LIST&CARD_ACCOUNT_ID=x", "SERVICE_ACTION=CANCEL_CARD&CARD_ACCOUNT_ID=%00"},
			"list_transactions": {"TRANSACTION_DIRECTION=UP", "LIST_ORDER=RANDOM", "DATETIME_START=yesterday", "DATETIME_END=2025-01-08", "DATETIME_START=" + strings.Repeat("9", 100_000)},
			"cancel":            {"TRANSACTION_ID=", "TRANSACTION_ID=x", "TRANSACTION_ID=%00", "TRANSACTION_ID=" + strings.Repeat("f", 100_000)},
			"balance":           {"GATEWAY_API_KEY=", "GATEWAY_API_KEY=" + strings.Repeat("f", 100_000)},
		},
		Lenient: map[string]string{
			"list_transactions": "no parameter is required, and those that nobody knows are ignored",
			"balance":           "there are no parameters, and those that nobody knows are ignored",
		},
		Leaves:    leaves(),
		Anonymous: anonymize,
		Refusal:   isRefusal,
		Move:      sendRandomly,
		Action:    actRandomly,
	})
}

// leaves are the outcomes of sends that fail: they are transactions.
func leaves() map[string]string {
	all := make(map[string]string)
	for _, op := range sends {
		for _, outcome := range []string{"insufficient_balance", "failed", "failed_but_debited"} {
			all[op+"/"+outcome] = "a send that fails is kept and listed; documented in the list's example"
		}
	}
	return all
}

// credentialsOf are those of a caller, by the names that an operation has.
func credentialsOf(c *providertest.Caller, op string) form {
	account, key := c.Credentials["corporate_account_id"], c.Credentials["gateway_api_key"]
	if op == "ach" {
		return fill("PUBLIC_KEY", account, "API_SECRET", key)
	}
	return fill("CORPORATE_ACCOUNT_ID", account, "GATEWAY_API_KEY", key)
}

// parametersOf are what an operation requires besides credentials; sends are of 12.34.
func parametersOf(op string) form {
	if slices.Contains(sends, op) {
		return slices.Concat(fill("SEND_METHOD", sendMethods[op], "SEND_CURRENCY_ISO3", "USD", "SEND_AMOUNT", "12.34"), requires[op])
	}
	return requires[op]
}

// wrong are the parameters of an operation with one that is not as it should be.
func wrong(op, name, value string) string {
	_, body := parametersOf(op).with(name, value).urlencoded()
	return body
}

// malformedSends are sends that go wrong in what all of them have.
func malformedSends(op string) (all []string) {
	for _, f := range fill(
		"SEND_METHOD", "FEDWIRE", "SEND_METHOD", "", "SEND_CURRENCY_ISO3", "EUR", "SEND_AMOUNT", "0", "SEND_AMOUNT", "-1", "SEND_AMOUNT", "0.001", "SEND_AMOUNT", "1e3",
		"SEND_AMOUNT", "1e999999999", "SEND_AMOUNT", "NaN", "SEND_AMOUNT", "0x10", "SEND_AMOUNT", "1,000", "SEND_AMOUNT", "\x00", "SEND_AMOUNT", strings.Repeat("9", 100_000),
		"PUBLIC_TRANSACTION_DESCRIPTION", long(201), "CORPORATE_ADMINISTRATIVE_MESSAGE", long(251),
	) {
		all = append(all, wrong(op, f.name, f.value))
	}
	return all
}

func post(c *providertest.Caller, op, body string) *http.Request {
	r, err := http.NewRequestWithContext(c.Context(), http.MethodPost, c.URL+paths[op], strings.NewReader(body))
	require.NoError(c, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func formOf(c *providertest.Caller, op string, f form) *http.Request {
	_, body := slices.Concat(credentialsOf(c, op), f).urlencoded()
	return post(c, op, body)
}

// sample is an accepted call of an operation. A cancel has its send made before,
// and what is managed is a card with money on it.
func sample(c *providertest.Caller, op string) *http.Request {
	f := parametersOf(op)
	switch op {
	case "cancel":
		f = fill("TRANSACTION_ID", dataOf(c, c.Need(sample(c, "zelle")), "TRANSACTION_ID"))
	case "manage_cards":
		f = fill("SERVICE_ACTION", "GET_CARD_DETAILS", "CARD_ACCOUNT_ID", dataOf(c, c.Need(sample(c, "card_load")), "CARD_ACCOUNT_ID"))
	}
	return formOf(c, op, f)
}

func dataOf(t require.TestingT, a *providertest.Answer, key string) string {
	var answer struct{ Data map[string]json.RawMessage }
	require.NoError(t, json.Unmarshal(a.Body, &answer))
	return strings.Trim(string(answer.Data[key]), `"`)
}

// anonymize takes the credentials out of a form.
func anonymize(r *http.Request) {
	body, _ := io.ReadAll(r.Body) // a strings.Reader
	var kept []string
	for pair := range strings.SplitSeq(string(body), "&") {
		if name, _, _ := strings.Cut(pair, "="); !slices.Contains([]string{"CORPORATE_ACCOUNT_ID", "GATEWAY_API_KEY", "PUBLIC_KEY", "API_SECRET"}, name) {
			kept = append(kept, pair)
		}
	}
	text := strings.Join(kept, "&")
	r.Body, r.ContentLength, r.GetBody = io.NopCloser(strings.NewReader(text)), int64(len(text)), nil
}

// shapes are the keys of refusals by operation: error_code, and where the reason
// is said.
var shapes = map[string]struct{ code, payload, reason string }{
	"ach": {"number", "details", "GATEWAY_MESSAGE"}, "card_load": {"number", "details", "GATEWAY_MESSAGE"}, "manage_cards": {"number", "details", "GATEWAY_ERROR"},
	"swift": {"", "data", "GATEWAY_MESSAGE"}, "zelle": {"text", "data", "GATEWAY_MESSAGE"}, "list_transactions": {"number", "details", "GATEWAY_ERROR"},
	"cancel": {"number", "details", "GATEWAY_ERROR"}, "balance": {"number", "data", "GATEWAY_ERROR"}, "": {"number", "details", "GATEWAY_ERROR"},
}

// isRefusal checks the documented wrapper around a refusal of the operation.
func isRefusal(t testing.TB, a *providertest.Answer) {
	t.Helper()
	shape := shapes[strings.TrimPrefix(a.Header.Get("X-Mockpay-Operation"), "dinaricash.")]
	if a.Status == http.StatusRequestEntityTooLarge { // which no operation has seen
		shape = shapes[""]
	}
	begins := `{"status":"error","message":"`
	assert.True(t, strings.HasPrefix(string(a.Body), begins), "%s", a)
	var all map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(a.Body, &all), "%s", a)
	code := map[string]string{"number": fmt.Sprint(a.Status), "text": `"TRANSACTION_FAILED"`, "": ""}[shape.code]
	assert.Equal(t, code, string(all["error_code"]))
	var payload map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(all[shape.payload], &payload), "%s", a)
	var reason string
	require.NoError(t, json.Unmarshal(payload[shape.reason], &reason))
	assert.NotEmpty(t, reason)
	keys := 3
	if shape.code != "" {
		keys++
	}
	assert.Len(t, all, keys)
}

// sendRandomly sends something, or tries to: some is more than there is. Some of
// it is canceled, now and then twice; some cards are closed.
func sendRandomly(c *providertest.Caller, d *providertest.Dice) {
	op := providertest.Pick(d, sends...)
	amount := fmt.Sprintf("%d.%02d", d.N(2000), 1+d.N(99))
	if d.N(8) == 0 {
		amount = "1000000"
	}
	f := parametersOf(op).with("SEND_AMOUNT", amount)
	if op == "card_load" {
		f = f.with("RECIPIENT_EMAILADDRESS", fmt.Sprintf("holder%d@example.com", d.N(5)))
	}
	a := c.Do(formOf(c, op, f))
	if a.Status != http.StatusOK {
		return
	}
	switch n := d.N(6); {
	case n < 2:
		for range 1 + n {
			c.Do(formOf(c, "cancel", fill("TRANSACTION_ID", dataOf(c, a, "TRANSACTION_ID"))))
		}
	case n == 2 && op == "card_load":
		action := providertest.Pick(d, "PAUSE_CARD", "UNPAUSE_CARD", "CANCEL_CARD")
		c.Do(formOf(c, "manage_cards", fill("SERVICE_ACTION", action, "CARD_ACCOUNT_ID", dataOf(c, a, "CARD_ACCOUNT_ID"))))
	}
}

func actRandomly(_ *providertest.Caller, d *providertest.Dice) (string, map[string]string) {
	amount := fmt.Sprintf("%d.%02d", d.N(300), 1+d.N(99))
	which := providertest.Pick(d, "first", "last", "last", "0123456789abcdef0123456789abcdef")
	switch d.N(3) {
	case 0:
		return "dinaricash.card_purchase", map[string]string{"card": which, "amount": amount}
	case 1:
		return "dinaricash.add_incoming", map[string]string{"amount": amount}
	}
	return "dinaricash.transition", map[string]string{"transaction": which, "as": providertest.Pick(d, "COMPLETED", "DECLINED", "FAILED", "CANCELED")}
}

// Calls whose bodies nobody looks at have keys in them all the same.
func TestLostCallsHideTheKey(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(*http.Request, form) (string, string){
		"UnknownPath": func(r *http.Request, f form) (string, string) { r.URL.Path += "x"; return f.urlencoded() },
		"WrongMethod": func(r *http.Request, f form) (string, string) { r.Method = http.MethodPut; return f.urlencoded() },
		"Multipart":   func(r *http.Request, f form) (string, string) { r.URL.Path += "x"; return f.multipart() },
		"TooLarge": func(_ *http.Request, f form) (string, string) {
			return f.with("CORPORATE_ADMINISTRATIVE_MESSAGE", strings.Repeat("x", 2<<20)).urlencoded()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, "")
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/send-money", nil)
			require.NoError(t, err)
			media, body := lose(r, s.form("zelle"))
			a := s.send(r.Method, strings.TrimPrefix(r.URL.Path, "/dinaricash"), media, body, nil)
			assert.GreaterOrEqual(t, a.status, 404)
			shown := s.control("requests", "")
			assert.Contains(t, shown, s.account, "it is in the journal of its account")
			assert.NotContains(t, shown, s.key)
		})
	}
}

// SWIFT and Zelle end five seconds after they were sent, to the millisecond,
// each at its own time; what the clock jumps over happens at its time too.
func TestSettlesFiveSecondsAfterTheSend(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"swift", "zelle"} {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			s := open(t, "")
			first := s.sent(op, "300")
			s.Advance(1234 * time.Millisecond)
			second := s.sent(op, "300")
			clock, err := s.Clock(t.Context())
			require.NoError(t, err)
			var due []string
			for _, d := range clock.Pending {
				due = append(due, d.At.UTC().Format("15:04:05.000")+" "+d.Ref)
			}
			assert.Equal(t, []string{"12:35:01.000 " + first, "12:35:02.234 " + second}, due)

			s.Advance(3765 * time.Millisecond) // 12:35:00.999
			assert.Equal(t, "Initiated Initiated", s.state(first)+" "+s.state(second))
			s.Advance(time.Millisecond)
			assert.Equal(t, "Completed Initiated", s.state(first)+" "+s.state(second))
			s.Advance(1233 * time.Millisecond)
			assert.Equal(t, "Completed Initiated", s.state(first)+" "+s.state(second))
			fired := s.Advance(24 * time.Hour).Fired
			require.Len(t, fired, 1)
			assert.Equal(t, "12:35:02.234", fired[0].At.UTC().Format("15:04:05.000"))
			assert.Equal(t, "Completed Completed", s.state(first)+" "+s.state(second))
			s.has("49495.1", "1019.25", "100000")
			s.sound()
		})
	}
}

// busy is a scenario with chance and counting in it.
var busy = []string{
	"{on: dinaricash.zelle, chance: 0.5, settle: {as: FAILED, after: 3s}}",
	"{on: dinaricash.ach, every: 3, settle: {as: DECLINED, after: 4s}}",
	"{on: dinaricash.balance, chance: 0.3, respond: server_error}",
	"{on: dinaricash.card_load, skip: 2, settle: {as: COMPLETED, after: 6s}}",
}

// lead lets a shop be used for a while: calls that are accepted and refused,
// actions, time. It returns all answers whole, and all that was told.
func (s *shop) lead() (seen []string) {
	s.t.Helper()
	see := func(a answer) { seen = append(seen, fmt.Sprint(a.status, " ", a.header, " ", a.body)) }
	card := ""
	for round := range 3 {
		for _, op := range sends {
			see(s.call(op, s.form(op)))
			see(s.call(op, s.form(op).with("SEND_AMOUNT", "1000000")))
			see(s.call(op, s.form(op).with("SEND_AMOUNT", "x")))
			see(s.force(op, "failed_but_debited", s.form(op).with("SEND_AMOUNT", "1.00")))
		}
		a := s.call("card_load", s.form("card_load").with("RECIPIENT_EMAILADDRESS", fmt.Sprintf("holder%d@example.com", round)))
		see(a)
		card = a.data(s.t, "CARD_ACCOUNT_ID")
		rows := s.list("LIST_ORDER", "ASCENDING")
		for _, i := range []int{0, round * 3, len(rows) - 1 - round} {
			see(s.call("cancel", s.form("cancel").with("TRANSACTION_ID", rows[i].ID)))
		}
		seen = append(seen, s.act("add_incoming", "amount", "12.50"), s.act("card_purchase", "card", "first", "amount", "10"), s.act("card_purchase", "card", "last", "amount", "301"))
		seen = append(seen, fmt.Sprint(s.tried("transition", "transaction", rows[len(rows)-2].ID, "as", "FAILED"), s.Advance(2500*time.Millisecond).Fired))
		see(s.manage("PAUSE_CARD", card))
		for range 4 {
			see(s.call("balance", s.form("balance")))
		}
	}
	see(s.manage("CANCEL_CARD", card))
	see(s.call("list_transactions", s.form("list_transactions")))
	see(s.call("manage_cards", s.form("manage_cards")))
	return append(seen, s.control("webhooks", ""), s.control("balances", ""), s.control("ledger", ""), s.control("clock", ""))
}

// Two servers with one seed answer alike to the byte, and tell the same.
func TestSameSeedSameLife(t *testing.T) {
	t.Parallel()
	one, two := open(t, "", busy...), open(t, "", busy...)
	first := one.lead()
	assert.Equal(t, first, two.lead())
	assert.Equal(t, one.lead(), two.lead())
	assert.NotEqual(t, first, one.lead(), "a life is not the same twice")
	one.sound()
}

// Their receivers get the same webhooks with the same ids, in the same order.
func TestSameSeedSameWebhooks(t *testing.T) {
	t.Parallel()
	for _, encoding := range []string{"form", "json"} {
		t.Run(encoding, func(t *testing.T) {
			t.Parallel()
			var got [2][]hook
			for i := range got {
				r := receive(t)
				s := open(t, `{webhook: {url: "`+r.URL+`", encoding: `+encoding+`}}`, busy...)
				s.lead()
				s.Advance(time.Hour)
				got[i] = r.hooks(s)
			}
			assert.Greater(t, len(got[0]), 40)
			assert.Equal(t, got[0], got[1])
			ids := make(map[string]bool)
			for _, h := range got[0] {
				assert.False(t, ids[h.id], "%s came twice", h.id)
				ids[h.id] = true
			}
		})
	}
}

// A snapshot in the middle of a life goes on elsewhere as here, with all that is
// on its way.
func TestSnapshotMidLife(t *testing.T) {
	t.Parallel()
	here := open(t, "{settlement: {ACH: delayed}, cancel: {refund_send_fee: true}}", busy...)
	here.lead()
	here.sent("swift", "77.70")
	clock, err := here.Clock(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, clock.Pending)
	state, err := here.State(t.Context())
	require.NoError(t, err)

	there := openScenario(t, "version: 1\nname: other\nseed: 99\nclock: {frozen: true}\n")
	there.sent("ach", "5")
	require.NoError(t, there.RestoreState(t.Context(), state))

	again, err := there.State(t.Context())
	require.NoError(t, err)
	assert.JSONEq(t, string(state), string(again))
	assert.Equal(t, here.control("clock", ""), there.control("clock", ""))
	for _, by := range []time.Duration{time.Millisecond, 2 * time.Second, 5 * time.Second} {
		assert.Equal(t, here.Advance(by).Fired, there.Advance(by).Fired)
		assert.Equal(t, here.control("balances", ""), there.control("balances", ""))
	}
	assert.Equal(t, here.lead(), there.lead())
	here.Advance(time.Hour)
	there.Advance(time.Hour)
	ours, err := here.State(t.Context())
	require.NoError(t, err)
	theirs, err := there.State(t.Context())
	require.NoError(t, err)
	assert.JSONEq(t, string(ours), string(theirs))
	here.sound()
	there.sound()
}
