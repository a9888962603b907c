package usdtpayout_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
)

// Statuses that payouts have, the ways to each from the beginning, and what may
// follow.
var (
	statuses = []string{"pending_approval", "pending", "processing", "completed", "failed", "rejected", "canceled", "reversed"}
	ways     = map[string][]string{
		"pending_approval": nil, "pending": nil, "processing": {"processing"}, "completed": {"completed"}, "failed": {"failed"},
		"rejected": {"rejected"}, "canceled": {"canceled"}, "reversed": {"completed", "reversed"},
	}
	follows = map[string][]string{
		"pending_approval": {"pending", "rejected", "canceled"},
		"pending":          {"processing", "rejected", "canceled", "failed", "completed"},
		"processing":       {"completed", "failed"},
		"completed":        {"reversed"},
	}
	// Of a wallet of 1000 after a live payout of 10 in each status.
	wallets = map[string]string{
		"pending_approval": "990 10", "pending": "990 10", "processing": "990 10", "completed": "990 0",
		"failed": "1000 0", "rejected": "1000 0", "canceled": "1000 0", "reversed": "1000 0",
	}
)

// bare is the status in what state tells.
func bare(state string) string { s, _, _ := strings.Cut(state, ":"); return s }

// wallet is what is available and what is reserved.
func (s *shop) wallet() string {
	s.t.Helper()
	return s.Balance("usdtpayout", "USDT") + " " + s.Balance("usdtpayout", "USDT_reserved")
}

// Each move from each status is made or refused, and the money goes along.
func TestEveryTransition(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"live", "sandbox"} {
		for _, from := range statuses {
			t.Run(mode+"/"+from, func(t *testing.T) {
				t.Parallel()
				knobs := `{wallet: "1000", sandbox_checks: true}`
				if from == "pending_approval" {
					knobs = `{wallet: "1000", sandbox_checks: true, auto_approval_limit: "0"}`
				}
				s := open(t, knobs)
				wallet := func(string) string { return "1000 0" }
				if mode == "live" {
					s = s.live()
					wallet = func(status string) string { return wallets[status] }
				}
				s = s.login()
				first := "pending"
				if from == first+"_approval" {
					first = from
				}
				for _, to := range statuses {
					s.fund("1000")
					id := s.accepted(s.create(s.order("10")), first)
					for _, step := range ways[from] {
						require.Equal(t, 200, s.move(id, step))
					}
					require.Equal(t, from, bare(s.state(id)))
					require.Equal(t, wallet(from), s.wallet(), from)

					if !slices.Contains(follows[from], to) {
						assert.Equal(t, 409, s.move(id, to, "why"), to)
						assert.Equal(t, from, bare(s.state(id)))
						assert.NotContains(t, s.state(id), "why")
						assert.Equal(t, wallet(from), s.wallet())
					} else {
						assert.Equal(t, 200, s.move(id, to, "why"), to)
						assert.Equal(t, wallet(to), s.wallet(), to)
						want := to
						if slices.Contains([]string{"failed", "rejected", "canceled", "reversed"}, to) {
							want += ": why"
						}
						assert.Equal(t, want, s.state(id))
					}
					s.sound()
					s.Advance(10 * time.Second) // what is left ends
					s.sound()
					_, err := s.SetBalances(t.Context(), client.Balances{"usdtpayout": {"USDT_reserved": "0"}})
					require.NoError(t, err)
				}
			})
		}
	}
}

// What an action answers, and what it says of what makes no sense.
func TestTransitionByHand(t *testing.T) {
	t.Parallel()
	s := alive(t, "")
	assert.Equal(t, 404, s.move("last", "failed"), "there is none yet")
	one, two := s.pay("1"), s.pay("2")
	assert.Equal(t, 404, s.move("7c1b0f3e-2f57-4d2c-9a55-0b6f5a1e8d10", "failed"))
	assert.Equal(t, 422, s.move(one, "lost"))
	assert.Equal(t, 422, s.move(one, ""))
	_, err := s.Simulate(t.Context(), "usdtpayout.transition", map[string]string{"as": "failed"})
	require.Error(t, err)
	changed, err := s.Simulate(t.Context(), "usdtpayout.transition", map[string]string{"transaction": "first", "as": "failed"})
	require.NoError(t, err)
	assert.JSONEq(t, `{"transaction":"`+one+`","from":"pending","to":"failed","available":"9998","reserved":"2"}`, string(changed))
	require.Equal(t, 200, s.move("last", "completed", "ignored"))
	assert.Equal(t, failed, s.state(one))
	assert.Equal(t, "completed", s.state(two))
	require.Equal(t, 200, s.move(two, "reversed"))
	assert.Equal(t, reversed, s.state(two))
	_, err = s.Simulate(t.Context(), "usdtpayout.transition", map[string]string{"transaction": one, "as": "completed"})
	assert.ErrorContains(t, err, "payout "+one+" is failed, which is final")
	_, err = s.Simulate(t.Context(), "usdtpayout.transition", map[string]string{"transaction": s.pay("1"), "as": "reversed"})
	assert.ErrorContains(t, err, "is pending and cannot become reversed from there")
	s.has("9999", "1")
}

// What was to come is forgotten when a payout is moved by hand, but for one that
// is only processing early.
func TestTransitionByHandForgetsThePlan(t *testing.T) {
	t.Parallel()
	s := alive(t, "", "{on: usdtpayout.send_payout, settle: {as: reversed, after: 10s}}")
	failing, early, done := s.pay("1"), s.pay("2"), s.pay("3")
	require.Equal(t, 200, s.move(failing, "failed"))
	require.Equal(t, 200, s.move(early, "processing"))
	require.Equal(t, 200, s.move(done, "completed"))
	s.Advance(2 * time.Second)
	assert.Equal(t, "completed", s.state(early))
	s.Advance(8 * time.Second)
	assert.Equal(t, []string{failed, reversed, "completed"}, []string{s.state(failing), s.state(early), s.state(done)})
	clock, err := s.Clock(t.Context())
	require.NoError(t, err)
	assert.Empty(t, clock.Pending)
	s.has("9997", "0")
	s.sound()
}

// A moment is a time since a payout was made, and its state then.
type moment struct {
	after time.Duration
	state string
}

const ms = time.Millisecond

// follow looks at a payout again and again.
func (s *shop) follow(id string, moments []moment) {
	s.t.Helper()
	var passed time.Duration
	for _, m := range moments {
		s.Advance(m.after - passed)
		passed = m.after
		there := s
		if passed >= 900*time.Second {
			there = s.login()
		}
		assert.Equal(s.t, m.state, there.state(id), "after %s", m.after)
	}
}

// Payouts move when their time has come, to the millisecond: as it is by default,
// as knobs say, and as rules say.
func TestPayoutsSettleInTime(t *testing.T) {
	t.Parallel()
	const never = 1000 * time.Hour
	usual := []moment{{0, "pending"}, {999 * ms, "pending"}, {1000 * ms, "processing"}, {1999 * ms, "processing"}, {2000 * ms, "completed"}, {never, "completed"}}
	tests := []struct {
		name   string
		mode   string
		knobs  string
		settle string // of a rule, "" for none
		amount string
		want   []moment
	}{
		{"Live", "live", "", "", "5", usual},
		{"LiveKnobs", "live", "{processing_after: 10s, settle_after: 1m}", "", "5", []moment{{9999 * ms, "pending"}, {10 * time.Second, "processing"}, {70*time.Second - ms, "processing"}, {70 * time.Second, "completed"}}},
		{"LiveAtOnce", "live", "{processing_after: 0s, settle_after: 0s}", "", "5", []moment{{0, "completed"}, {never, "completed"}}},
		{"LiveProcessingAtOnce", "live", "{processing_after: 0s}", "", "5", []moment{{0, "processing"}, {999 * ms, "processing"}, {1000 * ms, "completed"}}},
		{"LiveWithoutProcessing", "live", "{settle_after: 0s}", "", "5", []moment{{999 * ms, "pending"}, {1000 * ms, "completed"}}},
		{"Completed", "live", "", "{as: completed}", "5", usual},
		{"CompletedLater", "live", "", "{as: completed, after: 30s}", "5", []moment{{1000 * ms, "processing"}, {30*time.Second - ms, "processing"}, {30 * time.Second, "completed"}}},
		{"OnlyLater", "live", "", "{after: 30s}", "5", []moment{{1000 * ms, "processing"}, {30*time.Second - ms, "processing"}, {30 * time.Second, "completed"}}},
		{"CompletedAtOnce", "live", "", "{as: completed, after: 0s}", "5", []moment{{0, "completed"}}},
		{"Failed", "live", "", "{as: failed}", "5", []moment{{1000 * ms, "processing"}, {1999 * ms, "processing"}, {2000 * ms, failed}, {never, failed}}},
		{"FailedWithMessage", "live", "", "{as: failed, after: 5s, message: Beneficiary account closed}", "5", []moment{{4999 * ms, "processing"}, {5000 * ms, "failed: Beneficiary account closed"}}},
		{"FailedBeforeProcessing", "live", "", "{as: failed, after: 500ms}", "5", []moment{{499 * ms, "pending"}, {500 * ms, failed}}},
		{"FailedWhenProcessing", "live", "", "{as: failed, after: 1s}", "5", []moment{{999 * ms, "pending"}, {1000 * ms, failed}}},
		{"FailedAtOnce", "live", "", "{as: failed, after: 0s, message: No}", "5", []moment{{0, "failed: No"}}},
		{"Rejected", "live", "", "{as: rejected, after: 3s, message: Sanctions}", "5", []moment{{2999 * ms, "pending"}, {3000 * ms, "rejected: Sanctions"}}},
		{"RejectedUsually", "live", "", "{as: rejected}", "5", []moment{{1999 * ms, "pending"}, {2000 * ms, rejected}}},
		{"Canceled", "live", "", "{as: canceled, after: 3s}", "5", []moment{{2999 * ms, "pending"}, {3000 * ms, canceled}}},
		{"Reversed", "live", "", "{as: reversed, after: 10s, message: Returned}", "5", []moment{{1000 * ms, "processing"}, {2000 * ms, "completed"}, {9999 * ms, "completed"}, {10 * time.Second, "reversed: Returned"}, {never, "reversed: Returned"}}},
		{"ReversedUsually", "live", "", "{as: reversed}", "5", []moment{{1999 * ms, "processing"}, {2000 * ms, reversed}}},
		{"ReversedEarly", "live", "", "{as: reversed, after: 1500ms}", "5", []moment{{1499 * ms, "processing"}, {1500 * ms, reversed}}},
		{"ReversedAtOnce", "live", "", "{as: reversed, after: 0s}", "5", []moment{{0, reversed}}},
		{"StuckPending", "live", "", "{as: pending}", "5", []moment{{1000 * ms, "pending"}, {never, "pending"}}},
		{"StuckProcessing", "live", "", "{as: processing, after: 1s}", "5", []moment{{999 * ms, "pending"}, {1000 * ms, "processing"}, {never, "processing"}}},
		{"StuckProcessingLater", "live", "", "{as: processing, after: 5s}", "5", []moment{{4999 * ms, "pending"}, {5000 * ms, "processing"}, {never, "processing"}}},
		{"MessageOfWhatHasNone", "live", "", "{as: completed, message: Fine}", "5", usual},
		{"OnlyAMessage", "live", "", "{message: Fine}", "5", usual},
		{"OfTheMode", "live", "", "[{when: {mode: sandbox}, as: failed}, {as: failed, message: Live}]", "5", []moment{{2000 * ms, "failed: Live"}}},
		{"OfTheAmount", "live", "", "[{when: {source_amount: {gte: 5}}, as: failed, message: Five}]", "5.00", []moment{{2000 * ms, "failed: Five"}}},
		{"OfTheRecipient", "live", "", "[{when: {recipient_details.name: Maria Santos}, as: failed, message: Maria}]", "5.00", []moment{{2000 * ms, "failed: Maria"}}},
		{"OfNothing", "live", "", "[{when: {country_code: IN}, as: failed}]", "5", usual},

		{"Sandbox", "sandbox", "", "", "5", []moment{{999 * ms, "pending"}, {1000 * ms, "completed"}, {never, "completed"}}},
		{"SandboxKnob", "sandbox", "{settle_after: 1m}", "", "5", []moment{{time.Minute - ms, "pending"}, {time.Minute, "completed"}}},
		{"SandboxAtOnce", "sandbox", "{settle_after: 0s}", "", "5.02", []moment{{0, "failed: Recipient not found"}}},
		{"SandboxIgnoresProcessing", "sandbox", "{processing_after: 100ms}", "", "5", []moment{{999 * ms, "pending"}, {1000 * ms, "completed"}}},
		{"SandboxDelaysCents", "sandbox", "", "{after: 5s}", "5.01", []moment{{4999 * ms, "pending"}, {5000 * ms, "failed: Insufficient funds"}}},
		{"SandboxBeatsCents", "sandbox", "", "{as: completed}", "5.01", []moment{{1000 * ms, "completed"}}},
		{"SandboxKeepsTheMessageOfCents", "sandbox", "", "{as: failed}", "5.01", []moment{{1000 * ms, "failed: Insufficient funds"}}},
		{"SandboxOtherMessage", "sandbox", "", "{as: failed, message: Other}", "5.01", []moment{{1000 * ms, "failed: Other"}}},
		{"SandboxOtherStatusThanCents", "sandbox", "", "{as: rejected}", "5.01", []moment{{1000 * ms, rejected}}},
		{"SandboxPendingBeatsCents", "sandbox", "", "{as: pending}", "5.00", []moment{{never, "pending"}}},
		{"SandboxBeatsPendingCents", "sandbox", "", "{as: completed}", "5.03", []moment{{1000 * ms, "completed"}}},
		{"SandboxProcessing", "sandbox", "", "{as: processing}", "5.00", []moment{{999 * ms, "pending"}, {1000 * ms, "processing"}, {never, "processing"}}},
		{"SandboxReversed", "sandbox", "", "{as: reversed, after: 3s}", "5", []moment{{1000 * ms, "completed"}, {2999 * ms, "completed"}, {3000 * ms, reversed}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var rules []string
			if tt.settle != "" {
				rules = append(rules, "{on: usdtpayout.send_payout, settle: "+tt.settle+"}")
			}
			s := open(t, tt.knobs, rules...)
			if tt.mode == "live" {
				s = s.live()
			}
			s = s.login()
			f := s.order(tt.amount)
			first := s.create(f)
			id := s.accepted(first, "pending")
			s.follow(id, tt.want)
			assert.Equal(t, first.body, s.login().create(f).body)
			if tt.mode == "sandbox" {
				assert.Zero(t, s.moves())
			} else {
				s.paid(tt.want[len(tt.want)-1].state)
			}
			s.sound()
		})
	}
}

// paid checks a wallet of 10000 by what has become of a live payout of 5.
func (s *shop) paid(state string) {
	s.t.Helper()
	switch bare(state) {
	case "pending", "processing":
		s.has("9995", "5")
	case "completed":
		s.has("9995", "0")
	default:
		s.has("10000", "0")
	}
}

// A rule that leaves a payout processing does so when payouts are processing.
func TestStuckProcessingByARuleWithoutATime(t *testing.T) {
	t.Parallel()
	s := alive(t, "", "{on: usdtpayout.send_payout, settle: {as: processing}}")
	s.follow(s.pay("5"), []moment{{999 * ms, "pending"}, {1000 * ms, "processing"}, {1000 * time.Hour, "processing"}})
}

// A rule can have payouts wait for approval.
func TestRuleThatWaitsForApproval(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"live", "sandbox"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s := open(t, "", "{on: usdtpayout.send_payout, settle: {as: pending_approval}}")
			if mode == "live" {
				s = s.live()
			}
			s = s.login()
			id := s.accepted(s.create(s.order("5.00")), "pending_approval")
			s.Advance(10 * time.Minute)
			assert.Equal(t, "pending_approval", s.state(id))
			require.Equal(t, 200, s.move(id, "pending"))
			if mode == "live" {
				s.follow(id, []moment{{999 * ms, "pending"}, {1000 * ms, "processing"}, {2000 * ms, "completed"}})
			} else {
				s.follow(id, []moment{{999 * ms, "pending"}, {1000 * ms, "completed"}})
			}
			s.sound()
		})
	}
}

// What waits for approval by a rule ends as its cents say, in their words.
func TestRuleThatWaitsForApprovalKeepsTheCents(t *testing.T) {
	t.Parallel()
	s := sandboxed(t, "", "{on: usdtpayout.send_payout, settle: {as: pending_approval}}")
	id := s.accepted(s.create(s.order("5.02")), "pending_approval")
	require.Equal(t, 200, s.move(id, "pending"))
	s.follow(id, []moment{{999 * ms, "pending"}, {1000 * ms, "failed: Recipient not found"}})
}

// What waits for approval is approved, rejected or canceled; its money is held
// until then.
func TestApproval(t *testing.T) {
	t.Parallel()
	s := alive(t, `{wallet: "1000", auto_approval_limit: "5"}`)
	wait := func() string {
		t.Helper()
		return s.accepted(s.create(s.order("10")), "pending_approval")
	}
	approved, refused, dropped, left := wait(), wait(), wait(), wait()
	s.has("960", "40")
	s.Advance(10 * time.Minute)
	require.Equal(t, 200, s.move(approved, "pending"))
	require.Equal(t, 200, s.move(refused, "rejected", "Not today"))
	require.Equal(t, 200, s.move(dropped, "canceled"))
	assert.Equal(t, 409, s.move(approved, "pending"))
	s.has("980", "20")
	assert.Equal(t, "rejected: Not today", s.state(refused))
	assert.Equal(t, canceled, s.state(dropped))
	s.follow(approved, []moment{{0, "pending"}, {999 * ms, "pending"}, {1000 * ms, "processing"}, {1999 * ms, "processing"}, {2000 * ms, "completed"}})
	s.has("980", "10")
	assert.Equal(t, "pending_approval", s.state(left))
	assert.Equal(t, 409, s.move(left, "completed"))
	assert.Equal(t, 409, s.move(left, "processing"))
	s.sound()
}

// An approved payout goes on as the rule said that was in force when it was made.
func TestApprovalKeepsThePlan(t *testing.T) {
	t.Parallel()
	s := alive(t, `{auto_approval_limit: "5"}`, "{on: usdtpayout.send_payout, settle: {as: reversed, after: 5s, message: Returned}}")
	id := s.accepted(s.create(s.order("10")), "pending_approval")
	s.turn(`{auto_approval_limit: "5"}`)
	s.Advance(time.Minute)
	require.Equal(t, 200, s.move(id, "pending"))
	s.follow(id, []moment{{1000 * ms, "processing"}, {2000 * ms, "completed"}, {4999 * ms, "completed"}, {5000 * ms, "reversed: Returned"}})
	s.sound()
}

// What is approved may end at once.
func TestApprovalThatEndsAtOnce(t *testing.T) {
	t.Parallel()
	s := alive(t, `{auto_approval_limit: "5", settle_after: 0s, processing_after: 0s}`)
	id := s.accepted(s.create(s.order("10")), "pending_approval")
	require.Equal(t, 200, s.move(id, "pending"))
	assert.Equal(t, "completed", s.state(id))
	s.has("9990", "0")
	s.sound()
}

// Each movement of the wallet is in the ledger, with the payout it was for.
func TestLedgerTellsWhatMoved(t *testing.T) {
	t.Parallel()
	s := alive(t, `{wallet: "100"}`)
	a := s.create(s.order("10.50"))
	id := s.accepted(a, "pending")
	s.Advance(2 * time.Second)
	require.Equal(t, 200, s.move(id, "reversed"))
	gone := s.pay("4")
	require.Equal(t, 200, s.move(gone, "canceled"))
	ledger, err := s.Ledger(t.Context(), client.LedgerFilter{Provider: "usdtpayout"})
	require.NoError(t, err)
	var lines []string
	for _, e := range ledger {
		of := strings.NewReplacer(id, "first", gone, "second").Replace(e.Reference)
		lines = append(lines, strings.TrimSpace(fmt.Sprint(e.Operation, " ", e.Balance, " ", e.Delta, " ", e.After, " ", of)))
	}
	assert.Equal(t, []string{
		"opening USDT 100 100", "opening USDT_reserved 0 0",
		"usdtpayout.send_payout USDT -10.5 89.5 first", "usdtpayout.send_payout USDT_reserved 10.5 10.5 first",
		"usdtpayout.move USDT_reserved -10.5 0 first",
		"usdtpayout.transition USDT 10.5 100 first",
		"usdtpayout.send_payout USDT -4 96 second", "usdtpayout.send_payout USDT_reserved 4 4 second",
		"usdtpayout.transition USDT_reserved -4 0 second", "usdtpayout.transition USDT 4 100 second",
	}, lines)
	assert.Equal(t, a.header.Get("X-Mockpay-Request-Id"), ledger[2].Request)
	assert.NotEmpty(t, ledger[4].Job)
}

// A snapshot has the payouts, what is to come of them, and their keys.
func TestPayoutsSurviveASnapshot(t *testing.T) {
	t.Parallel()
	s := alive(t, "")
	f := s.order("10")
	first := s.create(f)
	id := s.accepted(first, "pending")
	s.Advance(1500 * ms)
	saved, err := s.State(t.Context())
	require.NoError(t, err)
	require.True(t, json.Valid(saved))
	require.Equal(t, 200, s.move(id, "failed"))
	require.NoError(t, s.RestoreState(t.Context(), saved))
	assert.Equal(t, "processing", s.state(id))
	s.has("9990", "10")
	s.follow(id, []moment{{499 * ms, "processing"}, {500 * ms, "completed"}})
	assert.Equal(t, first.body, s.create(f).body)
	s.has("9990", "0")
	s.sound()
}
