//! A row at hand, in a comparison of two builds.

use arrow_array::RecordBatch;
use arrow_row::Row;

/// A row of a batch, with its key.
pub(super) struct RowAt<'a> {
    pub(super) batch: &'a RecordBatch,
    /// Its place in `batch`.
    pub(super) row: usize,
    /// The encoded key, which sorts as the table does.
    pub(super) key: Row<'a>,
}
