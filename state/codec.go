package state

import (
	"bytes"
	"encoding"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/shopspring/decimal"
)

// A codec writes records of one type as documents, and reads them back.
//
// A document is JSON, or packed where the store lives no longer than the program:
// a mark, and then the fields' values in their order. Packed documents take a
// quarter of the room and a fraction of the time. What is read from one is what
// would be read from JSON to the last detail, for snapshots hold JSON and a
// restored workspace must go on as the saved one would have.
type codec[T any] struct {
	packer packer // zero if the type can only be JSON
}

// packedMark begins what is packed; no JSON begins so.
const packedMark = 0

func newCodec[T any]() codec[T] {
	p, _ := newPacker(reflect.TypeFor[T](), false, 0)
	return codec[T]{p}
}

// document writes a record. It is to be put at once: what is packed stands where
// the next document will.
func (c codec[T]) document(tx *Tx, rec *T) []byte {
	if !tx.packs || c.packer.pack == nil {
		return encode(*rec)
	}
	tx.scratch = append(tx.scratch[:0], packedMark)
	tx.scratch = c.packer.pack(tx.scratch, reflect.ValueOf(rec).Elem())
	return tx.scratch
}

// decode reads a document into a record, which must be zero.
func (c codec[T]) decode(doc []byte, rec *T) {
	if len(doc) == 0 || doc[0] != packedMark {
		decode(doc, rec)
		return
	}
	c.packer.unpack(&packed{string(doc[1:])}, reflect.ValueOf(rec).Elem())
}

// A packer writes and reads values of one type. They can be addressed, and those
// to read into are zero.
type packer struct {
	pack   func(doc []byte, v reflect.Value) []byte
	unpack func(from *packed, v reflect.Value)
}

// packed is what is left to be read.
type packed struct{ left string }

func (p *packed) take(n int) (text string) {
	text, p.left = p.left[:n], p.left[n:]
	return text
}

func (p *packed) uvarint() (n uint64) {
	for shift := 0; ; shift += 7 {
		b := p.take(1)[0]
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
	}
}

func (p *packed) varint() int64 {
	n := p.uvarint()
	return int64(n>>1) ^ -int64(n&1)
}

var (
	timeType    = reflect.TypeFor[time.Time]()
	decimalType = reflect.TypeFor[decimal.Decimal]()
	rawType     = reflect.TypeFor[json.RawMessage]()
)

// newPacker returns the packer of a type; ok is false if JSON depends on more
// than the type. With omitempty, a value that is empty reads as one not there.
func newPacker(t reflect.Type, omitempty bool, depth int) (p packer, ok bool) {
	const deepest = 10 // types that hold themselves have no end
	switch {
	case depth > deepest:
		return p, false
	case t == timeType:
		return packer{packTime, unpackTime}, true
	case t == decimalType:
		return packer{packDecimal, unpackDecimal}, true
	case t == rawType:
		return packer{packRaw(omitempty), unpackRaw}, true
	case oneSided(t):
		return p, false // written in another way where it has an address
	case named(t):
		return packer{packString, unpackNamed}, true
	case special(t):
		return textPacker(omitempty), true
	}
	switch t.Kind() {
	case reflect.String:
		return packer{packString, unpackString}, true
	case reflect.Bool:
		return packer{packBool, unpackBool}, true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return packer{packInt, unpackInt}, true
	case reflect.Struct:
		return newStructPacker(t, depth+1)
	case reflect.Slice:
		if t.Elem().Kind() != reflect.Uint8 { // that is base64
			return newSlicePacker(t, omitempty, depth+1)
		}
	}
	return textPacker(omitempty), true
}

// methods that say how JSON has a type.
var (
	marshalers   = []reflect.Type{reflect.TypeFor[json.Marshaler](), reflect.TypeFor[encoding.TextMarshaler]()}
	unmarshalers = []reflect.Type{reflect.TypeFor[json.Unmarshaler](), reflect.TypeFor[encoding.TextUnmarshaler]()}
)

func implements(t reflect.Type, any []reflect.Type) bool {
	return t.Implements(any[0]) || t.Implements(any[1])
}

// oneSided tells whether only pointers to a type know how to write it.
func oneSided(t reflect.Type) bool {
	return !implements(t, marshalers) && implements(reflect.PointerTo(t), marshalers)
}

// special tells whether a type says itself how it is written or read.
func special(t reflect.Type) bool {
	return implements(t, marshalers) || implements(reflect.PointerTo(t), unmarshalers)
}

func packString(doc []byte, v reflect.Value) []byte {
	text := stored(v.String())
	return append(binary.AppendUvarint(doc, uint64(len(text))), text...)
}

func unpackString(from *packed, v reflect.Value) { v.SetString(from.take(int(from.uvarint()))) }

// named tells whether a type is a text that checks what it is read from.
func named(t reflect.Type) bool {
	pointer := reflect.PointerTo(t)
	return t.Kind() == reflect.String && !implements(t, marshalers) && pointer.Implements(unmarshalers[1]) && !pointer.Implements(unmarshalers[0])
}

func unpackNamed(from *packed, v reflect.Value) {
	text := from.text()
	if err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)); err != nil {
		panic(fmt.Sprintf("state: stored %s cannot be read: %v", v.Type(), err))
	}
}

func packBool(doc []byte, v reflect.Value) []byte {
	if v.Bool() {
		return append(doc, 1)
	}
	return append(doc, 0)
}

func unpackBool(from *packed, v reflect.Value) { v.SetBool(from.take(1)[0] == 1) }

func packInt(doc []byte, v reflect.Value) []byte { return binary.AppendVarint(doc, v.Int()) }

func unpackInt(from *packed, v reflect.Value) { v.SetInt(from.varint()) }

// textPacker packs what it does not know as JSON. A length of zero is a value
// that is not there.
func textPacker(omitempty bool) packer {
	return packer{
		func(doc []byte, v reflect.Value) []byte {
			if omitempty && empty(v) {
				return append(doc, 0)
			}
			return appendText(doc, encode(v.Interface()))
		},
		func(from *packed, v reflect.Value) {
			if text := from.text(); text != "" {
				decode([]byte(text), v.Addr().Interface())
			}
		},
	}
}

func appendText(doc, text []byte) []byte {
	return append(binary.AppendUvarint(doc, uint64(len(text))), text...)
}

func (p *packed) text() string { return p.take(int(p.uvarint())) }

// empty tells whether encoding/json leaves a value out with omitempty.
func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

// packRaw keeps a document as encoding/json writes it: compact.
func packRaw(omitempty bool) func([]byte, reflect.Value) []byte {
	return func(doc []byte, v reflect.Value) []byte {
		raw := v.Bytes()
		switch {
		case len(raw) == 0 && omitempty:
			return append(doc, 0)
		case raw == nil:
			return appendText(doc, []byte("null"))
		case dense(raw) && jsontext.Value(raw).IsValid():
			return appendText(doc, raw)
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, raw); err != nil {
			panic(fmt.Sprintf("state: json.RawMessage cannot be stored: %v", err))
		}
		return appendText(doc, compact.Bytes())
	}
}

// dense tells whether a document has no white space but in its texts.
func dense(raw []byte) bool {
	quoted := false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\\':
			i++
		case c <= ' ' && !quoted:
			return false
		}
	}
	return true
}

func unpackRaw(from *packed, v reflect.Value) {
	if text := from.text(); text != "" {
		v.SetBytes([]byte(text))
	}
}

// Kinds of packed times.
const (
	timeJSON = iota
	timeUTC  // seconds and nanoseconds
)

func packTime(doc []byte, v reflect.Value) []byte {
	at := v.Addr().Interface().(*time.Time)
	if y := at.Year(); at.Location() != time.UTC || y < 0 || y > 9999 {
		return appendText(append(doc, timeJSON), encode(*at))
	}
	doc = binary.AppendVarint(append(doc, timeUTC), at.Unix())
	return binary.AppendUvarint(doc, uint64(at.Nanosecond()))
}

func unpackTime(from *packed, v reflect.Value) {
	at := v.Addr().Interface().(*time.Time)
	if from.take(1)[0] == timeJSON {
		decode([]byte(from.text()), at)
		return
	}
	seconds := from.varint()
	*at = time.Unix(seconds, int64(from.uvarint())).UTC()
}

// packDecimal writes the coefficient and the number of decimals that the number
// has when it is read from its text, or the text if it is long. The first number
// is twice the decimals, or twice the length and one.
func packDecimal(doc []byte, v reflect.Value) []byte {
	d := *v.Addr().Interface().(*decimal.Decimal)
	if c, places, ok := shortest(d); ok {
		return binary.AppendVarint(binary.AppendUvarint(doc, uint64(places)<<1), c)
	}
	text := d.String()
	return append(binary.AppendUvarint(doc, uint64(len(text))<<1|1), text...)
}

func unpackDecimal(from *packed, v reflect.Value) {
	*v.Addr().Interface().(*decimal.Decimal) = from.decimal()
}

func (p *packed) decimal() decimal.Decimal {
	n := p.uvarint()
	if n&1 == 1 {
		return decimal.RequireFromString(p.take(int(n >> 1)))
	}
	if c := p.varint(); c != 0 {
		return decimal.New(c, -int32(n>>1))
	}
	return zero
}

// zero is what most amounts of a record are: that of a refund, of a fee.
var zero = decimal.New(0, 0)

// shortest is a number without zeros at the end of its decimals; ok is false if
// it does not fit.
func shortest(d decimal.Decimal) (coefficient int64, places int, ok bool) {
	const most = 18 // digits that always fit
	exponent := int(d.Exponent())
	if d.NumDigits() > most || d.NumDigits()+max(exponent, 0) > most {
		return 0, 0, false
	}
	coefficient = d.CoefficientInt64()
	for ; exponent > 0; exponent-- {
		coefficient *= 10
	}
	for ; exponent < 0 && coefficient%10 == 0; exponent++ {
		coefficient /= 10
	}
	return coefficient, -exponent, true
}

// A packedField is a field of a struct that JSON has.
type packedField struct {
	packer
	index int
}

func newStructPacker(t reflect.Type, depth int) (packer, bool) {
	var fields []packedField
	names := make(map[string]bool)
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" {
			name = f.Name
		}
		switch {
		case f.Tag.Get("json") == "-", !f.IsExported() && !f.Anonymous:
			continue
		case f.Anonymous, options != "" && options != "omitempty", names[name]:
			return packer{}, false
		}
		names[name] = true
		p, ok := newPacker(f.Type, options == "omitempty", depth)
		if !ok {
			return packer{}, false
		}
		fields = append(fields, packedField{p, i})
	}
	return packer{
		func(doc []byte, v reflect.Value) []byte {
			for i := range fields {
				doc = fields[i].pack(doc, v.Field(fields[i].index))
			}
			return doc
		},
		func(from *packed, v reflect.Value) {
			for i := range fields {
				fields[i].unpack(from, v.Field(fields[i].index))
			}
		},
	}, true
}

// newSlicePacker writes the length and one, then the elements; zero is a slice
// that is nil.
func newSlicePacker(t reflect.Type, omitempty bool, depth int) (packer, bool) {
	if t.Elem().Kind() == reflect.Struct && t.Elem().NumField() == 0 {
		return textPacker(omitempty), true // they take no room
	}
	element, ok := newPacker(t.Elem(), false, depth)
	return packer{
		func(doc []byte, v reflect.Value) []byte {
			if v.IsNil() || omitempty && v.Len() == 0 {
				return append(doc, 0)
			}
			doc = binary.AppendUvarint(doc, uint64(v.Len())+1)
			for i := range v.Len() {
				doc = element.pack(doc, v.Index(i))
			}
			return doc
		},
		func(from *packed, v reflect.Value) {
			n := int(from.uvarint()) - 1
			if n < 0 {
				return
			}
			v.Set(reflect.MakeSlice(t, n, n))
			for i := range n {
				element.unpack(from, v.Index(i))
			}
		},
	}, ok
}
