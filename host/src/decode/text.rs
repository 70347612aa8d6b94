//! The content of an object as text, block by block, for formats whose records stand in it one behind another.
//!
//! What is compressed is inflated into blocks; other pieces are blocks as they are. A record that the end of a block
//! cuts is carried to the front of another, which grows with it, so that it is parsed again only at every doubling.
//! From one piece to the next this is a small block, a bridge, that ends where the record does. What is wrong with a
//! record is said only once it no longer depends on what follows; so the result does not depend on where blocks or
//! chunks end.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use super::block::{Block, Blocks};
use super::decoding::Paused;
use super::inflate::{Content, Filled};
use super::provenance::Stretch;
use super::reader::Reader;
use super::rows::{Record, Rows};
use super::{DecodeError, Position, QUARANTINE_BYTES, Rejected};
use crate::source::{ArchivedRecord, Headers, Object};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Tells the records of a text apart.
pub(super) trait Records: Send {
    /// Whether a byte order mark in front of the text belongs to no record.
    const SKIPS_MARK: bool = true;

    /// Looks at a block before its records are read.
    fn begin(&mut self, _block: &Block, _rows: &mut Rows) {}

    /// Reads the records of a block from `text.at` on, and moves that behind those which were read. It comes back
    /// because the batch is full, or because what is left of the block is at most the beginning of a record; of the
    /// last block nothing is left.
    fn read(
        &mut self,
        text: &mut Text,
        source: &mut Source,
        rows: &mut Rows,
    ) -> Result<Stopped, DecodeError>;
}

/// Why reading a block stopped.
pub(super) enum Stopped {
    Full,
    /// What is left, if anything, is the beginning of a record.
    Exhausted,
}

/// A block to read records from.
pub(super) struct Text {
    pub(super) block: Arc<Block>,
    /// The next byte to read.
    pub(super) at: usize,
    /// How many bytes were carried here from the text before.
    carried: usize,
    /// No bytes follow the block.
    pub(super) last: bool,
    /// The length of the beginning that is known to be UTF-8.
    utf8: usize,
}

impl Text {
    /// Whether the text from `at` to `end` is UTF-8.
    #[inline]
    pub(super) fn is_utf8(&self, end: usize) -> bool {
        end <= self.utf8 || simdutf8::basic::from_utf8(&self.block.text()[self.at..end]).is_ok()
    }
}

/// The object, and how far it was read.
pub(super) struct Source {
    /// Where the block stands in the object.
    pub(super) stretch: Stretch,
    time_us: Option<i64>,
    /// The ordinal of the next record.
    ordinal: i64,
    /// A record that was given up, and whose end is being looked for.
    broken: Option<Broken>,
}

/// A record that was given up, as far as its end was looked for.
struct Broken {
    position: Position,
    reason: String,
    beginning: Vec<u8>,
    length_bytes: u64,
    /// How many bytes are skipped before the end is looked for.
    left: usize,
}

impl Source {
    pub(super) fn of_object(object: &Object) -> Self {
        let source = object.key.as_str().into();
        Source::new(source, Some(0), 0, Some(object.modified_us))
    }

    /// A record that was taken out of its object stands where it stood there.
    pub(super) fn of_record(record: &ArchivedRecord) -> Self {
        Source::new(record.source.clone(), record.byte, record.offset, None)
    }

    fn new(source: Arc<str>, byte: Option<u64>, ordinal: i64, time_us: Option<i64>) -> Self {
        Source {
            stretch: Stretch {
                source,
                partition: None,
                byte,
                block: None,
                header: None,
                messages: None,
            },
            time_us,
            ordinal,
            broken: None,
        }
    }

    /// The next record, which is `start..end` of the block.
    #[inline]
    pub(super) fn record(&mut self, start: usize, end: usize) -> Record<'_> {
        let offset = self.ordinal;
        self.ordinal += 1;
        Record {
            stretch: &self.stretch,
            start,
            end,
            has_value: true,
            offset,
            time_us: self.time_us,
            key: None,
            headers: Headers::default(),
        }
    }

    /// Refuses the next record, which is `text.at..end`, and in whose last `swallowed_bytes` others may be lost.
    #[cold]
    pub(super) fn refuse(
        &mut self,
        text: &Text,
        end: usize,
        reason: String,
        swallowed_bytes: u64,
        rows: &mut Rows,
    ) {
        let record = self.record(text.at, end);
        let position = record.stretch.position(record.offset, text.at);
        let bytes = &text.block.text()[text.at..end];
        let rejected = Rejected {
            swallowed_bytes,
            ..Rejected::new(position, None, reason, Some(bytes))
        };
        rows.reject(rejected.below(self.stretch.header.clone()), None);
    }

    /// Gives up the next record, which begins at `at` and whose end is unknown, but not within the next `known` bytes.
    #[cold]
    pub(super) fn give_up(&mut self, at: usize, known: usize, reason: String) {
        self.broken = Some(Broken {
            position: self.stretch.position(self.ordinal, at),
            reason,
            beginning: Vec::new(),
            length_bytes: 0,
            left: known,
        });
        self.ordinal += 1;
    }

    /// Whether a record was given up whose end is to be skipped to.
    #[inline]
    pub(super) fn is_skipping(&self) -> bool {
        self.broken.is_some()
    }

    /// Takes the next bytes for those of the record that was given up.
    #[cold]
    pub(super) fn pass(&mut self, bytes: &[u8]) {
        if let Some(broken) = &mut self.broken {
            let room = QUARANTINE_BYTES - broken.beginning.len();
            let kept = &bytes[..bytes.len().min(room)];
            broken.beginning.extend_from_slice(kept);
            broken.length_bytes += bytes.len() as u64;
        }
    }

    /// Rejects the record that was given up, in whose last `swallowed_bytes` others may be lost.
    #[cold]
    pub(super) fn reject_broken(&mut self, swallowed_bytes: u64, rows: &mut Rows) {
        let Some(broken) = self.broken.take() else {
            return;
        };
        let rejected = Rejected {
            length_bytes: broken.length_bytes,
            swallowed_bytes,
            ..Rejected::new(
                broken.position,
                None,
                broken.reason,
                Some(&broken.beginning),
            )
        };
        rows.reject(rejected.below(self.stretch.header.clone()), None);
    }

    /// Skips to the end of the line, or of the object where records have no lines, of a record that was given up;
    /// false if that is not in this block and others follow.
    #[cold]
    pub(super) fn skip(&mut self, text: &mut Text, has_lines: bool, rows: &mut Rows) -> bool {
        let Some(broken) = &mut self.broken else {
            return true;
        };
        let rest = &text.block.text()[text.at..];
        let known = broken.left.min(rest.len());
        broken.left -= known;
        let newline = memchr::memchr(b'\n', &rest[known..]).filter(|_| has_lines);
        let end = newline.map_or(rest.len(), |at| known + at);
        self.pass(&rest[..end]);
        text.at += end;
        if newline.is_none() && !text.last {
            return false;
        }
        self.reject_broken(0, rows);
        true
    }
}

/// Why a record is refused that is longer than the limit.
pub(super) fn too_long(max_record: usize) -> String {
    format!("longer than {max_record} bytes, the limit `decode.max_record`")
}

/// Reads one object.
pub(super) struct TextReader<R> {
    records: R,
    source: Source,
    content: Content,
    stage: Stage,
}

enum Stage {
    Filling(Block),
    Reading(Text),
    Done,
}

impl<R: Records> Reader for TextReader<R> {
    fn feed(&mut self, bytes: Bytes) {
        self.content.feed(bytes);
    }

    fn end(&mut self) {
        self.content.end();
    }

    fn advance(&mut self, rows: &mut Rows, blocks: &mut Blocks) -> Result<Paused, DecodeError> {
        loop {
            self.stage = match std::mem::replace(&mut self.stage, Stage::Done) {
                Stage::Filling(block) => match self.fill(block, rows, blocks)? {
                    Ok(text) => Stage::Reading(text),
                    Err(block) => {
                        self.stage = Stage::Filling(block);
                        return Ok(Paused::Hungry);
                    }
                },
                Stage::Reading(mut text) => {
                    let full = match self.records.read(&mut text, &mut self.source, rows)? {
                        Stopped::Full => true,
                        Stopped::Exhausted => rows.is_heavy(),
                    };
                    if full {
                        self.stage = Stage::Reading(text);
                        return Ok(Paused::Full);
                    }
                    self.next_block(text, rows, blocks)
                }
                Stage::Done => return Ok(Paused::Done),
            };
        }
    }
}

impl<R: Records> TextReader<R> {
    pub(super) fn new(source: Source, content: Content, records: R) -> Self {
        TextReader {
            records,
            source,
            content,
            stage: Stage::Filling(Block::default()),
        }
    }

    /// How much is held of a record whose end was not met yet.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        match &self.stage {
            Stage::Filling(block) => block.len(),
            Stage::Reading(_) | Stage::Done => 0,
        }
    }

    /// The next text to read; the block again where more bytes are needed for it.
    fn fill(
        &mut self,
        mut block: Block,
        rows: &mut Rows,
        blocks: &mut Blocks,
    ) -> Result<Result<Text, Block>, DecodeError> {
        let (carried, began) = (block.len(), Instant::now());
        let lent = match carried {
            0 => self.content.lend(blocks.least_lent())?,
            _ => None,
        };
        let filled = if let Some(lent) = lent {
            block = lent;
            Filled::Full
        } else {
            if block.capacity() == 0 {
                block = blocks.take(0);
            }
            self.content.fill(&mut block)?
        };
        rows.spent.inflate += began.elapsed();
        if filled == Filled::Hungry {
            return Ok(Err(block));
        }
        let began = Instant::now();
        let text = self.text(block.seal(), carried, filled == Filled::End);
        rows.spent.index += began.elapsed();
        self.records.begin(&text.block, rows);
        Ok(Ok(text))
    }

    fn text(&self, block: Arc<Block>, carried: usize, last: bool) -> Text {
        let utf8 = match simdutf8::compat::from_utf8(block.text()) {
            Ok(_) => block.len(),
            Err(error) => error.valid_up_to(),
        };
        let is_first = self.source.stretch.byte == Some(0);
        let marked = R::SKIPS_MARK && is_first && block.text().starts_with(BYTE_ORDER_MARK);
        Text {
            at: if marked { BYTE_ORDER_MARK.len() } else { 0 },
            block,
            carried,
            last,
            utf8,
        }
    }

    /// Goes on behind a text, all whole records of which were read. What is left is carried along, but for a piece
    /// that was bridged to: the rest of that is read where it lies.
    fn next_block(&mut self, text: Text, rows: &mut Rows, blocks: &mut Blocks) -> Stage {
        let read = if text.last { text.block.len() } else { text.at };
        rows.counts.decoded_bytes += read as u64;
        if text.last {
            blocks.give(text.block);
            return Stage::Done;
        }
        let mut carried = text.block.rest(text.at);
        let is_bridge = text.carried > 0 && text.at >= text.carried;
        if is_bridge && self.content.take_back(carried.len()) {
            carried = &[];
        }
        let mut block = match carried.len() {
            0 => Block::default(),
            carried if self.content.is_plain() => blocks.bridge(carried),
            carried => blocks.take(carried),
        };
        block.append(carried);
        let byte = &mut self.source.stretch.byte;
        *byte = byte.map(|byte| byte + text.at as u64);
        blocks.give(text.block);
        Stage::Filling(block)
    }
}
