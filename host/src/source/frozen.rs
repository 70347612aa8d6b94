//! The summary of a planned input: how large it is, which offsets it covers, and where a live consumer continues.

use serde::{Deserialize, Serialize};

use super::offsets::len;

/// The summary that a driver returns once it has planned the whole input.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frozen {
    /// The number of splits that were sent.
    pub splits: u64,
    /// The number of objects in the splits; 0 for a topic.
    pub objects: u64,
    /// The number of bytes in the splits, as stored; 0 where it is unknown.
    pub size_bytes: u64,
    /// The planned range of each partition of a topic; empty for an archive.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub partitions: Vec<FrozenPartition>,
    /// The positions from which a live consumer continues once this input has been folded.
    pub handoff: Handoff,
    /// Notes about the input for the user, one sentence each.
    pub notes: Vec<String>,
}

/// The planned offsets of one partition, with what its first and last records showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrozenPartition {
    /// The topic.
    pub topic: String,
    /// The ID of the topic, which differs if the topic is deleted and created again. `None` where the brokers have no
    /// topic IDs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic_id: Option<String>,
    /// The partition.
    pub partition: i32,
    /// The first offset.
    pub start: i64,
    /// The offset after the last one. A log that was compacted or holds transactions has fewer records than offsets.
    pub end: i64,
    /// The average size of the first records in bytes, if there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record_bytes: Option<u64>,
    /// The timestamp of the first record in microseconds since 1970-01-01T00:00:00Z, if it was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_us: Option<i64>,
    /// The timestamp of the last record, in the same unit, if it was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_us: Option<i64>,
}

impl FrozenPartition {
    /// The number of offsets, which is the largest possible number of records.
    pub fn offsets(&self) -> u64 {
        len(&(self.start..self.end))
    }
}

/// The source positions up to which a table is complete. A live consumer continues from them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handoff {
    /// One position for each partition, or one for an archive.
    pub positions: Vec<HandoffPosition>,
}

/// A position in a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandoffPosition {
    /// All objects up to this key have been read, and of their events those before `until_us`, if it is set.
    Archive {
        /// The driver's name.
        source: String,
        /// The last key of the plan, in byte order.
        last_key: String,
        /// The end of the job's range in microseconds since 1970-01-01T00:00:00Z, if the range has an end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until_us: Option<i64>,
    },
    /// All records before this offset have been read.
    Offset {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// The next offset to read.
        next: i64,
        /// The end of the job's range in microseconds since 1970-01-01T00:00:00Z, if the range has an end. Events from
        /// `next` on that are earlier than this are already in the table.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until_us: Option<i64>,
    },
}
