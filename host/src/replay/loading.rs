//! From runs to a shadow table: merged by the host, combined by the component, loaded by the store.

use std::sync::atomic::Ordering;

use futures::future::BoxFuture;
use tokio::sync::mpsc::channel;

use super::folding::on_thread;
use super::{Error, Replay};
use crate::fold::{Algebra, FoldError, MergePlan, MergedRows, merge_rows};
use crate::store::{Loaded, Rows, StoreError};
use crate::workdir::{BuildFolder, Standing};

/// Batches of rows on their way to the store. Few: what is merged ahead waits within the budget of the merge, and a batch
/// may be one row that is as large as a row may be.
const BATCHES_AHEAD: usize = 2;

/// Merges all runs of a folded build and loads the rows into its shadow table.
pub(super) async fn load_table(
    replay: &Replay<'_>,
    build: &BuildFolder,
    standing: &Standing,
) -> Result<Loaded, Error> {
    let (info, columns) = (build.manifest.info(), build.manifest.columns());
    replay.store.create(&info, &columns).await?;
    let (send, receive) = channel(BATCHES_AHEAD);
    let progress = replay.progress.clone();
    let merge = merge(replay, build, standing, move |rows| {
        if let Rows::Batch(batch) = &rows {
            progress
                .rows_done
                .fetch_add(batch.num_rows() as u64, Ordering::Relaxed);
        }
        send.blocking_send(rows).map_err(|_| FoldError::Interrupted)
    })?;
    let load = replay.store.load(&info, &columns, receive);
    let (merged, loaded) = replay
        .watched(async { futures::join!(merge, load) })
        .await?;
    match (merged, loaded) {
        // The store fails because no more rows come, or the merge because nobody takes them.
        (Err(cause), Err(StoreError::Unfinished { .. })) => Err(cause.into()),
        (_, Err(StoreError::Cancelled { .. })) => Err(FoldError::Interrupted.into()),
        (_, Err(error)) => Err(error.into()),
        (Err(error), Ok(_)) => Err(error.into()),
        (Ok(_), Ok(loaded)) => Ok(loaded),
    }
}

/// Merges all runs and only counts and digests the rows.
pub(super) async fn merge_only(
    replay: &Replay<'_>,
    build: &BuildFolder,
    standing: &Standing,
) -> Result<MergedRows, Error> {
    let merge = merge(replay, build, standing, |_| Ok(()))?;
    Ok(replay.watched(merge).await??)
}

fn merge(
    replay: &Replay<'_>,
    build: &BuildFolder,
    standing: &Standing,
    mut sink: impl FnMut(Rows) -> Result<(), FoldError> + Send + 'static,
) -> Result<BoxFuture<'static, Result<MergedRows, FoldError>>, Error> {
    let (folder, runs) = (build.runs(), standing.runs());
    let descriptor = build.manifest.descriptor.clone();
    let options = replay.job.fold.clone();
    let (stack_bytes, cancel) = (replay.stack_bytes(), replay.cancel.clone());
    let (component, params) = (replay.component.clone(), replay.job.component_params());
    let merged = on_thread("merge".into(), stack_bytes, move || {
        let plan = MergePlan {
            folder: &folder,
            runs,
            descriptor: &descriptor,
            options: &options,
            stack_bytes,
            cancel,
        };
        let open = || Ok(Box::new(component.open(&params)?) as Box<dyn Algebra + Send>);
        let merged = merge_rows(plan, &open, |batch| sink(Rows::Batch(batch)))?;
        sink(Rows::End {
            rows: merged.rows,
            digest: merged.digest.as_str().into(),
        })?;
        Ok(merged)
    })?;
    Ok(Box::pin(merged))
}
