package control

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"github.com/mockpay/mockpay/journal"
	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/workspace"
)

// A requestsBody is a part of the journal on the wire, newest first.
type requestsBody struct {
	Requests []requestBody `json:"requests"`
	Dropped  int64         `json:"dropped"`
}

type requestBody struct {
	ID string `json:"id"`
	At stamp  `json:"at"`
	journal.Entry
}

func showRequests(entries []journal.Entry, dropped int64) requestsBody {
	body := requestsBody{Requests: []requestBody{}, Dropped: dropped}
	for _, e := range entries {
		body.Requests = append(body.Requests, requestBody{e.ID, stamp(e.At), e})
	}
	return body
}

func (a *api) listRequests(r *http.Request, w *workspace.Workspace) (any, error) {
	f, err := a.filter(w, r.URL.Query())
	if err != nil {
		return nil, err
	}
	return showRequests(w.Journal().List(f)), nil
}

func (a *api) getRequest(r *http.Request, w *workspace.Workspace) (any, error) {
	id := mux.Vars(r)["id"]
	e, ok := w.Journal().Get(id)
	if !ok {
		return nil, NewProblem(http.StatusNotFound, "the journal of workspace %q has no request %q; it keeps the newest only", w.ID, id)
	}
	return requestBody{e.ID, stamp(e.At), e}, nil
}

func (a *api) clearRequests(_ *http.Request, w *workspace.Workspace) (any, error) {
	w.Journal().Clear()
	return nothing{}, nil
}

// Bounds of how long a wait may take, in real time.
const (
	defaultWait = 10 * time.Second
	longestWait = 10 * time.Minute
)

func (a *api) waitRequests(r *http.Request, w *workspace.Workspace) (any, error) {
	q := r.URL.Query()
	f, err := a.filter(w, q)
	if err != nil {
		return nil, err
	}
	count, err := intParam(q, "count", 1)
	if err != nil {
		return nil, err
	}
	ctx, timeout, cancel, err := a.waiting(r)
	if err != nil {
		return nil, err
	}
	defer cancel()
	entries, ok := w.Journal().Wait(ctx, f, count)
	if !ok {
		return nil, a.waited("%d of %d requests came within %s", len(entries), count, timeout)
	}
	return showRequests(entries, 0), nil
}

// waiting is the time a request may wait: until its timeout, the caller leaves,
// or the server stops.
func (a *api) waiting(r *http.Request) (ctx context.Context, timeout time.Duration, cancel func(), err error) {
	timeout, err = waitTime(r.URL.Query())
	if err != nil {
		return nil, 0, nil, err
	}
	ctx, stop := context.WithTimeout(r.Context(), timeout)
	unhook := context.AfterFunc(a.Running, stop)
	return ctx, timeout, func() { unhook(); stop() }, nil
}

// waited is the problem of what did not come in time.
func (a *api) waited(format string, args ...any) error {
	if a.Running.Err() != nil {
		return NewProblem(http.StatusServiceUnavailable, "the server stops; "+format, args...)
	}
	return NewProblem(http.StatusRequestTimeout, format, args...)
}

// waitTime reads a timeout, as a duration or in seconds.
func waitTime(q url.Values) (time.Duration, error) {
	text := q.Get("timeout")
	if text == "" {
		return defaultWait, nil
	}
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		text += "s"
	}
	d, err := provider.ParseDuration(text)
	if err != nil || time.Duration(d) > longestWait {
		return 0, NewProblem(http.StatusUnprocessableEntity, `timeout must be a duration like "5s" of at most %s, it is %q`, longestWait, q.Get("timeout"))
	}
	return time.Duration(d), nil
}

// filter reads what selects requests; what could select none is refused.
func (a *api) filter(w *workspace.Workspace, q url.Values) (f journal.Filter, err error) {
	f.Provider = q.Get("provider")
	if f.Provider != "" && a.mock(f.Provider) == nil {
		return f, NewProblem(http.StatusUnprocessableEntity, "%s", provider.NoSuch("provider", f.Provider, a.mockNames()))
	}
	if f.Operation, err = a.operation(q.Get("operation")); err != nil {
		return f, err
	}
	if f.Status, err = intParam(q, "status", 0); err != nil {
		return f, err
	}
	if f.Limit, err = intParam(q, "limit", 0); err != nil {
		return f, err
	}
	if text := q.Get("matched"); text != "" {
		matched, err := strconv.ParseBool(text)
		if err != nil {
			return f, NewProblem(http.StatusUnprocessableEntity, "matched must be true or false, it is %q", text)
		}
		f.Matched = &matched
	}
	if text := q.Get("since"); text != "" {
		f.Since, err = since(w, text)
	}
	return f, err
}

// since reads a time, or the id of the request from whose time on.
func since(w *workspace.Workspace, text string) (time.Time, error) {
	if e, ok := w.Journal().Get(text); ok {
		return e.At, nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return t, NewProblem(http.StatusUnprocessableEntity, "since must be a time like 2026-01-15T09:00:00Z or the id of a request, it is %q", text)
	}
	return t, nil
}

// operation completes the name of an operation: the provider may be left out
// where only one has it.
func (a *api) operation(name string) (string, error) {
	if name == "" {
		return "", nil
	}
	var all, found []string
	for _, m := range a.Mocks {
		for _, op := range m.Operations {
			full := m.Name + "." + op.Name
			all = append(all, full)
			if full == name || op.Name == name {
				found = append(found, full)
			}
		}
	}
	switch len(found) {
	case 0:
		return "", NewProblem(http.StatusUnprocessableEntity, "%s", provider.NoSuch("operation", name, all))
	case 1:
		return found[0], nil
	}
	return "", NewProblem(http.StatusUnprocessableEntity, "operation %q is one of: %s", name, strings.Join(found, ", "))
}

// intParam reads a whole number that is not negative.
func intParam(q url.Values, name string, unset int) (int, error) {
	text := q.Get(name)
	if text == "" {
		return unset, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, NewProblem(http.StatusUnprocessableEntity, "%s must be a whole number, it is %q", name, text)
	}
	return n, nil
}

func (a *api) mock(name string) *provider.Mock {
	i := slices.IndexFunc(a.Mocks, func(m *provider.Mock) bool { return m.Name == name })
	if i < 0 {
		return nil
	}
	return a.Mocks[i]
}

func (a *api) mockNames() []string {
	var names []string
	for _, m := range a.Mocks {
		names = append(names, m.Name)
	}
	return names
}
