//! Records that the source itself tells apart: each message's value is one JSON object and nothing else, blanks
//! and line feeds around and within it allowed; in a raw format, any bytes.
//!
//! Values are copied into blocks as the text of objects is, a zero byte behind each, so that none can go on in
//! the next.

use std::sync::Arc;

use super::DecodeOptions;
use super::block::{Block, Blocks};
use super::decoding::Paused;
use super::json::skip_blanks;
use super::provenance::Stretch;
use super::rows::{NoValues, Record, Rows};
use crate::source::Messages;

/// Reads the messages of one chunk.
pub(super) struct MessageReader {
    messages: Messages,
    max_record: usize,
    /// Values are bytes and nothing else.
    is_raw: bool,
    /// The next message to be read.
    next: usize,
    stretch: Stretch,
    /// Values copied into a block, and where in the list they begin.
    packed: Option<Packed>,
}

struct Packed {
    block: Arc<Block>,
    /// The place in the list of the message behind the last.
    until: usize,
    /// Where the next message's value begins.
    at: usize,
}

impl MessageReader {
    pub(super) fn new(messages: Messages, options: &DecodeOptions) -> Self {
        let stretch = Stretch {
            source: messages.topic.clone(),
            partition: messages.partition,
            byte: None,
            block: None,
        };
        MessageReader {
            messages,
            max_record: options.max_record.bytes(),
            is_raw: !options.format.has_paths(),
            next: 0,
            stretch,
            packed: None,
        }
    }

    /// Goes on until the batch is full or all was read.
    pub(super) fn advance(&mut self, rows: &mut Rows, blocks: &mut Blocks) -> Paused {
        loop {
            let Some(mut packed) = self.packed.take() else {
                if self.next == self.messages.list.len() {
                    return Paused::Done;
                }
                if rows.is_heavy() {
                    return Paused::Full;
                }
                self.packed = Some(self.pack(blocks, rows));
                continue;
            };
            while self.next < packed.until {
                if rows.is_full() {
                    self.packed = Some(packed);
                    return Paused::Full;
                }
                packed.at += self.read(&packed.block, packed.at, rows);
                self.next += 1;
            }
            blocks.give(packed.block);
        }
    }

    /// Copies as many values as fit into a block, at least one message's.
    fn pack(&self, blocks: &mut Blocks, rows: &mut Rows) -> Packed {
        let length = |at: usize| {
            self.messages.list[at]
                .value
                .as_ref()
                .map_or(0, |value| value.len())
        };
        let mut block = blocks.take(length(self.next) + 1);
        let mut value_bytes = 0;
        let mut until = self.next;
        while until < self.messages.list.len() && length(until) < block.room().len() {
            if let Some(value) = &self.messages.list[until].value {
                block.append(value);
                value_bytes += value.len() as u64;
            }
            block.append(&[0]);
            until += 1;
        }
        rows.counts.stored_bytes += value_bytes;
        rows.counts.decoded_bytes += value_bytes;
        let block = block.seal();
        rows.begin(&block, true);
        Packed {
            block,
            until,
            at: 0,
        }
    }

    /// Reads the next message, whose value begins at `start` of the block, and gives the length up to the next.
    fn read(&self, block: &Arc<Block>, start: usize, rows: &mut Rows) -> usize {
        let message = &self.messages.list[self.next];
        let length = message.value.as_ref().map_or(0, |value| value.len());
        let end = start + length;
        let text = &block.text()[start..end];
        let refusal = match &message.value {
            None if rows.needs_value() => Some("a tombstone: the record has no value".to_owned()),
            None => None,
            Some(_) if length > self.max_record => Some(format!(
                "longer than {} bytes, the limit `decode.max_record`",
                self.max_record
            )),
            Some(_) if self.is_raw => None,
            Some(_) => self.check(block, start, end, rows),
        };
        match refusal {
            Some(reason) => {
                let position = self.stretch.position(message.offset, start);
                rows.reject(position, None, reason, text, length as u64, None);
            }
            None => {
                let record = Record {
                    stretch: &self.stretch,
                    start,
                    end,
                    offset: message.offset,
                    time_us: message.time_us,
                    key: message.key.as_ref(),
                    headers: &message.headers,
                };
                match self.is_raw {
                    true => rows.accept_values(block, &record, &NoValues),
                    false => rows.accept(block, &record),
                }
            }
        }
        length + 1
    }

    /// What is wrong with the value at `start..end`.
    fn check(&self, block: &Block, start: usize, end: usize, rows: &mut Rows) -> Option<String> {
        let text = block.padded();
        let parsed = rows.parse(block, skip_blanks(text, start));
        match parsed {
            Ok(at) if skip_blanks(text, at) < end => {
                Some("something follows the JSON object".to_owned())
            }
            Ok(_) if simdutf8::basic::from_utf8(&text[start..end]).is_err() => {
                Some("not UTF-8".to_owned())
            }
            Ok(_) => None,
            Err(fault) if fault.at() >= end => Some("cut off".to_owned()),
            Err(fault) => Some(fault.what().reason().to_owned()),
        }
    }
}
