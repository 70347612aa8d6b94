// Monoids of fixed size: Sum, Min, Max, Any, All. And how a monoid is made: for a type `m`, the functions
//
//   m_identity()          the state before any event
//   m_combine(l, r)       makes `l` the state of its own events followed by those of `r`; NULL, or why that is impossible
//   m_fits(s)             NULL, or why the columns cannot hold the state
//   m_save(s, row)        writes a value to each state column; equal states write equal bytes
//   m_load(s, from)       reads it back; NULL, or what is wrong with the bytes
//   m_commutative         a constant: whether combine(a, b) is combine(b, a)
#ifndef BF_MONOID_H
#define BF_MONOID_H

#include <stdio.h>

#include "bf_column.h"

// The message of an error, in memory of the call. Like printf.
__attribute__((format(printf, 1, 2))) static inline const char *bf_message(const char *format, ...);

// A sum of integers that never wraps: `s->views += 1`. It is exact while it is accumulated. If it does not fit into 64
// bits when it is kept, the build fails; no record is rejected, since the choice of that record would depend on where
// parts of history begin.
__extension__ typedef __int128 bf_sum;
enum { bf_sum_commutative = 1 };

// The sum in 64 bits. Only in `fold` can it be out of range; it is then the nearest.
static inline int64_t bf_sum_value(bf_sum sum) {
  return sum > INT64_MAX ? INT64_MAX : sum < INT64_MIN ? INT64_MIN : (int64_t)sum;
}

static inline bf_sum bf_sum_identity(void) { return 0; }
static inline const char *bf_sum_combine(bf_sum *left, const bf_sum *right) {
  *left += *right;
  return NULL;
}
static inline const char *bf_sum_fits(const bf_sum *sum) {
  return *sum == (int64_t)*sum ? NULL : "the sum does not fit into 64 bits";
}
static inline void bf_sum_save(const bf_sum *sum, bf_writer *row) { bf_put_int64(row, (int64_t)*sum); }
static inline const char *bf_sum_load(bf_sum *sum, bf_reader *from) {
  *sum = bf_get_int64(from);
  return NULL;
}

// The least and the greatest value: `bf_max_int64(&s->longest, 5)`. In the state, a `bf_int64_or_null` and so on.
#define BF_EXTREME_(op, kind, wins)                                                                          \
  enum { bf_##op##_##kind##_commutative = 1 };                                                               \
  BF_INLINE void bf_##op##_##kind(bf_##kind##_or_null *held, bf_##kind value) {                              \
    if (!held->present || bf_compare_##kind(value, held->value) wins 0) {                                    \
      held->present = true;                                                                                  \
      held->value = value;                                                                                   \
    }                                                                                                        \
  }                                                                                                          \
  static inline bf_##kind##_or_null bf_##op##_##kind##_identity(void) {                                      \
    bf_##kind##_or_null none;                                                                                \
    memset(&none, 0, sizeof none);                                                                           \
    return none;                                                                                             \
  }                                                                                                          \
  static inline const char *bf_##op##_##kind##_combine(bf_##kind##_or_null *left, const bf_##kind##_or_null *right) { \
    if (right->present) bf_##op##_##kind(left, right->value);                                                \
    return NULL;                                                                                             \
  }                                                                                                          \
  static inline const char *bf_##op##_##kind##_fits(const bf_##kind##_or_null *held) { return (void)held, (const char *)NULL; } \
  static inline void bf_##op##_##kind##_save(const bf_##kind##_or_null *held, bf_writer *row) {              \
    bf_put_##kind##_or_null(row, *held);                                                                     \
  }                                                                                                          \
  static inline const char *bf_##op##_##kind##_load(bf_##kind##_or_null *held, bf_reader *from) {            \
    *held = bf_get_##kind##_or_null(from);                                                                   \
    return NULL;                                                                                             \
  }
BF_EXTREME_(min, int64, <)
BF_EXTREME_(min, float64, <)
BF_EXTREME_(min, timestamp, <)
BF_EXTREME_(min, date, <)
BF_EXTREME_(max, int64, >)
BF_EXTREME_(max, float64, >)
BF_EXTREME_(max, timestamp, >)
BF_EXTREME_(max, date, >)

// Whether any value was true, false if there was none: `s->any |= x`; and whether all were: `s->all &= x`.
#define BF_LOGIC_(name, of_none, operator)                                                          \
  enum { bf_##name##_commutative = 1 };                                                             \
  static inline bool bf_##name##_identity(void) { return of_none; }                                 \
  static inline const char *bf_##name##_combine(bool *left, const bool *right) {                    \
    *left = *left operator *right;                                                                  \
    return NULL;                                                                                    \
  }                                                                                                 \
  static inline const char *bf_##name##_fits(const bool *held) { return (void)held, (const char *)NULL; } \
  static inline void bf_##name##_save(const bool *held, bf_writer *row) { bf_put_boolean(row, *held); } \
  static inline const char *bf_##name##_load(bool *held, bf_reader *from) {                         \
    *held = bf_get_boolean(from);                                                                   \
    return NULL;                                                                                    \
  }
BF_LOGIC_(any, false, ||)
BF_LOGIC_(all, true, &&)

#endif
