package usdtpayout

import (
	"fmt"

	"github.com/mockpay/mockpay/provider"
	"github.com/oklog/ulid/v2"
)

// The codes of the catalogue [errors]. They are the names of the outcomes.
const (
	codeValidation       = "validation_error"
	codeBadRequest       = "bad_request"
	codeUnauthorized     = "unauthorized"
	codeInvalidSignature = "invalid_signature"
	codeJWTExpired       = "jwt_expired"
	codeForbidden        = "forbidden"
	codeIPNotAllowed     = "ip_not_allowed"
	codeAccountSuspended = "account_suspended"
	codeNotFound         = "not_found"
	codeQuoteNotFound    = "quote_not_found"
	codeQuoteUsed        = "quote_used"
	codeWalletFrozen     = "wallet_frozen"
	codeFunds            = "insufficient_funds"
	codePerPayout        = "per_payout_limit_exceeded"
	codeDaily            = "daily_limit_exceeded"
	codeMonthly          = "monthly_limit_exceeded"
	codeQuoteExpired     = "quote_expired"
	codeRateMoved        = "rate_moved"
	codeScreening        = "screening_failed"
	codeRateLimited      = "rate_limited"
	codeInternal         = "internal_error"
)

// outcomes is the error catalogue [errors]. Codes, statuses and meanings are
// documented; the messages, which clients must not parse, are ours.
var outcomes = []provider.Outcome{
	{Name: codeValidation, Status: 400, Message: "Payload does not match the schema: %s", Doc: "a field of the payload is missing or wrong"},
	{Name: codeBadRequest, Status: 400, Message: "Malformed request", Doc: "the envelope or the encryption is wrong"},
	{Name: codeUnauthorized, Status: 401, Message: "Unauthorized", Doc: "API key, token, e-mail or password is wrong"},
	{Name: codeInvalidSignature, Status: 401, Message: "Invalid signature", Doc: "x-signature or x-timestamp is wrong; 422 for quotes, which have no call"},
	{Name: codeJWTExpired, Status: 401, Message: "Token expired, log in again", Doc: "the token is 15 minutes old"},
	{Name: codeForbidden, Status: 403, Message: "Forbidden: KYC required or account suspended", Doc: "KYC is not complete, or the account is suspended"},
	{Name: codeIPNotAllowed, Status: 403, Message: "IP address not allowed", Doc: "the caller is not on the allowlist"},
	{Name: codeAccountSuspended, Status: 403, Message: "Account suspended", Doc: "the account is suspended, with suspended_code"},
	{Name: codeNotFound, Status: 404, Message: "Not found", Doc: "no such transaction, or path"},
	{Name: codeQuoteNotFound, Status: 404, Message: "Quote not found", Doc: "forced only: no call takes a quote"},
	{Name: codeQuoteUsed, Status: 409, Message: "Quote already used", Doc: "forced only: no call takes a quote"},
	{Name: codeWalletFrozen, Status: 409, Message: "Wallet is frozen", Doc: "the wallet is frozen"},
	{Name: codeFunds, Status: 422, Message: "Insufficient funds: available balance is %s USDT", Doc: "the available balance is below the amount"},
	{Name: codePerPayout, Status: 422, Message: "Per-payout limit exceeded", Doc: "the amount is above the cap"},
	{Name: codeDaily, Status: 422, Message: "Daily limit exceeded", Doc: "the day's volume would pass the cap"},
	{Name: codeMonthly, Status: 422, Message: "Monthly limit exceeded", Doc: "the month's volume would pass the cap"},
	{Name: codeQuoteExpired, Status: 422, Message: "Quote expired", Doc: "forced only: no call takes a quote"},
	{Name: codeRateMoved, Status: 422, Message: "Rate moved more than 0.5% since the quote", Doc: "forced only: no call takes a quote"},
	{Name: codeScreening, Status: 422, Message: "Recipient failed sanctions screening", Doc: "forced only"},
	{Name: codeRateLimited, Status: 429, Message: "Too many requests", Doc: "rate_limit or login_limit is reached"},
	{Name: codeInternal, Status: 500, Message: "Internal error", Doc: "forced only"},
	{Name: provider.ServerError, Status: 500, Message: "Internal error", Doc: "forced only: internal_error by the name that all providers have"},
	{Name: provider.MethodNotAllowed, Status: 404, Message: "Not found", Doc: "anything but POST; our choice"},
	{Name: provider.TooLarge, Status: 413, Message: "Request body exceeds 64 KB", Doc: "a body over 64 KB"},
	{Name: provider.Incomplete, Status: 400, Message: "Request body is incomplete", Doc: "a body that breaks off, or does not come in time; our choice"},
}

// codes are the outcomes that can be forced on any operation besides the
// generic ones.
func codes() (names []string) {
	for _, o := range outcomes {
		switch o.Name {
		case codeUnauthorized, codeRateLimited, provider.ServerError, provider.MethodNotAllowed, provider.TooLarge, provider.Incomplete:
			continue
		}
		names = append(names, o.Name)
	}
	return names
}

// wireCodes are the codes of outcomes that are called otherwise.
var wireCodes = map[string]string{
	provider.ServerError:      codeInternal,
	provider.MethodNotAllowed: codeNotFound,
	provider.TooLarge:         codeBadRequest,
	provider.Incomplete:       codeBadRequest,
}

// A failure is the documented error envelope.
type failure struct {
	OK        bool   `json:"ok"`
	RequestID string `json:"request_id"`
	Error     struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// refuse writes a refusal. The request id is a ULID, as the samples are.
func refuse(c *provider.Call, r *provider.Refusal) *provider.Response {
	o := c.Mock.Outcome(r.Outcome)
	f := failure{RequestID: requestID(c)}
	f.Error.Code, f.Error.Message = o.Name, o.Message
	if code, ok := wireCodes[o.Name]; ok {
		f.Error.Code = code
	}
	switch o.Name {
	case codeValidation:
		f.Error.Message = fmt.Sprintf(o.Message, r.Detail)
	case codeFunds: // the sample has the figure with two decimals [send-payout]
		f.Error.Message = fmt.Sprintf(o.Message, c.Tx.Balance(Name, Balance).StringFixed(2))
	}
	return provider.JSON(o.Status, f)
}

// requestID draws a ULID of the workspace's time.
func requestID(c *provider.Call) string {
	id, err := ulid.New(ulid.Timestamp(c.Tx.Now()), c.Tx.Bytes(Name+".request"))
	if err != nil {
		panic(fmt.Sprintf("usdtpayout: a workspace's time fits a ULID: %v", err))
	}
	return id.String()
}

// success is the documented envelope around what a call yields.
func success(status int, data any) *provider.Response {
	return provider.JSON(status, provider.Object{{Key: "ok", Value: true}, {Key: "data", Value: data}})
}
