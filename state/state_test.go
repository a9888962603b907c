package state_test

import (
	"encoding/json"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/state"
)

// disturb writes something of everything.
func disturb(tx *state.Tx) {
	payouts.Put(tx, payout{ID: "p1", Batch: "changed"})
	payouts.Put(tx, payout{ID: "left over", Batch: "b1"})
	payouts.Delete(tx, "p2")
	payouts.Delete(tx, "p3")
	payouts.Put(tx, payout{ID: "p3", Batch: "b1", Due: "2026-02"}) // in another place
	tx.Move("test", "USD", amount("-1"), "left over")
	tx.Move("left over", "USD", amount("1"), "")
	for _, job := range tx.Jobs() {
		tx.Cancel(job.ID)
	}
	tx.Schedule(tx.Now().Add(time.Millisecond), "left over", "", nil)
	tx.Hex("ids", 8)
	tx.UUID("uuids")
	tx.Float("floats")
	tx.Count("calls")
	tx.Count("left over")
	tx.ForgetCounters("call")
}

func TestUpdate(t *testing.T) {
	t.Run("OneInstantOneCause", func(t *testing.T) {
		w := newWorld(t)
		cause := state.Cause{Operation: "test.send", Request: "req-1"}
		require.NoError(t, w.Update(cause, func(tx *state.Tx) error {
			w.now = start.Add(time.Hour) // time goes on meanwhile
			assert.Equal(t, start, tx.Now())
			assert.Equal(t, cause, tx.Cause())
			tx.Move("test", "USD", amount("1"), "")
			assert.Equal(t, start, tx.Ledger("", "")[0].At)
			return nil
		}))
	})
	t.Run("Error", func(t *testing.T) {
		w := newWorld(t)
		w.furnish(t)
		before := w.trace(t)
		err := w.Update(state.Cause{}, func(tx *state.Tx) error {
			disturb(tx)
			return errRefused
		})
		assert.Equal(t, errRefused, err, "as it was returned")
		same(t, before, w.trace(t))
	})
	t.Run("Panic", func(t *testing.T) {
		w := newWorld(t)
		w.furnish(t)
		before := w.trace(t)
		with := panics(func() {
			_ = w.Update(state.Cause{}, func(tx *state.Tx) error {
				disturb(tx)
				panic("oops")
			})
		})
		assert.Equal(t, "oops", with)
		same(t, before, w.trace(t))
	})
	t.Run("Goexit", func(t *testing.T) { // as a test's FailNow does
		w := newWorld(t)
		w.furnish(t)
		before := w.trace(t)
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = w.Update(state.Cause{}, func(tx *state.Tx) error {
				disturb(tx)
				runtime.Goexit()
				return nil
			})
		}()
		await(t, done, "the goroutine that left")
		same(t, before, w.trace(t))
	})
	for name, odd := range map[string]func(tx *state.Tx){
		"NotStorableJob":       func(tx *state.Tx) { tx.Schedule(tx.Now(), "odd", "", func() {}) },
		"NotStorableRecord":    func(tx *state.Tx) { payouts.Put(tx, payout{ID: "p1", Batch: "b2", Data: json.RawMessage("{")}) },
		"NotStorableNewRecord": func(tx *state.Tx) { payouts.Put(tx, payout{ID: "odd", Batch: "b1", Data: json.RawMessage("{")}) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.furnish(t)
			before := w.trace(t)
			with := panics(func() { w.update(t, odd) })
			assert.Contains(t, with, "cannot be stored")
			same(t, before, w.trace(t))
		})
	}
	t.Run("StoreFails", func(t *testing.T) {
		broken := errors.New("disk full")
		w := newWorld(t)
		w = openWorld(t, brokenDocs{w.docs, broken})
		assert.ErrorIs(t, w.Update(state.Cause{}, func(*state.Tx) error { return nil }), broken)
		assert.ErrorIs(t, w.Update(state.Cause{}, func(*state.Tx) error { return errRefused }), broken,
			"what could not be stored matters more than what was refused")
	})
}

// brokenDocs cannot keep what is written.
type brokenDocs struct {
	state.Docs
	err error
}

func (d brokenDocs) Update(fn func(state.Writer) error) error {
	return d.Docs.Update(func(w state.Writer) error {
		_ = fn(w)
		return d.err
	})
}

func TestView(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		w := seeded(t, 7)
		w.now = start.Add(time.Hour)
		w.view(t, func(tx *state.Tx) {
			assert.Equal(t, w.now, tx.Now())
			assert.Equal(t, int64(7), tx.Seed())
		})
	})
	t.Run("Error", func(t *testing.T) {
		assert.Equal(t, errRefused, newWorld(t).View(func(*state.Tx) error { return errRefused }))
	})
}

func TestTry(t *testing.T) {
	count := func(tx *state.Tx, names string) {
		for _, name := range strings.Fields(names) {
			tx.Count(name)
		}
	}
	for name, try := range map[string]struct {
		fn   func(t *testing.T, tx *state.Tx)
		left string // the counters that are left
	}{
		"OK": {func(t *testing.T, tx *state.Tx) {
			assert.NoError(t, tx.Try(func() error { count(tx, "inside"); return nil }))
		}, "before inside after"},
		"Error": {func(t *testing.T, tx *state.Tx) {
			assert.Equal(t, errRefused, tx.Try(func() error { count(tx, "inside before"); return errRefused }))
			assert.Equal(t, int64(1), tx.Counter("before"))
		}, "before after"},
		"Panic": {func(t *testing.T, tx *state.Tx) {
			assert.Equal(t, "oops", panics(func() { _ = tx.Try(func() error { count(tx, "inside"); panic("oops") }) }))
		}, "before after"},
		"InnerError": {func(t *testing.T, tx *state.Tx) {
			assert.NoError(t, tx.Try(func() error {
				count(tx, "outer1")
				assert.Error(t, tx.Try(func() error { count(tx, "inner"); return errRefused }))
				count(tx, "outer2")
				return nil
			}))
		}, "before outer1 outer2 after"},
		"OuterError": {func(t *testing.T, tx *state.Tx) {
			assert.Error(t, tx.Try(func() error {
				assert.NoError(t, tx.Try(func() error { count(tx, "inner"); return nil }))
				count(tx, "outer")
				return errRefused
			}))
		}, "before after"},
		"BothErrors": {func(t *testing.T, tx *state.Tx) {
			assert.Error(t, tx.Try(func() error {
				count(tx, "outer")
				return tx.Try(func() error { count(tx, "inner"); return errRefused })
			}))
		}, "before after"},
		"OneAfterTheOther": {func(t *testing.T, tx *state.Tx) {
			assert.Error(t, tx.Try(func() error { count(tx, "first"); return errRefused }))
			assert.NoError(t, tx.Try(func() error { count(tx, "second"); return nil }))
			assert.Error(t, tx.Try(func() error { count(tx, "third"); return errRefused }))
		}, "before second after"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.update(t, func(tx *state.Tx) {
				count(tx, "before")
				try.fn(t, tx)
				count(tx, "after")
			})
			want := map[string]int64{}
			for _, name := range strings.Fields(try.left) {
				want[name] = 1
			}
			assert.Equal(t, want, w.snapshot(t).Counters)
		})
	}
	t.Run("Everything", func(t *testing.T) {
		w := newWorld(t)
		w.furnish(t)
		before := w.trace(t)
		w.update(t, func(tx *state.Tx) {
			assert.ErrorIs(t, tx.Try(func() error {
				disturb(tx)
				return errRefused
			}), errRefused)
		})
		same(t, before, w.trace(t))
	})
}

func TestReset(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		w := newWorld(t)
		w.furnish(t)
		w.now = start.Add(-time.Hour)
		require.NoError(t, w.Reset(7, state.Cause{Operation: state.Opening}, func(tx *state.Tx) error {
			assert.Equal(t, int64(7), tx.Seed())
			assert.Equal(t, w.now, tx.Now())
			tx.OpenBalance("test", "USD", amount("5"))
			return nil
		}))
		assert.JSONEq(t, `{"seed":7,"counters":{},"jobs":[],"tables":{"test.payouts":[]},
			"ledger":[{"at":"2026-03-01T11:00:00Z","provider":"test","balance":"USD","delta":"5","after":"5","operation":"opening"}]}`,
			w.saved(t))
		_, ok := w.Next()
		assert.False(t, ok)
		w.view(t, func(tx *state.Tx) {
			assert.JSONEq(t, `{"test":{"USD":"5"}}`, marshal(t, tx.Balances()))
			assert.Empty(t, ids(payouts.By(tx, "batch", "b1")))
		})
	})
	t.Run("AsNew", func(t *testing.T) {
		w := newWorld(t)
		w.furnish(t)
		require.NoError(t, w.Reset(7, state.Cause{}, keep))
		same(t, seeded(t, 7).trace(t), w.trace(t))
	})
	t.Run("Schedules", func(t *testing.T) {
		w := newWorld(t)
		require.NoError(t, w.Reset(7, state.Cause{}, func(tx *state.Tx) error {
			tx.Schedule(start.Add(time.Second), "settle", "", nil)
			return nil
		}))
		at, ok := w.Next()
		assert.True(t, ok)
		assert.Equal(t, start.Add(time.Second), at)
	})
	t.Run("Error", func(t *testing.T) {
		w := newWorld(t)
		w.furnish(t)
		before := w.trace(t)
		require.ErrorIs(t, w.Reset(7, state.Cause{}, func(tx *state.Tx) error {
			disturb(tx)
			return errRefused
		}), errRefused)
		same(t, before, w.trace(t))
	})
	t.Run("Panic", func(t *testing.T) {
		w := newWorld(t)
		w.furnish(t)
		before := w.trace(t)
		assert.NotNil(t, panics(func() { _ = w.Reset(7, state.Cause{}, func(*state.Tx) error { panic("oops") }) }))
		same(t, before, w.trace(t))
	})
}

// What providers say is kept as they write it, wherever it stands.
func TestKeptAsWritten(t *testing.T) {
	for name, kept := range map[string]struct {
		put  any
		want string // "" if nothing is kept
	}{
		"OwnOrder":   {json.RawMessage(`{"z":1,"a":{"y":2,"b":3}}`), `{"z":1,"a":{"y":2,"b":3}}`},
		"Numbers":    {json.RawMessage(`[1.50,1e3,12345678901234567890.10]`), `[1.50,1e3,12345678901234567890.10]`},
		"Twice":      {json.RawMessage(`{"a":1,"a":2}`), `{"a":1,"a":2}`},
		"HTML":       {json.RawMessage(`"<b>Fertig & gut</b>"`), `"<b>Fertig & gut</b>"`},
		"HTMLText":   {"<b>Fertig & gut</b>", `"<b>Fertig & gut</b>"`},
		"Escaped":    {json.RawMessage(`"\u003c\u00fc"`), `"\u003c\u00fc"`},
		"WhiteSpace": {json.RawMessage("{ \"a\" :\n1 }"), `{"a":1}`},
		"Map":        {map[string]int{"n": 1}, `{"n":1}`},
		"Text":       {"text", `"text"`},
		"Nil":        {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			data, inRecord := kept.put.(json.RawMessage)
			w.update(t, func(tx *state.Tx) {
				payouts.Put(tx, payout{ID: "p1", Data: data})
				tx.Schedule(start.Add(time.Second), "settle", "p1", kept.put)
			})
			w.view(t, func(tx *state.Tx) {
				assert.Equal(t, kept.want, string(tx.Jobs()[0].Args))
				if inRecord {
					p, _ := payouts.Get(tx, "p1")
					assert.Equal(t, kept.want, string(p.Data))
				}
			})
		})
	}
}
