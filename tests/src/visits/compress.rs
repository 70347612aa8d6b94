//! Compression of text, as the writers of archives do it.

use std::io::Write;

use anyhow::Result;
use flate2::write::{DeflateEncoder, GzEncoder};

/// The bytes of a block of Hadoop's and of snappy-java's.
const BLOCK_BYTES: usize = 8 << 10;

/// How an object is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip, in two members.
    Gzip,
    /// Zstandard.
    Zstd,
    /// bzip2.
    Bzip2,
    /// A zip archive with one entry, whose sizes follow its data.
    Zip,
    /// Snappy in Google's framing format.
    SnappyFramed,
    /// Snappy as snappy-java's streams are.
    SnappyJava,
    /// Snappy as Hadoop writes it.
    SnappyHadoop,
    /// One bare block of snappy.
    SnappyRaw,
}

impl Compression {
    /// `content`, compressed.
    ///
    /// # Errors
    /// None that a library does not make.
    pub fn compress(self, content: &[u8]) -> Result<Vec<u8>> {
        Ok(match self {
            Compression::None => content.to_vec(),
            Compression::Gzip => {
                // Members end anywhere, also within a record.
                let (head, tail) = content.split_at(content.len() / 2);
                [gzip(head)?, gzip(tail)?].concat()
            }
            Compression::Zstd => zstd::encode_all(content, 3)?,
            Compression::Bzip2 => {
                let level = bzip2::Compression::default();
                let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), level);
                encoder.write_all(content)?;
                encoder.finish()?
            }
            Compression::Zip => zip(content)?,
            Compression::SnappyFramed => {
                let mut encoder = snap::write::FrameEncoder::new(Vec::new());
                encoder.write_all(content)?;
                encoder.into_inner()?
            }
            Compression::SnappyJava => {
                let mut stored = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01".to_vec();
                for block in content.chunks(BLOCK_BYTES) {
                    push_with_length(&mut stored, &snappy(block)?);
                }
                stored
            }
            Compression::SnappyHadoop => {
                let mut stored = Vec::new();
                for block in content.chunks(BLOCK_BYTES) {
                    stored.extend((block.len() as u32).to_be_bytes());
                    for part in block.chunks(BLOCK_BYTES / 2) {
                        push_with_length(&mut stored, &snappy(part)?);
                    }
                }
                stored
            }
            Compression::SnappyRaw => snappy(content)?,
        })
    }
}

fn gzip(content: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content)?;
    Ok(encoder.finish()?)
}

fn snappy(content: &[u8]) -> Result<Vec<u8>> {
    Ok(snap::raw::Encoder::new().compress_vec(content)?)
}

fn push_with_length(stored: &mut Vec<u8>, block: &[u8]) {
    stored.extend((block.len() as u32).to_be_bytes());
    stored.extend(block);
}

/// Written as a stream: the sizes and the checksum are in a descriptor after the data.
fn zip(content: &[u8]) -> Result<Vec<u8>> {
    const NAME: &[u8] = b"clicks";
    let mut encoder = DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content)?;
    let data = encoder.finish()?;
    let mut crc = flate2::Crc::new();
    crc.update(content);
    let sizes = [crc.sum(), data.len() as u32, content.len() as u32].map(u32::to_le_bytes);
    let name_bytes = (NAME.len() as u16).to_le_bytes();
    // Version 2.0, sizes after the data, deflated, no time of modification.
    let kind = b"\x14\0\x08\0\x08\0\0\0\0\0";
    let entry = [
        &b"PK\x03\x04"[..],
        kind,
        &[0; 12],
        &name_bytes,
        b"\0\0",
        NAME,
        &data,
        b"PK\x07\x08",
        &sizes.concat(),
    ]
    .concat();
    let directory = [
        &b"PK\x01\x02\x14\0"[..],
        kind,
        &sizes.concat(),
        &name_bytes,
        &[0; 16],
        NAME,
    ]
    .concat();
    let end = [
        &b"PK\x05\x06\0\0\0\0\x01\0\x01\0"[..],
        &(directory.len() as u32).to_le_bytes(),
        &(entry.len() as u32).to_le_bytes(),
        b"\0\0",
    ]
    .concat();
    Ok([entry, directory, end].concat())
}
