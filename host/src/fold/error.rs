//! Failures of a fold and of a merge.

use std::path::PathBuf;

use crate::decode::DecodeError;
use crate::error::{Class, Code, Coded};
use crate::guest::GuestError;
use crate::scan::{ScanError, SchemasError};
use crate::source::SourceError;

/// A failure of the fold.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FoldError {
    /// The source could not deliver a split.
    #[error("split {split} could not be read")]
    Read {
        /// The split's number.
        split: u64,
        /// Why.
        source: SourceError,
    },
    /// An object of a split could not be decoded.
    #[error("split {split} could not be decoded")]
    Decode {
        /// The split's number.
        split: u64,
        /// Why.
        source: DecodeError,
    },
    /// The schemas of a split's messages could not be learned.
    #[error(transparent)]
    Schemas(#[from] SchemasError),
    /// The component could not be opened once more.
    #[error("the component could not be opened")]
    Open {
        /// Why.
        source: GuestError,
    },
    /// The component failed on a batch.
    #[error("the component failed in split {split}, batch {batch}, {records}")]
    Fold {
        /// The split's number.
        split: u64,
        /// The batch within the split, from 0.
        batch: u64,
        /// The first and last record of the batch.
        records: Box<str>,
        /// Why.
        source: GuestError,
    },
    /// The component failed while its accumulator was drained or states were merged.
    #[error("the component failed {doing}{}", key.as_ref().map(|key| format!(", at {key}")).unwrap_or_default())]
    Merge {
        /// What the component was doing, such as `while states were combined`.
        doing: &'static str,
        /// The key whose states it failed on, in words, where it is one.
        key: Option<Box<str>>,
        /// Why.
        source: GuestError,
    },
    /// More records were rejected than the job allows to be kept.
    #[error(
        "{rejected} records were rejected so far, more than `quarantine.stop_after` = {limit}; the last: {last}"
    )]
    TooManyRejected {
        /// The number of records.
        rejected: u64,
        /// The job's limit.
        limit: u64,
        /// Position and reason of one of them.
        last: String,
    },
    /// The states of one worker do not fit into the table's address space.
    #[error("a worker's states take {bytes} bytes at once, more than a table can hold")]
    TooLarge {
        /// The bytes of the states.
        bytes: usize,
    },
    /// The offsets of topics are in more pieces than are kept in memory.
    #[error(
        "the offsets that were read lie in more than {limit} pieces, the last of them in {partition}"
    )]
    TooManyPieces {
        /// The most pieces that are kept.
        limit: usize,
        /// The partition whose offsets were read last.
        partition: Box<str>,
    },
    /// A run on disk is not the file that the journal names.
    #[error("the run {path} is damaged: {what}")]
    DamagedRun {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A file of the build could not be read or written.
    #[error("{doing} {path} failed")]
    Io {
        /// The operation, such as `writing`.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Arrow refused columns that were already checked.
    #[error("columns could not be handled")]
    Arrow(#[from] arrow_schema::ArrowError),
    /// The run was cancelled.
    #[error("interrupted; what was folded up to the last checkpoint is kept")]
    Interrupted,
    /// A worker thread panicked: a bug.
    #[error("a worker panicked: {message}")]
    Panicked {
        /// The message of the panic.
        message: String,
    },
}

impl FoldError {
    /// The failure of a split whose scan ended with `error`.
    pub(crate) fn in_split(split: u64, error: ScanError) -> Self {
        match error {
            ScanError::Read(source) => FoldError::Read { split, source },
            ScanError::Decode(source) => FoldError::Decode { split, source },
            ScanError::Schemas(error) => FoldError::Schemas(error),
        }
    }

    /// The failure of a component that was opened to merge.
    pub(crate) fn cannot_open_to_merge(source: GuestError) -> Self {
        FoldError::Merge {
            doing: "when it was opened to merge",
            key: None,
            source,
        }
    }

    /// For `map_err` on file operations.
    pub(crate) fn io(
        doing: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> FoldError {
        let path = path.into();
        move |source| FoldError::Io {
            doing,
            path,
            source,
        }
    }
}

impl Coded for FoldError {
    fn code(&self) -> &'static Code {
        match self {
            FoldError::Read { source, .. } => source.code(),
            FoldError::Decode { source, .. } => source.code(),
            FoldError::Schemas(error) => error.code(),
            FoldError::Open { source }
            | FoldError::Fold { source, .. }
            | FoldError::Merge { source, .. } => source.code(),
            FoldError::TooManyRejected { .. } => &codes::TOO_MANY_REJECTED,
            FoldError::TooLarge { .. } => &codes::TOO_LARGE,
            FoldError::TooManyPieces { .. } => &codes::TOO_MANY_PIECES,
            FoldError::DamagedRun { .. } => &codes::DAMAGED_RUN,
            FoldError::Io { .. } => &codes::IO,
            FoldError::Arrow(_) | FoldError::Panicked { .. } => &codes::BUG,
            FoldError::Interrupted => &codes::INTERRUPTED,
        }
    }
}

/// The codes of this module.
pub(crate) mod codes {
    use super::*;

    pub(crate) const TOO_MANY_REJECTED: Code = Code::new(
        501,
        Class::Permanent,
        "Look at the rejected records in the build's `quarantine` folder, then mend the input or the component, or raise `quarantine.stop_after`.",
    );
    pub(crate) const TOO_LARGE: Code = Code::new(
        502,
        Class::Usage,
        "Lower `fold.state_budget`, or keep smaller states.",
    );
    pub(crate) const DAMAGED_RUN: Code = Code::new(
        503,
        Class::Permanent,
        "The disk lost or changed a file: check it, then run again with `--fresh` to build from the beginning.",
    );
    pub(crate) const IO: Code = Code::new(
        504,
        Class::Retry,
        "Make room or mend the file system of the `work` folder, then run the same command again: it resumes.",
    );
    pub(crate) const INTERRUPTED: Code = Code::new(
        505,
        Class::Interrupted,
        "Run the same command again, without `--fresh`: it goes on from the last checkpoint.",
    );
    pub(crate) const BUG: Code = Code::new(
        506,
        Class::Permanent,
        "This is a bug in backfold: please report it with the job file and the output of `-v`.",
    );

    pub(crate) const TOO_MANY_PIECES: Code = Code::new(
        507,
        Class::Usage,
        "Set `layout = \"none\"`, or a template without offsets: then nothing is said of gaps, and records that two objects hold count twice.",
    );

    pub(crate) const ALL: &[&Code] = &[
        &TOO_MANY_REJECTED,
        &TOO_LARGE,
        &DAMAGED_RUN,
        &IO,
        &INTERRUPTED,
        &BUG,
        &TOO_MANY_PIECES,
    ];
}
