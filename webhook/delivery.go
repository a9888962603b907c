package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/mockpay/mockpay/state"
)

// RetryJob is the kind of the jobs that send an event again.
const RetryJob = "webhook.retry"

// Workspace is what a Delivery needs of the world whose events it brings.
type Workspace struct {
	Update   func(func(*state.Tx) error) error // a transaction
	View     func(func(*state.Tx)) error
	Now      func() time.Time
	Endpoint func(provider string) Endpoint // in force; without a URL there is none
	Log      *slog.Logger
}

// A Delivery brings the events of one workspace to their receivers. It has a
// goroutine for each lane that has something to send, and none when idle.
type Delivery struct {
	Workspace
	send      func(context.Context, Endpoint, Event) Attempt
	providers []string

	mu      sync.Mutex
	run     *run          // guarded by mu, as is all below
	changed chan struct{} // closed at the next change; nil if nobody waits
	stopped bool
	ended   bool              // and what was queued is sent or broken off
	pauses  int               // Suspends that are not over
	working sync.WaitGroup    // lanes
	failing map[string]string // by provider, how its last attempt failed; without those that did not
}

// A run is the time between two beginnings of the workspace. What was on its way
// when one ends belongs to a world that is gone.
type run struct {
	ctx    context.Context
	cancel context.CancelFunc
	seen   Count           // events, as far as it was told
	busy   map[lane]bool   // lanes at work, and whether they must look again
	held   map[string]bool // calls that have not been answered
}

type lane struct{ provider, name string }

func newRun() *run {
	ctx, cancel := context.WithCancel(context.Background())
	return &run{ctx: ctx, cancel: cancel, busy: make(map[lane]bool), held: make(map[string]bool)}
}

// NewDelivery returns a Delivery of the events of these providers.
func NewDelivery(w Workspace, s *Sender, providers []string) *Delivery {
	return &Delivery{Workspace: w, send: s.Send, providers: providers, run: newRun(), failing: make(map[string]string)}
}

// A Count is how many events were written, and how many of them to be sent.
type Count struct{ Written, Queued int64 }

// Counted is the count that a transaction knows; tell it to [Delivery.Note].
func Counted(tx *state.Tx) Count { return Count{tx.Counter(written), tx.Counter(queued)} }

// Note learns after a transaction how many events there are, and sees to it that
// new ones are sent.
func (d *Delivery) Note(events Count) {
	d.mu.Lock()
	before := d.run.seen
	d.run.seen = events
	if events != before {
		d.broadcastLocked()
	}
	d.mu.Unlock()
	if events.Queued != before.Queued {
		d.Wake()
	}
}

// Hold keeps back the events of a call until release is called, when it is
// answered. Call Hold before the transaction of the call ends.
func (d *Delivery) Hold(request string) (release func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.run
	r.held[request] = true
	return func() {
		d.mu.Lock()
		delete(r.held, request)
		d.mu.Unlock()
		d.Wake()
	}
}

// Wake sees to it that what is queued is being sent.
func (d *Delivery) Wake() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.broadcastLocked()
	if d.stopped || d.pauses > 0 {
		return
	}
	for _, p := range d.providers {
		for _, name := range lanes {
			l := lane{p, name}
			if _, busy := d.run.busy[l]; busy {
				d.run.busy[l] = true
				continue
			}
			d.run.busy[l] = false
			r := d.run
			d.working.Go(func() { d.work(r, l) })
		}
	}
}

func (d *Delivery) broadcastLocked() {
	if d.changed != nil {
		close(d.changed)
		d.changed = nil
	}
}

// work sends what is in a lane until nothing is.
func (d *Delivery) work(r *run, l lane) {
	for {
		e, ok := d.next(r, l)
		if !ok {
			if d.rest(r, l) {
				return
			}
			continue
		}
		if !d.attempt(r, e) {
			d.mu.Lock()
			delete(r.busy, l)
			d.mu.Unlock()
			return
		}
	}
}

// rest ends the work in a lane, unless something came meanwhile.
func (d *Delivery) rest(r *run, l lane) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if again := r.busy[l]; again && r == d.run {
		r.busy[l] = false
		return false
	}
	delete(r.busy, l)
	return true
}

// next is the event to send next in a lane. An event whose call has not been
// answered is waited for, with all behind it.
func (d *Delivery) next(r *run, l lane) (e Event, ok bool) {
	err := d.View(func(tx *state.Tx) {
		e, ok = first(Table.By(tx, "queue", queueKey(l.provider, l.name)))
	})
	d.mu.Lock()
	defer d.mu.Unlock()
	return e, ok && err == nil && r == d.run && !r.held[e.Cause]
}

// attempt sends an event and writes down what became of it. It tells whether
// the lane goes on.
func (d *Delivery) attempt(r *run, e Event) bool {
	to := d.Endpoint(e.Provider)
	a := Attempt{}
	if to.URL != "" {
		to.At = d.Now()
		if e.Queue == laneHand {
			e.Misbehaviour = nil
		}
		a = d.send(r.ctx, to, e)
		a.At, a.Spoiled = to.At, e.spoils()
	}
	if r.ctx.Err() != nil {
		return false // the world it was for is gone, or the server stops
	}
	d.tell(e, to, a) // whoever sees the attempt finds it in the log
	again := false
	err := d.Update(func(tx *state.Tx) error {
		if !d.current(r) {
			return nil
		}
		if e, ok := Table.Get(tx, e.ID); ok {
			before := e.Status
			e.judge(tx, to, a)
			e.put(tx, before)
			again = e.letGo(tx) || e.Queue != ""
		}
		return nil
	})
	if err != nil {
		d.Log.Error("an attempt to deliver a webhook cannot be written down", "webhook", e.ID, "error", err)
		return false
	}
	if again {
		d.Wake()
		return true
	}
	d.mu.Lock()
	d.broadcastLocked()
	d.mu.Unlock()
	return true
}

func (d *Delivery) current(r *run) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.run == r
}

// judge is what becomes of an event after an attempt. One by hand is none of
// the count, unless the event's retry fell due while it was on its way. Duplicates
// are none either: they follow the first attempt, and all of them together are
// what is judged.
func (e *Event) judge(tx *state.Tx, to Endpoint, a Attempt) {
	byHand := e.Queue == laneHand && (e.Status != Pending || e.Job != "" || e.Held)
	before := e.Status
	defer e.answerAsked()
	e.Queue = ""
	if to.URL == "" {
		tx.Cancel(e.Job)
		e.Job = ""
		e.unsent()
		if before == Delivered || e.Taken {
			e.Status = Delivered
		}
		return
	}
	e.URL = to.URL
	first := !byHand && e.Tried == 0
	if !byHand {
		a.Copy = e.Copy
	}
	if a.Copy == 0 && !byHand {
		e.Tried++
	}
	e.Attempts = append(e.Attempts, a)
	if n := len(e.Attempts) - keepAttempts; n > 0 {
		e.Attempts = e.Attempts[n:]
	}
	if !byHand && e.goesOn(first, a) {
		return
	}
	switch e.Hint = a.Error; {
	case a.Error == "" || e.Taken && !byHand:
		tx.Cancel(e.Job)
		e.Status, e.Job, e.Hint = Delivered, "", ""
	case byHand && e.Status == Delivered:
		e.Hint = "delivered before; delivering it once more failed: " + a.Error
	case byHand && e.Status == Pending: // goes on as it would have
	case byHand || a.refused || e.Tried >= to.Attempts:
		e.Status = Failed
		if !byHand && e.Tried > 1 {
			e.Hint = fmt.Sprintf("%s; that was attempt %d", a.Error, e.Tried)
		}
	case to.backoff(e.Tried) == 0:
		e.Queue = laneAgain
	default:
		e.Job = tx.Schedule(tx.Now().Add(to.backoff(e.Tried)), RetryJob, e.ID, nil)
	}
}

// goesOn puts an event whose duplicates are not all sent back into the queue.
func (e *Event) goesOn(first bool, a Attempt) bool {
	e.Taken = e.Taken || a.Error == ""
	if (first || e.Copy > 0) && !a.refused && e.Misbehaviour != nil && e.Copy < e.Misbehaviour.Duplicate {
		e.Copy++
		e.Queue = laneFirst
		return true
	}
	e.Copy = 0
	return false
}

// answerAsked sends an event by hand, now that the queue is through with it, if
// that was asked for meanwhile.
func (e *Event) answerAsked() {
	if e.Asked && e.Queue == "" {
		e.Queue, e.Asked = laneHand, false
	}
}

// unsent marks an event that has nowhere to go.
func (e *Event) unsent() {
	e.Status, e.Queue = Unsent, ""
	e.Hint = "no endpoint is set: PUT /_mockpay/webhook-endpoints/" + e.Provider + ", --webhook-url or the scenario's webhook.url sets one"
}

// Retry puts an event back into the queue: its job is due. An attempt by hand
// that is on its way will do.
func Retry(tx *state.Tx, job state.Job) error {
	if e, ok := Table.Get(tx, job.Ref); ok && e.Job == job.ID {
		e.Job = ""
		if e.Queue == "" {
			e.Queue = laneAgain
		}
		Table.Put(tx, e)
	}
	return nil
}

// ErrUnknown is that of ids that no event has.
var ErrUnknown = errors.New("no such webhook")

// ErrStopped is that of waits for what nobody sends any more.
var ErrStopped = errors.New("the workspace has stopped")

// Redeliver sends an event once more, with the same id and body and however it was
// to misbehave, as it should be, and returns what became of it.
func (d *Delivery) Redeliver(ctx context.Context, id string) (e Event, err error) {
	err = d.Update(func(tx *state.Tx) error {
		found, ok := Table.Get(tx, id)
		if !ok {
			return ErrUnknown
		}
		switch {
		case found.Queue == "":
			found.Queue = laneHand
		case found.Queue != laneHand && found.Misbehaviour != nil: // what is in the queue may be spoiled
			found.Asked = true
		}
		Table.Put(tx, found)
		return nil
	})
	if err != nil {
		return e, err
	}
	d.Wake()
	gone := false
	err = d.Await(ctx, func(tx *state.Tx) bool {
		e, gone = Event{}, true
		if found, ok := Table.Get(tx, id); ok {
			e, gone = found, false
		}
		return gone || e.Queue == ""
	})
	if err == nil && gone {
		err = ErrUnknown
	}
	return e, err
}

// Await returns when a condition holds, looking again after each change, or
// with the context's error.
func (d *Delivery) Await(ctx context.Context, holds func(*state.Tx) bool) error {
	for {
		d.mu.Lock()
		if d.changed == nil {
			d.changed = make(chan struct{})
		}
		changed, ended := d.changed, d.ended
		d.mu.Unlock()
		done := false
		if err := d.View(func(tx *state.Tx) { done = holds(tx) }); err != nil || done {
			return err
		}
		if ended {
			return ErrStopped
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Settle returns when all that was to be sent at the time of the call has been
// tried, or belongs to a world that is gone.
func (d *Delivery) Settle() {
	d.Wake()
	d.mu.Lock()
	ctx := d.run.ctx
	d.mu.Unlock()
	waiting := make(map[string]bool)
	_ = d.View(func(tx *state.Tx) {
		for e := range Waiting(tx) {
			if e.underWay(tx) && slices.Contains(d.providers, e.Provider) {
				waiting[e.ID] = true
			}
		}
	})
	if len(waiting) == 0 {
		return
	}
	_ = d.Await(ctx, func(tx *state.Tx) bool { // an error means that the world is gone
		for id := range waiting {
			if e, ok := Table.Get(tx, id); ok && e.underWay(tx) {
				return false
			}
			delete(waiting, id)
		}
		return true
	})
}

// Suspend breaks off what is on its way, and begins nothing until resume is
// called. What was queued stays queued, what is held stays held. Whoever begins
// a new world suspends the old one, and calls Abandon when the new one is there.
func (d *Delivery) Suspend() (resume func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pauses++
	d.renewLocked(d.run.held)
	return func() {
		d.mu.Lock()
		d.pauses--
		d.renewLocked(d.run.held)
		d.mu.Unlock()
		d.Wake()
	}
}

// Abandon forgets the calls that were being answered: their world is gone.
func (d *Delivery) Abandon() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.renewLocked(make(map[string]bool))
}

// renewLocked ends a run. While nothing may begin, nobody waits for the next.
func (d *Delivery) renewLocked(held map[string]bool) {
	d.run.cancel()
	d.run = newRun()
	d.run.held = held
	if d.stopped || d.pauses > 0 {
		d.run.cancel()
	}
	d.broadcastLocked()
}

// Stop sends what is queued until the context ends, then breaks off. It returns
// the events that were not done with.
func (d *Delivery) Stop(ctx context.Context) (left []Event) {
	d.Wake() // for what was written just now
	d.mu.Lock()
	d.stopped = true
	r := d.run
	d.mu.Unlock()
	unhook := context.AfterFunc(ctx, r.cancel)
	defer unhook()
	d.working.Wait()
	r.cancel()
	d.mu.Lock()
	d.ended = true
	d.broadcastLocked()
	d.mu.Unlock()
	_ = d.View(func(tx *state.Tx) {
		for e := range Waiting(tx) {
			left = append(left, e)
		}
	})
	return left
}
