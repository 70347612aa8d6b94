//! The differences that a swap would make: two builds compared row by row, in bounded memory.
//!
//! | file | |
//! |---|---|
//! | `join` | walks through the sorted rows of both builds, rows of the same key together |
//! | `filter` | the rows that are compared |
//! | `row` | the columns of both builds; a row at hand, with its encoded key |
//! | `compare` | counts differences and keeps the largest of each column |
//! | `figures` | sums and nulls of each column |
//! | `sample` | keeps a few keys of each class, chosen by a hash |
//! | `keys_file` | the file of the keys of all rows that are not equal |
//! | `outcome` | [`Diff`] and its parts |
//! | `text`, `drift` | [`Diff`] as text |

use std::collections::BTreeMap;
use std::path::PathBuf;

use arrow_schema::ArrowError;
use tokio::sync::mpsc::{Receiver, channel};

use super::CutoverError;
use super::live::Live;
use super::sorted::{SortOptions, read_sorted};
use crate::store::{Loaded, Rows, StateStore, StoreError, StoredBuild};

mod compare;
mod drift;
mod figures;
mod filter;
mod join;
mod keys_file;
mod outcome;
mod row;
mod sample;
mod text;

pub(super) use drift::number;
pub use filter::KeyValue;
pub use outcome::{
    Change, ChangedRow, ColumnDiff, ColumnFigures, Counts, Diff, Drift, IndexDiff, KeysWritten,
    Lost, Samples, SchemaDiff, Side,
};

/// How two builds are compared.
#[derive(Clone, Debug)]
pub struct DiffOptions {
    /// How many keys of each class to show.
    pub samples: usize,
    /// Values of key columns: only rows that have all of them are compared.
    pub only: Vec<KeyValue>,
    /// By the names of columns of numbers, the difference up to which two values count as equal.
    pub tolerances: BTreeMap<String, f64>,
    /// A file for the keys of all rows that are not equal: JSON Lines or Parquet, as its extension `.jsonl` or `.parquet`
    /// says. It gets its name when it is complete.
    pub keys_file: Option<PathBuf>,
    /// How rows are sorted, if the store does not read them sorted. Two builds that are sorted at the same time share
    /// the memory.
    pub sorting: SortOptions,
}

impl Default for DiffOptions {
    fn default() -> Self {
        DiffOptions {
            samples: 5,
            only: Vec::new(),
            tolerances: BTreeMap::new(),
            keys_file: None,
            sorting: SortOptions::default(),
        }
    }
}

/// Two builds, compared.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The difference.
    pub diff: Diff,
    /// All rows of the new build as they were read, and their digest, whatever rows were compared.
    pub stored: Loaded,
}

/// Compares a build with the live one, or with no rows where none is live or its table is lost.
///
/// # Errors
/// As [`diff`].
pub async fn compare_with_live(
    store: &dyn StateStore,
    new: &StoredBuild,
    options: &DiffOptions,
) -> Result<Comparison, CutoverError> {
    let live = Live::of(store, &new.info.table).await?;
    let compared = compare(store, live.build.as_ref(), new, options).await?;
    Ok(Comparison {
        diff: Diff {
            live_version: live.pointer.map(|pointer| pointer.version),
            lost: live.lost,
            ..compared.diff
        },
        ..compared
    })
}

/// The difference that [`compare_with_live`] finds.
///
/// # Errors
/// As [`diff`].
pub async fn diff_with_live(
    store: &dyn StateStore,
    new: &StoredBuild,
    options: &DiffOptions,
) -> Result<Diff, CutoverError> {
    Ok(compare_with_live(store, new, options).await?.diff)
}

/// Compares two builds of a table, reading each once. [`Diff::live_version`] is left empty.
///
/// # Errors
/// Where a build is not loaded, the store fails, `options` name columns that there are not, or the file of keys cannot be
/// written.
pub async fn diff(
    store: &dyn StateStore,
    old: Option<&StoredBuild>,
    new: &StoredBuild,
    options: &DiffOptions,
) -> Result<Diff, CutoverError> {
    Ok(compare(store, old, new, options).await?.diff)
}

async fn compare(
    store: &dyn StateStore,
    old: Option<&StoredBuild>,
    new: &StoredBuild,
    options: &DiffOptions,
) -> Result<Comparison, CutoverError> {
    let old_columns = old.map_or(&new.columns, |old| &old.columns);
    let sides = row::Sides {
        table: &new.info.table,
        old: old_columns,
        new: &new.columns,
    };
    let comparison = compare::Comparison::new(&sides, options)?;
    let old_filter = filter::Filter::new(old_columns, &options.only)?;
    let new_filter = filter::Filter::new(&new.columns, &options.only)?;
    let sorting = match old {
        Some(_) => options.sorting.halved(),
        None => options.sorting.clone(),
    };
    let (old_rows, reading_old) = reading(store, old, &sorting);
    let (new_rows, reading_new) = reading(store, Some(new), &sorting);
    let joining = async {
        let cursor = |rows, columns, filter| {
            let cursor = join::Cursor::new(rows, columns, filter);
            cursor.map_err(|source| incomparable(&new.info.table, source))
        };
        let old_cursor = cursor(old_rows, old_columns, old_filter)?;
        let new_cursor = cursor(new_rows, &new.columns, new_filter)?;
        join::join(&new.info.table, old_cursor, new_cursor, comparison).await
    };
    let (old_read, new_read, joined) = futures::join!(reading_old, reading_new, joining);
    // A comparison that failed takes no more rows, and then the reads just end. Otherwise, a read that failed is why the
    // rows stopped early.
    old_read?;
    new_read?;
    let joined = joined?;
    let stored = joined.stored.ok_or_else(|| StoreError::Unfinished {
        build: new.info.build.clone(),
    })?;
    // The file gets its name only after all rows were read.
    let keys = joined.keys.map(keys_file::KeysFile::finish).transpose()?;
    let counts = joined.counts;
    let side = |build: &StoredBuild, rows| Side {
        build: build.info.build.clone(),
        shadow: build.info.shadow_name(),
        rows,
    };
    let only = options.only.iter();
    let diff = Diff {
        table: new.info.table.clone(),
        live_version: None,
        old: old.map(|old| side(old, counts.only_old + counts.both)),
        lost: None,
        new: side(new, counts.only_new + counts.both),
        only: only.map(ToString::to_string).collect(),
        tolerances: options.tolerances.clone(),
        counts,
        schema: SchemaDiff::new(old_columns, &new.columns),
        indexes: old.map_or_else(IndexDiff::default, |old| IndexDiff::new(old, new)),
        columns: joined.columns,
        samples: joined.samples,
        keys,
    };
    Ok(Comparison { diff, stored })
}

/// The failure of a comparison.
fn incomparable(table: &str, source: ArrowError) -> CutoverError {
    CutoverError::Compare {
        table: table.to_owned(),
        source,
    }
}

/// The rows of a build sorted by key, and the future that reads them; no rows where there is no build.
fn reading<'a>(
    store: &'a dyn StateStore,
    build: Option<&'a StoredBuild>,
    sorting: &'a SortOptions,
) -> (
    Receiver<Rows>,
    impl Future<Output = Result<(), CutoverError>> + 'a,
) {
    let (sender, receiver) = channel(2);
    let reading = async move {
        match build {
            Some(build) => read_sorted(store, &build.info, &build.columns, sorting, sender).await,
            None => Ok(()),
        }
    };
    (receiver, reading)
}

#[cfg(test)]
mod tests;
