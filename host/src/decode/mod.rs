//! From the bytes of records to columns: decompression, framing, formats.
//!
//! A [`Decoding`] belongs to one worker. It takes the chunks of a source and gives [`Events`]: Arrow columns of exactly
//! the inputs of the component, the records that were rejected, and the position of each record. It knows neither
//! drivers nor components.
//!
//! | file | content |
//! |---|---|
//! | `piece` | [`Piece`] of a split: a chunk, an inflated chunk, or a row group |
//! | `decoding` | [`Decoding`]: the worker pushes chunks and takes batches of events |
//! | `ahead` | [`Inflating`]: decompression on another thread than the worker's |
//! | `options` | the section `decode` of a job |
//! | `projection` | [`Projection`]: the inputs, conditions and range of a job |
//! | `envelope` | records that an archiver wrapped |
//! | `plan` | the projection checked, with its paths resolved to slots |
//! | `key_fields` | values that the key of an object has for all of its records |
//! | `inflate` | the content of compressed objects, piece by piece and within limits |
//! | `block` | reusable blocks of decompressed text |
//! | `format` | the format of an object, and the reader for it |
//! | `look` | what stands where a record should be |
//! | `reader` | the contract of a reader |
//! | `text` | the reader of formats whose records are consecutive text |
//! | `objects` | JSON records, framed by their own syntax |
//! | `separators` | the bytes between JSON records, such as the commas of an array |
//! | `documents` | JSON documents, whose records are in an array at a path |
//! | `search` | the end of a broken JSON record |
//! | `csv` | CSV records and their header |
//! | `raw` | records that are bytes without structure |
//! | `messages` | messages of a log, in JSON or raw |
//! | `columnar` | Parquet and Avro |
//! | `schemas` | Avro schemas of a registry |
//! | `json` | the parser: from a record to the spans of the wanted values |
//! | `record` | a record, and its wanted values in any format |
//! | `row_builder` | conditions, range and inputs applied to one record |
//! | `column` | conversion of a value into an Arrow column, exact or refused |
//! | `conversion` | settings of the conversion |
//! | `rows` | the batch under construction |
//! | `offsets` | which offsets of a topic were read from an archive |
//! | `events` | [`Events`]: a batch and its counts |
//! | `presence` | [`Presence`]: in how many events each input was there |
//! | `provenance` | position and bytes of the record of each row |
//! | `position` | [`Position`] of a record |
//! | `rejected` | [`Rejected`] records |
//! | `error` | [`DecodeError`] and its codes |
//! | `fuzz` | properties that hold for any input, for tests |
//!
//! # The outcome of a record
//! Each record has exactly one outcome, by the first of these rules that applies:
//! 1. It is rejected if it is not valid by the rules in `json/mod.rs` or `csv/mod.rs`, or too long.
//! 2. It is passed over if it does not meet every condition. A value meets a condition if it is a string, or the JSON
//!    text of another scalar, that is one of `any_of`; an object, an array and a missing value meet none.
//! 3. If the range has a bound, the record is rejected if its event time is missing, null or malformed, and passed over
//!    if its event time is outside the range.
//! 4. It is rejected if another input does not fit: missing or null where the input is not nullable, of another JSON
//!    type, an integer with a fraction or an exponent or beyond its range, a float beyond its range, a string with half
//!    a surrogate pair, a timestamp or binary not in its encoding. `decode.numbers`, `decode.values` and
//!    `decode.time_zone` let more forms pass, none of which can mean two values. A time finer than a microsecond is cut
//!    towards the past, in every format and encoding; no other value is rounded except a float64 to the nearest.
//! 5. It becomes an event.
//!
//! A rejection by rule 1 includes the text up to the next record, as `search` and `csv/mod.rs` find it: at most the
//! rest of the line, or of the object where the records have no lines, as `objects` and `documents` say. A rejection by rule 3 or 4 costs that record
//! alone. Bytes of a rejection that may contain other records are its *swallowed* bytes: they are counted, and the gate
//! refuses them whatever number of rejections it tolerates.
//!
//! A value is missing if its path leads through a value that is not an object. A path of one name that a record lacks
//! is taken from the key of its object, where the layout of the archive has a column of that name. All values of a
//! tombstone, a message without a value, are null.
//!
//! An Avro message begins with the ID of its schema and is read by that schema. A field that the schema lacks is null:
//! the default of a reader's schema is not part of a message. A message is rejected if it is not a record of its
//! schema, if the ID is unknown, or if the schema is unusable; so is a wanted message with a value whose type does not
//! convert to the input.

mod ahead;
mod block;
mod column;
mod columnar;
mod conversion;
mod csv;
mod decoding;
mod documents;
mod envelope;
mod error;
mod events;
mod format;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod inflate;
mod json;
mod key_fields;
mod look;
mod messages;
mod objects;
mod offsets;
mod options;
mod piece;
mod plan;
mod position;
mod presence;
mod projection;
mod provenance;
mod raw;
mod reader;
mod record;
mod rejected;
mod row_builder;
mod rows;
mod schemas;
mod search;
mod separators;
#[cfg(any(test, fuzzing))]
mod tests;
mod text;

pub use crate::source::EventRange;
pub use ahead::{Inflated, Inflating};
pub use columnar::{
    Footer, FooterStep, ParquetFile, ParquetMetadata, ParquetPlanner, RowGroup, Step,
};
pub use conversion::{Numbers, ValueObjects};
pub use decoding::Decoding;
pub use envelope::Envelope;
pub(crate) use error::codes;
pub use error::{ColumnType, DecodeError};
pub use events::{Counts, Events, Spent};
pub(crate) use format::{is_csv, is_parquet_by_name};
pub use inflate::Compression;
#[doc(hidden)]
pub use inflate::measure;
pub use offsets::ReadOffsets;
pub use options::{CsvOptions, DecodeOptions, Format, RegistryConfig, TextEncoding};
pub use piece::Piece;
pub use position::Position;
pub use presence::{ConditionPresence, InputPresence, Presence, PresenceReport};
pub use projection::Projection;
pub use provenance::Provenance;
pub use rejected::{QUARANTINE_BYTES, Rejected};
pub use schemas::Schemas;
pub(crate) use schemas::split_prefix;

/// The version of the rules above. It rises when records are framed, rejected or converted differently, so that a build
/// never continues under other rules than those it began with.
pub const RULES: u32 = 2;
