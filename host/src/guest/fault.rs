//! From an error of wasmtime to a [`GuestError`].

use wasmtime::{FrameInfo, Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use super::details::Details;
use super::remedy::{Trouble, remedy};
use super::sandbox::Sandbox;
use super::telling::Words;
use super::text::printable;
use super::{Call, Component, GuestError, Language};

/// The most functions of a backtrace that an error keeps.
const FRAMES: usize = 24;

/// The longest message in an error, in bytes.
const MESSAGE_BYTES: usize = 2 << 10;

/// The beginning of the name of a function that has none.
const UNNAMED: &str = "function ";

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
    component: &Component,
    budget: Budget,
    stderr: &str,
) -> GuestError {
    if let Some(error) = exceeded(call, error, sandbox, component, budget) {
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
    let is_own = matches!(trap, None | Some(Trap::UnreachableCodeReached));
    let is_deep = trap == Some(&Trap::StackOverflow);
    let cause = match (trap, error.downcast_ref::<I32Exit>()) {
        (Some(Trap::UnreachableCodeReached), _) => {
            "unreachable was reached, as by a panic or an abort".to_owned()
        }
        (Some(Trap::StackOverflow), _) => {
            format!(
                "the stack is exhausted, and `limits.stack` is {}",
                component.limits().stack
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
    let backtrace = backtrace.unwrap_or_default();
    let Words {
        cause: said,
        mut lines,
    } = Words::of_stderr(stderr);
    // A trap by the code itself, such as a division by zero, comes from no exception.
    let said = said.filter(|_| is_own);
    // The functions of an interpreter say nothing where its exception does, and numbers of functions say nothing.
    let has_names = backtrace.iter().any(|name| !name.starts_with(UNNAMED));
    if said.is_none() && has_names {
        lines.push(format!("in {}", backtrace.join(" ← ")));
    }
    let trouble = match &said {
        _ if is_deep => Some(Trouble::Stack),
        Some(said) => Some(Trouble::Said(said)),
        None if is_own && stderr.is_empty() => Some(Trouble::Silent),
        None => None,
    };
    let remedy = trouble.and_then(|trouble| remedy(trouble, component.language()));
    GuestError::Trap {
        call,
        trap: cause.into(),
        said: said.map(Into::into),
        backtrace: backtrace.into(),
        details: Details::new(lines, remedy),
    }
}

/// The words of an error that a call returned, and their details.
pub(super) fn told(message: &str, language: Language) -> (String, Option<Details>) {
    let Words { cause, lines } = Words::of_error(message);
    let cause = cause.unwrap_or_default();
    let remedy = remedy(Trouble::Said(&cause), language);
    (cause, Details::new(lines, remedy))
}

/// The error for a limit that was exceeded, if one was.
fn exceeded(
    call: Call,
    error: &wasmtime::Error,
    sandbox: &mut Sandbox,
    component: &Component,
    budget: Budget,
) -> Option<GuestError> {
    let limits = component.limits();
    let details = |trouble| Details::new(Vec::new(), remedy(trouble, component.language()));
    if let Some(refused) = sandbox.growth.take_refused() {
        let is_memory = refused.setting == "memory";
        return Some(GuestError::OutOfMemory {
            call,
            wanted: format!("{} of {}", refused.wanted, refused.what).into(),
            limit: refused.limit.into(),
            setting: refused.setting,
            details: is_memory.then(|| details(Trouble::Memory)).flatten(),
        });
    }
    if error.downcast_ref::<Trap>() == Some(&Trap::OutOfFuel) {
        let Budget { fuel, rows, bytes } = budget;
        return Some(GuestError::OutOfFuel {
            call,
            limit: fuel,
            rows,
            bytes,
            details: details(Trouble::Fuel),
        });
    }
    // wasmtime has types for these, but does not export them.
    let cause = error.root_cause().to_string();
    if cause.starts_with("resource limit exceeded") {
        return Some(GuestError::OutOfMemory {
            call,
            wanted: "more of instances, tables and memories".into(),
            limit: limits.instances.to_string().into(),
            setting: "instances",
            details: None,
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
        None => format!("{UNNAMED}{}", frame.func_index()),
    };
    backtrace.frames().iter().take(FRAMES).map(name).collect()
}
