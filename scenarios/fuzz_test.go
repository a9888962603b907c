package scenarios_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/scenarios"
)

// FuzzParse holds that any text is either a scenario, which its own text gives
// again and which can be explained, or has mistakes that stand somewhere in it.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"library/*.yaml", brokenFiles + "/*.yaml", brokenFiles + "/parents/*.yaml"} {
		paths, err := filepath.Glob(pattern)
		require.NoError(f, err)
		require.NotEmpty(f, paths)
		for _, path := range paths {
			text, err := os.ReadFile(path)
			require.NoError(f, err)
			f.Add(text)
		}
	}
	for _, text := range []string{"", "\n", "\ufeff", "\xff\xfe", "version: 1", "version: 1\r\nname: x\r\n", "version: 1\nname: \"a\u2028b\"\nsed: 1\n"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 1<<16 {
			return // what is larger only takes longer
		}
		s, err := lang.Parse(text)
		var found scenarios.Mistakes
		switch {
		case err == nil:
			givenAgain(t, s)
			require.GreaterOrEqual(t, len(lang.Explain(s).Sentences), 4)
		case errors.As(err, &found):
			require.Nil(t, s)
			require.NotEmpty(t, found)
			for _, m := range found {
				within(t, text, m)
			}
		default:
			t.Fatalf("neither a scenario nor mistakes: %v", err)
		}
	})
}

// givenAgain asserts that the text of a scenario is that scenario, as it stands
// and written anew.
func givenAgain(t *testing.T, s *scenarios.Scenario) {
	again, err := lang.Parse([]byte(s.Text))
	require.NoError(t, err, "its text:\n%s", s.Text)
	require.Equal(t, outside(s), outside(again), "its text:\n%s", s.Text)
	anew, err := lang.WithRules(s, s)
	require.NoError(t, err, "its text:\n%s", s.Text)
	require.Equal(t, outside(s), outside(anew), "written anew:\n%s", anew.Text)
}

// outside is what can be seen of a scenario.
func outside(s *scenarios.Scenario) []any {
	all := []any{s.Name, s.Description, s.Seed, s.Clock, s.Settings}
	for _, c := range s.Expect {
		all = append(all, c.Name, c.Expected())
	}
	for _, r := range s.Rules {
		all = append(all, r.Name, r.Place, r.On)
	}
	return all
}

// lineEnds are what ends a line: for editors, and for YAML.
var lineEnds = []*regexp.Regexp{
	regexp.MustCompile(`\n`),
	regexp.MustCompile(`\r\n|[\r\n\x{85}\x{2028}\x{2029}]`),
}

// within asserts that a mistake stands in a text, or just after its end.
func within(t *testing.T, text []byte, m scenarios.Mistake) {
	assert.Equal(t, "scenario", m.File)
	assert.NotEmpty(t, m.Message)
	require.GreaterOrEqual(t, m.Line, 1, m)
	require.GreaterOrEqual(t, m.Column, 1, m)
	if !utf8.Valid(text) {
		return
	}
	inside := slices.ContainsFunc(lineEnds, func(end *regexp.Regexp) bool {
		lines := end.Split(string(text)+"\n", -1)
		return m.Line <= len(lines) && m.Column <= utf8.RuneCountInString(lines[m.Line-1])+1
	})
	require.True(t, inside, "%s in %q", m, text)
}

// FuzzWhen asks any call any question: it is refused with its place, or answered.
func FuzzWhen(f *testing.F) {
	for _, when := range []string{
		`{amount: 50}`, `{amount: {gte: 1, lt: "1e3"}}`, `{accounts.*.country: {in: [IRQ, SYR]}}`, `{header.X-Kind: {exists: true}}`, `{query.a: x, request.path: {ends_with: e}}`, `{a: {matches: "^(a+)+$"}}`,
		`{"*": 1}`, `{"": 1}`, `{a.: 1}`, `{.: 1}`, `{a..b: {ne: null}}`, `{a: {eq: [1]}}`, `{a: {in: []}}`, `{a: {gt: x}}`, `{a: {}}`, `{a: &a [*a]}`, `{? [x] : 1}`, `{a: !!binary x}`, `{a: .nan}`, `{a: {contains: {b: 1}}}`,
	} {
		f.Add(when, payout)
		f.Add(when, `{"a":[{"b":{"c":1e400}},null,""]}`)
	}
	f.Fuzz(func(t *testing.T, when, body string) {
		if strings.ContainsAny(when, "\n\r") || len(when) > 1000 {
			return // it would be another document
		}
		s, err := lang.Parse([]byte("version: 1\nrules: [{on: dinardragon.execute, when: " + when + ", respond: server_error}]\n"))
		if err != nil {
			var found scenarios.Mistakes
			require.ErrorAs(t, err, &found)
			require.NotEmpty(t, found)
			return
		}
		c := newCaller(t, 1)
		first := c.decide(s, "execute", request(body)).Rule != nil
		require.Equal(t, first, c.decide(s, "execute", request(body)).Rule != nil, "the same call, the same answer")
		require.NotEmpty(t, lang.Explain(s).Sentences)
	})
}

// FuzzParseExpect reads any text as an expect: it is one, whose text reads again,
// or has mistakes that stand in it.
func FuzzParseExpect(f *testing.F) {
	for _, text := range []string{
		"", "[]", "expect: []", "- on: dinardragon.execute\n  count: {gte: 1, lte: 2}\n", `[{"on":"dinaricash.swift","where":{"status":200,"outcome":"success"},"never":true}]`,
		"- {balance: {dinaricash.payout: 1e3}}", "- {in_order: [dinaricash.ach, dinaricash.balance]}", "- {webhook: card_load, on: dinaricash.card_load}", "- &a [*a]", "version: 1\nexpect: [{on: x}]", "\xff", "{",
		`["\ud83d\ude00"]`, "- {count: -1}", "- {on: '*', count: 1e99}",
	} {
		f.Add([]byte(text))
	}
	here, err := lang.Parse([]byte("version: 1\n"))
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 1<<16 {
			return
		}
		e, err := lang.ParseExpect(text, here)
		if err != nil {
			var found scenarios.Mistakes
			require.ErrorAs(t, err, &found)
			require.NotEmpty(t, found)
			return
		}
		again, err := lang.ParseExpect([]byte(e.Text), here)
		require.NoError(t, err, e.Text)
		require.Len(t, again.Checks, len(e.Checks))
	})
}
