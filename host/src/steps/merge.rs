//! From runs to the rows of a table.

use std::path::PathBuf;

use super::Context;
use super::thread::{on_thread, watched};
use crate::error::{Code, Coded};
use crate::fold::{Algebra, FoldError, MergePlan, MergedRows, RunFile, merge_rows, verify_run};
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
    /// Checks that each file is there, with the digest that its checkpoint names.
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

/// Starts the thread of a merge.
pub(super) fn start<S: FnMut(Rows) -> Result<(), FoldError> + Send + 'static>(
    table: &TablePlan,
    runs: Runs,
    component: &Component,
    context: &Context,
    mut sink: S,
) -> Result<impl Future<Output = Result<MergedRows, FoldError>> + use<S>, FoldError> {
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
        let merged = merge_rows(plan, &open, |batch| sink(Rows::Batch(batch)))?;
        sink(Rows::End {
            rows: merged.rows,
            digest: merged.digest.as_str().into(),
        })?;
        Ok(merged)
    })
}
