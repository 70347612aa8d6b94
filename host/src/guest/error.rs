//! The errors of components, and of loading them.

use std::path::PathBuf;
use std::time::Duration;

use super::search::Blame;
use super::{Call, Details, codes};
use crate::error::{Code, Coded};
use crate::units::ByteSize;

/// A failure of a component, or of loading one. Texts of the component are shortened and escaped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GuestError {
    /// The file cannot be read.
    #[error("cannot read the component `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
    /// The file is no component.
    #[error("`{}` is not a WebAssembly component: {what}", path.display())]
    NotAComponent {
        /// The file.
        path: PathBuf,
        /// The kind of the file.
        what: String,
        /// What to do in the language of the component, if that is known.
        #[source]
        details: Option<Details>,
    },
    /// The component does not export the world `backfold:pipeline/replayable`.
    #[error("`{}` is a component of another world: {what}", path.display())]
    WrongWorld {
        /// The file.
        path: PathBuf,
        /// The export that is missing or has another type.
        what: String,
    },
    /// The file is larger than a component may be.
    #[error("`{}` has {size}, and `limits.component` is {limit}", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        size: ByteSize,
        /// The limit.
        limit: ByteSize,
    },
    /// The component has a forbidden import.
    #[error("`{}` imports what a component may not have: {}", path.display(), imports.join(", "))]
    ForbiddenImport {
        /// The file.
        path: PathBuf,
        /// The names of the imports.
        imports: Vec<String>,
        /// What to do in the language of the component, if that is known.
        #[source]
        details: Option<Details>,
    },
    /// Compiling took too long.
    #[error("compiling `{}` took more CPU time than `limits.compile_time`, {}", path.display(), humantime::format_duration(*limit))]
    CompileTimeout {
        /// The file.
        path: PathBuf,
        /// The limit.
        limit: Duration,
        /// What to do in the language of the component, if that is known.
        #[source]
        details: Option<Details>,
    },
    /// Compiling took too much memory.
    #[error("compiling `{}` took more memory than `limits.compile_memory`, {limit}", path.display())]
    CompileMemory {
        /// The file.
        path: PathBuf,
        /// The limit.
        limit: ByteSize,
        /// What to do in the language of the component, if that is known.
        #[source]
        details: Option<Details>,
    },
    /// The component cannot be compiled.
    #[error("cannot compile `{}`: {message}", path.display())]
    Compile {
        /// The file.
        path: PathBuf,
        /// The message of the compiler.
        message: String,
        /// What to do in the language of the component, if that is known.
        #[source]
        details: Option<Details>,
    },
    /// The engine cannot be set up on this machine.
    #[error("cannot set up the WebAssembly engine: {message}")]
    Engine {
        /// The message of the engine.
        message: String,
    },
    /// The descriptor breaks a rule of the contract.
    #[error("the component describes itself wrongly: {what}")]
    BadDescriptor {
        /// The rule, and the part of the descriptor that breaks it.
        what: String,
    },
    /// `open` returned an error.
    #[error("the component does not accept its parameters: {message}")]
    OpenRefused {
        /// The first line of the component's message, shortened and escaped.
        message: String,
        /// The other lines that the component said, and what to do in its language.
        #[source]
        details: Option<Details>,
    },
    /// A call trapped.
    #[error("the component trapped in `{call}`: {}", said.as_ref().unwrap_or(trap))]
    Trap {
        /// The call.
        call: Call,
        /// The trap.
        trap: Box<str>,
        /// The exception or the panic that led to it, if the component wrote one to its standard error.
        said: Option<Box<str>>,
        /// The functions of the backtrace, the innermost first, by name if they have names.
        backtrace: Box<[String]>,
        /// The other lines that the component said, and what to do in its language.
        #[source]
        details: Option<Details>,
    },
    /// The system did not give an instance the address space for its memories and tables.
    #[error(
        "the system gives this process no address space for an instance of the component: {message}"
    )]
    NoRoom {
        /// The message of the system.
        message: String,
    },
    /// A call used up its fuel.
    #[error("the component used up the {limit} units of fuel of a call to `{call}` ({rows} rows, {})", ByteSize(*bytes))]
    OutOfFuel {
        /// The call.
        call: Call,
        /// The fuel of the call.
        limit: u64,
        /// The rows that the call was given, or asked for.
        rows: u64,
        /// The bytes that the call was given.
        bytes: u64,
        /// What to do in the language of the component, if that is known.
        #[source]
        details: Option<Details>,
    },
    /// An instance wanted more memory, table elements or parts than the limit.
    #[error("in `{call}` the component asked for {wanted}, and `limits.{setting}` is {limit}")]
    OutOfMemory {
        /// The call.
        call: Call,
        /// The wanted amount of memory, table elements or parts, such as `17.0 MiB of memory`.
        wanted: Box<str>,
        /// The limit, with its unit.
        limit: Box<str>,
        /// The name of the limit.
        setting: &'static str,
        /// What to do in the language of the component, if that is known.
        #[source]
        details: Option<Details>,
    },
    /// An answer is larger than the limit.
    #[error("the answer to `{call}` has more bytes than `limits.answer`, {limit}")]
    AnswerTooLarge {
        /// The call.
        call: Call,
        /// The limit.
        limit: ByteSize,
    },
    /// A call took too long, although it had fuel left.
    #[error("a call to `{call}` took longer than `limits.call_time`, {}", humantime::format_duration(*limit))]
    OverTime {
        /// The call.
        call: Call,
        /// The limit.
        limit: Duration,
    },
    /// A key, or the state of a key, is larger than the limit.
    #[error("the component's answer to `{call}` has a {what} of {size}{}, and `limits.{what}` is {limit}", key.as_ref().map(|key| format!(" at {key}")).unwrap_or_default())]
    RowTooLarge {
        /// The call.
        call: Call,
        /// `key` or `state`.
        what: &'static str,
        /// The size of the key or state.
        size: ByteSize,
        /// The limit.
        limit: ByteSize,
        /// The key as text, if the answer has it.
        key: Option<Box<str>>,
    },
    /// A drain gives more bytes than the component's memory can hold.
    #[error(
        "the component drained {rows} rows of {bytes} since its accumulator was last empty, more than its memory can hold: `limits.memory` is {limit}"
    )]
    EndlessDrain {
        /// The rows.
        rows: u64,
        /// The bytes of these rows.
        bytes: ByteSize,
        /// The limit.
        limit: ByteSize,
    },
    /// A drain gives a key for the second time.
    #[error(
        "the component's answer to `drain` breaks the contract: row {row} has a key that came before in the same drain"
    )]
    KeyTwice {
        /// The row of the answer.
        row: usize,
    },
    /// A call returned an error.
    #[error("the component answered `{call}` with an error: {message}")]
    Refused {
        /// The call.
        call: Call,
        /// The first line of the component's message, shortened and escaped.
        message: String,
        /// The other lines that the component said, and what to do in its language.
        #[source]
        details: Option<Details>,
    },
    /// An answer breaks the contract.
    #[error("the component's answer to `{call}` breaks the contract: {what}")]
    BadAnswer {
        /// The call.
        call: Call,
        /// The rule that it breaks, with column and row.
        what: String,
    },
    /// Several batches failed of which each record can be folded alone.
    #[error(
        "for the {times}th time the component failed on a batch of which it folds every record when it is alone: {first}"
    )]
    OnlyTogether {
        /// The number of these batches in this worker.
        times: u32,
        /// The first failure of the last of these batches.
        first: String,
    },
    /// Other records are rejected when a batch is folded again.
    #[error(
        "the component rejected {rejected_then:?} of some rows when it folded them first, and {rejected_now:?} when it folded them again"
    )]
    Unstable {
        /// The rows that were rejected the first time.
        rejected_then: Vec<u32>,
        /// The rows that were rejected the second time.
        rejected_now: Vec<u32>,
    },
    /// An instance was called after a failure.
    #[error("`{call}` was called on an instance that had failed before")]
    Poisoned {
        /// The call.
        call: Call,
    },
    /// The host passed a batch that does not fit the descriptor.
    #[error("the host gave `{call}` a batch that does not fit the descriptor: {what}")]
    BadArgument {
        /// The call.
        call: Call,
        /// The difference.
        what: String,
    },
}

impl GuestError {
    /// The reason for which a record is rejected that failed with this error: the component's own words where it said any,
    /// so that reasons differ from their first word.
    pub(super) fn reason(&self) -> String {
        match self {
            GuestError::Trap {
                said: Some(words), ..
            } if !words.is_empty() => words.to_string(),
            GuestError::Refused { message, .. } if !message.is_empty() => message.clone(),
            error => error.to_string(),
        }
    }

    /// The call that failed; `None` if the component is not at fault.
    pub(super) fn call(&self) -> Option<Call> {
        match self {
            GuestError::Trap { call, .. }
            | GuestError::OutOfFuel { call, .. }
            | GuestError::OutOfMemory { call, .. }
            | GuestError::AnswerTooLarge { call, .. }
            | GuestError::OverTime { call, .. }
            | GuestError::RowTooLarge { call, .. }
            | GuestError::Refused { call, .. }
            | GuestError::BadAnswer { call, .. } => Some(*call),
            GuestError::EndlessDrain { .. } | GuestError::KeyTwice { .. } => Some(Call::Drain),
            _ => None,
        }
    }

    /// The part of the events that may have caused a failure of `fold` or `drain`; `None` for other failures.
    ///
    /// A key comes from one record. A state comes from all records of its key, so that a failure to drain it may not occur
    /// if fewer of them are folded at a time. A key that comes twice does not depend on the events.
    pub(super) fn blame(&self) -> Option<Blame> {
        match (self, self.call()?) {
            (GuestError::OverTime { .. } | GuestError::KeyTwice { .. }, _) => None,
            (GuestError::OutOfMemory { .. } | GuestError::AnswerTooLarge { .. }, Call::Fold) => {
                Some(Blame::Size)
            }
            (_, Call::Fold) => Some(Blame::Some),
            (GuestError::RowTooLarge { what: KEY, .. }, Call::Drain) => Some(Blame::Some),
            (_, Call::Drain) => Some(Blame::Size),
            _ => None,
        }
    }
}

/// The value of `what` in [`GuestError::RowTooLarge`] for a key.
pub(super) const KEY: &str = "key";

impl Coded for GuestError {
    fn code(&self) -> &'static Code {
        match self {
            GuestError::Read { .. } => &codes::READ,
            GuestError::NotAComponent { .. } => &codes::NOT_A_COMPONENT,
            GuestError::WrongWorld { .. } => &codes::WRONG_WORLD,
            GuestError::TooLarge { .. } => &codes::TOO_LARGE,
            GuestError::ForbiddenImport { .. } => &codes::FORBIDDEN_IMPORT,
            GuestError::CompileTimeout { .. } => &codes::COMPILE_TIMEOUT,
            GuestError::CompileMemory { .. } => &codes::COMPILE_MEMORY,
            GuestError::Compile { .. } => &codes::COMPILE,
            GuestError::Engine { .. } => &codes::ENGINE,
            GuestError::BadDescriptor { .. } => &codes::BAD_DESCRIPTOR,
            GuestError::OpenRefused { .. } => &codes::OPEN_REFUSED,
            GuestError::Trap { .. } => &codes::TRAP,
            GuestError::NoRoom { .. } => &codes::NO_ROOM,
            GuestError::OutOfFuel { .. } => &codes::OUT_OF_FUEL,
            GuestError::OutOfMemory { .. } => &codes::OUT_OF_MEMORY,
            GuestError::AnswerTooLarge { .. } => &codes::ANSWER_TOO_LARGE,
            GuestError::OverTime { .. } => &codes::OVER_TIME,
            GuestError::RowTooLarge { .. } => &codes::ROW_TOO_LARGE,
            GuestError::EndlessDrain { .. } => &codes::ENDLESS_DRAIN,
            GuestError::Refused { .. } => &codes::REFUSED,
            GuestError::BadAnswer { .. } | GuestError::KeyTwice { .. } => &codes::BAD_ANSWER,
            GuestError::OnlyTogether { .. } => &codes::ONLY_TOGETHER,
            GuestError::Unstable { .. } => &codes::UNSTABLE,
            GuestError::Poisoned { .. } => &codes::POISONED,
            GuestError::BadArgument { .. } => &codes::BAD_ARGUMENT,
        }
    }
}
