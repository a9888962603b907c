package workspace_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/mocks/dinardragon"
	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/scenarios"
	"github.com/mockpay/mockpay/state"
	"github.com/mockpay/mockpay/webhook"
	"github.com/mockpay/mockpay/workspace"
)

// The shop is a provider with webhooks and nothing else: a payment tells of
// itself, and settles with another event.
type shopSettings struct {
	Webhook     provider.Webhook  `knob:"webhook" doc:"where events go"`
	SettleAfter provider.Duration `knob:"settle_after" doc:"when a payment settles"`
	Opening     int               `knob:"opening" least:"0" doc:"events when a workspace begins"`
}

func shopDefaults() *shopSettings {
	return &shopSettings{
		Webhook: provider.Webhook{
			Encoding: "form", Attempts: 3, Timeout: provider.Duration(10 * time.Second),
			Backoff: []provider.Duration{provider.Duration(time.Minute), provider.Duration(5 * time.Minute)},
		},
		SettleAfter: provider.Duration(time.Hour),
	}
}

var shopOutcomes = []provider.Outcome{
	{Name: "refused", Status: 422, Message: "refused"},
	{Name: provider.Unauthorized, Status: 401, Message: "unauthorized"},
	{Name: provider.RateLimited, Status: 429, Message: "slow down"},
	{Name: provider.ServerError, Status: 500, Message: "oops"},
	{Name: provider.NotFound, Status: 404, Message: "not found"},
	{Name: provider.MethodNotAllowed, Status: 405, Message: "not allowed"},
	{Name: provider.TooLarge, Status: 413, Message: "too large"},
	{Name: provider.Incomplete, Status: 400, Message: "incomplete"},
}

func newShop() *provider.Mock {
	return &provider.Mock{
		Name: "shop", Title: "Shop",
		Mounts: []provider.Mount{{Hosts: []string{"shop.example"}}},
		Operations: []provider.Operation{
			{Name: "pay", Method: "POST", Path: "/pay", Summary: "pays", Refuses: []string{"refused"}, Handle: shopPay},
		},
		Outcomes: shopOutcomes,
		Events:   []string{"paid", "settled", "opened"},
		Webhook:  func(settings any) provider.Webhook { return settings.(*shopSettings).Webhook },
		Settings: func() any { return shopDefaults() },
		Credentials: func(workspace string) []provider.Credential {
			return []provider.Credential{{Name: "api_key", Value: "shop-" + workspace + "-key"}}
		},
		Secret:       provider.Secrets{Headers: []string{"Authorization"}, Events: []string{"card", "pin"}},
		Identify:     func(r *provider.Request) string { return r.Header.Get("Authorization") },
		Authenticate: func(*provider.Call) error { return nil },
		Refuse: func(c *provider.Call, r *provider.Refusal) *provider.Response {
			return provider.JSON(c.Mock.Outcome(r.Outcome).Status, map[string]string{"error": r.Outcome})
		},
		Open: func(c *provider.Call) {
			for n := range c.Settings.(*shopSettings).Opening {
				c.Emit("opened", map[string]int{"n": n})
			}
		},
		Jobs: map[string]func(*provider.Call, state.Job) error{"settle": func(c *provider.Call, job state.Job) error {
			c.Emit("settled", map[string]string{"payment": job.Ref})
			return nil
		}},
		Actions: []provider.Action{{
			Name: "settle", Doc: "settles", Args: []provider.Arg{{Name: "fail", Doc: "emits, and then fails"}},
			Do: func(c *provider.Call, args map[string]string) (any, error) {
				c.Emit("settled", map[string]string{"payment": "by hand"})
				if args["fail"] != "" {
					return nil, provider.Faultf(provider.Conflict, "it is settled")
				}
				return "done", nil
			},
		}},
	}
}

// shopPay emits what the call's event field holds, and refuses afterwards if
// the call asks for that.
func shopPay(c *provider.Call) (*provider.Response, error) {
	var body struct{ Event json.RawMessage }
	if err := json.Unmarshal(c.Body, &body); err != nil {
		return nil, err
	}
	if body.Event != nil {
		c.Emit("paid", body.Event)
	}
	if c.Fields["refuse"] == true {
		return nil, c.Refuse("refused", "the call asked for it")
	}
	if c.Fields["settles"] == true {
		s := c.Settings.(*shopSettings)
		c.Tx.Schedule(c.Tx.Now().Add(time.Duration(s.SettleAfter)), "shop.settle", "p1", nil)
	}
	return provider.OK(map[string]string{"status": "ok"})
}

// A world is a registry with the shop, and Dinar Dragon, which has no webhooks.
type world struct {
	*workspace.Workspace
	t      testing.TB
	reg    *workspace.Registry
	lang   *scenarios.Language
	shop   *provider.Mock
	dragon *provider.Mock
}

const frozen = "version: 1\nclock: {start: 2026-01-15T09:00:00Z, frozen: true}\n"

var start = time.Date(2026, 1, 15, 9, 0, 0, 0, time.UTC)

// shopScenario is a scenario with some settings of the shop, on a frozen clock.
func shopScenario(settings string) string {
	return frozen + "seed: 7\nproviders: {shop: {" + settings + "}}\n"
}

// toHook is the setting that sends the shop's events somewhere.
func toHook(url string) string { return fmt.Sprintf("webhook: {url: %q}", url) }

func newWorld(t testing.TB, scenario string, flags map[string]string) *world {
	t.Helper()
	w := &world{t: t, shop: newShop(), dragon: dinardragon.New()}
	all := []*provider.Mock{w.dragon, w.shop}
	w.lang = scenarios.NewLanguage(all)
	sender := webhook.NewSender(nil, "test")
	w.reg = workspace.NewRegistry(workspace.Options{
		Store: state.Memory(), Mocks: all, Language: w.lang, JournalSize: 10, JournalBody: 1000,
		Sender: sender, WebhookURLs: flags, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	w.Workspace = w.create(workspace.Default, scenario)
	t.Cleanup(func() {
		require.NoError(t, w.reg.Close(over()))
	})
	return w
}

func (w *world) create(id, scenario string) *workspace.Workspace {
	w.t.Helper()
	made, err := w.reg.Create(workspace.Spec{ID: id, Scenario: w.parse(scenario)})
	require.NoError(w.t, err)
	return made
}

func (w *world) parse(scenario string) *scenarios.Scenario {
	w.t.Helper()
	s, err := w.lang.Parse([]byte(scenario))
	require.NoError(w.t, err)
	return s
}

// call makes a call of the shop; the answer is not written yet.
func (w *world) call(body string) *workspace.Outgoing {
	w.t.Helper()
	fields, err := provider.DecodeObject([]byte(body))
	require.NoError(w.t, err)
	return w.Do(&workspace.Incoming{
		Mock: w.shop, Op: w.shop.Operation("pay"), URL: "/pay", Began: time.Now(),
		Request: &provider.Request{Method: "POST", Path: "/pay", Header: http.Header{}, Body: []byte(body), Fields: fields},
	})
}

// pay makes a call that emits an event, and has its answer written.
func (w *world) pay(n int) {
	w.t.Helper()
	out := w.call(fmt.Sprintf(`{"event":{"n":%d}}`, n))
	require.Equal(w.t, 200, out.Status, "%s", out.Body)
	out.Answered()
}

// all are the events there are, newest first.
func (w *world) all() []webhook.Event {
	w.t.Helper()
	events, _, err := w.Webhooks(workspace.WebhookFilter{})
	require.NoError(w.t, err)
	return events
}

// newest is the newest event.
func (w *world) newest() webhook.Event {
	w.t.Helper()
	events := w.all()
	require.NotEmpty(w.t, events)
	return events[0]
}

func (w *world) advance(by time.Duration) {
	w.t.Helper()
	_, err := w.Clock().Advance(by)
	require.NoError(w.t, err)
}

// A hook receives webhooks.
type hook struct {
	URL string
	got chan received
	t   testing.TB

	mu     sync.Mutex
	answer http.HandlerFunc // guarded by mu; nil: takes all
}

type received struct {
	body   string
	header http.Header
}

// newHook starts a receiver that lives as long as the test.
func newHook(t testing.TB) *hook {
	h := &hook{got: make(chan received, 1000), t: t}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		h.got <- received{string(body), r.Header}
		h.mu.Lock()
		answer := h.answer
		h.mu.Unlock()
		if answer != nil {
			r.Body = io.NopCloser(strings.NewReader(string(body)))
			answer(w, r)
		}
	}))
	t.Cleanup(server.Close)
	h.URL = server.URL + "/hook"
	return h
}

// answers makes the receiver answer so from now on.
func (h *hook) answers(fn http.HandlerFunc) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answer = fn
}

// hangs makes the receiver answer no more until the caller gives up.
func (h *hook) hangs() {
	h.answers(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
}

// next waits for what comes next.
func (h *hook) next() received {
	h.t.Helper()
	select {
	case r := <-h.got:
		return r
	case <-h.t.Context().Done():
	case <-time.After(10 * time.Second):
	}
	require.FailNow(h.t, "no webhook came")
	return received{}
}

// count is how many came that nobody has looked at.
func (h *hook) count() int { return len(h.got) }

// closedPort is a URL where nobody listens.
func closedPort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return "http://" + l.Addr().String() + "/hook"
}

// inTime waits for what is done elsewhere.
func inTime(t testing.TB, what string, fn func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		fn()
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		assert.Fail(t, "waited in vain for "+what)
	}
}

func encoded(t testing.TB, v any) string {
	doc, err := json.Marshal(v)
	require.NoError(t, err)
	return string(doc)
}
