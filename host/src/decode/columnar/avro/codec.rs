//! Decompression of whole blocks, within a limit.

use std::io::Read;

use flate2::{Crc, Decompress, FlushDecompress, Status};

/// The compression of the blocks of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    Null,
    Deflate,
    Snappy,
    Zstandard,
    Bzip2,
}

/// The reason for which a block is not decompressed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    TooLarge,
    Damaged(String),
}

impl Codec {
    /// The codec with this name in a header.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "null" => Codec::Null,
            "deflate" => Codec::Deflate,
            "snappy" => Codec::Snappy,
            "zstandard" => Codec::Zstandard,
            "bzip2" => Codec::Bzip2,
            _ => return None,
        })
    }

    /// The content of a block.
    ///
    /// # Errors
    /// If the block is damaged, or its content has more than `limit` bytes.
    pub(super) fn decompress(self, block: &[u8], limit: usize) -> Result<Vec<u8>, Fault> {
        let content = match self {
            Codec::Null => block.to_vec(),
            Codec::Deflate => deflate(block, limit)?,
            Codec::Snappy => snappy(block, limit)?,
            Codec::Zstandard => {
                let mut decoder =
                    zstd::stream::read::Decoder::with_buffer(block).map_err(damaged)?;
                let content = all(&mut decoder, limit)?;
                whole(decoder.finish().is_empty())?;
                content
            }
            Codec::Bzip2 => {
                let mut decoder = bzip2::read::BzDecoder::new(block);
                let content = all(&mut decoder, limit)?;
                whole(decoder.total_in() == block.len() as u64)?;
                content
            }
        };
        if content.len() > limit {
            return Err(Fault::TooLarge);
        }
        Ok(content)
    }
}

fn damaged(error: impl std::fmt::Display) -> Fault {
    Fault::Damaged(error.to_string())
}

fn whole(is_whole: bool) -> Result<(), Fault> {
    match is_whole {
        true => Ok(()),
        false => Err(damaged("something follows its compressed data")),
    }
}

/// Reads to the end, but at most one byte beyond the limit.
fn all(reader: &mut impl Read, limit: usize) -> Result<Vec<u8>, Fault> {
    let mut content = Vec::new();
    let mut limited = reader.take(limit as u64 + 1);
    limited.read_to_end(&mut content).map_err(damaged)?;
    if content.len() > limit {
        return Err(Fault::TooLarge);
    }
    Ok(content)
}

/// Bytes that may follow deflate data that a writer cut out of zlib's format: fastavro leaves three of the four bytes.
const ZLIB_TRAILER_BYTES: u64 = 4;

fn deflate(block: &[u8], limit: usize) -> Result<Vec<u8>, Fault> {
    let mut decoder = Decompress::new(false);
    let mut content = Vec::new();
    loop {
        content.reserve(32 << 10);
        let before = (decoder.total_in(), decoder.total_out());
        // At most the length of the block.
        let rest = &block[before.0 as usize..];
        let status = decoder
            .decompress_vec(rest, &mut content, FlushDecompress::None)
            .map_err(damaged)?;
        if status == Status::StreamEnd {
            let behind = block.len() as u64 - decoder.total_in();
            whole(behind <= ZLIB_TRAILER_BYTES)?;
            return Ok(content);
        }
        if content.len() > limit {
            return Err(Fault::TooLarge);
        }
        if before == (decoder.total_in(), decoder.total_out()) {
            return Err(damaged("it ends in the middle of its deflate data"));
        }
    }
}

/// Raw Snappy, followed by the CRC-32 of its content.
fn snappy(block: &[u8], limit: usize) -> Result<Vec<u8>, Fault> {
    let (block, checksum) = block
        .split_last_chunk::<4>()
        .ok_or_else(|| damaged("it is too short"))?;
    if snap::raw::decompress_len(block).map_err(damaged)? > limit {
        return Err(Fault::TooLarge);
    }
    let content = snap::raw::Decoder::new()
        .decompress_vec(block)
        .map_err(damaged)?;
    let mut crc = Crc::new();
    crc.update(&content);
    match crc.sum() == u32::from_be_bytes(*checksum) {
        true => Ok(content),
        false => Err(damaged("its checksum does not match")),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn compressed(codec: Codec, content: &[u8]) -> Vec<u8> {
        match codec {
            Codec::Null => content.to_vec(),
            Codec::Deflate => {
                let mut encoder =
                    flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
                encoder.write_all(content).unwrap();
                encoder.finish().unwrap()
            }
            Codec::Snappy => {
                let mut block = snap::raw::Encoder::new().compress_vec(content).unwrap();
                let mut crc = Crc::new();
                crc.update(content);
                block.extend(crc.sum().to_be_bytes());
                block
            }
            Codec::Zstandard => zstd::encode_all(content, 3).unwrap(),
            Codec::Bzip2 => {
                let mut encoder =
                    bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
                encoder.write_all(content).unwrap();
                encoder.finish().unwrap()
            }
        }
    }

    #[test]
    fn a_block_is_whole_or_an_error_and_within_the_limit() {
        let content = b"a record, and a record, and a record".repeat(100);
        for name in ["null", "deflate", "snappy", "zstandard", "bzip2"] {
            println!("{name}");
            let codec = Codec::of_name(name).unwrap();
            let block = compressed(codec, &content);
            assert_eq!(codec.decompress(&block, content.len()), Ok(content.clone()));
            assert_eq!(
                codec.decompress(&block, content.len() - 1),
                Err(Fault::TooLarge)
            );
            if codec == Codec::Null {
                continue;
            }
            for cut in 0..block.len() {
                assert!(
                    codec.decompress(&block[..cut], content.len()).is_err(),
                    "cut at {cut}"
                );
            }
            let longer = [&block[..], b"xxxxx"].concat();
            assert!(codec.decompress(&longer, content.len()).is_err());
        }
        assert_eq!(Codec::of_name("xz"), None);
    }
}
