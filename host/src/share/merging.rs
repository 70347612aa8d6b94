//! `merge`: the runs of a sealed build, merged by disjoint ranges of keys, a range a process.

use std::ops::Range;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures::StreamExt;
use futures::stream;
use serde::{Deserialize, Serialize};
use ulid::Ulid;

use super::documents::Chosen;
use super::staged::{READS_AT_ONCE, StagedBuild, host};
use super::{ShareError, names};
use crate::fold::{KeyRange, RunFile, RunSlice, cut_ranges, range_between};
use crate::guest::Cache;
use crate::scratch::ScratchFolder;
use crate::steps::{self, Context, Runs};
use crate::workdir::{BuildError, now};

/// The most places at which a run is weighed.
const WEIGHTS_PER_RUN: usize = 256;

/// The bytes of a run that are fetched at a time.
const PIECE_BYTES: u64 = 8 << 20;

/// `ranges.json`: where the keys are cut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ranges {
    /// The first key of each range but the first, as runs have it, in base64; rising.
    pub cuts: Vec<String>,
}

/// `done.json` of a range.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergedRange {
    /// The range.
    pub range: u64,
    /// The attempt, a ULID.
    pub attempt: String,
    /// The run; `None` where no key lies in the range.
    pub run: Option<RunFile>,
    /// The version of backfold that merged it.
    pub backfold: String,
    /// The machine that merged it.
    pub host: String,
    /// When the attempt began and ended, RFC 3339 in UTC.
    pub began: String,
    /// See [`began`](MergedRange::began).
    pub ended: String,
}

/// What merges a range, and with which means.
#[derive(Clone, Debug)]
pub struct MergeOptions {
    /// The range, from 0.
    pub range: u64,
    /// The folder of this machine for files that are needed meanwhile.
    pub scratch: PathBuf,
    /// Where compiled components are kept on this machine.
    pub cache: Option<Cache>,
}

/// A run of a unit, in the share.
#[derive(Clone, Debug)]
struct SharedRun {
    name: String,
    run: RunFile,
}

impl Ranges {
    /// The number of ranges.
    pub fn count(&self) -> u64 {
        self.cuts.len() as u64 + 1
    }

    fn range(&self, place: u64) -> Option<KeyRange> {
        let cuts: Option<Vec<_>> = self
            .cuts
            .iter()
            .map(|cut| BASE64.decode(cut).ok())
            .collect();
        Some(range_between(&cuts?, place as usize))
    }
}

impl StagedBuild {
    /// The ranges that the keys are cut into, where they are.
    pub async fn ranges(&self) -> Result<Option<Ranges>, ShareError> {
        self.read(names::RANGES).await
    }

    /// Cuts the keys of a sealed build into at most `ranges` ranges of about equal size, each of which is to be merged by
    /// itself. Where they were cut before, they stay as they are.
    ///
    /// # Errors
    /// [`ShareError::NotSealed`] where units are left to fold.
    pub async fn cut(&self, ranges: u64, scratch: &Path) -> Result<Ranges, ShareError> {
        if let Some(ranges) = self.ranges().await? {
            return Ok(ranges);
        }
        let folder = ScratchFolder::create(scratch).map_err(BuildError::io("creating", scratch))?;
        let runs = self.sealed_runs().await?;
        let weigh = |run: SharedRun| self.weights(folder.path(), run);
        let mut weighed = stream::iter(runs.into_iter().map(weigh)).buffered(READS_AT_ONCE);
        let mut weights = Vec::new();
        while let Some(more) = weighed.next().await {
            weights.extend(more?);
        }
        let cuts = cut_ranges(weights, ranges);
        let ranges = Ranges {
            cuts: cuts.iter().map(|cut| BASE64.encode(cut)).collect(),
        };
        self.put(names::RANGES, &ranges).await?;
        // Another process may have cut them first.
        Ok(self.ranges().await?.unwrap_or(ranges))
    }

    /// Merges all runs of a sealed build within a range of keys into one run, and puts it into the share. Where the range was
    /// merged before, nothing is done.
    ///
    /// # Errors
    /// [`ShareError::NoRange`] where there is no such range; [`ShareError::Damaged`] where a run is not what was sealed.
    pub async fn merge_range(
        &self,
        options: &MergeOptions,
        context: &Context,
    ) -> Result<MergedRange, ShareError> {
        self.check_version()?;
        let ranges = self.ranges().await?;
        let count = ranges.as_ref().map_or(0, Ranges::count);
        let no_range = || ShareError::NoRange {
            range: options.range,
            ranges: count,
        };
        let ranges = ranges
            .filter(|_| options.range < count)
            .ok_or_else(no_range)?;
        let range = ranges.range(options.range);
        let range = range.ok_or_else(|| self.damaged(names::RANGES, "a cut is no base64"))?;
        if let Some(done) = self.merged_range(options.range).await? {
            return Ok(done);
        }
        let (attempt, began) = (Ulid::new().to_string(), now());
        let scratch = &options.scratch;
        let folder =
            ScratchFolder::create_alone(scratch).map_err(BuildError::io("creating", scratch))?;
        let component = folder.path().join(names::COMPONENT);
        let component = self
            .component(&component, options.cache.as_ref(), context)
            .await?;
        let mut files = Vec::new();
        for run in self.sealed_runs().await? {
            self.fetch_slice(folder.path(), &run, &range).await?;
            files.push(run.run);
        }
        let (name, runs) = (names::merged_run(options.range), folder.path().to_owned());
        let runs = Runs {
            folder: runs,
            files,
        };
        let (table, into) = (self.staged.manifest.table(), folder.path());
        let context = Context {
            options: self.staged.fold.clone(),
            ..context.clone()
        };
        let merged = steps::merge_runs(table, runs, range, &name, into, &component, &context);
        let run = merged.await?;
        if let Some(run) = &run {
            let name = names::of_range(options.range, &attempt, &run.name);
            self.share.upload(&name, &into.join(&run.name)).await?;
        }
        let done = MergedRange {
            range: options.range,
            run,
            backfold: env!("CARGO_PKG_VERSION").into(),
            host: host(),
            began,
            ended: now(),
            attempt,
        };
        let name = names::of_range(options.range, &done.attempt, names::DONE);
        self.put(&name, &done).await?;
        Ok(done)
    }

    /// The first complete attempt at a range, where there is one: all of them hold the same states.
    pub(super) async fn merged_range(&self, range: u64) -> Result<Option<MergedRange>, ShareError> {
        let files = self.share.list(&names::range(range)).await?;
        let done = files.iter().find(|file| file.name.ends_with(names::DONE));
        match done {
            Some(done) => self.read(&done.name).await,
            None => Ok(None),
        }
    }

    /// The ranges that are left to merge, where the keys are cut into ranges.
    pub(super) async fn ranges_left(&self, count: u64) -> Result<Vec<u64>, ShareError> {
        let files = self.share.list(names::RANGES_FOLDER).await?;
        let is_done = |range: &u64| {
            let folder = names::range(*range);
            files
                .iter()
                .any(|file| file.name.starts_with(&folder) && file.name.ends_with(names::DONE))
        };
        Ok((0..count).filter(|range| !is_done(range)).collect())
    }

    /// The runs of the chosen attempts, in the order of the source.
    async fn sealed_runs(&self) -> Result<Vec<SharedRun>, ShareError> {
        let sealed = self.sealed().await?.ok_or(ShareError::NotSealed)?;
        let mut runs = Vec::new();
        self.each_done(&sealed.units, |chosen: &Chosen, done, _| {
            let of_unit = done
                .checkpoint
                .tables
                .into_iter()
                .flat_map(|table| table.runs);
            runs.extend(of_unit.map(|run| SharedRun {
                name: names::of_attempt(chosen.round, chosen.unit, &chosen.attempt, &run.name),
                run,
            }));
            Ok(())
        })
        .await?;
        Ok(runs)
    }

    /// Keys at which batches of a run begin, each with its weight.
    async fn weights(
        &self,
        folder: &Path,
        run: SharedRun,
    ) -> Result<Vec<(Vec<u8>, u64)>, ShareError> {
        let slice = self.footer(folder, &run).await?;
        let weights = slice.weights(WEIGHTS_PER_RUN)?;
        let path = folder.join(&run.run.name);
        std::fs::remove_file(&path).map_err(BuildError::io("removing", path))?;
        Ok(weights)
    }

    /// The footer of a run, in a file of this machine.
    async fn footer<'a>(
        &self,
        folder: &'a Path,
        run: &'a SharedRun,
    ) -> Result<RunSlice<'a>, ShareError> {
        let slice = RunSlice::create(folder, &run.run)?;
        self.fetch_bytes(&slice, run, slice.tail()).await?;
        self.fetch_bytes(&slice, run, slice.rest_of_footer()?)
            .await?;
        for outside in slice.outside()? {
            self.fetch_bytes(&slice, run, outside).await?;
        }
        Ok(slice)
    }

    /// The part of a run that may hold keys of `range`, in a file of this machine.
    async fn fetch_slice(
        &self,
        folder: &Path,
        run: &SharedRun,
        range: &KeyRange,
    ) -> Result<(), ShareError> {
        let slice = self.footer(folder, run).await?;
        self.fetch_bytes(&slice, run, slice.batches(range)?).await
    }

    /// Writes bytes of a run to their place, some MiB at a time.
    async fn fetch_bytes(
        &self,
        slice: &RunSlice<'_>,
        run: &SharedRun,
        wanted: Range<u64>,
    ) -> Result<(), ShareError> {
        let mut at = wanted.start;
        while at < wanted.end {
            let piece = at..wanted.end.min(at + PIECE_BYTES);
            let bytes = self.share.get_range(&run.name, piece).await?;
            slice.write(at, &bytes)?;
            at += bytes.len() as u64;
        }
        Ok(())
    }
}
