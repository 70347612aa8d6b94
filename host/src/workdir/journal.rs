//! `journal.jsonl`: which parts of a build are done, appended and synced line by line.
//!
//! A checkpoint counts only while all of its runs are on disk as it names them.

use std::path::Path;

use super::entry::{Checked, Entry};
use super::error::BuildError;
use super::lines::Lines;
use super::splits::Covered;
use crate::fold::{Checkpoint, CheckpointSink, FoldError, FoldedOffsets, RunFile, StageTimes};
use crate::store::Loaded;

/// No plan has as many splits. Those that are folded are marked in memory, a bit each up to the highest.
const MOST_SPLITS: u64 = 1 << 30;

/// The journal of a build that is being worked on.
pub struct Journal {
    lines: Lines,
}

impl Journal {
    /// Opens the journal of a build, and reads its entries.
    pub fn open(path: &Path) -> Result<(Journal, Vec<Entry>), BuildError> {
        let (lines, entries) = Lines::open(path)?;
        Ok((Journal { lines }, entries))
    }

    /// Reads the entries of a journal without changing it; none where there is no journal.
    pub fn peek(path: &Path) -> Result<Vec<Entry>, BuildError> {
        Lines::peek(path)
    }

    /// Appends a line and makes it durable.
    pub fn append(&self, entry: &Entry) -> Result<(), BuildError> {
        self.lines.append(entry)
    }
}

impl CheckpointSink for Journal {
    fn commit(&self, checkpoint: Checkpoint) -> Result<(), FoldError> {
        self.lines
            .write(&Entry::Checkpoint(checkpoint))
            .map_err(FoldError::io("writing", self.lines.path()))
    }
}

/// The sum of a journal's entries.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// All checkpoints.
    pub checkpoints: Vec<Checkpoint>,
    /// The splits that they cover.
    pub covered: Covered,
    /// The rows of the shadow table, where it is loaded.
    pub loaded: Option<Loaded>,
    /// The last verdict.
    pub checked: Option<Checked>,
    /// The pointer's version, where it was swapped.
    pub swapped: Option<u64>,
}

impl Standing {
    /// Sums up the lines.
    ///
    /// # Errors
    /// Where a split is covered twice, or is none that a plan has: no run of backfold writes that.
    pub fn of(path: &Path, entries: Vec<Entry>) -> Result<Self, BuildError> {
        let mut standing = Standing::default();
        for entry in entries {
            match entry {
                Entry::Checkpoint(checkpoint) => standing.add(path, checkpoint)?,
                Entry::Loaded { tables } => standing.loaded = Some(only(path, tables)?),
                Entry::Checked { tables } => standing.checked = Some(only(path, tables)?),
                Entry::Swapped { tables } => standing.swapped = Some(only(path, tables)?.version),
            }
        }
        Ok(standing)
    }

    fn add(&mut self, path: &Path, checkpoint: Checkpoint) -> Result<(), BuildError> {
        let lists = checkpoint.splits.iter().map(|split| split.tables.len());
        for tables in lists.chain([checkpoint.tables.len()]) {
            check_tables(path, tables)?;
        }
        for folded in &checkpoint.splits {
            let split = folded.split;
            if split >= MOST_SPLITS {
                return Err(damaged(path, format!("no plan has a split {split}")));
            }
            if !self.covered.insert(split) {
                return Err(damaged(path, format!("split {split} is folded twice")));
            }
        }
        self.checkpoints.push(checkpoint);
        Ok(())
    }

    /// All runs, in the order of the source: by the first split that they hold, then by their parts.
    pub fn runs(&self) -> Vec<RunFile> {
        let mut runs: Vec<RunFile> = self
            .checkpoints
            .iter()
            .flat_map(|one| &one.tables)
            .flat_map(|table| table.runs.iter().cloned())
            .collect();
        runs.sort_by(|a, b| a.name.cmp(&b.name));
        runs
    }

    /// The splits with rejected records, in rising order.
    pub fn splits_with_rejections(&self) -> Vec<u64> {
        let folded = self
            .checkpoints
            .iter()
            .flat_map(|checkpoint| &checkpoint.splits);
        let mut splits: Vec<u64> = folded
            .filter(|folded| folded.rejected() > 0)
            .map(|folded| folded.split)
            .collect();
        splits.sort_unstable();
        splits
    }

    /// Which offsets of topics were read.
    pub fn offsets(&self) -> FoldedOffsets {
        let mut offsets = FoldedOffsets::default();
        let checkpoints = self.checkpoints.iter();
        checkpoints.for_each(|checkpoint| offsets.add(&checkpoint.offsets));
        offsets
    }

    /// Where the workers' time went.
    pub fn times(&self) -> StageTimes {
        let mut times = StageTimes::default();
        self.checkpoints
            .iter()
            .for_each(|checkpoint| times += checkpoint.times);
        times
    }
}

/// What an entry says of the only table that a build has.
fn only<T>(path: &Path, mut tables: Vec<T>) -> Result<T, BuildError> {
    check_tables(path, tables.len())?;
    Ok(tables.remove(0))
}

/// Fails unless an entry speaks of one table.
fn check_tables(path: &Path, tables: usize) -> Result<(), BuildError> {
    match tables {
        1 => Ok(()),
        _ => Err(damaged(
            path,
            format!("an entry lists {tables} tables, and the build has one"),
        )),
    }
}

fn damaged(path: &Path, what: String) -> BuildError {
    BuildError::Damaged {
        path: path.to_owned(),
        what,
    }
}
