//! States of the values of one column.

use std::marker::PhantomData;
use std::ops::Range;

use backfold_guest::sketch::{self, ExactSum};
use backfold_guest::{
    All, Any, Batch, Column, ColumnBuilder, DdSketch, Fault, Field, Hll, Malformed, Max, Min,
    Monoid, RowReader, RowWriter, Stored, Sum, TotalOrder,
};

use super::States;
use super::kinds::{Booleans, Countable, Floats, Integers, Values};
use crate::Unfit;
use crate::condition::Rows;

/// What is kept of values: the state while events are folded, and the monoid that has the same columns.
pub(crate) trait Keep<V: Values>: 'static {
    /// The state while events are folded.
    type State;
    /// The monoid.
    type Monoid: Monoid;

    /// The identity.
    fn empty() -> Self::State;

    /// Inserts a value.
    fn insert(state: &mut Self::State, value: V::Read<'_>);

    /// Writes the state as the monoid does.
    ///
    /// # Errors
    /// If the columns cannot hold it.
    fn save(state: &Self::State, row: &mut RowWriter<'_>) -> Result<(), Fault>;

    /// Writes what is derived from a state.
    fn present(&self, _state: &Self::Monoid, _row: &mut RowWriter<'_>) {}
}

/// The states of all groups.
pub(crate) struct Kept<V: Values, K: Keep<V>> {
    input: usize,
    keep: K,
    states: Vec<K::State>,
    values: PhantomData<V>,
}

impl<V: Values, K: Keep<V>> Kept<V, K> {
    pub(crate) fn new(input: usize, keep: K) -> Self {
        Kept {
            input,
            keep,
            states: Vec::new(),
            values: PhantomData,
        }
    }
}

impl<V: Values, K: Keep<V>> States for Kept<V, K> {
    fn grow(&mut self, groups: usize) {
        self.states.resize_with(groups, K::empty);
    }

    fn add(&mut self, batch: &Batch, rows: &Rows, groups: &[u32]) -> Result<(), Malformed> {
        let values = V::Read::reader(&batch.columns[self.input], batch.rows)?;
        rows.each(|row| {
            let state = &mut self.states[groups[row] as usize];
            K::insert(state, V::Read::read(&values, row));
        });
        Ok(())
    }

    fn save(&self, groups: Range<usize>, out: &mut [ColumnBuilder]) -> Result<(), Unfit> {
        for (row, state) in self.states[groups].iter().enumerate() {
            K::save(state, &mut RowWriter::new(out)).map_err(|fault| (row, fault))?;
        }
        Ok(())
    }

    fn clear(&mut self) {
        self.states.clear();
    }

    fn identity(&self, out: &mut [ColumnBuilder]) {
        K::Monoid::identity().save(&mut RowWriter::new(out));
    }

    fn combine(
        &self,
        left: &[Column],
        right: &[Column],
        rows: usize,
        out: &mut [ColumnBuilder],
    ) -> Result<(), (usize, String)> {
        combine::<K::Monoid>(left, right, rows, out)
    }

    fn present(
        &self,
        states: &[Column],
        rows: usize,
        out: &mut [ColumnBuilder],
    ) -> Result<(), (usize, String)> {
        for row in 0..rows {
            let state = load::<K::Monoid>(states, row)?;
            self.keep.present(&state, &mut RowWriter::new(out));
        }
        Ok(())
    }
}

/// Combines the states of a monoid, row by row.
pub(crate) fn combine<M: Monoid>(
    left: &[Column],
    right: &[Column],
    rows: usize,
    out: &mut [ColumnBuilder],
) -> Result<(), (usize, String)> {
    for row in 0..rows {
        let mut state = load::<M>(left, row)?;
        let right = load::<M>(right, row)?;
        state
            .combine(&right)
            .and_then(|()| state.fits())
            .map_err(|fault| (row, fault.to_string()))?;
        state.save(&mut RowWriter::new(out));
    }
    Ok(())
}

fn load<M: Monoid>(states: &[Column], row: usize) -> Result<M, (usize, String)> {
    M::load(&mut RowReader::new(states, row)).map_err(|malformed| (row, malformed.to_string()))
}

/// Writes a state that is a monoid while events are folded as well.
fn save_monoid(state: &impl Monoid, row: &mut RowWriter<'_>) -> Result<(), Fault> {
    state.fits()?;
    state.save(row);
    Ok(())
}

/// The sum.
pub(crate) struct SumOf;

impl Keep<Integers> for SumOf {
    type State = Sum<i64>;
    type Monoid = Sum<i64>;
    fn empty() -> Self::State {
        Sum::identity()
    }
    #[inline]
    fn insert(state: &mut Self::State, value: i64) {
        *state += value;
    }
    fn save(state: &Self::State, row: &mut RowWriter<'_>) -> Result<(), Fault> {
        save_monoid(state, row)
    }
}

/// Records whose number is not finite were rejected before.
const FINITE: &str = "numbers that are not finite are rejected";

impl Keep<Floats> for SumOf {
    type State = ExactSum;
    type Monoid = Sum<f64>;
    fn empty() -> Self::State {
        ExactSum::new()
    }
    #[inline]
    fn insert(state: &mut Self::State, value: f64) {
        state.insert(value).expect(FINITE);
    }
    fn save(state: &Self::State, row: &mut RowWriter<'_>) -> Result<(), Fault> {
        row.put(&state.to_bytes());
        Ok(())
    }
    fn present(&self, state: &Self::Monoid, row: &mut RowWriter<'_>) {
        row.put(&state.value());
    }
}

macro_rules! extreme {
    ($($(#[$doc:meta])* $name:ident, $monoid:ident;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl<V, T> Keep<V> for $name
        where
            V: for<'a> Values<Read<'a> = T, Kept = T>,
            T: Stored + TotalOrder + Copy + 'static,
        {
            type State = $monoid<T>;
            type Monoid = $monoid<T>;
            fn empty() -> Self::State {
                $monoid::identity()
            }
            #[inline]
            fn insert(state: &mut Self::State, value: T) {
                state.insert(value);
            }
            fn save(state: &Self::State, row: &mut RowWriter<'_>) -> Result<(), Fault> {
                save_monoid(state, row)
            }
        }
    )*};
}

extreme! {
    /// The least value.
    Least, Min;
    /// The greatest value.
    Greatest, Max;
}

macro_rules! logic {
    ($($(#[$doc:meta])* $name:ident, $monoid:ident;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl Keep<Booleans> for $name {
            type State = $monoid;
            type Monoid = $monoid;
            fn empty() -> Self::State {
                $monoid::identity()
            }
            fn insert(state: &mut Self::State, value: bool) {
                state.insert(value);
            }
            fn save(state: &Self::State, row: &mut RowWriter<'_>) -> Result<(), Fault> {
                save_monoid(state, row)
            }
        }
    )*};
}

logic! {
    /// Whether any value is true.
    AnyOf, Any;
    /// Whether all values are true.
    AllOf, All;
}

/// The number of distinct values.
pub(crate) struct Distinct;

impl<V: Countable> Keep<V> for Distinct {
    type State = sketch::Hll;
    type Monoid = Hll;
    fn empty() -> Self::State {
        // That of the monoid.
        sketch::Hll::new(12)
    }
    #[inline]
    fn insert(state: &mut Self::State, value: V::Read<'_>) {
        V::insert(state, value);
    }
    fn save(state: &Self::State, row: &mut RowWriter<'_>) -> Result<(), Fault> {
        row.put(&state.to_bytes());
        Ok(())
    }
    fn present(&self, state: &Self::Monoid, row: &mut RowWriter<'_>) {
        row.put(&(state.estimate().round() as i64));
    }
}

/// Quantiles, each from 0 to 1.
pub(crate) struct Quantiles(pub(crate) Vec<f64>);

macro_rules! quantiles {
    ($($values:ty, |$value:ident: $read:ty| $number:expr;)*) => {$(
        impl Keep<$values> for Quantiles {
            type State = sketch::DdSketch;
            type Monoid = DdSketch;
            fn empty() -> Self::State {
                // The accuracy of the monoid.
                sketch::DdSketch::new(10.0 / 1000.0)
            }
            #[inline]
            fn insert(state: &mut Self::State, $value: $read) {
                state.insert($number).expect(FINITE);
            }
            fn save(state: &Self::State, row: &mut RowWriter<'_>) -> Result<(), Fault> {
                row.put(&state.to_bytes());
                Ok(())
            }
            fn present(&self, state: &Self::Monoid, row: &mut RowWriter<'_>) {
                self.0.iter().for_each(|quantile| row.put(&state.quantile(*quantile)));
            }
        }
    )*};
}

quantiles! {
    Integers, |value: i64| value as f64;
    Floats, |value: f64| value;
}
