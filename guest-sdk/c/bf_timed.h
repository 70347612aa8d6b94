// First and Last: the value at the earliest time, and at the latest.
//
// `bf_last_utf8(&s->page, e->at, e->page)`. Of several values at that time, First keeps the least and Last the
// greatest: so the result does not depend on the order in which records come. The bytes of a text are copied, if they
// are kept.
#ifndef BF_TIMED_H
#define BF_TIMED_H

#include "bf_monoid.h"

typedef struct { bool present; bf_timestamp at; bf_boolean value; } bf_timed_boolean;
typedef struct { bool present; bf_timestamp at; bf_int64 value; } bf_timed_int64;
typedef struct { bool present; bf_timestamp at; bf_float64 value; } bf_timed_float64;
typedef struct { bool present; bf_timestamp at; bf_timestamp value; } bf_timed_timestamp;
typedef struct { bool present; bf_timestamp at; bf_date value; } bf_timed_date;
typedef struct { bool present; bf_timestamp at; bf_utf8 value; } bf_timed_utf8;
typedef struct { bool present; bf_timestamp at; bf_binary value; } bf_timed_binary;

static inline bf_boolean bf_own_boolean(bf_boolean value) { return value; }
static inline bf_int64 bf_own_int64(bf_int64 value) { return value; }
static inline bf_float64 bf_own_float64(bf_float64 value) { return value; }
static inline bf_timestamp bf_own_timestamp(bf_timestamp value) { return value; }
static inline bf_date bf_own_date(bf_date value) { return value; }

// A copy that lives as long as the states.
static inline bf_bytes bf_own_utf8(bf_bytes value) {
  char *copy = (char *)bf_alloc(value.len);
  if (value.len) memcpy(copy, value.ptr, value.len);
  bf_bytes owned = {copy, value.len};
  return owned;
}
#define bf_own_binary bf_own_utf8

#define BF_TIMED_(op, kind, wins)                                                                               \
  enum { bf_##op##_##kind##_commutative = 1 };                                                                  \
  BF_INLINE void bf_##op##_##kind(bf_timed_##kind *held, bf_timestamp at, bf_##kind value) {                    \
    if (held->present && !(at wins held->at || (at == held->at && bf_compare_##kind(value, held->value) wins 0))) return; \
    held->present = true;                                                                                       \
    held->at = at;                                                                                              \
    held->value = bf_own_##kind(value);                                                                         \
  }                                                                                                             \
  static inline bf_timed_##kind bf_##op##_##kind##_identity(void) {                                             \
    bf_timed_##kind none;                                                                                       \
    memset(&none, 0, sizeof none);                                                                              \
    return none;                                                                                                \
  }                                                                                                             \
  static inline const char *bf_##op##_##kind##_combine(bf_timed_##kind *left, const bf_timed_##kind *right) {   \
    if (right->present) bf_##op##_##kind(left, right->at, right->value);                                        \
    return NULL;                                                                                                \
  }                                                                                                             \
  static inline const char *bf_##op##_##kind##_fits(const bf_timed_##kind *held) { return (void)held, (const char *)NULL; } \
  static inline void bf_##op##_##kind##_save(const bf_timed_##kind *held, bf_writer *row) {                     \
    bf_##kind##_or_null value;                                                                                  \
    bf_timestamp_or_null at = {held->present, held->at};                                                        \
    memset(&value, 0, sizeof value);                                                                            \
    value.present = held->present;                                                                              \
    value.value = held->value;                                                                                  \
    bf_put_##kind##_or_null(row, value);                                                                        \
    bf_put_timestamp_or_null(row, at);                                                                          \
  }                                                                                                             \
  static inline const char *bf_##op##_##kind##_load(bf_timed_##kind *held, bf_reader *from) {                   \
    bf_##kind##_or_null value = bf_get_##kind##_or_null(from);                                                  \
    bf_timestamp_or_null at = bf_get_timestamp_or_null(from);                                                   \
    held->present = value.present;                                                                              \
    held->at = at.value;                                                                                        \
    held->value = value.value;                                                                                  \
    return value.present == at.present ? NULL : "a value and its time are both null or neither";                \
  }
BF_TIMED_(first, boolean, <)
BF_TIMED_(first, int64, <)
BF_TIMED_(first, float64, <)
BF_TIMED_(first, timestamp, <)
BF_TIMED_(first, date, <)
BF_TIMED_(first, utf8, <)
BF_TIMED_(first, binary, <)
BF_TIMED_(last, boolean, >)
BF_TIMED_(last, int64, >)
BF_TIMED_(last, float64, >)
BF_TIMED_(last, timestamp, >)
BF_TIMED_(last, date, >)
BF_TIMED_(last, utf8, >)
BF_TIMED_(last, binary, >)

#endif
