package scenarios

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/mockpay/mockpay/clock"
)

// A schema is a part of a JSON Schema.
type schema map[string]any

// Schema returns the language as a JSON Schema, draft 2020-12, for editors (with
// their keyword patternErrorMessage, which others pass over): it
// completes and checks what the parser knows. Each key has a function that
// returns its part. A scenario that the parser takes is valid; what a schema
// cannot say, such as a regular expression that is none, only the parser finds.
func (l *Language) Schema() []byte {
	root := closed("A mockpay scenario: how a workspace begins, and what goes wrong in it.", schema{
		"version":     schema{"enum": []any{1, "1"}, "description": "The version of the language: 1."},
		"name":        textSchema("What the scenario is called; without it, the file's name."),
		"description": textSchema("What it shows, and to whom."),
		"extends":     l.extendsSchema(),
		"seed":        seedSchema(),
		"clock":       clockSchema(),
		"providers":   l.providersSchema(),
		"rules":       list("When this call comes, do that. The first rule that acts decides a call.", ref("rule")),
		"timeline":    l.timelineSchema(),
		"expect":      l.expectSchema(),
	})
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["required"] = []string{"version"}
	root["$defs"] = schema{"rule": l.ruleSchema(), "conditions": conditionsSchema(), "condition": conditionSchema()}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(root); err != nil {
		panic(fmt.Sprintf("scenarios: the schema cannot be written: %v", err))
	}
	return b.Bytes()
}

func (l *Language) extendsSchema() schema {
	return schema{
		"description": "A shipped scenario, or a file beside this one. Maps merge key by key, scalars and lists of this file replace, its rules come first.",
		"anyOf":       []schema{{"enum": l.shippedNames()}, {"type": "string", "minLength": 1}},
	}
}

func seedSchema() schema {
	return wholeSchema("What ids and chance are drawn from; without it, it is drawn.", `^[+-]?[0-9]+$`)
}

func clockSchema() schema {
	return closed("The workspace's time; without it, real time from now.", schema{
		"start":  schema{"type": "string", "description": "When it begins: 2026-01-15T09:00:00Z.", "pattern": `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d`},
		"frozen": booleanSchema("It stands still until it is moved."),
		"speed": numberSchema("How many times faster than real time it runs.").with(schema{
			"exclusiveMinimum": 0, "maximum": clock.MaxSpeed,
		}),
	})
}

// What follows are the kinds of values. A text may be written as a number or a
// boolean too, as YAML reads it.

func textSchema(doc string) schema {
	return schema{"type": []string{"string", "number", "boolean"}}.about(doc)
}

func booleanSchema(doc string) schema { return schema{"type": "boolean"}.about(doc) }

// wholeSchema is a whole number, also in quotes.
func wholeSchema(doc, quoted string) schema {
	return schema{"type": []string{"integer", "string"}, "pattern": quoted}.about(doc)
}

// countSchema is a whole number of at least least.
func countSchema(doc string, least int) schema {
	return wholeSchema(doc, `^\+?[0-9]+$`).with(schema{"minimum": least})
}

// numberSchema is a decimal number, also in quotes.
func numberSchema(doc string) schema {
	return schema{"type": []string{"number", "string"}, "pattern": `^[+-]?` + digits}.about(doc)
}

const digits = `([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$`

// durationSchema is "15m"; 0 needs no unit.
func durationSchema(doc string) schema {
	return schema{"anyOf": []schema{
		{
			"type": "string", "patternErrorMessage": "a duration is written like 15m or 1h30m",
			"pattern": `^\+?(0|(([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$`,
		},
		{"const": 0},
	}}.about(doc)
}

// closed is a map with these keys and no others.
func closed(doc string, properties schema) schema {
	return schema{"type": "object", "properties": properties, "additionalProperties": false}.about(doc)
}

func list(doc string, items schema) schema {
	return schema{"type": "array", "items": items}.about(doc)
}

func ref(name string) schema { return schema{"$ref": "#/$defs/" + name} }

// about says what a value is for.
func (s schema) about(doc string) schema {
	if doc != "" {
		s["description"] = doc
	}
	return s
}

// with adds to a schema.
func (s schema) with(more schema) schema {
	for k, v := range more {
		s[k] = v
	}
	return s
}
