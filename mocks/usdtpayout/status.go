package usdtpayout

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/state"
)

// Statuses of a payout [status].
const (
	statusPendingApproval = "pending_approval"
	statusPending         = "pending"
	statusProcessing      = "processing"
	statusCompleted       = "completed"
	statusFailed          = "failed"
	statusRejected        = "rejected"
	statusCanceled        = "canceled"
	statusReversed        = "reversed"
)

// payoutMachine is drawn from the meanings of the statuses [status]: rejected and
// canceled come before processing, reversed only after completed.
var payoutMachine = provider.Machine{
	Name:   "payout",
	Doc:    "a payout: waiting for approval or queued, with the payment network, delivered or not, and perhaps back again",
	States: []string{statusPending, statusPendingApproval, statusProcessing, statusCompleted, statusFailed, statusRejected, statusCanceled, statusReversed},
	Moves: []provider.Transition{
		{From: statusPendingApproval, To: statusPending},
		{From: statusPendingApproval, To: statusRejected},
		{From: statusPendingApproval, To: statusCanceled},
		{From: statusPending, To: statusProcessing},
		{From: statusPending, To: statusRejected},
		{From: statusPending, To: statusCanceled},
		{From: statusPending, To: statusFailed},
		{From: statusPending, To: statusCompleted},
		{From: statusProcessing, To: statusCompleted},
		{From: statusProcessing, To: statusFailed},
		{From: statusCompleted, To: statusReversed},
	},
}

// final are the statuses that callbacks tell of.
var final = []string{statusCompleted, statusFailed, statusReversed, statusRejected, statusCanceled}

// reasons are the status_messages of payouts that end badly without one being
// given; our choice.
var reasons = map[string]string{
	statusFailed:   "Payout could not be delivered",
	statusRejected: "Payout was rejected",
	statusCanceled: "Payout was canceled",
	statusReversed: "Payout was returned by the beneficiary bank",
}

// A step is a move that a payout will make, after its creation or approval.
type step struct {
	To      string        `json:"to"`
	Message string        `json:"message"`
	After   time.Duration `json:"after"`
}

// plan decides what becomes of a payout: what a rule says, else what the cents
// say in sandbox, else it is processing and then completed.
func (p *payout) plan(c *provider.Call, amount string) {
	s := knobs(c)
	to, message := statusCompleted, ""
	after := s.SettleAfter
	if p.Mode == live {
		after += s.ProcessingAfter
	} else if row, ok := s.TrailingCents[ending(amount)]; ok {
		to, message = row.Status, row.Message
	}
	end := c.Settlement(settling(c, p), to, after)
	switch {
	case end.As == statusPendingApproval: // what is approved goes on as it would have
		p.Answer = statusPendingApproval
		if to == statusPendingApproval {
			to, message = statusCompleted, ""
		}
		usual := time.Duration(after)
		end = provider.Settlement{As: to, After: &usual}
	case end.As == statusProcessing && p.Mode == live && c.Settles(settling(c, p)).After == nil:
		early := time.Duration(s.ProcessingAfter)
		end.After = &early
	case end.Message != "" || end.As != to:
		message = end.Message
	}
	p.Status = p.Answer
	p.Plan = steps(p.Mode, end.As, message, *end.After, s)
}

// settling are the fields that a rule's settle may look at.
func settling(c *provider.Call, p *payout) map[string]any {
	fields := map[string]any{"mode": p.Mode}
	for name, v := range c.Fields {
		fields[name] = v
	}
	return fields
}

// steps lead a payout to a status. A live payout is processing before it is
// delivered or fails, if there is time for it.
func steps(mode, to, message string, after time.Duration, s *settings) []step {
	var all []step
	if early := time.Duration(s.ProcessingAfter); mode == live && early < after && !slices.Contains([]string{statusPending, statusRejected, statusCanceled, statusProcessing}, to) {
		all = append(all, step{statusProcessing, "", early})
	}
	switch to {
	case statusPending, "":
		return nil
	case statusReversed:
		normal := time.Duration(s.SettleAfter)
		if mode == live {
			normal += time.Duration(s.ProcessingAfter)
		}
		all = append(all, step{statusCompleted, "", min(normal, after)})
	}
	return append(all, step{to, message, after})
}

const moveJob = "move"

type moveArgs struct {
	To      string `json:"to"`
	Message string `json:"message"`
}

// schedule makes the steps of a payout due, counted from now. Those due at once
// are taken at once.
func (p *payout) schedule(c *provider.Call) {
	for _, s := range p.Plan {
		if s.After == 0 {
			p.move(c, s.To, s.Message)
			continue
		}
		p.Jobs = append(p.Jobs, c.Tx.Schedule(c.Tx.Now().Add(s.After), Name+"."+moveJob, p.ID, moveArgs{s.To, s.Message}))
	}
}

// runMove moves a payout when its time has come.
func runMove(c *provider.Call, job state.Job) error {
	var args moveArgs
	if err := json.Unmarshal(job.Args, &args); err != nil {
		return err
	}
	p, ok := payouts.Get(c.Tx, job.Ref)
	if !ok || !payoutMachine.Allows(p.Status, args.To) {
		return nil
	}
	p.Jobs = slices.DeleteFunc(p.Jobs, func(id string) bool { return id == job.ID })
	p.move(c, args.To, args.Message)
	payouts.Put(c.Tx, p)
	return nil
}

// move takes a payout to another status, with the money and the callback that go
// with it. The caller stores it.
func (p *payout) move(c *provider.Call, to, message string) {
	c.Moved(payoutMachine.Name, p.Status, to)
	p.Status, p.Message = to, message
	if p.Message == "" {
		p.Message = reasons[to]
	}
	switch to {
	case statusCompleted:
		p.take(c.Tx)
	case statusFailed, statusRejected, statusCanceled:
		p.release(c.Tx)
	case statusReversed:
		p.credit(c.Tx)
	}
	if p.Mode == live && slices.Contains(final, to) {
		tell(c, p)
	}
}

// drop forgets the moves that were to come.
func (p *payout) drop(tx *state.Tx) {
	for _, id := range p.Jobs {
		tx.Cancel(id)
	}
	p.Jobs = nil
}

// statusMessage is null but for the four statuses that have a reason [status].
func (p *payout) statusMessage() any {
	if _, told := reasons[p.Status]; told {
		return p.Message
	}
	return nil
}

// report is what answers and callbacks tell of a payout.
func (p *payout) report() provider.Object {
	return provider.Object{
		{Key: "transaction_id", Value: p.ID}, {Key: "status", Value: p.Status}, {Key: "status_message", Value: p.statusMessage()},
	}
}

// payoutStatus answers POST /api/v1/payouts/getPayoutStatus. Ids of other
// accounts and of the other mode are unknown [status].
func payoutStatus(c *provider.Call) (*provider.Response, error) {
	f := &fieldReader{c: c, fields: c.Fields}
	id := f.text("transaction_id")
	if f.err == nil && !anyUUID.MatchString(id) && !strings.HasPrefix(id, "sb_") {
		f.wrong("transaction_id", "a UUID, or begin with sb_")
	}
	if f.err != nil {
		return nil, f.err
	}
	p, ok := payouts.Get(c.Tx, id)
	if !ok {
		p, ok = payouts.Get(c.Tx, strings.ToLower(id))
	}
	switch {
	case !ok:
		return nil, c.Refuse(codeNotFound, "workspace %q has no such payout; use the transaction_id that sendPayoutRequest returned", c.Workspace)
	case p.Mode != c.Mode:
		return nil, c.Refuse(codeNotFound, "the payout was made in %s mode and this is %s mode", p.Mode, c.Mode)
	}
	return success(200, p.report()), nil
}
