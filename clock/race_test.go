package clock_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/clock"
)

// TestConcurrent moves one clock from all sides while its timer fires. Whoever
// comes first, each job is done once, in order, not before its time, and alone.
func TestConcurrent(t *testing.T) {
	const jobs, rounds = 500, 100
	w := newWorld(t, clock.Setup{Start: start, Speed: 1000})
	var working atomic.Int32
	var done []int // the clock runs one job at a time, which orders these appends
	for n := range jobs {
		due := time.Duration(n) * 50 * time.Millisecond
		w.at(due, fmt.Sprint(n), func() {
			assert.Equal(t, int32(1), working.Add(1), "two jobs at once")
			defer working.Add(-1)
			assert.GreaterOrEqual(t, w.elapsed(), due, "before its time")
			done = append(done, n)
		})
	}
	w.Rearm()

	var all sync.WaitGroup
	each := func(move func(round int)) {
		all.Go(func() {
			last := w.Now()
			for round := range rounds {
				move(round)
				now := w.Now()
				assert.False(t, now.Before(last), "backwards from %s to %s", last, now)
				last = now
			}
		})
	}
	for range 2 {
		each(func(int) {
			_, err := w.Advance(20 * time.Millisecond)
			assert.NoError(t, err)
		})
	}
	each(func(int) {
		if _, err := w.Set(w.Now().Add(10 * time.Millisecond)); err != nil {
			assert.ErrorIs(t, err, clock.ErrBackwards, "another was faster")
		}
	})
	each(func(int) { w.Freeze(); w.Resume() })
	each(func(round int) { assert.NoError(t, w.SetSpeed(float64(500+round*10))) })
	each(func(int) { w.Rearm() })
	each(func(int) { w.State(); w.Start() })
	all.Wait()
	w.Stop()

	_, err := w.Advance(jobs * 50 * time.Millisecond)
	require.NoError(t, err)
	require.Len(t, done, jobs)
	for n := range jobs {
		require.Equal(t, n, done[n])
	}
}

// TestTimerRace lets the timer and Advance compete for the same jobs.
func TestTimerRace(t *testing.T) {
	const jobs = 200
	w := newWorld(t, clock.Setup{Start: start, Speed: clock.MaxSpeed})
	var done sync.WaitGroup
	done.Add(jobs)
	for n := range jobs {
		w.at(time.Duration(n)*time.Second, "a", done.Done)
	}
	w.Rearm()
	for range 20 {
		_, err := w.Advance(time.Second)
		require.NoError(t, err)
	}
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		done.Wait() // the timer does what Advance left over
	}()
	await(t, finished, "the timer")
	assert.Len(t, w.done(), jobs)
}

// TestStopRace stops a clock while it fires: whatever had begun is done when
// Stop returns, and nothing begins after.
func TestStopRace(t *testing.T) {
	for range 50 {
		var stopped atomic.Bool
		w := newWorld(t, clock.Setup{Start: start, Speed: clock.MaxSpeed})
		for n := range 100 {
			w.at(time.Duration(n)*time.Second, "a", func() {
				assert.False(t, stopped.Load(), "work after Stop")
			})
		}
		w.Rearm()
		w.Stop()
		stopped.Store(true)
		_, armed := w.Timer()
		assert.False(t, armed)
		w.Rearm()
	}
}

// TestReplaceRace lets timers fire while a clock is replaced: the work waits.
func TestReplaceRace(t *testing.T) {
	for range 20 {
		w := newWorld(t, clock.Setup{Start: start, Speed: clock.MaxSpeed})
		fired := make(chan struct{})
		w.at(-time.Second, "old")
		require.NoError(t, w.Replace(clock.Setup{Start: start}.State(), func(set func()) error {
			w.Rearm() // the timer goes off at once
			w.drop()
			w.at(0, "new", func() { close(fired) })
			set()
			w.Rearm()
			awaitTimers(t)
			assert.Empty(t, w.done(), "work ran in the middle of the swap")
			return nil
		}))
		await(t, fired, "the new work")
		assert.Len(t, w.done(), 1)
		w.Stop()
	}
}

// awaitTimers waits until timers that went off before it most likely have been
// served. A test that fails only if they have stays right if they have not.
func awaitTimers(t *testing.T) {
	served := make(chan struct{})
	time.AfterFunc(time.Millisecond, func() { close(served) })
	await(t, served, "a timer")
}
