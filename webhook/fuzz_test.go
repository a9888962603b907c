package webhook

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/journal"
)

// FuzzCheckURL allows any entry and asks for any target: what may be gone to is a
// URL of http, and never a link-local or metadata address.
func FuzzCheckURL(f *testing.F) {
	for _, target := range []string{
		"http://127.0.0.1:9000/hooks", "http://169.254.169.254/", "http://[fe80::1%25eth0]/", "http://[::ffff:169.254.169.254]", "http://2852039166/", "http://0xa9.0xfe.0xa9.0xfe/",
		"https://metadata.google.internal./x", "http://x@169.254.169.254:80/", "http://169.254.169.254%00.example.com", "http://example.com:0/", "http://é.local", "//x", "", "http://",
		"http://0251.0376.0251.0376", "http://169。254。169。254/", "HTTP://LOCALHOST", "http://[fd00:ec2::254]/", "http://1.2.3.4:99999", "http://a b/", "ftp://x",
	} {
		f.Add("*", target)
		f.Add("169.254.0.0/16", target)
		f.Add("example.com", target)
	}
	f.Fuzz(func(t *testing.T, entry, target string) {
		err := Allow{entry}.CheckURL(target)
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		u, err := url.Parse(target)
		require.NoError(t, err)
		require.Contains(t, []string{"http", "https"}, u.Scheme)
		host := strings.TrimSuffix(u.Hostname(), ".")
		require.NotEmpty(t, host)
		require.NotContains(t, metadataNames, strings.ToLower(host))
		if addr, err := netip.ParseAddr(host); err == nil {
			require.False(t, unsafe(addr.WithZone("").Unmap()), host)
		}
		_, err = http.NewRequest(http.MethodPost, target, nil)
		require.NoError(t, err)
	})
}

// FuzzMasked hides a secret in any payload: it stays the JSON that it was, and the
// secret is gone.
func FuzzMasked(f *testing.F) {
	for _, payload := range []string{`{"key":"s3cret+key/42","n":12345678}`, `["s3cret\u002bkey/42"]`, `{"s3cret+key/42":{"a":"x s3cret+key/42 y"}}`, `"\ud83d\ude00"`, `{"a":"\\\"","b":[1.50,null]}`, `5`} {
		f.Add("s3cret+key/42", []byte(payload))
	}
	f.Fuzz(func(t *testing.T, secret string, payload []byte) {
		if !json.Valid(payload) || len(secret) < 12 || strings.Contains(secret, "*") {
			t.Skip("no event, or no secret")
		}
		e := Event{Payload: payload, Hint: "x" + secret, Attempts: []Attempt{{Error: secret, Request: journal.Message{Body: string(payload), BodySize: len(payload)}}}}
		shown := e.Masked(journal.NewMasker([]string{secret}))
		require.True(t, json.Valid(shown.Payload), "%s", shown.Payload)
		require.NotContains(t, shown.Hint+shown.Attempts[0].Error, secret)
		var v any
		d := json.NewDecoder(bytes.NewReader(shown.Payload))
		d.UseNumber()
		require.NoError(t, d.Decode(&v))
		text, err := json.Marshal(v)
		require.NoError(t, err)
		quoted, _ := json.Marshal(secret)
		require.NotContains(t, string(text), string(quoted[1:len(quoted)-1]))
	})
}

// FuzzSaysError looks for an error in what any receiver may answer.
func FuzzSaysError(f *testing.F) {
	for _, body := range []string{`{"status":"error"}`, `{"Status":"error"}`, `{"status":["error"]}`, `{"status":"error"`, ``, `[]`, strings.Repeat("[", 20_000), `{"status":"\u0065rror"}`, "\xff"} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if saysError(body) {
			require.True(t, json.Valid(body))
			require.Contains(t, string(body), "status")
		}
	})
}
