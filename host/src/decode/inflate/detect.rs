//! Detection of the compression of an object, and the inflater for it.
//!
//! The first bytes decide, and the extension of the name must not promise another compression. Hadoop's snappy and bare
//! snappy have no first bytes of their own: they are tried only if the name or the job promises snappy.

use super::compression::Compression;
use super::inflater::{Fault, Inflate};
use super::{bzip2, gzip, snappy, xz, zip, zstd};

/// Number of first bytes by which every compression differs from the others and from text: one more than the longest
/// bare block of snappy that could also be Hadoop's.
pub(super) const MAGIC_BYTES: usize = snappy::raw::SHORT_BYTES + 1;

/// The compression that the job or the extension of an object's name promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Promise {
    Nothing,
    One(Compression),
    /// Any of the four formats of snappy.
    Snappy,
}

/// The compression whose data begins with the bytes of `head`; [`Compression::None`] where none does.
pub(in crate::decode) fn of_magic(head: &[u8]) -> Compression {
    if gzip::is_magic(head) {
        Compression::Gzip
    } else if zstd::is_magic(head) {
        Compression::Zstd
    } else if bzip2::is_magic(head) {
        Compression::Bzip2
    } else if xz::is_magic(head) {
        Compression::Xz
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

/// The compression of an object that begins with `head`, its first [`MAGIC_BYTES`] or all of it; `None` where that is
/// not what `promise` says.
pub(super) fn detect(promise: Promise, head: &[u8]) -> Option<Compression> {
    let found = of_magic(head);
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

/// A new inflater for `compression`; `None` for objects that are not compressed.
pub(super) fn inflater(
    compression: Compression,
    gzip: gzip::Library,
) -> Result<Option<Box<dyn Inflate>>, Fault> {
    Ok(match compression {
        Compression::Auto | Compression::None => None,
        Compression::Gzip => Some(gzip.inflater()),
        Compression::Zstd => Some(Box::new(zstd::Zstd::new()?)),
        Compression::Bzip2 => Some(Box::new(bzip2::Bzip2::new())),
        Compression::Xz => Some(Box::new(xz::Xz::new()?)),
        Compression::Zip => Some(Box::new(zip::Zip::new())),
        Compression::SnappyFramed => Some(Box::new(snappy::framed::Framed::default())),
        Compression::SnappyJava => Some(Box::new(snappy::blocks::Blocks::of_java())),
        Compression::SnappyHadoop => Some(Box::new(snappy::blocks::Blocks::of_hadoop())),
        Compression::SnappyRaw => Some(Box::new(snappy::raw::Raw::default())),
    })
}

impl Promise {
    /// The promise of an object's name, and the name without the extension of the compression.
    pub(super) fn of_name(object: &str) -> (Self, &str) {
        let promise = |ending: &str| {
            Some(Promise::One(match ending {
                "gz" | "gzip" => Compression::Gzip,
                "zst" | "zstd" => Compression::Zstd,
                "bz2" => Compression::Bzip2,
                "xz" => Compression::Xz,
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

/// The name of an object without the extensions of its compression, at most one for each level.
pub(in crate::decode) fn without_ending(object: &str) -> &str {
    Promise::of_name(Promise::of_name(object).1).1
}
