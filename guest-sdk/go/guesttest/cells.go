package guesttest

import (
	"fmt"
	"math"
	"strings"
	"unsafe"

	"backfold.dev/guest"
)

func bit(bitmap []byte, row int) bool { return bitmap[row/8]>>(row%8)&1 == 1 }

func isNull(c *guest.Column, row int) bool { return c.Validity != nil && !bit(c.Validity, row) }

func width(kind guest.Kind) int {
	switch kind {
	case guest.KindInt64, guest.KindFloat64, guest.KindTimestamp:
		return 8
	case guest.KindDate:
		return 4
	}
	return 0
}

// cell returns the bytes of a value that is present.
func cell(kind guest.Kind, c *guest.Column, row int) []byte {
	switch n := width(kind); {
	case kind == guest.KindBoolean && bit(c.Values, row):
		return []byte{1}
	case kind == guest.KindBoolean:
		return []byte{0}
	case n > 0:
		return c.Values[row*n : row*n+n]
	}
	return c.Values[c.Offsets[row]:c.Offsets[row+1]]
}

// cells returns a row's values as text that is equal for equal values alone.
func cells(outputs []guest.Output, columns []guest.Column, row int) string {
	var out strings.Builder
	for i, output := range outputs {
		if isNull(&columns[i], row) {
			out.WriteString("null ")
		} else {
			fmt.Fprintf(&out, "%x ", cell(output.Kind, &columns[i], row))
		}
	}
	return out.String()
}

// oneRow returns a row of some columns as a batch.
func oneRow(outputs []guest.Output, columns []guest.Column, row int) guest.Batch {
	b := guest.Batch{Rows: 1, Columns: make([]guest.Column, len(outputs))}
	for i, output := range outputs {
		c, from := &b.Columns[i], &columns[i]
		c.Values = aligned(cell(output.Kind, from, row))
		if width(output.Kind) == 0 && output.Kind != guest.KindBoolean {
			c.Offsets = []uint32{0, uint32(len(c.Values))}
		}
		if isNull(from, row) {
			c.Validity = []byte{0}
		}
	}
	return b
}

// aligned copies bytes to a place where numbers of 8 bytes can be read.
func aligned(values []byte) []byte {
	words := make([]uint64, (len(values)+7)/8)
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), len(words)*8)[:len(values)]
	copy(bytes, values)
	return bytes
}

// value returns a value of a column; nil for null.
func value(kind guest.Kind, c *guest.Column, row int) any {
	if isNull(c, row) {
		return nil
	}
	bytes := cell(kind, c, row)
	var word uint64
	for i := range min(len(bytes), 8) {
		word |= uint64(bytes[i]) << (8 * i)
	}
	switch kind {
	case guest.KindBoolean:
		return word == 1
	case guest.KindInt64:
		return int64(word)
	case guest.KindFloat64:
		return math.Float64frombits(word)
	case guest.KindTimestamp:
		return guest.Timestamp(word)
	case guest.KindDate:
		return guest.Date(int32(word))
	case guest.KindUTF8:
		return string(bytes)
	case guest.KindJSON:
		return guest.JSON(bytes)
	}
	return append([]byte(nil), bytes...)
}
