package dinardragon

import (
	"fmt"
	"net/http"

	"github.com/mockpay/mockpay/provider"
)

// Names of the outcomes.
const (
	insufficientBalance = "insufficient_balance"
	authcodeUnknown     = "authcode_unknown"
	authcodeExpired     = "authcode_expired"
	authcodeUsed        = "authcode_used"
	sumMismatch         = "sum_mismatch"
	missingKey          = "missing_key"
	invalidKey          = "invalid_key"
	invalidJSON         = "invalid_json"
	invalidField        = "invalid_field"
	missingID           = "missing_id"
	paymentUnknown      = "payment_unknown"
)

// outcomes is the error table. Dinar Dragon documents two of its texts and the
// codes 400 and 403; all else is our choice.
var outcomes = []provider.Outcome{
	{Name: missingKey, Status: 400, Message: "Missing API key in request headers.",
		Doc: "no key in the Authorization header; documented [S1 l.141-142]"},
	{Name: invalidKey, Status: 403, Message: "Invalid API key.",
		Doc: "no account has the key; our choice"},
	{Name: insufficientBalance, Status: 403, Message: "Your request failed because your Dinar Dragon dashboard balance is insufficient to complete this payout.",
		Doc: "the balance does not cover the debit; documented [S0 l.37-38]"},
	{Name: invalidJSON, Status: 400, Message: "Invalid JSON body.",
		Doc: "the body is not a JSON object; our choice"},
	{Name: invalidField, Status: 400, Message: "Missing or invalid field: %s.",
		Doc: "a field is missing or of the wrong type; our choice"},
	{Name: sumMismatch, Status: 400, Message: "The amounts in accounts must add up to amount.",
		Doc: "the rule is documented [S0 l.11], the text our choice"},
	{Name: authcodeUnknown, Status: 400, Message: "Invalid authcode.",
		Doc: "no such code was issued to the account; our choice"},
	{Name: authcodeExpired, Status: 400, Message: "Authcode expired.",
		Doc: "the lifetime is documented [S0 l.64], the text our choice"},
	{Name: authcodeUsed, Status: 400, Message: "Authcode already used.",
		Doc: "the code was executed before; inferred from its being unique"},
	{Name: missingID, Status: 400, Message: "Missing uniqueid or payment_id.",
		Doc: "neither id was sent; our choice"},
	{Name: paymentUnknown, Status: 400, Message: "Payment not found.",
		Doc: "the account has no such payment or payout; our choice"},
	{Name: provider.Unauthorized, Status: 401, Message: "Unauthorized.",
		Doc: "forced only; our choice"},
	{Name: provider.RateLimited, Status: 429, Message: "Too many requests.",
		Doc: "forced only: no limits are documented; our choice"},
	{Name: provider.ServerError, Status: 500, Message: "Internal server error.",
		Doc: "forced only; our choice"},
	{Name: provider.NotFound, Status: 404, Message: "Not found.",
		Doc: "an unknown path; our choice"},
	{Name: provider.MethodNotAllowed, Status: 405, Message: "Method not allowed.",
		Doc: "anything but POST; our choice"},
	{Name: provider.TooLarge, Status: 413, Message: "Request body too large.",
		Doc: "a body over the limit; our choice"},
	{Name: provider.Incomplete, Status: 400, Message: "Request body is incomplete.",
		Doc: "a body that breaks off, or does not come in time; our choice"},
}

// A failure is the documented error body.
type failure struct {
	Code  int    `json:"code"`
	Error string `json:"error"`
}

// refuse writes a refusal; its HTTP status is its code [S0 l.31].
func refuse(c *provider.Call, r *provider.Refusal) *provider.Response {
	o := c.Mock.Outcome(r.Outcome)
	if o.Name == authcodeExpired {
		noticeExpiry(c)
	}
	f := failure{Code: o.Status, Error: o.Message}
	if o.Name == invalidField {
		f.Error = fmt.Sprintf(o.Message, r.Detail)
	}
	status := o.Status
	if knobs(c).Always200 {
		status = http.StatusOK
	}
	return provider.JSON(status, f)
}
