//! From a loaded shadow table to the public name.

use super::report::{Outcome, RunReport};
use super::{Error, Replay, RunOptions};
use crate::build::{BuildFolder, Entry, Standing};
use crate::cutover::{DiffOptions, GateInput, diff_with_live, gate, swap};
use crate::decode::EventRange;
use crate::store::{Pointer, StateStore, StoreError, StoredBuild, Version};

impl Replay<'_> {
    /// Whether there is nothing to do: the public name shows this build, or one whose manifest says the same.
    pub(super) async fn already_live(
        &self,
        build: &BuildFolder,
        options: &RunOptions,
    ) -> Result<Option<RunReport>, Error> {
        if options.only_fold {
            return Ok(None);
        }
        let (manifest, table) = (&build.manifest, &self.job.table);
        let Some(live) = self.store.live(table).await? else {
            return Ok(None);
        };
        let same_build = live.build == manifest.build;
        if same_build {
            // Killed between the swap and its line in the journal.
            let (journal, _) = build.resume()?;
            journal.append(&Entry::Swapped {
                version: live.version,
            })?;
        }
        let stored = find_build(&*self.store, table, &live.build).await?;
        let equal = stored.info.manifest_digest == manifest.digest();
        if !same_build && (options.fresh || !equal) {
            return Ok(None);
        }
        let mut report = RunReport::new(build, &build.peek()?);
        report.outcome = if same_build {
            Outcome::Live
        } else {
            Outcome::AlreadyLive
        };
        report.loaded = stored.loaded;
        report.shadow = stored.info.shadow_name();
        report.pointer = Some(live);
        if !same_build {
            report.build = stored.info.build;
            if build.peek()?.covered.is_empty() {
                build.clone().remove()?;
            }
        }
        Ok(Some(report))
    }

    /// Asks the gate, and compares with what is live. Returns the version of the pointer compared with.
    pub(super) async fn check(
        &self,
        build: &BuildFolder,
        standing: &Standing,
        report: &mut RunReport,
    ) -> Result<Option<Version>, Error> {
        let (info, columns) = (build.manifest.info(), build.manifest.columns());
        let merged = standing
            .loaded
            .as_ref()
            .ok_or_else(|| StoreError::Unfinished {
                build: info.build.clone(),
            })?;
        let verdict = gate(GateInput {
            store: &*self.store,
            build: &info,
            columns: &columns,
            merged,
            splits_planned: build.manifest.frozen.splits,
            splits_covered: standing.covered.len(),
            offsets: &standing.offsets(),
            is_narrowed: build.manifest.range != EventRange::default(),
            quarantined: report.rejected,
            counts: &report.counts,
            options: &self.job.gate,
        })
        .await?;
        report.outcome = if verdict.passed() {
            Outcome::Ready
        } else {
            Outcome::Refused
        };
        report.gate = Some(verdict);
        let stored = find_build(&*self.store, &info.table, &info.build).await?;
        let diff = diff_with_live(&*self.store, &stored, &DiffOptions::default()).await?;
        let version = diff.live_version;
        report.diff = Some(diff);
        Ok(version)
    }

    /// Shows the build under the public name, if nothing moved since it was compared.
    pub(super) async fn show(
        &self,
        build: &BuildFolder,
        expected: Option<Version>,
        by: &str,
    ) -> Result<Pointer, Error> {
        let manifest = &build.manifest;
        let handoff = manifest.frozen.handoff.clone();
        Ok(swap(
            &*self.store,
            &manifest.table,
            &manifest.build,
            expected,
            handoff,
            by,
        )
        .await?)
    }
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
