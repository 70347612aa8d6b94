package guest

import (
	"fmt"
	"math"
	"math/bits"
	"strings"
	"unsafe"
)

// Sum is the exact sum of integers; its state column is int64. It has 128 bits while it is accumulated and never wraps: if
// a sum that is to be kept does not fit into 64 bits, the build fails and names it. The build always fails if the sum of
// all numbers is out of range, and never if the sum of their absolute values is within it; in between, it depends on the
// places where the parts of history begin whether the sum of a part is out of range.
type Sum struct {
	low  uint64
	high int64
}

// Add adds a number.
func (s *Sum) Add(n int64) {
	low := s.low + uint64(n)
	if low < s.low {
		s.high++
	}
	s.low, s.high = low, s.high+n>>63
}

// Value returns the sum. Only in Fold can it be out of range; it is then the nearest int64.
func (s *Sum) Value() int64 {
	switch {
	case s.fits():
		return int64(s.low)
	case s.high < 0:
		return math.MinInt64
	default:
		return math.MaxInt64
	}
}

func (s *Sum) fits() bool { return s.high == int64(s.low)>>63 }

// Columns implements Monoid.
func (s *Sum) Columns(name string) []Output { return []Output{{Name: name, Kind: KindInt64}} }

// Commutative implements Monoid.
func (s *Sum) Commutative() bool { return true }

// Combine implements Monoid.
func (s *Sum) Combine(right Monoid) error {
	r := right.(*Sum)
	low, carry := bits.Add64(s.low, r.low, 0)
	s.low, s.high = low, s.high+r.high+int64(carry)
	return nil
}

// Fits implements Fitter.
func (s *Sum) Fits() error {
	if s.fits() {
		return nil
	}
	return fmt.Errorf("the sum %s does not fit into 64 bits", s.decimal())
}

// decimal returns a sum beyond 64 bits in decimal digits.
func (s *Sum) decimal() string {
	sign, high, low := "", uint64(s.high), s.low
	if s.high < 0 {
		var borrow uint64
		low, borrow = bits.Sub64(0, low, 0)
		sign, high = "-", 0-high-borrow
	}
	// Fewer than 2^64 numbers of 63 bits were added, so two groups of 19 digits hold the sum.
	const group = 10_000_000_000_000_000_000
	first, rest := bits.Div64(high, low, group)
	return sign + strings.TrimLeft(fmt.Sprintf("%d%019d", first, rest), "0")
}

// Save implements Monoid.
func (s *Sum) Save(row *RowWriter) { row.Int64(int64(s.low)) }

// Load implements Monoid.
func (s *Sum) Load(row *RowReader) {
	n := row.Int64()
	*s = Sum{low: uint64(n), high: n >> 63}
}

func (*Sum) handles() handles {
	return handles{as: func(p unsafe.Pointer) Monoid { return (*Sum)(p) }}
}
