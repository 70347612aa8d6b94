//! Failures of a cut-over.

use std::path::PathBuf;

use arrow_schema::ArrowError;

use super::verdict::GateReport;
use crate::error::{Class, Code, Coded};
use crate::fold::FoldError;
use crate::store::{Cause, Pointer, StoreError};

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
        /// The reason.
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
    /// Readers saw the table before, and it was rolled back.
    #[error(
        "`{table}` showed the table of build {build} before, and {} took it back at {} to show build {}",
        back.by, back.at, back.build
    )]
    Held {
        /// The public name.
        table: String,
        /// The build.
        build: String,
        /// The pointer that took it back.
        back: Box<Pointer>,
    },
    /// The table shows something else than when the decision was made.
    #[error("build {build} is not swapped in: {seen}, and `{table}` shows {} now", shown(found.as_deref()))]
    Moved {
        /// The public name.
        table: String,
        /// The build.
        build: String,
        /// The pointer that the decision was made on, in words.
        seen: String,
        /// The pointer now.
        found: Option<Box<Pointer>>,
    },
    /// Rows could not be compared.
    #[error("the rows of two builds of `{table}` cannot be compared")]
    Compare {
        /// The public name.
        table: String,
        /// Why.
        source: ArrowError,
    },
    /// An option of a comparison does not fit the builds.
    #[error("`{option}`: {problem}")]
    DiffOption {
        /// The option as the command line has it.
        option: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The file of keys cannot be written.
    #[error("the keys cannot be written to {}", path.display())]
    KeysFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Cause,
    },
    /// The rows of a build could not be sorted by key.
    #[error(transparent)]
    Sort(#[from] FoldError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl CutoverError {
    /// The refusal to show `build` again, which `back` took from readers.
    pub(crate) fn held(build: &str, back: &Pointer) -> Self {
        CutoverError::Held {
            table: back.table.clone(),
            build: build.to_owned(),
            back: Box::new(back.clone()),
        }
    }
}

fn shown(live: Option<&Pointer>) -> String {
    live.map_or_else(
        || "nothing".to_owned(),
        |live| format!("build {}, version {},", live.build, live.version),
    )
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
            CutoverError::Held { .. } => &codes::HELD,
            CutoverError::Moved { .. } => &codes::MOVED,
            CutoverError::Compare { .. } => &codes::COMPARE,
            CutoverError::DiffOption { .. } => &codes::DIFF_OPTION,
            CutoverError::KeysFile { .. } => &codes::KEYS_FILE,
            CutoverError::Sort(error) => error.code(),
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
    pub(crate) const HELD: Code = Code::new(
        709,
        Class::Gate,
        "Show it all the same by its name: `backfold swap JOB BUILD`; or mend what it was taken back for, and run again.",
    );
    pub(crate) const MOVED: Code = Code::new(
        710,
        Class::Conflict,
        "Look at `backfold diff` again, and swap with `--expect VERSION`, the version that it was compared with; or run again.",
    );

    pub(crate) const DIFF_OPTION: Code = Code::new(
        715,
        Class::Usage,
        "Correct the option; `backfold inspect` lists the columns of the component.",
    );
    pub(crate) const KEYS_FILE: Code = Code::new(
        716,
        Class::Retry,
        "Give another file, or remove the cause; then run the same command again.",
    );

    pub(crate) const ALL: &[&Code] = &[
        &GATE_REFUSED,
        &NO_PREVIOUS,
        &PREVIOUS_DROPPED,
        &ALREADY_LIVE,
        &COMPARE,
        &NOTHING_LOADED,
        &NOTHING_LIVE,
        &HELD,
        &MOVED,
        &DIFF_OPTION,
        &KEYS_FILE,
    ];
}
