// Package webhook brings a provider's events to the user's receiver.
//
// An [Event] is written by [Emit] in the transaction that causes it: if the
// transaction is undone, nothing was sent. A [Delivery] takes what was committed
// and sends it, outside of any transaction:
//
//   - An event that a call caused goes out after the call was answered.
//   - First attempts of a provider go one after another, in the order of the
//     events. What is tried again goes beside them and holds up nobody.
//   - An attempt succeeds with a 2xx answer, unless its body is a JSON object
//     whose status is "error", where the endpoint does not take that too.
//     Redirects are not followed.
//   - A failed attempt is repeated after the endpoint's backoff, on the
//     workspace's clock: the repetition is a job like any other. How long an
//     attempt may take is real time.
//   - Each attempt is kept with what was sent and what came back.
//   - An event misbehaves if its transaction has an [Order] that says so: it is
//     lost, late, out of order, repeated or spoiled. What is sent by hand never is.
//
// A [Sender] talks HTTP, to none but the targets that [Allow] lets it.
package webhook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"regexp"
	"time"

	"github.com/mockpay/mockpay/journal"
	"github.com/mockpay/mockpay/state"
)

// A Status tells how far an event has come.
type Status string

// The statuses of events.
const (
	Pending   Status = "pending"   // to be sent, or to be sent again
	Delivered Status = "delivered" // the receiver took it
	Failed    Status = "failed"    // no attempt is left
	Dropped   Status = "dropped"   // not sent on purpose
	Unsent    Status = "unsent"    // no endpoint was set
)

// An Event is a webhook: what a provider tells, and what became of it.
type Event struct {
	ID       string          `json:"id"`
	Provider string          `json:"provider"`
	Event    string          `json:"event"` // "transaction_status"
	URL      string          `json:"url"`   // where it goes or went, "" if nowhere
	At       time.Time       `json:"created_at"`
	Status   Status          `json:"status"`
	Cause    string          `json:"cause"` // request, job or action that caused it
	Hint     string          `json:"hint"`  // why it was not delivered
	Payload  json.RawMessage `json:"payload"`
	Attempts []Attempt       `json:"attempts"` // the newest

	Tried int    `json:"tried"` // attempts made, of the count that the endpoint allows
	Queue string `json:"queue"` // the lane it waits in to be sent now, "" for none
	Job   string `json:"job"`   // that will send it, or send it again

	Misbehaviour *Misbehaviour `json:"misbehaviour,omitempty"` // as was ordered; nil for none
	Audit        string        `json:"audit,omitempty"`        // the case of an audit that it was made for

	Held   bool   `json:"held,omitempty"`   // until another was sent
	Behind string `json:"behind,omitempty"` // the event that it is held for, "" before that came
	Copy   int    `json:"copy,omitempty"`   // the duplicate to be sent next, from 1; 0 for the event itself
	Taken  bool   `json:"taken,omitempty"`  // by the receiver, while duplicates are sent
	Asked  bool   `json:"asked,omitempty"`  // to be sent by hand when the queue is through with it
}

// An Attempt is one try to deliver an event.
type Attempt struct {
	At       time.Time       `json:"at"`     // of the workspace's clock
	Status   int             `json:"status"` // of the answer, 0 if none came
	Micros   int64           `json:"duration_us"`
	Error    string          `json:"error"` // why it failed, "" if it did not
	Request  journal.Message `json:"request"`
	Response journal.Message `json:"response"`

	Spoiled []string `json:"spoiled,omitempty"` // by what, on order
	Copy    int      `json:"copy,omitempty"`    // the number of a duplicate, from 1

	refused bool // the target may not be talked to
	late    bool // no answer came in time
}

// Lanes that events wait in.
const (
	laneFirst = "first" // for the first attempt
	laneAgain = "again" // for another one
	laneHand  = "hand"  // for one that was asked for
)

var lanes = []string{laneFirst, laneAgain, laneHand}

// Table holds the events of a workspace.
var Table = state.NewTable("webhooks", func(e Event) string { return e.ID },
	state.Index[Event]{Name: "queue", Key: func(e Event) string { return queueKey(e.Provider, e.Queue) }},
	state.Index[Event]{Name: "done", Key: func(e Event) string {
		if e.Status == Pending {
			return ""
		}
		return "done"
	}},
	state.Index[Event]{Name: "pending", Key: func(e Event) string {
		if e.Status != Pending {
			return ""
		}
		return "pending"
	}},
	state.Index[Event]{Name: "held", Key: func(e Event) string {
		if !e.Held {
			return ""
		}
		return e.Provider
	}},
)

func queueKey(provider, lane string) string {
	if lane == "" {
		return ""
	}
	return provider + "/" + lane
}

// How many events a workspace remembers: the newest that are done with, and
// those on their way up to a number that no test reaches by intent.
const (
	keep         = 1000
	longestLine  = 10_000
	keepAttempts = 20 // that an event remembers
)

// Counters of events ever written, of those among them that were to be sent, of
// those done with, and of those removed to make room.
const (
	written = "webhook/written"
	queued  = "webhook/queued"
	ended   = "webhook/ended"
	removed = "webhook/removed"
)

// Emit writes an event of a provider in the transaction that causes it. It goes
// to url; without one it is kept as unsent. The payload is a JSON object, sent
// as it stands or as a form. It misbehaves if the transaction's [Order] says so.
func Emit(tx *state.Tx, provider, event, url string, payload json.RawMessage) Event {
	e := Event{
		ID: tx.UUID(provider + ".event"), Provider: provider, Event: event, URL: url, At: tx.Now(),
		Status: Pending, Cause: cause(tx.Cause()), Payload: payload, Queue: laneFirst, Attempts: []Attempt{},
		Misbehaviour: ordered(tx, event),
	}
	switch {
	case e.Misbehaviour != nil && e.Misbehaviour.Drop:
		e.Status, e.Queue = Dropped, ""
		e.Hint = fmt.Sprintf("rule %q of the scenario drops it", e.Misbehaviour.Rule)
	case url == "":
		e.unsent()
	case Unfinished(tx) >= longestLine:
		e.Status, e.Queue = Dropped, ""
		e.Hint = fmt.Sprintf("%d webhooks were waiting already", longestLine)
	default:
		tx.Count(queued)
		e.begin(tx)
	}
	tx.Count(written)
	e.put(tx, Pending)
	makeRoom(tx)
	return e
}

// put stores an event, and counts it when it comes to be done with.
func (e Event) put(tx *state.Tx, before Status) {
	if before == Pending && e.Status != Pending {
		tx.Count(ended)
	}
	if e.Status != Pending {
		e.Held, e.Behind = false, ""
	}
	Table.Put(tx, e)
}

func cause(c state.Cause) string {
	switch {
	case c.Request != "":
		return c.Request
	case c.Job != "":
		return c.Job
	}
	return c.Operation
}

// makeRoom removes the oldest events that are done with when there are too many.
func makeRoom(tx *state.Tx) {
	for extra := tx.Counter(ended) - tx.Counter(removed) - keep; extra > 0; extra-- {
		oldest, ok := Table.DeleteFirst(tx, "done", "done")
		if !ok {
			return
		}
		tx.Count(removed)
		tx.Count(removedAs(oldest.Provider, oldest.Event, oldest.Status))
	}
}

func first(events iter.Seq[Event]) (e Event, ok bool) {
	for e := range events {
		return e, true
	}
	return e, false
}

// removedAs counts those removed of a kind.
func removedAs(provider, event string, status Status) string {
	return removed + "/" + provider + "." + event + "/" + string(status)
}

// RemovedAs tells how many events of a provider with a status made room for
// others.
func RemovedAs(tx *state.Tx, provider, event string, status Status) int64 {
	return tx.Counter(removedAs(provider, event, status))
}

// Removed tells how many events made room for others.
func Removed(tx *state.Tx) int64 { return tx.Counter(removed) }

// Unfinished tells how many events are not done with.
func Unfinished(tx *state.Tx) int64 { return tx.Counter(written) - tx.Counter(ended) }

// Statuses are all there are.
var Statuses = []Status{Pending, Delivered, Failed, Dropped, Unsent}

// Waiting ranges over the events that are not done with, oldest first.
func Waiting(tx *state.Tx) iter.Seq[Event] { return Table.By(tx, "pending", "pending") }

// Masked is a copy of the event to show: secrets are hidden in all its texts.
func (e Event) Masked(m *journal.Masker) Event {
	e.Payload, e.Hint = maskTexts(e.Payload, m), m.Text(e.Hint)
	attempts := make([]Attempt, len(e.Attempts))
	for i, a := range e.Attempts {
		a.Error = m.Text(a.Error)
		a.Request, a.Response = m.Message(a.Request), m.Message(a.Response)
		attempts[i] = a
	}
	e.Attempts = attempts
	return e
}

// quoted is a text in JSON.
var quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// maskTexts hides secrets in the texts of a JSON document and nowhere else, so
// that it stays JSON.
func maskTexts(doc json.RawMessage, m *journal.Masker) json.RawMessage {
	return quoted.ReplaceAllFunc(doc, func(q []byte) []byte {
		var text string
		if err := json.Unmarshal(q, &text); err != nil || m.Text(text) == text {
			return q
		}
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		_ = e.Encode(m.Text(text)) // a text always can be
		return bytes.TrimSpace(b.Bytes())
	})
}
