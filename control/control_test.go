package control_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/mockpay/mockpay/mockpaytest"
)

// An api calls the control API of a test's server as any HTTP client would.
type api struct {
	t *testing.T
	m *mockpaytest.Mockpay
}

func start(t *testing.T, opts ...mockpaytest.Option) *api {
	return &api{t, mockpaytest.Start(t, opts...)}
}

// call returns the status, the decoded body and the answer. A header list may
// follow the body.
func (a *api) call(method, path, body string, header ...string) (int, map[string]any, *http.Response) {
	a.t.Helper()
	url := a.m.URL + "/_mockpay/" + path
	if !strings.Contains(path, "workspace") {
		join := "?"
		if strings.Contains(path, "?") {
			join = "&"
		}
		url += join + "workspace=" + a.m.Workspace.ID
	}
	req, err := http.NewRequestWithContext(a.t.Context(), method, url, strings.NewReader(body))
	require.NoError(a.t, err)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(a.t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(a.t, err)
	var decoded map[string]any
	if len(text) > 0 && strings.Contains(res.Header.Get("Content-Type"), "json") {
		require.NoError(a.t, json.Unmarshal(text, &decoded), "%s", text)
	}
	return res.StatusCode, decoded, res
}

// refused expects a problem whose detail holds a text.
func (a *api) refused(status int, detail, method, path, body string, header ...string) map[string]any {
	a.t.Helper()
	got, problem, res := a.call(method, path, body, header...)
	assert.Equal(a.t, status, got, "%s %s %s", method, path, body)
	assert.Equal(a.t, "application/problem+json", res.Header.Get("Content-Type"))
	assert.Contains(a.t, problem["detail"], detail)
	assert.EqualValues(a.t, status, problem["status"])
	return problem
}

// ok expects a 200.
func (a *api) ok(method, path, body string, header ...string) map[string]any {
	a.t.Helper()
	status, decoded, _ := a.call(method, path, body, header...)
	require.Equal(a.t, 200, status, "%s %s: %v", method, path, decoded)
	return decoded
}

// provider calls an operation of Dinar Dragon.
func (a *api) provider(path, body string) map[string]any {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), "POST", a.m.BaseURL("dinardragon")+path, strings.NewReader(body))
	require.NoError(a.t, err)
	req.Header.Set("Authorization", "Bearer "+a.m.Credential("dinardragon", "private_key"))
	res, err := http.DefaultClient.Do(req)
	require.NoError(a.t, err)
	defer res.Body.Close()
	var decoded map[string]any
	require.NoError(a.t, json.NewDecoder(res.Body).Decode(&decoded))
	return decoded
}

// payout quotes and executes a payout of one amount to one account.
func (a *api) payout(amount string) map[string]any {
	a.t.Helper()
	quote := a.provider("/get-authcode", fmt.Sprintf(`{"amount":%[1]s,"accounts":[{"acc":1,"amount":%[1]s,"bank":"b","country":"US","recipientname":"n"}]}`, amount))
	require.EqualValues(a.t, 200, quote["code"], "%v", quote)
	paid := a.provider("/execute", fmt.Sprintf(`{"authcode":%q}`, quote["authcode"]))
	require.EqualValues(a.t, 200, paid["code"], "%v", paid)
	return paid
}

func at(v any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			v = v.(map[string]any)[p]
		case int:
			v = v.([]any)[p]
		}
	}
	return v
}

func TestHealth(t *testing.T) {
	a := start(t)
	assert.Equal(t, map[string]any{"status": "ok", "version": "test"}, a.ok("GET", "health", ""))
	a.ok("GET", "ready", "")
}

func TestUnknownNames(t *testing.T) {
	a := start(t)
	a.refused(404, `did you mean "/_mockpay/clock"?`, "GET", "clok", "")
	a.refused(405, "clock takes GET, POST, not DELETE", "DELETE", "clock", "")
	_, _, res := a.call("DELETE", "clock", "")
	assert.Equal(t, "GET, POST", res.Header.Get("Allow"))
	_, _, res = a.call("HEAD", "health", "")
	assert.Equal(t, 200, res.StatusCode)
	a.refused(404, `no workspace "nowhere"`, "GET", "clock?workspace=nowhere", "")
	a.refused(404, `no workspace ""`, "GET", "clock?workspace=", "")
	a.refused(422, `did you mean "operation"?`, "GET", "requests?opeation=x", "")
}

func TestGuard(t *testing.T) {
	a := start(t)
	for name, header := range map[string][]string{
		"Origin":      {"Origin", "https://evil.example"},
		"NullOrigin":  {"Origin", "null"},
		"OtherPort":   {"Origin", "http://127.0.0.1:1"},
		"CrossSite":   {"Sec-Fetch-Site", "cross-site"},
		"OtherSub":    {"Sec-Fetch-Site", "same-site"},
		"BadOrigin":   {"Origin", "http://%zz"},
		"OwnAndCross": {"Origin", a.m.URL, "Sec-Fetch-Site", "cross-site"},
	} {
		t.Run("Err"+name, func(t *testing.T) { a.refused(403, "another origin", "GET", "health", "", header...) })
	}
	a.ok("POST", "reset", "", "Origin", a.m.URL, "Sec-Fetch-Site", "same-origin")
	a.ok("GET", "health", "", "Sec-Fetch-Site", "none")
}

func TestToken(t *testing.T) {
	a := start(t, mockpaytest.ControlToken("s3cret"))
	for _, wrong := range []string{"", "s3cret", "Bearer", "Bearer s3cre", "Bearer s3crett", "Basic s3cret"} {
		_, _, res := a.call("GET", "health", "", "Authorization", wrong)
		assert.Equal(t, 401, res.StatusCode, wrong)
		assert.Contains(t, res.Header.Get("WWW-Authenticate"), "Bearer")
	}
	a.ok("GET", "health", "", "Authorization", "Bearer s3cret")
}

func TestProviders(t *testing.T) {
	a := start(t)
	p := at(a.ok("GET", "providers", ""), "providers", 0)
	assert.Equal(t, "dinardragon", at(p, "name"))
	assert.Equal(t, a.m.URL+"/dinardragon", at(p, "base_url"))
	assert.Equal(t, []any{"dinardragon.com"}, at(p, "hosts"))
	op := at(p, "operations", 1)
	assert.Equal(t, "execute", at(op, "name"))
	assert.Equal(t, "/execute", at(op, "path"))
	for _, outcome := range []string{"insufficient_balance", "authcode_expired", "authcode_used", "authcode_unknown", "unauthorized", "rate_limited", "server_error"} {
		assert.Contains(t, at(op, "outcomes"), outcome)
	}
	assert.Equal(t, []any{}, at(p, "webhook_events"))
}

func TestFidelity(t *testing.T) {
	a := start(t)
	all := at(a.ok("GET", "fidelity", ""), "fidelity").([]any)
	assert.Equal(t, map[string]any{
		"provider": "dinardragon", "topic": "Calls", "is": "documented", "note": "", "switches": []any{}, "switch": "",
		"what": "`POST /get-authcode`, `/execute`, `/status` on `dinardragon.com`, JSON both ways",
	}, all[0])
	var providers []any
	for _, s := range all {
		providers = append(providers, at(s, "provider"))
	}
	assert.Equal(t, []any{"dinardragon", "dinaricash", "usdtpayout", "executions"}, slices.Compact(providers))

	for _, is := range []string{"documented", "inferred", "our choice"} {
		some := at(a.ok("GET", "fidelity?provider=usdtpayout&workspace=nowhere&is="+url.QueryEscape(is), ""), "fidelity").([]any)
		require.NotEmpty(t, some)
		for _, s := range some {
			assert.Equal(t, []any{"usdtpayout", is}, []any{at(s, "provider"), at(s, "is")})
		}
	}
	a.refused(404, `no provider "dinardragn", did you mean "dinardragon"?`, "GET", "fidelity?provider=dinardragn", "")
	a.refused(422, `no basis "chosen"; there are: documented, inferred, our choice`, "GET", "fidelity?is=chosen", "")
	a.refused(422, `no query parameter "topic"`, "GET", "fidelity?topic=Calls", "")
}

func TestOpenAPIDocuments(t *testing.T) {
	a := start(t)
	res, err := http.Get(a.m.URL + "/_mockpay/providers/executions/openapi.yaml")
	require.NoError(t, err)
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	assert.Equal(t, 200, res.StatusCode)
	assert.Equal(t, "application/yaml", res.Header.Get("Content-Type"))
	var doc struct {
		OpenAPI string
		Paths   map[string]any
	}
	require.NoError(t, yaml.Unmarshal(body, &doc))
	assert.Equal(t, "3.1.0", doc.OpenAPI)
	assert.Contains(t, doc.Paths, "/{version}/executions/payout")

	a.refused(404, `did you mean "executions"?`, "GET", "providers/execution/openapi.yaml", "")
	a.refused(404, "there are: executions", "GET", "providers/dinardragon/openapi.yaml", "")
}

func TestWorkspaces(t *testing.T) {
	a := start(t)
	status, made, _ := a.call("POST", "workspaces", `{"id":"one","seed":5,"scenario":"instant","ttl":"1h"}`)
	require.Equal(t, 201, status)
	assert.Equal(t, map[string]any{
		"id": "one", "seed": 5.0, "providers": map[string]any{
			"dinardragon": map[string]any{
				"base_url": a.m.URL + "/dinardragon", "credentials": map[string]any{"private_key": "dd-one-private-key"},
			},
			"dinaricash": map[string]any{"base_url": a.m.URL + "/dinaricash", "credentials": map[string]any{
				"corporate_account_id": "2d2d699109e9fce83c7fdf4dc5b368d8", "gateway_api_key": "0f8b9730af08af4aacec2020837c7d6c",
				"webhook_key": "48373f5ca57116b5796c8bf98d02ea97",
			}},
			"usdtpayout": map[string]any{
				"base_url": a.m.URL + "/usdtpayout", "live_base_url": a.m.URL + "/usdtpayout/live", "credentials": map[string]any{
					"api_key": "pg-one-api-key", "email": "owner@one.test", "password": "pw-one",
					"encryption_secret": "qnoIpwaFQFoQvhANs_Ogn8cTmhaI01ZtJwyLkSbVzq4", "hmac_secret": "Sc-pPWkNbNiDi_cqX2WZA3QXEGFg4M5TonLD6R7fddk",
				},
			},
			"executions": map[string]any{"base_url": a.m.URL + "/executions", "credentials": map[string]any{
				"client_id": "dollr-one-client", "client_secret": "dollr-one-secret", "passcode": "123456", "phone": "231771234567",
			}},
		},
	}, made)
	assert.Equal(t, made, a.ok("GET", "workspaces/one", ""))
	a.refused(409, `"one"`, "POST", "workspaces", `{"id":"one"}`)
	a.refused(422, "1 to 64", "POST", "workspaces", `{"id":"a b"}`)
	a.refused(422, "ttl", "POST", "workspaces", `{"ttl":"soon"}`)
	a.refused(422, `did you mean "seed"?`, "POST", "workspaces", `{"sead":1}`)
	a.refused(422, `"seed" must be a whole number, it is string`, "POST", "workspaces", `{"seed":"7"}`)
	a.refused(422, `did you mean "instant"?`, "POST", "workspaces", `{"scenario":"instnt"}`)
	a.refused(400, "not JSON", "POST", "workspaces", `{`)
	a.refused(422, "the body must be an object, it is array", "POST", "workspaces", `[]`)
	problem := a.refused(422, "mistakes in the scenario: 1; the first, in line 2: seed", "POST", "workspaces", `{"scenario":"version: 1\nseed: x\n"}`)
	assert.EqualValues(t, 2, at(problem, "errors", 0, "line"))
	assert.EqualValues(t, 7, at(problem, "errors", 0, "column"))

	status, drawn, _ := a.call("POST", "workspaces", "")
	require.Equal(t, 201, status)
	assert.Len(t, at(a.ok("GET", "workspaces", ""), "workspaces"), 4)
	assert.Equal(t, "default", at(a.ok("GET", "workspaces", ""), "workspaces", 0, "id"))
	status, _, _ = a.call("DELETE", "workspaces/"+drawn["id"].(string), "")
	assert.Equal(t, 204, status)
	a.refused(404, "no workspace", "DELETE", "workspaces/"+drawn["id"].(string), "")
	a.refused(409, "default", "DELETE", "workspaces/default", "")
}

func TestSeedOfTheBodyBeatsTheScenario(t *testing.T) {
	a := start(t)
	_, made, _ := a.call("POST", "workspaces", `{"seed":5,"scenario":"version: 1\nseed: 9"}`)
	assert.EqualValues(t, 5, made["seed"])
	_, made, _ = a.call("POST", "workspaces", `{"scenario":"version: 1\nseed: 9"}`)
	assert.EqualValues(t, 9, made["seed"])
}

func TestScenario(t *testing.T) {
	a := start(t)
	assert.Equal(t, "default", a.ok("GET", "scenario", "")["name"])
	a.payout("10")
	assert.Equal(t, "instant", a.ok("PUT", "scenario", `{"name":"instant"}`, "Content-Type", "application/json")["name"])
	assert.Equal(t, "10000", a.m.Balance("dinardragon", "USD"), "a new scenario resets")

	const text = "# mine\nversion: 1\nname: mine\nproviders: {dinardragon: {balance: 77}}\n"
	assert.Equal(t, text, a.ok("PUT", "scenario", text, "Content-Type", "application/yaml")["yaml"])
	assert.Equal(t, "77", a.m.Balance("dinardragon", "USD"))
	problem := a.refused(422, "mistakes", "PUT", "scenario", "version: 1\nrules:\n  - on: dinardragon.execut\n    respond: server_error\n")
	assert.Equal(t, map[string]any{
		"file": "scenario", "line": 3.0, "column": 9.0, "path": "rules[0].on",
		"message": `no operation "dinardragon.execut", did you mean "dinardragon.execute"?`,
	}, at(problem, "errors", 0))
	assert.Equal(t, "mine", a.ok("GET", "scenario", "")["name"], "a broken scenario never replaces a good one")
	a.refused(422, "shipped scenario", "PUT", "scenario", `{}`, "Content-Type", "application/json")

	t.Run("PatchKeepsState", func(t *testing.T) {
		a.payout("10")
		shown := a.ok("PATCH", "scenario", "version: 1\nproviders: {dinardragon: {balance: 5}}\nrules: [{on: dinardragon.status, respond: rate_limited}]\n")
		assert.Contains(t, shown["yaml"], "rate_limited")
		assert.Contains(t, shown["yaml"], "balance: 77")
		assert.Equal(t, "66.75", a.m.Balance("dinardragon", "USD"))
		assert.EqualValues(t, 429, a.provider("/status", "{}")["code"])
		a.ok("POST", "reset", "")
		assert.EqualValues(t, 429, a.provider("/status", "{}")["code"], "the rules stay through a reset")
		assert.Equal(t, "77", a.m.Balance("dinardragon", "USD"))
	})
	t.Run("Schema", func(t *testing.T) {
		schema := a.ok("GET", "scenario.schema.json", "")
		assert.Equal(t, "https://json-schema.org/draft/2020-12/schema", schema["$schema"])
		assert.Contains(t, at(schema, "$defs", "rule", "properties", "on", "enum"), "dinardragon.execute")
		_, _, res := a.call("GET", "scenario.schema.json", "")
		assert.Equal(t, "application/schema+json", res.Header.Get("Content-Type"))
	})
	t.Run("Library", func(t *testing.T) {
		list := a.ok("GET", "scenarios", "")["scenarios"].([]any)
		assert.Equal(t, "default", at(list, 0, "name"))
		for _, s := range list {
			assert.NotEmpty(t, at(s, "description"))
			shown := a.ok("GET", "scenarios/"+at(s, "name").(string), "")
			assert.Contains(t, shown["yaml"], "name: "+at(s, "name").(string))
		}
		_, _, res := a.call("GET", "scenarios/instant", "", "Accept", "application/yaml")
		assert.Equal(t, "application/yaml", res.Header.Get("Content-Type"))
		a.refused(404, `did you mean "instant"?`, "GET", "scenarios/instan", "")
	})
}

const frozen = "version: 1\nclock: {start: 2026-01-15T09:00:00Z, frozen: true}\n"

func TestClock(t *testing.T) {
	a := start(t, mockpaytest.Scenario(frozen))
	paid := a.payout("10")
	ref := at(paid, "accounts", 0, "uniqueid")
	due := map[string]any{"at": "2026-01-15T09:00:02.000Z", "kind": "dinardragon.settle", "ref": ref}
	assert.Equal(t, map[string]any{"now": "2026-01-15T09:00:00.000Z", "frozen": true, "speed": 1.0, "pending": []any{due}}, a.ok("GET", "clock", ""))
	moved := a.ok("POST", "clock", `{"advance":"1.999s"}`)
	assert.Equal(t, []any{}, moved["fired"])
	moved = a.ok("POST", "clock", `{"set":"2026-01-15T09:00:02Z"}`)
	assert.Equal(t, []any{due}, moved["fired"])
	assert.Equal(t, []any{}, moved["pending"])
	assert.Equal(t, "2026-01-15T09:00:02.000Z", a.ok("POST", "clock", `{"advance":"0s"}`)["now"])

	for body, detail := range map[string]string{
		`{"advance":"-1s"}`:                  "backwards",
		`{"set":"2026-01-15T09:00:01.999Z"}`: "backwards",
		`{"set":"tomorrow"}`:                 "tomorrow",
		`{"advance":"later"}`:                "later",
		`{"advance":"1us"}`:                  "1ms",
		`{"speed":0}`:                        "speed",
		`{"speed":-1}`:                       "speed",
		`{}`:                                 "say what to do",
		``:                                   "say what to do",
		`{"advance":"1s","set":"2027-01-15T09:00:00Z"}`: "twice",
		`{"freeze":"yes"}`: `"freeze" must be true or false`,
		`{"freeze":false,"set":"2020-01-01T00:00:00Z"}`: "backwards",
		`{"frozen":true}`:                    `did you mean "freeze"?`,
		`{"set":"9999-12-31T23:59:59.500Z"}`: "9699",
		`{"speed":5,"advance":"-1s"}`:        "backwards",
	} {
		a.refused(422, detail, "POST", "clock", body)
	}
	state := a.ok("GET", "clock", "")
	assert.Equal(t, true, state["frozen"], "a refused move changes nothing")
	assert.Equal(t, 1.0, state["speed"])
	assert.Equal(t, "2026-01-15T09:00:02.000Z", state["now"])

	assert.Equal(t, false, a.ok("POST", "clock", `{"freeze":false,"speed":60}`)["frozen"])
	moved = a.ok("POST", "clock", `{"freeze":true,"set":"2027-01-01T00:00:00+01:00"}`)
	assert.Equal(t, "2026-12-31T23:00:00.000Z", moved["now"], "a clock that is to stand stands exactly there")
}

func TestBalancesAndLedger(t *testing.T) {
	a := start(t, mockpaytest.Scenario(frozen))
	a.payout("100")
	assert.Equal(t, map[string]any{
		"dinardragon": map[string]any{"USD": "12.5"}, "dinaricash": map[string]any{"payout": "50111.1", "float": "1022.25", "reserve": "100000"},
		"usdtpayout": map[string]any{"USDT": "10000", "USDT_reserved": "0"},
		"executions": map[string]any{"USD": "10000", "LRD": "1000000", "RWF": "1000000"},
	}, a.ok("PATCH", "balances", `{"dinardragon":{"USD":12.50}}`))
	a.ok("PATCH", "balances", `{"dinardragon":{"USD":"12.500"}}`)
	entries := a.ok("GET", "ledger?provider=dinardragon&balance=USD", "")["entries"].([]any)
	require.Len(t, entries, 3, "setting a balance to what it is moves nothing")
	assert.Equal(t, map[string]any{
		"at": "2026-01-15T09:00:00.000Z", "provider": "dinardragon", "balance": "USD", "delta": "10000", "after": "10000", "operation": "opening",
	}, entries[0])
	assert.Equal(t, "-102.5", at(entries, 1, "delta"))
	assert.Equal(t, "dinardragon.execute", at(entries, 1, "operation"))
	assert.Equal(t, "req-2", at(entries, 1, "request"))
	assert.Equal(t, "set by control", at(entries, 2, "operation"))
	assert.Equal(t, "12.5", at(entries, 2, "after"))
	assert.Equal(t, true, a.ok("GET", "invariants", "")["ok"])

	for body, detail := range map[string]string{
		`{"dinardragon":{"EUR":"1"}}`:           `"dinardragon.EUR"`,
		`{"dinardragn":{"USD":"1"}}`:            `did you mean "dinardragon.USD"?`,
		`{"dinardragon":{"USD":"ten"}}`:         "ten",
		`{"dinardragon":{"USD":null}}`:          "null",
		`{"dinardragon":{"USD":1e999999999}}`:   "digits",
		`{"dinardragon":{"USD":"1","EUR":"1"}}`: "EUR",
		`{}`:                                    "say which",
		`{"dinardragon":5}`:                     "must be",
	} {
		a.refused(422, detail, "PATCH", "balances", body)
	}
	assert.Equal(t, "12.5", a.m.Balance("dinardragon", "USD"), "a refused change changes nothing")
	a.refused(422, "provider", "GET", "ledger?provider=x", "")
	a.refused(422, "balance", "GET", "ledger?balance=EUR", "")
}

func TestRequests(t *testing.T) {
	a := start(t, mockpaytest.Scenario(frozen), mockpaytest.JournalSize(4))
	a.payout("100")
	a.provider("/status", `{"uniqueid":"nope"}`)
	a.provider("/sttus", `{}`)
	all := a.ok("GET", "requests", "")
	require.Len(t, all["requests"], 4)
	newest := at(all, "requests", 0)
	assert.Equal(t, false, at(newest, "matched"))
	assert.Contains(t, at(newest, "hint"), "did you mean POST /status?")
	status := at(all, "requests", 1)
	assert.Equal(t, "req-3", at(status, "id"))
	assert.Equal(t, "dinardragon", at(status, "provider"))
	assert.Equal(t, "dinardragon.status", at(status, "operation"))
	assert.Equal(t, "POST", at(status, "method"))
	assert.Equal(t, "/dinardragon/status", at(status, "path"))
	assert.EqualValues(t, 400, at(status, "status"))
	assert.Equal(t, `{"uniqueid":"nope"}`, at(status, "request", "body"))
	assert.Equal(t, "nope", at(status, "request", "fields", "uniqueid"))
	assert.Equal(t, `{"code":400,"error":"Payment not found."}`, at(status, "response", "body"))
	key := a.m.Credential("dinardragon", "private_key")
	assert.Equal(t, "Bearer "+strings.Repeat("*", len(key)-4)+"-key", at(status, "request", "headers", "Authorization"))
	assert.Equal(t, status, a.ok("GET", "requests/req-3", ""))
	a.refused(404, "req-99", "GET", "requests/req-99", "")

	for query, want := range map[string]int{
		"?operation=dinardragon.status": 1, "?operation=status": 1, "?status=200": 2, "?matched=false": 1, "?limit=3": 3,
		"?provider=dinardragon": 4, "?since=req-1": 4, "?since=2026-01-15T09:00:00.001Z": 0, "?status=400&matched=true": 1,
	} {
		assert.Len(t, a.ok("GET", "requests"+query, "")["requests"], want, query)
	}
	for query, detail := range map[string]string{
		"?operation=stats": "did you mean", "?provider=dd": "no provider", "?status=ok": "whole number", "?matched=maybe": "true or false",
		"?limit=-1": "whole number", "?since=yesterday": "since",
	} {
		a.refused(422, detail, "GET", "requests"+query, "")
	}
	a.provider("/status", `{}`)
	assert.EqualValues(t, 1, a.ok("GET", "requests", "")["dropped"])
	code, _, _ := a.call("DELETE", "requests", "")
	assert.Equal(t, 204, code)
	assert.Equal(t, map[string]any{"requests": []any{}, "dropped": 0.0}, a.ok("GET", "requests", ""))
}

func TestRequestsWait(t *testing.T) {
	a := start(t)
	a.refused(408, "0 of 2", "GET", "requests/wait?count=2&timeout=10ms", "")
	a.refused(422, "timeout", "GET", "requests/wait?timeout=-1s", "")
	a.refused(422, "timeout", "GET", "requests/wait?timeout=1h", "")
	a.refused(422, "count", "GET", "requests/wait?count=x", "")
	done := make(chan struct{})
	go func() {
		defer close(done)
		list, err := a.m.AwaitRequests(t.Context(), "dinardragon.status", 2, 10*time.Second)
		if assert.NoError(t, err) {
			assert.Len(t, list.Requests, 2)
		}
	}()
	a.provider("/status", `{}`)
	a.provider("/execute", `{}`)
	a.provider("/status", `{}`)
	<-done
	a.ok("GET", "requests/wait?operation=status&count=2&timeout=1", "")
}

func TestSimulate(t *testing.T) {
	a := start(t, mockpaytest.Scenario(frozen))
	a.refused(404, "no payment", "POST", "simulate/dinardragon.settle", `{"payment":"last"}`)
	paid := a.payout("100")
	id := at(paid, "accounts", 0, "uniqueid").(string)
	for body, detail := range map[string]string{
		`{}`:                             `"payment" is missing`,
		`{"payment":"last","as":"lost"}`: `value of as`,
		`{"payment":"last","to":"x"}`:    `no argument "to"`,
		`{"payment":["last"]}`:           "an array",
	} {
		a.refused(422, detail, "POST", "simulate/dinardragon.settle", body)
	}
	a.refused(404, "whole payout", "POST", "simulate/dinardragon.settle", fmt.Sprintf(`{"payment":%q}`, paid["payment_id"]))
	a.refused(404, `did you mean "dinardragon.settle"?`, "POST", "simulate/dinardragon.setle", `{}`)
	a.refused(404, "no action", "POST", "simulate/other.settle", `{}`)
	assert.Equal(t, map[string]any{
		"payment": id, "payout": paid["payment_id"], "from": "processing", "to": "failed", "balance": "9997.5",
	}, a.ok("POST", "simulate/dinardragon.settle", `{"payment":"first","as":"failed"}`))
	a.refused(409, "final", "POST", "simulate/dinardragon.settle", `{"payment":"`+id+`"}`)
	assert.Empty(t, a.ok("GET", "clock", "")["pending"], "what was settled by hand is not due any more")
	actions := a.ok("GET", "actions", "")["actions"].([]any)
	assert.Equal(t, "dinardragon.settle", at(actions, 0, "name"))
}

func TestStateGoesOnElsewhere(t *testing.T) {
	here := start(t, mockpaytest.Scenario(frozen+"rules: [{on: dinardragon.status, skip: 2, respond: rate_limited}]\n"), mockpaytest.Seed(3))
	here.payout("100")
	here.provider("/status", `{}`)
	snapshot := saved(t, here)

	there := start(t)
	there.payout("1")
	there.ok("PUT", "state", snapshot)
	assert.Equal(t, snapshot, saved(t, there))
	for _, a := range []*api{here, there} {
		assert.EqualValues(t, 400, a.provider("/status", `{}`)["code"])
		assert.EqualValues(t, 429, a.provider("/status", `{}`)["code"], "rules count on")
		a.m.Advance(2 * time.Second)
	}
	assert.Equal(t, here.payout("5"), there.payout("5"))
	assert.Equal(t, here.ok("GET", "ledger", ""), there.ok("GET", "ledger", ""))

	before := saved(t, there)
	for _, broken := range []string{
		`{}`, `{"version":2}`, strings.Replace(snapshot, `"delta":"-102.5"`, `"delta":"-102"`, 1),
		strings.Replace(snapshot, `"version":1`, `"version":1,"extra":1`, 1),
		strings.Replace(snapshot, `dinardragon.settle"`, `dinardragon.settel"`, 1),
		strings.Replace(snapshot, `dinardragon.payments`, `dinardragon.pays`, 1),
		strings.Replace(snapshot, `"at":"2026`, `"at":"never`, 1),
		strings.Replace(snapshot, `"delta":"-102.5"`, `"delta":"much"`, 1),
		strings.Replace(snapshot, `"speed":1`, `"speed":0`, 1),
		strings.Replace(snapshot, `skip: 2`, `skipp: 2`, 1),
	} {
		require.NotEqual(t, snapshot, broken)
		there.refused(422, "", "PUT", "state", broken)
	}
	there.refused(422, "the snapshot cannot be restored: its scenario: ", "PUT", "state", `{"version":1}`)
	assert.Equal(t, before, saved(t, there), "a refused snapshot changes nothing")
}

func saved(t *testing.T, a *api) string {
	t.Helper()
	doc, err := a.m.State(t.Context())
	require.NoError(t, err)
	return string(doc)
}

func TestReset(t *testing.T) {
	a := start(t, mockpaytest.Scenario(frozen), mockpaytest.Seed(3))
	first := a.payout("100")
	a.m.Advance(time.Hour)
	a.ok("POST", "reset", "")
	assert.Equal(t, "2026-01-15T09:00:00.000Z", a.ok("GET", "clock", "")["now"], "back in time")
	assert.Empty(t, a.ok("GET", "requests", "")["requests"])
	assert.Equal(t, "10000", a.m.Balance("dinardragon", "USD"))
	assert.Equal(t, first, a.payout("100"), "the same ids again")
}
