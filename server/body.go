package server

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/workspace"
)

// Limits of how slowly a body may come, in real time and bytes. Small ones have 30
// seconds, and large ones a second more for each 100 KiB that has come.
const (
	bodyTimeout = 30 * time.Second
	bodyRate    = 100 << 10
)

// Limits of what is read, and thrown away, of a body that is too large: many
// callers look for the answer only when they have sent it all.
const (
	drainLimit   = 64 << 20
	drainTimeout = 5 * time.Second
)

// A body is a request's, which must come in time. net/http bounds the time for
// headers only, and waits for what is left of a body before it answers.
type body struct {
	io.ReadCloser
	w       http.ResponseWriter
	conn    *http.ResponseController
	began   time.Time
	timeout time.Duration
	came    int64 // bytes
	ended   bool  // it came whole, or broke off
	asked   bool  // the caller wants to be told whether to send it
}

// await bounds the time that a request's body takes; nil if it has none.
func (s *Server) await(w http.ResponseWriter, r *http.Request) *body {
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	b := &body{ReadCloser: r.Body, w: w, conn: http.NewResponseController(w), began: time.Now(), timeout: s.bodyTimeout, asked: r.Header.Get("Expect") != ""}
	_ = b.conn.SetReadDeadline(b.began.Add(b.timeout)) // not every writer has one
	r.Body = b
	return b
}

// Read reads what has come.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	before := b.came / bodyRate
	b.came += int64(n)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		b.ended = true // net/http still tries to read the rest: in no time
	case err != nil:
		b.ended = true
		_ = b.conn.SetReadDeadline(time.Time{}) // a caller may wait for its answer as long as it likes
	case b.came/bodyRate > before:
		_ = b.conn.SetReadDeadline(b.began.Add(b.timeout + time.Duration(b.came/bodyRate)*time.Second))
	}
	return n, err
}

// end sends the answer to a request that was not read whole, and reads on for a
// while.
func (b *body) end() {
	if b == nil || b.ended || b.asked && b.came == 0 || b.w.Header().Get("Connection") != "close" {
		return
	}
	if b.conn.Flush() == nil && b.conn.SetReadDeadline(time.Now().Add(drainTimeout)) == nil {
		_, _ = io.CopyN(io.Discard, b.ReadCloser, drainLimit)
	}
}

// readBody reads the body of a call, up to what its mock takes.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request, in *workspace.Incoming) {
	limit := in.Mock.BodyLimit
	if limit == 0 {
		limit = provider.BodyLimit
	}
	var text []byte
	var err error
	asks := r.Header.Get("Expect") != "" && r.ContentLength > limit // it waits to be told no
	if !asks {
		text, err = io.ReadAll(io.LimitReader(r.Body, limit+1))
	}
	in.Request.Body = text[:min(int64(len(text)), limit)]
	var refusal *provider.Refusal
	switch {
	case err != nil:
		in.Request.DecodeErr = errors.New(s.brokenOff(r, len(text), err))
		refusal = &provider.Refusal{Outcome: provider.Incomplete, Hint: in.Request.DecodeErr.Error()}
	case asks || int64(len(text)) > limit:
		refusal = &provider.Refusal{Outcome: provider.TooLarge, Hint: fmt.Sprintf("the body is larger than %d bytes", limit)}
	default:
		return
	}
	w.Header().Set("Connection", "close")
	if in.Refusal == nil {
		in.Refusal = refusal
	}
}

// brokenOff says why a body did not come whole.
func (s *Server) brokenOff(r *http.Request, came int, err error) string {
	size := fmt.Sprintf("%d bytes", came)
	if r.ContentLength >= 0 {
		size = fmt.Sprintf("%d of %d bytes", came, r.ContentLength)
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Sprintf("the body did not come whole within %s: %s came; nothing was done", s.bodyTimeout, size)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Sprintf("the body did not come whole: %s came before the caller ended it; nothing was done", size)
	}
	return fmt.Sprintf("the body cannot be read: %s; %s came, nothing was done", err, size)
}
