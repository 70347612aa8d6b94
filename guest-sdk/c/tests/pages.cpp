// A pipeline in C++ with the same header: `zig c++ -std=c++20 -fno-exceptions`. It uses the standard library.
#include <algorithm>
#include <string>
#include <string_view>

#include "backfold.h"

BF_EVENT(view, BF_EVENT_TIME(at, "ts"), BF_IN(utf8, page, "page_id"), BF_IN(utf8, user_id, "user_id"))
BF_KEY(site, BF_COLUMN(utf8, host), BF_COLUMN(date, day))
BF_STATE(stats, BF_SUM(views), BF_HLL(visitors))
BF_VIEW(shown, BF_COLUMN(int64, visitors_estimate))

static const char *fold(const view *e) {
  std::string host{std::string_view{e->page.ptr, e->page.len}.substr(0, std::string_view{e->page.ptr, e->page.len}.find('/'))};
  std::transform(host.begin(), host.end(), host.begin(), [](unsigned char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  if (host.empty()) return "the page has no host";
  stats *s = bf_at(site{{host.data(), static_cast<uint32_t>(host.size())}, bf_day_of(e->at)});
  s->views += 1;
  bf_hll_add_utf8(&s->visitors, e->user_id);
  return nullptr;
}

static void show(const stats *s, shown *out) { out->visitors_estimate = llround(bf_hll_estimate(&s->visitors)); }

BF_PIPELINE(.name = "pages-cpp", .version = "0.1.0", .fold = fold, .present = show)

#ifndef __wasm__
#include "testing.h"

int main() {
  bf_test_open(0);
  for (int i = 0; i < 30; i++) bf_test_event("{'ts':'2026-01-0%dT00:00:00Z','page_id':'%s/a','user_id':'u%d'}", i % 3 + 1, i % 2 ? "A.org" : "a.org", i % 7);
  bf_test_event("{'ts':'2026-01-01T00:00:00Z','page_id':'/a','user_id':'u'}");
  bf_test_fold();
  BF_EXPECT(bf_test_states() == 3 && bf_test_rejections() == 1);
  const site key{bf_text("a.org"), bf_day(2026, 1, 1)};
  BF_EXPECT(bf_test_state(key) && bf_test_state(key)->views == 10 && bf_test_view(key).visitors_estimate == 7);
  bf_test_laws();
  return bf_test_end();
}
#endif
