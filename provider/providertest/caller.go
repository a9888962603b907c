package providertest

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
)

// A Caller is a user of a provider: who calls, and where. The functions of a
// [Suite] fail their test through it.
type Caller struct {
	testing.TB
	URL         string            // where the provider answers, no slash at its end
	Credentials map[string]string // what the caller signs in with
	Control     *client.Client    // of the caller's workspace

	http     *http.Client
	answered func(t testing.TB, r *http.Request, a *Answer) // nil: nobody
	sent     int                                            // calls so far
}

// An Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// newCaller returns a caller whose requests all reach the server at addr,
// whatever host they are for.
func (s *subject) newCaller(t testing.TB, addr, at string, credentials map[string]string, control *client.Client) *Caller {
	transport := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, addr)
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return &Caller{
		TB: t, URL: at, Credentials: credentials, Control: control,
		http: &http.Client{Transport: transport, Timeout: time.Minute}, answered: s.Answered,
	}
}

// at is the caller at another place.
func (c *Caller) at(place string) *Caller {
	there := *c
	there.URL = place
	return &there
}

// Do sends a request.
func (c *Caller) Do(r *http.Request) *Answer {
	c.Helper()
	c.sent++
	res, err := c.http.Do(r)
	require.NoError(c, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(c, err)
	a := &Answer{res.StatusCode, res.Header, body}
	if c.answered != nil && !strings.HasPrefix(r.URL.Path, "/_mockpay/") {
		c.answered(c, r, a)
	}
	return a
}

// Need sends a request that must be accepted, for another to depend on.
func (c *Caller) Need(r *http.Request) *Answer {
	c.Helper()
	a := c.Do(r)
	require.Equal(c, 2, a.Status/100, "%s %s was needed and answered with\n%s", r.Method, r.URL, a)
	return a
}

// Now is the time in the caller's workspace.
func (c *Caller) Now() time.Time {
	c.Helper()
	clock, err := c.Control.Clock(c.Context())
	require.NoError(c, err)
	return clock.Now
}

// Hint is why the call was refused, "" if it was not.
func (a *Answer) Hint() string { return a.Header.Get("X-Mockpay-Hint") }

// String is all of the answer, to compare and to show.
func (a *Answer) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d\n", a.Status)
	for _, name := range slices.Sorted(maps.Keys(a.Header)) {
		fmt.Fprintf(&b, "%s: %s\n", name, strings.Join(a.Header[name], ", "))
	}
	fmt.Fprintf(&b, "\n%s", a.Body)
	return b.String()
}

// hostOf is the address in a URL.
func hostOf(t testing.TB, at string) string {
	u, err := url.Parse(at)
	require.NoError(t, err)
	return u.Host
}
