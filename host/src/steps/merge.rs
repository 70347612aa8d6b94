//! From runs to the rows of a table.

use std::path::{Path, PathBuf};

use super::Context;
use super::thread::{on_thread, watched};
use crate::error::{Code, Coded};
use crate::fold::{
    Algebra, FoldError, KeyRange, MergePlan, MergedRows, OpenAlgebra, RunFile, merge_rows,
    merge_to_one, verify_run,
};
use crate::guest::{Component, GuestError};
use crate::plan::TablePlan;
use crate::store::Rows;

/// A merge cannot be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// Runs cannot be read or combined.
    #[error(transparent)]
    Fold(#[from] FoldError),
    /// A call of the component takes too long.
    #[error(transparent)]
    Guest(#[from] GuestError),
}

impl Coded for MergeError {
    fn code(&self) -> &'static Code {
        match self {
            MergeError::Fold(error) => error.code(),
            MergeError::Guest(error) => error.code(),
        }
    }
}

/// The runs of a table.
#[derive(Clone, Debug)]
pub struct Runs {
    /// The folder that holds their files.
    pub folder: PathBuf,
    /// The runs, in the order of the source.
    pub files: Vec<RunFile>,
}

impl Runs {
    /// Checks that each file is there and complete. A merge checks each batch of a run when it reads it; a run of an earlier
    /// release, whose footer has no checksums, is read here as a whole.
    ///
    /// # Errors
    /// [`FoldError::DamagedRun`] for the first that is not, [`FoldError::Io`] for one that cannot be read.
    pub fn verify(&self) -> Result<(), FoldError> {
        self.files
            .iter()
            .try_for_each(|run| verify_run(&self.folder, run))
    }
}

/// Merges all runs of a table, and hands its rows to `sink`: batches sorted by key, then their number and digest.
///
/// The runs must be those of all splits, each split in one of them. The component must be that of the table.
///
/// # Errors
/// That of `sink`; [`FoldError::Interrupted`] once [`Context::cancel`] fires; else where a run is damaged or the
/// component fails.
pub async fn merge(
    table: &TablePlan,
    runs: Runs,
    component: &Component,
    context: &Context,
    sink: impl FnMut(Rows) -> Result<(), FoldError> + Send + 'static,
) -> Result<MergedRows, MergeError> {
    let merged = start(table, runs, component, context, sink)?;
    Ok(watched(component, merged).await??)
}

/// Merges runs into one: their keys within `range` become the file `name` in the folder `into`, in the place of a file of
/// that name. `None` where there are no keys.
///
/// The order of the runs is that of the source, and so is that of combining. The same runs, range and options give the same
/// bytes. A single run, of which all keys are within the range, is linked or copied. What is written on the way is in the
/// folder of the runs, under names that begin with `name`, and is gone in the end; what a crash leaves there may be removed.
///
/// # Errors
/// [`FoldError::Interrupted`] once [`Context::cancel`] fires; else where a run is damaged, the component fails, or a file
/// cannot be written. There is no file `name` of this merge then.
pub async fn merge_runs(
    table: &TablePlan,
    runs: Runs,
    range: KeyRange,
    name: &str,
    into: &Path,
    component: &Component,
    context: &Context,
) -> Result<Option<RunFile>, MergeError> {
    let (name, into) = (name.to_owned(), into.to_owned());
    let merged = on_merging_thread(table, runs, component, context, move |plan, open| {
        let mut algebra = open().map_err(FoldError::cannot_open_to_merge)?;
        merge_to_one(plan, &range, &into, &name, &mut *algebra)
    })?;
    Ok(watched(component, merged).await??)
}

/// Starts the thread of a merge.
pub(super) fn start<S: FnMut(Rows) -> Result<(), FoldError> + Send + 'static>(
    table: &TablePlan,
    runs: Runs,
    component: &Component,
    context: &Context,
    mut sink: S,
) -> Result<impl Future<Output = Result<MergedRows, FoldError>> + use<S>, FoldError> {
    on_merging_thread(table, runs, component, context, move |plan, open| {
        let merged = merge_rows(plan, open, |batch| sink(Rows::Batch(batch)))?;
        sink(Rows::End {
            rows: merged.rows,
            digest: merged.digest.as_str().into(),
        })?;
        Ok(merged)
    })
}

/// Does `work`, with a plan to merge the runs, on a thread that has the stack for the component.
fn on_merging_thread<T, W>(
    table: &TablePlan,
    runs: Runs,
    component: &Component,
    context: &Context,
    work: W,
) -> Result<impl Future<Output = Result<T, FoldError>> + use<T, W>, FoldError>
where
    T: Send + 'static,
    W: FnOnce(MergePlan<'_>, &OpenAlgebra<'_>) -> Result<T, FoldError> + Send + 'static,
{
    let stack_bytes = component.limits().thread_stack_bytes();
    let (descriptor, params) = (table.descriptor.clone(), table.component_params());
    let (options, cancel) = (context.options.clone(), context.cancel.clone());
    let component = component.clone();
    on_thread("merge".into(), stack_bytes, move || {
        let plan = MergePlan {
            folder: &runs.folder,
            runs: runs.files,
            descriptor: &descriptor,
            options: &options,
            stack_bytes,
            cancel,
        };
        let open = || Ok(Box::new(component.open(&params)?) as Box<dyn Algebra + Send>);
        work(plan, &open)
    })
}
