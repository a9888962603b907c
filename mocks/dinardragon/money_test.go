package dinardragon_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The documents show one payout: 195 in three payments, for which 4.875 is
// charged.
func TestDocumentedPayout(t *testing.T) {
	t.Parallel()
	s := open(t, `{balance: "1000"}`, `{on: dinardragon.execute, settle: [{when: {acc: 111111111}, as: failed, after: 30s}, {as: success, after: 10s}]}`)

	q := s.quote(documented)
	assert.Equal(t, "4.875", q.Charge.String())
	s.has("1000")

	r := accepted[receipt](t, s.execute(q.Authcode))
	assert.Equal(t, "4.875", r.Charge.String())
	s.has("800.125")

	s.Advance(30 * time.Second)
	assert.Equal(t, []int{1, 1, 2}, s.statuses(r))
	s.has("875.125")
	s.sound()
}

func TestEqualityIsSufficient(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		knobs  string
		enough bool
		left   string
	}{
		{"Equal", `{balance: "199.875"}`, true, "0"},
		{"ThousandthLess", `{balance: "199.874"}`, false, "199.874"},
		{"LittleLess", `{balance: "199.87499999999999999999"}`, false, "199.87499999999999999999"},
		{"AmountWithoutCharge", `{balance: "195"}`, false, "195"},
		{"Nothing", `{balance: "0"}`, false, "0"},
		{"ChargeOnlyEqual", `{balance: "4.875", debit: charge_only}`, true, "0"},
		{"ChargeOnlyLess", `{balance: "4.874", debit: charge_only}`, false, "4.874"},
		{"MoreThanEqual", `{balance: "199.875", sufficiency: more_than}`, false, "199.875"},
		{"MoreThanMore", `{balance: "199.876", sufficiency: more_than}`, true, "0.001"},
		{"AtLeastEqual", `{balance: "199.875", sufficiency: at_least}`, true, "0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, tt.knobs)
			a := s.post("/get-authcode", documented)
			if tt.enough {
				accepted[receipt](t, s.execute(accepted[quote](t, a).Authcode))
			} else {
				s.refused(a, 403, insufficient)
			}
			s.has(tt.left)
			s.sound()
		})
	}
}

// Every part of the charge can be set, in the object and under the flat names.
func TestChargeIsMadeOfKnobs(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, knobs, order, charge string }{
		{"Default", "", documented, "4.875"},
		{"Rate", `{fee: {rate: "0.03"}}`, documented, "5.85"},
		{"FlatRate", `{fee_rate: "0.03"}`, documented, "5.85"},
		{"NoRate", `{fee_rate: 0}`, documented, "0"},
		{"Fixed", `{fee: {fixed: "1.5"}}`, documented, "6.375"},
		{"FlatFixed", `{fee_fixed: 1.5}`, documented, "6.375"},
		{"PerPayment", `{fee: {per_payment: "0.1"}}`, documented, "5.175"},
		{"FlatPerPayment", `{fee_per_payment: "0.1"}`, documented, "5.175"},
		{"OtherFitOfTheSample", `{fee: {rate: "0", per_payment: "1.625"}}`, documented, "4.875"},
		{"All", `{fee: {rate: "0.01", fixed: "0.5", per_payment: "0.25"}}`, documented, "3.2"},
		{"FlatAll", `{fee_rate: "0.01", fee_fixed: "0.5", fee_per_payment: "0.25"}`, documented, "3.2"},
		{"Mixed", `{fee: {rate: "0.01"}, fee_fixed: "0.5"}`, documented, "2.45"},
		{"NoRounding", `{fee: {rounding: none}}`, documented, "4.875"},
		{"Cents", `{fee: {rounding: 2}}`, documented, "4.88"},
		{"FlatCents", `{fee_rounding: 2}`, documented, "4.88"},
		{"Tenths", `{fee_rounding: 1}`, documented, "4.9"},
		{"Whole", `{fee_rounding: 0}`, documented, "5"},
		{"MorePlacesThanThereAre", `{fee_rounding: 6}`, documented, "4.875"},
		{"HalfGoesUp", `{fee_rounding: 2}`, pays("0.2"), "0.01"},     // 0.005
		{"EvenHalfGoesUp", `{fee_rounding: 2}`, pays("1"), "0.03"},   // 0.025
		{"BelowHalfGoesDown", `{fee_rounding: 2}`, pays("0.1"), "0"}, // 0.0025
		{"OfTheTotalNotPerPayment", `{fee_rounding: 2}`, pays("0.1", "0.1"), "0.01"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, tt.knobs)
			q := s.quote(tt.order)
			assert.Equal(t, tt.charge, q.Charge.String())
			r := accepted[receipt](t, s.execute(q.Authcode))
			assert.Equal(t, tt.charge, r.Charge.String())
			left := rat("10000")
			for _, paid := range r.Accounts {
				left.Sub(left, rat(paid.Amount.String()))
			}
			s.has(minimal(left.Sub(left, rat(tt.charge))))
			s.sound()
		})
	}
}

// What executing takes and what a failed payment of 75 gives back, of 1000.
func TestDebitAndRefundAreKnobs(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, knobs, taken, refunded string }{
		{"Default", `{balance: "1000"}`, "800.125", "875.125"},
		{"AmountOnly", `{balance: "1000", refund_on_fail: amount_only}`, "800.125", "875.125"},
		{"FeeShareToo", `{balance: "1000", refund_on_fail: amount_and_fee_share}`, "800.125", "877"},
		{"AmountAndCharge", `{balance: "1000", debit: amount_plus_charge}`, "800.125", "875.125"},
		{"AliasAmountAndCharge", `{balance: "1000", debit_mode: amount_plus_charge}`, "800.125", "875.125"},
		{"ChargeOnly", `{balance: "1000", debit: charge_only}`, "995.125", "995.125"}, // the amount was never taken
		{"AliasChargeOnly", `{balance: "1000", debit_mode: charge_only}`, "995.125", "995.125"},
		{"ChargeOnlyFeeShare", `{balance: "1000", debit: charge_only, refund_on_fail: amount_and_fee_share}`, "995.125", "997"},
		{"NoFeeNoShare", `{balance: "1000", fee_rate: 0, refund_on_fail: amount_and_fee_share}`, "805", "880"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, tt.knobs)
			r := s.pay(documented)
			s.has(tt.taken)
			require.Equal(t, 200, s.settle(map[string]string{"payment": r.Accounts[2].UniqueID, "as": "failed"}))
			s.has(tt.refunded)
			s.sound()
		})
	}
}

// When all payments of a payout fail, no more comes back than was taken.
func TestRefundsNeverExceedTheDebit(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, knobs, left string }{
		{"AmountOnly", "{}", "9995.125"},
		{"FeeShare", "{refund_on_fail: amount_and_fee_share}", "10000"},
		{"FeeShareKeepsFixed", "{refund_on_fail: amount_and_fee_share, fee_fixed: 1, fee_per_payment: 0.5}", "9997.5"},
		{"FeeShareOfRoundedCharge", "{refund_on_fail: amount_and_fee_share, fee_rounding: 0, fee_rate: 0.021}", "10000"}, // charged 4, shares of 4.095
		{"ChargeOnly", "{debit: charge_only}", "9995.125"},
		{"ChargeOnlyFeeShare", "{debit: charge_only, refund_on_fail: amount_and_fee_share}", "10000"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, tt.knobs, "{on: dinardragon.execute, settle: {as: failed, after: 1s}}")
			r := s.pay(documented)
			s.Advance(time.Second)
			assert.Equal(t, []int{2, 2, 2}, s.statuses(r))
			s.has(tt.left)
			s.sound()
		})
	}
}

// One documented sample asks for 100 and lists accounts of 195 without payees.
func TestSampleThatBreaksTheRules(t *testing.T) {
	t.Parallel()
	const sample = `{"amount":100,"accounts":[` +
		`{"acc":123456789,"amount":50,"bank":"somebank","country":"US"},` +
		`{"acc":987654321,"amount":70,"bank":"someotherbank","country":"SA"},` +
		`{"acc":111111111,"amount":75,"bank":"yetanotherbank","country":"US"}]}`
	t.Run("RefusedForThePayee", func(t *testing.T) {
		t.Parallel()
		s := open(t, "")
		s.refused(s.post("/get-authcode", sample), 400, wrongField("recipientname"))
	})
	t.Run("ThenForTheSum", func(t *testing.T) {
		t.Parallel()
		s := open(t, "{require_recipient: false}")
		s.refused(s.post("/get-authcode", sample), 400, wrongSum)
	})
	t.Run("TakenWithBothKnobs", func(t *testing.T) {
		t.Parallel()
		s := open(t, `{balance: "1000", require_recipient: false, enforce_sum: false}`)
		q := s.quote(sample)
		assert.Equal(t, "2.5", q.Charge.String(), "2.5 % of amount")
		r := accepted[receipt](t, s.execute(q.Authcode))
		assert.Empty(t, r.Accounts[0].RecipientName)
		s.has("802.5") // what the accounts get, and the charge
		for range r.Accounts {
			s.settle(map[string]string{"payment": "last", "as": "failed"})
		}
		s.sound()
	})
}

func TestHoldReservesUntilExecution(t *testing.T) {
	t.Parallel()
	s := open(t, `{balance: "1000", hold_on_authcode: true}`)

	code := s.quote(documented).Authcode
	s.has("800.125")
	s.holds("199.875")
	s.sound()

	s.fund("0") // what is held does not need it
	accepted[receipt](t, s.execute(code))
	s.has("0")
	s.holds("0")
	s.refused(s.execute(code), 400, usedCode)

	s.Advance(time.Hour)
	s.has("0")
	s.holds("0")
	s.sound()
}

func TestHoldIsReleasedOnExpiry(t *testing.T) {
	t.Parallel()
	s := open(t, `{balance: "400", hold_on_authcode: true}`)
	first := s.quote(documented).Authcode
	s.Advance(10 * time.Minute)
	second := s.quote(documented).Authcode
	s.has("0.25")
	s.holds("399.75")
	s.refused(s.post("/get-authcode", documented), 403, insufficient)

	s.Advance(5*time.Minute - time.Millisecond)
	s.has("0.25")
	s.Advance(time.Millisecond)
	s.has("200.125")
	s.holds("199.875")
	s.refused(s.execute(first), 400, expiredCode)
	accepted[receipt](t, s.execute(second))
	s.has("200.125")
	s.holds("0")

	s.Advance(time.Hour)
	s.has("200.125")
	s.holds("0")
	s.sound()
}

func TestHoldIsReleasedAtEachCodesOwnTime(t *testing.T) {
	t.Parallel()
	s := open(t, `{balance: "1000", hold_on_authcode: true, authcode_ttl: 1m}`)
	for range 3 {
		s.quote(pays("100"))
		s.Advance(10 * time.Second)
	}
	s.has("692.5")
	for _, want := range []string{"692.5", "692.5", "795", "897.5", "1000"} {
		s.Advance(10*time.Second - time.Millisecond)
		s.Advance(time.Millisecond)
		s.has(want)
	}
	s.holds("0")
	s.sound()
}

func TestChargeOnlyHoldsTheCharge(t *testing.T) {
	t.Parallel()
	s := open(t, `{balance: "10", hold_on_authcode: true, debit: charge_only}`)
	code := s.quote(documented).Authcode
	s.has("5.125")
	s.holds("4.875")
	accepted[receipt](t, s.execute(code))
	s.has("5.125")
	s.sound()
}

// Without the second look at the balance an execution can overdraw it.
func TestRecheckIsAKnob(t *testing.T) {
	t.Parallel()
	t.Run("On", func(t *testing.T) {
		t.Parallel()
		s := open(t, `{balance: "200", recheck_on_execute: true}`)
		code := s.quote(documented).Authcode
		s.fund("100")
		s.refused(s.execute(code), 403, insufficient)
		s.has("100")
	})
	t.Run("Off", func(t *testing.T) {
		t.Parallel()
		s := open(t, `{balance: "200", recheck_on_execute: false}`)
		code := s.quote(documented).Authcode
		s.fund("100")
		accepted[receipt](t, s.execute(code))
		s.has("-99.875")
		s.refused(s.post("/get-authcode", pays("1")), 403, insufficient)
		s.sound()
	})
}

// A snapshot holds the knobs, what codes reserve and what is due: elsewhere all
// of it goes on.
func TestSnapshotKeepsWhatIsHeld(t *testing.T) {
	t.Parallel()
	here := open(t, `{balance: "1000", hold_on_authcode: true, fee_rate: "0.05", failing_accounts: [100000001], message: moved}`)
	kept, lapsed := here.quote(pays("100")).Authcode, here.quote(pays("200")).Authcode
	r := here.pay(pays("10", "20"))
	here.has("653.5")
	here.holds("315")
	state, err := here.State(t.Context())
	require.NoError(t, err)

	there := openScenario(t, "version: 1\nname: other\n")
	require.NoError(t, there.RestoreState(t.Context(), state))

	there.has("653.5")
	there.holds("315")
	assert.Equal(t, "moved", accepted[receipt](t, there.execute(kept)).Message)
	there.Advance(2 * time.Second)
	assert.Equal(t, []int{1, 2}, there.statuses(r))
	there.has("673.5")
	there.Advance(15 * time.Minute)
	there.refused(there.execute(lapsed), 400, expiredCode)
	there.has("883.5")
	there.holds("0")
	there.sound()
	here.has("653.5")
}
