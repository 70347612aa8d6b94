//! From a loaded build to the live one, and back.
//!
//! | step | what it does |
//! |---|---|
//! | [`gate`] | checks a build: nothing missing, nothing lost, not suspiciously small |
//! | [`diff`], [`diff_with_live`] | shows what a swap would change |
//! | [`swap`] | shows the build under the public name, if nothing moved since the diff |
//! | [`rollback`] | shows the build before it again |
//! | [`gc`] | drops the tables of old builds |
//!
//! | file | |
//! |---|---|
//! | `options` | [`GateOptions`], the settings |
//! | `verdict` | [`Check`] and [`GateReport`]: plain data |
//! | `gate`, `offsets`, `presence`, `limits`, `asserted` | the checks |
//! | `live` | the build that a public name shows |
//! | `diff` | the comparison of two builds |
//! | `sorted` | the rows of a build sorted by key, whatever the store's order |
//! | `swap`, `gc` | the steps of those names |
//! | `error` | [`CutoverError`] and its codes |
//!
//! All of it goes through [`StateStore`](crate::store::StateStore), whatever the store.

mod asserted;
mod diff;
mod error;
mod gate;
mod gc;
mod limits;
mod live;
mod offsets;
mod options;
mod presence;
mod sorted;
mod swap;
mod verdict;

pub use diff::{
    Change, ChangedRow, ColumnDiff, ColumnFigures, Comparison, Counts, Diff, DiffOptions, Drift,
    IndexDiff, KeyValue, KeysWritten, Lost, Samples, SchemaDiff, Side, compare_with_live, diff,
    diff_with_live,
};
pub use error::CutoverError;
pub(crate) use error::codes;
pub use gate::{GateInput, gate};
pub use gc::{DEFAULT_KEEP, gc};
pub use options::{Assertion, DriftLimits, GateOptions};
pub use sorted::SortOptions;
pub use swap::{rollback, swap};
pub use verdict::{Check, GateReport};

#[cfg(test)]
mod fixture;
