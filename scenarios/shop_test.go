package scenarios_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
	"github.com/mockpay/mockpay/mockpaytest"
)

// A shop pays people through Dinar Dragon: it makes the calls that users make.
type shop struct {
	*mockpaytest.Mockpay
	t *testing.T
}

// openShop runs a server with a scenario, whose clock stands still unless the
// scenario says otherwise. "version: 1" need not be written.
func openShop(t *testing.T, scenario string) *shop {
	t.Helper()
	if !strings.Contains(scenario, "clock:") {
		scenario = "clock: {start: 2026-01-15T09:00:00Z, frozen: true}\n" + scenario
	}
	return openShopOf(t, "version: 1\n"+scenario)
}

// openShopOf runs a server with a scenario as it is, or a shipped one.
func openShopOf(t *testing.T, nameOrText string) *shop {
	t.Helper()
	return &shop{mockpaytest.Start(t, mockpaytest.Scenario(nameOrText), mockpaytest.Seed(7)), t}
}

// An answer is what came back of a call.
type answer struct {
	status int
	header http.Header
	body   string
}

// read reads an answer, if one came.
func read(res *http.Response, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(text)}, err
}

// rule is the rule that acted, "" if none did.
func (a answer) rule() string { return a.header.Get("X-Mockpay-Rule") }

// call posts a body, with headers given as names and values in turn.
func (s *shop) call(path, body string, headers ...string) answer {
	s.t.Helper()
	a, err := s.try(path, body, headers...)
	require.NoError(s.t, err)
	return a
}

// try makes a call that may get no answer.
func (s *shop) try(path, body string, headers ...string) (answer, error) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.BaseURL("dinardragon")+path, strings.NewReader(body))
	require.NoError(s.t, err)
	req.Header.Set("Authorization", s.Credential("dinardragon", "private_key"))
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return read(http.DefaultClient.Do(req))
}

// A payee gets an amount on an account.
type payee struct{ acc, amount string }

// order is the body that quotes a payout of an amount.
func order(amount string, to ...payee) string {
	var accounts []string
	for _, p := range to {
		accounts = append(accounts, fmt.Sprintf(`{"acc":%s,"amount":%s,"bank":"Rafidain","country":"IRQ","recipientname":"Zaynab"}`, p.acc, p.amount))
	}
	return fmt.Sprintf(`{"amount":%s,"accounts":[%s]}`, amount, strings.Join(accounts, ","))
}

// quote gets the authcode of a payout.
func (s *shop) quote(amount string, to ...payee) string {
	s.t.Helper()
	a := s.call("/get-authcode", order(amount, to...))
	require.Equal(s.t, http.StatusOK, a.status, a.body)
	var got struct{ Authcode string }
	require.NoError(s.t, json.Unmarshal([]byte(a.body), &got))
	return got.Authcode
}

// execute spends an authcode.
func (s *shop) execute(code string, headers ...string) answer {
	s.t.Helper()
	return s.call("/execute", `{"authcode":"`+code+`"}`, headers...)
}

// A payoutMade is a payout and its payments, in the order of the payees.
type payoutMade struct {
	ID       string `json:"payment_id"`
	Accounts []struct{ UniqueID string }
}

// pay quotes and executes a payout that is accepted.
func (s *shop) pay(amount string, to ...payee) payoutMade {
	s.t.Helper()
	a := s.execute(s.quote(amount, to...))
	require.Equal(s.t, http.StatusOK, a.status, a.body)
	var made payoutMade
	require.NoError(s.t, json.Unmarshal([]byte(a.body), &made))
	return made
}

// statuses are what the payments of a payout have come to: 0 processing,
// 1 successful, 2 failed.
func (s *shop) statuses(p payoutMade) []int {
	s.t.Helper()
	a := s.call("/status", `{"payment_id":"`+p.ID+`"}`)
	require.Equal(s.t, http.StatusOK, a.status, a.body)
	var got struct{ Payments []struct{ Status int } }
	require.NoError(s.t, json.Unmarshal([]byte(a.body), &got))
	var all []int
	for _, payment := range got.Payments {
		all = append(all, payment.Status)
	}
	return all
}

// balance is the dashboard balance in USD.
func (s *shop) balance() string {
	s.t.Helper()
	return s.Balance("dinardragon", "USD")
}

// sound checks that the money adds up.
func (s *shop) sound() {
	s.t.Helper()
	checks, err := s.Invariants(s.t.Context())
	require.NoError(s.t, err)
	require.True(s.t, checks.OK, "%+v", checks.Checks)
}

func requestsOf(operation string) client.RequestFilter {
	return client.RequestFilter{Operation: operation}
}
