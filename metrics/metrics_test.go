package metrics_test

import (
	"math"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/metrics"
)

// written is what a set tells.
func written(t *testing.T, set *metrics.Set) string {
	var b strings.Builder
	require.NoError(t, set.Write(&b))
	return b.String()
}

func TestWrite(t *testing.T) {
	set := metrics.NewSet()
	calls := set.Counters("calls_total", "Calls.", "provider", "outcome")
	took := set.Histograms("call_seconds", "How long.", []time.Duration{50 * time.Microsecond, time.Second}, "provider")
	all := set.Counters("all_total", "All.")
	set.Gauge("info", "About.", func() float64 { return 1.5 }, "version", `a"b\c`+"\n")
	set.Counters("nothing_total", "Nothing.", "provider")

	calls.With("cash", "success").Inc()
	calls.With("cash", "refused")
	calls.With("cash", "success").Inc()
	took.With("quiet")
	for _, d := range []time.Duration{time.Microsecond, 50 * time.Microsecond, 51 * time.Microsecond, time.Minute} {
		took.With("cash").Observe(d)
	}
	for one := all.With(); one.Value() < 1_234_567; {
		one.Inc()
	}
	assert.Equal(t, `# HELP calls_total Calls.
# TYPE calls_total counter
calls_total{provider="cash",outcome="success"} 2
calls_total{provider="cash",outcome="refused"} 0
# HELP call_seconds How long.
# TYPE call_seconds histogram
call_seconds_bucket{provider="cash",le="0.00005"} 2
call_seconds_bucket{provider="cash",le="1"} 3
call_seconds_bucket{provider="cash",le="+Inf"} 4
call_seconds_sum{provider="cash"} 60.000102
call_seconds_count{provider="cash"} 4
# HELP all_total All.
# TYPE all_total counter
all_total 1234567
# HELP info About.
# TYPE info gauge
info{version="a\"b\\c\n"} 1.5
# HELP nothing_total Nothing.
# TYPE nothing_total counter
`, written(t, set))
}

// TestWriteIsUnderstood has Prometheus' own parser read what is written, and its
// own linter judge it.
func TestWriteIsUnderstood(t *testing.T) {
	set := metrics.NewSet()
	set.Go()
	set.Process()
	set.Counters("calls_total", "Calls.", "provider").With(`"quoted\" {provider}`).Inc()
	set.Histograms("call_seconds", "How long.", []time.Duration{time.Microsecond, time.Second}, "provider").With("cash").Observe(time.Millisecond)
	text := written(t, set)

	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	require.NoError(t, err)
	assert.Equal(t, `"quoted\" {provider}`, families["calls_total"].GetMetric()[0].GetLabel()[0].GetValue())
	h := families["call_seconds"].GetMetric()[0].GetHistogram()
	assert.Equal(t, uint64(1), h.GetSampleCount())
	assert.Equal(t, 0.001, h.GetSampleSum())
	assert.Len(t, h.GetBucket(), 3)
	for _, name := range []string{"go_goroutines", "go_threads", "go_memstats_heap_alloc_bytes", "go_memstats_sys_bytes", "go_memstats_next_gc_bytes"} {
		require.Contains(t, families, name)
		assert.Positive(t, families[name].GetMetric()[0].GetGauge().GetValue(), name)
	}

	problems, err := promlint.New(strings.NewReader(text)).Lint()
	require.NoError(t, err)
	assert.Empty(t, problems)
}

func TestProcess(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("this system tells nothing in /proc")
	}
	set := metrics.NewSet()
	set.Process()
	values := make(map[string]float64)
	for line := range strings.Lines(written(t, set)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok && name != "#" {
			n, err := strconv.ParseFloat(value, 64)
			require.NoError(t, err)
			values[name] = n
		}
	}
	assert.Len(t, values, 6)
	now := float64(time.Now().Unix())
	assert.InDelta(t, now, values["process_start_time_seconds"], 3600, "the tests began within the hour")
	assert.GreaterOrEqual(t, values["process_cpu_seconds_total"], 0.0)
	assert.Greater(t, values["process_resident_memory_bytes"], 1e6)
	assert.Greater(t, values["process_virtual_memory_bytes"], values["process_resident_memory_bytes"])
	assert.Greater(t, values["process_open_fds"], 2.0)
	assert.Greater(t, values["process_max_fds"], values["process_open_fds"])
}

func TestGaugeWithoutValueIsNotTold(t *testing.T) {
	set := metrics.NewSet()
	set.Gauge("a", "A.", math.NaN)
	assert.Empty(t, written(t, set))
}

func TestMistakesOfTheProgram(t *testing.T) {
	set := metrics.NewSet()
	calls := set.Counters("calls_total", "Calls.", "provider")
	assert.PanicsWithValue(t, "metrics: two families are called calls_total", func() { set.Gauge("calls_total", "Calls.", func() float64 { return 1 }) })
	assert.PanicsWithValue(t, `metrics: labels ["provider"] have 2 values`, func() { calls.With("cash", "swift") })
}

// TestCountingTogether counts in many goroutines while others read.
func TestCountingTogether(t *testing.T) {
	const workers, each = 8, 1000
	set := metrics.NewSet()
	calls := set.Counters("calls_total", "Calls.", "provider")
	took := set.Histograms("call_seconds", "How long.", []time.Duration{time.Millisecond}, "provider")
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for range each {
				calls.With("cash").Inc()
				took.With("cash").Observe(time.Second)
			}
			written(t, set)
		})
	}
	all.Wait()
	assert.Contains(t, written(t, set), `calls_total{provider="cash"} 8000`)
	assert.Contains(t, written(t, set), `call_seconds_count{provider="cash"} 8000`)
}

// TestCountingTakesNoMemory holds for whoever keeps the series.
func TestCountingTakesNoMemory(t *testing.T) {
	set := metrics.NewSet()
	calls := set.Counters("calls_total", "Calls.", "provider").With("cash")
	took := set.Histograms("call_seconds", "How long.", []time.Duration{time.Millisecond, time.Second}, "provider").With("cash")
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		calls.Inc()
		took.Observe(time.Second)
	}))
}

func BenchmarkCount(b *testing.B) {
	set := metrics.NewSet()
	calls := set.Counters("calls_total", "Calls.", "provider").With("cash")
	took := set.Histograms("call_seconds", "How long.", []time.Duration{time.Millisecond, time.Second}, "provider").With("cash")
	b.ReportAllocs()
	for b.Loop() {
		calls.Inc()
		took.Observe(3 * time.Millisecond)
	}
}
