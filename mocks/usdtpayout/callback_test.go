package usdtpayout_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
)

// A receiver takes callbacks and keeps them, in the order they came.
type receiver struct {
	*httptest.Server
	mu      sync.Mutex
	got     []callback
	answers []int // to the next ones; 200 to the others
	body    string
}

// A callback is one as it came.
type callback struct {
	method, path, body string
	header             http.Header
}

func receive(t testing.TB, answers ...int) *receiver {
	t.Helper()
	r := &receiver{answers: answers}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body) // the test looks at what came
		r.mu.Lock()
		defer r.mu.Unlock()
		r.got = append(r.got, callback{req.Method, req.URL.RequestURI(), string(body), req.Header})
		status := 200
		if len(r.answers) > 0 {
			status, r.answers = r.answers[0], r.answers[1:]
		}
		if status/100 == 3 {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(status)
		if status != 204 {
			_, _ = io.WriteString(w, r.body) // nobody reads it if it fails
		}
	}))
	t.Cleanup(r.Close)
	return r
}

// took are the callbacks that came since the last look.
func (r *receiver) took(s *shop) []callback {
	s.t.Helper()
	s.Advance(0) // returns when all that fell due was sent
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	return got
}

// listening is a shop in live mode that tells a receiver. URL in the knobs stands
// for the receiver's.
func listening(t testing.TB, knobs string, rules []string, answers ...int) (*shop, *receiver) {
	t.Helper()
	r := receive(t, answers...)
	return alive(t, strings.ReplaceAll(knobs, "URL", r.URL+"/hooks?of=pontis"), rules...), r
}

const told = "{webhook: {url: 'URL'}}"

// genuine checks a callback as a receiver does, and its body to the byte.
func (s *shop) genuine(c callback, body string) {
	s.t.Helper()
	assert.Equal(s.t, "POST /hooks?of=pontis", c.method+" "+c.path)
	assert.Equal(s.t, body, c.body)
	assert.Equal(s.t, "application/json", c.header.Get("Content-Type"))
	assert.Equal(s.t, "Pontis-Callback/1", c.header.Get("User-Agent"))
	at := c.header.Get("X-Pontis-Timestamp")
	assert.Equal(s.t, fmt.Sprint(s.now()), at)
	assert.Equal(s.t, "sha256="+sign(s.credentials["hmac_secret"], at+"."+c.body), c.header.Get("X-Pontis-Signature"))
	assert.Regexp(s.t, uuid4, c.header.Get("X-Pontis-Event-Id"))
	for name := range c.header {
		if strings.HasPrefix(name, "X-") && !strings.HasPrefix(name, "X-Mockpay-") {
			assert.Contains(s.t, []string{"X-Pontis-Timestamp", "X-Pontis-Signature", "X-Pontis-Event-Id"}, name)
		}
	}
}

func tells(id, status, message string) string {
	if message != "" {
		message = `"` + message + `"`
	} else {
		message = "null"
	}
	return `{"transaction_id":"` + id + `","status":"` + status + `","status_message":` + message + `}`
}

// Each end of a live payout is told once, and nothing else is.
func TestCallbacks(t *testing.T) {
	t.Parallel()
	s, r := listening(t, told, nil)
	for _, tt := range []struct {
		end     string
		message string // given, "" for none
		told    string
	}{
		{"completed", "", ""}, {"completed", "ignored", ""},
		{"failed", "Beneficiary account closed", "Beneficiary account closed"}, {"failed", "", "Payout could not be delivered"},
		{"rejected", "Sanctions & <more>", "Sanctions & <more>"}, {"rejected", "", "Payout was rejected"},
		{"canceled", "By the owner é", "By the owner é"}, {"canceled", "", "Payout was canceled"},
	} {
		t.Run(tt.end+" "+tt.message, func(t *testing.T) {
			s := s.in(t)
			id := s.pay("5.00")
			assert.Empty(t, r.took(s), "pending is not told")
			require.Equal(t, 200, s.move(id, tt.end, tt.message))
			got := r.took(s)
			require.Len(t, got, 1)
			s.genuine(got[0], tells(id, tt.end, tt.told))
			s.Advance(time.Minute)
			assert.Empty(t, r.took(s), "once")
		})
	}
}

// A payout by itself: processing is not told, completed is, at its time.
func TestCallbackOnTime(t *testing.T) {
	t.Parallel()
	s, r := listening(t, told, nil)
	id := s.pay("5.00")
	s.Advance(time.Second)
	assert.Empty(t, r.took(s), "processing is not told")
	s.Advance(time.Second)
	got := r.took(s)
	require.Len(t, got, 1)
	s.genuine(got[0], tells(id, "completed", ""))
	assert.Equal(t, fmt.Sprint(start+2), got[0].header.Get("X-Pontis-Timestamp"))
}

// Completed and reversed are two ends, told one after the other.
func TestCallbacksOfAReversal(t *testing.T) {
	t.Parallel()
	s, r := listening(t, told, []string{"{on: usdtpayout.send_payout, settle: {as: reversed, after: 10s, message: Returned}}"})
	id := s.pay("5.00")
	s.Advance(2 * time.Second)
	first := r.took(s)
	require.Len(t, first, 1)
	s.genuine(first[0], tells(id, "completed", ""))
	s.Advance(8 * time.Second)
	second := r.took(s)
	require.Len(t, second, 1)
	s.genuine(second[0], tells(id, "reversed", "Returned"))
	assert.NotEqual(t, first[0].header.Get("X-Pontis-Event-Id"), second[0].header.Get("X-Pontis-Event-Id"))
}

// Both ends are told in order, though they come at once, with the create.
func TestCallbacksOfAReversalAtOnce(t *testing.T) {
	t.Parallel()
	s, r := listening(t, told, []string{"{on: usdtpayout.send_payout, settle: {as: reversed, after: 0s, message: Returned}}"})
	id := s.pay("5.00")
	got := r.took(s)
	require.Len(t, got, 2)
	s.genuine(got[0], tells(id, "completed", ""))
	s.genuine(got[1], tells(id, "reversed", "Returned"))
}

// Sandbox tells nothing, whatever happens; nor do refusals, approvals or reads.
func TestWhatTellsNothing(t *testing.T) {
	t.Parallel()
	s, r := listening(t, "{webhook: {url: 'URL'}, auto_approval_limit: '100'}", nil)
	sandbox := s.sandbox().login()
	for _, amount := range []string{"1.00", "1.01", "1.02", "1.03", "1.04", "10.37"} {
		sandbox.pay(amount)
	}
	for _, way := range ways {
		id := sandbox.pay("1.03")
		for _, to := range way {
			require.Equal(t, 200, sandbox.move(id, to))
		}
	}
	s.Advance(time.Minute)
	assert.Empty(t, r.took(s))

	waiting := s.accepted(s.create(s.order("200")), "pending_approval")
	f := s.order("1.00")
	id := s.accepted(s.create(f), "pending")
	s.create(f)
	s.create(s.order("1000000"))
	s.create(s.order("x"))
	s.send(s.letter("send_payout", s.order("1.00").String()).force("rate_moved"))
	require.Equal(t, 200, s.move(waiting, "pending"))
	require.Equal(t, 200, s.move(id, "processing"))
	assert.Equal(t, 409, s.move(id, "canceled"))
	s.state(id)
	assert.Empty(t, r.took(s))
	all, err := s.Webhooks(t.Context(), client.WebhookFilter{})
	require.NoError(t, err)
	assert.Empty(t, all.Webhooks, "none was written either")
	s.Advance(2 * time.Second)
	assert.Len(t, r.took(s), 2)
}

// By default a callback is tried once, whatever comes back; every 2xx will do.
func TestCallbackIsTriedOnce(t *testing.T) {
	t.Parallel()
	for answer, status := range map[int]string{200: "delivered", 201: "delivered", 202: "delivered", 204: "delivered", 299: "delivered", 302: "failed", 307: "failed", 400: "failed", 401: "failed", 410: "failed", 500: "failed", 503: "failed"} {
		t.Run(fmt.Sprint(answer), func(t *testing.T) {
			t.Parallel()
			s, r := listening(t, told, nil, answer)
			s.pay("5.00")
			s.Advance(2 * time.Second)
			s.Advance(24 * time.Hour)
			assert.Len(t, r.took(s), 1)
			all, err := s.Webhooks(t.Context(), client.WebhookFilter{Event: "usdtpayout.payout_status"})
			require.NoError(t, err)
			require.Len(t, all.Webhooks, 1)
			assert.Equal(t, status, all.Webhooks[0].Status)
			assert.Len(t, all.Webhooks[0].Attempts, 1)
		})
	}
}

// Any 2xx is enough, whatever the body says.
func TestCallbackIsDeliveredWhateverTheBody(t *testing.T) {
	t.Parallel()
	s, r := listening(t, told, nil)
	r.body = `{"status":"error"}`
	s.pay("5.00")
	s.Advance(2 * time.Second)
	assert.Len(t, r.took(s), 1)
	all, err := s.Webhooks(t.Context(), client.WebhookFilter{})
	require.NoError(t, err)
	assert.Equal(t, "delivered", all.Webhooks[0].Status)
}

// Where it is tried again, each attempt is signed anew and says the same under
// the same id.
func TestCallbackRetries(t *testing.T) {
	t.Parallel()
	s, r := listening(t, "{webhook: {url: 'URL', attempts: 4}}", nil, 500, 404, 503)
	id := s.pay("5.00")
	s.Advance(2 * time.Second)
	var all []callback
	for _, by := range []time.Duration{0, time.Second, 5 * time.Second, 30 * time.Second} {
		if by > 0 {
			s.Advance(by - ms)
			assert.Empty(t, r.took(s))
			s.Advance(ms)
		}
		got := r.took(s)
		require.Len(t, got, 1)
		s.genuine(got[0], tells(id, "completed", ""))
		all = append(all, got[0])
	}
	s.Advance(time.Hour)
	assert.Empty(t, r.took(s))
	var times []string
	signatures := make(map[string]bool)
	for _, c := range all {
		times = append(times, c.header.Get("X-Pontis-Timestamp"))
		signatures[c.header.Get("X-Pontis-Signature")] = true
		assert.Equal(t, all[0].header.Get("X-Pontis-Event-Id"), c.header.Get("X-Pontis-Event-Id"))
	}
	assert.Equal(t, []string{fmt.Sprint(start + 2), fmt.Sprint(start + 3), fmt.Sprint(start + 8), fmt.Sprint(start + 38)}, times)
	assert.Len(t, signatures, 4)
}

// A callback can be sent once more by hand: the same under the same id, signed
// anew.
func TestRedelivery(t *testing.T) {
	t.Parallel()
	s, r := listening(t, told, nil)
	id := s.pay("5.00")
	s.Advance(2 * time.Second)
	first := r.took(s)
	require.Len(t, first, 1)
	s.Advance(time.Minute)
	w, err := s.Redeliver(t.Context(), first[0].header.Get("X-Pontis-Event-Id"))
	require.NoError(t, err)
	assert.Equal(t, "delivered", w.Status)
	again := r.took(s)
	require.Len(t, again, 1)
	s.genuine(again[0], tells(id, "completed", ""))
	assert.Equal(t, first[0].header.Get("X-Pontis-Event-Id"), again[0].header.Get("X-Pontis-Event-Id"))
	assert.NotEqual(t, first[0].header.Get("X-Pontis-Signature"), again[0].header.Get("X-Pontis-Signature"))
}

// Callbacks are signed with the secret in force when they are sent.
func TestCallbacksAfterARotation(t *testing.T) {
	t.Parallel()
	s, r := listening(t, told, nil)
	id := s.pay("5.00")
	old := s.credentials["hmac_secret"]
	s = s.rotate()
	require.NotEqual(t, old, s.credentials["hmac_secret"])
	s.Advance(2 * time.Second)
	got := r.took(s)
	require.Len(t, got, 1)
	s.genuine(got[0], tells(id, "completed", ""))
}

// Without a URL callbacks are kept unsent.
func TestCallbacksWithoutAURL(t *testing.T) {
	t.Parallel()
	s := alive(t, "")
	id := s.pay("5.00")
	s.Advance(2 * time.Second)
	all, err := s.Webhooks(t.Context(), client.WebhookFilter{})
	require.NoError(t, err)
	require.Len(t, all.Webhooks, 1)
	assert.Equal(t, "unsent", all.Webhooks[0].Status)
	assert.JSONEq(t, tells(id, "completed", ""), string(all.Webhooks[0].Payload))
}

// The secrets are not in what is shown of callbacks.
func TestCallbacksShowNoSecrets(t *testing.T) {
	t.Parallel()
	s, r := listening(t, told, nil)
	s.pay("5.00")
	s.Advance(2 * time.Second)
	require.Len(t, r.took(s), 1)
	all, err := s.Webhooks(t.Context(), client.WebhookFilter{})
	require.NoError(t, err)
	hides(t, all, []string{s.credentials["hmac_secret"], s.credentials["encryption_secret"], s.credentials["password"], s.token})
}

// URLs that the provider would refuse, where it is asked to be strict.
func TestStrictCallbackURL(t *testing.T) {
	t.Parallel()
	tests := []struct {
		url    string
		strict bool // refused for being strict
	}{
		{"http://hooks.example.com/a", true}, {"http://127.0.0.1:9/a", true}, {"https://127.0.0.1/a", true}, {"https://127.9.9.9/a", true}, {"https://localhost/a", true}, {"https://LOCALHOST/a", true},
		{"https://a.localhost/a", true}, {"https://printer.local/a", true}, {"https://metadata.google.internal/a", true}, {"https://intranet/a", true},
		{"https://10.0.0.1/a", true}, {"https://172.16.0.1/a", true}, {"https://192.168.1.1:8443/a", true}, {"https://169.254.169.254/a", true}, {"https://0.0.0.0/a", true},
		{"https://[::1]/a", true}, {"https://[fe80::1]/a", true}, {"https://[fd00::1]/a", true}, {"https://[::]/a", true},
		{"https://[::ffff:127.0.0.1]/a", true}, {"https://[::ffff:10.0.0.1]/a", true},
		{"https://hooks.example.com/a", false}, {"HTTPS://hooks.example.com:8443/a?b=c", false}, {"https://203.0.113.7/a", false}, {"https://[2001:db8::1]/a", false},
	}
	strict, lenient := open(t, "{strict_callback_url: true}"), open(t, "")
	for _, tt := range tests {
		t.Run(tt.url, func(t *testing.T) {
			_, err := strict.SetWebhookEndpoint(t.Context(), "usdtpayout", client.WebhookEndpoint{URL: tt.url})
			assert.Equal(t, tt.strict, err != nil && strings.Contains(err.Error(), "strict_callback_url"), "%v", err)
			_, err = strict.LoadScenario(t.Context(), scenario("{strict_callback_url: true, webhook: {url: '"+tt.url+"'}}"))
			assert.Equal(t, tt.strict, err != nil && strings.Contains(err.Error(), "strict_callback_url"), "%v", err)
			_, err = lenient.LoadScenario(t.Context(), scenario("{webhook: {url: '"+tt.url+"'}}"))
			assert.False(t, err != nil && strings.Contains(err.Error(), "strict_callback_url"), "%v", err)
		})
	}
}

// Names of this machine in other spellings.
func TestStrictCallbackURLInOtherSpellings(t *testing.T) {
	t.Parallel()
	s := open(t, "{strict_callback_url: true}")
	for _, url := range []string{"https://localhost./a", "https://a.LOCALHOST/a", "https://printer.Local/a", "https://metadata.google.internal./a"} {
		_, err := s.SetWebhookEndpoint(t.Context(), "usdtpayout", client.WebhookEndpoint{URL: url})
		assert.ErrorContains(t, err, "strict_callback_url", url)
	}
}

// A URL is looked at when it is delivered to as well.
func TestStrictCallbackURLAtDelivery(t *testing.T) {
	t.Parallel()
	r := receive(t)
	s := alive(t, "")
	_, err := s.SetWebhookEndpoint(t.Context(), "usdtpayout", client.WebhookEndpoint{URL: r.URL, Attempts: 5})
	require.NoError(t, err)
	s.turn("{strict_callback_url: true}")
	s.pay("5.00")
	s.Advance(2 * time.Second)
	s.Advance(time.Hour)
	assert.Empty(t, r.took(s))
	all, err := s.Webhooks(t.Context(), client.WebhookFilter{})
	require.NoError(t, err)
	require.Len(t, all.Webhooks, 1)
	assert.Equal(t, "failed", all.Webhooks[0].Status)
	assert.Contains(t, all.Webhooks[0].Hint, "strict_callback_url")
}
