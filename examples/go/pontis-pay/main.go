// Command pontis-pay pays 125 USDT to somebody in the Philippines, and waits until
// it is there: the status says so, and a callback whose signature is right. See
// README.md.
package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"
)

func main() {
	if err := pay(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "pontis-pay:", err)
		os.Exit(1)
	}
}

// env is a variable, or what it is otherwise.
func env(name, otherwise string) string { return cmp.Or(os.Getenv(name), otherwise) }

// final are the statuses that a payout ends in. Everything but completed, which
// may still be reversed one day, has gone wrong.
var final = []string{"completed", "failed", "rejected", "canceled", "reversed"}

func pay(ctx context.Context) error {
	p := &Pontis{
		BaseURL:          env("PONTIS_BASE_URL", "http://127.0.0.1:4402/usdtpayout/live"),
		APIKey:           env("PONTIS_API_KEY", "pg-default-api-key"),
		EncryptionSecret: env("PONTIS_ENCRYPTION_SECRET", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"),
		HMACSecret:       env("PONTIS_HMAC_SECRET", "oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr8"),
		Email:            env("PONTIS_EMAIL", "owner@example.test"),
		Password:         env("PONTIS_PASSWORD", "pw-1"),
	}
	seconds, err := strconv.Atoi(env("PONTIS_TIMEOUT", "60"))
	if err != nil {
		return fmt.Errorf("PONTIS_TIMEOUT: %w", err)
	}
	patience := time.Duration(seconds) * time.Second // for each end

	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", env("CALLBACK_PORT", "9000")))
	if err != nil {
		return err
	}
	inbox := &inbox{pontis: p, told: make(map[string]Status), seen: make(map[string]bool)}
	server := &http.Server{Handler: inbox, ReadHeaderTimeout: 10 * time.Second}
	defer server.Close()
	go server.Serve(listener)
	fmt.Printf("callbacks go to http://%s/\n", listener.Addr())

	if err := p.Login(ctx); err != nil {
		return fmt.Errorf("log in: %w", err)
	}
	fmt.Println("logged in")

	payout, err := p.SendPayout(ctx, Payout{
		IdempotencyKey: newKey(), // keep it: the same one never pays twice
		CountryCode:    "PH", CurrencyCode: "PHP", PaymentMethod: "bank_local", SourceAmount: "125.00",
		RecipientDetails: map[string]string{"name": "Maria Santos", "account_number": "001234567890"},
	})
	if err != nil {
		return fmt.Errorf("pay: %w", err)
	}
	id := payout.TransactionID
	fmt.Println(id, payout.Status)

	end, err := until(patience, id+" has no end", func() (Status, bool, error) {
		now, err := p.GetStatus(ctx, id)
		return now, slices.Contains(final, now.Status), err
	})
	if err != nil {
		return err
	}
	fmt.Println(id, end.Status)

	told, err := until(patience, "no callback came about "+id, func() (Status, bool, error) {
		told, ok := inbox.about(id)
		return told, ok, nil
	})
	if err != nil {
		return err
	}
	fmt.Printf("%s %s, says a callback that is genuine\n", id, told.Status)

	switch {
	case told.Status != end.Status:
		return fmt.Errorf("the callback says %s, the status is %s", told.Status, end.Status)
	case end.Status != "completed":
		return fmt.Errorf("the payout is %s: %s", end.Status, end.Message)
	}
	return nil
}

// until asks until something is there, for as long as patience lasts.
func until(patience time.Duration, otherwise string, ask func() (Status, bool, error)) (Status, error) {
	deadline := time.Now().Add(patience)
	for {
		got, ok, err := ask()
		if err != nil || ok {
			return got, err
		}
		if time.Now().After(deadline) {
			return got, fmt.Errorf("%s after %s", otherwise, patience)
		}
		time.Sleep(500 * time.Millisecond)
	}
}

// An inbox takes callbacks. They may come before the answer that tells the id of
// the payout, and more than once.
type inbox struct {
	pontis *Pontis

	mu   sync.Mutex
	told map[string]Status // by transaction
	seen map[string]bool   // ids of events
}

func (in *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // nobody is there to be answered
	}
	told, err := in.pontis.VerifyCallback(r.Header, body)
	if err != nil {
		fmt.Fprintln(os.Stderr, "pontis-pay: refused a callback:", err)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	event := r.Header.Get("X-Pontis-Event-Id")
	w.Header().Set("X-Handled", strconv.FormatBool(!in.seen[event])) // for mockpay webhooks audit
	if !in.seen[event] {
		in.told[told.TransactionID] = told
	}
	in.seen[event] = true
}

// about is the callback about a payout, if it has come.
func (in *inbox) about(id string) (told Status, ok bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	told, ok = in.told[id]
	return told, ok
}
