package main

import (
	"io"
	"net"
	"net/http"
	"sync/atomic"
)

// A receiver takes webhooks and counts them.
type receiver struct {
	url   string
	count atomic.Int64
	srv   *http.Server
}

func startReceiver() (*receiver, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &receiver{url: "http://" + l.Addr().String() + "/hooks"}
	r.srv = &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		_, _ = io.Copy(io.Discard, req.Body) // whatever it says
		r.count.Add(1)
	})}
	go func() { _ = r.srv.Serve(l) }() // until stop
	return r, nil
}

func (r *receiver) stop() { _ = r.srv.Close() }
