//! What can go wrong in and around a component.

use std::path::PathBuf;
use std::time::Duration;

use super::search::Blame;
use super::{Call, codes};
use crate::error::{Code, Coded};
use crate::units::ByteSize;

/// A failure of a component, or of loading one. What it quotes of a component's words is cut and escaped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GuestError {
    /// The file cannot be read.
    #[error("cannot read the component `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is something else.
    #[error("`{}` is not a WebAssembly component: {what}", path.display())]
    NotAComponent {
        /// The file.
        path: PathBuf,
        /// What it is.
        what: String,
    },
    /// The component does not export the world `backfold:pipeline/replayable`.
    #[error("`{}` is a component of another world: {what}", path.display())]
    WrongWorld {
        /// The file.
        path: PathBuf,
        /// What is missing, or does not fit.
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
    /// The component asks for what it may not have.
    #[error("`{}` imports what a component may not have: {}", path.display(), imports.join(", "))]
    ForbiddenImport {
        /// The file.
        path: PathBuf,
        /// The names of the imports.
        imports: Vec<String>,
    },
    /// Compiling took too long.
    #[error("compiling `{}` took longer than `limits.compile_time`, {}", path.display(), humantime::format_duration(*limit))]
    CompileTimeout {
        /// The file.
        path: PathBuf,
        /// The limit.
        limit: Duration,
    },
    /// Compiling took too much memory.
    #[error("compiling `{}` took more memory than `limits.compile_memory`, {limit}", path.display())]
    CompileMemory {
        /// The file.
        path: PathBuf,
        /// The limit.
        limit: ByteSize,
    },
    /// The component cannot be compiled.
    #[error("cannot compile `{}`: {message}", path.display())]
    Compile {
        /// The file.
        path: PathBuf,
        /// What the compiler says.
        message: String,
    },
    /// The engine cannot be set up on this machine.
    #[error("cannot set up the WebAssembly engine: {message}")]
    Engine {
        /// What it says.
        message: String,
    },
    /// The descriptor breaks a rule of the contract.
    #[error("the component describes itself wrongly: {what}")]
    BadDescriptor {
        /// The rule, and what broke it.
        what: String,
    },
    /// `open` returned an error.
    #[error("the component does not accept its parameters: {message}")]
    OpenRefused {
        /// What it said.
        message: String,
    },
    /// A call trapped.
    #[error("the component trapped in `{call}`: {message}")]
    Trap {
        /// The call.
        call: Call,
        /// The trap, and the end of what the component had written to its standard error.
        message: String,
        /// The functions that it was in, the innermost first, as far as they have names.
        backtrace: Vec<String>,
    },
    /// The system did not give an instance the address space that its memories and tables are laid out in.
    #[error(
        "the system gives this process no address space for an instance of the component: {message}"
    )]
    NoRoom {
        /// What the system says.
        message: String,
    },
    /// A call used up its fuel.
    #[error("the component used up the {limit} units of fuel of a call to `{call}` ({rows} rows, {})", ByteSize(*bytes))]
    OutOfFuel {
        /// The call.
        call: Call,
        /// The fuel that it had.
        limit: u64,
        /// The rows that it was given or asked for.
        rows: u64,
        /// The bytes that it was given.
        bytes: u64,
    },
    /// An instance asked for more memory, table elements or parts than it may have.
    #[error(
        "in `{call}` the component asked for {wanted} of {what}, and `limits.{setting}` is {limit}"
    )]
    OutOfMemory {
        /// The call.
        call: Call,
        /// What it asked for more of.
        what: &'static str,
        /// How much, in words.
        wanted: Box<str>,
        /// How much it may have, in words.
        limit: Box<str>,
        /// The name of the limit.
        setting: &'static str,
    },
    /// An answer has more bytes than it may.
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
    /// A key or the state of a key has more bytes than it may.
    #[error("the component's answer to `{call}` has a {what} of {size}{}, and `limits.{what}` is {limit}", key.as_ref().map(|key| format!(" at {key}")).unwrap_or_default())]
    RowTooLarge {
        /// The call.
        call: Call,
        /// `key` or `state`.
        what: &'static str,
        /// How large it is.
        size: ByteSize,
        /// The limit.
        limit: ByteSize,
        /// The key in words, where the answer has it.
        key: Option<Box<str>>,
    },
    /// A drain goes on beyond what the component's memory can have held.
    #[error(
        "the component drained {rows} rows of {bytes} since its accumulator was last empty, more than its memory can hold: `limits.memory` is {limit}"
    )]
    EndlessDrain {
        /// The rows.
        rows: u64,
        /// Their bytes.
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
        /// What it said.
        message: String,
    },
    /// An answer breaks the contract.
    #[error("the component's answer to `{call}` breaks the contract: {what}")]
    BadAnswer {
        /// The call.
        call: Call,
        /// What is wrong with it, with column and row.
        what: String,
    },
    /// Batches fail of which no single record fails.
    #[error(
        "for the {times}th time the component failed on a batch of which it folds every record when it is alone: {first}"
    )]
    OnlyTogether {
        /// How often that happened to this worker.
        times: u32,
        /// What the failure was, the first time for this batch.
        first: String,
    },
    /// A batch that is folded again is judged otherwise.
    #[error(
        "the component rejected {rejected_then:?} of some rows when it folded them first, and {rejected_now:?} when it folded them again"
    )]
    Unstable {
        /// The rows that it rejected the first time, of those that were folded again.
        rejected_then: Vec<u32>,
        /// Those that it rejected the second time.
        rejected_now: Vec<u32>,
    },
    /// The instance failed before.
    #[error("`{call}` was called on an instance that had failed before")]
    Poisoned {
        /// The call.
        call: Call,
    },
    /// The host handed over a batch that does not fit the descriptor.
    #[error("the host gave `{call}` a batch that does not fit the descriptor: {what}")]
    BadArgument {
        /// The call.
        call: Call,
        /// What does not fit.
        what: String,
    },
}

impl GuestError {
    /// The call that it is a failure of; `None` for what is no fault of the component.
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

    /// What of the events it may be laid on, if it is a failure to fold them or to drain what came of them.
    ///
    /// A key is made by a record. A state is made by all records of its key, so that a failure to drain one may end
    /// once fewer of them are folded at a time. That a key comes twice is no matter of the events.
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

/// What [`GuestError::RowTooLarge`] calls a key.
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
