//! Lines that are not records: those at the beginning of an object that the job skips, and comments.

use super::dialect::{is_line_end, line_end};
use crate::decode::text::Text;

/// Skips lines, which may be longer than a block.
#[derive(Default)]
pub(super) struct Skipping {
    /// Number of lines that are still to be skipped.
    lines: u32,
}

impl Skipping {
    pub(super) fn of(lines: u32) -> Self {
        Skipping { lines }
    }

    /// Skips the line that begins at the position of the text.
    pub(super) fn begin_line(&mut self) {
        self.lines += 1;
    }

    pub(super) fn is_over(&self) -> bool {
        self.lines == 0
    }

    /// Moves `text` to the next line that is not skipped; false if that is beyond the block and more blocks follow.
    #[cold]
    pub(super) fn pass(&mut self, text: &mut Text) -> bool {
        while self.lines > 0 {
            let rest = &text.block.text()[text.at..];
            let Some(end) = line_end(rest) else {
                text.at = text.block.len();
                self.lines = if text.last { 0 } else { self.lines };
                return text.last;
            };
            let is_pair = match (rest[end], rest.get(end + 1)) {
                // A line feed may follow in the next block.
                (b'\r', None) if !text.last => {
                    text.at += end;
                    return false;
                }
                (b'\r', Some(b'\n')) => true,
                (byte, _) => !is_line_end(byte),
            };
            text.at += end + 1 + usize::from(is_pair);
            self.lines -= 1;
        }
        true
    }
}
