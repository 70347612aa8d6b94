//! Sketches and exact sums that are true monoids.
//!
//! A state is made by folding records in some order, cut into some batches, and by merging what
//! the workers made, in some tree. None of that may show: **equal multisets of inserted values
//! give equal bytes and equal estimates**, however they were cut and merged. Every type here
//! holds to it, by having one canonical form:
//!
//! | Type | Answers | Canonical because |
//! |---|---|---|
//! | [`Hll`] | how many distinct values | sorted coupons, then registers (a maximum each) alone |
//! | [`Theta`] | the same, and supports set operations elsewhere | the smallest hashes of the set |
//! | [`CountMin`] | how often one value occurred, at most | counters that add up |
//! | [`DdSketch`] | quantiles, within a relative error | counters of fixed buckets that add up |
//! | [`ExactSum`] | the sum of floats, correctly rounded | an exact integer |
//!
//! All have `new`, `insert`, `merge`, `to_bytes` and `from_bytes`. The state just made by `new`
//! is the identity: merging it changes no byte. `from_bytes` accepts exactly what `to_bytes`
//! writes, so equal states are equal bytes; any other input is a [`Malformed`], never a panic,
//! and memory stays in proportion to the parameters and the input.
//!
//! # What others can read
//!
//! [`Hll`] and [`Theta`] write the serialized form of [Apache DataSketches], which its Java, C++,
//! Python and Rust libraries and the databases that embed them read. Values are hashed as there
//! (see [`Item`]), so those can merge a sketch of ours with one of their own. The others have a
//! form of their own, given with the type.
//!
//! # What is left out, and why
//!
//! t-digest, KLL and frequent-items (Misra-Gries) sketches are not associative: what they keep
//! depends on the order of inserting and merging (KLL also tosses coins). A replay with another
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

/// Why a value was not inserted. The state is as it was.
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

/// Bytes that are not a canonical state of the type asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed {
    /// The type that was to be read.
    pub sketch: &'static str,
    /// What is wrong with the bytes.
    pub reason: &'static str,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a canonical {} state: {}", self.sketch, self.reason)
    }
}

impl std::error::Error for Malformed {}
