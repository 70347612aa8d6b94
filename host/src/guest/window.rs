//! The batches folded between two drains of a component.

use arrow_array::RecordBatch;
use bytes::Bytes;

use super::{GuestError, Instance, Partials, RowRejection};
use crate::decode::{Events, QUARANTINE_BYTES, Rejected};

/// How many bytes of partials are asked for at a time: they fit beside the accumulator in a component's memory,
/// and in the cache of a core.
const DRAIN_BYTES: usize = 1 << 20;

/// How many partials are asked for at first, and at most.
const FIRST_DRAIN_ROWS: u32 = 64;
const MAX_DRAIN_ROWS: u32 = 1 << 16;

/// Folds events and drains partials, for one worker: the only place that does.
///
/// It keeps the events of the current window, whose buffers are counted references, so that they can be
/// folded again on a fresh instance. What is drained never depends on where batches or windows begin, other
/// than by how partials are cut.
pub struct Window {
    instance: Instance,
    events: Vec<Events>,
    max_batches: usize,
    /// How many partials to ask for next.
    drain_rows: u32,
    /// Whether the component has no more partials to give.
    is_drained: bool,
}

impl Window {
    /// Windows of `max_batches` batches, or fewer where memory runs short.
    pub fn new(instance: Instance, max_batches: usize) -> Self {
        let max_batches = max_batches.max(1);
        Window {
            instance,
            events: Vec::with_capacity(max_batches.min(1_024)),
            max_batches,
            drain_rows: FIRST_DRAIN_ROWS,
            is_drained: false,
        }
    }

    /// The instance, for the algebra of states.
    pub fn instance(&mut self) -> &mut Instance {
        &mut self.instance
    }

    /// Folds a batch and keeps it, without its records' bytes. The records that the component rejected, in rising
    /// order.
    ///
    /// # Errors
    /// Where the component traps, fails or answers wrongly; the window is lost.
    pub fn fold(&mut self, mut events: Events) -> Result<Vec<Rejected>, GuestError> {
        if events.batch.num_rows() == 0 {
            return Ok(Vec::new());
        }
        let rejections = self.instance.fold(&events.batch)?;
        let rejected = rejections
            .into_iter()
            .map(|one| rejected(&events, one))
            .collect();
        events.provenance.forget_bytes();
        self.events.push(events);
        Ok(rejected)
    }

    /// Whether it is time to drain: so many batches, or memory past half its limit.
    pub fn is_due(&self) -> bool {
        self.events.len() >= self.max_batches || (!self.events.is_empty() && self.is_past_half())
    }

    /// Whether nothing was folded since the last drain.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The next partials that the component accumulated. `None`, once, when there are no more: a new window
    /// begins. Nothing may be folded before that.
    ///
    /// # Errors
    /// Where the component traps, fails or answers wrongly; the window is lost.
    pub fn drain(&mut self) -> Result<Option<Partials>, GuestError> {
        if !self.is_empty() && !self.is_drained {
            let partials = self.instance.drain(self.drain_rows)?;
            self.is_drained = partials.rows.num_rows() < self.drain_rows as usize;
            self.drain_rows = next_rows(self.drain_rows, &partials.rows);
            if partials.rows.num_rows() > 0 {
                return Ok(Some(partials));
            }
        }
        self.is_drained = false;
        self.events.clear();
        if self.is_past_half() {
            // Memory does not shrink: with this instance every further batch would be a window.
            self.instance = self.instance.reopen()?;
        }
        Ok(None)
    }

    fn is_past_half(&self) -> bool {
        self.instance.memory_bytes() > self.instance.component().limits().memory.bytes() / 2
    }
}

fn rejected(events: &Events, rejection: RowRejection) -> Rejected {
    let row = rejection.row as usize;
    let record = events.provenance.bytes(row).unwrap_or_default();
    Rejected {
        position: events.provenance.position(row),
        path: None,
        reason: rejection.reason,
        bytes: Bytes::copy_from_slice(&record[..record.len().min(QUARANTINE_BYTES)]),
        length_bytes: record.len() as u64,
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
