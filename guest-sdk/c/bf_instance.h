// The functions of `pipeline.wit`, over the functions that BF_PIPELINE makes of the declarations.
#ifndef BF_INSTANCE_H
#define BF_INSTANCE_H

#include "bf_declare.h"

// A pipeline, as its declarations describe it.
typedef struct {
  const char *name, *version;
  const bf_input *inputs;
  const char *const *only;  // for each condition the path, the values, NULL; then NULL
  const char *event_time;
  const bf_output *keys, *states, *views;
  uint32_t input_count, key_count, state_count, view_count;
  bool commutative;
  const char *(*open)(bf_params *params);
  const char *(*fold)(const bf_column *columns, uint32_t rows);
  void (*put)(bf_writer *row, const bf_entry *entry);
  const char *(*fits)(const bf_entry *entry);
  void (*identity)(bf_writer *row);
  const char *(*combine)(bf_writer *row, bf_reader *left, bf_reader *right);
  const char *(*present)(bf_writer *row, bf_reader *state);
} bf_spec;

static struct {
  bf_rejection *rejections;
  uint32_t count, room;
} bf_rejected;

// Rejects a row of the batch, in `fold_columns`. The row must not have changed any state.
static inline void bf_reject(uint32_t row, const char *reason) {
  if (bf_rejected.count == bf_rejected.room) {
    uint32_t room = bf_rejected.room ? 2 * bf_rejected.room : 64;
    bf_rejection *rejections = (bf_rejection *)bf_take(&bf_memory.call, room * sizeof *rejections);
    if (bf_rejected.count) memcpy(rejections, bf_rejected.rejections, bf_rejected.count * sizeof *rejections);
    bf_rejected.rejections = rejections;
    bf_rejected.room = room;
  }
  bf_rejection *rejection = &bf_rejected.rejections[bf_rejected.count++];
  rejection->row = row;
  rejection->reason.ptr = reason;
  rejection->reason.len = (uint32_t)strlen(reason);
}

// Ends the current record: keeps its changes, or undoes them for this reason.
BF_INLINE void bf_end_record_(uint32_t row, const char *reason) {
  if (BF_UNLIKELY(reason != NULL)) {
    bf_undo_record_();
    bf_memory.refused = NULL;
    bf_reject(row, reason);
  }
}

static inline bf_list bf_list_of_(const void *items, uint32_t count) {
  bf_list list = {items, count};
  return list;
}
static inline bf_list bf_string_(const char *text) { return bf_list_of_(text, (uint32_t)strlen(text)); }

static inline bf_list bf_outputs_(const bf_output *outputs, uint32_t count) {
  bf_abi_output *list = (bf_abi_output *)bf_take(&bf_memory.call, count * sizeof *list);
  for (uint32_t i = 0; i < count; i++) {
    list[i].name = bf_string_(outputs[i].name);
    list[i].kind = outputs[i].kind;
    list[i].nullable = outputs[i].nullable;
  }
  return bf_list_of_(list, count);
}

static inline bf_list bf_conditions_(const char *const *only) {
  uint32_t texts = 0, count = 0;
  for (; only[texts]; texts++, count++)
    while (only[texts]) texts++;
  bf_abi_condition *list = (bf_abi_condition *)bf_take(&bf_memory.call, count * sizeof *list);
  for (uint32_t i = 0; i < count; i++) {
    list[i].path = bf_string_(*only++);
    uint32_t values = 0;
    while (only[values]) values++;
    bf_list *any_of = (bf_list *)bf_take(&bf_memory.call, values * sizeof *any_of);
    for (uint32_t j = 0; j < values; j++) any_of[j] = bf_string_(only[j]);
    list[i].any_of = bf_list_of_(any_of, values);
    only += values + 1;
  }
  return bf_list_of_(list, count);
}

static inline void bf_describe_(const bf_spec *spec, bf_descriptor *to) {
  memset(to, 0, sizeof *to);
  bf_abi_input *inputs = (bf_abi_input *)bf_take(&bf_memory.call, spec->input_count * sizeof *inputs);
  for (uint32_t i = 0; i < spec->input_count; i++) {
    const bf_input *input = &spec->inputs[i];
    uint8_t tag = (uint8_t)input->origin[0];
    inputs[i].name = bf_string_(input->name);
    inputs[i].origin.tag = tag <= 7 ? tag : 0;
    inputs[i].origin.text = bf_string_(input->origin + (tag && tag <= 7));
    inputs[i].kind = input->kind;
    inputs[i].encoding = input->encoding;
    inputs[i].nullable = input->nullable;
  }
  to->name = bf_string_(spec->name);
  to->version = bf_string_(spec->version);
  to->inputs = bf_list_of_(inputs, spec->input_count);
  to->only = bf_conditions_(spec->only);
  to->event_time.some = spec->event_time != NULL;
  if (spec->event_time) to->event_time.value = bf_string_(spec->event_time);
  to->keys = bf_outputs_(spec->keys, spec->key_count);
  to->states = bf_outputs_(spec->states, spec->state_count);
  to->views = bf_outputs_(spec->views, spec->view_count);
  to->commutative = spec->commutative;
}

// Each call begins here; `heap` is where the memory of states comes from.
static inline void bf_begin_call_(bf_arena *heap) {
  bf_memory.heap = heap;
  bf_memory.undo = false;
  bf_memory.failure = bf_memory.refused = NULL;
}

// The error of a call, as fail_ says it: what the user's function returned, with a type before it.
static inline bf_list bf_error_(const char *error) {
  return bf_string_(error == bf_memory.failure ? error : bf_message("Error: %s", error));
}

static inline const bf_opened *bf_open_(const bf_spec *spec, const bf_param *given, uint32_t count) {
  static bf_opened answer;
  bf_params params;
  bf_begin_call_(&bf_memory.states);
  memset(&params, 0, sizeof params);
  params.given = given;
  params.count = count;
  const char *error = spec->open ? spec->open(&params) : NULL;
  const char *wrong = bf_params_error_(&params);
  answer.failed = error || wrong;
  if (wrong) answer.u.message = bf_string_(wrong);
  else if (error) answer.u.message = bf_error_(error);
  else bf_describe_(spec, &answer.u.ok);
  if (!bf_table.slots) bf_set_slots_(BF_FIRST_SLOTS);
  return &answer;
}

static inline const bf_folded *bf_fold_batch_(const bf_spec *spec, const bf_column *columns, uint32_t rows) {
  static bf_folded answer;
  bf_begin_call_(&bf_memory.states);
  bf_rejected.count = bf_rejected.room = 0;
  // A key that had been drained would have to be drained a second time.
  const char *error = "events cannot be folded before the accumulator is drained";
  if (!bf_table.draining) error = spec->fold(columns, rows);
  answer.failed = error != NULL;
  if (error) answer.u.message = bf_error_(error);
  else answer.u.rejections = bf_list_of_(bf_rejected.rejections, bf_rejected.count);
  return &answer;
}

// Columns for `rows` rows of these outputs, and of more outputs after them.
static inline bf_writer bf_writer_of_(const bf_output *outputs, uint32_t count, const bf_output *more, uint32_t more_count,
                                      uint32_t rows) {
  bf_writer writer;
  writer.next = (bf_writer_column *)bf_take(&bf_memory.call, ((size_t)count + more_count) * sizeof *writer.next);
  for (uint32_t i = 0; i < count; i++) bf_start_column(&writer.next[i], outputs[i].kind, rows);
  for (uint32_t i = 0; i < more_count; i++) bf_start_column(&writer.next[count + i], more[i].kind, rows);
  return writer;
}

static inline void bf_finish_(bf_batch *to, bf_writer writer, uint32_t count, uint32_t rows) {
  bf_column *columns = (bf_column *)memset(bf_take(&bf_memory.call, count * sizeof *columns), 0, count * sizeof *columns);
  for (uint32_t i = 0; i < count; i++) {
    bf_writer_column *from = &writer.next[i];
    columns[i].values = bf_list_of_(from->values, from->offsets ? from->used : from->size);
    columns[i].offsets.some = from->offsets != NULL;
    columns[i].offsets.value = bf_list_of_(from->offsets, 4 * (rows + 1));
    columns[i].validity.some = from->validity != NULL;
    columns[i].validity.value = bf_list_of_(from->validity, bf_bitmap_bytes(rows));
  }
  to->rows = rows;
  to->columns = columns;
  to->len = count;
}

static inline int bf_length_(const bf_writer_column *column, uint32_t row) {
  return (int)(column->offsets[row + 1] - column->offsets[row]);
}

// The value of a row for a message.
static inline const char *bf_show_(const bf_output *output, const bf_writer_column *column, uint32_t row) {
  const uint8_t *at = column->values;
  int64_t number = 0;
  if (column->validity && !BF_BIT(column->validity, row)) return "null";
  switch (output->kind) {
    case BF_KIND_boolean: return BF_BIT(at, row) ? "true" : "false";
    case BF_KIND_date: return bf_message("day %d", (int)((const int32_t *)(const void *)at)[row]);
    case BF_KIND_utf8: return bf_message("\"%.*s\"", bf_length_(column, row), (const char *)at + column->offsets[row]);
    case BF_KIND_binary: return bf_message("%d bytes", bf_length_(column, row));
    default: memcpy(&number, at + 8 * (size_t)row, 8); return bf_message("%lld", (long long)number);
  }
}

static inline const bf_answer *bf_drain_(const bf_spec *spec, uint32_t max_rows) {
  static bf_answer answer;
  bf_begin_call_(&bf_memory.states);
  uint32_t rows = bf_table.count < max_rows ? bf_table.count : max_rows, width = spec->key_count + spec->state_count;
  bf_writer writer = bf_writer_of_(spec->keys, spec->key_count, spec->states, spec->state_count, rows);
  answer.failed = false;
  for (uint32_t i = 0; i < rows; i++) {
    bf_writer row = writer;
    spec->put(&row, bf_table.last);
    const char *unfit = spec->fits(bf_table.last);
    if (unfit) {
      const char *key = "";
      for (uint32_t k = 0; k < spec->key_count; k++)
        key = bf_message("%s%s%s = %s", key, k ? ", " : "", spec->keys[k].name, bf_show_(&spec->keys[k], &writer.next[k], i));
      answer.failed = true;
      answer.u.message = bf_string_(bf_message("the state of %s: %s", key, unfit));
      return &answer;
    }
    bf_table.last = bf_table.last->before;
  }
  bf_table.count -= rows;
  bf_table.draining = bf_table.count > 0;
  bf_finish_(&answer.u.ok, writer, width, rows);
  if (!bf_table.draining) bf_clear_table_();
  return &answer;
}

static inline const bf_batch *bf_identity_(const bf_spec *spec) {
  static bf_batch answer;
  bf_begin_call_(&bf_memory.scratch);
  bf_writer writer = bf_writer_of_(spec->states, spec->state_count, NULL, 0, 1), row = writer;
  spec->identity(&row);
  bf_finish_(&answer, writer, spec->state_count, 1);
  return &answer;
}

static inline const bf_answer *bf_combine_(const bf_spec *spec, bf_batch left, bf_batch right) {
  static bf_answer answer;
  const char *error = left.rows == right.rows ? NULL : "the numbers of states differ";
  bf_begin_call_(&bf_memory.scratch);
  bf_writer writer = bf_writer_of_(spec->states, spec->state_count, NULL, 0, left.rows);
  for (uint32_t i = 0; i < left.rows && !error; i++) {
    bf_writer row = writer;
    bf_reader l = {left.columns, i}, r = {right.columns, i};
    error = spec->combine(&row, &l, &r);
    if (error) error = bf_message("row %u: %s", (unsigned)i, error);
    bf_reset(&bf_memory.scratch, false);
  }
  answer.failed = error != NULL;
  if (error) answer.u.message = bf_error_(error);
  else bf_finish_(&answer.u.ok, writer, spec->state_count, left.rows);
  return &answer;
}

static inline const bf_answer *bf_present_(const bf_spec *spec, bf_batch states) {
  static bf_answer answer;
  const char *error = NULL;
  bf_begin_call_(&bf_memory.scratch);
  bf_writer writer = bf_writer_of_(spec->views, spec->view_count, NULL, 0, states.rows);
  for (uint32_t i = 0; i < states.rows && !error; i++) {
    bf_writer row = writer;
    bf_reader state = {states.columns, i};
    error = spec->present(&row, &state);
    if (error && error != bf_memory.failure) error = bf_message("row %u: %s", (unsigned)i, error);
    bf_reset(&bf_memory.scratch, false);
  }
  answer.failed = error != NULL;
  if (error) answer.u.message = bf_error_(error);
  else bf_finish_(&answer.u.ok, writer, spec->view_count, states.rows);
  return &answer;
}

// After an answer was read, all memory of the call may be used again.
static inline void bf_end_call_(void) { bf_reset(&bf_memory.call, true); }

#endif
