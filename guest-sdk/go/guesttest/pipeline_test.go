package guesttest_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"backfold.dev/guest"
	"backfold.dev/guest/guesttest"
)

// Everything reads every kind, present or not.
type Everything struct {
	At      guest.Timestamp `backfold:"ts,time,encoding=epoch-milliseconds"`
	Bool    bool            `backfold:"a.b"`
	Int     int64           `backfold:"a\\.i"`
	Float   float64
	Date    guest.Date
	Text    string
	Bytes   []byte     `backfold:"hex,encoding=hex"`
	JSON    guest.JSON `backfold:"json"`
	MayBool guest.Null[bool]
	MayInt  guest.Null[int64]
	MayText guest.Null[string]
	MayDate guest.Null[guest.Date]
	Payload guest.Binary           `backfold:",payload"`
	Key     guest.Null[string]     `backfold:",record-key"`
	Trace   guest.Null[[]byte]     `backfold:",record-header=trace-id"`
	Written guest.Timestamp        `backfold:",record-time"`
	Source  string                 `backfold:",source-name"`
	Part    guest.Null[int64]      `backfold:",partition"`
	Ordinal int64                  `backfold:",offset"`
	Dotted  guest.Null[guest.JSON] `backfold:"with\\,comma"`
}

type EverythingKey struct {
	Text    string
	MayText guest.Null[string]
	Raw     guest.Binary
	Int     int64
	Bool    bool
	Day     guest.Date
	MayDay  guest.Null[guest.Date]
	At      guest.Timestamp
}

type Inner struct {
	Least    guest.Min[float64]
	Greatest guest.Max[guest.Date]
}

type EverythingState struct {
	Sum     guest.Sum
	Exact   guest.FloatSum
	Inner   Inner
	Any     guest.Any
	All     guest.All
	First   guest.First[string]
	Last    guest.Last[guest.Binary]
	Top     guest.TopK            `backfold:",k=2"`
	Texts   guest.Set[string]     `backfold:"all_texts,max=2"`
	Days    guest.Set[guest.Date] `backfold:",max=9"`
	Hll     guest.HLL             `backfold:",lg_k=4"`
	Theta   guest.Theta           `backfold:",lg_k=5"`
	Count   guest.CountMin        `backfold:",width=16,depth=2"`
	Latency guest.DDSketch        `backfold:",per_mille=20"`
	Gcd     GCD
}

type EverythingView struct {
	Sum2    int64 `backfold:"sum_again"`
	Half    float64
	Ok      bool
	Name    guest.Null[string]
	Bytes   []byte
	When    guest.Timestamp
	Shown   guest.Date
	Doc     guest.JSON
	Nothing guest.Null[int64]
}

// GCD is a monoid of the program.
type GCD struct{ n int64 }

func (g *GCD) Insert(n int64) {
	for n != 0 {
		g.n, n = n, g.n%n
	}
}

func (g *GCD) Columns(name string) []guest.Output {
	return []guest.Output{{Name: name, Kind: guest.KindInt64}}
}
func (g *GCD) Commutative() bool                { return true }
func (g *GCD) Combine(right guest.Monoid) error { g.Insert(right.(*GCD).n); return nil }
func (g *GCD) Save(row *guest.RowWriter)        { row.Int64(g.n) }
func (g *GCD) Load(row *guest.RowReader)        { g.n = row.Int64() }

func everything() *guest.Pipeline[Everything, EverythingKey, EverythingState] {
	p := guest.New[Everything, EverythingKey, EverythingState]("everything", "1.2.3")
	least := int64(0)
	p.Open = func(params *guest.Params) error {
		least = guest.Default(params, "least", int64(-100))
		if least > 100 {
			return errors.New("least is at most 100")
		}
		return nil
	}
	p.Fold = func(e *Everything, out *guest.Out[EverythingKey, EverythingState]) error {
		s := out.At(EverythingKey{
			Text: e.Text, MayText: e.MayText, Raw: guest.Binary(e.Bytes), Int: e.Int, Bool: e.Bool, Day: e.Date, MayDay: e.MayDate,
			At: e.At.Truncate(3600),
		})
		s.Sum.Add(e.Int)
		s.Exact.Add(e.Float)
		s.Inner.Least.Insert(e.Float)
		s.Inner.Greatest.Insert(e.Date)
		s.Any.Insert(e.MayBool.Or(false))
		s.All.Insert(e.MayBool.Or(true))
		s.First.Insert(e.At, string(e.JSON))
		s.Last.Insert(e.At, e.Payload)
		s.Top.Insert(e.MayInt.V, string(e.JSON))
		s.Texts.Insert(string(e.JSON))
		s.Days.Insert(e.Date)
		s.Hll.InsertFloat64(e.Float)
		s.Theta.Insert(string(e.JSON))
		s.Count.Insert(string(e.JSON))
		s.Latency.Insert(e.Float)
		s.Gcd.Insert(e.Int)
		if e.MayInt.Valid && e.MayInt.V < least {
			return guest.Rejectf("%d is below %d", e.MayInt.V, least)
		}
		return nil
	}
	guest.Present(p, func(s *EverythingState) EverythingView {
		name, ok := s.First.Value()
		return EverythingView{
			Sum2: s.Sum.Value(), Half: 0.5, Ok: true, Name: guest.Null[string]{V: name, Valid: ok}, Bytes: []byte{0, 255}, When: 7,
			Shown: guest.Day(2026, 1, 3), Doc: `{"a":1}`,
		}
	})
	return p
}

func record(extra string) string {
	return `{"ts": 1767441600001, "a": {"b": true}, "a.i": 9007199254740993, "float": 2.5, "date": "2026-01-03", "text": "Grüße, 世界", ` +
		`"hex": "00ff", "json": {"x": [1, 2.50]}` + extra + `}`
}

var recordKey = EverythingKey{
	Text: "Grüße, 世界", Raw: "\x00\xff", Int: 9007199254740993, Bool: true, Day: guest.Day(2026, 1, 3), At: 1767441600000000,
}

func TestEveryKindIsReadAndWritten(t *testing.T) {
	folded := guesttest.FoldJSON(t, everything(), nil, record(""), record(`, "may_bool": false, "may_int": 4`))
	s := folded.State(recordKey)
	if s == nil || folded.Len() != 1 || len(folded.Rejections) != 0 {
		t.Fatalf("%d keys, rejected: %v", folded.Len(), folded.Rejections)
	}
	if got := s.Sum.Value(); got != 2*9007199254740993 {
		t.Errorf("the sum is %d", got)
	}
	if s.Any.Value() || s.All.Value() || s.Exact.Value() != 5 || s.Gcd.n != 9007199254740993 {
		t.Errorf("any %v, all %v, exact sum %v, gcd %v", s.Any.Value(), s.All.Value(), s.Exact.Value(), s.Gcd.n)
	}
	at, first, _ := s.First.Get()
	if first != `{"x": [1, 2.50]}` || at != 1767441600001000 {
		t.Errorf("first: %s at %v", first, at)
	}
	if last, _ := s.Last.Value(); last != guest.Binary(record("")) { // of two at a time, the greatest
		t.Errorf("last payload: %s", last)
	}
	want := map[string]any{
		"sum_again": int64(2 * 9007199254740993), "half": 0.5, "ok": true, "name": first, "bytes": []byte{0, 255},
		"when": guest.Timestamp(7), "shown": guest.Day(2026, 1, 3), "doc": guest.JSON(`{"a":1}`), "nothing": nil,
	}
	if view := folded.View(recordKey); !reflect.DeepEqual(view, want) {
		t.Errorf("view %v, want %v", view, want)
	}
}

func TestDescriptor(t *testing.T) {
	d := guesttest.FoldJSON(t, everything(), nil).Descriptor
	var inputs, states []string
	for _, in := range d.Inputs {
		inputs = append(inputs, fmt.Sprint(in.Name, " ", in.Origin, " ", in.At, " ", in.Kind, " ", in.Encoding, " ", in.Nullable))
	}
	want := []string{
		"at 0 ts timestamp 2 false", "bool 0 a.b boolean 0 false", `int 0 a\.i int64 0 false`, "float 0 float float64 0 false",
		"date 0 date date 0 false", "text 0 text utf8 0 false", "bytes 0 hex binary 5 false", "json 0 json json 0 false",
		"may_bool 0 may_bool boolean 0 true", "may_int 0 may_int int64 0 true", "may_text 0 may_text utf8 0 true",
		"may_date 0 may_date date 0 true", "payload 1  binary 0 false", "key 2  utf8 0 true", "trace 3 trace-id binary 0 true",
		"written 4  timestamp 0 false", "source 5  utf8 0 false", "part 6  int64 0 true", "ordinal 7  int64 0 false",
		"dotted 0 with,comma json 0 true",
	}
	if !reflect.DeepEqual(inputs, want) {
		t.Errorf("inputs:\n%s\nwant:\n%s", strings.Join(inputs, "\n"), strings.Join(want, "\n"))
	}
	for _, out := range d.States {
		states = append(states, fmt.Sprint(out.Name, " ", out.Kind, " ", out.Nullable))
	}
	want = []string{
		"sum int64 false", "exact binary false", "inner_least float64 true", "inner_greatest date true", "any boolean false",
		"all boolean false", "first utf8 true", "first_at timestamp true", "last binary true", "last_at timestamp true",
		"top binary false", "all_texts binary false", "days binary false", "hll binary false", "theta binary false",
		"count binary false", "latency binary false", "gcd int64 false",
	}
	if !reflect.DeepEqual(states, want) {
		t.Errorf("states:\n%s", strings.Join(states, "\n"))
	}
	if d.EventTime != "at" || !d.Commutative || d.Name != "everything" || d.Version != "1.2.3" {
		t.Errorf("%+v", d)
	}
}

func TestARejectedRecordLeavesNoTrace(t *testing.T) {
	low := record(`, "may_int": -101, "float": 1e300`)
	for _, records := range [][]any{
		{record(""), low, record("")},
		{low, record(""), record("")},
		{record(""), record(""), low, low},
	} {
		with := guesttest.FoldJSON(t, everything(), nil, records...)
		if len(with.Rejections) == 0 || with.Rejections[0].Reason != "-101 is below -100" {
			t.Fatalf("rejected: %v", with.Rejections)
		}
		without := guesttest.FoldJSON(t, everything(), nil, record(""), record(""))
		if a, b := columns(t, with), columns(t, without); a != b {
			t.Errorf("with the rejected record:\n%s\nwithout:\n%s", a, b)
		}
	}
}

// columns are the state columns of recordKey.
func columns(t *testing.T, f *guesttest.Folded[EverythingKey, EverythingState]) string {
	t.Helper()
	state := f.State(recordKey)
	if state == nil {
		t.Fatal("there is no state")
	}
	exact := state.Exact.AppendBinary(nil)
	return fmt.Sprintf("%v %x %x %x %x %x %v %v %v %+v", state.Sum, exact, state.Hll.AppendBinary(nil), state.Theta.AppendBinary(nil),
		state.Count.AppendBinary(nil), state.Latency.AppendBinary(nil), state.Top.Items(), state.Texts.Values(), state.Gcd, state.Inner)
}

func TestTheLawsHoldForEveryMonoid(t *testing.T) {
	guesttest.Laws(t, everything(), nil, func(r *rand.Rand) any {
		e := map[string]any{
			"ts": r.IntN(5) * 1000, "a": map[string]any{"b": r.IntN(2) == 0}, "a.i": r.IntN(3), "float": float64(r.IntN(9)) - 0.1,
			"date": fmt.Sprintf("2026-01-%02d", 1+r.IntN(2)), "text": []string{"", "a", "é"}[r.IntN(3)], "hex": "00", "json": r.IntN(40),
		}
		if r.IntN(2) == 0 {
			e["may_int"] = r.IntN(230) - 115
			e["may_bool"] = r.IntN(2) == 0
		}
		return e
	})
}

func TestRecordsThatDoNotDecodeAreRejected(t *testing.T) {
	folded := guesttest.FoldJSON(t, everything(), nil, `{"ts": 1}`, strings.Replace(record(""), "9007199254740993", "1.5", 1))
	want := []guest.Rejection{{Row: 0, Reason: "a.b: missing"}, {Row: 1, Reason: `a\.i: 1.5 is no int64`}}
	if !reflect.DeepEqual(folded.Rejections, want) {
		t.Errorf("rejected: %v", folded.Rejections)
	}
}

func TestParameters(t *testing.T) {
	folded := guesttest.FoldJSON(t, everything(), map[string]string{"least": "5"}, record(`, "may_int": 4`))
	if len(folded.Rejections) != 1 || folded.Rejections[0].Reason != "4 is below 5" {
		t.Errorf("rejected: %v", folded.Rejections)
	}
	for params, want := range map[[2]string]string{
		{"least", "many"}: `the parameter least = "many" is of no use: strconv.ParseInt: parsing "many": invalid syntax`,
		{"least", "101"}:  "least is at most 100",
		{"lest", "1"}:     "the parameter lest is not known; the pipeline takes least",
	} {
		if _, err := everything().OpenInstance([][2]string{params}); err == nil || err.Error() != want {
			t.Errorf("%v: %v, want %s", params, err, want)
		}
	}
}

func TestNumbersThatAreNotFiniteAreRejected(t *testing.T) {
	p := guest.New[struct{ X int64 }, struct{ Y int64 }, struct {
		Count guest.Sum
		Exact guest.FloatSum
		Dd    guest.DDSketch
	}]("finite", "0.0.0")
	p.Fold = func(e *struct{ X int64 }, out *guest.Out[struct{ Y int64 }, struct {
		Count guest.Sum
		Exact guest.FloatSum
		Dd    guest.DDSketch
	}]) error {
		s := out.At(struct{ Y int64 }{0})
		s.Count.Add(1)
		s.Dd.Insert(10 / float64(e.X))
		s.Exact.Add(math.Sqrt(float64(e.X)))
		return nil
	}
	folded := guesttest.FoldJSON(t, p, nil, `{"x": 4}`, `{"x": 0}`, `{"x": -4}`, `{"x": 25}`)
	if want := []guest.Rejection{{Row: 1, Reason: "dd: the number is not finite"}, {Row: 2, Reason: "exact: the number is not finite"}}; !reflect.DeepEqual(folded.Rejections, want) {
		t.Errorf("rejected: %v", folded.Rejections)
	}
	s := folded.State(struct{ Y int64 }{0})
	if s.Count.Value() != 2 || s.Exact.Value() != 7 || s.Dd.Count() != 2 {
		t.Errorf("%d values, sum %v, %d in the sketch", s.Count.Value(), s.Exact.Value(), s.Dd.Count())
	}
}

func TestASumThatDoesNotFitFailsTheDrainAndNamesTheKey(t *testing.T) {
	type event struct{ N int64 }
	type key struct {
		Name string
		Day  guest.Date
	}
	type state struct{ Total guest.Sum }
	p := guest.New[event, key, state]("sums", "0.0.0")
	p.Fold = func(e *event, out *guest.Out[key, state]) error {
		s := out.At(key{"é", 1})
		s.Total.Add(e.N)
		s.Total.Add(e.N)
		return nil
	}
	i, err := p.OpenInstance(nil)
	if err != nil {
		t.Fatal(err)
	}
	column := guest.Column{Values: []byte{255, 255, 255, 255, 255, 255, 255, 127}}
	if _, err := i.Fold(guest.Batch{Rows: 1, Columns: []guest.Column{column}}); err != nil {
		t.Fatal(err)
	}
	_, err = i.Drain(10)
	if want := `the state of name = "é", day = 1970-01-02: total: the sum 18446744073709551614 does not fit into 64 bits`; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// product embeds a monoid, and is one of its own.
type product struct {
	factor int64
	guest.Sum
}

func (p *product) Combine(right guest.Monoid) error { return p.Sum.Combine(&right.(*product).Sum) }

func TestAMonoidMayEmbedAnother(t *testing.T) {
	type event struct{ N int64 }
	type key struct{ Odd bool }
	type state struct{ Total product }
	p := guest.New[event, key, state]("embeds", "0.1.0")
	p.Fold = func(e *event, out *guest.Out[key, state]) error {
		s := out.At(key{e.N%2 == 1})
		s.Total.factor++
		s.Total.Add(e.N)
		return nil
	}
	if got := guesttest.FoldJSON(t, p, nil, `{"n": 40}`, `{"n": 2}`).State(key{}).Total.Value(); got != 42 {
		t.Errorf("the sum is %d", got)
	}
	guesttest.Laws(t, p, nil, func(r *rand.Rand) any { return map[string]any{"n": r.IntN(9)} })
}
