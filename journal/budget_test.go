package journal_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/mockpay/mockpay/journal"
)

// large is a call whose bodies are as large as one is kept.
func large(j *journal.Journal) *journal.Entry {
	body := []byte(strings.Repeat("x", journal.DefaultBody))
	return &journal.Entry{Request: j.Message(nil, body, nil), Response: j.Message(nil, body, nil)}
}

// Journals of one server share what there is: who has most loses first, and all
// goes on being counted.
func TestBudget(t *testing.T) {
	const limit, journals, entries = 16 << 20, 20, 100
	b := journal.NewBudget(limit)
	quiet := journal.New(journal.DefaultSize, journal.DefaultBody)
	b.Share(quiet)
	quiet.Add(&journal.Entry{ID: "req-1"})
	all := make([]*journal.Journal, journals)
	var busy sync.WaitGroup
	for i := range all {
		all[i] = journal.New(journal.DefaultSize, journal.DefaultBody)
		b.Share(all[i])
		busy.Go(func() {
			e := large(all[i])
			for range entries {
				again := *e
				all[i].Add(&again)
			}
		})
	}
	busy.Wait()

	kept, dropped := 0, int64(0)
	for _, j := range all {
		list, gone := j.List(journal.Filter{})
		assert.NotEmpty(t, list, "nobody goes without")
		kept, dropped = kept+len(list), dropped+gone
	}
	const each = 2 * journal.DefaultBody
	assert.Less(t, kept*each, limit)
	assert.Greater(t, (kept+journals)*each, limit*9/10, "what there is, is used")
	assert.EqualValues(t, journals*entries, int64(kept)+dropped)
	list, _ := quiet.List(journal.Filter{})
	assert.Len(t, list, 1, "who sends little loses nothing")

	for _, j := range all {
		j.Close()
		j.Add(large(j)) // a call that was under way
		list, _ := j.List(journal.Filter{})
		assert.Empty(t, list)
	}
	for range 100 {
		quiet.Add(large(quiet))
	}
	list, _ = quiet.List(journal.Filter{})
	assert.Len(t, list, 101, "what others had is free again")
}
