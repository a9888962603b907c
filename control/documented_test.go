package control

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var documentedCall = regexp.MustCompile("`([A-Z]+ [^`]+)`")

// The table at the top of docs/control-api.md has all calls, and no others.
func TestDocumented(t *testing.T) {
	text, err := os.ReadFile("../docs/control-api.md")
	require.NoError(t, err)
	_, table, found := strings.Cut(string(text), "\n| call | section |\n")
	require.True(t, found)
	table, _, _ = strings.Cut(table, "\n\n")
	var listed, want []string
	for _, m := range documentedCall.FindAllStringSubmatch(table, -1) {
		listed = append(listed, m[1])
	}
	names := strings.NewReplacer("{provider}", "PROVIDER", "{id}", "ID", "{name}", "NAME", "{action}", "PROVIDER.ACTION")
	for _, r := range (&api{}).routes() {
		want = append(want, r.method+" "+names.Replace(r.path))
	}
	assert.ElementsMatch(t, want, listed, "list the calls in docs/control-api.md")
}
