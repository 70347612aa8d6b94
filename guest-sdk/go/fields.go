package guest

import (
	"fmt"
	"reflect"
	"unsafe"
)

// shape is the form in which a Go type holds values of a kind.
type shape uint8

const (
	shapeBit   shape = iota // bool
	shape8                  // int64, float64, Timestamp
	shape4                  // Date
	shapeText               // string, JSON, Binary
	shapeBytes              // []byte
)

// field is a column's place in a struct.
type field struct {
	kind     Kind
	shape    shape
	nullable bool
	offset   uintptr // of the value
	valid    uintptr // of Null.Valid, where the field is nullable
}

var scalarKinds = map[reflect.Type]Kind{
	reflect.TypeFor[bool]():      KindBoolean,
	reflect.TypeFor[int64]():     KindInt64,
	reflect.TypeFor[float64]():   KindFloat64,
	reflect.TypeFor[Timestamp](): KindTimestamp,
	reflect.TypeFor[Date]():      KindDate,
	reflect.TypeFor[string]():    KindUTF8,
	reflect.TypeFor[[]byte]():    KindBinary,
	reflect.TypeFor[Binary]():    KindBinary,
	reflect.TypeFor[JSON]():      KindJSON,
}

const scalarList = "bool, int64, float64, string, []byte, guest.Timestamp, guest.Date, guest.JSON and guest.Binary, and guest.Null of these"

func scalarField(t reflect.Type, offset uintptr) (field, bool) {
	if kind, ok := scalarKinds[t]; ok {
		f := field{kind: kind, offset: offset}
		switch {
		case kind == KindBoolean:
			f.shape = shapeBit
		case kind.width() == 8:
			f.shape = shape8
		case kind == KindDate:
			f.shape = shape4
		case t.Kind() == reflect.Slice:
			f.shape = shapeBytes
		default:
			f.shape = shapeText
		}
		return f, true
	}
	if !isNull(t) {
		return field{}, false
	}
	f, ok := scalarField(t.Field(0).Type, offset)
	if !ok || f.nullable {
		return field{}, false
	}
	f.nullable, f.valid = true, offset+t.Field(1).Offset
	return f, true
}

// isNull is whether a type is Null of something.
func isNull(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t.NumField() == 2 && t.PkgPath() == reflect.TypeFor[Null[int64]]().PkgPath() &&
		t.Field(0).Name == "V" && t.Field(1).Name == "Valid"
}

// structFields lists the fields of a struct, which must be exported.
func structFields(t reflect.Type, what string) ([]reflect.StructField, error) {
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%s is %s, which is no struct", what, t)
	}
	fields := make([]reflect.StructField, t.NumField())
	for i := range fields {
		fields[i] = t.Field(i)
		if fields[i].Name == "_" || !fields[i].IsExported() {
			return nil, fmt.Errorf("%s.%s: its name has to begin with a capital letter", t.Name(), fields[i].Name)
		}
	}
	return fields, nil
}

// outputs lays out a key or a view: the name of each column, and the place of its values.
func outputs(t reflect.Type, what string) ([]Output, []field, error) {
	structFields, err := structFields(t, what)
	if err != nil {
		return nil, nil, err
	}
	var columns []Output
	var places []field
	for _, sf := range structFields {
		f, ok := scalarField(sf.Type, sf.Offset)
		if !ok {
			return nil, nil, fmt.Errorf("%s.%s: no column holds a %s; there are %s", t.Name(), sf.Name, sf.Type, scalarList)
		}
		tag := parseTag(sf)
		if err := tag.rest(); err != nil {
			return nil, nil, fmt.Errorf("%s.%s: %w", t.Name(), sf.Name, err)
		}
		name := tag.name
		if name == "" {
			name = snake(sf.Name)
		}
		columns = append(columns, Output{Name: name, Kind: f.kind, Nullable: f.nullable})
		places = append(places, f)
	}
	return columns, places, nil
}

// write writes the fields of the struct at p to a row.
func write(fields []field, p unsafe.Pointer, w *RowWriter) {
	for i := range fields {
		f := &fields[i]
		at := unsafe.Add(p, f.offset)
		switch {
		case f.nullable && !*(*bool)(unsafe.Add(p, f.valid)):
			w.Null()
		case f.shape == shapeBit:
			w.Bool(*(*bool)(at))
		case f.shape == shape8:
			w.next(f.kind).word(*(*uint64)(at))
		case f.shape == shape4:
			w.Date(*(*Date)(at))
		case f.shape == shapeBytes:
			w.Bytes(*(*[]byte)(at))
		case f.kind == KindUTF8:
			w.Text(*(*string)(at))
		default:
			w.next(f.kind).text(*(*string)(at))
		}
	}
}
