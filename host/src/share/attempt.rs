//! An attempt at a unit: folded on this machine, merged into one run, put into the share.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::documents::{Done, KeptFile, Unit};
use super::options::WorkerOptions;
use super::staged::{StagedBuild, host};
use super::{ShareError, names};
use crate::fault_point::{around, before};
use crate::fold::{
    Checkpoint, CheckpointSink, FoldError, FoldedOffsets, KeyRange, RunFile, TableCheckpoint,
    join_quarantine, run_name,
};
use crate::guest::Component;
use crate::plan::Task;
use crate::scan::KeepSchemas;
use crate::scratch::ScratchFolder;
use crate::source::Split;
use crate::steps::{self, Context, FoldFolder, FoldOutput, Runs};
use crate::workdir::{BuildError, SchemaFile, now};

/// An attempt at a unit.
pub(super) struct Attempt<'a> {
    pub(super) build: &'a StagedBuild,
    pub(super) options: &'a WorkerOptions,
    pub(super) context: &'a Context,
    pub(super) unit: &'a Unit,
    /// The splits of the unit.
    pub(super) splits: Vec<Split>,
    /// Its name: a ULID.
    pub(super) id: String,
    /// When it began, RFC 3339 in UTC.
    pub(super) began: String,
}

impl Attempt<'_> {
    /// Folds the unit without the offsets in `folded`, and puts what came of it into the share: `done.json` is the last.
    pub(super) async fn fold(mut self, folded: FoldedOffsets) -> Result<Done, ShareError> {
        let splits = std::mem::take(&mut self.splits);
        let scratch = Scratch::create(&self.options.scratch)?;
        let cache = self.options.cache.as_ref();
        let component = self
            .build
            .component(&scratch.component, cache, self.context)
            .await?;
        let folded = self
            .checkpoint(splits, folded, &component, &scratch)
            .await?;
        let checkpoint = self.merged(folded, &component, &scratch).await?;
        let done = Done {
            unit: self.unit.unit,
            round: self.options.round,
            quarantine: self.quarantine(&checkpoint, &scratch).await?,
            schemas: self.schemas(&scratch).await?,
            checkpoint,
            backfold: env!("CARGO_PKG_VERSION").into(),
            host: host(),
            began: self.began.clone(),
            ended: now(),
        };
        for run in done.checkpoint.tables.iter().flat_map(|table| &table.runs) {
            let path = scratch.merged.join(&run.name);
            self.upload(&run.name, &path).await?;
        }
        self.build.put(&self.name(names::DONE), &done).await?;
        Ok(done)
    }

    /// Folds the splits into runs of this machine.
    async fn checkpoint(
        &self,
        splits: Vec<Split>,
        folded: FoldedOffsets,
        component: &Component,
        scratch: &Scratch,
    ) -> Result<Checkpoint, ShareError> {
        let staged = &self.build.staged;
        let task = Task {
            input: staged.manifest.input.clone(),
            tables: staged.manifest.tables.clone(),
            splits,
            folded,
        };
        let learned: Option<Box<dyn KeepSchemas>> = match task.input.decode.registry {
            Some(_) => Some(Box::new(SchemaFile::open(&scratch.schemas)?.0)),
            None => None,
        };
        let sink = Arc::new(Collected::default());
        let output = FoldOutput {
            folder: scratch.folder.clone(),
            sink: sink.clone(),
            learned,
        };
        let stop_after = staged.stop_after;
        steps::fold(task, component, output, stop_after, &self.context()).await?;
        Ok(sink.sum())
    }

    /// The settings of the fold: those of the job. A run is written where the budget is full and at the end, never because of
    /// the time: two attempts by one thread each are equal to the byte.
    fn context(&self) -> Context {
        let mut options = self.build.staged.fold.clone();
        options.workers = self.options.workers.or(options.workers);
        options.checkpoint_interval = Duration::MAX;
        Context {
            options,
            ..self.context.clone()
        }
    }

    /// The same checkpoint with one run, or none where no event was left.
    async fn merged(
        &self,
        mut checkpoint: Checkpoint,
        component: &Component,
        scratch: &Scratch,
    ) -> Result<Checkpoint, ShareError> {
        let files = std::mem::take(&mut checkpoint.tables);
        let files: Vec<RunFile> = files.into_iter().flat_map(|table| table.runs).collect();
        let first = checkpoint.splits.first().map_or(0, |split| split.split);
        let runs = Runs {
            folder: scratch.folder.runs.clone(),
            files,
        };
        let table = self.build.staged.manifest.table();
        let (name, into) = (run_name(first, 0), &scratch.merged);
        let context = self.context();
        let all = KeyRange::default();
        let run = steps::merge_runs(table, runs, all, &name, into, component, &context).await?;
        checkpoint.tables = vec![TableCheckpoint {
            runs: run.into_iter().collect(),
        }];
        Ok(checkpoint)
    }

    /// Puts the rejected records into the share, where there are any.
    async fn quarantine(
        &self,
        checkpoint: &Checkpoint,
        scratch: &Scratch,
    ) -> Result<Option<KeptFile>, ShareError> {
        let rejecting = checkpoint
            .splits
            .iter()
            .filter(|split| split.rejected() > 0);
        let rejecting: Vec<u64> = rejecting.map(|split| split.split).collect();
        if rejecting.is_empty() {
            return Ok(None);
        }
        let path = scratch.merged.join(names::QUARANTINE);
        join_quarantine(&scratch.folder.quarantine, rejecting.into_iter(), &path)?;
        self.kept(names::QUARANTINE, &path).await.map(Some)
    }

    /// Puts the schemas that were learned into the share, where there are any.
    async fn schemas(&self, scratch: &Scratch) -> Result<Option<KeptFile>, ShareError> {
        match SchemaFile::peek(&scratch.schemas)?.is_empty() {
            true => Ok(None),
            false => self.kept(names::SCHEMAS, &scratch.schemas).await.map(Some),
        }
    }

    async fn kept(&self, file: &str, path: &Path) -> Result<KeptFile, ShareError> {
        let kept = KeptFile::of(path)?;
        self.upload(file, path).await?;
        Ok(kept)
    }

    /// Uploads a file of this attempt. Its name is of this attempt alone: a name that is taken was taken by a try of this very
    /// upload.
    async fn upload(&self, file: &str, path: &Path) -> Result<(), ShareError> {
        self.build.share.upload(&self.name(file), path).await?;
        Ok(())
    }

    /// The name of a file of this attempt.
    fn name(&self, file: &str) -> String {
        names::of_attempt(self.options.round, self.unit.unit, &self.id, file)
    }
}

/// The files of an attempt on this machine; removed with the value.
struct Scratch {
    _folder: ScratchFolder,
    /// Runs and rejected records of the fold.
    folder: FoldFolder,
    component: PathBuf,
    schemas: PathBuf,
    /// The files that go into the share.
    merged: PathBuf,
}

impl Scratch {
    fn create(parent: &Path) -> Result<Self, ShareError> {
        let folder =
            ScratchFolder::create_alone(parent).map_err(BuildError::io("creating", parent))?;
        let within = |name: &str| folder.path().join(name);
        let scratch = Scratch {
            folder: FoldFolder {
                runs: within("runs"),
                quarantine: within("quarantine"),
            },
            component: within(names::COMPONENT),
            schemas: within(names::SCHEMAS),
            merged: within("merged"),
            _folder: folder,
        };
        let FoldFolder { runs, quarantine } = &scratch.folder;
        for path in [runs, quarantine, &scratch.merged] {
            around("create a folder of a worker", || fs::create_dir(path))
                .map_err(BuildError::io("creating", path))?;
        }
        Ok(scratch)
    }
}

/// The checkpoints of a fold, in memory.
#[derive(Default)]
struct Collected(Mutex<Vec<Checkpoint>>);

impl CheckpointSink for Collected {
    fn commit(&self, checkpoint: Checkpoint) -> Result<(), FoldError> {
        let mut collected = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        collected.push(checkpoint);
        Ok(())
    }
}

impl Collected {
    /// One checkpoint of all: splits and runs in the order of the source.
    fn sum(&self) -> Checkpoint {
        let mut collected = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sum = Checkpoint::default();
        let mut runs = Vec::new();
        for one in collected.drain(..) {
            sum.splits.extend(one.splits);
            sum.offsets.add(&one.offsets);
            sum.times += one.times;
            runs.extend(one.tables.into_iter().flat_map(|table| table.runs));
        }
        sum.splits.sort_unstable_by_key(|split| split.split);
        runs.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        sum.tables = vec![TableCheckpoint { runs }];
        sum
    }
}

impl KeptFile {
    /// The size and the digest of a file.
    pub(super) fn of(path: &Path) -> Result<Self, BuildError> {
        let file = before("read a file to keep").and_then(|()| File::open(path));
        let mut file = file.map_err(BuildError::io("opening", path))?;
        let mut hasher = blake3::Hasher::new();
        hasher
            .update_reader(&mut file)
            .map_err(BuildError::io("reading", path))?;
        Ok(KeptFile {
            size_bytes: hasher.count(),
            digest: hasher.finalize().to_hex().to_string(),
        })
    }
}
