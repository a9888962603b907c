package client

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Webhooks are events that providers told of, newest first.
type Webhooks struct {
	Webhooks []Webhook `json:"webhooks"`
	Dropped  int64     `json:"dropped"` // older ones that were let go
}

// A Webhook is an event that a provider tells of, and what became of it. Secrets
// in it are masked.
type Webhook struct {
	ID        string          `json:"id"`
	Provider  string          `json:"provider"`
	Event     string          `json:"event"` // "transaction_status"
	URL       string          `json:"url"`   // where it goes or went, "" if nowhere
	CreatedAt time.Time       `json:"created_at"`
	Status    string          `json:"status"` // "pending", "delivered", "failed", "dropped" or "unsent"
	Cause     string          `json:"cause"`  // the request, job or action that caused it
	Hint      string          `json:"hint"`   // why it was not delivered
	Payload   json.RawMessage `json:"payload"`
	Attempts  []Attempt       `json:"attempts"` // oldest first

	Misbehaviour *Misbehaviour `json:"misbehaviour"` // as a rule ordered; nil for none
	Audit        string        `json:"audit"`        // the case of an audit that it was made for, "" for none
}

// A Misbehaviour is what goes wrong with a webhook because a rule ordered it.
type Misbehaviour struct {
	Rule           string `json:"rule"`
	Drop           bool   `json:"drop"`
	Delay          string `json:"delay"`     // "30s", "" for none
	Duplicate      int    `json:"duplicate"` // deliveries besides the first
	Reorder        bool   `json:"reorder"`
	BadSignature   bool   `json:"bad_signature"`
	StaleTimestamp bool   `json:"stale_timestamp"`
	Corrupt        bool   `json:"corrupt"`
}

// An Attempt is one try to deliver a webhook.
type Attempt struct {
	At         time.Time `json:"at"`     // of the workspace's clock
	Status     int       `json:"status"` // of the answer, 0 if none came
	DurationUS int64     `json:"duration_us"`
	Error      string    `json:"error"` // why it failed, "" if it did not
	Request    Message   `json:"request"`
	Response   Message   `json:"response"`
	Spoiled    []string  `json:"spoiled"` // how it was not as it should be, on order: "bad_signature"
	Copy       int       `json:"copy"`    // the number of a duplicate, from 1; 0 if it is none
}

// A WebhookFilter narrows a list of webhooks; what is zero does not.
type WebhookFilter struct {
	Provider string
	Event    string // "card_load", or "dinaricash.card_load"
	Status   string
	Limit    int
}

func (f WebhookFilter) query() url.Values {
	if provider, event, full := strings.Cut(f.Event, "."); full && (f.Provider == "" || f.Provider == provider) {
		f.Provider, f.Event = provider, event
	}
	query := params("provider", f.Provider, "event", f.Event, "status", f.Status)
	if f.Limit != 0 {
		query.Set("limit", strconv.Itoa(f.Limit))
	}
	return query
}

// Webhooks returns the workspace's webhooks.
func (c *Client) Webhooks(ctx context.Context, f WebhookFilter) (*Webhooks, error) {
	return fetch[*Webhooks](ctx, c, call{method: "GET", path: "webhooks", query: f.query()})
}

// Webhook returns one webhook.
func (c *Client) Webhook(ctx context.Context, id string) (*Webhook, error) {
	return fetch[*Webhook](ctx, c, call{method: "GET", path: "webhooks/" + url.PathEscape(id)})
}

// Redeliver sends a webhook once more, with the same id and body, and returns it
// when that attempt is over. Its Hint is "" if it was delivered.
func (c *Client) Redeliver(ctx context.Context, id string) (*Webhook, error) {
	return fetch[*Webhook](ctx, c, call{method: "POST", path: "webhooks/" + url.PathEscape(id) + "/redeliver"})
}

// AwaitWebhooks returns once that many webhooks of an event have gone out or are
// done with, and these; "" counts every webhook. After the timeout it is an
// [*Error] with status 408.
func (c *Client) AwaitWebhooks(ctx context.Context, event string, count int, timeout time.Duration) (*Webhooks, error) {
	query := WebhookFilter{Event: event}.query()
	query.Set("count", strconv.Itoa(count))
	query.Set("timeout", timeout.String())
	return fetch[*Webhooks](ctx, c, call{method: "GET", path: "webhooks/wait", query: query})
}

// DrainWebhooks returns once no webhook is pending. After the timeout it is an
// [*Error] with status 408; those to be sent again wait for the workspace's
// clock.
func (c *Client) DrainWebhooks(ctx context.Context, timeout time.Duration) error {
	_, err := c.send(ctx, call{method: "POST", path: "webhooks/drain", query: params("timeout", timeout.String())})
	return err
}

// A WebhookEndpoint says where a provider's webhooks go, and how. What is zero
// when it is set stays as the scenario says.
type WebhookEndpoint struct {
	URL      string // "" if they go nowhere
	Encoding string // "form" or "json"
	Attempts int    // at most
	Backoff  []time.Duration
	Timeout  time.Duration // of an attempt, in real time

	Reachable bool   // whether somebody listens there; only SetWebhookEndpoint looks
	Cause     string // why nobody is reached
}

// WebhookEndpoint returns where a provider's webhooks go.
func (c *Client) WebhookEndpoint(ctx context.Context, provider string) (*WebhookEndpoint, error) {
	return fetch[*WebhookEndpoint](ctx, c, endpointCall("GET", provider))
}

// SetWebhookEndpoint says where a provider's webhooks go from now on, and
// returns the endpoint with all that was left open.
func (c *Client) SetWebhookEndpoint(ctx context.Context, provider string, e WebhookEndpoint) (*WebhookEndpoint, error) {
	k := endpointCall("PUT", provider)
	k.body = e
	return fetch[*WebhookEndpoint](ctx, c, k)
}

// RemoveWebhookEndpoint makes a provider's webhooks go nowhere.
func (c *Client) RemoveWebhookEndpoint(ctx context.Context, provider string) error {
	_, err := c.send(ctx, endpointCall("DELETE", provider))
	return err
}

func endpointCall(method, provider string) call {
	return call{method: method, path: "webhook-endpoints/" + url.PathEscape(provider)}
}

// An endpointBody is a WebhookEndpoint on the wire.
type endpointBody struct {
	URL       string `json:"url"`
	Encoding  string `json:"encoding,omitzero"`
	Attempts  int    `json:"attempts,omitzero"`
	Backoff   []span `json:"backoff,omitzero"` // an empty one says something
	Timeout   span   `json:"timeout,omitzero"`
	Reachable bool   `json:"reachable,omitzero"`
	Cause     string `json:"cause,omitzero"`
}

// A span is a duration written as "1m30s".
type span time.Duration

// MarshalText implements [encoding.TextMarshaler].
func (s span) MarshalText() ([]byte, error) { return []byte(time.Duration(s).String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (s *span) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	*s = span(d)
	return err
}

// MarshalJSON implements [json.Marshaler]. Reachable and Cause are left to the
// server to say.
func (e WebhookEndpoint) MarshalJSON() ([]byte, error) {
	body := endpointBody{URL: e.URL, Encoding: e.Encoding, Attempts: e.Attempts, Timeout: span(e.Timeout)}
	if e.Backoff != nil {
		body.Backoff = []span{}
	}
	for _, d := range e.Backoff {
		body.Backoff = append(body.Backoff, span(d))
	}
	return json.Marshal(body)
}

// UnmarshalJSON implements [json.Unmarshaler].
func (e *WebhookEndpoint) UnmarshalJSON(doc []byte) error {
	var body endpointBody
	if err := json.Unmarshal(doc, &body); err != nil {
		return err
	}
	*e = WebhookEndpoint{
		URL: body.URL, Encoding: body.Encoding, Attempts: body.Attempts, Timeout: time.Duration(body.Timeout),
		Reachable: body.Reachable, Cause: body.Cause,
	}
	for _, d := range body.Backoff {
		e.Backoff = append(e.Backoff, time.Duration(d))
	}
	return nil
}
