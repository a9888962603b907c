package mockpay_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
	"github.com/mockpay/mockpay/mockpaytest"
)

// A merchant runs programs of one language against a workspace of their own.
type merchant struct {
	*mockpaytest.Mockpay
	t       *testing.T
	command []string // what each program begins with
	env     []string
}

// newMerchant is a merchant with a scenario, a shipped one or YAML.
func newMerchant(t *testing.T, scenario string, command ...string) *merchant {
	t.Helper()
	return &merchant{Mockpay: mockpaytest.Start(t, mockpaytest.Scenario(scenario)), t: t, command: command}
}

// with has all programs run with more variables.
func (m *merchant) with(env ...string) { m.env = append(m.env, env...) }

// start begins a program; variables come after the arguments.
func (m *merchant) start(args []string, env ...string) *example {
	m.t.Helper()
	return launch(m.t, append(slices.Clone(m.command), args...), append(slices.Clone(m.env), env...))
}

// runs has a program end with an exit code, and returns what it printed.
func (m *merchant) runs(code int, args []string, env ...string) (out, err string) {
	m.t.Helper()
	e := m.start(args, env...)
	out = e.ends(code)
	return out, e.stderr.String()
}

// moved is by how much a balance has moved, in order.
func (m *merchant) moved(provider, balance string) (deltas []string) {
	m.t.Helper()
	entries, err := m.Ledger(m.t.Context(), client.LedgerFilter{Provider: provider, Balance: balance})
	require.NoError(m.t, err)
	for _, e := range entries {
		if e.Operation != "opening" && e.Operation != "set by control" {
			deltas = append(deltas, e.Delta)
		}
	}
	checks, err := m.Invariants(m.t.Context())
	require.NoError(m.t, err)
	assert.True(m.t, checks.OK, "%+v", checks)
	return deltas
}

// calls are those of an operation, or of all if it is "", oldest first.
func (m *merchant) calls(operation string) []client.Request {
	m.t.Helper()
	all, err := m.Requests(m.t.Context(), client.RequestFilter{Operation: operation})
	require.NoError(m.t, err)
	slices.Reverse(all.Requests)
	return all.Requests
}

// polled waits until an operation was called after now.
func (m *merchant) polled(operation string) {
	m.t.Helper()
	n := len(m.calls(operation))
	_, err := m.AwaitRequests(m.t.Context(), operation, n+2, patience) // one may be on its way
	require.NoError(m.t, err)
}

// goesOn replaces the rules, none if they are "".
func (m *merchant) goesOn(rules string) {
	m.t.Helper()
	_, err := m.ReplaceRules(m.t.Context(), "version: 1\nname: goes on\n"+rules)
	require.NoError(m.t, err)
}

// nobody is an address of this machine where nothing listens.
func nobody(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return l.Addr().String()
}

// leaving is where a provider answers that is gone once a path was called.
func leaving(t *testing.T, base, path string) string {
	target, err := url.Parse(base)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	s := httptest.NewUnstartedServer(nil)
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, path) {
			_ = s.Listener.Close() // what follows finds nobody
			w.Header().Set("Connection", "close")
		}
		proxy.ServeHTTP(w, r)
	})
	s.Start()
	t.Cleanup(s.Close)
	return s.URL
}

// needed is the path of a program that make need installs.
func needed(t *testing.T, name string) string {
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is needed: make need installs it", name)
	}
	return path
}

// The documents of the examples say what happens: their blocks are run as
// TestDocuments runs those of the project, beside copies of the examples.
func TestExampleDocuments(t *testing.T) {
	t.Parallel()
	for _, language := range []string{"php", "python", "curl"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			m := mockpaytest.Start(t, mockpaytest.Default())
			stepwise(t, m, "dinardragon.status", "dinaricash.list_transactions", "executions.payout_status")
			text := elsewhere(document(t, "examples/"+language+"/README.md"), m.URL)
			blocks, err := blocksOf(text)
			require.NoError(t, err)
			script := strings.Builder{}
			script.WriteString("export DINARICASH_POLL=0.05 DINARDRAGON_POLL=0.05 DOLLR_POLL=0.05\n")
			for i, b := range blocks {
				if b.mark == "test" {
					fmt.Fprintf(&script, "printf '%s'\n{\n%s}\n", began(i), b.text)
				}
			}
			require.Contains(t, script.String(), "examples/"+language)
			compare(t, blocks, bash(t, copied(t, language, m.URL), m.URL, script.String(), blocks))
		})
	}
}

// stepwise has the clock stand, and moves it by a second whenever a program has
// asked twice what became of something: none misses what happens in between.
func stepwise(t *testing.T, m *mockpaytest.Mockpay, questions ...string) {
	_, err := m.Freeze(t.Context())
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var steps sync.WaitGroup
	for _, question := range questions {
		steps.Go(func() {
			for asked := 0; ; { // what was asked before the last step does not count
				if _, err := m.AwaitRequests(ctx, question, asked+2, patience); err != nil {
					return // the test has ended, or nobody asks
				}
				_, _ = m.Client.Advance(ctx, time.Second) // the programs say if it does not
				all, err := m.Requests(ctx, client.RequestFilter{Operation: question})
				if err != nil {
					return
				}
				asked = len(all.Requests)
			}
		})
	}
	t.Cleanup(func() {
		cancel()
		steps.Wait()
	})
}

// elsewhere is a text about the server of a test.
func elsewhere(text, url string) string {
	return strings.ReplaceAll(text, "127.0.0.1:4402", strings.TrimPrefix(url, "http://"))
}

// copied is a folder with the examples in a language, for the server of a test.
func copied(t *testing.T, language, url string) string {
	dir, from := t.TempDir(), filepath.Join("examples", language)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, from), 0o700))
	files, err := os.ReadDir(from)
	require.NoError(t, err)
	for _, file := range files {
		if file.IsDir() {
			continue // Python's compiled files
		}
		name := filepath.Join(from, file.Name())
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(elsewhere(document(t, name), url)), 0o700))
	}
	return dir
}
