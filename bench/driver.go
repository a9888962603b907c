package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	_ "embed"
)

// A request is a whole HTTP request as it is sent.
type request []byte

// newRequest writes a request. Headers come in pairs of name and value.
func newRequest(method, path, body string, headers ...string) request {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: bench\r\n", method, path)
	for i := 0; i < len(headers); i += 2 {
		fmt.Fprintf(&b, "%s: %s\r\n", headers[i], headers[i+1])
	}
	if method == http.MethodPost {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n" + body)
	return request(b.String())
}

// A driver loads a server with requests over some connections for a while: the
// requests one after another, and from the first again at their end.
type driver interface {
	fmt.Stringer
	drive(ctx context.Context, addr string, requests []request, conns int, length time.Duration) (sample, error)
}

// A sample is what a driver has seen.
type sample struct {
	perSecond float64
	p50, p99  time.Duration
	refused   int // answers of 400 and above
}

// wrkDriver is wrk, at a path.
type wrkDriver struct{ path string }

func (wrkDriver) String() string { return "wrk" }

//go:embed requests.lua
var script string

func (d wrkDriver) drive(ctx context.Context, addr string, requests []request, conns int, length time.Duration) (sample, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return sample{}, err
	}
	defer os.RemoveAll(dir)
	file := dir + "/requests"
	if err := errors.Join(writeRequests(file, requests), os.WriteFile(dir+"/script.lua", []byte(script), 0o600)); err != nil {
		return sample{}, err
	}
	seconds := max(1, int(length.Round(time.Second).Seconds())) // wrk knows no others
	cmd := exec.CommandContext(ctx, d.path, "-t1", "-c", strconv.Itoa(conns), "-d", strconv.Itoa(seconds), "-s", dir+"/script.lua", "http://"+addr)
	cmd.Env = append(os.Environ(), "BENCH_REQUESTS="+file)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return sample{}, fmt.Errorf("wrk: %w: %s", err, out)
	}
	return readSample(string(out))
}

// writeRequests writes requests as the script reads them.
func writeRequests(file string, requests []request) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	for _, r := range requests {
		fmt.Fprintf(w, "%d\n%s", len(r), r)
	}
	return errors.Join(w.Flush(), f.Close())
}

// readSample finds what the script says at the end.
func readSample(out string) (s sample, err error) {
	_, line, _ := strings.Cut(out, "bench: ")
	var count, micros, p50, p99, broken int64
	_, err = fmt.Sscan(line, &count, &micros, &p50, &p99, &s.refused, &broken)
	switch {
	case err != nil:
		return s, fmt.Errorf("wrk says something else than the script: %s", out)
	case broken > 0 || count == 0:
		return s, fmt.Errorf("%d connections broke, %d requests were answered: %s", broken, count, out)
	}
	s.perSecond = float64(count) / (time.Duration(micros) * time.Microsecond).Seconds()
	s.p50, s.p99 = time.Duration(p50)*time.Microsecond, time.Duration(p99)*time.Microsecond
	return s, nil
}

// goDriver sends the load from this program.
type goDriver struct{}

func (goDriver) String() string { return "Go" }

func (goDriver) drive(ctx context.Context, addr string, requests []request, conns int, length time.Duration) (sample, error) {
	began := time.Now()
	var next, refused atomic.Int64
	var mu sync.Mutex
	var all []time.Duration // guarded by mu
	err := each(conns, func(int) error {
		c, err := dial(ctx, addr)
		if err != nil {
			return err
		}
		defer c.Close()
		var took []time.Duration
		for time.Since(began) < length && ctx.Err() == nil {
			sent := time.Now()
			status, _, err := c.exchange(requests[(next.Add(1)-1)%int64(len(requests))])
			if err != nil {
				return err
			}
			took = append(took, time.Since(sent))
			if status >= http.StatusBadRequest {
				refused.Add(1)
			}
		}
		mu.Lock()
		defer mu.Unlock()
		all = append(all, took...)
		return nil
	})
	if err != nil || len(all) == 0 {
		return sample{}, errors.Join(errors.New("nothing was answered"), err, ctx.Err())
	}
	slices.Sort(all)
	return sample{
		perSecond: float64(len(all)) / time.Since(began).Seconds(),
		p50:       all[len(all)*50/100], p99: all[len(all)*99/100], refused: int(refused.Load()),
	}, nil
}

// sendAll sends each request once, and passes on what is answered. An answer
// that is a refusal is an error.
func sendAll(ctx context.Context, addr string, requests []request, answered func(i int, body []byte) error) error {
	const conns = 32
	var next atomic.Int64
	return each(min(conns, len(requests)), func(int) error {
		c, err := dial(ctx, addr)
		if err != nil {
			return err
		}
		defer c.Close()
		for i := int(next.Add(1)) - 1; i < len(requests) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
			status, body, err := c.exchange(requests[i])
			if err != nil {
				return err
			}
			if status >= http.StatusBadRequest {
				return fmt.Errorf("%s: %d %s", strings.SplitN(string(requests[i]), "\r\n", 2)[0], status, body)
			}
			if answered == nil {
				continue
			}
			if err := answered(i, body); err != nil {
				return err
			}
		}
		return ctx.Err()
	})
}

// each runs something so many times at once, and returns what went wrong.
func each(n int, do func(i int) error) error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = do(i) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// A connection sends requests and reads answers, one after the other.
type connection struct {
	net.Conn
	in *bufio.Reader
}

func dial(ctx context.Context, addr string) (*connection, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &connection{c, bufio.NewReader(c)}, nil
}

func (c *connection) exchange(r request) (status int, body []byte, err error) {
	if _, err := c.Write(r); err != nil {
		return 0, nil, err
	}
	res, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	body, err = io.ReadAll(res.Body)
	return res.StatusCode, body, err
}
