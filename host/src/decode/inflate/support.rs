//! What the tests of all compressions share.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::io::Write;

use bytes::Bytes;

use super::super::block::Blocks;
use super::{Content, Filled};
use crate::decode::{DecodeError, DecodeOptions};

pub(in crate::decode) fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

pub(in crate::decode) fn zstd(text: &[u8]) -> Vec<u8> {
    let mut encoder = ::zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// Inflates `stored`, fed `piece` bytes at a time, through blocks of 1000 bytes.
pub(in crate::decode) fn inflate(
    object: &str,
    stored: &[u8],
    piece: usize,
    options: &DecodeOptions,
) -> Result<Vec<u8>, DecodeError> {
    let mut content = Content::new(object, options);
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
