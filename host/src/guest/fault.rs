//! From an error of wasmtime to a [`GuestError`].

use wasmtime::{FrameInfo, Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use super::sandbox::Sandbox;
use super::text::printable;
use super::{Call, GuestError, Limits};

/// The most functions of a backtrace that an error keeps.
const FRAMES: usize = 24;

/// The longest message of a component in an error, in bytes.
pub(super) const MESSAGE_BYTES: usize = 2 << 10;

/// The fuel of a call, and the rows and bytes that it was given or asked for.
#[derive(Clone, Copy)]
pub(super) struct Budget {
    pub(super) fuel: u64,
    pub(super) rows: u64,
    pub(super) bytes: u64,
}

/// The [`GuestError`] for the error that wasmtime gave for `call`. `stderr` is the end of what the component printed.
pub(super) fn classify(
    call: Call,
    error: &wasmtime::Error,
    sandbox: &mut Sandbox,
    limits: &Limits,
    budget: Budget,
    stderr: &str,
) -> GuestError {
    if let Some(error) = exceeded(call, error, sandbox, limits, budget) {
        return error;
    }
    let cause = error.root_cause().to_string();
    let backtrace = error.downcast_ref::<WasmBacktrace>().map(frames);
    // Before a function of the component runs, only the mapping of its memories and tables asks the system for anything.
    // That this failed is no fault of the component.
    let is_start = call == Call::Start && backtrace.is_none();
    if is_start && cause.contains("(os error ") {
        return GuestError::NoRoom { message: cause };
    }
    let trap = error.downcast_ref::<Trap>();
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
        // An error without a frame of the component comes from reading its answer.
        (None, None) if backtrace.is_none() && call != Call::Start => {
            return GuestError::BadAnswer {
                call,
                what: printable(&cause, MESSAGE_BYTES),
            };
        }
        (None, None) => printable(&cause, MESSAGE_BYTES),
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

/// The error for a limit that was exceeded, if one was.
fn exceeded(
    call: Call,
    error: &wasmtime::Error,
    sandbox: &mut Sandbox,
    limits: &Limits,
    budget: Budget,
) -> Option<GuestError> {
    if let Some(refused) = sandbox.growth.take_refused() {
        return Some(GuestError::OutOfMemory {
            call,
            what: refused.what,
            wanted: refused.wanted.into(),
            limit: refused.limit.into(),
            setting: refused.setting,
        });
    }
    if error.downcast_ref::<Trap>() == Some(&Trap::OutOfFuel) {
        let Budget { fuel, rows, bytes } = budget;
        return Some(GuestError::OutOfFuel {
            call,
            limit: fuel,
            rows,
            bytes,
        });
    }
    // wasmtime has types for these, but does not export them.
    let cause = error.root_cause().to_string();
    if cause.starts_with("resource limit exceeded") {
        return Some(GuestError::OutOfMemory {
            call,
            what: "instances, tables and memories",
            wanted: "more".into(),
            limit: limits.instances.to_string().into(),
            setting: "instances",
        });
    }
    cause
        .contains("fuel allocated for hostcalls")
        .then_some(GuestError::AnswerTooLarge {
            call,
            limit: limits.answer,
        })
}

fn frames(backtrace: &WasmBacktrace) -> Vec<String> {
    let name = |frame: &FrameInfo| match frame.func_name() {
        Some(name) => printable(name, 200),
        None => format!("function {}", frame.func_index()),
    };
    backtrace.frames().iter().take(FRAMES).map(name).collect()
}
