// Package control is the API at /_mockpay/ with which people, tests and the
// command line see and steer a server: workspaces, scenarios, clocks, balances,
// the journal, actions and state.
//
// It takes and gives JSON; errors are RFC 9457 problems. ?workspace=ID selects a
// workspace, the default one if it is absent. Every handler is thin: it reads a
// request, calls one method that a test could call too, and returns a value or
// an error for [respond] to write.
package control

import (
	"context"
	"crypto/subtle"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gorilla/mux"

	"github.com/mockpay/mockpay/metrics"
	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/scenarios"
	"github.com/mockpay/mockpay/workspace"
)

// Prefix is where the API is.
const Prefix = "/_mockpay"

// Options are what the API is about.
type Options struct {
	Registry *workspace.Registry
	Language *scenarios.Language
	Mocks    []*provider.Mock
	Token    string // needed as a bearer token; "" for none
	Version  string
	Log      *slog.Logger
	Metrics  *metrics.Set // nil for none

	// Running ends when the server begins to stop, and with it what waits.
	Running context.Context
}

type api struct {
	Options
	paths  []string // for the nearest one
	router *mux.Router
}

// A handler answers a request with a value to write as JSON, or an error.
type handler func(r *http.Request) (any, error)

// New returns the API as a handler of all paths below [Prefix].
func New(o Options) http.Handler {
	if o.Metrics == nil {
		o.Metrics = metrics.NewSet()
	}
	a := &api{Options: o}
	r := mux.NewRouter().SkipClean(true)
	for _, route := range a.routes() {
		path := Prefix + "/" + route.path
		methods := []string{route.method}
		if route.method == http.MethodGet {
			methods = append(methods, http.MethodHead)
		}
		r.Handle(path, a.respond(route)).Methods(methods...)
		a.paths = append(a.paths, path)
	}
	a.router = r
	r.NotFoundHandler = http.HandlerFunc(a.notFound)
	r.MethodNotAllowedHandler = http.HandlerFunc(a.methodNotAllowed)
	return a.guard(r)
}

// A route is one call of the API, with the query parameters it takes besides
// workspace.
type route struct {
	method string
	path   string
	handle handler
	query  []string
}

func (a *api) routes() []route {
	const get, put, post, patch, del = http.MethodGet, http.MethodPut, http.MethodPost, http.MethodPatch, http.MethodDelete
	filters := []string{"provider", "operation", "status", "matched", "since", "limit"}
	return []route{
		{get, "health", a.health, nil},
		{get, "ready", a.health, nil},
		{get, "metrics", a.metrics, nil},
		{get, "providers", a.providers, nil},
		{get, "providers/{provider}/openapi.yaml", a.openAPI, nil},
		{get, "fidelity", a.fidelity, []string{"provider", "is"}},

		// Workspaces.
		{post, "workspaces", a.createWorkspace, nil},
		{get, "workspaces", a.listWorkspaces, nil},
		{get, "workspaces/{id}", a.getWorkspace, nil},
		{del, "workspaces/{id}", a.deleteWorkspace, nil},
		{post, "reset", a.in(a.reset), nil},
		{get, "state", a.in(a.getState), nil},
		{put, "state", a.in(a.putState), nil},

		// Scenarios.
		{get, "scenario", a.in(a.getScenario), nil},
		{put, "scenario", a.in(a.putScenario), nil},
		{patch, "scenario", a.in(a.patchScenario), nil},
		{get, "scenario.schema.json", a.scenarioSchema, nil},
		{get, "scenarios", a.listScenarios, nil},
		{get, "scenarios/{name}", a.getShipped, nil},

		// Time.
		{get, "clock", a.in(a.getClock), nil},
		{post, "clock", a.in(a.moveClock), nil},
		{get, "timeline", a.in(a.timeline), nil},

		// Money.
		{get, "balances", a.in(a.getBalances), nil},
		{patch, "balances", a.in(a.setBalances), nil},
		{get, "ledger", a.in(a.ledger), []string{"provider", "balance"}},
		{get, "invariants", a.in(a.invariants), nil},

		// The journal.
		{get, "requests", a.in(a.listRequests), filters},
		{del, "requests", a.in(a.clearRequests), nil},
		{get, "requests/wait", a.in(a.waitRequests), append([]string{"count", "timeout"}, filters...)},
		{get, "requests/{id}", a.in(a.getRequest), nil},

		// What came of it.
		{get, "verify", a.in(a.verify), []string{"timeout"}},
		{post, "verify", a.in(a.verifyPosted), []string{"timeout"}},
		{get, "coverage", a.in(a.coverage), []string{"provider"}},

		// Webhooks.
		{get, "webhooks", a.in(a.listWebhooks), []string{"provider", "event", "status", "limit"}},
		{get, "webhooks/wait", a.in(a.waitWebhooks), []string{"provider", "event", "status", "count", "timeout"}},
		{post, "webhooks/audit", a.in(a.auditWebhooks), nil},
		{post, "webhooks/drain", a.in(a.drainWebhooks), []string{"timeout"}},
		{get, "webhooks/{id}", a.in(a.getWebhook), nil},
		{post, "webhooks/{id}/redeliver", a.in(a.redeliver), nil},
		{get, "webhook-endpoints/{provider}", a.in(a.getEndpoint), nil},
		{put, "webhook-endpoints/{provider}", a.in(a.putEndpoint), nil},
		{del, "webhook-endpoints/{provider}", a.in(a.deleteEndpoint), nil},

		// Actions.
		{get, "actions", a.in(a.listActions), nil},
		{post, "simulate/{action}", a.in(a.simulate), nil},
	}
}

// guard keeps out other origins' pages and, if a token is set, everybody
// without it.
func (a *api) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case foreign(r):
			writeProblem(w, NewProblem(http.StatusForbidden, "pages of another origin may not use the control API; call it from the same origin, or not from a browser"))
		case a.Token != "" && !a.authorized(r):
			w.Header().Set("WWW-Authenticate", `Bearer realm="mockpay"`)
			writeProblem(w, NewProblem(http.StatusUnauthorized, "this server was started with a control token; send it as Authorization: Bearer TOKEN"))
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// foreign tells whether a browser sent a request for a page of another origin.
func foreign(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return true
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return false
	}
	u, err := url.Parse(origin)
	return err != nil || !strings.EqualFold(u.Host, r.Host)
}

func (a *api) authorized(r *http.Request) bool {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare([]byte(strings.TrimSpace(token)), []byte(a.Token)) == 1
}

// respond makes a handler of net/http out of a route: it checks the query and
// writes what the route's handler returns.
func (a *api) respond(route route) http.Handler {
	allowed := append([]string{"workspace"}, route.query...)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, name := range slices.Sorted(maps.Keys(r.URL.Query())) {
			if !slices.Contains(allowed, name) {
				writeProblem(w, NewProblem(http.StatusUnprocessableEntity, "%s", provider.NoSuch("query parameter", name, allowed)))
				return
			}
		}
		v, err := route.handle(r)
		if err != nil {
			a.writeError(w, r, err)
			return
		}
		write(w, v)
	})
}

func (a *api) notFound(w http.ResponseWriter, r *http.Request) {
	writeProblem(w, NewProblem(http.StatusNotFound, "%s", provider.NoSuch("control path", r.URL.Path, a.paths)))
}

func (a *api) methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	allow := strings.Join(MethodsAt(a.router, r.URL.Path), ", ")
	w.Header().Set("Allow", allow)
	writeProblem(w, NewProblem(http.StatusMethodNotAllowed, "%s takes %s, not %s", r.URL.Path, allow, r.Method))
}

// MethodsAt are the methods that a router takes at a path.
func MethodsAt(router *mux.Router, path string) (methods []string) {
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		var match mux.RouteMatch
		if router.Match(&http.Request{Method: method, URL: &url.URL{Path: path}}, &match) && match.MatchErr == nil {
			methods = append(methods, method)
		}
	}
	return methods
}

// in is a handler that looks at the workspace a request selects.
func (a *api) in(h func(*http.Request, *workspace.Workspace) (any, error)) handler {
	return func(r *http.Request) (any, error) {
		w, err := a.workspace(r)
		if err != nil {
			return nil, err
		}
		return h(r, w)
	}
}

// workspace is the one that a request selects.
func (a *api) workspace(r *http.Request) (*workspace.Workspace, error) {
	id := workspace.Default
	if q := r.URL.Query(); q.Has("workspace") {
		id = q.Get("workspace")
	}
	return a.Registry.Get(id)
}

func (a *api) health(*http.Request) (any, error) {
	return struct {
		Status  string `json:"status"`
		Version string `json:"version"`
	}{"ok", a.Version}, nil
}

func (a *api) metrics(*http.Request) (any, error) {
	var b strings.Builder
	err := a.Metrics.Write(&b)
	return text{metrics.ContentType, b.String()}, err
}
