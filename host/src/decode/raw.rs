//! Records that are bytes without structure: the lines of an object, or each object as a whole.
//!
//! Raw records have no values at paths. The bytes of a line end before its line feed and include a carriage return. An
//! empty line is a record too, so that ordinals are the line numbers of the writer. A line feed at the end of an object
//! ends its last line. A byte order mark is part of the first record.

use super::record::NoValues;
use super::rows::Rows;
use super::text::{ObjectCursor, Records, Stopped, Text, too_long};
use super::{DecodeError, DecodeOptions};

/// Framing of the format `raw-lines`: each line is a record.
pub(super) struct RawLines {
    max_record: usize,
    /// Number of bytes of the current line that were searched for a line feed in earlier blocks.
    searched: usize,
}

/// Framing of the format `raw-objects`: the whole object is a record, even if it is empty.
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
        cursor: &mut ObjectCursor,
        rows: &mut Rows,
    ) -> Result<Stopped, DecodeError> {
        let len = text.block.len();
        loop {
            if rows.is_full() {
                return Ok(Stopped::Full);
            }
            if cursor.is_skipping() {
                if !cursor.skip(text, true, rows) {
                    return Ok(Stopped::Exhausted);
                }
                // The line feed ends the record that was skipped.
                text.at = (text.at + 1).min(len);
                continue;
            }
            let from = text.at + std::mem::take(&mut self.searched);
            let found = memchr::memchr(b'\n', &text.block.text()[from..]);
            let end = found.map_or(len, |found| from + found);
            if end - text.at > self.max_record {
                cursor.give_up(text.at, 0, too_long(self.max_record));
                continue;
            }
            if found.is_none() && (!text.last || end == text.at) {
                self.searched = end - text.at;
                return Ok(Stopped::Exhausted);
            }
            rows.accept_values(&text.block, &cursor.record(text.at, end), &NoValues);
            text.at = (end + 1).min(len);
        }
    }
}

impl Records for RawObject {
    const SKIPS_MARK: bool = false;

    fn read(
        &mut self,
        text: &mut Text,
        cursor: &mut ObjectCursor,
        rows: &mut Rows,
    ) -> Result<Stopped, DecodeError> {
        let len = text.block.len();
        if rows.is_full() {
            return Ok(Stopped::Full);
        }
        if !self.is_read && len - text.at > self.max_record {
            cursor.give_up(text.at, 0, too_long(self.max_record));
            self.is_read = true;
        }
        if cursor.is_skipping() {
            cursor.skip(text, false, rows);
        } else if text.last && !self.is_read {
            rows.accept_values(&text.block, &cursor.record(text.at, len), &NoValues);
            text.at = len;
            self.is_read = true;
        }
        Ok(Stopped::Exhausted)
    }
}
