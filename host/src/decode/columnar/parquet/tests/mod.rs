//! Parquet objects, written here and by others, whole and damaged.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod damage;
mod fixtures;
mod growth;
mod maps;
mod not_read;
mod pruning;
pub(in crate::decode::columnar) mod support;
mod writers;
