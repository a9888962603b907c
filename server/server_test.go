package server_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
	"github.com/mockpay/mockpay/mocks"
	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/scenarios"
	"github.com/mockpay/mockpay/server"
	"github.com/mockpay/mockpay/state"
)

func newServer(t *testing.T, o server.Options) *server.Server {
	t.Helper()
	if o.Mocks == nil {
		o.Mocks = mocks.All()
	}
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	s, err := server.New(o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Stop(context.Background())) })
	return s
}

func start(t *testing.T, o server.Options) *server.Server {
	t.Helper()
	s := newServer(t, o)
	require.NoError(t, s.Start())
	return s
}

// do makes a call without a port.
func do(h http.Handler, method, url, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, url, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestOwnPaths(t *testing.T) {
	h := newServer(t, server.Options{Version: "1.2.3", ControlToken: "secret"}).Handler()
	for path, want := range map[string]string{
		"/healthz": `"ok"`, "/livez": `"ok"`, "/readyz": `"ok"`,
		"/": "Dinar Dragon  http://example.com/dinardragon",
	} {
		w := do(h, "GET", path, "")
		assert.Equal(t, 200, w.Code, path)
		assert.Contains(t, w.Body.String(), want)
	}
	w := do(h, "GET", "/dinardragons", "")
	assert.Equal(t, 404, w.Code)
	assert.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
	assert.Contains(t, w.Body.String(), "/dinardragon")
}

func TestProviderIsFound(t *testing.T) {
	h := newServer(t, server.Options{}).Handler()
	const missing = `{"code":400,"error":"Missing API key in request headers."}`
	const unknown = `{"code":404,"error":"Not found."}`
	for _, c := range []struct{ method, url, want string }{
		{"POST", "http://localhost/dinardragon/status", missing},
		{"POST", "http://dinardragon.com/status", missing},
		{"POST", "http://DinarDragon.COM.:443/status", missing},
		{"POST", "http://dinardragon.localhost:4402/status", missing},
		{"POST", "http://dinardragon.com/dinardragon/status", unknown},
		{"POST", "http://localhost/dinardragon/status/", unknown},
		{"POST", "http://localhost/dinardragon//status", unknown},
		{"POST", "http://localhost/dinardragon", unknown},
		{"POST", "http://localhost/dinardragon/", unknown},
		{"PUT", "http://localhost/dinardragon/status", `{"code":405,"error":"Method not allowed."}`},
	} {
		w := do(h, c.method, c.url, "")
		assert.Equal(t, c.want, w.Body.String(), c.url)
	}
	assert.Equal(t, "POST", do(h, "PUT", "/dinardragon/status", "").Header().Get("Allow"))
}

func TestProviderListener(t *testing.T) {
	s := start(t, server.Options{ProviderAddrs: map[string]string{"dinardragon": "127.0.0.1:0"}})
	own := s.ProviderURL("dinardragon")
	require.NotEqual(t, s.URL(), own)
	assert.Empty(t, s.ProviderURL("other"))
	var banner strings.Builder
	require.NoError(t, s.Banner(&banner))
	assert.Contains(t, banner.String(), "private_key=dd-default-private-key own_url="+own+"\n")
	for path, want := range map[string]string{
		"/status":             `{"code":400,"error":"Missing API key in request headers."}`,
		"/dinardragon/status": `{"code":400,"error":"Missing API key in request headers."}`,
		"/nowhere":            `{"code":404,"error":"Not found."}`,
		"/":                   `{"code":404,"error":"Not found."}`,
	} {
		res, err := http.Post(own+path, "application/json", nil)
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		assert.Equal(t, want, string(body), path)
	}
}

func TestBanner(t *testing.T) {
	seed := int64(42)
	s := start(t, server.Options{Seed: &seed, Version: "9"})
	var b bytes.Buffer
	require.NoError(t, s.Banner(&b))
	assert.Equal(t, fmt.Sprintf("mockpay 9 seed 42 scenario default\ndinardragon %[1]s/dinardragon private_key=dd-default-private-key\n"+
		"dinaricash %[1]s/dinaricash corporate_account_id=8d1838fbb7fea3206326d0d96f162618 gateway_api_key=955a380d7d9c05707f199fbe8ba8474d webhook_key=d4238d59beea578ab494a6f5126cf853\n"+
		"usdtpayout %[1]s/usdtpayout live_base_url=%[1]s/usdtpayout/live api_key=pg-default-api-key encryption_secret=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8 "+
		"hmac_secret=oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr8 email=owner@example.test password=pw-1\n"+
		"executions %[1]s/executions client_id=dollr-default-client client_secret=dollr-default-secret passcode=123456 phone=231771234567\n"+
		"mockpay ready on %[1]s\n", s.URL()), b.String())
}

func TestStartErrAddressTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	s := newServer(t, server.Options{Addr: taken.Addr().String()})
	assert.ErrorContains(t, s.Start(), "address already in use")

	s = newServer(t, server.Options{ProviderAddrs: map[string]string{"dinardragon": taken.Addr().String()}})
	assert.ErrorContains(t, s.Start(), "address already in use")
	_, err = http.Get(s.URL())
	assert.Error(t, err, "no listener stays when one cannot be bound")
}

func TestNewErrors(t *testing.T) {
	_, err := server.New(server.Options{Mocks: mocks.All(), Scenario: "instnat"})
	assert.ErrorIs(t, err, server.ErrOption)
	assert.ErrorContains(t, err, `did you mean "instant"?`)

	_, err = server.New(server.Options{Mocks: mocks.All(), ProviderAddrs: map[string]string{"dinardragn": ":0"}})
	assert.ErrorIs(t, err, server.ErrOption)

	file := filepath.Join(t.TempDir(), "bad.yaml")
	require.NoError(t, os.WriteFile(file, []byte("version: 2\n"), 0o600))
	_, err = server.New(server.Options{Mocks: mocks.All(), Scenario: file})
	var mistakes scenarios.Mistakes
	require.ErrorAs(t, err, &mistakes)
	assert.Equal(t, file+":1:10: version must be 1, it is \"2\"", mistakes[0].String())
}

func TestScenarioFolder(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{
		"poor.yaml":   "version: 1\nproviders: {dinardragon: {balance: 1}}\n",
		"rich.yml":    "version: 1\nextends: poor.yaml\nproviders: {dinardragon: {balance: 99}}\n",
		"ignored.txt": "no scenario",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	s := start(t, server.Options{Scenario: folder})
	for id, want := range map[string]string{"poor": "1", "rich": "99", "default": "10000"} {
		balances, err := client.New(s.URL(), client.WithWorkspace(id)).Balances(t.Context())
		require.NoError(t, err)
		assert.Equal(t, want, balances["dinardragon"]["USD"], id)
	}

	require.NoError(t, os.WriteFile(filepath.Join(folder, "broken.yaml"), []byte("version: 1\nrulez: []\n"), 0o600))
	_, err := server.New(server.Options{Mocks: mocks.All(), Scenario: folder})
	assert.ErrorContains(t, err, `broken.yaml:2:1: no key "rulez", did you mean "rules"?`)
}

// slow is a scenario whose status calls take a while.
const slow = "version: 1\nrules: [{on: dinardragon.status, delay: 300ms}]\n"

func TestStopFinishesWhatIsInFlight(t *testing.T) {
	s := start(t, server.Options{})
	c := client.New(s.URL())
	_, err := c.LoadScenario(t.Context(), slow)
	require.NoError(t, err)
	answered := make(chan int, 1)
	go func() {
		req, _ := http.NewRequest("POST", s.URL()+"/dinardragon/status", strings.NewReader(`{"uniqueid":"x"}`))
		req.Header.Set("Authorization", "dd-default-private-key")
		res, err := http.DefaultClient.Do(req)
		if !assert.NoError(t, err) {
			answered <- 0
			return
		}
		defer res.Body.Close()
		answered <- res.StatusCode
	}()
	_, err = c.AwaitRequests(t.Context(), "dinardragon.status", 1, 10*time.Second)
	require.NoError(t, err)
	require.NoError(t, s.Stop(t.Context()))
	assert.Equal(t, 400, <-answered)
	_, err = http.Get(s.URL() + "/healthz")
	assert.Error(t, err, "a stopped server accepts no more")
}

func TestStopEndsWhatOnlyWaits(t *testing.T) {
	s := start(t, server.Options{})
	ended := make(chan error, 1)
	waiting := make(chan struct{})
	go func() {
		req, _ := http.NewRequest("GET", s.URL()+"/_mockpay/requests/wait?count=5&timeout=10m", nil)
		req = req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
			WroteRequest: func(httptrace.WroteRequestInfo) { close(waiting) },
		}))
		res, err := http.DefaultClient.Do(req)
		if err == nil {
			err = res.Body.Close()
			assert.Equal(t, 503, res.StatusCode)
		}
		ended <- err
	}()
	<-waiting
	ctx, cancel := context.WithTimeout(t.Context(), 9*time.Second)
	defer cancel()
	require.NoError(t, s.Stop(ctx))
	// It was either answered, or came too late to be accepted.
	if err := <-ended; err != nil {
		t.Log(err)
	}
}

func TestBodyTooLarge(t *testing.T) {
	h := newServer(t, server.Options{}).Handler()
	fits := strings.Repeat(" ", provider.BodyLimit)
	w := do(h, "POST", "/dinardragon/status", fits, "Authorization", "dd-default-private-key")
	assert.Equal(t, `{"code":400,"error":"Invalid JSON body."}`, w.Body.String())
	w = do(h, "POST", "/dinardragon/status", fits+" ", "Authorization", "dd-default-private-key")
	assert.Equal(t, 413, w.Code)
	assert.Equal(t, `{"code":413,"error":"Request body too large."}`, w.Body.String())
	assert.Contains(t, w.Header().Get("X-Mockpay-Hint"), "1048576")
}

// broken panics wherever a mock can.
func broken() *provider.Mock {
	m := mocks.All()[0]
	m.Identify = func(r *provider.Request) string {
		if r.Path == "/status" {
			panic("identify")
		}
		return "dd-default-private-key"
	}
	handle := m.Operations[0].Handle
	m.Operations[0].Handle = func(c *provider.Call) (*provider.Response, error) {
		_, _ = handle(c)
		c.Tx.Move("dinardragon", "USD", c.Tx.Balance("dinardragon", "USD"), "gone")
		panic("handle")
	}
	m.Operations[1].Handle = func(*provider.Call) (*provider.Response, error) { return nil, io.ErrUnexpectedEOF }
	return m
}

func TestPanicsAnswerInProviderShapeAndAreLoud(t *testing.T) {
	var log bytes.Buffer
	h := newServer(t, server.Options{Mocks: []*provider.Mock{broken()}, Log: slog.New(slog.NewTextHandler(&log, nil))}).Handler()
	for path, reason := range map[string]string{"/get-authcode": "panic: handle", "/execute": "unexpected EOF", "/status": "identify"} {
		log.Reset()
		w := do(h, "POST", "/dinardragon"+path, "{}", "Authorization", "dd-default-private-key")
		assert.Equal(t, `{"code":500,"error":"Internal server error."}`, w.Body.String(), path)
		assert.Equal(t, 500, w.Code)
		assert.NotEmpty(t, w.Header().Get("X-Mockpay-Request-Id"))
		assert.Contains(t, log.String(), reason)
		assert.Contains(t, log.String(), "level=ERROR")
	}
	assert.Equal(t, "{\"dinardragon\":{\"USD\":\"10000\"}}\n", do(h, "GET", "/_mockpay/balances", "").Body.String(), "a panic leaves nothing behind")
	assert.Contains(t, do(h, "GET", "/_mockpay/requests", "").Body.String(), `"outcome":"server_error"`)
}

func TestFailedJobsAreLoudAndGone(t *testing.T) {
	for name, job := range map[string]func() error{
		"Error": func() error { return io.ErrNoProgress },
		"Panic": func() error { panic("boom") },
	} {
		t.Run(name, func(t *testing.T) {
			m := mocks.All()[0]
			m.Jobs = map[string]func(*provider.Call, state.Job) error{"boom": func(c *provider.Call, _ state.Job) error {
				c.Tx.Move("dinardragon", "USD", c.Tx.Balance("dinardragon", "USD"), "gone")
				return job()
			}}
			m.Operations[0].Handle = func(c *provider.Call) (*provider.Response, error) {
				c.Tx.Schedule(c.Tx.Now().Add(time.Second), "dinardragon.boom", "ref", nil)
				return provider.OK(struct{}{})
			}
			var log bytes.Buffer
			h := newServer(t, server.Options{Mocks: []*provider.Mock{m}, Log: slog.New(slog.NewTextHandler(&log, nil))}).Handler()
			do(h, "POST", "/_mockpay/clock", `{"freeze":true}`)
			do(h, "POST", "/dinardragon/get-authcode", "{}", "Authorization", "dd-default-private-key")
			w := do(h, "POST", "/_mockpay/clock", `{"advance":"1m"}`)
			assert.Contains(t, w.Body.String(), `"pending":[],"fired":[{"at"`)
			assert.Contains(t, log.String(), "a job failed")
			w = do(h, "GET", "/_mockpay/balances", "")
			assert.Contains(t, w.Body.String(), `"USD":"10000"`, "what it wrote is undone")
		})
	}
}

// TestMalformedRequestsHarmNobody sends two thousand broken requests over real
// connections: broken HTTP, broken paths, broken bodies.
func TestMalformedRequestsHarmNobody(t *testing.T) {
	var log bytes.Buffer
	s := start(t, server.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	addr := strings.TrimPrefix(s.URL(), "http://")
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 2000 {
		conn, err := net.Dial("tcp", addr)
		require.NoError(t, err)
		require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
		_, _ = io.WriteString(conn, malformed(random, i)) // the server may hang up
		_ = conn.(*net.TCPConn).CloseWrite()              // before we are done
		if res, err := http.ReadResponse(bufio.NewReader(conn), nil); err == nil {
			assert.Less(t, res.StatusCode, 500)
			assert.NoError(t, res.Body.Close())
		}
		require.NoError(t, conn.Close())
	}
	for _, crash := range []string{"panic", "goroutine", "level=ERROR"} {
		assert.NotContains(t, log.String(), crash)
	}
	w := do(s.Handler(), "GET", "/_mockpay/invariants", "")
	assert.Contains(t, w.Body.String(), `{"ok":true`)
}

// malformed makes the i-th broken request.
func malformed(random *rand.Rand, i int) string {
	paths := []string{"/get-authcode", "/execute", "/status", "/%00", "/../..", "/" + strings.Repeat("a/", 50)}
	junk := make([]byte, random.IntN(200))
	for i := range junk {
		junk[i] = byte(random.UintN(256))
	}
	bodies := []string{
		string(junk), `{"amount":` + string(junk), strings.Repeat("[", random.IntN(20000)), `{"amount":1e99999,"accounts":[{}]}`,
		`{"amount":-0,"accounts":[{"acc":-1,"amount":1e-40,"bank":"\u0000","country":"` + "\u2028" + `","recipientname":[]}]}`,
		`{"authcode":` + strings.Repeat("9", 5000) + `}`, `{"uniqueid":{"a":[null]},"payment_id":true}`, "\xef\xbb\xbf{}", `{"a":1}{"a":2}`,
	}
	path, body := paths[random.IntN(len(paths))], bodies[random.IntN(len(bodies))]
	head := "POST /dinardragon" + path + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer dd-default-private-key\r\n"
	switch i % 10 {
	case 8:
		return strings.Replace(head, "HTTP/1.1", "HTTP/9.9", 1) + "\r\n" + body
	case 9:
		return head + "Transfer-Encoding: gzip\r\n\r\n" + body
	case 0:
		return string(junk) + "\r\n\r\n"
	case 1:
		return head + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body)+10, body)
	case 2:
		return head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n" + body
	case 3:
		return head + "Content-Length: -1\r\n\r\n"
	case 4:
		return head + "Authorization : x\r\n\r\n" + body
	}
	return head + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
}

func TestAnswersAreByteIdenticalForOneSeed(t *testing.T) {
	const scenario = "version: 1\nseed: 11\nclock: {start: 2026-01-15T09:00:00Z, frozen: true}\nrules: [{on: dinardragon.status, chance: 0.5, respond: rate_limited}]\n"
	transcript := func() string {
		h := newServer(t, server.Options{}).Handler()
		do(h, "PUT", "/_mockpay/scenario", scenario)
		var b strings.Builder
		for i := range 40 {
			w := do(h, "POST", "/dinardragon/get-authcode", fmt.Sprintf(`{"amount":%[1]d,"accounts":[{"acc":1,"amount":%[1]d,"bank":"b","country":"US","recipientname":"n"}]}`, i), "Authorization", "dd-default-private-key")
			fmt.Fprintln(&b, w.Code, w.Header(), w.Body)
			w = do(h, "POST", "/dinardragon/status", `{"uniqueid":"x"}`, "Authorization", "dd-default-private-key")
			fmt.Fprintln(&b, w.Code, w.Header(), w.Body)
			do(h, "POST", "/_mockpay/clock", `{"advance":"1s"}`)
		}
		return b.String()
	}
	first := transcript()
	assert.Equal(t, first, transcript())
	assert.Contains(t, first, "429 map", "chance lets the rule act sometimes")
	assert.Contains(t, first, "Payment not found.", "and sometimes not")
}

func TestUnknownOutcomeIsJournaled(t *testing.T) {
	h := newServer(t, server.Options{}).Handler()
	w := do(h, "POST", "/dinardragon/execute", `{"authcode":"x"}`, "Authorization", "dd-default-private-key", "X-Mockpay-Outcome", "authcode_expird")
	assert.Equal(t, 400, w.Code)
	assert.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
	assert.Contains(t, w.Body.String(), `did you mean \"authcode_expired\"?; there are: insufficient_balance, authcode_expired, `)
	assert.Contains(t, w.Header().Get("X-Mockpay-Hint"), "authcode_expird")
	journal := do(h, "GET", "/_mockpay/requests?operation=execute&status=400", "")
	assert.Contains(t, journal.Body.String(), "authcode_expird")
}

func TestForcedCallsAreCountedByRules(t *testing.T) {
	h := newServer(t, server.Options{}).Handler()
	do(h, "PUT", "/_mockpay/scenario", "version: 1\nrules: [{on: dinardragon.status, every: 3, respond: rate_limited}]\n")
	status := func(header ...string) int {
		return do(h, "POST", "/dinardragon/status", `{"uniqueid":"x"}`, append(header, "Authorization", "dd-default-private-key")...).Code
	}
	assert.Equal(t, 500, status("X-Mockpay-Outcome", "server_error"))
	assert.Equal(t, 400, status())
	assert.Equal(t, 429, status(), "the third call, the forced one counted")
	assert.Equal(t, 400, status("X-Mockpay-Outcome", "missing_key"), "what is forced is not what the rule says")
}

func TestUnparsableRequestsAreTheCallersMistake(t *testing.T) {
	s := start(t, server.Options{})
	for name, head := range map[string]string{
		"Version":  "GET / HTTP/9.9\r\nHost: x\r\n",
		"Encoding": "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n",
		"Line":     "GARBAGE\r\n",
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
		require.NoError(t, err)
		require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
		_, err = io.WriteString(conn, head+"\r\n")
		require.NoError(t, err)
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err, name)
		assert.Equal(t, 400, res.StatusCode, name)
		require.NoError(t, conn.Close())
	}

	do(s.Handler(), "PUT", "/_mockpay/scenario", "version: 1\nrules: [{on: dinardragon.status, respond: {status: 501, body: Unsupported}}]\n")
	req, err := http.NewRequest("POST", s.URL()+"/dinardragon/status", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "dd-default-private-key")
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	assert.Equal(t, 501, res.StatusCode, "what a rule answers stays")
}

func TestJournalBodyIsSettable(t *testing.T) {
	for body, want := range map[int]string{0: `{"uniqueid":"x"}`, 4: `{"un`, -1: ""} {
		h := newServer(t, server.Options{JournalBody: body}).Handler()
		do(h, "POST", "/dinardragon/status", `{"uniqueid":"x"}`, "Authorization", "dd-default-private-key")
		var list client.Requests
		require.NoError(t, json.Unmarshal(do(h, "GET", "/_mockpay/requests", "").Body.Bytes(), &list))
		assert.Equal(t, want, list.Requests[0].Request.Body)
	}
}
