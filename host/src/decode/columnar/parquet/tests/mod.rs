//! Parquet objects, written here and by others, whole and damaged.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod damage;
mod fixtures;
mod growth;
mod pruning;
mod support;
mod writers;
