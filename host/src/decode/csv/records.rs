//! The text of an object cut into records.

use bytes::Bytes;

use super::cut::{Cut, Cutter, MAX_COLUMNS, is_double};
use super::dialect::{Dialect, is_line_end, line_end};
use super::fields::{Fields, Resolved};
use super::header::{Header, unusable};
use super::lines::Skipping;
use crate::decode::rows::Rows;
use crate::decode::text::{
    BYTE_ORDER_MARK, ObjectCursor, Records, Stopped, Text, not_utf8, too_long,
};
use crate::decode::{CsvOptions, DecodeError, DecodeOptions, QUARANTINE_BYTES};

/// Framing of the CSV records of one object.
pub(in crate::decode) struct CsvRecords {
    object: String,
    options: CsvOptions,
    cutter: Cutter,
    resolved: Resolved,
    max_record: usize,
    skipping: Skipping,
    /// The source of the header.
    header_source: HeaderSource,
    /// The header, once it is read.
    header: Option<Header>,
    /// The line of the header in the object, which concatenated objects repeat; empty if there is none.
    header_line: Vec<u8>,
}

/// The source of an object's header.
enum HeaderSource {
    /// The setting `decode.csv.columns`.
    Columns,
    /// The first record of the object.
    FirstRecord,
    /// The header line that the quarantine kept with a record; `None` if it was too long.
    Line(Option<Bytes>),
}

/// The part of a record up to the end of the line on which its stray quote opens.
struct StrayLine {
    quote: usize,
    end: usize,
    /// Whether the quote is closed on that line.
    is_closed: bool,
}

impl CsvRecords {
    /// The framing of an object.
    pub(in crate::decode) fn new(object: &str, options: &DecodeOptions) -> Self {
        let header_source = match options.csv.header {
            true => HeaderSource::FirstRecord,
            false => HeaderSource::Columns,
        };
        let skipping = Skipping::of(options.csv.skip_lines);
        Self::with(header_source, skipping, object, options)
    }

    /// The framing of records that were taken out of an object with this `header`, if it has one.
    pub(in crate::decode) fn below(
        header: Option<Bytes>,
        object: &str,
        options: &DecodeOptions,
    ) -> Self {
        let header_source = match options.csv.header {
            true => HeaderSource::Line(header),
            false => HeaderSource::Columns,
        };
        Self::with(header_source, Skipping::default(), object, options)
    }

    fn with(
        header_source: HeaderSource,
        skipping: Skipping,
        object: &str,
        options: &DecodeOptions,
    ) -> Self {
        CsvRecords {
            object: object.to_owned(),
            options: options.csv.clone(),
            cutter: Cutter::new(Dialect::new(object, &options.csv)),
            resolved: Resolved::default(),
            max_record: options.max_record.bytes(),
            skipping,
            header_source,
            header: None,
            header_line: Vec::new(),
        }
    }

    /// Adds the record `text.at..end`, or reads it as the header if there is none yet.
    #[inline]
    fn take(
        &mut self,
        text: &Text,
        end: usize,
        cursor: &mut ObjectCursor,
        rows: &mut Rows,
    ) -> Result<(), DecodeError> {
        let is_text = text.is_utf8(end);
        let record = &text.block.text()[text.at..end];
        let Some(header) = &self.header else {
            self.header = Some(self.read_header(record, is_text, rows)?);
            self.header_line = record.to_vec();
            cursor.block.header = kept(record);
            return Ok(());
        };
        if record == self.header_line {
            rows.counts.repeated_headers += 1;
            return Ok(());
        }
        if !is_text || self.cutter.fields() != header.width {
            self.refuse(text, end, is_text, cursor, rows);
            return Ok(());
        }
        if self.cutter.has_encoded {
            let (spans, dialect) = (&self.cutter.spans, &self.cutter.dialect);
            self.resolved.of(record, spans, header, dialect);
        }
        let fields = Fields {
            header,
            nulls: &self.options.null,
            record,
            spans: &self.cutter.spans,
            resolved: &self.resolved,
        };
        rows.accept_values(&text.block, &cursor.record(text.at, end), &fields);
        Ok(())
    }

    /// Rejects the record `text.at..end`, which is not UTF-8 or has another number of fields than the header.
    #[cold]
    fn refuse(
        &self,
        text: &Text,
        end: usize,
        is_text: bool,
        cursor: &mut ObjectCursor,
        rows: &mut Rows,
    ) {
        let record = &text.block.text()[text.at..end];
        let (fields, width) = (self.cutter.fields(), self.width());
        let reason = match is_text {
            false => not_utf8(record),
            true => format!(
                "{}, and its object has {}",
                count(fields, "field"),
                count(width, "column")
            ),
        };
        let swallowed_bytes = match fields == width {
            true => 0,
            false => self.cutter.swallowed_bytes(record, fields, width),
        };
        cursor.refuse(text, end, reason, swallowed_bytes, rows);
    }

    /// Rejects the lines up to that of a stray quote. If they have as many fields as two records, they may contain both,
    /// and the bytes after the quote are swallowed.
    #[cold]
    fn refuse_line(
        &self,
        text: &mut Text,
        stray: StrayLine,
        reason: String,
        cursor: &mut ObjectCursor,
        rows: &mut Rows,
    ) {
        let record = &text.block.text()[text.at..text.at + stray.end];
        let from_quote = &record[stray.quote..];
        let fields = match stray.is_closed {
            true => self.cutter.field_ends(from_quote).count(),
            // Nobody knows which of the delimiters are within quotes.
            false => memchr::memchr_iter(self.cutter.dialect.delimiter, from_quote).count() + 1,
        };
        let swallowed_bytes = match is_double(self.cutter.fields() + fields, self.width()) {
            true => from_quote.len(),
            false => 0,
        };
        let end = text.at + stray.end;
        cursor.refuse(text, end, reason, swallowed_bytes as u64, rows);
        text.at = end;
    }

    /// Rejects what begins at `text.at` and is not a record within `window`, all of the text that a record may have;
    /// false if that depends on bytes after the block.
    ///
    /// # Errors
    /// If it should be the header.
    #[cold]
    fn refuse_beginning(
        &self,
        cut: Cut,
        window: usize,
        text: &mut Text,
        cursor: &mut ObjectCursor,
        rows: &mut Rows,
    ) -> Result<bool, DecodeError> {
        let is_too_long = window > self.max_record;
        let rest = &text.block.text()[text.at..][..window];
        let (quote, closed, reason) = match cut {
            Cut::Stray { quote, after } => (Some(quote), after, stray(quote)),
            Cut::Incomplete { open } if is_too_long => (open, window, too_long(self.max_record)),
            // The object ends, since the caller waits for more otherwise.
            Cut::Incomplete { open } => (open, window, open_quote(open.unwrap_or_default())),
            Cut::Record { .. } => return Ok(true),
        };
        let line = quote.map(|quote| (quote, line_end(&rest[quote..])));
        let line = match line {
            Some((quote, None)) if !is_too_long && text.last => Some((quote, rest.len())),
            Some((_, None)) if !is_too_long => return Ok(false),
            Some((quote, Some(end))) => Some((quote, quote + end)),
            Some((_, None)) | None => None,
        };
        if self.header.is_none() {
            return Err(unusable(&self.object, reason));
        }
        match line {
            Some((quote, end)) => {
                let is_closed = closed < end;
                let line = StrayLine {
                    quote,
                    end,
                    is_closed,
                };
                self.refuse_line(text, line, reason, cursor, rows);
            }
            // The bytes are searched only once: records that begin within them may be as long again.
            None => cursor.give_up(text.at, window, too_long(self.max_record)),
        }
        Ok(true)
    }

    fn width(&self) -> usize {
        self.header.as_ref().map_or(0, |header| header.width)
    }

    /// The header in the record cut last.
    fn read_header(
        &mut self,
        record: &[u8],
        is_text: bool,
        rows: &Rows,
    ) -> Result<Header, DecodeError> {
        if self.cutter.fields() > MAX_COLUMNS {
            let detail = format!("it has more than {MAX_COLUMNS} columns");
            return Err(unusable(&self.object, detail));
        }
        if !is_text {
            return Err(unusable(
                &self.object,
                format!("it is {}", not_utf8(record)),
            ));
        }
        let mut names = Vec::with_capacity(self.cutter.fields());
        for span in &self.cutter.spans {
            let mut name = Vec::new();
            let field = &record[span.start as usize..span.end as usize];
            self.cutter.dialect.resolve(field, span.form, &mut name);
            names.push(String::from_utf8_lossy(&name).into_owned());
        }
        Header::new(&names, &self.object, rows)
    }

    /// Reads the header from the job or from the line kept in the quarantine.
    fn read_header_source(
        &mut self,
        cursor: &mut ObjectCursor,
        rows: &Rows,
    ) -> Result<(), DecodeError> {
        let line = match &self.header_source {
            HeaderSource::FirstRecord => return Ok(()),
            HeaderSource::Columns => {
                self.header = Some(Header::new(&self.options.columns, &self.object, rows)?);
                return Ok(());
            }
            HeaderSource::Line(line) => line.clone(),
        };
        let Some(line) = line else {
            let detail = "it is not kept with the record that was taken out of the object";
            return Err(unusable(&self.object, detail));
        };
        match self.cutter.cut(&line, true) {
            Cut::Record { .. } => {}
            Cut::Stray { quote, .. } => return Err(unusable(&self.object, stray(quote))),
            Cut::Incomplete { open } => {
                return Err(unusable(&self.object, open_quote(open.unwrap_or_default())));
            }
        }
        let is_text = simdutf8::basic::from_utf8(&line).is_ok();
        self.header = Some(self.read_header(&line, is_text, rows)?);
        cursor.block.header = Some(line);
        Ok(())
    }

    /// Moves `text` to the next record, past empty lines, comments and byte order marks, with each of which a
    /// concatenated object may begin; false if that is beyond the block.
    #[inline]
    fn find_record(&mut self, text: &mut Text) -> bool {
        loop {
            if !self.skipping.is_over() && !self.skipping.pass(text) {
                return false;
            }
            let rest = &text.block.text()[text.at..];
            text.at += rest.iter().take_while(|byte| is_line_end(**byte)).count();
            let rest = &text.block.text()[text.at..];
            match rest.first() {
                None => return false,
                Some(&first) if first == BYTE_ORDER_MARK[0] => {
                    if rest.starts_with(BYTE_ORDER_MARK) {
                        text.at += BYTE_ORDER_MARK.len();
                    } else {
                        return text.last || !BYTE_ORDER_MARK.starts_with(rest);
                    }
                }
                Some(first) if Some(*first) == self.cutter.dialect.comment => {
                    self.skipping.begin_line();
                }
                Some(_) => return true,
            }
        }
    }
}

/// The reason to reject a line with a quote that is not closed where its field ends.
fn stray(quote: usize) -> String {
    format!(
        "the quote at byte {quote} is not closed where its field ends: `csv.quote = \"\"` reads quotes as text"
    )
}

/// The reason to reject a line with a quote that is never closed.
fn open_quote(quote: usize) -> String {
    format!("the quote at byte {quote} is not closed: `csv.quote = \"\"` reads quotes as text")
}

fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// A header line, if it is short enough to be kept with a record.
fn kept(header: &[u8]) -> Option<Bytes> {
    (header.len() <= QUARANTINE_BYTES).then(|| Bytes::copy_from_slice(header))
}

impl Records for CsvRecords {
    fn read(
        &mut self,
        text: &mut Text,
        cursor: &mut ObjectCursor,
        rows: &mut Rows,
    ) -> Result<Stopped, DecodeError> {
        if self.header.is_none() {
            self.read_header_source(cursor, rows)?;
        }
        loop {
            if rows.is_full() {
                return Ok(Stopped::Full);
            }
            if cursor.is_skipping() {
                if !cursor.skip(text, true, rows) {
                    return Ok(Stopped::Exhausted);
                }
                continue;
            }
            if !self.find_record(text) {
                return Ok(Stopped::Exhausted);
            }
            let rest = &text.block.text()[text.at..];
            // The result must not depend on bytes beyond the longest record, which another block might not have.
            let window = rest.len().min(self.max_record + 1);
            let is_last = text.last && window <= self.max_record;
            match self.cutter.cut(&rest[..window], is_last) {
                Cut::Record { end, next } => {
                    self.take(text, text.at + end, cursor, rows)?;
                    text.at += next;
                }
                Cut::Incomplete { .. } if window <= self.max_record && !is_last => {
                    return Ok(Stopped::Exhausted);
                }
                cut => {
                    if !self.refuse_beginning(cut, window, text, cursor, rows)? {
                        return Ok(Stopped::Exhausted);
                    }
                }
            }
        }
    }
}
