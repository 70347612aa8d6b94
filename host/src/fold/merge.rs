//! The k-way merge of runs: one state a key, in the order of keys.

use std::path::Path;

use arrow_array::builder::BinaryBuilder;
use arrow_array::{Array, BinaryArray, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow_schema::SchemaRef;
use arrow_select::interleave::interleave_record_batch;

use super::algebra::{self, Algebra};
use super::cursor::{CursorHeap, KeyRange, RunCursor};
use super::error::FoldError;
use super::run::{RunFile, RunWriter};

/// Keys and their states, merged: as many keys as rows.
pub(super) struct Merged {
    pub(super) keys: BinaryArray,
    pub(super) states: RecordBatch,
}

/// Merges runs within ranges of keys.
///
/// The runs stand in the order of the source: states of the same key are combined from the first run to the
/// last.
pub(super) struct Merger {
    cursors: Vec<RunCursor>,
    state_schema: SchemaRef,
}

/// A batch is closed at so many keys, or once its states weigh so much.
const BATCH_KEYS: usize = 8192;
const BATCH_BYTES: usize = 8 << 20;

impl Merger {
    pub(super) fn open(
        folder: &Path,
        runs: &[RunFile],
        state_schema: SchemaRef,
    ) -> Result<Self, FoldError> {
        let cursors = runs
            .iter()
            .map(|run| RunCursor::open(folder, run))
            .collect::<Result<_, _>>()?;
        Ok(Merger {
            cursors,
            state_schema,
        })
    }

    /// The first keys of all batches of all runs, in no order.
    pub(super) fn first_keys(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.cursors.iter().flat_map(|cursor| cursor.first_keys())
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

    /// Takes the next keys off the cursors, and notes where their states are.
    fn gather(&mut self, range: &KeyRange, heap: &mut CursorHeap) -> Result<Gathered, FoldError> {
        let mut gathered = Gathered::new();
        // Where a cursor's current batch stands in `gathered.batches`, once a state of it was noted.
        let mut noted: Vec<Option<Noted>> = vec![None; self.cursors.len()];
        let mut weight_bytes = 0;
        while let Some(first) = heap.first() {
            let cursor = &mut self.cursors[first];
            let (Some(key), Some((states, row))) = (cursor.key(), cursor.state()) else {
                break;
            };
            if gathered.last_key() != Some(key) {
                if gathered.entry_ends.len() >= BATCH_KEYS || weight_bytes >= BATCH_BYTES {
                    break;
                }
                gathered.keys.append_value(key);
                gathered.entry_ends.push(gathered.entries.len());
            }
            let batch = *noted[first].get_or_insert_with(|| {
                gathered.batches.push(states.clone());
                Noted {
                    batch: gathered.batches.len() - 1,
                    row_bytes: row_bytes(states),
                }
            });
            weight_bytes += batch.row_bytes;
            gathered.entries.push((batch.batch, row));
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

/// A batch of a cursor that states were taken from.
#[derive(Clone, Copy)]
struct Noted {
    /// Its place in [`Gathered::batches`].
    batch: usize,
    row_bytes: usize,
}

fn row_bytes(states: &RecordBatch) -> usize {
    let bytes: usize = states
        .columns()
        .iter()
        .map(|column| column.to_data().get_slice_memory_size().unwrap_or(0))
        .sum();
    bytes / states.num_rows().max(1)
}

/// Keys, and for each the states that meet under it, by batch and row.
struct Gathered {
    keys: BinaryBuilder,
    batches: Vec<RecordBatch>,
    entries: Vec<(usize, usize)>,
    /// One behind the last entry of each key.
    entry_ends: Vec<usize>,
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

    /// Combines the states of each key from left to right: first the first two of all keys that have two,
    /// then the third of those that have three, and so on.
    fn combine(
        mut self,
        algebra: &mut dyn Algebra,
        schema: &SchemaRef,
    ) -> Result<Merged, FoldError> {
        let start = |key: usize| {
            if key == 0 {
                0
            } else {
                self.entry_ends[key - 1]
            }
        };
        let mut states: Vec<(usize, usize)> = (0..self.entry_ends.len())
            .map(|key| self.entries[start(key)])
            .collect();
        for level in 1.. {
            let meeting: Vec<usize> = (0..self.entry_ends.len())
                .filter(|&key| start(key) + level < self.entry_ends[key])
                .collect();
            if meeting.is_empty() {
                break;
            }
            let left: Vec<_> = meeting.iter().map(|&key| states[key]).collect();
            let right: Vec<_> = meeting
                .iter()
                .map(|&key| self.entries[start(key) + level])
                .collect();
            let (left, right) = (
                pick(&self.batches, &left, schema)?,
                pick(&self.batches, &right, schema)?,
            );
            let key = |row: usize| self.key(meeting[row]).unwrap_or_default().to_vec();
            let both = algebra::combine(algebra, &left, &right, &key, "while runs were merged")?;
            let batch = self.batches.len();
            self.batches.push(both);
            meeting
                .iter()
                .enumerate()
                .for_each(|(row, &key)| states[key] = (batch, row));
        }
        Ok(Merged {
            states: pick(&self.batches, &states, schema)?,
            keys: self.keys.finish(),
        })
    }
}

fn pick(
    batches: &[RecordBatch],
    rows: &[(usize, usize)],
    schema: &SchemaRef,
) -> Result<RecordBatch, FoldError> {
    if let [only] = batches {
        let rows = UInt32Array::from_iter_values(rows.iter().map(|&(_, row)| row as u32));
        return Ok(arrow_select::take::take_record_batch(only, &rows)?);
    }
    let batches: Vec<&RecordBatch> = batches.iter().collect();
    let picked = interleave_record_batch(&batches, rows)?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    Ok(RecordBatch::try_new_with_options(
        schema.clone(),
        picked.columns().to_vec(),
        &options,
    )?)
}

/// Merges neighbouring runs into fewer until no more than `fan_in` are left. What it writes is named by what
/// it is made of, so that doing it again writes the same.
pub(super) fn merge_down(
    folder: &Path,
    mut runs: Vec<RunFile>,
    fan_in: usize,
    state_schema: &SchemaRef,
    algebra: &mut dyn Algebra,
) -> Result<Vec<RunFile>, FoldError> {
    let mut pass = 0;
    while runs.len() > fan_in {
        pass += 1;
        let mut merged = Vec::with_capacity(runs.len().div_ceil(fan_in));
        for (group, neighbours) in runs.chunks(fan_in).enumerate() {
            let name = format!("merge-{pass}-{group:06}.arrow");
            let mut writer = RunWriter::create(folder, &name, state_schema)?;
            Merger::open(folder, neighbours, state_schema.clone())?.merge(
                &KeyRange::default(),
                algebra,
                |merged, _| writer.write(merged.keys, &merged.states),
            )?;
            merged.push(writer.finish()?);
        }
        runs = merged;
    }
    Ok(runs)
}
