package scenarios_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
)

// A payer pays through Pontis Globe, in one of its modes.
type payer struct {
	*shop
	url   string
	token string
	calls *int // so far: no two have the same iv or key
}

// payer has logged in to a mode, "sandbox" or "live".
func (s *shop) payer(mode string) *payer {
	s.t.Helper()
	at := s.Workspace.Providers["usdtpayout"]
	p := &payer{shop: s, url: map[string]string{"sandbox": at.BaseURL, "live": at.LiveBaseURL}[mode], calls: new(int)}
	p.login()
	return p
}

// login gets a new token.
func (p *payer) login() {
	p.t.Helper()
	a := p.ask("user/login", map[string]any{"email": p.Credential("usdtpayout", "email"), "password": p.Credential("usdtpayout", "password")}, p.now())
	require.Equal(p.t, 200, a.status, a.body)
	p.token, _ = a.data(p.t)["access_token"].(string)
}

// data is what is in the envelope of a success.
func (a answer) data(t testing.TB) map[string]any {
	t.Helper()
	var got struct{ Data map[string]any }
	require.NoError(t, json.Unmarshal([]byte(a.body), &got))
	return got.Data
}

// now is the Unix time in the workspace.
func (p *payer) now() int64 {
	p.t.Helper()
	c, err := p.Clock(p.t.Context())
	require.NoError(p.t, err)
	return c.Now.Unix()
}

// ask encrypts and signs a call.
func (p *payer) ask(path string, payload map[string]any, at int64) answer {
	p.t.Helper()
	a, err := p.try(path, payload, at)
	require.NoError(p.t, err)
	return a
}

// try makes a call that may get no answer.
func (p *payer) try(path string, payload map[string]any, at int64) (answer, error) {
	p.t.Helper()
	*p.calls++
	secret := func(name string) []byte {
		b, err := base64.RawURLEncoding.DecodeString(p.Credential("usdtpayout", name))
		require.NoError(p.t, err)
		return b
	}
	plaintext, err := json.Marshal(payload)
	require.NoError(p.t, err)
	block, err := aes.NewCipher(secret("encryption_secret"))
	require.NoError(p.t, err)
	gcm, err := cipher.NewGCM(block)
	require.NoError(p.t, err)
	iv := fmt.Appendf(nil, "%012d", *p.calls)
	sealed := gcm.Seal(nil, iv, plaintext, nil)
	n := len(sealed) - gcm.Overhead()
	var blob []string
	for _, part := range [][]byte{iv, sealed[n:], sealed[:n]} {
		blob = append(blob, base64.RawURLEncoding.EncodeToString(part))
	}
	data, timestamp := strings.Join(blob, ":"), strconv.FormatInt(at, 10)
	mac := hmac.New(sha256.New, secret("hmac_secret"))
	mac.Write([]byte(timestamp + "." + data))

	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.url+"/api/v1/"+path, strings.NewReader(`{"data":"`+data+`"}`))
	require.NoError(p.t, err)
	for name, value := range map[string]string{
		"Content-Type": "application/json", "X-Api-Key": p.Credential("usdtpayout", "api_key"), "X-Timestamp": timestamp,
		"X-Signature": hex.EncodeToString(mac.Sum(nil)), "Authorization": "Bearer " + p.token,
	} {
		req.Header.Set(name, value)
	}
	return read(http.DefaultClient.Do(req))
}

// key is an idempotency key that was not used.
func (p *payer) key() string {
	*p.calls++
	return fmt.Sprintf("00000000-0000-4000-8000-%012d", *p.calls)
}

// order asks for a payout under a key.
func (p *payer) order(key, amount string) answer {
	p.t.Helper()
	a, err := p.tryOrder(key, amount)
	require.NoError(p.t, err)
	return a
}

// tryOrder asks for a payout and may get no answer.
func (p *payer) tryOrder(key, amount string) (answer, error) {
	p.t.Helper()
	return p.try("payouts/sendPayoutRequest", map[string]any{
		"idempotency_key": key, "country_code": "PH", "currency_code": "PHP", "payment_method": "bank_local", "source_amount": amount,
		"recipient_details": map[string]any{"name": "Maria Santos", "account_number": "001234567890"},
	}, p.now())
}

// pay makes a payout that is answered with a status, and returns its id.
func (p *payer) pay(amount, status string) (id string) {
	p.t.Helper()
	a := p.order(p.key(), amount)
	require.Equal(p.t, 201, a.status, a.body)
	data := a.data(p.t)
	assert.Equal(p.t, status, data["status"])
	id, _ = data["transaction_id"].(string)
	return id
}

// state is what has become of a payout, "failed: Network error".
func (p *payer) state(id string) string {
	p.t.Helper()
	a := p.ask("payouts/getPayoutStatus", map[string]any{"transaction_id": id}, p.now())
	require.Equal(p.t, 200, a.status, a.body)
	data := a.data(p.t)
	if message, ok := data["status_message"].(string); ok {
		return fmt.Sprint(data["status"], ": ", message)
	}
	return fmt.Sprint(data["status"])
}

// declined asserts that an answer is a refusal by the provider, with a code.
func (p *payer) declined(a answer, status int, code string) {
	p.t.Helper()
	assert.Equal(p.t, status, a.status, a.body)
	assert.Contains(p.t, a.body, `"error":{"code":"`+code+`",`)
	assert.NotEmpty(p.t, a.header.Get("X-Mockpay-Hint"))
}

// wallet is what is available and what is reserved.
func (p *payer) wallet() string {
	p.t.Helper()
	return p.Balance("usdtpayout", "USDT") + " " + p.Balance("usdtpayout", "USDT_reserved")
}

// callbacks are the statuses that callbacks told, oldest first.
func (p *payer) callbacks() (all []string) {
	p.t.Helper()
	for _, told := range p.webhooks() {
		if status, ok := told["status"].(string); ok {
			all = append(all, status)
		}
	}
	return all
}

// simulate moves a payout by hand, as the comments say.
func (p *payer) simulate(args map[string]string) {
	p.t.Helper()
	_, err := p.Simulate(p.t.Context(), "usdtpayout.transition", args)
	require.NoError(p.t, err)
}

// By the cents of a sandbox payout, a second after it was made.
func promiseTrailingCents(t *testing.T, s *shop) {
	s.freeze()
	p := s.payer("sandbox")
	ends := []struct{ amount, end, later string }{
		{"10.00", "completed", "completed"}, {"10.37", "completed", "completed"}, {"10", "completed", "completed"},
		{"10.01", "failed: Insufficient funds", "failed: Insufficient funds"}, {"10.02", "failed: Recipient not found", "failed: Recipient not found"},
		{"10.04", "failed: Network error", "failed: Network error"}, {"10.03", "pending", "pending"},
		{"10.05", "rejected: Compliance review", "rejected: Compliance review"}, {"10.06", "canceled: Canceled by the account owner", "canceled: Canceled by the account owner"},
		{"10.07", "completed", "reversed: Returned by the beneficiary bank"},
	}
	var ids []string
	for _, e := range ends {
		ids = append(ids, p.pay(e.amount, "pending"))
	}
	s.Advance(999 * time.Millisecond)
	for i := range ends {
		assert.Equal(t, "pending", p.state(ids[i]))
	}
	s.Advance(time.Millisecond)
	for i, e := range ends {
		assert.Equal(t, e.end, p.state(ids[i]), e.amount)
	}
	s.Advance(999 * time.Millisecond)
	assert.Equal(t, "completed", p.state(ids[len(ids)-1]))
	s.Advance(time.Millisecond)
	for i, e := range ends {
		assert.Equal(t, e.later, p.state(ids[i]), e.amount)
	}
	s.Advance(24 * time.Hour)
	p.login()
	assert.Equal(t, "pending", p.state(ids[6]), "for ever")
	assert.Equal(t, "10000 0", p.wallet(), "sandbox leaves it alone")
	s.sound()
}

// The cents are those of sandbox: live payouts are all completed.
func TestTrailingCentsLeaveLiveAlone(t *testing.T) {
	s := openShopOf(t, "usdt-trailing-cents")
	s.freeze()
	p := s.payer("live")
	for _, cents := range []string{".01", ".03", ".05", ".06", ".07"} {
		id := p.pay("10"+cents, "pending")
		s.Advance(10 * time.Second)
		assert.Equal(t, "completed", p.state(id), cents)
	}
}

// 500 a payout, 1000 a day, 1500 a month in UTC, in both modes; what just reaches
// a limit passes.
func promiseLimits(t *testing.T, s *shop) {
	clock, err := s.Clock(t.Context())
	require.NoError(t, err)
	assert.True(t, clock.Frozen, "the clock stands still")
	first := clock.Now.UTC()
	first = time.Date(first.Year(), first.Month()+1, 1, 12, 0, 0, 0, time.UTC) // so that two days later it is the same month
	_, err = s.SetTime(t.Context(), first)
	require.NoError(t, err)
	modes := []*payer{s.payer("sandbox"), s.payer("live")}
	all := func(check func(*payer)) {
		for _, p := range modes {
			check(p)
		}
	}
	all(func(p *payer) {
		p.declined(p.order(p.key(), "500.01"), 422, "per_payout_limit_exceeded")
		p.pay("500", "pending")
		p.pay("500.00", "pending")
		p.declined(p.order(p.key(), "0.01"), 422, "daily_limit_exceeded")
	})
	s.Advance(24 * time.Hour)
	all(func(p *payer) {
		p.declined(p.order(p.key(), "1"), 401, "jwt_expired")
		p.login()
		p.declined(p.order(p.key(), "500.01"), 422, "per_payout_limit_exceeded")
		p.pay("499.99", "pending")
		p.declined(p.order(p.key(), "0.02"), 422, "monthly_limit_exceeded")
		p.pay("0.01", "pending")
		p.declined(p.order(p.key(), "0.01"), 422, "monthly_limit_exceeded")
	})
	s.Advance(31 * 24 * time.Hour)
	all(func(p *payer) {
		p.login()
		p.pay("500", "pending")
	})
	p := modes[0]
	today := p.ask("payouts/getPayoutStatus", map[string]any{"transaction_id": "sb_1"}, time.Now().Unix())
	p.declined(today, 404, "not_found") // the real time will do, a month and more from the clock
	s.sound()
}

// The first is refused, the next goes through, also with the same key.
func promiseRateMoved(t *testing.T, s *shop) {
	p := s.payer("live")
	key := p.key()
	a := p.order(key, "10")
	p.declined(a, 422, "rate_moved")
	assert.Equal(t, "the rate moves once", a.rule())
	assert.Equal(t, "10000 0", p.wallet())
	assert.Equal(t, 201, p.order(key, "10").status)
	p.pay("10", "pending")
	s.sound()
}

// Nobody passes, nothing is reserved.
func promiseScreeningFailed(t *testing.T, s *shop) {
	for _, mode := range []string{"sandbox", "live"} {
		p := s.payer(mode)
		for range 3 {
			p.declined(p.order(p.key(), "10"), 422, "screening_failed")
		}
		assert.Equal(t, "10000 0", p.wallet())
	}
	entries, err := s.Ledger(t.Context(), client.LedgerFilter{Provider: "usdtpayout"})
	require.NoError(t, err)
	assert.Len(t, entries, 2, "the opening balances")
	_, err = s.Simulate(t.Context(), "usdtpayout.transition", map[string]string{"transaction": "last", "as": "failed"})
	require.Error(t, err, "no payout is made")
	s.sound()
}

// Completed, and back ten seconds after it was made, with a second callback.
func promiseReversed(t *testing.T, s *shop) {
	s.freeze()
	live, sandbox := s.payer("live"), s.payer("sandbox")
	one, two := live.pay("10", "pending"), sandbox.pay("10", "pending")
	s.Advance(2 * time.Second)
	assert.Equal(t, "completed", live.state(one))
	assert.Equal(t, []string{"completed"}, live.callbacks())
	assert.Equal(t, "9990 0", live.wallet())
	s.Advance(7999 * time.Millisecond)
	assert.Equal(t, []string{"completed", "completed"}, []string{live.state(one), sandbox.state(two)})
	s.Advance(time.Millisecond)
	const back = "reversed: Returned by the beneficiary bank"
	assert.Equal(t, []string{back, back}, []string{live.state(one), sandbox.state(two)})
	assert.Equal(t, []string{"completed", "reversed"}, live.callbacks(), "of the live one")
	assert.Equal(t, "10000 0", live.wallet(), "the amount is back")
	s.sound()
}

// Every payout waits, in both modes, until it is approved, rejected or canceled.
func promisePendingApproval(t *testing.T, s *shop) {
	s.freeze()
	for _, mode := range []string{"sandbox", "live"} {
		p := s.payer(mode)
		left := p.pay("0.000001", "pending_approval")
		approved := p.pay("10", "pending_approval")
		p.simulate(map[string]string{"transaction": "last", "as": "pending"})
		assert.Equal(t, "pending", p.state(approved))
		refused := p.pay("10", "pending_approval")
		p.simulate(map[string]string{"transaction": "last", "as": "rejected", "message": "Not today"})
		dropped := p.pay("10", "pending_approval")
		p.simulate(map[string]string{"transaction": "last", "as": "canceled"})
		s.Advance(time.Minute)
		assert.Equal(t, "completed", p.state(approved), "an approved one goes on as ever")
		assert.Equal(t, "rejected: Not today", p.state(refused))
		assert.True(t, strings.HasPrefix(p.state(dropped), "canceled: "))
		assert.Equal(t, "pending_approval", p.state(left))
	}
	assert.Equal(t, "9989.999999 0.000001", s.Balance("usdtpayout", "USDT")+" "+s.Balance("usdtpayout", "USDT_reserved"))
	s.sound()
}

// Every payout means those that are more than the wallet holds, too.
func TestPendingApprovalOfMoreThanTheWalletHolds(t *testing.T) {
	p := openShopOf(t, "usdt-pending-approval").payer("sandbox")
	p.pay("10000.01", "pending_approval")
}

// 14m59s later the token still works, another second later it is expired.
func promiseTokenExpiry(t *testing.T, s *shop) {
	clock, err := s.Clock(t.Context())
	require.NoError(t, err)
	assert.True(t, clock.Frozen, "the clock stands still until you move it")
	for _, mode := range []string{"sandbox", "live"} {
		p := s.payer(mode)
		s.Advance(14*time.Minute + 59*time.Second)
		id := p.pay("10", "pending")
		s.Advance(time.Second)
		p.declined(p.order(p.key(), "10"), 401, "jwt_expired")
		p.login()
		p.state(id)
	}
	p := s.payer("live")
	s.Advance(1000 * time.Hour)
	a := p.ask("user/login", map[string]any{"email": s.Credential("usdtpayout", "email"), "password": s.Credential("usdtpayout", "password")}, time.Now().Unix())
	assert.Equal(t, 200, a.status, "x-timestamp may be of the real time")
	s.sound()
}
