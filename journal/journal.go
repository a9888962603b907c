// Package journal remembers what came in and what went out.
//
// Each workspace has one [Journal] with its newest calls. It is bounded twice:
// by the number of entries, and by how much of a body each keeps. All of a server
// are bounded by a [Budget]. What was dropped is counted. Secrets are masked on the way out, whoever asks.
package journal

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mockpay/mockpay/metrics"
)

// What a journal keeps if it is not told: entries, and bytes of each body.
const (
	DefaultSize = 1000
	DefaultBody = 64 << 10
)

// An Entry is one call and its answer.
type Entry struct {
	ID        string    `json:"id"`
	At        time.Time `json:"at"` // of the workspace's clock
	Provider  string    `json:"provider"`
	Operation string    `json:"operation"` // "dinardragon.execute", "" if none matched
	Method    string    `json:"method"`
	Path      string    `json:"path"`    // with the query, as it was sent
	Status    int       `json:"status"`  // 0 if no answer was made
	Outcome   string    `json:"outcome"` // "" for success
	Micros    int64     `json:"duration_us"`
	Rule      string    `json:"rule"`
	Fault     string    `json:"fault"` // what happened to it on the wire, "" for nothing
	Hint      string    `json:"hint"`
	Matched   bool      `json:"matched"`
	Request   Message   `json:"request"`
	Response  Message   `json:"response"`

	// Target is the path as the provider knows it, without mockpay's prefix.
	Target string `json:"-"`

	// Foreign says that no provider answers so, or nobody at all.
	Foreign bool `json:"-"`

	// Secret are the values in it that must not be shown, and Known returns what
	// must not be shown in any entry; nil for nothing.
	Secret []string        `json:"-"`
	Known  func() *Secrets `json:"-"`

	bytes int64 // about what it takes, once it is in a journal
}

// A Kind is what entries are still counted by when they are gone.
type Kind struct {
	Operation string
	Status    int
	Outcome   string
	Foreign   bool
}

// A Message is one side of an entry.
type Message struct {
	Headers  map[string]string `json:"headers"`
	Body     string            `json:"body"`
	BodySize int               `json:"body_size"`        // in bytes, also of what was cut off
	Fields   map[string]any    `json:"fields,omitempty"` // decoded parameters of a request
}

// A Filter selects entries; its zero value selects all.
type Filter struct {
	Provider  string
	Operation string
	Status    int
	Matched   *bool
	Since     time.Time // of the workspace's clock
	Limit     int
}

func (f *Filter) selects(e *Entry) bool {
	return (f.Provider == "" || f.Provider == e.Provider) &&
		(f.Operation == "" || f.Operation == e.Operation) &&
		(f.Status == 0 || f.Status == e.Status) &&
		(f.Matched == nil || *f.Matched == e.Matched) &&
		!e.At.Before(f.Since)
}

// A Journal keeps the newest entries of a workspace.
type Journal struct {
	// Drops counts what makes room, also through Clear; nil if nobody counts.
	Drops *metrics.Counter

	mu      sync.Mutex
	entries []*Entry      // guarded by mu, as is all below; oldest first
	size    int           // how many entries there may be
	body    int           // how many bytes of a body an entry keeps
	dropped int64         // entries that made room for others
	kinds   map[Kind]int  // of those that were dropped; there are few
	added   chan struct{} // closed at the next entry; nil if nobody waits
	budget  *Budget       // that it shares; nil for none
	bytes   atomic.Int64  // about what the entries take
}

// New returns a journal that keeps so many entries, and so many bytes of each
// of their bodies.
func New(size, body int) *Journal { return &Journal{size: size, body: body} }

// Add remembers an entry, which must not be changed any more.
func (j *Journal) Add(e *Entry) {
	j.mu.Lock()
	e.bytes = e.size()
	j.entries = append(j.entries, e)
	j.countLocked(e.bytes)
	if len(j.entries) > j.size {
		j.dropOldestLocked()
	}
	if j.added != nil {
		close(j.added)
		j.added = nil
	}
	j.mu.Unlock()
	if j.budget != nil {
		j.budget.keep()
	}
}

func (j *Journal) countLocked(bytes int64) {
	j.bytes.Add(bytes)
	if j.budget != nil {
		j.budget.used.Add(bytes)
	}
}

// dropOldest makes room; it tells whether there was an entry.
func (j *Journal) dropOldest() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.entries) == 0 {
		return false
	}
	j.dropOldestLocked()
	return true
}

func (j *Journal) dropOldestLocked() {
	e := j.entries[0]
	j.entries[0] = nil
	j.entries = j.entries[1:]
	j.countLocked(-e.bytes)
	j.dropLocked(e)
}

func (j *Journal) dropLocked(e *Entry) {
	if j.kinds == nil {
		j.kinds = make(map[Kind]int)
	}
	j.kinds[Kind{e.Operation, e.Status, e.Outcome, e.Foreign}]++
	j.dropped++
	if j.Drops != nil {
		j.Drops.Inc()
	}
}

// Whole returns all entries, oldest first, and how many of each kind were
// dropped. They are as they came, for those who look for something in them and
// show them [Entry.Masked] only.
func (j *Journal) Whole() (entries []*Entry, dropped map[Kind]int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.entries), maps.Clone(j.kinds)
}

// List returns the selected entries, newest first, and how many were dropped
// since the journal was last cleared.
func (j *Journal) List(f Filter) (entries []Entry, dropped int64) {
	j.mu.Lock()
	found, dropped := j.selectLocked(f), j.dropped
	j.mu.Unlock()
	return masked(found), dropped
}

func (j *Journal) selectLocked(f Filter) (found []*Entry) {
	for _, e := range slices.Backward(j.entries) {
		if f.Limit > 0 && len(found) == f.Limit {
			break
		}
		if f.selects(e) {
			found = append(found, e)
		}
	}
	return found
}

// masked are entries as they may be shown. That takes its time, so the caller
// does not hold the lock.
func masked(found []*Entry) []Entry {
	entries := make([]Entry, len(found))
	for i, e := range found {
		entries[i] = e.Masked()
	}
	return entries
}

// Get returns the entry with an id.
func (j *Journal) Get(id string) (Entry, bool) {
	j.mu.Lock()
	i := slices.IndexFunc(j.entries, func(e *Entry) bool { return e.ID == id })
	if i < 0 {
		j.mu.Unlock()
		return Entry{}, false
	}
	e := j.entries[i]
	j.mu.Unlock()
	return e.Masked(), true
}

// Clear forgets all entries and what was dropped.
func (j *Journal) Clear() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.clearLocked()
}

func (j *Journal) clearLocked() {
	j.countLocked(-j.bytes.Load())
	j.entries, j.dropped, j.kinds = nil, 0, nil
}

// Close forgets all, keeps nothing more, and leaves the budget to the others.
func (j *Journal) Close() {
	j.mu.Lock()
	j.clearLocked()
	j.size = 0
	j.mu.Unlock()
	if j.budget != nil {
		j.budget.leave(j)
	}
}

// Wait returns the selected entries as soon as there are at least count of
// them, or, with ok false, those there are when ctx ends.
func (j *Journal) Wait(ctx context.Context, f Filter, count int) (entries []Entry, ok bool) {
	for {
		j.mu.Lock()
		found := j.selectLocked(f)
		if j.added == nil {
			j.added = make(chan struct{})
		}
		added := j.added
		j.mu.Unlock()
		if len(found) >= count {
			return masked(found), true
		}
		select {
		case <-added:
		case <-ctx.Done():
			return masked(found), false
		}
	}
}

// Message is what an entry of the journal keeps of one side.
func (j *Journal) Message(header http.Header, body []byte, fields map[string]any) Message {
	return NewMessage(header, body, fields, j.body)
}

// NewMessage is one side of an exchange, with at most so many bytes of its body.
func NewMessage(header http.Header, body []byte, fields map[string]any, limit int) Message {
	m := Message{Headers: make(map[string]string, len(header)), BodySize: len(body)}
	for name, values := range header {
		m.Headers[name] = strings.Join(values, ", ")
	}
	if len(body) > limit {
		body, fields = body[:limit], nil // decoded fields are as large
	}
	m.Body, m.Fields = string(body), fields
	return m
}
