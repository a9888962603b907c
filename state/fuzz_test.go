package state_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/state"
)

// FuzzRecord stores any record packed and as JSON: both give it back alike.
func FuzzRecord(f *testing.F) {
	for _, doc := range []string{
		`{}`, `{"id":"x"}`, `{"id":"x","money":"-12.340","at":"2026-03-01T12:00:00.000000001Z","raw":{"b":[1.50,null]},"raw_too":" x "}`,
		`{"id":"a\u0000b","text":"<&>\u2028","Same":"\ud800","count":-9223372036854775808,"big":9223372036854775807,"small":-128,"life":1,"on":true,"ratio":1e-300}`,
		`{"id":"x","money":1e40,"parts":[{"name":"n","price":"99999999999999999999999999999999.1","tags":[]}],"few":[],"texts":["",null]}`,
		`{"id":"x","at":"0001-01-01T00:00:00+23:59","bytes":"AAEC","shade":"x","temper":{"t":5},"maybe":"","maybe_it":{"name":"p"},"any":[1,{"a":null}],"map":{"":[]}}`,
		`{"id":"x","money":"0.0000000000000000000000000000000000001","part":{"price":"-0"}}`,
	} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		var in thing
		if json.Unmarshal(doc, &in) != nil {
			t.Skip("no record")
		}
		if _, err := json.Marshal(in); err != nil || in.ID == "" {
			t.Skip("cannot be stored: a year of five digits, no id")
		}
		if e := in.Money.Exponent(); e > 1000 || e < -1000 || in.Money.NumDigits() > 1000 {
			t.Skip("no money")
		}
		var out [2]thing
		for i, w := range []*world{newWorld(t), jsonWorld(t)} {
			w.update(t, func(tx *state.Tx) { things.Put(tx, in) })
			w.view(t, func(tx *state.Tx) { out[i], _ = things.First(tx) })
		}
		require.Equal(t, out[1], out[0])
	})
}

// FuzzRestore restores any snapshot: it is refused and changes nothing, or what is
// there then can be read, adds up, goes on and is saved again.
func FuzzRestore(f *testing.F) {
	furnished := newWorld(f)
	furnished.furnish(f)
	good := furnished.saved(f)
	f.Add([]byte(good))
	for _, doc := range []string{
		`{}`, `{"seed":-1,"counters":{"job":9223372036854775807}}`, `{"counters":{"":1}}`,
		`{"jobs":[{"id":"job-1-0","at":"1970-01-01T00:00:00Z"}],"counters":{"job":1}}`,
		`{"ledger":[{"provider":"p","balance":"b","delta":"1e40","after":"1e40"},{"provider":"p","balance":"b","delta":"-1e-40","after":"0"}]}`,
		`{"tables":{"test.payouts":[{"id":"\u0000","batch":"\u0000\u0000","due":"\ud800"},{"id":"\u0000\u0000"}]}}`,
	} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		var s state.Snapshot
		if json.Unmarshal(doc, &s) != nil {
			t.Skip("no snapshot")
		}
		for _, e := range s.Ledger {
			if x := e.Delta.Exponent(); x > 1000 || x < -1000 {
				t.Skip("no money")
			}
		}
		w := newWorld(t)
		w.furnish(t)
		if err := w.Restore(s, keep); err != nil {
			require.NotEmpty(t, err.Error())
			require.Equal(t, good, w.saved(t))
			return
		}
		saved := w.saved(t)
		w.now = start.Add(24 * time.Hour)
		w.update(t, func(tx *state.Tx) {
			for _, check := range tx.CheckLedger() {
				require.True(t, check.OK, check)
			}
			payouts.Put(tx, payout{ID: tx.Hex("ids", 8), Batch: "b1"})
			tx.Move("test", "USD", amount("1"), "")
		})
		var again state.Snapshot
		require.NoError(t, json.Unmarshal([]byte(saved), &again))
		other := newWorld(t)
		require.NoError(t, other.Restore(again, keep))
		require.Equal(t, saved, other.saved(t))
	})
}
