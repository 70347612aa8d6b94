// backfold.h: a backfold pipeline in C, in one file.
//
// Declare an event, a key, a state and a view; write `fold`; name them in BF_PIPELINE. README.md shows a whole
// pipeline, bf_declare.h lists the declarations. C11, and C++20 with the same source. Everything here is `static`, so
// one file holds one pipeline.
#ifndef BACKFOLD_H
#define BACKFOLD_H

#include "bf_instance.h"

// BF_PIPELINE(.name = "clicks", .version = "0.1.0", .fold = fold, .present = show)
//
//   .name, .version   go into the manifest of every build
//   .open             reads the job's parameters; NULL, or why the job is refused: `return bf_fail(…)`
//   .fold             folds one event; NULL, or the reason for which the record is rejected. A rejected record leaves no trace,
//                     whatever it has changed. `return bf_fail(…)` says instead that the pipeline failed on the record
//   .fold_columns     instead of `.fold`: folds all rows of the columns; rejects one by `bf_reject(row, reason)` before it
//                     changes a state. NULL, or `bf_fail(…)`: then nothing of the batch counts
//   .present          fills the view of a state, which is zero before
typedef const char *(*bf_open_function)(bf_params *params);

#ifdef __cplusplus
#define BF_NONE_ = nullptr
#else
#define BF_NONE_
#endif

#define BF_PIPELINE(...)                                                                                        \
  struct bf_user_ {                                                                                             \
    const char *name, *version;                                                                                 \
    bf_open_function open BF_NONE_;                                                                             \
    const char *(*fold)(const bf_event_ *event) BF_NONE_;                                                       \
    const char *(*fold_columns)(const bf_event_columns_ *columns, uint32_t rows) BF_NONE_;                      \
    void (*present)(const bf_state_ *state, bf_view_ *view) BF_NONE_;                                           \
  };                                                                                                           \
  static const struct bf_user_ bf_user = {__VA_ARGS__};                                                         \
  static const char *bf_fold_rows_(const bf_column *columns, uint32_t rows) {                                   \
    bf_event_columns_ bound;                                                                                    \
    bf_event_bind_(&bound, columns);                                                                            \
    if (bf_user.fold_columns) {                                                                                 \
      bf_begin_record_();                                                                                       \
      const char *error = bf_user.fold_columns(&bound, rows);                                                   \
      return error ? error : bf_memory.refused;                                                                 \
    }                                                                                                           \
    bf_memory.undo = true;                                                                                      \
    for (uint32_t row = 0; row < rows; row++) {                                                                 \
      bf_event_ event;                                                                                          \
      bf_event_read_(&event, &bound, row);                                                                      \
      bf_begin_record_();                                                                                       \
      const char *reason = bf_user.fold(&event);                                                                \
      if (BF_UNLIKELY(bf_memory.failure != NULL)) return bf_memory.failure;                                     \
      bf_end_record_(row, reason ? reason : bf_memory.refused);                                                          \
    }                                                                                                           \
    return NULL;                                                                                                \
  }                                                                                                             \
  static void bf_put_entry_(bf_writer *row, const bf_entry *entry) {                                            \
    const bf_row_ *held = (const bf_row_ *)entry;                                                               \
    bf_key_put_(row, &held->key);                                                                               \
    bf_state_put_(row, &held->state);                                                                           \
  }                                                                                                             \
  static const char *bf_fits_entry_(const bf_entry *entry) { return bf_state_fits_(&((const bf_row_ *)entry)->state); } \
  static void bf_put_identity_(bf_writer *row) {                                                                \
    bf_state_ state;                                                                                            \
    bf_state_identity_(&state);                                                                                 \
    bf_state_put_(row, &state);                                                                                 \
  }                                                                                                             \
  static const char *bf_combine_rows_(bf_writer *row, bf_reader *left, bf_reader *right) {                      \
    bf_state_ state, later;                                                                                     \
    const char *error = bf_state_load_(&state, left);                                                           \
    if (!error) error = bf_state_load_(&later, right);                                                          \
    if (!error) error = bf_state_combine_(&state, &later);                                                      \
    if (!error) error = bf_state_fits_(&state);                                                                 \
    if (!error) bf_state_put_(row, &state);                                                                     \
    return error;                                                                                               \
  }                                                                                                             \
  static const char *bf_present_row_(bf_writer *row, bf_reader *from) {                                         \
    bf_state_ state;                                                                                            \
    bf_view_ view;                                                                                              \
    const char *error = bf_state_load_(&state, from);                                                           \
    if (error) return error;                                                                                    \
    memset(&view, 0, sizeof view);                                                                              \
    if (bf_user.present) bf_user.present(&state, &view);                                                        \
    bf_view_put_(row, &view);                                                                                   \
    return bf_memory.failure;                                                                                   \
  }                                                                                                             \
  static inline bf_spec bf_spec_(void) {                                                                               \
    bf_spec spec = {                                                                                            \
        bf_user.name, bf_user.version, bf_inputs_, bf_only_, bf_event_time_[0], bf_keys_, bf_states_, bf_views_, \
        BF_LENGTH_(bf_inputs_), BF_LENGTH_(bf_keys_), BF_LENGTH_(bf_states_), bf_view_count_, bf_is_commutative_, \
        bf_user.open, bf_fold_rows_, bf_put_entry_, bf_fits_entry_, bf_put_identity_, bf_combine_rows_, bf_present_row_}; \
    return spec;                                                                                                \
  }                                                                                                             \
  BF_EXPORTS_

#define BF_LENGTH_(array) ((uint32_t)(sizeof(array) / sizeof *(array)))

#ifdef __wasm__
#define BF_EXPORTS_                                                                                             \
  BF_EXPORT_NAME("cabi_realloc") void *bf_export_realloc(void *old, size_t old_size, size_t align, size_t size) { \
    return size == 0 ? (void *)align : bf_realloc_(old, old_size, size);                                        \
  }                                                                                                             \
  BF_EXPORT("pipeline", "open") const bf_opened *bf_export_open(const bf_param *params, uint32_t count) {       \
    bf_spec spec = bf_spec_();                                                                                  \
    return bf_open_(&spec, params, count);                                                                      \
  }                                                                                                             \
  BF_EXPORT("pipeline", "fold") const bf_folded *bf_export_fold(uint32_t rows, const bf_column *columns, uint32_t count) { \
    bf_spec spec = bf_spec_();                                                                                  \
    (void)count;                                                                                                \
    return bf_fold_batch_(&spec, columns, rows);                                                                \
  }                                                                                                             \
  BF_EXPORT("pipeline", "drain") const bf_answer *bf_export_drain(uint32_t max_rows) {                          \
    bf_spec spec = bf_spec_();                                                                                  \
    return bf_drain_(&spec, max_rows);                                                                          \
  }                                                                                                             \
  BF_EXPORT("monoid", "identity") const bf_batch *bf_export_identity(void) {                                    \
    bf_spec spec = bf_spec_();                                                                                  \
    return bf_identity_(&spec);                                                                                 \
  }                                                                                                             \
  BF_EXPORT("monoid", "combine") const bf_answer *bf_export_combine(                                            \
      uint32_t left_rows, const bf_column *left, uint32_t left_count,                                           \
      uint32_t right_rows, const bf_column *right, uint32_t right_count) {                                      \
    bf_spec spec = bf_spec_();                                                                                  \
    bf_batch l = {left_rows, left, left_count}, r = {right_rows, right, right_count};                           \
    return bf_combine_(&spec, l, r);                                                                            \
  }                                                                                                             \
  BF_EXPORT("monoid", "present") const bf_answer *bf_export_present(uint32_t rows, const bf_column *columns, uint32_t count) { \
    bf_spec spec = bf_spec_();                                                                                  \
    bf_batch states = {rows, columns, count};                                                                   \
    return bf_present_(&spec, states);                                                                          \
  }                                                                                                             \
  BF_POST("pipeline", "open") void bf_post_open(const bf_opened *answer) { (void)answer, bf_end_call_(); }      \
  BF_POST("pipeline", "fold") void bf_post_fold(const bf_folded *answer) { (void)answer, bf_end_call_(); }      \
  BF_POST("pipeline", "drain") void bf_post_drain(const bf_answer *answer) { (void)answer, bf_end_call_(); }    \
  BF_POST("monoid", "identity") void bf_post_identity(const bf_batch *answer) { (void)answer, bf_end_call_(); } \
  BF_POST("monoid", "combine") void bf_post_combine(const bf_answer *answer) { (void)answer, bf_end_call_(); }  \
  BF_POST("monoid", "present") void bf_post_present(const bf_answer *answer) { (void)answer, bf_end_call_(); }
#else
#define BF_EXPORTS_
#endif

#endif
