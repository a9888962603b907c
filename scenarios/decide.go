package scenarios

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/state"
)

var jsonNumber = regexp.MustCompile(`^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$`)

// A Decision is what the rules make of a call.
type Decision struct {
	Rule    *Rule         // that acts; nil if none does
	Outcome string        // to answer with, "" for none
	Raw     *RawResponse  // to answer with, nil for none
	Delay   time.Duration // of the answer, in real time
}

// index sorts the rules by operation, so that a call meets only its own.
func (s *Scenario) index(l *Language) {
	s.rules = make(map[string][]*Rule)
	for _, r := range s.Rules {
		for _, op := range r.operations {
			s.rules[op] = append(s.rules[op], r)
		}
	}
}

// Decide finds the first rule that acts on a call, in its transaction. age is
// how long the workspace's clock has run. A call that was decided before, by
// its caller, is only counted.
func (s *Scenario) Decide(c *provider.Call, age time.Duration, decided bool) (d Decision) {
	for _, r := range s.rules[c.Mock.Name+"."+c.Op.Name] {
		if decided && !r.counts() || !hold(r.when, c.Request, c.Fields) {
			continue
		}
		if r.turn(c.Tx) && !decided && r.acts(c.Tx, age) {
			d, decided = r.decide(c.Tx), true
		}
	}
	return d
}

// Counters of rules begin so, and go on with the rule's place.
const counters = "rule/"

// KeepCounters makes what was counted of the rules of a scenario, and the
// chance they drew, that of the same rules of the next. What is in both goes on
// counting, wherever it stands now; all else is forgotten.
func KeepCounters(tx *state.Tx, before, after *Scenario) {
	places := unchanged(before.Rules, after.Rules)
	for _, prefix := range []string{counters, "chance/" + counters} {
		tx.RenameCounters(prefix, func(name string) string {
			place, what, _ := strings.Cut(strings.TrimPrefix(name, prefix), "/")
			was, _ := strconv.Atoi(place)
			if is, ok := places[was]; ok {
				return prefix + strconv.Itoa(is) + "/" + what
			}
			return ""
		})
	}
}

// unchanged are the places of the rules that are in both lists, by their places
// in the first.
func unchanged(before, after []*Rule) map[int]int {
	places := make(map[int]int)
	taken := make(map[*Rule]bool)
	for _, was := range before {
		i := slices.IndexFunc(after, func(is *Rule) bool { return !taken[is] && same(was.written, is.written) })
		if i >= 0 {
			taken[after[i]] = true
			places[was.Place] = after[i].Place
		}
	}
	return places
}

// A Difference is what another scenario has in place of rules.
type Difference struct {
	Added, Removed []string // rules, by [Rule.ID]
	Kept           int
}

// Compare tells what the rules of the next scenario are, next to those of this
// one.
func Compare(before, after *Scenario) (d Difference) {
	places := unchanged(before.Rules, after.Rules)
	d.Kept = len(places)
	kept := make(map[int]bool)
	for _, r := range before.Rules {
		place, ok := places[r.Place]
		kept[place] = ok
		if !ok {
			d.Removed = append(d.Removed, r.ID())
		}
	}
	for _, r := range after.Rules {
		if !kept[r.Place] {
			d.Added = append(d.Added, r.ID())
		}
	}
	return d
}

func (r *Rule) counter(what string) string { return counters + strconv.Itoa(r.Place) + what }

// counts tells whether the rule counts calls: then it also counts those that
// another rule decides.
func (r *Rule) counts() bool { return r.skip > 0 || r.every > 0 }

// turn counts a call that the rule matches, and tells whether it is one to act
// on.
func (r *Rule) turn(tx *state.Tx) bool {
	if !r.counts() {
		return true
	}
	n := int(tx.Count(r.counter("/seen"))) - r.skip
	return n > 0 && (r.every == 0 || n%r.every == 0)
}

// acts tells whether the rule acts on a call whose turn it is.
func (r *Rule) acts(tx *state.Tx, age time.Duration) bool {
	switch {
	case !r.between.holds(age):
		return false
	case r.times > 0 && int(tx.Counter(r.counter("/acted"))) >= r.times:
		return false
	case r.chance >= 0 && tx.Float(r.counter("/chance")) >= r.chance:
		return false
	}
	if r.times > 0 {
		tx.Count(r.counter("/acted"))
	}
	return true
}

func (r *Rule) decide(tx *state.Tx) Decision {
	d := Decision{Rule: r, Outcome: r.respond, Raw: r.raw}
	if r.delay != nil {
		d.Delay = r.delay.Min
		if spread := r.delay.Max - r.delay.Min; spread > 0 {
			d.Delay += time.Duration(tx.Float(r.counter("/delay")) * float64(spread))
		}
	}
	return d
}

// Settles returns what the deciding rule says of a record of the call, as
// [provider.Call.Settles]; nil if it says nothing of any.
func (d Decision) Settles() func(map[string]any) provider.Settlement {
	if d.Rule == nil || len(d.Rule.settle) == 0 {
		return nil
	}
	return func(item map[string]any) provider.Settlement {
		for _, s := range d.Rule.settle {
			if hold(s.when, nil, item) {
				return s.Settlement
			}
		}
		return provider.Settlement{}
	}
}
