//! Failures of a store.

use std::time::Duration;

use super::codes;
use crate::error::{Code, Coded};
use crate::store::{BuildState, Pointer};

/// The error of a database driver.
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
    /// The rows ended without [`Rows::End`](crate::store::Rows::End).
    #[error("the rows of build {build} stopped before their end")]
    Unfinished {
        /// The build.
        build: String,
    },
    /// The pointer's version is not the one expected: another process has swapped.
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
        /// The rule that it breaks.
        why: &'static str,
    },
    /// The store cannot have such a column, or such an index of it.
    #[error("the column `{}` cannot be stored: {why}", column.escape_debug())]
    Column {
        /// The column.
        column: String,
        /// The rule that it breaks.
        why: String,
    },
    /// Other sessions kept a lock on what readers see for longer than the call waits for it.
    #[error("other sessions kept a lock for {}, while {doing}: {}", humantime::format_duration(*waited), by.join("; "))]
    Locked {
        /// The work that failed.
        doing: String,
        /// The time that was waited.
        waited: Duration,
        /// The sessions, in words.
        by: Vec<String>,
    },
    /// The store knows no such build.
    #[error("`{table}` has no build {build}")]
    UnknownBuild {
        /// The public name.
        table: String,
        /// The build.
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
        /// The value, in words.
        why: &'static str,
    },
    /// The rows are not those that [`Rows::End`](crate::store::Rows::End) announced.
    #[error("build {build} was to get {}, and got {}", said(expected), said(found))]
    Disagrees {
        /// The build.
        build: String,
        /// Number and digest as announced.
        expected: Box<super::Loaded>,
        /// Number and digest as received.
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
        /// The difference.
        why: String,
    },
    /// Another process used the database for longer than the call waits.
    #[error("the database was busy for too long while {doing}")]
    Busy {
        /// The work that failed.
        doing: String,
        /// The database's error.
        source: Cause,
    },
    /// No room is left.
    #[error("no space is left for the database while {doing}")]
    NoSpace {
        /// The work that failed.
        doing: String,
        /// The database's error.
        source: Cause,
    },
    /// The database cannot be opened, or not for writing.
    #[error("the database {database} cannot be used")]
    Unreachable {
        /// The database.
        database: String,
        /// The database's error.
        source: Cause,
    },
    /// The database holds something that backfold did not write.
    #[error("the database is damaged: {what}")]
    Damaged {
        /// The damage and its place.
        what: String,
        /// The database's error, where the database found the damage.
        source: Option<Cause>,
    },
    /// The system could not read or write the database's files.
    #[error("the system failed while {doing}")]
    Io {
        /// The work that failed.
        doing: String,
        /// The system's error.
        source: Cause,
    },
    /// There is no database, and the command does not make one.
    #[error("there is no database {database}")]
    Missing {
        /// The database.
        database: String,
    },
    /// The database has to be put in order before it can be read, and it may only be read.
    #[error(
        "the database {database} has changes in {log} that cannot be read where nothing may be written"
    )]
    Unrecovered {
        /// The database.
        database: String,
        /// The file with the changes.
        log: String,
        /// The database's error.
        source: Cause,
    },
    /// The call was cancelled.
    #[error("stopped while {doing}")]
    Cancelled {
        /// The work that failed.
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
    /// Objects of other programs use a table or a view that would have to be dropped.
    #[error("`{name}` cannot be dropped while others use it: {}", by.join(", "))]
    InUse {
        /// The table or view.
        name: String,
        /// The objects, as the database describes them.
        by: Vec<String>,
    },
    /// A setting of the connection cannot be used, or those that there are do not fit together.
    #[error("the connection to the database cannot be set up: {problem}")]
    Settings {
        /// The setting, where it was made, and what is wrong with it.
        problem: String,
    },
    /// There is no connection to the database, or it was lost.
    #[error("no connection to {database} while {doing}")]
    Connection {
        /// The database.
        database: String,
        /// The work that failed.
        doing: String,
        /// The error of the system or of the server.
        source: Cause,
    },
    /// The server is not known to be the right one, or does not speak TLS.
    #[error("the server {server} is not trusted: {problem}")]
    Untrusted {
        /// The server.
        server: String,
        /// The problem, and what to set.
        problem: String,
    },
    /// The database does not let the user in.
    #[error("the database {database} does not let `{}` in", user.escape_debug())]
    Login {
        /// The database.
        database: String,
        /// The user.
        user: String,
        /// The database's error, and where the password comes from.
        source: Cause,
    },
    /// The user lacks a right.
    #[error("the role `{}` lacks a right for {doing}", user.escape_debug())]
    Denied {
        /// The work that failed.
        doing: String,
        /// The user.
        user: String,
        /// The database's error.
        source: Cause,
    },
    /// The database takes no writes.
    #[error("the database {database} takes no writes: {why}")]
    ReadOnly {
        /// The database.
        database: String,
        /// The reason.
        why: String,
    },
    /// The database cannot hold tables of backfold.
    #[error("the database {database} cannot hold tables: {why}")]
    Unsupported {
        /// The database.
        database: String,
        /// The reason.
        why: String,
    },
    /// The database has no such schema.
    #[error("the database {database} has no schema `{}`", schema.escape_debug())]
    NoSchema {
        /// The database.
        database: String,
        /// The schema.
        schema: String,
    },
    /// The database stopped a statement: it took too long, or an operator cancelled it.
    #[error("the database stopped the statement while {doing}")]
    Stopped {
        /// The work that failed.
        doing: String,
        /// The database's error.
        source: Cause,
    },
    /// The client of a service cannot be made.
    #[error("the client of {service} cannot be made: {problem}")]
    NotConfigured {
        /// The service.
        service: &'static str,
        /// The setting, and what is wrong with it.
        problem: String,
    },
    /// A service failed, or did not answer, at all attempts.
    #[error("no answer from {endpoint} while {doing}")]
    Service {
        /// The work that failed.
        doing: String,
        /// The service.
        endpoint: String,
        /// The last failure.
        source: Cause,
    },
    /// A service takes no more requests at this rate.
    #[error("the service limits the throughput too far for {doing}")]
    Throttled {
        /// The work that failed.
        doing: String,
        /// The last answer.
        source: Cause,
    },
    /// A service does not allow a request, or does not know who sends it.
    #[error("{endpoint} refused a request while {doing}: {detail}")]
    NotAllowed {
        /// The work that failed.
        doing: String,
        /// The service.
        endpoint: String,
        /// The answer.
        detail: String,
    },
    /// Other processes changed what the call decided on, each time that it looked.
    #[error("other processes kept changing the bookkeeping while {doing}")]
    Contended {
        /// The work that failed.
        doing: String,
    },
    /// Readers may still use a build, because they keep a pointer for a while.
    #[error(
        "readers of `{table}` may use build {build} for another {}",
        humantime::format_duration(Duration::from_secs(wait.as_secs() + 1))
    )]
    StillRead {
        /// The public name.
        table: String,
        /// The build.
        build: String,
        /// How long they may use it.
        wait: Duration,
    },
    /// Anything else that the database refuses.
    #[error("the database failed while {doing}")]
    Failed {
        /// The work that failed.
        doing: String,
        /// The database's error.
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
            StoreError::Column { .. } => &codes::COLUMN,
            StoreError::Locked { .. } => &codes::LOCKED,
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
            StoreError::InUse { .. } => &codes::IN_USE,
            StoreError::Settings { .. } => &codes::SETTINGS,
            StoreError::Connection { .. } => &codes::CONNECTION,
            StoreError::Untrusted { .. } => &codes::UNTRUSTED,
            StoreError::Login { .. } => &codes::LOGIN,
            StoreError::Denied { .. } => &codes::DENIED,
            StoreError::ReadOnly { .. } => &codes::READ_ONLY,
            StoreError::Unsupported { .. } => &codes::UNSUPPORTED,
            StoreError::NoSchema { .. } => &codes::NO_SCHEMA,
            StoreError::Stopped { .. } => &codes::STOPPED,
            StoreError::NotConfigured { .. } => &codes::NOT_CONFIGURED,
            StoreError::Service { .. } => &codes::SERVICE,
            StoreError::Throttled { .. } => &codes::THROTTLED,
            StoreError::NotAllowed { .. } => &codes::NOT_ALLOWED,
            StoreError::Contended { .. } => &codes::CONTENDED,
            StoreError::StillRead { .. } => &codes::STILL_READ,
            StoreError::Failed { .. } => &codes::FAILED,
        }
    }
}
