package guest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"unsafe"
)

// HLL is the number of distinct values, estimated by HyperLogLog from 2^12 registers with a standard error of 1.6 %; the
// option lg_k=N in its field's tag, N in 4..21, makes them 2^N and the error 1.04/√2^N. Up to a few hundred values it
// holds a coupon for each, and the estimate is all but exact. Empty text is not counted.
//
// The state column holds an HLL_8 image of Apache DataSketches, which that family's libraries read. It depends on the set
// of values alone: coupons are sorted, and registers bear no estimate that depends on their order.
type HLL struct {
	coupons   []uint32 // a hash table, zero where it is free
	registers []byte   // in place of coupons, if not nil
	count     int32    // of coupons
	lgK       uint8    // 0 for 12
	eager     bool
	pending   pending[uint32]
}

const (
	defaultLgK     = 12
	addressBits    = 26
	addressMask    = 1<<addressBits - 1
	maxRegister    = 63
	lgCouponList   = 3
	lgCouponSet    = 5
	hllList        = 2<<2 | 0
	hllSet         = 2<<2 | 1
	hllRegisters   = 2<<2 | 2
	hllEmpty       = 4
	hllCompact     = 8
	hllOutOfOrder  = 16
	hllFamily      = 7
	firstCoupons   = 8
	registersAfter = 40 // bytes
)

func (h *HLL) configure(t tag) error {
	lgK, err := t.number("lg_k", defaultLgK, 4, 21)
	h.lgK = uint8(lgK)
	return err
}

func (h *HLL) k() uint8 {
	if h.lgK == 0 {
		return defaultLgK
	}
	return h.lgK
}

// Insert counts text, if it is new.
func (h *HLL) Insert(text string) {
	if text != "" {
		h.insertHash(murmur3(text, hashSeed))
	}
}

// InsertBytes counts bytes, if they are new. Bytes and text are the same value.
func (h *HLL) InsertBytes(value []byte) {
	h.Insert(unsafe.String(unsafe.SliceData(value), len(value)))
}

// InsertInt64 counts an integer, if it is new.
func (h *HLL) InsertInt64(value int64) { h.insertHash(murmur3Word(uint64(value), hashSeed)) }

// InsertFloat64 counts a float, if it is new.
func (h *HLL) InsertFloat64(value float64) { h.insertHash(hashOfFloat(value)) }

func (h *HLL) insertHash(h1, h2 uint64) {
	register := uint32(min(bits.LeadingZeros64(h2)+1, maxRegister))
	coupon := register<<addressBits | uint32(h1)&addressMask
	if h.eager {
		h.absorb(coupon)
		return
	}
	h.pending.insert(coupon)
}

// Mark implements Undoer.
func (h *HLL) Mark() {
	if h.pending.any {
		h.absorb(h.pending.first)
		h.absorbRest()
	}
}

func (h *HLL) absorbRest() {
	for _, coupon := range h.pending.rest {
		h.absorb(coupon)
	}
	h.pending.forget()
}

// Undo implements Undoer.
func (h *HLL) Undo() { h.pending.forget() }

func (h *HLL) setEager() { h.eager = true }

// absorb counts a coupon.
func (h *HLL) absorb(coupon uint32) {
	if h.registers != nil {
		raise(h.registers, coupon)
		return
	}
	if h.coupons == nil {
		h.coupons = make([]uint32, firstCoupons)
	}
	at := couponSlot(h.coupons, coupon)
	if h.coupons[at] == coupon {
		return
	}
	h.coupons[at] = coupon
	h.count++
	if isDense(h.k(), int(h.count)) {
		h.densify()
	} else if 4*int(h.count) > 3*len(h.coupons) {
		grown := make([]uint32, 2*len(h.coupons))
		for _, coupon := range h.coupons {
			if coupon != 0 {
				grown[couponSlot(grown, coupon)] = coupon
			}
		}
		h.coupons = grown
	}
}

// couponSlot returns the place of a coupon in a hash table, or the free one for it.
func couponSlot(table []uint32, coupon uint32) int {
	mask := uint32(len(table) - 1)
	at := coupon & mask
	for table[at] != 0 && table[at] != coupon {
		at = (at + 1) & mask
	}
	return int(at)
}

func (h *HLL) densify() {
	registers := make([]byte, 1<<h.k())
	for _, coupon := range h.coupons {
		if coupon != 0 {
			raise(registers, coupon)
		}
	}
	h.registers, h.coupons, h.count = registers, nil, 0
}

func raise(registers []byte, coupon uint32) {
	at := int(coupon&addressMask) & (len(registers) - 1)
	registers[at] = max(registers[at], byte(coupon>>addressBits))
}

// isDense is whether DataSketches holds registers for this many coupons.
func isDense(lgK uint8, coupons int) bool {
	if lgK < 8 {
		return coupons >= 1<<lgCouponList
	}
	return overfull(coupons, lgK-3)
}

// overfull is whether coupons fill more than three quarters of a table.
func overfull(coupons int, lgTable uint8) bool { return 4*coupons > 3<<lgTable }

// settled returns the sketch with the values that are held back, without keeping these.
func (h *HLL) settled() *HLL {
	if !h.pending.any {
		return h
	}
	whole := &HLL{coupons: slices.Clone(h.coupons), registers: slices.Clone(h.registers), count: h.count, lgK: h.lgK, pending: h.pending}
	whole.Mark()
	return whole
}

// Estimate returns the estimated number of distinct values: DataSketches' composite estimate.
func (h *HLL) Estimate() float64 {
	s := h.settled()
	if s.registers == nil {
		return couponEstimate(int(s.count))
	}
	return registerEstimate(s.k(), s.registers)
}

// Columns implements Monoid.
func (h *HLL) Columns(name string) []Output { return []Output{{Name: name, Kind: KindBinary}} }

// Commutative implements Monoid.
func (h *HLL) Commutative() bool { return true }

// Combine implements Monoid.
func (h *HLL) Combine(right Monoid) error {
	r := right.(*HLL).settled()
	if h.k() != r.k() {
		return fmt.Errorf("cannot merge sketches of different lg_k: %d and %d", h.k(), r.k())
	}
	h.Mark()
	switch {
	case r.registers == nil:
		for _, coupon := range r.coupons {
			if coupon != 0 {
				h.absorb(coupon)
			}
		}
	default:
		if h.registers == nil {
			h.densify()
		}
		for i, register := range r.registers {
			h.registers[i] = max(h.registers[i], register)
		}
	}
	return nil
}

// Save implements Monoid.
func (h *HLL) Save(row *RowWriter) { row.Bytes(h.AppendBinary(nil)) }

// AppendBinary appends the canonical bytes of the sketch.
func (h *HLL) AppendBinary(out []byte) []byte {
	s := h.settled()
	if s.registers != nil {
		return s.appendDense(out)
	}
	coupons := make([]uint32, 0, s.count)
	for _, coupon := range s.coupons {
		if coupon != 0 {
			coupons = append(coupons, coupon)
		}
	}
	slices.Sort(coupons)
	if len(coupons) < 1<<lgCouponList {
		flags := byte(hllCompact)
		if len(coupons) == 0 {
			flags |= hllEmpty
		}
		out = append(out, 2, 1, hllFamily, s.k(), lgCouponList, flags, byte(len(coupons)), hllList)
	} else {
		lgTable := uint8(lgCouponSet)
		for overfull(len(coupons), lgTable) {
			lgTable++
		}
		out = append(out, 3, 1, hllFamily, s.k(), lgTable, hllCompact, 0, hllSet)
		out = binary.LittleEndian.AppendUint32(out, uint32(len(coupons)))
	}
	for _, coupon := range coupons {
		out = binary.LittleEndian.AppendUint32(out, coupon)
	}
	return out
}

func (h *HLL) appendDense(out []byte) []byte {
	low, high, zeros := registerSums(h.registers)
	out = append(out, 10, 1, hllFamily, h.k(), 0, hllOutOfOrder, 0, hllRegisters)
	out = binary.LittleEndian.AppendUint64(out, 0)
	out = appendFloat(out, low)
	out = appendFloat(out, high)
	out = binary.LittleEndian.AppendUint32(out, uint32(zeros))
	out = binary.LittleEndian.AppendUint32(out, 0)
	return append(out, h.registers...)
}

var errHLL = errors.New("not a canonical HLL state")

// Load implements Monoid.
func (h *HLL) Load(row *RowReader) {
	image := row.Bytes()
	if row.err != nil {
		return
	}
	if err := h.load(image); err != nil {
		row.Fail("%w", err)
	}
}

func (h *HLL) load(image []byte) error {
	if len(image) < 8 {
		return errHLL
	}
	if image[3] != h.k() {
		return fmt.Errorf("cannot merge sketches of different lg_k: %d and %d", h.k(), image[3])
	}
	switch image[7] {
	case hllRegisters:
		if len(image) != registersAfter+1<<h.k() {
			return errHLL
		}
		h.registers = bytes.Clone(image[registersAfter:])
		some := false
		for _, register := range h.registers {
			some = some || register != 0
			if register > maxRegister {
				return errHLL
			}
		}
		if !some {
			return errHLL
		}
	case hllList, hllSet:
		rest := image[8:]
		if image[7] == hllSet {
			rest = rest[min(4, len(rest)):]
		}
		if isDense(h.k(), len(rest)/4) {
			return errHLL
		}
		for ; len(rest) >= 4; rest = rest[4:] {
			coupon := binary.LittleEndian.Uint32(rest)
			if coupon>>addressBits == 0 {
				return errHLL
			}
			h.absorb(coupon)
		}
	default:
		return errHLL
	}
	// All that was skipped above: order, counts, sums, flags, nothing after.
	if !bytes.Equal(h.AppendBinary(nil), image) {
		return errHLL
	}
	return nil
}

func (*HLL) handles() handles {
	return handles{
		as: func(p unsafe.Pointer) Monoid { return (*HLL)(p) },
		mark: func(p unsafe.Pointer) {
			if h := (*HLL)(p); h.pending.any {
				h.absorb(h.pending.first)
				h.pending.any = false
				if len(h.pending.rest) > 0 {
					h.absorbRest()
				}
			}
		},
		undo: func(p unsafe.Pointer) { (*HLL)(p).Undo() },
	}
}
