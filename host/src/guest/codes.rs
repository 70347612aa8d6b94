//! The codes of [`GuestError`](super::GuestError), and the advice for each.

use crate::error::{Class, Code};

pub(crate) const READ: Code = Code::new(
    401,
    Class::Usage,
    "Check `component` in the job file: the path is relative to that file.",
);
pub(crate) const NOT_A_COMPONENT: Code = Code::new(
    402,
    Class::Usage,
    "Build it as a component by `backfold build`, or by the tools of its language; `wasm-tools component new` encodes a core module.",
);
pub(crate) const WRONG_WORLD: Code = Code::new(
    403,
    Class::Usage,
    "Build the component for the world `replayable` of `wit/pipeline.wit`, in the version of this backfold.",
);
pub(crate) const TOO_LARGE: Code = Code::new(
    404,
    Class::Usage,
    "Strip the component of debugging information, or raise `limits.component`.",
);
pub(crate) const FORBIDDEN_IMPORT: Code = Code::new(
    405,
    Class::Usage,
    "Build the component without these imports: it may have those of WASI 0.2 (cli, clocks, filesystem, io, random, sockets) and no others.",
);
pub(crate) const COMPILE_TIMEOUT: Code = Code::new(
    406,
    Class::Permanent,
    "Make the component smaller, or raise `limits.compile_time`.",
);
pub(crate) const COMPILE: Code = Code::new(
    407,
    Class::Permanent,
    "Build the component again, without threads, component-model async and other proposals that are not WebAssembly 3.0.",
);
pub(crate) const ENGINE: Code = Code::new(
    408,
    Class::Usage,
    "Check `[limits]` in the job file, and that this machine is a 64-bit one.",
);
pub(crate) const BAD_DESCRIPTOR: Code = Code::new(
    409,
    Class::Permanent,
    "Correct what the component's `open` returns: `wit/pipeline.wit` says what a descriptor may hold.",
);
pub(crate) const OPEN_REFUSED: Code = Code::new(
    410,
    Class::Usage,
    "Correct `[params]` in the job file: the component defines the parameters and their values.",
);
pub(crate) const TRAP: Code = Code::new(
    411,
    Class::Permanent,
    "Correct the component; function names that are kept in the build are shown in the backtrace.",
);
pub(crate) const OUT_OF_FUEL: Code = Code::new(
    412,
    Class::Permanent,
    "Look for an endless loop in the component; if it needs more fuel, raise `limits.fuel_per_record`, `limits.fuel_per_byte` or `limits.fuel_base`.",
);
pub(crate) const OUT_OF_MEMORY: Code = Code::new(
    413,
    Class::Permanent,
    "Let the component keep less, or lower `fold.window_batches`; if it needs more, raise the limit that is named.",
);
pub(crate) const ANSWER_TOO_LARGE: Code = Code::new(
    414,
    Class::Permanent,
    "Keep the states of a key small, or raise `limits.answer`.",
);
pub(crate) const REFUSED: Code = Code::new(
    415,
    Class::Permanent,
    "Correct the component where the error says; a record that it cannot use it should reject instead.",
);
pub(crate) const BAD_ANSWER: Code = Code::new(
    416,
    Class::Permanent,
    "Correct the component: `wit/pipeline.wit` defines the form of each answer.",
);
pub(crate) const POISONED: Code = Code::new(
    417,
    Class::Permanent,
    "Look at the error before this one; if there is none, report this as a bug.",
);
pub(crate) const BAD_ARGUMENT: Code =
    Code::new(418, Class::Permanent, "Report this as a bug of backfold.");

pub(crate) const ONLY_TOGETHER: Code = Code::new(
    419,
    Class::Permanent,
    "Correct the component: its treatment of a record must not depend on the records before it.",
);
pub(crate) const UNSTABLE: Code = Code::new(
    420,
    Class::Permanent,
    "Correct the component: whether it rejects a record must not depend on the records before it; `backfold check` shows a case.",
);

pub(crate) const OVER_TIME: Code = Code::new(
    421,
    Class::Permanent,
    "Look for a wait in the component; if a call needs more time, raise `limits.call_time`.",
);
pub(crate) const ROW_TOO_LARGE: Code = Code::new(
    422,
    Class::Permanent,
    "Let the component keep less for a key, such as a sketch instead of all values, or raise the limit that is named.",
);

pub(crate) const COMPILE_MEMORY: Code = Code::new(
    423,
    Class::Permanent,
    "Make the component smaller, or raise `limits.compile_memory`.",
);

pub(crate) const ENDLESS_DRAIN: Code = Code::new(
    424,
    Class::Permanent,
    "Correct the component: `drain` gives each key once, and at the end fewer rows than asked for; if its states are that large, raise `limits.memory` or lower `fold.window_batches`.",
);

pub(crate) const NO_ROOM: Code = Code::new(
    425,
    Class::Retry,
    "Lift the limit on address space (`ulimit -v unlimited`), or use fewer `--workers`: an instance reserves about 4 GiB of addresses, and uses little of them.",
);

pub(crate) const ALL: &[&Code] = &[
    &READ,
    &NOT_A_COMPONENT,
    &WRONG_WORLD,
    &TOO_LARGE,
    &FORBIDDEN_IMPORT,
    &COMPILE_TIMEOUT,
    &COMPILE,
    &ENGINE,
    &BAD_DESCRIPTOR,
    &OPEN_REFUSED,
    &TRAP,
    &OUT_OF_FUEL,
    &OUT_OF_MEMORY,
    &ANSWER_TOO_LARGE,
    &REFUSED,
    &BAD_ANSWER,
    &POISONED,
    &BAD_ARGUMENT,
    &ONLY_TOGETHER,
    &UNSTABLE,
    &OVER_TIME,
    &ROW_TOO_LARGE,
    &COMPILE_MEMORY,
    &ENDLESS_DRAIN,
    &NO_ROOM,
];
