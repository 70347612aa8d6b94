// The days on which each user was active, and the longest streak of them, from an archive of clicks.
#include "days.h"

BF_EVENT(action,
  BF_EVENT_TIME(at, "ts"),
  BF_IN(utf8, user_id, "user_id"))

BF_KEY(user,
  BF_COLUMN(utf8, user_id))

BF_STATE(activity,
  BF_SUM(actions),
  BF_OWN(days, active, DAYS_COLUMNS("active")))

BF_VIEW(shown,
  BF_COLUMN(int64, active_days),
  BF_COLUMN(int64, longest_streak),
  BF_COLUMN_OR_NULL(date, last_active))

// The days that may come, so that a wrong clock cannot make a bitmap of a million days.
static bf_date earliest, latest;

// A year in a parameter, or another one.
static int year(bf_params *params, const char *name, int otherwise) {
  bf_int64_or_null given = bf_param_int64(params, name);
  return !given.present ? otherwise : given.value < 1 ? 1 : given.value > 9999 ? 9999 : (int)given.value;
}

static const char *open(bf_params *params) {
  int first = year(params, "first_year", 2000), last = year(params, "last_year", 2100);
  if (first > last) return bf_fail("first_year %d is after last_year %d", first, last);
  earliest = bf_day(first, 1, 1);
  latest = bf_day(last, 12, 31);
  return NULL;
}

static const char *fold(const action *e) {
  bf_date day = bf_day_of(e->at);
  if (day < earliest || day > latest) return "the day is out of range";
  activity *s = bf_at((user){e->user_id});
  s->actions += 1;
  days_add(&s->active, day);
  return NULL;
}

static void show(const activity *s, shown *out) {
  out->active_days = days_count(&s->active, &out->longest_streak);
  out->last_active.present = s->active.len > 0;
  if (s->active.len > 0) out->last_active.value = days_last(&s->active);
}

BF_PIPELINE(.name = "activity", .version = "0.1.0", .open = open, .fold = fold, .present = show)
