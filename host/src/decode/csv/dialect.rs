//! The syntax of an object, and one field in it.

use memchr::{memchr, memchr2};

use crate::decode::CsvOptions;
use crate::decode::inflate::without_ending;

/// The syntax of the records of an object. All signs are ASCII.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    quote: Option<u8>,
    escape: Option<u8>,
    pub(super) comment: Option<u8>,
    trims: bool,
}

/// The text of a field: `start..end` of its record, without quotes. Records are shorter than 4 GiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) form: Form,
}

/// The form of a field's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The text as it is.
    Plain,
    /// Text within quotes, with doubled quotes or escapes.
    Quoted,
    /// Text without quotes, with escapes.
    Escaped,
}

/// A field at the beginning of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldCut {
    /// A field; `after` is the index of the delimiter or line end after it, or the length of the text.
    Whole { span: Span, after: usize },
    /// The text ends within the quotes of the field.
    Open,
    /// The closing quote, before `after`, is followed by more text of the field.
    Stray { after: usize },
}

impl Dialect {
    /// The dialect of an object, by its key and the job.
    pub(super) fn new(object: &str, options: &CsvOptions) -> Self {
        let (_, ending) = without_ending(object).rsplit_once('.').unwrap_or_default();
        let by_name = if ending.eq_ignore_ascii_case("tsv") {
            '\t'
        } else {
            ','
        };
        Dialect {
            delimiter: options.delimiter.unwrap_or(by_name) as u8,
            quote: options.quote.map(|sign| sign as u8),
            escape: options.escape.map(|sign| sign as u8),
            comment: options.comment.map(|sign| sign as u8),
            trims: options.trim,
        }
    }

    /// Whether quotes alone have a meaning in fields, which are then read at full speed.
    pub(super) fn is_plain(&self) -> bool {
        self.escape.is_none() && !self.trims
    }

    /// The field at `start` of `text`. With `PLAIN`, the dialect [is plain](Dialect::is_plain).
    #[inline(always)]
    pub(super) fn field<const PLAIN: bool>(&self, text: &[u8], start: usize) -> FieldCut {
        let start = match PLAIN {
            true => start,
            false => self.after_blanks(text, start),
        };
        let first = text.get(start).copied();
        if first.is_some() && first == self.quote {
            return self.quoted::<PLAIN>(text, start);
        }
        let (after, form) = match self.escape {
            Some(escape) if !PLAIN => self.escaped_end(text, start, escape),
            _ => (self.plain_end(text, start), Form::Plain),
        };
        let end = match PLAIN {
            true => after,
            false => self.before_blanks(text, start, after),
        };
        FieldCut::Whole {
            span: span(start, end, form),
            after,
        }
    }

    #[inline(always)]
    fn quoted<const PLAIN: bool>(&self, text: &[u8], start: usize) -> FieldCut {
        let (Some(quote), from) = (self.quote, start + 1) else {
            return FieldCut::Open;
        };
        let (mut at, mut form) = (from, Form::Plain);
        loop {
            let found = match self.escape {
                Some(escape) if !PLAIN => memchr2(quote, escape, &text[at..]),
                _ => memchr(quote, &text[at..]),
            };
            let Some(found) = found else {
                return FieldCut::Open;
            };
            at += found + 1;
            let is_escape = !PLAIN && text[at - 1] != quote;
            match text.get(at) {
                Some(next) if is_escape => {
                    if self.is_escapable(*next) {
                        form = Form::Quoted;
                        at += 1;
                    }
                }
                None if is_escape => return FieldCut::Open,
                Some(next) if *next == quote => {
                    form = Form::Quoted;
                    at += 1;
                }
                _ => break,
            }
        }
        let span = span(from, at - 1, form);
        let after = match PLAIN {
            true => at,
            false => self.after_blanks(text, at),
        };
        match text.get(after) {
            Some(next) if *next != self.delimiter && !is_line_end(*next) => {
                FieldCut::Stray { after: at }
            }
            _ => FieldCut::Whole { span, after },
        }
    }

    /// Index of the delimiter or line end at or after `at`; the length of the text if there is none. Fields are short:
    /// comparing eight bytes at a time takes less time than `memchr3` takes to begin.
    #[inline(always)]
    pub(super) fn plain_end(&self, text: &[u8], mut at: usize) -> usize {
        const ONES: u64 = u64::from_ne_bytes([1; 8]);
        const TOPS: u64 = u64::from_ne_bytes([0x80; 8]);
        let all = |sign: u8| ONES * u64::from(sign);
        let (delimiters, feeds, returns) = (all(self.delimiter), all(b'\n'), all(b'\r'));
        // The lowest top bit that is set is that of a zero byte.
        let zeros = |word: u64| word.wrapping_sub(ONES) & !word & TOPS;
        while let Some(Some(word)) = text.get(at..).map(<[u8]>::first_chunk) {
            let word = u64::from_le_bytes(*word);
            let found = zeros(word ^ delimiters) | zeros(word ^ feeds) | zeros(word ^ returns);
            if found != 0 {
                return at + (found.trailing_zeros() / 8) as usize;
            }
            at += 8;
        }
        let ends = |byte: &u8| *byte == self.delimiter || is_line_end(*byte);
        let found = text[at..].iter().position(ends);
        found.map_or(text.len(), |found| at + found)
    }

    /// As [`plain_end`](Dialect::plain_end), in a field that may contain escapes.
    fn escaped_end(&self, text: &[u8], mut at: usize, escape: u8) -> (usize, Form) {
        let mut form = Form::Plain;
        while let Some(&byte) = text.get(at) {
            if byte == self.delimiter || is_line_end(byte) {
                break;
            }
            let next = text.get(at + 1).filter(|_| byte == escape);
            if next.is_some_and(|next| self.is_escapable(*next)) {
                form = Form::Escaped;
                at += 1;
            }
            at += 1;
        }
        (at, form)
    }

    /// Whether an escape before `byte` makes it part of a field.
    fn is_escapable(&self, byte: u8) -> bool {
        let sign = Some(byte);
        byte == self.delimiter || is_line_end(byte) || sign == self.quote || sign == self.escape
    }

    fn is_blank(&self, byte: u8) -> bool {
        matches!(byte, b' ' | b'\t') && byte != self.delimiter
    }

    fn after_blanks(&self, text: &[u8], at: usize) -> usize {
        let blanks = text[at..].iter().take_while(|byte| self.is_blank(**byte));
        if self.trims { at + blanks.count() } else { at }
    }

    fn before_blanks(&self, text: &[u8], start: usize, end: usize) -> usize {
        let last = text[start..end].iter().rev();
        let blanks = last.take_while(|byte| self.is_blank(**byte));
        if self.trims {
            end - blanks.count()
        } else {
            end
        }
    }

    /// Appends the text of a field to `into`, with its doubled quotes and escapes resolved.
    #[cold]
    pub(super) fn resolve(&self, field: &[u8], form: Form, into: &mut Vec<u8>) {
        let mut bytes = field.iter().copied().peekable();
        while let Some(byte) = bytes.next() {
            let doubled = form == Form::Quoted && Some(byte) == self.quote;
            let escaped = form != Form::Plain && Some(byte) == self.escape;
            let next = bytes.peek().copied();
            let next = next.filter(|next| doubled || (escaped && self.is_escapable(*next)));
            into.push(next.unwrap_or(byte));
            if next.is_some() {
                bytes.next();
            }
        }
    }
}

fn span(start: usize, end: usize, form: Form) -> Span {
    Span {
        start: start as u32,
        end: end as u32,
        form,
    }
}

pub(super) fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// Index of the first end of a line; `None` if there is none.
pub(super) fn line_end(text: &[u8]) -> Option<usize> {
    memchr2(b'\n', b'\r', text)
}
