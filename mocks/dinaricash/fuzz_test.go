package dinaricash_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/mocks"
	"github.com/mockpay/mockpay/server"
)

// FuzzCall makes any operation's call with any body of any type, with credentials
// before it or without: it is answered in the documented shape, moves money only
// if it is taken, and the money adds up.
func FuzzCall(f *testing.F) {
	var operations []string
	for op := range paths {
		operations = append(operations, op)
	}
	slices.Sort(operations)
	const urlencoded, multipart = "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"
	for i, op := range operations {
		_, body := parametersOf(op).urlencoded()
		f.Add(byte(i), true, urlencoded, []byte(body))
		f.Add(byte(i), false, urlencoded, []byte(body))
		for _, p := range parameters[op] {
			f.Add(byte(i), true, urlencoded, []byte(wrong(op, p.name, p.bad[i%len(p.bad)])))
		}
	}
	for _, body := range []string{"", "&", "=", "%", "%zz=%ff", "a[]=1&a[]=2", "\x00", "\xff", "SEND_AMOUNT", "SEND_AMOUNT=1e999999999", strings.Repeat("a=", 1000)} {
		f.Add(byte(0), true, urlencoded, []byte(body))
	}
	for _, kind := range []string{multipart, "multipart/form-data", "multipart/form-data; boundary=\"", "application/json", "text/plain", "", ";", "x/y; =", "application/x-www-form-urlencoded; charset=\xff"} {
		f.Add(byte(0), true, kind, []byte("--b\r\nContent-Disposition: form-data; name=\"SEND_AMOUNT\"\r\n\r\n1\r\n--b--\r\n"))
		f.Add(byte(1), false, kind, []byte(`{"SEND_AMOUNT":1,"PUBLIC_KEY":[]}`))
	}
	srv, err := server.New(server.Options{Mocks: mocks.All()})
	require.NoError(f, err)
	f.Cleanup(func() { _ = srv.Stop(context.WithoutCancel(f.Context())) })
	h := srv.Handler()
	const account, key = "8d1838fbb7fea3206326d0d96f162618", "955a380d7d9c05707f199fbe8ba8474d"
	f.Fuzz(func(t *testing.T, n byte, signed bool, kind string, body []byte) {
		op := operations[int(n)%len(operations)]
		if signed {
			credentials := fill("CORPORATE_ACCOUNT_ID", account, "GATEWAY_API_KEY", key)
			if op == "ach" {
				credentials = fill("PUBLIC_KEY", account, "API_SECRET", key)
			}
			_, text := credentials.urlencoded()
			body = append([]byte(text+"&"), body...)
		}
		before := answerOf(t, h, "GET", "/_mockpay/balances", "", nil)

		w := ask(t, h, "POST", "/dinaricash"+paths[op], kind, body)

		require.Less(t, w.Code, 500, w.Body)
		require.True(t, utf8.Valid(w.Body.Bytes()))
		var said struct{ Status, Message string }
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &said), w.Body)
		require.NotEmpty(t, said.Message)
		if w.Code != http.StatusOK {
			require.Equal(t, "error", said.Status)
			require.NotEmpty(t, w.Header().Get("X-Mockpay-Hint"))
			require.Equal(t, before, answerOf(t, h, "GET", "/_mockpay/balances", "", nil), "a refused call moves nothing")
			return
		}
		require.Contains(t, answerOf(t, h, "GET", "/_mockpay/invariants", "", nil), `{"ok":true`)
		answerOf(t, h, "PATCH", "/_mockpay/balances", "application/json", []byte(`{"dinaricash":{"payout":"50111.10"}}`))
	})
}

// ask makes a call without a network.
func ask(t *testing.T, h http.Handler, method, target, kind string, body []byte) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(string(body)))
	r.Header.Set("Content-Type", kind)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// answerOf is the answer to a call that is accepted.
func answerOf(t *testing.T, h http.Handler, method, target, kind string, body []byte) string {
	w := ask(t, h, method, target, kind, body)
	require.Equal(t, 200, w.Code, w.Body)
	return w.Body.String()
}
