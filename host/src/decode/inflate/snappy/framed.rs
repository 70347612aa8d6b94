//! Google's framing format: chunks of at most 64 KiB, each with a CRC-32C.
//!
//! A stream begins with its identifier, which may occur again, as in concatenated files. Padding is skipped. Other
//! skippable chunks are reserved and not written by any known program. One flipped bit turns a chunk of text into such
//! a chunk, and the text would be lost, so they count as damage.

use super::super::inflater::{Fault, Inflate, Step, gather};
use super::{Pending, inflate, inflated_len};

/// The chunk that a stream begins with.
const IDENTIFIER: &[u8; 10] = b"\xff\x06\x00\x00sNaPpY";

/// The kinds of chunks; the last is the identifier's.
const COMPRESSED: u8 = 0x00;
const PLAIN: u8 = 0x01;
const PADDING: u8 = 0xfe;
const NAME: u8 = 0xff;

/// Length of a header: the kind of the chunk, and the length of its body in three bytes.
const HEADER_BYTES: usize = 4;

/// The most bytes of text in a chunk.
const TEXT_LIMIT: usize = 64 << 10;

/// The longest chunk of text: its checksum, and text that snappy could not shorten.
const CHUNK_LIMIT: usize = 4 + 32 + TEXT_LIMIT + TEXT_LIMIT / 6;

/// Whether `head` begins a stream.
pub(in super::super) fn is_magic(head: &[u8]) -> bool {
    head.starts_with(IDENTIFIER)
}

/// Reads chunks until the input ends.
#[derive(Default)]
pub(in super::super) struct Framed {
    at: At,
    /// The beginning of a header or a chunk.
    gathered: Vec<u8>,
    text: Pending,
}

#[derive(Clone, Copy, Default)]
enum At {
    #[default]
    Header,
    Chunk {
        kind: u8,
        len: usize,
    },
    Padding {
        left: usize,
    },
}

impl Inflate for Framed {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Fault> {
        if !self.text.is_empty() {
            return Ok(self.text.give(output));
        }
        let read = match self.at {
            At::Header => {
                if self.gathered.is_empty() && input.first().is_some_and(|kind| is_damage(*kind)) {
                    return Err(Fault::TrailingGarbage(0));
                }
                let read = gather(&mut self.gathered, HEADER_BYTES, input);
                if let Some(header) = self.gathered.first_chunk() {
                    self.at = begin(*header)?;
                    self.gathered.clear();
                }
                read
            }
            At::Chunk { kind, len } => {
                let read = gather(&mut self.gathered, len, input);
                if self.gathered.len() == len {
                    self.text = Pending::new(text(kind, &self.gathered)?);
                    self.gathered.clear();
                    self.at = At::Header;
                }
                read
            }
            At::Padding { left } => {
                let read = left.min(input.len());
                self.at = match left - read {
                    0 => At::Header,
                    left => At::Padding { left },
                };
                read
            }
        };
        Ok(Step { read, written: 0 })
    }

    fn is_complete(&self) -> bool {
        matches!(self.at, At::Header) && self.gathered.is_empty() && self.text.is_empty()
    }
}

/// Whether the kind of a chunk is not valid.
fn is_damage(kind: u8) -> bool {
    !matches!(kind, COMPRESSED | PLAIN | PADDING | NAME)
}

/// The state after a header.
fn begin(header: [u8; HEADER_BYTES]) -> Result<At, Fault> {
    let [kind, low, middle, high] = header;
    let len = usize::from(low) | usize::from(middle) << 8 | usize::from(high) << 16;
    match kind {
        COMPRESSED | PLAIN if (4..=CHUNK_LIMIT).contains(&len) => Ok(At::Chunk { kind, len }),
        NAME if header[..] == IDENTIFIER[..HEADER_BYTES] => Ok(At::Chunk { kind, len }),
        PADDING if len == 0 => Ok(At::Header),
        PADDING => Ok(At::Padding { left: len }),
        _ => Err(Fault::Corrupt(format!(
            "a chunk of kind {kind:#04x} with {len} bytes"
        ))),
    }
}

/// The text of a chunk.
fn text(kind: u8, chunk: &[u8]) -> Result<Vec<u8>, Fault> {
    if kind == NAME {
        return match chunk == &IDENTIFIER[HEADER_BYTES..] {
            true => Ok(Vec::new()),
            false => Err(Fault::Corrupt("not the stream's identifier".to_owned())),
        };
    }
    let Some((checksum, data)) = chunk.split_first_chunk() else {
        return Err(Fault::Corrupt("a chunk without checksum".to_owned()));
    };
    let text = match kind {
        COMPRESSED if inflated_len(data)? > TEXT_LIMIT => {
            return Err(Fault::Corrupt("a chunk of more than 64 KiB".to_owned()));
        }
        COMPRESSED => inflate(data)?,
        _ if data.len() > TEXT_LIMIT => {
            return Err(Fault::Corrupt("a chunk of more than 64 KiB".to_owned()));
        }
        _ => data.to_vec(),
    };
    if masked(crc32c::crc32c(&text)) != u32::from_le_bytes(*checksum) {
        return Err(Fault::Corrupt(
            "a chunk's checksum does not match".to_owned(),
        ));
    }
    Ok(text)
}

/// The checksum as stored: masked, since the CRC of data that contains CRCs is weak.
fn masked(crc: u32) -> u32 {
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}
