//! The number of records.

use std::ops::Range;

use backfold_guest::{Batch, Column, ColumnBuilder, Malformed, Value};

use super::States;
use super::kept::combine;
use crate::Unfit;
use crate::condition::Rows;

type Sum = backfold_guest::Sum<i64>;

/// Counts, which a `Sum<i64>` combines.
#[derive(Default)]
pub(crate) struct Count {
    /// No accumulator holds 2^63 records.
    counts: Vec<i64>,
}

impl States for Count {
    fn grow(&mut self, groups: usize) {
        self.counts.resize(groups, 0);
    }

    fn add(&mut self, _: &Batch, rows: &Rows, groups: &[u32]) -> Result<(), Malformed> {
        rows.each(|row| self.counts[groups[row] as usize] += 1);
        Ok(())
    }

    fn save(&self, groups: Range<usize>, out: &mut [ColumnBuilder]) -> Result<(), Unfit> {
        let counts = &self.counts[groups];
        counts.iter().for_each(|count| count.write(&mut out[0]));
        Ok(())
    }

    fn clear(&mut self) {
        self.counts.clear();
    }

    fn identity(&self, out: &mut [ColumnBuilder]) {
        0_i64.write(&mut out[0]);
    }

    fn combine(
        &self,
        left: &[Column],
        right: &[Column],
        rows: usize,
        out: &mut [ColumnBuilder],
    ) -> Result<(), (usize, String)> {
        combine::<Sum>(left, right, rows, out)
    }

    fn present(
        &self,
        _: &[Column],
        _: usize,
        _: &mut [ColumnBuilder],
    ) -> Result<(), (usize, String)> {
        Ok(())
    }
}
