// @ts-check
// Unit tests under Node: no component is needed. `npm test` runs them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayOf } from '@backfold/guest';
import { foldJson, laws } from '@backfold/guest/testing';
import clicks from './pipeline.js';

/**
 * @param {string} type
 * @param {string} day
 * @param {string} page
 * @param {string} user
 * @param {number} ms
 */
const event = (type, day, page, user, ms) => ({
  type, ts: `2026-01-${day}T23:59:59.999Z`, page_id: page, user_id: user, duration_ms: ms,
});

test('views of a page on a day', () => {
  const folded = foldJson(clicks, [
    event('page_view', '03', 'p1', 'u1', 40),
    event('scroll', '03', 'p1', 'u2', 60),
    event('purchase', '03', 'p1', 'u3', 5),
    event('page_view', '04', 'p1', 'u1', 7),
    event('page_view', '03', 'p1', 'u4', -1),
  ]);
  const row = folded.row({ page: 'p1', day: dayOf(2026, 1, 3) });
  assert.equal(row?.state.views, 2);
  assert.equal(row?.state.totalMs, 100);
  assert.equal(row?.state.longestMs, 60);
  assert.equal(row?.shown.visitorsEstimate, 2);
  assert.equal(folded.rows.length, 2);
  assert.equal(folded.passedOver, 1);
  assert.deepEqual(folded.rejections, [{ row: 4, reason: 'the duration is negative' }]);
});

// States do not depend on where history is cut into batches and parts.
test('the laws hold', () => {
  laws(clicks, (random) =>
    event('page_view', random.pick(['03', '04']), `p${random.int(1, 3)}`, `u${random.int(0, 20)}`, random.int(-5, 5000)),
  );
});
