package webhook

import (
	"maps"
	"slices"
	"time"

	"github.com/mockpay/mockpay/metrics"
)

// What attempts come to, in metrics.
const (
	resultDelivered   = "delivered"   // the receiver took it
	resultRejected    = "rejected"    // the receiver answered something else
	resultTimeout     = "timeout"     // no answer came in time, or not whole
	resultUnreachable = "unreachable" // none came at all
	resultRefused     = "refused"     // the target may not be talked to
	resultAborted     = "aborted"     // a reset or the end of the server broke it off
)

var results = []string{resultDelivered, resultRejected, resultTimeout, resultUnreachable, resultRefused, resultAborted}

// durations are the bounds of the buckets that attempts are counted in.
var durations = []time.Duration{
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond,
	50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second,
}

// counts tell of the attempts of a sender.
type counts struct {
	attempts *metrics.Counters
	took     *metrics.Histograms
}

// Measure has the sender count its attempts in a set: all of each event's, the
// events of each provider being these. Call it before the first attempt.
func (s *Sender) Measure(set *metrics.Set, events map[string][]string) {
	s.counts = &counts{
		attempts: set.Counters("mockpay_webhook_attempts_total", "Attempts to deliver webhooks, by what they came to.", "provider", "event", "result"),
		took:     set.Histograms("mockpay_webhook_attempt_duration_seconds", "How long attempts to deliver webhooks took.", durations, "provider", "event"),
	}
	for _, provider := range slices.Sorted(maps.Keys(events)) {
		for _, event := range events[provider] {
			s.counts.took.With(provider, event)
			for _, result := range results {
				s.counts.attempts.With(provider, event, result)
			}
		}
	}
}

// attempt counts one.
func (t *counts) attempt(e Event, result string, took time.Duration) {
	if t != nil {
		t.attempts.With(e.Provider, e.Event, result).Inc()
		t.took.With(e.Provider, e.Event).Observe(took)
	}
}

// result names what the attempt came to; aborted says that it was broken off.
func (a *Attempt) result(aborted bool) string {
	switch {
	case a.Error == "":
		return resultDelivered
	case a.refused:
		return resultRefused
	case aborted:
		return resultAborted
	case a.late:
		return resultTimeout
	case a.Status == 0:
		return resultUnreachable
	}
	return resultRejected
}
