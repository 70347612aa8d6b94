package guest

import (
	"cmp"
	"unsafe"
)

// First is the value at the earliest time; of several at that time, the least. Its state columns, both nullable, are NAME of
// the value's kind and NAME_at.
type First[T Scalar] struct{ timed[T] }

// Last is the value at the latest time; of several at that time, the greatest. Its state columns, both nullable, are NAME
// of the value's kind and NAME_at.
type Last[T Scalar] struct{ timed[T] }

// timed is a value with its time, and the one that the current record has put in its place.
type timed[T Scalar] struct {
	kept, next dated[T]
	hasNext    bool
	eager      bool
}

type dated[T Scalar] struct {
	at      Timestamp
	value   T
	text    []byte // of a value that is text, kept for further ones
	present bool
}

// set puts a value in; text is copied.
func (d *dated[T]) set(at Timestamp, value T) {
	d.at, d.present = at, true
	switch v := any(value).(type) {
	case string:
		d.text = append(d.text[:0], v...)
	case Binary:
		d.text = append(d.text[:0], v...)
	default:
		d.value = value
	}
}

// get returns the value; text lies in d.
func (d *dated[T]) get() (value T) {
	switch v := any(&value).(type) {
	case *string:
		*v = unsafe.String(unsafe.SliceData(d.text), len(d.text))
	case *Binary:
		*v = Binary(unsafe.String(unsafe.SliceData(d.text), len(d.text)))
	default:
		value = d.value
	}
	return value
}

func (t *timed[T]) current() *dated[T] {
	if t.hasNext {
		return &t.next
	}
	return &t.kept
}

// insert puts in a value whose order, compared to the current one, is below zero.
func (t *timed[T]) insert(at Timestamp, value T, sign int) {
	held := t.current()
	if held.present {
		order := cmp.Compare(at, held.at)
		if order == 0 {
			order = compare(value, held.get())
		}
		if order*sign >= 0 {
			return
		}
	}
	t.next.set(at, value)
	t.hasNext = true
	if t.eager {
		t.Mark()
	}
}

func (t *timed[T]) setEager() { t.eager = true }

// Mark implements Undoer.
func (t *timed[T]) Mark() {
	if t.hasNext {
		t.kept, t.next, t.hasNext = t.next, t.kept, false
	}
}

// Undo implements Undoer.
func (t *timed[T]) Undo() { t.hasNext = false }

// Value returns the value, and whether any was inserted.
func (t *timed[T]) Value() (value T, ok bool) {
	_, value, ok = t.Get()
	return value, ok
}

// Get returns the value and its time, and whether any was inserted.
func (t *timed[T]) Get() (at Timestamp, value T, ok bool) {
	held := t.current()
	if !held.present {
		return 0, value, false
	}
	value = held.get()
	switch v := any(&value).(type) {
	case *string:
		*v = string(held.text)
	case *Binary:
		*v = Binary(held.text)
	}
	return held.at, value, true
}

// Columns implements Monoid.
func (t *timed[T]) Columns(name string) []Output {
	return []Output{{Name: name, Kind: kindOf[T](), Nullable: true}, {Name: name + "_at", Kind: KindTimestamp, Nullable: true}}
}

// Commutative implements Monoid.
func (t *timed[T]) Commutative() bool { return true }

// Save implements Monoid.
func (t *timed[T]) Save(row *RowWriter) {
	held := t.current()
	if !held.present {
		row.Null()
		row.Null()
		return
	}
	saveNullable(row, held.get(), true)
	row.Timestamp(held.at)
}

// Load implements Monoid.
func (t *timed[T]) Load(row *RowReader) {
	value, present := loadNullable[T](row)
	at, dated := loadNullable[Timestamp](row)
	if present != dated {
		row.Fail("a value and its time are both null or neither")
	}
	if present {
		t.kept.set(at, value)
	}
}

// Insert inserts a value with its time.
func (f *First[T]) Insert(at Timestamp, value T) { f.insert(at, value, 1) }

// Insert inserts a value with its time.
func (l *Last[T]) Insert(at Timestamp, value T) { l.insert(at, value, -1) }

// Combine implements Monoid.
func (f *First[T]) Combine(right Monoid) error {
	f.Mark()
	if held := right.(*First[T]).current(); held.present {
		f.Insert(held.at, held.get())
	}
	f.Mark()
	return nil
}

// Combine implements Monoid.
func (l *Last[T]) Combine(right Monoid) error {
	l.Mark()
	if held := right.(*Last[T]).current(); held.present {
		l.Insert(held.at, held.get())
	}
	l.Mark()
	return nil
}

func (*First[T]) handles() handles {
	return handles{
		as:   func(p unsafe.Pointer) Monoid { return (*First[T])(p) },
		mark: func(p unsafe.Pointer) { (*First[T])(p).Mark() },
		undo: func(p unsafe.Pointer) { (*First[T])(p).Undo() },
	}
}

func (*Last[T]) handles() handles {
	return handles{
		as:   func(p unsafe.Pointer) Monoid { return (*Last[T])(p) },
		mark: func(p unsafe.Pointer) { (*Last[T])(p).Mark() },
		undo: func(p unsafe.Pointer) { (*Last[T])(p).Undo() },
	}
}
