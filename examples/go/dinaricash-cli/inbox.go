package main

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// An inbox takes webhooks, and tells when one came that is genuine.
type inbox struct {
	told   chan struct{}
	key    string
	server *http.Server
}

// listen takes webhooks, if DINARICASH_WEBHOOK_PORT says where.
func listen() (*inbox, error) {
	in := &inbox{told: make(chan struct{}, 1), key: os.Getenv("DINARICASH_WEBHOOK_KEY")}
	port := os.Getenv("DINARICASH_WEBHOOK_PORT")
	if port == "" {
		return in, nil
	}
	if in.key == "" {
		return nil, stopf(wrongUsage, "DINARICASH_WEBHOOK_KEY is not set")
	}
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		return nil, err
	}
	in.server = &http.Server{Handler: in, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second}
	go in.server.Serve(listener)
	fmt.Printf("webhooks go to http://%s/\n", listener.Addr())
	return in, nil
}

func (in *inbox) close() {
	if in.server != nil {
		in.server.Close()
	}
}

func (in *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if subtle.ConstantTimeCompare([]byte(webhookKey(w, r)), []byte(in.key)) != 1 {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"status":"error"}`)
		return
	}
	_, _ = io.WriteString(w, `{"status":"success"}`)
	select {
	case in.told <- struct{}{}:
	default: // it is told already
	}
}

// webhookKey is the WEBHOOK_KEY in a webhook, "" if there is none.
func webhookKey(w http.ResponseWriter, r *http.Request) string {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<16))
	if err != nil {
		return ""
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		var told struct {
			Key string `json:"WEBHOOK_KEY"`
		}
		_ = json.Unmarshal(body, &told) // it has no key then
		return told.Key
	}
	form, _ := url.ParseQuery(string(body))
	return form.Get("WEBHOOK_KEY")
}
