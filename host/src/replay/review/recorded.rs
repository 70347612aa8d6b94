//! `run.json`, as far as a review needs it: the report of the last run that came to its end.
//!
//! Members that a release did not write yet are missing, and members that are not known are passed over.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use serde::Deserialize;

use crate::store::{Loaded, Version};
use crate::workdir::BuildError;

/// The report of a run.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Recorded {
    /// The build's ID.
    pub build: String,
    /// When the report was written, RFC 3339 in UTC; `None` in reports of earlier releases.
    pub written_at: Option<String>,
    /// The rows of the table, and their digest.
    pub loaded: Option<Loaded>,
    /// Wall clock of that run by stage.
    pub stages: Vec<RecordedStage>,
    /// The checks of the gate.
    pub gate: Option<RecordedGate>,
    /// The difference to the table that was live.
    pub diff: Option<RecordedDiff>,
    /// Why it was this build, for people.
    pub notes: Vec<String>,
}

/// How long the run was in a stage.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RecordedStage {
    /// The stage's name, such as `fold`.
    pub stage: String,
    /// Wall clock.
    pub seconds: f64,
}

/// The gate's report.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RecordedGate {
    /// The checks, in order.
    pub checks: Vec<RecordedCheck>,
}

/// A check of the gate.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RecordedCheck {
    /// Its name.
    pub name: String,
    /// Whether it held.
    pub passed: bool,
    /// The outcome as a sentence.
    pub text: String,
    /// The figure that was found; empty in reports of earlier releases.
    pub found: String,
    /// The figure that was wanted; empty in reports of earlier releases.
    pub wanted: String,
}

/// The difference between two builds.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RecordedDiff {
    /// The pointer's version when the comparison began.
    pub live_version: Option<Version>,
    /// The build that was live.
    pub old: Option<RecordedSide>,
    /// The build that was live, where its table is gone or altered.
    pub lost: Option<RecordedLost>,
    /// The build that the report is about.
    pub new: RecordedSide,
    /// Numbers of rows.
    pub counts: RecordedCounts,
    /// Columns that were added, removed or have another kind.
    pub schema: RecordedSchema,
    /// Indexes that were added or removed.
    pub indexes: RecordedIndexes,
    /// The columns that both builds have, keys left out.
    pub columns: Vec<RecordedColumn>,
    /// Some keys of each class.
    pub samples: RecordedSamples,
}

/// A build in a comparison.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RecordedSide {
    /// Its ID.
    pub build: String,
    /// Its rows.
    pub rows: u64,
}

/// A build whose table was gone or altered.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RecordedLost {
    /// Its ID.
    pub build: String,
    /// Whether it was gone or altered.
    pub state: String,
}

/// Numbers of rows by the builds that have their key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct RecordedCounts {
    /// Keys that the old build alone has.
    pub only_old: u64,
    /// Keys that the new build alone has.
    pub only_new: u64,
    /// Keys that both have.
    pub both: u64,
    /// Of these, rows that are equal in all columns that both have.
    pub equal: u64,
}

impl RecordedCounts {
    /// Rows of both builds that differ.
    pub fn changed(&self) -> u64 {
        self.both.saturating_sub(self.equal)
    }
}

/// The columns that only one build has, or with another kind.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RecordedSchema {
    /// The keys are other columns: no rows were compared.
    pub keys_differ: bool,
    /// Columns of the new build alone.
    pub added: Vec<NamedColumn>,
    /// Columns of the old build alone.
    pub removed: Vec<NamedColumn>,
    /// Columns whose kind is another: name, old kind, new kind.
    pub retyped: Vec<(String, String, String)>,
}

/// A column with its kind.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct NamedColumn {
    /// Its name.
    pub name: String,
    /// The name of its kind.
    pub kind: String,
}

/// The indexes that only one build has.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RecordedIndexes {
    /// Indexes of the new build alone.
    pub added: Vec<RecordedIndex>,
    /// Indexes of the old build alone.
    pub removed: Vec<RecordedIndex>,
}

/// An index.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RecordedIndex {
    /// The definition, as the store has it.
    pub definition: String,
}

/// A column that both builds have.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RecordedColumn {
    /// Its name.
    pub name: String,
    /// The name of its kind.
    pub kind: String,
    /// The number of rows of both builds in which it differs.
    pub differ: u64,
    /// The largest change.
    pub largest: Option<RecordedChange>,
    /// The figures of the whole column in each build; `None` in reports of earlier releases.
    pub drift: Option<RecordedDrift>,
}

/// A value that changed.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RecordedChange {
    /// The size of the change with its sign.
    pub by: String,
    /// The value before.
    pub old: String,
    /// The value after.
    pub new: String,
    /// The row's key.
    pub key: String,
}

/// The figures of a column before and after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RecordedDrift {
    /// Those of the old build.
    pub old: RecordedFigures,
    /// Those of the new build.
    pub new: RecordedFigures,
}

/// The figures of a column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RecordedFigures {
    /// Rows.
    pub rows: u64,
    /// Rows without a value.
    pub nulls: u64,
    /// The sum, of numbers.
    pub sum: Option<f64>,
    /// The mean of the rows with a value, of numbers.
    pub mean: Option<f64>,
}

/// Some keys of each class.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RecordedSamples {
    /// Keys that the old build alone has.
    pub only_old: Vec<String>,
    /// Keys that the new build alone has.
    pub only_new: Vec<String>,
    /// Rows that changed.
    pub changed: Vec<RecordedRow>,
}

/// A row that changed.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RecordedRow {
    /// Its key.
    pub key: String,
    /// The columns that changed: name, value before, value after.
    pub columns: Vec<(String, String, String)>,
}

impl Recorded {
    /// Reads a report; `None` where there is none. The list of splits is passed over without being held.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, BuildError> {
        let file = match File::open(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(BuildError::io("opening", path))?,
        };
        match serde_json::from_reader(BufReader::new(file)) {
            Ok(recorded) => Ok(Some(recorded)),
            Err(error) => Err(BuildError::Damaged {
                path: path.to_owned(),
                what: error.to_string(),
            }),
        }
    }
}
