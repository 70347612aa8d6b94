// A rejected record leaves no trace: states, keys and sketches are those of the other records alone, byte for byte.
#include "backfold.h"

BF_EVENT(event, BF_IN(utf8, name, "name"), BF_IN(int64, number, "number"), BF_IN(boolean, bad, "bad"))
BF_KEY(key, BF_COLUMN(utf8, name))
BF_STATE(state,
  BF_SUM(count),
  BF_SUM_FLOAT64(total),
  BF_LAST(utf8, last),
  BF_HLL(numbers),
  BF_DD_SKETCH(spread, 20),
  BF_SET(int64, least, 5),
  BF_TOP(best, 5))
BF_NO_VIEW

static const char *fold(const event *e) {
  // Two keys at once: pointers to states stay valid.
  state *s = bf_at((key){e->name}), *all = bf_at((key){bf_text("all")});
  bf_utf8 text = bf_text(bf_message("n%lld", (long long)e->number));
  for (int i = 0; i < 2; i++, s = all) {
    s->count += 1;
    bf_sum_add_float64(&s->total, e->number % 10 == 9 ? 1e300 : e->number % 5 ? 0.1 * (double)e->number : -1e-300);
    bf_last_utf8(&s->last, e->number * 7919 % 1000, text);
    bf_hll_add_int64(&s->numbers, e->number);
    bf_dd_sketch_add(&s->spread, (double)(e->number % 700 - 300));
    bf_set_add_int64(&s->least, -(e->number * 31 % 977));
    bf_top_add(&s->best, e->number * 37 % 991, text);
  }
  return e->bad ? bf_message("number %lld is bad", (long long)e->number) : NULL;
}

BF_PIPELINE(.name = "undo", .version = "0.1.0", .fold = fold)

#include "testing.h"

// The table of numbers up to 3,000 in which every third record is bad, or is missing.
static bf_rows table(bool with_bad) {
  bf_spec spec = bf_spec_();
  bf_test_open(0);
  for (int i = 0; i < 3000; i++) {
    bool bad = i % 3 == 1;
    // Bad records come under names that no other has, too: such keys must go again.
    if (!bad || with_bad) bf_test_event("{'name':'k%d','number':%d,'bad':%s}", bad && i % 2 ? i : i % 1500, i, bad ? "true" : "false");
  }
  return bf_fold_cut_(&spec, 700, 1000, NULL);
}

int main(void) {
  bf_spec spec = bf_spec_();
  uint32_t width = spec.key_count + spec.state_count;
  bf_rows with_bad = table(true);
  BF_EXPECT(bf_test_rejections() == 1000);
  BF_EXPECT(strcmp(bf_test_rejection(4), "number 4 is bad") == 0);
  bf_rows without = table(false);
  BF_EXPECT(with_bad.count == without.count && without.count == 1001);
  // Bad records and good ones number the batches otherwise, and the states are the same nevertheless.
  for (uint32_t i = 0; i < without.count; i++) {
    bf_cells *other = bf_find_cells_(&with_bad, without.rows[i].cells, spec.key_count);
    BF_EXPECT(other && bf_same_cells_(other->cells, without.rows[i].cells, width));
  }
  bf_free_rows_(&with_bad, width);
  bf_free_rows_(&without, width);
  return bf_test_end();
}
