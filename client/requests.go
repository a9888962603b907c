package client

import (
	"context"
	"net/url"
	"strconv"
	"time"
)

// Requests are calls that came in, newest first.
type Requests struct {
	Requests []Request `json:"requests"`
	Dropped  int64     `json:"dropped"` // older ones that were let go
}

// A Request is one call to a provider and the answer it got.
type Request struct {
	ID         string    `json:"id"`
	At         time.Time `json:"at"`
	Provider   string    `json:"provider"`
	Operation  string    `json:"operation"` // "dinardragon.execute"
	Method     string    `json:"method"`
	Path       string    `json:"path"`
	Status     int       `json:"status"`  // 0 if no answer was made
	Outcome    string    `json:"outcome"` // "insufficient_balance", "" for success
	DurationUS int64     `json:"duration_us"`
	Rule       string    `json:"rule"`  // the scenario's rule that acted
	Fault      string    `json:"fault"` // what the rule did to it on the wire: "reset", "drop", "lost_reply"…
	Hint       string    `json:"hint"`  // why it was refused, or what the fault did to it
	Matched    bool      `json:"matched"`
	Request    Message   `json:"request"`
	Response   Message   `json:"response"`
}

// A Message is what was sent one way. Secrets in it are masked.
type Message struct {
	Headers  map[string]string `json:"headers"`
	Body     string            `json:"body"`
	BodySize int               `json:"body_size"`        // in bytes, also of what was cut off
	Fields   map[string]any    `json:"fields,omitempty"` // a request's decoded parameters
}

// A RequestFilter narrows a list of requests; what is zero does not.
type RequestFilter struct {
	Provider  string
	Operation string
	Status    int
	Matched   *bool  // whether an operation was found
	Since     string // a time of the workspace's clock, RFC 3339, or a request's id
	Limit     int
}

func (f RequestFilter) query() url.Values {
	query := params("provider", f.Provider, "operation", f.Operation, "since", f.Since)
	if f.Status != 0 {
		query.Set("status", strconv.Itoa(f.Status))
	}
	if f.Matched != nil {
		query.Set("matched", strconv.FormatBool(*f.Matched))
	}
	if f.Limit != 0 {
		query.Set("limit", strconv.Itoa(f.Limit))
	}
	return query
}

// Requests returns the workspace's calls.
func (c *Client) Requests(ctx context.Context, f RequestFilter) (*Requests, error) {
	return fetch[*Requests](ctx, c, call{method: "GET", path: "requests", query: f.query()})
}

// Request returns one call.
func (c *Client) Request(ctx context.Context, id string) (*Request, error) {
	return fetch[*Request](ctx, c, call{method: "GET", path: "requests/" + url.PathEscape(id)})
}

// DeleteRequests empties the workspace's journal.
func (c *Client) DeleteRequests(ctx context.Context) error {
	_, err := c.send(ctx, call{method: "DELETE", path: "requests"})
	return err
}

// AwaitRequests returns once that many calls of an operation have come, and
// these; "" counts every call. After the timeout it is an [*Error] with status 408.
func (c *Client) AwaitRequests(ctx context.Context, operation string, count int, timeout time.Duration) (*Requests, error) {
	query := params("operation", operation, "count", strconv.Itoa(count), "timeout", timeout.String())
	return fetch[*Requests](ctx, c, call{method: "GET", path: "requests/wait", query: query})
}
