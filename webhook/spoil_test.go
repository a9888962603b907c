package webhook

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A spoiled payload differs in the fields that are named, at any depth, and in no
// byte elsewhere.
func TestReplaced(t *testing.T) {
	for name, tt := range map[string]struct{ doc, want string }{
		"Field":    {`{"KEY":"a","n":5.00,"x":"é<&>"}`, `{"KEY":"new","n":5.00,"x":"é<&>"}`},
		"Nested":   {`{"a":[{"KEY":"b"},1e3],"d":{"KEY":"c","z":null}}`, `{"a":[{"KEY":"new"},1e3],"d":{"KEY":"new","z":null}}`},
		"Value":    {`{"a":"KEY","b":["KEY"]}`, `{"a":"KEY","b":["KEY"]}`},
		"NoText":   {`{"KEY":7,"b":{"KEY":{"c":true}}}`, `{"KEY":7,"b":{"KEY":{"c":true}}}`},
		"LikePath": {`{"a/KEY":"b","KEY":"c"}`, `{"a/KEY":"b","KEY":"new"}`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := replaced(json.RawMessage(tt.doc), []string{"KEY"}, func(string) string { return "new" })
			require.NoError(t, err)
			assert.Equal(t, tt.want, string(got))
		})
	}
	_, err := replaced(json.RawMessage(`{"KEY":`), []string{"KEY"}, wrong)
	assert.Error(t, err)
}

// What is wrong looks as what is right does, and tells nothing of it.
func TestWrong(t *testing.T) {
	for _, text := range []string{"d4238d59beea578ab494a6f5126cf853", "sha256=" + strings.Repeat("0a", 32), "", "k=", strings.Repeat("x", 200)} {
		got := wrong(text)
		assert.Len(t, got, len(text))
		assert.Equal(t, got, wrong(text))
		scheme, value, _ := strings.Cut(text, "=")
		if value != "" {
			assert.True(t, strings.HasPrefix(got, scheme+"="))
		}
		if len(text) > 10 {
			assert.NotContains(t, got, text[len(text)-10:])
		}
	}
}

// A damaged body is cut or has one other byte, where a signature tells; else it is
// cut, and never within a secret.
func TestDamaged(t *testing.T) {
	signed := Endpoint{Encoding: JSON, Proof: Proof{Signature: "X-Signature"}}
	body := `{"transaction_id":"7","status":"completed","name":"Zoë"}`
	cut, changed := 0, make(map[int]bool)
	for n := range 200 {
		e := Event{ID: strings.Repeat("e", n)}
		got := signed.damaged(body, e)
		assert.Equal(t, got, signed.damaged(body, e), "the same each time")
		if len(got) < len(body) {
			cut++
			assert.True(t, strings.HasPrefix(body, got))
			continue
		}
		var at []int
		for i := range got {
			if got[i] != body[i] {
				at = append(at, i)
			}
		}
		require.Len(t, at, 1)
		changed[at[0]] = true
	}
	assert.Greater(t, cut, 50)
	assert.Greater(t, len(changed), 20)
	assert.Empty(t, signed.damaged("", Event{}))

	keyed := Endpoint{Proof: Proof{Keys: []string{"KEY"}}}
	for _, encoding := range []string{Form, JSON} {
		keyed.Encoding = encoding
		payload := json.RawMessage(`{"a":"1","KEY":"a secret & long text","b":"2"}`)
		_, whole, err := keyed.body(payload)
		require.NoError(t, err)
		got := keyed.damaged(whole, Event{Payload: payload})
		assert.Less(t, len(got), len(whole))
		secret := map[string]string{Form: "a+secret+%26+long+text", JSON: "a secret & long text"}[encoding]
		assert.Contains(t, got, secret, "what is cut could not be masked")
	}
}

// The signature is that of what would have been sent, at the time that it tells.
func TestMessage(t *testing.T) {
	at := time.Date(2026, 1, 15, 9, 0, 0, 0, time.UTC)
	to := Endpoint{
		Encoding: JSON, At: at, Proof: Proof{Signature: "X-Signature", Times: []string{"at"}, Layout: time.TimeOnly},
		Headers: func(_ Event, at time.Time, body []byte) http.Header {
			return http.Header{"X-Signature": {at.Format(time.TimeOnly) + "=" + string(body)}}
		},
	}
	e := Event{ID: "e", Payload: json.RawMessage(`{"at":"09:00:00","n":1}`), Misbehaviour: &Misbehaviour{StaleTimestamp: true, Corrupt: true}}
	m, err := to.message(e)
	require.NoError(t, err)
	assert.Equal(t, `08:00:00={"at":"08:00:00","n":1}`, m.header.Get("X-Signature"))
	assert.NotEqual(t, `{"at":"08:00:00","n":1}`, m.body)
	assert.Equal(t, []string{staleTimestamp, corrupt}, e.spoils())
}
