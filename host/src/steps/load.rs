//! From runs to a shadow table: merged here, combined by the component, loaded by the store.

use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use tokio::sync::mpsc::channel;

use super::merge::{MergeError, Runs, merge, start};
use super::{Context, thread::watched};
use crate::error::{Code, Coded};
use crate::fold::FoldError;
use crate::guest::{Component, GuestError};
use crate::plan::TablePlan;
use crate::source::Handoff;
use crate::store::{BuildInfo, Loaded, RowCheck, Rows, StateStore, StoreError};

/// Batches of rows on their way to the store. Few: the batches that are merged ahead wait within the budget of the merge,
/// and a batch may be one row that is as large as a row may be.
const BATCHES_AHEAD: usize = 2;

/// A table cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The runs cannot be merged.
    #[error(transparent)]
    Merge(#[from] MergeError),
    /// The store cannot take the rows.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<FoldError> for LoadError {
    fn from(error: FoldError) -> Self {
        LoadError::Merge(error.into())
    }
}

impl From<GuestError> for LoadError {
    fn from(error: GuestError) -> Self {
        LoadError::Merge(error.into())
    }
}

impl Coded for LoadError {
    fn code(&self) -> &'static Code {
        match self {
            LoadError::Merge(error) => error.code(),
            LoadError::Store(error) => error.code(),
        }
    }
}

/// Merges all runs of a table, and loads the rows into the shadow table of `build`, which is made anew and gets `handoff`
/// as its positions. A store that checks rows before they are loaded ([`StateStore::row_check`]) gets all of them from a
/// merge before that.
///
/// The runs must be those of all splits, each split in one of them. The component must be that of the table.
///
/// # Errors
/// [`FoldError::Interrupted`] once [`Context::cancel`] fires; else the cause, be it the merge or the store.
pub async fn load(
    table: &TablePlan,
    runs: Runs,
    component: &Component,
    build: &BuildInfo,
    handoff: &Handoff,
    store: &dyn StateStore,
    context: &Context,
) -> Result<Loaded, LoadError> {
    let columns = table.columns();
    if let Some(check) = store.row_check(&columns) {
        check_rows(table, runs.clone(), component, check, context).await?;
    }
    store.create(build, &columns).await?;
    let (send, receive) = channel(BATCHES_AHEAD);
    let progress = context.progress.clone();
    let merge = start(table, runs, component, context, move |rows| {
        if let Rows::Batch(batch) = &rows {
            let rows = batch.num_rows() as u64;
            progress.rows_done.fetch_add(rows, Ordering::Relaxed);
        }
        send.blocking_send(rows).map_err(|_| FoldError::Interrupted)
    })?;
    let load = store.load(build, &columns, handoff, receive);
    let both = async { futures::join!(merge, load) };
    let (merged, loaded) = watched(component, both).await?;
    match (merged, loaded) {
        // The store fails for want of rows where the merge fails, and the merge for want of a receiver where the store does.
        (Err(cause), Err(StoreError::Unfinished { .. })) => Err(cause.into()),
        (_, Err(StoreError::Cancelled { .. })) => Err(FoldError::Interrupted.into()),
        (_, Err(error)) => Err(error.into()),
        (Err(error), Ok(_)) => Err(error.into()),
        (Ok(_), Ok(loaded)) => Ok(loaded),
    }
}

/// Merges all runs, and has each row checked.
async fn check_rows(
    table: &TablePlan,
    runs: Runs,
    component: &Component,
    mut check: Box<dyn RowCheck>,
    context: &Context,
) -> Result<(), LoadError> {
    let refused = Arc::new(OnceLock::new());
    let to_refuse = refused.clone();
    let merged = merge(table, runs, component, context, move |rows| {
        let Rows::Batch(batch) = rows else {
            return Ok(());
        };
        check.check(&batch).map_err(|error| {
            let _ = to_refuse.set(error);
            FoldError::Interrupted
        })
    });
    let merged = merged.await;
    match Arc::into_inner(refused).and_then(OnceLock::into_inner) {
        Some(refused) => Err(refused.into()),
        None => Ok(merged.map(drop)?),
    }
}
