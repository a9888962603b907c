package control

import (
	"context"
	"net/http"

	"github.com/mockpay/mockpay/journal"
	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/workspace"
)

// An auditBody is what an audit of receivers found.
type auditBody struct {
	OK     bool             `json:"ok"`
	Checks []auditCheckBody `json:"checks"`
}

type auditCheckBody struct {
	Provider string   `json:"provider"`
	Event    string   `json:"event"`
	Case     string   `json:"case"`
	Sent     sentBody `json:"sent"`
	Status   int      `json:"status"` // 0 if no answer came
	Accepted bool     `json:"accepted"`
	Handled  string   `json:"handled,omitempty"` // a duplicate: once, twice or unknown
	OK       bool     `json:"ok"`
	Detail   string   `json:"detail"`
}

// A sentBody is what a receiver was sent, and under which id the log has it.
type sentBody struct {
	Webhook string `json:"webhook"`
	URL     string `json:"url"`
	journal.Message
}

// auditWebhooks tries receivers: that of one provider or, if none is named, of each
// that has an endpoint.
func (a *api) auditWebhooks(r *http.Request, w *workspace.Workspace) (any, error) {
	var body struct {
		Provider string `json:"provider"`
		URL      string `json:"url"`
	}
	if err := decode(r, &body, bodyLimit); err != nil {
		return nil, err
	}
	mocks, err := a.audited(w, body.Provider, body.URL)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(a.Running, cancel)()
	result := auditBody{OK: true, Checks: []auditCheckBody{}}
	for _, m := range mocks {
		checks, err := w.Audit(ctx, m, body.URL)
		if err != nil && a.Running.Err() != nil {
			return nil, NewProblem(http.StatusServiceUnavailable, "the server is stopping")
		}
		if err != nil {
			return nil, err
		}
		for _, c := range checks {
			result.OK = result.OK && c.OK
			result.Checks = append(result.Checks, auditCheckBody{
				c.Provider, c.Event, c.Case, sentBody{c.Webhook, c.URL, c.Sent}, c.Status, c.Accepted, c.Handled, c.OK, c.Detail,
			})
		}
	}
	if !result.OK {
		return conflicting{result}, nil
	}
	return result, nil
}

// audited are the providers whose receivers are tried. With a URL and no endpoint
// anywhere they are all that send webhooks.
func (a *api) audited(w *workspace.Workspace, name, url string) (mocks []*provider.Mock, err error) {
	var senders []*provider.Mock
	var names []string
	for _, m := range a.Mocks {
		if m.Samples == nil {
			continue
		}
		senders, names = append(senders, m), append(names, m.Name)
		if w.Endpoint(m).URL != "" {
			mocks = append(mocks, m)
		}
	}
	m := a.mock(name)
	switch {
	case m != nil && m.Samples != nil:
		return []*provider.Mock{m}, nil
	case m != nil:
		return nil, NewProblem(http.StatusUnprocessableEntity, "%s sends no webhooks", m.Title)
	case name != "":
		return nil, NewProblem(http.StatusUnprocessableEntity, "%s", provider.NoSuch("provider with webhooks", name, names))
	case len(mocks) == 0 && url != "":
		return senders, nil
	case len(mocks) == 0:
		return nil, NewProblem(http.StatusConflict, "no endpoint is set: give a url, or PUT /_mockpay/webhook-endpoints/PROVIDER")
	}
	return mocks, nil
}
