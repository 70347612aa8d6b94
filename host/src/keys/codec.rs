//! Rows as bytes in the same order as the rows.

use arrow_array::{ArrayRef, RecordBatch};
use arrow_row::{RowConverter, RowParser, Rows, SortField};
use arrow_schema::{ArrowError, DataType, Schema};

/// Encodes the first columns of a batch, such as those of a key, and decodes them.
///
/// The encoding is arrow-row's: comparing two encoded keys as bytes compares the keys column by column,
/// ascending, null first. No key is a prefix of a different key.
pub struct KeyCodec {
    converter: RowConverter,
    parser: RowParser,
    columns: usize,
}

impl KeyCodec {
    /// A codec for keys whose columns have these types.
    ///
    /// # Errors
    /// If arrow-row has no encoding for a type. It has one for each kind of the contract.
    pub fn new(types: impl IntoIterator<Item = DataType>) -> Result<Self, ArrowError> {
        let fields: Vec<_> = types.into_iter().map(SortField::new).collect();
        let columns = fields.len();
        let converter = RowConverter::new(fields)?;
        Ok(KeyCodec {
            parser: converter.parser(),
            converter,
            columns,
        })
    }

    /// A codec for the columns of `schema`.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn of(schema: &Schema) -> Result<Self, ArrowError> {
        let fields = schema.fields().iter();
        KeyCodec::new(fields.map(|field| field.data_type().clone()))
    }

    /// The keys of `batch`, whose first columns are the key columns.
    ///
    /// # Errors
    /// If the columns are of other types.
    pub fn encode(&self, batch: &RecordBatch) -> Result<Rows, ArrowError> {
        self.converter
            .convert_columns(&batch.columns()[..self.columns])
    }

    /// As [`encode`](Self::encode), into the memory of other keys, which are replaced.
    ///
    /// # Errors
    /// If the columns are of other types.
    pub fn encode_into(&self, batch: &RecordBatch, keys: &mut Rows) -> Result<(), ArrowError> {
        keys.clear();
        self.converter
            .append(keys, &batch.columns()[..self.columns])
    }

    /// An empty set of keys.
    pub fn no_keys(&self) -> Rows {
        self.converter.empty_rows(0, 0)
    }

    /// The key columns of encoded keys.
    ///
    /// # Errors
    /// If text is not UTF-8. Other bytes that [`encode`](Self::encode) did not make may panic, so callers check the digest of
    /// a file before they decode its keys.
    pub fn decode<'a>(
        &self,
        keys: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Vec<ArrayRef>, ArrowError> {
        self.converter
            .convert_rows(keys.into_iter().map(|key| self.parser.parse(key)))
    }
}
