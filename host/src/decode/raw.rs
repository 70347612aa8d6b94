//! Records that are bytes and nothing else: the lines of an object, or each object as a whole.
//!
//! They have no values at paths. A line's bytes are those in front of its line feed, a carriage return among them; an
//! empty line is a record too, so that the ordinals of records stay those that a writer of lines counted. An object
//! that ends with a line feed has no line behind it. A byte order mark belongs to the first record.

use super::rows::{NoValues, Rows};
use super::text::{Records, Source, Stopped, Text, too_long};
use super::{DecodeError, DecodeOptions};

/// Each line is a record.
pub(super) struct RawLines {
    max_record: usize,
    /// How much of the line at hand was looked through for its end in an earlier block.
    searched: usize,
}

/// The whole object is a record, an empty one too.
pub(super) struct RawObject {
    max_record: usize,
    is_read: bool,
}

impl RawLines {
    pub(super) fn new(options: &DecodeOptions) -> Self {
        RawLines {
            max_record: options.max_record.bytes(),
            searched: 0,
        }
    }
}

impl RawObject {
    pub(super) fn new(options: &DecodeOptions) -> Self {
        RawObject {
            max_record: options.max_record.bytes(),
            is_read: false,
        }
    }
}

impl Records for RawLines {
    const SKIPS_MARK: bool = false;

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
                // The line feed is the record's own.
                text.at = (text.at + 1).min(len);
                continue;
            }
            let from = text.at + std::mem::take(&mut self.searched);
            let found = memchr::memchr(b'\n', &text.block.text()[from..]);
            let end = found.map_or(len, |found| from + found);
            if end - text.at > self.max_record {
                source.give_up(text.at, 0, too_long(self.max_record));
                continue;
            }
            if found.is_none() && (!text.last || end == text.at) {
                self.searched = end - text.at;
                return Ok(Stopped::Exhausted);
            }
            rows.accept_values(&text.block, &source.record(text.at, end), &NoValues);
            text.at = (end + 1).min(len);
        }
    }
}

impl Records for RawObject {
    const SKIPS_MARK: bool = false;

    fn read(
        &mut self,
        text: &mut Text,
        source: &mut Source,
        rows: &mut Rows,
    ) -> Result<Stopped, DecodeError> {
        let len = text.block.len();
        if rows.is_full() {
            return Ok(Stopped::Full);
        }
        if !self.is_read && len - text.at > self.max_record {
            source.give_up(text.at, 0, too_long(self.max_record));
            self.is_read = true;
        }
        if source.is_skipping() {
            source.skip(text, false, rows);
        } else if text.last && !self.is_read {
            rows.accept_values(&text.block, &source.record(text.at, len), &NoValues);
            text.at = len;
            self.is_read = true;
        }
        Ok(Stopped::Exhausted)
    }
}
