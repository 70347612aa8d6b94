//! The algebra of states, as merging needs it.

use arrow_array::{RecordBatch, RecordBatchOptions};

use super::error::FoldError;
use crate::guest::{GuestError, Instance};
use crate::keys::KeyCodec;
use crate::row_json;

/// How many bytes of states are combined in one call, left and right together: little compared with the memory of a
/// component, and enough that the calls do not count.
pub(super) const COMBINE_BYTES: usize = 8 << 20;

/// Combines states, and shows them.
///
/// The laws of the monoid are the implementer's promise: `combine` is associative, and commutative where the
/// descriptor says so. It may be called any number of times, on any pairs.
pub trait Algebra {
    /// Row by row, the state of `left` followed by that of `right`: batches of the state columns with the
    /// same number of rows, and so is the answer.
    fn combine(
        &mut self,
        left: &RecordBatch,
        right: &RecordBatch,
    ) -> Result<RecordBatch, GuestError>;

    /// Row by row, the view columns of the states.
    fn present(&mut self, states: &RecordBatch) -> Result<RecordBatch, GuestError>;

    /// Makes the algebra usable again after a failure.
    fn renew(&mut self) -> Result<(), GuestError>;

    /// An encoded key in words.
    fn name_key(&self, key: &[u8]) -> String;
}

/// An instance that holds no accumulation. Where its memory is large, as that of a language that frees memory late or never
/// becomes, a fresh one goes on: a state depends on nothing that was combined before.
impl Algebra for Instance {
    fn combine(
        &mut self,
        left: &RecordBatch,
        right: &RecordBatch,
    ) -> Result<RecordBatch, GuestError> {
        renew_if_large(self)?;
        Instance::combine(self, left, right)
    }

    fn present(&mut self, states: &RecordBatch) -> Result<RecordBatch, GuestError> {
        renew_if_large(self)?;
        Instance::present(self, states)
    }

    fn renew(&mut self) -> Result<(), GuestError> {
        *self = self.reopen()?;
        Ok(())
    }

    fn name_key(&self, key: &[u8]) -> String {
        let schema = self.descriptor().key_schema();
        let options = RecordBatchOptions::new().with_row_count(Some(1));
        let columns = KeyCodec::of(&schema).and_then(|codec| codec.decode([key]));
        let row = columns
            .and_then(|columns| RecordBatch::try_new_with_options(schema, columns, &options));
        match row {
            Ok(row) => row_json::name(&row, 0),
            Err(error) => error.to_string(),
        }
    }
}

fn renew_if_large(instance: &mut Instance) -> Result<(), GuestError> {
    match instance.is_large() {
        true => instance.renew(),
        false => Ok(()),
    }
}

/// Combines the states of keys.
///
/// # Errors
/// [`FoldError::Merge`], with the key of a pair that fails alone if there is one.
pub(super) fn combine(
    algebra: &mut dyn Algebra,
    left: &RecordBatch,
    right: &RecordBatch,
    key: &dyn Fn(usize) -> Vec<u8>,
    doing: &'static str,
) -> Result<RecordBatch, FoldError> {
    let failure = match algebra.combine(left, right) {
        Ok(both) => return Ok(both),
        Err(failure) => failure,
    };
    let again = |algebra: &mut dyn Algebra, from, rows| {
        algebra.combine(&left.slice(from, rows), &right.slice(from, rows))
    };
    Err(blame(algebra, left.num_rows(), failure, &again, key, doing))
}

/// Presents the states of keys.
///
/// # Errors
/// [`FoldError::Merge`], with the key of a state that fails alone if there is one.
pub(super) fn present(
    algebra: &mut dyn Algebra,
    states: &RecordBatch,
    key: &dyn Fn(usize) -> Vec<u8>,
    doing: &'static str,
) -> Result<RecordBatch, FoldError> {
    let failure = match algebra.present(states) {
        Ok(views) => return Ok(views),
        Err(failure) => failure,
    };
    let again = |algebra: &mut dyn Algebra, from, rows| algebra.present(&states.slice(from, rows));
    Err(blame(
        algebra,
        states.num_rows(),
        failure,
        &again,
        key,
        doing,
    ))
}

/// Calls the algebra again on some of the rows: those from the first number on, as many as the second number says.
type Again<'a> = dyn Fn(&mut dyn Algebra, usize, usize) -> Result<RecordBatch, GuestError> + 'a;

/// Finds the row that a call failed on, by halves.
fn blame(
    algebra: &mut dyn Algebra,
    rows: usize,
    failure: GuestError,
    again: &Again<'_>,
    key: &dyn Fn(usize) -> Vec<u8>,
    doing: &'static str,
) -> FoldError {
    let mut fails = |from, rows| match algebra.renew() {
        Ok(()) => again(algebra, from, rows).err(),
        Err(error) => Some(error),
    };
    let (mut from, mut until) = (0, rows);
    while until - from > 1 {
        let middle = from + (until - from) / 2;
        match fails(from, middle - from) {
            Some(_) => until = middle,
            None => from = middle,
        }
    }
    let alone = match rows {
        0 => None,
        _ => fails(from, 1),
    };
    FoldError::Merge {
        doing,
        key: alone.is_some().then(|| algebra.name_key(&key(from)).into()),
        source: alone.unwrap_or(failure),
    }
}
