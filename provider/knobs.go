package provider

import (
	"encoding"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// A Duration is a time.Duration written as "15m" or "1h30m".
type Duration time.Duration

// ParseDuration reads a duration that is not negative.
func ParseDuration(text string) (Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf(`%q is not a duration like "15m" or "1h30m"`, text)
	}
	if d < 0 {
		return 0, fmt.Errorf("duration %q is negative", text)
	}
	return Duration(d), nil
}

// MustDuration is [ParseDuration] of a text that is part of the program.
func MustDuration(text string) Duration {
	d, err := ParseDuration(text)
	if err != nil {
		panic(err)
	}
	return d
}

// UnmarshalText reads what [ParseDuration] does.
func (d *Duration) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDuration(string(text))
	return err
}

// MarshalText writes "15m0s".
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// An Optional is a decimal number or none.
type Optional struct {
	Value decimal.Decimal
	Given bool
}

// Some is an Optional that is part of the program.
func Some(text string) Optional { return Optional{decimal.RequireFromString(text), true} }

// Or is the number, or another if there is none.
func (o Optional) Or(d decimal.Decimal) decimal.Decimal {
	if o.Given {
		return o.Value
	}
	return d
}

// UnmarshalText reads "none" or a decimal number.
func (o *Optional) UnmarshalText(text []byte) error {
	if string(text) == "none" || len(text) == 0 {
		*o = Optional{}
		return nil
	}
	d, err := ParseDecimal(string(text))
	if err != nil {
		return fmt.Errorf(`neither "none" nor a number: %w`, err)
	}
	*o = Optional{d, true}
	return nil
}

// MarshalText writes what UnmarshalText reads.
func (o Optional) MarshalText() ([]byte, error) {
	if !o.Given {
		return []byte("none"), nil
	}
	return []byte(o.Value.String()), nil
}

// A Knob is a setting that scenarios may give under providers.NAME.
type Knob struct {
	Name    string   `json:"name"`
	Type    string   `json:"type"` // decimal, duration, boolean, text, integer, object, map, list
	Doc     string   `json:"description"`
	Default any      `json:"default,omitempty"`
	OneOf   []string `json:"one_of,omitempty"`
	Also    []string `json:"also,omitempty"`  // other names, also beside the object it is in
	Knobs   []Knob   `json:"knobs,omitempty"` // of an object, or of each in a list
}

// A KnobField is a field of a settings struct. Its tags are
//
//	knob:"authcode_ttl"              its name in scenarios
//	doc:"how long an authcode lives" what it does
//	oneof:"amount_plus_charge charge_only"  the texts it takes, or each of its list
//	min:"0"                          the least decimal it takes
//	least:"1"                        the least whole number it takes; 0 without
//	required:"true"                  that it must be given, in an object of a list
//	keys:"[A-Z]{3}"                  what the keys of a map are like
//	also:"fee_rate"                  other names it goes by, also in the enclosing object
type KnobField struct {
	Name  string
	Index int
	Doc   string
	OneOf []string
	Min   *decimal.Decimal
	Least int
	Also  []string
	Keys  string // a regular expression, "" for any

	Required bool
}

// TakesKey tells whether a map may have a key.
func (f *KnobField) TakesKey(key string) bool {
	return f.Keys == "" || regexp.MustCompile("^(?:"+f.Keys+")$").MatchString(key)
}

// An Enumerated setting is of a type that has few values.
type Enumerated interface{ Values() []string }

// Values are the texts that a setting of a type takes, nil for any.
func (f KnobField) Values(t reflect.Type) []string {
	if e, ok := reflect.Zero(t).Interface().(Enumerated); ok && len(f.OneOf) == 0 {
		return e.Values()
	}
	return f.OneOf
}

// KnobFields returns the settings that a struct type declares.
func KnobFields(t reflect.Type) []KnobField {
	var fields []KnobField
	for i := range t.NumField() {
		tag := t.Field(i).Tag
		name, ok := tag.Lookup("knob")
		if !ok {
			continue
		}
		f := KnobField{
			Name: name, Index: i, Doc: tag.Get("doc"),
			OneOf: strings.Fields(tag.Get("oneof")), Also: strings.Fields(tag.Get("also")), Keys: tag.Get("keys"),
			Required: tag.Get("required") == "true",
		}
		if least, ok := tag.Lookup("min"); ok {
			d := decimal.RequireFromString(least)
			f.Min = &d
		}
		if least, ok := tag.Lookup("least"); ok {
			f.Least, _ = strconv.Atoi(least)
		}
		fields = append(fields, f)
	}
	return fields
}

// Knobs describes the settings of a mock with their defaults.
func (m *Mock) Knobs() []Knob { return knobsOf(reflect.ValueOf(m.Settings()).Elem()) }

func knobsOf(v reflect.Value) []Knob {
	var knobs []Knob
	for _, f := range KnobFields(v.Type()) {
		field := v.Field(f.Index)
		k := Knob{Name: f.Name, Doc: f.Doc, OneOf: f.OneOf, Also: f.Also, Type: KnobType(field.Type())}
		switch {
		case k.Type == "object":
			k.Knobs = knobsOf(field)
		case k.Type == "list" && KnobType(field.Type().Elem()) == "object":
			k.Knobs = knobsOf(reflect.New(field.Type().Elem()).Elem())
			for i := range k.Knobs {
				k.Knobs[i].Default = nil // an element has what is given
			}
		default:
			k.Default = field.Interface()
		}
		knobs = append(knobs, k)
	}
	return knobs
}

// KnobType names the type of a setting in scenarios.
func KnobType(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[decimal.Decimal]():
		return "decimal"
	case t == reflect.TypeFor[Duration]():
		return "duration"
	case reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		return "text"
	}
	switch t.Kind() {
	case reflect.Bool:
		return "boolean"
	case reflect.Int, reflect.Int64:
		return "integer"
	case reflect.Struct:
		return "object"
	case reflect.Map:
		return "map"
	case reflect.Slice:
		return "list"
	}
	return "text"
}
