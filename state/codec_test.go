package state_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/mockpay/mockpay/state"
)

// A shade reads itself from a text, and is written as any text is.
type shade string

func (s *shade) UnmarshalText(text []byte) error {
	*s = shade(strings.ToUpper(string(text)))
	return nil
}

// A temper is written by itself.
type temper int

func (t temper) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, `{"t": %d}`, int(t)), nil }

func (t *temper) UnmarshalJSON(doc []byte) error {
	var v struct{ T int }
	err := json.Unmarshal(doc, &v)
	*t = temper(v.T)
	return err
}

type part struct {
	Name  string          `json:"name"`
	Price decimal.Decimal `json:"price"`
	Tags  []string        `json:"tags,omitempty"`
}

// A thing has a field of every kind that records have.
type thing struct {
	ID      string          `json:"id"`
	Text    string          `json:"text,omitempty"`
	Same    string          // under its own name
	Hidden  string          `json:"-"`
	secret  string          //nolint:unused // JSON does not see it
	Count   int             `json:"count"`
	Big     int64           `json:"big,omitempty"`
	Small   int8            `json:"small"`
	Life    time.Duration   `json:"life"`
	On      bool            `json:"on"`
	Ratio   float64         `json:"ratio"`
	Money   decimal.Decimal `json:"money"`
	At      time.Time       `json:"at"`
	Raw     json.RawMessage `json:"raw"`
	RawToo  json.RawMessage `json:"raw_too,omitempty"`
	Bytes   []byte          `json:"bytes"`
	Shade   shade           `json:"shade"`
	Temper  temper          `json:"temper"`
	Maybe   *string         `json:"maybe"`
	MaybeIt *part           `json:"maybe_it,omitempty"`
	Any     any             `json:"any"`
	Map     map[string]any  `json:"map,omitempty"`
	Texts   []string        `json:"texts"`
	Part    part            `json:"part"`
	Parts   []part          `json:"parts"`
	Few     []part          `json:"few,omitempty"`
	Nothing struct{}        `json:"nothing"`
}

var things = state.NewTable("test.things", func(t thing) string { return t.ID })

// plainDocs are documents of a store that may outlive the program: records are
// JSON in it.
type plainDocs struct{ state.Docs }

// jsonWorld is a world whose records are JSON.
func jsonWorld(t require.TestingT) *world {
	docs, err := state.Memory().Open("test")
	require.NoError(t, err)
	return openWorld(t, plainDocs{docs})
}

// anyText has also what is no UTF-8, and what HTML would escape.
var anyText = rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "a\xffb", "\xed\xa0\x80", "<&>", "\u2028", "\x00"}))

var anyMoney = rapid.Custom(func(t *rapid.T) decimal.Decimal {
	if rapid.Bool().Draw(t, "long") {
		digits := rapid.StringMatching(`-?[0-9]{1,40}`).Draw(t, "digits")
		d, err := decimal.NewFromString(digits)
		require.NoError(t, err)
		return d.Shift(int32(rapid.IntRange(-45, 45).Draw(t, "shift")))
	}
	return decimal.New(rapid.Int64().Draw(t, "coefficient"), int32(rapid.IntRange(-25, 25).Draw(t, "exponent")))
})

var anyTime = rapid.Custom(func(t *rapid.T) time.Time {
	if rapid.Bool().Draw(t, "zero") {
		return time.Time{}
	}
	at := time.Unix(rapid.Int64Range(-62135596800, 253402214400).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanos"))
	zone := rapid.SampledFrom([]*time.Location{time.UTC, time.Local, time.FixedZone("X", 3600), time.FixedZone("UTC", 0)}).Draw(t, "zone")
	return at.In(zone)
})

var anyRaw = rapid.Map(rapid.SampledFrom([]string{"nil", "", ` {"a" : [1, 2.50, "<x>"]} `, `null`, `"t"`, `12.340`}), func(s string) json.RawMessage {
	if s == "nil" {
		return nil
	}
	return json.RawMessage(s)
})

var anyPart = rapid.Custom(func(t *rapid.T) part {
	return part{anyText.Draw(t, "name"), anyMoney.Draw(t, "price"), texts().Draw(t, "tags")}
})

func texts() *rapid.Generator[[]string] {
	return rapid.OneOf(rapid.Just[[]string](nil), rapid.Just([]string{}), rapid.SliceOfN(anyText, 1, 3))
}

func parts() *rapid.Generator[[]part] {
	return rapid.OneOf(rapid.Just[[]part](nil), rapid.Just([]part{}), rapid.SliceOfN(anyPart, 1, 3))
}

var anyThing = rapid.Custom(func(t *rapid.T) thing {
	v := thing{
		ID: rapid.StringN(1, 10, -1).Draw(t, "id"), Text: anyText.Draw(t, "text"), Same: anyText.Draw(t, "same"), Hidden: "h", secret: "s",
		Count: rapid.Int().Draw(t, "count"), Big: rapid.Int64().Draw(t, "big"), Small: rapid.Int8().Draw(t, "small"),
		Life: time.Duration(rapid.Int64().Draw(t, "life")), On: rapid.Bool().Draw(t, "on"), Ratio: rapid.Float64().Draw(t, "ratio"),
		Money: anyMoney.Draw(t, "money"), At: anyTime.Draw(t, "at"), Raw: json.RawMessage(`{}`), RawToo: anyRaw.Draw(t, "raw_too"),
		Bytes: rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"), Shade: shade(anyText.Draw(t, "shade")), Temper: temper(rapid.Int().Draw(t, "temper")),
		Any: rapid.SampledFrom([]any{nil, "x", 1.5, 7, []any{true}, map[string]any{"b": 1, "a": nil}}).Draw(t, "any"),
		Map: rapid.SampledFrom([]map[string]any{nil, {}, {"k": "v"}}).Draw(t, "map"), Texts: texts().Draw(t, "texts"),
		Part: anyPart.Draw(t, "part"), Parts: parts().Draw(t, "parts"), Few: parts().Draw(t, "few"),
	}
	if raw := anyRaw.Draw(t, "raw"); raw == nil || len(raw) > 0 {
		v.Raw = raw
	}
	if rapid.Bool().Draw(t, "maybe") {
		v.Maybe, v.MaybeIt = new(string), &part{Name: "p"}
	}
	return v
})

// TestPacked proves that a record comes out of a packed document as it would
// out of JSON.
func TestPacked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := anyThing.Draw(t, "thing")
		var out [2]thing
		for i, w := range []*world{newWorld(t), jsonWorld(t)} {
			w.update(t, func(tx *state.Tx) { things.Put(tx, in) })
			w.view(t, func(tx *state.Tx) {
				var ok bool
				out[i], ok = things.First(tx)
				require.True(t, ok)
			})
		}
		assert.Equal(t, out[1], out[0])
	})
}

// What types there are that only JSON knows.
type (
	embedding struct {
		part
		ID string `json:"id"`
	}
	pointed int
	odd     struct {
		ID string  `json:"id"`
		N  pointed `json:"n"`
		Q  int     `json:"q,string"`
	}
	chain struct {
		ID   string  `json:"id"`
		Rest []chain `json:"rest"`
	}
)

func (p *pointed) MarshalJSON() ([]byte, error) { return []byte("99"), nil }

// TestUnpacked stores what JSON alone can.
func TestUnpacked(t *testing.T) {
	t.Run("Embedded", func(t *testing.T) {
		comesBack(t, func(e embedding) string { return e.ID }, embedding{part{Name: "n"}, "e1"}, embedding{part{Name: "n", Price: decimal.New(0, 0)}, "e1"})
	})
	t.Run("Odd", func(t *testing.T) {
		comesBack(t, func(o odd) string { return o.ID }, odd{"o1", 5, 7}, odd{"o1", 5, 7})
	})
	t.Run("Recursive", func(t *testing.T) {
		c := chain{"c1", []chain{{"c2", []chain{{"c3", nil}}}}}
		comesBack(t, func(c chain) string { return c.ID }, c, c)
	})
	t.Run("NoStruct", func(t *testing.T) {
		comesBack(t, func(s string) string { return s }, "x\xff", "x\ufffd")
	})
}

func comesBack[T any](t *testing.T, id func(T) string, in, want T) {
	table := state.NewTable("test.other", id)
	for _, w := range []*world{newWorld(t), jsonWorld(t)} {
		w.update(t, func(tx *state.Tx) { table.Put(tx, in) })
		w.view(t, func(tx *state.Tx) {
			got, ok := table.First(tx)
			assert.True(t, ok)
			assert.Equal(t, want, got)
		})
	}
}

// TestReopenedAsJSON reads what was packed when it does not pack itself.
func TestReopenedAsJSON(t *testing.T) {
	w := newWorld(t)
	w.update(t, func(tx *state.Tx) {
		payouts.Put(tx, payout{ID: "p1", Tags: []string{"x"}})
		tx.Move("test", "USD", amount("2.5"), "p1")
		tx.Schedule(start.Add(time.Hour), "settle", "p1", map[string]int{"n": 1})
	})
	other := openWorld(t, plainDocs{w.docs})
	for _, w := range []*world{w, other} {
		w.view(t, func(tx *state.Tx) {
			p, ok := payouts.Get(tx, "p1")
			assert.True(t, ok)
			assert.Equal(t, []string{"x"}, p.Tags)
			assert.Equal(t, "2.5", tx.Ledger("", "")[0].Delta.String())
			assert.JSONEq(t, `{"n":1}`, string(tx.Jobs()[0].Args))
		})
	}
}

// TestUnstorable refuses what is no JSON, packed or not.
func TestUnstorable(t *testing.T) {
	for name, bad := range map[string]thing{
		"Raw":  {ID: "t", Raw: json.RawMessage("{")},
		"Year": {ID: "t", Raw: json.RawMessage("{}"), At: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)},
		"Any":  {ID: "t", Raw: json.RawMessage("{}"), Any: func() {}},
	} {
		for i, w := range []*world{newWorld(t), jsonWorld(t)} {
			assert.Panics(t, func() { w.update(t, func(tx *state.Tx) { things.Put(tx, bad) }) }, "%s %d", name, i)
		}
	}
}
