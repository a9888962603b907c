package workspace

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/scenarios"
	"github.com/mockpay/mockpay/state"
)

// timelineJob begins the kinds of the jobs that do what the timeline says; the
// action follows: "timeline.dinaricash.card_purchase".
const timelineJob = "timeline."

// What may become of an entry of the timeline.
const (
	Waiting = "pending"
	Done    = "done"
	Refused = "refused"
)

// A Happening is an entry of the scenario's timeline, and what became of it.
type Happening struct {
	Ref     string            `json:"ref"` // "timeline[0]", its place in the file
	At      time.Time         `json:"at"`
	Do      string            `json:"do"`
	With    map[string]string `json:"with"`
	Status  string            `json:"status"`
	Reason  string            `json:"reason"` // why it was refused
	Job     string            `json:"job"`    // that does it: the cause of what comes of it
	Changed json.RawMessage   `json:"changed,omitempty"`
}

// happenings are kept with the state, so that a restored workspace tells of them.
var happenings = state.NewTable("timeline", func(h Happening) string { return h.Ref })

// plan makes jobs of a scenario's timeline. They count from the clock's start.
func (w *Workspace) plan(tx *state.Tx, s *scenarios.Scenario) {
	for _, e := range s.Timeline {
		h := Happening{Ref: e.ID(), At: w.clock.Start().Add(e.At), Do: e.Do, With: e.With, Status: Waiting}
		h.Job = tx.Schedule(h.At, timelineJob+h.Do, h.Ref, nil)
		happenings.Put(tx, h)
	}
}

// planned tells whether a job is one of the timeline's that can be done.
func (w *Workspace) planned(tx *state.Tx, job state.Job) bool {
	h, ok := happenings.Get(tx, job.Ref)
	_, action := w.lang.Action(h.Do)
	return ok && action != nil && job.Kind == timelineJob+h.Do && job.ID == h.Job
}

// happen does what an entry of the timeline says. If the action is refused,
// nothing changes but what the entry tells of itself.
func (w *Workspace) happen(tx *state.Tx, job state.Job) error {
	h, ok := happenings.Get(tx, job.Ref)
	m, action := w.lang.Action(h.Do)
	if !ok || action == nil {
		return errors.New("the timeline has no such entry")
	}
	changed, err := w.perform(tx, m, action, h.With)
	h.Status, h.Changed = Done, changed
	if err != nil {
		h.Status, h.Reason = Refused, err.Error()
		var fault *provider.Fault
		if !errors.As(err, &fault) {
			w.log.Error("an action of the timeline failed inside mockpay", "entry", h.Ref, "action", h.Do, "error", err)
			h.Reason = "mockpay itself failed, its log says how"
		} else {
			w.log.Warn("an action of the timeline was refused", "entry", h.Ref, "action", h.Do, "at", job.At, "reason", h.Reason)
		}
	}
	happenings.Put(tx, h)
	return nil
}

// perform does an action, all or nothing, and returns what it changed.
func (w *Workspace) perform(tx *state.Tx, m *provider.Mock, a *provider.Action, with map[string]string) (changed json.RawMessage, err error) {
	err = tx.Try(func() (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = panicked(p)
			}
		}()
		args, err := checkArgs(a, with)
		if err != nil {
			return err
		}
		v, err := a.Do(w.call(tx, m), args)
		if err == nil {
			changed = provider.Encode(v)
		}
		return err
	})
	return changed, err
}

// Timeline returns the entries of the timeline that runs, in the order of the
// file.
func (w *Workspace) Timeline() (all []Happening, err error) {
	err = w.view(func(tx *state.Tx) {
		for h := range happenings.All(tx) {
			all = append(all, h)
		}
	})
	return all, err
}
