//! The summary of a planned input: how large it is, and which offsets it covers.

use serde::{Deserialize, Serialize};

use super::Handoff;
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
    /// The positions from which a live consumer continues once this input has been folded, as far as they are known before
    /// that ([`Handoff::after`]).
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
