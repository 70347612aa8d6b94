//! The data of a build: what is read, which tables come of it, and a piece of that work for any process.
//!
//! | file | holds |
//! |---|---|
//! | `input` | [`InputPlan`]: the frozen input, and how the driver of it is made |
//! | `table` | [`TablePlan`]: a table, and the component that folds it |
//! | `task` | [`Task`]: some splits of an input, to be folded into some tables |
//!
//! All of it is written as JSON, and none of it holds a secret. A process elsewhere that has a [`Task`] makes the same of
//! it as the process that planned it. Where the source needs secrets, that process takes them from the same environment
//! variables or files as the process that planned: [`InputPlan::driver`] says which one is missing.

mod input;
mod table;
mod task;
#[cfg(test)]
mod tests;

pub use input::{BasedOn, InputPlan, InputSource};
pub use table::{ComponentIdentity, TablePlan};
pub use task::Task;
