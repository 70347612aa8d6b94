// The row form and the column form of one pipeline give the same states and rejections, and rejections leave no trace.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  all, any, binary, bool, countMin, custom, date, day, days, ddSketch, first, float, floatSum, hll, int, int64, last, max, min,
  nullable, pipeline, reject, set, sum, text, theta, timestamp, topK,
} from '../src/index.js';
import { foldJson, laws, type Json, type Random } from '../src/testing/index.js';
import { drain } from '../src/testing/index.js';
import { hex } from '../src/codec.js';

const product = custom({
  columns: { '': int() },
  identity: { '': 1 },
  insert: (state, value: number) => ({ '': (state[''] * value) % 1009 }),
  combine: (left, right) => ({ '': (left[''] * right['']) % 1009 }),
});

const declared = {
  name: 'forms',
  version: '0.1.0',
  event: {
    at: timestamp('ts'),
    page: text(),
    user: int64(),
    ratio: float(),
    flag: bool(),
    note: nullable(text()),
    limit: nullable(int64()),
    data: nullable(binary({ encoding: 'hex' })),
  },
  key: { page: text(), day: date(), user: nullable(int64()) },
  state: {
    count: sum({ as: 'bigint' }), total: sum({ as: 'bigint' }), exact: floatSum(), least: min(), greatest: max(), high: max(float()),
    anyFlag: any(), allFlags: all(), firstNote: first(text()), lastData: last(binary()), best: topK(2), notes: set(text(), 2),
    users: hll(), more: theta(5), often: countMin(16, 3), quantiles: ddSketch(), product,
  },
} as const;

const byRows = pipeline({
  ...declared,
  fold(e, at) {
    const key = { page: e.page, day: day(e.at), user: e.user };
    const s = at(key);
    s.count.add(1);
    s.total.add(e.user);
    s.least.insert(e.user);
    s.greatest.insert(e.user);
    s.high.insert(e.ratio);
    s.anyFlag.insert(e.flag);
    s.allFlags.insert(e.flag);
    if (e.note !== null) s.firstNote.insert(e.at, e.note);
    if (e.data !== null) s.lastData.insert(e.at, e.data);
    s.best.insert(e.user, e.page);
    if (e.note !== null) s.notes.insert(e.note);
    s.users.insert(e.page);
    s.more.insert(e.user);
    s.often.insert(e.page);
    s.quantiles.insert(e.ratio);
    s.product.insert(7);
    // Another state, and the same one again.
    at({ ...key, user: null }).count.add(2);
    at(key).exact.insert(e.ratio);
    if (e.limit !== null && e.user > e.limit) reject(`above ${e.limit}`);
  },
});

const byColumns = pipeline({
  ...declared,
  foldColumns(e, at, reject) {
    const key = { page: e.page, day: days(e.at), user: e.user };
    const s = at(key);
    s.count.add(1);
    s.total.add(e.user);
    s.exact.insert(e.ratio);
    s.least.insert(e.user);
    s.greatest.insert(e.user);
    s.high.insert(e.ratio);
    s.anyFlag.insert(e.flag);
    s.allFlags.insert(e.flag);
    s.firstNote.insert(e.at, e.note);
    s.lastData.insert(e.at, e.data);
    s.best.insert(e.user, e.page);
    s.notes.insert(e.note);
    s.users.insert(e.page);
    s.more.insert(e.user);
    s.often.insert(e.page);
    s.quantiles.insert(e.ratio);
    s.product.insert(7);
    at({ ...key, user: e.user.map(() => null) }).count.add(2);
    for (let row = 0; row < e.rows; row++) {
      const limit = e.limit[row]!;
      if (limit !== null && e.user[row]! > limit) reject(row, `above ${limit}`);
    }
  },
});

const PAGES = ['home', 'žluťoučký 🐎', '', 'ﬀ', '😀', 'a\u0000b'];
const USERS = [0, -1, 7, 2 ** 31, -(2 ** 40), 2n ** 53n + 1n, -(2n ** 56n)];

function event(random: Random): Json {
  return {
    ts: `2026-01-0${random.int(1, 2)}T1${random.int(0, 9)}:00:00.${random.int(0, 999)}Z`,
    page: random.pick(PAGES),
    user: random.pick(USERS),
    ratio: random.pick([0, -0, 0.1, 1e300, -2.5, 5e-324]),
    flag: random.int(0, 1) === 1,
    note: random.pick([null, 'a', 'é', '日本']),
    limit: random.pick([null, null, 0, 2 ** 53 - 1]),
    data: random.pick([null, '', '00ff', 'fe']),
  };
}

function tableOf(events: Json[], of: unknown, batch: number): unknown {
  const { states, rejections } = drain(of as never, events, {}, batch, 3);
  const rows = [...states].map(([key, { columns }]) => [key, columns.map(({ values, validity }) => [hex(values), validity ? validity[0]! & 1 : 1])]);
  return { rows: rows.sort(), rejections };
}

test('both forms give the same table', () => {
  let seed = 7;
  const random: Random = {
    int: (least, most) => {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
      return least + ((seed >> 8) % (most - least + 1));
    },
    pick: (choices) => choices[random.int(0, choices.length - 1)]!,
  };
  for (const [count, batch] of [[0, 1], [1, 1], [7, 3], [400, 400], [400, 64]] as const) {
    const events = Array.from({ length: count }, () => event(random));
    assert.deepEqual(tableOf(events, byColumns, batch), tableOf(events, byRows, batch));
  }
});

test('the laws hold for both forms', () => {
  laws(byRows, event, { rounds: 40 });
  laws(byColumns, event, { rounds: 40 });
});

test('a rejected record leaves no trace', () => {
  const of = (user: number, limit: number | null): Json => ({
    ts: '2026-01-03T12:00:00Z', page: 'p', user, ratio: 0.5, flag: true, note: 'n', limit, data: 'ff',
  });
  for (const pipelineOf of [byRows, byColumns]) {
    const kept = [of(1, null), of(1, null)];
    const rejected = [of(1, 0), of(9, 0)];
    const mixed = tableOf([kept[0]!, ...rejected, kept[1]!], pipelineOf, 4) as { rows: unknown; rejections: unknown[] };
    assert.deepEqual(mixed.rows, (tableOf(kept, pipelineOf, 4) as typeof mixed).rows);
    assert.equal(mixed.rejections.length, 2);
  }
});

test('numbers that are not finite reject the record', () => {
  const of = { name: 'n', version: '0.1.0', event: { page: text(), x: float() }, key: { page: text() }, state: { views: sum(), x: floatSum() } } as const;
  const rows = pipeline({
    ...of,
    fold(e, at) {
      const s = at({ page: e.page });
      s.views.add(1);
      s.x.insert(e.x / 0);
    },
  });
  const columns = pipeline({
    ...of,
    foldColumns(e, at) {
      const s = at({ page: e.page });
      s.views.add(1);
      s.x.insert(e.x.map((x) => x / 0));
    },
  });
  for (const pipelineOf of [rows, columns]) {
    const folded = foldJson(pipelineOf, [{ page: 'a', x: 1 }]);
    assert.deepEqual(folded.rows, []);
    assert.deepEqual(folded.rejections, [{ row: 0, reason: 'x: the number is not finite' }]);
  }
});
