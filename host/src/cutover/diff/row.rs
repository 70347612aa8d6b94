//! The columns and the rows at hand, in a comparison of two builds.

use arrow_array::RecordBatch;
use arrow_row::Row;

use crate::store::TableColumns;

/// A row of a batch, with its key.
pub(super) struct RowAt<'a> {
    pub(super) batch: &'a RecordBatch,
    /// Its place in `batch`.
    pub(super) row: usize,
    /// The encoded key, which sorts as the table does.
    pub(super) key: Row<'a>,
}

/// The columns of two builds of a table.
pub(super) struct Sides<'a> {
    /// The public name.
    pub(super) table: &'a str,
    pub(super) old: &'a TableColumns,
    pub(super) new: &'a TableColumns,
}
