//! The reader of formats whose records are consecutive text, block by block.
//!
//! Compressed content is inflated into blocks; pieces of content that is not compressed become blocks without a copy. A
//! record that is cut by the end of a block is carried to the front of another, which grows with the record, so that
//! the record is parsed again only each time its length doubles. Between two pieces this is a small block, a *bridge*,
//! which ends where the record ends. A record is rejected only once the reason no longer depends on the bytes that
//! follow, so the result does not depend on where blocks or chunks end.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use super::block::{Block, Blocks};
use super::inflate::{Content, Filled};
use super::provenance::SourceBlock;
use super::reader::{Paused, Reader};
use super::record::Record;
use super::rows::Rows;
use super::{DecodeError, Position, QUARANTINE_BYTES, Rejected};
use crate::source::{ArchivedRecord, Headers, Object};

pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Framing: finds the records of a text.
pub(super) trait Records: Send {
    /// Whether a byte order mark at the beginning of the text is skipped.
    const SKIPS_MARK: bool = true;

    /// Prepares for the records of a block.
    fn begin(&mut self, _block: &Block, _rows: &mut Rows) {}

    /// Reads the records of a block from `text.at` on, and moves `text.at` after each. Returns once the batch is full,
    /// or once the rest of the block is at most the beginning of a record; the last block is read to its end.
    ///
    /// # Errors
    /// If the object as a whole is unusable.
    fn read(
        &mut self,
        text: &mut Text,
        cursor: &mut ObjectCursor,
        rows: &mut Rows,
    ) -> Result<Stopped, DecodeError>;
}

/// The reason for which reading a block stopped.
pub(super) enum Stopped {
    Full,
    /// The rest, if there is one, is the beginning of a record.
    Exhausted,
}

/// A block whose records are being read.
pub(super) struct Text {
    pub(super) block: Arc<Block>,
    /// Index of the next byte to read.
    pub(super) at: usize,
    /// Number of bytes carried from the text before to the front of this one.
    carried: usize,
    /// Whether the block is the last of the object.
    pub(super) last: bool,
    /// Length of the beginning that is known to be UTF-8.
    utf8: usize,
}

impl Text {
    /// Whether the text from `at` to `end` is UTF-8.
    #[inline]
    pub(super) fn is_utf8(&self, end: usize) -> bool {
        end <= self.utf8 || simdutf8::basic::from_utf8(&self.block.text()[self.at..end]).is_ok()
    }
}

/// The position of a reader in its object.
pub(super) struct ObjectCursor {
    /// Source and offset of the block being read.
    pub(super) block: SourceBlock,
    time_us: Option<i64>,
    /// Ordinal of the first record.
    first: i64,
    /// Ordinal of the next record.
    ordinal: i64,
    /// A record that was given up, while its end is searched.
    broken: Option<Broken>,
}

/// A record that was given up, up to where its end was searched.
struct Broken {
    position: Position,
    reason: String,
    beginning: Vec<u8>,
    length_bytes: u64,
    /// Number of bytes to skip before the end is searched.
    left: usize,
}

impl ObjectCursor {
    pub(super) fn of_object(object: &Object) -> Self {
        let source = object.key.as_str().into();
        ObjectCursor::new(source, Some(0), 0, Some(object.modified_us))
    }

    /// The cursor of a record that was taken out of its object: it keeps the position that it had there.
    pub(super) fn of_record(record: &ArchivedRecord) -> Self {
        ObjectCursor::new(record.source.clone(), record.byte, record.offset, None)
    }

    fn new(source: Arc<str>, byte: Option<u64>, ordinal: i64, time_us: Option<i64>) -> Self {
        ObjectCursor {
            block: SourceBlock {
                source,
                partition: None,
                byte,
                text: None,
                header: None,
                messages: None,
            },
            time_us,
            first: ordinal,
            ordinal,
            broken: None,
        }
    }

    /// Whether no record was read yet.
    pub(super) fn is_at_first(&self) -> bool {
        self.ordinal == self.first
    }

    /// The position of the next record, if it begins at `at` of the block.
    pub(super) fn next_position(&self, at: usize) -> Position {
        self.block.position(self.ordinal, at)
    }

    /// The error of a text that ends at `at` of the block, within an array or a document.
    pub(super) fn truncated(&self, at: usize) -> DecodeError {
        DecodeError::Truncated {
            object: self.block.source.to_string(),
            compression: "JSON",
            byte: self.block.byte.unwrap_or(0) + at as u64,
        }
    }

    /// The next record: bytes `start..end` of the block.
    #[inline]
    pub(super) fn record(&mut self, start: usize, end: usize) -> Record<'_> {
        let offset = self.ordinal;
        self.ordinal += 1;
        Record {
            block: &self.block,
            start,
            end,
            has_value: true,
            offset,
            time_us: self.time_us,
            key: None,
            headers: Headers::default(),
        }
    }

    /// Rejects the next record, bytes `text.at..end`, whose last `swallowed_bytes` may contain other records.
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
        let position = record.block.position(record.offset, text.at);
        let bytes = &text.block.text()[text.at..end];
        let rejected = Rejected {
            swallowed_bytes,
            ..Rejected::new(position, None, reason, Some(bytes))
        };
        rows.reject(rejected.below(self.block.header.clone()), None);
    }

    /// Gives up the next record, which begins at `at` and does not end within the next `known` bytes.
    #[cold]
    pub(super) fn give_up(&mut self, at: usize, known: usize, reason: String) {
        self.broken = Some(Broken {
            position: self.block.position(self.ordinal, at),
            reason,
            beginning: Vec::new(),
            length_bytes: 0,
            left: known,
        });
        self.ordinal += 1;
    }

    /// Whether a record was given up and its end is not yet found.
    #[inline]
    pub(super) fn is_skipping(&self) -> bool {
        self.broken.is_some()
    }

    /// Rejects the next record, at `position`, without its bytes.
    #[cold]
    pub(super) fn refuse_unread(
        &mut self,
        position: Position,
        length_bytes: u64,
        reason: String,
        rows: &mut Rows,
    ) {
        self.ordinal += 1;
        let rejected = Rejected {
            length_bytes,
            ..Rejected::new(position, None, reason, None)
        };
        rows.reject(rejected, None);
    }

    /// Adds the next bytes to the record that was given up.
    #[cold]
    pub(super) fn pass(&mut self, bytes: &[u8]) {
        if let Some(broken) = &mut self.broken {
            let room = QUARANTINE_BYTES - broken.beginning.len();
            let kept = &bytes[..bytes.len().min(room)];
            broken.beginning.extend_from_slice(kept);
            broken.length_bytes += bytes.len() as u64;
        }
    }

    /// Passes over the rest of the text, which follows a fault at `fault` bytes from the beginning of the record that was
    /// given up; rejects the record at the end of the object, with all bytes after the fault as swallowed.
    #[cold]
    pub(super) fn pass_rest(&mut self, text: &mut Text, fault: u64, rows: &mut Rows) {
        self.pass(&text.block.text()[text.at..]);
        text.at = text.block.len();
        let length_bytes = self.broken.as_ref().map_or(0, |broken| broken.length_bytes);
        if text.last {
            self.reject_broken(length_bytes.saturating_sub(fault), rows);
        }
    }

    /// Rejects the record that was given up, whose last `swallowed_bytes` may contain other records.
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
        rows.reject(rejected.below(self.block.header.clone()), None);
    }

    /// Skips a record that was given up, to the end of its line, or of the object if the format has no lines. False if
    /// that end is not in this block and more blocks follow.
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

/// The reason to reject a record that is longer than `decode.max_record`.
pub(super) fn too_long(max_record: usize) -> String {
    format!("longer than {max_record} bytes, the limit `decode.max_record`")
}

/// The reason to reject a `record` of an object, which is not UTF-8.
#[cold]
pub(super) fn not_utf8(record: &[u8]) -> String {
    let (at, reason) = not_utf8_at(record);
    match record.get(at) {
        // The sign of what has no character in the encoding of the object.
        None | Some(0xff) => reason,
        Some(_) => {
            format!("{reason}: `decode.encoding = \"windows-1252\"` reads Windows-1252 and Latin-1")
        }
    }
}

/// The first byte of `record` that is not UTF-8, and the reason to reject the record.
#[cold]
pub(super) fn not_utf8_at(record: &[u8]) -> (usize, String) {
    let at = match str::from_utf8(record) {
        Ok(_) => record.len(),
        Err(error) => error.valid_up_to(),
    };
    (at, format!("not UTF-8 at byte {at}"))
}

/// Reads one object as text.
pub(super) struct TextReader<R> {
    records: R,
    cursor: ObjectCursor,
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
                    let full = match self.records.read(&mut text, &mut self.cursor, rows)? {
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
    pub(super) fn new(cursor: ObjectCursor, content: Content, records: R) -> Self {
        TextReader {
            records,
            cursor,
            content,
            stage: Stage::Filling(Block::default()),
        }
    }

    /// Bytes in memory of a record whose end is not yet read.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        match &self.stage {
            Stage::Filling(block) => block.len(),
            Stage::Reading(_) | Stage::Done => 0,
        }
    }

    /// The next text to read; `Err` with the block if more bytes are needed.
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
        let is_first = self.cursor.block.byte == Some(0);
        let marked = R::SKIPS_MARK && is_first && block.text().starts_with(BYTE_ORDER_MARK);
        Text {
            at: if marked { BYTE_ORDER_MARK.len() } else { 0 },
            block,
            carried,
            last,
            utf8,
        }
    }

    /// The block after `text`, of which all whole records were read. The rest of the text is carried to it, except
    /// after a bridge: the rest of the piece that the bridge led to is read without a copy.
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
        let byte = &mut self.cursor.block.byte;
        *byte = byte.map(|byte| byte + text.at as u64);
        blocks.give(text.block);
        Stage::Filling(block)
    }
}
