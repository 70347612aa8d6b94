//! The settings of the section `decode` of a job.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize};

use super::{Compression, DecodeError, Envelope, Projection};
use crate::schema::{Input, Origin};
use crate::units::ByteSize;

/// How records are told apart and read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// For each object what its name says in front of a compression's ending (`.json`, `.jsonl`, `.ndjson`, `.csv`,
    /// `.avro`, `.parquet`); where that says nothing, what its first bytes are.
    #[default]
    Auto,
    /// JSON objects, on lines of their own or one right after another.
    Json,
    /// Parquet: only the wanted columns are read, by ranges.
    Parquet,
    /// Avro object container files; in a log, datums behind the ID of their schema in the [registry](RegistryConfig).
    Avro,
    /// CSV, with a header or without; `[decode.csv]` says how it is written.
    Csv,
    /// Each line is a record, whose bytes are the component's `payload`.
    RawLines,
    /// Each object is a record, whose bytes are the component's `payload`.
    RawObjects,
}

impl Format {
    /// Whether records have values at paths.
    pub(super) fn has_paths(self) -> bool {
        !matches!(self, Format::RawLines | Format::RawObjects)
    }
}

/// How CSV is written: `[decode.csv]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CsvOptions {
    /// What stands between fields, an ASCII character.
    pub delimiter: char,
    /// What stands around fields that hold a delimiter or a line's end, an ASCII character; doubled, it stands for itself.
    pub quote: char,
    /// Whether the first line of each object names its columns.
    pub header: bool,
    /// The names of the columns, where no header names them.
    pub columns: Vec<String>,
    /// The text of a field that is null.
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
    /// What is wrong with a setting, and with which.
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

/// The schema registry that Avro messages name their schemas in: `[decode.registry]`. Secrets are never part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistryConfig {
    /// Its address, up to where `/schemas/ids/1` goes on.
    #[serde(deserialize_with = "registry_url")]
    pub url: String,
    /// Who asks; the password is in `BACKFOLD_REGISTRY_PASSWORD`, or in `password_file`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// A file that holds the password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// A file that holds a bearer token, where no `user` is named; `BACKFOLD_REGISTRY_TOKEN` can hold it instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
    /// A file of certificates in PEM that are trusted beside those of the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
}

impl RegistryConfig {
    /// The registry at `url`, which lets everybody ask.
    pub fn at(url: impl Into<String>) -> Self {
        RegistryConfig {
            url: url.into(),
            user: None,
            password_file: None,
            token_file: None,
            ca_file: None,
        }
    }

    /// Makes the paths of files those below `folder`.
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

/// The limits and sizes of decoding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DecodeOptions {
    /// The format of the records.
    pub format: Format,
    /// How objects are compressed.
    #[serde(skip_serializing_if = "is_default")]
    pub compression: Compression,
    /// What records are wrapped in.
    #[serde(skip_serializing_if = "is_default")]
    pub envelope: Envelope,
    /// The path at which records carry their offset in the topic that they were taken from, where it is not the
    /// envelope's: as Kafka Connect's `InsertField` writes it.
    #[serde(skip_serializing_if = "is_default")]
    pub record_offset: Option<String>,
    /// How CSV is written.
    #[serde(skip_serializing_if = "is_default")]
    pub csv: CsvOptions,
    /// Where Avro messages have their schemas.
    #[serde(skip_serializing_if = "is_default")]
    pub registry: Option<RegistryConfig>,
    /// The most rows of a batch: 1 to 1,048,576.
    pub batch_rows: u32,
    /// The longest record; a longer one is rejected without being held in memory. 1 byte to 1 GiB.
    pub max_record: ByteSize,
    /// The most bytes that one object may inflate to: 1 byte at least.
    pub max_object: ByteSize,
    /// The most bytes that may come out of a compressed byte, once 64 MiB have come out of an object.
    pub max_ratio: u32,
    /// The most bytes that the wanted columns of a Parquet row group may have, or an Avro block or header, as stored and
    /// uncompressed: 1 byte at least.
    #[serde(skip_serializing_if = "is_default_row_group")]
    pub max_row_group: ByteSize,
}

/// What most archives never reach.
const MAX_ROW_GROUP: ByteSize = ByteSize::mib(512);

/// So that builds whose job says nothing of it stay the same.
fn is_default_row_group(size: &ByteSize) -> bool {
    *size == MAX_ROW_GROUP
}

/// What a job does not set leaves no trace in its digest.
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
    /// The options that decide which events come of a record: all but how a registry is asked.
    pub fn deciding(&self) -> Self {
        let registry = self.registry.as_ref();
        DecodeOptions {
            registry: registry.map(|registry| RegistryConfig::at(registry.url.as_str())),
            ..self.clone()
        }
    }

    /// Whether records in the job's format can have what `projection` looks at.
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
                    "raw records have no values at paths: the component has to ask for `payload`, \
                         or the job to set another `decode.format`"
                        .to_owned(),
            }),
            None => Ok(()),
        }
    }

    /// What is wanted of each record as it is stored, if `projection` is wanted of what it says.
    ///
    /// # Errors
    /// Where that is nowhere that a path leads to.
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

    /// What is wrong with a setting, by its name below `decode`, and with which.
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
