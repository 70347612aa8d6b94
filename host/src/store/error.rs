//! What can go wrong in a store.

use crate::error::{Class, Code, Coded};
use crate::store::{BuildState, Pointer};

/// What a database driver said.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A failure of a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A name that backfold needs belongs to something that backfold did not make.
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
    #[error(
        "the pointer of `{table}` moved while this build was checked against it: it is {}",
        at(found)
    )]
    Conflict {
        /// The public name.
        table: String,
        /// The pointer found.
        found: Option<Box<Pointer>>,
    },
    /// The store cannot have a table or column of that name.
    #[error("`{}` cannot be the name of a {what}: {why}", name.escape_debug())]
    Name {
        /// `table` or `column`.
        what: &'static str,
        /// The name.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The store knows no such build.
    #[error("`{table}` has no build {build}")]
    UnknownBuild {
        /// The public name.
        table: String,
        /// The build asked for.
        build: String,
    },
    /// The build is not in the state that the call needs.
    #[error("build {build} of `{table}` is {state}")]
    WrongState {
        /// The public name.
        table: String,
        /// The build.
        build: String,
        /// The state that it is in.
        state: BuildState,
    },
    /// The build is what readers see, so it can be neither dropped nor loaded again.
    #[error("build {build} is what `{table}` shows")]
    Live {
        /// The public name.
        table: String,
        /// The build.
        build: String,
    },
    /// Another process began to load the same build.
    #[error("another load of build {build} took over")]
    Superseded {
        /// The build.
        build: String,
    },
    /// The store cannot hold a value exactly.
    #[error("column `{column}` of the row {key} holds {why}")]
    Unstorable {
        /// The column.
        column: String,
        /// The row's key, as `name=value` pairs.
        key: String,
        /// What the value is.
        why: &'static str,
    },
    /// The rows are not those that were announced.
    #[error("build {build} was to get {}, and got {}", said(expected), said(found))]
    Disagrees {
        /// The build.
        build: String,
        /// As [`crate::store::Rows::End`] has it.
        expected: Box<super::Loaded>,
        /// As loaded.
        found: Box<super::Loaded>,
    },
    /// The rows do not come sorted by key with no key twice.
    #[error(
        "the rows of build {build} are not in order: {key} does not come after the key before it"
    )]
    Unsorted {
        /// The build.
        build: String,
        /// The row's key.
        key: String,
    },
    /// A batch does not have the columns of the table.
    #[error("the rows of build {build} do not have the columns of its table: {why}")]
    Shape {
        /// The build.
        build: String,
        /// What differs.
        why: String,
    },
    /// Somebody else held the database for too long.
    #[error("the database was busy for too long while {doing}")]
    Busy {
        /// What was being done.
        doing: String,
        /// What the database said.
        source: Cause,
    },
    /// No room is left.
    #[error("no space is left for the database while {doing}")]
    NoSpace {
        /// What was being done.
        doing: String,
        /// What the database said.
        source: Cause,
    },
    /// The database cannot be opened, or not for writing.
    #[error("the database {database} cannot be used")]
    Unreachable {
        /// Which one.
        database: String,
        /// What the database said.
        source: Cause,
    },
    /// What the database holds is not what backfold wrote.
    #[error("the database is damaged: {what}")]
    Damaged {
        /// What is wrong, and where.
        what: String,
        /// What the database said, where it was the database that found it.
        source: Option<Cause>,
    },
    /// The system could not read or write the database's files.
    #[error("the system failed while {doing}")]
    Io {
        /// What was done.
        doing: String,
        /// Why.
        source: Cause,
    },
    /// Anything else that the database refuses.
    #[error("the database failed while {doing}")]
    Failed {
        /// What was being done.
        doing: String,
        /// What the database said.
        source: Cause,
    },
}

fn at(found: &Option<Box<Pointer>>) -> String {
    match found {
        Some(pointer) => {
            format!(
                "at version {}, build {}, by {} at {}",
                pointer.version, pointer.build, pointer.by, pointer.at
            )
        }
        None => "gone".to_owned(),
    }
}

fn said(loaded: &super::Loaded) -> String {
    format!("{} rows with digest {}", loaded.rows, loaded.digest)
}

impl Coded for StoreError {
    fn code(&self) -> &'static Code {
        match self {
            StoreError::Foreign { .. } => &codes::FOREIGN,
            StoreError::Unfinished { .. } => &codes::UNFINISHED,
            StoreError::Conflict { .. } => &codes::CONFLICT,
            StoreError::Name { .. } => &codes::NAME,
            StoreError::UnknownBuild { .. } => &codes::UNKNOWN_BUILD,
            StoreError::WrongState { .. } => &codes::WRONG_STATE,
            StoreError::Live { .. } => &codes::LIVE,
            StoreError::Superseded { .. } => &codes::SUPERSEDED,
            StoreError::Unstorable { .. } => &codes::UNSTORABLE,
            StoreError::Disagrees { .. } => &codes::DISAGREES,
            StoreError::Unsorted { .. } => &codes::UNSORTED,
            StoreError::Shape { .. } => &codes::SHAPE,
            StoreError::Busy { .. } => &codes::BUSY,
            StoreError::NoSpace { .. } => &codes::NO_SPACE,
            StoreError::Unreachable { .. } => &codes::UNREACHABLE,
            StoreError::Damaged { .. } => &codes::DAMAGED,
            StoreError::Io { .. } => &codes::IO,
            StoreError::Failed { .. } => &codes::FAILED,
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
    pub(crate) const UNFINISHED: Code = Code::new(
        602,
        Class::Retry,
        "Run the same command again: the table is loaded from the beginning.",
    );
    pub(crate) const CONFLICT: Code = Code::new(
        603,
        Class::Conflict,
        "Look at `backfold log` and `backfold diff`, and swap again if this build is still wanted.",
    );
    pub(crate) const NAME: Code = Code::new(
        604,
        Class::Usage,
        "Choose another name: `table` in the job, or the column's name in the component.",
    );
    pub(crate) const UNKNOWN_BUILD: Code = Code::new(
        605,
        Class::Usage,
        "Take the ID of a build from `backfold status`.",
    );
    pub(crate) const WRONG_STATE: Code = Code::new(
        606,
        Class::Usage,
        "Run `backfold run` again to load a build that is not complete; one that was dropped must be built anew.",
    );
    pub(crate) const LIVE: Code = Code::new(
        607,
        Class::Usage,
        "Swap to another build first, or leave this one alone: readers use it.",
    );
    pub(crate) const SUPERSEDED: Code = Code::new(
        608,
        Class::Conflict,
        "Let the other process finish; it loads the same rows. Look for it with `backfold status`.",
    );
    pub(crate) const UNSTORABLE: Code = Code::new(
        609,
        Class::Permanent,
        "Let the component give another value (null, a bounded number, text) or declare another kind for the column.",
    );
    pub(crate) const DISAGREES: Code = Code::new(
        610,
        Class::Permanent,
        "This is a fault in backfold or in the machine's memory: run again, and report it if it stays.",
    );
    pub(crate) const UNSORTED: Code = Code::new(
        611,
        Class::Permanent,
        "This is a fault in backfold: please report it with the key.",
    );
    pub(crate) const SHAPE: Code = Code::new(
        612,
        Class::Permanent,
        "This is a fault in backfold: please report it with the component's schema.",
    );
    pub(crate) const BUSY: Code = Code::new(
        613,
        Class::Retry,
        "Look for a program that holds a write transaction open in this database, then run the same command again.",
    );
    pub(crate) const NO_SPACE: Code = Code::new(
        614,
        Class::Retry,
        "Make room on the disk of the database, then run the same command again.",
    );
    pub(crate) const UNREACHABLE: Code = Code::new(
        615,
        Class::Usage,
        "Check the path of the database, that its folder exists, and that both can be written.",
    );
    pub(crate) const DAMAGED: Code = Code::new(
        616,
        Class::Permanent,
        "Check the database with its own tools (SQLite: `PRAGMA integrity_check`), and restore it or build anew.",
    );
    pub(crate) const IO: Code = Code::new(
        618,
        Class::Retry,
        "Look at the disk and its quotas, then run the same command again: it resumes.",
    );
    pub(crate) const FAILED: Code = Code::new(
        617,
        Class::Permanent,
        "See what the database said; if it is not clear, please report it.",
    );

    pub(crate) const ALL: &[&Code] = &[
        &FOREIGN,
        &UNFINISHED,
        &CONFLICT,
        &NAME,
        &UNKNOWN_BUILD,
        &WRONG_STATE,
        &LIVE,
        &SUPERSEDED,
        &UNSTORABLE,
        &DISAGREES,
        &UNSORTED,
        &SHAPE,
        &BUSY,
        &NO_SPACE,
        &UNREACHABLE,
        &DAMAGED,
        &FAILED,
        &IO,
    ];
}
