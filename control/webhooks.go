package control

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gorilla/mux"

	"github.com/mockpay/mockpay/journal"
	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/webhook"
	"github.com/mockpay/mockpay/workspace"
)

// A webhooksBody is what a workspace knows of its webhooks, newest first.
type webhooksBody struct {
	Webhooks []webhookBody `json:"webhooks"`
	Dropped  int64         `json:"dropped"`
}

type webhookBody struct {
	ID        string          `json:"id"`
	Provider  string          `json:"provider"`
	Event     string          `json:"event"`
	URL       string          `json:"url"`
	CreatedAt stamp           `json:"created_at"`
	Status    webhook.Status  `json:"status"`
	Cause     string          `json:"cause"`
	Hint      string          `json:"hint"`
	Payload   json.RawMessage `json:"payload"`
	Attempts  []attemptBody   `json:"attempts"`

	Misbehaviour *misbehaviourBody `json:"misbehaviour,omitempty"` // as was ordered
	Audit        string            `json:"audit,omitempty"`        // the case of an audit that it was made for
}

// A misbehaviourBody is what a rule ordered for a webhook.
type misbehaviourBody struct {
	Rule           string `json:"rule,omitempty"`
	Drop           bool   `json:"drop,omitempty"`
	Delay          string `json:"delay,omitempty"`
	Duplicate      int    `json:"duplicate,omitempty"`
	Reorder        bool   `json:"reorder,omitempty"`
	BadSignature   bool   `json:"bad_signature,omitempty"`
	StaleTimestamp bool   `json:"stale_timestamp,omitempty"`
	Corrupt        bool   `json:"corrupt,omitempty"`
}

func showMisbehaviour(m *webhook.Misbehaviour) *misbehaviourBody {
	if m == nil {
		return nil
	}
	body := &misbehaviourBody{m.Rule, m.Drop, "", m.Duplicate, m.Reorder, m.BadSignature, m.StaleTimestamp, m.Corrupt}
	if m.Delay > 0 {
		body.Delay = short(m.Delay)
	}
	return body
}

type attemptBody struct {
	At       stamp           `json:"at"`
	Status   int             `json:"status"`
	Micros   int64           `json:"duration_us"`
	Error    string          `json:"error"`
	Request  journal.Message `json:"request"`
	Response journal.Message `json:"response"`
	Spoiled  []string        `json:"spoiled,omitempty"` // how it was not as it should be, on order
	Copy     int             `json:"copy,omitempty"`    // the number of a duplicate
}

func showWebhook(e webhook.Event) webhookBody {
	body := webhookBody{
		ID: e.ID, Provider: e.Provider, Event: e.Event, URL: e.URL, CreatedAt: stamp(e.At), Status: e.Status,
		Cause: e.Cause, Hint: e.Hint, Payload: e.Payload, Attempts: []attemptBody{},
		Misbehaviour: showMisbehaviour(e.Misbehaviour), Audit: e.Audit,
	}
	for _, t := range e.Attempts {
		body.Attempts = append(body.Attempts, attemptBody{stamp(t.At), t.Status, t.Micros, t.Error, t.Request, t.Response, t.Spoiled, t.Copy})
	}
	return body
}

func showWebhooks(events []webhook.Event, dropped int64) webhooksBody {
	body := webhooksBody{Webhooks: []webhookBody{}, Dropped: dropped}
	for _, e := range events {
		body.Webhooks = append(body.Webhooks, showWebhook(e))
	}
	return body
}

func (a *api) listWebhooks(r *http.Request, w *workspace.Workspace) (any, error) {
	f, err := a.webhookFilter(r.URL.Query())
	if err != nil {
		return nil, err
	}
	events, dropped, err := w.Webhooks(f)
	return showWebhooks(events, dropped), err
}

func (a *api) getWebhook(r *http.Request, w *workspace.Workspace) (any, error) {
	e, ok, err := w.Webhook(mux.Vars(r)["id"])
	if err == nil && !ok {
		return nil, noWebhook(r, w)
	}
	return showWebhook(e), err
}

func noWebhook(r *http.Request, w *workspace.Workspace) error {
	return NewProblem(http.StatusNotFound, "workspace %q has no webhook %q; of those that are done with it keeps the newest only", w.ID, mux.Vars(r)["id"])
}

// webhookFilter reads what selects webhooks; what could select none is refused.
func (a *api) webhookFilter(q url.Values) (f workspace.WebhookFilter, err error) {
	f.Provider, f.Event, f.Status = q.Get("provider"), q.Get("event"), webhook.Status(q.Get("status"))
	statuses := []string{string(webhook.Pending), string(webhook.Delivered), string(webhook.Failed), string(webhook.Dropped), string(webhook.Unsent)}
	var events []string
	for _, m := range a.Mocks {
		if f.Provider == "" || f.Provider == m.Name {
			events = append(events, m.Events...)
		}
	}
	switch {
	case f.Provider != "" && a.mock(f.Provider) == nil:
		return f, NewProblem(http.StatusUnprocessableEntity, "%s", provider.NoSuch("provider", f.Provider, a.mockNames()))
	case f.Event != "" && !slices.Contains(events, f.Event):
		return f, NewProblem(http.StatusUnprocessableEntity, "%s", provider.NoSuch("event", f.Event, events))
	case f.Status != "" && !slices.Contains(statuses, string(f.Status)):
		return f, NewProblem(http.StatusUnprocessableEntity, "%s", provider.NoSuch("status", string(f.Status), statuses))
	}
	f.Limit, err = intParam(q, "limit", 0)
	return f, err
}

func (a *api) waitWebhooks(r *http.Request, w *workspace.Workspace) (any, error) {
	f, err := a.webhookFilter(r.URL.Query())
	if err != nil {
		return nil, err
	}
	count, err := intParam(r.URL.Query(), "count", 1)
	if err != nil {
		return nil, err
	}
	ctx, timeout, cancel, err := a.waiting(r)
	if err != nil {
		return nil, err
	}
	defer cancel()
	events, ok, err := w.AwaitWebhooks(ctx, f, count)
	if err == nil && !ok {
		out := slices.DeleteFunc(events, func(e webhook.Event) bool {
			return e.Audit != "" || e.Status == webhook.Pending && len(e.Attempts) == 0
		})
		err = a.waited("%d of %d webhooks had gone out within %s", len(out), count, timeout)
	}
	return showWebhooks(events, 0), err
}

// drainWebhooks answers when nothing is pending.
func (a *api) drainWebhooks(r *http.Request, w *workspace.Workspace) (any, error) {
	ctx, timeout, cancel, err := a.waiting(r)
	if err != nil {
		return nil, err
	}
	defer cancel()
	left, err := w.DrainWebhooks(ctx)
	if err == nil && len(left) > 0 {
		err = a.waited("still pending after %s: %d; what is to be sent again waits for the workspace's clock%s", timeout, len(left), latest(left[0]))
	}
	return struct {
		Pending int `json:"pending"`
	}{len(left)}, err
}

// latest is why the newest pending webhook was not delivered, if it was tried.
func latest(e webhook.Event) string {
	if e.Hint == "" {
		return ""
	}
	return "; the newest: " + e.Hint
}

func (a *api) redeliver(r *http.Request, w *workspace.Workspace) (any, error) {
	known, ok, err := w.Webhook(mux.Vars(r)["id"])
	if err != nil {
		return nil, err
	}
	if m := a.mock(known.Provider); ok && m != nil && m.Webhook != nil && w.Endpoint(m).URL == "" {
		return nil, NewProblem(http.StatusConflict, "no endpoint is set: PUT /_mockpay/webhook-endpoints/%s sets one", m.Name)
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(a.Running, cancel)()
	e, err := w.Redeliver(ctx, mux.Vars(r)["id"])
	switch {
	case errors.Is(err, webhook.ErrUnknown):
		return nil, noWebhook(r, w)
	case err != nil && a.Running.Err() != nil:
		return nil, a.waited("the webhook stays in the queue")
	case err == nil && e.Status == webhook.Unsent:
		return nil, NewProblem(http.StatusConflict, "%s", e.Hint)
	}
	return showWebhook(e), err
}

// An endpointBody is a webhook endpoint on the wire.
type endpointBody struct {
	URL       string   `json:"url"`
	Encoding  string   `json:"encoding"`
	Attempts  int      `json:"attempts"`
	Backoff   []string `json:"backoff"`
	Timeout   string   `json:"timeout"`
	Reachable *bool    `json:"reachable,omitempty"` // after it was set
	Cause     string   `json:"cause,omitempty"`     // why it is not
}

// sender is the provider of a webhook endpoint.
func (a *api) sender(r *http.Request) (*provider.Mock, error) {
	name := mux.Vars(r)["provider"]
	var senders []string
	for _, m := range a.Mocks {
		if m.Webhook == nil {
			continue
		}
		if m.Name == name {
			return m, nil
		}
		senders = append(senders, m.Name)
	}
	if m := a.mock(name); m != nil {
		return nil, NewProblem(http.StatusNotFound, "%s sends no webhooks", m.Title)
	}
	return nil, NewProblem(http.StatusNotFound, "%s", provider.NoSuch("provider with webhooks", name, senders))
}

func showEndpoint(e webhook.Endpoint) endpointBody {
	body := endpointBody{URL: e.URL, Encoding: e.Encoding, Attempts: e.Attempts, Backoff: []string{}, Timeout: short(e.Timeout)}
	for _, d := range e.Backoff {
		body.Backoff = append(body.Backoff, short(d))
	}
	return body
}

// short writes a duration as people do: 1m, not 1m0s.
func short(d time.Duration) string {
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if len(text) > len(zero) && text[len(text)-len(zero):] == zero {
			text = text[:len(text)-len(zero)+1]
		}
	}
	return text
}

func (a *api) getEndpoint(r *http.Request, w *workspace.Workspace) (any, error) {
	m, err := a.sender(r)
	if err != nil {
		return nil, err
	}
	return showEndpoint(w.Endpoint(m)), nil
}

// putEndpoint sets where a provider's webhooks go, and tells whether somebody
// listens there.
func (a *api) putEndpoint(r *http.Request, w *workspace.Workspace) (any, error) {
	m, err := a.sender(r)
	if err != nil {
		return nil, err
	}
	t, err := readTarget(r)
	if err != nil {
		return nil, err
	}
	if err := w.SetEndpoint(m, t); err != nil {
		return nil, err
	}
	body := showEndpoint(w.Endpoint(m))
	cause := w.Reach(r.Context(), t.URL)
	reachable := cause == nil
	body.Reachable = &reachable
	if cause != nil {
		body.Cause = cause.Error()
	}
	return body, nil
}

func (a *api) deleteEndpoint(r *http.Request, w *workspace.Workspace) (any, error) {
	m, err := a.sender(r)
	if err != nil {
		return nil, err
	}
	w.RemoveEndpoint(m)
	return nothing{}, nil
}

// Bounds of an endpoint: how often a webhook is sent, and how long an attempt may
// take.
const (
	mostAttempts   = 1000
	longestAttempt = 10 * time.Minute
)

func readTarget(r *http.Request) (t workspace.Target, err error) {
	var body struct {
		URL      string    `json:"url"`
		Encoding *string   `json:"encoding"`
		Attempts *int      `json:"attempts"`
		Backoff  *[]string `json:"backoff"`
		Timeout  *string   `json:"timeout"`
	}
	if err := decode(r, &body, bodyLimit); err != nil {
		return t, err
	}
	t.URL = body.URL
	if body.URL == "" {
		return t, NewProblem(http.StatusUnprocessableEntity, `say where webhooks go: {"url": "http://127.0.0.1:9000/hooks"}; DELETE takes the endpoint away`)
	}
	if body.Encoding != nil {
		t.Encoding = *body.Encoding
		if known := []string{webhook.Form, webhook.JSON}; !slices.Contains(known, t.Encoding) {
			return t, NewProblem(http.StatusUnprocessableEntity, "%s", provider.NoSuch("encoding", t.Encoding, known))
		}
	}
	if body.Attempts != nil {
		t.Attempts = *body.Attempts
		if t.Attempts < 1 || t.Attempts > mostAttempts {
			return t, NewProblem(http.StatusUnprocessableEntity, "attempts must be from 1 to %d, it is %d", mostAttempts, t.Attempts)
		}
	}
	if body.Backoff != nil {
		t.Backoff = []time.Duration{}
		for _, text := range *body.Backoff {
			d, err := provider.ParseDuration(text)
			if err != nil {
				return t, NewProblem(http.StatusUnprocessableEntity, "backoff: %s", err)
			}
			t.Backoff = append(t.Backoff, time.Duration(d))
		}
	}
	if body.Timeout != nil {
		d, err := provider.ParseDuration(*body.Timeout)
		if err != nil || d == 0 || time.Duration(d) > longestAttempt {
			return t, NewProblem(http.StatusUnprocessableEntity, `timeout must be a duration like "10s", of at most %s, it is %q`, longestAttempt, *body.Timeout)
		}
		t.Timeout = time.Duration(d)
	}
	return t, nil
}
