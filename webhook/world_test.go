package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/clock"
	"github.com/mockpay/mockpay/state"
)

// start is when the worlds of these tests begin.
var start = time.Date(2026, 1, 15, 9, 0, 0, 0, time.UTC)

// Backoff of the worlds' endpoints.
const (
	backoffA = time.Minute
	backoffB = 5 * time.Minute
)

// A world has a clock, a state and a Delivery, wired as a workspace does it.
// Its receiver is a function, so that a test in a bubble sees all there is.
type world struct {
	t     testing.TB
	db    *state.DB
	clock *clock.Clock
	d     *Delivery
	lock  sync.RWMutex // held for writing while the world is replaced
	seed  int64

	mu sync.Mutex // guards all below
	to map[string]Endpoint
}

// work is what falls due in a world.
type work struct{ *world }

func (w work) Next() (time.Time, bool) { return w.db.Next() }

func (w work) Run(until time.Time) []clock.Due {
	ran := w.db.Run(until)
	w.d.Wake()
	return ran
}

func (w work) Settle() { w.d.Settle() }

// newWorld returns a world whose clock stands, and whose providers are cash and
// dragon. send makes the attempts.
func newWorld(t testing.TB, send func(context.Context, Endpoint, Event) Attempt) *world {
	return newWorldOn(t, clock.Setup{Start: start, Frozen: true}, send)
}

func newWorldOn(t testing.TB, setup clock.Setup, send func(context.Context, Endpoint, Event) Attempt) *world {
	w := &world{t: t, seed: 7, to: map[string]Endpoint{
		"cash":   {URL: "http://cash.internal/hook", Encoding: JSON, Attempts: 3, Backoff: []time.Duration{backoffA, backoffB}, Timeout: 10 * time.Second},
		"dragon": {URL: "http://dragon.internal/hook", Encoding: Form, Attempts: 3, Backoff: []time.Duration{backoffA, backoffB}, Timeout: 10 * time.Second},
	}}
	docs, err := state.Memory().Open("test")
	require.NoError(t, err)
	w.db, err = state.Open(docs, state.Options{
		Now: func() time.Time { return w.clock.Now() }, Moving: func() bool { return w.clock.Moving() },
		RunJob: func(tx *state.Tx, job state.Job) error {
			defer w.d.Wake() // also when a mere look runs the job
			if IsJob(job.Kind) {
				return RunJob(tx, job)
			}
			Emit(tx, "cash", job.Kind, w.endpoint("cash").URL, json.RawMessage(`{}`))
			return nil
		},
		Schemas: []state.Schema{Table, Notes},
	})
	require.NoError(t, err)
	w.d = NewDelivery(Workspace{
		Update: w.tryUpdate, View: w.view, Now: func() time.Time { return w.clock.Now() },
		Endpoint: w.endpoint, Log: slog.New(slog.DiscardHandler),
	}, nil, []string{"cash", "dragon"})
	w.d.send = send
	w.clock = clock.New(work{w}, setup)
	w.reset(nil)
	t.Cleanup(func() {
		w.clock.Stop()
		w.d.Stop(over())
	})
	return w
}

// over is a context that is over.
func over() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func (w *world) endpoint(provider string) Endpoint {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to[provider]
}

// change changes a provider's endpoint.
func (w *world) change(provider string, how func(*Endpoint)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	to := w.to[provider]
	how(&to)
	w.to[provider] = to
}

func (w *world) view(fn func(*state.Tx)) error {
	w.lock.RLock()
	defer w.lock.RUnlock()
	return w.db.View(func(tx *state.Tx) error {
		fn(tx)
		return nil
	})
}

func (w *world) tryUpdate(fn func(*state.Tx) error) error {
	w.lock.RLock()
	defer w.lock.RUnlock()
	var events Count
	err := w.db.Update(state.Cause{Operation: "test"}, func(tx *state.Tx) error {
		events = Counted(tx)
		err := fn(tx)
		if err == nil {
			events = Counted(tx)
		}
		return err
	})
	w.clock.Rearm()
	w.d.Note(events)
	return err
}

// update runs a transaction that must succeed.
func (w *world) update(fn func(*state.Tx)) {
	require.NoError(w.t, w.tryUpdate(func(tx *state.Tx) error {
		fn(tx)
		return nil
	}))
}

// emit writes an event of a provider, numbered n.
func (w *world) emit(provider string, n int) (e Event) {
	w.update(func(tx *state.Tx) { e = w.emitIn(tx, provider, n) })
	return e
}

func (w *world) emitIn(tx *state.Tx, provider string, n int) Event {
	return Emit(tx, provider, fmt.Sprintf("e%d", n), w.endpoint(provider).URL, json.RawMessage(fmt.Sprintf(`{"n":%d,"amount":5.00}`, n)))
}

// call writes an event that a call caused, and returns what releases it.
func (w *world) call(request, provider string, n int) (e Event, release func()) {
	w.update(func(tx *state.Tx) {
		tx.SetCause(state.Cause{Operation: provider + ".pay", Request: request})
		e = w.emitIn(tx, provider, n)
		release = w.d.Hold(request)
	})
	return e, release
}

// reset begins a new world, as a workspace does.
func (w *world) reset(open func(*state.Tx)) {
	require.NoError(w.t, w.replace(func() error {
		return w.db.Reset(w.seed, state.Cause{Operation: state.Opening}, func(tx *state.Tx) error {
			if open != nil {
				open(tx)
			}
			return nil
		})
	}))
}

func (w *world) replace(with func() error) error {
	defer w.d.Suspend()()
	s := w.clock.State()
	s.Now = s.Start
	return w.clock.Replace(s, func(set func()) error {
		w.lock.Lock()
		defer w.lock.Unlock()
		set()
		if err := with(); err != nil {
			return err
		}
		w.d.Abandon()
		return nil
	})
}

// get returns an event that must be there.
func (w *world) get(id string) (e Event) {
	require.NoError(w.t, w.view(func(tx *state.Tx) {
		var ok bool
		e, ok = Table.Get(tx, id)
		require.True(w.t, ok, "event %s", id)
	}))
	return e
}

// events are all there are, oldest first.
func (w *world) events() (all []Event) {
	require.NoError(w.t, w.view(func(tx *state.Tx) {
		for e := range Table.All(tx) {
			all = append(all, e)
		}
	}))
	return all
}

func (w *world) jobs() (all []state.Job) {
	require.NoError(w.t, w.view(func(tx *state.Tx) { all = tx.Jobs() }))
	return all
}

func (w *world) advance(by time.Duration) []clock.Due {
	due, err := w.clock.Advance(by)
	require.NoError(w.t, err)
	return due
}

// tries are when an event was sent, from the start on.
func (w *world) tries(id string) (at []time.Duration) {
	for _, a := range w.get(id).Attempts {
		at = append(at, a.At.Sub(start))
	}
	return at
}

// A receiver answers attempts as it is told, and remembers them.
type receiver struct {
	answer func(ctx context.Context, e Event, n int) Attempt // to the n-th try of an event, from 1; nil: takes it

	mu      sync.Mutex // guards all below
	got     []string   // names of events in the order they came
	tries   map[string]int
	sending map[string]int // attempts of a provider on their way
	most    map[string]int // most of them at a time
}

func newReceiver(answer func(ctx context.Context, e Event, n int) Attempt) *receiver {
	return &receiver{answer: answer, tries: make(map[string]int), sending: make(map[string]int), most: make(map[string]int)}
}

func (r *receiver) send(ctx context.Context, _ Endpoint, e Event) Attempt {
	if ctx.Err() != nil { // nothing comes
		return Attempt{Error: ctx.Err().Error()}
	}
	r.mu.Lock()
	r.got = append(r.got, e.Event)
	r.tries[e.ID]++
	n := r.tries[e.ID]
	r.sending[e.Provider]++
	r.most[e.Provider] = max(r.most[e.Provider], r.sending[e.Provider])
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		r.sending[e.Provider]--
		r.mu.Unlock()
	}()
	if r.answer == nil {
		return taken
	}
	return r.answer(ctx, e, n)
}

// came are the events that came so far.
func (r *receiver) came() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string{}, r.got...)
}

func (r *receiver) count() int { return len(r.came()) }

// Answers of receivers.
var (
	taken = Attempt{Status: 200}
	down  = Attempt{Status: 503, Error: "the receiver answered 503"}
)

// failing answers the first n tries of each event with a failure.
func failing(n int) func(context.Context, Event, int) Attempt {
	return func(_ context.Context, _ Event, try int) Attempt {
		if try <= n {
			return down
		}
		return taken
	}
}

// hanging answers the named events when until is closed or they are given up,
// and takes all others.
func hanging(until <-chan struct{}, names ...string) func(context.Context, Event, int) Attempt {
	return func(ctx context.Context, e Event, _ int) Attempt {
		for _, name := range names {
			if e.Event == name {
				select {
				case <-until:
				case <-ctx.Done():
					return Attempt{Error: ctx.Err().Error()}
				}
			}
		}
		return taken
	}
}

// inBubble runs a test where time is what the test makes it, and where
// synctest.Wait tells when all that can happen has happened.
func inBubble(t *testing.T, name string, fn func(*testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { synctest.Test(t, fn) })
}

// lanesAtWork counts the goroutines of deliveries.
func lanesAtWork() int {
	buf := make([]byte, 1<<20)
	return strings.Count(string(buf[:runtime.Stack(buf, true)]), "(*Delivery).work(")
}
