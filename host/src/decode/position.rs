//! The position of a record in its source.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The position of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The key of the object, or the topic.
    pub source: Arc<str>,
    /// The partition; `None` in an archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<i32>,
    /// The offset in the partition; in an object, the ordinal of the record, from 0. Blank lines count in the format
    /// `raw-lines` alone.
    pub offset: i64,
    /// Offset in bytes at which the record begins in the decompressed object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub byte: Option<u64>,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.partition {
            Some(partition) => write!(f, "{}/{partition}@{}", self.source, self.offset),
            None => write!(f, "{} record {}", self.source, self.offset),
        }
    }
}
