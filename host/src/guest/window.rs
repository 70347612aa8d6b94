//! The batches folded between two drains of a component.

use arrow_array::RecordBatch;

use super::isolation::{Experience, Isolation, Kept, Step};
use super::{GuestError, Instance, Partials, Refused};
use crate::decode::{Events, Provenance};

/// How many bytes of partials are asked for at a time: they fit beside the accumulator in a component's memory,
/// and in the cache of a core.
const DRAIN_BYTES: usize = 1 << 20;

/// How many partials are asked for at first, and at most.
const FIRST_DRAIN_ROWS: u32 = 64;
const MAX_DRAIN_ROWS: u32 = 1 << 16;

/// Folds events and drains partials, for one worker: the only place that does.
///
/// It keeps the events of the current window, whose buffers are counted references. Where the component fails on
/// a batch, [`drain`](Window::drain) folds them again on fresh instances, finds the records at fault and goes on
/// without them. So each record that was given to [`fold`](Window::fold) either counts in exactly one partial or is
/// told as [`Refused`]; which of them does not depend on where batches or windows begin.
pub struct Window {
    instance: Instance,
    /// Whether the instance has folded nothing yet.
    is_fresh: bool,
    kept: Vec<Kept>,
    max_batches: usize,
    /// How many partials to ask for next.
    drain_rows: u32,
    /// Whether the component may have partials to give.
    is_filled: bool,
    /// After a failure, what is to be folded again.
    isolation: Option<Isolation>,
    experience: Experience,
}

/// What a window gives when it is drained.
#[derive(Debug)]
pub enum Drained {
    /// Partials.
    Partials(Partials),
    /// Records that turned out to be refused.
    Refused(Vec<Refused>),
}

/// The batch that a failure happened in.
#[derive(Clone, Debug)]
pub struct Suspect {
    /// The number of the split.
    pub split: u64,
    /// The batch within the split, from 0.
    pub batch: u64,
    /// Where its records come from.
    pub provenance: Provenance,
}

impl Window {
    /// Windows of `max_batches` batches, or fewer where memory runs short.
    pub fn new(instance: Instance, max_batches: usize) -> Self {
        let max_batches = max_batches.max(1);
        Window {
            instance,
            is_fresh: true,
            kept: Vec::with_capacity(max_batches.min(1_024)),
            max_batches,
            drain_rows: FIRST_DRAIN_ROWS,
            is_filled: false,
            isolation: None,
            experience: Experience::default(),
        }
    }

    /// The instance, for the algebra of states. It is fresh and holds nothing after a failure.
    pub fn instance(&mut self) -> &mut Instance {
        &mut self.instance
    }

    /// Folds batch `number` of a split and keeps it. The records that the component rejected, in rising order.
    ///
    /// Where the component fails on the batch, the window is due, and its next drain tells what was refused.
    ///
    /// # Errors
    /// A failure that is no record's; the window is lost.
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
        self.kept.push(Kept {
            split,
            number,
            events,
            rejected,
        });
        if let Some(failure) = failure {
            tracing::debug!(split, batch = number, %failure, "looking for the records at fault");
            self.renew()?;
            self.isolation = Some(Isolation::new(std::mem::take(&mut self.kept), &failure));
        }
        Ok(refused)
    }

    /// Whether it is time to drain: so many batches, memory past half its limit, or a failure.
    pub fn is_due(&self) -> bool {
        self.isolation.is_some()
            || self.kept.len() >= self.max_batches
            || (!self.kept.is_empty() && self.is_past_half())
    }

    /// Whether nothing was folded since the last drain.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty() && self.isolation.is_none()
    }

    /// The batch that is being looked into after a failure.
    pub fn suspect(&self) -> Option<Suspect> {
        let batch = self.isolation.as_ref()?.batch()?;
        Some(Suspect {
            split: batch.split,
            batch: batch.number,
            provenance: batch.events.provenance.clone(),
        })
    }

    /// The next partials that the component accumulated, or records that it failed on. `None`, once, when there are
    /// no more: a new window begins. Nothing may be folded before that.
    ///
    /// # Errors
    /// A failure that is no record's; the window is lost. [`suspect`](Window::suspect) names the batch, if it was
    /// in one.
    pub fn drain(&mut self) -> Result<Option<Drained>, GuestError> {
        loop {
            if let Some(partials) = self.drain_instance()? {
                return Ok(Some(Drained::Partials(partials)));
            }
            let Some(isolation) = &mut self.isolation else {
                self.kept.clear();
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
            let refused = match isolation.step(&probe, &mut self.instance, &mut self.experience)? {
                Step::Folded(refused) => {
                    self.is_filled = true;
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

    /// The next partials of the instance; `None` when it is empty.
    fn drain_instance(&mut self) -> Result<Option<Partials>, GuestError> {
        if !self.is_filled {
            return Ok(None);
        }
        let partials = self.instance.drain(self.drain_rows)?;
        self.is_filled = partials.rows.num_rows() == self.drain_rows as usize;
        self.drain_rows = next_rows(self.drain_rows, &partials.rows);
        if !self.is_filled && self.is_past_half() {
            // Memory does not shrink: with this instance every further batch would be a window.
            self.renew()?;
        }
        Ok(Some(partials).filter(|partials| partials.rows.num_rows() > 0))
    }

    /// Goes on with a fresh instance.
    fn renew(&mut self) -> Result<(), GuestError> {
        self.instance = self.instance.reopen()?;
        self.is_fresh = true;
        self.is_filled = false;
        Ok(())
    }

    fn is_past_half(&self) -> bool {
        self.instance.memory_bytes() > self.instance.component().limits().memory.bytes() / 2
    }
}

/// How many partials to ask for, after so many gave `partials`: as many as make [`DRAIN_BYTES`], but not all of
/// a sudden.
fn next_rows(asked: u32, partials: &RecordBatch) -> u32 {
    let rows = partials.num_rows();
    if rows == 0 {
        return asked;
    }
    let row_bytes = partials.get_array_memory_size().div_ceil(rows).max(1);
    let fitting = u32::try_from(DRAIN_BYTES / row_bytes).unwrap_or(MAX_DRAIN_ROWS);
    fitting
        .min(asked.saturating_mul(4))
        .clamp(16, MAX_DRAIN_ROWS)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, BinaryArray};

    use super::*;

    #[test]
    fn large_states_are_drained_by_fewer_rows() {
        let batch = |rows: usize, bytes: usize| {
            let values = vec![0; bytes];
            let array: ArrayRef = Arc::new(BinaryArray::from_iter_values(vec![&values; rows]));
            RecordBatch::try_from_iter([("c", array)]).unwrap()
        };
        assert_eq!(next_rows(256, &batch(256, 8)), 1_024);
        assert_eq!(next_rows(256, &batch(256, 1 << 20)), 16);
        assert_eq!(next_rows(256, &batch(0, 0)), 256);
        assert!((70..130).contains(&next_rows(256, &batch(256, 10 << 10))));
    }
}
