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

func TestTableDelete(t *testing.T) {
	p1 := payout{ID: "p1", Batch: "b1", Due: "2026-02", Tags: []string{"x"}}
	p2 := payout{ID: "p2", Batch: "b1", Due: "2026-01"}
	p3 := payout{ID: "p3", Batch: "b2", Due: "2026-02"}
	p4 := payout{ID: "p4", Due: "2026-01"}
	p5 := payout{ID: "p5", Batch: "b1"}
	furnished := func(t *testing.T) *world { return stored(t, p1, p2, p3, p4, p5) }
	remove := func(ids ...string) func(*state.Tx) {
		return func(tx *state.Tx) {
			for _, id := range ids {
				payouts.Delete(tx, id)
			}
		}
	}
	put := func(records ...payout) func(*state.Tx) {
		return func(tx *state.Tx) {
			for _, p := range records {
				payouts.Put(tx, p)
			}
		}
	}
	p1moved := payout{ID: "p1", Batch: "b2", Due: "2026-03"}
	p3bare := payout{ID: "p3"}
	for name, deleted := range map[string]struct {
		steps []func(*state.Tx)
		left  []payout // oldest first
		gone  []string
	}{
		"Oldest":     {[]func(*state.Tx){remove("p1")}, []payout{p2, p3, p4, p5}, []string{"p1"}},
		"Newest":     {[]func(*state.Tx){remove("p5")}, []payout{p1, p2, p3, p4}, []string{"p5"}},
		"Between":    {[]func(*state.Tx){remove("p3")}, []payout{p1, p2, p4, p5}, []string{"p3"}},
		"NotIndexed": {[]func(*state.Tx){remove("p4", "p5")}, []payout{p1, p2, p3}, []string{"p4", "p5"}},
		"All":        {[]func(*state.Tx){remove("p2", "p5", "p1", "p4", "p3")}, nil, []string{"p1", "p2", "p3", "p4", "p5"}},
		"Twice":      {[]func(*state.Tx){remove("p2", "p2"), remove("p2")}, []payout{p1, p3, p4, p5}, []string{"p2"}},

		"Unknown":        {[]func(*state.Tx){remove("", "p", "p11", "P1", "p1\x00", "first", "last", "b1", "\xff")}, []payout{p1, p2, p3, p4, p5}, nil},
		"AfterItsKeys":   {[]func(*state.Tx){put(p1moved, p3bare), remove("p1", "p3")}, []payout{p2, p4, p5}, []string{"p1", "p3"}},
		"OwnWrite":       {[]func(*state.Tx){func(tx *state.Tx) { put(payout{ID: "p6", Batch: "b1", Due: "1"})(tx); remove("p6")(tx) }}, []payout{p1, p2, p3, p4, p5}, []string{"p6"}},
		"OwnChange":      {[]func(*state.Tx){func(tx *state.Tx) { put(p1moved)(tx); remove("p1")(tx) }}, []payout{p2, p3, p4, p5}, []string{"p1"}},
		"PutAgain":       {[]func(*state.Tx){remove("p1"), put(p1)}, []payout{p2, p3, p4, p5, p1}, nil},
		"PutAgainAtOnce": {[]func(*state.Tx){func(tx *state.Tx) { remove("p1")(tx); put(p1moved)(tx) }}, []payout{p2, p3, p4, p5, p1moved}, nil},
		"NewestPutAgain": {[]func(*state.Tx){remove("p5"), put(p5)}, []payout{p1, p2, p3, p4, p5}, nil},
		"PutInItsPlace":  {[]func(*state.Tx){remove("p5"), put(payout{ID: "p6", Batch: "b1"}), put(p5)}, []payout{p1, p2, p3, p4, {ID: "p6", Batch: "b1"}, p5}, nil},
		"AllPutAgain":    {[]func(*state.Tx){remove("p1", "p2", "p3", "p4", "p5"), put(p4, p2, p1moved)}, []payout{p4, p2, p1moved}, []string{"p3", "p5"}},
		"AgainAndAgain":  {[]func(*state.Tx){remove("p1"), put(p1), remove("p1"), put(p1moved), remove("p1"), put(p1)}, []payout{p2, p3, p4, p5, p1}, nil},
		"AgainAndGone":   {[]func(*state.Tx){remove("p1"), put(p1), remove("p1")}, []payout{p2, p3, p4, p5}, []string{"p1"}},
	} {
		holds := func(t *testing.T, w *world) {
			w.view(t, func(tx *state.Tx) {
				mustHold(t, tx, deleted.left)
				for _, id := range deleted.gone {
					p, ok := payouts.Get(tx, id)
					assert.False(t, ok, id)
					assert.Zero(t, p)
					_, ok = payouts.Pick(tx, id)
					assert.False(t, ok, id)
				}
				for _, key := range []string{"b1", "b2"} {
					batch := idsWhere(deleted.left, func(p payout) bool { return p.Batch == key })
					assert.Equal(t, batch, ids(payouts.By(tx, "batch", key)), key)
				}
				for _, key := range []string{"2026-01", "2026-02", "2026-03"} {
					due := idsWhere(deleted.left, func(p payout) bool { return p.Due == key })
					assert.Equal(t, due, ids(payouts.By(tx, "due", key)), key)
				}
			})
		}
		t.Run(name, func(t *testing.T) {
			w := furnished(t)
			for _, step := range deleted.steps {
				w.update(t, step)
			}
			holds(t, w)
			t.Run("Restored", func(t *testing.T) {
				again := newWorld(t)
				again.furnish(t)
				require.NoError(t, again.Restore(reloaded(t, w.snapshot(t)), keep))
				holds(t, again)
				same(t, w.trace(t), again.trace(t))

				last := payout{ID: "p7", Batch: "b1", Due: "2026-02"}
				for _, w := range []*world{w, again} {
					w.update(t, put(last))
					w.view(t, func(tx *state.Tx) { mustHold(t, tx, append(slices.Clone(deleted.left), last)) })
				}
			})
		})
		t.Run(name+"Undone", func(t *testing.T) {
			for how, undo := range map[string]func(w *world, fn func(*state.Tx)) error{
				"Update": func(w *world, fn func(*state.Tx)) error {
					return w.Update(state.Cause{}, func(tx *state.Tx) error { fn(tx); return errRefused })
				},
				"Try": func(w *world, fn func(*state.Tx)) (err error) {
					w.update(t, func(tx *state.Tx) {
						err = tx.Try(func() error { fn(tx); return errRefused })
						mustHold(t, tx, []payout{p1, p2, p3, p4, p5})
					})
					return err
				},
				"Panic": func(w *world, fn func(*state.Tx)) error {
					return survive(func() error {
						return w.Update(state.Cause{}, func(tx *state.Tx) error { fn(tx); panic(errPanic) })
					})
				},
			} {
				t.Run(how, func(t *testing.T) {
					w := furnished(t)
					before := w.trace(t)
					assert.Error(t, undo(w, func(tx *state.Tx) {
						for _, step := range deleted.steps {
							step(tx)
						}
					}))
					same(t, before, w.trace(t))
					w.view(t, func(tx *state.Tx) { mustHold(t, tx, []payout{p1, p2, p3, p4, p5}) })
				})
			}
		})
	}
	t.Run("InATryThatIsKept", func(t *testing.T) {
		w := furnished(t)
		w.update(t, func(tx *state.Tx) {
			require.NoError(t, tx.Try(func() error { remove("p1")(tx); return nil }))
			require.Error(t, tx.Try(func() error { put(p1)(tx); remove("p2")(tx); return errRefused }))
			mustHold(t, tx, []payout{p2, p3, p4, p5})
		})
		w.view(t, func(tx *state.Tx) { mustHold(t, tx, []payout{p2, p3, p4, p5}) })
	})
	t.Run("OtherTables", func(t *testing.T) {
		other := state.NewTable("test.others", func(p payout) string { return p.ID },
			state.Index[payout]{Name: "batch", Key: func(p payout) string { return p.Batch }})
		w := stored(t, p1)
		w.update(t, func(tx *state.Tx) {
			other.Put(tx, p1)
			other.Delete(tx, "p1")
			mustHold(t, tx, []payout{p1})
			other.Put(tx, p1)
			payouts.Delete(tx, "p1")
			mustHold(t, tx, nil)
			assert.Equal(t, []string{"p1"}, ids(other.By(tx, "batch", "b1")))
		})
	})
	t.Run("Empty", func(t *testing.T) {
		w := newWorld(t)
		before := w.trace(t)
		w.update(t, remove("", "p1", "first"))
		same(t, before, w.trace(t))
	})
}

// Ids and keys may hold any bytes. One must not be taken for another.
func TestTableDeleteOddBytes(t *testing.T) {
	for name, odd := range map[string]struct {
		ids    []string // all put in one batch
		delete string
		left   []string
	}{
		"Zero":              {[]string{"\x00", "", "\x00\x00", "a"}, "\x00", []string{"", "\x00\x00", "a"}},
		"Zeros":             {[]string{"\x00", "\x00\x00", "\x00\x00\x00"}, "\x00\x00", []string{"\x00", "\x00\x00\x00"}},
		"Empty":             {[]string{"a", "", "\x00"}, "", []string{"a", "\x00"}},
		"ZeroBehind":        {[]string{"a", "a\x00", "a\x00\x00b"}, "a\x00", []string{"a", "a\x00\x00b"}},
		"ZerosWithin":       {[]string{"a", "a\x00\x00b", "b"}, "a\x00\x00b", []string{"a", "b"}},
		"BeforeTheZero":     {[]string{"a", "a\x00", "a\x00\xffb"}, "a", []string{"a\x00", "a\x00\ufffdb"}},
		"LikeANumber":       {[]string{"\x00\x00\x00\x00\x00\x00\x00\x01", "a"}, "\x00\x00\x00\x00\x00\x00\x00\x01", []string{"a"}},
		"NotUTF8":           {[]string{"a", "\xffp\xfe\xff", "b"}, "\xffp\xfe\xff", []string{"a", "b"}},
		"NotUTF8AsItIs":     {[]string{"a", "\xffp", "b"}, "\ufffdp", []string{"a", "b"}},
		"NotUTF8NorTheSame": {[]string{"\xff", "\xff\xff"}, "\xfe", []string{"\ufffd\ufffd"}},
		"CutRune":           {[]string{"a\xc3", "a\xc3\xbc"}, "a\xc3", []string{"a\u00fc"}},
		"Surrogate":         {[]string{"\xed\xa0\x80", "b"}, "\xed\xa0\x80", []string{"b"}},
		"Slash":             {[]string{"a/batch", "a"}, "a", []string{"a/batch"}},
	} {
		for of, batch := range map[string]string{
			"OfText": "b", "OfZeroBehind": "b\x00", "OfZeros": "\x00\x00", "OfNotUTF8": "b\xff", "OfZeroNotUTF8": "\x00\xff",
		} {
			t.Run(name+of, func(t *testing.T) {
				w := newWorld(t)
				w.update(t, func(tx *state.Tx) {
					payouts.Put(tx, payout{ID: "other", Batch: batch + "b"})
					for _, id := range odd.ids {
						payouts.Put(tx, payout{ID: id, Batch: batch, Due: id})
					}
				})
				w.update(t, func(tx *state.Tx) { payouts.Delete(tx, odd.delete) })
				w.view(t, func(tx *state.Tx) {
					left := []payout{{ID: "other", Batch: text(batch + "b")}}
					for _, id := range odd.left {
						left = append(left, payout{ID: id, Batch: text(batch), Due: id})
					}
					mustHold(t, tx, left)
					_, ok := payouts.Get(tx, odd.delete)
					assert.False(t, ok)
					assert.Equal(t, odd.left, ids(payouts.By(tx, "batch", batch)))
				})
			})
		}
	}
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

// inOrderOf sorts records by a key, those with the same as they come.
func inOrderOf(rows []payout, key func(payout) string) []payout {
	return slices.SortedStableFunc(slices.Values(rows), func(a, b payout) int { return cmp.Compare(key(a), key(b)) })
}

// mustHold fails unless the table has exactly these records, the oldest first,
// whichever way it is asked.
func mustHold(t require.TestingT, tx *state.Tx, rows []payout) {
	all := idsWhere(rows, func(payout) bool { return true })
	require.Equal(t, all, ids(payouts.All(tx)))
	require.Equal(t, reversed(all), ids(payouts.Newest(tx)))
	first, _ := payouts.First(tx)
	last, any := payouts.Last(tx)
	require.Equal(t, len(rows) > 0, any)
	if any {
		require.Equal(t, []payout{rows[0], rows[len(rows)-1]}, []payout{first, last})
	}
	for by, want := range map[string]payout{"first": first, "last": last} {
		p, ok := payouts.Pick(tx, by)
		require.Equal(t, any, ok, by)
		require.Equal(t, want, p, by)
	}
	for _, want := range rows {
		p, ok := payouts.Get(tx, want.ID)
		require.True(t, ok, "%q", want.ID)
		require.Equal(t, want, p)
	}
	for index, key := range map[string]func(payout) string{
		"batch": func(p payout) string { return p.Batch },
		"due":   func(p payout) string { return p.Due },
	} {
		want := idsWhere(inOrderOf(rows, key), func(p payout) bool { return key(p) != "" })
		require.Equal(t, want, ids(payouts.Between(tx, index, "", "", false)), index)
		require.Equal(t, reversed(want), ids(payouts.Between(tx, index, "", "", true)), index)
		for _, of := range rows {
			same := idsWhere(rows, func(p payout) bool { return key(of) != "" && key(p) == key(of) })
			require.Equal(t, same, ids(payouts.By(tx, index, key(of))), "%s %q", index, key(of))
		}
	}
}

// TestTableAnything compares a table with a slice of records.
func TestTableAnything(t *testing.T) {
	key := rapid.StringOfN(rapid.SampledFrom([]rune("ab\x00\x01ÿ")), 0, 3, -1)
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		var rows []payout // oldest first
		for range rapid.IntRange(1, 20).Draw(t, "writes") {
			p := payout{ID: key.Draw(t, "id"), Batch: key.Draw(t, "batch"), Due: key.Draw(t, "due")}
			i := slices.IndexFunc(rows, func(r payout) bool { return r.ID == p.ID })
			if rapid.IntRange(0, 2).Draw(t, "kind") == 2 {
				if len(rows) > 0 && rapid.Bool().Draw(t, "known") {
					i = rapid.IntRange(0, len(rows)-1).Draw(t, "which")
					p = rows[i]
				}
				w.update(t, func(tx *state.Tx) { payouts.Delete(tx, p.ID) })
				if i >= 0 {
					rows = slices.Delete(rows, i, i+1)
				}
				continue
			}
			w.update(t, func(tx *state.Tx) { payouts.Put(tx, p) })
			if i >= 0 {
				rows[i] = p
			} else {
				rows = append(rows, p)
			}
		}
		batch, from, to := key.Draw(t, "by"), key.Draw(t, "from"), key.Draw(t, "to")
		byDue := inOrderOf(rows, func(p payout) string { return p.Due })
		w.view(t, func(tx *state.Tx) {
			mustHold(t, tx, rows)
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

// What is put or got is the caller's to change.
func TestCopies(t *testing.T) {
	w := newWorld(t)
	data := json.RawMessage(`{"id":"p1"}`)
	put := payout{ID: "p1", Tags: []string{"x", "y"}, Data: data}
	args := json.RawMessage(`{"n":1}`)
	w.update(t, func(tx *state.Tx) {
		payouts.Put(tx, put)
		tx.Schedule(start.Add(1e9), "test.settle", "p1", args)
		tx.Move("test", "USD", amount("1"), "p1")
		put.Tags[0], data[2], args[2] = "changed", '!', '!'
	})
	before := w.saved(t)
	assert.Contains(t, before, `"tags":["x","y"]`)
	assert.Contains(t, before, `"data":{"id":"p1"}`)
	assert.Contains(t, before, `"args":{"n":1}`)

	w.view(t, func(tx *state.Tx) {
		got, _ := payouts.Get(tx, "p1")
		got.Tags[0], got.Data[2] = "changed", '!'
		for p := range payouts.All(tx) {
			p.Tags[1], p.Data[2] = "changed", '!'
		}
		tx.Jobs()[0].Args[2] = '!'
		tx.Ledger("", "")[0].Provider = "changed"
		tx.Balances()["test"]["USD"] = amount("5")
	})
	s := w.snapshot(t)
	s.Tables["test.payouts"][0][2] = '!'
	s.Jobs[0].Args[2] = '!'
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

func TestTableDeleteFirst(t *testing.T) {
	w := newWorld(t)
	w.update(t, func(tx *state.Tx) {
		for _, p := range []payout{{ID: "p2", Batch: "b1"}, {ID: "p1", Batch: "b1"}, {ID: "p3", Batch: "b2"}} {
			payouts.Put(tx, p)
		}
		oldest, ok := payouts.DeleteFirst(tx, "batch", "b1")
		assert.True(t, ok)
		assert.Equal(t, "p2", oldest.ID, "it was put first")
		_, ok = payouts.Get(tx, "p2")
		assert.False(t, ok)
		_, ok = payouts.DeleteFirst(tx, "batch", "b1")
		assert.True(t, ok)
		_, ok = payouts.DeleteFirst(tx, "batch", "b1")
		assert.False(t, ok)
		left, ok := payouts.First(tx)
		assert.True(t, ok)
		assert.Equal(t, "p3", left.ID)
	})
}
