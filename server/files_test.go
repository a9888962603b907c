package server_test

import (
	"bytes"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/client"
	"github.com/mockpay/mockpay/mocks"
	"github.com/mockpay/mockpay/scenarios"
	"github.com/mockpay/mockpay/server"
)

// A site is a folder of scenario files and a server that has them.
type site struct {
	t      *testing.T
	folder string
	log    *logText
	server *server.Server
}

// logText collects log lines.
type logText struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

func (l *logText) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// newSite writes files and serves one of them or, for "", their folder.
func newSite(t *testing.T, scenario string, files map[string]string) *site {
	t.Helper()
	s := &site{t: t, folder: t.TempDir(), log: &logText{}}
	for name, text := range files {
		s.write(name, text)
	}
	s.server = start(t, server.Options{Scenario: s.path(scenario), Log: slog.New(slog.NewTextHandler(s.log, nil))})
	return s
}

func (s *site) path(name string) string { return filepath.Join(s.folder, name) }

// write saves a file; "version: 1" need not be written.
func (s *site) write(name, text string) {
	s.t.Helper()
	require.NoError(s.t, os.MkdirAll(filepath.Dir(s.path(name)), 0o755))
	require.NoError(s.t, os.WriteFile(s.path(name), []byte("version: 1\n"+text), 0o600))
}

// replace saves a file as careful editors do.
func (s *site) replace(name, text string) {
	s.t.Helper()
	s.write(".being-saved", text)
	require.NoError(s.t, os.Rename(s.path(".being-saved"), s.path(name)))
}

// client speaks to a workspace.
func (s *site) client(workspace string) *client.Client {
	return client.New(s.server.URL(), client.WithWorkspace(workspace))
}

// await waits until something holds.
func (s *site) await(what string, holds func() bool) {
	s.t.Helper()
	require.Eventually(s.t, holds, 10*time.Second, 2*time.Millisecond, "%s; the log:\n%s", what, s.log)
}

func (s *site) awaitLog(part string) {
	s.t.Helper()
	s.await(part, func() bool { return strings.Contains(s.log.String(), part) })
}

// status calls dinardragon.status in a workspace, and tells which rule acted.
func (s *site) status(workspace string) string {
	s.t.Helper()
	req, err := http.NewRequest("POST", s.server.URL()+"/dinardragon/status", strings.NewReader(`{"uniqueid":"x"}`))
	require.NoError(s.t, err)
	req.Header.Set("Authorization", "dd-"+workspace+"-private-key")
	res, err := http.DefaultClient.Do(req)
	require.NoError(s.t, err)
	require.NoError(s.t, res.Body.Close())
	return res.Header.Get("X-Mockpay-Rule")
}

// awaitRule waits until a rule acts on a call in a workspace.
func (s *site) awaitRule(workspace, rule string) {
	s.t.Helper()
	s.await("rule "+rule, func() bool { return s.status(workspace) == rule })
}

// rule is a scenario with one rule on dinardragon.status.
func rule(name string) string {
	return "rules: [{name: " + name + ", on: dinardragon.status, respond: server_error}]\n"
}

func TestReload(t *testing.T) {
	t.Run("SwapsRulesAndKeepsTheRest", func(t *testing.T) {
		const once = "clock: {start: 2026-01-15T09:00:00Z, frozen: true}\nrules:\n  - {name: once, on: dinardragon.status, times: 1, respond: server_error}\n"
		s := newSite(t, "mine.yaml", map[string]string{"mine.yaml": once})
		assert.Equal(t, "once", s.status("default"))
		_, err := s.client("default").SetBalances(t.Context(), client.Balances{"dinardragon": {"USD": "77"}})
		require.NoError(t, err)
		_, err = s.client("default").Advance(t.Context(), time.Hour)
		require.NoError(t, err)

		s.write("mine.yaml", "providers: {dinardragon: {balance: 5}}\n"+strings.Replace(once, "rules:\n", "rules:\n  - {name: other, on: dinardragon.execute, delay: 0}\n", 1)+
			"  - {name: after, on: dinardragon.status, respond: rate_limited}\n")

		s.awaitRule("default", "after") // once has acted its once
		s.awaitLog(`rules_before=1 rules_after=3 added="[other after]" removed=[]`)
		s.awaitLog("settings, clock and seed stay as they were")
		balances, err := s.client("default").Balances(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "77", balances["dinardragon"]["USD"])
		clock, err := s.client("default").Clock(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "2026-01-15T10:00:00.000Z", clock.Now.UTC().Format("2006-01-02T15:04:05.000Z"))
	})

	t.Run("NeverTakesABrokenFile", func(t *testing.T) {
		s := newSite(t, "mine.yaml", map[string]string{"mine.yaml": rule("good")})

		s.write("mine.yaml", "rulez: []\n")
		mistake := s.path("mine.yaml") + `:2:1: no key "rulez", did you mean "rules"?`
		var broken *client.ReloadError
		s.await("the error", func() bool {
			current, err := s.client("default").Scenario(t.Context())
			require.NoError(t, err)
			broken = current.ReloadError
			return broken != nil && broken.Message == mistake
		})
		assert.Equal(t, []client.Mistake{{File: s.path("mine.yaml"), Line: 2, Column: 1, Path: "rulez", Message: `no key "rulez", did you mean "rules"?`}}, broken.Errors)
		assert.Contains(t, s.log.String(), s.path("mine.yaml")+":2:1: no key")
		assert.Equal(t, "good", s.status("default"))

		s.write("mine.yaml", rule("fixed"))
		s.awaitRule("default", "fixed")
		s.await("no error", func() bool {
			current, err := s.client("default").Scenario(t.Context())
			require.NoError(t, err)
			return current.ReloadError == nil
		})
	})

	t.Run("ReplacedByAnEditor", func(t *testing.T) {
		s := newSite(t, "mine.yaml", map[string]string{"mine.yaml": rule("a")})
		for _, name := range []string{"b", "c"} {
			s.replace("mine.yaml", rule(name))
			s.awaitRule("default", name)
		}
	})

	t.Run("GoneAndBack", func(t *testing.T) {
		s := newSite(t, "mine.yaml", map[string]string{"mine.yaml": rule("a")})
		require.NoError(t, os.Remove(s.path("mine.yaml")))
		s.awaitLog("a scenario file is gone; its workspace stays")
		assert.Equal(t, "a", s.status("default"))
		current, err := s.client("default").Scenario(t.Context())
		require.NoError(t, err)
		assert.Nil(t, current.ReloadError, "that is no mistake in it")

		s.write("mine.yaml", rule("b"))
		s.awaitRule("default", "b")
	})

	t.Run("WithWhatItExtends", func(t *testing.T) {
		s := newSite(t, "mine.yaml", map[string]string{
			"mine.yaml":        "extends: base/parent.yaml\n",
			"base/parent.yaml": "extends: ../far/eldest.yaml\n",
			"far/eldest.yaml":  rule("a"),
		})
		assert.Equal(t, "a", s.status("default"))

		s.write("far/eldest.yaml", rule("b"))
		s.awaitRule("default", "b")

		s.write("base/parent.yaml", "extends: missing/other.yaml\n")
		s.awaitLog(s.path("base/parent.yaml") + ":2:10: ")
		assert.Equal(t, "b", s.status("default"))
		s.write("base/missing/other.yaml", rule("c"))
		s.awaitRule("default", "c")
		s.write("base/missing/other.yaml", rule("d"))
		s.awaitRule("default", "d")
	})

	t.Run("ThroughALink", func(t *testing.T) {
		s := newSite(t, "", map[string]string{"here/other.yaml": "", "there/real.yaml": rule("a")})
		require.NoError(t, os.Symlink("../there/real.yaml", s.path("here/default.yaml")))
		linked := &site{t: t, folder: s.folder, log: s.log}
		linked.server = start(t, server.Options{Scenario: s.path("here")})
		require.Equal(t, "a", linked.status("default"))

		linked.write("there/real.yaml", rule("b"))
		linked.awaitRule("default", "b")
	})

	t.Run("OfAMountThatIsSwapped", func(t *testing.T) {
		s := newSite(t, "mount", map[string]string{"mount/..1/default.yaml": rule("a"), "mount/..2/default.yaml": rule("b"), "mount/one.yaml": ""})
		data, file := s.path("mount/..data"), s.path("mount/default.yaml")
		require.NoError(t, os.Symlink("..1", data))
		require.NoError(t, os.Symlink("..data/default.yaml", file))
		s.awaitRule("default", "a")

		require.NoError(t, os.Symlink("..2", data+"_tmp"))
		require.NoError(t, os.Rename(data+"_tmp", data))
		s.awaitRule("default", "b")
	})
}

func TestReloadFolder(t *testing.T) {
	ids := func(s *site) (all []string) {
		workspaces, err := s.client("").Workspaces(s.t.Context())
		require.NoError(s.t, err)
		for _, w := range workspaces {
			all = append(all, w.ID)
		}
		return all
	}
	s := newSite(t, "", map[string]string{"poor.yaml": rule("a"), "rich.yml": rule("r"), "base/parent.yaml": "", ".hidden.yaml": "x"})
	require.Equal(t, []string{"default", "poor", "rich"}, ids(s))

	s.write("poor.yaml", rule("b"))
	s.awaitRule("poor", "b")
	assert.Equal(t, "r", s.status("rich"), "each for itself")

	s.write("new.yaml", "rulez: []\n")
	s.awaitLog(s.path("new.yaml") + ":2:1: ")
	assert.Equal(t, []string{"default", "poor", "rich"}, ids(s), "a broken file makes no workspace")
	s.write("new.yaml", rule("n"))
	s.awaitLog("a scenario file has made a workspace")
	assert.Equal(t, []string{"default", "new", "poor", "rich"}, ids(s))
	assert.Equal(t, "n", s.status("new"))

	s.write("default.yaml", rule("d"))
	s.awaitRule("default", "d")

	require.NoError(t, os.Remove(s.path("poor.yaml")))
	s.awaitLog("a scenario file is gone; its workspace stays")
	assert.Equal(t, "b", s.status("poor"))

	s.write("no name.yaml", "")
	s.awaitLog(s.path("no name.yaml") + ":1:1: the file names a workspace, and ")
	s.write("rich.yaml", "")
	s.awaitLog(s.path("rich.yaml") + `:1:1: workspace \"rich\" has a file already, `)
	assert.Equal(t, "r", s.status("rich"))

	require.NoError(t, os.Rename(s.folder, s.folder+"-old"))
	t.Cleanup(func() { _ = os.RemoveAll(s.folder + "-old") })
	s.write("new.yaml", rule("again")) // in a new folder of the same name
	s.awaitRule("new", "again")
	s.write("new.yaml", rule("more"))
	s.awaitRule("new", "more")
}

// What a save leaves as it was is not reloaded, and nothing looks at files that
// nobody touches.
func TestReloadNothing(t *testing.T) {
	s := newSite(t, "", map[string]string{"default.yaml": rule("a"), "other.yaml": rule("o")})
	s.replace("default.yaml", rule("a"))
	s.write("notes.txt", "x")
	s.replace("other.yaml", rule("p"))
	s.awaitLog("workspace=other")

	assert.Equal(t, 1, strings.Count(s.log.String(), "is reloaded"), s.log)
}

func TestWatcherEndsWithTheServer(t *testing.T) {
	watching := func() bool {
		var b bytes.Buffer
		require.NoError(t, pprof.Lookup("goroutine").WriteTo(&b, 1))
		return strings.Contains(b.String(), "(*watcher)") || strings.Contains(b.String(), "fsnotify")
	}
	s := newSite(t, "", map[string]string{"default.yaml": rule("a")})
	s.write("default.yaml", rule("b"))
	s.awaitRule("default", "b")
	require.True(t, watching())

	require.NoError(t, s.server.Stop(t.Context()))

	s.await("no watcher", func() bool { return !watching() }) // what is ending may be seen for a moment

	plain := start(t, server.Options{})
	assert.False(t, watching(), "a shipped scenario has no file")
	require.NoError(t, plain.Stop(t.Context()))
}

func TestFolderAtStart(t *testing.T) {
	t.Run("TellsTheWorkspaces", func(t *testing.T) {
		s := newSite(t, "", map[string]string{"b.yaml": "", "a.yml": "name: mine\n", "default.yaml": "name: own\nseed: 5\n"})
		var banner strings.Builder
		require.NoError(t, s.server.Banner(&banner))
		assert.Contains(t, banner.String(), "seed 5 scenario own\nworkspaces default a b\ndinardragon ")
	})

	t.Run("OfNoFiles", func(t *testing.T) {
		s := newSite(t, "", nil)
		var banner strings.Builder
		require.NoError(t, s.server.Banner(&banner))
		assert.Contains(t, banner.String(), " scenario default\nworkspaces default\n")
	})

	t.Run("ThroughALink", func(t *testing.T) {
		folder := t.TempDir()
		require.NoError(t, os.Mkdir(filepath.Join(folder, "real"), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(folder, "real", "a.yaml"), []byte("version: 1\n"), 0o600))
		require.NoError(t, os.Symlink("real", filepath.Join(folder, "link")))
		found, err := scenarios.Files(filepath.Join(folder, "link"))
		require.NoError(t, err)
		assert.Equal(t, []string{filepath.Join(folder, "link", "a.yaml")}, found)
	})

	t.Run("ErrMistakesOfAllFiles", func(t *testing.T) {
		folder := t.TempDir()
		for name, text := range map[string]string{
			"a.yaml": "version: 1\nseed: x\n", "b c.yaml": "version: 1\n", "d.yaml": "version: 1\n", "d.yml": "version: 1\n",
			"e.yaml": "version: 1\nsed: 1\nextends: a.yaml\n",
		} {
			require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
		}
		_, err := server.New(server.Options{Mocks: mocks.All(), Scenario: folder})
		var mistakes scenarios.Mistakes
		require.ErrorAs(t, err, &mistakes)
		assert.Equal(t, strings.ReplaceAll(`DIR/a.yaml:2:7: seed must be a whole number, it is "x"
DIR/b c.yaml:1:1: the file names a workspace, and a workspace id has 1 to 64 letters, digits, dots, dashes and underscores, and begins with a letter or digit: "b c"
DIR/d.yml:1:1: workspace "d" has a file already, DIR/d.yaml
DIR/e.yaml:2:1: no key "sed", did you mean "seed"?`, "DIR", folder), mistakes.Error())
	})

	t.Run("ErrWebhooksToTheInternet", func(t *testing.T) {
		folder := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(folder, "a.yaml"), []byte("version: 1\nproviders: {dinaricash: {webhook: {url: \"http://example.com/\"}}}\n"), 0o600))
		_, err := server.New(server.Options{Mocks: mocks.All(), Scenario: folder})
		assert.ErrorIs(t, err, server.ErrOption)
		assert.ErrorContains(t, err, filepath.Join(folder, "a.yaml")+": providers.dinaricash.webhook.url: ")
	})

	t.Run("ErrNoFolder", func(t *testing.T) {
		_, err := server.New(server.Options{Mocks: mocks.All(), Scenario: t.TempDir() + "/nowhere/"})
		assert.ErrorIs(t, err, fs.ErrNotExist)
	})
}
