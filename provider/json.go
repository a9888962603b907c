package provider

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/shopspring/decimal"
)

// DecodeObject reads a body that must be one JSON object in UTF-8. Numbers stay
// as they were written, as json.Number.
func DecodeObject(body []byte) (map[string]any, error) {
	v, err := DecodeValue(body)
	if err != nil {
		return nil, err
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("the body is JSON but not an object: %s", kindOf(v))
	}
	return object, nil
}

// DecodeValue reads a body that must be one JSON value in UTF-8. Its errors are
// of type [*NotJSON].
func DecodeValue(body []byte) (any, error) {
	if !utf8.Valid(body) {
		return nil, &NotJSON{invalidAt(body), "the body is not valid UTF-8"}
	}
	if depth(body) > maxDepth {
		return nil, &NotJSON{0, fmt.Sprintf("the body is nested more than %d levels deep", maxDepth)}
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, decodeError(err, len(body))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		at := int(d.InputOffset())
		return nil, &NotJSON{at, fmt.Sprintf("the body goes on after the JSON value, at byte %d", at)}
	}
	return v, nil
}

// NotJSON says where and why a body is no JSON.
type NotJSON struct {
	At      int // the byte, from 0
	Message string
}

func (e *NotJSON) Error() string { return e.Message }

// invalidAt is where a text stops being UTF-8.
func invalidAt(text []byte) int {
	for i, r := range string(text) {
		if r != utf8.RuneError {
			continue
		}
		if _, size := utf8.DecodeRune(text[i:]); size == 1 {
			return i
		}
	}
	return len(text)
}

// maxDepth bounds the nesting of bodies. Many JSON readers give up at 512
// levels, and what comes in stands in the journal for them to read.
const maxDepth = 256

// depth is how deep a JSON text opens objects and arrays in each other.
func depth(body []byte) (deepest int) {
	level, quoted, escaped := 0, false, false
	for _, c := range body {
		switch {
		case escaped:
			escaped = false
		case quoted:
			escaped = c == '\\'
			quoted = c != '"'
		case c == '"':
			quoted = true
		case c == '{' || c == '[':
			level++
			deepest = max(deepest, level)
		case c == '}' || c == ']':
			level--
		}
	}
	return deepest
}

// decodeError says where a body of some length stops being JSON.
func decodeError(err error, length int) *NotJSON {
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.EOF):
		return &NotJSON{length, "the body is empty"}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &NotJSON{length, "the body ends in the middle of the JSON value"}
	case errors.As(err, &syntax):
		return &NotJSON{max(0, int(syntax.Offset)-1), fmt.Sprintf("the body is not JSON: %s at byte %d", syntax, syntax.Offset)}
	}
	return &NotJSON{0, fmt.Sprintf("the body is not JSON: %s", err)}
}

// kindOf names the JSON type of a decoded value.
func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case json.Number:
		return "a number"
	case string:
		return "a string"
	case []any:
		return "an array"
	}
	return "an object"
}

// Describe names the JSON type of a decoded value, for hints: "a string".
func Describe(v any, present bool) string {
	if !present {
		return "missing"
	}
	return kindOf(v)
}

// Limits of the decimals that are taken from outside. They are far beyond any
// money, and keep "1e999999999" from becoming a billion digits.
const (
	maxDigits   = 40
	maxExponent = 40
)

// ParseDecimal reads a decimal number as JSON and people write it.
func ParseDecimal(text string) (decimal.Decimal, error) {
	mantissa, exponent, found := strings.Cut(strings.ToLower(text), "e")
	if found {
		e, err := strconv.Atoi(exponent)
		if errors.Is(err, strconv.ErrSyntax) {
			return decimal.Decimal{}, fmt.Errorf("%q is not a decimal number", text)
		}
		if err != nil || e > maxExponent || e < -maxExponent {
			return decimal.Decimal{}, fmt.Errorf("%q is not a number of at most %d digits", text, maxDigits)
		}
	}
	if digits := len(strings.TrimLeft(strings.Replace(mantissa, ".", "", 1), "+-")); digits > maxDigits {
		return decimal.Decimal{}, fmt.Errorf("a number of %d digits is more than the %d that are kept", digits, maxDigits)
	}
	d, err := decimal.NewFromString(text)
	if err != nil {
		return decimal.Decimal{}, fmt.Errorf("%q is not a decimal number", text)
	}
	return d, nil
}

// Number reads a decoded JSON number; ok is false if it is none.
func Number(v any) (d decimal.Decimal, ok bool) {
	n, ok := v.(json.Number)
	if !ok {
		return d, false
	}
	d, err := ParseDecimal(n.String())
	return d, err == nil
}
