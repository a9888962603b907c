package state

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"github.com/google/uuid"
)

// Chance is drawn from the seed in streams, each with a counter of its own in
// the state: what one stream yields does not depend on how often another was
// drawn from, a transaction that is undone has drawn nothing, and a restored
// snapshot draws on where the saved one would have.

// draw returns the next 32 bytes of a stream.
func (tx *Tx) draw(stream string) [sha256.Size]byte {
	n := tx.Count("chance/" + stream)
	return Derive(tx.seed, stream, n)
}

// Derive is the n-th draw of a stream under a seed.
func Derive(seed int64, stream string, n int64) [sha256.Size]byte {
	b := append(make([]byte, 0, 64), "mockpay\x00"...)
	b = binary.BigEndian.AppendUint64(b, uint64(seed))
	b = binary.BigEndian.AppendUint64(b, uint64(n))
	return sha256.Sum256(append(b, stream...))
}

// Hex draws a lower-case hexadecimal text of n digits, at most 64.
func (tx *Tx) Hex(stream string, n int) string {
	d := tx.draw(stream)
	return hex.EncodeToString(d[:])[:n]
}

// Bytes draws 32 bytes, to be read.
func (tx *Tx) Bytes(stream string) *bytes.Reader {
	d := tx.draw(stream)
	return bytes.NewReader(d[:])
}

// UUID draws a version 4 UUID.
func (tx *Tx) UUID(stream string) string {
	d := tx.draw(stream)
	id := uuid.UUID(d[:16])
	id[6] = id[6]&0x0f | 0x40 // version 4
	id[8] = id[8]&0x3f | 0x80 // of RFC 9562
	return id.String()
}

// Float draws a number from 0 up to but not including 1.
func (tx *Tx) Float(stream string) float64 {
	d := tx.draw(stream)
	return float64(binary.BigEndian.Uint64(d[:])>>11) / (1 << 53)
}
