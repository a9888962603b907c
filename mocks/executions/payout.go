package executions

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/mockpay/mockpay/provider"
)

var payoutEndpoint = endpoint{
	name: "payout", method: http.MethodPost, path: "/executions/payout", gated: true,
	summary: "Execute a payout session, with the merchant's passcode.",
	payload: "PayoutExecutionPayload",
	body: []field{
		{name: "session_id", doc: "the payout session, as a text"},
		{name: "payout_account_id", doc: "the session's payment account, as a text", id: true},
		referenceField,
		{name: "passcode", doc: "who executes it", kind: object, fields: []field{
			{name: "token", doc: "the passcode and whose it is", kind: object, fields: []field{
				{name: "code", doc: "the merchant's passcode"},
				{name: "user_id", doc: "instead of phone", optional: true},
				{name: "phone", doc: "the phone that belongs to the passcode", optional: true},
			}},
			{name: "device", doc: "for the audit", kind: object, fields: []field{
				{name: "name", doc: "a label"},
				{name: "type", doc: "like SERVER or MOBILE"},
				{name: "platform", doc: "like NODE or IOS"},
				{name: "user_agent", doc: "the program"},
				{name: "client_ip", doc: "where it comes from", filled: true},
			}},
		}},
	},
	answers: executionAnswer{}, schema: "ExecutionResponse",
	settles: executionMachine.Name,
	refuses: []string{
		invalidUUID, duplicateReference, wrongPasscode,
		sessionNotFound, sessionExpired, sessionNotActive, sessionOtherType,
		accountNotFound, accountMismatch, accountInactive, accountOtherType,
		insufficientWallet, walletNotActive, operatorFailure, rejectedAtOnce,
	},
	handle: payout,
}

var payoutEndpoints = []endpoint{payoutEndpoint}

// payout answers POST /executions/payout. Checks come in this order: key,
// passcode, session, account, wallet; our choice. What is refused uses neither
// the key nor the session.
func payout(c *call) (any, error) {
	if x, err := c.known(payoutType); x != nil || err != nil {
		return x, err
	}
	if err := c.checkPasscode(); err != nil {
		return nil, err
	}
	x, of, to, err := c.draft()
	if err != nil {
		return nil, err
	}
	if err := c.needFunds(x.PayerCurrency, x.PayerAmount); err != nil {
		return nil, err
	}
	p := c.plan(x, to)
	if p.atOnce {
		return nil, &provider.Refusal{
			Outcome: rejectedAtOnce, Data: p.message,
			Hint: "the operator rejects the payout at once, as a rule or the end of the account's number asks for; nothing was debited, the session is used up",
		}
	}
	c.use(of)
	c.accept(x, p)
	return x.answer(), nil
}

// known is the answer to a key that was used: the execution as it is now, if the
// call is the same but for its passcode. What the documents say of repeated calls
// is that clients make them [G-err]; the rest is our choice.
func (c *call) known(operation string) (any, error) {
	x, ok := executions.Get(c.Tx, key(c.body.text("reference_id")))
	switch {
	case !ok:
		return nil, nil
	case x.Operation != operation:
		return nil, c.Refuse(duplicateReference, "the key belongs to an execution of type %s", x.Operation)
	case c.body.text("session_id") != strconv.FormatInt(x.Session, 10):
		return nil, c.Refuse(duplicateReference, "the key belongs to the execution of session %d; a new payment needs a new key", x.Session)
	case c.body.text("payout_account_id") != strconv.FormatInt(x.Account, 10):
		return nil, c.Refuse(duplicateReference, "the key belongs to a payout to account %d; a new payment needs a new key", x.Account)
	}
	return x.answer(), nil
}

// checkPasscode refuses codes and owners that are not the merchant's. Which of
// phone and user_id is needed depends on the merchant [G-payout]; here either
// will do, and both must be right.
func (c *call) checkPasscode() error {
	token := c.body.object("passcode").object("token")
	phone, user := token.text("phone"), token.text("user_id")
	switch {
	case phone == "" && user == "":
		ck := &checker{knobs: c.settings}
		ck.add(missing, []any{"body", "passcode", "token", "phone"}, map[string]any{}, "passcode.token has neither phone nor user_id; send one of them")
		return ck.refusal(c.Call)
	case !c.PasscodeSet:
		return c.Refuse(wrongPasscode, "the merchant has set up no passcode (passcode_set in the scenario)")
	case token.text("code") != c.Credentials[passcode]:
		return c.Refuse(wrongPasscode, "passcode.token.code is not the passcode of workspace %q", c.Workspace)
	case phone != "" && phone != c.Credentials[ownerPhone]:
		return c.Refuse(wrongPasscode, "passcode.token.phone is not the phone that belongs to the passcode; it is digits without +")
	case user != "" && c.UserID != "" && user != c.UserID:
		return c.Refuse(wrongPasscode, "passcode.token.user_id is not the one that the passcode belongs to (user_id in the scenario)")
	}
	return nil
}

// draft is the execution that a call is about, with its session and account,
// before anything happens. The wallet pays the fees; our choice.
func (c *call) draft() (*execution, session, account, error) {
	of, err := c.activeSession(c.body.text("session_id"), payoutType)
	if err != nil {
		return nil, of, account{}, err
	}
	to, err := c.payoutAccount(c.body.text("payout_account_id"))
	if err != nil {
		return nil, of, to, err
	}
	if to.ID != of.Account {
		return nil, of, to, c.Refuse(accountMismatch, "session %d pays account %d, not %d", of.ID, of.Account, to.ID)
	}
	fees := c.Fees[payoutType].on(of.Amount, false).total()
	return &execution{
		Reference: c.body.text("reference_id"), Operation: payoutType, Session: of.ID, Account: to.ID,
		PayerAmount: of.Amount.Add(fees), PayerCurrency: of.Currency,
		PayeeAmount: of.Amount, PayeeCurrency: of.Currency,
	}, of, to, nil
}

// failing answers an execution that fails, or will, with the outcome of r. If
// the call is wrong otherwise, r becomes the refusal for that.
func failing(c *provider.Call, r *provider.Refusal) *provider.Response {
	answer, err := fail(c, r)
	if err == nil {
		return provider.JSON(http.StatusOK, answer)
	}
	var other *provider.Refusal
	if !errors.As(err, &other) {
		panic("executions: calls are refused with refusals: " + err.Error())
	}
	*r = *other
	return refuse(c, r)
}

func fail(c *provider.Call, r *provider.Refusal) (any, error) {
	in, err := payoutEndpoint.read(c)
	if err != nil {
		return nil, err
	}
	if r.Outcome == operatorFailure {
		in.Settles = func(map[string]any) provider.Settlement { return provider.Settlement{As: statusFailed} }
		return payout(in)
	}
	if x, err := in.known(payoutType); x != nil || err != nil {
		return x, err
	}
	x, of, _, err := in.draft()
	if err != nil {
		return nil, err
	}
	x.Status = statusFailed
	message, _ := r.Data.(string)
	if message == "" {
		message = c.Mock.Outcome(r.Outcome).Message
	}
	if r.Outcome == insufficientWallet || r.Outcome == walletNotActive {
		x.WalletMessage = message
	} else {
		x.GatewayMessage = message
	}
	in.use(of)
	executions.Put(c.Tx, *x)
	return x.answer(), nil
}
