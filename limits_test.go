package mockpay_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/printer"
	"go/token"
	"go/types"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// limits are the rows of the table of limits that stand in the code: where, and by
// which constants.
var limits = []struct{ row, file, constants string }{
	{"headers of a request", "server/server.go", "headerLimit"},
	{"time for headers", "server/server.go", "headerTimeout"},
	{"body of a provider's call", "provider/call.go", "BodyLimit"},
	{"body of a control call", "control/wire.go", "bodyLimit"},
	{"scenario,", "scenarios/sources.go", "maxBytes"},
	{"snapshot in", "control/wire.go", "snapshotLimit"},
	{"time for a body", "server/body.go", "bodyTimeout bodyRate"},
	{"a body that is too large", "server/body.go", "drainLimit drainTimeout"},
	{"nesting of JSON", "provider/json.go", "maxDepth"},
	{"digits of an amount", "provider/json.go", "maxDigits"},
	{"time to take a piece", "server/server.go", "writeTimeout"},
	{"time between two requests", "server/server.go", "idleTimeout"},
	{"time of a wait", "control/requests.go", "longestWait"},
	{"entries in a workspace's journal", "journal/journal.go", "DefaultSize"},
	{"body in the journal", "journal/journal.go", "DefaultBody"},
	{"journals of all workspaces", "journal/budget.go", "DefaultBudget"},
	{"workspaces", "workspace/registry.go", "MostWorkspaces"},
	{"webhooks that are done with", "webhook/webhook.go", "keep"},
	{"webhooks that wait", "webhook/webhook.go", "longestLine"},
	{"attempts that a webhook remembers", "webhook/webhook.go", "keepAttempts"},
	{"answer of a receiver, read", "journal/journal.go", "DefaultBody"},
	{"answer of a receiver, remembered", "webhook/sender.go", "keptLimit"},
	{"headers of a receiver's answer", "webhook/sender.go", "headerLimit"},
	{"time to stop", "cmd/mockpay/serve.go", "stopTimeout"},
}

// TestLimits holds the table of limits against the code.
func TestLimits(t *testing.T) {
	_, section, ok := strings.Cut(document(t, "docs/control-api.md"), "\n## Limits\n")
	require.True(t, ok)
	section, _, _ = strings.Cut(section, "\n## ")
	rows := regexp.MustCompile(`(?m)^\| (.*?) \| (.*?) \|`).FindAllStringSubmatch(section, -1)[2:]
	for _, row := range rows {
		listed := false
		for _, l := range limits {
			if !strings.HasPrefix(row[1], l.row) {
				continue
			}
			listed = true
			for name := range strings.FieldsSeq(l.constants) {
				assert.Contains(t, row[2], constantOf(t, l.file, name), "%s: %s of %s", row[1], name, l.file)
			}
		}
		assert.True(t, listed, "%s: nothing in the code is compared with it", row[1])
	}
	for _, l := range limits {
		assert.Contains(t, section, "\n| "+l.row)
	}
}

// constantOf is a constant of a file as documents write it: 64 KiB, 30s, 1000.
func constantOf(t *testing.T, file, name string) string {
	t.Helper()
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, file, nil, 0)
	require.NoError(t, err)
	var text bytes.Buffer
	ast.Inspect(parsed, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Names) == 1 && spec.Names[0].Name == name && len(spec.Values) == 1 {
			require.NoError(t, printer.Fprint(&text, files, spec.Values[0]))
		}
		return true
	})
	require.NotEmpty(t, text.String(), "%s has no constant %s", file, name)
	units := strings.NewReplacer("time.Second", strconv.Itoa(int(time.Second)), "time.Minute", strconv.Itoa(int(time.Minute)))
	value, err := types.Eval(token.NewFileSet(), nil, token.NoPos, units.Replace(text.String()))
	require.NoError(t, err, text.String())
	n, exact := constant.Int64Val(constant.ToInt(value.Value))
	require.True(t, exact)
	switch {
	case strings.Contains(text.String(), "time."):
		return strings.TrimSuffix(time.Duration(n).String(), "m0s") + map[bool]string{true: "m"}[strings.HasSuffix(time.Duration(n).String(), "m0s")]
	case n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n%(1<<10) == 0 && strings.Contains(text.String(), "<<"):
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return strconv.FormatInt(n, 10)
}
