package control_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/control"
	"github.com/mockpay/mockpay/mocks/dinardragon"
	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/scenarios"
	"github.com/mockpay/mockpay/state"
	"github.com/mockpay/mockpay/webhook"
	"github.com/mockpay/mockpay/workspace"
)

// shopSettings are those of a provider that has webhooks and nothing else.
type shopSettings struct {
	Webhook provider.Webhook `knob:"webhook" doc:"where events go"`
}

// newShop returns a provider whose action emits an event.
func newShop() *provider.Mock {
	outcome := func(name string, status int) provider.Outcome {
		return provider.Outcome{Name: name, Status: status, Message: name}
	}
	return &provider.Mock{
		Name: "shop", Title: "Shop", Mounts: []provider.Mount{{Hosts: []string{"shop.example"}}},
		Outcomes: []provider.Outcome{
			outcome(provider.Unauthorized, 401), outcome(provider.RateLimited, 429), outcome(provider.ServerError, 500),
			outcome(provider.NotFound, 404), outcome(provider.MethodNotAllowed, 405), outcome(provider.TooLarge, 413), outcome(provider.Incomplete, 400),
		},
		Events:  []string{"paid", "settled"},
		Webhook: func(settings any) provider.Webhook { return settings.(*shopSettings).Webhook },
		Settings: func() any {
			return &shopSettings{provider.Webhook{
				Encoding: "form", Attempts: 3, Backoff: []provider.Duration{provider.Duration(time.Minute), provider.Duration(90 * time.Minute)},
				Timeout: provider.Duration(10 * time.Second),
			}}
		},
		Credentials: func(workspace string) []provider.Credential {
			return []provider.Credential{{Name: "api_key", Value: "shop-" + workspace}}
		},
		Secret:   provider.Secrets{Events: []string{"card"}},
		Identify: func(*provider.Request) string { return "" },
		Actions: []provider.Action{{
			Name: "pay", Doc: "pays", Args: []provider.Arg{{Name: "event", Doc: "what it tells", Default: "paid"}},
			Do: func(c *provider.Call, args map[string]string) (any, error) {
				c.Emit(args["event"], map[string]string{"card": "4111111111111111"})
				return map[string]string{"done": args["event"]}, nil
			},
		}},
	}
}

// A shop is the control API of a registry with the shop and Dinar Dragon.
type shop struct {
	t    *testing.T
	reg  *workspace.Registry
	URL  string
	stop context.CancelFunc // tells what waits that the server stops
}

const shopFrozen = "version: 1\nseed: 7\nclock: {start: 2026-01-15T09:00:00Z, frozen: true}\n"

// openShop serves the API until the test ends. hook is where the scenario
// sends the shop's events, "" for nowhere.
func openShop(t *testing.T, hook string) *shop {
	t.Helper()
	all := []*provider.Mock{dinardragon.New(), newShop()}
	lang := scenarios.NewLanguage(all)
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	sender := webhook.NewSender(nil, "test")
	s := &shop{t: t, reg: workspace.NewRegistry(workspace.Options{
		Store: state.Memory(), Mocks: all, Language: lang, JournalSize: 10, JournalBody: 1000, Sender: sender, Log: log,
	})}
	text := shopFrozen
	if hook != "" {
		text += fmt.Sprintf("providers: {shop: {webhook: {url: %q}}}\n", hook)
	}
	scenario, err := lang.Parse([]byte(text))
	require.NoError(t, err)
	_, err = s.reg.Create(workspace.Spec{ID: workspace.Default, Scenario: scenario})
	require.NoError(t, err)
	running, stop := context.WithCancel(t.Context())
	s.stop = stop
	server := httptest.NewServer(control.New(control.Options{
		Registry: s.reg, Language: lang, Mocks: all, Version: "test", Log: log, Running: running,
	}))
	s.URL = server.URL
	t.Cleanup(func() {
		stop()
		server.Close()
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		require.NoError(t, s.reg.Close(ctx))
	})
	return s
}

func (s *shop) call(method, path, body string) (status int, decoded map[string]any, res *http.Response) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.URL+"/_mockpay/"+path, strings.NewReader(body))
	require.NoError(s.t, err)
	res, err = http.DefaultClient.Do(req)
	require.NoError(s.t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(s.t, err)
	if len(text) > 0 {
		require.NoError(s.t, json.Unmarshal(text, &decoded), "%s", text)
	}
	return res.StatusCode, decoded, res
}

func (s *shop) ok(method, path, body string) map[string]any {
	s.t.Helper()
	status, decoded, _ := s.call(method, path, body)
	require.Equal(s.t, 200, status, "%s %s %s: %v", method, path, body, decoded)
	return decoded
}

// refused expects a problem that says so.
func (s *shop) refused(status int, detail, method, path, body string) {
	s.t.Helper()
	got, problem, res := s.call(method, path, body)
	assert.Equal(s.t, status, got, "%s %s %s", method, path, body)
	assert.Equal(s.t, "application/problem+json", res.Header.Get("Content-Type"))
	assert.Contains(s.t, problem["detail"], detail)
	assert.EqualValues(s.t, status, problem["status"])
	assert.Equal(s.t, http.StatusText(status), problem["title"])
}

// pay emits an event and returns its id.
func (s *shop) pay() string {
	s.t.Helper()
	s.ok("POST", "simulate/shop.pay", `{}`)
	return at(s.ok("GET", "webhooks?limit=1", ""), "webhooks", 0, "id").(string)
}

// newReceiver is where webhooks go to be answered so.
func newReceiver(t *testing.T, fn http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(fn)
	t.Cleanup(server.Close)
	return server.URL + "/hook"
}

func takesAll(http.ResponseWriter, *http.Request) {}

// hangs answers when the caller has given up.
func hangs(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // else it would not notice
	<-r.Context().Done()
}

// nobody is a URL where nobody listens.
func nobody(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return "http://" + l.Addr().String() + "/hook"
}

func TestWebhooks(t *testing.T) {
	hook := newReceiver(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", "Thu, 15 Jan 2026 09:00:00 GMT")
		_, _ = io.Copy(w, r.Body)
	})
	s := openShop(t, hook)
	assert.Equal(t, map[string]any{"webhooks": []any{}, "dropped": 0.0}, s.ok("GET", "webhooks", ""))
	id := s.pay()
	s.ok("POST", "webhooks/drain", "")
	got := s.ok("GET", "webhooks/"+id, "")
	assert.Positive(t, at(got, "attempts", 0, "duration_us"))
	delete(at(got, "attempts", 0).(map[string]any), "duration_us")
	assert.Equal(t, map[string]any{
		"id": id, "provider": "shop", "event": "paid", "url": hook, "created_at": "2026-01-15T09:00:00.000Z", "status": "delivered",
		"cause": "shop.pay", "hint": "", "payload": map[string]any{"card": "************1111"},
		"attempts": []any{map[string]any{
			"at": "2026-01-15T09:00:00.000Z", "status": 200.0, "error": "",
			"request": map[string]any{"body": "card=************1111", "body_size": 21.0, "headers": map[string]any{
				"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "mockpay/test", "X-Mockpay-Webhook-Id": id, "X-Mockpay-Webhook-Event": "paid",
			}},
			"response": map[string]any{"body": "card=************1111", "body_size": 21.0, "headers": map[string]any{
				"Content-Length": "21", "Content-Type": "text/plain; charset=utf-8", "Date": "Thu, 15 Jan 2026 09:00:00 GMT",
			}},
		}},
	}, got)

	s.ok("POST", "simulate/shop.pay", `{"event":"settled"}`)
	s.ok("POST", "webhooks/drain", "")
	for query, want := range map[string]int{
		"": 2, "?provider=shop": 2, "?provider=dinardragon": 0, "?event=paid": 1, "?event=settled&provider=shop": 1, "?status=delivered": 2, "?status=failed": 0,
		"?limit=1": 1, "?limit=0": 2, "?limit=5": 2, "?event=paid&limit=1": 1, "?workspace=default": 2, "?status=pending": 0, "?status=dropped": 0, "?status=unsent": 0,
	} {
		assert.Len(t, s.ok("GET", "webhooks"+query, "")["webhooks"], want, query)
	}
	assert.Equal(t, "settled", at(s.ok("GET", "webhooks", ""), "webhooks", 0, "event"), "newest first")

	for path, detail := range map[string]string{
		"webhooks?provider=shp":                    `no provider "shp", did you mean "shop"?`,
		"webhooks?provider=zzzzzz":                 "there are: dinardragon, shop",
		"webhooks?event=pay":                       `no event "pay", did you mean "paid"?`,
		"webhooks?event=unheard_of":                "there are: paid, settled",
		"webhooks?status=deliverd":                 `no status "deliverd", did you mean "delivered"?`,
		"webhooks?status=200":                      "there are: pending, delivered, failed, dropped, unsent",
		"webhooks?limit=-1":                        "limit must be a whole number",
		"webhooks?limit=x":                         "limit must be a whole number",
		"webhooks?limt=1":                          `did you mean "limit"?`,
		"webhooks?count=1":                         "no query parameter",
		"webhooks/wait?provider=shp":               `did you mean "shop"?`,
		"webhooks/wait?event=pay":                  `did you mean "paid"?`,
		"webhooks/wait?status=failing":             `did you mean "failed"?`,
		"webhooks/wait?count=-1":                   "count must be a whole number",
		"webhooks/wait?timeout=1h":                 "timeout must be a duration",
		"webhooks/wait?timeout=never":              "timeout must be a duration",
		"webhooks/wait?timeout=-1s":                "timeout must be a duration",
		"webhooks/wait?limit=1":                    "no query parameter",
		"webhooks?provider=dinardragon&event=paid": `no event "paid"`,
	} {
		s.refused(422, detail, "GET", path, "")
	}
	s.refused(404, `workspace "default" has no webhook "unknown"`, "GET", "webhooks/unknown", "")
	s.refused(404, `no workspace "nowhere"`, "GET", "webhooks?workspace=nowhere", "")
	s.refused(404, `no webhook "drain"`, "GET", "webhooks/drain", "")
	s.refused(405, "takes GET, not DELETE", "DELETE", "webhooks", "")
	s.refused(405, "takes GET, not POST", "POST", "webhooks/"+id, "")
	s.refused(405, "takes POST, not GET", "GET", "webhooks/"+id+"/redeliver", "")
}

func TestWebhooksWait(t *testing.T) {
	s := openShop(t, newReceiver(t, takesAll))
	s.refused(408, "0 of 1 webhooks had gone out within 10ms", "GET", "webhooks/wait?timeout=10ms", "")
	done := make(chan map[string]any)
	go func() {
		var decoded map[string]any
		defer func() { done <- decoded }()
		res, err := http.Get(s.URL + "/_mockpay/webhooks/wait?count=2&provider=shop&event=paid&timeout=10s")
		if assert.NoError(t, err) {
			defer res.Body.Close()
			assert.NoError(t, json.NewDecoder(res.Body).Decode(&decoded))
		}
	}()
	s.pay()
	s.pay()
	assert.Len(t, (<-done)["webhooks"], 2)
	assert.Len(t, s.ok("GET", "webhooks/wait", "")["webhooks"], 2)
	assert.Len(t, s.ok("GET", "webhooks/wait?count=0&status=failed", "")["webhooks"], 0)
	s.refused(408, "2 of 3 webhooks", "GET", "webhooks/wait?count=3&timeout=0.01", "")

	t.Run("CountsWhatHasGoneOut", func(t *testing.T) {
		s := openShop(t, newReceiver(t, hangs))
		s.pay()
		s.refused(408, "0 of 1 webhooks had gone out", "GET", "webhooks/wait?timeout=10ms", "")
	})
	t.Run("ServerStops", func(t *testing.T) {
		s := openShop(t, "")
		s.stop()
		s.refused(503, "the server stops; 0 of 1 webhooks", "GET", "webhooks/wait?timeout=10m", "")
	})
}

func TestWebhooksDrain(t *testing.T) {
	s := openShop(t, nobody(t))
	assert.Equal(t, map[string]any{"pending": 0.0}, s.ok("POST", "webhooks/drain", ""))
	s.pay()
	s.ok("POST", "clock", `{"advance":"0s"}`)
	s.refused(408, "still pending after 10ms: 1; what is to be sent again waits for the workspace's clock; the newest: dial tcp", "POST", "webhooks/drain?timeout=10ms", "")
	clock := s.ok("GET", "clock", "")
	assert.Equal(t, "webhook.retry", at(clock, "pending", 0, "kind"))
	assert.Equal(t, "2026-01-15T09:01:00.000Z", at(clock, "pending", 0, "at"))
	fired := s.ok("POST", "clock", `{"advance":"2h"}`)["fired"]
	assert.Len(t, fired, 2)
	assert.Equal(t, map[string]any{"pending": 0.0}, s.ok("POST", "webhooks/drain?timeout=1", ""))
	got := at(s.ok("GET", "webhooks", ""), "webhooks", 0)
	assert.Equal(t, "failed", at(got, "status"))
	assert.Contains(t, at(got, "hint"), "that was attempt 3")
	for i, want := range []string{"09:00:00", "09:01:00", "10:31:00"} {
		assert.Equal(t, "2026-01-15T"+want+".000Z", at(got, "attempts", i, "at"))
	}
	s.refused(422, "timeout", "POST", "webhooks/drain?timeout=x", "")
	s.refused(422, "no query parameter", "POST", "webhooks/drain?count=1", "")
	t.Run("ServerStops", func(t *testing.T) {
		s := openShop(t, nobody(t))
		s.pay()
		s.stop()
		s.refused(503, "the server stops; still pending after 10m0s: 1", "POST", "webhooks/drain?timeout=10m", "")
	})
}

func TestRedeliver(t *testing.T) {
	s := openShop(t, "")
	id := s.pay()
	s.refused(409, "no endpoint is set: PUT /_mockpay/webhook-endpoints/shop", "POST", "webhooks/"+id+"/redeliver", "")
	s.refused(404, `no webhook "unknown"`, "POST", "webhooks/unknown/redeliver", "")
	var mu sync.Mutex
	status := 200
	hook := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		w.WriteHeader(status)
	})
	s.ok("PUT", "webhook-endpoints/shop", fmt.Sprintf(`{"url":%q}`, hook))
	got := s.ok("POST", "webhooks/"+id+"/redeliver", "")
	assert.Equal(t, "delivered", got["status"])
	assert.Equal(t, id, got["id"])
	assert.Equal(t, hook, got["url"])
	mu.Lock()
	status = 500
	mu.Unlock()
	got = s.ok("POST", "webhooks/"+id+"/redeliver", "")
	assert.Equal(t, "delivered", got["status"])
	assert.Equal(t, "delivered before; delivering it once more failed: the receiver answered 500", got["hint"])
	assert.Len(t, got["attempts"], 2)
	assert.Equal(t, "card=************1111", at(got, "attempts", 1, "request", "body"))

	t.Run("ServerStops", func(t *testing.T) {
		came := make(chan struct{}, 1)
		hook := newReceiver(t, func(w http.ResponseWriter, r *http.Request) {
			came <- struct{}{}
			hangs(w, r)
		})
		s := openShop(t, "")
		id := s.pay()
		s.ok("PUT", "webhook-endpoints/shop", fmt.Sprintf(`{"url":%q}`, hook))
		go func() {
			<-came
			s.stop()
		}()
		s.refused(503, "the server stops", "POST", "webhooks/"+id+"/redeliver", "")
	})
}

func TestWebhookEndpoints(t *testing.T) {
	hook := newReceiver(t, takesAll)
	s := openShop(t, "http://scenario.internal/hook")
	given := func(url string) map[string]any {
		return map[string]any{"url": url, "encoding": "form", "attempts": 3.0, "backoff": []any{"1m", "1h30m"}, "timeout": "10s"}
	}
	assert.Equal(t, given("http://scenario.internal/hook"), s.ok("GET", "webhook-endpoints/shop", ""))

	t.Run("Reachable", func(t *testing.T) {
		want := given(hook)
		want["reachable"] = true
		assert.Equal(t, want, s.ok("PUT", "webhook-endpoints/shop", fmt.Sprintf(`{"url":%q}`, hook)))
		assert.Equal(t, given(hook), s.ok("GET", "webhook-endpoints/shop", ""))
	})
	t.Run("Unreachable", func(t *testing.T) {
		closed := nobody(t)
		u, err := url.Parse(closed)
		require.NoError(t, err)
		got := s.ok("PUT", "webhook-endpoints/shop", fmt.Sprintf(`{"url":%q}`, closed))
		assert.Equal(t, false, got["reachable"])
		assert.Equal(t, "nothing listens on port "+u.Port()+" of this machine; if mockpay runs in a container, 127.0.0.1 is the container itself: use host.docker.internal for the machine outside", got["cause"])
		assert.Equal(t, given(closed), s.ok("GET", "webhook-endpoints/shop", ""), "it is set all the same")
	})
	t.Run("Whole", func(t *testing.T) {
		got := s.ok("PUT", "webhook-endpoints/shop", fmt.Sprintf(`{"url":%q,"encoding":"json","attempts":1000,"backoff":[],"timeout":"1ms"}`, hook))
		assert.Equal(t, map[string]any{"url": hook, "encoding": "json", "attempts": 1000.0, "backoff": []any{}, "timeout": "1ms", "reachable": true}, got)
		got = s.ok("PUT", "webhook-endpoints/shop", fmt.Sprintf(`{"url":%q,"encoding":null,"attempts":null,"backoff":null,"timeout":null}`, hook))
		delete(got, "reachable")
		assert.Equal(t, given(hook), got, "a later one replaces it whole")
	})
	t.Run("Durations", func(t *testing.T) {
		got := s.ok("PUT", "webhook-endpoints/shop", fmt.Sprintf(`{"url":%q,"backoff":["0s","500ms","60s","60m","90m","24h","1h0m1s","10m"],"timeout":"120s"}`, hook))
		assert.Equal(t, []any{"0s", "500ms", "1m", "1h", "1h30m", "24h", "1h0m1s", "10m"}, got["backoff"])
		assert.Equal(t, "2m", got["timeout"])
	})
	t.Run("SurvivesAReset", func(t *testing.T) {
		s.ok("PUT", "webhook-endpoints/shop", fmt.Sprintf(`{"url":%q}`, hook))
		s.ok("POST", "reset", "")
		assert.Equal(t, hook, s.ok("GET", "webhook-endpoints/shop", "")["url"])
	})
	for name, tt := range map[string]struct {
		status       int
		body, detail string
	}{
		"Nothing":         {422, ``, `say where webhooks go: {"url": "http`},
		"NoURL":           {422, `{}`, "DELETE takes the endpoint away"},
		"EmptyURL":        {422, `{"url":""}`, "say where webhooks go"},
		"NullURL":         {422, `{"url":null}`, "say where webhooks go"},
		"OnlyEncoding":    {422, `{"encoding":"json"}`, "say where webhooks go"},
		"NumberURL":       {422, `{"url":5}`, `"url" must be a string, it is number`},
		"Public":          {422, `{"url":"http://example.com/"}`, "start mockpay with --webhook-allow example.com to allow it"},
		"LinkLocal":       {422, `{"url":"http://169.254.169.254/"}`, "link-local or metadata address"},
		"Metadata":        {422, `{"url":"http://metadata.google.internal/"}`, "cloud metadata service"},
		"NoScheme":        {422, `{"url":"localhost:9000"}`, "does not begin with http:// or https://"},
		"OtherScheme":     {422, `{"url":"ftp://localhost"}`, "does not begin with http:// or https://"},
		"NoHost":          {422, `{"url":"http:///hook"}`, "names no host"},
		"BadURL":          {422, `{"url":"http://local host/"}`, "not an http URL"},
		"Encoding":        {422, `{"url":"http://localhost","encoding":"jsn"}`, `no encoding "jsn", did you mean "json"?`},
		"EmptyEncoding":   {422, `{"url":"http://localhost","encoding":""}`, "no encoding"},
		"NoAttempts":      {422, `{"url":"http://localhost","attempts":0}`, "attempts must be from 1 to 1000, it is 0"},
		"ManyAttempts":    {422, `{"url":"http://localhost","attempts":1001}`, "it is 1001"},
		"TextAttempts":    {422, `{"url":"http://localhost","attempts":"3"}`, `"attempts" must be a whole number, it is string`},
		"HalfAttempts":    {422, `{"url":"http://localhost","attempts":1.5}`, `"attempts" must be a whole number`},
		"HugeAttempts":    {422, `{"url":"http://localhost","attempts":99999999999999999999}`, `"attempts" must be a whole number`},
		"Backoff":         {422, `{"url":"http://localhost","backoff":["soon"]}`, `backoff: "soon" is not a duration like "15m"`},
		"NegativeBackoff": {422, `{"url":"http://localhost","backoff":["1s","-1s"]}`, "negative"},
		"TextBackoff":     {422, `{"url":"http://localhost","backoff":"1s"}`, `"backoff" must be an array, it is string`},
		"NumberBackoff":   {422, `{"url":"http://localhost","backoff":[1]}`, "must be a string"},
		"Timeout":         {422, `{"url":"http://localhost","timeout":"soon"}`, `timeout must be a duration like "10s", of at most 10m0s, it is "soon"`},
		"NoTimeout":       {422, `{"url":"http://localhost","timeout":"0s"}`, `it is "0s"`},
		"EmptyTimeout":    {422, `{"url":"http://localhost","timeout":""}`, `it is ""`},
		"NumberTimeout":   {422, `{"url":"http://localhost","timeout":10}`, `"timeout" must be a string`},
		"UnknownKey":      {422, `{"ulr":"http://localhost"}`, `no key "ulr", did you mean "url"?`},
		"Reachable":       {422, `{"url":"http://localhost","reachable":true}`, `no key "reachable"`},
		"Array":           {422, `["http://localhost"]`, "the body must be an object, it is array"},
		"NotJSON":         {400, `url=http://localhost`, "the body is not JSON"},
		"Cut":             {400, `{"url":`, "the body is not JSON"},
		"Twice":           {400, `{"url":"http://localhost"}{}`, "goes on"},
	} {
		t.Run("Err"+name, func(t *testing.T) {
			before := s.ok("GET", "webhook-endpoints/shop", "")
			s.refused(tt.status, tt.detail, "PUT", "webhook-endpoints/shop", tt.body)
			assert.Equal(t, before, s.ok("GET", "webhook-endpoints/shop", ""), "a refused one changes nothing")
		})
	}
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		s.refused(404, "Dinar Dragon sends no webhooks", method, "webhook-endpoints/dinardragon", `{"url":"http://localhost"}`)
		s.refused(404, `no provider with webhooks "shp", did you mean "shop"?`, method, "webhook-endpoints/shp", `{"url":"http://localhost"}`)
		s.refused(404, `no workspace "nowhere"`, method, "webhook-endpoints/shop?workspace=nowhere", `{"url":"http://localhost"}`)
		s.refused(422, "no query parameter", method, "webhook-endpoints/shop?x=1", `{"url":"http://localhost"}`)
	}
	s.refused(405, "takes GET, PUT, DELETE, not POST", "POST", "webhook-endpoints/shop", "")
	s.refused(404, "no control path", "GET", "webhook-endpoints", "")
}

func TestDeleteWebhookEndpoint(t *testing.T) {
	hook := newReceiver(t, takesAll)
	s := openShop(t, hook)
	for range 2 {
		status, body, _ := s.call("DELETE", "webhook-endpoints/shop", "")
		assert.Equal(t, 204, status)
		assert.Nil(t, body)
	}
	assert.Equal(t, "", s.ok("GET", "webhook-endpoints/shop", "")["url"])
	s.pay()
	assert.Equal(t, "unsent", at(s.ok("GET", "webhooks", ""), "webhooks", 0, "status"))
	s.ok("POST", "reset", "")
	assert.Equal(t, "", s.ok("GET", "webhook-endpoints/shop", "")["url"], "it stays away")
	s.ok("PUT", "scenario", shopFrozen+fmt.Sprintf("providers: {shop: {webhook: {url: %q}}}\n", hook))
	assert.Equal(t, hook, s.ok("GET", "webhook-endpoints/shop", "")["url"], "a scenario that is loaded has its say")
}

func TestScenarioWithARefusedURL(t *testing.T) {
	hook := newReceiver(t, takesAll)
	s := openShop(t, hook)
	id := s.pay()
	text := shopFrozen + "providers: {shop: {webhook: {url: 'http://example.com/'}}}\n"
	s.refused(422, "providers.shop.webhook.url: webhooks may not go there: example.com is neither of this machine", "PUT", "scenario", text)
	s.refused(422, "providers.shop.webhook.url: ", "POST", "workspaces", encodedJSON(t, map[string]string{"id": "new", "scenario": text}))
	s.refused(404, `no workspace "new"`, "GET", "workspaces/new", "")
	assert.Equal(t, id, at(s.ok("GET", "webhooks", ""), "webhooks", 0, "id"), "the old world goes on")
	assert.Equal(t, hook, s.ok("GET", "webhook-endpoints/shop", "")["url"])
	s.pay()
	s.ok("GET", "webhooks/wait?status=delivered&count=2", "")

	saved := s.ok("GET", "state", "")
	saved["scenario"] = text
	s.refused(422, "webhooks may not go there", "PUT", "state", encodedJSON(t, saved))
}

func encodedJSON(t *testing.T, v any) string {
	t.Helper()
	doc, err := json.Marshal(v)
	require.NoError(t, err)
	return string(doc)
}
