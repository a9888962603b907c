package clock_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/clock"
)

// A settler is a world whose work can be waited for. It logs also when it is
// asked to run and to settle.
type settler struct {
	*world
	settle []func() // what Settle does each time it is called, one after another
	always func()   // what it does after those, if anything
}

func newSettler(t testing.TB, setup clock.Setup) *settler {
	s := &settler{world: &world{}}
	s.Clock = clock.New(s, setup)
	t.Cleanup(s.Stop)
	return s
}

func (s *settler) Run(until time.Time) []clock.Due {
	s.note("run")
	return s.world.Run(until)
}

func (s *settler) Settle() {
	s.note("settle")
	if len(s.settle) > 0 {
		next := s.settle[0]
		s.settle = s.settle[1:]
		next()
	} else if s.always != nil {
		s.always()
	}
}

func TestSettle(t *testing.T) {
	for name, moved := range map[string]struct {
		work func(s *settler)
		want []string // in this order, each with what the clock showed
	}{
		"NothingDue": {func(*settler) {}, []string{"settle@0s"}},
		"OneStep": {func(s *settler) {
			s.at(time.Second, "a")
		}, []string{"settle@0s", "run@1s", "a@1s", "settle@1s"}},
		"EachStep": {func(s *settler) {
			s.at(2*time.Second, "b")
			s.at(time.Second, "a")
		}, []string{"settle@0s", "run@1s", "a@1s", "settle@1s", "run@2s", "b@2s", "settle@2s"}},
		"Ties": {func(s *settler) {
			s.at(time.Second, "a")
			s.at(time.Second, "b")
		}, []string{"settle@0s", "run@1s", "a@1s", "b@1s", "settle@1s"}},
		"Overdue": {func(s *settler) {
			s.at(-time.Hour, "late")
		}, []string{"settle@0s", "run@0s", "late@0s", "settle@0s"}},
		"DueNow": {func(s *settler) {
			s.at(0, "now")
		}, []string{"settle@0s", "run@0s", "now@0s", "settle@0s"}},
		"DueAtTheTarget": {func(s *settler) {
			s.at(10*time.Second, "at")
			s.at(10*time.Second+time.Millisecond, "after")
		}, []string{"settle@0s", "run@10s", "at@10s", "settle@10s"}},
		"Beyond": {func(s *settler) {
			s.at(time.Minute, "beyond")
		}, []string{"settle@0s"}},
		"JobsOfJobs": {func(s *settler) {
			s.at(time.Second, "a", func() {
				s.at(time.Second, "same instant")
				s.at(2*time.Second, "later")
			})
		}, []string{"settle@0s", "run@1s", "a@1s", "same instant@1s", "settle@1s", "run@2s", "later@2s", "settle@2s"}},
		"SettlingSchedulesNow": {func(s *settler) {
			s.settle = []func(){func() { s.at(0, "at once") }}
		}, []string{"settle@0s", "run@0s", "at once@0s", "settle@0s"}},
		"SettlingSchedulesBeforeTheNext": {func(s *settler) {
			s.at(5*time.Second, "b")
			s.settle = []func(){func() { s.at(time.Second, "a") }}
		}, []string{"settle@0s", "run@1s", "a@1s", "settle@1s", "run@5s", "b@5s", "settle@5s"}},
		"SettlingTheLastSchedules": {func(s *settler) {
			s.at(5*time.Second, "a")
			s.settle = []func(){func() {}, func() { s.at(10*time.Second, "retry") }, func() { s.at(11*time.Second, "beyond") }}
		}, []string{"settle@0s", "run@5s", "a@5s", "settle@5s", "run@10s", "retry@10s", "settle@10s"}},
		"SettlingSchedulesThePast": {func(s *settler) {
			s.at(5*time.Second, "a")
			s.settle = []func(){func() {}, func() { s.at(time.Second, "late") }}
		}, []string{"settle@0s", "run@5s", "a@5s", "settle@5s", "run@5s", "late@5s", "settle@5s"}},
		"SettlingTakesAway": {func(s *settler) {
			s.at(time.Second, "a")
			s.settle = []func(){s.drop}
		}, []string{"settle@0s"}},
	} {
		for how, move := range map[string]func(s *settler) ([]clock.Due, error){
			"Advance": func(s *settler) ([]clock.Due, error) { return s.Advance(10 * time.Second) },
			"Set":     func(s *settler) ([]clock.Due, error) { return s.Set(start.Add(10 * time.Second)) },
		} {
			t.Run(name+how, func(t *testing.T) {
				s := newSettler(t, clock.Setup{Start: start, Frozen: true})
				moved.work(s)
				_, err := move(s)
				require.NoError(t, err)
				assert.Equal(t, moved.want, s.done())
				assert.Equal(t, 10*time.Second, s.elapsed())
			})
		}
	}
	t.Run("Nowhere", func(t *testing.T) {
		s := newSettler(t, clock.Setup{Start: start, Frozen: true})
		_, err := s.Advance(0)
		require.NoError(t, err)
		assert.Equal(t, []string{"settle@0s"}, s.done(), "what is on its way ends, whereto the clock is moved")
	})
	t.Run("FiredAsWithout", func(t *testing.T) {
		s := newSettler(t, clock.Setup{Start: start, Frozen: true})
		s.at(time.Second, "a")
		s.settle = []func(){func() {}, func() { s.at(2*time.Second, "b") }}
		fired, err := s.Advance(10 * time.Second)
		require.NoError(t, err)
		assert.Equal(t, []string{"a@1s", "b@2s"}, lines(fired))
	})
	t.Run("EachMove", func(t *testing.T) {
		s := newSettler(t, clock.Setup{Start: start, Frozen: true})
		for range 2 {
			_, err := s.Advance(time.Second)
			require.NoError(t, err)
		}
		_, err := s.Set(start.Add(time.Minute))
		require.NoError(t, err)
		assert.Equal(t, []string{"settle@0s", "settle@1s", "settle@2s"}, s.done())
	})
	for name, move := range map[string]func(s *settler) ([]clock.Due, error){
		"ErrBackwards":    func(s *settler) ([]clock.Due, error) { return s.Advance(-time.Second) },
		"ErrFraction":     func(s *settler) ([]clock.Due, error) { return s.Advance(time.Microsecond) },
		"ErrTooFar":       func(s *settler) ([]clock.Due, error) { return s.Advance(2 * time.Hour) },
		"ErrSetBackwards": func(s *settler) ([]clock.Due, error) { return s.Set(s.Now().Add(-time.Second)) },
		"ErrSetFraction":  func(s *settler) ([]clock.Due, error) { return s.Set(s.Now().Add(time.Microsecond)) },
		"ErrSetTooFar":    func(s *settler) ([]clock.Due, error) { return s.Set(clock.End.Add(time.Second)) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSettler(t, clock.Setup{Start: clock.End.Add(-time.Hour), Frozen: true})
			s.at(0, "overdue")
			_, err := move(s)
			require.Error(t, err)
			assert.Empty(t, s.done(), "a refused move waits for nothing")
		})
	}
	t.Run("Panic", func(t *testing.T) {
		s := newSettler(t, clock.Setup{Start: start, Frozen: true})
		s.at(time.Second, "a")
		s.settle = []func(){func() {}, func() { panic("oops") }}
		assert.PanicsWithValue(t, "oops", func() { _, _ = s.Advance(10 * time.Second) })
		assert.False(t, s.Moving())
		assert.Equal(t, 10*time.Second, s.elapsed(), "as if the work had panicked")
		_, err := s.Advance(time.Second) // no lock is left
		require.NoError(t, err)
		assert.Equal(t, []string{"settle@0s", "run@1s", "a@1s", "settle@1s", "settle@10s"}, s.done())
	})
}

// While a move settles, it is the only one that waits.
func TestSettleBlocks(t *testing.T) {
	for name, held := range map[string]struct {
		before int           // how many calls of Settle return at once
		now    time.Duration // what the clock shows meanwhile
		log    []string
	}{
		"BeforeTheFirstStep": {0, 0, []string{"settle@0s"}},
		"AfterAStep":         {1, time.Second, []string{"settle@0s", "run@1s", "a@1s", "settle@1s"}},
		"AfterTheLast": {2, 2 * time.Second, []string{"settle@0s", "run@1s", "a@1s", "settle@1s",
			"run@2s", "b@2s", "settle@2s"}},
	} {
		for _, frozen := range []bool{true, false} {
			t.Run(fmt.Sprintf("%sFrozen=%t", name, frozen), func(t *testing.T) {
				s := newSettler(t, clock.Setup{Start: start, Frozen: frozen, Speed: 1e-9})
				s.at(time.Second, "a")
				s.at(2*time.Second, "b")
				begun, finish := make(chan struct{}), make(chan struct{})
				release := sync.OnceFunc(func() { close(finish) })
				t.Cleanup(release)
				var settled atomic.Bool
				for range held.before {
					s.settle = append(s.settle, func() {})
				}
				s.settle = append(s.settle, func() {
					close(begun)
					<-finish
					settled.Store(true)
				})

				moved := make(chan struct{})
				go func() {
					defer close(moved)
					_, err := s.Advance(10 * time.Second)
					assert.NoError(t, err)
					assert.True(t, settled.Load(), "Advance came back before all was over")
				}()
				await(t, begun, "Settle")
				looked := make(chan struct{})
				go func() {
					defer close(looked)
					assert.Equal(t, held.now, s.elapsed())
					assert.Equal(t, clock.State{Start: start, Now: start.Add(held.now), Frozen: frozen, Speed: 1e-9}, s.State())
					assert.Equal(t, start, s.Start())
					assert.True(t, s.Moving())
					s.at(time.Hour, "new") // as a call that arrives meanwhile
					s.Rearm()
					_, armed := s.Timer()
					assert.False(t, armed, "no timer beside a move")
				}()
				await(t, looked, "calls that do not move the clock")
				assert.Equal(t, held.log, s.done())
				select {
				case <-moved:
					require.FailNow(t, "Advance did not wait")
				default:
				}
				release()
				await(t, moved, "Advance")
				assert.Equal(t, 10*time.Second, s.elapsed())
				assert.False(t, s.Moving())
				assert.Equal(t, []string{"settle@0s", "run@1s", "a@1s", "settle@1s", "run@2s", "b@2s", "settle@2s"}, s.done())
			})
		}
	}
	// However long it takes in real time.
	t.Run("TimeStandsMeanwhile", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newSettler(t, clock.Setup{Start: start, Speed: 60})
			s.at(time.Second, "a")
			s.at(time.Minute, "beyond")
			finish := make(chan struct{})
			s.settle = []func(){func() {}, func() { <-finish }}
			moved := make(chan struct{})
			go func() {
				defer close(moved)
				_, err := s.Advance(10 * time.Second)
				assert.NoError(t, err)
			}()
			for range 3 {
				pass(time.Hour)
				require.Equal(t, time.Second, s.elapsed())
				require.Equal(t, []string{"settle@0s", "run@1s", "a@1s", "settle@1s"}, s.done())
			}
			close(finish)
			<-moved
			assert.Equal(t, 10*time.Second, s.elapsed(), "it goes on from the target")
			at, armed := s.Timer()
			assert.True(t, armed)
			assert.Equal(t, start.Add(time.Minute), at)
		})
	})
}

// Only a move settles.
func TestSettleNotCalled(t *testing.T) {
	for name, do := range map[string]func(t *testing.T, s *settler){
		"New":         func(*testing.T, *settler) {},
		"Timer":       func(_ *testing.T, s *settler) { s.Rearm(); pass(time.Hour) },
		"TimerAtOnce": func(_ *testing.T, s *settler) { s.at(-time.Hour, "late"); s.Rearm(); pass(time.Millisecond) },
		"TimerOfNothing": func(_ *testing.T, s *settler) {
			s.Rearm()
			s.drop()
			pass(time.Hour)
		},
		"Freeze":   func(_ *testing.T, s *settler) { s.Freeze() },
		"Resume":   func(_ *testing.T, s *settler) { s.Freeze(); pass(time.Hour); s.Resume() },
		"SetSpeed": func(t *testing.T, s *settler) { require.NoError(t, s.SetSpeed(60)) },
		"ErrSpeed": func(t *testing.T, s *settler) { require.Error(t, s.SetSpeed(0)) },
		"Replace": func(t *testing.T, s *settler) {
			require.NoError(t, s.Replace(clock.Setup{Start: start.Add(-time.Hour)}.State(), atOnce))
		},
		"ReplaceFrozen": func(t *testing.T, s *settler) {
			require.NoError(t, s.Replace(clock.Setup{Start: start.Add(time.Hour), Frozen: true}.State(), atOnce))
		},
		"ReplaceFails": func(t *testing.T, s *settler) {
			require.Error(t, s.Replace(clock.Setup{Start: start}.State(), func(func()) error { return errSwap }))
		},
		"Looks": func(_ *testing.T, s *settler) { s.Now(); s.State(); s.Start(); s.Moving() },
		"Rearm": func(_ *testing.T, s *settler) { s.Rearm() },
		"Stop":  func(_ *testing.T, s *settler) { s.Rearm(); s.Stop(); pass(time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSettler(t, clock.Setup{Start: start, Speed: 1})
				s.at(10*time.Second, "a")
				s.at(20*time.Second, "b")
				do(t, s)
				synctest.Wait()
				for _, line := range s.done() {
					assert.NotContains(t, line, "settle")
				}
			})
		})
	}
	t.Run("TimerRuns", func(t *testing.T) { // or the above would show nothing
		synctest.Test(t, func(t *testing.T) {
			s := newSettler(t, clock.Setup{Start: start, Speed: 1})
			s.at(10*time.Second, "a")
			s.at(20*time.Second, "b")
			s.Rearm()
			pass(time.Minute)
			assert.Equal(t, []string{"run@10s", "a@10s", "run@20s", "b@20s"}, s.done())
		})
	})
	t.Run("TimerBesideMoves", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newSettler(t, clock.Setup{Start: start, Speed: 1})
			s.at(10*time.Second, "timer")
			s.at(20*time.Second, "move")
			s.at(30*time.Second, "timer again")
			s.Rearm()
			pass(15 * time.Second)
			_, err := s.Advance(10 * time.Second)
			require.NoError(t, err)
			pass(time.Minute)
			assert.Equal(t, []string{"run@10s", "timer@10s", "settle@15s", "run@20s", "move@20s", "settle@20s",
				"run@30s", "timer again@30s"}, s.done())
		})
	})
}

// What is begun at a time ends at that time, on a clock that only moves.
func TestSettleEndsWhatBegan(t *testing.T) {
	const jobs, each = 100, 3
	s := newSettler(t, clock.Setup{Start: start, Frozen: true})
	var flying sync.WaitGroup
	var landed atomic.Int64
	begin := func(at time.Duration) {
		for range each {
			flying.Go(func() {
				assert.Equal(t, at, s.elapsed())
				landed.Add(1)
			})
		}
	}
	for n := range jobs {
		at := time.Duration(n) * time.Millisecond
		s.at(at, "a", func() { begin(at) })
	}
	s.always = flying.Wait
	begin(0) // by a call, before the clock is moved
	for s.elapsed() < jobs*time.Millisecond {
		_, err := s.Advance(7 * time.Millisecond)
		require.NoError(t, err)
		assert.Equal(t, each*(1+min(jobs, 1+int(s.elapsed()/time.Millisecond))), int(landed.Load()))
	}
}
