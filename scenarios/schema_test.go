package scenarios_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/mockpay/mockpay/mocks"
	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/scenarios"
)

// compiled is the schema of a language, ready to validate.
func compiled(t testing.TB, l *scenarios.Language) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(l.Schema()))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	require.NoError(t, c.AddResource("scenario.schema.json", doc))
	s, err := c.Compile("scenario.schema.json")
	require.NoError(t, err)
	return s
}

// asJSON reads YAML as editors do, which then validate it as JSON.
func asJSON(t testing.TB, text []byte) any {
	t.Helper()
	var doc yaml.Node
	require.NoError(t, yaml.Unmarshal(text, &doc))
	if len(doc.Content) == 0 {
		return nil
	}
	return jsonOf(doc.Content[0], 0)
}

func jsonOf(n *yaml.Node, depth int) any {
	if depth > 200 {
		return nil // an alias of itself
	}
	switch n.Kind {
	case yaml.AliasNode:
		return jsonOf(n.Alias, depth+1)
	case yaml.MappingNode:
		object := make(map[string]any)
		for i := 0; i < len(n.Content); i += 2 {
			object[n.Content[i].Value] = jsonOf(n.Content[i+1], depth+1)
		}
		return object
	case yaml.SequenceNode:
		list := []any{}
		for _, item := range n.Content {
			list = append(list, jsonOf(item, depth+1))
		}
		return list
	}
	switch n.ShortTag() {
	case "!!null":
		return nil
	case "!!bool":
		return strings.EqualFold(n.Value, "true")
	case "!!int", "!!float":
		if json.Valid([]byte(n.Value)) {
			return json.Number(n.Value)
		}
	}
	return n.Value
}

var yamlBlock = regexp.MustCompile("(?s)\n```yaml\n(.*?\n)```\n")

// documented are the scenarios in the documents, by where they stand.
func documented(t testing.TB) map[string][]byte {
	t.Helper()
	all := make(map[string][]byte)
	files, err := filepath.Glob("../docs/*.md")
	require.NoError(t, err)
	for _, file := range append(files, "../README.md") {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range yamlBlock.FindAllSubmatchIndex(text, -1) {
			if block := text[m[2]:m[3]]; bytes.Contains(block, []byte("version: 1")) {
				line := bytes.Count(text[:m[2]], []byte("\n")) + 1
				all[strings.TrimPrefix(file, "../")+":"+string(provider.Encode(line))] = block
			}
		}
	}
	require.NotEmpty(t, all)
	return all
}

func TestSchemaTakesEveryScenario(t *testing.T) {
	s := compiled(t, lang)
	texts := documented(t)
	for _, shipped := range lang.Library() {
		texts[shipped.Name] = []byte(shipped.Text)
	}
	for _, text := range []string{
		"", "seed: \"7\"\n", "name: 5\n", "clock: {start: 2026-01-15T09:00:00.5+02:00, speed: \"0.5\"}\n",
		"providers: {dinardragon: {balance: 5, fee_rate: \"0.02\", debit_mode: charge_only, fee_rounding: 2, failing_accounts: [5, \"6\"]}}\n",
		"providers: {dinaricash: {settlement: {ACH: manual}, cancel_allowed_from: {ZELLE: [COMPLETED]}, webhook: {backoff: [1s, 0]}}}\n",
		"providers: {usdtpayout: {trailing_cents: {\".42\": {status: reversed, message: back}}, auto_approval_limit: none}}\n",
		"rules: [{on: \"*\", chance: \"0.2\", between: [0, 1h30m], every: 2, skip: 0, times: 3, delay: {max: 1.5s}}]\n",
		"rules: [{on: dinardragon.*, when: {a: null, b: true, request.path: {matches: ^/}, header.X-A: {exists: false}}, respond: {}}]\n",
		"rules: [{on: usdtpayout.*, settle: {as: failed}}, {on: dinaricash.*, settle: [{when: {SEND_AMOUNT: 5}, message: no}]}]\n",
		"rules: [{on: dinaricash.swift, respond: {status: 503, headers: {A: 1}, body: [1, {a: null}]}}]\n",
	} {
		texts[text] = []byte("version: 1\n" + text)
	}
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			_, err := lang.Parse(text)
			require.NoError(t, err)

			assert.NoError(t, s.Validate(asJSON(t, text)))
		})
	}
}

// Every broken file is refused, but those that are no YAML, and those with a
// mistake that a schema cannot see.
func TestSchemaRefusesBrokenFiles(t *testing.T) {
	s := compiled(t, lang)
	unseen := regexp.MustCompile(`^(alias-|bad-anchor|bad-rounding|duplicate-|extends-|merge-key|clock-start-after|clock-start-in-the-year|number-too-l|` +
		`between-(equal|reversed)|delay-min-above|header-content-length|header-with-|bad-regexp|bad-header-name-|list-knob-duration|mistake-in-parent|` +
		`knob-under-both|map-as-key|missing-version-beside|second-document|two-documents|seed-too-large|times-too-large|settle-when-about|version-decimal)`)
	files, err := filepath.Glob(brokenFiles + "/*.yaml")
	require.NoError(t, err)
	for _, path := range files {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		name := strings.TrimSuffix(filepath.Base(path), ".yaml")
		if yaml.Unmarshal(text, new(yaml.Node)) != nil || unseen.MatchString(name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			assert.Error(t, s.Validate(asJSON(t, text)))
		})
	}
}

func TestSchemaGoesByTheOperation(t *testing.T) {
	s := compiled(t, lang)
	for text, valid := range map[string]bool{
		"on: dinaricash.swift, respond: failed_but_debited":                               true,
		"on: dinardragon.execute, respond: failed_but_debited":                            false,
		"on: dinaricash.*, respond: invalid_credentials":                                  true,
		"on: dinaricash.*, respond: failed_but_debited":                                   false, // of the sends only
		`on: "*", respond: rate_limited`:                                                  true,
		`on: "*", respond: invalid_credentials`:                                           false,
		"on: dinaricash.swift, settle: {as: DECLINED}":                                    true,
		"on: dinaricash.swift, settle: {as: failed}":                                      false,
		"on: dinaricash.swift, settle: [{as: failed}]":                                    false,
		"on: dinardragon.execute, settle: [{when: {acc: 1}, as: failed}, {as: success}]":  true,
		"on: dinardragon.status, settle: {after: 5s}":                                     false,
		"on: dinaricash.balance, delay: 5s":                                               true,
		"on: dinaricash.swift, delay: 5":                                                  false,
		"on: dinaricash.swift, fault: lost_reply":                                         true,
		"on: dinaricash.swift, fault: lost":                                               false,
		"on: dinaricash.swift, webhooks: drop":                                            true,
		"on: dinaricash.swift, webhooks: {delay: 5s, duplicate: 2, event: card_purchase}": true,
		"on: dinaricash.swift, webhooks: {duplicate: 0}":                                  false,
		"on: dinaricash.swift, webhooks: {event: card_bought}":                            false,
		"on: dinaricash.swift, webhooks: {event: payout_status}":                          false, // of another provider
		`on: "*", webhooks: {event: payout_status}`:                                       true,
		"on: dinardragon.execute, webhooks: {event: payout_status}":                       false, // it sends none
	} {
		err := s.Validate(asJSON(t, []byte("version: 1\nrules: [{"+text+"}]\n")))
		assert.Equal(t, valid, err == nil, "%s: %v", text, err)
	}
}

// An editor offers what any part of the schema takes. So what an operation has
// stands under the operation only.
func TestSchemaOffersTheOperationsOwnOnly(t *testing.T) {
	var root map[string]any
	require.NoError(t, json.Unmarshal(lang.Schema(), &root))
	properties, err := json.Marshal(at(root, "$defs", "rule", "properties"))
	require.NoError(t, err)
	for _, name := range []string{"failed_but_debited", "server_error", "DECLINED", "card_purchase", "SEND_AMOUNT"} {
		assert.NotContains(t, string(properties), name)
	}
}

func TestSchemaOfWhatIsToCome(t *testing.T) {
	s := compiled(t, lang)
	for text, valid := range map[string]bool{
		"timeline: [{at: 5m, do: dinaricash.card_purchase, with: {card: last, amount: \"12.79\", description: COFFEE}}]": true,
		"timeline: [{at: 5m, do: dinaricash.card_purchase, with: {card: last}}]":                                         false, // no amount
		"timeline: [{at: 5m, do: dinaricash.card_purchase}]":                                                             false,
		"timeline: [{at: 5m, do: dinaricash.card_purchas, with: {}}]":                                                    false,
		"timeline: [{do: usdtpayout.rotate_credentials}]":                                                                false,
		"timeline: [{at: 1h, do: usdtpayout.rotate_credentials}]":                                                        true,
		"expect: [{on: dinaricash.swift, where: {status: 200}, count: 1}, {on: dinardragon.execute, never: true}]":       true,
		"expect: [{on: dinaricash.swift, count: {gte: 1, lte: 3}}, {webhook: card_purchase, count: 0}]":                  true,
		"expect: [{balance: {dinaricash.payout: \"1992.00\"}}, {in_order: [dinaricash.swift, dinaricash.cancel]}]":       true,
		"expect: [{on: dinaricash.swift, count: many}]":                                                                  false,
		"expect: [{in_order: [dinaricash.swif]}]":                                                                        false,
		"expect: [{}]": false,
	} {
		err := s.Validate(asJSON(t, []byte("version: 1\n"+text+"\n")))
		assert.Equal(t, valid, err == nil, "%s: %v", text, err)
	}
}

// toCome are keys that the schema has and the parser not yet.
var toCome = map[string][]string{
	"":        {"timeline", "expect"},
	"rules.0": {"fault", "webhooks"},
}

// What the parser takes under each key and what the schema does are the same.
func TestSchemaHasTheKeysOfTheParser(t *testing.T) {
	var root map[string]any
	require.NoError(t, json.Unmarshal(lang.Schema(), &root))
	rule := at(root, "$defs", "rule")
	settle := at(rule, "properties", "settle")
	for name, tt := range map[string]struct {
		text   string
		schema map[string]any
		path   string
	}{
		"Scenario":         {"unlikelyname: 1", root, ""},
		"Clock":            {"clock: {unlikelyname: 1}", at(root, "properties", "clock"), "clock"},
		"Providers":        {"providers: {unlikelyname: 1}", at(root, "properties", "providers"), "providers"},
		"Rule":             {"rules: [{on: \"*\", delay: 1s, unlikelyname: 1}]", rule, "rules.0"},
		"Delay":            {"rules: [{on: \"*\", delay: {max: 1s, unlikelyname: 1}}]", at(rule, "properties", "delay", "anyOf", 1), "delay"},
		"Respond":          {"rules: [{on: \"*\", respond: {unlikelyname: 1}}]", at(rule, "properties", "respond", "anyOf", 1), "respond"},
		"Settle":           {"rules: [{on: dinardragon.execute, settle: {unlikelyname: 1}}]", at(settle, "anyOf", 0), "settle"},
		"SettleOfAList":    {"rules: [{on: dinardragon.execute, settle: [{unlikelyname: 1}]}]", at(settle, "anyOf", 1, "items"), "settle.0"},
		"Predicates":       {"rules: [{on: \"*\", delay: 1s, when: {a: {unlikelyname: 1}}}]", at(root, "$defs", "condition", "anyOf", 1), "when"},
		"KeysAboutRequest": {"rules: [{on: \"*\", delay: 1s, when: {request.unlikelyname: 1}}]", at(root, "$defs", "conditions"), "request"},
	} {
		t.Run(name, func(t *testing.T) {
			want := append(parserKeys(t, tt.text), toCome[tt.path]...)
			for _, key := range toCome[tt.path] {
				assert.NotContains(t, parserKeys(t, tt.text), key, "it has come: take it off the list")
			}

			assert.ElementsMatch(t, want, slices.Collect(maps.Keys(at(tt.schema, "properties"))))
		})
	}
	for _, m := range mocks.All() {
		t.Run(m.Name, func(t *testing.T) {
			sameKnobs(t, at(root, "properties", "providers", "properties", m.Name), reflect.TypeOf(m.Settings()).Elem())
		})
	}
}

// at follows a path into a JSON document.
func at(doc any, path ...any) map[string]any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			doc = doc.(map[string]any)[step]
		case int:
			doc = doc.([]any)[step]
		}
	}
	return doc.(map[string]any)
}

var thereAre = regexp.MustCompile(`no key "[a-z.]*unlikelyname"; there are: (.*)$`)

// parserKeys are the keys that the parser names in place of an unlikely one.
func parserKeys(t *testing.T, text string) []string {
	t.Helper()
	for _, m := range wrong(t, "version: 1\n"+text+"\n") {
		if named := thereAre.FindStringSubmatch(m.Message); named != nil {
			return strings.Split(named[1], ", ")
		}
	}
	t.Fatalf("the parser names no keys: %s", text)
	return nil
}

// sameKnobs asserts that an object of the schema has the settings of a struct,
// under all their names, each of its type.
func sameKnobs(t *testing.T, object map[string]any, of reflect.Type) {
	t.Helper()
	var want []string
	for _, f := range provider.KnobFields(of) {
		want = append(append(want, f.Name), f.Also...)
		field := of.Field(f.Index).Type
		property := at(object, "properties", f.Name)
		assert.Equal(t, f.Doc, property["description"])
		switch provider.KnobType(field) {
		case "object":
			for _, inner := range provider.KnobFields(field) {
				want = append(want, inner.Also...)
			}
			sameKnobs(t, property, field)
		case "list":
			if provider.KnobType(field.Elem()) == "object" {
				sameKnobs(t, at(property, "items"), field.Elem())
			}
		case "map":
			if provider.KnobType(field.Elem()) == "object" {
				sameKnobs(t, at(property, "additionalProperties"), field.Elem())
			}
		}
	}
	assert.Subset(t, want, slices.Collect(maps.Keys(at(object, "properties"))))
	assert.Subset(t, slices.Collect(maps.Keys(at(object, "properties"))), want)
	assert.Equal(t, false, object["additionalProperties"])
}

func TestSchemaTellsDefaultsAndValues(t *testing.T) {
	var root map[string]any
	require.NoError(t, json.Unmarshal(lang.Schema(), &root))
	providers := at(root, "properties", "providers", "properties")

	balance := at(providers, "dinardragon", "properties", "balance")
	assert.Equal(t, "10000", balance["default"])
	assert.Equal(t, "opening dashboard balance in USD", balance["description"])
	assert.Equal(t, []any{"amount_plus_charge", "charge_only"}, at(providers, "dinardragon", "properties", "debit")["enum"])
	settle := at(providers, "dinaricash", "properties", "settle", "properties", "SWIFT", "properties")
	assert.Equal(t, []any{"INITIATED", "COMPLETED", "DECLINED", "FAILED", "CANCELED"}, at(settle, "as")["enum"])
	assert.Equal(t, "5s", at(settle, "after")["default"])
	assert.Contains(t, at(providers, "usdtpayout", "properties", "trailing_cents", "properties"), ".00")
}
