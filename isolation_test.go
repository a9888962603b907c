package mockpay_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
	"github.com/mockpay/mockpay/mocks"
)

// A suite is an example of docs/isolation.md that a runner runs, and what the
// runner says when all three tests passed.
type suite struct {
	folder  string
	command []string
	passed  string
}

// suites are the examples, as often as they run at the same time. That in Go is
// run as all tests are.
func suites(t *testing.T) []suite {
	php := suite{"phpunit", []string{tool(t, "phpunit"), "--do-not-cache-result", "PayoutsTest.php"}, `OK \(3 tests, `}
	python := suite{"pytest", []string{tool(t, "pytest-3", "pytest"), "-p", "no:cacheprovider", "test_payouts.py"}, ` 3 passed in `}
	jest := suite{"jest", []string{node(t), "node_modules/jest/bin/jest.js", "--ci"}, `Tests: +3 passed, 3 total`}
	return []suite{jest, php, python, php, python}
}

// tool is the path of the first of some programs, one of which must be there.
func tool(t *testing.T, names ...string) string {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatalf("%s is needed: make need installs it", names[0])
	return ""
}

// The examples of docs/isolation.md pass, all at once against one server, and
// leave nothing in its default workspace.
func TestIsolation(t *testing.T) {
	t.Parallel()
	url := serve(t, mocks.All()...)
	t.Run("AtOnce", func(t *testing.T) {
		for _, s := range suites(t) {
			t.Run(s.folder, func(t *testing.T) {
				t.Parallel()
				s.run(t, url)
			})
		}
	})

	m := client.New(url)
	calls, err := m.Requests(t.Context(), client.RequestFilter{})
	require.NoError(t, err)
	assert.Empty(t, calls.Requests, "calls of the default workspace")
	entries, err := m.Ledger(t.Context(), client.LedgerFilter{})
	require.NoError(t, err)
	require.NotEmpty(t, entries)
	for _, e := range entries {
		assert.Equal(t, "opening", e.Operation)
	}
	all, err := m.Workspaces(t.Context())
	require.NoError(t, err)
	left := slices.DeleteFunc(all, func(w client.Workspace) bool { return w.ID == "default" })
	assert.Len(t, left, 3, "PHPUnit and pytest delete theirs, those of Jest have a ttl")
}

// run runs the tests of a suite.
func (s suite) run(t *testing.T, url string) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.command[0], s.command[1:]...)
	cmd.Dir = filepath.Join("examples/isolation", s.folder)
	cmd.Env = append(os.Environ(), "MOCKPAY_URL="+url, "PYTHONDONTWRITEBYTECODE=1", "NO_COLOR=1")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Regexp(t, s.passed, string(out))
}
