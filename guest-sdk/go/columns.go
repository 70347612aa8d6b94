package guest

import (
	"reflect"
	"unsafe"
)

// Bools is a column of booleans.
type Bools struct{ bitmap []byte }

// At returns the value of a row.
func (c Bools) At(row int) bool { return bit(c.bitmap, row) }

// Strings is a column of text.
type Strings struct{ cut }

// At returns the value of a row without copying it.
func (c Strings) At(row int) string { return c.text[c.offsets[row]:c.offsets[row+1]] }

// JSONs is a column of JSON values.
type JSONs struct{ cut }

// At returns the text of a row's value without copying it.
func (c JSONs) At(row int) JSON { return JSON(c.text[c.offsets[row]:c.offsets[row+1]]) }

// Binaries is a column of bytes.
type Binaries struct{ cut }

// At returns the bytes of a row without copying them; they compare as strings do.
func (c Binaries) At(row int) Binary { return Binary(c.text[c.offsets[row]:c.offsets[row+1]]) }

type cut struct {
	text    string
	offsets []uint32
}

// Nullable is a column of values that may be missing: Nullable[[]int64], Nullable[Strings].
type Nullable[C any] struct {
	// Column holds a value for each row; where none is present, the zero value.
	Column   C
	validity []byte
}

// Valid is whether the value of a row is present.
func (c Nullable[C]) Valid(row int) bool { return c.validity == nil || bit(c.validity, row) }

var columnKinds = map[reflect.Type]Kind{
	reflect.TypeFor[Bools]():       KindBoolean,
	reflect.TypeFor[[]int64]():     KindInt64,
	reflect.TypeFor[[]float64]():   KindFloat64,
	reflect.TypeFor[[]Timestamp](): KindTimestamp,
	reflect.TypeFor[[]Date]():      KindDate,
	reflect.TypeFor[Strings]():     KindUTF8,
	reflect.TypeFor[Binaries]():    KindBinary,
	reflect.TypeFor[JSONs]():       KindJSON,
}

const columnList = "one of guest.Bools, []int64, []float64, []guest.Timestamp, []guest.Date, guest.Strings, guest.Binaries and guest.JSONs, or guest.Nullable of these"

func columnField(t reflect.Type, offset uintptr) (field, bool) {
	if kind, ok := columnKinds[t]; ok {
		return field{kind: kind, offset: offset}, true
	}
	isNullable := t.Kind() == reflect.Struct && t.NumField() == 2 && t.PkgPath() == reflect.TypeFor[Bools]().PkgPath() &&
		t.Field(0).Name == "Column" && t.Field(1).Name == "validity"
	if !isNullable {
		return field{}, false
	}
	kind, ok := columnKinds[t.Field(0).Type]
	return field{kind: kind, nullable: true, offset: offset, valid: offset + t.Field(1).Offset}, ok
}

// point makes the fields of a struct of columns those of a batch, without copying values.
func (e *events) point(columns []Column, p unsafe.Pointer) {
	for i := range e.fields {
		f, c := &e.fields[i], &columns[i]
		at := unsafe.Add(p, f.offset)
		switch {
		case f.kind == KindBoolean:
			(*Bools)(at).bitmap = c.Values
		case f.kind == KindDate:
			*(*[]Date)(at) = viewAs[Date](c.Values)
		case f.kind.width() == 8:
			*(*[]uint64)(at) = viewAs[uint64](c.Values)
		default:
			*(*cut)(at) = cut{text: unsafe.String(unsafe.SliceData(c.Values), len(c.Values)), offsets: c.Offsets}
		}
		if f.nullable {
			*(*[]byte)(unsafe.Add(p, f.valid)) = c.Validity
		}
	}
}
