package mockpay_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/mocks"
	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/scenarios"
)

var update = flag.Bool("update", false, "write what follows from the providers into docs/scenarios.md and docs/fidelity.md")

// TestNames checks that docs/scenarios.md names all operations with their
// outcomes and states: the text from the heading to the next paragraph that is
// written by hand is what follows from the catalogue.
func TestNames(t *testing.T) {
	const file, heading, rest = "docs/scenarios.md", "\n### Names\n", "\nFor a single call no rule is needed"
	text := document(t, file)
	before, after, found := strings.Cut(text, heading)
	require.True(t, found)
	was, after, found := strings.Cut(after, rest)
	require.True(t, found)

	is := names(mocks.All())

	if *update {
		require.NoError(t, os.WriteFile(file, []byte(before+heading+is+rest+after), 0o600))
		return
	}
	assert.Equal(t, is, was, "the names are others now; write them with: go test . -run TestNames -update")
}

// TestKeys checks that docs/scenarios.md names all keys of a scenario, of a rule
// and of what a value is asked.
func TestKeys(t *testing.T) {
	type object struct{ Properties map[string]any }
	var schema struct {
		object
		Defs struct {
			Rule      object
			Condition struct{ AnyOf []object }
		} `json:"$defs"`
	}
	require.NoError(t, json.Unmarshal(scenarios.NewLanguage(mocks.All()).Schema(), &schema))
	require.NotEmpty(t, schema.Properties)
	require.NotEmpty(t, schema.Defs.Rule.Properties)
	text := document(t, "docs/scenarios.md")
	for _, of := range append(schema.Defs.Condition.AnyOf, schema.object, schema.Defs.Rule) {
		for key := range of.Properties {
			assert.Regexp(t, "`"+key+"(`|: )", text)
		}
	}
}

// names is a paragraph and a table for each provider.
func names(all []*provider.Mock) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\nEvery operation of all providers has the outcomes %s.\n", coded(provider.Generic))
	for _, m := range all {
		common := commonOutcomes(m)
		fmt.Fprintf(&b, "\n**%s.**", m.Title)
		if len(common) > 0 {
			fmt.Fprintf(&b, " Every operation has %s.", coded(common))
		}
		b.WriteString("\n\n| operation | more outcomes | settles |\n| --- | --- | --- |\n")
		for _, op := range m.Operations {
			own := slices.DeleteFunc(op.Outcomes(), func(o string) bool {
				return slices.Contains(common, o) || slices.Contains(provider.Generic, o)
			})
			settles := ""
			if op.Settles != "" {
				settles = "its " + op.Settles + ": " + coded(m.Machine(op.Settles).States)
			}
			fmt.Fprintf(&b, "| `%s.%s` | %s | %s |\n", m.Name, op.Name, coded(own), settles)
		}
	}
	return b.String()
}

// commonOutcomes are those that every operation of a provider has, besides those
// that every operation of all has.
func commonOutcomes(m *provider.Mock) []string {
	common := slices.DeleteFunc(m.Operations[0].Outcomes(), func(o string) bool { return slices.Contains(provider.Generic, o) })
	for _, op := range m.Operations {
		outcomes := op.Outcomes()
		common = slices.DeleteFunc(common, func(o string) bool { return !slices.Contains(outcomes, o) })
	}
	return common
}

func coded(names []string) string {
	var all []string
	for _, name := range names {
		all = append(all, "`"+name+"`")
	}
	return strings.Join(all, " ")
}
