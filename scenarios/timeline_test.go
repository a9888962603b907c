package scenarios_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
)

// bought is a card and what is bought with it, the later purchase first.
const bought = `
extends: card-lifecycle
clock: {start: 2026-01-15T09:00:00Z, frozen: true}
timeline:
  - {at: 6m, do: dinaricash.card_purchase, with: {card: "11111111111111111111111111111111", amount: 1000, description: TOO MUCH}}
  - {at: 5m, do: dinaricash.card_purchase, with: {card: first, amount: "12.79", description: COFFEE}}
  - {at: 5m, do: dinaricash.add_incoming, with: {amount: 100.00}}
  - {at: 7m, do: dinardragon.settle, with: {payment: last, as: failed}}
`

// timeline is what became of each entry, in the order of the file.
func (s *shop) timeline() []client.Happening {
	s.t.Helper()
	all, err := s.Timeline(s.t.Context())
	require.NoError(s.t, err)
	return all
}

// became are the statuses of all entries.
func (s *shop) became() string {
	var all []string
	for _, h := range s.timeline() {
		all = append(all, h.Status)
	}
	return strings.Join(all, " ")
}

// happened are the entries that a move of the clock made happen.
func happened(c *client.Clock) (all []string) {
	for _, due := range c.Fired {
		if strings.HasPrefix(due.Kind, "timeline.") {
			all = append(all, due.Ref)
		}
	}
	return all
}

func TestTimeline(t *testing.T) {
	t.Run("IsPendingUntilItsTime", func(t *testing.T) {
		s := openShop(t, bought)

		clock, err := s.Clock(t.Context())
		require.NoError(t, err)
		at := func(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }
		assert.Equal(t, []client.Due{
			{At: at(5), Kind: "timeline.dinaricash.card_purchase", Ref: "timeline[1]"},
			{At: at(5), Kind: "timeline.dinaricash.add_incoming", Ref: "timeline[2]"},
			{At: at(6), Kind: "timeline.dinaricash.card_purchase", Ref: "timeline[0]"},
			{At: at(7), Kind: "timeline.dinardragon.settle", Ref: "timeline[3]"},
		}, clock.Pending)
		assert.Equal(t, "pending pending pending pending", s.became())
		s.Advance(5*time.Minute - time.Millisecond)
		assert.Equal(t, "pending pending pending pending", s.became())
		assert.Empty(t, s.webhooks())
	})

	t.Run("HappensAtItsTimeInTheOrderOfTheFile", func(t *testing.T) {
		s := openShop(t, bought)

		assert.Equal(t, []string{"timeline[1]", "timeline[2]", "timeline[0]", "timeline[3]"}, happened(s.Advance(time.Hour)))

		all := s.timeline()
		purchases := s.webhooks()
		require.Len(t, purchases, 2)
		assert.Equal(t, "COFFEE", purchases[0]["PURCHASE_DESCRIPTION"])
		assert.JSONEq(t, `"REJECTED: Insufficient funds"`, changed(t, all[0], "status"), "a rejected purchase is done")
		assert.JSONEq(t, `"AUTHORIZED"`, changed(t, all[1], "status"))
		entries, err := s.Ledger(t.Context(), client.LedgerFilter{Provider: "dinaricash", Balance: "payout"})
		require.NoError(t, err)
		incoming := entries[len(entries)-1]
		assert.Equal(t, "timeline.dinaricash.add_incoming", incoming.Operation)
		assert.Equal(t, all[2].Job, incoming.Job)
		assert.Equal(t, "100", incoming.Delta)
		assert.Equal(t, start.Add(5*time.Minute), incoming.At)
		hooks, err := s.Webhooks(t.Context(), client.WebhookFilter{})
		require.NoError(t, err)
		assert.Equal(t, all[1].Job, hooks.Webhooks[1].Cause)
		assert.Equal(t, start.Add(5*time.Minute), hooks.Webhooks[1].CreatedAt)
		s.sound()
	})

	t.Run("RefusedChangesNothingAndSaysWhy", func(t *testing.T) {
		s := openShop(t, bought)
		s.Advance(time.Hour)

		refused := s.timeline()[3]
		assert.Equal(t, "refused", refused.Status)
		assert.Contains(t, refused.Reason, `no payment "last" in workspace`)
		assert.Empty(t, refused.Changed)
		assert.Equal(t, "done done done refused", s.became())
	})

	t.Run("IsAboutWhatIsThereAtItsTime", func(t *testing.T) {
		s := openShop(t, `
providers: {dinardragon: {settle_after: 1h}}
timeline: [{at: 7m, do: dinardragon.settle, with: {payment: last, as: failed}}]
`)
		p := s.pay("50", payee{"1234", "50"})
		s.Advance(7 * time.Minute)
		assert.Equal(t, []int{2}, s.statuses(p))
		s.sound()
	})

	t.Run("ThatFollowsFromTheStartHappensAtOnce", func(t *testing.T) {
		s := openShop(t, `timeline: [{at: 0s, do: dinaricash.add_incoming, with: {amount: 1}}]`)
		assert.Equal(t, "50112.1", s.Balance("dinaricash", "payout"))
	})

	t.Run("StaysWhenTheRulesAreReplaced", func(t *testing.T) {
		s := openShop(t, bought)
		s.Advance(5 * time.Minute)
		_, err := s.ReplaceRules(t.Context(), "version: 1\nrules: [{on: '*', delay: 1ms}]\ntimeline: [{at: 5m30s, do: dinaricash.add_incoming, with: {amount: 5}}]\n")
		require.NoError(t, err)

		assert.Equal(t, "pending done done pending", s.became())
		assert.Equal(t, []string{"timeline[0]", "timeline[3]"}, happened(s.Advance(time.Hour)))
	})

	t.Run("BeginsAnewWithAReset", func(t *testing.T) {
		s := openShop(t, bought)
		s.Advance(time.Hour)
		_, err := s.Reset(t.Context())
		require.NoError(t, err)

		assert.Equal(t, "pending pending pending pending", s.became())
		assert.Len(t, happened(s.Advance(5*time.Minute)), 2)
		assert.Len(t, s.webhooks(), 1)
	})

	t.Run("GoesOnInARestoredWorkspace", func(t *testing.T) {
		s := openShop(t, bought)
		s.Advance(5 * time.Minute)
		state, err := s.State(t.Context())
		require.NoError(t, err)
		s.Advance(time.Hour)
		_, err = s.UseScenario(t.Context(), "default")
		require.NoError(t, err)
		assert.Empty(t, s.timeline())
		require.NoError(t, s.RestoreState(t.Context(), state))

		assert.Equal(t, "pending done done pending", s.became())
		assert.Equal(t, []string{"timeline[0]", "timeline[3]"}, happened(s.Advance(time.Hour)))
		assert.Equal(t, "done done done refused", s.became())
	})

	t.Run("ErrRestoredWithAJobThatIsNone", func(t *testing.T) {
		s := openShop(t, bought)
		state, err := s.State(t.Context())
		require.NoError(t, err)
		for _, wrong := range []string{"timeline.dinaricash.transition", "timeline.nobody.nothing"} {
			broken := strings.Replace(string(state), `"kind":"timeline.dinardragon.settle"`, `"kind":"`+wrong+`"`, 1)
			require.NotEqual(t, string(state), broken)
			assert.ErrorContains(t, s.RestoreState(t.Context(), json.RawMessage(broken)), wrong)
		}
	})

	t.Run("OfAFileReplacesThatOfWhatItExtends", func(t *testing.T) {
		dir := files(t, map[string]string{
			"parent.yaml": "version: 1\ntimeline: [{at: 1m, do: usdtpayout.rotate_credentials}, {at: 2m, do: usdtpayout.rotate_credentials}]\n",
			"child.yaml":  "version: 1\nextends: parent.yaml\ntimeline: [{at: 3m, do: dinaricash.add_incoming, with: {amount: 1.50, message: true}}]\n",
			"same.yaml":   "version: 1\nextends: parent.yaml\n",
			"none.yaml":   "version: 1\nextends: parent.yaml\ntimeline: []\n",
		})
		for name, want := range map[string]int{"child": 1, "same": 2, "none": 0} {
			scenario, err := lang.LoadFile(dir + "/" + name + ".yaml")
			require.NoError(t, err)
			assert.Len(t, scenario.Timeline, want, name)
		}
		child, err := lang.LoadFile(dir + "/child.yaml")
		require.NoError(t, err)
		assert.Equal(t, 3*time.Minute, child.Timeline[0].At)
		assert.Equal(t, map[string]string{"amount": "1.50", "message": "true"}, child.Timeline[0].With)
	})

	t.Run("OnARunningClockHappensByItself", func(t *testing.T) {
		s := openShop(t, "clock: {speed: 1000000}\ntimeline: [{at: 1h, do: dinaricash.add_incoming, with: {amount: 1}}]")
		require.Eventually(t, func() bool { return s.became() == "done" }, 10*time.Second, time.Millisecond)
	})
}

// changed is a part of what an action changed.
func changed(t *testing.T, h client.Happening, name string) string {
	t.Helper()
	var all map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(h.Changed, &all))
	return string(all[name])
}

// Two runs of a seed tell the same, to the byte.
func TestTimelineGoesByTheSeed(t *testing.T) {
	run := func() string {
		s := openShop(t, bought)
		s.Advance(time.Hour)
		all, err := json.Marshal([]any{s.timeline(), s.webhooks()})
		require.NoError(t, err)
		return string(all)
	}
	assert.Equal(t, run(), run())
}
