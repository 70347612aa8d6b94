//! How a job folds.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::units::{self, ByteSize};

/// The `[fold]` section of a job. None of it changes the table that comes out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FoldOptions {
    /// Worker threads; the number of cores where it is not set.
    pub workers: Option<usize>,
    /// Batches folded between two drains of a component.
    pub window_batches: usize,
    /// Memory for the states of all workers together. A worker whose share is full writes a run.
    pub state_budget: ByteSize,
    /// How long a worker folds before what it has becomes a run: what a crash costs at most.
    #[serde(with = "units::duration")]
    pub checkpoint_interval: Duration,
    /// How many runs are merged at a time; more are merged in several passes.
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

    /// The memory for the states of one worker.
    pub fn budget_per_worker_bytes(&self) -> usize {
        (self.state_budget.bytes() / self.worker_count()).max(64 << 10)
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
