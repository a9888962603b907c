package server

import (
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mockpay/mockpay/control"
	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/workspace"
)

// Handler serves everything: the control API, the health checks, and the
// providers by host name and by path.
func (s *Server) Handler() http.Handler {
	return s.guard(func(w http.ResponseWriter, r *http.Request) { s.route(w, r, nil) })
}

// providerHandler serves the same with one provider at the root.
func (s *Server) providerHandler(name string) http.Handler {
	for _, p := range s.router.prefixes {
		if p.mock.Name == name && p.mount.Prefix == "" {
			return s.guard(func(w http.ResponseWriter, r *http.Request) { s.route(w, r, &p) })
		}
	}
	panic("server: options were checked, provider " + name + " is known")
}

// guard answers for a handler that panics, and says so in the log.
func (s *Server) guard(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b := s.await(w, r)
		defer b.end()
		defer func() {
			p := recover()
			if p == http.ErrAbortHandler {
				panic(p) // net/http breaks off the answer
			}
			if p != nil {
				s.Log.Error("a request failed inside mockpay", "method", r.Method, "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
				control.WriteProblem(w, http.StatusInternalServerError, nil, "mockpay itself failed, its log says how")
			}
		}()
		next(w, r)
	})
}

// route finds who answers. root is the provider of a listener of its own.
func (s *Server) route(w http.ResponseWriter, r *http.Request, root *place) {
	path := r.URL.Path
	if path == control.Prefix || strings.HasPrefix(path, control.Prefix+"/") {
		s.logged(s.control.ServeHTTP)(w, r)
		return
	}
	byPrefix, rest, prefixed := s.router.byPrefix(path)
	host, named := s.router.byHost(r)
	switch {
	case named:
		s.provide(w, r, s.router.target(r, host, path))
	case root != nil && (!prefixed || s.router.target(r, *root, path).op != nil):
		s.provide(w, r, s.router.target(r, *root, path))
	case prefixed:
		s.provide(w, r, s.router.target(r, byPrefix, rest))
	default:
		s.logged(s.own)(w, r)
	}
}

// own answers the paths that are nobody's but mockpay's.
func (s *Server) own(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/healthz", "/livez", "/readyz":
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"status":"ok"}`+"\n")
	case "/":
		s.index(w, r)
	default:
		var prefixes []string
		for _, m := range s.Mocks {
			prefixes = append(prefixes, "/"+m.Name)
		}
		control.WriteProblem(w, http.StatusNotFound, append(prefixes, control.Prefix),
			"nothing is at %s; a provider is below its name (%s) or at its host name, the control API is below %s",
			r.URL.Path, strings.Join(prefixes, ", "), control.Prefix)
	}
}

// index lists the providers for people.
func (s *Server) index(w http.ResponseWriter, r *http.Request) {
	var b strings.Builder
	fmt.Fprintf(&b, "mockpay %s impersonates:\n\n", s.Version)
	for _, m := range s.Mocks {
		fmt.Fprintf(&b, "%s  http://%s/%s\n", m.Title, r.Host, m.Name)
		for _, op := range m.Operations {
			fmt.Fprintf(&b, "    %-6s %-24s %s\n", op.Method, op.Path, op.Summary)
		}
	}
	fmt.Fprintf(&b, "\nThe control API is at http://%s%s, the providers with all their names at http://%s%s/providers\n",
		r.Host, control.Prefix, r.Host, control.Prefix)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, b.String())
}

// provide has a workspace answer a provider's call.
func (s *Server) provide(w http.ResponseWriter, r *http.Request, t *target) {
	r.Header.Set("Host", r.Host) // where rules and the journal look for it
	in := &workspace.Incoming{
		Mock: t.mock, Op: t.op, URL: r.URL.RequestURI(), Refusal: t.refusal, Began: time.Now(),
		Request: &provider.Request{
			Method: r.Method, Path: t.path, Query: r.URL.Query(), Header: r.Header,
			Remote: r.RemoteAddr, Mode: t.mount.Mode, Vars: t.vars,
		},
	}
	force(in)
	s.readBody(w, r, in)
	out := s.registry.For(t.mock, s.account(in)).Do(in)
	defer out.Answered()
	if t.allow != "" {
		out.Header.Set("Allow", t.allow)
	}
	if s.pause(r, out.Delay) {
		s.deliver(w, r, out)
	}
}

// force takes the outcome that a request asks for. An unknown one is answered
// with those there are: no provider sends such a thing, so it is a problem of
// ours.
func force(in *workspace.Incoming) {
	in.Force = in.Request.Header.Get(workspace.HeaderOutcome)
	if in.Force == "" || in.Op == nil {
		return
	}
	outcomes := in.Op.Outcomes()
	if slices.Contains(outcomes, in.Force) {
		return
	}
	hint := fmt.Sprintf("%s names %q, which is no outcome of %s.%s", workspace.HeaderOutcome, in.Force, in.Mock.Name, in.Op.Name)
	if near := provider.Nearest(in.Force, outcomes); near != "" {
		hint += fmt.Sprintf("; did you mean %q?", near)
	}
	problem := control.NewProblem(http.StatusBadRequest, "%s; there are: %s", hint, strings.Join(outcomes, ", "))
	problem.Valid = outcomes
	in.Answer = provider.JSON(problem.Status, problem)
	in.Answer.Header.Set("Content-Type", control.ProblemType)
	in.Answer.Hint = hint
}

// account decodes a call and tells whose it is, also of calls that reach no
// operation or whose bodies are too large: the journal must know what to mask.
// If that panics the call is refused in the provider's shape.
func (s *Server) account(in *workspace.Incoming) (name string) {
	defer func() {
		if p := recover(); p != nil {
			s.Log.Error("a request failed inside mockpay", "provider", in.Mock.Name, "panic", p, "stack", string(debug.Stack()))
			in.Refusal = provider.Broken()
		}
	}()
	req := in.Request
	decode := in.Mock.Decode
	if decode == nil {
		decode = func(r *provider.Request) (map[string]any, error) { return provider.DecodeObject(r.Body) }
	}
	fields, err := decode(req)
	req.Fields = fields
	if req.DecodeErr == nil { // else the body did not come whole
		req.DecodeErr = err
	}
	return in.Mock.Identify(req)
}

// pause lets time pass, as a rule wants it, or less if the server stops. It tells
// whether the caller is still there.
func (s *Server) pause(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.running.Done():
		return true
	case <-r.Context().Done():
		return false
	}
}

// send writes an answer. One that webhooks wait for is flushed, so that the
// caller has it before them.
func send(w http.ResponseWriter, out *workspace.Outgoing) {
	sendHead(w, out)
	_, _ = w.Write(out.Body) // a caller that is gone needs no answer
	if out.HasWebhooks() {
		_ = http.NewResponseController(w).Flush() // not every writer can
	}
}

// sendHead writes an answer's status and headers.
func sendHead(w http.ResponseWriter, out *workspace.Outgoing) {
	h := w.Header()
	for name, values := range out.Header {
		h[name] = values
	}
	h.Set("Content-Length", strconv.Itoa(len(out.Body)))
	w.WriteHeader(out.Status)
}
