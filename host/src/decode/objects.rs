//! JSON records framed by their own syntax: one ends where its brace closes.

use super::block::Block;
use super::json::{LOOKAHEAD_BYTES, skip_blanks};
use super::rows::Rows;
use super::text::{Records, Source, Stopped, Text, too_long};
use super::{DecodeError, DecodeOptions};

/// The JSON objects of a text.
pub(super) struct JsonObjects {
    max_record: usize,
}

impl JsonObjects {
    pub(super) fn new(options: &DecodeOptions) -> Self {
        JsonObjects {
            max_record: options.max_record.bytes(),
        }
    }
}

impl Records for JsonObjects {
    fn begin(&mut self, block: &Block, rows: &mut Rows) {
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
            if source.is_skipping() {
                if !source.skip(text, true, rows) {
                    return Ok(Stopped::Exhausted);
                }
                continue;
            }
            text.at = skip_blanks(text.block.padded(), text.at);
            if text.at >= len {
                return Ok(Stopped::Exhausted);
            }
            match rows.parse(&text.block, text.at) {
                // It reaches into the padding of a piece.
                Ok(end) if end > len => return Ok(Stopped::Exhausted),
                Ok(end) if end - text.at > self.max_record => {
                    source.give_up(text.at, 0, too_long(self.max_record));
                }
                Ok(end) if text.is_utf8(end) => {
                    rows.accept(&text.block, &source.record(text.at, end));
                    text.at = end;
                }
                Ok(end) => {
                    source.refuse(text, end, "not UTF-8".to_owned(), rows);
                    text.at = end;
                }
                Err(fault) => {
                    let settled = text.last || fault.at() + LOOKAHEAD_BYTES <= len;
                    let is_too_long = fault.at() - text.at > self.max_record;
                    if !settled && !is_too_long {
                        return Ok(Stopped::Exhausted);
                    }
                    let reason = match fault.at() >= len {
                        _ if is_too_long => too_long(self.max_record),
                        true => "cut off".to_owned(),
                        false => fault.what().reason().to_owned(),
                    };
                    source.give_up(text.at, 0, reason);
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
        let mut reader = TextReader::new(&object("a"), content, JsonObjects::new(&options));
        reader.feed(b"{\"s\":\"".as_slice().into());
        for _ in 0..1000 {
            reader.feed(vec![b'x'; 1000].into());
            let paused = reader.advance(&mut rows, &mut blocks).unwrap();
            assert_eq!(paused, Paused::Hungry);
            // The limit and two pieces.
            assert!(reader.held() <= 3000, "{}", reader.held());
        }
    }
}
