package provider_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/provider"
)

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"15m": 15 * time.Minute, "1h30m": 90 * time.Minute, "0": 0, "0s": 0, "250ms": 250 * time.Millisecond, "1.5s": 1500 * time.Millisecond, "-0s": 0,
	} {
		d, err := provider.ParseDuration(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, time.Duration(d), text)
	}
	for text, want := range map[string]string{
		"":                      `"" is not a duration like "15m" or "1h30m"`,
		"15":                    `"15" is not a duration like "15m" or "1h30m"`,
		"soon":                  `"soon" is not a duration`,
		"15 m":                  `"15 m" is not a duration`,
		"1d":                    `"1d" is not a duration`,
		"-1m":                   `duration "-1m" is negative`,
		"99999999999999999999h": "is not a duration",
		"NaNs":                  "is not a duration",
	} {
		d, err := provider.ParseDuration(text)
		require.ErrorContains(t, err, want)
		assert.Zero(t, d)
	}
}

func TestDurationsAreTexts(t *testing.T) {
	var d provider.Duration
	require.NoError(t, json.Unmarshal([]byte(`"1h30m"`), &d))
	assert.Equal(t, 90*time.Minute, time.Duration(d))
	text, err := json.Marshal(d)
	require.NoError(t, err)
	assert.Equal(t, `"1h30m0s"`, string(text))
	require.Error(t, json.Unmarshal([]byte(`"-1s"`), &d))
}

// A level is a setting that reads itself.
type level int

func (l *level) UnmarshalText([]byte) error  { return nil }
func (l level) MarshalText() ([]byte, error) { return []byte("level"), nil }

type settings struct {
	Balance decimal.Decimal   `knob:"balance" min:"0" doc:"opening balance"`
	TTL     provider.Duration `knob:"ttl" doc:"how long"`
	Mode    string            `knob:"mode" also:"kind sort" oneof:"a b" doc:"which"`
	On      bool              `knob:"on" doc:"whether"`
	Count   int               `knob:"count" doc:"how many"`
	Level   level             `knob:"level" doc:"how high"`
	Names   []string          `knob:"names" doc:"who"`
	ByName  map[string]string `knob:"by_name" doc:"who is what"`
	Fee     fee               `knob:"fee" doc:"how much"`
	_       int               // no knob
	Other   string            `json:"other"`
}

type fee struct {
	Rate decimal.Decimal `knob:"rate" also:"fee_rate" min:"0.5" doc:"part"`
}

func TestKnobsDescribeSettings(t *testing.T) {
	m := &provider.Mock{Settings: func() any {
		return &settings{Balance: decimal.NewFromInt(5), TTL: provider.Duration(time.Minute), Mode: "a", Names: []string{"x"}, Count: 3}
	}}
	names := []string{"x"}
	assert.Equal(t, []provider.Knob{
		{Name: "balance", Type: "decimal", Doc: "opening balance", Default: decimal.NewFromInt(5), OneOf: []string{}, Also: []string{}},
		{Name: "ttl", Type: "duration", Doc: "how long", Default: provider.Duration(time.Minute), OneOf: []string{}, Also: []string{}},
		{Name: "mode", Type: "text", Doc: "which", Default: "a", OneOf: []string{"a", "b"}, Also: []string{"kind", "sort"}},
		{Name: "on", Type: "boolean", Doc: "whether", Default: false, OneOf: []string{}, Also: []string{}},
		{Name: "count", Type: "integer", Doc: "how many", Default: 3, OneOf: []string{}, Also: []string{}},
		{Name: "level", Type: "text", Doc: "how high", Default: level(0), OneOf: []string{}, Also: []string{}},
		{Name: "names", Type: "list", Doc: "who", Default: names, OneOf: []string{}, Also: []string{}},
		{Name: "by_name", Type: "map", Doc: "who is what", Default: map[string]string(nil), OneOf: []string{}, Also: []string{}},
		{Name: "fee", Type: "object", Doc: "how much", OneOf: []string{}, Also: []string{}, Knobs: []provider.Knob{
			{Name: "rate", Type: "decimal", Doc: "part", Default: decimal.Decimal{}, OneOf: []string{}, Also: []string{"fee_rate"}},
		}},
	}, m.Knobs())
}

func TestKnobsAreShownAsTheyAreWritten(t *testing.T) {
	m := &provider.Mock{Settings: func() any { return &settings{TTL: provider.Duration(15 * time.Minute)} }}
	text, err := json.Marshal(m.Knobs()[:6])
	require.NoError(t, err)
	assert.JSONEq(t, `[
		{"name":"balance","type":"decimal","description":"opening balance","default":"0"},
		{"name":"ttl","type":"duration","description":"how long","default":"15m0s"},
		{"name":"mode","type":"text","description":"which","default":"","one_of":["a","b"],"also":["kind","sort"]},
		{"name":"on","type":"boolean","description":"whether","default":false},
		{"name":"count","type":"integer","description":"how many","default":0},
		{"name":"level","type":"text","description":"how high","default":"level"}]`, string(text))
}

func TestKnobFieldsReadTheTags(t *testing.T) {
	fields := provider.KnobFields(reflect.TypeFor[settings]())
	require.Len(t, fields, 9, "fields without the tag are no knobs")
	balance, mode := fields[0], fields[2]
	assert.Equal(t, "0", balance.Min.String())
	assert.Empty(t, balance.Also)
	assert.Equal(t, []string{"kind", "sort"}, mode.Also)
	assert.Equal(t, []string{"a", "b"}, mode.OneOf)
	assert.Nil(t, mode.Min)
	for _, f := range fields {
		assert.Equal(t, f.Name, reflect.TypeFor[settings]().Field(f.Index).Tag.Get("knob"))
	}
}
