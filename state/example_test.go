package state_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/mockpay/mockpay/clock"
	"github.com/mockpay/mockpay/state"
)

// A Transfer is what the examples keep.
type Transfer struct {
	ID     string `json:"id"`
	Batch  string `json:"batch"`
	Status string `json:"status"`
}

var transfers = state.NewTable("example.transfers", func(t Transfer) string { return t.ID },
	state.Index[Transfer]{Name: "batch", Key: func(t Transfer) string { return t.Batch }})

// settle is what the examples' jobs do.
func settle(tx *state.Tx, job state.Job) error {
	t, ok := transfers.Get(tx, job.Ref)
	if !ok {
		return fmt.Errorf("transfer %q is gone", job.Ref)
	}
	t.Status = "settled"
	transfers.Put(tx, t)
	return nil
}

// open returns the examples' DB and its clock, frozen at noon.
func open() (*state.DB, *clock.Clock) {
	docs, err := state.Memory().Open("default")
	if err != nil {
		panic(err)
	}
	var c *clock.Clock
	db, err := state.Open(docs, state.Options{
		Now:     func() time.Time { return c.Now() },
		RunJob:  settle,
		Schemas: []state.Schema{transfers},
	})
	if err != nil {
		panic(err)
	}
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	c = clock.New(db, clock.Setup{Start: noon, Frozen: true})
	return db, c
}

// A transfer is made in one transaction and settles two seconds later.
func Example() {
	db, c := open()
	defer c.Stop()
	err := db.Reset(42, state.Cause{Operation: state.Opening}, func(tx *state.Tx) error {
		tx.OpenBalance("example", "USD", decimal.RequireFromString("100"))
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}

	err = db.Update(state.Cause{Operation: "example.send", Request: "req-7"}, func(tx *state.Tx) error {
		t := Transfer{ID: tx.Hex("example.transfer", 8), Status: "pending"}
		transfers.Put(tx, t)
		tx.Move("example", "USD", decimal.RequireFromString("-12.50"), t.ID)
		tx.Schedule(tx.Now().Add(2*time.Second), "example.settle", t.ID, nil)
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	c.Rearm()

	fired, _ := c.Advance(time.Minute)
	fmt.Println("fired:", len(fired), fired[0].Kind)
	_ = db.View(func(tx *state.Tx) error {
		t, _ := transfers.Last(tx)
		fmt.Println("status:", t.Status)
		for _, e := range tx.Ledger("example", "USD") {
			fmt.Println("ledger:", e.Operation, e.Delta, e.After)
		}
		return nil
	})
	// Output:
	// fired: 1 example.settle
	// status: settled
	// ledger: opening 100 100
	// ledger: example.send -12.5 87.5
}

// A transaction that returns an error leaves nothing, not even what it drew.
func ExampleDB_Update() {
	db, c := open()
	defer c.Stop()
	refuse := errors.New("insufficient balance")
	var ids []string
	send := func(outcome error) error {
		return db.Update(state.Cause{Operation: "example.send"}, func(tx *state.Tx) error {
			ids = append(ids, tx.Hex("example.transfer", 8))
			return outcome
		})
	}
	fmt.Println(send(refuse))
	fmt.Println(send(nil))
	fmt.Println(send(nil))
	fmt.Println("drawn again:", ids[0] == ids[1], "then another:", ids[1] != ids[2])
	// Output:
	// insufficient balance
	// <nil>
	// <nil>
	// drawn again: true then another: true
}

// Try undoes a part of a transaction.
func ExampleTx_Try() {
	db, c := open()
	defer c.Stop()
	_ = db.Update(state.Cause{Operation: "example.batch"}, func(tx *state.Tx) error {
		for _, amount := range []string{"-1", "-5", "-2"} {
			err := tx.Try(func() error {
				after := tx.Move("example", "USD", decimal.RequireFromString(amount), "")
				if after.LessThan(decimal.NewFromInt(-4)) {
					return errors.New("too much")
				}
				return nil
			})
			fmt.Println(amount, err, tx.Balance("example", "USD"))
		}
		return nil
	})
	// Output:
	// -1 <nil> -1
	// -5 too much -1
	// -2 <nil> -3
}

// An index finds the records of a batch, oldest first.
func ExampleTable_By() {
	db, c := open()
	defer c.Stop()
	_ = db.Update(state.Cause{}, func(tx *state.Tx) error {
		transfers.Put(tx, Transfer{ID: "t1", Batch: "monday"})
		transfers.Put(tx, Transfer{ID: "t2", Batch: "tuesday"})
		transfers.Put(tx, Transfer{ID: "t3", Batch: "monday"})
		for t := range transfers.By(tx, "batch", "monday") {
			fmt.Println(t.ID)
		}
		return nil
	})
	// Output:
	// t1
	// t3
}

// What is deleted leaves its indexes, too. Put again it is as new.
func ExampleTable_Delete() {
	db, c := open()
	defer c.Stop()
	_ = db.Update(state.Cause{}, func(tx *state.Tx) error {
		transfers.Put(tx, Transfer{ID: "t1", Batch: "monday"})
		transfers.Put(tx, Transfer{ID: "t2", Batch: "monday"})
		transfers.Delete(tx, "t1")
		_, ok := transfers.Get(tx, "t1")
		fmt.Println("there:", ok)
		transfers.Put(tx, Transfer{ID: "t1", Batch: "monday"})
		for t := range transfers.By(tx, "batch", "monday") {
			fmt.Println(t.ID)
		}
		return nil
	})
	// Output:
	// there: false
	// t2
	// t1
}

// A snapshot is JSON, and brings back everything but the clock.
func ExampleDB_Restore() {
	db, c := open()
	defer c.Stop()
	var saved []byte
	_ = db.Update(state.Cause{}, func(tx *state.Tx) error {
		transfers.Put(tx, Transfer{ID: "t1", Status: "pending"})
		tx.Count("example.calls")
		saved, _ = json.Marshal(db.Snapshot(tx))
		return nil
	})
	fmt.Println(string(saved))

	other, otherClock := open()
	defer otherClock.Stop()
	var s state.Snapshot
	if err := json.Unmarshal(saved, &s); err != nil {
		fmt.Println(err)
	}
	err := other.Restore(s, func(tx *state.Tx) error {
		t, ok := transfers.Get(tx, "t1")
		fmt.Println(t.Status, ok)
		return nil
	})
	fmt.Println(err)

	s.Tables["unknown"] = nil
	fmt.Println(other.Restore(s, func(*state.Tx) error { return nil }))
	// Output:
	// {"seed":0,"counters":{"example.calls":1},"ledger":[],"jobs":[],"tables":{"example.transfers":[{"id":"t1","batch":"","status":"pending"}]}}
	// pending true
	// <nil>
	// unknown table "unknown"
}
