//! The settings of the section `decode` of a job.

use serde::{Deserialize, Serialize};

use super::{Compression, DecodeError};
use crate::units::ByteSize;

/// How records are told apart and read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// For each object what its name says in front of a compression's ending (`.json`, `.jsonl`, `.ndjson`, `.csv`,
    /// `.avro`, `.parquet`); where that says nothing, what its first bytes are.
    #[default]
    Auto,
    /// JSON objects, on lines of their own or one right after another.
    Json,
    /// Parquet: only the wanted columns are read, by ranges.
    Parquet,
    /// Avro object container files.
    Avro,
}

/// The limits and sizes of decoding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DecodeOptions {
    /// The format of the records.
    pub format: Format,
    /// How objects are compressed.
    #[serde(skip_serializing_if = "is_default")]
    pub compression: Compression,
    /// The most rows of a batch: 1 to 1,048,576.
    pub batch_rows: u32,
    /// The longest record; a longer one is rejected without being held in memory. 1 byte to 1 GiB.
    pub max_record: ByteSize,
    /// The most bytes that one object may inflate to.
    pub max_object: ByteSize,
    /// The most bytes that may come out of a compressed byte, once 64 MiB have come out of an object.
    pub max_ratio: u32,
    /// The most bytes that the wanted columns of a Parquet row group may have, or an Avro block or header, as stored and
    /// uncompressed.
    #[serde(skip_serializing_if = "is_default_row_group")]
    pub max_row_group: ByteSize,
}

/// What most archives never reach.
const MAX_ROW_GROUP: ByteSize = ByteSize::mib(512);

/// So that builds whose job says nothing of it stay the same.
fn is_default_row_group(size: &ByteSize) -> bool {
    *size == MAX_ROW_GROUP
}

/// What a job does not set leaves no trace in its digest.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Default for DecodeOptions {
    fn default() -> Self {
        DecodeOptions {
            format: Format::Auto,
            compression: Compression::Auto,
            batch_rows: 8192,
            max_record: ByteSize::mib(16),
            max_object: ByteSize::gib(64),
            max_ratio: 200,
            max_row_group: MAX_ROW_GROUP,
        }
    }
}

impl DecodeOptions {
    pub(super) fn check(&self) -> Result<(), DecodeError> {
        let setting = |setting, detail| Err(DecodeError::Setting { setting, detail });
        if !(1..=1 << 20).contains(&self.batch_rows) {
            return setting("batch_rows", "it is 1 to 1048576");
        }
        if !(1..=1 << 30).contains(&self.max_record.0) {
            return setting("max_record", "it is 1 B to 1 GiB");
        }
        if self.max_ratio == 0 {
            return setting("max_ratio", "it is at least 1");
        }
        Ok(())
    }
}
