package scenarios

import (
	"math"
	"slices"

	"github.com/mockpay/mockpay/provider"
)

// A matcher finds the rules of one operation whose conditions hold of a call,
// in their order, and looks at as few as it can: it finds each key of the call
// once for all rules, takes rules that want a key to equal something, or to begin
// with it, from an index, and compares spans of numbers side by side.
type matcher struct {
	rules   []*Rule
	keys    []*condition // the different ones, of which only where they look is used
	counted int          // the last rule that counts calls, -1 if none does
	asked   []asked      // conditions of all rules, in their order
	ends    []int        // of each rule's conditions there

	others []int            // rules that no value leads to
	exact  map[int]*index   // by key
	ranges map[int][]ranged // by key, in the order of the rules
}

// A ranged rule wants a key to be a number within a span.
type ranged struct {
	span
	place int
}

// asked is what must hold of a key, by its number in a matcher.
type asked struct {
	key     int
	bounded bool // only small numbers within the span, and numbers that are not small
	span    span
	tests   tests
}

// An index leads from what a key of a call is to the rules that want it so.
type index struct {
	texts, numbers, prefixes map[string][]int
	lengths                  []int // of the prefixes there are
}

// matchers makes one for each operation that has rules.
func matchers(rules []*Rule) map[string]*matcher {
	all := make(map[string]*matcher)
	keys := make(map[*matcher]map[string]int)
	for _, r := range rules {
		for _, op := range r.operations {
			m := all[op]
			if m == nil {
				m = &matcher{counted: -1, exact: make(map[int]*index), ranges: make(map[int][]ranged)}
				all[op], keys[m] = m, make(map[string]int)
			}
			m.add(r, keys[m])
		}
	}
	return all
}

// add takes another rule in. keys are those that the matcher has, by name.
func (m *matcher) add(r *Rule, keys map[string]int) {
	place, begin := len(m.rules), len(m.asked)
	m.rules = append(m.rules, r)
	if r.counts() {
		m.counted = place
	}
	for i := range r.when {
		c := &r.when[i]
		k, known := keys[c.key]
		if !known {
			k = len(m.keys)
			keys[c.key], m.keys = k, append(m.keys, c)
		}
		m.asked = append(m.asked, askedOf(k, c.tests))
	}
	m.ends = append(m.ends, len(m.asked))
	for _, a := range m.asked[begin:] {
		for _, t := range a.tests {
			if t.equal != nil || t.prefix != "" {
				m.lookUp(a.key, t, place)
				return
			}
		}
	}
	for _, a := range m.asked[begin:] {
		if a.bounded {
			m.ranges[a.key] = append(m.ranges[a.key], ranged{a.span, place})
			return
		}
	}
	m.others = append(m.others, place)
}

// askedOf is what tests ask of a key, with the span that all of them want.
func askedOf(key int, ts tests) asked {
	a := asked{key: key, tests: ts, span: span{math.MinInt64, math.MaxInt64}}
	for _, t := range ts {
		if t.within != nil {
			a.bounded = true
			a.span = span{max(a.span.low, t.within.low), min(a.span.high, t.within.high)}
		}
	}
	return a
}

// lookUp makes values of a key lead to a rule.
func (m *matcher) lookUp(key int, t test, place int) {
	ix := m.exact[key]
	if ix == nil {
		ix = &index{make(map[string][]int), make(map[string][]int), make(map[string][]int), nil}
		m.exact[key] = ix
	}
	for _, v := range t.equal {
		if v.number != nil {
			lead(ix.numbers, v.number.exact.String(), place) // 50.00 is 50
		} else {
			lead(ix.texts, v.text, place)
		}
	}
	if t.equal == nil {
		lead(ix.prefixes, t.prefix, place)
		if n := len(t.prefix); !slices.Contains(ix.lengths, n) {
			ix.lengths = append(ix.lengths, n)
		}
	}
}

func lead(from map[string][]int, name string, to int) {
	if places := from[name]; len(places) == 0 || places[len(places)-1] != to {
		from[name] = append(places, to)
	}
}

// of appends the rules that a value leads to, a list each.
func (ix *index) of(v *value, lists [][]int) [][]int {
	if !v.isText() {
		return lists
	}
	lists = append(lists, ix.texts[v.text])
	if len(ix.numbers) > 0 {
		if n := v.asNumber(); n != nil {
			lists = append(lists, ix.numbers[n.exact.String()])
		}
	}
	for _, n := range ix.lengths {
		if n <= len(v.text) {
			lists = append(lists, ix.prefixes[v.text[:n]])
		}
	}
	return lists
}

// A match is a call being matched.
type match struct {
	*matcher
	call *provider.Call
	left [][]int   // rules that may hold, in lists that are each in order
	keys []finding // by key
	all  []value   // of all keys that were found
}

// A finding says which values are those of a key.
type finding struct {
	done     bool
	from, to int
}

// match begins to match a call.
func (m *matcher) match(c *provider.Call) *match {
	f := &match{matcher: m, call: c, keys: make([]finding, len(m.keys))}
	f.left = f.candidates()
	return f
}

// next takes the next rule that may hold; ok is false if there is none.
func (f *match) next() (place int, ok bool) {
	switch len(f.left) {
	case 0:
		return 0, false
	case 1:
		return f.take(0), true
	}
	first := 0
	for i, list := range f.left {
		if list[0] < f.left[first][0] {
			first = i
		}
	}
	place = f.take(first)
	for i := len(f.left) - 1; i >= 0; i-- { // two values may lead to one rule
		if f.left[i][0] == place {
			f.take(i)
		}
	}
	return place, true
}

// take takes the first rule of a list, and an empty list away.
func (f *match) take(i int) (place int) {
	list := f.left[i]
	if len(list) == 1 {
		f.left = slices.Delete(f.left, i, i+1)
	} else {
		f.left[i] = list[1:]
	}
	return list[0]
}

// candidates are the rules that may hold, in lists that are each in order.
func (f *match) candidates() [][]int {
	lists := [][]int{f.others}
	for key, ix := range f.exact {
		values := f.find(key)
		for i := range values {
			lists = ix.of(&values[i], lists)
		}
	}
	for key, rules := range f.ranges {
		values := f.find(key)
		for i := range values {
			lists = append(lists, values[i].among(rules))
		}
	}
	return slices.DeleteFunc(lists, func(list []int) bool { return len(list) == 0 })
}

// among are the rules within whose span a value may be.
func (v *value) among(rules []ranged) (places []int) {
	n := v.asNumber()
	if n == nil {
		return nil
	}
	for i := range rules {
		if r := &rules[i]; !n.small || n.scaled >= r.low && n.scaled <= r.high {
			places = append(places, r.place)
		}
	}
	return places
}

// find returns what a key of the call is. The values stay valid until another
// key is looked for.
func (f *match) find(key int) []value {
	k := &f.keys[key]
	if !k.done {
		f.lookFor(key)
	}
	return f.all[k.from:k.to]
}

func (f *match) lookFor(key int) {
	from := len(f.all)
	f.all = f.matcher.keys[key].find(f.all, f.call.Request, f.call.Fields)
	f.keys[key] = finding{true, from, len(f.all)}
}

// holds tells whether all conditions of a rule hold.
func (f *match) holds(place int) bool {
	from := 0
	if place > 0 {
		from = f.ends[place-1]
	}
	for i := from; i < f.ends[place]; i++ {
		a := &f.asked[i]
		if !a.passAny(f.find(a.key)) {
			return false
		}
	}
	return true
}

// passAny tells whether one of some values passes.
func (a *asked) passAny(values []value) bool {
	for i := range values {
		v := &values[i]
		if a.bounded {
			n := v.asNumber()
			if n == nil || n.small && (n.scaled < a.span.low || n.scaled > a.span.high) {
				continue
			}
		}
		if a.tests.pass(v) {
			return true
		}
	}
	return false
}
