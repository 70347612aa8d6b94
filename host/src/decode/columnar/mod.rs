//! Columnar formats, Parquet and Avro: their rows become the events that the same values give as JSON Lines.
//!
//! | file | content |
//! |---|---|
//! | `parquet` | Parquet objects, read by ranges |
//! | `avro` | Avro objects, read as a stream, and Avro messages |
//! | `plan` | the projection prepared for columns: paths and target types |
//! | `target` | the type to which a value is converted |
//! | `bind` | the plan bound to the columns of one object |
//! | `way` | the way to the values at a path, through structs, maps and unions |
//! | `form` | logical types that have no Arrow type of their own |
//! | `key_values` | values of the object's key, for columns that the object lacks |
//! | `metadata` | position, time and key of rows: what is not in their columns |
//! | `condition` | conditions as masks |
//! | `cast` | conversion of a column of the object to one of the component |
//! | `by_value` | the same value by value |
//! | `converted` | a converted column, and the rows that did not fit |
//! | `conversion` | the same for unions, branch by branch |
//! | `mismatch` | types that do not convert |
//! | `values` | any value as JSON text |
//! | `texts` | single values as JSON text |
//! | `bson` | documents of BSON as JSON text |
//! | `convert` | conditions, range and inputs applied to the rows of a piece |
//! | `lines` | rows as lines of JSON, for the quarantine |
//! | `gather` | pieces combined into batches |
//! | `damage` | errors for bytes that are not valid, or that cannot be read |
//!
//! # Conversion of a column
//! A path leads through structs, maps and unions. Of several columns with one name the first counts; names are
//! case-sensitive. The outcome of a row is decided by the rules for records in `decode/mod.rs`; a value that does not fit
//! costs its row alone.
//!
//! | input of kind | columns that convert to it |
//! |---|---|
//! | boolean | booleans |
//! | int64 | integers of any width and sign; floats and decimals as numbers of JSON: a row beyond the range is rejected |
//! | float64 | floats, integers and decimals, rounded to the nearest; NaN and infinities are rejected, since no other format has them and one would spoil every sum |
//! | timestamp | timestamps of any unit, with a zone or without (read as UTC); fractions of a microsecond are cut off towards the past |
//! | timestamp, `epoch-…` | timestamps likewise; integers, and (except for nanoseconds) floats and decimals, as numbers of JSON |
//! | timestamp, standard | timestamps; strings as RFC 3339 |
//! | date | dates of days or milliseconds; strings `YYYY-MM-DD` |
//! | utf8 | strings, of dictionaries too; binary that is UTF-8, otherwise the row is rejected; decimals, as their digits; UUIDs, times, dates and durations, as the string of `json` |
//! | binary | binary of any or of fixed size; strings in the input's encoding |
//! | json | all types, as JSON text: structs in the order of their columns with nulls written out, maps as objects in the order of their entries, timestamps as RFC 3339 in UTC, or without a zone if they have none, dates, times of day, UUIDs, durations in ISO 8601, text of the logical type JSON as the value that it is, BSON as Extended JSON, binary as base64, decimals as numbers, `"NaN"`, `"inf"` and `"-inf"` as strings |
//!
//! Text of the logical type JSON converts to the other kinds as its value does. Any other type stops the run with an error
//! that names the object, the column and both types. A dictionary converts as its values do.
//!
//! The values of a union convert as their branches do; rows with a branch that does not convert are rejected, and a union
//! of which none converts stops the run. A path into a union leads into the branch of the row: the value is missing if that
//! is a record without the field, and the row is rejected if it is neither a record nor a map.
//!
//! # From object to object
//! Each object is read by its own schema. A column that an object lacks has the value of the object's key in all rows,
//! or is null: then the rows are rejected if the input is not nullable. A column may have another type than in other
//! objects.
//!
//! A condition compares the string, or the JSON text of any other scalar as `json` writes it; nulls, objects and arrays
//! meet none.
//! `payload` has no meaning and is an error; `record-key` and `record-header` are null; `record-time` is when the
//! object was written; `offset` is the ordinal of the row among all rows of the object, plus the offset in the key;
//! `source-name` and `partition` are those in the key, or else the key itself and null.
//!
//! # Messages
//! Avro messages become rows of columns too, each by the schema whose ID it begins with. Key, headers, time, topic,
//! partition and offset are those of the message; `payload` is its value as delivered. If a column has a type that does
//! not convert, the rows with a value there are rejected: a topic may have records of several schemas.

mod avro;
mod bind;
mod bson;
mod by_value;
mod cast;
mod condition;
mod conversion;
mod convert;
mod converted;
mod damage;
mod form;
mod gather;
mod key_values;
mod lines;
mod metadata;
mod mismatch;
mod parquet;
mod plan;
mod target;
#[cfg(test)]
mod tests;
mod texts;
mod values;
mod way;

pub(super) use avro::{AvroMessages, AvroReader, Decoders};
pub(super) use bind::Binding;
pub(super) use convert::ColumnPiece;
pub(super) use gather::Gathering;
pub(super) use lines::Lines;
pub(super) use metadata::RowMetadata;
pub(super) use parquet::GroupReader;
#[cfg(any(test, fuzzing))]
pub(super) use parquet::craft;
pub use parquet::{
    Footer, FooterStep, ParquetFile, ParquetMetadata, ParquetPlanner, RowGroup, Step,
};
pub(super) use plan::ColumnPlan;
pub(super) use way::Top;
