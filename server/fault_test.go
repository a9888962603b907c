package server_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
	"github.com/mockpay/mockpay/mockpaytest"
	"github.com/mockpay/mockpay/scenarios"
	"github.com/mockpay/mockpay/server"
)

// patience is how long what must end may take.
const patience = 10 * time.Second

// faulty runs a server whose quotes go wrong so.
func faulty(t *testing.T, effects string) (*server.Server, *client.Client) {
	t.Helper()
	s := start(t, server.Options{Log: mockpaytest.Logger(t)})
	c := client.New(s.URL())
	_, err := c.LoadScenario(t.Context(), "version: 1\nrules: [{name: bad, on: dinardragon.get_authcode, "+effects+"}]\n")
	require.NoError(t, err)
	return s, c
}

// quote is a call that is accepted, as it stands on the wire.
func quote(headers ...string) string {
	const body = `{"amount":50,"accounts":[{"acc":1,"amount":50,"bank":"b","country":"US","recipientname":"n"}]}`
	return asking("/get-authcode", body, headers...)
}

// unknown is a call that is refused, with the answer it gets.
func unknown() (call, answer string) {
	return asking("/status", `{"uniqueid":"x"}`), `{"code":400,"error":"Payment not found."}`
}

func asking(path, body string, headers ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "POST /dinardragon%s HTTP/1.1\r\nHost: x\r\nAuthorization: dd-default-private-key\r\nContent-Length: %d\r\n", path, len(body))
	for _, h := range headers {
		b.WriteString(h + "\r\n")
	}
	return b.String() + "\r\n" + body
}

// A wire is a connection to a server.
type wire struct {
	*net.TCPConn
	*bufio.Reader
	t *testing.T
}

func (w wire) Read(b []byte) (int, error) { return w.Reader.Read(b) }

func dial(t *testing.T, s *server.Server) wire {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	return wire{conn.(*net.TCPConn), bufio.NewReader(conn), t}
}

func (w wire) send(text string) {
	w.t.Helper()
	_, err := io.WriteString(w.TCPConn, text)
	require.NoError(w.t, err)
}

// answer reads an answer that comes whole.
func (w wire) answer() (int, string) {
	w.t.Helper()
	res, err := http.ReadResponse(w.Reader, nil)
	require.NoError(w.t, err)
	body, err := io.ReadAll(res.Body)
	require.NoError(w.t, err)
	return res.StatusCode, string(body)
}

// rest is what still comes, and how the connection ends.
func (w wire) rest() (string, error) {
	text, err := io.ReadAll(w.Reader)
	return string(text), err
}

// journaled is the last call that came.
func journaled(t *testing.T, c *client.Client) client.Request {
	t.Helper()
	list, err := c.AwaitRequests(t.Context(), "", 1, patience)
	require.NoError(t, err)
	return list.Requests[0]
}

// snapshot is all that the workspace knows.
func snapshot(t *testing.T, c *client.Client) string {
	t.Helper()
	state, err := c.State(t.Context())
	require.NoError(t, err)
	return string(state)
}

// Each fault is what the caller sees of it, with what is left and what the
// journal says; also after another call on the same connection, and with one
// behind it.
func TestFaults(t *testing.T) {
	const committed, nothing = "the call was committed", "nothing was committed"
	for _, tt := range []struct {
		fault  string
		status int
		left   string
		came   func(t *testing.T, text string, err error)
	}{
		{"reset", 0, nothing, func(t *testing.T, text string, err error) {
			assert.Empty(t, text)
			assert.ErrorIs(t, err, syscall.ECONNRESET)
		}},
		{"drop", 0, nothing, closedWith("")},
		{"lost_reply", 200, committed, closedWith("")},
		{"garbage", 200, committed, func(t *testing.T, text string, err error) {
			assert.NoError(t, err)
			_, err = http.ReadResponse(bufio.NewReader(strings.NewReader(text)), nil)
			assert.ErrorContains(t, err, "malformed HTTP")
		}},
		{"truncate", 200, committed, func(t *testing.T, text string, err error) {
			assert.NoError(t, err)
			res, err := http.ReadResponse(bufio.NewReader(strings.NewReader(text)), nil)
			require.NoError(t, err)
			assert.True(t, res.Close)
			body, err := io.ReadAll(res.Body)
			assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
			assert.EqualValues(t, res.ContentLength/2, len(body))
			assert.NotEmpty(t, body)
		}},
	} {
		for how, send := range map[string]func(w wire){
			"Alone":      func(w wire) { w.send(quote()) },
			"Close":      func(w wire) { w.send(quote("Connection: close")) },
			"Pipelined":  func(w wire) { w.send(quote() + strings.Repeat(quote(), 200)) },
			"HalfClosed": func(w wire) { w.send(quote()); _ = w.CloseWrite() }, // it may be reset by then
			"KeptAlive": func(w wire) {
				call, answer := unknown()
				w.send(call)
				status, body := w.answer()
				assert.Equal(t, 400, status)
				assert.Equal(t, answer, body)
				w.send(quote())
			},
			"Continued": func(w wire) {
				head, body, _ := strings.Cut(quote("Expect: 100-continue"), "\r\n\r\n")
				w.send(head + "\r\n\r\n")
				line, err := w.ReadString('\n')
				require.NoError(t, err)
				assert.Equal(t, "HTTP/1.1 100 Continue\r\n", line)
				_, err = w.ReadString('\n')
				require.NoError(t, err)
				w.send(body)
			},
		} {
			t.Run(tt.fault+"/"+how, func(t *testing.T) {
				s, c := faulty(t, "times: 1, fault: "+tt.fault)
				w := dial(t, s)
				send(w)

				text, err := w.rest()
				tt.came(t, text, err)
				e := journaled(t, c)
				assert.Equal(t, "dinardragon.get_authcode", e.Operation)
				assert.Equal(t, tt.fault, e.Fault)
				assert.Equal(t, "bad", e.Rule)
				assert.Equal(t, tt.status, e.Status)
				assert.Contains(t, e.Hint, `rule "bad" has fault `+tt.fault+": ")
				assert.Contains(t, e.Hint, tt.left)
				assert.Equal(t, tt.left == committed, strings.Contains(snapshot(t, c), `"accounts":`), "the authcode is kept")
				list, err := c.Requests(t.Context(), client.RequestFilter{Operation: "dinardragon.get_authcode"})
				require.NoError(t, err)
				assert.Len(t, list.Requests, 1, "what was sent behind it is no call")
			})
		}
	}
}

// closedWith is a connection that ends in good order.
func closedWith(want string) func(*testing.T, string, error) {
	return func(t *testing.T, text string, err error) {
		assert.NoError(t, err)
		assert.Equal(t, want, text)
	}
}

// A slow answer comes whole, in pieces, and the connection goes on.
func TestSlow(t *testing.T) {
	s, c := faulty(t, "fault: slow")
	w := dial(t, s)
	call, answer := unknown()
	w.send(quote() + call)

	res, err := http.ReadResponse(w.Reader, nil)
	require.NoError(t, err)
	var body strings.Builder
	pieces, piece := 0, make([]byte, 1000)
	began := time.Now()
	for err == nil {
		var n int
		n, err = res.Body.Read(piece)
		body.Write(piece[:n])
		if n > 0 {
			pieces++
		}
	}

	assert.Equal(t, io.EOF, err)
	assert.Contains(t, body.String(), `"authcode":`)
	assert.GreaterOrEqual(t, pieces, 10)
	assert.Greater(t, time.Since(began), time.Second)
	assert.Empty(t, res.Header.Get("X-Mockpay-Hint"), "it is no refusal")
	status, next := w.answer()
	assert.Equal(t, 400, status)
	assert.Equal(t, answer, next)
	list, err := c.Requests(t.Context(), client.RequestFilter{Operation: "dinardragon.get_authcode"})
	require.NoError(t, err)
	assert.Equal(t, "slow", list.Requests[0].Fault)
	assert.Contains(t, list.Requests[0].Hint, "the call was committed")
}

// What the rule answers meets the fault, and leaves nothing where the fault
// commits nothing.
func TestFaultOfAnAnswer(t *testing.T) {
	for fault, tt := range map[string]struct {
		effects string
		status  int
		hint    string
		text    string
	}{
		"TruncatedRaw":     {"respond: {status: 503, body: abcdef}, fault: truncate", 503, "the answer is the rule's own, nothing was committed", "abc"},
		"TruncatedOutcome": {"respond: server_error, fault: truncate", 500, "the call was refused with server_error", `{"code":500,"error":"`},
		"TruncatedToNone":  {"respond: {body: a}, fault: truncate", 200, "the rule's own", ""},
		"NothingTruncated": {"respond: {status: 204}, fault: truncate", 204, "the rule's own", ""},
		"DroppedOutcome":   {"respond: server_error, fault: drop", 500, "nothing was committed", ""},
		"DroppedRaw":       {"respond: {status: 202}, fault: drop", 202, "nothing was committed", ""},
		"LostRaw":          {"respond: {status: 202}, fault: lost_reply", 202, "nothing was committed", ""},
	} {
		t.Run(fault, func(t *testing.T) {
			s, c := faulty(t, tt.effects)
			w := dial(t, s)
			w.send(quote())
			text, err := w.rest()
			require.NoError(t, err)
			_, body, _ := strings.Cut(text, "\r\n\r\n")
			assert.True(t, strings.HasPrefix(body, tt.text), body)
			assert.LessOrEqual(t, len(body), len(tt.text)+2)
			e := journaled(t, c)
			assert.Equal(t, tt.status, e.Status)
			assert.Contains(t, e.Hint, tt.hint)
		})
	}
}

// A refusal of the operation's own meets the fault like any answer.
func TestFaultOfARefusal(t *testing.T) {
	s, c := faulty(t, "fault: lost_reply")
	_, err := c.SetBalances(t.Context(), client.Balances{"dinardragon": {"USD": "1"}})
	require.NoError(t, err)
	w := dial(t, s)
	w.send(quote())

	text, err := w.rest()
	assert.NoError(t, err)
	assert.Empty(t, text)
	e := journaled(t, c)
	assert.Equal(t, 403, e.Status)
	assert.Contains(t, e.Hint, "the call was refused with insufficient_balance: ")
}

// A call that hangs, is slow or delayed ends when its caller goes.
func TestFaultEndsWithTheCaller(t *testing.T) {
	for _, effects := range []string{"fault: hang", "fault: slow", "delay: 1h", "delay: 1h, fault: drop"} {
		t.Run(effects, func(t *testing.T) {
			s, c := faulty(t, effects)
			w := dial(t, s)
			w.send(quote())
			journaled(t, c)
			assert.Contains(t, stacks(), "server.(*Server).provide(")
			require.NoError(t, w.Close())
			awaitGone(t, "server.(*Server).provide(")
		})
	}
}

// Also a caller who has sent the next call already.
func TestHangEndsWithACallerWhoPipelines(t *testing.T) {
	s, c := faulty(t, "fault: hang")
	w := dial(t, s)
	w.send(quote() + quote())
	journaled(t, c)
	require.NoError(t, w.Close())
	awaitGone(t, "server.(*Server).provide(")
}

// Stop waits for no call that hangs, is slow or delayed: what can be answered is.
func TestStopEndsFaults(t *testing.T) {
	for effects, want := range map[string]string{
		"fault: hang":            "",
		"fault: slow":            `"authcode":`,
		"delay: 1h":              `"authcode":`,
		"delay: 1h, fault: hang": "",
	} {
		t.Run(effects, func(t *testing.T) {
			s, c := faulty(t, effects)
			w := dial(t, s)
			w.send(quote())
			journaled(t, c)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // far less than the delay
			defer cancel()
			require.NoError(t, s.Stop(ctx))

			text, err := w.rest()
			assert.NoError(t, err)
			assert.Contains(t, text, want)
			assert.Equal(t, want == "", text == "")
			awaitGone(t, "server.(*Server)")
		})
	}
}

// No goroutine stays after a hundred calls of each fault.
func TestFaultsLeaveNothingBehind(t *testing.T) {
	for _, fault := range scenarios.Faults {
		t.Run(string(fault), func(t *testing.T) {
			s, _ := faulty(t, "fault: "+string(fault))
			for range 100 {
				conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
				require.NoError(t, err)
				_, err = io.WriteString(conn, quote())
				require.NoError(t, err)
				require.NoError(t, conn.Close())
			}
			awaitGone(t, "server.(*Server).provide(")
			require.NoError(t, s.Stop(t.Context()))
			awaitGone(t, "server.(*Server)")
		})
	}
}

// stacks are those of all goroutines.
func stacks() string {
	b := make([]byte, 4<<20)
	return string(b[:runtime.Stack(b, true)])
}

// awaitGone waits until no goroutine is in a function.
func awaitGone(t *testing.T, function string) {
	t.Helper()
	require.Eventually(t, func() bool { return !strings.Contains(stacks(), function) }, patience, 10*time.Millisecond, "%s", function)
}

// A writer without a connection is told what would have been, and a stream of
// HTTP/2 is broken off.
func TestFaultsWithoutAConnection(t *testing.T) {
	for _, fault := range scenarios.Faults {
		t.Run(string(fault), func(t *testing.T) {
			s, _ := faulty(t, "fault: "+string(fault))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if fault == scenarios.Hang {
				cancel()
			}
			request := func() *http.Request {
				_, body, _ := strings.Cut(quote(), "\r\n\r\n")
				r := httptest.NewRequestWithContext(ctx, "POST", "/dinardragon/get-authcode", strings.NewReader(body))
				r.Header.Set("Authorization", "dd-default-private-key")
				return r
			}
			w := httptest.NewRecorder()
			s.Handler().ServeHTTP(w, request())
			switch fault {
			case scenarios.Slow:
				assert.Contains(t, w.Body.String(), `"authcode":`)
				assert.True(t, w.Flushed)
			case scenarios.Truncate:
				whole, err := strconv.Atoi(w.Header().Get("Content-Length"))
				require.NoError(t, err)
				assert.Equal(t, whole/2, w.Body.Len())
				assert.NotZero(t, whole)
			default:
				assert.Equal(t, 502, w.Code)
				assert.Contains(t, w.Body.String(), "fault "+string(fault))
				assert.Equal(t, "bad", w.Header().Get("X-Mockpay-Rule"))
			}

			r := request()
			r.ProtoMajor = 2
			if fault == scenarios.Slow {
				return
			}
			assert.PanicsWithError(t, http.ErrAbortHandler.Error(), func() { s.Handler().ServeHTTP(httptest.NewRecorder(), r) })
		})
	}
}

// Go's own client sees each fault as an error, and the call was made once.
func TestFaultsInGo(t *testing.T) {
	for _, fault := range []string{"reset", "drop", "truncate", "garbage", "lost_reply"} {
		t.Run(fault, func(t *testing.T) {
			s, c := faulty(t, "fault: "+fault)
			_, body, _ := strings.Cut(quote(), "\r\n\r\n")
			req, err := http.NewRequest("POST", s.URL()+"/dinardragon/get-authcode", strings.NewReader(body))
			require.NoError(t, err)
			req.Header.Set("Authorization", "dd-default-private-key")
			res, err := http.DefaultClient.Do(req)
			if err == nil {
				_, err = io.ReadAll(res.Body)
				err = errors.Join(err, res.Body.Close())
			}
			assert.Error(t, err)
			list, err := c.Requests(t.Context(), client.RequestFilter{})
			require.NoError(t, err)
			assert.Len(t, list.Requests, 1)
		})
	}
}
