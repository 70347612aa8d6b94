//! A place within a run, and the run whose place comes first.

use std::cmp::Ordering;
use std::path::Path;

use arrow_array::{Array, BinaryArray, RecordBatch};

use super::error::FoldError;
use super::run::{RunFile, RunReader};

/// A half-open range of encoded keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct KeyRange {
    /// The first key inside; `None`: from the beginning.
    pub(super) from: Option<Vec<u8>>,
    /// The first key behind it; `None`: to the end.
    pub(super) until: Option<Vec<u8>>,
}

/// Walks through one run within a range of keys.
pub(super) struct RunCursor {
    reader: RunReader,
    /// The batch to load next.
    next_batch: usize,
    loaded: Option<(BinaryArray, RecordBatch)>,
    row: usize,
    /// One behind the last row of the loaded batch that lies in the range.
    end: usize,
}

impl RunCursor {
    pub(super) fn open(folder: &Path, run: &RunFile) -> Result<Self, FoldError> {
        let reader = RunReader::open(folder, run)?;
        Ok(RunCursor {
            reader,
            next_batch: 0,
            loaded: None,
            row: 0,
            end: 0,
        })
    }

    pub(super) fn first_keys(&self) -> &[Vec<u8>] {
        self.reader.first_keys()
    }

    /// Goes to the first key of `range`.
    pub(super) fn seek(&mut self, range: &KeyRange) -> Result<(), FoldError> {
        let from = range.from.as_deref().unwrap_or_default();
        // The batch before the first that begins behind `from` may still hold it.
        self.next_batch = self
            .first_keys()
            .partition_point(|first| first.as_slice() <= from)
            .saturating_sub(1);
        self.load(range)?;
        if let Some((keys, _)) = &self.loaded {
            self.row = lower_bound(keys, from).min(self.end);
            if self.row == self.end && self.end == keys.len() {
                self.load(range)?;
            }
        }
        Ok(())
    }

    /// The key at hand; `None` behind the last of the range.
    pub(super) fn key(&self) -> Option<&[u8]> {
        let (keys, _) = self.loaded.as_ref()?;
        (self.row < self.end).then(|| keys.value(self.row))
    }

    /// The batch of states that holds the key at hand, and its row in it.
    pub(super) fn state(&self) -> Option<(&RecordBatch, usize)> {
        self.loaded.as_ref().map(|(_, states)| (states, self.row))
    }

    /// Goes to the next key. Says whether another batch was loaded for it.
    pub(super) fn advance(&mut self, range: &KeyRange) -> Result<bool, FoldError> {
        self.row += 1;
        let whole = self
            .loaded
            .as_ref()
            .is_some_and(|(keys, _)| self.end == keys.len());
        if self.row < self.end || !whole {
            return Ok(false);
        }
        self.load(range)?;
        Ok(true)
    }

    /// The keys and states from the key at hand to the end of the loaded batch or of the range, without a copy;
    /// goes to the key behind them.
    pub(super) fn take_rest(
        &mut self,
        range: &KeyRange,
    ) -> Result<Option<(BinaryArray, RecordBatch)>, FoldError> {
        let Some((keys, states)) = &self.loaded else {
            return Ok(None);
        };
        let rows = self.end - self.row;
        let rest = (keys.slice(self.row, rows), states.slice(self.row, rows));
        self.row = self.end - 1;
        self.advance(range)?;
        Ok(Some(rest))
    }

    fn load(&mut self, range: &KeyRange) -> Result<(), FoldError> {
        self.loaded = self.reader.batch(self.next_batch)?;
        self.next_batch += 1;
        self.row = 0;
        self.end = match (&self.loaded, &range.until) {
            (None, _) => 0,
            (Some((keys, _)), None) => keys.len(),
            (Some((keys, _)), Some(until)) => lower_bound(keys, until),
        };
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

/// The cursors in the order of the keys at hand; of equal keys, the earlier run comes first.
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

    /// How many cursors have a key at hand.
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
