//! Parquet objects, read by ranges: only the wanted columns of the row groups that may hold events of the range.
//!
//! Nothing here reads: [`Footer`] and [`ParquetFile`] say which ranges they need, and a [`RowGroup`] holds them for the
//! worker, which decodes.
//!
//! | file | idea |
//! |---|---|
//! | `footer` | from the end of an object to its metadata |
//! | `file` | what is to be read of an object |
//! | `prune` | row groups that hold nothing of the range |
//! | `group` | a row group's bytes, decoded |
//! | `pages` | headers of pages, checked before they are believed |
//! | `thrift` | the protocol of headers and footers |
//! | `weight` | how many rows can be decoded at a time |
//! | `levels` | numbers of a page that say how much it becomes |
//!
//! # What is believed
//! A footer has no checksum. Its offsets, sizes and counts are checked against the object and against
//! [`max_row_group`](crate::decode::DecodeOptions::max_row_group) before anything is read or allocated by them, and as
//! many rows must come out of a row group as it says; so are the sizes and counts of pages. Rows that become far more than
//! is stored of them are decoded fewer at a time, and one that alone becomes more than that limit stops the run. A page's body that has a
//! checksum is held to it. Damage that leaves all this whole cannot be found: in a page without a checksum, in the
//! encoding that a page's header names, in a name or a type of the footer, or in statistics.
//!
//! Row groups are passed over by the minimum and maximum of the event time where these are whole numbers that bound all
//! rows and no row lacks the time; their rows count as out of range, also those that a condition would have passed over.

#[cfg(any(test, fuzzing))]
pub(in crate::decode) mod craft;
mod file;
mod footer;
mod group;
mod levels;
mod pages;
mod prune;
#[cfg(test)]
mod tests;
mod thrift;
mod weight;

pub use file::{ParquetFile, ParquetPlanner, Step};
pub use footer::{Footer, FooterStep};
pub(in crate::decode) use group::GroupReader;
pub use group::RowGroup;

use crate::decode::DecodeError;
use crate::decode::columnar::damage::Subject;

fn subject(object: &str) -> Subject<'_> {
    Subject {
        object,
        format: "Parquet",
    }
}

fn guarded<T, E: std::fmt::Display>(
    object: &str,
    place: impl FnOnce() -> String,
    read: impl FnOnce() -> Result<T, E>,
) -> Result<T, DecodeError> {
    subject(object).guarded(place, read)
}

fn damaged(object: &str, place: impl Into<String>, detail: impl Into<String>) -> DecodeError {
    subject(object).damaged(place, detail)
}
