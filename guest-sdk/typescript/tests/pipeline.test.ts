// Integers, keys, parameters, declarations that make no sense, and errors at the boundary.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bigint, binary, date, day, days, float, int, int64, json, last, max, nullable, pipeline, reject, set, sum, text, timestamp, truncate,
} from '../src/index.js';
import { component } from '../src/component.js';
import { writeColumn } from '../src/columns.js';
import { describe, userFrames } from '../src/errors.js';
import { foldJson, parseLines, type Json } from '../src/testing/index.js';
import { placesOf } from '../places.mjs';

const sums = pipeline({
  name: 'sums',
  version: '0.1.0',
  event: { n: int64(), big: bigint('n') },
  key: { key: text() },
  state: { total: sum({ as: 'bigint' }), again: sum({ as: 'bigint' }), most: max() },
  fold(e, at) {
    const s = at({ key: 'k' });
    s.total.add(e.n);
    s.again.add(e.big);
    s.most.insert(e.n);
  },
});

test('sums are exact', () => {
  const of = (...numbers: (number | bigint)[]) => foldJson(sums, numbers.map((n) => ({ n }))).rows[0]!.state;
  assert.equal(of(2n ** 53n + 1n, 2n ** 53n + 1n, -1).total, 2n ** 54n + 1n);
  assert.equal(of(2 ** 53 - 1, 2 ** 53 - 1, 1).again, 2n ** 54n - 1n);
  assert.equal(of(2n ** 63n - 1n, 2n ** 63n - 1n, -(2n ** 63n)).total, 2n ** 63n - 2n);
  assert.equal(of(-(2n ** 63n), 5).most, 5);
  // As many additions as are made between two looks at the size of sums, and more.
  const many = Array.from({ length: 30_000 }, () => 2 ** 31 - 1);
  assert.equal(of(...many, ...many).total, 60_000n * (2n ** 31n - 1n));
  assert.throws(
    () => of(2n ** 63n - 1n, 1),
    /the state of key = "k": total: the sum 9223372036854775808 does not fit into 64 bits/,
  );
});

test('an integer beyond 2^53 rejects the record where a number is declared', () => {
  const numbers = pipeline({
    name: 'numbers', version: '0.1.0', event: { n: int() }, key: { n: int() }, state: { total: sum() },
    fold: (e, at) => at({ n: e.n }).total.add(e.n),
  });
  const folded = foldJson(numbers, parseLines('{"n":9007199254740993}\n{"n":-9007199254740991}\n'));
  assert.deepEqual(folded.rows, [{ key: { n: -9007199254740991 }, state: { total: -9007199254740991 }, shown: {} }]);
  assert.match(folded.rejections[0]!.reason, /^n: 9007199254740993 is beyond 2\^53/);
});

test('keys of equal values are one key', () => {
  const keys = pipeline({
    name: 'keys', version: '0.1.0',
    event: { n: int64(), t: text(), b: binary({ encoding: 'hex' }) },
    key: { n: nullable(int64()), b: binary(), t: text() },
    state: { count: sum() },
    fold(e, at) {
      at({ n: e.n, b: e.b, t: e.t }).count.add(1);
      if (typeof e.n === 'number') at({ n: BigInt(e.n), b: e.b.slice(), t: e.t }).count.add(1);
      at({ n: null, b: e.b, t: '\ud800' }).count.add(1);
      at({ n: null, b: e.b, t: '\ufffd' }).count.add(1);
    },
  });
  const events: Json[] = [{ n: 5, t: 'a', b: '00' }, { n: 2 ** 40, t: 'a', b: '00' }, { n: 2n ** 60n, t: 'a', b: '00' }];
  const { rows } = foldJson(keys, events);
  assert.deepEqual(rows.map(({ key, state }) => [key.n, key.t, state.count]), [
    [5, 'a', 2], [null, '\ufffd', 6], [2 ** 40, 'a', 2], [2n ** 60n, 'a', 1],
  ]);
});

test('values are read as they are declared', () => {
  const declared = pipeline({
    name: 'x', version: '0.1.0', event: { n: bigint(), at: timestamp('n', { encoding: 'epoch-microseconds' }) },
    key: { n: bigint() },
    state: { most: max(bigint()), when: max(timestamp()), latest: last(bigint()), all: set(bigint(), 3), narrow: max(int()) },
    shown: { doubled: bigint() },
    fold(e, at) {
      const s = at({ n: e.n });
      s.most.insert(e.n);
      s.when.insert(e.at);
      s.latest.insert(e.at, e.n);
      s.all.insert(e.n);
      s.narrow.insert(Number(e.n));
    },
    show: (s) => ({ doubled: 2n * s.most! }),
  });
  const row = foldJson(declared, [{ n: 5 }]).row({ n: 5n })!;
  assert.deepEqual(row.state, {
    most: 5n, when: 5, latest: { at: 5, value: 5n }, all: { values: [5n], hadMore: false }, narrow: 5,
  });
  assert.deepEqual([row.key, row.shown], [{ n: 5n }, { doubled: 10n }]);
});

test('a key lacks no column', () => {
  const of = { name: 'x', version: '0.1.0', event: { n: int() }, key: { n: int() }, state: { s: sum() } } as const;
  const rows = pipeline({ ...of, fold: (_, at) => at({} as never).s.add(1) });
  const columns = pipeline({ ...of, foldColumns: (_, at) => at({} as never).s.add(1) });
  assert.throws(() => foldJson(rows, [{ n: 1 }]), /the key's n is of kind int64, not undefined/);
  assert.throws(() => foldJson(columns, [{ n: 1 }]), /the key has no n/);
});

test('parameters are typed', () => {
  const declared = pipeline({
    name: 'params', version: '0.1.0', event: { n: int() }, key: { n: int() }, state: { total: sum() },
    params: { leastCents: int({ default: 3 }), from: nullable(date()), factor: float() },
    fold: (e, at, params) => at({ n: e.n }).total.add(params.leastCents + (params.from ?? 0) + params.factor),
  });
  const total = (params: Record<string, string>) => foldJson(declared, [{ n: 1 }], params).rows[0]!.state.total;
  assert.equal(total({ factor: '2' }), 5);
  assert.equal(total({ factor: '2', least_cents: '-7', from: '1970-01-02' }), -4);
  const refused = (params: Record<string, string>, why: RegExp) => assert.throws(() => total(params), why);
  refused({}, /the parameter factor is missing/);
  refused({ factor: '1', least_cents: '1.5' }, /least_cents = "1.5" is of no use: not of kind int64/);
  refused({ factor: '1', lest: '1' }, /lest is not known; the pipeline takes least_cents, from, factor/);
});

test('declarations that make no sense are refused', () => {
  const of = { name: 'x', version: '0.1.0', event: { n: int() }, key: { n: int() }, state: { s: sum() } };
  const fold = () => {};
  const refused = (declared: object, why: RegExp) => assert.throws(() => pipeline({ ...of, fold, ...declared } as never), why);
  refused({ fold: undefined }, /either fold or foldColumns/);
  refused({ foldColumns: fold }, /either fold or foldColumns/);
  refused({ key: {} }, /at least one column/);
  refused({ key: { x: float() } }, /x is of kind float64/);
  refused({ key: { x: json() } }, /x is of kind json/);
  refused({ key: { s: int() } }, /two columns of the table are named s/);
  refused({ shown: { v: int() } }, /show has to derive/);
  refused({ event: { a: timestamp({ eventTime: true }), b: timestamp({ eventTime: true }) } }, /one event time/);
  assert.throws(() => component({} as never), /export default pipeline/);
});

test('columns are named in snake case, paths as they are written', () => {
  const { descriptor } = pipeline({
    name: 'x', version: '0.1.0', event: { userId: text(), at: timestamp('meta.ts', { eventTime: true, as: 'day' }), 'a.b': int() },
    key: { userId: text() }, state: { totalMs: sum() }, fold: () => {},
  });
  assert.deepEqual(descriptor.inputs.map(({ name, origin }) => [name, origin]), [
    ['user_id', { tag: 'path', val: 'userId' }], ['at', { tag: 'path', val: 'meta.ts' }], ['a.b', { tag: 'path', val: 'a\\.b' }],
  ]);
  assert.deepEqual([descriptor.eventTime, descriptor.keys[0]!.name, descriptor.states[0]!.name], ['at', 'user_id', 'total_ms']);
});

test('a component answers with errors, and with rejections', () => {
  const { pipeline: exported } = component(
    pipeline({
      name: 'x', version: '0.1.0', event: { t: text() }, key: { t: text() }, state: { n: sum() },
      fold(e, at): void {
        at({ t: e.t }).n.add(1);
        if (e.t === 'bad') reject('no');
        if (e.t === 'late') return Promise.resolve() as never;
        if (e.t === 'key') at({ t: 7 as never });
      },
    }),
  );
  const batch = (...values: string[]) => ({ rows: values.length, columns: [writeColumn('utf8', values)] });
  assert.throws(() => exported.fold(batch('a')), (thrown) => thrown === 'Error: the pipeline is not opened');
  assert.throws(() => exported.open([['a', '1']]), (thrown) => thrown === 'ParamError: the parameter a is not known; the pipeline takes none');
  exported.open([]);
  assert.deepEqual(exported.fold(batch('a', 'bad')), [{ row: 1, reason: 'no' }]);
  assert.throws(() => exported.fold(batch('late')), (thrown) => String(thrown).startsWith('TypeError: fold returned a promise'));
  assert.throws(() => exported.fold(batch('key')), (thrown) => String(thrown) === "TypeError: the key's t is of kind utf8, not 7");
  assert.throws(() => exported.fold({ rows: 1, columns: [] }), (thrown) => String(thrown).startsWith('RangeError: 0 columns'));
  assert.equal(exported.drain(1).rows, 1);
  assert.throws(() => exported.fold(batch('a')), (thrown) => String(thrown).startsWith('Error: events cannot be folded before'));
  // The keys of the batches that failed: a host drops the instance instead.
  assert.equal(exported.drain(9).rows, 2);
  assert.equal(exported.drain(9).rows, 0);
});

test('frames are those of the user', () => {
  // Two lines of the user's between lines of the SDK's.
  const map = { sources: ['sdk/a.ts', 'user/p.ts'], mappings: 'AAAA;ACIA;QACA;ADCA' };
  const places = placesOf(map, '/w/bundle.js.map', '/w/user', '/w/sdk');
  assert.deepEqual(places, { sources: ['p.ts'], places: [2, 1, 0, 5, 3, 9, 0, 6, 4, 1, -1, 0] });
  Object.assign(globalThis, { __backfoldPlaces: places });
  try {
    const quickjs = '    at check (/bundle.js:3:12)\n    at map (native)\n    at <anonymous> (/bundle.js:2:4)\n    at fold (<input>:2:9)\n    at run (/bundle.js:4:1)\n';
    assert.deepEqual(userFrames(quickjs), ['  at p.ts:6 in check', '  at p.ts:5']);
    assert.deepEqual(userFrames('check@bundle.js:3:12\nfold@bundle.js:2:1\n@bundle.js:1:1'), ['  at p.ts:6 in check', '  at p.ts:5 in fold']);
    assert.equal(describe('text'), 'Error: text');
  } finally {
    Object.assign(globalThis, { __backfoldPlaces: undefined });
  }
});

test('days and periods go down on both sides of 1970', () => {
  assert.deepEqual([day(-1), day(0), day(86_399_999_999)], [-1, 0, 0]);
  assert.deepEqual(days([-1, 0, 86_400_000_000, -86_400_000_001]), [-1, 0, 1, -2]);
  assert.deepEqual([truncate(-1, 3600), truncate(3_600_000_001, 3600)], [-3_600_000_000, 3_600_000_000]);
  const byDay = pipeline({
    name: 'x', version: '0.1.0', event: { day: timestamp('ts', { as: 'day' }) }, key: { day: date() }, state: { n: sum() },
    fold: (e, at) => at({ day: e.day }).n.add(1),
  });
  const at = ['1969-12-31T23:59:59.999999Z', '1970-01-01T00:00:00Z', '2026-01-03T23:59:59.9Z', '2026-01-04T00:00:00+00:00'];
  const { rows } = foldJson(byDay, at.map((ts) => ({ ts })));
  assert.deepEqual(rows.map(({ key }) => key.day), [-1, 0, 20456, 20457]);
});
