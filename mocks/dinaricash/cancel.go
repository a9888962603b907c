package dinaricash

import (
	"strings"

	"github.com/mockpay/mockpay/provider"
)

// cancel answers POST /transaction/status, which cancels a transaction whatever
// its path says [S2 l.1133-1137].
func cancel(k *call) (*provider.Response, error) {
	t, ok := k.toCancel()
	if !ok {
		return nil, k.RefuseFor(invalidParameter, "TRANSACTION_ID", "workspace %q has no transaction with this id; use the one that a send returned", k.Workspace)
	}
	if !t.cancelable(k.settings) {
		return nil, k.Refuse(notCancelable, "%s", whyNot(&t, k.settings))
	}
	if t.spent(k.Tx) {
		return nil, k.Refuse(notCancelable, "the card holds less than the %s that this send loaded", t.Amount)
	}
	cost := k.cancelCharge(t.Amount)
	before := balancesOf(k.Tx)
	if before.Payout.LessThan(cost.Total) {
		return nil, k.Refuse(cancelRefused, "canceling costs %s and the payout balance is %s", cost.Total, before.Payout)
	}
	k.end(&t, canceled, "")
	s := k.style("cancel")
	m := methodNamed(t.Method)
	data := provider.Object{
		{Key: "TRANSACTION_ID", Value: t.ID},
		{Key: "TRANSACTION_DATETIME_CREATED", Value: t.Created.Format(plainDates)},
		{Key: "TRANSACTION_CURRENCY_ISO3", Value: t.Currency},
		{Key: "SEND_AMOUNT", Value: s.money(t.Amount)},
		{Key: "TRANSACTION_STATUS", Value: t.Status.title()},
		{Key: "GATEWAY_MESSAGE", Value: t.Message},
		{Key: "TRANSACTION_SEND_METHOD", Value: m.name},
	}
	data = append(data, feeFields("SEND", t.Fee, s)...)
	data = append(data, feeFields("CANCEL", cost, s)...)
	data = append(data, balanceFields("CANCEL", before, balancesOf(k.Tx), s)...)
	data = append(data, provider.Member{Key: "CORPORATE_ACCOUNT_ID", Value: k.account()})
	return success("Transaction canceled successfully.", data), nil
}

// toCancel is the transaction that a call is about.
func (k *call) toCancel() (found transaction, ok bool) {
	id := text(k.Call, "TRANSACTION_ID")
	if k.example == nil || k.example.Method == "" {
		return newest(k.Tx, id)
	}
	for t := range transactions.By(k.Tx, "id", id) { // of those with the id, the document's
		if t.Method == k.example.Method {
			found, ok = t, true
		}
	}
	return found, ok
}

// whyNot says why a transaction cannot be canceled.
func whyNot(t *transaction, s *settings) string {
	switch {
	case t.Direction == incoming:
		return "the transaction came in; only sends can be canceled"
	case t.Status == canceled:
		return "the transaction is canceled already"
	case t.Method == cardVirtual && t.Status == completed:
		return "the money is on the card; CANCEL_CARD brings it back"
	}
	var from []string
	for _, status := range s.CancelAllowedFrom.of(t.Method) {
		from = append(from, string(status))
	}
	if len(from) == 0 {
		from = []string{"no status"}
	}
	return "a " + t.Method + " send can be canceled when it is " + strings.Join(from, " or ") + ", it is " + string(t.Status) + " (cancel_allowed_from says when)"
}
