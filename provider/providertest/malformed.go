package providertest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/mockpay/mockpay/provider"
)

// A body is the parameters of a call that make no sense.
type body struct {
	name string
	text string
}

// depth is how deep the nested ones go.
const depth = 10_000

// bodies are malformed for every provider.
var bodies = []body{
	{"Empty", ""},
	{"Blank", " \r\n\t "},
	{"TruncatedObject", `{"a":1,`},
	{"TruncatedKey", `{"a`},
	{"TruncatedText", `{"a":"b`},
	{"TruncatedEscape", `{"a":"\u00`},
	{"Brace", `{`},
	{"Null", `null`},
	{"Boolean", `true`},
	{"Number", `12`},
	{"Text", `"text"`},
	{"Array", `[]`},
	{"ArrayOfObject", `[{}]`},
	{"EmptyObject", `{}`},
	{"NullKeyed", `{"":null}`},
	{"Comment", `{/* none */}`},
	{"LineComment", "{} // none"},
	{"TrailingComma", `{"a":1,}`},
	{"SingleQuotes", `{'a':1}`},
	{"NoQuotes", `{a:1}`},
	{"NotANumber", `{"a":NaN}`},
	{"LeadingZero", `{"a":01}`},
	{"HexNumber", `{"a":0x1F}`},
	{"ControlCharacter", "{\"a\":\"\x01\"}"},
	{"InvalidUTF8", "{\"a\":\"\xff\xfe\"}"},
	{"InvalidUTF8Alone", "\x80\xbf\xc0"},
	{"LoneSurrogate", `{"a":"\ud800"}`},
	{"NULs", "\x00\x00\x00\x00"},
	{"NULInside", "{\x00}"},
	{"NULBehind", "{}\x00"},
	{"EscapedNUL", `{"\u0000":"\u0000"}`},
	{"SecondObject", `{}{}`},
	{"TrailingGarbage", `{} trailing`},
	{"TrailingBrace", `{}}`},
	{"ByteOrderMark", "\ufeff{}"},
	{"UTF16", "\xff\xfe{\x00}\x00"},
	{"HugeNumber", `1e999999999`},
	{"HugeNumberInside", `{"a":1e999999999,"b":-1e999999999,"c":1e-999999999}`},
	{"ManyDigits", `{"a":` + strings.Repeat("9", 5000) + `}`},
	{"DeepArray", strings.Repeat("[", depth) + strings.Repeat("]", depth)},
	{"DeepObject", strings.Repeat(`{"a":`, depth) + "1" + strings.Repeat("}", depth)},
	{"DeepArrayInside", `{"a":` + strings.Repeat("[", depth-1) + strings.Repeat("]", depth-1) + `}`},
	{"DeepUnclosed", strings.Repeat("[", 10*depth)},
	{"ManyKeys", "{" + manyKeys(2000) + "}"},
	{"Form", "a=b&c=%zz&=&&d"},
	{"XML", "<?xml version='1.0'?><a/>"},
	{"Gzip", "\x1f\x8b\x08\x00\x00\x00\x00\x00"},
	{"TwoMebibytesOfText", `{"a":"` + strings.Repeat("x", 2<<20) + `"}`},
	{"TwoMebibytesOfBlanks", "{" + strings.Repeat(" ", 2<<20) + "}"},
}

// ofGet are those for operations whose calls have no body; there is less to get
// wrong.
var ofGet = []string{"Empty", "TruncatedObject", "Array", "InvalidUTF8", "DeepUnclosed", "OverTheLimit"}

func manyKeys(n int) string {
	var keys []string
	for i := range n {
		keys = append(keys, fmt.Sprintf(`"k%d":%d`, i, i))
	}
	return strings.Join(keys, ",")
}

// malformedBodiesAreRefused sends each operation what it cannot make sense of.
func malformedBodiesAreRefused(t *testing.T, s *subject) {
	s.operations(t, func(t *testing.T, op *provider.Operation) {
		w := s.world(t)
		usual := w.call(w.Caller, op)
		all := append(bodies[:len(bodies):len(bodies)],
			body{"AtTheLimit", strings.Repeat(" ", int(s.bodyLimit()))},
			body{"OverTheLimit", strings.Repeat(" ", int(s.bodyLimit())+1)})
		if op.Name != s.first().Name { // how much is read does not depend on the operation
			all = slices.DeleteFunc(all, func(b body) bool { return len(b.text) > large })
		}
		if op.Method == http.MethodGet {
			all = slices.DeleteFunc(all, func(b body) bool { return !slices.Contains(ofGet, b.name) })
		}
		reason, lenient := s.Lenient[op.Name]
		assert.Equal(t, lenient, reason != "", "Suite.Lenient says why")
		for _, b := range all {
			t.Run(b.name, func(t *testing.T) {
				w.in(t).takesOrRefuses(op, usual, []byte(b.text), lenient)
			})
		}
		for i, text := range s.Malformed[op.Name] {
			t.Run(fmt.Sprintf("Own%d", i), func(t *testing.T) {
				w.in(t).takesOrRefuses(op, usual, []byte(text), false)
			})
		}
		w.moneyIsRight()
	})
}

// large bodies, in bytes, are tried with one operation only.
const large = 100_000

// first is the first operation that takes a body.
func (s *subject) first() *provider.Operation {
	i := slices.IndexFunc(s.mock.Operations, func(op provider.Operation) bool { return op.Method != http.MethodGet })
	return &s.mock.Operations[max(i, 0)]
}

// bodyLimit is the largest body that the mock takes.
func (s *subject) bodyLimit() int64 {
	if s.mock.BodyLimit > 0 {
		return s.mock.BodyLimit
	}
	return provider.BodyLimit
}

// takesOrRefuses sends a malformed body, which only lenient operations may take.
func (w *world) takesOrRefuses(op *provider.Operation, usual *Answer, text []byte, lenient bool) {
	w.Helper()
	before := w.holds()
	req := w.Raw(w.Caller, op.Name, text)

	a := w.Do(req)

	assert.Less(w, a.Status, 500, "%s", a)
	assert.Equal(w, usual.Header.Get("Content-Type"), a.Header.Get("Content-Type"))
	assert.Equal(w, w.full(op), a.Header.Get("X-Mockpay-Operation"))
	compact(w, a)
	if !lenient {
		assert.NotEmpty(w, a.Hint(), "%s", a)
		w.Refusal(w, a)
		assert.Equal(w, before, w.holds(), "a refused call leaves nothing behind")
	}

	tooLarge := w.newest(op, a).Outcome == provider.TooLarge
	assert.Equal(w, req.ContentLength > w.bodyLimit(), tooLarge, "%d bytes, %d are taken", req.ContentLength, w.bodyLimit())
	if tooLarge {
		assert.Equal(w, w.mock.Outcome(provider.TooLarge).Status, a.Status)
	}
}
