package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/mocks"
	"github.com/mockpay/mockpay/scenarios"
)

// patience is how long a server may take to start or to stop.
const patience = 20 * time.Second

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"mockpay": main})
}

// TestScripts runs testdata/script. Besides the standard commands there are
//
//	serve-mockpay [NAME=VALUE]... [FLAG]...   start a server on a free port, wait
//	                                          until it is ready, set MOCKPAY_URL
//	                                          and SERVER_ADDR
//	await-log REGEXP                          wait until it logs a line like that
//	stop-mockpay                              end it by SIGTERM; it must exit 0
//	listen [FLAG]...                          start mockpay webhooks listen on a
//	                                          free port, set HOOK_URL
//	heard REGEXP                              wait until it prints a line like that
//	stop-listening                            end it by SIGTERM; it must exit 0
//	exits CODE COMMAND [ARG]...               run a command, check its exit code
//	call METHOD PATH [HEADER:VALUE]... [BODY] call the server; the status and the
//	                                          body are the output; with ! before
//	                                          it, no answer may come
//	pontis [live] login|send|status PAYLOAD   call Pontis Globe, as $TOKEN
//	capture NAME BEFORE                       set NAME to what stands between
//	                                          BEFORE and the next " in the output
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Deadline:            time.Now().Add(3 * patience), // of a command that should have ended
		Setup: func(env *testscript.Env) error {
			env.Values[processKey{}] = new(process)
			env.Values[listenerKey{}] = new(listener)
			env.Setenv("ZELLE", zelle)
			env.Setenv("GORACE", "atexit_sleep_ms=0") // else each command ends a second late under -race
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"serve-mockpay":  serveMockpay,
			"await-log":      awaitLog,
			"stop-mockpay":   stopMockpay,
			"listen":         listen,
			"heard":          heard,
			"stop-listening": stopListening,
			"exits":          exits,
			"call":           call,
			"pontis":         pontis,
			"capture":        capture,
		},
	})
}

// zelle is a send of Dinari Cash; scripts have it as $ZELLE.
const zelle = "CORPORATE_ACCOUNT_ID=8d1838fbb7fea3206326d0d96f162618&GATEWAY_API_KEY=955a380d7d9c05707f199fbe8ba8474d" +
	"&SEND_METHOD=ZELLE&SEND_CURRENCY_ISO3=USD&SEND_AMOUNT=300&RECIPIENT_ZELLE_ADDRESS=ssmith@example.com"

type processKey struct{}

// A process is the server of a script.
type process struct {
	cmd    *exec.Cmd
	stdout io.Reader
	stderr *tape // complete once the process has ended
}

func scriptProcess(ts *testscript.TestScript) *process {
	return ts.Value(processKey{}).(*process)
}

// kill ends the process if it still runs.
func (p *process) kill() {
	p.cmd.Process.Kill()
	p.cmd.Wait()
}

// impatient kills the process if stop is not called in time, so that reading
// its output ends.
func (p *process) impatient() (stop func() bool) {
	return time.AfterFunc(patience, func() { p.cmd.Process.Kill() }).Stop
}

func serveMockpay(ts *testscript.TestScript, _ bool, args []string) {
	p := scriptProcess(ts)
	var env []string
	for _, name := range []string{"PATH", "HOME", "GORACE"} {
		env = append(env, name+"="+ts.Getenv(name))
	}
	for len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		env, args = append(env, args[0]), args[1:]
	}
	p.cmd = exec.Command("mockpay", append([]string{"serve", "--addr", "127.0.0.1:0"}, args...)...)
	p.stderr = newTape()
	p.cmd.Env, p.cmd.Dir, p.cmd.Stderr = env, ts.MkAbs("."), p.stderr
	stdout, err := p.cmd.StdoutPipe()
	ts.Check(err)
	p.stdout = stdout
	ts.Check(p.cmd.Start())
	ts.Defer(p.kill)
	defer p.impatient()()

	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		fmt.Fprintln(ts.Stdout(), lines.Text())
		if url, ok := strings.CutPrefix(lines.Text(), "mockpay ready on "); ok {
			ts.Setenv("MOCKPAY_URL", url)
			ts.Setenv("SERVER_ADDR", strings.TrimPrefix(url, "http://"))
			return
		}
	}
	p.kill()
	ts.Fatalf("the server was not ready; its log:\n%s", p.stderr)
}

func awaitLog(ts *testscript.TestScript, _ bool, args []string) {
	p := scriptProcess(ts)
	if _, ok := p.stderr.await(`(?m)^.*` + args[0] + `.*$`); !ok {
		ts.Fatalf("%s was not logged:\n%s", args[0], p.stderr)
	}
}

func stopMockpay(ts *testscript.TestScript, _ bool, _ []string) {
	p := scriptProcess(ts)
	defer p.impatient()()
	ts.Check(p.cmd.Process.Signal(syscall.SIGTERM))
	rest, err := io.ReadAll(p.stdout)
	ts.Check(err)
	err = p.cmd.Wait()
	ts.Stdout().Write(rest)
	fmt.Fprint(ts.Stderr(), p.stderr)
	ts.Check(err)
}

type listenerKey struct{}

// A listener is the receiver of webhooks of a script.
type listener struct {
	process
	heard *tape
}

func scriptListener(ts *testscript.TestScript) *listener {
	return ts.Value(listenerKey{}).(*listener)
}

func listen(ts *testscript.TestScript, _ bool, args []string) {
	l := scriptListener(ts)
	l.heard, l.stderr = newTape(), newTape()
	l.cmd = exec.Command("mockpay", append([]string{"webhooks", "listen", "--port", "0"}, args...)...)
	for _, name := range []string{"PATH", "HOME", "GORACE", "MOCKPAY_URL", "MOCKPAY_FORWARD"} {
		l.cmd.Env = append(l.cmd.Env, name+"="+ts.Getenv(name))
	}
	l.cmd.Stdout, l.cmd.Stderr = l.heard, l.stderr
	ts.Check(l.cmd.Start())
	ts.Defer(l.kill)
	line, ok := l.heard.await(`http://127\.0\.0\.1:\d+/`)
	if !ok {
		l.kill()
		ts.Fatalf("the receiver does not listen:\n%s", l.stderr)
	}
	ts.Setenv("HOOK_URL", line)
}

func heard(ts *testscript.TestScript, _ bool, args []string) {
	l := scriptListener(ts)
	line, ok := l.heard.await(`(?m)^.*` + args[0] + `.*$`)
	if !ok {
		ts.Fatalf("%s was not heard:\n%s", args[0], l.heard)
	}
	fmt.Fprintln(ts.Stdout(), line)
}

func stopListening(ts *testscript.TestScript, _ bool, _ []string) {
	l := scriptListener(ts)
	defer l.impatient()()
	ts.Check(l.cmd.Process.Signal(syscall.SIGTERM))
	err := l.cmd.Wait()
	fmt.Fprint(ts.Stdout(), l.heard)
	fmt.Fprint(ts.Stderr(), l.stderr)
	ts.Check(err)
}

func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	default:
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// headerLike matches a header; no JSON and no form begins so.
var headerLike = regexp.MustCompile(`^[A-Za-z-]+:`)

func call(ts *testscript.TestScript, unanswered bool, args []string) {
	method, path, rest := args[0], args[1], args[2:]
	header := http.Header{}
	for len(rest) > 0 && headerLike.MatchString(rest[0]) {
		name, value, _ := strings.Cut(rest[0], ":")
		header.Set(name, value)
		rest = rest[1:]
	}
	req, err := http.NewRequest(method, ts.Getenv("MOCKPAY_URL")+path, strings.NewReader(strings.Join(rest, " ")))
	ts.Check(err)
	req.Header = header
	res, err := http.DefaultClient.Do(req)
	if unanswered && err != nil {
		return
	}
	ts.Check(err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	ts.Check(err)
	if unanswered {
		ts.Fatalf("an answer came: %d", res.StatusCode)
	}
	fmt.Fprintf(ts.Stdout(), "%d\n%s\n", res.StatusCode, body)
}

func capture(ts *testscript.TestScript, _ bool, args []string) {
	_, after, ok := strings.Cut(ts.ReadFile("stdout"), args[1])
	if !ok {
		ts.Fatalf("%q is not in the output", args[1])
	}
	value, _, _ := strings.Cut(after, `"`)
	ts.Setenv(args[0], value)
}

// noEnv is an empty environment.
func noEnv(string) string { return "" }

// runCLI runs the command line and returns what came of it.
func runCLI(t *testing.T, env func(string) string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = newCLI(env, strings.NewReader(""), &out, &err).run(t.Context(), args)
	return code, out.String(), err.String()
}

// TestScriptsRunTheLibrary checks that a script runs each shipped scenario.
func TestScriptsRunTheLibrary(t *testing.T) {
	scripts, err := filepath.Glob("testdata/script/library_*.txtar")
	require.NoError(t, err)
	var all strings.Builder
	for _, script := range scripts {
		text, err := os.ReadFile(script)
		require.NoError(t, err)
		all.Write(text)
	}
	for _, s := range scenarios.NewLanguage(mocks.All()).Library() {
		assert.Contains(t, all.String(), "mockpay scenario load "+s.Name)
	}
}
