//! Decompression of objects, piece by piece.
//!
//! | file | content |
//! |---|---|
//! | `content` | [`Content`]: stored bytes in, decompressed blocks out, within the limits |
//! | `compression` | [`Compression`], as `decode.compression` sets it |
//! | `detect` | the compression of an object by its name and first bytes, and its inflater |
//! | `inflater` | the contract of an inflater |
//! | `gzip`, `zstd`, `bzip2`, `zip`, `snappy` | an inflater each |
//! | `measure` | the benchmark `inflate` |

mod bzip2;
mod compression;
mod content;
mod detect;
mod gzip;
mod inflater;
pub mod measure;
mod snappy;
#[cfg(any(test, fuzzing))]
pub(super) mod support;
#[cfg(test)]
mod tests;
mod zip;
mod zstd;

pub use compression::Compression;
pub(super) use content::{Content, Filled};
pub(super) use detect::without_ending;
