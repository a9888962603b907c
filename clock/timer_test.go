package clock_test

import (
	"math"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/clock"
)

// running returns a world whose clock runs from start, in a synctest bubble.
func running(t *testing.T, speed float64) *world {
	return newWorld(t, clock.Setup{Start: start, Speed: speed})
}

// mustBeArmed fails unless the clock waits for start+d and nothing else.
func mustBeArmed(t *testing.T, w *world, d time.Duration) {
	t.Helper()
	at, armed := w.Timer()
	require.True(t, armed, "a timer")
	require.Equal(t, start.Add(d), at)
}

func mustBeIdle(t *testing.T, w *world) {
	t.Helper()
	_, armed := w.Timer()
	require.False(t, armed, "no timer")
}

func TestRealTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, clock.Setup{})
		bubble := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // where synctest begins
		assert.Equal(t, bubble, w.Now())
		pass(1234567 * time.Nanosecond)
		assert.Equal(t, bubble.Add(time.Millisecond), w.Now(), "in whole milliseconds")
		assert.Equal(t, bubble, w.Start())
	})
}

func TestSpeed(t *testing.T) {
	t.Run("Sixty", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := running(t, 60)
			pass(time.Second)
			assert.Equal(t, time.Minute, w.elapsed())
			pass(time.Minute)
			assert.Equal(t, time.Minute+time.Hour, w.elapsed())
		})
	})
	t.Run("ChangedGoesOnFromThere", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := running(t, 1)
			pass(10 * time.Second)
			require.NoError(t, w.SetSpeed(60))
			assert.Equal(t, 10*time.Second, w.elapsed())
			pass(10 * time.Second)
			assert.Equal(t, 10*time.Second+10*time.Minute, w.elapsed())
			require.NoError(t, w.SetSpeed(0.5))
			pass(10 * time.Second)
			assert.Equal(t, 15*time.Second+10*time.Minute, w.elapsed())
		})
	})
	t.Run("KeptWhileFrozen", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := running(t, 60)
			w.Freeze()
			pass(time.Second)
			assert.Zero(t, w.elapsed())
			w.Resume()
			pass(time.Second)
			assert.Equal(t, time.Minute, w.elapsed())
		})
	})
}

func TestEnd(t *testing.T) {
	t.Run("StopsThere", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, clock.Setup{Start: clock.End.Add(-time.Hour), Speed: clock.MaxSpeed})
			pass(time.Second) // eleven days and more of the clock's
			assert.Equal(t, clock.End, w.Now())
			pass(365 * 24 * time.Hour)
			assert.Equal(t, clock.End, w.Now())
			_, err := w.Advance(time.Millisecond)
			assert.ErrorIs(t, err, clock.ErrTooFar)
		})
	})
	t.Run("FromFar", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, clock.Setup{Start: time.Date(1, 1, 1, 0, 0, 0, 1e6, time.UTC), Speed: clock.MaxSpeed})
			pass(50 * 365 * 24 * time.Hour) // fifty million years
			assert.Equal(t, clock.End, w.Now())
		})
	})
	t.Run("FiresThere", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, clock.Setup{Start: clock.End.Add(-time.Hour), Speed: clock.MaxSpeed})
			w.put(clock.End, "last")
			w.Rearm()
			pass(time.Second)
			assert.Equal(t, 1, w.calls())
			mustBeIdle(t, w)
		})
	})
	t.Run("NoTimerForWhatNeverComes", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, clock.Setup{Start: clock.End})
			w.put(clock.End.Add(time.Millisecond), "never")
			w.Rearm()
			mustBeIdle(t, w) // it would fire for nothing again and again
		})
	})
}

func TestTimer(t *testing.T) {
	for name, speed := range map[string]float64{"Slow": 0.25, "RealTime": 1, "Sixty": 60, "FiveHundred": 500} {
		t.Run("FiresWhenDue"+name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := running(t, speed)
				const due = 90 * time.Second
				w.at(due, "a")
				w.Rearm()
				mustBeArmed(t, w, due)
				real := time.Duration(float64(due) / speed)
				pass(real - time.Microsecond)
				require.Empty(t, w.done(), "not before")
				pass(2 * time.Microsecond)
				require.Equal(t, []string{"a@1m30s"}, w.done(), "at its own time")
				mustBeIdle(t, w)
			})
		})
	}
	t.Run("FarAhead", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := running(t, 1)
			const due = 1000*24*time.Hour + time.Millisecond
			w.at(due, "a")
			w.Rearm()
			pass(due - time.Microsecond)
			require.Empty(t, w.done())
			mustBeArmed(t, w, due)
			pass(2 * time.Microsecond)
			assert.Equal(t, []string{since(start.Add(due), "a")}, w.done())
		})
	})
	t.Run("AsGoodAsNever", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := running(t, math.SmallestNonzeroFloat64)
			w.at(1000*24*time.Hour, "a")
			w.Rearm()
			pass(30 * 24 * time.Hour)
			assert.Empty(t, w.done())
			assert.LessOrEqual(t, w.calls(), 30, "it looks again once a day at most")
		})
	})
	t.Run("OneAfterTheOther", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := running(t, 1)
			w.at(time.Second, "a", func() { w.at(2*time.Second, "nested") })
			w.at(3*time.Second, "b")
			w.Rearm()
			pass(time.Second + time.Millisecond)
			mustBeArmed(t, w, 2*time.Second)
			pass(time.Second)
			mustBeArmed(t, w, 3*time.Second)
			pass(time.Second)
			mustBeIdle(t, w)
			assert.Equal(t, []string{"a@1s", "nested@2s", "b@3s"}, w.done())
		})
	})
	t.Run("Overdue", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := running(t, 1)
			w.at(-time.Hour, "late")
			w.Rearm()
			pass(time.Millisecond)
			assert.Len(t, w.done(), 1)
		})
	})
	t.Run("AdvancedOver", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := running(t, 1)
			w.at(10*time.Second, "a")
			w.at(20*time.Second, "b")
			w.Rearm()
			pass(4 * time.Second)
			fired, err := w.Advance(8 * time.Second)
			require.NoError(t, err)
			assert.Equal(t, []string{"a@10s"}, lines(fired))
			assert.Equal(t, 12*time.Second, w.elapsed(), "on from where it was")
			mustBeArmed(t, w, 20*time.Second)
			pass(8*time.Second - time.Microsecond)
			require.Len(t, w.done(), 1)
			pass(time.Millisecond)
			assert.Equal(t, []string{"a@10s", "b@20s"}, w.done())
		})
	})
}

func TestSingleTimer(t *testing.T) {
	const many = 10_000
	t.Run("ManyJobs", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := running(t, 1)
			mustBeIdle(t, w)
			// Each comes before all others, so each sets the timer anew.
			for n := many; n > 0; n-- {
				w.at(time.Duration(n)*time.Second, "a")
				w.Rearm()
			}
			mustBeArmed(t, w, time.Second)
			pass(time.Second + time.Millisecond)
			assert.Equal(t, 1, w.calls())
			mustBeArmed(t, w, 2*time.Second)

			w.Freeze()
			mustBeIdle(t, w)
			pass(2 * many * time.Second)
			assert.Equal(t, 1, w.calls(), "none of the timers before it is left")
		})
	})
	t.Run("SameInstant", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := running(t, 1)
			for range many {
				w.at(time.Second, "a")
				w.Rearm()
			}
			pass(2 * time.Second)
			assert.Len(t, w.done(), many)
			assert.Equal(t, 1, w.calls())
			mustBeIdle(t, w)
		})
	})
	t.Run("NoWork", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := running(t, 60)
			mustBeIdle(t, w)
			_, err := w.Advance(time.Hour)
			require.NoError(t, err)
			mustBeIdle(t, w)
			w.Freeze()
			w.Resume()
			mustBeIdle(t, w)
		})
	})
}

func TestRearm(t *testing.T) {
	t.Run("Earlier", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := running(t, 1)
			w.at(10*time.Second, "b")
			w.Rearm()
			w.at(2*time.Second, "a")
			w.Rearm()
			mustBeArmed(t, w, 2*time.Second)
			pass(2*time.Second + time.Millisecond)
			assert.Equal(t, []string{"a@2s"}, w.done())
			mustBeArmed(t, w, 10*time.Second)
		})
	})
	t.Run("Later", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := running(t, 1)
			w.at(2*time.Second, "a")
			w.Rearm()
			w.at(10*time.Second, "b")
			w.Rearm()
			mustBeArmed(t, w, 2*time.Second)
			pass(time.Minute)
			assert.Equal(t, []string{"a@2s", "b@10s"}, w.done())
		})
	})
	t.Run("Removed", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := running(t, 1)
			w.at(2*time.Second, "a")
			w.Rearm()
			w.drop()
			w.Rearm()
			mustBeIdle(t, w)
			w.at(3*time.Second, "b")
			w.Rearm()
			mustBeArmed(t, w, 3*time.Second)
		})
	})
}

// What changes the way to the next job must set its timer anew, even though
// the job itself is due when it was.
func TestTimerFollows(t *testing.T) {
	const due = 100 * time.Second
	for name, follow := range map[string]struct {
		change func(*testing.T, *world)
		left   time.Duration // until due, in real time
	}{
		"SetSpeedFaster": {func(t *testing.T, w *world) { require.NoError(t, w.SetSpeed(100)) }, time.Second},
		"SetSpeedSlower": {func(t *testing.T, w *world) { require.NoError(t, w.SetSpeed(0.5)) }, 200 * time.Second},
		"ReplaceNearer": {func(t *testing.T, w *world) {
			require.NoError(t, w.Replace(clock.State{Start: start, Now: start.Add(40 * time.Second), Speed: 10}, atOnce))
		}, 6 * time.Second},
		"ReplaceFarther": {func(t *testing.T, w *world) {
			require.NoError(t, w.Replace(clock.Setup{Start: start.Add(-100 * time.Second)}.State(), atOnce))
		}, 200 * time.Second},
		"ReplaceFails": {func(t *testing.T, w *world) {
			far := clock.Setup{Start: start.Add(-time.Hour)}.State()
			require.Error(t, w.Replace(far, func(set func()) error { set(); return errSwap }))
		}, 100 * time.Second},
		"AdvanceNearer": {func(t *testing.T, w *world) {
			_, err := w.Advance(99 * time.Second)
			require.NoError(t, err)
		}, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := running(t, 1)
				w.at(due, "a")
				w.Rearm()
				follow.change(t, w)
				mustBeArmed(t, w, due)
				pass(follow.left - time.Microsecond)
				require.Empty(t, w.done(), "not before")
				pass(time.Millisecond)
				assert.Len(t, w.done(), 1)
			})
		})
	}
}

func TestFreeze(t *testing.T) {
	t.Run("NothingFires", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := running(t, 1)
			w.at(10*time.Second, "a")
			w.Rearm()
			pass(4 * time.Second)
			w.Freeze()
			mustBeIdle(t, w)
			w.Rearm()
			mustBeIdle(t, w)
			pass(time.Hour)
			assert.Empty(t, w.done())
			assert.Equal(t, 4*time.Second, w.elapsed())
			assert.True(t, w.State().Frozen)
		})
	})
	t.Run("ResumeGoesOnFromThere", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := running(t, 1)
			w.at(10*time.Second, "a")
			w.Rearm()
			pass(4 * time.Second)
			w.Freeze()
			pass(time.Hour)
			w.Resume()
			assert.Equal(t, 4*time.Second, w.elapsed())
			assert.False(t, w.State().Frozen)
			mustBeArmed(t, w, 10*time.Second)
			pass(6*time.Second - time.Microsecond)
			require.Empty(t, w.done(), "not before")
			pass(time.Millisecond)
			assert.Equal(t, []string{"a@10s"}, w.done())
		})
	})
	t.Run("AdvancedWhileFrozen", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := frozen(t)
			w.at(time.Second, "a")
			w.at(time.Minute, "b")
			_, err := w.Advance(30 * time.Second)
			require.NoError(t, err)
			mustBeIdle(t, w)
			pass(time.Hour)
			assert.Equal(t, []string{"a@1s"}, w.done(), "still frozen")
			assert.Equal(t, 30*time.Second, w.elapsed())
			w.Resume()
			pass(30*time.Second + time.Millisecond)
			assert.Equal(t, []string{"a@1s", "b@1m0s"}, w.done())
		})
	})
	t.Run("Twice", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := running(t, 1)
			w.Freeze()
			pass(time.Second)
			w.Freeze()
			w.Resume()
			pass(time.Second)
			w.Resume()
			assert.Equal(t, time.Second, w.elapsed())
		})
	})
}

func TestReplaceRunning(t *testing.T) {
	t.Run("FromTheMomentSet", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := running(t, 1)
			require.NoError(t, w.Replace(clock.Setup{Start: start.Add(time.Hour)}.State(), func(set func()) error {
				pass(5 * time.Second)
				set()
				pass(7 * time.Second)
				return nil
			}))
			assert.Equal(t, time.Hour+7*time.Second, w.elapsed())
		})
	})
	t.Run("FailedTookNoTime", func(t *testing.T) {
		for name, fail := range map[string]func(set func()){
			"BeforeSet": func(func()) {},
			"AfterSet":  func(set func()) { set() },
		} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := running(t, 1)
					pass(time.Second)
					require.Error(t, w.Replace(clock.Setup{Start: start.Add(-time.Hour)}.State(), func(set func()) error {
						pass(5 * time.Second)
						fail(set)
						return errSwap
					}))
					assert.Equal(t, 6*time.Second, w.elapsed(), "it never stopped running, and never goes back")
				})
			})
		}
	})
}

func TestStop(t *testing.T) {
	t.Run("NothingFiresAfter", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := running(t, 1)
			w.at(time.Second, "a")
			w.Rearm()
			w.Stop()
			mustBeIdle(t, w)
			w.Rearm()
			require.NoError(t, w.SetSpeed(60))
			w.Freeze()
			w.Resume()
			mustBeIdle(t, w)
			pass(time.Hour)
			assert.Empty(t, w.done())
			assert.Equal(t, 60*time.Hour, w.elapsed(), "a stopped clock still tells the time")
			w.Stop()
		})
	})
	t.Run("CanBeAdvanced", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := running(t, 1)
			w.at(time.Second, "a")
			w.Stop()
			fired, err := w.Advance(time.Minute)
			require.NoError(t, err)
			assert.Equal(t, []string{"a@1s"}, lines(fired))
			mustBeIdle(t, w)
		})
	})
	t.Run("WaitsForWork", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := running(t, 1)
			begun, finish := make(chan struct{}), make(chan struct{})
			var stopped atomic.Bool
			w.at(time.Second, "a", func() {
				close(begun)
				<-finish
				assert.False(t, stopped.Load())
				w.at(2*time.Second, "nested")
			})
			w.Rearm()
			<-begun
			done := make(chan struct{})
			go func() {
				defer close(done)
				w.Stop()
				stopped.Store(true)
			}()
			synctest.Wait()
			require.False(t, stopped.Load(), "Stop returned while work was going on")
			close(finish)
			<-done
			pass(time.Hour)
			assert.Equal(t, []string{"a@1s"}, w.done())
		})
	})
}
