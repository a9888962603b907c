package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFormEncode(t *testing.T) {
	for _, tt := range []struct{ name, payload, want string }{
		{"Empty", `{}`, ""},
		{"OrderKept", `{"z":1,"a":2,"m":3}`, "z=1&a=2&m=3"},
		{"NumbersAsWritten", `{"a":5.00,"b":0.50,"c":-1.50,"d":1e3,"e":1E+3,"f":-0,"g":123456789012345678901234567890,"h":10.005}`,
			"a=5.00&b=0.50&c=-1.50&d=1e3&e=1E%2B3&f=-0&g=123456789012345678901234567890&h=10.005"},
		{"Scalars", `{"t":true,"f":false,"n":null,"s":"x","e":""}`, "t=true&f=false&n=&s=x&e="},
		{"Nested", `{"data":{"ID":"7","amount":5.00},"x":1}`, "data%5BID%5D=7&data%5Bamount%5D=5.00&x=1"},
		{"NestedDeep", `{"a":{"b":{"c":{"d":1}}}}`, "a%5Bb%5D%5Bc%5D%5Bd%5D=1"},
		{"List", `{"l":["x","y",{"k":"z"},["w"]]}`, "l%5B0%5D=x&l%5B1%5D=y&l%5B2%5D%5Bk%5D=z&l%5B3%5D%5B0%5D=w"},
		{"EmptyNested", `{"a":{},"b":[],"c":1}`, "c=1"},
		{"Escapes", `{"a b":"c d","&":"=","é":"漢 +%","q":"\"<>'"}`, "a+b=c+d&%26=%3D&%C3%A9=%E6%BC%A2+%2B%25&q=%22%3C%3E%27"},
		{"Control", `{"a":"\u0000\n\r\t","\n":1}`, "a=%00%0A%0D%09&%0A=1"},
		{"Twice", `{"a":1,"a":2}`, "a=1&a=2"},
		{"EmptyKey", `{"":1,"a":{"":2}}`, "=1&a%5B%5D=2"},
		{"EmptyKeyNested", `{"":{"a":1},"b":2}`, "%5Ba%5D=1&b=2"},
		{"EmptyKeyOfAList", `{"":[1]}`, "%5B0%5D=1"},
		{"Brackets", `{"a[b]":{"c]":1}}`, "a%5Bb%5D%5Bc%5D%5D=1"},
		{"Surrogates", `{"a":"\ud83d\ude00","b":"\ud800"}`, "a=%F0%9F%98%80&b=%EF%BF%BD"},
		{"InvalidUTF8", "{\"a\":\"\xff\"}", "a=%EF%BF%BD"},
		{"Spread", " {\n \"a\" : 1 ,\t\"b\" : [ 2 ] } ", "a=1&b%5B0%5D=2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := formEncode(json.RawMessage(tt.payload))
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
	for name, payload := range map[string]string{
		"Nothing": "", "Array": `[1]`, "Number": `5`, "Text": `"x"`, "Null": `null`, "Boolean": `true`, "Broken": `{"a":`, "NoJSON": `a=1`, "Cut": `{"a":[1,`,
	} {
		t.Run("Err"+name, func(t *testing.T) {
			_, err := formEncode(json.RawMessage(payload))
			assert.ErrorContains(t, err, "write the event as a form: ")
		})
	}
}

func TestBody(t *testing.T) {
	payload := json.RawMessage(`{"amount":5.00,"data":{"k":"ä"}}`)
	media, body, err := Endpoint{Encoding: JSON}.body(payload)
	require.NoError(t, err)
	assert.Equal(t, []string{"application/json", string(payload)}, []string{media, body})
	for _, encoding := range []string{Form, ""} {
		media, body, err = Endpoint{Encoding: encoding}.body(payload)
		require.NoError(t, err)
		assert.Equal(t, []string{"application/x-www-form-urlencoded", "amount=5.00&data%5Bk%5D=%C3%A4"}, []string{media, body})
	}
}

// A field is a name with its value, as a form has it.
type field struct{ name, value string }

var errShape = errors.New("not as expected")

// flat is what a payload is as a form, read in another way than formEncode
// does: each object by itself.
func flat(doc []byte, name string, top bool) (fields []field, err error) {
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	open, err := d.Token()
	if err != nil {
		return nil, err
	}
	delim, nested := open.(json.Delim)
	if !nested {
		if top {
			return nil, errShape
		}
		text := ""
		switch v := open.(type) {
		case string:
			text = v
		case bool:
			text = strconv.FormatBool(v)
		case json.Number:
			text = v.String()
		}
		return []field{{name, text}}, nil
	}
	if top && delim != '{' {
		return nil, errShape
	}
	for i := 0; d.More(); i++ {
		key := strconv.Itoa(i)
		if delim == '{' {
			token, err := d.Token()
			if err != nil {
				return nil, err
			}
			key = token.(string)
		}
		if !top {
			key = name + "[" + key + "]"
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		inner, err := flat(value, key, false)
		if err != nil {
			return nil, err
		}
		fields = append(fields, inner...)
	}
	return fields, nil
}

// FuzzFormEncode: what is written are the fields of the payload in their order,
// escaped so that any reader finds them.
func FuzzFormEncode(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `[]`, `5`, `null`, `{"a":5.00,"b":{"c":[1,{"d":null}]},"":{"":""}}`, `{"":[1]}`, `{"a":"&=+% é\u0000"}`, `{"a":1,"a":2}`, "{\"\xff\":\"\xfe\"}",
		`{"a[b]":{"c":true}}`, `{"a":`, `{"a":1} x`, strings.Repeat(`{"a":`, 50) + `1` + strings.Repeat(`}`, 50),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		if !json.Valid(payload) || len(payload) > 10_000 {
			_, _ = formEncode(payload) // must not panic
			return
		}
		body, err := formEncode(payload)
		want, wrong := flat(payload, "", true)
		if wrong != nil {
			require.Error(t, err)
			return
		}
		require.NoError(t, err)
		var got []field
		for pair := range strings.SplitSeq(body, "&") {
			if body == "" {
				break
			}
			name, value, ok := strings.Cut(pair, "=")
			require.True(t, ok)
			name, err := url.QueryUnescape(name)
			require.NoError(t, err)
			value, err = url.QueryUnescape(value)
			require.NoError(t, err)
			got = append(got, field{name, value})
		}
		require.Equal(t, want, got)
		_, err = url.ParseQuery(body)
		require.NoError(t, err)
		require.NotContains(t, body, " ")
	})
}
