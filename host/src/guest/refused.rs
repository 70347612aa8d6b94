//! Records that a component does not take: those that it rejects, and those that it fails on.

use arrow_array::RecordBatch;
use serde::{Deserialize, Serialize};

use super::codes;
use super::{GuestError, RowRejection};
use crate::decode::{Events, Rejected};
use crate::error::Code;

/// A record that was decoded, and is not in any state.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The split that it came from.
    pub split: u64,
    /// Where it stands, its bytes as far as they are still known, and why it was refused.
    pub record: Rejected,
    /// Its columns, in one row.
    pub columns: RecordBatch,
    /// How the component failed on it; `None` where it rejected it.
    pub failure: Option<Failure>,
}

/// How a component failed on a record that it was given alone, on a fresh instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What kind of failure it was.
    pub kind: FailureKind,
    /// The functions that it was in, the innermost first, as far as they have names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub backtrace: Vec<String>,
    /// The fuel that it used.
    pub fuel: u64,
}

/// The ways to fail on a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// A trap: a panic, an abort, a memory access out of bounds.
    Trap,
    /// It used up its fuel.
    OutOfFuel,
    /// It wanted more memory or table elements than it may have.
    OutOfMemory,
    /// It answered with an error.
    Error,
    /// Its answer broke the contract, or was too large.
    InvalidAnswer,
    /// It made a key or a state that is larger than one may be.
    TooLarge,
}

impl FailureKind {
    /// The code of the errors of this kind.
    pub fn code(self) -> &'static Code {
        match self {
            FailureKind::Trap => &codes::TRAP,
            FailureKind::OutOfFuel => &codes::OUT_OF_FUEL,
            FailureKind::OutOfMemory => &codes::OUT_OF_MEMORY,
            FailureKind::Error => &codes::REFUSED,
            FailureKind::InvalidAnswer => &codes::BAD_ANSWER,
            FailureKind::TooLarge => &codes::ROW_TOO_LARGE,
        }
    }
}

impl Failure {
    /// What `error`, a failure to fold one record or to drain what came of it, was.
    pub(super) fn of(error: &GuestError, fuel: u64) -> Self {
        let (kind, backtrace) = match error {
            GuestError::OutOfFuel { .. } => (FailureKind::OutOfFuel, Vec::new()),
            GuestError::OutOfMemory { .. } => (FailureKind::OutOfMemory, Vec::new()),
            GuestError::Refused { .. } => (FailureKind::Error, Vec::new()),
            GuestError::BadAnswer { .. }
            | GuestError::AnswerTooLarge { .. }
            | GuestError::EndlessDrain { .. } => (FailureKind::InvalidAnswer, Vec::new()),
            GuestError::RowTooLarge { .. } => (FailureKind::TooLarge, Vec::new()),
            GuestError::Trap { backtrace, .. } => (FailureKind::Trap, backtrace.clone()),
            _ => (FailureKind::Trap, Vec::new()),
        };
        Failure {
            kind,
            backtrace,
            fuel,
        }
    }
}

impl Refused {
    /// The record of a row that the component rejected.
    pub(super) fn rejected(split: u64, events: &Events, rejection: RowRejection) -> Self {
        Refused::new(
            split,
            events,
            rejection.row as usize,
            rejection.reason,
            None,
        )
    }

    /// The record of a row that it failed on with `error`.
    pub(super) fn failed(
        split: u64,
        events: &Events,
        row: usize,
        error: &GuestError,
        fuel: u64,
    ) -> Self {
        let failure = Failure::of(error, fuel);
        Refused::new(split, events, row, error.to_string(), Some(failure))
    }

    fn new(
        split: u64,
        events: &Events,
        row: usize,
        reason: String,
        failure: Option<Failure>,
    ) -> Self {
        let provenance = &events.provenance;
        let record = provenance.bytes(row);
        let record = Rejected::new(provenance.position(row), None, reason, record.as_deref());
        Refused {
            split,
            record: record
                .below(provenance.header(row))
                .with(provenance.attached(row)),
            columns: events.batch.slice(row, 1),
            failure,
        }
    }
}
