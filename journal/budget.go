package journal

import (
	"sync"
	"sync/atomic"
)

// DefaultBudget is how many bytes the journals of a server keep together.
const DefaultBudget = 256 << 20

// A Budget bounds what several journals keep together. When it is used up, the
// largest of them drops its oldest entries: whoever sends much loses first.
type Budget struct {
	limit int64
	used  atomic.Int64

	mu       sync.Mutex
	journals map[*Journal]bool // guarded by mu
}

// NewBudget returns a budget of so many bytes.
func NewBudget(limit int64) *Budget {
	return &Budget{limit: limit, journals: make(map[*Journal]bool)}
}

// Share has a journal live on the budget, until it is closed.
func (b *Budget) Share(j *Journal) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.journals[j] = true
	j.budget = b
}

// leave takes a journal out that has been cleared.
func (b *Budget) leave(j *Journal) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.journals, j)
}

// keep has journals drop entries until the budget is kept.
func (b *Budget) keep() {
	if b.used.Load() <= b.limit {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.used.Load() > b.limit {
		var largest *Journal
		for j := range b.journals {
			if largest == nil || j.bytes.Load() > largest.bytes.Load() {
				largest = j
			}
		}
		if largest == nil || !largest.dropOldest() {
			return
		}
	}
}

// size is about how many bytes an entry takes.
func (e *Entry) size() int64 {
	const itself = 1 << 10
	n := itself + len(e.Path) + len(e.Target) + len(e.Hint) + e.Request.size() + e.Response.size()
	for _, secret := range e.Secret {
		n += len(secret)
	}
	return int64(n)
}

func (m *Message) size() int {
	n := len(m.Body)
	if m.Fields != nil {
		n *= 3 // they are as large, and have parts
	}
	for name, value := range m.Headers {
		n += 2*wordSize + len(name) + len(value)
	}
	return n
}

// wordSize is what a text takes besides its characters.
const wordSize = 16
