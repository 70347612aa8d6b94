//! The digest of a table's rows: equal for equal rows in equal order, however they were cut into batches.

use arrow_array::RecordBatch;
use arrow_row::Rows;
use arrow_schema::{ArrowError, Schema};

use crate::keys::KeyCodec;

/// Digests rows as they stream by.
///
/// The digest is BLAKE3 over the rows in arrow-row's encoding, each after its length, so it depends on the
/// values and not on their layout.
pub struct RowsDigest {
    codec: KeyCodec,
    encoded: Rows,
    hasher: blake3::Hasher,
    rows: u64,
    /// The rows of a batch as they are digested: BLAKE3 is fast on long inputs.
    buffer: Vec<u8>,
}

impl RowsDigest {
    /// A digest of rows with these columns.
    ///
    /// # Errors
    /// Where arrow-row has no encoding for a type; it has one for every kind of the contract.
    pub fn new(schema: &Schema) -> Result<Self, ArrowError> {
        let codec = KeyCodec::of(schema)?;
        Ok(RowsDigest {
            encoded: codec.no_keys(),
            codec,
            hasher: blake3::Hasher::new(),
            rows: 0,
            buffer: Vec::new(),
        })
    }

    /// Takes in the rows of `batch`.
    pub fn update(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        self.codec.encode_into(batch, &mut self.encoded)?;
        self.buffer.clear();
        for row in &self.encoded {
            let bytes = row.data();
            self.buffer
                .extend_from_slice(&(bytes.len() as u64).to_le_bytes());
            self.buffer.extend_from_slice(bytes);
        }
        self.hasher.update(&self.buffer);
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    /// The number of rows digested so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The digest of the rows so far, in hexadecimal.
    pub fn hex(&self) -> String {
        self.hasher.finalize().to_hex().to_string()
    }
}
