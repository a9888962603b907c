package executions

import (
	"slices"

	"github.com/mockpay/mockpay/provider"
)

// Names of the outcomes.
const (
	notAuthenticated = "not_authenticated"
	tokenExpired     = "token_expired"

	validationError    = "validation_error"
	invalidUUID        = "invalid_uuid"
	invalidPhone       = "invalid_phone"
	amountTooSmall     = "amount_too_small"
	invalidCombination = "invalid_combination"
	partyUnknown       = "party_unknown"
	currencyUnknown    = "currency_unavailable"
	rateUnknown        = "rate_unavailable"

	unverifiedMerchant = "unverified_merchant"
	wrongPasscode      = "wrong_passcode"
	duplicateReference = "duplicate_reference"
	sessionNotFound    = "session_not_found"
	sessionExpired     = "session_expired"
	sessionNotActive   = "session_not_active"
	sessionOtherType   = "session_type_mismatch"
	accountNotFound    = "account_not_found"
	accountMismatch    = "account_mismatch"
	accountInactive    = "account_inactive"
	accountOtherType   = "account_type_mismatch"

	insufficientWallet = "insufficient_wallet"
	walletNotActive    = "wallet_not_active"
	operatorFailure    = "operator_failure"
	rejectedAtOnce     = "rejected_at_once"

	partyNotFound        = "party_not_found"
	counterpartyNotFound = "counterparty_not_found"
	merchantNotFound     = "merchant_not_found"
	tierNotFound         = "fee_tier_not_found"
	networkNotFound      = "network_not_found"
	transactionNotFound  = "transaction_not_found"
)

// outcomes is the table of all refusals. The documents show the bodies of 401
// and one of 422; of the others they give the status and a description [R-err],
// and the texts are our choice.
var outcomes = []provider.Outcome{
	{Name: provider.Unauthorized, Status: 401, Message: "Could not validate credentials",
		Doc: "the token or the client's credentials are wrong; documented [R-err]"},
	{Name: notAuthenticated, Status: 401, Message: "Not authenticated",
		Doc: "there is no bearer token; documented [R-err]"},
	{Name: tokenExpired, Status: 401, Message: "Could not validate credentials",
		Doc: "the token is 60 minutes old; documented [R-err]"},

	{Name: validationError, Status: 422, Message: "field required",
		Doc: "parameters do not fit the schema; documented [CONV]"},
	{Name: invalidUUID, Status: 422, Message: "invalid uuid",
		Doc: "reference_id is no UUID of version 4; documented [R-err]"},
	{Name: invalidPhone, Status: 422, Message: "invalid phone",
		Doc: "a phone that is not 8 to 15 digits; documented [R-err]"},
	{Name: amountTooSmall, Status: 422, Message: "ensure this value is greater than or equal to 0.01",
		Doc: "an amount below 0.01; the case is documented [R-err]"},
	{Name: invalidCombination, Status: 422, Message: "invalid combination",
		Doc: "a provider that does not carry the method; documented [R-err]"},
	{Name: partyUnknown, Status: 422, Message: "party not found",
		Doc: "party_id is none of the merchant's; our choice"},
	{Name: currencyUnknown, Status: 422, Message: "no active wallet in this currency",
		Doc: "the merchant has no ACTIVE wallet in the currency; our choice"},
	{Name: rateUnknown, Status: 422, Message: "no exchange rate for this currency",
		Doc: "a prediction between currencies that fx_rates does not have; our choice"},

	{Name: unverifiedMerchant, Status: 403, Message: "Forbidden",
		Doc: "the merchant is not verified; the status is documented [KB-403]"},
	{Name: wrongPasscode, Status: 403, Message: "Invalid passcode",
		Doc: "the code is wrong, or phone or user_id do not match; 403, 422 or FAILED are documented [KB-passcode], see wrong_passcode"},
	{Name: duplicateReference, Status: 422, Message: "reference_id already exists",
		Doc: "the key was used for a different payment; documented [R-err]"},
	{Name: sessionNotFound, Status: 422, Message: "session not found",
		Doc: "session_id is none of the merchant's; documented [R-err]"},
	{Name: sessionExpired, Status: 422, Message: "session expired",
		Doc: "the session has reached its expires_at; documented [R-err]"},
	{Name: sessionNotActive, Status: 422, Message: "session not active",
		Doc: "the session was executed before; documented [KB-session]"},
	{Name: sessionOtherType, Status: 422, Message: "session type does not match operation",
		Doc: "a session of another operation; documented [R-err]"},
	{Name: accountNotFound, Status: 422, Message: "payout account not found",
		Doc: "payout_account_id is none of the merchant's; the case is documented [R-err]"},
	{Name: accountMismatch, Status: 422, Message: "payout account does not match session",
		Doc: "the session is for another account; inferred [KB-passcode]"},
	{Name: accountInactive, Status: 422, Message: "payout account not active",
		Doc: "the account has is_active false; the rule is documented [API-pa]"},
	{Name: accountOtherType, Status: 422, Message: "payout account is not of operation type PAYOUT",
		Doc: "the account was made for another operation, with strict_account_type; our choice"},

	{Name: insufficientWallet, Status: 200, Message: "Insufficient wallet balance",
		Doc: "the wallet does not cover amount and fees: 200 with status FAILED; documented [KB-wallet]"},
	{Name: walletNotActive, Status: 200, Message: "Wallet is not active",
		Doc: "the wallet is RESTRICTED, FROZEN or CLOSED: 200 with status FAILED; our choice [R-gloss]"},
	{Name: operatorFailure, Status: 200, Message: "Payout rejected by the operator",
		Doc: "accepted as PENDING, then PROCESSING, then FAILED with gateway_message; documented [R-err]"},
	{Name: rejectedAtOnce, Status: 200, Message: "Payout rejected by the operator",
		Doc: "200 with status FAILED and gateway_message; inferred [KB-passcode]"},

	{Name: partyNotFound, Status: 404, Message: "Party not found", Doc: "no such party; the status is documented [CONV]"},
	{Name: counterpartyNotFound, Status: 404, Message: "Counterparty not found", Doc: "no such counterparty; the status is documented [CONV]"},
	{Name: merchantNotFound, Status: 404, Message: "Merchant not found", Doc: "not the merchant whose token it is; our choice"},
	{Name: tierNotFound, Status: 404, Message: "Fee tier not found", Doc: "no tier of this name; our choice"},
	{Name: networkNotFound, Status: 404, Message: "Provider not found", Doc: "no operator has this phone number; our choice"},
	{Name: transactionNotFound, Status: 404, Message: "Transaction not found", Doc: "no execution has this key; the status is documented [KB-dup]"},

	{Name: provider.RateLimited, Status: 429, Message: "Too Many Requests",
		Doc: "forced only: no limits are documented; the status is [KB-429]"},
	{Name: provider.ServerError, Status: 500, Message: "Internal Server Error",
		Doc: "forced only; the status is documented [KB-5xx]"},
	{Name: provider.NotFound, Status: 404, Message: "Not Found",
		Doc: "an unknown path; inferred from FastAPI"},
	{Name: provider.MethodNotAllowed, Status: 405, Message: "Method Not Allowed",
		Doc: "another method; inferred from FastAPI"},
	{Name: provider.TooLarge, Status: 413, Message: "Request Entity Too Large",
		Doc: "a body over the limit; our choice"},
	{Name: provider.Incomplete, Status: 400, Message: "There was an error parsing the body",
		Doc: "a body that breaks off, or does not come in time; inferred from FastAPI"},
}

// places are the fields that refusals with 422 name when no schema did.
var places = map[string][]any{
	invalidUUID:        {"body", "reference_id"},
	invalidPhone:       {"body", "phone"},
	amountTooSmall:     {"body", "amount"},
	invalidCombination: {"body", "provider"},
	partyUnknown:       {"body", "party_id"},
	currencyUnknown:    {"body", "currency"},
	rateUnknown:        {"query", "target_currency"},
	duplicateReference: {"body", "reference_id"},
	sessionNotFound:    {"body", "session_id"},
	sessionExpired:     {"body", "session_id"},
	sessionNotActive:   {"body", "session_id"},
	sessionOtherType:   {"body", "session_id"},
	accountNotFound:    {"body", "payout_account_id"},
	accountMismatch:    {"body", "payout_account_id"},
	accountInactive:    {"body", "payout_account_id"},
	accountOtherType:   {"body", "payout_account_id"},
	wrongPasscode:      {"body", "passcode", "token", "code"},
}

// canned are the wordings of refusals that schemas have words for.
var canned = map[string]wording{
	invalidUUID: badUUID, invalidPhone: badPhone, amountTooSmall: tooSmall,
}

// refuse writes a refusal in one of the two documented shapes: 422 has a list in
// detail, all others a text [CONV][G-err]. Executions that fail are no refusals
// to the documents: their answer is 200, and they are kept.
func refuse(c *provider.Call, r *provider.Refusal) *provider.Response {
	o := c.Mock.Outcome(r.Outcome)
	status := o.Status
	switch {
	case fails(c, o.Name):
		return failing(c, r)
	case o.Name == sessionExpired:
		if s, ok := r.Data.(session); ok {
			lapse(c, s)
		}
	case o.Name == wrongPasscode && knobs(c).WrongPasscode == passcode422:
		status = 422
	}
	if status == 422 {
		return provider.JSON(status, provider.Object{{Key: "detail", Value: items(c, r)}})
	}
	answer := provider.JSON(status, provider.Object{{Key: "detail", Value: o.Message}})
	if o.Name == provider.RateLimited {
		answer.Header.Set("Retry-After", "1") // seconds; our choice
	}
	return answer
}

// fails tells whether an outcome is an execution that fails.
func fails(c *provider.Call, outcome string) bool {
	return slices.Contains([]string{insufficientWallet, walletNotActive, operatorFailure, rejectedAtOnce}, outcome) ||
		outcome == wrongPasscode && knobs(c).WrongPasscode == passcodeFailed
}

// items are the list in the detail of a 422.
func items(c *provider.Call, r *provider.Refusal) []provider.Object {
	faults, ok := r.Data.([]fault)
	if !ok {
		faults = []fault{stateFault(c, r)}
	}
	all := make([]provider.Object, len(faults))
	for i := range faults {
		all[i] = faults[i].item(c)
	}
	return all
}

// stateFault is the one item of a refusal that no schema made.
func stateFault(c *provider.Call, r *provider.Refusal) fault {
	if r.Outcome == validationError { // it was ordered
		return sampleFault(endpointOf(c.Op))
	}
	w, ok := canned[r.Outcome]
	if !ok {
		w = wording{msg: c.Mock.Outcome(r.Outcome).Message, kind: "value_error"}
	}
	return fault{wording: w, loc: places[r.Outcome]}
}

// sampleFault is one that a call of an endpoint can have: its first field is
// missing, or the version is another.
func sampleFault(e *endpoint) fault {
	for _, part := range []struct {
		in     string
		schema []field
	}{{"query", e.query}, {"body", e.body}} {
		for i := range part.schema {
			if !part.schema[i].optional {
				return fault{wording: missing, loc: []any{part.in, part.schema[i].name}}
			}
		}
	}
	return fault{wording: otherVersion, loc: []any{"path", "version"}}
}
