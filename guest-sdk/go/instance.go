package guest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"unsafe"
)

// Instance is an opened pipeline and its accumulator: the functions of the contract, as the component exports them and
// native tests call them. An error that comes from a panic holds the panic's message and the frames of the program.
type Instance interface {
	// Descriptor returns the columns of the pipeline.
	Descriptor() *Descriptor
	// Fold folds events into the accumulator. After an error, the instance is of no more use.
	Fold(events Batch) ([]Rejection, error)
	// Drain takes up to maxRows states out of the accumulator. Fewer states mean that it is empty.
	Drain(maxRows int) (Batch, error)
	// Identity returns one row of the state columns.
	Identity() (Batch, error)
	// Combine returns the states of left, each combined with that of right.
	Combine(left, right Batch) (Batch, error)
	// Present returns the view columns of states.
	Present(states Batch) (Batch, error)
}

// Opener is a pipeline, whatever its types.
type Opener interface {
	// OpenInstance opens the pipeline with the job's parameters.
	OpenInstance(params [][2]string) (Instance, error)
}

// block is the number of events that are read at a time.
const block = 64

type instance[E any, K comparable, S any] struct {
	pipeline   *Pipeline[E, K, S]
	events     *events
	keys       *keys
	states     *states
	descriptor *Descriptor
	table      *table[K, S]
	block      []E
}

// OpenInstance opens the pipeline with the job's parameters.
func (p *Pipeline[E, K, S]) OpenInstance(params [][2]string) (Instance, error) {
	return guarded(func() (Instance, error) { return p.open(params) })
}

func (p *Pipeline[E, K, S]) open(params [][2]string) (Instance, error) {
	if p.err == nil && (p.Fold == nil) == (p.FoldColumns == nil) {
		p.err = fmt.Errorf("the pipeline %s has to set one of Fold and FoldColumns", p.name)
	}
	if p.err != nil {
		return nil, p.err
	}
	events, err := eventsOf(reflect.TypeFor[E](), p.FoldColumns != nil)
	if err != nil {
		return nil, err
	}
	columns, fields, err := outputs(reflect.TypeFor[K](), "the key")
	if err != nil {
		return nil, err
	}
	if len(columns) == 0 {
		return nil, fmt.Errorf("the key %s has no fields", reflect.TypeFor[K]().Name())
	}
	for _, key := range columns {
		if key.Kind == KindFloat64 || key.Kind == KindJSON {
			return nil, fmt.Errorf("the key's column %s is of kind %s, which names nothing: NaN does not equal itself, and one JSON value has many texts", key.Name, key.Kind)
		}
	}
	var zero S
	states, err := statesOf(reflect.ValueOf(&zero), events.columnar)
	if err != nil {
		return nil, err
	}
	given := newParams(params)
	if p.Open != nil && given.err == nil {
		if err := p.Open(given); err != nil && given.err == nil {
			return nil, err
		}
	}
	if err := given.finish(); err != nil {
		return nil, err
	}
	d := &Descriptor{
		Name: p.name, Version: p.version, Inputs: events.inputs, Only: p.only, EventTime: events.eventTime,
		Keys: columns, States: states.columns, Views: p.views, Commutative: states.commutative,
	}
	if name := d.doubled(); name != "" {
		return nil, fmt.Errorf("two columns of the table are named %s", name)
	}
	i := &instance[E, K, S]{pipeline: p, events: events, keys: newKeys(columns, fields), states: states, descriptor: d}
	i.table = newTable[K](states, i.keys, zero)
	if p.Fold != nil {
		i.block = make([]E, block)
	}
	return i, nil
}

func (i *instance[E, K, S]) Descriptor() *Descriptor { return i.descriptor }

func (i *instance[E, K, S]) Fold(events Batch) ([]Rejection, error) {
	return guarded(func() ([]Rejection, error) {
		if i.table.drained > 0 {
			// A key that had been drained would have to be drained a second time.
			return nil, errors.New("events cannot be folded before the accumulator is drained")
		}
		if err := i.events.check(&events); err != nil {
			return nil, err
		}
		if i.events.columnar {
			return i.foldColumns(events)
		}
		return i.foldRows(events)
	})
}

func (i *instance[E, K, S]) foldRows(events Batch) ([]Rejection, error) {
	var rejections []Rejection
	fold, table := i.pipeline.Fold, i.table
	out := &Out[K, S]{table}
	canFail := len(i.states.faulties) > 0
	var event E
	for from := 0; from < events.Rows; from += block {
		n := min(block, events.Rows-from)
		i.events.fill(events.Columns, unsafe.Pointer(&i.block[0]), unsafe.Sizeof(event), from, n)
		for row := range n {
			err := fold(&i.block[row], out)
			if err == nil && canFail {
				if fault := table.fault(); fault != nil {
					err = &rejected{fault.Error()}
				}
			}
			if err == nil {
				table.commit()
				continue
			}
			var reject *rejected
			if !errors.As(err, &reject) {
				return nil, failed(err)
			}
			table.rollback()
			rejections = append(rejections, Rejection{Row: from + row, Reason: err.Error()})
		}
	}
	clear(i.block) // its text lies in the batch
	return rejections, nil
}

func (i *instance[E, K, S]) foldColumns(events Batch) ([]Rejection, error) {
	var columns E
	i.events.point(events.Columns, unsafe.Pointer(&columns))
	rows := &Rows[K, S]{table: i.table, count: events.Rows, current: -1}
	if err := i.pipeline.FoldColumns(&columns, rows); err != nil {
		return nil, failed(err)
	}
	if i.table.isWatched && rows.current >= 0 {
		rows.end()
	}
	return rows.rejections, nil
}

func (i *instance[E, K, S]) Drain(maxRows int) (Batch, error) {
	return guarded(func() (Batch, error) {
		rows := min(maxRows, i.table.count-i.table.drained)
		w := newRowWriter(slices.Concat(i.keys.columns, i.states.columns), rows)
		drained, err := i.table.drain(maxRows, w)
		if err != nil {
			return Batch{}, fmt.Errorf("the state of %s: %w", i.keys.show(i.table.key(i.table.drained)), err)
		}
		return w.batch(drained), nil
	})
}

func (i *instance[E, K, S]) Identity() (Batch, error) {
	return guarded(func() (Batch, error) {
		w := newRowWriter(i.states.columns, 1)
		identity := i.table.zero
		i.states.save(unsafe.Pointer(&identity), w)
		return w.batch(1), nil
	})
}

func (i *instance[E, K, S]) Combine(left, right Batch) (Batch, error) {
	return guarded(func() (Batch, error) {
		if left.Rows != right.Rows {
			return Batch{}, fmt.Errorf("%d states cannot be combined with %d", left.Rows, right.Rows)
		}
		for name, batch := range map[string]*Batch{"left": &left, "right": &right} {
			if err := batch.checkAll(i.states.columns); err != nil {
				return Batch{}, fmt.Errorf("%s: %w", name, err)
			}
		}
		w := newRowWriter(i.states.columns, left.Rows)
		a, b := new(S), new(S)
		lefts, rights := &RowReader{columns: left.Columns}, &RowReader{columns: right.Columns}
		for row := range left.Rows {
			if err := i.load(a, lefts, row); err != nil {
				return Batch{}, fmt.Errorf("left row %d: %w", row, err)
			}
			if err := i.load(b, rights, row); err != nil {
				return Batch{}, fmt.Errorf("right row %d: %w", row, err)
			}
			if err := i.states.combine(unsafe.Pointer(a), unsafe.Pointer(b)); err != nil {
				return Batch{}, fmt.Errorf("row %d: %w", row, err)
			}
			w.begin()
			i.states.save(unsafe.Pointer(a), w)
		}
		return w.batch(left.Rows), nil
	})
}

func (i *instance[E, K, S]) Present(states Batch) (Batch, error) {
	return guarded(func() (Batch, error) {
		if i.pipeline.present == nil {
			return Batch{Rows: states.Rows}, nil
		}
		if err := states.checkAll(i.states.columns); err != nil {
			return Batch{}, err
		}
		w := newRowWriter(i.descriptor.Views, states.Rows)
		state, reader := new(S), &RowReader{columns: states.Columns}
		for row := range states.Rows {
			if err := i.load(state, reader, row); err != nil {
				return Batch{}, fmt.Errorf("row %d: %w", row, err)
			}
			w.begin()
			i.pipeline.present(state, w)
		}
		return w.batch(states.Rows), nil
	})
}

// load reads a row into a state.
func (i *instance[E, K, S]) load(state *S, states *RowReader, row int) error {
	*state = i.table.zero
	states.row, states.at = row, 0
	return i.states.load(unsafe.Pointer(state), states)
}
