package guest

import (
	"fmt"
	"reflect"
	"unsafe"
)

// Monoid is a part of a state with an associative Combine; a pointer to the field's type implements it. The zero value
// is the identity: for all a, b, c, Combine(zero, a) = a = Combine(a, zero) and
// Combine(Combine(a, b), c) = Combine(a, Combine(b, c)), all compared by their columns.
//
// Implement it for a type of your own:
//
//	// GCD is the greatest common divisor of the numbers; 0 for none.
//	type GCD struct{ n int64 }
//
//	func (g *GCD) Insert(n int64) {
//		for n != 0 {
//			g.n, n = n, g.n%n
//		}
//	}
//
//	func (g *GCD) Columns(name string) []guest.Output { return []guest.Output{{Name: name, Kind: guest.KindInt64}} }
//	func (g *GCD) Commutative() bool                  { return true }
//	func (g *GCD) Combine(right guest.Monoid) error   { g.Insert(right.(*GCD).n); return nil }
//	func (g *GCD) Save(row *guest.RowWriter)          { row.Int64(g.n) }
//	func (g *GCD) Load(row *guest.RowReader)          { g.n = row.Int64() }
//
// A type without pointers, such as this one, is undone by a copy where a record is rejected. One that holds slices, maps,
// text or pointers has to implement Undoer; an update of a state then takes reflection, which the ready-made types do not
// need.
type Monoid interface {
	// Columns returns the state columns of a field with this name.
	Columns(name string) []Output
	// Commutative is whether Combine(a, b) is Combine(b, a). If not, the host combines states in the order of the
	// source, which is slower. It does not depend on the value.
	Commutative() bool
	// Combine makes the receiver the state of its own events followed by those of right, which has the same type and
	// is not changed. An error fails the build, so that no wrong value is kept.
	Combine(right Monoid) error
	// Save writes a value to each of the state columns. Equal states write equal bytes.
	Save(row *RowWriter)
	// Load reads a state that Save wrote into a zero value.
	Load(row *RowReader)
}

// Undoer is a Monoid with pointers that undoes a rejected record by itself. For a type without pointers, Mark and Undo are
// not called.
type Undoer interface {
	// Mark keeps everything so far.
	Mark()
	// Undo forgets everything since the last Mark.
	Undo()
}

// Faulty is a Monoid whose update can be refused, as NaN in a sum. The record is then rejected. The answer may depend on
// that record alone.
type Faulty interface {
	Fault() error
}

// Fitter is a Monoid that may not fit its columns. An error fails the build; no record is rejected, since the choice of
// that record would depend on the places where the parts of history begin.
type Fitter interface {
	Fits() error
}

// configurable is a Monoid with options in its field's tag.
type configurable interface {
	configure(t tag) error
}

// eagerly is an Undoer that can keep values at once, for FoldColumns, which does not undo.
type eagerly interface {
	setEager()
}

// handles are the calls that a row needs, without reflection.
type handles struct {
	as    func(p unsafe.Pointer) Monoid
	mark  func(p unsafe.Pointer)
	undo  func(p unsafe.Pointer)
	fault func(p unsafe.Pointer) error
}

// readyMade is a Monoid of this package; the receiver's value is of no matter.
type readyMade interface {
	handles() handles
}

// part is a Monoid in a state's struct.
type part struct {
	name     string // its column's, for messages
	offset   uintptr
	undoable bool
	faulty   bool
	handles
}

// span is a range of a state's memory without pointers, in words of 8 bytes. A slot has room for the last word.
type span struct {
	offset uintptr
	words  int
}

// states is the layout of a state's struct.
type states struct {
	columns     []Output
	commutative bool
	parts       []part
	undoers     []part
	faulties    []part
	plain       []span
	eager       bool
}

// statesOf lays out a state's struct, and makes prototype, which is a pointer to it, the identity with its
// options. If eager, nothing is undone.
func statesOf(prototype reflect.Value, eager bool) (*states, error) {
	s := &states{commutative: true, eager: eager}
	t := prototype.Type().Elem()
	if err := s.addStruct(prototype.Elem(), 0, ""); err != nil {
		return nil, err
	}
	if len(s.parts) == 0 {
		return nil, fmt.Errorf("the state %s has no fields", t.Name())
	}
	return s, nil
}

const monoidList = "guest.Sum, FloatSum, Min, Max, Any, All, First, Last, TopK, Set, HLL, Theta, CountMin, DDSketch"

func (s *states) addStruct(v reflect.Value, offset uintptr, outer string) error {
	t := v.Type()
	structFields, err := structFields(t, "the state")
	if err != nil {
		return err
	}
	for i, sf := range structFields {
		tag := parseTag(sf)
		name := tag.name
		if name == "" {
			name = snake(sf.Name)
		}
		if outer != "" {
			name = outer + "_" + name
		}
		at := offset + sf.Offset
		m, ok := v.Field(i).Addr().Interface().(Monoid)
		switch {
		case ok:
			err = s.add(m, sf.Type, at, name, tag)
		case sf.Type.Kind() == reflect.Struct:
			if err = tag.rest(); err == nil {
				err = s.addStruct(v.Field(i), at, name)
			}
		default:
			err = fmt.Errorf("a %s does not say how two of it combine; a state's field is %s, or a type of your own with the methods of guest.Monoid", sf.Type, monoidList)
		}
		if err != nil {
			return fmt.Errorf("%s.%s: %w", t.Name(), sf.Name, err)
		}
	}
	return nil
}

func (s *states) add(m Monoid, t reflect.Type, offset uintptr, name string, tag tag) error {
	if c, ok := m.(configurable); ok {
		if err := c.configure(tag); err != nil {
			return err
		}
	}
	if err := tag.rest(); err != nil {
		return err
	}
	p := part{name: name, offset: offset}
	_, isUndoer := m.(Undoer)
	_, p.faulty = m.(Faulty)
	// A copy undoes the rest. What it saves by words has no undoer within, whose memory is aligned to words.
	p.undoable = isUndoer && hasPointers(t)
	// A struct that embeds a ready-made monoid has its handles as well, for another place in memory.
	if made, ok := m.(readyMade); ok && t.PkgPath() == reflect.TypeFor[Sum]().PkgPath() {
		p.handles = made.handles()
	} else {
		p.handles = reflected(t)
	}
	if e, ok := m.(eagerly); ok && s.eager {
		e.setEager()
	} else if p.undoable {
		s.undoers = append(s.undoers, p)
	} else if hasPointers(t) {
		return fmt.Errorf("%s holds pointers, so that a copy does not undo a rejected record: give it Mark and Undo, as guest.Undoer has them", t)
	} else {
		s.addPlain(offset, t.Size())
	}
	if p.faulty {
		s.faulties = append(s.faulties, p)
	}
	s.parts = append(s.parts, p)
	s.columns = append(s.columns, m.Columns(name)...)
	s.commutative = s.commutative && m.Commutative()
	return nil
}

// addPlain adds the words of a range of bytes, which begins after those that are already in.
func (s *states) addPlain(offset, size uintptr) {
	first, end := offset/8, (offset+size+7)/8
	if last := len(s.plain) - 1; last >= 0 {
		known := s.plain[last].offset/8 + uintptr(s.plain[last].words)
		first = max(first, known)
		if first == known {
			s.plain[last].words += int(end - first)
			return
		}
	}
	s.plain = append(s.plain, span{offset: first * 8, words: int(end - first)})
}

// reflected are the handles of a type that is not of this package.
func reflected(t reflect.Type) handles {
	as := func(p unsafe.Pointer) Monoid { return reflect.NewAt(t, p).Interface().(Monoid) }
	return handles{
		as:    as,
		mark:  func(p unsafe.Pointer) { as(p).(Undoer).Mark() },
		undo:  func(p unsafe.Pointer) { as(p).(Undoer).Undo() },
		fault: func(p unsafe.Pointer) error { return as(p).(Faulty).Fault() },
	}
}

func hasPointers(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8,
		reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr, reflect.Float32, reflect.Float64, reflect.Complex64,
		reflect.Complex128:
		return false
	case reflect.Array:
		return t.Len() > 0 && hasPointers(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if hasPointers(t.Field(i).Type) {
				return true
			}
		}
		return false
	}
	return true
}

// save writes the state at p to a row.
func (s *states) save(p unsafe.Pointer, w *RowWriter) {
	for i := range s.parts {
		s.parts[i].as(unsafe.Add(p, s.parts[i].offset)).Save(w)
	}
}

// load reads a row into the identity at p.
func (s *states) load(p unsafe.Pointer, r *RowReader) error {
	for i := range s.parts {
		s.parts[i].as(unsafe.Add(p, s.parts[i].offset)).Load(r)
		if r.err != nil {
			return fmt.Errorf("%s: %w", s.parts[i].name, r.err)
		}
	}
	return nil
}

// combine adds the state at right to the one at left.
func (s *states) combine(left, right unsafe.Pointer) error {
	for i := range s.parts {
		part := &s.parts[i]
		if err := part.as(unsafe.Add(left, part.offset)).Combine(part.as(unsafe.Add(right, part.offset))); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return s.fits(left)
}

// fault returns the reason for which the record that has updated the state at p has to be rejected.
func (s *states) fault(p unsafe.Pointer) error {
	for i := range s.faulties {
		f := &s.faulties[i]
		if err := f.fault(unsafe.Add(p, f.offset)); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return nil
}

// fits checks that the columns can hold the state at p.
func (s *states) fits(p unsafe.Pointer) error {
	for i := range s.parts {
		if f, ok := s.parts[i].as(unsafe.Add(p, s.parts[i].offset)).(Fitter); ok {
			if err := f.Fits(); err != nil {
				return fmt.Errorf("%s: %w", s.parts[i].name, err)
			}
		}
	}
	return nil
}
