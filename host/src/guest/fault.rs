//! What the failure of a call means.

use wasmtime::{FrameInfo, Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use super::sandbox::Sandbox;
use super::text::printable;
use super::{Call, GuestError, Limits};

/// How many functions of a backtrace are kept.
const FRAMES: usize = 24;

/// How long a message of a component may be in an error.
pub(super) const MESSAGE_BYTES: usize = 2 << 10;

/// What a call was given.
#[derive(Clone, Copy)]
pub(super) struct Budget {
    pub(super) fuel: u64,
    pub(super) rows: u64,
    pub(super) bytes: u64,
}

/// Says what `error`, which came out of `call`, was. `stderr` is the end of what the component printed.
pub(super) fn classify(
    call: Call,
    error: &wasmtime::Error,
    sandbox: &mut Sandbox,
    limits: &Limits,
    budget: Budget,
    stderr: &str,
) -> GuestError {
    if let Some(refused) = sandbox.growth.take_refused() {
        let (what, setting) = (refused.what, refused.setting);
        return GuestError::OutOfMemory {
            call,
            what,
            wanted: refused.wanted.into(),
            limit: refused.limit.into(),
            setting,
        };
    }
    let trap = error.downcast_ref::<Trap>();
    if trap == Some(&Trap::OutOfFuel) {
        let Budget { fuel, rows, bytes } = budget;
        return GuestError::OutOfFuel {
            call,
            limit: fuel,
            rows,
            bytes,
        };
    }
    // For these wasmtime has types, but keeps them to itself.
    let cause = error.root_cause().to_string();
    if cause.starts_with("resource limit exceeded") {
        return GuestError::OutOfMemory {
            call,
            what: "instances, tables and memories",
            wanted: "more".into(),
            limit: limits.instances.to_string().into(),
            setting: "instances",
        };
    }
    if cause.contains("fuel allocated for hostcalls") {
        return GuestError::AnswerTooLarge {
            call,
            limit: limits.answer,
        };
    }
    let backtrace = error.downcast_ref::<WasmBacktrace>().map(frames);
    // Before a function of the component runs, only the mapping of its memories and tables asks the system for anything.
    // That this failed is no fault of the component.
    let is_start = call == Call::Start && backtrace.is_none();
    if is_start && cause.contains("(os error ") {
        return GuestError::NoRoom { message: cause };
    }
    let cause = match (trap, error.downcast_ref::<I32Exit>()) {
        (Some(Trap::UnreachableCodeReached), _) => {
            "unreachable was reached, as by a panic or an abort".to_owned()
        }
        (Some(Trap::StackOverflow), _) => {
            format!(
                "the stack is exhausted, and `limits.stack` is {}",
                limits.stack
            )
        }
        (Some(trap), _) => trap.to_string(),
        (None, Some(exit)) => format!("it called exit({})", exit.0),
        // Without a frame of the component's own, it was the lifting of its answer that failed.
        (None, None) if backtrace.is_none() && call != Call::Start => {
            return GuestError::BadAnswer {
                call,
                what: printable(&error.root_cause().to_string(), MESSAGE_BYTES),
            };
        }
        (None, None) => printable(&error.root_cause().to_string(), MESSAGE_BYTES),
    };
    let message = if stderr.is_empty() {
        cause
    } else {
        format!("{cause}; it had written: {stderr}")
    };
    GuestError::Trap {
        call,
        message,
        backtrace: backtrace.unwrap_or_default(),
    }
}

fn frames(backtrace: &WasmBacktrace) -> Vec<String> {
    let name = |frame: &FrameInfo| match frame.func_name() {
        Some(name) => printable(name, 200),
        None => format!("function {}", frame.func_index()),
    };
    backtrace.frames().iter().take(FRAMES).map(name).collect()
}
