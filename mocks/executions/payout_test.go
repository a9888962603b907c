package executions_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
)

// TestPayout is one from end to end, as the documents tell it and with their ids.
func TestPayout(t *testing.T) {
	t.Parallel()
	s := open(t, "{first_ids: {party: 42, counterparty: 15, payment_account: 18, session: 42, wallet: 3}}")
	same := func(a answer, body string) {
		t.Helper()
		assert.Equal(t, "200 "+body, fmt.Sprint(a.status, " ", a.body))
		assert.Equal(t, "application/json", a.header.Get("Content-Type"))
		assert.Empty(t, a.hint())
	}
	same(s.post(partyPath, musu.with("email", nil)),
		`{"id":42,"fullname":"Musu Flomo","phone":"231880000001","email":null,"country_code":"LR","created_at":"2026-06-23T10:00:00Z","updated_at":"2026-06-23T10:00:00Z"}`)
	same(s.post(counterpartyPath, fields{"relationship_type": "BENEFICIARY", "party_id": 42}),
		`{"id":15,"owner_party_type":"ORGANIZATION","owner_party_id":1,"relationship_type":"BENEFICIARY","party_id":42,"created_at":"2026-06-23T10:00:00Z","updated_at":"2026-06-23T10:00:00Z",`+
			`"party":{"id":42,"fullname":"Musu Flomo","phone":"231880000001","email":null,"country_code":"LR","created_at":"2026-06-23T10:00:00Z","updated_at":"2026-06-23T10:00:00Z"}}`)
	same(s.get("/v1/predictions/mmo-provider-info?phone=231771234567&operation_type=PAYOUT"),
		`{"carrier":"MTN","country":"LR","currencies":["USD","LRD"],"phone":"231771234567","payment_method":"MTN_MOMO_LBR","gateway_provider":"PAWAPAY","operation_type":"PAYOUT"}`)
	same(s.post(accountPath, accountOf(42, "231771234567")),
		`{"id":18,"account_name":"Musu wallet","provider":"MTN_MOMO_LBR","method":"MTN_MOMO_LBR","party_id":42,"is_active":true,"created_at":"2026-06-23T10:00:00Z","updated_at":"2026-06-23T10:00:00Z","country_code":"LR"}`)
	same(s.get(strings.TrimPrefix(paths["predict_amount_and_fees"], "GET ")),
		`{"payer_amount":"100.00","payer_currency":"USD","payee_amount":"100.00","payee_currency":"USD","platform_fee":"0.00","platform_currency":"USD","fx_fee":null,"gateway_fee":"0.00","gateway_currency":"USD"}`)
	same(s.post(sessionPath, sessionOf(18, "100.0", "USD")),
		`{"id":42,"wallet_id":3,"payout_account_id":18,"amount":100.0,"currency":"USD","status":"ACTIVE","expires_at":"2026-06-23T11:00:00Z","created_at":"2026-06-23T10:00:00Z","updated_at":"2026-06-23T10:00:00Z"}`)
	s.has("10000", "USD")

	const key = "7c1b0f52-3d7e-4a86-9a5e-2f6b1c9d0e41"
	s.unknown(key)
	answered := func(provider, status string) string {
		return `{"reference_id":"` + key + `","provider_transaction_id":` + provider + `,"status":"` + status + `","payer_amount":100.0,"payer_currency":"USD","payee_currency":"USD",` +
			`"payee_amount":100.0,"operation_type":"PAYOUT","gateway_message":null,"wallet_message":null,"client_secret":null,"requires_action":null}`
	}
	same(s.execute(s.order(42, 18).with("reference_id", key)), answered("null", "PENDING"))
	s.has("9900", "USD")
	s.pass(999 * time.Millisecond)
	same(s.get(statusPath+key), answered("null", "PENDING"))
	s.pass(time.Millisecond)
	x := accepted[execution](t, s.get(statusPath+key))
	require.NotNil(t, x.ProviderID)
	assert.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, *x.ProviderID)
	same(s.get(statusPath+key), answered(quoted(*x.ProviderID), "PROCESSING"))
	s.pass(1999 * time.Millisecond)
	same(s.get(statusPath+key), answered(quoted(*x.ProviderID), "PROCESSING"))
	s.pass(time.Millisecond)
	same(s.get(statusPath+strings.ToUpper(key)), answered(quoted(*x.ProviderID), "COMPLETED"))
	s.pass(24 * time.Hour)
	s.token = s.grant()
	assert.Equal(t, "COMPLETED", s.state(key))
	s.has("9900", "USD")
	require.Len(t, s.moves(), 1)
	e := s.moves()[0]
	assert.Equal(t, "-100 9900 executions.payout "+key, fmt.Sprint(e.Delta, " ", e.After, " ", e.Operation, " ", e.Reference))
	s.sound()
}

// TestSessionExpires at exactly its expires_at, which is told in whole seconds.
func TestSessionExpires(t *testing.T) {
	t.Parallel()
	for ttl, life := range map[string]time.Duration{"": time.Hour, "{session_ttl: 90s}": 90 * time.Second} {
		s := open(t, ttl)
		s.pass(700 * time.Millisecond)
		account := s.account(usual)
		a := s.post(sessionPath, sessionOf(account, "1", "USD"))
		assert.Contains(t, a.body, `"expires_at":"`+must(time.Parse(time.RFC3339, start)).Add(life).Format(time.RFC3339)+`","created_at":"2026-06-23T10:00:00Z"`)
		first, second := s.made(a), s.session(account, "2", "USD")

		s.pass(life - 701*time.Millisecond)
		s.token = s.grant()
		s.pay(s.order(first, account))
		s.pass(time.Millisecond)
		late := s.order(second, account)
		s.refused(s.execute(late), 422, stateFault("session_id", "session expired"))
		s.unknown(late["reference_id"])
		s.has("9999", "USD")
		s.pay(late.with("session_id", fmt.Sprint(s.session(account, "1", "USD")))) // the key was not used
		s.sound()
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestSessionIsUsedOnce, also by an execution that failed.
func TestSessionIsUsedOnce(t *testing.T) {
	t.Parallel()
	s := open(t, "{wallets: {USD: 150}}")
	done := s.ordered()
	s.pay(done)
	s.refused(s.execute(done.with("reference_id", s.key())), 422, stateFault("session_id", "session not active"))
	poor := s.ordered()
	assert.Equal(t, "FAILED", accepted[execution](t, s.execute(poor)).Status)
	s.fund("1000", "USD")
	s.refused(s.execute(poor.with("reference_id", s.key())), 422, stateFault("session_id", "session not active"))
	assert.Equal(t, "FAILED / Insufficient wallet balance", s.state(poor["reference_id"].(string)))
	s.pass(2 * time.Hour)
	s.token = s.grant()
	s.refused(s.execute(done.with("reference_id", s.key())), 422, stateFault("session_id", "session not active"))
	s.has("1000", "USD")
	s.sound()
}

// TestRefusedCallsUseNothing: neither the key nor the session is spent.
func TestRefusedCallsUseNothing(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	order := s.ordered()
	other := s.account(usual)
	for _, spoilt := range []fields{
		order.without("passcode"), order.with("session_id", "99"), order.with("payout_account_id", "99"), order.with("payout_account_id", fmt.Sprint(other)),
		order.with("passcode.token.code", "000000"), order.with("passcode.token.phone", "231770000000"), order.without("passcode.token.phone"),
	} {
		assert.Contains(t, []int{403, 422}, s.execute(spoilt).status)
		s.unknown(order["reference_id"])
	}
	s.execute(order, "Authorization", "Bearer x")
	s.execute(order, "X-Mockpay-Outcome", "server_error")
	s.execute(order, "X-Mockpay-Outcome", "session_expired")
	s.unknown(order["reference_id"])
	assert.Empty(t, s.moves())
	assert.Equal(t, "PENDING", s.state(s.pay(order)))
	assert.Len(t, s.moves(), 1)
}

// TestReplay: the same call again is answered with the execution as it is, moves
// nothing, and cares for no passcode.
func TestReplay(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	order := s.ordered()
	key := s.pay(order)
	again := func(status string, f fields) {
		t.Helper()
		x := accepted[execution](t, s.execute(f))
		assert.Equal(t, key+" "+status, x.Reference+" "+x.Status)
	}
	variants := []fields{
		order, order.with("passcode.token.code", "wrong"), order.with("passcode.token.phone", "1"), order.with("passcode.device.name", "other"),
		order.with("reference_id", strings.ToUpper(key)), order.with("note", "an unknown field"),
	}
	for _, step := range []struct {
		after  time.Duration
		status string
	}{{0, "PENDING"}, {time.Second, "PROCESSING"}, {2 * time.Second, "COMPLETED"}, {2 * time.Hour, "COMPLETED"}} { // then the session has expired
		s.pass(step.after)
		s.token = s.grant()
		for _, f := range variants {
			again(step.status, f)
		}
	}
	other := s.account(usual)
	for _, f := range []fields{
		order.with("session_id", fmt.Sprint(s.session(1, "100.0", "USD"))), order.with("payout_account_id", fmt.Sprint(other)), order.with("session_id", "99"),
		order.with("payout_account_id", "99", "reference_id", strings.ToUpper(key)),
	} {
		s.refused(s.execute(f), 422, stateFault("reference_id", "reference_id already exists"))
	}
	assert.Len(t, s.moves(), 1)
	s.has("9900", "USD")
	s.sound()
}

// TestReplayOfOneThatFailed: it stays FAILED, whatever the wallet and the
// passcode are by now.
func TestReplayOfOneThatFailed(t *testing.T) {
	t.Parallel()
	s := open(t, "{wallets: {USD: 99.99}}")
	order := s.ordered()
	first := s.execute(order)
	assert.Contains(t, first.hint(), "99.99")
	s.fund("500", "USD")
	again := s.execute(order)
	assert.Equal(t, first.body, again.body)
	assert.NotEmpty(t, again.hint())
	assert.Len(t, s.moves(), 1, "the funding")
}

// TestReplayOfUnverified merchants is refused like any call of theirs, and their
// statuses are told.
func TestReplayOfUnverified(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	order := s.ordered()
	key := s.pay(order)
	s.turn("{verified: false}")
	s.refused(s.execute(order), 403, says("Forbidden"))
	s.pass(3 * time.Second)
	assert.Equal(t, "COMPLETED", s.state(key))
}

// turn gives the workspace other knobs and rules, and leaves all else as it is.
func (s *shop) turn(knobs string, rules ...string) {
	s.t.Helper()
	s.restore(func(snapshot map[string]any) { snapshot["scenario"] = scenario(knobs, rules...) })
}

// TestKeysOfOthers: another workspace may have the same key.
func TestKeysOfOthers(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	there := s.neighbor("there")
	one, two := s.ordered(), there.ordered()
	require.Equal(t, one["reference_id"], two["reference_id"])
	s.pay(one)
	there.unknown(two["reference_id"])
	there.pay(two)
	s.has("9900", "USD")
	there.has("9900", "USD")
}

// together makes calls at the same time.
func (s *shop) together(orders ...fields) []execution {
	s.t.Helper()
	all := make([]execution, len(orders))
	answers := make([]answer, len(orders))
	var wait sync.WaitGroup
	for i, f := range orders {
		wait.Go(func() {
			a, err := s.try(http.MethodPost, payoutPath, f.String())
			assert.NoError(s.t, err)
			answers[i] = a
		})
	}
	wait.Wait()
	for i, a := range answers {
		all[i] = accepted[execution](s.t, a)
	}
	return all
}

// TestDuplicatesAtOnce are one execution and one debit.
func TestDuplicatesAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	order := s.ordered()
	orders := make([]fields, 20)
	for i := range orders {
		orders[i] = order
		if i%2 == 1 {
			orders[i] = order.with("reference_id", strings.ToUpper(order["reference_id"].(string)))
		}
	}
	seen := s.together(orders...)
	for _, x := range seen {
		assert.Equal(t, seen[0].Reference, x.Reference)
		assert.Equal(t, "PENDING", x.Status)
	}
	assert.Len(t, s.moves(), 1)
	s.has("9900", "USD")
	s.sound()
}

// TestSessionAtOnce: of many keys for one session, one is taken.
func TestSessionAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	order := s.ordered()
	var taken int
	var mu sync.Mutex
	var wait sync.WaitGroup
	for range 20 {
		f := order.with("reference_id", s.key())
		wait.Go(func() {
			a, err := s.try(http.MethodPost, payoutPath, f.String())
			assert.NoError(t, err)
			mu.Lock()
			defer mu.Unlock()
			if a.status == 200 {
				taken++
				return
			}
			assert.Equal(t, stateFault("session_id", "session not active"), a.body)
		})
	}
	wait.Wait()
	assert.Equal(t, 1, taken)
	s.has("9900", "USD")
}

// TestMoneyForTen: of 50 payouts at once exactly as many succeed as the wallet
// covers.
func TestMoneyForTen(t *testing.T) {
	t.Parallel()
	s := open(t, "{wallets: {USD: 1099.99}}")
	account := s.account(usual)
	var orders []fields
	for range 50 {
		orders = append(orders, s.order(s.session(account, "100", "USD"), account))
	}
	seen := make(map[string]int)
	for _, x := range s.together(orders...) {
		seen[x.String()]++
	}
	assert.Equal(t, map[string]int{"PENDING": 10, "FAILED / Insufficient wallet balance": 40}, seen)
	assert.Len(t, s.moves(), 10)
	s.has("99.99", "USD")
	s.pass(3 * time.Second)
	s.has("99.99", "USD")
	s.sound()
}

// TestPasscode: which codes and owners are right.
func TestPasscode(t *testing.T) {
	t.Parallel()
	const forbidden = `403 {"detail":"Invalid passcode"}`
	none := "422 " + detail(documented, missing("body.passcode.token.phone", ""))
	tests := []struct {
		name, knobs string
		token       fields
		want        string // "" if it is taken
	}{
		{"Phone", "", fields{"code": "123456", "phone": "231771234567"}, ""},
		{"PhoneAndNullUser", "", fields{"code": "123456", "phone": "231771234567", "user_id": nil}, ""},
		{"AnyUser", "", fields{"code": "123456", "user_id": "anybody"}, ""},
		{"User", "{user_id: u-7}", fields{"code": "123456", "user_id": "u-7"}, ""},
		{"Both", "{user_id: u-7}", fields{"code": "123456", "user_id": "u-7", "phone": "231771234567"}, ""},
		{"Neither", "", fields{"code": "123456"}, none},
		{"Nulls", "", fields{"code": "123456", "user_id": nil, "phone": nil}, none},
		{"NeitherAndWrongCode", "", fields{"code": "000000"}, none},
		{"WrongCode", "", fields{"code": "000000", "phone": "231771234567"}, forbidden},
		{"EmptyCode", "", fields{"code": "", "phone": "231771234567"}, forbidden},
		{"Blanks", "", fields{"code": " 123456", "phone": "231771234567"}, forbidden},
		{"WrongPhone", "", fields{"code": "123456", "phone": "231771234568"}, forbidden},
		{"PhoneWithPlus", "", fields{"code": "123456", "phone": "+231771234567"}, forbidden},
		{"WrongUser", "{user_id: u-7}", fields{"code": "123456", "user_id": "U-7"}, forbidden},
		{"RightUserWrongPhone", "{user_id: u-7}", fields{"code": "123456", "user_id": "u-7", "phone": "1"}, forbidden},
		{"NotSetUp", "{passcode_set: false}", fields{"code": "123456", "phone": "231771234567"}, forbidden},
		{"NotSetUpNeither", "{passcode_set: false}", fields{"code": "123456"}, none},
	}
	h := newHandler(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := within(t, h, test.name, test.knobs)
			order := s.ordered()
			a := s.execute(order.with("passcode.token", test.token))
			if test.want == "" {
				assert.Equal(t, "PENDING", accepted[execution](t, a).Status)
				return
			}
			assert.Equal(t, test.want, fmt.Sprint(a.status, " ", a.body))
			assert.NotEmpty(t, a.hint())
			assert.NotContains(t, a.hint(), "123456")
			s.unknown(order["reference_id"])
			for range 5 { // nothing locks
				s.execute(order.with("passcode.token.code", "x"))
			}
			s.turn("")
			s.pay(order)
		})
	}
}

// TestWrongPasscode is answered in the three ways the documents name.
func TestWrongPasscode(t *testing.T) {
	t.Parallel()
	h := newHandler(t)
	spoil := func(f fields) fields { return f.with("passcode.token.code", "x") }

	s := within(t, h, "422", `{wrong_passcode: "422"}`)
	order := s.ordered()
	s.refused(s.execute(spoil(order)), 422, `{"detail":[{"loc":["body","passcode","token","code"],"msg":"Invalid passcode","type":"value_error"}]}`)
	s.unknown(order["reference_id"])
	s.pay(order)

	s = within(t, h, "422p", `{wrong_passcode: "422", validation_style: pydantic2}`)
	a := s.execute(spoil(s.ordered()))
	assert.NotContains(t, a.body, "123456")
	t.Run("Input", func(t *testing.T) {
		s.in(t).refused(a, 422, `{"detail":[{"type":"value_error","loc":["body","passcode","token","code"],"msg":"Invalid passcode","input":"x"}]}`)
	})

	s = within(t, h, "failed", `{wrong_passcode: failed}`)
	order = s.ordered()
	a = s.execute(spoil(order))
	assert.Equal(t, "FAILED: Invalid passcode", accepted[execution](t, a).String())
	assert.NotEmpty(t, a.hint())
	assert.Empty(t, s.moves())
	assert.Equal(t, a.body, s.get(statusPath+order["reference_id"].(string)).body)
	assert.Equal(t, a.body, s.execute(order).body, "the key is used up, a right passcode comes too late")
	s.refused(s.execute(order.with("reference_id", s.key())), 422, stateFault("session_id", "session not active"))
	order = s.ordered()
	s.refused(s.execute(spoil(order).with("session_id", "99")), 422, stateFault("session_id", "session not found"))
	s.pay(order)
	s.sound()
}

// A step is what an execution is after some time.
type step struct {
	after time.Duration // since the step before
	state string
}

const (
	ms       = time.Millisecond
	second   = time.Second
	rejected = "FAILED: Payout rejected by the operator"
)

// TestSettlement: what becomes of payouts, by the end of the account's number and
// by knobs.
func TestSettlement(t *testing.T) {
	t.Parallel()
	const own = `{account_endings: {"77": {status: PROCESSING}, "88": {status: FAILED, message: Account closed}, "99": {status: PENDING}, ` +
		`"66": {status: COMPLETED, message: Paid}, "55": {status: FAILED, at_once: true, message: No such number}, "00": {status: COMPLETED}}}`
	usually := []step{{0, "PENDING"}, {999 * ms, "PENDING"}, {ms, "PROCESSING"}, {1999 * ms, "PROCESSING"}, {ms, "COMPLETED"}, {24 * time.Hour, "COMPLETED"}}
	stuck := []step{{999 * ms, "PENDING"}, {ms, "PROCESSING"}, {30 * 24 * time.Hour, "PROCESSING"}}
	tests := []struct {
		name, knobs, number string
		steps               []step
	}{
		{"Usual", "", "231880000055", usually},
		{"Ending00", "", "231880000000", []step{{999 * ms, "PENDING"}, {ms, "PROCESSING"}, {1999 * ms, "PROCESSING"}, {ms, rejected}}},
		{"Ending01", "", "231880000001", stuck},
		{"Ending02", "", "231880000002", []step{{0, rejected}, {time.Hour, rejected}}},
		{"Short", "", "0", usually},
		{"NoDigits", "", "x-00", []step{{3 * second, rejected}}},
		{"OwnStuck", own, "77", stuck},
		{"OwnMessage", own, "1188", []step{{3 * second, "FAILED: Account closed"}}},
		{"OwnPending", own, "1199", []step{{time.Hour, "PENDING"}}},
		{"OwnCompleted", own, "1166", []step{{2 * second, "PROCESSING"}, {second, "COMPLETED: Paid"}}},
		{"OwnAtOnce", own, "1155", []step{{0, "FAILED: No such number"}}},
		{"OwnInsteadOf00", own, "1100", usually},
		{"OthersStay", own, "1101", stuck},
		{"Instant", "{processing_after: 0s, settle_after: 0s}", usual, []step{{0, "COMPLETED"}}},
		{"InstantFailure", "{processing_after: 0s, settle_after: 0s}", "00", []step{{0, rejected}}},
		{"Slow", "{processing_after: 1m, settle_after: 2h}", usual, []step{{59999 * ms, "PENDING"}, {ms, "PROCESSING"}, {119*time.Minute - ms, "PROCESSING"}, {ms, "COMPLETED"}}},
		{"SettledBeforeProcessing", "{processing_after: 5s, settle_after: 2s}", usual, []step{{1999 * ms, "PENDING"}, {ms, "COMPLETED"}, {10 * second, "COMPLETED"}}},
	}
	h := newHandler(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			within(t, h, test.name, test.knobs).follow(s0(test.number), test.steps)
		})
	}
}

// s0 is the order of 100 dollars to a number.
func s0(number string) func(*shop) fields {
	return func(s *shop) fields { return s.orderTo(number, "100.0", "USD") }
}

// follow executes an order and looks what becomes of it, and of the money: it is
// back when the execution failed.
func (s *shop) follow(order func(*shop) fields, steps []step) {
	s.t.Helper()
	key := s.pay(order(s))
	for i, step := range steps {
		s.pass(step.after)
		if step.after >= time.Hour {
			s.token = s.grant()
		}
		state := s.state(key)
		assert.Equal(s.t, step.state, state, "step %d", i)
		if strings.HasPrefix(state, "FAILED") {
			s.has("10000", "USD")
		} else {
			s.has("9900", "USD")
		}
	}
	s.sound()
}

// TestRules: what a rule says of an execution.
func TestRules(t *testing.T) {
	t.Parallel()
	pays := func(settle string) string { return "{name: r, on: executions.payout, settle: " + settle + "}" }
	tests := []struct {
		name, rule, number string
		steps              []step
	}{
		{"Failed", pays("{as: FAILED, message: Account closed}"), usual, []step{{0, "PENDING"}, {second, "PROCESSING"}, {2 * second, "FAILED: Account closed"}}},
		{"FailedLater", pays("{as: FAILED, after: 10m}"), usual, []step{{second, "PROCESSING"}, {10*time.Minute - second - ms, "PROCESSING"}, {ms, rejected}}},
		{"FailedAtOnce", pays("{as: FAILED, after: 0s, message: Closed}"), usual, []step{{0, "FAILED: Closed"}}},
		{"Stuck", pays("{as: PROCESSING}"), usual, []step{{999 * ms, "PENDING"}, {ms, "PROCESSING"}, {24 * time.Hour, "PROCESSING"}}},
		{"StuckLater", pays("{as: PROCESSING, after: 5s}"), usual, []step{{4999 * ms, "PENDING"}, {ms, "PROCESSING"}, {24 * time.Hour, "PROCESSING"}}},
		{"Pending", pays("{as: PENDING}"), usual, []step{{24 * time.Hour, "PENDING"}}},
		{"CompletedAtOnce", pays("{as: COMPLETED, after: 0s}"), usual, []step{{0, "COMPLETED"}}},
		{"Message", pays("{message: Thanks}"), usual, []step{{second, "PROCESSING"}, {2 * second, "COMPLETED: Thanks"}}},
		{"InsteadOfEnding", pays("{as: COMPLETED}"), "00", []step{{3 * second, "COMPLETED"}}},
		{"InsteadOfEndingAtOnce", pays("{as: FAILED}"), "02", []step{{0, "PENDING"}, {3 * second, rejected}}},
		{"DelaysEndingAtOnce", pays("{after: 5s}"), "02", []step{{0, "PENDING"}, {second, "PROCESSING"}, {4 * second, rejected}}},
		{"HastensEnding", pays("{after: 0s}"), "00", []step{{0, rejected}}},
		{"AmountFits", pays("[{when: {amount: {gte: 100}}, as: FAILED, message: Too much}]"), usual, []step{{3 * second, "FAILED: Too much"}}},
		{"AmountDoesNot", pays("[{when: {amount: {gt: 100}}, as: FAILED}]"), usual, []step{{3 * second, "COMPLETED"}}},
		{"MethodFits", pays("[{when: {method: ORANGE_MONEY_LBR}, as: PENDING}, {when: {method: MTN_MOMO_LBR, currency: USD}, as: PROCESSING}]"), usual, []step{{time.Hour, "PROCESSING"}}},
		{"SessionFits", pays(`[{when: {session_id: "1", payout_account_id: "1", party_id: 1}, as: PENDING}]`), usual, []step{{time.Hour, "PENDING"}}},
		{"NumberFits", pays("[{when: {insensitive_account_number: {ends_with: '55'}}, as: PENDING}]"), usual, []step{{time.Hour, "PENDING"}}},
		{"ByParameter", "{name: r, on: executions.payout, when: {passcode.device.type: SERVER}, settle: {as: PENDING}}", usual, []step{{time.Hour, "PENDING"}}},
	}
	h := newHandler(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			within(t, h, test.name, "", test.rule).follow(s0(test.number), test.steps)
		})
	}
}

// TestTransition moves executions by hand.
func TestTransition(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	move := func(key, to string, more ...string) int {
		t.Helper()
		return s.simulate("transition", append([]string{"reference", key, "as", to}, more...)...)
	}
	assert.Equal(t, 404, move("last", "FAILED"))
	key := s.pay(s.ordered())
	assert.Equal(t, 404, move(s.key(), "FAILED"))
	assert.Equal(t, 409, move(key, "PENDING"))
	assert.Equal(t, 409, move(key, "COMPLETED"), "it is PROCESSING before")
	assert.Equal(t, 200, move(strings.ToUpper(key), "PROCESSING", "gateway_message", "Awaiting approval"))
	assert.Equal(t, "PROCESSING: Awaiting approval", s.state(key))
	assert.Equal(t, 409, move(key, "PROCESSING"))
	assert.Equal(t, 409, move(key, "PENDING"))
	assert.Equal(t, 200, move(key, "COMPLETED"))
	for _, to := range []string{"PENDING", "PROCESSING", "COMPLETED", "FAILED"} {
		assert.Equal(t, 409, move(key, to), "COMPLETED is final")
	}
	s.pass(time.Minute)
	assert.Equal(t, "COMPLETED: Awaiting approval", s.state(key))
	s.has("9900", "USD")

	failed := s.pay(s.ordered())
	s.has("9800", "USD")
	assert.Equal(t, 200, move("last", "FAILED", "gateway_message", "Account closed"))
	s.has("9900", "USD")
	s.pass(time.Minute) // the moves that were to come are off
	assert.Equal(t, "FAILED: Account closed", s.state(failed))
	assert.Equal(t, 409, move(failed, "COMPLETED"))
	assert.Equal(t, "COMPLETED: Awaiting approval", s.state(key))
	assert.Equal(t, 409, move("first", "FAILED"))

	slow := s.pay(s.ordered())
	assert.Equal(t, 200, move(slow, "PROCESSING"))
	s.pass(2999 * ms)
	assert.Equal(t, "PROCESSING", s.state(slow))
	s.pass(ms)
	assert.Equal(t, "COMPLETED", s.state(slow), "what was to come comes")

	stuck := s.pay(s.orderTo("01", "100", "USD"))
	s.pass(time.Minute)
	assert.Equal(t, 200, move(stuck, "FAILED"))
	assert.Equal(t, rejected, s.state(stuck))
	s.has("9800", "USD")
	assert.Contains(t, []int{400, 422}, move(stuck, "DONE"))
	s.sound()
}

// TestSetWallet: payouts from a wallet that is not ACTIVE fail, and there are no
// sessions for it.
func TestSetWallet(t *testing.T) {
	t.Parallel()
	s := open(t, "{wallet_status: {LRD: CLOSED}}")
	account := s.account(usual)
	s.refused(s.post(sessionPath, sessionOf(account, "1", "LRD")), 422, stateFault("currency", "no active wallet in this currency"))
	for _, status := range []string{"RESTRICTED", "FROZEN", "CLOSED"} {
		order := s.ordered()
		assert.Equal(t, 200, s.simulate("set_wallet", "currency", "USD", "status", status))
		a := s.execute(order)
		assert.Equal(t, "FAILED / Wallet is not active", accepted[execution](t, a).String())
		assert.Contains(t, a.hint(), status)
		s.refused(s.post(sessionPath, sessionOf(account, "1", "USD")), 422, stateFault("currency", "no active wallet in this currency"))
		assert.Equal(t, 200, s.simulate("set_wallet", "currency", "USD", "status", "ACTIVE"))
		s.refused(s.execute(order.with("reference_id", s.key())), 422, stateFault("session_id", "session not active"))
		assert.Equal(t, a.body, s.execute(order).body)
	}
	assert.Empty(t, s.moves())
	key := s.pay(s.ordered())
	s.simulate("set_wallet", "currency", "USD", "status", "FROZEN")
	assert.Equal(t, 200, s.simulate("transition", "reference", key, "as", "FAILED"))
	s.has("10000", "USD") // a frozen wallet is credited back too
	assert.Equal(t, 404, s.simulate("set_wallet", "currency", "EUR", "status", "ACTIVE"))
	assert.Contains(t, []int{400, 422}, s.simulate("set_wallet", "currency", "USD", "status", "OPEN"))
	s.sound()
}

// TestDeactivateAccount: nothing can be paid to one, what is under way goes on.
func TestDeactivateAccount(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	account := s.account(usual)
	paid, waiting := s.order(s.session(account, "1", "USD"), account), s.order(s.session(account, "1", "USD"), account)
	key := s.pay(paid)
	assert.Equal(t, 200, s.simulate("deactivate_account", "account", "last"))
	s.refused(s.execute(waiting), 422, stateFault("payout_account_id", "payout account not active"))
	s.pass(3 * time.Second)
	assert.Equal(t, "COMPLETED", s.state(key))
	assert.Equal(t, "COMPLETED", accepted[execution](t, s.execute(paid)).Status)
	assert.Equal(t, 404, s.simulate("deactivate_account", "account", "99"))
}

// TestFees: the wallet pays them on top, and gets them back too.
func TestFees(t *testing.T) {
	t.Parallel()
	// 33.33 costs 0.25+0.49995 and 1+0.6666, each rounded half up: 2.42.
	const fees = `fees: {PAYOUT: {platform_percentage: 1.5, platform_fixed: 0.25, gateway_percentage: "2", gateway_fixed: 1, fx_percentage: 50}, COLLECTION: {platform_fixed: 7}}`
	s := open(t, "{wallets: {USD: 35.75}, "+fees+"}")
	a := s.execute(s.orderTo("00", "33.33", "USD"))
	assert.Contains(t, a.body, `"payer_amount":35.75,"payer_currency":"USD","payee_currency":"USD","payee_amount":33.33,`)
	s.has("0", "USD")
	s.pass(3 * time.Second)
	s.has("35.75", "USD")
	s.fund("35.74", "USD")
	a = s.execute(s.orderTo(usual, "33.33", "USD"))
	assert.Equal(t, "FAILED / Insufficient wallet balance", accepted[execution](t, a).String())
	assert.Contains(t, a.body, `"payer_amount":35.75,`)
	assert.Contains(t, a.hint(), "35.75")
	s.has("35.74", "USD")
	s.sound()
	assert.Contains(t, s.get("/v1/predictions/amount-and-fees?base_amount=33.33&base_currency=USD&target_currency=USD&payment_method=MTN_MOMO_LBR&operation_type=PAYOUT&provider=PAWAPAY&fee_bearer=PAYER").body,
		`{"payer_amount":"35.75","payer_currency":"USD","payee_amount":"33.33",`, "what was predicted is what is paid")
}

// TestAmounts: how they are rounded and written.
func TestAmounts(t *testing.T) {
	t.Parallel()
	s := open(t, "{wallets: {USD: 99999999999999999999}}")
	account := s.account(usual)
	for sent, written := range map[string]string{
		"100": "100.0", "100.0": "100.0", "100.50": "100.5", "0.01": "0.01", "0.014": "0.01", "0.015": "0.02", "1.005": "1.01", "2.675": "2.68", "1e3": "1000.0",
		`"12.340"`: "12.34", "12345678901234567.89": "12345678901234567.89", "1.994999999999999999999": "1.99", "1.995": "2.0",
	} {
		a := s.post(sessionPath, sessionOf(account, sent, "USD"))
		assert.Contains(t, a.body, `"amount":`+written+`,`, sent)
		a = s.execute(s.order(s.made(a), account))
		assert.Contains(t, a.body, `"payer_amount":`+written+`,"payer_currency":"USD","payee_currency":"USD","payee_amount":`+written+`,`, sent)
	}
	s.sound()
}

// TestWallets of other currencies pay out in them, and in no other.
func TestWallets(t *testing.T) {
	t.Parallel()
	s := open(t, "{wallets: {RWF: 500, EUR: 20, AAA: 1}}")
	account := s.account(usual)
	for _, w := range []struct {
		currency string
		id       int
		left     string
	}{{"USD", 1, "9990"}, {"LRD", 2, "999990"}, {"RWF", 3, "490"}, {"AAA", 4, "1"}, {"EUR", 5, "10"}} {
		a := s.post(sessionPath, sessionOf(account, "10", w.currency))
		assert.Contains(t, a.body, fmt.Sprintf(`"wallet_id":%d,`, w.id))
		a = s.execute(s.order(s.made(a), account))
		assert.Contains(t, a.body, `"payer_currency":"`+w.currency+`","payee_currency":"`+w.currency+`"`)
		s.has(w.left, w.currency)
	}
	s.refused(s.post(sessionPath, sessionOf(account, "10", "GBP")), 422, stateFault("currency", "no active wallet in this currency"))
	s.sound()
}

// TestNoWebhooks: the provider sends none, and takes no place to send them to.
func TestNoWebhooks(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	_, err := s.SetWebhookEndpoint(t.Context(), "executions", client.WebhookEndpoint{URL: "http://127.0.0.1:9/hooks"})
	var refused *client.Error
	require.ErrorAs(t, err, &refused)
	assert.Contains(t, []int{400, 404, 409, 422}, refused.Status)
	assert.Contains(t, refused.Detail, "webhook")
	s.pay(s.ordered())
	s.pass(time.Hour)
	list, err := s.Webhooks(t.Context(), client.WebhookFilter{})
	require.NoError(t, err)
	assert.Empty(t, list.Webhooks)
}

// TestForcedFailures: outcomes that leave an execution behind.
func TestForcedFailures(t *testing.T) {
	t.Parallel()
	for outcome, want := range map[string]string{
		"insufficient_wallet": "FAILED / Insufficient wallet balance", "wallet_not_active": "FAILED / Wallet is not active", "rejected_at_once": rejected, "operator_failure": "PENDING",
	} {
		s := open(t, "")
		order := s.ordered()
		a := s.execute(order, "X-Mockpay-Outcome", outcome)
		assert.Equal(t, want, accepted[execution](t, a).String())
		assert.NotEmpty(t, a.hint())
		assert.Equal(t, a.body, s.execute(order).body, "it is an execution like others")
		s.refused(s.execute(order.with("reference_id", s.key())), 422, stateFault("session_id", "session not active"))
		s.pass(3 * time.Second)
		assert.True(t, strings.HasPrefix(s.state(order["reference_id"].(string)), "FAILED"))
		s.has("10000", "USD")
		s.refused(s.execute(s.ordered().with("session_id", "99"), "X-Mockpay-Outcome", outcome), 422, stateFault("session_id", "session not found"))
		assert.Equal(t, 422, s.execute(fields{}, "X-Mockpay-Outcome", outcome).status)
		s.sound()
	}
}
