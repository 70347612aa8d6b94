package guesttest

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"backfold.dev/guest"
)

// decoded is records as columns.
type decoded struct {
	events     guest.Batch
	rows       []int // the index of each event's record
	rejections []guest.Rejection
	passedOver int
}

// decode decodes records, the first of which has the index first, by the rules of the contract.
func decode(d *guest.Descriptor, records []json.RawMessage, first int) *decoded {
	out := &decoded{}
	columns := make([][]*string, len(d.Inputs))
	for i, record := range records {
		fields := parse(record)
		if slices.ContainsFunc(d.Only, func(c guest.Condition) bool { return !isMet(c, fields) }) {
			out.passedOver++
			continue
		}
		row, err := decodeRecord(d, record, fields, first+i)
		if err != nil {
			out.rejections = append(out.rejections, guest.Rejection{Row: first + i, Reason: err.Error()})
			continue
		}
		for c := range columns {
			columns[c] = append(columns[c], row[c])
		}
		out.rows = append(out.rows, first+i)
	}
	out.events = guest.Batch{Rows: len(out.rows), Columns: make([]guest.Column, len(columns))}
	for c := range columns {
		out.events.Columns[c] = column(d.Inputs[c].Kind, columns[c])
	}
	return out
}

// object is the fields of a JSON object.
type object map[string]json.RawMessage

// parse returns the fields of a JSON object; nil for other values.
func parse(text json.RawMessage) object {
	var fields object
	if json.Unmarshal(text, &fields) != nil {
		return nil
	}
	return fields
}

// decodeRecord returns the bytes of a record's values; nil for null.
func decodeRecord(d *guest.Descriptor, record json.RawMessage, fields object, index int) ([]*string, error) {
	row := make([]*string, len(d.Inputs))
	for i, in := range d.Inputs {
		value, err := inputValue(in, record, fields, index)
		if err != nil {
			return nil, err
		}
		row[i] = value
	}
	return row, nil
}

// column makes a column of values that are bytes.
func column(kind guest.Kind, values []*string) guest.Column {
	var c guest.Column
	var bytes []byte
	validity := make([]byte, (len(values)+7)/8)
	hasNull := false
	offsets := []uint32{0}
	bits := make([]byte, (len(values)+7)/8)
	for row, value := range values {
		text := strings.Repeat("\x00", width(kind))
		if value == nil {
			hasNull = true
		} else {
			validity[row/8] |= 1 << (row % 8)
			text = *value
		}
		if kind == guest.KindBoolean && text == "\x01" {
			bits[row/8] |= 1 << (row % 8)
		}
		bytes = append(bytes, text...)
		offsets = append(offsets, uint32(len(bytes)))
	}
	switch {
	case kind == guest.KindBoolean:
		c.Values = bits
	case width(kind) > 0:
		c.Values = aligned(bytes)
	default:
		c.Values, c.Offsets = bytes, offsets
	}
	if hasNull {
		c.Validity = validity
	}
	return c
}

// names cuts a path at dots, except where a backslash stands before one.
func names(path string) []string {
	var names []string
	var name strings.Builder
	escaped := false
	for _, r := range path {
		switch {
		case r == '\\' && !escaped:
			escaped = true
			continue
		case r == '.' && !escaped:
			names = append(names, name.String())
			name.Reset()
		default:
			name.WriteRune(r)
		}
		escaped = false
	}
	return append(names, name.String())
}

// at returns the value at a path; nil if there is none.
func (o object) at(path string) json.RawMessage {
	names := names(path)
	value := o[names[0]]
	for _, name := range names[1:] {
		value = parse(value)[name]
	}
	return value
}

func isMet(c guest.Condition, record object) bool {
	value := record.at(c.Path)
	if len(value) == 0 || value[0] == '{' || value[0] == '[' {
		return false
	}
	text := string(value)
	if value[0] == '"' && json.Unmarshal(value, &text) != nil {
		return false
	}
	return slices.Contains(c.AnyOf, text)
}

func inputValue(in guest.Input, record json.RawMessage, fields object, index int) (*string, error) {
	switch in.Origin {
	case guest.OriginPayload:
		text := string(record)
		return &text, nil
	case guest.OriginRecordKey, guest.OriginRecordHeader, guest.OriginPartition:
		return nil, nil
	case guest.OriginRecordTime:
		return word(0), nil
	case guest.OriginSourceName:
		name := "test"
		return &name, nil
	case guest.OriginOffset:
		return word(uint64(index)), nil
	}
	value := fields.at(in.At)
	switch {
	case in.Nullable && (value == nil || string(value) == "null"):
		return nil, nil
	case value == nil:
		return nil, fmt.Errorf("%s: missing", in.At)
	}
	text, ok := typed(in, value)
	if !ok {
		return nil, fmt.Errorf("%s: %s is no %s", in.At, value, in.Kind)
	}
	return text, nil
}

func word(value uint64) *string {
	text := string(binary.LittleEndian.AppendUint64(nil, value))
	return &text
}

// typed returns the bytes of a value of the input's kind.
func typed(in guest.Input, value json.RawMessage) (*string, bool) {
	raw := string(value)
	var text string
	isText := raw[0] == '"' && json.Unmarshal(value, &text) == nil
	switch in.Kind {
	case guest.KindBoolean:
		bit := "\x00"
		if raw == "true" {
			bit = "\x01"
		}
		return &bit, raw == "true" || raw == "false"
	case guest.KindInt64:
		n, err := strconv.ParseInt(raw, 10, 64)
		return word(uint64(n)), err == nil
	case guest.KindFloat64:
		f, err := strconv.ParseFloat(raw, 64)
		return word(math.Float64bits(f)), err == nil
	case guest.KindTimestamp:
		us, ok := timestamp(in.Encoding, raw, text)
		return word(uint64(us)), ok
	case guest.KindDate:
		day, err := time.Parse(time.DateOnly, text)
		bytes := string(binary.LittleEndian.AppendUint32(nil, uint32(guest.TimestampOf(day).Date())))
		return &bytes, err == nil
	case guest.KindUTF8:
		return &text, isText
	case guest.KindBinary:
		bytes, err := base64.StdEncoding.DecodeString(text)
		if in.Encoding == guest.EncodingHex {
			bytes, err = hex.DecodeString(text)
		}
		text = string(bytes)
		return &text, isText && err == nil
	}
	return &raw, true
}

func timestamp(encoding guest.Encoding, raw, text string) (microseconds int64, ok bool) {
	if encoding == guest.EncodingStandard {
		t, err := time.Parse(time.RFC3339, text)
		return t.UnixMicro(), err == nil
	}
	n, err := strconv.ParseInt(raw, 10, 64)
	if encoding == guest.EncodingEpochNanoseconds {
		return time.Unix(0, n).UnixMicro(), err == nil
	}
	factor := int64(1)
	switch encoding {
	case guest.EncodingEpochSeconds:
		factor = 1_000_000
	case guest.EncodingEpochMilliseconds:
		factor = 1_000
	}
	return n * factor, err == nil && n*factor/factor == n
}
