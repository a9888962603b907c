package provider_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/provider"
)

// FuzzParseDuration reads any text: what it takes is not negative, and reads again
// as it writes itself.
func FuzzParseDuration(f *testing.F) {
	for _, text := range []string{"", "0", "15m", "1h30m", "-1s", "1.5h", "9223372036854775807ns", "9223372036854775808ns", "1e3s", "1d", "+5s", ".5m", "1µs", "\x00", strings.Repeat("1h", 1000)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := provider.ParseDuration(text)
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		require.GreaterOrEqual(t, time.Duration(d), time.Duration(0))
		written, err := d.MarshalText()
		require.NoError(t, err)
		var again provider.Duration
		require.NoError(t, again.UnmarshalText(written))
		require.Equal(t, d, again)
	})
}

// FuzzTokenSubject asks any text whose token it is.
func FuzzTokenSubject(f *testing.F) {
	for _, text := range []string{
		"", ".", "..", "a.b.c", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOlsxXX0.x",
		"eyJhbGciOiJIUzI1NiJ9.e30.x", "\xff.\xff.\xff", strings.Repeat("a.", 10_000), "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjFlOTk5fQ.x",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if provider.TokenSubject(text) != "" {
			require.Equal(t, 2, strings.Count(text, "."))
		}
	})
}

// FuzzDecodeValue reads any body as JSON: what is wrong with one is said with a
// place in it.
func FuzzDecodeValue(f *testing.F) {
	for _, text := range []string{"", "null", "[1,2", `"\ud800"`, "1e999999999", "{} {}", "\xff", "[[[[", strings.Repeat("[", 300), `{"a":1,"a":2}`, "\ufeff1", "tru", "-", `"` + "\x01" + `"`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		_, err := provider.DecodeValue(body)
		if err == nil {
			return
		}
		var broken *provider.NotJSON
		require.ErrorAs(t, err, &broken)
		require.NotEmpty(t, broken.Message)
		require.GreaterOrEqual(t, broken.At, 0)
		require.LessOrEqual(t, broken.At, len(body))
	})
}
