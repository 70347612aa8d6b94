package guesttest

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"backfold.dev/guest"
)

// cases is the number of histories that Laws tries.
const cases = 128

// Laws checks, for records that a function makes, that the states do not depend on the places where records are cut into
// batches, drains and parts, that identity and associativity hold, and commutativity where the pipeline claims it. If
// one does not hold, the test fails with few records for which it does not. Records are those of FoldJSON. Keep the
// numbers in them small: sums that overflow do not obey the laws.
func Laws[E any, K comparable, S any](t testing.TB, p *guest.Pipeline[E, K, S], params map[string]string, record func(r *rand.Rand) any) {
	t.Helper()
	for seed := range uint64(cases) {
		r := rand.New(rand.NewPCG(seed, 0))
		rows := make([]json.RawMessage, r.IntN(48))
		for i := range rows {
			text, err := recordText(record(r))
			if err != nil {
				t.Fatalf("record %d: %v", i, err)
			}
			rows[i] = text
		}
		c := cut{first: r.IntN(len(rows) + 1), second: r.IntN(len(rows) + 1), batch: 1 + r.IntN(8), drain: 1 + r.IntN(4)}
		if err := c.check(p, params, rows); err != nil {
			rows, err = c.shrink(p, params, rows, err)
			t.Fatalf("%v\nfor these records:\n%s", err, lines(rows))
		}
	}
}

func lines(rows []json.RawMessage) string {
	var out strings.Builder
	for _, row := range rows {
		fmt.Fprintf(&out, "  %s\n", row)
	}
	return out.String()
}

// cut is a way to cut records into parts, batches and drains.
type cut struct{ first, second, batch, drain int }

// shrink leaves out records as long as the check fails.
func (c cut) shrink(p guest.Opener, params map[string]string, rows []json.RawMessage, err error) ([]json.RawMessage, error) {
	for i := len(rows) - 1; i >= 0; i-- {
		fewer := slices.Delete(slices.Clone(rows), i, i+1)
		if again := c.check(p, params, fewer); again != nil {
			rows, err = fewer, again
		}
	}
	return rows, err
}

func (c cut) check(p guest.Opener, params map[string]string, rows []json.RawMessage) error {
	whole, err := foldCut(p, params, rows, max(len(rows), 1), 1<<20)
	if err != nil {
		return err
	}
	batches, err := foldCut(p, params, rows, c.batch, c.drain)
	if err != nil {
		return err
	}
	l := laws{whole.instance, whole.instance.Descriptor()}
	if err := l.sameStates(whole.states, batches.states, "states, folded in smaller batches"); err != nil {
		return err
	}
	if !slices.Equal(whole.rejections, batches.rejections) {
		return fmt.Errorf("rejections, folded in smaller batches, differ: %v and %v", whole.rejections, batches.rejections)
	}
	first, second := min(c.first, c.second, len(rows)), min(max(c.first, c.second), len(rows))
	var parts [3]*result
	keys := map[string]bool{}
	for i, part := range [][]json.RawMessage{rows[:first], rows[first:second], rows[second:]} {
		if parts[i], err = foldCut(p, params, part, c.batch, c.drain); err != nil {
			return err
		}
		for key := range parts[i].states {
			keys[key] = true
		}
	}
	if len(keys) != len(whole.states) {
		return fmt.Errorf("there are %d keys, and folded in parts %d", len(whole.states), len(keys))
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if err := l.key(whole.states[key], parts, key); err != nil {
			return err
		}
	}
	if l.d.Commutative {
		reversed := slices.Clone(rows)
		slices.Reverse(reversed)
		back, err := foldCut(p, params, reversed, c.batch, c.drain)
		if err != nil {
			return err
		}
		return l.sameStates(whole.states, back.states, "states, folded in reverse")
	}
	return nil
}

type laws struct {
	guest.Instance
	d *guest.Descriptor
}

func (l laws) show(state guest.Batch) string { return cells(l.d.States, state.Columns, 0) }

func (l laws) same(a, b guest.Batch, what string) error {
	if x, y := l.show(a), l.show(b); x != y {
		return fmt.Errorf("%s, differ:\n  %s\n  %s", what, x, y)
	}
	return nil
}

func (l laws) sameStates(a, b map[string]guest.Batch, what string) error {
	if len(a) != len(b) {
		return fmt.Errorf("%s: there are %d keys and %d", what, len(a), len(b))
	}
	for key, state := range a {
		other, known := b[key]
		if !known {
			return fmt.Errorf("%s: the key %s is missing", what, key)
		}
		if err := l.same(state, other, what); err != nil {
			return err
		}
	}
	return nil
}

// key checks the laws for the states of a key in three parts of history.
func (l laws) key(whole guest.Batch, parts [3]*result, key string) error {
	identity, err := l.Identity()
	if err != nil {
		return err
	}
	var states [3]guest.Batch
	for i, part := range parts {
		states[i] = identity
		if state, known := part.states[key]; known {
			states[i] = state
		}
		for _, pair := range [][2]guest.Batch{{identity, states[i]}, {states[i], identity}} {
			if err := l.combines(pair[0], pair[1], states[i], "a state, combined with the identity"); err != nil {
				return err
			}
		}
	}
	a, b, c := states[0], states[1], states[2]
	ab, err := l.Combine(a, b)
	if err != nil {
		return err
	}
	bc, err := l.Combine(b, c)
	if err != nil {
		return err
	}
	if err := l.combines(ab, c, whole, "the state, and that of three parts, combined from the left"); err != nil {
		return err
	}
	if err := l.combines(a, bc, whole, "the state, and that of three parts, combined from the right"); err != nil {
		return err
	}
	if l.d.Commutative {
		return l.combines(b, a, ab, "combine(a, b) and combine(b, a)")
	}
	return nil
}

func (l laws) combines(left, right, want guest.Batch, what string) error {
	got, err := l.Combine(left, right)
	if err != nil {
		return err
	}
	return l.same(want, got, what)
}
