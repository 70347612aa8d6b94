//! The live table: swaps, rollbacks, and the database that other programs use too.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod compare;
mod cutover;
mod database;
mod ending;
mod gate;
mod hooks;
mod rehearsal;
mod small;
mod waiting;
