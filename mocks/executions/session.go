package executions

import (
	"net/http"
	"strconv"
	"time"

	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/state"
	"github.com/shopspring/decimal"
)

// A session says what is to be executed, once and before it expires. Ids of all
// kinds come from one sequence.
type session struct {
	ID        int64           `json:"id"`
	Operation string          `json:"operation_type"`
	Status    string          `json:"status"`
	Wallet    int64           `json:"wallet_id,omitempty"`
	Account   int64           `json:"account_id,omitempty"`
	Amount    decimal.Decimal `json:"amount"`
	Currency  string          `json:"currency"`
	CreatedAt time.Time       `json:"created_at"`
	UpdatedAt time.Time       `json:"updated_at"`
	ExpiresAt time.Time       `json:"expires_at"`
}

var sessions = state.NewTable(Name+".sessions", func(s session) string { return strconv.FormatInt(s.ID, 10) })

// States of a session. ACTIVE is documented [R-err], the others are our choice.
const (
	sessionActive    = "ACTIVE"
	sessionCompleted = "COMPLETED"
)

// sessionMachine is the life of a session. Expiry is not an event: a session is
// expired from expires_at on.
var sessionMachine = provider.Machine{
	Name:   "session",
	Doc:    "what is to be executed: used up by an execution, whatever becomes of it, or expired after an hour",
	States: []string{sessionActive, sessionCompleted, "EXPIRED"},
	Moves:  []provider.Transition{{From: sessionActive, To: sessionCompleted}, {From: sessionActive, To: "EXPIRED"}},
}

var payoutSessionEndpoints = []endpoint{{
	name: "create_payout_session", method: http.MethodPost, path: "/sessions/payout", gated: true,
	summary: "Say what is to be paid out; execute it before it expires.",
	payload: "CreatePayoutSessionPayload",
	body: []field{
		{name: "payout_account_id", doc: "the payment account to pay", kind: integer},
		{name: "amount", doc: "how much, in major units", kind: amount},
		currencyField,
	},
	answers: payoutSession{}, schema: "PayoutSessionResponse",
	refuses: []string{amountTooSmall, accountNotFound, accountInactive, accountOtherType, currencyUnknown},
	handle:  createPayoutSession,
}}

// A payoutSession is the documented shape [AR-s-payout].
type payoutSession struct {
	ID        int64  `json:"id"`
	Wallet    int64  `json:"wallet_id"`
	Account   int64  `json:"payout_account_id"`
	Amount    money  `json:"amount"`
	Currency  string `json:"currency"`
	Status    string `json:"status"`
	ExpiresAt stamp  `json:"expires_at"`
	CreatedAt stamp  `json:"created_at"`
	UpdatedAt stamp  `json:"updated_at"`
}

// createPayoutSession answers POST /sessions/payout. It chooses the wallet, and
// neither looks at its balance nor holds any of it; our choice.
func createPayoutSession(c *call) (any, error) {
	to, err := c.payoutAccount(strconv.FormatInt(c.body.id("payout_account_id"), 10))
	if err != nil {
		return nil, err
	}
	from, err := c.activeWallet(c.body.text("currency"))
	if err != nil {
		return nil, err
	}
	created := c.Tx.Now().UTC().Truncate(time.Second) // expires_at, which is told in seconds, is exact then
	s := session{
		ID: c.next("session", c.FirstIDs.Session), Operation: payoutType, Status: sessionActive,
		Wallet: from.ID, Account: to.ID, Amount: c.body.amount("amount"), Currency: from.Currency,
		CreatedAt: created, UpdatedAt: created, ExpiresAt: created.Add(time.Duration(c.SessionTTL)),
	}
	sessions.Put(c.Tx, s)
	return payoutSession{
		s.ID, s.Wallet, s.Account, money{s.Amount}, s.Currency, s.Status, stamp(s.ExpiresAt), stamp(s.CreatedAt), stamp(s.UpdatedAt),
	}, nil
}

// payoutAccount is the account with an id, if it can be paid.
func (c *call) payoutAccount(id string) (account, error) {
	a, ok := accounts.Get(c.Tx, id)
	switch {
	case !ok:
		return a, c.Refuse(accountNotFound, "workspace %q has no payment account %q; use the id that /payment-accounts/create returned", c.Workspace, id)
	case a.Inactive:
		return a, c.Refuse(accountInactive, "payment account %d was deactivated", a.ID)
	case c.StrictAccountType && a.Operation != payoutType:
		return a, c.Refuse(accountOtherType, "payment account %d was made with operation_type %s (strict_account_type in the scenario)", a.ID, a.Operation)
	}
	return a, nil
}

// activeSession is the session of an operation with an id, if it can be executed.
func (c *call) activeSession(id, operation string) (session, error) {
	s, ok := sessions.Get(c.Tx, id)
	switch {
	case !ok:
		return s, c.Refuse(sessionNotFound, "workspace %q has no session %q; use the id that /sessions returned, as a text", c.Workspace, id)
	case s.Operation != operation:
		return s, c.Refuse(sessionOtherType, "session %d is of type %s, this executes %s", s.ID, s.Operation, operation)
	case s.Status != sessionActive:
		return s, c.Refuse(sessionNotActive, "session %d was executed before; each is executed once", s.ID)
	case !c.Tx.Now().Before(s.ExpiresAt):
		return s, c.Refuse(sessionExpired, "session %d expired at %s; make a new one", s.ID, s.ExpiresAt.Format(time.RFC3339))
	}
	return s, nil
}

// use notes that a session was executed.
func (c *call) use(s session) {
	s.Status, s.UpdatedAt = sessionCompleted, c.Tx.Now()
	sessions.Put(c.Tx, s)
}
