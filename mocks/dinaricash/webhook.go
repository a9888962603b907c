package dinaricash

import (
	"github.com/mockpay/mockpay/provider"
)

// Events are the webhooks. The three status webhooks of ACH, SWIFT and Zelle are
// one event with fields of their own each [S2 l.119-143, 783-803, 943-967].
const (
	eventTransaction  = "transaction_status"
	eventCardLoad     = "card_load"
	eventCardPurchase = "card_purchase"
	eventCardStatus   = "card_status"
)

// eventTimes are the fields in which events tell when it happened: no header does.
var eventTimes = []string{"TRANSACTION_DATETIME_UPDATED", "TRANSACTION_DATETIME_UPDATE", "DATETIME_UPDATE"}

// A wrapper is what the documents show around an event's fields, as an example
// response: with webhook_form: wrapped that is what is sent [S2 l.491-642].
type wrapper struct {
	message string
	code    any             // of a failure; nil for success, absent for none
	payload provider.Object // of a failure
	key     string          // of a failure's payload, "details" if not said
}

// emit sends an event, bare or wrapped. One without a wrapper is always bare.
func (k *call) emit(event string, fields provider.Object, w wrapper) {
	switch {
	case k.WebhookForm == "flat" || w.message == "":
		k.Emit(event, fields)
	case w.code == nil:
		k.Emit(event, provider.Object{{Key: "status", Value: "success"}, {Key: "message", Value: w.message}, {Key: "data", Value: fields}})
	case w.key == "":
		k.Emit(event, failure(w.message, w.code, "details", w.payload))
	default:
		k.Emit(event, failure(w.message, w.code, w.key, w.payload))
	}
}

// webhookKey is the shared secret in every event.
func (k *call) webhookKey() provider.Member {
	key := k.Credentials[webhookKey]
	if k.example != nil && k.example.WebhookKey != "" {
		key = k.example.WebhookKey
	}
	return provider.Member{Key: "WEBHOOK_KEY", Value: key}
}

// tell emits the event about a transaction's state, in its method's form.
func (k *call) tell(t *transaction) {
	at := t.Updated.Format(plainDates)
	account := k.Credentials[accountID]
	bad := t.Status == declined || t.Status == failed
	switch t.Method {
	case ach: // the documents show no wrapper of it
		k.emit(eventTransaction, provider.Object{
			k.webhookKey(),
			{Key: "CORPORATE_ACCOUNT_ID", Value: account},
			{Key: "TRANSACTION_ID", Value: t.ID},
			{Key: "TRANSACTION_STATUS", Value: string(t.Status)},
			{Key: "TRANSACTION_DATETIME_UPDATED", Value: at},
		}, wrapper{})
	case cardVirtual:
		k.tellLoad(t, at, account, bad)
	case swift:
		fields := provider.Object{
			k.webhookKey(),
			{Key: "WEBHOOK_ACTION", Value: "TRANSACTION STATUS UPDATE"},
			{Key: "CORPORATE_ACCOUNT_ID", Value: account},
			{Key: "TRANSACTION_ID", Value: t.ID},
			{Key: "TRANSACTION_STATUS", Value: string(t.Status)},
			{Key: "TRANSACTION_DATETIME_UPDATED", Value: at},
		}
		w := wrapper{message: "Transaction status updated successfully."}
		if bad {
			w = wrapper{"Failed to update transaction status. Please check the webhook key or other data.", absent, fields, "data"}
		}
		k.emit(eventTransaction, fields, w)
	case zelle:
		fields := provider.Object{
			k.webhookKey(),
			{Key: "CLIENT_ACCOUNT_ID", Value: account},
			{Key: "TRANSACTION_ID", Value: t.ID},
			{Key: "TRANSACTION_STATUS", Value: string(t.Status)},
			{Key: "TRANSACTION_DATETIME_UPDATE", Value: at},
		}
		w := wrapper{message: "Transaction status update successful"}
		if bad {
			w = wrapper{"Failed to update transaction status", "TRANSACTION_UPDATE_FAILED", fields, "data"}
		}
		k.emit(eventTransaction, fields, w)
	}
}

// tellLoad emits the card_load event; there is no transaction_status beside it.
func (k *call) tellLoad(t *transaction, at, account string, bad bool) {
	fields := provider.Object{
		k.webhookKey(),
		{Key: "WEBHOOK_ACTION", Value: "CARD LOAD UPDATE"},
		{Key: "CORPORATE_ACCOUNT_ID", Value: account},
		{Key: "TRANSACTION_ID", Value: t.ID},
		{Key: "CARD_ACCOUNT_ID", Value: t.Card},
		{Key: "TRANSACTION_STATUS", Value: string(t.Status)},
		{Key: "TRANSACTION_DATETIME_UPDATED", Value: at},
	}
	w := wrapper{message: "Webhook update processed successfully."}
	if bad {
		short := append(fields.Without("WEBHOOK_ACTION", "CARD_ACCOUNT_ID", "TRANSACTION_STATUS", "TRANSACTION_DATETIME_UPDATED"),
			provider.Member{Key: "error_message", Value: "Missing required fields or invalid data"})
		w = wrapper{message: "Webhook update failed due to invalid input.", code: 400, payload: short}
	}
	k.emit(eventCardLoad, fields, w)
}

// tellCard emits the card_status event.
func (k *call) tellCard(c *card) {
	k.emit(eventCardStatus, provider.Object{
		k.webhookKey(),
		{Key: "WEBHOOK_ACTION", Value: "CARD STATUS UPDATE"},
		{Key: "CORPORATE_ACCOUNT_ID", Value: k.Credentials[accountID]},
		{Key: "CARD_ACCOUNT_ID", Value: c.ID},
		{Key: "CARD_ACCOUNT_STATUS", Value: string(c.Status)},
		{Key: "DATETIME_UPDATE", Value: k.now().Format(plainDates)},
	}, wrapper{message: "Card status updated successfully."})
}
