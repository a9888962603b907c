package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// asking runs the command line against a server that always answers the same,
// and returns the request it made as well.
func asking(t *testing.T, status int, answer string, args ...string) (code int, stdout, stderr, request string) {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		request = strings.TrimSpace(r.Method + " " + r.URL.RequestURI() + " " + string(body))
		if status >= 400 {
			w.Header().Set("Content-Type", "application/problem+json")
		}
		w.WriteHeader(status)
		io.WriteString(w, answer)
	}))
	t.Cleanup(srv.Close)
	code, stdout, stderr = runCLI(t, noEnv, append(args, "--url", srv.URL)...)
	return code, stdout, stderr, request
}

func lines(s ...string) string { return strings.Join(s, "\n") + "\n" }

const (
	clockAnswer = `{"now":"2026-01-15T09:00:10.000Z","frozen":true,"speed":1,
		"pending":[{"at":"2026-01-15T09:15:00.000Z","kind":"dinardragon.expire","ref":"a-1"}],
		"fired":[{"at":"2026-01-15T09:00:02.000Z","kind":"dinardragon.settle","ref":"p-1"}]}`
	workspaceAnswer = `{"id":"ci","seed":7,"providers":{"usdtpayout":{"base_url":"http://h/usdtpayout",
		"live_base_url":"http://h/usdtpayout/live","credentials":{"hmac_secret":"s","api_key":"k"}}}}`
	requestAnswer = `{"id":"r-1","at":"2026-01-15T09:00:00Z","provider":"p","operation":"","method":"GET","path":"/p/x","status":404,
		"duration_us":1200,"rule":"2","fault":"truncate","hint":"no such\tpath","matched":false,
		"request":{"headers":{"B":"2","A":"1"},"body":"one\ntwo"},"response":{"headers":{},"body":""}}`
	webhookAnswer = `{"id":"w-1","provider":"p","event":"e","url":"http://h/","created_at":"2026-01-15T09:00:00Z","status":"failed",
		"cause":"req-1","hint":"the receiver answered 503","payload":{"a":1.10},"attempts":[
		{"at":"2026-01-15T09:00:00Z","status":0,"duration_us":90,"error":"connection refused","request":{"headers":{"B":"2","A":"1"},"body":"a=1.10"},"response":{"headers":{},"body":""}},
		{"at":"2026-01-15T09:00:01Z","status":503,"duration_us":1200,"error":"the receiver answered 503","request":{"headers":{"A":"1"},"body":"a=1.10"},"response":{"headers":{"C":"3"},"body":"down\nsorry"}}]}`
	deliveredAnswer = `{"id":"w-1","provider":"p","event":"e","url":"http://h/","created_at":"2026-01-15T09:00:00Z","status":"delivered",
		"cause":"req-1","hint":"","payload":{},"attempts":[{"at":"2026-01-15T09:00:00Z","status":204,"duration_us":1200}]}`
	endpointAnswer = `{"url":"http://h/","encoding":"form","attempts":3,"backoff":["1s","1m"],"timeout":"10s"}`
)

func TestText(t *testing.T) {
	tests := []struct {
		name, args, answer string
		request            string
		want               string
	}{
		{"Clock", "clock advance 10s", clockAnswer,
			`POST /_mockpay/clock?workspace=default {"advance":"10s"}`,
			lines("NOW                       FROZEN  SPEED",
				"2026-01-15T09:00:10.000Z  true    1",
				"",
				"DUE      AT                        KIND                REF",
				"fired    2026-01-15T09:00:02.000Z  dinardragon.settle  p-1",
				"pending  2026-01-15T09:15:00.000Z  dinardragon.expire  a-1")},
		{"Workspace", "workspace create --id ci --seed 0 --ttl 10m", workspaceAnswer,
			`POST /_mockpay/workspaces {"id":"ci","seed":0,"ttl":"10m0s"}`,
			lines("ID  SEED",
				"ci  7",
				"",
				"PROVIDER    SETTING        VALUE",
				"usdtpayout  base_url       http://h/usdtpayout",
				"usdtpayout  live_base_url  http://h/usdtpayout/live",
				"usdtpayout  api_key        k",
				"usdtpayout  hmac_secret    s")},
		{"WorkspaceShow", "workspace show --workspace ci", `{"id":"ci","seed":7}`,
			`GET /_mockpay/workspaces/ci`, "ID  SEED\nci  7\n\nPROVIDER  SETTING  VALUE\n"},
		{"WorkspaceList", "workspace list", `{"workspaces":[{"id":"default","seed":1},{"id":"ci","seed":-20}]}`,
			`GET /_mockpay/workspaces`, lines("ID       SEED", "default  1", "ci       -20")},
		{"Reset", "reset --workspace ci", workspaceAnswer,
			`POST /_mockpay/reset?workspace=ci`, "workspace ci reset, seed 7\n"},
		{"Timeline", "timeline", `{"timeline":[{"ref":"timeline[0]","at":"2026-01-15T09:00:00Z","do":"a.b","with":{"y":"2","x":"1 1"},"status":"refused","reason":"no b","job":"job-1-2"}]}`,
			`GET /_mockpay/timeline?workspace=default`,
			lines("REF          AT                        DO   WITH       STATUS   JOB      REASON",
				"timeline[0]  2026-01-15T09:00:00.000Z  a.b  x=1 1 y=2  refused  job-1-2  no b")},
		{"Balances", "balances set b.USD=1 a.payout=2.00", `{"b":{"USD":"1"},"a":{"payout":"2.00","float":"3"}}`,
			`PATCH /_mockpay/balances?workspace=default {"a":{"payout":"2.00"},"b":{"USD":"1"}}`,
			lines("PROVIDER  BALANCE  AMOUNT", "a         float    3", "a         payout   2.00", "b         USD      1")},
		{"Ledger", "ledger --provider a --balance USD", `{"entries":[{"at":"2026-01-15T09:00:00Z","provider":"a","balance":"USD",
			"delta":"-5.10","after":"0","operation":"a.send","request":"r-1","reference":""}]}`,
			`GET /_mockpay/ledger?balance=USD&provider=a&workspace=default`,
			lines("AT                        PROVIDER  BALANCE  DELTA  AFTER  OPERATION  BY   REFERENCE",
				"2026-01-15T09:00:00.000Z  a         USD      -5.10  0      a.send     r-1  -")},
		{"Requests", "requests --matched=false --limit 1", `{"requests":[` + requestAnswer + `],"dropped":2}`,
			`GET /_mockpay/requests?limit=1&matched=false&workspace=default`,
			lines("ID   AT                        OPERATION  METHOD  PATH  STATUS  RULE  FAULT     HINT",
				"r-1  2026-01-15T09:00:00.000Z  -          GET     /p/x  404     2     truncate  no such path",
				"",
				"2 older requests were dropped")},
		{"Request", "requests --id r-1", requestAnswer,
			`GET /_mockpay/requests/r-1?workspace=default`,
			lines("ID   AT                        OPERATION  METHOD  PATH  STATUS  TOOK",
				"r-1  2026-01-15T09:00:00.000Z  -          GET     /p/x  404     1.2ms",
				"rule: 2", "fault: truncate", "hint: no such\tpath", "> A: 1", "> B: 2", ">", "> one", "> two", "<", "")},
		{"RequestsWait", "requests --wait 2 --operation a.b --timeout 1s", `{"requests":[],"dropped":0}`,
			`GET /_mockpay/requests/wait?count=2&operation=a.b&timeout=1s&workspace=default`,
			"ID  AT  OPERATION  METHOD  PATH  STATUS  RULE  FAULT  HINT\n"},
		{"Webhooks", "webhooks --provider p --status failed --limit 1", `{"webhooks":[` + webhookAnswer + `],"dropped":2}`,
			`GET /_mockpay/webhooks?limit=1&provider=p&status=failed&workspace=default`,
			lines("ID   AT                        EVENT  STATUS  ATTEMPTS  URL        HINT",
				"w-1  2026-01-15T09:00:00.000Z  p.e    failed  2         http://h/  the receiver answered 503",
				"",
				"2 older webhooks were dropped")},
		{"WebhooksNone", "webhooks --event p.e", `{"webhooks":[],"dropped":0}`,
			`GET /_mockpay/webhooks?event=e&provider=p&workspace=default`,
			"ID  AT  EVENT  STATUS  ATTEMPTS  URL  HINT\n"},
		{"Webhook", "webhooks --id w-1", webhookAnswer,
			`GET /_mockpay/webhooks/w-1?workspace=default`,
			lines("ID   AT                        EVENT  STATUS  ATTEMPTS  URL",
				"w-1  2026-01-15T09:00:00.000Z  p.e    failed  2         http://h/",
				"cause: req-1", "hint: the receiver answered 503", `payload: {"a":1.10}`,
				"",
				"AT                        STATUS  TOOK  ERROR",
				"2026-01-15T09:00:00.000Z  -       90µs  connection refused",
				"> A: 1", "> B: 2", ">", "> a=1.10",
				"",
				"AT                        STATUS  TOOK   ERROR",
				"2026-01-15T09:00:01.000Z  503     1.2ms  the receiver answered 503",
				"> A: 1", ">", "> a=1.10", "< C: 3", "<", "< down", "< sorry", "")},
		{"WebhooksFull", "webhooks --full", `{"webhooks":[` + deliveredAnswer + `],"dropped":0}`,
			`GET /_mockpay/webhooks?workspace=default`,
			lines("ID   AT                        EVENT  STATUS     ATTEMPTS  URL",
				"w-1  2026-01-15T09:00:00.000Z  p.e    delivered  1         http://h/",
				"cause: req-1", `payload: {}`,
				"",
				"AT                        STATUS  TOOK   ERROR",
				"2026-01-15T09:00:00.000Z  204     1.2ms  -",
				"<", "")},
		{"WebhooksWait", "webhooks --wait 2 --event e --timeout 1s", `{"webhooks":[],"dropped":0}`,
			`GET /_mockpay/webhooks/wait?count=2&event=e&timeout=1s&workspace=default`,
			"ID  AT  EVENT  STATUS  ATTEMPTS  URL  HINT\n"},
		{"WebhooksRedeliver", "webhooks redeliver w-1", deliveredAnswer,
			`POST /_mockpay/webhooks/w-1/redeliver?workspace=default`,
			"webhook w-1 was delivered to http://h/: 204 in 1.2ms\n"},
		{"WebhooksRedeliverLast", "webhooks redeliver w-0 last", `{"webhooks":[{"id":"w-2"}],` + deliveredAnswer[1:],
			`POST /_mockpay/webhooks/w-2/redeliver?workspace=default`,
			lines("webhook w-1 was delivered to http://h/: 204 in 1.2ms", "webhook w-1 was delivered to http://h/: 204 in 1.2ms")},
		{"WebhooksDrain", "webhooks drain --timeout 1s", `{"pending":0}`,
			`POST /_mockpay/webhooks/drain?timeout=1s&workspace=default`, "no webhook is pending\n"},
		{"WebhooksEndpoint", "webhooks endpoint p", endpointAnswer,
			`GET /_mockpay/webhook-endpoints/p?workspace=default`,
			lines("PROVIDER  URL        ENCODING  ATTEMPTS  BACKOFF  TIMEOUT", "p         http://h/  form      3         1s,1m0s  10s")},
		{"WebhooksEndpointSet", "webhooks endpoint p http://h/ --encoding form --attempts 3 --backoff 1s,1m --request-timeout 10s",
			endpointAnswer[:len(endpointAnswer)-1] + `,"reachable":true}`,
			`PUT /_mockpay/webhook-endpoints/p?workspace=default {"url":"http://h/","encoding":"form","attempts":3,"backoff":["1s","1m0s"],"timeout":"10s"}`,
			lines("PROVIDER  URL        ENCODING  ATTEMPTS  BACKOFF  TIMEOUT", "p         http://h/  form      3         1s,1m0s  10s", "", "reachable")},
		{"Simulate", "simulate a.settle payment=last as=", `{"to":"failed","balance":"1.50","n":{"x":1}}`,
			`POST /_mockpay/simulate/a.settle?workspace=default {"as":"","payment":"last"}`,
			lines("FIELD    VALUE", "balance  1.50", `n        {"x":1}`, "to       failed")},
		{"State", "state export", `{ "a": "<1.10>" }`,
			`GET /_mockpay/state?workspace=default`, "{ \"a\": \"<1.10>\" }\n"},
		{"Scenario", "scenario show", `{"name":"n","description":"d","yaml":"version: 1\n"}`,
			`GET /_mockpay/scenario?workspace=default`, "version: 1\n"},
		{"ScenarioLoad", "scenario load instant", `{"name":"instant"}`,
			`PUT /_mockpay/scenario?workspace=default {"name":"instant"}`, "workspace default runs scenario instant\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, stdout, stderr, request := asking(t, 200, tt.answer, strings.Fields(tt.args)...)
			require.Equal(t, 0, code, stderr)
			assert.Equal(t, tt.request, request)
			assert.Equal(t, tt.want, stdout)
			assert.Empty(t, stderr)
		})
	}
}

// TestJSON: --output json is the server's document in its own order, with all
// that is in it.
func TestJSON(t *testing.T) {
	const answer = `{"now":"2026-01-15T09:00:00Z","frozen":false,"speed":1,"pending":[],"later":["<",1.10]}`
	const want = `{
  "now": "2026-01-15T09:00:00Z",
  "frozen": false,
  "speed": 1,
  "pending": [],
  "later": [
    "<",
    1.10
  ]
}
`
	code, stdout, stderr, _ := asking(t, 200, answer, "clock", "show", "--output", "json")

	require.Equal(t, 0, code, stderr)
	assert.Equal(t, want, stdout)
}

func TestNoContent(t *testing.T) {
	code, stdout, _, request := asking(t, 204, "", "workspace", "delete", "a b")
	assert.Equal(t, 0, code)
	assert.Equal(t, "DELETE /_mockpay/workspaces/a%20b", request)
	assert.Equal(t, "workspace a b deleted\n", stdout)

	code, stdout, _, _ = asking(t, 204, "", "workspace", "delete", "a", "--output", "json")
	assert.Equal(t, 0, code)
	assert.Empty(t, stdout)

	code, stdout, _, request = asking(t, 204, "", "webhooks", "endpoint", "p", "--remove")
	assert.Equal(t, 0, code)
	assert.Equal(t, "DELETE /_mockpay/webhook-endpoints/p?workspace=default", request)
	assert.Equal(t, "webhooks of p go nowhere\n", stdout)
}

// TestUnreachableEndpoint: an endpoint that nobody listens at is set all the
// same.
func TestUnreachableEndpoint(t *testing.T) {
	answer := endpointAnswer[:len(endpointAnswer)-1] + `,"reachable":false,"cause":"nothing listens on port 80 of h"}`
	for _, output := range []string{"text", "json"} {
		code, stdout, stderr, _ := asking(t, 200, answer, "webhooks", "endpoint", "p", "http://h/", "--output", output)
		assert.Equal(t, 0, code)
		assert.Contains(t, stdout, "http://h/")
		assert.NotContains(t, stdout, "\nreachable")
		assert.Equal(t, "mockpay: warning: http://h/ is not reachable: nothing listens on port 80 of h\n", stderr)
	}
}

// TestNotRedelivered: what a receiver does not take is a failure, also if it
// took it before.
func TestNotRedelivered(t *testing.T) {
	before := strings.NewReplacer(`"hint":""`, `"hint":"delivered before; delivering it once more failed"`).Replace(deliveredAnswer)
	for answer, want := range map[string]string{webhookAnswer: "the receiver answered 503", before: "delivered before; delivering it once more failed"} {
		code, stdout, stderr, _ := asking(t, 200, answer, "webhooks", "redeliver", "w-1", "w-1")
		assert.Equal(t, 1, code)
		line := "webhook w-1 was not delivered to http://h/: " + want
		assert.Equal(t, lines(line, line), stdout)
		assert.Equal(t, "mockpay: 2 webhooks not delivered\n", stderr)
	}
	code, stdout, stderr, _ := asking(t, 200, `{"webhooks":[]}`, "webhooks", "redeliver", "last")
	assert.Equal(t, 1, code)
	assert.Empty(t, stdout)
	assert.Equal(t, "mockpay: workspace default has no webhooks\n", stderr)
}

func TestRefusals(t *testing.T) {
	t.Run("Problem", func(t *testing.T) {
		code, stdout, stderr, _ := asking(t, 409, `{"title":"Conflict","detail":"the default workspace stays"}`, "workspace", "delete", "default")
		assert.Equal(t, 1, code)
		assert.Empty(t, stdout)
		assert.Equal(t, "mockpay: the default workspace stays (409 Conflict)\n", stderr)
	})
	t.Run("Mistakes", func(t *testing.T) {
		file := t.TempDir() + "/bad.yaml"
		writeFile(t, file, "sed: 1\nrule: []\n")
		code, stdout, stderr, request := asking(t, 422, `{"title":"Invalid","detail":"2 mistakes","errors":[
			{"line":1,"column":1,"path":"sed","message":"unknown key"},{"line":2,"column":1,"path":"rule","message":"unknown key"}]}`,
			"scenario", "load", file, "--rules-only")
		assert.Equal(t, 1, code)
		assert.Empty(t, stdout)
		assert.Equal(t, "PATCH /_mockpay/scenario?workspace=default sed: 1\nrule: []", request)
		assert.Equal(t, lines("mockpay: "+file+":1:1: unknown key", "mockpay: "+file+":2:1: unknown key"), stderr)
	})
	t.Run("Unhealthy", func(t *testing.T) {
		code, _, stderr, request := asking(t, 200, `{"status":"stopping","version":"1"}`, "healthcheck")
		assert.Equal(t, 1, code)
		assert.Equal(t, "GET /_mockpay/health", request)
		assert.Contains(t, stderr, `says it is "stopping"`)
	})
}
