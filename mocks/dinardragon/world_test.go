package dinardragon_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
	"github.com/mockpay/mockpay/mockpaytest"
)

// A shop pays through Dinar Dragon. Its clock stands at the date and time of the
// documented sample until the test moves it.
type shop struct {
	*mockpaytest.Mockpay
	t    testing.TB
	http *http.Client
	url  string
	key  string
}

// scenario is a text with knobs as a YAML mapping, "" for none, and rules as
// others.
func scenario(knobs string, rules ...string) string {
	text := "version: 1\nname: test\nseed: 1\nclock: {start: 2025-01-31T14:35:00Z, frozen: true}\n"
	if knobs != "" {
		text += "providers: {dinardragon: " + knobs + "}\n"
	}
	if len(rules) > 0 {
		text += "rules:\n  - " + strings.Join(rules, "\n  - ") + "\n"
	}
	return text
}

func open(t testing.TB, knobs string, rules ...string) *shop {
	t.Helper()
	return openScenario(t, scenario(knobs, rules...))
}

func openScenario(t testing.TB, text string) *shop {
	t.Helper()
	m := mockpaytest.Start(t, mockpaytest.Scenario(text))
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	return &shop{
		Mockpay: m, t: t, http: &http.Client{Transport: transport},
		url: m.BaseURL("dinardragon"), key: m.Credential("dinardragon", "private_key"),
	}
}

// neighbor is another shop at the same server, with a workspace and ids of its
// own.
func (s *shop) neighbor(id string) *shop {
	s.t.Helper()
	seed := int64(2)
	ws, err := s.CreateWorkspace(s.t.Context(), client.WorkspaceSpec{ID: id, Scenario: scenario(""), Seed: &seed})
	require.NoError(s.t, err)
	there := *s.Mockpay
	there.Workspace, there.Client = ws, client.New(s.URL, client.WithWorkspace(id))
	account := ws.Providers["dinardragon"]
	return &shop{Mockpay: &there, t: s.t, http: s.http, url: account.BaseURL, key: account.Credentials["private_key"]}
}

// An answer is what came back.
type answer struct {
	status int
	body   string
	header http.Header
}

func (a answer) hint() string { return a.header.Get("X-Mockpay-Hint") }

// post calls with the shop's key.
func (s *shop) post(path, body string) answer {
	s.t.Helper()
	return s.send(http.MethodPost, path, body, http.Header{"Authorization": {s.key}})
}

func (s *shop) send(method, path, body string, header http.Header) answer {
	s.t.Helper()
	a, err := s.try(method, path, body, header)
	require.NoError(s.t, err)
	return a
}

// try is send for goroutines, which may not end the test.
func (s *shop) try(method, path, body string, header http.Header) (a answer, err error) {
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		return a, err
	}
	for name, values := range header {
		req.Header[name] = values
	}
	res, err := s.http.Do(req)
	if err != nil {
		return a, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, string(text), res.Header}, err
}

// A quote is the answer of step 1.
type quote struct {
	Charge   json.Number `json:"charge_in_usd"`
	Authcode string      `json:"authcode"`
}

// A receipt is the answer of step 2.
type receipt struct {
	Charge    json.Number `json:"charge_in_usd"`
	PaymentID string      `json:"payment_id"`
	Message   string      `json:"message"`
	Accounts  []struct {
		Amount        json.Number     `json:"amount"`
		RecipientName string          `json:"recipientname"`
		AccNo         json.RawMessage `json:"accNo"`
		Date          string          `json:"date"`
		Time          string          `json:"time"`
		Email         string          `json:"email"`
		UniqueID      string          `json:"uniqueid"`
	} `json:"accounts"`
}

// accepted decodes an answer that must be a success.
func accepted[T any](t testing.TB, a answer) (v T) {
	t.Helper()
	require.Equal(t, 200, a.status, "%s (%s)", a.body, a.hint())
	require.NoError(t, json.Unmarshal([]byte(a.body), &v))
	return v
}

func (s *shop) quote(order string) quote {
	s.t.Helper()
	return accepted[quote](s.t, s.post("/get-authcode", order))
}

func (s *shop) execute(authcode string) answer {
	s.t.Helper()
	return s.post("/execute", fmt.Sprintf(`{"authcode":%q}`, authcode))
}

// pay quotes an order and executes it.
func (s *shop) pay(order string) receipt {
	s.t.Helper()
	return accepted[receipt](s.t, s.execute(s.quote(order).Authcode))
}

// A report is the answer of step 3.
type report struct {
	Payments []struct {
		UniqueID string `json:"uniqueid"`
		Status   int    `json:"status"`
	} `json:"payments"`
}

// statuses are those of a payout's payments, in the order of its accounts.
func (s *shop) statuses(of receipt) []int {
	s.t.Helper()
	r := accepted[report](s.t, s.post("/status", fmt.Sprintf(`{"payment_id":%q}`, of.PaymentID)))
	var all []int
	for i, p := range r.Payments {
		assert.Equal(s.t, of.Accounts[i].UniqueID, p.UniqueID)
		all = append(all, p.Status)
	}
	return all
}

// has checks the balance.
func (s *shop) has(want string) {
	s.t.Helper()
	assert.Equal(s.t, want, s.Balance("dinardragon", "USD"))
}

// holds checks what authcodes reserve.
func (s *shop) holds(want string) {
	s.t.Helper()
	assert.Equal(s.t, want, s.Balance("dinardragon", "USD_held"))
}

// fund sets the balance.
func (s *shop) fund(amount string) {
	s.t.Helper()
	_, err := s.SetBalances(s.t.Context(), client.Balances{"dinardragon": {"USD": amount}})
	require.NoError(s.t, err)
}

// settle ends a payment by the control API and returns the status of its answer.
func (s *shop) settle(args map[string]string) int {
	s.t.Helper()
	_, err := s.Simulate(s.t.Context(), "dinardragon.settle", args)
	if err == nil {
		return 200
	}
	var refused *client.Error
	require.ErrorAs(s.t, err, &refused)
	assert.NotEmpty(s.t, refused.Detail)
	return refused.Status
}

// sound checks that the workspace's money adds up.
func (s *shop) sound() {
	s.t.Helper()
	invariants, err := s.Invariants(s.t.Context())
	require.NoError(s.t, err)
	assert.True(s.t, invariants.OK, "%+v", invariants.Checks)
}

// refused checks an answer that is an error, byte for byte.
func (s *shop) refused(a answer, code int, text string) {
	s.t.Helper()
	assert.Equal(s.t, failure(code, text), a.body)
	assert.Equal(s.t, code, a.status)
	assert.Equal(s.t, "application/json", a.header.Get("Content-Type"))
	assert.NotEmpty(s.t, a.hint())
}

func failure(code int, text string) string {
	return fmt.Sprintf(`{"code":%d,"error":"%s"}`, code, text)
}

// Texts of refusals. The first two are documented.
const (
	missingKey   = "Missing API key in request headers."
	insufficient = "Your request failed because your Dinar Dragon dashboard balance is insufficient to complete this payout."
	wrongKey     = "Invalid API key."
	notJSON      = "Invalid JSON body."
	wrongSum     = "The amounts in accounts must add up to amount."
	unknownCode  = "Invalid authcode."
	expiredCode  = "Authcode expired."
	usedCode     = "Authcode already used."
	noID         = "Missing uniqueid or payment_id."
	unknownID    = "Payment not found."
)

func wrongField(name string) string { return "Missing or invalid field: " + name + "." }

var ids = regexp.MustCompile(`"[0-9a-f]{16}"|"[0-9a-f]{32}"`)

// masked replaces ids by their number of digits.
func masked(body string) string {
	return ids.ReplaceAllStringFunc(body, func(id string) string { return fmt.Sprintf(`"<%d hex>"`, len(id)-2) })
}

// pays is an order that pays such amounts, each to an account of its own. It
// adds up.
func pays(amounts ...string) string {
	sum := new(big.Rat)
	accounts := make([]string, len(amounts))
	for i, amount := range amounts {
		sum.Add(sum, rat(amount))
		accounts[i] = account(fmt.Sprint(100_000_000+i), amount)
	}
	return asks(minimal(sum), accounts...)
}

// asks is an order with an amount of its own.
func asks(amount string, accounts ...string) string {
	return fmt.Sprintf(`{"amount":%s,"accounts":[%s]}`, amount, strings.Join(accounts, ","))
}

func account(acc, amount string) string {
	return fmt.Sprintf(`{"acc":%s,"amount":%s,"bank":"somebank","country":"US","recipientname":"somename"}`, acc, amount)
}

// rat is a decimal number, exactly.
func rat(text string) *big.Rat {
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		panic("no number: " + text)
	}
	return r
}

// minimal writes a number with as few digits as it has.
func minimal(r *big.Rat) string {
	text := strings.TrimRight(r.FloatString(60), "0")
	return strings.TrimSuffix(text, ".")
}

// charged is 2.5 % of an amount.
func charged(amount *big.Rat) *big.Rat { return new(big.Rat).Mul(amount, big.NewRat(25, 1000)) }
