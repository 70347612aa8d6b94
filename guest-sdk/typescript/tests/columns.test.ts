// The pipeline of a new project, and the same in the column form.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { dayOf } from '../src/index.js';
import { foldJson, laws, parseLines } from '../src/testing/index.js';
import byRows from '../template/pipeline.js';
import inJavaScript from '../template-js/pipeline.js';
import byColumns from './columns/pipeline.js';

const CLICKS = join(process.cwd(), '../../examples/clicks');

test('all give the table of the example', () => {
  const events = parseLines(readFileSync(join(CLICKS, 'events.jsonl'), 'utf8'));
  const expected = JSON.parse(readFileSync(join(CLICKS, 'expected.json'), 'utf8')) as Record<string, unknown>[];
  for (const pipeline of [byRows, inJavaScript, byColumns]) {
    const folded = foldJson(pipeline, events);
    assert.equal(folded.rows.length, expected.length);
    for (const wanted of expected) {
      const [year, month, date] = String(wanted['day']).split('-').map(Number);
      const { state, shown } = folded.row({ page: String(wanted['page']), day: dayOf(year!, month!, date!) })!;
      const found = [state.views, state.totalMs, state.longestMs, shown.visitorsEstimate];
      assert.deepEqual(found, ['views', 'total_ms', 'longest_ms', 'visitors_estimate'].map((name) => wanted[name]));
    }
    assert.deepEqual(folded.rejections, [{ row: 6, reason: 'the duration is negative' }]);
    assert.equal(folded.passedOver, 1);
  }
});

test('the laws hold over columns', () => {
  laws(byColumns, (random) => ({
    type: random.pick(['page_view', 'scroll', 'purchase']),
    ts: `2026-01-0${random.int(1, 3)}T23:59:59.999Z`,
    page_id: `p${random.int(1, 3)}`,
    user_id: `u${random.int(0, 20)}`,
    duration_ms: random.pick([-1, 0, 5000, 2n ** 53n + 1n]),
  }));
});
