package server

import (
	"bytes"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// A listener is an address being served.
type listener struct {
	net.Listener
	provider     string // at its root, "" for all at their paths
	server       *http.Server
	writeTimeout time.Duration

	silent  sync.Map // connections on which nothing has come yet
	closing atomic.Bool
}

// note keeps account of connections on which nothing has come.
func (l *listener) note(conn net.Conn, state http.ConnState) {
	switch {
	case state != http.StateNew:
		l.silent.Delete(conn)
	case l.closing.Load():
		_ = conn.Close()
	default:
		l.silent.Store(conn, nil)
	}
}

// closeSilent ends connections on which nothing has come: browsers make some to be
// quicker later, and net/http would wait for them.
func (l *listener) closeSilent() {
	l.closing.Store(true)
	l.silent.Range(func(conn, _ any) bool {
		_ = conn.(net.Conn).Close()
		return true
	})
}

// Accept waits for a connection.
func (l *listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return blaming{conn, l.writeTimeout}, nil
}

// A blaming connection says 400 where net/http answers a request it cannot
// parse with 501 or 505: the mistake is the caller's, and whoever watches a mock
// for 5xx looks for failures of ours.
//
// What it writes must be read in time, a piece after the other: a caller that never
// reads its answer is left.
type blaming struct {
	net.Conn
	timeout time.Duration
}

// What net/http writes, in one piece, for an unknown transfer encoding and an
// unknown HTTP version. Answers of handlers never look so.
var (
	unknownVersion  = []byte("HTTP/1.1 505 HTTP Version Not Supported: ")
	unknownEncoding = []byte("HTTP/1.1 501 Not Implemented\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\nUnsupported")
)

// NetConn is the connection below, as [crypto/tls.Conn] has it.
func (c blaming) NetConn() net.Conn { return c.Conn }

// CloseWrite says that nothing more will be written: net/http does so before it
// closes a connection, and faults do.
func (c blaming) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return c.Close()
}

// Write passes on what is written, and the wrong verdicts corrected.
func (c blaming) Write(b []byte) (int, error) {
	var verdict string
	switch {
	case bytes.HasPrefix(b, unknownVersion):
		verdict = "unsupported protocol version"
	case bytes.HasPrefix(b, unknownEncoding):
		verdict = "unsupported transfer encoding"
	default:
		return c.write(b)
	}
	const head = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request: "
	if _, err := c.write([]byte(head + verdict)); err != nil {
		return 0, err
	}
	return len(b), nil
}

// write writes piece by piece, each of which has its time.
func (c blaming) write(b []byte) (done int, err error) {
	for err == nil {
		piece := b[done:min(len(b), done+writePiece)]
		if err = c.SetWriteDeadline(time.Now().Add(c.timeout)); err != nil {
			return done, err
		}
		n := 0
		n, err = c.Conn.Write(piece)
		if done += n; done == len(b) {
			return done, err
		}
	}
	return done, err
}
