package server_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/mocks"
	"github.com/mockpay/mockpay/server"
)

// These are what calls cost inside, without the network: for profiles. What
// users feel is what make bench tells.

const rich = `version: 1
name: rich
providers:
  dinardragon: {balance: "1000000000000"}
  dinaricash: {balances: {payout: "1000000000000", float: "1000000000000", reserve: "1000000000000"}}
`

const achForm = "PUBLIC_KEY=8d1838fbb7fea3206326d0d96f162618&API_SECRET=955a380d7d9c05707f199fbe8ba8474d" +
	"&SEND_METHOD=ACH&SEND_CURRENCY_ISO3=USD&SEND_AMOUNT=123.45&RECIPIENT_FULL_NAME=Sam+Smith" +
	"&RECIPIENT_BANK_ACCOUNT=123456789&RECIPIENT_BANK_ROUTING=021000021"

// richHandler is a server with money for all calls.
func richHandler(b *testing.B) http.Handler {
	b.Helper()
	file := filepath.Join(b.TempDir(), "rich.yaml")
	require.NoError(b, os.WriteFile(file, []byte(rich), 0o600))
	s, err := server.New(server.Options{Addr: "127.0.0.1:0", Mocks: mocks.All(), Scenario: file})
	require.NoError(b, err)
	b.Cleanup(func() { _ = s.Stop(b.Context()) })
	return s.Handler()
}

// A sink is a http.ResponseWriter that keeps only the status.
type sink struct {
	header http.Header
	status int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) Write(b []byte) (int, error) { return len(b), nil }
func (s *sink) WriteHeader(status int)      { s.status = status }

// call makes a call that must be answered with 200.
func call(b *testing.B, h http.Handler, path, kind, body string) {
	r := httptest.NewRequest(http.MethodPost, path, nil)
	r.Body = io.NopCloser(bytes.NewReader([]byte(body)))
	r.Header.Set("Content-Type", kind)
	w := &sink{header: make(http.Header)}
	if h.ServeHTTP(w, r); w.status != http.StatusOK {
		b.Fatalf("%s: %d", path, w.status)
	}
}

func BenchmarkACH(b *testing.B) {
	h := richHandler(b)
	b.ReportAllocs()
	for b.Loop() {
		call(b, h, "/dinaricash/", "application/x-www-form-urlencoded", achForm)
	}
}

// BenchmarkList lists 100 of them.
func BenchmarkList(b *testing.B) {
	h := richHandler(b)
	for range 100 {
		call(b, h, "/dinaricash/", "application/x-www-form-urlencoded", achForm)
	}
	b.ReportAllocs()
	for b.Loop() {
		call(b, h, "/dinaricash/list-transactions", "application/x-www-form-urlencoded",
			"CORPORATE_ACCOUNT_ID=8d1838fbb7fea3206326d0d96f162618&GATEWAY_API_KEY=955a380d7d9c05707f199fbe8ba8474d")
	}
}

// BenchmarkStored tells how much heap a stored payout takes.
func BenchmarkStored(b *testing.B) {
	const warm, payouts = 2000, 20_000
	for b.Loop() {
		h := richHandler(b)
		send := func(n int) uint64 {
			for range n {
				call(b, h, "/dinaricash/", "application/x-www-form-urlencoded", achForm)
			}
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			return m.HeapAlloc
		}
		before := send(warm) // the journal is full then
		b.ReportMetric(float64(send(payouts)-before)/payouts, "B/payout")
		runtime.KeepAlive(h)
	}
}
