package webhook

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// A Proof is how a receiver tells a provider's genuine, fresh events from others:
// what [Misbehaviour]s spoil.
type Proof struct {
	Signature string // the header with a signature of the body, "" if there is none

	// Keys are the fields of the payload, at any depth, with a secret that only
	// the provider and the receiver know.
	Keys []string

	// Times are the fields of the payload with the event's time, written as Layout
	// says, where no signed header tells it.
	Times  []string
	Layout string
}

// Genuine tells whether events are proven to be the provider's at all.
func (p Proof) Genuine() bool { return p.Signature != "" || len(p.Keys) > 0 }

// Timed tells whether events tell their age.
func (p Proof) Timed() bool { return p.Signature != "" || len(p.Times) > 0 }

// staleBy is the age of events that are old.
const staleBy = time.Hour

// Names of what is spoiled, as attempts list it.
const (
	badSignature   = "bad_signature"
	staleTimestamp = "stale_timestamp"
	corrupt        = "corrupt"
)

// spoils are the names of what an event's attempts are spoiled by.
func (e *Event) spoils() (all []string) {
	m := e.Misbehaviour
	if m == nil {
		return nil
	}
	for _, spoil := range []struct {
		name string
		is   bool
	}{{badSignature, m.BadSignature}, {staleTimestamp, m.StaleTimestamp}, {corrupt, m.Corrupt}} {
		if spoil.is {
			all = append(all, spoil.name)
		}
	}
	return all
}

// A message is what an attempt sends.
type message struct {
	media  string
	header http.Header // besides those that every webhook has
	body   string
}

// message writes an event as it goes to an endpoint, spoiled as was ordered: each
// spoils its own and leaves all else as a genuine event has it.
func (to Endpoint) message(e Event) (m message, err error) {
	var order Misbehaviour
	if e.Misbehaviour != nil {
		order = *e.Misbehaviour
	}
	at, payload := to.At, e.Payload
	if order.StaleTimestamp {
		at = at.Add(-staleBy)
		old := at.UTC().Format(to.Proof.Layout)
		payload, err = replaced(payload, to.Proof.Times, func(string) string { return old })
	}
	if order.BadSignature && err == nil {
		payload, err = replaced(payload, to.Proof.Keys, wrong)
	}
	if err == nil {
		m.media, m.body, err = to.body(payload)
	}
	if err != nil {
		return m, err
	}
	if to.Headers != nil {
		m.header = to.Headers(e, at, []byte(m.body))
	}
	if name := to.Proof.Signature; order.BadSignature && m.header.Get(name) != "" {
		m.header.Set(name, wrong(m.header.Get(name)))
	}
	if order.Corrupt {
		m.body = to.damaged(m.body, e)
	}
	return m, nil
}

// replaced is a JSON document with other texts in some fields, at any depth.
func replaced(doc json.RawMessage, names []string, with func(string) string) (json.RawMessage, error) {
	if len(names) == 0 {
		return doc, nil
	}
	var out bytes.Buffer
	d, w := jsontext.NewDecoder(bytes.NewReader(doc)), jsontext.NewEncoder(&out)
	for {
		token, err := d.ReadToken()
		if errors.Is(err, io.EOF) {
			return bytes.TrimSpace(out.Bytes()), nil
		}
		if err != nil {
			return nil, fmt.Errorf("spoil the event: %w", err)
		}
		in, n := d.StackIndex(d.StackDepth())
		value := token.Kind() == '"' && in == '{' && n%2 == 0
		if value && slices.Contains(names, d.StackPointer().LastToken()) {
			token = jsontext.String(with(token.String()))
		}
		if err := w.WriteToken(token); err != nil {
			return nil, fmt.Errorf("spoil the event: %w", err)
		}
	}
}

// wrong is a secret or signature that looks like another and has nothing in
// common with it; what stands before "=" stays.
func wrong(text string) string {
	scheme, value, found := strings.Cut(text, "=")
	if !found {
		scheme, value = "", text
	} else {
		scheme += "="
	}
	var other strings.Builder
	for n := 0; other.Len() < len(value); n++ {
		sum := sha256.Sum256(fmt.Appendf(nil, "not %s %d", text, n))
		other.WriteString(hex.EncodeToString(sum[:]))
	}
	return scheme + other.String()[:len(value)]
}

// damaged is a body as it comes out of a broken wire: cut in half, or, where a
// signature tells even that, with one byte changed. Which of them, and where, is
// the event's chance.
func (to Endpoint) damaged(body string, e Event) string {
	if body == "" {
		return body
	}
	sum := sha256.Sum256([]byte(e.ID))
	if sum[0]%2 == 0 && to.Proof.Signature != "" {
		changed := []byte(body)
		changed[binary.BigEndian.Uint64(sum[8:])%uint64(len(changed))] ^= 1
		return string(changed)
	}
	return body[:to.half(body, e.Payload)]
}

// half is where a body is cut: in its middle, but not within a secret, of which
// the log would show the rest.
func (to Endpoint) half(body string, payload json.RawMessage) int {
	at := len(body) / 2
	_, _ = replaced(payload, to.Proof.Keys, func(secret string) string { // looks only
		for _, text := range []string{secret, url.QueryEscape(secret)} {
			if i := strings.LastIndex(body, text); i >= 0 && i < at && at < i+len(text) {
				at = i + len(text)
			}
		}
		return secret
	})
	return at
}
