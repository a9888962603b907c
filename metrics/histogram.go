package metrics

import (
	"bytes"
	"slices"
	"strconv"
	"sync/atomic"
	"time"
)

// A Histogram counts durations by how long they are.
type Histogram struct {
	bounds  []time.Duration
	buckets []atomic.Int64 // one for each bound, and one for what is longer
	sum     atomic.Int64   // nanoseconds
}

// Observe counts a duration.
func (h *Histogram) Observe(d time.Duration) {
	i, _ := slices.BinarySearch(h.bounds, d) // a bound belongs to its bucket
	h.buckets[i].Add(1)
	h.sum.Add(int64(d))
}

// Histograms are a family of histograms with the same bounds.
type Histograms struct{ family[Histogram] }

// Histograms adds a family of histograms. bounds are the longest durations of
// the buckets, in order; there is one more for what is longer.
func (s *Set) Histograms(name, help string, bounds []time.Duration, labels ...string) *Histograms {
	fresh := func() *Histogram {
		return &Histogram{bounds: bounds, buckets: make([]atomic.Int64, len(bounds)+1)}
	}
	h := &Histograms{family[Histogram]{labels: labels, fresh: fresh}}
	les := append(texts(bounds), "+Inf")
	s.add(func(b *bytes.Buffer) {
		head(b, name, help, histogram)
		h.each(func(labels string, series *Histogram) { series.tell(b, name, labels, les) })
	}, name)
	return h
}

// texts are bounds in seconds.
func texts(bounds []time.Duration) (all []string) {
	for _, bound := range bounds {
		all = append(all, strconv.FormatFloat(bound.Seconds(), 'f', -1, 64))
	}
	return all
}

// counts are those of the buckets, each with all below it.
func (h *Histogram) counts() []int64 {
	all := make([]int64, len(h.buckets))
	var n int64
	for i := range h.buckets {
		n += h.buckets[i].Load()
		all[i] = n
	}
	return all
}

// tell writes the samples of a histogram, none of one that has seen nothing: they
// are many. Its count is that of the last bucket as it was read, so that they
// agree while others go on counting.
func (h *Histogram) tell(b *bytes.Buffer, name, labels string, les []string) {
	counts := h.counts()
	all := counts[len(counts)-1]
	if all == 0 {
		return
	}
	in := ""
	if labels != "" {
		in = labels + ","
	}
	for i, le := range les {
		line(b, name+"_bucket", in+`le="`+le+`"`, float64(counts[i]))
	}
	line(b, name+"_sum", labels, time.Duration(h.sum.Load()).Seconds())
	line(b, name+"_count", labels, float64(all))
}
