package guest

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"unsafe"
)

// FloatSum is a sum of floats without rounding, which does not depend on their order: an integer in units of 2^-1074, rounded
// once, when it is read. A record that adds an infinity or NaN is rejected. A sum of -0 is 0.
//
// The state column holds 00 for zero; otherwise the sign (01 positive, 02 negative), the position of the lowest digit, and
// the magnitude's digits in base 2^32, lowest first, the outer ones not zero:
// |sum| = Σ digit[i] · 2^(32·(position+i) − 1074).
type FloatSum struct {
	limbs   []int64 // signed digits, carried only now and then
	lowest  int     // the position of the first one
	slack   int     // no limb's magnitude exceeds slack · 2^32
	refused bool    // an infinity or NaN
	eager   bool
	pending pending[float64]
}

const (
	// Two states of this slack still add up in an int64.
	maxSlack = 1 << 29
	// Positions from this on are reached only by 2^78 additions of the largest float.
	floatPositions = 68
)

// Add adds a number.
func (f *FloatSum) Add(value float64) {
	if value-value != 0 {
		f.refused = true
		return
	}
	if f.eager {
		f.absorb(value)
		return
	}
	f.pending.insert(value)
}

func (f *FloatSum) setEager() { f.eager = true }

// Mark implements Undoer.
func (f *FloatSum) Mark() {
	if f.pending.any {
		f.absorb(f.pending.first)
		for _, value := range f.pending.rest {
			f.absorb(value)
		}
		f.pending.forget()
	}
}

// Undo implements Undoer.
func (f *FloatSum) Undo() {
	f.pending.forget()
	f.refused = false
}

// Fault implements Faulty.
func (f *FloatSum) Fault() error {
	if f.refused {
		return errNotFinite
	}
	return nil
}

func (f *FloatSum) absorb(value float64) {
	if value == 0 {
		return
	}
	word := math.Float64bits(value)
	mantissa, exponent := word&(1<<52-1), int(word>>52)&0x7ff
	// Subnormals share the scale of the smallest normal numbers, without the implicit bit.
	shift := 0
	if exponent > 0 {
		mantissa, shift = mantissa|1<<52, exponent-1
	}
	low, high := mantissa<<(shift%32), mantissa>>(64-shift%32)
	window := f.window(shift/32, 3)
	for i, digit := range [3]uint64{low & math.MaxUint32, low >> 32, high} {
		if value < 0 {
			window[i] -= int64(digit)
		} else {
			window[i] += int64(digit)
		}
	}
	f.slack++
	f.carryIfDue()
}

// window returns the limbs from a position on, added if they are missing.
func (f *FloatSum) window(position, n int) []int64 {
	if len(f.limbs) == 0 {
		f.lowest = position
	}
	if position < f.lowest {
		f.limbs = slices.Insert(f.limbs, 0, make([]int64, f.lowest-position)...)
		f.lowest = position
	}
	start := position - f.lowest
	for len(f.limbs) < start+n {
		f.limbs = append(f.limbs, 0)
	}
	return f.limbs[start : start+n]
}

func (f *FloatSum) carryIfDue() {
	if f.slack >= maxSlack {
		f.carry()
	}
}

// carry brings every limb but the last to 0..2^32; the last bears the sign.
func (f *FloatSum) carry() {
	carried := int64(0)
	for i := 0; i < len(f.limbs)-1; i++ {
		sum := f.limbs[i] + carried
		f.limbs[i], carried = sum&math.MaxUint32, sum>>32
	}
	if last := len(f.limbs) - 1; last >= 0 {
		top := f.limbs[last] + carried
		f.limbs[last] = top
		if int64(int32(top)) != top {
			f.limbs[last] = top & math.MaxUint32
			f.limbs = append(f.limbs, top>>32)
		}
	}
	for n := len(f.limbs); n > 0 && f.limbs[n-1] == 0; n-- {
		f.limbs = f.limbs[:n-1]
	}
	f.slack = 1
}

// settled returns the sum with the values that are held back, without keeping these.
func (f *FloatSum) settled() *FloatSum {
	if !f.pending.any {
		return f
	}
	whole := &FloatSum{limbs: slices.Clone(f.limbs), lowest: f.lowest, slack: f.slack, pending: f.pending}
	whole.pending.rest = slices.Clone(f.pending.rest)
	whole.Mark()
	return whole
}

// canonical returns the sign, the position of the lowest digit, and the magnitude's digits without outer zeros.
func (f *FloatSum) canonical() (negative bool, lowest int, digits []uint32) {
	s := f.settled()
	carried := &FloatSum{limbs: slices.Clone(s.limbs), lowest: s.lowest}
	carried.carry()
	if n := len(carried.limbs); n > 0 && carried.limbs[n-1] < 0 {
		negative = true
		for i := range carried.limbs {
			carried.limbs[i] = -carried.limbs[i]
		}
		carried.carry()
	}
	for i, limb := range carried.limbs {
		if limb == 0 && len(digits) == 0 {
			continue
		}
		if len(digits) == 0 {
			lowest = carried.lowest + i
		}
		digits = append(digits, uint32(limb))
	}
	return negative, lowest, digits
}

// Value returns the sum, rounded to the nearest float, ties to even; an infinity if it is out of range.
func (f *FloatSum) Value() float64 {
	negative, lowest, digits := f.canonical()
	if len(digits) == 0 {
		return 0
	}
	base := 32 * lowest
	length := base + 32*len(digits) - bits.LeadingZeros32(digits[len(digits)-1])
	bit := func(i int) uint64 {
		if i < base || i >= base+32*len(digits) {
			return 0
		}
		return uint64(digits[(i-base)/32] >> ((i - base) % 32) & 1)
	}
	dropped := max(length-53, 0)
	mantissa := uint64(0)
	for i := length - 1; i >= dropped; i-- {
		mantissa = mantissa<<1 | bit(i)
	}
	if dropped > 0 && bit(dropped-1) == 1 {
		up := mantissa&1 == 1
		for i := base; i < dropped-1 && !up; i++ {
			up = bit(i) == 1
		}
		if up {
			mantissa++
		}
	}
	// The mantissa's implicit bit adds one to the exponent, and so does a carry out of it.
	word := uint64(dropped)<<52 + mantissa
	value := math.Inf(1)
	if word < math.Float64bits(value) {
		value = math.Float64frombits(word)
	}
	if negative {
		return -value
	}
	return value
}

// Columns implements Monoid.
func (f *FloatSum) Columns(name string) []Output { return []Output{{Name: name, Kind: KindBinary}} }

// Commutative implements Monoid.
func (f *FloatSum) Commutative() bool { return true }

// Combine implements Monoid.
func (f *FloatSum) Combine(right Monoid) error {
	f.Mark()
	r := right.(*FloatSum).settled()
	if len(r.limbs) > 0 {
		window := f.window(r.lowest, len(r.limbs))
		for i, limb := range r.limbs {
			window[i] += limb
		}
		f.slack += r.slack
		f.carryIfDue()
	}
	return nil
}

// Save implements Monoid.
func (f *FloatSum) Save(row *RowWriter) { row.Bytes(f.AppendBinary(nil)) }

// AppendBinary appends the canonical bytes of the sum.
func (f *FloatSum) AppendBinary(out []byte) []byte {
	negative, lowest, digits := f.canonical()
	switch {
	case len(digits) == 0:
		return append(out, 0)
	case negative:
		out = append(out, 2, byte(lowest))
	default:
		out = append(out, 1, byte(lowest))
	}
	for _, digit := range digits {
		out = binary.LittleEndian.AppendUint32(out, digit)
	}
	return out
}

// Load implements Monoid.
func (f *FloatSum) Load(row *RowReader) {
	image := row.Bytes()
	if row.err != nil || bytes.Equal(image, []byte{0}) {
		return
	}
	c := &cursor{sketch: "FloatSum", rest: image}
	sign, lowest := c.u8(), int(c.u8())
	for len(c.rest) > 0 {
		digit := int64(c.u32())
		if sign == 2 {
			digit = -digit
		}
		f.limbs = append(f.limbs, digit)
	}
	f.lowest, f.slack = lowest, 1
	n := len(f.limbs)
	if c.err != nil || sign < 1 || sign > 2 || n == 0 || lowest+n > floatPositions || f.limbs[0] == 0 || f.limbs[n-1] == 0 {
		row.Fail("not a canonical FloatSum state")
	}
}

func (*FloatSum) handles() handles {
	return handles{
		as:    func(p unsafe.Pointer) Monoid { return (*FloatSum)(p) },
		mark:  func(p unsafe.Pointer) { (*FloatSum)(p).Mark() },
		undo:  func(p unsafe.Pointer) { (*FloatSum)(p).Undo() },
		fault: func(p unsafe.Pointer) error { return (*FloatSum)(p).Fault() },
	}
}
