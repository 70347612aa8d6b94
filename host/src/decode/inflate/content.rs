//! The content of an object, decompressed piece by piece within the limits.
//!
//! Compressed data may contain compressed data, as that of CloudWatch Logs does once Firehose has compressed it again. The
//! first bytes within the first level tell so, and the limits hold for what each level writes. Text in another encoding
//! than UTF-8 is converted last: all offsets in an object are those of its text in UTF-8, without a byte order mark that
//! was converted.

use bytes::Bytes;

use super::chain::Chain;
use super::compression::Compression;
use super::detect::{self, MAGIC_BYTES, Promise};
use super::gzip;
use super::inflater::{Fault, Inflate, Step, copy};
use super::transcode::Transcoder;
use crate::decode::block::Block;
use crate::decode::{DecodeError, DecodeOptions, TextEncoding};
use crate::units::ByteSize;

/// Number of decompressed bytes that [`Content::head`] returns: enough to detect a format, or what is in its place.
const HEAD_BYTES: usize = 64;

/// The most levels of compression.
const MAX_LEVELS: usize = 2;

/// Decompressed size below which any ratio is allowed: a small object of one repeated record is not a bomb.
const RATIO_FLOOR_BYTES: u64 = 64 << 20;

/// The content of one object: stored bytes in, decompressed blocks out.
pub(in crate::decode) struct Content {
    object: String,
    max_object: ByteSize,
    max_ratio: u32,
    gzip: gzip::Library,
    /// The current piece, and the number of its bytes that were read.
    input: Bytes,
    at: usize,
    /// Whether the object ends with `input`.
    ended: bool,
    /// Whether [`Inflate::end`] was called.
    inflater_ended: bool,
    /// The settings of the job.
    setting: Compression,
    encoding: TextEncoding,
    /// The outer compression, once enough bytes are known; never [`Auto`](Compression::Auto).
    compression: Option<Compression>,
    /// Number of levels of compression found so far.
    levels: usize,
    /// Whether all levels and the encoding are known.
    is_known: bool,
    inflater: Option<Box<dyn Inflate>>,
    /// Bytes that were inflated for [`head`](Content::head) and are not yet given out.
    ahead: Vec<u8>,
    /// Stored bytes read.
    stored: u64,
    /// Decompressed bytes given out.
    decoded: u64,
}

/// The reason for which [`Content::fill`] returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::decode) enum Filled {
    /// The block is full.
    Full,
    /// More bytes of the object are needed.
    Hungry,
    /// The block has the last byte of the object.
    End,
}

impl Content {
    pub(in crate::decode) fn new(object: &str, options: &DecodeOptions) -> Self {
        Self::with_gzip(object, options, gzip::LIBRARIES[0])
    }

    /// Content that is inflated by the library `gzip`, if it is gzip.
    pub(super) fn with_gzip(object: &str, options: &DecodeOptions, gzip: gzip::Library) -> Self {
        Content {
            object: object.to_owned(),
            max_object: options.max_object,
            max_ratio: options.max_ratio,
            gzip,
            input: Bytes::new(),
            at: 0,
            ended: false,
            inflater_ended: false,
            setting: options.compression,
            encoding: match options.format.has_paths() {
                true => options.encoding,
                // Raw records are bytes.
                false => TextEncoding::Utf8,
            },
            compression: None,
            levels: 0,
            is_known: false,
            inflater: None,
            ahead: Vec::new(),
            stored: 0,
            decoded: 0,
        }
    }

    /// Content that was inflated within the limits before it is fed.
    pub(in crate::decode) fn inflated(object: &str) -> Self {
        let unlimited = DecodeOptions {
            max_object: ByteSize(u64::MAX),
            ..DecodeOptions::default()
        };
        Content {
            compression: Some(Compression::None),
            is_known: true,
            ..Self::new(object, &unlimited)
        }
    }

    /// Adds a piece of the stored object.
    pub(in crate::decode) fn feed(&mut self, bytes: Bytes) {
        self.input = if self.waiting().is_empty() {
            bytes
        } else {
            [self.waiting(), &bytes[..]].concat().into()
        };
        self.at = 0;
    }

    /// Bytes that are not yet read.
    fn waiting(&self) -> &[u8] {
        &self.input[self.at..]
    }

    /// Marks the end of the object.
    pub(in crate::decode) fn end(&mut self) {
        self.ended = true;
    }

    /// Whether the content is known to be given out as it is stored.
    pub(in crate::decode) fn is_plain(&self) -> bool {
        self.is_known && self.inflater.is_none()
    }

    /// The unread bytes of a piece as a block without a copy, if the content is not compressed and they are at least
    /// `least`.
    pub(in crate::decode) fn lend(&mut self, least: usize) -> Result<Option<Block>, DecodeError> {
        self.detect()?;
        let waiting = self.input.slice(self.at..);
        if !self.is_plain() || waiting.len() < least {
            return Ok(None);
        }
        let read = waiting.len();
        self.count(Step {
            read,
            written: read,
        })?;
        Ok(Block::lent(waiting))
    }

    /// Takes back the last `bytes` that were given out; false if they are not all of the current piece.
    pub(in crate::decode) fn take_back(&mut self, bytes: usize) -> bool {
        let can = self.is_plain() && bytes <= self.at;
        if can {
            self.at -= bytes;
            self.stored -= bytes as u64;
            self.decoded -= bytes as u64;
        }
        can
    }

    /// The first [`HEAD_BYTES`] of the decompressed content, or all of it if it is shorter, without giving them out;
    /// `None` if more bytes of the object are needed. To be called before any bytes are given out.
    pub(in crate::decode) fn head(&mut self) -> Result<Option<&[u8]>, DecodeError> {
        match self.detect()? {
            Some(compression) => self.peek(compression),
            None => Ok(None),
        }
    }

    /// The [`head`](Content::head) of what the levels found so far give.
    fn peek(&mut self, compression: Compression) -> Result<Option<&[u8]>, DecodeError> {
        if self.inflater.is_none() {
            let waiting = self.waiting();
            let known = self.ended || waiting.len() >= HEAD_BYTES;
            return Ok(known.then(|| &waiting[..waiting.len().min(HEAD_BYTES)]));
        }
        while self.ahead.len() < HEAD_BYTES {
            let mut room = [0; HEAD_BYTES];
            let step = self.step(&mut room[self.ahead.len()..])?;
            if step == Step::NONE {
                let is_whole = self.starved(compression)? == Filled::End;
                return Ok(is_whole.then_some(&self.ahead[..]));
            }
            let at = self.ahead.len();
            self.ahead.extend_from_slice(&room[at..at + step.written]);
        }
        Ok(Some(&self.ahead))
    }

    /// Decompresses into the room of `block`, as far as the input reaches.
    pub(in crate::decode) fn fill(&mut self, block: &mut Block) -> Result<Filled, DecodeError> {
        let Some(compression) = self.detect()? else {
            return Ok(Filled::Hungry);
        };
        if !self.ahead.is_empty() {
            let given = self.ahead.len().min(block.room().len());
            block.append(&self.ahead[..given]);
            self.ahead.drain(..given);
        }
        while !block.room().is_empty() {
            let step = self.step(block.room())?;
            if step == Step::NONE {
                return self.starved(compression);
            }
            block.advance(step.written);
        }
        Ok(Filled::Full)
    }

    /// Decompresses into the front of `room`.
    fn step(&mut self, room: &mut [u8]) -> Result<Step, DecodeError> {
        loop {
            let input = &self.input[self.at..];
            let step = match &mut self.inflater {
                Some(inflater) => inflater
                    .step(input, room)
                    .map_err(|fault| self.failed(fault))?,
                None => copy(input, room),
            };
            if step == Step::NONE && self.ended && !self.inflater_ended {
                self.inflater_ended = true;
                if let Some(inflater) = &mut self.inflater {
                    inflater.end().map_err(|fault| self.failed(fault))?;
                    continue;
                }
            }
            self.count(step)?;
            return Ok(step);
        }
    }

    fn count(&mut self, step: Step) -> Result<(), DecodeError> {
        self.at += step.read;
        self.stored += step.read as u64;
        self.decoded += step.written as u64;
        self.check_limits()
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
                byte: self.stored + self.waiting().len() as u64,
            });
        }
        Ok(Filled::End)
    }

    /// The outer compression, once all levels and the encoding are known.
    fn detect(&mut self) -> Result<Option<Compression>, DecodeError> {
        if self.is_known {
            return Ok(self.compression);
        }
        let Some(compression) = self.detect_outer()? else {
            return Ok(None);
        };
        loop {
            let may_nest =
                self.setting == Compression::Auto && (1..MAX_LEVELS).contains(&self.levels);
            let encoding = self.encoding;
            let Some(head) = self.peek(compression)? else {
                return Ok(None);
            };
            let found = match may_nest {
                true => detect::of_magic(head),
                false => Compression::None,
            };
            let transcoder = Transcoder::of(encoding, head);
            let inner = detect::inflater(found, self.gzip).map_err(|fault| self.failed(fault))?;
            if let Some(inner) = inner {
                self.levels += 1;
                self.put_within(inner, Some(found.name()));
                continue;
            }
            if let Some(transcoder) = transcoder {
                self.put_within(Box::new(transcoder), None);
            }
            self.is_known = true;
            return Ok(Some(compression));
        }
    }

    /// The outer compression, once enough stored bytes are known.
    fn detect_outer(&mut self) -> Result<Option<Compression>, DecodeError> {
        if self.compression.is_some() || (self.waiting().len() < MAGIC_BYTES && !self.ended) {
            return Ok(self.compression);
        }
        let promise = match self.setting {
            Compression::Auto => Promise::of_name(&self.object).0,
            set => Promise::One(set),
        };
        let head = self.waiting();
        let head = &head[..head.len().min(MAGIC_BYTES)];
        let Some(found) = detect::detect(promise, head) else {
            return Err(DecodeError::Mislabelled {
                object: self.object.clone(),
                compression: promise.name(),
            });
        };
        self.compression = Some(found);
        self.inflater = detect::inflater(found, self.gzip).map_err(|fault| self.failed(fault))?;
        self.levels = usize::from(self.inflater.is_some());
        Ok(self.compression)
    }

    /// Lets `inner` read what is given out so far.
    fn put_within(&mut self, inner: Box<dyn Inflate>, name: Option<&'static str>) {
        let ahead = std::mem::take(&mut self.ahead);
        self.decoded -= ahead.len() as u64;
        let ended = self.inflater_ended;
        self.inflater = Some(match self.inflater.take() {
            None => inner,
            Some(outer) => Box::new(Chain::new(outer, ended, inner, name, ahead)),
        });
    }

    fn check_limits(&self) -> Result<(), DecodeError> {
        let object = || self.object.clone();
        let within = self.inflater.as_ref();
        let within = within.map_or(0, |inflater| inflater.most_written());
        let decoded = self.decoded.max(within);
        if decoded > self.max_object.0 {
            return Err(DecodeError::ObjectTooLarge {
                object: object(),
                limit: self.max_object,
            });
        }
        let allowed = self.stored.saturating_mul(u64::from(self.max_ratio));
        if self.levels > 0 && decoded > RATIO_FLOOR_BYTES && decoded > allowed {
            return Err(DecodeError::RatioTooHigh {
                object: object(),
                limit: self.max_ratio,
                decoded: ByteSize(decoded),
                stored: self.stored,
            });
        }
        Ok(())
    }

    fn failed(&self, fault: Fault) -> DecodeError {
        let object = self.object.clone();
        let compression = self.compression.unwrap_or_default().name();
        match fault {
            Fault::Corrupt(detail) => DecodeError::Corrupt {
                object,
                compression,
                byte: self.stored,
                detail,
            },
            Fault::WindowTooLarge(limit) => DecodeError::WindowTooLarge { object, limit },
            Fault::Unsupported(detail) => DecodeError::Unsupported {
                object,
                compression,
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
