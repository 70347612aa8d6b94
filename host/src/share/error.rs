//! What can be wrong with a share, a staged build or one of its units.

use super::place::{self, PlaceError};
use crate::error::{Class, Code, Coded};
use crate::fold::FoldError;
use crate::guest::GuestError;
use crate::steps::{ComponentError, FoldStepError, MergeError, Unfit};
use crate::workdir::BuildError;

/// A failure of a staged build.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShareError {
    /// The share cannot be read or written.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// A file of this machine.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// This process is not what the build was staged with.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// The component cannot be loaded.
    #[error(transparent)]
    Component(#[from] ComponentError),
    /// The component fails.
    #[error(transparent)]
    Guest(#[from] GuestError),
    /// Splits cannot be folded.
    #[error(transparent)]
    FoldStep(#[from] FoldStepError),
    /// Runs cannot be merged.
    #[error(transparent)]
    Merge(#[from] MergeError),
    /// Files of a fold cannot be written or read.
    #[error(transparent)]
    Fold(#[from] FoldError),
    /// There is no staged build.
    #[error("there is no staged build at {place}: it has no build.json")]
    NotStaged {
        /// Where it was looked for.
        place: String,
    },
    /// No build of the job is staged.
    #[error("no build of this job for `{table}` is staged at {place}")]
    NothingStaged {
        /// The table.
        table: String,
        /// The share.
        place: String,
    },
    /// Another release of backfold staged the build.
    #[error("{place} has format {found}, and this backfold reads format {expected}")]
    OtherFormat {
        /// The document that says so.
        place: String,
        /// The format found.
        found: u32,
        /// The format expected.
        expected: u32,
    },
    /// A file of the share is not what was written.
    #[error("{place} is damaged: {what}")]
    Damaged {
        /// The file.
        place: String,
        /// What is wrong.
        what: String,
    },
    /// The worker was not told which unit to fold.
    #[error("no unit is given, by --unit or by the index of a job array")]
    NoUnitGiven,
    /// There is no such unit.
    #[error("round {round} has no unit at {index}: the number of its units is {units}")]
    NoUnit {
        /// The number of the unit, or its place among the units of the round.
        index: u64,
        /// The round.
        round: u32,
        /// How many units the round has.
        units: u64,
    },
    /// There is no such round.
    #[error("the build has no round {round}")]
    NoRound {
        /// The round that was given.
        round: u32,
    },
    /// A unit fails whenever it is folded.
    #[error("unit {unit} failed on {host} with {code}: {message}")]
    UnitFailed {
        /// The unit.
        unit: u64,
        /// The machine.
        host: String,
        /// The code of the failure.
        code: String,
        /// The failure.
        message: String,
    },
    /// All units together rejected too many records.
    #[error(
        "all units together rejected {rejected} records, and `quarantine.stop_after` is {limit}"
    )]
    TooManyRejected {
        /// The number of rejected records.
        rejected: u64,
        /// The job's limit.
        limit: u64,
    },
    /// Units account for the same offsets, though they were folded again.
    #[error("unit {unit} still holds offsets of earlier units after round 2")]
    StillOverlaps {
        /// The unit.
        unit: u64,
    },
    /// Not all units are folded.
    #[error("{left} of {units} units of round {round} are not folded yet")]
    NotFolded {
        /// The units that are left.
        left: u64,
        /// All units of the round.
        units: u64,
        /// The round.
        round: u32,
    },
    /// Units are left to fold, so that there is nothing to merge yet.
    #[error("the build is not sealed")]
    NotSealed,
    /// There is no such range of keys.
    #[error("there is no range {range} of keys: the number of ranges is {ranges}")]
    NoRange {
        /// The range that was given.
        range: u64,
        /// The number of ranges; 0 where the keys are not cut.
        ranges: u64,
    },
    /// Ranges are left to merge.
    #[error("{left} of {ranges} ranges of keys are not merged yet")]
    NotMerged {
        /// The ranges that are left.
        left: u64,
        /// All ranges.
        ranges: u64,
    },
    /// The build was folded on this machine in part.
    #[error("build {build} was begun on this machine: {done} of {splits} splits are folded")]
    Begun {
        /// The build.
        build: String,
        /// The splits that are folded.
        done: u64,
        /// All splits.
        splits: u64,
    },
    /// The build is staged, and the command would fold it on this machine.
    #[error("build {build} is staged at {place}")]
    Staged {
        /// The build.
        build: String,
        /// Where its units are folded.
        place: String,
    },
}

impl Coded for ShareError {
    fn code(&self) -> &'static Code {
        match self {
            ShareError::Place(error) => error.code(),
            ShareError::Build(error) => error.code(),
            ShareError::Unfit(error) => error.code(),
            ShareError::Component(error) => error.code(),
            ShareError::Guest(error) => error.code(),
            ShareError::FoldStep(error) => error.code(),
            ShareError::Merge(error) => error.code(),
            ShareError::Fold(error) => error.code(),
            ShareError::NotStaged { .. } => &codes::NOT_STAGED,
            ShareError::NothingStaged { .. } => &codes::NOTHING_STAGED,
            ShareError::OtherFormat { .. } => &codes::OTHER_FORMAT,
            ShareError::Damaged { .. } => &place::codes::DAMAGED,
            ShareError::NoUnitGiven => &codes::NO_UNIT_GIVEN,
            ShareError::NoUnit { .. } | ShareError::NoRound { .. } | ShareError::NoRange { .. } => {
                &codes::NO_UNIT
            }
            ShareError::UnitFailed { .. } => &codes::UNIT_FAILED,
            ShareError::TooManyRejected { .. } => &codes::TOO_MANY_REJECTED,
            ShareError::StillOverlaps { .. } => &codes::STILL_OVERLAPS,
            ShareError::NotFolded { .. } | ShareError::NotSealed | ShareError::NotMerged { .. } => {
                &codes::NOT_FOLDED
            }
            ShareError::Begun { .. } => &codes::BEGUN,
            ShareError::Staged { .. } => &codes::STAGED,
        }
    }
}

/// The codes of this module.
pub(crate) mod codes {
    use super::*;

    pub(crate) const NOT_STAGED: Code = Code::new(
        1310,
        Class::Usage,
        "Give the build as `backfold stage` printed it; if its staging was interrupted, stage it again.",
    );
    pub(crate) const NOTHING_STAGED: Code = Code::new(
        1311,
        Class::Usage,
        "Stage it with `backfold stage`, with the same job file and the same flags.",
    );
    pub(crate) const OTHER_FORMAT: Code = Code::new(
        1312,
        Class::Usage,
        "Use the release of backfold that staged the build, or stage it again.",
    );
    pub(crate) const NO_UNIT_GIVEN: Code = Code::new(
        1314,
        Class::Usage,
        "Give `--unit`, or run it where JOB_COMPLETION_INDEX or AWS_BATCH_JOB_ARRAY_INDEX is set.",
    );
    pub(crate) const NO_UNIT: Code = Code::new(
        1315,
        Class::Usage,
        "`backfold seal` lists the units that are left and their round, and the ranges that are left.",
    );
    pub(crate) const UNIT_FAILED: Code = Code::new(
        1316,
        Class::Permanent,
        "Mend the input or the component; where the cause is gone, `backfold stage --again` has the units tried again.",
    );
    pub(crate) const TOO_MANY_REJECTED: Code = Code::new(
        1317,
        Class::Permanent,
        "Look at the quarantine files of the attempts, then mend the component or raise `quarantine.stop_after` and stage anew.",
    );
    pub(crate) const STILL_OVERLAPS: Code = Code::new(
        1318,
        Class::Permanent,
        "Stage the build again with `--fresh`; if it happens again, report it with `sealed.json` and `rounds/2.json`.",
    );
    pub(crate) const NOT_FOLDED: Code = Code::new(
        1319,
        Class::Retry,
        "Start `worker` for the units, or `merge` for the ranges, that `backfold seal` lists, then run this command again.",
    );
    pub(crate) const BEGUN: Code = Code::new(
        1320,
        Class::Usage,
        "Go on with it here by `backfold run` without `--share`, or begin a new one with `backfold stage --fresh`.",
    );
    pub(crate) const STAGED: Code = Code::new(
        1321,
        Class::Usage,
        "Give `--share` to go on with it, or `--fresh` to build the table on this machine instead.",
    );

    pub(crate) const ALL: &[&Code] = &[
        &NOT_STAGED,
        &NOTHING_STAGED,
        &OTHER_FORMAT,
        &NO_UNIT_GIVEN,
        &NO_UNIT,
        &UNIT_FAILED,
        &TOO_MANY_REJECTED,
        &STILL_OVERLAPS,
        &NOT_FOLDED,
        &BEGUN,
        &STAGED,
    ];
}
