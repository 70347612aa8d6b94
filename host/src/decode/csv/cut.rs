//! A record, cut into fields.

use super::dialect::{Dialect, FieldCut, Form, Span, line_end};

/// The most columns of an object.
pub(super) const MAX_COLUMNS: usize = 1 << 16;

/// Cuts records into fields.
pub(super) struct Cutter {
    pub(super) dialect: Dialect,
    /// The fields of the record cut last, at most [`MAX_COLUMNS`].
    pub(super) spans: Vec<Span>,
    /// Number of its further fields.
    beyond: usize,
    /// Whether a field has doubled quotes or escapes.
    pub(super) has_encoded: bool,
}

/// The result of cutting a record from the front of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// A record: the index of its end, and of the next record.
    Record { end: usize, next: usize },
    /// The beginning of a record; `open`: the index of a quote that is not closed in it.
    Incomplete { open: Option<usize> },
    /// A record with a quote at `quote` that is closed before `after`, where its field does not end.
    Stray { quote: usize, after: usize },
}

impl Cutter {
    pub(super) fn new(dialect: Dialect) -> Self {
        Cutter {
            dialect,
            spans: Vec::with_capacity(64),
            beyond: 0,
            has_encoded: false,
        }
    }

    /// Number of fields of the record cut last.
    pub(super) fn fields(&self) -> usize {
        self.spans.len() + self.beyond
    }

    /// Cuts the record at the front of `text` into fields. `is_last`: the object ends with `text`.
    pub(super) fn cut(&mut self, text: &[u8], is_last: bool) -> Cut {
        match self.dialect.is_plain() {
            true => self.cut_as::<true>(text, is_last),
            false => self.cut_as::<false>(text, is_last),
        }
    }

    #[inline(always)]
    fn cut_as<const PLAIN: bool>(&mut self, text: &[u8], is_last: bool) -> Cut {
        let dialect = self.dialect;
        (self.beyond, self.has_encoded) = (0, false);
        self.spans.clear();
        let mut at = 0;
        loop {
            let (span, after) = match dialect.field::<PLAIN>(text, at) {
                FieldCut::Whole { span, after } => (span, after),
                FieldCut::Open => return Cut::Incomplete { open: Some(at) },
                FieldCut::Stray { after } => return Cut::Stray { quote: at, after },
            };
            self.has_encoded |= span.form != Form::Plain;
            if self.spans.len() < MAX_COLUMNS {
                self.spans.push(span);
            } else {
                self.beyond += 1;
            }
            at = after + 1;
            match text.get(after) {
                Some(next) if *next == dialect.delimiter => {}
                Some(_) => {
                    return Cut::Record {
                        end: after,
                        next: at,
                    };
                }
                None if is_last => {
                    return Cut::Record {
                        end: after,
                        next: after,
                    };
                }
                None => return Cut::Incomplete { open: None },
            }
        }
    }

    /// Swallowed bytes of a record whose number of fields is not `width`, but `fields`.
    #[cold]
    pub(super) fn swallowed_bytes(&self, record: &[u8], fields: usize, width: usize) -> u64 {
        let from = if is_double(fields, width) {
            self.field_ends(record).nth(width - 1)
        } else {
            self.line_of_width(record, width)
        };
        from.map_or(0, |from| (record.len() - from) as u64)
    }

    /// Index of the first line of a record, after its own first line, that has `width` fields.
    fn line_of_width(&self, record: &[u8], width: usize) -> Option<usize> {
        let mut at = line_end(record)? + 1;
        loop {
            let rest = &record[at..];
            let end = line_end(rest);
            let line = &rest[..end.unwrap_or(rest.len())];
            if !line.is_empty() && self.field_ends(line).count() == width {
                return Some(at);
            }
            at += end? + 1;
        }
    }

    /// Index after each field of a record, which is given without the end of its line. A stray quote is text.
    pub(super) fn field_ends(&self, record: &[u8]) -> impl Iterator<Item = usize> {
        let mut next = Some(0);
        std::iter::from_fn(move || {
            let end = match self.dialect.field::<false>(record, next?) {
                FieldCut::Whole { after, .. } => after,
                FieldCut::Stray { after } => {
                    let found = memchr::memchr(self.dialect.delimiter, &record[after..]);
                    found.map_or(record.len(), |found| after + found)
                }
                FieldCut::Open => record.len(),
            };
            next = (end < record.len()).then_some(end + 1);
            Some(end)
        })
    }
}

/// Whether a record of `fields` fields may be two records of `width` fields on one line.
pub(super) fn is_double(fields: usize, width: usize) -> bool {
    width > 1 && fields + 1 >= 2 * width
}
