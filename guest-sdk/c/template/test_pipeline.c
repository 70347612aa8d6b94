// Unit tests of the pipeline, natively: `make test`.
#include "pipeline.c"
#include "backfold/testing.h"

static void event(const char *type, int day, const char *page, const char *user, int duration_ms) {
  bf_test_event("{'type':'%s','ts':'2026-01-%02dT23:59:59.999Z','page_id':'%s','user_id':'%s','duration_ms':%d}", type, day, page,
                user, duration_ms);
}

static void views_of_a_page_on_a_day(void) {
  bf_test_open(0);
  event("page_view", 3, "p1", "u1", 40);
  event("scroll", 3, "p1", "u2", 60);
  event("purchase", 3, "p1", "u3", 5);
  event("page_view", 4, "p1", "u1", 7);
  event("page_view", 3, "p2", "u4", -1);
  bf_test_fold();

  page_day key = {bf_text("p1"), bf_day(2026, 1, 3)};
  const stats *s = bf_test_state(key);
  BF_EXPECT(s && s->views == 2 && s->total_ms == 100 && s->longest_ms.value == 60);
  BF_EXPECT(bf_test_view(key).visitors_estimate == 2);
  BF_EXPECT(bf_test_states() == 2 && bf_test_passed_over() == 1);
  BF_EXPECT(bf_test_rejection(4) && strcmp(bf_test_rejection(4), "the duration is negative") == 0);
}

static void the_laws_hold(void) {
  bf_test_open(0);
  for (int i = 0; i < 200; i++)
    event("page_view", i % 3 + 1, i % 2 ? "p1" : "p2", i % 5 ? "u1" : "u2", i * 37 % 5000 - 50);
  bf_test_laws();
}

int main(void) {
  views_of_a_page_on_a_day();
  the_laws_hold();
  return bf_test_end();
}
