//! The conductor of builds on one machine: from a job to the live table.
//!
//! [`run`] reads as the program does: it takes locks, chooses the build to go on with, and does the
//! [steps](crate::steps) that are left. Each step takes what the one before left on disk, so a run may be stopped anywhere
//! and started again.
//!
//! | file | idea |
//! |---|---|
//! | `conductor` | what all files here share: the store, the work folder and the component of a job |
//! | `run` | the stages of a run, one after another |
//! | `planning` | from a job to a build with a frozen input |
//! | `choosing` | the build that a run goes on with, or a new one |
//! | `only_quarantined` | a build of the records that an earlier build rejected |
//! | `laws` | whether the component keeps the laws that a rebuild rests on, tried with events of the input |
//! | `folding` | the splits that are left, folded; what was folded before, checked |
//! | `sharing` | a build whose units are folded elsewhere: staged, and gathered |
//! | `loading` | the shadow table, loaded unless it is there |
//! | `cutover` | the verdict on a loaded table, and the swap of a run |
//! | `swapping`, `waiting` | `swap` and `rollback`; the time or the file that a swap waits for |
//! | `rehearsing` | `rehearse` |
//! | `hooking` | the commands of the user around a swap |
//! | `cleaning`, `aborting` | `gc` and `abort` |
//! | `phase`, `report` | how far a build is, and what a run says of itself |
//! | `commands` | builds that are there: listed, compared, their positions |
//! | `quarantine` | rejected records: shown, and folded again one by one |
//! | `review` | all that is known of a build, for a reader who decides on its swap |
//! | `reason` | the kind of a reason to reject a record |
//! | `estimate` | how long a build is going to take |
//! | `file_test` | `backfold test`: a component on a few files, against an expected table |
//! | `schemas` | the schemas of a build's messages |
//! | `error` | the errors of all of these |

mod aborting;
mod choosing;
mod cleaning;
mod commands;
mod conductor;
mod cutover;
mod error;
mod estimate;
mod file_test;
mod folding;
mod hooking;
mod laws;
mod loading;
mod only_quarantined;
mod phase;
mod planning;
mod quarantine;
mod reason;
mod rehearsing;
mod report;
pub mod review;
mod run;
mod schemas;
mod sharing;
mod swapping;
mod waiting;

pub use crate::steps::{Estimate, SampleOutcome, SampleReason};
pub use aborting::{Aborted, abort};
pub use cleaning::{Collected, GcOptions, Leftover, gc};
pub use commands::{Positions, diff, handoff, history, status};
pub use conductor::RunOptions;
pub use error::Error;
pub(crate) use file_test::codes as file_test_codes;
pub use file_test::{
    Comparison, DifferentRow, Expectation, FileTest, FileTestError, FileTestOptions, Rejection,
    test,
};
pub use laws::{CheckOptions, check, check_again};
pub use phase::BuildPhase;
pub use quarantine::{
    Fate, Numbered, Quarantine, ReasonCount, Replayed, quarantine, quarantined, replay_quarantined,
};
pub use rehearsing::{RehearseOptions, Rehearsed, rehearse};
pub use report::{BuildStatus, ComponentInfo, Outcome, Planned, RunReport, StageTime};
pub use review::review;
pub use run::{plan, run};
pub(crate) use schemas::schemas_of_job;
pub use sharing::{StageOptions, Staged, StagedStatus, stage, staged_status};
pub use swapping::{SwapOptions, Swapped, rollback, swap};
pub use waiting::Until;

use conductor::Replay;
