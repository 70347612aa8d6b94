//! Rows as bytes that sort as the rows do.

use arrow_array::{ArrayRef, RecordBatch};
use arrow_row::{RowConverter, RowParser, Rows, SortField};
use arrow_schema::{ArrowError, DataType, Schema};

/// Turns the first columns of a batch, mostly those of a key, into bytes and back.
///
/// The encoding is arrow-row's: comparing two encoded keys as bytes compares the keys column by column,
/// ascending, null first. Of keys that differ none is the beginning of another.
pub struct KeyCodec {
    converter: RowConverter,
    parser: RowParser,
    columns: usize,
}

impl KeyCodec {
    /// A codec for keys whose columns have these types.
    ///
    /// # Errors
    /// Where arrow-row has no encoding for a type; it has one for every kind of the contract.
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
    /// Where the columns are of other types.
    pub fn encode(&self, batch: &RecordBatch) -> Result<Rows, ArrowError> {
        self.converter
            .convert_columns(&batch.columns()[..self.columns])
    }

    /// As [`encode`](Self::encode), in the place and the memory of other keys.
    ///
    /// # Errors
    /// As there.
    pub fn encode_into(&self, batch: &RecordBatch, keys: &mut Rows) -> Result<(), ArrowError> {
        keys.clear();
        self.converter
            .append(keys, &batch.columns()[..self.columns])
    }

    /// No keys.
    pub fn no_keys(&self) -> Rows {
        self.converter.empty_rows(0, 0)
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
