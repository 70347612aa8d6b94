//! A batch of events, and the counts that come with it.

use std::time::Duration;

use arrow_array::RecordBatch;
use serde::{Deserialize, Serialize};

use super::offsets::ReadOffsets;
use super::presence::Presence;
use super::provenance::Provenance;
use super::rejected::Rejected;

/// A batch of events, with the rejections, counts and offsets since the batch before.
#[derive(Clone, Debug)]
pub struct Events {
    /// A column per input of [`Projection::inputs`](super::Projection::inputs), in their order; may have no rows.
    pub batch: RecordBatch,
    /// Position and bytes of the record of each row.
    pub provenance: Provenance,
    /// Records rejected since the batch before, in the order of the source.
    pub rejected: Vec<Rejected>,
    /// Records and bytes read since the batch before.
    pub counts: Counts,
    /// In how many of these events each input was there.
    pub presence: Presence,
    /// Offsets read since the batch before, of objects whose keys name a partition and an offset.
    pub offsets: Vec<ReadOffsets>,
}

/// Records and bytes read for a batch of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// All records: the sum of events, repeated, not wanted, out of range and rejected.
    pub records: u64,
    /// Rows in the batches.
    pub events: u64,
    /// Events and rejections taken out of the batches because another object holds the same offsets.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub repeated: u64,
    /// Records that do not meet the conditions.
    pub not_wanted: u64,
    /// Records whose event time is outside the range.
    pub out_of_range: u64,
    /// Records rejected by the decoder.
    pub rejected: u64,
    /// Lines that repeat the header of their CSV object, as in concatenated files. They are not records.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub repeated_headers: u64,
    /// Bytes of rejections that may contain other records, which are lost.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub swallowed_bytes: u64,
    /// Rejections with such bytes.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub swallowed_places: u64,
    /// Bytes as stored in the source.
    pub stored_bytes: u64,
    /// Bytes after decompression.
    pub decoded_bytes: u64,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.records += other.records;
        self.events += other.events;
        self.repeated += other.repeated;
        self.not_wanted += other.not_wanted;
        self.out_of_range += other.out_of_range;
        self.rejected += other.rejected;
        self.repeated_headers += other.repeated_headers;
        self.swallowed_bytes += other.swallowed_bytes;
        self.swallowed_places += other.swallowed_places;
        self.stored_bytes += other.stored_bytes;
        self.decoded_bytes += other.decoded_bytes;
    }
}

/// Wall-clock time of the parts of decoding. The rest is parsing and building columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Decompressing; copying, for content that is not compressed or was inflated ahead.
    pub inflate: Duration,
    /// Validating UTF-8 and indexing the special bytes of JSON.
    pub index: Duration,
}
