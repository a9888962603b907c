package provider

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/shopspring/decimal"
)

// Minimal is a number written with as few digits as it has: 50, 4.875.
type Minimal struct{ decimal.Decimal }

// MarshalJSONTo writes the number.
func (m Minimal) MarshalJSONTo(e *jsontext.Encoder) error {
	return e.WriteValue(appendNumber(nil, m.Decimal, 0))
}

// Cents is a number written with two decimals, 5.00, and more only where it has
// them.
type Cents struct{ decimal.Decimal }

// MarshalJSONTo writes the number.
func (c Cents) MarshalJSONTo(e *jsontext.Encoder) error {
	return e.WriteValue(appendNumber(nil, c.Decimal, 2))
}

// appendNumber writes a number with at least some decimals, and more only where
// it has them.
func appendNumber(b []byte, d decimal.Decimal, decimals int) []byte {
	const most = 18 // digits that fit into an int64
	places := -int(d.Exponent())
	if places < 0 || places > most || d.NumDigits() > most {
		return append(b, longNumber(d, int32(decimals))...)
	}
	n := d.CoefficientInt64()
	if n < 0 {
		b, n = append(b, '-'), -n
	}
	for places > decimals && n%10 == 0 {
		n, places = n/10, places-1
	}
	return appendPoint(b, n, places, decimals)
}

// appendPoint writes n with a point before its last places, and zeros up to a
// number of decimals.
func appendPoint(b []byte, n int64, places, decimals int) []byte {
	var text [20]byte
	digits := strconv.AppendInt(text[:0], n, 10)
	if whole := len(digits) - places; whole > 0 {
		b, digits = append(b, digits[:whole]...), digits[whole:]
	} else {
		b = append(b, '0')
	}
	if max(places, decimals) == 0 {
		return b
	}
	b = append(b, '.')
	for range places - len(digits) {
		b = append(b, '0')
	}
	b = append(b, digits...)
	for range decimals - places {
		b = append(b, '0')
	}
	return b
}

// longNumber is [appendNumber] for any number.
func longNumber(d decimal.Decimal, decimals int32) string {
	if d.Equal(d.Round(decimals)) {
		return d.StringFixed(decimals)
	}
	return d.String()
}

// An Object is written as a JSON object with its members in their order.
type Object []Member

// A Member is a key of an object with its value.
type Member struct {
	Key   string
	Value any
}

// Without is the object without some of its members.
func (o Object) Without(keys ...string) Object {
	return slices.DeleteFunc(slices.Clone(o), func(m Member) bool { return slices.Contains(keys, m.Key) })
}

// Only is the object with no members but some.
func (o Object) Only(keys ...string) Object {
	return slices.DeleteFunc(slices.Clone(o), func(m Member) bool { return !slices.Contains(keys, m.Key) })
}

// MarshalJSONTo writes the object.
func (o Object) MarshalJSONTo(e *jsontext.Encoder) error { return e.WriteValue(Encode(o)) }

// append writes the object behind what there is.
func (o Object) append(b []byte) []byte {
	b = append(b, '{')
	for i, m := range o {
		if i > 0 {
			b = append(b, ',')
		}
		if o[:i].has(m.Key) {
			panic(fmt.Sprintf("provider: an object has %q twice", m.Key))
		}
		b = append(appendText(b, m.Key), ':')
		b = appendValue(b, m.Value)
	}
	return append(b, '}')
}

// room is how long the object will be as JSON, in bytes, at a guess.
func (o Object) room() int {
	const member = 56 // as long as most are
	n := member
	for _, m := range o {
		if inner, ok := m.Value.(Object); ok {
			n += inner.room()
		}
		n += member
	}
	return n
}

func (o Object) has(key string) bool {
	for i := range o {
		if o[i].Key == key {
			return true
		}
	}
	return false
}

// appendValue writes a value. It knows what answers are made of for the most
// part, and leaves the rest to the library.
func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		return appendText(b, v)
	case Cents:
		return appendNumber(b, v.Decimal, 2)
	case Minimal:
		return appendNumber(b, v.Decimal, 0)
	case Object:
		return v.append(b)
	case []Object:
		return appendObjects(b, v)
	}
	text, err := jsonv2.Marshal(v, jsonv2.Deterministic(true))
	if err != nil {
		panic(fmt.Sprintf("provider: %T cannot be written as JSON: %v", v, err))
	}
	return append(b, text...)
}

func appendText(b []byte, text string) []byte {
	b, err := jsontext.AppendQuote(b, text)
	if err != nil {
		panic(fmt.Sprintf("provider: a text cannot be written as JSON: %v", err))
	}
	return b
}

func appendObjects(b []byte, all []Object) []byte {
	b = append(b, '[')
	for i, o := range all {
		if i > 0 {
			b = append(b, ',')
		}
		b = o.append(b)
	}
	return append(b, ']')
}

// Raw returns a decoded scalar as the JSON it came as.
func Raw(v any) jsontext.Value {
	if n, ok := v.(json.Number); ok {
		return jsontext.Value(n.String())
	}
	return jsontext.Value(Encode(v))
}

// Encode writes a value as compact JSON with nothing escaped that need not be,
// structs in the order of their fields. What providers write can be written by
// construction, so a failure is a mistake in the program.
func Encode(v any) []byte {
	if o, ok := v.(Object); ok {
		return o.append(make([]byte, 0, o.room()))
	}
	return appendValue(nil, v)
}

// JSON is an answer with a JSON body.
func JSON(status int, v any) *Response {
	return &Response{Status: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: Encode(v)}
}

// OK is a 200 answer with a JSON body.
func OK(v any) (*Response, error) { return JSON(http.StatusOK, v), nil }
