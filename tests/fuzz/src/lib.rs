//! The decoder of `backfold` and what it stands on, without what stands on it. Built with `--cfg fuzzing`, which
//! cargo-fuzz sets.
#![cfg(fuzzing)]
#![allow(
    dead_code,
    unused_imports,
    reason = "what else there is in these files is used by the rest of backfold"
)]

#[path = "../../../host/src/decode/mod.rs"]
pub mod decode;
#[path = "../../../host/src/error/mod.rs"]
pub mod error;
#[path = "../../../host/src/schema.rs"]
pub mod schema;
#[path = "../../../host/src/source/mod.rs"]
pub mod source;
#[path = "../../../host/src/units.rs"]
pub mod units;
