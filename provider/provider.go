// Package provider is the contract between mockpay and the providers it
// impersonates.
//
// A provider is a [Mock]: what it is called, where it is found, which calls it
// answers, how they can fail, what can happen to it by itself, which settings
// and balances it has. All that is data, so that routing, the catalogue,
// scenario checking, documents and tests range over it. Only what makes the
// provider itself is code: telling who calls, and one [Handler] an operation.
//
//	func New() *provider.Mock {
//		return &provider.Mock{
//			Name:       "dinardragon",
//			Mounts:     []provider.Mount{{Hosts: []string{"dinardragon.com"}}},
//			Operations: operations,
//			Outcomes:   outcomes,
//			…
//		}
//	}
//
// A call goes: find the operation, [Mock.Decode] the body, [Mock.Identify] the
// workspace, then in one transaction of it [Mock.Authenticate], the scenario's
// rules, and the operation's handler. A handler that returns an error has
// changed nothing.
package provider

import (
	"net/http"
	"slices"
	"time"

	"github.com/mockpay/mockpay/state"
	"github.com/mockpay/mockpay/webhook"
)

// A Mock is one impersonated provider, as data.
type Mock struct {
	Name  string // "dinardragon": the path prefix and the name in scenarios
	Title string // "Dinar Dragon"

	// Fidelity is the text of its fidelity.md: what of it is documented, what is
	// inferred, and what is chosen. [ParseFidelity] tells how it is written.
	Fidelity string

	// Mounts are the places it answers at; the first is its base.
	Mounts []Mount

	// Operations are its documented calls, in the order of its documents.
	Operations []Operation

	// Outcomes are all the ways a call can be refused, by name, those in
	// [Generic] and [Always] included.
	Outcomes []Outcome

	// Machines are the life cycles of its records.
	Machines []Machine

	// Actions are what can happen to it without an API call.
	Actions []Action

	// Events are the webhooks it sends; nil if it sends none.
	Events []string

	// Webhook is the setting that says where its events go; nil if it sends none.
	Webhook func(settings any) Webhook

	// CheckWebhook refuses URLs that its events may not go to by its own rules;
	// nil if it has none.
	CheckWebhook func(settings any, url string) error

	// SignWebhook returns the headers that an event has besides those of its
	// encoding: whose it is, when it is sent, a signature. It is asked for each
	// attempt; nil if there are none.
	SignWebhook func(credentials map[string]string, e webhook.Event, at time.Time, body []byte) http.Header

	// Proof is how receivers tell its events from forged, old and damaged ones.
	Proof webhook.Proof

	// Samples tells an event of each kind, of records that exist or could. It
	// changes no record and no balance, and its events are for [Call.Told]. nil if
	// it sends none.
	Samples func(c *Call)

	// Settings returns a pointer to a new struct with the default settings.
	// Its fields carry the tags that [Knobs] reads.
	Settings func() any

	// Credentials returns what the workspace's account signs in with; the first
	// one names the account.
	Credentials func(workspace string) []Credential

	// AnyWebhookAnswer says that every 2xx answer takes an event, also one whose
	// body says {"status": "error"}.
	AnyWebhookAnswer bool

	// Account returns the credentials as they are now, where an action can change
	// them; nil if none can. The first credential stays what it was.
	Account func(tx *state.Tx, workspace string, first map[string]string) map[string]string

	// Vectors are test vectors for whoever writes a client; nil if there are none.
	Vectors func() any

	// OpenAPI is the document that describes its wire, in YAML; nil if there is
	// none.
	OpenAPI func() []byte

	// Secret names the request headers and fields that hold secrets.
	Secret Secrets

	// BodyLimit is the largest request body in bytes; 0 means [BodyLimit].
	BodyLimit int64

	// Decode reads a request's parameters; nil means [DecodeObject]. An error
	// is for the handler to refuse, once it is known who calls.
	Decode func(*Request) (map[string]any, error)

	// Identify returns the account that a request claims to come from, "" if
	// it claims none.
	Identify func(*Request) string

	// Authenticate refuses a call that may not act for c.Credentials. Where
	// parameters are encrypted it puts them into c.Fields.
	Authenticate func(c *Call) error

	// Refuse writes a refusal in the provider's shape. It may also keep what the
	// provider keeps of a refused call: what the handler wrote is undone before.
	Refuse func(c *Call, r *Refusal) *Response

	// Open writes the opening balances and records of a new workspace.
	Open func(c *Call)

	// LaterBalances are the balances that Open does not open, and that some
	// calls or settings make.
	LaterBalances []string

	// Jobs are what falls due, by the part of the job's kind after the dot.
	Jobs map[string]func(c *Call, job state.Job) error

	// Tables are where its records are.
	Tables []state.Schema

	// Invariants checks what must hold of its records and its money.
	Invariants func(tx *state.Tx) []state.Check
}

// A Mount is a place where a mock answers: its prefix path and its hosts.
type Mount struct {
	Prefix string   // below the mock's own, "" or "/live"
	Hosts  []string // "dinardragon.com"; NAME.localhost always is one
	Mode   string   // told to the handlers, where the provider has modes
}

// A Handler does an operation. It returns the answer, or an error that
// [Call.Refuse] made.
type Handler func(c *Call) (*Response, error)

// An Operation is one documented call.
type Operation struct {
	Name    string // "execute"
	Method  string
	Path    string // as gorilla/mux writes it
	Matches string // the paths it answers, if they are more than Path; as gorilla/mux writes them
	Summary string // what it is for, in one sentence
	Params  []string
	Settles string   // the machine whose records its accepted calls begin, if any
	Refuses []string // the outcomes it has besides the [Generic] ones
	Handle  Handler
}

// An Outcome is a named way to refuse a call.
type Outcome struct {
	Name    string
	Status  int    // of the HTTP answer
	Message string // the provider's own words; %s is what the refusal names
	Doc     string // when it happens, and where that is documented
}

// Generic are the outcomes every operation has.
var Generic = []string{Unauthorized, RateLimited, ServerError}

// Always are the outcomes of calls that reach no operation, or not whole.
var Always = []string{NotFound, MethodNotAllowed, TooLarge, Incomplete}

// Names of outcomes that every mock has.
const (
	Unauthorized     = "unauthorized"
	RateLimited      = "rate_limited"
	ServerError      = "server_error"
	NotFound         = "not_found"
	MethodNotAllowed = "method_not_allowed"
	TooLarge         = "too_large"
	Incomplete       = "incomplete"
)

// Outcomes are the names of the outcomes that can be forced on an operation.
func (op *Operation) Outcomes() []string {
	return slices.Concat(op.Refuses, Generic)
}

// Answers are the names of all that an accepted or refused call comes to:
// [Success], and the outcomes.
func (op *Operation) Answers() []string {
	return append([]string{Success}, op.Outcomes()...)
}

// An Action is something that happens without an API call: a settlement, a
// purchase. Its error, if any, is a [*Fault].
type Action struct {
	Name string // "settle"
	Doc  string
	Args []Arg
	Do   func(c *Call, args map[string]string) (any, error)
}

// An Arg is an argument of an action.
type Arg struct {
	Name     string   `json:"name"`
	Doc      string   `json:"description"`
	Required bool     `json:"required"`
	Default  string   `json:"default,omitempty"`
	OneOf    []string `json:"one_of,omitempty"`
}

// A Machine is the life cycle of a kind of record: the names of its states and
// the moves between them.
type Machine struct {
	Name   string       `json:"name"`
	States []string     `json:"states"` // the first is the initial one
	Moves  []Transition `json:"transitions"`
	Doc    string       `json:"description"`
}

// A Transition is an allowed move of a machine.
type Transition struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Allows tells whether a record may move from one state to another.
func (m *Machine) Allows(from, to string) bool {
	return slices.Contains(m.Moves, Transition{from, to})
}

// Final tells whether nothing can happen to a record in a state any more.
func (m *Machine) Final(state string) bool {
	return !slices.ContainsFunc(m.Moves, func(t Transition) bool { return t.From == state })
}

// A Credential is one thing an account signs in with.
type Credential struct {
	Name   string // "private_key"
	Value  string
	Public bool // it only says who somebody is, and may be shown
}

// Secrets name what must not be shown whole.
type Secrets struct {
	Headers []string
	Fields  []string // of a call; dotted for nested ones
	Events  []string // of an event's payload, at any depth
	Answer  []string // of a call's JSON answer, at any depth
}

// Operation returns the operation with a name, nil if there is none.
func (m *Mock) Operation(name string) *Operation {
	return find(m.Operations, func(op *Operation) bool { return op.Name == name })
}

// Outcome returns the outcome with a name, nil if there is none.
func (m *Mock) Outcome(name string) *Outcome {
	return find(m.Outcomes, func(o *Outcome) bool { return o.Name == name })
}

// Machine returns the machine with a name, nil if there is none.
func (m *Mock) Machine(name string) *Machine {
	return find(m.Machines, func(m *Machine) bool { return m.Name == name })
}

// Action returns the action with a name, nil if there is none.
func (m *Mock) Action(name string) *Action {
	return find(m.Actions, func(a *Action) bool { return a.Name == name })
}

func find[T any](all []T, is func(*T) bool) *T {
	for i := range all {
		if is(&all[i]) {
			return &all[i]
		}
	}
	return nil
}
