package webhook

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/journal"
)

// A secret stands nowhere in an event that is shown, and everywhere in what is
// sent.
func TestMasked(t *testing.T) {
	const secret, masked = "s3cret+key/42", "*********y/42"
	for _, encoding := range []string{JSON, Form} {
		t.Run(encoding, func(t *testing.T) {
			var got string
			url := serve(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				got = string(body)
				w.Header().Set("X-Echo", secret)
				w.WriteHeader(500)
				_, _ = w.Write(body)
			})
			e := anEvent
			e.Payload = json.RawMessage(`{"api_key":"` + secret + `","amount":5.00,"list":["` + secret + `"]}`)
			a := newSender(t).Send(t.Context(), Endpoint{URL: url, Encoding: encoding, Timeout: patient}, e)
			_, whole, err := Endpoint{Encoding: encoding}.body(e.Payload)
			require.NoError(t, err)
			assert.Equal(t, whole, got, "it is sent whole")
			e.Attempts = []Attempt{a, a}
			before := marshal(t, e)

			shown := e.Masked(journal.NewMasker([]string{secret}))
			text := marshal(t, shown)
			for _, form := range []string{secret, "s3cret", "s3cret%2Bkey%2F42"} {
				assert.NotContains(t, text, form)
			}
			assert.JSONEq(t, `{"api_key":"`+masked+`","amount":5.00,"list":["`+masked+`"]}`, string(shown.Payload))
			for _, a := range shown.Attempts {
				assert.Contains(t, a.Request.Body, masked)
				assert.Equal(t, a.Request.Body, a.Response.Body)
				assert.Equal(t, masked, a.Response.Headers["X-Echo"])
			}
			assert.Equal(t, before, marshal(t, e), "the event itself is as it was")
		})
	}
	t.Run("InAnErrorAndAHint", func(t *testing.T) {
		url := listen(t, func(c net.Conn) {
			_, _ = io.WriteString(c, readRequest(c)+"\r\n\r\n") // an echo that is no HTTP
		})
		e := anEvent
		e.Payload = json.RawMessage(`{"api_key":"` + secret + `"}`)
		a := newSender(t).Send(t.Context(), Endpoint{URL: url, Encoding: JSON, Timeout: patient}, e)
		require.Contains(t, a.Error, secret)
		e.Attempts, e.Hint = []Attempt{a}, a.Error
		shown := e.Masked(journal.NewMasker([]string{secret}))
		assert.NotContains(t, marshal(t, shown), secret)
		assert.Contains(t, shown.Hint, masked)
	})
	for name, tt := range map[string]struct{ payload, secret, want string }{
		"AlsoANumber":  {`{"pin":"12345","amount":12345.00,"n":112345}`, "12345", `{"pin":"*****","amount":12345.00,"n":112345}`},
		"AlsoALiteral": {`{"pin":"false","a":false,"b":[null]}`, "false", `{"pin":"*****","a":false,"b":[null]}`},
		"AlsoSyntax":   {`{"pin":"\",\"n\":","n":1}`, `","n":`, `{"pin":"******","n":1}`},
		"Quotes":       {`{"pin":"12\"34\\567<89"}`, `12"34\567<89`, `{"pin":"********7<89"}`},
		"Inside":       {`{"url":"http://x/?key=s3cret+key/42"}`, secret, `{"url":"http://x/?key=` + masked + `"}`},
		"OrderKept":    {`{"z":5.00,"a":"12345","m":{"y":1e3,"b":"é<"}}`, "12345", `{"z":5.00,"a":"*****","m":{"y":1e3,"b":"é<"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			e := anEvent
			e.Payload = json.RawMessage(tt.payload)
			require.True(t, json.Valid(e.Payload))
			assert.Equal(t, tt.want, string(e.Masked(journal.NewMasker([]string{tt.secret})).Payload))
			assert.Equal(t, tt.payload, string(e.Payload))
		})
	}
	t.Run("NoSecrets", func(t *testing.T) {
		e := anEvent
		e.Attempts = []Attempt{}
		assert.Equal(t, e, e.Masked(journal.NewMasker(nil)))
	})
}

func marshal(t testing.TB, v any) string {
	doc, err := json.Marshal(v)
	require.NoError(t, err)
	return string(doc)
}
