package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/mockpay/mockpay/journal"
)

// A Sender makes attempts. Workspaces share it.
type Sender struct {
	allow  Allow
	agent  string // what it calls itself
	dialer *net.Dialer
	client *http.Client
	counts *counts // nil if nobody counts
}

// Limits of a Sender, in real time and bytes.
const (
	dialTimeout   = 5 * time.Second
	reachTimeout  = 2 * time.Second
	responseLimit = journal.DefaultBody // read to judge it
	keptLimit     = 16 << 10            // remembered of each body
	headerLimit   = 64 << 10            // of an answer
)

// NewSender returns a sender to the targets that allow lets it.
func NewSender(allow Allow, version string) *Sender {
	s := &Sender{allow: allow, agent: "mockpay/" + version, dialer: &net.Dialer{Timeout: dialTimeout, Control: guardDial}}
	s.client = &http.Client{
		Transport: &http.Transport{
			// A connection kept open may be closed by the receiver just when it is
			// used, and a POST is not sent twice.
			DialContext: s.dialer.DialContext, DialTLSContext: s.dialTLS, DisableKeepAlives: true, DisableCompression: true,
			MaxResponseHeaderBytes: headerLimit,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return s
}

// Check refuses a target that the sender would not talk to.
func (s *Sender) Check(target string) error { return s.allow.CheckURL(target) }

// Headers of every webhook.
const (
	headerID    = "X-Mockpay-Webhook-Id"
	headerEvent = "X-Mockpay-Webhook-Event"
)

// Send makes one attempt to deliver an event.
func (s *Sender) Send(ctx context.Context, to Endpoint, e Event) (a Attempt) {
	began := time.Now()
	defer func() {
		took := time.Since(began)
		a.Micros = took.Microseconds()
		s.counts.attempt(e, a.result(ctx.Err() != nil), took)
	}()
	return s.try(ctx, to, e)
}

// try makes an attempt.
func (s *Sender) try(ctx context.Context, to Endpoint, e Event) (a Attempt) {
	err := to.Refused
	if err == nil {
		err = s.Check(to.URL)
	}
	if err != nil {
		return Attempt{Error: err.Error(), refused: true}
	}
	ctx, cancel := context.WithTimeout(ctx, to.Timeout)
	defer cancel()
	m, err := to.message(e)
	if err != nil {
		return Attempt{Error: err.Error()}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.URL, strings.NewReader(m.body))
	if err != nil {
		return Attempt{Error: err.Error()}
	}
	req.Header.Set("Content-Type", m.media)
	req.Header.Set("User-Agent", s.agent)
	req.Header.Set(headerID, e.ID)
	req.Header.Set(headerEvent, e.Event)
	maps.Copy(req.Header, m.header)
	a.Request = journal.NewMessage(req.Header, []byte(m.body), nil, keptLimit)
	s.exchange(req, to, &a)
	return a
}

// exchange sends a request and judges the answer.
func (s *Sender) exchange(req *http.Request, to Endpoint, a *Attempt) {
	res, err := s.client.Do(req)
	if err != nil {
		a.refused, a.late = errors.Is(err, ErrRefused), timedOut(err)
		a.Error = explain(err, to.Timeout)
		return
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, responseLimit+1))
	a.Status = res.StatusCode
	a.Response = journal.NewMessage(res.Header, body, nil, keptLimit)
	switch {
	case res.StatusCode >= 300 && res.StatusCode < 400:
		a.Error = fmt.Sprintf("the receiver redirects with %d; redirects are not followed", res.StatusCode)
	case res.StatusCode/100 != 2:
		a.Error = fmt.Sprintf("the receiver answered %d", res.StatusCode)
	case err != nil:
		a.late = timedOut(err)
		a.Error = "the answer broke off: " + explain(err, to.Timeout)
	case !to.AnyBody && saysError(body):
		a.Error = `the receiver answered with "status":"error"`
	}
}

// saysError tells whether a body is a JSON object whose status is "error".
func saysError(body []byte) bool {
	var answer map[string]json.RawMessage // a struct would take "Status" too
	var status string
	return json.Unmarshal(body, &answer) == nil && json.Unmarshal(answer["status"], &status) == nil && status == "error"
}

// explain says in a few words why no answer came.
func explain(err error, timeout time.Duration) string {
	var step *url.Error
	if errors.As(err, &step) {
		err = step.Err // all else it says is the URL
	}
	if timedOut(err) {
		return fmt.Sprintf("no answer within %s", timeout)
	}
	return err.Error()
}

// timedOut tells whether something took too long.
func timedOut(err error) bool {
	var timed interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timed) && timed.Timeout()
}

// Reach looks whether somebody listens at a target. It sends nothing. The error
// is the likely cause if nobody does.
func (s *Sender) Reach(ctx context.Context, target string) error {
	if err := s.Check(target); err != nil {
		return err
	}
	u, err := url.Parse(target)
	if err != nil {
		return err
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	ctx, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	conn, err := s.dialer.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return unreachable(err, u.Hostname(), port)
	}
	return conn.Close()
}

// unreachable says what most likely keeps a target from being reached.
func unreachable(err error, host, port string) error {
	var dns *net.DNSError
	var timed interface{ Timeout() bool }
	switch {
	case errors.Is(err, ErrRefused):
		return err
	case errors.As(err, &dns):
		return fmt.Errorf("the name %s is not known here%s", host, inside())
	case errors.As(err, &timed) && timed.Timeout():
		return fmt.Errorf("nothing answers at %s:%s within %s; a firewall, or a wrong address", host, port, reachTimeout)
	case local(host):
		return fmt.Errorf("nothing listens on port %s of this machine; if mockpay runs in a container, %s is the container itself: use host.docker.internal for the machine outside", port, host)
	}
	return fmt.Errorf("nothing listens on port %s of %s", port, host)
}

func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && (ip.IsLoopback() || ip.IsUnspecified())
}

// inside adds what helps in a container.
func inside() string {
	if _, err := os.Stat("/.dockerenv"); err != nil {
		return ""
	}
	return "; mockpay runs in a container: use the name of a service of the same network, or host.docker.internal"
}
