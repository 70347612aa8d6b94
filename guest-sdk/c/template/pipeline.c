// Page views per page and day, from an archive of clicks.
#include "backfold/backfold.h"

// A page view or a scroll; clicks and purchases are passed over.
BF_EVENT(view,
  BF_ONLY("type", "page_view", "scroll"),
  BF_EVENT_TIME(at, "ts"),
  BF_IN(utf8, page, "page_id"),
  BF_IN(utf8, user_id, "user_id"),
  BF_IN(int64, duration_ms, "duration_ms"))

// A page on a day, in UTC.
BF_KEY(page_day,
  BF_COLUMN(utf8, page),
  BF_COLUMN(date, day))

BF_STATE(stats,
  BF_SUM(views),
  BF_SUM(total_ms),
  BF_MAX(int64, longest_ms),
  BF_HLL(visitors))

BF_VIEW(estimates,
  BF_COLUMN(int64, visitors_estimate))

static const char *fold(const view *e) {
  if (e->duration_ms < 0) return "the duration is negative";  // a reason rejects the record
  stats *s = bf_at((page_day){e->page, bf_day_of(e->at)});
  s->views += 1;
  s->total_ms += e->duration_ms;
  bf_max_int64(&s->longest_ms, e->duration_ms);
  bf_hll_add_utf8(&s->visitors, e->user_id);
  return NULL;
}

static void show(const stats *s, estimates *shown) {
  shown->visitors_estimate = llround(bf_hll_estimate(&s->visitors));
}

BF_PIPELINE(.name = "{{name}}", .version = "0.1.0", .fold = fold, .present = show)
