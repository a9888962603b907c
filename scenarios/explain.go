package scenarios

import (
	"fmt"
	"strings"
	"time"

	"github.com/mockpay/mockpay/clock"
)

// An Explanation says in plain sentences what a scenario does.
type Explanation struct {
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Sentences   []string        `json:"sentences"` // all of it
	Seed        *int64          `json:"seed"`      // null: drawn
	Clock       string          `json:"clock"`
	Settings    []Change        `json:"settings"`
	Rules       []RuleExplained `json:"rules"`
}

// A RuleExplained says what a rule does.
type RuleExplained struct {
	Rule     string `json:"rule"` // its name, else its place
	Place    int    `json:"place"`
	On       string `json:"on"`
	Sentence string `json:"sentence"`
	Problem  string `json:"problem,omitempty"` // why it, or a part of it, can never act
}

// Explain says what a scenario of this language does.
func (l *Language) Explain(s *Scenario) Explanation {
	e := Explanation{
		Name: s.Name, Description: s.Description, Seed: s.Seed,
		Clock: clockSentence(s.Clock), Settings: l.changes(s), Rules: []RuleExplained{},
	}
	for _, r := range s.Rules {
		e.Rules = append(e.Rules, RuleExplained{
			Rule: r.ID(), Place: r.Place, On: r.On, Sentence: l.ruleSentence(r), Problem: l.problem(s, r),
		})
	}
	e.Sentences = e.sentences()
	return e
}

// sentences are all that an explanation says, in order.
func (e *Explanation) sentences() []string {
	all := []string{strings.TrimSpace(fmt.Sprintf("Scenario %q. %s", e.Name, e.Description)), e.Clock, seedSentence(e.Seed)}
	for _, c := range e.Settings {
		all = append(all, c.sentence())
	}
	if len(e.Settings) == 0 {
		all = append(all, "All settings of the providers are the defaults.")
	}
	switch len(e.Rules) {
	case 0:
		all = append(all, "There are no rules: every call goes as the settings say.")
	case 1:
	default:
		all = append(all, "The first rule that acts decides a call.")
	}
	for _, r := range e.Rules {
		all = append(all, r.Sentence)
		if r.Problem != "" {
			all = append(all, r.Problem)
		}
	}
	return all
}

func seedSentence(seed *int64) string {
	if seed == nil {
		return "The seed of ids and chance is drawn, unless the server or the workspace is given one."
	}
	return fmt.Sprintf("The seed of ids and chance is %d, unless the server or the workspace is given another.", *seed)
}

func clockSentence(c clock.Setup) string {
	start, pace := "at the real time", "runs in step with it"
	if !c.Start.IsZero() {
		start, pace = "at "+c.Start.Format(time.RFC3339Nano), "runs in step with real time"
	}
	fast := c.Speed != 0 && c.Speed != 1
	if fast {
		pace = fmt.Sprintf("runs %g times as fast as real time", c.Speed)
	}
	switch {
	case c.Frozen && fast:
		pace = "stands still until it is moved; resumed, it " + pace
	case c.Frozen:
		pace = "stands still until it is moved"
	}
	return fmt.Sprintf("The clock starts %s and %s.", start, pace)
}

// effectWords say what each effect does to a call, "" where a rule has none of
// it. The words go on a sentence that began with the calls.
var effectWords = []func(l *Language, r *Rule) string{
	(*Language).respondWords,
	(*Language).rawWords,
	(*Language).settleWords,
	(*Language).delayWords,
}

// ruleSentence is what a rule does.
func (l *Language) ruleSentence(r *Rule) string {
	var does []string
	for _, words := range effectWords {
		if w := words(l, r); w != "" {
			does = append(does, w)
		}
	}
	title := fmt.Sprintf("Rule %d: ", r.Place)
	if r.Name != "" {
		title = fmt.Sprintf("Rule %d, %q: ", r.Place, r.Name)
	}
	return title + r.calls() + " " + strings.Join(does, ", and ") + "."
}

// calls are those that a rule acts on: "the first call of dinaricash.swift
// whose SEND_AMOUNT is at least 1000".
func (r *Rule) calls() string {
	words := r.which() + " of " + operationWords(r.On)
	if about := conditionWords(r.when); about != "" {
		words += " " + about
	}
	if more := r.restrictions(); len(more) > 0 {
		words += ", " + strings.Join(more, ", ") + ","
	}
	return words
}

func operationWords(on string) string {
	of, all := strings.CutSuffix(on, ".*")
	switch {
	case on == "*":
		return "any provider"
	case all:
		return "any operation of " + of
	}
	return on
}

// rationed tells whether times cannot be said as a number of calls in a row.
func (r *Rule) rationed() bool {
	return r.every > 1 || r.chance >= 0 && r.chance < 1 || r.between != nil
}

// which says how often a rule acts: "every call", "the first call", "each of
// the 3rd to 5th calls".
func (r *Rule) which() string {
	every := max(r.every, 1)
	from := r.skip + every
	switch inRow := r.times > 0 && !r.rationed(); {
	case inRow && r.times == 1:
		return "the " + ordinal(from) + " call"
	case inRow && r.skip == 0:
		return fmt.Sprintf("each of the first %d calls", r.times)
	case inRow:
		return fmt.Sprintf("each of the %s to %s calls", ordinal(from), ordinal(from+r.times-1))
	case r.skip > 0 && every > 1:
		return fmt.Sprintf("the %s and then every %s call", ordinal(from), ordinal(every))
	case r.skip > 0:
		return fmt.Sprintf("the %s and every later call", ordinal(from))
	case every > 1:
		return fmt.Sprintf("every %s call", ordinal(every))
	}
	return "every call"
}

// restrictions are what else keeps a rule from acting.
func (r *Rule) restrictions() (all []string) {
	if r.chance >= 0 && r.chance < 1 {
		all = append(all, fmt.Sprintf("with a chance of %s %%", trimFloat(r.chance*100)))
	}
	if r.between != nil {
		from, to := durationWords(r.between.From), durationWords(r.between.To)
		if r.between.From == 0 {
			from = "0 seconds"
		}
		all = append(all, fmt.Sprintf("while the clock is from %s up to %s past its start", from, to))
	}
	switch {
	case r.times == 1 && r.rationed():
		all = append(all, "once at most")
	case r.times > 1 && r.rationed():
		all = append(all, fmt.Sprintf("%d times at most", r.times))
	}
	return all
}

// trimFloat writes a percentage without the noise of floating point.
func trimFloat(f float64) string {
	return strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.6f", f), "0"), ".")
}

func (l *Language) respondWords(r *Rule) string {
	if r.respond == "" {
		return ""
	}
	return "is refused with " + r.respond
}

func (l *Language) rawWords(r *Rule) string {
	if r.raw == nil {
		return ""
	}
	words := fmt.Sprintf("is answered with status %d", r.raw.Status)
	for _, name := range sortedKeys(r.raw.Header) {
		if value := r.raw.Header.Get(name); value != textType && value != jsonType { // those follow from the body
			words += fmt.Sprintf(", %s: %s", name, value)
		}
	}
	if len(r.raw.Body) > 0 {
		words += " and the body " + shorten(string(r.raw.Body))
	}
	return words + ", without reaching the provider"
}

func (l *Language) settleWords(r *Rule) string {
	switch {
	case len(r.settle) == 0:
		return ""
	case !r.settleListed:
		return "is accepted, and " + l.settlementWords(r, r.settle[0])
	}
	var entries []string
	whose, open := "a record of it", true
	for _, s := range r.settle {
		about := conditionWords(s.when)
		switch {
		case !open:
			continue // no record is left for it; the problem says so
		case about == "" && len(entries) == 0:
			whose = "each record of it"
		case about == "":
			whose = "any other"
		}
		open = about != ""
		entries = append(entries, strings.TrimSpace(whose+" "+about)+" "+isOr(l.settlementWords(r, s)))
		whose = "one"
	}
	if open {
		entries = append(entries, "any other goes by the settings")
	}
	return "is accepted; " + strings.Join(entries, ", ")
}

// isOr puts "is" before a status, where no verb is.
func isOr(words string) string {
	if strings.HasPrefix(words, "stays ") || strings.HasPrefix(words, "settles ") {
		return words
	}
	return "is " + words
}

// settlementWords are "DECLINED 10 minutes later".
func (l *Language) settlementWords(r *Rule, s settlement) string {
	words := s.As
	switch {
	case s.As == "":
		words = "settles"
	case !l.final(r, s.As) && s.After == nil:
		words = "stays " + s.As
	}
	switch {
	case s.After == nil && s.As != "" && l.final(r, s.As):
		words += " when the settings say"
	case s.After == nil && s.As == "":
		words += " as the settings say"
	case s.After != nil && *s.After == 0:
		words += " at once"
	case s.After != nil:
		words += " " + durationWords(*s.After) + " later"
	}
	if s.After != nil && s.As != "" && !l.final(r, s.As) {
		words += ", where it stays"
	}
	if s.Message != "" {
		words += " with the message " + shorten(s.Message)
	}
	return words
}

// final tells whether a state is the end for all operations of a rule.
func (l *Language) final(r *Rule, state string) bool {
	for _, full := range r.operations {
		m, op := l.lookup(full)
		if op.Settles != "" && !m.Machine(op.Settles).Final(state) {
			return false
		}
	}
	return true
}

func (l *Language) delayWords(r *Rule) string {
	switch {
	case r.delay == nil:
		return ""
	case r.delay.Max == 0:
		return "is answered without delay"
	case r.delay.Min == r.delay.Max:
		return "is answered " + durationWords(r.delay.Max) + " late"
	case r.delay.Min == 0:
		return "is answered up to " + durationWords(r.delay.Max) + " late"
	}
	return "is answered " + durationWords(r.delay.Min) + " to " + durationWords(r.delay.Max) + " late"
}
