package guest

import (
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// Element is a type of a Set's values.
type Element interface {
	int64 | Timestamp | Date | string | Binary
}

// Set is the smallest of the distinct values, and whether there were more. The option max=N in its field's tag is their
// greatest number. The kept values depend on the values alone: one is left out only if N smaller ones were inserted, and
// these leave it out of any union as well.
//
// The state column holds a byte that is 1 if there were more, then the values in ascending order: numbers in little-endian,
// text and bytes after their length of 32 bits.
type Set[T Element] struct {
	values  []T // ascending
	max     int
	hadMore bool
	eager   bool
	pending pending[T]
}

func (s *Set[T]) configure(t tag) (err error) {
	s.max, err = t.number("max", 0, 1, 1<<20)
	return err
}

// Insert inserts a value.
func (s *Set[T]) Insert(value T) {
	if s.has(value) {
		return
	}
	switch v := any(&value).(type) {
	case *string:
		*v = strings.Clone(*v)
	case *Binary:
		*v = Binary(strings.Clone(string(*v)))
	}
	if s.eager {
		s.absorb(value)
		return
	}
	s.pending.insert(value)
}

func (s *Set[T]) setEager() { s.eager = true }

// has is whether inserting this value changes nothing.
func (s *Set[T]) has(value T) bool {
	n := len(s.values)
	if s.hadMore && n > 0 && value > s.values[n-1] {
		return true
	}
	_, known := slices.BinarySearch(s.values, value)
	return known
}

func (s *Set[T]) absorb(value T) {
	at, known := slices.BinarySearch(s.values, value)
	if known {
		return
	}
	if len(s.values) == s.max {
		s.hadMore = true
		if at == s.max {
			return
		}
		s.values = s.values[:s.max-1]
	}
	s.values = slices.Insert(s.values, at, value)
}

// Mark implements Undoer.
func (s *Set[T]) Mark() {
	if s.pending.any {
		s.absorb(s.pending.first)
		for _, value := range s.pending.rest {
			s.absorb(value)
		}
		s.pending.forget()
	}
}

// Undo implements Undoer.
func (s *Set[T]) Undo() { s.pending.forget() }

func (s *Set[T]) settled() *Set[T] {
	if !s.pending.any {
		return s
	}
	whole := &Set[T]{values: slices.Clone(s.values), max: s.max, hadMore: s.hadMore, pending: s.pending}
	whole.pending.rest = slices.Clone(s.pending.rest)
	whole.Mark()
	return whole
}

// Values returns the smallest values in ascending order.
func (s *Set[T]) Values() []T { return slices.Clone(s.settled().values) }

// HadMore is whether there were more distinct values.
func (s *Set[T]) HadMore() bool { return s.settled().hadMore }

// Columns implements Monoid.
func (s *Set[T]) Columns(name string) []Output { return []Output{{Name: name, Kind: KindBinary}} }

// Commutative implements Monoid.
func (s *Set[T]) Commutative() bool { return true }

// Combine implements Monoid.
func (s *Set[T]) Combine(right Monoid) error {
	s.Mark()
	r := right.(*Set[T]).settled()
	for _, value := range r.values {
		s.absorb(value)
	}
	s.hadMore = s.hadMore || r.hadMore
	return nil
}

// Save implements Monoid.
func (s *Set[T]) Save(row *RowWriter) {
	whole := s.settled()
	out := []byte{0}
	if whole.hadMore {
		out[0] = 1
	}
	for _, value := range whole.values {
		switch v := any(value).(type) {
		case int64:
			out = binary.LittleEndian.AppendUint64(out, uint64(v))
		case Timestamp:
			out = binary.LittleEndian.AppendUint64(out, uint64(v))
		case Date:
			out = binary.LittleEndian.AppendUint32(out, uint32(v))
		case string:
			out = appendText(out, v)
		case Binary:
			out = appendText(out, string(v))
		}
	}
	row.Bytes(out)
}

// Load implements Monoid.
func (s *Set[T]) Load(row *RowReader) {
	c := &cursor{sketch: "Set", rest: row.Bytes()}
	if row.err != nil {
		return
	}
	hadMore := c.u8()
	for len(c.rest) > 0 {
		var value T
		switch v := any(&value).(type) {
		case *int64:
			*v = int64(c.u64())
		case *Timestamp:
			*v = Timestamp(c.u64())
		case *Date:
			*v = Date(c.u32())
		case *string:
			*v = string(c.text())
			if !utf8.ValidString(*v) {
				c.fail("text is not UTF-8")
			}
		case *Binary:
			*v = Binary(c.text())
		}
		if n := len(s.values); n > 0 && s.values[n-1] >= value {
			c.fail("its values do not ascend")
		}
		s.values = append(s.values, value)
	}
	s.hadMore = hadMore == 1
	if c.err != nil || hadMore > 1 || len(s.values) > s.max || s.hadMore && len(s.values) < s.max {
		row.Fail("not a set")
	}
}

func (*Set[T]) handles() handles {
	return handles{
		as:   func(p unsafe.Pointer) Monoid { return (*Set[T])(p) },
		mark: func(p unsafe.Pointer) { (*Set[T])(p).Mark() },
		undo: func(p unsafe.Pointer) { (*Set[T])(p).Undo() },
	}
}
