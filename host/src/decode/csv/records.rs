//! Records told apart and cut into fields.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::fields::Fields;
use super::header::{Header, unusable};
use crate::decode::rows::Rows;
use crate::decode::text::{Records, Source, Stopped, Text, too_long};
use crate::decode::{CsvOptions, DecodeError, DecodeOptions};

/// The most columns that an object may have.
const MAX_COLUMNS: usize = 1 << 16;

/// The records of one object.
pub(in crate::decode) struct CsvRecords {
    object: String,
    options: CsvOptions,
    max_record: usize,
    reader: Reader,
    /// Known behind the first line, where that is it.
    header: Option<Header>,
    /// The fields of the record at hand one behind another, and where each of them ends.
    text: Vec<u8>,
    ends: Vec<usize>,
}

/// What stands at a place of a text.
enum Found {
    /// A record of so many fields that ends there, and whatever comes behind it begins there.
    Record {
        fields: usize,
        end: usize,
        next: usize,
    },
    /// The beginning of one.
    Cut,
    /// One with an open quote, and nothing behind it.
    Open,
}

impl CsvRecords {
    pub(in crate::decode) fn new(object: &str, options: &DecodeOptions) -> Self {
        let mut builder = ReaderBuilder::new();
        // They are ASCII.
        builder.delimiter(options.csv.delimiter as u8);
        builder.quote(options.csv.quote as u8);
        let mut reader = builder.build();
        begin_anew(&mut reader);
        CsvRecords {
            object: object.to_owned(),
            options: options.csv.clone(),
            max_record: options.max_record.bytes(),
            reader,
            header: None,
            text: Vec::new(),
            ends: vec![0; 64],
        }
    }

    /// Cuts the record at `text.at` into fields.
    fn find(&mut self, text: &Text) -> Found {
        let input = &text.block.text()[text.at..];
        // A record has no more bytes than its line; one more, since a full output is a reason to stop.
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
                    return Found::Record {
                        fields: fields + beyond,
                        // In front of the byte that ends the line.
                        end: text.at + read - 1,
                        next: text.at + read,
                    };
                }
                ReadRecordResult::OutputEndsFull if self.ends.len() < MAX_COLUMNS => {
                    self.ends.resize(self.ends.len() * 2, 0);
                }
                ReadRecordResult::OutputEndsFull => {
                    // So many are too many in any object: they are counted alone.
                    beyond += fields;
                    fields = 0;
                }
                // Nothing else stops within the text.
                _ => read = input.len(),
            }
            if read == input.len() {
                break;
            }
        }
        let mut found = Found::Cut;
        if text.last {
            // A line feed ends the record, unless it is within quotes.
            let (result, _, _, ends) =
                self.reader
                    .read_record(b"\n", &mut self.text[written..], &mut self.ends[fields..]);
            let end = text.block.len();
            found = match result {
                ReadRecordResult::Record => Found::Record {
                    fields: fields + ends + beyond,
                    end,
                    next: end,
                },
                _ => Found::Open,
            };
        }
        begin_anew(&mut self.reader);
        found
    }

    /// Takes in the record at `text.at`, or the header.
    fn take(
        &mut self,
        text: &Text,
        fields: usize,
        end: usize,
        source: &mut Source,
        rows: &mut Rows,
    ) -> Result<(), DecodeError> {
        let is_text = text.is_utf8(end);
        let Some(header) = &self.header else {
            if fields > MAX_COLUMNS {
                let detail = format!("it has more than {MAX_COLUMNS} columns");
                return Err(unusable(&self.object, detail));
            }
            self.header = Some(self.read_header(fields, is_text, rows)?);
            return Ok(());
        };
        let reason = if end - text.at > self.max_record {
            too_long(self.max_record)
        } else if !is_text {
            "not UTF-8".to_owned()
        } else if fields != header.width {
            format!(
                "{}, and its object has {}",
                count(fields, "field"),
                count(header.width, "column")
            )
        } else {
            let fields = Fields {
                header,
                null: self.options.null.as_bytes(),
                text: &self.text,
                ends: &self.ends[..fields],
            };
            rows.accept_values(&text.block, &source.record(text.at, end), &fields);
            return Ok(());
        };
        source.refuse(text, end, reason, rows);
        Ok(())
    }

    fn read_header(
        &self,
        fields: usize,
        is_text: bool,
        rows: &Rows,
    ) -> Result<Header, DecodeError> {
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
}

impl Records for CsvRecords {
    fn read(
        &mut self,
        text: &mut Text,
        source: &mut Source,
        rows: &mut Rows,
    ) -> Result<Stopped, DecodeError> {
        let len = text.block.len();
        if self.header.is_none() && !self.options.header {
            let names: Vec<_> = self.options.columns.iter().map(String::as_str).collect();
            self.header = Some(Header::new(&names, &self.object, rows)?);
        }
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
            let rest = &text.block.text()[text.at..];
            let is_end = |byte: &&u8| matches!(byte, b'\r' | b'\n');
            text.at += rest.iter().take_while(is_end).count();
            if text.at >= len {
                return Ok(Stopped::Exhausted);
            }
            let reason = match self.find(text) {
                Found::Record { fields, end, next } => {
                    self.take(text, fields, end, source, rows)?;
                    text.at = next;
                    continue;
                }
                Found::Cut if len - text.at <= self.max_record => return Ok(Stopped::Exhausted),
                Found::Open if len - text.at <= self.max_record => {
                    "a quote is open where the object ends".to_owned()
                }
                Found::Cut | Found::Open => too_long(self.max_record),
            };
            if self.header.is_none() {
                return Err(unusable(&self.object, reason));
            }
            // Looked through once: records that begin within it might be as long again.
            source.give_up(text.at, len - text.at, reason);
        }
    }
}

fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// Makes the reader ready for a record. It takes a byte order mark for none once it has read something, such as this
/// line without anything on it.
fn begin_anew(reader: &mut Reader) {
    reader.reset();
    reader.read_record(b"\n", &mut [0], &mut [0]);
}
