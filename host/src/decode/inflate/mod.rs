//! Decompression in pieces, told by the first bytes of an object.

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
