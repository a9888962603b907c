package dinaricash

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/mockpay/mockpay/provider"
)

// Names of the outcomes.
const (
	insufficientBalance = "insufficient_balance"
	failedOutcome       = "failed"
	failedButDebited    = "failed_but_debited"
	cancelRefused       = "cancel_refused"
	notCancelable       = "not_cancelable"
	cardCanceled        = "card_canceled"
	invalidCredentials  = "invalid_credentials"
	missingParameter    = "missing_parameter"
	invalidParameter    = "invalid_parameter"
)

// outcomes is the error table. The message stands in the error text key of the
// endpoint's shape; sends that fail have texts of their own for each method.
var outcomes = []provider.Outcome{
	{Name: insufficientBalance, Status: 402, Message: "Insufficient balance.",
		Doc: "the payout balance does not cover amount and fees; the send is kept as FAILED; documented for all four sends [S2 l.79-90, 283-313, 729-752, 888-912]"},
	{Name: failedOutcome, Status: 402, Message: "Transaction failed. Please try again later.",
		Doc: "forced only: the send fails with the documented texts, nothing moves"},
	{Name: failedButDebited, Status: 402, Message: "Transaction failed. Please try again later.",
		Doc: "forced only: the send fails and is debited all the same, as the documents' SWIFT example [S2 l.729-752]"},
	{Name: cancelRefused, Status: 403, Message: "Insufficient balance to process the cancellation.",
		Doc: "the payout balance does not cover the cancel's fee; the text is documented, the rule ours [S2 l.1160-1175]"},
	{Name: notCancelable, Status: 403, Message: "Transaction cannot be canceled.",
		Doc: "the transaction's status does not allow it; our choice"},
	{Name: cardCanceled, Status: 400, Message: "Card is canceled",
		Doc: "a canceled card cannot change; our choice"},
	{Name: invalidCredentials, Status: 400, Message: "Invalid Corporate Account ID or Gateway API Key.",
		Doc: "no account has these credentials; documented for the balance [S2 l.1259-1268]"},
	{Name: missingParameter, Status: 400, Message: "Missing %s",
		Doc: "a parameter is missing or empty; documented for /manage-cards [S2 l.421-433]"},
	{Name: invalidParameter, Status: 400, Message: "Invalid %s",
		Doc: "a parameter is malformed, or names nothing; our choice"},
	{Name: provider.Unauthorized, Status: 401, Message: "Unauthorized.",
		Doc: "forced only; our choice"},
	{Name: provider.RateLimited, Status: 429, Message: "Too many requests.",
		Doc: "forced only: no limits are documented; our choice"},
	{Name: provider.ServerError, Status: 500, Message: "Internal server error.",
		Doc: "forced only; documented for /list-transactions with a text of its own [S2 l.1067-1077]"},
	{Name: provider.NotFound, Status: 404, Message: "Not found.", Doc: "an unknown path; our choice"},
	{Name: provider.MethodNotAllowed, Status: 405, Message: "Method not allowed.", Doc: "anything but POST; our choice"},
	{Name: provider.TooLarge, Status: 413, Message: "Request body too large.", Doc: "a body over the limit; our choice"},
	{Name: provider.Incomplete, Status: 400, Message: "Request body is incomplete.", Doc: "a body that breaks off, or does not come in time; our choice"},
}

// elsewhere are the details of calls that reach no operation.
var elsewhere = map[string]string{
	provider.NotFound:         "Unknown path",
	provider.MethodNotAllowed: "Use POST",
	provider.TooLarge:         "The body is too large",
	provider.Incomplete:       "The body did not come whole",
}

// refuse writes a refusal in the shape of its endpoint, as the examples show them. A send that fails
// is a transaction: it is kept and listed.
func refuse(c *provider.Call, r *provider.Refusal) *provider.Response {
	o := c.Mock.Outcome(r.Outcome)
	var body provider.Object
	if details, ok := elsewhere[o.Name]; ok || c.Op == nil {
		body = failure(o.Message, o.Status, "details", provider.Object{{Key: "GATEWAY_ERROR", Value: details}})
	} else {
		trusted := authenticate(c) == nil
		k := replay(c, c.Op.Name, o.Name, c.Fields)
		x := &refused{k, o, orText(r.Detail, namesOf(c).account), trusted}
		body = x.body()
	}
	status := o.Status
	if knobs(c).Always200 {
		status = http.StatusOK
	}
	return provider.JSON(status, body)
}

// A refused call, on its way to become an answer.
type refused struct {
	*call
	outcome *provider.Outcome
	detail  string // the parameter it is for
	trusted bool   // the caller has shown the account's key
}

// text is why, as the error text key says it.
func (x *refused) text() string {
	if strings.Contains(x.outcome.Message, "%s") {
		return fmt.Sprintf(x.outcome.Message, x.detail)
	}
	return x.outcome.Message
}

func (x *refused) body() provider.Object {
	if m := methodOf(x.Op.Name); m != nil {
		return x.send(m)
	}
	now, account := x.now(), provider.Member{Key: "CORPORATE_ACCOUNT_ID", Value: x.account()}
	switch x.Op.Name {
	case "manage_cards":
		return x.cards()
	case "list_transactions":
		why := x.text()
		if x.outcome.Name == provider.ServerError {
			why = "Details about the error. Failed to retrieve transaction list."
		}
		return failure("Failed to fetch transaction list.", x.outcome.Status, "details", provider.Object{
			{Key: "GATEWAY_DATETIME", Value: now.Format(plainDates)},
			account,
			{Key: "CUSTOMER_ID", Value: text(x.Call, "CUSTOMER_ID")},
			{Key: "GATEWAY_ERROR", Value: why},
		})
	case "cancel":
		has := balancesOf(x.Tx)
		data := provider.Object{{Key: "TRANSACTION_ID", Value: text(x.Call, "TRANSACTION_ID")}, {Key: "GATEWAY_ERROR", Value: x.text()}}
		data = append(data, x.hide(balanceFields("CANCEL", has, has, x.style("cancel")))...)
		return failure("Transaction cancellation failed.", x.outcome.Status, "details", append(data, account))
	}
	return failure("Failed to retrieve account balance.", x.outcome.Status, "data", provider.Object{
		{Key: "GATEWAY_DATETIME", Value: now.Format(plainDates)}, account, {Key: "GATEWAY_ERROR", Value: x.text()},
	})
}

// hide empties fields whose values a caller without the key may not know.
func (x *refused) hide(fields provider.Object) provider.Object {
	if x.trusted {
		return fields
	}
	return emptied(fields)
}

func emptied(fields provider.Object) provider.Object {
	fields = slices.Clone(fields)
	for i := range fields {
		fields[i].Value = ""
	}
	return fields
}

// cards is a refusal of /manage-cards. The documents have one example, for a
// missing account [S2 l.421-433]; the others go after its pattern.
func (x *refused) cards() provider.Object {
	message, id := "Transaction failed.", ""
	if x.outcome.Name == missingParameter {
		message = "Transaction failed due to missing " + inWords(x.detail) + "."
	}
	if x.example != nil {
		id = x.example.ID
	}
	return failure(message, x.outcome.Status, "details", provider.Object{
		{Key: "TRANSACTION_ID", Value: id},
		{Key: "TRANSACTION_DATETIME_CREATED", Value: x.now().Format(isoDates)},
		{Key: "TRANSACTION_STATUS", Value: failed.title()},
		{Key: "GATEWAY_MESSAGE", Value: x.text()},
		{Key: "GATEWAY_ERROR", Value: x.text()},
		{Key: "CORPORATE_ACCOUNT_ID", Value: x.account()},
	})
}

// inWords is a parameter's name as the documents' sentence has it: Corporate
// Account ID.
func inWords(param string) string {
	words := strings.Split(param, "_")
	for i, w := range words {
		if w != "ID" && w != "API" && len(w) > 1 {
			words[i] = w[:1] + strings.ToLower(w[1:])
		}
	}
	return strings.Join(words, " ")
}

// fails tells whether an outcome is that of a send which was looked at and
// failed, and not of one that is malformed or not allowed in.
func fails(outcome string) bool {
	return outcome == insufficientBalance || outcome == failedOutcome || outcome == failedButDebited
}

// send is a refusal of a send. One that fails is kept as a transaction; of the
// others the fields that have no value are empty; our choice.
func (x *refused) send(m *method) provider.Object {
	message, why := m.invalidMessage, x.text()
	if fails(x.outcome.Name) {
		message, why = m.refusedMessage, m.refusedGateway
	}
	amount, ok := parseAmount(text(x.Call, "SEND_AMOUNT"))
	t := x.newTransaction(m, amount)
	t.Status, t.Message = failed, why
	before := balancesOf(x.Tx)
	after, to := before, card{}
	if x.trusted {
		to = x.knownCard(m)
	}
	if kept := fails(x.outcome.Name) && ok; kept {
		after = x.keep(m, &t, to.ID)
	} else {
		t.ID = ""
	}
	data := m.reply(x.call, &t, m.refusedStatus, before, after, &to)
	if m.brief {
		data = data.Only("TRANSACTION_ID", "TRANSACTION_DATETIME_CREATED", "TRANSACTION_STATUS", "GATEWAY_MESSAGE", "CORPORATE_ACCOUNT_ID")
	}
	for i := range data {
		key := data[i].Key
		money := key == "TRANSACTION_SEND_AMOUNT" || strings.HasPrefix(key, "SEND_FEE_")
		if !ok && money || !x.trusted && strings.Contains(key, "_BALANCE_") {
			data[i].Value = ""
		}
	}
	return failure(message, m.errorCode(x.outcome.Status), m.payload, data)
}

// errorCode is the error_code of a refusal with an HTTP status.
func (m *method) errorCode(status int) any {
	if m.code == numeric {
		return status
	}
	return m.code
}

// keep stores a send that failed, debited if it is to be.
func (x *refused) keep(m *method, t *transaction, cardID string) funds {
	t.Card = cardID
	if x.outcome.Name == failedButDebited || x.OnSyncFailure == "debit" || x.example != nil && x.example.Debited {
		t.Sent = x.debit(m, t.Amount, t.Fee)
	}
	after := move(x.Tx, t.Sent, t.ID)
	x.Moved(transactionMachine.Name, "", string(t.Status))
	t.add(x.Tx)
	if x.WebhookOnRejection {
		x.tell(t)
	}
	return after
}

// knownCard is the card that a refused load would have gone to, if there is one.
func (x *refused) knownCard(m *method) card {
	if m != cardSend {
		return card{}
	}
	r, known, err := x.recipient()
	if err != nil || !known {
		return card{}
	}
	c, _ := x.cardOf(r.ID)
	return c
}
