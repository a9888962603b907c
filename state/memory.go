package state

import (
	"iter"
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
		d = &memoryDocs{spaces: make(map[string]*space)}
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
	mu     sync.RWMutex
	spaces map[string]*space // guarded by mu
	undo   []change          // of the running update; guarded by mu
}

// A change is what stood under a key before a write.
type change struct {
	space, key string
	before     []byte
	existed    bool
	cleared    map[string]*space // when the write was a Clear
}

func (d *memoryDocs) Update(fn func(Writer) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	kept := false
	defer func() {
		if !kept {
			d.rollback(0)
		}
		clear(d.undo) // drop what the log holds on to, keep its room
		d.undo = d.undo[:0]
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
	for i := len(d.undo) - 1; i >= to; i-- {
		c := d.undo[i]
		switch {
		case c.cleared != nil:
			d.spaces = c.cleared
		case c.existed:
			d.spaces[c.space].Set(c.key, c.before)
		default:
			d.spaces[c.space].Delete(c.key)
		}
	}
	clear(d.undo[to:])
	d.undo = d.undo[:to]
}

// memoryReader reads memoryDocs under its lock.
type memoryReader memoryDocs

func (r *memoryReader) Get(space, key string) ([]byte, bool) {
	s := r.spaces[space]
	if s == nil {
		return nil, false
	}
	return s.Get(key)
}

// peek is Get without a copy: what it returns is good until the next write.
func (r *memoryReader) peek(space, key string) []byte {
	s := r.spaces[space]
	if s == nil {
		return nil
	}
	return s.peek(key)
}

func (r *memoryReader) Scan(space, from, to string, reverse bool) iter.Seq2[string, []byte] {
	s := r.spaces[space]
	return func(yield func(string, []byte) bool) {
		switch {
		case s == nil:
		case reverse:
			s.Descend(to, func(key string, doc []byte) bool { return key >= from && yield(key, doc) })
		default:
			s.Ascend(from, func(key string, doc []byte) bool {
				return (to == "" || key < to) && yield(key, doc)
			})
		}
	}
}

// memoryWriter writes memoryDocs under its lock.
type memoryWriter memoryDocs

func (w *memoryWriter) Get(space, key string) ([]byte, bool) {
	return (*memoryReader)(w).Get(space, key)
}

func (w *memoryWriter) peek(space, key string) []byte {
	return (*memoryReader)(w).peek(space, key)
}

func (w *memoryWriter) Scan(space, from, to string, reverse bool) iter.Seq2[string, []byte] {
	return (*memoryReader)(w).Scan(space, from, to, reverse)
}

func (w *memoryWriter) Put(name, key string, doc []byte) {
	s := w.spaces[name]
	if s == nil {
		s = new(space)
		w.spaces[name] = s
	}
	before, existed := s.Set(key, doc)
	w.undo = append(w.undo, change{space: name, key: key, before: before, existed: existed})
}

func (w *memoryWriter) Delete(name, key string) {
	s := w.spaces[name]
	if s == nil {
		return
	}
	if before, existed := s.Delete(key); existed {
		w.undo = append(w.undo, change{space: name, key: key, before: before, existed: true})
	}
}

func (w *memoryWriter) Clear() {
	w.undo = append(w.undo, change{cleared: w.spaces})
	w.spaces = make(map[string]*space)
}

func (w *memoryWriter) Savepoint() func() {
	mark := len(w.undo)
	return func() { (*memoryDocs)(w).rollback(mark) }
}
