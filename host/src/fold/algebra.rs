//! The algebra of states, as merging needs it.

use arrow_array::RecordBatch;

use crate::guest::{GuestError, Instance};

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
}

impl Algebra for Instance {
    fn combine(
        &mut self,
        left: &RecordBatch,
        right: &RecordBatch,
    ) -> Result<RecordBatch, GuestError> {
        Instance::combine(self, left, right)
    }

    fn present(&mut self, states: &RecordBatch) -> Result<RecordBatch, GuestError> {
        Instance::present(self, states)
    }
}
