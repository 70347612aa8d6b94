//! The progress of a run: counters that the stages raise and a display reads.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::decode::Counts;

/// The stage of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Stage {
    /// Freezing the input.
    Plan,
    /// Compiling a project's source, or the component, which is done once for each `.wasm`.
    Compile,
    /// Fetching the runs that workers elsewhere made.
    Gather,
    /// Reading, decoding and folding the input.
    Fold,
    /// Merging the runs and loading the shadow table.
    Load,
    /// Checking the shadow table.
    Gate,
    /// Making the table live.
    Swap,
    /// Done.
    Done,
}

impl Stage {
    const ALL: [Stage; 8] = [
        Stage::Plan,
        Stage::Compile,
        Stage::Gather,
        Stage::Fold,
        Stage::Load,
        Stage::Gate,
        Stage::Swap,
        Stage::Done,
    ];
}

/// A wait is reported again within this time as long as it lasts.
const WAIT_IS_OVER: Duration = Duration::from_secs(1);

/// Counters that the stages raise and a display reads, from any thread.
#[derive(Debug, Default)]
pub struct Progress {
    stage: AtomicU8,
    /// Splits of the plan; while planning, those planned so far.
    pub splits_total: AtomicU64,
    /// Splits folded, those of an earlier attempt included.
    pub splits_done: AtomicU64,
    /// Bytes of the plan, as stored.
    pub bytes_total: AtomicU64,
    /// Bytes folded, as stored, those of an earlier attempt included.
    pub bytes_done: AtomicU64,
    /// Of these, bytes that an earlier attempt had folded.
    pub bytes_resumed: AtomicU64,
    /// Records read by this attempt.
    pub records: AtomicU64,
    /// Events folded by this attempt.
    pub events: AtomicU64,
    /// Bytes after decompression, of this attempt.
    pub decoded_bytes: AtomicU64,
    /// Records rejected, by the decoder or the component.
    pub rejected: AtomicU64,
    /// Rows in the runs, an upper bound for those of the table.
    pub rows_total: AtomicU64,
    /// Rows merged and loaded.
    pub rows_done: AtomicU64,
    /// The current wait, and when it was last reported.
    waits: Mutex<Option<(String, Instant)>>,
}

impl Progress {
    /// Enters a stage.
    pub fn enter(&self, stage: Stage) {
        self.stage.store(stage as u8, Ordering::Release);
    }

    /// Enters the stage of compiling, or goes back from it to planning.
    pub fn compiles(&self, does: bool) {
        self.enter(match does {
            true => Stage::Compile,
            false => Stage::Plan,
        });
    }

    /// The current stage.
    pub fn stage(&self) -> Stage {
        Stage::ALL[usize::from(self.stage.load(Ordering::Acquire)).min(Stage::ALL.len() - 1)]
    }

    /// A number that changes with all work done.
    pub fn moved(&self) -> u64 {
        let counters = [
            &self.splits_total,
            &self.splits_done,
            &self.bytes_done,
            &self.records,
            &self.decoded_bytes,
            &self.rejected,
            &self.rows_total,
            &self.rows_done,
        ];
        let counted = counters.map(|counter| counter.load(Ordering::Relaxed));
        counted
            .into_iter()
            .fold(self.stage() as u64, u64::wrapping_add)
    }

    /// Reports a wait, such as `the database x.db, which another process is using`. Called repeatedly as long as it lasts.
    pub fn waits_for(&self, what: String) {
        let mut waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
        *waits = Some((what, Instant::now()));
    }

    /// The current wait, if there is one.
    pub fn waiting(&self) -> Option<String> {
        let waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
        let (what, said) = waits.as_ref()?;
        (said.elapsed() < WAIT_IS_OVER).then(|| what.clone())
    }

    /// Adds the counts of a batch.
    pub fn add(&self, counts: &Counts) {
        self.records.fetch_add(counts.records, Ordering::Relaxed);
        self.events.fetch_add(counts.events, Ordering::Relaxed);
        self.decoded_bytes
            .fetch_add(counts.decoded_bytes, Ordering::Relaxed);
        self.rejected.fetch_add(counts.rejected, Ordering::Relaxed);
        self.bytes_done
            .fetch_add(counts.stored_bytes, Ordering::Relaxed);
    }
}
