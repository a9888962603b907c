package scenarios_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
)

// audit tries the receivers of a provider's webhooks.
func (s *shop) audit(provider, url string) *client.Audit {
	s.t.Helper()
	result, err := s.AuditWebhooks(s.t.Context(), provider, url)
	require.NoError(s.t, err)
	return result
}

// found are the checks of an audit: "bad_signature 401 ok".
func found(result *client.Audit, event string) (all []string) {
	for _, c := range result.Checks {
		if c.Event == event {
			ok := map[bool]string{true: "ok", false: "wrong"}[c.OK]
			all = append(all, fmt.Sprint(c.Case, " ", c.Status, " ", ok, map[bool]string{true: " " + c.Handled}[c.Handled != ""]))
		}
	}
	return all
}

// answering is a receiver that answers everything in one way.
func answering(t *testing.T, status int, body string) string {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

var cashEvents = []string{"transaction_status", "card_load", "card_purchase", "card_status"}

// A merchant that looks at everything passes, with records and without; nothing
// has happened then.
func TestAuditOfACarefulReceiver(t *testing.T) {
	for _, records := range []bool{false, true} {
		each(t, "drop", func(t *testing.T, s *shop, m *merchant, by teller) {
			if records {
				s.send(loadFor("ada@example.com"), "100")
				s.buy("last", "1")
				p := s.payer("live")
				p.pay("1.00", "pending")
				s.send(zelleSend, "1.00")
				s.drain()
				s.Advance(2 * freshness) // an audit tells it as of now
				m.arrivals()
			}
			before, err := s.Ledger(t.Context(), client.LedgerFilter{})
			require.NoError(t, err)

			result := s.audit(by.provider, "")

			assert.True(t, result.OK, "%+v", result.Checks)
			damage, events := "corrupt 422 ok", cashEvents
			if by.provider == "usdtpayout" {
				damage, events = "corrupt 401 ok", []string{"payout_status"}
			}
			for _, event := range events {
				assert.Equal(t, []string{"genuine 200 ok", "bad_signature 401 ok", "stale_timestamp 422 ok", damage, "duplicate 200 ok once"}, found(result, event))
			}
			assert.Len(t, result.Checks, 5*len(events))
			after, err := s.Ledger(t.Context(), client.LedgerFilter{})
			require.NoError(t, err)
			assert.Equal(t, before, after)
			s.sound()
			s.drain()
			for _, hook := range s.log() {
				if hook.Audit != "" {
					assert.Equal(t, "audit", hook.Cause)
				}
			}
			again := s.audit(by.provider, "")
			assert.True(t, again.OK, "its events are new ones")
			assert.NotEqual(t, result.Checks[0].Sent.Webhook, again.Checks[0].Sent.Webhook)
		})
	}
}

// Receivers that do not look are told of what they take.
func TestAuditOfCarelessReceivers(t *testing.T) {
	s := openShop(t, "")
	for name, tt := range map[string]struct {
		provider, event string
		status          int
		body            string
		want            []string
	}{
		"TakesAll":     {"usdtpayout", "payout_status", 200, "", []string{"genuine 200 ok", "bad_signature 200 wrong", "stale_timestamp 200 wrong", "corrupt 200 wrong", "duplicate 200 ok unknown"}},
		"TakesAny2xx":  {"usdtpayout", "payout_status", 204, "", []string{"genuine 204 ok", "bad_signature 204 wrong", "stale_timestamp 204 wrong", "corrupt 204 wrong", "duplicate 204 ok unknown"}},
		"CashTakesAll": {"dinaricash", "card_load", 200, `{"status":"success"}`, []string{"genuine 200 ok", "bad_signature 200 wrong", "stale_timestamp 200 ok", "corrupt 200 wrong", "duplicate 200 ok unknown"}},
		"ActsTwice":    {"usdtpayout", "payout_status", 200, `{"duplicate":false}`, []string{"genuine 200 ok", "bad_signature 200 wrong", "stale_timestamp 200 wrong", "corrupt 200 wrong", "duplicate 200 wrong twice"}},
		"KnowsTwice":   {"usdtpayout", "payout_status", 200, `{"handled":false}`, []string{"genuine 200 ok", "bad_signature 200 wrong", "stale_timestamp 200 wrong", "corrupt 200 wrong", "duplicate 200 ok once"}},
		"Refuses":      {"usdtpayout", "payout_status", 401, "", []string{"genuine 401 wrong", "bad_signature 401 wrong", "stale_timestamp 401 wrong", "corrupt 401 wrong", "duplicate 401 wrong once"}},
		"SaysError":    {"dinaricash", "card_status", 200, `{"status":"error"}`, []string{"genuine 200 wrong", "bad_signature 200 wrong", "stale_timestamp 200 wrong", "corrupt 200 wrong", "duplicate 200 wrong unknown"}},
	} {
		t.Run(name, func(t *testing.T) {
			result := s.audit(tt.provider, answering(t, tt.status, tt.body))
			assert.False(t, result.OK)
			assert.Equal(t, tt.want, found(result, tt.event))
			for _, c := range result.Checks {
				assert.NotEmpty(t, c.Detail)
				assert.Equal(t, c.Status/100 == 2 && tt.body != `{"status":"error"}`, c.Accepted)
			}
		})
	}
	t.Run("NobodyThere", func(t *testing.T) {
		result := s.audit("dinaricash", "http://127.0.0.1:9/")
		assert.False(t, result.OK)
		require.Len(t, result.Checks, 1, "nothing more is tried")
		assert.Contains(t, result.Checks[0].Detail, "the genuine webhook was not taken, so nothing else can be told")
	})
	t.Run("SecondTime", func(t *testing.T) {
		for status, want := range map[int]string{208: "duplicate 208 ok once", 409: "duplicate 409 ok once", 404: "duplicate 404 ok once", 500: "duplicate 500 wrong unknown"} {
			n := 0
			m := s.merchantOf("usdtpayout", "")
			m.status = func(int) int {
				if n++; n == 5 {
					return status
				}
				return 0
			}
			// The merchant's own header would say more than the status.
			plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				rec := httptest.NewRecorder()
				m.ServeHTTP(rec, r)
				w.WriteHeader(rec.Code)
			}))
			assert.Equal(t, want, found(s.audit("usdtpayout", plain.URL), "payout_status")[4])
			plain.Close()
		}
	})
}

// Which receivers are tried, and what is refused.
func TestAuditOfWhom(t *testing.T) {
	s := openShop(t, "")
	url := answering(t, 200, "")
	providers := func(result *client.Audit) (all []string) {
		for _, c := range result.Checks {
			all = append(all, c.Provider)
			assert.Equal(t, url, c.Sent.URL)
		}
		return slices.Compact(all)
	}
	_, err := s.AuditWebhooks(t.Context(), "", "")
	assert.ErrorContains(t, err, "no endpoint is set")
	_, err = s.AuditWebhooks(t.Context(), "dinaricash", "")
	assert.ErrorContains(t, err, "no endpoint is set for dinaricash")
	_, err = s.AuditWebhooks(t.Context(), "dinaricsh", url)
	assert.ErrorContains(t, err, `did you mean "dinaricash"?`)
	_, err = s.AuditWebhooks(t.Context(), "dinardragon", url)
	assert.ErrorContains(t, err, "Dinar Dragon sends no webhooks")
	_, err = s.AuditWebhooks(t.Context(), "dinaricash", "http://example.com/")
	assert.ErrorContains(t, err, "--webhook-allow example.com")
	assert.Empty(t, s.log())
	assert.Equal(t, []string{"dinaricash", "usdtpayout"}, providers(s.audit("", url)), "none has an endpoint")

	_, err = s.SetWebhookEndpoint(t.Context(), "usdtpayout", client.WebhookEndpoint{URL: url})
	require.NoError(t, err)
	assert.Equal(t, []string{"usdtpayout"}, providers(s.audit("", "")))
}

// The log tells what was tried, secrets masked; waiting counts it not.
func TestAuditInTheLog(t *testing.T) {
	s := openShop(t, "")
	s.merchantOf("dinaricash", "json")
	result := s.audit("dinaricash", "")
	require.Len(t, s.log(), 16)
	for i, hook := range s.log()[:4] {
		assert.Equal(t, []string{"genuine", "bad_signature", "stale_timestamp", "corrupt"}[i], hook.Audit)
		assert.Equal(t, result.Checks[i].Sent.Webhook, hook.ID)
		assert.Equal(t, map[bool]string{true: "delivered", false: "failed"}[i == 0], hook.Status)
	}
	assert.Equal(t, []int{0, 1}, []int{s.log()[0].Attempts[0].Copy, s.log()[0].Attempts[1].Copy})
	assert.Equal(t, s.log()[0].Attempts[0].Request.Body, s.log()[0].Attempts[1].Request.Body)
	for _, c := range result.Checks {
		assert.NotContains(t, c.Sent.Body, s.Credential("dinaricash", "webhook_key"))
	}
	_, err := s.AwaitWebhooks(t.Context(), "", 1, time.Millisecond)
	assert.ErrorContains(t, err, "0 of 1 webhooks")
}

// The same seed makes the same audit, and an audit leaves the ids of all that
// happens later alone.
func TestAuditIsSeeded(t *testing.T) {
	run := func(audited bool) (sent []string, id any) {
		s := openShop(t, "")
		s.merchantOf("dinaricash", "form")
		if audited {
			for _, c := range s.audit("dinaricash", "").Checks {
				sent = append(sent, c.Sent.Webhook+c.Sent.Body)
			}
		}
		return sent, s.send(zelleSend, "1.00")["TRANSACTION_ID"]
	}
	one, id := run(true)
	other, _ := run(true)
	_, without := run(false)
	assert.Equal(t, one, other)
	assert.Equal(t, without, id)
}
