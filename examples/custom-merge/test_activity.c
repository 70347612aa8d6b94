// Unit tests, natively: `make test`.
#include "activity.c"
#include "testing.h"

static void on(const char *user_id, const char *day) { bf_test_event("{'ts':'%sT12:00:00Z','user_id':'%s'}", day, user_id); }

static void a_streak_is_days_in_a_row(void) {
  bf_test_open(0);
  static const char *const days_of_a[] = {"2026-01-05", "2026-01-03", "2026-01-04", "2026-01-04", "2026-01-09", "2025-12-31", "2026-01-06"};
  for (size_t i = 0; i < sizeof days_of_a / sizeof *days_of_a; i++) on("a", days_of_a[i]);
  on("b", "1999-12-31");
  bf_test_fold();

  const activity *s = bf_test_state((user){bf_text("a")});
  BF_EXPECT(s && s->actions == 7);
  shown view = bf_test_view((user){bf_text("a")});
  BF_EXPECT(view.active_days == 6 && view.longest_streak == 4);
  BF_EXPECT(view.last_active.present && view.last_active.value == bf_day(2026, 1, 9));
  BF_EXPECT(bf_test_states() == 1 && bf_test_rejection(7) && strcmp(bf_test_rejection(7), "the day is out of range") == 0);
}

static void years_are_parameters(void) {
  BF_EXPECT(bf_test_open(2, "first_year", "1960", "last_year", "1970") == NULL);
  on("a", "1969-12-31");
  on("a", "1970-01-01");
  on("a", "1961-03-01");
  on("a", "1971-01-01");
  bf_test_fold();
  shown view = bf_test_view((user){bf_text("a")});
  BF_EXPECT(view.active_days == 3 && view.longest_streak == 2 && bf_test_rejections() == 1);
  bf_test_laws();

  const char *error = bf_test_open(2, "first_year", "2001", "last_year", "2000");
  BF_EXPECT(error && strstr(error, "first_year 2001 is after last_year 2000"));
  error = bf_test_open(1, "first_year", "soon");
  BF_EXPECT(error && strstr(error, "first_year"));
}

static void the_laws_hold(void) {
  bf_test_open(0);
  for (int i = 0; i < 150; i++)
    bf_test_event("{'ts':'20%02d-%02d-%02dT00:00:00Z','user_id':'u%d'}", 20 + i % 3 * 5, i * 7 % 12 + 1, i * 11 % 28 + 1, i % 4);
  bf_test_laws();
}

int main(void) {
  a_streak_is_days_in_a_row();
  years_are_parameters();
  the_laws_hold();
  return bf_test_end();
}
