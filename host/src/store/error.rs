//! What can go wrong in a store.

use crate::error::{Class, Code, Coded};
use crate::store::Pointer;

/// A failure of a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The public name belongs to something that backfold did not make.
    #[error("`{name}` exists and was not made by backfold")]
    Foreign {
        /// The name.
        name: String,
    },
    /// The rows stopped coming before they were all there.
    #[error("the rows of build {build} stopped before their end")]
    Unfinished {
        /// The build.
        build: String,
    },
    /// Somebody else moved the pointer.
    #[error("the pointer of `{table}` moved while this build was checked against it")]
    Conflict {
        /// The public name.
        table: String,
        /// The pointer found.
        found: Option<Box<Pointer>>,
    },
}

impl Coded for StoreError {
    fn code(&self) -> &'static Code {
        match self {
            StoreError::Foreign { .. } => &codes::FOREIGN,
            StoreError::Unfinished { .. } => &codes::UNFINISHED,
            StoreError::Conflict { .. } => &codes::CONFLICT,
        }
    }
}

/// The codes of this module.
pub(crate) mod codes {
    use super::*;

    pub(crate) const FOREIGN: Code = Code::new(
        601,
        Class::Usage,
        "Choose another `table` in the job, or rename what has the name now: backfold does not touch it.",
    );
    pub(crate) const UNFINISHED: Code =
        Code::new(602, Class::Retry, "Run the same command again: the table is loaded from the beginning.");
    pub(crate) const CONFLICT: Code = Code::new(
        603,
        Class::Conflict,
        "Look at `backfold log` and `backfold diff`, and swap again if this build is still wanted.",
    );

    pub(crate) const ALL: &[&Code] = &[&FOREIGN, &UNFINISHED, &CONFLICT];
}
