package server_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/mocks"
	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/server"
)

// loud is a server and what it has to say of itself.
func loud(f *testing.F) (*server.Server, *bytes.Buffer) {
	log := new(bytes.Buffer)
	s, err := server.New(server.Options{
		Addr: "127.0.0.1:0", Mocks: mocks.All(), Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	require.NoError(f, err)
	require.NoError(f, s.Start())
	f.Cleanup(func() { _ = s.Stop(context.WithoutCancel(f.Context())) })
	return s, log
}

// places are hosts and paths that mean something.
var seedPlaces = [][2]string{
	{"localhost", "/"}, {"dinardragon.com", "/status"}, {"DINARDRAGON.COM.:443", "/execute"}, {"x", "/dinardragon/get-authcode"}, {"x", "/usdtpayout/live/api/v1/user/login"},
	{"api.heydollr.app", "/v1/parties/retrieve/%00"}, {"x", "/executions/v1/status/payout/a%2Fb?x=%zz;y"}, {"sandbox.dinaricash.com:0", "//"}, {"x", "/dinaricash"},
	{"[::1]", "/_mockpay"}, {"x", "/_mockpay/requests/%ff"}, {"", "*"}, {"dinardragon.localhost", "/../status"}, {"x", "/dinardragon/status/"}, {"x", "/healthz"},
}

// FuzzPlace calls anything anywhere, and asks for any outcome: it is answered, and
// with a failure of the server's only when that is asked for.
func FuzzPlace(f *testing.F) {
	for _, p := range seedPlaces {
		f.Add("POST", p[0], p[1], "", "{}")
		f.Add("GET", p[0], p[1], "server_error", "a=b")
		f.Add("BREW", p[0], p[1], "no such\xff", "")
	}
	s, log := loud(f)
	h := s.Handler()
	f.Fuzz(func(t *testing.T, method, host, target, outcome, body string) {
		u, err := url.ParseRequestURI(target)
		if err != nil || strings.HasPrefix(u.Path, "/_mockpay") && (strings.Contains(u.Path, "wait") || strings.Contains(u.Path, "webhook")) {
			t.Skip("no request, or one that waits")
		}
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/", strings.NewReader(body))
		r.Method, r.Host, r.URL, r.RequestURI = method, host, u, target
		r.Header.Set("Authorization", "dd-default-private-key")
		if outcome != "" {
			r.Header.Set("X-Mockpay-Outcome", outcome)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)

		require.Empty(t, log.String())
		if w.Code >= 500 {
			require.Equal(t, "server_error", outcome)
			require.Equal(t, "X-Mockpay-Outcome", w.Header().Get("X-Mockpay-Rule"))
		}
		if strings.HasSuffix(w.Header().Get("Content-Type"), "json") && method != http.MethodHead {
			require.True(t, json.Valid(w.Body.Bytes()), w.Body)
		}
		for name, values := range w.Header() {
			for _, value := range values {
				require.NotContains(t, value, "\n", name)
			}
		}
	})
}

// FuzzWire writes any bytes to a connection, and no more: what comes back are
// answers, none of them a failure of the server's.
func FuzzWire(f *testing.F) {
	call, _ := unknown()
	for _, text := range []string{
		call, call + call, call[:len(call)-3], quote("Expect: 100-continue"), quote("Transfer-Encoding: chunked"), head("GET", "/healthz") + head("HEAD", "/"),
		head("POST", "/dinaricash/", "Transfer-Encoding: chunked") + "5;x=y\r\nabcde\r\n0\r\nTrailer: x\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET /\r\n", "\x16\x03\x01\x02\x00",
		"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", "OPTIONS * HTTP/1.0\r\n\r\n", head("GET", "/_mockpay/requests", "X: \xff") + "\x00", head("POST", "/executions/v1/executions/payout", "Content-Length: 0", "Content-Length: 0"),
		head("PUT", "/_mockpay/scenario", "Content-Length: 10") + "version: 1", head("GET", "http://dinardragon.com/status"),
	} {
		f.Add([]byte(text))
	}
	s, log := loud(f)
	at := strings.TrimPrefix(s.URL(), "http://")
	f.Fuzz(func(t *testing.T, text []byte) {
		if bytes.Contains(text, []byte("Outcome")) || bytes.Contains(text, []byte("_mockpay/w")) || bytes.Contains(text, []byte("rules")) {
			t.Skip("may ask for a failure, or wait")
		}
		conn, err := net.Dial("tcp", at)
		require.NoError(t, err)
		defer conn.Close()
		require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
		_, _ = conn.Write(text) // it may be refused before it is sent
		_ = conn.(*net.TCPConn).CloseWrite()
		came, _ := io.ReadAll(conn)
		require.Empty(t, log.String())
		for in := bufio.NewReader(bytes.NewReader(came)); ; {
			if _, err := in.Peek(1); err != nil {
				return
			}
			res, err := http.ReadResponse(in, nil)
			if err != nil {
				return // the rest of an answer to HEAD
			}
			require.Less(t, res.StatusCode, 500, "%q", came)
			_, _ = io.Copy(io.Discard, res.Body)
		}
	})
}

// FuzzOutcome asks a call for any outcome: it has it, or a problem that names those
// there are.
func FuzzOutcome(f *testing.F) {
	for _, m := range mocks.All() {
		for _, op := range m.Operations {
			f.Add(op.Outcomes()[0])
		}
	}
	for _, name := range []string{"", " ", "unauthorized", "Unauthorized", "server_error ", "\xff", "a\tb", strings.Repeat("x", 10_000)} {
		f.Add(name)
	}
	s, log := loud(f)
	h := s.Handler()
	f.Fuzz(func(t *testing.T, name string) {
		for _, m := range mocks.All() {
			op := &m.Operations[0]
			w := do(h, op.Method, "/"+m.Name+op.Path, "", "X-Mockpay-Outcome", name)
			require.Empty(t, log.String())
			if known(op, name) || name == "" {
				require.NotEqual(t, "application/problem+json", w.Header().Get("Content-Type"))
				continue
			}
			require.Equal(t, 400, w.Code)
			var p struct{ Valid []string }
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &p))
			require.Equal(t, op.Outcomes(), p.Valid)
		}
	})
}

func known(op *provider.Operation, name string) bool {
	for _, o := range op.Outcomes() {
		if o == name {
			return true
		}
	}
	return false
}
