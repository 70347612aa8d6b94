//! Failures of a cut-over.

use std::path::PathBuf;

use arrow_schema::ArrowError;

use super::hooks::HookFailure;
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
    /// The verdict on a build is about other rows than those of its table.
    #[error(
        "build {build} is not swapped in: it was checked with digest {checked}, and its table has digest {found}"
    )]
    VerdictOutdated {
        /// The build.
        build: String,
        /// The digest of the rows that were checked.
        checked: String,
        /// The digest of the table's rows.
        found: String,
    },
    /// A hook refuses the swap.
    #[error("a hook `before_swap` refuses build {build}: nothing is changed")]
    HookRefused {
        /// The build.
        build: String,
        /// What became of the hook.
        source: Box<HookFailure>,
    },
    /// A hook failed after the swap, which stands.
    #[error("the swap stands, and `{table}` shows build {build}, but a hook `after_swap` failed")]
    HookFailedAfter {
        /// The public name.
        table: String,
        /// The build that is live.
        build: String,
        /// What became of the hook.
        source: Box<HookFailure>,
    },
    /// A rehearsal was not agreed to.
    #[error(
        "a rehearsal shows build {build} to all readers of `{table}` for a moment, instead of build {live}"
    )]
    RehearsalWithoutYes {
        /// The public name.
        table: String,
        /// The build to rehearse with.
        build: String,
        /// The live build.
        live: String,
    },
    /// Another process swapped while a rehearsal showed its build.
    #[error(
        "the rehearsal of build {build} is not swapped back: {} made `{table}` show build {}, version {}, meanwhile, and that stands",
        found.by, found.build, found.version
    )]
    RehearsalOvertaken {
        /// The public name.
        table: String,
        /// The build of the rehearsal.
        build: String,
        /// The pointer of the other process.
        found: Box<Pointer>,
    },
    /// A rehearsal could not be swapped back.
    #[error(
        "`{table}` STILL SHOWS build {build} of a rehearsal, and not build {live}, which it showed before"
    )]
    RehearsalOpen {
        /// The public name.
        table: String,
        /// The build of the rehearsal.
        build: String,
        /// The build that was live before.
        live: String,
        /// Why it could not be swapped back; `None` where another process left it.
        source: Option<Box<StoreError>>,
    },
    /// An unfinished build goes on from this one.
    #[error(
        "build {build} of `{table}` cannot be ended: build {needed_by}, which is unfinished, goes on from it"
    )]
    BaseOfAnother {
        /// The public name.
        table: String,
        /// The build.
        build: String,
        /// The build that needs it.
        needed_by: String,
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
            CutoverError::VerdictOutdated { .. } => &codes::VERDICT_OUTDATED,
            CutoverError::HookRefused { .. } => &codes::HOOK_REFUSED,
            CutoverError::HookFailedAfter { .. } => &codes::HOOK_FAILED_AFTER,
            CutoverError::RehearsalWithoutYes { .. } => &codes::REHEARSAL_WITHOUT_YES,
            CutoverError::RehearsalOvertaken { .. } => &codes::REHEARSAL_OVERTAKEN,
            CutoverError::RehearsalOpen { .. } => &codes::REHEARSAL_OPEN,
            CutoverError::BaseOfAnother { .. } => &codes::BASE_OF_ANOTHER,
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
    pub(crate) const HOOK_REFUSED: Code = Code::new(
        720,
        Class::Gate,
        "Look at the output of the hook, remove what it objects to, and swap again; or change `[hooks]` of the job.",
    );
    pub(crate) const HOOK_FAILED_AFTER: Code = Code::new(
        721,
        Class::Retry,
        "Do by hand what the hook should have done, or go back: `backfold rollback`. Swapping again does not run it.",
    );
    pub(crate) const REHEARSAL_WITHOUT_YES: Code = Code::new(
        722,
        Class::Usage,
        "If readers may see the new table for a moment, add `--yes`.",
    );
    pub(crate) const REHEARSAL_OVERTAKEN: Code = Code::new(
        723,
        Class::Conflict,
        "Look at `backfold log`: the other swap holds, and nothing of the rehearsal is left to take back.",
    );
    pub(crate) const REHEARSAL_OPEN: Code = Code::new(
        724,
        Class::Retry,
        "Run `backfold rollback` now: it ends the rehearsal.",
    );
    pub(crate) const VERDICT_OUTDATED: Code = Code::new(
        725,
        Class::Conflict,
        "Run `backfold run` again: it checks and compares the table as it is now.",
    );
    pub(crate) const BASE_OF_ANOTHER: Code = Code::new(
        726,
        Class::Usage,
        "End the other build first: `backfold abort JOB BUILD`; or finish it with `backfold run --only-quarantined`.",
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
        &HOOK_REFUSED,
        &HOOK_FAILED_AFTER,
        &REHEARSAL_WITHOUT_YES,
        &REHEARSAL_OVERTAKEN,
        &REHEARSAL_OPEN,
        &VERDICT_OUTDATED,
        &BASE_OF_ANOTHER,
    ];
}
