// testing.h: unit tests of a pipeline, natively and without Wasm. Include it after the pipeline's own file:
//
//   #include "pipeline.c"
//   #include "backfold/testing.h"
//
//   int main(void) {
//     bf_test_open(0);
//     bf_test_event("{'ts': '2026-01-03T12:00:00Z', 'page_id': 'p1', 'duration_ms': %d}", 40);
//     bf_test_fold();
//     const stats *s = bf_test_state((page_day){bf_text("p1"), bf_day(2026, 1, 3)});
//     BF_EXPECT(s && s->views == 1);
//     bf_test_laws();
//     return bf_test_end();
//   }
//
// Events become columns, and columns become states, by the code that the component runs.
#ifndef BF_TESTING_H
#define BF_TESTING_H

#include "backfold.h"
#include "bf_json.h"

typedef struct { uint32_t row; char *reason; } bf_test_rejected;

static struct {
  char *text;  // the events of bf_test_event, one a line
  size_t used, size;
  bf_test_rejected *rejections;
  uint32_t rejection_count, passed_over;
  int failures;
  char *error;  // of the last call
} bf_test;

// Notes a failure, with its place, unless the condition holds.
#define BF_EXPECT(condition) ((condition) ? (void)0 : bf_test_fail(__FILE__, __LINE__, #condition))

static inline void bf_test_fail(const char *file, int line, const char *what) {
  fprintf(stderr, "%s:%d: %s\n", file, line, what);
  bf_test.failures++;
}

static inline char *bf_test_copy_(bf_list text) {
  char *copy = (char *)bf_system(NULL, (size_t)text.len + 1);
  if (text.len) memcpy(copy, text.ptr, text.len);
  copy[text.len] = 0;
  return copy;
}

// Opens the pipeline anew, without states. `count` parameters follow, each a name and a text. Returns NULL, or the
// error, which is valid until the next call.
static inline const char *bf_test_open(int count, ...) {
  bf_spec spec = bf_spec_();
  bf_param *params = (bf_param *)calloc((size_t)count + 1, sizeof *params);
  va_list args;
  va_start(args, count);
  for (int i = 0; i < count; i++) {
    params[i].name = bf_string_(va_arg(args, const char *));
    params[i].value = bf_string_(va_arg(args, const char *));
  }
  va_end(args);
  if (bf_table.slots) bf_clear_table_();
  bf_reset(&bf_memory.kept, true);
  bf_test.used = 0;
  const bf_opened *opened = bf_open_(&spec, params, (uint32_t)count);
  free(bf_test.error);
  bf_test.error = opened->failed ? bf_test_copy_(opened->u.message) : NULL;
  free(params);
  bf_end_call_();
  return bf_test.error;
}

static inline void bf_test_add_(const char *text, size_t length) {
  if (bf_test.size - bf_test.used < length + 2) {
    bf_test.size = 2 * (bf_test.size + length + 2);
    bf_test.text = (char *)bf_system(bf_test.text, bf_test.size);
  }
  memcpy(bf_test.text + bf_test.used, text, length);
  bf_test.used += length;
  bf_test.text[bf_test.used++] = '\n';
}

// Adds an event. Like printf; single quotes stand for double quotes.
__attribute__((format(printf, 1, 2))) static inline void bf_test_event(const char *format, ...) {
  va_list args, again;
  va_start(args, format);
  va_copy(again, args);
  int length = vsnprintf(NULL, 0, format, args);
  char *line = (char *)bf_system(NULL, (size_t)length + 1);
  vsnprintf(line, (size_t)length + 1, format, again);
  va_end(again);
  va_end(args);
  for (char *at = line; *at; at++)
    if (*at == '\'') *at = '"';
  bf_test_add_(line, (size_t)length);
  free(line);
}

// Adds the events of a file, one a line.
static inline void bf_test_file(const char *path) {
  char block[4096];
  FILE *file = fopen(path, "rb");
  if (!file) {
    bf_test_fail(path, 0, "the file cannot be opened");
    return;
  }
  for (size_t got; (got = fread(block, 1, sizeof block, file)) > 0;) {
    bf_test_add_(block, got);
    bf_test.used--;
  }
  fclose(file);
  if (bf_test.used && bf_test.text[bf_test.used - 1] != '\n') bf_test_add_("", 0);
}

static inline void bf_test_reject_(uint32_t row, bf_list reason) {
  size_t bytes = (bf_test.rejection_count + 1) * sizeof *bf_test.rejections;
  bf_test.rejections = (bf_test_rejected *)bf_system(bf_test.rejections, bytes);
  bf_test.rejections[bf_test.rejection_count].row = row;
  bf_test.rejections[bf_test.rejection_count++].reason = bf_test_copy_(reason);
}

static inline uint32_t bf_test_line_count_(void) {
  uint32_t lines = 0;
  for (size_t i = 0; i < bf_test.used; i++) lines += bf_test.text[i] == '\n';
  return lines;
}

// Folds the lines `from .. to` as one batch. Returns NULL, or the call's error, to be freed.
static inline char *bf_test_fold_lines_(uint32_t from, uint32_t to) {
  bf_spec spec = bf_spec_();
  uint32_t *rows = (uint32_t *)calloc((size_t)(to - from) + 1, sizeof *rows), count = 0, number = 0;
  bf_bytes *lines = (bf_bytes *)calloc((size_t)(to - from) + 1, sizeof *lines);
  const char *at = bf_test.text, *end = at + bf_test.used;
  for (; at < end && number < to; number++) {
    const char *stop = (const char *)memchr(at, '\n', (size_t)(end - at));
    bf_bytes line = {at, (uint32_t)(stop - at)};
    at = stop + 1;
    if (number < from || line.len == 0) continue;
    if (!bf_json_is_wanted(spec.only, line)) {
      bf_test.passed_over++;
      continue;
    }
    // Whether a record is rejected is known after it was written: so first for itself.
    bf_writer alone;
    alone.next = (bf_writer_column *)bf_take(&bf_memory.call, spec.input_count * sizeof *alone.next);
    for (uint32_t i = 0; i < spec.input_count; i++) bf_start_column(&alone.next[i], spec.inputs[i].kind, 1);
    const char *wrong = bf_json_record(&spec, &alone, line, number);
    if (wrong) {
      bf_test_reject_(number, bf_string_(wrong));
      continue;
    }
    lines[count] = line;
    rows[count++] = number;
  }
  bf_writer writer;
  writer.next = (bf_writer_column *)bf_take(&bf_memory.call, spec.input_count * sizeof *writer.next);
  for (uint32_t i = 0; i < spec.input_count; i++) bf_start_column(&writer.next[i], spec.inputs[i].kind, count);
  for (uint32_t i = 0; i < count; i++) {
    bf_writer row = writer;
    bf_json_record(&spec, &row, lines[i], rows[i]);
  }
  bf_batch events;
  bf_finish_(&events, writer, spec.input_count, count);
  const bf_folded *folded = bf_fold_batch_(&spec, events.columns, count);
  char *error = folded->failed ? bf_test_copy_(folded->u.message) : NULL;
  for (uint32_t i = 0; !error && i < folded->u.rejections.len; i++) {
    const bf_rejection *rejection = (const bf_rejection *)folded->u.rejections.ptr + i;
    bf_test_reject_(rows[rejection->row], rejection->reason);
  }
  bf_end_call_();
  free(rows);
  free(lines);
  return error;
}

static inline void bf_test_forget_(void) {
  for (uint32_t i = 0; i < bf_test.rejection_count; i++) free(bf_test.rejections[i].reason);
  bf_test.rejection_count = bf_test.passed_over = 0;
}

// Folds all events as one batch. Returns NULL, or the call's error, which is valid until the next call.
static inline const char *bf_test_fold(void) {
  bf_test_forget_();
  free(bf_test.error);
  return bf_test.error = bf_test_fold_lines_(0, bf_test_line_count_());
}

// The reason for which the event of that number was rejected, counted from 0; NULL if it was not.
static inline const char *bf_test_rejection(uint32_t event) {
  for (uint32_t i = 0; i < bf_test.rejection_count; i++)
    if (bf_test.rejections[i].row == event) return bf_test.rejections[i].reason;
  return NULL;
}

// The number of rejected events, of those that were passed over, and of states.
static inline uint32_t bf_test_rejections(void) { return bf_test.rejection_count; }
static inline uint32_t bf_test_passed_over(void) { return bf_test.passed_over; }
static inline uint32_t bf_test_states(void) { return bf_table.count; }

// The state of a key; NULL if there is none.
static inline const bf_state_ *bf_test_state(bf_key_ key) {
  for (const bf_entry *entry = bf_table.last; entry; entry = entry->before)
    if (bf_key_same_(&((const bf_row_ *)entry)->key, &key)) return &((const bf_row_ *)entry)->state;
  return NULL;
}

// The view of a key's state; zero if there is none.
static inline bf_view_ bf_test_view(bf_key_ key) {
  bf_view_ view;
  memset(&view, 0, sizeof view);
  const bf_state_ *state = bf_test_state(key);
  if (state && bf_user.present) bf_user.present(state, &view);
  return view;
}

#include "bf_laws.h"

// Prints the result; the exit code of the test.
static inline int bf_test_end(void) {
  bf_test_forget_();
  free(bf_test.error);
  bf_test.error = NULL;
  printf(bf_test.failures ? "%d failed\n" : "all passed\n", bf_test.failures);
  return bf_test.failures != 0;
}

#endif
