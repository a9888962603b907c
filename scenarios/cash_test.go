package scenarios_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A sending is a call of Dinari Cash that sends money, with all but who sends
// and how much.
type sending struct{ path, form string }

var (
	achSend   = sending{"/", "SEND_METHOD=ACH&SEND_CURRENCY_ISO3=USD&RECIPIENT_FULL_NAME=Sage+Smith&RECIPIENT_BANK_ACCOUNT=1234567890&RECIPIENT_BANK_ROUTING=123456789"}
	zelleSend = sending{"/send-money", "SEND_METHOD=ZELLE&SEND_CURRENCY_ISO3=USD&RECIPIENT_ZELLE_ADDRESS=ssmith%40example.com"}
	swiftSend = sending{"/swift-transfer", "SEND_METHOD=SWIFT&SEND_CURRENCY_ISO3=USD&RECIPIENT_FULL_NAME=Sage+Smith&RECIPIENT_STREET_1=1&RECIPIENT_CITY=LA&RECIPIENT_REGION=CA" +
		"&RECIPIENT_COUNTRY_ISO3=USA&RECIPIENT_BANK_ACCOUNT=1&RECIPIENT_BANK_ROUTING=AAAABBCC123&RECIPIENT_BANK_NAME=Citibank&RECIPIENT_BANK_STREET_1=1" +
		"&RECIPIENT_BANK_CITY=LA&RECIPIENT_BANK_REGION=CA&RECIPIENT_BANK_COUNTRY_ISO3=USA"}
	manageCards = sending{path: "/manage-cards"}
)

// loadFor loads the card of a recipient.
func loadFor(email string) sending {
	return sending{"/send-transaction", "SEND_METHOD=CARD_VIRTUAL&SEND_CURRENCY_ISO3=USD&RECIPIENT_FULL_NAME=Someone&RECIPIENT_EMAILADDRESS=" + url.QueryEscape(email)}
}

// cash makes a call of Dinari Cash, with more parameters in turn.
func (s *shop) cash(c sending, amount string, more ...string) answer {
	s.t.Helper()
	a, err := s.tryCash(c, amount, more...)
	require.NoError(s.t, err)
	return a
}

// tryCash makes a call that may get no answer.
func (s *shop) tryCash(c sending, amount string, more ...string) (answer, error) {
	s.t.Helper()
	form, err := url.ParseQuery(c.form)
	require.NoError(s.t, err)
	for _, names := range [][]string{{"CORPORATE_ACCOUNT_ID", "GATEWAY_API_KEY"}, {"PUBLIC_KEY", "API_SECRET"}} {
		form.Set(names[0], s.Credential("dinaricash", "corporate_account_id"))
		form.Set(names[1], s.Credential("dinaricash", "gateway_api_key"))
	}
	if amount != "" {
		form.Set("SEND_AMOUNT", amount)
	}
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return read(http.PostForm(s.BaseURL("dinaricash")+c.path, form))
}

// send makes a call that succeeds and returns its data.
func (s *shop) send(c sending, amount string, more ...string) map[string]any {
	s.t.Helper()
	a := s.cash(c, amount, more...)
	require.Equal(s.t, http.StatusOK, a.status, a.body)
	var got struct{ Data map[string]any }
	require.NoError(s.t, json.Unmarshal([]byte(a.body), &got))
	return got.Data
}

// webhooks are the payloads of all webhooks so far, oldest first.
func (s *shop) webhooks() (payloads []map[string]any) {
	s.t.Helper()
	res, err := http.Get(s.URL + "/_mockpay/webhooks?workspace=" + s.Workspace.ID)
	require.NoError(s.t, err)
	defer res.Body.Close()
	var got struct {
		Webhooks []struct{ Payload map[string]any }
	}
	require.NoError(s.t, json.NewDecoder(res.Body).Decode(&got))
	for _, w := range got.Webhooks {
		payloads = append(payloads, w.Payload)
	}
	slices.Reverse(payloads)
	return payloads
}

// told are the statuses of transactions that webhooks told, oldest first.
func (s *shop) told() (all []string) {
	for _, p := range s.webhooks() {
		if status, ok := p["TRANSACTION_STATUS"].(string); ok {
			all = append(all, status)
		}
	}
	return all
}

// listed are the statuses of all transactions, newest first.
func (s *shop) listed() (all []string) {
	s.t.Helper()
	for _, row := range s.send(sending{path: "/list-transactions"}, "")["TRANSACTION_LIST_ARRAY"].([]any) {
		all = append(all, row.(map[string]any)["TRANSACTION_STATUS"].(string))
	}
	return all
}

// funds are payout and float.
func (s *shop) funds() string {
	return s.Balance("dinaricash", "payout") + " " + s.Balance("dinaricash", "float")
}

// Ten seconds after it was accepted a send ends, and all it took comes back.
func promiseEnd(t *testing.T, s *shop, c sending, word string) {
	s.freeze()
	s.send(c, "300.00")
	assert.Equal(t, "49803.1 1020.75", s.funds(), "308.00 and 1.50 are taken")

	s.Advance(9999 * time.Millisecond)
	assert.Equal(t, []string{"Initiated"}, s.listed())
	s.Advance(time.Millisecond)
	assert.Equal(t, []string{"INITIATED", word}, s.told())
	assert.Equal(t, []string{word[:1] + strings.ToLower(word[1:])}, s.listed())
	assert.Equal(t, "50111.1 1022.25", s.funds(), "all comes back")
	s.sound()
}

func promiseSwiftDeclined(t *testing.T, s *shop) { promiseEnd(t, s, swiftSend, "DECLINED") }

func promiseZelleFailed(t *testing.T, s *shop) {
	promiseEnd(t, s, zelleSend, "FAILED")
	assert.Contains(t, s.cash(sending{path: "/list-transactions"}, "").body, `"GATEWAY_MESSAGE":"The recipient is not enrolled with Zelle."`)
}

// An ACH send is answered Completed and canceled ten seconds later for 20.00.
func promiseACHCanceled(t *testing.T, s *shop) {
	s.freeze()
	assert.Equal(t, "Completed", s.send(achSend, "300.00")["TRANSACTION_STATUS"])
	assert.Equal(t, "49798.6", s.Balance("dinaricash", "payout"), "312.50 are taken")

	s.Advance(10 * time.Second)
	assert.Equal(t, []string{"INITIATED", "CANCELED"}, s.told())
	assert.Equal(t, []string{"Canceled"}, s.listed())
	assert.Equal(t, "50078.6", s.Balance("dinaricash", "payout"), "280.00 come back")
	s.sound()
}

// The documents' own account is that of the default workspace; elsewhere all but
// the account is as documented.
func promiseDocumentedExamples(t *testing.T, s *shop) {
	sent := s.send(zelleSend, "300")
	assert.Equal(t, "955a380d7d9c05707f199fbe8ba8474d", sent["TRANSACTION_ID"])
	assert.Equal(t, "2023-03-06 18:04:00", sent["TRANSACTION_DATETIME_CREATED"])
	assert.Equal(t, 2300.0, sent["PAYOUT_BALANCE_BEFORE_TRANSACTION"])
	assert.Equal(t, 1992.0, sent["PAYOUT_BALANCE_AFTER_TRANSACTION"])
	s.sound()
}

const (
	adasCard   = "11111111111111111111111111111111"
	gracesCard = "22222222222222222222222222222222"
	alansCard  = "33333333333333333333333333333333"
)

// card is a card as an action leaves it.
func (s *shop) card(id, action string) map[string]any {
	s.t.Helper()
	return s.send(manageCards, "", "SERVICE_ACTION", action, "CARD_ACCOUNT_ID", id)
}

// buy is what a purchase with a card is told.
func (s *shop) buy(card, amount string) string {
	s.t.Helper()
	changed, err := s.Simulate(s.t.Context(), "dinaricash.card_purchase", map[string]string{"card": card, "amount": amount})
	require.NoError(s.t, err)
	var got struct{ Status string }
	require.NoError(s.t, json.Unmarshal(changed, &got))
	return got.Status
}

// A card in each state can be managed, reloaded and bought with.
func promiseCardLifecycle(t *testing.T, s *shop) {
	assert.Equal(t, "AUTHORIZED", s.buy(adasCard, "12.79"))
	assert.Equal(t, "PAUSED", s.card(adasCard, "PAUSE_CARD")["CARD_STATUS"])
	assert.Equal(t, "ACTIVE", s.card(gracesCard, "UNPAUSE_CARD")["CARD_STATUS"])
	assert.Equal(t, "CANCELED", s.card(alansCard, "GET_CARD_DETAILS")["CARD_STATUS"])
	assert.Equal(t, 400, s.cash(manageCards, "", "SERVICE_ACTION", "UNPAUSE_CARD", "CARD_ACCOUNT_ID", alansCard).status)
	assert.Equal(t, 0.0, s.card(adasCard, "CANCEL_CARD")["CARD_BALANCE"])
	assert.Equal(t, "50198.31", s.Balance("dinaricash", "payout"), "her 87.21 are back")

	assert.Equal(t, gracesCard, s.send(loadFor("GRACE@example.com"), "10")["CARD_ACCOUNT_ID"])
	assert.Equal(t, 60.0, s.card(gracesCard, "GET_CARD_DETAILS")["CARD_BALANCE"])
	assert.NotEqual(t, alansCard, s.send(loadFor("alan@example.com"), "10")["CARD_ACCOUNT_ID"])
	var changes []any
	for _, p := range s.webhooks() {
		if p["WEBHOOK_ACTION"] == "CARD STATUS UPDATE" {
			changes = append(changes, p["CARD_ACCOUNT_STATUS"])
		}
	}
	assert.Equal(t, []any{"PAUSED", "ACTIVE", "CANCELED", "ACTIVE"}, changes, "the last is the new card")
	s.sound()
}

// Each of the cards rejects a purchase of 12.79 for another reason.
func promiseCardPurchaseRejected(t *testing.T, s *shop) {
	assert.Equal(t, "REJECTED: Insufficient funds", s.buy(adasCard, "12.79"))
	assert.Equal(t, "REJECTED: Card paused", s.buy(gracesCard, "12.79"))
	assert.Equal(t, "REJECTED: Card canceled", s.buy(alansCard, "12.79"))
	for _, p := range s.webhooks() {
		assert.Equal(t, "CARD PURCHASE UPDATE", p["WEBHOOK_ACTION"])
		assert.Equal(t, p["PREPURCHASE_BALANCE"], p["POSTPURCHASE_BALANCE"])
	}
	assert.Len(t, s.webhooks(), 3)
	s.sound()
}
