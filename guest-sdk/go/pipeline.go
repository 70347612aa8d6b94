package guest

import (
	"fmt"
	"reflect"
	"unsafe"
)

// Pipeline folds events of type E into states of type S by keys of type K. It is made by New; exactly one of Fold and
// FoldColumns has to be set.
//
// E is a struct with a field for each value that is read from a record; with FoldColumns, for each column. K is a struct
// of string, Binary, int64, bool, Timestamp, Date or Null of these. S is a struct of monoids.
type Pipeline[E any, K comparable, S any] struct {
	// Open reads the job's parameters. An error refuses the job.
	Open func(params *Params) error
	// Fold folds one event. The event is valid until Fold returns; its text may be kept, but keeps its whole batch in
	// memory. A record for which Fold returns Reject goes to the quarantine and leaves no trace in any state. Any other
	// error leaves the batch void: the host then looks for the record at fault.
	Fold func(event *E, out *Out[K, S]) error
	// FoldColumns folds a batch, with fields of E that are columns. Rows are updated and rejected in ascending order, and
	// rejected before they have updated anything. An error leaves the batch void, as does a number that a state refuses.
	FoldColumns func(columns *E, rows *Rows[K, S]) error

	name, version string
	only          []Condition
	views         []Output
	present       func(state *S, w *RowWriter)
	err           error // of the declaration
}

// New returns a pipeline. The name and the version, which is a semantic one, go into the manifest of every build.
func New[E any, K comparable, S any](name, version string) *Pipeline[E, K, S] {
	return &Pipeline[E, K, S]{name: name, version: version}
}

// Only passes over records whose scalar at path, as a string or as its JSON text, is none of these: they are neither
// folded nor rejected. With several calls, all conditions have to be met.
func (p *Pipeline[E, K, S]) Only(path string, anyOf ...string) {
	if len(anyOf) == 0 {
		p.fail(fmt.Errorf("the condition on %s has no values", path))
	}
	p.only = append(p.only, Condition{Path: path, AnyOf: anyOf})
}

func (p *Pipeline[E, K, S]) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

// Present adds columns that are derived from a state, for readers of the table: V is a struct with a field for each.
func Present[V any, E any, K comparable, S any](p *Pipeline[E, K, S], present func(state *S) V) {
	columns, fields, err := outputs(reflect.TypeFor[V](), "the view")
	if err != nil {
		p.fail(err)
	}
	p.views = columns
	p.present = func(state *S, w *RowWriter) {
		view := present(state)
		write(fields, unsafe.Pointer(&view), w)
	}
}

// ReadState reads a row of state columns back, for tests.
func (p *Pipeline[E, K, S]) ReadState(columns Batch, row int) (*S, error) {
	state := new(S)
	states, err := statesOf(reflect.ValueOf(state), false)
	if err == nil {
		err = columns.checkAll(states.columns)
	}
	if err == nil {
		err = states.load(unsafe.Pointer(state), &RowReader{columns: columns.Columns, row: row})
	}
	return state, err
}

// WriteKey writes a key to a row of its columns, for tests.
func (p *Pipeline[E, K, S]) WriteKey(key K) (Batch, error) {
	columns, fields, err := outputs(reflect.TypeFor[K](), "the key")
	if err != nil {
		return Batch{}, err
	}
	w := newRowWriter(columns, 1)
	write(fields, unsafe.Pointer(&key), w)
	return w.batch(1), nil
}

// Out is the states into which Fold folds an event.
type Out[K comparable, S any] struct{ table *table[K, S] }

// At returns the state of a key, which starts as the identity, to be updated by this event. An event may update any number
// of states. The pointer is valid until Fold returns.
func (o *Out[K, S]) At(key K) *S { return o.table.at(key) }

// Rows is the rows of a batch and the states into which FoldColumns folds them. Nothing is undone: a row is rejected before
// its first At.
type Rows[K comparable, S any] struct {
	table      *table[K, S]
	count      int
	current    int // the row that has updated a state; -1 for none
	next       int // the first row that may follow
	rejections []Rejection
}

// Len returns the number of rows.
func (r *Rows[K, S]) Len() int { return r.count }

// At returns the state of a key, which starts as the identity, to be updated by a row. The pointer is valid until At or
// Reject is called for another row. It panics if a later row came before, or the row was rejected.
func (r *Rows[K, S]) At(row int, key K) *S {
	if row != r.current {
		r.advance(row)
		r.current = row
	}
	return r.table.keep(key)
}

// Reject rejects a row. It panics if At was called for it, or a later row came before.
func (r *Rows[K, S]) Reject(row int, reason string) {
	if row == r.current {
		panic(fmt.Sprintf("guest: row %d is rejected after it has updated a state: FoldColumns rejects a row before its first At", row))
	}
	r.advance(row)
	r.current = -1
	r.rejections = append(r.rejections, Rejection{Row: row, Reason: reason})
}

func (r *Rows[K, S]) advance(row int) {
	if row < r.next || row >= r.count {
		panic(fmt.Sprintf("guest: row %d of %d comes after row %d: rows are updated and rejected in ascending order, each in one way", row, r.count, r.next-1))
	}
	if r.table.isWatched && r.current >= 0 {
		r.end()
	}
	r.next = row + 1
}

// end ends the current row. A fault of a state leaves the batch void, since nothing is undone.
func (r *Rows[K, S]) end() {
	if fault := r.table.fault(); fault != nil {
		panic(fmt.Errorf("row %d: %w", r.current, fault))
	}
	r.table.commit()
}

// Rejection is a row that was rejected.
type Rejection struct {
	// Row counts from 0 within the batch.
	Row int
	// Reason stands in the quarantine.
	Reason string
}

type rejected struct{ reason string }

func (r *rejected) Error() string { return r.reason }

// Reject returns the error with which Fold rejects a record for this reason.
func Reject(reason string) error { return &rejected{reason} }

// Rejectf is Reject with a format.
func Rejectf(format string, args ...any) error { return &rejected{fmt.Sprintf(format, args...)} }
