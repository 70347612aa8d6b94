package guest

import (
	"encoding/binary"
	"fmt"
)

// cursor reads the bytes of a state; every read checks what is left. After the first error it returns zero values.
type cursor struct {
	sketch string
	rest   []byte
	err    error
}

func (c *cursor) fail(reason string) {
	if c.err == nil {
		c.err = fmt.Errorf("not a canonical %s state: %s", c.sketch, reason)
		c.rest = nil
	}
}

// take returns the next n bytes, or zeros.
func (c *cursor) take(n int) []byte {
	if len(c.rest) < n {
		c.fail("cut short")
		return make([]byte, min(n, 64))
	}
	taken := c.rest[:n]
	c.rest = c.rest[n:]
	return taken
}

func (c *cursor) u8() uint8   { return c.take(1)[0] }
func (c *cursor) u32() uint32 { return binary.LittleEndian.Uint32(c.take(4)) }
func (c *cursor) u64() uint64 { return binary.LittleEndian.Uint64(c.take(8)) }

// text returns bytes that follow their length of 32 bits.
func (c *cursor) text() []byte {
	n := c.u32()
	if uint64(n) > uint64(len(c.rest)) {
		c.fail("cut short")
		return nil
	}
	return c.take(int(n))
}

// varint returns LEB128 of at most 64 bits in its shortest form.
func (c *cursor) varint() uint64 {
	var value uint64
	for shift := 0; shift < 64; shift += 7 {
		b := c.u8()
		if shift == 63 && b > 1 {
			break
		}
		value |= uint64(b&0x7f) << shift
		if b&0x80 == 0 {
			if b == 0 && shift > 0 {
				c.fail("a number is not in its shortest form")
				return 0
			}
			return value
		}
	}
	c.fail("a number exceeds 64 bits")
	return 0
}

// appendText appends a length of 32 bits and that many bytes.
func appendText(out []byte, text string) []byte {
	out = binary.LittleEndian.AppendUint32(out, uint32(len(text)))
	return append(out, text...)
}

// pending is values that the current record has inserted, held back until the record is kept: most records insert one.
type pending[V any] struct {
	first V
	rest  []V
	any   bool
}

func (p *pending[V]) insert(value V) {
	if !p.any {
		p.first, p.any = value, true
		return
	}
	p.rest = append(p.rest, value)
}

func (p *pending[V]) forget() {
	p.any, p.rest = false, p.rest[:0]
}
