//! Keys as bytes that sort as the keys do.

use arrow_array::{ArrayRef, RecordBatch};
use arrow_row::{RowConverter, RowParser, Rows, SortField};
use arrow_schema::{ArrowError, Schema};

/// Turns key columns into bytes and back.
///
/// The encoding is arrow-row's: comparing two encoded keys as bytes compares the keys column by column,
/// ascending, null first.
pub struct KeyCodec {
    converter: RowConverter,
    parser: RowParser,
    columns: usize,
}

impl KeyCodec {
    /// A codec for keys with the columns of `schema`.
    pub fn new(schema: &Schema) -> Result<Self, ArrowError> {
        let fields = schema
            .fields()
            .iter()
            .map(|field| SortField::new(field.data_type().clone()))
            .collect();
        let converter = RowConverter::new(fields)?;
        Ok(KeyCodec {
            parser: converter.parser(),
            converter,
            columns: schema.fields().len(),
        })
    }

    /// The keys of `batch`, whose first columns are the key columns.
    pub fn encode(&self, batch: &RecordBatch) -> Result<Rows, ArrowError> {
        self.converter
            .convert_columns(&batch.columns()[..self.columns])
    }

    /// The key columns of encoded keys.
    ///
    /// # Errors
    /// Where bytes that claim to be UTF-8 are not. Other bytes that [`encode`](Self::encode) did not make
    /// may panic: only keys whose file's digest was checked come here.
    pub fn decode<'a>(
        &self,
        keys: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Vec<ArrayRef>, ArrowError> {
        self.converter
            .convert_rows(keys.into_iter().map(|key| self.parser.parse(key)))
    }
}
