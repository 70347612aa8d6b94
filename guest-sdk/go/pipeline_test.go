package guest

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unsafe"
)

type visit struct {
	At   Timestamp `backfold:",time"`
	Page string
	User string
	MS   int64
}

type visits struct {
	At   []Timestamp `backfold:",time"`
	Page Strings
	User Nullable[Strings]
	MS   []int64
}

type pageDay struct {
	Page string
	Day  Date
}

type pageStats struct {
	Views   Sum
	TotalMS Sum
	Longest Max[int64]
	Latency DDSketch
	Users   HLL
}

// visitBatch is rows with pages p0 to p(pages-1).
func visitBatch(rows, pages int) Batch {
	at, page, user, ms := newBuilder(KindTimestamp, rows), newBuilder(KindUTF8, rows), newBuilder(KindUTF8, rows), newBuilder(KindInt64, rows)
	for row := range rows {
		at.word(uint64(row%3) * microsecondsPerDay)
		page.text(fmt.Sprint("p", row%pages))
		user.text(fmt.Sprint("u", row%7))
		ms.word(uint64(row))
	}
	return Batch{Rows: rows, Columns: []Column{at.Column, page.Column, user.Column, ms.Column}}
}

func openVisits(t testing.TB, fold func(*visit, *Out[pageDay, pageStats]) error) Instance {
	p := New[visit, pageDay, pageStats]("visits", "0.1.0")
	p.Fold = fold
	return mustOpen(t, p)
}

func mustOpen(t testing.TB, p Opener) Instance {
	t.Helper()
	i, err := p.OpenInstance(nil)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func foldVisit(e *visit, out *Out[pageDay, pageStats]) error {
	s := out.At(pageDay{e.Page, e.At.Date()})
	s.Views.Add(1)
	s.TotalMS.Add(e.MS)
	s.Longest.Insert(e.MS)
	s.Latency.Insert(float64(e.MS % 5))
	s.Users.Insert(e.User)
	if e.MS%10 == 3 {
		return Reject("it ends in 3")
	}
	return nil
}

func foldVisits(v *visits, rows *Rows[pageDay, pageStats]) error {
	for row, ms := range v.MS {
		if ms%10 == 3 {
			rows.Reject(row, "it ends in 3")
			continue
		}
		s := rows.At(row, pageDay{v.Page.At(row), v.At[row].Date()})
		s.Views.Add(1)
		s.TotalMS.Add(ms)
		s.Longest.Insert(ms)
		s.Latency.Insert(float64(ms % 5))
		if v.User.Valid(row) {
			s.Users.Insert(v.User.Column.At(row))
		}
	}
	return nil
}

func TestBothFormsGiveTheSameStates(t *testing.T) {
	p := New[visits, pageDay, pageStats]("visits", "0.1.0")
	p.FoldColumns = foldVisits
	byRow, byColumn := openVisits(t, foldVisit), mustOpen(t, p)
	for range 3 {
		for range 2 {
			batch := visitBatch(3000, 900)
			a, err := byRow.Fold(batch)
			if err != nil {
				t.Fatal(err)
			}
			b, err := byColumn.Fold(batch)
			if err != nil {
				t.Fatal(err)
			}
			if len(a) != 300 || !reflect.DeepEqual(a, b) {
				t.Fatalf("%d and %d rejections", len(a), len(b))
			}
		}
		rows := 0
		for {
			a, err := byRow.Drain(256)
			if err != nil {
				t.Fatal(err)
			}
			b, err := byColumn.Drain(256)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(a, b) {
				t.Fatal("the drained states differ")
			}
			if rows += a.Rows; a.Rows < 256 {
				break
			}
		}
		// 900 pages, each on one of three days; those of rows that end in 3 alone are left out.
		if rows != 810 {
			t.Fatalf("%d states", rows)
		}
	}
}

func TestRowsAreUpdatedInOrder(t *testing.T) {
	for name, fold := range map[string]func(v *visits, rows *Rows[pageDay, pageStats]) error{
		"backwards": func(v *visits, rows *Rows[pageDay, pageStats]) error {
			rows.At(1, pageDay{})
			rows.At(0, pageDay{})
			return nil
		},
		"after its rejection": func(v *visits, rows *Rows[pageDay, pageStats]) error {
			rows.Reject(1, "no")
			rows.At(1, pageDay{})
			return nil
		},
		"rejected after an update": func(v *visits, rows *Rows[pageDay, pageStats]) error {
			rows.At(1, pageDay{})
			rows.Reject(1, "no")
			return nil
		},
		"beyond the batch": func(v *visits, rows *Rows[pageDay, pageStats]) error {
			rows.Reject(rows.Len(), "no")
			return nil
		},
	} {
		p := New[visits, pageDay, pageStats]("visits", "0.1.0")
		p.FoldColumns = fold
		if _, err := mustOpen(t, p).Fold(visitBatch(3, 2)); err == nil || !strings.HasPrefix(err.Error(), "panic: guest: row ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestANumberThatIsNotFiniteLeavesABatchOfColumnsVoid(t *testing.T) {
	p := New[visits, pageDay, pageStats]("visits", "0.1.0")
	p.FoldColumns = func(v *visits, rows *Rows[pageDay, pageStats]) error {
		for row := range v.MS {
			rows.At(row, pageDay{}).Latency.Insert(1 / float64(1-row))
		}
		return nil
	}
	if _, err := mustOpen(t, p).Fold(visitBatch(3, 2)); err == nil || !strings.HasPrefix(err.Error(), "panic: row 1: latency: the number is not finite") {
		t.Error(err)
	}
}

func TestARowAllocatesNothing(t *testing.T) {
	const rows = 8192
	batch := visitBatch(rows, 100)
	accept := func(e *visit, out *Out[pageDay, pageStats]) error {
		e.MS -= e.MS % 10
		return foldVisit(e, out)
	}
	i := openVisits(t, accept)
	fold := func() {
		if rejections, err := i.Fold(batch); err != nil || len(rejections) > 0 {
			t.Fatal(err, rejections)
		}
	}
	fold() // makes the states
	if allocations := testing.AllocsPerRun(10, fold); allocations > 10 {
		t.Errorf("%v allocations for %d rows", allocations, rows)
	}
}

func TestPanicsBecomeErrorsWithTheFramesOfTheProgram(t *testing.T) {
	for want, fold := range map[string]func(*visit, *Out[pageDay, pageStats]) error{
		"panic: no page may be called poison": func(*visit, *Out[pageDay, pageStats]) error { panic("no page may be called poison") },
		"panic: wrong":                        func(*visit, *Out[pageDay, pageStats]) error { panic(errors.New("wrong")) },
		"runtime error: index out of range [9] with length 2": func(e *visit, _ *Out[pageDay, pageStats]) error {
			_ = e.Page[len(e.Page)+7]
			return nil
		},
		"error: no rejection":                     func(*visit, *Out[pageDay, pageStats]) error { return errors.New("no rejection") },
		"*guest.custom: an error of its own type": func(*visit, *Out[pageDay, pageStats]) error { return &custom{} },
	} {
		_, err := openVisits(t, fold).Fold(visitBatch(1, 1))
		if err == nil || strings.SplitN(err.Error(), "\n", 2)[0] != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

type custom struct{}

func (*custom) Error() string { return "an error of its own type" }

func TestEventsCannotBeFoldedBetweenDrains(t *testing.T) {
	i := openVisits(t, foldVisit)
	if _, err := i.Fold(visitBatch(9, 9)); err != nil {
		t.Fatal(err)
	}
	if b, err := i.Drain(2); err != nil || b.Rows != 2 {
		t.Fatal(b.Rows, err)
	}
	if _, err := i.Fold(visitBatch(1, 1)); err == nil {
		t.Error("events were folded")
	}
	if b, err := i.Drain(100); err != nil || b.Rows != 6 {
		t.Fatal(b.Rows, err)
	}
	if _, err := i.Fold(visitBatch(1, 1)); err != nil {
		t.Error(err)
	}
	if _, err := i.Fold(Batch{}); err == nil {
		t.Error("a batch without columns was folded")
	}
	empty := visitBatch(0, 1)
	if rejections, err := i.Fold(empty); err != nil || len(rejections) != 0 {
		t.Error(rejections, err)
	}
}

func TestMalformedStatesAreRefused(t *testing.T) {
	i := openVisits(t, foldVisit)
	identity, err := i.Identity()
	if err != nil {
		t.Fatal(err)
	}
	for column := range identity.Columns {
		bad := Batch{Rows: 1, Columns: append([]Column(nil), identity.Columns...)}
		bad.Columns[column].Values = []byte{9}
		if bad.Columns[column].Offsets != nil {
			bad.Columns[column].Offsets = []uint32{0, 1}
		}
		if _, err := i.Combine(identity, bad); err == nil || !strings.Contains(err.Error(), "right") {
			t.Errorf("column %d: %v", column, err)
		}
	}
	if _, err := i.Combine(identity, Batch{}); err == nil {
		t.Error("one state was combined with none")
	}
}

func TestKeysAreKeptApart(t *testing.T) {
	type key struct {
		Text string
		May  Null[string]
		N    Null[int64]
		Bool bool
		Day  Date
	}
	columns, fields, err := outputs(reflect.TypeFor[key](), "the key")
	if err != nil {
		t.Fatal(err)
	}
	layout := newKeys(columns, fields)
	all := []key{
		{}, {Text: "a"}, {Text: "ab"}, {Text: "a longer text 1"}, {Text: "a longer text 2"}, {Text: "a longer text 12"},
		{May: Some("")}, {May: Some("a")}, {Text: "a", May: Some("b")}, {N: Some(int64(0))}, {N: Some(int64(1) << 53)}, {Bool: true},
		{Day: 1}, {Day: -1}, {Text: "1234567"}, {Text: "12345678"}, {Text: "123456789"}, {Text: "\x00"},
	}
	encode := func(k key) string { return string(layout.scratch[:layout.encode(unsafe.Pointer(&k))]) }
	hashes, encodings := map[uint32]bool{}, map[string]bool{}
	for _, k := range all {
		encoded := encode(k)
		k.Text = strings.Clone(k.Text)
		if encode(k) != encoded {
			t.Errorf("%+v has two encodings", k)
		}
		encodings[encoded] = true
		hashes[hashBytes(unsafe.Pointer(unsafe.StringData(encoded)), uintptr(len(encoded)))] = true
		w := newRowWriter(columns, 1)
		layout.write([]byte(encoded), w)
		again := newRowWriter(columns, 1)
		write(fields, unsafe.Pointer(&k), again)
		if !reflect.DeepEqual(w.batch(1), again.batch(1)) {
			t.Errorf("%+v is not written as it was encoded", k)
		}
	}
	if len(encodings) != len(all) || len(hashes) != len(all) {
		t.Errorf("%d keys have %d encodings and %d hashes", len(all), len(encodings), len(hashes))
	}
	for a := range encodings {
		for b := range encodings {
			if a != b && strings.HasPrefix(a, b) {
				t.Errorf("%x begins with %x", a, b)
			}
		}
	}
	// Whatever stands where there is no value, the key is the same.
	if encode(key{N: Null[int64]{V: 1}}) != encode(key{}) {
		t.Error("two keys without a value differ")
	}
	long := key{Text: strings.Repeat("é", 5000), May: Some(strings.Repeat("x", 777)), N: Some(int64(5))}
	if encoded := encode(long); len(encoded) != 4+10000+1+4+777+1+8+1+4 || encoded[4:10004] != long.Text {
		t.Errorf("a long key takes %d bytes", len(encoded))
	}
}
