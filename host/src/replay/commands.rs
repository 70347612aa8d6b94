//! What can be done with builds that are there without changing any: list them, compare them, tell what they hold.

use serde::Serialize;

use super::Error;
use super::cutover::{diff_options, find_build, newest_loaded};
use super::phase::{BuildPhase, Stored, phase};
use super::report::{BuildStatus, RunReport};
use crate::cutover::{self, CutoverError, Diff, DiffOptions, diff_with_live};
use crate::fold::FoldError;
use crate::job::Job;
use crate::source::Handoff;
use crate::steps::unless_cancelled;
use crate::store::{Access, OpenRehearsal, Pointer, StoreContext, StoreError, Version};
use crate::workdir::{BuildFolder, Standing, WorkFolder};

/// The builds of a job's table in its work folder, oldest first, and how far each is. Makes and changes nothing.
pub async fn status(job: &Job, context: &StoreContext) -> Result<Vec<BuildStatus>, Error> {
    let store = job.store(Access::Read, context).await?;
    let stored = Stored::of(&*store, &job.table).await?;
    let work = WorkFolder::look(&job.work, &job.table, job.target_id())?;
    let mut builds: Vec<_> = work
        .builds()?
        .iter()
        .map(|build| match build.peek() {
            Ok(standing) => status_of(build, &standing, &stored),
            Err(error) => BuildStatus {
                state: BuildPhase::Damaged,
                problem: Some(error.to_string()),
                ..status_of(build, &Standing::default(), &stored)
            },
        })
        .collect();
    let damaged = work.damaged()?.into_iter();
    builds.extend(damaged.map(|one| BuildStatus::damaged(one.build, &one.error)));
    builds.sort_by(|a, b| a.build.cmp(&b.build));
    Ok(builds)
}

fn status_of(build: &BuildFolder, standing: &Standing, stored: &Stored) -> BuildStatus {
    let report = RunReport::new(build, standing);
    let state = phase(build, standing, stored);
    BuildStatus {
        live: matches!(state, BuildPhase::Live | BuildPhase::LiveWithoutTable),
        rehearsal_of: OpenRehearsal::of(&stored.history)
            .filter(|open| open.shown.build == report.build)
            .map(|open| open.before.build.clone()),
        state,
        problem: None,
        rows: stored.loaded(build, standing).map(|loaded| loaded.rows),
        size_bytes: report.frozen.size_bytes,
        splits_done: standing.covered.len(),
        splits_total: report.frozen.splits,
        rejected: report.rejected,
        created_at: build.manifest.planned_at.clone(),
        build: report.build,
    }
}

/// Compares two builds: without `new` the newest loaded one, without `old` the live one. Rows are sorted as the job says,
/// whatever `options` say of it.
pub async fn diff(
    job: &Job,
    old: Option<&str>,
    new: Option<&str>,
    options: DiffOptions,
    context: &StoreContext,
) -> Result<Diff, Error> {
    let store = job.store(Access::Read, context).await?;
    let new = match new {
        Some(build) => find_build(&*store, &job.table, build).await?,
        None => newest_loaded(&Stored::of(&*store, &job.table).await?, &job.table)?.clone(),
    };
    let options = DiffOptions {
        sorting: diff_options(job, &new.info.build).sorting,
        ..options
    };
    let comparing = async {
        match old {
            None => Ok(diff_with_live(&*store, &new, &options).await?),
            Some(old) => {
                let old = find_build(&*store, &job.table, old).await?;
                Ok(cutover::diff(&*store, Some(&old), &new, &options).await?)
            }
        }
    };
    unless_cancelled(&context.cancel, comparing)
        .await
        .unwrap_or_else(|| Err(FoldError::Interrupted.into()))
}

/// The positions from which a live consumer goes on where a build ends.
#[derive(Clone, Debug, Serialize)]
pub struct Positions {
    /// The public name of the table.
    pub table: String,
    /// The build.
    pub build: String,
    /// The newest version of the pointer that shows the build; `None` if it was never shown.
    pub version: Option<Version>,
    /// The positions; none for a build of an earlier release that was never shown.
    #[serde(flatten)]
    pub handoff: Handoff,
}

/// The positions up to which the live build is complete, or `build`, which must have been loaded.
pub async fn handoff(
    job: &Job,
    build: Option<&str>,
    context: &StoreContext,
) -> Result<Positions, Error> {
    let (store, table) = (job.store(Access::Read, context).await?, &job.table);
    let history = store.history(table).await?;
    let build = match (build, history.last()) {
        (Some(build), _) => build,
        (None, Some(live)) => &live.build,
        (None, None) => {
            return Err(CutoverError::NothingLive {
                table: table.clone(),
            }
            .into());
        }
    };
    let stored = find_build(&*store, table, build).await?;
    if stored.loaded.is_none() {
        return Err(StoreError::WrongState {
            table: table.clone(),
            build: stored.info.build,
            state: stored.state,
        }
        .into());
    }
    // A rehearsal shows a build for a moment only, unless it is not swapped back.
    let counts = |pointer: &&Pointer| !pointer.is_rehearsal() || history.last() == Some(*pointer);
    let mut newest_first = history.iter().rev().filter(counts);
    let shown = newest_first.find(|pointer| pointer.build == stored.info.build);
    Ok(Positions {
        table: table.clone(),
        version: shown.map(|pointer| pointer.version),
        build: stored.info.build,
        handoff: stored.handoff.unwrap_or_default(),
    })
}

/// All that the public name ever showed, oldest first.
pub async fn history(job: &Job, context: &StoreContext) -> Result<Vec<Pointer>, Error> {
    let store = job.store(Access::Read, context).await?;
    Ok(store.history(&job.table).await?)
}
