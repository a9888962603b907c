package workspace

import (
	"errors"
	"fmt"

	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/scenarios"
)

// errUndone takes back what was written for an answer that nobody gets.
var errUndone = errors.New("the call is not done")

// undone is the answer to a call that its fault keeps from being done: what the
// rule answers, without what that would leave behind, or none, of status 0.
func (w *Workspace) undone(x *exchange) *provider.Response {
	response := &provider.Response{}
	if x.decision.Raw == nil && x.decision.Outcome == "" {
		return response
	}
	_ = x.call.Tx.Try(func() error {
		response = w.act(x)
		return errUndone
	})
	return response
}

// wire says what each fault does.
var wire = map[scenarios.Fault]string{
	scenarios.Reset:     "the connection is reset",
	scenarios.Drop:      "the connection is closed without an answer",
	scenarios.Hang:      "no answer comes, and the connection stays until the caller or the server leaves",
	scenarios.Truncate:  "half of the answer's body is sent, then the connection is closed",
	scenarios.Garbage:   "bytes that are no HTTP are sent instead of the answer",
	scenarios.Slow:      "the answer's body is sent in small pieces",
	scenarios.LostReply: "the connection is closed without the answer",
}

// faulted says what was done to a call, and what is left of it.
func (x *exchange) faulted() string {
	d := x.decision
	text := fmt.Sprintf("rule %q has fault %s: %s; %s", d.Rule.ID(), d.Fault, wire[d.Fault], x.left())
	if x.response.Hint != "" {
		text += ": " + x.response.Hint
	}
	return text
}

// left says what is left of a call to which a fault happened.
func (x *exchange) left() string {
	d := x.decision
	switch {
	case !d.Fault.Commits():
		return "nothing was committed"
	case d.Raw != nil:
		return "the answer is the rule's own, nothing was committed"
	case x.response.Outcome != "":
		return "the call was refused with " + x.response.Outcome
	}
	return "the call was committed"
}
