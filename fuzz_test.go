package mockpay_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// aGo stands for the go command: it lists three fuzz tests, of which one fails.
const aGo = `#!/bin/sh
case "$*" in
"test -list "*) printf 'ok  \texample/none\t0.1s\nFuzzOne\nFuzzTwo\nok  \texample/a\t0.1s\nFuzzOne\nok  \texample/b\t(cached)\n' ;;
*"^FuzzTwo$"*) exit 1 ;;
*) echo "$@" ;;
esac
`

// TestFuzzScript has make fuzz run what there is, and go on when something fails.
func TestFuzzScript(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell")
	}
	bin := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(bin, "go"), []byte(aGo), 0o700))
	fuzz := func(env ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), "tools/fuzz.sh")
		cmd.Env = append([]string{"PATH=" + bin + ":" + os.Getenv("PATH")}, env...)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}

	out, err := fuzz("FUZZTIME=7s")
	assert.ErrorContains(t, err, "exit status 1")
	assert.Contains(t, out, "test -run ^$ -fuzz ^FuzzOne$ -fuzztime 7s example/b\n", "after the one that failed")
	assert.Contains(t, out, "\nok FuzzOne example/a\nFAILED FuzzTwo example/a\nok FuzzOne example/b\n3 fuzz tests, 1 failed\n")

	out, err = fuzz("FUZZ=One")
	assert.NoError(t, err)
	assert.Contains(t, out, "-fuzztime 30s")
	assert.Contains(t, out, "\n2 fuzz tests, 0 failed\n")

	out, err = fuzz("FUZZ=None")
	assert.Error(t, err)
	assert.Contains(t, out, "no fuzz test is called like None")
}
