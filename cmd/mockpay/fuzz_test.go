package main

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// FuzzArguments reads any argument as what verbs take: it is taken as it stands, or
// refused with a reason.
func FuzzArguments(f *testing.F) {
	for _, arg := range []string{"payment=last", "=", "a=", "=b", "a=b=c", "dinardragon.USD=2300.00", "a.b=1e999999999", ".=1", "a.=1", "90s", "-1h", "2026-01-15T09:00:00Z", "1e308", "Inf", "\xff=\x00", "x, y,,*.z"} {
		f.Add(arg, "a=1")
	}
	f.Fuzz(func(t *testing.T, one, other string) {
		if given, err := parseArguments([]string{one, other}); err != nil {
			require.NotEmpty(t, err.Error())
		} else {
			for key, value := range given {
				require.Contains(t, []string{one, other}, key+"="+value)
			}
		}
		if balances, err := parseBalances([]string{one, other}); err != nil {
			require.NotEmpty(t, err.Error())
		} else {
			require.NotEmpty(t, balances)
		}
		if factor, err := parseFactor(one); err == nil {
			require.Positive(t, factor)
		}
		if _, err := parseDuration(one); err != nil {
			require.Contains(t, err.Error(), "no duration")
		}
		if at, err := parseTime(one); err == nil {
			require.Equal(t, one[:4], at.Format("2006"))
		}
	})
}

// FuzzEnv starts a server's flags from any variables: each is taken, or the one
// that is wrong is named.
func FuzzEnv(f *testing.F) {
	for _, name := range []string{"MOCKPAY_ADDR", "MOCKPAY_PROVIDER_ADDR", "MOCKPAY_WEBHOOK_ALLOW", "MOCKPAY_WEBHOOK_URL", "MOCKPAY_SEED", "MOCKPAY_JOURNAL_SIZE", "MOCKPAY_LOG_LEVEL", "MOCKPAY_STORE"} {
		for _, value := range []string{"", ",", "=", "a=b,c=d", "127.0.0.1:0", "dinaricash=http://x/,dinaricash=", "-1", "99999999999999999999", "[::1]:x", "*,169.254.0.0/16", "\x00", "\"", "a=\"b,c\""} {
			f.Add(name, value)
		}
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		env := func(asked string) string {
			if asked == name {
				return value
			}
			return ""
		}
		var stderr bytes.Buffer
		c := newCLI(env, strings.NewReader(""), new(bytes.Buffer), &stderr)
		serve, _, err := c.rootCommand().Find([]string{"serve"})
		require.NoError(t, err)
		used, err := setFromEnv(serve.Flags(), env)
		if err != nil {
			require.Contains(t, err.Error(), name)
			return
		}
		require.Subset(t, []string{name}, used)
	})
}

// FuzzReceive sends the receiver any body of any type: it prints a line, or an
// object, of it.
func FuzzReceive(f *testing.F) {
	for _, kind := range []string{"application/json", "application/x-www-form-urlencoded", "text/plain", ";", ""} {
		for _, body := range []string{``, `{}`, `{"a":1,"a":{"b":[1.50]},"":"\ud800"}`, `a=b&%zz=%ff&&=`, "\x00\xff\n\r\x1b[2J", `{"a":`, `[1]`, strings.Repeat(`{"a":`, 500), "\u2028\u0085"} {
			f.Add(kind, "card_load", body)
		}
	}
	f.Fuzz(func(t *testing.T, kind, event, body string) {
		for _, asJSON := range []bool{false, true} {
			var out bytes.Buffer
			r := &receiver{status: 200, json: asJSON, out: &out}
			req := httptest.NewRequestWithContext(t.Context(), "POST", "/hooks", strings.NewReader(body))
			req.Header.Set("Content-Type", kind)
			req.Header.Set("X-Mockpay-Webhook-Event", event)
			w := httptest.NewRecorder()
			r.ServeHTTP(w, req)
			require.Equal(t, 200, w.Code)
			require.Equal(t, 1, strings.Count(out.String(), "\n"), "%q", out.String())
			require.True(t, utf8.ValidString(out.String()))
			require.NotContains(t, out.String(), "\x1b")
			if asJSON {
				require.True(t, json.Valid(out.Bytes()), out.String())
			}
		}
	})
}
