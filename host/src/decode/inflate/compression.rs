//! Which compression an object is in.
//!
//! The first bytes tell, and a name must not promise anything else. Snappy as Hadoop writes it and bare snappy have
//! no first bytes of their own: they are looked for only where the name or the job promises snappy.

use serde::{Deserialize, Serialize};

use super::{Fault, Inflate, bzip2, gzip, snappy, zip, zstd};

/// How objects are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Compression {
    /// For each object what its first bytes say; where its name ends like snappy's, what its structure says.
    #[default]
    Auto,
    /// Not at all, whatever the first bytes are.
    None,
    /// gzip, RFC 1952.
    Gzip,
    /// Zstandard, RFC 8878.
    Zstd,
    /// bzip2.
    Bzip2,
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

/// Bytes that tell every compression from the others and from text: one more than a bare block of snappy has that
/// Hadoop's lengths could be read from.
pub(super) const MAGIC_BYTES: usize = snappy::raw::SHORT_BYTES + 1;

/// What the ending of an object's name promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Promise {
    Nothing,
    One(Compression),
    /// Any of snappy's four.
    Snappy,
}

impl Compression {
    pub(super) fn name(self) -> &'static str {
        match self {
            Compression::Auto => "compressed",
            Compression::None => "text",
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
            Compression::Bzip2 => "bzip2",
            Compression::Zip => "zip",
            Compression::SnappyFramed => "framed snappy",
            Compression::SnappyJava => "snappy-java",
            Compression::SnappyHadoop => "Hadoop snappy",
            Compression::SnappyRaw => "raw snappy",
        }
    }

    /// Those whose data begins in a way of its own.
    fn of_magic(head: &[u8]) -> Self {
        if gzip::is_magic(head) {
            Compression::Gzip
        } else if zstd::is_magic(head) {
            Compression::Zstd
        } else if bzip2::is_magic(head) {
            Compression::Bzip2
        } else if zip::is_magic(head) {
            Compression::Zip
        } else if snappy::framed::is_magic(head) {
            Compression::SnappyFramed
        } else if snappy::blocks::is_java_magic(head) {
            Compression::SnappyJava
        } else {
            Compression::None
        }
    }

    /// What `head`, the first [`MAGIC_BYTES`] of an object or all of it, is said to be by `promise`; `None` if it is
    /// something else.
    pub(super) fn detect(promise: Promise, head: &[u8]) -> Option<Self> {
        let found = Compression::of_magic(head);
        match promise {
            Promise::Nothing => Some(found),
            Promise::Snappy => match found {
                Compression::SnappyFramed | Compression::SnappyJava => Some(found),
                _ if snappy::raw::is_short(head) => Some(Compression::SnappyRaw),
                _ if snappy::blocks::is_plausible(head) => Some(Compression::SnappyHadoop),
                _ if snappy::raw::is_plausible(head) => Some(Compression::SnappyRaw),
                _ => None,
            },
            Promise::One(one) => {
                let begins_so = match one {
                    Compression::None => true,
                    Compression::SnappyHadoop => snappy::blocks::is_plausible(head),
                    Compression::SnappyRaw => snappy::raw::is_plausible(head),
                    other => other == found,
                };
                begins_so.then_some(one)
            }
        }
    }

    pub(super) fn inflater(self, gzip: gzip::Library) -> Result<Option<Box<dyn Inflate>>, Fault> {
        Ok(match self {
            Compression::Auto | Compression::None => None,
            Compression::Gzip => Some(gzip.inflater()),
            Compression::Zstd => Some(Box::new(zstd::Zstd::new()?)),
            Compression::Bzip2 => Some(Box::new(bzip2::Bzip2::new())),
            Compression::Zip => Some(Box::new(zip::Zip::new())),
            Compression::SnappyFramed => Some(Box::new(snappy::framed::Framed::default())),
            Compression::SnappyJava => Some(Box::new(snappy::blocks::Blocks::of_java())),
            Compression::SnappyHadoop => Some(Box::new(snappy::blocks::Blocks::of_hadoop())),
            Compression::SnappyRaw => Some(Box::new(snappy::raw::Raw::default())),
        })
    }
}

impl Promise {
    /// What the name of an object promises, and the name without the ending that does.
    pub(super) fn of_name(object: &str) -> (Self, &str) {
        let promise = |ending: &str| {
            Some(Promise::One(match ending {
                "gz" | "gzip" => Compression::Gzip,
                "zst" | "zstd" => Compression::Zstd,
                "bz2" => Compression::Bzip2,
                "zip" => Compression::Zip,
                "snappy" | "sz" | "hsnappy" => return Some(Promise::Snappy),
                _ => return None,
            }))
        };
        match object.rsplit_once('.') {
            Some((name, ending)) => match promise(ending) {
                Some(promise) => (promise, name),
                None => (Promise::Nothing, object),
            },
            None => (Promise::Nothing, object),
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Promise::Nothing => Compression::Auto.name(),
            Promise::One(compression) => compression.name(),
            Promise::Snappy => "snappy",
        }
    }
}
