package control_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/mocks"
	"github.com/mockpay/mockpay/server"
)

// A bare server answers without a network.
type bare struct {
	http.Handler
	log *bytes.Buffer // what went wrong inside
}

func newBare(t testing.TB) *bare {
	log := new(bytes.Buffer)
	s, err := server.New(server.Options{Mocks: mocks.All(), Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelError}))})
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Stop(context.WithoutCancel(t.Context())) })
	return &bare{s.Handler(), log}
}

// call makes a control call that nobody waits for long.
func (b *bare) call(t testing.TB, method, path, kind, body string) *httptest.ResponseRecorder {
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, method, "/_mockpay/health", strings.NewReader(body))
	r.URL.Path, r.URL.RawQuery, _ = strings.Cut("/_mockpay/"+path, "?")
	r.RequestURI = r.URL.RequestURI()
	r.Header.Set("Content-Type", kind)
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	return w
}

// fine asserts that an answer is one, or a problem that says what it is, and no
// failure of the server's.
func (b *bare) fine(t testing.TB, w *httptest.ResponseRecorder) {
	logged := b.log.String()
	b.log.Reset()
	if logged != "" { // a job that a damaged snapshot had is said to be dropped
		require.Contains(t, logged, "a job failed and is dropped")
	}
	require.NotContains(t, logged, "panic")
	require.Less(t, w.Code, 500, w.Body)
	if strings.Contains(w.Header().Get("Content-Type"), "json") {
		require.True(t, json.Valid(w.Body.Bytes()), w.Body)
	}
	if w.Code < http.StatusBadRequest || w.Header().Get("Content-Type") == "application/json" { // a verdict
		return
	}
	require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
	var p struct{ Detail string }
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &p))
	require.NotEmpty(t, p.Detail)
}

// ways are calls with bodies, and bodies that they take.
var ways = map[string][]string{
	"POST workspaces":                        {`{"id":"w","scenario":"instant","seed":7,"ttl":"15m"}`, `{"scenario":"version: 1\nseed: 3\n"}`, `{"ttl":"-1s"}`, `{"seed":1e99}`},
	"POST reset":                             {``},
	"PUT scenario":                           {"version: 1\n", "version: 1\nrules: [{on: '*', when: {a: {gt: 1}}, respond: server_error}]\n", "a: &a [*a]", `{"name":"instant"}`},
	"PATCH scenario":                         {"version: 1\nrules: []\n", "version: 1\nrules: [{on: dinaricash.*, fault: drop, every: 2}]\n"},
	"POST clock":                             {`{"freeze":true}`, `{"advance":"15m"}`, `{"set":"2026-01-15T09:00:00Z"}`, `{"speed":60}`, `{"speed":1e308,"advance":"9999999h"}`, `{"advance":"-1ns"}`, `{"freeze":false,"set":"9999-12-31T23:59:59.999999999Z"}`},
	"PATCH balances":                         {`{"dinaricash":{"payout":"1e40"}}`, `{"dinaricash":{"payout":-5}}`, `{"dinardragon":{"USD":null}}`, `{"x":{}}`, `{"usdtpayout":{"USDT":"0.000000000000000000001"}}`},
	"POST verify":                            {`[{"on":"dinaricash.swift","count":1}]`, `[{"balance":{"dinaricash.payout":"1"}}]`, "- {in_order: [dinaricash.ach, dinaricash.balance]}", `{"expect":[]}`},
	"POST simulate/dinaricash.add_incoming":  {`{"amount":"5"}`, `{"amount":"-5"}`, `{"amount":5,"currency":"EUR"}`},
	"POST simulate/dinaricash.card_purchase": {`{"card":"last","amount":"12.79"}`},
	"POST simulate/usdtpayout.rotate_credentials": {`{}`, `{"x":1}`},
	"POST webhooks/audit?timeout=1s":              {`{"provider":"dinardragon"}`, `{}`},
	"POST webhooks/drain?timeout=0":               {``},
	"GET requests?limit=-1":                       {``},
	"GET requests?since=req-1&matched=x":          {``},
	"GET requests/wait?count=1&timeout=0":         {``},
	"GET ledger?provider=dinaricash&balance=x":    {``},
	"GET coverage?provider=":                      {``},
	"DELETE webhook-endpoints/dinaricash":         {``},
	"PUT webhook-endpoints/dinaricash":            {`{"url":""}`, `{"url":"http://127.0.0.1:1/","attempts":0}`, `{"url":"http://169.254.169.254/"}`, `{"url":"::"}`, `{"backoff":["x"]}`},
	"DELETE workspaces/default":                   {``},
}

// FuzzCall makes any control call with any body: it is answered as documented, and
// never with a failure of the server's.
func FuzzCall(f *testing.F) {
	odd := []string{"", "{", "[]", "null", "\xff", "\x00", strings.Repeat("[", 20_000), strings.Repeat(`{"a":`, 20_000), `{"id":7}`, `{} x`}
	for i, way := range slices.Sorted(maps.Keys(ways)) {
		method, path, _ := strings.Cut(way, " ")
		for _, body := range append(ways[way], odd[i%len(odd)]) {
			kind := "application/json"
			if strings.HasPrefix(body, "version") || strings.HasPrefix(body, "-") || strings.HasPrefix(body, "a:") {
				kind = "application/yaml"
			}
			f.Add(method, path, kind, []byte(body))
		}
	}
	b := newBare(f)
	f.Fuzz(func(t *testing.T, method, path, kind string, body []byte) {
		if outward(path, body) || !slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}, method) {
			t.Skip("calls somebody else, or nobody")
		}
		w := b.call(t, method, path, kind, string(body))
		b.fine(t, w)
		if method == "GET" || method == "HEAD" || w.Code >= 300 {
			return
		}
		invariants := b.call(t, "GET", "invariants", "", "")
		require.Contains(t, invariants.Body.String(), `{"ok":true`)
		var made struct{ ID string }
		if w.Code == http.StatusCreated && json.Unmarshal(w.Body.Bytes(), &made) == nil {
			require.Equal(t, 204, b.call(t, "DELETE", "workspaces/"+made.ID, "", "").Code)
		}
		require.Equal(t, 200, b.call(t, "PUT", "scenario", "application/json", `{"name":"default"}`).Code)
	})
}

// outward tells whether a call would have the server talk to somebody.
func outward(path string, body []byte) bool {
	talks := strings.Contains(path, "webhook") && strings.Contains(string(body), "url")
	return talks && !strings.Contains(string(body), "127.0.0.1:1/")
}

// busy is a workspace in which each kind of record is, saved.
func busy(t testing.TB, b *bare) map[string]any {
	const text = `version: 1
extends: documented-examples
seed: 5
providers: {dinaricash: {webhook: {url: "http://127.0.0.1:1/"}}}
rules: [{name: third, on: dinardragon.status, every: 3, respond: server_error}]
timeline: [{at: 5m, do: dinaricash.add_incoming, with: {amount: "12.79"}}]
`
	require.Equal(t, 200, b.call(t, "PUT", "scenario", "application/yaml", text).Code)
	type doc = map[string]any
	device := doc{"name": "n", "type": "SERVER", "platform": "LINUX", "user_agent": "u", "client_ip": "198.51.100.7"}
	quoted := b.provide(t, "dinardragon/get-authcode", "dd-default-private-key", doc{"amount": 50, "accounts": []doc{{"acc": 1, "amount": 50, "bank": "b", "country": "US", "recipientname": "n"}}})
	b.provide(t, "dinardragon/execute", "dd-default-private-key", doc{"authcode": quoted["authcode"]})
	token := b.provide(t, "executions/v1/jwt/client/obtain/token", "", doc{"client_id": "dollr-default-client", "client_secret": "dollr-default-secret"})
	bearer := fmt.Sprint("Bearer ", token["access_token"])
	party := b.provide(t, "executions/v1/parties/create", bearer, doc{"fullname": "Musu Flomo", "phone": "231880000001", "country_code": "LR"})
	account := b.provide(t, "executions/v1/payment-accounts/create?operation_type=PAYOUT", bearer, doc{
		"account_name": "w", "provider": "MTN_MOMO_LBR", "method": "MTN_MOMO_LBR", "party_id": party["id"], "country_code": "LR", "insensitive_account_number": "231880000055",
	})
	session := b.provide(t, "executions/v1/sessions/payout", bearer, doc{"payout_account_id": account["id"], "amount": 1, "currency": "USD"})
	b.provide(t, "executions/v1/executions/payout", bearer, doc{
		"session_id": fmt.Sprint(session["id"]), "payout_account_id": fmt.Sprint(account["id"]), "reference_id": "00000000-0000-4000-8000-000000000001",
		"passcode": doc{"token": doc{"code": "123456", "phone": "231771234567"}, "device": device},
	})
	w := b.call(t, "POST", "simulate/dinaricash.add_incoming", "application/json", `{"amount":"5"}`)
	require.Equal(t, 200, w.Code, w.Body)
	return kept(t, b)
}

// provide makes a provider's call that is accepted.
func (b *bare) provide(t testing.TB, path, authorization string, body map[string]any) (answer map[string]any) {
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/"+path, strings.NewReader(marshalled(t, body)))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", authorization)
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	require.Equal(t, 200, w.Code, w.Body)
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
	return answer
}

func kept(t testing.TB, b *bare) map[string]any {
	w := b.call(t, "GET", "state", "", "")
	require.Equal(t, 200, w.Code)
	var snapshot map[string]any
	d := json.NewDecoder(w.Body)
	d.UseNumber()
	require.NoError(t, d.Decode(&snapshot))
	return snapshot
}

// places are all values of a document, each as a function that replaces it.
func places(v any, put func(any), into *[]func(any)) {
	*into = append(*into, put)
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			places(v[k], func(other any) { v[k] = other }, into)
		}
	case []any:
		for i := range v {
			places(v[i], func(other any) { v[i] = other }, into)
		}
	}
}

// FuzzRestore damages a snapshot in a place: it is refused and changes nothing, or
// what is restored can be asked, saved and moved on.
func FuzzRestore(f *testing.F) {
	b := newBare(f)
	good := busy(f, b)
	text, err := json.Marshal(good)
	require.NoError(f, err)
	decoded := func() (v any) {
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		_ = d.Decode(&v)
		return v
	}
	var all []func(any)
	places(decoded(), func(any) {}, &all)
	odd := []string{`null`, `"x"`, `-1`, `[]`, `{}`, `""`}
	for i := 0; i < len(all); i += 61 {
		f.Add(uint16(i), []byte(odd[i%len(odd)]))
	}
	f.Add(uint16(0), []byte(strings.Repeat("[", 5000)))
	f.Fuzz(func(t *testing.T, place uint16, other []byte) {
		require.Equal(t, 200, b.call(t, "PUT", "state", "application/json", string(text)).Code)
		var v any
		d := json.NewDecoder(bytes.NewReader(other))
		d.UseNumber()
		if d.Decode(&v) != nil {
			t.Skip("no JSON")
		}
		whole := decoded()
		var all []func(any)
		places(whole, func(any) { whole = v }, &all)
		all[int(place)%len(all)](v)
		damaged, err := json.Marshal(whole)
		require.NoError(t, err)

		w := b.call(t, "PUT", "state", "application/json", string(damaged))

		b.fine(t, w)
		if w.Code != 200 {
			require.Equal(t, string(text), marshalled(t, kept(t, b)), "a refused snapshot changes nothing")
			return
		}
		goesOn(t, b)
	})
}

func marshalled(t testing.TB, v any) string {
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return string(text)
}

// goesOn asks a workspace for all it can tell, and lets time pass in it.
func goesOn(t testing.TB, b *bare) {
	for _, way := range []string{
		"GET state", "GET clock", "GET balances", "GET ledger", "GET invariants", "GET webhooks", "GET timeline", "GET coverage", "GET scenario", "GET verify",
		"POST clock", "GET balances", "GET webhooks",
	} {
		method, path, _ := strings.Cut(way, " ")
		body := ""
		if method == "POST" {
			body = `{"advance":"10m"}`
		}
		b.fine(t, b.call(t, method, path, "application/json", body))
	}
}
