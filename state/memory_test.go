package state_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/mockpay/mockpay/state"
)

// newDocs returns documents with some keys in the space "s".
func newDocs(t require.TestingT, keys ...string) state.Docs {
	docs, err := state.Memory().Open("test")
	require.NoError(t, err)
	write(t, docs, func(w state.Writer) {
		for _, key := range keys {
			w.Put("s", key, []byte("doc "+key))
		}
	})
	return docs
}

func write(t require.TestingT, docs state.Docs, fn func(state.Writer)) {
	require.NoError(t, docs.Update(func(w state.Writer) error {
		fn(w)
		return nil
	}))
}

// keysOf returns the keys in the space "s".
func keysOf(t require.TestingT, docs state.Docs) (keys []string) {
	require.NoError(t, docs.View(func(r state.Reader) error {
		for key := range r.Scan("s", "", "", false) {
			keys = append(keys, key)
		}
		return nil
	}))
	return keys
}

func TestMemoryStore(t *testing.T) {
	t.Run("SameWorkspace", func(t *testing.T) {
		store := state.Memory()
		one, err := store.Open("one")
		require.NoError(t, err)
		write(t, one, func(w state.Writer) { w.Put("s", "a", nil) })
		again, err := store.Open("one")
		require.NoError(t, err)
		assert.Equal(t, []string{"a"}, keysOf(t, again))
		other, err := store.Open("other")
		require.NoError(t, err)
		assert.Empty(t, keysOf(t, other))
	})
	t.Run("Remove", func(t *testing.T) {
		store := state.Memory()
		one, err := store.Open("one")
		require.NoError(t, err)
		write(t, one, func(w state.Writer) { w.Put("s", "a", nil) })
		require.NoError(t, store.Remove("one"))
		require.NoError(t, store.Remove("never opened"))
		again, err := store.Open("one")
		require.NoError(t, err)
		assert.Empty(t, keysOf(t, again))
		require.NoError(t, store.Close())
	})
	t.Run("WorkspacesDoNotWait", func(t *testing.T) {
		store := state.Memory()
		one, err := store.Open("one")
		require.NoError(t, err)
		other, err := store.Open("other")
		require.NoError(t, err)
		write(t, one, func(state.Writer) {
			done := make(chan struct{})
			go func() {
				defer close(done)
				assert.NoError(t, other.Update(func(w state.Writer) error {
					w.Put("s", "a", nil)
					return nil
				}))
			}()
			await(t, done, "an update of another workspace")
		})
	})
}

func TestMemoryView(t *testing.T) {
	t.Run("BesideOthers", func(t *testing.T) {
		docs := newDocs(t, "a")
		var inside sync.WaitGroup // both are in it at once
		inside.Add(2)
		done := make(chan struct{})
		go func() {
			defer close(done)
			var both sync.WaitGroup
			for range 2 {
				both.Go(func() {
					assert.NoError(t, docs.View(func(state.Reader) error {
						inside.Done()
						inside.Wait()
						return nil
					}))
				})
			}
			both.Wait()
		}()
		await(t, done, "two views at once")
	})
	t.Run("Error", func(t *testing.T) {
		err := newDocs(t).View(func(state.Reader) error { return errRefused })
		assert.ErrorIs(t, err, errRefused)
	})
}

func TestMemoryScan(t *testing.T) {
	docs := newDocs(t, "a", "b", "bb", "c", "\x00", "\xff\xff")
	for name, scan := range map[string]struct {
		from, to string
		want     []string
	}{
		"All":           {"", "", []string{"\x00", "a", "b", "bb", "c", "\xff\xff"}},
		"From":          {"b", "", []string{"b", "bb", "c", "\xff\xff"}},
		"FromBetween":   {"ba", "", []string{"bb", "c", "\xff\xff"}},
		"To":            {"", "b", []string{"\x00", "a"}},
		"ToBetween":     {"", "ba", []string{"\x00", "a", "b"}},
		"Both":          {"a", "c", []string{"a", "b", "bb"}},
		"BothBetween":   {"aa", "bbb", []string{"b", "bb"}},
		"OneKey":        {"b", "b\x00", []string{"b"}},
		"Same":          {"b", "b", nil},
		"Crossed":       {"c", "a", nil},
		"BehindAll":     {"\xff\xff\xff", "", nil},
		"BeforeAll":     {"", "\x00", nil},
		"ToBehindAll":   {"c", "\xff\xff\xff", []string{"c", "\xff\xff"}},
		"FromBeforeAll": {"\x00", "a", []string{"\x00"}},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, docs.View(func(r state.Reader) error {
				var up, down []string
				for key, doc := range r.Scan("s", scan.from, scan.to, false) {
					up = append(up, key)
					assert.Equal(t, "doc "+key, string(doc))
				}
				for key, doc := range r.Scan("s", scan.from, scan.to, true) {
					down = append(down, key)
					assert.Equal(t, "doc "+key, string(doc))
				}
				assert.Equal(t, scan.want, up)
				assert.Equal(t, reversed(scan.want), down)
				return nil
			}))
		})
	}
	t.Run("StoppedEarly", func(t *testing.T) {
		require.NoError(t, docs.View(func(r state.Reader) error {
			for _, reverse := range []bool{false, true} {
				n := 0
				for range r.Scan("s", "a", "c", reverse) {
					if n++; n == 2 {
						break
					}
				}
				assert.Equal(t, 2, n)
			}
			return nil
		}))
	})
	t.Run("UnknownSpace", func(t *testing.T) {
		require.NoError(t, docs.View(func(r state.Reader) error {
			assert.Empty(t, all(r.Scan("unknown", "", "", false)))
			assert.Empty(t, all(r.Scan("unknown", "", "", true)))
			_, ok := r.Get("unknown", "a")
			assert.False(t, ok)
			return nil
		}))
	})
}

func TestMemoryUpdate(t *testing.T) {
	spoil := func(w state.Writer) {
		w.Put("s", "a", []byte("changed"))
		w.Put("s", "new", nil)
		w.Delete("s", "b")
		w.Put("new space", "a", nil)
		w.Delete("unknown space", "a")
		w.Clear()
		w.Put("s", "after", nil)
	}
	intact := func(t *testing.T, docs state.Docs) {
		require.NoError(t, docs.View(func(r state.Reader) error {
			assert.Equal(t, []string{"a=doc a", "b=doc b"}, all(r.Scan("s", "", "", false)))
			assert.Empty(t, all(r.Scan("new space", "", "", false)))
			return nil
		}))
	}
	t.Run("Error", func(t *testing.T) {
		docs := newDocs(t, "a", "b")
		err := docs.Update(func(w state.Writer) error {
			spoil(w)
			return errRefused
		})
		require.ErrorIs(t, err, errRefused)
		intact(t, docs)
	})
	t.Run("Panic", func(t *testing.T) {
		docs := newDocs(t, "a", "b")
		with := panics(func() {
			_ = docs.Update(func(w state.Writer) error {
				spoil(w)
				panic("oops")
			})
		})
		require.Equal(t, "oops", with)
		intact(t, docs)
		write(t, docs, func(w state.Writer) { w.Put("s", "c", nil) })
		assert.Equal(t, []string{"a", "b", "c"}, keysOf(t, docs), "no lock is left")
	})
	t.Run("ErrorUndoesOnlyItsOwn", func(t *testing.T) {
		docs := newDocs(t, "a", "b")
		write(t, docs, func(w state.Writer) { w.Put("s", "a", []byte("doc a")); w.Delete("s", "unknown") })
		require.Error(t, docs.Update(func(state.Writer) error { return errRefused }))
		intact(t, docs)
	})
	t.Run("Clear", func(t *testing.T) {
		docs := newDocs(t, "a", "b")
		write(t, docs, func(w state.Writer) {
			w.Put("other", "x", nil)
			w.Clear()
			_, ok := w.Get("other", "x")
			assert.False(t, ok)
			w.Put("s", "c", nil)
		})
		assert.Equal(t, []string{"c"}, keysOf(t, docs))
	})
}

func TestMemorySavepoint(t *testing.T) {
	t.Run("Nested", func(t *testing.T) {
		docs := newDocs(t, "a")
		write(t, docs, func(w state.Writer) {
			look := func() []string { return all(w.Scan("s", "", "", false)) }
			outer := w.Savepoint()
			w.Put("s", "a", []byte("1"))
			middle := w.Savepoint()
			w.Put("s", "a", []byte("2"))
			w.Put("s", "b", []byte("2"))
			inner := w.Savepoint()
			w.Delete("s", "a")
			w.Delete("s", "b")
			w.Put("s", "c", []byte("3"))

			assert.Equal(t, []string{"c=3"}, look())
			inner()
			assert.Equal(t, []string{"a=2", "b=2"}, look())
			middle()
			assert.Equal(t, []string{"a=1"}, look())
			w.Put("s", "d", []byte("4"))
			outer()
			assert.Equal(t, []string{"a=doc a"}, look())
			w.Put("s", "e", []byte("5"))
		})
		assert.Equal(t, []string{"a", "e"}, keysOf(t, docs))
	})
	t.Run("ClearUndone", func(t *testing.T) {
		docs := newDocs(t, "a", "b")
		write(t, docs, func(w state.Writer) {
			undo := w.Savepoint()
			w.Put("s", "c", nil)
			w.Clear()
			w.Put("s", "d", nil)
			w.Put("other", "d", nil)
			w.Clear()
			w.Put("s", "a", []byte("again"))
			undo()
			assert.Empty(t, all(w.Scan("other", "", "", false)))
			doc, ok := w.Get("s", "a")
			assert.True(t, ok)
			assert.Equal(t, "doc a", string(doc))
		})
		assert.Equal(t, []string{"a", "b"}, keysOf(t, docs))
	})
	t.Run("NothingWritten", func(t *testing.T) {
		docs := newDocs(t, "a")
		write(t, docs, func(w state.Writer) {
			w.Put("s", "b", nil)
			w.Savepoint()()
		})
		assert.Equal(t, []string{"a", "b"}, keysOf(t, docs))
	})
	t.Run("KeptByUpdateUndoneByError", func(t *testing.T) {
		docs := newDocs(t, "a")
		require.Error(t, docs.Update(func(w state.Writer) error {
			w.Put("s", "b", nil)
			undo := w.Savepoint()
			w.Put("s", "c", nil)
			undo()
			w.Put("s", "d", nil)
			return errRefused
		}))
		assert.Equal(t, []string{"a"}, keysOf(t, docs))
	})
}

// A plain is what documents are, as plainly as can be: space, key, document.
type plain map[string]map[string]string

func (p plain) clone() plain {
	c := plain{}
	for name, docs := range p {
		c[name] = maps.Clone(docs)
	}
	return c
}

// scan does what Reader.Scan should.
func (p plain) scan(space, from, to string, reverse bool) []string {
	found := []string{}
	for _, key := range slices.Sorted(maps.Keys(p[space])) {
		if key >= from && (to == "" || key < to) {
			found = append(found, key+"="+p[space][key])
		}
	}
	if reverse {
		return reversed(found)
	}
	return found
}

// TestMemoryAnything does random writes, savepoints and failures to a store and
// to a plain map.
func TestMemoryAnything(t *testing.T) {
	var (
		space = rapid.SampledFrom([]string{"s", "t", "u"})
		key   = rapid.StringOfN(rapid.SampledFrom([]rune("ab\x00")), 0, 3, -1)
		bound = rapid.OneOf(rapid.Just(""), key)
	)
	compare := func(t *rapid.T, r state.Reader, want plain) {
		for _, name := range []string{"s", "t", "u"} {
			from, to := bound.Draw(t, "from"), bound.Draw(t, "to")
			for _, reverse := range []bool{false, true} {
				require.Equal(t, want.scan(name, "", "", reverse), all(r.Scan(name, "", "", reverse)))
				require.Equal(t, want.scan(name, from, to, reverse), all(r.Scan(name, from, to, reverse)))
			}
			k := key.Draw(t, "get")
			doc, ok := r.Get(name, k)
			wanted, wantedOK := want[name][k]
			require.Equal(t, wantedOK, ok)
			require.Equal(t, wanted, string(doc))
		}
	}
	// write does some writes to both and returns what the map is then.
	var writeSome func(t *rapid.T, w state.Writer, m plain, depth int) plain
	writeSome = func(t *rapid.T, w state.Writer, m plain, depth int) plain {
		for range rapid.IntRange(0, 5).Draw(t, "writes") {
			name, k := space.Draw(t, "space"), key.Draw(t, "key")
			switch rapid.SampledFrom([]string{"put", "put", "put", "delete", "delete", "clear", "savepoint"}).Draw(t, "write") {
			case "put":
				doc := rapid.StringN(0, 2, -1).Draw(t, "doc")
				w.Put(name, k, []byte(doc))
				if m[name] == nil {
					m[name] = map[string]string{}
				}
				m[name][k] = doc
			case "delete":
				w.Delete(name, k)
				delete(m[name], k)
			case "clear":
				w.Clear()
				m = plain{}
			case "savepoint":
				if depth == 3 {
					continue
				}
				before, undo := m.clone(), w.Savepoint()
				m = writeSome(t, w, m, depth+1)
				if rapid.Bool().Draw(t, "undo") {
					undo()
					m = before
				}
			}
			compare(t, w, m)
		}
		return m
	}
	rapid.Check(t, func(t *rapid.T) {
		docs, m := newDocs(t), plain{}
		for range rapid.IntRange(1, 6).Draw(t, "updates") {
			end := rapid.SampledFrom([]string{"kept", "error", "panic"}).Draw(t, "end")
			before := m.clone()
			with := panics(func() {
				err := docs.Update(func(w state.Writer) error {
					m = writeSome(t, w, m, 0)
					switch end {
					case "error":
						return errRefused
					case "panic":
						panic(errRefused)
					}
					return nil
				})
				require.Equal(t, end == "error", err != nil)
			})
			if with != nil && with != errRefused {
				panic(with) // not ours: the test has failed
			}
			if end != "kept" {
				m = before
			}
			require.NoError(t, docs.View(func(r state.Reader) error {
				compare(t, r, m)
				return nil
			}))
		}
	})
}

// TestMemoryMuch fills spaces with documents of all sizes under keys in order, in
// reverse and in any order, and empties them again.
func TestMemoryMuch(t *testing.T) {
	const most = 400
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.SampledFrom([]int{0, 8, 60, 200, 200, 1500, 9000}), 1, 7).Draw(t, "sizes")
		keys := make([]string, rapid.IntRange(1, most).Draw(t, "keys"))
		for i := range keys {
			keys[i] = fmt.Sprintf("%03d%s", i, strings.Repeat("k", i%7))
		}
		orders := map[string][]string{"up": keys, "down": reversed(keys), "any": rapid.Permutation(keys).Draw(t, "any")}
		order := func(label string) []string {
			return orders[rapid.SampledFrom([]string{"up", "down", "any"}).Draw(t, label)]
		}

		docs, m := newDocs(t), plain{"s": {}}
		compare := func(r state.Reader) {
			from, to := rapid.SampledFrom(keys).Draw(t, "from"), rapid.SampledFrom(keys).Draw(t, "to")
			for _, reverse := range []bool{false, true} {
				require.Equal(t, m.scan("s", "", "", reverse), all(r.Scan("s", "", "", reverse)))
				require.Equal(t, m.scan("s", from, to+"!", reverse), all(r.Scan("s", from, to+"!", reverse)))
			}
		}
		put := func(w state.Writer, n int, key string) {
			doc := strings.Repeat("x", sizes[n%len(sizes)]) + key
			w.Put("s", key, []byte(doc))
			m["s"][key] = doc
		}
		write(t, docs, func(w state.Writer) {
			for n, key := range order("first") {
				put(w, n, key)
			}
			compare(w)
		})
		before := m.clone()
		require.ErrorIs(t, docs.Update(func(w state.Writer) error {
			for n, key := range order("over") {
				put(w, n+1, key)
			}
			compare(w)
			for n, key := range order("away") {
				if n%5 > 0 {
					w.Delete("s", key)
					delete(m["s"], key)
				}
			}
			compare(w)
			return errRefused
		}), errRefused)
		m = before
		write(t, docs, func(w state.Writer) {
			compare(w)
			for n, key := range order("last") {
				if n%50 == 0 {
					compare(w)
				}
				w.Delete("s", key)
				delete(m["s"], key)
			}
			compare(w)
		})
	})
}

// TestMemoryCopies changes what was handed over and what was received.
func TestMemoryCopies(t *testing.T) {
	docs := newDocs(t)
	doc := []byte("one")
	write(t, docs, func(w state.Writer) {
		w.Put("s", "k", doc)
		copy(doc, "two")
		got, _ := w.Get("s", "k")
		w.Put("s", "k", []byte("new"))
		assert.Equal(t, "one", string(got))
		for _, scanned := range w.Scan("s", "", "", false) {
			copy(scanned, "bad")
		}
		got, _ = w.Get("s", "k")
		assert.Equal(t, "new", string(got))
	})
}
