package executions_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
	"github.com/mockpay/mockpay/mockpaytest"
	"github.com/mockpay/mockpay/mocks"
	"github.com/mockpay/mockpay/server"
)

// start is the time of the documented samples. Clocks stand at it until a test
// moves them.
const start = "2026-06-23T10:00:00Z"

// A shop pays out through Dollr. Each answer it gets must fit the OpenAPI
// document.
type shop struct {
	*client.Client // the control API
	t              testing.TB
	http           *http.Client
	url            string
	credentials    map[string]string
	token          string
	count          *atomic.Int64 // keys made
}

// scenario is a text with knobs as a YAML mapping, "" for none, and rules as
// others.
func scenario(knobs string, rules ...string) string {
	text := "version: 1\nname: test\nseed: 1\nclock: {start: " + start + ", frozen: true}\n"
	if knobs != "" {
		text += "providers: {executions: " + knobs + "}\n"
	}
	if len(rules) > 0 {
		text += "rules:\n  - " + strings.Join(rules, "\n  - ") + "\n"
	}
	return text
}

// open is a shop with a token.
func open(t testing.TB, knobs string, rules ...string) *shop {
	t.Helper()
	m := mockpaytest.Start(t, mockpaytest.Scenario(scenario(knobs, rules...)))
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	s := &shop{Client: m.Client, t: t, http: &http.Client{Transport: transport}}
	return s.enter(m.Workspace)
}

// A direct transport has a handler answer, without a network.
type direct struct{ http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	in.RequestURI, in.Host, in.RemoteAddr = r.URL.RequestURI(), r.URL.Host, "192.0.2.1:1234"
	if in.Body == nil {
		in.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, in)
	return w.Result(), nil
}

func newHandler(t testing.TB) http.Handler {
	s, err := server.New(server.Options{Mocks: mocks.All()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop(context.WithoutCancel(t.Context()))) })
	return s.Handler()
}

// within is a shop at a handler, for tests that call often.
func within(t testing.TB, h http.Handler, id, knobs string, rules ...string) *shop {
	t.Helper()
	const at = "http://mockpay.localhost"
	s := &shop{t: t, http: &http.Client{Transport: direct{h}}}
	s.Client = client.New(at, client.WithHTTPClient(s.http), client.WithWorkspace(id))
	w, err := s.CreateWorkspace(t.Context(), client.WorkspaceSpec{ID: id, Scenario: scenario(knobs, rules...)})
	require.NoError(t, err)
	return s.enter(w)
}

// enter takes address and credentials from a workspace, and gets a token.
func (s *shop) enter(w *client.Workspace) *shop {
	s.t.Helper()
	at := w.Providers["executions"]
	s.url, s.credentials, s.count = at.BaseURL, at.Credentials, new(atomic.Int64)
	s.token = s.grant()
	return s
}

// neighbor is another shop at the same server, with a workspace of its own.
func (s *shop) neighbor(id string) *shop {
	s.t.Helper()
	w, err := s.CreateWorkspace(s.t.Context(), client.WorkspaceSpec{ID: id, Scenario: scenario("")})
	require.NoError(s.t, err)
	base, _, _ := strings.Cut(s.url, "/executions")
	there := &shop{Client: client.New(base, client.WithWorkspace(id)), t: s.t, http: s.http}
	return there.enter(w)
}

// in is the shop in a subtest.
func (s *shop) in(t testing.TB) *shop {
	there := *s
	there.t = t
	return &there
}

// An answer is what came back.
type answer struct {
	status int
	body   string
	header http.Header
}

func (a answer) hint() string { return a.header.Get("X-Mockpay-Hint") }

// try calls, with headers given in turn besides or instead of the usual; one that
// is "" is not sent. It is for goroutines, which may not end the test.
func (s *shop) try(method, path, body string, headers ...string) (a answer, err error) {
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		return a, err
	}
	headers = append([]string{"Authorization", "Bearer " + s.token, "Content-Type", "application/json"}, headers...)
	for i := 0; i < len(headers); i += 2 {
		if req.Header.Set(headers[i], headers[i+1]); headers[i+1] == "" {
			req.Header.Del(headers[i])
		}
	}
	res, err := s.http.Do(req)
	if err != nil {
		return a, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	a = answer{res.StatusCode, string(text), res.Header}
	assert.NoError(s.t, fits(req, a.status, a.header, text), "%s %s", method, path)
	return a, err
}

func (s *shop) send(method, path, body string, headers ...string) answer {
	s.t.Helper()
	a, err := s.try(method, path, body, headers...)
	require.NoError(s.t, err)
	return a
}

func (s *shop) post(path string, body fmt.Stringer, headers ...string) answer {
	s.t.Helper()
	return s.send(http.MethodPost, path, body.String(), headers...)
}

func (s *shop) get(path string, headers ...string) answer {
	s.t.Helper()
	return s.send(http.MethodGet, path, "", headers...)
}

// accepted decodes an answer that must be a success.
func accepted[T any](t testing.TB, a answer) (v T) {
	t.Helper()
	require.Equal(t, 200, a.status, "%s (%s)", a.body, a.hint())
	require.NoError(t, json.Unmarshal([]byte(a.body), &v), a.body)
	return v
}

// refused checks an answer that is an error, byte for byte.
func (s *shop) refused(a answer, status int, body string) {
	s.t.Helper()
	assert.Equal(s.t, fmt.Sprint(status, " ", body), fmt.Sprint(a.status, " ", a.body), a.hint())
	assert.Equal(s.t, "application/json", a.header.Get("Content-Type"))
	assert.NotEmpty(s.t, a.hint())
}

// says is the body of an error that is no 422.
func says(text string) string { return `{"detail":"` + text + `"}` }

// stateFault is the body of a 422 for the state of things.
func stateFault(field, text string) string {
	return `{"detail":[{"loc":["body","` + field + `"],"msg":"` + text + `","type":"value_error"}]}`
}

// Fields are a body. A json.RawMessage stands as it is.
type fields map[string]any

func (f fields) String() string {
	text, err := json.Marshal(map[string]any(f))
	if err != nil {
		panic(err)
	}
	return string(text)
}

// with is the body with other values of some fields, given in turn. Names are
// dotted for nested ones.
func (f fields) with(pairs ...any) fields {
	f = maps.Clone(f)
	for i := 0; i < len(pairs); i += 2 {
		name, rest, nested := strings.Cut(pairs[i].(string), ".")
		if !nested {
			f[name] = pairs[i+1]
			continue
		}
		f[name] = f[name].(fields).with(rest, pairs[i+1])
	}
	return f
}

// without is the body without a field.
func (f fields) without(name string) fields {
	f = maps.Clone(f)
	first, rest, nested := strings.Cut(name, ".")
	if nested {
		f[first] = f[first].(fields).without(rest)
		return f
	}
	delete(f, name)
	return f
}

// Paths of the calls.
const (
	tokenPath        = "/v1/jwt/client/obtain/token"
	partyPath        = "/v1/parties/create"
	counterpartyPath = "/v1/counterparties/create"
	accountPath      = "/v1/payment-accounts/create?operation_type=PAYOUT"
	sessionPath      = "/v1/sessions/payout"
	payoutPath       = "/v1/executions/payout"
	statusPath       = "/v1/status/payout/"
)

// client is the body that gets a token.
func (s *shop) client() fields {
	return fields{"client_id": s.credentials["client_id"], "client_secret": s.credentials["client_secret"]}
}

// grant is a new token.
func (s *shop) grant() string {
	s.t.Helper()
	a := s.post(tokenPath, s.client(), "Authorization", "")
	return accepted[struct {
		Token string `json:"access_token"`
	}](s.t, a).Token
}

// made is the id of what a call made.
func (s *shop) made(a answer) int64 {
	s.t.Helper()
	return accepted[struct{ ID int64 }](s.t, a).ID
}

func (s *shop) party() int64 {
	s.t.Helper()
	return s.made(s.post(partyPath, musu))
}

// musu is a party as the documents show it.
var musu = fields{"fullname": "Musu Flomo", "phone": "231880000001", "country_code": "LR"}

// accountOf is the body of a mobile wallet with a number.
func accountOf(party int64, number string) fields {
	return fields{
		"account_name": "Musu wallet", "provider": "MTN_MOMO_LBR", "method": "MTN_MOMO_LBR", "party_id": party,
		"country_code": "LR", "insensitive_account_number": number,
	}
}

// account is a new account, of a new party, with a number.
func (s *shop) account(number string) int64 {
	s.t.Helper()
	return s.made(s.post(accountPath, accountOf(s.party(), number)))
}

// sessionOf is the body of a session.
func sessionOf(account int64, amount, currency string) fields {
	return fields{"payout_account_id": account, "amount": json.RawMessage(amount), "currency": currency}
}

func (s *shop) session(account int64, amount, currency string) int64 {
	s.t.Helper()
	return s.made(s.post(sessionPath, sessionOf(account, amount, currency)))
}

// key is a new UUID of version 4.
func (s *shop) key() string { return fmt.Sprintf("00000000-0000-4000-8000-%012x", s.count.Add(1)) }

// order is the body that executes a session, with a new key.
func (s *shop) order(session, account int64) fields {
	return fields{
		"session_id": fmt.Sprint(session), "payout_account_id": fmt.Sprint(account), "reference_id": s.key(),
		"passcode": fields{
			"token": fields{"code": s.credentials["passcode"], "phone": s.credentials["phone"]},
			"device": fields{
				"name": "ci-runner-7", "type": "SERVER", "platform": "LINUX", "user_agent": "acme-payouts/2.3", "client_ip": "198.51.100.7",
			},
		},
	}
}

// usual is the number of an account whose payouts are completed.
const usual = "231880000055"

// orderTo is the order of a new session for a new account with a number.
func (s *shop) orderTo(number, amount, currency string) fields {
	s.t.Helper()
	account := s.account(number)
	return s.order(s.session(account, amount, currency), account)
}

// ordered is the order of 100 dollars.
func (s *shop) ordered() fields {
	s.t.Helper()
	return s.orderTo(usual, "100.0", "USD")
}

func (s *shop) execute(f fields, headers ...string) answer {
	s.t.Helper()
	return s.post(payoutPath, f, headers...)
}

// An execution is the answer to a payout and to its status.
type execution struct {
	Reference     string      `json:"reference_id"`
	ProviderID    *string     `json:"provider_transaction_id"`
	Status        string      `json:"status"`
	PayerAmount   json.Number `json:"payer_amount"`
	PayerCurrency string      `json:"payer_currency"`
	PayeeCurrency string      `json:"payee_currency"`
	PayeeAmount   json.Number `json:"payee_amount"`
	Gateway       *string     `json:"gateway_message"`
	Wallet        *string     `json:"wallet_message"`
}

// String is the status with what is said about it: "FAILED: Account closed".
func (x execution) String() string {
	text := x.Status
	if x.Gateway != nil {
		text += ": " + *x.Gateway
	}
	if x.Wallet != nil {
		text += " / " + *x.Wallet
	}
	return text
}

// pay executes an order that must be taken, and returns its key.
func (s *shop) pay(f fields) string {
	s.t.Helper()
	x := accepted[execution](s.t, s.execute(f))
	assert.Equal(s.t, f["reference_id"], x.Reference)
	return x.Reference
}

// state is what has become of an execution.
func (s *shop) state(key string) string {
	s.t.Helper()
	return accepted[execution](s.t, s.get(statusPath+key)).String()
}

// unknown checks that no execution has a key.
func (s *shop) unknown(key any) {
	s.t.Helper()
	s.refused(s.get(statusPath+key.(string)), 404, says("Transaction not found"))
}

// has checks the balance of a wallet.
func (s *shop) has(want, currency string) {
	s.t.Helper()
	all, err := s.Balances(s.t.Context())
	require.NoError(s.t, err)
	assert.Equal(s.t, want, all["executions"][currency])
}

// fund sets the balance of a wallet.
func (s *shop) fund(amount, currency string) {
	s.t.Helper()
	_, err := s.SetBalances(s.t.Context(), client.Balances{"executions": {currency: amount}})
	require.NoError(s.t, err)
}

// pass lets time go by.
func (s *shop) pass(by time.Duration) {
	s.t.Helper()
	_, err := s.Advance(s.t.Context(), by)
	require.NoError(s.t, err)
}

// simulate is an action, given without the provider's name. It returns the HTTP
// status of the answer.
func (s *shop) simulate(action string, pairs ...string) int {
	s.t.Helper()
	args := make(map[string]string)
	for i := 0; i < len(pairs); i += 2 {
		args[pairs[i]] = pairs[i+1]
	}
	_, err := s.Simulate(s.t.Context(), "executions."+action, args)
	if err == nil {
		return 200
	}
	var refused *client.Error
	require.ErrorAs(s.t, err, &refused)
	assert.NotEmpty(s.t, refused.Detail)
	return refused.Status
}

// moves are the movements of the wallets since they were opened.
func (s *shop) moves() []client.Entry {
	s.t.Helper()
	ledger, err := s.Ledger(s.t.Context(), client.LedgerFilter{Provider: "executions"})
	require.NoError(s.t, err)
	var moves []client.Entry
	for _, e := range ledger {
		if e.Operation != "opening" {
			moves = append(moves, e)
		}
	}
	return moves
}

// sound checks that the workspace's money adds up.
func (s *shop) sound() {
	s.t.Helper()
	invariants, err := s.Invariants(s.t.Context())
	require.NoError(s.t, err)
	assert.True(s.t, invariants.OK, "%+v", invariants.Checks)
}

// restore changes a snapshot of the workspace, and goes on from it.
func (s *shop) restore(change func(map[string]any)) {
	s.t.Helper()
	saved, err := s.State(s.t.Context())
	require.NoError(s.t, err)
	snapshot := make(map[string]any)
	d := json.NewDecoder(bytes.NewReader(saved))
	d.UseNumber()
	require.NoError(s.t, d.Decode(&snapshot))
	change(snapshot)
	changed, err := json.Marshal(snapshot)
	require.NoError(s.t, err)
	require.NoError(s.t, s.RestoreState(s.t.Context(), changed))
}

// journal is the workspace's calls, newest first.
func (s *shop) journal() []client.Request {
	s.t.Helper()
	list, err := s.Requests(s.t.Context(), client.RequestFilter{})
	require.NoError(s.t, err)
	return list.Requests
}
