package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
)

// Garbage that may gather before it is collected. Go's own rule, as much as is in
// use, collects a small program all the time when it is busy and lets a large one
// grow to twice its size: records are many bytes with hardly a pointer in them,
// which cost next to nothing to look through.
const (
	leastGarbage = 24 << 20
	garbageShare = 0.25 // of what is in use
)

// spareCollections makes each collection say when the next is due, until it is
// stopped. GOGC, if it is set, has the say instead.
func (c *cli) spareCollections() (stop func()) {
	follow := new(collections)
	if c.env("GOGC") == "" {
		follow.await()
	}
	return func() { follow.over.Store(true) }
}

// collections follows the collector, from one collection to the next: it works
// only when that does.
type collections struct {
	percent atomic.Int64
	over    atomic.Bool
}

// await runs adjust after the next collection, which finds a value that nobody
// holds.
func (c *collections) await() {
	passed := new([32]byte)
	runtime.AddCleanup(passed, func(c *collections) {
		if c.over.Load() {
			return
		}
		c.adjust()
		c.await()
	}, c)
}

func (c *collections) adjust() {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	percent := collectAt(live[0].Value.Uint64())
	if before := c.percent.Swap(percent); before != percent {
		debug.SetGCPercent(int(percent))
	}
}

// collectAt is how much garbage may gather beside so much in use, in percent of
// it and in steps, for setting it stops the program for a moment.
func collectAt(live uint64) int64 {
	const most, step = 1000, 25
	percent := max(leastGarbage*100/max(live, 1), uint64(garbageShare*100))
	return int64(min(percent, most)) / step * step
}
