//! The format of an object, and the reader for it.

use std::sync::Arc;

use bytes::Bytes;

use super::columnar::AvroReader;
use super::csv::CsvRecords;
use super::documents::JsonDocuments;
use super::inflate::{self, Content};
use super::look;
use super::objects::JsonObjects;
use super::raw::{RawLines, RawObject};
use super::reader::Reader;
use super::text::{ObjectCursor, Records, TextReader};
use super::{DecodeError, DecodeOptions, Format};
use crate::source::{ArchivedRecord, Object};

/// An object whose format is not yet known.
pub(super) struct Opening {
    object: Arc<Object>,
    content: Content,
}

/// The format of an object, by the job, its name or its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ObjectFormat {
    Json,
    Csv,
    Avro,
    Parquet,
    Orc,
    /// Set by the job alone, as is `RawObject`.
    RawLines,
    RawObject,
}

impl ObjectFormat {
    /// The format by the extension of the object's name; the extension of a compression after it is skipped. `None` for
    /// an extension that several formats use, such as `.txt` and `.log`.
    fn of_name(object: &str) -> Option<Self> {
        let (_, ending) = inflate::without_ending(object).rsplit_once('.')?;
        let found = [
            ("json", ObjectFormat::Json),
            ("jsonl", ObjectFormat::Json),
            ("ndjson", ObjectFormat::Json),
            ("csv", ObjectFormat::Csv),
            ("tsv", ObjectFormat::Csv),
            ("avro", ObjectFormat::Avro),
            ("parquet", ObjectFormat::Parquet),
            ("orc", ObjectFormat::Orc),
        ];
        let mut found = found.into_iter();
        found.find_map(|(known, found)| ending.eq_ignore_ascii_case(known).then_some(found))
    }

    /// The format by the first decompressed bytes. All text counts as JSON, whose reader checks each record.
    fn of_head(head: &[u8]) -> Self {
        match head {
            [b'O', b'b', b'j', 1, ..] => ObjectFormat::Avro,
            [b'P', b'A', b'R', b'1', ..] => ObjectFormat::Parquet,
            [b'O', b'R', b'C', ..] => ObjectFormat::Orc,
            _ => ObjectFormat::Json,
        }
    }

    fn name(self) -> &'static str {
        match self {
            ObjectFormat::Json => "JSON",
            ObjectFormat::Csv => "CSV",
            ObjectFormat::Avro => "Avro",
            ObjectFormat::Parquet => "Parquet",
            ObjectFormat::Orc => "ORC",
            ObjectFormat::RawLines | ObjectFormat::RawObject => "raw",
        }
    }
}

/// Whether the records of the object with this key are CSV.
pub(crate) fn is_csv(object: &str, options: &DecodeOptions) -> bool {
    match options.format {
        Format::Csv => true,
        Format::Auto => ObjectFormat::of_name(object) == Some(ObjectFormat::Csv),
        _ => false,
    }
}

/// Whether the object with this key is Parquet, by its name; `None` if the name has no known extension.
pub(crate) fn is_parquet_by_name(object: &str) -> Option<bool> {
    ObjectFormat::of_name(object).map(|found| found == ObjectFormat::Parquet)
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

    /// The reader for the object; `Err` with the object if more of its bytes are needed.
    ///
    /// # Errors
    /// If the format is not read from a stream of bytes, or the first bytes cannot be inflated.
    pub(super) fn open(
        mut self,
        options: &DecodeOptions,
    ) -> Result<Result<Box<dyn Reader>, Self>, DecodeError> {
        // What is within all levels of compression.
        let Some(head) = self.content.head()? else {
            return Ok(Err(self));
        };
        let found = match options.format {
            Format::Json => ObjectFormat::Json,
            Format::Parquet => ObjectFormat::Parquet,
            Format::Avro => ObjectFormat::Avro,
            Format::Csv => ObjectFormat::Csv,
            Format::RawLines => ObjectFormat::RawLines,
            Format::RawObjects => ObjectFormat::RawObject,
            // An object of Avro names itself, whatever others name it.
            Format::Auto if ObjectFormat::of_head(head) == ObjectFormat::Avro => ObjectFormat::Avro,
            Format::Auto => ObjectFormat::of_name(&self.object.key)
                .unwrap_or_else(|| ObjectFormat::of_head(head)),
        };
        if matches!(found, ObjectFormat::Json | ObjectFormat::Csv)
            && let Some(foreign) = look::foreign(head)
        {
            return Err(DecodeError::Foreign {
                object: self.object.key.clone(),
                format: found.name(),
                found: foreign.found,
                remedy: foreign.remedy,
            });
        }
        let Opening { object, content } = self;
        let cursor = || ObjectCursor::of_object(&object);
        Ok(Ok(match found {
            ObjectFormat::Json => match &options.records {
                None => text(cursor(), content, JsonObjects::new(options)),
                Some(path) => text(cursor(), content, JsonDocuments::new(path, options)),
            },
            ObjectFormat::Csv => {
                let records = CsvRecords::new(&object.key, options);
                text(cursor(), content, records)
            }
            ObjectFormat::RawLines => text(cursor(), content, RawLines::new(options)),
            ObjectFormat::RawObject => text(cursor(), content, RawObject::new(options)),
            ObjectFormat::Avro => Box::new(AvroReader::new(object, content, options)),
            ObjectFormat::Parquet | ObjectFormat::Orc => {
                return Err(DecodeError::Format {
                    object: object.key.clone(),
                    format: found.name(),
                });
            }
        }))
    }
}

/// The reader for a record that was taken out of its object, in the form in which the quarantine keeps it.
pub(super) fn reader_of_record(record: ArchivedRecord, options: &DecodeOptions) -> Box<dyn Reader> {
    let cursor = ObjectCursor::of_record(&record);
    let mut content = Content::inflated(&record.source);
    if !record.bytes.is_empty() {
        content.feed(record.bytes);
    }
    content.end();
    if !options.format.has_paths() {
        // All of it is one record, even if it contains a line feed.
        text(cursor, content, RawObject::new(options))
    } else if is_csv(&record.source, options) {
        let records = CsvRecords::below(record.header, &record.source, options);
        text(cursor, content, records)
    } else {
        text(cursor, content, JsonObjects::of_record(options))
    }
}

fn text(
    cursor: ObjectCursor,
    content: Content,
    records: impl Records + 'static,
) -> Box<dyn Reader> {
    Box::new(TextReader::new(cursor, content, records))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Decoding;
    use crate::decode::inflate::support::{gzipped, zstd_of};
    use crate::decode::tests::support::{input, object_chunks, projection, run};
    use crate::schema::Kind;

    /// Feeds an object byte by byte; returns the number of events, or the error.
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
            ("a/b.json", Some(ObjectFormat::Json)),
            ("b.jsonl.gz", Some(ObjectFormat::Json)),
            ("b.NDJSON.zst", Some(ObjectFormat::Json)),
            ("b.csv", Some(ObjectFormat::Csv)),
            ("b.tsv.gz", Some(ObjectFormat::Csv)),
            ("t+0+0000000000.snappy.parquet", Some(ObjectFormat::Parquet)),
            ("t-0-12.avro", Some(ObjectFormat::Avro)),
            ("part.orc", Some(ObjectFormat::Orc)),
            ("b.txt", None),
            ("b.gz", None),
            ("dt=2026-01-01.csv/b", None),
            ("stream-1-2026-05-03-10-00-00-d5ef", None),
        ] {
            assert_eq!(ObjectFormat::of_name(name), found, "{name}");
        }
    }
}
