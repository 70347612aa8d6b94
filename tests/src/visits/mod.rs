//! The same visits as each writer of archives writes them: in every format, in every compression, under the keys that
//! it makes.
//!
//! | module | |
//! |---|---|
//! | `keys` | the names of objects |
//! | `text` | JSON, bare and in envelopes, and CSV |
//! | `columns` | Parquet and Avro |
//! | `compress` | compression of text |

use anyhow::{Context, Result};
use chrono::{DateTime, SecondsFormat, Timelike, Utc};

use crate::archive::{Archive, ArchiveSpec};

mod columns;
mod compress;
mod keys;
mod text;

pub use columns::{avro_of, parquet_of};
pub use compress::Compression;
pub use keys::Writer;

/// The topic of the visits. Its hyphens and dots must not confuse a reader of keys.
pub const TOPIC: &str = "site.page-visits";

/// Partitions of the topic.
const PARTITIONS: u64 = 3;

/// Texts that are hard to write down; the empty one is null in CSV.
const NOTES: [&str; 6] = [
    "",
    "plain",
    "said \"hello\", twice",
    "two\nlines\r\nor three",
    "größe; 大きさ | 🏔",
    "'back\\slash' {\"json\":[1]}",
];

/// An hour of a day on which there is a visit every 36 seconds.
const SPEC: ArchiveSpec = ArchiveSpec {
    events: 2_400,
    ..ArchiveSpec::SMALL
};

/// One visit.
#[derive(Clone, Debug)]
pub struct Visit {
    /// The page.
    pub page: String,
    /// When, in milliseconds since 1970-01-01T00:00:00Z.
    pub at_ms: i64,
    /// How long.
    pub duration_ms: i64,
    /// A note.
    pub note: &'static str,
}

/// The visits of an hour, which make an object.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its place among all, from 0.
    pub number: u64,
    /// The partition that they were in.
    pub partition: i32,
    /// The offset of the first; the others follow one by one.
    pub offset: i64,
    /// The visits, in order; never none.
    pub visits: Vec<Visit>,
}

/// How the records of an object are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A JSON object a line.
    JsonLines,
    /// JSON objects, one directly after another.
    Json,
    /// JSON in the envelope of Kafka Connect's JsonConverter, with its schema.
    ConnectSchema,
    /// JSON in the envelope of Lenses' sinks.
    Lenses,
    /// JSON in the envelope of Aiven's sink.
    Aiven,
    /// CSV with a header.
    Csv,
    /// CSV with semicolons and without a header.
    BareCsv,
    /// Parquet, of several row groups.
    Parquet,
    /// Avro object container files.
    Avro,
}

impl Visit {
    fn at(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.at_ms).unwrap_or_default()
    }

    /// When, as RFC 3339.
    pub fn ts(&self) -> String {
        self.at().to_rfc3339_opts(SecondsFormat::Millis, true)
    }

    /// The day in UTC, `YYYY-MM-DD`.
    pub fn day(&self) -> String {
        self.at().format("%Y-%m-%d").to_string()
    }

    /// The hour in UTC.
    pub fn hour(&self) -> i32 {
        self.at().hour() as i32
    }
}

impl Part {
    /// All parts, in order: a day.
    ///
    /// # Errors
    /// If the archive refuses its settings.
    pub fn all() -> Result<Vec<Part>> {
        let archive = Archive::new(&SPEC)?;
        let visits = SPEC.events / SPEC.objects;
        let part = |number| {
            let events = (number * visits..(number + 1) * visits).map(|number| {
                let event = archive.event(number);
                Visit {
                    page: event.page(),
                    at_ms: event.at_ms,
                    duration_ms: event.duration_ms,
                    note: NOTES[number as usize % NOTES.len()],
                }
            });
            Part {
                number,
                partition: (number % PARTITIONS) as i32,
                offset: (number / PARTITIONS * visits) as i64,
                visits: events.collect(),
            }
        };
        Ok((0..SPEC.objects).map(part).collect())
    }

    /// The object's content. Without `own_day`, records lack the columns `dt` and `hour`, which the key has.
    ///
    /// # Errors
    /// Where a library does not take the visits.
    pub fn content(&self, format: Format, own_day: bool) -> Result<Vec<u8>> {
        let content = match format {
            Format::Parquet => parquet_of(&self.columns(own_day)?),
            Format::Avro => avro_of(&self.columns(own_day)?),
            text => self.text(text, own_day),
        };
        content.with_context(|| format!("{format:?}"))
    }
}
