package scenarios_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each way to spoil a webhook is refused for what it spoils, and for nothing
// else; sent again by hand it is taken.
func TestSpoiledWebhooks(t *testing.T) {
	for order, want := range map[string]map[string]string{
		"bad_signature":   {"dinaricash": forged, "usdtpayout": forged},
		"stale_timestamp": {"dinaricash": stale, "usdtpayout": stale},
		"corrupt":         {"dinaricash": damaged, "usdtpayout": forged}, // a signature tells damage
	} {
		t.Run(order, func(t *testing.T) {
			each(t, "{"+order+": true}", func(t *testing.T, s *shop, m *merchant, by teller) {
				by.call(s)
				s.drain()
				got := m.arrivals()
				require.Len(t, got, 1)
				assert.Equal(t, want[by.provider], got[0].verdict, got[0].body)
				hook := s.log()[0]
				assert.Equal(t, "failed", hook.Status)
				assert.Equal(t, []string{order}, hook.Attempts[0].Spoiled)
				assert.Equal(t, "trouble", hook.Misbehaviour.Rule)

				again, err := s.Redeliver(t.Context(), hook.ID)
				require.NoError(t, err)
				assert.Equal(t, "delivered", again.Status)
				clean := m.arrivals()
				require.Len(t, clean, 1)
				assert.Equal(t, "taken", clean[0].verdict)
				assert.Empty(t, again.Attempts[1].Spoiled)
				spoiledThatOnly(t, s, order, by, got[0], clean[0])
			})
		})
	}
}

// spoiledThatOnly compares a spoiled webhook with the same one as it should be.
func spoiledThatOnly(t *testing.T, s *shop, order string, by teller, spoiled, clean *arrival) {
	t.Helper()
	assert.Equal(t, clean.id, spoiled.id)
	differ := differing(spoiled, clean)
	m := &merchant{shop: s}
	at := spoiled.header.Get("X-Pontis-Timestamp")
	switch {
	case order == "bad_signature" && by.provider == "dinaricash":
		assert.Equal(t, []string{"WEBHOOK_KEY"}, differ)
		assert.Len(t, spoiled.fields()["WEBHOOK_KEY"], len(clean.fields()["WEBHOOK_KEY"]))
	case order == "bad_signature":
		assert.Equal(t, []string{"X-Pontis-Signature"}, differ)
		assert.Regexp(t, `^sha256=[0-9a-f]{64}$`, spoiled.header.Get("X-Pontis-Signature"))
	case order == "stale_timestamp" && by.provider == "dinaricash":
		assert.Equal(t, []string{"TRANSACTION_DATETIME_UPDATED"}, differ)
		assert.Equal(t, "2026-01-15 08:00:00", spoiled.fields()["TRANSACTION_DATETIME_UPDATED"])
	case order == "stale_timestamp":
		assert.Equal(t, []string{"X-Pontis-Signature", "X-Pontis-Timestamp"}, differ)
		assert.Equal(t, fmt.Sprint(start.Add(2*time.Second-time.Hour).Unix()), at)
		assert.Equal(t, m.signature(at, spoiled.body), spoiled.header.Get("X-Pontis-Signature"), "it is valid")
	default:
		assert.NotEqual(t, clean.body, spoiled.body)
		if by.provider == "usdtpayout" {
			assert.Equal(t, m.signature(at, clean.body), spoiled.header.Get("X-Pontis-Signature"), "it is of the undamaged body")
			return
		}
		assert.True(t, strings.HasPrefix(clean.body, spoiled.body), "it is cut")
		assert.Contains(t, spoiled.body, s.Credential("dinaricash", "webhook_key"), "its key is whole")
	}
}

// differing are the headers and fields that two arrivals do not share.
func differing(a, b *arrival) (names []string) {
	one, other := a.fields(), b.fields()
	if one == nil {
		return []string{"all"}
	}
	for name := range b.header {
		one[name], other[name] = a.header.Get(name), b.header.Get(name)
	}
	for _, name := range slices.Sorted(maps.Keys(other)) {
		if one[name] != other[name] && name != "Content-Length" {
			names = append(names, name)
		}
	}
	return names
}

// Spoils go together: the signature is wrong, old and of another body.
func TestSpoiledInEveryWay(t *testing.T) {
	each(t, "{bad_signature: true, stale_timestamp: true, corrupt: true, duplicate: 2}", func(t *testing.T, s *shop, m *merchant, by teller) {
		by.call(s)
		s.drain()
		assert.NotContains(t, m.verdicts(), "taken")
		hook := s.log()[0]
		require.Len(t, hook.Attempts, 3)
		for n, a := range hook.Attempts {
			assert.Equal(t, []string{"bad_signature", "stale_timestamp", "corrupt"}, a.Spoiled)
			assert.Equal(t, n, a.Copy)
		}
	})
}

// A dropped webhook is made and never sent, until it is asked for.
func TestDroppedWebhooks(t *testing.T) {
	for _, order := range []string{"drop", "{drop: true}"} {
		each(t, order, func(t *testing.T, s *shop, m *merchant, by teller) {
			by.call(s)
			s.drain()
			s.Advance(freshness)
			assert.Empty(t, m.verdicts())
			hook := s.log()[0]
			assert.Equal(t, "dropped", hook.Status)
			assert.Contains(t, hook.Hint, `rule "trouble"`)
			assert.Empty(t, hook.Attempts)
			again, err := s.Redeliver(t.Context(), hook.ID)
			require.NoError(t, err)
			assert.Equal(t, "delivered", again.Status)
		})
	}
}

// A delayed webhook is first sent when its time has come on the workspace's clock.
func TestDelayedWebhooks(t *testing.T) {
	each(t, "{delay: 30s}", func(t *testing.T, s *shop, m *merchant, by teller) {
		by.call(s)
		s.Advance(29*time.Second + 999*time.Millisecond)
		assert.Empty(t, m.verdicts())
		assert.Equal(t, "pending", s.log()[0].Status)
		clock, err := s.Clock(t.Context())
		require.NoError(t, err)
		require.Len(t, clock.Pending, 1)
		assert.Equal(t, "webhook.delayed", clock.Pending[0].Kind)
		assert.Equal(t, s.log()[0].ID, clock.Pending[0].Ref)
		assert.Equal(t, "30s", s.log()[0].Misbehaviour.Delay)
		s.Advance(time.Millisecond)
		assert.Equal(t, []string{"taken"}, m.verdicts())
		assert.Equal(t, "delivered", s.log()[0].Status)
	})
}

// A delay within a range is by chance: spread over it, and the same for a seed.
func TestDelayByChance(t *testing.T) {
	delays := func() (all []time.Duration) {
		s := openShop(t, "rules: [{on: dinaricash.swift, settle: {as: INITIATED}, webhooks: {delay: {min: 10s, max: 20s}}}]")
		s.merchantOf("dinaricash", "form")
		for range 20 {
			s.send(swiftSend, "1.00")
		}
		for _, hook := range s.log() {
			d, err := time.ParseDuration(hook.Misbehaviour.Delay)
			require.NoError(t, err)
			assert.GreaterOrEqual(t, d, 10*time.Second)
			assert.Less(t, d, 20*time.Second)
			all = append(all, d)
		}
		return all
	}
	one, other := delays(), delays()
	require.Len(t, one, 20)
	assert.Equal(t, one, other)
	assert.Less(t, slices.Min(one), 13*time.Second)
}

// Duplicates follow the webhook at once, with its id and body, whatever they and
// it are answered. What comes after them waits.
func TestDuplicatedWebhooks(t *testing.T) {
	each(t, "{duplicate: 2}", func(t *testing.T, s *shop, m *merchant, by teller) {
		by.call(s)
		by.call(s)
		s.drain()
		got := m.arrivals()
		require.Len(t, got, 6)
		for i, a := range got {
			assert.Equal(t, []string{"taken", "again", "again"}[i%3], a.verdict)
			assert.Equal(t, got[i/3*3].id, a.id)
			assert.Equal(t, got[i/3*3].body, a.body)
		}
		assert.NotEqual(t, got[0].id, got[3].id)
		for _, hook := range s.log() {
			assert.Equal(t, "delivered", hook.Status)
			assert.Len(t, hook.Attempts, 3)
			assert.Equal(t, 2, hook.Attempts[2].Copy)
		}
	})
}

// A receiver that fails first and then takes a duplicate has the webhook; one that
// fails all of them gets it again after the backoff, once.
func TestDuplicatesThatFail(t *testing.T) {
	const scenario = "providers: {dinaricash: {webhook: {attempts: 2, backoff: [1m]}}}\nrules: [{on: dinaricash.swift, settle: {as: INITIATED}, webhooks: {duplicate: 1}}]"
	for name, tt := range map[string]struct {
		fails  int
		status string // at once, and a minute later
		later  string
		tries  int
	}{
		"First": {1, "delivered", "delivered", 2},
		"Both":  {2, "pending", "delivered", 3},
		"All":   {9, "pending", "failed", 3},
	} {
		t.Run(name, func(t *testing.T) {
			s := openShop(t, scenario)
			m := s.merchantOf("dinaricash", "form")
			m.status = func(n int) int {
				if n <= tt.fails {
					return 503
				}
				return 0
			}
			s.send(swiftSend, "1.00")
			s.Advance(0)
			assert.Equal(t, tt.status, s.log()[0].Status)
			s.Advance(time.Minute)
			assert.Equal(t, tt.later, s.log()[0].Status)
			assert.Len(t, s.log()[0].Attempts, tt.tries)
			s.drain()
		})
	}
}

// What is spoiled stays so when it is tried again by itself.
func TestRetriesStaySpoiled(t *testing.T) {
	s := openShop(t, "providers: {dinaricash: {webhook: {attempts: 3, backoff: [1m]}}}\nrules: [{on: dinaricash.swift, settle: {as: INITIATED}, webhooks: {bad_signature: true}}]")
	m := s.merchantOf("dinaricash", "form")
	s.send(swiftSend, "1.00")
	s.Advance(5 * time.Minute)
	assert.Equal(t, []string{forged, forged, forged}, m.verdicts())
}

// told are the transactions' states in the order that the merchant was told.
func (m *merchant) told() (all []string) {
	for _, a := range m.arrivals() {
		if got := a.fields(); got["TRANSACTION_STATUS"] != "" {
			all = append(all, got["TRANSACTION_STATUS"])
		} else {
			all = append(all, got["status"])
		}
	}
	return all
}

func TestReorderedWebhooks(t *testing.T) {
	t.Run("ChangesPlacesWithTheNext", func(t *testing.T) {
		s := openShop(t, "rules: [{on: dinaricash.zelle, webhooks: {reorder: true}}]")
		m := s.merchantOf("dinaricash", "form")
		s.send(zelleSend, "1.00")
		s.Advance(4999 * time.Millisecond)
		assert.Empty(t, m.told())
		assert.Equal(t, "pending", s.log()[0].Status)
		assert.Contains(t, s.log()[0].Hint, "held until the next webhook of dinaricash")
		s.Advance(time.Millisecond)
		assert.Equal(t, []string{"COMPLETED", "INITIATED"}, m.told())
		s.Advance(time.Hour)
		assert.Empty(t, m.told())
	})
	t.Run("OfOneCall", func(t *testing.T) {
		s := openShop(t, "rules: [{on: dinaricash.ach, webhooks: {reorder: true}}]")
		m := s.merchantOf("dinaricash", "json")
		s.send(achSend, "1.00")
		s.send(achSend, "1.00")
		s.Advance(0)
		assert.Equal(t, []string{"COMPLETED", "INITIATED", "COMPLETED", "INITIATED"}, m.told())
	})
	t.Run("OfTheSameProvider", func(t *testing.T) {
		s := openShop(t, "rules: [{on: usdtpayout.*, times: 2, webhooks: {reorder: true}}]")
		m, cash := s.merchantOf("usdtpayout", ""), s.merchantOf("dinaricash", "")
		p := s.payer("live")
		p.pay("1.00", "pending")
		s.Advance(2 * time.Second)
		s.send(achSend, "1.00")
		s.Advance(0)
		assert.Equal(t, []string{"INITIATED", "COMPLETED"}, cash.told())
		assert.Empty(t, m.told())
		p.pay("1.00", "pending")
		s.Advance(2 * time.Second)
		assert.Len(t, m.told(), 2)
		log := s.log()
		assert.Less(t, log[len(log)-1].Attempts[0].At, log[0].Attempts[0].At.Add(1), "in one instant")
	})
	t.Run("NoneComes", func(t *testing.T) {
		each(t, "{reorder: true}", func(t *testing.T, s *shop, m *merchant, by teller) {
			by.call(s)
			s.Advance(59*time.Second + 999*time.Millisecond)
			assert.Empty(t, m.verdicts())
			clock := s.Advance(time.Millisecond)
			assert.Equal(t, []string{"taken"}, m.verdicts())
			assert.Equal(t, "webhook.held", clock.Fired[0].Kind)
			by.call(s)
			s.drain()
			assert.Equal(t, []string{"taken"}, m.verdicts(), "draining waits for none")
		})
	})
	t.Run("TheNextIsLate", func(t *testing.T) {
		s := openShop(t, "rules: [{on: dinaricash.swift, settle: {as: INITIATED}, times: 1, webhooks: {reorder: true}}, {on: dinaricash.ach, settle: {as: INITIATED}, webhooks: {delay: 10m}}]")
		m := s.merchantOf("dinaricash", "form")
		s.send(swiftSend, "1.00")
		s.send(achSend, "1.00")
		s.Advance(9*time.Minute + 59*time.Second)
		assert.Empty(t, m.verdicts())
		s.Advance(time.Second)
		got := m.arrivals()
		require.Len(t, got, 2)
		assert.NotContains(t, got[0].body, "WEBHOOK_ACTION", "ACH has none")
		assert.Contains(t, got[1].body, "WEBHOOK_ACTION")
	})
	t.Run("TheNextIsDroppedOrFails", func(t *testing.T) {
		s := openShop(t, "rules: [{on: dinaricash.swift, settle: {as: INITIATED}, times: 1, webhooks: {reorder: true}}, {on: dinaricash.ach, settle: {as: INITIATED}, times: 1, webhooks: drop}, {on: dinaricash.zelle, settle: {as: INITIATED}, webhooks: {corrupt: true, duplicate: 1}}]")
		m := s.merchantOf("dinaricash", "form")
		s.send(swiftSend, "1.00")
		s.send(achSend, "1.00")
		s.Advance(0)
		assert.Empty(t, m.verdicts(), "what is never sent is no next one")
		s.send(zelleSend, "1.00")
		s.Advance(0)
		assert.Equal(t, []string{damaged, damaged, "taken"}, m.verdicts(), "after the duplicates of the next one")
	})
	t.Run("LateItself", func(t *testing.T) {
		s := openShop(t, "rules: [{on: dinaricash.swift, settle: {as: INITIATED}, webhooks: {reorder: true, delay: 10s}}]")
		m := s.merchantOf("dinaricash", "form")
		s.send(swiftSend, "1.00")
		s.send(achSend, "1.00")
		s.Advance(0)
		assert.Equal(t, []string{"INITIATED", "COMPLETED"}, m.told(), "of the ACH send")
		s.Advance(10 * time.Second)
		assert.Equal(t, []string{"INITIATED"}, m.told())
	})
	t.Run("SentByHandMeanwhile", func(t *testing.T) {
		s := openShop(t, "rules: [{on: dinaricash.swift, settle: {as: INITIATED}, times: 1, webhooks: {reorder: true}}]")
		m := s.merchantOf("dinaricash", "form")
		s.send(swiftSend, "1.00")
		_, err := s.Redeliver(t.Context(), s.log()[0].ID)
		require.NoError(t, err)
		s.send(achSend, "1.00")
		s.Advance(time.Hour)
		assert.Equal(t, []string{"INITIATED", "INITIATED", "COMPLETED"}, m.told())
		assert.Equal(t, []string{"delivered", "delivered", "delivered"}, s.hookStatuses())
	})
}

func (s *shop) hookStatuses() (all []string) {
	for _, hook := range s.log() {
		all = append(all, hook.Status)
	}
	return all
}

// An event that is named misbehaves, the others of the call do not.
func TestMisbehavingEvent(t *testing.T) {
	s := openShop(t, "rules: [{on: dinaricash.card_load, webhooks: {event: card_purchase, bad_signature: true}}, {on: dinaricash.zelle, webhooks: {event: card_load, corrupt: true}}]")
	m := s.merchantOf("dinaricash", "form")
	s.send(loadFor("ada@example.com"), "100")
	s.send(zelleSend, "1.00")
	s.Advance(time.Minute)
	assert.Equal(t, []string{"taken", "taken", "taken", "taken"}, m.verdicts())

	s.buy("last", "10")
	s.drain()
	assert.Equal(t, []string{forged}, m.verdicts(), "the card is that of a call whose card_purchase was to misbehave")
}

// What comes later misbehaves then: after a restored snapshot, and by an action.
func TestLateWebhooksMisbehave(t *testing.T) {
	begin := func(t *testing.T) (*shop, *merchant) {
		s := openShop(t, `
providers: {usdtpayout: {auto_approval_limit: "100"}}
rules:
  - {name: lost, on: usdtpayout.send_payout, times: 1, webhooks: {bad_signature: true}}
  - {name: late, on: dinaricash.swift, times: 1, webhooks: {corrupt: true}}
`)
		s.merchantOf("dinaricash", "form")
		return s, s.merchantOf("usdtpayout", "")
	}
	t.Run("BySettlement", func(t *testing.T) {
		s, m := begin(t)
		p := s.payer("live")
		p.pay("5.00", "pending")
		p.pay("6.00", "pending")
		s.Advance(2 * time.Second)
		assert.Equal(t, []string{forged, "taken"}, m.verdicts(), "the rule acts once")
	})
	t.Run("ByAction", func(t *testing.T) {
		s, m := begin(t)
		p := s.payer("live")
		id, other := p.pay("5.00", "pending"), p.pay("6.00", "pending")
		p.simulate(map[string]string{"transaction": id, "as": "failed"})
		p.simulate(map[string]string{"transaction": other, "as": "failed"})
		s.Advance(0)
		assert.Equal(t, []string{forged, "taken"}, m.verdicts())
	})
	t.Run("AfterApproval", func(t *testing.T) {
		s, m := begin(t)
		p := s.payer("live")
		id := p.pay("500.00", "pending_approval")
		s.Advance(time.Hour)
		p.simulate(map[string]string{"transaction": id, "as": "pending"})
		s.Advance(2 * time.Second)
		assert.Equal(t, []string{forged}, m.verdicts())
	})
	t.Run("FromASnapshot", func(t *testing.T) {
		s, m := begin(t)
		p := s.payer("live")
		p.pay("5.00", "pending")
		id := p.pay("500.00", "pending_approval")
		s.send(swiftSend, "1.00")
		s.drain()
		doc, err := s.State(t.Context())
		require.NoError(t, err)
		again := func() []string {
			s.Advance(5 * time.Second)
			p.simulate(map[string]string{"transaction": id, "as": "rejected"})
			s.drain()
			var all []string
			for _, hook := range s.log() {
				all = append(all, fmt.Sprint(hook.ID, hook.Event, hook.Attempts[0].Spoiled, hook.Misbehaviour))
			}
			return all
		}
		first := again()
		assert.Equal(t, []string{forged, "taken"}, m.verdicts())
		s.restart()
		require.NoError(t, s.RestoreState(t.Context(), doc))
		assert.Equal(t, first, again())
		assert.Equal(t, []string{forged, "again"}, m.verdicts())
		assert.Equal(t, 2, strings.Count(strings.Join(first, " "), "[corrupt]"), "of both events of the send")
	})
	t.Run("HeldInASnapshot", func(t *testing.T) {
		s := openShop(t, "rules: [{on: dinaricash.zelle, times: 1, webhooks: {reorder: true, duplicate: 1}}]")
		m := s.merchantOf("dinaricash", "form")
		s.send(zelleSend, "1.00")
		s.Advance(0)
		doc, err := s.State(t.Context())
		require.NoError(t, err)
		s.restart()
		require.NoError(t, s.RestoreState(t.Context(), doc))
		s.Advance(5 * time.Second)
		assert.Equal(t, []string{"COMPLETED", "COMPLETED", "INITIATED", "INITIATED"}, m.told())
	})
	t.Run("ErrTag", func(t *testing.T) {
		s, _ := begin(t)
		s.send(swiftSend, "1.00")
		doc, err := s.State(t.Context())
		require.NoError(t, err)
		assert.Contains(t, string(doc), `"tag":{`)
		broken := tag.ReplaceAllString(string(doc), `"tag":7`)
		assert.ErrorContains(t, s.RestoreState(t.Context(), json.RawMessage(broken)), "is no order for webhooks")
	})
}

var tag = regexp.MustCompile(`"tag":\{[^}]*\}`)

// restart resets the workspace.
func (s *shop) restart() {
	s.t.Helper()
	_, err := s.Reset(s.t.Context())
	require.NoError(s.t, err)
}

// A call that the rule did not decide, and another call about the same record, are
// told as they should be.
func TestWebhooksOfOtherCallsBehave(t *testing.T) {
	s := openShop(t, "rules: [{on: dinaricash.zelle, when: {SEND_AMOUNT: 2}, webhooks: {event: transaction_status, drop: true}}]")
	m := s.merchantOf("dinaricash", "form")
	s.send(zelleSend, "1.00")
	sent := s.send(zelleSend, "2.00")
	s.send(sending{path: "/transaction/status"}, "", "TRANSACTION_ID", fmt.Sprint(sent["TRANSACTION_ID"]))
	s.Advance(time.Minute)
	assert.Equal(t, []string{"INITIATED", "CANCELED", "COMPLETED"}, m.told())
}

// The same seed and calls make the same webhooks misbehave in the same way.
func TestMisbehaviourIsSeeded(t *testing.T) {
	run := func() (all []string) {
		s := openShop(t, `
rules:
  - {on: dinaricash.*, chance: 0.3, webhooks: {corrupt: true}}
  - {on: usdtpayout.*, chance: 0.5, webhooks: {corrupt: true, delay: {min: 1s, max: 10s}}}
  - {on: dinaricash.*, chance: 0.5, webhooks: {duplicate: 2, reorder: true}}
`)
		m, pontis := s.merchantOf("dinaricash", "form"), s.merchantOf("usdtpayout", "")
		p := s.payer("live")
		for range 10 {
			s.send(achSend, "1.00")
			p.pay("1.00", "pending")
		}
		s.Advance(time.Hour)
		for _, a := range append(m.arrivals(), pontis.arrivals()...) {
			all = append(all, a.id+" "+a.verdict+" "+a.body)
		}
		return all
	}
	one := run()
	assert.Equal(t, one, run())
	assert.Greater(t, len(one), 30)
}

// What is asked for by hand comes clean, also while something spoiled is about to
// be sent.
func TestRedeliverWhilePending(t *testing.T) {
	for _, order := range []string{"{delay: 1h, bad_signature: true}", "{reorder: true, corrupt: true}"} {
		s := openShop(t, "rules: [{on: dinaricash.swift, settle: {as: INITIATED}, webhooks: "+order+"}]")
		m := s.merchantOf("dinaricash", "form")
		s.send(swiftSend, "1.00")
		hook, err := s.Redeliver(t.Context(), s.log()[0].ID)
		require.NoError(t, err)
		assert.Equal(t, "delivered", hook.Status)
		s.Advance(2 * time.Hour)
		s.drain()
		assert.Equal(t, []string{"taken"}, m.verdicts(), "and not once more")
	}
}
