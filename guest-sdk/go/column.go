package guest

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"
)

// Column holds the buffers of a column in Arrow's layout, little-endian.
type Column struct {
	// Values are the values in the form of the column's kind.
	Values []byte
	// Offsets cut the values of text, bytes and JSON: the beginning of each value and the end of the last. Nil for
	// the other kinds.
	Offsets []uint32
	// Validity has a bit for each value, least significant bit first: 1 where it is present. Nil if all are.
	Validity []byte
}

// Batch is columns with the same number of rows.
type Batch struct {
	Rows    int
	Columns []Column
}

func bit(bitmap []byte, row int) bool { return bitmap[row>>3]>>(row&7)&1 == 1 }

// isNull is whether the value of a row is missing.
func (c *Column) isNull(row int) bool { return c.Validity != nil && !bit(c.Validity, row) }

// viewAs returns the values of a column of fixed width without copying them.
func viewAs[T any](values []byte) []T {
	var zero T
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(values))), len(values)/int(unsafe.Sizeof(zero)))
}

// width returns the bytes of a value of fixed width; 0 for other kinds.
func (k Kind) width() int {
	switch k {
	case KindInt64, KindFloat64, KindTimestamp:
		return 8
	case KindDate:
		return 4
	}
	return 0
}

// check refuses a column that does not hold that many rows of that kind.
func (c *Column) check(kind Kind, rows int) error {
	if c.Validity != nil && len(c.Validity) < (rows+7)/8 {
		return fmt.Errorf("%d bytes of bitmap are too few for %d rows", len(c.Validity), rows)
	}
	switch {
	case kind == KindBoolean:
		if len(c.Values) < (rows+7)/8 {
			return fmt.Errorf("%d bytes of bitmap are too few for %d rows", len(c.Values), rows)
		}
	case kind.width() > 0:
		if len(c.Values) != rows*kind.width() {
			return fmt.Errorf("%d bytes are not %d values of %d", len(c.Values), rows, kind.width())
		}
	case len(c.Offsets) != rows+1:
		return fmt.Errorf("it has %d offsets for %d rows", len(c.Offsets), rows)
	default:
		last := uint32(0)
		for _, offset := range c.Offsets {
			if offset < last || int(offset) > len(c.Values) {
				return fmt.Errorf("its offsets lead out of it")
			}
			last = offset
		}
	}
	return nil
}

// checkAll refuses columns that are not those of the outputs.
func (b *Batch) checkAll(outputs []Output) error {
	if len(b.Columns) != len(outputs) {
		return fmt.Errorf("there are %d columns in place of %d", len(b.Columns), len(outputs))
	}
	for i := range b.Columns {
		if err := b.Columns[i].check(outputs[i].Kind, b.Rows); err != nil {
			return fmt.Errorf("column %s: %w", outputs[i].Name, err)
		}
	}
	return nil
}

// builder appends values to a column.
type builder struct {
	kind Kind
	rows int
	Column
}

func newBuilder(kind Kind, rows int) builder {
	b := builder{kind: kind}
	switch {
	case kind == KindBoolean:
		b.Values = make([]byte, 0, (rows+7)/8)
	case kind.width() > 0:
		b.Values = make([]byte, 0, rows*kind.width())
	default:
		b.Values = make([]byte, 0, rows*8)
		b.Offsets = append(make([]uint32, 0, rows+1), 0)
	}
	return b
}

func appendBit(bitmap []byte, row int, value bool) []byte {
	if row&7 == 0 {
		bitmap = append(bitmap, 0)
	}
	if value {
		bitmap[row>>3] |= 1 << (row & 7)
	}
	return bitmap
}

func (b *builder) count(valid bool) {
	if b.Validity != nil {
		b.Validity = appendBit(b.Validity, b.rows, valid)
	}
	b.rows++
}

func (b *builder) cut() {
	if uint64(len(b.Values)) > math.MaxUint32 {
		panic("guest: a column holds less than 4 GiB")
	}
	b.Offsets = append(b.Offsets, uint32(len(b.Values)))
}

func (b *builder) bool(value bool) {
	b.Values = appendBit(b.Values, b.rows, value)
	b.count(true)
}

func (b *builder) word(value uint64) {
	b.Values = binary.LittleEndian.AppendUint64(b.Values, value)
	b.count(true)
}

func (b *builder) date(value Date) {
	b.Values = binary.LittleEndian.AppendUint32(b.Values, uint32(value))
	b.count(true)
}

func (b *builder) text(value string) {
	b.Values = append(b.Values, value...)
	b.cut()
	b.count(true)
}

func (b *builder) null() {
	if b.Validity == nil {
		b.Validity = make([]byte, 0, b.rows/8+1)
		for row := range b.rows {
			b.Validity = appendBit(b.Validity, row, true)
		}
	}
	switch {
	case b.kind == KindBoolean:
		b.Values = appendBit(b.Values, b.rows, false)
	case b.kind.width() > 0:
		var zero [8]byte
		b.Values = append(b.Values, zero[:b.kind.width()]...)
	default:
		b.cut()
	}
	b.count(false)
}
