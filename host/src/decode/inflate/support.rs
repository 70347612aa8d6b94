//! Compressed inputs and helpers for the tests of all compressions.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::io::Write;

use bytes::Bytes;

use super::content::{Content, Filled};
use super::gzip;
use crate::decode::block::Blocks;
use crate::decode::{DecodeError, DecodeOptions};
use crate::error::Coded;

pub(in crate::decode) fn gzipped(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

pub(in crate::decode) fn zstd_of(text: &[u8]) -> Vec<u8> {
    let mut encoder = ::zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

pub(in crate::decode) fn bzipped(text: &[u8]) -> Vec<u8> {
    let mut encoder = ::bzip2::write::BzEncoder::new(Vec::new(), ::bzip2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

pub(in crate::decode) fn xz_of(text: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// An archive with one entry, whose CRC and lengths follow its data.
pub(in crate::decode) fn zipped(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(text).unwrap();
    let data = encoder.finish().unwrap();
    let mut crc = flate2::Crc::new();
    crc.update(text);
    let numbers = [crc.sum(), data.len() as u32, text.len() as u32].map(u32::to_le_bytes);
    let numbers = numbers.concat();
    let local = [
        b"PK\x03\x04\x14\0\x08\0\x08\0\0\0\0\0",
        &[0; 12][..],
        b"\x01\0\0\0a",
    ]
    .concat();
    let descriptor = [b"PK\x07\x08", &numbers[..]].concat();
    let central = [
        b"PK\x01\x02\x14\0\x14\0\x08\0\x08\0\0\0\0\0",
        &numbers[..],
        b"\x01\0",
        &[0; 16],
        b"a",
    ]
    .concat();
    let before = (local.len() + data.len() + descriptor.len()) as u32;
    let end = [
        b"PK\x05\x06\0\0\0\0\x01\0\x01\0",
        &(central.len() as u32).to_le_bytes()[..],
        &before.to_le_bytes(),
        b"\0\0",
    ]
    .concat();
    [local, data, descriptor, central, end].concat()
}

pub(in crate::decode) fn snappy_framed(text: &[u8]) -> Vec<u8> {
    let mut encoder = snap::write::FrameEncoder::new(Vec::new());
    encoder.write_all(text).unwrap();
    let stored = encoder.into_inner().unwrap();
    match text {
        // The encoder writes nothing at all.
        [] => b"\xff\x06\0\0sNaPpY".to_vec(),
        _ => stored,
    }
}

pub(in crate::decode) fn snappy_raw(text: &[u8]) -> Vec<u8> {
    snap::raw::Encoder::new().compress_vec(text).unwrap()
}

/// One block of two parts.
pub(in crate::decode) fn snappy_hadoop(text: &[u8]) -> Vec<u8> {
    let (head, tail) = text.split_at(text.len() / 2);
    let mut stored = (text.len() as u32).to_be_bytes().to_vec();
    for part in [head, tail] {
        if !part.is_empty() {
            let part = snappy_raw(part);
            stored.extend((part.len() as u32).to_be_bytes());
            stored.extend(part);
        }
    }
    stored
}

/// Two blocks.
pub(in crate::decode) fn snappy_java(text: &[u8]) -> Vec<u8> {
    let versions = [0, 0, 0, 1, 0, 0, 0, 1];
    let mut stored = [b"\x82SNAPPY\0", &versions[..]].concat();
    let (head, tail) = text.split_at(text.len() / 2);
    for block in [head, tail].map(snappy_raw) {
        stored.extend((block.len() as u32).to_be_bytes());
        stored.extend(block);
    }
    stored
}

/// A way to compress, and what can be expected of it.
pub(in crate::decode) struct Way {
    /// The name of an object that is compressed so.
    pub(in crate::decode) object: &'static str,
    pub(in crate::decode) compress: fn(&[u8]) -> Vec<u8>,
    /// Whether compressed data may be concatenated.
    pub(in crate::decode) joins: bool,
    /// Whether there are checksums, so that damage is noticed.
    pub(in crate::decode) checks: bool,
}

pub(in crate::decode) const WAYS: [Way; 9] = [
    way("a.gz", gzipped, true, true),
    way("a.zst", zstd_of, true, true),
    way("a.bz2", bzipped, true, true),
    way("a.zip", zipped, false, true),
    way("framed.sz", snappy_framed, true, true),
    way("java.snappy", snappy_java, true, false),
    way("hadoop.hsnappy", snappy_hadoop, true, false),
    way("raw.snappy", snappy_raw, false, false),
    way("a.xz", xz_of, true, true),
];

const fn way(
    object: &'static str,
    compress: fn(&[u8]) -> Vec<u8>,
    joins: bool,
    checks: bool,
) -> Way {
    Way {
        object,
        compress,
        joins,
        checks,
    }
}

/// Inflates `stored`, fed `piece` bytes at a time, through blocks of 1000 bytes. All gzip libraries agree.
pub(in crate::decode) fn inflate(
    object: &str,
    stored: &[u8],
    piece: usize,
    options: &DecodeOptions,
) -> Result<Vec<u8>, DecodeError> {
    let (first, others) = gzip::LIBRARIES.split_first().unwrap();
    let found = inflate_with(*first, object, stored, piece, options);
    for library in others {
        let other = inflate_with(*library, object, stored, piece, options);
        assert_same(&found, &other, || {
            format!("{} and {}", first.name, library.name)
        });
    }
    found
}

pub(super) fn inflate_with(
    library: gzip::Library,
    object: &str,
    stored: &[u8],
    piece: usize,
    options: &DecodeOptions,
) -> Result<Vec<u8>, DecodeError> {
    let mut content = Content::with_gzip(object, options, library);
    let mut pieces = stored.chunks(piece);
    let mut blocks = Blocks::new(1000);
    let mut block = blocks.take(0);
    let mut text = Vec::new();
    loop {
        match content.fill(&mut block)? {
            Filled::Hungry => match pieces.next() {
                Some(piece) => content.feed(Bytes::copy_from_slice(piece)),
                None => content.end(),
            },
            filled => {
                text.extend_from_slice(block.text());
                block = blocks.take(0);
                if filled == Filled::End {
                    return Ok(text);
                }
            }
        }
    }
}

/// Asserts that two results are the same text or errors of the same code. Errors may differ in the position up to which
/// damaged data was read.
pub(super) fn assert_same(
    one: &Result<Vec<u8>, DecodeError>,
    other: &Result<Vec<u8>, DecodeError>,
    what: impl Fn() -> String,
) {
    match (one, other) {
        (Ok(one), Ok(other)) => assert!(one == other, "{}", what()),
        (Err(one), Err(other)) => assert_eq!(one.code(), other.code(), "{}", what()),
        (one, other) => panic!(
            "{}: {:?}, {:?}",
            what(),
            one.as_ref().err(),
            other.as_ref().err()
        ),
    }
}
