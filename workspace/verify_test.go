package workspace_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/workspace"
)

// verify is the finding of a single check.
func (w *world) verify(ctx context.Context, check string) workspace.Finding {
	w.t.Helper()
	e, err := w.lang.ParseExpect([]byte("- "+check), w.Scenario())
	require.NoError(w.t, err)
	findings, err := w.Verify(ctx, e.Checks)
	require.NoError(w.t, err)
	require.Len(w.t, findings, 1)
	return findings[0]
}

// holds is the finding of a check in words.
func (w *world) holds(check string) string {
	w.t.Helper()
	f := w.verify(w.t.Context(), check)
	switch {
	case f.OK:
		return "ok: " + f.Seen
	case f.Incomplete:
		return "incomplete: " + f.Seen
	}
	return "failed: " + f.Seen
}

func TestVerifyWebhooks(t *testing.T) {
	h := newHook(t)
	w := newWorld(t, shopScenario(toHook(h.URL)), nil)
	w.call(`{"event":{"n":1,"status":"late","items":[{"sku":"a"},{"sku":"b"}]}}`).Answered()
	w.call(`{"event":{"n":2,"card":"4111111111111111"},"settles":true}`).Answered()
	for check, want := range map[string]string{
		`{webhook: paid}`:                                                       "ok: 2 webhooks",
		`{webhook: shop.paid, count: 2}`:                                        "ok: 2 webhooks",
		`{webhook: paid, where: {status: delivered}, count: 2}`:                 "ok: 2 webhooks",
		`{webhook: paid, where: {n: "1.0"}, count: 1}`:                          "ok: 1 webhook; 1 more of shop.paid that differ",
		`{webhook: paid, where: {payload.status: late, items.*.sku: b}}`:        "ok: 1 webhook; 1 more of shop.paid that differ",
		`{webhook: settled, never: true}`:                                       "ok: no webhook",
		`{webhook: settled}`:                                                    "failed: no webhook",
		`{webhook: paid, where: {status: {in: [failed, dropped]}}, count: 1}`:   "failed: no webhook; 2 more of shop.paid that differ",
		`{webhook: paid, where: {payload.status: {exists: true}}, count: 2}`:    "failed: 1 webhook; 1 more of shop.paid that differ",
		`{webhook: paid, where: {card: {starts_with: "4111"}, n: 2}, count: 1}`: "ok: 1 webhook; 1 more of shop.paid that differ",
	} {
		assert.Equal(t, want, w.holds(check), check)
	}

	f := w.verify(t.Context(), `{webhook: paid, where: {n: 3, card: x}}`)
	require.Len(t, f.Misses, 2)
	assert.Equal(t, "n is 2, expected 3; card is ************1111, expected x", f.Misses[0].Why)
	assert.Equal(t, "n is 1, expected 3; card is missing, expected x", f.Misses[1].Why)
	assert.Equal(t, "req-2", f.Misses[0].Request)
	assert.Equal(t, w.newest().ID, f.Misses[0].Webhook)
	assert.Equal(t, "shop.paid", f.Misses[0].Operation)

	w.advance(time.Hour)
	f = w.verify(t.Context(), `{webhook: settled, where: {payment: p2}}`)
	require.Len(t, f.Misses, 1)
	assert.Empty(t, f.Misses[0].Request, "a job caused it")
	assert.Equal(t, []string{w.newest().ID}, w.verify(t.Context(), `{webhook: settled}`).Matched)
}

// A webhook that is on its way is waited for, as long as the caller likes.
func TestVerifyWaitsForWebhooks(t *testing.T) {
	const delivered = `{webhook: paid, where: {status: delivered}}`
	h := newHook(t)
	answer := make(chan struct{})
	h.answers(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-answer:
		case <-r.Context().Done():
		}
	})
	w := newWorld(t, shopScenario(toHook(h.URL)), nil)
	out := w.call(`{"event":{"n":1}}`)

	f := w.verify(over(), delivered)
	assert.False(t, f.OK, "nobody has waited")
	assert.Equal(t, []string{"status is pending, expected delivered"}, []string{f.Misses[0].Why})
	assert.True(t, w.verify(over(), `{on: shop.pay, count: 1}`).OK)

	found := make(chan workspace.Finding, 1)
	go func() { found <- w.verify(t.Context(), delivered) }()
	out.Answered()
	h.next()
	select {
	case <-found:
		t.Error("the webhook is on its way")
	default:
	}
	close(answer)
	inTime(t, "the verification", func() { assert.True(t, (<-found).OK) })
}

// A webhook that waits for the clock is not waited for.
func TestVerifyDoesNotWaitForTheClock(t *testing.T) {
	h := newHook(t)
	h.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	w := newWorld(t, shopScenario(toHook(h.URL)), nil)
	w.pay(1)
	inTime(t, "the verification", func() {
		assert.Equal(t, "ok: 1 webhook", w.holds(`{webhook: paid, where: {status: pending}}`))
	})
	assert.Equal(t, 1, h.count(), "it was tried")
}

// Webhooks that made room for others are counted by what is known of them.
func TestVerifyBeyondTheWebhookLog(t *testing.T) {
	w := newWorld(t, shopScenario("opening: 2"), nil)
	for n := range 1003 {
		w.pay(n)
	}
	_, dropped, err := w.Webhooks(workspace.WebhookFilter{Limit: 1})
	require.NoError(t, err)
	require.EqualValues(t, 5, dropped)
	for check, want := range map[string]string{
		`{webhook: paid, count: 1003}`:                                "ok: 1003 webhooks, 3 of them dropped since",
		`{webhook: opened, where: {status: unsent}, count: {gte: 2}}`: "ok: 2 webhooks, 2 of them dropped since",
		`{webhook: opened, count: {lt: 2}}`:                           "failed: 2 webhooks, 2 of them dropped since",
		`{webhook: settled, never: true}`:                             "ok: no webhook",
		`{webhook: paid, where: {status: delivered}, never: true}`:    "ok: no webhook; 1000 more of shop.paid that differ",
		`{webhook: opened, where: {n: 0}, count: 1}`:                  "incomplete: no webhook; nobody can tell of 2 more, because older ones were dropped: 2",
		`{webhook: paid, where: {n: {gte: 1000}}, count: {gte: 3}}`:   "ok: 3 webhooks; 997 more of shop.paid that differ",
		`{webhook: paid, where: {n: {gte: 1000}}, count: {gt: 6}}`:    "failed: 3 webhooks; 997 more of shop.paid that differ",
	} {
		assert.Equal(t, want, w.holds(check), check)
	}
}

// Parameters that were cut off in the journal are not known.
func TestVerifyCutBodies(t *testing.T) {
	w := newWorld(t, frozen, nil)
	w.call(`{"n":1,"filler":"` + strings.Repeat("x", 2000) + `"}`).Answered()
	w.call(`{"n":2}`).Answered()
	for check, want := range map[string]string{
		`{on: shop.pay, count: 2}`:                                "ok: 2 calls",
		`{on: shop.pay, where: {request.path: /pay}, count: 2}`:   "ok: 2 calls",
		`{on: shop.pay, where: {n: 2}}`:                           "ok: 1 call; 1 more of shop.pay that differ",
		`{on: shop.pay, where: {n: 1}}`:                           "incomplete: no call; 2 more of shop.pay that differ; nobody can tell of 1 more, because bodies were cut: 1",
		`{on: shop.pay, where: {n: 1, status: 500}, never: true}`: "ok: no call; 2 more of shop.pay that differ",
		`{in_order: [{on: shop.pay, where: {n: 1}}, shop.pay]}`:   "incomplete: no call of shop.pay where n is 1, as far as calls were not dropped and bodies not cut",
		`{in_order: [shop.pay, {on: shop.pay, where: {n: 1}}]}`:   "failed: no call of shop.pay where n is 1 after req-1, shop.pay",
	} {
		assert.Equal(t, want, w.holds(check), check)
	}
	f := w.verify(t.Context(), `{on: shop.pay, where: {n: 1}}`)
	require.Len(t, f.Misses, 2)
	assert.Equal(t, "req-1: n cannot be looked at any more, the journal kept a part only", fmt.Sprintf("%s: %s", f.Misses[0].Request, f.Misses[0].Why))
}
