package state_test

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/mockpay/mockpay/state"
)

// stored returns a world in which records were put one after another.
func stored(t require.TestingT, records ...payout) *world {
	w := newWorld(t)
	for _, p := range records {
		w.update(t, func(tx *state.Tx) { payouts.Put(tx, p) })
	}
	return w
}

func TestTableGet(t *testing.T) {
	w := stored(t, payout{ID: "p1", Batch: "b1", Tags: []string{"x"}})
	w.view(t, func(tx *state.Tx) {
		p, ok := payouts.Get(tx, "p1")
		assert.True(t, ok)
		assert.Equal(t, payout{ID: "p1", Batch: "b1", Tags: []string{"x"}}, p)
	})
	t.Run("Unknown", func(t *testing.T) {
		w.view(t, func(tx *state.Tx) {
			for _, id := range []string{"", "p", "p11", "P1"} {
				p, ok := payouts.Get(tx, id)
				assert.False(t, ok, id)
				assert.Zero(t, p)
			}
		})
	})
	t.Run("OwnWrites", func(t *testing.T) {
		w.update(t, func(tx *state.Tx) {
			payouts.Put(tx, payout{ID: "p2"})
			_, ok := payouts.Get(tx, "p2")
			assert.True(t, ok)
		})
	})
}

func TestTablePut(t *testing.T) {
	t.Run("KeepsItsPlace", func(t *testing.T) {
		w := stored(t, payout{ID: "p1"}, payout{ID: "p2"}, payout{ID: "p1", Batch: "b"})
		w.view(t, func(tx *state.Tx) { assert.Equal(t, []string{"p1", "p2"}, ids(payouts.All(tx))) })
	})
	t.Run("OtherTables", func(t *testing.T) {
		other := state.NewTable("test.others", func(p payout) string { return p.ID })
		w := stored(t, payout{ID: "p1"})
		w.update(t, func(tx *state.Tx) {
			_, ok := other.Get(tx, "p1")
			assert.False(t, ok)
			other.Put(tx, payout{ID: "o1"})
			assert.Equal(t, []string{"o1"}, ids(other.All(tx)))
			assert.Equal(t, []string{"p1"}, ids(payouts.All(tx)))
		})
		assert.Equal(t, "test.others", other.Name())
	})
}

func TestTableOrder(t *testing.T) {
	w := newWorld(t)
	var want []string
	for n := range 300 { // past one byte of creation numbers
		id := "p" + string(rune('a'+(n*7)%26)) + strings.Repeat("x", n)
		want = append(want, id)
		w.update(t, func(tx *state.Tx) { payouts.Put(tx, payout{ID: id, Batch: "b"}) })
	}
	w.view(t, func(tx *state.Tx) {
		assert.Equal(t, want, ids(payouts.All(tx)))
		assert.Equal(t, want, ids(payouts.By(tx, "batch", "b")))
		for _, pick := range []struct {
			by   string
			want string
		}{{"first", want[0]}, {"last", want[299]}, {want[7], want[7]}} {
			p, ok := payouts.Pick(tx, pick.by)
			assert.True(t, ok)
			assert.Equal(t, pick.want, p.ID)
		}
		first, ok := payouts.First(tx)
		assert.True(t, ok)
		assert.Equal(t, want[0], first.ID)
		last, ok := payouts.Last(tx)
		assert.True(t, ok)
		assert.Equal(t, want[299], last.ID)
		for range payouts.All(tx) {
			break // may stop early
		}
	})
	t.Run("Empty", func(t *testing.T) {
		newWorld(t).view(t, func(tx *state.Tx) {
			assert.Empty(t, ids(payouts.All(tx)))
			for _, by := range []string{"first", "last", "", "p1"} {
				_, ok := payouts.Pick(tx, by)
				assert.False(t, ok, by)
			}
		})
	})
}

func TestTableBy(t *testing.T) {
	by := func(t *testing.T, w *world, key string) (found []string) {
		w.view(t, func(tx *state.Tx) { found = ids(payouts.By(tx, "batch", key)) })
		return found
	}
	t.Run("FollowsChanges", func(t *testing.T) {
		w := stored(t, payout{ID: "p1", Batch: "b1"}, payout{ID: "p2", Batch: "b1"}, payout{ID: "p3", Batch: "b2"})
		assert.Equal(t, []string{"p1", "p2"}, by(t, w, "b1"))
		change := func(p payout) { w.update(t, func(tx *state.Tx) { payouts.Put(tx, p) }) }

		change(payout{ID: "p1", Batch: "b2"})
		assert.Equal(t, []string{"p2"}, by(t, w, "b1"))
		assert.Equal(t, []string{"p1", "p3"}, by(t, w, "b2"), "oldest first, however late it came")
		change(payout{ID: "p1", Batch: ""})
		assert.Equal(t, []string{"p3"}, by(t, w, "b2"))
		change(payout{ID: "p1", Batch: "b1"})
		change(payout{ID: "p1", Batch: "b1", Due: "d"})
		assert.Equal(t, []string{"p1", "p2"}, by(t, w, "b1"))
		w.view(t, func(tx *state.Tx) { assert.Equal(t, []string{"p1"}, ids(payouts.By(tx, "due", "d"))) })
	})
	t.Run("ReturnsThePresentRecord", func(t *testing.T) {
		w := stored(t, payout{ID: "p1", Batch: "b"}, payout{ID: "p1", Batch: "b", Due: "new"})
		w.view(t, func(tx *state.Tx) {
			assert.Equal(t, []payout{{ID: "p1", Batch: "b", Due: "new"}}, slices.Collect(payouts.By(tx, "batch", "b")))
		})
	})
	t.Run("EmptyKey", func(t *testing.T) {
		w := stored(t, payout{ID: "p1"}, payout{ID: "p2", Batch: "\x00"})
		assert.Empty(t, by(t, w, ""))
		w.view(t, func(tx *state.Tx) {
			assert.Equal(t, []string{"p2"}, ids(payouts.Between(tx, "batch", "", "", false)))
		})
	})
	t.Run("KeysThatBeginAlike", func(t *testing.T) {
		keys := []string{"a", "ab", "a\x00", "a\x00\x00", "a\x00b", "\x00", "\x00\x00", "a\x00\u00ff", "a\x01"}
		w := newWorld(t)
		for _, key := range keys {
			w.update(t, func(tx *state.Tx) { payouts.Put(tx, payout{ID: "of " + key, Batch: key}) })
		}
		for _, key := range keys {
			assert.Equal(t, []string{"of " + key}, by(t, w, key), "%q", key)
		}
	})
	t.Run("IDsWithZeroBytes", func(t *testing.T) {
		w := stored(t, payout{ID: "\x00\x00", Batch: "b"}, payout{ID: "\x00", Batch: "b\x00"}, payout{ID: "a\x00\x00b", Batch: "b"})
		assert.Equal(t, []string{"\x00\x00", "a\x00\x00b"}, by(t, w, "b"))
		assert.Equal(t, []string{"\x00"}, by(t, w, "b\x00"))
	})
	t.Run("Unknown", func(t *testing.T) {
		w := stored(t, payout{ID: "p1", Batch: "b"})
		assert.Empty(t, by(t, w, "other"))
	})
	t.Run("Undone", func(t *testing.T) {
		w := stored(t, payout{ID: "p1", Batch: "b1"})
		require.Error(t, w.Update(state.Cause{}, func(tx *state.Tx) error {
			payouts.Put(tx, payout{ID: "p1", Batch: "b2"})
			payouts.Put(tx, payout{ID: "p2", Batch: "b1"})
			return errRefused
		}))
		assert.Equal(t, []string{"p1"}, by(t, w, "b1"))
		assert.Empty(t, by(t, w, "b2"))
	})
}

func TestTableBetween(t *testing.T) {
	w := stored(t,
		payout{ID: "p1", Due: "2026-03"}, payout{ID: "p2", Due: "2026-01"}, payout{ID: "p3"},
		payout{ID: "p4", Due: "2026-02"}, payout{ID: "p5", Due: "2026-01"})
	for name, between := range map[string]struct {
		from, to string
		want     []string
	}{
		"All":       {"", "", []string{"p2", "p5", "p4", "p1"}},
		"From":      {"2026-02", "", []string{"p4", "p1"}},
		"To":        {"", "2026-02", []string{"p2", "p5"}},
		"Both":      {"2026-01", "2026-03", []string{"p2", "p5", "p4"}},
		"NotThere":  {"2026-011", "2026-021", []string{"p4"}},
		"Same":      {"2026-01", "2026-01", []string{}},
		"Crossed":   {"2026-03", "2026-01", []string{}},
		"BehindAll": {"2027", "", []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			w.view(t, func(tx *state.Tx) {
				assert.Equal(t, between.want, ids(payouts.Between(tx, "due", between.from, between.to, false)))
				assert.Equal(t, reversed(between.want), ids(payouts.Between(tx, "due", between.from, between.to, true)))
			})
		})
	}
}

// TestTableAnything compares a table with a slice of records.
func TestTableAnything(t *testing.T) {
	key := rapid.StringOfN(rapid.SampledFrom([]rune("ab\x00\x01ÿ")), 0, 3, -1)
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		var rows []payout // oldest first
		for range rapid.IntRange(1, 15).Draw(t, "puts") {
			p := payout{ID: key.Draw(t, "id"), Batch: key.Draw(t, "batch"), Due: key.Draw(t, "due")}
			w.update(t, func(tx *state.Tx) { payouts.Put(tx, p) })
			if i := slices.IndexFunc(rows, func(r payout) bool { return r.ID == p.ID }); i >= 0 {
				rows[i] = p
			} else {
				rows = append(rows, p)
			}
		}
		batch, from, to := key.Draw(t, "by"), key.Draw(t, "from"), key.Draw(t, "to")
		byDue := slices.SortedStableFunc(slices.Values(rows), func(a, b payout) int { return cmp.Compare(a.Due, b.Due) })
		w.view(t, func(tx *state.Tx) {
			require.Equal(t, rows, slices.Collect(payouts.All(tx)))
			require.Equal(t, idsWhere(rows, func(p payout) bool { return batch != "" && p.Batch == batch }),
				ids(payouts.By(tx, "batch", batch)))
			between := idsWhere(byDue, func(p payout) bool {
				return p.Due != "" && p.Due >= from && (to == "" || p.Due < to)
			})
			require.Equal(t, between, ids(payouts.Between(tx, "due", from, to, false)))
			require.Equal(t, reversed(between), ids(payouts.Between(tx, "due", from, to, true)))
		})
	})
}

func idsWhere(rows []payout, keep func(payout) bool) []string {
	found := []string{}
	for _, p := range rows {
		if keep(p) {
			found = append(found, p.ID)
		}
	}
	return found
}

// What is put, got or emitted is the caller's to change.
func TestCopies(t *testing.T) {
	w := newWorld(t)
	put := payout{ID: "p1", Tags: []string{"x", "y"}}
	payload := json.RawMessage(`{"id":"p1"}`)
	args := json.RawMessage(`{"n":1}`)
	w.update(t, func(tx *state.Tx) {
		payouts.Put(tx, put)
		e := tx.Emit("test", "created", payload)
		tx.Schedule(start.Add(1e9), "test.settle", "p1", args)
		tx.Move("test", "USD", amount("1"), "p1")
		put.Tags[0], payload[2], args[2], e.Payload[2] = "changed", '!', '!', '!'
	})
	before := w.saved(t)
	assert.Contains(t, before, `"tags":["x","y"]`)
	assert.Contains(t, before, `"payload":{"id":"p1"}`)
	assert.Contains(t, before, `"args":{"n":1}`)

	w.view(t, func(tx *state.Tx) {
		got, _ := payouts.Get(tx, "p1")
		got.Tags[0] = "changed"
		for p := range payouts.All(tx) {
			p.Tags[1] = "changed"
		}
		tx.Jobs()[0].Args[2] = '!'
		tx.Events()[0].Payload[2] = '!'
		tx.Ledger("", "")[0].Provider = "changed"
		tx.Balances()["test"]["USD"] = amount("5")
	})
	s := w.snapshot(t)
	s.Tables["test.payouts"][0][2] = '!'
	s.Jobs[0].Args[2] = '!'
	s.Outbox[0].Payload[2] = '!'
	s.Counters["job"] = 77
	assert.Equal(t, before, w.saved(t))
}

// What a snapshot brings back must be what was there, whatever bytes callers
// were sent: not all of them are text.
func TestTableNotUTF8(t *testing.T) {
	t.Run("SnapshotCanBeRestored", func(t *testing.T) {
		w := stored(t, payout{ID: "\xfe"}, payout{ID: "\xff"})
		assert.NoError(t, newWorld(t).Restore(w.snapshot(t), keep))
	})
	t.Run("FoundAsItWasPut", func(t *testing.T) {
		w := stored(t, payout{ID: "\xffp\xfe\xff", Batch: "b\xff"}, payout{ID: "p2", Batch: "b"})
		restored := newWorld(t)
		require.NoError(t, restored.Restore(w.snapshot(t), keep))
		for _, w := range []*world{w, restored} {
			w.view(t, func(tx *state.Tx) {
				_, ok := payouts.Get(tx, "\xffp\xfe\xff")
				assert.True(t, ok)
				assert.Len(t, ids(payouts.By(tx, "batch", "b\xff")), 1)
			})
		}
	})
	t.Run("IndexFollowsChanges", func(t *testing.T) {
		w := stored(t, payout{ID: "p1", Batch: "\xff"}, payout{ID: "p1", Batch: "b"})
		w.view(t, func(tx *state.Tx) {
			assert.Equal(t, []string{"p1"}, ids(payouts.Between(tx, "batch", "", "", false)), "one record, one entry")
		})
	})
}
