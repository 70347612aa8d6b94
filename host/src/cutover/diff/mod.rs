//! The differences that a swap would make: two builds compared row by row, in bounded memory.
//!
//! | file | |
//! |---|---|
//! | `join` | walks through the sorted rows of both builds, rows of the same key together |
//! | `row` | a row at hand, with its encoded key |
//! | `compare` | counts differences and keeps the largest of each column |
//! | `sample` | keeps a few keys of each class, chosen by a hash |
//! | `outcome` | [`Diff`] and its parts |
//! | `text` | [`Diff`] as text |

use tokio::sync::mpsc::{Receiver, channel};

use super::CutoverError;
use super::sorted::{SortOptions, read_sorted};
use crate::store::{BuildState, Rows, StateStore, StoreError, StoredBuild};

mod compare;
mod join;
mod outcome;
mod row;
mod sample;
mod text;

pub use outcome::{
    Change, ChangedRow, ColumnDiff, Counts, Diff, IndexDiff, Lost, Samples, SchemaDiff, Side,
};

/// How two builds are compared.
#[derive(Clone, Debug)]
pub struct DiffOptions {
    /// How many keys of each class to show.
    pub samples: usize,
    /// How rows are sorted, if the store does not read them sorted. Two builds that are sorted at the same time share
    /// the memory.
    pub sorting: SortOptions,
}

impl Default for DiffOptions {
    fn default() -> Self {
        DiffOptions {
            samples: 5,
            sorting: SortOptions::default(),
        }
    }
}

/// Compares a build with the live one, or with no rows where none is live or its table is lost.
///
/// # Errors
/// As [`diff`].
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
    let sorting = match old {
        Some(_) => options.sorting.halved(),
        None => options.sorting.clone(),
    };
    let (old_rows, reading_old) = reading(store, old, &sorting);
    let (new_rows, reading_new) = reading(store, Some(new), &sorting);
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
    // A read that failed is why the rows stopped early, so it comes first.
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
