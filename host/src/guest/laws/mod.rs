//! Tests of the laws that a rebuild depends on, through the component itself.
//!
//! [`check`] folds a [`Sample`] in many ways, evaluates equations on the states, and compares both sides byte by byte in
//! their Arrow columns. If they differ, it searches for the smallest case: the fewest events for each state. That
//! [`Counterexample`] can be saved and [run again](again).
//!
//! A broken law breaks others as well. So that the report names the cause, those are not tested: without determinism only
//! `present` is tested, without identity no stability, without identity, associativity or stability no cuts.
//!
//! | file | holds |
//! |---|---|
//! | `law` | the laws by name |
//! | `check`, `options` | all laws, one after another, and how much work that may be |
//! | `report`, `describe` | the results of a check, and counterexamples |
//! | `again` | a counterexample as a file, and run again |
//! | `sample`, `generate`, `random` | events to test on |
//! | `lab` | calls of the component that may fail, each with a fresh instance after a failure |
//! | `screen` | the events that can be folded |
//! | `pool` | states, and cases made from them |
//! | `equation`, `sides` | the equations of each law, and their two sides |
//! | `search` | an equation on many cases |
//! | `violation` | an equation on one case, whose states are made anew |
//! | `shrink` | fewer events |

mod again;
mod check;
mod describe;
mod equation;
mod error;
mod generate;
mod lab;
mod law;
mod options;
mod pool;
mod random;
mod report;
mod sample;
mod screen;
mod search;
mod shrink;
mod sides;
mod violation;

pub use again::{again, read, save};
pub use check::check;
pub use equation::Equation;
pub use error::LawError;
pub(crate) use error::codes;
pub use generate::generate;
pub use law::Law;
pub use options::LawOptions;
pub(crate) use random::Random;
pub use report::{Checked, Counterexample, LawReport, LawResult, Operand, Verdict};
pub use sample::{Event, Sample};

#[cfg(test)]
mod tests;
