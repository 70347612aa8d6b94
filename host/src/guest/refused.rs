//! Records that a component rejects or fails on.

use arrow_array::RecordBatch;
use serde::{Deserialize, Serialize};

use super::codes;
use super::{Call, Details, GuestError, RowRejection};
use crate::decode::{Events, Rejected};
use crate::error::Code;

/// A decoded record that is not in any state.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The number of its split.
    pub split: u64,
    /// Its position, its bytes if they are still known, and the reason.
    pub record: Rejected,
    /// Its input columns, in one row.
    pub columns: RecordBatch,
    /// The failure of the component; `None` if the component rejected the record.
    pub failure: Option<Failure>,
}

/// The failure of a component on a record that it was given alone, on a fresh instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The kind of failure.
    pub kind: FailureKind,
    /// The call that failed; unknown of records of earlier releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<Call>,
    /// The component's other lines on the failure: a traceback, or the frames of the user's code.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
    /// The functions of the backtrace, the innermost first, by name if they have names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub backtrace: Vec<String>,
    /// The fuel that it used.
    pub fuel: u64,
}

/// The kinds of failures on a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// A trap: a panic, an abort, a memory access out of bounds.
    Trap,
    /// The component used up its fuel.
    OutOfFuel,
    /// The component wanted more memory or table elements than the limit.
    OutOfMemory,
    /// The component answered with an error.
    Error,
    /// The answer broke the contract, or was too large.
    InvalidAnswer,
    /// A key or a state was larger than the limit.
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
    /// The kind of `error`, a failure to fold one record or to drain it.
    pub(super) fn of(error: &GuestError, fuel: u64) -> Self {
        let (kind, backtrace) = match error {
            GuestError::OutOfFuel { .. } => (FailureKind::OutOfFuel, Vec::new()),
            GuestError::OutOfMemory { .. } => (FailureKind::OutOfMemory, Vec::new()),
            GuestError::Refused { .. } => (FailureKind::Error, Vec::new()),
            GuestError::BadAnswer { .. }
            | GuestError::AnswerTooLarge { .. }
            | GuestError::EndlessDrain { .. } => (FailureKind::InvalidAnswer, Vec::new()),
            GuestError::RowTooLarge { .. } => (FailureKind::TooLarge, Vec::new()),
            GuestError::Trap { backtrace, .. } => (FailureKind::Trap, backtrace.to_vec()),
            _ => (FailureKind::Trap, Vec::new()),
        };
        let details = Details::of(error).map_or(&[][..], Details::lines);
        Failure {
            kind,
            call: error.call(),
            details: details.to_vec(),
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

    /// The record of a row on which the component failed with `error`.
    pub(super) fn failed(
        split: u64,
        events: &Events,
        row: usize,
        error: &GuestError,
        fuel: u64,
    ) -> Self {
        let failure = Failure::of(error, fuel);
        Refused::new(split, events, row, error.reason(), Some(failure))
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
