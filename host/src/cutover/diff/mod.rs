//! What a swap would change: two builds compared row by row, in bounded memory.

use serde::Serialize;
use tokio::sync::mpsc::{Receiver, channel};

use super::CutoverError;
use crate::schema::{Kind, Output};
use crate::store::{
    BuildState, Rows, StateStore, StoreError, StoredBuild, StoredIndex, TableColumns, Version,
};

mod compare;
mod join;
mod sample;
mod text;

/// How much to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffOptions {
    /// How many keys of each class to show.
    pub samples: usize,
}

impl Default for DiffOptions {
    fn default() -> Self {
        DiffOptions { samples: 5 }
    }
}

/// Two builds compared. As text, it is what people see before a swap.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diff {
    /// The public name.
    pub table: String,
    /// The pointer's version when the comparison began: what [`swap`](super::swap) expects it to be still.
    pub live_version: Option<Version>,
    /// The build compared with; none where nothing was live.
    pub old: Option<Side>,
    /// The live build, where its table cannot be compared with any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<Lost>,
    /// The build that may go live.
    pub new: Side,
    /// How many rows are where.
    pub counts: Counts,
    /// What became of the columns.
    pub schema: SchemaDiff,
    /// What became of the indexes.
    pub indexes: IndexDiff,
    /// The columns that both builds have, keys left out.
    pub columns: Vec<ColumnDiff>,
    /// Some keys of each class, chosen by a hash of the key: spread over the table, and the same each time.
    pub samples: Samples,
}

/// A build in a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Side {
    /// Its ID.
    pub build: String,
    /// The table that was read.
    pub shadow: String,
    /// Its rows.
    pub rows: u64,
}

/// A live build whose table is not what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lost {
    /// Its ID.
    pub build: String,
    /// The table that should be there.
    pub shadow: String,
    /// Whether it is gone or altered.
    pub state: BuildState,
}

/// How many rows are where.
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

/// What became of the columns.
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

/// What became of the indexes of the table; those of its key are left out. Empty where nothing is compared with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct IndexDiff {
    /// Indexes of the new build alone.
    pub added: Vec<StoredIndex>,
    /// Indexes of the old build alone, those that people made by hand included.
    pub removed: Vec<StoredIndex>,
}

/// A column that both builds have.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ColumnDiff {
    /// Its name.
    pub name: String,
    /// The kind of its values.
    pub kind: Kind,
    /// In how many rows of both builds it differs.
    pub differ: u64,
    /// For numbers, moments and days: the largest change, the first of several by key.
    pub largest: Option<Change>,
}

/// A value that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// By how much, with its sign and for moments and days with a unit.
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

/// Compares a build with the live one, or with nothing where none is live or its table is lost.
pub async fn diff_with_live(
    store: &dyn StateStore,
    new: &StoredBuild,
    options: &DiffOptions,
) -> Result<Diff, CutoverError> {
    let table = &new.info.table;
    let live = store.live(table).await?;
    let mut lost = None;
    let mut old = match &live {
        None => None,
        Some(pointer) => {
            let builds = store.builds(table).await?;
            let old = builds
                .into_iter()
                .find(|build| build.info.build == pointer.build);
            Some(old.ok_or_else(|| StoreError::UnknownBuild {
                table: table.clone(),
                build: pointer.build.clone(),
            })?)
        }
    };
    // What readers have lost already must not keep them from a table that is whole.
    if let Some(gone) = old.take_if(|old| old.state != BuildState::Loaded) {
        lost = Some(Lost {
            shadow: gone.info.shadow_name(),
            build: gone.info.build,
            state: gone.state,
        });
    }
    let diff = diff(store, old.as_ref(), new, options).await?;
    Ok(Diff {
        live_version: live.map(|pointer| pointer.version),
        lost,
        ..diff
    })
}

/// Compares two builds of a table, reading each once. [`Diff::live_version`] is left empty.
///
/// # Errors
/// Where a build is not loaded, or the store fails.
pub async fn diff(
    store: &dyn StateStore,
    old: Option<&StoredBuild>,
    new: &StoredBuild,
    options: &DiffOptions,
) -> Result<Diff, CutoverError> {
    let old_columns = old.map_or(&new.columns, |old| &old.columns);
    let comparison = compare::Comparison::new(old_columns, &new.columns, options.samples);
    let ((old_rows, reading_old), (new_rows, reading_new)) =
        (reading(store, old), reading(store, Some(new)));
    let joining = async {
        let compare_error = |source| CutoverError::Compare {
            table: new.info.table.clone(),
            source,
        };
        let old_cursor = join::Cursor::new(old_rows, old_columns).map_err(compare_error)?;
        let new_cursor = join::Cursor::new(new_rows, &new.columns).map_err(compare_error)?;
        join::join(old_cursor, new_cursor, comparison)
            .await
            .map_err(compare_error)
    };
    let (old_read, new_read, joined) = futures::join!(reading_old, reading_new, joining);
    // A reader that failed is why the rows stopped early, so it comes first.
    old_read?;
    new_read?;
    let joined = joined?;
    let counts = joined.counts;
    let side = |build: &StoredBuild, rows| Side {
        build: build.info.build.clone(),
        shadow: build.info.shadow_name(),
        rows,
    };
    Ok(Diff {
        table: new.info.table.clone(),
        live_version: None,
        old: old.map(|old| side(old, counts.only_old + counts.both)),
        lost: None,
        new: side(new, counts.only_new + counts.both),
        counts,
        schema: SchemaDiff::new(old_columns, &new.columns),
        indexes: old.map_or_else(IndexDiff::default, |old| IndexDiff::new(old, new)),
        columns: joined.columns,
        samples: joined.samples,
    })
}

/// The rows of a build, and the reading that sends them; no rows of no build.
fn reading<'a>(
    store: &'a dyn StateStore,
    build: Option<&'a StoredBuild>,
) -> (
    Receiver<Rows>,
    impl Future<Output = Result<(), StoreError>> + 'a,
) {
    let (sender, receiver) = channel(2);
    let reading = async move {
        match build {
            Some(build) => store.read(&build.info, &build.columns, sender).await,
            None => Ok(()),
        }
    };
    (receiver, reading)
}

impl SchemaDiff {
    fn new(old: &TableColumns, new: &TableColumns) -> Self {
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
    fn new(old: &StoredBuild, new: &StoredBuild) -> Self {
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

/// Whether the keys of two builds cannot be told to be the same.
fn keys_differ(old: &TableColumns, new: &TableColumns) -> bool {
    let named = |columns: &TableColumns| {
        columns
            .keys
            .iter()
            .map(|key| (key.name.clone(), key.kind))
            .collect::<Vec<_>>()
    };
    named(old) != named(new)
}

#[cfg(test)]
mod tests;
