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
    /// There is no database, and the command does not make one.
    #[error("there is no database {database}")]
    Missing {
        /// Which one.
        database: String,
    },
    /// The database has to be put in order before it can be read, and it may only be read.
    #[error(
        "the database {database} has changes in {log} that cannot be read where nothing may be written"
    )]
    Unrecovered {
        /// Which one.
        database: String,
        /// The file with the changes.
        log: String,
        /// What the database said.
        source: Cause,
    },
    /// Somebody asked to stop.
    #[error("stopped while {doing}")]
    Cancelled {
        /// What was being done.
        doing: String,
    },
    /// An index has a column that the table does not have.
    #[error(
        "the index `{}` is of `{column}`, which is no column of the table: those are {}",
        index.escape_debug(),
        quoted(known)
    )]
    IndexColumn {
        /// The index.
        index: String,
        /// The column that is not there.
        column: String,
        /// The columns that there are.
        known: Vec<String>,
    },
    /// Triggers on the public name would not work with the new build.
    #[error(
        "triggers of `{table}` need columns that the new build does not have: {}",
        quoted(names)
    )]
    Triggers {
        /// The public name.
        table: String,
        /// The triggers.
        names: Vec<String>,
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

fn quoted(names: &[String]) -> String {
    let quoted = names
        .iter()
        .map(|name| format!("`{}`", name.escape_debug()));
    quoted.collect::<Vec<_>>().join(", ")
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
            StoreError::Missing { .. } => &codes::MISSING,
            StoreError::Unrecovered { .. } => &codes::UNRECOVERED,
            StoreError::Cancelled { .. } => &codes::CANCELLED,
            StoreError::IndexColumn { .. } => &codes::INDEX_COLUMN,
            StoreError::Triggers { .. } => &codes::TRIGGERS,
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
        "Take the ID of a build that `backfold status` shows as ready; `backfold run` completes one that is not loaded yet.",
    );
    pub(crate) const WRONG_STATE: Code = Code::new(
        606,
        Class::Usage,
        "Run `backfold run` again to load a build that is not complete or whose table is gone; one that was dropped must be built anew.",
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
        "Look for a program that holds a transaction open in this database and end it, or raise `busy_timeout` in `[target.sqlite]`; then run the same command again.",
    );
    pub(crate) const NO_SPACE: Code = Code::new(
        614,
        Class::Retry,
        "Make room on the disk of the database, then run the same command again.",
    );
    pub(crate) const UNREACHABLE: Code = Code::new(
        615,
        Class::Usage,
        "Check `path` in `[target.sqlite]`: its folder must exist, the file must be a SQLite database or not there yet, and both must be writable.",
    );
    pub(crate) const DAMAGED: Code = Code::new(
        616,
        Class::Permanent,
        "Restore the database from a backup, or move its files (`-wal` and `-shm` too) away and run `backfold run` again: it loads the table into a new one.",
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
    pub(crate) const MISSING: Code = Code::new(
        619,
        Class::Usage,
        "Check `path` in `[target.sqlite]`; a database that is not there yet is made by `backfold run`.",
    );
    pub(crate) const UNRECOVERED: Code = Code::new(
        620,
        Class::Usage,
        "Run the command once as a user who may write into the database's folder, or point `path` at a copy of the database and of the file named.",
    );
    pub(crate) const CANCELLED: Code = Code::new(
        621,
        Class::Interrupted,
        "Run the same command again: nothing that readers see was changed.",
    );
    pub(crate) const INDEX_COLUMN: Code = Code::new(
        622,
        Class::Usage,
        "Name columns of the table in `indexes` of `[target]`; `backfold inspect` lists them.",
    );
    pub(crate) const TRIGGERS: Code = Code::new(
        623,
        Class::Usage,
        "Drop these triggers (`DROP TRIGGER name`), make them anew after the swap, and run the same command again.",
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
        &MISSING,
        &UNRECOVERED,
        &CANCELLED,
        &INDEX_COLUMN,
        &TRIGGERS,
    ];
}
