package clock_test

import (
	"fmt"
	"time"

	"github.com/mockpay/mockpay/clock"
)

// A settlement is the simplest work: one thing due once.
type settlement struct {
	at   time.Time
	done bool
}

func (s *settlement) Next() (time.Time, bool) { return s.at, !s.done }

func (s *settlement) Run(until time.Time) []clock.Due {
	if s.done || s.at.After(until) {
		return nil
	}
	s.done = true
	return []clock.Due{{At: s.at, Kind: "settle", Ref: "payout-1"}}
}

func ExampleClock_Advance() {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	c := clock.New(&settlement{at: noon.Add(2 * time.Second)}, clock.Setup{Start: noon, Frozen: true})
	defer c.Stop()

	fired, err := c.Advance(15 * time.Minute)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, due := range fired {
		fmt.Println(due.At.Format(time.TimeOnly), due.Kind, due.Ref)
	}
	fmt.Println(c.Now().Format(time.TimeOnly))
	// Output:
	// 12:00:02 settle payout-1
	// 12:15:00
}

func ExampleClock_Set() {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	c := clock.New(&settlement{done: true}, clock.Setup{Start: noon, Frozen: true})
	defer c.Stop()

	_, err := c.Set(noon.Add(-time.Minute))
	fmt.Println(err)
	// Output: a clock cannot go backwards: it is 2026-03-01T12:00:00Z
}

// A saved clock is brought back together with what was saved beside it.
func ExampleClock_Replace() {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	work := &settlement{at: noon, done: true}
	c := clock.New(work, clock.Setup{})
	defer c.Stop()

	saved := clock.State{Start: noon, Now: noon.Add(time.Hour), Frozen: true, Speed: 60}
	err := c.Replace(saved, func(set func()) error {
		*work = settlement{at: noon.Add(2 * time.Hour)}
		set()
		return nil
	})
	fmt.Println(c.Now().Format(time.RFC3339), c.State() == saved, err)
	// Output: 2026-03-01T13:00:00Z true <nil>
}
