package guest

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// RowWriter writes a row of columns, value after value: exactly one for each column that was declared.
type RowWriter struct {
	columns []builder
	at      int
}

func newRowWriter(outputs []Output, rows int) *RowWriter {
	w := &RowWriter{columns: make([]builder, len(outputs))}
	for i, output := range outputs {
		w.columns[i] = newBuilder(output.Kind, rows)
	}
	return w
}

// begin starts a row.
func (w *RowWriter) begin() { w.at = 0 }

func (w *RowWriter) batch(rows int) Batch {
	b := Batch{Rows: rows, Columns: make([]Column, len(w.columns))}
	for i := range w.columns {
		b.Columns[i] = w.columns[i].Column
	}
	return b
}

func (w *RowWriter) next(kind Kind) *builder {
	if w.at == len(w.columns) {
		panic("guest: a row has more values than columns were declared")
	}
	b := &w.columns[w.at]
	if b.kind != kind {
		panic(fmt.Sprintf("guest: a value of kind %s is written to a column of kind %s", kind, b.kind))
	}
	w.at++
	return b
}

// Bool writes a boolean.
func (w *RowWriter) Bool(value bool) { w.next(KindBoolean).bool(value) }

// Int64 writes an integer.
func (w *RowWriter) Int64(value int64) { w.next(KindInt64).word(uint64(value)) }

// Float64 writes a float.
func (w *RowWriter) Float64(value float64) { w.next(KindFloat64).word(math.Float64bits(value)) }

// Timestamp writes an instant.
func (w *RowWriter) Timestamp(value Timestamp) { w.next(KindTimestamp).word(uint64(value)) }

// Date writes a day.
func (w *RowWriter) Date(value Date) { w.next(KindDate).date(value) }

// Text writes text. Bytes that are not UTF-8 become U+FFFD.
func (w *RowWriter) Text(value string) { w.next(KindUTF8).text(strings.ToValidUTF8(value, "\uFFFD")) }

// JSON writes the text of a JSON value.
func (w *RowWriter) JSON(value JSON) { w.next(KindJSON).text(string(value)) }

// Bytes writes bytes.
func (w *RowWriter) Bytes(value []byte) {
	w.next(KindBinary).text(unsafe.String(unsafe.SliceData(value), len(value)))
}

// Null writes a missing value to a nullable column.
func (w *RowWriter) Null() {
	if w.at == len(w.columns) {
		panic("guest: a row has more values than columns were declared")
	}
	w.columns[w.at].null()
	w.at++
}

// RowReader reads back a row of state columns, value after value. After the first error it returns zero values.
type RowReader struct {
	columns []Column
	row, at int
	err     error
}

// Fail records that the columns hold no state that was saved; the first reason is kept.
func (r *RowReader) Fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

func (r *RowReader) next() *Column {
	if r.at == len(r.columns) {
		r.Fail("there are fewer columns than the state has")
		return nil
	}
	r.at++
	return &r.columns[r.at-1]
}

// IsNull is whether the value of the next column is missing, in which case it is taken.
func (r *RowReader) IsNull() bool {
	if r.err != nil || r.at == len(r.columns) || !r.columns[r.at].isNull(r.row) {
		return false
	}
	r.at++
	return true
}

func (r *RowReader) word() uint64 {
	c := r.next()
	if r.err != nil {
		return 0
	}
	if len(c.Values) < r.row*8+8 {
		r.Fail("it ends before row %d", r.row)
		return 0
	}
	return viewAs[uint64](c.Values)[r.row]
}

// Bool reads a boolean.
func (r *RowReader) Bool() bool {
	c := r.next()
	if r.err != nil {
		return false
	}
	if r.row/8 >= len(c.Values) {
		r.Fail("it ends before row %d", r.row)
		return false
	}
	return bit(c.Values, r.row)
}

// Int64 reads an integer.
func (r *RowReader) Int64() int64 { return int64(r.word()) }

// Float64 reads a float.
func (r *RowReader) Float64() float64 { return math.Float64frombits(r.word()) }

// Timestamp reads an instant.
func (r *RowReader) Timestamp() Timestamp { return Timestamp(r.word()) }

// Date reads a day.
func (r *RowReader) Date() Date {
	c := r.next()
	if r.err != nil {
		return 0
	}
	if len(c.Values) < r.row*4+4 {
		r.Fail("it ends before row %d", r.row)
		return 0
	}
	return viewAs[Date](c.Values)[r.row]
}

// Bytes reads bytes, which are valid until Load returns.
func (r *RowReader) Bytes() []byte {
	c := r.next()
	if r.err != nil {
		return nil
	}
	if len(c.Offsets) < r.row+2 || c.Offsets[r.row] > c.Offsets[r.row+1] || int(c.Offsets[r.row+1]) > len(c.Values) {
		r.Fail("the offsets of row %d lead out of it", r.row)
		return nil
	}
	return c.Values[c.Offsets[r.row]:c.Offsets[r.row+1]]
}

// Text reads text.
func (r *RowReader) Text() string {
	bytes := r.Bytes()
	if !utf8.Valid(bytes) {
		r.Fail("row %d is not UTF-8", r.row)
	}
	return string(bytes)
}
