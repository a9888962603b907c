package scenarios

import (
	"encoding"
	"reflect"
	"slices"

	"github.com/mockpay/mockpay/provider"
	"github.com/shopspring/decimal"
	"gopkg.in/yaml.v3"
)

// A knobName is the name that a setting was read under, and in which file.
type knobName struct{ name, file string }

// knobs reads the settings of a provider into the struct that declares them.
func (d *document) knobs(n *yaml.Node, path string, settings any) {
	d.object(n, path, reflect.ValueOf(settings).Elem())
}

// object reads the fields of a settings struct under all their names.
func (d *document) object(n *yaml.Node, path string, v reflect.Value) {
	keys := d.knobKeys(v)
	for _, f := range provider.KnobFields(v.Type()) {
		for _, also := range f.Also {
			keys = append(keys, d.knobKey(also, f, v))
		}
		if inner := v.Field(f.Index); provider.KnobType(inner.Type()) == "object" {
			for _, f := range provider.KnobFields(inner.Type()) {
				for _, also := range f.Also {
					keys = append(keys, d.knobKey(also, f, inner))
				}
			}
		}
	}
	d.mapping(n, path, keys...)
}

func (d *document) knobKeys(v reflect.Value) []key {
	var keys []key
	for _, f := range provider.KnobFields(v.Type()) {
		keys = append(keys, d.knobKey(f.Name, f, v))
	}
	return keys
}

func (d *document) knobKey(name string, f provider.KnobField, of reflect.Value) key {
	return key{name, func(n *yaml.Node, path string) {
		setting := of.Field(f.Index)
		at := setting.Addr().Interface()
		before, again := d.knobsRead[at]
		if again && before.name != name && before.file == d.files[n] {
			d.complain(n, path, "%s was given before as %s", name, before.name)
		}
		d.knobsRead[at] = knobName{name, d.files[n]}
		d.knob(n, path, f, setting)
	}}
}

// knob reads one setting as its type says.
func (d *document) knob(n *yaml.Node, path string, f provider.KnobField, v reflect.Value) {
	switch provider.KnobType(v.Type()) {
	case "object":
		d.object(n, path, v)
	case "boolean":
		d.boolean(v.Addr().Interface().(*bool))(n, path)
	case "decimal":
		d.decimalKnob(n, path, f, v.Addr().Interface().(*decimal.Decimal))
	case "list":
		list := reflect.MakeSlice(v.Type(), 0, len(n.Content))
		d.sequence(n, path, func(n *yaml.Node, path string) {
			item := reflect.New(v.Type().Elem()).Elem()
			d.knob(n, path, provider.KnobField{}, item)
			list = reflect.Append(list, item)
		})
		v.Set(list)
	default:
		d.textKnob(n, path, f, v)
	}
}

func (d *document) decimalKnob(n *yaml.Node, path string, f provider.KnobField, into *decimal.Decimal) {
	text, ok := d.scalar(n, path, "a decimal number")
	if !ok {
		return
	}
	v, err := provider.ParseDecimal(text)
	switch {
	case err != nil:
		d.complain(n, path, "%s must be a decimal number: %s", name(path), err)
	case f.Min != nil && v.LessThan(*f.Min):
		d.complain(n, path, "%s must be at least %s, it is %s", name(path), f.Min, v)
	default:
		*into = v
	}
}

// textKnob reads a setting that is written as one text.
func (d *document) textKnob(n *yaml.Node, path string, f provider.KnobField, v reflect.Value) {
	text, ok := d.scalar(n, path, "a text")
	if !ok {
		return
	}
	if len(f.OneOf) > 0 && !slices.Contains(f.OneOf, text) {
		d.complain(n, path, "%s", provider.NoSuch("value", text, f.OneOf))
		return
	}
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if err := u.UnmarshalText([]byte(text)); err != nil {
			d.complain(n, path, "%s: %s", name(path), err)
		}
		return
	}
	v.SetString(text)
}
