//! `backfold report`: the page about a build, from real builds, in a real browser.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod browser;
mod builds;
mod command;
mod states;
mod topics;
