//! Monoids: what a state is made of.
//!
//! | type | keeps | state columns |
//! |---|---|---|
//! | [`Sum<i64>`] | a sum that never wraps: out of range, it fails the build | `int64` |
//! | [`Sum<f64>`] | an exact sum, rounded when it is read | `binary` |
//! | [`Min`], [`Max`] | the least, the greatest | the value's, nullable |
//! | [`Any`], [`All`] | whether one was, whether all were | `boolean` |
//! | [`First`], [`Last`] | the value at the earliest, the latest time | the value's and `…_at`, nullable |
//! | [`TopK`] | the items of the highest scores | `binary` |
//! | [`Set`] | the smallest values, and whether there were more | `binary` |
//! | [`Hll`], [`Theta`] | an estimate of how many distinct values | `binary` |
//! | [`CountMin`] | an upper estimate of how often a value occurred | `binary` |
//! | [`DdSketch`] | quantiles within a relative error | `binary` |
//!
//! Of one's own: `#[derive(Monoid)]` on a struct of monoids, or an implementation of [`Monoid`].
//!
//! # What is not here, and why
//! A rebuild folds pieces of history in parallel and combines what comes out, so a state may depend on the
//! events alone and not on where the pieces were cut: `combine` has to be associative, to the last bit.
//! * **A plain sum of `f64`** is not: `(1e16 + 1.0) + 1.0` is not `1e16 + (1.0 + 1.0)`. [`Sum<f64>`] keeps enough
//!   of the sum to be exact.
//! * **t-digest and KLL** compress their centroids or levels as they merge, and what is left depends on the order
//!   (and in KLL on a coin). For quantiles take [`DdSketch`], whose buckets add up.
//! * **Frequent items** (Misra-Gries, space-saving) subtract counters as they merge, likewise. [`CountMin`] counts
//!   items with an error that does not depend on the order; [`TopK`] ranks by scores that need no adding up.

use std::borrow::Cow;
use std::fmt;

use crate::column::Malformed;
use crate::schema::Output;
use crate::value::{RowReader, RowWriter};

mod deferred;
mod extremes;
mod first_last;
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
/// Derive it for a struct of monoids: its columns are the fields', named by them. An implementation of one's own
/// that can be cloned undoes a record by a copy:
/// ```
/// # use backfold_guest::{Fault, Kind, Malformed, Monoid, Output, RowReader, RowWriter, output};
/// /// The greatest common divisor of what it saw; 0 for nothing.
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
    /// Whether `combine(a, b)` is `combine(b, a)`. Where it is not, the host combines in the order of the source,
    /// and is slower for it.
    const COMMUTATIVE: bool;

    /// The columns that it is kept in, for a field of that name. The whole state is asked with an empty name.
    fn columns(name: &str) -> Vec<Output>;

    /// What has seen no event.
    fn identity() -> Self;

    /// Appends what `right` saw to what `self` saw.
    ///
    /// # Errors
    /// Where the result cannot be represented; the build then fails rather than keep a wrong value.
    fn combine(&mut self, right: &Self) -> Result<(), Fault>;

    /// Whether its columns can hold it, which is asked before [`save`](Monoid::save).
    ///
    /// # Errors
    /// Where they cannot; the build then fails. No record is rejected: which one was too many would depend on
    /// where history was cut.
    fn fits(&self) -> Result<(), Fault> {
        Ok(())
    }

    /// Writes a value to each of its columns. Equal states write equal bytes.
    fn save(&self, row: &mut RowWriter<'_>);

    /// Reads what [`save`](Monoid::save) wrote.
    ///
    /// # Errors
    /// Where the columns hold no such state.
    fn load(row: &mut RowReader<'_>) -> Result<Self, Malformed>;

    /// What undoes a record.
    type Mark;

    /// Lets all that it saw so far stand, and remembers it.
    fn mark(&mut self) -> Self::Mark;

    /// Forgets what it saw since the mark was made, the latest.
    fn restore(&mut self, mark: Self::Mark);

    /// Why the record that was just folded cannot stand, if it cannot: the record is then rejected and taken back.
    /// To be told by the record alone, as with a number that is NaN: [`fits`](Monoid::fits) says why.
    fn fault(&self) -> Option<Fault> {
        None
    }
}

/// Why a state cannot be represented.
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
