package mockpay_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
	"github.com/mockpay/mockpay/mockpaytest"
)

// receivers are the examples that receive webhooks.
var receivers = []exampleIn{
	{"Node", func(t *testing.T) []string { return []string{node(t), "examples/node/receiver.mjs"} }},
	{"Go", func(t *testing.T) []string { return []string{goExample(t, "receiver")} }},
}

// A mailroom receives with one of the examples, one run after another.
type mailroom struct {
	*mockpaytest.Mockpay
	t       *testing.T
	command []string
	file    string // what was received

	*example // the newest run
	urls     map[string]string
}

// books are what a receiver prints when it ends.
type books struct {
	Transactions, Payouts, Cards, Purchases map[string]string
	Spent                                   map[string]decimal.Decimal
}

// open starts an example, and has the providers' webhooks go to it.
func (m *mailroom) open(encoding string) {
	m.t.Helper()
	m.example = launch(m.t, m.command, []string{
		"RECEIVER_PORT=0", "RECEIVER_STORE=" + m.file,
		"DINARICASH_WEBHOOK_KEY=" + m.Credential("dinaricash", "webhook_key"), "PONTIS_HMAC_SECRET=" + m.Credential("usdtpayout", "hmac_secret"),
	})
	m.urls = make(map[string]string)
	for _, provider := range []string{"dinaricash", "usdtpayout"} {
		line, err := m.stdout.ReadString('\n')
		require.NoError(m.t, err)
		m.urls[provider] = strings.TrimSpace(strings.TrimPrefix(line, "webhooks go to "))
		to := client.WebhookEndpoint{URL: m.urls[provider]}
		if provider == "dinaricash" {
			to.Encoding = encoding
		}
		_, err = m.SetWebhookEndpoint(m.t.Context(), provider, to)
		require.NoError(m.t, err)
	}
}

// close ends the example, and returns what it printed of each event, and at the end.
func (m *mailroom) close() (lines []string, end books) {
	m.t.Helper()
	require.NoError(m.t, m.cmd.Process.Signal(syscall.SIGTERM))
	lines = strings.Split(strings.TrimSuffix(m.ends(0), "\n"), "\n")
	last := len(lines) - 1
	require.NoError(m.t, json.Unmarshal([]byte(lines[last]), &end), lines[last])
	return lines[:last], end
}

// delivered sends all webhooks there are, and returns them, oldest first.
func (m *mailroom) delivered() []client.Webhook {
	m.t.Helper()
	m.Advance(10 * time.Minute)
	require.NoError(m.t, m.DrainWebhooks(m.t.Context(), patience))
	sent, err := m.Webhooks(m.t.Context(), client.WebhookFilter{Limit: 1000})
	require.NoError(m.t, err)
	slices.Reverse(sent.Webhooks)
	return sent.Webhooks
}

// handled tells whether an attempt was answered as something new.
func handled(a client.Attempt) bool { return a.Response.Headers["X-Handled"] == "true" }

// The receivers take what is genuine, refuse what is not, and count once.
func TestExamplesReceive(t *testing.T) {
	t.Parallel()
	for _, p := range receivers {
		t.Run(p.language, func(t *testing.T) {
			t.Parallel()
			command := p.command(t)
			for _, tt := range receptions {
				t.Run(tt.name, func(t *testing.T) {
					t.Parallel()
					m := mockpaytest.Start(t, mockpaytest.Scenario(tt.scenario), mockpaytest.Seed(7)) // which has some of each misbehaviour
					_, err := m.Freeze(t.Context())
					require.NoError(t, err)
					tt.run(t, &mailroom{Mockpay: m, t: t, command: command, file: filepath.Join(t.TempDir(), "received.jsonl")})
				})
			}
		})
	}
}

// receptions are what the receivers are tried with.
var receptions = []struct {
	name, scenario string
	run            func(*testing.T, *mailroom)
}{
	{"Audited", "default", func(t *testing.T, m *mailroom) { m.audited("form") }},
	{"AuditedInJSON", "default", func(t *testing.T, m *mailroom) { m.audited("json") }},
	{"Chaos", "webhook-chaos", chaos},
	{"Payouts", payoutChaos, payouts},
	{"AnyOrder", "card-lifecycle", func(t *testing.T, m *mailroom) {
		m.open("form")
		const at, later = "2026-01-15 09:00:00", "2026-01-15 09:00:05"
		for _, fields := range []map[string]string{
			{"TRANSACTION_ID": "1", "TRANSACTION_STATUS": "COMPLETED"}, {"TRANSACTION_ID": "1", "TRANSACTION_STATUS": "INITIATED"},
			{"TRANSACTION_ID": "2", "TRANSACTION_STATUS": "CANCELED"}, {"TRANSACTION_ID": "2", "TRANSACTION_STATUS": "COMPLETED"},
			{"CARD_ACCOUNT_ID": "3", "CARD_ACCOUNT_STATUS": "ACTIVE", "DATETIME_UPDATE": later}, {"CARD_ACCOUNT_ID": "3", "CARD_ACCOUNT_STATUS": "PAUSED", "DATETIME_UPDATE": at},
			{"CARD_ACCOUNT_ID": "4", "CARD_ACCOUNT_STATUS": "CANCELED", "DATETIME_UPDATE": at}, {"CARD_ACCOUNT_ID": "4", "CARD_ACCOUNT_STATUS": "ACTIVE", "DATETIME_UPDATE": later},
		} {
			status, isNew := m.told(fields)
			assert.Equal(t, 200, status)
			assert.Equal(t, "true", isNew)
		}
		lines, end := m.close()
		assert.Equal(t, []string{"transaction 1 COMPLETED", "transaction 2 CANCELED", "card 3 ACTIVE", "card 4 CANCELED"}, lines)
		assert.Equal(t, map[string]string{"1": "COMPLETED", "2": "CANCELED"}, end.Transactions)
		assert.Equal(t, map[string]string{"3": "ACTIVE", "4": "CANCELED"}, end.Cards)
	}},
	{"Refused", "default", func(t *testing.T, m *mailroom) {
		m.open("form")
		for _, tt := range []struct {
			fields map[string]string
			status int
		}{
			{map[string]string{"WEBHOOK_KEY": ""}, 401},
			{map[string]string{"WEBHOOK_KEY": "another"}, 401},
			{map[string]string{"TRANSACTION_ID": "../1", "TRANSACTION_STATUS": "COMPLETED"}, 400},
			{map[string]string{"TRANSACTION_ID": "1", "TRANSACTION_STATUS": "GONE"}, 400},
			{map[string]string{"TRANSACTION_ID": "1", "TRANSACTION_STATUS": "COMPLETED", "TRANSACTION_DATETIME_UPDATED": "2026-01-15 09"}, 400},
			{map[string]string{"PURCHASE_ID": "1", "PURCHASE_STATUS": "AUTHORIZED", "PURCHASE_AMOUNT": "-5", "PURCHASE_CURRENCY_ISO3": "USD"}, 400},
			{map[string]string{"TRANSACTION_ID": strings.Repeat("1", 1<<16)}, 413},
		} {
			status, _ := m.told(tt.fields)
			assert.Equal(t, tt.status, status, tt.fields)
		}
		for _, tt := range []struct {
			method, path, media, body string
			status                    int
		}{
			{"GET", "/dinaricash", "", "", 405}, {"POST", "/", "", "", 404},
			{"POST", "/dinaricash", "application/json", `{"WEBHOOK_KEY":`, 400}, {"POST", "/dinaricash", "application/json", `[]`, 400}, {"POST", "/dinaricash", "application/json", `null`, 400},
			{"POST", "/pontisglobe", "application/json", `{}`, 401},
		} {
			req, err := http.NewRequestWithContext(t.Context(), tt.method, strings.TrimSuffix(m.urls["dinaricash"], "/dinaricash")+tt.path, strings.NewReader(tt.body))
			require.NoError(t, err)
			req.Header.Set("Content-Type", tt.media)
			res, err := http.DefaultClient.Do(req)
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			assert.Equal(t, tt.status, res.StatusCode, "%+v", tt)
		}
		lines, end := m.close()
		assert.Empty(t, lines)
		assert.Empty(t, end.Transactions)
		assert.Contains(t, m.stderr.String(), "receiver: refused a webhook to /dinaricash: WEBHOOK_KEY is missing or wrong\n")
		assert.NotContains(t, m.stderr.String(), m.Credential("dinaricash", "webhook_key"))
	}},
	{"RestartsAfterACrash", "default", func(t *testing.T, m *mailroom) {
		bought := map[string]string{"PURCHASE_ID": "1", "PURCHASE_STATUS": "AUTHORIZED", "PURCHASE_AMOUNT": "12.79", "PURCHASE_CURRENCY_ISO3": "USD", "DATETIME_UPDATE": "2026-01-15 09:00:00"}
		m.open("form")
		_, isNew := m.told(bought)
		assert.Equal(t, "true", isNew)
		require.NoError(t, m.cmd.Process.Kill())
		_ = m.cmd.Wait()
		file, err := os.OpenFile(m.file, os.O_APPEND|os.O_WRONLY, 0)
		require.NoError(t, err)
		_, err = file.WriteString(`{"id":"purchase 2","kind":"purch`) // nobody was told that this is kept
		require.NoError(t, err)
		require.NoError(t, file.Close())

		m.open("form")
		_, isNew = m.told(bought)
		assert.Equal(t, "false", isNew)
		bought["PURCHASE_ID"], bought["PURCHASE_AMOUNT"] = "2", "0.21"
		_, isNew = m.told(bought)
		assert.Equal(t, "true", isNew)
		m.close()
		m.open("form")
		_, end := m.close()
		assert.Equal(t, "13", end.Spent["USD"].String())
	}},
	{"WrongUsage", "default", func(t *testing.T, m *mailroom) {
		e := launch(t, m.command, nil)
		e.ends(2)
		assert.Contains(t, e.stderr.String(), "set DINARICASH_WEBHOOK_KEY, PONTIS_HMAC_SECRET or both")
		m.open("form")
		taken, err := url.Parse(m.urls["dinaricash"])
		require.NoError(t, err)
		e = launch(t, m.command, []string{"DINARICASH_WEBHOOK_KEY=k", "RECEIVER_PORT=" + taken.Port(), "RECEIVER_STORE=" + m.file})
		e.ends(1)
		assert.Contains(t, e.stderr.String(), "address already in use")
		m.close()
	}},
}

// told sends the receiver fields with the key of Dinari Cash, and returns how it
// answers, and whether it says that it is new.
func (m *mailroom) told(fields map[string]string) (status int, isNew string) {
	m.t.Helper()
	form := url.Values{"WEBHOOK_KEY": {m.Credential("dinaricash", "webhook_key")}, "TRANSACTION_DATETIME_UPDATED": {"2026-01-15 09:00:00"}}
	for name, value := range fields {
		form.Set(name, value)
	}
	res, err := http.PostForm(m.urls["dinaricash"], form)
	require.NoError(m.t, err)
	require.NoError(m.t, res.Body.Close())
	return res.StatusCode, res.Header.Get("X-Handled")
}

// audited asserts that a receiver passes all that an audit tries.
func (m *mailroom) audited(encoding string) {
	m.t.Helper()
	m.open(encoding)
	for provider, events := range map[string]int{"dinaricash": 4, "usdtpayout": 1} {
		result, err := m.AuditWebhooks(m.t.Context(), provider, "")
		require.NoError(m.t, err)
		assert.True(m.t, result.OK, "%+v", result.Checks)
		assert.Len(m.t, result.Checks, 5*events)
		for _, c := range result.Checks {
			if c.Case == "duplicate" {
				assert.Equal(m.t, "once", c.Handled, c.Event)
			}
		}
	}
	m.close()
}

// chaos sends and buys while webhooks misbehave, and holds the receiver's books to
// what it was sent.
func chaos(t *testing.T, m *mailroom) {
	m.open("form")
	const n = 20
	for i := range n {
		m.calls("/send-money", "SEND_METHOD=ZELLE&RECIPIENT_ZELLE_ADDRESS=ssmith@example.com")
		m.calls("/send-transaction", fmt.Sprintf("SEND_METHOD=CARD_VIRTUAL&RECIPIENT_FULL_NAME=S&RECIPIENT_EMAILADDRESS=s%d@example.com", i))
		_, err := m.Simulate(t.Context(), "dinaricash.card_purchase", map[string]string{"card": "last", "amount": fmt.Sprintf("0.%02d", i+1)})
		require.NoError(t, err)
	}
	sent := m.delivered()
	accepted, tried := m.accepted(sent)
	for _, what := range []string{"bad_signature", "stale_timestamp", "corrupt", "duplicate"} {
		assert.NotZero(t, tried[what], what)
	}
	require.NotEmpty(t, accepted)
	require.Less(t, len(accepted), len(sent), "some were lost or spoiled")

	lines, end := m.close()
	m.holds(accepted, lines, end)

	// Then all come once more, as they should be.
	m.open("form")
	for _, w := range sent {
		got, err := m.Redeliver(t.Context(), w.ID)
		require.NoError(t, err)
		last := got.Attempts[len(got.Attempts)-1]
		assert.Equal(t, 200, last.Status)
		known := slices.ContainsFunc(accepted, func(a client.Webhook) bool { return a.ID == w.ID })
		assert.Equal(t, !known, handled(last), "%s", w.Payload)
	}
	lines, end = m.close()
	for _, line := range lines {
		assert.Equal(t, 1, count(lines, line), line)
	}
	m.holds(sent, nil, end)
	assert.Len(t, end.Transactions, 2*n)
	for id, status := range end.Transactions {
		assert.Equal(t, "COMPLETED", status, id)
	}
	assert.Equal(t, "2.1", end.Spent["USD"].String(), "each purchase counts once: 0.01 + … + 0.20")
}

// calls makes a send of Dinari Cash.
func (m *mailroom) calls(path, fields string) {
	m.t.Helper()
	form, err := url.ParseQuery(fields)
	require.NoError(m.t, err)
	form.Set("CORPORATE_ACCOUNT_ID", m.Credential("dinaricash", "corporate_account_id"))
	form.Set("GATEWAY_API_KEY", m.Credential("dinaricash", "gateway_api_key"))
	form.Set("SEND_CURRENCY_ISO3", "USD")
	form.Set("SEND_AMOUNT", "10")
	res, err := http.PostForm(m.BaseURL("dinaricash")+path, form)
	require.NoError(m.t, err)
	require.NoError(m.t, res.Body.Close())
	require.Equal(m.t, 200, res.StatusCode, res.Header.Get("X-Mockpay-Hint"))
}

// accepted are the webhooks that came at least once as they should, and how often
// each misbehaviour was met. Nothing else was taken, and nothing twice.
func (m *mailroom) accepted(sent []client.Webhook) (accepted []client.Webhook, tried map[string]int) {
	m.t.Helper()
	tried = make(map[string]int)
	for _, w := range sent {
		took := 0
		for _, a := range w.Attempts {
			spoiled := slices.DeleteFunc(slices.Clone(a.Spoiled), func(s string) bool {
				return s == "stale_timestamp" && w.Provider == "dinaricash" // which signs no time
			})
			for _, s := range a.Spoiled {
				tried[s]++
			}
			if a.Copy > 0 {
				tried["duplicate"]++
			}
			if len(spoiled) > 0 {
				assert.Contains(m.t, []int{400, 401}, a.Status, "%s %s", spoiled, w.Payload)
				continue
			}
			assert.Equal(m.t, 200, a.Status, "%s", w.Payload)
			assert.Equal(m.t, took == 0, handled(a), "%s", w.Payload)
			took++
		}
		if took > 0 {
			accepted = append(accepted, w)
		}
	}
	return accepted, tried
}

// holds asserts that a receiver's books hold what webhooks told, and no more, and that
// it has said each of that once.
func (m *mailroom) holds(told []client.Webhook, lines []string, end books) {
	m.t.Helper()
	transactions, purchases, spent := map[string]string{}, map[string]string{}, decimal.Zero
	for _, w := range told {
		var fields map[string]any
		require.NoError(m.t, json.Unmarshal(w.Payload, &fields))
		if id, ok := fields["PURCHASE_ID"].(string); ok {
			purchases[id] = fields["PURCHASE_STATUS"].(string)
			amount, err := decimal.NewFromString(fmt.Sprint(fields["PURCHASE_AMOUNT"]))
			require.NoError(m.t, err)
			spent = spent.Add(amount)
			continue
		}
		id, status := fields["TRANSACTION_ID"].(string), fields["TRANSACTION_STATUS"].(string)
		if transactions[id] != "COMPLETED" {
			transactions[id] = status
		}
	}
	assert.Equal(m.t, transactions, end.Transactions)
	assert.Equal(m.t, purchases, end.Purchases)
	assert.Equal(m.t, spent.String(), end.Spent["USD"].String())
	for _, line := range lines {
		assert.Equal(m.t, 1, count(lines, line), line)
	}
}

func count(lines []string, line string) (n int) {
	for _, l := range lines {
		if l == line {
			n++
		}
	}
	return n
}

// payoutChaos spoils the webhooks of the first live payouts, each in another way.
const payoutChaos = `version: 1
name: payout chaos
extends: instant
rules:
  - {on: usdtpayout.send_payout, times: 1, webhooks: {bad_signature: true}}
  - {on: usdtpayout.send_payout, times: 1, webhooks: {stale_timestamp: true}}
  - {on: usdtpayout.send_payout, times: 1, webhooks: {corrupt: true}}
  - {on: usdtpayout.send_payout, times: 1, webhooks: {duplicate: 2}}
`

// payouts pays through Pontis Globe while callbacks misbehave.
func payouts(t *testing.T, m *mailroom) {
	m.open("form")
	payer := goExample(t, "pontis-pay")
	for range 5 {
		pay := launch(t, []string{payer}, append(account(m.Mockpay),
			"CALLBACK_PORT=0", "PONTIS_TIMEOUT=0", "PONTIS_BASE_URL="+m.Workspace.Providers["usdtpayout"].LiveBaseURL))
		pay.ends(1)
		require.Contains(t, pay.stderr.String(), "no callback came", "it goes to the receiver")
	}
	_, err := m.Simulate(t.Context(), "usdtpayout.transition", map[string]string{"transaction": "last", "as": "reversed"})
	require.NoError(t, err)
	accepted, tried := m.accepted(m.delivered())
	assert.Equal(t, map[string]int{"bad_signature": 1, "stale_timestamp": 1, "corrupt": 1, "duplicate": 2}, tried)
	require.Len(t, accepted, 3)

	lines, end := m.close()
	var want []string
	for _, w := range accepted {
		var told struct {
			ID     string `json:"transaction_id"`
			Status string
		}
		require.NoError(t, json.Unmarshal(w.Payload, &told))
		want = append(want, fmt.Sprintf("payout %s %s", told.ID, told.Status))
	}
	assert.Equal(t, want, lines)
	assert.Len(t, end.Payouts, 2)
	assert.Contains(t, want[2], "reversed")
}
