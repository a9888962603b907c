package state_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/mockpay/mockpay/clock"
	"github.com/mockpay/mockpay/state"
)

// An actor is what random operations are done to: a transaction, or the model
// that tells what the transaction should have done.
type actor interface {
	Now() time.Time
	Seed() int64
	Cause() state.Cause
	Try(fn func() error) error
	Count(name string) int64
	Counter(name string) int64
	ForgetCounters(prefix string)
	Hex(stream string, n int) string
	UUID(stream string) string
	Move(provider, balance string, delta decimal.Decimal, reference string) decimal.Decimal
	Balance(provider, balance string) decimal.Decimal
	Schedule(at time.Time, kind, ref string, args any) string
	Cancel(id string)
	Jobs() []state.Job
	put(p payout)
	get(id string) (payout, bool)
	forget(id string)
	all() []string              // ids, oldest first
	batch(name string) []string // the same of a batch
}

// A real actor is a transaction with the table of these tests.
type real struct{ *state.Tx }

func (r real) put(p payout)                 { payouts.Put(r.Tx, p) }
func (r real) get(id string) (payout, bool) { return payouts.Get(r.Tx, id) }
func (r real) forget(id string)             { payouts.Delete(r.Tx, id) }
func (r real) all() []string                { return ids(payouts.All(r.Tx)) }
func (r real) batch(name string) []string   { return ids(payouts.By(r.Tx, "batch", name)) }

// A model keeps what a DB knows in slices and maps, and undoes by having kept a
// copy. Nothing in it is clever.
type model struct {
	facts
	now   time.Time
	cause state.Cause
}

type facts struct {
	ran      []clock.Due // since the last Run
	seed     int64
	counters map[string]int64
	ledger   []state.Entry
	jobs     []state.Job // by time, ties as scheduled
	rows     []payout    // oldest first
}

func (f facts) clone() facts {
	f.counters = maps.Clone(f.counters)
	f.ledger = slices.Clone(f.ledger)
	f.jobs = slices.Clone(f.jobs)
	f.rows = slices.Clone(f.rows)
	return f
}

func newModel(seed int64) *model {
	return &model{facts: facts{
		seed: seed, counters: map[string]int64{},
		ledger: []state.Entry{}, jobs: []state.Job{}, rows: []payout{},
	}}
}

func (m *model) Now() time.Time     { return m.now }
func (m *model) Seed() int64        { return m.seed }
func (m *model) Cause() state.Cause { return m.cause }

func (m *model) Try(fn func() error) error {
	before, kept := m.clone(), false
	defer func() {
		if !kept {
			m.facts = before
		}
	}()
	err := fn()
	kept = err == nil
	return err
}

func (m *model) Count(name string) int64 {
	m.counters[name]++
	return m.counters[name]
}

func (m *model) Counter(name string) int64 { return m.counters[name] }

func (m *model) ForgetCounters(prefix string) {
	maps.DeleteFunc(m.counters, func(name string, _ int64) bool { return strings.HasPrefix(name, prefix) })
}

func (m *model) draw(stream string) []byte {
	d := state.Derive(m.seed, stream, m.Count("chance/"+stream))
	return d[:]
}

func (m *model) Hex(stream string, n int) string { return hex.EncodeToString(m.draw(stream))[:n] }

func (m *model) UUID(stream string) string {
	return uuid.Must(uuid.NewRandomFromReader(bytes.NewReader(m.draw(stream)))).String()
}

func (m *model) Move(provider, balance string, delta decimal.Decimal, reference string) decimal.Decimal {
	after := m.Balance(provider, balance).Add(delta)
	if !delta.IsZero() {
		m.ledger = append(m.ledger, state.Entry{
			At: m.now, Provider: provider, Balance: balance, Delta: delta, After: after, Operation: m.cause.Operation,
			Request: m.cause.Request, Job: m.cause.Job, Reference: text(reference),
		})
	}
	return after
}

func (m *model) Balance(provider, balance string) (sum decimal.Decimal) {
	for _, e := range m.ledger {
		if e.Provider == provider && e.Balance == balance {
			sum = sum.Add(e.Delta)
		}
	}
	return sum
}

func (m *model) Schedule(at time.Time, kind, ref string, args any) string {
	n := m.Count("job")
	doc, _ := json.Marshal(args)
	job := state.Job{ID: fmt.Sprintf("job-%d-%d", n, at.UnixMilli()), At: at, Kind: kind, Ref: text(ref), Args: doc}
	m.jobs = append(m.jobs, job)
	slices.SortStableFunc(m.jobs, func(a, b state.Job) int { return a.At.Compare(b.At) })
	return job.ID
}

func (m *model) Cancel(id string) {
	m.jobs = slices.DeleteFunc(slices.Clone(m.jobs), func(j state.Job) bool { return j.ID == id })
}

func (m *model) Jobs() []state.Job { return slices.Clone(m.jobs) }

// text is what JSON makes of a text.
func text(s string) (same string) {
	doc, _ := json.Marshal(s)
	_ = json.Unmarshal(doc, &same)
	return same
}

func (m *model) put(p payout) {
	p.ID = text(p.ID)
	if i := slices.IndexFunc(m.rows, func(r payout) bool { return r.ID == p.ID }); i >= 0 {
		m.rows[i] = p
		return
	}
	m.rows = append(m.rows, p)
}

func (m *model) get(id string) (payout, bool) {
	for _, p := range m.rows {
		if p.ID == text(id) {
			return p, true
		}
	}
	return payout{}, false
}

func (m *model) forget(id string) {
	m.rows = slices.DeleteFunc(slices.Clone(m.rows), func(r payout) bool { return r.ID == text(id) })
}

func (m *model) all() []string { return idsWhere(m.rows, func(payout) bool { return true }) }

func (m *model) batch(name string) []string {
	return idsWhere(m.rows, func(p payout) bool { return p.Batch == name })
}

// runDue runs what is due, each job at its own time.
func (m *model) runDue(until time.Time) {
	for len(m.jobs) > 0 && !m.jobs[0].At.After(until) {
		job := m.jobs[0]
		m.jobs = m.jobs[1:]
		m.now, m.cause = job.At, state.Cause{Operation: job.Kind, Job: job.ID}
		_ = m.Try(func() error { return runJob(m, job) })
		m.ran = append(m.ran, clock.Due{At: job.At, Kind: job.Kind, Ref: job.Ref})
	}
}

// update does what DB.Update should.
func (m *model) update(now time.Time, cause state.Cause, fn func() error) error {
	m.runDue(now)
	m.now, m.cause = now, cause
	return m.Try(fn)
}

func (m *model) snapshot() state.Snapshot {
	s := state.Snapshot{
		Seed: m.seed, Counters: m.counters, Ledger: m.ledger, Jobs: m.jobs,
		Tables: map[string][]json.RawMessage{"test.payouts": {}},
	}
	for _, p := range m.rows {
		doc, _ := json.Marshal(p)
		s.Tables["test.payouts"] = append(s.Tables["test.payouts"], doc)
	}
	return s
}

// A task is what a random job does.
type task struct {
	Delta string        `json:"delta"`
	Again int           `json:"again"` // how many more follow
	Every time.Duration `json:"every"`
	Fails bool          `json:"fails"`
	Gone  bool          `json:"gone"` // whether it deletes its record, or puts it
}

// runJob runs a task for either actor.
func runJob(a actor, job state.Job) error {
	var do task
	if err := json.Unmarshal(job.Args, &do); err != nil {
		return err
	}
	a.Move("bank", "USD", amount(do.Delta), job.Ref)
	if do.Gone {
		a.forget(job.Ref)
	} else {
		a.put(payout{ID: job.Ref, Batch: a.Hex("batches", 2)})
	}
	if do.Again > 0 {
		next := do
		next.Again--
		a.Schedule(a.Now().Add(do.Every), job.Kind, job.Ref, next)
	}
	if do.Fails {
		return errRefused
	}
	return nil
}

// An op does something to an actor and says what came of it.
type op func(a actor) any

// do does operations one after another and returns what they said.
func do(a actor, ops []op) (said []string) {
	for _, o := range ops {
		doc, err := json.Marshal(o(a))
		if err != nil {
			panic(err)
		}
		said = append(said, string(doc))
	}
	return said
}

var (
	someID     = rapid.SampledFrom([]string{"p1", "p2", "p3", "p\x00", "p", "\x00\x00", "p\xff", "p\xfe\xff"})
	someName   = rapid.SampledFrom([]string{"a", "ab", "b"})
	someMillis = rapid.Map(rapid.IntRange(0, 3000), func(n int) time.Duration { return time.Duration(n) * time.Millisecond })
	someDelta  = rapid.SampledFrom([]string{"1", "-1", "0.01", "-12.34", "0", "100.50", "1e-18"})
	someEnd    = rapid.SampledFrom([]string{"kept", "kept", "error", "panic"})
)

// someOps draws operations; those that nest do so up to a depth.
func someOps(t *rapid.T, depth int) (ops []op) {
	for range rapid.IntRange(0, 5).Draw(t, "ops") {
		ops = append(ops, someOp(t, depth))
	}
	return ops
}

func someOp(t *rapid.T, depth int) op {
	id, name, delta := someID.Draw(t, "id"), someName.Draw(t, "name"), someDelta.Draw(t, "delta")
	kinds := []string{"put", "put", "get", "delete", "move", "schedule", "schedule", "cancel", "count", "forget", "hex", "uuid", "try", "try"}
	switch rapid.SampledFrom(kinds).Draw(t, "op") {
	case "put":
		p := payout{ID: id, Batch: someName.Draw(t, "batch"), Due: rapid.SampledFrom([]string{"", "1", "2"}).Draw(t, "due")}
		return func(a actor) any { a.put(p); return nil }
	case "get":
		return func(a actor) any { p, ok := a.get(id); return []any{p, ok, a.Now(), a.Seed(), a.Cause()} }
	case "delete":
		return func(a actor) any {
			a.forget(id)
			_, ok := a.get(id)
			return []any{ok, a.all(), a.batch(name)}
		}
	case "move":
		return func(a actor) any { return []any{a.Move("bank", name, amount(delta), id), a.Balance("bank", name)} }
	case "schedule":
		in := someMillis.Draw(t, "in") - 500*time.Millisecond // the past, too
		what := task{
			delta, rapid.IntRange(0, 2).Draw(t, "again"), someMillis.Draw(t, "every") / 1000 * 1000,
			rapid.Bool().Draw(t, "fails"), rapid.Bool().Draw(t, "gone"),
		}
		return func(a actor) any { return a.Schedule(a.Now().Add(in), "bank."+name, id, what) }
	case "cancel":
		n := rapid.IntRange(0, 4).Draw(t, "job")
		return func(a actor) any {
			if jobs := a.Jobs(); n < len(jobs) {
				a.Cancel(jobs[n].ID)
			}
			a.Cancel(fmt.Sprintf("job-%d-0", n))
			return a.Jobs()
		}
	case "count":
		return func(a actor) any { return []int64{a.Count(name), a.Counter(name), a.Counter("job")} }
	case "forget":
		return func(a actor) any { a.ForgetCounters(name); return a.Counter("ab") }
	case "hex":
		return func(a actor) any { return a.Hex(name, 8) }
	case "uuid":
		return func(a actor) any { return a.UUID(name) }
	}
	if depth == 0 {
		return func(a actor) any { return a.Now() }
	}
	return try(someOps(t, depth-1), someEnd.Draw(t, "end"))
}

var errPanic = errors.New("panic on purpose")

// try is an op that does operations in a Try that ends in some way.
func try(ops []op, end string) op {
	return func(a actor) any {
		var said []string
		err := survive(func() error {
			return a.Try(func() error {
				said = do(a, ops)
				return finish(end)
			})
		})
		return []string{strings.Join(said, ";"), fmt.Sprint(err)}
	}
}

func finish(end string) error {
	switch end {
	case "error":
		return errRefused
	case "panic":
		panic(errPanic)
	}
	return nil
}

// survive returns a panic on purpose as an error; others go on.
func survive(fn func() error) (err error) {
	defer func() {
		if with := recover(); with == errPanic {
			err = errPanic
		} else if with != nil {
			panic(with)
		}
	}()
	return fn()
}

// modelled is a DB under test beside the model of it.
type modelled struct {
	*world
	model *model
}

func newModelled(t *rapid.T) *modelled {
	w := newWorld(t)
	w.run = func(tx *state.Tx, job state.Job) error { return runJob(real{tx}, job) }
	return &modelled{w, newModel(0)}
}

func (m *modelled) pass(t *rapid.T) {
	m.now = m.now.Add(someMillis.Draw(t, "pass"))
}

// change does the same random transaction to both and compares what they say.
func (m *modelled) change(t *rapid.T) {
	m.pass(t)
	ops, end := someOps(t, 3), someEnd.Draw(t, "end")
	cause := state.Cause{Operation: "bank." + someName.Draw(t, "cause"), Request: "req-1"}
	var want, got []string
	wantErr := survive(func() error {
		return m.model.update(m.now, cause, func() error {
			want = do(m.model, ops)
			return finish(end)
		})
	})
	gotErr := survive(func() error {
		return m.Update(cause, func(tx *state.Tx) error {
			got = do(real{tx}, ops)
			return finish(end)
		})
	})
	require.Equal(t, want, got)
	require.Equal(t, wantErr, gotErr)
}

// runJobs runs what is due, as a clock would.
func (m *modelled) runJobs(t *rapid.T) {
	m.pass(t)
	m.model.runDue(m.now)
	require.Equal(t, m.model.ran, m.Run(m.now))
	m.model.ran = nil
}

func (m *modelled) reset(t *rapid.T) {
	seed, ops, end := rapid.Int64().Draw(t, "seed"), someOps(t, 1), rapid.SampledFrom([]string{"kept", "error"}).Draw(t, "end")
	cause := state.Cause{Operation: state.Opening}
	before := m.model.facts
	m.model.facts = newModel(seed).facts
	m.model.now, m.model.cause = m.now, cause
	want := do(m.model, ops)
	if end != "kept" {
		m.model.facts = before
	}
	var got []string
	err := m.Reset(seed, cause, func(tx *state.Tx) error {
		got = do(real{tx}, ops)
		return finish(end)
	})
	require.Equal(t, end == "error", err != nil)
	require.Equal(t, want, got)
}

// restore brings the saved state to another DB, on which the test goes on.
func (m *modelled) restore(t *rapid.T) {
	saved := reloaded(t, m.snapshot(t))
	other := newModelled(t)
	other.now = m.now
	other.update(t, func(tx *state.Tx) { do(real{tx}, someOps(t, 1)) })
	require.NoError(t, other.Restore(saved, keep))
	m.world = other.world
	m.model.ran = nil
}

// check compares all there is to see.
func (m *modelled) check(t *rapid.T) {
	m.model.runDue(m.now)
	require.Equal(t, marshal(t, m.model.snapshot()), m.saved(t))

	pending := "nothing is due"
	if jobs := m.model.jobs; len(jobs) > 0 {
		pending = "due at " + jobs[0].At.Format(time.RFC3339Nano)
	}
	require.Equal(t, pending, m.next())
	m.view(t, func(tx *state.Tx) {
		for _, name := range []string{"a", "ab", "b", "USD"} {
			require.True(t, m.model.Balance("bank", name).Equal(tx.Balance("bank", name)), name)
			require.Equal(t, m.model.batch(name), ids(payouts.By(tx, "batch", name)))
		}
		for _, of := range []string{"1", "2"} {
			require.Equal(t, idsWhere(m.model.rows, func(p payout) bool { return p.Due == of }), ids(payouts.By(tx, "due", of)))
		}
		mustHold(t, tx, m.model.rows)
		for _, c := range tx.CheckLedger() {
			require.True(t, c.OK, "%s: %s", c.Name, c.Detail)
		}
	})
}

// TestAnything does random operations to a DB and to the model of it.
func TestAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newModelled(t)
		t.Repeat(map[string]func(*rapid.T){
			"change":  m.change,
			"again":   m.change, // twice as often
			"run":     m.runJobs,
			"reset":   m.reset,
			"restore": m.restore,
			"":        m.check,
		})
	})
}
