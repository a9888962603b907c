package journal_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/journal"
)

// FuzzMasker puts a secret into a text, in any form that a caller may write it in:
// it does not come out.
func FuzzMasker(f *testing.F) {
	f.Add("dd-default-private-key", `{"key":"`, `"}`, byte(0))
	f.Add("955a380d7d9c05707f199fbe8ba8474d", "API_SECRET=", "&a=b", byte(1))
	f.Add(`a "b"<c> d/é`, "%", "%zz", byte(2))
	f.Add("aaaaaaaa1aaaa", "aaaa", "aaaaa", byte(3))
	f.Add(`\\u0041\"%41`, `\`, `\u00`, byte(4))
	f.Add(strings.Repeat("long", 400), "\xff", "\x00", byte(0))
	f.Fuzz(func(t *testing.T, secret, before, after string, form byte) {
		if len(secret) < 12 || !utf8.ValidString(secret) || strings.Count(secret, secret[:1]) == len(secret) {
			t.Skip("too short to be found, or no text")
		}
		text := before + written(secret, form) + after
		m := journal.NewMasker([]string{secret})
		out := m.Text(text)
		if strings.Contains(secret, "*") || strings.Contains(before+after, secret[:4]) {
			t.Skip("what is shown of it and what stands around it may make it up again")
		}
		if form%6 == 4 && strings.ContainsAny(before, `%\`) {
			t.Skip("the first escape may be taken for a part of what stands before")
		}
		require.NotContains(t, out, written(secret, form))
		message := m.Message(journal.NewMessage(nil, []byte(text), map[string]any{"a": []any{text, secret}, secret: 1}, len(text)-1))
		require.NotContains(t, message.Body, secret)
		require.NotContains(t, message.Body, written(secret, form))
		require.NotContains(t, fmt.Sprintf("%q", message.Fields), secret)
	})
}

// written is a secret as somebody may write it.
func written(secret string, form byte) string {
	switch form % 6 {
	case 1:
		return url.QueryEscape(secret)
	case 2:
		return url.PathEscape(secret)
	case 3:
		quoted, _ := json.Marshal(secret)
		return string(quoted[1 : len(quoted)-1])
	case 4: // each byte escaped
		var b strings.Builder
		for _, c := range []byte(secret) {
			b.WriteByte('%')
			b.WriteByte("0123456789abcdef"[c>>4])
			b.WriteByte("0123456789abcdef"[c&15])
		}
		return b.String()
	case 5:
		return strings.Map(func(r rune) rune {
			if 'a' <= r && r <= 'z' {
				r -= 'a' - 'A'
			}
			return r
		}, secret)
	}
	return secret
}
