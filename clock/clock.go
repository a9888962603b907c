// Package clock gives every workspace a time of its own.
//
// A [Clock] runs in step with real time, faster, or not at all. It can be
// frozen, set forward and advanced; whatever falls due on the way is done in
// time order, each piece at its own time:
//
//	c := clock.New(work, clock.Setup{Start: start, Frozen: true})
//	fired, err := c.Advance(15 * time.Minute)
//
// Rules:
//
//   - Instants are whole milliseconds in UTC, so that what a user reads off the
//     clock is exactly what the mock compares with.
//   - A clock never goes backwards.
//   - A running clock with work ahead holds one timer, set to the earliest
//     piece. A frozen or idle clock holds none: nothing polls.
//   - Only this package reads the real time on behalf of a workspace.
package clock

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"time"
)

// Resolution is the smallest step of a clock.
const Resolution = time.Millisecond

// MaxSpeed bounds how much faster than real time a clock may run.
const MaxSpeed = 1_000_000

// beginning is the earliest time that any provider's timestamps can tell.
var beginning = time.Unix(0, 0)

// end is where clocks stop: no Duration leads from there to where RFC 3339 can
// write no more, the year 10000.
var end = time.Date(9700, 1, 1, 0, 0, 0, 0, time.UTC)

// Errors of the moves a clock refuses.
var (
	ErrBackwards = errors.New("a clock cannot go backwards")
	ErrTooEarly  = errors.New("a clock begins with the year 1970 or later")
	ErrTooFar    = errors.New("a clock ends with the year 9699")
	ErrSpeed     = fmt.Errorf("speed must be above 0 and at most %d", MaxSpeed)
	ErrFraction  = fmt.Errorf("a clock moves in whole steps of %s", Resolution)
)

// A Due is a piece of work with the time it is or was due at.
type Due struct {
	At   time.Time
	Kind string // what is done, "dinardragon.settle"
	Ref  string // the record it concerns
}

// Work is what falls due on a clock. A workspace's stored jobs are its Work.
type Work interface {
	// Next tells when the earliest piece is due. It must not block: the clock
	// asks while it holds its own lock.
	Next() (at time.Time, ok bool)

	// Run does all that is due at or before the given time, in time order, ties
	// in the order they were scheduled, together with what that work schedules
	// within the same limit. It returns what it did when it is done.
	Run(until time.Time) []Due
}

// A Settler is a [Work] that begins things which end elsewhere, such as webhooks
// on their way to a receiver.
type Settler interface {
	// Settle returns when all that was begun is over. A clock that is moved
	// asks for it at each step, so that what is begun at a time ends at that
	// time; a running clock does not wait.
	Settle()
}

// Setup is how a clock begins.
type Setup struct {
	Start  time.Time // zero: the real time
	Frozen bool
	Speed  float64 // zero: 1
}

// State is all there is to know about a clock; [Clock.Replace] brings it back.
type State struct {
	Start  time.Time `json:"start"` // when it began, for windows "since the start"
	Now    time.Time `json:"now"`
	Frozen bool      `json:"frozen"`
	Speed  float64   `json:"speed"`
}

// A Clock is the time of one workspace.
type Clock struct {
	work  Work
	moves sync.Mutex // one move or firing timer at a time

	mu sync.Mutex // guards all below; never held while work runs
	course
	timer   *time.Timer
	timerAt time.Time // what the timer waits for; zero when there is none
	stopped bool
	firing  sync.WaitGroup
}

// A course is how a clock's time follows from the real one.
type course struct {
	start  time.Time
	base   time.Time // the clock's time when anchor was taken
	anchor time.Time // real time, with its monotonic part
	frozen bool
	pinned bool // stepping through due work: time stands at base
	speed  float64
}

// State is where a clock set up so stands in the beginning.
func (s Setup) State() State {
	if s.Start.IsZero() {
		s.Start = time.Now()
	}
	if s.Speed == 0 {
		s.Speed = 1
	}
	start := s.Start.UTC().Truncate(Resolution)
	return State{Start: start, Now: start, Frozen: s.Frozen, Speed: s.Speed}
}

// Check refuses states that no clock can be in.
func (s State) Check() error {
	switch {
	case s.Now.Before(s.Start):
		return fmt.Errorf("%w: now is %s, before the start %s", ErrBackwards, s.Now, s.Start)
	case s.Now.After(end):
		return ErrTooFar
	case s.Start.Before(beginning):
		return ErrTooEarly
	}
	return checkSpeed(s.Speed)
}

// New returns a clock that has begun as set up. Stop it when done.
func New(work Work, setup Setup) *Clock {
	return &Clock{work: work, course: setup.State().course()}
}

// course is how a clock goes on from a state.
func (s State) course() course {
	return course{
		start: s.Start.UTC().Truncate(Resolution), base: s.Now.UTC().Truncate(Resolution), anchor: time.Now(),
		frozen: s.Frozen, speed: s.Speed,
	}
}

// Now is the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.nowLocked().Truncate(Resolution)
}

func (c *Clock) nowLocked() time.Time {
	if c.frozen || c.pinned {
		return c.base
	}
	// Seconds and the rest apart: a fast clock outruns what a Duration holds.
	elapsed := time.Since(c.anchor).Seconds() * c.speed
	whole, rest := math.Modf(elapsed)
	if whole >= float64(end.Unix()-c.base.Unix()) {
		return end
	}
	return time.Unix(c.base.Unix()+int64(whole), int64(c.base.Nanosecond())+int64(rest*1e9)).UTC()
}

// Moving tells whether the clock is being moved and stands at a step.
func (c *Clock) Moving() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pinned
}

// Start is when the clock began.
func (c *Clock) Start() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.start
}

// State tells where the clock is.
func (c *Clock) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return State{c.start, c.nowLocked().Truncate(Resolution), c.frozen, c.speed}
}

// Replace puts the clock into another state, earlier ones too, together with
// all that belongs to it: swap calls set at the moment when both change. No
// work runs from before the call until it is over, and nothing that was due
// fires. If swap fails or panics the clock goes on as if nothing had been.
func (c *Clock) Replace(s State, swap func(set func()) error) error {
	if err := s.Check(); err != nil {
		return err
	}
	c.moves.Lock()
	defer c.moves.Unlock()
	defer c.Rearm()
	c.mu.Lock()
	before := c.course
	c.mu.Unlock()
	replaced := false
	defer func() {
		if !replaced {
			c.follow(before)
		}
	}()
	if err := swap(func() { c.follow(s.course()) }); err != nil {
		return err
	}
	replaced = true
	return nil
}

func (c *Clock) follow(other course) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.course = other
	c.disarmLocked()
}

// Freeze stops the clock at its present time.
func (c *Clock) Freeze() {
	c.change(func() { c.frozen = true })
}

// Resume lets a frozen clock go on from where it stands.
func (c *Clock) Resume() {
	c.change(func() { c.frozen = false })
}

// SetSpeed makes the clock run at a multiple of real time.
func (c *Clock) SetSpeed(speed float64) error {
	if err := checkSpeed(speed); err != nil {
		return err
	}
	c.change(func() { c.speed = speed })
	return nil
}

func checkSpeed(speed float64) error {
	if !(speed > 0 && speed <= MaxSpeed) {
		return ErrSpeed
	}
	return nil
}

// change applies f at the present time, from which the clock then goes on.
func (c *Clock) change(f func()) {
	c.moves.Lock()
	defer c.moves.Unlock()
	c.mu.Lock()
	c.settleLocked(c.nowLocked())
	f()
	c.disarmLocked() // the real time until the next work is another now
	c.mu.Unlock()
	c.Rearm()
}

// settleLocked makes t the present time.
func (c *Clock) settleLocked(t time.Time) {
	c.base, c.anchor = t, time.Now()
}

// Advance moves the clock forward by d and returns what fell due, done.
func (c *Clock) Advance(d time.Duration) ([]Due, error) {
	switch {
	case d < 0:
		return nil, ErrBackwards
	case d%Resolution != 0:
		return nil, ErrFraction
	}
	return c.move(func(now time.Time) (time.Time, error) { return now.Add(d), nil })
}

// Set moves the clock forward to t, like [Clock.Advance].
func (c *Clock) Set(t time.Time) ([]Due, error) {
	t = t.UTC()
	if t.After(end) {
		return nil, ErrTooFar
	}
	if !t.Equal(t.Truncate(Resolution)) {
		return nil, ErrFraction
	}
	return c.move(func(now time.Time) (time.Time, error) {
		if t.Before(now) {
			return t, fmt.Errorf("%w: it is %s", ErrBackwards, now.Format(time.RFC3339Nano))
		}
		return t, nil
	})
}

// move steps from one due time to the next until the target is reached. Time
// stands still at each step, so that work and the calls that arrive meanwhile
// see exactly the time of that step.
func (c *Clock) move(target func(now time.Time) (time.Time, error)) ([]Due, error) {
	c.moves.Lock()
	defer c.moves.Unlock()

	c.mu.Lock()
	now := c.nowLocked().Truncate(Resolution)
	to, err := target(now)
	if err == nil && to.After(end) {
		err = ErrTooFar
	}
	if err != nil {
		c.mu.Unlock()
		return nil, err
	}
	c.pinned = true
	c.base = now
	c.disarmLocked()
	c.mu.Unlock()

	defer func() { // also if the work panics
		c.mu.Lock()
		c.pinned = false
		c.settleLocked(to)
		c.mu.Unlock()
		c.Rearm()
	}()
	return c.step(to), nil
}

// step does what is due up to a pinned clock's target, one due time at a time.
func (c *Clock) step(to time.Time) []Due {
	var fired []Due
	for {
		c.settle()
		at, ok := c.work.Next()
		if !ok || at.After(to) {
			return fired
		}
		c.mu.Lock()
		if at.After(c.base) {
			c.base = at
		}
		at = c.base
		c.mu.Unlock()
		done := c.work.Run(at)
		if next, ok := c.work.Next(); len(done) == 0 && ok && !next.After(at) {
			return fired // the work cannot be done now
		}
		fired = append(fired, done...)
	}
}

func (c *Clock) settle() {
	if s, ok := c.work.(Settler); ok {
		s.Settle()
	}
}

// Rearm looks at the work again. Call it after work was added or removed.
func (c *Clock) Rearm() {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, ok := c.work.Next()
	if !ok || at.After(end) || c.frozen || c.pinned || c.stopped {
		c.disarmLocked()
		return
	}
	if at.Equal(c.timerAt) {
		return
	}
	c.disarmLocked()
	c.timerAt = at
	c.timer = time.AfterFunc(c.untilLocked(at), c.fire)
}

// untilLocked is the real time that passes until the clock shows t.
func (c *Clock) untilLocked(t time.Time) time.Duration {
	const longest = 24 * time.Hour // then look again: a far date must not overflow
	left := float64(t.Sub(c.nowLocked())) / c.speed
	switch {
	case left >= float64(longest):
		return longest
	case left <= 0:
		return 0
	}
	return time.Duration(left) + time.Microsecond
}

func (c *Clock) disarmLocked() {
	if c.timer != nil {
		c.timer.Stop()
		c.timer, c.timerAt = nil, time.Time{}
	}
}

// fire runs when the timer does, on the timer's goroutine. Stop waits for it.
func (c *Clock) fire() {
	c.mu.Lock()
	if c.stopped {
		c.mu.Unlock()
		return
	}
	c.firing.Add(1)
	c.mu.Unlock()
	defer c.firing.Done()

	c.moves.Lock()
	defer c.moves.Unlock()
	c.mu.Lock()
	c.disarmLocked()
	c.mu.Unlock()
	c.work.Run(c.Now())
	c.Rearm()
}

// Stop ends the timer and waits for work that it has begun. A stopped clock
// still tells the time and can be advanced by hand.
func (c *Clock) Stop() {
	c.mu.Lock()
	c.stopped = true
	c.disarmLocked()
	c.mu.Unlock()
	c.firing.Wait()
}
