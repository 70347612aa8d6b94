//! The compressions that objects can have, as `decode.compression` names them.

use serde::{Deserialize, Serialize};

/// The compression of objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Compression {
    /// By the first bytes of each object, and of the data within it: two levels of compression are read. By its
    /// structure if its name has an extension of snappy.
    #[default]
    Auto,
    /// No compression, whatever the first bytes are.
    None,
    /// gzip, RFC 1952.
    Gzip,
    /// Zstandard, RFC 8878.
    Zstd,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
    /// A zip archive with one entry.
    Zip,
    /// Snappy in Google's framing format, with checksums.
    SnappyFramed,
    /// Snappy in blocks, as the streams of snappy-java are.
    SnappyJava,
    /// Snappy in blocks, as Hadoop, Spark and Trino write text files.
    SnappyHadoop,
    /// One bare block of snappy.
    SnappyRaw,
}

impl Compression {
    pub(super) fn name(self) -> &'static str {
        match self {
            Compression::Auto => "compressed",
            Compression::None => "text",
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
            Compression::Bzip2 => "bzip2",
            Compression::Xz => "xz",
            Compression::Zip => "zip",
            Compression::SnappyFramed => "framed snappy",
            Compression::SnappyJava => "snappy-java",
            Compression::SnappyHadoop => "Hadoop snappy",
            Compression::SnappyRaw => "raw snappy",
        }
    }

    /// The name of data that is compressed so, where text should be.
    pub(in crate::decode) fn within(self) -> &'static str {
        match self {
            Compression::Gzip => "gzip data",
            Compression::Zstd => "zstd data",
            Compression::Bzip2 => "bzip2 data",
            Compression::Xz => "xz data",
            Compression::Zip => "a zip archive",
            _ => "snappy data",
        }
    }
}
