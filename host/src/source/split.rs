//! The unit of reading: a [`Split`] of the planned input, and the objects or offsets that it covers.

use serde::{Deserialize, Serialize};

use super::layout::KeyFields;
use super::offsets::len;

/// A part of the planned input that one worker reads at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// The position of the split in the plan, from 0.
    pub number: u64,
    /// The number of bytes to read, as stored; 0 where it is unknown.
    pub size_bytes: u64,
    /// The objects or the offsets to read.
    pub input: SplitInput,
}

impl Split {
    /// One split for each object, or the split itself if it covers offsets.
    pub(crate) fn into_single(self) -> Vec<Split> {
        let number = self.number;
        match self.input {
            SplitInput::Objects(objects) => objects
                .into_iter()
                .map(|object| Split {
                    number,
                    size_bytes: object.size_bytes,
                    input: SplitInput::Objects(vec![object]),
                })
                .collect(),
            SplitInput::Offsets { .. } => vec![self],
        }
    }

    /// The number of offsets that the split covers; 0 for a split of objects.
    pub(crate) fn offsets(&self) -> u64 {
        match self.input {
            SplitInput::Objects(_) => 0,
            SplitInput::Offsets { start, end, .. } => len(&(start..end)),
        }
    }
}

/// The input that a split covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SplitInput {
    /// Whole objects of an archive, in the order of their keys.
    Objects(Vec<Object>),
    /// The offsets `start..end` of one partition.
    Offsets {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// The first offset.
        start: i64,
        /// The offset after the last one.
        end: i64,
    },
}

/// An object of an archive, as it was when the build was planned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// The key; for a file, the path relative to the archive's folder, with `/` between names.
    pub key: String,
    /// The size as stored.
    pub size_bytes: u64,
    /// A tag that differs between two contents under the same key.
    pub etag: String,
    /// The version, where the store keeps versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The time of the last write, in microseconds since 1970-01-01T00:00:00Z.
    pub modified_us: i64,
    /// The topic, partition, offset and columns that the layout reads from the key. A driver leaves it `None`:
    /// [`Freezing`](super::archive::Freezing) sets it.
    #[serde(rename = "named", default, skip_serializing_if = "Option::is_none")]
    pub key_fields: Option<Box<KeyFields>>,
}
