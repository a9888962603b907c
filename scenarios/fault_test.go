package scenarios_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
)

// debits are the references of the movements that took money from a balance.
func (s *shop) debits(provider, balance string) (references []string) {
	s.t.Helper()
	entries, err := s.Ledger(s.t.Context(), client.LedgerFilter{Provider: provider, Balance: balance})
	require.NoError(s.t, err)
	for _, e := range entries {
		if strings.HasPrefix(e.Delta, "-") {
			references = append(references, e.Reference)
		}
	}
	return references
}

// last is the last call of an operation, as the journal has it.
func (s *shop) last(operation string) client.Request {
	s.t.Helper()
	list, err := s.Requests(s.t.Context(), requestsOf(operation))
	require.NoError(s.t, err)
	require.NotEmpty(s.t, list.Requests)
	return list.Requests[0]
}

// Whoever repeats a payout whose answer was lost pays once where the provider
// knows the call again, and twice where it does not.
func TestLostReplyAndRetry(t *testing.T) {
	t.Run("OnceWithAnIdempotencyKey", func(t *testing.T) {
		s := openShop(t, "rules: [{on: usdtpayout.send_payout, times: 1, fault: lost_reply}]")
		p := s.payer("live")
		key := p.key()

		_, err := p.tryOrder(key, "20.00")
		assert.Error(t, err, "no answer came")
		lost := s.last("usdtpayout.send_payout")
		assert.Equal(t, "lost_reply", lost.Fault)
		assert.Equal(t, 201, lost.Status)
		assert.Contains(t, lost.Hint, "the call was committed")

		again := p.order(key, "20.00")
		assert.Contains(t, lost.Response.Body, again.data(t)["transaction_id"], "it tells of the payout that there is")
		s.Advance(time.Minute)
		assert.Len(t, s.debits("usdtpayout", "USDT"), 1)
		s.sound()
	})

	t.Run("TwiceWithoutOne", func(t *testing.T) {
		s := openShop(t, "rules: [{on: dinaricash.ach, times: 1, fault: lost_reply}]")

		_, err := s.tryCash(achSend, "300")
		assert.Error(t, err, "no answer came")
		again := s.send(achSend, "300")

		debits := s.debits("dinaricash", "payout")
		require.Len(t, debits, 2)
		assert.NotEqual(t, debits[0], debits[1])
		assert.Equal(t, again["TRANSACTION_ID"], debits[1])
		assert.Equal(t, []string{"Completed", "Completed"}, s.listed(), "the list tells of both")
		s.sound()
	})
}

// Of a call that a fault keeps from being done nothing is left; one whose answer
// suffers is done once, with its webhook.
func TestFaultCommitsOnceOrNothing(t *testing.T) {
	for fault, commits := range map[string]bool{
		"reset": false, "drop": false,
		"truncate": true, "garbage": true, "slow": true, "lost_reply": true,
	} {
		t.Run(fault, func(t *testing.T) {
			s := openShop(t, "rules: [{name: bad, on: dinaricash.zelle, times: 1, fault: "+fault+"}]")
			heard := make(chan string, 10)
			receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { heard <- r.FormValue("TRANSACTION_STATUS") }))
			defer receiver.Close()
			_, err := s.SetWebhookEndpoint(t.Context(), "dinaricash", client.WebhookEndpoint{URL: receiver.URL})
			require.NoError(t, err)

			a, err := s.tryCash(zelleSend, "300")

			assert.Equal(t, fault == "slow", err == nil)
			if fault == "slow" {
				assert.Contains(t, a.body, `"TRANSACTION_ID":`)
				assert.Equal(t, "bad", a.rule())
			}
			want := 0
			if commits {
				want = 1
			}
			require.NoError(t, s.DrainWebhooks(t.Context(), 10*time.Second))
			assert.Len(t, heard, want)
			assert.Len(t, s.debits("dinaricash", "payout"), want)
			assert.Len(t, s.listed(), want)
			clock, err := s.Clock(t.Context())
			require.NoError(t, err)
			assert.Len(t, clock.Pending, want, "its settlement")
			assert.Equal(t, "bad", s.last("dinaricash.zelle").Rule)

			s.send(zelleSend, "300")
			assert.Len(t, s.listed(), want+1, "the rule acted once")
			s.sound()
		})
	}
}

// A send that a rule refuses is kept as failed, unless its fault commits nothing.
func TestDroppedRefusalLeavesNothing(t *testing.T) {
	for fault, want := range map[string][]string{"drop": nil, "lost_reply": {"Failed"}} {
		t.Run(fault, func(t *testing.T) {
			s := openShop(t, "providers: {dinaricash: {webhook_on_rejection: true}}\nrules: [{on: dinaricash.zelle, respond: failed_but_debited, fault: "+fault+"}]")

			_, err := s.tryCash(zelleSend, "300")

			assert.Error(t, err)
			assert.Equal(t, want, s.listed())
			assert.Len(t, s.debits("dinaricash", "payout"), len(want))
			assert.Len(t, s.webhooks(), len(want))
			assert.Equal(t, 402, s.last("dinaricash.zelle").Status, "the answer that it would have been")
			s.sound()
		})
	}
}

// A settlement goes with a fault that commits, and a delay with any.
func TestFaultBesideOtherEffects(t *testing.T) {
	s := openShop(t, `
rules:
  - {on: dinaricash.zelle, times: 1, delay: 50ms, fault: lost_reply, settle: {as: DECLINED, after: 3s}}
  - {on: dinaricash.zelle, times: 1, delay: 50ms, fault: drop}
`)
	for range 2 {
		began := time.Now()
		_, err := s.tryCash(zelleSend, "300")
		assert.Error(t, err)
		assert.GreaterOrEqual(t, time.Since(began), 50*time.Millisecond)
	}
	s.Advance(3 * time.Second)
	assert.Equal(t, []string{"Declined"}, s.listed())
	s.sound()
}

// Who may not call meets no fault.
func TestFaultComesAfterTheCredentials(t *testing.T) {
	s := openShop(t, "rules: [{on: '*', times: 1, fault: drop}]")

	stranger, err := s.try("/status", "{}", "Authorization", "someone else")
	require.NoError(t, err)
	assert.Equal(t, 403, stranger.status)
	_, err = s.try("/status", "{}")
	assert.Error(t, err)
	after, err := s.try("/status", "{}")
	require.NoError(t, err)
	assert.Equal(t, 400, after.status)
}

// flaky are the faults of n calls in turn, "-" for none.
func flaky(t *testing.T, seed int64, n int) string {
	t.Helper()
	s := parse(t, `
rules:
  - {on: dinardragon.execute, chance: 0.2, fault: reset}
  - {on: dinardragon.execute, chance: 0.2, fault: lost_reply}
  - {on: dinardragon.execute, chance: 0.2, fault: slow, delay: {min: 1ms, max: 9ms}}
`)
	c := newCaller(t, seed)
	var all []string
	for range n {
		d := c.decide(s, "execute", request(""))
		all = append(all, fmt.Sprint(d.Fault, d.Delay))
	}
	return strings.Join(all, " ")
}

func TestFaultsByChanceGoByTheSeed(t *testing.T) {
	one := flaky(t, 1, 100)

	assert.Equal(t, one, flaky(t, 1, 100))
	assert.NotEqual(t, one, flaky(t, 2, 100))
	for _, fault := range []string{"reset", "lost_reply", "slow"} {
		assert.Contains(t, one, fault)
	}
	assert.True(t, slices.Contains(strings.Fields(one), "0s"), "and some calls meet none")
}
