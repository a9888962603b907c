package dinardragon_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
)

// The keys of an account come in the order of the sample, not of the table.
func TestExecuteAnswersAsDocumented(t *testing.T) {
	t.Parallel()
	s := open(t, "")

	a := s.execute(s.quote(documented).Authcode)

	assert.Equal(t, 200, a.status)
	assert.Equal(t, "application/json", a.header.Get("Content-Type"))
	assert.Equal(t, `{"code":200,"accounts":[`+
		`{"amount":50,"bank":"somebank","country":"US","recipientname":"somename","accNo":123456789,"date":"2025-01-31","time":"14:35","email":"youremail@anemailprovider.com","uniqueid":"<16 hex>"},`+
		`{"amount":70,"bank":"someotherbank","country":"SA","recipientname":"someothername","accNo":987654321,"date":"2025-01-31","time":"14:35","email":"youremail@anemailprovider.com","uniqueid":"<16 hex>"},`+
		`{"amount":75,"bank":"yetanotherbank","country":"US","recipientname":"yetanothername","accNo":111111111,"date":"2025-01-31","time":"14:35","email":"youremail@anemailprovider.com","uniqueid":"<16 hex>"}],`+
		`"charge_in_usd":4.875,"payment_id":"<16 hex>","message":"Payout completed successfully."}`, masked(a.body))
}

// Numbers are written with as few digits as they have, and no exponent.
func TestNumbersAreMinimal(t *testing.T) {
	t.Parallel()
	tests := []struct{ sent, amount, charge string }{
		{"50", "50", "1.25"},
		{"50.00", "50", "1.25"},
		{"5e1", "50", "1.25"},
		{"0.5E+2", "50", "1.25"},
		{"500000e-4", "50", "1.25"},
		{"100", "100", "2.5"},
		{"1e3", "1000", "25"},
		{"40", "40", "1"},
		{"0.1", "0.1", "0.0025"},
		{"0.10", "0.1", "0.0025"},
		{"0.01", "0.01", "0.00025"},
		{"0.000001", "0.000001", "0.000000025"},
		{"1e-10", "0.0000000001", "0.0000000000025"},
		{"195.000", "195", "4.875"},
		{"33.333", "33.333", "0.833325"},
		{"1e21", "1000000000000000000000", "25000000000000000000"},
		{"9007199254740993", "9007199254740993", "225179981368524.825"},
		{"1234567890123456789.123456789", "1234567890123456789.123456789", "30864197253086419.728086419725"},
	}
	s := open(t, `{balance: "1e30"}`)
	for _, tt := range tests {
		t.Run(tt.sent, func(t *testing.T) {
			s := s.in(t)
			q := s.post("/get-authcode", asks(tt.sent, account("1", tt.sent)))
			assert.Equal(t, `{"code":200,"charge_in_usd":`+tt.charge+`,"authcode":"<32 hex>"}`, masked(q.body))
			a := s.execute(accepted[quote](t, q).Authcode)
			assert.Contains(t, a.body, `"accounts":[{"amount":`+tt.amount+`,`)
			assert.Contains(t, a.body, `],"charge_in_usd":`+tt.charge+`,`)
		})
	}
}

func TestDatesAreUTC(t *testing.T) {
	t.Parallel()
	tests := []struct{ start, date, time string }{
		{"2025-01-31T23:35:59.999-05:00", "2025-02-01", "04:35"},
		{"2024-03-01T01:02:03+03:00", "2024-02-29", "22:02"},
		{"2026-12-31T23:59:59.999Z", "2026-12-31", "23:59"},
		{"2027-01-01T00:00:00Z", "2027-01-01", "00:00"},
	}
	for _, tt := range tests {
		t.Run(tt.start, func(t *testing.T) {
			t.Parallel()
			s := openScenario(t, "version: 1\nclock: {start: "+tt.start+", frozen: true}\n")
			paid := s.pay(pays("5", "6")).Accounts
			for _, a := range paid {
				assert.Equal(t, tt.date+" "+tt.time, a.Date+" "+a.Time)
			}
		})
	}
}

// The date is that of the execution, not of the quote.
func TestDateIsThatOfTheExecution(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	code := s.quote(documented).Authcode
	s.Advance(14 * time.Minute)
	assert.Equal(t, "14:49", accepted[receipt](t, s.execute(code)).Accounts[0].Time)
}

func TestTextsOfAReceiptAreKnobs(t *testing.T) {
	t.Parallel()
	s := open(t, `{message: "Fertig & <gut>.", account_email: me@example.test}`)
	a := s.execute(s.quote(documented).Authcode)
	assert.Contains(t, a.body, `"message":"Fertig & <gut>."}`)
	for _, paid := range accepted[receipt](t, a).Accounts {
		assert.Equal(t, "me@example.test", paid.Email)
	}
}

func TestSameAccountTwiceIsTwoPayments(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	r := s.pay(asks("10", account("7", "5"), account("7", "5")))
	require.Len(t, r.Accounts, 2)
	assert.NotEqual(t, r.Accounts[0].UniqueID, r.Accounts[1].UniqueID)
	s.has("9989.75")
}

// Each movement of money is in the ledger, with what it was for.
func TestLedgerTellsWhatMoved(t *testing.T) {
	t.Parallel()
	s := open(t, `{balance: "1000"}`, `{on: dinardragon.execute, settle: [{when: {acc: 111111111}, as: failed, after: 30s}]}`)
	a := s.execute(s.quote(documented).Authcode)
	r := accepted[receipt](t, a)
	s.Advance(30 * time.Second)
	s.fund("50")

	ledger, err := s.Ledger(t.Context(), client.LedgerFilter{Provider: "dinardragon"})
	require.NoError(t, err)
	require.Len(t, ledger, 4)
	at := time.Date(2025, 1, 31, 14, 35, 0, 0, time.UTC)
	job := ledger[2].Job
	assert.NotEmpty(t, job)
	assert.Equal(t, []client.Entry{
		{At: at, Provider: "dinardragon", Balance: "USD", Delta: "1000", After: "1000", Operation: "opening"},
		{At: at, Provider: "dinardragon", Balance: "USD", Delta: "-199.875", After: "800.125", Operation: "dinardragon.execute",
			Request: a.header.Get("X-Mockpay-Request-Id"), Reference: r.PaymentID},
		{At: at.Add(30 * time.Second), Provider: "dinardragon", Balance: "USD", Delta: "75", After: "875.125", Operation: "dinardragon.settle",
			Job: job, Reference: r.Accounts[2].UniqueID},
		{At: at.Add(30 * time.Second), Provider: "dinardragon", Balance: "USD", Delta: "-825.125", After: "50", Operation: "set by control"},
	}, ledger)
}

// No webhooks are documented, so none leave.
func TestNoWebhooks(t *testing.T) {
	t.Parallel()
	s := open(t, "{failing_accounts: [987654321]}")
	s.pay(documented)
	s.Advance(time.Hour)
	text, err := s.State(t.Context())
	require.NoError(t, err)
	var snapshot struct {
		State struct {
			Jobs   []any            `json:"jobs"`
			Tables map[string][]any `json:"tables"`
		} `json:"state"`
	}
	require.NoError(t, json.Unmarshal(text, &snapshot))
	assert.NotEmpty(t, snapshot.State.Tables["dinardragon.payouts"], "the payout is there")
	assert.Empty(t, snapshot.State.Tables["webhooks"])
	assert.Empty(t, snapshot.State.Jobs)
}

// Of 1,000 executions at once against funds for exactly 100, exactly 100 go
// through.
func TestConcurrentExecutionsNeverOverdraw(t *testing.T) {
	t.Parallel()
	const all, covered = 1000, 100
	s := open(t, `{balance: "1025"}`) // 100 payouts of 10 with their charge of 0.25
	codes := make([]string, all)
	for i := range codes {
		codes[i] = s.quote(pays("4", "6")).Authcode
	}

	counts := countStatuses(t, 32, codes, func(code string) (answer, error) {
		return s.try(http.MethodPost, "/execute", fmt.Sprintf(`{"authcode":%q}`, code), http.Header{"Authorization": {s.key}})
	})

	assert.Equal(t, map[int]int{200: covered, 403: all - covered}, counts)
	s.has("0")
	ledger, err := s.Ledger(t.Context(), client.LedgerFilter{Provider: "dinardragon"})
	require.NoError(t, err)
	require.Len(t, ledger, 1+covered)
	for _, e := range ledger[1:] {
		assert.Equal(t, "-10.25", e.Delta)
	}
	s.sound()
	s.Advance(2 * time.Second)
	s.sound()
}

// A code that many execute at once is executed by one of them.
func TestConcurrentExecutionsOfOneCode(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	codes := make([]string, 100)
	code := s.quote(documented).Authcode
	for i := range codes {
		codes[i] = code
	}

	counts := countStatuses(t, 16, codes, func(code string) (answer, error) {
		return s.try(http.MethodPost, "/execute", fmt.Sprintf(`{"authcode":%q}`, code), http.Header{"Authorization": {s.key}})
	})

	assert.Equal(t, map[int]int{200: 1, 400: 99}, counts)
	s.has("9800.125")
	s.sound()
}

// countStatuses makes a call for each text, so many at a time.
func countStatuses(t *testing.T, workers int, texts []string, call func(string) (answer, error)) map[int]int {
	t.Helper()
	todo, done := make(chan string), make(chan int)
	for range workers {
		go func() {
			for text := range todo {
				a, err := call(text)
				assert.NoError(t, err)
				done <- a.status
			}
		}()
	}
	go func() {
		defer close(todo)
		for _, text := range texts {
			todo <- text
		}
	}()
	counts := make(map[int]int)
	for range texts {
		counts[<-done]++
	}
	return counts
}
