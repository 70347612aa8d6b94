//! JSON records framed by their own syntax: a record ends with its closing brace.

use super::block::Block;
use super::json::{LOOKAHEAD_BYTES, skip_blanks};
use super::look::{self, LOOK_BYTES};
use super::rows::Rows;
use super::search::{BLANKS, Ended, Parsed, Search, Step, is_blank};
use super::text::{BYTE_ORDER_MARK, ObjectCursor, Records, Stopped, Text, not_utf8, too_long};
use super::{DecodeError, DecodeOptions};

/// Framing of the JSON objects of a text.
pub(super) struct JsonObjects {
    max_record: usize,
    /// The search for the end of a record that was given up.
    search: Option<Search>,
    /// Whether the last byte before the block that is not blank is a line feed.
    block_follows_line: bool,
    /// The line found last in the block.
    line: Option<Line>,
}

/// The end of a line, or of the block if the line continues in the next one.
#[derive(Clone, Copy)]
struct Line {
    end: usize,
    has_feed: bool,
}

impl JsonObjects {
    pub(super) fn new(options: &DecodeOptions) -> Self {
        JsonObjects {
            max_record: options.max_record.bytes(),
            search: None,
            block_follows_line: false,
            line: None,
        }
    }

    /// Gives up the record at `text.at`, which has a fault at `fault` bytes from its beginning.
    #[cold]
    fn give_up(&mut self, text: &Text, fault: usize, cursor: &mut ObjectCursor, reason: String) {
        self.search = Some(Search::new(fault, self.follows_line(text)));
        cursor.give_up(text.at, 0, reason);
    }

    /// Whether the last byte before `text.at` that is not blank is a line feed.
    fn follows_line(&self, text: &Text) -> bool {
        let mut before = text.block.text()[..text.at].iter().rev();
        let last = before.find(|byte| !is_blank(**byte));
        last.map_or(self.block_follows_line, |last| *last == b'\n')
    }

    /// The line that contains `text.at`.
    fn line(&mut self, text: &Text) -> Line {
        let known = self.line.filter(|line| text.at <= line.end);
        *self.line.insert(known.unwrap_or_else(|| {
            let rest = &text.block.text()[text.at..];
            let feed = memchr::memchr(b'\n', rest);
            Line {
                end: text.at + feed.unwrap_or(rest.len()),
                has_feed: feed.is_some(),
            }
        }))
    }

    /// Ends the reading of a block; the next one begins at `text.at`.
    fn exhausted(&mut self, text: &Text) -> Stopped {
        self.block_follows_line = self.follows_line(text);
        Stopped::Exhausted
    }

    /// Skips a record that was given up; false if its end is not in this block and more blocks follow.
    #[cold]
    fn skip(&mut self, text: &mut Text, cursor: &mut ObjectCursor, rows: &mut Rows) -> bool {
        let line = self.line(text);
        let Some(search) = &mut self.search else {
            return true;
        };
        let ended = loop {
            let rest = &text.block.text()[text.at..line.end];
            let (passed, step) = search.next(rest, text.last || line.has_feed);
            cursor.pass(&rest[..passed]);
            text.at += passed;
            match step {
                Step::More => return false,
                Step::End if line.has_feed => break Ended::Line,
                Step::End => break Ended::Object,
                Step::Candidate(sign) => match parsed(text, self.max_record, rows) {
                    None => return false,
                    Some(parsed) if search.begins(sign, parsed) => break Ended::Record,
                    Some(_) => {}
                },
            }
        };
        cursor.reject_broken(search.swallowed_bytes(ended), rows);
        self.search = None;
        true
    }
}

/// Parses the candidate at `text.at`; `None` if the result depends on bytes after the block.
fn parsed(text: &Text, max_record: usize, rows: &mut Rows) -> Option<Parsed> {
    let len = text.block.len();
    match rows.check(&text.block, text.at) {
        // The record continues in the padding of a piece.
        Ok(end) if end > len => None,
        Ok(end) if end - text.at > max_record => Some(Parsed::Broken),
        Ok(end) => {
            let ahead = &text.block.text()[end..];
            let mut bytes = ahead.iter().take(BLANKS).copied();
            match bytes.find(|byte| !is_blank(*byte)) {
                None if ahead.len() < BLANKS && !text.last => None,
                next => Some(Parsed::Whole(next.filter(|next| *next != b'\n'))),
            }
        }
        Err(fault) => {
            let is_settled = text.last || fault.at() + LOOKAHEAD_BYTES <= len;
            let is_too_long = fault.at() - text.at > max_record;
            (is_settled || is_too_long).then_some(Parsed::Broken)
        }
    }
}

impl Records for JsonObjects {
    fn begin(&mut self, block: &Block, rows: &mut Rows) {
        self.line = None;
        rows.begin(block, false);
    }

    fn read(
        &mut self,
        text: &mut Text,
        cursor: &mut ObjectCursor,
        rows: &mut Rows,
    ) -> Result<Stopped, DecodeError> {
        let len = text.block.len();
        loop {
            if rows.is_full() {
                return Ok(Stopped::Full);
            }
            if self.search.is_some() {
                if !self.skip(text, cursor, rows) {
                    return Ok(self.exhausted(text));
                }
                continue;
            }
            text.at = skip_blanks(text.block.padded(), text.at);
            if text.at >= len {
                // `skip_blanks` may have skipped blanks in the padding of a piece.
                text.at = len;
                return Ok(self.exhausted(text));
            }
            match rows.parse(&text.block, text.at) {
                // The record continues in the padding of a piece.
                Ok(end) if end > len => return Ok(self.exhausted(text)),
                Ok(end) if end - text.at > self.max_record => {
                    self.give_up(text, self.max_record, cursor, too_long(self.max_record));
                }
                Ok(end) if text.is_utf8(end) => {
                    rows.accept(&text.block, &cursor.record(text.at, end));
                    text.at = end;
                }
                Ok(end) => {
                    let reason = not_utf8(&text.block.text()[text.at..end]);
                    cursor.refuse(text, end, reason, 0, rows);
                    text.at = end;
                }
                Err(fault) => {
                    let length = fault.at() - text.at;
                    let ahead = match length {
                        0 => LOOK_BYTES,
                        _ => LOOKAHEAD_BYTES,
                    };
                    let settled = text.last || fault.at() + ahead <= len;
                    let is_too_long = length > self.max_record;
                    if !settled && !is_too_long {
                        return Ok(self.exhausted(text));
                    }
                    let rest = &text.block.text()[text.at..];
                    if length == 0 && rest.starts_with(BYTE_ORDER_MARK) {
                        // Another object begins, of those that were concatenated.
                        text.at += BYTE_ORDER_MARK.len();
                        continue;
                    }
                    let reason = match fault.at() >= len {
                        _ if is_too_long => too_long(self.max_record),
                        true => "cut off".to_owned(),
                        false => look::reason(&fault, text.at, rest),
                    };
                    self.give_up(text, length.min(self.max_record), cursor, reason);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::block::Blocks;
    use crate::decode::inflate::Content;
    use crate::decode::json::Processor;
    use crate::decode::reader::{Paused, Reader};
    use crate::decode::tests::support::{input, object, projection};
    use crate::decode::text::TextReader;
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
        let cursor = ObjectCursor::of_object(&object("a"));
        let mut reader = TextReader::new(cursor, content, JsonObjects::new(&options));
        reader.feed(b"{\"s\":\"".as_slice().into());
        for _ in 0..1000 {
            reader.feed(vec![b'x'; 1000].into());
            let paused = reader.advance(&mut rows, &mut blocks).unwrap();
            assert_eq!(paused, Paused::Hungry);
            // The limit and two pieces.
            assert!(reader.held() <= 3000, "{}", reader.held());
        }
    }

    #[test]
    fn what_follows_a_fault_is_not_held_in_memory() {
        let options = DecodeOptions {
            max_record: ByteSize(1000),
            ..DecodeOptions::default()
        };
        let wanted = projection(vec![input("n", Kind::Int64)]);
        let mut rows = Rows::new(wanted, 10, Processor::detect()).unwrap();
        let mut blocks = Blocks::new(100);
        let content = Content::new("a", &options);
        let cursor = ObjectCursor::of_object(&object("a"));
        let mut reader = TextReader::new(cursor, content, JsonObjects::new(&options));
        // The last text is the beginning of a record that does not end either.
        for text in ["{\"n\":01,", "}{\"s\":\""] {
            reader.feed(text.as_bytes().into());
            for _ in 0..1000 {
                reader.feed(vec![b'x'; 1000].into());
                let paused = reader.advance(&mut rows, &mut blocks).unwrap();
                assert_eq!(paused, Paused::Hungry);
                assert!(reader.held() <= 3000, "{}", reader.held());
            }
        }
        reader.end();
        assert_eq!(
            reader.advance(&mut rows, &mut blocks).unwrap(),
            Paused::Done
        );
        assert_eq!(rows.take().counts.rejected, 2);
    }
}
