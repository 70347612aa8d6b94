//! What can be done with builds that are there: show them, compare, go back, clean up.

use std::collections::HashSet;
use std::time::Duration;

use serde::Serialize;

use super::Error;
use super::cutover::{diff_options, find_build, newest_loaded, only};
use super::phase::{BuildPhase, Stored, phase};
use super::report::{BuildStatus, RunReport};
use crate::cutover::{self, CutoverError, Diff, DiffOptions, diff_with_live};
use crate::fold::FoldError;
use crate::job::Job;
use crate::source::Handoff;
use crate::steps::unless_cancelled;
use crate::store::{Access, BuildState, Pointer, Reclaimed, StoreContext, StoreError, Version};
use crate::workdir::{BuildFolder, Lock, Patience, Standing, WorkFolder};

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

/// Shows the build again that was shown before the live one.
pub async fn rollback(job: &Job, by: &str, context: &StoreContext) -> Result<Pointer, Error> {
    let store = job.store(Access::Change, context).await?;
    let pointers = cutover::rollback(&*store, &[&job.table], by).await?;
    Ok(only(pointers))
}

/// What was collected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Collected {
    /// The builds that were dropped.
    pub dropped: Vec<String>,
    /// What became of the space that they and others left in the store.
    #[serde(flatten)]
    pub space: Reclaimed,
}

/// Drops the tables and the work of all builds but the live one, the one before it and the `keep` newest, and the work
/// of builds that were given up before they had a table. Gives the space of their tables back, and removes the files that
/// commands left half written when they were killed.
///
/// Builds that another command works on stay, and so does the build that an unfinished one goes on from. Builds of
/// other stores in the same work folder are not looked at.
pub async fn gc(
    job: &Job,
    keep: usize,
    wait: Duration,
    context: &StoreContext,
) -> Result<Collected, Error> {
    let store = job.store(Access::Change, context).await?;
    let work = WorkFolder::open(&job.work, &job.table, job.target_id())?;
    let patience = Patience {
        command: "gc",
        wait,
        cancel: context.cancel.clone(),
    };
    let _table = work.lock(&patience).await?;
    work.sweep()?;
    work.sweep_parts()?;
    let all = work.builds()?;
    let bases = bases(&all);
    let Locked { free, in_use } = lock_all(all)?;
    let is_in_use = |build: &str| in_use.contains(build);
    let mut dropped = cutover::gc(&*store, &job.table, keep, &is_in_use).await?;
    let stored = Stored::of(&*store, &job.table).await?;
    let newest = free.len().saturating_sub(keep);
    for (place, (folder, _lock)) in free.iter().enumerate() {
        let build = &folder.manifest.build;
        let (is_new, is_gone) = match stored.build(build) {
            None => (place >= newest, true),
            Some(stored) => (false, stored.state == BuildState::Dropped),
        };
        if is_new || !is_gone || bases.contains(build) {
            folder.sweep()?;
            continue;
        }
        folder.remove()?;
        if stored.build(build).is_none() {
            dropped.push(build.clone());
        }
    }
    let space = store.reclaim().await?;
    Ok(Collected { dropped, space })
}

/// The builds of a work folder: those that this command has locked, and those that another command works on.
#[derive(Default)]
struct Locked {
    free: Vec<(BuildFolder, Lock)>,
    /// IDs.
    in_use: HashSet<String>,
}

/// Takes the locks of all builds that no other command works on.
fn lock_all(folders: Vec<BuildFolder>) -> Result<Locked, Error> {
    let mut locked = Locked::default();
    for folder in folders {
        match folder.ask_lock("gc")? {
            Ok(lock) => locked.free.push((folder, lock)),
            Err(_) => drop(locked.in_use.insert(folder.manifest.build)),
        }
    }
    Ok(locked)
}

/// The builds that unfinished ones go on from.
fn bases(folders: &[BuildFolder]) -> HashSet<String> {
    let is_unfinished = |folder: &&BuildFolder| {
        let standing = folder.peek();
        standing.is_ok_and(|standing| !folder.is_folded(&standing))
    };
    let based = folders.iter().filter(is_unfinished);
    based
        .filter_map(|folder| Some(folder.manifest.input.source.based_on()?.build.clone()))
        .collect()
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
    let mut newest_first = history.iter().rev();
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
