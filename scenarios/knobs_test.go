package scenarios_test

import (
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/scenarios"
)

// everyKnob has a setting of each type that a provider may declare.
type everyKnob struct {
	Count   int                `knob:"count"`
	On      bool               `knob:"on"`
	Rate    decimal.Decimal    `knob:"rate"`
	Names   []string           `knob:"names"`
	Methods map[string]method  `knob:"methods"`
	After   *provider.Duration // no knob
}

type method struct {
	Fixed decimal.Decimal `knob:"fixed"`
	As    string          `knob:"as" oneof:"DONE FAILED"`
}

func knobLanguage() *scenarios.Language {
	return scenarios.NewLanguage([]*provider.Mock{{
		Name:       "many",
		Operations: []provider.Operation{{Name: "op"}},
		Settings: func() any {
			return &everyKnob{Count: 1, Methods: map[string]method{
				"SWIFT": {Fixed: decimal.NewFromInt(5), As: "DONE"}, "ZELLE": {Fixed: decimal.NewFromInt(5), As: "DONE"},
			}}
		},
	}})
}

func TestKnobsOfEveryType(t *testing.T) {
	s, err := knobLanguage().Parse([]byte(`version: 1
providers:
  many:
    count: 7
    on: true
    rate: 0.125
    names: [a, 2]
    methods: {SWIFT: {as: FAILED}, WIRE: {fixed: "1.50"}}
`))
	require.NoError(t, err)
	got := s.Settings["many"].(*everyKnob)
	assert.Equal(t, 7, got.Count)
	assert.True(t, got.On)
	assert.Equal(t, "0.125", got.Rate.String())
	assert.Equal(t, []string{"a", "2"}, got.Names)
	assert.Equal(t, "5", got.Methods["SWIFT"].Fixed.String(), "entries merge key by key")
	assert.Equal(t, "FAILED", got.Methods["SWIFT"].As)
	assert.Equal(t, "DONE", got.Methods["ZELLE"].As)
	assert.Equal(t, "1.5", got.Methods["WIRE"].Fixed.String())

	again, err := knobLanguage().Parse([]byte("version: 1\n"))
	require.NoError(t, err)
	assert.Equal(t, "DONE", again.Settings["many"].(*everyKnob).Methods["SWIFT"].As, "defaults are not shared")
}

func TestKnobsOfEveryTypeErrors(t *testing.T) {
	for text, want := range map[string]string{
		"count: -1":                    "count must be a whole number of at least 0",
		"count: many":                  "count must be a whole number",
		"methods: [SWIFT]":             "methods must be a map, it is a list",
		"methods: {SWIFT: {as: done}}": `no value "done", did you mean "DONE"?`,
		"methods: {SWIFT: {fixd: 1}}":  `no key "fixd", did you mean "fixed"?`,
		"methods: {SWIFT: 5}":          "SWIFT must be a map",
		"names: a":                     "names must be a list",
	} {
		_, err := knobLanguage().Parse([]byte("version: 1\nproviders: {many: {" + text + "}}\n"))
		var mistakes scenarios.Mistakes
		if assert.ErrorAs(t, err, &mistakes, text) {
			assert.Contains(t, mistakes[0].Message, want)
		}
	}
}
