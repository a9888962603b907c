package server

import (
	"context"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/mockpay/mockpay/control"
	"github.com/mockpay/mockpay/scenarios"
	"github.com/mockpay/mockpay/workspace"
)

// This file is what faults look like on the wire. It lets go of net/http's
// connections where their ends matter: net/http closes one as it likes.

const (
	slowPieces = 20                     // of a slow answer's body, at most
	slowPause  = 150 * time.Millisecond // before each of them

	// lingering is how long a closed connection is read from. What the caller sent
	// and nobody reads would make its kernel throw away what it was sent.
	lingering = 500 * time.Millisecond
)

// garbage is what no HTTP client takes for an answer.
const garbage = "\x15\x03\x01\x00\x02\x02\x28 mockpay \xff\xfe\x00\x00 this is not HTTP \x00\x7f\x80\r\n\r\n"

// deliver writes an answer, or does what a fault makes of it.
func (s *Server) deliver(w http.ResponseWriter, r *http.Request, out *workspace.Outgoing) {
	switch out.Fault {
	case "":
		send(w, out)
	case scenarios.Slow:
		s.trickle(w, r, out)
	case scenarios.Truncate:
		s.truncate(w, r, out)
	case scenarios.Reset:
		s.instead(w, r, out, reset)
	case scenarios.Garbage:
		s.instead(w, r, out, func(c net.Conn) {
			_, _ = io.WriteString(c, garbage)
			hangUp(c)
		})
	case scenarios.Hang:
		s.instead(w, r, out, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	default: // drop, lost_reply
		s.instead(w, r, out, hangUp)
	}
}

// trickle writes an answer's body in pieces, with a pause before each.
func (s *Server) trickle(w http.ResponseWriter, r *http.Request, out *workspace.Outgoing) {
	sendHead(w, out)
	conn := http.NewResponseController(w)
	_ = conn.Flush() // not every writer can
	for i := range slowPieces {
		if !s.pause(r, slowPause) {
			return
		}
		from, to := len(out.Body)*i/slowPieces, len(out.Body)*(i+1)/slowPieces
		if _, err := w.Write(out.Body[from:to]); err != nil {
			return
		}
		_ = conn.Flush()
	}
}

// truncate writes an answer whose body ends in its middle.
func (s *Server) truncate(w http.ResponseWriter, r *http.Request, out *workspace.Outgoing) {
	w.Header().Set("Connection", "close")
	sendHead(w, out)
	_, _ = w.Write(out.Body[:len(out.Body)/2])
	_ = http.NewResponseController(w).Flush() // not every writer can
	if s.seize(w, hangUp) != nil && r.ProtoMajor > 1 {
		panic(http.ErrAbortHandler)
	}
}

// instead does something to a call's connection instead of answering. A stream of
// HTTP/2 is reset. A writer that has no connection, such as a recorder of a test,
// is told what would have been.
func (s *Server) instead(w http.ResponseWriter, r *http.Request, out *workspace.Outgoing, do func(net.Conn)) {
	if s.seize(w, do) == nil {
		return
	}
	if out.Fault == scenarios.Hang {
		select {
		case <-r.Context().Done():
		case <-s.running.Done():
		}
	}
	if r.ProtoMajor > 1 {
		panic(http.ErrAbortHandler)
	}
	for name, values := range out.Header {
		w.Header()[name] = values
	}
	control.WriteProblem(w, http.StatusBadGateway, nil, "no answer comes, by fault %s: a connection would show it, and this is none", out.Fault)
}

// seize takes a connection from net/http, uses and closes it. When the server
// stops it is closed at once.
func (s *Server) seize(w http.ResponseWriter, use func(net.Conn)) error {
	s.broken.Add(1) // while Stop still waits for net/http
	defer s.broken.Done()
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return err
	}
	defer conn.Close()
	unhook := context.AfterFunc(s.running, func() { _ = conn.Close() })
	defer unhook()
	use(conn)
	return nil
}

// reset ends a connection by a TCP RST.
func reset(c net.Conn) {
	c = below(c)
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

// below is the connection that carries a connection.
func below(c net.Conn) net.Conn {
	for {
		over, ok := c.(interface{ NetConn() net.Conn })
		if !ok {
			return c
		}
		c = over.NetConn()
	}
}

// hangUp says that nothing more comes, and reads on until the caller has seen it.
func hangUp(c net.Conn) {
	if half, ok := c.(interface{ CloseWrite() error }); !ok || half.CloseWrite() != nil {
		return
	}
	_ = c.SetReadDeadline(time.Now().Add(lingering))
	_, _ = io.Copy(io.Discard, c)
}
