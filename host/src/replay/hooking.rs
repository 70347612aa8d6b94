//! The hooks of a job around a swap.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::Error;
use crate::cutover::{
    Check, CutoverError, HookEvent, HookFacts, HookFailure, HookPlace, run_hooks,
};
use crate::fold::FoldError;
use crate::job::Job;
use crate::store::{Pointer, StoredBuild};

/// The hooks of a job, for one command.
pub(super) struct Hooks<'a> {
    pub(super) job: &'a Job,
    /// The command of backfold.
    pub(super) command: &'static str,
    /// The user or program that swaps.
    pub(super) by: &'a str,
    pub(super) cancel: &'a CancellationToken,
}

/// A swap as its hooks see it.
pub(super) struct Moving<'a> {
    /// The build that goes live.
    pub(super) build: &'a StoredBuild,
    /// What readers see before it.
    pub(super) live: Option<&'a Pointer>,
    /// The folder of the build, where it is on this machine.
    pub(super) folder: Option<&'a Path>,
    /// The checks of the gate, where the command made them.
    pub(super) gate: Option<&'a [Check]>,
    /// The counts of the difference to the live table, where they are known.
    pub(super) diff: Option<Value>,
}

impl Hooks<'_> {
    /// Runs the hooks that can refuse the swap.
    pub(super) async fn before(&self, moving: &Moving<'_>) -> Result<(), Box<HookFailure>> {
        let version = moving.live.map_or(0, |live| live.version) + 1;
        self.run(HookEvent::BeforeSwap, moving, version).await
    }

    /// Runs the hooks that are told of the swap that set this pointer. Gives the failure of one.
    pub(super) async fn after(
        &self,
        moving: &Moving<'_>,
        pointer: &Pointer,
    ) -> Option<HookFailure> {
        let done = self.run(HookEvent::AfterSwap, moving, pointer.version);
        done.await.err().map(|failure| *failure)
    }

    async fn run(
        &self,
        event: HookEvent,
        moving: &Moving<'_>,
        version: u64,
    ) -> Result<(), Box<HookFailure>> {
        let (job, build) = (self.job, moving.build);
        let facts = HookFacts {
            event,
            command: self.command,
            table: job.table.clone(),
            build: build.info.build.clone(),
            previous: moving.live.map(|live| live.build.clone()),
            version,
            shadow: build.info.shadow_name(),
            rows: build.loaded.as_ref().map(|loaded| loaded.rows),
            digest: build.loaded.as_ref().map(|loaded| loaded.digest.clone()),
            gate: moving.gate.map(<[Check]>::to_vec),
            diff: moving.diff.clone(),
            operator: self.by.to_owned(),
            target: job.target.to_string(),
            handoff: build.handoff.clone(),
        };
        let place = HookPlace {
            folder: job.file.parent().map_or_else(PathBuf::new, Path::to_owned),
            logs: moving.folder.map(|folder| folder.join("hooks")),
        };
        run_hooks(&job.hooks, facts, &place, self.cancel).await
    }
}

/// The error of a hook that refuses the swap of a build; an interruption, where that ended the hook.
pub(super) fn refusal(build: &str, failure: Box<HookFailure>) -> Error {
    if failure.is_interrupted {
        return FoldError::Interrupted.into();
    }
    CutoverError::HookRefused {
        build: build.to_owned(),
        source: failure,
    }
    .into()
}

/// The error of a hook that failed after the swap that set this pointer.
pub(super) fn failed_after(pointer: &Pointer, failure: &HookFailure) -> Error {
    CutoverError::HookFailedAfter {
        table: pointer.table.clone(),
        build: pointer.build.clone(),
        source: Box::new(failure.clone()),
    }
    .into()
}
