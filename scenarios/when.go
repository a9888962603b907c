package scenarios

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/mockpay/mockpay/provider"
	"github.com/shopspring/decimal"
	"gopkg.in/yaml.v3"
)

// A condition is one key of a when: where it looks, and what must hold there.
type condition struct {
	key   string
	path  []string // of a parameter
	tests []test
	value *yaml.Node // as it is written, to be explained
}

// A test is one predicate, ready to be asked of any number of values.
type test func(value any, exists bool) bool

// predicates are what a value can be asked, in the order they are documented.
var predicates = []struct {
	name string
	read func(d *document, n *yaml.Node, path string) test
}{
	{"eq", func(d *document, n *yaml.Node, path string) test { return equals(d.literal(n, path)) }},
	{"ne", func(d *document, n *yaml.Node, path string) test { return not(equals(d.literal(n, path))) }},
	{"in", (*document).oneOf},
	{"gt", ordered(func(c int) bool { return c > 0 })},
	{"gte", ordered(func(c int) bool { return c >= 0 })},
	{"lt", ordered(func(c int) bool { return c < 0 })},
	{"lte", ordered(func(c int) bool { return c <= 0 })},
	{"matches", (*document).pattern},
	{"starts_with", textual(strings.HasPrefix)},
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
	number *decimal.Decimal // of literals of a scenario that can be read as one
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

func literalOf(text string) literal {
	l := literal{text: text}
	if v, err := provider.ParseDecimal(text); err == nil {
		l.number = &v
	}
	return l
}

// is compares a value with a literal of a scenario: as decimals where both are
// numbers, else as texts.
func (l literal) is(want literal) bool {
	if l.null != want.null {
		return false
	}
	if l.text == want.text {
		return true
	}
	if want.number == nil {
		return false
	}
	v, err := provider.ParseDecimal(l.text)
	return err == nil && v.Equal(*want.number)
}

// scalarOf is a decoded value as a literal; ok is false for objects and arrays.
func scalarOf(value any) (l literal, ok bool) {
	switch v := value.(type) {
	case nil:
		return literal{null: true}, true
	case string:
		return literal{text: v}, true
	case json.Number:
		return literal{text: v.String()}, true
	case bool:
		return literal{text: strconv.FormatBool(v)}, true
	}
	return literal{}, false
}

func equals(want literal) test {
	return func(value any, exists bool) bool {
		got, ok := scalarOf(value)
		return ok && (exists || want.null) && got.is(want)
	}
}

func not(t test) test {
	return func(value any, exists bool) bool { return !t(value, exists) }
}

func (d *document) oneOf(n *yaml.Node, path string) test {
	var tests []test
	if n.Kind == yaml.SequenceNode && len(n.Content) == 0 {
		d.complain(n, path, "in is empty, nothing can match it")
	}
	d.sequence(n, path, func(n *yaml.Node, path string) { tests = append(tests, equals(d.literal(n, path))) })
	return func(value any, exists bool) bool {
		for _, t := range tests {
			if t(value, exists) {
				return true
			}
		}
		return false
	}
}

func ordered(holds func(int) bool) func(*document, *yaml.Node, string) test {
	return func(d *document, n *yaml.Node, path string) test {
		text, ok := d.scalar(n, path, "a number")
		bound := literalOf(text)
		if ok && bound.number == nil {
			d.complain(n, path, "%s must be a number, it is %s", name(path), describeNode(n))
		}
		return func(value any, exists bool) bool {
			got, ok := scalarOf(value)
			if !exists || !ok {
				return false
			}
			v, err := provider.ParseDecimal(got.text)
			return err == nil && holds(v.Cmp(*bound.number))
		}
	}
}

func textual(holds func(text, part string) bool) func(*document, *yaml.Node, string) test {
	return func(d *document, n *yaml.Node, path string) test {
		part, _ := d.scalar(n, path, "a text")
		return func(value any, exists bool) bool {
			got, ok := scalarOf(value)
			return exists && ok && !got.null && holds(got.text, part)
		}
	}
}

func (d *document) pattern(n *yaml.Node, path string) test {
	text, ok := d.scalar(n, path, "a regular expression")
	if !ok {
		return nil
	}
	re, err := regexp.Compile(text)
	if err != nil {
		d.complain(n, path, "matches holds no regular expression: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		return nil
	}
	return func(value any, exists bool) bool {
		got, ok := scalarOf(value)
		return exists && ok && !got.null && re.MatchString(got.text)
	}
}

// containing asks a text for a part of it, and an array for an element.
func (d *document) containing(n *yaml.Node, path string) test {
	want := d.literal(n, path)
	return func(value any, exists bool) bool {
		if list, ok := value.([]any); ok {
			for _, item := range list {
				if got, ok := scalarOf(item); ok && got.is(want) {
					return true
				}
			}
			return false
		}
		got, ok := scalarOf(value)
		return exists && ok && !got.null && !want.null && strings.Contains(got.text, want.text)
	}
}

func (d *document) existing(n *yaml.Node, path string) test {
	var want bool
	d.boolean(&want)(n, path)
	return func(_ any, exists bool) bool { return exists == want }
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
	if r != nil && len(c.path) > 1 {
		if value, exists, of := requestValue(c.path, r); of {
			return c.passes(value, exists)
		}
	}
	if value, ok := fields[c.key]; ok { // a parameter with a dot in its name
		return c.passes(value, true)
	}
	return c.search(fields, c.path)
}

// requestValue looks up keys that are not about parameters.
func requestValue(path []string, r *provider.Request) (value any, exists, of bool) {
	rest := strings.Join(path[1:], ".")
	switch path[0] {
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

// search follows a path into a value; a * tries every element.
func (c *condition) search(value any, path []string) bool {
	if len(path) == 0 {
		return c.passes(value, true)
	}
	switch v := value.(type) {
	case map[string]any:
		if path[0] == "*" {
			for _, item := range v {
				if c.search(item, path[1:]) {
					return true
				}
			}
			return false
		}
		if item, ok := v[path[0]]; ok {
			return c.search(item, path[1:])
		}
	case []any:
		if path[0] == "*" {
			for _, item := range v {
				if c.search(item, path[1:]) {
					return true
				}
			}
			return false
		}
		if i, err := strconv.Atoi(path[0]); err == nil && i >= 0 && i < len(v) {
			return c.search(v[i], path[1:])
		}
	}
	return c.passes(nil, false)
}

func (c *condition) passes(value any, exists bool) bool {
	for _, t := range c.tests {
		if !t(value, exists) {
			return false
		}
	}
	return true
}
