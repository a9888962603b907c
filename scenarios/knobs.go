package scenarios

import (
	"encoding"
	"errors"
	"reflect"
	"slices"
	"strings"

	"github.com/mockpay/mockpay/provider"
	"github.com/shopspring/decimal"
	"gopkg.in/yaml.v3"
)

// rename gives settings that go by other names their first one, so that what
// is merged, shown and read knows no others.
func (d *document) rename(root *yaml.Node) {
	of := child(root, "providers")
	for _, m := range d.lang.mocks {
		n := child(of, m.Name)
		if n == nil || n.Kind != yaml.MappingNode {
			continue
		}
		path := "providers." + m.Name
		t := reflect.TypeOf(m.Settings()).Elem()
		for _, f := range provider.KnobFields(t) {
			d.renameKnob(n, path, f, n, "")
			if inner := t.Field(f.Index).Type; provider.KnobType(inner) == "object" {
				for _, g := range provider.KnobFields(inner) {
					d.renameKnob(n, path, g, n, f.Name)
				}
			}
		}
	}
}

// renameKnob moves a setting from its other names in a mapping to its first
// one, in the mapping itself or in an object of it.
func (d *document) renameKnob(n *yaml.Node, path string, f provider.KnobField, to *yaml.Node, object string) {
	for _, also := range f.Also {
		i := indexOf(n, also)
		if i < 0 {
			continue
		}
		k, v := n.Content[i], n.Content[i+1]
		n.Content = slices.Delete(n.Content, i, i+2)
		if object != "" {
			to = d.objectOf(n, object, k)
		}
		if to.Kind != yaml.MappingNode || indexOf(to, f.Name) >= 0 {
			d.complain(k, join(path, also), "%s is another name of %s, which is given too", also, strings.TrimPrefix(object+"."+f.Name, "."))
			continue
		}
		k.Value = f.Name
		to.Content = append(to.Content, k, v)
	}
}

// objectOf is the object under a key of a mapping, a new one if there is none.
func (d *document) objectOf(n *yaml.Node, key string, at *yaml.Node) *yaml.Node {
	if o := child(n, key); o != nil {
		return o
	}
	k := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key, Line: at.Line, Column: at.Column}
	o := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: at.Line, Column: at.Column}
	d.files[k], d.files[o] = d.files[at], d.files[at]
	n.Content = append(n.Content, k, o)
	return o
}

// child is the value under a key of a mapping, nil if there is none.
func child(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	i := indexOf(n, key)
	if i < 0 {
		return nil
	}
	return n.Content[i+1]
}

// knobs reads the settings of a provider into the struct that declares them.
func (d *document) knobs(n *yaml.Node, path string, settings any) {
	d.object(n, path, reflect.ValueOf(settings).Elem())
}

// object reads the fields of a settings struct.
func (d *document) object(n *yaml.Node, path string, v reflect.Value) {
	var keys []key
	fields := provider.KnobFields(v.Type())
	for _, f := range fields {
		keys = append(keys, key{f.Name, func(n *yaml.Node, path string) { d.knob(n, path, f, v.Field(f.Index)) }})
	}
	given := d.mapping(n, path, keys...)
	for _, f := range fields {
		if f.Required && !given[f.Name] && n.Kind == yaml.MappingNode {
			d.complain(n, path, "%s is missing: %s", f.Name, f.Doc)
		}
	}
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
	case "integer":
		var i int
		d.integer(&i, f.Least)(n, path)
		v.SetInt(int64(i))
	case "map":
		d.mapKnob(n, path, f, v)
	case "list":
		list := reflect.MakeSlice(v.Type(), 0, len(n.Content))
		d.sequence(n, path, func(n *yaml.Node, path string) {
			item := reflect.New(v.Type().Elem()).Elem()
			d.knob(n, path, provider.KnobField{OneOf: f.OneOf}, item)
			list = reflect.Append(list, item)
		})
		v.Set(list)
	default:
		d.textKnob(n, path, f, v)
	}
}

// mapKnob reads the entries of a map over those there are.
func (d *document) mapKnob(n *yaml.Node, path string, f provider.KnobField, v reflect.Value) {
	if n.Kind != yaml.MappingNode {
		d.complain(n, path, "%s must be a map, it is %s", name(path), describeNode(n))
		return
	}
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := reflect.ValueOf(n.Content[i].Value)
		if !f.TakesKey(key.String()) {
			d.complain(n.Content[i], join(path, key.String()), "the keys of %s are like %s, not %q", name(path), f.Keys, key)
			continue
		}
		entry := reflect.New(v.Type().Elem()).Elem()
		if old := v.MapIndex(key); old.IsValid() {
			entry.Set(old)
		}
		d.knob(n.Content[i+1], join(path, n.Content[i].Value), provider.KnobField{OneOf: f.OneOf, Min: f.Min}, entry)
		v.SetMapIndex(key, entry)
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
		err := u.UnmarshalText([]byte(text))
		if d, ok := u.(*provider.Duration); ok && err == nil && int(*d) < f.Least {
			err = errors.New("must be above 0")
		}
		if err != nil {
			d.complain(n, path, "%s: %s", name(path), err)
		}
		return
	}
	v.SetString(text)
}
