//! Which format an object is in, and the reader for it.

use std::sync::Arc;

use bytes::Bytes;

use super::columnar::AvroReader;
use super::csv::CsvRecords;
use super::inflate::{self, Content};
use super::objects::JsonObjects;
use super::raw::{RawLines, RawObject};
use super::reader::Reader;
use super::text::{Records, Source, TextReader};
use super::{DecodeError, DecodeOptions, Format};
use crate::source::{ArchivedRecord, Object};

/// An object of which it is not known yet how to read it.
pub(super) struct Opening {
    object: Arc<Object>,
    content: Content,
}

/// What an object holds, as far as its name or its first bytes tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Json,
    Csv,
    Avro,
    Parquet,
    Orc,
    /// The job alone tells these.
    RawLines,
    RawObject,
}

impl Found {
    /// By the ending of an object's name; a compression's ending behind it does not count. Endings that stand for
    /// several formats, such as `.txt` and `.log`, tell nothing.
    fn of_name(object: &str) -> Option<Self> {
        let (_, ending) = inflate::without_ending(object).rsplit_once('.')?;
        let found = [
            ("json", Found::Json),
            ("jsonl", Found::Json),
            ("ndjson", Found::Json),
            ("csv", Found::Csv),
            ("avro", Found::Avro),
            ("parquet", Found::Parquet),
            ("orc", Found::Orc),
        ];
        let mut found = found.into_iter();
        found.find_map(|(known, found)| ending.eq_ignore_ascii_case(known).then_some(found))
    }

    /// By the first decoded bytes. Text is taken for JSON, which says of each record whether it is.
    fn of_head(head: &[u8]) -> Self {
        match head {
            b"Obj\x01" => Found::Avro,
            b"PAR1" => Found::Parquet,
            [b'O', b'R', b'C', ..] => Found::Orc,
            _ => Found::Json,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Found::Json => "JSON",
            Found::Csv => "CSV",
            Found::Avro => "Avro",
            Found::Parquet => "Parquet",
            Found::Orc => "ORC",
            Found::RawLines | Found::RawObject => "raw",
        }
    }
}

/// Whether the records of an object are CSV.
pub(crate) fn is_csv(object: &str, options: &DecodeOptions) -> bool {
    match options.format {
        Format::Csv => true,
        Format::Auto => Found::of_name(object) == Some(Found::Csv),
        _ => false,
    }
}

/// Whether an object is Parquet, as far as its name tells.
pub(crate) fn is_parquet_by_name(object: &str) -> Option<bool> {
    Found::of_name(object).map(|found| found == Found::Parquet)
}

impl Opening {
    pub(super) fn new(object: Arc<Object>, content: Content) -> Self {
        Opening { object, content }
    }

    pub(super) fn feed(&mut self, bytes: Bytes) {
        self.content.feed(bytes);
    }

    pub(super) fn end(&mut self) {
        self.content.end();
    }

    /// The reader for the object, or the object again where more of it has to be seen.
    ///
    /// # Errors
    /// Where nothing here reads its format, or its first bytes cannot be inflated.
    pub(super) fn open(
        mut self,
        options: &DecodeOptions,
    ) -> Result<Result<Box<dyn Reader>, Self>, DecodeError> {
        let found = match options.format {
            Format::Json => Found::Json,
            Format::Parquet => Found::Parquet,
            Format::Avro => Found::Avro,
            Format::Csv => Found::Csv,
            Format::RawLines => Found::RawLines,
            Format::RawObjects => Found::RawObject,
            Format::Auto => match Found::of_name(&self.object.key) {
                Some(found) => found,
                None => match self.content.head()? {
                    Some(head) => Found::of_head(head),
                    None => return Ok(Err(self)),
                },
            },
        };
        let Opening { object, content } = self;
        let source = || Source::of_object(&object);
        Ok(Ok(match found {
            Found::Json => text(source(), content, JsonObjects::new(options)),
            Found::Csv => {
                let records = CsvRecords::new(&object.key, options);
                text(source(), content, records)
            }
            Found::RawLines => text(source(), content, RawLines::new(options)),
            Found::RawObject => text(source(), content, RawObject::new(options)),
            Found::Avro => Box::new(AvroReader::new(object, content, options)),
            Found::Parquet | Found::Orc => {
                return Err(DecodeError::Format {
                    object: object.key.clone(),
                    format: found.name(),
                });
            }
        }))
    }
}

/// The reader for a record that was taken out of its object, in the form in which it is kept then.
pub(super) fn reader_of_record(record: ArchivedRecord, options: &DecodeOptions) -> Box<dyn Reader> {
    let source = Source::of_record(&record);
    let mut content = Content::inflated(&record.source);
    if !record.bytes.is_empty() {
        content.feed(record.bytes);
    }
    content.end();
    if !options.format.has_paths() {
        // All of it is one record, a line feed that somebody put into it as well.
        text(source, content, RawObject::new(options))
    } else if is_csv(&record.source, options) {
        let records = CsvRecords::below(record.header, &record.source, options);
        text(source, content, records)
    } else {
        text(source, content, JsonObjects::new(options))
    }
}

fn text(source: Source, content: Content, records: impl Records + 'static) -> Box<dyn Reader> {
    Box::new(TextReader::new(source, content, records))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Decoding;
    use crate::decode::inflate::support::{gzipped, zstd_of};
    use crate::decode::tests::support::{input, object_chunks, projection, run};
    use crate::schema::Kind;

    /// What becomes of an object that is fed a byte at a time: how many events, or why it is not read.
    fn read(key: &str, stored: &[u8], format: Format) -> Result<u64, String> {
        let wanted = projection(vec![input("n", Kind::Int64)]);
        let options = DecodeOptions {
            format,
            ..DecodeOptions::default()
        };
        let mut decoding = Decoding::new(wanted, &options).unwrap();
        let decoded = run(&mut decoding, object_chunks(key, stored, 1));
        decoded
            .map(|decoded| decoded.counts.events)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_first_decoded_bytes_tell_what_the_name_does_not() {
        let avro = b"Obj\x01 and more";
        for stored in [avro.to_vec(), gzipped(avro), zstd_of(avro)] {
            let error = read("stream-1", &stored, Format::Auto).unwrap_err();
            assert_eq!(
                error,
                "`stream-1` holds damaged Avro data in its header: a negative length"
            );
        }
        for (text, events) in [("", 0), ("{}", 1), ("{", 0), ("\u{feff}{}{}", 2)] {
            for stored in [text.into(), gzipped(text.as_bytes())] {
                assert_eq!(
                    read("stream-1", &stored, Format::Auto),
                    Ok(events),
                    "{text}"
                );
            }
        }
        assert_eq!(
            read("a.parquet", b"{}", Format::Json),
            Ok(1),
            "the job says so"
        );
    }

    #[test]
    fn names_tell_the_format_in_front_of_the_compression() {
        for (name, found) in [
            ("a/b.json", Some(Found::Json)),
            ("b.jsonl.gz", Some(Found::Json)),
            ("b.NDJSON.zst", Some(Found::Json)),
            ("b.csv", Some(Found::Csv)),
            ("t+0+0000000000.snappy.parquet", Some(Found::Parquet)),
            ("t-0-12.avro", Some(Found::Avro)),
            ("part.orc", Some(Found::Orc)),
            ("b.txt", None),
            ("b.gz", None),
            ("dt=2026-01-01.csv/b", None),
            ("stream-1-2026-05-03-10-00-00-d5ef", None),
        ] {
            assert_eq!(Found::of_name(name), found, "{name}");
        }
    }
}
