//! A place within a chain of runs, and the chain whose place comes first.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow_array::{Array, BinaryArray, RecordBatch};

use super::chain_reader::ChainReader;
use super::error::FoldError;
use super::key_range::KeyRange;
use crate::guest::RowBytes;

/// Walks through one chain within a range of keys.
pub(super) struct RunCursor {
    reader: Arc<ChainReader>,
    /// The batch to load next.
    next_batch: usize,
    loaded: Option<Loaded>,
    row: usize,
    /// One after the last row of the loaded batch that lies in the range.
    end: usize,
}

struct Loaded {
    keys: BinaryArray,
    states: RecordBatch,
    /// The schema of the states.
    bytes: RowBytes,
}

impl RunCursor {
    pub(super) fn new(reader: Arc<ChainReader>) -> Self {
        RunCursor {
            reader,
            next_batch: 0,
            loaded: None,
            row: 0,
            end: 0,
        }
    }

    /// Goes to the first key of `range`.
    pub(super) fn seek(&mut self, range: &KeyRange) -> Result<(), FoldError> {
        // One batch at a time is in memory.
        self.loaded = None;
        let from = range.from.as_deref().unwrap_or_default();
        self.next_batch = self.last_batch_before(from)?;
        self.load(range)?;
        if let Some(Loaded { keys, .. }) = &self.loaded {
            self.row = lower_bound(keys, from).min(self.end);
            if self.row == self.end && self.end == keys.len() {
                self.load(range)?;
            }
        }
        Ok(())
    }

    /// The last batch that begins with `key` or before: batches before it have no greater key, this one may have.
    fn last_batch_before(&self, key: &[u8]) -> Result<usize, FoldError> {
        let found = self.reader.find(key)?;
        let (mut last, mut end) = (found.start, found.end);
        while end.saturating_sub(last) > 1 {
            let middle = last + (end - last) / 2;
            let batch = self.reader.batch(middle)?;
            match batch.is_some_and(|(keys, _)| !keys.is_empty() && keys.value(0) <= key) {
                true => last = middle,
                false => end = middle,
            }
        }
        Ok(last)
    }

    /// The key at hand; `None` after the last of the range.
    #[inline]
    pub(super) fn key(&self) -> Option<&[u8]> {
        let loaded = self.loaded.as_ref()?;
        (self.row < self.end).then(|| loaded.keys.value(self.row))
    }

    /// The batch of states that holds the key at hand, the row of the key in it, and the bytes of that row.
    pub(super) fn state(&self) -> Option<(&RecordBatch, usize, usize)> {
        let loaded = self.loaded.as_ref()?;
        Some((&loaded.states, self.row, loaded.bytes.row(self.row)))
    }

    /// Goes to the next key. `true` where another batch was loaded for it.
    pub(super) fn advance(&mut self, range: &KeyRange) -> Result<bool, FoldError> {
        self.row += 1;
        let whole = self
            .loaded
            .as_ref()
            .is_some_and(|loaded| self.end == loaded.keys.len());
        if self.row < self.end || !whole {
            return Ok(false);
        }
        self.load(range)?;
        Ok(true)
    }

    /// The keys and states from the key at hand to the end of the loaded batch or of the range, without a copy;
    /// goes to the key after them.
    pub(super) fn take_rest(
        &mut self,
        range: &KeyRange,
    ) -> Result<Option<(BinaryArray, RecordBatch)>, FoldError> {
        let Some(Loaded { keys, states, .. }) = &self.loaded else {
            return Ok(None);
        };
        let rows = self.end - self.row;
        let rest = (keys.slice(self.row, rows), states.slice(self.row, rows));
        self.row = self.end - 1;
        self.advance(range)?;
        Ok(Some(rest))
    }

    fn load(&mut self, range: &KeyRange) -> Result<(), FoldError> {
        self.loaded = None;
        let batch = self.reader.batch(self.next_batch)?;
        self.next_batch += 1;
        self.row = 0;
        self.end = match (&batch, &range.until) {
            (None, _) => 0,
            (Some((keys, _)), None) => keys.len(),
            (Some((keys, _)), Some(until)) => lower_bound(keys, until),
        };
        self.loaded = batch.map(|(keys, states)| Loaded {
            bytes: RowBytes::of(states.columns()),
            keys,
            states,
        });
        Ok(())
    }
}

/// The first row whose key is not less than `key`.
fn lower_bound(keys: &BinaryArray, key: &[u8]) -> usize {
    let (mut low, mut high) = (0, keys.len());
    while low < high {
        let middle = low + (high - low) / 2;
        if keys.value(middle) < key {
            low = middle + 1
        } else {
            high = middle
        }
    }
    low
}

/// The cursors in the order of the keys at hand; of equal keys, the earlier chain comes first.
///
/// A binary heap of indices: the standard one cannot re-sift its top when the cursor below it moves on.
pub(super) struct CursorHeap {
    heap: Vec<usize>,
}

impl CursorHeap {
    pub(super) fn new(cursors: &[RunCursor]) -> Self {
        let heap = (0..cursors.len())
            .filter(|&i| cursors[i].key().is_some())
            .collect();
        let mut heap = CursorHeap { heap };
        for at in (0..heap.heap.len() / 2).rev() {
            heap.sift_down(at, cursors);
        }
        heap
    }

    /// The number of cursors that have a key at hand.
    pub(super) fn len(&self) -> usize {
        self.heap.len()
    }

    /// The cursor with the least key.
    pub(super) fn first(&self) -> Option<usize> {
        self.heap.first().copied()
    }

    /// Restores the order after the first cursor went on.
    pub(super) fn first_moved(&mut self, cursors: &[RunCursor]) {
        if self
            .first()
            .is_some_and(|first| cursors[first].key().is_none())
        {
            self.heap.swap_remove(0);
        }
        self.sift_down(0, cursors);
    }

    fn sift_down(&mut self, mut at: usize, cursors: &[RunCursor]) {
        loop {
            let children = [2 * at + 1, 2 * at + 2]
                .into_iter()
                .filter(|&child| child < self.heap.len());
            let Some(least) = children.min_by(|&a, &b| order(self.heap[a], self.heap[b], cursors))
            else {
                return;
            };
            if order(self.heap[at], self.heap[least], cursors) != Ordering::Greater {
                return;
            }
            self.heap.swap(at, least);
            at = least;
        }
    }
}

fn order(a: usize, b: usize, cursors: &[RunCursor]) -> Ordering {
    cursors[a].key().cmp(&cursors[b].key()).then(a.cmp(&b))
}
