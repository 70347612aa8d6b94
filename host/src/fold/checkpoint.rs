//! What a checkpoint says: these splits are folded, and these runs hold all that came of them.

use serde::{Deserialize, Serialize};

use super::error::FoldError;
use super::offsets::FoldedOffsets;
use super::run::RunFile;
use crate::decode::Counts;

/// Some whole splits and the runs that hold their states. The runs hold nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The splits, in the order in which they were folded.
    pub splits: Vec<FoldedSplit>,
    /// The runs, in the order of the source; none where no event was left.
    pub runs: Vec<RunFile>,
    /// Which offsets of topics the splits account for, that no checkpoint before did.
    #[serde(default, skip_serializing_if = "FoldedOffsets::is_empty")]
    pub offsets: FoldedOffsets,
    /// Where the worker's time went since the checkpoint before.
    pub times: StageTimes,
}

/// A split that was folded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoldedSplit {
    /// Its number.
    pub split: u64,
    /// What was read.
    pub counts: Counts,
    /// Records that the component rejected.
    pub rejected_by_component: u64,
    /// From its first chunk to its last, in microseconds.
    pub micros: u64,
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

/// Where workers put their checkpoints.
pub trait CheckpointSink: Send + Sync {
    /// Makes the checkpoint durable. Its runs and quarantine files are durable already; once this returns
    /// `Ok`, its splits are never folded again.
    fn commit(&self, checkpoint: Checkpoint) -> Result<(), FoldError>;
}
