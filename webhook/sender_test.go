package webhook

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The event that the senders of these tests send.
var anEvent = Event{ID: "11111111-2222-4333-8444-555555555555", Provider: "cash", Event: "paid", Payload: []byte(`{"amount":5.00,"data":{"k":"a b"}}`)}

func newSender(t testing.TB, allow ...string) *Sender {
	s := NewSender(allow, "1.2.3")
	return s
}

// listen serves each connection to a fresh port, and ends with the test.
func listen(t testing.TB, serve func(net.Conn)) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer conn.Close()
				serve(conn)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		serving.Wait()
	})
	return "http://" + l.Addr().String()
}

// readRequest reads a request with its body, and returns the body.
func readRequest(conn net.Conn) string {
	req, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return ""
	}
	body, _ := io.ReadAll(req.Body)
	return string(body)
}

// closedPort is a URL where nobody listens.
func closedPort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return "http://" + l.Addr().String()
}

// serve answers every request in one way.
func serve(t testing.TB, fn http.HandlerFunc) (url string) {
	t.Helper()
	server := httptest.NewServer(fn)
	t.Cleanup(server.Close)
	return server.URL
}

// patient is longer than any receiver of these tests takes to answer.
const patient = 30 * time.Second

func TestSend(t *testing.T) {
	for _, tt := range []struct {
		encoding, media, body string
	}{
		{JSON, "application/json", `{"amount":5.00,"data":{"k":"a b"}}`},
		{Form, "application/x-www-form-urlencoded", `amount=5.00&data%5Bk%5D=a+b`},
	} {
		t.Run(tt.encoding, func(t *testing.T) {
			var got *http.Request
			var body string
			url := serve(t, func(w http.ResponseWriter, r *http.Request) {
				text, _ := io.ReadAll(r.Body)
				got, body = r, string(text)
				w.Header().Set("X-Answer", "yes")
				_, _ = io.WriteString(w, "thanks")
			})
			a := newSender(t).Send(t.Context(), Endpoint{URL: url + "/hooks?token=x", Encoding: tt.encoding, Timeout: patient}, anEvent)
			assert.Empty(t, a.Error)
			assert.Equal(t, 200, a.Status)
			assert.Positive(t, a.Micros)
			assert.Equal(t, "POST", got.Method)
			assert.Equal(t, "/hooks?token=x", got.RequestURI)
			assert.Equal(t, tt.body, body)
			assert.EqualValues(t, len(tt.body), got.ContentLength)
			for name, want := range map[string]string{
				"Content-Type": tt.media, "User-Agent": "mockpay/1.2.3",
				"X-Mockpay-Webhook-Id": anEvent.ID, "X-Mockpay-Webhook-Event": "paid", "Accept-Encoding": "",
			} {
				assert.Equal(t, want, got.Header.Get(name), name)
			}
			assert.Equal(t, tt.body, a.Request.Body)
			assert.Equal(t, len(tt.body), a.Request.BodySize)
			assert.Equal(t, map[string]string{
				"Content-Type": tt.media, "User-Agent": "mockpay/1.2.3", "X-Mockpay-Webhook-Id": anEvent.ID, "X-Mockpay-Webhook-Event": "paid",
			}, a.Request.Headers)
			assert.Equal(t, "thanks", a.Response.Body)
			assert.Equal(t, "yes", a.Response.Headers["X-Answer"])
		})
	}
	t.Run("NoObject", func(t *testing.T) {
		url := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("it was sent") })
		e := anEvent
		e.Payload = []byte(`[1]`)
		a := newSender(t).Send(t.Context(), Endpoint{URL: url, Encoding: Form, Timeout: patient}, e)
		assert.Contains(t, a.Error, "write the event as a form")
	})
	t.Run("LargePayload", func(t *testing.T) {
		size := 0
		url := serve(t, func(_ http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			size = len(body)
		})
		e := anEvent
		e.Payload = []byte(`{"a":"` + strings.Repeat("x", 300_000) + `"}`)
		a := newSender(t).Send(t.Context(), Endpoint{URL: url, Encoding: JSON, Timeout: patient}, e)
		assert.Empty(t, a.Error)
		assert.Equal(t, len(e.Payload), size, "sent whole")
		assert.Len(t, a.Request.Body, keptLimit, "kept cut")
		assert.Equal(t, len(e.Payload), a.Request.BodySize)
	})
	t.Run("KeepsNoConnection", func(t *testing.T) {
		var conns atomic.Int32
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
			if s == http.StateNew {
				conns.Add(1)
			}
		}
		server.Start()
		defer server.Close()
		s := newSender(t)
		for range 20 {
			require.Empty(t, s.Send(t.Context(), Endpoint{URL: server.URL, Timeout: patient}, anEvent).Error)
		}
		assert.EqualValues(t, 20, conns.Load(), "one kept open may be closed just when it is used, and a POST is not sent twice")
	})
}

// What a receiver answers, and whether that is a success.
func TestSuccessRule(t *testing.T) {
	huge := strings.Repeat("x", 2*responseLimit)
	for _, tt := range []struct {
		name   string
		status int
		body   string
		want   string // "": taken
	}{
		{"200", 200, "", ""},
		{"201", 201, "made", ""},
		{"202", 202, "", ""},
		{"204", 204, "", ""},
		{"299", 299, "", ""},
		{"400", 400, "", "the receiver answered 400"},
		{"404", 404, "<html>", "the receiver answered 404"},
		{"410", 410, "", "the receiver answered 410"},
		{"429", 429, "", "the receiver answered 429"},
		{"500", 500, `{"status":"ok"}`, "the receiver answered 500"},
		{"503", 503, "", "the receiver answered 503"},
		{"599", 599, "", "the receiver answered 599"},
		{"999", 999, "", "the receiver answered 999"},
		{"300", 300, "", "the receiver redirects with 300; redirects are not followed"},
		{"304", 304, "", "the receiver redirects with 304; redirects are not followed"},

		{"Error", 200, `{"status":"error"}`, says},
		{"ErrorSpread", 200, " {\r\n\t\"status\" : \"error\" }\n", says},
		{"ErrorAmongOthers", 200, `{"a":[1,{"b":null}],"status":"error","n":1e999}`, says},
		{"ErrorEscaped", 200, `{"st\u0061tus":"\u0065rror"}`, says},
		{"ErrorWith201", 201, `{"status":"error"}`, says},
		{"ErrorLast", 200, `{"status":"ok","status":"error"}`, says},
		{"ErrorHidden", 200, `{"status":"error","Status":"ok"}`, says},
		{"ErrorInvalidUTF8", 200, "{\"status\":\"error\",\"a\":\"\xff\"}", says},
		{"OK", 200, `{"status":"ok"}`, ""},
		{"Success", 200, `{"status":"success","error":"error"}`, ""},
		{"OtherCase", 200, `{"status":"ERROR"}`, ""},
		{"OtherCaseOfTheKey", 200, `{"Status":"error"}`, ""},
		{"Spaces", 200, `{"status":" error"}`, ""},
		{"Nested", 200, `{"data":{"status":"error"}}`, ""},
		{"InList", 200, `{"status":["error"]}`, ""},
		{"Number", 200, `{"status":500}`, ""},
		{"False", 200, `{"status":false}`, ""},
		{"Null", 200, `{"status":null}`, ""},
		{"Array", 200, `[{"status":"error"}]`, ""},
		{"Text", 200, `"error"`, ""},
		{"NullAlone", 200, `null`, ""},
		{"EmptyObject", 200, `{}`, ""},
		{"Empty", 200, "", ""},
		{"Blank", 200, " \n", ""},
		{"HTML", 200, `<p>{"status":"error"}</p>`, ""},
		{"Form", 200, `status=error`, ""},
		{"BrokenJSON", 200, `{"status":"error"`, ""},
		{"Trailing", 200, `{"status":"error"} x`, ""},
		{"Twice", 200, `{"status":"error"}{"status":"error"}`, ""},
		{"SingleQuotes", 200, `{'status':'error'}`, ""},
		{"ByteOrderMark", 200, "\ufeff" + `{"status":"error"}`, ""},
		{"Binary", 200, "\x00\xff\xfe", ""},
		{"Huge", 200, huge, ""},
		{"HugeObject", 200, `{"a":"` + huge + `"}`, ""},
		{"AsLargeAsIsRead", 200, `{"status":"error","a":"` + strings.Repeat("x", responseLimit-25) + `"}`, says},
	} {
		t.Run(tt.name, func(t *testing.T) {
			url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			})
			a := newSender(t).Send(t.Context(), Endpoint{URL: url, Timeout: patient}, anEvent)
			assert.Equal(t, tt.want, a.Error)
			assert.Equal(t, tt.status, a.Status)
			assert.False(t, a.refused)
			if tt.status != 204 && tt.status != 304 {
				assert.Equal(t, tt.body[:min(len(tt.body), keptLimit)], a.Response.Body)
			}
		})
	}
	t.Run("AsLargeAsIsReadIsThat", func(t *testing.T) {
		assert.Len(t, `{"status":"error","a":"`+`"}`, 25)
	})
}

const says = `the receiver answered with "status":"error"`

func TestRedirects(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		for name, location := range map[string]string{"Elsewhere": "/elsewhere", "Nowhere": "", "Broken": "http://%zz/", "Metadata": "http://169.254.169.254/"} {
			t.Run(fmt.Sprintf("%d%s", status, name), func(t *testing.T) {
				var calls atomic.Int32
				url := serve(t, func(w http.ResponseWriter, r *http.Request) {
					calls.Add(1)
					if location != "" {
						w.Header().Set("Location", location)
					}
					w.WriteHeader(status)
				})
				a := newSender(t).Send(t.Context(), Endpoint{URL: url, Timeout: patient}, anEvent)
				assert.EqualValues(t, 1, calls.Load())
				if name == "Broken" { // net/http takes it for no answer
					assert.Contains(t, a.Error, "failed to parse Location header")
					return
				}
				assert.Equal(t, fmt.Sprintf("the receiver redirects with %d; redirects are not followed", status), a.Error)
				assert.Equal(t, status, a.Status)
			})
		}
	}
}

// reset closes a connection so that the other side notices.
func reset(conn net.Conn) { _ = conn.(*net.TCPConn).SetLinger(0) }

func TestReceiversThatDoNotAnswer(t *testing.T) {
	hold := make(chan struct{}) // until the test is over
	for _, tt := range []struct {
		name   string
		serve  func(net.Conn) // nil: nobody listens
		wait   time.Duration
		status int
		want   string
	}{
		{"Refused", nil, patient, 0, "connection refused"},
		{"Reset", func(c net.Conn) { readRequest(c); reset(c) }, patient, 0, "connection reset"},
		{"Closed", func(c net.Conn) { readRequest(c) }, patient, 0, "EOF"},
		{"Garbage", func(c net.Conn) { readRequest(c); io.WriteString(c, "hello\r\n\r\n") }, patient, 0, "malformed HTTP"},
		{"HalfAHeader", func(c net.Conn) { readRequest(c); io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-") }, patient, 0, "connection broken"},
		{"Silent", func(c net.Conn) { readRequest(c); <-hold }, 50 * time.Millisecond, 0, "no answer within 50ms"},
		{"DoesNotRead", func(net.Conn) { <-hold }, 50 * time.Millisecond, 0, "no answer within 50ms"},
		{"BrokenOff", func(c net.Conn) {
			readRequest(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
		}, patient, 200,
			"the answer broke off: unexpected EOF"},
		{"BrokenOffWithAReset", func(c net.Conn) {
			readRequest(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
			reset(c)
		}, patient, 0, ""}, // either before or after the header is read
		{"BrokenChunks", func(c net.Conn) {
			readRequest(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal")
		}, patient, 200, "the answer broke off: unexpected EOF"},
		{"HeaderOnly", func(c net.Conn) {
			readRequest(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
			<-hold
		}, time.Second, 200, "the answer broke off: no answer within 1s"},
		{"FailureWithoutItsBody", func(c net.Conn) {
			readRequest(c)
			io.WriteString(c, "HTTP/1.1 500 Oops\r\nContent-Length: 100\r\n\r\n")
		}, patient, 500, "the receiver answered 500"},
		{"HeaderOnlyAndClosed", func(c net.Conn) { readRequest(c); io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n") }, patient, 200, ""},
		{"EndlessBody", func(c net.Conn) {
			readRequest(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
			for {
				if _, err := io.WriteString(c, strings.Repeat("x", 4096)); err != nil {
					return
				}
			}
		}, patient, 200, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			url := closedPort(t)
			if tt.serve != nil {
				url = listen(t, tt.serve)
			}
			if strings.Contains(tt.want, "within") {
				t.Cleanup(sync.OnceFunc(func() { hold <- struct{}{} })) // before the listener waits
			}
			a := newSender(t).Send(t.Context(), Endpoint{URL: url, Timeout: tt.wait}, anEvent)
			switch {
			case tt.name == "BrokenOffWithAReset":
				assert.NotEmpty(t, a.Error)
			case tt.want == "":
				assert.Empty(t, a.Error)
				assert.Equal(t, tt.status, a.Status)
			default:
				assert.Contains(t, a.Error, tt.want)
				assert.Equal(t, tt.status, a.Status)
			}
			assert.NotContains(t, a.Error, url, "the URL stands elsewhere")
			assert.False(t, a.refused)
			assert.LessOrEqual(t, len(a.Response.Body), keptLimit)
			assert.Equal(t, `amount=5.00&data%5Bk%5D=a+b`, a.Request.Body, "what was to be sent is kept")
		})
	}
	t.Run("ContextOver", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		url := serve(t, func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			cancel()
			<-r.Context().Done()
		})
		a := newSender(t).Send(ctx, Endpoint{URL: url, Timeout: patient}, anEvent)
		assert.Equal(t, "context canceled", a.Error)
	})
	t.Run("RefusedTarget", func(t *testing.T) {
		a := newSender(t).Send(t.Context(), Endpoint{URL: "http://169.254.169.254/", Timeout: patient}, anEvent)
		assert.True(t, a.refused)
		assert.Contains(t, a.Error, linkLocal)
		assert.Zero(t, a.Status)
	})
	t.Run("NoTarget", func(t *testing.T) {
		a := newSender(t).Send(t.Context(), Endpoint{URL: "receiver", Timeout: patient}, anEvent)
		assert.Contains(t, a.Error, noScheme)
	})
}

func TestReach(t *testing.T) {
	t.Run("SomebodyListens", func(t *testing.T) {
		var calls atomic.Int32
		url := serve(t, func(http.ResponseWriter, *http.Request) { calls.Add(1) })
		require.NoError(t, newSender(t).Reach(t.Context(), url+"/hooks"))
		assert.Zero(t, calls.Load(), "nothing is sent")
	})
	t.Run("NobodyListens", func(t *testing.T) {
		url := closedPort(t)
		err := newSender(t).Reach(t.Context(), url)
		port := url[strings.LastIndex(url, ":")+1:]
		assert.EqualError(t, err, "nothing listens on port "+port+" of this machine; if mockpay runs in a container, 127.0.0.1 is the container itself: use host.docker.internal for the machine outside")
		err = newSender(t).Reach(t.Context(), "http://localhost:"+port+"/hooks")
		assert.ErrorContains(t, err, "nothing listens on port "+port+" of this machine")
	})
	t.Run("UnknownName", func(t *testing.T) {
		s := newSender(t)
		s.dialer.Resolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
			return nil, errors.New("no name server")
		}}
		err := s.Reach(t.Context(), "http://receiver:9000/")
		assert.ErrorContains(t, err, "the name receiver is not known here")
	})
	t.Run("DefaultPorts", func(t *testing.T) {
		for target, port := range map[string]string{"http://[::]": "80", "https://127.0.0.1": "443"} {
			if err := newSender(t).Reach(t.Context(), target); err != nil {
				assert.ErrorContains(t, err, "port "+port)
			}
		}
	})
	t.Run("Refused", func(t *testing.T) {
		assert.ErrorIs(t, newSender(t).Reach(t.Context(), "http://169.254.169.254/"), ErrRefused)
		assert.ErrorIs(t, newSender(t).Reach(t.Context(), "nowhere"), ErrURL)
		assert.ErrorIs(t, newSender(t).Check("http://example.com/"), ErrRefused)
	})
	t.Run("ContextOver", func(t *testing.T) {
		url := serve(t, func(http.ResponseWriter, *http.Request) {})
		assert.Error(t, newSender(t).Reach(over(), url))
	})
}

// A webhook goes to its receiver, not to a proxy of the environment.
func TestNoProxy(t *testing.T) {
	t.Setenv("HTTP_PROXY", closedPort(t))
	t.Setenv("http_proxy", closedPort(t))
	url := serve(t, func(http.ResponseWriter, *http.Request) {})
	a := newSender(t).Send(t.Context(), Endpoint{URL: url, Timeout: patient}, anEvent)
	assert.Equal(t, 200, a.Status, a.Error)
	assert.Nil(t, newSender(t).client.Transport.(*http.Transport).Proxy)
}
