package mockpay_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
	"github.com/mockpay/mockpay/mockpaytest"
	"github.com/mockpay/mockpay/mocks"
	"github.com/mockpay/mockpay/scenarios"
)

// patience is how long an example may take.
const patience = time.Minute

// node is the path of Node, which must be there.
func node(t *testing.T) string {
	path, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("node is needed: make need installs it")
	}
	return path
}

// An exampleIn is an example in one of the languages there are, as a command.
type exampleIn struct {
	language string
	command  func(*testing.T) []string
}

// payers are the examples that pay through Pontis Globe.
var payers = []exampleIn{
	{"Node", func(t *testing.T) []string { return []string{node(t), "examples/node/pay.mjs"} }},
	{"Go", func(t *testing.T) []string { return []string{goExample(t, "pontis-pay")} }},
}

// goExamples are the examples in Go, made once for all tests of this package.
var goExamples struct {
	once sync.Once
	dir  string
	err  error
}

// goExample is the path of an example in Go.
func goExample(t *testing.T, name string) string {
	goExamples.once.Do(func() {
		if goExamples.dir, goExamples.err = os.MkdirTemp("", "mockpay-examples"); goExamples.err == nil {
			goExamples.err = goBuild(goExamples.dir, "./examples/go/...")
		}
	})
	require.NoError(t, goExamples.err)
	return filepath.Join(goExamples.dir, name)
}

// An example is a program that pays, while it runs.
type example struct {
	t         *testing.T
	cmd       *exec.Cmd
	stdin     io.Writer
	stdout    *bufio.Reader
	stderr    bytes.Buffer // whole once it has ended
	callbacks string       // where it takes them
}

// launch runs an example.
func launch(t *testing.T, command, env []string) *example {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	e := &example{t: t, cmd: exec.CommandContext(ctx, command[0], command[1:]...)}
	e.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, env...)
	e.cmd.Stderr = &e.stderr
	var err error
	e.stdin, err = e.cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := e.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, e.cmd.Start())
	e.stdout = bufio.NewReader(stdout)
	return e
}

// start runs an example that pays in live mode until it takes callbacks.
func start(t *testing.T, command []string, m *mockpaytest.Mockpay, env ...string) *example {
	e := launch(t, command, append([]string{
		"CALLBACK_PORT=0", "PONTIS_BASE_URL=" + m.Workspace.Providers["usdtpayout"].LiveBaseURL,
	}, env...))
	line, err := e.stdout.ReadString('\n')
	if err != nil {
		_ = e.cmd.Wait() // what it said counts
		t.Fatalf("it ended at once: %s", &e.stderr)
	}
	e.callbacks = strings.TrimSpace(strings.TrimPrefix(line, "callbacks go to "))
	return e
}

// ends waits for the example's exit code, and returns what it printed after where
// it takes callbacks.
func (e *example) ends(code int) string {
	e.t.Helper()
	out, err := io.ReadAll(e.stdout)
	require.NoError(e.t, err)
	_ = e.cmd.Wait() // the exit code says it
	assert.Equal(e.t, code, e.cmd.ProcessState.ExitCode(), "%s%s", out, &e.stderr)
	return string(out)
}

// account is what an example signs in with, as variables.
func account(m *mockpaytest.Mockpay) (env []string) {
	for name, value := range m.Workspace.Providers["usdtpayout"].Credentials {
		env = append(env, "PONTIS_"+strings.ToUpper(name)+"="+value)
	}
	return env
}

// The examples pay, poll and take the callback; and end with an error when
// something is wrong.
func TestExamplesPay(t *testing.T) {
	t.Parallel()
	const passing = `version: 1
name: passing
clock: {frozen: true}
rules:
  - {on: usdtpayout.send_payout, times: 1, respond: jwt_expired}
  - {on: usdtpayout.payout_status, times: 1, respond: rate_limited}
`
	const closed = `version: 1
name: closed
clock: {frozen: true}
rules:
  - on: usdtpayout.send_payout
    settle: {as: failed, after: 2s, message: Beneficiary account closed}
`
	const atOnce = `version: 1
name: at once
clock: {frozen: true}
providers:
  usdtpayout: {processing_after: 0s, settle_after: 0s}
`
	for _, p := range payers {
		t.Run(p.language, func(t *testing.T) {
			t.Parallel()
			command := p.command(t)

			t.Run("Default", func(t *testing.T) {
				t.Parallel()
				m := mockpaytest.Start(t, mockpaytest.Default())
				_, err := m.Freeze(t.Context())
				require.NoError(t, err)
				e := start(t, command, m)
				conclude(t, m, e, true)
				out := e.ends(0)
				id := strings.Fields(out + " - - -")[2]
				assert.Equal(t, "logged in\n"+id+" pending\n"+id+" completed\n"+id+" completed, says a callback that is genuine\n", out)
			})
			t.Run("Audited", func(t *testing.T) {
				t.Parallel()
				m := mockpaytest.Start(t, mockpaytest.Scenario(passing))
				e := start(t, command, m, account(m)...)
				result, err := m.AuditWebhooks(t.Context(), "usdtpayout", e.callbacks)
				require.NoError(t, err)
				assert.True(t, result.OK, "%+v", result.Checks)
				require.Len(t, result.Checks, 5)
				assert.Equal(t, "once", result.Checks[4].Handled)
				conclude(t, m, e, false)
				e.ends(0)
			})
			t.Run("Passing", func(t *testing.T) {
				t.Parallel()
				m := mockpaytest.Start(t, mockpaytest.Scenario(passing))
				e := start(t, command, m, account(m)...)
				conclude(t, m, e, false)
				e.ends(0)
				logins, err := m.Requests(t.Context(), client.RequestFilter{Operation: "usdtpayout.login"})
				require.NoError(t, err)
				assert.Len(t, logins.Requests, 2)
				assert.Equal(t, "9875", m.Balance("usdtpayout", "USDT"), "it pays once")
			})
			t.Run("Failed", func(t *testing.T) {
				t.Parallel()
				m := mockpaytest.Start(t, mockpaytest.Scenario(closed))
				e := start(t, command, m, account(m)...)
				conclude(t, m, e, false)
				e.ends(1)
				assert.Contains(t, e.stderr.String(), "the payout is failed: Beneficiary account closed")
			})
			t.Run("NoCallback", func(t *testing.T) {
				t.Parallel()
				m := mockpaytest.Start(t, mockpaytest.Scenario(atOnce))
				e := start(t, command, m, append(account(m), "PONTIS_TIMEOUT=1")...)
				e.ends(1)
				assert.Contains(t, e.stderr.String(), "no callback came about ")
			})
			t.Run("WrongSecret", func(t *testing.T) {
				t.Parallel()
				m := mockpaytest.Start(t)
				e := start(t, command, m, append(account(m), "PONTIS_HMAC_SECRET=oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr8")...)
				e.ends(1)
				assert.Contains(t, e.stderr.String(), "401 invalid_signature")
			})
		})
	}
}

// conclude has an example's payout end, on a clock that stands, and its callback
// sent; after another, if asked for, that the example must refuse.
func conclude(t *testing.T, m *mockpaytest.Mockpay, e *example, forged bool) {
	t.Helper()
	_, err := m.SetWebhookEndpoint(t.Context(), "usdtpayout", client.WebhookEndpoint{URL: e.callbacks})
	require.NoError(t, err)
	_, err = m.AwaitRequests(t.Context(), "usdtpayout.payout_status", 1, patience)
	require.NoError(t, err)
	if forged {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, e.callbacks, strings.NewReader(`{"transaction_id":"x","status":"completed","status_message":null}`))
		require.NoError(t, err)
		req.Header.Set("X-Pontis-Timestamp", fmt.Sprint(time.Now().Unix()))
		req.Header.Set("X-Pontis-Signature", "sha256="+strings.Repeat("0", 64))
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		assert.Equal(t, http.StatusUnauthorized, res.StatusCode)
	}
	m.Advance(2 * time.Second)
	sent, err := m.Webhooks(t.Context(), client.WebhookFilter{})
	require.NoError(t, err)
	told := slices.DeleteFunc(sent.Webhooks, func(hook client.Webhook) bool { return hook.Audit != "" })
	require.Len(t, told, 1)
	assert.Equal(t, "delivered", told[0].Status, told[0].Hint)
}

// mobilePayers are the examples that pay through Dollr.
var mobilePayers = []exampleIn{
	{"Node", func(t *testing.T) []string { return []string{node(t), "examples/node/dollr-payout.mjs"} }},
	{"Go", func(t *testing.T) []string { return []string{goExample(t, "dollr-payout")} }},
	{"Python", func(t *testing.T) []string { return python(t, "dollr_payout.py") }},
}

// A till pays through Dollr with one of the examples, one run after another.
type till struct {
	*mockpaytest.Mockpay
	t       *testing.T
	command []string
	env     []string
	file    string // where an example keeps what has no end yet
}

// run starts an example that pays to a phone, with more variables.
func (m *till) run(phone, amount string, env ...string) *example {
	m.t.Helper()
	command := append(slices.Clone(m.command), "Musu Flomo", phone, amount)
	return launch(m.t, command, append(slices.Clone(m.env), env...))
}

// pays runs an example to its end, and returns what it printed.
func (m *till) pays(code int, phone, amount string, env ...string) (out, err string) {
	m.t.Helper()
	e := m.run(phone, amount, env...)
	out = e.ends(code)
	if code == 0 || code == 1 {
		assert.NoFileExists(m.t, m.file, "the end is known")
	}
	return out, e.stderr.String()
}

// moved is what payouts took from the wallet, and what came back to it.
func (m *till) moved() (debits, credits []string) {
	m.t.Helper()
	return moves(m.t, m.Mockpay, "executions", "USD")
}

// paidOnce asserts that one debit was made, and none came back.
func (m *till) paidOnce(amount string) {
	m.t.Helper()
	debits, credits := m.moved()
	assert.Equal(m.t, []string{"-" + amount}, debits)
	assert.Empty(m.t, credits)
}

// paidNothing asserts that no money has moved.
func (m *till) paidNothing() {
	m.t.Helper()
	debits, credits := m.moved()
	assert.Empty(m.t, debits)
	assert.Empty(m.t, credits)
}

// calls are those of an operation, or of all if it is "", oldest first.
func (m *till) calls(operation string) []client.Request {
	m.t.Helper()
	return callsOf(m.t, m.Mockpay, operation)
}

// polled waits until the status was asked for after now.
func (m *till) polled() {
	m.t.Helper()
	n := len(m.calls("executions.payout_status"))
	_, err := m.AwaitRequests(m.t.Context(), "executions.payout_status", n+2, patience) // one may be on its way
	require.NoError(m.t, err)
}

// pace makes the clock a hundred times as fast.
func (m *till) pace() {
	m.t.Helper()
	_, err := m.SetSpeed(m.t.Context(), 100)
	require.NoError(m.t, err)
}

// key is what every reference_id that an example prints looks like.
const key = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"

// phones by how payouts to them end, and what is paid to them.
const (
	paidPhone    = "231771234599"
	refusedPhone = "231771234500"

	quoted = "MTN_MOMO_LBR: 25.00 USD for 25.00 USD\n"
)

// atOnce settles what is accepted at once, with more rules or knobs.
func atOnce(knobs, rules string) string {
	text := "version: 1\nname: at once\nextends: instant\n"
	if knobs != "" {
		text += "providers: {executions: {" + knobs + "}}\n"
	}
	if rules != "" {
		text += "rules:\n" + rules
	}
	return text
}

// The examples pay by mobile money once, whatever goes wrong, and say so.
func TestExamplesPayByMobileMoney(t *testing.T) {
	t.Parallel()
	for _, p := range mobilePayers {
		t.Run(p.language, func(t *testing.T) {
			t.Parallel()
			command := p.command(t)
			for _, tt := range mobilePayments {
				t.Run(tt.name, func(t *testing.T) {
					t.Parallel()
					m := mockpaytest.Start(t, mockpaytest.Scenario(tt.scenario))
					file := filepath.Join(t.TempDir(), "payout.json")
					env := []string{"DOLLR_BASE_URL=" + m.BaseURL("executions"), "DOLLR_STORE=" + file, "DOLLR_POLL=0.02"}
					for name, credential := range map[string]string{
						"DOLLR_CLIENT_ID": "client_id", "DOLLR_CLIENT_SECRET": "client_secret",
						"DOLLR_PASSCODE": "passcode", "DOLLR_PASSCODE_PHONE": "phone",
					} {
						env = append(env, name+"="+m.Credential("executions", credential))
					}
					tt.run(t, &till{m, t, command, env, file})
				})
			}
		})
	}
}

// mobilePayments are what the examples are tried with.
var mobilePayments = []struct {
	name, scenario string
	run            func(*testing.T, *till)
}{
	{"Default", "default", func(t *testing.T, m *till) {
		_, err := m.Freeze(t.Context())
		require.NoError(t, err)
		e := m.run(paidPhone, "25.00")
		m.polled()
		assert.FileExists(t, m.file, "it is stored before it has an end")
		m.Advance(time.Second)
		m.polled()
		m.Advance(2 * time.Second)
		assert.Regexp(t, `\A`+quoted+key+` PENDING\n`+key+` PROCESSING\n`+key+` COMPLETED\n\z`, e.ends(0))
		assert.NoFileExists(t, m.file)
		m.paidOnce("25")

		var flow []string
		for _, call := range m.calls("") {
			assert.Equal(t, 200, call.Status, call.Hint)
			flow = append(flow, strings.TrimPrefix(call.Operation, "executions."))
		}
		assert.Equal(t, []string{
			"token", "predict_mmo_provider_info", "predict_amount_and_fees", "create_party", "create_counterparty",
			"create_payment_account", "create_payout_session", "payout", "payout_status",
		}, slices.Compact(flow))
	}},
	{"OperatorFailure", "instant", func(t *testing.T, m *till) {
		out, err := m.pays(1, refusedPhone, "25.00")
		assert.Regexp(t, `\A`+quoted+key+` PENDING\n`+key+` FAILED\n\z`, out)
		assert.Contains(t, err, "the payout has FAILED: Payout rejected by the operator; ask who is paid")
		debits, credits := m.moved()
		assert.Equal(t, []string{"-25"}, debits)
		assert.Equal(t, []string{"25"}, credits, "it comes back")
	}},
	{"WrongPasscode", "execution-wrong-passcode", func(t *testing.T, m *till) {
		_, err := m.pays(1, paidPhone, "25.00")
		assert.Contains(t, err, "403 Invalid passcode: the passcode is wrong, or the merchant may not pay out; compare DOLLR_PASSCODE and")
		assert.Len(t, m.calls("executions.payout"), 1, "it stops")
		m.paidNothing()

		m.pace()
		m.pays(0, paidPhone, "25.00")
		m.paidOnce("25")
	}},
	{"LowWallet", "execution-low-wallet", func(t *testing.T, m *till) {
		m.pace()
		_, err := m.pays(1, paidPhone, "50.01")
		assert.Contains(t, err, "the payout has FAILED: Insufficient wallet balance; top up the wallet")
		m.paidNothing()

		_, failed := m.SetBalances(t.Context(), client.Balances{"executions": {"USD": "1000"}})
		require.NoError(t, failed)
		m.pays(0, paidPhone, "50.01")
		m.paidOnce("50.01")
	}},
	{"UnverifiedMerchant", "execution-unverified-merchant", func(t *testing.T, m *till) {
		_, err := m.pays(1, paidPhone, "25.00")
		assert.Contains(t, err, "403 Forbidden: the merchant is not verified for payouts yet, see to it in the portal")
		assert.Len(t, m.calls("executions.token"), 1, "another token does not help")
		assert.Empty(t, m.calls("executions.payout"))
		m.paidNothing()
	}},
	{"StuckProcessing", "execution-stuck-processing", func(t *testing.T, m *till) {
		m.pace()
		out, err := m.pays(3, paidPhone, "25.00", "DOLLR_TIMEOUT=1")
		assert.Regexp(t, key+` PROCESSING\n\z`, out)
		assert.Regexp(t, key+` is still PROCESSING after 1 ?s and may yet be paid: do not pay otherwise, run this again`, err)
		_, err = m.pays(2, paidPhone, "26.00")
		assert.Contains(t, err, "payout.json holds a payout to Musu Flomo that has no end yet", "another payout waits")

		_, failed := m.Simulate(t.Context(), "executions.transition", map[string]string{"reference": "last", "as": "COMPLETED"})
		require.NoError(t, failed)
		out, _ = m.pays(0, paidPhone, "25.00")
		assert.Regexp(t, `\A`+key+` is from an earlier run\n`+key+` COMPLETED\n\z`, out)
		assert.Len(t, m.calls("executions.payout"), 1)
		m.paidOnce("25")
	}},
	{"ServerError", atOnce("", "  - {on: executions.payout, times: 1, respond: server_error}\n"), func(t *testing.T, m *till) {
		out, _ := m.pays(0, paidPhone, "25.00")
		assert.Regexp(t, `\A`+quoted+key+` has no clear answer: 500 Internal Server Error\n`+key+` PENDING\n`+key+` COMPLETED\n\z`, out)
		m.paidOnce("25")

		payouts := m.calls("executions.payout")
		require.Len(t, payouts, 2)
		assert.NotEqual(t, payouts[0].Request.Fields["reference_id"], payouts[1].Request.Fields["reference_id"])
		assert.NotEqual(t, payouts[0].Request.Fields["session_id"], payouts[1].Request.Fields["session_id"])
		var between []int
		for _, status := range m.calls("executions.payout_status") {
			if status.Request.Fields["reference_id"] == payouts[0].Request.Fields["reference_id"] {
				between = append(between, status.Status)
			}
		}
		assert.Equal(t, []int{404, 404, 404}, between, "it asks before it pays again")
	}},
	{"ServerErrors", atOnce("", "  - {on: executions.payout, respond: server_error}\n"), func(t *testing.T, m *till) {
		e := m.run(paidPhone, "25.00")
		e.ends(1)
		assert.Contains(t, e.stderr.String(), "Dollr gave no clear answer three times, and paid nothing")
		assert.FileExists(t, m.file, "the next run asks once more")
		assert.Len(t, m.calls("executions.payout"), 3)
		m.paidNothing()
	}},
	{"LostAnswer", atOnce("", ""), func(t *testing.T, m *till) {
		out, _ := m.pays(0, paidPhone, "25.00", "DOLLR_BASE_URL="+losing(t, m.BaseURL("executions")))
		assert.Regexp(t, `\A`+quoted+key+` has no clear answer: .*\n`+key+` COMPLETED\n\z`, out)
		assert.Len(t, m.calls("executions.payout"), 1, "it was paid")
		m.paidOnce("25")
	}},
	{"RateLimited", atOnce("", "  - {on: executions.payout, times: 1, respond: rate_limited}\n"), func(t *testing.T, m *till) {
		m.pays(0, paidPhone, "25.00")
		payouts := m.calls("executions.payout")
		require.Len(t, payouts, 2)
		assert.Equal(t, payouts[0].Request.Fields["reference_id"], payouts[1].Request.Fields["reference_id"], "429 does nothing")
		m.paidOnce("25")
	}},
	{"TokenExpires", "default", func(t *testing.T, m *till) {
		_, err := m.Freeze(t.Context())
		require.NoError(t, err)
		e := m.run(paidPhone, "25.00")
		m.polled()
		m.Advance(time.Hour)
		e.ends(0)
		refused, err := m.Requests(t.Context(), client.RequestFilter{Status: 401})
		require.NoError(t, err)
		assert.Len(t, refused.Requests, 1)
		assert.Len(t, m.calls("executions.token"), 2)
		m.paidOnce("25")
	}},
	{"TokenRunsLow", atOnce("token_ttl: 4m", ""), func(t *testing.T, m *till) {
		m.pays(0, paidPhone, "25.00")
		tokens := 0
		for _, call := range m.calls("") {
			assert.Equal(t, 200, call.Status)
			if call.Operation == "executions.token" {
				tokens++
			}
		}
		assert.Equal(t, len(m.calls(""))-tokens, tokens, "one for each call: less than five minutes are left")
		m.paidOnce("25")
	}},
	{"WrongSecret", "default", func(t *testing.T, m *till) {
		_, err := m.pays(1, paidPhone, "25.00", "DOLLR_CLIENT_SECRET=another")
		assert.Contains(t, err, "401 Could not validate credentials: compare DOLLR_CLIENT_ID and DOLLR_CLIENT_SECRET with the portal")
	}},
	{"InvalidPhone", "default", func(t *testing.T, m *till) {
		_, err := m.pays(1, "+231771234567", "25.00")
		assert.Contains(t, err, "Dollr does not take these values: 422 query.phone: invalid phone")
	}},
	{"NoPasscode", "default", func(t *testing.T, m *till) {
		_, err := m.pays(2, paidPhone, "25.00", "DOLLR_PASSCODE=")
		assert.Contains(t, err, "DOLLR_PASSCODE is not set")
		assert.Empty(t, m.calls(""))
	}},
}

// losing is where a provider answers whose first answer to a payout is lost.
func losing(t *testing.T, base string) string {
	target, err := url.Parse(base)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	var lost atomic.Bool
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/executions/payout") && !lost.Swap(true) {
			proxy.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// vectors is what mockpay vectors usdtpayout prints.
func vectors(t *testing.T) []byte {
	out, err := exec.Command(program(t), "vectors", "usdtpayout").Output()
	require.NoError(t, err)
	return out
}

// judged is what vectors.mjs says of vectors, and whether it found no difference.
func judged(t *testing.T, vectors []byte) (says string, ok bool) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, node(t), "examples/node/vectors.mjs")
	cmd.Stdin = bytes.NewReader(vectors)
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

// Node's own cryptography agrees with the test vectors, and would find what is
// wrong with them.
func TestVectorsInNode(t *testing.T) {
	t.Parallel()
	all := vectors(t)
	says, ok := judged(t, all)
	assert.True(t, ok, says)
	assert.Regexp(t, `(?m)^\d\d requests, \d+ of them valid\n\d+ callbacks, \d+ of them valid\nok\n\z`, says)

	for _, tt := range []struct {
		name, of, key string
		value         any
	}{
		{"InvalidButRight", "requests", "valid", false},
		{"OtherSignature", "requests", "x-signature", strings.Repeat("0", 64)},
		{"OtherBlob", "requests", "blob", "AAECAwQFBgcICQoL:TGXg2hfwswizFDJKFLyglQ:PCCz"},
		{"OtherPlaintext", "requests", "plaintext", "{}"},
		{"OtherIV", "requests", "iv", strings.Repeat("0", 24)},
		{"OtherTime", "requests", "x-timestamp", "1"},
		{"OtherBody", "requests", "body", `{"data":"x"}`},
		{"OtherStatus", "requests", "status", 201},
		{"CallbackInvalidButRight", "callbacks", "valid", false},
		{"CallbackOtherBody", "callbacks", "body", "{}"},
		{"CallbackOtherTime", "callbacks", "x-pontis-timestamp", "1"},
		{"CallbackOtherSignature", "callbacks", "x-pontis-signature", "sha256="},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var wrong map[string]any
			require.NoError(t, json.Unmarshal(all, &wrong))
			wrong[tt.of].([]any)[0].(map[string]any)[tt.key] = tt.value
			text, err := json.Marshal(wrong)
			require.NoError(t, err)
			says, ok := judged(t, text)
			assert.False(t, ok, says)
			assert.Contains(t, says, "differences: ")
		})
	}
}

// A server answers each vector of a request as the vector says.
func TestVectorsOverHTTP(t *testing.T) {
	t.Parallel()
	var all struct {
		Credentials map[string]string
		Now         int64
		Requests    []struct {
			Name, Body, Code string
			Timestamp        string `json:"x-timestamp"`
			Signature        string `json:"x-signature"`
			Status           int
		}
	}
	require.NoError(t, json.Unmarshal(vectors(t), &all))
	require.NotEmpty(t, all.Requests)
	at := time.Unix(all.Now, 0).UTC().Format(time.RFC3339)
	m := mockpaytest.Start(t, mockpaytest.Default(), mockpaytest.Scenario("version: 1\nname: vectors\nclock: {start: "+at+", frozen: true}\n"))
	require.Equal(t, m.Workspace.Providers["usdtpayout"].Credentials, all.Credentials)
	for _, v := range all.Requests {
		t.Run(v.Name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, m.BaseURL("usdtpayout")+"/api/v1/user/login", strings.NewReader(v.Body))
			require.NoError(t, err)
			for name, value := range map[string]string{"Content-Type": "application/json", "X-Api-Key": all.Credentials["api_key"], "X-Timestamp": v.Timestamp, "X-Signature": v.Signature} {
				if value != "" {
					req.Header.Set(name, value)
				}
			}
			res, err := http.DefaultClient.Do(req)
			require.NoError(t, err)
			defer res.Body.Close()
			var answer struct{ Error struct{ Code string } }
			require.NoError(t, json.NewDecoder(res.Body).Decode(&answer))
			assert.Equal(t, v.Status, res.StatusCode, res.Header.Get("X-Mockpay-Hint"))
			assert.Equal(t, v.Code, answer.Error.Code, res.Header.Get("X-Mockpay-Hint"))
		})
	}
}

var imported = regexp.MustCompile(`(?m)^import .* from '([^']+)';$`)

// The examples in Node need no packages, what their documents link to is there,
// and their scenario has no mistakes.
func TestExamplesAreWhole(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("examples/*/*.mjs")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	found := 0
	for _, file := range files {
		for _, m := range imported.FindAllStringSubmatch(document(t, file), -1) {
			assert.Regexp(t, `^(node:|\./)`, m[1], file)
			found++
		}
	}
	assert.Greater(t, found, len(files))
	documents, err := filepath.Glob("examples/*/README.md")
	require.NoError(t, err)
	require.NotEmpty(t, documents)
	for _, file := range append(documents, "examples/receivers.md") {
		links(t, file, document(t, file))
	}
	for _, pattern := range []string{"examples/node/d*.mjs", "examples/node/exact.mjs", "examples/go/d*/*.go"} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		require.NotEmpty(t, files, pattern)
		for _, file := range files {
			assert.NotRegexp(t, `(?i)mockpay|localhost|:4402`, document(t, file), "%s knows its provider only", file)
		}
	}
	_, err = scenarios.NewLanguage(mocks.All()).LoadFile("examples/mockpay.yaml")
	assert.NoError(t, err)
}
