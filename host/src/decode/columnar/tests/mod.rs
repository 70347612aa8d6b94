//! Columns held against JSON Lines of the same values.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod against_json;
mod named;
mod rows;
mod rules;
mod support;

pub(super) use support::{assert_alike, event_inputs, events, events_as_json};
