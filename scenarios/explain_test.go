package scenarios_test

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// explained says what a scenario's rules do, and why one of them never acts.
func explained(t *testing.T, rules string) (sentences, problems []string) {
	t.Helper()
	for _, r := range lang.Explain(parse(t, "rules:\n"+rules)).Rules {
		sentences = append(sentences, r.Sentence)
		problems = append(problems, r.Problem)
	}
	return sentences, problems
}

func TestExplainRules(t *testing.T) {
	for rule, want := range map[string]string{
		"{name: big, on: dinaricash.swift, when: {SEND_AMOUNT: {gte: 1000}, RECIPIENT_COUNTRY_ISO3: {in: [IRN, PRK]}}, times: 1, settle: {as: DECLINED, after: 10m}}": `Rule 1, "big": the first call of dinaricash.swift whose SEND_AMOUNT is at least 1000 and whose RECIPIENT_COUNTRY_ISO3 is IRN or PRK is accepted, and DECLINED 10 minutes later.`,

		// Which calls.
		`{on: "*", respond: rate_limited}`:            "Rule 1: every call of any provider is refused with rate_limited.",
		"{on: dinardragon.*, respond: unauthorized}":  "Rule 1: every call of any operation of dinardragon is refused with unauthorized.",
		"{on: dinardragon.status, delay: 1s}":         "Rule 1: every call of dinardragon.status is answered 1 second late.",
		"{on: dinardragon.status, skip: 1, delay: 0}": "Rule 1: the 2nd and every later call of dinardragon.status is answered without delay.",

		// How often.
		"{on: dinardragon.status, times: 1, delay: 1s}":                              "Rule 1: the first call of dinardragon.status is answered 1 second late.",
		"{on: dinardragon.status, times: 4, delay: 1s}":                              "Rule 1: each of the first 4 calls of dinardragon.status is answered 1 second late.",
		"{on: dinardragon.status, skip: 2, times: 1, delay: 1s}":                     "Rule 1: the 3rd call of dinardragon.status is answered 1 second late.",
		"{on: dinardragon.status, skip: 10, times: 12, delay: 1s}":                   "Rule 1: each of the 11th to 22nd calls of dinardragon.status is answered 1 second late.",
		"{on: dinardragon.status, every: 1, delay: 1s}":                              "Rule 1: every call of dinardragon.status is answered 1 second late.",
		"{on: dinardragon.status, every: 3, delay: 1s}":                              "Rule 1: every 3rd call of dinardragon.status is answered 1 second late.",
		"{on: dinardragon.status, every: 3, skip: 2, delay: 1s}":                     "Rule 1: the 5th and then every 3rd call of dinardragon.status is answered 1 second late.",
		"{on: dinardragon.status, every: 21, times: 2, delay: 1s}":                   "Rule 1: every 21st call of dinardragon.status, 2 times at most, is answered 1 second late.",
		"{on: dinardragon.status, chance: 0.07, delay: 1s}":                          "Rule 1: every call of dinardragon.status, with a chance of 7 %, is answered 1 second late.",
		"{on: dinardragon.status, chance: 1, times: 1, delay: 1s}":                   "Rule 1: the first call of dinardragon.status is answered 1 second late.",
		"{on: dinardragon.status, between: [12m, 1h30m], times: 1, delay: 1s}":       "Rule 1: every call of dinardragon.status, while the clock is from 12 minutes up to 1 hour 30 minutes past its start, once at most, is answered 1 second late.",
		"{on: dinardragon.status, skip: 1, chance: .5, between: [0, 1s], delay: 1s}": "Rule 1: the 2nd and every later call of dinardragon.status, with a chance of 50 %, while the clock is from 0 seconds up to 1 second past its start, is answered 1 second late.",

		// What becomes of them.
		"{on: dinardragon.execute, settle: {after: 0}}":                                                         "Rule 1: every call of dinardragon.execute is accepted, and settles at once.",
		"{on: dinardragon.execute, settle: {as: failed}}":                                                       "Rule 1: every call of dinardragon.execute is accepted, and failed when the settings say.",
		"{on: dinardragon.execute, settle: {as: processing}}":                                                   "Rule 1: every call of dinardragon.execute is accepted, and stays processing.",
		"{on: usdtpayout.send_payout, settle: {as: processing, after: 1s}}":                                     "Rule 1: every call of usdtpayout.send_payout is accepted, and processing 1 second later, where it stays.",
		"{on: dinaricash.zelle, settle: {message: no}}":                                                         `Rule 1: every call of dinaricash.zelle is accepted, and settles as the settings say with the message "no".`,
		"{on: dinardragon.execute, settle: [{as: failed, after: 1m}]}":                                          "Rule 1: every call of dinardragon.execute is accepted; each record of it is failed 1 minute later.",
		"{on: dinardragon.execute, settle: [{when: {acc: 1}, as: processing}]}":                                 "Rule 1: every call of dinardragon.execute is accepted; a record of it whose acc is 1 stays processing, any other goes by the settings.",
		"{on: dinardragon.execute, settle: [{when: {acc: 1}, after: 1h}, {as: failed}]}":                        "Rule 1: every call of dinardragon.execute is accepted; a record of it whose acc is 1 settles 1 hour later, any other is failed when the settings say.",
		"{on: dinardragon.execute, settle: {as: failed, after: 5s}, delay: {max: 2s}}":                          "Rule 1: every call of dinardragon.execute is accepted, and failed 5 seconds later, and is answered up to 2 seconds late.",
		"{on: dinardragon.status, delay: {min: 300ms, max: 1m1.5s}}":                                            "Rule 1: every call of dinardragon.status is answered 300 milliseconds to 1 minute 1 second 500 milliseconds late.",
		"{on: dinardragon.status, delay: 5us}":                                                                  "Rule 1: every call of dinardragon.status is answered 5µs late.",
		"{on: dinardragon.status, respond: {}}":                                                                 "Rule 1: every call of dinardragon.status is answered with status 200, without reaching the provider.",
		"{on: dinardragon.status, respond: {status: 503, headers: {Retry-After: 120, X-A: b}, body: {a: [1]}}}": `Rule 1: every call of dinardragon.status is answered with status 503, Retry-After: 120, X-A: b and the body "{\"a\":[1]}", without reaching the provider.`,
	} {
		got, problems := explained(t, "  - "+rule+"\n")

		assert.Equal(t, []string{want}, got)
		assert.Equal(t, []string{""}, problems, rule)
	}
}

func TestExplainConditions(t *testing.T) {
	for when, want := range map[string]string{
		"{a: 5}":                               "whose a is 5",
		"{a: null}":                            "whose a is null or missing",
		"{a: two words}":                       `whose a is "two words"`,
		`{a: ""}`:                              `whose a is ""`,
		"{a: {eq: you@example.com}}":           "whose a is you@example.com",
		"{a: {ne: 5}}":                         "whose a is not 5",
		"{a: {ne: null}}":                      "whose a is given and not null",
		"{a: {in: [1, b, null]}}":              "whose a is 1, b or null",
		"{a: {in: [x]}}":                       "whose a is x",
		"{a: {gt: 1, lte: 2.50}}":              "whose a is above 1 and is at most 2.50",
		"{a: {gte: 1, lt: 2}}":                 "whose a is at least 1 and is below 2",
		"{a: {matches: ^6a}}":                  "whose a matches /^6a/",
		"{a: {starts_with: 6a}}":               "whose a begins with 6a",
		"{a: {ends_with: ., contains: p h p}}": `whose a ends with "." and contains "p h p"`,
		"{a.b: {exists: true}}":                "whose a.b is given",
		"{a: {exists: False}}":                 "whose a is not given",
		"{accounts.*.country: {in: [US, SA]}}": "with some accounts.*.country that is US or SA",
		"{header.User-Agent: {contains: php}, query.debug: 1, request.method: POST, request.path: /execute}": "whose header User-Agent contains php and whose query parameter debug is 1 and whose method is POST and whose path is /execute",
	} {
		got, problems := explained(t, "  - {on: dinardragon.execute, delay: 1s, when: "+when+"}\n")

		assert.Equal(t, []string{"Rule 1: every call of dinardragon.execute " + want + " is answered 1 second late."}, got)
		assert.Equal(t, []string{""}, problems, when)
	}
}

func TestExplainRulesThatNeverAct(t *testing.T) {
	const first, decides = "  - {on: dinardragon.execute, delay: 1s}\n", "Rule 2 never acts: rule 1 decides all its calls before it."
	for rules, want := range map[string]string{
		first + "  - {on: dinardragon.execute, delay: 2s}\n":                                                                                                                       decides,
		first + "  - {on: dinardragon.execute, when: {a: 1}, times: 3, between: [1s, 2s], delay: 2s}\n":                                                                            decides,
		"  - {on: \"*\", chance: 1, delay: 1s}\n  - {on: dinardragon.*, delay: 2s}\n":                                                                                              decides,
		"  - {on: dinardragon.execute, when: {a: {in: [1, 2]}}, delay: 1s}\n  - {on: dinardragon.execute, when: {b: 5, a: {in: [1, 2]}}, delay: 2s}\n":                             decides,
		"  - {on: dinardragon.execute, between: [1m, 9m], delay: 1s}\n  - {on: dinardragon.execute, between: [2m, 3m], delay: 2s}\n":                                               decides,
		"  - {on: dinardragon.execute, delay: 1s}\n  - {on: dinardragon.status, delay: 1s}\n  - {on: dinardragon.get_authcode, delay: 1s}\n  - {on: dinardragon.*, respond: {}}\n": "Rule 4 never acts: rules 3, 1 and 2 decide all its calls before it.",
		"  - {on: dinardragon.execute, chance: 0, delay: 1s}\n":                                                                                                                    "Rule 1 never acts: its chance is 0.",
		"  - {on: dinardragon.execute, when: {b: 1, a: {gt: 5, lt: 5}}, delay: 1s}\n":                                                                                              "Rule 1 never acts: no call is one whose a is above 5 and is below 5.",
		"  - {on: dinardragon.execute, when: {a: {eq: 5, ne: 5.0}}, delay: 1s}\n":                                                                                                  "Rule 1 never acts: no call is one whose a is 5 and is not 5.0.",
		"  - {on: dinardragon.execute, when: {a: {in: [x, y], starts_with: z}}, delay: 1s}\n":                                                                                      "Rule 1 never acts: no call is one whose a is x or y and begins with z.",
		"  - {on: dinardragon.execute, when: {a: {exists: false, contains: z}}, delay: 1s}\n":                                                                                      "Rule 1 never acts: no call is one whose a is not given and contains z.",
		"  - {on: dinardragon.*, when: {request.method: {in: [GET, PUT]}}, delay: 1s}\n":                                                                                           "Rule 1 never acts: no call is one whose method is GET or PUT.",
		"  - {on: dinardragon.execute, settle: [{when: {acc: 1}, as: failed}, {as: success}, {as: failed}]}\n":                                                                     "Rule 1 settles nothing by the entries after entry 2: that one takes every record.",

		// These act at times.
		first + "  - {on: dinardragon.*, delay: 2s}\n":                                                                               "",
		"  - {on: dinardragon.execute, times: 1, delay: 1s}\n  - {on: dinardragon.execute, delay: 2s}\n":                             "",
		"  - {on: dinardragon.execute, skip: 1, delay: 1s}\n  - {on: dinardragon.execute, delay: 2s}\n":                              "",
		"  - {on: dinardragon.execute, every: 2, delay: 1s}\n  - {on: dinardragon.execute, delay: 2s}\n":                             "",
		"  - {on: dinardragon.execute, chance: 0.9, delay: 1s}\n  - {on: dinardragon.execute, delay: 2s}\n":                          "",
		"  - {on: dinardragon.execute, between: [1m, 2m], delay: 1s}\n  - {on: dinardragon.execute, delay: 2s}\n":                    "",
		"  - {on: dinardragon.execute, between: [1m, 2m], delay: 1s}\n  - {on: dinardragon.execute, between: [1m, 3m], delay: 2s}\n": "",
		"  - {on: dinardragon.execute, when: {a: 1}, delay: 1s}\n  - {on: dinardragon.execute, when: {a: 2}, delay: 2s}\n":           "",
		"  - {on: dinardragon.execute, when: {a: {gt: 1}}, delay: 1s}\n":                                                             "",
		"  - {on: dinardragon.execute, when: {a: {gte: 0, lte: 0}}, delay: 1s}\n":                                                    "",
		"  - {on: dinardragon.execute, when: {a: {gt: 0, lt: 1e-20}}, delay: 1s}\n":                                                  "",
		"  - {on: dinardragon.execute, when: {a: {in: [true, 1], eq: True}}, delay: 1s}\n":                                           "",
		"  - {on: dinardragon.execute, when: {a: {ne: 5}, b: {exists: false, ne: 1}, c: {matches: x, gt: 5, lt: 6}}, delay: 1s}\n":   "",
		"  - {on: dinardragon.execute, settle: [{when: {acc: 1}, as: failed}, {as: success}]}\n":                                     "",
	} {
		_, problems := explained(t, rules)

		assert.Equal(t, want, problems[len(problems)-1], rules)
	}
}

func TestExplainTheWhole(t *testing.T) {
	e := lang.Explain(parse(t, `name: whole
description: All of it.
seed: 7
clock: {start: 2026-01-15T09:00:00Z, frozen: true, speed: 60}
providers:
  dinardragon: {balance: "1000", authcode_ttl: 15m, fee_fixed: 2, failing_accounts: [1, 2], message: "two words"}
  dinaricash: {settle: {SWIFT: {after: 0s}}, extra_credentials: {a: b}}
  usdtpayout: {kyc: false, trailing_cents: {".42": {status: reversed}, ".03": {message: back}}}
rules:
  - {on: "*", respond: rate_limited}
  - {on: dinardragon.status, respond: server_error}
`))

	assert.Equal(t, []string{
		`Scenario "whole". All of it.`,
		"The clock starts at 2026-01-15T09:00:00Z and stands still until it is moved; resumed, it runs 60 times as fast as real time.",
		"The seed of ids and chance is 7, unless the server or the workspace is given another.",
		"dinardragon.balance is 1000 instead of 10000: opening dashboard balance in USD.",
		"dinardragon.fee.fixed is 2 instead of 0: charged once a payout.",
		"dinardragon.failing_accounts is [1, 2] instead of an empty list: account numbers whose payments fail.",
		`dinardragon.message is "two words" instead of "Payout completed successfully.": the message of an execution.`,
		"dinaricash.settle.SWIFT.after is 0 seconds instead of 5 seconds: 0s: at once.",
		`dinaricash.extra_credentials["a"] is b: more accounts with their keys that the default workspace lets in.`,
		`usdtpayout.trailing_cents[".03"].message is back instead of "": its status_message.`,
		`usdtpayout.trailing_cents[".42"] is {"status":"reversed","message":""}: what becomes of a sandbox payout, by the end of its source_amount.`,
		"usdtpayout.kyc is false instead of true: whether the account's KYC is complete.",
		"The first rule that acts decides a call.",
		"Rule 1: every call of any provider is refused with rate_limited.",
		"Rule 2: every call of dinardragon.status is refused with server_error.",
		"Rule 2 never acts: rule 1 decides all its calls before it.",
	}, e.Sentences)
	doc, err := json.Marshal(e.Settings[0])
	require.NoError(t, err)
	assert.JSONEq(t, `{"name":"dinardragon.balance","value":"1000","default":"10000","description":"opening dashboard balance in USD"}`, string(doc))
}

func TestExplainNothing(t *testing.T) {
	for text, want := range map[string][]string{
		"name: a\n": {
			`Scenario "a".`, "The clock starts at the real time and runs in step with it.",
			"The seed of ids and chance is drawn, unless the server or the workspace is given one.",
			"All settings of the providers are the defaults.",
			"There are no rules: every call goes as the settings say.",
		},
		"name: b\nclock: {speed: 2.5}\nrules: [{on: dinardragon.status, delay: 1s}]\n": {
			`Scenario "b".`, "The clock starts at the real time and runs 2.5 times as fast as real time.",
			"The seed of ids and chance is drawn, unless the server or the workspace is given one.",
			"All settings of the providers are the defaults.",
			"Rule 1: every call of dinardragon.status is answered 1 second late.",
		},
		"name: c\nclock: {frozen: true}\nproviders: {dinardragon: {balance: \"10000\"}}\n": {
			`Scenario "c".`, "The clock starts at the real time and stands still until it is moved.",
			"The seed of ids and chance is drawn, unless the server or the workspace is given one.",
			"All settings of the providers are the defaults.",
			"There are no rules: every call goes as the settings say.",
		},
	} {
		assert.Equal(t, want, lang.Explain(parse(t, text)).Sentences)
	}
}

// Whatever a rule may hold, something is said of it: a rule that has one more
// key says more.
func TestExplainSaysSomethingOfEveryKey(t *testing.T) {
	values := map[string]string{
		"name": "called so", "when": "{acc: 5}", "skip": "1", "times": "2", "every": "2", "chance": "0.5", "between": "[1s, 2s]",
		"respond": "server_error", "settle": "{as: failed}", "delay": "1s",
	}
	keys := parserKeys(t, "rules: [{on: \"*\", delay: 1s, unlikelyname: 1}]")
	assert.ElementsMatch(t, keys, append(slices.Collect(maps.Keys(values)), "on"), "explain what is new, and give it a value here")
	without, _ := explained(t, "  - {on: dinardragon.execute, delay: 9s}\n")
	for key, value := range values {
		rule := key + ": " + value
		if key != "respond" && key != "settle" && key != "delay" {
			rule += ", delay: 9s"
		}
		with, _ := explained(t, "  - {on: dinardragon.execute, "+rule+"}\n")
		assert.NotEqual(t, without, with, key)
	}
}
