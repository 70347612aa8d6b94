// Unit tests under Node: `npm test`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayOf } from '@backfold/guest';
import { foldJson, laws } from '@backfold/guest/testing';
import pipeline from './pipeline.js';
import { percent } from './stages.js';

const NOON = Date.UTC(2026, 0, 3, 12);
const event = (stage: string, country: string | null, customer: string, order: string, product: string, cents: number) => ({
  source: 'shop', time: NOON, event: stage, customer: { id: customer, country }, order: { id: order, product, cents },
});

test('orders of a country on a day', () => {
  const { rows, rejections, row } = foldJson(pipeline, [
    event('viewed', 'DE', 'c1', 'o1', 'lamp', 0),
    event('viewed', 'DE', 'c2', 'o2', 'chair', 0),
    event('paid', 'DE', 'c1', 'o1', 'lamp', 4900),
    event('paid', 'DE', 'c2', 'o2', 'chair', 12900),
    event('returned', 'DE', 'c2', 'o2', 'chair', 12900),
    event('paid', null, 'c3', 'o3', 'lamp', 4900),
    event('lost', 'FR', 'c4', 'o4', 'lamp', 4900),
  ]);
  const germany = row({ country: 'DE', day: dayOf(2026, 1, 3) });
  assert.equal(germany?.state.revenueCents, 17800);
  assert.deepEqual(germany?.state.funnel, { viewed: 2, ordered: 0, paid: 2, returned: 1 });
  assert.deepEqual(germany?.shown, { bestOrders: 'chair (o2): 12900, lamp (o1): 4900', buyersEstimate: 2, paidPercent: 100 });
  assert.deepEqual(rows.map(({ key }) => key.country), ['DE', 'unknown']);
  assert.deepEqual(rejections, [{ row: 6, reason: 'no stage is called lost' }]);
});

test('a paid order without a value leaves nothing, although its stage was counted before', () => {
  const order = { source: 'app', time: NOON, event: 'paid', customer: { id: 'c1', country: 'AT' } };
  const { rows, rejections } = foldJson(pipeline, [order]);
  assert.deepEqual(rows, []);
  assert.deepEqual(rejections, [{ row: 0, reason: 'a paid order has an id, a product and a value' }]);
});

test('the least value is a parameter', () => {
  const events = [event('paid', 'DE', 'c1', 'o1', 'lamp', 4900)];
  const { rows } = foldJson(pipeline, events, { least_cents: '5000' });
  assert.equal(rows[0]?.state.revenueCents, 0);
  assert.throws(() => foldJson(pipeline, events, { least_cents: 'many' }), /least_cents = "many" is of no use/);
});

test('shares', () => {
  assert.equal(percent(1, 3), 33.3);
  assert.equal(percent(1, 0), null);
});

test('the laws hold', () => {
  laws(pipeline, (random) => {
    const product = random.pick(['lamp', 'chair', 'žárovka']);
    const stage = random.pick(['viewed', 'ordered', 'paid', 'paid', 'returned', 'lost']);
    const country = random.pick(['DE', 'FR', null]);
    return event(stage, country, `c${random.int(1, 9)}`, `o${random.int(1, 20)}`, product, random.int(0, 20) * 100);
  });
});
