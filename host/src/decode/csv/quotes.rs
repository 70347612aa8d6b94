//! Stray quotes: quotes that do not end where their field ends.
//!
//! A quote that is never closed, or that was written by mistake, takes in line after line until another quote comes. So
//! in a record of several lines, each quote has to end where its field ends. One that does not is a *stray* quote: its
//! line is rejected, and the next line is read as a record. A quote that is closed on its own line does no harm to
//! other lines, and the text after it is part of the field.

use memchr::{memchr, memchr2};

use crate::decode::CsvOptions;

/// The delimiter and the quote of an object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quoting {
    delimiter: u8,
    quote: u8,
}

/// A field of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// Index of its first byte.
    pub(super) start: usize,
    /// Index after its last byte, quotes included.
    pub(super) end: usize,
    /// Whether its quote is open at the end of the record, or is closed on another line and followed by more text.
    pub(super) is_stray: bool,
}

impl Quoting {
    pub(super) fn new(options: &CsvOptions) -> Self {
        // They are ASCII.
        Quoting {
            delimiter: options.delimiter as u8,
            quote: options.quote as u8,
        }
    }

    /// The fields of a record, which is given without the end of its line.
    pub(super) fn fields(self, record: &[u8]) -> impl Iterator<Item = Field> {
        let mut next = Some(0);
        std::iter::from_fn(move || {
            let field = self.field(record, next?);
            next = (field.end < record.len()).then_some(field.end + 1);
            Some(field)
        })
    }

    fn field(self, record: &[u8], start: usize) -> Field {
        let end_from = |at: usize| {
            let found = memchr(self.delimiter, &record[at..]);
            found.map_or(record.len(), |found| at + found)
        };
        if record.get(start) != Some(&self.quote) {
            return Field {
                start,
                end: end_from(start),
                is_stray: false,
            };
        }
        let Some(closed) = self.closing(record, start + 1) else {
            return Field {
                start,
                end: record.len(),
                is_stray: true,
            };
        };
        let ends_there = record
            .get(closed)
            .is_none_or(|next| *next == self.delimiter);
        Field {
            start,
            end: end_from(closed),
            is_stray: !ends_there && line_end(&record[start..closed]).is_some(),
        }
    }

    /// The index after the quote that closes the one before `at`. A doubled quote does not close.
    fn closing(self, record: &[u8], mut at: usize) -> Option<usize> {
        loop {
            at += memchr(self.quote, &record[at..])? + 1;
            if record.get(at) != Some(&self.quote) {
                return Some(at);
            }
            at += 1;
        }
    }
}

/// Index of the end of the first line; `None` if there is only one.
pub(super) fn line_end(text: &[u8]) -> Option<usize> {
    memchr2(b'\n', b'\r', text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fields of a record, a `!` after those that are stray.
    fn fields(record: &str) -> Vec<String> {
        let quoting = Quoting::new(&CsvOptions::default());
        let text = |field: Field| {
            let mark = if field.is_stray { "!" } else { "" };
            format!("{}{mark}", &record[field.start..field.end])
        };
        quoting.fields(record.as_bytes()).map(text).collect()
    }

    #[test]
    fn a_quote_is_stray_where_it_takes_in_a_line_and_does_not_end_its_field() {
        assert_eq!(fields(""), [""]);
        assert_eq!(fields("a,,b\"c,"), ["a", "", "b\"c", ""]);
        assert_eq!(
            fields("\"a,b\",\"c\"\"\n,d\""),
            ["\"a,b\"", "\"c\"\"\n,d\""]
        );
        assert_eq!(fields("\"a\"b,c"), ["\"a\"b", "c"]);
        assert_eq!(fields("1,\"a\n2,\"b, c\""), ["1", "\"a\n2,\"b!", " c\""]);
        assert_eq!(fields("1,\"a\n2,\"\"b"), ["1", "\"a\n2,\"\"b!"]);
        assert_eq!(fields("1,\"a"), ["1", "\"a!"]);
    }
}
