package scenarios_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/scenarios"
	"github.com/mockpay/mockpay/state"
)

// Rules of execute by their keys besides on and respond, in the order of the
// file: which of them act on the calls that come one after another?
func TestHowOften(t *testing.T) {
	tests := map[string]struct {
		rules string // a line each: name: keys
		want  string
	}{
		"EachCallWhenNothingIsSaid": {"a:", "a a a"},
		"SkipLetsTheFirstPass":      {"a: skip: 2", "- - a a a"},
		"SkipZeroLetsNonePass":      {"a: skip: 0", "a a"},
		"TimesEndsIt":               {"a: times: 2", "a a - - -"},
		"EveryActsOnTheNth":         {"a: every: 3", "- - a - - a - - a -"},
		"EveryOneIsEach":            {"a: every: 1", "a a a"},
		"SkipThenTimes":             {"a: {skip: 2, times: 2}", "- - a a - -"},
		"SkipThenEvery":             {"a: {skip: 2, every: 2}", "- - - a - a - a"},
		"EveryCountedInTimes":       {"a: {every: 2, times: 2}", "- a - a - - - -"},
		"SkipEveryTimes":            {"a: {skip: 1, every: 2, times: 2}", "- - a - a - - -"},
		"ChanceOneIsEach":           {"a: chance: 1", "a a a a"},
		"ChanceZeroIsNever":         {"a: chance: 0", "- - - -"},
		"ChanceNeverUsesUpTimes":    {"a: {chance: 0, times: 1}\nb: times: 1", "b - -"},

		"FirstMatchWins":                     {"a:\nb:", "a a"},
		"WhoDoesNotActLetsTheNextTry":        {"a: skip: 2\nb:", "b b a a"},
		"WhoIsUsedUpLetsTheNextTry":          {"a: times: 2\nb: times: 1\nc:", "a a b c c"},
		"WhoWaitsForTheNthLetsTheNextTry":    {"a: every: 3\nb: times: 3", "b b a b - a - - a"},
		"WhoHasNoChanceLetsTheNextTry":       {"a: chance: 0\nb: skip: 1", "- b b"},
		"CallsDecidedBeforeAreCounted":       {"a: times: 2\nb: skip: 1", "a a b b b"},
		"CallsThatLetPassAreCountedByEach":   {"a: skip: 1\nb: skip: 1", "- a a"},
		"TheSameNameIsNotTheSameRule":        {"a: times: 1\na: times: 1\nb:", "a a b"},
		"TwoOfTheSameTurnTheFirstActs":       {"a: every: 2\nb: every: 2", "- a - a - a - a"},
		"SeenCountsOnWhileTimesAreUsedUp":    {"a: {times: 1}\nb: {every: 2, times: 1}\nc:", "a b c c c"},
		"TimesOfOneDoNotTouchThoseOfAnother": {"a: {skip: 1, times: 1}\nb: times: 2", "b a b - -"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := parse(t, rulesOf(tt.rules))

			got := newCaller(t, 1).ids(s, len(strings.Fields(tt.want)))

			assert.Equal(t, tt.want, got)
		})
	}
}

// rulesOf writes rules of execute that answer server_error.
func rulesOf(lines string) string {
	var b strings.Builder
	b.WriteString("rules:\n")
	for line := range strings.SplitSeq(lines, "\n") {
		name, keys, _ := strings.Cut(line, ":")
		keys = strings.Trim(keys, " {}")
		if keys != "" {
			keys += ", "
		}
		fmt.Fprintf(&b, "  - {name: %s, on: dinardragon.execute, %srespond: server_error}\n", name, keys)
	}
	return b.String()
}

func TestCallsThatDoNotMatchAreNotCounted(t *testing.T) {
	for _, often := range []string{"skip: 1", "every: 2"} {
		t.Run(often, func(t *testing.T) {
			s := parse(t, "rules: [{name: a, on: dinardragon.execute, when: {amount: {gt: 10}}, "+often+", respond: server_error}]\n")
			c := newCaller(t, 1)
			small, large := request(`{"amount": 5}`), request(`{"amount": 50}`)

			assert.Equal(t, "- - -", c.idsOf(s, 3, small))
			assert.Equal(t, "-", c.idsOf(s, 1, large))
			assert.Equal(t, "- -", c.idsOf(s, 2, small))
			assert.Equal(t, "a", c.idsOf(s, 1, large))
		})
	}
}

func TestTimesCountsMatchingCallsOnly(t *testing.T) {
	s := parse(t, "rules: [{name: a, on: dinardragon.execute, when: {amount: {gt: 10}}, times: 1, respond: server_error}]\n")
	c := newCaller(t, 1)

	assert.Equal(t, "- -", c.idsOf(s, 2, request(`{"amount": 5}`)))
	assert.Equal(t, "a -", c.idsOf(s, 2, request(`{"amount": 50}`)))
}

// A rule of many operations counts the calls of all of them.
func TestWildcardCountsAllItsOperations(t *testing.T) {
	s := parse(t, "rules: [{name: a, on: dinardragon.*, skip: 2, times: 2, respond: server_error}]\n")
	c := newCaller(t, 1)
	var got []bool
	for _, op := range []string{"get_authcode", "execute", "status", "status", "status"} {
		got = append(got, c.decide(s, op, request("")).Rule != nil)
	}

	assert.Equal(t, []bool{false, false, true, true, false}, got)
}

func TestBetween(t *testing.T) {
	at := func(c *caller, s *scenarios.Scenario, ages ...string) string {
		var all []string
		for _, age := range ages {
			c.age, _ = time.ParseDuration(age)
			all = append(all, c.ids(s, 1))
		}
		return strings.Join(all, " ")
	}

	t.Run("HoldsFromItsFirstUpToBeforeItsLast", func(t *testing.T) {
		s := parse(t, rulesOf("a: between: [12m, 14m]"))

		got := at(newCaller(t, 1), s, "0s", "11m59.999s", "12m", "13m", "13m59.999s", "14m", "1h")

		assert.Equal(t, "- - a a a - -", got)
	})

	t.Run("MayBeginWithTheClock", func(t *testing.T) {
		s := parse(t, rulesOf("a: between: [0s, 1ms]"))

		assert.Equal(t, "a -", at(newCaller(t, 1), s, "0s", "1ms"))
	})

	t.Run("LetsTheNextTryOutside", func(t *testing.T) {
		s := parse(t, rulesOf("a: between: [1m, 2m]\nb:"))

		assert.Equal(t, "b a b", at(newCaller(t, 1), s, "0s", "1m", "2m"))
	})

	t.Run("SkipAndEveryCountOutsideToo", func(t *testing.T) {
		s := parse(t, rulesOf("a: {skip: 1, every: 2, between: [1m, 2m]}"))

		assert.Equal(t, "- - - - a -", at(newCaller(t, 1), s, "0s", "0s", "0s", "1m", "1m", "1m"))
	})

	t.Run("TimesAreUsedUpInsideOnly", func(t *testing.T) {
		s := parse(t, rulesOf("a: {times: 1, between: [1m, 2m]}"))

		assert.Equal(t, "- - a -", at(newCaller(t, 1), s, "0s", "0s", "1m", "1m"))
	})
}

const half = "a: chance: 0.5"

func TestChance(t *testing.T) {
	t.Run("SameSeedSameDecisions", func(t *testing.T) {
		s := parse(t, rulesOf(half))

		assert.Equal(t, newCaller(t, 7).ids(s, 200), newCaller(t, 7).ids(s, 200))
	})

	t.Run("OtherSeedOtherDecisions", func(t *testing.T) {
		s := parse(t, rulesOf(half))

		assert.NotEqual(t, newCaller(t, 7).ids(s, 200), newCaller(t, 8).ids(s, 200))
	})

	t.Run("RulesDrawApart", func(t *testing.T) {
		one := newCaller(t, 7).ids(parse(t, rulesOf(half)), 200)

		both := newCaller(t, 7).ids(parse(t, rulesOf(half+"\nc: chance: 0.5")), 200)

		assert.Equal(t, one, strings.ReplaceAll(both, "c", "-"), "the second rule changes nothing for the first")
		assert.Contains(t, both, "c", "the second rule does not draw the same")
		assert.Contains(t, both, "-", "nor the opposite")
	})

	t.Run("IsNotDrawnForCallsThatAreNotItsTurn", func(t *testing.T) {
		s := parse(t, rulesOf("a: {chance: 0.5, skip: 50}"))

		late := newCaller(t, 7).ids(s, 150)

		assert.Equal(t, newCaller(t, 7).ids(parse(t, rulesOf(half)), 100), late[100:])
	})

	t.Run("TimesCountsWhatActed", func(t *testing.T) {
		s := parse(t, rulesOf("a: {chance: 0.5, times: 10}"))

		got := newCaller(t, 7).ids(s, 200)

		assert.Equal(t, 10, strings.Count(got, "a"))
		free := newCaller(t, 7).ids(parse(t, rulesOf(half)), 200)
		last := strings.LastIndex(got, "a")
		assert.Equal(t, free[:last], got[:last], "until they are used up nothing differs")
	})

	for _, chance := range []float64{0.01, 0.2, 0.5, 0.9} {
		t.Run(fmt.Sprintf("Of%vComesAboutThatOften", chance), func(t *testing.T) {
			t.Parallel()
			const draws = 2000
			s := parse(t, rulesOf(fmt.Sprintf("a: chance: %v", chance)))
			for seed := range int64(3) {
				acted := strings.Count(newCaller(t, seed).ids(s, draws), "a")

				// Four standard deviations, of which there are at most 22.4.
				assert.InDelta(t, chance*draws, float64(acted), 90, "seed %d", seed)
			}
		})
	}
}

// counting is a scenario that needs all that rules remember.
const counting = "a: {skip: 2, every: 3, times: 4}\nb: {chance: 0.3, times: 9}\nc: {every: 4}\nd: {chance: 0.5}"

func TestWhatRulesRemember(t *testing.T) {
	s := parse(t, rulesOf(counting))
	whole := newCaller(t, 7).ids(s, 60)
	require.Contains(t, whole, "a")
	require.Contains(t, whole, "b")
	require.Contains(t, whole, "c")
	require.Contains(t, whole, "d")
	require.Contains(t, whole, "-")

	t.Run("OutlivesASnapshot", func(t *testing.T) {
		c := newCaller(t, 7)
		begin := c.ids(s, 25)
		saved := c.saved()
		c.ids(s, 10)

		c.restore(saved)

		assert.Equal(t, whole, begin+" "+c.ids(s, 35))
	})

	t.Run("OutlivesASnapshotIntoAnotherWorkspace", func(t *testing.T) {
		c, other := newCaller(t, 7), newCaller(t, 8)
		begin := c.ids(s, 25)
		other.ids(s, 5)

		other.restore(c.saved())

		assert.Equal(t, whole, begin+" "+other.ids(s, 35))
	})

	t.Run("IsGoneAfterReset", func(t *testing.T) {
		c := newCaller(t, 7)
		c.ids(s, 25)

		c.reset(7)

		assert.Equal(t, whole, c.ids(s, 60))
	})

	t.Run("IsGoneWithTheRules", func(t *testing.T) {
		c := newCaller(t, 7)
		c.ids(s, 25)

		c.keep(s, parse(t, ""))

		assert.Equal(t, whole, c.ids(s, 60))
	})

	t.Run("IsNotKeptOfACallThatWasUndone", func(t *testing.T) {
		c := newCaller(t, 7)
		begin := c.ids(s, 25)

		_ = c.db.Update(state.Cause{}, func(tx *state.Tx) error {
			s.Decide(c.call(tx, "execute", request("")), 0, false)
			return assert.AnError
		})

		assert.Equal(t, whole, begin+" "+c.ids(s, 35))
	})
}

// listed are rules as they stand in a file.
func listed(rules []string) string {
	if len(rules) == 0 {
		return ""
	}
	return "rules:\n  - " + strings.Join(rules, "\n  - ") + "\n"
}

// keep has the counters go over to the next scenario.
func (c *caller) keep(before, after *scenarios.Scenario) {
	c.t.Helper()
	c.tx(func(tx *state.Tx) { scenarios.KeepCounters(tx, before, after) })
}

func TestKeepCounters(t *testing.T) {
	const a, b, twice = "{name: a, on: dinardragon.execute, skip: 1, times: 2, delay: 1s}", "{name: b, on: dinardragon.execute, times: 3, delay: 1s}", "{name: t, on: dinardragon.execute, times: 2, delay: 1s}"
	tests := map[string]struct {
		before, after []string
		calls         int // of the first
		want          string
	}{
		"InItsPlace":         {[]string{a, b}, []string{a, b}, 2, "a b b -"},
		"MovedDown":          {[]string{a, b}, []string{"{on: dinardragon.status, delay: 1s}", a, b}, 2, "a b b -"},
		"MovedUp":            {[]string{a, b}, []string{b}, 2, "b b - -"},
		"Swapped":            {[]string{a, b}, []string{b, a}, 2, "b b a -"},
		"WrittenOtherwise":   {[]string{a}, []string{"\n      name: 'a'\n      on: \"dinardragon.execute\" # as before\n      skip: 1\n      times: 2\n      delay: 1s"}, 2, "a - - -"},
		"Changed":            {[]string{a}, []string{strings.Replace(a, "times: 2", "times: 3", 1)}, 2, "- a a a"},
		"TheSameTwice":       {[]string{twice, twice}, []string{twice, twice}, 3, "t - - -"},
		"OneMoreOfTheSame":   {[]string{twice}, []string{twice, twice}, 1, "t t t -"},
		"OneLessOfTheSame":   {[]string{twice, twice}, []string{twice}, 1, "t - - -"},
		"GoneAndComeBack":    {[]string{a}, []string{}, 3, "- - - -"},
		"ChanceDrawsOn":      {[]string{"{name: c, on: dinardragon.execute, chance: 0.5, delay: 1s}"}, []string{"{name: c, on: dinardragon.execute, chance: 0.5, delay: 1s}"}, 10, ""},
		"OfAnotherOperation": {[]string{a}, []string{strings.Replace(a, "execute", "status", 1)}, 3, "- - - -"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			before, after := parse(t, listed(tt.before)), parse(t, listed(tt.after))
			if tt.want == "" {
				whole := newCaller(t, 7)
				whole.ids(before, tt.calls)
				tt.want = whole.ids(before, 4)
			}
			c := newCaller(t, 7)
			c.ids(before, tt.calls)

			c.keep(before, after)

			assert.Equal(t, tt.want, c.ids(after, 4))
		})
	}
}

func TestCompare(t *testing.T) {
	const a, b, c, nameless = "{name: a, on: \"*\", delay: 1s}", "{name: b, on: \"*\", delay: 1s}", "{name: c, on: \"*\", delay: 1s}", "{on: \"*\", delay: 1s}"
	for name, tt := range map[string]struct {
		before, after []string
		want          scenarios.Difference
	}{
		"Nothing":  {[]string{a, b}, []string{a, b}, scenarios.Difference{Kept: 2}},
		"Moved":    {[]string{a, b}, []string{b, a}, scenarios.Difference{Kept: 2}},
		"Added":    {[]string{b}, []string{a, b, nameless}, scenarios.Difference{Added: []string{"a", "3"}, Kept: 1}},
		"Removed":  {[]string{nameless, a, b}, []string{b}, scenarios.Difference{Removed: []string{"1", "a"}, Kept: 1}},
		"Replaced": {[]string{a}, []string{c}, scenarios.Difference{Added: []string{"c"}, Removed: []string{"a"}}},
		"Doubled":  {[]string{a}, []string{a, a}, scenarios.Difference{Added: []string{"a"}, Kept: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tt.want, scenarios.Compare(parse(t, listed(tt.before)), parse(t, listed(tt.after))))
		})
	}
}

func TestKeepCountersTouchesNothingElse(t *testing.T) {
	c := newCaller(t, 7)
	s := parse(t, rulesOf(counting))
	c.ids(s, 10)
	var first, second string
	c.tx(func(tx *state.Tx) {
		tx.Count("request")
		first = tx.Hex("dinardragon.payout", 16)
	})

	c.keep(s, parse(t, ""))

	c.tx(func(tx *state.Tx) {
		assert.EqualValues(t, 1, tx.Counter("request"))
		second = tx.Hex("dinardragon.payout", 16)
	})
	assert.NotEqual(t, first, second, "ids go on, none comes twice")
}

// saved is what a snapshot of the workspace holds, as it is kept.
func (c *caller) saved() []byte {
	c.t.Helper()
	var doc []byte
	c.tx(func(tx *state.Tx) {
		var err error
		doc, err = json.Marshal(c.db.Snapshot(tx))
		require.NoError(c.t, err)
	})
	return doc
}

func (c *caller) restore(saved []byte) {
	c.t.Helper()
	var s state.Snapshot
	require.NoError(c.t, json.Unmarshal(saved, &s))
	require.NoError(c.t, c.db.Restore(s, func(*state.Tx) error { return nil }))
}

// acted are the rules that act on n status calls, "" for none.
func (s *shop) acted(n int) (all []string) {
	s.t.Helper()
	for range n {
		all = append(all, s.call("/status", `{}`).rule())
	}
	return all
}

func TestHowOftenOverHTTP(t *testing.T) {
	t.Run("BetweenGoesByTheWorkspacesClock", func(t *testing.T) {
		s := openShop(t, "rules: [{name: a, on: dinardragon.*, between: [1m, 2m], respond: server_error}]\n")
		around := func() []string {
			var all []string
			for _, step := range []time.Duration{0, time.Minute - time.Millisecond, time.Millisecond, time.Minute - time.Millisecond, time.Millisecond} {
				s.Advance(step)
				all = append(all, s.acted(1)...)
			}
			return all
		}

		assert.Equal(t, []string{"", "", "a", "a", ""}, around())
		_, err := s.Reset(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []string{"", "", "a", "a", ""}, around(), "a reset begins the clock anew")
	})

	t.Run("ChanceGoesByTheSeed", func(t *testing.T) {
		const rules = "rules: [{name: a, on: dinardragon.status, chance: 0.5, respond: server_error}]\n"

		one, other := openShop(t, rules), openShop(t, rules) // both of seed 7

		assert.Equal(t, one.acted(40), other.acted(40))
	})

	t.Run("ACallThatIsRefusedLaterCounts", func(t *testing.T) {
		s := openShop(t, "rules: [{name: a, on: dinardragon.execute, times: 1, settle: {as: failed}}]\n")

		refused := s.execute("unknown")
		taken := s.execute(s.quote("50", payee{"1234", "50"}))

		assert.Equal(t, 400, refused.status)
		assert.Equal(t, "a", refused.rule())
		assert.Equal(t, 200, taken.status)
		assert.Empty(t, taken.rule())
	})

	t.Run("CallsAtTheSameTimeAreCountedOnceEach", func(t *testing.T) {
		s := openShop(t, "rules: [{name: a, on: dinardragon.status, times: 10, respond: server_error}]\n")
		var acted atomic.Int32
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for _, rule := range s.acted(5) {
					if rule == "a" {
						acted.Add(1)
					}
				}
			})
		}
		wg.Wait()

		assert.EqualValues(t, 10, acted.Load())
	})
}
