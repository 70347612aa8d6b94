//! Monoids: the parts of a state.
//!
//! | type | keeps | state columns |
//! |---|---|---|
//! | [`Sum<i64>`] | a sum that never wraps: out of range, it fails the build | `int64` |
//! | [`Sum<f64>`] | an exact sum, rounded when it is read | `binary` |
//! | [`Min`], [`Max`] | the least, the greatest value | that of the value, nullable |
//! | [`Any`], [`All`] | whether any value was true, whether all were | `boolean` |
//! | [`First`], [`Last`] | the value at the earliest, the latest time | that of the value and `…_at`, nullable |
//! | [`TopK`] | the items with the highest scores | `binary` |
//! | [`Set`] | the smallest values, and whether there were more | `binary` |
//! | [`Hll`], [`Theta`] | an estimate of the number of distinct values | `binary` |
//! | [`CountMin`] | an upper estimate of how often a value occurred | `binary` |
//! | [`DdSketch`] | quantiles within a relative error | `binary` |
//!
//! For a monoid of your own, write `#[derive(Monoid)]` on a struct of monoids, or implement [`Monoid`].
//!
//! # What is not here, and why
//! A rebuild folds parts of history in parallel and combines their states. A state has to depend on the events
//! alone, and not on where the parts begin: so `combine` has to be associative, to the last bit.
//! * **A plain sum of `f64`** is not associative: `(1e16 + 1.0) + 1.0` is not `1e16 + (1.0 + 1.0)`. [`Sum<f64>`] keeps enough
//!   of the sum to be exact.
//! * **t-digest and KLL** compress centroids or levels while they merge, and the result depends on the order of
//!   merging (and in KLL on random choices). For quantiles, use [`DdSketch`], whose buckets add up.
//! * **Frequent items** (Misra-Gries, space-saving) subtract counters while they merge, with the same effect.
//!   [`CountMin`] counts items with an error that does not depend on the order; [`TopK`] ranks items by scores that
//!   are not sums.

use std::borrow::Cow;
use std::fmt;

use crate::column::Malformed;
use crate::schema::Output;
use crate::value::{RowReader, RowWriter};

mod deferred;
mod extremes;
mod first_last;
#[cfg(test)]
mod golden;
mod logic;
mod order;
mod set;
mod sketches;
mod sum;
mod top_k;

pub use extremes::{Max, Min};
pub use first_last::{First, Last};
pub use logic::{All, Any};
pub use order::TotalOrder;
pub use set::{Element, Set};
pub use sketches::{CountMin, DdSketch, Hll, Theta};
pub use sum::{Sum, Summand};
pub use top_k::TopK;

/// A state, or a part of one, with an identity and an associative `combine`:
/// for all a, b, c, `combine(identity, a) = a = combine(a, identity)` and
/// `combine(combine(a, b), c) = combine(a, combine(b, c))`, all compared by their columns.
///
/// Derive it for a struct of monoids: its columns are those of the fields, and have their names. A type of your own
/// that can be cloned undoes a record by a copy:
/// ```
/// # use backfold_guest::{Fault, Kind, Malformed, Monoid, Output, RowReader, RowWriter, output};
/// /// The greatest common divisor of the numbers; 0 for none.
/// #[derive(Clone)]
/// struct Gcd(i64);
///
/// impl Monoid for Gcd {
///     const COMMUTATIVE: bool = true;
///     fn columns(name: &str) -> Vec<Output> { vec![output::<i64>(name)] }
///     fn identity() -> Self { Gcd(0) }
///     fn combine(&mut self, right: &Self) -> Result<(), Fault> {
///         let (mut a, mut b) = (self.0, right.0);
///         while b != 0 { (a, b) = (b, a % b) }
///         self.0 = a;
///         Ok(())
///     }
///     fn save(&self, row: &mut RowWriter<'_>) { row.put(&self.0) }
///     fn load(row: &mut RowReader<'_>) -> Result<Self, Malformed> { row.take().map(Gcd) }
///
///     type Mark = Self;
///     fn mark(&mut self) -> Self { self.clone() }
///     fn restore(&mut self, mark: Self) { *self = mark }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no monoid, so it cannot be kept",
    label = "no monoid",
    note = "a state is a `#[derive(Monoid)]` struct of `Sum`, `Min`, `Max`, `Any`, `All`, `First`, `Last`, `TopK`, `Set` or a sketch",
    note = "a bare number does not say how two of it combine: a counter is a `Sum<i64>`"
)]
pub trait Monoid: Sized {
    /// Whether `combine(a, b)` is `combine(b, a)`. If not, the host combines states in the order of the source, which
    /// is slower.
    const COMMUTATIVE: bool;

    /// The state columns of a field with this name. The name is empty for a whole state.
    fn columns(name: &str) -> Vec<Output>;

    /// The state before any event.
    fn identity() -> Self;

    /// Makes `self` the state of its own events followed by those of `right`.
    ///
    /// # Errors
    /// If the result cannot be represented. The build then fails, so that no wrong value is kept.
    fn combine(&mut self, right: &Self) -> Result<(), Fault>;

    /// Checks that the columns can hold the state. Called before [`save`](Monoid::save).
    ///
    /// # Errors
    /// If they cannot. The build then fails. No record is rejected, since the choice of that record would depend on
    /// where the parts of history begin.
    fn fits(&self) -> Result<(), Fault> {
        Ok(())
    }

    /// Writes a value to each of the state columns. Equal states write equal bytes.
    fn save(&self, row: &mut RowWriter<'_>);

    /// Reads a state that [`save`](Monoid::save) wrote.
    ///
    /// # Errors
    /// If the columns hold no such state.
    fn load(row: &mut RowReader<'_>) -> Result<Self, Malformed>;

    /// The data that undoes a record.
    type Mark;

    /// Keeps all events so far, and returns the data that undoes later ones.
    fn mark(&mut self) -> Self::Mark;

    /// Undoes all events since `mark`, which is the latest one.
    fn restore(&mut self, mark: Self::Mark);

    /// The reason for which the last record has to be rejected and undone, if there is one. It may depend on that record
    /// alone, as for a number that is NaN; the errors of [`fits`](Monoid::fits) give the reason for this rule.
    fn fault(&self) -> Option<Fault> {
        None
    }
}

/// The reason for which a state cannot be represented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    reason: Cow<'static, str>,
    field: Option<String>,
}

impl Fault {
    /// A fault with this reason.
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Fault {
        Fault {
            reason: reason.into(),
            field: None,
        }
    }

    /// The same fault, in that field of a state.
    #[must_use]
    pub fn in_field(self, field: &str) -> Fault {
        let field = self
            .field
            .map_or_else(|| field.to_string(), |inner| column_name(field, &inner));
        Fault {
            field: Some(field),
            ..self
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field {
            Some(field) => write!(f, "{field}: {}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

impl std::error::Error for Fault {}

/// The name of a field's column within a struct: `field`, or `outer_field` where the struct is itself a field.
pub fn column_name(outer: &str, field: &str) -> String {
    if outer.is_empty() {
        field.to_string()
    } else {
        format!("{outer}_{field}")
    }
}
