package provider_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/provider"
)

func TestDecodeObjectTakesStrictJSON(t *testing.T) {
	tests := []struct {
		name, body string
		want       map[string]any
	}{
		{"Empty", `{}`, map[string]any{}},
		{"Spread", "\r\n\t { \"a\" :\n1 } \n", map[string]any{"a": json.Number("1")}},
		{"AllKinds", `{"o":{"k":null},"l":[true,false,"t"],"n":-1.50}`, map[string]any{
			"o": map[string]any{"k": nil}, "l": []any{true, false, "t"}, "n": json.Number("-1.50")}},
		{"NumbersAsWritten", `{"a":1.0,"b":1e3,"c":1E+3,"d":-0,"e":123456789012345678901234567890,"f":1e999999999}`, map[string]any{
			"a": json.Number("1.0"), "b": json.Number("1e3"), "c": json.Number("1E+3"), "d": json.Number("-0"),
			"e": json.Number("123456789012345678901234567890"), "f": json.Number("1e999999999")}},
		{"Escapes", `{"\u0061":"\"\\\/\b\f\n\r\t\u0000\ud83d\ude00"}`, map[string]any{"a": "\"\\/\b\f\n\r\t\x00😀"}},
		{"UTF8", "{\"é\":\"漢🏦\u2028\"}", map[string]any{"é": "漢🏦\u2028"}},
		{"EmptyKey", `{"":""}`, map[string]any{"": ""}},
		{"BracketsInText", `{"a":"` + strings.Repeat(`[{\"`, 1000) + `"}`, map[string]any{"a": strings.Repeat(`[{"`, 1000)}},
		{"DeepEnough", `{"a":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`, map[string]any{"a": nest(100)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := provider.DecodeObject([]byte(tt.body))
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
}

// nest is so many arrays in each other.
func nest(levels int) any {
	var v any = []any{}
	for range levels - 1 {
		v = []any{v}
	}
	return v
}

func TestDecodeObjectSaysWhatIsWrong(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"Nothing", "", "the body is empty"},
		{"Blanks", " \r\n\t", "the body is empty"},
		{"OpenObject", `{`, "the body ends in the middle of the JSON value"},
		{"OpenText", `{"a":"b`, "the body ends in the middle of the JSON value"},
		{"OpenEscape", `{"a":"\u00`, "the body ends in the middle of the JSON value"},
		{"NoValue", `{"a":}`, "the body is not JSON: invalid character '}' looking for beginning of value at byte 6"},
		{"Comment", `{"a":1} // one`, "the body goes on after the JSON value"},
		{"CommentInside", `{/**/}`, "the body is not JSON"},
		{"TrailingComma", `{"a":1,}`, "the body is not JSON"},
		{"SingleQuotes", `{'a':1}`, "the body is not JSON"},
		{"BareKey", `{a:1}`, "the body is not JSON"},
		{"PlusSign", `{"a":+1}`, "the body is not JSON"},
		{"LeadingZero", `{"a":01}`, "the body is not JSON"},
		{"BareFraction", `{"a":.5}`, "the body is not JSON"},
		{"EndlessFraction", `{"a":5.}`, "the body is not JSON"},
		{"NaN", `{"a":NaN}`, "the body is not JSON"},
		{"Infinity", `{"a":-Infinity}`, "the body is not JSON"},
		{"ControlCharacter", "{\"a\":\"\x01\"}", "the body is not JSON"},
		{"LineEndInText", "{\"a\":\"\n\"}", "the body is not JSON"},
		{"UnknownEscape", `{"a":"\x"}`, "the body is not JSON"},
		{"ByteOrderMark", "\ufeff{}", "the body is not JSON"},
		{"Form", "a=1&b=2", "the body is not JSON"},
		{"NUL", "\x00", "the body is not JSON"},
		{"NULBehind", "{}\x00", "the body goes on after the JSON value"},
		{"SecondObject", `{}{}`, "the body goes on after the JSON value, at byte"},
		{"SecondBrace", `{}}`, "the body goes on after the JSON value"},
		{"Comma", `{},`, "the body goes on after the JSON value"},
		{"Null", `null`, "the body is JSON but not an object: null"},
		{"Boolean", `true`, "the body is JSON but not an object: a boolean"},
		{"Number", `12`, "the body is JSON but not an object: a number"},
		{"Text", `"{}"`, "the body is JSON but not an object: a string"},
		{"Array", `[{}]`, "the body is JSON but not an object: an array"},
		{"InvalidUTF8", "{\"a\":\"\xff\"}", "the body is not valid UTF-8"},
		{"OverlongUTF8", "{\"a\":\"\xc0\xaf\"}", "the body is not valid UTF-8"},
		{"SurrogateInUTF8", "{\"a\":\"\xed\xa0\x80\"}", "the body is not valid UTF-8"},
		{"CutCharacter", "{\"a\":\"é", "the body ends in the middle of the JSON value"},
		{"DeepArray", `{"a":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`, "deep"},
		{"DeepObject", strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000), "deep"},
		{"DeepAfterQuotes", `{"a\\":"\\","b":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}`, "deep"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := provider.DecodeObject([]byte(tt.body))
			require.ErrorContains(t, err, tt.want)
			assert.Nil(t, got)
		})
	}
}

func TestDescribeNamesTypes(t *testing.T) {
	for want, v := range map[string]any{
		"null": nil, "a boolean": true, "a number": json.Number("1"), "a string": "x", "an array": []any{}, "an object": map[string]any{},
	} {
		assert.Equal(t, want, provider.Describe(v, true))
		assert.Equal(t, "missing", provider.Describe(v, false))
	}
}

func TestParseDecimalKeepsEveryDigit(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0", "-0": "0", "0.0": "0", "1": "1", "+1": "1", "-1.50": "-1.5", "007": "7", ".5": "0.5", "5.": "5",
		"50.00": "50", "4.875": "4.875", "1e3": "1000", "1E3": "1000", "1e+3": "1000", "1e-3": "0.001", "12.5e1": "125",
		"0.1": "0.1", "9007199254740993": "9007199254740993", "0.30000000000000004": "0.30000000000000004",
		"1e40":                  "1" + strings.Repeat("0", 40),
		"1e-40":                 "0." + strings.Repeat("0", 39) + "1",
		strings.Repeat("9", 40): strings.Repeat("9", 40),
	} {
		d, err := provider.ParseDecimal(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, d.String(), text)
	}
}

// A number of 40 digits is taken, wherever its point and its sign are.
func TestParseDecimalCountsDigits(t *testing.T) {
	forty := "1234567890123456789012345678901234567890"
	for _, text := range []string{forty, "-" + forty, "+" + forty, forty[:20] + "." + forty[20:], "-" + forty[:1] + "." + forty[1:], "-" + forty + "e2"} {
		d, err := provider.ParseDecimal(text)
		if assert.NoError(t, err, "%d digits", 40) {
			assert.True(t, d.Equal(decimal.RequireFromString(text)), text)
		}
	}
}

func TestParseDecimalRefuses(t *testing.T) {
	for _, text := range []string{
		"", " ", "-", "+", ".", "e", "e5", "1e", "1e+", "-e1", "1.2.3", "1,5", "1 ", " 1", "1_000", "0x10", "1e1.5", "1e5e5", "--1", "+-1", ".-5",
		"NaN", "Inf", "-Infinity", "ten", "١", "1\x00", "1\n", "$1", "1/2",
		"1e41", "1e-41", "1e999999999", "-1e999999999", "1e-999999999", "0e999999999", "1e99999999999999999999", "1E1000",
		strings.Repeat("9", 42), "0." + strings.Repeat("0", 50) + "1", strings.Repeat("9", 1_000_000),
	} {
		d, err := provider.ParseDecimal(text)
		if assert.Error(t, err, shorten(text)) {
			assert.Zero(t, d)
		}
	}
}

func shorten(text string) string { return fmt.Sprintf("%.50q", text) }

func TestNumberReadsJSONNumbersOnly(t *testing.T) {
	d, ok := provider.Number(json.Number("4.8750"))
	assert.True(t, ok)
	assert.Equal(t, "4.875", d.String())
	for _, v := range []any{nil, "4.875", 4.875, true, []any{}, json.Number(""), json.Number("1e999999999")} {
		_, ok := provider.Number(v)
		assert.False(t, ok, "%#v", v)
	}
}

func TestMinimalWritesFewestDigits(t *testing.T) {
	for text, want := range map[string]string{
		"50.00": "50", "4.875": "4.875", "4.8750": "4.875", "1e3": "1000", "0.00": "0", "-0": "0", "-1.10": "-1.1", "1e-10": "0.0000000001", "1e21": "1" + strings.Repeat("0", 21),
	} {
		got := provider.Encode(provider.Minimal{Decimal: decimal.RequireFromString(text)})
		assert.Equal(t, want, string(got), text)
	}
}

func TestRawKeepsWhatCame(t *testing.T) {
	for _, doc := range []string{`1.50`, `1e3`, `-0`, `"a"`, "\"<&>\u2028\"", `"\""`, `true`, `null`, `123456789012345678901234567890`} {
		fields, err := provider.DecodeObject([]byte(`{"v":` + doc + `}`))
		require.NoError(t, err)
		assert.Equal(t, doc, string(provider.Raw(fields["v"])))
	}
}

func TestEncodeEscapesOnlyWhatItMust(t *testing.T) {
	for text, want := range map[string]string{
		`<script>&'</script>`: `"<script>&'</script>"`,
		"\u2028\u2029":        "\"\u2028\u2029\"",
		"é漢🏦\u007f\ufffd":     "\"é漢🏦\u007f\ufffd\"",
		`"\/`:                 `"\"\\/"`,
		"\b\f\n\r\t":          `"\b\f\n\r\t"`,
		"\x00\x1f":            `"\u0000\u001f"`,
		"a b":                 `"a b"`,
	} {
		assert.Equal(t, want, string(provider.Encode(text)))
	}
}

func TestEncodeKeepsTheOrderOfFields(t *testing.T) {
	type inner struct {
		Z int `json:"z"`
		A int `json:"a"`
	}
	type outer struct {
		Code  int              `json:"code"`
		List  []inner          `json:"list"`
		Alpha string           `json:"alpha"`
		Money provider.Minimal `json:"money"`
		Raw   json.RawMessage  `json:"raw"`
		Left  string           `json:"left,omitempty"`
		Empty []inner          `json:"empty"`
	}
	got := provider.Encode(outer{
		Code: 200, List: []inner{{1, 2}, {3, 4}}, Alpha: "", Money: provider.Minimal{Decimal: decimal.RequireFromString("4.8750")}, Raw: json.RawMessage(`00.5`[1:]),
	})
	assert.Equal(t, `{"code":200,"list":[{"z":1,"a":2},{"z":3,"a":4}],"alpha":"","money":4.875,"raw":0.5,"empty":[]}`, string(got))
}

// What is the same is written the same: an answer may hold a map.
func TestEncodeWritesMapsInOneOrder(t *testing.T) {
	m := make(map[string]int)
	for i := range 20 {
		m[fmt.Sprintf("k%02d", i)] = i
	}
	first := string(provider.Encode(m))
	for range 20 {
		require.Equal(t, first, string(provider.Encode(m)))
	}
}

func TestJSONAnswersAreCompact(t *testing.T) {
	r := provider.JSON(402, map[string]string{"error": "<none>"})
	assert.Equal(t, 402, r.Status)
	assert.Equal(t, "application/json", r.Header.Get("Content-Type"))
	assert.Equal(t, `{"error":"<none>"}`, string(r.Body))
	assert.Empty(t, r.Outcome+r.Hint)

	ok, err := provider.OK([]int{1, 2})
	require.NoError(t, err)
	assert.Equal(t, 200, ok.Status)
	assert.Equal(t, `[1,2]`, string(ok.Body))
}

// FuzzDecodeObject: what is decoded is an object of JSON in UTF-8, and stays the
// same when it is written and decoded again.
func FuzzDecodeObject(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `[]`, `null`, `{"a":1.50,"b":[1e5,null,true,"x"]}`, `{"a":`, `{"a":1,}`, "{\"a\":\"\xff\"}", `{"\ud800":"\u0000"}`, `{}{}`, `{} `,
		`{"a":1,"a":2}`, `{"a":1e999999999}`, strings.Repeat(`{"a":`, 300) + `1` + strings.Repeat(`}`, 300), "{\x00}", "\ufeff{}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := provider.DecodeObject(body)
		if err != nil {
			require.Nil(t, got)
			require.NotEmpty(t, err.Error())
			return
		}
		require.True(t, utf8.Valid(body))
		require.True(t, json.Valid(body))
		written, err := json.Marshal(got)
		require.NoError(t, err)
		again, err := provider.DecodeObject(written)
		require.NoError(t, err)
		require.Equal(t, got, again)
	})
}

var decimalText = regexp.MustCompile(`^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$`)

// FuzzParseDecimal: what is taken looks like a number, is that number, and is
// small enough to write.
func FuzzParseDecimal(f *testing.F) {
	for _, seed := range []string{"", "0", "-0", "1.50", ".5", "5.", "1e40", "1e-41", "1E+3", "1e999999999", "e5", "--1", ".-5", "1_0", "0x1", "NaN", strings.Repeat("9", 50)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := provider.ParseDecimal(text)
		if err != nil {
			return
		}
		require.Regexp(t, decimalText, text)
		want, ok := new(big.Rat).SetString(strings.TrimSuffix(text, "."))
		require.True(t, ok, text)
		require.Zero(t, want.Cmp(d.Rat()), "%s is not %s", d, text)
		require.Less(t, len(d.String()), 100)
		again, err := decimal.NewFromString(d.String())
		require.NoError(t, err)
		require.True(t, d.Equal(again))
	})
}
