package state

import (
	"bytes"
	"encoding/binary"
	"slices"
	"sort"
)

// A space keeps documents in the order of their keys, packed into chunks: most
// are smaller than what a tree spends on a node's slot, and there are many of
// them. A nil space is empty.
type space struct {
	chunks []*chunk // none is empty; ordered
}

// fullChunk is the size in bytes from which a chunk is divided.
const fullChunk = 4 << 10

// A chunk is a part of a space: entries one behind the other, each the length of
// its key, the key, and the document up to its end.
type chunk struct {
	data []byte
	ends []uint32 // of the entries in data
}

func (c *chunk) start(i int) int {
	if i == 0 {
		return 0
	}
	return int(c.ends[i-1])
}

// entry is what stands at a place. It must be copied before the next write.
func (c *chunk) entry(i int) (key, doc []byte) {
	entry := c.data[c.start(i):c.ends[i]]
	n, width := binary.Uvarint(entry)
	at := width + int(n)
	return entry[width:at], entry[at:]
}

// key is the key of the entry at a place. It must be copied before the next
// write.
func (c *chunk) key(i int) []byte {
	start := c.start(i)
	if n := int(c.data[start]); n < 0x80 { // the usual case, for search
		return c.data[start+1 : start+1+n]
	}
	key, _ := c.entry(i)
	return key
}

// search finds a key, or the place where it belongs.
func (c *chunk) search(key string) (i int, found bool) {
	low, high := 0, len(c.ends)
	for low < high {
		if middle := (low + high) / 2; string(c.key(middle)) < key {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low, low < len(c.ends) && string(c.key(low)) == key
}

// put writes an entry at a place, over the one that is there or before it.
func (c *chunk) put(i int, over bool, key string, doc []byte) {
	from := c.start(i)
	to := from
	if over {
		to = int(c.ends[i])
	} else {
		c.ends = slices.Insert(c.ends, i, uint32(from))
	}
	var head [binary.MaxVarintLen64]byte
	width := binary.PutUvarint(head[:], uint64(len(key)))
	c.resize(to, width+len(key)+len(doc)-(to-from))
	at := from + copy(c.data[from:], head[:width])
	at += copy(c.data[at:], key)
	copy(c.data[at:], doc)
	c.shift(i, width+len(key)+len(doc)-(to-from))
}

// remove takes an entry out.
func (c *chunk) remove(i int) {
	from, to := c.start(i), int(c.ends[i])
	c.shift(i, from-to)
	c.ends = slices.Delete(c.ends, i, i+1)
	c.resize(to, from-to)
}

// resize moves what stands from a place on, and makes or gives back room for it.
func (c *chunk) resize(at, by int) {
	size, tail := len(c.data)+by, c.data[at:]
	if size > cap(c.data) || by < 0 && size < cap(c.data)/4 {
		data := make([]byte, size, max(size, min(size+size/2, fullChunk)))
		copy(data, c.data[:min(at, at+by)])
		copy(data[at+by:], tail)
		c.data = data
		return
	}
	data := c.data[:max(len(c.data), size)]
	copy(data[at+by:], tail)
	c.data = data[:size]
}

// shift moves the ends from an entry on.
func (c *chunk) shift(i, by int) {
	for ; i < len(c.ends); i++ {
		c.ends[i] = uint32(int(c.ends[i]) + by)
	}
}

// from is a chunk with the entries from one on.
func (c *chunk) from(i int) *chunk {
	start := c.start(i)
	right := &chunk{bytes.Clone(c.data[start:]), slices.Clone(c.ends[i:])}
	right.shift(0, -start)
	return right
}

// until is a chunk with the entries before one.
func (c *chunk) until(i int) *chunk {
	return &chunk{bytes.Clone(c.data[:c.start(i)]), slices.Clone(c.ends[:i])}
}

// chunkOf is the place of the chunk that has a key, if any has.
func (s *space) chunkOf(key string) int {
	low, high := 0, len(s.chunks)-1
	if high > 0 && string(s.chunks[high].key(0)) <= key { // what is new comes last
		return high
	}
	for low < high {
		if middle := (low + high + 1) / 2; string(s.chunks[middle].key(0)) <= key {
			low = middle
		} else {
			high = middle - 1
		}
	}
	return low
}

// Get returns the document under a key, nil if there is none. It must be copied
// before the next write.
func (s *space) Get(key string) []byte {
	if s.empty() {
		return nil
	}
	c := s.chunks[s.chunkOf(key)]
	i, found := c.search(key)
	if !found {
		return nil
	}
	_, doc := c.entry(i)
	return doc
}

func (s *space) empty() bool { return s == nil || len(s.chunks) == 0 }

// Set writes a document under a key, and what it replaces into a log, unless that
// is nil.
func (s *space) Set(log *undoLog, key string, doc []byte) {
	if len(s.chunks) == 0 {
		s.chunks = append(s.chunks, new(chunk))
	}
	at := s.chunkOf(key)
	c := s.chunks[at]
	i, existed := c.search(key)
	switch grown := len(c.data) + len(key) + len(doc); {
	case existed || grown <= fullChunk:
	case at == len(s.chunks)-1 && i == len(c.ends): // keys that come in order fill their chunks
		c, i = &chunk{data: make([]byte, 0, fullChunk)}, 0
		s.chunks = append(s.chunks, c)
	case len(c.ends) > 1:
		s.divide(at)
		s.Set(log, key, doc)
		return
	}
	s.log(log, key, c, i, existed)
	c.put(i, existed, key, doc)
}

// log writes down what stands under a key: the entry at a place of a chunk, or
// nothing.
func (s *space) log(log *undoLog, key string, c *chunk, i int, existed bool) {
	if log == nil {
		return
	}
	was := change{space: s, key: key, existed: existed}
	if existed {
		_, doc := c.entry(i)
		was.before = log.keep(doc)
	}
	log.changes = append(log.changes, was)
}

// divide makes two chunks of one, of about the same size.
func (s *space) divide(at int) {
	c := s.chunks[at]
	middle := sort.Search(len(c.ends), func(i int) bool { return int(c.ends[i]) > len(c.data)/2 })
	middle = min(max(middle, 1), len(c.ends)-1)
	s.chunks[at] = c.until(middle)
	s.chunks = slices.Insert(s.chunks, at+1, c.from(middle))
}

// Delete takes a key out, and writes the document that was there into a log,
// unless that is nil.
func (s *space) Delete(log *undoLog, key string) {
	if s.empty() {
		return
	}
	at := s.chunkOf(key)
	c := s.chunks[at]
	if i, existed := c.search(key); existed {
		s.log(log, key, c, i, true)
		c.remove(i)
		s.join(at)
	}
}

// join puts a chunk that has become small together with the next.
func (s *space) join(at int) {
	c := s.chunks[at]
	switch {
	case len(c.ends) == 0:
		s.chunks = slices.Delete(s.chunks, at, at+1)
	case at+1 < len(s.chunks) && len(c.data)+len(s.chunks[at+1].data) < fullChunk/2:
		next := s.chunks[at+1]
		next.shift(0, len(c.data))
		c.data, c.ends = append(c.data, next.data...), append(c.ends, next.ends...)
		s.chunks = slices.Delete(s.chunks, at+1, at+2)
	}
}

// Ascend yields what stands under keys from one on, in order. It must be copied
// before the next write.
func (s *space) Ascend(from string, yield func(key, doc []byte) bool) {
	if s.empty() {
		return
	}
	at := s.chunkOf(from)
	i, _ := s.chunks[at].search(from)
	for ; at < len(s.chunks); at, i = at+1, 0 {
		for c := s.chunks[at]; i < len(c.ends); i++ {
			if !yield(c.entry(i)) {
				return
			}
		}
	}
}

// Descend yields what stands under keys before one, last first; an empty key
// means no bound. It must be copied before the next write.
func (s *space) Descend(before string, yield func(key, doc []byte) bool) {
	if s.empty() {
		return
	}
	at := len(s.chunks) - 1
	i := len(s.chunks[at].ends)
	if before != "" {
		at = s.chunkOf(before)
		i, _ = s.chunks[at].search(before)
	}
	for {
		for c := s.chunks[at]; i > 0; i-- {
			if !yield(c.entry(i - 1)) {
				return
			}
		}
		if at--; at < 0 {
			return
		}
		i = len(s.chunks[at].ends)
	}
}
