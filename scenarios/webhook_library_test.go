package scenarios_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
)

// Of a hundred calls about as many are spoiled in each way as the comment says,
// and a careful receiver acts on each of the others once.
func promiseWebhookChaos(t *testing.T, s *shop) {
	s.freeze()
	cash, pontis := s.merchantOf("dinaricash", "form"), s.merchantOf("usdtpayout", "")
	p := s.payer("live")
	for range 50 {
		s.send(zelleSend, "1.00")
		p.pay("1.00", "pending")
		s.Advance(5 * time.Second)
	}
	s.Advance(10 * time.Minute)

	kinds := make(map[string]int)
	var genuine []string
	for _, hook := range s.log() {
		kinds[kindOf(hook.Misbehaviour)]++
		assert.NotEqual(t, "pending", hook.Status, "all have come")
		if hook.Status == "delivered" {
			genuine = append(genuine, hook.ID)
		}
	}
	assert.Len(t, s.log(), 150, "a send of Dinari Cash has two, a payout one")
	for _, kind := range []string{"drop", "delay", "duplicate", "reorder", "bad_signature", "stale_timestamp", "corrupt"} {
		assert.InDelta(t, 15, kinds[kind], 14, "%q of %v", kind, kinds)
	}
	var acted []string
	verdicts := make(map[string]int)
	ids := make(map[string]int) // the place of each in the log
	for i, hook := range s.log() {
		ids[hook.ID] = i
	}
	swapped := 0
	for _, m := range []*merchant{cash, pontis} {
		last := 0
		for _, a := range m.arrivals() {
			verdicts[a.verdict]++
			if a.verdict == "taken" {
				acted = append(acted, a.id)
				if ids[a.id] < last {
					swapped++
				}
				last = ids[a.id]
			}
		}
	}
	assert.ElementsMatch(t, genuine, acted, "once each")
	for _, verdict := range []string{"again", forged, stale, damaged} {
		assert.NotZero(t, verdicts[verdict], verdict)
	}
	assert.NotZero(t, swapped)
	s.sound()
}

// kindOf is how a webhook misbehaves, "" if it does not.
func kindOf(m *client.Misbehaviour) string {
	switch {
	case m == nil:
		return ""
	case m.Drop:
		return "drop"
	case m.Delay != "":
		return "delay"
	case m.Duplicate > 0:
		return "duplicate"
	case m.Reorder:
		return "reorder"
	case m.BadSignature:
		return "bad_signature"
	case m.StaleTimestamp:
		return "stale_timestamp"
	}
	return "corrupt"
}

// Nothing comes from the 2nd to the 12th minute. What was caused in the first half
// comes 10 to 15 minutes late and in no order, what in the second never.
func promiseWebhookOutage(t *testing.T, s *shop) {
	s.freeze()
	m := s.merchantOf("dinaricash", "json")
	m.forgiveAge()
	entries, err := s.Ledger(t.Context(), client.LedgerFilter{})
	require.NoError(t, err)
	begun := entries[0].At // when the workspace was opened
	at := func(minute time.Duration) {
		t.Helper()
		now, err := s.Clock(t.Context())
		require.NoError(t, err)
		s.Advance(begun.Add(minute * time.Minute).Sub(now.Now))
	}
	pay := func(n int) (ids []string) {
		for range n {
			ids = append(ids, fmt.Sprint(s.send(achSend, "1.00")["TRANSACTION_ID"]))
		}
		s.Advance(0)
		return ids
	}
	pay(1)
	at(1)
	pay(1)
	assert.Equal(t, []string{"taken", "taken", "taken", "taken"}, m.verdicts(), "before")
	at(2)
	late := pay(10)
	at(6)
	late = append(late, pay(10)...)
	at(7)
	lost := pay(5)
	at(11)
	lost = append(lost, pay(5)...)
	s.Advance(time.Minute - time.Millisecond)
	assert.Empty(t, m.verdicts(), "in the outage")
	at(12)
	after := pay(1)
	m.arrivals()
	at(22)
	came := m.arrivals()
	var order []string
	for _, a := range came {
		id := a.fields()["TRANSACTION_ID"]
		order = append(order, id)
		assert.Contains(t, late, id)
		assert.NotContains(t, append(lost, after...), id)
		assert.Equal(t, "taken", a.verdict)
	}
	assert.False(t, slices.IsSortedFunc(order, func(a, b string) int { return slices.Index(late, a) - slices.Index(late, b) }), "they come in no order")
	s.drain()
	statuses := make(map[string]int)
	for _, hook := range s.log() {
		statuses[hook.Status]++
	}
	assert.Equal(t, map[string]int{"delivered": 2 * (2 + 20 + 1), "dropped": 2 * 10}, statuses)
	assert.Len(t, s.listed(), 33, "calls work as ever")
	s.sound()
}
