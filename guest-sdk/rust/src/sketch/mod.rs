//! Sketches and exact sums that are true monoids.
//!
//! A state is made by folding records in some order and in some batches, and by merging the
//! states of workers in some order. The state must not depend on any of that: **equal multisets
//! of inserted values give equal bytes and equal estimates**. Each type here has that property,
//! because it has one canonical form:
//!
//! | Type | Estimates | Canonical because it holds |
//! |---|---|---|
//! | [`Hll`] | the number of distinct values | sorted coupons, then registers alone (a maximum each) |
//! | [`Theta`] | the same; readers can intersect and subtract sketches | the smallest hashes of the set |
//! | [`CountMin`] | an upper bound for the occurrences of a value | counters that add up |
//! | [`DdSketch`] | quantiles, within a relative error | counters of fixed buckets that add up |
//! | [`ExactSum`] | the sum of floats, rounded correctly | an exact integer |
//!
//! All have `new`, `insert`, `merge`, `to_bytes` and `from_bytes`. The state that `new` makes is
//! the identity: merging it changes no byte. `from_bytes` accepts only bytes that `to_bytes` can
//! write, so equal states are equal bytes; other input gives [`Malformed`] and never a panic, and
//! memory stays in proportion to the parameters and the input.
//!
//! # Bytes that other libraries read
//!
//! [`Hll`] and [`Theta`] write the serialized form of [Apache DataSketches], which its Java, C++,
//! Python and Rust libraries and the databases that embed them read. Values are hashed in
//! the same way (see [`Item`]), so these libraries can merge such a sketch with one of their own. The
//! other types have forms of their own, which their documentation gives.
//!
//! # Sketches that are left out, and why
//!
//! t-digest, KLL and frequent-items (Misra-Gries) sketches are not associative: their states
//! depend on the order of insertions and merges (KLL's also on random choices). A run with another
//! number of workers would give another state from the same history. Use [`DdSketch`] for
//! quantiles, and [`CountMin`] or exact counts for frequencies. HLL's own, slightly sharper
//! estimator (HIP) depends on the order too and is not used.
//!
//! [Apache DataSketches]: https://datasketches.apache.org/

mod bytes;
mod count_min;
mod dd_buckets;
mod dd_sketch;
mod exact_sum;
mod hll;
pub(crate) mod item;
#[cfg(test)]
mod laws;
mod theta;

use std::fmt;

pub use count_min::CountMin;
pub use dd_sketch::DdSketch;
pub use exact_sum::ExactSum;
pub use hll::Hll;
pub use item::Item;
pub use theta::Theta;

/// Why two states were not merged. Both are as they were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MergeError {
    /// They were made with different parameters, and there is no common state.
    Mismatch {
        /// The parameter, as `new` names it.
        parameter: &'static str,
        /// Its value in the state merged into.
        left: String,
        /// Its value in the state merged from.
        right: String,
    },
    /// The total count exceeds `u64`.
    Overflow,
}

impl MergeError {
    fn mismatch(parameter: &'static str, left: impl ToString, right: impl ToString) -> Self {
        Self::Mismatch {
            parameter,
            left: left.to_string(),
            right: right.to_string(),
        }
    }
}

impl fmt::Display for MergeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mismatch {
                parameter,
                left,
                right,
            } => write!(
                f,
                "cannot merge sketches of different {parameter}: {left} and {right}"
            ),
            Self::Overflow => f.write_str("the merged total count exceeds u64"),
        }
    }
}

impl std::error::Error for MergeError {}

/// The reason for which a value was not inserted. The state is unchanged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum InsertError {
    /// The value is infinite or not a number.
    NotFinite(f64),
    /// The total count exceeds `u64`.
    Overflow,
}

impl fmt::Display for InsertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFinite(value) => write!(f, "{value} is not a finite number"),
            Self::Overflow => f.write_str("the total count exceeds u64"),
        }
    }
}

impl std::error::Error for InsertError {}

/// Bytes that are not a canonical state of the type to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed {
    /// The type to be read.
    pub sketch: &'static str,
    /// The rule that the bytes break.
    pub reason: &'static str,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a canonical {} state: {}", self.sketch, self.reason)
    }
}

impl std::error::Error for Malformed {}
