// Command receiver receives webhooks of Dinari Cash and Pontis Globe, in any order
// and any number of times, and counts what they tell once. See ../../receivers.md.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

// most is how many bytes a body may have.
const most = 1 << 16

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	err := run(ctx)
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "receiver:", err)
	if errors.Is(err, errNoSecret) {
		os.Exit(2)
	}
	os.Exit(1)
}

var errNoSecret = errors.New("set DINARICASH_WEBHOOK_KEY, PONTIS_HMAC_SECRET or both")

// env is a variable, or what it is otherwise.
func env(name, otherwise string) string { return cmp.Or(os.Getenv(name), otherwise) }

// A receiver takes the webhooks of one sender.
type receiver struct {
	path       string
	secret     string
	understand func(secret string, header http.Header, body []byte) (Event, error)
	books      *Books
}

func run(ctx context.Context) error {
	receivers := []*receiver{
		{path: "/dinaricash", secret: os.Getenv("DINARICASH_WEBHOOK_KEY"), understand: FromDinariCash},
		{path: "/pontisglobe", secret: os.Getenv("PONTIS_HMAC_SECRET"), understand: FromPontisGlobe},
	}
	if receivers[0].secret == "" && receivers[1].secret == "" {
		return errNoSecret
	}
	books, err := OpenBooks(env("RECEIVER_STORE", "receiver.jsonl"))
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(env("RECEIVER_HOST", "127.0.0.1"), env("RECEIVER_PORT", "9000")))
	if err != nil {
		return errors.Join(err, books.Close())
	}
	mux := http.NewServeMux()
	for _, r := range receivers {
		if r.secret != "" {
			r.books = books
			mux.Handle("POST "+r.path, r)
			fmt.Printf("webhooks go to http://%s%s\n", listener.Addr(), r.path)
		}
	}
	if err := serve(ctx, listener, mux); err != nil {
		return errors.Join(err, books.Close())
	}
	return errors.Join(books.Close(), json.NewEncoder(os.Stdout).Encode(books))
}

// serve serves until it is told to stop, and what has begun is answered.
func serve(ctx context.Context, listener net.Listener, h http.Handler) error {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return server.Shutdown(context.WithoutCancel(ctx))
	}
}

// ServeHTTP implements [http.Handler]. Long work would wait for another program that
// reads the books: the sender waits for this answer.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	changed, isNew, err := r.take(w, req)
	if err == nil {
		w.Header().Set("X-Handled", strconv.FormatBool(isNew))
		answer(w, http.StatusOK, map[string]string{"status": "success"})
		if changed != "" {
			fmt.Println(changed)
		}
		return
	}
	status := http.StatusInternalServerError // it could not be kept, and shall come again
	if refused := (*Refusal)(nil); errors.As(err, &refused) {
		status = refused.Status
		err = fmt.Errorf("refused a webhook to %s: %w", r.path, err)
	}
	fmt.Fprintln(os.Stderr, "receiver:", err)
	answer(w, status, map[string]string{"status": "error", "message": err.Error()})
}

func (r *receiver) take(w http.ResponseWriter, req *http.Request) (changed string, isNew bool, err error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, most))
	if err != nil {
		return "", false, refuse(http.StatusRequestEntityTooLarge, "the body is too large, or did not come whole")
	}
	event, err := r.understand(r.secret, req.Header, body)
	if err != nil {
		return "", false, err
	}
	return r.books.Keep(event)
}

func answer(w http.ResponseWriter, status int, told any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(told) // whoever does not wait for it asks again
}
