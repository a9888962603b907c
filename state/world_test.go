package state_test

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/state"
)

// start is when the worlds of these tests begin.
var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

var errRefused = errors.New("refused")

// A payout is the record of these tests.
type payout struct {
	ID    string   `json:"id"`
	Batch string   `json:"batch,omitempty"`
	Due   string   `json:"due,omitempty"`
	Tags  []string `json:"tags,omitempty"`

	Data json.RawMessage `json:"data,omitempty"`
}

var payouts = state.NewTable("test.payouts", func(p payout) string { return p.ID },
	state.Index[payout]{Name: "batch", Key: func(p payout) string { return p.Batch }},
	state.Index[payout]{Name: "due", Key: func(p payout) string { return p.Due }},
)

// A world is a DB whose time and jobs a test sets by hand.
type world struct {
	*state.DB
	docs state.Docs
	now  time.Time
	run  func(*state.Tx, state.Job) error // nil: a job does nothing
}

func newWorld(t require.TestingT) *world {
	docs, err := state.Memory().Open("test")
	require.NoError(t, err)
	return openWorld(t, docs)
}

func openWorld(t require.TestingT, docs state.Docs) *world {
	w := &world{docs: docs, now: start}
	db, err := state.Open(docs, state.Options{
		Moving: func() bool { return true },
		Now:    func() time.Time { return w.now },
		RunJob: func(tx *state.Tx, job state.Job) error {
			if w.run == nil {
				return nil
			}
			return w.run(tx, job)
		},
		Schemas: []state.Schema{payouts},
	})
	require.NoError(t, err)
	w.DB = db
	return w
}

// update runs fn in a transaction that must succeed.
func (w *world) update(t require.TestingT, fn func(*state.Tx)) {
	require.NoError(t, w.Update(state.Cause{Operation: "test"}, func(tx *state.Tx) error {
		fn(tx)
		return nil
	}))
}

// view runs fn on the present state.
func (w *world) view(t require.TestingT, fn func(*state.Tx)) {
	require.NoError(t, w.View(func(tx *state.Tx) error {
		fn(tx)
		return nil
	}))
}

// snapshot is all that the world knows.
func (w *world) snapshot(t require.TestingT) (s state.Snapshot) {
	w.view(t, func(tx *state.Tx) { s = w.Snapshot(tx) })
	return s
}

// saved is the snapshot as it is kept.
func (w *world) saved(t require.TestingT) string { return marshal(t, w.snapshot(t)) }

// A trace is everything of a world that could tell that something happened to
// it, line by line: what it knows, and what it would answer next.
type trace []string

func (w *world) trace(t require.TestingT) trace {
	lines := trace{w.next()}
	s := w.snapshot(t)
	for _, part := range []any{s.Seed, s.Counters, s.Ledger, s.Jobs, s.Tables} {
		lines = append(lines, marshal(t, part))
	}
	return append(lines, w.answers(t)...)
}

// next is what the world tells a clock.
func (w *world) next() string {
	at, ok := w.Next()
	if !ok {
		return "nothing is due"
	}
	return "due at " + at.Format(time.RFC3339Nano)
}

// answers is what a world would say next: with equal state, equal answers. It
// is undone again.
func (w *world) answers(t require.TestingT) (said trace) {
	say := func(answers ...any) {
		for _, a := range answers {
			said = append(said, marshal(t, a))
		}
	}
	err := w.Update(state.Cause{Operation: "ask"}, func(tx *state.Tx) error {
		say(tx.Hex("ids", 16), tx.UUID("uuids"), tx.Float("floats"), tx.Count("calls"))
		say(tx.Schedule(w.now.Add(time.Second), "ask", "", nil))
		say(tx.Balances(), tx.Move("test", "USD", amount("1.25"), ""), tx.Ledger("", ""), tx.Jobs())
		payouts.Put(tx, payout{ID: "newest", Batch: "b1"})
		last, _ := payouts.Last(tx)
		say(last, ids(payouts.By(tx, "batch", "b1")), ids(payouts.Between(tx, "due", "", "", false)))
		payouts.Delete(tx, "p1")
		payouts.Delete(tx, "newest")
		payouts.Put(tx, payout{ID: "p1", Batch: "b1", Due: "2026-04"})
		say(ids(payouts.Newest(tx)), ids(payouts.By(tx, "batch", "b1")), ids(payouts.Between(tx, "due", "", "", false)))
		return errRefused
	})
	require.ErrorIs(t, err, errRefused)
	return said
}

// same fails with the lines in which a trace is not what it should be.
func same(t require.TestingT, want, got trace) {
	require.Len(t, got, len(want))
	for i := range want {
		assert.Equal(t, want[i], got[i])
	}
}

// furnish puts some of everything into a world.
func (w *world) furnish(t require.TestingT) {
	require.NoError(t, w.Reset(42, state.Cause{Operation: state.Opening}, func(tx *state.Tx) error {
		tx.OpenBalance("test", "USD", amount("1000"))
		tx.OpenBalance("test", "EUR", amount("0"))
		return nil
	}))
	w.update(t, func(tx *state.Tx) {
		payouts.Put(tx, payout{ID: "gone before", Batch: "b1", Due: "2026-03"})
		payouts.Put(tx, payout{ID: "p1", Batch: "b1", Due: "2026-03", Tags: []string{"x", "y"}})
		payouts.Put(tx, payout{ID: "p2", Batch: "b2", Due: "2026-01"})
		payouts.Put(tx, payout{ID: "gone between", Batch: "b1"})
		payouts.Put(tx, payout{ID: "p3", Batch: "b1", Due: "2026-02", Data: json.RawMessage(`{"z":1,"a":1.50}`)})
		payouts.Put(tx, payout{ID: "gone behind", Due: "2026-02"})
		payouts.Put(tx, payout{ID: "p2", Batch: "b1", Due: "2026-04"})
		for _, id := range []string{"gone before", "gone between", "gone behind"} {
			payouts.Delete(tx, id)
		}
		tx.Move("test", "USD", amount("-12.34"), "p1")
		tx.Schedule(w.now.Add(3*time.Second), "test.settle", "p1", map[string]int{"n": 1})
		gone := tx.Schedule(w.now.Add(time.Second), "test.settle", "p2", nil)
		tx.Schedule(w.now.Add(2*time.Second), "test.settle", "p3", nil)
		tx.Cancel(gone)
		tx.Hex("ids", 8)
		tx.UUID("uuids")
		tx.Float("floats")
		tx.Count("calls")
	})
}

func amount(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func marshal(t require.TestingT, v any) string {
	doc, err := json.Marshal(v)
	require.NoError(t, err)
	return string(doc)
}

func ids(records iter.Seq[payout]) []string {
	all := []string{}
	for p := range records {
		all = append(all, p.ID)
	}
	return all
}

// panics runs fn and returns what it panicked with.
func panics(fn func()) (with any) {
	defer func() { with = recover() }()
	fn()
	return nil
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

// all reads a scan to its end.
func all(docs iter.Seq2[string, []byte]) []string {
	found := []string{}
	for key, doc := range docs {
		found = append(found, key+"="+string(doc))
	}
	return found
}

// reversed is a copy of s from its end.
func reversed[T any](s []T) []T {
	s = slices.Clone(s)
	slices.Reverse(s)
	return s
}
