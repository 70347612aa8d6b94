// The pipeline of a new project in the column form, to measure its rate.
import { date, hll, int, int64, max, pipeline, sum, text, timestamp } from '@backfold/guest';

export default pipeline({
  name: 'clicks-columns',
  version: '0.1.0',
  only: { type: ['page_view', 'scroll'] },
  event: {
    day: timestamp('ts', { eventTime: true, as: 'day' }),
    page: text('page_id'),
    userId: text('user_id'),
    durationMs: int64('duration_ms'),
  },
  key: { page: text(), day: date() },
  state: { views: sum(), totalMs: sum(), longestMs: max(), visitors: hll() },
  shown: { visitorsEstimate: int() },

  foldColumns(e, at, reject) {
    for (let row = 0; row < e.rows; row++) if (e.durationMs[row]! < 0) reject(row, 'the duration is negative');
    const s = at({ page: e.page, day: e.day });
    s.views.add(1);
    s.totalMs.add(e.durationMs);
    s.longestMs.insert(e.durationMs);
    s.visitors.insert(e.userId);
  },

  show: (s) => ({ visitorsEstimate: Math.round(s.visitors.estimate()) }),
});
