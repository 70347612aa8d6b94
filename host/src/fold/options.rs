//! The settings of a fold.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::shape::{self, Means};
use crate::units::{self, ByteSize};

/// The `[fold]` section of a job. None of it changes the table that comes out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FoldOptions {
    /// Worker threads; the number of cores where it is not set.
    pub workers: Option<usize>,
    /// Batches folded between two drains of a component; fewer where their columns take more than the worker's share of
    /// `state_budget`.
    pub window_batches: usize,
    /// Memory for keys and states: of the tables of all workers together while they fold, and afterwards of all that
    /// is read, merged and on its way to the store. A worker whose share is full writes a run. With the records in
    /// work and the memory that an allocator keeps, a run takes about 150 MiB, and twice this budget, and for each worker
    /// the memory of an instance of the component twice, which `limits.memory` bounds and which is mostly a few MiB.
    /// Where single rows are larger than a hundredth of the budget, it is some tens of the largest rows more.
    pub state_budget: ByteSize,
    /// How long a worker folds before its states become a run: a crash costs this time at most, and the rest of the split
    /// that the worker is in then. A split is folded whole or not at all, and has one object at least: one that takes an
    /// hour to read is an hour's work between two checkpoints. Write objects of some hundred megabytes at most.
    #[serde(with = "units::duration")]
    pub checkpoint_interval: Duration,
    /// How many runs are merged at a time, two at least; more are merged in several passes. Runs whose keys do not overlap
    /// count as one. It is fewer where the batches of them would not fit into half of the budget, and never more than half
    /// of the files that the process may have open.
    pub merge_fan_in: usize,
}

impl Default for FoldOptions {
    fn default() -> Self {
        FoldOptions {
            workers: None,
            window_batches: 16,
            state_budget: ByteSize::mib(128),
            checkpoint_interval: Duration::from_secs(30),
            merge_fan_in: 32,
        }
    }
}

impl FoldOptions {
    /// The number of workers, at least one.
    pub fn worker_count(&self) -> usize {
        self.workers
            .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
            .max(1)
    }

    /// The memory for the states of one worker, in bytes.
    pub fn budget_per_worker_bytes(&self) -> usize {
        (self.state_budget.bytes() / self.worker_count()).max(64 << 10)
    }

    /// The memory for a batch of a run, in bytes.
    pub fn run_batch_bytes(&self) -> usize {
        shape::batch_bytes(&self.means())
    }

    /// The means of a merge.
    pub(super) fn means(&self) -> Means {
        Means {
            budget_bytes: self.budget_per_worker_bytes() * self.worker_count(),
            workers: self.worker_count(),
            fan_in: self.merge_fan_in,
            open_files: shape::open_files(),
        }
    }
}

/// The `[quarantine]` section of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QuarantineOptions {
    /// The run stops once more records than this were rejected: input of the wrong kind should not fill
    /// the disk. How many the gate tolerates is another setting, `gate.max_quarantined`.
    pub stop_after: u64,
}

impl Default for QuarantineOptions {
    fn default() -> Self {
        QuarantineOptions {
            stop_after: 100_000,
        }
    }
}
