//! The batches folded between two drains of a component.

use arrow_array::RecordBatch;

use super::{GuestError, Instance, RowRejection};
use crate::decode::Events;

/// How many partials are asked for at a time: a few of their columns stay in a core's cache.
const DRAIN_ROWS: u32 = 16_384;

/// Folds events and drains partials, for one worker: the only place that does.
///
/// It keeps the events of the current window, whose buffers are counted references, so that they can be
/// folded again on a fresh instance. What is drained never depends on where batches or windows begin, other
/// than by how partials are cut.
pub struct Window {
    instance: Instance,
    events: Vec<Events>,
    max_batches: usize,
    /// Folded so far, in all windows.
    batches: u64,
}

impl Window {
    /// Windows of `max_batches` batches, or fewer where memory runs short.
    pub fn new(instance: Instance, max_batches: usize) -> Self {
        let max_batches = max_batches.max(1);
        Window {
            instance,
            events: Vec::with_capacity(max_batches.min(1_024)),
            max_batches,
            batches: 0,
        }
    }

    /// The instance, for the algebra of states.
    pub fn instance(&mut self) -> &mut Instance {
        &mut self.instance
    }

    /// Folds a batch and keeps it. The rejected rows, in rising order.
    ///
    /// # Errors
    /// [`GuestError::Batch`], which says which records; the window is lost.
    pub fn fold(&mut self, events: Events) -> Result<Vec<RowRejection>, GuestError> {
        if events.batch.num_rows() == 0 {
            return Ok(Vec::new());
        }
        self.batches += 1;
        let rejections = self
            .instance
            .fold(&events.batch)
            .map_err(|source| GuestError::Batch {
                batch: self.batches,
                rows: events.batch.num_rows(),
                source: Box::new(source),
            })?;
        self.events.push(events);
        Ok(rejections)
    }

    /// Whether it is time to drain: so many batches, or memory past half its limit.
    pub fn is_due(&self) -> bool {
        self.events.len() >= self.max_batches || (!self.events.is_empty() && self.is_past_half())
    }

    /// Whether nothing was folded since the last drain.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Drains the component to its end, and begins a new window.
    ///
    /// # Errors
    /// Those of the component and those of `sink`; the window is lost.
    pub fn drain<E: From<GuestError>>(
        &mut self,
        sink: &mut dyn FnMut(RecordBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        loop {
            let partials = self.instance.drain(DRAIN_ROWS)?;
            let is_last = partials.num_rows() < DRAIN_ROWS as usize;
            if partials.num_rows() > 0 {
                sink(partials)?;
            }
            if is_last {
                break;
            }
        }
        self.events.clear();
        if self.is_past_half() {
            // Memory does not shrink: with this instance every further batch would be a window.
            self.instance = self.instance.reopen()?;
        }
        Ok(())
    }

    fn is_past_half(&self) -> bool {
        self.instance.memory_bytes() > self.instance.component().limits().memory.bytes() / 2
    }
}
