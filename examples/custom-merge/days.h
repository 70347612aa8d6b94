// A monoid of one's own: the set of days on which something happened, as a bitmap.
//
// Two state columns: the day of the first bit (null for no day), and the bits, least significant first. The first bit
// is the first of eight days counted from 1970-01-01, so that two bitmaps unite byte by byte, and neither the first nor
// the last byte is zero: equal sets have equal bytes, whatever they were made from.
#ifndef DAYS_H
#define DAYS_H

#include "backfold.h"

typedef struct {
  int32_t first;  // the first byte, in units of eight days since 1970-01-01
  uint32_t len;   // bytes
  uint8_t *bits;
} days;

// The columns in a state, for BF_OWN: NAME_from and NAME_bits.
#define DAYS_COLUMNS(name) BF_OUT_OR_NULL(name "_from", date), BF_OUT(name "_bits", binary)

enum { days_commutative = true };

static days days_identity(void) { return (days){0}; }

// Makes the bytes `from .. to` part of the bitmap. What was written before stays as it is, since a rejected record has
// to bring it back: the bitmap moves to new memory.
static void days_cover_(days *held, int32_t from, int32_t to) {
  int32_t end = held->first + (int32_t)held->len;
  if (held->len > 0 && from >= held->first && to <= end) return;
  if (held->len > 0) {
    from = from < held->first ? from : held->first;
    to = to > end ? to : end;
  }
  uint32_t len = (uint32_t)(to - from);
  uint8_t *bits = memset(bf_alloc(len), 0, len);
  if (held->len > 0) memcpy(bits + (held->first - from), held->bits, held->len);
  *held = (days){from, len, bits};
}

static void days_add(days *held, bf_date day) {
  int32_t byte = day >= 0 ? day / 8 : -1 - (-1 - day) / 8;
  days_cover_(held, byte, byte + 1);
  uint8_t *at = held->bits + (byte - held->first), bit = (uint8_t)(1 << (day - 8 * byte));
  if (*at & bit) return;
  bf_remember(at, 1);
  *at |= bit;
}

static const char *days_combine(days *left, const days *right) {
  if (right->len == 0) return NULL;
  days_cover_(left, right->first, right->first + (int32_t)right->len);
  for (uint32_t i = 0; i < right->len; i++) left->bits[right->first - left->first + (int32_t)i] |= right->bits[i];
  return NULL;
}

static const char *days_fits(const days *held) { return (void)held, NULL; }

static void days_save(const days *held, bf_writer *row) {
  bf_put_date_or_null(row, (bf_date_or_null){held->len > 0, 8 * held->first});
  bf_put_binary(row, (bf_binary){(const char *)held->bits, held->len});
}

static const char *days_load(days *held, bf_reader *from) {
  bf_date_or_null first = bf_get_date_or_null(from);
  bf_binary bits = bf_get_binary(from);
  if (first.present != (bits.len > 0) || first.value % 8 != 0) return "not a bitmap of days";
  if (bits.len > 0 && (bits.ptr[0] == 0 || bits.ptr[bits.len - 1] == 0)) return "a bitmap of days begins or ends with zeros";
  *held = (days){first.value / 8, bits.len, memcpy(bf_alloc(bits.len), bits.len ? bits.ptr : "", bits.len)};
  return NULL;
}

// The number of days, and the most of them in a row.
static int64_t days_count(const days *held, int64_t *longest) {
  int64_t count = 0, run = 0;
  *longest = 0;
  for (uint32_t i = 0; i < 8 * held->len; i++) {
    bool set = BF_BIT(held->bits, i);
    count += set;
    run = set ? run + 1 : 0;
    if (run > *longest) *longest = run;
  }
  return count;
}

// The last day; there must be one.
static bf_date days_last(const days *held) {
  uint32_t at = 8 * held->len - 1;
  while (!BF_BIT(held->bits, at)) at--;
  return 8 * held->first + (bf_date)at;
}

#endif
