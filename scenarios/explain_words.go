package scenarios

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// conditionWords are "whose amount is at least 100 and whose country is US or
// SA", "" for no conditions.
func conditionWords(conditions []condition) string {
	var all []string
	for _, c := range conditions {
		words := predicateWords(c.value)
		if slices.Contains(c.path, "*") {
			all = append(all, fmt.Sprintf("with some %s that %s", c.key, words))
		} else {
			all = append(all, "whose "+keyWords(c)+" "+words)
		}
	}
	return strings.Join(all, " and ")
}

func keyWords(c condition) string {
	rest := strings.Join(c.path[1:], ".")
	switch {
	case c.key == "request.method":
		return "method"
	case c.key == "request.path":
		return "path"
	case c.path[0] == "header" && rest != "":
		return "header " + rest
	case c.path[0] == "query" && rest != "":
		return "query parameter " + rest
	}
	return c.key
}

// predicateWords are what must hold of a value: "is at least 100 and below 200".
func predicateWords(n *yaml.Node) string {
	if n.Kind != yaml.MappingNode {
		return asked["eq"](n)
	}
	var all []string
	for i := 0; i+1 < len(n.Content); i += 2 {
		all = append(all, asked[n.Content[i].Value](n.Content[i+1]))
	}
	return strings.Join(all, " and ")
}

// asked are the words of each of the predicates.
var asked = map[string]func(n *yaml.Node) string{
	"eq":          equalWords,
	"ne":          unequalWords,
	"in":          func(n *yaml.Node) string { return "is " + oneOfWords(n) },
	"gt":          saying("is above "),
	"gte":         saying("is at least "),
	"lt":          saying("is below "),
	"lte":         saying("is at most "),
	"matches":     func(n *yaml.Node) string { return "matches /" + n.Value + "/" },
	"starts_with": saying("begins with "),
	"ends_with":   saying("ends with "),
	"contains":    saying("contains "),
	"exists":      existWords,
}

func saying(words string) func(*yaml.Node) string {
	return func(n *yaml.Node) string { return words + literalWords(n) }
}

func equalWords(n *yaml.Node) string {
	if n.ShortTag() == "!!null" {
		return "is null or missing"
	}
	return "is " + literalWords(n)
}

func unequalWords(n *yaml.Node) string {
	if n.ShortTag() == "!!null" {
		return "is given and not null"
	}
	return "is not " + literalWords(n)
}

func existWords(n *yaml.Node) string {
	if strings.EqualFold(n.Value, "true") {
		return "is given"
	}
	return "is not given"
}

func oneOfWords(n *yaml.Node) string {
	var all []string
	for _, item := range n.Content {
		all = append(all, literalWords(item))
	}
	last := len(all) - 1
	if last == 0 {
		return all[0]
	}
	return strings.Join(all[:last], ", ") + " or " + all[last]
}

// plain matches what needs no quotes in a sentence.
var plain = regexp.MustCompile(`^[\pL\pN_@/+-]([\pL\pN_@:/+.-]*[\pL\pN_@/+-])?$`)

func literalWords(n *yaml.Node) string {
	switch {
	case n.ShortTag() == "!!null":
		return "null"
	case plain.MatchString(n.Value):
		return n.Value
	}
	return strconv.Quote(n.Value)
}

// shorten quotes a text, of a long one its beginning.
func shorten(text string) string {
	const most = 60
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most-1]) + "…"
	}
	return strconv.Quote(text)
}

// ordinal is "first", "2nd", "11th".
func ordinal(n int) string {
	if n == 1 {
		return "first"
	}
	suffix := "th"
	if tens := n / 10 % 10; tens != 1 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return strconv.Itoa(n) + suffix
}

// durationWords are "1 hour 30 minutes".
func durationWords(d time.Duration) string {
	var all []string
	for _, unit := range []struct {
		of   time.Duration
		name string
	}{{time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}, {time.Millisecond, "millisecond"}} {
		n := d / unit.of
		d -= n * unit.of
		switch {
		case n == 1:
			all = append(all, "1 "+unit.name)
		case n > 1:
			all = append(all, fmt.Sprintf("%d %ss", n, unit.name))
		}
	}
	if d > 0 || len(all) == 0 {
		all = append(all, d.String())
	}
	return strings.Join(all, " ")
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
