//! The outcome of a comparison.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use crate::schema::{Kind, Output};
use crate::store::{BuildState, StoredBuild, StoredIndex, TableColumns, Version};

/// The differences between two builds of a table. Its `Display` is the text that people read before a swap.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diff {
    /// The public name.
    pub table: String,
    /// The pointer's version when the comparison began, which [`swap`](crate::cutover::swap) is given as `expected`.
    pub live_version: Option<Version>,
    /// The build that is live; none where nothing was.
    pub old: Option<Side>,
    /// The live build, where its table is gone or altered and so cannot be compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<Lost>,
    /// The build that may go live.
    pub new: Side,
    /// The values of key columns that the compared rows have, as `page=/a`; empty where all rows were compared.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    /// By column, the difference up to which two values count as equal.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tolerances: BTreeMap<String, f64>,
    /// Numbers of rows.
    pub counts: Counts,
    /// Columns that were added, removed or have another kind.
    pub schema: SchemaDiff,
    /// Indexes that were added or removed.
    pub indexes: IndexDiff,
    /// The columns that both builds have, keys left out.
    pub columns: Vec<ColumnDiff>,
    /// Some keys of each class, chosen by a hash of the key: spread over the table, and the same each time.
    pub samples: Samples,
    /// The file with the keys of all rows that are not equal, where one was wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys: Option<KeysWritten>,
}

/// A file of keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeysWritten {
    /// Its path, as given.
    pub path: PathBuf,
    /// The number of keys in it.
    pub keys: u64,
}

/// A build in a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Side {
    /// Its ID.
    pub build: String,
    /// The table that was read.
    pub shadow: String,
    /// Its rows, of those that were compared.
    pub rows: u64,
}

/// A live build whose table is gone or altered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lost {
    /// Its ID.
    pub build: String,
    /// The table that should be there.
    pub shadow: String,
    /// Whether it is gone or altered.
    pub state: BuildState,
}

/// Numbers of rows by the builds that have their key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Keys that the old build alone has.
    pub only_old: u64,
    /// Keys that the new build alone has.
    pub only_new: u64,
    /// Keys that both have.
    pub both: u64,
    /// Of these, rows that are equal in all columns that both have.
    pub equal: u64,
}

/// The columns that only one build has, or with another kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SchemaDiff {
    /// The keys have other names, kinds or another order: no row of one build is one of the other.
    pub keys_differ: bool,
    /// Columns of the new build alone.
    pub added: Vec<Output>,
    /// Columns of the old build alone.
    pub removed: Vec<Output>,
    /// Columns whose kind is another, with the old kind and the new. Their values are not compared.
    pub retyped: Vec<(String, Kind, Kind)>,
}

/// The indexes that only one build has, without those of the key. Empty where there is no old build.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct IndexDiff {
    /// Indexes of the new build alone.
    pub added: Vec<StoredIndex>,
    /// Indexes of the old build alone, with those that were made by hand.
    pub removed: Vec<StoredIndex>,
}

/// A column that both builds have.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ColumnDiff {
    /// Its name.
    pub name: String,
    /// The kind of its values.
    pub kind: Kind,
    /// The number of rows of both builds in which it differs.
    pub differ: u64,
    /// For numbers, timestamps and dates: the largest change, the first of several by key.
    pub largest: Option<Change>,
    /// Figures of the whole column in each build.
    pub drift: Drift,
}

/// The figures of a column in both builds, each over all of its rows, whether the other has their keys or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Drift {
    /// Those of the old build; of no rows, where there is no old build.
    pub old: ColumnFigures,
    /// Those of the new build.
    pub new: ColumnFigures,
}

/// The figures of a column in one build.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct ColumnFigures {
    /// The rows of the build.
    pub rows: u64,
    /// The rows in which the column is null.
    pub nulls: u64,
    /// The sum of the values, for numbers: of integers the float next to the exact sum, of floats a compensated sum
    /// (Neumaier's) in the order of the keys. 0 without values; none where it is not finite.
    pub sum: Option<f64>,
    /// `sum` by the number of values that are not null; none where there are none.
    pub mean: Option<f64>,
}

impl ColumnFigures {
    /// The share of the rows in which the column is null, from 0 to 1; 0 where there are no rows.
    pub fn null_share(&self) -> f64 {
        match self.rows {
            0 => 0.0,
            rows => self.nulls as f64 / rows as f64,
        }
    }
}

/// A value that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The size of the change with its sign, and for timestamps and dates with a unit.
    pub by: String,
    /// The value before.
    pub old: String,
    /// The value after.
    pub new: String,
    /// The row's key.
    pub key: String,
}

/// Some keys of each class, sorted as the table is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Samples {
    /// Keys that the old build alone has.
    pub only_old: Vec<String>,
    /// Keys that the new build alone has.
    pub only_new: Vec<String>,
    /// Rows that changed.
    pub changed: Vec<ChangedRow>,
}

/// A row that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChangedRow {
    /// Its key.
    pub key: String,
    /// The columns that changed: name, value before, value after.
    pub columns: Vec<(String, String, String)>,
}

impl SchemaDiff {
    pub(super) fn new(old: &TableColumns, new: &TableColumns) -> Self {
        let find = |columns: &TableColumns, name: &str| {
            columns.iter().find(|column| column.name == name).cloned()
        };
        let mut diff = SchemaDiff {
            keys_differ: keys_differ(old, new),
            ..SchemaDiff::default()
        };
        for column in new.iter() {
            match find(old, &column.name) {
                None => diff.added.push(column.clone()),
                Some(before) if before.kind != column.kind => {
                    diff.retyped
                        .push((column.name.clone(), before.kind, column.kind));
                }
                Some(_) => {}
            }
        }
        diff.removed = old
            .iter()
            .filter(|column| find(new, &column.name).is_none())
            .cloned()
            .collect();
        diff
    }

    /// Whether both builds have the same columns.
    pub fn is_same(&self) -> bool {
        *self == SchemaDiff::default()
    }
}

impl IndexDiff {
    pub(super) fn new(old: &StoredBuild, new: &StoredBuild) -> Self {
        let alone = |these: &StoredBuild, others: &StoredBuild| {
            let is_alone = |index: &&StoredIndex| {
                let mut others = others.indexes.iter();
                !others.any(|other| other.definition == index.definition)
            };
            these.indexes.iter().filter(is_alone).cloned().collect()
        };
        IndexDiff {
            added: alone(new, old),
            removed: alone(old, new),
        }
    }

    /// Whether both builds have the same indexes.
    pub fn is_same(&self) -> bool {
        *self == IndexDiff::default()
    }
}

/// Whether the keys of two builds have other names, kinds or another order.
pub(super) fn keys_differ(old: &TableColumns, new: &TableColumns) -> bool {
    let named = |columns: &TableColumns| {
        columns
            .keys
            .iter()
            .map(|key| (key.name.clone(), key.kind))
            .collect::<Vec<_>>()
    };
    named(old) != named(new)
}
