//! The bytes between JSON records: the brackets and commas of an array, commas and record separators.
//!
//! - *An array*: an opening bracket before the first record of an object, followed by a record or a closing bracket,
//!   opens an array whose elements are the records. After its end another one may begin.
//! - *A comma* may follow the closing brace of a record, within an array or not.
//! - *A record separator*, byte 0x1e of RFC 7464, may stand before a record that is no element.
//! - *A byte order mark* begins each of several files that were concatenated.
//!
//! Any other byte belongs to a record, which has to be an object.

use super::json::skip_blanks;
use super::search::is_blank;
use super::text::{BYTE_ORDER_MARK, Text};

/// Record separator of RFC 7464.
const RECORD_SEPARATOR: u8 = 0x1e;

/// The array around the records of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Array {
    /// An array may begin if there is no record yet.
    Possible,
    Open,
    Closed,
    /// Records are no elements of an array of their text.
    Impossible,
}

/// The meaning of the bytes at a place between records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Separated {
    /// They separate records, and were passed over.
    Passed,
    /// A record begins, valid or not.
    No,
    /// It depends on the bytes after the block.
    Unknown,
}

/// Reads what separates the records of an object.
#[derive(Debug)]
pub(super) struct Separators {
    pub(super) array: Array,
    /// The last byte before the block that is neither a blank nor a line feed; 0 if there is none.
    before_block: u8,
}

impl Separators {
    pub(super) fn new(array: Array) -> Self {
        Separators {
            array,
            before_block: 0,
        }
    }

    /// Ends a block; the next one begins at `text.at`.
    pub(super) fn end_block(&mut self, text: &Text) {
        self.before_block = self.before(text);
    }

    /// The last byte before `text.at` that is neither a blank nor a line feed; 0 if there is none.
    pub(super) fn before(&self, text: &Text) -> u8 {
        let mut before = text.block.text()[..text.at].iter().rev();
        let last = before.find(|byte| !is_blank(**byte) && **byte != b'\n');
        last.copied().unwrap_or(self.before_block)
    }

    /// Passes over the separator at `text.at`, if there is one. `is_first`: no record was read before.
    #[cold]
    pub(super) fn pass(&mut self, text: &mut Text, is_first: bool) -> Separated {
        let rest = &text.block.text()[text.at..];
        if rest.starts_with(BYTE_ORDER_MARK) {
            text.at += BYTE_ORDER_MARK.len();
            return Separated::Passed;
        }
        if BYTE_ORDER_MARK.starts_with(rest) && !text.last {
            return Separated::Unknown;
        }
        let is_one = match rest[0] {
            RECORD_SEPARATOR => matches!(self.array, Array::Possible | Array::Closed),
            b',' => self.before(text) == b'}',
            b']' if self.array == Array::Open => {
                self.array = Array::Closed;
                true
            }
            b'[' if self.may_open(is_first) => match self.opens(text) {
                Some(opens) => opens,
                None => return Separated::Unknown,
            },
            _ => false,
        };
        text.at += usize::from(is_one);
        match is_one {
            true => Separated::Passed,
            false => Separated::No,
        }
    }

    fn may_open(&self, is_first: bool) -> bool {
        match self.array {
            Array::Possible => is_first,
            Array::Closed => true,
            Array::Open | Array::Impossible => false,
        }
    }

    /// Whether the bracket at `text.at` opens an array of records; `None` if the bytes after the block decide. At the
    /// end of the object it does: an array that is cut off is no record.
    fn opens(&mut self, text: &Text) -> Option<bool> {
        let next = skip_blanks(text.block.padded(), text.at + 1);
        let opens = match text.block.text().get(next) {
            Some(byte) => matches!(byte, b'{' | b']'),
            None if text.last => true,
            None => return None,
        };
        if opens {
            self.array = Array::Open;
        }
        Some(opens)
    }
}
