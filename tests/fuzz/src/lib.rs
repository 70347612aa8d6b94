//! The decoder of `backfold`, the lines of its journal, and what they stand on, without the rest. Built with
//! `--cfg fuzzing`, which cargo-fuzz sets.
#![cfg(fuzzing)]
#![allow(
    dead_code,
    unused_imports,
    reason = "what else there is in these files is used by the rest of backfold"
)]

pub mod build;
#[path = "../../../host/src/decode/mod.rs"]
pub mod decode;
#[path = "../../../host/src/durable.rs"]
mod durable;
#[path = "../../../host/src/error/mod.rs"]
pub mod error;
#[path = "../../../host/src/schema.rs"]
pub mod schema;
#[path = "../../../host/src/source/mod.rs"]
pub mod source;
#[path = "../../../host/src/units.rs"]
pub mod units;
