package guest

import (
	"errors"
	"runtime"
	"unsafe"
)

// The exports of the world backfold:pipeline/replayable@0.1.0, in the canonical ABI. Pointers of Go take 8 bytes on wasm,
// those of the contract 4: what crosses is laid out here in 32-bit words.

var opened Instance

var errNotOpened = errors.New("the component was not opened")

//go:wasmexport backfold:pipeline/pipeline@0.1.0#open
func exportOpen(p, n uint32) uint32 {
	params := make([][2]string, n)
	for i := range params {
		w := at[uint32](p+16*uint32(i), 4)
		params[i] = [2]string{string(at[byte](w[0], w[1])), string(at[byte](w[2], w[3]))}
	}
	err := errors.New("the program exports no pipeline: call guest.Export in an init function")
	if exported != nil {
		opened, err = exported.OpenInstance(params)
	}
	return answer(19, err, func(w answerWords) {
		d := opened.Descriptor()
		w.text(1, d.Name)
		w.text(3, d.Version)
		list(w, 5, d.Inputs, 6, func(w answerWords, in Input) {
			w.text(0, in.Name)
			w[2] = uint32(in.Origin)
			if in.Origin == OriginPath || in.Origin == OriginRecordHeader {
				w.text(3, in.At)
			}
			w[5] = uint32(in.Kind) | uint32(in.Encoding)<<8 | flag(in.Nullable)<<16
		})
		list(w, 7, d.Only, 4, func(w answerWords, c Condition) {
			w.text(0, c.Path)
			list(w, 2, c.AnyOf, 2, func(w answerWords, s string) { w.text(0, s) })
		})
		if d.EventTime != "" {
			w[9] = 1
			w.text(10, d.EventTime)
		}
		for i, outputs := range [][]Output{d.Keys, d.States, d.Views} {
			list(w, 12+2*i, outputs, 3, func(w answerWords, o Output) {
				w.text(0, o.Name)
				w[2] = uint32(o.Kind) | flag(o.Nullable)<<8
			})
		}
		w[18] = flag(d.Commutative)
	})
}

//go:wasmexport backfold:pipeline/pipeline@0.1.0#fold
func exportFold(rows, p, n uint32) uint32 {
	var rejections []Rejection
	err := errNotOpened
	if opened != nil {
		rejections, err = opened.Fold(lift(rows, p, n))
	}
	return answer(3, err, func(w answerWords) {
		list(w, 1, rejections, 3, func(w answerWords, r Rejection) {
			w[0] = uint32(r.Row)
			w.text(1, r.Reason)
		})
	})
}

//go:wasmexport backfold:pipeline/pipeline@0.1.0#drain
func exportDrain(maxRows uint32) uint32 {
	return answerBatch(func() (Batch, error) { return opened.Drain(int(maxRows)) })
}

//go:wasmexport backfold:pipeline/monoid@0.1.0#identity
func exportIdentity() uint32 {
	if opened == nil {
		panic(errNotOpened)
	}
	b, err := opened.Identity()
	if err != nil {
		panic(err) // the contract has no error here
	}
	w, p := newWords(3)
	w.batch(0, b)
	endCall()
	return p
}

//go:wasmexport backfold:pipeline/monoid@0.1.0#combine
func exportCombine(leftRows, leftP, leftN, rightRows, rightP, rightN uint32) uint32 {
	return answerBatch(func() (Batch, error) {
		return opened.Combine(lift(leftRows, leftP, leftN), lift(rightRows, rightP, rightN))
	})
}

//go:wasmexport backfold:pipeline/monoid@0.1.0#present
func exportPresent(rows, p, n uint32) uint32 {
	return answerBatch(func() (Batch, error) { return opened.Present(lift(rows, p, n)) })
}

func answerBatch(call func() (Batch, error)) uint32 {
	var b Batch
	err := errNotOpened
	if opened != nil {
		b, err = call()
	}
	return answer(4, err, func(w answerWords) { w.batch(1, b) })
}

// The collector does not move what it keeps: arguments are kept until their call ends, answers until the next one ends.
var (
	arguments [][]uint64
	answers   []unsafe.Pointer
)

func endCall() {
	clear(arguments)
	arguments = arguments[:0]
	// The collector's workers run only while other goroutines give way. Without this, a call that hardly allocates lets a
	// cycle go on for ever, and nothing that is allocated during it is freed.
	runtime.Gosched()
}

//go:wasmexport cabi_realloc
func exportRealloc(old unsafe.Pointer, oldSize, align, size uint32) unsafe.Pointer {
	if size == 0 {
		return pointer(align)
	}
	memory := make([]uint64, (size+7)/8)
	p := unsafe.Pointer(unsafe.SliceData(memory))
	if oldSize > 0 {
		copy(unsafe.Slice((*byte)(p), size), unsafe.Slice((*byte)(old), oldSize))
	}
	arguments = append(arguments, memory)
	return p
}

// pointer returns an address of the contract as a pointer.
func pointer(address uint32) unsafe.Pointer {
	p := uintptr(address)
	return *(*unsafe.Pointer)(unsafe.Pointer(&p))
}

// at returns n values of an argument.
func at[T any](p, n uint32) []T {
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*T)(pointer(p)), n)
}

func lift(rows, p, n uint32) Batch {
	b := Batch{Rows: int(rows), Columns: make([]Column, n)}
	for i := range b.Columns {
		w := at[uint32](p+uint32(i)*32, 8)
		c := &b.Columns[i]
		c.Values = at[byte](w[0], w[1])
		if w[2]&0xff != 0 {
			c.Offsets = at[uint32](w[3], w[4]/4)
		}
		if w[5]&0xff != 0 {
			c.Validity = unsafe.Slice((*byte)(pointer(w[6])), w[7])
		}
	}
	return b
}

// answerWords is a part of an answer, in the words of the contract's memory.
type answerWords []uint32

func newWords(n int) (answerWords, uint32) {
	w := make([]uint32, n)
	return w, keep(unsafe.Pointer(unsafe.SliceData(w)))
}

// answer ends a call: it lays out a result of n words.
func answer(n int, err error, ok func(answerWords)) uint32 {
	clear(answers)
	answers = answers[:0]
	w, p := newWords(n)
	if err != nil {
		w[0] = 1
		w.text(1, err.Error())
	} else {
		ok(w)
	}
	endCall()
	return p
}

// keep keeps memory until the end of the next call, and returns its address.
func keep(p unsafe.Pointer) uint32 {
	if p == nil {
		return 8
	}
	answers = append(answers, p)
	return uint32(uintptr(p))
}

func (w answerWords) text(at int, s string) {
	w[at], w[at+1] = 8, uint32(len(s))
	if len(s) > 0 {
		w[at] = keep(unsafe.Pointer(unsafe.StringData(s)))
	}
}

func (w answerWords) bytes(at int, b []byte) { w.text(at, unsafe.String(unsafe.SliceData(b), len(b))) }

func (w answerWords) batch(at int, b Batch) {
	w[at] = uint32(b.Rows)
	list(w, at+1, b.Columns, 8, func(w answerWords, c Column) {
		w.bytes(0, c.Values)
		if c.Offsets != nil {
			w[2] = 1
			w.bytes(3, unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(c.Offsets))), 4*len(c.Offsets)))
		}
		if c.Validity != nil {
			w[5] = 1
			w.bytes(6, c.Validity)
		}
	})
}

// list lays out a list of items of some words each.
func list[T any](w answerWords, at int, items []T, size int, put func(answerWords, T)) {
	all, p := newWords(len(items) * size)
	for i, item := range items {
		put(all[i*size:][:size], item)
	}
	w[at], w[at+1] = p, uint32(len(items))
}

func flag(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}
