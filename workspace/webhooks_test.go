package workspace_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/state"
	"github.com/mockpay/mockpay/webhook"
	"github.com/mockpay/mockpay/workspace"
)

// over is a context that is over.
func over() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func within(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// soon is longer than anything of these tests takes.
const soon = 10 * time.Second

func TestWebhookOfACall(t *testing.T) {
	hook := newHook(t)
	w := newWorld(t, shopScenario(toHook(hook.URL)), nil)
	out := w.call(`{"event":{"amount":5.00,"who":"me"}}`)
	assert.True(t, out.HasWebhooks())
	assert.Equal(t, webhook.Pending, w.newest().Status)
	assert.Zero(t, hook.count(), "not before the answer")
	out.Answered()
	got := hook.next()
	assert.Equal(t, "amount=5.00&who=me", got.body)
	e, ok, err := w.AwaitWebhooks(within(t, soon), workspace.WebhookFilter{Status: webhook.Delivered}, 1)
	require.NoError(t, err)
	require.True(t, ok)
	assert.Equal(t, e[0].ID, got.header.Get("X-Mockpay-Webhook-Id"))
	assert.Equal(t, "paid", got.header.Get("X-Mockpay-Webhook-Event"))
	assert.Equal(t, "req-1", e[0].Cause)
	assert.Equal(t, start, e[0].At)
	assert.Equal(t, hook.URL, e[0].URL)

	assert.False(t, w.call(`{}`).HasWebhooks(), "a call without events")
	out = w.call(`{"event":{},"refuse":true}`)
	assert.Equal(t, 422, out.Status)
	assert.False(t, out.HasWebhooks(), "what a refused call wrote is undone")
	assert.Len(t, w.all(), 1)
	out.Answered()
}

func TestWebhookOfAnAction(t *testing.T) {
	hook := newHook(t)
	w := newWorld(t, shopScenario(toHook(hook.URL)), nil)
	settle := w.shop.Action("settle")
	_, err := w.Simulate(w.shop, settle, nil)
	require.NoError(t, err)
	assert.Equal(t, "payment=by+hand", hook.next().body)
	assert.Equal(t, "shop.settle", w.newest().Cause)

	t.Run("UndoneWithItsAction", func(t *testing.T) {
		_, err := w.Simulate(w.shop, settle, map[string]string{"fail": "yes"})
		require.ErrorContains(t, err, "it is settled")
		assert.Len(t, w.all(), 1)
	})
	t.Run("AfterOneThatWasUndone", func(t *testing.T) {
		_, err := w.Simulate(w.shop, settle, map[string]string{"fail": "yes"})
		require.Error(t, err)
		_, err = w.Simulate(w.shop, settle, nil)
		require.NoError(t, err)
		_, ok, err := w.AwaitWebhooks(within(t, soon), workspace.WebhookFilter{Status: webhook.Delivered}, 2)
		require.NoError(t, err)
		assert.True(t, ok, "the count that the undone action told hides the next event")
	})
}

func TestWebhookOfAJob(t *testing.T) {
	hook := newHook(t)
	w := newWorld(t, shopScenario(toHook(hook.URL)), nil)
	w.call(`{"settles":true}`).Answered()
	jobs, err := w.Pending()
	require.NoError(t, err)
	w.advance(2 * time.Hour)
	e := w.newest()
	assert.Equal(t, webhook.Delivered, e.Status, "Advance waits for what the job caused")
	assert.Equal(t, jobs[0].ID, e.Cause)
	assert.Equal(t, start.Add(time.Hour), e.At)
	assert.Equal(t, start.Add(time.Hour), e.Attempts[0].At)

	t.Run("DueAtOnce", func(t *testing.T) {
		w := newWorld(t, shopScenario("settle_after: 0s, "+toHook(hook.URL)), nil)
		w.call(`{"settles":true}`).Answered()
		_, ok, err := w.AwaitWebhooks(within(t, soon), workspace.WebhookFilter{Status: webhook.Delivered}, 1)
		require.NoError(t, err)
		assert.True(t, ok, "a job that a mere look ran has its event sent too")
	})
}

func TestRetries(t *testing.T) {
	const a, b = time.Minute, 5 * time.Minute
	for name, steps := range map[string][]time.Duration{
		"OneStep": {time.Hour}, "Steps": {a, b}, "Boundaries": {a - time.Millisecond, time.Millisecond, b - time.Millisecond, time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			hook := newHook(t)
			var calls atomic.Int32
			hook.answers(func(w http.ResponseWriter, _ *http.Request) {
				if calls.Add(1) < 3 {
					w.WriteHeader(500)
				}
			})
			w := newWorld(t, shopScenario(toHook(hook.URL)), nil)
			w.pay(1)
			for _, step := range steps {
				w.advance(step)
			}
			e := w.newest()
			require.Len(t, e.Attempts, 3)
			for i, at := range []time.Duration{0, a, a + b} {
				assert.Equal(t, start.Add(at), e.Attempts[i].At)
			}
			assert.Equal(t, webhook.Delivered, e.Status)
			assert.Equal(t, 3, hook.count())
		})
	}
	t.Run("JobsAreShown", func(t *testing.T) {
		w := newWorld(t, shopScenario(toHook(closedPort(t))), nil)
		w.pay(1)
		w.advance(0)
		jobs, err := w.Pending()
		require.NoError(t, err)
		require.Len(t, jobs, 1)
		assert.Equal(t, "webhook.retry", jobs[0].Kind)
		assert.Equal(t, w.newest().ID, jobs[0].Ref)
		assert.Equal(t, start.Add(a), jobs[0].At)
	})
	// A call at the very time a retry is due runs its job before the clock's
	// timer does, and takes the timer away.
	t.Run("DueWhenACallComes", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, fmt.Sprintf("version: 1\nproviders: {shop: {%s}}\n", toHook(closedPort(t))), nil)
			w.pay(1)
			synctest.Wait()
			require.Len(t, w.newest().Attempts, 1)
			jobs, err := w.Pending()
			require.NoError(t, err)
			time.Sleep(jobs[0].At.Sub(w.Clock().State().Now)) // of the bubble, to the millisecond
			require.NoError(t, w.SetBalances(nil))
			time.Sleep(time.Second)
			synctest.Wait()
			assert.Len(t, w.newest().Attempts, 2)
		})
	})
}

func TestEndpointPrecedence(t *testing.T) {
	scenario := shopScenario(`webhook: {url: "http://scenario.internal", encoding: json, attempts: 5, backoff: [1s, 2s], timeout: 3s}`)
	flag := map[string]string{"shop": "http://flag.internal"}
	rest := webhook.Endpoint{Encoding: "json", Attempts: 5, Backoff: []time.Duration{time.Second, 2 * time.Second}, Timeout: 3 * time.Second}
	at := func(url string) webhook.Endpoint {
		e := rest
		e.URL = url
		return e
	}
	t.Run("Scenario", func(t *testing.T) {
		w := newWorld(t, scenario, nil)
		assert.Equal(t, at("http://scenario.internal"), w.Endpoint(w.shop))
	})
	t.Run("Defaults", func(t *testing.T) {
		w := newWorld(t, frozen, nil)
		assert.Equal(t, webhook.Endpoint{
			Encoding: "form", Attempts: 3, Backoff: []time.Duration{time.Minute, 5 * time.Minute}, Timeout: 10 * time.Second,
		}, w.Endpoint(w.shop))
	})
	t.Run("FlagOverScenario", func(t *testing.T) {
		w := newWorld(t, scenario, flag)
		assert.Equal(t, at("http://flag.internal"), w.Endpoint(w.shop))
	})
	t.Run("FlagIsOfTheDefaultWorkspace", func(t *testing.T) {
		w := newWorld(t, scenario, flag)
		other := w.create("other", scenario)
		assert.Equal(t, at("http://scenario.internal"), other.Endpoint(w.shop))
	})
	t.Run("ControlOverFlag", func(t *testing.T) {
		w := newWorld(t, scenario, flag)
		require.NoError(t, w.SetEndpoint(w.shop, workspace.Target{URL: "http://control.internal"}))
		assert.Equal(t, at("http://control.internal"), w.Endpoint(w.shop))
		require.NoError(t, w.Reset())
		assert.Equal(t, at("http://control.internal"), w.Endpoint(w.shop), "it survives a reset")
		require.NoError(t, w.Load(w.parse(scenario)))
		assert.Equal(t, at("http://control.internal"), w.Endpoint(w.shop), "and another scenario")
		s, err := w.Snapshot()
		require.NoError(t, err)
		require.NoError(t, w.Restore(s))
		assert.Equal(t, at("http://control.internal"), w.Endpoint(w.shop), "and another state")
	})
	for name, tt := range map[string]struct {
		set  workspace.Target
		want func(*webhook.Endpoint)
	}{
		"Encoding":     {workspace.Target{Encoding: "form"}, func(e *webhook.Endpoint) { e.Encoding = "form" }},
		"Attempts":     {workspace.Target{Attempts: 1}, func(e *webhook.Endpoint) { e.Attempts = 1 }},
		"Backoff":      {workspace.Target{Backoff: []time.Duration{time.Hour}}, func(e *webhook.Endpoint) { e.Backoff = []time.Duration{time.Hour} }},
		"EmptyBackoff": {workspace.Target{Backoff: []time.Duration{}}, func(e *webhook.Endpoint) { e.Backoff = []time.Duration{} }},
		"Timeout":      {workspace.Target{Timeout: time.Hour}, func(e *webhook.Endpoint) { e.Timeout = time.Hour }},
	} {
		t.Run("Partial"+name, func(t *testing.T) {
			w := newWorld(t, scenario, flag)
			tt.set.URL = "http://control.internal"
			require.NoError(t, w.SetEndpoint(w.shop, tt.set))
			want := at(tt.set.URL)
			tt.want(&want)
			assert.Equal(t, want, w.Endpoint(w.shop))
			require.NoError(t, w.SetEndpoint(w.shop, workspace.Target{URL: "http://again.internal"}))
			assert.Equal(t, at("http://again.internal"), w.Endpoint(w.shop), "a later one replaces it whole")
		})
	}
	t.Run("ErrRefused", func(t *testing.T) {
		w := newWorld(t, scenario, nil)
		for url, want := range map[string]error{"http://example.com": webhook.ErrRefused, "http://169.254.169.254": webhook.ErrRefused, "nowhere": webhook.ErrURL, "": webhook.ErrURL} {
			assert.ErrorIs(t, w.SetEndpoint(w.shop, workspace.Target{URL: url}), want, url)
		}
		assert.Equal(t, at("http://scenario.internal"), w.Endpoint(w.shop))
	})
}

func TestRemoveEndpoint(t *testing.T) {
	hook := newHook(t)
	scenario := shopScenario(toHook(hook.URL))
	nowhere := func(t *testing.T, w *world) {
		t.Helper()
		assert.Empty(t, w.Endpoint(w.shop).URL)
		out := w.call(`{"event":{}}`)
		assert.False(t, out.HasWebhooks(), "nothing waits for the answer")
		out.Answered()
		e := w.newest()
		assert.Equal(t, webhook.Unsent, e.Status)
		assert.Contains(t, e.Hint, "PUT /_mockpay/webhook-endpoints/shop")
	}
	t.Run("Nowhere", func(t *testing.T) {
		w := newWorld(t, scenario, map[string]string{"shop": hook.URL})
		w.RemoveEndpoint(w.shop)
		nowhere(t, w)
		require.NoError(t, w.Reset())
		nowhere(t, w)
		require.NoError(t, w.ReplaceRules(w.parse(scenario)))
		nowhere(t, w)
	})
	t.Run("UntilItIsSet", func(t *testing.T) {
		w := newWorld(t, scenario, nil)
		w.RemoveEndpoint(w.shop)
		require.NoError(t, w.SetEndpoint(w.shop, workspace.Target{URL: hook.URL}))
		assert.Equal(t, hook.URL, w.Endpoint(w.shop).URL)
	})
	t.Run("UntilAScenarioIsLoaded", func(t *testing.T) {
		w := newWorld(t, frozen, nil)
		w.RemoveEndpoint(w.shop)
		require.NoError(t, w.Load(w.parse(scenario)))
		assert.Equal(t, hook.URL, w.Endpoint(w.shop).URL)
	})
	t.Run("NotByARefusedScenario", func(t *testing.T) {
		w := newWorld(t, scenario, nil)
		w.RemoveEndpoint(w.shop)
		require.Error(t, w.Load(w.parse(shopScenario(toHook("http://example.com")))))
		nowhere(t, w)
	})
	t.Run("TheScenariosOpeningIsSentAlready", func(t *testing.T) {
		w := newWorld(t, frozen, nil)
		w.RemoveEndpoint(w.shop)
		require.NoError(t, w.Load(w.parse(shopScenario("opening: 1, "+toHook(hook.URL)))))
		w.advance(0)
		assert.Equal(t, webhook.Delivered, w.newest().Status)
	})
}

func TestRefusedScenario(t *testing.T) {
	hook := newHook(t)
	w := newWorld(t, shopScenario(toHook(hook.URL)), nil)
	w.pay(1)
	w.advance(0)
	before := encoded(t, w.all())
	for _, url := range []string{"http://example.com/hook", "http://169.254.169.254/", "receiver:9000", "ftp://localhost"} {
		err := w.Load(w.parse(shopScenario(toHook(url))))
		require.Error(t, err)
		assert.ErrorContains(t, err, "providers.shop.webhook.url: ")
		assert.ErrorIs(t, err, workspace.ErrEndpoint)
		_, err = w.reg.Create(workspace.Spec{ID: "new", Scenario: w.parse(shopScenario(toHook(url)))})
		assert.ErrorIs(t, err, workspace.ErrEndpoint)
		_, err = w.reg.Get("new")
		assert.ErrorIs(t, err, workspace.ErrUnknown)
	}
	assert.Equal(t, before, encoded(t, w.all()), "the old world goes on")
	w.pay(2)
	w.advance(0)
	assert.Equal(t, webhook.Delivered, w.newest().Status)
	require.NoError(t, w.Load(w.parse(shopScenario(toHook(hook.URL)))))
	w.create("new", frozen)
}

// The old world's receiver may say what it likes: the new world's event has the
// same id, and hears nothing of it.
func TestNewWorldsHearNothingOfOldOnes(t *testing.T) {
	for name, replace := range map[string]func(*world, workspace.Snapshot) error{
		"Reset":   func(w *world, _ workspace.Snapshot) error { return w.Reset() },
		"Load":    func(w *world, s workspace.Snapshot) error { return w.Load(w.parse(s.Scenario)) },
		"Restore": func(w *world, s workspace.Snapshot) error { return w.Restore(s) },
	} {
		t.Run(name, func(t *testing.T) {
			hook := newHook(t)
			hook.hangs()
			w := newWorld(t, shopScenario(toHook(hook.URL)), nil)
			saved, err := w.Snapshot()
			require.NoError(t, err)
			w.pay(1)
			old := w.newest()
			hook.next() // it hangs now
			inTime(t, name, func() { assert.NoError(t, replace(w, saved)) })
			assert.Empty(t, w.all())
			hook.answers(nil)
			w.pay(1)
			w.advance(time.Hour)
			e := w.newest()
			assert.Equal(t, old.ID, e.ID)
			assert.Equal(t, webhook.Delivered, e.Status)
			assert.Len(t, e.Attempts, 1)
			assert.Equal(t, "n=1", hook.next().body)
		})
	}
	t.Run("QueueSurvivesARefusedRestore", func(t *testing.T) {
		hook := newHook(t)
		hook.hangs()
		w := newWorld(t, shopScenario(toHook(hook.URL)), nil)
		w.pay(1)
		w.pay(2)
		hook.next()
		s, err := w.Snapshot()
		require.NoError(t, err)
		s.State.Tables["unknown"] = nil
		hook.answers(nil)
		inTime(t, "the refusal", func() { assert.ErrorIs(t, w.Restore(s), workspace.ErrSnapshot) })
		for _, want := range []string{"n=1", "n=2"} {
			assert.Equal(t, want, hook.next().body)
		}
		left, err := w.DrainWebhooks(within(t, soon))
		require.NoError(t, err)
		assert.Empty(t, left)
		for _, e := range w.all() {
			assert.Equal(t, 1, e.Tried)
		}
	})
	t.Run("ResetWhileTheClockMoves", func(t *testing.T) {
		hook := newHook(t)
		w := newWorld(t, shopScenario(strings.Replace(toHook(hook.URL), "}", ", timeout: 1h}", 1)), nil)
		hook.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
		w.pay(1)
		w.advance(time.Second)
		w.pay(2)
		w.advance(0)
		hook.next()
		hook.next()
		hook.hangs()
		moved := make(chan struct{})
		go func() {
			defer close(moved)
			_, _ = w.Clock().Advance(time.Hour)
		}()
		hook.next() // the first one's second attempt; the other's comes a second later
		inTime(t, "the reset", func() { assert.NoError(t, w.Reset()) })
		inTime(t, "the clock", func() { <-moved })
	})
}

func TestSnapshotsSendElsewhere(t *testing.T) {
	here, there := newHook(t), newHook(t)
	w := newWorld(t, shopScenario(toHook(here.URL)), nil)
	other := newWorld(t, frozen, map[string]string{"shop": there.URL})
	restore := func(t *testing.T) {
		t.Helper()
		s, err := w.Snapshot()
		require.NoError(t, err)
		var copied workspace.Snapshot
		require.NoError(t, json.Unmarshal([]byte(encoded(t, s)), &copied))
		require.NoError(t, other.Restore(copied))
	}
	t.Run("InFlight", func(t *testing.T) {
		here.hangs()
		w.pay(1)
		here.next()
		restore(t)
		assert.Equal(t, "n=1", there.next().body)
		other.advance(0)
		assert.Equal(t, webhook.Delivered, other.newest().Status)
		assert.Equal(t, there.URL, other.newest().URL)
		assert.Equal(t, webhook.Pending, w.newest().Status)
	})
	t.Run("RetryPending", func(t *testing.T) {
		require.NoError(t, w.Reset())
		here.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
		w.pay(1)
		w.advance(0)
		restore(t)
		other.advance(time.Minute)
		e := other.newest()
		assert.Equal(t, webhook.Delivered, e.Status)
		require.Len(t, e.Attempts, 2)
		assert.Equal(t, start.Add(time.Minute), e.Attempts[1].At)
	})
	t.Run("ErrUnknownProvider", func(t *testing.T) {
		s, err := w.Snapshot()
		require.NoError(t, err)
		doc := strings.ReplaceAll(encoded(t, s), `"provider":"shop"`, `"provider":"gone"`)
		var broken workspace.Snapshot
		require.NoError(t, json.Unmarshal([]byte(doc), &broken))
		assert.ErrorIs(t, other.Restore(broken), workspace.ErrSnapshot)
	})
}

func TestAwaitWebhooks(t *testing.T) {
	hook := newHook(t)
	t.Run("AsSoonAsThereAreSoMany", func(t *testing.T) {
		w := newWorld(t, shopScenario(toHook(hook.URL)), nil)
		type result struct {
			events []webhook.Event
			ok     bool
			err    error
		}
		done := make(chan result, 1)
		go func() {
			events, ok, err := w.AwaitWebhooks(within(t, soon), workspace.WebhookFilter{Provider: "shop", Event: "paid"}, 2)
			done <- result{events, ok, err}
		}()
		w.pay(1)
		w.pay(2)
		got := <-done
		require.NoError(t, got.err)
		assert.True(t, got.ok)
		require.Len(t, got.events, 2)
		assert.JSONEq(t, `{"n":2}`, string(got.events[0].Payload), "newest first")
	})
	t.Run("FailedOnesHaveGoneOut", func(t *testing.T) {
		w := newWorld(t, shopScenario(toHook(closedPort(t))), nil)
		w.pay(1)
		events, ok, err := w.AwaitWebhooks(within(t, soon), workspace.WebhookFilter{}, 1)
		require.NoError(t, err)
		assert.True(t, ok)
		assert.Len(t, events[0].Attempts, 1)
	})
	t.Run("UnsentOnesAreDoneWith", func(t *testing.T) {
		w := newWorld(t, frozen, nil)
		done := make(chan bool, 1)
		go func() {
			_, ok, _ := w.AwaitWebhooks(within(t, soon), workspace.WebhookFilter{}, 1)
			done <- ok
		}()
		w.pay(1)
		assert.True(t, <-done)
	})
	t.Run("NotYet", func(t *testing.T) {
		w := newWorld(t, shopScenario(toHook(hook.URL)), nil)
		out := w.call(`{"event":{}}`)
		events, ok, err := w.AwaitWebhooks(over(), workspace.WebhookFilter{}, 1)
		require.NoError(t, err)
		assert.False(t, ok)
		assert.Len(t, events, 1, "those there are")
		out.Answered()
	})
	t.Run("NoneIsEnough", func(t *testing.T) {
		w := newWorld(t, frozen, nil)
		_, ok, err := w.AwaitWebhooks(over(), workspace.WebhookFilter{}, 0)
		require.NoError(t, err)
		assert.True(t, ok)
	})
	t.Run("OthersDoNotCount", func(t *testing.T) {
		w := newWorld(t, frozen, nil)
		w.pay(1)
		for _, f := range []workspace.WebhookFilter{{Provider: "other"}, {Event: "settled"}, {Status: webhook.Failed}} {
			events, ok, err := w.AwaitWebhooks(over(), f, 1)
			require.NoError(t, err)
			assert.False(t, ok)
			assert.Empty(t, events)
		}
	})
}

func TestDrainWebhooks(t *testing.T) {
	hook := newHook(t)
	t.Run("Nothing", func(t *testing.T) {
		left, err := newWorld(t, frozen, nil).DrainWebhooks(over())
		require.NoError(t, err)
		assert.Empty(t, left)
	})
	t.Run("WhenAllAreDone", func(t *testing.T) {
		w := newWorld(t, shopScenario(toHook(hook.URL)), nil)
		for n := range 20 {
			w.pay(n)
		}
		left, err := w.DrainWebhooks(within(t, soon))
		require.NoError(t, err)
		assert.Empty(t, left)
		assert.Equal(t, 20, hook.count())
	})
	t.Run("ErrTime", func(t *testing.T) {
		w := newWorld(t, shopScenario(toHook(closedPort(t))), nil)
		w.pay(1)
		w.advance(0)
		left, err := w.DrainWebhooks(over())
		require.NoError(t, err)
		require.Len(t, left, 1)
		assert.Contains(t, left[0].Hint, "connection refused")
	})
	t.Run("WhenTheClockLetsThem", func(t *testing.T) {
		w := newWorld(t, shopScenario(toHook(closedPort(t))), nil)
		w.pay(1)
		done := make(chan error, 1)
		go func() {
			_, err := w.DrainWebhooks(within(t, soon))
			done <- err
		}()
		w.advance(time.Hour)
		require.NoError(t, <-done)
		assert.Equal(t, webhook.Failed, w.newest().Status)
	})
	t.Run("ResetMeanwhile", func(t *testing.T) {
		w := newWorld(t, shopScenario(toHook(closedPort(t))), nil)
		w.pay(1)
		done := make(chan error, 1)
		go func() {
			_, err := w.DrainWebhooks(within(t, soon))
			done <- err
		}()
		require.NoError(t, w.Reset())
		require.NoError(t, <-done)
	})
}

func TestWebhooks(t *testing.T) {
	w := newWorld(t, frozen, nil)
	for n := range 5 {
		w.pay(n)
	}
	_, err := w.Simulate(w.shop, w.shop.Action("settle"), nil)
	require.NoError(t, err)
	for name, tt := range map[string]struct {
		f    workspace.WebhookFilter
		want int
	}{
		"All": {workspace.WebhookFilter{}, 6}, "Provider": {workspace.WebhookFilter{Provider: "shop"}, 6}, "Other": {workspace.WebhookFilter{Provider: "dinardragon"}, 0},
		"Event": {workspace.WebhookFilter{Event: "paid"}, 5}, "Status": {workspace.WebhookFilter{Status: webhook.Unsent}, 6}, "NoStatus": {workspace.WebhookFilter{Status: webhook.Delivered}, 0},
		"Limit": {workspace.WebhookFilter{Limit: 2}, 2}, "LimitOfSelected": {workspace.WebhookFilter{Event: "settled", Limit: 2}, 1}, "Large": {workspace.WebhookFilter{Limit: 100}, 6},
	} {
		t.Run(name, func(t *testing.T) {
			events, dropped, err := w.Webhooks(tt.f)
			require.NoError(t, err)
			assert.Len(t, events, tt.want)
			assert.Zero(t, dropped)
		})
	}
	assert.Equal(t, "settled", w.newest().Event, "newest first")
	e, ok, err := w.Webhook(w.newest().ID)
	require.NoError(t, err)
	assert.True(t, ok)
	assert.Equal(t, w.newest(), e)
	_, ok, err = w.Webhook("unknown")
	require.NoError(t, err)
	assert.False(t, ok)
}

func TestRedeliver(t *testing.T) {
	hook := newHook(t)
	w := newWorld(t, frozen, nil)
	w.call(`{"event":{"card":"4111111111111111"}}`).Answered()
	id := w.newest().ID
	e, err := w.Redeliver(within(t, soon), id)
	require.NoError(t, err)
	assert.Equal(t, webhook.Unsent, e.Status)
	require.NoError(t, w.SetEndpoint(w.shop, workspace.Target{URL: hook.URL, Encoding: "json"}))
	for range 2 {
		e, err = w.Redeliver(within(t, soon), id)
		require.NoError(t, err)
		got := hook.next()
		assert.Equal(t, id, got.header.Get("X-Mockpay-Webhook-Id"))
		assert.Equal(t, `{"card":"4111111111111111"}`, got.body)
		assert.NotContains(t, encoded(t, e), "4111111111111111")
	}
	assert.Equal(t, webhook.Delivered, e.Status)
	_, err = w.Redeliver(within(t, soon), "unknown")
	assert.ErrorIs(t, err, webhook.ErrUnknown)
}

// Secrets of an event are sent whole and shown nowhere.
func TestSecretsOfEvents(t *testing.T) {
	for _, tt := range []struct {
		name, event string
		secrets     []string
	}{
		{"Text", `{"card":"4111111111111111","n":1}`, []string{"4111111111111111"}},
		{"Nested", `{"a":{"b":[{"card":"4111111111111111"}]}}`, []string{"4111111111111111"}},
		{"ToBeEscapedInForms", `{"card":"4111 1111&1111=1111"}`, []string{"4111 1111&1111", "4111+1111"}},
		{"TwoOfThem", `{"card":"4111111111111111","pin":"98765"}`, []string{"4111111111111111", "98765"}},
		{"Empty", `{"card":"","n":"x"}`, nil},
		{"AlsoANumber", `{"pin":"12345","amount":12345.00,"ok":false}`, []string{`"12345"`}},
		{"ToBeEscapedInJSON", `{"card":"4111\"1111\\1111"}`, []string{`4111\"1111`, "4111%22", `1111\\1111`}},
		{"OnePartOfAnother", `{"card":"1234567890123456","pin":"12345"}`, []string{"67890123456", "1234567890"}},
	} {
		for _, encoding := range []string{"form", "json"} {
			t.Run(tt.name+"/"+encoding, func(t *testing.T) {
				hook := newHook(t)
				hook.answers(func(w http.ResponseWriter, r *http.Request) { _ = r.Write(w) }) // an echo
				w := newWorld(t, shopScenario(strings.Replace(toHook(hook.URL), "}", ", encoding: "+encoding+"}", 1)), nil)
				w.call(`{"event":` + tt.event + `}`).Answered()
				got := hook.next().body
				if encoding == "json" {
					assert.JSONEq(t, tt.event, got, "sent whole")
				}
				w.advance(0)
				for _, secret := range tt.secrets {
					events, _, err := w.Webhooks(workspace.WebhookFilter{})
					require.NoError(t, err)
					one, _, err := w.Webhook(events[0].ID)
					require.NoError(t, err)
					for _, e := range []webhook.Event{events[0], one} {
						require.Len(t, e.Attempts, 1)
						for _, text := range []string{string(e.Payload), e.Attempts[0].Request.Body, e.Attempts[0].Response.Body} {
							assert.NotContains(t, text, secret)
						}
						assert.True(t, json.Valid(e.Payload), "%s", e.Payload)
					}
				}
			})
		}
	}
}

func TestClose(t *testing.T) {
	t.Run("SendsWhatIsQueued", func(t *testing.T) {
		hook := newHook(t)
		w := newWorld(t, shopScenario(toHook(hook.URL)), nil)
		for n := range 20 {
			w.pay(n)
		}
		require.NoError(t, w.reg.Close(within(t, soon)))
		assert.Equal(t, 20, hook.count())
	})
	t.Run("BreaksOffWhatHangs", func(t *testing.T) {
		hook := newHook(t)
		hook.hangs()
		w := newWorld(t, shopScenario(toHook(hook.URL)), nil)
		w.pay(1)
		hook.next()
		inTime(t, "the end", func() { assert.NoError(t, w.reg.Close(over())) })
	})
	t.Run("DeletedWhileItSends", func(t *testing.T) {
		hook := newHook(t)
		hook.hangs()
		w := newWorld(t, frozen, nil)
		w.Workspace = w.create("other", shopScenario(toHook(hook.URL)))
		w.pay(1)
		hook.next()
		inTime(t, "the deletion", func() { assert.NoError(t, w.reg.Delete("other")) })
	})
	t.Run("AnotherWorkspaceGoesOn", func(t *testing.T) {
		hook, stuck := newHook(t), newHook(t)
		stuck.hangs()
		w := newWorld(t, shopScenario(toHook(hook.URL)), nil)
		other := &world{Workspace: w.create("other", shopScenario(toHook(stuck.URL))), t: t, shop: w.shop}
		other.pay(1)
		stuck.next()
		for n := range 5 {
			w.pay(n)
		}
		w.advance(time.Hour)
		assert.Equal(t, 5, hook.count())
		assert.Equal(t, webhook.Pending, other.newest().Status)
	})
}

// A job that nobody knows is refused, a retry is known.
func TestRestoreKnowsRetries(t *testing.T) {
	w := newWorld(t, shopScenario(toHook(closedPort(t))), nil)
	w.pay(1)
	w.advance(0)
	s, err := w.Snapshot()
	require.NoError(t, err)
	require.Len(t, s.State.Jobs, 1)
	require.NoError(t, w.Restore(s))
	s.State.Jobs = []state.Job{s.State.Jobs[0]}
	s.State.Jobs[0].Kind = "webhook.retri"
	assert.ErrorIs(t, w.Restore(s), workspace.ErrSnapshot)
}
