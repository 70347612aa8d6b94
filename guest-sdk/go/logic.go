package guest

import "unsafe"

// Any is whether any value was true; its state column is boolean.
type Any struct{ value bool }

// All is whether all values were true; its state column is boolean.
type All struct{ hasFalse bool }

// Insert inserts a value.
func (a *Any) Insert(value bool) { a.value = a.value || value }

// Insert inserts a value.
func (a *All) Insert(value bool) { a.hasFalse = a.hasFalse || !value }

// Value is whether any value was true; false before any was inserted.
func (a *Any) Value() bool { return a.value }

// Value is whether all values were true; true before any was inserted.
func (a *All) Value() bool { return !a.hasFalse }

// Columns implements Monoid.
func (a *Any) Columns(name string) []Output { return []Output{{Name: name, Kind: KindBoolean}} }

// Columns implements Monoid.
func (a *All) Columns(name string) []Output { return []Output{{Name: name, Kind: KindBoolean}} }

// Commutative implements Monoid.
func (a *Any) Commutative() bool { return true }

// Commutative implements Monoid.
func (a *All) Commutative() bool { return true }

// Combine implements Monoid.
func (a *Any) Combine(right Monoid) error {
	a.Insert(right.(*Any).value)
	return nil
}

// Combine implements Monoid.
func (a *All) Combine(right Monoid) error {
	a.Insert(right.(*All).Value())
	return nil
}

// Save implements Monoid.
func (a *Any) Save(row *RowWriter) { row.Bool(a.value) }

// Save implements Monoid.
func (a *All) Save(row *RowWriter) { row.Bool(a.Value()) }

// Load implements Monoid.
func (a *Any) Load(row *RowReader) { a.value = row.Bool() }

// Load implements Monoid.
func (a *All) Load(row *RowReader) { a.hasFalse = !row.Bool() }

func (*Any) handles() handles {
	return handles{as: func(p unsafe.Pointer) Monoid { return (*Any)(p) }}
}

func (*All) handles() handles {
	return handles{as: func(p unsafe.Pointer) Monoid { return (*All)(p) }}
}
