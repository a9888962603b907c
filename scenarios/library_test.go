package scenarios_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
	"github.com/mockpay/mockpay/mocks"
	"github.com/mockpay/mockpay/scenarios"
)

// whole is the language of the program: that of all providers.
var whole = scenarios.NewLanguage(mocks.All())

// promises run what the comment of each shipped scenario promises.
var promises = map[string]func(t *testing.T, s *shop){
	"default":                promiseDefault,
	"instant":                promiseInstant,
	"authcode-expiry":        promiseAuthcodeExpiry,
	"insufficient-balance":   promiseInsufficientBalance,
	"mixed-payment-statuses": promiseMixedPaymentStatuses,
	"failed-payment-refund":  promiseFailedPaymentRefund,
	"documented-examples":    promiseDocumented,
	"swift-declined":         promiseSwiftDeclined,
	"ach-canceled":           promiseACHCanceled,
	"zelle-failed":           promiseZelleFailed,
	"card-lifecycle":         promiseCardLifecycle,
	"card-purchase-rejected": promiseCardPurchaseRejected,
	"token-expiry":           promiseTokensExpire,
	"usdt-limits":            promiseLimits,
	"usdt-pending-approval":  promisePendingApproval,
	"usdt-rate-moved":        promiseRateMoved,
	"usdt-reversed":          promiseReversed,
	"usdt-screening-failed":  promiseScreeningFailed,
	"usdt-trailing-cents":    promiseTrailingCents,

	"execution-low-wallet":          promiseLowWallet,
	"execution-stuck-processing":    promiseStuckProcessing,
	"execution-unverified-merchant": promiseUnverifiedMerchant,
	"execution-wrong-passcode":      promiseWrongPasscode,
}

func TestLibrary(t *testing.T) {
	shipped := whole.Library()

	t.Run("HoldsTheFilesOfItsFolderTheDefaultFirst", func(t *testing.T) {
		paths, err := filepath.Glob("library/*")
		require.NoError(t, err)
		want := []string{"default"}
		for _, path := range paths {
			if name := strings.TrimSuffix(filepath.Base(path), ".yaml"); name != "default" {
				want = append(want, name)
			}
		}
		var got []string
		for _, s := range shipped {
			got = append(got, s.Name)
		}

		assert.Equal(t, want, got)
	})

	for _, listed := range shipped {
		t.Run(listed.Name, func(t *testing.T) {
			text, err := os.ReadFile("library/" + listed.Name + ".yaml")
			require.NoError(t, err)
			s, err := whole.Shipped(listed.Name)
			require.NoError(t, err)

			assert.Equal(t, listed.Name, s.Name)
			assert.Contains(t, string(text), "\nname: "+listed.Name+"\n", "it says its own name, not its parent's")
			assert.True(t, strings.HasPrefix(string(text), "# For "), "a comment says who needs it")
			assert.NotEmpty(t, s.Description)
			assert.Equal(t, listed.Description, s.Description)
			assert.Equal(t, string(text), listed.Text)
			for _, r := range s.Rules {
				assert.NotEmpty(t, r.Name, "answers name the rule that acted")
			}

			promise := promises[listed.Name]
			require.NotNil(t, promise, "each shipped scenario is run")
			promise(t, openShopOf(t, listed.Name))
		})
	}
}

// freeze stops the clock, so that only Advance lets time pass.
func (s *shop) freeze() {
	s.t.Helper()
	_, err := s.Freeze(s.t.Context())
	require.NoError(s.t, err)
}

// refused asserts that an answer is a refusal by the provider, in its words.
func (s *shop) refused(a answer, status int, words string) {
	s.t.Helper()
	assert.Equal(s.t, status, a.status)
	assert.Contains(s.t, a.body, `"error":"`+words)
	assert.NotEmpty(s.t, a.header.Get("X-Mockpay-Hint"))
}

// Payouts find funds, codes live as long as documented, and every payment
// succeeds two seconds after its execution.
func promiseDefault(t *testing.T, s *shop) {
	s.freeze()
	assert.Equal(t, "10000", s.balance())
	late := s.quote("1", payee{"1234", "1"})
	p := s.pay("195", payee{"1110", "95"}, payee{"1119", "100"})
	assert.Equal(t, "9800.125", s.balance())

	s.Advance(1999 * time.Millisecond)
	assert.Equal(t, []int{0, 0}, s.statuses(p))
	s.Advance(time.Millisecond)
	assert.Equal(t, []int{1, 1}, s.statuses(p))

	s.Advance(14*time.Minute + 57*time.Second + 999*time.Millisecond)
	assert.Equal(t, 200, s.execute(late).status, "a millisecond before its 15 minutes are over")
	again := s.quote("1", payee{"1234", "1"})
	s.Advance(15 * time.Minute)
	s.refused(s.execute(again), 400, "Authcode expired.")
	s.merchant().settles(false)
	s.sound()
}

// Whatever is accepted is settled at once.
func promiseInstant(t *testing.T, s *shop) {
	p := s.pay("195", payee{"1110", "95"}, payee{"1119", "100"})

	assert.Equal(t, []int{1, 1}, s.statuses(p), "the first poll tells success")
	s.send(zelleSend, "300")
	assert.Equal(t, []string{"INITIATED", "COMPLETED"}, s.told())
	s.merchant().settles(true)
	s.sound()
}

// 14m59s later the code still works, another second later it is expired.
func promiseAuthcodeExpiry(t *testing.T, s *shop) {
	clock, err := s.Clock(t.Context())
	require.NoError(t, err)
	assert.True(t, clock.Frozen, "the clock stands still until you move it")
	early, late := s.quote("50", payee{"1234", "50"}), s.quote("50", payee{"1234", "50"})

	s.Advance(14*time.Minute + 59*time.Second)
	assert.Equal(t, 200, s.execute(early).status)
	s.Advance(time.Second)
	s.refused(s.execute(late), 400, "Authcode expired.")

	assert.Equal(t, "9948.75", s.balance(), "it paid once")
	assert.Equal(t, 200, s.execute(s.quote("50", payee{"1234", "50"})).status, "a new quote works")
	s.sound()
}

// The balance covers 48.78 and its charge, not 48.79, until it is topped up.
func promiseInsufficientBalance(t *testing.T, s *shop) {
	const words = "Your request failed because your Dinar Dragon dashboard balance is insufficient to complete this payout."
	larger := order("48.79", payee{"1234", "48.79"})

	a := s.call("/get-authcode", larger)
	s.refused(a, 403, words)
	assert.NotContains(t, a.body, "authcode", "it issues no code")
	assert.Equal(t, 200, s.call("/get-authcode", order("48.78", payee{"1234", "48.78"})).status)

	_, err := s.SetBalances(t.Context(), client.Balances{"dinardragon": {"USD": "1000"}})
	require.NoError(t, err)
	assert.Equal(t, 200, s.call("/get-authcode", larger).status)

	refused := s.cash(achSend, "43.91")
	assert.Equal(t, 402, refused.status)
	assert.Contains(t, refused.body, "Transaction failed due to insufficient balance.")
	s.send(achSend, "43.90")
	assert.Equal(t, "0", s.Balance("dinaricash", "payout"))
	assert.Equal(t, []string{"Completed", "Failed"}, s.listed())

	s.merchant().holds50()
	s.sound()
}

// By the last digit of the account: 0 stays processing, 9 fails after five
// seconds and is refunded, the others succeed after two.
func promiseMixedPaymentStatuses(t *testing.T, s *shop) {
	s.freeze()
	p := s.pay("100", payee{"5550", "10"}, payee{"5559", "20"}, payee{`"0011"`, "30"}, payee{"90", "15"}, payee{"5", "25"})
	assert.Equal(t, "9897.5", s.balance())
	steps := []struct {
		after   time.Duration
		want    []int
		balance string
	}{
		{0, []int{0, 0, 0, 0, 0}, "9897.5"},
		{1999 * time.Millisecond, []int{0, 0, 0, 0, 0}, "9897.5"},
		{time.Millisecond, []int{0, 0, 1, 0, 1}, "9897.5"},
		{2999 * time.Millisecond, []int{0, 0, 1, 0, 1}, "9897.5"},
		{time.Millisecond, []int{0, 2, 1, 0, 1}, "9917.5"},
		{8760 * time.Hour, []int{0, 2, 1, 0, 1}, "9917.5"},
	}
	for _, step := range steps {
		s.Advance(step.after)
		assert.Equal(t, step.want, s.statuses(p), step.after)
		assert.Equal(t, step.balance, s.balance(), step.after)
	}
	s.sound()
}

// Every payment fails after five seconds; of a payout of 195 that took 199.875,
// 195 come back.
func promiseFailedPaymentRefund(t *testing.T, s *shop) {
	s.freeze()
	p := s.pay("195", payee{"1110", "95"}, payee{"1119", "100"})
	assert.Equal(t, "9800.125", s.balance(), "it took 199.875")

	s.Advance(4999 * time.Millisecond)
	assert.Equal(t, []int{0, 0}, s.statuses(p))
	s.Advance(time.Millisecond)
	assert.Equal(t, []int{2, 2}, s.statuses(p))
	assert.Equal(t, "9995.125", s.balance(), "195 came back, the charge of 4.875 did not")
	s.sound()
}
