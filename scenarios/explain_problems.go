package scenarios

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
	"gopkg.in/yaml.v3"

	"github.com/mockpay/mockpay/provider"
)

// problem says why a rule, or a part of it, can never act, "" if it can.
func (l *Language) problem(s *Scenario, r *Rule) string {
	if why := l.never(s, r); why != "" {
		return fmt.Sprintf("Rule %d never acts: %s.", r.Place, why)
	}
	for i, before := range r.settle {
		if len(before.when) == 0 && i+1 < len(r.settle) {
			return fmt.Sprintf("Rule %d settles nothing by the entries after entry %d: that one takes every record.", r.Place, i+1)
		}
	}
	return ""
}

func (l *Language) never(s *Scenario, r *Rule) string {
	if r.chance == 0 {
		return "its chance is 0"
	}
	for i := range r.when {
		if c := &r.when[i]; c.impossible() || l.otherMethod(r, c) {
			return fmt.Sprintf("no call is one %s", conditionWords(r.when[i:i+1]))
		}
	}
	return shadowed(s, r)
}

// otherMethod tells whether a condition wants a method that none of the rule's
// operations has.
func (l *Language) otherMethod(r *Rule, c *condition) bool {
	if c.key != "request.method" {
		return false
	}
	return !slices.ContainsFunc(r.operations, func(full string) bool {
		_, op := l.lookup(full)
		return c.passes(op.Method, true)
	})
}

// shadowed says which rules decide all the calls of a rule before it.
func shadowed(s *Scenario, r *Rule) string {
	var by []string
	for _, op := range r.operations {
		i := slices.IndexFunc(s.rules[op], func(e *Rule) bool { return e.Place < r.Place && e.covers(r) })
		if i < 0 {
			return ""
		}
		if id := fmt.Sprint(s.rules[op][i].Place); !slices.Contains(by, id) {
			by = append(by, id)
		}
	}
	if len(by) == 1 {
		return fmt.Sprintf("rule %s decides all its calls before it", by[0])
	}
	last := len(by) - 1
	return fmt.Sprintf("rules %s and %s decide all its calls before it", strings.Join(by[:last], ", "), by[last])
}

// covers tells whether a rule always acts on a call that another one matches.
func (r *Rule) covers(other *Rule) bool {
	if r.skip > 0 || r.every > 1 || r.times > 0 || r.chance >= 0 && r.chance < 1 {
		return false
	}
	if w := r.between; w != nil && (other.between == nil || other.between.From < w.From || other.between.To > w.To) {
		return false
	}
	return !slices.ContainsFunc(r.when, func(c condition) bool {
		return !slices.ContainsFunc(other.when, func(o condition) bool { return c.key == o.key && same(c.value, o.value) })
	})
}

// same tells whether two values of a file are the same, however they are
// written.
func same(a, b *yaml.Node) bool {
	return a.Kind == b.Kind && a.ShortTag() == b.ShortTag() && a.Value == b.Value && slices.EqualFunc(a.Content, b.Content, same)
}

// impossible tells whether a condition surely holds of no value. Where it asks
// for more than numbers and equality, that is not looked into.
func (c *condition) impossible() bool {
	if c.value.Kind != yaml.MappingNode {
		return false
	}
	candidates, known := c.candidates()
	if !known || c.passes(nil, false) || c.passes(nil, true) {
		return false
	}
	return !slices.ContainsFunc(candidates, func(text string) bool { return c.passes(text, true) })
}

// candidates are values of which one passes if any does; known is false if
// there may be others.
func (c *condition) candidates() (all []string, known bool) {
	var bounds []decimal.Decimal
	onlyNumbers := true
	for i := 0; i+1 < len(c.value.Content); i += 2 {
		v := c.value.Content[i+1]
		switch c.value.Content[i].Value {
		case "eq":
			return []string{literalText(v)}, true
		case "in":
			for _, item := range v.Content {
				all = append(all, literalText(item))
			}
			return all, true
		case "exists":
			if strings.EqualFold(v.Value, "false") {
				return nil, true
			}
		case "gt", "gte", "lt", "lte":
			if d, err := provider.ParseDecimal(v.Value); err == nil {
				bounds = append(bounds, d)
			}
		default:
			onlyNumbers = false
		}
	}
	return between(bounds), onlyNumbers && len(bounds) > 0
}

// between are the bounds themselves, what lies between each two, and what lies
// beyond all.
func between(bounds []decimal.Decimal) (all []string) {
	one, half := decimal.NewFromInt(1), decimal.New(5, -1)
	for _, a := range bounds {
		for _, b := range bounds {
			all = append(all, a.Add(b).Mul(half).String())
		}
		all = append(all, a.Sub(one).String(), a.Add(one).String())
	}
	return all
}

// literalText is a plain value as calls would have it.
func literalText(n *yaml.Node) string {
	if n.ShortTag() == "!!bool" {
		return strings.ToLower(n.Value)
	}
	return n.Value
}
