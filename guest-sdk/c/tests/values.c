// Sums that carry, floats that are refused, parameters, days, and the hash table at its limits.
#include "backfold.h"

BF_EVENT(event, BF_IN(utf8, name, "name"), BF_IN(float64, number, "number"))
BF_KEY(key, BF_COLUMN(utf8, name))
BF_STATE(state, BF_SUM_FLOAT64(total), BF_SUM(count))
BF_NO_VIEW

static bf_int64_or_null least;
static bf_float64_or_null ratio;
static bf_boolean_or_null strict;
static bf_utf8_or_null title;

static const char *open(bf_params *params) {
  least = bf_param_int64(params, "least");
  ratio = bf_param_float64(params, "ratio");
  strict = bf_param_boolean(params, "strict");
  title = bf_param_utf8(params, "title");
  return NULL;
}

static const char *fold(const event *e) {
  state *s = bf_at((key){e->name});
  bf_sum_add_float64(&s->total, e->number);
  s->count += 1;
  BF_CHECK(e->number != -1);
  return NULL;
}

BF_PIPELINE(.name = "values", .version = "0.1.0", .open = open, .fold = fold)

#include "testing.h"

static bool error_of(const char *name, const char *text, const char *expected) {
  const char *error = bf_test_open(1, name, text);
  return expected ? error && strstr(error, expected) : error == NULL;
}

static void parameters_are_typed(void) {
  BF_EXPECT(error_of("least", "-9223372036854775808", NULL) && least.value == INT64_MIN && !ratio.present);
  BF_EXPECT(error_of("least", "9223372036854775808", "the parameter least = \"9223372036854775808\" is not an integer"));
  BF_EXPECT(error_of("least", " 1", "least") && error_of("least", "", "least") && error_of("least", "1x", "least"));
  BF_EXPECT(error_of("ratio", "2.5e-3", NULL) && ratio.value == 2.5e-3);
  BF_EXPECT(error_of("ratio", "half", "the parameter ratio = \"half\" is not a number"));
  BF_EXPECT(error_of("strict", "true", NULL) && strict.present && strict.value);
  BF_EXPECT(error_of("strict", "yes", "is not true or false"));
  BF_EXPECT(error_of("title", "été", NULL) && bf_same_bytes(title.value, bf_text("été")));
  BF_EXPECT(error_of("lest", "1", "the parameter lest is not known; the pipeline takes least, ratio, strict, title"));
}

// Doubling reaches the point where limbs must be carried, many times over.
static void carries_are_exact(void) {
  static const double values[] = {1 + 0x1p-52, -1 - 0x1p-52, 0x1.fffffffffffffp+1000, -5e-324};
  bf_begin_call_(&bf_memory.states);
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    bf_sum_float64 sum = bf_sum_float64_identity();
    bf_sum_add_float64(&sum, values[i]);
    double expected = values[i];
    for (int doubled = 0; doubled < 70; doubled++, expected *= 2) {
      BF_EXPECT(bf_sum_float64_value(&sum) == expected);
      bf_sum_float64 same = sum;
      bf_sum_float64_combine(&sum, &same);
    }
  }
  bf_end_call_();
  bf_clear_table_();
}

static void a_number_that_is_not_finite_is_refused(void) {
  bf_test_open(0);
  bf_test_event("{'name':'a','number':0.1}");
  bf_test_event("{'name':'a','number':1e999}");
  bf_test_event("{'name':'b','number':-1e999}");
  bf_test_event("{'name':'a','number':0.2}");
  BF_EXPECT(bf_test_fold() == NULL && bf_test_rejections() == 2 && bf_test_states() == 1);
  BF_EXPECT(bf_test_rejection(1) && strcmp(bf_test_rejection(1), "the number is not finite") == 0);
  const state *s = bf_test_state((key){bf_text("a")});
  BF_EXPECT(s && s->count == 2 && bf_sum_float64_value(&s->total) == 0.1 + 0.2);
}

static void a_failure_says_what_and_where(void) {
  bf_test_open(0);
  bf_test_event("{'name':'a','number':-1}");
  const char *error = bf_test_fold();
  BF_EXPECT(error && strncmp(error, "Error: e->number != -1 does not hold\n  at values.c:", 51) == 0 && strstr(error, " in fold"));
}

static void an_empty_batch_changes_nothing(void) {
  bf_test_open(0);
  BF_EXPECT(bf_test_fold() == NULL && bf_test_states() == 0);
  bf_spec spec = bf_spec_();
  BF_EXPECT(bf_drain_(&spec, 10)->u.ok.rows == 0);
  bf_end_call_();
}

// Many keys, drained in parts: each comes once, and none may be folded in between.
static void keys_are_drained_once(void) {
  bf_test_open(0);
  for (int i = 0; i < 5000; i++) bf_test_event("{'name':'k%d','number':%d}", i % 4000, i);
  BF_EXPECT(bf_test_fold() == NULL && bf_test_states() == 4000);
  bf_spec spec = bf_spec_();
  uint32_t rows = 0, got;
  int64_t count = 0;
  do {
    const bf_answer *answer = bf_drain_(&spec, 1000);
    got = answer->u.ok.rows;
    for (uint32_t i = 0; i < got; i++) count += ((const int64_t *)answer->u.ok.columns[2].values.ptr)[i];
    bf_end_call_();
    if (rows == 0) {
      const char *error = bf_test_fold();
      BF_EXPECT(error && strstr(error, "before the accumulator is drained"));
    }
    rows += got;
  } while (got == 1000);
  BF_EXPECT(rows == 4000 && count == 5000);
}

static void sums_of_integers_never_wrap(void) {
  bf_spec spec = bf_spec_();
  bf_test_open(0);
  bf_test_event("{'name':'a','number':1}");
  bf_test_fold();
  state *s = (state *)(uintptr_t)bf_test_state((key){bf_text("a")});
  s->count = (bf_sum)INT64_MAX + 1;
  const bf_answer *answer = bf_drain_(&spec, 10);
  BF_EXPECT(answer->failed && strcmp(answer->u.message.ptr, "the state of name = \"a\": count: the sum does not fit into 64 bits") == 0);
  bf_end_call_();
  bf_clear_table_();
}

static void days_are_those_of_the_calendar(void) {
  BF_EXPECT(bf_day(1970, 1, 1) == 0 && bf_day(1969, 12, 31) == -1 && bf_day(2000, 2, 29) == 11016 && bf_day(2026, 1, 3) == 20456);
  BF_EXPECT(bf_day_of(-1) == -1 && bf_day_of(INT64_MIN) == -106751992);
  BF_EXPECT(bf_truncated(3600000001, 3600) == 3600000000 && bf_truncated(-1, 3600) == -3600000000 &&
            bf_truncated(INT64_MIN, 3600) == INT64_MIN);
}

int main(void) {
  parameters_are_typed();
  carries_are_exact();
  a_number_that_is_not_finite_is_refused();
  a_failure_says_what_and_where();
  an_empty_batch_changes_nothing();
  keys_are_drained_once();
  sums_of_integers_never_wrap();
  days_are_those_of_the_calendar();
  return bf_test_end();
}
