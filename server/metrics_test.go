package server_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
	"github.com/mockpay/mockpay/mocks"
	"github.com/mockpay/mockpay/server"
)

// told is what a server tells at metrics.
func told(t *testing.T, h http.Handler) string {
	t.Helper()
	w := do(h, "GET", "/_mockpay/metrics", "")
	require.Equal(t, 200, w.Code, w.Body)
	return w.Body.String()
}

// values are the samples by their series, as they are written.
func values(t *testing.T, h http.Handler) map[string]float64 {
	t.Helper()
	all := make(map[string]float64)
	for line := range strings.Lines(told(t, h)) {
		at := strings.LastIndexByte(line, ' ')
		if strings.HasPrefix(line, "#") {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(line[at:]), 64)
		require.NoError(t, err, line)
		all[line[:at]] = n
	}
	return all
}

// total adds up the samples whose series begin with a text.
func total(all map[string]float64, begin string) (n float64) {
	for series, value := range all {
		if strings.HasPrefix(series, begin) {
			n += value
		}
	}
	return n
}

func requests(operation, outcome string) string {
	p, _, _ := strings.Cut(operation, ".")
	return of(p, operation, outcome)
}

func of(provider, operation, outcome string) string {
	return fmt.Sprintf(`mockpay_requests_total{provider=%q,operation=%q,outcome=%q}`, provider, operation, outcome)
}

// key is the private key of the default workspace at Dinar Dragon.
const key = "dd-default-private-key"

// status asks Dinar Dragon about a payment that there is not.
func status(h http.Handler, header ...string) *httptest.ResponseRecorder {
	return do(h, "POST", "/dinardragon/status", `{"uniqueid":"x"}`, append([]string{"Authorization", key, "Content-Type", "application/json"}, header...)...)
}

func load(t *testing.T, h http.Handler, scenario string) {
	t.Helper()
	w := do(h, "PUT", "/_mockpay/scenario", scenario, "Content-Type", "application/yaml")
	require.Equal(t, 200, w.Code, w.Body)
}

func TestMetricsAreUnderstood(t *testing.T) {
	h := newServer(t, server.Options{Version: "1.2.3"}).Handler()
	require.Equal(t, 200, do(h, "POST", "/dinaricash/", achForm, "Content-Type", "application/x-www-form-urlencoded").Code)
	w := do(h, "GET", "/_mockpay/metrics", "")
	assert.Equal(t, "text/plain; version=0.0.4; charset=utf-8", w.Header().Get("Content-Type"))

	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(w.Body.String()))
	require.NoError(t, err)
	info := families["mockpay_build_info"].GetMetric()[0].GetLabel()
	assert.Equal(t, "1.2.3", info[0].GetValue())
	assert.Equal(t, runtime.Version(), info[1].GetValue())
	took := families["mockpay_request_duration_seconds"].GetMetric()
	require.Len(t, took, 1, "only what was seen")
	assert.Equal(t, uint64(1), took[0].GetHistogram().GetSampleCount())
	assert.Positive(t, took[0].GetHistogram().GetSampleSum())

	problems, err := promlint.New(strings.NewReader(w.Body.String())).Lint()
	require.NoError(t, err)
	assert.Empty(t, problems)
}

// TestMetricsKnowEveryOutcome also holds the outcomes of providers apart from
// what else calls come to.
func TestMetricsKnowEveryOutcome(t *testing.T) {
	all := values(t, newServer(t, server.Options{}).Handler())
	for _, m := range mocks.All() {
		for i := range m.Operations {
			for _, outcome := range m.Operations[i].Answers() {
				series := requests(m.Name+"."+m.Operations[i].Name, outcome)
				assert.Contains(t, all, series)
				assert.NotContains(t, []string{"respond", "fault", "problem"}, outcome)
			}
		}
		for _, event := range m.Events {
			assert.Contains(t, all, fmt.Sprintf(`mockpay_webhook_attempts_total{provider=%q,event=%q,result="delivered"}`, m.Name, event))
		}
		for kind := range m.Jobs {
			assert.Contains(t, all, fmt.Sprintf(`mockpay_jobs_total{kind="%s.%s",result="done"}`, m.Name, kind))
		}
	}
	assert.Zero(t, total(all, "mockpay_requests_total"))
}

func TestMetricsOfCalls(t *testing.T) {
	const scenario = `version: 1
rules:
  - {on: dinardragon.status, when: {header.X-Do: own}, respond: {status: 418, body: "short and stout"}}
  - {on: dinardragon.status, when: {header.X-Do: limit}, respond: rate_limited}
  - {on: dinardragon.status, when: {header.X-Do: late}, delay: 60ms}
  - {on: dinardragon.status, when: {header.X-Do: drop}, fault: drop}
  - {on: dinaricash.ach, fault: lost_reply}
`
	h := newServer(t, server.Options{}).Handler()
	load(t, h, scenario)
	status(h)
	status(h, "X-Do", "own")
	status(h, "X-Do", "limit")
	status(h, "X-Do", "late")
	status(h, "X-Do", "drop")
	status(h, "X-Mockpay-Outcome", "server_error")
	status(h, "X-Mockpay-Outcome", "no_such_outcome")
	status(h, "Authorization", "nobody")
	do(h, "POST", "/dinaricash/", achForm, "Content-Type", "application/x-www-form-urlencoded")
	do(h, "POST", "/dinaricash/", achForm+strings.Repeat("&X=y", 1<<20), "Content-Type", "application/x-www-form-urlencoded")
	do(h, "POST", "/dinardragon/nowhere", "")
	do(h, "PUT", "/dinardragon/status", "")
	do(h, "GET", "/nobody", "")
	do(h, "GET", "/healthz", "")

	all := values(t, h)
	calls := map[string]float64{
		requests("dinardragon.status", "payment_unknown"): 2,
		requests("dinardragon.status", "respond"):         1,
		requests("dinardragon.status", "rate_limited"):    1,
		requests("dinardragon.status", "fault"):           1,
		requests("dinardragon.status", "server_error"):    1,
		requests("dinardragon.status", "problem"):         1,
		requests("dinardragon.status", "invalid_key"):     1,
		requests("dinaricash.ach", "success"):             1,
		requests("dinaricash.ach", "too_large"):           1,

		of("dinardragon", "unmatched", "not_found"):          1,
		of("dinardragon", "unmatched", "method_not_allowed"): 1,
	}
	for series, want := range calls {
		assert.Equal(t, want, all[series], series)
	}
	assert.Equal(t, 12.0, total(all, "mockpay_requests_total"), "control calls and health checks are none")
	assert.Equal(t, 12.0, total(all, "mockpay_request_duration_seconds_count"))
	assert.GreaterOrEqual(t, total(all, `mockpay_request_duration_seconds_sum{provider="dinardragon"`), 0.06)
	assert.GreaterOrEqual(t, all[`mockpay_request_duration_seconds_bucket{provider="dinardragon",operation="dinardragon.status",le="+Inf"}`]-
		all[`mockpay_request_duration_seconds_bucket{provider="dinardragon",operation="dinardragon.status",le="0.05"}`], 1.0, "one was delayed")
	assert.Equal(t, 5.0, all[`mockpay_rules_acted_total{provider="dinardragon",operation="dinardragon.status"}`])
	assert.Equal(t, 1.0, all[`mockpay_rules_acted_total{provider="dinaricash",operation="dinaricash.ach"}`])
	assert.Equal(t, 1.0, all[`mockpay_faults_total{provider="dinardragon",fault="drop"}`])
	assert.Equal(t, 1.0, all[`mockpay_faults_total{provider="dinaricash",fault="lost_reply"}`])
	assert.Equal(t, 2.0, total(all, "mockpay_faults_total"))
}

// TestMetricsOnlyGrow resets and deletes what was counted in.
func TestMetricsOnlyGrow(t *testing.T) {
	s := start(t, server.Options{JournalSize: 2})
	h, c := s.Handler(), client.New(s.URL())
	team, err := c.CreateWorkspace(t.Context(), client.WorkspaceSpec{ID: "team"})
	require.NoError(t, err)
	for range 5 {
		status(h)
		status(h, "Authorization", team.Providers["dinardragon"].Credentials["private_key"])
	}
	before := values(t, h)
	assert.Equal(t, 10.0, before[requests("dinardragon.status", "payment_unknown")])
	assert.Equal(t, 6.0, before["mockpay_journal_dropped_total"])
	assert.Equal(t, 2.0, before["mockpay_workspaces"])

	require.NoError(t, c.DeleteWorkspace(t.Context(), "team"))
	_, err = c.Reset(t.Context())
	require.NoError(t, err)
	after := values(t, h)
	assert.Equal(t, 1.0, after["mockpay_workspaces"])
	for series, n := range before {
		if strings.HasPrefix(series, "mockpay_") && series != "mockpay_workspaces" {
			assert.Equal(t, n, after[series], series)
		}
	}

	requests, err := c.Requests(t.Context(), client.RequestFilter{})
	require.NoError(t, err)
	assert.Empty(t, requests.Requests, "metrics are not journaled")
	text, err := c.Metrics(t.Context())
	require.NoError(t, err)
	assert.Contains(t, text, "mockpay_journal_dropped_total 6\n")
}

func TestMetricsOfTwoServers(t *testing.T) {
	one, other := newServer(t, server.Options{}).Handler(), newServer(t, server.Options{}).Handler()
	status(one)
	assert.Equal(t, 1.0, total(values(t, one), "mockpay_requests_total"))
	assert.Zero(t, total(values(t, other), "mockpay_requests_total"))
}

func TestMetricsNeedTheToken(t *testing.T) {
	h := newServer(t, server.Options{ControlToken: "sesame"}).Handler()
	assert.Equal(t, 401, do(h, "GET", "/_mockpay/metrics", "").Code)
	assert.Equal(t, 200, do(h, "GET", "/_mockpay/metrics", "", "Authorization", "Bearer sesame").Code)
	assert.Equal(t, 405, do(h, "POST", "/_mockpay/metrics", "", "Authorization", "Bearer sesame").Code)
}

// TestMetricsOfWebhooks has a receiver refuse two events, and then take them.
func TestMetricsOfWebhooks(t *testing.T) {
	var asked atomic.Int64
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) <= 2 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer receiver.Close()
	s := start(t, server.Options{WebhookURLs: map[string]string{"dinaricash": receiver.URL + "/hooks"}})
	h, c := s.Handler(), client.New(s.URL())
	load(t, h, "version: 1\nclock: {frozen: true}\nproviders: {dinaricash: {webhook: {attempts: 3, backoff: [1s, 1s]}}}\n")
	require.Equal(t, 200, do(h, "POST", "/dinaricash/", achForm, "Content-Type", "application/x-www-form-urlencoded").Code)
	_, err := c.Advance(t.Context(), 0)
	require.NoError(t, err, "the first attempt is over then")
	all := values(t, h)
	assert.Equal(t, 2.0, all["mockpay_webhooks_pending"], "a send is accepted, then it is done")
	_, err = c.Advance(t.Context(), 1e10)
	require.NoError(t, err)

	all = values(t, h)
	attempts := func(result string) float64 {
		return all[`mockpay_webhook_attempts_total{provider="dinaricash",event="transaction_status",result="`+result+`"}`]
	}
	assert.Equal(t, 2.0, attempts("rejected"))
	assert.Equal(t, 2.0, attempts("delivered"))
	assert.Equal(t, 4.0, total(all, "mockpay_webhook_attempts_total"))
	assert.Equal(t, 4.0, all[`mockpay_webhook_attempt_duration_seconds_count{provider="dinaricash",event="transaction_status"}`])
	assert.Equal(t, 2.0, all[`mockpay_jobs_total{kind="webhook.retry",result="done"}`])
	assert.Zero(t, all["mockpay_webhooks_pending"])
}

// TestMetricsNameNothingOfUsers holds down how many series there can be: what
// users name has none.
func TestMetricsNameNothingOfUsers(t *testing.T) {
	h := newServer(t, server.Options{}).Handler()
	load(t, h, `version: 1
name: leaky-scenario
rules: [{name: leaky-rule, on: dinardragon.status, respond: {status: 499, body: leaky-body}}]
timeline: [{at: 1s, do: dinaricash.card_purchase, with: {card: leaky-card, amount: 1}}]
`)
	before := len(values(t, h))
	require.Equal(t, 201, do(h, "POST", "/_mockpay/workspaces", `{"id":"leaky-workspace"}`).Code)
	status(h)
	require.Equal(t, 200, do(h, "POST", "/_mockpay/clock", `{"advance":"1h"}`).Code)
	for i := range 50 {
		do(h, "GET", fmt.Sprintf("/dinaricash/leaky-path-%d?q=leaky", i), "")
		status(h, "X-Mockpay-Outcome", fmt.Sprintf("leaky%d", i))
	}
	assert.NotContains(t, told(t, h), "leaky")
	const histogram, outcomes = 20, 2 // respond and problem
	assert.LessOrEqual(t, len(values(t, h)), before+2*histogram+outcomes)
	assert.Equal(t, 1.0, values(t, h)[`mockpay_jobs_total{kind="timeline",result="done"}`])
}

// TestMetricsWhileBusy reads while calls come in and workspaces come and go.
func TestMetricsWhileBusy(t *testing.T) {
	h := newServer(t, server.Options{}).Handler()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			status(h)
			do(h, "POST", "/_mockpay/workspaces", `{"id":"w"}`)
			do(h, "DELETE", "/_mockpay/workspaces/w", "")
		}
	}()
	last := 0.0
	for range 20 {
		n := total(values(t, h), "mockpay_requests_total")
		assert.GreaterOrEqual(t, n, last)
		last = n
	}
	cancel()
	<-done
}
