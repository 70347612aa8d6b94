package guest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"unsafe"
)

// Theta is the number of distinct values, estimated from the 2^12 smallest of their hashes, and exact up to that number; the
// option lg_k=N in its field's tag, N in 5..21, makes them 2^N. Readers of the table can intersect and subtract such
// sketches. Empty text is not counted.
//
// The state column holds a compact, ordered theta image of Apache DataSketches (serial version 3), then a byte lg_k, which that
// format does not have. Theta is the hash after the kept ones, so the image depends on the set of values alone.
type Theta struct {
	hashes  []uint64 // ascending, up to twice 2^lg_k of them; all below theta
	fresh   []uint64 // not yet among hashes, in any order
	theta   uint64   // 0 for one
	lgK     uint8    // 0 for 12
	eager   bool
	pending pending[uint64]
}

const (
	thetaOne      = math.MaxInt64
	thetaFlags    = 1<<1 | 1<<3 | 1<<4 // read-only, compact, ordered
	thetaEmpty    = 1 << 2
	thetaSeedHash = 0x93cc // sixteen bits of the hash of the default seed
)

func (t *Theta) configure(tag tag) error {
	lgK, err := tag.number("lg_k", defaultLgK, 5, 21)
	t.lgK = uint8(lgK)
	return err
}

func (t *Theta) k() uint8 {
	if t.lgK == 0 {
		return defaultLgK
	}
	return t.lgK
}

func (t *Theta) bound() uint64 {
	if t.theta == 0 {
		return thetaOne
	}
	return t.theta
}

// Insert counts text, if it is new.
func (t *Theta) Insert(text string) {
	if text != "" {
		h1, _ := murmur3(text, hashSeed)
		t.insertHash(h1)
	}
}

// InsertBytes counts bytes, if they are new. Bytes and text are the same value.
func (t *Theta) InsertBytes(value []byte) {
	t.Insert(unsafe.String(unsafe.SliceData(value), len(value)))
}

// InsertInt64 counts an integer, if it is new.
func (t *Theta) InsertInt64(value int64) {
	h1, _ := murmur3Word(uint64(value), hashSeed)
	t.insertHash(h1)
}

func (t *Theta) insertHash(h1 uint64) {
	// Zero marks a free place in the tables of DataSketches, which drop it too.
	if hash := h1 >> 1; hash > 0 && hash < t.bound() {
		t.pending.insert(hash)
		if t.eager {
			t.Mark()
		}
	}
}

// Mark implements Undoer.
func (t *Theta) Mark() {
	if t.pending.any {
		t.fresh = append(append(t.fresh, t.pending.first), t.pending.rest...)
		t.pending.forget()
		// Half of k at a time, so that a hash costs few steps.
		if len(t.fresh) >= 1<<t.k()/2 {
			t.merge()
		}
	}
}

func (t *Theta) setEager() { t.eager = true }

// Undo implements Undoer.
func (t *Theta) Undo() { t.pending.forget() }

// merge puts the fresh hashes among the others, and drops those beyond the smallest.
func (t *Theta) merge() {
	if len(t.fresh) > 0 {
		t.hashes = append(t.hashes, t.fresh...)
		t.fresh = t.fresh[:0]
		slices.Sort(t.hashes)
		t.hashes = slices.Compact(t.hashes)
	}
	if k := 1 << t.k(); len(t.hashes) > k {
		t.theta = t.hashes[k]
		t.hashes = t.hashes[:k]
	}
}

// settled returns the sketch with the values that are held back, without keeping these.
func (t *Theta) settled() *Theta {
	if !t.pending.any {
		t.merge()
		return t
	}
	whole := &Theta{hashes: slices.Clone(t.hashes), theta: t.theta, lgK: t.lgK}
	whole.fresh = slices.Concat(t.fresh, []uint64{t.pending.first}, t.pending.rest)
	whole.merge()
	return whole
}

// Estimate returns the estimated number of distinct values.
func (t *Theta) Estimate() float64 {
	s := t.settled()
	return float64(len(s.hashes)) / (float64(s.bound()) / float64(uint64(thetaOne)))
}

// Columns implements Monoid.
func (t *Theta) Columns(name string) []Output { return []Output{{Name: name, Kind: KindBinary}} }

// Commutative implements Monoid.
func (t *Theta) Commutative() bool { return true }

// Combine implements Monoid.
func (t *Theta) Combine(right Monoid) error {
	r := right.(*Theta).settled()
	if t.k() != r.k() {
		return fmt.Errorf("cannot merge sketches of different lg_k: %d and %d", t.k(), r.k())
	}
	t.Mark()
	t.merge()
	if r.bound() < t.bound() {
		t.theta = r.theta
		at, _ := slices.BinarySearch(t.hashes, t.theta)
		t.hashes = t.hashes[:at]
	}
	for _, hash := range r.hashes {
		if hash < t.bound() {
			t.fresh = append(t.fresh, hash)
		}
	}
	t.merge()
	return nil
}

// Save implements Monoid.
func (t *Theta) Save(row *RowWriter) { row.Bytes(t.AppendBinary(nil)) }

// AppendBinary appends the canonical bytes of the sketch.
func (t *Theta) AppendBinary(out []byte) []byte {
	s := t.settled()
	count := len(s.hashes)
	words := byte(3)
	switch {
	case s.theta == 0 && count < 2:
		words = 1
	case s.theta == 0:
		words = 2
	}
	if count == 0 {
		out = append(out, words, 3, 3, 0, 0, thetaFlags|thetaEmpty, 0, 0)
	} else {
		out = append(out, words, 3, 3, 0, 0, thetaFlags, thetaSeedHash&0xff, thetaSeedHash>>8)
	}
	if words > 1 {
		out = binary.LittleEndian.AppendUint64(out, uint64(count))
	}
	if words > 2 {
		out = binary.LittleEndian.AppendUint64(out, s.theta)
	}
	for _, hash := range s.hashes {
		out = binary.LittleEndian.AppendUint64(out, hash)
	}
	return append(out, s.k())
}

// Load implements Monoid.
func (t *Theta) Load(row *RowReader) {
	image := row.Bytes()
	if row.err != nil {
		return
	}
	c := &cursor{sketch: "Theta", rest: image}
	if words := c.take(8)[0]; words > 1 {
		c.u64() // the number of hashes follows from the length
		if words > 2 {
			t.theta = c.u64()
		}
	}
	for len(c.rest) >= 8 {
		t.hashes = append(t.hashes, c.u64())
	}
	lgK := c.u8()
	if c.err == nil && lgK != t.k() {
		row.Fail("cannot merge sketches of different lg_k: %d and %d", t.k(), lgK)
		return
	}
	n, k := len(t.hashes), 1<<t.k()
	hashesFit := n <= k && (t.theta == 0 || n == k && t.theta < thetaOne) &&
		(n == 0 || t.hashes[0] > 0 && t.hashes[n-1] < t.bound()) && slices.IsSorted(t.hashes)
	if c.err != nil || !hashesFit || !bytes.Equal(t.AppendBinary(nil), image) {
		row.Fail("not a canonical Theta state")
	}
}

func (*Theta) handles() handles {
	return handles{
		as:   func(p unsafe.Pointer) Monoid { return (*Theta)(p) },
		mark: func(p unsafe.Pointer) { (*Theta)(p).Mark() },
		undo: func(p unsafe.Pointer) { (*Theta)(p).Undo() },
	}
}
