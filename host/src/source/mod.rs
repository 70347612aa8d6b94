//! Where history comes from: the contract of a driver, and the drivers.
//!
//! A driver freezes its input into [`Split`]s once, when a build is planned, and later delivers the bytes of
//! one split at a time. It knows nothing of formats, components or tables.
//!
//! | module | |
//! |---|---|
//! | [`range`] | `from` and `to` of a job |
//! | [`layout`] | what the keys of an archive say of the events within |
//! | [`archive`] | what all archives share: the order of keys, the cut into splits |
//! | `coverage` | what keys with Kafka offsets tell of an archive's completeness |
//! | [`offsets`] | offsets of partitions, as sets |
//! | [`files`] | a folder, a file or a pattern of files |
//! | [`s3`] | a bucket of Amazon S3 or of a compatible store |
//! | `config` | the settings of any source, and the driver that they make |
//! | `messages` | records that a log tells apart, packed |
//! | [`kafka`] | ranges of offsets of Kafka's topics |
//! | [`memory`] | objects and messages held in memory, for tests |
//! | [`conformance`] | holds every driver to the contract |

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;

pub mod archive;
#[cfg(not(fuzzing))]
mod config;
pub mod conformance;
mod coverage;
mod error;
mod feed;
pub mod files;
// The fuzz targets are built without clients of services.
#[cfg(not(fuzzing))]
pub mod kafka;
pub mod layout;
pub mod memory;
mod messages;
pub mod offsets;
pub mod range;
#[cfg(not(fuzzing))]
mod rate;
#[cfg(not(fuzzing))]
pub mod s3;

#[cfg(not(fuzzing))]
pub use config::SourceConfig;
#[cfg(not(fuzzing))]
pub(crate) use config::resolved;
pub use error::SourceError;
pub(crate) use error::codes;
#[cfg(not(fuzzing))]
pub(crate) use kafka::codes as kafka_codes;
pub use layout::KeyFields;
pub use messages::{Attached, Headers, Message, MessageRef, Messages};
pub(crate) use messages::{PADDING, Packer};
pub use offsets::TopicPartition;
pub use range::EventRange;

/// Delivers historical records, and only those that the plan froze.
///
/// # Contract
/// - A driver is shared by all workers: [`replay`](ReplayDriver::replay) runs for several splits at a time.
/// - What a split delivers depends on the split alone: delivered twice, it is the same, chunk boundaries aside.
/// - A driver that cannot deliver exactly what was planned fails; it never delivers something else, and
///   never less.
#[async_trait]
pub trait ReplayDriver: Send + Sync {
    /// A short name for logs and metrics, such as `files`.
    fn name(&self) -> &str;

    /// Freezes the input and cuts it into splits, sent in the order of the source with numbers 0, 1, 2, …
    ///
    /// Called once for a build; the splits are written down as they come, so an input of any size is planned
    /// in bounded memory. Opens no record. Where the receiver is gone, it stops and returns
    /// [`SourceError::Cancelled`].
    async fn plan(&self, splits: Sender<Split>) -> Result<Frozen, SourceError>;

    /// Fails where the source is no longer the one that `frozen` was planned from.
    ///
    /// Called before the first split of a run is read, and after the last: what happens in between is found by the
    /// second call, before anything is made of what was read. Sources that tell with each object do nothing here.
    async fn verify(&self, _frozen: &Frozen) -> Result<(), SourceError> {
        Ok(())
    }

    /// Delivers the records of `split`, in the order of the source, into `out`.
    ///
    /// `Ok` means that all of it was delivered and that it was what the plan froze. On an error, and on
    /// cancellation ([`SourceError::Cancelled`], soon after `cancel` fires or `out` closes), what was
    /// delivered is of no use to the receiver, who drops it with all that was made of it.
    async fn replay(
        &self,
        split: &Split,
        out: Sender<Chunk>,
        cancel: CancellationToken,
    ) -> Result<(), SourceError>;

    /// What reads parts of objects, where the source has objects and can: formats that are read by their ends need it.
    fn ranges(&self) -> Option<&dyn RangeReader> {
        None
    }

    /// Lets go of connections and files. Not called on a crash: nothing may depend on it.
    async fn close(self: Box<Self>) -> Result<(), SourceError>;
}

/// Reads parts of objects.
///
/// # Contract
/// - It gives exactly the bytes of the range, of the object as the plan froze it, or an error: never fewer, and never
///   those of another content under the same key, whichever part of it was asked for.
/// - A range that reaches beyond the planned size is an error. An empty one within it gives nothing.
/// - It is called for several ranges and several objects at a time. Where the caller drops the future, reading stops.
#[async_trait]
pub trait RangeReader: Send + Sync {
    /// Reads the bytes `range` of `object`.
    async fn read(&self, object: &Object, range: Range<u64>) -> Result<Bytes, SourceError>;
}

/// A piece of the frozen input that one worker reads at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// Its place in the plan, from 0.
    pub number: u64,
    /// The bytes to be read, as stored; 0 where unknown.
    pub size_bytes: u64,
    /// What it covers.
    pub input: SplitInput,
}

impl Split {
    /// The split taken apart: a split for each of its objects, or the range of offsets as it is.
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

    /// How many offsets it covers; 0 of objects.
    pub(crate) fn offsets(&self) -> u64 {
        match self.input {
            SplitInput::Objects(_) => 0,
            SplitInput::Offsets { start, end, .. } => length(start, end),
        }
    }
}

/// What a split covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SplitInput {
    /// Whole objects of an archive, in order.
    Objects(Vec<Object>),
    /// The offsets `start..end` of one partition.
    Offsets {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// The first offset.
        start: i64,
        /// The offset behind the last.
        end: i64,
    },
}

/// An object of an archive as the plan found it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// Its key; for a file, the path below the archive's folder, with `/` between names.
    pub key: String,
    /// Its size as stored.
    pub size_bytes: u64,
    /// What tells this content from another under the same key.
    pub etag: String,
    /// The version, where the store keeps versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// When it was written, in microseconds since 1970-01-01T00:00:00Z.
    pub modified_us: i64,
    /// What its key says of its records; set by [`archive::Freezing`], whatever a driver gives.
    #[serde(rename = "named", default, skip_serializing_if = "Option::is_none")]
    pub key_fields: Option<Box<KeyFields>>,
}

/// What of a record is wanted beside its value, timestamp and offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Its key.
    pub keys: bool,
    /// Its headers.
    pub headers: bool,
}

impl Parts {
    /// All there is.
    pub const ALL: Parts = Parts {
        keys: true,
        headers: true,
    };
}

/// What a driver says of the whole input once it is frozen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frozen {
    /// How many splits were sent.
    pub splits: u64,
    /// How many objects they hold; 0 for a topic.
    pub objects: u64,
    /// How many bytes they hold, as stored; 0 where unknown.
    pub size_bytes: u64,
    /// The partitions of a topic, as far as they were frozen; none for an archive.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub partitions: Vec<FrozenPartition>,
    /// Where a live consumer goes on once this input has been folded.
    pub handoff: Handoff,
    /// What a person should know about the input, a sentence each.
    pub notes: Vec<String>,
}

/// The stretch of a partition that a plan froze, and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrozenPartition {
    /// The topic.
    pub topic: String,
    /// What tells this topic from another that is made anew under its name, where the broker knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic_id: Option<String>,
    /// The partition.
    pub partition: i32,
    /// The first offset.
    pub start: i64,
    /// The offset behind the last. Between them lie at most as many records; fewer where the log was compacted or
    /// holds transactions.
    pub end: i64,
    /// What the first records take on average, if there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record_bytes: Option<u64>,
    /// The timestamp of the first record in microseconds since 1970-01-01T00:00:00Z, if it was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_us: Option<i64>,
    /// That of the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_us: Option<i64>,
}

impl FrozenPartition {
    /// How many offsets it has, and records at most.
    pub fn offsets(&self) -> u64 {
        length(self.start, self.end)
    }
}

/// How many offsets are in `start..end`.
fn length(start: i64, end: i64) -> u64 {
    end.checked_sub(start)
        .and_then(|offsets| u64::try_from(offsets).ok())
        .unwrap_or(0)
}

/// The source positions up to which a table is complete, for a live consumer to go on from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handoff {
    /// One a partition, or one an archive.
    pub positions: Vec<HandoffPosition>,
}

/// A position within a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandoffPosition {
    /// All objects up to this key, and all events before `until_us` where the job had an end.
    Archive {
        /// The driver's name.
        source: String,
        /// The last key of the plan, in the order of keys.
        last_key: String,
        /// The end of the job's range in microseconds since 1970-01-01T00:00:00Z.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until_us: Option<i64>,
    },
    /// All records before this offset.
    Offset {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// The next offset to read.
        next: i64,
        /// Where the job's range had an end: events from `next` on that are earlier than this, in microseconds since
        /// 1970-01-01T00:00:00Z, are in the table already.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until_us: Option<i64>,
    },
}

/// What a driver delivers.
#[derive(Clone, Debug)]
pub enum Chunk {
    /// An object begins: the [`Chunk::Bytes`] that follow are its content as stored, from the first byte.
    Object(Arc<Object>),
    /// A piece of the current object, of any size but empty.
    Bytes(Bytes),
    /// The current object has been delivered whole, and was the one that the plan froze.
    End,
    /// Records that the source itself tells apart.
    Messages(Messages),
    /// A record that was taken out of an object of an archive before, between the chunks of objects.
    Record(Box<ArchivedRecord>),
}

/// A record that was taken out of its object.
#[derive(Clone, Debug)]
pub struct ArchivedRecord {
    /// The object's key.
    pub source: Arc<str>,
    /// What the key says of the object's records.
    pub key_fields: Option<KeyFields>,
    /// Its ordinal within the object.
    pub offset: i64,
    /// Where it begins within the decompressed object, in bytes.
    pub byte: Option<u64>,
    /// The line that names its columns, where it is CSV with a header.
    pub header: Option<Bytes>,
    /// The record, decompressed; of an object that holds columns, a line of JSON.
    pub bytes: Bytes,
}
