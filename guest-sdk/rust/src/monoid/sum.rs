//! Sums that do not wrap, and do not depend on the order of additions.

use std::fmt;
use std::ops::AddAssign;

use super::{Fault, Monoid};
use crate::column::Malformed;
use crate::schema::Output;
use crate::value::{RowReader, RowWriter, output};

/// A type that can be summed: `i64` and `f64`, both exactly.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be summed",
    label = "not a type of a sum",
    note = "a sum is a `Sum<i64>` or a `Sum<f64>`"
)]
pub trait Summand: Sized {
    /// The type of the exact sum.
    type Total: Monoid + fmt::Debug;
}

/// A sum: `sum += 1`.
///
/// A `Sum<i64>` never wraps: if a kept sum leaves the range of `i64`, the build fails. It always fails if the sum of all
/// numbers is out of range, and never if the sum of their absolute values is within the range. In between, positive and
/// negative numbers cancel out, and the sum of a part of history may be out of range while the whole sum is not. The build
/// then fails or not, depending on where the parts begin; if it succeeds, the sum is right. No record is rejected, since the
/// choice of that record would depend on the parts as well.
#[derive(Debug)]
pub struct Sum<T: Summand>(pub(crate) T::Total);

/// A sum that is exact while it is accumulated, and has 64 bits in the state column.
#[derive(Clone, Copy, Debug)]
pub struct Total(i128);

impl Summand for i64 {
    type Total = Total;
}

impl Sum<i64> {
    /// The sum. Only in `fold` can it be out of range; it is then the nearest `i64`.
    pub fn value(&self) -> i64 {
        let total = self.0.0;
        i64::try_from(total).unwrap_or(if total < 0 { i64::MIN } else { i64::MAX })
    }
}

impl AddAssign<i64> for Sum<i64> {
    #[inline]
    fn add_assign(&mut self, value: i64) {
        // It would take 2^64 numbers to leave this range.
        self.0.0 += i128::from(value);
    }
}

impl Monoid for Total {
    const COMMUTATIVE: bool = true;

    fn columns(name: &str) -> Vec<Output> {
        vec![output::<i64>(name)]
    }

    fn identity() -> Self {
        Total(0)
    }

    fn combine(&mut self, right: &Self) -> Result<(), Fault> {
        self.0 += right.0;
        Ok(())
    }

    #[inline]
    fn fits(&self) -> Result<(), Fault> {
        match i64::try_from(self.0) {
            Ok(_) => Ok(()),
            Err(_) => Err(Fault::new(format!(
                "the sum {} does not fit into 64 bits",
                self.0
            ))),
        }
    }

    #[inline]
    fn save(&self, row: &mut RowWriter<'_>) {
        row.put(&(self.0 as i64));
    }

    fn load(row: &mut RowReader<'_>) -> Result<Self, Malformed> {
        row.take::<i64>().map(|value| Total(i128::from(value)))
    }

    type Mark = Self;

    #[inline]
    fn mark(&mut self) -> Self {
        *self
    }

    fn restore(&mut self, mark: Self) {
        *self = mark;
    }
}

impl<T: Summand> Monoid for Sum<T> {
    const COMMUTATIVE: bool = true;

    fn columns(name: &str) -> Vec<Output> {
        T::Total::columns(name)
    }

    fn identity() -> Self {
        Sum(T::Total::identity())
    }

    fn combine(&mut self, right: &Self) -> Result<(), Fault> {
        self.0.combine(&right.0)
    }

    #[inline]
    fn fits(&self) -> Result<(), Fault> {
        self.0.fits()
    }

    #[inline]
    fn save(&self, row: &mut RowWriter<'_>) {
        self.0.save(row);
    }

    fn load(row: &mut RowReader<'_>) -> Result<Self, Malformed> {
        T::Total::load(row).map(Sum)
    }

    type Mark = <T::Total as Monoid>::Mark;

    #[inline]
    fn mark(&mut self) -> Self::Mark {
        self.0.mark()
    }

    fn restore(&mut self, mark: Self::Mark) {
        self.0.restore(mark);
    }

    #[inline]
    fn fault(&self) -> Option<Fault> {
        self.0.fault()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sum(values: &[i64]) -> Sum<i64> {
        let mut sum = Sum::identity();
        values.iter().for_each(|value| sum += *value);
        sum
    }

    #[test]
    fn a_sum_is_judged_where_it_is_kept() {
        let mut total = sum(&[i64::MAX, 1]);
        assert_eq!(
            total.fits().map_err(|fault| fault.to_string()),
            Err("the sum 9223372036854775808 does not fit into 64 bits".to_string())
        );
        assert_eq!(
            (total.value(), sum(&[i64::MIN, -1]).value()),
            (i64::MAX, i64::MIN)
        );
        total += -5;
        assert_eq!((total.fits(), total.value()), (Ok(()), i64::MAX - 4));
    }

    #[test]
    fn a_mark_brings_the_sum_back() {
        let mut total = sum(&[i64::MAX]);
        let mark = total.mark();
        total += i64::MAX;
        total.restore(mark);
        assert_eq!((total.fits(), total.value()), (Ok(()), i64::MAX));
    }

    /// The sum of parts, each kept in 64 bits and combined from the first to the last; `None` if one does not fit.
    fn in_parts(values: &[i64], part: usize) -> Option<i64> {
        let mut total = Sum::identity();
        for part in values.chunks(part) {
            let part = sum(part);
            part.fits().ok()?;
            total.combine(&part).ok()?;
            total.fits().ok()?;
        }
        Some(total.value())
    }

    proptest! {
        #[test]
        fn parts_sum_up_to_the_whole_or_to_nothing(
            values in prop::collection::vec(prop_oneof![any::<i64>(), -9..9_i64, Just(i64::MAX)], 1..12),
            part in 1..12_usize,
        ) {
            let exact: i128 = values.iter().copied().map(i128::from).sum();
            let whole = i64::try_from(exact).ok();
            let sizes = values.iter().map(|value| u128::from(value.unsigned_abs())).sum::<u128>();
            let summed = in_parts(&values, part);
            prop_assert!(summed.is_none() || summed == whole, "{summed:?} of {exact}");
            prop_assert!(summed.is_some() || sizes > i64::MAX as u128, "{sizes} would fit");
        }
    }
}
