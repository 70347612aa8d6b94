//! A converted column, and the rows that did not fit.

use arrow_array::{Array, ArrayRef, new_null_array};

use super::target::TargetType;
use super::values;

/// The most bytes of a converted column of several rows. A larger piece is converted in parts.
pub(super) const COLUMN_BYTES: usize = 32 << 20;

/// A converted column. Values that did not fit are null.
pub(super) struct Converted {
    pub(super) array: ArrayRef,
    /// The rows whose value did not fit, ascending, and the reasons.
    pub(super) misfits: Vec<(u32, String)>,
}

impl Converted {
    /// Nulls for all rows; those with a value did not fit for `reason`.
    pub(super) fn refused(array: &dyn Array, target: TargetType, reason: &str) -> Self {
        let rows = (0..array.len()).filter(|row| !values::is_null(array, *row));
        Converted {
            array: new_null_array(&target.kind.data_type(), array.len()),
            misfits: rows.map(|row| (row as u32, reason.to_owned())).collect(),
        }
    }
}

impl From<ArrayRef> for Converted {
    fn from(array: ArrayRef) -> Self {
        Converted {
            array,
            misfits: Vec::new(),
        }
    }
}
