package scenarios

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/mockpay/mockpay/provider"
)

// A Selection is the calls or webhooks that a check is about: those of some
// names that conditions hold of.
type Selection struct {
	What  string   // as written
	Names []string // full names of operations, or of an event
	where []clause
}

// String says in words what is selected.
func (s *Selection) String() string {
	if len(s.where) == 0 {
		return s.What
	}
	var parts []string
	for _, c := range s.where {
		parts = append(parts, c.name+" "+c.text)
	}
	return s.What + " where " + strings.Join(parts, " and ")
}

// A Seen is a call or a webhook as a check sees it.
type Seen struct {
	Request *provider.Request // of a call; nil if it is not known any more
	Fields  map[string]any    // parameters of the call, payload of the webhook
	Cut     bool              // Fields are not known any more
	Status  string            // of the answer, or of the delivery
	Outcome string            // of a call; "" if no provider answers so
}

// A Judgment is what the conditions of a selection say of something seen.
type Judgment struct {
	failed  []*clause
	unknown []*clause // look at what is not known any more
}

// Holds tells whether it is selected.
func (j Judgment) Holds() bool { return len(j.failed) == 0 && len(j.unknown) == 0 }

// Unknown tells whether it may be selected, and nobody can tell any more.
func (j Judgment) Unknown() bool { return len(j.failed) == 0 && len(j.unknown) > 0 }

// Failed is how many conditions do not hold.
func (j Judgment) Failed() int { return len(j.failed) }

// Judge looks whether something seen is selected. Its name is looked at by the
// caller.
func (s *Selection) Judge(seen *Seen) (j Judgment) {
	for i := range s.where {
		c := &s.where[i]
		switch {
		case !c.known(seen):
			j.unknown = append(j.unknown, c)
		case !c.holdsOf(seen):
			j.failed = append(j.failed, c)
		}
	}
	return j
}

// Why says what is not as it should be, of what is seen as it may be shown.
func (j Judgment) Why(shown *Seen) string {
	var parts []string
	for _, c := range j.failed {
		parts = append(parts, fmt.Sprintf("%s is %s, expected %s", c.name, c.found(shown), c.want))
	}
	for _, c := range j.unknown {
		parts = append(parts, c.name+" cannot be looked at any more, the journal kept a part only")
	}
	return strings.Join(parts, "; ")
}

// about is what a condition of a selection looks at.
type about int

const (
	aboutFields  about = iota // parameters, or the payload
	aboutRequest              // header, query, method, path
	aboutStatus
	aboutOutcome
)

// A clause is a condition of a selection.
type clause struct {
	condition
	about about
	name  string // as written
	want  string // what is expected, after "expected"
	text  string // the same, after its name
}

func newClause(key string, value *yaml.Node, ofWebhook bool) clause {
	c := clause{name: key, want: wantText(value), text: clauseText(value)}
	source, rest, dotted := strings.Cut(key, ".")
	switch {
	case key == "status":
		c.about = aboutStatus
	case key == "outcome" && !ofWebhook:
		c.about = aboutOutcome
	case dotted && slices.Contains([]string{"header", "query", "request"}, source):
		c.about = aboutRequest
	case dotted && ofWebhook && source == "payload":
		key = rest
	}
	c.key, c.path = key, strings.Split(key, ".")
	_, c.rest, _ = strings.Cut(key, ".")
	return c
}

func (c *clause) badKey(ofWebhook bool) string {
	if c.about == aboutRequest && ofWebhook {
		return fmt.Sprintf("key %q is about a request, the where of a webhook looks at its payload", c.name)
	}
	return badKey(c.name, ofCall)
}

func (c *clause) known(seen *Seen) bool {
	switch c.about {
	case aboutFields:
		return !seen.Cut
	case aboutRequest:
		return seen.Request != nil
	}
	return true
}

func (c *clause) holdsOf(seen *Seen) bool {
	switch c.about {
	case aboutStatus:
		return c.condition.holdsOf(seen.Status, true)
	case aboutOutcome:
		return c.condition.holdsOf(seen.Outcome, seen.Outcome != "")
	case aboutRequest:
		return c.holds(seen.Request, nil)
	}
	return c.holds(nil, seen.Fields)
}

// found is what stands where the clause looks.
func (c *clause) found(shown *Seen) string {
	var values []any
	switch c.about {
	case aboutStatus:
		values = append(values, shown.Status)
	case aboutOutcome:
		if shown.Outcome == "" {
			return "none, as no provider answers so"
		}
		values = append(values, shown.Outcome)
	case aboutRequest:
		values = existing(c.find(nil, shown.Request, nil))
	default:
		values = existing(c.find(nil, nil, shown.Fields))
	}
	var texts []string
	for _, v := range values {
		if text := shortText(v); !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	switch {
	case len(texts) == 0:
		return "missing"
	case len(texts) > mostFound:
		texts = append(texts[:mostFound], "more")
	}
	return strings.Join(texts, " and ")
}

// Bounds of what a sentence shows: values of a *, and runes of each.
const (
	mostFound   = 3
	longestText = 60
)

// existing are the values that are there.
func existing(found []value) (all []any) {
	for _, v := range found {
		if v.exists {
			all = append(all, v.raw)
		}
	}
	return all
}

// shortText is a value in a sentence.
func shortText(v any) string {
	l := valueOf(v, true)
	text := l.text
	switch {
	case !l.plain:
		text = string(provider.Encode(v))
	case l.null:
		text = "null"
	}
	if utf8.RuneCountInString(text) > longestText {
		text = string([]rune(text)[:longestText]) + "…"
	}
	if text == "" || text != strings.TrimSpace(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return strconv.Quote(text)
	}
	return text
}

// wantText is what a condition wants, after "expected".
func wantText(n *yaml.Node) string {
	if n.Kind != yaml.MappingNode {
		return nodeText(n)
	}
	return predicateText(n, "to exist", "not to exist")
}

// clauseText is what a condition wants, after the name of what it is about.
func clauseText(n *yaml.Node) string {
	if n.Kind != yaml.MappingNode {
		return "is " + nodeText(n)
	}
	return predicateText(n, "exists", "does not exist")
}

func predicateText(n *yaml.Node, exists, missing string) string {
	var parts []string
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i].Value, n.Content[i+1]
		switch {
		case k != "exists":
			parts = append(parts, k+" "+nodeText(v))
		case strings.EqualFold(v.Value, "true"):
			parts = append(parts, exists)
		default:
			parts = append(parts, missing)
		}
	}
	return strings.Join(parts, " and ")
}

// nodeText is a value of a scenario in a sentence.
func nodeText(n *yaml.Node) string {
	if n.Kind != yaml.SequenceNode {
		if n.ShortTag() == "!!null" {
			return "null"
		}
		return shortText(n.Value)
	}
	var items []string
	for _, item := range n.Content {
		items = append(items, nodeText(item))
	}
	return "[" + strings.Join(items, ", ") + "]"
}
