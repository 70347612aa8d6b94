//! What is kept of each group: the states of the SDK's monoids, a column at a time.

mod count;
mod kept;
mod kinds;
mod timed;

use std::ops::Range;

use backfold_declaration::{Aggregate, Input, Kind};
use backfold_guest::{Batch, Column, ColumnBuilder, Malformed};

use crate::Unfit;
use crate::condition::Rows;
use count::Count;
use kept::{AllOf, AnyOf, Distinct, Greatest, Kept, Least, Quantiles, SumOf};
use kinds::{Booleans, Bytes, Dates, Floats, Integers, Texts, Timestamps};
use timed::{Earliest, Latest, Timed};

/// The states of all groups for one entry of the declaration. Columns are its own state columns.
pub(crate) trait States {
    /// Makes room for this many groups; new ones have the identity.
    fn grow(&mut self, groups: usize);

    /// Adds the values of these rows, each to the state of its group.
    ///
    /// # Errors
    /// If a column is not one of its kind.
    fn add(&mut self, batch: &Batch, rows: &Rows, groups: &[u32]) -> Result<(), Malformed>;

    /// Writes the states of these groups.
    ///
    /// # Errors
    /// If the columns cannot hold a state.
    fn save(&self, groups: Range<usize>, out: &mut [ColumnBuilder]) -> Result<(), Unfit>;

    /// Forgets all groups.
    fn clear(&mut self);

    /// Writes the identity.
    fn identity(&self, out: &mut [ColumnBuilder]);

    /// Writes for each row the state of `left` followed by that of `right`.
    ///
    /// # Errors
    /// The row of a state that cannot be read or written, and why.
    fn combine(
        &self,
        left: &[Column],
        right: &[Column],
        rows: usize,
        out: &mut [ColumnBuilder],
    ) -> Result<(), (usize, String)>;

    /// Writes for each row what is derived from the state.
    ///
    /// # Errors
    /// The row of a state that cannot be read, and why.
    fn present(
        &self,
        states: &[Column],
        rows: usize,
        out: &mut [ColumnBuilder],
    ) -> Result<(), (usize, String)>;
}

/// The inputs without which a record does not count for the aggregate.
pub(crate) fn inputs(aggregate: &Aggregate) -> Vec<usize> {
    match aggregate {
        Aggregate::Count(input) => input.iter().copied().collect(),
        Aggregate::Sum(input)
        | Aggregate::Min(input)
        | Aggregate::Max(input)
        | Aggregate::Any(input)
        | Aggregate::All(input)
        | Aggregate::Distinct(input)
        | Aggregate::Quantile { value: input, .. } => vec![*input],
        Aggregate::First { value, at } | Aggregate::Last { value, at } => vec![*value, *at],
    }
}

/// The empty states of an aggregate.
pub(crate) fn of(aggregate: &Aggregate, inputs: &[Input]) -> Box<dyn States> {
    let kind = |input: usize| inputs[input].kind;
    match aggregate {
        Aggregate::Count(_) => Box::new(Count::default()),
        Aggregate::Sum(input) => match kind(*input) {
            Kind::Float64 => Box::new(Kept::<Floats, _>::new(*input, SumOf)),
            _ => Box::new(Kept::<Integers, _>::new(*input, SumOf)),
        },
        Aggregate::Min(input) => extreme(*input, kind(*input), Least),
        Aggregate::Max(input) => extreme(*input, kind(*input), Greatest),
        Aggregate::Any(input) => Box::new(Kept::<Booleans, _>::new(*input, AnyOf)),
        Aggregate::All(input) => Box::new(Kept::<Booleans, _>::new(*input, AllOf)),
        Aggregate::First { value, at } => match kind(*value) {
            Kind::Boolean => Box::new(Timed::<Booleans, Earliest>::new(*value, *at)),
            Kind::Int64 => Box::new(Timed::<Integers, Earliest>::new(*value, *at)),
            Kind::Float64 => Box::new(Timed::<Floats, Earliest>::new(*value, *at)),
            Kind::Timestamp => Box::new(Timed::<Timestamps, Earliest>::new(*value, *at)),
            Kind::Date => Box::new(Timed::<Dates, Earliest>::new(*value, *at)),
            Kind::Binary => Box::new(Timed::<Bytes, Earliest>::new(*value, *at)),
            Kind::Utf8 | Kind::Json => Box::new(Timed::<Texts, Earliest>::new(*value, *at)),
        },
        Aggregate::Last { value, at } => match kind(*value) {
            Kind::Boolean => Box::new(Timed::<Booleans, Latest>::new(*value, *at)),
            Kind::Int64 => Box::new(Timed::<Integers, Latest>::new(*value, *at)),
            Kind::Float64 => Box::new(Timed::<Floats, Latest>::new(*value, *at)),
            Kind::Timestamp => Box::new(Timed::<Timestamps, Latest>::new(*value, *at)),
            Kind::Date => Box::new(Timed::<Dates, Latest>::new(*value, *at)),
            Kind::Binary => Box::new(Timed::<Bytes, Latest>::new(*value, *at)),
            Kind::Utf8 | Kind::Json => Box::new(Timed::<Texts, Latest>::new(*value, *at)),
        },
        Aggregate::Distinct(input) => match kind(*input) {
            Kind::Int64 => Box::new(Kept::<Integers, _>::new(*input, Distinct)),
            Kind::Float64 => Box::new(Kept::<Floats, _>::new(*input, Distinct)),
            Kind::Timestamp => Box::new(Kept::<Timestamps, _>::new(*input, Distinct)),
            Kind::Date => Box::new(Kept::<Dates, _>::new(*input, Distinct)),
            // The hash of a text is that of its bytes.
            _ => Box::new(Kept::<Bytes, _>::new(*input, Distinct)),
        },
        Aggregate::Quantile { value, quantiles } => {
            let quantiles = Quantiles(quantiles.clone());
            match kind(*value) {
                Kind::Int64 => Box::new(Kept::<Integers, _>::new(*value, quantiles)),
                _ => Box::new(Kept::<Floats, _>::new(*value, quantiles)),
            }
        }
    }
}

fn extreme<K>(input: usize, kind: Kind, keep: K) -> Box<dyn States>
where
    K: kept::Keep<Integers> + kept::Keep<Floats> + kept::Keep<Timestamps> + kept::Keep<Dates>,
{
    match kind {
        Kind::Float64 => Box::new(Kept::<Floats, _>::new(input, keep)),
        Kind::Timestamp => Box::new(Kept::<Timestamps, _>::new(input, keep)),
        Kind::Date => Box::new(Kept::<Dates, _>::new(input, keep)),
        _ => Box::new(Kept::<Integers, _>::new(input, keep)),
    }
}
