package scenarios

import (
	"reflect"

	"github.com/mockpay/mockpay/provider"
)

func (l *Language) providersSchema() schema {
	all := schema{}
	for _, m := range l.mocks {
		all[m.Name] = objectSchema("Opening state and knobs of "+m.Title+".", reflect.ValueOf(m.Settings()).Elem(), true)
	}
	return closed("Opening state and knobs of each provider.", all)
}

// objectSchema is a settings struct. Its values are the defaults, where it has
// some.
func objectSchema(doc string, v reflect.Value, defaults bool) schema {
	properties, required := schema{}, []string{}
	for _, f := range provider.KnobFields(v.Type()) {
		field := v.Field(f.Index)
		properties[f.Name] = knobSchema(f, field, defaults)
		for _, also := range f.Also {
			if also != f.Name { // as some are called in the enclosing object
				properties[also] = aliasSchema(f.Name, f, field)
			}
		}
		if provider.KnobType(field.Type()) == "object" {
			for _, inner := range provider.KnobFields(field.Type()) {
				for _, also := range inner.Also {
					properties[also] = aliasSchema(f.Name+"."+inner.Name, inner, field.Field(inner.Index))
				}
			}
		}
		if f.Required {
			required = append(required, f.Name)
		}
	}
	s := closed(doc, properties)
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

// aliasSchema is a setting under another of its names.
func aliasSchema(name string, f provider.KnobField, v reflect.Value) schema {
	return knobSchema(f, v, false).about("Another name of " + name + ".")
}

// knobSchema is one setting, as its type says.
func knobSchema(f provider.KnobField, v reflect.Value, defaults bool) schema {
	s := knobKind(f, v, defaults)
	switch kind := provider.KnobType(v.Type()); {
	case !defaults || kind == "object":
	case kind == "map" && v.Len() == 0, kind == "list" && v.Len() == 0:
	default:
		s["default"] = v.Interface()
	}
	return s
}

func knobKind(f provider.KnobField, v reflect.Value, defaults bool) schema {
	switch provider.KnobType(v.Type()) {
	case "object":
		return objectSchema(f.Doc, v, defaults)
	case "boolean":
		return booleanSchema(f.Doc)
	case "decimal":
		return decimalSchema(f)
	case "integer":
		return countSchema(f.Doc, f.Least)
	case "duration":
		s := durationSchema(f.Doc)
		if f.Least > 0 {
			s["not"] = schema{"enum": []any{0, "0", "0s"}}
		}
		return s
	case "map":
		return mapSchema(f, v)
	case "list":
		item := reflect.New(v.Type().Elem()).Elem()
		return list(f.Doc, knobSchema(provider.KnobField{OneOf: f.OneOf}, item, false))
	}
	if v.Type() == reflect.TypeFor[provider.Optional]() {
		return schema{"type": []string{"number", "string"}, "pattern": `^(none)?$|^[+-]?` + digits}.about(f.Doc)
	}
	if values := f.Values(v.Type()); len(values) > 0 {
		return schema{"enum": values}.about(f.Doc)
	}
	return textSchema(f.Doc)
}

func decimalSchema(f provider.KnobField) schema {
	s := numberSchema(f.Doc)
	if f.Min != nil {
		s["minimum"] = f.Min.InexactFloat64()
		if f.Min.Sign() >= 0 {
			s["pattern"] = `^\+?` + digits
		}
	}
	return s
}

// mapSchema is a map of entries that users name. Those there are by default
// are offered.
func mapSchema(f provider.KnobField, v reflect.Value) schema {
	entry := func() schema {
		return knobSchema(provider.KnobField{}, reflect.New(v.Type().Elem()).Elem(), false)
	}
	known := schema{}
	for _, key := range v.MapKeys() {
		known[key.String()] = entry()
	}
	return schema{"type": "object", "properties": known, "additionalProperties": entry()}.about(f.Doc)
}
