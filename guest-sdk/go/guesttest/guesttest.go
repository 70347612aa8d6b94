// Package guesttest tests pipelines without Wasm: it folds JSON records, shows the states, and checks the laws.
//
// Records become columns, and columns become states, by the code that the component runs. Only the sandbox is missing.
//
//	folded := guesttest.FoldJSON(t, clicks, nil, `{"ts": "2026-01-03T12:00:00Z", "page_id": "home", "user_id": "u1", "duration_ms": 40}`)
//	state := folded.State(PageDay{Page: "home", Day: guest.Day(2026, 1, 3)})
//	if state.Views.Value() != 1 { … }
package guesttest

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"backfold.dev/guest"
)

// Folded is the states and rejections after folding some records.
type Folded[K comparable, S any] struct {
	// Descriptor tells the columns of the pipeline.
	Descriptor *guest.Descriptor
	// Rejections are the records that were not folded, by their index: those that do not decode and those that the
	// pipeline rejected.
	Rejections []guest.Rejection
	// PassedOver is the number of records that did not meet the conditions.
	PassedOver int

	instance guest.Instance
	states   map[string]guest.Batch // one row each, by the cells of their keys
	writeKey func(K) (guest.Batch, error)
	read     func(guest.Batch, int) (*S, error)
	t        testing.TB
}

// FoldJSON folds records with these parameters of the job, all in one batch. A record is a JSON text in a string, a
// []byte or a json.RawMessage; any other value is marshalled. A pipeline that does not open, or whose fold fails other
// than by Reject, ends the test.
func FoldJSON[E any, K comparable, S any](t testing.TB, p *guest.Pipeline[E, K, S], params map[string]string, records ...any) *Folded[K, S] {
	t.Helper()
	texts := make([]json.RawMessage, len(records))
	for i, record := range records {
		text, err := recordText(record)
		if err != nil {
			t.Fatalf("record %d: %v", i, err)
		}
		texts[i] = text
	}
	result, err := foldCut(p, params, texts, max(len(texts), 1), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	return &Folded[K, S]{
		Descriptor: result.instance.Descriptor(), Rejections: result.rejections, PassedOver: result.passedOver,
		instance: result.instance, states: result.states, writeKey: p.WriteKey, read: p.ReadState, t: t,
	}
}

func recordText(record any) (json.RawMessage, error) {
	var text json.RawMessage
	switch record := record.(type) {
	case string:
		text = json.RawMessage(record)
	case []byte:
		text = record
	case json.RawMessage:
		text = record
	default:
		var err error
		if text, err = json.Marshal(record); err != nil {
			return nil, err
		}
	}
	text = json.RawMessage(strings.TrimSpace(string(text)))
	if !json.Valid(text) || text[0] != '{' {
		return nil, errors.New("it is no JSON object")
	}
	return text, nil
}

// Len returns the number of keys.
func (f *Folded[K, S]) Len() int { return len(f.states) }

func (f *Folded[K, S]) row(key K) (guest.Batch, bool) {
	f.t.Helper()
	columns, err := f.writeKey(key)
	if err != nil {
		f.t.Fatal(err)
	}
	state, known := f.states[cells(f.Descriptor.Keys, columns.Columns, 0)]
	return state, known
}

// State returns the state of a key; nil if no record was folded into it.
func (f *Folded[K, S]) State(key K) *S {
	f.t.Helper()
	row, known := f.row(key)
	if !known {
		return nil
	}
	state, err := f.read(row, 0)
	if err != nil {
		f.t.Fatalf("a state is not read back as it was saved: %v", err)
	}
	return state
}

// View returns the view columns of the state of a key; nil if no record was folded into it. Values are bool, int64,
// float64, guest.Timestamp, guest.Date, string, []byte, guest.JSON, or nil.
func (f *Folded[K, S]) View(key K) map[string]any {
	f.t.Helper()
	row, known := f.row(key)
	if !known {
		return nil
	}
	batch, err := f.instance.Present(row)
	if err != nil {
		f.t.Fatal(err)
	}
	view := map[string]any{}
	for i, output := range f.Descriptor.Views {
		view[output.Name] = value(output.Kind, &batch.Columns[i], 0)
	}
	return view
}

// result is what came of some records.
type result struct {
	instance   guest.Instance
	states     map[string]guest.Batch
	rejections []guest.Rejection
	passedOver int
}

// foldCut folds records, batchRows at a time, and drains the states drainRows at a time.
func foldCut(p guest.Opener, params map[string]string, records []json.RawMessage, batchRows, drainRows int) (*result, error) {
	var pairs [][2]string
	for _, name := range slices.Sorted(maps.Keys(params)) {
		pairs = append(pairs, [2]string{name, params[name]})
	}
	instance, err := p.OpenInstance(pairs)
	if err != nil {
		return nil, err
	}
	r := &result{instance: instance, states: map[string]guest.Batch{}}
	d := instance.Descriptor()
	for first := 0; first < len(records); first += batchRows {
		decoded := decode(d, records[first:min(first+batchRows, len(records))], first)
		rejected, err := instance.Fold(decoded.events)
		if err != nil {
			return nil, err
		}
		r.rejections = append(r.rejections, decoded.rejections...)
		for _, rejection := range rejected {
			rejection.Row = decoded.rows[rejection.Row]
			r.rejections = append(r.rejections, rejection)
		}
		r.passedOver += decoded.passedOver
	}
	slices.SortStableFunc(r.rejections, func(a, b guest.Rejection) int { return a.Row - b.Row })
	for {
		drained, err := instance.Drain(drainRows)
		if err != nil {
			return nil, err
		}
		keys, states := drained.Columns[:len(d.Keys)], drained.Columns[len(d.Keys):]
		for row := range drained.Rows {
			key := cells(d.Keys, keys, row)
			if _, twice := r.states[key]; twice {
				return nil, errors.New("a key was drained twice")
			}
			r.states[key] = oneRow(d.States, states, row)
		}
		if drained.Rows < drainRows {
			return r, nil
		}
	}
}
