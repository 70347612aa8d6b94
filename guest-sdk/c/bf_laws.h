// The laws that a rebuild depends on, tested on the events of a test; part of testing.h.
#ifndef BF_LAWS_H
#define BF_LAWS_H

// A value of a row by itself, and a row of the key columns and the state columns.
typedef struct { bool present; uint32_t len; char *bytes; } bf_cell;
typedef struct { bf_cell *cells; } bf_cells;
typedef struct { bf_cells *rows; uint32_t count, room; } bf_rows;

static inline bf_cell bf_cell_of_(uint8_t kind, const bf_column *column, uint32_t row) {
  const char *values = (const char *)column->values.ptr;
  const uint8_t *validity = bf_validity_of(column);
  bf_cell cell = {!validity || BF_BIT(validity, row), 0, NULL};
  if (!cell.present) return cell;
  if (kind == BF_KIND_boolean) {
    cell.len = 1;
    cell.bytes = (char *)bf_system(NULL, 1);
    cell.bytes[0] = (char)BF_BIT((const uint8_t *)values, row);
    return cell;
  }
  const uint32_t *offsets = (const uint32_t *)column->offsets.value.ptr;
  uint32_t width = kind == BF_KIND_date ? 4 : 8, from = bf_is_cut(kind) ? offsets[row] : row * width;
  cell.len = bf_is_cut(kind) ? offsets[row + 1] - from : width;
  cell.bytes = (char *)bf_system(NULL, cell.len + 1);
  if (cell.len) memcpy(cell.bytes, values + from, cell.len);
  return cell;
}

// The output of a column, counted through the keys and on through the states.
static inline const bf_output *bf_output_of_(const bf_spec *spec, uint32_t column) {
  return column < spec->key_count ? &spec->keys[column] : &spec->states[column - spec->key_count];
}

static inline bf_cells bf_cells_of_(const bf_spec *spec, uint32_t first, const bf_batch *batch, uint32_t row) {
  bf_cells cells = {(bf_cell *)bf_system(NULL, batch->len * sizeof(bf_cell))};
  for (uint32_t i = 0; i < batch->len; i++)
    cells.cells[i] = bf_cell_of_(bf_output_of_(spec, first + i)->kind, &batch->columns[i], row);
  return cells;
}

static inline void bf_free_cells_(bf_cells cells, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) free(cells.cells[i].bytes);
  free(cells.cells);
}

static inline bool bf_same_cells_(const bf_cell *left, const bf_cell *right, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    if (left[i].present != right[i].present || left[i].len != right[i].len) return false;
    if (left[i].len && memcmp(left[i].bytes, right[i].bytes, left[i].len) != 0) return false;
  }
  return true;
}

static inline void bf_put_cell_(bf_writer *row, uint8_t kind, const bf_cell *cell) {
  bf_bytes bytes = {cell->bytes, cell->len};
  int64_t number = 0;
  if (!cell->present) {
    bf_json_put_none(row, kind);
  } else if (kind == BF_KIND_boolean) {
    bf_put_boolean(row, cell->bytes[0]);
  } else if (bf_is_cut(kind)) {
    bf_put_binary(row, bytes);
  } else {
    memcpy(&number, cell->bytes, cell->len);
    if (kind == BF_KIND_date) bf_put_date(row, (bf_date)number);
    else bf_put_int64(row, number);
  }
}

static inline void bf_states_batch_(const bf_spec *spec, const bf_cell *cells, bf_batch *batch) {
  bf_writer writer = bf_writer_of_(spec->states, spec->state_count, NULL, 0, 1), row = writer;
  for (uint32_t i = 0; i < spec->state_count; i++) bf_put_cell_(&row, spec->states[i].kind, &cells[i]);
  bf_finish_(batch, writer, spec->state_count, 1);
}

// The combined state; `cells` is NULL if there is none, because a sum does not fit.
static inline bf_cells bf_combine_cells_(const bf_spec *spec, const bf_cell *left, const bf_cell *right) {
  bf_cells none = {NULL};
  bf_batch l, r;
  bf_states_batch_(spec, left, &l);
  bf_states_batch_(spec, right, &r);
  const bf_answer *answer = bf_combine_(spec, l, r);
  bf_cells combined = answer->failed ? none : bf_cells_of_(spec, spec->key_count, &answer->u.ok, 0);
  bf_end_call_();
  return combined;
}

static inline void bf_add_cells_(bf_rows *rows, bf_cells cells) {
  if (rows->count == rows->room) {
    rows->room = rows->room ? 2 * rows->room : 64;
    rows->rows = (bf_cells *)bf_system(rows->rows, rows->room * sizeof(bf_cells));
  }
  rows->rows[rows->count++] = cells;
}

static inline bf_cells *bf_find_cells_(bf_rows *rows, const bf_cell *key, uint32_t key_count) {
  for (uint32_t i = 0; i < rows->count; i++)
    if (bf_same_cells_(rows->rows[i].cells, key, key_count)) return &rows->rows[i];
  return NULL;
}

// Folds all events, `batch` in a batch, drained after each `max_rows` rows at a time, and combines the states of each
// key; adds the states before they are combined to `parts`, if it is not NULL.
static inline bf_rows bf_fold_cut_(const bf_spec *spec, uint32_t batch, uint32_t max_rows, bf_rows *parts) {
  bf_rows table = {NULL, 0, 0};
  uint32_t lines = bf_test_line_count_(), width = spec->key_count + spec->state_count;
  for (uint32_t from = 0; from < lines; from += batch) {
    char *error = bf_test_fold_lines_(from, from + batch < lines ? from + batch : lines);
    if (error) bf_test_fail("laws", 0, error);
    free(error);
    for (uint32_t drained = max_rows; drained == max_rows;) {
      const bf_answer *answer = bf_drain_(spec, max_rows);
      if (answer->failed) {
        bf_test_fail("laws", 0, (const char *)answer->u.message.ptr);
        bf_clear_table_();
        break;
      }
      drained = answer->u.ok.rows;
      bf_rows fresh = {NULL, 0, 0};
      for (uint32_t i = 0; i < drained; i++) bf_add_cells_(&fresh, bf_cells_of_(spec, 0, &answer->u.ok, i));
      bf_end_call_();
      for (uint32_t i = 0; i < drained; i++) {
        bf_cell *cells = fresh.rows[i].cells, *state = cells + spec->key_count;
        bf_cells *held = bf_find_cells_(&table, cells, spec->key_count);
        if (!held) {
          bf_add_cells_(&table, fresh.rows[i]);
          continue;
        }
        bf_cells combined = bf_combine_cells_(spec, held->cells + spec->key_count, state);
        if (!combined.cells) bf_test_fail("laws", 0, "two states of a key cannot be combined");
        for (uint32_t c = 0; combined.cells && c < spec->state_count; c++) {
          bf_cell swapped = held->cells[spec->key_count + c];
          held->cells[spec->key_count + c] = combined.cells[c];
          combined.cells[c] = swapped;
        }
        if (combined.cells) bf_free_cells_(combined, spec->state_count);
        if (parts) bf_add_cells_(parts, fresh.rows[i]);
        else bf_free_cells_(fresh.rows[i], width);
      }
      free(fresh.rows);
    }
  }
  return table;
}

static inline void bf_free_rows_(bf_rows *rows, uint32_t width) {
  for (uint32_t i = 0; i < rows->count; i++) bf_free_cells_(rows->rows[i], width);
  free(rows->rows);
}

// Whether two combinations of states are the same; both may be impossible. Frees them.
static inline void bf_expect_same_(const bf_spec *spec, bf_cells left, bf_cells right, const char *law) {
  bool same = left.cells == right.cells;
  if (left.cells && right.cells) same = bf_same_cells_(left.cells, right.cells, spec->state_count);
  if (!same) bf_test_fail("laws", 0, law);
  if (left.cells) bf_free_cells_(left, spec->state_count);
  if (right.cells) bf_free_cells_(right, spec->state_count);
}

static inline void bf_test_algebra_(const bf_spec *spec, const bf_cell *a, const bf_cell *b, const bf_cell *c) {
  bf_cells none = {NULL};
  bf_cells ab = bf_combine_cells_(spec, a, b), bc = bf_combine_cells_(spec, b, c);
  if (ab.cells && bc.cells)
    bf_expect_same_(spec, bf_combine_cells_(spec, ab.cells, c), bf_combine_cells_(spec, a, bc.cells),
                    "combine(combine(a, b), c) is not combine(a, combine(b, c))");
  if (bc.cells) bf_free_cells_(bc, spec->state_count);
  bf_cells ba = spec->commutative ? bf_combine_cells_(spec, b, a) : none;
  if (spec->commutative) bf_expect_same_(spec, ab, ba, "combine(a, b) is not combine(b, a)");
  else if (ab.cells) bf_free_cells_(ab, spec->state_count);
}

// Tests on the events of bf_test_event and bf_test_file that the table does not depend on where they are cut into
// batches and parts, that combine is associative (and commutative, if it claims that), and that the identity is one.
// Leaves no states.
static inline void bf_test_laws(void) {
  bf_spec spec = bf_spec_();
  uint32_t lines = bf_test_line_count_(), width = spec.key_count + spec.state_count;
  const uint32_t cuts[] = {1, 2, 3, 7, lines / 2 + 1};
  bf_clear_table_();
  bf_test_forget_();
  bf_rows whole = bf_fold_cut_(&spec, lines ? lines : 1, UINT32_MAX, NULL), parts = {NULL, 0, 0};
  for (uint32_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
    bf_rows cut = bf_fold_cut_(&spec, cuts[i], i % 2 ? 1 : 1000, &parts);
    bool same = cut.count == whole.count;
    for (uint32_t row = 0; row < cut.count && same; row++) {
      bf_cells *other = bf_find_cells_(&whole, cut.rows[row].cells, spec.key_count);
      same = other && bf_same_cells_(other->cells, cut.rows[row].cells, width);
    }
    if (!same) bf_test_fail("laws", 0, bf_message("the table changes if events are cut into batches of %u", (unsigned)cuts[i]));
    bf_free_rows_(&cut, width);
  }
  bf_cells identity = bf_cells_of_(&spec, spec.key_count, bf_identity_(&spec), 0);
  bf_end_call_();
  uint32_t count = parts.count + whole.count;
  int failures = bf_test.failures;
  for (uint32_t i = 0; i < count && i < 500 && bf_test.failures == failures; i++) {
    const bf_cell *state[3];
    for (uint32_t j = 0; j < 3; j++) {
      uint32_t at = (i + j * (i * 7 + 1)) % count;
      state[j] = (at < parts.count ? parts.rows[at] : whole.rows[at - parts.count]).cells + spec.key_count;
    }
    bf_test_algebra_(&spec, state[0], state[1], state[2]);
    bf_cells left = bf_combine_cells_(&spec, identity.cells, state[0]);
    bf_cells right = bf_combine_cells_(&spec, state[0], identity.cells);
    bool same = left.cells && bf_same_cells_(left.cells, state[0], spec.state_count);
    if (!same) bf_test_fail("laws", 0, "combine(identity, a) is not a");
    bf_expect_same_(&spec, left, right, "combine(a, identity) is not a");
  }
  bf_free_cells_(identity, spec.state_count);
  bf_free_rows_(&parts, width);
  bf_free_rows_(&whole, width);
  bf_test_forget_();
}

#endif
