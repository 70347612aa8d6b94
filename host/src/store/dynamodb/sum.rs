//! The sum of the hashes of rows: equal for equal rows in any order.

use arrow_array::RecordBatch;
use arrow_row::Rows;
use arrow_schema::ArrowError;

use crate::keys::KeyCodec;
use crate::store::TableColumns;

/// The number of rows, and the sum of 128 bits of each row's BLAKE3 hash, modulo 2^128. It tells rows that were written from
/// those that are read back without holding any of them.
pub(super) struct RowsSum {
    codec: KeyCodec,
    encoded: Rows,
    rows: u64,
    sum: u128,
}

impl RowsSum {
    /// The sum of no rows.
    pub(super) fn new(columns: &TableColumns) -> Result<Self, ArrowError> {
        let codec = KeyCodec::of(&columns.schema())?;
        Ok(RowsSum {
            encoded: codec.no_keys(),
            codec,
            rows: 0,
            sum: 0,
        })
    }

    /// Adds the rows of a batch.
    pub(super) fn add(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        self.codec.encode_into(batch, &mut self.encoded)?;
        for row in &self.encoded {
            let mut half = [0; 16];
            half.copy_from_slice(&blake3::hash(row.data()).as_bytes()[..16]);
            self.sum = self.sum.wrapping_add(u128::from_le_bytes(half));
        }
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    /// The number of rows.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// The sum, in hexadecimal.
    pub(super) fn hex(&self) -> String {
        format!("{:032x}", self.sum)
    }
}
