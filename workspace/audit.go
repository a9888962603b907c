package workspace

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/mockpay/mockpay/journal"
	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/state"
	"github.com/mockpay/mockpay/webhook"
)

// An AuditCheck is what a receiver did with one webhook of an audit.
type AuditCheck struct {
	Provider string
	Event    string
	Case     string // [webhook.CaseGenuine] and so on
	Webhook  string // its id in the log
	URL      string
	Sent     journal.Message
	Status   int    // of the answer, 0 if none came
	Accepted bool   // as something genuine is
	Handled  string // of a duplicate: "once", "twice", or "unknown"
	OK       bool
	Detail   string // one sentence
}

// ErrNoEndpoint is that of audits of nobody.
var ErrNoEndpoint = errors.New("no endpoint is set")

// Audit sends the receiver of a provider's webhooks, for each kind of event, one
// that is genuine, some that are not, and the genuine one again, and tells what it
// should not have taken. An empty url is the endpoint in force. Nothing happened
// that the events tell of: records and balances stay as they are.
func (w *Workspace) Audit(ctx context.Context, m *provider.Mock, url string) (checks []AuditCheck, err error) {
	to, err := w.auditEndpoint(m, url)
	if err != nil {
		return nil, err
	}
	trials, err := w.trials(m, to)
	if err != nil {
		return nil, err
	}
	for _, events := range trials {
		genuine, err := w.delivery.Try(ctx, to, events[0])
		if err != nil {
			return nil, err
		}
		first := w.check(m, genuine, nil)
		checks = append(checks, first)
		if first.Status == 0 {
			break // nobody answers; the others would only take their time
		}
		for _, e := range append(events[1:], genuine) {
			e, err := w.delivery.Try(ctx, to, e)
			if err != nil {
				return nil, err
			}
			checks = append(checks, w.check(m, e, &first))
		}
	}
	return checks, nil
}

// auditEndpoint is where the webhooks of an audit go. They may go nowhere that
// others may not.
func (w *Workspace) auditEndpoint(m *provider.Mock, url string) (to webhook.Endpoint, err error) {
	to = w.Endpoint(m)
	if url != "" {
		if err := w.checkTarget(m, w.scenario.Load(), url); err != nil {
			return to, err
		}
		to.URL, to.Refused = url, nil
	}
	if to.URL == "" {
		return to, fmt.Errorf("%w for %s: give a url, or PUT /_mockpay/webhook-endpoints/%s", ErrNoEndpoint, m.Name, m.Name)
	}
	return to, nil
}

// trials are the events of an audit: of each kind one for each case but the last.
func (w *Workspace) trials(m *provider.Mock, to webhook.Endpoint) (all [][]webhook.Event, err error) {
	w.world.RLock()
	defer w.world.RUnlock()
	cases := webhook.Cases(to.Proof)
	err = w.update(state.Cause{Operation: "audit"}, func(tx *state.Tx) error {
		c := w.call(tx, m)
		c.Told = func(event string, payload json.RawMessage) {
			var events []webhook.Event
			for _, of := range cases[:len(cases)-1] {
				events = append(events, webhook.ForAudit(tx, m.Name, event, of, payload))
			}
			all = append(all, events)
		}
		m.Samples(c)
		return nil
	})
	return all, err
}

// check judges what became of a webhook that was tried; genuine is nil for that
// itself.
func (w *Workspace) check(m *provider.Mock, e webhook.Event, genuine *AuditCheck) AuditCheck {
	shown := w.shown(e)
	a := shown.Attempts[len(shown.Attempts)-1]
	c := AuditCheck{
		Provider: e.Provider, Event: e.Event, Case: e.Audit, Webhook: e.ID, URL: e.URL,
		Sent: a.Request, Status: a.Status, Accepted: a.Error == "",
	}
	if len(e.Attempts) > 1 {
		c.Case = webhook.CaseDuplicate
	}
	switch c.Case {
	case webhook.CaseGenuine:
		c.OK, c.Detail = c.Accepted, "it was taken, as it should be"
		if !c.OK {
			c.Detail = "the genuine webhook was not taken, so nothing else can be told of this receiver: " + a.Error
		}
	case webhook.CaseDuplicate:
		c.judgeDuplicate(a)
	default:
		c.judgeSpoiled(m, a)
	}
	if genuine != nil && !genuine.OK && c.OK {
		c.OK, c.Detail = false, "it says nothing: the genuine webhook was not taken either"
	}
	return c
}

// faults are what a receiver does wrong that takes a spoiled webhook.
var faults = map[string]string{
	webhook.CaseBadSignature: "it was taken although its signature or key is wrong: anybody could send such webhooks",
	webhook.CaseStale:        "it was taken although it was sent an hour ago: whoever once saw a webhook could send it again",
	webhook.CaseCorrupt:      "it was taken although its body is damaged",
}

func (c *AuditCheck) judgeSpoiled(m *provider.Mock, a webhook.Attempt) {
	c.OK, c.Detail = !c.Accepted, "it was refused, as it should be"
	switch {
	case c.OK && a.Status == 0:
		c.OK, c.Detail = false, "it was not answered: "+a.Error
	case c.OK:
	case c.Case == webhook.CaseStale && m.Proof.Signature == "":
		c.OK, c.Detail = true, "it was taken, which may be right: "+m.Title+" signs no time, and what it sends again late tells an old one"
	default:
		c.Detail = faults[c.Case]
	}
}

func (c *AuditCheck) judgeDuplicate(a webhook.Attempt) {
	said, says := saysHandled(a)
	switch {
	case says && said:
		c.Handled, c.Detail = "twice", "the receiver says that it acted on it a second time"
	case says:
		c.Handled, c.OK, c.Detail = "once", true, "the receiver says that it had it before"
	case c.Accepted:
		c.Handled, c.OK = "unknown", true
		c.Detail = `it was taken twice, which is right if the second time did nothing; X-Handled: false, {"duplicate":true}, 208 or 409 would say so`
	case a.Status >= 400 && a.Status < 500:
		c.Handled, c.OK, c.Detail = "once", true, "it was refused, so it was not acted on twice; a provider would send it again and again"
	default:
		c.Handled, c.Detail = "unknown", "the receiver fails when a webhook comes twice: "+a.Error
	}
}

// saysHandled tells what an answer says of whether the receiver acted on a
// webhook, and whether it says anything.
func saysHandled(a webhook.Attempt) (handled, says bool) {
	switch strings.ToLower(a.Response.Headers["X-Handled"]) {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	if a.Status == 208 || a.Status == 409 {
		return false, true
	}
	var answer map[string]any
	if json.Unmarshal([]byte(a.Response.Body), &answer) != nil {
		return false, false
	}
	if duplicate, ok := answer["duplicate"].(bool); ok {
		return !duplicate, true
	}
	handled, says = answer["handled"].(bool)
	return handled, says
}
