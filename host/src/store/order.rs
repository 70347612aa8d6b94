//! The check that rows are sorted by key, with no key twice.

use arrow_array::RecordBatch;
use arrow_row::Rows;
use arrow_schema::{ArrowError, DataType};

use crate::keys::KeyCodec;

/// Checks rows as they stream by.
pub(crate) struct KeyOrder {
    codec: KeyCodec,
    encoded: Rows,
    last: Option<Vec<u8>>,
}

impl KeyOrder {
    /// A check of rows whose first columns are keys of these types.
    pub(crate) fn new(keys: impl IntoIterator<Item = DataType>) -> Result<Self, ArrowError> {
        let codec = KeyCodec::new(keys)?;
        Ok(KeyOrder {
            encoded: codec.no_keys(),
            codec,
            last: None,
        })
    }

    /// Takes in the rows of `batch`. Gives back the first row whose key is not greater than the one before.
    pub(crate) fn check(&mut self, batch: &RecordBatch) -> Result<Option<usize>, ArrowError> {
        if batch.num_rows() == 0 {
            return Ok(None);
        }
        self.codec.encode_into(batch, &mut self.encoded)?;
        let first = self.encoded.row(0);
        if self
            .last
            .as_deref()
            .is_some_and(|last| first.data() <= last)
        {
            return Ok(Some(0));
        }
        let fault =
            (1..batch.num_rows()).find(|&row| self.encoded.row(row) <= self.encoded.row(row - 1));
        self.last = Some(self.encoded.row(batch.num_rows() - 1).data().to_vec());
        Ok(fault)
    }
}
