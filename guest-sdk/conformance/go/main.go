// The conformance pipeline of guest-sdk/conformance/README.md.
package main

import (
	"fmt"
	"math"
	"os"
	"slices"

	"backfold.dev/guest"
)

// Record is an event.
type Record struct {
	At         guest.Timestamp `backfold:",time"`
	Flag       bool
	Number     int64
	Ratio      float64
	Day        guest.Date
	Text       string
	Data       guest.Binary `backfold:",encoding=hex"`
	Doc        guest.JSON
	OptFlag    guest.Null[bool]            `backfold:"opt.flag"`
	OptNumber  guest.Null[int64]           `backfold:"opt.number"`
	OptRatio   guest.Null[float64]         `backfold:"opt.ratio"`
	OptMoment  guest.Null[guest.Timestamp] `backfold:"opt.moment,encoding=epoch-milliseconds"`
	OptDay     guest.Null[guest.Date]      `backfold:"opt.day"`
	OptText    guest.Null[string]          `backfold:"opt.text"`
	OptData    guest.Null[guest.Binary]    `backfold:"opt.data"`
	OptDoc     guest.Null[guest.JSON]      `backfold:"opt.doc"`
	KeyText    string                      `backfold:"key.text"`
	KeyFlag    guest.Null[bool]            `backfold:"key.flag"`
	KeyNumber  guest.Null[int64]           `backfold:"key.number"`
	KeyMoment  guest.Null[guest.Timestamp] `backfold:"key.moment"`
	KeyDay     guest.Null[guest.Date]      `backfold:"key.day"`
	KeyData    guest.Null[guest.Binary]    `backfold:"key.data"`
	Dotted     guest.Null[string]          `backfold:"dot\\.ted"`
	Payload    []byte                      `backfold:",payload"`
	RecordKey  guest.Null[[]byte]          `backfold:",record-key"`
	Trace      guest.Null[string]          `backfold:",record-header=trace"`
	RecordTime guest.Timestamp             `backfold:",record-time"`
	Source     string                      `backfold:",source-name"`
	Partition  guest.Null[int64]           `backfold:",partition"`
	Offset     int64                       `backfold:",offset"`
}

// Group is the key.
type Group struct {
	Text   string
	Flag   guest.Null[bool]
	Number guest.Null[int64]
	Moment guest.Null[guest.Timestamp]
	Day    guest.Null[guest.Date]
	Data   guest.Null[guest.Binary]
}

// State is the state of a group.
type State struct {
	Events       guest.Sum
	Total        guest.Sum
	PayloadBytes guest.Sum
	Least        guest.Min[int64]
	Greatest     guest.Max[int64]
	Low          guest.Min[float64]
	High         guest.Max[float64]
	MaxOffset    guest.Max[int64]
	Earliest     guest.Min[guest.Timestamp]
	Latest       guest.Max[guest.Timestamp]
	FirstDay     guest.Min[guest.Date]
	LastDay      guest.Max[guest.Date]
	Any          guest.Any
	All          guest.All
	Placed       guest.All
	Dotted       guest.Any
	FirstText    guest.First[string]
	FirstData    guest.First[guest.Binary]
	FirstDoc     guest.First[string]
	LastFlag     guest.Last[bool]
	LastNumber   guest.Last[int64]
	LastRatio    guest.Last[float64]
	LastMoment   guest.Last[guest.Timestamp]
	LastDate     guest.Last[guest.Date]
	LastText     guest.Last[string]
	LastData     guest.Last[guest.Binary]
	LastDoc      guest.Last[string]
	Texts        guest.HLL
	Numbers      guest.HLL
}

// Shown is the view.
type Shown struct {
	IsSingle      bool
	Mean          guest.Null[float64]
	Hour          guest.Null[guest.Timestamp]
	Since         guest.Null[guest.Date]
	Label         guest.Null[string]
	Reversed      guest.Null[[]byte]
	DistinctTexts int64
}

// The parameters of the job.
var (
	floor          int64
	failOn, trapOn string
	hasFloor       bool
	fails, traps   bool
)

func open(params *guest.Params) error {
	floor, hasFloor = guest.Optional[int64](params, "floor")
	failOn, fails = guest.Optional[string](params, "fail_on")
	trapOn, traps = guest.Optional[string](params, "trap_on")
	return nil
}

func (s *State) add(e *Record) {
	s.Events.Add(1)
	s.Total.Add(e.Number)
	s.PayloadBytes.Add(int64(len(e.Payload)))
	s.Least.Insert(e.Number)
	s.Greatest.Insert(e.Number)
	s.Low.Insert(e.Ratio)
	s.High.Insert(e.Ratio)
	s.MaxOffset.Insert(e.Offset)
	s.Earliest.Insert(e.At)
	s.Latest.Insert(e.At)
	s.FirstDay.Insert(e.Day)
	s.LastDay.Insert(e.Day)
	s.Any.Insert(e.Flag)
	s.All.Insert(e.Flag)
	s.Placed.Insert(e.Source != "" && e.Offset >= 0 && e.RecordTime > 0 && !e.Partition.Valid && !e.RecordKey.Valid && !e.Trace.Valid)
	s.Dotted.Insert(e.Dotted.Valid)
	s.FirstText.Insert(e.At, e.Text)
	s.FirstData.Insert(e.At, e.Data)
	s.FirstDoc.Insert(e.At, string(e.Doc))
	s.addOptional(e)
	s.Texts.Insert(e.Text)
	s.Numbers.InsertInt64(e.Number)
}

func (s *State) addOptional(e *Record) {
	if e.OptFlag.Valid {
		s.LastFlag.Insert(e.At, e.OptFlag.V)
	}
	if e.OptNumber.Valid {
		s.LastNumber.Insert(e.At, e.OptNumber.V)
	}
	if e.OptRatio.Valid {
		s.LastRatio.Insert(e.At, e.OptRatio.V)
	}
	if e.OptMoment.Valid {
		s.LastMoment.Insert(e.At, e.OptMoment.V)
	}
	if e.OptDay.Valid {
		s.LastDate.Insert(e.At, e.OptDay.V)
	}
	if e.OptText.Valid {
		s.LastText.Insert(e.At, e.OptText.V)
	}
	if e.OptData.Valid {
		s.LastData.Insert(e.At, e.OptData.V)
	}
	if e.OptDoc.Valid {
		s.LastDoc.Insert(e.At, string(e.OptDoc.V))
	}
}

func fold(e *Record, out *guest.Out[Group, State]) error {
	key := Group{Text: e.KeyText, Flag: e.KeyFlag, Number: e.KeyNumber, Moment: e.KeyMoment, Day: e.KeyDay, Data: e.KeyData}
	out.At(key).add(e)
	if hasFloor && e.Number < floor {
		return guest.Rejectf("the number is below %d", floor)
	}
	if fails && e.Text == failOn {
		panic(fmt.Sprintf("no text may be called %s", e.Text))
	}
	if traps && e.Text == trapOn {
		os.Exit(1)
	}
	return nil
}

func present(s *State) Shown {
	shown := Shown{IsSingle: s.Events.Value() == 1, DistinctTexts: int64(math.Round(s.Texts.Estimate()))}
	if events := s.Events.Value(); events != 0 {
		shown.Mean = guest.Some(float64(s.Total.Value()) / float64(events))
	}
	if latest, ok := s.Latest.Value(); ok {
		shown.Hour = guest.Some(latest.Truncate(3600))
	}
	if earliest, ok := s.Earliest.Value(); ok {
		shown.Since = guest.Some(earliest.Date())
	}
	if text, ok := s.LastText.Value(); ok {
		shown.Label = guest.Some(text + "✓")
	}
	if data, ok := s.LastData.Value(); ok {
		reversed := []byte(data)
		slices.Reverse(reversed)
		shown.Reversed = guest.Some(reversed)
	}
	return shown
}

func init() {
	p := guest.New[Record, Group, State]("conformance", "0.1.0")
	p.Only("type", "event", "probe")
	p.Open = open
	p.Fold = fold
	guest.Present(p, present)
	guest.Export(p)
}

func main() {}
