package guest

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"unsafe"
)

// golden is a file of guest-sdk/golden, which the Rust SDK wrote.
type golden struct {
	Columns []struct {
		Name, Kind string
		Nullable   bool
	}
	States []struct {
		Name    string
		Inserts json.RawMessage
		Columns []*string
		Value   json.RawMessage
	}
	Merges []struct {
		Left, Right string
		Columns     []*string
	}
}

// fixture is how a monoid takes the inserts of a file, and tells its value in the form of the file.
type fixture struct {
	prototype any // a pointer to a struct with a field X
	insert    func(m Monoid, first, second string)
	value     func(m Monoid) any
}

func ints(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

func floats(text string) float64 {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		panic(err)
	}
	return f
}

func showFloat(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func orNull[T any](value T, ok bool, show func(T) string) any {
	if !ok {
		return nil
	}
	return show(value)
}

func showInt[T ~int64 | ~int32](n T) string { return strconv.FormatInt(int64(n), 10) }

var fixtures = map[string]fixture{
	"all.json": {&struct{ X All }{}, func(m Monoid, v, _ string) { m.(*All).Insert(v == "true") },
		func(m Monoid) any { return m.(*All).Value() }},
	"any.json": {&struct{ X Any }{}, func(m Monoid, v, _ string) { m.(*Any).Insert(v == "true") },
		func(m Monoid) any { return m.(*Any).Value() }},
	"count_min_16_3.json": {&struct {
		X CountMin `backfold:",width=16,depth=3"`
	}{}, func(m Monoid, v, _ string) { m.(*CountMin).Insert(v) },
		func(m Monoid) any { return strconv.FormatUint(m.(*CountMin).Estimate("a"), 10) }},
	"dd_sketch.json": {&struct{ X DDSketch }{}, func(m Monoid, v, _ string) { m.(*DDSketch).Insert(floats(v)) },
		func(m Monoid) any {
			var shown []any
			for _, q := range []float64{0, 0.5, 0.95, 1} {
				value, ok := m.(*DDSketch).Quantile(q)
				shown = append(shown, orNull(value, ok, showFloat))
			}
			return shown
		}},
	"first_int64.json": {&struct{ X First[int64] }{}, func(m Monoid, at, v string) { m.(*First[int64]).Insert(Timestamp(ints(at)), ints(v)) },
		func(m Monoid) any { v, ok := m.(*First[int64]).Value(); return orNull(v, ok, showInt[int64]) }},
	"last_utf8.json": {&struct{ X Last[string] }{}, func(m Monoid, at, v string) { m.(*Last[string]).Insert(Timestamp(ints(at)), v) },
		func(m Monoid) any {
			v, ok := m.(*Last[string]).Value()
			return orNull(v, ok, func(s string) string { return s })
		}},
	"hll.json": {&struct{ X HLL }{}, func(m Monoid, v, _ string) { m.(*HLL).Insert(v) },
		func(m Monoid) any { return showFloat(m.(*HLL).Estimate()) }},
	"hll_4_int64.json": {&struct {
		X HLL `backfold:",lg_k=4"`
	}{}, func(m Monoid, v, _ string) { m.(*HLL).InsertInt64(ints(v)) },
		func(m Monoid) any { return showFloat(m.(*HLL).Estimate()) }},
	"max_date.json": {&struct{ X Max[Date] }{}, func(m Monoid, v, _ string) { m.(*Max[Date]).Insert(Date(ints(v))) },
		func(m Monoid) any { v, ok := m.(*Max[Date]).Value(); return orNull(v, ok, showInt[Date]) }},
	"max_int64.json": {&struct{ X Max[int64] }{}, func(m Monoid, v, _ string) { m.(*Max[int64]).Insert(ints(v)) },
		func(m Monoid) any { v, ok := m.(*Max[int64]).Value(); return orNull(v, ok, showInt[int64]) }},
	"max_float64.json": {&struct{ X Max[float64] }{}, func(m Monoid, v, _ string) { m.(*Max[float64]).Insert(floats(v)) },
		func(m Monoid) any { v, ok := m.(*Max[float64]).Value(); return orNull(v, ok, showFloat) }},
	"min_int64.json": {&struct{ X Min[int64] }{}, func(m Monoid, v, _ string) { m.(*Min[int64]).Insert(ints(v)) },
		func(m Monoid) any { v, ok := m.(*Min[int64]).Value(); return orNull(v, ok, showInt[int64]) }},
	"min_float64.json": {&struct{ X Min[float64] }{}, func(m Monoid, v, _ string) { m.(*Min[float64]).Insert(floats(v)) },
		func(m Monoid) any { v, ok := m.(*Min[float64]).Value(); return orNull(v, ok, showFloat) }},
	"min_timestamp.json": {&struct{ X Min[Timestamp] }{}, func(m Monoid, v, _ string) { m.(*Min[Timestamp]).Insert(Timestamp(ints(v))) },
		func(m Monoid) any {
			v, ok := m.(*Min[Timestamp]).Value()
			return orNull(v, ok, showInt[Timestamp])
		}},
	"set_int64_3.json": {&struct {
		X Set[int64] `backfold:",max=3"`
	}{}, func(m Monoid, v, _ string) { m.(*Set[int64]).Insert(ints(v)) },
		func(m Monoid) any {
			shown := []any{}
			for _, v := range m.(*Set[int64]).Values() {
				shown = append(shown, showInt(v))
			}
			return map[string]any{"had_more": m.(*Set[int64]).HadMore(), "values": shown}
		}},
	"set_utf8_3.json": {&struct {
		X Set[string] `backfold:",max=3"`
	}{}, func(m Monoid, v, _ string) { m.(*Set[string]).Insert(v) },
		func(m Monoid) any {
			shown := []any{}
			for _, v := range m.(*Set[string]).Values() {
				shown = append(shown, v)
			}
			return map[string]any{"had_more": m.(*Set[string]).HadMore(), "values": shown}
		}},
	"sum_float64.json": {&struct{ X FloatSum }{}, func(m Monoid, v, _ string) { m.(*FloatSum).Add(floats(v)) },
		func(m Monoid) any { return showFloat(m.(*FloatSum).Value()) }},
	"sum_int64.json": {&struct{ X Sum }{}, func(m Monoid, v, _ string) { m.(*Sum).Add(ints(v)) },
		func(m Monoid) any { return showInt(m.(*Sum).Value()) }},
	"theta_5.json": {&struct {
		X Theta `backfold:",lg_k=5"`
	}{}, func(m Monoid, v, _ string) { m.(*Theta).Insert(v) },
		func(m Monoid) any { return showFloat(m.(*Theta).Estimate()) }},
	"top_3.json": {&struct {
		X TopK `backfold:",k=3"`
	}{}, func(m Monoid, score, item string) { m.(*TopK).Insert(ints(score), item) },
		func(m Monoid) any {
			shown := []any{}
			for _, r := range m.(*TopK).Items() {
				shown = append(shown, []any{showInt(r.Score), r.Item})
			}
			return shown
		}},
}

// inserts lists the pairs of a file's inserts; a single value is the first of its pair.
func inserts(t *testing.T, text json.RawMessage) (pairs [][2]string) {
	var span struct {
		From, To int64
		Text     string
	}
	if json.Unmarshal(text, &span) == nil {
		for n := span.From; n < span.To; n++ {
			value := strconv.FormatInt(n, 10)
			if span.Text != "" {
				value = strings.Replace(span.Text, "{}", value, 1)
			}
			pairs = append(pairs, [2]string{value})
		}
		return pairs
	}
	var list []json.RawMessage
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	for _, item := range list {
		var pair [2]string
		if json.Unmarshal(item, &pair) != nil {
			if err := json.Unmarshal(item, &pair[0]); err != nil {
				t.Fatal(err)
			}
		}
		pairs = append(pairs, pair)
	}
	return pairs
}

// cells returns the only row of some columns as the files have it.
func cells(batch Batch) []*string {
	shown := make([]*string, len(batch.Columns))
	for i := range batch.Columns {
		if c := &batch.Columns[i]; !c.isNull(0) {
			text := hex.EncodeToString(c.Values)
			shown[i] = &text
		}
	}
	return shown
}

func texts(cells []*string) string {
	text, _ := json.Marshal(cells)
	return string(text)
}

func TestStatesAreThoseOfTheRustSDK(t *testing.T) {
	paths, err := filepath.Glob("../golden/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			fixture, ok := fixtures[filepath.Base(path)]
			if !ok {
				t.Fatal("no monoid for this file")
			}
			var file golden
			text, err := os.ReadFile(path)
			if err == nil {
				err = json.Unmarshal(text, &file)
			}
			if err != nil {
				t.Fatal(err)
			}
			checkGolden(t, fixture, file, false)
			checkGolden(t, fixture, file, true)
		})
	}
}

func checkGolden(t *testing.T, fixture fixture, file golden, eager bool) {
	prototype := reflect.New(reflect.TypeOf(fixture.prototype).Elem())
	prototype.Elem().Set(reflect.ValueOf(fixture.prototype).Elem())
	states, err := statesOf(prototype, eager)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range file.Columns {
		got := states.columns[i]
		if got.Name != want.Name || got.Kind.String() != want.Kind || got.Nullable != want.Nullable {
			t.Errorf("column %+v, want %+v", got, want)
		}
	}
	newState := func() (Monoid, unsafe.Pointer) {
		state := reflect.New(prototype.Type().Elem())
		state.Elem().Set(prototype.Elem())
		return state.Elem().Field(0).Addr().Interface().(Monoid), state.UnsafePointer()
	}
	save := func(p unsafe.Pointer) Batch {
		w := newRowWriter(states.columns, 1)
		states.save(p, w)
		return w.batch(1)
	}
	saved := map[string]Batch{}
	for _, want := range file.States {
		// The second time, what was inserted is kept value by value.
		for _, marks := range []bool{false, true} {
			m, p := newState()
			for _, pair := range inserts(t, want.Inserts) {
				fixture.insert(m, pair[0], pair[1])
				if undoer, ok := m.(Undoer); ok && marks {
					undoer.Mark()
				}
			}
			saved[want.Name] = save(p)
			if got := cells(saved[want.Name]); texts(got) != texts(want.Columns) {
				t.Errorf("%s: columns %s, want %s", want.Name, texts(got), texts(want.Columns))
			}
			var value any
			if err := json.Unmarshal(want.Value, &value); err != nil {
				t.Fatal(err)
			}
			if got := fixture.value(m); !reflect.DeepEqual(got, value) {
				t.Errorf("%s: value %v, want %v", want.Name, got, value)
			}
		}
	}
	for _, want := range file.Merges {
		_, left := newState()
		_, right := newState()
		load := func(p unsafe.Pointer, name string) {
			if err := states.load(p, &RowReader{columns: saved[name].Columns}); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		load(left, want.Left)
		load(right, want.Right)
		if err := states.combine(left, right); err != nil {
			t.Fatalf("%s and %s: %v", want.Left, want.Right, err)
		}
		if got := cells(save(left)); texts(got) != texts(want.Columns) {
			t.Errorf("%s and %s: %s, want %s", want.Left, want.Right, texts(got), texts(want.Columns))
		}
	}
}
