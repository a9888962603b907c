package scenarios

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/mockpay/mockpay/provider"
	"gopkg.in/yaml.v3"
)

// A Rule is one "when this call comes, do that".
type Rule struct {
	Name  string
	Place int    // 1-based, in the file with what it extends
	On    string // as written

	when []condition

	// How often.
	skip, times, every int
	chance             float64 // -1: always
	between            *Window

	// What happens.
	respond string
	raw     *RawResponse
	settle  []settlement
	delay   *Delay

	settleListed bool // for each record of a call

	operations []string // that On names
	written    *yaml.Node
}

// ID names a rule in answers and in the journal: its name, else its place.
func (r *Rule) ID() string {
	if r.Name != "" {
		return r.Name
	}
	return strconv.Itoa(r.Place)
}

// A RawResponse is an answer that no provider writes.
type RawResponse struct {
	Status int
	Header http.Header
	Body   []byte
}

// A Delay is real time that passes before the answer.
type Delay struct{ Min, Max time.Duration }

// A settlement says what becomes of the records of an accepted call that its
// conditions hold of.
type settlement struct {
	when []condition
	provider.Settlement
}

// effects are the keys of which a rule has at least one.
var effects = []string{"respond", "settle", "delay"}

// rule reads one rule.
func (d *document) rule(n *yaml.Node, path string, place int) *Rule {
	r := &Rule{Place: place, chance: -1, written: n}
	var respond, settle *yaml.Node // read last: they depend on on
	later := func(into **yaml.Node) func(*yaml.Node, string) {
		return func(n *yaml.Node, _ string) { *into = n }
	}
	keys := []key{
		{"name", d.text(&r.Name)},
		{"on", func(n *yaml.Node, path string) { d.on(r, n, path) }},
		{"when", func(n *yaml.Node, path string) { r.when = d.when(n, path, ofCall) }},
		{"skip", d.integer(&r.skip, 0)},
		{"times", d.integer(&r.times, 1)},
		{"every", d.integer(&r.every, 1)},
		{"chance", func(n *yaml.Node, path string) { r.chance, _ = d.decimal(n, path, 0, 1) }},
		{"between", func(n *yaml.Node, path string) { r.between = d.between(n, path) }},
		{"respond", later(&respond)},
		{"settle", later(&settle)},
		{"delay", func(n *yaml.Node, path string) { r.delay = d.delay(n, path) }},
	}
	given := d.mapping(n, path, keys...)
	d.complete(n, path, given, keys)
	if respond != nil {
		d.respond(r, respond, join(path, "respond"))
	}
	if settle != nil {
		d.settle(r, settle, join(path, "settle"))
	}
	if respond != nil && settle != nil {
		d.complain(settle, join(path, "settle"), "settle is about accepted calls, and respond leaves none")
	}
	return r
}

// complete complains about what a rule lacks. One with an unknown key is spared
// that: the key that was meant would be reported twice.
func (d *document) complete(n *yaml.Node, path string, given map[string]bool, keys []key) {
	known := names(keys)
	for name := range given {
		if !slices.Contains(known, name) {
			return
		}
	}
	if n.Kind != yaml.MappingNode {
		return
	}
	if !given["on"] {
		d.complain(n, path, "the rule has no on; name an operation like %s", d.lang.operations[0])
	}
	if !slices.ContainsFunc(effects, func(e string) bool { return given[e] }) {
		d.complain(n, path, "the rule does nothing; give it at least one of: %s", strings.Join(effects, ", "))
	}
}

// on reads the operations a rule is about.
func (d *document) on(r *Rule, n *yaml.Node, path string) {
	text, ok := d.scalar(n, path, "an operation")
	if !ok {
		return
	}
	r.On = text
	r.operations = d.lang.matching(text)
	if len(r.operations) == 0 {
		valid := slices.Clone(d.lang.operations)
		for _, m := range d.lang.mocks {
			valid = append(valid, m.Name+".*")
		}
		d.complain(n, path, "%s", provider.NoSuch("operation", text, valid))
	}
}

// matching are the operations that an on names: one, those of a provider, all.
func (l *Language) matching(on string) (operations []string) {
	prefix, many := strings.CutSuffix(on, "*")
	for _, op := range l.operations {
		if op == on || many && strings.HasPrefix(op, prefix) && (prefix == "" || strings.HasSuffix(prefix, ".")) {
			operations = append(operations, op)
		}
	}
	return operations
}

func (d *document) between(n *yaml.Node, path string) *Window {
	before := len(d.wrong)
	var times []time.Duration
	d.sequence(n, path, func(n *yaml.Node, path string) {
		var t time.Duration
		d.duration(&t)(n, path)
		times = append(times, t)
	})
	if len(d.wrong) > before {
		return nil
	}
	if len(times) != 2 || times[0] >= times[1] {
		d.complain(n, path, "between must be two durations, the first the shorter one: [12m, 14m]")
		return nil
	}
	return &Window{times[0], times[1]}
}

func (d *document) delay(n *yaml.Node, path string) *Delay {
	var delay Delay
	if n.Kind != yaml.MappingNode {
		d.duration(&delay.Min)(n, path)
		delay.Max = delay.Min
		return &delay
	}
	given := d.mapping(n, path, key{"min", d.duration(&delay.Min)}, key{"max", d.duration(&delay.Max)})
	if !given["max"] || delay.Max < delay.Min {
		d.complain(n, path, "delay must have a max that is not below its min")
	}
	return &delay
}

// respond reads an outcome that all operations of the rule have, or a raw
// answer.
func (d *document) respond(r *Rule, n *yaml.Node, path string) {
	if n.Kind == yaml.MappingNode {
		r.raw = d.raw(n, path)
		return
	}
	text, ok := d.scalar(n, path, "an outcome, or a map of status, headers and body")
	if !ok {
		return
	}
	r.respond = text
	for _, full := range r.operations {
		_, op := d.lang.lookup(full)
		if outcomes := op.Outcomes(); !slices.Contains(outcomes, text) {
			d.complain(n, path, "%s", provider.NoSuch("outcome of "+full, text, outcomes))
			return
		}
	}
}

// lookup finds the parts of a full operation name.
func (l *Language) lookup(full string) (*provider.Mock, *provider.Operation) {
	of, name, _ := strings.Cut(full, ".")
	for _, m := range l.mocks {
		if m.Name == of {
			return m, m.Operation(name)
		}
	}
	return nil, nil
}

func (d *document) raw(n *yaml.Node, path string) *RawResponse {
	raw := &RawResponse{Status: http.StatusOK, Header: make(http.Header)}
	d.mapping(n, path,
		key{"status", func(n *yaml.Node, path string) {
			d.integer(&raw.Status, 200)(n, path)
			if raw.Status > 599 {
				d.complain(n, path, "status must be from 200 to 599, it is %d", raw.Status)
			}
		}},
		key{"headers", func(n *yaml.Node, path string) { d.headers(n, path, raw.Header) }},
		key{"body", func(n *yaml.Node, path string) { d.rawBody(n, path, raw) }},
	)
	return raw
}

func (d *document) headers(n *yaml.Node, path string, into http.Header) {
	if n.Kind != yaml.MappingNode {
		d.complain(n, path, "headers must be a map, it is %s", describeNode(n))
		return
	}
	spelled := make(map[string]string)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		at := join(path, k.Value)
		if !isToken(k.Value) {
			d.complain(k, at, "%q is not the name of a header", k.Value)
		}
		canonical := http.CanonicalHeaderKey(k.Value)
		if canonical == "Content-Length" || canonical == "Transfer-Encoding" {
			d.complain(k, at, "header %q follows from the body; leave it out", k.Value)
		}
		if before, again := spelled[canonical]; again && before != k.Value {
			d.complain(k, at, "header %q was given before as %q", k.Value, before)
		}
		spelled[canonical] = k.Value
		value, _ := d.scalar(v, at, "a text")
		if strings.ContainsFunc(value, unicode.IsControl) {
			d.complain(v, at, "a header value is one line without control characters")
		}
		into.Set(k.Value, value)
	}
}

// isToken tells whether a text can be the name of a header.
func isToken(text string) bool {
	return text != "" && strings.Trim(text, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// What a body is, if no header says otherwise.
const (
	textType = "text/plain; charset=utf-8"
	jsonType = "application/json"
)

// rawBody takes a text verbatim and anything else as JSON.
func (d *document) rawBody(n *yaml.Node, path string, raw *RawResponse) {
	kind := textType
	if n.Kind == yaml.ScalarNode {
		if n.ShortTag() != "!!null" {
			raw.Body = []byte(n.Value)
		}
	} else {
		kind = jsonType
		raw.Body = appendJSON(nil, n)
	}
	if raw.Header.Get("Content-Type") == "" {
		raw.Header.Set("Content-Type", kind)
	}
}

// appendJSON writes a node as compact JSON, keys in their order.
func appendJSON(b []byte, n *yaml.Node) []byte {
	switch n.Kind {
	case yaml.MappingNode:
		b = append(b, '{')
		for i := 0; i+1 < len(n.Content); i += 2 {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, provider.Encode(n.Content[i].Value)...)
			b = appendJSON(append(b, ':'), n.Content[i+1])
		}
		return append(b, '}')
	case yaml.SequenceNode:
		b = append(b, '[')
		for i, item := range n.Content {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSON(b, item)
		}
		return append(b, ']')
	}
	return append(b, jsonScalar(n)...)
}

// jsonScalar keeps numbers as they are written wherever JSON can.
func jsonScalar(n *yaml.Node) []byte {
	switch n.ShortTag() {
	case "!!null":
		return []byte("null")
	case "!!bool":
		if is := strings.ToLower(n.Value); is == "true" || is == "false" {
			return []byte(is)
		}
	case "!!int", "!!float":
		if jsonNumber.MatchString(n.Value) {
			return []byte(n.Value)
		}
	}
	return provider.Encode(n.Value)
}

// settle reads what becomes of accepted calls.
func (d *document) settle(r *Rule, n *yaml.Node, path string) {
	states, settles := d.lang.settledStates(r.operations)
	if len(r.operations) > 0 && !settles {
		d.complain(n, path, "%s settles nothing; operations that do: %s", r.On, strings.Join(d.lang.settling(r), ", "))
		return
	}
	if n.Kind != yaml.SequenceNode {
		r.settle = append(r.settle, d.settlement(n, path, r, states, false))
		return
	}
	if len(n.Content) == 0 {
		d.complain(n, path, "settle is an empty list, it says nothing")
	}
	r.settleListed = true
	d.sequence(n, path, func(n *yaml.Node, path string) {
		r.settle = append(r.settle, d.settlement(n, path, r, states, true))
	})
}

// settledStates are the states that all those of some operations know which
// settle something.
func (l *Language) settledStates(operations []string) (states []string, settles bool) {
	for _, full := range operations {
		m, op := l.lookup(full)
		if op.Settles == "" {
			continue
		}
		known := m.Machine(op.Settles).States
		if !settles {
			states = slices.Clone(known)
		}
		settles = true
		states = slices.DeleteFunc(states, func(s string) bool { return !slices.Contains(known, s) })
	}
	return states, settles
}

// settling are the operations that settle something, of the provider that a
// rule is about if it has some.
func (l *Language) settling(r *Rule) []string {
	all := slices.DeleteFunc(slices.Clone(l.operations), func(full string) bool {
		_, op := l.lookup(full)
		return op.Settles == ""
	})
	of, _, _ := strings.Cut(r.On, ".")
	if own := slices.DeleteFunc(slices.Clone(all), func(full string) bool { return !strings.HasPrefix(full, of+".") }); len(own) > 0 {
		return own
	}
	return all
}

func (d *document) settlement(n *yaml.Node, path string, r *Rule, states []string, listed bool) (s settlement) {
	var after time.Duration
	keys := []key{
		{"as", func(n *yaml.Node, path string) {
			s.As, _ = d.scalar(n, path, "a status")
			if s.As != "" && len(r.operations) > 0 && !slices.Contains(states, s.As) {
				d.complain(n, path, "%s", provider.NoSuch("status", s.As, states))
			}
		}},
		{"after", func(n *yaml.Node, path string) {
			d.duration(&after)(n, path)
			s.After = &after
		}},
		{"message", d.text(&s.Message)},
	}
	if listed {
		keys = append(keys, key{"when", func(n *yaml.Node, path string) { s.when = d.when(n, path, ofRecord) }})
	}
	given := d.mapping(n, path, keys...)
	delete(given, "when")
	if n.Kind == yaml.MappingNode && len(slices.Collect(maps.Keys(given))) == 0 {
		d.complain(n, path, "the settlement says nothing; give it at least one of: as, after, message")
	}
	return s
}
