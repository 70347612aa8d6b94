//! What all that conducts a build shares.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Error;
use crate::decode::{Decoding, EventRange};
use crate::fold::FoldError;
use crate::guest::{Cache, Component};
use crate::job::{Job, JobError};
use crate::progress::Progress;
use crate::scan::wanted_projection;
use crate::schema::{Descriptor, Kind};
use crate::share::Place;
use crate::steps::{self, Context};
use crate::store::{Access, StateStore, StoreContext, TableColumns};
use crate::workdir::{WorkFolder, component_cache};

/// The options of a run.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// Show the table under the public name if the gate holds.
    pub swap: bool,
    /// Stop once the runs are merged, without a table: for measuring.
    pub only_fold: bool,
    /// Begin a new build even if an unfinished build is there, or an equal table is live.
    pub fresh: bool,
    /// Fold only the records that the newest build rejected, on top of the states of that build: after the component was
    /// mended.
    pub only_quarantined: bool,
    /// Go on with the newest build of the job that is staged in this share, whose units were folded by workers.
    pub share: Option<Place>,
    /// Skip the test of the component's laws, which comes before anything is folded.
    pub trust_laws: bool,
    /// How long to wait for another command that works on the same build, or plans one.
    pub wait: Duration,
    /// The name of the person or program that runs, for the history of the table.
    pub by: String,
}

/// A job with what it names, opened.
pub(super) struct Replay<'a> {
    pub(super) job: &'a Job,
    pub(super) store: Box<dyn StateStore>,
    pub(super) work: WorkFolder,
    pub(super) component: Component,
    pub(super) descriptor: Descriptor,
    pub(super) progress: Arc<Progress>,
    pub(super) cancel: CancellationToken,
    /// See [`RunOptions::only_quarantined`].
    pub(super) only_quarantined: bool,
}

impl<'a> Replay<'a> {
    /// Opens what the job names, for the command of this name: the store, the work folder, the component.
    pub(super) async fn open(
        job: &'a Job,
        command: &'static str,
        progress: Arc<Progress>,
        cancel: CancellationToken,
    ) -> Result<Self, Error> {
        let context = StoreContext {
            cancel: cancel.clone(),
            progress: progress.clone(),
            command,
        };
        let store = job.store(Access::Build, &context).await?;
        let work = WorkFolder::open(&job.work, &job.table, job.target_id())?;
        let (component, descriptor) = load_component(job, &progress).await?;
        check_range(job, &job.component, &descriptor)?;
        check_absent(job, &descriptor)?;
        check_drift(job, &descriptor)?;
        // Says what the job's format cannot give, before anything is planned.
        let wanted = wanted_projection(&descriptor, EventRange::default());
        Decoding::new(wanted, &job.decode)?;
        Ok(Replay {
            job,
            store,
            work,
            component,
            descriptor,
            progress,
            cancel,
            only_quarantined: false,
        })
    }

    /// Checks that the store can have the table, before any input is read.
    pub(super) async fn prepare_store(&self) -> Result<(), Error> {
        let (table, columns) = (&self.job.table, TableColumns::of(&self.descriptor));
        let indexes = &self.job.indexes;
        Ok(self.store.prepare(table, &columns, indexes).await?)
    }

    /// Ends the run between two stages once it is cancelled.
    pub(super) fn check_interrupted(&self) -> Result<(), Error> {
        match self.cancel.is_cancelled() {
            true => Err(FoldError::Interrupted.into()),
            false => Ok(()),
        }
    }

    /// Awaits work that calls the component, but not for longer than a call may take.
    pub(super) async fn watched<T>(&self, work: impl Future<Output = T>) -> Result<T, Error> {
        Ok(steps::watched(&self.component, work).await?)
    }

    /// The stack of a thread that calls the component, in bytes.
    pub(super) fn stack_bytes(&self) -> usize {
        self.job.limits.thread_stack_bytes()
    }

    /// What a step needs of this process.
    pub(super) fn context(&self) -> Context {
        Context {
            progress: self.progress.clone(),
            cancel: self.cancel.clone(),
            options: self.job.fold.clone(),
        }
    }
}

/// Loads the component of a job, whose compiled code is kept in the work folder, with its descriptor. What `test` or
/// `check` compiled for this user is not compiled again.
pub(super) async fn load_component(
    job: &Job,
    progress: &Arc<Progress>,
) -> Result<(Component, Descriptor), Error> {
    let cache = Cache::new(component_cache(&job.work)).also_from(Cache::of_user());
    let (params, limits) = (job.component_params(), &job.limits);
    let component = &job.component;
    Ok(steps::load_component(component, limits, &params, Some(&cache), progress).await?)
}

/// Checks that `gate.allow_absent` names inputs of the component.
fn check_absent(job: &Job, descriptor: &Descriptor) -> Result<(), Error> {
    let inputs = || descriptor.inputs.iter().map(|input| &input.name);
    let mut allowed = job.gate.allow_absent.iter();
    match allowed.find(|name| inputs().all(|input| input != *name)) {
        None => Ok(()),
        Some(name) => Err(JobError::NoInput {
            name: name.clone(),
            inputs: inputs().cloned().collect(),
        }
        .into()),
    }
}

/// Checks that `gate.drift` names columns of the table that are no keys, and limits only what they have.
fn check_drift(job: &Job, descriptor: &Descriptor) -> Result<(), Error> {
    let values = || descriptor.states.iter().chain(&descriptor.views);
    for (column, limits) in &job.gate.drift {
        let Some(value) = values().find(|value| value.name == *column) else {
            let columns: Vec<_> = values().map(|value| value.name.clone()).collect();
            return Err(JobError::no_drift_column(column, &columns).into());
        };
        let is_number = matches!(value.kind, Kind::Int64 | Kind::Float64);
        if !is_number && (limits.sum.is_some() || limits.mean.is_some()) {
            let kind = value.kind.name();
            return Err(JobError::DriftColumn {
                column: column.clone(),
                problem: format!(
                    "the column is {kind}, which has neither sum nor mean: limit `nulls` alone"
                ),
            }
            .into());
        }
    }
    Ok(())
}

/// Checks that a range in time can be cut: by the event time of `component`, or by the timestamps of a log.
pub(super) fn check_range(
    job: &Job,
    component: &Path,
    descriptor: &Descriptor,
) -> Result<(), Error> {
    if descriptor.event_time.is_none() && job.range.is_in_time() && !job.source.is_log() {
        return Err(JobError::RangeWithoutTime {
            component: component.to_owned(),
        }
        .into());
    }
    Ok(())
}
