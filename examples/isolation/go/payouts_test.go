package payouts_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mockpay/mockpay/client"
	"github.com/mockpay/mockpay/mockpaytest"
)

func TestFailedPayoutIsRefunded(t *testing.T) {
	t.Parallel()
	m := mockpaytest.Start(t, mockpaytest.Scenario("failed-payment-refund"))
	if status := payOut(t, m); status != http.StatusOK {
		t.Fatalf("the payout is answered %d", status)
	}
	want(t, m.Balance("dinardragon", "USD"), "9948.75")

	m.Advance(5 * time.Second)
	want(t, m.Balance("dinardragon", "USD"), "9998.75")
}

func TestPayoutWithoutFunds(t *testing.T) {
	t.Parallel()
	m := mockpaytest.Start(t)
	if _, err := m.SetBalances(t.Context(), client.Balances{"dinardragon": {"USD": "5"}}); err != nil {
		t.Fatal(err)
	}
	if status := payOut(t, m); status != http.StatusForbidden {
		t.Errorf("the payout is answered %d", status)
	}
	want(t, m.Balance("dinardragon", "USD"), "5")
}

func TestSendIsTold(t *testing.T) {
	t.Parallel()
	m := mockpaytest.Start(t)
	told := make(chan string, 2)
	app := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		told <- r.FormValue("TRANSACTION_STATUS")
	}))
	t.Cleanup(app.Close)
	if _, err := m.SetWebhookEndpoint(t.Context(), "dinaricash", client.WebhookEndpoint{URL: app.URL}); err != nil {
		t.Fatal(err)
	}
	send(t, m)
	want(t, <-told, "INITIATED")

	m.Advance(5 * time.Second)
	want(t, <-told, "COMPLETED")
}

// payOut is your code: it pays 50 dollars by Dinar Dragon.
func payOut(t *testing.T, m *mockpaytest.Mockpay) (status int) {
	status, quote := post(t, m, "/get-authcode", `{"amount":50,"accounts":[{"acc":123456789,"amount":50,"bank":"somebank","country":"US","recipientname":"somename"}]}`)
	if _, rest, ok := strings.Cut(quote, `"authcode":"`); ok {
		authcode, _, _ := strings.Cut(rest, `"`)
		status, _ = post(t, m, "/execute", `{"authcode":"`+authcode+`"}`)
	}
	return status
}

func post(t *testing.T, m *mockpaytest.Mockpay, path, body string) (status int, answer string) {
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, m.BaseURL("dinardragon")+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", m.Credential("dinardragon", "private_key"))
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// send is your code: it sends 300 dollars by Dinari Cash.
func send(t *testing.T, m *mockpaytest.Mockpay) {
	res, err := http.PostForm(m.BaseURL("dinaricash")+"/send-money", url.Values{
		"CORPORATE_ACCOUNT_ID": {m.Credential("dinaricash", "corporate_account_id")},
		"GATEWAY_API_KEY":      {m.Credential("dinaricash", "gateway_api_key")},
		"SEND_METHOD":          {"ZELLE"}, "SEND_CURRENCY_ISO3": {"USD"}, "SEND_AMOUNT": {"300"},
		"RECIPIENT_ZELLE_ADDRESS": {"ssmith@example.com"},
	})
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
}

func want(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
