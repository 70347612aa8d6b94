//! The laws that a rebuild rests on, tested through the component itself.
//!
//! [`check`] folds a [`Sample`] in many ways, puts the states that come of it into equations, and compares both sides
//! byte by byte, as their Arrow columns have them. Where they differ it looks for the smallest case: the fewest
//! events behind each state. That [`Counterexample`] can be saved and [run again](again).
//!
//! A law that fails takes others with it; to name the cause, those are not tested: without determinism none but
//! `present`, without identity no stability, without identity, associativity or stability no cuts.
//!
//! | file | holds |
//! |---|---|
//! | `report` | the laws, and what a check found |
//! | `sample`, `generate` | events to test on |
//! | `lab` | calls of the component that may fail |
//! | `screen` | leaving out what cannot be folded |
//! | `pool` | states, and cases made of them |
//! | `equation` | what has to be equal |
//! | `search` | an equation on many cases |
//! | `trial` | an equation on one case, made anew |
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
