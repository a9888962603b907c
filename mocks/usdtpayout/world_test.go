package usdtpayout_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
	"github.com/mockpay/mockpay/mockpaytest"
)

// start is the time of the documented samples, 2026-06-04T10:09:59Z. Clocks stand
// at it until a test moves them.
const start = 1780567799

// Paths of the operations.
var paths = map[string]string{
	"login": "/api/v1/user/login", "send_payout": "/api/v1/payouts/sendPayoutRequest", "payout_status": "/api/v1/payouts/getPayoutStatus",
}

// operations are their names, in the order of the documents.
var operations = []string{"login", "send_payout", "payout_status"}

// An account encrypts and signs its calls. How it does that is written here once
// more, so that it is not the mock's own code that agrees with itself.
type account struct {
	credentials map[string]string
	token       string // what login returned, "" before it
	count       *atomic.Int64
}

func newAccount(credentials map[string]string) account {
	return account{credentials: credentials, count: new(atomic.Int64)}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// encrypt is AES-256-GCM under a secret: iv:tag:ciphertext, each base64url.
func encrypt(secret string, iv []byte, plaintext string) string {
	return encryptUnder(must(base64.RawURLEncoding.DecodeString(secret)), iv, plaintext)
}

func encryptUnder(key, iv []byte, plaintext string) string {
	gcm := must(cipher.NewGCM(must(aes.NewCipher(key))))
	sealed := gcm.Seal(nil, iv, []byte(plaintext), nil)
	n := len(sealed) - 16
	parts := [][]byte{iv, sealed[n:], sealed[:n]}
	var texts []string
	for _, part := range parts {
		texts = append(texts, base64.RawURLEncoding.EncodeToString(part))
	}
	return strings.Join(texts, ":")
}

// sign is the hex HMAC-SHA256 of a text under a secret.
func sign(secret, text string) string {
	return signUnder(must(base64.RawURLEncoding.DecodeString(secret)), text)
}

func signUnder(key []byte, text string) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return hex.EncodeToString(h.Sum(nil))
}

// iv is one that the account did not use before.
func (a account) iv() []byte {
	return binary.BigEndian.AppendUint64([]byte("test"), uint64(a.count.Add(1)))
}

// key is an idempotency key that the account did not use before.
func (a account) key() string { return fmt.Sprintf("00000000-0000-4000-8000-%012x", a.count.Add(1)) }

// A letter is a call before it is sent, for tests to spoil. What is empty is not
// sent.
type letter struct {
	of                    account
	method, path          string
	host                  string
	key, token            string
	timestamp, blob, body string
	signature             string
	header                http.Header // more of them
}

// letter is a call as it should be.
func (a account) letter(op, payload string, at int64) *letter {
	l := &letter{
		of: a, method: http.MethodPost, path: paths[op], key: a.credentials["api_key"], timestamp: strconv.FormatInt(at, 10), header: make(http.Header),
	}
	if op != "login" && a.token != "" {
		l.token = "Bearer " + a.token
	}
	return l.sealed(encrypt(a.credentials["encryption_secret"], a.iv(), payload))
}

// sealed gives the letter another blob, signed.
func (l *letter) sealed(blob string) *letter {
	l.blob = blob
	l.body = string(must(json.Marshal(map[string]string{"data": blob})))
	return l.signed()
}

// dated gives the letter another time, signed.
func (l *letter) dated(timestamp string) *letter {
	l.timestamp = timestamp
	return l.signed()
}

func (l *letter) signed() *letter {
	l.signature = sign(l.of.credentials["hmac_secret"], l.timestamp+"."+l.blob)
	return l
}

// force asks for an outcome.
func (l *letter) force(outcome string) *letter {
	l.header.Set("X-Mockpay-Outcome", outcome)
	return l
}

func (l *letter) headers() http.Header {
	h := l.header.Clone()
	h.Set("Content-Type", "application/json")
	for name, value := range map[string]string{"X-Api-Key": l.key, "X-Timestamp": l.timestamp, "X-Signature": l.signature, "Authorization": l.token} {
		if value != "" {
			h.Set(name, value)
		}
	}
	return h
}

// A shop pays through Pontis Globe, in one of the modes.
type shop struct {
	*mockpaytest.Mockpay
	account
	t    testing.TB
	http *http.Client
	url  string
}

// scenario is a text with knobs as a YAML mapping, "" for none, and rules as
// others.
func scenario(knobs string, rules ...string) string {
	return scenarioAt("2026-06-04T10:09:59Z", knobs, rules...)
}

func scenarioAt(start, knobs string, rules ...string) string {
	text := "version: 1\nname: test\nseed: 1\nclock: {start: " + start + ", frozen: true}\n"
	if knobs != "" {
		text += "providers: {usdtpayout: " + knobs + "}\n"
	}
	if len(rules) > 0 {
		text += "rules:\n  - " + strings.Join(rules, "\n  - ") + "\n"
	}
	return text
}

// open is a shop in sandbox mode that has not logged in.
func open(t testing.TB, knobs string, rules ...string) *shop {
	t.Helper()
	return openScenario(t, scenario(knobs, rules...))
}

func openScenario(t testing.TB, text string, more ...mockpaytest.Option) *shop {
	t.Helper()
	m := mockpaytest.Start(t, append(more, mockpaytest.Scenario(text))...)
	transport := &http.Transport{MaxIdleConnsPerHost: 32}
	t.Cleanup(transport.CloseIdleConnections)
	s := &shop{Mockpay: m, t: t, http: &http.Client{Transport: transport}}
	return s.enter(m.Workspace)
}

// sandboxed is a shop in sandbox mode that has logged in.
func sandboxed(t testing.TB, knobs string, rules ...string) *shop {
	t.Helper()
	return open(t, knobs, rules...).login()
}

// alive is a shop in live mode that has logged in.
func alive(t testing.TB, knobs string, rules ...string) *shop {
	t.Helper()
	return open(t, knobs, rules...).live().login()
}

// enter takes address and credentials from a workspace.
func (s *shop) enter(w *client.Workspace) *shop {
	at := w.Providers["usdtpayout"]
	s.url, s.account = at.BaseURL, newAccount(at.Credentials)
	return s
}

// neighbor is another shop at the same server, with a workspace and an account of
// its own.
func (s *shop) neighbor(id, knobs string) *shop {
	s.t.Helper()
	seed := int64(2)
	ws, err := s.CreateWorkspace(s.t.Context(), client.WorkspaceSpec{ID: id, Scenario: scenario(knobs), Seed: &seed})
	require.NoError(s.t, err)
	there := *s.Mockpay
	there.Workspace, there.Client = ws, client.New(s.URL, client.WithWorkspace(id))
	return (&shop{Mockpay: &there, t: s.t, http: s.http}).enter(ws)
}

// in is the shop in a subtest.
func (s *shop) in(t testing.TB) *shop {
	there := *s
	there.t = t
	return &there
}

// live is the shop in live mode, which it has not logged in to.
func (s *shop) live() *shop {
	there := *s
	there.url, there.token = s.Workspace.Providers["usdtpayout"].LiveBaseURL, ""
	return &there
}

// sandbox is the shop in sandbox mode, which it has not logged in to.
func (s *shop) sandbox() *shop {
	there := *s
	there.url, there.token = s.Workspace.Providers["usdtpayout"].BaseURL, ""
	return &there
}

// login is the shop with a new token.
func (s *shop) login() *shop {
	s.t.Helper()
	there := *s
	there.token = s.grant()
	return &there
}

// grant is a new token.
func (s *shop) grant() string {
	s.t.Helper()
	a := s.call("login", s.owner())
	require.Equal(s.t, 200, a.status, "%s (%s)", a.body, a.hint())
	token, _ := a.data(s.t)["access_token"].(string)
	require.NotEmpty(s.t, token)
	return token
}

// owner is the payload that logs in.
func (s *shop) owner() string {
	return fields{"email": s.credentials["email"], "password": s.credentials["password"]}.String()
}

// now is the Unix time in the workspace.
func (s *shop) now() int64 {
	s.t.Helper()
	c, err := s.Clock(s.t.Context())
	require.NoError(s.t, err)
	return c.Now.Unix()
}

// An answer is what came back.
type answer struct {
	status int
	body   string
	header http.Header
}

func (a answer) hint() string { return a.header.Get("X-Mockpay-Hint") }

// data is what is in the envelope of a success.
func (a answer) data(t testing.TB) map[string]any {
	t.Helper()
	var got struct{ Data map[string]any }
	require.NoError(t, json.Unmarshal([]byte(a.body), &got), a.body)
	return got.Data
}

// code is the error code of a refusal, "" of a success.
func (a answer) code(t testing.TB) string {
	t.Helper()
	var got struct{ Error struct{ Code string } }
	require.NoError(t, json.Unmarshal([]byte(a.body), &got), a.body)
	return got.Error.Code
}

// letter is a call at the workspace's time.
func (s *shop) letter(op, payload string) *letter {
	s.t.Helper()
	return s.account.letter(op, payload, s.now())
}

// call makes an operation's call as it should be.
func (s *shop) call(op, payload string) answer {
	s.t.Helper()
	return s.send(s.letter(op, payload))
}

func (s *shop) send(l *letter) answer {
	s.t.Helper()
	a, err := s.try(l)
	require.NoError(s.t, err)
	return a
}

// try is send for goroutines, which may not end the test.
func (s *shop) try(l *letter) (a answer, err error) {
	req, err := http.NewRequestWithContext(s.t.Context(), l.method, s.url+l.path, strings.NewReader(l.body))
	if err != nil {
		return a, err
	}
	req.Header = l.headers()
	req.Host = l.host
	res, err := s.http.Do(req)
	if err != nil {
		return a, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, string(text), res.Header}, err
}

// Fields are a payload. A json.RawMessage stands as it is.
type fields map[string]any

func (f fields) String() string { return string(must(json.Marshal(map[string]any(f)))) }

// with is the payload with other values of some fields, given in turn.
func (f fields) with(pairs ...any) fields {
	f = maps.Clone(f)
	for i := 0; i < len(pairs); i += 2 {
		f[pairs[i].(string)] = pairs[i+1]
	}
	return f
}

func (f fields) without(name string) fields {
	f = maps.Clone(f)
	delete(f, name)
	return f
}

// order is the payload of a payout, with a key of its own.
func (a account) order(amount string) fields {
	return fields{
		"idempotency_key": a.key(), "country_code": "PH", "currency_code": "PHP", "payment_method": "bank_local", "source_amount": amount,
		"recipient_details": map[string]any{"name": "Maria Santos", "account_number": "001234567890"},
	}
}

// create asks for a payout.
func (s *shop) create(f fields) answer {
	s.t.Helper()
	return s.call("send_payout", f.String())
}

// pay makes a payout that is accepted as pending.
func (s *shop) pay(amount string) (id string) {
	s.t.Helper()
	return s.accepted(s.create(s.order(amount)), "pending")
}

// accepted checks the answer of a payout, byte for byte.
func (s *shop) accepted(a answer, status string) (id string) {
	s.t.Helper()
	require.Equal(s.t, 201, a.status, "%s (%s)", a.body, a.hint())
	id, _ = a.data(s.t)["transaction_id"].(string)
	assert.Equal(s.t, `{"ok":true,"data":{"transaction_id":"`+id+`","status":"`+status+`"}}`, a.body)
	assert.NotEmpty(s.t, id)
	return id
}

// state is what has become of a payout, "failed: Network error". The answer is
// checked byte for byte.
func (s *shop) state(id string) string {
	s.t.Helper()
	a := s.call("payout_status", fields{"transaction_id": id}.String())
	require.Equal(s.t, 200, a.status, "%s (%s)", a.body, a.hint())
	data := a.data(s.t)
	status, _ := data["status"].(string)
	text, said := data["status_message"].(string)
	message := "null"
	if said {
		message = string(must(json.Marshal(text)))
	}
	assert.Equal(s.t, `{"ok":true,"data":{"transaction_id":"`+id+`","status":"`+status+`","status_message":`+message+`}}`, a.body)
	switch status {
	case "failed", "rejected", "canceled", "reversed":
		assert.NotEmpty(s.t, text)
		return status + ": " + text
	}
	assert.Equal(s.t, "null", message, status)
	return status
}

// Messages of ends for which none was given.
const (
	failed   = "failed: Payout could not be delivered"
	rejected = "rejected: Payout was rejected"
	canceled = "canceled: Payout was canceled"
	reversed = "reversed: Payout was returned by the beneficiary bank"
)

// move is the action transition. It returns the HTTP status of the answer.
func (s *shop) move(id, to string, message ...string) int {
	s.t.Helper()
	args := map[string]string{"transaction": id, "as": to}
	if len(message) > 0 {
		args["message"] = message[0]
	}
	_, err := s.Simulate(s.t.Context(), "usdtpayout.transition", args)
	if err == nil {
		return 200
	}
	var refused *client.Error
	require.ErrorAs(s.t, err, &refused)
	assert.NotEmpty(s.t, refused.Detail)
	return refused.Status
}

// has checks what is available and what is reserved.
func (s *shop) has(available, reserved string) {
	s.t.Helper()
	all, err := s.Balances(s.t.Context())
	require.NoError(s.t, err)
	b := all["usdtpayout"]
	assert.Equal(s.t, available+" "+reserved, b["USDT"]+" "+b["USDT_reserved"])
}

// fund sets what is available.
func (s *shop) fund(amount string) {
	s.t.Helper()
	_, err := s.SetBalances(s.t.Context(), client.Balances{"usdtpayout": {"USDT": amount}})
	require.NoError(s.t, err)
}

// moves is how often the wallet was moved since it was opened.
func (s *shop) moves() int {
	s.t.Helper()
	ledger, err := s.Ledger(s.t.Context(), client.LedgerFilter{Provider: "usdtpayout"})
	require.NoError(s.t, err)
	return len(ledger) - 2
}

// sound checks that the workspace's money adds up.
func (s *shop) sound() {
	s.t.Helper()
	invariants, err := s.Invariants(s.t.Context())
	require.NoError(s.t, err)
	assert.True(s.t, invariants.OK, "%+v", invariants.Checks)
}

// until moves the clock to a time.
func (s *shop) until(text string) {
	s.t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	require.NoError(s.t, err)
	_, err = s.SetTime(s.t.Context(), at)
	require.NoError(s.t, err)
}

// turn gives the workspace other knobs and rules, and leaves all else as it is.
func (s *shop) turn(knobs string, rules ...string) {
	s.t.Helper()
	saved, err := s.State(s.t.Context())
	require.NoError(s.t, err)
	var snapshot map[string]json.RawMessage
	require.NoError(s.t, json.Unmarshal(saved, &snapshot))
	snapshot["scenario"] = must(json.Marshal(scenario(knobs, rules...)))
	require.NoError(s.t, s.RestoreState(s.t.Context(), must(json.Marshal(snapshot))))
}

var envelope = regexp.MustCompile(`^\{"ok":false,"request_id":"([0-9A-HJKMNP-TV-Z]{26})","error":\{"code":"([a-z_]+)","message":("(?:[^"\\]|\\.)+")\}\}$`)

// refused checks an answer that is an error, and returns its message.
func (s *shop) refused(a answer, status int, code string) (message string) {
	s.t.Helper()
	parts := envelope.FindStringSubmatch(a.body)
	require.NotNil(s.t, parts, "%s (%s)", a.body, a.hint())
	assert.Equal(s.t, fmt.Sprint(status, " ", code), fmt.Sprint(a.status, " ", parts[2]), "%s (%s)", a.body, a.hint())
	assert.Equal(s.t, "application/json", a.header.Get("Content-Type"))
	assert.NotEmpty(s.t, a.hint())
	require.NoError(s.t, json.Unmarshal([]byte(parts[3]), &message))
	return message
}

// invalid checks a refusal that names a field.
func (s *shop) invalid(a answer, field string) {
	s.t.Helper()
	assert.Equal(s.t, "Payload does not match the schema: "+field, s.refused(a, 400, "validation_error"))
	assert.True(s.t, strings.HasPrefix(a.hint(), field+" must be "), a.hint())
}
