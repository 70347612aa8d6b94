//! The decoder of `backfold`, the lines of its journal, and what they stand on, without the rest. Built with
//! `--cfg fuzzing`, which cargo-fuzz sets.
#![cfg(fuzzing)]
#![allow(
    dead_code,
    unused_imports,
    reason = "what else there is in these files is used by the rest of backfold"
)]

use std::backtrace::Backtrace;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::sync::Once;

pub mod workdir;
#[path = "../../../host/src/decode/mod.rs"]
pub mod decode;
#[path = "../../../host/src/durable.rs"]
mod durable;
#[path = "../../../host/src/error.rs"]
pub mod error;
#[path = "../../../host/src/fault_point.rs"]
mod fault_point;
#[path = "../../../host/src/schema.rs"]
pub mod schema;
#[path = "../../../host/src/source/mod.rs"]
pub mod source;
#[path = "../../../host/src/units.rs"]
pub mod units;

thread_local! {
    /// The last panic, and where it was.
    static LAST: RefCell<Option<(String, Backtrace)>> = const { RefCell::new(None) };
}

/// Runs a target, and aborts where it panics.
///
/// libFuzzer's own hook aborts at every panic, also at one within a library that the decoder catches: what it gives
/// for that is an error of the object.
pub fn run(target: impl FnOnce()) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        set_hook(Box::new(|panic| {
            LAST.set(Some((panic.to_string(), Backtrace::capture())));
        }));
    });
    if catch_unwind(AssertUnwindSafe(target)).is_err() {
        if let Some((panic, backtrace)) = LAST.take() {
            eprintln!("{panic}\n{backtrace}");
        }
        std::process::abort();
    }
}
