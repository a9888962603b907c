package mockpay_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/mocks"
	"github.com/mockpay/mockpay/provider/providertest"
)

// README.md lists all credentials of the default workspace, and no others.
func TestReadmeTellsTheCredentials(t *testing.T) {
	var want [][]string
	for _, m := range mocks.All() {
		title := m.Title
		for _, c := range m.Credentials("default") {
			want = append(want, []string{title, "`" + c.Name + "`", "`" + c.Value + "`"})
			title = "" // once for each provider
		}
	}
	rows := providertest.Table(t, "README.md", "| provider | credential | value | where it goes |")
	require.Len(t, rows, len(want))
	for i, row := range rows {
		assert.Equal(t, want[i], row[:3])
	}
}

// README.md lists the host names of all providers, and no others.
func TestReadmeTellsTheHosts(t *testing.T) {
	rows := providertest.Table(t, "README.md", "| provider | hosts |")
	require.Len(t, rows, len(mocks.All()))
	for i, m := range mocks.All() {
		var hosts []string
		for _, mount := range m.Mounts {
			hosts = append(hosts, mount.Hosts...)
		}
		assert.Equal(t, hosts, providertest.Code(rows[i][1]), m.Title)
	}
}

// README.md leads to every document, and what it shows of a pipeline stands in
// docs/ci.md, where it is tried.
func TestReadmeLeadsOn(t *testing.T) {
	readme := document(t, "README.md")
	for _, file := range documents(t) {
		assert.True(t, strings.Contains(readme, "("+file+")"), "README.md does not lead to %s", file)
	}
	_, rest, _ := strings.Cut(readme, "```yaml\n")
	pipeline, _, found := strings.Cut(rest, "```")
	require.True(t, found)
	assert.True(t, strings.Contains(document(t, "docs/ci.md"), pipeline), "docs/ci.md shows no such pipeline:\n%s", pipeline)
}
