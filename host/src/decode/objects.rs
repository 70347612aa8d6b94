//! Records framed by their own syntax: the content of an object, block by block.
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
use super::json::{LOOKAHEAD_BYTES, skip_blanks};
use super::provenance::Stretch;
use super::reader::Reader;
use super::rows::{Record, Rows};
use super::{DecodeError, DecodeOptions, Position, QUARANTINE_BYTES};
use crate::source::Object;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads one object.
pub(super) struct ObjectReader {
    time_us: i64,
    max_record: usize,
    content: Content,
    stage: Stage,
    /// Where the block stands in the object.
    stretch: Stretch,
    /// The ordinal of the next record.
    ordinal: i64,
    /// A broken record whose end is being looked for.
    broken: Option<Broken>,
}

enum Stage {
    Filling(Block),
    Reading(Text),
    Done,
}

/// A block to read records from.
struct Text {
    block: Arc<Block>,
    /// The next byte to read.
    at: usize,
    /// How many bytes were carried here from the text before.
    carried: usize,
    /// No bytes follow the block.
    last: bool,
    /// The length of the beginning that is known to be UTF-8.
    utf8: usize,
}

/// A record of which all is skipped up to its line's end.
struct Broken {
    position: Position,
    reason: String,
    beginning: Vec<u8>,
    length_bytes: u64,
}

/// Why reading a block stopped.
enum Stopped {
    Full,
    /// What is left, if anything, is the beginning of a record.
    Exhausted,
}

impl Reader for ObjectReader {
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
                    let full = match self.read(&mut text, rows) {
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

impl ObjectReader {
    pub(super) fn new(object: &Object, content: Content, options: &DecodeOptions) -> Self {
        ObjectReader {
            time_us: object.modified_us,
            max_record: options.max_record.bytes(),
            content,
            stage: Stage::Filling(Block::default()),
            stretch: Stretch {
                source: object.key.as_str().into(),
                partition: None,
                byte: Some(0),
                block: None,
            },
            ordinal: 0,
            broken: None,
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
        rows.begin(&text.block, false);
        Ok(Ok(text))
    }

    fn text(&self, block: Arc<Block>, carried: usize, last: bool) -> Text {
        let utf8 = match simdutf8::compat::from_utf8(block.text()) {
            Ok(_) => block.len(),
            Err(error) => error.valid_up_to(),
        };
        let marked = self.stretch.byte == Some(0) && block.text().starts_with(BYTE_ORDER_MARK);
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
        self.stretch.byte = self.stretch.byte.map(|byte| byte + text.at as u64);
        blocks.give(text.block);
        Stage::Filling(block)
    }

    /// Reads the records of a block.
    fn read(&mut self, text: &mut Text, rows: &mut Rows) -> Stopped {
        let len = text.block.len();
        loop {
            if rows.is_full() {
                return Stopped::Full;
            }
            if self.broken.is_some() {
                if !self.skip_broken(text, rows) {
                    return Stopped::Exhausted;
                }
                continue;
            }
            text.at = skip_blanks(text.block.padded(), text.at);
            if text.at >= len {
                return Stopped::Exhausted;
            }
            match rows.parse(&text.block, text.at) {
                // It reaches into the padding of a piece.
                Ok(end) if end > len => return Stopped::Exhausted,
                Ok(end) if end - text.at > self.max_record => {
                    self.broken = Some(self.begin_broken(text.at, None))
                }
                Ok(end) => {
                    self.take(text, end, rows);
                    text.at = end;
                }
                Err(fault) => {
                    let settled = text.last || fault.at() + LOOKAHEAD_BYTES <= len;
                    let too_long = fault.at() - text.at > self.max_record;
                    if !settled && !too_long {
                        return Stopped::Exhausted;
                    }
                    let reason = if fault.at() >= len {
                        "cut off"
                    } else {
                        fault.what().reason()
                    };
                    self.broken =
                        Some(self.begin_broken(text.at, Some(reason).filter(|_| !too_long)));
                }
            }
        }
    }

    /// Hands over a record that follows the grammar.
    fn take(&mut self, text: &Text, end: usize, rows: &mut Rows) {
        let record = Record {
            stretch: &self.stretch,
            start: text.at,
            end,
            offset: self.ordinal,
            time_us: Some(self.time_us),
            key: None,
            headers: &[],
        };
        self.ordinal += 1;
        if end > text.utf8 {
            let bytes = &text.block.text()[text.at..end];
            if simdutf8::basic::from_utf8(bytes).is_err() {
                let position = self.stretch.position(record.offset, text.at);
                return rows.reject(
                    position,
                    None,
                    "not UTF-8".to_owned(),
                    bytes,
                    bytes.len() as u64,
                );
            }
        }
        rows.accept(&text.block, &record);
    }

    /// Gives up the record at `at`: for `reason`, or for being too long.
    #[cold]
    fn begin_broken(&mut self, at: usize, reason: Option<&str>) -> Broken {
        let reason = match reason {
            Some(reason) => reason.to_owned(),
            None => format!(
                "longer than {} bytes, the limit `decode.max_record`",
                self.max_record
            ),
        };
        let position = self.stretch.position(self.ordinal, at);
        self.ordinal += 1;
        Broken {
            position,
            reason,
            beginning: Vec::new(),
            length_bytes: 0,
        }
    }

    /// Skips to the end of the broken record's line; false if that is not in this block and others follow.
    #[cold]
    fn skip_broken(&mut self, text: &mut Text, rows: &mut Rows) -> bool {
        let Some(broken) = &mut self.broken else {
            return true;
        };
        let rest = &text.block.text()[text.at..];
        let newline = memchr::memchr(b'\n', rest);
        let skipped = &rest[..newline.unwrap_or(rest.len())];
        let room = QUARANTINE_BYTES - broken.beginning.len();
        broken
            .beginning
            .extend_from_slice(&skipped[..skipped.len().min(room)]);
        broken.length_bytes += skipped.len() as u64;
        text.at += skipped.len();
        if newline.is_none() && !text.last {
            return false;
        }
        if let Some(Broken {
            position,
            reason,
            beginning,
            length_bytes,
        }) = self.broken.take()
        {
            rows.reject(position, None, reason, &beginning, length_bytes);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::json::Processor;
    use crate::decode::tests::support::{input, object, projection};
    use crate::schema::Kind;
    use crate::units::ByteSize;

    #[test]
    fn a_record_without_end_is_not_held_in_memory() {
        let options = DecodeOptions {
            max_record: ByteSize(1000),
            ..DecodeOptions::default()
        };
        let wanted = projection(vec![input("n", Kind::Int64)]);
        let mut rows = Rows::new(wanted, 10, Processor::detect()).unwrap();
        let mut blocks = Blocks::new(100);
        let content = Content::new("a", &options);
        let mut reader = ObjectReader::new(&object("a"), content, &options);
        reader.feed(b"{\"s\":\"".as_slice().into());
        for _ in 0..1000 {
            reader.feed(vec![b'x'; 1000].into());
            let paused = reader.advance(&mut rows, &mut blocks).unwrap();
            assert_eq!(paused, Paused::Hungry);
            let Stage::Filling(block) = &reader.stage else {
                panic!("it waits for more");
            };
            // The limit and two pieces.
            assert!(block.len() <= 3000, "{}", block.len());
        }
    }
}
