// DdSketch: quantiles within a relative error, by counts of buckets that grow exponentially.
//
// `bf_dd_sketch_add(&s->latency, e->ms)`; `bf_dd_sketch_quantile(&s->latency, 0.95)`. The declaration gives the error
// in thousandths. Buckets are never collapsed, so counts add up and the state grows with the spread of the values:
// about 350 buckets from a millisecond to a second for 1 %. Least and greatest value are exact; magnitudes below
// 2^-1022 count as zero. A record that adds an infinity or NaN is rejected.
//
// The state column holds a 1 and the accuracy; then, if there are values, the least and the greatest, the count of
// zeros, the number of negative buckets, and the buckets, negative before positive, by ascending magnitude: distance
// from the one before, and count. Floats are little-endian, integers LEB128.
#ifndef BF_DD_SKETCH_H
#define BF_DD_SKETCH_H

#include <float.h>
#include <math.h>

#include "bf_set.h"

// The buckets are numbered from 1 for 2^-1022 on; below 0 are those of negative values, and 0 is that of zeros.
typedef struct { int32_t number; uint64_t count; } bf_dd_bucket;
typedef struct {
  bf_dd_bucket *buckets;  // ascending, none of them empty
  uint32_t used, room;
  uint64_t count;
  double accuracy, density, least, greatest;
} bf_dd_sketch;
enum { bf_dd_sketch_commutative = 1 };

// Buckets for each doubling, such that none is wider than the accuracy allows.
static inline double bf_dd_density_(double accuracy) {
  static double known_accuracy, known;
  if (accuracy == known_accuracy) return known;
  // ln((1+a)/(1-a)) = 2·(a + a³/3 + a⁵/5 + …): the widest a bucket may be, as a logarithm.
  double power = accuracy, width = 0;
  for (int odd = 1; odd < 60; odd += 2) {
    width += 2.0 * power / odd;
    power *= accuracy * accuracy;
  }
  known_accuracy = accuracy;
  // The cubic below is nowhere flatter than 10/7 of the natural logarithm.
  return known = 0.7 / width;
}

static inline int32_t bf_dd_place_(uint64_t bits, double density) {
  uint64_t unit = (bits & ((UINT64_C(1) << 52) - 1)) | UINT64_C(1023) << 52;
  double fraction;
  memcpy(&fraction, &unit, sizeof fraction);
  fraction -= 1.0;
  // Approximates the binary logarithm of 1 + fraction by additions and multiplications, which are the same on all machines.
  double cubic = ((6.0 / 35.0 * fraction - 0.6) * fraction + 10.0 / 7.0) * fraction;
  return (int32_t)floor(((double)((int32_t)(bits >> 52) - 1023) + cubic) * density);
}

#define BF_DD_LEAST_BITS (UINT64_C(1) << 52)  // of 2^-1022

static inline int32_t bf_dd_number_(double value, double density) {
  double magnitude = fabs(value);
  uint64_t bits;
  memcpy(&bits, &magnitude, sizeof bits);
  if (bits < BF_DD_LEAST_BITS) return 0;
  int32_t number = bf_dd_place_(bits, density) - bf_dd_place_(BF_DD_LEAST_BITS, density) + 1;
  return value < 0 ? -number : number;
}

// The least magnitude that is in no bucket before this one.
static inline double bf_dd_lower_end_(int32_t number, double density) {
  uint64_t low = BF_DD_LEAST_BITS, high = (UINT64_C(0x7ff) << 52) - 1;
  int32_t place = number - 1 + bf_dd_place_(BF_DD_LEAST_BITS, density);
  while (low < high) {
    uint64_t middle = low + (high - low) / 2;
    if (bf_dd_place_(middle, density) < place) low = middle + 1;
    else high = middle;
  }
  double end;
  memcpy(&end, &low, sizeof end);
  return end;
}

static inline bf_dd_sketch bf_dd_sketch_identity(uint32_t per_mille) {
  double accuracy = (double)per_mille / 1000.0;
  bf_dd_sketch none = {NULL, 0, 0, 0, accuracy, bf_dd_density_(accuracy), INFINITY, -INFINITY};
  return none;
}

// Adds to the count of a bucket, which is made if it is missing.
static inline void bf_dd_count_(bf_dd_sketch *sketch, int32_t number, uint64_t count) {
  uint32_t low = 0, high = sketch->used;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (sketch->buckets[middle].number < number) low = middle + 1;
    else high = middle;
  }
  sketch->count += count;
  if (low < sketch->used && sketch->buckets[low].number == number) {
    bf_remember(&sketch->buckets[low].count, sizeof count);
    sketch->buckets[low].count += count;
    return;
  }
  void *buckets = bf_make_place_(sketch->buckets, &sketch->used, &sketch->room, UINT32_MAX, low, sizeof(bf_dd_bucket));
  sketch->buckets = (bf_dd_bucket *)buckets;
  memset(&sketch->buckets[low], 0, sizeof(bf_dd_bucket));
  sketch->buckets[low].number = number;
  sketch->buckets[low].count = count;
}

static inline void bf_dd_extend_(bf_dd_sketch *sketch, double least, double greatest) {
  // Adding zero makes one of the two zeros.
  if (least < sketch->least) sketch->least = least + 0.0;
  if (greatest > sketch->greatest) sketch->greatest = greatest + 0.0;
}

static inline void bf_dd_sketch_add(bf_dd_sketch *sketch, double value) {
  if (!isfinite(value)) {
    bf_memory.refused = "the number is not finite";
    return;
  }
  bf_dd_count_(sketch, bf_dd_number_(value, sketch->density), 1);
  bf_dd_extend_(sketch, value, value);
}

// The quantile `q`, from 0 for the least value to 1 for the greatest: a fraction `q` of all values is smaller. NaN if
// there is no value.
static inline double bf_dd_sketch_quantile(const bf_dd_sketch *sketch, double q) {
  if (sketch->count == 0 || !(q >= 0 && q <= 1)) return NAN;
  uint64_t last = sketch->count - 1, rank = (uint64_t)(q * (double)last), below = 0;
  if (rank == 0) return sketch->least;
  if (rank >= last) return sketch->greatest;
  uint32_t i = 0;
  while ((below += sketch->buckets[i].count) <= rank) i++;
  int32_t number = sketch->buckets[i].number;
  if (number == 0) return 0;
  // Equally far, relatively, from both ends of the bucket.
  int32_t magnitude = number < 0 ? -number : number;
  double low = bf_dd_lower_end_(magnitude, sketch->density), high = bf_dd_lower_end_(magnitude + 1, sketch->density);
  double value = low * (2.0 / (1.0 + low / high));
  if (number < 0) value = -value;
  return value < sketch->least ? sketch->least : value > sketch->greatest ? sketch->greatest : value;
}

static inline const char *bf_dd_sketch_combine(bf_dd_sketch *left, const bf_dd_sketch *right) {
  for (uint32_t i = 0; i < right->used; i++) bf_dd_count_(left, right->buckets[i].number, right->buckets[i].count);
  bf_dd_extend_(left, right->least, right->greatest);
  return NULL;
}

static inline const char *bf_dd_sketch_fits(const bf_dd_sketch *sketch) { return (void)sketch, (const char *)NULL; }

static inline char *bf_put_varint_(char *to, uint64_t value) {
  for (; value >= 0x80; value >>= 7) *to++ = (char)(value | 0x80);
  *to++ = (char)value;
  return to;
}

static inline const char *bf_get_varint_(const char *from, const char *end, uint64_t *value) {
  *value = 0;
  for (int shift = 0; from && from < end && shift < 64; shift += 7) {
    uint8_t byte = (uint8_t)*from++;
    *value |= (uint64_t)(byte & 0x7f) << shift;
    if (byte < 0x80) return from;
  }
  return NULL;
}

static inline void bf_dd_sketch_save(const bf_dd_sketch *sketch, bf_writer *row) {
  // Written beside the column, since the length of the integers is not known before.
  char *bytes = (char *)bf_take(&bf_memory.call, 45 + 15 * (size_t)sketch->used), *to = bytes;
  uint32_t negative = 0;
  uint64_t zeros = 0;
  *to++ = 1;
  memcpy(to, &sketch->accuracy, 8);
  to += 8;
  if (sketch->count > 0) {
    while (negative < sketch->used && sketch->buckets[negative].number < 0) negative++;
    uint32_t positive = negative;
    if (positive < sketch->used && sketch->buckets[positive].number == 0) zeros = sketch->buckets[positive++].count;
    memcpy(to, &sketch->least, 8);
    memcpy(to + 8, &sketch->greatest, 8);
    to = bf_put_varint_(to + 16, zeros);
    to = bf_put_varint_(to, negative);
    int32_t before = 1;
    for (uint32_t i = negative; i > 0; i--) {
      to = bf_put_varint_(to, (uint64_t)(-sketch->buckets[i - 1].number - before));
      to = bf_put_varint_(to, sketch->buckets[i - 1].count);
      before = -sketch->buckets[i - 1].number;
    }
    before = 1;
    for (uint32_t i = positive; i < sketch->used; i++) {
      to = bf_put_varint_(to, (uint64_t)(sketch->buckets[i].number - before));
      to = bf_put_varint_(to, sketch->buckets[i].count);
      before = sketch->buckets[i].number;
    }
  }
  bf_bytes state = {bytes, (uint32_t)(to - bytes)};
  bf_put_binary(row, state);
}

static inline const char *bf_dd_sketch_load(bf_dd_sketch *sketch, bf_reader *from) {
  static const char *const malformed = "not a canonical DdSketch state of this accuracy";
  bf_bytes state = bf_get_binary(from);
  const char *at = state.ptr + 9, *end = state.ptr + state.len;
  uint64_t zeros, negative, distance, count;
  double least, greatest;
  if (state.len < 9 || *state.ptr != 1 || memcmp(state.ptr + 1, &sketch->accuracy, 8) != 0) return malformed;
  if (state.len == 9) return NULL;
  if (state.len < 27) return malformed;
  memcpy(&least, at, 8);
  memcpy(&greatest, at + 8, 8);
  at = bf_get_varint_(at + 16, end, &zeros);
  at = bf_get_varint_(at, end, &negative);
  if (!at) return malformed;
  if (zeros > 0) bf_dd_count_(sketch, 0, zeros);
  int64_t number = 0;
  for (uint64_t i = 0; at < end; i++) {
    bool is_first = i == 0 || i == negative;
    at = bf_get_varint_(at, end, &distance);
    at = bf_get_varint_(at, end, &count);
    number = (is_first ? 1 : number) + (int64_t)(distance & INT32_MAX);
    if (!at || count == 0 || distance > INT32_MAX || (distance == 0 && !is_first) || number > INT32_MAX) return malformed;
    bf_dd_count_(sketch, (int32_t)(i < negative ? -number : number), count);
  }
  bf_dd_extend_(sketch, least, greatest);
  bool fits = sketch->used > 0 && isfinite(least) && isfinite(greatest) &&
              bf_dd_number_(least, sketch->density) == sketch->buckets[0].number &&
              bf_dd_number_(greatest, sketch->density) == sketch->buckets[sketch->used - 1].number;
  return fits ? NULL : malformed;
}

#endif
