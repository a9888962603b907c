package webhook

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/mockpay/mockpay/state"
)

// BenchmarkEmit is what an event costs in the transaction that writes it, once
// there are as many as are kept.
func BenchmarkEmit(b *testing.B) {
	w := newWorld(b, newReceiver(nil).send)
	w.fill(keep, "")
	payload := json.RawMessage(`{"transaction_id":"8f14e45f","status":"completed","amount":5.00,"currency":"USD","data":{"reference":"A-1"}}`)
	b.ReportAllocs()
	for b.Loop() {
		_ = w.db.Update(state.Cause{Operation: "cash.pay"}, func(tx *state.Tx) error {
			Emit(tx, "cash", "paid", "", payload)
			return nil
		})
	}
}

// BenchmarkDeliver is an event from its transaction to the receiver's answer,
// over the loopback.
func BenchmarkDeliver(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	s := newSender(b)
	w := newWorld(b, s.Send)
	w.change("cash", func(e *Endpoint) { e.URL, e.Timeout = server.URL, 10*time.Second })
	b.ReportAllocs()
	for b.Loop() {
		w.emit("cash", 1)
		w.d.Settle()
	}
}

// BenchmarkDeliverLine is the same for an event of a line that waits.
func BenchmarkDeliverLine(b *testing.B) {
	const line = 500
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	s := newSender(b)
	w := newWorld(b, s.Send)
	w.change("cash", func(e *Endpoint) { e.URL, e.Timeout = server.URL, 10*time.Second })
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if n%line == 0 {
			w.update(func(tx *state.Tx) {
				for range line {
					w.emitIn(tx, "cash", n)
				}
			})
			w.d.Settle()
		}
	}
}
