package guest

import (
	"strings"
	"testing"
)

type goodEvent struct{ N int64 }
type goodKey struct{ N int64 }
type goodState struct{ N Sum }

// opens tells why a pipeline of these types does not open.
func opens[E any, K comparable, S any]() string {
	p := New[E, K, S]("mistaken", "0.1.0")
	p.Fold = func(*E, *Out[K, S]) error { return nil }
	if _, err := p.OpenInstance(nil); err != nil {
		return err.Error()
	}
	return ""
}

func event[E any]() string        { return opens[E, goodKey, goodState]() }
func keyed[K comparable]() string { return opens[goodEvent, K, goodState]() }
func stateOf[S any]() string      { return opens[goodEvent, goodKey, S]() }

type pointed struct{ values []int64 }

func (p *pointed) Columns(name string) []Output { return []Output{{Name: name, Kind: KindInt64}} }
func (p *pointed) Commutative() bool            { return true }
func (p *pointed) Combine(Monoid) error         { return nil }
func (p *pointed) Save(row *RowWriter)          { row.Int64(0) }
func (p *pointed) Load(row *RowReader)          { row.Int64() }

func TestMistakesAreNamed(t *testing.T) {
	type Event struct{ Duration int32 }
	type Hidden struct{ duration int64 }
	type Misspelt struct {
		N int64 `backfold:"n,tme"`
	}
	type TwoOrigins struct {
		N []byte `backfold:"n,payload"`
	}
	type TextTime struct {
		At string `backfold:"at,time"`
	}
	type Encoded struct {
		N int64 `backfold:"n,encoding=epoch-milliseconds"`
	}
	type Unknown struct {
		N Timestamp `backfold:"n,encoding=epoch-weeks"`
	}
	type Partition struct {
		N int64 `backfold:",partition"`
	}
	type Key struct{ Grams float64 }
	type NoKey struct{}
	type Counter struct{ Views int64 }
	type Unbounded struct{ Pages Set[string] }
	type Wide struct {
		Users HLL `backfold:",lg_k=22"`
	}
	type Option struct {
		Views Sum `backfold:",lg_k=12"`
	}
	type Pointed struct{ Values pointed }
	type Doubled struct {
		A Sum `backfold:"n"`
	}
	for _, c := range []struct{ got, want string }{
		{opens[goodEvent, goodKey, struct{ Total Sum }](), ""},
		{event[Event](), "Event.Duration: an event's field is one of bool, int64, float64, string"},
		{event[Hidden](), "Hidden.duration: its name has to begin with a capital letter"},
		{event[Misspelt](), `Misspelt.N: its tag has the option "tme", which is not known here`},
		{event[TwoOrigins](), "TwoOrigins.N: it has two origins"},
		{event[TextTime](), "TextTime.At: one guest.Timestamp can be the event time"},
		{event[Encoded](), "Encoded.N: encoding=epoch-… is for guest.Timestamp"},
		{event[Unknown](), `Unknown.N: there is no encoding "epoch-weeks"`},
		{event[Partition](), "Partition.N: not every record has a partition: make the field a guest.Null[int64]"},
		{event[string](), "the event is string, which is no struct"},
		{keyed[Key](), "the key's column grams is of kind float64, which names nothing"},
		{keyed[NoKey](), "the key NoKey has no fields"},
		{stateOf[Counter](), "Counter.Views: a int64 does not say how two of it combine; a state's field is guest.Sum"},
		{stateOf[Unbounded](), "Unbounded.Pages: its tag needs max=N"},
		{stateOf[Wide](), "Wide.Users: lg_k=22 in its tag is no number in 4..21"},
		{stateOf[Option](), `Option.Views: its tag has the option "lg_k", which is not known here`},
		{stateOf[Pointed](), "Pointed.Values: guest.pointed holds pointers, so that a copy does not undo a rejected record"},
		{stateOf[Doubled](), "two columns of the table are named n"},
		{stateOf[struct{}](), "has no fields"},
	} {
		if !strings.Contains(c.got, c.want) || (c.want == "") != (c.got == "") {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
	if _, err := New[goodEvent, goodKey, goodState]("idle", "0.1.0").OpenInstance(nil); err == nil || !strings.Contains(err.Error(), "Fold and FoldColumns") {
		t.Error(err)
	}
}

func TestNamesInSnakeCase(t *testing.T) {
	for name, want := range map[string]string{
		"TotalMS": "total_ms", "UserID": "user_id", "VisitorsEstimate": "visitors_estimate", "P95": "p95", "HTTPStatus": "http_status",
		"A": "a", "Page": "page", "Under_Score": "under_score",
	} {
		if got := snake(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}
