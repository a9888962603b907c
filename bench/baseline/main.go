// Command baseline is what make bench holds mockpay against: bare handlers that
// read the same requests, do the same sums and answer the same bodies.
//
// It is what somebody would write who needs an answer and nothing else. It
// checks no credentials, remembers nothing, moves no money, keeps no journal and
// sends no webhook. What is encrypted and signed it does open and verify: else
// it could not read it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/gorilla/mux"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "where to listen")
	stored := flag.Int("stored", 100_000, "how many transactions list-transactions chooses from")
	flag.Parse()
	if err := serve(*addr, *stored); err != nil {
		fmt.Fprintln(os.Stderr, "baseline:", err)
		os.Exit(1)
	}
}

// serve answers until a signal comes.
func serve(addr string, stored int) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: handler(stored)}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	context.AfterFunc(ctx, func() { _ = srv.Close() })
	fmt.Printf("baseline ready on http://%s\n", l.Addr())
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// handler has mockpay's paths, so that both get the same bytes.
func handler(stored int) http.Handler {
	r := mux.NewRouter()
	r.HandleFunc("/dinardragon/execute", execute).Methods(http.MethodPost)
	r.HandleFunc("/dinaricash/", ach).Methods(http.MethodPost)
	r.HandleFunc("/dinaricash/swift-transfer", swift).Methods(http.MethodPost)
	r.HandleFunc("/dinaricash/list-transactions", list(sync.OnceValue(func() []listed { return history(stored) }))).Methods(http.MethodPost)
	r.HandleFunc("/usdtpayout/live/api/v1/payouts/sendPayoutRequest", sendPayout).Methods(http.MethodPost)
	r.HandleFunc("/usdtpayout/live/api/v1/payouts/getPayoutStatus", payoutStatus).Methods(http.MethodPost)
	r.HandleFunc("/executions/v1/executions/payout", executePayout).Methods(http.MethodPost)
	r.HandleFunc("/executions/v1/status/payout/{reference}", executionStatus).Methods(http.MethodGet)
	return r
}
