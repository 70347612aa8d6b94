//! Decompression in pieces, told by the first bytes of an object.

use bytes::Bytes;

use super::block::Block;
use super::{DecodeError, DecodeOptions};
use crate::units::ByteSize;

mod gzip;
#[cfg(any(test, fuzzing))]
pub(super) mod support;
mod zstd;

/// Turns stored bytes into decoded ones, as many as there is room for.
pub(super) trait Inflate: Send {
    /// Reads from the front of `input`, writes to the front of `output`. No progress on non-empty `output`
    /// means that more input is needed.
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Fault>;

    /// Whether what was read so far ends where compressed data may end.
    fn is_complete(&self) -> bool;
}

/// What a step moved, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) read: usize,
    pub(super) written: usize,
}

/// Why a step failed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The data is damaged.
    Corrupt(String),
    /// Complete data is followed by something else, which begins so many bytes into the input.
    TrailingGarbage(usize),
}

/// Bytes that tell every compression from the others and from text.
const MAGIC_BYTES: usize = 4;

/// Below this, any ratio is let pass: a small object of one repeated record is no bomb.
const RATIO_FLOOR_BYTES: u64 = 64 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    fn name(self) -> &'static str {
        match self {
            Compression::None => "text",
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
        }
    }

    fn of_magic(head: &[u8]) -> Self {
        if gzip::is_magic(head) {
            Compression::Gzip
        } else if zstd::is_magic(head) {
            Compression::Zstd
        } else {
            Compression::None
        }
    }

    fn of_name(object: &str) -> Self {
        match object.rsplit_once('.').map(|(_, suffix)| suffix) {
            Some("gz" | "gzip") => Compression::Gzip,
            Some("zst" | "zstd") => Compression::Zstd,
            _ => Compression::None,
        }
    }

    fn inflater(self) -> Result<Option<Box<dyn Inflate>>, Fault> {
        Ok(match self {
            Compression::None => None,
            Compression::Gzip => Some(Box::new(gzip::Gzip::new())),
            Compression::Zstd => Some(Box::new(zstd::Zstd::new()?)),
        })
    }
}

/// The content of one object: stored bytes in, decoded blocks out.
pub(super) struct Content {
    object: String,
    max_object: ByteSize,
    max_ratio: u32,
    /// Bytes that wait to be read.
    input: Bytes,
    /// Nothing comes behind `input`.
    ended: bool,
    /// Known once enough bytes were seen.
    compression: Option<Compression>,
    inflater: Option<Box<dyn Inflate>>,
    /// Bytes read, as stored.
    stored: u64,
    /// Bytes given out.
    decoded: u64,
}

/// Why [`Content::fill`] came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filled {
    /// The block is full.
    Full,
    /// More bytes of the object are needed.
    Hungry,
    /// The object's last byte is in the block.
    End,
}

impl Content {
    pub(super) fn new(object: &str, options: &DecodeOptions) -> Self {
        Content {
            object: object.to_owned(),
            max_object: options.max_object,
            max_ratio: options.max_ratio,
            input: Bytes::new(),
            ended: false,
            compression: None,
            inflater: None,
            stored: 0,
            decoded: 0,
        }
    }

    /// Adds a piece of the stored object.
    pub(super) fn feed(&mut self, bytes: Bytes) {
        self.input = if self.input.is_empty() {
            bytes
        } else {
            [&self.input[..], &bytes[..]].concat().into()
        };
    }

    /// Says that the object has been fed whole.
    pub(super) fn end(&mut self) {
        self.ended = true;
    }

    /// Fills the room of `block` as far as the input reaches.
    pub(super) fn fill(&mut self, block: &mut Block) -> Result<Filled, DecodeError> {
        let Some(compression) = self.detect()? else {
            return Ok(Filled::Hungry);
        };
        while !block.room().is_empty() {
            let step = match &mut self.inflater {
                Some(inflater) => inflater
                    .step(&self.input, block.room())
                    .map_err(|fault| self.failed(fault))?,
                None => copy(&self.input, block.room()),
            };
            if step
                == (Step {
                    read: 0,
                    written: 0,
                })
            {
                return self.starved(compression);
            }
            let _ = self.input.split_to(step.read);
            block.advance(step.written);
            self.stored += step.read as u64;
            self.decoded += step.written as u64;
            self.check_limits()?;
        }
        Ok(Filled::Full)
    }

    fn starved(&self, compression: Compression) -> Result<Filled, DecodeError> {
        if !self.ended {
            return Ok(Filled::Hungry);
        }
        if self
            .inflater
            .as_ref()
            .is_some_and(|inflater| !inflater.is_complete())
        {
            return Err(DecodeError::Truncated {
                object: self.object.clone(),
                compression: compression.name(),
                byte: self.stored + self.input.len() as u64,
            });
        }
        Ok(Filled::End)
    }

    /// The compression, once it is known.
    fn detect(&mut self) -> Result<Option<Compression>, DecodeError> {
        if self.compression.is_some() || (self.input.len() < MAGIC_BYTES && !self.ended) {
            return Ok(self.compression);
        }
        let named = Compression::of_name(&self.object);
        let found = Compression::of_magic(&self.input);
        if named != Compression::None && named != found {
            return Err(DecodeError::Mislabelled {
                object: self.object.clone(),
                compression: named.name(),
            });
        }
        self.compression = Some(found);
        self.inflater = found.inflater().map_err(|fault| self.failed(fault))?;
        Ok(self.compression)
    }

    fn check_limits(&self) -> Result<(), DecodeError> {
        let object = || self.object.clone();
        if self.decoded > self.max_object.0 {
            return Err(DecodeError::ObjectTooLarge {
                object: object(),
                limit: self.max_object,
            });
        }
        let allowed = self.stored.saturating_mul(u64::from(self.max_ratio));
        if self.inflater.is_some() && self.decoded > RATIO_FLOOR_BYTES && self.decoded > allowed {
            return Err(DecodeError::RatioTooHigh {
                object: object(),
                limit: self.max_ratio,
                decoded: ByteSize(self.decoded),
                stored: self.stored,
            });
        }
        Ok(())
    }

    fn failed(&self, fault: Fault) -> DecodeError {
        let object = self.object.clone();
        let compression = self.compression.map_or("compressed", Compression::name);
        match fault {
            Fault::Corrupt(detail) => DecodeError::Corrupt {
                object,
                compression,
                byte: self.stored,
                detail,
            },
            Fault::TrailingGarbage(ahead) => DecodeError::TrailingGarbage {
                object,
                compression,
                byte: self.stored + ahead as u64,
            },
        }
    }
}

fn copy(input: &[u8], output: &mut [u8]) -> Step {
    let moved = input.len().min(output.len());
    output[..moved].copy_from_slice(&input[..moved]);
    Step {
        read: moved,
        written: moved,
    }
}

#[cfg(test)]
mod tests;
