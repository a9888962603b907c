package scenarios_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/scenarios"
)

// What a check expects can be read as a sentence, which is its name unless it
// has one.
func TestExpected(t *testing.T) {
	for check, want := range map[string]string{
		`{on: dinardragon.execute}`:                                                      "at least 1 call of dinardragon.execute",
		`{on: dinardragon.*, never: true}`:                                               "no call of dinardragon.*",
		`{on: "*", count: 0}`:                                                            "no call of any operation",
		`{on: dinardragon.execute, count: 1}`:                                            "exactly 1 call of dinardragon.execute",
		`{on: dinardragon.execute, count: "2"}`:                                          "exactly 2 calls of dinardragon.execute",
		`{on: dinardragon.execute, count: {gte: 2}}`:                                     "at least 2 calls of dinardragon.execute",
		`{on: dinardragon.execute, count: {gt: 2}}`:                                      "at least 3 calls of dinardragon.execute",
		`{on: dinardragon.execute, count: {lte: 2}}`:                                     "at most 2 calls of dinardragon.execute",
		`{on: dinardragon.execute, count: {lt: 2}}`:                                      "at most 1 call of dinardragon.execute",
		`{on: dinardragon.execute, count: {lt: 1}}`:                                      "no call of dinardragon.execute",
		`{on: dinardragon.execute, count: {eq: 4}}`:                                      "exactly 4 calls of dinardragon.execute",
		`{on: dinardragon.execute, count: {gte: 1, gt: 1, lte: 9, lt: 6}}`:               "from 2 to 5 calls of dinardragon.execute",
		`{on: dinardragon.execute, where: {status: 200, amount: {gte: 10, lt: 20}}}`:     "at least 1 call of dinardragon.execute where status is 200 and amount gte 10 and lt 20",
		`{on: dinardragon.execute, where: {outcome: {in: [success, authcode_used]}}}`:    "at least 1 call of dinardragon.execute where outcome in [success, authcode_used]",
		`{on: dinardragon.execute, where: {a: {exists: true}, b: {exists: false}, c: }}`: "at least 1 call of dinardragon.execute where a exists and b does not exist and c is null",
		`{on: dinardragon.execute, where: {a: "", b: " x", c: "1\n2"}}`:                  `at least 1 call of dinardragon.execute where a is "" and b is " x" and c is "1\n2"`,
		`{webhook: card_load}`:                                                           "at least 1 webhook of dinaricash.card_load",
		`{webhook: usdtpayout.payout_status, where: {status: delivered}, count: 2}`:      "exactly 2 webhooks of usdtpayout.payout_status where status is delivered",
		`{balance: {dinaricash.payout: "1992.00", dinardragon.USD: {gt: 5}}}`:            "balance dinaricash.payout is 1992.00 and dinardragon.USD gt 5",
		`{in_order: [dinaricash.ach, {on: dinaricash.*, where: {status: 403}}]}`:         "dinaricash.ach, then dinaricash.* where status is 403",
	} {
		t.Run(check, func(t *testing.T) {
			s := parse(t, "expect: ["+check+"]\n")
			require.Len(t, s.Expect, 1)
			assert.Equal(t, want, s.Expect[0].Expected())
			assert.Equal(t, want, s.Expect[0].Name)
		})
	}
	assert.Equal(t, "why", parse(t, "expect: [{name: why, on: dinardragon.execute}]\n").Expect[0].Name)
}

// Balances are those that the scenario opens, whichever key comes first.
func TestExpectedBalances(t *testing.T) {
	parse(t, "expect: [{balance: {dinardragon.USD_held: 0}}]\nproviders: {dinardragon: {hold_on_authcode: true}}\n")
	found := wrong(t, "version: 1\nexpect: [{balance: {dinardragon.EUR: 0}}]\n")
	assert.Equal(t, `no balance "dinardragon.EUR", did you mean "dinardragon.USD"?`, found[0].Message)
	found = wrong(t, "version: 1\nexpect: [{balance: {dinardragon.EUR: 0}}]\nproviders: {dinardragon: {balance: x}}\n")
	assert.Equal(t, []string{"3:36 providers.dinardragon.balance"}, places(found), "what is opened is not known")
}

// An expect replaces that of the file it extends, as lists do; rules that are
// replaced leave it.
func TestExpectExtends(t *testing.T) {
	dir := files(t, map[string]string{
		"parent.yaml": "version: 1\nexpect: [{on: dinardragon.execute}, {on: dinardragon.status}]\n",
		"heir.yaml":   "version: 1\nextends: parent.yaml\n",
		"other.yaml":  "version: 1\nextends: parent.yaml\nexpect: [{name: own, on: dinaricash.ach}]\n",
	})
	heir, err := lang.LoadFile(dir + "/heir.yaml")
	require.NoError(t, err)
	assert.Len(t, heir.Expect, 2)
	other, err := lang.LoadFile(dir + "/other.yaml")
	require.NoError(t, err)
	require.Len(t, other.Expect, 1)
	assert.Equal(t, "own", other.Expect[0].Name)

	replaced, err := lang.WithRules(heir, parse(t, "rules: [{on: dinardragon.status, delay: 1s}]\nexpect: [{on: dinaricash.ach}]\n"))
	require.NoError(t, err)
	assert.Len(t, replaced.Rules, 1)
	assert.Len(t, replaced.Expect, 2)
	assert.Equal(t, heir.Expect[0].Name, replaced.Expect[0].Name)
}

// An expect by itself is a list, a map or a whole scenario.
func TestParseExpect(t *testing.T) {
	here := parse(t, "")
	for name, text := range map[string]string{
		"List":     "- on: dinardragon.execute\n- {balance: {dinardragon.USD: 5}}\n",
		"Map":      "expect:\n  - on: dinardragon.execute\n  - {balance: {dinardragon.USD: 5}}\n",
		"Scenario": "version: 1\nname: whole\nexpect:\n  - on: dinardragon.execute\n  - {balance: {dinardragon.USD: 5}}\n",
		"JSON":     "[\n\t{\"on\": \"dinardragon.execute\"},\n\t{\"balance\": {\"dinardragon.USD\": \"5\"}}\n]",
		"JSONMap":  `{"expect": [{"on":"dinardragon.execute"},{"balance":{"dinardragon.USD":5.00}}]}`,
		"Aliases":  "- &x {on: dinardragon.execute}\n- *x\n",
	} {
		t.Run("OK"+name, func(t *testing.T) {
			e, err := lang.ParseExpect([]byte(text), here)
			require.NoError(t, err)
			assert.Len(t, e.Checks, 2)
			file := files(t, map[string]string{"expect.yaml": text})
			e, err = lang.LoadExpect(file + "/expect.yaml")
			require.NoError(t, err)
			assert.Len(t, e.Checks, 2)
			again, err := lang.ParseExpect([]byte(e.Text), here)
			require.NoError(t, err)
			assert.Equal(t, e.Checks[0].Name, again.Checks[0].Name)
		})
	}
	for _, text := range []string{"[]", "expect: []", "version: 1"} {
		e, err := lang.ParseExpect([]byte(text), here)
		require.NoError(t, err, text)
		assert.Empty(t, e.Checks)
	}
	for text, want := range map[string]string{
		"":                                  "expect:1:1: there is nothing; expect is a list of checks",
		"# nothing":                         "expect:1:1: there is nothing; expect is a list of checks",
		"{}":                                "expect:1:1: there is no expect; it is a list of checks",
		"null":                              "expect:1:1: expect must be a list, it is empty",
		"text":                              `expect:1:1: expect must be a list, it is "text"`,
		"[{on: dinardragon.exekute}]":       `expect:1:7: no operation "dinardragon.exekute", did you mean "dinardragon.execute"?`,
		"expct: []":                         `expect:1:1: no key "expct", did you mean "expect"?`,
		"expect: []\nname: x":               `expect:2:1: no key "name"; there are: expect`,
		"version: 1\nexpct: []":             `expect:2:1: no key "expct", did you mean "expect"?`,
		"[{balance: {dinardragon.EUR: 1}}]": `expect:1:13: no balance "dinardragon.EUR", did you mean "dinardragon.USD"?`,
		"- on: [":                           "expect:1:8: not YAML: ",
		"[]\n---\n[]":                       "expect:2:1: ",
	} {
		t.Run("Err"+text, func(t *testing.T) {
			e, err := lang.ParseExpect([]byte(text), here)
			var found scenarios.Mistakes
			require.ErrorAs(t, err, &found)
			assert.Nil(t, e)
			require.Len(t, found, 1)
			assert.Contains(t, found.Error(), want)
		})
	}
}

// JSON has escapes that YAML has not; a text that only looks like one stays.
func TestParseExpectEscapes(t *testing.T) {
	e, err := lang.ParseExpect([]byte(`[{"name": "a\/b \\/ \ud83d\uDE00 \u00e9 \n\\ud83d", "on": "dinardragon.execute"}]`), nil)
	require.NoError(t, err)
	assert.Equal(t, "a/b \\/ \U0001f600 é \n\\ud83d", e.Checks[0].Name)
}

// A file that is no scenario does not say what it will be about: any balance of
// a provider may be meant.
func TestLoadExpect(t *testing.T) {
	dir := files(t, map[string]string{
		"open.yaml":   "[{balance: {dinardragon.EUR: 1}}]",
		"nobody.yaml": "[{balance: {dinardrago.EUR: 1}}]",
		"whole.yaml":  "version: 1\nexpect: [{balance: {dinardragon.EUR: 1}}]",
	})
	_, err := lang.LoadExpect(dir + "/open.yaml")
	assert.NoError(t, err)
	_, err = lang.LoadExpect(dir + "/nobody.yaml")
	assert.EqualError(t, err, dir+`/nobody.yaml:1:13: no provider "dinardrago", did you mean "dinardragon"?`)
	_, err = lang.LoadExpect(dir + "/whole.yaml")
	assert.EqualError(t, err, dir+`/whole.yaml:2:21: no balance "dinardragon.EUR", did you mean "dinardragon.USD"?`)
	_, err = lang.LoadExpect(dir + "/nowhere.yaml")
	assert.ErrorContains(t, err, "nowhere.yaml")
}
