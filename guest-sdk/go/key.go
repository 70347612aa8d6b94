package guest

import (
	"encoding/binary"
	"math/bits"
	"strconv"
	"strings"
	"unsafe"
)

// keys is the layout of a key's struct. The accumulator keeps keys encoded, without pointers that the collector would have
// to follow: only equal keys have equal encodings, and no encoding is a prefix of another.
type keys struct {
	columns []Output
	fields  []field
	scratch []byte // the encoding of the last key, and room for the widest fields after any text
}

// Bytes in memory, wherever they lie: Wasm, amd64 and arm64 read and write them in one instruction.
func load64(p unsafe.Pointer, at uintptr) uint64         { return *(*uint64)(unsafe.Add(p, at)) }
func load32(p unsafe.Pointer, at uintptr) uint32         { return *(*uint32)(unsafe.Add(p, at)) }
func load8(p unsafe.Pointer, at uintptr) byte            { return *(*byte)(unsafe.Add(p, at)) }
func store64(p unsafe.Pointer, at uintptr, value uint64) { *(*uint64)(unsafe.Add(p, at)) = value }
func store32(p unsafe.Pointer, at uintptr, value uint32) { *(*uint32)(unsafe.Add(p, at)) = value }
func store8(p unsafe.Pointer, at uintptr, value byte)    { *(*byte)(unsafe.Add(p, at)) = value }

// lastWord returns the last eight bytes of n, or all of fewer.
func lastWord(p unsafe.Pointer, n uintptr) uint64 {
	switch {
	case n >= 8:
		return load64(p, n-8)
	case n >= 4:
		return uint64(load32(p, 0)) | uint64(load32(p, n-4))<<(8*(n-4))
	case n > 0:
		return uint64(load8(p, 0)) | uint64(load8(p, n/2))<<(8*(n/2)) | uint64(load8(p, n-1))<<(8*(n-1))
	}
	return 0
}

// fieldBytes is the most that the encoding of a field takes, apart from the bytes of text; a word may be written in place of
// fewer bytes.
const fieldBytes = 16

func newKeys(columns []Output, fields []field) *keys {
	return &keys{columns: columns, fields: fields, scratch: make([]byte, 256+fieldBytes*len(fields))}
}

// encode encodes the key at p into the scratch, and returns how many bytes that are.
func (k *keys) encode(p unsafe.Pointer) uintptr {
	out := unsafe.Pointer(unsafe.SliceData(k.scratch))
	at := uintptr(0)
	for i := range k.fields {
		f := &k.fields[i]
		if f.nullable {
			valid := load8(p, f.valid)
			store8(out, at, valid)
			at++
			if valid == 0 {
				continue
			}
		}
		switch f.shape {
		case shape8:
			store64(out, at, load64(p, f.offset))
			at += 8
		case shape4:
			store32(out, at, load32(p, f.offset))
			at += 4
		case shapeBit:
			store8(out, at, load8(p, f.offset))
			at++
		default:
			text := *(*string)(unsafe.Add(p, f.offset))
			from, n := unsafe.Pointer(unsafe.StringData(text)), uintptr(len(text))
			if room := at + n + fieldBytes*uintptr(len(k.fields)); room > uintptr(len(k.scratch)) {
				k.scratch = append(k.scratch, make([]byte, room)...)
				out = unsafe.Pointer(unsafe.SliceData(k.scratch))
			}
			store32(out, at, uint32(n))
			at += 4
			for done := uintptr(0); done+8 < n; done += 8 {
				store64(out, at+done, load64(from, done))
			}
			if n >= 8 {
				store64(out, at+n-8, load64(from, n-8))
			} else {
				store64(out, at, lastWord(from, n))
			}
			at += n
		}
	}
	return at
}

const hashFactor = 0x9e3779b97f4a7c15

func mix(hash, word uint64) uint64 { return (bits.RotateLeft64(hash, 5) ^ word) * hashFactor }

// hashBytes returns the hash of n bytes, the same in every instance.
func hashBytes(p unsafe.Pointer, n uintptr) uint32 {
	hash := uint64(n)
	for at := uintptr(0); at+8 < n; at += 8 {
		hash = mix(hash, load64(p, at))
	}
	hash = mix(hash, lastWord(p, n))
	hash = (hash ^ hash>>32) * hashFactor
	return uint32(hash >> 32)
}

// sameBytes is whether n bytes are the same.
func sameBytes(a, b unsafe.Pointer, n uintptr) bool {
	at := uintptr(0)
	for ; at+8 < n; at += 8 {
		if load64(a, at) != load64(b, at) {
			return false
		}
	}
	return lastWord(a, n) == lastWord(b, n)
}

// write writes an encoded key to its columns.
func (k *keys) write(encoded []byte, w *RowWriter) {
	for i := range k.fields {
		f := &k.fields[i]
		if f.nullable {
			valid := encoded[0]
			encoded = encoded[1:]
			if valid == 0 {
				w.Null()
				continue
			}
		}
		switch f.shape {
		case shape8:
			w.next(f.kind).word(binary.LittleEndian.Uint64(encoded))
			encoded = encoded[8:]
		case shape4:
			w.Date(Date(binary.LittleEndian.Uint32(encoded)))
			encoded = encoded[4:]
		case shapeBit:
			w.Bool(encoded[0] == 1)
			encoded = encoded[1:]
		default:
			n := int(binary.LittleEndian.Uint32(encoded))
			text := encoded[4 : 4+n]
			if f.kind == KindUTF8 {
				w.Text(unsafe.String(unsafe.SliceData(text), n))
			} else {
				w.Bytes(text)
			}
			encoded = encoded[4+n:]
		}
	}
}

// show returns the values of an encoded key as `name = value`, for a message.
func (k *keys) show(encoded []byte) string {
	w := newRowWriter(k.columns, 1)
	k.write(encoded, w)
	batch := w.batch(1)
	shown := make([]string, len(k.columns))
	for i, column := range k.columns {
		shown[i] = column.Name + " = " + showValue(column.Kind, &batch.Columns[i])
	}
	return strings.Join(shown, ", ")
}

// showValue returns the only value of a column of a key.
func showValue(kind Kind, c *Column) string {
	r := &RowReader{columns: []Column{*c}}
	switch {
	case r.IsNull():
		return "null"
	case kind == KindBoolean:
		return strconv.FormatBool(r.Bool())
	case kind == KindInt64:
		return strconv.FormatInt(r.Int64(), 10)
	case kind == KindTimestamp:
		return r.Timestamp().String()
	case kind == KindDate:
		return r.Date().String()
	default:
		return strconv.Quote(string(r.Bytes()))
	}
}
