//! `rehearse`: swapping, and swapping back.

use std::time::Duration;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::Error;
use super::hooking::{Hooks, Moving, failed_after, refusal};
use super::swapping::{SwapOptions, prepare};
use crate::cutover::{self, CutoverError, HookFailure, Rehearsal};
use crate::job::Job;
use crate::progress::Stage;
use crate::store::{Access, OpenRehearsal, StoreContext};

/// The options of a rehearsal.
#[derive(Clone, Debug, Default)]
pub struct RehearseOptions {
    /// The build to rehearse with; the newest loaded one where none is named.
    pub build: Option<String>,
    /// Whether readers may see the new table for a moment.
    pub yes: bool,
    /// How long to wait for another command that works on the build.
    pub wait: Duration,
    /// The name of the person or program, for the history of the table.
    pub by: String,
}

/// A rehearsal that was done.
#[derive(Clone, Debug, Serialize)]
pub struct Rehearsed {
    /// What it found.
    #[serde(flatten)]
    pub rehearsal: Rehearsal,
    /// What readers would have noticed, in seconds.
    pub noticed_seconds: f64,
    /// The failure of a hook after it.
    #[serde(skip)]
    pub hook: Option<HookFailure>,
}

impl Rehearsed {
    /// The error that a failed hook is.
    pub fn warning(&self) -> Option<Error> {
        Some(failed_after(&self.rehearsal.back, self.hook.as_ref()?))
    }
}

/// Shows a build under the public name and the live one again, and measures what readers notice. The same is asked before as
/// for a swap. Hooks before a swap run before the first swap; hooks after a swap run once, after the swap back.
///
/// # Errors
/// As [`swap`](super::swap()) and [`cutover::rehearse`]; [`CutoverError::NothingLive`] where there is nothing to swap back
/// to; [`CutoverError::RehearsalOpen`] where an earlier rehearsal was not swapped back;
/// [`CutoverError::RehearsalWithoutYes`].
pub async fn rehearse(
    job: &Job,
    options: &RehearseOptions,
    context: &StoreContext,
) -> Result<Rehearsed, Error> {
    let swapping = SwapOptions {
        build: options.build.clone(),
        wait: options.wait,
        by: options.by.clone(),
        ..SwapOptions::default()
    };
    check_live(job, context).await?;
    let ready = prepare(job, "rehearse", &swapping, context).await?;
    let nothing_live = || CutoverError::NothingLive {
        table: job.table.clone(),
    };
    let live = ready.all.live().ok_or_else(nothing_live)?;
    let build = &ready.chosen.info.build;
    if !options.yes {
        return Err(CutoverError::RehearsalWithoutYes {
            table: job.table.clone(),
            build: build.clone(),
            live: live.build.clone(),
        }
        .into());
    }
    context.progress.enter(Stage::Swap);
    let hooks = Hooks {
        job,
        command: "rehearse",
        by: &options.by,
        cancel: &context.cancel,
    };
    hooks
        .before(&ready.moving())
        .await
        .map_err(|failure| refusal(build, failure))?;
    // Once the new table is shown, an interruption must not keep it from being swapped back.
    let without_cancel = StoreContext {
        cancel: CancellationToken::new(),
        ..context.clone()
    };
    let store = job.store(Access::Change, &without_cancel).await?;
    let rehearsal = cutover::rehearse(&*store, live, build, &options.by, &context.cancel).await?;
    let hook = match ready.all.build(&live.build) {
        Some(build) => {
            let back = Moving {
                build,
                live: Some(&rehearsal.shown),
                folder: Some(ready.folder.path()),
                gate: None,
                diff: None,
            };
            hooks.after(&back, &rehearsal.back).await
        }
        None => None,
    };
    Ok(Rehearsed {
        noticed_seconds: rehearsal.noticed_seconds(),
        rehearsal,
        hook,
    })
}

/// Refuses a table that shows nothing, or the build of a rehearsal.
async fn check_live(job: &Job, context: &StoreContext) -> Result<(), Error> {
    let store = job.store(Access::Change, context).await?;
    let history = store.history(&job.table).await?;
    if history.is_empty() {
        return Err(CutoverError::NothingLive {
            table: job.table.clone(),
        }
        .into());
    }
    match OpenRehearsal::of(&history) {
        None => Ok(()),
        Some(open) => Err(CutoverError::RehearsalOpen {
            table: job.table.clone(),
            build: open.shown.build.clone(),
            live: open.before.build.clone(),
            source: None,
        }
        .into()),
    }
}
