//! The batches folded between two drains of a component.

use std::collections::VecDeque;

use arrow_array::{Array, ArrayRef, RecordBatch};

use super::drainer::Drainer;
use super::isolation::{Experience, Isolation, Kept, Step};
use super::sizes::RowBytes;
use super::{Call, GuestError, Instance, Partials, Refused};
use crate::decode::{Events, Provenance};

/// The bytes of partials that a window should give. They are held in memory until all are drained, so a window that gave
/// more is followed by one of fewer batches.
const WINDOW_BYTES: usize = 8 << 20;

/// Folds events and drains partials, for one worker.
///
/// A window keeps its events, whose buffers are reference-counted. If the component fails on a batch or in the drain,
/// [`drain`](Window::drain) folds the events again on fresh instances, finds the records at fault, and goes on without
/// them. So each record given to [`fold`](Window::fold) either counts in all its partials or is returned as [`Refused`],
/// and which of both does not depend on where batches or windows begin.
pub struct Window {
    instance: Instance,
    /// Whether the instance has folded nothing yet.
    is_fresh: bool,
    kept: Vec<Kept>,
    /// The bytes of the kept columns.
    kept_bytes: usize,
    max_bytes: usize,
    max_batches: usize,
    /// The number of batches that this window should have.
    batches: usize,
    drainer: Drainer,
    /// Whether the component may hold partials.
    is_filled: bool,
    /// Drained partials that are not returned yet.
    ready: VecDeque<Partials>,
    /// The isolation after a failure.
    isolation: Option<Isolation>,
    experience: Experience,
}

/// The results of draining a window.
#[derive(Debug)]
pub enum Drained {
    /// Partials.
    Partials(Partials),
    /// Records that the component rejected or failed on.
    Refused(Vec<Refused>),
}

/// The batch in which a failure happened.
#[derive(Clone, Debug)]
pub struct Suspect {
    /// The number of the split.
    pub split: u64,
    /// The batch within the split, from 0.
    pub batch: u64,
    /// The origins of its records.
    pub provenance: Provenance,
}

impl Window {
    /// Windows of `max_batches` batches, or fewer if memory is short.
    pub fn new(instance: Instance, max_batches: usize) -> Self {
        let max_batches = max_batches.max(1);
        Window {
            instance,
            is_fresh: true,
            kept: Vec::with_capacity(max_batches.min(1_024)),
            kept_bytes: 0,
            max_bytes: usize::MAX,
            max_batches,
            batches: max_batches,
            drainer: Drainer::new(),
            is_filled: false,
            ready: VecDeque::new(),
            isolation: None,
            experience: Experience::default(),
        }
    }

    /// Windows of events with about `max_bytes` at most, or of one batch. An instance is as large as its largest window,
    /// whose states it accumulates.
    pub fn of_at_most(self, max_bytes: usize) -> Self {
        Window { max_bytes, ..self }
    }

    /// The instance, for the algebra of states. After a failure it is a fresh one.
    pub fn instance(&mut self) -> &mut Instance {
        &mut self.instance
    }

    /// Folds batch `number` of a split and keeps it. Returns the records that the component rejected, in rising order.
    ///
    /// If the component fails on the batch, the window is due, and its drain returns the records at fault.
    ///
    /// # Errors
    /// If the component fails and no record is at fault. The window is lost.
    pub fn fold(
        &mut self,
        split: u64,
        number: u64,
        mut events: Events,
    ) -> Result<Vec<Refused>, GuestError> {
        let rows = events.batch.num_rows();
        if rows == 0 {
            return Ok(Vec::new());
        }
        let used_before = self.instance.fuel_used();
        self.is_fresh = false;
        let folded = self.instance.fold(&events.batch);
        let (refused, rejected, failure) = match folded {
            Ok(rejections) => {
                let fuel = self.instance.fuel_used() - used_before;
                self.experience.folded(rows, fuel);
                let rows = rejections.iter().map(|one| one.row).collect();
                let refused = rejections
                    .into_iter()
                    .map(|one| Refused::rejected(split, &events, one))
                    .collect();
                events.provenance.forget_bytes();
                (refused, Some(rows), None)
            }
            Err(error) if error.blame().is_some() => (Vec::new(), None, Some(error)),
            Err(error) => return Err(error),
        };
        self.is_filled = true;
        self.kept_bytes += column_bytes(&events.batch);
        self.kept.push(Kept {
            split,
            number,
            events,
            rejected,
        });
        if let Some(failure) = failure {
            tracing::debug!(split, batch = number, %failure, "looking for the records at fault");
            self.isolate(&failure)?;
        }
        Ok(refused)
    }

    /// Whether the window is to be drained: it has enough batches or bytes, the memory is over half of its limit, or the
    /// component has failed.
    pub fn is_due(&self) -> bool {
        self.isolation.is_some()
            || self.kept.len() >= self.batches
            || self.kept_bytes >= self.max_bytes
            || (!self.kept.is_empty() && self.instance.is_large())
    }

    /// Whether nothing was folded since the last drain.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty() && self.ready.is_empty() && self.isolation.is_none()
    }

    /// The batch that is searched after a failure.
    pub fn suspect(&self) -> Option<Suspect> {
        let batch = self.isolation.as_ref()?.batch()?;
        Some(Suspect {
            split: batch.split,
            batch: batch.number,
            provenance: batch.events.provenance.clone(),
        })
    }

    /// The next partials, or the records on which the component failed. `None` after the last: a new window begins. Until
    /// then nothing may be folded.
    ///
    /// # Errors
    /// If the component fails and no record is at fault. The window is lost. [`suspect`](Window::suspect) names the batch,
    /// if the failure was in one.
    pub fn drain(&mut self) -> Result<Option<Drained>, GuestError> {
        loop {
            if let Some(partials) = self.ready.pop_front() {
                return Ok(Some(Drained::Partials(partials)));
            }
            let Some(isolation) = &mut self.isolation else {
                if self.is_filled {
                    self.drain_instance()?;
                    continue;
                }
                self.forget();
                return Ok(None);
            };
            let Some(probe) = isolation.next() else {
                self.isolation = None;
                continue;
            };
            if probe.alone && !self.is_fresh {
                self.instance = self.instance.reopen()?;
            }
            self.is_fresh = false;
            let (instance, drainer) = (&mut self.instance, &mut self.drainer);
            let step = isolation.step(&probe, instance, drainer, &mut self.experience)?;
            let refused = match step {
                Step::Folded { refused, partials } => {
                    self.ready = partials.into();
                    self.renew_if_large()?;
                    refused
                }
                Step::Failed(refused) => {
                    self.renew()?;
                    refused.into_iter().map(|refused| *refused).collect()
                }
            };
            if !refused.is_empty() {
                return Ok(Some(Drained::Refused(refused)));
            }
        }
    }

    /// Takes all partials out of the instance. If that fails, the window is folded again.
    fn drain_instance(&mut self) -> Result<(), GuestError> {
        self.is_filled = false;
        match self.drainer.drain(&mut self.instance, u64::MAX) {
            Ok(partials) => {
                let bytes = partials.iter();
                let bytes = bytes.map(|partials| RowBytes::of(partials.rows.columns()).all());
                let fitting = fitting_batches(self.kept.len(), bytes.sum());
                self.batches = fitting.min(2 * self.batches).min(self.max_batches);
                self.ready = partials.into();
                // They count from now on.
                self.forget();
                self.renew_if_large()
            }
            Err(failure) if failure.blame().is_some() && !self.kept.is_empty() => {
                tracing::debug!(%failure, "looking for the records that cannot be drained");
                self.renew()?;
                self.drain_nothing()?;
                self.isolate(&failure)
            }
            Err(failure) => Err(failure),
        }
    }

    /// Drops the events of the window, which are not folded again.
    fn forget(&mut self) {
        self.kept.clear();
        self.kept_bytes = 0;
    }

    /// Begins to search for the records that caused `failure`.
    fn isolate(&mut self, failure: &GuestError) -> Result<(), GuestError> {
        self.renew()?;
        self.isolation = Some(Isolation::new(std::mem::take(&mut self.kept), failure));
        self.kept_bytes = 0;
        Ok(())
    }

    /// Drains an instance that has folded nothing. If that fails or gives partials, no record is at fault.
    fn drain_nothing(&mut self) -> Result<(), GuestError> {
        let rows = self.instance.drain(1)?.rows.num_rows();
        if rows == 0 {
            return Ok(());
        }
        Err(GuestError::BadAnswer {
            call: Call::Drain,
            what: "it has a row, and nothing was folded".into(),
        })
    }

    /// Replaces an instance whose memory is large. Memory does not shrink, so each further batch would be a window.
    fn renew_if_large(&mut self) -> Result<(), GuestError> {
        if self.instance.is_large() {
            self.renew()?;
        }
        Ok(())
    }

    /// Goes on with a fresh instance.
    fn renew(&mut self) -> Result<(), GuestError> {
        self.instance = self.instance.reopen()?;
        self.is_fresh = true;
        self.is_filled = false;
        Ok(())
    }
}

/// The bytes of the columns of a batch, without buffers that other batches share.
fn column_bytes(batch: &RecordBatch) -> usize {
    let bytes = |column: &ArrayRef| column.to_data().get_slice_memory_size().unwrap_or(0);
    batch.columns().iter().map(bytes).sum()
}

/// The number of batches for [`WINDOW_BYTES`], after `batches` gave `bytes`; at least one.
fn fitting_batches(batches: usize, bytes: usize) -> usize {
    (batches.saturating_mul(WINDOW_BYTES) / bytes.max(1)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_that_came_to_much_is_followed_by_a_smaller_one() {
        assert_eq!(fitting_batches(16, WINDOW_BYTES), 16);
        assert_eq!(fitting_batches(16, 4 * WINDOW_BYTES), 4);
        assert_eq!(fitting_batches(2, 100 * WINDOW_BYTES), 1);
        assert_eq!(fitting_batches(0, 0), 1);
        assert!(fitting_batches(1, 0) > 1_000);
    }
}
