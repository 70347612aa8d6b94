//! The errors of the check of the laws.

use std::path::PathBuf;

use super::Law;
use crate::error::{Class, Code, Coded};
use crate::guest::GuestError;

/// A failure of a check.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LawError {
    /// A law does not hold.
    #[error("the component breaks the law of {law}: {what}")]
    Broken {
        /// The law.
        law: Law,
        /// The violation, in a sentence that names the file with the counterexample.
        what: String,
        /// The call that failed, if one did.
        source: Option<GuestError>,
    },
    /// A call failed on states that a run may meet. The run would fail with the same error.
    #[error("the component breaks the law of {law}: {what}")]
    Failed {
        /// The law.
        law: Law,
        /// The violation, in a sentence that names the file with the counterexample.
        what: String,
        /// The failure, whose code this error has.
        source: GuestError,
    },
    /// No event was folded, so nothing was tested.
    #[error("no law was tested: of {events} events the component accepted none")]
    NothingToCheck {
        /// The number of events in the sample.
        events: u64,
        /// The first failure, if the component did not only reject events.
        source: Option<GuestError>,
    },
    /// A counterexample cannot be read.
    #[error("`{}` is not a counterexample that can be run again: {what}", path.display())]
    Counterexample {
        /// The file.
        path: PathBuf,
        /// The problem.
        what: String,
    },
    /// A counterexample cannot be written.
    #[error("cannot write the counterexample to `{}`", path.display())]
    Save {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
    /// The component cannot be loaded, or an instance cannot be opened.
    #[error(transparent)]
    Guest(#[from] GuestError),
}

impl Coded for LawError {
    fn code(&self) -> &'static Code {
        match self {
            LawError::Broken { .. } => &codes::BROKEN,
            LawError::Failed { source, .. } => source.code(),
            LawError::NothingToCheck { .. } => &codes::NOTHING_TO_CHECK,
            LawError::Counterexample { .. } => &codes::COUNTEREXAMPLE,
            LawError::Save { .. } => &codes::SAVE,
            LawError::Guest(error) => error.code(),
        }
    }
}

/// The codes of this module.
pub(crate) mod codes {
    use super::*;

    pub(crate) const BROKEN: Code = Code::new(
        430,
        Class::Gate,
        "Correct the component, and test it with `backfold check COMPONENT --again FILE`; `run --trust-laws` skips the test.",
    );
    pub(crate) const NOTHING_TO_CHECK: Code = Code::new(
        431,
        Class::Usage,
        "Name a job whose input has events that the component accepts: `backfold check COMPONENT --job job.toml`.",
    );
    pub(crate) const COUNTEREXAMPLE: Code = Code::new(
        432,
        Class::Usage,
        "Take a file that `backfold check` or `backfold run` wrote, with a component that reads the same columns.",
    );
    pub(crate) const SAVE: Code = Code::new(
        433,
        Class::Usage,
        "Name a file that can be written with `--save`.",
    );

    pub(crate) const ALL: &[&Code] = &[&BROKEN, &NOTHING_TO_CHECK, &COUNTEREXAMPLE, &SAVE];
}
