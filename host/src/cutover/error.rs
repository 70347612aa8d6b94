//! What can stop a cut-over.

use arrow_schema::ArrowError;

use super::gate::GateReport;
use crate::error::{Class, Code, Coded};
use crate::store::StoreError;

/// A failure on the way from a loaded build to the live one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CutoverError {
    /// A check of the gate failed.
    #[error("the gate refuses build {}: {}", report.build, report.refusals().join("; "))]
    GateRefused {
        /// All checks.
        report: Box<GateReport>,
    },
    /// There is no build to roll back to.
    #[error("`{table}` shows nothing that could be rolled back: {why}")]
    NoPrevious {
        /// The public name.
        table: String,
        /// What is missing.
        why: &'static str,
    },
    /// The build to roll back to does not exist any more.
    #[error("`{table}` cannot be rolled back: build {build}, which it showed before, was dropped")]
    PreviousDropped {
        /// The public name.
        table: String,
        /// The build before.
        build: String,
    },
    /// The build is live already.
    #[error("build {build} is what `{table}` shows already")]
    AlreadyLive {
        /// The public name.
        table: String,
        /// The build.
        build: String,
    },
    /// There is no build that could be compared or shown.
    #[error("no build of `{table}` is loaded")]
    NothingLoaded {
        /// The public name.
        table: String,
    },
    /// Nothing was ever swapped in.
    #[error("`{table}` shows nothing yet")]
    NothingLive {
        /// The public name.
        table: String,
    },
    /// The build was never what readers saw.
    #[error("`{table}` never showed build {build}")]
    NeverLive {
        /// The public name.
        table: String,
        /// The build.
        build: String,
    },
    /// Rows could not be compared.
    #[error("the rows of two builds of `{table}` cannot be compared")]
    Compare {
        /// The public name.
        table: String,
        /// Why.
        source: ArrowError,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Coded for CutoverError {
    fn code(&self) -> &'static Code {
        match self {
            CutoverError::GateRefused { .. } => &codes::GATE_REFUSED,
            CutoverError::NoPrevious { .. } => &codes::NO_PREVIOUS,
            CutoverError::PreviousDropped { .. } => &codes::PREVIOUS_DROPPED,
            CutoverError::AlreadyLive { .. } => &codes::ALREADY_LIVE,
            CutoverError::NothingLoaded { .. } => &codes::NOTHING_LOADED,
            CutoverError::NothingLive { .. } => &codes::NOTHING_LIVE,
            CutoverError::NeverLive { .. } => &codes::NEVER_LIVE,
            CutoverError::Compare { .. } => &codes::COMPARE,
            CutoverError::Store(error) => error.code(),
        }
    }
}

/// The codes of this module.
pub(crate) mod codes {
    use super::*;

    pub(crate) const GATE_REFUSED: Code = Code::new(
        701,
        Class::Gate,
        "Look at `backfold diff` and the build's `quarantine.jsonl`; correct the input or the component, or the limits under `[gate]`.",
    );
    pub(crate) const NO_PREVIOUS: Code = Code::new(
        702,
        Class::Usage,
        "Look at `backfold log`; to show a certain build, use `backfold swap BUILD`.",
    );
    pub(crate) const PREVIOUS_DROPPED: Code = Code::new(
        703,
        Class::Usage,
        "Swap to a build that is still there (`backfold status`), or build the one before anew; `gc --keep` keeps more.",
    );
    pub(crate) const ALREADY_LIVE: Code = Code::new(
        704,
        Class::Usage,
        "There is nothing to do; `backfold log` tells since when it is live.",
    );
    pub(crate) const COMPARE: Code = Code::new(
        705,
        Class::Permanent,
        "This is a fault in backfold: please report it with both schemas.",
    );

    pub(crate) const NOTHING_LOADED: Code =
        Code::new(706, Class::Usage, "Build one first: `backfold run`.");
    pub(crate) const NOTHING_LIVE: Code = Code::new(
        707,
        Class::Usage,
        "Make a build live first: `backfold run --swap`, or `backfold swap`.",
    );
    pub(crate) const NEVER_LIVE: Code = Code::new(
        708,
        Class::Usage,
        "Take a build from `backfold log`, or make this one live first: `backfold swap`.",
    );

    pub(crate) const ALL: &[&Code] = &[
        &GATE_REFUSED,
        &NO_PREVIOUS,
        &PREVIOUS_DROPPED,
        &ALREADY_LIVE,
        &COMPARE,
        &NOTHING_LOADED,
        &NOTHING_LIVE,
        &NEVER_LIVE,
    ];
}
