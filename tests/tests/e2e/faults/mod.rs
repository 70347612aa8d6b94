//! Whatever fails, and whenever: readers see the old table or the new one, whole, and the same command again gives the
//! table of a run that nothing disturbed.
//!
//! | file | what fails |
//! |---|---|
//! | `crash.rs` | the process ends right after each of its writes |
//! | `fail.rs` | each call of the work folder and of the store fails once, before it has done its work or after it |
//! | `kill.rs` | the process is killed at any moment |
//! | `postgres.rs` | the same of the calls of the store in PostgreSQL |
//!
//! Each test takes a command through a [`stage::Stage`] on a [`place::Place`], whose store is a [`target::Target`].
//! `host/src/fault_point.rs` has the points, which `tests/src/fault.rs` uses.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod check;
mod crash;
mod fail;
mod kill;
mod place;
mod postgres;
mod stage;
mod target;

pub(crate) use check::error_code;
pub(crate) use crash::crashes;
pub(crate) use fail::failures;
