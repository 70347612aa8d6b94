//! `journal.jsonl`: what of a build is done, appended and synced line by line.
//!
//! A checkpoint counts only while all of its runs are on disk as it names them.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::BuildError;
use super::lines::Lines;
use super::splits::Covered;
use crate::fold::{Checkpoint, CheckpointSink, FoldError, FoldedOffsets, RunFile, StageTimes};
use crate::store::Loaded;

/// No plan has as many splits. Those that are folded are marked in memory, a bit each up to the highest.
const MOST_SPLITS: u64 = 1 << 30;

/// A line of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum Entry {
    /// Some splits are folded.
    Checkpoint(Checkpoint),
    /// The shadow table is complete.
    Loaded(Loaded),
    /// The build was checked and compared with the live one.
    Checked(Checked),
    /// The table shows this build, or did.
    Swapped {
        /// The pointer's version.
        version: u64,
    },
}

/// A verdict on a loaded build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// Whether the gate held.
    pub passed: bool,
    /// The digest of the rows that were checked.
    pub digest: String,
    /// What the table showed when the diff was made; `None` where it showed nothing.
    pub live: Option<Seen>,
}

/// What a table showed at some moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The build.
    pub build: String,
    /// The pointer's version.
    pub version: u64,
}

/// The journal of a build that is being worked on.
pub struct Journal {
    lines: Lines,
}

impl Journal {
    /// Opens the journal of a build, and reads what it says.
    pub fn open(path: &Path) -> Result<(Journal, Vec<Entry>), BuildError> {
        let (lines, entries) = Lines::open(path)?;
        Ok((Journal { lines }, entries))
    }

    /// Reads what a journal says without changing it; nothing where there is none.
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

/// What the lines of a journal come to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// All checkpoints.
    pub checkpoints: Vec<Checkpoint>,
    /// The splits that they cover.
    pub covered: Covered,
    /// What was loaded, where all splits were.
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
                Entry::Loaded(loaded) => standing.loaded = Some(loaded),
                Entry::Checked(checked) => standing.checked = Some(checked),
                Entry::Swapped { version } => standing.swapped = Some(version),
            }
        }
        Ok(standing)
    }

    fn add(&mut self, path: &Path, checkpoint: Checkpoint) -> Result<(), BuildError> {
        let damaged = |what| BuildError::Damaged {
            path: path.to_owned(),
            what,
        };
        for folded in &checkpoint.splits {
            let split = folded.split;
            if split >= MOST_SPLITS {
                return Err(damaged(format!("no plan has a split {split}")));
            }
            if !self.covered.insert(split) {
                return Err(damaged(format!("split {split} is folded twice")));
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
