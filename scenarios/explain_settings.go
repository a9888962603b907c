package scenarios

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/mockpay/mockpay/provider"
)

// A Change is a setting that is not the default.
type Change struct {
	Name        string `json:"name"` // "dinardragon.balance"
	Value       any    `json:"value"`
	Default     any    `json:"default"` // null: none
	Description string `json:"description,omitempty"`
}

func (c Change) sentence() string {
	words := fmt.Sprintf("%s is %s", c.Name, valueWords(c.Value))
	if c.Default != nil {
		words += " instead of " + valueWords(c.Default)
	}
	if c.Description != "" {
		words += ": " + c.Description
	}
	return words + "."
}

// changes are the settings of a scenario that are not the defaults.
func (l *Language) changes(s *Scenario) []Change {
	all := changes{}
	for _, m := range l.mocks {
		all.object(m.Name, reflect.ValueOf(s.Settings[m.Name]).Elem(), reflect.ValueOf(m.Settings()).Elem())
	}
	return all
}

type changes []Change

// object compares two settings structs field by field.
func (all *changes) object(path string, now, before reflect.Value) {
	for _, f := range provider.KnobFields(now.Type()) {
		name := path + "." + f.Name
		is, was := now.Field(f.Index), before.Field(f.Index)
		switch provider.KnobType(is.Type()) {
		case "object":
			all.object(name, is, was)
		case "map":
			all.entries(name, f.Doc, is, was)
		default:
			all.value(name, f.Doc, is, was)
		}
	}
}

// entries compares two maps. An entry can be changed or added, not taken away.
func (all *changes) entries(path, doc string, now, before reflect.Value) {
	byName := make(map[string]reflect.Value)
	for _, key := range now.MapKeys() {
		byName[key.String()] = key
	}
	for _, key := range sortedKeys(byName) {
		name := fmt.Sprintf("%s[%q]", path, key)
		is, was := now.MapIndex(byName[key]), before.MapIndex(byName[key])
		if was.IsValid() && provider.KnobType(is.Type()) == "object" {
			all.object(name, is, was)
		} else {
			all.value(name, doc, is, was)
		}
	}
}

func (all *changes) value(name, doc string, now, before reflect.Value) {
	is := provider.Encode(now.Interface())
	change := Change{Name: name, Value: json.RawMessage(is), Description: doc}
	if before.IsValid() {
		was := provider.Encode(before.Interface())
		if string(is) == string(was) {
			return
		}
		change.Default = json.RawMessage(was)
	}
	*all = append(*all, change)
}

// valueWords are a setting in a sentence.
func valueWords(v any) string {
	doc := v.(json.RawMessage)
	var list []json.RawMessage
	if json.Unmarshal(doc, &list) == nil {
		return listWords(list)
	}
	var text string
	if json.Unmarshal(doc, &text) != nil {
		return string(doc)
	}
	if d, err := time.ParseDuration(text); err == nil && strings.ContainsAny(text, "smh") {
		if d == 0 {
			return "0 seconds"
		}
		return durationWords(d)
	}
	if plain.MatchString(text) {
		return text
	}
	return shorten(text)
}

// listWords are the entries of a list, or how many there are.
func listWords(list []json.RawMessage) string {
	var all []string
	for _, entry := range list {
		all = append(all, valueWords(entry))
	}
	switch words := strings.Join(all, ", "); {
	case len(list) == 0:
		return "an empty list"
	case len(list) > 1 && len(words) > 60:
		return fmt.Sprintf("a list of %d", len(list))
	default:
		return "[" + words + "]"
	}
}
