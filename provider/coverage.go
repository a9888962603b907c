package provider

import (
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/mockpay/mockpay/state"
)

// What calls have exercised is counted in the workspace's state, a counter for
// each outcome of an operation and for each move of a machine. So a snapshot
// holds it, a reset forgets it, and it does not grow with the calls.
const (
	callsCounted = "coverage/call/"
	movesCounted = "coverage/move/"
)

// Success is what the outcome of an accepted call is called where outcomes have
// names. In a [Response] it is "".
const Success = "success"

// Answered counts a call of an operation with what it was answered: an outcome,
// [Success], or "" for an answer that no provider gives.
func (c *Call) Answered(outcome string) {
	c.Tx.Count(callCounter(c.Mock.Name, c.Op.Name, outcome))
}

func callCounter(mock, op, outcome string) string {
	return callsCounted + mock + "." + op + "/" + outcome
}

// Moved counts that a record of a machine changed its state; from is "" for a
// new record, which may begin in any state. Mocks call it wherever they write a
// state down, once for each change. A change that the machine does not know is
// a mistake in the mock: Moved panics, and the transaction is undone.
func (c *Call) Moved(machine, from, to string) {
	m := c.Mock.Machine(machine)
	if m == nil || from != "" && !m.Allows(from, to) || !slices.Contains(m.States, to) {
		panic(fmt.Sprintf("provider: %s has no machine %q that moves from %q to %q", c.Mock.Name, machine, from, to))
	}
	c.Tx.Count(moveCounter(c.Mock.Name, machine, from, to))
}

func moveCounter(mock, machine, from, to string) string {
	return movesCounted + mock + "." + machine + "/" + from + "/" + to
}

// A Score is how many of a number of things were exercised.
type Score struct {
	Covered int    `json:"covered"`
	Total   int    `json:"total"`
	Percent string `json:"percent"` // with one decimal, rounded down
}

// Scored returns a score of things.
func Scored(covered, total int) Score {
	s := Score{Covered: covered, Total: total, Percent: "0.0"}
	if total > 0 {
		part := decimal.NewFromInt(int64(100 * covered)).Div(decimal.NewFromInt(int64(total)))
		s.Percent = part.RoundDown(1).StringFixed(1)
	}
	return s
}

// count adds a thing to the score.
func (s *Score) count(times int64) {
	s.Total++
	if times > 0 {
		s.Covered++
	}
}

// A Coverage is what of a provider was exercised. Its score counts operations,
// their outcomes, and the states and transitions of machines.
type Coverage struct {
	Name string `json:"name"`
	Score
	Operations []OperationCoverage `json:"operations"`
	Machines   []MachineCoverage   `json:"machines"`
}

// An OperationCoverage tells what an operation was answered. Calls also counts
// answers that are none of its outcomes.
type OperationCoverage struct {
	Operation string         `json:"operation"` // its full name
	Calls     int64          `json:"calls"`
	Outcomes  []OutcomeCount `json:"outcomes"`
}

// An OutcomeCount tells how often an outcome was given.
type OutcomeCount struct {
	Name  string `json:"name"`
	Count int64  `json:"count"`
}

// A MachineCoverage tells what became of records.
type MachineCoverage struct {
	Name        string            `json:"name"`
	States      []StateCount      `json:"states"`
	Transitions []TransitionCount `json:"transitions"`
}

// A StateCount tells how often records came to be in a state.
type StateCount struct {
	Name  string `json:"name"`
	Count int64  `json:"count"`
}

// A TransitionCount tells how often records moved from one state to another.
type TransitionCount struct {
	Transition
	Count int64 `json:"count"`
}

// Coverage tells what of the mock was exercised, all else with a count of 0.
func (m *Mock) Coverage(tx *state.Tx) Coverage {
	c := Coverage{Name: m.Name, Operations: []OperationCoverage{}, Machines: []MachineCoverage{}}
	for i := range m.Operations {
		c.Operations = append(c.Operations, m.coveredCalls(tx, &m.Operations[i], &c.Score))
	}
	for i := range m.Machines {
		c.Machines = append(c.Machines, m.coveredMoves(tx, &m.Machines[i], &c.Score))
	}
	c.Score = Scored(c.Covered, c.Total)
	return c
}

func (m *Mock) coveredCalls(tx *state.Tx, op *Operation, score *Score) OperationCoverage {
	count := func(outcome string) int64 { return tx.Counter(callCounter(m.Name, op.Name, outcome)) }
	c := OperationCoverage{Operation: m.Name + "." + op.Name, Calls: count("") + count(Success)}
	for _, o := range m.Outcomes {
		c.Calls += count(o.Name)
	}
	score.count(c.Calls)
	for _, outcome := range op.Answers() {
		n := count(outcome)
		c.Outcomes = append(c.Outcomes, OutcomeCount{outcome, n})
		score.count(n)
	}
	return c
}

func (m *Mock) coveredMoves(tx *state.Tx, machine *Machine, score *Score) MachineCoverage {
	c := MachineCoverage{Name: machine.Name, States: []StateCount{}, Transitions: []TransitionCount{}}
	reached := make(map[string]int64)
	for _, t := range machine.Moves {
		n := tx.Counter(moveCounter(m.Name, machine.Name, t.From, t.To))
		c.Transitions = append(c.Transitions, TransitionCount{t, n})
		reached[t.To] += n
		score.count(n)
	}
	for _, s := range machine.States {
		n := reached[s] + tx.Counter(moveCounter(m.Name, machine.Name, "", s))
		c.States = append(c.States, StateCount{s, n})
		score.count(n)
	}
	return c
}
