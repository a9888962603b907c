package mockpay_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/mocks"
	"github.com/mockpay/mockpay/provider"
)

// TestFidelity checks that docs/fidelity.md is up to date: after what is written
// by hand it has the fidelity.md of each provider, and its knobs as they are.
func TestFidelity(t *testing.T) {
	const file = "docs/fidelity.md"
	all := mocks.All()
	intro, was, found := strings.Cut(document(t, file), "\n## "+all[0].Title+"\n")
	require.True(t, found)
	was = "\n## " + all[0].Title + "\n" + was

	var is strings.Builder
	for _, m := range all {
		is.WriteString("\n" + fidelitySection(m) + knobsTable(m))
	}

	if *update {
		require.NoError(t, os.WriteFile(file, []byte(intro+is.String()), 0o600))
		return
	}
	assert.Equal(t, is.String(), was, "a provider is another now; write it with: go test . -run TestFidelity -update")
}

// fidelitySection is a mock's fidelity.md as a part of a page in docs.
func fidelitySection(m *provider.Mock) string {
	var b strings.Builder
	for line := range strings.Lines(strings.ReplaceAll(m.Fidelity, "(../../docs/", "(")) {
		if strings.HasPrefix(line, "#") {
			b.WriteString("#") // its headings are a level deeper there
		}
		b.WriteString(line)
	}
	return b.String()
}

// A knobRow is a line about a knob, or about all that are alike in a group: the
// fees of each way to send.
type knobRow struct {
	provider.Knob
	name     string
	defaults []string
	of       []string // the members of the group, "" for a knob that is in none
}

// inGroup finds the part of a knob's name that tells a member of a group.
var inGroup = regexp.MustCompile(`\.[A-Z_]{3,}\b`)

// knobRows are a line for each knob but the objects they are in.
func knobRows(knobs []provider.Knob, prefix string, rows []*knobRow) []*knobRow {
	for _, k := range knobs {
		if k.Type != "object" {
			name := prefix + k.Name
			pattern := inGroup.ReplaceAllString(name, ".*")
			at := slices.IndexFunc(rows, func(r *knobRow) bool { return r.name == pattern })
			if at < 0 {
				at, rows = len(rows), append(rows, &knobRow{Knob: k, name: pattern})
			}
			rows[at].defaults = append(rows[at].defaults, defaultText(k))
			rows[at].of = append(rows[at].of, strings.TrimPrefix(inGroup.FindString(name), "."))
		}
		rows = knobRows(k.Knobs, prefix+k.Name+".", rows)
	}
	return rows
}

var zeroes = regexp.MustCompile(`\b(h)0m0s\b|\b(\d*m)0s\b`)

// defaultText is a knob's default as scenarios write it.
func defaultText(k provider.Knob) string {
	if k.Default == nil {
		return "" // an element of a list has what is given
	}
	doc, err := json.Marshal(k.Default)
	if err != nil {
		panic(err)
	}
	text := strings.Trim(zeroes.ReplaceAllString(string(doc), "$1$2"), `"`)
	switch text {
	case "", "null", "[]", "{}":
		return "none"
	}
	return "`" + text + "`"
}

// text is the default, or those of the members where they differ.
func (r *knobRow) text() string {
	if len(slices.Compact(slices.Clone(r.defaults))) == 1 {
		return r.defaults[0]
	}
	var all []string
	for i, text := range r.defaults {
		all = append(all, r.of[i]+" "+text)
	}
	return strings.Join(all, ", ")
}

// knobsTable tells of each knob of a mock what it is and its default.
func knobsTable(m *provider.Mock) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n### Knobs of %s\n\n| knob | default | what it is |\n| --- | --- | --- |\n", m.Title)
	for _, r := range knobRows(m.Knobs(), "", nil) {
		what := r.Doc
		if len(r.OneOf) > 0 && r.Type != "object" {
			what += "; one of " + coded(r.OneOf)
		}
		if len(r.Also) > 0 {
			what += "; also called " + coded(r.Also)
			if strings.Contains(r.name, ".") {
				what += ", also beside the object it is in"
			}
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", r.name, r.text(), strings.ReplaceAll(what, "|", `\|`))
	}
	return b.String()
}
