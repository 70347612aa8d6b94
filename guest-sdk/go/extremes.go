package guest

import (
	"math"
	"unsafe"
)

// Ordered is a type of Min and Max; floats have IEEE 754's total order.
type Ordered interface {
	int64 | float64 | Timestamp | Date
}

// Min is the least of the values; its state column is nullable and of their kind.
type Min[T Ordered] struct {
	value   T
	present bool
}

// Max is the greatest of the values; its state column is nullable and of their kind.
type Max[T Ordered] struct {
	value   T
	present bool
}

// Insert inserts a value.
func (m *Min[T]) Insert(value T) {
	if value > m.value && m.present {
		return
	}
	if value < m.value || !m.present || totalLess(value, m.value) {
		m.value, m.present = value, true
	}
}

// Insert inserts a value.
func (m *Max[T]) Insert(value T) {
	if value < m.value && m.present {
		return
	}
	if value > m.value || !m.present || totalLess(m.value, value) {
		m.value, m.present = value, true
	}
}

// totalLess is the total order of values of which none is below the other: equal ones, and floats with NaN.
func totalLess[T Ordered](a, b T) bool {
	x, isFloat := any(a).(float64)
	if !isFloat {
		return false
	}
	return totalOrder(x) < totalOrder(any(b).(float64))
}

// totalOrder maps floats to integers of the same order: -NaN, -Inf, …, -0, 0, …, Inf, NaN.
func totalOrder(f float64) int64 {
	bits := int64(math.Float64bits(f))
	return bits ^ int64(uint64(bits>>63)>>1)
}

// Value returns the least value, and whether any was inserted.
func (m *Min[T]) Value() (value T, ok bool) { return m.value, m.present }

// Value returns the greatest value, and whether any was inserted.
func (m *Max[T]) Value() (value T, ok bool) { return m.value, m.present }

// Columns implements Monoid.
func (m *Min[T]) Columns(name string) []Output {
	return []Output{{Name: name, Kind: kindOf[T](), Nullable: true}}
}

// Columns implements Monoid.
func (m *Max[T]) Columns(name string) []Output {
	return []Output{{Name: name, Kind: kindOf[T](), Nullable: true}}
}

// Commutative implements Monoid.
func (m *Min[T]) Commutative() bool { return true }

// Commutative implements Monoid.
func (m *Max[T]) Commutative() bool { return true }

// Combine implements Monoid.
func (m *Min[T]) Combine(right Monoid) error {
	if r := right.(*Min[T]); r.present {
		m.Insert(r.value)
	}
	return nil
}

// Combine implements Monoid.
func (m *Max[T]) Combine(right Monoid) error {
	if r := right.(*Max[T]); r.present {
		m.Insert(r.value)
	}
	return nil
}

// Save implements Monoid.
func (m *Min[T]) Save(row *RowWriter) { saveNullable(row, m.value, m.present) }

// Save implements Monoid.
func (m *Max[T]) Save(row *RowWriter) { saveNullable(row, m.value, m.present) }

// Load implements Monoid.
func (m *Min[T]) Load(row *RowReader) { m.value, m.present = loadNullable[T](row) }

// Load implements Monoid.
func (m *Max[T]) Load(row *RowReader) { m.value, m.present = loadNullable[T](row) }

func (*Min[T]) handles() handles {
	return handles{as: func(p unsafe.Pointer) Monoid { return (*Min[T])(p) }}
}

func (*Max[T]) handles() handles {
	return handles{as: func(p unsafe.Pointer) Monoid { return (*Max[T])(p) }}
}
