//! JSON records framed by their own syntax: a record ends with its closing brace.
//!
//! Records are consecutive, with [`separators`](super::separators) between them or none. A line feed within a record is
//! a fault, unless the first record of the object is on several lines: it is whole only if line feeds are blanks, or
//! has a line feed between its opening brace and its first name. Then line feeds are blanks in all records of the
//! object.
//!
//! # Broken records
//! Where records are lines, [`search`](super::search) finds the end of a broken record. Records on several lines and
//! the elements of a document have no such end: the text from the fault to the end of the object is swallowed.
//!
//! # Truncated arrays
//! An object that ends within its array is truncated: an error, not a rejection.

use super::block::Block;
use super::json::{Fault, FaultKind, LOOKAHEAD_BYTES, skip_blanks};
use super::look::{self, LOOK_BYTES};
use super::record::NoValues;
use super::rows::Rows;
use super::search::{BLANKS, Ended, Parsed, Search, Step, is_blank};
use super::separators::{Array, Separated, Separators};
use super::text::{BYTE_ORDER_MARK, ObjectCursor, Records, Stopped, Text, not_utf8, too_long};
use super::{DecodeError, DecodeOptions};

/// Framing of the JSON objects of a text.
pub(super) struct JsonObjects {
    max_record: usize,
    /// The search for the end of a record that was given up.
    search: Option<Search>,
    /// The fault of a record that was given up and has no end before that of the object.
    lost: Option<u64>,
    /// Whether the last byte before the block that is not blank is a line feed.
    block_follows_line: bool,
    /// The line found last in the block.
    line: Option<Line>,
    separators: Separators,
    /// The records are elements of an array in a document, which has to be read to its end.
    is_inner: bool,
    /// Whether line feeds are blanks within records.
    has_lines: bool,
}

/// The end of a line, or of the block if the line continues in the next one.
#[derive(Clone, Copy)]
struct Line {
    end: usize,
    has_feed: bool,
}

/// The step after a place at which no record was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// Reading continues at the same or a later place.
    Read,
    /// The rest of the block is at most the beginning of a record.
    Block,
    /// The array of the document ends.
    Close,
}

impl JsonObjects {
    pub(super) fn new(options: &DecodeOptions) -> Self {
        JsonObjects {
            max_record: options.max_record.bytes(),
            search: None,
            lost: None,
            block_follows_line: false,
            line: None,
            separators: Separators::new(Array::Possible),
            is_inner: false,
            has_lines: false,
        }
    }

    /// Framing of one record that was taken out of its object.
    pub(super) fn of_record(options: &DecodeOptions) -> Self {
        JsonObjects {
            separators: Separators::new(Array::Impossible),
            ..JsonObjects::new(options)
        }
    }

    /// Framing of the elements of arrays in documents.
    pub(super) fn of_documents(options: &DecodeOptions) -> Self {
        JsonObjects {
            separators: Separators::new(Array::Impossible),
            is_inner: true,
            has_lines: true,
            ..JsonObjects::new(options)
        }
    }

    /// Begins with the elements of an array of a document, after its bracket.
    pub(super) fn open(&mut self) {
        self.separators.array = Array::Open;
    }

    /// Whether a record without an end was given up.
    pub(super) fn is_lost(&self) -> bool {
        self.lost.is_some()
    }

    /// Gives up the record at `text.at`, which has a fault at `fault` bytes from its beginning.
    #[cold]
    fn give_up(&mut self, text: &Text, fault: usize, cursor: &mut ObjectCursor, reason: String) {
        if self.has_lines {
            return self.lose(text, fault, cursor, reason);
        }
        let is_element = self.separators.array == Array::Open;
        self.search = Some(Search::new(fault, self.follows_line(text), is_element));
        cursor.give_up(text.at, 0, reason);
    }

    /// Gives up the record at `text.at` and all text after its fault, at `fault` bytes from its beginning.
    #[cold]
    pub(super) fn lose(
        &mut self,
        text: &Text,
        fault: usize,
        cursor: &mut ObjectCursor,
        reason: String,
    ) {
        self.lost = Some(fault as u64);
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
        self.separators.end_block(text);
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

    /// Reads records from `text.at` on; `None` at the end of the array of a document.
    pub(super) fn read_records(
        &mut self,
        text: &mut Text,
        cursor: &mut ObjectCursor,
        rows: &mut Rows,
    ) -> Result<Option<Stopped>, DecodeError> {
        let len = text.block.len();
        loop {
            if rows.is_full() {
                return Ok(Some(Stopped::Full));
            }
            if let Some(fault) = self.lost {
                cursor.pass_rest(text, fault, rows);
                return Ok(Some(self.exhausted(text)));
            }
            if self.search.is_some() {
                if !self.skip(text, cursor, rows) {
                    return Ok(Some(self.exhausted(text)));
                }
                continue;
            }
            text.at = skip_blanks(text.block.padded(), text.at);
            if text.at >= len {
                // `skip_blanks` may have skipped blanks in the padding of a piece.
                text.at = len;
                self.check_end(text, cursor)?;
                return Ok(Some(self.exhausted(text)));
            }
            let parsed = match text.block.text()[text.at] {
                b'{' => rows.parse(&text.block, text.at),
                _ => Err(Fault::no_object(text.at)),
            };
            match parsed {
                // The record continues in the padding of a piece.
                Ok(end) if end > len => return Ok(Some(self.exhausted(text))),
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
                Err(fault) => match self.after_fault(text, fault, cursor, rows)? {
                    Next::Read => {}
                    Next::Block => return Ok(Some(self.exhausted(text))),
                    Next::Close => return Ok(None),
                },
            }
        }
    }

    /// Decides what is at `text.at`, where no whole record begins.
    #[cold]
    fn after_fault(
        &mut self,
        text: &mut Text,
        fault: Fault,
        cursor: &mut ObjectCursor,
        rows: &mut Rows,
    ) -> Result<Next, DecodeError> {
        if fault.kind() == FaultKind::Object {
            match self.separators.pass(text, cursor.is_at_first()) {
                Separated::Passed if self.is_inner && self.separators.array == Array::Closed => {
                    return Ok(Next::Close);
                }
                Separated::Passed => return Ok(Next::Read),
                Separated::Unknown => return Ok(Next::Block),
                Separated::No => {}
            }
            if rows.is_of_topic() && matches!(self.separators.array, Array::Possible) {
                match starts_with_null(text) {
                    None => return Ok(Next::Block),
                    Some(false) => {}
                    Some(true) => {
                        let end = text.at + NULL.len();
                        let record = cursor.record(text.at, end).without_value();
                        rows.accept_values(&text.block, &record, &NoValues);
                        text.at = end;
                        return Ok(Next::Read);
                    }
                }
            }
        }
        let len = text.block.len();
        let length = fault.at() - text.at;
        let is_too_long = length > self.max_record;
        let ahead = match length {
            0 => LOOK_BYTES,
            _ => LOOKAHEAD_BYTES,
        };
        if !is_settled(text, fault, ahead) && !is_too_long {
            return Ok(Next::Block);
        }
        let rest = &text.block.text()[text.at..];
        if length == 0 && rest.starts_with(BYTE_ORDER_MARK) {
            // Another object begins, of those that were concatenated.
            text.at += BYTE_ORDER_MARK.len();
            return Ok(Next::Read);
        }
        if !self.has_lines && cursor.is_at_first() && is_at_line_feed(text, fault) {
            match self.has_lines_within(text, fault, rows) {
                None => return Ok(Next::Block),
                Some(false) => {}
                Some(true) => {
                    self.has_lines = true;
                    rows.begin(&text.block, true);
                    return Ok(Next::Read);
                }
            }
        }
        let reason = match fault.at() >= len {
            _ if is_too_long => too_long(self.max_record),
            true if self.separators.array == Array::Open => return Err(cursor.truncated(len)),
            true => "cut off".to_owned(),
            false => look::reason(&fault, text.at, rest),
        };
        self.give_up(text, length.min(self.max_record), cursor, reason);
        Ok(Next::Read)
    }

    /// Whether the record at `text.at`, which has its first fault at a line feed, is on several lines; `None` if the
    /// bytes after the block decide.
    fn has_lines_within(&self, text: &Text, feed: Fault, rows: &mut Rows) -> Option<bool> {
        let begins_with_feed = text.block.text()[text.at + 1..feed.at()]
            .iter()
            .all(|byte| is_blank(*byte));
        let end = match rows.check(&text.block, text.at, true) {
            // Of a longer one no more is looked at than a block may have.
            Ok(end) if end - text.at > self.max_record => end,
            Ok(end) => return (end <= text.block.len()).then_some(true),
            Err(fault) if is_settled(text, fault, LOOKAHEAD_BYTES) => fault.at(),
            Err(fault) if fault.at() - text.at > self.max_record => fault.at(),
            Err(_) => return None,
        };
        // Beyond the first byte of the next line that is not blank, at least a quote was read.
        let first = skip_blanks(text.block.padded(), feed.at());
        Some(begins_with_feed && end > first)
    }

    /// Checks that the object does not end within an array.
    fn check_end(&self, text: &Text, cursor: &ObjectCursor) -> Result<(), DecodeError> {
        let is_open = text.last && self.separators.array == Array::Open;
        // The bracket may be part of a rejection.
        let is_closed = !self.is_inner && self.separators.before(text) == b']';
        match is_open && !is_closed {
            true => Err(cursor.truncated(text.at)),
            false => Ok(()),
        }
    }
}

/// The text of a tombstone.
const NULL: &[u8] = b"null";

/// Whether `null` is at `text.at`, up to a blank or the end; `None` if the bytes after the block decide.
fn starts_with_null(text: &Text) -> Option<bool> {
    let rest = &text.block.text()[text.at..];
    if rest.len() <= NULL.len() && NULL.starts_with(rest) && !text.last {
        return None;
    }
    let after = rest.strip_prefix(NULL);
    Some(after.is_some_and(|after| after.first().is_none_or(u8::is_ascii_whitespace)))
}

/// Whether a fault does not depend on the bytes after the block, if it depends on those `ahead`.
fn is_settled(text: &Text, fault: Fault, ahead: usize) -> bool {
    text.last || fault.at() + ahead <= text.block.len()
}

/// Whether the fault is that a line feed is outside of the strings of a record.
fn is_at_line_feed(text: &Text, fault: Fault) -> bool {
    let byte = text.block.text().get(fault.at());
    byte == Some(&b'\n') && fault.kind() != FaultKind::ControlCharacter
}

/// Parses the candidate at `text.at`; `None` if the result depends on bytes after the block.
fn parsed(text: &Text, max_record: usize, rows: &mut Rows) -> Option<Parsed> {
    let len = text.block.len();
    match rows.check(&text.block, text.at, false) {
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
            let is_too_long = fault.at() - text.at > max_record;
            (is_settled(text, fault, LOOKAHEAD_BYTES) || is_too_long).then_some(Parsed::Broken)
        }
    }
}

impl Records for JsonObjects {
    fn begin(&mut self, block: &Block, rows: &mut Rows) {
        self.line = None;
        rows.begin(block, self.has_lines);
    }

    fn read(
        &mut self,
        text: &mut Text,
        cursor: &mut ObjectCursor,
        rows: &mut Rows,
    ) -> Result<Stopped, DecodeError> {
        // Only the elements of a document have an end before that of the text.
        let stopped = self.read_records(text, cursor, rows)?;
        Ok(stopped.unwrap_or(Stopped::Exhausted))
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
