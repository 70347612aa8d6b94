//! What the tests of all compressions share.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::io::Write;

use bytes::Bytes;

use super::super::block::Blocks;
use super::{Content, Filled, gzip};
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

/// How far damaged data was read may differ; what is wrong with it may not.
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
