//! From objects that hold columns to events: the same that the same values give as JSON Lines.
//!
//! | file | idea |
//! |---|---|
//! | `bind` | the wanted paths, found among the columns of an object |
//! | `beside` | what is known of rows beside their columns |
//! | `key_values` | what the key of the object says in their place |
//! | `condition` | conditions as masks |
//! | `cast` | from a column of the object to one of the component |
//! | `values` | any value as JSON text |
//! | `convert` | rows judged and converted |
//! | `lines` | rows as lines of JSON, for the quarantine |
//! | `gather` | pieces of objects gathered into batches |
//! | `parquet` | Parquet objects, read by ranges |
//! | `avro` | Avro objects, read as a stream |
//! | `damage` | what is said of bytes that make no sense |
//!
//! # What becomes of a column
//! A path leads through structs; the first of several columns of one name counts, and capitals do. Rows are judged as
//! `decode/mod.rs` has it for records; a value that does not fit costs its row alone.
//!
//! | an input of kind | is made of |
//! |---|---|
//! | boolean | booleans |
//! | int64 | integers of any width and sign, decimals without decimals: a row beyond the range is rejected |
//! | float64 | floats, integers and decimals, each to the nearest; NaN and infinities are rejected, since no other format has them and one would spoil every sum |
//! | timestamp | timestamps of any unit, with a zone or without, which is taken as UTC: what is finer than a microsecond is cut off towards the past |
//! | timestamp, `epoch-…` | timestamps likewise; integers, and floats and decimals but for nanoseconds, as numbers of JSON |
//! | timestamp, standard | timestamps; strings as RFC 3339 |
//! | date | dates of days or milliseconds; strings `YYYY-MM-DD` |
//! | utf8 | strings, of dictionaries too; binary that is UTF-8, otherwise the row is rejected; decimals, as their digits |
//! | binary | binary of any or of fixed size; strings in the input's encoding |
//! | json | everything, as JSON text: structs in the order of their columns with nulls written out, maps as objects in the order of their entries, timestamps as RFC 3339 in UTC, dates, times of day, binary as base64, decimals as numbers, `"NaN"`, `"inf"` and `"-inf"` as strings |
//!
//! Everything else stops the run and names the object, the column and both types. A dictionary is what its values are.
//!
//! # From object to object
//! Each object is read by its own schema. A column that an object lacks is what its key says, in all its rows, or null:
//! they are rejected where the input may not be null. A column of another type than in other objects goes by the table.
//!
//! A condition sees the string, or the JSON text of any other scalar as `json` writes it; a null meets none. `payload` has no meaning here
//! and is refused; `record-key` and a `record-header` are null; `record-time` is when the object was written; `offset` is the
//! ordinal of the row, which counts all rows of the object, behind the offset that the key names; topic and partition are
//! those that it names, or the key itself, and null.
//!
//! # Of messages
//! Avro messages become rows of columns too, each by the schema that it names. What is not within its value a message has
//! itself, its bytes as delivered as `payload`. A column of a type of which nothing becomes what is wanted costs the rows
//! that have a value there: the topic may hold records of several kinds.

mod avro;
mod bind;
mod cast;
mod condition;
mod convert;
mod damage;
mod gather;
mod key_values;
mod lines;
mod metadata;
mod parquet;
mod plan;
#[cfg(test)]
mod tests;
mod values;

pub(super) use avro::{AvroMessages, AvroReader, Decoders};
pub(super) use bind::Binding;
pub(super) use convert::Piece;
pub(super) use gather::Gathering;
pub(super) use lines::Lines;
pub(super) use metadata::RowMetadata;
pub(super) use parquet::GroupReader;
#[cfg(any(test, fuzzing))]
pub(super) use parquet::craft;
pub use parquet::{Footer, FooterStep, ParquetFile, ParquetPlanner, RowGroup, Step};
pub(super) use plan::ColumnPlan;
