//! Gathering: the chosen attempts of a sealed build become the checkpoints of a build on this machine.

use std::path::Path;
use std::sync::atomic::Ordering;

use futures::StreamExt;
use futures::stream;

use super::documents::{Chosen, Done, KeptFile, Unit};
use super::staged::StagedBuild;
use super::{ShareError, names};
use crate::fold::{FoldError, FoldedSplit, RunFile, part_quarantine, verify_bytes};
use crate::scratch::ScratchFolder;
use crate::steps::Context;
use crate::workdir::{BuildError, BuildFolder, Entry, Journal, SchemaFile, Standing};

/// How many attempts are fetched at a time.
const FETCHED_AT_ONCE: usize = 16;

impl StagedBuild {
    /// Brings what the units hold into the folder of the build, and their checkpoints into its journal: those that `standing`
    /// does not cover yet. When it returns, the journal covers all splits.
    ///
    /// Each checkpoint is written once its files are durable. Called again after it was killed, it goes on.
    ///
    /// # Errors
    /// [`ShareError::NotFolded`], [`ShareError::UnitFailed`] where units are left to fold; [`ShareError::Damaged`] where what
    /// the share holds is not what was sealed; [`FoldError::Interrupted`] once [`Context::cancel`] fires.
    pub async fn gather(
        &self,
        build: &BuildFolder,
        journal: &Journal,
        standing: &Standing,
        context: &Context,
    ) -> Result<(), ShareError> {
        let sealing = self.seal().await?;
        if let Some(error) = sealing.failure().or_else(|| sealing.unfinished()) {
            return Err(error);
        }
        let sealed = self.sealed().await?;
        let sealed = sealed.ok_or_else(|| self.damaged(names::SEALED, "it is gone"))?;
        let mut left = Vec::new();
        for unit in self.units().await? {
            if !standing.covered.contains(unit.first) {
                let chosen = sealed.units.get(unit.unit as usize);
                let chosen = chosen.filter(|chosen| chosen.unit == unit.unit);
                let missing = || self.damaged(names::SEALED, "a unit is missing");
                left.push((unit, chosen.cloned().ok_or_else(missing)?));
            }
        }
        let folder = ScratchFolder::create(build.path());
        let folder = folder.map_err(BuildError::io("creating", build.path()))?;
        let merged = match sealing.ranges {
            0 => None,
            ranges => Some(self.fetch_ranges(build, ranges).await?),
        };
        let with_runs = merged.is_none();
        let fetch =
            |(unit, chosen): (Unit, Chosen)| self.fetch(build, &folder, unit, chosen, with_runs);
        let mut fetched = stream::iter(left.into_iter().map(fetch)).buffered(FETCHED_AT_ONCE);
        while let Some(done) = fetched.next().await {
            if context.cancel.is_cancelled() {
                return Err(FoldError::Interrupted.into());
            }
            let mut done = done?;
            if let Some(merged) = &merged {
                // The first checkpoint names the runs of all ranges, which hold the states of all units.
                let is_first = done.unit == 0;
                done.checkpoint.tables[0].runs = match is_first {
                    true => merged.clone(),
                    false => Vec::new(),
                };
            }
            count(&done, context);
            journal.append(&Entry::Checkpoint(done.checkpoint))?;
        }
        Ok(())
    }

    /// Fetches the files of an attempt. All are durable when it returns.
    async fn fetch(
        &self,
        build: &BuildFolder,
        scratch: &ScratchFolder,
        unit: Unit,
        chosen: Chosen,
        with_runs: bool,
    ) -> Result<Done, ShareError> {
        let (round, attempt) = (chosen.round, &*chosen.attempt);
        let name = |file: &str| names::of_attempt(round, chosen.unit, attempt, file);
        let (mut done, _) = self.chosen_done(&chosen).await?;
        let splits = done.checkpoint.splits.iter().map(|folded| folded.split);
        if !splits.eq(unit.first..unit.until) {
            let what = "it is not of all splits of the unit";
            return Err(self.damaged(&name(names::DONE), what));
        }
        for repeated in &chosen.repeated {
            let offsets = &mut done.checkpoint.offsets;
            offsets.add_repeated(&repeated.partition, repeated.offsets);
        }
        let runs = done.checkpoint.tables.iter().flat_map(|table| &table.runs);
        for run in runs.filter(|_| with_runs) {
            self.fetch_run(build, run, &name(&run.name)).await?;
        }
        let local = |file: &str| scratch.path().join(format!("{:010}-{file}", chosen.unit));
        if let Some(kept) = &done.quarantine {
            let path = local(names::QUARANTINE);
            self.fetch_kept(&name(names::QUARANTINE), kept, &path)
                .await?;
            part_quarantine(&path, &build.quarantine())?;
            remove(&path)?;
        }
        if let Some(kept) = &done.schemas {
            let path = local(names::SCHEMAS);
            self.fetch_kept(&name(names::SCHEMAS), kept, &path).await?;
            let known = build.schemas()?;
            let (file, _) = SchemaFile::open(&build.schemas_file())?;
            for schema in SchemaFile::peek(&path)? {
                if !known.contains_key(&schema.id) {
                    file.append(&schema)?;
                }
            }
            remove(&path)?;
        }
        Ok(done)
    }

    /// Fetches a run, which is durable when it returns.
    async fn fetch_run(
        &self,
        build: &BuildFolder,
        run: &RunFile,
        name: &str,
    ) -> Result<(), ShareError> {
        let folder = build.runs();
        let path = folder.join(&run.name);
        // A run of a gathering that was killed.
        if path.exists() && verified(&folder, run).await.is_ok() {
            return Ok(());
        }
        remove(&path)?;
        self.share.download(name, &path).await?;
        let verified = verified(&folder, run).await;
        verified.map_err(|error| self.changed(name, error))
    }

    /// Fetches the runs of all ranges of keys, which were merged.
    async fn fetch_ranges(
        &self,
        build: &BuildFolder,
        ranges: u64,
    ) -> Result<Vec<RunFile>, ShareError> {
        let fetch = |range| async move {
            let merged = self.merged_range(range).await?;
            let gone = || self.damaged(&names::range(range), "it is gone");
            let merged = merged.ok_or_else(gone)?;
            if let Some(run) = &merged.run {
                let name = names::of_range(range, &merged.attempt, &run.name);
                self.fetch_run(build, run, &name).await?;
            }
            Ok::<_, ShareError>(merged.run)
        };
        let mut fetched = stream::iter((0..ranges).map(fetch)).buffered(FETCHED_AT_ONCE);
        let mut runs = Vec::new();
        while let Some(run) = fetched.next().await {
            runs.extend(run?);
        }
        Ok(runs)
    }

    async fn fetch_kept(&self, name: &str, kept: &KeptFile, path: &Path) -> Result<(), ShareError> {
        self.share.download(name, path).await?;
        match KeptFile::of(path)? == *kept {
            true => Ok(()),
            false => Err(self.damaged(name, "it is another file than `done.json` names")),
        }
    }

    fn changed(&self, name: &str, error: FoldError) -> ShareError {
        match error {
            FoldError::DamagedRun { what, .. } => self.damaged(name, &what),
            error => error.into(),
        }
    }
}

/// Checks a run on a thread of its own: hashing takes as long as reading.
async fn verified(folder: &Path, run: &RunFile) -> Result<(), FoldError> {
    let (folder, run) = (folder.to_owned(), run.clone());
    let verifying = tokio::task::spawn_blocking(move || verify_bytes(&folder, &run));
    verifying.await.map_err(|error| FoldError::Panicked {
        message: error.to_string(),
    })?
}

fn remove(path: &Path) -> Result<(), BuildError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(BuildError::io("removing", path)(error))
        }
        _ => Ok(()),
    }
}

/// Counts what the attempt did, for the progress.
fn count(done: &Done, context: &Context) {
    let (progress, checkpoint) = (&context.progress, &done.checkpoint);
    let splits = checkpoint.splits.len() as u64;
    let rejected: u64 = checkpoint.splits.iter().map(FoldedSplit::rejected).sum();
    let runs = checkpoint.tables.iter().flat_map(|table| &table.runs);
    let rows: u64 = runs.map(|run| run.rows).sum();
    progress.splits_done.fetch_add(splits, Ordering::Relaxed);
    progress.rejected.fetch_add(rejected, Ordering::Relaxed);
    progress.rows_total.fetch_add(rows, Ordering::Relaxed);
}
