package provider

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/mockpay/mockpay/state"
)

// BodyLimit is the largest request body of mocks that document none, in bytes.
const BodyLimit = 1 << 20

// A Request is a call as it came in.
type Request struct {
	Method string
	Path   string // as the provider knows it, without the mock's prefix
	Query  url.Values
	Header http.Header
	Remote string // address of the caller
	Mode   string // of the mount it came through
	Vars   map[string]string
	Body   []byte

	// Fields are the decoded parameters and DecodeErr why there are none.
	// Scalars are string, json.Number, bool and nil.
	Fields    map[string]any
	DecodeErr error

	// Payload is what the body holds, where Decode also puts parameters from
	// elsewhere into Fields.
	Payload any
}

// A Call is an operation, an action or a job at work in a transaction.
type Call struct {
	Mock        *Mock
	Workspace   string
	Tx          *state.Tx
	Settings    any               // what [Mock.Settings] returned, with the scenario's changes
	Credentials map[string]string // of the workspace's account
	WebhookURL  string            // where the mock's events go, "" if nowhere

	// Others returns the other workspaces, to tell whose credentials a call has by
	// mistake.
	Others func() []string

	// Of operations only.
	Op *Operation
	*Request

	// Settles returns what a rule says of the record that item describes; nil
	// when no rule does.
	Settles func(item map[string]any) Settlement
}

// A Settlement is the later result of an accepted call.
type Settlement struct {
	As      string         // the state to end in, "" if it is not said
	After   *time.Duration // on the workspace's clock, nil if it is not said
	Message string
}

// Settlement is what becomes of the record that item describes: what the
// scenario says, and otherwise the given default.
func (c *Call) Settlement(item map[string]any, as string, after Duration) Settlement {
	d := time.Duration(after)
	s := Settlement{As: as, After: &d}
	if c.Settles == nil {
		return s
	}
	rule := c.Settles(item)
	if rule.As != "" {
		s.As = rule.As
	}
	if rule.After != nil {
		s.After = rule.After
	}
	s.Message = rule.Message
	return s
}

// A Response is what goes back.
type Response struct {
	Status  int
	Header  http.Header // besides what mockpay adds; may be nil
	Body    []byte
	Outcome string // "" for success
	Hint    string // on a refusal, why and what to change
}

// A Refusal is a call refused. Handlers make it with [Call.Refuse].
type Refusal struct {
	Outcome string
	Detail  string // what the outcome's message names, if it names something
	Hint    string
	Data    any // what else the mock's Refuse wants to know of its own refusals
}

func (r *Refusal) Error() string { return r.Outcome + ": " + r.Hint }

// Refuse returns the error that answers a call with an outcome. The hint says
// in one sentence why, and what to change.
func (c *Call) Refuse(outcome, hint string, args ...any) error {
	return &Refusal{Outcome: outcome, Hint: fmt.Sprintf(hint, args...)}
}

// RefuseFor is [Call.Refuse] for outcomes whose message names something.
func (c *Call) RefuseFor(outcome, detail, hint string, args ...any) error {
	return &Refusal{Outcome: outcome, Detail: detail, Hint: fmt.Sprintf(hint, args...)}
}

// Broken is the refusal of a call that failed inside mockpay.
func Broken() *Refusal {
	return &Refusal{Outcome: ServerError, Hint: "mockpay itself failed, its log says how; nothing was changed"}
}

// A FaultKind tells what is wrong with an action.
type FaultKind int

// Kinds of faults.
const (
	Unknown  FaultKind = iota // there is no such record
	Conflict                  // the record's state forbids it
	Invalid                   // an argument makes no sense
)

// A Fault is an action refused.
type Fault struct {
	Kind    FaultKind
	Message string
}

func (f *Fault) Error() string { return f.Message }

// Faultf returns a [*Fault].
func Faultf(kind FaultKind, format string, args ...any) error {
	return &Fault{kind, fmt.Sprintf(format, args...)}
}
