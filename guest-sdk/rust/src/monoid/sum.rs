//! Sums that neither wrap nor depend on the order of adding.

use std::fmt;
use std::ops::AddAssign;

use super::{Fault, Monoid};
use crate::column::Malformed;
use crate::schema::Output;
use crate::value::{RowReader, RowWriter, output};

/// A type that can be summed: `i64`, checked, and `f64`, exactly.
pub trait Summand: Sized {
    /// What the sum is kept as.
    type Total: Monoid + fmt::Debug;
}

/// The sum of what was added. `sum += 1`.
///
/// A record that overflows a `Sum<i64>` is rejected; partial sums that overflow when they are combined fail the
/// build.
#[derive(Debug)]
pub struct Sum<T: Summand>(pub(crate) T::Total);

/// A sum of 64 bits.
#[derive(Clone, Copy, Debug)]
pub struct Checked {
    value: i64,
    overflowed: bool,
}

impl Summand for i64 {
    type Total = Checked;
}

impl Sum<i64> {
    /// The sum.
    pub fn value(&self) -> i64 {
        self.0.value
    }
}

impl AddAssign<i64> for Sum<i64> {
    #[inline]
    fn add_assign(&mut self, value: i64) {
        match self.0.value.checked_add(value) {
            Some(sum) => self.0.value = sum,
            None => self.0.overflowed = true,
        }
    }
}

const OVERFLOW: &str = "the sum does not fit into 64 bits";

impl Monoid for Checked {
    const COMMUTATIVE: bool = true;

    fn columns(name: &str) -> Vec<Output> {
        vec![output::<i64>(name)]
    }

    fn identity() -> Self {
        Checked {
            value: 0,
            overflowed: false,
        }
    }

    fn combine(&mut self, right: &Self) -> Result<(), Fault> {
        self.value = self
            .value
            .checked_add(right.value)
            .ok_or_else(|| Fault::new(OVERFLOW))?;
        self.overflowed |= right.overflowed;
        Ok(())
    }

    fn save(&self, row: &mut RowWriter<'_>) {
        row.put(&self.value);
    }

    fn load(row: &mut RowReader<'_>) -> Result<Self, Malformed> {
        Ok(Checked {
            value: row.take()?,
            overflowed: false,
        })
    }

    type Mark = i64;

    fn mark(&mut self) -> i64 {
        self.value
    }

    fn restore(&mut self, value: i64) {
        *self = Checked {
            value,
            overflowed: false,
        };
    }

    #[inline]
    fn fault(&self) -> Option<Fault> {
        self.overflowed.then(|| Fault::new(OVERFLOW))
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
    use super::*;

    #[test]
    fn an_overflow_is_a_fault_and_can_be_undone() {
        let mut sum = Sum::<i64>::identity();
        sum += i64::MAX;
        let mark = sum.mark();
        sum += 1;
        assert_eq!(
            sum.fault().map(|fault| fault.to_string()).as_deref(),
            Some(OVERFLOW)
        );
        // Coming back into range does not heal it: the order of adding must not matter.
        sum += -5;
        assert!(sum.fault().is_some());
        sum.restore(mark);
        assert_eq!((sum.value(), sum.fault()), (i64::MAX, None));
    }

    #[test]
    fn combining_never_wraps() {
        let mut left = Sum::<i64>::identity();
        left += i64::MIN;
        let mut right = Sum::<i64>::identity();
        right += -1;
        assert_eq!(left.combine(&right), Err(Fault::new(OVERFLOW)));
    }
}
