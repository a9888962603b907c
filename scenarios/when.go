package scenarios

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/mockpay/mockpay/provider"
	"gopkg.in/yaml.v3"
)

// A condition is one key of a when: where it looks, and what must hold there.
type condition struct {
	key   string
	path  []string // of a parameter
	rest  string   // the key without its first part
	tests tests
	value *yaml.Node // as it is written, to be explained
}

// A test is one predicate, ready to be asked of any number of values.
type test struct {
	holds func(v *value) bool

	// What it holds of, as far as a [matcher] can tell without asking it.
	equal  []literal // all values there are
	prefix string    // how they begin
	within *span     // where they are; only numbers are
}

// A span is a part of the small numbers, in millionths, ends included.
type span struct{ low, high int64 }

func above(n int64) span   { return span{n + 1, math.MaxInt64} }
func atLeast(n int64) span { return span{n, math.MaxInt64} }
func below(n int64) span   { return span{math.MinInt64, n - 1} }
func atMost(n int64) span  { return span{math.MinInt64, n} }
func anywhere(int64) span  { return span{math.MinInt64, math.MaxInt64} }

// predicates are what a value can be asked, in the order they are documented.
var predicates = []struct {
	name string
	read func(d *document, n *yaml.Node, path string) test
}{
	{"eq", func(d *document, n *yaml.Node, path string) test { return equals(d.literal(n, path)) }},
	{"ne", func(d *document, n *yaml.Node, path string) test { return differs(d.literal(n, path)) }},
	{"in", (*document).oneOf},
	{"gt", ordered(func(c int) bool { return c > 0 }, above)},
	{"gte", ordered(func(c int) bool { return c >= 0 }, atLeast)},
	{"lt", ordered(func(c int) bool { return c < 0 }, below)},
	{"lte", ordered(func(c int) bool { return c <= 0 }, atMost)},
	{"matches", (*document).pattern},
	{"starts_with", (*document).beginning},
	{"ends_with", textual(strings.HasSuffix)},
	{"contains", (*document).containing},
	{"exists", (*document).existing},
}

// What a when is about.
const (
	ofCall   = false
	ofRecord = true // of a record that a call begins: it knows no request
)

// when reads the conditions of a rule, which must all hold.
func (d *document) when(n *yaml.Node, path string, record bool) []condition {
	var all []condition
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		d.complain(n, path, "when must be a map of parameters and what they equal, it is %s", describeNode(n))
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if k.Kind != yaml.ScalarNode || k.ShortTag() == "!!merge" {
			continue // complained about before
		}
		c := condition{key: k.Value, path: strings.Split(k.Value, "."), value: v}
		_, c.rest, _ = strings.Cut(k.Value, ".")
		if problem := badKey(k.Value, record); problem != "" {
			d.complain(k, join(path, k.Value), "%s", problem)
		}
		c.tests = d.tests(v, join(path, k.Value))
		all = append(all, c)
	}
	return all
}

// badKey tells what is wrong with a key of a when, "" if nothing is.
func badKey(key string, record bool) string {
	source, _, dotted := strings.Cut(key, ".")
	if record && dotted && slices.Contains([]string{"header", "query", "request"}, source) {
		return fmt.Sprintf("key %q is about the request, a when inside settle is about each record; put it into the rule's own when", key)
	}
	for part := range strings.SplitSeq(key, ".") {
		if part == "" {
			return fmt.Sprintf("key %q has an empty part", key)
		}
	}
	if rest, ok := strings.CutPrefix(key, "request."); ok && rest != "method" && rest != "path" {
		return provider.NoSuch("key", key, []string{"request.method", "request.path"})
	}
	return ""
}

// tests reads what must hold of a value: a plain value, or predicates.
func (d *document) tests(n *yaml.Node, path string) []test {
	switch n.Kind {
	case yaml.ScalarNode:
		return []test{equals(d.literal(n, path))}
	case yaml.SequenceNode:
		d.complain(n, path, "%s is a list; to match any of its values write {in: [...]}", name(path))
		return nil
	}
	var tests []test
	var keys []key
	for _, p := range predicates {
		keys = append(keys, key{p.name, func(n *yaml.Node, path string) {
			tests = append(tests, p.read(d, n, path))
		}})
	}
	if len(n.Content) == 0 {
		d.complain(n, path, "%s holds no predicate; there are: %s", name(path), strings.Join(names(keys), ", "))
	}
	d.mapping(n, path, keys...)
	return tests
}

// A literal is a plain value to compare with.
type literal struct {
	text   string
	null   bool
	number *number // nil if it is none
}

func (d *document) literal(n *yaml.Node, path string) literal {
	if n.Kind != yaml.ScalarNode {
		d.complain(n, path, "%s must be a plain value, it is %s", name(path), describeNode(n))
		return literal{}
	}
	switch n.ShortTag() {
	case "!!null":
		return literal{null: true}
	case "!!bool":
		return literal{text: strings.ToLower(n.Value)}
	}
	return literalOf(n.Value)
}

func literalOf(text string) literal { return literal{text: text, number: numberOf(text)} }

// equals holds of a value that is the same number, or else the same text.
func equals(want literal) test {
	t := test{holds: func(v *value) bool { return v.is(want) }}
	if !want.null { // which also holds where nothing is
		t.equal = []literal{want}
	}
	return t
}

func differs(from literal) test {
	return test{holds: func(v *value) bool { return !v.is(from) }}
}

func (d *document) oneOf(n *yaml.Node, path string) test {
	var all []literal
	null := false
	if n.Kind == yaml.SequenceNode && len(n.Content) == 0 {
		d.complain(n, path, "in is empty, nothing can match it")
	}
	d.sequence(n, path, func(n *yaml.Node, path string) {
		l := d.literal(n, path)
		null = null || l.null
		all = append(all, l)
	})
	t := test{holds: func(v *value) bool { return slices.ContainsFunc(all, v.is) }}
	if !null {
		t.equal = all
	}
	return t
}

func ordered(holds func(int) bool, within func(int64) span) func(*document, *yaml.Node, string) test {
	return func(d *document, n *yaml.Node, path string) test {
		text, ok := d.scalar(n, path, "a number")
		bound := numberOf(text)
		if ok && bound == nil {
			d.complain(n, path, "%s must be a number, it is %s", name(path), describeNode(n))
		}
		t := test{holds: func(v *value) bool {
			got := v.asNumber()
			return got != nil && holds(got.cmp(bound))
		}}
		if bound != nil && bound.small {
			s := within(bound.scaled)
			t.within = &s
		}
		return t
	}
}

func (d *document) beginning(n *yaml.Node, path string) test {
	t := textual(strings.HasPrefix)(d, n, path)
	t.prefix = n.Value
	return t
}

func textual(holds func(text, part string) bool) func(*document, *yaml.Node, string) test {
	return func(d *document, n *yaml.Node, path string) test {
		part, _ := d.scalar(n, path, "a text")
		return test{holds: func(v *value) bool { return v.isText() && holds(v.text, part) }}
	}
}

func (d *document) pattern(n *yaml.Node, path string) test {
	text, ok := d.scalar(n, path, "a regular expression")
	if !ok {
		return test{}
	}
	re, err := regexp.Compile(text)
	if err != nil {
		d.complain(n, path, "matches holds no regular expression: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		return test{}
	}
	return test{holds: func(v *value) bool { return v.isText() && re.MatchString(v.text) }}
}

// containing asks a text for a part of it, and an array for an element.
func (d *document) containing(n *yaml.Node, path string) test {
	want := d.literal(n, path)
	return test{holds: func(v *value) bool {
		if list, ok := v.raw.([]any); ok {
			return slices.ContainsFunc(list, func(item any) bool {
				element := valueOf(item, true)
				return element.is(want)
			})
		}
		return v.isText() && !want.null && strings.Contains(v.text, want.text)
	}}
}

func (d *document) existing(n *yaml.Node, path string) test {
	var want bool
	d.boolean(&want)(n, path)
	return test{holds: func(v *value) bool { return v.exists == want }}
}

// hold tells whether all conditions hold of a request and its parameters.
func hold(conditions []condition, r *provider.Request, fields map[string]any) bool {
	for i := range conditions {
		if !conditions[i].holds(r, fields) {
			return false
		}
	}
	return true
}

func (c *condition) holds(r *provider.Request, fields map[string]any) bool {
	return c.tests.passAny(c.find(nil, r, fields))
}

// tests are what must hold together.
type tests []test

// passAny tells whether all hold of one of some values.
func (ts tests) passAny(values []value) bool {
	for i := range values {
		if ts.pass(&values[i]) {
			return true
		}
	}
	return false
}

func (ts tests) pass(v *value) bool {
	for i := range ts {
		if !ts[i].holds(v) {
			return false
		}
	}
	return true
}

// find appends what a key leads to: one value, which need not exist, or with a *
// any number of them.
func (c *condition) find(found []value, r *provider.Request, fields map[string]any) []value {
	if r != nil && len(c.path) > 1 {
		if raw, exists, of := requestValue(c.path[0], c.rest, r); of {
			return append(found, valueOf(raw, exists))
		}
	}
	if raw, ok := fields[c.key]; ok { // a parameter with a dot in its name
		return append(found, valueOf(raw, true))
	}
	return search(found, fields, c.path)
}

// requestValue looks up keys that are not about parameters.
func requestValue(source, rest string, r *provider.Request) (raw any, exists, of bool) {
	switch source {
	case "header":
		values := r.Header.Values(rest)
		return first(values), len(values) > 0, true
	case "query":
		values := r.Query[rest]
		return first(values), len(values) > 0, true
	case "request":
		if rest == "method" {
			return r.Method, true, true
		}
		return r.Path, true, true
	}
	return nil, false, false
}

func first(values []string) any {
	if len(values) == 0 {
		return nil
	}
	return values[0]
}

// search follows a path into a value; a * goes into every element.
func search(found []value, in any, path []string) []value {
	if len(path) == 0 {
		return append(found, valueOf(in, true))
	}
	switch v := in.(type) {
	case map[string]any:
		if path[0] == "*" {
			for _, name := range slices.Sorted(maps.Keys(v)) {
				found = search(found, v[name], path[1:])
			}
			return found
		}
		if item, ok := v[path[0]]; ok {
			return search(found, item, path[1:])
		}
	case []any:
		if path[0] == "*" {
			for _, item := range v {
				found = search(found, item, path[1:])
			}
			return found
		}
		if i, err := strconv.Atoi(path[0]); err == nil && i >= 0 && i < len(v) {
			return search(found, v[i], path[1:])
		}
	}
	return append(found, valueOf(nil, false))
}
