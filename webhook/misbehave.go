package webhook

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/mockpay/mockpay/clock"
	"github.com/mockpay/mockpay/state"
)

// A Misbehaviour is what goes wrong with an event on its way because somebody
// ordered it.
type Misbehaviour struct {
	Rule           string        `json:"rule,omitempty"` // of the scenario, that ordered it
	Drop           bool          `json:"drop,omitempty"`
	Delay          time.Duration `json:"delay,omitempty"`     // of the first attempt, on the workspace's clock
	Duplicate      int           `json:"duplicate,omitempty"` // deliveries besides the first
	Reorder        bool          `json:"reorder,omitempty"`   // it changes places with the next
	BadSignature   bool          `json:"bad_signature,omitempty"`
	StaleTimestamp bool          `json:"stale_timestamp,omitempty"`
	Corrupt        bool          `json:"corrupt,omitempty"`
}

// MostDuplicates bounds how often an event is repeated.
const MostDuplicates = 100

// An Order makes the events of a call misbehave, also those that come later.
type Order struct {
	Misbehaviour
	Event  string        `json:"event,omitempty"`  // the only one that does, "" for all
	Spread time.Duration `json:"spread,omitempty"` // the delay is up to so much longer, by chance
}

// Give orders how the events misbehave that the rest of a transaction causes, and
// the jobs that it schedules. The order is the transaction's tag.
func Give(tx *state.Tx, o Order) {
	tag, err := json.Marshal(o)
	if err != nil {
		panic(fmt.Sprintf("webhook: an order can be written: %v", err))
	}
	tx.SetTag(tag)
}

// CheckTag refuses tags that are no orders.
func CheckTag(tag json.RawMessage) error {
	if len(tag) == 0 {
		return nil
	}
	return json.Unmarshal(tag, new(Order))
}

// ordered is how an event shall misbehave, nil if nobody ordered it.
func ordered(tx *state.Tx, event string) *Misbehaviour {
	o := orderOf(tx)
	if o == nil || o.Event != "" && o.Event != event {
		return nil
	}
	if o.Spread > 0 {
		o.Delay += time.Duration(tx.Float("webhook/delay") * float64(o.Spread))
	}
	if whole := o.Delay.Truncate(clock.Resolution); whole < o.Delay {
		o.Delay = whole + clock.Resolution // as jobs are rounded
	}
	return &o.Misbehaviour
}

// orderOf is the transaction's order, nil if it has none.
func orderOf(tx *state.Tx) *Order {
	if len(tx.Tag()) == 0 {
		return nil
	}
	var o Order
	if json.Unmarshal(tx.Tag(), &o) != nil {
		return nil
	}
	return &o
}

// A note is an order that was given for the events about a record.
type note struct {
	Record string `json:"record"`
	Order  Order  `json:"order"`
}

// Notes holds the orders by the records they are about.
var Notes = state.NewTable("webhooks.orders", func(n note) string { return n.Record })

// Remember notes the transaction's order, if it has one, for what [Recall] will
// tell about a record of a provider.
func Remember(tx *state.Tx, provider, record string) {
	if o := orderOf(tx); o != nil {
		Notes.Put(tx, note{provider + "/" + record, *o})
	}
}

// Recall gives the order that was noted for a record, if there is one and the
// transaction has none of its own.
func Recall(tx *state.Tx, provider, record string) {
	if n, ok := Notes.Get(tx, provider+"/"+record); ok && len(tx.Tag()) == 0 {
		Give(tx, n.Order)
	}
}

// Kinds of the jobs that send an event later, besides [RetryJob].
const (
	delayedJob = "webhook.delayed" // for the first time, though late
	heldJob    = "webhook.held"    // for the first time, though no other came
)

// holdFor bounds how long an event waits on the workspace's clock for the one that
// it changes places with.
const holdFor = time.Minute

// JobKinds are the kinds of jobs that are [RunJob]'s.
var JobKinds = []string{RetryJob, delayedJob, heldJob}

// IsJob tells whether a kind of jobs is [RunJob]'s.
func IsJob(kind string) bool { return slices.Contains(JobKinds, kind) }

// RunJob does what the jobs of this package are for, and leaves those of events
// that no longer wait for them.
func RunJob(tx *state.Tx, job state.Job) error {
	if job.Kind == RetryJob {
		return Retry(tx, job)
	}
	e, ok := Table.Get(tx, job.Ref)
	if !ok || e.Job != job.ID {
		return nil
	}
	e.Job = ""
	if job.Kind == heldJob && e.Behind == "" {
		e.Held = false
	}
	e.ready(tx)
	Table.Put(tx, e)
	return nil
}

// begin sends a new event on its way as it was ordered. One that comes while
// another is held is the next one, which the other goes behind.
func (e *Event) begin(tx *state.Tx) {
	first, waits := waitingFor(tx, e.Provider, "")
	if waits {
		first.Behind = e.ID
		Table.Put(tx, first)
	}
	m := e.Misbehaviour
	if m == nil {
		return
	}
	e.Held = m.Reorder && !waits
	if m.Delay > 0 {
		e.Queue, e.Hint = "", fmt.Sprintf("delayed by %s", m.Delay)
		e.Job = tx.Schedule(tx.Now().Add(m.Delay), delayedJob, e.ID, nil)
		return
	}
	e.ready(tx)
}

// ready puts an event that is not delayed any more into the queue, unless it is
// held.
func (e *Event) ready(tx *state.Tx) {
	switch {
	case !e.Held:
		if e.Queue == "" {
			e.Queue = laneFirst
		}
		e.Hint = ""
	case e.Behind == "":
		e.Queue, e.Hint = "", fmt.Sprintf("held until the next webhook of %s was sent, or for %s", e.Provider, holdFor)
		e.Job = tx.Schedule(tx.Now().Add(holdFor), heldJob, e.ID, nil)
	}
}

// late tells whether an event is still delayed.
func (e *Event) late(now time.Time) bool {
	return e.Misbehaviour != nil && now.Before(e.At.Add(e.Misbehaviour.Delay))
}

// waitingFor finds the event of a provider that is held for another, "" standing
// for one that has not come yet.
func waitingFor(tx *state.Tx, provider, id string) (e Event, ok bool) {
	for e := range Table.By(tx, "held", provider) {
		if e.Behind == id {
			return e, true
		}
	}
	return e, false
}

// letGo ends the wait of the event that goes behind this one, once this one was
// sent or never will be.
func (e *Event) letGo(tx *state.Tx) bool {
	if e.Status == Pending && (e.Tried == 0 || e.Queue == laneFirst) {
		return false
	}
	held, ok := waitingFor(tx, e.Provider, e.ID)
	if ok {
		held.free(tx)
	}
	return ok
}

// free holds an event no longer.
func (e *Event) free(tx *state.Tx) {
	e.Held, e.Behind = false, ""
	if !e.late(tx.Now()) {
		tx.Cancel(e.Job)
		e.Job = ""
		e.ready(tx)
	}
	Table.Put(tx, *e)
}

// Unhold frees the events that are held for others that have not come, so that
// nobody waits for them for ever.
func (d *Delivery) Unhold() error {
	err := d.Update(func(tx *state.Tx) error {
		for _, provider := range d.providers {
			if e, ok := waitingFor(tx, provider, ""); ok {
				e.free(tx)
			}
		}
		return nil
	})
	d.Wake()
	return err
}

// Holding tells whether some event is held for one that has not come.
func (d *Delivery) Holding(tx *state.Tx) bool {
	for _, provider := range d.providers {
		if _, ok := waitingFor(tx, provider, ""); ok {
			return true
		}
	}
	return false
}

// underWay tells whether an event is in the queue, or will be as soon as what is
// there before it was sent.
func (e *Event) underWay(tx *state.Tx) bool {
	if e.Queue != "" || !e.Held || e.Behind == "" || e.late(tx.Now()) {
		return e.Queue != ""
	}
	next, ok := Table.Get(tx, e.Behind)
	return ok && next.Queue != ""
}
