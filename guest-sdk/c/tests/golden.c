// Holds every monoid to guest-sdk/golden: the same inserts give the bytes of the Rust SDK.
//
// Usage: golden FOLDER
#include "backfold.h"

// testing.h tests pipelines; here, monoids stand alone, and only its reader of JSON is needed.
#include "bf_json.h"

static int failures;
static uint32_t checked;

static void fail(const char *file, bf_bytes name, const char *what) {
  fprintf(stderr, "%s: %.*s: %s\n", file, (int)name.len, name.ptr, what);
  failures++;
}

// The items of a list, at most 64.
static uint32_t items_of(bf_bytes list, bf_bytes *items) {
  bf_json_cursor json = {list.ptr + 1, list.ptr + list.len};
  uint32_t count = 0;
  for (; !bf_json_is(&json, ']') && count < 64; count++) {
    items[count] = bf_json_value(&json);
    if (bf_json_is(&json, ',')) json.at++;
  }
  return count;
}

static const char *c_text(bf_bytes value) {
  bf_bytes text = bf_json_text(value);
  return bf_message("%.*s", (int)text.len, text.ptr);
}

static int64_t number_of(bf_bytes value) { return strtoll(c_text(value), NULL, 10); }

static void check_columns(const char *file, bf_bytes name, bf_bytes expected, const bf_output *outputs, bf_writer_column *columns) {
  bf_bytes hex[2], bytes;
  uint32_t count = items_of(expected, hex);
  for (uint32_t i = 0; i < count; i++) {
    bool present = !columns[i].validity || BF_BIT(columns[i].validity, 0);
    bool expected_present = !bf_same_bytes(hex[i], bf_text("null"));
    if (present != expected_present) fail(file, name, "a null");
    if (!present || !expected_present) continue;
    bf_bytes got = {(const char *)columns[i].values, bf_is_cut(outputs[i].kind) ? columns[i].used : columns[i].size};
    if (!bf_json_bytes(bf_json_text(hex[i]), true, &bytes) || !bf_same_bytes(got, bytes)) fail(file, name, "other bytes");
    checked++;
  }
}

// For a monoid: `insert` one item of JSON into it; an item of First, Last and Top is a pair.
#define CHECK(file, type, monoid, args, insert, value_of, ...)                                           \
  static void check_##file(bf_bytes golden) {                                                            \
    static const bf_output outputs[] = {__VA_ARGS__};                                                    \
    const uint32_t width = sizeof outputs / sizeof *outputs;                                             \
    bf_bytes states[64], merges[64], items[64];                                                          \
    type held[64];                                                                                       \
    uint32_t count = items_of(bf_json_member(golden, "states"), states);                                 \
    for (uint32_t i = 0; i < count; i++) {                                                               \
      bf_bytes name = bf_json_text(bf_json_member(states[i], "name")), inserts = bf_json_member(states[i], "inserts"); \
      held[i] = monoid##_identity args;                                                                  \
      if (*inserts.ptr == '[') {                                                                         \
        uint32_t item_count = items_of(inserts, items);                                                  \
        for (uint32_t j = 0; j < item_count; j++) insert(&held[i], items[j]);                            \
      } else {                                                                                           \
        int64_t to = strtoll(bf_json_member(inserts, "to").ptr, NULL, 10);                               \
        for (int64_t n = strtoll(bf_json_member(inserts, "from").ptr, NULL, 10); n < to; n++)            \
          insert(&held[i], bf_text(bf_message(bf_json_member(inserts, "text").ptr ? "\"user-%lld\"" : "\"%lld\"", (long long)n))); \
      }                                                                                                  \
      bf_writer writer = bf_writer_of_(outputs, width, NULL, 0, 1), row = writer;                        \
      monoid##_save(&held[i], &row);                                                                     \
      check_columns(#file, name, bf_json_member(states[i], "columns"), outputs, writer.next);            \
      bf_batch batch;                                                                                    \
      bf_finish_(&batch, writer, width, 1);                                                              \
      bf_reader from = {batch.columns, 0};                                                               \
      type loaded = monoid##_identity args;                                                              \
      const char *wrong = monoid##_load(&loaded, &from);                                                 \
      if (wrong) fail(#file, name, wrong);                                                               \
      held[i] = loaded;                                                                                  \
      value_of(#file, name, &held[i], bf_json_member(states[i], "value"));                               \
    }                                                                                                    \
    uint32_t merge_count = items_of(bf_json_member(golden, "merges"), merges);                           \
    for (uint32_t m = 0; m < merge_count; m++) {                                                         \
      bf_bytes sides[2] = {bf_json_text(bf_json_member(merges[m], "left")), bf_json_text(bf_json_member(merges[m], "right"))}; \
      type left = monoid##_identity args;                                                                \
      for (int side = 0; side < 2; side++)                                                               \
        for (uint32_t i = 0; i < count; i++)                                                             \
          if (bf_same_bytes(bf_json_text(bf_json_member(states[i], "name")), sides[side])) monoid##_combine(&left, &held[i]); \
      bf_writer writer = bf_writer_of_(outputs, width, NULL, 0, 1), row = writer;                        \
      monoid##_save(&left, &row);                                                                        \
      check_columns(#file, sides[1], bf_json_member(merges[m], "columns"), outputs, writer.next);        \
    }                                                                                                    \
    if (count == 0 || merge_count == 0) fail(#file, golden, "it holds no states");                       \
  }

static void no_value(const char *file, bf_bytes name, const void *state, bf_bytes value) { (void)file, (void)name, (void)state, (void)value; }

static void hll_value(const char *file, bf_bytes name, const bf_hll *sketch, bf_bytes value) {
  double expected = strtod(c_text(value), NULL), got = bf_hll_estimate(sketch);
  if (fabs(got - expected) > 1e-12 * expected) fail(file, name, bf_message("the estimate is %.17g", got));
}

static void dd_value(const char *file, bf_bytes name, const bf_dd_sketch *sketch, bf_bytes value) {
  static const double quantiles[] = {0, 0.5, 0.95, 1};
  bf_bytes expected[64];
  uint32_t count = items_of(value, expected);
  for (uint32_t i = 0; i < count; i++) {
    double got = bf_dd_sketch_quantile(sketch, quantiles[i]);
    bool is_none = bf_same_bytes(expected[i], bf_text("null"));
    if (is_none ? got == got : got != strtod(c_text(expected[i]), NULL)) fail(file, name, bf_message("a quantile is %.17g", got));
  }
  if (count != 4) fail(file, name, "it does not have four quantiles");
}

static void insert_dd(bf_dd_sketch *sketch, bf_bytes item) { bf_dd_sketch_add(sketch, strtod(c_text(item), NULL)); }

static void float_value(const char *file, bf_bytes name, const bf_sum_float64 *sum, bf_bytes value) {
  double expected = strtod(c_text(value), NULL), got = bf_sum_float64_value(sum);
  if (memcmp(&expected, &got, sizeof got) != 0) fail(file, name, bf_message("the sum is %.17g", got));
}

static void insert_sum_float64(bf_sum_float64 *sum, bf_bytes item) { bf_sum_add_float64(sum, strtod(c_text(item), NULL)); }
static void insert_sum(bf_sum *sum, bf_bytes item) { *sum += number_of(item); }
static void insert_any(bool *held, bf_bytes item) { *held |= *c_text(item) == 't'; }
static void insert_all(bool *held, bf_bytes item) { *held &= *c_text(item) == 't'; }
static void insert_min_int64(bf_int64_or_null *held, bf_bytes item) { bf_min_int64(held, number_of(item)); }
static void insert_max_int64(bf_int64_or_null *held, bf_bytes item) { bf_max_int64(held, number_of(item)); }
static void insert_min_timestamp(bf_timestamp_or_null *held, bf_bytes item) { bf_min_timestamp(held, number_of(item)); }
static void insert_max_date(bf_date_or_null *held, bf_bytes item) { bf_max_date(held, (bf_date)number_of(item)); }
static void insert_min_float64(bf_float64_or_null *held, bf_bytes item) { bf_min_float64(held, strtod(c_text(item), NULL)); }
static void insert_max_float64(bf_float64_or_null *held, bf_bytes item) { bf_max_float64(held, strtod(c_text(item), NULL)); }
static void insert_first(bf_timed_int64 *held, bf_bytes item) {
  bf_bytes pair[64];
  items_of(item, pair);
  bf_first_int64(held, number_of(pair[0]), number_of(pair[1]));
}
static void insert_last(bf_timed_utf8 *held, bf_bytes item) {
  bf_bytes pair[64];
  items_of(item, pair);
  bf_last_utf8(held, number_of(pair[0]), bf_json_text(pair[1]));
}
static void insert_top(bf_top *held, bf_bytes item) {
  bf_bytes pair[64];
  items_of(item, pair);
  bf_top_add(held, number_of(pair[0]), bf_json_text(pair[1]));
}
static void insert_set_utf8(bf_set_utf8 *set, bf_bytes item) { bf_set_add_utf8(set, bf_json_text(item)); }
static void insert_set_int64(bf_set_int64 *set, bf_bytes item) { bf_set_add_int64(set, number_of(item)); }
static void insert_hll(bf_hll *sketch, bf_bytes item) { bf_hll_add_utf8(sketch, bf_json_text(item)); }

CHECK(sum_int64, bf_sum, bf_sum, (), insert_sum, no_value, BF_OUT("x", int64))
CHECK(sum_float64, bf_sum_float64, bf_sum_float64, (), insert_sum_float64, float_value, BF_OUT("x", binary))
CHECK(dd_sketch, bf_dd_sketch, bf_dd_sketch, (10), insert_dd, dd_value, BF_OUT("x", binary))
CHECK(any, bool, bf_any, (), insert_any, no_value, BF_OUT("x", boolean))
CHECK(all, bool, bf_all, (), insert_all, no_value, BF_OUT("x", boolean))
CHECK(min_int64, bf_int64_or_null, bf_min_int64, (), insert_min_int64, no_value, BF_OUT("x", int64))
CHECK(max_int64, bf_int64_or_null, bf_max_int64, (), insert_max_int64, no_value, BF_OUT("x", int64))
CHECK(min_timestamp, bf_timestamp_or_null, bf_min_timestamp, (), insert_min_timestamp, no_value, BF_OUT("x", timestamp))
CHECK(max_date, bf_date_or_null, bf_max_date, (), insert_max_date, no_value, BF_OUT("x", date))
CHECK(min_float64, bf_float64_or_null, bf_min_float64, (), insert_min_float64, no_value, BF_OUT("x", float64))
CHECK(max_float64, bf_float64_or_null, bf_max_float64, (), insert_max_float64, no_value, BF_OUT("x", float64))
CHECK(first_int64, bf_timed_int64, bf_first_int64, (), insert_first, no_value, BF_OUT("x", int64), BF_OUT("x_at", timestamp))
CHECK(last_utf8, bf_timed_utf8, bf_last_utf8, (), insert_last, no_value, BF_OUT("x", utf8), BF_OUT("x_at", timestamp))
CHECK(set_utf8_3, bf_set_utf8, bf_set_utf8, (3), insert_set_utf8, no_value, BF_OUT("x", binary))
CHECK(set_int64_3, bf_set_int64, bf_set_int64, (3), insert_set_int64, no_value, BF_OUT("x", binary))
CHECK(top_3, bf_top, bf_top, (3), insert_top, no_value, BF_OUT("x", binary))
CHECK(hll, bf_hll, bf_hll, (), insert_hll, hll_value, BF_OUT("x", binary))

static bf_bytes read_file(const char *path) {
  bf_bytes none = {NULL, 0};
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END) != 0) return none;
  long size = ftell(file);
  rewind(file);
  char *bytes = malloc((size_t)size + 1);
  if (!bytes || fread(bytes, 1, (size_t)size, file) != (size_t)size) return none;
  fclose(file);
  return (bf_bytes){bytes, (uint32_t)size};
}

int main(int argc, char **argv) {
  static const struct { const char *name; void (*check)(bf_bytes golden); } files[] = {
    {"sum_int64", check_sum_int64}, {"sum_float64", check_sum_float64}, {"dd_sketch", check_dd_sketch}, {"any", check_any}, {"all", check_all}, {"min_int64", check_min_int64},
    {"max_int64", check_max_int64}, {"min_timestamp", check_min_timestamp}, {"max_date", check_max_date},
    {"min_float64", check_min_float64}, {"max_float64", check_max_float64}, {"first_int64", check_first_int64},
    {"last_utf8", check_last_utf8}, {"set_utf8_3", check_set_utf8_3}, {"set_int64_3", check_set_int64_3}, {"top_3", check_top_3},
    {"hll", check_hll}};
  if (argc != 2) return fprintf(stderr, "usage: golden FOLDER\n"), 2;
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    bf_begin_call_(&bf_memory.states);
    bf_bytes golden = read_file(bf_message("%s/%s.json", argv[1], files[i].name));
    if (!golden.ptr) fail(files[i].name, bf_text("file"), "it cannot be read");
    else files[i].check(golden);
    free((void *)golden.ptr);
    bf_end_call_();
  }
  printf("%u columns, %d failures\n", (unsigned)checked, failures);
  return failures != 0;
}
