package control

import (
	"net/http"
	"time"

	"github.com/mockpay/mockpay/clock"
	"github.com/mockpay/mockpay/workspace"
)

// A clockBody is a clock on the wire.
type clockBody struct {
	Now     stamp   `json:"now"`
	Frozen  bool    `json:"frozen"`
	Speed   float64 `json:"speed"`
	Pending []due   `json:"pending"`
	Fired   *[]due  `json:"fired,omitempty"` // after a move
}

type due struct {
	At   stamp  `json:"at"`
	Kind string `json:"kind"`
	Ref  string `json:"ref"`
}

func showClock(w *workspace.Workspace) (clockBody, error) {
	jobs, err := w.Pending()
	s := w.Clock().State()
	body := clockBody{Now: stamp(s.Now), Frozen: s.Frozen, Speed: s.Speed, Pending: []due{}}
	for _, job := range jobs {
		body.Pending = append(body.Pending, due{stamp(job.At), job.Kind, job.Ref})
	}
	return body, err
}

func (a *api) getClock(_ *http.Request, w *workspace.Workspace) (any, error) {
	return showClock(w)
}

// A move is what POST clock asks for; several things may go together.
type move struct {
	Freeze  *bool    `json:"freeze"`
	Advance *string  `json:"advance"`
	Set     *string  `json:"set"`
	Speed   *float64 `json:"speed"`
}

func (a *api) moveClock(r *http.Request, w *workspace.Workspace) (any, error) {
	var m move
	if err := decode(r, &m, bodyLimit); err != nil {
		return nil, err
	}
	fired, err := m.apply(w.Clock())
	if err != nil {
		return nil, err
	}
	body, err := showClock(w)
	done := []due{}
	for _, f := range fired {
		done = append(done, due{stamp(f.At), f.Kind, f.Ref})
	}
	body.Fired = &done
	return body, err
}

// apply does all of a move, or nothing if a part of it is refused. A clock that
// is to stand stops first, so that it stands exactly where it is told; one that
// is to run starts last.
func (m *move) apply(c *clock.Clock) (fired []clock.Due, err error) {
	step, err := m.step()
	if err != nil {
		return nil, err
	}
	before := c.State()
	if m.Speed != nil {
		if err := c.SetSpeed(*m.Speed); err != nil {
			return nil, err
		}
	}
	if m.Freeze != nil && *m.Freeze {
		c.Freeze()
	}
	if fired, err = step(c); err != nil {
		_ = c.SetSpeed(before.Speed)
		if !before.Frozen {
			c.Resume()
		}
		return nil, err
	}
	if m.Freeze != nil && !*m.Freeze {
		c.Resume()
	}
	return fired, nil
}

// step is the part of a move that goes forward in time.
func (m *move) step() (func(*clock.Clock) ([]clock.Due, error), error) {
	switch {
	case m.Freeze == nil && m.Advance == nil && m.Set == nil && m.Speed == nil:
		return nil, NewProblem(http.StatusUnprocessableEntity, `say what to do: {"freeze": true}, {"advance": "15m"}, {"set": "2026-01-15T09:00:00Z"} or {"speed": 60}`)
	case m.Advance != nil && m.Set != nil:
		return nil, NewProblem(http.StatusUnprocessableEntity, "advance and set say the same thing twice; send one of them")
	case m.Set != nil:
		t, err := time.Parse(time.RFC3339Nano, *m.Set)
		if err != nil {
			return nil, NewProblem(http.StatusUnprocessableEntity, "set must be a time like 2026-01-15T09:00:00Z, it is %q", *m.Set)
		}
		return func(c *clock.Clock) ([]clock.Due, error) { return c.Set(t) }, nil
	case m.Advance != nil:
		d, err := time.ParseDuration(*m.Advance)
		if err != nil {
			return nil, NewProblem(http.StatusUnprocessableEntity, `advance must be a duration like "15m" or "1h30m", it is %q`, *m.Advance)
		}
		return func(c *clock.Clock) ([]clock.Due, error) { return c.Advance(d) }, nil
	}
	return func(*clock.Clock) ([]clock.Due, error) { return nil, nil }, nil
}
