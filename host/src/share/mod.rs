//! Builds past one machine: units of a plan that workers fold anywhere, and a share through which their runs come back.
//!
//! A *share* is a folder or a prefix in a bucket. `stage` puts a planned build there, cut into *units*: consecutive splits.
//! A worker folds a unit into one sorted run. Which worker folds which unit, how often and how many at once is the matter of
//! an engine that exists: Spark, Kubernetes, AWS Batch, a shell loop. Once each unit is done, `seal` chooses one attempt of
//! each, and `gather` brings the chosen runs and checkpoints into the folder of a build, which goes on as one that was folded
//! on one machine.
//!
//! ```text
//! <share>/<table>/<build>/
//!   build.json  component.wasm  splits.jsonl  units.jsonl     by `stage`; build.json is the last
//!   rounds/1/0000000017/<attempt>/                            by a worker
//!       0000000204-0000000000.arrow  quarantine.jsonl  schemas.jsonl  done.json
//!   rounds/2/…                                                units that are folded again
//!   rounds/2.json                                             by `seal`: which, and without which offsets
//!   failed/0000000017.json                                    a unit that fails whenever it is folded
//!   sealed.json                                               by `seal`: the attempt of each unit that counts
//!   ranges.json  ranges/0000000003/<attempt>/                 by `seal --ranges` and `merge`, where one machine is not enough
//! ```
//!
//! The rules by which no failure does harm: no two attempts share a name; no file is renamed or overwritten; an attempt
//! counts once its `done.json` is there; `rounds/2.json` and `sealed.json` are of the process that puts them first. So
//! attempts that are killed, run twice or end hours late waste bytes and nothing else.
//!
//! | file | idea |
//! |---|---|
//! | `place` | where a share is: a folder or a bucket, with names that are taken once |
//! | `names`, `documents` | the files of a staged build, and the documents among them |
//! | `units` | a plan cut into units |
//! | `staged` | a staged build, opened; which attempts there are |
//! | `staging` | `stage` |
//! | `options`, `folding`, `attempt` | `worker`: what it is told, one unit, an attempt at it |
//! | `sealing`, `overlap` | `seal`; offsets that several units hold |
//! | `merging` | `merge`: the runs of all units, by ranges of keys |
//! | `gathering` | the chosen attempts, as checkpoints of a build on this machine |
//! | `collecting` | what `gc` removes |
//! | `error` | what can be wrong |

mod attempt;
mod collecting;
mod documents;
mod error;
mod folding;
mod gathering;
mod merging;
mod names;
mod options;
mod overlap;
pub mod place;
mod sealing;
mod staged;
mod staging;
mod units;

pub use collecting::{SharedGarbage, remove_staged};
pub use documents::{
    Chosen, Done, FailedUnit, FoldAgain, KeptFile, Repeated, Sealed, SecondRound, StagedManifest,
    Unit,
};
pub use error::ShareError;
pub(crate) use error::codes;
pub use folding::{FoldedUnit, UnitState};
pub use merging::{MergeOptions, MergedRange, Ranges};
pub use options::{UnitChoice, WorkerOptions};
pub use place::{Place, Share};
pub use sealing::Sealing;
pub use staged::StagedBuild;
pub use staging::StageSettings;

/// The most rounds in which units are folded: what the first round finds out is known to the second one.
const ROUNDS: u32 = 2;
