// Package metrics counts what a server does, and tells it in the text format of
// Prometheus.
//
// A [Set] is what one server tells. It has families, each with a name, a help
// text and series that differ in their labels:
//
//	set := metrics.NewSet()
//	answers := set.Counters("mockpay_requests_total", "Calls answered.", "provider", "outcome")
//	ok := answers.With("dinaricash", "success")
//	…
//	ok.Inc()
//
// With looks a series up, or makes it: whoever counts often does so once and
// keeps the series, of which counting takes some nanoseconds and no memory. A
// counter is told from then on, also while it is 0, so that whoever adds up its
// growth misses none. No series ever goes away, so label values must be few: names
// of providers and operations are, those of workspaces, paths and rules are not.
package metrics

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// ContentType is that of what [Set.Write] writes.
const ContentType = "text/plain; version=0.0.4; charset=utf-8"

// A Set holds families, which are told in the order in which they were made.
type Set struct {
	mu    sync.Mutex
	names map[string]bool         // guarded by mu, as is all below
	tell  []func(b *bytes.Buffer) // each tells a family or more
}

// NewSet returns a set without families.
func NewSet() *Set { return &Set{names: make(map[string]bool)} }

// add takes what tells the families with these names. Two with one name are a
// mistake in the program: whoever reads them would not know which is meant.
func (s *Set) add(tell func(b *bytes.Buffer), names ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range names {
		if s.names[name] {
			panic("metrics: two families are called " + name)
		}
		s.names[name] = true
	}
	s.tell = append(s.tell, tell)
}

// Write tells all families.
func (s *Set) Write(w io.Writer) error {
	s.mu.Lock()
	tell := s.tell[:len(s.tell):len(s.tell)]
	s.mu.Unlock()
	var b bytes.Buffer
	for _, family := range tell {
		family(&b)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// Kinds of families.
const (
	counter   = "counter"
	gauge     = "gauge"
	histogram = "histogram"
)

// head begins a family.
func head(b *bytes.Buffer, name, help, kind string) {
	fmt.Fprintf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

// line writes a sample. labels are as in braces, "" for none.
func line(b *bytes.Buffer, name, labels string, value float64) {
	b.WriteString(name)
	if labels != "" {
		b.WriteString("{" + labels + "}")
	}
	b.WriteByte(' ')
	b.Write(strconv.AppendFloat(b.AvailableBuffer(), value, 'f', -1, 64))
	b.WriteByte('\n')
}

// single writes a family of one sample, none if the value is not known.
func single(b *bytes.Buffer, name, help, kind, labels string, value float64) {
	if math.IsNaN(value) {
		return
	}
	head(b, name, help, kind)
	line(b, name, labels, value)
}

var escape = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// braces are labels as they stand in braces.
func braces(names, values []string) string {
	if len(names) != len(values) {
		panic(fmt.Sprintf("metrics: labels %q have %d values", names, len(values)))
	}
	var b strings.Builder
	for i, name := range names {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(name + `="` + escape.Replace(values[i]) + `"`)
	}
	return b.String()
}

// Gauge adds a family of one series, whose value is asked for whenever it is
// told. labels are names and values by turns.
func (s *Set) Gauge(name, help string, value func() float64, labels ...string) {
	var names, values []string
	for i := 0; i < len(labels); i += 2 {
		names, values = append(names, labels[i]), append(values, labels[i+1])
	}
	in := braces(names, values)
	s.add(func(b *bytes.Buffer) { single(b, name, help, gauge, in, value()) }, name)
}

// A Counter only grows.
type Counter struct{ n atomic.Int64 }

// Inc adds one.
func (c *Counter) Inc() { c.n.Add(1) }

// Value is how far it has come.
func (c *Counter) Value() int64 { return c.n.Load() }

// Counters are a family of counters.
type Counters struct{ family[Counter] }

// Counters adds a family of counters.
func (s *Set) Counters(name, help string, labels ...string) *Counters {
	c := &Counters{family[Counter]{labels: labels, fresh: func() *Counter { return new(Counter) }}}
	s.add(func(b *bytes.Buffer) {
		head(b, name, help, counter)
		c.each(func(labels string, series *Counter) { line(b, name, labels, float64(series.Value())) })
	}, name)
	return c
}

// A family holds series by their labels.
type family[T any] struct {
	labels []string // their names
	fresh  func() *T

	mu    sync.Mutex
	all   map[string]*T // guarded by mu, as is order
	order []string      // in which they were made
}

// With is the series with these values of the labels.
func (f *family[T]) With(values ...string) *T {
	labels := braces(f.labels, values)
	f.mu.Lock()
	defer f.mu.Unlock()
	series := f.all[labels]
	if series == nil {
		if f.all == nil {
			f.all = make(map[string]*T)
		}
		series = f.fresh()
		f.all[labels] = series
		f.order = append(f.order, labels)
	}
	return series
}

// each ranges over the series.
func (f *family[T]) each(tell func(labels string, series *T)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, labels := range f.order {
		tell(labels, f.all[labels])
	}
}
