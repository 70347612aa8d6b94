//! From a loaded shadow table to the public name.

use std::time::Duration;

use super::phase::Stored;
use super::quarantine::main_reasons;
use super::report::{Outcome, RunReport, presence, presence_report};
use super::{Error, Replay};
use crate::cutover::{CutoverError, DiffOptions, SortOptions};
use crate::decode::{EventRange, PresenceReport};
use crate::job::Job;
use crate::steps::{self, Facts, Verdict, VerifyOptions};
use crate::store::{
    Access, BuildState, Pointer, StateStore, StoreContext, StoreError, StoredBuild, TableSwap,
    Version,
};
use crate::workdir::{BuildFolder, Checked, Entry, Journal, Patience, Seen, Standing, WorkFolder};

/// The options of a swap.
#[derive(Clone, Debug, Default)]
pub struct SwapOptions {
    /// The build to show; the newest loaded one where none is named.
    pub build: Option<String>,
    /// The version of the pointer that the caller saw, 0 where there was none. Without it, the table has to show the
    /// build that the last run compared with.
    pub expect: Option<Version>,
    /// How long to wait for another command that works on the build.
    pub wait: Duration,
    /// The name of the person or program that swaps, for the history of the table.
    pub by: String,
}

impl Replay<'_> {
    /// Asks the gate, compares with what is live, and keeps the verdict in the journal. Returns the version of the
    /// pointer compared with.
    pub(super) async fn check(
        &self,
        build: &BuildFolder,
        journal: &Journal,
        standing: &Standing,
        report: &mut RunReport,
    ) -> Result<Option<Version>, Error> {
        let stored = find_build(&*self.store, &self.job.table, &report.build).await?;
        let facts = facts(self.job, build, standing, &stored)?;
        let options = verify_options(self.job, &report.build);
        let (store, cancel) = (&*self.store, &self.cancel);
        let verdict = steps::verify(store, &stored, &facts, &options, cancel).await?;
        let tables = vec![checked(&verdict, standing)];
        journal.append(&Entry::Checked { tables })?;
        report.outcome = match verdict.gate.passed() {
            true => Outcome::Ready,
            false => Outcome::Refused,
        };
        let version = verdict.diff.live_version;
        report.gate = Some(verdict.gate);
        report.diff = Some(verdict.diff);
        Ok(version)
    }

    /// Builds the indexes of the live table that the job has got since: they decide nothing that readers see.
    pub(super) async fn index_live(&self, live: &RunReport) -> Result<(), Error> {
        let stored = find_build(&*self.store, &live.table, &live.build).await?;
        Ok(self.store.index(&stored.info, &self.job.indexes).await?)
    }

    /// Shows the build under the public name, if nothing moved since it was compared. Not where readers had the
    /// same table before and it was rolled back: the report says so then.
    pub(super) async fn show(
        &self,
        build: &BuildFolder,
        expected: Option<Version>,
        by: &str,
        report: &mut RunReport,
    ) -> Result<(), Error> {
        let manifest = &build.manifest;
        let stored = Stored::of(&*self.store, &manifest.table().table).await?;
        if let Some(back) = stored.taken_back(&manifest.digest()) {
            report.outcome = Outcome::Held;
            report.held = Some(back.clone());
            return Ok(());
        }
        let (table, build) = (&manifest.table().table, &manifest.build);
        report.pointer = Some(swap_one(&*self.store, table, build, expected, by).await?);
        report.outcome = Outcome::Live;
        Ok(())
    }
}

/// Shows a build under the public name, if the gate holds and the table still shows what the build was compared with.
///
/// # Errors
/// [`CutoverError::Moved`] where it shows something else; [`CutoverError::Held`] where no build is named and the newest
/// one was taken back; [`FoldError::Interrupted`](crate::fold::FoldError::Interrupted) where the command is cancelled
/// before the swap, and then nothing is changed.
pub async fn swap(
    job: &Job,
    options: &SwapOptions,
    context: &StoreContext,
) -> Result<Pointer, Error> {
    let store = job.store(Access::Change, context).await?;
    let all = Stored::of(&*store, &job.table).await?;
    let chosen = match &options.build {
        Some(build) => find_build(&*store, &job.table, build).await?,
        None => {
            let newest = newest_loaded(&all, &job.table)?;
            if let Some(back) = all.taken_back(&newest.info.manifest_digest) {
                return Err(CutoverError::held(&newest.info.build, back).into());
            }
            newest.clone()
        }
    };
    if all
        .live()
        .is_some_and(|live| live.build == chosen.info.build)
    {
        return Err(CutoverError::AlreadyLive {
            table: job.table.clone(),
            build: chosen.info.build,
        }
        .into());
    }
    let work = WorkFolder::look(&job.work, &job.table, job.target_id())?;
    let folder = work.build(&chosen.info.build)?;
    let patience = Patience {
        command: "swap",
        wait: options.wait,
        cancel: context.cancel.clone(),
    };
    let _lock = patience.ask(async || folder.ask_lock("swap")).await?;
    let standing = folder.peek()?;
    let expected = expected(&all, &chosen, &standing, options.expect)?;
    store.index(&chosen.info, &job.indexes).await?;
    let facts = facts(job, &folder, &standing, &chosen)?;
    let verifying = verify_options(job, &chosen.info.build);
    let judged = steps::judge(&*store, &chosen, &facts, &verifying, &context.cancel);
    judged.await?.require()?;
    let (table, build) = (&job.table, &chosen.info.build);
    swap_one(&*store, table, build, expected, &options.by).await
}

/// Swaps the only table of a job.
async fn swap_one(
    store: &dyn StateStore,
    table: &str,
    build: &str,
    expected: Option<Version>,
    by: &str,
) -> Result<Pointer, Error> {
    let swap = TableSwap {
        table: table.to_owned(),
        expected,
        to: build.to_owned(),
    };
    Ok(only(steps::swap(store, vec![swap], by).await?))
}

/// The pointer of the only table of a job.
pub(super) fn only(pointers: Vec<Pointer>) -> Pointer {
    let pointer = pointers.into_iter().next();
    pointer.expect("a store gives a pointer for each table")
}

/// The version that the pointer must have at the swap: the one of what the decision was made on.
fn expected(
    all: &Stored,
    chosen: &StoredBuild,
    standing: &Standing,
    expect: Option<Version>,
) -> Result<Option<Version>, Error> {
    let live = all.live();
    let version = live.map(|live| live.version);
    let seen = match (expect, &standing.checked) {
        (Some(expect), _) if expect == version.unwrap_or(0) => return Ok(version),
        (Some(expect), _) => format!("version {expect} was expected"),
        // The same build again is the same table.
        (None, Some(checked))
            if checked.live.as_ref().map(|seen| &seen.build) == live.map(|live| &live.build) =>
        {
            return Ok(version);
        }
        (None, None) => return Ok(version),
        (None, Some(Checked { live: None, .. })) => "it was checked when nothing was live".into(),
        (
            None,
            Some(Checked {
                live: Some(seen), ..
            }),
        ) => format!(
            "it was compared with build {}, version {}",
            seen.build, seen.version
        ),
    };
    Err(CutoverError::Moved {
        table: chosen.info.table.clone(),
        build: chosen.info.build.clone(),
        seen,
        found: live.cloned().map(Box::new),
    }
    .into())
}

/// The facts that the gate judges about a build, which must be loaded.
fn facts(
    job: &Job,
    folder: &BuildFolder,
    standing: &Standing,
    stored: &StoredBuild,
) -> Result<Facts, Error> {
    let merged = standing
        .loaded
        .clone()
        .ok_or_else(|| StoreError::WrongState {
            table: job.table.clone(),
            build: stored.info.build.clone(),
            state: stored.state,
        })?;
    let report = RunReport::new(folder, standing);
    let reasons = match report.rejected > job.gate.max_quarantined {
        true => main_reasons(folder)?,
        false => Vec::new(),
    };
    Ok(Facts {
        splits_planned: folder.manifest.input.frozen.splits,
        splits_covered: standing.covered.len(),
        offsets: standing.offsets(),
        is_narrowed: folder.manifest.input.range != EventRange::default(),
        counts: report.counts,
        presence: judged_presence(job, folder, standing)?,
        rejected: report.rejected,
        reasons,
        merged,
    })
}

/// In how many events each input was there, for the gate: in those of the build and of the builds that it goes on from.
/// Where one of these is gone, nothing is judged: the few records that were rejected say nothing about all.
fn judged_presence(
    job: &Job,
    folder: &BuildFolder,
    standing: &Standing,
) -> Result<PresenceReport, Error> {
    let mut all = presence(standing);
    let Some(mut base) = folder.manifest.input.source.based_on().cloned() else {
        return Ok(presence_report(folder, &all));
    };
    let work = WorkFolder::look(&job.work, &job.table, job.target_id())?;
    loop {
        let Ok(build) = work.build(&base.build) else {
            return Ok(PresenceReport::default());
        };
        all.add(&presence(&build.peek()?));
        match build.manifest.input.source.based_on() {
            Some(next) => base = next.clone(),
            None => break,
        }
    }
    // Conditions are not judged: the records that were corrected may all be unwanted.
    Ok(PresenceReport {
        conditions: Vec::new(),
        ..presence_report(folder, &all)
    })
}

fn verify_options(job: &Job, build: &str) -> VerifyOptions {
    VerifyOptions {
        gate: job.gate.clone(),
        sorting: sorting(job, build),
    }
}

/// How a job's builds are compared before `build` goes live.
pub(super) fn diff_options(job: &Job, build: &str) -> DiffOptions {
    DiffOptions {
        sorting: sorting(job, build),
        ..DiffOptions::default()
    }
}

/// How rows are sorted, if the job's store does not read them sorted: in the work folder of `build`, within the memory
/// of `[fold]`.
fn sorting(job: &Job, build: &str) -> SortOptions {
    SortOptions {
        folder: job.work.join(&job.table).join(build),
        fold: job.fold.clone(),
    }
}

/// What the journal keeps of a verdict.
fn checked(verdict: &Verdict, standing: &Standing) -> Checked {
    let diff = &verdict.diff;
    let old = diff.old.as_ref().map(|old| &old.build);
    let live = old.or(diff.lost.as_ref().map(|lost| &lost.build));
    Checked {
        passed: verdict.gate.passed(),
        digest: standing
            .loaded
            .as_ref()
            .map(|loaded| loaded.digest.clone())
            .unwrap_or_default(),
        live: live.zip(diff.live_version).map(|(build, version)| Seen {
            build: build.clone(),
            version,
        }),
    }
}

/// The newest loaded build.
pub(super) fn newest_loaded<'a>(all: &'a Stored, table: &str) -> Result<&'a StoredBuild, Error> {
    let mut newest_first = all.builds.iter().rev();
    let found = newest_first.find(|build| build.state == BuildState::Loaded);
    Ok(found.ok_or_else(|| CutoverError::NothingLoaded {
        table: table.into(),
    })?)
}

/// A build that the store knows.
pub(super) async fn find_build(
    store: &dyn StateStore,
    table: &str,
    build: &str,
) -> Result<StoredBuild, Error> {
    let builds = store.builds(table).await?;
    let found = builds
        .into_iter()
        .find(|stored| stored.info.build.eq_ignore_ascii_case(build));
    Ok(found.ok_or_else(|| StoreError::UnknownBuild {
        table: table.into(),
        build: build.into(),
    })?)
}
