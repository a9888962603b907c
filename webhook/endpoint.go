package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Encodings of events.
const (
	Form = "form" // application/x-www-form-urlencoded
	JSON = "json"
)

// An Endpoint says where events go, and how.
type Endpoint struct {
	URL      string
	Encoding string // Form or JSON
	Attempts int    // at most, 1 or more
	Backoff  []time.Duration
	Timeout  time.Duration // of an attempt, in real time

	// Headers returns what an attempt at a time has besides the headers that all
	// have, such as a signature; nil if there is nothing.
	Headers func(e Event, at time.Time, body []byte) http.Header

	// Proof is what tells genuine events, to be spoiled on order.
	Proof Proof

	// At is when the attempt is made, on the workspace's clock; whoever makes it
	// says so.
	At time.Time

	// AnyBody makes every 2xx answer a success, also one whose body says "error".
	AnyBody bool

	// Refused is why the provider itself would not send there; nil if it would.
	Refused error
}

// backoff is the time after a failed attempt, the first being 1, until the
// next. The last one of the list is also for all after it.
func (e Endpoint) backoff(attempt int) time.Duration {
	if len(e.Backoff) == 0 {
		return 0
	}
	return e.Backoff[min(attempt, len(e.Backoff))-1]
}

// body writes an event's payload as the endpoint wants it, with its media type.
func (e Endpoint) body(payload json.RawMessage) (media, body string, err error) {
	if e.Encoding == JSON {
		return "application/json", string(payload), nil
	}
	body, err = formEncode(payload)
	return "application/x-www-form-urlencoded", body, err
}

// formEncode writes a JSON object as a form: its keys in their order, numbers
// as they stand, what is nested as PHP does, data[KEY]=value.
func formEncode(payload json.RawMessage) (string, error) {
	f := &formWriter{}
	d := json.NewDecoder(bytes.NewReader(payload))
	d.UseNumber()
	open, err := d.Token()
	if err == nil && open != json.Delim('{') {
		err = errors.New("the payload is not an object")
	}
	if err == nil {
		err = f.nested(d, '{', func(key string) string { return key })
	}
	if err != nil {
		return "", fmt.Errorf("write the event as a form: %w", err)
	}
	return f.b.String(), nil
}

type formWriter struct{ b strings.Builder }

// value writes what comes next under a name.
func (f *formWriter) value(d *json.Decoder, name string) error {
	token, err := d.Token()
	if err != nil {
		return err
	}
	switch v := token.(type) {
	case json.Delim:
		return f.nested(d, v, func(key string) string { return name + "[" + key + "]" })
	case nil:
		f.pair(name, "")
	case bool:
		f.pair(name, strconv.FormatBool(v))
	case json.Number:
		f.pair(name, v.String())
	case string:
		f.pair(name, v)
	}
	return nil
}

// nested writes what an object or array holds, each under the name of its key.
func (f *formWriter) nested(d *json.Decoder, open json.Delim, name func(key string) string) error {
	for i := 0; d.More(); i++ {
		key := strconv.Itoa(i)
		if open == '{' {
			token, err := d.Token()
			if err != nil {
				return err
			}
			key = token.(string)
		}
		if err := f.value(d, name(key)); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

func (f *formWriter) pair(name, value string) {
	if f.b.Len() > 0 {
		f.b.WriteByte('&')
	}
	f.b.WriteString(url.QueryEscape(name))
	f.b.WriteByte('=')
	f.b.WriteString(url.QueryEscape(value))
}
