//! A reader that polls a table through its public name, and the times that its reads took in each phase of a rehearsal.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::error::WithCauses;
use crate::store::{PublicReader, StoreError};

/// The reads of a phase whose times are kept for the median, the first ones.
const KEPT: usize = 10_000;

/// A phase of a rehearsal, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Before the first swap.
    Before,
    /// The swap.
    Swap,
    /// The table of the rehearsal is shown.
    Shown,
    /// The swap back.
    Back,
    /// After it.
    After,
}

const PHASES: usize = 5;

/// The times of the reads in one phase. A read counts in each phase that it lasted in.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ReadTimes {
    /// Their number.
    pub reads: u64,
    /// The median time of a read, in seconds.
    pub median_seconds: f64,
    /// The longest time of a read, in seconds.
    pub longest_seconds: f64,
    /// The number of reads that failed.
    pub failed: u64,
    /// Why the first of them did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

#[derive(Default)]
struct Kept {
    times: Vec<Duration>,
    reads: u64,
    longest: Duration,
    failed: u64,
    failure: Option<String>,
}

impl Kept {
    fn add(&mut self, time: Duration, failure: Option<&str>) {
        self.reads += 1;
        self.longest = self.longest.max(time);
        if self.times.len() < KEPT {
            self.times.push(time);
        }
        if let Some(failure) = failure {
            self.failed += 1;
            self.failure.get_or_insert_with(|| failure.to_owned());
        }
    }

    fn times(&mut self) -> ReadTimes {
        self.times.sort_unstable();
        let median = self.times.get(self.times.len() / 2);
        ReadTimes {
            reads: self.reads,
            median_seconds: median.copied().unwrap_or_default().as_secs_f64(),
            longest_seconds: self.longest.as_secs_f64(),
            failed: self.failed,
            failure: self.failure.clone(),
        }
    }
}

struct Shared {
    phase: AtomicUsize,
    kept: Mutex<[Kept; PHASES]>,
}

impl Shared {
    fn kept(&self) -> MutexGuard<'_, [Kept; PHASES]> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reader that polls until this is dropped.
pub(super) struct Polling {
    shared: Arc<Shared>,
    /// The number of reads that have begun.
    begun: watch::Receiver<u64>,
    task: JoinHandle<()>,
}

impl Polling {
    /// Begins to poll.
    pub(super) fn start(mut reader: Box<dyn PublicReader>) -> Self {
        let shared = Arc::new(Shared {
            phase: AtomicUsize::new(Phase::Before as usize),
            kept: Mutex::default(),
        });
        let (sender, begun) = watch::channel(0);
        let polled = shared.clone();
        let task = tokio::spawn(async move {
            loop {
                let (first, began) = (polled.phase.load(Ordering::SeqCst), Instant::now());
                sender.send_modify(|reads| *reads += 1);
                let read: Result<(), StoreError> = reader.read().await;
                let (last, took) = (polled.phase.load(Ordering::SeqCst), began.elapsed());
                let failure = read.err().map(|error| WithCauses(&error).to_string());
                for kept in &mut polled.kept()[first..=last] {
                    kept.add(took, failure.as_deref());
                }
                // Without a pause, in which a short swap could pass unnoticed.
                tokio::task::yield_now().await;
            }
        });
        Polling {
            shared,
            begun,
            task,
        }
    }

    /// Enters a phase, which must not come before the present one.
    pub(super) fn enter(&self, phase: Phase) {
        self.shared.phase.store(phase as usize, Ordering::SeqCst);
    }

    /// Waits until `reads` reads have begun and ended from now on, for at most `limit`.
    pub(super) async fn reads(&mut self, reads: u64, limit: Duration) {
        // One read may run, then come those that are waited for, then the one whose beginning says that they ended.
        let wanted = *self.begun.borrow() + reads + 1;
        let enough = self.begun.wait_for(|begun| *begun >= wanted);
        let _ = tokio::time::timeout(limit, enough).await;
    }

    /// The times of a phase so far.
    pub(super) fn times(&self, phase: Phase) -> ReadTimes {
        self.shared.kept()[phase as usize].times()
    }
}

impl Drop for Polling {
    fn drop(&mut self) {
        self.task.abort();
    }
}
