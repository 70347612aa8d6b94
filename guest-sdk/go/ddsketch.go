package guest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"unsafe"
)

// DDSketch is quantiles, each within 1 % of the true value; the option per_mille=N in its field's tag, N in 1..200, makes
// that N thousandths. A record that inserts an infinity or NaN is rejected.
//
// A value is counted in its bucket. Buckets grow exponentially and are never collapsed, so counts add up, and the state
// grows with the spread of the values: for 1 %, at most 35 buckets for each doubling, about 350 from a millisecond to a
// second. The state column holds 01 and the accuracy as a float; unless it is empty, least and greatest value (floats),
// the count of zeros, the number of negative buckets, and the buckets, negative before positive ones, either by ascending
// magnitude: distance from the bucket before (the first: from that of 2^-1022) and count, integers in LEB128.
type DDSketch struct {
	negative, positive ddCounts
	zeros, count       uint64
	least, greatest    float64
	density            float64 // buckets for each doubling; 0 before the first use
	perMille           uint16  // 0 for 10
	refused            bool    // an infinity or NaN
	eager              bool
	pending            pending[float64]
}

// ddCounts is the counts of buckets, ascending, none of them zero.
type ddCounts struct {
	buckets []int32
	counts  []uint64
}

const ddVersion = 1

func (d *DDSketch) configure(t tag) error {
	perMille, err := t.number("per_mille", 10, 1, 200)
	d.perMille = uint16(perMille)
	d.prepare()
	return err
}

func (d *DDSketch) accuracy() float64 {
	if d.perMille == 0 {
		return 0.01
	}
	return float64(d.perMille) / 1000
}

func (d *DDSketch) prepare() {
	if d.density == 0 {
		d.density = ddDensity(d.accuracy())
	}
}

// Insert counts a value.
func (d *DDSketch) Insert(value float64) {
	if value-value != 0 {
		d.refused = true
		return
	}
	if d.eager {
		d.absorb(value)
		return
	}
	d.pending.insert(value)
}

func (d *DDSketch) setEager() { d.eager = true }

// Mark implements Undoer.
func (d *DDSketch) Mark() {
	if d.pending.any {
		d.prepare()
		d.absorb(d.pending.first)
		for _, value := range d.pending.rest {
			d.absorb(value)
		}
		d.pending.forget()
	}
}

// Undo implements Undoer.
func (d *DDSketch) Undo() {
	d.pending.forget()
	d.refused = false
}

var errNotFinite = errors.New("the number is not finite")

// Fault implements Faulty.
func (d *DDSketch) Fault() error {
	if d.refused {
		return errNotFinite
	}
	return nil
}

func (d *DDSketch) absorb(value float64) {
	switch magnitude := math.Abs(value); {
	case magnitude < smallestNormal:
		d.zeros++
	case value < 0:
		d.negative.add(ddBucket(magnitude, d.density), 1)
	default:
		d.positive.add(ddBucket(magnitude, d.density), 1)
	}
	d.extend(value, value)
	d.count++
}

// extend widens the extremes; it is called before the count grows.
func (d *DDSketch) extend(least, greatest float64) {
	if d.count == 0 || least < d.least {
		d.least = plainZero(least)
	}
	if d.count == 0 || greatest > d.greatest {
		d.greatest = plainZero(greatest)
	}
}

// plainZero makes one of the two zeros.
func plainZero(value float64) float64 {
	if value == 0 {
		return 0
	}
	return value
}

func (c *ddCounts) add(bucket int32, count uint64) {
	low, high := 0, len(c.buckets)
	for low < high {
		if middle := int(uint(low+high) >> 1); c.buckets[middle] < bucket {
			low = middle + 1
		} else {
			high = middle
		}
	}
	if low < len(c.buckets) && c.buckets[low] == bucket {
		c.counts[low] += count
		return
	}
	c.buckets = slices.Insert(c.buckets, low, bucket)
	c.counts = slices.Insert(c.counts, low, count)
}

// settled returns the sketch with the values that are held back, without keeping these.
func (d *DDSketch) settled() *DDSketch {
	if !d.pending.any {
		return d
	}
	whole := *d
	whole.negative = ddCounts{slices.Clone(d.negative.buckets), slices.Clone(d.negative.counts)}
	whole.positive = ddCounts{slices.Clone(d.positive.buckets), slices.Clone(d.positive.counts)}
	whole.pending.rest = slices.Clone(d.pending.rest)
	whole.Mark()
	return &whole
}

// Count returns the number of values.
func (d *DDSketch) Count() uint64 { return d.settled().count }

// Quantile returns the quantile q: a fraction q of all values is smaller. 0 gives the least value, 0.5 the median, 1 the
// greatest. It is false before any value was inserted, or if q is not in 0..1.
func (d *DDSketch) Quantile(q float64) (value float64, ok bool) {
	s := d.settled()
	if s.count == 0 || !(q >= 0 && q <= 1) {
		return 0, false
	}
	last := s.count - 1
	rank := last
	if exact := q * float64(last); exact < float64(last) {
		rank = min(uint64(exact), last)
	}
	switch rank {
	case 0:
		return s.least, true
	case last:
		return s.greatest, true
	}
	clamp := func(value float64) (float64, bool) { return min(max(value, s.least), s.greatest), true }
	below := uint64(0)
	for i, bucket := range slices.Backward(s.negative.buckets) {
		if below += s.negative.counts[i]; rank < below {
			return clamp(-ddMiddle(bucket, s.density))
		}
	}
	if below += s.zeros; rank < below {
		return clamp(0)
	}
	for i, bucket := range s.positive.buckets {
		if below += s.positive.counts[i]; rank < below {
			return clamp(ddMiddle(bucket, s.density))
		}
	}
	return 0, false
}

// Columns implements Monoid.
func (d *DDSketch) Columns(name string) []Output { return []Output{{Name: name, Kind: KindBinary}} }

// Commutative implements Monoid.
func (d *DDSketch) Commutative() bool { return true }

// Combine implements Monoid.
func (d *DDSketch) Combine(right Monoid) error {
	r := right.(*DDSketch).settled()
	if d.accuracy() != r.accuracy() {
		return fmt.Errorf("cannot merge sketches of different accuracy: %v and %v", d.accuracy(), r.accuracy())
	}
	d.Mark()
	if r.count == 0 {
		return nil
	}
	if d.count+r.count < d.count {
		return errors.New("the merged total count exceeds u64")
	}
	d.prepare()
	for i, bucket := range r.negative.buckets {
		d.negative.add(bucket, r.negative.counts[i])
	}
	for i, bucket := range r.positive.buckets {
		d.positive.add(bucket, r.positive.counts[i])
	}
	d.extend(r.least, r.greatest)
	d.zeros += r.zeros
	d.count += r.count
	return nil
}

// Save implements Monoid.
func (d *DDSketch) Save(row *RowWriter) { row.Bytes(d.AppendBinary(nil)) }

func appendFloat(out []byte, value float64) []byte {
	return binary.LittleEndian.AppendUint64(out, math.Float64bits(value))
}

// AppendBinary appends the canonical bytes of the sketch.
func (d *DDSketch) AppendBinary(out []byte) []byte {
	s := d.settled()
	out = append(out, ddVersion)
	out = appendFloat(out, s.accuracy())
	if s.count == 0 {
		return out
	}
	out = appendFloat(out, s.least)
	out = appendFloat(out, s.greatest)
	out = binary.AppendUvarint(out, s.zeros)
	out = binary.AppendUvarint(out, uint64(len(s.negative.buckets)))
	for _, side := range []*ddCounts{&s.negative, &s.positive} {
		previous := ddBucket(smallestNormal, s.density)
		for i, bucket := range side.buckets {
			out = binary.AppendUvarint(out, uint64(int64(bucket)-int64(previous)))
			out = binary.AppendUvarint(out, side.counts[i])
			previous = bucket
		}
	}
	return out
}

// Load implements Monoid.
func (d *DDSketch) Load(row *RowReader) {
	image := row.Bytes()
	if row.err != nil {
		return
	}
	d.prepare()
	if err := d.load(&cursor{sketch: "DDSketch", rest: image}); err != nil {
		row.Fail("%w", err)
	}
}

func (d *DDSketch) load(c *cursor) error {
	if c.u8() != ddVersion {
		c.fail("unknown version")
	}
	if accuracy := math.Float64frombits(c.u64()); c.err == nil && accuracy != d.accuracy() {
		return fmt.Errorf("cannot merge sketches of different accuracy: %v and %v", d.accuracy(), accuracy)
	}
	if len(c.rest) == 0 {
		return c.err
	}
	d.least, d.greatest = math.Float64frombits(c.u64()), math.Float64frombits(c.u64())
	d.zeros = c.varint()
	d.count = d.zeros
	for negative := c.varint(); negative > 0 && c.err == nil; negative-- {
		d.loadBucket(c, &d.negative)
	}
	for len(c.rest) > 0 {
		d.loadBucket(c, &d.positive)
	}
	if c.err == nil && !d.extremesFit() {
		c.fail("its extremes do not fit its buckets")
	}
	return c.err
}

func (d *DDSketch) loadBucket(c *cursor, into *ddCounts) {
	distance := c.varint()
	previous := int64(ddBucket(smallestNormal, d.density))
	if n := len(into.buckets); n > 0 {
		previous = int64(into.buckets[n-1])
		if distance == 0 {
			c.fail("a bucket occurs twice")
			return
		}
	}
	if most := int64(ddBucket(math.MaxFloat64, d.density)); distance > math.MaxInt32 || previous+int64(distance) > most {
		c.fail("a bucket is out of range")
		return
	}
	count := c.varint()
	switch {
	case c.err != nil:
	case count == 0:
		c.fail("a bucket is empty")
	case d.count+count < d.count:
		c.fail("the count exceeds u64")
	default:
		into.buckets = append(into.buckets, int32(previous+int64(distance)))
		into.counts = append(into.counts, count)
		d.count += count
	}
}

// extremesFit is whether the least and the greatest value are in the outermost buckets.
func (d *DDSketch) extremesFit() bool {
	type place struct{ sign, bucket int32 }
	of := func(value float64) place {
		magnitude := math.Abs(value)
		switch {
		case magnitude < smallestNormal:
			return place{0, 0}
		case value < 0:
			return place{-1, -ddBucket(magnitude, d.density)}
		}
		return place{1, ddBucket(magnitude, d.density)}
	}
	var places []place
	for _, bucket := range slices.Backward(d.negative.buckets) {
		places = append(places, place{-1, -bucket})
	}
	if d.zeros > 0 {
		places = append(places, place{0, 0})
	}
	for _, bucket := range d.positive.buckets {
		places = append(places, place{1, bucket})
	}
	isPlain := func(value float64) bool { return value-value == 0 && !(value == 0 && math.Signbit(value)) }
	return len(places) > 0 && isPlain(d.least) && isPlain(d.greatest) && d.least <= d.greatest &&
		(d.count > 1 || d.least == d.greatest) && places[0] == of(d.least) && places[len(places)-1] == of(d.greatest)
}

func (*DDSketch) handles() handles {
	return handles{
		as:    func(p unsafe.Pointer) Monoid { return (*DDSketch)(p) },
		mark:  func(p unsafe.Pointer) { (*DDSketch)(p).Mark() },
		undo:  func(p unsafe.Pointer) { (*DDSketch)(p).Undo() },
		fault: func(p unsafe.Pointer) error { return (*DDSketch)(p).Fault() },
	}
}
