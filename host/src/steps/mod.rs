//! The steps of a build: functions over explicit data, for whichever process does them.
//!
//! | step | takes | gives |
//! |---|---|---|
//! | `Estimating` | a plan, and some of its splits | how many records it holds, and how long a run takes |
//! | `Sampling` | some splits of a plan | a sample of its events |
//! | [`load_component`] | a `.wasm` file | the component, and its descriptor |
//! | [`fold()`] | a [`Task`](crate::plan::Task) | runs, rejected records, and checkpoints that name them |
//! | [`merge()`] | the runs of all splits | the rows of a table |
//! | [`merge_runs`] | some runs, a range of keys | one run |
//! | [`load()`] | the runs of all splits | a shadow table |
//! | [`verify()`], [`judge`] | a loaded shadow table | the verdict of the gate, and the difference to the live table |
//! | [`swap`] | a loaded shadow table | a live table |
//!
//! No step knows a job, a lock or a journal. [`replay`](crate::replay) conducts them on one machine: it takes locks, keeps
//! the journal, and does only the steps that are left to do.
//!
//! | file | idea |
//! |---|---|
//! | `thread` | threads that have the stack for a component, and waiting for what runs on them |
//! | the others | a step each, with its error |

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::fold::FoldOptions;
use crate::progress::Progress;

mod component;
mod estimate;
mod fold;
mod load;
mod merge;
mod sample;
mod thread;
mod verify;

pub use crate::cutover::swap;
pub use component::{ComponentError, load_component};
pub use estimate::{Estimate, SampleOutcome, SampleReason};
pub(crate) use estimate::{EstimateError, Estimating, Total, pick};
pub(crate) use fold::codes;
pub use fold::{FoldFolder, FoldOutput, FoldStepError, Folding, Unfit, fold, fold_splits};
pub use load::{LoadError, load};
pub use merge::{MergeError, Runs, merge, merge_runs};
pub(crate) use sample::{Picked, SampleError, Sampling, pick_of_plan};
pub(crate) use thread::{on_thread, unless_cancelled, watched};
pub use verify::{Facts, Verdict, VerifyError, VerifyOptions, judge, verify};

/// What a step needs of the process that does it.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// Counts what is done.
    pub progress: Arc<Progress>,
    /// Ends the step soon. What is checkpointed by then is kept.
    pub cancel: CancellationToken,
    /// How many threads fold and merge, and how much memory the states may take. The stack of a thread that calls a
    /// component follows from the component's limits.
    pub options: FoldOptions,
}
