package dinaricash_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Fields of the six webhooks in their order, for a shop whose clock stands.
// WEBHOOK, ACCOUNT, ID, CARD and STATUS stand for what varies.
var webhookFields = map[string]form{
	"ach":           fill("WEBHOOK_KEY", "WEBHOOK", "CORPORATE_ACCOUNT_ID", "ACCOUNT", "TRANSACTION_ID", "ID", "TRANSACTION_STATUS", "STATUS", "TRANSACTION_DATETIME_UPDATED", "2025-01-08 12:34:56"),
	"card_load":     fill("WEBHOOK_KEY", "WEBHOOK", "WEBHOOK_ACTION", "CARD LOAD UPDATE", "CORPORATE_ACCOUNT_ID", "ACCOUNT", "TRANSACTION_ID", "ID", "CARD_ACCOUNT_ID", "CARD", "TRANSACTION_STATUS", "STATUS", "TRANSACTION_DATETIME_UPDATED", "2025-01-08 12:34:56"),
	"swift":         fill("WEBHOOK_KEY", "WEBHOOK", "WEBHOOK_ACTION", "TRANSACTION STATUS UPDATE", "CORPORATE_ACCOUNT_ID", "ACCOUNT", "TRANSACTION_ID", "ID", "TRANSACTION_STATUS", "STATUS", "TRANSACTION_DATETIME_UPDATED", "2025-01-08 12:34:56"),
	"zelle":         fill("WEBHOOK_KEY", "WEBHOOK", "CLIENT_ACCOUNT_ID", "ACCOUNT", "TRANSACTION_ID", "ID", "TRANSACTION_STATUS", "STATUS", "TRANSACTION_DATETIME_UPDATE", "2025-01-08 12:34:56"),
	"card_status":   fill("WEBHOOK_KEY", "WEBHOOK", "WEBHOOK_ACTION", "CARD STATUS UPDATE", "CORPORATE_ACCOUNT_ID", "ACCOUNT", "CARD_ACCOUNT_ID", "CARD", "CARD_ACCOUNT_STATUS", "STATUS", "DATETIME_UPDATE", "2025-01-08 12:34:56"),
	"card_purchase": fill("WEBHOOK_KEY", "WEBHOOK", "WEBHOOK_ACTION", "CARD PURCHASE UPDATE", "PURCHASE_ID", "ID", "PURCHASE_CURRENCY_ISO3", "USD", "PURCHASE_AMOUNT", "10.00", "PURCHASE_DESCRIPTION", "AMAZON.COM AMZN.COM/BI SEATTLE WAUS", "PURCHASE_CATEGORY_CODE", "5942", "PURCHASE_STATUS", "STATUS", "PREPURCHASE_BALANCE", "PRE", "POSTPURCHASE_BALANCE", "POST", "CARD_ACCOUNT_ID", "CARD", "CARDHOLDER_EMAILADDRESS", "ssmith@example.com", "CORPORATE_ACCOUNT_ID", "ACCOUNT", "DATETIME_UPDATE", "2025-01-08 12:34:56"),
}

// A notice is a webhook that a test expects.
type notice struct{ kind, id, card, status string }

func (w notice) fields(s *shop) form {
	var f form
	pre, post := "300.00", "300.00"
	if w.kind == "card_purchase" && w.status == "AUTHORIZED" {
		post = "290.00"
	}
	fill := strings.NewReplacer("WEBHOOK", s.hookKey, "ACCOUNT", s.account, "ID", w.id, "CARD", w.card, "STATUS", w.status, "PRE", pre, "POST", post)
	for _, p := range webhookFields[w.kind] {
		value := p.value
		switch value {
		case "WEBHOOK", "ACCOUNT", "ID", "CARD", "STATUS", "PRE", "POST":
			value = fill.Replace(value)
		}
		f = append(f, field{p.name, value})
	}
	return f
}

// form is the webhook as a form, json as JSON: amounts are numbers there.
func (w notice) form(s *shop) string {
	_, body := w.fields(s).urlencoded()
	return body
}

func (w notice) json(s *shop) string { return objectOf(w.fields(s)) }

func objectOf(f form) string {
	var pairs []string
	for _, p := range f {
		value := fmt.Sprintf("%q", p.value)
		if p.name == "PURCHASE_AMOUNT" || strings.HasSuffix(p.name, "_BALANCE") {
			value = p.value
		}
		pairs = append(pairs, fmt.Sprintf("%q:%s", p.name, value))
	}
	return "{" + strings.Join(pairs, ",") + "}"
}

// event is what X-Mockpay-Webhook-Event calls it.
func (w notice) event() string {
	switch w.kind {
	case "ach", "swift", "zelle":
		return "transaction_status"
	}
	return w.kind
}

// listening is a shop that tells a receiver.
func listening(t *testing.T, knobs string, answers ...string) (*shop, *receiver) {
	t.Helper()
	r := receive(t, answers...)
	return open(t, strings.ReplaceAll(knobs, "URL", `"`+r.URL+`/hooks?of=dinaricash"`)), r
}

// Each of the six webhooks, in both encodings, byte for byte, for each state
// that a transaction and a card can come to.
func TestWebhooksAreAsDocumented(t *testing.T) {
	t.Parallel()
	for _, encoding := range []string{"form", "json"} {
		t.Run(encoding, func(t *testing.T) {
			t.Parallel()
			s, r := listening(t, "{webhook: {url: URL, encoding: "+encoding+"}, settlement: {ACH: manual, CARD_VIRTUAL: manual, SWIFT: manual, ZELLE: manual}}")
			media := map[string]string{"form": "application/x-www-form-urlencoded", "json": "application/json"}[encoding]
			expect := func(want ...notice) {
				t.Helper()
				got := r.hooks(s)
				require.Len(t, got, len(want))
				for i, w := range want {
					body := w.form(s)
					if encoding == "json" {
						body = w.json(s)
					}
					assert.Equal(t, hook{"POST", media, got[i].id, w.event(), body}, got[i])
					assert.NotEmpty(t, got[i].id)
				}
			}
			card := ""
			for _, op := range sends {
				for _, end := range []string{"COMPLETED", "DECLINED", "FAILED", "CANCELED"} {
					a := s.accepted(op, s.form(op))
					id := a.data(t, "TRANSACTION_ID")
					if op == "card_load" {
						card = a.data(t, "CARD_ACCOUNT_ID")
					}
					expect(notice{op, id, card, "INITIATED"})
					s.act("transition", "transaction", id, "as", end)
					expect(notice{op, id, card, end})
				}
			}
			for _, action := range []struct{ action, state string }{{"PAUSE_CARD", "PAUSED"}, {"UNPAUSE_CARD", "ACTIVE"}} {
				s.manage(action.action, card)
				expect(notice{"card_status", "", card, action.state})
			}
			var bought struct{ Purchase string }
			require.NoError(t, json.Unmarshal([]byte(s.act("card_purchase", "card", card, "amount", "10.00", "description", "AMAZON.COM AMZN.COM/BI SEATTLE WAUS", "category_code", "5942")), &bought))
			expect(notice{"card_purchase", bought.Purchase, card, "AUTHORIZED"})
			s.act("card_purchase", "card", card, "amount", "290.01", "description", "AMAZON.COM AMZN.COM/BI SEATTLE WAUS")
			rejected := r.took(s)
			require.Len(t, rejected, 1)
			assert.Contains(t, strings.ReplaceAll(rejected[0], "+", " "), map[string]string{"form": "PURCHASE_STATUS=REJECTED%3A Insufficient funds&PREPURCHASE_BALANCE=290.00&POSTPURCHASE_BALANCE=290.00&", "json": `"PURCHASE_STATUS":"REJECTED: Insufficient funds","PREPURCHASE_BALANCE":290.00,"POSTPURCHASE_BALANCE":290.00,`}[encoding])
			s.manage("CANCEL_CARD", card)
			expect(notice{"card_status", "", card, "CANCELED"})
			s.sound()
		})
	}
}

// Accepted sends that end at once tell of both states, in that order.
func TestInitiatedComesBeforeCompleted(t *testing.T) {
	t.Parallel()
	s, r := listening(t, "{webhook: {url: URL}, settlement: {SWIFT: instant, ZELLE: instant}}")
	for range 3 {
		for _, op := range sends {
			a := s.accepted(op, s.form(op).with("SEND_AMOUNT", "1"))
			card := ""
			if op == "card_load" {
				card = a.data(t, "CARD_ACCOUNT_ID")
			}
			id := a.data(t, "TRANSACTION_ID")
			assert.Equal(t, []string{notice{op, id, card, "INITIATED"}.form(s), notice{op, id, card, "COMPLETED"}.form(s)}, r.took(s))
		}
	}
}

// What falls due tells the time it was due, wherever the clock goes.
func TestWebhooksTellTheTime(t *testing.T) {
	t.Parallel()
	s, r := listening(t, "{webhook: {url: URL}}")
	for _, tt := range []struct {
		op      string
		by      time.Duration
		created string
		due     string
	}{
		{"swift", 5 * time.Second, "12:34:56", "12:35:01"},
		{"zelle", time.Hour, "12:35:01", "12:35:06"},
	} {
		id := s.sent(tt.op, "300")
		s.Advance(tt.by)
		body := func(state, at string) string {
			return strings.Replace(notice{tt.op, id, "", state}.form(s), url.QueryEscape("12:34:56"), url.QueryEscape(at), 1)
		}
		assert.Equal(t, []string{body("INITIATED", tt.created), body("COMPLETED", tt.due)}, r.took(s))
	}
}

// What tells nothing: refusals, lists, balances, what changes nothing, money
// that comes in.
func TestWhatTellsNothing(t *testing.T) {
	t.Parallel()
	s, r := listening(t, "{webhook: {url: URL}, "+fewFunds+"}")
	card := s.loaded("ssmith@example.com", "300")
	id := s.sent("ach", "100")
	r.took(s)
	for _, op := range sends {
		s.call(op, s.form(op).with("SEND_AMOUNT", "5000"))
		s.call(op, s.form(op).with("SEND_AMOUNT", "x"))
		s.call(op, s.form(op).with(s.credentials(op)[1].name, "x"))
		for _, outcome := range []string{"failed", "failed_but_debited", "insufficient_balance", "server_error"} {
			s.force(op, outcome, s.form(op).with("SEND_AMOUNT", "1"))
		}
	}
	s.fund("0")
	s.call("cancel", s.form("cancel").with("TRANSACTION_ID", id))
	s.call("cancel", s.form("cancel"))
	s.fund("100")
	for _, action := range []string{"GET_CARD_LIST", "GET_CARD_DETAILS", "UNPAUSE_CARD"} {
		s.manage(action, card)
	}
	s.list()
	s.accepted("balance", s.form("balance"))
	s.act("add_incoming", "amount", "1")
	assert.Equal(t, 409, s.tried("transition", "transaction", id, "as", "COMPLETED"))
	assert.Equal(t, 404, s.tried("card_purchase", "card", "x", "amount", "1"))
	assert.Empty(t, r.took(s))

	s.manage("CANCEL_CARD", card)
	assert.Len(t, r.took(s), 1)
	for _, action := range []string{"PAUSE_CARD", "UNPAUSE_CARD", "CANCEL_CARD"} {
		s.manage(action, card)
	}
	assert.Empty(t, r.took(s))
	s.sound()
}

// Refused sends can be told of: FAILED, once, when they are kept.
func TestWebhookOnRejection(t *testing.T) {
	t.Parallel()
	s, r := listening(t, "{webhook: {url: URL}, webhook_on_rejection: true, "+fewFunds+"}")
	for _, op := range sends {
		a := s.call(op, s.form(op).with("SEND_AMOUNT", "5000"))
		assert.Equal(t, []string{notice{op, a.data(t, "TRANSACTION_ID"), "", "FAILED"}.form(s)}, r.took(s), op)
		s.call(op, s.form(op).with("SEND_AMOUNT", "x"))
		s.call(op, s.form(op).with(s.credentials(op)[1].name, "x"))
		s.force(op, "server_error", s.form(op))
		assert.Empty(t, r.took(s), "what is not kept is not told")
		s.force(op, "failed_but_debited", s.form(op).with("SEND_AMOUNT", "1"))
		assert.Len(t, r.took(s), 1)
	}
}

// A new card can be told of, before its load.
func TestWebhookOnCardCreation(t *testing.T) {
	t.Parallel()
	s, r := listening(t, "{webhook: {url: URL}, webhook_on_card_creation: true}")
	a := s.accepted("card_load", s.form("card_load"))
	card, id := a.data(t, "CARD_ACCOUNT_ID"), a.data(t, "TRANSACTION_ID")
	assert.Equal(t, []string{
		notice{"card_status", "", card, "ACTIVE"}.form(s), notice{"card_load", id, card, "INITIATED"}.form(s), notice{"card_load", id, card, "COMPLETED"}.form(s),
	}, r.took(s))
	s.loaded("ssmith@example.com", "1")
	assert.Len(t, r.took(s), 2, "a reload makes no card")
	s.call("card_load", s.form("card_load").with("RECIPIENT_EMAILADDRESS", "new@example.com", "SEND_AMOUNT", "1000000"))
	assert.Empty(t, r.took(s), "a refused load makes no card")
}

// Rejected purchases tell all fourteen fields, or those of the documents' sample.
func TestRejectedPurchaseFields(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ action, status, message string }{
		{"", "REJECTED: Insufficient funds", "Insufficient funds to complete the purchase."},
		{"PAUSE_CARD", "REJECTED: Card paused", "The card is paused."},
		{"CANCEL_CARD", "REJECTED: Card canceled", "The card is canceled."},
	} {
		t.Run(tt.status, func(t *testing.T) {
			t.Parallel()
			for _, all := range []bool{true, false} {
				s, r := listening(t, "{webhook: {url: URL, encoding: json}, rejected_purchase_fields: "+map[bool]string{true: "all", false: "sample"}[all]+"}")
				card := s.loaded("ssmith@example.com", "300")
				if tt.action != "" {
					s.manage(tt.action, card)
				}
				r.took(s)
				s.act("card_purchase", "card", card, "amount", "300.01", "description", "d", "category_code", "1")
				got := r.took(s)
				require.Len(t, got, 1)
				balance := map[bool]string{true: "0.00", false: "300.00"}[tt.action == "CANCEL_CARD"]
				what, why := "", `,"GATEWAY_MESSAGE":"`+tt.message+`"`
				if all {
					what, why = `"PURCHASE_CURRENCY_ISO3":"USD","PURCHASE_AMOUNT":300.01,"PURCHASE_DESCRIPTION":"d","PURCHASE_CATEGORY_CODE":"1",`, ""
				}
				assert.Equal(t, `{"WEBHOOK_KEY":"<webhook key>","WEBHOOK_ACTION":"CARD PURCHASE UPDATE","PURCHASE_ID":"<32 hex>",`+what+`"PURCHASE_STATUS":"`+tt.status+`","PREPURCHASE_BALANCE":`+balance+`,"POSTPURCHASE_BALANCE":`+balance+
					`,"CARD_ACCOUNT_ID":"<32 hex>","CARDHOLDER_EMAILADDRESS":"ssmith@example.com","CORPORATE_ACCOUNT_ID":"<account>","DATETIME_UPDATE":"2025-01-08 12:34:56"`+why+`}`, s.masked(answer{body: got[0]}))
			}
		})
	}
}

// Wrapped, events are inside what the documents show as example responses; ACH
// has none and stays flat.
func TestWrappedWebhooks(t *testing.T) {
	t.Parallel()
	ok := func(message string) func(form) string {
		return func(f form) string {
			return `{"status":"success","message":"` + message + `","data":` + objectOf(f) + `}`
		}
	}
	flat := func(f form) string { return objectOf(f) }
	swiftBad := func(f form) string {
		return `{"status":"error","message":"Failed to update transaction status. Please check the webhook key or other data.","data":` + objectOf(f) + `}`
	}
	zelleBad := func(f form) string {
		return `{"status":"error","message":"Failed to update transaction status","error_code":"TRANSACTION_UPDATE_FAILED","data":` + objectOf(f) + `}`
	}
	loadBad := func(f form) string {
		short := append(f.without("WEBHOOK_ACTION", "CARD_ACCOUNT_ID", "TRANSACTION_STATUS", "TRANSACTION_DATETIME_UPDATED"), field{"error_message", "Missing required fields or invalid data"})
		return `{"status":"error","message":"Webhook update failed due to invalid input.","error_code":400,"details":` + objectOf(short) + `}`
	}
	load, swift, zelle, status := ok("Webhook update processed successfully."), ok("Transaction status updated successfully."), ok("Transaction status update successful"), ok("Card status updated successfully.")
	wraps := map[string]map[string]func(form) string{
		"ach":       {"INITIATED": flat, "COMPLETED": flat, "DECLINED": flat, "FAILED": flat, "CANCELED": flat},
		"card_load": {"INITIATED": load, "COMPLETED": load, "DECLINED": loadBad, "FAILED": loadBad, "CANCELED": load},
		"swift":     {"INITIATED": swift, "COMPLETED": swift, "DECLINED": swiftBad, "FAILED": swiftBad, "CANCELED": swift},
		"zelle":     {"INITIATED": zelle, "COMPLETED": zelle, "DECLINED": zelleBad, "FAILED": zelleBad, "CANCELED": zelle},
	}
	for _, op := range sends {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			s, r := listening(t, "{webhook: {url: URL, encoding: json}, webhook_form: wrapped, "+allManual[1:])
			for _, end := range []string{"COMPLETED", "DECLINED", "FAILED", "CANCELED"} {
				a := s.accepted(op, s.form(op))
				card := ""
				if op == "card_load" {
					card = a.data(t, "CARD_ACCOUNT_ID")
				}
				id := a.data(t, "TRANSACTION_ID")
				s.act("transition", "transaction", id, "as", end)
				var want []string
				for _, state := range []string{"INITIATED", end} {
					want = append(want, wraps[op][state](notice{op, id, card, state}.fields(s)))
				}
				assert.Equal(t, want, r.took(s), end)
			}
		})
	}
	t.Run("Card", func(t *testing.T) {
		t.Parallel()
		s, r := listening(t, "{webhook: {url: URL, encoding: json}, webhook_form: wrapped}")
		card := s.loaded("ssmith@example.com", "300")
		r.took(s)
		for _, do := range []struct{ action, state string }{{"PAUSE_CARD", "PAUSED"}, {"UNPAUSE_CARD", "ACTIVE"}} {
			s.manage(do.action, card)
			assert.Equal(t, []string{status(notice{"card_status", "", card, do.state}.fields(s))}, r.took(s))
		}
		buy := func(amount string) (purchase string) {
			var bought struct{ Purchase string }
			require.NoError(t, json.Unmarshal([]byte(s.act("card_purchase", "card", card, "amount", amount, "description", "AMAZON.COM AMZN.COM/BI SEATTLE WAUS", "category_code", "5942")), &bought))
			return bought.Purchase
		}
		id := buy("300.01")
		rejected := notice{"card_purchase", id, card, "REJECTED: Insufficient funds"}.fields(s).without("PURCHASE_CURRENCY_ISO3", "PURCHASE_AMOUNT", "PURCHASE_DESCRIPTION", "PURCHASE_CATEGORY_CODE")
		assert.Equal(t, []string{`{"status":"error","message":"Card purchase update failed.","error_code":400,"details":` + objectOf(append(rejected, field{"GATEWAY_MESSAGE", "Insufficient funds to complete the purchase."})) + `}`}, r.took(s))
		id = buy("10")
		assert.Equal(t, []string{ok("Card purchase update processed successfully.")(notice{"card_purchase", id, card, "AUTHORIZED"}.fields(s))}, r.took(s))
	})
	t.Run("AsForm", func(t *testing.T) {
		t.Parallel()
		s, r := listening(t, "{webhook: {url: URL}, webhook_form: wrapped}")
		id := s.sent("zelle", "300")
		body := "status=success&message=Transaction+status+update+successful"
		for _, p := range (notice{"zelle", id, "", "INITIATED"}).fields(s) {
			body += "&" + url.QueryEscape("data["+p.name+"]") + "=" + url.QueryEscape(p.value)
		}
		assert.Equal(t, []string{body}, r.took(s))
	})
}

// A webhook goes out after the answer of the call that caused it, however long
// the answer takes.
func TestWebhooksComeAfterTheAnswer(t *testing.T) {
	t.Parallel()
	r := receive(t)
	s := open(t, `{webhook: {url: "`+r.URL+`"}}`, "{on: dinaricash.zelle, delay: 1h}")
	ctx, hangUp := context.WithCancel(t.Context())
	media, body := s.form("zelle").urlencoded()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/send-money", strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", media)
	gone := make(chan error)
	go func() {
		_, err := s.http.Do(req)
		gone <- err
	}()
	_, err = s.AwaitRequests(t.Context(), "dinaricash.zelle", 1, 10*time.Second)
	require.NoError(t, err)

	events := s.webhooks("")
	require.Len(t, events, 1)
	assert.Equal(t, "pending", events[0].Status)
	assert.Empty(t, events[0].Attempts)
	hangUp() // a caller that is gone needs no answer
	require.ErrorIs(t, <-gone, context.Canceled)
	assert.Len(t, r.took(s), 1)
}

// A receiver that fails twice has the third attempt, at exactly the times of the
// backoff.
func TestWebhooksAreTriedAgain(t *testing.T) {
	t.Parallel()
	for _, answers := range [][]string{{"500", "500"}, {`{"status":"error"}`, `{"status": "error", "message": "x"}`}, {"500", `{"status":"error"}`, `{"status":"success"}`}} {
		t.Run(strings.Join(answers, ","), func(t *testing.T) {
			t.Parallel()
			s, r := listening(t, "{webhook: {url: URL, attempts: 3, backoff: [1s, 5s]}, settlement: {ZELLE: manual}}", answers...)
			id := s.sent("zelle", "300")
			want := notice{"zelle", id, "", "INITIATED"}.form(s)
			for _, step := range []struct {
				by   time.Duration
				sent bool
			}{{0, true}, {time.Second - time.Millisecond, false}, {time.Millisecond, true}, {5*time.Second - time.Millisecond, false}, {time.Millisecond, true}, {time.Hour, false}} {
				s.Advance(step.by)
				got := r.took(s)
				if !step.sent {
					assert.Empty(t, got)
					continue
				}
				assert.Equal(t, []string{want}, got)
			}
			events := s.webhooks("")
			require.Len(t, events, 1)
			assert.Equal(t, "delivered", events[0].Status)
			require.Len(t, events[0].Attempts, 3)
			var at []string
			for _, a := range events[0].Attempts {
				at = append(at, a.At)
			}
			assert.Equal(t, []string{"2025-01-08T12:34:56.000Z", "2025-01-08T12:34:57.000Z", "2025-01-08T12:35:02.000Z"}, at)
			assert.Empty(t, events[0].Attempts[2].Error)
		})
	}
}

// By default a webhook is sent once.
func TestWebhooksAreSentOnce(t *testing.T) {
	t.Parallel()
	s, r := listening(t, "{webhook: {url: URL}, settlement: {ZELLE: manual}}", "500")
	s.sent("zelle", "300")
	assert.Len(t, r.took(s), 1)
	s.Advance(1000 * time.Hour)
	assert.Empty(t, r.took(s))
	assert.Equal(t, "failed", s.webhooks("")[0].Status)
}

// Without a URL events are kept and go nowhere.
func TestWebhooksWithoutAnEndpoint(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	s.sent("ach", "1")
	events := s.webhooks("")
	require.Len(t, events, 2)
	for _, e := range events {
		assert.Equal(t, "unsent", e.Status)
		assert.NotEmpty(t, e.Hint)
		assert.Empty(t, e.Attempts)
	}
}

// The webhook key is whole on the wire and masked wherever it is shown.
func TestWebhookKeyIsMasked(t *testing.T) {
	t.Parallel()
	for _, encoding := range []string{"form", "json"} {
		for _, shape := range []string{"flat", "wrapped"} {
			t.Run(encoding+"/"+shape, func(t *testing.T) {
				t.Parallel()
				s, r := listening(t, "{webhook: {url: URL, encoding: "+encoding+"}, webhook_form: "+shape+"}")
				for _, op := range sends {
					s.sent(op, "1")
				}
				for _, body := range r.took(s) {
					assert.Contains(t, body, s.hookKey)
				}
				shown := s.control("webhooks", "")
				assert.NotContains(t, shown, s.hookKey)
				assert.Contains(t, shown, "***"+s.hookKey[len(s.hookKey)-4:])
				one := s.control("webhooks/"+s.webhooks("")[0].ID, "")
				assert.NotContains(t, one, s.hookKey)
			})
		}
	}
}

// A workspace's events are its own, with its own key.
func TestWebhooksStayInTheirWorkspace(t *testing.T) {
	t.Parallel()
	r := receive(t)
	here := open(t, `{webhook: {url: "`+r.URL+`"}}`)
	there := here.neighbor("there", "")
	there.sent("ach", "1")
	assert.Empty(t, r.took(here))
	here.sent("zelle", "1")
	got := r.took(here)
	require.Len(t, got, 1)
	assert.Contains(t, got[0], here.hookKey)
	assert.NotContains(t, got[0], there.hookKey)
	assert.Len(t, there.webhooks(""), 2)
}
