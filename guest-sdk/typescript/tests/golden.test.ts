// The monoids against the states that the Rust SDK has written.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  all, any, countMin, date, ddSketch, first, float, floatSum, hll, int64, last, max, min, set, sum, text, theta, timestamp, topK,
  type Field, type Monoid,
} from '../src/index.js';
import { hex } from '../src/codec.js';
import type { Cursor, Pending, Store } from '../src/monoids/monoid.js';
import type { Column } from '../src/schema.js';

const GOLDEN = join(process.cwd(), '../golden');

type Range = { from: number; to: number; text?: string };
interface State {
  name: string;
  inserts: unknown[] | Range;
  columns: (string | null)[];
  value: unknown;
}
interface Golden {
  monoid: string;
  columns: { name: string; kind: string; nullable: boolean }[];
  states: State[];
  merges: { left: string; right: string; columns: (string | null)[] }[];
}

const exact = (value: string) => BigInt(value);
const same = (value: string) => value;
const infinite = (value: string) => Number(value.replace('inf', 'Infinity'));

/** Each monoid, how its golden inserts are read, and how its value is shown as theirs is. */
const MONOIDS: Record<string, [Monoid<any, any, any>, (value: any) => unknown, (value: any) => unknown]> = {
  'Sum<i64>': [sum({ as: 'bigint' }), exact, String],
  'Sum<f64>': [floatSum(), Number, Number],
  'Min<i64>': [min(), exact, orNull(String)],
  'Max<i64>': [max(), exact, orNull(String)],
  'Min<f64>': [min(float()), infinite, orNull(Number)],
  'Max<f64>': [max(float()), infinite, orNull(Number)],
  // An instant beyond 2^53 microseconds is no number.
  'Min<Timestamp>': [min({ ...timestamp(), integers: 'exact' } as Field<number>), exact, orNull(String)],
  'Max<Date>': [max(date()), Number, orNull(String)],
  Any: [any(), (value) => value === 'true' || value === true, same],
  All: [all(), (value) => value === 'true' || value === true, same],
  'First<i64>': [first(int64()), exact, orNull((timed) => String(timed.value))],
  'Last<String>': [last(text()), same, orNull((timed) => timed.value)],
  'TopK<3>': [topK(3), same, (ranks) => ranks.map(({ item, score }: any) => [String(score), item])],
  'Set<i64, 3>': [set(int64(), 3), exact, smallest],
  'Set<String, 3>': [set(text(), 3), same, smallest],
  'Hll<12>': [hll(), same, (sketch) => sketch.estimate()],
  'Hll<4>': [hll(4), exact, (sketch) => sketch.estimate()],
  'Theta<5>': [theta(5), same, (sketch) => sketch.estimate()],
  'CountMin<16, 3>': [countMin(16, 3), same, (sketch) => String(sketch.estimate('a'))],
  'DdSketch<10>': [ddSketch(), Number, (sketch) => [0, 0.5, 0.95, 1].map((q) => sketch.quantile(q))],
};

function orNull(show: (value: any) => unknown): (value: any) => unknown {
  return (value) => (value === null ? null : show(value));
}

function smallest({ values, hadMore }: { values: unknown[]; hadMore: boolean }): unknown {
  return { had_more: hadMore, values: values.map(String) };
}

/** The arguments of each insertion. */
function insertions({ monoid }: Golden, { inserts }: State, read: (value: any) => unknown): unknown[][] {
  if (Array.isArray(inserts)) {
    return inserts.map((insert) => {
      if (!Array.isArray(insert)) return [read(insert)];
      return monoid.startsWith('TopK') ? [exact(insert[0]), insert[1]] : [exact(insert[0]), read(insert[1])];
    });
  }
  const { from, to, text } = inserts;
  return Array.from({ length: to - from }, (_, i) => [read(text ? text.replace('{}', String(from + i)) : String(from + i))]);
}

function shown(columns: Column[]): (string | null)[] {
  return columns.map(({ values, validity }) => (validity && (validity[0]! & 1) === 0 ? null : hex(values)));
}

function inserted(store: Store, rows: unknown[][]): Store {
  const cursor: Cursor = { slot: 0 };
  const pending: Pending = [];
  store.resize(1);
  const inserts = store.inserts(cursor, pending) as { add?(...values: unknown[]): void; insert?(...values: unknown[]): void };
  for (const values of rows) (inserts.add ?? inserts.insert)!(...values);
  for (let i = 0; i < pending.length; i += 4) store.insertOne(pending[i + 1] as number, pending[i + 2], pending[i + 3]);
  store.settle();
  return store;
}

/** The same through `foldColumns`. */
function insertedByColumns(store: Store, rows: unknown[][]): Store {
  store.resize(1);
  const inserts = store.columnInserts({
    rows: rows.length,
    reject: () => assert.fail('no golden insertion is rejected'),
    insert: (to, values, seconds = [], isNarrow = false) => to.insertAll(rows.map(() => 0), values, seconds, isNarrow),
  }) as { add?(...columns: unknown[][]): void; insert?(...columns: unknown[][]): void };
  const columns = Array.from({ length: rows[0]?.length ?? 0 }, (_, i) => rows.map((values) => values[i]));
  if (rows.length > 0) (inserts.add ?? inserts.insert)!(...columns);
  store.settle();
  return store;
}

/** Numbers are equal to within rounding, whatever the text. */
function assertValue(found: unknown, expected: unknown): void {
  if (Array.isArray(found) && Array.isArray(expected)) {
    assert.equal(found.length, expected.length);
    found.forEach((value, i) => assertValue(value, expected[i]));
  } else if (typeof found === 'number') {
    const wanted = Number(expected);
    assert.ok(found === wanted || Math.abs(found - wanted) <= 1e-12 * Math.abs(wanted), `${found} is not ${wanted}`);
  } else {
    assert.deepEqual(found, expected);
  }
}

for (const file of readdirSync(GOLDEN).filter((name) => name.endsWith('.json'))) {
  const golden: Golden = JSON.parse(readFileSync(join(GOLDEN, file), 'utf8'));
  test(`${golden.monoid} has the states of ${file}`, () => {
    const declared = MONOIDS[golden.monoid];
    assert.ok(declared, `no monoid here is ${golden.monoid}`);
    const [monoid, read, show] = declared;
    assert.deepEqual(monoid.columns('x'), golden.columns.map(({ name, kind, nullable }) => ({ name, kind, nullable })));
    const stores = new Map<string, Column[]>();
    for (const state of golden.states) {
      const rows = insertions(golden, state, read);
      const store = inserted(monoid.store(), rows);
      stores.set(state.name, store.save(0, 1));
      assert.deepEqual(shown(store.save(0, 1)), state.columns, state.name);
      assertValue(show(store.value(0)), state.value);
      assert.deepEqual(shown(insertedByColumns(monoid.store(), rows).save(0, 1)), state.columns, `${state.name}, by columns`);
    }
    for (const { left, right, columns } of golden.merges) {
      const store = monoid.store();
      store.resize(1);
      store.merge(stores.get(left)!, 1);
      store.merge(stores.get(right)!, 1);
      assert.deepEqual(shown(store.save(0, 1)), columns, `${left} and ${right}`);
    }
  });
}
