// The best orders, the buyers and the funnel of each country and day, from the events of a shop.
import { date, day, float, hll, int, nullable, pipeline, reject, sum, text, timestamp, topK } from '@backfold/guest';
import { funnel, isStage, percent } from './stages.js';

export default pipeline({
  name: 'top-products',
  version: '0.1.0',

  only: { source: ['shop', 'app'] },

  event: {
    at: timestamp('time', { encoding: 'epoch-milliseconds', eventTime: true }),
    stage: text('event'),
    country: nullable(text('customer.country')),
    customer: text('customer.id'),
    order: nullable(text('order.id')),
    product: nullable(text('order.product')),
    cents: nullable(int('order.cents')),
  },

  key: { country: text(), day: date() },

  state: {
    // An order's value is final in its record: the best ones of parts are the best ones of the whole.
    best: topK(3),
    revenueCents: sum(),
    buyers: hll(),
    funnel,
  },

  // Orders below it do not count as sales; the job file sets it in `[params]`.
  params: { leastCents: int({ default: 1 }) },

  shown: { bestOrders: text(), buyersEstimate: int(), paidPercent: nullable(float()) },

  fold(e, at, params) {
    const { stage } = e;
    if (!isStage(stage)) reject(`no stage is called ${stage}`);
    const s = at({ country: e.country ?? 'unknown', day: day(e.at) });
    s.funnel.insert(stage);
    if (stage !== 'paid') return;
    if (e.cents === null || e.order === null || e.product === null) reject('a paid order has an id, a product and a value');
    if (e.cents < params.leastCents) return;
    s.revenueCents.add(e.cents);
    s.best.insert(e.cents, `${e.product} (${e.order})`);
    s.buyers.insert(e.customer);
  },

  show: (s) => ({
    bestOrders: s.best.map(({ item, score }) => `${item}: ${score}`).join(', '),
    buyersEstimate: Math.round(s.buyers.estimate()),
    paidPercent: percent(s.funnel.paid, s.funnel.viewed),
  }),
});
