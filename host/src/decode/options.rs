//! The settings of the section `decode` of a job.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize};

use super::{Compression, DecodeError, Envelope, Projection};
use crate::schema::{Input, Origin};
use crate::units::ByteSize;

/// The format of records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// By the extension of each object's name, before that of a compression (`.json`, `.jsonl`, `.ndjson`, `.csv`,
    /// `.avro`, `.parquet`), or else by its first bytes.
    #[default]
    Auto,
    /// JSON objects, each on a line of its own or one after another.
    Json,
    /// Parquet. Only the ranges of the wanted columns are read.
    Parquet,
    /// Avro object container files; in a log, datums after the ID of their schema in the [registry](RegistryConfig).
    Avro,
    /// CSV, with or without a header, as `[decode.csv]` sets it.
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
}

/// The syntax of CSV: `[decode.csv]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CsvOptions {
    /// The character between fields, in ASCII.
    pub delimiter: char,
    /// The character around fields that contain a delimiter or the end of a line, in ASCII. Doubled, it stands for
    /// itself.
    pub quote: char,
    /// Whether the first line of each object names its columns.
    pub header: bool,
    /// The names of the columns, if `header` is false.
    pub columns: Vec<String>,
    /// The text of a null field.
    pub null: String,
}

impl Default for CsvOptions {
    fn default() -> Self {
        CsvOptions {
            delimiter: ',',
            quote: '"',
            header: true,
            columns: Vec::new(),
            null: String::new(),
        }
    }
}

impl CsvOptions {
    /// The first setting that is not valid, and the reason.
    fn fault(&self) -> Option<(&'static str, &'static str)> {
        let is_sign = |sign: char| sign.is_ascii() && sign != '\n' && sign != '\r';
        let names: HashSet<_> = self.columns.iter().collect();
        if !is_sign(self.delimiter) || self.delimiter == self.quote {
            return Some((
                "csv.delimiter",
                "it is an ASCII character other than the quote",
            ));
        }
        if !is_sign(self.quote) {
            return Some(("csv.quote", "it is an ASCII character"));
        }
        if self.header != self.columns.is_empty() {
            return Some((
                "csv.columns",
                "they are named where `header = false`, and only there",
            ));
        }
        (names.len() < self.columns.len()).then_some(("csv.columns", "a name stands there twice"))
    }
}

/// The registry of the schemas of Avro messages: `[decode.registry]`. Secrets are never part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistryConfig {
    /// The URL of the registry, to which `/schemas/ids/1` is appended.
    #[serde(deserialize_with = "registry_url")]
    pub url: String,
    /// The user for basic authentication. The password is in `BACKFOLD_REGISTRY_PASSWORD`, or in `password_file`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// A file with the password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// A file with a bearer token, if there is no `user`. `BACKFOLD_REGISTRY_TOKEN` can have the token instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
    /// A PEM file of certificates that are trusted in addition to those of the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
}

impl RegistryConfig {
    /// The registry at `url`, without authentication.
    pub fn at(url: impl Into<String>) -> Self {
        RegistryConfig {
            url: url.into(),
            user: None,
            password_file: None,
            token_file: None,
            ca_file: None,
        }
    }

    /// Resolves relative paths of files against `folder`.
    pub(crate) fn locate(&mut self, folder: &Path) {
        for file in [
            &mut self.password_file,
            &mut self.token_file,
            &mut self.ca_file,
        ] {
            *file = file.take().map(|file| folder.join(file));
        }
    }
}

fn registry_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let url = String::deserialize(deserializer)?;
    let rest = ["http://", "https://"]
        .iter()
        .find_map(|scheme| url.strip_prefix(scheme));
    let authority = rest.and_then(|rest| rest.split('/').next());
    let problem = match authority {
        None | Some("") => "it begins with http:// or https:// and a host",
        Some(authority) if authority.contains('@') => {
            "a user is named by `user`, a password stands in no job"
        }
        Some(_) if url.contains(['?', '#', ' ']) => "it ends with a path",
        Some(_) => return Ok(url),
    };
    Err(serde::de::Error::custom(problem))
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
    /// The envelope of records.
    #[serde(skip_serializing_if = "is_default")]
    pub envelope: Envelope,
    /// The path at which records carry their offset in the topic that they were archived from, as Kafka Connect's
    /// `InsertField` writes it. It takes precedence over that of the envelope.
    #[serde(skip_serializing_if = "is_default")]
    pub record_offset: Option<String>,
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
            envelope: Envelope::None,
            record_offset: None,
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
        self.csv.fault()
    }

    pub(super) fn check(&self) -> Result<(), DecodeError> {
        match self.fault() {
            Some((setting, detail)) => Err(DecodeError::Setting { setting, detail }),
            None => Ok(()),
        }
    }
}
