package scenarios_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/mocks/dinardragon"
	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/scenarios"
)

// acme is a provider made up to stand beside Dinar Dragon: its sends have other
// states, one of its operations settles nothing.
func acme() *provider.Mock {
	return &provider.Mock{
		Name: "acme",
		Operations: []provider.Operation{
			{Name: "send", Settles: "send", Refuses: []string{"out_of_funds"}},
			{Name: "quote"},
		},
		Machines: []provider.Machine{{Name: "send", States: []string{"processing", "done", "lost"}}},
		Settings: func() any {
			return &struct {
				Limit provider.Duration `knob:"limit"`
			}{}
		},
	}
}

var two = scenarios.NewLanguage([]*provider.Mock{dinardragon.New(), acme()})

// decidesFor tells whether the first rule of a scenario is about an operation.
func decidesFor(t *testing.T, s *scenarios.Scenario, m *provider.Mock, op string) bool {
	t.Helper()
	c := newCaller(t, 1)
	c.mock = m
	return c.decide(s, op, request("")).Rule != nil
}

func TestRulesOfSeveralProviders(t *testing.T) {
	tests := map[string]struct {
		on                   string
		execute, send, quote bool
	}{
		"OneOperation":     {"acme.send", false, true, false},
		"OneProvider":      {"acme.*", false, true, true},
		"TheOtherProvider": {"dinardragon.*", true, false, false},
		"All":              {`"*"`, true, true, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := two.Parse([]byte("version: 1\nrules: [{on: " + tt.on + ", respond: server_error}]\n"))
			require.NoError(t, err)

			assert.Equal(t, tt.execute, decidesFor(t, s, dinardragon.New(), "execute"))
			assert.Equal(t, tt.send, decidesFor(t, s, acme(), "send"))
			assert.Equal(t, tt.quote, decidesFor(t, s, acme(), "quote"))
		})
	}
}

func TestEffectsMustSuitEachOperationOfARule(t *testing.T) {
	tests := map[string]struct {
		rule string
		want string // part of the message; "" is none
	}{
		"OutcomeOfAll":                 {`{on: "*", respond: rate_limited}`, ""},
		"OutcomeOfOneOperation":        {`{on: "*", respond: out_of_funds}`, `no outcome of dinardragon.get_authcode "out_of_funds"`},
		"OutcomeOfTheOperation":        {`{on: acme.send, respond: out_of_funds}`, ""},
		"OutcomeOfAnotherProvider":     {`{on: acme.send, respond: authcode_used}`, `no outcome of acme.send "authcode_used"`},
		"StatusThatAllSettlingKnow":    {`{on: "*", settle: {as: processing}}`, ""},
		"StatusOfTheProvider":          {`{on: acme.*, settle: {as: done}}`, ""},
		"StatusOfAnotherProvider":      {`{on: acme.send, settle: {as: failed}}`, `no status "failed"`},
		"StatusThatOneOfThemKnowsNot":  {`{on: "*", settle: {as: done}}`, `no status "done"`},
		"SettleWhereNothingIsSettled":  {`{on: acme.quote, settle: {as: done}}`, "operations that do: acme.send"},
		"RawOfAll":                     {`{on: "*", respond: {status: 502}}`, ""},
		"OperationOfTheOtherProvider":  {`{on: acme.execute, delay: 1s}`, `no operation "acme.execute"`},
		"OperationWithoutItsProvider":  {`{on: send, delay: 1s}`, `did you mean "acme.send"?`},
		"StatusInAListIsCheckedAsWell": {`{on: acme.send, settle: [{as: done}, {as: success}]}`, `no status "success"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := two.Parse([]byte("version: 1\nrules:\n  - " + tt.rule + "\n"))
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			found := mistakes(t, s, err)
			require.Len(t, found, 1)
			assert.Contains(t, found[0].Message, tt.want)
		})
	}
}

func TestSettingsAreThoseOfEachProvider(t *testing.T) {
	s, err := two.Parse([]byte("version: 1\nproviders: {acme: {limit: 5s}, dinardragon: {balance: 1}}\n"))
	require.NoError(t, err)
	untouched, err := two.Parse([]byte("version: 1\n"))
	require.NoError(t, err)

	assert.Len(t, s.Settings, 2)
	assert.NotEqual(t, untouched.Settings["acme"], s.Settings["acme"])
	assert.NotEqual(t, untouched.Settings["dinardragon"], s.Settings["dinardragon"])
	assert.Equal(t, acme().Settings(), untouched.Settings["acme"])
	assert.Equal(t, dinardragon.New().Settings(), untouched.Settings["dinardragon"])
}
