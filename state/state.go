// Package state keeps what workspaces know: records, balances and their
// ledger, jobs that are due, counters and seeded chance.
//
// All of it lives in a [DB], one per workspace, and changes only inside a
// transaction:
//
//	payouts := state.NewTable("dinardragon.payouts", func(p Payout) string { return p.ID })
//
//	err := db.Update(state.Cause{Operation: "dinardragon.execute", Request: "req-7"}, func(tx *state.Tx) error {
//		p := Payout{ID: tx.Hex("dinardragon.payout", 16)}
//		payouts.Put(tx, p)
//		tx.Move("dinardragon", "USD", debit.Neg(), p.ID)
//		tx.Schedule(tx.Now().Add(2*time.Second), "dinardragon.settle", p.ID)
//		return nil
//	})
//
// Rules:
//
//   - A transaction is all or nothing: if its function returns an error or
//     panics, no record, entry, job or counter is left of it.
//   - Transactions of one workspace run one after another, each at one instant
//     of the workspace's clock. Every job due by then has run before it.
//   - What goes in and comes out is copied; nobody holds a pointer into it.
//   - What is stored is JSON, so that a [Snapshot] brings it all back, and so
//     that a [Store] needs to know nothing but bytes under ordered keys.
package state

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mockpay/mockpay/clock"
)

// The spaces of a workspace's documents. Tables add their own.
const (
	spaceBalances = "balances" // provider/name → amount
	spaceLedger   = "ledger"   // number → posting
	spaceKinds    = "kinds"    // number → kind of postings
	spaceJobs     = "jobs"     // due time, number → job
)

// seedNumber is what the seed is kept under.
const seedNumber = "seed"

// A Cause is what a transaction is done for. It stands in each ledger entry.
type Cause struct {
	Operation string // "dinardragon.execute", "opening", "set by control"
	Request   string // journal id of the call, if a call it is
	Job       string // id of the job, if a job it is
}

// Options are what a DB needs of the workspace around it.
type Options struct {
	// Now is the workspace's clock. It is read once per transaction.
	Now func() time.Time

	// Moving tells whether the clock is being moved: then Run tells also of the
	// jobs that ran meanwhile, before a transaction. Nil means never.
	Moving func() bool

	// RunJob does what a due job is for. What a job that returns an error wrote
	// is undone, and the job is gone: it is for RunJob to say so in the log.
	RunJob func(tx *Tx, job Job) error

	// Schemas are the tables that snapshots hold.
	Schemas []Schema
}

// A DB is all that one workspace knows.
type DB struct {
	docs    Docs
	now     func() time.Time
	moving  func() bool
	runJob  func(*Tx, Job) error
	schemas map[string]Schema
	packs   bool         // whether records are packed
	due     atomic.Int64 // when the first job is due, Unix milliseconds; noneDue

	mu  sync.Mutex
	ran []clock.Due // jobs that Run has yet to tell of; guarded by mu
}

const noneDue = int64(-1) << 63

// Open returns the DB that keeps its data in docs.
func Open(docs Docs, o Options) (*DB, error) {
	db := &DB{docs: docs, now: o.Now, moving: o.Moving, runJob: o.RunJob, schemas: make(map[string]Schema)}
	_, db.packs = docs.(volatile)
	for _, s := range o.Schemas {
		db.schemas[s.Name()] = s
	}
	err := docs.View(func(r Reader) error {
		db.noteDue(r)
		return nil
	})
	return db, err
}

// A Tx is one transaction. It must not be used after its function returned.
type Tx struct {
	Reader
	w     Writer // nil in a View
	now   time.Time
	cause Cause
	tag   json.RawMessage // nil for none
	seed  int64
	jobs  bool // the first due time may have changed

	packs   bool    // whether records are packed
	scratch []byte  // to pack them in
	posting posting // to pack
}

// tx is a transaction that writes.
func (db *DB) tx(w Writer, seed int64) *Tx { return &Tx{Reader: w, w: w, seed: seed, packs: db.packs} }

// peek is Get for what is used before the next write: where the store can, it
// copies nothing.
func (tx *Tx) peek(space, key string) (doc []byte, ok bool) {
	if p, can := tx.Reader.(interface {
		peek(space, key string) []byte
	}); can {
		doc = p.peek(space, key)
		return doc, doc != nil
	}
	return tx.Get(space, key)
}

// look is Scan for what is used before the next write: where the store can, it
// copies nothing.
func (tx *Tx) look(space, from, to string, reverse bool) iter.Seq2[[]byte, []byte] {
	if l, can := tx.Reader.(interface {
		look(space, from, to string, reverse bool) iter.Seq2[[]byte, []byte]
	}); can {
		return l.look(space, from, to, reverse)
	}
	return func(yield func(key, doc []byte) bool) {
		for key, doc := range tx.Scan(space, from, to, reverse) {
			if !yield([]byte(key), doc) {
				return
			}
		}
	}
}

// Now is the one instant at which the whole transaction happens.
func (tx *Tx) Now() time.Time { return tx.now }

// Seed is what the workspace's chance is drawn from.
func (tx *Tx) Seed() int64 { return tx.seed }

// Cause is what the transaction is done for.
func (tx *Tx) Cause() Cause { return tx.cause }

// SetCause names what the rest of the transaction is done for.
func (tx *Tx) SetCause(c Cause) { tx.cause = c }

// Tag is what was last given to SetTag, or what the job had that is running; nil
// for none.
func (tx *Tx) Tag() json.RawMessage { return tx.tag }

// SetTag hands a document on to what the rest of the transaction causes: the jobs
// that it schedules have it, and are transactions with it when they run. What it
// says is known to whoever sets it.
func (tx *Tx) SetTag(tag json.RawMessage) { tx.tag = bytes.Clone(tag) }

// Try runs fn and undoes what it wrote if it returns an error or panics; what
// the transaction wrote before stays.
func (tx *Tx) Try(fn func() error) error {
	undo := tx.w.Savepoint()
	kept := false
	defer func() {
		if !kept {
			undo()
			tx.jobs = true
		}
	}()
	if err := fn(); err != nil {
		return err
	}
	kept = true
	return nil
}

// Update runs fn in a transaction at the present time, after the jobs that are
// due by then. If fn returns an error or panics, nothing of it is kept.
func (db *DB) Update(cause Cause, fn func(*Tx) error) error {
	var refused error
	err := db.docs.Update(func(w Writer) error {
		tx := db.tx(w, w.Number(seedNumber))
		now := db.now()
		ran := db.runDue(tx, now)
		tx.now, tx.cause, tx.tag = now, cause, nil
		refused = tx.Try(func() error { return fn(tx) })
		if tx.jobs {
			db.noteDue(w)
		}
		if len(ran) > 0 && db.moving != nil && db.moving() {
			db.noteRan(ran)
		}
		return nil // jobs that ran are kept even if fn is not
	})
	if err != nil {
		return err
	}
	return refused
}

// View runs fn on the state at the present time.
func (db *DB) View(fn func(*Tx) error) error {
	for {
		again := false // something fell due between running it all and looking
		if now := db.now(); db.isDue(now) {
			err := db.Update(Cause{}, func(*Tx) error { return nil })
			if err != nil {
				return err
			}
		}
		err := db.docs.View(func(r Reader) error {
			now := db.now()
			if again = db.isDue(now); again {
				return nil
			}
			return fn(&Tx{Reader: r, now: now, seed: r.Number(seedNumber)})
		})
		if !again {
			return err
		}
	}
}

// isDue tells whether a job is due by now.
func (db *DB) isDue(now time.Time) bool {
	at, ok := db.Next()
	return ok && !at.After(now)
}

// Next tells when the first job is due. With [DB.Run] it makes a DB the work
// of a [clock.Clock].
func (db *DB) Next() (time.Time, bool) {
	ms := db.due.Load()
	return time.UnixMilli(ms).UTC(), ms != noneDue
}

// Run runs the jobs due at or before a time, each at its own, and tells which.
func (db *DB) Run(until time.Time) (ran []clock.Due) {
	_ = db.docs.Update(func(w Writer) error {
		tx := db.tx(w, w.Number(seedNumber))
		ran = db.runDue(tx, until)
		db.noteDue(w)
		ran = append(db.takeRan(), ran...)
		return nil
	})
	return ran
}

// noteRan remembers jobs for the next Run to tell.
func (db *DB) noteRan(ran []clock.Due) {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.ran = append(db.ran, ran...)
}

func (db *DB) takeRan() []clock.Due {
	db.mu.Lock()
	defer db.mu.Unlock()
	ran := db.ran
	db.ran = nil
	return ran
}

// runDue takes jobs off the queue and runs them until none is due any more.
func (db *DB) runDue(tx *Tx, until time.Time) (ran []clock.Due) {
	if !db.isDue(until) {
		return nil
	}
	for {
		job, ok := firstJob(tx)
		if !ok || job.At.After(until) {
			return ran
		}
		tx.Cancel(job.ID)
		tx.now, tx.cause, tx.tag = job.At, Cause{Operation: job.Kind, Job: job.ID}, job.Tag
		_ = tx.Try(func() error { return db.runJob(tx, job) })
		ran = append(ran, clock.Due{At: job.At, Kind: job.Kind, Ref: job.Ref})
	}
}

// noteDue remembers when the first job is due, for Next to tell without a lock.
func (db *DB) noteDue(r Reader) {
	due := noneDue
	for key := range r.Scan(spaceJobs, "", "", false) {
		due = jobTime(key).UnixMilli()
		break
	}
	db.due.Store(due)
}

// Reset forgets everything and begins again with a seed.
func (db *DB) Reset(seed int64, cause Cause, open func(*Tx) error) error {
	return db.docs.Update(func(w Writer) error {
		w.Clear()
		w.SetNumber(seedNumber, seed)
		tx := db.tx(w, seed)
		tx.now, tx.cause = db.now(), cause
		if err := open(tx); err != nil {
			return err
		}
		db.noteDue(w)
		db.takeRan() // of a world that is gone
		return nil
	})
}

// Count adds one to a named counter and returns its new value; the first is 1.
func (tx *Tx) Count(name string) int64 {
	n := tx.Number(name) + 1
	tx.w.SetNumber(name, n)
	return n
}

// Counter is the value of a named counter, 0 if it was never counted.
func (tx *Tx) Counter(name string) int64 { return tx.Number(name) }

// ForgetCounters sets the counters whose names begin so back to 0.
func (tx *Tx) ForgetCounters(prefix string) {
	tx.RenameCounters(prefix, func(string) string { return "" })
}

// RenameCounters gives the counters whose names begin so other names, no two
// the same; one whose name becomes empty goes back to 0.
func (tx *Tx) RenameCounters(prefix string, rename func(name string) string) {
	values := maps.Collect(tx.Numbers(prefix))
	for name := range values {
		tx.w.SetNumber(name, 0)
	}
	for name, value := range values {
		if now := rename(name); now != "" {
			tx.w.SetNumber(now, value)
		}
	}
}

// number is the key of the n-th of a sequence: fixed width, so that keys sort
// as numbers do.
func number(n int64) string {
	return string(binary.BigEndian.AppendUint64(nil, uint64(n)))
}

// encode writes a document. What providers store is JSON-encodable by
// construction, so a failure is a mistake in the program.
func encode(v any) []byte {
	var doc bytes.Buffer
	e := json.NewEncoder(&doc)
	e.SetEscapeHTML(false) // payloads are kept as providers write them
	if err := e.Encode(v); err != nil {
		panic(fmt.Sprintf("state: %T cannot be stored: %v", v, err))
	}
	return bytes.Clone(bytes.TrimSuffix(doc.Bytes(), []byte("\n")))
}

// decode reads a document that encode wrote or that Restore has checked.
func decode(doc []byte, v any) {
	if err := json.Unmarshal(doc, v); err != nil {
		panic(fmt.Sprintf("state: stored %T cannot be read: %v", v, err))
	}
}
