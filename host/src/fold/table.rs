//! The state table of a worker: one state a key, in memory, until it becomes a run.

use arrow_array::{BinaryArray, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow_schema::SchemaRef;
use arrow_select::take::take_record_batch;
use hashbrown::HashTable;

use super::algebra::{self, Algebra};
use super::column::{StateColumn, state_column};
use super::error::FoldError;
use super::key_heap::{KeyHeap, KeyPlace};
use crate::guest::Partials;
use crate::keys::table_hash;
use crate::schema::Descriptor;

/// States by key.
///
/// Partials are absorbed in the order of the source: where a key meets itself, the state in the table is the
/// left operand of `combine` and the partial's the right one.
pub struct StateTable {
    state_schema: SchemaRef,
    key_columns: usize,
    index: HashTable<Indexed>,
    keys: KeyHeap,
    states: Vec<Box<dyn StateColumn>>,
    /// Row numbers of the partial at hand, kept for their memory.
    scratch: Meeting,
}

/// A row, with the hash of its key: to grow, or to pass over another key, no key is looked at.
#[derive(Clone, Copy)]
struct Indexed {
    hash: u32,
    row: u32,
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
            state_schema: descriptor.state_schema(),
            key_columns: descriptor.keys.len(),
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
        self.keys.rows()
    }

    /// The memory that its rows take, and that sorting them will take.
    pub fn memory_bytes(&self) -> usize {
        let states: usize = self.states.iter().map(|column| column.memory_bytes()).sum();
        let per_row = 2 * size_of::<Indexed>() + size_of::<SortEntry>();
        self.keys.memory_bytes() + self.rows() * per_row + states
    }

    /// Absorbs partials.
    pub fn absorb(
        &mut self,
        partials: &Partials,
        algebra: &mut dyn Algebra,
    ) -> Result<(), FoldError> {
        self.meet(partials)?;
        let partial = &partials.rows;
        let columns = &partial.columns()[self.key_columns..];
        if !self.scratch.known_in_table.is_empty() {
            let left = self.gather(&self.scratch.known_in_table)?;
            let right = self.batch(columns.to_vec(), partial.num_rows())?;
            let picked = UInt32Array::from(self.scratch.known_in_partial.clone());
            let right = take_record_batch(&right, &picked)?;
            let key = |row| self.keys.get(self.scratch.known_in_table[row]).to_vec();
            let doing = "while states of the same key were combined";
            let both = algebra::combine(algebra, &left, &right, &key, doing)?;
            for (column, combined) in self.states.iter_mut().zip(both.columns()) {
                column.replace(&self.scratch.known_in_table, combined);
            }
        }
        for (column, from) in self.states.iter_mut().zip(columns) {
            column.append(from, &self.scratch.new);
        }
        Ok(())
    }

    /// Tells new keys from known ones, and adds the new ones.
    fn meet(&mut self, partials: &Partials) -> Result<(), FoldError> {
        let first_new = self.next_row()?;
        let StateTable {
            index,
            keys,
            scratch,
            ..
        } = self;
        scratch.new.clear();
        scratch.known_in_partial.clear();
        scratch.known_in_table.clear();
        let met = &partials.keys;
        // All are looked up before any is added: lookups that do not wait for each other overlap in the memory.
        for (row, &hash) in met.hashes().iter().enumerate() {
            let is_same =
                |known: &Indexed| known.hash == hash && keys.get(known.row) == met.key(row);
            match index.find(table_hash(hash), is_same) {
                Some(known) => {
                    scratch.known_in_partial.push(row as u32);
                    scratch.known_in_table.push(known.row);
                }
                None => scratch.new.push(row as u32),
            }
        }
        for (row, &new) in (first_new..).zip(&scratch.new) {
            let hash = met.hashes()[new as usize];
            index.insert_unique(table_hash(hash), Indexed { hash, row }, |known| {
                table_hash(known.hash)
            });
            keys.push(met.key(new as usize))?;
        }
        Ok(())
    }

    /// Gives all rows to `sink`, sorted by key, and empties the table; its memory stays for the next rows.
    ///
    /// Each batch has at most `batch_rows` rows. On an error of `sink` the table is left as it was.
    pub fn drain_sorted(
        &mut self,
        batch_rows: usize,
        mut sink: impl FnMut(BinaryArray, RecordBatch) -> Result<(), FoldError>,
    ) -> Result<(), FoldError> {
        for sorted in self.sorted().chunks(batch_rows) {
            let keys = sorted.iter().map(|entry| self.keys.at(entry.key));
            let rows: Vec<u32> = sorted.iter().map(|entry| entry.row).collect();
            sink(BinaryArray::from_iter_values(keys), self.gather(&rows)?)?;
        }
        self.index.clear();
        self.keys.clear();
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
    fn sorted(&self) -> Vec<SortEntry> {
        let rows = 0..self.rows() as u32;
        let entry = |row| SortEntry {
            digit: 0,
            key: self.keys.place(row),
            row,
        };
        let mut entries: Vec<_> = rows.map(entry).collect();
        self.sort_from(0, &mut entries);
        entries
    }

    /// Sorts rows whose keys are alike up to `offset`.
    ///
    /// A radix sort with digits of 16 bytes: the digits of all rows are fetched at once, which costs a look at
    /// each key, not at two keys a comparison; only rows with equal digits go on to the next.
    fn sort_from(&self, offset: usize, entries: &mut [SortEntry]) {
        for entry in &mut *entries {
            entry.digit = digit(self.keys.at(entry.key), offset);
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
    key: KeyPlace,
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
