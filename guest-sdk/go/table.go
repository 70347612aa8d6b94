package guest

import (
	"slices"
	"unsafe"
)

// table is the accumulator: states by key in the order in which their keys came, with undo of the current record.
type table[K comparable, S any] struct {
	states  *states
	keys    *keys
	zero    S // the identity, with the options of its parts
	index   []entry
	encoded []byte                 // the keys of all states, one after the other
	chunks  []*[chunkSlots]slot[S] // pointers to states stay valid while there come more
	count   int                    // of states
	drained int                    // of states, by the current drain
	record  uint64                 // the number of the current record
	// isWatched is whether an update with keep has to be followed: for faults, or to mark.
	isWatched bool
	settled   int        // the number of states before the current record
	touched   []*slot[S] // those of them that the record has changed
	saved     []uint64   // their words without pointers, before the record
}

// entry is a place of the index: open addressing, at least a quarter of the places free. It holds what is needed to compare
// a key, so that most of the waiting is for one place in memory.
type entry struct {
	hash     uint32
	number   uint32 // of the state, plus 1; 0 where the place is free
	keyStart uint32
}

type slot[S any] struct {
	state    S
	record   uint64 // the last record that touched it
	keyStart uint32
	hash     uint32
}

const (
	chunkSlots   = 64
	firstEntries = 1 << 10
)

func newTable[K comparable, S any](states *states, keys *keys, zero S) *table[K, S] {
	return &table[K, S]{
		states: states, keys: keys, zero: zero, index: make([]entry, firstEntries), record: 1,
		isWatched: len(states.faulties)+len(states.undoers) > 0,
	}
}

// at returns the state of a key, to be changed by the current record in a way that can be undone.
func (t *table[K, S]) at(key K) *S {
	s := t.find(unsafe.Pointer(&key))
	if s.record != t.record {
		t.touch(s)
	}
	return &s.state
}

// keep returns the state of a key, to be changed in a way that is not undone.
func (t *table[K, S]) keep(key K) *S {
	s := t.find(unsafe.Pointer(&key))
	if t.isWatched && s.record != t.record {
		s.record = t.record
		t.touched = append(t.touched, s)
		for i := range t.states.undoers {
			u := &t.states.undoers[i]
			u.mark(unsafe.Add(unsafe.Pointer(&s.state), u.offset))
		}
	}
	return &s.state
}

// find returns the place of a key's state, which is the identity if the key is new.
func (t *table[K, S]) find(key unsafe.Pointer) *slot[S] {
	n := t.keys.encode(key)
	scratch := unsafe.Pointer(unsafe.SliceData(t.keys.scratch))
	hash := hashBytes(scratch, n)
	mask := uint32(len(t.index) - 1)
	for at := hash & mask; ; at = (at + 1) & mask {
		e := &t.index[at]
		if e.number == 0 {
			return t.insert(n, hash, e)
		}
		if e.hash == hash && uintptr(e.keyStart)+n <= uintptr(len(t.encoded)) &&
			sameBytes(scratch, unsafe.Add(unsafe.Pointer(unsafe.SliceData(t.encoded)), e.keyStart), n) {
			return t.slot(e.number - 1)
		}
	}
}

// insert adds the state of the key in the scratch.
func (t *table[K, S]) insert(keyBytes uintptr, hash uint32, free *entry) *slot[S] {
	start := uint32(len(t.encoded))
	t.encoded = append(t.encoded, t.keys.scratch[:keyBytes]...)
	if t.count == len(t.chunks)*chunkSlots {
		t.chunks = append(t.chunks, new([chunkSlots]slot[S]))
	}
	s := t.slot(uint32(t.count))
	t.count++
	*s = slot[S]{state: t.zero, record: t.record, keyStart: start, hash: hash}
	*free = entry{hash: hash, number: uint32(t.count), keyStart: start}
	if t.count >= len(t.index)/4*3 {
		t.grow()
	}
	return s
}

// grow doubles the places of the index.
func (t *table[K, S]) grow() {
	t.index = make([]entry, 2*len(t.index))
	for number := range t.count {
		s := t.slot(uint32(number))
		t.index[t.free(s.hash)] = entry{hash: s.hash, number: uint32(number) + 1, keyStart: s.keyStart}
	}
}

// free returns the place for a new key.
func (t *table[K, S]) free(hash uint32) uint32 {
	mask := uint32(len(t.index) - 1)
	at := hash & mask
	for t.index[at].number != 0 {
		at = (at + 1) & mask
	}
	return at
}

func (t *table[K, S]) slot(number uint32) *slot[S] {
	return &t.chunks[number/chunkSlots][number%chunkSlots]
}

// touch prepares to undo what the record changes in a state.
func (t *table[K, S]) touch(s *slot[S]) {
	s.record = t.record
	t.touched = append(t.touched, s)
	p := unsafe.Pointer(&s.state)
	for i := range t.states.plain {
		plain := &t.states.plain[i]
		n := len(t.saved)
		t.saved = slices.Grow(t.saved, plain.words)[:n+plain.words]
		copyWords(unsafe.Pointer(&t.saved[n]), unsafe.Add(p, plain.offset), plain.words)
	}
	for i := range t.states.undoers {
		u := &t.states.undoers[i]
		u.mark(unsafe.Add(p, u.offset))
	}
}

// copyWords copies words in a loop: a copy by the runtime is a call of the host.
func copyWords(to, from unsafe.Pointer, words int) {
	for i := range uintptr(words) {
		store64(to, 8*i, load64(from, 8*i))
	}
}

// fault returns the reason for which the current record has to be rejected.
func (t *table[K, S]) fault() error {
	for _, s := range t.touched {
		if err := t.states.fault(unsafe.Pointer(&s.state)); err != nil {
			return err
		}
	}
	for number := t.settled; number < t.count; number++ {
		if err := t.states.fault(unsafe.Pointer(&t.slot(uint32(number)).state)); err != nil {
			return err
		}
	}
	return nil
}

// commit keeps the changes of the current record.
func (t *table[K, S]) commit() {
	t.touched, t.saved, t.settled = t.touched[:0], t.saved[:0], t.count
	t.record++
}

// rollback undoes the changes of the current record.
func (t *table[K, S]) rollback() {
	for t.count > t.settled {
		t.forget(t.slot(uint32(t.count - 1)))
	}
	for i := len(t.touched) - 1; i >= 0; i-- {
		p := unsafe.Pointer(&t.touched[i].state)
		for j := len(t.states.plain) - 1; j >= 0; j-- {
			plain := &t.states.plain[j]
			rest := len(t.saved) - plain.words
			copyWords(unsafe.Add(p, plain.offset), unsafe.Pointer(&t.saved[rest]), plain.words)
			t.saved = t.saved[:rest]
		}
		for j := range t.states.undoers {
			u := &t.states.undoers[j]
			u.undo(unsafe.Add(p, u.offset))
		}
	}
	t.commit()
}

// forget removes a state: the newest of all, so that no other one was moved in the index because of it.
func (t *table[K, S]) forget(s *slot[S]) {
	mask := uint32(len(t.index) - 1)
	at := s.hash & mask
	for t.index[at].number != uint32(t.count) {
		at = (at + 1) & mask
	}
	t.index[at] = entry{}
	t.encoded = t.encoded[:s.keyStart]
	*s = slot[S]{}
	t.count--
}

// key returns the encoded key of a state and those after it.
func (t *table[K, S]) key(number int) []byte { return t.encoded[t.slot(uint32(number)).keyStart:] }

// drain writes up to most states, and returns how many. After the last one, the table is empty. If the columns cannot hold
// a state, it returns the error; t.drained is then the number of the state.
func (t *table[K, S]) drain(most int, w *RowWriter) (int, error) {
	rows := min(most, t.count-t.drained)
	for range rows {
		p := unsafe.Pointer(&t.slot(uint32(t.drained)).state)
		for i := range t.states.undoers {
			u := &t.states.undoers[i]
			u.mark(unsafe.Add(p, u.offset))
		}
		if err := t.states.fits(p); err != nil {
			return 0, err
		}
		w.begin()
		t.keys.write(t.key(t.drained), w)
		t.states.save(p, w)
		t.drained++
	}
	if t.drained == t.count {
		clear(t.index)
		for _, chunk := range t.chunks[:(t.count+chunkSlots-1)/chunkSlots] {
			clear(chunk[:])
		}
		t.encoded, t.count, t.drained, t.settled = t.encoded[:0], 0, 0, 0
	}
	return rows, nil
}
