//! The value at the earliest time, and at the latest.

use std::borrow::Borrow;
use std::ops::Range;

use backfold_guest::{
    Batch, Column, ColumnBuilder, Field, First, Last, Malformed, Monoid, RowWriter, Stored,
    Timestamp, TotalOrder,
};

use super::States;
use super::kept::combine;
use super::kinds::Values;
use crate::Unfit;
use crate::condition::Rows;

/// Which time wins.
pub(crate) trait Which: 'static {
    /// The monoid.
    type Monoid<T: Stored + TotalOrder + Clone>: Monoid;

    /// Inserts a value for good.
    fn insert<T, B>(state: &mut Self::Monoid<T>, at: Timestamp, value: &B)
    where
        T: Stored + TotalOrder + Clone + Borrow<B>,
        B: TotalOrder + ToOwned<Owned = T> + ?Sized;
}

macro_rules! which {
    ($($(#[$doc:meta])* $name:ident, $monoid:ident;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl Which for $name {
            type Monoid<T: Stored + TotalOrder + Clone> = $monoid<T>;

            #[inline]
            fn insert<T, B>(state: &mut $monoid<T>, at: Timestamp, value: &B)
            where
                T: Stored + TotalOrder + Clone + Borrow<B>,
                B: TotalOrder + ToOwned<Owned = T> + ?Sized,
            {
                state.insert(at, value);
                // No record is undone here, so no value has to be held back.
                state.mark();
            }
        }
    )*};
}

which! {
    /// The earliest.
    Earliest, First;
    /// The latest.
    Latest, Last;
}

/// The states of all groups.
pub(crate) struct Timed<V: Values, W: Which> {
    value: usize,
    at: usize,
    states: Vec<W::Monoid<V::Kept>>,
}

impl<V: Values, W: Which> Timed<V, W> {
    pub(crate) fn new(value: usize, at: usize) -> Self {
        Timed {
            value,
            at,
            states: Vec::new(),
        }
    }
}

impl<V: Values, W: Which> States for Timed<V, W>
where
    V::Kept: Borrow<V::Borrowed>,
{
    fn grow(&mut self, groups: usize) {
        self.states.resize_with(groups, Monoid::identity);
    }

    fn add(&mut self, batch: &Batch, rows: &Rows, groups: &[u32]) -> Result<(), Malformed> {
        let values = V::Read::reader(&batch.columns[self.value], batch.rows)?;
        let times = Timestamp::reader(&batch.columns[self.at], batch.rows)?;
        rows.each(|row| {
            let state = &mut self.states[groups[row] as usize];
            let (at, value) = (Timestamp::read(&times, row), V::Read::read(&values, row));
            W::insert(state, at, V::borrow(&value));
        });
        Ok(())
    }

    fn save(&self, groups: Range<usize>, out: &mut [ColumnBuilder]) -> Result<(), Unfit> {
        let states = &self.states[groups];
        states
            .iter()
            .for_each(|state| state.save(&mut RowWriter::new(out)));
        Ok(())
    }

    fn clear(&mut self) {
        self.states.clear();
    }

    fn identity(&self, out: &mut [ColumnBuilder]) {
        W::Monoid::<V::Kept>::identity().save(&mut RowWriter::new(out));
    }

    fn combine(
        &self,
        left: &[Column],
        right: &[Column],
        rows: usize,
        out: &mut [ColumnBuilder],
    ) -> Result<(), (usize, String)> {
        combine::<W::Monoid<V::Kept>>(left, right, rows, out)
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
