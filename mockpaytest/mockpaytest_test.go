package mockpaytest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
	"github.com/mockpay/mockpay/mockpaytest"
)

// quote asks for an authcode and returns the HTTP status.
func quote(t *testing.T, m *mockpaytest.Mockpay, amount string) int {
	t.Helper()
	body := fmt.Sprintf(`{"amount":%[1]s,"accounts":[{"acc":1,"amount":%[1]s,"bank":"b","country":"US","recipientname":"n"}]}`, amount)
	req, err := http.NewRequestWithContext(t.Context(), "POST", m.BaseURL("dinardragon")+"/get-authcode", strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Authorization", m.Credential("dinardragon", "private_key"))
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return res.StatusCode
}

func TestEachTestHasItsOwnWorld(t *testing.T) {
	for _, balance := range []string{"1", "1000"} {
		t.Run("Balance "+balance, func(t *testing.T) {
			t.Parallel()
			m := mockpaytest.Start(t, mockpaytest.Scenario("version: 1\nproviders: {dinardragon: {balance: "+balance+"}}\n"))
			assert.Equal(t, "TestEachTestHasItsOwnWorld-Balance_"+balance, m.Workspace.ID)
			assert.Equal(t, balance, m.Balance("dinardragon", "USD"))
			want := map[string]int{"1": 403, "1000": 200}[balance]
			assert.Equal(t, want, quote(t, m, "100"))
		})
	}
}

func TestOptions(t *testing.T) {
	m := mockpaytest.Start(t, mockpaytest.Seed(5), mockpaytest.Scenario("authcode-expiry"),
		mockpaytest.ControlToken("secret"), mockpaytest.JournalSize(1))
	assert.EqualValues(t, 5, m.Workspace.Seed)
	assert.Equal(t, time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC), m.Advance(time.Hour).Now)

	quote(t, m, "1")
	quote(t, m, "2")
	seen, err := m.Requests(t.Context(), client.RequestFilter{})
	require.NoError(t, err)
	assert.Len(t, seen.Requests, 1)

	_, err = client.New(m.URL).Workspaces(t.Context())
	assert.ErrorContains(t, err, "control token")
}

func TestServerEndsWithItsTest(t *testing.T) {
	var url string
	t.Run("Inner", func(t *testing.T) { url = mockpaytest.Start(t).URL })
	_, err := http.Get(url + "/healthz")
	assert.Error(t, err)
}
