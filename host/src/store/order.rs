//! Whether rows come sorted by key with no key twice.

use arrow_array::RecordBatch;
use arrow_row::{RowConverter, Rows, SortField};
use arrow_schema::{ArrowError, DataType};

/// Checks rows as they stream by.
pub(crate) struct KeyOrder {
    converter: RowConverter,
    keys: usize,
    encoded: Rows,
    last: Option<Vec<u8>>,
}

impl KeyOrder {
    /// A check of rows whose first columns are keys of these types.
    pub(crate) fn new(keys: impl IntoIterator<Item = DataType>) -> Result<Self, ArrowError> {
        let fields: Vec<_> = keys.into_iter().map(SortField::new).collect();
        let keys = fields.len();
        let converter = RowConverter::new(fields)?;
        let encoded = converter.empty_rows(0, 0);
        Ok(KeyOrder {
            converter,
            keys,
            encoded,
            last: None,
        })
    }

    /// Takes in the rows of `batch`. Gives back the first row whose key is not greater than the one before.
    pub(crate) fn check(&mut self, batch: &RecordBatch) -> Result<Option<usize>, ArrowError> {
        if batch.num_rows() == 0 {
            return Ok(None);
        }
        self.encoded.clear();
        self.converter
            .append(&mut self.encoded, &batch.columns()[..self.keys])?;
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
