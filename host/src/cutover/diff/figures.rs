//! The figures of a column: rows, nulls, sum and mean, over all rows of a build.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef};

use super::outcome::ColumnFigures;
use crate::schema::Kind;

/// The figures of the values of a column that have been read so far.
#[derive(Clone, Debug)]
pub(super) struct Figures {
    rows: u64,
    nulls: u64,
    sum: Sum,
}

/// A sum of values, by their kind.
#[derive(Clone, Debug)]
enum Sum {
    /// Exact: 2^64 values of 64 bits fit.
    Whole(i128),
    /// Neumaier's compensated sum. Rows come in the order of their keys, so that it does not depend on batches.
    Float { sum: f64, lost: f64 },
    /// The kind has none.
    None,
}

impl Figures {
    /// Those of a column of this kind, before any row.
    pub(super) fn new(kind: Kind) -> Self {
        let sum = match kind {
            Kind::Int64 => Sum::Whole(0),
            Kind::Float64 => Sum::Float {
                sum: 0.0,
                lost: 0.0,
            },
            _ => Sum::None,
        };
        Figures {
            rows: 0,
            nulls: 0,
            sum,
        }
    }

    /// Adds the next values.
    pub(super) fn add(&mut self, values: &ArrayRef) {
        self.rows += values.len() as u64;
        self.nulls += values.null_count() as u64;
        match &mut self.sum {
            Sum::Whole(sum) => {
                let values = values.as_primitive::<Int64Type>().iter().flatten();
                *sum += values.map(i128::from).sum::<i128>();
            }
            Sum::Float { sum, lost } => {
                for value in values.as_primitive::<Float64Type>().iter().flatten() {
                    let next = *sum + value;
                    *lost += match sum.abs() >= value.abs() {
                        true => (*sum - next) + value,
                        false => (value - next) + *sum,
                    };
                    *sum = next;
                }
            }
            Sum::None => {}
        }
    }

    /// The figures of all values.
    pub(super) fn finish(&self) -> ColumnFigures {
        let values = self.rows - self.nulls;
        let sum = match self.sum {
            Sum::Whole(sum) => Some(sum as f64),
            Sum::Float { sum, lost } => Some(sum + lost).filter(|sum| sum.is_finite()),
            Sum::None => None,
        };
        ColumnFigures {
            rows: self.rows,
            nulls: self.nulls,
            sum,
            mean: sum.filter(|_| values > 0).map(|sum| sum / values as f64),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{BooleanArray, Float64Array, Int64Array};

    use super::*;

    fn figures(kind: Kind, batches: &[ArrayRef]) -> ColumnFigures {
        let mut figures = Figures::new(kind);
        batches.iter().for_each(|batch| figures.add(batch));
        figures.finish()
    }

    fn floats(values: &[f64], batch_rows: usize) -> ColumnFigures {
        let batches = values.chunks(batch_rows).map(|values| {
            let batch: ArrayRef = Arc::new(Float64Array::from(values.to_vec()));
            batch
        });
        figures(Kind::Float64, &batches.collect::<Vec<_>>())
    }

    #[test]
    fn whole_numbers_are_summed_exactly() {
        let values: ArrayRef = Arc::new(Int64Array::from(vec![
            Some(i64::MAX),
            Some(i64::MAX),
            None,
            Some(-i64::MAX),
            Some(3 - i64::MAX),
        ]));
        let found = figures(Kind::Int64, &[values]);
        assert_eq!((found.rows, found.nulls), (5, 1));
        assert_eq!((found.sum, found.mean), (Some(3.0), Some(0.75)));
    }

    #[test]
    fn floats_lose_nothing_to_larger_ones_and_do_not_depend_on_batches() {
        let mut values = vec![1e100, 1.0];
        values.extend([0.1; 1000]);
        values.push(-1e100);
        let whole = floats(&values, usize::MAX);
        assert!((whole.sum.unwrap() - 101.0).abs() < 1e-9, "{whole:?}");
        for rows in [1, 2, 7, 500] {
            assert_eq!(floats(&values, rows), whole);
        }
    }

    #[test]
    fn what_has_no_sum_has_none() {
        let infinite = floats(&[1.0, f64::INFINITY, f64::NEG_INFINITY], 1);
        assert_eq!((infinite.sum, infinite.mean), (None, None));
        let values: ArrayRef = Arc::new(BooleanArray::from(vec![Some(true), None]));
        let truths = figures(Kind::Boolean, &[values]);
        assert_eq!((truths.rows, truths.nulls, truths.sum), (2, 1, None));
        let empty = figures(Kind::Int64, &[]);
        assert_eq!((empty.sum, empty.mean), (Some(0.0), None));
    }
}
