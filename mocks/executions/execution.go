package executions

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/state"
	"github.com/shopspring/decimal"
)

// An execution is a money operation under way, found by its idempotency key.
type execution struct {
	Reference string `json:"reference_id"` // as it was sent
	Operation string `json:"operation_type"`
	Session   int64  `json:"session"`
	Account   int64  `json:"account"`
	Status    string `json:"status"`

	PayerAmount   decimal.Decimal `json:"payer_amount"`
	PayerCurrency string          `json:"payer_currency"`
	PayeeAmount   decimal.Decimal `json:"payee_amount"`
	PayeeCurrency string          `json:"payee_currency"`

	ProviderID     string `json:"provider_transaction_id,omitempty"`
	GatewayMessage string `json:"gateway_message,omitempty"`
	WalletMessage  string `json:"wallet_message,omitempty"`

	Debited bool     `json:"debited,omitempty"` // the wallet paid, and has not got it back
	Jobs    []string `json:"jobs,omitempty"`    // that will move it
}

// Executions of all operations share one space of keys; our choice. A key is the
// same in capitals and in small letters.
var executions = state.NewTable(Name+".executions", func(x execution) string { return key(x.Reference) })

// key is a reference_id as it identifies an execution.
func key(reference string) string { return strings.ToLower(reference) }

// Statuses of an execution [API-exec].
const (
	statusPending    = "PENDING"
	statusProcessing = "PROCESSING"
	statusCompleted  = "COMPLETED"
	statusFailed     = "FAILED"
)

var executionMachine = provider.Machine{
	Name:   "execution",
	Doc:    "an execution: accepted, with the operator, and done or failed; one that fails is credited back",
	States: []string{statusPending, statusProcessing, statusCompleted, statusFailed},
	Moves: []provider.Transition{
		{From: statusPending, To: statusProcessing},
		{From: statusPending, To: statusFailed},
		{From: statusProcessing, To: statusCompleted},
		{From: statusProcessing, To: statusFailed},
	},
}

// An executionAnswer is the documented shape of all executions and their
// statuses [AR-refund-x]. The order of the first six members is documented
// [AR-st-transfer]; fields without a value are null, which is inferred.
type executionAnswer struct {
	Reference      string  `json:"reference_id"`
	ProviderID     *string `json:"provider_transaction_id"`
	Status         string  `json:"status" enum:"PENDING PROCESSING COMPLETED FAILED"`
	PayerAmount    money   `json:"payer_amount"`
	PayerCurrency  string  `json:"payer_currency"`
	PayeeCurrency  string  `json:"payee_currency"`
	PayeeAmount    money   `json:"payee_amount"`
	Operation      string  `json:"operation_type" enum:"COLLECTION PAYOUT TRANSFER REFUND"`
	GatewayMessage *string `json:"gateway_message"`
	WalletMessage  *string `json:"wallet_message"`
	ClientSecret   *string `json:"client_secret"`
	RequiresAction *bool   `json:"requires_action"`
}

func (x *execution) answer() executionAnswer {
	return executionAnswer{
		Reference: x.Reference, ProviderID: orNull(x.ProviderID), Status: x.Status,
		PayerAmount: money{x.PayerAmount}, PayerCurrency: x.PayerCurrency,
		PayeeCurrency: x.PayeeCurrency, PayeeAmount: money{x.PayeeAmount}, Operation: x.Operation,
		GatewayMessage: orNull(x.GatewayMessage), WalletMessage: orNull(x.WalletMessage),
	}
}

// hint says why an execution failed: its answer is 200.
func (a executionAnswer) hint() string {
	if a.Status != statusFailed {
		return ""
	}
	why := "no reason given"
	switch {
	case a.GatewayMessage != nil:
		why = *a.GatewayMessage
	case a.WalletMessage != nil:
		why = *a.WalletMessage
	}
	return "the execution failed for good (" + why + "); pay with a new session and a new reference_id"
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// A plan is what becomes of an accepted execution.
type plan struct {
	as      string
	message string
	after   time.Duration
	atOnce  bool // it is FAILED already in the answer
}

// plan decides it: what a rule says, else what the end of the account's number
// stands for, else it is completed.
func (c *call) plan(x *execution, to account) plan {
	p := plan{as: statusCompleted, after: time.Duration(c.SettleAfter)}
	if end, ok := c.AccountEndings[to.ending()]; ok {
		p = plan{end.Status, end.Message, p.after, end.AtOnce && end.Status == statusFailed}
	}
	var rule provider.Settlement
	if c.Settles != nil {
		rule = c.Settles(settling(x, to))
	}
	if rule.As != "" {
		p.as, p.message, p.atOnce = rule.As, "", false
	}
	if rule.Message != "" {
		p.message = rule.Message
	}
	switch {
	case rule.After != nil:
		p.after = *rule.After
		p.atOnce = p.as == statusFailed && p.after == 0
	case p.as == statusProcessing:
		p.after = time.Duration(c.ProcessingAfter)
	}
	return p
}

// settling are the fields that a rule's settle may look at.
func settling(x *execution, to account) map[string]any {
	fields := map[string]any{
		"reference_id": x.Reference, "session_id": strconv.FormatInt(x.Session, 10),
		"payout_account_id": strconv.FormatInt(to.ID, 10), "party_id": json.Number(strconv.FormatInt(to.Party, 10)),
		"amount": json.Number(x.PayeeAmount.String()), "currency": x.PayeeCurrency,
		"method": to.Method, "provider": to.Provider, "account_name": to.Label,
	}
	if to.Country != nil {
		fields["country_code"] = *to.Country
	}
	if to.Number != nil {
		fields["insensitive_account_number"] = *to.Number
	}
	return fields
}

const moveJob = "move"

type moveArgs struct {
	To      string `json:"to"`
	Message string `json:"message,omitempty"`
}

// accept debits the wallet and makes the moves of the plan due. One that ends is
// PROCESSING before.
func (c *call) accept(x *execution, p plan) {
	x.Status, x.Debited = statusPending, true
	c.Tx.Move(Name, x.PayerCurrency, x.PayerAmount.Neg(), x.Reference)
	switch p.as {
	case statusPending:
	case statusProcessing:
		c.schedule(x, p.after, moveArgs{p.as, p.message})
	default:
		c.schedule(x, min(p.after, time.Duration(c.ProcessingAfter)), moveArgs{To: statusProcessing})
		c.schedule(x, p.after, moveArgs{p.as, p.message})
	}
	executions.Put(c.Tx, *x)
}

func (c *call) schedule(x *execution, after time.Duration, to moveArgs) {
	x.Jobs = append(x.Jobs, c.Tx.Schedule(c.Tx.Now().Add(after), Name+"."+moveJob, key(x.Reference), to))
}

// runMove moves an execution when its time has come.
func runMove(c *provider.Call, job state.Job) error {
	var to moveArgs
	if err := json.Unmarshal(job.Args, &to); err != nil {
		return err
	}
	x, ok := executions.Get(c.Tx, job.Ref)
	if !ok || !executionMachine.Allows(x.Status, to.To) {
		return nil
	}
	x.Jobs = slices.DeleteFunc(x.Jobs, func(id string) bool { return id == job.ID })
	x.move(c.Tx, to)
	executions.Put(c.Tx, x)
	return nil
}

// move takes an execution to another status, with the money that goes with it.
// The caller stores it.
func (x *execution) move(tx *state.Tx, to moveArgs) {
	x.Status = to.To
	if to.Message != "" {
		x.GatewayMessage = to.Message
	}
	if x.ProviderID == "" {
		x.ProviderID = tx.UUID(Name + ".gateway")
	}
	if x.Status != statusFailed {
		return
	}
	if x.GatewayMessage == "" {
		x.GatewayMessage = rejection
	}
	x.credit(tx)
}

// rejection is what an operator says who gives no other reason; our choice.
const rejection = "Payout rejected by the operator"

// credit gives back what the wallet paid.
func (x *execution) credit(tx *state.Tx) {
	if x.Debited {
		tx.Move(Name, x.PayerCurrency, x.PayerAmount, x.Reference)
		x.Debited = false
	}
}

// drop forgets the moves that were to come.
func (x *execution) drop(tx *state.Tx) {
	for _, id := range x.Jobs {
		tx.Cancel(id)
	}
	x.Jobs = nil
}
