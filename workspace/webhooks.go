package workspace

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/scenarios"
	"github.com/mockpay/mockpay/state"
	"github.com/mockpay/mockpay/webhook"
)

// A Target is where a provider's webhooks were told to go, by a flag or by the
// control API. What it leaves open is as the scenario says.
type Target struct {
	URL      string
	Encoding string          // "": as the scenario says
	Attempts int             // 0: as the scenario says
	Backoff  []time.Duration // nil: as the scenario says
	Timeout  time.Duration   // 0: as the scenario says

	off bool // nowhere, whatever the scenario says
}

// targets are the wiring of a workspace: they are no part of its state.
type targets struct {
	given map[string]string // by flag, not changed

	mu  sync.RWMutex
	set map[string]Target // by the control API; guarded by mu
}

// of is what a provider was told, and whether it was told anything.
func (t *targets) of(name string) (Target, bool) {
	t.mu.RLock()
	set, ok := t.set[name]
	t.mu.RUnlock()
	if !ok {
		set.URL, ok = t.given[name]
	}
	return set, ok
}

func (t *targets) put(name string, target Target) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.set[name] = target
}

// restore forgets what was taken away: a new scenario has its say.
func (t *targets) restore(loaded bool) (taken []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for name, target := range t.set {
		if loaded && target.off {
			delete(t.set, name)
			taken = append(taken, name)
		}
	}
	return taken
}

// take takes away again what was restored for a scenario that did not begin.
func (t *targets) take(names []string) {
	for _, name := range names {
		t.put(name, Target{off: true})
	}
}

// target is where a mock's webhooks go, without what concerns only sending.
func (w *Workspace) target(m *provider.Mock) Target {
	if m.Webhook == nil {
		return Target{}
	}
	t, ok := w.targets.of(m.Name)
	if !ok {
		t.URL = m.Webhook(w.scenario.Load().Settings[m.Name]).URL
	}
	return t
}

// Endpoint is where and how a provider's webhooks go.
func (w *Workspace) Endpoint(m *provider.Mock) webhook.Endpoint {
	settings := w.scenario.Load().Settings[m.Name]
	e := m.Webhook(settings).Endpoint()
	if t, ok := w.targets.of(m.Name); ok {
		t.over(&e)
	}
	if m.CheckWebhook != nil && e.URL != "" {
		e.Refused = m.CheckWebhook(settings, e.URL)
	}
	e.AnyBody, e.Proof = m.AnyWebhookAnswer, m.Proof
	if m.SignWebhook != nil {
		e.Headers = func(event webhook.Event, at time.Time, body []byte) http.Header {
			credentials, err := w.Credentials(m)
			if err != nil {
				return nil // the attempt is not signed, and fails as the receiver says
			}
			return m.SignWebhook(credentials, event, at, body)
		}
	}
	return e
}

// over writes what a target says over an endpoint.
func (t Target) over(e *webhook.Endpoint) {
	e.URL = t.URL
	if t.Encoding != "" {
		e.Encoding = t.Encoding
	}
	if t.Attempts != 0 {
		e.Attempts = t.Attempts
	}
	if t.Backoff != nil {
		e.Backoff = t.Backoff
	}
	if t.Timeout != 0 {
		e.Timeout = t.Timeout
	}
}

// SetEndpoint says where a provider's webhooks go from now on. It stays through
// resets. The error tells of a target that webhooks may not go to.
func (w *Workspace) SetEndpoint(m *provider.Mock, t Target) error {
	if err := w.checkTarget(m, w.scenario.Load(), t.URL); err != nil {
		return err
	}
	w.targets.put(m.Name, t)
	return nil
}

// RemoveEndpoint makes a provider's webhooks go nowhere, until an endpoint is
// set or a scenario loaded that has one.
func (w *Workspace) RemoveEndpoint(m *provider.Mock) { w.targets.put(m.Name, Target{off: true}) }

// Reach looks whether somebody listens at a target, and says why not.
func (w *Workspace) Reach(ctx context.Context, target string) error {
	return w.sender.Reach(ctx, target)
}

// ErrEndpoint is that of scenarios whose webhooks may not go where they say.
var ErrEndpoint = errors.New("webhook.url")

// checkTargets refuses a scenario whose webhooks may not go where it says.
func (w *Workspace) checkTargets(s *scenarios.Scenario) error {
	for _, m := range w.mocks {
		if m.Webhook == nil {
			continue
		}
		if url := m.Webhook(s.Settings[m.Name]).URL; url != "" {
			if err := w.checkTarget(m, s, url); err != nil {
				return fmt.Errorf("providers.%s.%w: %w", m.Name, ErrEndpoint, err)
			}
		}
	}
	return nil
}

// checkTarget refuses a URL that a provider's webhooks may not go to: by the
// provider's own rules, or by ours.
func (w *Workspace) checkTarget(m *provider.Mock, s *scenarios.Scenario, url string) error {
	if m.CheckWebhook != nil {
		if err := m.CheckWebhook(s.Settings[m.Name], url); err != nil {
			return fmt.Errorf("%w: %w", webhook.ErrRefused, err)
		}
	}
	return w.sender.Check(url)
}

// newDelivery returns what brings the workspace's events to their receivers.
func (w *Workspace) newDelivery() *webhook.Delivery {
	byName := make(map[string]*provider.Mock)
	var names []string
	for _, m := range w.mocks {
		if m.Webhook != nil {
			byName[m.Name] = m
			names = append(names, m.Name)
		}
	}
	return webhook.NewDelivery(webhook.Workspace{
		Update: func(fn func(*state.Tx) error) error {
			w.world.RLock()
			defer w.world.RUnlock()
			return w.update(state.Cause{Operation: "webhook"}, fn)
		},
		View:     w.view,
		Now:      func() time.Time { return w.clock.Now() },
		Endpoint: func(name string) webhook.Endpoint { return w.Endpoint(byName[name]) },
		Log:      w.log,
	}, w.sender, names)
}

// mostNamed bounds how many webhooks a line of the log names.
const mostNamed = 10

// stopWebhooks sends what is queued until ctx ends, and says what is left.
func (w *Workspace) stopWebhooks(ctx context.Context) {
	left := w.delivery.Stop(ctx)
	if len(left) == 0 {
		return
	}
	var named []string
	for _, e := range left[:min(len(left), mostNamed)] {
		named = append(named, fmt.Sprintf("%s %s.%s to %s after %d attempts", e.ID, e.Provider, e.Event, webhook.Shown(e.URL), e.Tried))
	}
	w.log.Warn("webhooks were not delivered when the workspace ended", "pending", len(left), "first", named)
}

// A WebhookFilter selects events; its zero value selects all.
type WebhookFilter struct {
	Provider string
	Event    string
	Status   webhook.Status
	Limit    int
}

func (f *WebhookFilter) selects(e *webhook.Event) bool {
	return (f.Provider == "" || f.Provider == e.Provider) &&
		(f.Event == "" || f.Event == e.Event) &&
		(f.Status == "" || f.Status == e.Status)
}

// Webhooks returns the selected events, newest first, and how many were dropped
// to make room. Secrets are masked.
func (w *Workspace) Webhooks(f WebhookFilter) (events []webhook.Event, dropped int64, err error) {
	err = w.view(func(tx *state.Tx) {
		for e := range webhook.Table.Newest(tx) {
			if f.Limit > 0 && len(events) == f.Limit {
				break
			}
			if f.selects(&e) {
				events = append(events, w.shown(e))
			}
		}
		dropped = webhook.Removed(tx)
	})
	return events, dropped, err
}

// Webhook returns an event. Secrets are masked.
func (w *Workspace) Webhook(id string) (e webhook.Event, ok bool, err error) {
	err = w.view(func(tx *state.Tx) {
		if e, ok = webhook.Table.Get(tx, id); ok {
			e = w.shown(e)
		}
	})
	return e, ok, err
}

// shown is an event as it may be shown.
func (w *Workspace) shown(e webhook.Event) webhook.Event {
	i := slices.IndexFunc(w.mocks, func(m *provider.Mock) bool { return m.Name == e.Provider })
	if i < 0 {
		return e
	}
	return e.Masked(w.secrets().Masker(valuesIn(e.Payload, w.mocks[i].Secret.Events)))
}

// valuesIn are the texts under some names in a JSON document.
func valuesIn(doc []byte, names []string) []string {
	var v any
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber() // which may be beyond floats
	if d.Decode(&v) != nil {
		return nil
	}
	return valuesOf(v, names)
}

// valuesOf are the texts under some names, at any depth.
func valuesOf(v any, names []string) (found []string) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			found = append(found, valuesOf(item, names)...)
		}
	case map[string]any:
		for name, item := range v {
			if text, ok := item.(string); ok && text != "" && slices.Contains(names, name) {
				found = append(found, text)
				continue
			}
			found = append(found, valuesOf(item, names)...)
		}
	}
	return found
}

// AwaitWebhooks returns the selected events as soon as so many have gone out or
// are done with, those of audits not counted, or, with ok false, those there are
// when ctx ends.
func (w *Workspace) AwaitWebhooks(ctx context.Context, f WebhookFilter, count int) (events []webhook.Event, ok bool, err error) {
	err = w.delivery.Await(ctx, func(tx *state.Tx) bool {
		n := 0
		for e := range webhook.Table.All(tx) {
			if f.selects(&e) && e.Audit == "" && (e.Status != webhook.Pending || len(e.Attempts) > 0) {
				n++
			}
		}
		return n >= count
	})
	if err != nil && ctx.Err() == nil {
		return nil, false, err
	}
	ok = err == nil
	events, _, err = w.Webhooks(f)
	return events, ok, err
}

// DrainWebhooks returns when no event is pending, or with those that are when
// ctx ends. It sends what is held for an event that has not come.
func (w *Workspace) DrainWebhooks(ctx context.Context) (left []webhook.Event, err error) {
	for holding := true; holding && err == nil; {
		if err := w.delivery.Unhold(); err != nil {
			return nil, err
		}
		err = w.delivery.Await(ctx, func(tx *state.Tx) bool {
			holding = w.delivery.Holding(tx)
			for range webhook.Waiting(tx) {
				return holding
			}
			return true
		})
	}
	if err == nil || ctx.Err() == nil {
		return nil, err
	}
	left, _, err = w.Webhooks(WebhookFilter{Status: webhook.Pending})
	return left, err
}

// Redeliver sends an event once more, with the same id and body, and returns
// what became of it.
func (w *Workspace) Redeliver(ctx context.Context, id string) (webhook.Event, error) {
	e, err := w.delivery.Redeliver(ctx, id)
	return w.shown(e), err
}
