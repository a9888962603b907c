package server_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
	"github.com/mockpay/mockpay/server"
)

// logging is a server, and the log it writes as JSON.
func logging(t *testing.T, level slog.Level, o server.Options) (*server.Server, *logText) {
	t.Helper()
	log := &logText{}
	o.Log = slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: level}))
	return newServer(t, o), log
}

// lines are those of a log.
func lines(t *testing.T, log *logText) (all []map[string]any) {
	t.Helper()
	for line := range strings.Lines(log.String()) {
		var fields map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &fields), line)
		all = append(all, fields)
	}
	return all
}

func TestLogOfACall(t *testing.T) {
	s, log := logging(t, slog.LevelDebug, server.Options{})
	h := s.Handler()
	load(t, h, "version: 1\nrules: [{name: slow one, on: dinardragon.status, delay: 30ms}]\n")
	w := status(h)
	all := lines(t, log)
	require.Len(t, all, 2, "the scenario, and the call")
	call := all[1]
	assert.NotEmpty(t, call["time"])
	assert.GreaterOrEqual(t, call["duration_us"], 30_000.0)
	delete(call, "time")
	delete(call, "duration_us")
	assert.Equal(t, map[string]any{
		"level": "DEBUG", "msg": "request", "workspace": "default", "id": w.Header().Get("X-Mockpay-Request-Id"),
		"method": "POST", "path": "/dinardragon/status", "provider": "dinardragon", "operation": "dinardragon.status",
		"status": 400.0, "outcome": "payment_unknown", "rule": "slow one", "hint": w.Header().Get("X-Mockpay-Hint"),
	}, call)
}

// TestLogOfAFault has no answer to tell of.
func TestLogOfAFault(t *testing.T) {
	s, log := logging(t, slog.LevelDebug, server.Options{})
	h := s.Handler()
	load(t, h, "version: 1\nrules: [{on: dinardragon.status, fault: drop}]\n")
	status(h)
	call := lines(t, log)[1]
	assert.Equal(t, 0.0, call["status"])
	assert.Equal(t, "drop", call["fault"])
	assert.Equal(t, "1", call["rule"])
	assert.Contains(t, call["hint"], "nothing was committed")
}

// TestLogOfOtherRequests has lines for what no provider answers.
func TestLogOfOtherRequests(t *testing.T) {
	s, log := logging(t, slog.LevelDebug, server.Options{ControlToken: "sesame-sesame"})
	h := s.Handler()
	do(h, "GET", "/_mockpay/requests?workspace=team&provider=hush-hush", "", "Authorization", "Bearer sesame-sesame")
	do(h, "GET", "/_mockpay/clock?token=sesame-sesame", "")
	do(h, "GET", "/healthz", "")
	do(h, "POST", "/send-money?API_SECRET=hush-hush", "GATEWAY_API_KEY=hush-hush")
	var seen []map[string]any
	for _, line := range lines(t, log) {
		assert.NotNil(t, line["duration_us"])
		delete(line, "time")
		delete(line, "duration_us")
		seen = append(seen, line)
	}
	assert.Equal(t, []map[string]any{
		{"level": "DEBUG", "msg": "request", "method": "GET", "path": "/_mockpay/requests", "status": 404.0, "workspace": "team"},
		{"level": "DEBUG", "msg": "request", "method": "GET", "path": "/_mockpay/clock", "status": 401.0},
		{"level": "DEBUG", "msg": "request", "method": "GET", "path": "/healthz", "status": 200.0},
		{"level": "DEBUG", "msg": "request", "method": "POST", "path": "/send-money", "status": 404.0},
	}, seen)
}

// TestNoSecretInTheLog puts secrets where callers put them, also by mistake, and
// where only the journal shows them masked.
func TestNoSecretInTheLog(t *testing.T) {
	const (
		apiSecret = "955a380d7d9c05707f199fbe8ba8474d"
		odd       = "a/b secret+c;d"
	)
	for name, calls := range map[string]func(h http.Handler){
		"Header": func(h http.Handler) { status(h) },
		"Body": func(h http.Handler) {
			do(h, "POST", "/dinaricash/", achForm, "Content-Type", "application/x-www-form-urlencoded")
		},
		"Query":         func(h http.Handler) { do(h, "GET", "/dinaricash/?API_SECRET="+apiSecret, "") },
		"QueryAndBody":  func(h http.Handler) { do(h, "POST", "/dinaricash/?API_SECRET="+apiSecret, "{}") },
		"QueryNowhere":  func(h http.Handler) { do(h, "GET", "/dinaricash/x?api_secret="+apiSecret, "") },
		"QueryEscaped":  func(h http.Handler) { do(h, "GET", "/dinaricash/x?API_SECRET=a%2fb+secret%2Bc%3bd", "") },
		"QueryBroken":   func(h http.Handler) { do(h, "GET", "/dinaricash/x?y=%zz;API%5FSECRET=a%2Fb%20secret+%zz", "") },
		"QueryIsHeader": func(h http.Handler) { do(h, "POST", "/dinardragon/status?authorization="+key, "{}") },
		"Forced": func(h http.Handler) {
			status(h, "X-Mockpay-Outcome", "server_error", "Authorization", "Bearer "+key)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, log := logging(t, slog.LevelDebug, server.Options{})
			h := s.Handler()
			calls(h)
			require.Len(t, lines(t, log), 1)
			journal := do(h, "GET", "/_mockpay/requests", "").Body.String()
			for _, secret := range []string{apiSecret, key, odd, "a%2fb+secret", "a%2Fb%20secret"} {
				assert.NotContains(t, log.String(), secret)
				assert.NotContains(t, journal, secret)
			}
		})
	}
}

// TestLogIsSilentAtInfo makes calls of all kinds, and has webhooks fail.
func TestLogIsSilentAtInfo(t *testing.T) {
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }))
	defer receiver.Close()
	var log logText
	s := start(t, server.Options{
		Log: slog.New(slog.NewTextHandler(&log, nil)), WebhookURLs: map[string]string{"dinaricash": receiver.URL},
	})
	h, c := s.Handler(), client.New(s.URL())
	status(h)
	do(h, "GET", "/dinaricash/nowhere", "")
	do(h, "GET", "/nowhere", "")
	res, err := http.Post(s.URL()+"/dinaricash/", "application/x-www-form-urlencoded", strings.NewReader(achForm))
	require.NoError(t, err)
	_, _ = io.Copy(io.Discard, res.Body)
	require.NoError(t, res.Body.Close())
	_, err = c.Advance(t.Context(), 1e12)
	require.NoError(t, err)
	webhooks, err := c.Webhooks(t.Context(), client.WebhookFilter{Status: "failed"})
	require.NoError(t, err)
	assert.NotEmpty(t, webhooks)
	assert.Empty(t, log.String())
}

// TestLogOfWebhooks tells of attempts as text, in the workspace they are of.
func TestLogOfWebhooks(t *testing.T) {
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer receiver.Close()
	var log logText
	s := start(t, server.Options{
		Log:         slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		WebhookURLs: map[string]string{"dinaricash": receiver.URL + "/hooks?token=hush-hush"},
	})
	require.Equal(t, 200, do(s.Handler(), "POST", "/dinaricash/", achForm, "Content-Type", "application/x-www-form-urlencoded").Code)
	_, err := client.New(s.URL()).Advance(t.Context(), 1e10)
	require.NoError(t, err)
	assert.Regexp(t, `(?m)^time=\S+ level=DEBUG msg="webhook delivered" workspace=default id=\S+ provider=dinaricash event=transaction_status url=`+
		receiver.URL+`/hooks attempt=1 status=200 duration_us=\d+$`, log.String())
	assert.NotContains(t, log.String(), "hush-hush")
}
