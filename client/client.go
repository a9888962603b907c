// Package client talks to the control API of a running mockpay.
//
// A [Client] is bound to one server and one workspace. Its methods are the
// calls of /_mockpay/, a file for each noun:
//
//	c := client.New("http://127.0.0.1:4402", client.WithWorkspace("ci-1"))
//	if _, err := c.UseScenario(ctx, "authcode-expiry"); err != nil {
//		return err
//	}
//	clock, err := c.Advance(ctx, 15*time.Minute)
//
// Rules:
//
//   - Amounts are strings, as the server wrote them; none goes through a float.
//   - A refusal by the server is an [*Error], with every mistake it found.
//   - A server that cannot be reached is an error that names its URL.
//   - What has no fixed shape (a state, what an action changed) stays the JSON
//     that came.
//   - Many goroutines may use one Client.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// A Client calls the control API of one server, for one workspace.
type Client struct {
	base      string
	workspace string
	token     string
	http      *http.Client
}

// An Option changes what New makes.
type Option func(*Client)

// WithToken sends the control token that the server was started with.
func WithToken(token string) Option {
	return func(c *Client) { c.token = token }
}

// WithWorkspace selects a workspace; without it the server takes "default".
func WithWorkspace(id string) Option {
	return func(c *Client) { c.workspace = id }
}

// WithHTTPClient replaces [http.DefaultClient].
func WithHTTPClient(h *http.Client) Option {
	return func(c *Client) { c.http = h }
}

// New returns a client of the server at baseURL, "http://127.0.0.1:4402".
// It connects to nothing yet.
func New(baseURL string, opts ...Option) *Client {
	c := &Client{base: strings.TrimRight(baseURL, "/"), http: http.DefaultClient}
	for _, opt := range opts {
		opt(c)
	}
	return c
}

// A call is one request of the control API.
type call struct {
	method string
	path   string // below /_mockpay/
	query  url.Values
	global bool // concerns the server, not one workspace of it
	body   any  // nil, a yamlText, a json.RawMessage, or what becomes JSON

	verdict bool // its answer is a result also when that is bad: then it has status 409
}

// A yamlText is the text of a scenario.
type yamlText string

// payload is the call's body with its media type, "" if it has none.
func (k call) payload() (media string, body []byte, err error) {
	switch v := k.body.(type) {
	case nil:
		return "", nil, nil
	case yamlText:
		return "application/yaml", []byte(v), nil
	case json.RawMessage:
		return "application/json", v, nil
	default:
		body, err = json.Marshal(v)
		return "application/json", body, err
	}
}

// fetch makes the call and decodes the answer.
func fetch[T any](ctx context.Context, c *Client, k call) (T, error) {
	var out, none T
	body, err := c.send(ctx, k)
	if err != nil {
		return none, err
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if err := dec.Decode(&out); err != nil {
		return none, fmt.Errorf("decode the answer to %s %s: %w", k.method, c.url(k), err)
	}
	return out, nil
}

// send makes the call and returns the body of an answer that is no refusal.
func (c *Client) send(ctx context.Context, k call) ([]byte, error) {
	req, err := c.request(ctx, k)
	if err != nil {
		return nil, fmt.Errorf("make the request: %w", err)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, c.unanswered(ctx, err)
	}
	defer res.Body.Close()
	bad := res.StatusCode == http.StatusConflict && !isProblem(res)
	if res.StatusCode/100 != 2 && !(k.verdict && bad) {
		return nil, readError(res)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, fmt.Errorf("read the answer to %s %s: %w", k.method, c.url(k), err)
	}
	return body, nil
}

func (c *Client) request(ctx context.Context, k call) (*http.Request, error) {
	media, body, err := k.payload()
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, k.method, c.url(k), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if media != "" {
		req.Header.Set("Content-Type", media)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	return req, nil
}

func (c *Client) url(k call) string {
	query := url.Values{}
	for name, values := range k.query {
		query[name] = values
	}
	if c.workspace != "" && !k.global {
		query.Set("workspace", c.workspace)
	}
	target := c.base + "/_mockpay/" + k.path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	return target
}

// unanswered explains an exchange that brought no answer.
func (c *Client) unanswered(ctx context.Context, err error) error {
	var step *url.Error
	if errors.As(err, &step) {
		err = step.Err // all else it says is the URL
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("no answer from mockpay at %s: %w", c.base, err)
	}
	return fmt.Errorf("cannot reach mockpay at %s: %w (start it with `mockpay serve`, or set MOCKPAY_URL)", c.base, err)
}

// params makes a query of names and values in turn, without the empty ones.
func params(pairs ...string) url.Values {
	query := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			query.Set(pairs[i], pairs[i+1])
		}
	}
	return query
}
