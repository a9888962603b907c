package clock_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/clock"
)

// start is when the clocks of these tests begin.
var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// A world is a clock with work kept in a slice, and a log of what was done.
type world struct {
	*clock.Clock

	mu   sync.Mutex // guards all below; never held while a job runs
	jobs []job      // by time, ties as scheduled
	log  []string   // "settle@2s": what ran, and what the clock showed then
	runs int        // how often Run was called
}

type job struct {
	at   time.Time
	name string
	do   []func()
}

func newWorld(t testing.TB, setup clock.Setup) *world {
	w := &world{}
	w.Clock = clock.New(w, setup)
	t.Cleanup(w.Stop)
	return w
}

// frozen returns a world that stands at start until it is moved.
func frozen(t testing.TB) *world {
	return newWorld(t, clock.Setup{Start: start, Frozen: true})
}

// at schedules a job, after start by d, that logs itself and then does more.
func (w *world) at(d time.Duration, name string, more ...func()) {
	w.put(start.Add(d), name, more...)
}

// put is at for any instant.
func (w *world) put(at time.Time, name string, more ...func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	i, _ := slices.BinarySearchFunc(w.jobs, at, func(j job, at time.Time) int {
		if j.at.After(at) {
			return 1
		}
		return -1
	})
	w.jobs = slices.Insert(w.jobs, i, job{at, name, more})
}

// drop takes every job off the queue.
func (w *world) drop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.jobs = nil
}

func (w *world) Next() (time.Time, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.jobs) == 0 {
		return time.Time{}, false
	}
	return w.jobs[0].at, true
}

func (w *world) Run(until time.Time) []clock.Due {
	w.mu.Lock()
	w.runs++
	w.mu.Unlock()
	var done []clock.Due
	for {
		j, ok := w.take(until)
		if !ok {
			return done
		}
		w.note(j.name)
		for _, do := range j.do {
			do()
		}
		done = append(done, clock.Due{At: j.at, Kind: j.name})
	}
}

func (w *world) take(until time.Time) (job, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.jobs) == 0 || w.jobs[0].at.After(until) {
		return job{}, false
	}
	j := w.jobs[0]
	w.jobs = w.jobs[1:]
	return j, true
}

func (w *world) note(name string) {
	line := since(w.Now(), name)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log = append(w.log, line)
}

// done is the log so far.
func (w *world) done() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.log)
}

// calls is how often the clock came to run its work, due or not.
func (w *world) calls() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.runs
}

// elapsed is what the clock shows, counted from start.
func (w *world) elapsed() time.Duration { return w.Now().Sub(start) }

func since(at time.Time, name string) string { return fmt.Sprintf("%s@%s", name, at.Sub(start)) }

// lines writes what a move returned as the log does.
func lines(fired []clock.Due) []string {
	var all []string
	for _, due := range fired {
		all = append(all, since(due.At, due.Kind))
	}
	return all
}

// pass lets a synctest bubble's time go on, and what is due by then be done.
func pass(d time.Duration) {
	<-time.NewTimer(d).C
	synctest.Wait()
}

// await waits for a channel to be closed.
func await(t *testing.T, done <-chan struct{}, what string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	select {
	case <-done:
	case <-ctx.Done():
		require.FailNow(t, "waited in vain for "+what)
	}
}
