// The declarations of a pipeline: BF_EVENT, BF_KEY, BF_STATE, BF_VIEW. A file declares one of each, in this order.
#ifndef BF_DECLARE_H
#define BF_DECLARE_H

#include "bf_dd_sketch.h"
#include "bf_each.h"
#include "bf_hll.h"
#include "bf_params.h"
#include "bf_set.h"
#include "bf_sum_float64.h"
#include "bf_table.h"

// Places other than a path: `BF_IN(binary, raw, BF_PAYLOAD)`. The first byte is the origin's number in `pipeline.wit`.
#define BF_PAYLOAD "\1"               // binary
#define BF_RECORD_KEY "\2"            // binary or utf8, may be null
#define BF_RECORD_HEADER(name) "\3" name  // binary or utf8, may be null
#define BF_RECORD_TIME "\4"           // timestamp
#define BF_SOURCE_NAME "\5"           // utf8
#define BF_PARTITION "\6"             // int64, may be null
#define BF_OFFSET "\7"                // int64

// The form of a value in text formats: the last argument of BF_IN.
enum { BF_STANDARD, BF_EPOCH_SECONDS, BF_EPOCH_MILLISECONDS, BF_EPOCH_MICROSECONDS, BF_EPOCH_NANOSECONDS, BF_HEX };

typedef struct { const char *name, *origin; uint8_t kind, encoding; bool nullable; } bf_input;

#define BF_FIRST_(first, ...) first
#define BF_SECOND_(first, second, ...) second

// BF_EVENT(type, …): the struct of an event, and what the host reads for it.
//   BF_ONLY(path, "a", "b")               passes over records whose value at the path is none of these
//   BF_IN(kind, name, path[, encoding])   an input that each record has
//   BF_IN_OR_NULL(…)                      one that a record may lack
//   BF_EVENT_TIME(name, path[, encoding]) the timestamp at which the event happened
// The kinds: boolean, int64, float64, timestamp, date, utf8, binary, json.
#define BF_ONLY(...) (ONLY, __VA_ARGS__)
#define BF_IN(kind, name, ...) (IN, kind, name, kind, false, BF_FIRST_(__VA_ARGS__, ~), BF_SECOND_(__VA_ARGS__, BF_STANDARD, ~))
#define BF_IN_OR_NULL(kind, name, ...) \
  (IN, kind##_or_null, name, kind, true, BF_FIRST_(__VA_ARGS__, ~), BF_SECOND_(__VA_ARGS__, BF_STANDARD, ~))
#define BF_EVENT_TIME(name, ...) \
  (TIME, timestamp, name, timestamp, false, BF_FIRST_(__VA_ARGS__, ~), BF_SECOND_(__VA_ARGS__, BF_STANDARD, ~))

#define BF_EVENT(type, ...)                                                                                        \
  typedef struct { BF_EACH_(BF_EV_FIELD_, __VA_ARGS__) } type;                                                     \
  typedef struct { BF_EACH_(BF_EV_COLUMN_, __VA_ARGS__) } type##_columns;                                          \
  typedef type bf_event_;                                                                                          \
  typedef type##_columns bf_event_columns_;                                                                        \
  static const bf_input bf_inputs_[] = {BF_EACH_(BF_EV_INPUT_, __VA_ARGS__)};                                      \
  static const char *const bf_only_[] = {BF_EACH_(BF_EV_ONLY_, __VA_ARGS__) NULL};                                 \
  static const char *const bf_event_time_[] = {BF_EACH_(BF_EV_TIME_, __VA_ARGS__) NULL};                           \
  static_assert(sizeof bf_event_time_ <= 2 * sizeof(char *), "an event has one BF_EVENT_TIME");                    \
  BF_INLINE void bf_event_bind_(bf_event_columns_ *to, const bf_column *from) { BF_EACH_(BF_EV_BIND_, __VA_ARGS__) } \
  BF_INLINE void bf_event_read_(bf_event_ *to, const bf_event_columns_ *from, uint32_t row) {                      \
    BF_EACH_(BF_EV_READ_, __VA_ARGS__)                                                                             \
  }

#define BF_EV_FIELD_(x) BF_CALL_(BF_EV_FIELD_OF_, BF_STRIP_ x)
#define BF_EV_FIELD_OF_(tag, ...) BF_EV_FIELD_##tag(__VA_ARGS__)
#define BF_EV_FIELD_IN(type, name, ...) bf_##type name;
#define BF_EV_FIELD_TIME BF_EV_FIELD_IN
#define BF_EV_FIELD_ONLY(...)
#define BF_EV_COLUMN_(x) BF_CALL_(BF_EV_COLUMN_OF_, BF_STRIP_ x)
#define BF_EV_COLUMN_OF_(tag, ...) BF_EV_COLUMN_##tag(__VA_ARGS__)
#define BF_EV_COLUMN_IN(type, name, kind, ...) bf_##kind##_column name;
#define BF_EV_COLUMN_TIME BF_EV_COLUMN_IN
#define BF_EV_COLUMN_ONLY(...)
#define BF_EV_INPUT_(x) BF_CALL_(BF_EV_INPUT_OF_, BF_STRIP_ x)
#define BF_EV_INPUT_OF_(tag, ...) BF_EV_INPUT_##tag(__VA_ARGS__)
#define BF_EV_INPUT_IN(type, name, kind, nullable, origin, encoding) {#name, origin, BF_KIND_##kind, encoding, nullable},
#define BF_EV_INPUT_TIME BF_EV_INPUT_IN
#define BF_EV_INPUT_ONLY(...)
#define BF_EV_ONLY_(x) BF_CALL_(BF_EV_ONLY_OF_, BF_STRIP_ x)
#define BF_EV_ONLY_OF_(tag, ...) BF_EV_ONLY_##tag(__VA_ARGS__)
#define BF_EV_ONLY_IN(...)
#define BF_EV_ONLY_TIME(...)
#define BF_EV_ONLY_ONLY(...) __VA_ARGS__, NULL,
#define BF_EV_TIME_(x) BF_CALL_(BF_EV_TIME_OF_, BF_STRIP_ x)
#define BF_EV_TIME_OF_(tag, ...) BF_EV_TIME_##tag(__VA_ARGS__)
#define BF_EV_TIME_IN(...)
#define BF_EV_TIME_TIME(type, name, ...) #name,
#define BF_EV_TIME_ONLY(...)
#define BF_EV_BIND_(x) BF_CALL_(BF_EV_BIND_OF_, BF_STRIP_ x)
#define BF_EV_BIND_OF_(tag, ...) BF_EV_BIND_##tag(__VA_ARGS__)
#define BF_EV_BIND_IN(type, name, kind, ...) bf_bind_##kind(&to->name, from++);
#define BF_EV_BIND_TIME BF_EV_BIND_IN
#define BF_EV_BIND_ONLY(...)
#define BF_EV_READ_(x) BF_CALL_(BF_EV_READ_OF_, BF_STRIP_ x)
#define BF_EV_READ_OF_(tag, ...) BF_EV_READ_##tag(__VA_ARGS__)
#define BF_EV_READ_IN(type, name, ...) to->name = bf_##type##_at(&from->name, row);
#define BF_EV_READ_TIME BF_EV_READ_IN
#define BF_EV_READ_ONLY(...)

// BF_KEY(type, …): the key of a state. Its columns: BF_COLUMN(kind, name) and BF_COLUMN_OR_NULL(kind, name), of any
// kind but float64 and json.
#define BF_COLUMN(kind, name) (kind, name, kind, false)
#define BF_COLUMN_OR_NULL(kind, name) (kind##_or_null, name, kind, true)

#define BF_KEY(type, ...)                                                                                  \
  typedef struct { BF_EACH_(BF_COL_FIELD_, __VA_ARGS__) } type;                                            \
  typedef type bf_key_;                                                                                    \
  static const bf_output bf_keys_[] = {BF_EACH_(BF_COL_OUT_, __VA_ARGS__)};                                \
  BF_INLINE uint32_t bf_key_hash_(const bf_key_ *key) {                                                    \
    uint64_t hash = BF_HASH_SEED;                                                                          \
    BF_EACH_(BF_COL_HASH_, __VA_ARGS__)                                                                    \
    return (uint32_t)(hash ^ hash >> 32);                                                                  \
  }                                                                                                        \
  BF_INLINE bool bf_key_same_(const bf_key_ *left, const bf_key_ *right) { return true BF_EACH_(BF_COL_SAME_, __VA_ARGS__); } \
  BF_INLINE size_t bf_key_bytes_(const bf_key_ *key) { return (size_t)0 BF_EACH_(BF_COL_BYTES_, __VA_ARGS__); } \
  BF_INLINE void bf_key_copy_(bf_key_ *to, const bf_key_ *from, char *room) { BF_EACH_(BF_COL_COPY_, __VA_ARGS__) } \
  static inline void bf_key_put_(bf_writer *row, const bf_key_ *from) { BF_EACH_(BF_COL_PUT_, __VA_ARGS__) }

#define BF_COL_FIELD_(x) BF_CALL_(BF_COL_FIELD_OF_, BF_STRIP_ x)
#define BF_COL_FIELD_OF_(type, name, kind, nullable) bf_##type name;
#define BF_COL_OUT_(x) BF_CALL_(BF_COL_OUT_OF_, BF_STRIP_ x)
#define BF_COL_OUT_OF_(type, name, kind, nullable) {#name, BF_KIND_##kind, nullable},
#define BF_COL_HASH_(x) BF_CALL_(BF_COL_HASH_OF_, BF_STRIP_ x)
#define BF_COL_HASH_OF_(type, name, kind, nullable) hash = bf_key_hash_##type(hash, key->name);
#define BF_COL_SAME_(x) BF_CALL_(BF_COL_SAME_OF_, BF_STRIP_ x)
#define BF_COL_SAME_OF_(type, name, kind, nullable) && bf_key_same_##type(left->name, right->name)
#define BF_COL_BYTES_(x) BF_CALL_(BF_COL_BYTES_OF_, BF_STRIP_ x)
#define BF_COL_BYTES_OF_(type, name, kind, nullable) + bf_key_bytes_##type(key->name)
#define BF_COL_COPY_(x) BF_CALL_(BF_COL_COPY_OF_, BF_STRIP_ x)
#define BF_COL_COPY_OF_(type, name, kind, nullable) to->name = bf_key_copy_##type(from->name, &room);
#define BF_COL_PUT_(x) BF_CALL_(BF_COL_PUT_OF_, BF_STRIP_ x)
#define BF_COL_PUT_OF_(type, name, kind, nullable) bf_put_##type(row, from->name);

// BF_STATE(type, …): the state of a key, made of monoids.
//   BF_SUM(name)             int64: name += 1
//   BF_SUM_FLOAT64(name)     bf_sum_add_float64(&s->name, value); exact
//   BF_MIN(kind, name)       bf_min_KIND(&s->name, value); int64, float64, timestamp, date. Also BF_MAX
//   BF_ANY(name)             boolean: name |= value
//   BF_ALL(name)             boolean: name &= value
//   BF_FIRST(kind, name)     bf_first_KIND(&s->name, at, value); any kind but json; a second column name_at. Also BF_LAST
//   BF_HLL(name)             bf_hll_add_KIND(&s->name, value)
//   BF_SET(kind, name, most) bf_set_add_KIND(&s->name, value); int64, timestamp, date, utf8, binary
//   BF_TOP(name, most)       bf_top_add(&s->name, score, item)
//   BF_DD_SKETCH(name, 10)   bf_dd_sketch_add(&s->name, value); quantiles within 10 thousandths
//   BF_OWN(monoid, name, BF_OUT("column", kind), …)   a monoid of your own: see bf_monoid.h
#define BF_OUT(name, kind) {name, BF_KIND_##kind, false}
#define BF_OUT_OR_NULL(name, kind) {name, BF_KIND_##kind, true}
#define BF_SUM(name) (bf_sum, bf_sum, (), name, BF_OUT(#name, int64))
#define BF_SUM_FLOAT64(name) (bf_sum_float64, bf_sum_float64, (), name, BF_OUT(#name, binary))
#define BF_MIN(kind, name) (bf_##kind##_or_null, bf_min_##kind, (), name, BF_OUT_OR_NULL(#name, kind))
#define BF_MAX(kind, name) (bf_##kind##_or_null, bf_max_##kind, (), name, BF_OUT_OR_NULL(#name, kind))
#define BF_ANY(name) (bf_boolean, bf_any, (), name, BF_OUT(#name, boolean))
#define BF_ALL(name) (bf_boolean, bf_all, (), name, BF_OUT(#name, boolean))
#define BF_FIRST(kind, name) \
  (bf_timed_##kind, bf_first_##kind, (), name, BF_OUT_OR_NULL(#name, kind), BF_OUT_OR_NULL(#name "_at", timestamp))
#define BF_LAST(kind, name) \
  (bf_timed_##kind, bf_last_##kind, (), name, BF_OUT_OR_NULL(#name, kind), BF_OUT_OR_NULL(#name "_at", timestamp))
#define BF_HLL(name) (bf_hll, bf_hll, (), name, BF_OUT(#name, binary))
#define BF_SET(kind, name, most) (bf_set_##kind, bf_set_##kind, (most), name, BF_OUT(#name, binary))
#define BF_TOP(name, most) (bf_top, bf_top, (most), name, BF_OUT(#name, binary))
#define BF_DD_SKETCH(name, per_mille) (bf_dd_sketch, bf_dd_sketch, (per_mille), name, BF_OUT(#name, binary))
#define BF_OWN(monoid, name, ...) (monoid, monoid, (), name, __VA_ARGS__)

#define BF_STATE(type, ...)                                                                                 \
  typedef struct { BF_EACH_(BF_ST_FIELD_, __VA_ARGS__) } type;                                              \
  typedef type bf_state_;                                                                                   \
  typedef struct { bf_entry head; bf_key_ key; bf_state_ state; } bf_row_;                                  \
  static const bf_output bf_states_[] = {BF_EACH_(BF_ST_OUTS_, __VA_ARGS__)};                               \
  enum { bf_is_commutative_ = 1 BF_EACH_(BF_ST_COMMUTATIVE_, __VA_ARGS__) };                                \
  static inline void bf_state_identity_(bf_state_ *state) { BF_EACH_(BF_ST_IDENTITY_, __VA_ARGS__) }        \
  static inline const char *bf_state_combine_(bf_state_ *left, const bf_state_ *right) {                    \
    const char *error = NULL;                                                                               \
    BF_EACH_(BF_ST_COMBINE_, __VA_ARGS__)                                                                   \
    return error;                                                                                           \
  }                                                                                                         \
  static inline const char *bf_state_fits_(const bf_state_ *state) {                                        \
    const char *error = NULL;                                                                               \
    BF_EACH_(BF_ST_FITS_, __VA_ARGS__)                                                                      \
    return error;                                                                                           \
  }                                                                                                         \
  static inline void bf_state_put_(bf_writer *row, const bf_state_ *state) { BF_EACH_(BF_ST_PUT_, __VA_ARGS__) } \
  static inline const char *bf_state_load_(bf_state_ *state, bf_reader *from) {                             \
    const char *error = NULL;                                                                               \
    bf_state_identity_(state);                                                                              \
    BF_EACH_(BF_ST_LOAD_, __VA_ARGS__)                                                                      \
    return error;                                                                                           \
  }                                                                                                         \
  static __attribute__((noinline)) bf_state_ *bf_new_(const bf_key_ *key, uint32_t hash, uint32_t at) {     \
    bf_row_ *row = (bf_row_ *)bf_add_entry_(at, hash, sizeof *row + bf_key_bytes_(key));                    \
    bf_key_copy_(&row->key, key, (char *)(row + 1));                                                        \
    bf_state_identity_(&row->state);                                                                        \
    return &row->state;                                                                                     \
  }                                                                                                         \
  /* The state of a key, which is the identity if the key is new, to be changed by the current record. */   \
  static inline bf_state_ *bf_at(bf_key_ key) {                                                             \
    uint32_t hash = bf_key_hash_(&key), at = hash & bf_table.mask;                                          \
    for (; bf_table.slots[at].entry; at = (at + 1) & bf_table.mask) {                                       \
      bf_row_ *row = (bf_row_ *)bf_table.slots[at].entry;                                                   \
      if (bf_table.slots[at].hash != hash || !bf_key_same_(&row->key, &key)) continue;                      \
      if (row->head.record != bf_table.record) {                                                            \
        row->head.record = bf_table.record;                                                                 \
        bf_remember(&row->state, sizeof row->state);                                                        \
      }                                                                                                     \
      return &row->state;                                                                                   \
    }                                                                                                       \
    return bf_new_(&key, hash, at);                                                                         \
  }

#define BF_ST_FIELD_(x) BF_CALL_(BF_ST_FIELD_OF_, BF_STRIP_ x)
#define BF_ST_FIELD_OF_(type, monoid, args, name, ...) type name;
#define BF_ST_OUTS_(x) BF_CALL_(BF_ST_OUTS_OF_, BF_STRIP_ x)
#define BF_ST_OUTS_OF_(type, monoid, args, name, ...) __VA_ARGS__,
#define BF_ST_COMMUTATIVE_(x) BF_CALL_(BF_ST_COMMUTATIVE_OF_, BF_STRIP_ x)
#define BF_ST_COMMUTATIVE_OF_(type, monoid, args, name, ...) && monoid##_commutative
#define BF_ST_IDENTITY_(x) BF_CALL_(BF_ST_IDENTITY_OF_, BF_STRIP_ x)
#define BF_ST_IDENTITY_OF_(type, monoid, args, name, ...) state->name = monoid##_identity args;
#define BF_ST_COMBINE_(x) BF_CALL_(BF_ST_COMBINE_OF_, BF_STRIP_ x)
#define BF_ST_COMBINE_OF_(type, monoid, args, name, ...) \
  if (!error && (error = monoid##_combine(&left->name, &right->name))) error = bf_message(#name ": %s", error);
#define BF_ST_FITS_(x) BF_CALL_(BF_ST_FITS_OF_, BF_STRIP_ x)
#define BF_ST_FITS_OF_(type, monoid, args, name, ...) \
  if (!error && (error = monoid##_fits(&state->name))) error = bf_message(#name ": %s", error);
#define BF_ST_PUT_(x) BF_CALL_(BF_ST_PUT_OF_, BF_STRIP_ x)
#define BF_ST_PUT_OF_(type, monoid, args, name, ...) monoid##_save(&state->name, row);
#define BF_ST_LOAD_(x) BF_CALL_(BF_ST_LOAD_OF_, BF_STRIP_ x)
#define BF_ST_LOAD_OF_(type, monoid, args, name, ...) \
  if (!error && (error = monoid##_load(&state->name, from))) error = bf_message(#name ": %s", error);

// BF_VIEW(type, …): columns that are derived from a state, for readers of the table: BF_COLUMN and BF_COLUMN_OR_NULL of
// any kind. BF_NO_VIEW where there is none.
#define BF_VIEW(type, ...)                                       \
  typedef struct { BF_EACH_(BF_COL_FIELD_, __VA_ARGS__) } type;  \
  typedef type bf_view_;                                         \
  enum { bf_view_count_ = BF_COUNT_(__VA_ARGS__) };              \
  static const bf_output bf_views_[] = {BF_EACH_(BF_COL_OUT_, __VA_ARGS__)}; \
  static inline void bf_view_put_(bf_writer *row, const bf_view_ *from) { BF_EACH_(BF_COL_PUT_, __VA_ARGS__) }

#define BF_NO_VIEW                                               \
  typedef struct { char none; } bf_view_;                        \
  enum { bf_view_count_ = 0 };                                   \
  static const bf_output bf_views_[] = {{"", 0, false}};         \
  static inline void bf_view_put_(bf_writer *row, const bf_view_ *from) { (void)row, (void)from; }

#endif
