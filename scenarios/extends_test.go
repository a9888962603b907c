package scenarios_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/mocks/dinardragon"
	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/scenarios"
)

// family writes files into a folder and loads one named child.yaml.
func family(t *testing.T, texts map[string]string) *scenarios.Scenario {
	t.Helper()
	for name, text := range texts {
		texts[name] = "version: 1\n" + text
	}
	s, err := lang.LoadFile(filepath.Join(files(t, texts), "child.yaml"))
	require.NoError(t, err)
	return s
}

// sameSettings asserts that a scenario has the settings of Dinar Dragon that
// another has which says so itself.
func sameSettings(t *testing.T, want string, s *scenarios.Scenario) {
	t.Helper()
	asked := parse(t, "providers:\n  dinardragon: "+want+"\n")
	assert.Equal(t, string(provider.Encode(asked.Settings["dinardragon"])), string(provider.Encode(s.Settings["dinardragon"])))
}

func TestExtends(t *testing.T) {
	t.Run("AShippedScenario", func(t *testing.T) {
		s := parse(t, "name: mine\nextends: insufficient-balance\n")

		assert.Equal(t, "mine", s.Name)
		sameSettings(t, `{balance: "50"}`, s)
	})

	t.Run("AFileBesideIt", func(t *testing.T) {
		s := family(t, map[string]string{
			"child.yaml":  "extends: parent.yaml\nseed: 2\n",
			"parent.yaml": "name: parent\nseed: 1\ndescription: of the parent\n",
		})

		assert.EqualValues(t, 2, *s.Seed)
		assert.Empty(t, s.Description, "what a file is called and shows is its own")
	})

	t.Run("AFileInAnotherFolder", func(t *testing.T) {
		s := family(t, map[string]string{
			"child.yaml":        "extends: base/parent.yml\n",
			"base/parent.yml":   "extends: ../grandparent.yaml\n",
			"grandparent.yaml":  "extends: base/eldest.yaml\n",
			"base/eldest.yaml":  "seed: 11\n",
			"base/nothing.yaml": "seed: 12\n",
		})

		assert.EqualValues(t, 11, *s.Seed)
	})

	t.Run("AFileByItsWholePath", func(t *testing.T) {
		parent := filepath.Join(files(t, map[string]string{"parent.yaml": "version: 1\nseed: 5\n"}), "parent.yaml")

		s := family(t, map[string]string{"child.yaml": "extends: " + parent + "\n"})

		assert.EqualValues(t, 5, *s.Seed)
	})

	t.Run("TextExtendsNoFiles", func(t *testing.T) {
		parent := filepath.Join(files(t, map[string]string{"parent.yaml": "version: 1\nseed: 5\n"}), "parent.yaml")

		found := wrong(t, "version: 1\nextends: "+parent+"\n")

		assert.Equal(t, []string{"2:10 extends"}, places(found))
		assert.Contains(t, found[0].Message, "no shipped scenario")
	})

	t.Run("ThroughThreeLevels", func(t *testing.T) {
		s := family(t, map[string]string{
			"child.yaml":  "extends: middle.yaml\nname: child\nproviders: {dinardragon: {balance: 3}}\n",
			"middle.yaml": "extends: eldest.yaml\nname: middle\nseed: 2\nproviders: {dinardragon: {balance: 2, settle_after: 2m}}\n",
			"eldest.yaml": "extends: insufficient-balance\nname: eldest\nseed: 1\nclock: {frozen: true}\nproviders: {dinardragon: {authcode_ttl: 1m, settle_after: 1m}}\n",
		})

		assert.Equal(t, "child", s.Name)
		assert.EqualValues(t, 2, *s.Seed)
		assert.True(t, s.Clock.Frozen)
		sameSettings(t, `{balance: 3, authcode_ttl: 1m, settle_after: 2m}`, s)
	})

	t.Run("MapsMergeKeyByKey", func(t *testing.T) {
		s := family(t, map[string]string{
			"child.yaml":  "extends: parent.yaml\nclock: {speed: 2}\nproviders: {dinardragon: {fee: {rate: 0.1}, debit: charge_only}}\n",
			"parent.yaml": "clock: {start: 2026-01-15T09:00:00Z, speed: 5, frozen: true}\nproviders: {dinardragon: {fee: {rate: 0.5, fixed: 2}, message: hello}}\n",
		})

		assert.Equal(t, 2.0, s.Clock.Speed)
		assert.Equal(t, start, s.Clock.Start)
		assert.True(t, s.Clock.Frozen)
		sameSettings(t, `{fee: {rate: 0.1, fixed: 2}, message: hello, debit: charge_only}`, s)
	})

	t.Run("ListsReplace", func(t *testing.T) {
		s := family(t, map[string]string{
			"child.yaml":  "extends: parent.yaml\nproviders: {dinardragon: {failing_accounts: [3]}}\n",
			"parent.yaml": "providers: {dinardragon: {failing_accounts: [1, 2]}}\n",
		})

		sameSettings(t, `{failing_accounts: [3]}`, s)
	})

	t.Run("AnEmptyListReplaces", func(t *testing.T) {
		s := family(t, map[string]string{
			"child.yaml":  "extends: parent.yaml\nproviders: {dinardragon: {failing_accounts: []}}\n",
			"parent.yaml": "providers: {dinardragon: {failing_accounts: [1, 2]}}\n",
		})

		sameSettings(t, `{failing_accounts: []}`, s)
	})

	t.Run("AScalarReplacesAFalseByATrueAndBack", func(t *testing.T) {
		s := family(t, map[string]string{
			"child.yaml":  "extends: parent.yaml\nclock: {frozen: false}\nproviders: {dinardragon: {always_200: false}}\n",
			"parent.yaml": "clock: {frozen: true}\nproviders: {dinardragon: {always_200: true}}\n",
		})

		assert.False(t, s.Clock.Frozen)
		sameSettings(t, `{}`, s)
	})

	t.Run("ASettingUnderItsOtherNameReplaces", func(t *testing.T) {
		for _, tt := range []struct{ eldest, parent, child string }{
			{`{}`, `{fee: {rate: 0.5}}`, `{fee_rate: 0.1}`},
			{`{}`, `{fee_rate: 0.5}`, `{fee: {rate: 0.1}}`},
			{`{}`, `{fee: {fixed: 0}, fee_rate: 0.5}`, `{fee: {rate: 0.1}}`},
			{`{fee: {rate: 0.4}}`, `{fee_rate: 0.5}`, `{fee: {rate: 0.1}}`},
			{`{fee_rate: 0.4}`, `{fee: {rate: 0.5}}`, `{fee_rate: 0.1}`},
		} {
			s := family(t, map[string]string{
				"child.yaml":  "extends: parent.yaml\nproviders: {dinardragon: " + tt.child + "}\n",
				"parent.yaml": "extends: eldest.yaml\nproviders: {dinardragon: " + tt.parent + "}\n",
				"eldest.yaml": "providers: {dinardragon: " + tt.eldest + "}\n",
			})

			sameSettings(t, `{fee: {rate: 0.1}}`, s)
			again, err := lang.Parse([]byte(s.Text))
			require.NoError(t, err, s.Text)
			sameSettings(t, `{fee: {rate: 0.1}}`, again)
		}
	})

	t.Run("TheFileItselfIsNamedLikeAShippedOne", func(t *testing.T) {
		t.Chdir(files(t, map[string]string{"default.yaml": "version: 1\nextends: default\nseed: 9\n"}))

		for _, ref := range []string{"default.yaml", "./default.yaml"} {
			s, err := lang.LoadFile(ref)
			require.NoError(t, err)
			assert.EqualValues(t, 9, *s.Seed)
		}
	})

	t.Run("TheSameFileTwiceIsNoCircle", func(t *testing.T) {
		s := family(t, map[string]string{
			"child.yaml":  "extends: parent.yaml\n",
			"parent.yaml": "extends: default\nseed: 3\n",
		})

		assert.EqualValues(t, 3, *s.Seed)
		_, err := lang.Parse([]byte("version: 1\nextends: instant\n"))
		assert.NoError(t, err, "which extends default, as most do")
	})
}

func TestNoExtendsBeginsFromTheDefaults(t *testing.T) {
	bare := parse(t, "name: bare\n")
	extending := parse(t, "name: bare\nextends: default\n")

	assert.Equal(t, dinardragon.New().Settings(), bare.Settings["dinardragon"])
	assert.Equal(t, bare.Settings, extending.Settings)
	assert.Equal(t, bare.Clock, extending.Clock)
	assert.Empty(t, bare.Rules)
	assert.Nil(t, bare.Seed)
}

// generations are three files, each with rules of its own.
var generations = map[string]string{
	"child.yaml": `version: 1
extends: middle.yaml
name: child
seed: 5
rules:
  - {on: dinardragon.execute, times: 1, respond: server_error}
  - {name: child, on: dinardragon.execute, times: 1, respond: authcode_used}
`,
	"middle.yaml": `version: 1
extends: eldest.yaml
providers: {dinardragon: {authcode_ttl: 5m}}
rules:
  - {on: dinardragon.execute, skip: 1, times: 1, respond: rate_limited}
`,
	"eldest.yaml": `version: 1
extends: failed-payment-refund
description: three generations
clock: {start: 2026-01-15T09:00:00Z, frozen: true}
rules:
  - {on: dinardragon.execute, when: {authcode: {exists: true}}, times: 1, delay: 1ms}
`,
}

func loadGenerations(t *testing.T) *scenarios.Scenario {
	t.Helper()
	s, err := lang.LoadFile(filepath.Join(files(t, generations), "child.yaml"))
	require.NoError(t, err)
	return s
}

func TestRulesAfterExtends(t *testing.T) {
	s := loadGenerations(t)

	t.Run("OfTheChildFirst", func(t *testing.T) {
		var ons, names []string
		for i, r := range s.Rules {
			assert.Equal(t, i+1, r.Place)
			ons, names = append(ons, r.On), append(names, r.ID())
		}
		assert.Equal(t, []string{"1", "child", "3", "4", "all payments fail"}, names)
		assert.Equal(t, "dinardragon.execute", ons[4])
	})

	t.Run("CountEachByItsPlace", func(t *testing.T) {
		got := newCaller(t, 1).idsOf(s, 6, request(`{"authcode": "x"}`))

		assert.Equal(t, "1 child 3 4 all payments fail all payments fail", got)
	})

	t.Run("ReplacedByNoneStayThoseOfTheParent", func(t *testing.T) {
		s := parse(t, "extends: failed-payment-refund\nrules: []\n")

		assert.Len(t, s.Rules, 1)
	})
}

// same asserts that two scenarios set up and decide alike.
func same(t *testing.T, want, got *scenarios.Scenario) {
	t.Helper()
	assert.Equal(t, want.Name, got.Name)
	assert.Equal(t, want.Description, got.Description)
	assert.Equal(t, want.Seed, got.Seed)
	assert.Equal(t, want.Clock, got.Clock)
	assert.Equal(t, want.Settings, got.Settings)
	require.Len(t, got.Rules, len(want.Rules))
	for i, r := range want.Rules {
		assert.Equal(t, []any{r.Name, r.Place, r.On}, []any{got.Rules[i].Name, got.Rules[i].Place, got.Rules[i].On})
	}
	for _, body := range []string{``, `{"authcode": "x"}`, payout} {
		assert.Equal(t, newCaller(t, 7).idsOf(want, 30, request(body)), newCaller(t, 7).idsOf(got, 30, request(body)))
	}
}

func TestTextIsTheScenarioWhole(t *testing.T) {
	t.Run("WithWhatItExtends", func(t *testing.T) {
		s := loadGenerations(t)

		again, err := lang.Parse([]byte(s.Text))

		require.NoError(t, err, s.Text)
		same(t, s, again)
		assert.NotContains(t, s.Text, "extends")
	})

	t.Run("WordForWordWhereItExtendsNothing", func(t *testing.T) {
		const text = "version: 1   # the first\n\nname: plain\nrules: [ ]\n"
		s, err := lang.Parse([]byte(text))

		require.NoError(t, err)
		assert.Equal(t, text, s.Text)
	})

	t.Run("WhateverTheValuesLookLike", func(t *testing.T) {
		s := parse(t, `extends: default
name: "007"
description: |-
  yes # no comment
  : and "quotes" 'both' `+"\n  \ttab  \n"+`
# a comment between
clock: {start: 2026-01-15T09:00:00.123+02:00, speed: 1.50} # and after
providers:
  dinardragon:
    balance: "1e3"
    message: "null"
    account_email: '2026-01-15'
    failing_accounts: [007, "1", 12345678901234567890123] # three
rules:
  # the first
  - name: "true"
    on: "*"
    when: {"*": {in: [null, "null", ~, 1.0, "1.0", true]}, "a.b": "", 'x y': " z "}
    respond:
      status: 200
      headers: {X-A: "#", X-B: "- x", "X-C": "é\u00a0"}
      body: {n: 1.50, "y": no, t: "line\nbreak ", e: "", l: [[], {}], "1": 0x1F}
`)

		again, err := lang.Parse([]byte(s.Text))

		require.NoError(t, err, s.Text)
		same(t, s, again)
		c := newCaller(t, 1)
		r := request(`{"a": null, "a.b": "", "x y": " z "}`)
		first, second := c.decide(s, "execute", r), c.decide(again, "execute", r)
		require.NotNil(t, first.Raw)
		assert.Equal(t, first.Raw, second.Raw)
		assert.Equal(t, `{"n":1.50,"y":"no","t":"line\nbreak ","e":"","l":[[],{}],"1":"0x1F"}`, string(second.Raw.Body))
	})
}

func TestWithRules(t *testing.T) {
	s := parse(t, "name: before\nseed: 5\nproviders: {dinardragon: {balance: 5}}\nrules: [{name: old, on: dinardragon.status, respond: server_error}]\n")
	of := parse(t, "name: other\nseed: 6\nproviders: {dinardragon: {balance: 6}}\n"+rulesOf("a: times: 1\nb:"))

	t.Run("TakesTheRulesAndNothingElse", func(t *testing.T) {
		got, err := lang.WithRules(s, of)

		require.NoError(t, err)
		assert.Equal(t, "before", got.Name)
		assert.EqualValues(t, 5, *got.Seed)
		assert.Equal(t, s.Settings, got.Settings)
		assert.Equal(t, "a b b", newCaller(t, 1).ids(got, 3))
		assert.Equal(t, []int{1, 2}, []int{got.Rules[0].Place, got.Rules[1].Place})
	})

	t.Run("SaysSoInItsText", func(t *testing.T) {
		got, err := lang.WithRules(s, of)
		require.NoError(t, err)

		again, err := lang.Parse([]byte(got.Text))

		require.NoError(t, err)
		same(t, got, again)
	})

	t.Run("LeavesBothAsTheyWere", func(t *testing.T) {
		_, err := lang.WithRules(s, of)

		require.NoError(t, err)
		assert.Len(t, s.Rules, 1)
		assert.Contains(t, s.Text, "old")
		assert.Len(t, of.Rules, 2)
	})

	t.Run("TakesTheRulesThatWereExtendedToo", func(t *testing.T) {
		got, err := lang.WithRules(s, loadGenerations(t))

		require.NoError(t, err)
		assert.Len(t, got.Rules, 5)
	})

	t.Run("TakesNoneWhereThereAreNone", func(t *testing.T) {
		got, err := lang.WithRules(s, parse(t, "name: empty\n"))

		require.NoError(t, err)
		assert.Empty(t, got.Rules)
	})

	t.Run("GivesThemToOneThatHadNone", func(t *testing.T) {
		got, err := lang.WithRules(parse(t, "name: empty\n"), of)

		require.NoError(t, err)
		assert.Len(t, got.Rules, 2)
	})

	t.Run("KeepsTheNameOfAFileThatHasNone", func(t *testing.T) {
		path := filepath.Join(files(t, map[string]string{"my.own.yaml": "version: 1\n"}), "my.own.yaml")
		nameless, err := lang.LoadFile(path)
		require.NoError(t, err)

		got, err := lang.WithRules(nameless, of)

		require.NoError(t, err)
		assert.Equal(t, "my.own", nameless.Name)
		assert.Equal(t, "my.own", got.Name)
	})

	t.Run("TakesRulesWithAliases", func(t *testing.T) {
		aliased := parse(t, "description: &text shared\nrules:\n  - {name: *text, on: dinardragon.execute, respond: {body: &b [1]}}\n  - {on: dinardragon.execute, respond: {body: *b}}\n")

		got, err := lang.WithRules(s, aliased)

		require.NoError(t, err)
		assert.Equal(t, "shared", got.Rules[0].Name)
	})
}

func TestExtendedScenarioEndToEnd(t *testing.T) {
	s := openShop(t, loadGenerations(t).Text[len("version: 1\n"):])
	code := s.quote("50", payee{"1234", "50"})

	var rules []string
	var last answer
	for range 5 {
		last = s.execute(code)
		rules = append(rules, last.rule()+" "+strconv.Itoa(last.status))
	}

	assert.Equal(t, []string{"1 500", "child 400", "3 429", "4 200", "all payments fail 400"}, rules)
	assert.Equal(t, http.StatusBadRequest, last.status, "the code was used by the third")
	s.Advance(2 * time.Second)
	s.sound()
}

func TestScenarioChangedWhileItRuns(t *testing.T) {
	const rules = "rules:\n  - {name: a, on: dinardragon.status, skip: 1, times: 2, respond: server_error}\n"
	ids := func(s *shop, n int) (all []string) {
		for range n {
			all = append(all, s.call("/status", `{}`).rule())
		}
		return all
	}

	t.Run("ResetBeginsToCountAnew", func(t *testing.T) {
		s := openShop(t, rules)
		before := ids(s, 4)

		_, err := s.Reset(t.Context())
		require.NoError(t, err)

		assert.Equal(t, []string{"", "a", "a", ""}, before)
		assert.Equal(t, before, ids(s, 4))
	})

	t.Run("TheSameRulesCountOn", func(t *testing.T) {
		s := openShop(t, rules)
		ids(s, 2)

		_, err := s.ReplaceRules(t.Context(), "version: 1\nrules: [{on: dinardragon.execute, delay: 0}]\n")
		require.NoError(t, err)
		_, err = s.ReplaceRules(t.Context(), "version: 1\n"+rules)
		require.NoError(t, err)
		assert.Equal(t, []string{"", "a"}, ids(s, 2), "it was gone in between")
		_, err = s.ReplaceRules(t.Context(), "version: 1\n"+rules)
		require.NoError(t, err)

		assert.Equal(t, []string{"a", ""}, ids(s, 2))
	})

	t.Run("NewRulesBeginToCountAnewAndKeepTheState", func(t *testing.T) {
		s := openShop(t, rules)
		p := s.pay("50", payee{"1234", "50"})
		ids(s, 4)

		_, err := s.ReplaceRules(t.Context(), "version: 1\n"+strings.Replace(rules, "name: a", "name: b", 1))
		require.NoError(t, err)

		assert.Equal(t, []string{"", "b", "b", ""}, ids(s, 4))
		assert.Equal(t, []int{0}, s.statuses(p))
		assert.Equal(t, "9948.75", s.balance())
	})

	t.Run("MistakenRulesChangeNothing", func(t *testing.T) {
		s := openShop(t, rules)
		ids(s, 2)

		_, err := s.ReplaceRules(t.Context(), "version: 1\nrules: [{on: dinardragon.staus, delay: 1s}]\n")

		require.ErrorContains(t, err, `did you mean "dinardragon.status"?`)
		assert.Equal(t, []string{"a", ""}, ids(s, 2))
	})

	t.Run("ARestoredSnapshotCountsOn", func(t *testing.T) {
		s := openShop(t, "rules:\n  - {name: a, on: dinardragon.status, chance: 0.5, times: 10, respond: server_error}\n")
		ids(s, 5)
		saved, err := s.State(t.Context())
		require.NoError(t, err)
		after := ids(s, 25)

		require.NoError(t, s.RestoreState(t.Context(), saved))

		assert.Equal(t, after, ids(s, 25))
	})
}

func TestLoad(t *testing.T) {
	dir := files(t, map[string]string{"instant.yaml": "version: 1\nseed: 1\n", "plain": "version: 1\nseed: 2\n", "mine.yml": "version: 1\nseed: 3\n"})
	t.Chdir(dir)

	t.Run("AShippedName", func(t *testing.T) {
		s, err := lang.Load("instant")

		require.NoError(t, err)
		assert.Equal(t, "instant", s.Name)
		assert.Nil(t, s.Seed, "not the file of that name")
	})

	for ref, seed := range map[string]int64{"instant.yaml": 1, "plain": 2, "mine.yml": 3, "./mine.yml": 3, dir + "/plain": 2} {
		t.Run("TheFile "+filepath.Base(ref), func(t *testing.T) {
			s, err := lang.Load(ref)

			require.NoError(t, err)
			assert.Equal(t, seed, *s.Seed)
		})
	}

	t.Run("ANameThatIsNeitherNamesTheNearest", func(t *testing.T) {
		_, err := lang.Load("instnt")

		require.ErrorContains(t, err, `no shipped scenario "instnt", did you mean "instant"?`)
	})

	t.Run("AFileThatIsMissing", func(t *testing.T) {
		_, err := lang.Load("gone.yaml")

		require.ErrorIs(t, err, os.ErrNotExist)
	})

	t.Run("AShippedNameThatThereIsNot", func(t *testing.T) {
		_, err := lang.Shipped("../default")

		require.ErrorContains(t, err, "no shipped scenario")
	})

	t.Run("TheFilesOfAFolder", func(t *testing.T) {
		dir := files(t, map[string]string{"b.yaml": "", "a.yml": "", "sub/c.yaml": "", "notes.txt": "", "sub/d.json": ""})

		got, err := scenarios.Files(dir)

		require.NoError(t, err)
		assert.Equal(t, []string{dir + "/a.yml", dir + "/b.yaml", dir + "/sub/c.yaml"}, got)
	})

	t.Run("TheFilesOfAFolderThatIsMissing", func(t *testing.T) {
		_, err := scenarios.Files(dir + "/gone")

		require.ErrorIs(t, err, os.ErrNotExist)
	})
}
