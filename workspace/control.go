package workspace

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mockpay/mockpay/clock"
	"github.com/mockpay/mockpay/journal"
	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/scenarios"
	"github.com/mockpay/mockpay/state"
	"github.com/mockpay/mockpay/webhook"
	"github.com/shopspring/decimal"
)

// What follows is what the control API asks of a workspace, a method each.

// view looks at the state.
func (w *Workspace) view(fn func(*state.Tx)) error {
	w.world.RLock()
	defer w.world.RUnlock()
	return w.db.View(func(tx *state.Tx) error {
		fn(tx)
		return nil
	})
}

// Clock is the workspace's time, to be moved.
func (w *Workspace) Clock() *clock.Clock { return w.clock }

// Journal is what came in and went out.
func (w *Workspace) Journal() *journal.Journal { return w.journal }

// Scenario is the scenario in force.
func (w *Workspace) Scenario() *scenarios.Scenario { return w.scenario.Load() }

// Seed is what ids and chance are drawn from.
func (w *Workspace) Seed() (seed int64, err error) {
	err = w.view(func(tx *state.Tx) { seed = tx.Seed() })
	return seed, err
}

// Credentials are what the workspace's account at a provider signs in with.
func (w *Workspace) Credentials(m *provider.Mock) (all map[string]string, err error) {
	err = w.view(func(tx *state.Tx) { all = maps.Clone(w.account(tx, m)) })
	return all, err
}

// Pending returns what is scheduled, soonest first.
func (w *Workspace) Pending() (jobs []state.Job, err error) {
	err = w.view(func(tx *state.Tx) { jobs = tx.Jobs() })
	return jobs, err
}

// Reset goes back to the initial state of the scenario.
func (w *Workspace) Reset() error { return w.begin(w.scenario.Load(), false) }

// Load replaces the scenario and begins it.
func (w *Workspace) Load(s *scenarios.Scenario) error { return w.begin(s, true) }

// ReplaceRules takes the rules of another scenario and keeps all else. Rules
// that stay as they are go on counting, the others begin anew.
func (w *Workspace) ReplaceRules(of *scenarios.Scenario) error {
	w.world.Lock()
	defer w.world.Unlock()
	before := w.scenario.Load()
	after, err := w.lang.WithRules(before, of)
	if err != nil {
		return err
	}
	err = w.update(state.Cause{Operation: "rules replaced"}, func(tx *state.Tx) error {
		scenarios.KeepCounters(tx, before, after)
		return nil
	})
	if err == nil {
		w.scenario.Store(after)
	}
	return err
}

// SetReloadError notes why the workspace's file could not be reloaded; nil
// notes that it could.
func (w *Workspace) SetReloadError(err error) { w.reloadError.Store(&err) }

// ReloadError tells why the workspace's file, as it is now, is not in force;
// nil if nothing is wrong with it.
func (w *Workspace) ReloadError() error {
	if err := w.reloadError.Load(); err != nil {
		return *err
	}
	return nil
}

// Balances are all balances by provider and name.
func (w *Workspace) Balances() (all map[string]map[string]decimal.Decimal, err error) {
	err = w.view(func(tx *state.Tx) { all = tx.Balances() })
	return all, err
}

// SetBalances gives balances new amounts, all or, if one is unknown, none.
func (w *Workspace) SetBalances(amounts map[string]map[string]decimal.Decimal) error {
	w.world.RLock()
	defer w.world.RUnlock()
	return w.update(state.Cause{Operation: state.SetByControl}, func(tx *state.Tx) error {
		known := tx.Balances()
		for _, of := range slices.Sorted(maps.Keys(amounts)) {
			for _, name := range slices.Sorted(maps.Keys(amounts[of])) {
				now, ok := known[of][name]
				if !ok {
					return provider.Faultf(provider.Invalid, "%s", provider.NoSuch("balance", of+"."+name, balanceNames(known)))
				}
				tx.Move(of, name, amounts[of][name].Sub(now), "")
			}
		}
		return nil
	})
}

func balanceNames(known map[string]map[string]decimal.Decimal) []string {
	var names []string
	for of, balances := range known {
		for name := range balances {
			names = append(names, of+"."+name)
		}
	}
	slices.Sort(names)
	return names
}

// Ledger returns the movements of a provider's balance, oldest first; an empty
// name means any.
func (w *Workspace) Ledger(of, balance string) (entries []state.Entry, err error) {
	err = w.view(func(tx *state.Tx) { entries = tx.Ledger(of, balance) })
	return entries, err
}

// Invariants checks what must hold of the workspace at any time.
func (w *Workspace) Invariants() (checks []state.Check, err error) {
	err = w.view(func(tx *state.Tx) {
		checks = tx.CheckLedger()
		for _, m := range w.mocks {
			if m.Invariants != nil {
				checks = append(checks, m.Invariants(tx)...)
			}
		}
	})
	return checks, err
}

// Simulate does an action. Its arguments are checked against what the action
// declares. The error is a [*provider.Fault] if the action is refused.
func (w *Workspace) Simulate(m *provider.Mock, a *provider.Action, args map[string]string) (changed any, err error) {
	if args, err = checkArgs(a, args); err != nil {
		return nil, err
	}
	w.world.RLock()
	defer w.world.RUnlock()
	err = w.update(state.Cause{Operation: m.Name + "." + a.Name}, func(tx *state.Tx) (err error) {
		changed, err = a.Do(w.call(tx, m), args)
		return err
	})
	return changed, err
}

// checkArgs completes the arguments of an action, or says what is wrong.
func checkArgs(a *provider.Action, args map[string]string) (map[string]string, error) {
	all := make(map[string]string)
	var names []string
	for _, arg := range a.Args {
		names = append(names, arg.Name)
		value, given := args[arg.Name]
		switch {
		case !given && arg.Required:
			return nil, provider.Faultf(provider.Invalid, "argument %q is missing: %s", arg.Name, arg.Doc)
		case !given:
			value = arg.Default
		case len(arg.OneOf) > 0 && !slices.Contains(arg.OneOf, value):
			return nil, provider.Faultf(provider.Invalid, "%s", provider.NoSuch("value of "+arg.Name, value, arg.OneOf))
		}
		all[arg.Name] = value
	}
	for _, name := range slices.Sorted(maps.Keys(args)) {
		if !slices.Contains(names, name) {
			return nil, provider.Faultf(provider.Invalid, "%s", provider.NoSuch("argument", name, names))
		}
	}
	return all, nil
}

// A Snapshot is a workspace as a document. Restored, also elsewhere, it goes on
// as this one would.
type Snapshot struct {
	Version  int            `json:"version"`
	Scenario string         `json:"scenario"` // its text
	Name     string         `json:"name"`     // of the scenario
	Clock    clock.State    `json:"clock"`
	State    state.Snapshot `json:"state"`
}

// Snapshot saves the workspace.
func (w *Workspace) Snapshot() (s Snapshot, err error) {
	err = w.view(func(tx *state.Tx) {
		at := w.clock.State()
		at.Now = tx.Now()
		current := w.scenario.Load()
		s = Snapshot{Version: 1, Scenario: current.Text, Name: current.Name, Clock: at, State: w.db.Snapshot(tx)}
	})
	return s, err
}

// ErrSnapshot is that of snapshots that do not hold together.
var ErrSnapshot = errors.New("the snapshot cannot be restored")

// Restore replaces the workspace by a saved one; its journal begins anew. A
// snapshot that does not hold together changes nothing.
func (w *Workspace) Restore(s Snapshot) error {
	if s.Version != 1 {
		return fmt.Errorf("%w: version must be 1, it is %d", ErrSnapshot, s.Version)
	}
	scenario, err := w.lang.Parse([]byte(s.Scenario))
	if err != nil {
		return fmt.Errorf("%w: its scenario: %w", ErrSnapshot, err)
	}
	scenario.Name = s.Name
	if err := w.checkTargets(scenario); err != nil {
		return fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	seed := s.State.Seed
	defer w.delivery.Suspend()()
	err = w.clock.Replace(s.Clock, func(set func()) error {
		w.world.Lock()
		defer w.world.Unlock()
		before := w.scenario.Swap(scenario)
		set()
		if err := w.db.Restore(s.State, w.checkRestored); err != nil {
			w.scenario.Store(before)
			return err
		}
		w.seeded = &seed
		w.delivery.Abandon()
		w.journal.Clear()
		return nil
	})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	return nil
}

// checkRestored refuses snapshots that this server could not go on with.
func (w *Workspace) checkRestored(tx *state.Tx) error {
	for e := range webhook.Table.All(tx) {
		if !slices.ContainsFunc(w.mocks, func(m *provider.Mock) bool { return m.Name == e.Provider && m.Webhook != nil }) {
			return fmt.Errorf("webhook %s is of a provider %q that sends none", e.ID, e.Provider)
		}
	}
	return w.checkJobs(tx)
}

// checkJobs refuses snapshots whose jobs nobody knows.
func (w *Workspace) checkJobs(tx *state.Tx) error {
	for _, job := range tx.Jobs() {
		name, kind, _ := strings.Cut(job.Kind, ".")
		known := job.Kind == webhook.RetryJob || slices.ContainsFunc(w.mocks, func(m *provider.Mock) bool { return m.Name == name && m.Jobs[kind] != nil })
		if !known {
			return fmt.Errorf("job %s is of an unknown kind %q", job.ID, job.Kind)
		}
	}
	return nil
}

// idle tells for how long no call has come.
func (w *Workspace) idle(now time.Time) time.Duration {
	return now.Sub(time.Unix(0, w.used.Load()))
}
