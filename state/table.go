package state

import (
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"unicode/utf8"
)

// A Table keeps the records of one kind, found by id and by its indexes, each
// in the order the records were first put.
//
// Put and Get copy. A Get of an unknown id returns ok == false.
type Table[T any] struct {
	name    string
	id      func(T) string
	indexes []Index[T]
	codec   codec[T]

	rows    string            // the space of the records
	ids     string            // the space of their ids
	entries map[string]string // the space of each index
}

// An Index finds records by something other than their id: a batch, an
// idempotency key, a time written so that it sorts.
type Index[T any] struct {
	Name string

	// Key is computed from what JSON keeps of a record. An empty one leaves the
	// record out of the index.
	Key func(T) string
}

// NewTable declares a table. Its name begins with the provider's, as in
// "dinardragon.payouts". A table is a description: the records are in the
// transactions it is used with.
func NewTable[T any](name string, id func(T) string, indexes ...Index[T]) *Table[T] {
	t := &Table[T]{name: name, id: id, indexes: indexes, codec: newCodec[T](), rows: "table/" + name}
	t.ids = t.rows + "/"
	t.entries = make(map[string]string)
	for _, ix := range indexes {
		t.entries[ix.Name] = t.ids + ix.Name
	}
	return t
}

// Name is the table's name.
func (t *Table[T]) Name() string { return t.name }

// The documents of a table: a record under each creation number, so that records
// stand in their order and a new one stands last; its number under each id; and
// an empty document per index entry, whose key ends with the number.
const numberWidth = 8

// numberOf is the number of the record with an id.
func (t *Table[T]) numberOf(tx *Tx, id string) (n string, ok bool) {
	doc, ok := tx.peek(t.ids, id)
	return string(doc), ok
}

// at is the record with a number, which there is.
func (t *Table[T]) at(tx *Tx, n string) (rec T) {
	doc, ok := tx.peek(t.rows, n)
	if !ok {
		panic(fmt.Sprintf("state: %s has an entry without a record", t.name))
	}
	t.codec.decode(doc, &rec)
	return rec
}

// Get returns the record with an id.
func (t *Table[T]) Get(tx *Tx, id string) (rec T, ok bool) {
	n, ok := t.numberOf(tx, stored(id))
	if ok {
		rec = t.at(tx, n)
	}
	return rec, ok
}

// Put stores a record under its id, replacing what stood there.
func (t *Table[T]) Put(tx *Tx, rec T) {
	id := stored(t.id(rec))
	n, ok := t.numberOf(tx, id)
	if ok {
		old := t.at(tx, n)
		t.reindex(tx, n, &old, &rec)
	} else {
		n = number(tx.Count(t.rows))
		tx.w.Put(t.ids, id, []byte(n))
		t.reindex(tx, n, nil, &rec)
	}
	tx.w.Put(t.rows, n, t.codec.document(tx, &rec))
}

// reindex replaces the index entries of a record by those of its new form; either
// may be nil.
func (t *Table[T]) reindex(tx *Tx, n string, old, rec *T) {
	for _, ix := range t.indexes {
		before, key := ix.of(old), ix.of(rec)
		if key == before {
			continue
		}
		if before != "" {
			tx.w.Delete(t.entries[ix.Name], indexKey(before)+n)
		}
		if key != "" {
			tx.w.Put(t.entries[ix.Name], indexKey(key)+n, nil)
		}
	}
}

// of is the key of a record, "" for none.
func (ix Index[T]) of(rec *T) string {
	if rec == nil {
		return ""
	}
	return stored(ix.Key(*rec))
}

// Delete forgets the record with an id. An unknown one is fine.
func (t *Table[T]) Delete(tx *Tx, id string) {
	if n, ok := t.numberOf(tx, stored(id)); ok {
		t.remove(tx, n)
	}
}

// DeleteFirst forgets the oldest record that an index has under a key, and returns
// it; ok is false if there is none.
func (t *Table[T]) DeleteFirst(tx *Tx, index, key string) (oldest T, ok bool) {
	from := indexKey(key)
	for entry := range tx.look(t.entries[index], from, after(from), false) {
		return t.remove(tx, entryNumber(entry)), true
	}
	return oldest, false
}

// remove forgets the record with a number, and returns it.
func (t *Table[T]) remove(tx *Tx, n string) (old T) {
	old = t.at(tx, n)
	t.reindex(tx, n, &old, nil)
	tx.w.Delete(t.ids, stored(t.id(old)))
	tx.w.Delete(t.rows, n)
	return old
}

// By returns the records that an index has under a key, oldest first.
func (t *Table[T]) By(tx *Tx, index, key string) iter.Seq[T] {
	from := indexKey(key)
	return t.indexed(tx, index, from, after(from), false)
}

// Between returns the records whose key in an index is from <= key < to, in
// key order or in reverse; an empty bound is none.
func (t *Table[T]) Between(tx *Tx, index, from, to string, reverse bool) iter.Seq[T] {
	lower, upper := "", ""
	if from != "" {
		lower = indexKey(from)
	}
	if to != "" {
		upper = indexKey(to)
	}
	return t.indexed(tx, index, lower, upper, reverse)
}

// indexed follows the entries of an index to their records.
func (t *Table[T]) indexed(tx *Tx, index, from, to string, reverse bool) iter.Seq[T] {
	return func(yield func(T) bool) {
		for entry := range tx.look(t.entries[index], from, to, reverse) {
			if !yield(t.at(tx, entryNumber(entry))) {
				return
			}
		}
	}
}

// All returns every record, oldest first.
func (t *Table[T]) All(tx *Tx) iter.Seq[T] { return t.every(tx, false) }

// Newest returns every record, newest first.
func (t *Table[T]) Newest(tx *Tx) iter.Seq[T] { return t.every(tx, true) }

func (t *Table[T]) every(tx *Tx, reverse bool) iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, doc := range tx.look(t.rows, "", "", reverse) {
			var rec T
			if t.codec.decode(doc, &rec); !yield(rec) {
				return
			}
		}
	}
}

// First returns the oldest record.
func (t *Table[T]) First(tx *Tx) (T, bool) { return first(t.All(tx)) }

// Last returns the newest record.
func (t *Table[T]) Last(tx *Tx) (T, bool) {
	return first(t.Newest(tx))
}

// Pick returns the record with an id, or the newest for "last" and the oldest
// for "first", as the arguments of actions name records.
func (t *Table[T]) Pick(tx *Tx, id string) (T, bool) {
	switch id {
	case "last":
		return t.Last(tx)
	case "first":
		return t.First(tx)
	}
	return t.Get(tx, id)
}

func first[T any](records iter.Seq[T]) (rec T, ok bool) {
	for rec := range records {
		return rec, true
	}
	return rec, false
}

// stored is a text as it comes back out of a record: JSON holds no invalid
// UTF-8.
func stored(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	return string([]rune(text))
}

// indexKey writes a key so that no other key can begin with it and the order
// of keys stays: zero bytes are escaped, and two end it.
func indexKey(key string) string {
	return strings.ReplaceAll(stored(key), "\x00", "\x00\xff") + "\x00\x00"
}

// after is the first key behind all that begin with prefix.
func after(prefix string) string { return prefix[:len(prefix)-1] + "\x01" }

// entryNumber takes the number off the end of an index entry.
func entryNumber(entry []byte) string { return string(entry[len(entry)-numberWidth:]) }

// A Schema is a table as snapshots see it.
type Schema interface {
	Name() string
	dump(tx *Tx) []json.RawMessage
	load(tx *Tx, records []json.RawMessage) error
}

func (t *Table[T]) dump(tx *Tx) []json.RawMessage {
	records := []json.RawMessage{}
	for rec := range t.All(tx) {
		records = append(records, encode(rec))
	}
	return records
}

func (t *Table[T]) load(tx *Tx, records []json.RawMessage) error {
	for i, doc := range records {
		var rec T
		if err := strictJSON(doc, &rec); err != nil {
			return fmt.Errorf("table %s, record %d: %w", t.name, i+1, err)
		}
		id := t.id(rec)
		if id == "" {
			return fmt.Errorf("table %s, record %d has no id", t.name, i+1)
		}
		if _, taken := t.Get(tx, id); taken {
			return fmt.Errorf("table %s has two records %q", t.name, id)
		}
		if err := readable(rec); err != nil {
			return fmt.Errorf("table %s, record %q: %w", t.name, id, err)
		}
		t.Put(tx, rec)
	}
	return nil
}

// readable refuses a record that could be stored and not be read again: one that
// lacks a value where its type has no word for nothing.
func readable[T any](rec T) error {
	doc, err := json.Marshal(rec)
	if err != nil {
		return err
	}
	return json.Unmarshal(doc, new(T))
}
