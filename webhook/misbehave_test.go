package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/state"
)

// A script draws what a test does from a seed. Lanes that send beside each other
// may ask it.
type script struct {
	seed int64
	n    atomic.Int64
}

func (s *script) below(n int) int {
	sum := state.Derive(s.seed, "script", s.n.Add(1))
	return int(sum[0]) % n
}

// order is some order.
func (s *script) order() (o Order) {
	switch s.below(8) {
	case 0:
		o.Drop = true
		return o
	case 1, 2:
		return o
	}
	o.Reorder, o.Corrupt = s.below(2) == 0, s.below(3) == 0
	o.Duplicate = s.below(3)
	o.Delay, o.Spread = time.Duration(s.below(3))*time.Second, time.Duration(s.below(2))*1500*time.Microsecond
	return o
}

// Whatever is ordered, whatever is answered, and whatever is sent by hand
// meanwhile: a move of the clock returns when all that fell due was tried, nothing
// waits for ever, and each event was sent as often as it should be.
func TestNothingWaitsForEver(t *testing.T) {
	for seed := range int64(25) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			s := &script{seed: seed}
			failing := &script{seed: -seed - 1}
			w := newWorld(t, newReceiver(func(context.Context, Event, int) Attempt {
				if failing.below(4) == 0 {
					return down
				}
				return taken
			}).send)
			w.change("cash", func(to *Endpoint) { to.Backoff = []time.Duration{time.Duration(s.below(2)) * time.Second} })
			byHand := make(map[string]bool)
			for n := range 40 {
				switch s.below(6) {
				case 0:
					w.advance(time.Duration(s.below(4)) * time.Second)
					for _, e := range w.events() {
						assert.Empty(t, e.Queue, "it fell due and was not sent")
					}
				case 1:
					if all := w.events(); len(all) > 0 {
						e := all[s.below(len(all))]
						byHand[e.ID] = true
						_, err := w.d.Redeliver(t.Context(), e.ID)
						require.NoError(t, err)
					}
				default:
					w.update(func(tx *state.Tx) {
						Give(tx, s.order())
						w.emitIn(tx, "cash", n)
					})
				}
			}
			require.NoError(t, w.d.Unhold())
			w.advance(24 * time.Hour)
			assert.Empty(t, w.jobs())
			for _, e := range w.events() {
				assert.NotEqual(t, Pending, e.Status)
				assert.False(t, e.Held)
				assert.Empty(t, e.Queue+e.Behind+e.Job)
				if e.Misbehaviour != nil && e.Misbehaviour.Drop && !byHand[e.ID] {
					assert.Equal(t, Dropped, e.Status)
					assert.Empty(t, e.Attempts)
					continue
				}
				if !byHand[e.ID] {
					sentAsOrdered(t, e)
				}
			}
		})
	}
}

// sentAsOrdered compares the attempts of an event with its order.
func sentAsOrdered(t *testing.T, e Event) {
	t.Helper()
	require.NotEmpty(t, e.Attempts)
	copies := 0
	if e.Misbehaviour != nil {
		copies = e.Misbehaviour.Duplicate
		assert.False(t, e.Attempts[0].At.Before(e.At.Add(e.Misbehaviour.Delay)), "before its time")
	}
	for n := range copies + 1 {
		require.Greater(t, len(e.Attempts), n)
		assert.Equal(t, n, e.Attempts[n].Copy)
		assert.Equal(t, e.Attempts[0].At, e.Attempts[n].At)
	}
	for _, a := range e.Attempts[copies+1:] {
		assert.Zero(t, a.Copy)
	}
	assert.LessOrEqual(t, len(e.Attempts), copies+3)
}

// Orders without chance and spread change nothing of what chance draws elsewhere,
// and one for another event none.
func TestOrdered(t *testing.T) {
	w := newWorld(t, newReceiver(nil).send)
	w.update(func(tx *state.Tx) {
		assert.Nil(t, ordered(tx, "paid"))
		Give(tx, Order{Event: "refunded", Misbehaviour: Misbehaviour{Corrupt: true}})
		assert.Nil(t, ordered(tx, "paid"))
		assert.Equal(t, &Misbehaviour{Corrupt: true}, ordered(tx, "refunded"))
		Give(tx, Order{Misbehaviour: Misbehaviour{Delay: time.Second + time.Microsecond}})
		assert.Equal(t, time.Second+time.Millisecond, ordered(tx, "paid").Delay, "in whole milliseconds")
		Give(tx, Order{Spread: time.Second})
		assert.Less(t, ordered(tx, "paid").Delay, time.Second)
	})
	assert.NoError(t, CheckTag(nil))
	assert.NoError(t, CheckTag(json.RawMessage(`{"drop":true}`)))
	assert.Error(t, CheckTag(json.RawMessage(`7`)))
}

// An order is noted with a record, and recalled where there is no other.
func TestRecall(t *testing.T) {
	w := newWorld(t, newReceiver(nil).send)
	w.update(func(tx *state.Tx) {
		Remember(tx, "cash", "a")
		Recall(tx, "cash", "a")
		assert.Empty(t, tx.Tag(), "nobody ordered anything")
		Give(tx, Order{Misbehaviour: Misbehaviour{Drop: true}})
		Remember(tx, "cash", "a")
	})
	w.update(func(tx *state.Tx) {
		Recall(tx, "dragon", "a")
		assert.Nil(t, ordered(tx, "e"), "of another provider")
		Recall(tx, "cash", "a")
		assert.True(t, ordered(tx, "e").Drop)
	})
	w.update(func(tx *state.Tx) {
		Give(tx, Order{Misbehaviour: Misbehaviour{Corrupt: true}})
		Recall(tx, "cash", "a")
		assert.False(t, ordered(tx, "e").Drop, "its own order comes first")
	})
}

// What is asked for by hand while something spoiled is on its way follows it, as
// it should be.
func TestRedeliverSpoiledOnItsWay(t *testing.T) {
	inBubble(t, "Follows", func(t *testing.T) {
		until := make(chan struct{})
		w := newWorld(t, newReceiver(hanging(until, "e0")).send)
		var e Event
		w.update(func(tx *state.Tx) {
			Give(tx, Order{Misbehaviour: Misbehaviour{BadSignature: true, Duplicate: 1}})
			e = w.emitIn(tx, "cash", 0)
		})
		synctest.Wait() // it hangs
		done := make(chan error, 1)
		go func() {
			_, err := w.d.Redeliver(t.Context(), e.ID)
			done <- err
		}()
		synctest.Wait()
		assert.Equal(t, laneFirst, w.get(e.ID).Queue)
		close(until)
		require.NoError(t, <-done)
		var spoiled []int
		for _, a := range w.get(e.ID).Attempts {
			spoiled = append(spoiled, len(a.Spoiled))
		}
		assert.Equal(t, []int{1, 1, 0}, spoiled)
		assert.Equal(t, Delivered, w.get(e.ID).Status)
	})
}
