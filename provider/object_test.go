package provider_test

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/mockpay/mockpay/clock"
	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/state"
	"github.com/mockpay/mockpay/webhook"
)

func TestCentsWritesTwoDecimals(t *testing.T) {
	for text, want := range map[string]string{
		"5": "5.00", "5.0": "5.00", "5.00": "5.00", "5.000": "5.00", "0.5": "0.50", "0": "0.00", "-0": "0.00", "-1.5": "-1.50", "-0.01": "-0.01",
		"10.005": "10.005", "10.0050": "10.005", "-0.001": "-0.001", "0.0000001": "0.0000001", "1e3": "1000.00", "1.5e-1": "0.15", "1e-3": "0.001",
		"123456789012345678901234567890.12": "123456789012345678901234567890.12", "1e21": "1000000000000000000000.00",
	} {
		assert.Equal(t, want, string(provider.Encode(provider.Cents{Decimal: decimal.RequireFromString(text)})), text)
	}
}

// Numbers are written as the library would, in fewer steps.
func TestNumbersAreWrittenAsTheyAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := decimal.New(rapid.Int64().Draw(t, "coefficient"), rapid.Int32Range(-25, 25).Draw(t, "exponent"))
		cents := d.StringFixed(2)
		if !d.Equal(d.Round(2)) {
			cents = d.String()
		}
		assert.Equal(t, d.String()+" "+cents, string(provider.Encode(provider.Minimal{Decimal: d}))+" "+string(provider.Encode(provider.Cents{Decimal: d})))
	})
}

func TestObjectKeepsItsOrder(t *testing.T) {
	cents := provider.Cents{Decimal: decimal.RequireFromString("5")}
	for name, tt := range map[string]struct {
		o    provider.Object
		want string
	}{
		"Nil":     {nil, `{}`},
		"Empty":   {provider.Object{}, `{}`},
		"Order":   {provider.Object{{"z", 1}, {"a", "x"}, {"m", nil}, {"b", true}}, `{"z":1,"a":"x","m":null,"b":true}`},
		"Nested":  {provider.Object{{"o", provider.Object{{"y", cents}, {"x", []any{provider.Object{{"b", 1}, {"a", 2}}, nil}}}}}, `{"o":{"y":5.00,"x":[{"b":1,"a":2},null]}}`},
		"Escapes": {provider.Object{{`"`, "<&>\u2028"}, {"", "\n"}}, "{\"\\\"\":\"<&>\u2028\",\"\":\"\\n\"}"},
		"Map":     {provider.Object{{"m", map[string]int{"b": 1, "a": 2}}}, `{"m":{"a":2,"b":1}}`},
		"Struct":  {provider.Object{{"s", struct{ B, A int }{1, 2}}}, `{"s":{"B":1,"A":2}}`},
		"Raw":     {provider.Object{{"r", provider.Raw("x")}, {"l", []provider.Cents{cents}}}, `{"r":"x","l":[5.00]}`},
		"Objects": {provider.Object{{"l", []provider.Object{{{"b", cents}, {"a", 2}}, nil}}, {"n", []provider.Object(nil)}, {"m", provider.Minimal(cents)}}, `{"l":[{"b":5.00,"a":2},{}],"n":[],"m":5}`},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tt.want, string(provider.Encode(tt.o)))
			assert.Equal(t, `[`+tt.want+`]`, string(provider.Encode([]any{tt.o})))
		})
	}
	assert.Panics(t, func() { provider.Encode(provider.Object{{"a", 1}, {"a", 2}}) }, "no object has a key twice")
	assert.Panics(t, func() { provider.Encode(provider.Object{{"a", func() {}}}) })
	assert.Panics(t, func() { provider.Encode(provider.Object{{"a", "\xff"}}) })
}

func TestWebhookKnobIsAnEndpoint(t *testing.T) {
	w := provider.Webhook{
		URL: "http://localhost", Encoding: "json", Attempts: 3, Timeout: provider.Duration(time.Second),
		Backoff: []provider.Duration{provider.Duration(time.Minute), 0},
	}
	assert.Equal(t, webhook.Endpoint{
		URL: "http://localhost", Encoding: "json", Attempts: 3, Timeout: time.Second, Backoff: []time.Duration{time.Minute, 0},
	}, w.Endpoint())
	assert.Equal(t, webhook.Endpoint{}, provider.Webhook{}.Endpoint())
}

func TestCallEmitsAsItsMock(t *testing.T) {
	now := time.Date(2026, 1, 15, 9, 0, 0, 0, time.UTC)
	docs, err := state.Memory().Open("test")
	require.NoError(t, err)
	c := clock.New(nothingDue{}, clock.Setup{Start: now, Frozen: true})
	defer c.Stop()
	db, err := state.Open(docs, state.Options{Now: c.Now})
	require.NoError(t, err)
	require.NoError(t, db.Update(state.Cause{Operation: "cash.pay", Request: "req-1"}, func(tx *state.Tx) error {
		for url, status := range map[string]webhook.Status{"http://localhost/hook": webhook.Pending, "": webhook.Unsent} {
			call := &provider.Call{Mock: &provider.Mock{Name: "cash"}, Tx: tx, WebhookURL: url}
			e := call.Emit("paid", provider.Object{{"amount", provider.Cents{Decimal: decimal.NewFromInt(5)}}, {"a", "<é>"}})
			assert.Equal(t, "cash", e.Provider)
			assert.Equal(t, "paid", e.Event)
			assert.Equal(t, url, e.URL)
			assert.Equal(t, status, e.Status)
			assert.Equal(t, "req-1", e.Cause)
			assert.Equal(t, now, e.At)
			kept, ok := webhook.Table.Get(tx, e.ID)
			require.True(t, ok)
			assert.Equal(t, `{"amount":5.00,"a":"<é>"}`, string(kept.Payload))
		}
		return nil
	}))
}

// nothingDue is no work.
type nothingDue struct{}

func (nothingDue) Next() (time.Time, bool)   { return time.Time{}, false }
func (nothingDue) Run(time.Time) []clock.Due { return nil }
