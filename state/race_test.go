package state_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mockpay/mockpay/clock"
	"github.com/mockpay/mockpay/state"
)

var errPoor = errors.New("insufficient balance")

// A notice tells of a transfer, in the transaction that makes it.
type notice struct {
	ID       string `json:"id"`
	Transfer string `json:"transfer"`
}

var notices = state.NewTable("test.notices", func(n notice) string { return n.ID },
	state.Index[notice]{Name: "transfer", Key: func(n notice) string { return n.Transfer }})

// A bank is a world with accounts that together always hold the same.
type bank struct {
	*world
	accounts []string
	total    decimal.Decimal
}

func newBank(t *testing.T, accounts int, each string) *bank {
	b := &bank{world: newWorld(t), total: amount(each).Mul(decimal.NewFromInt(int64(accounts)))}
	for n := range accounts {
		b.accounts = append(b.accounts, fmt.Sprintf("account-%d", n))
	}
	require.NoError(t, b.Reset(1, state.Cause{Operation: state.Opening}, func(tx *state.Tx) error {
		for _, name := range b.accounts {
			tx.OpenBalance("bank", name, amount(each))
		}
		return nil
	}))
	return b
}

// transfer moves money and records it, unless there is too little; that it
// finds out in the middle of its writes.
func (b *bank) transfer(from, to, much string) error {
	return b.Update(state.Cause{Operation: "bank.transfer"}, func(tx *state.Tx) error {
		id := tx.Hex("bank.transfers", 16)
		payouts.Put(tx, payout{ID: id, Batch: from})
		tx.Move("bank", to, amount(much), id)
		if tx.Move("bank", from, amount(much).Neg(), id).IsNegative() {
			return errPoor
		}
		notices.Put(tx, notice{ID: "of " + id, Transfer: id})
		return nil
	})
}

// look fails unless what it sees is whole: no money is on its way, and each
// transfer has its record, its notice and both its entries.
func (b *bank) look(t *testing.T) {
	assert.NoError(t, b.View(func(tx *state.Tx) error {
		sum := decimal.Zero
		for name, balance := range tx.Balances()["bank"] {
			sum = sum.Add(balance)
			assert.False(t, balance.IsNegative(), "%s is overdrawn", name)
		}
		assert.True(t, sum.Equal(b.total), "%s of %s", sum, b.total)
		records := 0
		for p := range payouts.All(tx) {
			records++
			assert.Len(t, slices.Collect(notices.By(tx, "transfer", p.ID)), 1, p.ID)
		}
		assert.Len(t, slices.Collect(notices.All(tx)), records)
		assert.Equal(t, len(b.accounts)+2*records, len(tx.Ledger("", "")))
		return nil
	}))
}

func TestConcurrentTransfers(t *testing.T) {
	const writers, rounds, readers = 8, 20, 3
	b := newBank(t, 4, "20")
	var all sync.WaitGroup
	var done, poor atomic.Int64
	for n := range writers {
		all.Go(func() {
			for round := range rounds {
				from, to := b.accounts[(n+round)%4], b.accounts[(n+round/4+1)%4]
				much := fmt.Sprintf("%d.5", 3+n)
				if round%5 == 4 {
					much = "80.01" // more than there is in all
				}
				switch err := b.transfer(from, to, much); {
				case err == nil:
					done.Add(1)
				case assert.ErrorIs(t, err, errPoor):
					poor.Add(1)
				}
			}
		})
	}
	for range readers {
		all.Go(func() {
			for range rounds {
				b.look(t)
			}
		})
	}
	all.Wait()
	b.look(t)

	assert.NotZero(t, done.Load())
	assert.NotZero(t, poor.Load(), "some must have been refused, or the test shows nothing")
	b.view(t, func(tx *state.Tx) {
		assert.Len(t, ids(payouts.All(tx)), int(done.Load()))
		for _, c := range tx.CheckLedger() {
			assert.True(t, c.OK, "%s: %s", c.Name, c.Detail)
		}
		// The draws of what was refused went to those that came after.
		seen := 0
		for n := range done.Load() {
			d := state.Derive(1, "bank.transfers", n+1)
			if _, ok := payouts.Get(tx, fmt.Sprintf("%x", d[:8])); ok {
				seen++
			}
		}
		assert.Equal(t, int(done.Load()), seen)
	})
}

// A balance that covers 100 of 1,000 concurrent sends lets exactly 100 pass.
func TestConcurrentSends(t *testing.T) {
	const sends, covered = 1000, 100
	w := newWorld(t)
	w.update(t, func(tx *state.Tx) { tx.OpenBalance("bank", "USD", amount("150")) })
	var all sync.WaitGroup
	var done atomic.Int64
	for range sends {
		all.Go(func() {
			err := w.Update(state.Cause{Operation: "bank.send"}, func(tx *state.Tx) error {
				if tx.Balance("bank", "USD").LessThan(amount("1.5")) {
					return errPoor
				}
				tx.Move("bank", "USD", amount("-1.5"), "")
				return nil
			})
			if err == nil {
				done.Add(1)
			} else {
				assert.ErrorIs(t, err, errPoor)
			}
		})
	}
	all.Wait()
	assert.Equal(t, int64(covered), done.Load())
	w.view(t, func(tx *state.Tx) {
		assert.Equal(t, "0", tx.Balance("bank", "USD").String())
		assert.Len(t, tx.Ledger("bank", "USD"), 1+covered)
	})
}

// A table out of which each transaction takes as much as it puts in is never
// seen with more, nor with less, nor with an index that tells otherwise.
func TestConcurrentDeletes(t *testing.T) {
	const writers, rounds, readers, kept = 4, 60, 3, 10
	w := newWorld(t)
	put := func(tx *state.Tx) {
		n := tx.Count("written")
		payouts.Put(tx, payout{ID: fmt.Sprintf("p%d", n), Batch: "b", Due: fmt.Sprintf("%06d", n)})
	}
	w.update(t, func(tx *state.Tx) {
		for range kept {
			put(tx)
		}
	})
	look := func() {
		assert.NoError(t, w.View(func(tx *state.Tx) error {
			var want []string // the newest
			for n := tx.Counter("written") - kept + 1; n <= tx.Counter("written"); n++ {
				want = append(want, fmt.Sprintf("p%d", n))
			}
			assert.Equal(t, want, ids(payouts.All(tx)))
			assert.Equal(t, want, ids(payouts.By(tx, "batch", "b")))
			assert.Equal(t, want, ids(payouts.Between(tx, "due", "", "", false)))
			return nil
		}))
	}
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for round := range rounds {
				err := w.Update(state.Cause{}, func(tx *state.Tx) error {
					oldest, ok := payouts.First(tx)
					assert.True(t, ok)
					payouts.Delete(tx, oldest.ID)
					put(tx)
					if round%5 == 4 {
						return errRefused
					}
					return nil
				})
				assert.Equal(t, round%5 == 4, errors.Is(err, errRefused))
			}
		})
	}
	for range readers {
		all.Go(func() {
			for range rounds {
				look()
			}
		})
	}
	all.Wait()
	look()
	w.view(t, func(tx *state.Tx) { assert.Equal(t, int64(kept+writers*rounds/5*4), tx.Counter("written")) })
}

// TestConcurrentJobs lets calls schedule and cancel while the clock is advanced
// and runs: each job that was not cancelled runs once, at its own time.
func TestConcurrentJobs(t *testing.T) {
	const callers, rounds = 4, 60
	docs, err := state.Memory().Open("test")
	require.NoError(t, err)
	var c *clock.Clock
	ran := make(map[string]time.Time) // guarded by the transactions that run jobs
	db, err := state.Open(docs, state.Options{
		Now: func() time.Time { return c.Now() },
		RunJob: func(tx *state.Tx, job state.Job) error {
			_, twice := ran[job.ID]
			assert.False(t, twice, "%s ran twice", job.ID)
			assert.Equal(t, job.At, tx.Now())
			ran[job.ID] = tx.Now()
			return nil
		},
	})
	require.NoError(t, err)
	c = clock.New(db, clock.Setup{Start: start, Speed: 1000})
	t.Cleanup(c.Stop)

	var mu sync.Mutex
	wanted := make(map[string]bool) // guarded by mu; false: cancelled in time
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for round := range rounds {
				var id string
				cancelled := false
				assert.NoError(t, db.Update(state.Cause{Operation: "test"}, func(tx *state.Tx) error {
					id = tx.Schedule(tx.Now().Add(time.Duration(round%7)*10*time.Millisecond), "settle", "", nil)
					if cancelled = round%3 == 0; cancelled {
						tx.Cancel(id)
					}
					return nil
				}))
				c.Rearm()
				mu.Lock()
				wanted[id] = !cancelled
				mu.Unlock()
			}
		})
	}
	all.Go(func() {
		for range rounds {
			_, err := c.Advance(5 * time.Millisecond)
			assert.NoError(t, err)
		}
	})
	all.Go(func() {
		for range rounds {
			assert.NoError(t, db.View(func(tx *state.Tx) error {
				tx.Jobs()
				return nil
			}))
		}
	})
	all.Wait()
	c.Stop()
	_, err = c.Advance(time.Hour)
	require.NoError(t, err)

	require.Len(t, wanted, callers*rounds, "each has an id of its own")
	for id, want := range wanted {
		_, did := ran[id]
		assert.Equal(t, want, did, id)
	}
}
