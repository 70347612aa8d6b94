//! Parquet objects, read by ranges: only the wanted columns of the row groups that may hold events of the range.
//!
//! This module does no I/O: [`Footer`] and [`ParquetFile`] return the ranges that they need, and a [`RowGroup`] has
//! their bytes for the worker, which decodes them.
//!
//! | file | content |
//! |---|---|
//! | `footer` | the end of an object, and its metadata there |
//! | `file` | the ranges to read of an object |
//! | `types` | the Arrow types of the columns |
//! | `prune` | row groups without event times in the range |
//! | `group` | decoding of a row group |
//! | `pages` | headers of pages, checked before the library uses them |
//! | `thrift` | the encoding of headers and footers |
//! | `weight` | the number of rows that can be decoded at a time |
//! | `levels` | repetition levels and lengths of a page, which decide its size in memory |
//!
//! # Trust
//! A footer has no checksum. Its offsets, sizes and counts, and those of pages, are checked against the object and
//! against [`max_row_group`](crate::decode::DecodeOptions::max_row_group) before bytes are read or memory is allocated
//! by them, and a row group must have as many rows as its metadata says. If rows become far larger than their stored
//! bytes, fewer are decoded at a time, and a single row that becomes larger than the limit stops the run. The checksum
//! of a page's body is verified if it has one. Damage that passes all of these checks is not found: in a page without a
//! checksum, in the encoding named in a page's header, in a name or a type of the footer, or in statistics.
//!
//! A row group is passed over if the minimum and maximum of its event time are integers that bound all rows, no row
//! lacks the time, and all are outside the range. Its rows count as out of range, even those that do not meet a
//! condition.

#[cfg(any(test, fuzzing))]
pub(in crate::decode) mod craft;
mod file;
mod footer;
mod group;
mod levels;
mod pages;
mod prune;
#[cfg(test)]
pub(super) mod tests;
mod thrift;
mod types;
mod weight;

pub use file::{ParquetFile, ParquetPlanner, Step};
pub use footer::{Footer, FooterStep, ParquetMetadata};
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
