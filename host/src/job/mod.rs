//! The job: what to rebuild, from which history, into which table.
//!
//! [`Job::load`] reads a TOML file, lays the command line's settings over it and checks what can be checked
//! without opening anything. [`Job::driver`] and [`Job::store`] make what the job names.
//!
//! ```toml
//! table = "page_stats"                  # the name that readers use
//! component = "clicks.wasm"             # paths are relative to the job file
//!
//! [range]                               # of event time, half-open; all of history where it is left out
//! from = "2026-01-01"                   # or in one string: range = "@2026-01-01:"
//! to = "latest"
//!
//! [source.files]
//! path = "archive"
//! layout = "firehose"
//!
//! [target]
//! indexes = [["day", "views desc"]]     # of the table, for its readers
//!
//! [target.sqlite]
//! path = "stats.sqlite"
//! busy_timeout = "30s"                  # how long others that use the database are waited for
//!
//! [decode]                              # where it is left out, each object tells format and compression itself
//! format = "csv"                        # auto, json, csv, parquet, avro, raw-lines, raw-objects
//! compression = "auto"                  # none, gzip, zstd, bzip2, zip, snappy-framed, -java, -hadoop, -raw
//! envelope = "none"                     # connect-schema, lenses, aiven
//! csv = { delimiter = ";", null = "NULL" }
//! registry = { url = "https://registry.example" }   # of Avro messages in Kafka
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::Serialize;

use crate::cutover::GateOptions;
use crate::decode::DecodeOptions;
use crate::fold::{FoldOptions, QuarantineOptions};
use crate::guest::Limits;
use crate::source::kafka::check_property;
use crate::source::range::{Bound, RangeConfig};
use crate::source::{EventRange, Parts, ReplayDriver, SourceConfig, SourceError};
use crate::store::sqlite::{SqliteConfig, SqliteStore};
use crate::store::{Access, Index, StateStore, StoreContext, StoreError};

mod check;
mod error;
mod file;
mod identity;
mod locate;

pub(crate) use error::codes;
pub use error::{JobError, Origin, Place};

/// A job that makes sense. Serialized, it is the same for the same settings, wherever they were made.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Job {
    /// The table's public name.
    pub table: String,
    /// The component's `.wasm` file.
    pub component: PathBuf,
    /// Where builds keep their plans, runs and journals.
    pub work: PathBuf,
    /// What the component's `open` is given.
    pub params: BTreeMap<String, String>,
    /// Which events are wanted, half-open: by the time of the event, or by offsets where the source is a log.
    pub range: RangeConfig,
    /// Where history comes from.
    pub source: SourceConfig,
    /// Where the table goes.
    pub target: TargetConfig,
    /// The indexes of the table; they stand in `[target]`. They decide nothing that its rows hold.
    pub indexes: Vec<Index>,
    /// How records are decoded.
    pub decode: DecodeOptions,
    /// How they are folded.
    pub fold: FoldOptions,
    /// How many rejected records stop a run.
    pub quarantine: QuarantineOptions,
    /// What the component may use.
    pub limits: Limits,
    /// What must hold before a swap.
    pub gate: GateOptions,
    /// The file that it was read from, as it was named.
    #[serde(skip)]
    pub file: PathBuf,
}

/// Where the table goes.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetConfig {
    /// A SQLite database.
    Sqlite(SqliteConfig),
}

impl std::fmt::Display for TargetConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            TargetConfig::Sqlite(sqlite) => write!(f, "SQLite {}", sqlite.path.display()),
        }
    }
}

/// Settings of the command line and the environment, which go over those of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--range`, both bounds in one string.
    pub range: Option<String>,
    /// `--from`, which goes over that of `range`.
    pub from: Option<String>,
    /// `--to`, which goes over that of `range`.
    pub to: Option<String>,
    /// `--work`, relative to the current folder.
    pub work: Option<PathBuf>,
    /// `--workers`.
    pub workers: Option<usize>,
    /// `--skip-archived`, which only a bucket knows.
    pub skip_archived: bool,
    /// `-p key=value`, which go over the file's key by key.
    pub params: BTreeMap<String, String>,
    /// `-X key=value`, properties of librdkafka which go over the file's key by key.
    pub properties: BTreeMap<String, String>,
}

impl Job {
    /// Reads the job file at `path` and lays `overrides` over it. Opens nothing that the job names.
    ///
    /// # Errors
    /// Whatever is wrong with the file, with its line; see [`JobError`].
    pub fn load(path: &Path, overrides: &Overrides) -> Result<Job, JobError> {
        let text = std::fs::read_to_string(path).map_err(|source| JobError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        Job::parse(path, &text, overrides)
    }

    /// [`Job::load`] for a file that has been read: `path` is where it stands.
    pub fn parse(path: &Path, text: &str, overrides: &Overrides) -> Result<Job, JobError> {
        let mut job = file::read(path, text)?;
        job.lay_over(overrides)?;
        Ok(job)
    }

    /// The driver of the source, for events within `range`, which reads `parts` of each record in addition to its value.
    pub fn driver(
        &self,
        range: EventRange,
        parts: Parts,
    ) -> Result<Box<dyn ReplayDriver>, SourceError> {
        self.source.driver(&self.range, range, parts)
    }

    /// The store of the target, opened as `access` wants.
    pub fn store(
        &self,
        access: Access,
        context: &StoreContext,
    ) -> Result<Box<dyn StateStore>, StoreError> {
        match &self.target {
            TargetConfig::Sqlite(config) => {
                let store = SqliteStore::open(config, access, context.clone())?;
                Ok(Box::new(store))
            }
        }
    }

    /// Parameters as the component takes them.
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

    /// Reads a bound that the flag `flag` gives.
    fn bound(&self, flag: &'static str, text: &str) -> Result<Bound, JobError> {
        let bound = read_flag(flag, text)?;
        check::bound(&key_of(flag), &bound, &self.source, || Origin::Flag(flag))?;
        Ok(bound)
    }
}

/// Reads the range or the bound that the flag `flag` gives.
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

/// The setting that a flag of the range stands for.
fn key_of(flag: &str) -> String {
    match flag.trim_start_matches('-') {
        "range" => "range".to_owned(),
        bound => format!("range.{bound}"),
    }
}

#[cfg(test)]
mod tests;
