package provider

import (
	"encoding/json"
	"time"

	"github.com/mockpay/mockpay/webhook"
)

// Webhook is the knob that says where and how a mock's events go. Mocks that
// send webhooks have it as "webhook" among their settings.
type Webhook struct {
	URL      string     `knob:"url" doc:"where events go; empty: nowhere"`
	Encoding string     `knob:"encoding" oneof:"form json" doc:"how an event is written"`
	Attempts int        `knob:"attempts" least:"1" doc:"how often an event is sent at most"`
	Backoff  []Duration `knob:"backoff" doc:"what passes on the clock after each failed attempt; the last one also for all after it"`
	Timeout  Duration   `knob:"timeout" least:"1" doc:"how long an attempt may take, in real time"`
}

// Endpoint is the knob as deliveries have it.
func (w Webhook) Endpoint() webhook.Endpoint {
	e := webhook.Endpoint{URL: w.URL, Encoding: w.Encoding, Attempts: w.Attempts, Timeout: time.Duration(w.Timeout)}
	for _, d := range w.Backoff {
		e.Backoff = append(e.Backoff, time.Duration(d))
	}
	return e
}

// Emit writes an event of the mock, in the call's transaction. It is one of
// [Mock.Events]; the payload is written as [Encode] does.
func (c *Call) Emit(event string, payload any) webhook.Event {
	doc := json.RawMessage(Encode(payload))
	if c.Told != nil {
		c.Told(event, doc)
		return webhook.Event{}
	}
	return webhook.Emit(c.Tx, c.Mock.Name, event, c.WebhookURL, doc)
}

// Remember keeps with a record that the call makes how its webhooks were ordered
// to misbehave, so that [Call.Recall] can tell.
func (c *Call) Remember(record string) { webhook.Remember(c.Tx, c.Mock.Name, record) }

// Recall makes the webhooks of an action misbehave as those of the call that made
// the record were ordered to. Actions say so before they do anything to it.
func (c *Call) Recall(record string) { webhook.Recall(c.Tx, c.Mock.Name, record) }
