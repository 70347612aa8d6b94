//! From a loaded build to the one that people see, and back.
//!
//! | step | what it does |
//! |---|---|
//! | [`gate`] | checks a build: nothing missing, nothing lost, not suspiciously small |
//! | [`diff`], [`diff_with_live`] | shows what a swap would change |
//! | [`swap`] | shows the build under the public name, if nothing moved since the diff |
//! | [`rollback`] | shows the build before it again |
//! | [`gc`] | drops builds that nobody can want back |
//!
//! All of it goes through [`StateStore`](crate::store::StateStore), whatever the store.

mod diff;
mod error;
mod gate;
mod gc;
mod offsets;
mod sorted;
mod swap;
mod verdict;

pub use diff::{
    Change, ChangedRow, ColumnDiff, Counts, Diff, DiffOptions, IndexDiff, Lost, Samples,
    SchemaDiff, Side, diff, diff_with_live,
};
pub use error::CutoverError;
pub(crate) use error::codes;
pub use gate::{GateInput, gate};
pub use gc::{DEFAULT_KEEP, gc};
pub use sorted::SortOptions;
pub use swap::{rollback, swap};
pub use verdict::{Check, GateOptions, GateReport};

#[cfg(test)]
mod fixture;
