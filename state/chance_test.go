package state_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/state"
)

// seeded returns a world that has begun with a seed.
func seeded(t require.TestingT, seed int64) *world {
	w := newWorld(t)
	require.NoError(t, w.Reset(seed, state.Cause{}, keep))
	return w
}

// keep is a transaction that does nothing.
func keep(*state.Tx) error { return nil }

// drawn are the next three of a stream.
func drawn(t require.TestingT, w *world, stream string) (d []string) {
	w.update(t, func(tx *state.Tx) {
		for range 3 {
			d = append(d, tx.Hex(stream, 64))
		}
	})
	return d
}

func TestSeed(t *testing.T) {
	t.Run("SameSameDraws", func(t *testing.T) {
		for _, seed := range []int64{0, 1, -1, 1<<63 - 1, -1 << 63} {
			a, b := seeded(t, seed), seeded(t, seed)
			assert.Equal(t, drawn(t, a, "s"), drawn(t, b, "s"), seed)
			same(t, a.answers(t), b.answers(t))
			a.view(t, func(tx *state.Tx) { assert.Equal(t, seed, tx.Seed()) })
		}
	})
	t.Run("OthersOtherDraws", func(t *testing.T) {
		seen := map[string]int64{}
		for seed := int64(-50); seed < 50; seed++ {
			d := drawn(t, seeded(t, seed), "s")[0]
			other, taken := seen[d]
			require.False(t, taken, "seeds %d and %d", other, seed)
			seen[d] = seed
		}
	})
	t.Run("ResetBeginsAgain", func(t *testing.T) {
		w := seeded(t, 7)
		first := drawn(t, w, "s")
		assert.NotEqual(t, first, drawn(t, w, "s"))
		require.NoError(t, w.Reset(7, state.Cause{}, keep))
		assert.Equal(t, first, drawn(t, w, "s"))
	})
	t.Run("FixedForever", func(t *testing.T) {
		// Seeds in users' files must go on meaning the same.
		d := state.Derive(42, "test.ids", 1)
		assert.Equal(t, "f4e368ee90f165a26eebddc91f4264c834530f6877d4d2c93aef1350cb6c3569", hex.EncodeToString(d[:]))
	})
}

func TestStreams(t *testing.T) {
	t.Run("Differ", func(t *testing.T) {
		w := seeded(t, 7)
		seen := map[string]bool{}
		for _, stream := range []string{"", "s", "ss", "s\x00", "t"} {
			for _, d := range drawn(t, w, stream) {
				require.False(t, seen[d], "stream %q repeats a draw", stream)
				seen[d] = true
			}
		}
	})
	t.Run("Independent", func(t *testing.T) {
		alone, mixed := seeded(t, 7), seeded(t, 7)
		want := drawn(t, alone, "s")
		var got []string
		for n := range 3 {
			mixed.update(t, func(tx *state.Tx) {
				for range n + 1 {
					tx.UUID("other")
					tx.Float("s'")
					tx.Count("s")
				}
				got = append(got, tx.Hex("s", 64))
			})
		}
		assert.Equal(t, want, got)
	})
	t.Run("UndoneDrewNothing", func(t *testing.T) {
		w, want := seeded(t, 7), drawn(t, seeded(t, 7), "s")
		require.Error(t, w.Update(state.Cause{}, func(tx *state.Tx) error {
			assert.Equal(t, want[0], tx.Hex("s", 64))
			assert.Equal(t, want[1], tx.Hex("s", 64))
			return errRefused
		}))
		assert.Equal(t, want, drawn(t, w, "s"))
	})
}

func TestHex(t *testing.T) {
	seeded(t, 7).update(t, func(tx *state.Tx) {
		for n := range 65 {
			d := tx.Hex("s", n)
			assert.Len(t, d, n)
			assert.Empty(t, strings.Trim(d, "0123456789abcdef"))
		}
	})
}

func TestUUID(t *testing.T) {
	seen := map[string]bool{}
	seeded(t, 7).update(t, func(tx *state.Tx) {
		for range 100 {
			text := tx.UUID("s")
			id, err := uuid.Parse(text)
			require.NoError(t, err)
			assert.Equal(t, uuid.Version(4), id.Version())
			assert.Equal(t, uuid.RFC4122, id.Variant())
			assert.Equal(t, id.String(), text)
			assert.False(t, seen[text])
			seen[text] = true
		}
	})
}

func TestFloat(t *testing.T) {
	seeded(t, 7).update(t, func(tx *state.Tx) {
		var sum float64
		const n = 2000
		for range n {
			f := tx.Float("s")
			require.GreaterOrEqual(t, f, 0.0)
			require.Less(t, f, 1.0)
			sum += f
		}
		assert.InDelta(t, 0.5, sum/n, 0.05, "spread evenly; the seed is fixed, so this never varies")
	})
}

func TestCount(t *testing.T) {
	w := newWorld(t)
	w.update(t, func(tx *state.Tx) {
		assert.Zero(t, tx.Counter("a"))
		assert.Equal(t, int64(1), tx.Count("a"))
		assert.Equal(t, int64(2), tx.Count("a"))
		assert.Equal(t, int64(1), tx.Count("b"))
		assert.Equal(t, int64(2), tx.Counter("a"))
	})
	w.view(t, func(tx *state.Tx) { assert.Equal(t, int64(2), tx.Counter("a")) })

	t.Run("Forget", func(t *testing.T) {
		w := newWorld(t)
		w.update(t, func(tx *state.Tx) {
			for _, name := range []string{"rule", "rule/", "rule/1", "rule/2", "rule0", "rul", "s"} {
				tx.Count(name)
			}
			tx.ForgetCounters("rule/")
			tx.ForgetCounters("unknown")
		})
		assert.Equal(t, map[string]int64{"rule": 1, "rule0": 1, "rul": 1, "s": 1}, w.snapshot(t).Counters)
		w.update(t, func(tx *state.Tx) { assert.Equal(t, int64(1), tx.Count("rule/1")) })
	})

	t.Run("Rename", func(t *testing.T) {
		w := newWorld(t)
		w.update(t, func(tx *state.Tx) {
			for _, name := range []string{"rule/1", "rule/1", "rule/2", "rule/3", "rule/3", "rule/3", "rul"} {
				tx.Count(name)
			}
			next := map[string]string{"rule/1": "rule/2", "rule/3": "rule/1"}
			tx.RenameCounters("rule/", func(name string) string { return next[name] })
		})
		assert.Equal(t, map[string]int64{"rule/2": 2, "rule/1": 3, "rul": 1}, w.snapshot(t).Counters)
	})
}
