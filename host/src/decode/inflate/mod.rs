//! Decompression of objects, piece by piece.
//!
//! | file | content |
//! |---|---|
//! | `content` | [`Content`]: stored bytes in, decompressed blocks out, within the limits |
//! | `compression` | [`Compression`], as `decode.compression` sets it |
//! | `detect` | the compression of an object by its name and first bytes, and its inflater |
//! | `inflater` | the contract of an inflater |
//! | `gzip`, `zstd`, `bzip2`, `xz`, `zip`, `snappy` | an inflater each |
//! | `chain` | two inflaters, one within the other |
//! | `transcode` | text in other encodings, as UTF-8 |
//! | `measure` | the benchmark `inflate` |

mod bzip2;
mod chain;
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
mod transcode;
mod xz;
mod zip;
mod zstd;

pub use compression::Compression;
pub(super) use content::{Content, Filled};
pub(super) use detect::{of_magic, without_ending};
