//! What can be done with builds that are there: show them, compare, swap, go back, clean up.

use super::Error;
use super::cutover::find_build;
use super::report::{BuildPhase, BuildStatus, RunReport};
use crate::build::{BuildFolder, Entry, Standing, WorkFolder};
use crate::cutover::{self, CutoverError, Diff, DiffOptions, GateInput, diff_with_live, gate};
use crate::decode::EventRange;
use crate::job::Job;
use crate::store::{BuildState, Pointer, StateStore, StoreError, StoredBuild};

/// The builds of a job's table in its work folder, oldest first, and how far each is.
pub async fn status(job: &Job) -> Result<Vec<BuildStatus>, Error> {
    let live = job.store()?.live(&job.table).await?;
    let mut builds = Vec::new();
    for build in WorkFolder::open(&job.work, &job.table)?.builds()? {
        let standing = build.peek()?;
        let report = RunReport::new(&build, &standing);
        let is_live = live.as_ref().is_some_and(|live| live.build == report.build);
        builds.push(BuildStatus {
            state: phase(&build, &standing, is_live),
            live: is_live,
            rows: standing.loaded.as_ref().map(|loaded| loaded.rows),
            size_bytes: report.frozen.size_bytes,
            splits_done: standing.covered.len(),
            splits_total: report.frozen.splits,
            rejected: report.rejected,
            created_at: build.manifest.planned_at.clone(),
            build: report.build,
        });
    }
    Ok(builds)
}

fn phase(build: &BuildFolder, standing: &Standing, is_live: bool) -> BuildPhase {
    if is_live {
        BuildPhase::Live
    } else if standing.swapped.is_some() {
        BuildPhase::Replaced
    } else if standing.loaded.is_some() {
        BuildPhase::Ready
    } else if build.is_folded(standing) {
        BuildPhase::Folded
    } else if standing.covered.is_empty() {
        BuildPhase::Planned
    } else {
        BuildPhase::Folding
    }
}

/// Compares two builds: `new` with the newest loaded one where it is not named, `old` with the live one.
pub async fn diff(job: &Job, old: Option<&str>, new: Option<&str>) -> Result<Diff, Error> {
    let store = job.store()?;
    let new = chosen(&*store, &job.table, new).await?;
    let options = DiffOptions::default();
    match old {
        None => Ok(diff_with_live(&*store, &new, &options).await?),
        Some(old) => {
            let old = find_build(&*store, &job.table, old).await?;
            Ok(cutover::diff(&*store, Some(&old), &new, &options).await?)
        }
    }
}

/// Shows a build, the newest loaded one where none is named, under the public name, if the gate holds.
pub async fn swap(job: &Job, build: Option<&str>, by: &str) -> Result<Pointer, Error> {
    let store = job.store()?;
    // Read before the gate: whoever swaps while it reads the table is a conflict.
    let expected = store.live(&job.table).await?.map(|live| live.version);
    let chosen = chosen(&*store, &job.table, build).await?;
    let work = WorkFolder::open(&job.work, &job.table)?;
    let _lock = work.lock()?;
    let folder = work.build(&chosen.info.build)?;
    let (journal, standing) = folder.resume()?;
    let merged = standing
        .loaded
        .as_ref()
        .ok_or_else(|| StoreError::WrongState {
            table: job.table.clone(),
            build: chosen.info.build.clone(),
            state: chosen.state,
        })?;
    let report = RunReport::new(&folder, &standing);
    gate(GateInput {
        store: &*store,
        build: &chosen.info,
        columns: &chosen.columns,
        merged,
        splits_planned: folder.manifest.frozen.splits,
        splits_covered: standing.covered.len(),
        offsets: &standing.offsets(),
        is_narrowed: folder.manifest.range != EventRange::default(),
        quarantined: report.rejected,
        counts: &report.counts,
        options: &job.gate,
    })
    .await?
    .require()?;
    let handoff = folder.manifest.frozen.handoff.clone();
    let pointer = cutover::swap(
        &*store,
        &job.table,
        &chosen.info.build,
        expected,
        handoff,
        by,
    )
    .await?;
    journal.append(&Entry::Swapped {
        version: pointer.version,
    })?;
    Ok(pointer)
}

/// The build of that name, or the newest loaded one.
async fn chosen(
    store: &dyn StateStore,
    table: &str,
    build: Option<&str>,
) -> Result<StoredBuild, Error> {
    if let Some(build) = build {
        return find_build(store, table, build).await;
    }
    let loaded = store
        .builds(table)
        .await?
        .into_iter()
        .rev()
        .find(|build| build.state == BuildState::Loaded);
    Ok(loaded.ok_or_else(|| CutoverError::NothingLoaded {
        table: table.into(),
    })?)
}

/// Shows the build again that was shown before the live one.
pub async fn rollback(job: &Job, by: &str) -> Result<Pointer, Error> {
    let store = job.store()?;
    Ok(cutover::rollback(&*store, &job.table, by).await?)
}

/// Drops the tables and the work of all builds but the live one, the one before it and the `keep` newest, and
/// the work of builds that were given up before they had a table. Returns which.
pub async fn gc(job: &Job, keep: usize) -> Result<Vec<String>, Error> {
    let store = job.store()?;
    let work = WorkFolder::open(&job.work, &job.table)?;
    let _lock = work.lock()?;
    work.sweep()?;
    let mut dropped = cutover::gc(&*store, &job.table, keep).await?;
    let stored = store.builds(&job.table).await?;
    let mut folders = work.builds()?;
    let newest = folders.split_off(folders.len().saturating_sub(keep));
    let dropped_before = |build: &BuildFolder| {
        let of_store = stored
            .iter()
            .find(|one| one.info.build == build.manifest.build);
        of_store.is_some_and(|one| one.state == BuildState::Dropped)
    };
    let given_up = |build: &BuildFolder| {
        !stored
            .iter()
            .any(|one| one.info.build == build.manifest.build)
    };
    for folder in folders {
        if given_up(&folder) {
            dropped.push(folder.manifest.build.clone());
            folder.remove()?;
        } else if dropped_before(&folder) {
            folder.remove()?;
        }
    }
    for folder in newest.into_iter().filter(dropped_before) {
        folder.remove()?;
    }
    Ok(dropped)
}

/// What the table shows, or the newest pointer to `build`: with it is stored from where a live consumer goes on.
pub async fn handoff(job: &Job, build: Option<&str>) -> Result<Pointer, Error> {
    let (store, table) = (job.store()?, &job.table);
    let Some(build) = build else {
        let live = store.live(table).await?;
        return Ok(live.ok_or_else(|| CutoverError::NothingLive {
            table: table.clone(),
        })?);
    };
    let mut newest_first = store.history(table).await?.into_iter().rev();
    if let Some(pointer) = newest_first.find(|one| one.build.eq_ignore_ascii_case(build)) {
        return Ok(pointer);
    }
    let known = find_build(&*store, table, build).await?;
    Err(CutoverError::NeverLive {
        table: table.clone(),
        build: known.info.build,
    }
    .into())
}

/// All that the public name ever showed, oldest first.
pub async fn history(job: &Job) -> Result<Vec<Pointer>, Error> {
    Ok(job.store()?.history(&job.table).await?)
}
