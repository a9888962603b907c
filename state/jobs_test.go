package state_test

import (
	"fmt"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/clock"
	"github.com/mockpay/mockpay/state"
)

// A logbook is what jobs did, as they saw it: "settle p1@2s".
type logbook []string

func (l *logbook) note(tx *state.Tx, job state.Job) error {
	*l = append(*l, fmt.Sprintf("%s %s@%s", job.Kind, job.Ref, tx.Now().Sub(start)))
	return nil
}

// due writes jobs done as the logbook does.
func due(jobs []clock.Due) logbook {
	var l logbook
	for _, job := range jobs {
		l = append(l, fmt.Sprintf("%s %s@%s", job.Kind, job.Ref, job.At.Sub(start)))
	}
	return l
}

// schedule makes jobs due after start by so much, each named by its place.
func (w *world) schedule(t require.TestingT, delays ...time.Duration) {
	w.update(t, func(tx *state.Tx) {
		for n, d := range delays {
			tx.Schedule(start.Add(d), "settle", fmt.Sprintf("p%d", n+1), nil)
		}
	})
}

func TestRun(t *testing.T) {
	t.Run("InOrder", func(t *testing.T) {
		w, did := newWorld(t), logbook(nil)
		w.run = did.note
		w.schedule(t, 3*time.Second, time.Second, 2*time.Second, time.Second, 4*time.Second, -time.Hour)
		done := w.Run(start.Add(3 * time.Second))
		want := logbook{"settle p6@-1h0m0s", "settle p2@1s", "settle p4@1s", "settle p3@2s", "settle p1@3s"}
		assert.Equal(t, want, did, "ties as scheduled, each at its own time")
		assert.Equal(t, want, due(done))
		at, ok := w.Next()
		assert.True(t, ok)
		assert.Equal(t, start.Add(4*time.Second), at)
	})
	t.Run("ManyTies", func(t *testing.T) {
		w := newWorld(t)
		var scheduled, ran []string
		w.run = func(_ *state.Tx, job state.Job) error {
			ran = append(ran, job.ID)
			return nil
		}
		w.update(t, func(tx *state.Tx) {
			for range 300 { // past one byte of numbers
				scheduled = append(scheduled, tx.Schedule(start.Add(time.Second), "settle", "", nil))
			}
		})
		w.Run(start.Add(time.Second))
		assert.Equal(t, scheduled, ran)
	})
	t.Run("JobsOfJobs", func(t *testing.T) {
		w, did := newWorld(t), logbook(nil)
		w.run = func(tx *state.Tx, job state.Job) error {
			if job.Ref == "p1" {
				tx.Schedule(tx.Now(), "nested", "same instant", nil)
				tx.Schedule(tx.Now().Add(time.Second), "nested", "inside", nil)
				tx.Schedule(tx.Now().Add(time.Hour), "nested", "beyond", nil)
			}
			return did.note(tx, job)
		}
		w.schedule(t, time.Second, time.Second, 2*time.Second)
		done := w.Run(start.Add(10 * time.Second))
		want := logbook{"settle p1@1s", "settle p2@1s", "nested same instant@1s", "settle p3@2s", "nested inside@2s"}
		assert.Equal(t, want, did)
		assert.Equal(t, want, due(done))
		at, _ := w.Next()
		assert.Equal(t, start.Add(time.Hour+time.Second), at)
	})
	t.Run("CancelsAnother", func(t *testing.T) {
		w, did := newWorld(t), logbook(nil)
		w.run = func(tx *state.Tx, job state.Job) error {
			if jobs := tx.Jobs(); len(jobs) > 0 {
				tx.Cancel(jobs[0].ID)
			}
			return did.note(tx, job)
		}
		w.schedule(t, time.Second, 2*time.Second, 3*time.Second)
		w.Run(start.Add(time.Minute))
		assert.Equal(t, logbook{"settle p1@1s", "settle p3@3s"}, did)
	})
	t.Run("GetsItsJob", func(t *testing.T) {
		w := newWorld(t)
		var got state.Job
		var cause state.Cause
		w.run = func(tx *state.Tx, job state.Job) error {
			got, cause = job, tx.Cause()
			assert.Empty(t, tx.Jobs(), "off the queue when it runs")
			return nil
		}
		var id string
		w.update(t, func(tx *state.Tx) {
			id = tx.Schedule(start.Add(time.Second), "test.settle", "p1", map[string]int{"n": 1})
		})
		w.Run(start.Add(time.Minute))
		want := state.Job{ID: id, At: start.Add(time.Second), Kind: "test.settle", Ref: "p1", Args: []byte(`{"n":1}`)}
		assert.Equal(t, want, got)
		assert.Equal(t, state.Cause{Operation: "test.settle", Job: id}, cause)
	})
	t.Run("NothingDue", func(t *testing.T) {
		w := newWorld(t)
		assert.Empty(t, w.Run(start.Add(time.Hour)))
		w.schedule(t, time.Second)
		assert.Empty(t, w.Run(start.Add(time.Second-time.Millisecond)))
		assert.Len(t, w.Run(start.Add(time.Second)), 1)
		assert.Empty(t, w.Run(start.Add(time.Second)), "once")
	})
	t.Run("ErrJob", func(t *testing.T) {
		w := newWorld(t)
		w.furnish(t)
		w.update(t, func(tx *state.Tx) {
			for _, job := range tx.Jobs() {
				tx.Cancel(job.ID)
			}
		})
		w.schedule(t, time.Second)
		before := w.snapshot(t)
		ran := 0
		w.run = func(tx *state.Tx, job state.Job) error {
			ran++
			payouts.Put(tx, payout{ID: "left over"})
			tx.Move("test", "USD", amount("1"), "")
			payouts.Delete(tx, "p1")
			tx.Hex("ids", 8)
			tx.Schedule(tx.Now(), "left over", "", nil)
			return errRefused
		}
		done := w.Run(start.Add(time.Minute))
		assert.Equal(t, logbook{"settle p1@1s"}, due(done))
		assert.Equal(t, 1, ran)
		_, ok := w.Next()
		assert.False(t, ok, "gone, with what it scheduled")
		before.Jobs = []state.Job{}
		assert.Equal(t, marshal(t, before), w.saved(t), "and nothing else has changed")
	})
	t.Run("ErrJobLetsOthersRun", func(t *testing.T) {
		w := newWorld(t)
		w.run = func(tx *state.Tx, job state.Job) error {
			tx.Move("test", "USD", amount("1"), job.Ref)
			if job.Ref == "p2" {
				return errRefused
			}
			return nil
		}
		w.schedule(t, time.Second, 2*time.Second, 3*time.Second)
		assert.Len(t, w.Run(start.Add(time.Minute)), 3)
		var refs []string
		for _, e := range w.snapshot(t).Ledger {
			refs = append(refs, e.Reference)
		}
		assert.Equal(t, []string{"p1", "p3"}, refs)
	})
}

func TestSchedule(t *testing.T) {
	t.Run("RoundsUp", func(t *testing.T) {
		w := newWorld(t)
		w.update(t, func(tx *state.Tx) {
			for _, at := range []time.Duration{time.Millisecond, 1, time.Millisecond + 1, time.Millisecond - 1} {
				tx.Schedule(start.Add(at), "settle", "", nil)
			}
			before1970 := time.Date(1969, 12, 31, 23, 59, 59, 999_500_000, time.UTC)
			tx.Schedule(before1970, "settle", "", nil)
			for _, job := range tx.Jobs() {
				assert.Equal(t, job.At.Truncate(clock.Resolution), job.At)
			}
			jobs := tx.Jobs()
			assert.Equal(t, time.Unix(0, 0).UTC(), jobs[0].At)
			assert.Equal(t, start.Add(time.Millisecond), jobs[1].At)
			assert.Equal(t, start.Add(2*time.Millisecond), jobs[4].At)
		})
	})
	t.Run("SoonestFirst", func(t *testing.T) {
		w := newWorld(t)
		years := []int{2026, 1969, 9998, 1, 1970, 1900}
		w.now = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
		w.update(t, func(tx *state.Tx) {
			for _, year := range years {
				tx.Schedule(time.Date(year, 6, 1, 0, 0, 0, 0, time.UTC), "settle", "", nil)
			}
		})
		w.view(t, func(tx *state.Tx) {
			var got []int
			for _, job := range tx.Jobs() {
				got = append(got, job.At.Year())
			}
			assert.Equal(t, []int{1, 1900, 1969, 1970, 2026, 9998}, got)
		})
		at, ok := w.Next()
		assert.True(t, ok)
		assert.Equal(t, 1, at.Year())
	})
	t.Run("InUTC", func(t *testing.T) {
		w := newWorld(t)
		w.update(t, func(tx *state.Tx) {
			tx.Schedule(start.Add(time.Second).In(time.FixedZone("UTC+3", 3*60*60)), "settle", "", nil)
			assert.Equal(t, start.Add(time.Second), tx.Jobs()[0].At)
		})
	})
	t.Run("InThePast", func(t *testing.T) {
		w, did := newWorld(t), logbook(nil)
		w.run = did.note
		w.schedule(t, -time.Minute)
		assert.Empty(t, did, "not within the transaction that schedules it")
		w.view(t, func(*state.Tx) {})
		assert.Equal(t, logbook{"settle p1@-1m0s"}, did)
	})
	t.Run("OwnIDs", func(t *testing.T) {
		w := newWorld(t)
		seen := map[string]bool{}
		w.update(t, func(tx *state.Tx) {
			for range 10 {
				id := tx.Schedule(start.Add(time.Second), "settle", "", nil)
				assert.False(t, seen[id])
				seen[id] = true
				tx.Cancel(id)
			}
		})
	})
}

func TestCancel(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		w := newWorld(t)
		var first, second string
		w.update(t, func(tx *state.Tx) {
			first = tx.Schedule(start.Add(time.Second), "settle", "p1", nil)
			second = tx.Schedule(start.Add(time.Minute), "settle", "p2", nil)
		})
		w.update(t, func(tx *state.Tx) { tx.Cancel(first) })
		at, ok := w.Next()
		assert.True(t, ok)
		assert.Equal(t, start.Add(time.Minute), at)
		w.update(t, func(tx *state.Tx) { tx.Cancel(second) })
		_, ok = w.Next()
		assert.False(t, ok)
	})
	t.Run("Before1970", func(t *testing.T) {
		w := newWorld(t)
		w.now = time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)
		w.update(t, func(tx *state.Tx) {
			tx.Cancel(tx.Schedule(w.now.Add(time.Hour), "settle", "", nil))
			assert.Empty(t, tx.Jobs())
		})
	})
	t.Run("Unknown", func(t *testing.T) {
		w := newWorld(t)
		w.schedule(t, time.Second)
		before := w.saved(t)
		w.update(t, func(tx *state.Tx) {
			for _, id := range []string{"", "job", "job-1", "job-1-", "job-2-0", "p1", "job-99999999999999999999-1"} {
				tx.Cancel(id)
			}
		})
		assert.Equal(t, before, w.saved(t))
	})
	t.Run("Undone", func(t *testing.T) {
		w := newWorld(t)
		w.schedule(t, time.Second)
		require.Error(t, w.Update(state.Cause{}, func(tx *state.Tx) error {
			tx.Cancel(tx.Jobs()[0].ID)
			return errRefused
		}))
		at, ok := w.Next()
		assert.True(t, ok)
		assert.Equal(t, start.Add(time.Second), at)
	})
}

// What is due by the time of a transaction has run before it.
func TestDueFirst(t *testing.T) {
	paid := func(tx *state.Tx, job state.Job) error {
		tx.Move("test", "USD", amount("1"), job.Ref)
		return nil
	}
	ledger := func(t *testing.T, w *world) []string {
		var lines []string
		for _, e := range w.snapshot(t).Ledger {
			lines = append(lines, fmt.Sprintf("%s %s@%s", e.Operation, e.Reference, e.At.Sub(start)))
		}
		return lines
	}
	t.Run("Update", func(t *testing.T) {
		w := newWorld(t)
		w.run = paid
		w.schedule(t, 2*time.Second, time.Second, 10*time.Second, 11*time.Second)
		w.now = start.Add(10 * time.Second)
		w.update(t, func(tx *state.Tx) {
			assert.Equal(t, start.Add(10*time.Second), tx.Now())
			assert.Equal(t, state.Cause{Operation: "test"}, tx.Cause())
			assert.Equal(t, "3", tx.Balance("test", "USD").String())
			tx.Move("test", "USD", amount("1"), "call")
		})
		assert.Equal(t, []string{"settle p2@1s", "settle p1@2s", "settle p3@10s", "test call@10s"}, ledger(t, w))
		at, _ := w.Next()
		assert.Equal(t, start.Add(11*time.Second), at)
	})
	t.Run("UpdateThatFails", func(t *testing.T) {
		w := newWorld(t)
		w.run = paid
		w.schedule(t, time.Second)
		w.now = start.Add(10 * time.Second)
		require.ErrorIs(t, w.Update(state.Cause{Operation: "test"}, func(tx *state.Tx) error {
			tx.Move("test", "USD", amount("1"), "call")
			return errRefused
		}), errRefused)
		assert.Equal(t, []string{"settle p1@1s"}, ledger(t, w), "jobs that ran are kept")
		_, ok := w.Next()
		assert.False(t, ok)
	})
	t.Run("View", func(t *testing.T) {
		w := newWorld(t)
		w.run = paid
		w.schedule(t, time.Second, 11*time.Second)
		w.now = start.Add(10 * time.Second)
		w.view(t, func(tx *state.Tx) {
			assert.Equal(t, start.Add(10*time.Second), tx.Now())
			assert.Equal(t, "1", tx.Balance("test", "USD").String())
			assert.Len(t, tx.Jobs(), 1)
		})
	})
	t.Run("ScheduledByAnUpdateItself", func(t *testing.T) {
		w := newWorld(t)
		w.run = paid
		w.schedule(t, 0)
		assert.Equal(t, []string{"settle p1@0s"}, ledger(t, w))
	})
}

func TestNext(t *testing.T) {
	t.Run("FollowsTheStore", func(t *testing.T) {
		w := newWorld(t)
		w.schedule(t, time.Minute)
		again := openWorld(t, w.docs)
		at, ok := again.Next()
		assert.True(t, ok)
		assert.Equal(t, start.Add(time.Minute), at)
	})
	t.Run("Earlier", func(t *testing.T) {
		w := newWorld(t)
		_, ok := w.Next()
		assert.False(t, ok)
		w.schedule(t, time.Minute)
		w.schedule(t, time.Second)
		at, ok := w.Next()
		assert.True(t, ok)
		assert.Equal(t, start.Add(time.Second), at)
	})
	t.Run("Undone", func(t *testing.T) {
		w := newWorld(t)
		w.schedule(t, time.Minute)
		w.update(t, func(tx *state.Tx) {
			require.Error(t, tx.Try(func() error {
				tx.Schedule(start.Add(time.Second), "settle", "", nil)
				return errRefused
			}))
		})
		at, ok := w.Next()
		assert.True(t, ok)
		assert.Equal(t, start.Add(time.Minute), at)
	})
	// The clock asks at any moment, also while a transaction finds out anew
	// what comes first. A job that is there throughout must be seen throughout.
	t.Run("NeverForgetsMeanwhile", func(t *testing.T) {
		w := newWorld(t)
		w.schedule(t, time.Minute)
		forgotten := false
		var spied *world
		spied = openWorld(t, spyDocs{w.docs, func() {
			_, ok := spied.Next()
			forgotten = forgotten || !ok
		}})
		spied.schedule(t, time.Hour)
		assert.False(t, forgotten, "Next said that nothing is pending")
	})
}

// spyDocs calls look whenever an update scans its documents.
type spyDocs struct {
	state.Docs
	look func()
}

func (d spyDocs) Update(fn func(state.Writer) error) error {
	return d.Docs.Update(func(w state.Writer) error { return fn(spyWriter{w, d.look}) })
}

type spyWriter struct {
	state.Writer
	look func()
}

func (w spyWriter) Scan(space, from, to string, reverse bool) iter.Seq2[string, []byte] {
	w.look()
	return w.Writer.Scan(space, from, to, reverse)
}

// TestClock lets a clock and a DB do for each other what they are made for.
func TestClock(t *testing.T) {
	both := func(t *testing.T, setup clock.Setup, run func(*state.Tx, state.Job) error) (*state.DB, *clock.Clock) {
		docs, err := state.Memory().Open("test")
		require.NoError(t, err)
		var c *clock.Clock
		db, err := state.Open(docs, state.Options{Now: func() time.Time { return c.Now() }, RunJob: run})
		require.NoError(t, err)
		c = clock.New(db, setup)
		t.Cleanup(c.Stop)
		return db, c
	}
	schedule := func(t *testing.T, db *state.DB, c *clock.Clock, d time.Duration) {
		require.NoError(t, db.Update(state.Cause{}, func(tx *state.Tx) error {
			tx.Schedule(tx.Now().Add(d), "settle", d.String(), nil)
			return nil
		}))
		c.Rearm()
	}
	t.Run("Advance", func(t *testing.T) {
		var did logbook
		db, c := both(t, clock.Setup{Start: start, Frozen: true}, func(tx *state.Tx, job state.Job) error {
			if job.Ref == "1m0s" {
				tx.Schedule(tx.Now().Add(time.Minute), "settle", "nested", nil)
			}
			return did.note(tx, job)
		})
		schedule(t, db, c, time.Hour)
		schedule(t, db, c, time.Minute)
		schedule(t, db, c, 3*time.Hour)
		fired, err := c.Advance(2 * time.Hour)
		require.NoError(t, err)
		want := logbook{"settle 1m0s@1m0s", "settle nested@2m0s", "settle 1h0m0s@1h0m0s"}
		assert.Equal(t, want, did)
		assert.Equal(t, want, due(fired))
	})
	t.Run("Timer", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var did logbook
			db, c := both(t, clock.Setup{Start: start, Speed: 60}, did.note)
			schedule(t, db, c, time.Hour)
			schedule(t, db, c, time.Minute)
			<-time.NewTimer(30 * time.Minute).C
			synctest.Wait()
			c.Stop()
			assert.Equal(t, logbook{"settle 1m0s@1m0s", "settle 1h0m0s@1h0m0s"}, did)
		})
	})
}

// A tag goes on to what a transaction schedules, and to what that schedules; no
// other transaction has it.
func TestTag(t *testing.T) {
	w := newWorld(t)
	var saw []string
	w.run = func(tx *state.Tx, job state.Job) error {
		saw = append(saw, job.Ref+" "+string(tx.Tag()))
		if job.Ref == "first" {
			tx.Schedule(tx.Now().Add(time.Second), "settle", "second", nil)
		}
		return nil
	}
	w.update(t, func(tx *state.Tx) {
		assert.Empty(t, tx.Tag())
		tag := []byte(`{"a":1}`)
		tx.SetTag(tag)
		tag[1] = 'x'
		tx.Schedule(start.Add(time.Second), "settle", "first", nil)
	})
	w.update(t, func(tx *state.Tx) { tx.Schedule(start.Add(time.Second), "settle", "other", nil) })
	w.Run(start.Add(time.Minute))
	assert.Equal(t, []string{`first {"a":1}`, "other ", `second {"a":1}`}, saw)
	w.update(t, func(tx *state.Tx) {
		tx.SetTag([]byte(`{}`))
		tx.Schedule(start.Add(time.Hour), "settle", "late", nil)
	})
	w.now = start.Add(2 * time.Hour)
	w.update(t, func(tx *state.Tx) { assert.Empty(t, tx.Tag(), "that of a job that ran before") })
	assert.Equal(t, "late {}", saw[3])
}
