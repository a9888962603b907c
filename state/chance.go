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
	var b bytes.Buffer
	b.WriteString("mockpay\x00")
	b.Write(binary.BigEndian.AppendUint64(nil, uint64(seed)))
	b.Write(binary.BigEndian.AppendUint64(nil, uint64(n)))
	b.WriteString(stream)
	return sha256.Sum256(b.Bytes())
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
	id, err := uuid.NewRandomFromReader(tx.Bytes(stream))
	if err != nil {
		panic("state: 32 bytes are enough for a UUID: " + err.Error())
	}
	return id.String()
}

// Float draws a number from 0 up to but not including 1.
func (tx *Tx) Float(stream string) float64 {
	d := tx.draw(stream)
	return float64(binary.BigEndian.Uint64(d[:])>>11) / (1 << 53)
}
