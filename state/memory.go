package state

import (
	"bytes"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Memory returns a store that keeps everything in this process.
func Memory() Store { return &memory{workspaces: make(map[string]*memoryDocs)} }

type memory struct {
	mu         sync.Mutex
	workspaces map[string]*memoryDocs // guarded by mu
}

func (m *memory) Open(workspace string) (Docs, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d := m.workspaces[workspace]
	if d == nil {
		d = newMemoryDocs()
		m.workspaces[workspace] = d
	}
	return d, nil
}

func (m *memory) Remove(workspace string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.workspaces, workspace)
	return nil
}

func (m *memory) Close() error { return nil }

// memoryDocs changes documents in place and keeps an undo log, so that a
// transaction costs what it touches and nothing more.
type memoryDocs struct {
	mu      sync.RWMutex
	spaces  map[string]*space // guarded by mu
	numbers map[string]int64  // guarded by mu
	undo    undoLog           // of the running update; guarded by mu
}

func newMemoryDocs() *memoryDocs {
	return &memoryDocs{spaces: make(map[string]*space), numbers: make(map[string]int64)}
}

// An undoLog is what stood where an update wrote.
type undoLog struct {
	changes []change
	room    []byte // of the documents in changes
}

// A change is what stood somewhere before a write.
type change struct {
	space   *space // of the key; nil for a number, and for a Clear
	key     string
	before  []byte // the document, if one existed
	existed bool
	number  int64
	cleared *memoryDocs // all there was
}

// keep returns a copy of a document that is good until the log is emptied.
func (u *undoLog) keep(doc []byte) []byte {
	from := len(u.room)
	u.room = append(u.room, doc...)
	return u.room[from:len(u.room):len(u.room)]
}

// spareRoom is how much room a log keeps for the next update.
const spareRoom = 64 << 10

// empty forgets everything and keeps its room.
func (u *undoLog) empty() {
	clear(u.changes) // drop what they hold on to
	u.changes, u.room = u.changes[:0], u.room[:0]
	if cap(u.room) > spareRoom {
		u.room = nil
	}
}

func (d *memoryDocs) Update(fn func(Writer) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	kept := false
	defer func() {
		if !kept {
			d.rollback(0)
		}
		d.undo.empty()
	}()
	if err := fn((*memoryWriter)(d)); err != nil {
		return err
	}
	kept = true
	return nil
}

func (d *memoryDocs) volatile() {}

func (d *memoryDocs) View(fn func(Reader) error) error {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return fn((*memoryReader)(d))
}

// rollback undoes the log down to a length, newest first.
func (d *memoryDocs) rollback(to int) {
	for i := len(d.undo.changes) - 1; i >= to; i-- {
		c := d.undo.changes[i]
		switch {
		case c.cleared != nil:
			d.spaces, d.numbers = c.cleared.spaces, c.cleared.numbers
		case c.space == nil:
			setNumber(d.numbers, c.key, c.number)
		case c.existed:
			c.space.Set(nil, c.key, c.before)
		default:
			c.space.Delete(nil, c.key)
		}
	}
	clear(d.undo.changes[to:])
	d.undo.changes = d.undo.changes[:to]
}

func setNumber(numbers map[string]int64, name string, n int64) {
	if n == 0 {
		delete(numbers, name)
		return
	}
	numbers[name] = n
}

// memoryReader reads memoryDocs under its lock.
type memoryReader memoryDocs

func (r *memoryReader) Get(space, key string) ([]byte, bool) {
	doc := r.peek(space, key)
	return bytes.Clone(doc), doc != nil
}

// peek is Get without a copy: what it returns is good until the next write.
func (r *memoryReader) peek(space, key string) []byte { return r.spaces[space].Get(key) }

func (r *memoryReader) Scan(space, from, to string, reverse bool) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for key, doc := range r.look(space, from, to, reverse) {
			if !yield(string(key), bytes.Clone(doc)) {
				return
			}
		}
	}
}

// look is Scan without copies: what it yields is good until the next write.
func (r *memoryReader) look(space, from, to string, reverse bool) iter.Seq2[[]byte, []byte] {
	s := r.spaces[space]
	return func(yield func(key, doc []byte) bool) {
		if reverse {
			s.Descend(to, func(key, doc []byte) bool { return string(key) >= from && yield(key, doc) })
			return
		}
		s.Ascend(from, func(key, doc []byte) bool { return (to == "" || string(key) < to) && yield(key, doc) })
	}
}

func (r *memoryReader) Number(name string) int64 { return r.numbers[name] }

func (r *memoryReader) Numbers(prefix string) iter.Seq2[string, int64] {
	return func(yield func(string, int64) bool) {
		for _, name := range slices.Sorted(maps.Keys(r.numbers)) {
			if strings.HasPrefix(name, prefix) && !yield(name, r.numbers[name]) {
				return
			}
		}
	}
}

// memoryWriter writes memoryDocs under its lock.
type memoryWriter memoryDocs

func (w *memoryWriter) reader() *memoryReader { return (*memoryReader)(w) }

func (w *memoryWriter) Get(space, key string) ([]byte, bool) { return w.reader().Get(space, key) }

func (w *memoryWriter) peek(space, key string) []byte { return w.reader().peek(space, key) }

func (w *memoryWriter) Scan(space, from, to string, reverse bool) iter.Seq2[string, []byte] {
	return w.reader().Scan(space, from, to, reverse)
}

func (w *memoryWriter) look(space, from, to string, reverse bool) iter.Seq2[[]byte, []byte] {
	return w.reader().look(space, from, to, reverse)
}

func (w *memoryWriter) Number(name string) int64 { return w.reader().Number(name) }

func (w *memoryWriter) Numbers(prefix string) iter.Seq2[string, int64] {
	return w.reader().Numbers(prefix)
}

func (w *memoryWriter) Put(name, key string, doc []byte) {
	s := w.spaces[name]
	if s == nil {
		s = new(space)
		w.spaces[name] = s
	}
	s.Set(&w.undo, key, doc)
}

func (w *memoryWriter) Delete(space, key string) { w.spaces[space].Delete(&w.undo, key) }

func (w *memoryWriter) SetNumber(name string, n int64) {
	w.undo.changes = append(w.undo.changes, change{key: name, number: w.numbers[name]})
	setNumber(w.numbers, name, n)
}

func (w *memoryWriter) Clear() {
	w.undo.changes = append(w.undo.changes, change{cleared: &memoryDocs{spaces: w.spaces, numbers: w.numbers}})
	w.spaces, w.numbers = make(map[string]*space), make(map[string]int64)
}

func (w *memoryWriter) Savepoint() func() {
	mark := len(w.undo.changes)
	return func() { (*memoryDocs)(w).rollback(mark) }
}
