package provider_test

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/provider"
)

// A charge is of one of two ways to pay.
type charge struct {
	Rate decimal.Decimal `knob:"rate" doc:"part"`
}

type told struct {
	Mode string `knob:"mode" doc:"which"`
	Fees struct {
		Slow charge `knob:"SLOW" doc:"by letter"`
		Fast charge `knob:"FAST" doc:"by wire"`
	} `knob:"fees" doc:"by way"`
}

func acme(fidelity string) *provider.Mock {
	return &provider.Mock{Name: "acme", Title: "Acme Pay", Fidelity: fidelity, Settings: func() any { return &told{} }}
}

func TestStatements(t *testing.T) {
	got, err := acme(`# Acme Pay

Words before [a link](x.md).

## Paying

| what | is | switch |
| --- | --- | --- |
| It is ` + "`a \\| b`" + `, see [there](y.md#z) | documented: on [page](p.md): 2 | |
| Fees are 0 | our choice | ` + "`fees.*.rate`, by way; `mode`: a or b" + ` |

Words after.

## Asking

| what | is | switch |
| --- | --- | --- |
| Fees are 0 | inferred | ` + "`fees.FAST.rate`" + ` |
`).Statements()

	require.NoError(t, err)
	assert.Equal(t, []provider.Statement{
		{Topic: "Paying", What: "It is `a | b`, see there", Is: provider.Documented, Note: "on page: 2", Switches: []string{}},
		{Topic: "Paying", What: "Fees are 0", Is: provider.OurChoice, Switches: []string{"fees.SLOW.rate", "fees.FAST.rate", "mode"},
			Switch: "`fees.*.rate`, by way; `mode`: a or b"},
		{Topic: "Asking", What: "Fees are 0", Is: provider.Inferred, Switches: []string{"fees.FAST.rate"}, Switch: "`fees.FAST.rate`"},
	}, got)
}

// Each mistake is found in its line.
func TestStatementsErrors(t *testing.T) {
	const head = "# Acme Pay\n## T\n| what | is | switch |\n| --- | --- | --- |\n"
	const good = "| A | documented | |\n"
	for name, test := range map[string]struct{ text, want string }{
		"Empty":             {"", `1: it begins with "# Acme Pay"`},
		"OtherTitle":        {"# Acme\n" + head[11:] + good, `1: it begins with "# Acme Pay"`},
		"NoStatement":       {"# Acme Pay\n## T\nWords.\n", `3: the topic "T" ends without a statement`},
		"TopicTwice":        {head + good + "## T\n" + head[16:] + good, `6: the topic "T" was there before`},
		"DeepHeading":       {head + good + "### U\n", "6: only topics have headings, after ##"},
		"TableBeforeTopic":  {"# Acme Pay\n" + head[16:] + good, "2: a table stands before the first topic"},
		"OtherHead":         {strings.Replace(head, "| is ", "| basis ", 1) + good, "3: a table begins with | what | is | switch |"},
		"OtherRule":         {strings.Replace(head, "| --- |", "|---|", 1) + good, "4: the second line of a table is | --- | --- | --- |"},
		"TwoCells":          {head + "| A | documented |\n" + good, "5: a statement has three cells: what, is, switch"},
		"FourCells":         {head + "| A | documented | | |\n" + good, "5: a statement has three cells: what, is, switch"},
		"NoLastBar":         {head + "| A | documented | x\n" + good, "5: a statement has three cells: what, is, switch"},
		"NoWhat":            {head + "| | documented | |\n", "5: it states nothing"},
		"Twice":             {head + good + "| A | inferred | |\n", "6: this was stated before"},
		"TwoBases":          {head + "| A | documented; our choice | |\n", `5: it is "documented; our choice"; a statement is one of: documented, inferred, our choice; a note may follow after a colon`},
		"NoBasis":           {head + "| A | | |\n", `5: it is ""; a statement is one of: documented, inferred, our choice`},
		"Capital":           {head + "| A | Documented | |\n", `5: it is "Documented"`},
		"EmptyNote":         {head + "| A | documented: | |\n", "5: no note follows the colon"},
		"UnknownKnob":       {head + "| A | documented | `mod` |\n", `5: no knob "mod", did you mean "mode"?`},
		"ObjectIsNoKnob":    {head + "| A | documented | `fees.FAST` |\n", `5: no knob "fees.FAST"`},
		"PatternWithoutFit": {head + "| A | documented | `fees.*` |\n", `5: no knob "fees.*"`},
		"SwitchWithoutKnob": {head + "| A | documented | ask us |\n", "5: the switch names no knob"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := acme(test.text).Statements()

			require.Error(t, err)
			first, _, _ := strings.Cut(err.Error(), "\n")
			assert.Contains(t, first, "mocks/acme/fidelity.md:"+test.want)
		})
	}
}

// All mistakes are told at once.
func TestStatementsErrorsAreAllTold(t *testing.T) {
	_, err := acme("# Acme Pay\n## T\n| what | is | switch |\n| --- | --- | --- |\n| | documented | |\n| A | so | `x` |\n").Statements()

	require.Error(t, err)
	assert.Len(t, strings.Split(err.Error(), "\n"), 3)
}
