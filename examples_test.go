package mockpay_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
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

// payers are the examples that pay, as commands.
var payers = []struct {
	name    string
	command func(*testing.T) []string
}{
	{"Node", func(t *testing.T) []string { return []string{node(t), "examples/node/pay.mjs"} }},
	{"Go", func(t *testing.T) []string { return []string{goExample(t)} }},
}

// goExample is the path of the client in Go.
func goExample(t *testing.T) string {
	dir := t.TempDir()
	require.NoError(t, goBuild(dir, "./examples/go/pontis-pay"))
	return filepath.Join(dir, "pontis-pay")
}

// An example is a program that pays, while it runs.
type example struct {
	t         *testing.T
	cmd       *exec.Cmd
	stdout    *bufio.Reader
	stderr    bytes.Buffer // whole once it has ended
	callbacks string       // where it takes them
}

// start runs an example that pays in live mode until it takes callbacks.
func start(t *testing.T, command []string, m *mockpaytest.Mockpay, env ...string) *example {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	e := &example{t: t, cmd: exec.CommandContext(ctx, command[0], command[1:]...)}
	e.cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "CALLBACK_PORT=0",
		"PONTIS_BASE_URL=" + m.Workspace.Providers["usdtpayout"].LiveBaseURL,
	}, env...)
	e.cmd.Stderr = &e.stderr
	stdout, err := e.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, e.cmd.Start())
	e.stdout = bufio.NewReader(stdout)
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
		t.Run(p.name, func(t *testing.T) {
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
	require.Len(t, sent.Webhooks, 1)
	assert.Equal(t, "delivered", sent.Webhooks[0].Status, sent.Webhooks[0].Hint)
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
	files, err := filepath.Glob("examples/node/*.mjs")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		found := imported.FindAllStringSubmatch(document(t, file), -1)
		assert.NotEmpty(t, found, file)
		for _, m := range found {
			assert.Regexp(t, `^(node:|\./)`, m[1], file)
		}
	}
	documents, err := filepath.Glob("examples/*/README.md")
	require.NoError(t, err)
	require.Len(t, documents, 2)
	for _, file := range documents {
		links(t, file, document(t, file))
	}
	_, err = scenarios.NewLanguage(mocks.All()).LoadFile("examples/mockpay.yaml")
	assert.NoError(t, err)
}
