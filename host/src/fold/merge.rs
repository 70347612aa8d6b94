//! The k-way merge of chains of runs: one state a key, in the order of keys.

use std::sync::Arc;

use arrow_array::builder::BinaryBuilder;
use arrow_array::{BinaryArray, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow_schema::SchemaRef;
use arrow_select::interleave::interleave_record_batch;

use super::algebra::{self, Algebra, COMBINE_BYTES};
use super::chain_reader::ChainReader;
use super::cursor::{CursorHeap, RunCursor};
use super::error::FoldError;
use super::key_range::KeyRange;
use crate::guest::{RowBytes, cuts};

/// Keys and their states, merged: as many keys as rows.
pub(super) struct Merged {
    pub(super) keys: BinaryArray,
    pub(super) states: RecordBatch,
}

/// Merges chains of runs within ranges of keys.
///
/// The chains stand in the order of the source, if it matters: states of the same key are combined from the first chain to
/// the last.
pub(super) struct Merger {
    cursors: Vec<RunCursor>,
    state_schema: SchemaRef,
    gather_bytes: usize,
}

/// The most keys of a batch.
const BATCH_KEYS: usize = 8192;

impl Merger {
    /// A merger of `chains`. The keys of a batch, and the states that meet under them, take about `gather_bytes` bytes.
    pub(super) fn new(
        chains: &[Arc<ChainReader>],
        state_schema: SchemaRef,
        gather_bytes: usize,
    ) -> Self {
        Merger {
            cursors: chains.iter().cloned().map(RunCursor::new).collect(),
            state_schema,
            gather_bytes,
        }
    }

    /// Gives the merged states of all keys of `range` to `sink`, batch by batch, sorted by key.
    pub(super) fn merge(
        &mut self,
        range: &KeyRange,
        algebra: &mut dyn Algebra,
        mut sink: impl FnMut(Merged, &mut dyn Algebra) -> Result<(), FoldError>,
    ) -> Result<(), FoldError> {
        for cursor in &mut self.cursors {
            cursor.seek(range)?;
        }
        let mut heap = CursorHeap::new(&self.cursors);
        while let Some(first) = heap.first() {
            if heap.len() == 1 {
                let cursor = &mut self.cursors[first];
                if let Some((keys, states)) = cursor.take_rest(range)? {
                    sink(Merged { keys, states }, algebra)?;
                }
                heap.first_moved(&self.cursors);
                continue;
            }
            let gathered = self.gather(range, &mut heap)?;
            sink(gathered.combine(algebra, &self.state_schema)?, algebra)?;
        }
        Ok(())
    }

    /// Takes the next keys off the cursors, and the places of their states.
    fn gather(&mut self, range: &KeyRange, heap: &mut CursorHeap) -> Result<Gathered, FoldError> {
        let mut gathered = Gathered::new();
        // Where a cursor's current batch stands in `gathered.batches`, once a state of it was noted.
        let mut noted: Vec<Option<usize>> = vec![None; self.cursors.len()];
        let mut weight_bytes = 0;
        while let Some(first) = heap.first() {
            let cursor = &mut self.cursors[first];
            let (Some(key), Some((states, row, bytes))) = (cursor.key(), cursor.state()) else {
                break;
            };
            if gathered.last_key() != Some(key) {
                let keys = gathered.entry_ends.len();
                if keys >= BATCH_KEYS || weight_bytes >= self.gather_bytes {
                    break;
                }
                gathered.keys.append_value(key);
                gathered.entry_ends.push(gathered.entries.len());
                weight_bytes += key.len();
            }
            let batch = *noted[first].get_or_insert_with(|| {
                gathered.batches.push(states.clone());
                gathered.batches.len() - 1
            });
            weight_bytes += bytes;
            gathered.entries.push(Entry { batch, row, bytes });
            if let Some(end) = gathered.entry_ends.last_mut() {
                *end = gathered.entries.len();
            }
            if cursor.advance(range)? {
                noted[first] = None;
            }
            heap.first_moved(&self.cursors);
        }
        Ok(gathered)
    }
}

/// The place of a state.
#[derive(Clone, Copy)]
struct Entry {
    /// The number of its batch in [`Gathered::batches`].
    batch: usize,
    row: usize,
    /// The bytes of the state.
    bytes: usize,
}

/// Keys, and for each the states that meet under it, by batch and row.
struct Gathered {
    keys: BinaryBuilder,
    batches: Vec<RecordBatch>,
    entries: Vec<Entry>,
    /// One after the last entry of each key.
    entry_ends: Vec<usize>,
}

/// Two states that are to be combined.
struct Pair {
    left: Entry,
    right: Entry,
    key: usize,
    /// The entry that their combination becomes.
    into: usize,
}

impl Gathered {
    fn new() -> Self {
        Gathered {
            keys: BinaryBuilder::with_capacity(BATCH_KEYS, 0),
            batches: Vec::new(),
            entries: Vec::new(),
            entry_ends: Vec::new(),
        }
    }

    fn key(&self, key: usize) -> Option<&[u8]> {
        let offsets = self.keys.offsets_slice();
        let (start, end) = (*offsets.get(key)?, *offsets.get(key + 1)?);
        self.keys.values_slice().get(start as usize..end as usize)
    }

    fn last_key(&self) -> Option<&[u8]> {
        self.key(self.entry_ends.len().checked_sub(1)?)
    }

    /// Combines the states of each key, neighbour with neighbour, until each key has one. A large state is
    /// combined a few times that way; from left to right, the first one would be combined every time.
    fn combine(
        mut self,
        algebra: &mut dyn Algebra,
        schema: &SchemaRef,
    ) -> Result<Merged, FoldError> {
        loop {
            let pairs = self.pair();
            if pairs.is_empty() {
                break;
            }
            let bytes = |at: usize| pairs[at].left.bytes + pairs[at].right.bytes;
            for part in cuts(pairs.len(), pairs.len(), COMBINE_BYTES, bytes) {
                let part = &pairs[part];
                let left = pick(&self.batches, part.iter().map(|pair| pair.left), schema)?;
                let right = pick(&self.batches, part.iter().map(|pair| pair.right), schema)?;
                let key = |row: usize| self.key(part[row].key).unwrap_or_default().to_vec();
                let doing = "while runs were merged";
                let both = algebra::combine(algebra, &left, &right, &key, doing)?;
                let (batch, weights) = (self.batches.len(), RowBytes::of(both.columns()));
                for (row, pair) in part.iter().enumerate() {
                    let bytes = weights.row(row);
                    self.entries[pair.into] = Entry { batch, row, bytes };
                }
                self.batches.push(both);
            }
            self.forget_unused(schema);
        }
        Ok(Merged {
            states: pick(&self.batches, self.entries.iter().copied(), schema)?,
            keys: self.keys.finish(),
        })
    }

    /// Takes neighbouring entries of the same key together, and leaves one entry in the place of two.
    fn pair(&mut self) -> Vec<Pair> {
        let mut pairs = Vec::new();
        let (mut from, mut into) = (0, 0);
        for key in 0..self.entry_ends.len() {
            let until = self.entry_ends[key];
            while from < until {
                let left = self.entries[from];
                if from + 1 < until {
                    let right = self.entries[from + 1];
                    pairs.push(Pair {
                        left,
                        right,
                        key,
                        into,
                    });
                }
                self.entries[into] = left;
                from = (from + 2).min(until);
                into += 1;
            }
            self.entry_ends[key] = into;
        }
        self.entries.truncate(into);
        pairs
    }

    /// Drops the batches that no entry is in any more.
    fn forget_unused(&mut self, schema: &SchemaRef) {
        let mut is_used = vec![false; self.batches.len()];
        for entry in &self.entries {
            is_used[entry.batch] = true;
        }
        for (batch, _) in self
            .batches
            .iter_mut()
            .zip(is_used)
            .filter(|(_, used)| !used)
        {
            *batch = RecordBatch::new_empty(schema.clone());
        }
    }
}

fn pick(
    batches: &[RecordBatch],
    entries: impl Iterator<Item = Entry>,
    schema: &SchemaRef,
) -> Result<RecordBatch, FoldError> {
    if let [only] = batches {
        let rows = UInt32Array::from_iter_values(entries.map(|entry| entry.row as u32));
        return Ok(arrow_select::take::take_record_batch(only, &rows)?);
    }
    let rows: Vec<_> = entries.map(|entry| (entry.batch, entry.row)).collect();
    let batches: Vec<&RecordBatch> = batches.iter().collect();
    let picked = interleave_record_batch(&batches, &rows)?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    Ok(RecordBatch::try_new_with_options(
        schema.clone(),
        picked.columns().to_vec(),
        &options,
    )?)
}
