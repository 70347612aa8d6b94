// Hll: the number of distinct values, estimated, with a standard error of 1.6 %.
//
// `bf_hll_add_utf8(&s->visitors, e->user_id)`. The state column holds an Apache DataSketches HLL image (HLL_8, lg_k 12,
// compact), byte for byte as the Rust SDK writes it: coupons in ascending order, registers with the out-of-order flag.
// Up to 384 values the sketch holds a coupon for each, then 4,096 registers of a byte. Empty text and empty bytes are
// not counted.
#ifndef BF_HLL_H
#define BF_HLL_H

#include "bf_hll_estimate.h"
#include "bf_monoid.h"

typedef struct {
  void *data;      // sparse: an open table of 2^lg coupons, 0 where free; dense: the registers
  uint16_t count;  // of coupons
  uint8_t lg;
  bool dense;
} bf_hll;
enum { bf_hll_commutative = 1 };

#define BF_HLL_MOST_COUPONS 384
#define BF_ADDRESS_BITS 26

static inline bf_hll bf_hll_identity(void) {
  bf_hll none;
  memset(&none, 0, sizeof none);
  return none;
}

BF_INLINE void bf_hll_raise_(uint8_t *registers, uint32_t coupon) {
  uint8_t *at = registers + (coupon & (BF_HLL_REGISTERS - 1)), value = (uint8_t)(coupon >> BF_ADDRESS_BITS);
  if (value <= *at) return;
  bf_remember(at, 1);
  *at = value;
}

// The slot of a coupon in a table, or the free slot for it. The upper bits decide, since many addresses share the lower
// ones.
BF_INLINE uint32_t *bf_hll_slot_(uint32_t *table, uint8_t lg, uint32_t coupon) {
  uint32_t at = (coupon * 0x9e3779b1u) >> (32 - lg);
  while (table[at] && table[at] != coupon) at = (at + 1) & ((1u << lg) - 1);
  return table + at;
}

static __attribute__((noinline)) void bf_hll_grow_(bf_hll *sketch) {
  uint32_t *old = (uint32_t *)sketch->data, slots = old ? 1u << sketch->lg : 0;
  if (sketch->count == BF_HLL_MOST_COUPONS) {
    uint8_t *registers = (uint8_t *)memset(bf_alloc(BF_HLL_REGISTERS), 0, BF_HLL_REGISTERS);
    for (uint32_t i = 0; i < slots; i++) {
      uint8_t *at = registers + (old[i] & (BF_HLL_REGISTERS - 1)), value = (uint8_t)(old[i] >> BF_ADDRESS_BITS);
      if (value > *at) *at = value;
    }
    sketch->data = registers;
    sketch->dense = true;
    return;
  }
  uint8_t lg = (uint8_t)(old ? sketch->lg + 1 : 2);
  uint32_t *table = (uint32_t *)memset(bf_alloc(sizeof *table << lg), 0, sizeof *table << lg);
  for (uint32_t i = 0; i < slots; i++)
    if (old[i]) *bf_hll_slot_(table, lg, old[i]) = old[i];
  sketch->data = table;
  sketch->lg = lg;
}

static inline void bf_hll_coupon_(bf_hll *sketch, uint32_t coupon) {
  if (!sketch->dense) {
    uint32_t *slot = sketch->data ? bf_hll_slot_((uint32_t *)sketch->data, sketch->lg, coupon) : NULL;
    if (slot && *slot) return;
    // At most three quarters of the slots are taken.
    if (!slot || sketch->count >= 3u << sketch->lg >> 2 || sketch->count == BF_HLL_MOST_COUPONS) {
      bf_hll_grow_(sketch);
      slot = sketch->dense ? NULL : bf_hll_slot_((uint32_t *)sketch->data, sketch->lg, coupon);
    }
    if (slot) {
      bf_remember(slot, sizeof *slot);
      *slot = coupon;
      sketch->count++;
      return;
    }
  }
  bf_hll_raise_((uint8_t *)sketch->data, coupon);
}

BF_INLINE uint64_t bf_rotate_(uint64_t value, int by) { return value << by | value >> (64 - by); }

BF_INLINE uint64_t bf_avalanche_(uint64_t k) {
  k = (k ^ k >> 33) * 0xff51afd7ed558ccdu;
  k = (k ^ k >> 33) * 0xc4ceb9fe1a85ec53u;
  return k ^ k >> 33;
}

BF_INLINE uint64_t bf_mix1_(uint64_t k) { return bf_rotate_(k * 0x87c37b91114253d5u, 31) * 0x4cf5ad432745937fu; }
BF_INLINE uint64_t bf_mix2_(uint64_t k) { return bf_rotate_(k * 0x4cf5ad432745937fu, 33) * 0x87c37b91114253d5u; }

// The coupon of some bytes: from MurmurHash3 (x64, 128 bits) with the seed of DataSketches.
static inline uint32_t bf_hll_coupon_of_(bf_bytes bytes) {
  uint64_t h1 = 9001, h2 = 9001, low = 0, high = 0;
  const char *at = bytes.ptr;
  uint32_t left = bytes.len;
  for (; left >= 16; at += 16, left -= 16) {
    h1 = (bf_rotate_(h1 ^ bf_mix1_(bf_word(at)), 27) + h2) * 5 + 0x52dce729;
    h2 = (bf_rotate_(h2 ^ bf_mix2_(bf_word(at + 8)), 31) + h1) * 5 + 0x38495ab5;
  }
  if (left >= 8) {
    low = bf_word(at);
    for (uint32_t i = 8; i < left; i++) high |= (uint64_t)(uint8_t)at[i] << (8 * (i - 8));
  } else {
    for (uint32_t i = 0; i < left; i++) low |= (uint64_t)(uint8_t)at[i] << (8 * i);
  }
  h1 ^= bf_mix1_(low) ^ bytes.len;
  h2 ^= bf_mix2_(high) ^ bytes.len;
  h1 += h2;
  h2 += h1;
  h1 = bf_avalanche_(h1);
  h2 = bf_avalanche_(h2);
  h1 += h2;
  h2 += h1;
  uint32_t value = h2 ? (uint32_t)__builtin_clzll(h2) + 1 : 63;
  if (value > 63) value = 63;
  return value << BF_ADDRESS_BITS | ((uint32_t)h1 & ((1u << BF_ADDRESS_BITS) - 1));
}

// Count a value, if it is new. Equal integers of different types are one value.
static inline void bf_hll_add_utf8(bf_hll *sketch, bf_bytes value) {
  if (value.len > 0) bf_hll_coupon_(sketch, bf_hll_coupon_of_(value));
}
#define bf_hll_add_binary bf_hll_add_utf8

static inline void bf_hll_add_int64(bf_hll *sketch, int64_t value) {
  bf_bytes bytes = {(const char *)&value, sizeof value};
  bf_hll_coupon_(sketch, bf_hll_coupon_of_(bytes));
}
#define bf_hll_add_timestamp bf_hll_add_int64
#define bf_hll_add_date bf_hll_add_int64

static inline void bf_hll_add_float64(bf_hll *sketch, double value) {
  const uint64_t nan = 0x7ff8000000000000u;
  value += 0.0;  // -0.0 is 0.0
  if (value != value) memcpy(&value, &nan, sizeof value);
  bf_bytes bytes = {(const char *)&value, sizeof value};
  bf_hll_coupon_(sketch, bf_hll_coupon_of_(bytes));
}

static inline const char *bf_hll_combine(bf_hll *left, const bf_hll *right) {
  if (!right->dense) {
    const uint32_t *table = (const uint32_t *)right->data;
    for (uint32_t i = 0; table && i < 1u << right->lg; i++)
      if (table[i]) bf_hll_coupon_(left, table[i]);
    return NULL;
  }
  const uint8_t *others = (const uint8_t *)right->data;
  uint8_t *united = (uint8_t *)memcpy(bf_alloc(BF_HLL_REGISTERS), others, BF_HLL_REGISTERS);
  bf_hll swapped = {united, 0, 0, true};
  if (left->dense) {
    const uint8_t *ours = (const uint8_t *)left->data;
    for (uint32_t i = 0; i < BF_HLL_REGISTERS; i++)
      if (ours[i] > united[i]) united[i] = ours[i];
  } else {
    bf_hll_combine(&swapped, left);
  }
  *left = swapped;
  return NULL;
}

static inline const char *bf_hll_fits(const bf_hll *sketch) { return (void)sketch, (const char *)NULL; }

static inline int bf_order_coupons_(const void *left, const void *right) {
  uint32_t l = *(const uint32_t *)left, r = *(const uint32_t *)right;
  return l < r ? -1 : l > r;
}

static inline void bf_hll_preamble_(char *to, uint8_t words, uint8_t lg_table, uint8_t flags, uint8_t count, uint8_t mode) {
  const uint8_t preamble[8] = {words, 1, 7, 12, lg_table, flags, count, mode};
  memcpy(to, preamble, sizeof preamble);
}

static inline void bf_hll_save(const bf_hll *sketch, bf_writer *row) {
  if (sketch->dense) {
    const uint8_t *registers = (const uint8_t *)sketch->data;
    bf_hll_sums sums = bf_hll_sums_of(registers);
    uint32_t zeros_and_exceptions[2] = {sums.zeros, 0};
    double sums_of_powers[3] = {0, sums.low, sums.high};
    char *to = bf_put_room(row, 40 + BF_HLL_REGISTERS);
    bf_hll_preamble_(to, 10, 0, 16, 0, 10);
    memcpy(to + 8, sums_of_powers, 24);
    memcpy(to + 32, zeros_and_exceptions, 8);
    memcpy(to + 40, registers, BF_HLL_REGISTERS);
    return;
  }
  uint32_t sorted[BF_HLL_MOST_COUPONS], count = 0;
  const uint32_t *table = (const uint32_t *)sketch->data;
  for (uint32_t i = 0; table && i < 1u << sketch->lg; i++)
    if (table[i]) sorted[count++] = table[i];
  if (count > 1) qsort(sorted, count, sizeof *sorted, bf_order_coupons_);
  bool is_list = count < 8;
  char *to = bf_put_room(row, (is_list ? 8 : 12) + 4 * (size_t)count);
  if (is_list) {
    bf_hll_preamble_(to, 2, 3, count ? 8 : 12, (uint8_t)count, 8);
    to += 8;
  } else {
    uint8_t lg = 5;
    while (4 * count > 3u << lg) lg++;
    bf_hll_preamble_(to, 3, lg, 8, 0, 9);
    memcpy(to + 8, &count, 4);
    to += 12;
  }
  memcpy(to, sorted, 4 * (size_t)count);
}

static inline const char *bf_hll_load(bf_hll *sketch, bf_reader *from) {
  static const char *const malformed = "not a canonical Hll state of lg_k 12";
  bf_bytes image = bf_get_binary(from);
  *sketch = bf_hll_identity();
  if (image.len < 8 || image.ptr[1] != 1 || image.ptr[2] != 7 || image.ptr[3] != 12) return malformed;
  uint32_t mode = (uint8_t)image.ptr[7];
  if (mode == 10) {
    if (image.len != 40 + BF_HLL_REGISTERS) return malformed;
    sketch->data = memcpy(bf_alloc(BF_HLL_REGISTERS), image.ptr + 40, BF_HLL_REGISTERS);
    sketch->dense = true;
    const uint8_t *registers = (const uint8_t *)sketch->data;
    for (uint32_t i = 0; i < BF_HLL_REGISTERS; i++)
      if (registers[i] > 63) return malformed;
    return NULL;
  }
  uint32_t head = mode == 9 ? 12 : 8, count = (image.len - head) / 4, before = 0;
  if ((mode != 8 && mode != 9) || image.len < head || (image.len - head) % 4 || count > BF_HLL_MOST_COUPONS) return malformed;
  if ((mode == 8) != (count < 8)) return malformed;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t coupon = bf_half_word(image.ptr + head + 4 * i);
    if (coupon <= before || coupon >> BF_ADDRESS_BITS == 0) return malformed;
    bf_hll_coupon_(sketch, before = coupon);
  }
  return NULL;
}

// The estimated number of distinct values.
static inline double bf_hll_estimate(const bf_hll *sketch) {
  if (!sketch->dense) return bf_hll_estimate_of_coupons(sketch->count);
  return bf_hll_estimate_of_registers((const uint8_t *)sketch->data);
}

#endif
