//! From runs to a shadow table: merged here, combined by the component, loaded by the store.

use std::sync::atomic::Ordering;

use tokio::sync::mpsc::channel;

use super::merge::{MergeError, Runs, start};
use super::{Context, thread::watched};
use crate::error::{Code, Coded};
use crate::fold::FoldError;
use crate::guest::{Component, GuestError};
use crate::plan::TablePlan;
use crate::store::{BuildInfo, Loaded, Rows, StateStore, StoreError};

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

/// Merges all runs of a table, and loads the rows into the shadow table of `build`, which is made anew.
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
    store: &dyn StateStore,
    context: &Context,
) -> Result<Loaded, LoadError> {
    let columns = table.columns();
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
    let load = store.load(build, &columns, receive);
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
