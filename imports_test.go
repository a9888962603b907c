package mockpay_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// module is the path of the module that these rules are about.
const module = "github.com/mockpay/mockpay"

// layers are the packages from top to bottom. A package imports only from
// layers below its own; mocks/* are the providers, each a package by itself.
var layers = [][]string{
	{"cmd/mockpay"},
	{"server", "mocks"},
	{"control"},
	{"workspace"},
	{"scenarios", "mocks/*"},
	{"provider"},
	{"webhook"},
	{"state", "journal"},
	{"clock", "metrics"},
}

// onTop are the packages for tests and measurements. They import what they
// like, and nothing but tests and each other imports them.
var onTop = []string{"mockpaytest", "provider/providertest", "bench", "bench/baseline"}

// free is the package that imports nothing of the project, and that only the
// command line and the packages on top import: it talks to the server by HTTP.
const free = "client"

// examples are programs for the reader to take along: each below this folder
// imports nothing of the project, and nothing but Go's standard library.
const examples = "examples"

// realTime are the functions of package time that look at the real clock or
// wait for it.
var realTime = []string{
	"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick",
}

// An allowance lets one file use one function of realTime.
type allowance struct{ file, function, reason string }

var allowances = []allowance{
	{"clock/clock.go", "Now", "workspaces' clocks are measured against the real one"},
	{"clock/clock.go", "Since", "a running clock goes in step with real time"},
	{"clock/clock.go", "AfterFunc", "a running clock wakes up when something falls due"},
	{"workspace/registry.go", "Now", "ttl counts real time: an abandoned workspace's own clock may stand still"},
	{"workspace/registry.go", "AfterFunc", "looks for an abandoned workspace when its ttl is over"},
	{"workspace/workspace.go", "Since", "duration_us is how long an answer really took"},
	{"webhook/sender.go", "Now", "duration_us is how long an attempt really took"},
	{"webhook/sender.go", "Since", "duration_us is how long an attempt really took"},
	{"server/handler.go", "Now", "when a call began, for duration_us"},
	{"server/body.go", "Now", "deadline for reading a body"},
	{"server/listener.go", "Now", "deadline for writing an answer"},
	{"server/handler.go", "NewTimer", "a rule's delay is felt on the wire"},
	{"server/log.go", "Now", "the log says how long an answer really took"},
	{"server/log.go", "Since", "the log says how long an answer really took"},
	{"server/watch.go", "NewTimer", "a file that is being saved is left alone until it is whole"},
	{"server/fault.go", "Now", "a connection that a fault ends is read from for a moment"},
	{"cmd/mockpay/receiver.go", "Now", "a receiver says when a webhook came; it knows no workspace"},
	{"examples/go/pontis-pay/pontis.go", "Now", "x-timestamp is the real time, and callbacks are compared with it"},
	{"examples/go/pontis-pay/pontis.go", "After", "waits before it calls again, as a real program would"},
	{"examples/go/pontis-pay/main.go", "Now", "gives up when the real time is over"},
	{"examples/go/pontis-pay/main.go", "Sleep", "asks now and then, as a real program would"},
	{"examples/go/dollr-payout/dollr.go", "Now", "renews its token by the real time"},
	{"examples/go/dollr-payout/dollr.go", "After", "waits before it calls again, as a real program would"},
	{"examples/go/dollr-payout/main.go", "Now", "gives up when the real time is over"},
	{"examples/go/dollr-payout/main.go", "Sleep", "asks now and then, as a real program would"},
	{"examples/go/dinardragon-payout/dinardragon.go", "After", "waits before it calls again, as a real program would"},
	{"examples/go/dinardragon-payout/main.go", "Now", "gives up when the real time is over"},
	{"examples/go/dinardragon-payout/main.go", "Sleep", "asks now and then, as a real program would"},
	{"examples/go/dinaricash-cli/dinaricash.go", "After", "waits before it calls again, as a real program would"},
	{"examples/go/dinaricash-cli/send.go", "Now", "gives up when the real time is over"},
	{"examples/go/dinaricash-cli/send.go", "Until", "gives up when the real time is over"},
	{"examples/go/dinaricash-cli/send.go", "After", "asks now and then, as a real program would"},
	{"examples/go/dinaricash-cli/send.go", "Sleep", "asks now and then, as a real program would"},
	{"examples/go/receiver/webhooks.go", "Now", "a callback's age is compared with the real time"},
	{"bench/process.go", "Now", "measures how long the real program takes to start"},
	{"bench/process.go", "Since", "measures how long the real program takes to start"},
	{"bench/process.go", "Sleep", "lets the real program idle"},
	{"bench/driver.go", "Now", "measures how long the real program takes to answer"},
	{"bench/driver.go", "Since", "measures how long the real program takes to answer"},
	{"bench/compare.go", "Now", "tells how many requests to prepare"},
	{"bench/compare.go", "Since", "tells how many requests to prepare"},
	{"bench/pontis.go", "Now", "x-timestamp is the real time, as a client writes it"},
	{"bench/baseline/dinaricash.go", "Now", "the baseline knows no other clock"},
	{"bench/baseline/others.go", "Now", "the baseline knows no other clock"},
}

// TestImports checks every file of the module that is no test.
func TestImports(t *testing.T) {
	for _, broken := range check(t, os.DirFS("."), allowances) {
		t.Error(broken)
	}
}

// check returns the rules that the Go files of a tree break, a line each.
func check(t *testing.T, tree fs.FS, allowed []allowance) []string {
	c := &checker{allowed: allowed, used: make(map[allowance]bool)}
	for _, name := range sources(t, tree) {
		text, err := fs.ReadFile(tree, name)
		require.NoError(t, err)
		file, err := parser.ParseFile(token.NewFileSet(), name, text, 0)
		require.NoError(t, err)
		c.imports(name, file)
		c.times(name, file)
	}
	for _, a := range allowed {
		if !c.used[a] {
			c.complain("%s does not use time.%s any more: take it off the list", a.file, a.function)
		}
	}
	return c.broken
}

// sources lists the Go files of a tree that are no tests. Folders with a go.mod
// of their own are other modules.
func sources(t *testing.T, tree fs.FS) (names []string) {
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && name != "." {
			_, err := fs.Stat(tree, name+"/go.mod")
			if otherModule := err == nil; otherModule || strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata" {
				return fs.SkipDir
			}
		}
		if strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			names = append(names, name)
		}
		return nil
	})
	require.NoError(t, err)
	return names
}

// A checker collects what is broken.
type checker struct {
	allowed []allowance
	used    map[allowance]bool
	broken  []string
}

func (c *checker) complain(format string, args ...any) {
	c.broken = append(c.broken, fmt.Sprintf(format, args...))
}

// imports checks what a file imports.
func (c *checker) imports(name string, file *ast.File) {
	from := path.Dir(name)
	if !known(from) {
		c.complain("%s: package %s is in no layer: find its place in imports_test.go", name, from)
		return
	}
	for _, spec := range file.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value)
		if imported == "math/rand" || imported == "math/rand/v2" {
			c.complain("%s imports %s: chance comes from the workspace's seed", name, imported)
		}
		to, inside := strings.CutPrefix(imported, module+"/")
		if !inside {
			if first, _, _ := strings.Cut(imported, "/"); isExample(from) && strings.Contains(first, ".") {
				c.complain("%s imports %s: examples need nothing but the standard library", name, imported)
			}
			continue
		}
		if why := forbidden(from, to); why != "" {
			c.complain("%s imports %s: %s", name, to, why)
		}
	}
}

// forbidden tells why one package must not import another, "" if it may.
func forbidden(from, to string) string {
	switch top := slices.Contains(onTop, from); {
	case !known(to):
		return "it is in no layer"
	case isExample(from):
		return "examples import nothing of the project"
	case isExample(to):
		return "it is an example"
	case slices.Contains(onTop, to):
		if !top {
			return "it is for tests"
		}
		return ""
	case from == free || from == ".":
		return from + " imports nothing of the project"
	case to == free:
		if !top && layer(from) != 0 {
			return "only the command line and what is for tests talk to the control API"
		}
		return ""
	case top:
		return ""
	case isMock(to) && from != "mocks":
		return "only mocks knows the providers"
	case layer(to) <= layer(from):
		return "it is not below " + from
	}
	return ""
}

func known(pkg string) bool {
	return pkg == "." || pkg == free || isExample(pkg) || slices.Contains(onTop, pkg) || layer(pkg) >= 0
}

func isExample(pkg string) bool { return strings.HasPrefix(pkg, examples+"/") }

func isMock(pkg string) bool {
	of, _, below := strings.Cut(pkg, "/")
	return below && of == "mocks"
}

// layer is the place of a package in layers, -1 if it has none.
func layer(pkg string) int {
	if isMock(pkg) {
		pkg = "mocks/*"
	}
	return slices.IndexFunc(layers, func(all []string) bool { return slices.Contains(all, pkg) })
}

// times checks which functions of package time a file uses.
func (c *checker) times(name string, file *ast.File) {
	local, dotted := "", false
	for _, spec := range file.Imports {
		if spec.Path.Value != `"time"` {
			continue
		}
		local = "time"
		if spec.Name != nil {
			local, dotted = spec.Name.Name, spec.Name.Name == "."
		}
	}
	if dotted {
		c.complain("%s imports time with a dot: write time.Now where it is meant", name)
	}
	found := make(map[string]bool)
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			x, ok := s.X.(*ast.Ident)
			if ok && x.Name == local && x.Obj == nil && slices.Contains(realTime, s.Sel.Name) {
				found[s.Sel.Name] = true
			}
		}
		return true
	})
	for _, function := range slices.Sorted(maps.Keys(found)) {
		c.allow(name, function)
	}
}

// allow looks for the allowance of a file to use a function.
func (c *checker) allow(name, function string) {
	for _, a := range c.allowed {
		if a.file == name && a.function == function {
			c.used[a] = true
			if a.reason == "" {
				c.complain("%s may use time.%s for no reason: give one", name, function)
			}
			return
		}
	}
	c.complain("%s uses time.%s: ask the workspace's clock, or give a reason in imports_test.go", name, function)
}

// TestCheck shows that the checker finds what it looks for.
func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		name    string
		file    string
		text    string // after the package clause
		allowed []allowance
		want    string // "" for nothing
	}{
		{"OK", "control/a.go", `import _ "github.com/mockpay/mockpay/workspace"`, nil, ""},
		{"OKFarBelow", "server/a.go", `import _ "github.com/mockpay/mockpay/clock"`, nil, ""},
		{"OKOtherModule", "clock/a.go", `import _ "github.com/other/mockpay/server"`, nil, ""},
		{"OKOneList", "mocks/a.go", `import _ "github.com/mockpay/mockpay/mocks/dragon"`, nil, ""},
		{"OKBelowMock", "mocks/dragon/a.go", `import _ "github.com/mockpay/mockpay/provider"`, nil, ""},
		{"OKCommandAsksByHTTP", "cmd/mockpay/a.go", `import _ "github.com/mockpay/mockpay/client"`, nil, ""},
		{"OKOnTop", "mockpaytest/a.go", `import _ "github.com/mockpay/mockpay/client"`, nil, ""},
		{"OKTestFile", "clock/a_test.go", `import _ "github.com/mockpay/mockpay/server"`, nil, ""},
		{"Upwards", "clock/a.go", `import _ "github.com/mockpay/mockpay/state"`, nil,
			"clock/a.go imports state: it is not below clock"},
		{"Sideways", "state/a.go", `import _ "github.com/mockpay/mockpay/journal"`, nil,
			"state/a.go imports journal: it is not below state"},
		{"ServerKnowsMocks", "server/a.go", `import _ "github.com/mockpay/mockpay/mocks"`, nil,
			"server/a.go imports mocks: it is not below server"},
		{"ServerKnowsMock", "server/a.go", `import _ "github.com/mockpay/mockpay/mocks/dragon"`, nil,
			"server/a.go imports mocks/dragon: only mocks knows the providers"},
		{"MockKnowsMock", "mocks/dragon/a.go", `import _ "github.com/mockpay/mockpay/mocks/cash"`, nil,
			"mocks/dragon/a.go imports mocks/cash: only mocks knows the providers"},
		{"MockKnowsScenarios", "mocks/dragon/a.go", `import _ "github.com/mockpay/mockpay/scenarios"`, nil,
			"mocks/dragon/a.go imports scenarios: it is not below mocks/dragon"},
		{"ClientKnowsProject", "client/a.go", `import _ "github.com/mockpay/mockpay/clock"`, nil,
			"client/a.go imports clock: client imports nothing of the project"},
		{"ServerAsksByHTTP", "server/a.go", `import _ "github.com/mockpay/mockpay/client"`, nil,
			"server/a.go imports client: only the command line and what is for tests talk to the control API"},
		{"TestHelperInProgram", "cmd/mockpay/a.go", `import _ "github.com/mockpay/mockpay/mockpaytest"`, nil,
			"cmd/mockpay/a.go imports mockpaytest: it is for tests"},
		{"OKExample", "examples/go/pay/a.go", `import _ "crypto/aes"`, nil, ""},
		{"ExampleKnowsProject", "examples/go/pay/a.go", `import _ "github.com/mockpay/mockpay/client"`, nil,
			"examples/go/pay/a.go imports client: examples import nothing of the project"},
		{"ExampleKnowsTestHelper", "examples/go/pay/a.go", `import _ "github.com/mockpay/mockpay/mockpaytest"`, nil,
			"examples/go/pay/a.go imports mockpaytest: examples import nothing of the project"},
		{"ExampleNeedsModule", "examples/go/pay/a.go", `import _ "github.com/other/lib"`, nil,
			"examples/go/pay/a.go imports github.com/other/lib: examples need nothing but the standard library"},
		{"ExampleImported", "cmd/mockpay/a.go", `import _ "github.com/mockpay/mockpay/examples/go/pay"`, nil,
			"cmd/mockpay/a.go imports examples/go/pay: it is an example"},
		{"NoLayer", "utils/a.go", ``, nil,
			"utils/a.go: package utils is in no layer: find its place in imports_test.go"},
		{"NoLayerImported", "server/a.go", `import _ "github.com/mockpay/mockpay/utils"`, nil,
			"server/a.go imports utils: it is in no layer"},

		{"Rand", "state/a.go", `import _ "math/rand/v2"`, nil,
			"state/a.go imports math/rand/v2: chance comes from the workspace's seed"},
		{"OKRand", "state/a.go", `import _ "crypto/rand"`, nil, ""},

		{"OKTimeOfDay", "state/a.go", `import "time"; var t = time.UnixMilli(0).Add(time.Second)`, nil, ""},
		{"OKNoPackage", "state/a.go", `import _ "time"; type c struct{}; func (c) Now() {}; func f(time c) { time.Now() }`, nil, ""},
		{"OKAllowed", "state/a.go", `import "time"; var t = time.Now()`, []allowance{{"state/a.go", "Now", "because"}}, ""},
		{"Now", "state/a.go", `import "time"; var t = time.Now()`, nil,
			"state/a.go uses time.Now: ask the workspace's clock, or give a reason in imports_test.go"},
		{"NowUncalled", "state/a.go", `import "time"; var f = time.Now`, nil,
			"state/a.go uses time.Now: ask the workspace's clock, or give a reason in imports_test.go"},
		{"NowRenamed", "state/a.go", `import clock "time"; var t = clock.Now()`, nil,
			"state/a.go uses time.Now: ask the workspace's clock, or give a reason in imports_test.go"},
		{"NowDotted", "state/a.go", `import . "time"; var t = Now()`, nil,
			"state/a.go imports time with a dot: write time.Now where it is meant"},
		{"OtherFunction", "state/a.go", `import "time"; func f() { time.Now(); time.Sleep(1) }`, []allowance{{"state/a.go", "Now", "because"}},
			"state/a.go uses time.Sleep: ask the workspace's clock, or give a reason in imports_test.go"},
		{"NeedlessAllowance", "state/a.go", `import "time"; var t = time.Unix(0, 0)`, []allowance{{"state/a.go", "Now", "because"}},
			"state/a.go does not use time.Now any more: take it off the list"},
		{"AllowanceWithoutReason", "state/a.go", `import "time"; var t = time.Now()`, []allowance{{"state/a.go", "Now", ""}},
			"state/a.go may use time.Now for no reason: give one"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tree := fstest.MapFS{
				tt.file:          {Data: []byte("package a; " + tt.text)},
				"tools/go.mod":   {Data: []byte("module tools")},
				"tools/other.go": {Data: []byte("package tools; import _ \"math/rand\"")},
			}
			var want []string
			if tt.want != "" {
				want = []string{tt.want}
			}
			assert.Equal(t, want, check(t, tree, tt.allowed))
		})
	}
}
