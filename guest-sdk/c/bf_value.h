// Values of each kind, with and without null, and what can be asked of them.
#ifndef BF_VALUE_H
#define BF_VALUE_H

#include "bf_memory.h"

enum {
  BF_KIND_boolean, BF_KIND_int64, BF_KIND_float64, BF_KIND_timestamp, BF_KIND_date, BF_KIND_utf8, BF_KIND_binary,
  BF_KIND_json
};

// Bytes that belong to somebody else. Those of an event are valid until `fold` returns.
typedef struct { const char *ptr; uint32_t len; } bf_bytes;

// A value of each kind; where it may be null, `bf_KIND_or_null`.
typedef bool bf_boolean;
typedef int64_t bf_int64;
typedef double bf_float64;
typedef int64_t bf_timestamp;  // microseconds since 1970-01-01T00:00:00Z
typedef int32_t bf_date;       // days since 1970-01-01
typedef bf_bytes bf_utf8;      // valid UTF-8
typedef bf_bytes bf_binary;
typedef bf_bytes bf_json;      // the text of one JSON value, as it stood in the record

// `value` is 0 where the value is not present.
typedef struct { bool present; bf_boolean value; } bf_boolean_or_null;
typedef struct { bool present; bf_int64 value; } bf_int64_or_null;
typedef struct { bool present; bf_float64 value; } bf_float64_or_null;
typedef struct { bool present; bf_timestamp value; } bf_timestamp_or_null;
typedef struct { bool present; bf_date value; } bf_date_or_null;
typedef struct { bool present; bf_utf8 value; } bf_utf8_or_null;
typedef struct { bool present; bf_binary value; } bf_binary_or_null;
typedef struct { bool present; bf_json value; } bf_json_or_null;

// The bytes of a text that ends with a 0, which is not one of them.
static inline bf_bytes bf_text(const char *text) {
  bf_bytes bytes = {text, (uint32_t)strlen(text)};
  return bytes;
}

// The day of an instant, in UTC.
static inline bf_date bf_day_of(bf_timestamp at) {
  const int64_t day = 86400000000;
  return (bf_date)(at / day - (at % day < 0));
}

// The start of the period of an instant, where a period has `seconds` seconds, more than none, and the first one begins
// at 1970-01-01T00:00:00Z: 3600 gives the hour. If the start is before the first timestamp, the instant itself.
static inline bf_timestamp bf_truncated(bf_timestamp at, uint32_t seconds) {
  int64_t period = (int64_t)seconds * 1000000, into = at % period;
  if (into < 0) into += period;
  return at < INT64_MIN + into ? at : at - into;
}

// A day of the Gregorian calendar; months and days count from 1.
static inline bf_date bf_day(int year, int month, int day) {
  // Years that begin in March put the leap day at their end; 400 of them have 146,097 days.
  int shifted = month > 2 ? year : year - 1;
  int era = (shifted >= 0 ? shifted : shifted - 399) / 400, of_era = shifted - era * 400;
  int day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719468;
}

// Eight bytes from any address.
BF_INLINE uint64_t bf_word(const char *at) {
  uint64_t word;
  memcpy(&word, at, sizeof word);
  return word;
}

BF_INLINE uint32_t bf_half_word(const char *at) {
  uint32_t word;
  memcpy(&word, at, sizeof word);
  return word;
}

// Whether two texts or binaries are the same. By words: the `memcmp` of Wasm goes byte by byte.
BF_INLINE bool bf_same_bytes(bf_bytes left, bf_bytes right) {
  if (left.len != right.len) return false;
  uint32_t at = 0, len = left.len;
  for (; at + 8 <= len; at += 8)
    if (bf_word(left.ptr + at) != bf_word(right.ptr + at)) return false;
  if (at + 4 <= len) {
    if (bf_half_word(left.ptr + at) != bf_half_word(right.ptr + at)) return false;
    at += 4;
  }
  for (; at < len; at++)
    if (left.ptr[at] != right.ptr[at]) return false;
  return true;
}

// Two texts or binaries, one after the other, in memory from bf_alloc.
static inline bf_bytes bf_join(bf_bytes left, bf_bytes right) {
  char *joined = (char *)bf_alloc((size_t)left.len + right.len);
  if (left.len) memcpy(joined, left.ptr, left.len);
  if (right.len) memcpy(joined + left.len, right.ptr, right.len);
  bf_bytes bytes = {joined, left.len + right.len};
  return bytes;
}

// The order of bytes: negative, 0 or positive, as in `memcmp`; a prefix comes first.
static inline int bf_compare_bytes(bf_bytes left, bf_bytes right) {
  uint32_t shorter = left.len < right.len ? left.len : right.len;
  int order = shorter ? memcmp(left.ptr, right.ptr, shorter) : 0;
  return order ? order : left.len < right.len ? -1 : left.len > right.len;
}

static inline int bf_compare_int64(bf_int64 left, bf_int64 right) { return left < right ? -1 : left > right; }
static inline int bf_compare_timestamp(bf_timestamp left, bf_timestamp right) { return bf_compare_int64(left, right); }
static inline int bf_compare_date(bf_date left, bf_date right) { return bf_compare_int64(left, right); }
static inline int bf_compare_boolean(bool left, bool right) { return (int)left - (int)right; }
static inline int bf_compare_utf8(bf_utf8 left, bf_utf8 right) { return bf_compare_bytes(left, right); }
static inline int bf_compare_binary(bf_binary left, bf_binary right) { return bf_compare_bytes(left, right); }

// The total order of IEEE 754: -0.0 before 0.0, NaN at both ends.
static inline int bf_compare_float64(bf_float64 left, bf_float64 right) {
  int64_t l, r;
  memcpy(&l, &left, sizeof l);
  memcpy(&r, &right, sizeof r);
  return bf_compare_int64(l < 0 ? l ^ INT64_MAX : l, r < 0 ? r ^ INT64_MAX : r);
}

// Hashing: a word at a time, by multiplication.
#define BF_HASH_SEED 0x9e3779b97f4a7c15u

BF_INLINE uint64_t bf_hash_word(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * 0xff51afd7ed558ccdu;
  return hash ^ hash >> 32;
}

BF_INLINE uint64_t bf_hash_bytes(uint64_t hash, bf_bytes bytes) {
  const char *at = bytes.ptr;
  uint32_t left = bytes.len;
  hash ^= left;
  for (; left >= 8; at += 8, left -= 8) hash = bf_hash_word(hash, bf_word(at));
  uint64_t tail = 0;
  if (left >= 4) {
    tail = bf_half_word(at) | (uint64_t)bf_half_word(at + left - 4) << 32;
  } else if (left > 0) {
    tail = (uint8_t)at[0] | (uint64_t)(uint8_t)at[left / 2] << 8 | (uint64_t)(uint8_t)at[left - 1] << 16;
  }
  return bf_hash_word(hash, tail);
}

// Keys: hash, equality, the bytes beside the value, and a copy whose bytes are at `room`.
#define BF_KEY_FIXED_(kind)                                                                             \
  BF_INLINE uint64_t bf_key_hash_##kind(uint64_t hash, bf_##kind value) { return bf_hash_word(hash, (uint64_t)value); } \
  BF_INLINE bool bf_key_same_##kind(bf_##kind left, bf_##kind right) { return left == right; }          \
  BF_INLINE uint32_t bf_key_bytes_##kind(bf_##kind value) { return (void)value, 0; }                    \
  BF_INLINE bf_##kind bf_key_copy_##kind(bf_##kind value, char **room) { return (void)room, value; }
#define BF_KEY_CUT_(kind)                                                                               \
  BF_INLINE uint64_t bf_key_hash_##kind(uint64_t hash, bf_##kind value) { return bf_hash_bytes(hash, value); } \
  BF_INLINE bool bf_key_same_##kind(bf_##kind left, bf_##kind right) { return bf_same_bytes(left, right); } \
  BF_INLINE uint32_t bf_key_bytes_##kind(bf_##kind value) { return value.len; }                         \
  BF_INLINE bf_##kind bf_key_copy_##kind(bf_##kind value, char **room) {                                \
    bf_##kind copy = {*room, value.len};                                                                \
    if (value.len) memcpy(*room, value.ptr, value.len);                                                 \
    *room += value.len;                                                                                 \
    return copy;                                                                                        \
  }
#define BF_KEY_OR_NULL_(kind)                                                                           \
  BF_INLINE uint64_t bf_key_hash_##kind##_or_null(uint64_t hash, bf_##kind##_or_null value) {           \
    return value.present ? bf_key_hash_##kind(bf_hash_word(hash, 1), value.value) : bf_hash_word(hash, 0); \
  }                                                                                                     \
  BF_INLINE bool bf_key_same_##kind##_or_null(bf_##kind##_or_null left, bf_##kind##_or_null right) {    \
    return left.present == right.present && (!left.present || bf_key_same_##kind(left.value, right.value)); \
  }                                                                                                     \
  BF_INLINE uint32_t bf_key_bytes_##kind##_or_null(bf_##kind##_or_null value) {                         \
    return value.present ? bf_key_bytes_##kind(value.value) : 0;                                        \
  }                                                                                                     \
  BF_INLINE bf_##kind##_or_null bf_key_copy_##kind##_or_null(bf_##kind##_or_null value, char **room) {  \
    if (value.present) value.value = bf_key_copy_##kind(value.value, room);                             \
    return value;                                                                                       \
  }
#define BF_KEY_FIXED_KIND_(kind) BF_KEY_FIXED_(kind) BF_KEY_OR_NULL_(kind)
#define BF_KEY_CUT_KIND_(kind) BF_KEY_CUT_(kind) BF_KEY_OR_NULL_(kind)

BF_KEY_FIXED_KIND_(boolean)
BF_KEY_FIXED_KIND_(int64)
BF_KEY_FIXED_KIND_(timestamp)
BF_KEY_FIXED_KIND_(date)
BF_KEY_CUT_KIND_(utf8)
BF_KEY_CUT_KIND_(binary)

#endif
