//! The text of an object cut into records, and records cut into fields.

use bytes::Bytes;
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::fields::Fields;
use super::header::{Header, unusable};
use super::quotes::{Quoting, line_end};
use crate::decode::rows::Rows;
use crate::decode::text::{ObjectCursor, Records, Stopped, Text, too_long};
use crate::decode::{CsvOptions, DecodeError, DecodeOptions, QUARANTINE_BYTES};

/// The most columns of an object.
const MAX_COLUMNS: usize = 1 << 16;

/// The reason to reject a line with a stray quote.
const STRAY: &str = "a quote opens that is not closed where its field ends";

/// Framing of the CSV records of one object.
pub(in crate::decode) struct CsvRecords {
    object: String,
    options: CsvOptions,
    quoting: Quoting,
    max_record: usize,
    reader: Reader,
    /// The source of the header.
    header_source: HeaderSource,
    /// The header, once it is read.
    header: Option<Header>,
    /// The fields of the current record one after another, and the index after each.
    text: Vec<u8>,
    ends: Vec<usize>,
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

/// Index of a stray quote in a record, and of the end of its line.
struct StrayQuote {
    quote: usize,
    end: usize,
}

/// The result of cutting a record from the front of a text.
enum Cut {
    /// A record: its number of fields, the index of its end, and the index of the next record.
    Record {
        fields: usize,
        end: usize,
        next: usize,
    },
    /// The beginning of a record.
    Incomplete,
    /// The last record of the object, with an open quote.
    OpenQuote,
}

impl CsvRecords {
    /// The framing of an object.
    pub(in crate::decode) fn new(object: &str, options: &DecodeOptions) -> Self {
        let header_source = match options.csv.header {
            true => HeaderSource::FirstRecord,
            false => HeaderSource::Columns,
        };
        Self::with(header_source, object, options)
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
        Self::with(header_source, object, options)
    }

    fn with(header_source: HeaderSource, object: &str, options: &DecodeOptions) -> Self {
        let mut builder = ReaderBuilder::new();
        // They are ASCII.
        builder.delimiter(options.csv.delimiter as u8);
        builder.quote(options.csv.quote as u8);
        let mut reader = builder.build();
        begin_anew(&mut reader);
        CsvRecords {
            object: object.to_owned(),
            options: options.csv.clone(),
            quoting: Quoting::new(&options.csv),
            max_record: options.max_record.bytes(),
            reader,
            header_source,
            header: None,
            text: Vec::new(),
            ends: vec![0; 64],
        }
    }

    /// Cuts the record at the front of `input` into fields. `is_last`: the object ends with `input`.
    fn cut(&mut self, input: &[u8], is_last: bool) -> Cut {
        // Fields have no more bytes than their line; one more, since the reader stops at a full output.
        if self.text.len() <= input.len() {
            self.text.resize(input.len() + 1, 0);
        }
        let (mut read, mut written, mut fields, mut beyond) = (0, 0, 0, 0);
        loop {
            let (result, moved, out, ends) = self.reader.read_record(
                &input[read..],
                &mut self.text[written..],
                &mut self.ends[fields..],
            );
            (read, written, fields) = (read + moved, written + out, fields + ends);
            match result {
                ReadRecordResult::Record => {
                    return Cut::Record {
                        fields: fields + beyond,
                        // The byte at `end` ends the line.
                        end: read - 1,
                        next: read,
                    };
                }
                ReadRecordResult::OutputEndsFull if self.ends.len() < MAX_COLUMNS => {
                    self.ends.resize(self.ends.len() * 2, 0);
                }
                ReadRecordResult::OutputEndsFull => {
                    // No object has as many columns: further fields are only counted.
                    beyond += fields;
                    fields = 0;
                }
                // Any other result is at the end of the text.
                _ => read = input.len(),
            }
            if read == input.len() {
                break;
            }
        }
        let mut found = Cut::Incomplete;
        if is_last {
            // A line feed ends the record, unless it is within quotes.
            let (result, _, _, ends) =
                self.reader
                    .read_record(b"\n", &mut self.text[written..], &mut self.ends[fields..]);
            found = match result {
                ReadRecordResult::Record => Cut::Record {
                    fields: fields + ends + beyond,
                    end: input.len(),
                    next: input.len(),
                },
                _ => Cut::OpenQuote,
            };
        }
        begin_anew(&mut self.reader);
        found
    }

    /// Adds the record `text.at..end`, or reads it as the header if there is none yet.
    fn take(
        &mut self,
        text: &Text,
        fields: usize,
        end: usize,
        cursor: &mut ObjectCursor,
        rows: &mut Rows,
    ) -> Result<(), DecodeError> {
        let is_text = text.is_utf8(end);
        let record = &text.block.text()[text.at..end];
        let Some(header) = &self.header else {
            self.header = Some(self.read_header(fields, is_text, rows)?);
            cursor.block.header = kept(record);
            return Ok(());
        };
        if is_text && fields == header.width {
            let fields = Fields {
                header,
                null: self.options.null.as_bytes(),
                text: &self.text,
                ends: &self.ends[..fields],
            };
            rows.accept_values(&text.block, &cursor.record(text.at, end), &fields);
            return Ok(());
        }
        let reason = match is_text {
            false => "not UTF-8".to_owned(),
            true => format!(
                "{}, and its object has {}",
                count(fields, "field"),
                count(header.width, "column")
            ),
        };
        let swallowed_bytes = match fields == header.width {
            true => 0,
            false => self.swallowed_bytes(record, fields, header.width),
        };
        cursor.refuse(text, end, reason, swallowed_bytes, rows);
        Ok(())
    }

    /// Swallowed bytes of a record whose number of fields is not `width`.
    fn swallowed_bytes(&self, record: &[u8], fields: usize, width: usize) -> u64 {
        let from = if width > 1 && fields + 1 >= 2 * width {
            let mut all = self.quoting.fields(record);
            all.nth(width - 1).map(|field| field.end)
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
            if !line.is_empty() && self.quoting.fields(line).count() == width {
                return Some(at);
            }
            at += end? + 1;
        }
    }

    /// The first stray quote of `record`; `None` if there is none, or if its line does not end within `record`.
    fn stray_line(&self, record: &[u8]) -> Option<StrayQuote> {
        line_end(record)?;
        let mut fields = self.quoting.fields(record);
        let quote = fields.find(|field| field.is_stray)?.start;
        let end = quote + line_end(&record[quote..])?;
        Some(StrayQuote { quote, end })
    }

    /// Rejects the lines up to that of a stray quote. If that line has as many delimiters as two records, it may
    /// contain both, and the bytes after the quote are swallowed.
    #[cold]
    fn refuse_line(
        &self,
        text: &mut Text,
        stray: StrayQuote,
        reason: String,
        cursor: &mut ObjectCursor,
        rows: &mut Rows,
    ) {
        let record = &text.block.text()[text.at..text.at + stray.end];
        let line = record
            .iter()
            .rposition(|byte| matches!(byte, b'\r' | b'\n'));
        let line = &record[line.map_or(0, |end| end + 1)..];
        let delimiter = self.options.delimiter as u8;
        let fields = memchr::memchr_iter(delimiter, line).count() + 1;
        let width = self.header.as_ref().map_or(0, |header| header.width);
        let is_double = width > 1 && fields + 1 >= 2 * width;
        let swallowed_bytes = if is_double {
            stray.end - stray.quote
        } else {
            0
        };
        let end = text.at + stray.end;
        cursor.refuse(text, end, reason, swallowed_bytes as u64, rows);
        text.at = end;
    }

    fn read_header(
        &self,
        fields: usize,
        is_text: bool,
        rows: &Rows,
    ) -> Result<Header, DecodeError> {
        if fields > MAX_COLUMNS {
            let detail = format!("it has more than {MAX_COLUMNS} columns");
            return Err(unusable(&self.object, detail));
        }
        let mut names = Vec::with_capacity(fields);
        let mut start = 0;
        for end in &self.ends[..fields] {
            let name = str::from_utf8(&self.text[start..*end]).ok();
            let Some(name) = name.filter(|_| is_text) else {
                return Err(unusable(&self.object, "it is not UTF-8"));
            };
            names.push(name);
            start = *end;
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
                let names: Vec<_> = self.options.columns.iter().map(String::as_str).collect();
                self.header = Some(Header::new(&names, &self.object, rows)?);
                return Ok(());
            }
            HeaderSource::Line(line) => line.clone(),
        };
        let Some(line) = line else {
            let detail = "it is not kept with the record that was taken out of the object";
            return Err(unusable(&self.object, detail));
        };
        let Cut::Record { fields, .. } = self.cut(&line, true) else {
            return Err(unusable(&self.object, OPEN));
        };
        let is_text = simdutf8::basic::from_utf8(&line).is_ok();
        self.header = Some(self.read_header(fields, is_text, rows)?);
        cursor.block.header = Some(line);
        Ok(())
    }
}

/// The reason to reject a line with a quote that is never closed.
const OPEN: &str = "a quote is open where the object ends";

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
        let len = text.block.len();
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
            let rest = &text.block.text()[text.at..];
            let is_end = |byte: &&u8| matches!(byte, b'\r' | b'\n');
            text.at += rest.iter().take_while(is_end).count();
            if text.at >= len {
                return Ok(Stopped::Exhausted);
            }
            let rest = &text.block.text()[text.at..];
            let found = self.cut(rest, text.last);
            if self.header.is_none()
                && let Cut::Record { fields, end, next } = found
            {
                self.take(text, fields, text.at + end, cursor, rows)?;
                text.at += next;
                continue;
            }
            // Of a record that is too long, only the bytes up to the limit are searched.
            let (record, reason) = match found {
                Cut::Record { fields, end, next } if end <= self.max_record => {
                    match self.stray_line(&rest[..end]) {
                        None => {
                            self.take(text, fields, text.at + end, cursor, rows)?;
                            text.at += next;
                        }
                        Some(line) => {
                            self.refuse_line(text, line, STRAY.to_owned(), cursor, rows);
                        }
                    }
                    continue;
                }
                Cut::Incomplete if rest.len() <= self.max_record => return Ok(Stopped::Exhausted),
                Cut::OpenQuote if rest.len() <= self.max_record => (rest, OPEN.to_owned()),
                _ => (&rest[..=self.max_record], too_long(self.max_record)),
            };
            if self.header.is_none() {
                return Err(unusable(&self.object, reason));
            }
            match self.stray_line(record) {
                Some(line) => self.refuse_line(text, line, reason, cursor, rows),
                // The bytes are searched only once: records that begin within them may be as long again.
                None => cursor.give_up(text.at, record.len(), reason),
            }
        }
    }
}

fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// Resets the reader for a record. The reader skips a byte order mark only before it has read anything, so it reads an
/// empty line first.
fn begin_anew(reader: &mut Reader) {
    reader.reset();
    reader.read_record(b"\n", &mut [0], &mut [0]);
}
