package guest

import (
	"fmt"
	"reflect"
	"unsafe"
)

// events is the layout of an event's struct: a field for each input.
type events struct {
	inputs    []Input
	eventTime string
	fields    []field
	columnar  bool // the fields hold columns, for FoldColumns
}

var encodings = map[string]Encoding{
	"standard": EncodingStandard, "epoch-seconds": EncodingEpochSeconds, "epoch-milliseconds": EncodingEpochMilliseconds,
	"epoch-microseconds": EncodingEpochMicroseconds, "epoch-nanoseconds": EncodingEpochNanoseconds, "hex": EncodingHex,
}

var origins = map[string]Origin{
	"payload": OriginPayload, "record-key": OriginRecordKey, "record-header": OriginRecordHeader, "record-time": OriginRecordTime,
	"source-name": OriginSourceName, "partition": OriginPartition, "offset": OriginOffset,
}

func eventsOf(t reflect.Type, columnar bool) (*events, error) {
	structFields, err := structFields(t, "the event")
	if err != nil {
		return nil, err
	}
	e := &events{columnar: columnar}
	for _, sf := range structFields {
		if err := e.add(sf); err != nil {
			return nil, fmt.Errorf("%s.%s: %w", t.Name(), sf.Name, err)
		}
	}
	return e, nil
}

func (e *events) add(sf reflect.StructField) error {
	f, ok := scalarField(sf.Type, sf.Offset)
	if e.columnar {
		f, ok = columnField(sf.Type, sf.Offset)
	}
	if !ok && e.columnar {
		return fmt.Errorf("a column is %s, not %s", columnList, sf.Type)
	}
	if !ok {
		return fmt.Errorf("an event's field is one of %s, not %s", scalarList, sf.Type)
	}
	tag := parseTag(sf)
	in := Input{Name: snake(sf.Name), At: tag.name, Kind: f.kind, Nullable: f.nullable}
	for name, origin := range origins {
		value, given := tag.take(name)
		if !given {
			continue
		}
		if in.Origin != OriginPath || in.At != "" {
			return fmt.Errorf("it has two origins")
		}
		in.Origin, in.At = origin, value
		if (origin == OriginRecordHeader) != (value != "") {
			return fmt.Errorf("a header is record-header=NAME; no other origin has a value")
		}
	}
	if in.Origin == OriginPath && in.At == "" {
		in.At = in.Name
	}
	if text, given := tag.take("encoding"); given {
		encoding, known := encodings[text]
		if !known {
			return fmt.Errorf("there is no encoding %q", text)
		}
		in.Encoding = encoding
	}
	if _, given := tag.take("time"); given {
		if in.Kind != KindTimestamp || e.eventTime != "" {
			return fmt.Errorf("one guest.Timestamp can be the event time")
		}
		e.eventTime = in.Name
	}
	if err := tag.rest(); err != nil {
		return err
	}
	e.inputs, e.fields = append(e.inputs, in), append(e.fields, f)
	return in.check()
}

// check refuses a batch whose columns are not those of the inputs.
func (e *events) check(batch *Batch) error {
	if len(batch.Columns) != len(e.inputs) {
		return fmt.Errorf("there are %d columns in place of %d", len(batch.Columns), len(e.inputs))
	}
	for i := range e.inputs {
		if err := batch.Columns[i].check(e.inputs[i].Kind, batch.Rows); err != nil {
			return fmt.Errorf("column %s: %w", e.inputs[i].Name, err)
		}
	}
	return nil
}

// fill reads n rows from `from` on into structs that lie stride bytes apart, a column at a time.
func (e *events) fill(columns []Column, p unsafe.Pointer, stride uintptr, from, n int) {
	for i := range e.fields {
		f, c := &e.fields[i], &columns[i]
		fillField(f, c, unsafe.Add(p, f.offset), stride, from, n)
		if !f.nullable {
			continue
		}
		for row := range n {
			*(*bool)(unsafe.Add(p, f.valid+uintptr(row)*stride)) = !c.isNull(from + row)
		}
	}
}

// fillField reads n rows of a column. No pointer is made that lies beyond the last struct.
func fillField(f *field, c *Column, at unsafe.Pointer, stride uintptr, from, n int) {
	switch f.shape {
	case shapeBit:
		for row := range n {
			*(*bool)(unsafe.Add(at, uintptr(row)*stride)) = bit(c.Values, from+row)
		}
	case shape8:
		for row, value := range viewAs[uint64](c.Values)[from : from+n] {
			*(*uint64)(unsafe.Add(at, uintptr(row)*stride)) = value
		}
	case shape4:
		for row, value := range viewAs[uint32](c.Values)[from : from+n] {
			*(*uint32)(unsafe.Add(at, uintptr(row)*stride)) = value
		}
	case shapeText:
		text := unsafe.String(unsafe.SliceData(c.Values), len(c.Values))
		start := c.Offsets[from]
		for row, end := range c.Offsets[from+1 : from+n+1] {
			*(*string)(unsafe.Add(at, uintptr(row)*stride)) = text[start:end]
			start = end
		}
	case shapeBytes:
		start := c.Offsets[from]
		for row, end := range c.Offsets[from+1 : from+n+1] {
			*(*[]byte)(unsafe.Add(at, uintptr(row)*stride)) = c.Values[start:end:end]
			start = end
		}
	}
}
