package guest

import (
	"math"
	"math/big"
	"strings"
	"testing"
)

func TestASumIsExactAndNeverWraps(t *testing.T) {
	for _, c := range []struct {
		add   []int64
		value int64
		fault string
	}{
		{[]int64{1 << 53, 1}, 1<<53 + 1, ""},
		{[]int64{math.MaxInt64, math.MaxInt64, -math.MaxInt64}, math.MaxInt64, ""},
		{[]int64{math.MinInt64, -1, 1}, math.MinInt64, ""},
		{[]int64{math.MaxInt64, 1}, math.MaxInt64, "the sum 9223372036854775808 does not fit into 64 bits"},
		{[]int64{math.MinInt64, -1}, math.MinInt64, "the sum -9223372036854775809 does not fit into 64 bits"},
		{[]int64{math.MinInt64, math.MinInt64, math.MinInt64, 7}, math.MinInt64, "the sum -27670116110564327417 does not fit into 64 bits"},
	} {
		var s Sum
		for _, n := range c.add {
			s.Add(n)
		}
		fault := ""
		if err := s.Fits(); err != nil {
			fault = err.Error()
		}
		if s.Value() != c.value || fault != c.fault {
			t.Errorf("%v: %d, %q", c.add, s.Value(), fault)
		}
	}
}

func TestHarmonicNumbersAreRoundedOnce(t *testing.T) {
	sum := new(big.Rat)
	for n := range int64(60) {
		if n > 0 {
			sum.Add(sum, big.NewRat(1, n))
		}
		want, _ := sum.Float64()
		got := harmonic(int(n))
		if n < 25 && got != want || math.Abs(got-want) > 1e-14*want {
			t.Errorf("%d: %v, want %v", n, got, want)
		}
	}
}

func TestTheHashIsMurmur3(t *testing.T) {
	// Published vectors of MurmurHash3_x64_128.
	if h1, h2 := murmur3("", 0); h1 != 0 || h2 != 0 {
		t.Errorf("%x %x", h1, h2)
	}
	if h1, h2 := murmur3("The quick brown fox jumps over the lazy dog", 0); h1 != 0xe34bbc7bbc071b6c || h2 != 0x7a433ca9c49a9347 {
		t.Errorf("%x %x", h1, h2)
	}
	// A text is the same value wherever it is cut into words.
	for n := range 40 {
		text := strings.Repeat("é9x", 20)[:n]
		a1, a2 := murmur3(text, hashSeed)
		b1, b2 := murmur3(string([]byte("..." + text)[3:]), hashSeed)
		if a1 != b1 || a2 != b2 {
			t.Errorf("%q has two hashes", text)
		}
	}
	if a, _ := hashOfFloat(math.Copysign(0, -1)); func() bool { b, _ := hashOfFloat(0); return a != b }() {
		t.Error("the zeros have two hashes")
	}
}

func TestUndoForgetsWhatCameSinceTheMark(t *testing.T) {
	type state struct {
		Hll    HLL
		Theta  Theta
		Count  CountMin
		Dd     DDSketch
		Exact  FloatSum
		Set    Set[string] `backfold:",max=2"`
		Top    TopK        `backfold:",k=2"`
		First  First[string]
		Last   Last[int64]
		Latest Last[Binary]
	}
	update := func(s *state, text string, n int64) {
		s.Hll.Insert(text)
		s.Theta.Insert(text)
		s.Count.Insert(text)
		s.Dd.Insert(float64(n))
		s.Exact.Add(float64(n) / 10)
		s.Set.Insert(text)
		s.Top.Insert(n, text)
		s.First.Insert(Timestamp(-n), text)
		s.Last.Insert(Timestamp(n), n)
		s.Latest.Insert(Timestamp(n), Binary(text))
	}
	pipeline := New[struct{ N int64 }, struct{ K int64 }, state]("undo", "0.1.0")
	rejects := map[int64]bool{}
	pipeline.Fold = func(e *struct{ N int64 }, out *Out[struct{ K int64 }, state]) error {
		s := out.At(struct{ K int64 }{e.N % 3})
		for i := range e.N % 4 {
			update(s, strings.Repeat("x", int(e.N+i)%9+1), (e.N*7+i)%50)
		}
		// Reading shows what the record has inserted, and keeps nothing of it.
		before := s.Hll.Estimate()
		update(s, "one more", 1000+e.N)
		if s.Hll.Estimate() < before || s.Dd.Count() == 0 || s.Top.Items()[0].Item != "one more" {
			t.Fatal("a value that was inserted is not seen")
		}
		if rejects[e.N] {
			return Reject("no")
		}
		return nil
	}
	fold := func(numbers []int64) Batch {
		b := newBuilder(KindInt64, 0)
		for _, n := range numbers {
			b.word(uint64(n))
		}
		i := mustOpen(t, pipeline)
		if _, err := i.Fold(Batch{Rows: len(numbers), Columns: []Column{b.Column}}); err != nil {
			t.Fatal(err)
		}
		drained, err := i.Drain(100)
		if err != nil {
			t.Fatal(err)
		}
		return drained
	}
	var all, kept []int64
	for n := range int64(200) {
		all = append(all, n)
		if n%5 == 2 {
			rejects[n] = true
		} else {
			kept = append(kept, n)
		}
	}
	with, without := fold(all), fold(kept)
	for i := range with.Columns {
		if string(with.Columns[i].Values) != string(without.Columns[i].Values) {
			t.Errorf("column %d differs", i)
		}
	}
}
