package scenarios

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mockpay/mockpay/clock"
	"github.com/mockpay/mockpay/provider"
	"github.com/shopspring/decimal"
	"gopkg.in/yaml.v3"
)

// A key is what stands under a name of a mapping, and how it is read.
type key struct {
	name string
	read func(n *yaml.Node, path string)
}

// mapping reads the keys of a node, none unknown. It returns those that were
// given.
func (d *document) mapping(n *yaml.Node, path string, keys ...key) map[string]bool {
	given := make(map[string]bool)
	if n.Kind != yaml.MappingNode {
		d.complain(n, path, "%s must be a map, it is %s", name(path), describeNode(n))
		return given
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		at := join(path, k.Value)
		j := slices.IndexFunc(keys, func(known key) bool { return known.name == k.Value })
		switch {
		case k.Kind != yaml.ScalarNode || k.ShortTag() == "!!merge": // complained about before
		case j < 0:
			d.complain(k, at, "%s", provider.NoSuch("key", k.Value, names(keys)))
		default:
			keys[j].read(v, at)
		}
		given[k.Value] = true
	}
	return given
}

func names(keys []key) []string {
	all := make([]string, len(keys))
	for i, k := range keys {
		all[i] = k.name
	}
	return all
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// name is the last part of a path, as messages call it.
func name(path string) string {
	if path == "" {
		return "the scenario"
	}
	return path[strings.LastIndex(path, ".")+1:]
}

func describeNode(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode && len(n.Content) == 0:
		return "an empty map"
	case n.Kind == yaml.MappingNode:
		return "a map"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.ShortTag() == "!!null":
		return "empty"
	}
	return strconv.Quote(n.Value)
}

// sequence reads each element of a list.
func (d *document) sequence(n *yaml.Node, path string, read func(n *yaml.Node, path string)) {
	if n.Kind != yaml.SequenceNode {
		d.complain(n, path, "%s must be a list, it is %s", name(path), describeNode(n))
		return
	}
	for i, item := range n.Content {
		read(item, fmt.Sprintf("%s[%d]", path, i))
	}
}

// scalar is the text of a value that is neither a map nor a list nor empty.
func (d *document) scalar(n *yaml.Node, path, want string) (string, bool) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" {
		d.complain(n, path, "%s must be %s, it is %s", name(path), want, describeNode(n))
		return "", false
	}
	return n.Value, true
}

func (d *document) text(into *string) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		*into, _ = d.scalar(n, path, "a text")
	}
}

func (d *document) boolean(into *bool) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!bool" || n.Decode(into) != nil {
			d.complain(n, path, "%s must be true or false, it is %s", name(path), describeNode(n))
		}
	}
}

// integer reads a whole number that is at least least.
func (d *document) integer(into *int, least int) func(*yaml.Node, string) {
	want := fmt.Sprintf("a whole number of at least %d", least)
	return func(n *yaml.Node, path string) {
		text, ok := d.scalar(n, path, want)
		if !ok {
			return
		}
		i, err := strconv.Atoi(text)
		if err != nil || i < least {
			d.complain(n, path, "%s must be %s, it is %s", name(path), want, describeNode(n))
			return
		}
		*into = i
	}
}

func (d *document) duration(into *time.Duration) func(*yaml.Node, string) {
	return func(n *yaml.Node, path string) {
		text, ok := d.scalar(n, path, `a duration like "15m"`)
		if !ok {
			return
		}
		parsed, err := provider.ParseDuration(text)
		if err != nil {
			d.complain(n, path, "%s", err)
			return
		}
		*into = time.Duration(parsed)
	}
}

// decimal reads a number from least to most.
func (d *document) decimal(n *yaml.Node, path string, least, most int64) (f float64, ok bool) {
	text, ok := d.scalar(n, path, "a number")
	if !ok {
		return 0, false
	}
	v, err := provider.ParseDecimal(text)
	if err != nil || v.LessThan(decimal.NewFromInt(least)) || v.GreaterThan(decimal.NewFromInt(most)) {
		d.complain(n, path, "%s must be a number from %d to %d, it is %s", name(path), least, most, describeNode(n))
		return 0, false
	}
	return v.InexactFloat64(), true
}

// scenario reads the whole document.
func (d *document) scenario() *Scenario {
	s := &Scenario{Settings: make(map[string]any)}
	for _, m := range d.lang.mocks {
		s.Settings[m.Name] = m.Settings()
	}
	d.mapping(d.root, "",
		key{"version", d.version},
		key{"name", d.text(&s.Name)},
		key{"description", d.text(&s.Description)},
		key{"extends", func(*yaml.Node, string) {}}, // dealt with before
		key{"seed", func(n *yaml.Node, path string) { s.Seed = d.seed(n, path) }},
		key{"clock", func(n *yaml.Node, path string) { s.Clock = d.clock(n, path) }},
		key{"providers", func(n *yaml.Node, path string) { d.providers(n, path, s.Settings) }},
		key{"rules", func(n *yaml.Node, path string) {
			d.sequence(n, path, func(n *yaml.Node, path string) {
				s.Rules = append(s.Rules, d.rule(n, path, len(s.Rules)+1))
			})
		}},
	)
	s.index(d.lang)
	return s
}

func (d *document) version(n *yaml.Node, path string) {
	if n.Kind != yaml.ScalarNode || n.Value != "1" {
		d.complain(n, path, "version must be 1, it is %s", describeNode(n))
	}
}

func (d *document) seed(n *yaml.Node, path string) *int64 {
	seed, err := strconv.ParseInt(n.Value, 10, 64)
	if n.Kind != yaml.ScalarNode || err != nil {
		d.complain(n, path, "seed must be a whole number, it is %s", describeNode(n))
		return nil
	}
	return &seed
}

func (d *document) clock(n *yaml.Node, path string) (setup clock.Setup) {
	d.mapping(n, path,
		key{"start", func(n *yaml.Node, path string) {
			text, ok := d.scalar(n, path, "a time like 2026-01-15T09:00:00Z")
			if !ok {
				return
			}
			start, err := time.Parse(time.RFC3339Nano, text)
			if err != nil {
				d.complain(n, path, "start must be a time like 2026-01-15T09:00:00Z, it is %q", text)
				return
			}
			if err := (clock.State{Start: start, Now: start, Speed: 1}).Check(); err != nil {
				d.complain(n, path, "start cannot be %s: %s", text, err)
			}
			setup.Start = start
		}},
		key{"frozen", d.boolean(&setup.Frozen)},
		key{"speed", func(n *yaml.Node, path string) {
			speed, ok := d.decimal(n, path, 0, clock.MaxSpeed)
			if ok && speed == 0 {
				d.complain(n, path, "speed must be above 0; to stop the clock write frozen: true")
			}
			setup.Speed = speed
		}},
	)
	return setup
}

func (d *document) providers(n *yaml.Node, path string, settings map[string]any) {
	var keys []key
	for _, m := range d.lang.mocks {
		keys = append(keys, key{m.Name, func(n *yaml.Node, path string) { d.knobs(n, path, settings[m.Name]) }})
	}
	d.mapping(n, path, keys...)
}
