// Columns: those of events, read row by row; those of answers, written value by value.
#ifndef BF_COLUMN_H
#define BF_COLUMN_H

#include "bf_value.h"

// The columns of an event, for `fold_columns`: a `values` is indexed by the row, a bitmap by BF_BIT. `validity` is NULL
// where all values are present.
typedef struct { const uint8_t *bits, *validity; } bf_boolean_column;
typedef struct { const int64_t *values; const uint8_t *validity; } bf_int64_column;
typedef struct { const double *values; const uint8_t *validity; } bf_float64_column;
typedef struct { const int64_t *values; const uint8_t *validity; } bf_timestamp_column;
typedef struct { const int32_t *values; const uint8_t *validity; } bf_date_column;
typedef struct { const char *bytes; const uint32_t *offsets; const uint8_t *validity; } bf_utf8_column;
typedef bf_utf8_column bf_binary_column;
typedef bf_utf8_column bf_json_column;

// The bit of a row in a bitmap.
#define BF_BIT(bitmap, row) ((bitmap)[(row) >> 3] >> ((row) & 7) & 1)

// Whether the value of a row is present, in a column of any kind.
#define BF_PRESENT(column, row) (!(column).validity || BF_BIT((column).validity, row))

static inline const uint8_t *bf_validity_of(const bf_column *column) {
  return column->validity.some ? (const uint8_t *)column->validity.value.ptr : NULL;
}

static inline void bf_bind_boolean(bf_boolean_column *to, const bf_column *from) {
  to->bits = (const uint8_t *)from->values.ptr;
  to->validity = bf_validity_of(from);
}

#define BF_BIND_FIXED_(kind, type)                                                  \
  static inline void bf_bind_##kind(bf_##kind##_column *to, const bf_column *from) { \
    to->values = (const type *)from->values.ptr;                                    \
    to->validity = bf_validity_of(from);                                            \
  }
BF_BIND_FIXED_(int64, int64_t)
BF_BIND_FIXED_(float64, double)
BF_BIND_FIXED_(timestamp, int64_t)
BF_BIND_FIXED_(date, int32_t)

static inline void bf_bind_utf8(bf_utf8_column *to, const bf_column *from) {
  to->bytes = (const char *)from->values.ptr;
  to->offsets = (const uint32_t *)from->offsets.value.ptr;
  to->validity = bf_validity_of(from);
}
#define bf_bind_binary bf_bind_utf8
#define bf_bind_json bf_bind_utf8

// The value of a row.
BF_INLINE bf_boolean bf_boolean_at(const bf_boolean_column *column, uint32_t row) { return BF_BIT(column->bits, row); }
BF_INLINE bf_int64 bf_int64_at(const bf_int64_column *column, uint32_t row) { return column->values[row]; }
BF_INLINE bf_float64 bf_float64_at(const bf_float64_column *column, uint32_t row) { return column->values[row]; }
BF_INLINE bf_timestamp bf_timestamp_at(const bf_timestamp_column *column, uint32_t row) { return column->values[row]; }
BF_INLINE bf_date bf_date_at(const bf_date_column *column, uint32_t row) { return column->values[row]; }
BF_INLINE bf_utf8 bf_utf8_at(const bf_utf8_column *column, uint32_t row) {
  bf_utf8 value = {column->bytes + column->offsets[row], column->offsets[row + 1] - column->offsets[row]};
  return value;
}
#define bf_binary_at bf_utf8_at
#define bf_json_at bf_utf8_at

// The value of a row, or null.
#define BF_OR_NULL_AT_(kind)                                                                                    \
  BF_INLINE bf_##kind##_or_null bf_##kind##_or_null_at(const bf_##kind##_column *column, uint32_t row) {        \
    bf_##kind##_or_null got;                                                                                    \
    memset(&got, 0, sizeof got);                                                                                \
    got.present = BF_PRESENT(*column, row);                                                                     \
    if (got.present) got.value = bf_##kind##_at(column, row);                                                   \
    return got;                                                                                                 \
  }
BF_OR_NULL_AT_(boolean)
BF_OR_NULL_AT_(int64)
BF_OR_NULL_AT_(float64)
BF_OR_NULL_AT_(timestamp)
BF_OR_NULL_AT_(date)
BF_OR_NULL_AT_(utf8)
BF_OR_NULL_AT_(binary)
BF_OR_NULL_AT_(json)

// A column of an answer.
typedef struct { const char *name; uint8_t kind; bool nullable; } bf_output;

// A column that is being written. Its memory is that of the call.
typedef struct {
  uint8_t *values, *validity;
  uint32_t *offsets;
  uint32_t rows, room, used, size;  // rows written, rows in all; bytes written, bytes of `values`
} bf_writer_column;

// A row that is being written: each bf_put_… writes to the next column.
typedef struct { bf_writer_column *next; } bf_writer;

static inline bool bf_is_cut(uint8_t kind) { return kind >= BF_KIND_utf8; }

static inline uint32_t bf_bitmap_bytes(uint32_t rows) { return rows / 8 + (rows % 8 != 0); }

static inline uint32_t bf_fixed_bytes(uint8_t kind, uint32_t rows) {
  return kind == BF_KIND_boolean ? bf_bitmap_bytes(rows) : kind == BF_KIND_date ? 4 * rows : 8 * rows;
}

static inline void bf_start_column(bf_writer_column *column, uint8_t kind, uint32_t rows) {
  memset(column, 0, sizeof *column);
  column->room = rows;
  column->size = bf_is_cut(kind) ? 16 * rows : bf_fixed_bytes(kind, rows);
  column->values = (uint8_t *)bf_take(&bf_memory.call, column->size);
  if (kind == BF_KIND_boolean) memset(column->values, 0, column->size);
  if (bf_is_cut(kind)) {
    column->offsets = (uint32_t *)bf_take(&bf_memory.call, 4 * ((size_t)rows + 1));
    column->offsets[0] = 0;
  }
}

static inline void bf_note_(bf_writer_column *column, bool present) {
  if (!present && !column->validity) {
    uint32_t bytes = bf_bitmap_bytes(column->room);
    column->validity = (uint8_t *)memset(bf_take(&bf_memory.call, bytes), 0xff, bytes);
  }
  if (!present) column->validity[column->rows >> 3] &= (uint8_t)~(1u << (column->rows & 7));
  column->rows++;
}

// Write a value to the next column, which must be of that kind. JSON has to be one valid value, utf8 valid UTF-8.
static inline void bf_put_boolean(bf_writer *row, bf_boolean value) {
  bf_writer_column *column = row->next++;
  column->values[column->rows >> 3] |= (uint8_t)(value << (column->rows & 7));
  bf_note_(column, true);
}

#define BF_PUT_FIXED_(kind)                                                           \
  static inline void bf_put_##kind(bf_writer *row, bf_##kind value) {                 \
    bf_writer_column *column = row->next++;                                           \
    memcpy(column->values + column->rows * sizeof value, &value, sizeof value);       \
    bf_note_(column, true);                                                           \
  }
BF_PUT_FIXED_(int64)
BF_PUT_FIXED_(float64)
BF_PUT_FIXED_(timestamp)
BF_PUT_FIXED_(date)

// Room for `bytes` bytes as the value of the next column; they must be written.
static inline char *bf_put_room(bf_writer *row, size_t bytes) {
  bf_writer_column *column = row->next++;
  if (BF_UNLIKELY(column->size - column->used < bytes)) {
    size_t size = 2 * (size_t)column->size + bytes;
    // An answer has less than 2 GiB; the host allows far less.
    if (size > INT32_MAX) __builtin_trap();
    uint8_t *values = (uint8_t *)bf_take(&bf_memory.call, size);
    if (column->used) memcpy(values, column->values, column->used);
    column->values = values;
    column->size = (uint32_t)size;
  }
  char *room = (char *)column->values + column->used;
  column->used += (uint32_t)bytes;
  column->offsets[column->rows + 1] = column->used;
  bf_note_(column, true);
  return room;
}

static inline void bf_put_utf8(bf_writer *row, bf_bytes value) {
  char *room = bf_put_room(row, value.len);
  if (value.len) memcpy(room, value.ptr, value.len);
}
#define bf_put_binary bf_put_utf8
#define bf_put_json bf_put_utf8

static inline void bf_put_null_(bf_writer *row) {
  bf_writer_column *column = row->next++;
  if (column->offsets) column->offsets[column->rows + 1] = column->used;
  bf_note_(column, false);
}

#define BF_PUT_OR_NULL_(kind, zero)                                                         \
  static inline void bf_put_##kind##_or_null(bf_writer *row, bf_##kind##_or_null value) {   \
    if (value.present) {                                                                    \
      bf_put_##kind(row, value.value);                                                      \
    } else {                                                                                \
      zero;                                                                                 \
      bf_put_null_(row);                                                                     \
    }                                                                                       \
  }
#define BF_ZERO_(width) memset(row->next->values + row->next->rows * (size_t)(width), 0, width)
BF_PUT_OR_NULL_(boolean, (void)0)
BF_PUT_OR_NULL_(int64, BF_ZERO_(8))
BF_PUT_OR_NULL_(float64, BF_ZERO_(8))
BF_PUT_OR_NULL_(timestamp, BF_ZERO_(8))
BF_PUT_OR_NULL_(date, BF_ZERO_(4))
BF_PUT_OR_NULL_(utf8, (void)0)
BF_PUT_OR_NULL_(binary, (void)0)
BF_PUT_OR_NULL_(json, (void)0)

// A row of states that is being read: each bf_get_… reads the next column.
typedef struct { const bf_column *next; uint32_t row; } bf_reader;

#define BF_GET_(kind)                                             \
  static inline bf_##kind bf_get_##kind(bf_reader *from) {        \
    bf_##kind##_column column;                                    \
    bf_bind_##kind(&column, from->next++);                        \
    return bf_##kind##_at(&column, from->row);                    \
  }                                                               \
  static inline bf_##kind##_or_null bf_get_##kind##_or_null(bf_reader *from) { \
    bf_##kind##_column column;                                    \
    bf_bind_##kind(&column, from->next++);                        \
    return bf_##kind##_or_null_at(&column, from->row);            \
  }
BF_GET_(boolean)
BF_GET_(int64)
BF_GET_(float64)
BF_GET_(timestamp)
BF_GET_(date)
BF_GET_(utf8)
BF_GET_(binary)

#endif
