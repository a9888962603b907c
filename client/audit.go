package client

import "context"

// An Audit is what a receiver of webhooks does with genuine, forged, old, damaged
// and repeated ones.
type Audit struct {
	OK     bool         `json:"ok"`
	Checks []AuditCheck `json:"checks"`
}

// An AuditCheck is what a receiver did with one webhook of an audit.
type AuditCheck struct {
	Provider string      `json:"provider"`
	Event    string      `json:"event"`
	Case     string      `json:"case"` // "genuine", "bad_signature", "stale_timestamp", "corrupt" or "duplicate"
	Sent     AuditedSent `json:"sent"`
	Status   int         `json:"status"`   // of the answer, 0 if none came
	Accepted bool        `json:"accepted"` // as a genuine one is
	Handled  string      `json:"handled"`  // a duplicate: "once", "twice" or "unknown"
	OK       bool        `json:"ok"`
	Detail   string      `json:"detail"` // one sentence
}

// An AuditedSent is what a receiver was sent in an audit.
type AuditedSent struct {
	Webhook string `json:"webhook"` // its id among the workspace's webhooks
	URL     string `json:"url"`
	Message
}

// AuditWebhooks tries the receiver of a provider's webhooks; "" tries those of all
// providers that have an endpoint. url is where they go instead of the endpoint, if
// it is not "". A receiver that does not pass is no error: OK tells.
func (c *Client) AuditWebhooks(ctx context.Context, provider, url string) (*Audit, error) {
	body := map[string]string{}
	if provider != "" {
		body["provider"] = provider
	}
	if url != "" {
		body["url"] = url
	}
	return fetch[*Audit](ctx, c, call{method: "POST", path: "webhooks/audit", body: body, verdict: true})
}
