package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
	"github.com/mockpay/mockpay/mockpaytest"
	"github.com/mockpay/mockpay/server"
)

// soon is a limit that a test can wait for.
const soon = 50 * time.Millisecond

// besieged runs a server that gives slow callers less time, and asserts that no
// goroutine is left of it in the end.
func besieged(t *testing.T, header, body, write time.Duration) (*server.Server, *client.Client) {
	t.Helper()
	http.DefaultClient.CloseIdleConnections()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		// Eventually has a goroutine of its own.
		if !assert.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+1 }, patience, 5*time.Millisecond) {
			t.Log(stacks())
		}
	})
	s := newServer(t, server.Options{Log: mockpaytest.Logger(t)})
	s.Hurry(header, body, write)
	require.NoError(t, s.Start())
	return s, client.New(s.URL())
}

// serves asserts that somebody else is answered.
func serves(t *testing.T, s *server.Server) {
	t.Helper()
	w := dial(t, s)
	call, answer := unknown()
	w.send(call)
	status, body := w.answer()
	assert.Equal(t, 400, status)
	assert.Equal(t, answer, body)
	require.NoError(t, w.Close())
}

// head is what stands before the body of a call.
func head(method, target string, lines ...string) string {
	return fmt.Sprintf("%s %s HTTP/1.1\r\nHost: x\r\n%s\r\n", method, target, strings.Join(append(lines, ""), "\r\n"))
}

// incomplete are how providers answer a body that does not come whole.
var incomplete = map[string]string{
	"/dinardragon/get-authcode":                    `{"code":400,"error":"Request body is incomplete."}`,
	"/dinaricash/swift-transfer":                   `{"status":"error","message":"Request body is incomplete.","error_code":400,"details":{"GATEWAY_ERROR":"The body did not come whole"}}`,
	"/usdtpayout/api/v1/payouts/sendPayoutRequest": `"error":{"code":"bad_request","message":"Request body is incomplete"}`,
	"/executions/v1/jwt/client/obtain/token":       `{"detail":"There was an error parsing the body"}`,
	"/executions/v1/executions/payout":             `{"detail":"There was an error parsing the body"}`,
	"/dinaricash/account/balance":                  `"message":"Request body is incomplete."`,
	"/dinardragon/execute":                         `{"code":400,"error":"Request body is incomplete."}`,
	"/executions/v1/sessions/payout?lenient=1":     `{"detail":"There was an error parsing the body"}`,
}

// A body that comes too slowly, or not whole, is answered in the provider's shape,
// is in the journal with the reason, and has done nothing.
func TestBodiesThatDoNotComeWhole(t *testing.T) {
	for name, tt := range map[string]struct {
		lines []string
		body  string
		end   bool // the caller says that nothing more comes
		hint  string
	}{
		"Slow":            {[]string{"Content-Length: 100"}, `{"amount":`, false, "the body did not come whole within 50ms: 10 of 100 bytes came; nothing was done"},
		"SlowChunks":      {[]string{"Transfer-Encoding: chunked"}, "5\r\n{\"a\":\r\n", false, "the body did not come whole within 50ms: 5 bytes came; nothing was done"},
		"Silent":          {[]string{"Content-Length: 100"}, "", false, "0 of 100 bytes came"},
		"Half":            {[]string{"Content-Length: 100"}, `{"amount":`, true, "the body did not come whole: 10 of 100 bytes came before the caller ended it; nothing was done"},
		"HalfChunks":      {[]string{"Transfer-Encoding: chunked"}, "5\r\n{\"a\":\r\n", true, "5 bytes came before the caller ended it"},
		"BadChunk":        {[]string{"Transfer-Encoding: chunked"}, "zz\r\n{}\r\n0\r\n\r\n", true, "the body cannot be read: invalid byte in chunk length; 0 bytes came, nothing was done"},
		"HugeChunk":       {[]string{"Transfer-Encoding: chunked"}, "fffffffffffffffff\r\n{}", true, "the body cannot be read: http chunk length too large"},
		"NoEndOfChunk":    {[]string{"Transfer-Encoding: chunked"}, "2\r\n{}xx0\r\n\r\n", true, "the body cannot be read: malformed chunked encoding"},
		"BadTrailer":      {[]string{"Transfer-Encoding: chunked"}, "2\r\n{}\r\n0\r\n: x\r\n\r\n", true, "the body cannot be read: malformed MIME header"},
		"ForcedOutcome":   {[]string{"Content-Length: 100", "X-Mockpay-Outcome: server_error"}, `{}`, true, "2 of 100 bytes came"},
		"NotCredentialed": {[]string{"Content-Length: 7", "Authorization: nobody"}, `{}`, true, "2 of 7 bytes came"},
	} {
		t.Run(name, func(t *testing.T) {
			s, c := besieged(t, 0, soon, 0)
			_, err := c.LoadScenario(t.Context(), "version: 1\nrules: [{on: dinaricash.*, times: 100, respond: server_error}, {on: dinardragon.execute, fault: drop}]\n")
			require.NoError(t, err)
			before := holds(t, c)
			for target, want := range incomplete {
				w := dial(t, s)
				w.send(head("POST", target, tt.lines...) + tt.body)
				if tt.end {
					require.NoError(t, w.CloseWrite())
				}
				status, body := w.answer()
				assert.Equal(t, 400, status, target)
				assert.Contains(t, body, want)
				rest, err := w.rest()
				assert.Empty(t, rest)
				assert.NoError(t, err, "it is closed, and not reset")
				e := journaled(t, c)
				assert.Equal(t, "incomplete", e.Outcome)
				assert.Contains(t, e.Hint, tt.hint)
				assert.Empty(t, e.Rule)
			}
			assert.Equal(t, before, holds(t, c))
			serves(t, s)
		})
	}
}

// holds is what a workspace has of money, records and jobs, and how often its rules
// acted.
func holds(t *testing.T, c *client.Client) string {
	t.Helper()
	var saved struct {
		State struct {
			Ledger, Jobs, Tables json.RawMessage
			Counters             map[string]int64
		}
	}
	require.NoError(t, json.Unmarshal([]byte(snapshot(t, c)), &saved))
	for name := range saved.State.Counters {
		if !strings.HasSuffix(name, "/seen") && !strings.HasSuffix(name, "/acted") { // calls are counted, come what may
			delete(saved.State.Counters, name)
		}
	}
	text, err := json.Marshal(saved)
	require.NoError(t, err)
	return string(text)
}

// A caller that leaves in the middle of a body is in the journal too.
func TestCallerThatLeaves(t *testing.T) {
	s, c := besieged(t, 0, 0, 0)
	before := holds(t, c)
	w := dial(t, s)
	w.send(head("POST", "/dinardragon/get-authcode", "Content-Length: 100") + `{"amount":`)
	require.NoError(t, w.Close())
	e := journaled(t, c)
	assert.Equal(t, "incomplete", e.Outcome)
	assert.Equal(t, `{"amount":`, e.Request.Body)
	assert.Equal(t, before, holds(t, c))
}

// Who sends headers a byte at a time is left alone, and holds up nobody.
func TestSlowHeaders(t *testing.T) {
	s, _ := besieged(t, soon, 0, 0)
	for range 200 {
		w := dial(t, s)
		w.send("POST /dinardragon/status HTTP/1.1\r\nHost: x\r\nX-A: ")
		t.Cleanup(func() {
			rest, _ := w.rest() // until the server closes it
			assert.Empty(t, rest)
		})
	}
	serves(t, s)
}

// Bodies of control calls come in time or are problems.
func TestSlowControlBodies(t *testing.T) {
	s, c := besieged(t, 0, soon, 0)
	before := holds(t, c)
	for _, way := range []string{"PUT scenario", "PUT state", "POST clock", "POST workspaces", "PATCH balances", "POST verify", "PUT webhook-endpoints/dinaricash"} {
		method, path, _ := strings.Cut(way, " ")
		w := dial(t, s)
		w.send(head(method, "/_mockpay/"+path, "Content-Length: 10") + "{}")
		status, body := w.answer()
		assert.Equal(t, 408, status, way)
		assert.Contains(t, body, "the body did not come whole in time: 2 bytes came")

		w = dial(t, s)
		w.send(head(method, "/_mockpay/"+path, "Content-Length: 10") + "{}")
		require.NoError(t, w.CloseWrite())
		status, body = w.answer()
		assert.Equal(t, 400, status, way)
		assert.Contains(t, body, "the body cannot be read: unexpected EOF")
	}
	w := dial(t, s)
	w.send(head("GET", "/healthz", "Content-Length: 10") + "{}")
	status, _ := w.answer()
	assert.Equal(t, 200, status, "nobody reads that body, and nobody waits for it for ever")
	assert.Equal(t, before, holds(t, c))
	serves(t, s)
}

// What takes its time by intent is not hurried: rules that delay, and waits.
func TestWhatIsSlowByIntent(t *testing.T) {
	s, c := besieged(t, soon, soon, soon)
	_, err := c.LoadScenario(t.Context(), "version: 1\nrules: [{on: dinardragon.status, delay: 300ms}]\n")
	require.NoError(t, err)
	waited := make(chan error, 1)
	go func() {
		_, err := c.AwaitRequests(context.Background(), "dinardragon.status", 2, patience)
		waited <- err
	}()
	w := dial(t, s)
	call, answer := unknown()
	for range 2 {
		w.send(call)
		status, body := w.answer()
		assert.Equal(t, 400, status)
		assert.Equal(t, answer, body)
	}
	assert.NoError(t, <-waited)
}

// large gives the workspace a scenario that is as large as one can be.
func large(t *testing.T, c *client.Client) string {
	t.Helper()
	text := "version: 1\n" + strings.Repeat("# "+strings.Repeat("x", 1000)+"\n", 1000)
	_, err := c.LoadScenario(t.Context(), text)
	require.NoError(t, err)
	return text
}

// A caller that never reads its answers is left.
func TestCallerThatDoesNotRead(t *testing.T) {
	s, c := besieged(t, 0, 0, soon)
	large(t, c)
	w := dial(t, s)
	w.send(strings.Repeat(head("GET", "/_mockpay/scenario"), 20)) // nobody has buffers for that
	require.Eventually(t, func() bool {
		_, err := w.TCPConn.Write([]byte(head("GET", "/healthz")))
		return err != nil
	}, patience, 5*time.Millisecond, "the server closes the connection")
	serves(t, s)
}

// One that reads gets all of a large answer.
func TestLargeAnswer(t *testing.T) {
	s, c := besieged(t, 0, 0, 0)
	text := large(t, c)
	w := dial(t, s)
	w.send(head("GET", "/_mockpay/scenario", "Accept: application/yaml"))
	status, body := w.answer()
	assert.Equal(t, 200, status)
	assert.Equal(t, text, body)
}

// What is no request is answered as net/http does, and never with a failure of
// the server's.
func TestNoRequests(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	s, c := besieged(t, 0, 0, 0)
	for name, tt := range map[string]struct {
		text   string
		status string // the first line's; "" for none
	}{
		"HTTP09":          {"GET /\r\n", "400 Bad Request"},
		"HTTP2":           {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00", "404 Not Found"},
		"HTTP3":           {"GET / HTTP/3.0\r\nHost: x\r\n\r\n", "400 Bad Request"},
		"TLS":             {"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03" + strings.Repeat("\x00", 200) + "\r\n", "400 Bad Request"},
		"Binary":          {"\x00\x01\x02\xff\xfe\r\n\r\n", "400 Bad Request"},
		"NoHost":          {"GET / HTTP/1.1\r\n\r\n", "400 Bad Request: missing required Host header"},
		"TwoHosts":        {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400 Bad Request"},
		"BadHost":         {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "400 Bad Request: malformed Host header"},
		"NULInHost":       {"GET / HTTP/1.1\r\nHost: a\x00b\r\n\r\n", "400 Bad Request"},
		"BadHeaderName":   {head("GET", "/", "X Y: z"), "400 Bad Request: invalid header name"},
		"NULInHeader":     {head("GET", "/", "X: a\x00b"), "400 Bad Request"},
		"NoColon":         {head("GET", "/", "nonsense"), "400 Bad Request"},
		"BadEscape":       {head("GET", "/%zz"), "400 Bad Request"},
		"NULInPath":       {head("GET", "/\x00"), "400 Bad Request"},
		"LongHeader":      {head("GET", "/", "X: "+long), "431 Request Header Fields Too Large"},
		"ManyHeaders":     {head("GET", "/", strings.Split(strings.Repeat("X-A: b,", 20_000)+"X: y", ",")...), "431 Request Header Fields Too Large"},
		"LongPath":        {head("GET", "/"+long), "431 Request Header Fields Too Large"},
		"NegativeLength":  {head("POST", "/dinardragon/status", "Content-Length: -1"), "400 Bad Request"},
		"NoLength":        {head("POST", "/dinardragon/status", "Content-Length: ten"), "400 Bad Request"},
		"TwoLengths":      {head("POST", "/dinardragon/status", "Content-Length: 1", "Content-Length: 2") + "{}", "400 Bad Request"},
		"UnknownEncoding": {head("POST", "/dinardragon/status", "Transfer-Encoding: gzip"), "400 Bad Request"},
		"Expect":          {head("POST", "/dinardragon/status", "Expect: miracles", "Content-Length: 2") + "{}", "417 Expectation Failed"},
		"Connect":         {head("CONNECT", "example.com:443"), "404 Not Found"},
		"ConnectKnown":    {"CONNECT dinardragon.com:443 HTTP/1.1\r\nHost: dinardragon.com:443\r\n\r\n", "404 Not Found"},
		"OptionsStar":     {head("OPTIONS", "*"), "200 OK"},
		"AbsoluteForm":    {head("GET", "http://dinardragon.com/status"), "405 Method Not Allowed"},
		"AbsoluteUnknown": {head("GET", "http://example.com/status"), "404 Not Found"},
		"OddMethod":       {head("BREW", "/dinardragon/status"), "405 Method Not Allowed"},
		"EscapedNUL":      {head("GET", "/dinardragon/%00%ff?%00=%ff"), "404 Not Found"},
		"BadUTF8":         {head("GET", "/dinardragon/\xff\xfe?\xff=\xfe", "X-A: \xff\xfe"), "404 Not Found"},
		"DotDot":          {head("GET", "/dinardragon/../../etc/passwd"), "404 Not Found"},
		"TwoSecrets":      {head("POST", "/dinardragon/status", "Authorization: dd-default-private-key", "Authorization: x", "Content-Length: 2") + "{}", "400 Bad Request"},
		"ShortLength":     {head("POST", "/dinardragon/status", "Authorization: dd-default-private-key", "Content-Length: 1") + "{}garbage", "400 Bad Request"},
		"Nothing":         {"", ""},
		"Blank":           {"\r\n\r\n\r\n", "400 Bad Request"},
	} {
		t.Run(name, func(t *testing.T) {
			w := dial(t, s)
			_, _ = io.WriteString(w.TCPConn, tt.text) // it may be refused before it is sent
			_ = w.CloseWrite()
			text, _ := w.rest()
			if tt.status == "" {
				assert.Empty(t, text)
				return
			}
			line, _, _ := strings.Cut(text, "\r\n")
			_, status, _ := strings.Cut(line, " ")
			assert.Equal(t, tt.status, status, text)
		})
	}
	serves(t, s)
	list, err := c.Requests(t.Context(), client.RequestFilter{})
	require.NoError(t, err)
	for _, r := range list.Requests {
		assert.Less(t, r.Status, 500)
	}
	text, err := json.Marshal(list)
	require.NoError(t, err)
	assert.True(t, json.Valid(text))
}

// Requests that come at once are answered in turn.
func TestPipelined(t *testing.T) {
	s, _ := besieged(t, 0, 0, 0)
	w := dial(t, s)
	call, answer := unknown()
	const n = 500
	go func() { _, _ = io.WriteString(w.TCPConn, strings.Repeat(call, n)) }()
	for range n {
		status, body := w.answer()
		require.Equal(t, 400, status)
		require.Equal(t, answer, body)
	}
}

func (w wire) write(b []byte) {
	w.t.Helper()
	_, err := w.TCPConn.Write(b)
	require.NoError(w.t, err)
}

// Large bodies are refused with an answer that also those see who send all of
// theirs before they look for one, and are not kept.
func TestHugeBodies(t *testing.T) {
	s, c := besieged(t, 0, 0, 0)
	const size = 20 << 20
	piece := bytes.Repeat([]byte("x"), 1<<20)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for name, tt := range map[string]struct {
		target string
		method string
		want   string
	}{
		"Provider": {"/dinardragon/status", "POST", `{"code":413,"error":"Request body too large."}`},
		"Scenario": {"/_mockpay/scenario", "PUT", `"detail":"the body is larger than 4194304 bytes"`},
		"Clock":    {"/_mockpay/clock", "POST", `"detail":"the body is larger than 4194304 bytes"`},
	} {
		t.Run(name+"Length", func(t *testing.T) {
			w := dial(t, s)
			w.send(head(tt.method, tt.target, fmt.Sprintf("Content-Length: %d", size)))
			for range size / len(piece) {
				w.write(piece)
			}
			status, body := w.answer()
			assert.Equal(t, 413, status)
			assert.Contains(t, body, tt.want)
		})
		t.Run(name+"Chunked", func(t *testing.T) {
			w := dial(t, s)
			w.send(head(tt.method, tt.target, "Transfer-Encoding: chunked"))
			for range size / len(piece) {
				w.send(fmt.Sprintf("%x\r\n", len(piece)))
				w.write(piece)
				w.send("\r\n")
			}
			w.send("0\r\n\r\n")
			status, body := w.answer()
			assert.Equal(t, 413, status)
			assert.Contains(t, body, tt.want)
		})
		t.Run(name+"Asked", func(t *testing.T) {
			w := dial(t, s)
			w.send(head(tt.method, tt.target, fmt.Sprintf("Content-Length: %d", size), "Expect: 100-continue"))
			status, body := w.answer()
			assert.Equal(t, 413, status, "without being told to go on")
			assert.Contains(t, body, tt.want)
		})
	}
	t.Run("State", func(t *testing.T) {
		w := dial(t, s)
		w.send(head("PUT", "/_mockpay/state", "Content-Length: 1099511627776"))
		status, body := w.answer()
		assert.Equal(t, 413, status)
		assert.Contains(t, body, "the body is larger than 268435456 bytes")
	})
	runtime.ReadMemStats(&after)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(100<<20), "of 120 MiB that were sent")
	e := journaled(t, c)
	assert.Equal(t, "too_large", e.Outcome)
	assert.LessOrEqual(t, len(e.Request.Body), 64<<10)
	serves(t, s)
}

// Bodies that are deep, or grow when they are read, are refused at once.
func TestDeepAndGrowingBodies(t *testing.T) {
	s, c := besieged(t, 0, 0, 0)
	bomb := "version: 1\na: &a [x,x,x,x,x,x,x,x,x]\n"
	for i := 'b'; i <= 'j'; i++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c,", i-1), 9), ","))
	}
	before := holds(t, c)
	deep := func(open string, n int) string { return strings.Repeat(open, n) }
	for name, tt := range map[string]struct{ method, target, kind, body string }{
		"Provider":     {"POST", "/dinardragon/get-authcode", "application/json", deep("[", 1<<20)},
		"Clock":        {"POST", "/_mockpay/clock", "application/json", deep(`{"advance":`, 300_000)},
		"State":        {"PUT", "/_mockpay/state", "application/json", deep("[", 4<<20)},
		"StateInside":  {"PUT", "/_mockpay/state", "application/json", `{"version":1,"scenario":"version: 1","state":{"tables":{"webhooks":[` + deep("[", 9_000) + deep("]", 9_000) + `]}}}`},
		"FlowYAML":     {"PUT", "/_mockpay/scenario", "application/yaml", deep("[", 1<<20)},
		"FlowMapYAML":  {"PUT", "/_mockpay/scenario", "application/yaml", deep("{a: ", 1<<20)},
		"BlockYAML":    {"PUT", "/_mockpay/scenario", "application/yaml", deep("- ", 1<<20)},
		"Bomb":         {"PUT", "/_mockpay/scenario", "application/yaml", bomb},
		"BombInRules":  {"PUT", "/_mockpay/scenario", "application/yaml", bomb + "rules: *j\n"},
		"BombInVerify": {"POST", "/_mockpay/verify", "application/yaml", bomb + "expect: *j\n"},
		"SelfYAML":     {"PUT", "/_mockpay/scenario", "application/yaml", "version: 1\nrules: &a [*a]\n"},
		"Workspace":    {"POST", "/_mockpay/workspaces", "application/json", string(must(json.Marshal(map[string]string{"scenario": bomb + "rules: *j\n"})))},
		"Pattern":      {"PUT", "/_mockpay/scenario", "application/yaml", "version: 1\nrules: [{on: '*', when: {a: {matches: '" + deep("(", 100_000) + "'}}, respond: server_error}]\n"},
		"PatternGrows": {"PUT", "/_mockpay/scenario", "application/yaml", "version: 1\nrules: [{on: '*', when: {a: {matches: '((a{100}){100}){100}'}}, respond: server_error}]\n"},
		"ManyMistakes": {"PUT", "/_mockpay/scenario", "application/yaml", "version: 1\nrules:\n" + strings.Repeat("  - {on: no.thing}\n", 100_000)},
	} {
		t.Run(name, func(t *testing.T) {
			w := dial(t, s)
			w.send(head(tt.method, tt.target, "Content-Type: "+tt.kind, fmt.Sprintf("Content-Length: %d", len(tt.body))) + tt.body)
			status, body := w.answer()
			assert.GreaterOrEqual(t, status, 400)
			assert.Less(t, status, 500)
			assert.NotEmpty(t, body)
			assert.Less(t, len(body), 1<<20, "nobody reads that")
		})
	}
	assert.Equal(t, before, holds(t, c))
	serves(t, s)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Calls that hang cost little, hold up nobody, and end with the server.
func TestManyCallsThatHang(t *testing.T) {
	s, c := besieged(t, 0, 0, 0)
	_, err := c.LoadScenario(t.Context(), "version: 1\nrules: [{on: dinardragon.get_authcode, fault: hang}]\n")
	require.NoError(t, err)
	const n = 300
	hanging := make([]net.Conn, n)
	for i := range hanging {
		w := dial(t, s)
		w.send(quote())
		hanging[i] = w
	}
	_, err = c.AwaitRequests(t.Context(), "dinardragon.get_authcode", n, patience)
	require.NoError(t, err)
	serves(t, s)
	require.NoError(t, s.Stop(t.Context()))
	for _, conn := range hanging {
		rest, _ := io.ReadAll(conn)
		require.Empty(t, rest)
	}
}
