package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tiny measures as little as there can be, to see that all of it works.
func tiny(t *testing.T) options {
	t.Helper()
	dir := t.TempDir()
	for name, pkg := range map[string]string{"mockpay": "../cmd/mockpay", "baseline": "./baseline"} {
		out, err := exec.Command("go", "build", "-buildvcs=false", "-o", dir+"/"+name, pkg).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	return options{
		binary: dir + "/mockpay", baseline: dir + "/baseline", driver: "go",
		seconds: 0.02, stored: 2 * group, payouts: 50, calls: 50, starts: 2, idle: time.Millisecond, figures: true,
		warm: 10, look: time.Millisecond,
	}
}

func TestMeasure(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs two programs")
	}
	var out bytes.Buffer
	o := tiny(t)
	require.NoError(t, measure(t.Context(), o, &out))
	for _, l := range loads() {
		if skipped := l.name + ": skipped"; strings.Contains(out.String(), skipped) {
			continue
		}
		rows := regexp.MustCompile(`(?m)^ *`+regexp.QuoteMeta(l.name)+` +(\d+)( +[\d.?]+){10} .*p99 (ok|missed) *$`).FindAllStringSubmatch(out.String(), -1)
		if assert.Len(t, rows, len(connections), "%s in\n%s", l.name, out.String()) {
			assert.Equal(t, []string{"1", "32"}, []string{rows[0][1], rows[1][1]}, "connections of %s", l.name)
		}
	}
	for _, want := range []string{"[0-9]+ cores", "exec to ready, median of 2", "under 30 ms"} {
		assert.Regexp(t, want, out.String())
	}
	if measurable() {
		for _, want := range []string{"under 20 MB: ", "bytes per payout, 50 of dinaricash ach", "growth over 50 status calls", "10000 jobs pending"} {
			assert.Contains(t, out.String(), want)
		}
	}
}

// TestDrivers sends two kinds of requests in turn, of which one is refused.
func TestDrivers(t *testing.T) {
	var seen [2]atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		switch {
		case err == nil && r.Method == http.MethodPost && string(body) == "a=1\nb" && r.Header.Get("X-Some") == "thing":
			seen[0].Add(1)
		case err == nil && r.URL.RequestURI() == "/x?y":
			seen[1].Add(1)
			w.WriteHeader(http.StatusConflict)
		default:
			t.Errorf("%s %s: %q %v", r.Method, r.URL, body, err)
		}
	}))
	defer srv.Close()
	requests := []request{newRequest(http.MethodPost, "/", "a=1\nb", "X-Some", "thing"), newRequest(http.MethodGet, "/x?y", "")}
	drivers := []driver{goDriver{}}
	if path, err := exec.LookPath("wrk"); err == nil {
		drivers = append(drivers, wrkDriver{path})
	}
	for _, d := range drivers {
		t.Run(d.String(), func(t *testing.T) {
			s, err := d.drive(t.Context(), srv.Listener.Addr().String(), requests, 2, 50*time.Millisecond)
			require.NoError(t, err)
			assert.Positive(t, s.perSecond)
			assert.Positive(t, s.p50)
			assert.GreaterOrEqual(t, s.p99, s.p50)
			assert.Positive(t, s.refused)
			first, second := seen[0].Swap(0), seen[1].Swap(0)
			assert.InDelta(t, first, second, 3, "they come in turn")
			assert.InDelta(t, second, s.refused, 3)
		})
	}
	require.Error(t, sendAll(t.Context(), srv.Listener.Addr().String(), requests, nil), "one is refused")
}

func TestShape(t *testing.T) {
	for _, tt := range []struct {
		name, a, b string
		same       bool
	}{
		{"OKOtherValues", `{"id":"a1","n":1,"l":["x-1"]}`, `{"id":"b2","n":2.50,"l":["y-2"]}`, true},
		{"OtherName", `{"id":"a1"}`, `{"key":"a1"}`, false},
		{"OtherWord", `{"status":"success"}`, `{"status":"failed"}`, false},
		{"OtherOrder", `{"a":1,"b":2}`, `{"b":2,"a":1}`, false},
		{"OtherType", `{"n":1}`, `{"n":"1"}`, false},
		{"OtherLength", `{"l":[1,2]}`, `{"l":[1]}`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, err := shape([]byte(tt.a))
			require.NoError(t, err)
			b, err := shape([]byte(tt.b))
			require.NoError(t, err)
			assert.Equal(t, tt.same, a == b, "%s and %s", a, b)
		})
	}
	_, err := shape([]byte(`404 page not found`))
	assert.Error(t, err)
}

func TestReadSample(t *testing.T) {
	s, err := readSample("Running 1s test\n  1 threads\nbench: 1000 500000 250 900 3 0\n")
	require.NoError(t, err)
	assert.Equal(t, sample{perSecond: 2000, p50: 250 * time.Microsecond, p99: 900 * time.Microsecond, refused: 3}, s)
	for name, out := range map[string]string{
		"no summary": "unable to connect", "broken": "bench: 10 5 1 1 0 2", "nothing": "bench: 0 5 1 1 0 0",
	} {
		_, err := readSample(out)
		assert.Error(t, err, name)
	}
}

func TestJudge(t *testing.T) {
	base := sample{perSecond: 1000, p99: time.Millisecond}
	for _, tt := range []struct {
		least target
		ours  sample
		want  string
	}{
		{0.5, sample{perSecond: 500, p99: 2 * time.Millisecond}, "0.5x ok, p99 ok"},
		{0.6, sample{perSecond: 599, p99: 2001 * time.Microsecond}, "0.6x missed, p99 missed"},
		{0, sample{perSecond: 1, p99: time.Millisecond}, "p99 ok"},
	} {
		assert.Equal(t, tt.want, tt.least.judge(tt.ours, base))
	}
}
