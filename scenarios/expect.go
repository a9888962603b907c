package scenarios

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
	"gopkg.in/yaml.v3"

	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/webhook"
)

// A Check is an entry of expect: what must be true of a workspace when it is
// verified. It is about calls, webhooks, balances, or the order of calls.
type Check struct {
	Name     string       // as written, else what is expected
	Calls    *Selection   // of which there must be Count; nil: it is not about calls
	Webhooks *Selection   // of which there must be Count; nil: it is not about webhooks
	Count    Range        // how many
	Balances []Amount     // all of which must hold
	Order    []*Selection // calls that must come one after the other
}

// Expected says in words what must be true.
func (c *Check) Expected() string {
	var parts []string
	switch {
	case c.Calls != nil:
		return c.Count.of("call") + " of " + c.Calls.String()
	case c.Webhooks != nil:
		return c.Count.of("webhook") + " of " + c.Webhooks.String()
	case c.Order != nil:
		for _, s := range c.Order {
			parts = append(parts, s.String())
		}
		return strings.Join(parts, ", then ")
	}
	for _, a := range c.Balances {
		parts = append(parts, a.Name()+" "+a.text)
	}
	return "balance " + strings.Join(parts, " and ")
}

// A Range is how many there may be.
type Range struct {
	Least int
	Most  int // -1: any number
}

// Holds tells whether a number is in the range.
func (r Range) Holds(n int) bool { return n >= r.Least && (r.Most < 0 || n <= r.Most) }

// of is a range of things in words.
func (r Range) of(thing string) string {
	switch {
	case r.Most == 0:
		return "no " + thing
	case r.Least == r.Most:
		return "exactly " + Quantity(r.Most, thing)
	case r.Most < 0:
		return "at least " + Quantity(r.Least, thing)
	case r.Least == 0:
		return "at most " + Quantity(r.Most, thing)
	}
	return fmt.Sprintf("from %d to %s", r.Least, Quantity(r.Most, thing))
}

// Quantity is a number of things in words: "1 call", "2 calls".
func Quantity(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// An Amount is what a balance must be.
type Amount struct {
	Provider string
	Balance  string
	tests    tests
	text     string // in words
}

// Name is the balance's full name.
func (a *Amount) Name() string { return a.Provider + "." + a.Balance }

// Holds tells whether the balance may be so.
func (a *Amount) Holds(is decimal.Decimal) bool {
	c := condition{tests: a.tests}
	return c.holdsOf(is.String(), true)
}

// expect reads the checks of a scenario. balances are the names of those it
// opens by provider, nil if that is not known.
func (d *document) expect(n *yaml.Node, path string, balances map[string][]string) []*Check {
	checks := []*Check{}
	d.sequence(n, path, func(n *yaml.Node, path string) { checks = append(checks, d.check(n, path, balances)) })
	return checks
}

// subjects are what a check can be about, one of them.
var subjects = []string{"on", "webhook", "balance", "in_order"}

// check reads an entry of expect.
func (d *document) check(n *yaml.Node, path string, balances map[string][]string) *Check {
	c := &Check{Count: Range{1, -1}}
	parts := make(map[string]*yaml.Node)
	later := func(name string) key {
		return key{name, func(n *yaml.Node, _ string) { parts[name] = n }}
	}
	keys := []key{{"name", d.text(&c.Name)}, later("on"), later("webhook"), later("balance"), later("in_order"), later("where"), later("count"), later("never")}
	given := d.mapping(n, path, keys...)
	if n.Kind != yaml.MappingNode || !d.oneSubject(n, path, given, keys) {
		return c
	}
	d.fitting(n, path, given)
	switch {
	case given["on"]:
		c.Calls = d.calls(parts["on"], parts["where"], path)
	case given["webhook"]:
		c.Webhooks = d.selectedWebhooks(parts["webhook"], parts["where"], path)
	case given["balance"]:
		c.Balances = d.amounts(parts["balance"], join(path, "balance"), balances)
	default:
		c.Order = d.order(parts["in_order"], join(path, "in_order"))
	}
	if parts["count"] != nil {
		c.Count = d.count(parts["count"], join(path, "count"))
	}
	if parts["never"] != nil {
		c.Count = d.never(parts["never"], join(path, "never"))
	}
	if c.Name == "" {
		c.Name = c.Expected()
	}
	return c
}

// oneSubject complains about a check that is about nothing, or about several
// things. One with an unknown key is spared that.
func (d *document) oneSubject(n *yaml.Node, path string, given map[string]bool, keys []key) bool {
	known := names(keys)
	for name := range given {
		if !slices.Contains(known, name) {
			return false
		}
	}
	about := slices.DeleteFunc(slices.Clone(subjects), func(s string) bool { return !given[s] })
	switch len(about) {
	case 0:
		d.complain(n, path, "the check is about nothing; give it one of: %s", strings.Join(subjects, ", "))
	case 1:
		return true
	default:
		d.complain(n, path, "a check is about one thing, this one has %s; write a check for each", strings.Join(about, " and "))
	}
	return false
}

// fitting complains about keys that do not go with each other.
func (d *document) fitting(n *yaml.Node, path string, given map[string]bool) {
	complain := func(name, format string, args ...any) {
		d.complain(n.Content[indexOf(n, name)], join(path, name), format, args...)
	}
	for _, name := range []string{"where", "count", "never"} {
		switch {
		case !given[name]:
		case given["balance"]:
			complain(name, "%s goes with on or webhook, not with balance", name)
		case given["in_order"] && name == "where":
			complain(name, "a call of in_order has a where of its own: {on: ..., where: ...}")
		case given["in_order"]:
			complain(name, "%s goes with on or webhook, not with in_order", name)
		}
	}
	if given["count"] && given["never"] {
		complain("never", "never is count: 0; keep one of the two")
	}
}

// calls reads what selects calls; where may be nil.
func (d *document) calls(on, where *yaml.Node, path string) *Selection {
	var r Rule // on is written as a rule's
	d.on(&r, on, join(path, "on"))
	s := &Selection{What: r.On, Names: r.operations}
	if r.On == "*" {
		s.What = "any operation"
	}
	if where != nil {
		s.where = d.where(where, join(path, "where"), s, false)
	}
	return s
}

// selectedWebhooks reads what selects webhooks.
func (d *document) selectedWebhooks(n, where *yaml.Node, path string) *Selection {
	s := &Selection{}
	if text, ok := d.scalar(n, join(path, "webhook"), "an event"); ok {
		event, problem := d.lang.event(text)
		if problem != "" {
			d.complain(n, join(path, "webhook"), "%s", problem)
		}
		s.What, s.Names = event, []string{event}
	}
	if where != nil {
		s.where = d.where(where, join(path, "where"), s, true)
	}
	return s
}

// event completes the name of an event: the provider may be left out where only
// one has it.
func (l *Language) event(name string) (full, problem string) {
	var all, found []string
	for _, m := range l.mocks {
		for _, e := range m.Events {
			full := m.Name + "." + e
			all = append(all, full)
			if name == e || name == full {
				found = append(found, full)
			}
		}
	}
	switch len(found) {
	case 0:
		return "", provider.NoSuch("webhook event", name, all)
	case 1:
		return found[0], ""
	}
	return "", fmt.Sprintf("webhook event %q is one of: %s", name, strings.Join(found, ", "))
}

// order reads the calls of in_order, each an operation or a map.
func (d *document) order(n *yaml.Node, path string) []*Selection {
	all := []*Selection{}
	d.sequence(n, path, func(n *yaml.Node, path string) {
		var on, where *yaml.Node
		if n.Kind != yaml.MappingNode {
			all = append(all, d.step(n, path))
			return
		}
		given := d.mapping(n, path,
			key{"on", func(n *yaml.Node, _ string) { on = n }},
			key{"where", func(n *yaml.Node, _ string) { where = n }})
		delete(given, "where")
		if len(given) == 0 {
			d.complain(n, path, "the call has no on; name an operation like %s", d.lang.operations[0])
		}
		if on != nil {
			all = append(all, d.calls(on, where, path))
		}
	})
	if n.Kind == yaml.SequenceNode && len(n.Content) < 2 {
		d.complain(n, path, "in_order needs two calls or more: [%s, %s]", d.lang.operations[0], d.lang.operations[min(1, len(d.lang.operations)-1)])
	}
	return all
}

// step reads a call of in_order that is a mere operation.
func (d *document) step(n *yaml.Node, path string) *Selection {
	var r Rule
	d.on(&r, n, path)
	return &Selection{What: r.On, Names: r.operations}
}

// count reads a number, or bounds of one.
func (d *document) count(n *yaml.Node, path string) Range {
	before := len(d.wrong)
	r := Range{0, -1}
	bound := func(name string, set func(int)) key {
		return key{name, func(n *yaml.Node, path string) {
			i := -1
			d.integer(&i, 0)(n, path)
			if i >= 0 {
				set(i)
			}
		}}
	}
	least := func(i int) { r.Least = max(r.Least, i) }
	most := func(i int) {
		if r.Most < 0 || i < r.Most {
			r.Most = i
		}
	}
	if n.Kind != yaml.MappingNode {
		bound("", func(i int) { r = Range{i, i} }).read(n, path)
		return r
	}
	below := false // below 0 is nothing
	d.mapping(n, path,
		bound("eq", func(i int) { least(i); most(i) }),
		bound("gt", func(i int) { least(i + 1) }), bound("gte", least),
		bound("lt", func(i int) { most(max(i-1, 0)); below = below || i == 0 }), bound("lte", most))
	switch {
	case len(d.wrong) > before:
	case len(n.Content) == 0:
		d.complain(n, path, "count holds no bound; write a number, or bounds: {gte: 1, lte: 3}")
	case below || r.Most >= 0 && r.Least > r.Most:
		d.complain(n, path, "no number is in these bounds")
	}
	return r
}

func (d *document) never(n *yaml.Node, path string) Range {
	before, never := len(d.wrong), true
	d.boolean(&never)(n, path)
	if len(d.wrong) == before && !never {
		d.complain(n, path, "never is true or left out")
	}
	return Range{0, 0}
}

// amounts reads what balances must be.
func (d *document) amounts(n *yaml.Node, path string, known map[string][]string) (all []Amount) {
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		d.complain(n, path, "balance must be a map of balances and amounts, it is %s", describeNode(n))
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		at := join(path, k.Value)
		if problem := d.lang.badBalance(k.Value, known); problem != "" {
			d.complain(k, at, "%s", problem)
		}
		a := Amount{text: clauseText(v)}
		a.Provider, a.Balance, _ = strings.Cut(k.Value, ".")
		a.tests = d.amountTests(v, at)
		all = append(all, a)
	}
	return all
}

// badBalance tells what is wrong with the name of a balance, "" if nothing is.
func (l *Language) badBalance(full string, known map[string][]string) string {
	of, name, _ := strings.Cut(full, ".")
	var providers, balances []string
	for _, m := range l.mocks {
		providers = append(providers, m.Name)
		for _, balance := range known[m.Name] {
			balances = append(balances, m.Name+"."+balance)
		}
	}
	switch {
	case slices.Contains(balances, full), known == nil && name != "" && slices.Contains(providers, of):
		return ""
	case known != nil:
		return provider.NoSuch("balance", full, balances)
	case name == "":
		return fmt.Sprintf("no balance %q; one is called PROVIDER.BALANCE", full)
	}
	return provider.NoSuch("provider", of, providers)
}

// amountTests reads an amount, or bounds of one.
func (d *document) amountTests(n *yaml.Node, path string) (all tests) {
	amount := func(holds func(int) bool) func(*yaml.Node, string) {
		read := ordered(holds, anywhere)
		return func(n *yaml.Node, path string) { all = append(all, read(d, n, path)) }
	}
	equal := amount(func(c int) bool { return c == 0 })
	if n.Kind != yaml.MappingNode {
		equal(n, path)
		return all
	}
	keys := []key{
		{"eq", equal}, {"ne", amount(func(c int) bool { return c != 0 })},
		{"gt", amount(func(c int) bool { return c > 0 })}, {"gte", amount(func(c int) bool { return c >= 0 })},
		{"lt", amount(func(c int) bool { return c < 0 })}, {"lte", amount(func(c int) bool { return c <= 0 })},
	}
	if len(n.Content) == 0 {
		d.complain(n, path, "%s holds no bound; there are: %s", name(path), strings.Join(names(keys), ", "))
	}
	d.mapping(n, path, keys...)
	return all
}

// deliveries are the statuses of webhooks.
func deliveries() (all []string) {
	for _, s := range webhook.Statuses {
		all = append(all, string(s))
	}
	return all
}

// where reads the conditions of a selection, as those of a rule's when. Two
// keys are about what came of a call or webhook.
func (d *document) where(n *yaml.Node, path string, s *Selection, ofWebhook bool) (all []clause) {
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		d.complain(n, path, "where must be a map of parameters and what they equal, it is %s", describeNode(n))
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if k.Kind != yaml.ScalarNode || k.ShortTag() == "!!merge" {
			continue // complained about before
		}
		at := join(path, k.Value)
		c := newClause(k.Value, v, ofWebhook)
		if problem := c.badKey(ofWebhook); problem != "" {
			d.complain(k, at, "%s", problem)
		}
		c.tests = d.tests(v, at)
		for _, value := range plainValues(v) {
			if problem := d.lang.badValue(c.about, value.Value, s.Names, ofWebhook); problem != "" {
				d.complain(value, at, "%s", problem)
			}
		}
		all = append(all, c)
	}
	return all
}

// badValue tells what is wrong with a value that something is compared with, ""
// if nothing is.
func (l *Language) badValue(of about, value string, operations []string, ofWebhook bool) string {
	switch {
	case of == aboutStatus && ofWebhook && !slices.Contains(deliveries(), value):
		return provider.NoSuch("delivery status", value, deliveries()) + "; the payload's own is payload.status"
	case of == aboutStatus && !ofWebhook:
		if status, err := strconv.Atoi(value); err != nil || status < 0 || status > 599 {
			return fmt.Sprintf("status is that of HTTP, like 200, not %q", value)
		}
	case of == aboutOutcome && len(operations) > 0:
		outcomes := slices.Clone(provider.Always)
		for _, full := range operations {
			_, op := l.lookup(full)
			outcomes = append(outcomes, op.Answers()...)
		}
		if !slices.Contains(outcomes, value) {
			slices.Sort(outcomes)
			return provider.NoSuch("outcome", value, slices.Compact(outcomes))
		}
	}
	return ""
}

// plainValues are the values that a condition compares with as a whole.
func plainValues(n *yaml.Node) (all []*yaml.Node) {
	switch n.Kind {
	case yaml.ScalarNode:
		return []*yaml.Node{n}
	case yaml.MappingNode:
		for _, name := range []string{"eq", "ne", "in"} {
			switch v := child(n, name); {
			case v == nil:
			case v.Kind == yaml.SequenceNode:
				all = append(all, v.Content...)
			default:
				all = append(all, v)
			}
		}
	}
	return slices.DeleteFunc(all, func(n *yaml.Node) bool { return n.Kind != yaml.ScalarNode })
}
