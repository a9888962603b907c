package clock_test

import (
	"testing"
	"time"

	"github.com/mockpay/mockpay/clock"
)

func BenchmarkNow(b *testing.B) {
	w := newWorld(b, clock.Setup{Start: start, Speed: 60})
	b.ReportAllocs()
	for b.Loop() {
		w.Now()
	}
}

// BenchmarkRearm is what each transaction pays for the timer when 10,000 jobs
// are pending.
func BenchmarkRearm(b *testing.B) {
	w := newWorld(b, clock.Setup{Start: start})
	for n := range 10_000 {
		w.at(time.Duration(n+3600)*time.Second, "a")
	}
	b.ReportAllocs()
	for b.Loop() {
		w.Rearm()
	}
}

func BenchmarkAdvance(b *testing.B) {
	w := frozen(b)
	var again func()
	again = func() { w.at(w.elapsed()+time.Second, "a", again) }
	again()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.Advance(time.Second); err != nil {
			b.Fatal(err)
		}
		w.log = w.log[:0]
	}
}
