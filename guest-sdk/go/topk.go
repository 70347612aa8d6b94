package guest

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// TopK is the items with the highest scores, each with its highest score; of equal scores the item that is first in the
// order of bytes. The option k=N in its field's tag is their number.
//
// A score has to be final as it stands in a record (the value of an order, a latency), not a count that adds up over
// records: an item that is left out here, since N others have a higher score, is left out of any union. With counts
// that would be wrong; CountMin has no such flaw.
//
// The state column holds, best first, each item's score (8 bytes, little-endian), its length (4 bytes) and its UTF-8.
type TopK struct {
	ranks   []Ranked // best first
	k       int
	eager   bool
	pending pending[Ranked]
}

// Ranked is an item with its score.
type Ranked struct {
	Item  string
	Score int64
}

func (r Ranked) compare(other Ranked) int {
	return cmp.Or(cmp.Compare(other.Score, r.Score), strings.Compare(r.Item, other.Item))
}

func (t *TopK) configure(tag tag) (err error) {
	t.k, err = tag.number("k", 0, 1, 1<<20)
	return err
}

// Insert inserts an item with its score.
func (t *TopK) Insert(score int64, item string) {
	if r := (Ranked{item, score}); !t.has(r) {
		r.Item = strings.Clone(item)
		t.pending.insert(r)
		if t.eager {
			t.Mark()
		}
	}
}

func (t *TopK) setEager() { t.eager = true }

func (t *TopK) find(item string) int {
	return slices.IndexFunc(t.ranks, func(r Ranked) bool { return r.Item == item })
}

// has is whether inserting this changes nothing.
func (t *TopK) has(r Ranked) bool {
	if len(t.ranks) == t.k && r.compare(t.ranks[t.k-1]) > 0 {
		return true
	}
	at := t.find(r.Item)
	return at >= 0 && t.ranks[at].Score >= r.Score
}

func (t *TopK) absorb(r Ranked) {
	if t.has(r) {
		return
	}
	if at := t.find(r.Item); at >= 0 {
		t.ranks = slices.Delete(t.ranks, at, at+1)
	}
	at, _ := slices.BinarySearchFunc(t.ranks, r, Ranked.compare)
	t.ranks = slices.Insert(t.ranks, at, r)
	if len(t.ranks) > t.k {
		t.ranks[t.k] = Ranked{}
		t.ranks = t.ranks[:t.k]
	}
}

// Mark implements Undoer.
func (t *TopK) Mark() {
	if t.pending.any {
		t.absorb(t.pending.first)
		for _, r := range t.pending.rest {
			t.absorb(r)
		}
		t.pending.forget()
	}
}

// Undo implements Undoer.
func (t *TopK) Undo() { t.pending.forget() }

func (t *TopK) settled() *TopK {
	if !t.pending.any {
		return t
	}
	whole := &TopK{ranks: slices.Clone(t.ranks), k: t.k, pending: t.pending}
	whole.pending.rest = slices.Clone(t.pending.rest)
	whole.Mark()
	return whole
}

// Items returns the items with their scores, best first.
func (t *TopK) Items() []Ranked { return slices.Clone(t.settled().ranks) }

// Columns implements Monoid.
func (t *TopK) Columns(name string) []Output { return []Output{{Name: name, Kind: KindBinary}} }

// Commutative implements Monoid.
func (t *TopK) Commutative() bool { return true }

// Combine implements Monoid.
func (t *TopK) Combine(right Monoid) error {
	t.Mark()
	for _, r := range right.(*TopK).settled().ranks {
		t.absorb(r)
	}
	return nil
}

// Save implements Monoid.
func (t *TopK) Save(row *RowWriter) {
	var out []byte
	for _, r := range t.settled().ranks {
		out = binary.LittleEndian.AppendUint64(out, uint64(r.Score))
		out = appendText(out, r.Item)
	}
	row.Bytes(out)
}

// Load implements Monoid.
func (t *TopK) Load(row *RowReader) {
	c := &cursor{sketch: "TopK", rest: row.Bytes()}
	for len(c.rest) > 0 {
		r := Ranked{Score: int64(c.u64())}
		r.Item = string(c.text())
		n := len(t.ranks)
		isInOrder := n == 0 || t.ranks[n-1].compare(r) < 0
		if c.err != nil || !utf8.ValidString(r.Item) || !isInOrder || n == t.k || t.find(r.Item) >= 0 {
			row.Fail("not the items of the highest scores")
			return
		}
		t.ranks = append(t.ranks, r)
	}
}

func (*TopK) handles() handles {
	return handles{
		as:   func(p unsafe.Pointer) Monoid { return (*TopK)(p) },
		mark: func(p unsafe.Pointer) { (*TopK)(p).Mark() },
		undo: func(p unsafe.Pointer) { (*TopK)(p).Undo() },
	}
}
