//! From the bytes of records to columns: decompression, framing, formats.
//!
//! A [`Decoding`] belongs to one worker. It takes the chunks of a source and gives back [`Events`]: Arrow
//! columns of exactly what the component asked for, the records that were refused, and where each record
//! came from. It knows nothing of drivers or components.
//!
//! | file | idea |
//! |---|---|
//! | `piece` | what a decoding takes |
//! | `decoding` | the worker's end: pieces in, events out |
//! | `inflate` | compressed objects in pieces, told by their first bytes, within limits |
//! | `ahead` | inflating on another thread than the worker's |
//! | `format` | which format an object is in |
//! | `reader` | what reads an object, whatever its format |
//! | `block` | pieces of text, used again once nobody refers to them |
//! | `text` | the content of an object as text, block by block |
//! | `objects` | JSON records, framed by their own syntax |
//! | `search` | where a text of JSON records goes on after a broken one |
//! | `csv` | records of fields, and what their header says |
//! | `raw` | records that are bytes and nothing else |
//! | `messages` | records that the source tells apart |
//! | `schemas` | the schemas of a registry, by which such records were written |
//! | `columnar` | objects that hold columns, and Parquet |
//! | `json` | from a record to the spans of the wanted values |
//! | `envelope` | records that an archiver wrapped |
//! | `plan` | the projection, made ready |
//! | `named` | what the key of an object says of its records |
//! | `logged` | which offsets of a topic were read
//! | `judge` | what becomes of a record: conditions, range, inputs |
//! | `rows` | from records to batches: columns, rejections, counts |
//! | `column` | from a value to Arrow, exactly or not at all |
//! | `provenance` | back from a row to its record |
//! | `fuzz` | what has to hold for any input, for tests |
//!
//! # What becomes of a record
//! Each is exactly one of these, in this order:
//! 1. rejected, if it is not valid as `json/mod.rs` or `csv/mod.rs` has it, or too long;
//! 2. passed over, if it does not meet every condition: a string or the JSON text of another scalar that is one
//!    of `any_of` (an object, an array or nothing meets none);
//! 3. rejected, if the range has a bound and the event time is missing, null or of the wrong form; passed over,
//!    if it lies outside;
//! 4. rejected, if another input does not fit: missing or null where it may not be, of another JSON type, an
//!    integer with fraction or exponent or beyond its range, a float beyond its range, a string with half a
//!    surrogate pair, a timestamp or binary not in its encoding;
//! 5. an event.
//!
//! A rejection under 1 takes in what stands before the next record, as `search` and `csv/mod.rs` find it, at most the
//! rest of the line, or of the object where it has no lines; one under 3 and 4 costs the record alone. Bytes of a
//! rejection in which other records may be lost are its *swallowed* bytes: they are counted, and the gate refuses them
//! whatever number of rejections it tolerates. A value
//! at a path that leads through something other than an object is missing. A path of one name that a record lacks
//! is taken from the key of its object, where the layout of the archive finds a column of that name. Of a message of a
//! log without a value (a tombstone) all that would be in the value is null.
//!
//! Avro messages of a log have the ID of their schema in front. Each is read by that schema, and what it lacks is null: a
//! default is the writer's, and stands in no message. A message that is not a record of it, whose ID is not known or whose
//! schema is of no use is rejected, as is one that the component wants and whose value is of a type that does not become
//! what is wanted.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arrow_array::RecordBatch;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::schema::{Condition, Input};
use crate::source::Attached;

mod ahead;
mod block;
mod column;
mod columnar;
mod csv;
mod decoding;
mod envelope;
mod error;
mod format;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod inflate;
mod json;
mod judge;
mod key_fields;
mod messages;
mod objects;
mod options;
mod piece;
mod plan;
mod provenance;
mod raw;
mod reader;
mod rows;
mod schemas;
mod search;
mod stretches;
#[cfg(any(test, fuzzing))]
mod tests;
mod text;

pub use crate::source::EventRange;
pub use ahead::{Inflated, Inflating};
pub use columnar::{ColumnType, Footer, FooterStep, ParquetFile, ParquetPlanner, RowGroup, Step};
pub use decoding::Decoding;
pub use envelope::Envelope;
pub use error::DecodeError;
pub(crate) use error::codes;
pub(crate) use format::{is_csv, is_parquet_by_name};
pub use inflate::Compression;
#[doc(hidden)]
pub use inflate::measure;
pub use options::{CsvOptions, DecodeOptions, Format, RegistryConfig};
pub use piece::Piece;
pub use provenance::Provenance;
pub use schemas::Schemas;
pub(crate) use schemas::split_prefix;
pub use stretches::OffsetStretch;

/// What is wanted of each record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Projection {
    /// The columns, in order.
    pub inputs: Vec<Input>,
    /// Records that do not meet every condition are passed over, whatever else they lack.
    pub only: Vec<Condition>,
    /// The input that tells when an event happened, by its place among `inputs`.
    pub event_time: Option<usize>,
    /// Records whose event time lies outside are passed over.
    pub range: EventRange,
    /// The range is cut on the timestamp that the source gives a record, since no input tells its event time.
    pub cut_by_record_time: bool,
    /// Where records carry their offset in a topic. What the job says of it, or its envelope, comes first.
    pub offset: Option<String>,
    /// Where the value is that other paths lead into, if something is wrapped around it: set by the job's envelope.
    pub value: Option<&'static str>,
}

/// A batch of events, with all that happened on the way to it.
#[derive(Clone, Debug)]
pub struct Events {
    /// The columns of [`Projection::inputs`]; may have no rows.
    pub batch: RecordBatch,
    /// Where each row came from.
    pub provenance: Provenance,
    /// Records refused since the batch before, in the order of the source.
    pub rejected: Vec<Rejected>,
    /// What was read since the batch before.
    pub counts: Counts,
    /// Which offsets were read since the batch before, of objects whose keys name them.
    pub logged: Vec<OffsetStretch>,
}

/// The version of the rules above. It rises when records are told apart, rejected or converted otherwise than before,
/// so that a build does not go on under other rules than it began with.
pub const RULES: u32 = 1;

/// What was read for a batch of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Records in all: events, repeated, passed over, rejected.
    pub records: u64,
    /// Rows in the batches.
    pub events: u64,
    /// Events and rejections that were taken out of the batches, since other objects hold them too.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub repeated: u64,
    /// Records that did not meet the conditions.
    pub not_wanted: u64,
    /// Records whose event time lies outside the range.
    pub out_of_range: u64,
    /// Records refused by the decoder.
    pub rejected: u64,
    /// Bytes of rejections in which other records than the rejected ones may be lost.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub swallowed_bytes: u64,
    /// Rejections that have such bytes.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub swallowed_places: u64,
    /// Bytes as the source delivered them.
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
        self.swallowed_bytes += other.swallowed_bytes;
        self.swallowed_places += other.swallowed_places;
        self.stored_bytes += other.stored_bytes;
        self.decoded_bytes += other.decoded_bytes;
    }
}

/// What parts of decoding took, by the wall clock. The rest is parsing and building columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Decompressing; of what is stored as it is or was inflated ahead, copying.
    pub inflate: Duration,
    /// Validating UTF-8 and finding the special bytes.
    pub index: Duration,
}

/// Where a record stands in its source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The object's key, or the topic.
    pub source: Arc<str>,
    /// The partition, for a log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<i32>,
    /// The offset; within an object the record's ordinal, from 0. Blank lines count where lines are raw, and only there.
    pub offset: i64,
    /// Where the record begins within the decompressed object.
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

/// A record that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Where it stands.
    pub position: Position,
    /// The path of the value at fault, where it is one value's.
    pub path: Option<String>,
    /// Why.
    pub reason: String,
    /// The record, or its beginning where it is longer than [`QUARANTINE_BYTES`]; `None` of a tombstone, and where its
    /// bytes are not known any more.
    pub bytes: Option<Bytes>,
    /// How long the record is, as far as it was read.
    pub length_bytes: u64,
    /// How many of the last of these bytes may hold other records, which are lost.
    pub swallowed_bytes: u64,
    /// The line that names the columns of the record's object, where the record is CSV with a header; `None` also where
    /// that line is longer than [`QUARANTINE_BYTES`].
    pub header: Option<Bytes>,
    /// What a log keeps of it beside its value; `None` of a record of an archive, and where that is not known any more.
    pub attached: Option<Box<Attached>>,
}

impl Rejected {
    /// A record of which as much is kept as [`QUARANTINE_BYTES`] says.
    pub(crate) fn new(
        position: Position,
        path: Option<String>,
        reason: String,
        record: Option<&[u8]>,
    ) -> Self {
        let kept =
            |record: &[u8]| Bytes::copy_from_slice(&record[..record.len().min(QUARANTINE_BYTES)]);
        Rejected {
            position,
            path,
            reason,
            bytes: record.map(kept),
            length_bytes: record.map_or(0, |record| record.len() as u64),
            swallowed_bytes: 0,
            header: None,
            attached: None,
        }
    }

    /// What it takes in memory, about.
    pub(crate) fn size_bytes(&self) -> usize {
        let bytes = self.bytes.as_ref().map_or(0, Bytes::len);
        let attached = self.attached.as_ref();
        bytes + attached.map_or(0, |attached| attached.size_bytes())
    }

    /// The same with the header of the record's object.
    pub(crate) fn below(self, header: Option<Bytes>) -> Self {
        Rejected { header, ..self }
    }

    /// The same with what a log keeps of it, of which key and headers are kept up to [`QUARANTINE_BYTES`].
    pub(crate) fn with(self, attached: Option<Attached>) -> Self {
        let attached = attached.map(|attached| attached.within(QUARANTINE_BYTES));
        Rejected {
            attached: attached.map(Box::new),
            ..self
        }
    }
}

/// How much of a rejected record is kept.
pub const QUARANTINE_BYTES: usize = 64 << 10;
