//! Messages of a log, each of which is a record. Its value is one JSON object, with blanks and line feeds allowed
//! around and within it; in a raw format, any bytes.
//!
//! The values of a chunk are read without a copy; a zero byte follows each, so that no value continues in the next.
//! Serializers of a schema registry write a zero byte and the ID of the schema before the object: these five bytes are
//! skipped, since no JSON begins with a zero byte.

use std::sync::Arc;

use super::block::Block;
use super::json::skip_blanks;
use super::provenance::SourceBlock;
use super::reader::Paused;
use super::record::{NoValues, Record};
use super::rows::Rows;
use super::schemas::SCHEMA_PREFIX;
use super::text::not_utf8_at;
use super::{DecodeOptions, Rejected};
use crate::source::Messages;

/// The reason to reject a message that has the ID of a schema and is not JSON.
const NOT_JSON_OF_SCHEMA: &str = "not a JSON object after the ID of a schema: `decode.format = \"avro\"` with \
                                  `decode.registry` reads Avro";

/// Reads the messages of one chunk.
pub(super) struct MessageReader {
    messages: Arc<Messages>,
    block: Arc<Block>,
    max_record: usize,
    /// The format is raw: values are any bytes.
    is_raw: bool,
    /// Index of the next message.
    next: usize,
    has_begun: bool,
    source: SourceBlock,
}

impl MessageReader {
    pub(super) fn new(messages: Messages, options: &DecodeOptions) -> Self {
        let block = Arc::new(Block::of_messages(&messages));
        let messages = Arc::new(messages);
        let source = SourceBlock {
            source: messages.topic.clone(),
            partition: messages.partition,
            byte: None,
            text: None,
            header: None,
            messages: Some(messages.clone()),
        };
        MessageReader {
            block,
            messages,
            max_record: options.max_record.bytes(),
            is_raw: !options.format.has_paths(),
            next: 0,
            has_begun: false,
            source,
        }
    }

    /// Reads messages until the batch is full or all are read.
    pub(super) fn advance(&mut self, rows: &mut Rows) -> Paused {
        if !self.has_begun {
            if rows.is_heavy() {
                return Paused::Full;
            }
            let value_bytes = self.messages.value_bytes();
            rows.counts.stored_bytes += value_bytes;
            rows.counts.decoded_bytes += value_bytes;
            if !self.is_raw {
                rows.begin(&self.block, true);
            }
            self.has_begun = true;
        }
        while self.next < self.messages.len() {
            if rows.is_full() {
                return Paused::Full;
            }
            self.read(rows);
            self.next += 1;
        }
        Paused::Done
    }

    /// Reads the next message.
    fn read(&self, rows: &mut Rows) {
        let message = self.messages.get(self.next);
        let place = self.messages.place(self.next);
        let is_tombstone = place.is_none();
        let (start, end) = place.map_or((0, 0), |place| (place.start, place.end));
        let text = &self.block.text()[start..end];
        let refusal = match text.len() {
            _ if is_tombstone => None,
            length if length > self.max_record => Some(format!(
                "longer than {} bytes, the limit `decode.max_record`",
                self.max_record
            )),
            _ if self.is_raw => None,
            _ => self.check(start, end, rows),
        };
        if let Some(reason) = refusal {
            let position = self.source.position(message.offset, start);
            let rejected = Rejected::new(position, None, reason, Some(text));
            return rows.reject(rejected.with(Some(message.attached())), None);
        }
        let record = Record {
            block: &self.source,
            start,
            end,
            has_value: !is_tombstone,
            offset: message.offset,
            time_us: message.time_us,
            key: message.key,
            headers: message.headers,
        };
        match is_tombstone || self.is_raw {
            true => rows.accept_values(&self.block, &record, &NoValues),
            false => rows.accept(&self.block, &record),
        }
    }

    /// The reason to reject the value `start..end`, if there is one.
    fn check(&self, from: usize, end: usize, rows: &mut Rows) -> Option<String> {
        let text = self.block.padded();
        let start = match text[from] {
            0 if end - from > SCHEMA_PREFIX => from + SCHEMA_PREFIX,
            _ => from,
        };
        let first = skip_blanks(text, start);
        match rows.parse(&self.block, first) {
            Ok(at) if skip_blanks(text, at) < end => {
                Some("something follows the JSON object".to_owned())
            }
            Ok(_) if simdutf8::basic::from_utf8(&text[start..end]).is_err() => {
                Some(not_utf8_at(&text[from..end]).1)
            }
            Ok(_) => None,
            Err(fault) if fault.at() >= end => Some("cut off".to_owned()),
            Err(fault) if fault.at() == first && start > from => {
                Some(NOT_JSON_OF_SCHEMA.to_owned())
            }
            Err(fault) => Some(fault.reason(fault.at() - from)),
        }
    }
}
