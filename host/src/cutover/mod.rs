//! From a loaded build to the live one, and back.
//!
//! | step | what it does |
//! |---|---|
//! | [`gate`] | checks a build: nothing missing, nothing lost, not suspiciously small |
//! | [`diff`], [`diff_with_live`] | shows what a swap would change |
//! | [`swap`] | shows the build under the public name, if nothing moved since the diff |
//! | [`rollback`] | shows the build before it again |
//! | [`rehearse`] | swaps and swaps back, and measures what readers notice |
//! | [`run_hooks`] | runs the user's commands before and after a swap |
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
//! | `hooks`, `hook_log` | commands of the user, and what is kept of their output |
//! | `rehearse`, `readers` | a rehearsal, and the reader that measures it |
//! | `error` | [`CutoverError`] and its codes |
//!
//! All of it goes through [`StateStore`](crate::store::StateStore), whatever the store.

mod asserted;
mod diff;
mod error;
mod gate;
mod gc;
mod hook_log;
mod hooks;
mod limits;
mod live;
mod offsets;
mod options;
mod presence;
mod readers;
mod rehearse;
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
pub use gc::{DEFAULT_KEEP, DropReason, Droppable, GcOptions, Whereabouts, droppable, gc};
pub use hooks::{Commands, HookEvent, HookFacts, HookFailure, HookOptions, HookPlace, run_hooks};
pub use options::{Assertion, DriftLimits, GateOptions};
pub use readers::ReadTimes;
pub use rehearse::{Rehearsal, SwapTimes, rehearse};
pub use sorted::SortOptions;
pub use swap::{rollback, swap};
pub use verdict::{Check, GateReport};

#[cfg(test)]
mod fixture;
