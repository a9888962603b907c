package scenarios_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/scenarios"
)

// respond decides a call by a rule of execute that responds so.
func respond(t *testing.T, respond string) scenarios.Decision {
	t.Helper()
	s := parse(t, "rules:\n  - on: dinardragon.execute\n    respond:"+respond+"\n")
	return newCaller(t, 1).decide(s, "execute", request(""))
}

func TestRespondOutcome(t *testing.T) {
	t.Run("IsWhatTheProviderAnswers", func(t *testing.T) {
		s := openShop(t, `rules: [{name: gone, on: dinardragon.execute, respond: authcode_expired}]`)
		code := s.quote("50", payee{"1234", "50"})

		a := s.execute(code)

		assert.Equal(t, 400, a.status)
		assert.Equal(t, `{"code":400,"error":"Authcode expired."}`, a.body)
		assert.Equal(t, "gone", a.rule())
		assert.NotEmpty(t, a.header.Get("X-Mockpay-Hint"))
	})

	t.Run("LeavesEverythingAsItWas", func(t *testing.T) {
		s := openShop(t, `rules: [{on: dinardragon.execute, times: 1, respond: server_error}]`)
		code := s.quote("50", payee{"1234", "50"})

		first, second := s.execute(code), s.execute(code)

		assert.Equal(t, 500, first.status)
		assert.Equal(t, 200, second.status)
		assert.Equal(t, "9948.75", s.balance())
		s.sound()
	})

	t.Run("AnyOfTheOperation", func(t *testing.T) {
		op := newCaller(t, 1).mock.Operation("execute")
		for _, outcome := range op.Outcomes() {
			d := respond(t, " "+outcome)
			assert.Equal(t, outcome, d.Outcome)
			assert.Nil(t, d.Raw)
		}
	})
}

func TestRespondRaw(t *testing.T) {
	tests := map[string]struct {
		respond string
		status  int
		kind    string
		body    string
	}{
		"TextVerbatim":              {` {status: 502, body: "<h1>Bad\n gateway & more</h1>\t"}`, 502, "text/plain; charset=utf-8", "<h1>Bad\n gateway & more</h1>\t"},
		"BlockTextVerbatim":         {"\n      body: |\n        one\n          two\n", 200, "text/plain; charset=utf-8", "one\n  two\n"},
		"JSONAsTextIsText":          {` {body: '{ "a" :1 }'}`, 200, "text/plain; charset=utf-8", `{ "a" :1 }`},
		"NumberIsItsText":           {` {body: 1.50}`, 200, "text/plain; charset=utf-8", `1.50`},
		"BooleanIsItsText":          {` {body: true}`, 200, "text/plain; charset=utf-8", `true`},
		"MapAsJSON":                 {` {status: 503, body: {error: down}}`, 503, "application/json", `{"error":"down"}`},
		"MapInItsOrder":             {` {body: {z: 1, a: 2, m: {y: 3, b: 4}}}`, 200, "application/json", `{"z":1,"a":2,"m":{"y":3,"b":4}}`},
		"ListAsJSON":                {` {body: [1, two, [3], {four: 4}]}`, 200, "application/json", `[1,"two",[3],{"four":4}]`},
		"EmptyMapAndList":           {` {body: {a: {}, b: []}}`, 200, "application/json", `{"a":{},"b":[]}`},
		"NumbersAsWritten":          {` {body: [50, 50.00, -0.10, 1e3, 1.5E-7, 0]}`, 200, "application/json", `[50,50.00,-0.10,1e3,1.5E-7,0]`},
		"NumbersBeyondFloats":       {` {body: [123456789012345678901234567890, 0.1234567890123456789012345]}`, 200, "application/json", `[123456789012345678901234567890,0.1234567890123456789012345]`},
		"NumbersThatJSONHasNot":     {` {body: [0x1F, 007, 1_000, .5, +5, .inf, .nan]}`, 200, "application/json", `["0x1F","007","1_000",".5","+5",".inf",".nan"]`},
		"QuotedNumbersAreTexts":     {` {body: ["50", '1.5']}`, 200, "application/json", `["50","1.5"]`},
		"NumberAsKeyIsText":         {` {body: {200: ok, true: yes}}`, 200, "application/json", `{"200":"ok","true":"yes"}`},
		"BooleansAndNull":           {` {body: [true, False, TRUE, null, ~, Null, "null"]}`, 200, "application/json", `[true,false,true,null,null,null,"null"]`},
		"YesAndNoAreTexts":          {` {body: [yes, no, on, off]}`, 200, "application/json", `["yes","no","on","off"]`},
		"TimesAsWritten":            {` {body: [2026-01-15, 2026-01-15T09:00:00Z]}`, 200, "application/json", `["2026-01-15","2026-01-15T09:00:00Z"]`},
		"LettersUnescaped":          {` {body: {"näme": "<ü> & ع", b: "\u2028\"\\"}}`, 200, "application/json", "{\"näme\":\"<ü> & ع\",\"b\":\"\u2028\\\"\\\\\"}"},
		"TagsDoNotMakeBadJSON":      {` {body: [!!bool sure, !!int many, !!str 5, !!float 1.0]}`, 200, "application/json", `["sure","many","5",1.0]`},
		"NullBodyIsNone":            {` {status: 204, body: null}`, 204, "text/plain; charset=utf-8", ""},
		"StatusAlone":               {` {status: 429}`, 429, "", ""},
		"HeaderBeatsTheDefaultKind": {` {headers: {content-type: text/html}, body: <p>}`, 200, "text/html", "<p>"},
		"HeaderAfterTheBodyToo":     {` {body: {a: 1}, headers: {Content-Type: application/problem+json}}`, 200, "application/problem+json", `{"a":1}`},
		"LowestStatus":              {` {status: 200}`, 200, "", ""},
		"HighestStatus":             {` {status: 599}`, 599, "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := respond(t, tt.respond)

			require.NotNil(t, d.Raw)
			assert.Empty(t, d.Outcome)
			assert.Equal(t, tt.status, d.Raw.Status)
			assert.Equal(t, tt.body, string(d.Raw.Body))
			assert.Equal(t, tt.kind, d.Raw.Header.Get("Content-Type"))
		})
	}

	t.Run("HeadersAsGiven", func(t *testing.T) {
		d := respond(t, ` {headers: {Retry-After: 30, X-Flag: true, x-lower: "a: b"}}`)

		assert.Equal(t, http.Header{"Retry-After": {"30"}, "X-Flag": {"true"}, "X-Lower": {"a: b"}}, d.Raw.Header)
	})
}

func TestRespondRawOverHTTP(t *testing.T) {
	s := openShop(t, `
rules:
  - name: teapot
    on: dinardragon.execute
    times: 1
    respond:
      status: 418
      headers: {Retry-After: "30", X-Mockpay-Rule: forged}
      body: {z: 1.50, a: "<&>"}
  - name: fine
    on: dinardragon.execute
    times: 1
    respond: {body: all is well}
`)
	code := s.quote("50", payee{"1234", "50"})

	refused, taken, real := s.execute(code), s.execute(code), s.execute(code)

	assert.Equal(t, 418, refused.status)
	assert.Equal(t, `{"z":1.50,"a":"<&>"}`, refused.body)
	assert.Equal(t, "30", refused.header.Get("Retry-After"))
	assert.Equal(t, "application/json", refused.header.Get("Content-Type"))
	assert.Equal(t, []string{"teapot"}, refused.header.Values("X-Mockpay-Rule"))
	assert.NotEmpty(t, refused.header.Get("X-Mockpay-Hint"))

	assert.Equal(t, 200, taken.status)
	assert.Equal(t, "all is well", taken.body)
	assert.Equal(t, "fine", taken.rule())
	assert.Empty(t, taken.header.Get("X-Mockpay-Hint"))

	assert.Equal(t, 200, real.status, "nothing happened behind the answers of the rules")
	assert.Empty(t, real.rule())
	s.sound()
}

func TestRuleIsAskedAfterCredentialsAndBeforeParameters(t *testing.T) {
	s := openShop(t, `rules: [{name: a, on: dinardragon.execute, times: 1, respond: rate_limited}]`)

	stranger := s.call("/execute", `{}`, "Authorization", "someone else")
	broken := s.call("/execute", `{"authcode":`)
	after := s.call("/execute", `{}`)

	assert.Equal(t, 403, stranger.status)
	assert.Empty(t, stranger.rule(), "a stranger's call is no call of this workspace")
	assert.Equal(t, 429, broken.status, "a body that is no JSON meets the rule first")
	assert.Equal(t, "a", broken.rule())
	assert.Equal(t, 400, after.status)
}

func TestForcedOutcomeIsNotCounted(t *testing.T) {
	s := openShop(t, `rules: [{name: a, on: dinardragon.execute, times: 1, respond: rate_limited}]`)

	forced := s.call("/execute", `{}`, "X-Mockpay-Outcome", "server_error")
	next := s.call("/execute", `{}`)

	assert.Equal(t, 500, forced.status)
	assert.NotEqual(t, "a", forced.rule())
	assert.Equal(t, 429, next.status)
}

// settled is what the scenario says of a record.
func settled(t *testing.T, settle string, item map[string]any) (s provider.Settlement, said bool) {
	t.Helper()
	scenario := parse(t, "rules:\n  - on: dinardragon.execute\n    settle:"+settle+"\n")
	says := newCaller(t, 1).decide(scenario, "execute", request("")).Settles()
	if says == nil {
		return s, false
	}
	return says(item), true
}

func TestSettle(t *testing.T) {
	item := map[string]any{"acc": json.Number("987654321"), "country": "IRQ", "bank": "Rafidain"}
	five := 5 * time.Second
	none := time.Duration(0)
	tests := map[string]struct {
		settle string
		want   provider.Settlement
	}{
		"Whole":               {` {as: failed, after: 5s, message: no such account}`, provider.Settlement{As: "failed", After: &five, Message: "no such account"}},
		"AsOnly":              {` {as: failed}`, provider.Settlement{As: "failed"}},
		"AfterOnly":           {` {after: 5s}`, provider.Settlement{After: &five}},
		"AtOnce":              {` {after: 0s}`, provider.Settlement{After: &none}},
		"MessageOnly":         {` {message: hello}`, provider.Settlement{Message: "hello"}},
		"NotFinal":            {` {as: processing}`, provider.Settlement{As: "processing"}},
		"FirstOfTheListHolds": {` [{when: {acc: 987654321}, as: failed}, {as: success}]`, provider.Settlement{As: "failed"}},
		"LaterOfTheListHolds": {` [{when: {acc: 1}, as: failed}, {when: {country: {in: [IRQ]}}, after: 5s}, {as: success}]`, provider.Settlement{After: &five}},
		"LastWithoutWhen":     {` [{when: {acc: 1}, as: failed}, {as: success, after: 5s}]`, provider.Settlement{As: "success", After: &five}},
		"NoneOfTheListHolds":  {` [{when: {acc: 1}, as: failed}, {when: {bank: x}, as: failed}]`, provider.Settlement{}},
		"AllOfAWhenMustHold":  {` [{when: {acc: 987654321, country: SYR}, as: failed}]`, provider.Settlement{}},
		"MissingFieldOfWhen":  {` [{when: {amount: {exists: false}}, as: failed}]`, provider.Settlement{As: "failed"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, said := settled(t, tt.settle, item)

			require.True(t, said)
			assert.Equal(t, tt.want, got)
		})
	}

	t.Run("SaysNothingWhenNoRuleActs", func(t *testing.T) {
		assert.Nil(t, scenarios.Decision{}.Settles())
	})

	t.Run("SaysNothingWhenTheRuleIsAboutSomethingElse", func(t *testing.T) {
		s := parse(t, "rules: [{on: dinardragon.execute, delay: 1ms}]\n")

		assert.Nil(t, newCaller(t, 1).decide(s, "execute", request("")).Settles())
	})
}

func TestSettleEndToEnd(t *testing.T) {
	two := []payee{{"1110", "20"}, {"1119", "30"}}

	t.Run("EachPaymentByItsOwnWhen", func(t *testing.T) {
		s := openShop(t, `
rules:
  - on: dinardragon.execute
    settle:
      - {when: {acc: 1119, amount: {gte: "30.00"}}, as: failed, after: 30s}
      - {as: success, after: 10s}
`)
		p := s.pay("50", two...)

		assert.Equal(t, []int{0, 0}, s.statuses(p))
		s.Advance(10 * time.Second)
		assert.Equal(t, []int{1, 0}, s.statuses(p))
		s.Advance(19*time.Second + 999*time.Millisecond)
		assert.Equal(t, []int{1, 0}, s.statuses(p))
		s.Advance(time.Millisecond)
		assert.Equal(t, []int{1, 2}, s.statuses(p))
		assert.Equal(t, "9978.75", s.balance(), "10000 - 51.25 + 30")
		s.sound()
	})

	t.Run("WhatIsNotSaidStaysAsSetUp", func(t *testing.T) {
		s := openShop(t, `
providers: {dinardragon: {settle_after: 7s}}
rules:
  - on: dinardragon.execute
    settle: [{when: {acc: 1110}, as: failed}, {when: {acc: 1119}, after: 1s}]
`)
		p := s.pay("50", two...)

		s.Advance(time.Second)
		assert.Equal(t, []int{0, 1}, s.statuses(p), "after said, as not: it succeeds")
		s.Advance(6 * time.Second)
		assert.Equal(t, []int{2, 1}, s.statuses(p), "as said, after not: the knob's time")
	})

	t.Run("AStatusThatIsNotFinalStays", func(t *testing.T) {
		s := openShop(t, `rules: [{on: dinardragon.execute, settle: {as: processing, after: 1s}}]`)
		p := s.pay("50", two...)

		s.Advance(1000 * time.Hour)

		assert.Equal(t, []int{0, 0}, s.statuses(p))
	})

	t.Run("WhoDoesNotActLeavesTheDefault", func(t *testing.T) {
		s := openShop(t, `rules: [{on: dinardragon.execute, times: 1, settle: {as: failed, after: 1s}}]`)
		first, second := s.pay("50", two...), s.pay("50", two...)

		s.Advance(2 * time.Second)

		assert.Equal(t, []int{2, 2}, s.statuses(first))
		assert.Equal(t, []int{1, 1}, s.statuses(second))
	})

	t.Run("TheAnswerNamesTheRule", func(t *testing.T) {
		s := openShop(t, `rules: [{name: fails later, on: dinardragon.execute, settle: {as: failed}}]`)

		a := s.execute(s.quote("50", two...))

		assert.Equal(t, 200, a.status)
		assert.Equal(t, "fails later", a.rule())
		assert.Empty(t, a.header.Get("X-Mockpay-Hint"))
	})

	t.Run("ARefusedCallSettlesNothing", func(t *testing.T) {
		s := openShop(t, `rules: [{on: dinardragon.execute, settle: {as: failed}}]`)

		a := s.execute("00000000000000000000000000000000")

		assert.Equal(t, 400, a.status)
		clock, err := s.Clock(t.Context())
		require.NoError(t, err)
		assert.Empty(t, clock.Pending)
	})
}

// delays are those of n calls that a rule delays so.
func delays(t *testing.T, seed int64, delay string, n int) []time.Duration {
	t.Helper()
	s := parse(t, "rules: [{on: dinardragon.execute, delay: "+delay+"}]\n")
	c := newCaller(t, seed)
	var all []time.Duration
	for range n {
		all = append(all, c.decide(s, "execute", request("")).Delay)
	}
	return all
}

func TestDelay(t *testing.T) {
	t.Run("FixedIsTheSameEachTime", func(t *testing.T) {
		assert.Equal(t, []time.Duration{300 * time.Millisecond, 300 * time.Millisecond}, delays(t, 1, "300ms", 2))
	})

	t.Run("OfNothingIsNone", func(t *testing.T) {
		assert.Equal(t, []time.Duration{0}, delays(t, 1, "0s", 1))
	})

	t.Run("OfARangeWithoutRoomIsFixed", func(t *testing.T) {
		assert.Equal(t, []time.Duration{time.Second, time.Second}, delays(t, 1, "{min: 1s, max: 1s}", 2))
	})

	t.Run("OfARangeStaysInIt", func(t *testing.T) {
		var least, most time.Duration = time.Hour, 0
		for _, d := range delays(t, 1, "{min: 100ms, max: 500ms}", 500) {
			require.GreaterOrEqual(t, d, 100*time.Millisecond)
			require.LessOrEqual(t, d, 500*time.Millisecond)
			least, most = min(least, d), max(most, d)
		}
		assert.Less(t, least, 110*time.Millisecond, "down to its beginning")
		assert.Greater(t, most, 490*time.Millisecond, "up to its end")
	})

	t.Run("OfARangeWithoutMinBeginsAtNothing", func(t *testing.T) {
		for _, d := range delays(t, 1, "{max: 100ms}", 100) {
			require.LessOrEqual(t, d, 100*time.Millisecond)
		}
	})

	t.Run("SameSeedSameDelays", func(t *testing.T) {
		const some = "{min: 1ms, max: 1h}"

		assert.Equal(t, delays(t, 7, some, 20), delays(t, 7, some, 20))
		assert.NotEqual(t, delays(t, 7, some, 20), delays(t, 8, some, 20))
	})

	t.Run("GoesWithOtherEffects", func(t *testing.T) {
		s := parse(t, `rules:
  - {on: dinardragon.execute, times: 1, delay: 1s, respond: server_error}
  - {on: dinardragon.execute, delay: 2s, settle: {as: failed}}
`)
		c := newCaller(t, 1)
		first, second := c.decide(s, "execute", request("")), c.decide(s, "execute", request(""))

		assert.Equal(t, "server_error", first.Outcome)
		assert.Equal(t, time.Second, first.Delay)
		assert.Equal(t, "failed", second.Settles()(nil).As)
		assert.Equal(t, 2*time.Second, second.Delay)
	})

	t.Run("NoRuleNoDelay", func(t *testing.T) {
		s := parse(t, "rules: [{on: dinardragon.status, delay: 1s}]\n")

		assert.Equal(t, scenarios.Decision{}, newCaller(t, 1).decide(s, "execute", request("")))
	})

	t.Run("PassesBeforeTheAnswerComes", func(t *testing.T) {
		s := openShop(t, `rules: [{name: late, on: dinardragon.status, delay: 60ms}]`)
		began := time.Now()

		a := s.call("/status", `{}`)

		assert.GreaterOrEqual(t, time.Since(began), 60*time.Millisecond)
		assert.Equal(t, "late", a.rule())
		assert.Equal(t, 400, a.status, "the call is answered as without the rule")
	})
}

func TestOn(t *testing.T) {
	acts := func(t *testing.T, on string) string {
		t.Helper()
		s := parse(t, "rules: [{on: "+on+", respond: server_error}]\n")
		c := newCaller(t, 1)
		var all []string
		for _, op := range []string{"get_authcode", "execute", "status"} {
			if c.decide(s, op, request("")).Rule != nil {
				all = append(all, op)
			}
		}
		return strings.Join(all, " ")
	}
	assert.Equal(t, "status", acts(t, "dinardragon.status"))
	assert.Equal(t, "get_authcode execute status", acts(t, "dinardragon.*"))
	assert.Equal(t, "get_authcode execute status", acts(t, `"*"`))
}

// Of rules about one operation and about many the first of the file wins, not
// the most exact.
func TestWildcardsStandInTheOrderOfTheFile(t *testing.T) {
	s := parse(t, `rules:
  - {name: exact, on: dinardragon.execute, times: 1, respond: insufficient_balance}
  - {name: provider, on: dinardragon.*, times: 2, respond: rate_limited}
  - {name: all, on: "*", respond: server_error}
  - {name: never, on: dinardragon.execute, respond: authcode_used}
`)
	c := newCaller(t, 1)

	assert.Equal(t, "exact provider provider all all", c.ids(s, 5))
	assert.Equal(t, "all", c.decide(s, "status", request("")).Rule.ID())
}

func TestRuleID(t *testing.T) {
	t.Run("IsItsNameElseItsPlace", func(t *testing.T) {
		s := parse(t, `rules:
  - {on: dinardragon.execute, times: 1, respond: server_error}
  - {name: second, on: dinardragon.execute, times: 1, respond: server_error}
  - {on: dinardragon.status, respond: server_error}
  - {name: "", on: dinardragon.execute, respond: server_error}
`)

		assert.Equal(t, "1 second 4", newCaller(t, 1).ids(s, 3))
	})

	t.Run("IsSaidInTheAnswerAndTheJournal", func(t *testing.T) {
		s := openShop(t, `rules: [{name: "größer\nthan", on: dinardragon.status, times: 1, respond: server_error}, {on: dinardragon.status, respond: server_error}]`)

		first, second := s.call("/status", `{}`), s.call("/status", `{}`)

		assert.Equal(t, "gr??er than", first.rule(), "one line of ASCII")
		assert.Equal(t, "2", second.rule())
		log, err := s.Requests(t.Context(), requestsOf("dinardragon.status"))
		require.NoError(t, err)
		require.Len(t, log.Requests, 2)
		assert.Equal(t, "2", log.Requests[0].Rule)
		assert.Equal(t, "server_error", log.Requests[0].Outcome)
	})
}
