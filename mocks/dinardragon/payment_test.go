package dinardragon_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
)

func TestStatusAnswersAsDocumented(t *testing.T) {
	t.Parallel()
	s := open(t, "", "{on: dinardragon.execute, settle: [{when: {acc: 987654321}, as: failed, after: 1s}, {when: {acc: 111111111}, as: processing}, {as: success, after: 1s}]}")
	r := s.pay(documented)
	s.Advance(time.Second)

	whole := s.post("/status", fmt.Sprintf(`{"payment_id":%q}`, r.PaymentID))
	one := s.post("/status", fmt.Sprintf(`{"uniqueid":%q}`, r.Accounts[1].UniqueID))

	assert.Equal(t, fmt.Sprintf(`{"code":200,"payments":[{"uniqueid":%q,"status":1},{"uniqueid":%q,"status":2},{"uniqueid":%q,"status":0}]}`,
		r.Accounts[0].UniqueID, r.Accounts[1].UniqueID, r.Accounts[2].UniqueID), whole.body)
	assert.Equal(t, fmt.Sprintf(`{"code":200,"payments":[{"uniqueid":%q,"status":2}]}`, r.Accounts[1].UniqueID), one.body)
	assert.Equal(t, "application/json", whole.header.Get("Content-Type"))
}

// Both ids may be sent: the payment counts, if it is of that payout.
func TestStatusByBothIDs(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	ours, theirs := s.pay(documented), s.pay(documented)
	one := ours.Accounts[1].UniqueID
	tests := []struct {
		name, uniqueid, paymentID string
		ok                        bool
	}{
		{"PaymentOfThePayout", one, ours.PaymentID, true},
		{"PaymentOfAnotherPayout", one, theirs.PaymentID, false},
		{"UnknownPayment", "0123456789abcdef", ours.PaymentID, false},
		{"UnknownPayout", one, "0123456789abcdef", false},
		{"Swapped", ours.PaymentID, one, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := s.in(t)
			a := s.post("/status", fmt.Sprintf(`{"payment_id":%q,"uniqueid":%q}`, tt.paymentID, tt.uniqueid))
			if !tt.ok {
				s.refused(a, 400, unknownID)
				return
			}
			assert.Equal(t, fmt.Sprintf(`{"code":200,"payments":[{"uniqueid":%q,"status":0}]}`, tt.uniqueid), a.body)
		})
	}
}

func TestStatusOfWhatIsUnknown(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	code := s.quote(documented).Authcode
	r := s.pay(documented)
	elsewhere := s.neighbor("elsewhere").pay(documented)
	tests := []struct{ name, body, text string }{
		{"NoID", `{}`, noID},
		{"EmptyIDs", `{"uniqueid":"","payment_id":""}`, noID},
		{"NullIDs", `{"uniqueid":null,"payment_id":null}`, noID},
		{"OtherFields", `{"id":"` + r.PaymentID + `"}`, noID},
		{"UnknownPayment", `{"uniqueid":"0123456789abcdef"}`, unknownID},
		{"UnknownPayout", `{"payment_id":"0123456789abcdef"}`, unknownID},
		{"Placeholder", `{"payment_id":"yourpaymentid"}`, unknownID},
		{"PayoutAsPayment", `{"uniqueid":"` + r.PaymentID + `"}`, unknownID},
		{"PaymentAsPayout", `{"payment_id":"` + r.Accounts[0].UniqueID + `"}`, unknownID},
		{"Authcode", `{"payment_id":"` + code + `"}`, unknownID},
		{"UpperCase", `{"payment_id":"` + "A" + r.PaymentID[1:] + `"}`, unknownID},
		{"PaymentOfAnotherWorkspace", `{"uniqueid":"` + elsewhere.Accounts[0].UniqueID + `"}`, unknownID},
		{"NumberAsPayment", `{"uniqueid":7}`, wrongField("uniqueid")},
		{"NumberAsPayout", `{"payment_id":7}`, wrongField("payment_id")},
		{"ArrayAsPayout", `{"payment_id":["a"]}`, wrongField("payment_id")},
		{"NoJSON", `payment_id`, notJSON},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s.in(t).refused(s.in(t).post("/status", tt.body), 400, tt.text)
		})
	}
}

// An id of another account is unknown, and its owner does not notice.
func TestStatusOfAnotherWorkspaceIsUnknown(t *testing.T) {
	t.Parallel()
	here := open(t, "")
	there := here.neighbor("there")
	r := here.pay(documented)

	there.refused(there.post("/status", fmt.Sprintf(`{"payment_id":%q}`, r.PaymentID)), 400, unknownID)
	there.refused(there.post("/status", fmt.Sprintf(`{"uniqueid":%q}`, r.Accounts[0].UniqueID)), 400, unknownID)

	assert.Equal(t, []int{0, 0, 0}, here.statuses(r))
}

// Payments are processing until their time has come, to the millisecond.
func TestPaymentsSettleInTime(t *testing.T) {
	t.Parallel()
	const never = 1000 * time.Hour
	tests := []struct {
		name  string
		knobs string
		rule  string
		after time.Duration
		end   int
	}{
		{"Default", "", "", 2 * time.Second, 1},
		{"Knob", "{settle_after: 1h30m}", "", 90 * time.Minute, 1},
		{"FailingAccount", "{failing_accounts: [100000000]}", "", 2 * time.Second, 2},
		{"FailingAccountAsText", `{failing_accounts: ["100000000"], settle_after: 7s}`, "", 7 * time.Second, 2},
		{"OtherFailingAccount", "{failing_accounts: [100000001, 10000000]}", "", 2 * time.Second, 1},
		{"RuleSucceeds", "", "{as: success, after: 10s}", 10 * time.Second, 1},
		{"RuleFails", "", "{as: failed, after: 30s}", 30 * time.Second, 2},
		{"RuleFailsAfterTheUsualTime", "", "{as: failed}", 2 * time.Second, 2},
		{"RuleDelays", "", "{after: 15m}", 15 * time.Minute, 1},
		{"RuleDelaysFailingAccount", "{failing_accounts: [100000000]}", "{after: 15m}", 15 * time.Minute, 2},
		{"RuleBeatsFailingAccount", "{failing_accounts: [100000000]}", "{as: success}", 2 * time.Second, 1},
		{"RuleLeavesItStuck", "", "{as: processing}", never, 0},
		{"RuleLeavesItStuckAfterATime", "", "{as: processing, after: 1s}", never, 0},
		{"RuleOfTheAccount", "", "[{when: {acc: 100000000}, as: failed, after: 3s}, {as: success, after: 1s}]", 3 * time.Second, 2},
		{"RuleOfTheAmount", "", "[{when: {amount: {lt: 50}}, as: failed, after: 3s}, {when: {amount: {gte: 50}}, as: failed, after: 4s}]", 4 * time.Second, 2},
		{"RuleOfTheCountry", "", "[{when: {country: {in: [SA, US]}, bank: somebank, recipientname: somename}, as: failed, after: 3s}]", 3 * time.Second, 2},
		{"RuleOfNoAccount", "", "[{when: {acc: 1}, as: failed, after: 3s}]", 2 * time.Second, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var rules []string
			if tt.rule != "" {
				rules = append(rules, "{on: dinardragon.execute, settle: "+tt.rule+"}")
			}
			s := open(t, tt.knobs, rules...)
			r := s.pay(pays("50"))
			assert.Equal(t, []int{0}, s.statuses(r))
			s.Advance(tt.after - time.Millisecond)
			assert.Equal(t, []int{0}, s.statuses(r))
			s.Advance(time.Millisecond)
			assert.Equal(t, []int{tt.end}, s.statuses(r))
			s.has(map[int]string{0: "9948.75", 1: "9948.75", 2: "9998.75"}[tt.end])

			s.Advance(24 * time.Hour)
			assert.Equal(t, []int{tt.end}, s.statuses(r))
			s.sound()
		})
	}
}

// Settled at once means at the next look, with no time passing.
func TestPaymentsSettleAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t, "{settle_after: 0s, failing_accounts: [987654321]}")
	r := s.pay(documented)
	assert.Equal(t, []int{1, 2, 1}, s.statuses(r))
	s.has("9870.125")
	s.sound()
}

// The number of an account is the same with and without quotes.
func TestFailingAccountsMatchEitherType(t *testing.T) {
	t.Parallel()
	s := open(t, `{failing_accounts: [111, "0222"]}`)
	r := s.pay(asks("40", account("111", "10"), account(`"111"`, "10"), account(`"0222"`, "10"), account("222", "10")))
	s.Advance(2 * time.Second)
	assert.Equal(t, []int{2, 2, 2, 1}, s.statuses(r))
}

// A rule that settles acts once per call, not once per payment.
func TestSettlingRulesCountCalls(t *testing.T) {
	t.Parallel()
	s := open(t, "", "{on: dinardragon.execute, times: 1, settle: {as: failed, after: 1s}}")
	first, second := s.pay(documented), s.pay(documented)
	s.Advance(2 * time.Second)
	assert.Equal(t, []int{2, 2, 2}, s.statuses(first))
	assert.Equal(t, []int{1, 1, 1}, s.statuses(second))
}

// A refused execution does not use up a rule that it did not get from.
func TestForcedOutcomeLeavesTheCode(t *testing.T) {
	t.Parallel()
	s := open(t, "", "{name: down, on: dinardragon.execute, times: 1, respond: server_error}")
	code := s.quote(documented).Authcode
	a := s.execute(code)
	assert.Equal(t, 500, a.status)
	assert.Equal(t, "down", a.header.Get("X-Mockpay-Rule"))
	s.has("10000")
	accepted[receipt](t, s.execute(code))
	s.has("9800.125")
}

func TestSettleAction(t *testing.T) {
	t.Parallel()
	s := open(t, `{settle_after: 10s}`)
	assert.Equal(t, 404, s.settle(map[string]string{"payment": "last"}), "there is none yet")
	first, last := s.pay(documented), s.pay(documented)
	payment := func(id, as string) map[string]string { return map[string]string{"payment": id, "as": as} }

	t.Run("Last", func(t *testing.T) {
		s := s.in(t)
		assert.Equal(t, 200, s.settle(payment("last", "success")))
		assert.Equal(t, []int{0, 0, 1}, s.statuses(last))
		s.has("9600.25")
	})
	t.Run("First", func(t *testing.T) {
		s := s.in(t)
		assert.Equal(t, 200, s.settle(payment("first", "failed")))
		assert.Equal(t, []int{2, 0, 0}, s.statuses(first))
		s.has("9650.25")
	})
	t.Run("ByID", func(t *testing.T) {
		s := s.in(t)
		changed, err := s.Simulate(t.Context(), "dinardragon.settle", payment(first.Accounts[1].UniqueID, "failed"))
		require.NoError(t, err)
		assert.JSONEq(t, fmt.Sprintf(`{"payment":%q,"payout":%q,"from":"processing","to":"failed","balance":"9720.25"}`,
			first.Accounts[1].UniqueID, first.PaymentID), string(changed))
		assert.Equal(t, []int{2, 2, 0}, s.statuses(first))
		s.has("9720.25")
	})
	t.Run("SuccessIfNotSaid", func(t *testing.T) {
		s := s.in(t)
		assert.Equal(t, 200, s.settle(map[string]string{"payment": last.Accounts[0].UniqueID}))
		assert.Equal(t, []int{1, 0, 1}, s.statuses(last))
	})
	t.Run("Refused", func(t *testing.T) {
		done, gone, open := last.Accounts[0].UniqueID, first.Accounts[0].UniqueID, last.Accounts[1].UniqueID
		tests := []struct {
			name   string
			args   map[string]string
			status int
		}{
			{"SuccessToFailed", payment(done, "failed"), 409},
			{"SuccessToSuccess", payment(done, "success"), 409},
			{"FailedToSuccess", payment(gone, "success"), 409},
			{"FailedToFailed", payment(gone, "failed"), 409},
			{"UnknownPayment", payment("0123456789abcdef", "failed"), 404},
			{"Payout", payment(first.PaymentID, "failed"), 404},
			{"EmptyPayment", payment("", "failed"), 404},
			{"BackToProcessing", payment(open, "processing"), 422},
			{"UnknownState", payment(open, "SUCCESS"), 422},
			{"EmptyState", payment(open, ""), 422},
			{"NoPayment", map[string]string{"as": "failed"}, 422},
			{"UnknownArgument", map[string]string{"payment": open, "status": "failed"}, 422},
			{"Nothing", nil, 422},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				s := s.in(t)
				assert.Equal(t, tt.status, s.settle(tt.args))
				s.has("9720.25")
			})
		}
		_, err := s.Simulate(t.Context(), "dinardragon.setle", payment(open, "failed"))
		var refused *client.Error
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, 404, refused.Status)
		assert.Contains(t, refused.Detail, "dinardragon.settle")
	})
	t.Run("TimeDoesNotSettleAgain", func(t *testing.T) {
		s := s.in(t)
		fired := s.Advance(10 * time.Second).Fired
		assert.Len(t, fired, 2, "two payments were left")
		assert.Equal(t, []int{2, 2, 1}, s.statuses(first))
		assert.Equal(t, []int{1, 1, 1}, s.statuses(last))
		s.has("9720.25")
		s.sound()
	})
}

// A payment of another workspace cannot be settled.
func TestSettleActionStaysInItsWorkspace(t *testing.T) {
	t.Parallel()
	here := open(t, "")
	there := here.neighbor("there")
	r := here.pay(documented)
	assert.Equal(t, 404, there.settle(map[string]string{"payment": r.Accounts[0].UniqueID, "as": "failed"}))
	assert.Equal(t, []int{0, 0, 0}, here.statuses(r))
}

// What is due is told by the clock, in order.
func TestPendingSettlementsAreShown(t *testing.T) {
	t.Parallel()
	s := open(t, "", "{on: dinardragon.execute, settle: [{when: {acc: 111111111}, as: failed, after: 1s}]}")
	r := s.pay(documented)
	clock, err := s.Clock(t.Context())
	require.NoError(t, err)
	at := func(after time.Duration, i int) client.Due {
		return client.Due{At: time.Date(2025, 1, 31, 14, 35, 0, 0, time.UTC).Add(after), Kind: "dinardragon.settle", Ref: r.Accounts[i].UniqueID}
	}
	want := []client.Due{at(time.Second, 2), at(2*time.Second, 0), at(2*time.Second, 1)}
	assert.Equal(t, want, clock.Pending)
	assert.Equal(t, want, s.Advance(time.Minute).Fired)
}

func TestUniqueIDsAndCodesAreHexadecimal(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	q := s.quote(documented)
	r := accepted[receipt](t, s.execute(q.Authcode))
	assert.Regexp(t, `^[0-9a-f]{32}$`, q.Authcode)
	assert.Regexp(t, `^[0-9a-f]{16}$`, r.PaymentID)
	for _, paid := range r.Accounts {
		assert.Regexp(t, `^[0-9a-f]{16}$`, paid.UniqueID)
		assert.NotEqual(t, r.PaymentID, paid.UniqueID)
	}
}

// A status is a number, and nothing but the two keys is told of a payment.
func TestStatusTellsNothingElse(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	r := s.pay(documented)
	a := s.post("/status", fmt.Sprintf(`{"payment_id":%q}`, r.PaymentID))
	var said struct {
		Payments []map[string]json.RawMessage `json:"payments"`
	}
	require.NoError(t, json.Unmarshal([]byte(a.body), &said))
	require.Len(t, said.Payments, 3)
	for _, p := range said.Payments {
		assert.Len(t, p, 2)
		assert.Equal(t, "0", string(p["status"]))
	}
}
