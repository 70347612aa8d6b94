//! JSON records framed by their own syntax: one ends where its brace closes.

use super::block::Block;
use super::json::{LOOKAHEAD_BYTES, skip_blanks};
use super::rows::Rows;
use super::search::{BLANKS, Ended, Found, Search, Step, is_blank};
use super::text::{Records, Source, Stopped, Text, too_long};
use super::{DecodeError, DecodeOptions};

/// The JSON objects of a text.
pub(super) struct JsonObjects {
    max_record: usize,
    /// Of a record that was given up.
    search: Option<Search>,
    /// Whether a line feed stands in front of the block, blanks aside.
    block_follows_line: bool,
    /// How far a line feed was looked for in the block, from a place in front of the text at hand.
    line: Option<Line>,
}

/// The end of a line, or of the block where the line goes on.
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

    /// Gives up the record at `text.at`, which has a fault `fault` bytes after its beginning.
    #[cold]
    fn give_up(&mut self, text: &Text, fault: usize, source: &mut Source, reason: String) {
        self.search = Some(Search::new(fault, self.follows_line(text)));
        source.give_up(text.at, 0, reason);
    }

    /// Whether a line feed stands in front of `text.at`, blanks aside.
    fn follows_line(&self, text: &Text) -> bool {
        let mut before = text.block.text()[..text.at].iter().rev();
        let last = before.find(|byte| !is_blank(**byte));
        last.map_or(self.block_follows_line, |last| *last == b'\n')
    }

    /// The line that `text.at` is on.
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

    /// Goes to the next block, which begins at `text.at`.
    fn exhausted(&mut self, text: &Text) -> Stopped {
        self.block_follows_line = self.follows_line(text);
        Stopped::Exhausted
    }

    /// Passes over a record that was given up; false if its end is not in this block and others follow.
    #[cold]
    fn skip(&mut self, text: &mut Text, source: &mut Source, rows: &mut Rows) -> bool {
        let line = self.line(text);
        let Some(search) = &mut self.search else {
            return true;
        };
        let ended = loop {
            let rest = &text.block.text()[text.at..line.end];
            let (passed, step) = search.next(rest, text.last || line.has_feed);
            source.pass(&rest[..passed]);
            text.at += passed;
            match step {
                Step::More => return false,
                Step::End if line.has_feed => break Ended::Line,
                Step::End => break Ended::Object,
                Step::Candidate(sign) => match found(text, self.max_record, rows) {
                    None => return false,
                    Some(found) if search.begins(sign, found) => break Ended::Record,
                    Some(_) => {}
                },
            }
        };
        source.reject_broken(search.swallowed_bytes(ended), rows);
        self.search = None;
        true
    }
}

/// What stands at `text.at`; `None` where that depends on what follows the block.
fn found(text: &Text, max_record: usize, rows: &mut Rows) -> Option<Found> {
    let len = text.block.len();
    match rows.check(&text.block, text.at) {
        // It reaches into the padding of a piece.
        Ok(end) if end > len => None,
        Ok(end) if end - text.at > max_record => Some(Found::Broken),
        Ok(end) => {
            let ahead = &text.block.text()[end..];
            let mut bytes = ahead.iter().take(BLANKS).copied();
            match bytes.find(|byte| !is_blank(*byte)) {
                None if ahead.len() < BLANKS && !text.last => None,
                next => Some(Found::Whole(next.filter(|next| *next != b'\n'))),
            }
        }
        Err(fault) => {
            let is_settled = text.last || fault.at() + LOOKAHEAD_BYTES <= len;
            let is_too_long = fault.at() - text.at > max_record;
            (is_settled || is_too_long).then_some(Found::Broken)
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
        source: &mut Source,
        rows: &mut Rows,
    ) -> Result<Stopped, DecodeError> {
        let len = text.block.len();
        loop {
            if rows.is_full() {
                return Ok(Stopped::Full);
            }
            if self.search.is_some() {
                if !self.skip(text, source, rows) {
                    return Ok(self.exhausted(text));
                }
                continue;
            }
            text.at = skip_blanks(text.block.padded(), text.at);
            if text.at >= len {
                // Not beyond it, where the padding of a piece is blank.
                text.at = len;
                return Ok(self.exhausted(text));
            }
            match rows.parse(&text.block, text.at) {
                // It reaches into the padding of a piece.
                Ok(end) if end > len => return Ok(self.exhausted(text)),
                Ok(end) if end - text.at > self.max_record => {
                    self.give_up(text, self.max_record, source, too_long(self.max_record));
                }
                Ok(end) if text.is_utf8(end) => {
                    rows.accept(&text.block, &source.record(text.at, end));
                    text.at = end;
                }
                Ok(end) => {
                    source.refuse(text, end, "not UTF-8".to_owned(), 0, rows);
                    text.at = end;
                }
                Err(fault) => {
                    let length = fault.at() - text.at;
                    let settled = text.last || fault.at() + LOOKAHEAD_BYTES <= len;
                    let is_too_long = length > self.max_record;
                    if !settled && !is_too_long {
                        return Ok(self.exhausted(text));
                    }
                    let reason = match fault.at() >= len {
                        _ if is_too_long => too_long(self.max_record),
                        true => "cut off".to_owned(),
                        false => fault.what().reason().to_owned(),
                    };
                    self.give_up(text, length.min(self.max_record), source, reason);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::block::Blocks;
    use crate::decode::decoding::Paused;
    use crate::decode::inflate::Content;
    use crate::decode::json::Processor;
    use crate::decode::reader::Reader;
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
        let source = Source::of_object(&object("a"));
        let mut reader = TextReader::new(source, content, JsonObjects::new(&options));
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
        let source = Source::of_object(&object("a"));
        let mut reader = TextReader::new(source, content, JsonObjects::new(&options));
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
