// Set: the smallest of the distinct values, and whether there were more. Top: the items with the highest scores.
//
// Both are bounded by a number in the declaration, and what they keep depends on the values alone: so they combine in
// any order. Both are sorted arrays, meant for some hundreds of values.
#ifndef BF_SET_H
#define BF_SET_H

#include "bf_timed.h"

// Makes room for another item at `at` of a sorted array, and drops the last one if there would be more than `most`.
static inline void *bf_make_place_(void *items, uint32_t *count, uint32_t *room, uint32_t most, uint32_t at, size_t width) {
  char *bytes = (char *)items;
  if (*count == *room && *count < most) {
    uint32_t grown = *room ? 2 * *room : 4;
    *room = grown < most ? grown : most;
    bytes = (char *)bf_alloc(*room * width);
    if (at) memcpy(bytes, items, at * width);
    if (*count > at) memcpy(bytes + (at + 1) * width, (char *)items + at * width, (*count - at) * width);
    ++*count;
    return bytes;
  }
  if (*count < most) ++*count;
  // From `at` on, one place up; the bytes come back if the record is rejected.
  bf_remember(bytes + at * width, (*count - at) * width);
  memmove(bytes + (at + 1) * width, bytes + at * width, (*count - at - 1) * width);
  return bytes;
}

static inline void bf_drop_place_(void *items, uint32_t *count, uint32_t at, size_t width) {
  char *bytes = (char *)items;
  bf_remember(bytes + at * width, (*count - at) * width);
  memmove(bytes + at * width, bytes + (at + 1) * width, (*count - at - 1) * width);
  --*count;
}

// The bytes of a value in the state column: numbers in little-endian, bytes after their length of 32 bits.
static inline size_t bf_element_bytes_int64(bf_int64 value) { return (void)value, 8; }
static inline size_t bf_element_bytes_timestamp(bf_timestamp value) { return (void)value, 8; }
static inline size_t bf_element_bytes_date(bf_date value) { return (void)value, 4; }
static inline size_t bf_element_bytes_utf8(bf_utf8 value) { return 4 + (size_t)value.len; }
#define bf_element_bytes_binary bf_element_bytes_utf8

#define BF_ELEMENT_FIXED_(kind)                                                                  \
  static inline char *bf_element_write_##kind(bf_##kind value, char *to) {                       \
    memcpy(to, &value, sizeof value);                                                            \
    return to + sizeof value;                                                                    \
  }                                                                                              \
  static inline const char *bf_element_read_##kind(bf_##kind *value, const char *from, const char *end) { \
    if ((size_t)(end - from) < sizeof *value) return NULL;                                       \
    memcpy(value, from, sizeof *value);                                                          \
    return from + sizeof *value;                                                                 \
  }
BF_ELEMENT_FIXED_(int64)
BF_ELEMENT_FIXED_(timestamp)
BF_ELEMENT_FIXED_(date)

static inline char *bf_element_write_utf8(bf_utf8 value, char *to) {
  memcpy(to, &value.len, 4);
  if (value.len) memcpy(to + 4, value.ptr, value.len);
  return to + 4 + value.len;
}
static inline const char *bf_element_read_utf8(bf_utf8 *value, const char *from, const char *end) {
  if (end - from < 4) return NULL;
  value->len = bf_half_word(from);
  value->ptr = from + 4;
  return (size_t)(end - from) - 4 < value->len ? NULL : from + 4 + value->len;
}
#define bf_element_write_binary bf_element_write_utf8
#define bf_element_read_binary bf_element_read_utf8

// `bf_set_add_utf8(&s->tags, e->tag)`. The values are `items[0 .. count]`, ascending.
#define BF_SET_(kind)                                                                             \
  typedef struct { bf_##kind *items; uint32_t count, room, most; bool had_more; } bf_set_##kind;  \
  enum { bf_set_##kind##_commutative = 1 };                                                       \
  static inline bf_set_##kind bf_set_##kind##_identity(uint32_t most) {                           \
    bf_set_##kind none = {NULL, 0, 0, most, false};                                               \
    return none;                                                                                  \
  }                                                                                               \
  static inline void bf_set_add_##kind(bf_set_##kind *set, bf_##kind value) {                     \
    uint32_t low = 0, high = set->count;                                                          \
    while (low < high) {                                                                          \
      uint32_t middle = low + (high - low) / 2;                                                   \
      int order = bf_compare_##kind(set->items[middle], value);                                   \
      if (order == 0) return;                                                                     \
      if (order < 0) low = middle + 1;                                                            \
      else high = middle;                                                                         \
    }                                                                                             \
    if (set->count == set->most) set->had_more = true;                                            \
    if (low == set->most) return;                                                                 \
    set->items = (bf_##kind *)bf_make_place_(set->items, &set->count, &set->room, set->most, low, sizeof value); \
    set->items[low] = bf_own_##kind(value);                                                       \
  }                                                                                               \
  static inline const char *bf_set_##kind##_combine(bf_set_##kind *left, const bf_set_##kind *right) { \
    for (uint32_t i = 0; i < right->count; i++) bf_set_add_##kind(left, right->items[i]);         \
    left->had_more |= right->had_more;                                                            \
    return NULL;                                                                                  \
  }                                                                                               \
  static inline const char *bf_set_##kind##_fits(const bf_set_##kind *set) { return (void)set, (const char *)NULL; } \
  static inline void bf_set_##kind##_save(const bf_set_##kind *set, bf_writer *row) {             \
    size_t bytes = 1;                                                                             \
    for (uint32_t i = 0; i < set->count; i++) bytes += bf_element_bytes_##kind(set->items[i]);    \
    char *to = bf_put_room(row, bytes);                                                           \
    *to++ = set->had_more;                                                                        \
    for (uint32_t i = 0; i < set->count; i++) to = bf_element_write_##kind(set->items[i], to);    \
  }                                                                                               \
  static inline const char *bf_set_##kind##_load(bf_set_##kind *set, bf_reader *from) {           \
    bf_bytes state = bf_get_binary(from);                                                         \
    const char *at = state.ptr + 1, *end = state.ptr + state.len;                                 \
    if (state.len == 0 || (uint8_t)*state.ptr > 1) return "not a set";                            \
    while (at < end) {                                                                            \
      bf_##kind value;                                                                            \
      at = bf_element_read_##kind(&value, at, end);                                               \
      if (!at || set->count == set->most) return "not a set";                                     \
      if (set->count && bf_compare_##kind(set->items[set->count - 1], value) >= 0) return "not a set"; \
      bf_set_add_##kind(set, value);                                                              \
    }                                                                                             \
    set->had_more = *state.ptr;                                                                   \
    return set->had_more && set->count < set->most ? "not a set" : NULL;                          \
  }
BF_SET_(int64)
BF_SET_(timestamp)
BF_SET_(date)
BF_SET_(utf8)
BF_SET_(binary)

// The items with the highest scores, best first; of equal scores the item that is first in the order of bytes. A score
// has to be final as it stands in a record: counts that add up over records would depend on the order of merging.
typedef struct { int64_t score; bf_utf8 item; } bf_scored;
typedef struct { bf_scored *items; uint32_t count, room, most; } bf_top;
enum { bf_top_commutative = 1 };

static inline bf_top bf_top_identity(uint32_t most) {
  bf_top none = {NULL, 0, 0, most};
  return none;
}

static inline bool bf_ranks_before_(bf_scored left, bf_scored right) {
  return left.score > right.score || (left.score == right.score && bf_compare_bytes(left.item, right.item) < 0);
}

// `bf_top_add(&s->best, e->cents, e->product)`: an item counts once, with its highest score.
static inline void bf_top_add(bf_top *top, int64_t score, bf_utf8 item) {
  bf_scored scored = {score, item};
  if (top->count == top->most && bf_ranks_before_(top->items[top->most - 1], scored)) return;
  for (uint32_t i = 0; i < top->count; i++) {
    if (!bf_same_bytes(top->items[i].item, item)) continue;
    if (top->items[i].score >= score) return;
    bf_drop_place_(top->items, &top->count, i, sizeof scored);
    break;
  }
  uint32_t at = 0;
  while (at < top->count && bf_ranks_before_(top->items[at], scored)) at++;
  top->items = (bf_scored *)bf_make_place_(top->items, &top->count, &top->room, top->most, at, sizeof scored);
  scored.item = bf_own_utf8(item);
  top->items[at] = scored;
}

static inline const char *bf_top_combine(bf_top *left, const bf_top *right) {
  for (uint32_t i = 0; i < right->count; i++) bf_top_add(left, right->items[i].score, right->items[i].item);
  return NULL;
}

static inline const char *bf_top_fits(const bf_top *top) { return (void)top, (const char *)NULL; }

static inline void bf_top_save(const bf_top *top, bf_writer *row) {
  size_t bytes = 0;
  for (uint32_t i = 0; i < top->count; i++) bytes += 12 + (size_t)top->items[i].item.len;
  char *to = bf_put_room(row, bytes);
  for (uint32_t i = 0; i < top->count; i++) {
    memcpy(to, &top->items[i].score, 8);
    to = bf_element_write_utf8(top->items[i].item, to + 8);
  }
}

static inline const char *bf_top_load(bf_top *top, bf_reader *from) {
  bf_bytes state = bf_get_binary(from);
  const char *at = state.ptr, *end = state.ptr + state.len;
  while (at < end) {
    bf_scored scored;
    if (end - at < 12 || top->count == top->most) return "not the items of the highest scores";
    memcpy(&scored.score, at, 8);
    at = bf_element_read_utf8(&scored.item, at + 8, end);
    if (!at) return "not the items of the highest scores";
    uint32_t count = top->count;
    if (count && !bf_ranks_before_(top->items[count - 1], scored)) return "not the items of the highest scores";
    bf_top_add(top, scored.score, scored.item);
    if (top->count != count + 1) return "not the items of the highest scores";
  }
  return NULL;
}

#endif
