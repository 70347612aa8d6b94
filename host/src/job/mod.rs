//! The job: the source, the component, the table, and all settings of a rebuild.
//!
//! [`Job::load`] reads a TOML file, applies the settings of the command line, and checks everything that can be checked
//! without opening files or connections. [`Job::driver`] and [`Job::store`] create the driver and the store.
//!
//! | file | content |
//! |---|---|
//! | `file` | the job file, parsed |
//! | `locate` | errors of the TOML parser with line, key and suggestion |
//! | `pipeline` | the declaration of the component `aggregate` |
//! | `check` | checks of values |
//! | `identity` | the settings that determine the content of a build |
//! | `error` | [`JobError`] and its codes |
//!
//! ```toml
//! table = "page_stats"                  # the name that readers use
//! component = "clicks.wasm"             # paths are relative to the job file
//!
//! [range]                               # of event time, half-open; all of history by default
//! from = "2026-01-01"                   # or as one string: range = "@2026-01-01:"
//! to = "latest"
//!
//! [source.files]
//! path = "archive"
//! layout = "firehose"
//!
//! [target]
//! indexes = [["day", "views desc"]]     # indexes of the table, for its readers
//!
//! [target.sqlite]
//! path = "stats.sqlite"
//! busy_timeout = "30s"                  # how long to wait for other programs that lock the database
//!                                       # or [target.dynamodb], whose settings all have defaults
//!
//! [decode]                              # by default, format and compression are detected for each object
//! format = "csv"                        # auto, json, csv, parquet, avro, raw-lines, raw-objects
//! compression = "auto"                  # none, gzip, zstd, bzip2, xz, zip, snappy-framed, -java, -hadoop, -raw
//! encoding = "auto"                     # of JSON and CSV: utf-8, utf-16le, utf-16be, windows-1252
//! envelope = "none"                     # connect-schema, lenses, aiven
//! records = "Records"                   # the path of the array in JSON documents; by default records are not in documents
//! numbers = "strict"                    # lenient: also `"42"` and `1.0` for an integer
//! values = "plain"                      # dynamodb, mongo: objects that stand for one value
//! time_zone = "Europe/Paris"            # of times without an offset, which are rejected by default
//! csv = { delimiter = ";", null = ["", "NULL"], escape = "\\", trim = true, comment = "#", skip_lines = 1 }
//! registry = { url = "https://registry.example" }   # of Avro messages in Kafka
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::Serialize;

use crate::cutover::{GateOptions, HookOptions};
use crate::decode::DecodeOptions;
use crate::fold::{FoldOptions, QuarantineOptions};
use crate::guest::Limits;
use crate::source::kafka::check_property;
use crate::source::range::{Bound, RangeConfig};
use crate::source::{EventRange, Parts, ReplayDriver, SourceConfig, SourceError};
use crate::store::dynamodb::{DynamoConfig, DynamoStore};
use crate::store::postgres::{PostgresConfig, PostgresStore};
use crate::store::sqlite::{SqliteConfig, SqliteStore};
use crate::store::{Access, Index, StateStore, StoreContext, StoreError};

mod check;
mod error;
mod file;
mod identity;
mod locate;
mod pipeline;

pub(crate) use error::codes;
pub use error::{JobError, Origin, Place};
pub(crate) use locate::Text;

/// A valid job. Its serialized form depends on the settings alone, not on whether the file or flags set them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Job {
    /// The table's public name.
    pub table: String,
    /// The component's `.wasm` file, or `aggregate` for the component that is part of backfold.
    pub component: PathBuf,
    /// The folder for plans, run files and journals of builds.
    pub work: PathBuf,
    /// The parameters for the component's `open`; for `aggregate`, its `[pipeline]`.
    pub params: BTreeMap<String, String>,
    /// The half-open range of events: in event time, or in offsets if the source is a log.
    pub range: RangeConfig,
    /// The source of history.
    pub source: SourceConfig,
    /// The store of the table.
    pub target: TargetConfig,
    /// The indexes of the table, from `[target]`. They do not affect its rows.
    pub indexes: Vec<Index>,
    /// The settings of decoding.
    pub decode: DecodeOptions,
    /// The settings of the fold.
    pub fold: FoldOptions,
    /// The number of rejected records that stops a run.
    pub quarantine: QuarantineOptions,
    /// The limits of the component.
    pub limits: Limits,
    /// The conditions for a swap.
    pub gate: GateOptions,
    /// The commands before and after a swap.
    pub hooks: HookOptions,
    /// The job file, as given.
    #[serde(skip)]
    pub file: PathBuf,
}

/// Where the table goes.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetConfig {
    /// A SQLite database.
    Sqlite(SqliteConfig),
    /// A PostgreSQL database.
    Postgres(Box<PostgresConfig>),
    /// DynamoDB.
    #[serde(rename = "dynamodb")]
    DynamoDb(Box<DynamoConfig>),
}

impl std::fmt::Display for TargetConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            TargetConfig::Sqlite(sqlite) => write!(f, "SQLite {}", sqlite.path.display()),
            TargetConfig::Postgres(postgres) => {
                write!(
                    f,
                    "PostgreSQL {}, schema {}",
                    postgres.place(),
                    postgres.schema
                )
            }
            TargetConfig::DynamoDb(dynamodb) => dynamodb.fmt(f),
        }
    }
}

/// Settings of the command line and the environment, which take precedence over those of the job file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--range`, both bounds in one string.
    pub range: Option<String>,
    /// `--from`, which takes precedence over `range`.
    pub from: Option<String>,
    /// `--to`, which takes precedence over `range`.
    pub to: Option<String>,
    /// `--work`, relative to the current folder.
    pub work: Option<PathBuf>,
    /// `--workers`.
    pub workers: Option<usize>,
    /// `--skip-archived`, which only S3 supports.
    pub skip_archived: bool,
    /// `-p key=value`, which take precedence over the file key by key.
    pub params: BTreeMap<String, String>,
    /// `-X key=value`, properties of librdkafka, which take precedence over the file key by key.
    pub properties: BTreeMap<String, String>,
}

impl Job {
    /// Reads the job file at `path` and applies `overrides`. Nothing that the job names is opened.
    ///
    /// # Errors
    /// An error in the file with its line, or in a flag; see [`JobError`].
    pub fn load(path: &Path, overrides: &Overrides) -> Result<Job, JobError> {
        let text = std::fs::read_to_string(path).map_err(|source| JobError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        Job::parse(path, &text, overrides)
    }

    /// [`Job::load`] for the content of a job file; `path` is the path of the file.
    pub fn parse(path: &Path, text: &str, overrides: &Overrides) -> Result<Job, JobError> {
        let mut job = file::read(path, text)?;
        job.lay_over(overrides)?;
        Ok(job)
    }

    /// Creates the driver for events within `range`; it reads `parts` of each record in addition to the value.
    pub fn driver(
        &self,
        range: EventRange,
        parts: Parts,
    ) -> Result<Box<dyn ReplayDriver>, SourceError> {
        self.source.driver(&self.range, range, parts)
    }

    /// Opens the store of the target with this kind of access.
    pub async fn store(
        &self,
        access: Access,
        context: &StoreContext,
    ) -> Result<Box<dyn StateStore>, StoreError> {
        match &self.target {
            TargetConfig::Sqlite(config) => {
                let store = SqliteStore::open(config, access, context.clone())?;
                Ok(Box::new(store))
            }
            TargetConfig::Postgres(config) => {
                let store = PostgresStore::open(config, access, context.clone()).await?;
                Ok(Box::new(store))
            }
            TargetConfig::DynamoDb(config) => {
                // In a box of its own: the futures of the SDK are deep, and those of all commands would hold them.
                let open = DynamoStore::open(config, access, context.clone());
                let store = Box::pin(open).await?;
                Ok(Box::new(store))
            }
        }
    }

    /// The parameters as a list, as the component takes them.
    pub fn component_params(&self) -> Vec<(String, String)> {
        self.params
            .iter()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }

    fn lay_over(&mut self, overrides: &Overrides) -> Result<(), JobError> {
        if let Some(workers) = overrides.workers {
            check::workers(workers, || Origin::Flag("--workers"))?;
            self.fold.workers = Some(workers);
        }
        if let Some(range) = &overrides.range {
            self.range = read_flag("--range", range)?;
            check::range(&self.range, &self.source, || Origin::Flag("--range"))?;
        }
        if let Some(from) = &overrides.from {
            self.range.from = self.bound("--from", from)?;
        }
        if let Some(to) = &overrides.to {
            self.range.to = self.bound("--to", to)?;
        }
        if let Some(work) = &overrides.work {
            self.work = work.clone();
        }
        if overrides.skip_archived {
            let SourceConfig::S3(s3) = &mut self.source else {
                return Err(JobError::FlagOfSource {
                    flag: "--skip-archived",
                    table: "[source.s3]",
                });
            };
            s3.skip_archived = true;
        }
        self.lay_properties_over(&overrides.properties)?;
        self.params.extend(overrides.params.clone());
        Ok(())
    }

    fn lay_properties_over(
        &mut self,
        properties: &BTreeMap<String, String>,
    ) -> Result<(), JobError> {
        if properties.is_empty() {
            return Ok(());
        }
        let SourceConfig::Kafka(kafka) = &mut self.source else {
            return Err(JobError::FlagOfSource {
                flag: "-X",
                table: "[source.kafka]",
            });
        };
        for name in properties.keys() {
            check_property(name).map_err(|problem| JobError::Value {
                origin: Origin::Flag("-X"),
                key: "source.kafka.properties".to_owned(),
                problem,
            })?;
        }
        kafka.overrides.extend(properties.clone());
        Ok(())
    }

    /// Parses the bound in the flag `flag`.
    fn bound(&self, flag: &'static str, text: &str) -> Result<Bound, JobError> {
        let bound = read_flag(flag, text)?;
        check::bound(&key_of(flag), &bound, &self.source, || Origin::Flag(flag))?;
        Ok(bound)
    }
}

/// Parses the range or the bound in the flag `flag`.
fn read_flag<T>(flag: &'static str, text: &str) -> Result<T, JobError>
where
    T: FromStr<Err = SourceError>,
{
    text.parse().map_err(|error: SourceError| JobError::Value {
        origin: Origin::Flag(flag),
        key: key_of(flag),
        problem: error.to_string(),
    })
}

/// The setting that a flag of the range overrides.
fn key_of(flag: &str) -> String {
    match flag.trim_start_matches('-') {
        "range" => "range".to_owned(),
        bound => format!("range.{bound}"),
    }
}

#[cfg(test)]
mod tests;
