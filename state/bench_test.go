package state_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/mockpay/mockpay/clock"
	"github.com/mockpay/mockpay/state"
)

// BenchmarkUpdate is what a plain send costs: a record and two movements.
func BenchmarkUpdate(b *testing.B) {
	w := newWorld(b)
	debit, fee := amount("-12.34"), amount("-0.50")
	b.ReportAllocs()
	for b.Loop() {
		w.update(b, func(tx *state.Tx) {
			p := payout{ID: tx.Hex("ids", 16), Batch: "b1", Due: "2026-03-01"}
			payouts.Put(tx, p)
			tx.Move("test", "USD", debit, p.ID)
			tx.Move("test", "USD", fee, p.ID)
		})
	}
}

// BenchmarkUpdateRefused is the same, undone.
func BenchmarkUpdateRefused(b *testing.B) {
	w := newWorld(b)
	debit, fee := amount("-12.34"), amount("-0.50")
	b.ReportAllocs()
	for b.Loop() {
		_ = w.Update(state.Cause{}, func(tx *state.Tx) error {
			p := payout{ID: tx.Hex("ids", 16), Batch: "b1", Due: "2026-03-01"}
			payouts.Put(tx, p)
			tx.Move("test", "USD", debit, p.ID)
			tx.Move("test", "USD", fee, p.ID)
			return errRefused
		})
	}
}

func BenchmarkTableGet(b *testing.B) {
	const records = 10_000
	w := newWorld(b)
	w.update(b, func(tx *state.Tx) {
		for n := range records {
			payouts.Put(tx, payout{ID: fmt.Sprintf("payout-%d", n), Batch: "b1", Due: "2026-03-01", Tags: []string{"x"}})
		}
	})
	b.ReportAllocs()
	w.view(b, func(tx *state.Tx) {
		for b.Loop() {
			if _, ok := payouts.Get(tx, "payout-5000"); !ok {
				b.Fatal("lost")
			}
		}
	})
}

// pending returns a world with 10,000 jobs ahead.
func pending(b *testing.B) *world {
	w := newWorld(b)
	w.update(b, func(tx *state.Tx) {
		for n := range 10_000 {
			tx.Schedule(start.Add(time.Duration(n+1)*time.Second), "settle", "p1", nil)
		}
	})
	return w
}

func BenchmarkNextOf10000(b *testing.B) {
	w := pending(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := w.Next(); !ok {
			b.Fatal("lost")
		}
	}
}

// BenchmarkScheduleAmong10000 is what a job ahead of all others costs: it
// changes what is next twice.
func BenchmarkScheduleAmong10000(b *testing.B) {
	w := pending(b)
	b.ReportAllocs()
	for b.Loop() {
		w.update(b, func(tx *state.Tx) { tx.Cancel(tx.Schedule(start.Add(time.Millisecond), "settle", "p2", nil)) })
	}
}

// BenchmarkAdvanceAmong10000 runs one job, which schedules the next.
func BenchmarkAdvanceAmong10000(b *testing.B) {
	w := pending(b)
	w.run = func(tx *state.Tx, job state.Job) error {
		tx.Schedule(tx.Now().Add(10_000*time.Second), job.Kind, job.Ref, nil)
		return nil
	}
	c := clock.New(w, clock.Setup{Start: start, Frozen: true})
	b.Cleanup(c.Stop)
	b.ReportAllocs()
	for b.Loop() {
		if fired, err := c.Advance(time.Second); err != nil || len(fired) != 1 {
			b.Fatal(fired, err)
		}
	}
}
