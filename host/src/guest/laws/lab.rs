//! Calls of a component that may fail. After a failure, the next call has a fresh instance.

use arrow_array::{RecordBatch, UInt32Array};
use arrow_schema::ArrowError;
use arrow_select::concat::concat_batches;
use arrow_select::take::take_record_batch;

use super::Sample;
use crate::guest::{Call, GuestError, Instance};
use crate::keys::KeyCodec;

/// The most rows of a call, so that answers stay far below all limits.
const CALL_ROWS: usize = 1 << 12;

/// The most bytes of states that a call is given.
const CALL_BYTES: usize = 4 << 20;

/// Rows of a sample that are folded together.
pub(super) type Rows = Vec<u32>;

/// An instance for tests, and the sample.
pub(super) struct Lab<'a> {
    pub(super) sample: &'a Sample,
    instance: Instance,
    key_codec: KeyCodec,
}

/// The result of folding some events: states sorted by key, and the rejected rows.
#[derive(Debug)]
pub(super) struct Folded {
    /// The encoded keys, rising.
    pub(super) keys: Vec<Vec<u8>>,
    /// The key columns.
    pub(super) key_columns: RecordBatch,
    /// The state columns.
    pub(super) states: RecordBatch,
    /// Rows of the sample.
    pub(super) rejected: Rows,
}

impl Folded {
    /// The state of `key`, if there is one.
    pub(super) fn state(&self, key: &[u8]) -> Option<RecordBatch> {
        Some(self.states.slice(self.find(key)?, 1))
    }

    pub(super) fn find(&self, key: &[u8]) -> Option<usize> {
        self.keys.binary_search_by(|known| (**known).cmp(key)).ok()
    }
}

impl<'a> Lab<'a> {
    pub(super) fn new(instance: Instance, sample: &'a Sample) -> Result<Self, GuestError> {
        let descriptor = instance.descriptor();
        Ok(Lab {
            sample,
            key_codec: KeyCodec::of(&descriptor.key_schema()).map_err(unfit(Call::Drain))?,
            instance,
        })
    }

    pub(super) fn instance(&self) -> &Instance {
        &self.instance
    }

    /// Goes on with a fresh instance.
    pub(super) fn renew(&mut self) -> Result<(), GuestError> {
        self.instance = self.instance.reopen()?;
        Ok(())
    }

    /// Folds each of `batches` in turn, and drains once, in answers of at most `drain_rows` rows.
    pub(super) fn fold(
        &mut self,
        batches: &[&[u32]],
        drain_rows: u32,
    ) -> Result<Folded, GuestError> {
        let folded = self.fold_on(batches, drain_rows);
        self.recover(folded)
    }

    /// Folds `rows` as the host would, in one window.
    pub(super) fn fold_whole(&mut self, rows: &[u32]) -> Result<Folded, GuestError> {
        let batches: Vec<_> = rows.chunks(CALL_ROWS).collect();
        self.fold(&batches, CALL_ROWS as u32)
    }

    fn fold_on(&mut self, batches: &[&[u32]], drain_rows: u32) -> Result<Folded, GuestError> {
        let mut rejected = Rows::new();
        for &rows in batches.iter().filter(|rows| !rows.is_empty()) {
            let events = self.sample.take(rows).map_err(unfit(Call::Fold))?;
            let rejections = self.instance.fold(&events)?;
            rejected.extend(rejections.iter().map(|one| rows[one.row as usize]));
        }
        rejected.sort_unstable();
        let mut partials = Vec::new();
        loop {
            let partial = self.instance.drain(drain_rows)?.rows;
            let is_last = partial.num_rows() < drain_rows as usize;
            partials.push(partial);
            if is_last {
                break;
            }
        }
        self.sorted(&partials, rejected).map_err(unfit(Call::Drain))
    }

    fn sorted(&self, partials: &[RecordBatch], rejected: Rows) -> Result<Folded, ArrowError> {
        let schema = self.instance.descriptor().partial_schema();
        let all = concat_batches(&schema, partials)?;
        let keys = self.key_codec.encode(&all)?;
        let mut order: Vec<u32> = (0..all.num_rows() as u32).collect();
        order.sort_unstable_by(|a, b| keys.row(*a as usize).cmp(&keys.row(*b as usize)));
        let all = take_record_batch(&all, &UInt32Array::from(order.clone()))?;
        let (key_count, columns) = (self.instance.descriptor().keys.len(), all.num_columns());
        Ok(Folded {
            keys: order
                .iter()
                .map(|row| keys.row(*row as usize).data().to_vec())
                .collect(),
            key_columns: all.project(&(0..key_count).collect::<Vec<_>>())?,
            states: all.project(&(key_count..columns).collect::<Vec<_>>())?,
            rejected,
        })
    }

    /// For each row, `left` followed by `right`.
    pub(super) fn combine(
        &mut self,
        left: &RecordBatch,
        right: &RecordBatch,
    ) -> Result<RecordBatch, GuestError> {
        let step = call_rows(&[left, right]);
        let mut answers = Vec::new();
        for from in (0..left.num_rows()).step_by(step) {
            let rows = step.min(left.num_rows() - from);
            let answer = self
                .instance
                .combine(&left.slice(from, rows), &right.slice(from, rows));
            answers.push(self.recover(answer)?);
        }
        let schema = self.instance.descriptor().state_schema();
        concat_batches(&schema, &answers).map_err(unfit(Call::Combine))
    }

    /// For each row, the view of the state.
    pub(super) fn present(&mut self, states: &RecordBatch) -> Result<RecordBatch, GuestError> {
        let step = call_rows(&[states]);
        let mut answers = Vec::new();
        for from in (0..states.num_rows()).step_by(step) {
            let rows = step.min(states.num_rows() - from);
            let answer = self.instance.present(&states.slice(from, rows));
            answers.push(self.recover(answer)?);
        }
        let schema = self.instance.descriptor().view_schema();
        concat_batches(&schema, &answers).map_err(unfit(Call::Present))
    }

    /// `rows` rows of the identity.
    pub(super) fn identities(&mut self, rows: usize) -> Result<RecordBatch, GuestError> {
        let answer = self.instance.identity();
        let identity = self.recover(answer)?;
        pick(&identity, &vec![0; rows], Call::Identity)
    }

    /// Rows as bytes, which are equal if all columns are, bit by bit.
    pub(super) fn images(&self, rows: &RecordBatch) -> Result<arrow_row::Rows, GuestError> {
        KeyCodec::of(&rows.schema())
            .and_then(|codec| codec.encode(rows))
            .map_err(unfit(Call::Combine))
    }

    /// The encoded keys of a batch that begins with the key columns.
    pub(super) fn encode_keys(&self, keys: &RecordBatch) -> Result<Vec<Vec<u8>>, GuestError> {
        let keys = self.key_codec.encode(keys).map_err(unfit(Call::Drain))?;
        Ok(keys.iter().map(|key| key.data().to_vec()).collect())
    }

    /// Opens a fresh instance after a failure.
    fn recover<T>(&mut self, result: Result<T, GuestError>) -> Result<T, GuestError> {
        if result.is_err() {
            self.renew()?;
        }
        result
    }
}

/// These rows of a batch that came from, or goes to, `call`.
pub(super) fn pick(
    batch: &RecordBatch,
    rows: &[u32],
    call: Call,
) -> Result<RecordBatch, GuestError> {
    take_record_batch(batch, &UInt32Array::from(rows.to_vec())).map_err(unfit(call))
}

/// The number of rows of these batches for one call.
fn call_rows(batches: &[&RecordBatch]) -> usize {
    let rows = batches.first().map_or(0, |batch| batch.num_rows()).max(1);
    let bytes: usize = batches
        .iter()
        .map(|batch| batch.get_array_memory_size())
        .sum();
    (CALL_BYTES / bytes.div_ceil(rows).max(1)).clamp(1, CALL_ROWS)
}

/// The error for columns that do not fit. They have passed the checks of an answer, so the host is at fault.
pub(super) fn unfit(call: Call) -> impl Fn(ArrowError) -> GuestError {
    move |error| GuestError::BadArgument {
        call,
        what: error.to_string(),
    }
}
