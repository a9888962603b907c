package server

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/mockpay/mockpay/workspace"
)

// logged writes a line of the log about each request of a handler, for who asked
// to be told of each. Calls of providers are none of its business: what is to be
// said of them the workspace knows.
//
// The query is left out: a call that was meant for a provider, or a token in the
// wrong place, may have a secret there.
func (s *Server) logged(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.Log.Enabled(r.Context(), slog.LevelDebug) {
			next(w, r)
			return
		}
		began, seen := time.Now(), &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next(seen, r)
		attrs := []slog.Attr{
			slog.String("method", r.Method), slog.String("path", r.URL.Path),
			slog.Int("status", seen.status), slog.Int64("duration_us", time.Since(began).Microseconds()),
		}
		if id := r.URL.Query().Get("workspace"); workspace.CheckID(id) == nil {
			attrs = append(attrs, slog.String("workspace", id))
		}
		s.Log.LogAttrs(r.Context(), slog.LevelDebug, "request", attrs...)
	}
}

// A statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader remembers the status, and writes it.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is the writer below, for [http.ResponseController].
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
