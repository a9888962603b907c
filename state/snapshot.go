package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
)

// A Snapshot is everything a DB knows. Balances are not part of it: they are
// what the ledger adds up to.
type Snapshot struct {
	Seed     int64                        `json:"seed"`
	Counters map[string]int64             `json:"counters"`
	Ledger   []Entry                      `json:"ledger"`
	Jobs     []Job                        `json:"jobs"`
	Tables   map[string][]json.RawMessage `json:"tables"`
}

// Counters that loading counts itself, so that gaps left by what was deleted
// do not have to be kept, and the seed, which is none.
func loaded(counter string) bool {
	return counter == seedNumber || counter == "ledger" || strings.HasPrefix(counter, kindsCounter) || strings.HasPrefix(counter, "table/")
}

// Snapshot saves what the transaction sees.
func (db *DB) Snapshot(tx *Tx) Snapshot {
	s := Snapshot{
		Seed: tx.seed, Counters: make(map[string]int64), Ledger: tx.Ledger("", ""),
		Jobs: tx.Jobs(), Tables: make(map[string][]json.RawMessage),
	}
	for name, n := range tx.Numbers("") {
		if !loaded(name) {
			s.Counters[name] = n
		}
	}
	for name, schema := range db.schemas {
		s.Tables[name] = schema.dump(tx)
	}
	return s
}

// Restore replaces everything by a snapshot. One that does not hold together is
// refused, and changes nothing. Then, in the same transaction, it runs fn.
func (db *DB) Restore(s Snapshot, fn func(*Tx) error) error {
	return db.docs.Update(func(w Writer) error {
		w.Clear()
		w.SetNumber(seedNumber, s.Seed)
		tx := db.tx(w, s.Seed)
		tx.now = db.now()
		for _, load := range []func(*Tx, Snapshot) error{db.loadTables, loadCounters, loadLedger, loadJobs} {
			if err := load(tx, s); err != nil {
				return err
			}
		}
		if err := fn(tx); err != nil {
			return err
		}
		db.noteDue(w)
		db.takeRan() // of a world that is gone
		return nil
	})
}

func (db *DB) loadTables(tx *Tx, s Snapshot) error {
	for _, name := range slices.Sorted(maps.Keys(s.Tables)) {
		schema := db.schemas[name]
		if schema == nil {
			return fmt.Errorf("unknown table %q", name)
		}
		if err := schema.load(tx, s.Tables[name]); err != nil {
			return err
		}
	}
	return nil
}

func loadCounters(tx *Tx, s Snapshot) error {
	for name, n := range s.Counters {
		if n < 0 || loaded(name) {
			return fmt.Errorf("counter %q cannot be %d", name, n)
		}
		tx.w.SetNumber(name, n)
	}
	return nil
}

func loadLedger(tx *Tx, s Snapshot) error {
	sums := make(map[string]decimal.Decimal)
	for i, e := range s.Ledger {
		key := e.Provider + "/" + e.Balance
		if e.Provider == "" || e.Balance == "" || strings.Contains(e.Provider, "/") {
			return fmt.Errorf("ledger entry %d names no balance", i+1)
		}
		sums[key] = sums[key].Add(e.Delta)
		if !sums[key].Equal(e.After) {
			return fmt.Errorf("ledger entry %d leaves %s at %s, its entries add up to %s", i+1, key, e.After, sums[key])
		}
		tx.putEntry(e)
	}
	return nil
}

func loadJobs(tx *Tx, s Snapshot) error {
	for i, job := range s.Jobs {
		key, ok := parseJobID(job.ID)
		switch _, twice := tx.Get(spaceJobs, key); {
		case !ok || !jobTime(key).Equal(job.At):
			return fmt.Errorf("job %d: id %q does not belong to a job due at %s", i+1, job.ID, job.At)
		case twice:
			return fmt.Errorf("job %d: id %q is taken", i+1, job.ID)
		case jobNumber(key) < 1 || jobNumber(key) > tx.Counter("job"):
			return fmt.Errorf("job %d: id %q is beyond the %d jobs that were scheduled", i+1, job.ID, tx.Counter("job"))
		}
		tx.putJob(key, job)
	}
	return nil
}

// strictJSON decodes what a user sent: nothing unknown, nothing left over.
func strictJSON(doc []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(doc))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if d.More() {
		return errors.New("something follows the JSON value")
	}
	return nil
}
