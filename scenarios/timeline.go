package scenarios

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mockpay/mockpay/provider"
	"gopkg.in/yaml.v3"
)

// An Event is an entry of the timeline: an action that happens by itself.
type Event struct {
	Place int           // 0-based, in the file
	At    time.Duration // since the clock's start
	Do    string        // "dinaricash.card_purchase"
	With  map[string]string
}

// ID names an event as mistakes do: by its place in the file.
func (e *Event) ID() string { return fmt.Sprintf("timeline[%d]", e.Place) }

// Action finds an action by its full name, nil if there is none.
func (l *Language) Action(full string) (*provider.Mock, *provider.Action) {
	of, name, _ := strings.Cut(full, ".")
	for _, m := range l.mocks {
		if m.Name == of {
			return m, m.Action(name)
		}
	}
	return nil, nil
}

func (l *Language) actionNames() (names []string) {
	for _, m := range l.mocks {
		for _, a := range m.Actions {
			names = append(names, m.Name+"."+a.Name)
		}
	}
	return names
}

// timelineEntry reads an entry of the timeline.
func (d *document) timelineEntry(n *yaml.Node, path string, place int) *Event {
	e := &Event{Place: place, With: make(map[string]string)}
	var action *provider.Action
	var with *yaml.Node // read last: it depends on do
	keys := []key{
		{"at", d.duration(&e.At)},
		{"do", func(n *yaml.Node, path string) { action = d.do(n, path, e) }},
		{"with", func(n *yaml.Node, _ string) { with = n }},
	}
	given := d.mapping(n, path, keys...)
	if n.Kind != yaml.MappingNode || unknown(given, keys) {
		return e
	}
	if !given["at"] {
		d.complain(n, path, "the entry has no at; say when it happens, counted from the clock's start: at: 5m")
	}
	if !given["do"] {
		d.complain(n, path, "the entry has no do; name an action: %s", strings.Join(d.lang.actionNames(), ", "))
	}
	switch {
	case action == nil:
	case with == nil:
		d.missing(n, path, action, e)
	default:
		d.arguments(with, join(path, "with"), action, e)
	}
	return e
}

// do reads the action of an entry, nil if there is none of that name.
func (d *document) do(n *yaml.Node, path string, e *Event) *provider.Action {
	text, ok := d.scalar(n, path, "an action")
	if !ok {
		return nil
	}
	e.Do = text
	_, action := d.lang.Action(text)
	if action == nil {
		d.complain(n, path, "%s", provider.NoSuch("action", text, d.lang.actionNames()))
	}
	return action
}

// unknown tells whether a key was given that is none of some. Whoever misspells
// a key should not also be told that the right one is missing.
func unknown(given map[string]bool, keys []key) bool {
	known := names(keys)
	for name := range given {
		if !slices.Contains(known, name) {
			return true
		}
	}
	return false
}

// arguments reads what an action is done with.
func (d *document) arguments(n *yaml.Node, path string, action *provider.Action, e *Event) {
	var keys []key
	for _, arg := range action.Args {
		keys = append(keys, key{arg.Name, func(n *yaml.Node, path string) {
			if text, ok := d.argument(n, path, arg); ok {
				e.With[arg.Name] = text
			}
		}})
	}
	if n.Kind == yaml.MappingNode && len(n.Content) > 0 && len(keys) == 0 {
		d.complain(n, path, "%s takes no arguments", e.Do)
		return
	}
	given := d.mappingOf("argument", n, path, keys...)
	if n.Kind != yaml.MappingNode || unknown(given, keys) {
		return
	}
	for name := range given {
		if _, ok := e.With[name]; !ok {
			return // complained about
		}
	}
	d.missing(n, path, action, e)
}

// argument reads a plain value as actions take it.
func (d *document) argument(n *yaml.Node, path string, arg provider.Arg) (string, bool) {
	text, ok := d.scalar(n, path, "a text, a number or a boolean")
	if !ok {
		return "", false
	}
	if n.ShortTag() == "!!bool" {
		text = strings.ToLower(text)
	}
	if len(arg.OneOf) > 0 && !slices.Contains(arg.OneOf, text) {
		d.complain(n, path, "%s", provider.NoSuch("value of "+arg.Name, text, arg.OneOf))
		return "", false
	}
	return text, true
}

// missing complains about what an action needs and is not given.
func (d *document) missing(n *yaml.Node, path string, action *provider.Action, e *Event) {
	for _, arg := range action.Args {
		if _, ok := e.With[arg.Name]; arg.Required && !ok {
			d.complain(n, path, "argument %q of %s is missing: %s", arg.Name, e.Do, arg.Doc)
		}
	}
}

// sentence is what an event does.
func (e *Event) sentence() string {
	words := fmt.Sprintf("%s after the clock's start, %s happens", durationWords(e.At), e.Do)
	if e.At == 0 {
		words = fmt.Sprintf("At the clock's start, %s happens", e.Do)
	}
	var with []string
	for _, name := range slices.Sorted(maps.Keys(e.With)) {
		with = append(with, name+" "+e.With[name])
	}
	if len(with) > 0 {
		words += " with " + strings.Join(with, ", ")
	}
	return words + "."
}
