package clock

import "time"

// Timer tells what the clock's timer waits for, and whether there is one.
func (c *Clock) Timer() (at time.Time, armed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.timerAt, c.timer != nil
}

// End is where clocks stop.
var End = end
