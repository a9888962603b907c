package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An ear is a `mockpay webhooks listen` that runs.
type ear struct {
	t    *testing.T
	url  string
	out  *tape
	stop func() (code int, stderr string)
}

// listening runs the receiver on a free port until the test ends.
func listening(t *testing.T, args ...string) *ear {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	e, stderr, code := &ear{t: t, out: newTape()}, new(bytes.Buffer), make(chan int, 1)
	c := newCLI(noEnv, strings.NewReader(""), e.out, stderr)
	go func() { code <- c.run(ctx, append([]string{"webhooks", "listen", "--port", "0"}, args...)) }()
	e.stop = sync.OnceValues(func() (int, string) {
		cancel()
		select {
		case code := <-code:
			return code, stderr.String()
		case <-time.After(patience):
			return -1, "it does not end"
		}
	})
	t.Cleanup(func() { e.stop() })
	e.url = e.await(`http://127\.0\.0\.1:\d+/`)
	return e
}

// await returns what matches a pattern in the output.
func (e *ear) await(pattern string) string {
	e.t.Helper()
	found, ok := e.out.await(pattern)
	require.True(e.t, ok, "no %s in %q", pattern, e.out)
	return found
}

// ends stops the receiver, and returns its lines after the first.
func (e *ear) ends() []string {
	e.t.Helper()
	code, stderr := e.stop()
	require.Equal(e.t, 0, code, stderr)
	assert.Empty(e.t, stderr)
	return strings.Split(strings.TrimSuffix(e.out.String(), "\n"), "\n")[1:]
}

// send makes a request, with headers given as "Name: value".
func send(t *testing.T, method, url, body string, headers ...string) (status int, answer string, header http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Add(name, value)
	}
	res, err := (&http.Transport{DisableCompression: true, DisableKeepAlives: true}).RoundTrip(req)
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, string(text), res.Header
}

const (
	asForm   = "Content-Type: application/x-www-form-urlencoded"
	asJSON   = "Content-Type: application/json; charset=utf-8"
	anID     = "X-Mockpay-Webhook-Id: w-1"
	anEvent  = "X-Mockpay-Webhook-Event: card_load"
	accepted = `{"status":"success"}`
)

var clockTime = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z `)

// TestListenLines: an arrival is one line, whatever is in it.
func TestListenLines(t *testing.T) {
	tests := []struct {
		name    string
		method  string
		path    string
		body    string
		headers []string
		want    string // after the time
	}{
		{"Form", "POST", "/", "b=2&a=1&b=3&empty=&flag", []string{asForm, anEvent, anID}, `card_load w-1  b=2 a=1 b=3 empty= flag= -> 200`},
		{"FormEscaped", "POST", "/", "a=x+y&k+k=%22&c%5B0%5D=%C3%A9&bad=%zz", []string{asForm, anEvent, anID}, `card_load w-1  a="x y" "k k"="\"" c[0]=é bad=%zz -> 200`},
		{"JSON", "POST", "/", `{"b": 1.10, "a": "x", "n": {"k": [1, 2]}, "none": null, "yes": true, "t": "<é>"}`, []string{asJSON, anEvent, anID},
			`card_load w-1  b=1.10 a=x n={"k":[1,2]} none=null yes=true t=<é> -> 200`},
		{"JSONAsForm", "POST", "/", ` {"a":"x"}`, []string{asForm}, `POST /  a=x -> 200`},
		{"JSONEmpty", "POST", "/", `{}`, []string{asJSON, anEvent, anID}, `card_load w-1  body={} -> 200`},
		{"JSONOverLines", "POST", "/", "{\n\"a\": {\n\"b\": \"\u009b1m\"\n}\n}", []string{asJSON}, `POST /  a={"b":" 1m"} -> 200`},
		{"JSONList", "POST", "/", `[1, 2]`, []string{asJSON}, `POST /  body="[1, 2]" -> 200`},
		{"JSONBroken", "POST", "/", `{"a":`, []string{asJSON}, `POST /  body="{\"a\":" -> 200`},
		{"Text", "POST", "/hooks?x=1&y=%20", "one\ntwo", nil, `POST /hooks?x=1&y=%20  body="one\ntwo" -> 200`},
		{"Nothing", "POST", "/", "", []string{anEvent, anID}, `card_load w-1  -> 200`},
		{"Control", "POST", "/", "a=%1b%5B31mred&b=%ff&c=%E2%80%AE", []string{asForm, "X-Mockpay-Webhook-Event: a b"}, `"a b"   a="\x1b[31mred" b="\xff" c="\u202e" -> 200`},
		{"OtherMethod", "GET", "/favicon.ico", "", nil, `GET /favicon.ico  -> 405 "webhooks are sent by POST"`},
	}
	e := listening(t)
	for _, tt := range tests {
		status, answer, _ := send(t, tt.method, strings.TrimSuffix(e.url, "/")+tt.path, tt.body, tt.headers...)
		if tt.method == "POST" {
			assert.Equal(t, 200, status, tt.name)
			assert.Equal(t, accepted, answer, tt.name)
		}
	}
	lines := e.ends()
	require.Len(t, lines, len(tests))
	for i, tt := range tests {
		assert.Regexp(t, clockTime, lines[i], tt.name)
		assert.Equal(t, tt.want, clockTime.ReplaceAllString(lines[i], ""), tt.name)
	}
}

// TestListenJSON: with --output json each line is an object.
func TestListenJSON(t *testing.T) {
	e := listening(t, "--output", "json")
	assert.Equal(t, `{"listening":"`+e.url+"\"}\n", e.out.String())
	send(t, "POST", e.url+"hooks?x=1", "b=2&a=%3C1.10%3E", asForm, anEvent, anID, "X-Twice: 1", "X-Twice: 2")
	send(t, "POST", e.url, `{"b": 1.10, "a": {"n": [1, 2]}, "t": "<>"}`, asJSON)
	send(t, "PUT", e.url, "text")

	lines := e.ends()

	require.Len(t, lines, 3)
	assert.Contains(t, lines[0], `"fields":{"b":"2","a":"<1.10>"},"status":200}`)
	assert.Contains(t, lines[1], `"fields":{"b":1.10,"a":{"n":[1,2]},"t":"<>"},"status":200}`)
	assert.Contains(t, lines[2], `"body":"text","status":405,"error":"webhooks are sent by POST"}`)
	var a struct {
		At, Method, Path, Body string
		Headers                map[string]string
	}
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &a))
	assert.Regexp(t, clockTime, a.At+" ")
	assert.Equal(t, "POST", a.Method)
	assert.Equal(t, "/hooks?x=1", a.Path)
	assert.Equal(t, "b=2&a=%3C1.10%3E", a.Body)
	assert.Equal(t, "w-1", a.Headers["X-Mockpay-Webhook-Id"])
	assert.Equal(t, "1, 2", a.Headers["X-Twice"])
}

// TestListenStatus: a receiver that does not take webhooks says so.
func TestListenStatus(t *testing.T) {
	for status, want := range map[string]string{"201": accepted, "204": "", "302": `{"status":"error"}`, "503": `{"status":"error"}`} {
		e := listening(t, "--status", status)
		got, answer, _ := send(t, "POST", e.url, "a=1", asForm)
		assert.Equal(t, status, fmt.Sprint(got))
		assert.Equal(t, want, answer)
		assert.Contains(t, e.ends()[0], "a=1 -> "+status)
	}
}

// TestListenBounds: a body of one megabyte is taken, a larger one is not.
func TestListenBounds(t *testing.T) {
	e := listening(t)
	status, _, _ := send(t, "POST", e.url, strings.Repeat("a", 1<<20))
	assert.Equal(t, 200, status)
	status, answer, _ := send(t, "POST", e.url, strings.Repeat("a", 1<<20+1))
	assert.Equal(t, 413, status)
	assert.Equal(t, `{"status":"error","message":"the body is larger than 1048576 bytes"}`, answer)
	assert.Equal(t, `POST /  -> 413 "the body is larger than 1048576 bytes"`, clockTime.ReplaceAllString(e.ends()[1], ""))
}

// TestListenTogether: lines of arrivals at the same time do not mix.
func TestListenTogether(t *testing.T) {
	e := listening(t)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			res, err := http.Post(e.url, "application/json", strings.NewReader(`{"a":"`+strings.Repeat("x", 1000)+`"}`))
			if assert.NoError(t, err) {
				res.Body.Close()
			}
		})
	}
	all.Wait()
	lines := e.ends()
	assert.Len(t, lines, 20)
	for _, line := range lines {
		assert.Regexp(t, `^\S+Z POST /  a=x{1000} -> 200$`, line)
	}
}

// A target is the application that a receiver passes webhooks on to.
type target struct {
	*httptest.Server
	mu   sync.Mutex
	got  *http.Request // the last; guarded by mu
	body string        // of it; guarded by mu
}

func newTarget(t *testing.T, answer http.HandlerFunc) *target {
	a := &target{}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		a.mu.Lock()
		a.got, a.body = r, string(body)
		a.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(a.Close)
	return a
}

// last is the last request, as it came.
func (a *target) last() (*http.Request, string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.got, a.body
}

// TestListenForward: what is passed on is what came, and so is the answer.
func TestListenForward(t *testing.T) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	io.WriteString(z, "zipped")
	z.Close()
	a := newTarget(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-App", "yes")
		w.Header().Add("Set-Cookie", "a=1")
		w.Header().Add("Set-Cookie", "b=2")
		w.Header().Set("Content-Encoding", "gzip")
		w.WriteHeader(418)
		w.Write(zipped.Bytes())
	})
	e := listening(t, "--forward", a.URL+"/hooks?x=1")

	status, answer, header := send(t, "PUT", e.url+"elsewhere", "b=2&a=1", asForm, anEvent, anID,
		"User-Agent: mockpay/1", "X-Twice: 1", "X-Twice: 2", "Connection: keep-alive")

	assert.Equal(t, 418, status)
	assert.Equal(t, zipped.String(), answer)
	assert.Equal(t, "yes", header.Get("X-App"))
	assert.Equal(t, []string{"a=1", "b=2"}, header["Set-Cookie"])
	got, body := a.last()
	assert.Equal(t, "PUT", got.Method)
	assert.Equal(t, "/hooks?x=1", got.URL.RequestURI())
	assert.Equal(t, "b=2&a=1", body)
	assert.Equal(t, http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"}, "X-Mockpay-Webhook-Event": {"card_load"}, "X-Mockpay-Webhook-Id": {"w-1"},
		"User-Agent": {"mockpay/1"}, "X-Twice": {"1", "2"}, "Content-Length": {"7"}, "Connection": {"close"}, // no matter of the sender's
	}, got.Header)
	assert.Equal(t, `card_load w-1  b=2 a=1 -> 418`, clockTime.ReplaceAllString(e.ends()[0], ""))
}

// TestListenForwardFails: what the application does not answer is a 502, and a
// redirect of it is passed on.
func TestListenForwardFails(t *testing.T) {
	t.Run("Redirect", func(t *testing.T) {
		a := newTarget(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", http.StatusFound) })
		e := listening(t, "--forward", a.URL)
		status, _, header := send(t, "POST", e.url, "")
		assert.Equal(t, 302, status)
		assert.Equal(t, "/login", header.Get("Location"))
	})
	t.Run("Unreachable", func(t *testing.T) {
		a := newTarget(t, nil)
		a.Close()
		e := listening(t, "--forward", a.URL)
		status, answer, _ := send(t, "POST", e.url, "a=1", asForm)
		assert.Equal(t, 502, status)
		assert.Contains(t, answer, `{"status":"error","message":"cannot reach `+a.URL+`: dial tcp `)
		assert.Regexp(t, ` a=1 -> 502 "cannot reach `+a.URL+`: .*refused"$`, e.ends()[0])
	})
	t.Run("NoAnswer", func(t *testing.T) {
		a := newTarget(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		e := listening(t, "--forward", a.URL)
		status, _, _ := send(t, "POST", e.url, "")
		assert.Equal(t, 502, status)
		assert.Regexp(t, ` -> 502 "cannot reach .*EOF"$`, e.ends()[0])
	})
	t.Run("TooLarge", func(t *testing.T) {
		a := newTarget(t, func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, 1<<20+1)) })
		e := listening(t, "--forward", a.URL)
		status, _, _ := send(t, "POST", e.url, "")
		assert.Equal(t, 502, status)
		assert.Regexp(t, ` -> 502 "the answer of .* cannot be read: http: request body too large"$`, e.ends()[0])
	})
}

// TestListenFinishes: what is on its way when it ends is still answered.
func TestListenFinishes(t *testing.T) {
	came, answer := make(chan bool), make(chan bool)
	a := newTarget(t, func(http.ResponseWriter, *http.Request) {
		came <- true
		<-answer
	})
	e := listening(t, "--forward", a.URL)
	done := make(chan int)
	go func() {
		res, err := http.Post(e.url, "text/plain", strings.NewReader("x"))
		if assert.NoError(t, err) {
			res.Body.Close()
			done <- res.StatusCode
		}
	}()
	<-came
	ended := make(chan bool)
	go func() {
		e.stop()
		close(ended)
	}()
	close(answer)
	assert.Equal(t, 200, <-done)
	<-ended
	assert.Contains(t, e.ends()[0], `body=x -> 200`)
}

func TestListenPortTaken(t *testing.T) {
	e := listening(t)
	_, port, err := net.SplitHostPort(strings.TrimSuffix(strings.TrimPrefix(e.url, "http://"), "/"))
	require.NoError(t, err)

	code, stdout, stderr := runCLI(t, noEnv, "webhooks", "listen", "--port", port)

	assert.Equal(t, 1, code)
	assert.Empty(t, stdout)
	assert.Regexp(t, `^mockpay: listen tcp 127\.0\.0\.1:`+port+`: .*address already in use\n$`, stderr)
}

// A registry is a control API that knows one endpoint.
type registry struct {
	*httptest.Server
	hangs chan bool // told of a PUT that is not answered; nil for none
	mu    sync.Mutex
	url   string   // of the endpoint; guarded by mu
	calls []string // guarded by mu
}

func newRegistry(t *testing.T) *registry {
	g := &registry{}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct{ URL string }
		_ = json.NewDecoder(r.Body).Decode(&body)
		g.mu.Lock()
		defer g.mu.Unlock()
		g.calls = append(g.calls, r.Method+" "+r.URL.RequestURI())
		switch r.Method {
		case "PUT":
			g.url = body.URL
			if g.hangs != nil {
				g.hangs <- true
				<-r.Context().Done()
				return
			}
			fmt.Fprintf(w, `{"url":%q,"reachable":false,"cause":"nothing listens"}`, g.url)
		case "GET":
			fmt.Fprintf(w, `{"url":%q}`, g.url)
		case "DELETE":
			g.url = ""
			w.WriteHeader(http.StatusNoContent)
		}
	}))
	t.Cleanup(g.Close)
	return g
}

func (g *registry) set(url string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.url = url
}

func (g *registry) asked() (url string, calls []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.url, g.calls
}

// TestListenRegister: a receiver is an endpoint from its start to its end.
func TestListenRegister(t *testing.T) {
	const endpoint = "/_mockpay/webhook-endpoints/dinaricash?workspace=ci"
	t.Run("TakenAway", func(t *testing.T) {
		g := newRegistry(t)
		e := listening(t, "--register", "dinaricash", "--url", g.URL, "--workspace", "ci")
		e.await(`(?m)^webhooks of dinaricash come here$`)
		url, _ := g.asked()
		assert.Equal(t, e.url, url)
		code, stderr := e.stop()
		assert.Equal(t, 0, code)
		assert.Equal(t, "mockpay: warning: "+e.url+" is not reachable: nothing listens\n", stderr)
		url, calls := g.asked()
		assert.Empty(t, url)
		assert.Equal(t, []string{"PUT " + endpoint, "GET " + endpoint, "DELETE " + endpoint}, calls)
	})
	t.Run("AnotherStays", func(t *testing.T) {
		g := newRegistry(t)
		e := listening(t, "--register", "dinaricash", "--url", g.URL, "--output", "json")
		e.await(`(?m)^\{"registered":"dinaricash"\}$`)
		g.set("http://app/")
		code, _ := e.stop()
		assert.Equal(t, 0, code)
		url, _ := g.asked()
		assert.Equal(t, "http://app/", url)
	})
	t.Run("ServerGone", func(t *testing.T) {
		g := newRegistry(t)
		e := listening(t, "--register", "dinaricash", "--url", g.URL)
		e.await("come here")
		g.Close()
		code, stderr := e.stop()
		assert.Equal(t, 0, code)
		assert.Contains(t, stderr, "\nmockpay: warning: webhooks of dinaricash still come to "+e.url+": cannot reach mockpay at ")
	})
	t.Run("EndsMeanwhile", func(t *testing.T) {
		g := newRegistry(t)
		g.hangs = make(chan bool)
		e := listening(t, "--register", "dinaricash", "--url", g.URL)
		<-g.hangs
		assert.Empty(t, e.ends())
		url, _ := g.asked()
		assert.Empty(t, url)
	})
	t.Run("Refused", func(t *testing.T) {
		code, stdout, stderr, _ := asking(t, 404, `{"title":"Not Found","detail":"no provider"}`, "webhooks", "listen", "--port", "0", "--register", "dinaricash")
		assert.Equal(t, 1, code)
		assert.Regexp(t, `^listening on http://127\.0\.0\.1:\d+/\n$`, stdout)
		assert.Equal(t, "mockpay: no provider (404 Not Found)\n", stderr)
	})
}
