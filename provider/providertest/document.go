package providertest

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/provider"
)

// Table returns the rows of a table in a document, below its line of headings,
// each cell without the space around it. So a test can do what a document says,
// row by row.
func Table(t testing.TB, file, headings string) (rows [][]string) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(text), "\n"+headings+"\n| ---")
	require.True(t, found, "%s has no table %s", file, headings)
	_, rest, _ = strings.Cut(rest, "\n")
	for line := range strings.SplitSeq(rest, "\n") {
		if !strings.HasPrefix(line, "|") {
			break
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows = append(rows, cells)
	}
	require.NotEmpty(t, rows)
	return rows
}

var code = regexp.MustCompile("`([^`]+)`")

// Code returns what is set as code in a cell of a table, in order.
func Code(cell string) (all []string) {
	for _, m := range code.FindAllStringSubmatch(cell, -1) {
		all = append(all, m[1])
	}
	return all
}

// Keys returns the keys of a knob's default, which is a map, in order.
func Keys(t testing.TB, m *provider.Mock, knob string) []string {
	t.Helper()
	i := slices.IndexFunc(m.Knobs(), func(k provider.Knob) bool { return k.Name == knob })
	require.GreaterOrEqual(t, i, 0, "%s has no knob %s", m.Name, knob)
	text, err := json.Marshal(m.Knobs()[i].Default)
	require.NoError(t, err)
	var all map[string]any
	require.NoError(t, json.Unmarshal(text, &all))
	return slices.Sorted(maps.Keys(all))
}
