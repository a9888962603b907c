package state

import "iter"

// A Store keeps the documents of many workspaces. [Memory] is one; others can
// follow without any provider knowing.
type Store interface {
	// Open returns the documents of a workspace, none when it is new.
	Open(workspace string) (Docs, error)

	// Remove forgets a workspace's documents. Removing an unknown one is fine.
	Remove(workspace string) error

	// Close ends the use of the store.
	Close() error
}

// Docs are the documents of one workspace: bytes under ordered keys, in named
// spaces, and numbers under names. Updates of one workspace run one after another; those of different
// workspaces never wait for each other.
//
// Neither keys nor documents may be changed after they were handed over or
// received. An operation that a store cannot carry out returns nothing, and
// makes Update or View return the error whatever fn returns.
type Docs interface {
	// Update runs fn as the only writer. All fn wrote is kept if it returns
	// nil, nothing if it returns an error or panics.
	Update(fn func(Writer) error) error

	// View runs fn on an unchanging state, beside other views.
	View(fn func(Reader) error) error
}

// A Reader reads documents within a transaction.
type Reader interface {
	// Get returns the document under a key, and whether there is one.
	Get(space, key string) ([]byte, bool)

	// Scan ranges over the documents with from <= key < to in key order, or in
	// reverse; an empty to means no upper bound. Do not write while ranging.
	Scan(space, from, to string, reverse bool) iter.Seq2[string, []byte]

	// Number returns a named number, 0 if it was never set.
	Number(name string) int64

	// Numbers ranges over the numbers other than 0 whose names begin with a prefix,
	// in the order of their names. Do not write while ranging.
	Numbers(prefix string) iter.Seq2[string, int64]
}

// A Writer also writes.
type Writer interface {
	Reader

	Put(space, key string, doc []byte)
	Delete(space, key string)

	SetNumber(name string, n int64)

	// Clear deletes every document of every space, and sets every number to 0.
	Clear()

	// Savepoint returns a function that undoes what was written since.
	Savepoint() (undo func())
}

// volatile are Docs that end with the program: no other version of it will read
// what it wrote, so that records need not be JSON there. They copy what they are
// handed.
type volatile interface{ volatile() }
