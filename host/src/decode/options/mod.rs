//! The settings of the section `decode` of a job.
//!
//! | file | content |
//! |---|---|
//! | `csv` | [`CsvOptions`]: `[decode.csv]` |
//! | `encoding` | [`TextEncoding`] of text |
//! | `registry` | [`RegistryConfig`]: `[decode.registry]` |

mod csv;
mod encoding;
mod registry;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

pub use csv::CsvOptions;
pub use encoding::TextEncoding;
pub use registry::RegistryConfig;

use super::conversion::Conversion;
use super::json::segments;
use super::{Compression, DecodeError, Envelope, Numbers, Projection, ValueObjects};
use crate::schema::{Input, Origin};
use crate::units::ByteSize;

/// The format of records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// By the extension of each object's name, before that of a compression (`.json`, `.jsonl`, `.ndjson`, `.csv`,
    /// `.tsv`, `.avro`, `.parquet`), or else by its first bytes.
    #[default]
    Auto,
    /// JSON objects, each on a line of its own or one after another.
    Json,
    /// Parquet. Only the ranges of the wanted columns are read.
    Parquet,
    /// Avro object container files; in a log, datums after the ID of their schema in the [registry](RegistryConfig).
    Avro,
    /// CSV and TSV, with or without a header, as `[decode.csv]` sets it.
    Csv,
    /// Each line is a record. Its bytes are the input `payload`.
    RawLines,
    /// Each object is a record. Its bytes are the input `payload`.
    RawObjects,
}

impl Format {
    /// Whether records have values at paths.
    pub(super) fn has_paths(self) -> bool {
        !matches!(self, Format::RawLines | Format::RawObjects)
    }

    /// Whether records may be JSON or CSV.
    fn may_be_text(self) -> bool {
        matches!(self, Format::Auto | Format::Json | Format::Csv)
    }
}

/// The section `decode` of a job: format, sizes and limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DecodeOptions {
    /// The format of the records.
    pub format: Format,
    /// The compression of objects.
    #[serde(skip_serializing_if = "is_default")]
    pub compression: Compression,
    /// The encoding of text.
    #[serde(skip_serializing_if = "is_default")]
    pub encoding: TextEncoding,
    /// The envelope of records.
    #[serde(skip_serializing_if = "is_default")]
    pub envelope: Envelope,
    /// The path at which records carry their offset in the topic that they were archived from, as Kafka Connect's
    /// `InsertField` writes it. It takes precedence over that of the envelope.
    #[serde(skip_serializing_if = "is_default")]
    pub record_offset: Option<String>,
    /// The path of the array that has the records of a JSON document, such as `Records` in CloudTrail's.
    #[serde(skip_serializing_if = "is_default")]
    pub records: Option<String>,
    /// The forms in which numbers are taken.
    #[serde(skip_serializing_if = "is_default")]
    pub numbers: Numbers,
    /// The objects that stand for one value.
    #[serde(skip_serializing_if = "is_default")]
    pub values: ValueObjects,
    /// The zone of times without an offset from UTC, which are rejected without it.
    #[serde(skip_serializing_if = "is_default")]
    pub time_zone: Option<Tz>,
    /// The syntax of CSV.
    #[serde(skip_serializing_if = "is_default")]
    pub csv: CsvOptions,
    /// The registry of the schemas of Avro messages.
    #[serde(skip_serializing_if = "is_default")]
    pub registry: Option<RegistryConfig>,
    /// The most rows of a batch: 1 to 1,048,576.
    pub batch_rows: u32,
    /// The longest record: 1 byte to 1 GiB. A longer one is rejected without being kept in memory.
    pub max_record: ByteSize,
    /// The most bytes that one object may inflate to: at least 1 byte.
    pub max_object: ByteSize,
    /// The most decompressed bytes per stored byte, checked once an object has inflated to 64 MiB.
    pub max_ratio: u32,
    /// The most bytes of the wanted columns of a Parquet row group, or of an Avro block or header, both stored and
    /// uncompressed: at least 1 byte.
    #[serde(skip_serializing_if = "is_default_row_group")]
    pub max_row_group: ByteSize,
}

/// The default of `max_row_group`, beyond the row groups of most archives.
const MAX_ROW_GROUP: ByteSize = ByteSize::mib(512);

/// The default is not serialized, so that the digest of a job that does not set it stays the same.
fn is_default_row_group(size: &ByteSize) -> bool {
    *size == MAX_ROW_GROUP
}

/// A setting with its default is not serialized, so that it is not part of a job's digest.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Default for DecodeOptions {
    fn default() -> Self {
        DecodeOptions {
            format: Format::Auto,
            compression: Compression::Auto,
            encoding: TextEncoding::Auto,
            envelope: Envelope::None,
            record_offset: None,
            records: None,
            numbers: Numbers::Strict,
            values: ValueObjects::Plain,
            time_zone: None,
            csv: CsvOptions::default(),
            registry: None,
            batch_rows: 8192,
            max_record: ByteSize::mib(16),
            max_object: ByteSize::gib(64),
            max_ratio: 200,
            max_row_group: MAX_ROW_GROUP,
        }
    }
}

impl DecodeOptions {
    /// The options for a process elsewhere: with absolute paths.
    pub fn portable(&self) -> Self {
        let mut portable = self.clone();
        if let (Some(registry), Ok(folder)) = (&mut portable.registry, std::env::current_dir()) {
            registry.locate(&folder);
        }
        portable
    }

    /// The options that decide which events a record becomes: all but the credentials of a registry.
    pub fn deciding(&self) -> Self {
        let registry = self.registry.as_ref();
        DecodeOptions {
            registry: registry.map(|registry| RegistryConfig::at(registry.url.as_str())),
            ..self.clone()
        }
    }

    /// How values of text formats are read.
    pub(super) fn conversion(&self) -> Conversion {
        Conversion {
            numbers: self.numbers,
            objects: self.values,
            time_zone: self.time_zone,
        }
    }

    /// Checks that the records of the job's format can have the paths of `projection`.
    pub(super) fn check_paths(&self, projection: &Projection) -> Result<(), DecodeError> {
        if self.format.has_paths() {
            return Ok(());
        }
        let is_path = |input: &&Input| matches!(input.origin, Origin::Path(_));
        let input = projection.inputs.iter().find(is_path);
        let condition = projection.only.first().map(|condition| &condition.path);
        match input.map(|input| &input.name).or(condition) {
            Some(name) => Err(DecodeError::Input {
                input: name.clone(),
                detail:
                    "raw records have no values at paths: the component has to read `payload`, \
                         or the job to set another `decode.format`"
                        .to_owned(),
            }),
            None => Ok(()),
        }
    }

    /// The projection of the records as stored, from the `projection` of the messages: with the paths of the envelope
    /// and of `record_offset`.
    ///
    /// # Errors
    /// If the envelope has an input in a place that no path leads to.
    pub(super) fn open(&self, projection: Projection) -> Result<Projection, DecodeError> {
        let mut opened = self.envelope.open(projection)?;
        if let Some(path) = &self.record_offset {
            for input in &mut opened.inputs {
                if input.origin == Origin::Offset {
                    input.origin = Origin::Path(path.clone());
                }
            }
            opened.offset = Some(path.clone());
        }
        Ok(opened)
    }

    /// The first setting that is not valid, by its name below `decode`, and the reason.
    pub(crate) fn fault(&self) -> Option<(&'static str, &'static str)> {
        let setting = |setting, detail| Some((setting, detail));
        if !(1..=1 << 20).contains(&self.batch_rows) {
            return setting("batch_rows", "it is 1 to 1048576");
        }
        if !(1..=1 << 30).contains(&self.max_record.0) {
            return setting("max_record", "it is 1 B to 1 GiB");
        }
        if self.max_object.0 == 0 {
            return setting("max_object", "it is at least 1 B");
        }
        if self.max_row_group.0 == 0 {
            return setting("max_row_group", "it is at least 1 B");
        }
        if self.max_ratio == 0 {
            return setting("max_ratio", "it is at least 1");
        }
        if !self.format.has_paths() && self.envelope != Envelope::None {
            return setting("envelope", "raw records have none");
        }
        if !self.format.has_paths() && self.record_offset.is_some() {
            return setting("record_offset", "raw records have no values at paths");
        }
        if self.encoding != TextEncoding::Auto && !self.format.may_be_text() {
            return setting("encoding", "JSON and CSV have one, other formats are bytes");
        }
        if let Some(path) = &self.records {
            if !matches!(self.format, Format::Auto | Format::Json) {
                return setting("records", "it is the path of an array in JSON documents");
            }
            if let Err(detail) = segments(path) {
                return setting("records", detail);
            }
        }
        self.csv.fault()
    }

    pub(super) fn check(&self) -> Result<(), DecodeError> {
        match self.fault() {
            Some((setting, detail)) => Err(DecodeError::Setting { setting, detail }),
            None => Ok(()),
        }
    }
}
