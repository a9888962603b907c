package client_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
)

// A seen is what a server saw of a request.
type seen struct {
	method, uri, token, media, body string
}

// answering starts a server that gives every request the same answer and keeps
// the last one.
func answering(t *testing.T, status int, media, body string) (*httptest.Server, *seen) {
	last := new(seen)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		*last = seen{r.Method, r.URL.RequestURI(), r.Header.Get("Authorization"), r.Header.Get("Content-Type"), string(sent)}
		w.Header().Set("Content-Type", media)
		w.WriteHeader(status)
		io.WriteString(w, body)
	}))
	t.Cleanup(srv.Close)
	return srv, last
}

func TestRequestShapes(t *testing.T) {
	type C = client.Client
	yes, seed := true, int64(7)
	at := time.Date(2026, 1, 15, 9, 0, 0, 0, time.UTC)

	tests := []struct {
		name string
		call func(context.Context, *C) (any, error)
		want seen
	}{
		{"Health", func(ctx context.Context, c *C) (any, error) { return c.Health(ctx) },
			seen{method: "GET", uri: "/_mockpay/health"}},
		{"Metrics", func(ctx context.Context, c *C) (any, error) { return c.Metrics(ctx) },
			seen{method: "GET", uri: "/_mockpay/metrics"}},
		{"Ready", func(ctx context.Context, c *C) (any, error) { return nil, c.Ready(ctx) },
			seen{method: "GET", uri: "/_mockpay/ready"}},
		{"Providers", func(ctx context.Context, c *C) (any, error) { return c.Providers(ctx) },
			seen{method: "GET", uri: "/_mockpay/providers"}},
		{"CreateWorkspace", func(ctx context.Context, c *C) (any, error) {
			return c.CreateWorkspace(ctx, client.WorkspaceSpec{ID: "a", Scenario: "instant", Seed: &seed, TTL: 10 * time.Minute})
		}, seen{method: "POST", uri: "/_mockpay/workspaces", media: "application/json",
			body: `{"id":"a","scenario":"instant","seed":7,"ttl":"10m0s"}`}},
		{"CreateWorkspaceDefaults", func(ctx context.Context, c *C) (any, error) {
			return c.CreateWorkspace(ctx, client.WorkspaceSpec{})
		}, seen{method: "POST", uri: "/_mockpay/workspaces", media: "application/json", body: `{}`}},
		{"Workspaces", func(ctx context.Context, c *C) (any, error) { return c.Workspaces(ctx) },
			seen{method: "GET", uri: "/_mockpay/workspaces"}},
		{"Workspace", func(ctx context.Context, c *C) (any, error) { return c.Workspace(ctx, "a/b") },
			seen{method: "GET", uri: "/_mockpay/workspaces/a%2Fb"}},
		{"DeleteWorkspace", func(ctx context.Context, c *C) (any, error) { return nil, c.DeleteWorkspace(ctx, "a") },
			seen{method: "DELETE", uri: "/_mockpay/workspaces/a"}},
		{"Reset", func(ctx context.Context, c *C) (any, error) { return c.Reset(ctx) },
			seen{method: "POST", uri: "/_mockpay/reset?workspace=ci"}},
		{"Scenario", func(ctx context.Context, c *C) (any, error) { return c.Scenario(ctx) },
			seen{method: "GET", uri: "/_mockpay/scenario?workspace=ci"}},
		{"LoadScenario", func(ctx context.Context, c *C) (any, error) { return c.LoadScenario(ctx, "version: 1\n") },
			seen{method: "PUT", uri: "/_mockpay/scenario?workspace=ci", media: "application/yaml", body: "version: 1\n"}},
		{"UseScenario", func(ctx context.Context, c *C) (any, error) { return c.UseScenario(ctx, "instant") },
			seen{method: "PUT", uri: "/_mockpay/scenario?workspace=ci", media: "application/json", body: `{"name":"instant"}`}},
		{"ReplaceRules", func(ctx context.Context, c *C) (any, error) { return c.ReplaceRules(ctx, "version: 1\n") },
			seen{method: "PATCH", uri: "/_mockpay/scenario?workspace=ci", media: "application/yaml", body: "version: 1\n"}},
		{"ScenarioSchema", func(ctx context.Context, c *C) (any, error) { return c.ScenarioSchema(ctx) },
			seen{method: "GET", uri: "/_mockpay/scenario.schema.json"}},
		{"ShippedScenarios", func(ctx context.Context, c *C) (any, error) { return c.ShippedScenarios(ctx) },
			seen{method: "GET", uri: "/_mockpay/scenarios"}},
		{"ShippedScenario", func(ctx context.Context, c *C) (any, error) { return c.ShippedScenario(ctx, "instant") },
			seen{method: "GET", uri: "/_mockpay/scenarios/instant"}},
		{"Clock", func(ctx context.Context, c *C) (any, error) { return c.Clock(ctx) },
			seen{method: "GET", uri: "/_mockpay/clock?workspace=ci"}},
		{"Freeze", func(ctx context.Context, c *C) (any, error) { return c.Freeze(ctx) },
			seen{method: "POST", uri: "/_mockpay/clock?workspace=ci", media: "application/json", body: `{"freeze":true}`}},
		{"Resume", func(ctx context.Context, c *C) (any, error) { return c.Resume(ctx) },
			seen{method: "POST", uri: "/_mockpay/clock?workspace=ci", media: "application/json", body: `{"freeze":false}`}},
		{"Advance", func(ctx context.Context, c *C) (any, error) { return c.Advance(ctx, 15*time.Minute) },
			seen{method: "POST", uri: "/_mockpay/clock?workspace=ci", media: "application/json", body: `{"advance":"15m0s"}`}},
		{"SetTime", func(ctx context.Context, c *C) (any, error) { return c.SetTime(ctx, at) },
			seen{method: "POST", uri: "/_mockpay/clock?workspace=ci", media: "application/json", body: `{"set":"2026-01-15T09:00:00Z"}`}},
		{"SetSpeed", func(ctx context.Context, c *C) (any, error) { return c.SetSpeed(ctx, 60) },
			seen{method: "POST", uri: "/_mockpay/clock?workspace=ci", media: "application/json", body: `{"speed":60}`}},
		{"Timeline", func(ctx context.Context, c *C) (any, error) { return c.Timeline(ctx) },
			seen{method: "GET", uri: "/_mockpay/timeline?workspace=ci"}},
		{"Balances", func(ctx context.Context, c *C) (any, error) { return c.Balances(ctx) },
			seen{method: "GET", uri: "/_mockpay/balances?workspace=ci"}},
		{"SetBalances", func(ctx context.Context, c *C) (any, error) {
			return c.SetBalances(ctx, client.Balances{"dinaricash": {"payout": "5.10"}})
		}, seen{method: "PATCH", uri: "/_mockpay/balances?workspace=ci", media: "application/json", body: `{"dinaricash":{"payout":"5.10"}}`}},
		{"Ledger", func(ctx context.Context, c *C) (any, error) {
			return c.Ledger(ctx, client.LedgerFilter{Provider: "usdtpayout", Balance: "USDT"})
		}, seen{method: "GET", uri: "/_mockpay/ledger?balance=USDT&provider=usdtpayout&workspace=ci"}},
		{"Invariants", func(ctx context.Context, c *C) (any, error) { return c.Invariants(ctx) },
			seen{method: "GET", uri: "/_mockpay/invariants?workspace=ci"}},
		{"Verify", func(ctx context.Context, c *C) (any, error) { return c.Verify(ctx) },
			seen{method: "GET", uri: "/_mockpay/verify?workspace=ci"}},
		{"VerifyExpect", func(ctx context.Context, c *C) (any, error) { return c.VerifyExpect(ctx, "[]") },
			seen{method: "POST", uri: "/_mockpay/verify?workspace=ci", media: "application/yaml", body: "[]"}},
		{"Coverage", func(ctx context.Context, c *C) (any, error) { return c.Coverage(ctx, "") },
			seen{method: "GET", uri: "/_mockpay/coverage?workspace=ci"}},
		{"Fidelity", func(ctx context.Context, c *C) (any, error) { return c.Fidelity(ctx, client.FidelityFilter{}) },
			seen{method: "GET", uri: "/_mockpay/fidelity"}},
		{"FidelityFiltered", func(ctx context.Context, c *C) (any, error) {
			return c.Fidelity(ctx, client.FidelityFilter{Provider: "p", Is: "our choice"})
		}, seen{method: "GET", uri: "/_mockpay/fidelity?is=our+choice&provider=p"}},
		{"CoverageOf", func(ctx context.Context, c *C) (any, error) { return c.Coverage(ctx, "p") },
			seen{method: "GET", uri: "/_mockpay/coverage?provider=p&workspace=ci"}},
		{"Requests", func(ctx context.Context, c *C) (any, error) { return c.Requests(ctx, client.RequestFilter{}) },
			seen{method: "GET", uri: "/_mockpay/requests?workspace=ci"}},
		{"RequestsFiltered", func(ctx context.Context, c *C) (any, error) {
			return c.Requests(ctx, client.RequestFilter{Provider: "p", Operation: "p.o", Status: 402, Matched: &yes, Since: "2026-01-15T09:00:00Z", Limit: 3})
		}, seen{method: "GET", uri: "/_mockpay/requests?limit=3&matched=true&operation=p.o&provider=p&since=2026-01-15T09%3A00%3A00Z&status=402&workspace=ci"}},
		{"Request", func(ctx context.Context, c *C) (any, error) { return c.Request(ctx, "r-1") },
			seen{method: "GET", uri: "/_mockpay/requests/r-1?workspace=ci"}},
		{"DeleteRequests", func(ctx context.Context, c *C) (any, error) { return nil, c.DeleteRequests(ctx) },
			seen{method: "DELETE", uri: "/_mockpay/requests?workspace=ci"}},
		{"AwaitRequests", func(ctx context.Context, c *C) (any, error) {
			return c.AwaitRequests(ctx, "executions.payout", 2, 5*time.Second)
		}, seen{method: "GET", uri: "/_mockpay/requests/wait?count=2&operation=executions.payout&timeout=5s&workspace=ci"}},
		{"Webhooks", func(ctx context.Context, c *C) (any, error) { return c.Webhooks(ctx, client.WebhookFilter{}) },
			seen{method: "GET", uri: "/_mockpay/webhooks?workspace=ci"}},
		{"AuditWebhooks", func(ctx context.Context, c *C) (any, error) { return c.AuditWebhooks(ctx, "p", "http://r/") },
			seen{method: "POST", uri: "/_mockpay/webhooks/audit?workspace=ci", media: "application/json", body: `{"provider":"p","url":"http://r/"}`}},
		{"AuditAllWebhooks", func(ctx context.Context, c *C) (any, error) { return c.AuditWebhooks(ctx, "", "") },
			seen{method: "POST", uri: "/_mockpay/webhooks/audit?workspace=ci", media: "application/json", body: `{}`}},
		{"WebhooksFiltered", func(ctx context.Context, c *C) (any, error) {
			return c.Webhooks(ctx, client.WebhookFilter{Provider: "p", Event: "e", Status: "failed", Limit: 3})
		}, seen{method: "GET", uri: "/_mockpay/webhooks?event=e&limit=3&provider=p&status=failed&workspace=ci"}},
		{"WebhooksOfEvent", func(ctx context.Context, c *C) (any, error) {
			return c.Webhooks(ctx, client.WebhookFilter{Event: "p.e"})
		}, seen{method: "GET", uri: "/_mockpay/webhooks?event=e&provider=p&workspace=ci"}},
		{"WebhooksOfAnothersEvent", func(ctx context.Context, c *C) (any, error) {
			return c.Webhooks(ctx, client.WebhookFilter{Provider: "q", Event: "p.e"})
		}, seen{method: "GET", uri: "/_mockpay/webhooks?event=p.e&provider=q&workspace=ci"}},
		{"Webhook", func(ctx context.Context, c *C) (any, error) { return c.Webhook(ctx, "w/1") },
			seen{method: "GET", uri: "/_mockpay/webhooks/w%2F1?workspace=ci"}},
		{"Redeliver", func(ctx context.Context, c *C) (any, error) { return c.Redeliver(ctx, "w-1") },
			seen{method: "POST", uri: "/_mockpay/webhooks/w-1/redeliver?workspace=ci"}},
		{"AwaitWebhooks", func(ctx context.Context, c *C) (any, error) {
			return c.AwaitWebhooks(ctx, "card_load", 2, 5*time.Second)
		}, seen{method: "GET", uri: "/_mockpay/webhooks/wait?count=2&event=card_load&timeout=5s&workspace=ci"}},
		{"AwaitAllWebhooks", func(ctx context.Context, c *C) (any, error) { return c.AwaitWebhooks(ctx, "", 1, time.Second) },
			seen{method: "GET", uri: "/_mockpay/webhooks/wait?count=1&timeout=1s&workspace=ci"}},
		{"DrainWebhooks", func(ctx context.Context, c *C) (any, error) { return nil, c.DrainWebhooks(ctx, time.Minute) },
			seen{method: "POST", uri: "/_mockpay/webhooks/drain?timeout=1m0s&workspace=ci"}},
		{"WebhookEndpoint", func(ctx context.Context, c *C) (any, error) { return c.WebhookEndpoint(ctx, "p") },
			seen{method: "GET", uri: "/_mockpay/webhook-endpoints/p?workspace=ci"}},
		{"SetWebhookEndpoint", func(ctx context.Context, c *C) (any, error) {
			return c.SetWebhookEndpoint(ctx, "p", client.WebhookEndpoint{
				URL: "http://h/", Encoding: "json", Attempts: 3, Backoff: []time.Duration{time.Second, time.Minute}, Timeout: 10 * time.Second,
				Reachable: true,
			})
		}, seen{method: "PUT", uri: "/_mockpay/webhook-endpoints/p?workspace=ci", media: "application/json",
			body: `{"url":"http://h/","encoding":"json","attempts":3,"backoff":["1s","1m0s"],"timeout":"10s"}`}},
		{"SetWebhookEndpointDefaults", func(ctx context.Context, c *C) (any, error) {
			return c.SetWebhookEndpoint(ctx, "p", client.WebhookEndpoint{URL: "http://h/"})
		}, seen{method: "PUT", uri: "/_mockpay/webhook-endpoints/p?workspace=ci", media: "application/json", body: `{"url":"http://h/"}`}},
		{"SetWebhookEndpointWithoutBackoff", func(ctx context.Context, c *C) (any, error) {
			return c.SetWebhookEndpoint(ctx, "p", client.WebhookEndpoint{URL: "http://h/", Backoff: []time.Duration{}})
		}, seen{method: "PUT", uri: "/_mockpay/webhook-endpoints/p?workspace=ci", media: "application/json", body: `{"url":"http://h/","backoff":[]}`}},
		{"RemoveWebhookEndpoint", func(ctx context.Context, c *C) (any, error) { return nil, c.RemoveWebhookEndpoint(ctx, "p") },
			seen{method: "DELETE", uri: "/_mockpay/webhook-endpoints/p?workspace=ci"}},
		{"Actions", func(ctx context.Context, c *C) (any, error) { return c.Actions(ctx) },
			seen{method: "GET", uri: "/_mockpay/actions?workspace=ci"}},
		{"Simulate", func(ctx context.Context, c *C) (any, error) {
			return c.Simulate(ctx, "dinardragon.settle", map[string]string{"payment": "last", "as": "failed"})
		}, seen{method: "POST", uri: "/_mockpay/simulate/dinardragon.settle?workspace=ci", media: "application/json", body: `{"as":"failed","payment":"last"}`}},
		{"SimulateWithoutArguments", func(ctx context.Context, c *C) (any, error) {
			return c.Simulate(ctx, "usdtpayout.rotate_credentials", nil)
		}, seen{method: "POST", uri: "/_mockpay/simulate/usdtpayout.rotate_credentials?workspace=ci", media: "application/json", body: `{}`}},
		{"State", func(ctx context.Context, c *C) (any, error) { return c.State(ctx) },
			seen{method: "GET", uri: "/_mockpay/state?workspace=ci"}},
		{"RestoreState", func(ctx context.Context, c *C) (any, error) {
			return nil, c.RestoreState(ctx, json.RawMessage(`{ "a": "<b>" }`))
		}, seen{method: "PUT", uri: "/_mockpay/state?workspace=ci", media: "application/json", body: `{ "a": "<b>" }`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv, last := answering(t, 200, "application/json", `{}`)
			tt.want.token = "Bearer s3cret"

			_, err := tt.call(t.Context(), client.New(srv.URL+"/", client.WithWorkspace("ci"), client.WithToken("s3cret")))

			require.NoError(t, err)
			assert.Equal(t, tt.want, *last)
		})
	}
}

func TestNoOptions(t *testing.T) {
	srv, last := answering(t, 200, "application/json", `{}`)

	_, err := client.New(srv.URL).Clock(t.Context())

	require.NoError(t, err)
	assert.Equal(t, seen{method: "GET", uri: "/_mockpay/clock"}, *last)
}

func TestHTTPClient(t *testing.T) {
	refuse := func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }
	h := &http.Client{Transport: roundTrip(refuse)}

	_, err := client.New("http://mockpay.test", client.WithHTTPClient(h)).Clock(t.Context())

	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestAnswers(t *testing.T) {
	at := time.Date(2026, 1, 15, 9, 0, 0, 250e6, time.UTC)

	t.Run("Workspace", func(t *testing.T) {
		srv, _ := answering(t, 201, "application/json", `{"id":"a","seed":9007199254740993,"providers":{"usdtpayout":
			{"base_url":"http://h/usdtpayout","live_base_url":"http://h/usdtpayout/live","credentials":{"api_key":"k"}}}}`)
		got, err := client.New(srv.URL).CreateWorkspace(t.Context(), client.WorkspaceSpec{})
		require.NoError(t, err)
		assert.Equal(t, &client.Workspace{ID: "a", Seed: 9007199254740993, Providers: map[string]client.Account{"usdtpayout": {
			BaseURL: "http://h/usdtpayout", LiveBaseURL: "http://h/usdtpayout/live", Credentials: map[string]string{"api_key": "k"},
		}}}, got)
	})
	t.Run("Clock", func(t *testing.T) {
		srv, _ := answering(t, 200, "application/json", `{"now":"2026-01-15T09:00:00.250Z","frozen":true,"speed":1.5,
			"pending":[],"fired":[{"at":"2026-01-15T09:00:00.250Z","kind":"dinardragon.settle","ref":"p-1"}]}`)
		got, err := client.New(srv.URL).Advance(t.Context(), time.Second)
		require.NoError(t, err)
		assert.Equal(t, &client.Clock{Now: at, Frozen: true, Speed: 1.5, Pending: []client.Due{},
			Fired: []client.Due{{At: at, Kind: "dinardragon.settle", Ref: "p-1"}}}, got)
	})
	t.Run("RequestKeepsNumbers", func(t *testing.T) {
		srv, _ := answering(t, 200, "application/json", `{"id":"r-1","request":{"fields":{"amount":12345678901234567.10}}}`)
		got, err := client.New(srv.URL).Request(t.Context(), "r-1")
		require.NoError(t, err)
		assert.Equal(t, json.Number("12345678901234567.10"), got.Request.Fields["amount"])
	})
	t.Run("WebhookKeepsBytes", func(t *testing.T) {
		srv, _ := answering(t, 200, "application/json", `{"id":"w-1","provider":"p","event":"e","url":"http://h/","created_at":"2026-01-15T09:00:00.250Z",
			"status":"failed","cause":"req-1","hint":"down","payload":{ "b": 1.10, "a": "<é>" },"attempts":[{"at":"2026-01-15T09:00:00.250Z","status":503,
			"duration_us":1200,"error":"down","request":{"headers":{"A":"1"},"body":"b=1.10","body_size":6},"response":{"headers":{},"body":"","body_size":0}}]}`)
		got, err := client.New(srv.URL).Redeliver(t.Context(), "w-1")
		require.NoError(t, err)
		assert.Equal(t, &client.Webhook{
			ID: "w-1", Provider: "p", Event: "e", URL: "http://h/", CreatedAt: at, Status: "failed", Cause: "req-1", Hint: "down",
			Payload: json.RawMessage(`{ "b": 1.10, "a": "<é>" }`),
			Attempts: []client.Attempt{{
				At: at, Status: 503, DurationUS: 1200, Error: "down",
				Request:  client.Message{Headers: map[string]string{"A": "1"}, Body: "b=1.10", BodySize: 6},
				Response: client.Message{Headers: map[string]string{}},
			}},
		}, got)
	})
	t.Run("WebhookEndpoint", func(t *testing.T) {
		srv, _ := answering(t, 200, "application/json", `{"url":"http://h/","encoding":"form","attempts":3,"backoff":["1s","1m"],"timeout":"10s",
			"reachable":false,"cause":"nothing listens"}`)
		got, err := client.New(srv.URL).SetWebhookEndpoint(t.Context(), "p", client.WebhookEndpoint{URL: "http://h/"})
		require.NoError(t, err)
		assert.Equal(t, &client.WebhookEndpoint{
			URL: "http://h/", Encoding: "form", Attempts: 3, Backoff: []time.Duration{time.Second, time.Minute}, Timeout: 10 * time.Second,
			Cause: "nothing listens",
		}, got)
	})
	t.Run("ErrWebhookEndpoint", func(t *testing.T) {
		srv, _ := answering(t, 200, "application/json", `{"backoff":["soon"]}`)
		_, err := client.New(srv.URL).WebhookEndpoint(t.Context(), "p")
		require.ErrorContains(t, err, `invalid duration "soon"`)
	})
	t.Run("StateKeepsBytes", func(t *testing.T) {
		srv, _ := answering(t, 200, "application/json", `{ "b": 1.10, "a": "<é>" }`)
		got, err := client.New(srv.URL).State(t.Context())
		require.NoError(t, err)
		assert.Equal(t, `{ "b": 1.10, "a": "<é>" }`, string(got))
	})
	t.Run("ErrNotJSON", func(t *testing.T) {
		srv, _ := answering(t, 200, "text/html", `<p>hello`)
		_, err := client.New(srv.URL).Clock(t.Context())
		require.ErrorContains(t, err, "decode the answer to GET "+srv.URL+"/_mockpay/clock")
	})
}
