//! Columns compared with JSON Lines of the same values.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod against_json;
mod alike;
mod converting;
mod key_values;
mod logical;
mod logical_types;
mod physical;
mod presence;
mod rows;
mod rules;
mod support;
mod types;

pub(super) use support::{
    assert_alike, assert_alike_under, event_inputs, events, events_as_json, inputs_of_a_key,
    key_of_events,
};
