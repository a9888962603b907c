package main

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
	"github.com/mockpay/mockpay/mocks"
	"github.com/mockpay/mockpay/scenarios"
	"github.com/mockpay/mockpay/server"
)

// What is wrong with a file is said alike wherever it is read: by validate, by
// explain, at the start of a server, and by one that is sent its text.
func TestBrokenFilesEverywhere(t *testing.T) {
	files, err := filepath.Glob("../../scenarios/testdata/broken/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	running, err := server.New(server.Options{Addr: "127.0.0.1:0", Mocks: mocks.All()})
	require.NoError(t, err)
	require.NoError(t, running.Start())
	t.Cleanup(func() { assert.NoError(t, running.Stop(context.WithoutCancel(t.Context()))) })
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			first, _, _ := strings.Cut(string(text), "\n")
			want := strings.TrimSuffix(strings.TrimPrefix(first, "# want "), "\r")
			place, isOther := strings.CutPrefix(want, "parents/")
			line := file + ":" + want
			if isOther {
				line = filepath.Dir(file) + "/parents/" + place
			}
			line = strings.ReplaceAll(line, " testdata/broken/", " ../../scenarios/testdata/broken/") // a file that the message names

			code, stdout, stderr := runCLI(t, noEnv, "scenario", "validate", file)
			assert.Equal(t, exitUsage, code)
			assert.Equal(t, line+"\n", stdout)
			assert.Equal(t, "mockpay: 1 mistake in 1 file\n", stderr)

			code, stdout, stderr = runCLI(t, noEnv, "scenario", "explain", file)
			assert.Equal(t, exitUsage, code)
			assert.Empty(t, stdout)
			assert.Equal(t, "mockpay: "+line+"\n", stderr)

			_, err = server.New(server.Options{Mocks: mocks.All(), Scenario: file})
			var mistakes scenarios.Mistakes
			require.ErrorAs(t, err, &mistakes)
			assert.Equal(t, line, mistakes.Error())

			if !strings.Contains(string(text), "\nextends: ") { // a text that is sent is beside no files
				sent(t, running.URL(), string(text), want)
			}
		})
	}
}

// sent asserts that a running server refuses a text with a mistake, LINE:COL:
// message.
func sent(t *testing.T, url, text, want string) {
	t.Helper()
	_, err := client.New(url).LoadScenario(t.Context(), text)
	var refused *client.Error
	require.True(t, errors.As(err, &refused), "%v", err)
	assert.Equal(t, http.StatusUnprocessableEntity, refused.Status)
	if assert.Len(t, refused.Errors, 1) {
		assert.Equal(t, want, refused.Errors[0].String())
	}
}

// A file that is no text at all is refused as one that is.
func TestServeOfNoText(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.yaml")
	require.NoError(t, os.WriteFile(file, []byte("version: 1\nname: \xff\n"), 0o600))

	code, _, stderr := runCLI(t, noEnv, "serve", "--addr", "127.0.0.1:0", "--scenario", file)

	assert.Equal(t, exitUsage, code)
	assert.Equal(t, "mockpay: "+file+":2:7: not YAML: the text is not UTF-8\n", stderr)
}
