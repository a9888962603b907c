package dinaricash

import (
	"github.com/mockpay/mockpay/provider"
	"github.com/shopspring/decimal"
)

// The ways to send, as SEND_METHOD names them.
const (
	ach         = "ACH"
	cardVirtual = "CARD_VIRTUAL"
	swift       = "SWIFT"
	zelle       = "ZELLE"
)

// A method is a way to send, with all in which its answers differ from the
// others': each call's examples in the documents.
type method struct {
	name   string
	op     string
	points bool   // its fee percentage is shown in percent points
	dates  string // layout of its times

	methodKey string // of the send method in answers; two have the typo
	methodAs  string // its value

	accepted string // GATEWAY's status words are knobs; this is the default
	message  string // of an accepted send
	gateway  string // GATEWAY_MESSAGE of an accepted send

	refusedMessage string // of a send without funds
	refusedGateway string
	refusedStatus  string
	invalidMessage string // of a send that is malformed

	payload string // key of a refusal's payload
	code    any    // error_code of a refusal: number, a text, or absent
	brief   bool   // a refusal has no balances, fees nor method
}

// numeric is the error_code that is the HTTP status; absent is none.
type codeKind int

const (
	numeric codeKind = iota
	absent
)

const (
	isoDates   = "2006-01-02T15:04:05Z"
	plainDates = "2006-01-02 15:04:05"
)

var (
	achSend = &method{
		name: ach, op: "ach", points: true, dates: isoDates, methodKey: "TANSACTION_SEND_METHOD", methodAs: "Bank Transfer",
		accepted: "Completed", message: "Transaction processed successfully.", gateway: "Transaction processed successfully",
		refusedMessage: "Transaction failed due to insufficient balance.", refusedGateway: "Insufficient balance in account", refusedStatus: "Failed",
		invalidMessage: "Transaction failed due to invalid request.", payload: "details", code: numeric, brief: true,
	}
	cardSend = &method{
		name: cardVirtual, op: "card_load", points: true, dates: isoDates, methodKey: "TANSACTION_SEND_METHOD", methodAs: cardVirtual,
		accepted: "Completed", message: "Transaction completed successfully.", gateway: "Transaction processed successfully.",
		refusedMessage: "Transaction failed due to insufficient balance.", refusedGateway: "Insufficient balance.", refusedStatus: "Failed",
		invalidMessage: "Transaction failed due to invalid request.", payload: "details", code: numeric,
	}
	swiftSend = &method{
		name: swift, op: "swift", dates: plainDates, methodKey: "TRANSACTION_SEND_METHOD", methodAs: swift,
		accepted: "INITIATED", message: "Transaction has been initiated successfully.", gateway: "Success! The transaction has been initiated.",
		refusedMessage: "Transaction failed due to insufficient funds or other error.", refusedGateway: "Transaction failed. Please try again later.", refusedStatus: "FAILED",
		invalidMessage: "Transaction failed due to insufficient funds or other error.", payload: "data", code: absent,
	}
	zelleSend = &method{
		name: zelle, op: "zelle", dates: plainDates, methodKey: "TRANSACTION_SEND_METHOD", methodAs: zelle,
		accepted: "INITIATED", message: "Transaction initiated successfully", gateway: "Success! The transaction has been initiated.",
		refusedMessage: "Transaction failed", refusedGateway: "Transaction failed due to insufficient funds.", refusedStatus: "FAILED",
		invalidMessage: "Transaction failed", payload: "data", code: "TRANSACTION_FAILED",
	}
	allMethods = []*method{achSend, cardSend, swiftSend, zelleSend}
)

// methodOf is the way to send of an operation, nil if it sends nothing.
func methodOf(op string) *method {
	for _, m := range allMethods {
		if m.op == op {
			return m
		}
	}
	return nil
}

// methodNamed is the way to send with a name.
func methodNamed(name string) *method {
	for _, m := range allMethods {
		if m.name == name {
			return m
		}
	}
	return nil
}

// send answers the four sends: the fee is charged, the balances move, the
// transaction begins.
func (m *method) send(k *call) (*provider.Response, error) {
	amount, _ := parseAmount(text(k.Call, "SEND_AMOUNT")) // checked before
	t := k.newTransaction(m, amount)
	to, err := k.cardFor(m)
	if err != nil {
		return nil, err
	}
	before := balancesOf(k.Tx)
	if !k.covers(before.Payout, amount, t.Fee) {
		return nil, k.Refuse(insufficientBalance, "the send takes %s with its fee of %s and the payout balance is %s; lower the amount or set the balance with PATCH /_mockpay/balances",
			amount.Add(t.Fee.Total), t.Fee.Total, before.Payout)
	}
	k.Remember(t.ID)
	if to.ID != "" {
		k.Remember(to.ID)
	}
	t.Status, t.Message, t.Card, t.Sent = initiated, m.gateway, to.ID, k.debit(m, amount, t.Fee)
	after := move(k.Tx, t.Sent, t.ID)
	k.Moved(transactionMachine.Name, "", string(t.Status))
	k.tell(&t)
	reply := m.reply(k, &t, k.ReplyStatus.of(m.name), before, after, &to)
	k.begin(&t)
	return success(m.message, reply), nil
}

// newTransaction is a send of an amount that has moved nothing yet.
func (k *call) newTransaction(m *method, amount decimal.Decimal) transaction {
	now := k.now()
	return transaction{
		ID: k.transactionID(m), Method: m.name, Direction: outgoing, Currency: "USD", Amount: amount,
		Fee: k.charge(m, amount), Created: now, Updated: now,
	}
}

// mostFields are as many as a reply has, those of a card among them.
const mostFields = 24

// reply is what answers tell of a transaction, in the documented order. A card
// load ends with the card.
func (m *method) reply(k *call, t *transaction, status string, before, after funds, to *card) provider.Object {
	style := k.style(m.op)
	o := append(make(provider.Object, 0, mostFields), provider.Object{
		{Key: "TRANSACTION_ID", Value: t.ID},
		{Key: "TRANSACTION_DATETIME_CREATED", Value: t.Created.Format(m.dates)},
		{Key: "TRANSACTION_CURRENCY_ISO3", Value: t.Currency},
		{Key: "TRANSACTION_SEND_AMOUNT", Value: style.money(t.Amount)},
		{Key: "TRANSACTION_STATUS", Value: status},
		{Key: "GATEWAY_MESSAGE", Value: t.Message},
		{Key: m.methodKey, Value: m.methodAs},
	}...)
	o = append(o, feeFields("SEND", t.Fee, style)...)
	o = append(o, balanceFields("TRANSACTION", before, after, style)...)
	if m == cardSend {
		o = append(o, to.fields()...)
	}
	return append(o, provider.Member{Key: "CORPORATE_ACCOUNT_ID", Value: k.account()})
}

// feeFields are the four fields of a charge.
func feeFields(of string, c charge, s style) provider.Object {
	return provider.Object{
		{Key: of + "_FEE_FIXED_AMOUNT", Value: s.money(c.Fixed)},
		{Key: of + "_FEE_PERCENTAGE", Value: provider.Minimal{Decimal: c.Shown}},
		{Key: of + "_FEE_PERCENTAGE_AMOUNT", Value: s.money(c.Percentage)},
		{Key: of + "_FEE_TOTAL_AMOUNT", Value: s.money(c.Total)},
	}
}

// balanceFields are the six fields of the balances before and after something.
func balanceFields(what string, before, after funds, s style) provider.Object {
	return provider.Object{
		{Key: "PAYOUT_BALANCE_BEFORE_" + what, Value: s.money(before.Payout)},
		{Key: "PAYOUT_BALANCE_AFTER_" + what, Value: s.money(after.Payout)},
		{Key: "FLOAT_BALANCE_BEFORE_" + what, Value: s.money(before.Float)},
		{Key: "FLOAT_BALANCE_AFTER_" + what, Value: s.money(after.Float)},
		{Key: "RESERVE_BALANCE_BEFORE_" + what, Value: s.money(before.Reserve)},
		{Key: "RESERVE_BALANCE_AFTER_" + what, Value: s.money(after.Reserve)},
	}
}
