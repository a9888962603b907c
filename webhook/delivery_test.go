package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/clock"
	"github.com/mockpay/mockpay/state"
)

// names are e0, e1 and so on.
func names(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("e%d", i))
	}
	return all
}

func TestFirstAttempts(t *testing.T) {
	inBubble(t, "OneAtATimeInOrder", func(t *testing.T) {
		next := make(chan struct{})
		r := newReceiver(func(context.Context, Event, int) Attempt { <-next; return taken })
		w := newWorld(t, r.send)
		for n := range 20 {
			w.emit("cash", n)
		}
		for n := range 20 {
			synctest.Wait()
			require.Equal(t, names(n+1), r.came(), "the next waits for the one before")
			next <- struct{}{}
		}
		synctest.Wait()
		assert.Equal(t, 1, r.most["cash"])
		for _, e := range w.events() {
			assert.Equal(t, Delivered, e.Status)
			assert.Len(t, e.Attempts, 1)
		}
	})
	inBubble(t, "OrderOfManyWriters", func(t *testing.T) {
		r := newReceiver(nil)
		w := newWorld(t, r.send)
		for i := range 10 {
			go func() {
				for n := range 10 {
					w.emit("cash", 10*i+n)
				}
			}()
		}
		synctest.Wait()
		var want []string
		for _, e := range w.events() {
			want = append(want, e.Event)
		}
		assert.Len(t, want, 100)
		assert.Equal(t, want, r.came())
		assert.Equal(t, 1, r.most["cash"])
	})
	inBubble(t, "FailingOnesDoNotStopTheLine", func(t *testing.T) {
		r := newReceiver(failing(100))
		w := newWorld(t, r.send)
		for n := range 5 {
			w.emit("cash", n)
		}
		synctest.Wait()
		assert.Equal(t, names(5), r.came())
	})
	inBubble(t, "AnotherProviderGoesOn", func(t *testing.T) {
		r := newReceiver(hanging(nil, "e0"))
		w := newWorld(t, r.send)
		stuck := w.emit("cash", 0)
		w.emit("cash", 1)
		for n := 2; n < 5; n++ {
			w.emit("dragon", n)
		}
		synctest.Wait()
		assert.ElementsMatch(t, []string{"e0", "e2", "e3", "e4"}, r.came())
		assert.Equal(t, Pending, w.get(stuck.ID).Status)
	})
	inBubble(t, "AnotherWorkspaceGoesOn", func(t *testing.T) {
		r := newReceiver(hanging(nil, "e0"))
		w, other := newWorld(t, r.send), newWorld(t, r.send)
		w.emit("cash", 0)
		synctest.Wait()
		for n := 1; n < 4; n++ {
			other.emit("cash", n)
		}
		other.advance(time.Hour)
		assert.Equal(t, names(4), r.came())
	})
	inBubble(t, "OneTriedAgainHoldsUpNobody", func(t *testing.T) {
		r := newReceiver(func(ctx context.Context, e Event, n int) Attempt {
			switch {
			case e.Event == "e0" && n == 1:
				return down
			case e.Event == "e0":
				<-ctx.Done()
			}
			return taken
		})
		w := newWorld(t, r.send)
		w.emit("cash", 0)
		synctest.Wait()
		go w.clock.Advance(time.Hour) // waits for e0
		synctest.Wait()
		w.emit("cash", 1)
		w.emit("cash", 2)
		synctest.Wait()
		assert.Equal(t, []string{"e0", "e0", "e1", "e2"}, r.came())
		w.d.Abandon() // lets the clock go on
	})
	inBubble(t, "OneRedeliveredHoldsUpNobody", func(t *testing.T) {
		r := newReceiver(func(ctx context.Context, e Event, n int) Attempt {
			if e.Event == "e0" && n == 2 {
				<-ctx.Done()
			}
			if e.Event == "e1" && n == 1 {
				return down
			}
			return taken
		})
		w := newWorld(t, r.send)
		e := w.emit("cash", 0)
		w.emit("cash", 1)
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go w.d.Redeliver(ctx, e.ID)
		synctest.Wait()
		w.emit("cash", 2)
		w.advance(time.Hour) // e1 is tried again
		assert.Equal(t, []string{"e0", "e1", "e0", "e2", "e1"}, r.came())
	})
	inBubble(t, "IdleHasNoGoroutine", func(t *testing.T) {
		w := newWorld(t, newReceiver(failing(1)).send)
		for n := range 10 {
			w.emit("cash", n)
			w.emit("dragon", n)
		}
		synctest.Wait()
		assert.Zero(t, lanesAtWork())
		w.advance(time.Hour)
		synctest.Wait()
		assert.Zero(t, lanesAtWork())
		assert.Empty(t, w.d.run.busy)
		assert.Empty(t, w.d.run.held)
	})
}

// An endpoint is looked up when an event is sent, not when it is written.
func TestEndpointInForce(t *testing.T) {
	inBubble(t, "ChangedWhileQueued", func(t *testing.T) {
		w := newWorld(t, newReceiver(nil).send)
		e, release := w.call("req-1", "cash", 0)
		w.change("cash", func(to *Endpoint) { to.URL = "http://elsewhere.internal" })
		release()
		synctest.Wait()
		assert.Equal(t, "http://elsewhere.internal", w.get(e.ID).URL)
		assert.Equal(t, Delivered, w.get(e.ID).Status)
	})
	inBubble(t, "TakenAwayWhileQueued", func(t *testing.T) {
		r := newReceiver(nil)
		w := newWorld(t, r.send)
		e, release := w.call("req-1", "cash", 0)
		w.change("cash", func(to *Endpoint) { to.URL = "" })
		release()
		synctest.Wait()
		assert.Equal(t, Unsent, w.get(e.ID).Status)
		assert.Empty(t, w.get(e.ID).Attempts)
		assert.Zero(t, r.count())
	})
	inBubble(t, "TakenAwayWhileToBeTriedAgain", func(t *testing.T) {
		r := newReceiver(failing(5))
		w := newWorld(t, r.send)
		e := w.emit("cash", 0)
		synctest.Wait()
		w.change("cash", func(to *Endpoint) { to.URL = "" })
		w.advance(time.Hour)
		got := w.get(e.ID)
		assert.Equal(t, Unsent, got.Status)
		assert.Len(t, got.Attempts, 1)
		assert.Equal(t, somewhere, got.URL, "where it went")
		assert.Empty(t, w.jobs())
	})
	inBubble(t, "FewerAttempts", func(t *testing.T) {
		w := newWorld(t, newReceiver(failing(5)).send)
		e := w.emit("cash", 0)
		synctest.Wait()
		w.change("cash", func(to *Endpoint) { to.Attempts = 1 })
		w.advance(time.Hour)
		assert.Equal(t, Failed, w.get(e.ID).Status)
		assert.Equal(t, 2, w.get(e.ID).Tried)
	})
}

func TestHold(t *testing.T) {
	inBubble(t, "NothingBeforeRelease", func(t *testing.T) {
		r := newReceiver(nil)
		w := newWorld(t, r.send)
		e, release := w.call("req-1", "cash", 0)
		w.d.Wake()
		synctest.Wait()
		assert.Zero(t, r.count())
		assert.Equal(t, Pending, w.get(e.ID).Status)
		release()
		synctest.Wait()
		assert.Equal(t, names(1), r.came())
	})
	inBubble(t, "NotBeforeThoseAhead", func(t *testing.T) {
		r := newReceiver(nil)
		w := newWorld(t, r.send)
		_, releaseA := w.call("req-1", "cash", 0)
		_, releaseB := w.call("req-2", "cash", 1)
		w.emit("cash", 2) // nobody's call
		_, other := w.call("req-3", "dragon", 9)
		releaseB()
		other()
		synctest.Wait()
		assert.Equal(t, []string{"e9"}, r.came(), "another provider's do not wait")
		releaseA()
		synctest.Wait()
		assert.Equal(t, []string{"e9", "e0", "e1", "e2"}, r.came())
	})
	inBubble(t, "AllEventsOfTheCall", func(t *testing.T) {
		r := newReceiver(nil)
		w := newWorld(t, r.send)
		_, release := w.call("req-1", "cash", 0)
		w.call("req-1", "dragon", 1)
		w.call("req-1", "cash", 2)
		synctest.Wait()
		assert.Zero(t, r.count())
		release()
		synctest.Wait()
		assert.ElementsMatch(t, names(3), r.came())
	})
	inBubble(t, "ReleasedTwice", func(t *testing.T) {
		r := newReceiver(nil)
		w := newWorld(t, r.send)
		_, release := w.call("req-1", "cash", 0)
		release()
		release()
		synctest.Wait()
		release()
		w.advance(0)
		assert.Equal(t, names(1), r.came())
	})
	inBubble(t, "ReleasedBeforeItIsWritten", func(t *testing.T) {
		r := newReceiver(nil)
		w := newWorld(t, r.send)
		w.d.Hold("req-1")()
		w.update(func(tx *state.Tx) {
			tx.SetCause(state.Cause{Request: "req-1"})
			w.emitIn(tx, "cash", 0)
		})
		synctest.Wait()
		assert.Equal(t, names(1), r.came())
	})
	inBubble(t, "NeverReleased", func(t *testing.T) {
		r := newReceiver(nil)
		w := newWorld(t, r.send)
		w.call("req-1", "cash", 0)
		w.emit("cash", 1)
		w.emit("dragon", 2)
		synctest.Wait()
		assert.Equal(t, []string{"e2"}, r.came())
		assert.Zero(t, lanesAtWork(), "nobody keeps looking")
		left := w.d.Stop(t.Context())
		assert.Len(t, left, 2)
	})
	inBubble(t, "NeverReleasedBeforeAReset", func(t *testing.T) {
		r := newReceiver(nil)
		w := newWorld(t, r.send)
		e, release := w.call("req-1", "cash", 0)
		w.reset(nil)
		again, releaseAgain := w.call("req-1", "cash", 1)
		require.Equal(t, e.ID, again.ID)
		release() // of a world that is gone
		synctest.Wait()
		assert.Zero(t, r.count(), "another call of that name is still being answered")
		releaseAgain()
		synctest.Wait()
		assert.Equal(t, []string{"e1"}, r.came())
	})
	inBubble(t, "AFailedReplacementKeepsTheHold", func(t *testing.T) {
		r := newReceiver(nil)
		w := newWorld(t, r.send)
		_, release := w.call("req-1", "cash", 0)
		require.ErrorIs(t, w.replace(func() error { return errUndone }), errUndone)
		synctest.Wait()
		assert.Zero(t, r.count())
		release()
		synctest.Wait()
		assert.Equal(t, names(1), r.came())
	})
	inBubble(t, "TheClockWaitsForTheAnswer", func(t *testing.T) {
		w := newWorld(t, newReceiver(nil).send)
		e, release := w.call("req-1", "cash", 0)
		moved := make(chan struct{})
		go func() {
			defer close(moved)
			w.advance(time.Hour)
		}()
		synctest.Wait()
		assert.Equal(t, start, w.clock.Now(), "the call belongs to the time before")
		release()
		<-moved
		assert.Equal(t, []time.Duration{0}, w.tries(e.ID))
	})
}

func TestRetryTimes(t *testing.T) {
	const a, b = backoffA, backoffB
	for _, tt := range []struct {
		name     string
		attempts int
		backoff  []time.Duration
		failures int
		want     []time.Duration // since the start
		status   Status
	}{
		{"TakenAtOnce", 3, []time.Duration{a, b}, 0, []time.Duration{0}, Delivered},
		{"TakenAgain", 3, []time.Duration{a, b}, 1, []time.Duration{0, a}, Delivered},
		{"TakenLast", 3, []time.Duration{a, b}, 2, []time.Duration{0, a, a + b}, Delivered},
		{"NeverTaken", 3, []time.Duration{a, b}, 9, []time.Duration{0, a, a + b}, Failed},
		{"LastRepeats", 6, []time.Duration{a, b}, 9, []time.Duration{0, a, a + b, a + 2*b, a + 3*b, a + 4*b}, Failed},
		{"OneRepeats", 4, []time.Duration{a}, 9, []time.Duration{0, a, 2 * a, 3 * a}, Failed},
		{"LongerThanNeeded", 2, []time.Duration{a, b, a, b}, 9, []time.Duration{0, a}, Failed},
		{"Zeroes", 4, []time.Duration{0, a, 0}, 9, []time.Duration{0, 0, a, a}, Failed},
		{"Empty", 3, []time.Duration{}, 9, []time.Duration{0, 0, 0}, Failed},
		{"None", 3, nil, 2, []time.Duration{0, 0, 0}, Delivered},
		{"OneAttempt", 1, []time.Duration{a}, 9, []time.Duration{0}, Failed},
		{"Millisecond", 3, []time.Duration{time.Millisecond}, 9, []time.Duration{0, time.Millisecond, 2 * time.Millisecond}, Failed},
		{"RoundedUp", 3, []time.Duration{time.Microsecond}, 9, []time.Duration{0, time.Millisecond, 2 * time.Millisecond}, Failed},
	} {
		inBubble(t, tt.name, func(t *testing.T) {
			w := newWorld(t, newReceiver(failing(tt.failures)).send)
			w.change("cash", func(e *Endpoint) { e.Attempts, e.Backoff = tt.attempts, tt.backoff })
			e := w.emit("cash", 0)
			w.advance(time.Hour)
			assert.Equal(t, tt.want, w.tries(e.ID))
			got := w.get(e.ID)
			assert.Equal(t, tt.status, got.Status)
			assert.Equal(t, len(tt.want), got.Tried)
			assert.Empty(t, got.Job)
			assert.Empty(t, w.jobs())
			switch {
			case tt.status == Delivered:
				assert.Empty(t, got.Hint)
			case len(tt.want) == 1:
				assert.Equal(t, "the receiver answered 503", got.Hint)
			default:
				assert.Equal(t, fmt.Sprintf("the receiver answered 503; that was attempt %d", len(tt.want)), got.Hint)
			}
		})
	}
	inBubble(t, "AtOnceNeedsNoMoveOfTheClock", func(t *testing.T) {
		w := newWorld(t, newReceiver(failing(2)).send)
		w.change("cash", func(e *Endpoint) { e.Backoff = nil })
		e := w.emit("cash", 0)
		synctest.Wait()
		assert.Equal(t, []time.Duration{0, 0, 0}, w.tries(e.ID))
	})
}

// However a clock is moved, the attempts are the same, each at its time, and
// over when the move is.
func TestRetryMoves(t *testing.T) {
	const a, b, ms = backoffA, backoffB, time.Millisecond
	for _, tt := range []struct {
		name  string
		steps []time.Duration
		tried []int // after each step
	}{
		{"OneStep", []time.Duration{time.Hour}, []int{3}},
		{"OneStepToTheEnd", []time.Duration{a + b}, []int{3}},
		{"StepByStep", []time.Duration{a, b}, []int{2, 3}},
		{"JustBefore", []time.Duration{a - ms, ms, b - ms, ms}, []int{1, 2, 2, 3}},
		{"JustBehind", []time.Duration{a + ms, b - 2*ms, ms}, []int{2, 2, 3}},
		{"NotAtAll", []time.Duration{0, 0, ms}, []int{1, 1, 1}},
		{"Minutes", []time.Duration{a, a, a, a, a, a, a}, []int{2, 2, 2, 2, 2, 3, 3}},
	} {
		inBubble(t, tt.name, func(t *testing.T) {
			w := newWorld(t, newReceiver(failing(2)).send)
			e := w.emit("cash", 0)
			for i, step := range tt.steps {
				w.advance(step)
				require.Len(t, w.get(e.ID).Attempts, tt.tried[i], "after step %d", i)
			}
			want := []time.Duration{0, a, a + b}[:tt.tried[len(tt.tried)-1]]
			assert.Equal(t, want, w.tries(e.ID))
		})
	}
	inBubble(t, "SetToATime", func(t *testing.T) {
		w := newWorld(t, newReceiver(failing(2)).send)
		e := w.emit("cash", 0)
		due, err := w.clock.Set(start.Add(a + b))
		require.NoError(t, err)
		assert.Equal(t, []time.Duration{0, a, a + b}, w.tries(e.ID))
		assert.Equal(t, []clock.Due{{At: start.Add(a), Kind: RetryJob, Ref: e.ID}, {At: start.Add(a + b), Kind: RetryJob, Ref: e.ID}}, due)
	})
	inBubble(t, "JobsTellWhatTheyAre", func(t *testing.T) {
		w := newWorld(t, newReceiver(failing(2)).send)
		e := w.emit("cash", 0)
		synctest.Wait()
		jobs := w.jobs()
		require.Len(t, jobs, 1)
		assert.Equal(t, state.Job{ID: w.get(e.ID).Job, At: start.Add(a), Kind: "webhook.retry", Ref: e.ID}, jobs[0])
	})
	inBubble(t, "ARunningClockDoesItToo", func(t *testing.T) {
		r := newReceiver(failing(2))
		w := newWorldOn(t, clock.Setup{Start: start}, r.send)
		e := w.emit("cash", 0)
		time.Sleep(a + b) // of the bubble
		time.Sleep(time.Second)
		synctest.Wait()
		assert.Equal(t, []time.Duration{0, a, a + b}, w.tries(e.ID))
		assert.Equal(t, Delivered, w.get(e.ID).Status)
	})
	inBubble(t, "AnyTransactionMayRunTheJob", func(t *testing.T) {
		r := newReceiver(failing(1))
		w := newWorldOn(t, clock.Setup{Start: start}, r.send)
		w.emit("cash", 0)
		time.Sleep(a) // exactly when it is due, and before the clock's own timer
		w.update(func(*state.Tx) {})
		synctest.Wait()
		assert.Equal(t, 2, r.count())
	})
	inBubble(t, "AFastClock", func(t *testing.T) {
		w := newWorldOn(t, clock.Setup{Start: start, Speed: 3600}, newReceiver(failing(2)).send)
		e := w.emit("cash", 0)
		time.Sleep(time.Second)
		synctest.Wait()
		tries := w.tries(e.ID)
		require.Len(t, tries, 3)
		for i, want := range []time.Duration{0, a, a + b} {
			assert.InDelta(t, want, tries[i], float64(20*ms), "as exactly as a fast clock can")
		}
	})
	inBubble(t, "ManyAtOneTime", func(t *testing.T) {
		r := newReceiver(failing(2))
		w := newWorld(t, r.send)
		for n := range 50 {
			w.emit("cash", n)
			w.emit("dragon", n)
		}
		w.advance(a + b)
		assert.Equal(t, 300, r.count())
		for _, e := range w.events() {
			assert.Equal(t, []time.Duration{0, a, a + b}, w.tries(e.ID))
		}
	})
}

// A RetryJob of an event that is no longer waiting for it does nothing.
func TestRetryJobOfAnother(t *testing.T) {
	for name, job := range map[string]state.Job{
		"OtherJob": {ID: "job-99-1", Kind: RetryJob}, "UnknownEvent": {ID: "job-1-1", Kind: RetryJob, Ref: "unknown"},
	} {
		inBubble(t, name, func(t *testing.T) {
			w := newWorld(t, newReceiver(failing(1)).send)
			e := w.emit("cash", 0)
			synctest.Wait()
			before := w.get(e.ID)
			if job.Ref == "" {
				job.Ref = e.ID
			}
			w.update(func(tx *state.Tx) { require.NoError(t, Retry(tx, job)) })
			w.d.Wake()
			synctest.Wait()
			assert.Equal(t, before, w.get(e.ID))
		})
	}
}

func TestSettle(t *testing.T) {
	inBubble(t, "NothingToDo", func(t *testing.T) {
		w := newWorld(t, newReceiver(nil).send)
		w.d.Settle()
	})
	inBubble(t, "AHangingReceiverIsWaitedFor", func(t *testing.T) {
		until := make(chan struct{})
		w := newWorld(t, newReceiver(hanging(until, "e0")).send)
		e := w.emit("cash", 0)
		moved := make(chan struct{})
		go func() {
			defer close(moved)
			w.advance(time.Hour)
		}()
		synctest.Wait()
		assert.Equal(t, start, w.clock.Now())
		close(until)
		<-moved
		assert.Equal(t, Delivered, w.get(e.ID).Status)
		assert.Equal(t, []time.Duration{0}, w.tries(e.ID))
	})
	inBubble(t, "ARunningClockDoesNotWait", func(t *testing.T) {
		w := newWorldOn(t, clock.Setup{Start: start}, newReceiver(hanging(nil, "e0")).send)
		w.emit("cash", 0)
		time.Sleep(time.Hour)
		assert.Equal(t, start.Add(time.Hour), w.clock.Now())
	})
	inBubble(t, "ResetMeanwhile", func(t *testing.T) {
		r := newReceiver(hanging(nil, "e0"))
		w := newWorld(t, r.send)
		w.emit("cash", 0)
		w.emit("cash", 1)
		moved := make(chan struct{})
		go func() {
			defer close(moved)
			_, _ = w.clock.Advance(time.Hour)
		}()
		synctest.Wait()
		w.reset(nil)
		<-moved
		assert.Empty(t, w.events())
	})
	inBubble(t, "ResetMeanwhileWithMoreToCome", func(t *testing.T) {
		r := newReceiver(func(ctx context.Context, _ Event, n int) Attempt {
			if n == 1 {
				return down
			}
			<-ctx.Done()
			return Attempt{Error: ctx.Err().Error()}
		})
		w := newWorld(t, r.send)
		w.emit("cash", 0)
		w.advance(time.Second)
		w.emit("cash", 1)
		go w.clock.Advance(time.Hour)
		synctest.Wait() // e0 hangs, e1 comes a second later
		reset := make(chan struct{})
		go func() {
			defer close(reset)
			w.reset(nil)
		}()
		synctest.Wait()
		select {
		case <-reset:
		default:
			t.Error("the reset waits for a receiver")
		}
		w.d.Abandon()
	})
	inBubble(t, "ResetToTheSameEventMeanwhile", func(t *testing.T) {
		hung := 0
		r := newReceiver(func(ctx context.Context, e Event, n int) Attempt {
			hung++
			<-ctx.Done()
			return Attempt{Error: ctx.Err().Error()}
		})
		w := newWorld(t, r.send)
		w.emit("cash", 0)
		moved := make(chan struct{})
		go func() {
			defer close(moved)
			_, _ = w.clock.Advance(time.Hour)
		}()
		synctest.Wait()
		w.reset(func(tx *state.Tx) { w.emitIn(tx, "cash", 0) }) // the same id, and queued
		<-moved
		synctest.Wait()
		assert.Equal(t, 2, hung)
	})
	inBubble(t, "NewEventsKeepComing", func(t *testing.T) {
		var w *world
		var stop atomic.Bool
		n := 0
		r := newReceiver(func(context.Context, Event, int) Attempt {
			if !stop.Load() { // a receiver that makes calls, whose events come back to it
				n++
				w.emit("cash", n)
			}
			return taken
		})
		w = newWorld(t, r.send)
		w.emit("cash", 0)
		w.advance(time.Hour)
		stop.Store(true)
		synctest.Wait()
		assert.Equal(t, start.Add(time.Hour), w.clock.Now())
	})
	inBubble(t, "WhatFailsForEver", func(t *testing.T) {
		w := newWorld(t, newReceiver(failing(1<<30)).send)
		w.change("cash", func(e *Endpoint) { e.Attempts, e.Backoff = 200, nil })
		e := w.emit("cash", 0)
		w.advance(0)
		assert.Equal(t, 200, w.get(e.ID).Tried)
	})
	inBubble(t, "StoppedMeanwhile", func(t *testing.T) {
		w := newWorld(t, newReceiver(hanging(nil, "e0")).send)
		w.emit("cash", 0)
		moved := make(chan struct{})
		go func() {
			defer close(moved)
			w.advance(time.Hour)
		}()
		synctest.Wait()
		assert.Len(t, w.d.Stop(over()), 1)
		<-moved
		w.advance(time.Hour) // nobody is there to send anything
	})
	inBubble(t, "StoppedAndReset", func(t *testing.T) {
		w := newWorld(t, newReceiver(nil).send)
		w.d.Stop(over())
		w.reset(nil)
		w.emit("cash", 0)
		w.advance(time.Hour)
		assert.Equal(t, start.Add(time.Hour), w.clock.Now())
	})
}

func TestRedeliver(t *testing.T) {
	// redeliver does it in the background.
	redeliver := func(w *world, ctx context.Context, id string) func() (Event, error) {
		type result struct {
			e   Event
			err error
		}
		done := make(chan result, 1)
		go func() {
			e, err := w.d.Redeliver(ctx, id)
			done <- result{e, err}
		}()
		return func() (Event, error) {
			r := <-done
			return r.e, r.err
		}
	}
	inBubble(t, "SameIDAndBody", func(t *testing.T) {
		var sent []Event
		w := newWorld(t, func(_ context.Context, _ Endpoint, e Event) Attempt {
			sent = append(sent, e)
			return taken
		})
		e := w.emit("cash", 0)
		w.advance(time.Second)
		got, err := w.d.Redeliver(t.Context(), e.ID)
		require.NoError(t, err)
		require.Len(t, sent, 2)
		assert.Equal(t, sent[0].ID, sent[1].ID)
		assert.Equal(t, string(sent[0].Payload), string(sent[1].Payload))
		assert.Equal(t, Delivered, got.Status)
		assert.Equal(t, 1, got.Tried, "by hand does not count")
		assert.Equal(t, []time.Duration{0, time.Second}, w.tries(e.ID))
		assert.Equal(t, w.get(e.ID), got)
	})
	inBubble(t, "DeliveredBeforeAndFailsNow", func(t *testing.T) {
		r := newReceiver(func(_ context.Context, _ Event, n int) Attempt {
			if n == 2 {
				return down
			}
			return taken
		})
		w := newWorld(t, r.send)
		e := w.emit("cash", 0)
		synctest.Wait()
		got, err := w.d.Redeliver(t.Context(), e.ID)
		require.NoError(t, err)
		assert.Equal(t, Delivered, got.Status)
		assert.Equal(t, "delivered before; delivering it once more failed: the receiver answered 503", got.Hint)
		assert.Empty(t, w.jobs(), "it is not tried again")
		got, err = w.d.Redeliver(t.Context(), e.ID)
		require.NoError(t, err)
		assert.Empty(t, got.Hint)
		assert.Len(t, got.Attempts, 3)
	})
	inBubble(t, "DeliveredBeforeAndNowhereNow", func(t *testing.T) {
		w := newWorld(t, newReceiver(nil).send)
		e := w.emit("cash", 0)
		synctest.Wait()
		w.change("cash", func(to *Endpoint) { to.URL = "" })
		got, err := w.d.Redeliver(t.Context(), e.ID)
		require.NoError(t, err)
		assert.Equal(t, Delivered, got.Status, "it was")
		assert.Contains(t, got.Hint, "no endpoint is set")
		assert.Len(t, got.Attempts, 1)
	})
	inBubble(t, "FailedBefore", func(t *testing.T) {
		w := newWorld(t, newReceiver(failing(4)).send)
		e := w.emit("cash", 0)
		w.advance(time.Hour)
		got, err := w.d.Redeliver(t.Context(), e.ID)
		require.NoError(t, err)
		assert.Equal(t, Failed, got.Status)
		assert.Equal(t, "the receiver answered 503", got.Hint, "by hand is no attempt of the count")
		got, err = w.d.Redeliver(t.Context(), e.ID)
		require.NoError(t, err)
		assert.Equal(t, Delivered, got.Status)
		assert.Empty(t, got.Hint)
		assert.Equal(t, 3, got.Tried)
		assert.Len(t, got.Attempts, 5)
	})
	inBubble(t, "UnknownID", func(t *testing.T) {
		w := newWorld(t, newReceiver(nil).send)
		for _, id := range []string{"", "unknown", "\xff"} {
			got, err := w.d.Redeliver(t.Context(), id)
			assert.ErrorIs(t, err, ErrUnknown)
			assert.Zero(t, got)
		}
	})
	inBubble(t, "UnsentAndStillNowhere", func(t *testing.T) {
		w := newWorld(t, newReceiver(nil).send)
		w.change("cash", func(to *Endpoint) { to.URL = "" })
		e := w.emit("cash", 0)
		got, err := w.d.Redeliver(t.Context(), e.ID)
		require.NoError(t, err)
		assert.Equal(t, Unsent, got.Status)
		assert.Empty(t, got.Attempts)
	})
	inBubble(t, "UnsentWithAnEndpointSetLater", func(t *testing.T) {
		r := newReceiver(nil)
		w := newWorld(t, r.send)
		w.change("cash", func(to *Endpoint) { to.URL = "" })
		e := w.emit("cash", 0)
		w.change("cash", func(to *Endpoint) { to.URL = somewhere })
		w.advance(time.Hour)
		assert.Zero(t, r.count(), "not by itself")
		got, err := w.d.Redeliver(t.Context(), e.ID)
		require.NoError(t, err)
		assert.Equal(t, Delivered, got.Status)
		assert.Equal(t, somewhere, got.URL)
		assert.Empty(t, got.Hint)
	})
	inBubble(t, "DroppedBefore", func(t *testing.T) {
		w := newWorld(t, newReceiver(nil).send)
		e := w.emit("cash", 0)
		synctest.Wait()
		w.update(func(tx *state.Tx) {
			got, _ := Table.Get(tx, e.ID)
			got.Status = Dropped
			Table.Put(tx, got)
		})
		got, err := w.d.Redeliver(t.Context(), e.ID)
		require.NoError(t, err)
		assert.Equal(t, Delivered, got.Status)
	})
	inBubble(t, "WhileQueued", func(t *testing.T) {
		r := newReceiver(nil)
		w := newWorld(t, r.send)
		e, release := w.call("req-1", "cash", 0)
		wait := redeliver(w, t.Context(), e.ID)
		synctest.Wait()
		assert.Zero(t, r.count(), "not before the call is answered")
		release()
		got, err := wait()
		require.NoError(t, err)
		assert.Equal(t, Delivered, got.Status)
		assert.Equal(t, 1, r.count(), "the first attempt is what was asked for")
	})
	inBubble(t, "WhileBeingSent", func(t *testing.T) {
		until := make(chan struct{})
		r := newReceiver(hanging(until, "e0"))
		w := newWorld(t, r.send)
		e := w.emit("cash", 0)
		synctest.Wait()
		wait := redeliver(w, t.Context(), e.ID)
		synctest.Wait()
		close(until)
		_, err := wait()
		require.NoError(t, err)
		assert.Equal(t, 1, r.count())
	})
	inBubble(t, "TwiceAtATime", func(t *testing.T) {
		until := make(chan struct{})
		r := newReceiver(hanging(until, "e0"))
		w := newWorld(t, r.send)
		w.change("cash", func(to *Endpoint) { to.URL = "" })
		e := w.emit("cash", 0)
		w.change("cash", func(to *Endpoint) { to.URL = somewhere })
		one, two := redeliver(w, t.Context(), e.ID), redeliver(w, t.Context(), e.ID)
		synctest.Wait()
		close(until)
		for _, wait := range []func() (Event, error){one, two} {
			got, err := wait()
			require.NoError(t, err)
			assert.Equal(t, Delivered, got.Status)
		}
		assert.Equal(t, 1, r.count())
	})
	inBubble(t, "RetryPendingAndTaken", func(t *testing.T) {
		r := newReceiver(failing(1))
		w := newWorld(t, r.send)
		e := w.emit("cash", 0)
		synctest.Wait()
		require.Len(t, w.jobs(), 1)
		got, err := w.d.Redeliver(t.Context(), e.ID)
		require.NoError(t, err)
		assert.Equal(t, Delivered, got.Status)
		assert.Empty(t, got.Job)
		assert.Empty(t, w.jobs())
		w.advance(time.Hour)
		assert.Equal(t, 2, r.count())
	})
	inBubble(t, "RetryPendingAndFailing", func(t *testing.T) {
		r := newReceiver(failing(2))
		w := newWorld(t, r.send)
		e := w.emit("cash", 0)
		w.advance(time.Second)
		jobs := w.jobs()
		got, err := w.d.Redeliver(t.Context(), e.ID)
		require.NoError(t, err)
		assert.Equal(t, Pending, got.Status)
		assert.Equal(t, "the receiver answered 503", got.Hint)
		assert.Equal(t, jobs, w.jobs(), "it goes on as it would have")
		w.advance(time.Hour)
		assert.Equal(t, []time.Duration{0, time.Second, backoffA}, w.tries(e.ID))
		assert.Equal(t, 2, w.get(e.ID).Tried)
		assert.Equal(t, Delivered, w.get(e.ID).Status)
	})
	inBubble(t, "RetryPendingAndNowhere", func(t *testing.T) {
		w := newWorld(t, newReceiver(failing(1)).send)
		e := w.emit("cash", 0)
		synctest.Wait()
		w.change("cash", func(to *Endpoint) { to.URL = "" })
		got, err := w.d.Redeliver(t.Context(), e.ID)
		require.NoError(t, err)
		assert.Equal(t, Unsent, got.Status)
		assert.Empty(t, w.jobs(), "what is done with is not tried again")
		assert.Empty(t, got.Job)
	})
	for name, result := range map[string]Attempt{"Taken": taken, "Failing": down} {
		inBubble(t, "RetryFallsDueMeanwhile"+name, func(t *testing.T) {
			until := make(chan Attempt)
			r := newReceiver(func(_ context.Context, _ Event, n int) Attempt {
				switch n {
				case 1:
					return down
				case 2:
					return <-until
				}
				return taken
			})
			w := newWorldOn(t, clock.Setup{Start: start}, r.send) // a running clock does not wait
			e := w.emit("cash", 0)
			time.Sleep(time.Second)
			wait := redeliver(w, t.Context(), e.ID)
			time.Sleep(2 * backoffA)
			synctest.Wait()
			assert.Equal(t, 2, r.count(), "it is on its way already")
			until <- result
			got, err := wait()
			require.NoError(t, err)
			assert.Equal(t, 2, got.Tried, "that was the second attempt")
			time.Sleep(time.Hour)
			synctest.Wait()
			got = w.get(e.ID)
			assert.Equal(t, Delivered, got.Status)
			assert.Equal(t, map[string]int{"Taken": 2, "Failing": 3}[name], r.count())
			assert.Empty(t, w.jobs())
		})
	}
	inBubble(t, "ContextOver", func(t *testing.T) {
		until := make(chan struct{})
		r := newReceiver(hanging(until, "e0"))
		w := newWorld(t, r.send)
		w.change("cash", func(to *Endpoint) { to.URL = "" })
		e := w.emit("cash", 0)
		w.change("cash", func(to *Endpoint) { to.URL = somewhere })
		ctx, cancel := context.WithCancel(t.Context())
		wait := redeliver(w, ctx, e.ID)
		synctest.Wait()
		cancel()
		_, err := wait()
		require.ErrorIs(t, err, context.Canceled)
		close(until)
		synctest.Wait()
		assert.Equal(t, Delivered, w.get(e.ID).Status, "what was begun goes on")
	})
	inBubble(t, "ResetMeanwhile", func(t *testing.T) {
		w := newWorld(t, newReceiver(hanging(nil, "e0")).send)
		e := w.emit("cash", 0)
		synctest.Wait()
		wait := redeliver(w, t.Context(), e.ID)
		synctest.Wait()
		w.reset(nil)
		_, err := wait()
		assert.ErrorIs(t, err, ErrUnknown)
	})
	inBubble(t, "RemovedMeanwhile", func(t *testing.T) {
		until := make(chan struct{})
		w := newWorld(t, newReceiver(hanging(until, "e0")).send)
		w.change("cash", func(to *Endpoint) { to.URL = "" })
		e := w.emit("cash", 0)
		w.change("cash", func(to *Endpoint) { to.URL = somewhere })
		wait := redeliver(w, t.Context(), e.ID)
		synctest.Wait()
		w.fill(keep, "")
		_, err := wait()
		require.ErrorIs(t, err, ErrUnknown)
		close(until)
		synctest.Wait()
		assert.Len(t, w.events(), keep, "the answer brings nothing back")
	})
	inBubble(t, "AfterStop", func(t *testing.T) {
		w := newWorld(t, newReceiver(nil).send)
		e := w.emit("cash", 0)
		synctest.Wait()
		w.d.Stop(t.Context())
		wait := redeliver(w, t.Context(), e.ID)
		_, err := wait()
		assert.Error(t, err)
	})
}

func TestAwait(t *testing.T) {
	inBubble(t, "HoldsAlready", func(t *testing.T) {
		w := newWorld(t, newReceiver(nil).send)
		require.NoError(t, w.d.Await(over(), func(*state.Tx) bool { return true }))
	})
	inBubble(t, "ContextOver", func(t *testing.T) {
		w := newWorld(t, newReceiver(nil).send)
		looked := 0
		err := w.d.Await(over(), func(*state.Tx) bool { looked++; return false })
		require.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, 1, looked)
	})
	inBubble(t, "LooksAfterEachChange", func(t *testing.T) {
		next := make(chan struct{})
		r := newReceiver(func(context.Context, Event, int) Attempt { <-next; return taken })
		w := newWorld(t, r.send)
		done := make(chan error, 3)
		for range 3 {
			go func() {
				done <- w.d.Await(t.Context(), func(tx *state.Tx) bool {
					n := 0
					for e := range Table.All(tx) {
						n += len(e.Attempts)
					}
					return n == 3
				})
			}()
		}
		for n := range 3 {
			w.emit("cash", n)
		}
		for range 3 {
			synctest.Wait()
			assert.Empty(t, done)
			next <- struct{}{}
		}
		for range 3 {
			assert.NoError(t, <-done)
		}
	})
}

// What a receiver says to a world that is gone is not written into the next,
// though its event has the same id there.
func TestAbandon(t *testing.T) {
	for _, answer := range []Attempt{taken, down} {
		for name, replace := range map[string]func(w *world, saved state.Snapshot){
			"Reset": func(w *world, _ state.Snapshot) { w.reset(nil) },
			"Restore": func(w *world, s state.Snapshot) {
				require.NoError(w.t, w.replace(func() error { return w.db.Restore(s, func(*state.Tx) error { return nil }) }))
			},
		} {
			inBubble(t, fmt.Sprintf("%sDropsAnswer%d", name, answer.Status), func(t *testing.T) {
				var gone, until = make(chan struct{}), make(chan struct{})
				var calls atomic.Int32
				w := newWorld(t, func(ctx context.Context, _ Endpoint, e Event) Attempt {
					if calls.Add(1) > 1 {
						<-until
						return taken
					}
					<-ctx.Done() // given up, and yet it answers
					<-gone
					return answer
				})
				var empty state.Snapshot
				require.NoError(t, w.view(func(tx *state.Tx) { empty = w.db.Snapshot(tx) }))
				old := w.emit("cash", 0)
				synctest.Wait()
				replace(w, empty)
				same, release := w.call("req-1", "cash", 0)
				require.Equal(t, old.ID, same.ID)
				close(gone)
				synctest.Wait()
				assert.Equal(t, same, w.get(same.ID), "untouched")
				assert.Empty(t, w.jobs())
				release()
				close(until)
				synctest.Wait()
				assert.Equal(t, Delivered, w.get(same.ID).Status)
				assert.Len(t, w.get(same.ID).Attempts, 1)
			})
		}
	}
	inBubble(t, "RetriesOfTheOldWorldAreGone", func(t *testing.T) {
		r := newReceiver(failing(9))
		w := newWorld(t, r.send)
		w.emit("cash", 0)
		synctest.Wait()
		w.reset(nil)
		w.advance(time.Hour)
		assert.Equal(t, 1, r.count())
	})
	inBubble(t, "QueueSurvivesARefusedReplacement", func(t *testing.T) {
		var broken atomic.Int32
		r := newReceiver(func(ctx context.Context, e Event, n int) Attempt {
			if n == 1 && e.Event == "e0" {
				<-ctx.Done()
				broken.Add(1)
				return Attempt{Error: ctx.Err().Error()}
			}
			return taken
		})
		w := newWorld(t, r.send)
		for n := range 3 {
			w.emit("cash", n)
		}
		synctest.Wait()
		require.ErrorIs(t, w.replace(func() error { return errUndone }), errUndone)
		synctest.Wait()
		assert.EqualValues(t, 1, broken.Load())
		assert.Equal(t, []string{"e0", "e0", "e1", "e2"}, r.came(), "what was broken off begins again, in order")
		for _, e := range w.events() {
			assert.Equal(t, Delivered, e.Status)
			assert.Equal(t, 1, e.Tried, "what was broken off is no attempt")
		}
	})
	inBubble(t, "EventsOfTheOpeningAreSent", func(t *testing.T) {
		r := newReceiver(nil)
		w := newWorld(t, r.send)
		w.reset(func(tx *state.Tx) { w.emitIn(tx, "cash", 5) })
		synctest.Wait()
		assert.Equal(t, []string{"e5"}, r.came())
		w.emit("cash", 6)
		synctest.Wait()
		assert.Equal(t, []string{"e5", "e6"}, r.came())
	})
	inBubble(t, "ManyTimes", func(t *testing.T) {
		w := newWorld(t, newReceiver(hanging(nil, "e0")).send)
		for range 50 {
			w.emit("cash", 0)
			w.emit("dragon", 0)
			w.reset(nil)
		}
		synctest.Wait()
		assert.Zero(t, lanesAtWork())
	})
}

// A world saved while events are on their way goes on elsewhere.
func TestSnapshot(t *testing.T) {
	saved := func(w *world) (s state.Snapshot) {
		var doc []byte
		require.NoError(w.t, w.view(func(tx *state.Tx) {
			var err error
			doc, err = json.Marshal(w.db.Snapshot(tx))
			require.NoError(w.t, err)
		}))
		require.NoError(w.t, json.Unmarshal(doc, &s))
		return s
	}
	restore := func(w *world, s state.Snapshot) {
		require.NoError(w.t, w.replace(func() error { return w.db.Restore(s, func(*state.Tx) error { return nil }) }))
	}
	inBubble(t, "InFlight", func(t *testing.T) {
		until := make(chan struct{})
		here := newWorld(t, newReceiver(hanging(until, "e0")).send)
		e := here.emit("cash", 0)
		here.emit("cash", 1)
		synctest.Wait()
		s := saved(here)
		r := newReceiver(nil)
		there := newWorld(t, r.send)
		restore(there, s)
		synctest.Wait()
		assert.Equal(t, names(2), r.came())
		assert.Equal(t, Delivered, there.get(e.ID).Status)
		assert.Equal(t, Pending, here.get(e.ID).Status)
		close(until)
	})
	inBubble(t, "RetryPending", func(t *testing.T) {
		here := newWorld(t, newReceiver(failing(1)).send)
		e := here.emit("cash", 0)
		synctest.Wait()
		r := newReceiver(failing(1))
		there := newWorld(t, r.send)
		restore(there, saved(here))
		there.advance(backoffA)
		assert.Equal(t, 1, r.count())
		there.advance(backoffB)
		assert.Equal(t, []time.Duration{0, backoffA, backoffA + backoffB}, there.tries(e.ID))
		assert.Equal(t, Delivered, there.get(e.ID).Status)
	})
	inBubble(t, "QueuedByHand", func(t *testing.T) {
		until := make(chan struct{})
		here := newWorld(t, newReceiver(hanging(until, "e0")).send)
		here.change("cash", func(to *Endpoint) { to.URL = "" })
		e := here.emit("cash", 0)
		here.change("cash", func(to *Endpoint) { to.URL = somewhere })
		go here.d.Redeliver(t.Context(), e.ID)
		synctest.Wait()
		r := newReceiver(nil)
		there := newWorld(t, r.send)
		restore(there, saved(here))
		synctest.Wait()
		assert.Equal(t, Delivered, there.get(e.ID).Status)
		close(until)
	})
	inBubble(t, "SameAgain", func(t *testing.T) {
		here := newWorld(t, newReceiver(failing(1)).send)
		for n := range 5 {
			here.emit("cash", n)
			here.emit("dragon", n)
		}
		here.advance(time.Second)
		s := saved(here)
		there := newWorld(t, newReceiver(nil).send)
		restore(there, s)
		synctest.Wait()
		assert.Equal(t, s, saved(there))
		assert.Equal(t, here.emit("cash", 9).ID, there.emit("cash", 9).ID)
	})
	inBubble(t, "OfAnUnknownProviderHoldsUpNoClock", func(t *testing.T) {
		w := newWorld(t, newReceiver(nil).send)
		w.update(func(tx *state.Tx) { // as a snapshot may bring it
			Emit(tx, "gone", "e0", somewhere, json.RawMessage(`{}`))
		})
		moved := make(chan struct{})
		go func() {
			defer close(moved)
			_, _ = w.clock.Advance(time.Hour)
		}()
		synctest.Wait()
		select {
		case <-moved:
		default:
			t.Error("the clock waits for what nobody sends")
			w.d.Stop(over())
		}
	})
}

func TestStop(t *testing.T) {
	inBubble(t, "SendsWhatIsQueued", func(t *testing.T) {
		r := newReceiver(nil)
		w := newWorld(t, r.send)
		for n := range 20 {
			w.emit("cash", n)
		}
		assert.Empty(t, w.d.Stop(t.Context()))
		assert.Equal(t, names(20), r.came())
	})
	inBubble(t, "SendsWhatNobodyBegan", func(t *testing.T) {
		r := newReceiver(nil)
		w := newWorld(t, r.send)
		require.NoError(t, w.db.Update(state.Cause{}, func(tx *state.Tx) error { // written, and not yet noted
			w.emitIn(tx, "cash", 0)
			return nil
		}))
		assert.Empty(t, w.d.Stop(t.Context()))
		assert.Equal(t, names(1), r.came())
	})
	inBubble(t, "BreaksOffWhatHangsThen", func(t *testing.T) {
		r := newReceiver(hanging(nil, "e1"))
		w := newWorld(t, r.send)
		for n := range 4 {
			w.emit("cash", n)
			w.emit("dragon", 10+n)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		left := w.d.Stop(ctx)
		var names []string
		for _, e := range left {
			names = append(names, e.Event)
			assert.Equal(t, 0, e.Tried, "what was broken off is no attempt")
		}
		assert.Equal(t, []string{"e1", "e2", "e3"}, names)
		assert.Zero(t, lanesAtWork())
	})
	inBubble(t, "ReturnsWhatIsToBeTriedAgain", func(t *testing.T) {
		w := newWorld(t, newReceiver(failing(1)).send)
		e := w.emit("cash", 0)
		left := w.d.Stop(t.Context())
		require.Len(t, left, 1)
		assert.Equal(t, e.ID, left[0].ID)
		assert.Equal(t, 1, left[0].Tried)
	})
	inBubble(t, "NothingStartsAfterwards", func(t *testing.T) {
		r := newReceiver(nil)
		w := newWorld(t, r.send)
		_, release := w.call("req-1", "cash", 0)
		assert.Len(t, w.d.Stop(t.Context()), 1)
		release()
		w.d.Wake()
		w.emit("cash", 1)
		w.advance(time.Hour)
		w.reset(func(tx *state.Tx) { w.emitIn(tx, "cash", 2) })
		synctest.Wait()
		assert.Zero(t, r.count())
		assert.Zero(t, lanesAtWork())
	})
	inBubble(t, "Twice", func(t *testing.T) {
		w := newWorld(t, newReceiver(hanging(nil, "e0")).send)
		w.emit("cash", 0)
		synctest.Wait()
		assert.Len(t, w.d.Stop(over()), 1)
		assert.Len(t, w.d.Stop(over()), 1)
		assert.Len(t, w.d.Stop(t.Context()), 1)
	})
	inBubble(t, "TwiceAtATime", func(t *testing.T) {
		w := newWorld(t, newReceiver(hanging(nil, "e0")).send)
		w.emit("cash", 0)
		synctest.Wait()
		patient := make(chan []Event, 1)
		go func() { patient <- w.d.Stop(t.Context()) }()
		synctest.Wait()
		assert.Len(t, w.d.Stop(over()), 1)
		assert.Len(t, <-patient, 1)
	})
	inBubble(t, "Idle", func(t *testing.T) {
		w := newWorld(t, newReceiver(nil).send)
		assert.Empty(t, w.d.Stop(over()))
	})
	inBubble(t, "ResetMeanwhile", func(t *testing.T) {
		w := newWorld(t, newReceiver(hanging(nil, "e0")).send)
		w.emit("cash", 0)
		synctest.Wait()
		done := make(chan []Event)
		go func() { done <- w.d.Stop(t.Context()) }()
		synctest.Wait()
		w.reset(nil)
		assert.Empty(t, <-done)
	})
}

// Note learns of every number of events once.
func TestNote(t *testing.T) {
	inBubble(t, "WakesForNews", func(t *testing.T) {
		r := newReceiver(nil)
		w := newWorld(t, r.send)
		write := func(n int) (events Count) {
			require.NoError(t, w.db.Update(state.Cause{}, func(tx *state.Tx) error {
				w.emitIn(tx, "cash", n)
				events = Counted(tx)
				return nil
			}))
			return events
		}
		first := write(0)
		w.d.Note(first)
		synctest.Wait()
		assert.Equal(t, names(1), r.came())
		second, third := write(1), write(2)
		w.d.Note(third) // transactions end in no order
		w.d.Note(second)
		synctest.Wait()
		assert.Equal(t, names(3), r.came())
		w.d.Note(write(3))
		synctest.Wait()
		assert.Equal(t, names(4), r.came())
	})
}

// Everything at once: whatever the order, all is sent and nothing twice but
// what was broken off.
func TestDeliveryRace(t *testing.T) {
	var sent atomic.Int64
	w := newWorldOn(t, clock.Setup{Start: start, Speed: 1000}, func(ctx context.Context, _ Endpoint, e Event) Attempt {
		if sent.Add(1)%3 == 0 {
			return down
		}
		return taken
	})
	w.change("cash", func(e *Endpoint) { e.Attempts, e.Backoff = 1000, []time.Duration{time.Millisecond, 0} })
	w.change("dragon", func(e *Endpoint) { e.Attempts, e.Backoff = 200, nil })
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	done := make(chan struct{}, 6)
	for i, provider := range []string{"cash", "dragon", "cash", "dragon"} {
		go func() {
			defer func() { done <- struct{}{} }()
			for n := range 50 {
				e, release := w.call(fmt.Sprintf("req-%d-%d", i, n), provider, n)
				release()
				if n%10 == 0 {
					_, err := w.d.Redeliver(ctx, e.ID)
					assert.NoError(t, err)
				}
			}
		}()
	}
	for range 2 {
		go func() {
			defer func() { done <- struct{}{} }()
			for range 20 {
				_, _ = w.clock.Advance(time.Second)
			}
		}()
	}
	for range 6 {
		<-done
	}
	require.NoError(t, w.d.Await(ctx, func(tx *state.Tx) bool {
		return !slices.ContainsFunc(slices.Collect(Waiting(tx)), func(Event) bool { return true })
	}))
	for _, e := range w.events() {
		assert.Equal(t, Delivered, e.Status)
		assert.Empty(t, e.Queue+e.Job)
	}
	assert.Empty(t, w.jobs())
	assert.Empty(t, w.d.Stop(ctx))
}
