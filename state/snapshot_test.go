package state_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/state"
)

// reloaded is a snapshot that was written to a file and read again.
func reloaded(t require.TestingT, s state.Snapshot) (again state.Snapshot) {
	require.NoError(t, json.Unmarshal([]byte(marshal(t, s)), &again))
	return again
}

func TestSnapshot(t *testing.T) {
	w := newWorld(t)
	w.furnish(t)
	assert.JSONEq(t, `{
		"seed": 42,
		"counters": {"calls":1, "job":3, "chance/ids":1, "chance/uuids":1, "chance/floats":1},
		"ledger": [
			{"at":"2026-03-01T12:00:00Z","provider":"test","balance":"USD","delta":"1000","after":"1000","operation":"opening"},
			{"at":"2026-03-01T12:00:00Z","provider":"test","balance":"EUR","delta":"0","after":"0","operation":"opening"},
			{"at":"2026-03-01T12:00:00Z","provider":"test","balance":"USD","delta":"-12.34","after":"987.66","operation":"test","reference":"p1"}
		],
		"jobs": [
			{"id":"job-3-1772366402000","at":"2026-03-01T12:00:02Z","kind":"test.settle","ref":"p3"},
			{"id":"job-1-1772366403000","at":"2026-03-01T12:00:03Z","kind":"test.settle","ref":"p1","args":{"n":1}}
		],
		"tables": {"test.payouts": [
			{"id":"p1","batch":"b1","due":"2026-03","tags":["x","y"]},
			{"id":"p2","batch":"b1","due":"2026-04"},
			{"id":"p3","batch":"b1","due":"2026-02","data":{"z":1,"a":1.50}}
		]}
	}`, w.saved(t))
	t.Run("Empty", func(t *testing.T) {
		assert.JSONEq(t, `{"seed":0,"counters":{},"ledger":[],"jobs":[],"tables":{"test.payouts":[]}}`,
			newWorld(t).saved(t), "lists, not nulls")
	})
}

func TestRestore(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		saved := newWorld(t)
		saved.furnish(t)
		for name, w := range map[string]*world{"Empty": newWorld(t), "Itself": saved, "Full": func() *world {
			w := newWorld(t)
			w.furnish(t)
			w.update(t, disturb)
			return w
		}()} {
			t.Run(name, func(t *testing.T) {
				s, want := reloaded(t, saved.snapshot(t)), saved.trace(t)
				require.NoError(t, w.Restore(s, keep))
				same(t, want, w.trace(t))
				w.view(t, func(tx *state.Tx) {
					assert.JSONEq(t, `{"test":{"EUR":"0","USD":"987.66"}}`, marshal(t, tx.Balances()))
					assert.Equal(t, []string{"p3", "p1", "p2"}, ids(payouts.Between(tx, "due", "", "", false)))
				})
			})
		}
	})
	t.Run("GoesOnAlike", func(t *testing.T) {
		one, other := newWorld(t), newWorld(t)
		one.furnish(t)
		require.NoError(t, other.Restore(reloaded(t, one.snapshot(t)), keep))
		for _, w := range []*world{one, other} {
			w.run = func(tx *state.Tx, job state.Job) error {
				payouts.Put(tx, payout{ID: tx.Hex("ids", 8), Batch: "settled"})
				tx.Move("test", "USD", amount("1"), job.Ref)
				return nil
			}
			w.now = start.Add(2500 * time.Millisecond) // one job is due, one is not
			w.update(t, func(tx *state.Tx) {
				payouts.Put(tx, payout{ID: tx.UUID("uuids")})
				tx.Schedule(tx.Now(), "test.settle", "new", nil)
				payouts.Delete(tx, "p3")
				payouts.Delete(tx, "p1")
				payouts.Put(tx, payout{ID: "p1", Batch: "b1", Due: "2026-04"})
			})
		}
		same(t, one.trace(t), other.trace(t))
	})
	t.Run("Empty", func(t *testing.T) {
		w := newWorld(t)
		w.furnish(t)
		require.NoError(t, w.Restore(state.Snapshot{}, keep))
		same(t, newWorld(t).trace(t), w.trace(t))
	})
	t.Run("ThenRuns", func(t *testing.T) {
		saved, w := newWorld(t), newWorld(t)
		saved.furnish(t)
		require.NoError(t, w.Restore(saved.snapshot(t), func(tx *state.Tx) error {
			assert.Equal(t, int64(42), tx.Seed())
			_, ok := payouts.Get(tx, "p1")
			assert.True(t, ok)
			tx.Schedule(start.Add(time.Second), "first", "", nil)
			return nil
		}))
		at, _ := w.Next()
		assert.Equal(t, start.Add(time.Second), at)
	})
	t.Run("NothingRuns", func(t *testing.T) {
		saved, w := newWorld(t), newWorld(t)
		saved.furnish(t)
		w.now = start.Add(time.Hour)
		w.run = func(*state.Tx, state.Job) error {
			assert.Fail(t, "a job ran")
			return nil
		}
		require.NoError(t, w.Restore(saved.snapshot(t), keep))
		at, ok := w.Next()
		assert.True(t, ok, "it is due, and will run when somebody looks")
		assert.Equal(t, start.Add(2*time.Second), at)
	})
}

func TestRestoreRefuses(t *testing.T) {
	type record = json.RawMessage
	table := func(records ...record) func(*state.Snapshot) {
		return func(s *state.Snapshot) { s.Tables["test.payouts"] = records }
	}
	counter := func(name string, n int64) func(*state.Snapshot) {
		return func(s *state.Snapshot) { s.Counters[name] = n }
	}
	entry := func(spoil func(*state.Entry)) func(*state.Snapshot) {
		return func(s *state.Snapshot) { spoil(&s.Ledger[2]) }
	}
	job := func(spoil func(*state.Job)) func(*state.Snapshot) {
		return func(s *state.Snapshot) { spoil(&s.Jobs[1]) }
	}
	for name, refused := range map[string]struct {
		spoil func(*state.Snapshot)
		says  string
	}{
		"ErrUnknownTable": {func(s *state.Snapshot) { s.Tables["test.other"] = nil }, `unknown table "test.other"`},
		"ErrUnknownField": {table(record(`{"id":"p1"}`), record(`{"id":"p2","bogus":1}`)), `table test.payouts, record 2: json: unknown field "bogus"`},
		"ErrFieldType":    {table(record(`{"id":7}`)), "table test.payouts, record 1"},
		"ErrNotARecord":   {table(record(`"p1"`)), "table test.payouts, record 1"},
		"ErrNotJSON":      {table(record(`{"id":`)), "table test.payouts, record 1"},
		"ErrLeftOver":     {table(record(`{"id":"p1"} {"id":"p2"}`)), "table test.payouts, record 1"},
		"ErrNoID":         {table(record(`{}`)), "table test.payouts, record 1 has no id"},
		"ErrNull":         {table(record(`null`)), "table test.payouts, record 1 has no id"},
		"ErrDuplicateID":  {table(record(`{"id":"p1"}`), record(`{"id":"p1","batch":"b"}`)), `table test.payouts has two records "p1"`},

		"ErrAfter":           {entry(func(e *state.Entry) { e.After = amount("987.67") }), "ledger entry 3 leaves test/USD at 987.67, its entries add up to 987.66"},
		"ErrDelta":           {entry(func(e *state.Entry) { e.Delta = amount("0") }), "ledger entry 3"},
		"ErrOtherBalance":    {entry(func(e *state.Entry) { e.Balance = "EUR" }), "ledger entry 3 leaves test/EUR"},
		"ErrEntryMissing":    {func(s *state.Snapshot) { s.Ledger = s.Ledger[1:] }, "ledger entry 2"},
		"ErrEntryTwice":      {func(s *state.Snapshot) { s.Ledger = append(s.Ledger, s.Ledger[2]) }, "ledger entry 4"},
		"ErrNoProvider":      {entry(func(e *state.Entry) { e.Provider = "" }), "ledger entry 3 names no balance"},
		"ErrNoBalance":       {entry(func(e *state.Entry) { e.Balance = "" }), "ledger entry 3 names no balance"},
		"ErrProviderOfTwo":   {entry(func(e *state.Entry) { e.Provider = "te/st" }), "ledger entry 3 names no balance"},
		"ErrJobTime":         {job(func(j *state.Job) { j.At = j.At.Add(time.Second) }), `job 2: id "job-1-1772366403000" does not belong to a job due at`},
		"ErrJobFraction":     {job(func(j *state.Job) { j.At = j.At.Add(time.Nanosecond) }), "job 2"},
		"ErrJobID":           {job(func(j *state.Job) { j.ID = "settle" }), `job 2: id "settle"`},
		"ErrNoJobID":         {job(func(j *state.Job) { j.ID = "" }), `job 2: id ""`},
		"ErrJobIDLeftOver":   {job(func(j *state.Job) { j.ID += "x" }), "job 2"},
		"ErrJobTwice":        {func(s *state.Snapshot) { s.Jobs = append(s.Jobs, s.Jobs[0]) }, "job 3"},
		"ErrJobNeverCounted": {counter("job", 2), "job"}, // the next would take the id of one there is

		"ErrCounterNegative": {counter("calls", -1), `counter "calls" cannot be -1`},
		"ErrCounterLedger":   {counter("ledger", 3), `counter "ledger" cannot be 3`},
		"ErrCounterTable":    {counter("table/test.payouts", 3), `counter "table/test.payouts" cannot be 3`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.furnish(t)
			s := w.snapshot(t)
			refused.spoil(&s)
			before := w.trace(t)
			ran := false
			err := w.Restore(s, func(*state.Tx) error {
				ran = true
				return nil
			})
			require.ErrorContains(t, err, refused.says)
			assert.False(t, ran, "what is refused does not run on")
			same(t, before, w.trace(t))
		})
	}
	t.Run("Error", func(t *testing.T) {
		w := newWorld(t)
		w.furnish(t)
		before := w.trace(t)
		require.ErrorIs(t, w.Restore(state.Snapshot{Seed: 7}, func(tx *state.Tx) error {
			tx.Count("calls")
			return errRefused
		}), errRefused)
		same(t, before, w.trace(t))
	})
	t.Run("Panic", func(t *testing.T) {
		w := newWorld(t)
		w.furnish(t)
		before := w.trace(t)
		assert.NotNil(t, panics(func() { _ = w.Restore(state.Snapshot{Seed: 7}, func(*state.Tx) error { panic("oops") }) }))
		same(t, before, w.trace(t))
	})
}
