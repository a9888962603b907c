package server

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/gorilla/mux"

	"github.com/mockpay/mockpay/control"
	"github.com/mockpay/mockpay/provider"
)

// A router finds the provider and the operation of a request.
type router struct {
	prefixes []place          // by path, longest first within a mock
	hosts    map[string]place // by host name, in lower case
	paths    map[string]*mux.Router
	mocks    []*provider.Mock
}

// A place is where a mock answers.
type place struct {
	prefix string // "/usdtpayout/live"
	mock   *provider.Mock
	mount  provider.Mount
}

func newRouter(mocks []*provider.Mock) *router {
	r := &router{hosts: make(map[string]place), paths: make(map[string]*mux.Router), mocks: mocks}
	for _, m := range mocks {
		for i := len(m.Mounts) - 1; i >= 0; i-- { // the first has the shortest prefix
			p := place{prefix: "/" + m.Name + m.Mounts[i].Prefix, mock: m, mount: m.Mounts[i]}
			r.prefixes = append(r.prefixes, p)
			for _, host := range p.mount.Hosts {
				r.hosts[host] = p
			}
			if p.mount.Prefix == "" {
				r.hosts[m.Name+".localhost"] = p
			}
		}
		r.paths[m.Name] = operationRouter(m)
	}
	return r
}

// operationRouter knows a mock's operations by their names.
func operationRouter(m *provider.Mock) *mux.Router {
	r := mux.NewRouter().SkipClean(true)
	for _, op := range m.Operations {
		path := op.Path
		if op.Matches != "" {
			path = op.Matches
		}
		r.Handle(path, http.NotFoundHandler()).Methods(op.Method).Name(op.Name)
	}
	return r
}

// A target is what a request is for.
type target struct {
	place
	path    string // as the provider knows it
	op      *provider.Operation
	vars    map[string]string
	refusal *provider.Refusal // if there is no such operation
	allow   string            // the methods that the path takes instead
}

// byHost finds the provider that a request names by its host.
func (r *router) byHost(req *http.Request) (place, bool) {
	host := req.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	p, ok := r.hosts[strings.ToLower(strings.TrimSuffix(host, "."))]
	return p, ok
}

// byPrefix finds the provider that a path begins with, and the rest of it.
func (r *router) byPrefix(path string) (p place, rest string, ok bool) {
	for _, p := range r.prefixes {
		rest, ok := strings.CutPrefix(path, p.prefix)
		if ok && (rest == "" || rest[0] == '/') {
			return p, rest, true
		}
	}
	return place{}, "", false
}

// target finds the operation of a request at a place.
func (r *router) target(req *http.Request, p place, path string) *target {
	if path == "" {
		path = "/"
	}
	t := &target{place: p, path: path}
	router := r.paths[p.mock.Name]
	var match mux.RouteMatch
	if router.Match(&http.Request{Method: req.Method, URL: &url.URL{Path: path}}, &match) && match.Route != nil {
		t.op, t.vars = p.mock.Operation(match.Route.GetName()), match.Vars
		return t
	}
	if errors.Is(match.MatchErr, mux.ErrMethodMismatch) {
		t.allow = strings.Join(control.MethodsAt(router, path), ", ")
		t.refusal = &provider.Refusal{Outcome: provider.MethodNotAllowed, Hint: path + " takes " + t.allow + ", not " + req.Method}
		return t
	}
	t.refusal = &provider.Refusal{Outcome: provider.NotFound, Hint: noOperation(p.mock, req.Method, path)}
	return t
}

// noOperation says which operation a path most likely means.
func noOperation(m *provider.Mock, method, path string) string {
	var paths []string
	full := make(map[string]string)
	for _, op := range m.Operations {
		paths = append(paths, op.Path)
		full[op.Path] = op.Method + " " + op.Path
	}
	if near := provider.Nearest(path, paths); near != "" {
		return m.Title + " has no " + method + " " + path + ", did you mean " + full[near] + "?"
	}
	for i, p := range paths {
		paths[i] = full[p]
	}
	return m.Title + " has no " + method + " " + path + "; it has: " + strings.Join(paths, ", ")
}
