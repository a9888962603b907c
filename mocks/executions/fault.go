package executions

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/mockpay/mockpay/provider"
)

// A fault is an item in the detail of a 422.
type fault struct {
	wording
	loc   []any
	input any    // what was sent, for the style pydantic2
	hint  string // for the caller
}

// A wording is how a fault is put. The documents print a few literally
// [R-err][CONV], in the words of Pydantic 1; the style documented has those where
// there are some, and otherwise the words of Pydantic 2, which the style
// pydantic2 has throughout. That the service speaks the latter is inferred from
// its OpenAPI 3.1 document.
type wording struct {
	outcome   string
	msg, kind string

	documentedMsg, documentedKind string // "": as above

	ctx provider.Object
}

var (
	missing = wording{outcome: validationError, msg: "Field required", kind: "missing",
		documentedMsg: "field required", documentedKind: "value_error.missing"}
	notText       = wording{outcome: validationError, msg: "Input should be a valid string", kind: "string_type"}
	notInteger    = wording{outcome: validationError, msg: "Input should be a valid integer", kind: "int_type"}
	noIntegerText = wording{outcome: validationError, msg: "Input should be a valid integer, unable to parse string as an integer", kind: "int_parsing"}
	fractional    = wording{outcome: validationError, msg: "Input should be a valid integer, got a number with a fractional part", kind: "int_from_float"}
	hugeInteger   = wording{outcome: validationError, msg: "Unable to parse input string as an integer, exceeded maximum size", kind: "int_parsing_size"}
	notNumber     = wording{outcome: validationError, msg: "Input should be a valid number", kind: "float_type"}
	noNumberText  = wording{outcome: validationError, msg: "Input should be a valid number, unable to parse string as a number", kind: "float_parsing"}
	notObject     = wording{outcome: validationError, msg: "Input should be a valid dictionary or object to extract fields from", kind: "model_attributes_type"}
	otherVersion  = wording{outcome: validationError, msg: "Input should be 'v1'", kind: "literal_error",
		ctx: provider.Object{{Key: "expected", Value: "'v1'"}}}

	tooSmall = wording{outcome: amountTooSmall, msg: "Input should be greater than or equal to 0.01", kind: "greater_than_equal",
		documentedMsg: "ensure this value is greater than or equal to 0.01", documentedKind: "value_error.number.not_ge",
		ctx: provider.Object{{Key: "ge", Value: provider.Minimal{Decimal: least}}}}
	badUUID = wording{outcome: invalidUUID, msg: "UUID version 4 expected", kind: "uuid_version",
		documentedMsg: "invalid uuid", documentedKind: "value_error",
		ctx: provider.Object{{Key: "expected_version", Value: 4}}}
	badPhone = wording{outcome: invalidPhone, msg: "String should match pattern '" + phone.String() + "'", kind: "string_pattern_mismatch",
		documentedMsg: "invalid phone", documentedKind: "value_error",
		ctx: provider.Object{{Key: "pattern", Value: phone.String()}}}
)

func notJSON(why error) wording {
	return wording{outcome: validationError, msg: "JSON decode error", kind: "json_invalid",
		ctx: provider.Object{{Key: "error", Value: why.Error()}}}
}

func notOneOf(valid []string) wording {
	last := len(valid) - 1
	expected := "'" + strings.Join(valid[:last], "', '") + "' or '" + valid[last] + "'"
	return wording{outcome: validationError, msg: "Input should be " + expected, kind: "enum",
		ctx: provider.Object{{Key: "expected", Value: expected}}}
}

func tooShort(length int) wording {
	return wording{outcome: validationError, msg: "String should have at least " + characters(length), kind: "string_too_short",
		ctx: provider.Object{{Key: "min_length", Value: length}}}
}

func tooLong(length int) wording {
	return wording{outcome: validationError, msg: "String should have at most " + characters(length), kind: "string_too_long",
		ctx: provider.Object{{Key: "max_length", Value: length}}}
}

func characters(n int) string {
	if n == 1 {
		return "1 character"
	}
	return fmt.Sprintf("%d characters", n)
}

func unlike(pattern *regexp.Regexp) wording {
	return wording{outcome: validationError, msg: "String should match pattern '" + pattern.String() + "'", kind: "string_pattern_mismatch",
		ctx: provider.Object{{Key: "pattern", Value: pattern.String()}}}
}

// item is the fault as the wire has it.
func (f *fault) item(style string) provider.Object {
	if style == pydantic2 {
		item := provider.Object{
			{Key: "type", Value: f.kind}, {Key: "loc", Value: f.loc}, {Key: "msg", Value: f.msg}, {Key: "input", Value: echo(f.input)},
		}
		if f.ctx != nil {
			item = append(item, provider.Member{Key: "ctx", Value: f.ctx})
		}
		return item
	}
	msg, kind := f.msg, f.kind
	if f.documentedMsg != "" {
		msg, kind = f.documentedMsg, f.documentedKind
	}
	return provider.Object{{Key: "loc", Value: f.loc}, {Key: "msg", Value: msg}, {Key: "type", Value: kind}}
}

// echo is a decoded value as JSON, its numbers as they came.
func echo(v any) jsontext.Value {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("executions: what was decoded can be encoded: " + err.Error())
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
