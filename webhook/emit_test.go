package webhook

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/state"
)

var errUndone = errors.New("undone")

func TestEmit(t *testing.T) {
	inBubble(t, "WritesTheWholeEvent", func(t *testing.T) {
		w := newWorld(t, newReceiver(nil).send)
		_, release := w.call("req-9", "cash", 1)
		defer release()
		e := w.events()[0]
		assert.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, e.ID)
		assert.Equal(t, Event{
			ID: e.ID, Provider: "cash", Event: "e1", URL: "http://cash.internal/hook", At: start, Status: Pending,
			Cause: "req-9", Payload: json.RawMessage(`{"n":1,"amount":5.00}`), Attempts: []Attempt{}, Queue: laneFirst,
		}, e)
	})
	inBubble(t, "CauseIsTheRequestTheJobOrTheAction", func(t *testing.T) {
		w := newWorld(t, newReceiver(nil).send)
		for cause, want := range map[state.Cause]string{
			{Operation: "cash.pay", Request: "req-1"}:                 "req-1",
			{Operation: "cash.settle", Job: "job-1-2"}:                "job-1-2",
			{Operation: "cash.settle"}:                                "cash.settle",
			{Operation: "cash.pay", Request: "req-2", Job: "job-1-2"}: "req-2",
			{}: "",
		} {
			w.update(func(tx *state.Tx) {
				tx.SetCause(cause)
				assert.Equal(t, want, w.emitIn(tx, "cash", 1).Cause)
			})
		}
	})
	inBubble(t, "IDsComeFromTheSeed", func(t *testing.T) {
		ids := func(seed int64) (all []string) {
			w := newWorld(t, newReceiver(nil).send)
			w.seed = seed
			w.reset(nil)
			for n := range 3 {
				all = append(all, w.emit("cash", n).ID, w.emit("dragon", n).ID)
			}
			return all
		}
		assert.Equal(t, ids(1), ids(1))
		assert.NotEqual(t, ids(1), ids(2))
	})
	inBubble(t, "UnsentWithoutURL", func(t *testing.T) {
		r := newReceiver(nil)
		w := newWorld(t, r.send)
		w.change("cash", func(e *Endpoint) { e.URL = "" })
		e := w.get(w.emit("cash", 1).ID)
		w.advance(time.Hour)
		assert.Equal(t, Unsent, e.Status)
		assert.Equal(t, "", e.Queue)
		assert.Contains(t, e.Hint, "PUT /_mockpay/webhook-endpoints/cash")
		assert.Zero(t, r.count())
		assert.Empty(t, w.jobs())
	})
}

// What is undone was not emitted, and draws no id.
func TestEmitIsUndoneWithItsTransaction(t *testing.T) {
	for name, undo := range map[string]func(w *world){
		"Update": func(w *world) {
			require.ErrorIs(w.t, w.tryUpdate(func(tx *state.Tx) error {
				w.emitIn(tx, "cash", 1)
				return errUndone
			}), errUndone)
		},
		"Try": func(w *world) {
			w.update(func(tx *state.Tx) {
				require.ErrorIs(w.t, tx.Try(func() error {
					w.emitIn(tx, "cash", 1)
					return errUndone
				}), errUndone)
			})
		},
		"Panic": func(w *world) {
			assert.Panics(w.t, func() {
				_ = w.tryUpdate(func(tx *state.Tx) error {
					w.emitIn(tx, "cash", 1)
					panic("oops")
				})
			})
		},
	} {
		inBubble(t, name, func(t *testing.T) {
			r := newReceiver(nil)
			w := newWorld(t, r.send)
			undo(w)
			w.advance(time.Hour)
			assert.Empty(t, w.events())
			assert.Zero(t, r.count())

			e := w.emit("cash", 2)
			w.advance(0)
			assert.Equal(t, []string{"e2"}, r.came(), "what comes after is sent")
			other := newWorld(t, newReceiver(nil).send)
			assert.Equal(t, other.emit("cash", 2).ID, e.ID, "the id was not used up")
		})
	}
	inBubble(t, "TryKeepsWhatWasBefore", func(t *testing.T) {
		r := newReceiver(nil)
		w := newWorld(t, r.send)
		w.update(func(tx *state.Tx) {
			w.emitIn(tx, "cash", 1)
			_ = tx.Try(func() error {
				w.emitIn(tx, "cash", 2)
				return errUndone
			})
			w.emitIn(tx, "cash", 3)
		})
		w.advance(0)
		assert.Equal(t, []string{"e1", "e3"}, r.came())
	})
}

// counts are how many events are pending and done with.
func (w *world) counts() (pending, done int) {
	require.NoError(w.t, w.view(func(tx *state.Tx) {
		for range Waiting(tx) {
			pending++
		}
		for range Table.By(tx, "done", "done") {
			done++
		}
	}))
	return pending, done
}

// fill writes events in one transaction: pending ones are held for ever.
func (w *world) fill(n int, url string) {
	w.update(func(tx *state.Tx) {
		tx.SetCause(state.Cause{Request: "held"})
		w.d.Hold("held")
		for i := range n {
			Emit(tx, "cash", fmt.Sprintf("f%d", i), url, json.RawMessage(`{}`))
		}
	})
}

const somewhere = "http://cash.internal/hook"

func TestRoom(t *testing.T) {
	inBubble(t, "TheNewestDoneWithStay", func(t *testing.T) {
		w := newWorld(t, newReceiver(nil).send)
		w.fill(keep, "")
		oldest := w.events()[0]
		w.fill(1, "")
		all := w.events()
		assert.Len(t, all, keep)
		assert.NotEqual(t, oldest.ID, all[0].ID)
		require.NoError(t, w.view(func(tx *state.Tx) { assert.EqualValues(t, 1, Removed(tx)) }))
		w.fill(500, "")
		assert.Len(t, w.events(), keep)
		require.NoError(t, w.view(func(tx *state.Tx) { assert.EqualValues(t, 501, Removed(tx)) }))
	})
	inBubble(t, "PendingOnesTakeNoRoomOfTheDone", func(t *testing.T) {
		w := newWorld(t, newReceiver(nil).send)
		w.fill(keep, "")
		w.fill(700, somewhere)
		pending, done := w.counts()
		assert.Equal(t, []int{700, keep}, []int{pending, done})
	})
	inBubble(t, "PendingOnesAreNeverRemoved", func(t *testing.T) {
		w := newWorld(t, newReceiver(nil).send)
		w.fill(keep+500, somewhere)
		w.fill(keep+200, "")
		pending, done := w.counts()
		assert.Equal(t, []int{keep + 500, keep}, []int{pending, done})
		assert.Equal(t, Pending, w.events()[0].Status)
	})
	inBubble(t, "TooManyAreDropped", func(t *testing.T) {
		w := newWorld(t, newReceiver(nil).send)
		w.fill(longestLine-1, somewhere)
		w.fill(1, somewhere)
		for range 5 { // none gets in, whatever was dropped before
			e := w.emit("cash", 2)
			assert.Equal(t, Dropped, e.Status)
			assert.Equal(t, e, w.get(e.ID), "what Emit returned is what is kept")
			assert.Equal(t, "10000 webhooks were waiting already", e.Hint)
			assert.Empty(t, e.Queue)
		}
		pending, done := w.counts()
		assert.Equal(t, []int{longestLine, 5}, []int{pending, done})
	})
	inBubble(t, "NothingGrowsOnAndOn", func(t *testing.T) {
		w := newWorld(t, newReceiver(nil).send)
		for range 13 {
			w.fill(1000, somewhere)
		}
		pending, done := w.counts()
		assert.Equal(t, []int{longestLine, keep}, []int{pending, done})
	})
	inBubble(t, "ALongLineLeavesNoMoreThanTheOthers", func(t *testing.T) {
		r := newReceiver(nil)
		w := newWorld(t, r.send)
		var release func()
		w.update(func(tx *state.Tx) {
			tx.SetCause(state.Cause{Request: "req-1"})
			release = w.d.Hold("req-1")
			for n := range 2 * keep {
				w.emitIn(tx, "cash", n)
			}
		})
		release()
		w.advance(0)
		assert.Equal(t, 2*keep, r.count())
		w.fill(1, "")
		_, done := w.counts()
		assert.Equal(t, keep, done, "room is made with the next one")
		all := w.events()
		assert.Equal(t, Unsent, all[keep-1].Status)
		require.NoError(t, w.view(func(tx *state.Tx) { assert.EqualValues(t, keep+1, Removed(tx)) }))
	})
	inBubble(t, "AttemptsAreCapped", func(t *testing.T) {
		r := newReceiver(failing(1 << 30))
		w := newWorld(t, r.send)
		w.change("cash", func(e *Endpoint) { e.Attempts, e.Backoff = 50, []time.Duration{time.Second} })
		e := w.emit("cash", 1)
		w.advance(time.Hour)
		got := w.get(e.ID)
		assert.Equal(t, 50, r.count())
		assert.Equal(t, 50, got.Tried)
		assert.Equal(t, Failed, got.Status)
		require.Len(t, got.Attempts, keepAttempts)
		assert.Equal(t, start.Add(49*time.Second), got.Attempts[keepAttempts-1].At, "the newest")
		assert.Equal(t, start.Add(30*time.Second), got.Attempts[0].At)
	})
}

func TestWaiting(t *testing.T) {
	inBubble(t, "OldestFirst", func(t *testing.T) {
		w := newWorld(t, newReceiver(failing(100)).send)
		var want []string
		for n := range 5 {
			want = append(want, w.emit("cash", n).ID)
		}
		w.advance(0)
		var got []string
		require.NoError(t, w.view(func(tx *state.Tx) {
			for e := range Waiting(tx) {
				got = append(got, e.ID)
			}
		}))
		assert.Equal(t, want, got)
		w.advance(time.Hour)
		pending, done := w.counts()
		assert.Equal(t, []int{0, 5}, []int{pending, done})
	})
}
