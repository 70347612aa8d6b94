//! Checkpoints: which splits a worker has folded, and which runs hold the states that came of them.

use serde::{Deserialize, Serialize};

use super::error::FoldError;
use super::offsets::FoldedOffsets;
use super::run::RunFile;
use crate::decode::{Counts, Presence};

/// Some whole splits and, for each table, the runs that hold their states. The runs hold nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The splits, in the order in which they were folded.
    pub splits: Vec<FoldedSplit>,
    /// What came of the splits, for each table of the build.
    pub tables: Vec<TableCheckpoint>,
    /// The offsets of topics that the splits account for and no checkpoint before did.
    #[serde(default, skip_serializing_if = "FoldedOffsets::is_empty")]
    pub offsets: FoldedOffsets,
    /// Where the worker's time went since the checkpoint before.
    pub times: StageTimes,
}

/// What a checkpoint holds for one table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableCheckpoint {
    /// The runs, in the order of the source; none where no event was left.
    pub runs: Vec<RunFile>,
}

/// A split that was folded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoldedSplit {
    /// The number of the split.
    pub split: u64,
    /// From its first chunk to its last, in microseconds.
    pub micros: u64,
    /// What became of its records, for each table of the build.
    pub tables: Vec<SplitCounts>,
}

impl FoldedSplit {
    /// Records that the decoder or the component rejected, of all tables.
    pub fn rejected(&self) -> u64 {
        self.tables.iter().map(SplitCounts::rejected).sum()
    }
}

/// What became of the records of a split for one table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitCounts {
    /// What the decoder read.
    pub counts: Counts,
    /// In how many of the events each input was there; empty in the journal of an earlier release.
    #[serde(default, skip_serializing_if = "Presence::is_empty")]
    pub presence: Presence,
    /// Records that the component rejected.
    pub rejected_by_component: u64,
}

impl SplitCounts {
    /// Records that the decoder or the component rejected.
    pub fn rejected(&self) -> u64 {
        self.counts.rejected + self.rejected_by_component
    }
}

/// Where a worker's time went, in microseconds of wall clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageTimes {
    /// Waiting for the source.
    pub wait: u64,
    /// Decompressing; of what is stored as it is or was inflated ahead, copying.
    #[serde(default)]
    pub inflate: u64,
    /// Validating UTF-8 and finding the special bytes.
    #[serde(default)]
    pub index: u64,
    /// Parsing records and building columns.
    pub decode: u64,
    /// The component's `fold`.
    pub fold: u64,
    /// The component's `drain`.
    pub drain: u64,
    /// Absorbing partials into the state table, `combine` included.
    pub absorb: u64,
    /// Sorting and writing runs.
    pub write: u64,
}

impl std::ops::AddAssign for StageTimes {
    fn add_assign(&mut self, other: StageTimes) {
        self.wait += other.wait;
        self.inflate += other.inflate;
        self.index += other.index;
        self.decode += other.decode;
        self.fold += other.fold;
        self.drain += other.drain;
        self.absorb += other.absorb;
        self.write += other.write;
    }
}

/// Keeps the checkpoints of workers.
pub trait CheckpointSink: Send + Sync {
    /// Makes the checkpoint durable. Its runs and quarantine files are durable already; once this returns
    /// `Ok`, its splits are never folded again.
    fn commit(&self, checkpoint: Checkpoint) -> Result<(), FoldError>;
}
