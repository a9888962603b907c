package provider_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/provider"
)

const urlencoded = "application/x-www-form-urlencoded"

// form is a request with a body of a type.
func form(kind, body string) *provider.Request {
	r := &provider.Request{Header: http.Header{}, Body: []byte(body)}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	return r
}

func TestDecodeFormURLEncoded(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		want       map[string]any
	}{
		{"Empty", "", map[string]any{}},
		{"One", "a=1", map[string]any{"a": "1"}},
		{"Some", "a=1&b=x+y&c=%C3%A9", map[string]any{"a": "1", "b": "x y", "c": "é"}},
		{"NumbersAsWritten", "a=5.00&b=1e3&c=-0", map[string]any{"a": "5.00", "b": "1e3", "c": "-0"}},
		{"NoValue", "a=&b", map[string]any{"a": "", "b": ""}},
		{"LastWins", "a=1&a=2&b=3&a=", map[string]any{"a": "", "b": "3"}},
		{"LastWinsAfterUnescaping", "a=1&%61=2", map[string]any{"a": "2"}},
		{"EmptyPairs", "&&a=1&&b=2&", map[string]any{"a": "1", "b": "2"}},
		{"EqualsInValue", "a=b=c==", map[string]any{"a": "b=c=="}},
		{"Semicolon", "a=1;b=2", map[string]any{"a": "1;b=2"}},
		{"Brackets", "data[k]=1&data%5Bl%5D=2&list[]=3", map[string]any{"data[k]": "1", "data[l]": "2", "list[]": "3"}},
		{"EscapesInNames", "a%20b+c%26=1", map[string]any{"a b c&": "1"}},
		{"LowerCaseEscapes", "a=%c3%a9%2b", map[string]any{"a": "é+"}},
		{"PercentAtTheEnd", "a=100%", map[string]any{"a": "100%"}},
		{"PercentAndADigit", "a=100%4", map[string]any{"a": "100%4"}},
		{"PercentAlone", "a=50%+b%zz+%41%", map[string]any{"a": "50% b%zz A%"}},
		{"PercentTwice", "a=%%41", map[string]any{"a": "%A"}},
		{"PercentOfPercent", "a=%2541", map[string]any{"a": "%41"}},
		{"PercentInNames", "%=1&%4=2&%zz=3", map[string]any{"%": "1", "%4": "2", "%zz": "3"}},
		{"InvalidUTF8", "a=\xff\xfe&b=%ff&c=%C3", map[string]any{"a": "\ufffd\ufffd", "b": "\ufffd", "c": "\ufffd"}},
		{"InvalidUTF8AndPercent", "a=%ff%zz", map[string]any{"a": "\ufffd%zz"}},
		{"InvalidUTF8InNames", "\xff=1", map[string]any{"\ufffd": "1"}},
		{"UTF8", "é=漢🏦", map[string]any{"é": "漢🏦"}},
		{"Zero", "a=%00b", map[string]any{"a": "\x00b"}},
		{"LineEnds", "a=1\r\nb=2", map[string]any{"a": "1\r\nb=2"}},
		{"JSON", `{"a":1}`, map[string]any{`{"a":1}`: ""}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := provider.DecodeForm(form(urlencoded, tt.body))
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
	t.Run("Many", func(t *testing.T) {
		var b strings.Builder
		for n := range 10_000 {
			fmt.Fprintf(&b, "k%d=%d&", n, n)
		}
		got, err := provider.DecodeForm(form(urlencoded, b.String()))
		require.NoError(t, err)
		assert.Len(t, got, 10_000)
		assert.Equal(t, "9999", got["k9999"])
	})
}

func TestDecodeFormTypes(t *testing.T) {
	for _, kind := range []string{
		urlencoded, "APPLICATION/X-WWW-Form-URLEncoded", urlencoded + "; charset=UTF-8", urlencoded + ";charset=iso-8859-1", " " + urlencoded + " ;", urlencoded + "; a=1; b=2",
	} {
		got, err := provider.DecodeForm(form(kind, "a=1"))
		require.NoError(t, err, kind)
		assert.Equal(t, map[string]any{"a": "1"}, got)
	}
	for kind, detail := range map[string]string{
		"":                       `its Content-Type "" says nothing`,
		"/":                      "says nothing",
		"application/json":       "it is application/json; send it as application/x-www-form-urlencoded or multipart/form-data",
		"text/plain":             "it is text/plain",
		"multipart/mixed":        "it is multipart/mixed",
		"application/x-www-form": "it is application/x-www-form",
	} {
		got, err := provider.DecodeForm(form(kind, "a=1"))
		assert.ErrorIs(t, err, provider.ErrNoForm, kind)
		assert.ErrorContains(t, err, detail)
		assert.Nil(t, got)
	}
	got, err := provider.DecodeForm(form("", ""))
	require.NoError(t, err)
	assert.Equal(t, map[string]any{}, got, "nothing is an empty form")
}

// parts writes a multipart body and its type.
func parts(t testing.TB, write func(*multipart.Writer)) (kind, body string) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	require.NoError(t, w.SetBoundary("frontier"))
	write(w)
	require.NoError(t, w.Close())
	return w.FormDataContentType(), b.String()
}

func TestDecodeFormMultipart(t *testing.T) {
	t.Run("Fields", func(t *testing.T) {
		kind, body := parts(t, func(w *multipart.Writer) {
			for _, f := range [][2]string{{"a", "5.00"}, {"b c", "x & y=%41+\r\nz"}, {"a", "last"}, {"é", "漢"}, {"empty", ""}, {"bad", "\xff"}} {
				require.NoError(t, w.WriteField(f[0], f[1]))
			}
		})
		got, err := provider.DecodeForm(form(kind, body))
		require.NoError(t, err)
		assert.Equal(t, map[string]any{"a": "last", "b c": "x & y=%41+\r\nz", "é": "漢", "empty": "", "bad": "\ufffd"}, got)
	})
	t.Run("None", func(t *testing.T) {
		kind, body := parts(t, func(*multipart.Writer) {})
		got, err := provider.DecodeForm(form(kind, body))
		require.NoError(t, err)
		assert.Empty(t, got)
	})
	t.Run("File", func(t *testing.T) {
		kind, body := parts(t, func(w *multipart.Writer) {
			file, err := w.CreateFormFile("scan", "id.png")
			require.NoError(t, err)
			_, _ = file.Write([]byte("\x89PNG\x00\xff"))
			require.NoError(t, w.WriteField("a", "1"))
		})
		got, err := provider.DecodeForm(form(kind, body))
		require.NoError(t, err)
		assert.Equal(t, map[string]any{"scan": "\ufffdPNG\x00\ufffd", "a": "1"}, got, "a file is its content")
	})
	t.Run("PartsWithoutAName", func(t *testing.T) {
		got, err := provider.DecodeForm(form("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x\r\nContent-Type: text/plain\r\n\r\n2\r\n--x\r\nContent-Disposition: attachment; name=a\r\n\r\n3\r\n--x--\r\n"))
		require.NoError(t, err)
		assert.Empty(t, got)
	})
	t.Run("EncodedIsLeftSo", func(t *testing.T) {
		got, err := provider.DecodeForm(form("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"a\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=41\r\n--x--\r\n"))
		require.NoError(t, err)
		assert.Equal(t, map[string]any{"a": "=41"}, got)
	})
	t.Run("Many", func(t *testing.T) {
		kind, body := parts(t, func(w *multipart.Writer) {
			for n := range 10_000 {
				require.NoError(t, w.WriteField(fmt.Sprintf("k%d", n), "v"))
			}
		})
		got, err := provider.DecodeForm(form(kind, body))
		require.NoError(t, err)
		assert.Len(t, got, 10_000)
	})
	t.Run("ErrNoBoundary", func(t *testing.T) {
		for _, kind := range []string{"multipart/form-data", `multipart/form-data; boundary=""`} {
			_, err := provider.DecodeForm(form(kind, "--x--\r\n"))
			assert.ErrorIs(t, err, provider.ErrNoForm)
			assert.ErrorContains(t, err, "its Content-Type names no boundary")
		}
	})
	kind, whole := parts(t, func(w *multipart.Writer) {
		require.NoError(t, w.WriteField("a", "1"))
		require.NoError(t, w.WriteField("b", "2"))
	})
	end := strings.LastIndex(whole, "--frontier--")
	for name, body := range map[string]string{
		"InAHeader": whole[:20], "InTheFirstValue": whole[:strings.Index(whole, "1\r\n")+1], "InTheLastValue": whole[:end-3], "BeforeTheEnd": whole[:end],
		"InTheBoundary": whole[:end+5],
	} {
		t.Run("ErrCut"+name, func(t *testing.T) {
			_, err := provider.DecodeForm(form(kind, body))
			require.ErrorIs(t, err, provider.ErrNoForm)
			assert.ErrorContains(t, err, "it breaks off")
		})
	}
	for name, body := range map[string]string{"Nothing": "", "OtherBoundary": "--other\r\n\r\n--other--\r\n", "NoParts": "a=1&b=2", "CutInAName": whole[:strings.LastIndex(whole, "name=")+3]} {
		t.Run("Err"+name, func(t *testing.T) {
			_, err := provider.DecodeForm(form(kind, body))
			require.ErrorIs(t, err, provider.ErrNoForm)
		})
	}
	t.Run("ErrLeavesWhatCameBefore", func(t *testing.T) {
		got, err := provider.DecodeForm(form(kind, whole[:end-3]))
		require.Error(t, err)
		assert.Equal(t, map[string]any{"a": "1"}, got, "it tells whose it is")
	})
}

// FuzzDecodeForm: what is decoded is UTF-8, and what a form that all readers
// agree on says.
func FuzzDecodeForm(f *testing.F) {
	for _, seed := range []struct{ kind, body string }{
		{urlencoded, ""}, {urlencoded, "a=1&b=x+y%20z&a=2"}, {urlencoded, "a=100%&%zz=%ff&=&&c"}, {urlencoded + "; charset=utf-8", "\xff=\xfe"},
		{"multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x--\r\n"},
		{"multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"b\"\r\n\r\n1"},
		{"multipart/form-data", "--x"}, {"multipart/form-data; boundary=x", "--x--"}, {"application/json", "{}"}, {"", ""}, {"/", "a"},
	} {
		f.Add(seed.kind, []byte(seed.body))
	}
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		got, err := provider.DecodeForm(form(kind, string(body)))
		if err != nil {
			require.ErrorIs(t, err, provider.ErrNoForm)
			return
		}
		require.NotNil(t, got)
		for name, value := range got {
			require.True(t, utf8.ValidString(name))
			require.True(t, utf8.ValidString(value.(string)))
		}
		want, err := url.ParseQuery(string(body))
		if kind != urlencoded || err != nil || !utf8.ValidString(want.Encode()) {
			return
		}
		for name, values := range want {
			if utf8.ValidString(name) && utf8.ValidString(values[len(values)-1]) {
				require.Equal(t, values[len(values)-1], got[name])
			}
		}
	})
}
