// The sum of floats without rounding: `bf_sum_add_float64(&s->cents, e->cents)`.
//
// A sum of rounded sums would depend on where parts of history begin. This one is an integer in units of 2^-1074, of
// which the part between its lowest and its highest digit is kept, and is rounded once, when it is read. A record that
// adds an infinity or NaN is rejected. Zero has no sign.
//
// The state column holds a 0 for zero; otherwise the sign (1 positive, 2 negative), the position of the lowest digit,
// then the digits in base 2^32, lowest first, in little-endian.
#ifndef BF_SUM_FLOAT64_H
#define BF_SUM_FLOAT64_H

#include "bf_monoid.h"

typedef struct {
  int64_t *limbs;        // signed digits, carried only now and then; those beyond `len` are 0
  uint16_t lowest, len;  // the position of limbs[0]; the number of limbs in use
  uint16_t room;
  uint32_t slack;        // no limb exceeds slack · 2^32
} bf_sum_float64;
enum { bf_sum_float64_commutative = 1 };

#define BF_MOST_SLACK (1u << 29)  // two sums of this slack still add up
#define BF_MOST_LIMBS 72          // positions from 68 on are reached only by 2^78 additions of the largest float

static inline bf_sum_float64 bf_sum_float64_identity(void) {
  bf_sum_float64 zero;
  memset(&zero, 0, sizeof zero);
  return zero;
}

// The limbs at the positions from `at` on, `len` of them, added if they are missing.
static inline int64_t *bf_limbs_at_(bf_sum_float64 *sum, uint32_t at, uint32_t len) {
  uint32_t low = sum->len == 0 || at < sum->lowest ? at : sum->lowest, high = sum->lowest + sum->len;
  if (sum->len == 0 || at + len > high) high = at + len;
  if (sum->len == 0 || low < sum->lowest || high > (uint32_t)sum->lowest + sum->room) {
    uint32_t room = high - low + 1;
    int64_t *limbs = (int64_t *)memset(bf_alloc(room * sizeof *limbs), 0, room * sizeof *limbs);
    if (sum->len) memcpy(limbs + (sum->lowest - low), sum->limbs, sum->len * sizeof *limbs);
    sum->limbs = limbs;
    sum->lowest = (uint16_t)low;
    sum->room = (uint16_t)room;
  }
  sum->len = (uint16_t)(high - low);
  return sum->limbs + (at - low);
}

// Brings all limbs but the last to 0 .. 2^32; the last bears the sign. Returns the number without zeros at the end.
static inline uint32_t bf_carry_(int64_t *limbs, uint32_t len) {
  int64_t carried = 0;
  for (uint32_t i = 0; i + 1 < len; i++) {
    int64_t limb = limbs[i] + carried;
    limbs[i] = limb & 0xffffffff;
    carried = limb >> 32;
  }
  if (len > 0) limbs[len - 1] += carried;
  while (len > 0 && limbs[len - 1] == 0) len--;
  return len;
}

static inline void bf_carry_if_due_(bf_sum_float64 *sum) {
  if (sum->slack < BF_MOST_SLACK) return;
  uint32_t len = sum->len + 1u;
  int64_t *limbs = bf_limbs_at_(sum, sum->lowest, len);
  bf_remember(limbs, len * sizeof *limbs);
  sum->len = (uint16_t)bf_carry_(limbs, len);
  sum->slack = 1;
}

static inline void bf_sum_add_float64(bf_sum_float64 *sum, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  uint64_t mantissa = bits & ((UINT64_C(1) << 52) - 1);
  uint32_t exponent = (uint32_t)(bits >> 52) & 0x7ff, shift = exponent ? exponent - 1 : 0;
  if (exponent == 0x7ff) {
    bf_memory.refused = "the number is not finite";
    return;
  }
  if (exponent) mantissa |= UINT64_C(1) << 52;
  if (mantissa == 0) return;
  int64_t *limbs = bf_limbs_at_(sum, shift / 32, 3);
  bf_remember(limbs, 3 * sizeof *limbs);
  uint64_t low = mantissa << (shift % 32), high = shift % 32 ? mantissa >> (64 - shift % 32) : 0;
  int64_t digits[3] = {(int64_t)(low & 0xffffffff), (int64_t)(low >> 32), (int64_t)high};
  for (int i = 0; i < 3; i++) limbs[i] += value < 0 ? -digits[i] : digits[i];
  sum->slack++;
  bf_carry_if_due_(sum);
}

static inline const char *bf_sum_float64_combine(bf_sum_float64 *left, const bf_sum_float64 *right) {
  if (right->len == 0) return NULL;
  int64_t *limbs = bf_limbs_at_(left, right->lowest, right->len);
  for (uint32_t i = 0; i < right->len; i++) limbs[i] += right->limbs[i];
  left->slack += right->slack;
  bf_carry_if_due_(left);
  return NULL;
}

// The magnitude of a sum as digits without zeros at either end.
typedef struct { bool negative; uint32_t lowest, count; uint32_t digits[BF_MOST_LIMBS]; } bf_magnitude;

static inline bf_magnitude bf_magnitude_of(const bf_sum_float64 *sum) {
  bf_magnitude magnitude;
  int64_t limbs[BF_MOST_LIMBS + 4];
  memset(&magnitude, 0, sizeof magnitude);
  uint32_t len = sum->len;
  if (len > BF_MOST_LIMBS) __builtin_trap();
  if (len) memcpy(limbs, sum->limbs, len * sizeof *limbs);
  limbs[len++] = 0;
  len = bf_carry_(limbs, len);
  magnitude.negative = len > 0 && limbs[len - 1] < 0;
  if (magnitude.negative) {
    for (uint32_t i = 0; i < len; i++) limbs[i] = -limbs[i];
    limbs[len++] = 0;
    len = bf_carry_(limbs, len);
  }
  uint32_t zeros = 0;
  while (zeros < len && limbs[zeros] == 0) zeros++;
  for (uint32_t i = zeros; i < len; i++) magnitude.digits[magnitude.count++] = (uint32_t)limbs[i];
  magnitude.lowest = magnitude.count ? sum->lowest + zeros : 0;
  return magnitude;
}

static inline bool bf_magnitude_bit_(const bf_magnitude *magnitude, uint32_t bit) {
  uint32_t base = 32 * magnitude->lowest;
  return bit >= base && (magnitude->digits[(bit - base) / 32] >> (bit - base) % 32 & 1);
}

// The sum, rounded to the nearest float, ties to even; an infinity if it is out of range.
static inline double bf_sum_float64_value(const bf_sum_float64 *sum) {
  bf_magnitude magnitude = bf_magnitude_of(sum);
  if (magnitude.count == 0) return 0;
  uint32_t base = 32 * magnitude.lowest, top = magnitude.digits[magnitude.count - 1];
  uint32_t length = base + 32 * magnitude.count - (uint32_t)__builtin_clz(top), dropped = length > 53 ? length - 53 : 0;
  uint64_t mantissa = 0;
  for (uint32_t bit = length; bit > dropped; bit--) mantissa = mantissa << 1 | bf_magnitude_bit_(&magnitude, bit - 1);
  bool up = false;
  if (dropped && bf_magnitude_bit_(&magnitude, dropped - 1)) {
    up = mantissa & 1;
    for (uint32_t bit = base; bit + 1 < dropped && !up; bit++) up = bf_magnitude_bit_(&magnitude, bit);
  }
  // The mantissa's implicit bit adds one to the exponent's field, and so does a carry out of it.
  const uint64_t infinity = UINT64_C(0x7ff) << 52;
  uint64_t bits = ((uint64_t)dropped << 52) + mantissa + up;
  if (dropped >= 0x7ff || bits > infinity) bits = infinity;
  double value;
  memcpy(&value, &bits, sizeof value);
  return magnitude.negative ? -value : value;
}

static inline const char *bf_sum_float64_fits(const bf_sum_float64 *sum) { return (void)sum, (const char *)NULL; }

static inline void bf_sum_float64_save(const bf_sum_float64 *sum, bf_writer *row) {
  bf_magnitude magnitude = bf_magnitude_of(sum);
  char *to = bf_put_room(row, magnitude.count ? 2 + 4 * (size_t)magnitude.count : 1);
  *to++ = (char)(magnitude.count ? 1 + magnitude.negative : 0);
  if (magnitude.count == 0) return;
  *to++ = (char)magnitude.lowest;
  memcpy(to, magnitude.digits, 4 * (size_t)magnitude.count);
}

static inline const char *bf_sum_float64_load(bf_sum_float64 *sum, bf_reader *from) {
  static const char *const malformed = "not a canonical sum of floats";
  bf_bytes state = bf_get_binary(from);
  *sum = bf_sum_float64_identity();
  if (state.len == 1 && *state.ptr == 0) return NULL;
  uint32_t count = state.len < 6 ? 0 : (state.len - 2) / 4, lowest = count ? (uint8_t)state.ptr[1] : 0;
  if (count == 0 || state.len % 4 != 2 || (*state.ptr != 1 && *state.ptr != 2) || lowest + count > 68) return malformed;
  int64_t *limbs = bf_limbs_at_(sum, lowest, count);
  for (uint32_t i = 0; i < count; i++) {
    int64_t digit = bf_half_word(state.ptr + 2 + 4 * i);
    limbs[i] = *state.ptr == 2 ? -digit : digit;
  }
  sum->slack = 1;
  return limbs[0] && limbs[count - 1] ? NULL : malformed;
}

#endif
