// Page views per page and day, from an archive of clicks.
import { date, day, hll, int, int64, max, pipeline, reject, sum, text, timestamp } from '@backfold/guest';

export default pipeline({
  name: '{{name}}',
  version: '0.1.0',

  // Clicks and purchases are passed over.
  only: { type: ['page_view', 'scroll'] },

  // What is read from a record, by path.
  event: {
    at: timestamp('ts', { eventTime: true }),
    page: text('page_id'),
    userId: text('user_id'),
    durationMs: int64('duration_ms'),
  },

  // A page on a day, in UTC; the columns are `page` and `day`.
  key: { page: text(), day: date() },

  // What is kept for it; the columns are `views`, `total_ms`, `longest_ms` and `visitors`.
  state: { views: sum(), totalMs: sum(), longestMs: max(), visitors: hll() },

  // What readers of the table see beside the sketch.
  shown: { visitorsEstimate: int() },

  fold(e, at) {
    if (e.durationMs < 0) reject('the duration is negative');
    const s = at({ page: e.page, day: day(e.at) });
    s.views.add(1);
    s.totalMs.add(e.durationMs);
    s.longestMs.insert(e.durationMs);
    s.visitors.insert(e.userId);
  },

  show: (s) => ({ visitorsEstimate: Math.round(s.visitors.estimate()) }),
});
