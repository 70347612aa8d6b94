//! Conversion of the values at a path, also where they form a union: each value as its branch converts.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, UInt32Array, UnionArray, new_null_array};
use arrow_schema::{ArrowError, DataType};
use arrow_select::interleave::interleave;
use arrow_select::take::take;

use super::cast::Cast;
use super::converted::Converted;
use super::form::Form;
use super::mismatch::TypeMismatch;
use super::target::TargetType;
use super::values;

/// The conversion of one type to another, chosen once per object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Conversion {
    /// Of all values alike.
    Cast(Cast),
    /// Of each branch of a union; or the reason to reject its values.
    Union(Vec<Result<Conversion, String>>),
}

impl Conversion {
    /// The conversion of values of type `from` to `target`; `None` if there is none, for a union if there is none for
    /// any branch.
    pub(super) fn of(from: &DataType, form: &Form, target: TargetType) -> Option<Self> {
        let DataType::Union(branches, _) = from else {
            return Cast::of(from, form, target).map(Conversion::Cast);
        };
        let mut converts = false;
        let branches = branches.iter().enumerate().map(|(at, (_, branch))| {
            let (from, form) = (branch.data_type(), form.part(at));
            let conversion = Conversion::of(from, form, target);
            converts |= *from != DataType::Null && conversion.is_some();
            conversion.ok_or_else(|| match form {
                Form::Blocked => format!("of type {from}, in which its path does not lead on"),
                _ => TypeMismatch::new(from, form, target).reason(),
            })
        });
        let branches = branches.collect();
        converts.then_some(Conversion::Union(branches))
    }

    /// Converts a column, whose type has to be that of [`Conversion::of`].
    ///
    /// # Errors
    /// If several rows take more than [`COLUMN_BYTES`](super::converted::COLUMN_BYTES).
    pub(super) fn apply(
        &self,
        array: &ArrayRef,
        form: &Form,
        target: TargetType,
    ) -> Result<Converted, ArrowError> {
        match self {
            Conversion::Cast(cast) => cast.apply(array, form, target),
            Conversion::Union(branches) => unite(branches, array.as_union(), form, target),
        }
    }
}

/// Converts the values of each branch, and puts them in the order of their rows.
fn unite(
    branches: &[Result<Conversion, String>],
    union: &UnionArray,
    form: &Form,
    target: TargetType,
) -> Result<Converted, ArrowError> {
    // Per branch, its rows and the places of their values.
    let mut rows = vec![Vec::<u32>::new(); branches.len()];
    let mut places = rows.clone();
    let mut order = Vec::with_capacity(union.len());
    for row in 0..union.len() {
        let (branch, _, place) = values::branch(union, row);
        order.push((branch, rows[branch].len()));
        rows[branch].push(row as u32);
        places[branch].push(place as u32);
    }
    let (mut columns, mut misfits) = (Vec::with_capacity(branches.len()), Vec::new());
    for (at, (conversion, places)) in branches.iter().zip(places).enumerate() {
        let rows = &rows[at];
        if rows.is_empty() {
            columns.push(new_null_array(&target.kind.data_type(), 0));
            continue;
        }
        // Types of unions are numbered as their branches.
        let values = take(union.child(at as i8), &UInt32Array::from(places), None)?;
        let converted = match conversion {
            Ok(conversion) => conversion.apply(&values, form.part(at), target)?,
            Err(reason) => Converted::refused(&values, target, reason),
        };
        let of_rows = converted.misfits.into_iter();
        misfits.extend(of_rows.map(|(at, reason)| (rows[at as usize], reason)));
        columns.push(converted.array);
    }
    misfits.sort_unstable_by_key(|(row, _)| *row);
    let columns: Vec<_> = columns.iter().map(|column| column as &dyn Array).collect();
    Ok(Converted {
        array: interleave(&columns, &order)?,
        misfits,
    })
}
