package clock_test

import (
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/mockpay/mockpay/clock"
)

func TestNew(t *testing.T) {
	t.Run("WholeMillisecondsInUTC", func(t *testing.T) {
		zone := time.FixedZone("UTC+3", 3*60*60)
		c := newWorld(t, clock.Setup{Start: start.Add(1234567 * time.Nanosecond).In(zone), Frozen: true})
		assert.Equal(t, start.Add(time.Millisecond), c.Now(), "location and all")
		assert.Equal(t, start.Add(time.Millisecond), c.Start())
	})
	t.Run("SpeedOne", func(t *testing.T) {
		assert.Equal(t, clock.State{Start: start, Now: start, Frozen: true, Speed: 1}, frozen(t).State())
	})
	t.Run("NothingFires", func(t *testing.T) {
		w := &world{}
		w.at(-time.Hour, "overdue")
		w.Clock = clock.New(w, clock.Setup{Start: start, Frozen: true})
		assert.Empty(t, w.done())
	})
}

func TestAdvance(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		w := frozen(t)
		w.at(3*time.Second, "c")
		w.at(1*time.Second, "a")
		w.at(2*time.Second, "b")
		fired, err := w.Advance(time.Minute)
		require.NoError(t, err)
		want := []string{"a@1s", "b@2s", "c@3s"}
		assert.Equal(t, want, lines(fired))
		assert.Equal(t, want, w.done(), "each sees its own time, and is done when Advance returns")
		assert.Equal(t, time.Minute, w.elapsed())
		assert.Equal(t, start, w.Start(), "moving does not change when it began")
	})
	t.Run("TiesAsScheduled", func(t *testing.T) {
		w := frozen(t)
		for _, name := range []string{"d", "b", "a", "c"} {
			w.at(time.Second, name)
		}
		fired, err := w.Advance(time.Second)
		require.NoError(t, err)
		assert.Equal(t, []string{"d@1s", "b@1s", "a@1s", "c@1s"}, lines(fired))
		assert.Equal(t, lines(fired), w.done())
	})
	t.Run("DueAtTheTarget", func(t *testing.T) {
		w := frozen(t)
		w.at(time.Second, "at")
		w.at(time.Second+time.Millisecond, "after")
		fired, err := w.Advance(time.Second)
		require.NoError(t, err)
		assert.Equal(t, []string{"at@1s"}, lines(fired))
		fired, err = w.Advance(time.Millisecond)
		require.NoError(t, err)
		assert.Equal(t, []string{"after@1.001s"}, lines(fired))
	})
	t.Run("JobsOfJobs", func(t *testing.T) {
		w := frozen(t)
		w.at(1*time.Second, "a", func() {
			w.at(5*time.Second, "inside")
			w.at(1*time.Second, "same instant", func() { w.at(1*time.Second, "same instant again") })
			w.at(20*time.Second, "beyond")
		})
		w.at(1*time.Second, "tie")
		w.at(5*time.Second, "b")
		fired, err := w.Advance(10 * time.Second)
		require.NoError(t, err)
		want := []string{"a@1s", "tie@1s", "same instant@1s", "same instant again@1s", "b@5s", "inside@5s"}
		assert.Equal(t, want, lines(fired))
		assert.Equal(t, want, w.done())
		assert.Equal(t, 10*time.Second, w.elapsed())

		fired, err = w.Advance(10 * time.Second)
		require.NoError(t, err)
		assert.Equal(t, []string{"beyond@20s"}, lines(fired))
	})
	t.Run("Overdue", func(t *testing.T) {
		w := frozen(t)
		w.at(-time.Hour, "late")
		fired, err := w.Advance(0)
		require.NoError(t, err)
		assert.Equal(t, []string{"late@-1h0m0s"}, lines(fired), "it was due then")
		assert.Equal(t, []string{"late@0s"}, w.done(), "but the clock does not go back for it")
	})
	t.Run("TimeStandsAtEachStep", func(t *testing.T) {
		w := newWorld(t, clock.Setup{Start: start, Speed: clock.MaxSpeed})
		var seen []time.Duration
		look := func() { // at this speed two looks would differ if time went on
			seen = append(seen, w.elapsed(), w.elapsed(), w.State().Now.Sub(start))
		}
		const far = 1000 * 24 * time.Hour // beyond what passes by itself meanwhile
		w.at(far, "a", look)
		_, err := w.Advance(2 * far)
		require.NoError(t, err)
		assert.Equal(t, []time.Duration{far, far, far}, seen)
	})
	t.Run("WorkMayRearm", func(t *testing.T) {
		w := newWorld(t, clock.Setup{Start: start})
		w.at(time.Hour, "a", func() {
			w.Rearm()
			_, armed := w.Timer()
			assert.False(t, armed, "no timer beside a move")
		})
		w.at(3*time.Hour, "b")
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, err := w.Advance(2 * time.Hour)
			assert.NoError(t, err)
		}()
		await(t, done, "Advance with work that calls Rearm")
		at, _ := w.Timer()
		assert.Equal(t, start.Add(3*time.Hour), at)
	})
	t.Run("Nothing", func(t *testing.T) {
		w := frozen(t)
		fired, err := w.Advance(0)
		require.NoError(t, err)
		assert.Empty(t, fired)
		assert.Zero(t, w.elapsed())
	})
	for name, refused := range map[string]struct {
		from time.Time
		by   time.Duration
		err  error
	}{
		"ErrBackwards":         {start, -time.Millisecond, clock.ErrBackwards},
		"ErrFraction":          {start, 1500 * time.Microsecond, clock.ErrFraction},
		"ErrFractionTiny":      {start, time.Nanosecond, clock.ErrFraction},
		"ErrTooFar":            {clock.End.Add(-time.Hour), time.Hour + time.Millisecond, clock.ErrTooFar},
		"ErrTooFarLongest":     {clock.End, math.MaxInt64 / 1_000_000 * 1_000_000, clock.ErrTooFar},
		"ErrBackwardsSmallest": {start, math.MinInt64, clock.ErrBackwards},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, clock.Setup{Start: refused.from, Frozen: true})
			w.at(0, "overdue")
			fired, err := w.Advance(refused.by)
			require.ErrorIs(t, err, refused.err)
			assert.Empty(t, fired)
			assert.Empty(t, w.done(), "a refused move fires nothing")
			assert.Equal(t, refused.from, w.Now())
		})
	}
	t.Run("ToTheEnd", func(t *testing.T) {
		w := newWorld(t, clock.Setup{Start: clock.End.Add(-time.Hour), Frozen: true})
		_, err := w.Advance(time.Hour)
		require.NoError(t, err)
		assert.Equal(t, clock.End, w.Now())
	})
}

func TestSet(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		w := frozen(t)
		w.at(2*time.Hour, "b")
		w.at(time.Hour, "a", func() { w.at(90*time.Minute, "nested") })
		w.at(4*time.Hour, "beyond")
		fired, err := w.Set(start.Add(3 * time.Hour).In(time.FixedZone("UTC-5", -5*60*60)))
		require.NoError(t, err)
		want := []string{"a@1h0m0s", "nested@1h30m0s", "b@2h0m0s"}
		assert.Equal(t, want, lines(fired))
		assert.Equal(t, want, w.done())
		assert.Equal(t, start.Add(3*time.Hour), w.Now(), "in UTC")
	})
	t.Run("Now", func(t *testing.T) {
		w := frozen(t)
		w.at(0, "due")
		fired, err := w.Set(start)
		require.NoError(t, err)
		assert.Equal(t, []string{"due@0s"}, lines(fired))
	})
	for name, refused := range map[string]struct {
		to  time.Time
		err error
	}{
		"ErrBackwards": {start.Add(-time.Millisecond), clock.ErrBackwards},
		"ErrFraction":  {start.Add(time.Second + time.Microsecond), clock.ErrFraction},
		"ErrTooFar":    {clock.End.Add(time.Millisecond), clock.ErrTooFar},
	} {
		t.Run(name, func(t *testing.T) {
			w := frozen(t)
			w.at(0, "overdue")
			fired, err := w.Set(refused.to)
			require.ErrorIs(t, err, refused.err)
			assert.Empty(t, fired)
			assert.Empty(t, w.done(), "a refused move fires nothing")
			assert.Equal(t, start, w.Now())
		})
	}
	t.Run("ErrBackwardsTellsTheTime", func(t *testing.T) {
		_, err := frozen(t).Set(start.Add(-time.Hour))
		assert.ErrorContains(t, err, "2026-03-01T12:00:00Z")
	})
	t.Run("ToTheEnd", func(t *testing.T) {
		w := frozen(t)
		_, err := w.Set(clock.End)
		require.NoError(t, err)
		assert.Equal(t, clock.End, w.Now())
	})
}

func TestSetSpeed(t *testing.T) {
	for _, speed := range []float64{math.SmallestNonzeroFloat64, 0.5, 60, clock.MaxSpeed} {
		w := frozen(t)
		require.NoError(t, w.SetSpeed(speed), speed)
		assert.Equal(t, speed, w.State().Speed)
	}
	for name, speed := range map[string]float64{
		"ErrZero": 0, "ErrNegative": -1, "ErrNaN": math.NaN(), "ErrTooFast": clock.MaxSpeed + 1,
		"ErrInfinite": math.Inf(1), "ErrNegativeInfinite": math.Inf(-1),
	} {
		t.Run(name, func(t *testing.T) {
			w := frozen(t)
			before := w.State()
			require.ErrorIs(t, w.SetSpeed(speed), clock.ErrSpeed)
			assert.Equal(t, before, w.State())
		})
	}
}

func TestSetup(t *testing.T) {
	begun := clock.State{Start: start, Now: start, Speed: 1}
	assert.Equal(t, begun, clock.Setup{Start: start}.State())
	fast := clock.State{Start: start, Now: start, Frozen: true, Speed: 60}
	assert.Equal(t, fast, clock.Setup{Start: start.Add(time.Microsecond), Frozen: true, Speed: 60}.State())
	assert.Equal(t, fast, newWorld(t, clock.Setup{Start: start, Frozen: true, Speed: 60}).State())
}

// badStates are those that no clock can be in.
var badStates = map[string]struct {
	state clock.State
	err   error
}{
	"ErrBackwards":     {clock.State{Start: start, Now: start.Add(-time.Millisecond), Speed: 1}, clock.ErrBackwards},
	"ErrTooFar":        {clock.State{Start: start, Now: clock.End.Add(time.Millisecond), Speed: 1}, clock.ErrTooFar},
	"ErrSpeedZero":     {clock.State{Start: start, Now: start}, clock.ErrSpeed},
	"ErrSpeedNaN":      {clock.State{Start: start, Now: start, Speed: math.NaN()}, clock.ErrSpeed},
	"ErrSpeedNegative": {clock.State{Start: start, Now: start, Speed: -1}, clock.ErrSpeed},
	"ErrSpeedTooFast":  {clock.State{Start: start, Now: start, Speed: clock.MaxSpeed + 1}, clock.ErrSpeed},
}

func TestStateCheck(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		for _, s := range []clock.State{
			{Start: start, Now: start, Speed: 1},
			{Start: start, Now: start.Add(time.Hour), Frozen: true, Speed: 0.001},
			{Start: start, Now: clock.End, Speed: clock.MaxSpeed},
		} {
			assert.NoError(t, s.Check())
		}
	})
	for name, bad := range badStates {
		t.Run(name, func(t *testing.T) { assert.ErrorIs(t, bad.state.Check(), bad.err) })
	}
}

// atOnce is a swap that sets the clock and has nothing else to change.
func atOnce(set func()) error {
	set()
	return nil
}

func TestReplace(t *testing.T) {
	t.Run("RoundTrip", func(t *testing.T) {
		saved := frozen(t)
		_, err := saved.Advance(90*time.Minute + 5*time.Millisecond)
		require.NoError(t, err)
		require.NoError(t, saved.SetSpeed(2.5))
		doc, err := json.Marshal(saved.State())
		require.NoError(t, err)
		assert.JSONEq(t, `{"start":"2026-03-01T12:00:00Z","now":"2026-03-01T13:30:00.005Z","frozen":true,"speed":2.5}`, string(doc))

		var state clock.State
		require.NoError(t, json.Unmarshal(doc, &state))
		w := newWorld(t, clock.Setup{Start: start.AddDate(1, 0, 0)})
		require.NoError(t, w.Replace(state, atOnce))
		assert.Equal(t, saved.State(), w.State())
		assert.Equal(t, saved.Start(), w.Start())
		assert.Equal(t, saved.Now(), w.Now())
	})
	t.Run("WholeMillisecondsInUTC", func(t *testing.T) {
		w, odd := frozen(t), start.Add(1234567*time.Nanosecond).In(time.FixedZone("UTC+3", 3*60*60))
		require.NoError(t, w.Replace(clock.State{Start: odd, Now: odd, Frozen: true, Speed: 1}, atOnce))
		assert.Equal(t, start.Add(time.Millisecond), w.Now(), "location and all")
		assert.Equal(t, start.Add(time.Millisecond), w.Start())
	})
	t.Run("MayGoBack", func(t *testing.T) {
		w := frozen(t)
		_, err := w.Advance(time.Hour)
		require.NoError(t, err)
		begin := clock.Setup{Start: start.Add(-time.Hour), Frozen: true, Speed: 60}.State()
		require.NoError(t, w.Replace(begin, atOnce))
		assert.Equal(t, begin, w.State())
	})
	t.Run("NothingFires", func(t *testing.T) {
		w := frozen(t)
		w.at(time.Hour, "passed over")
		require.NoError(t, w.Replace(clock.Setup{Start: start.Add(2 * time.Hour), Frozen: true}.State(), atOnce))
		assert.Empty(t, w.done())
		fired, err := w.Advance(0)
		require.NoError(t, err)
		assert.Equal(t, []string{"passed over@1h0m0s"}, lines(fired), "it is still to be done")
	})
	t.Run("WhenSet", func(t *testing.T) {
		w := frozen(t)
		later := clock.Setup{Start: start.Add(time.Hour), Frozen: true}.State()
		require.NoError(t, w.Replace(later, func(set func()) error {
			assert.Zero(t, w.elapsed(), "not before")
			set()
			assert.Equal(t, time.Hour, w.elapsed())
			w.Rearm() // the other half of the swap may look at its work
			return nil
		}))
		assert.Equal(t, later, w.State())
	})
	for name, bad := range badStates {
		t.Run(name, func(t *testing.T) {
			w := frozen(t)
			before := w.State()
			require.ErrorIs(t, w.Replace(bad.state, func(func()) error {
				assert.Fail(t, "swapped")
				return nil
			}), bad.err)
			assert.Equal(t, before, w.State())
		})
	}
	later := clock.State{Start: start.Add(time.Hour), Now: start.Add(2 * time.Hour), Speed: 60}
	for name, failing := range map[string]func(set func()) error{
		"ErrBeforeSet": func(func()) error { return errSwap },
		"ErrAfterSet":  func(set func()) error { set(); return errSwap },
	} {
		t.Run(name, func(t *testing.T) {
			w := frozen(t)
			w.at(time.Minute, "a")
			before := w.State()
			require.ErrorIs(t, w.Replace(later, failing), errSwap)
			assert.Equal(t, before, w.State())
			assert.Empty(t, w.done())
		})
	}
	t.Run("Panic", func(t *testing.T) {
		w := frozen(t)
		before := w.State()
		assert.Panics(t, func() {
			_ = w.Replace(later, func(set func()) error {
				set()
				panic("oops")
			})
		})
		assert.Equal(t, before, w.State())
		w.Freeze() // no lock is left
	})
}

var errSwap = errors.New("cannot be swapped")

// TestAdvanceAnything moves a clock by random steps over random jobs, some of
// which schedule more, and compares with doing the same by hand.
func TestAdvanceAnything(t *testing.T) {
	millis := func(most int) *rapid.Generator[time.Duration] {
		return rapid.Map(rapid.IntRange(0, most), func(n int) time.Duration { return time.Duration(n) * time.Millisecond })
	}
	rapid.Check(t, func(rt *rapid.T) {
		w := frozen(t)
		var now time.Duration
		scheduled, done := 0, 0
		var schedule func(delay time.Duration, depth int)
		schedule = func(delay time.Duration, depth int) {
			due, place := now+delay, scheduled
			scheduled++
			var nested []time.Duration
			if depth < 3 {
				nested = rapid.SliceOfN(millis(6), 0, 2).Draw(rt, "nested")
			}
			w.at(due, string(rune('a'+place%26)), func() {
				done++
				now = due
				assert.Equal(rt, due, w.elapsed(), "each at its own time")
				for _, d := range nested {
					schedule(d, depth+1)
				}
			})
		}
		for range rapid.IntRange(1, 5).Draw(rt, "moves") {
			for _, d := range rapid.SliceOfN(millis(20), 0, 5).Draw(rt, "jobs") {
				schedule(d, 0)
			}
			d := millis(15).Draw(rt, "advance")
			from, before := now, done
			fired, err := w.Advance(d)
			require.NoError(rt, err)
			now = from + d
			require.Equal(rt, now, w.elapsed())
			require.Len(rt, fired, done-before, "what is returned is what was done")
			for i, due := range fired {
				require.False(rt, due.At.After(w.Now()), "never early")
				require.True(rt, i == 0 || !due.At.Before(fired[i-1].At), "in time order")
			}
			if next, ok := w.Next(); ok {
				require.True(rt, next.After(w.Now()), "never left over")
			}
		}
	})
}
