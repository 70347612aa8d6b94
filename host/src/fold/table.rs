//! The state table of a worker: one state a key, in memory, until it becomes a run.

use std::hash::BuildHasher;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::SchemaRef;
use arrow_select::take::take_record_batch;
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::algebra::Algebra;
use super::column::{StateColumn, state_column};
use super::error::FoldError;
use super::key::KeyCodec;
use crate::schema::Descriptor;

/// States by key.
///
/// Partials are absorbed in the order of the source: where a key meets itself, the state in the table is the
/// left operand of `combine` and the partial's the right one.
pub struct StateTable {
    codec: KeyCodec,
    state_schema: SchemaRef,
    key_columns: usize,
    hasher: RandomState,
    index: HashTable<u32>,
    keys: KeyHeap,
    states: Vec<Box<dyn StateColumn>>,
    /// Row numbers of the partial at hand, kept for their memory.
    scratch: Meeting,
}

/// Encoded keys, one behind the other.
#[derive(Default)]
struct KeyHeap {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl KeyHeap {
    fn get(&self, row: u32) -> &[u8] {
        let row = row as usize;
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.bytes[start..self.ends[row]]
    }

    fn push(&mut self, key: &[u8]) {
        self.bytes.extend_from_slice(key);
        self.ends.push(self.bytes.len());
    }
}

/// Which rows of a partial are new, and which meet a row of the table.
#[derive(Default)]
struct Meeting {
    new: Vec<u32>,
    known_in_partial: Vec<u32>,
    known_in_table: Vec<u32>,
}

impl StateTable {
    /// An empty table for the states of a component.
    pub fn new(descriptor: &Descriptor) -> Result<Self, FoldError> {
        Ok(StateTable {
            codec: KeyCodec::new(&descriptor.key_schema())?,
            state_schema: descriptor.state_schema(),
            key_columns: descriptor.keys.len(),
            // Random: the order of the table is never seen, and keys such as URLs are made by strangers.
            hasher: RandomState::default(),
            index: HashTable::new(),
            keys: KeyHeap::default(),
            states: descriptor
                .states
                .iter()
                .map(|state| state_column(state.kind))
                .collect(),
            scratch: Meeting::default(),
        })
    }

    /// How many keys it holds.
    pub fn rows(&self) -> usize {
        self.keys.ends.len()
    }

    /// The memory that its rows take, and that sorting them will take.
    pub fn memory_bytes(&self) -> usize {
        let states: usize = self.states.iter().map(|column| column.memory_bytes()).sum();
        let per_row = size_of::<usize>() + size_of::<u32>() * 2 + size_of::<SortEntry>();
        self.keys.bytes.len() + self.rows() * per_row + states
    }

    /// Absorbs a partial: the key columns, then the state columns, no key twice.
    pub fn absorb(
        &mut self,
        partial: &RecordBatch,
        algebra: &mut dyn Algebra,
    ) -> Result<(), FoldError> {
        let keys = self.codec.encode(partial)?;
        self.scratch.new.clear();
        self.scratch.known_in_partial.clear();
        self.scratch.known_in_table.clear();
        let first_new = self.next_row()?;
        for (row, key) in keys.iter().enumerate() {
            let (key, row) = (key.as_ref(), row as u32);
            let hash = self.hasher.hash_one(key);
            let entry = self.index.entry(
                hash,
                |&known| self.keys.get(known) == key,
                |&known| self.hasher.hash_one(self.keys.get(known)),
            );
            match entry {
                Entry::Occupied(known) => {
                    self.scratch.known_in_partial.push(row);
                    self.scratch.known_in_table.push(*known.get());
                }
                Entry::Vacant(place) => {
                    place.insert(first_new + self.scratch.new.len() as u32);
                    self.keys.push(key);
                    self.scratch.new.push(row);
                }
            }
        }
        let columns = &partial.columns()[self.key_columns..];
        if !self.scratch.known_in_table.is_empty() {
            let left = self.gather(&self.scratch.known_in_table)?;
            let right = self.batch(columns.to_vec(), partial.num_rows())?;
            let picked = arrow_array::UInt32Array::from(self.scratch.known_in_partial.clone());
            let right = take_record_batch(&right, &picked)?;
            let both = algebra
                .combine(&left, &right)
                .map_err(|source| FoldError::Merge {
                    doing: "while states of the same key were combined",
                    source,
                })?;
            for (column, combined) in self.states.iter_mut().zip(both.columns()) {
                column.replace(&self.scratch.known_in_table, combined);
            }
        }
        for (column, from) in self.states.iter_mut().zip(columns) {
            column.append(from, &self.scratch.new);
        }
        Ok(())
    }

    /// Gives all rows to `sink`, sorted by key, and empties the table; its memory stays for the next rows.
    ///
    /// Each batch has at most `batch_rows` rows. On an error of `sink` the table is left as it was.
    pub fn drain_sorted(
        &mut self,
        batch_rows: usize,
        mut sink: impl FnMut(&[&[u8]], RecordBatch) -> Result<(), FoldError>,
    ) -> Result<(), FoldError> {
        let order = self.sorted();
        for rows in order.chunks(batch_rows) {
            let keys: Vec<&[u8]> = rows.iter().map(|&row| self.keys.get(row)).collect();
            sink(&keys, self.gather(rows)?)?;
        }
        self.index.clear();
        self.keys.bytes.clear();
        self.keys.ends.clear();
        self.states.iter_mut().for_each(|column| column.clear());
        Ok(())
    }

    fn next_row(&self) -> Result<u32, FoldError> {
        u32::try_from(self.rows()).map_err(|_| FoldError::TooLarge {
            bytes: self.memory_bytes(),
        })
    }

    fn gather(&self, rows: &[u32]) -> Result<RecordBatch, FoldError> {
        self.batch(
            self.states
                .iter()
                .map(|column| column.gather(rows))
                .collect(),
            rows.len(),
        )
    }

    fn batch(
        &self,
        columns: Vec<arrow_array::ArrayRef>,
        rows: usize,
    ) -> Result<RecordBatch, FoldError> {
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(
            self.state_schema.clone(),
            columns,
            &options,
        )?)
    }

    /// The rows in the order of their keys.
    fn sorted(&self) -> Vec<u32> {
        let rows = self.rows() as u32;
        let mut entries: Vec<_> = (0..rows).map(|row| SortEntry { digit: 0, row }).collect();
        self.sort_from(0, &mut entries);
        entries.into_iter().map(|entry| entry.row).collect()
    }

    /// Sorts rows whose keys are alike up to `offset`.
    ///
    /// A radix sort with digits of 16 bytes: the digits of all rows are fetched at once, which costs a look at
    /// each key, not at two keys a comparison; only rows with equal digits go on to the next.
    fn sort_from(&self, offset: usize, entries: &mut [SortEntry]) {
        for entry in &mut *entries {
            entry.digit = digit(self.keys.get(entry.row), offset);
        }
        entries.sort_unstable_by_key(|entry| entry.digit);
        for alike in entries.chunk_by_mut(|a, b| a.digit == b.digit) {
            // Of keys that differ none is the beginning of another, so rows that are alike have more digits.
            if alike.len() > 1 {
                self.sort_from(offset + DIGIT_BYTES, alike);
            }
        }
    }
}

/// A row, and 16 bytes of its key as a number that sorts as they do.
#[derive(Clone, Copy)]
struct SortEntry {
    digit: u128,
    row: u32,
}

const DIGIT_BYTES: usize = 16;

fn digit(key: &[u8], offset: usize) -> u128 {
    let rest = key.get(offset..).unwrap_or_default();
    if let Some(bytes) = rest.first_chunk::<DIGIT_BYTES>() {
        return u128::from_be_bytes(*bytes);
    }
    let mut bytes = [0; DIGIT_BYTES];
    bytes[..rest.len()].copy_from_slice(rest);
    u128::from_be_bytes(bytes)
}
