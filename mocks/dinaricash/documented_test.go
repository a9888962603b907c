package dinaricash_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/mockpaytest"
)

// documented is an example of the documents: its JSON without white space, taken
// from their text.
func documented(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/documented/" + name + ".json")
	require.NoError(t, err)
	return string(bytes.TrimSpace(text))
}

// The documents' own sample calls, each parameter as there. The placeholders of
// the ACH call are let in by the scenario.
var sampleCalls = map[string]struct{ path, body string }{
	"ach":               {"/", "PUBLIC_KEY=your_public_key&API_SECRET=your_api_secret&SEND_METHOD=ACH&SEND_CURRENCY_ISO3=USD&SEND_AMOUNT=100&RECIPIENT_FULL_NAME=John+Doe&RECIPIENT_BANK_ACCOUNT=1234567890&RECIPIENT_BANK_ROUTING=987654321&PUBLIC_TRANSACTION_DESCRIPTION=Payment+for+T-shirt+purchase&CORPORATE_ADMINISTRATIVE_MESSAGE=Payment+for+order+%2312345"},
	"card_load":         {"/send-transaction", signed + "&SEND_METHOD=CARD_VIRTUAL&SEND_CURRENCY_ISO3=USD&SEND_AMOUNT=300&RECIPIENT_FULL_NAME=Sage+Smith&RECIPIENT_EMAILADDRESS=ssmith%40example.com&RECIPIENT_ACCOUNT_ID=945270b8c9123a3cd5198f68459c3630&PUBLIC_TRANSACTION_DESCRIPTION=Payment+for+Invoice+%2311234&CORPORATE_ADMINISTRATIVE_MESSAGE=Follow-up+with+service+upgrade."},
	"manage_cards":      {"/manage-cards", signed + "&CARD_ACCOUNT_ID=945270b8c9123a3cd5198f68459c3630&SERVICE_ACTION=GET_CARD_LIST"},
	"swift":             {"/swift-transfer", signed + "&SEND_METHOD=SWIFT&SEND_CURRENCY_ISO3=USD&SEND_AMOUNT=300&RECIPIENT_FULL_NAME=Sage+Smith&RECIPIENT_STREET_1=123+Street&RECIPIENT_STREET_2=Apt+700&RECIPIENT_CITY=Los+Angeles&RECIPIENT_REGION=California&RECIPIENT_POSTAL_CODE=98210&RECIPIENT_COUNTRY_ISO3=USA&RECIPIENT_BANK_ACCOUNT=1234567890&RECIPIENT_BANK_ROUTING=AAAABBCC123&RECIPIENT_BANK_NAME=Citibank&RECIPIENT_BANK_STREET_1=123+Street+Address&RECIPIENT_BANK_STREET_2=Suite+1&RECIPIENT_BANK_CITY=Los+Angeles&RECIPIENT_BANK_REGION=California&RECIPIENT_BANK_COUNTRY_ISO3=USA"},
	"zelle":             {"/send-money", signed + "&SEND_METHOD=ZELLE&SEND_CURRENCY_ISO3=USD&SEND_AMOUNT=300&RECIPIENT_ZELLE_ADDRESS=ssmith%40example.com"},
	"list_transactions": {"/list-transactions", signed + "&CUSTOMER_ID=ce282366866e03750e55a759ebb50adf&TRANSACTION_ID=ed8f03485e2bc5e19639dcc6248b25c3&TRANSACTION_DIRECTION=OUTGOING&LIST_ORDER=DESCENDING&DATETIME_START=2020-01-01T00%3A00%3A00&DATETIME_END=2023-02-02T23%3A59%3A59"},
	"cancel":            {"/transaction/status", signed + "&TRANSACTION_ID=ed8f03485e2bc5e19639dcc6248b25c3"},
	"balance":           {"/account/balance", signed},
}

const signed = "CORPORATE_ACCOUNT_ID=8d1838fbb7fea3206326d0d96f162618&GATEWAY_API_KEY=955a380d7d9c05707f199fbe8ba8474d"

// An example is a call with the document's answer.
type documentedExample struct {
	name    string // of the answer
	op      string
	change  url.Values // of the sample call's parameters; an empty value takes one out
	outcome string
	status  int
}

var documentedExamples = []documentedExample{
	{name: "ach_success", op: "ach", change: url.Values{"SEND_AMOUNT": {"250.75"}}, status: 200},
	{name: "ach_error", op: "ach", outcome: "insufficient_balance", status: 402},
	{name: "card_load_success", op: "card_load", status: 200},
	{name: "card_load_error", op: "card_load", outcome: "insufficient_balance", status: 402},
	{name: "swift_success", op: "swift", status: 200},
	{name: "swift_error", op: "swift", outcome: "failed", status: 402},
	{name: "zelle_success", op: "zelle", status: 200},
	{name: "zelle_error", op: "zelle", outcome: "failed", status: 402},
	{name: "cancel_error", op: "cancel", change: url.Values{"TRANSACTION_ID": {"955a380d7d9c05707f199fbe8ba8474d"}}, outcome: "cancel_refused", status: 403},
	{name: "cancel_success", op: "cancel", change: url.Values{"TRANSACTION_ID": {"955a380d7d9c05707f199fbe8ba8474d"}}, status: 200},
	{name: "manage_cards_success", op: "manage_cards", status: 200},
	{name: "manage_cards_error", op: "manage_cards", change: url.Values{"CORPORATE_ACCOUNT_ID": {""}}, status: 400},
	{name: "list_transactions_success", op: "list_transactions", status: 200},
	{name: "list_transactions_error", op: "list_transactions", outcome: "server_error", status: 500},
	{name: "balance_success", op: "balance", status: 200},
	{name: "balance_error", op: "balance", change: url.Values{"GATEWAY_API_KEY": {"wrong"}}, status: 400},
}

// do makes the example's call and returns its answer.
func (x *documentedExample) do(t *testing.T, base string) (status int, body string) {
	t.Helper()
	form, err := url.ParseQuery(sampleCalls[x.op].body)
	require.NoError(t, err)
	for name, values := range x.change {
		form[name] = values
		if values[0] == "" {
			delete(form, name)
		}
	}
	req, err := http.NewRequest(http.MethodPost, base+sampleCalls[x.op].path, strings.NewReader(form.Encode()))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if x.outcome != "" {
		req.Header.Set("X-Mockpay-Outcome", x.outcome)
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, string(text)
}

// startDocumented runs the scenario in the default workspace, whose credentials
// are the documented ones.
func startDocumented(t *testing.T) *mockpaytest.Mockpay {
	return mockpaytest.Start(t, mockpaytest.Default(), mockpaytest.Scenario("documented-examples"))
}

// Every example is answered to the byte, in the order of the documents, in the
// reverse, and all of it twice but for the cancel, which is for good.
func TestDocumentedExamples(t *testing.T) {
	reversed := slices.Clone(documentedExamples)
	slices.Reverse(reversed)
	for order, examples := range map[string][]documentedExample{"InOrder": documentedExamples, "Reversed": reversed} {
		t.Run(order, func(t *testing.T) {
			m := startDocumented(t)
			for round := range 2 {
				buyDocumented(t, m)
				for _, x := range examples {
					if round == 1 && x.name == "cancel_success" {
						continue
					}
					status, body := x.do(t, m.BaseURL("dinaricash"))
					assert.Equal(t, x.status, status, x.name)
					assert.Equal(t, documented(t, x.name), body, x.name)
				}
			}
			soundInvariants(t, m)
		})
	}
}

// The documents' sample calls succeed as they stand.
func TestSampleCallsSucceed(t *testing.T) {
	m := startDocumented(t)
	for op := range sampleCalls {
		status, body := (&documentedExample{op: op}).do(t, m.BaseURL("dinaricash"))
		assert.Equal(t, 200, status, op)
		assert.Contains(t, body, `{"status":"success",`, op)
	}
	soundInvariants(t, m)
}

const documentedCard = "945270b8c9123a3cd5198f68459c3630"

// buyDocumented makes the two documented purchases.
func buyDocumented(t *testing.T, m *mockpaytest.Mockpay) {
	t.Helper()
	_, err := m.Simulate(t.Context(), "dinaricash.card_purchase", map[string]string{
		"card": documentedCard, "amount": "10.00", "description": "AMAZON.COM AMZN.COM/BI SEATTLE WAUS", "category_code": "5942",
	})
	require.NoError(t, err)
	_, err = m.Simulate(t.Context(), "dinaricash.card_purchase", map[string]string{"card": documentedCard, "amount": "100.02"})
	require.NoError(t, err)
}

func soundInvariants(t *testing.T, m *mockpaytest.Mockpay) {
	t.Helper()
	res, err := http.Get(m.URL + "/_mockpay/invariants?workspace=" + m.Workspace.ID)
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	assert.Contains(t, string(text), `{"ok":true,`)
}

// wrappedWebhooks makes the calls and actions whose webhooks the documents show,
// with the ids that they show.
const wrappedWebhooks = `version: 1
name: documented-webhooks
extends: documented-examples
clock: {start: 2023-05-08T10:55:01Z, frozen: true}
providers:
  dinaricash:
    webhook_form: wrapped
    webhook_on_rejection: true
    settle: {CARD_VIRTUAL: {as: INITIATED}, ZELLE: {after: 0s}}
    examples:
      - {on: swift, id: 255c25d543faa2f21f142e050199857e}
      - {on: swift, outcomes: [failed], id: 255c25d543faa2f21f142e050199857e}
      - {on: zelle, id: 255c25d543faa2f21f142e050199857e}
      - {on: card_load, id: 255c25d543faa2f21f142e050199857e, card: 945270b8c9123a3cd5198f68459c3630, webhook_key: d4238f59beea578ab494a6f5126cf853}
      - {on: card_load, outcomes: [failed], id: 255c25d543faa2f21f142e050199857e, card: 945270b8c9123a3cd5198f68459c3630, webhook_key: d4238f59beea578ab494a6f5126cf853}
      - on: card_purchase
        when: {amount: "10"}
        id: 8d1838fbb7fea3206326d0d96f162618
        before: {card: "100.01"}
        postpurchase_balance: "99.01"
      - {on: card_purchase, outcomes: [rejected], id: 8d1838fbb7fea3206326d0d96f162618, before: {card: "100.01"}, postpurchase_balance: "99.01"}
rules:
  - name: decline the small one
    on: dinaricash.zelle
    when: {SEND_AMOUNT: 2}
    settle: {as: DECLINED, after: 0s}
`

// Every documented webhook but one is sent as the documents show it. The one, a
// card status that could not be updated, is no state of a card.
func TestDocumentedWebhooks(t *testing.T) {
	var got []string
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, string(body)) // one after another, as events are sent
	}))
	defer receiver.Close()
	m := mockpaytest.Start(t, mockpaytest.Default(), mockpaytest.Scenario(
		strings.Replace(wrappedWebhooks, "webhook_form", "webhook: {url: \""+receiver.URL+"\", encoding: json}\n    webhook_form", 1)))
	base := m.BaseURL("dinaricash")

	for _, x := range []documentedExample{
		{op: "swift"},
		{op: "swift", outcome: "failed"},
		{op: "zelle"},
		{op: "zelle", change: url.Values{"SEND_AMOUNT": {"2"}}},
		{op: "card_load"},
		{op: "card_load", outcome: "failed"},
		{op: "manage_cards", change: url.Values{"SERVICE_ACTION": {"PAUSE_CARD"}}},
		{op: "manage_cards", change: url.Values{"SERVICE_ACTION": {"UNPAUSE_CARD"}}},
	} {
		x.do(t, base)
	}
	_, err := m.Simulate(t.Context(), "dinaricash.card_purchase", map[string]string{
		"card": documentedCard, "amount": "10.00", "description": "AMAZON.COM AMZN.COM/BI SEATTLE WAUS", "category_code": "5942",
	})
	require.NoError(t, err)
	_, err = m.Simulate(t.Context(), "dinaricash.card_purchase", map[string]string{"card": documentedCard, "amount": "100.02"})
	require.NoError(t, err)
	m.Advance(0) // returns when all that fell due was sent

	require.Len(t, got, 12)
	for i, name := range map[int]string{
		0: "swift_webhook_success", 1: "swift_webhook_error", 3: "zelle_webhook_success", 5: "zelle_webhook_error",
		6: "card_load_webhook_success", 7: "card_load_webhook_error", 9: "card_status_webhook_success",
		10: "card_purchase_webhook_success", 11: "card_purchase_webhook_error",
	} {
		assert.Equal(t, documented(t, name), got[i], name)
	}
	soundInvariants(t, m)
}
