package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// A receiver answers webhooks and prints them.
type receiver struct {
	status  int
	forward string // where they are passed on to; "" for nowhere
	client  *http.Client
	json    bool

	mu  sync.Mutex
	out io.Writer // guarded by mu
}

func newReceiver(c *cli, o *listenFlags) *receiver {
	return &receiver{
		status: o.status, forward: string(o.forward), json: c.output.value == "json", out: c.stdout,
		client: &http.Client{
			// A connection kept open may be closed by the target just when it is
			// used, and a POST is not sent twice.
			Transport:     &http.Transport{DisableCompression: true, DisableKeepAlives: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// An arrival is a request that came in, and what it was answered.
type arrival struct {
	At      string            `json:"at"`
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
	Fields  fields            `json:"fields,omitempty"` // of a form or a JSON object
	Status  int               `json:"status"`
	Error   string            `json:"error,omitempty"` // why it was not taken
}

// A reply is what an arrival is answered.
type reply struct {
	status int
	header http.Header
	body   []byte
	err    error // why it was not taken
}

// mostBody bounds bodies, in bytes.
const mostBody = 1 << 20

// ServeHTTP implements [http.Handler]. What arrives is printed before it is
// answered, so that whoever has the answer finds it printed.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	at := cellText(time.Now())
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, mostBody))
	if err != nil {
		body = nil // a part of it says nothing
	}
	answer := r.answer(req, body, err)
	a := arrival{
		At: at, Method: req.Method, Path: req.URL.RequestURI(), Headers: flat(req.Header),
		Body: string(body), Fields: fieldsOf(req.Header.Get("Content-Type"), body), Status: answer.status,
	}
	if answer.err != nil {
		a.Error = answer.err.Error()
	}
	_ = r.print(a, a.line()) // a receiver without a reader still answers
	maps.Copy(w.Header(), answer.header)
	w.WriteHeader(answer.status)
	_, _ = w.Write(answer.body) // a sender that is gone needs no answer
}

// answer decides what a request is answered; err is what kept its body from
// being read.
func (r *receiver) answer(req *http.Request, body []byte, err error) reply {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return refusal(http.StatusRequestEntityTooLarge, fmt.Errorf("the body is larger than %d bytes", mostBody))
	case err != nil:
		return refusal(http.StatusBadRequest, fmt.Errorf("the body cannot be read: %w", err))
	case r.forward != "":
		return r.pass(req, body)
	case req.Method != http.MethodPost:
		return refusal(http.StatusMethodNotAllowed, errors.New("webhooks are sent by POST"))
	case r.status/100 != 2:
		return plain(r.status, `{"status":"error"}`)
	}
	return plain(r.status, `{"status":"success"}`)
}

func plain(status int, body string) reply {
	return reply{status: status, header: http.Header{"Content-Type": {"application/json"}}, body: []byte(body)}
}

func refusal(status int, err error) reply {
	message, _ := json.Marshal(err.Error()) // a text can always be written
	answer := plain(status, `{"status":"error","message":`+string(message)+`}`)
	answer.err = err
	return answer
}

// hopHeaders belong to a connection, not to what is sent over it.
var hopHeaders = []string{"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}

// endToEnd is a copy of the headers that are passed on.
func endToEnd(from http.Header) http.Header {
	header := from.Clone()
	for _, name := range hopHeaders {
		header.Del(name)
	}
	return header
}

// pass passes a request on as it came, and returns what that was answered.
func (r *receiver) pass(req *http.Request, body []byte) reply {
	out, err := http.NewRequestWithContext(req.Context(), req.Method, r.forward, bytes.NewReader(body))
	if err != nil {
		return refusal(http.StatusBadGateway, err)
	}
	out.Header = endToEnd(req.Header)
	if out.Header.Get("User-Agent") == "" {
		out.Header.Set("User-Agent", "") // else net/http adds its own
	}
	res, err := r.client.Do(out)
	if err != nil {
		return refusal(http.StatusBadGateway, fmt.Errorf("cannot reach %s: %w", r.forward, errors.Unwrap(err))) // all else it says is the URL
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(http.MaxBytesReader(nil, res.Body, mostBody))
	if err != nil {
		return refusal(http.StatusBadGateway, fmt.Errorf("the answer of %s cannot be read: %w", r.forward, err))
	}
	return reply{status: res.StatusCode, header: endToEnd(res.Header), body: answer}
}

// say prints a line about the receiver itself, with --output json an object.
func (r *receiver) say(key, value, line string) error {
	return r.print(map[string]string{key: value}, line)
}

// print prints a line, or with --output json an object as one.
func (r *receiver) print(v any, line string) (err error) {
	text := []byte(line + "\n")
	if r.json {
		if text, err = encode(v); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	_, err = r.out.Write(text)
	return err
}

// line is the arrival as text: when, event and id, or method and path of what is
// no webhook of mockpay's, what it says, and what it was answered.
func (a *arrival) line() string {
	what, which := a.Headers["X-Mockpay-Webhook-Event"], a.Headers["X-Mockpay-Webhook-Id"]
	if what == "" {
		what, which = a.Method, a.Path
	}
	words := []string{a.At, quoted(what), quoted(which) + " "}
	for _, f := range a.Fields {
		words = append(words, f.String())
	}
	if a.Fields == nil && a.Body != "" {
		words = append(words, "body="+quoted(a.Body))
	}
	words = append(words, "->", strconv.Itoa(a.Status))
	if a.Error != "" {
		words = append(words, quoted(a.Error))
	}
	return strings.Join(words, " ")
}

// quoted keeps a text on its line and apart from the next.
func quoted(text string) string {
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r == ' ' || r == '"' || !unicode.IsPrint(r) }) {
		return strconv.Quote(text)
	}
	return text
}

// flat are headers with a line each.
func flat(from http.Header) map[string]string {
	headers := make(map[string]string)
	for name, values := range from {
		headers[name] = strings.Join(values, ", ")
	}
	return headers
}

// fields are what a body says, in its order.
type fields []field

// A field has a text, or JSON that is none.
type field struct {
	name string
	text string
	json json.RawMessage
}

// fieldsOf reads a body that is a JSON object or a form; of others there are
// none.
func fieldsOf(kind string, body []byte) fields {
	media, _, _ := mime.ParseMediaType(kind)
	switch {
	case json.Valid(body) && bytes.HasPrefix(bytes.TrimSpace(body), []byte{'{'}):
		return objectFields(body)
	case media == "application/x-www-form-urlencoded":
		return formFields(string(body))
	}
	return nil
}

// objectFields reads a JSON object that is valid.
func objectFields(body []byte) (all fields) {
	d := json.NewDecoder(bytes.NewReader(body))
	_, err := d.Token() // {
	for err == nil && d.More() {
		var name json.Token
		var value json.RawMessage
		if name, err = d.Token(); err == nil {
			err = d.Decode(&value)
		}
		f := field{name: fmt.Sprint(name), json: value}
		if bytes.HasPrefix(value, []byte{'"'}) && json.Unmarshal(value, &f.text) == nil {
			f.json = nil
		}
		all = append(all, f)
	}
	return all
}

func formFields(body string) (all fields) {
	for pair := range strings.SplitSeq(body, "&") {
		if pair != "" {
			name, value, _ := strings.Cut(pair, "=")
			all = append(all, field{name: unescaped(name), text: unescaped(value)})
		}
	}
	return all
}

// unescaped is a part of a form as it was meant, or as it stands if that is
// wrong.
func unescaped(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	return text
}

// String is the field as text.
func (f field) String() string {
	if f.json == nil {
		return quoted(f.name) + "=" + quoted(f.text)
	}
	var value bytes.Buffer
	_ = json.Compact(&value, f.json) // it is valid
	return quoted(f.name) + "=" + cellText(value.String())
}

// MarshalJSON implements [json.Marshaler].
func (all fields) MarshalJSON() ([]byte, error) {
	doc := bytes.NewBufferString("{")
	enc := json.NewEncoder(doc)
	enc.SetEscapeHTML(false)
	for i, f := range all {
		if i > 0 {
			doc.WriteByte(',')
		}
		_ = enc.Encode(f.name) // a text can always be written
		doc.WriteByte(':')
		if f.json == nil {
			_ = enc.Encode(f.text)
		}
		doc.Write(f.json)
	}
	doc.WriteByte('}')
	return doc.Bytes(), nil
}
