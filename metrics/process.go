package metrics

import (
	"bytes"
	"math"
	"os"
	"regexp"
	"runtime"
	"runtime/metrics"
	"strconv"
	"strings"
)

// Go adds what Go's runtime tells of itself, under the names that Prometheus'
// own Go client uses, so that dashboards made for it work.
func (s *Set) Go() {
	families := []struct{ name, help, kind, sample string }{
		{"go_goroutines", "Number of goroutines.", gauge, "/sched/goroutines:goroutines"},
		{"go_threads", "Number of threads of the operating system.", gauge, "/sched/threads/total:threads"},
		{"go_memstats_heap_alloc_bytes", "Bytes of objects on the heap, also of those not yet collected.", gauge, "/memory/classes/heap/objects:bytes"},
		{"go_memstats_next_gc_bytes", "Size of the heap at which the next collection begins.", gauge, "/gc/heap/goal:bytes"},
		{"go_memstats_sys_bytes", "Bytes of memory that Go has from the operating system.", gauge, "/memory/classes/total:bytes"},
		{"go_memstats_alloc_bytes_total", "Bytes allocated on the heap, ever.", counter, "/gc/heap/allocs:bytes"},
		{"go_gc_cycles_total_gc_cycles_total", "Garbage collections.", counter, "/gc/cycles/total:gc-cycles"},
	}
	names := []string{"go_info"}
	for _, f := range families {
		names = append(names, f.name)
	}
	s.add(func(b *bytes.Buffer) {
		single(b, "go_info", "The version of Go that the program was built with.", gauge, braces([]string{"version"}, []string{runtime.Version()}), 1)
		samples := make([]metrics.Sample, len(families))
		for i, f := range families {
			samples[i].Name = f.sample
		}
		metrics.Read(samples)
		for i, f := range families {
			single(b, f.name, f.help, f.kind, "", float64(samples[i].Value.Uint64()))
		}
	}, names...)
}

// Process adds what the operating system tells of the process, where it has a
// /proc to tell it; elsewhere these families are missing.
func (s *Set) Process() {
	families := []struct {
		name, help, kind string
		value            func(*process) float64
	}{
		{"process_cpu_seconds_total", "Seconds of CPU time spent.", counter, func(p *process) float64 { return p.cpu }},
		{"process_resident_memory_bytes", "Bytes of memory in use.", gauge, func(p *process) float64 { return p.resident }},
		{"process_virtual_memory_bytes", "Bytes of address space.", gauge, func(p *process) float64 { return p.virtual }},
		{"process_start_time_seconds", "When the process began, in seconds since 1970.", gauge, func(p *process) float64 { return p.began }},
		{"process_open_fds", "Number of open file descriptors.", gauge, func(p *process) float64 { return p.files }},
		{"process_max_fds", "Number of file descriptors that may be open.", gauge, func(p *process) float64 { return p.mostFiles }},
	}
	var names []string
	for _, f := range families {
		names = append(names, f.name)
	}
	s.add(func(b *bytes.Buffer) {
		p := look()
		for _, f := range families {
			single(b, f.name, f.help, f.kind, "", f.value(p))
		}
	}, names...)
}

// A process is what /proc tells of one; NaN is what it does not tell.
type process struct{ cpu, resident, virtual, began, files, mostFiles float64 }

// ticks are those of /proc in a second, on all platforms that Go knows.
const ticks = 100

var (
	bootLine  = regexp.MustCompile(`(?m)^btime (\d+)$`)
	filesLine = regexp.MustCompile(`(?m)^Max open files +(\d+)`)
)

// look reads /proc about this process.
func look() *process {
	p := &process{math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN()}
	stat, _ := os.ReadFile("/proc/self/stat")
	_, rest, _ := strings.Cut(string(stat), ") ") // the name before it may have spaces
	if f := strings.Fields(rest); len(f) > 21 {
		field := func(n int) float64 { return number(f[n-3]) } // as man 5 proc counts them
		p.cpu = (field(14) + field(15)) / ticks
		p.virtual, p.resident = field(23), field(24)*float64(os.Getpagesize())
		p.began = found(bootLine, "/proc/stat") + field(22)/ticks
	}
	if open, err := os.ReadDir("/proc/self/fd"); err == nil {
		p.files = float64(len(open) - 1) // the folder itself is none
	}
	p.mostFiles = found(filesLine, "/proc/self/limits")
	return p
}

// found is the number that an expression finds in a file.
func found(expression *regexp.Regexp, file string) float64 {
	text, _ := os.ReadFile(file)
	if m := expression.FindSubmatch(text); m != nil {
		return number(string(m[1]))
	}
	return math.NaN()
}

func number(text string) float64 {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return math.NaN()
	}
	return n
}
