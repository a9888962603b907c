package usdtpayout_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/provider/providertest"
)

func TestConformance(t *testing.T) {
	providertest.Run(t, providertest.Suite{
		Provider: "usdtpayout",
		Calls: map[string]providertest.Call{
			"login": func(c *providertest.Caller) *http.Request { return request(c, "", "login", ownerOf(c)) },
			"send_payout": func(c *providertest.Caller) *http.Request {
				return request(c, token(c), "send_payout", payoutOf("6b1f0c5e-2f57-4d2c-9a55-0b6f5a1e8d10", "125.00"))
			},
			"payout_status": func(c *providertest.Caller) *http.Request {
				with := token(c)
				made := c.Need(request(c, with, "send_payout", payoutOf("7c1b0f3e-2f57-4d2c-9a55-0b6f5a1e8d10", "10.01")))
				return request(c, with, "payout_status", fields{"transaction_id": field(c, made, "transaction_id")}.String())
			},
		},
		Raw: func(c *providertest.Caller, operation string, payload []byte) *http.Request {
			with := ""
			if operation != "login" {
				with = token(c)
			}
			return request(c, with, operation, string(payload))
		},
		Malformed: map[string][]string{
			"login": {
				`{"email":null,"password":null}`, `{"email":"owner@example.test"}`, `{"password":"pw-1"}`, `{"email":7,"password":[]}`,
				`{"email":"\u0000","password":"\u0000"}`, `{"email":"` + strings.Repeat("a", 40_000) + `","password":"b"}`,
			},
			"send_payout": {
				payout(`"source_amount":125.00`), payout(`"source_amount":"1e3"`), payout(`"source_amount":"` + strings.Repeat("9", 31) + `"`),
				payout(`"source_amount":"0.00"`), payout(`"source_amount":"-1"`), payout(`"recipient_details":[]`), payout(`"recipient_details":null`),
				payout(`"recipient_details":{"name":{"name":"x"}}`), payout(`"idempotency_key":"\u0000"`), payout(`"idempotency_key":7`),
			},
			"payout_status": {`{"transaction_id":7}`, `{"transaction_id":null}`, `{"transaction_id":"abc"}`, `{"transaction_id":"sb_"}`, `{"transaction_id":"sb_\u0000\uFFFF"}`, `{"transaction_id":["sb_"]}`},
		},
		Anonymous: func(r *http.Request) {
			for _, name := range []string{"X-Api-Key", "X-Signature", "Authorization"} {
				r.Header.Del(name)
			}
		},
		Refusal: func(t testing.TB, a *providertest.Answer) {
			t.Helper()
			require.Regexp(t, envelope, string(a.Body))
		},
		Begin: map[string][]string{"payout": {"pending_approval"}},
		Move:  payRandomly,
		Action: func(_ *providertest.Caller, d *providertest.Dice) (string, map[string]string) {
			return "usdtpayout.transition", map[string]string{
				"transaction": providertest.Pick(d, "first", "last", "last", "sb_none"),
				"as":          providertest.Pick(d, "pending", "processing", "completed", "failed", "rejected", "canceled", "reversed"),
			}
		},
	})
}

// payout is a payload with another field.
func payout(change string) string {
	return strings.TrimSuffix(payoutOf("6b1f0c5e-2f57-4d2c-9a55-0b6f5a1e8d10", "5.00"), "}") + "," + change + "}"
}

func payoutOf(key, amount string) string {
	return `{"idempotency_key":"` + key + `","country_code":"PH","currency_code":"PHP","payment_method":"bank_local","source_amount":"` + amount +
		`","recipient_details":{"name":"Maria Santos","account_number":"001234567890"}}`
}

func ownerOf(c *providertest.Caller) string {
	return fields{"email": c.Credentials["email"], "password": c.Credentials["password"]}.String()
}

// token logs the suite's caller in.
func token(c *providertest.Caller) string {
	return field(c, c.Need(request(c, "", "login", ownerOf(c))), "access_token")
}

// request is a call of the suite's caller. The same call is the same to the byte,
// so that journals can be compared.
func request(c *providertest.Caller, token, operation, payload string) *http.Request {
	iv := sha256.Sum256([]byte(operation + payload))
	a := newAccount(c.Credentials)
	a.token = token
	l := a.letter(operation, "", c.Now().Unix()).sealed(encrypt(c.Credentials["encryption_secret"], iv[:12], payload))
	r, err := http.NewRequestWithContext(c.Context(), l.method, c.URL+l.path, strings.NewReader(l.body))
	require.NoError(c, err)
	r.Header = l.headers()
	return r
}

// field is one of a success's data.
func field(t require.TestingT, a *providertest.Answer, name string) string {
	var got struct{ Data map[string]any }
	require.NoError(t, json.Unmarshal(a.Body, &got))
	text, _ := got.Data[name].(string)
	return text
}

// payRandomly makes a few live payouts, or tries: there may be too little money,
// and a key may come twice.
func payRandomly(c *providertest.Caller, d *providertest.Dice) {
	there := *c
	there.URL += "/live"
	with := token(&there)
	for range 1 + d.N(3) {
		cents := 1 + d.N(200_000)
		key := fmt.Sprintf("%08x-0000-4000-8000-%012x", d.N(3), d.N(1000))
		for range 1 + d.N(2) {
			there.Do(request(&there, with, "send_payout", payoutOf(key, fmt.Sprintf("%d.%02d", cents/100, cents%100))))
		}
	}
}
