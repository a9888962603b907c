package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
}

// TestStateKeepsBytes: what was exported is what is imported, from a file and
// from stdin.
func TestStateKeepsBytes(t *testing.T) {
	const state = `{"b": 1.10, "a": "<é>"}`
	var restored string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "GET" {
			io.WriteString(w, state)
			return
		}
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		restored = string(body)
		w.WriteHeader(http.StatusNoContent)
	}))
	defer srv.Close()
	file := filepath.Join(t.TempDir(), "state.json")

	code, stdout, stderr := runCLI(t, noEnv, "state", "export", "-o", file, "--url", srv.URL)
	require.Equal(t, 0, code, stderr)
	assert.Empty(t, stdout)
	code, stdout, stderr = runCLI(t, noEnv, "state", "import", file, "--url", srv.URL)
	require.Equal(t, 0, code, stderr)
	assert.Equal(t, "workspace default restored from "+file+"\n", stdout)
	assert.Equal(t, state, restored)

	restored = ""
	c := newCLI(noEnv, strings.NewReader(state+"\n"), io.Discard, io.Discard)
	require.Equal(t, 0, c.run(t.Context(), []string{"state", "import", "-", "--url", srv.URL}))
	assert.Equal(t, state, restored)
}
