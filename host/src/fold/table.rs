//! The state table of a lane: one state a key, in memory, until it becomes a run.

use arrow_array::{BinaryArray, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow_schema::SchemaRef;
use arrow_select::take::take_record_batch;
use hashbrown::HashTable;

use super::algebra::{self, Algebra, COMBINE_BYTES};
use super::column::{StateColumn, state_column};
use super::error::FoldError;
use super::heap::KeyHeap;
use super::sort::{SortEntry, sort};
use crate::guest::{Partials, RowBytes, cuts};
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

    /// The number of keys in the table.
    pub fn rows(&self) -> usize {
        self.keys.rows()
    }

    /// The memory that the rows take and that sorting them will take, in bytes.
    pub fn memory_bytes(&self) -> usize {
        let states: usize = self.states.iter().map(|column| column.memory_bytes()).sum();
        let per_row = 2 * size_of::<Indexed>() + size_of::<SortEntry>();
        self.keys.memory_bytes() + self.rows() * per_row + states
    }

    /// Absorbs partials.
    ///
    /// # Errors
    /// [`FoldError::Merge`] where the component fails to combine states, also since they are too large together.
    pub fn absorb(
        &mut self,
        partials: &Partials,
        algebra: &mut dyn Algebra,
    ) -> Result<(), FoldError> {
        self.meet(partials)?;
        let partial = &partials.rows;
        let columns = &partial.columns()[self.key_columns..];
        if !self.scratch.known_in_table.is_empty() {
            self.combine(self.batch(columns.to_vec(), partial.num_rows())?, algebra)?;
        }
        for (column, from) in self.states.iter_mut().zip(columns) {
            column.append(from, &self.scratch.new)?;
        }
        Ok(())
    }

    /// Combines states of the table with those of a partial that they meet.
    fn combine(
        &mut self,
        partial: RecordBatch,
        algebra: &mut dyn Algebra,
    ) -> Result<(), FoldError> {
        let StateTable {
            states,
            keys,
            scratch,
            state_schema,
            ..
        } = self;
        let met = RowBytes::of(partial.columns());
        let in_table = |states: &[Box<dyn StateColumn>], row| -> usize {
            states.iter().map(|column| column.row_bytes(row)).sum()
        };
        let mut from = 0;
        while from < scratch.known_in_table.len() {
            let (rows, of_partial) = (
                &scratch.known_in_table[from..],
                &scratch.known_in_partial[from..],
            );
            // One part at a time, since what is combined grows.
            let bytes = |i: usize| in_table(states, rows[i]) + met.row(of_partial[i] as usize);
            let part = cuts(rows.len(), rows.len(), COMBINE_BYTES, bytes).next();
            let part = part.map_or(rows.len(), |part| part.end);
            let (rows, of_partial) = (&rows[..part], &of_partial[..part]);
            let left = gather(states, state_schema, rows)?;
            let right = take_record_batch(&partial, &UInt32Array::from(of_partial.to_vec()))?;
            let key = |row| keys.get(rows[row]).to_vec();
            let doing = "while states of the same key were combined";
            let both = algebra::combine(algebra, &left, &right, &key, doing)?;
            for (column, combined) in states.iter_mut().zip(both.columns()) {
                column.replace(rows, combined)?;
            }
            from += part;
        }
        Ok(())
    }

    /// Finds out which keys are new, and adds them.
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
    /// Each batch has at most `batch_rows` rows and `batch_bytes` bytes, or one row that is larger. On an error of
    /// `sink` the table is left as it was.
    pub fn drain_sorted(
        &mut self,
        batch_rows: usize,
        batch_bytes: usize,
        mut sink: impl FnMut(BinaryArray, RecordBatch) -> Result<(), FoldError>,
    ) -> Result<(), FoldError> {
        let all = self.sorted();
        let states = |row| -> usize {
            let columns = self.states.iter();
            columns.map(|column| column.row_bytes(row)).sum()
        };
        let bytes = |at: usize| KEY_BYTES + all[at].key.len() + states(all[at].row);
        for batch in cuts(all.len(), batch_rows, batch_bytes, bytes) {
            let sorted = &all[batch];
            let keys = sorted.iter().map(|entry| self.keys.at(entry.key));
            let rows: Vec<u32> = sorted.iter().map(|entry| entry.row).collect();
            let states = gather(&self.states, &self.state_schema, &rows)?;
            sink(BinaryArray::from_iter_values(keys), states)?;
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
        let entry = |row| SortEntry::new(self.keys.place(row), row);
        let mut entries: Vec<_> = rows.map(entry).collect();
        sort(&mut entries, |place| self.keys.at(place));
        entries
    }
}

/// Memory for a key in an array, in addition to its bytes.
const KEY_BYTES: usize = size_of::<i32>();

/// The states of these rows.
fn gather(
    states: &[Box<dyn StateColumn>],
    schema: &SchemaRef,
    rows: &[u32],
) -> Result<RecordBatch, FoldError> {
    let columns = states.iter().map(|column| column.gather(rows)).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    Ok(RecordBatch::try_new_with_options(
        schema.clone(),
        columns,
        &options,
    )?)
}
