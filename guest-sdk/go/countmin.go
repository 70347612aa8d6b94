package guest

import (
	"encoding/binary"
	"errors"
	"maps"
	"math/bits"
	"slices"
	"unsafe"
)

// CountMin is an upper bound for the occurrences of each value: 5 rows of 2048 counters, with one counter of each row for a
// value. The bound exceeds the count by more than e/2048 of all occurrences with a probability below e^-5. The options
// width=N and depth=N in its field's tag set both, up to 2^24 and 16. Empty text is not counted.
//
// The state column holds 01, depth (a byte), width (4 bytes, little-endian); then each counter that is not zero, in the
// order of rows: the number of zeros since the one before, and the count, LEB128 both.
type CountMin struct {
	counters map[uint32]uint64 // by row·width + column; every row adds up to total
	total    uint64
	width    uint32 // 0 for 2048
	depth    uint8  // 0 for 5
	eager    bool
	pending  pending[[2]uint64]
}

const countMinVersion = 1

func (c *CountMin) configure(t tag) error {
	width, err := t.number("width", 2048, 1, 1<<24)
	if err != nil {
		return err
	}
	depth, err := t.number("depth", 5, 1, 16)
	c.width, c.depth = uint32(width), uint8(depth)
	return err
}

func (c *CountMin) size() (width, depth uint32) {
	if c.width == 0 {
		return 2048, 5
	}
	return c.width, uint32(c.depth)
}

// Insert counts an occurrence of text.
func (c *CountMin) Insert(text string) {
	if text != "" {
		h1, h2 := murmur3(text, hashSeed)
		c.insertHash([2]uint64{h1, h2})
	}
}

// InsertBytes counts an occurrence of bytes. Bytes and text are the same value.
func (c *CountMin) InsertBytes(value []byte) {
	c.Insert(unsafe.String(unsafe.SliceData(value), len(value)))
}

// InsertInt64 counts an occurrence of an integer.
func (c *CountMin) InsertInt64(value int64) {
	h1, h2 := murmur3Word(uint64(value), hashSeed)
	c.insertHash([2]uint64{h1, h2})
}

func (c *CountMin) insertHash(hash [2]uint64) {
	if c.eager {
		c.absorb(hash)
		return
	}
	c.pending.insert(hash)
}

func (c *CountMin) setEager() { c.eager = true }

// Mark implements Undoer.
func (c *CountMin) Mark() {
	if c.pending.any {
		c.absorb(c.pending.first)
		for _, hash := range c.pending.rest {
			c.absorb(hash)
		}
		c.pending.forget()
	}
}

// Undo implements Undoer.
func (c *CountMin) Undo() { c.pending.forget() }

func (c *CountMin) absorb(hash [2]uint64) {
	if c.counters == nil {
		c.counters = map[uint32]uint64{}
	}
	_, depth := c.size()
	for row := range depth {
		c.counters[c.place(row, hash)]++
	}
	c.total++
}

// place returns a counter of a hashed value: from two halves of one hash, as good as independent hashes.
func (c *CountMin) place(row uint32, hash [2]uint64) uint32 {
	width, _ := c.size()
	column, _ := bits.Mul64(hash[0]+hash[1]*uint64(row), uint64(width))
	return row*width + uint32(column)
}

func (c *CountMin) settled() *CountMin {
	if !c.pending.any {
		return c
	}
	whole := &CountMin{counters: maps.Clone(c.counters), total: c.total, width: c.width, depth: c.depth, pending: c.pending}
	whole.pending.rest = slices.Clone(c.pending.rest)
	whole.Mark()
	return whole
}

// Estimate returns an upper bound for the occurrences of text.
func (c *CountMin) Estimate(text string) uint64 {
	if text == "" {
		return 0
	}
	h1, h2 := murmur3(text, hashSeed)
	return c.estimate([2]uint64{h1, h2})
}

// EstimateInt64 returns an upper bound for the occurrences of an integer.
func (c *CountMin) EstimateInt64(value int64) uint64 {
	h1, h2 := murmur3Word(uint64(value), hashSeed)
	return c.estimate([2]uint64{h1, h2})
}

func (c *CountMin) estimate(hash [2]uint64) uint64 {
	s := c.settled()
	_, depth := s.size()
	least := s.total
	for row := range depth {
		least = min(least, s.counters[s.place(row, hash)])
	}
	return least
}

// Total returns the exact number of all occurrences.
func (c *CountMin) Total() uint64 { return c.settled().total }

// Columns implements Monoid.
func (c *CountMin) Columns(name string) []Output { return []Output{{Name: name, Kind: KindBinary}} }

// Commutative implements Monoid.
func (c *CountMin) Commutative() bool { return true }

// Combine implements Monoid.
func (c *CountMin) Combine(right Monoid) error {
	r := right.(*CountMin).settled()
	c.Mark()
	if c.total+r.total < c.total {
		return errors.New("the merged total count exceeds u64")
	}
	if c.counters == nil {
		c.counters = map[uint32]uint64{}
	}
	for place, count := range r.counters {
		c.counters[place] += count
	}
	c.total += r.total
	return nil
}

// Save implements Monoid.
func (c *CountMin) Save(row *RowWriter) { row.Bytes(c.AppendBinary(nil)) }

// AppendBinary appends the canonical bytes of the sketch.
func (c *CountMin) AppendBinary(out []byte) []byte {
	s := c.settled()
	width, depth := s.size()
	out = binary.LittleEndian.AppendUint32(append(out, countMinVersion, byte(depth)), width)
	next := uint32(0)
	for _, place := range slices.Sorted(maps.Keys(s.counters)) {
		out = binary.AppendUvarint(out, uint64(place-next))
		out = binary.AppendUvarint(out, s.counters[place])
		next = place + 1
	}
	return out
}

// Load implements Monoid.
func (c *CountMin) Load(row *RowReader) {
	r := &cursor{sketch: "CountMin", rest: row.Bytes()}
	if row.err != nil {
		return
	}
	version, depth, width := r.u8(), uint32(r.u8()), r.u32()
	if r.err == nil && version != countMinVersion {
		r.fail("unknown version")
	}
	if wantWidth, wantDepth := c.size(); r.err == nil && (width != wantWidth || depth != wantDepth) {
		row.Fail("cannot merge sketches of different width or depth: %d, %d and %d, %d", wantWidth, wantDepth, width, depth)
		return
	}
	c.counters = map[uint32]uint64{}
	var totals [16]uint64
	next := uint64(0)
	for len(r.rest) > 0 {
		place, count := next+r.varint(), r.varint()
		if place < next || place >= uint64(width*depth) || count == 0 {
			r.fail("a counter is zero or out of range")
			break
		}
		total := &totals[place/uint64(width)]
		if *total += count; *total < count {
			r.fail("the total exceeds u64")
		}
		c.counters[uint32(place)] = count
		next = place + 1
	}
	c.total = totals[0]
	for _, total := range totals[:min(depth, 16)] {
		if total != c.total {
			r.fail("its rows add up to different totals")
		}
	}
	if r.err != nil {
		row.Fail("%w", r.err)
	}
}

func (*CountMin) handles() handles {
	return handles{
		as:   func(p unsafe.Pointer) Monoid { return (*CountMin)(p) },
		mark: func(p unsafe.Pointer) { (*CountMin)(p).Mark() },
		undo: func(p unsafe.Pointer) { (*CountMin)(p).Undo() },
	}
}
