package scenarios_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
)

// A merchant pays to mobile wallets through Dollr.
type merchant struct {
	*shop
	token    string
	account  string // the one it pays to
	passcode string
	keys     int // so far: no two payouts have the same
}

// merchant has a token, and an account to pay to.
func (s *shop) merchant() *merchant {
	s.t.Helper()
	m := &merchant{shop: s, passcode: s.Credential("executions", "passcode")}
	m.renew()
	party := m.make("parties/create", `{"fullname":"Musu Flomo","phone":"231880000003"}`)["id"]
	account := m.make("payment-accounts/create?operation_type=PAYOUT", fmt.Sprintf(
		`{"account_name":"Musu","provider":"PAWAPAY","method":"MTN_MOMO_LBR","party_id":%v,"insensitive_account_number":"231880000003"}`, party))["id"]
	m.account = fmt.Sprint(account)
	return m
}

// ask makes a call of Dollr, with a body if there is one.
func (m *merchant) ask(path, body string) answer {
	m.t.Helper()
	method := http.MethodGet
	if body != "" {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(m.t.Context(), method, m.BaseURL("executions")+"/v1/"+path, strings.NewReader(body))
	require.NoError(m.t, err)
	req.Header.Set("Authorization", "Bearer "+m.token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	require.NoError(m.t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(m.t, err)
	return answer{res.StatusCode, res.Header, string(text)}
}

// make makes a call that succeeds.
func (m *merchant) make(path, body string) (made map[string]any) {
	m.t.Helper()
	a := m.ask(path, body)
	require.Equal(m.t, 200, a.status, a.body)
	require.NoError(m.t, json.Unmarshal([]byte(a.body), &made))
	return made
}

// renew gets a new token, and returns what else that is answered with.
func (m *merchant) renew() (expiresIn any) {
	m.t.Helper()
	got := m.make("jwt/client/obtain/token", fmt.Sprintf(`{"client_id":%q,"client_secret":%q}`,
		m.Credential("executions", "client_id"), m.Credential("executions", "client_secret")))
	m.token, _ = got["access_token"].(string)
	return got["expires_in"]
}

// session is a new session of an amount in USD.
func (m *merchant) session(amount string) string {
	m.t.Helper()
	return fmt.Sprint(m.make("sessions/payout", `{"payout_account_id":`+m.account+`,"amount":`+amount+`,"currency":"USD"}`)["id"])
}

// key is one that was not used.
func (m *merchant) key() string {
	m.keys++
	return fmt.Sprintf("00000000-0000-4000-8000-%012d", m.keys)
}

// execute executes a session under a key.
func (m *merchant) execute(session, key string) answer {
	m.t.Helper()
	return m.ask("executions/payout", fmt.Sprintf(`{"session_id":%q,"payout_account_id":%q,"reference_id":%q,"passcode":{`+
		`"token":{"phone":%q,"code":%q},"device":{"name":"d","type":"SERVER","platform":"GO","user_agent":"t","client_ip":"127.0.0.1"}}}`,
		session, m.account, key, m.Credential("executions", "phone"), m.passcode))
}

// payOut makes a payout in a session of its own, and returns its key and what it
// is answered with.
func (m *merchant) payOut(amount string) (key string, a answer) {
	m.t.Helper()
	key = m.key()
	return key, m.execute(m.session(amount), key)
}

// became is the status of an execution, "FAILED: why" if it failed, from the answer
// to it or to the question for its status.
func (a answer) became(t testing.TB) string {
	t.Helper()
	require.Equal(t, 200, a.status, a.body)
	var x struct {
		Status  string
		Gateway string `json:"gateway_message"`
		Wallet  string `json:"wallet_message"`
	}
	require.NoError(t, json.Unmarshal([]byte(a.body), &x))
	if why := x.Gateway + x.Wallet; why != "" {
		return x.Status + ": " + why
	}
	return x.Status
}

// state is what has become of an execution.
func (m *merchant) state(key string) string {
	m.t.Helper()
	return m.ask("status/payout/"+key, "").became(m.t)
}

// told asserts that an answer is a refusal by the provider, in its words.
func (m *merchant) told(a answer, status int, words string) {
	m.t.Helper()
	assert.Equal(m.t, status, a.status, a.body)
	assert.Contains(m.t, a.body, words)
	assert.NotEmpty(m.t, a.header.Get("X-Mockpay-Hint"))
}

// dollars is what the wallet in USD holds.
func (m *merchant) dollars() string { return m.Balance("executions", "USD") }

// The first payout is refused for its passcode and nothing is recorded; the same
// call then goes through.
func promiseWrongPasscode(t *testing.T, s *shop) {
	m := s.merchant()
	session, key := m.session("25"), m.key()
	a := m.execute(session, key)
	m.told(a, 403, `{"detail":"Invalid passcode"}`)
	assert.Equal(t, "the passcode was rotated", a.rule())
	m.told(m.ask("status/payout/"+key, ""), 404, `{"detail":"Transaction not found"}`)
	assert.Equal(t, "10000", m.dollars())

	assert.Equal(t, "PENDING", m.execute(session, key).became(t), "the session is still ACTIVE, the key is free")
	assert.Equal(t, "9975", m.dollars())
	m.passcode = "654321"
	_, a = m.payOut("25")
	m.told(a, 403, "Invalid passcode")
	assert.Empty(t, a.rule(), "that one is wrong")
	s.sound()
}

// The wallet pays 50 and not 50.01, which makes a session, and then 200 and FAILED.
// Session and key are gone; after topping up only new ones pay.
func promiseLowWallet(t *testing.T, s *shop) {
	m := s.merchant()
	session, key := m.session("50.01"), m.key()
	a := m.execute(session, key)
	assert.Equal(t, "FAILED: Insufficient wallet balance", a.became(t))
	assert.Contains(t, a.body, `"wallet_message":"Insufficient wallet balance"`)
	assert.NotEmpty(t, a.header.Get("X-Mockpay-Hint"))
	assert.Equal(t, "50", m.dollars())

	_, err := s.SetBalances(t.Context(), client.Balances{"executions": {"USD": "1000"}})
	require.NoError(t, err)
	assert.Equal(t, a.body, m.execute(session, key).body, "the key is taken")
	m.told(m.execute(session, m.key()), 422, `"msg":"session not active"`)
	m.told(m.execute(m.session("50.01"), key), 422, `"msg":"reference_id already exists"`)
	_, a = m.payOut("50.01")
	assert.Equal(t, "PENDING", a.became(t))
	assert.Equal(t, "949.99", m.dollars())
	s.sound()

	m = openShopOf(t, "execution-low-wallet").merchant()
	_, a = m.payOut("50")
	assert.Equal(t, "PENDING", a.became(t), "just enough is enough")
}

// Payouts are PROCESSING after a second and for ever, until they are moved.
func promiseStuckProcessing(t *testing.T, s *shop) {
	s.freeze()
	m := s.merchant()
	first, a := m.payOut("25")
	assert.Equal(t, "PENDING", a.became(t))
	s.Advance(999 * time.Millisecond)
	assert.Equal(t, "PENDING", m.state(first))
	s.Advance(time.Millisecond)
	assert.Equal(t, "PROCESSING", m.state(first))
	s.Advance(1000 * time.Hour)
	m.renew()
	assert.Equal(t, "PROCESSING", m.state(first))
	assert.Equal(t, "9975", m.dollars())

	second, _ := m.payOut("5")
	s.Advance(time.Second)
	for key, as := range map[string]string{first: "FAILED", second: "COMPLETED"} {
		reference := key
		if key == second {
			reference = "last"
		}
		_, err := s.Simulate(t.Context(), "executions.transition", map[string]string{"reference": reference, "as": as})
		require.NoError(t, err)
		assert.Equal(t, as, m.state(key)[:len(as)])
	}
	assert.Equal(t, "9995", m.dollars(), "what FAILED is credited back")
	s.sound()
}

// Tokens, parties and accounts work, payout sessions and payouts are 403; a new
// token does not help.
func promiseUnverifiedMerchant(t *testing.T, s *shop) {
	m := s.merchant()
	for range 2 {
		m.told(m.ask("sessions/payout", `{"payout_account_id":`+m.account+`,"amount":25,"currency":"USD"}`), 403, `{"detail":"Forbidden"}`)
		m.told(m.execute("1", m.key()), 403, `{"detail":"Forbidden"}`)
		m.renew()
	}
	assert.Equal(t, "10000", m.dollars())
	s.sound()
}

// Default and instant: a payout is PENDING, PROCESSING after a second and COMPLETED
// after three; or COMPLETED when it is first asked for.
func (m *merchant) settles(atOnce bool) {
	m.t.Helper()
	key, a := m.payOut("25")
	assert.Equal(m.t, "PENDING", a.became(m.t))
	if !atOnce {
		assert.Equal(m.t, "PENDING", m.state(key))
		m.Advance(time.Second)
		assert.Equal(m.t, "PROCESSING", m.state(key))
		m.Advance(1999 * time.Millisecond)
		assert.Equal(m.t, "PROCESSING", m.state(key))
		m.Advance(time.Millisecond)
	}
	assert.Equal(m.t, "COMPLETED", m.state(key))
	assert.Equal(m.t, "9975", m.dollars())
}

// It covers 50: 50.01 is 200 and FAILED.
func (m *merchant) holds50() {
	m.t.Helper()
	_, a := m.payOut("50.01")
	assert.Equal(m.t, "FAILED: Insufficient wallet balance", a.became(m.t))
	_, a = m.payOut("50")
	assert.Equal(m.t, "PENDING", a.became(m.t))
	assert.Equal(m.t, "0", m.dollars())
}

// Tokens of Pontis Globe expire as the comment says, and so do those of Dollr:
// 59m59s later they still work, another second later they are 401.
func promiseTokensExpire(t *testing.T, s *shop) {
	promiseTokenExpiry(t, s)
	m := s.merchant()
	assert.Equal(t, 60.0, m.renew(), "minutes")
	s.Advance(59*time.Minute + 59*time.Second)
	key, _ := m.payOut("25")
	s.Advance(time.Second)
	m.told(m.ask("status/payout/"+key, ""), 401, `{"detail":"Could not validate credentials"}`)
	m.renew()
	assert.Equal(t, "PROCESSING", m.state(key))
	s.sound()
}

// The documents' own examples of Dinari Cash, and ids of Dollr as its examples have.
func promiseDocumented(t *testing.T, s *shop) {
	promiseDocumentedExamples(t, s)
	_, err := s.SetTime(t.Context(), time.Date(2026, 6, 23, 10, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	m := s.merchant()
	assert.Equal(t, "18", m.account)
	assert.Contains(t, m.ask("parties/list", "").body, `[{"id":42,`)
	assert.Contains(t, m.ask("counterparties/create", `{"relationship_type":"BENEFICIARY","party_id":42}`).body, `{"id":15,`)
	assert.Equal(t, `{"id":42,"wallet_id":3,"payout_account_id":18,"amount":100.0,"currency":"USD","status":"ACTIVE",`+
		`"expires_at":"2026-06-23T11:00:00Z","created_at":"2026-06-23T10:00:00Z","updated_at":"2026-06-23T10:00:00Z"}`,
		m.ask("sessions/payout", `{"payout_account_id":18,"amount":100.0,"currency":"USD"}`).body)
	s.sound()
}
