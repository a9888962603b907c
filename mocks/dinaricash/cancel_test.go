package dinaricash_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// cannotCancel makes the call and checks that it is refused.
func (s *shop) cannotCancel(id, why string, status int) {
	s.t.Helper()
	a := s.call("cancel", s.form("cancel").with("TRANSACTION_ID", id))
	assert.Equal(s.t, status, a.status)
	assert.Equal(s.t, why, a.data(s.t, "GATEWAY_ERROR"))
	assert.Equal(s.t, id, a.data(s.t, "TRANSACTION_ID"))
	assert.Equal(s.t, a.data(s.t, "PAYOUT_BALANCE_BEFORE_CANCEL"), a.data(s.t, "PAYOUT_BALANCE_AFTER_CANCEL"))
	assert.NotEmpty(s.t, a.hint())
}

func (s *shop) cancel(id string) answer {
	s.t.Helper()
	return s.accepted("cancel", s.form("cancel").with("TRANSACTION_ID", id))
}

// A send of each method is canceled in the states that allow it.
func TestWhatCanBeCanceled(t *testing.T) {
	t.Parallel()
	tests := []struct {
		op, state string
		ok        bool
	}{
		{"ach", "INITIATED", true},
		{"ach", "COMPLETED", true},
		{"ach", "DECLINED", false},
		{"ach", "FAILED", false},
		{"ach", "CANCELED", false},
		{"swift", "INITIATED", true},
		{"swift", "COMPLETED", false},
		{"swift", "DECLINED", false},
		{"swift", "FAILED", false},
		{"swift", "CANCELED", false},
		{"zelle", "INITIATED", true},
		{"zelle", "COMPLETED", false},
		{"zelle", "DECLINED", false},
		{"zelle", "FAILED", false},
		{"zelle", "CANCELED", false},
		{"card_load", "INITIATED", false},
		{"card_load", "COMPLETED", false},
		{"card_load", "DECLINED", false},
		{"card_load", "FAILED", false},
		{"card_load", "CANCELED", false},
	}
	for _, tt := range tests {
		t.Run(tt.op+"/"+tt.state, func(t *testing.T) {
			t.Parallel()
			s := open(t, allManual)
			id := s.inState(tt.op, tt.state)
			before, told := s.state(id), s.told()
			balances, err := s.Balances(t.Context())
			require.NoError(t, err)
			if tt.ok {
				a := s.cancel(id)
				assert.Equal(t, "Canceled", a.data(t, "TRANSACTION_STATUS"))
				assert.Equal(t, sendMethods[tt.op], a.data(t, "TRANSACTION_SEND_METHOD"))
				assert.Equal(t, "Canceled", s.state(id))
				assert.Equal(t, append(told, "transaction_status CANCELED"), s.told())
				s.cannotCancel(id, notCancelable, 403)
			} else {
				f := s.form("cancel").with("TRANSACTION_ID", id)
				a := s.call("cancel", f)
				assert.Equal(t, 403, a.status)
				want := refusal("cancel", f, notCancelable, 403, true)
				assert.Equal(t, balanceValue.ReplaceAllString(want, `${1}N`), balanceValue.ReplaceAllString(a.body, `${1}N`))
				assert.NotEmpty(t, a.hint())
				after, err := s.Balances(t.Context())
				require.NoError(t, err)
				assert.Equal(t, balances, after)
				assert.Equal(t, before, s.state(id))
				assert.Equal(t, told, s.told())
			}
			s.sound()
		})
	}
}

// allManual leaves every send as it is until an action moves it.
const allManual = "{settlement: {ACH: manual, CARD_VIRTUAL: manual, SWIFT: manual, ZELLE: manual}}"

// inState makes a send of 300 and moves it to a state.
func (s *shop) inState(op, state string) string {
	s.t.Helper()
	id := s.sent(op, "300")
	if state != "INITIATED" {
		s.act("transition", "transaction", id, "as", state)
	}
	return id
}

// What is no send of the account cannot be canceled.
func TestWhatIsNoSend(t *testing.T) {
	t.Parallel()
	s := open(t, "{"+fewFunds+"}")
	s.act("add_incoming", "amount", "5")
	incoming := s.list()[0].ID
	s.call("ach", s.form("ach").with("SEND_AMOUNT", "5000"))
	rejected := s.list()[0].ID
	s.has("1005", "5000", "2000")
	s.cannotCancel(incoming, notCancelable, 403)
	s.cannotCancel(rejected, notCancelable, 403)
	for _, id := range []string{unknownID, "x", s.account, strings.ToUpper(rejected)} {
		s.cannotCancel(id, "Invalid TRANSACTION_ID", 400)
	}
	s.has("1005", "5000", "2000")
	s.sound()
}

// A cancel stops the settlement that is due: nothing happens any more.
func TestCancelStopsTheSettlement(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"swift", "zelle"} {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			s := open(t, "")
			id, other := s.sent(op, "300"), s.sent(op, "1")
			clock, err := s.Clock(t.Context())
			require.NoError(t, err)
			require.Len(t, clock.Pending, 2)
			assert.Equal(t, id, clock.Pending[0].Ref)
			assert.Equal(t, "dinaricash.settle", clock.Pending[0].Kind)

			s.Advance(5*time.Second - time.Millisecond)
			s.cancel(id)

			clock, err = s.Clock(t.Context())
			require.NoError(t, err)
			require.Len(t, clock.Pending, 1)
			assert.Equal(t, other, clock.Pending[0].Ref)
			fired := s.Advance(time.Hour).Fired
			require.Len(t, fired, 1)
			assert.Equal(t, "Canceled", s.state(id))
			assert.Equal(t, "Completed", s.state(other))
			s.sound()
		})
	}
}

// At the moment of the settlement it is too late.
func TestCancelComesTooLate(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	id := s.sent("zelle", "300")
	s.Advance(5 * time.Second)
	s.cannotCancel(id, notCancelable, 403)
	assert.Equal(t, "Completed", s.state(id))
}

func TestCancelTwice(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	id := s.sent("ach", "300")
	s.cancel(id)
	s.has("50078.6", "708.75", "99990")
	for range 2 {
		s.cannotCancel(id, notCancelable, 403)
	}
	s.has("50078.6", "708.75", "99990")
	assert.Equal(t, []string{"transaction_status INITIATED", "transaction_status COMPLETED", "transaction_status CANCELED"}, s.told())
	s.sound()
}

// The cancel's fee must be in payout; just enough is enough. The documented text
// goes with 403.
func TestCancelWithoutFunds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		payout string
		ok     bool
	}{{"20", true}, {"19.99", false}, {"0", false}, {"-5", false}} {
		t.Run(tt.payout, func(t *testing.T) {
			t.Parallel()
			s := open(t, "")
			id := s.sent("ach", "300")
			s.fund(tt.payout)
			if tt.ok {
				s.cancel(id)
				assert.Equal(t, "300", s.Balance("dinaricash", "payout"))
				return
			}
			a := s.call("cancel", s.form("cancel").with("TRANSACTION_ID", id))
			shown := tt.payout
			if !strings.Contains(shown, ".") {
				shown += ".00"
			}
			assert.Equal(t, `{"status":"error","message":"Transaction cancellation failed.","error_code":403,"details":{"TRANSACTION_ID":"<32 hex>","GATEWAY_ERROR":"Insufficient balance to process the cancellation.",`+
				`"PAYOUT_BALANCE_BEFORE_CANCEL":`+shown+`,"PAYOUT_BALANCE_AFTER_CANCEL":`+shown+`,"FLOAT_BALANCE_BEFORE_CANCEL":709.75,"FLOAT_BALANCE_AFTER_CANCEL":709.75,"RESERVE_BALANCE_BEFORE_CANCEL":99990.00,"RESERVE_BALANCE_AFTER_CANCEL":99990.00,"CORPORATE_ACCOUNT_ID":"<account>"}}`, s.masked(a))
			assert.Equal(t, 403, a.status)
			assert.Contains(t, a.hint(), "20")
			assert.Equal(t, tt.payout, s.Balance("dinaricash", "payout"))
			assert.Equal(t, "Completed", s.state(id))
			s.fund("100")
			s.cancel(id)
			s.sound()
		})
	}
}

// cancel_allowed_from says in which states.
func TestCancelAllowedFrom(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		knobs, op, state string
		ok               bool
	}{
		{"{cancel_allowed_from: {ACH: [INITIATED]}}", "ach", "COMPLETED", false},
		{"{cancel_allowed_from: {ACH: [INITIATED]}}", "ach", "INITIATED", true},
		{"{cancel_allowed_from: {ACH: []}}", "ach", "INITIATED", false},
		{"{cancel_allowed_from: {ZELLE: [COMPLETED]}}", "zelle", "COMPLETED", true},
		{"{cancel_allowed_from: {ZELLE: [COMPLETED]}}", "zelle", "INITIATED", false},
		{"{cancel_allowed_from: {SWIFT: [FAILED, DECLINED]}}", "swift", "FAILED", false},
		{"{cancel_allowed_from: {CARD_VIRTUAL: [INITIATED]}}", "card_load", "INITIATED", true},
	} {
		t.Run(tt.knobs+"/"+tt.state, func(t *testing.T) {
			t.Parallel()
			s := open(t, strings.Replace(allManual, "}}", "}, "+tt.knobs[1:], 1))
			id := s.inState(tt.op, tt.state)
			if tt.ok {
				s.cancel(id)
			} else {
				s.cannotCancel(id, notCancelable, 403)
			}
			s.sound()
		})
	}
}

// Credentials and ids of somebody else cancel nothing.
func TestCancelOfAnothersSend(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	id := s.sent("ach", "300")
	f := s.form("cancel").with("TRANSACTION_ID", id)
	s.distrusted(s.call("cancel", f.with("GATEWAY_API_KEY", "x")), "cancel", f, badCredentials)
	assert.Equal(t, "Completed", s.state(id))
}
