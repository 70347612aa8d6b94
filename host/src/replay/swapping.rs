//! `swap` and `rollback`: a loaded build goes live, or the one before it again.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::Error;
use super::cutover::{
    check_verdict, expected, facts, find_build, moved, newest_loaded, only, swap_one,
    verify_options,
};
use super::hooking::{Hooks, Moving, failed_after, refusal};
use super::phase::Stored;
use super::waiting::Until;
use crate::cutover::{self, CutoverError, GateReport, HookFailure};
use crate::job::Job;
use crate::progress::Stage;
use crate::steps;
use crate::store::{Access, BuildState, Pointer, StateStore, StoreContext, StoredBuild, Version};
use crate::workdir::{BuildError, BuildFolder, Lock, Patience, Standing, WorkFolder};

/// The options of a swap.
#[derive(Clone, Debug, Default)]
pub struct SwapOptions {
    /// The build to show; the newest loaded one where none is named.
    pub build: Option<String>,
    /// The version of the pointer that the caller saw, 0 where there was none. Without it, the table has to show the
    /// build that the last run compared with.
    pub expect: Option<Version>,
    /// What the swap waits for, after it was found possible.
    pub until: Until,
    /// How long to wait for another command that works on the build.
    pub wait: Duration,
    /// The name of the person or program that swaps, for the history of the table.
    pub by: String,
}

/// A swap that was done.
#[derive(Clone, Debug, Serialize)]
pub struct Swapped {
    /// What the table shows now.
    #[serde(flatten)]
    pub pointer: Pointer,
    /// The failure of a hook after the swap. The swap stands.
    #[serde(skip)]
    pub hook: Option<HookFailure>,
}

impl Swapped {
    /// The error that a failed hook is.
    pub fn warning(&self) -> Option<Error> {
        Some(failed_after(&self.pointer, self.hook.as_ref()?))
    }
}

/// A build that may go live, as of one moment. Other commands are kept from it as long as this is there.
pub(super) struct Ready {
    pub(super) store: Box<dyn StateStore>,
    pub(super) all: Stored,
    pub(super) chosen: StoredBuild,
    pub(super) folder: BuildFolder,
    pub(super) gate: GateReport,
    /// The version that the pointer must have at the swap.
    pub(super) expected: Option<Version>,
    standing: Standing,
    _lock: Lock,
}

impl Ready {
    /// The swap as hooks see it.
    pub(super) fn moving(&self) -> Moving<'_> {
        Moving {
            build: &self.chosen,
            live: self.all.live(),
            folder: Some(self.folder.path()),
            gate: Some(&self.gate.checks),
            diff: diff_counts(&self.folder, &self.standing),
        }
    }
}

/// Shows a build under the public name, if the gate holds, the table still shows what the build was compared with, and no
/// hook refuses.
///
/// All of that is asked before [`SwapOptions::until`] is waited for, so that a refusal comes early, and again after it. Other
/// commands may work on the build meanwhile.
///
/// # Errors
/// [`CutoverError::Moved`] where the table shows something else, or another swap came while this one waited;
/// [`CutoverError::Held`] where no build is named and the newest one was taken back; [`CutoverError::HookRefused`];
/// [`FoldError::Interrupted`](crate::fold::FoldError::Interrupted) where the command is cancelled before the swap. Nothing
/// is changed then.
pub async fn swap(
    job: &Job,
    options: &SwapOptions,
    context: &StoreContext,
) -> Result<Swapped, Error> {
    let mut ready = prepare(job, "swap", options, context).await?;
    if !options.until.is_empty() {
        ready = wait(job, ready, options, context).await?;
    }
    context.progress.enter(Stage::Swap);
    let hooks = Hooks {
        job,
        command: "swap",
        by: &options.by,
        cancel: &context.cancel,
    };
    let (moving, build) = (ready.moving(), &ready.chosen.info.build);
    hooks
        .before(&moving)
        .await
        .map_err(|failure| refusal(build, failure))?;
    let pointer = swap_one(
        &*ready.store,
        &job.table,
        build,
        ready.expected,
        &options.by,
    )
    .await?;
    let hook = hooks.after(&moving, &pointer).await;
    Ok(Swapped { pointer, hook })
}

/// Waits until a build that may go live is to go live, and asks again whether it may.
async fn wait(
    job: &Job,
    ready: Ready,
    options: &SwapOptions,
    context: &StoreContext,
) -> Result<Ready, Error> {
    let (chosen, seen, until) = (
        ready.chosen.clone(),
        shown_since(&ready.all),
        &options.until,
    );
    // Other commands may work on the build meanwhile.
    drop(ready);
    context.progress.enter(Stage::Swap);
    until.wait(&context.progress, &context.cancel).await?;
    let store = job.store(Access::Change, context).await?;
    let all = Stored::of(&*store, &job.table).await?;
    let work = WorkFolder::look(&job.work, &job.table, job.target_id())?;
    let is_there = all
        .build(&chosen.info.build)
        .is_some_and(|build| build.state == BuildState::Loaded);
    if !is_there
        || matches!(
            work.build(&chosen.info.build),
            Err(BuildError::UnknownBuild { .. })
        )
    {
        let seen = format!("it was dropped while this swap waited for {until}");
        return Err(moved(&all, &chosen, seen));
    }
    if shown_since(&all) != seen {
        let seen = format!("another swap came while this one waited for {until}");
        return Err(moved(&all, &chosen, seen));
    }
    let again = SwapOptions {
        build: Some(chosen.info.build),
        // The version was compared before the wait.
        expect: None,
        ..options.clone()
    };
    let ready = prepare(job, "swap", &again, context).await?;
    match shown_since(&ready.all) == seen {
        true => Ok(ready),
        false => {
            let seen = format!("another swap came while this one waited for {until}");
            Err(moved(&ready.all, &ready.chosen, seen))
        }
    }
}

/// The version of the newest pointer that is none of a rehearsal.
fn shown_since(all: &Stored) -> Option<Version> {
    let mut newest_first = all.history.iter().rev();
    let standing = newest_first.find(|pointer| !pointer.is_rehearsal());
    standing.map(|pointer| pointer.version)
}

/// Finds the build, locks it, and asks whether it may go live. Changes nothing but indexes of its table.
pub(super) async fn prepare(
    job: &Job,
    command: &'static str,
    options: &SwapOptions,
    context: &StoreContext,
) -> Result<Ready, Error> {
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
        command,
        wait: options.wait,
        cancel: context.cancel.clone(),
    };
    let lock = patience.ask(async || folder.ask_lock(command)).await?;
    let standing = folder.peek()?;
    let expected = expected(&all, &chosen, &standing, options.expect)?;
    check_verdict(&chosen, &standing)?;
    context.progress.enter(Stage::Gate);
    store.index(&chosen.info, &job.indexes).await?;
    let facts = facts(job, &folder, &standing, &chosen)?;
    let verifying = verify_options(job, &chosen.info.build);
    let judged = steps::judge(&*store, &chosen, &facts, &verifying, &context.cancel);
    let gate = judged.await?.require()?;
    Ok(Ready {
        store,
        all,
        chosen,
        folder,
        gate,
        expected,
        standing,
        _lock: lock,
    })
}

/// The counts of the diff that the last verdict was made with, from the report of the run.
fn diff_counts(folder: &BuildFolder, standing: &Standing) -> Option<Value> {
    let checked = standing.checked.as_ref()?;
    let report: Value = serde_json::from_slice(&std::fs::read(folder.report_file()).ok()?).ok()?;
    let version = checked.live.as_ref().map(|seen| seen.version);
    let is_of_verdict = report["diff"]["live_version"].as_u64() == version;
    is_of_verdict.then(|| report["diff"]["counts"].clone())
}

/// Shows the build again that was shown before the live one. Hooks before a swap are not asked: nothing may keep people from
/// going back.
///
/// # Errors
/// As [`cutover::rollback`].
pub async fn rollback(job: &Job, by: &str, context: &StoreContext) -> Result<Swapped, Error> {
    let store = job.store(Access::Change, context).await?;
    // All that hooks are told is read before: after the swap, nothing but a hook may fail.
    let all = Stored::of(&*store, &job.table).await?;
    let work = WorkFolder::look(&job.work, &job.table, job.target_id())?;
    let pointer = only(cutover::rollback(&*store, &[&job.table], by).await?);
    let hooks = Hooks {
        job,
        command: "rollback",
        by,
        cancel: &context.cancel,
    };
    let Some(shown) = all.build(&pointer.build) else {
        return Ok(Swapped {
            pointer,
            hook: None,
        });
    };
    let folder = work.build(&pointer.build).ok();
    let moving = Moving {
        build: shown,
        live: all.live(),
        folder: folder.as_ref().map(BuildFolder::path),
        gate: None,
        diff: None,
    };
    let hook = hooks.after(&moving, &pointer).await;
    Ok(Swapped { pointer, hook })
}
