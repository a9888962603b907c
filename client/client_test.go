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
