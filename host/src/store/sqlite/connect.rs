//! Connections and transactions, and what their failures mean.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use arrow_schema::ArrowError;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use crate::store::StoreError;

/// How long a transaction waits for another writer.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);
/// How long to wait before asking again for what SQLite itself does not wait for.
const RETRY_AFTER: Duration = Duration::from_millis(10);

/// A failure on its way out: one that says all, or one of the database that lacks what was being done.
#[derive(Debug)]
pub(super) enum Fault {
    Store(StoreError),
    Sqlite(rusqlite::Error),
    Arrow(ArrowError),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Fault::Store(error)
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Fault::Sqlite(error)
    }
}

impl From<ArrowError> for Fault {
    fn from(error: ArrowError) -> Self {
        Fault::Arrow(error)
    }
}

/// A database file.
#[derive(Clone, Debug)]
pub(super) struct Database {
    path: PathBuf,
}

impl Database {
    /// Opens the file once to see that it is a database, in WAL mode.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        // An absolute path is neither a URI nor `:memory:`, both of which SQLite would take for something else.
        let path = std::path::absolute(path).map_err(|source| StoreError::Unreachable {
            database: path.display().to_string(),
            source: Box::new(source),
        })?;
        let database = Database { path };
        let opened = database
            .connect()
            .and_then(|connection| into_wal(&connection));
        opened.map_err(
            |fault| match database.explain(fault, "opening it".to_owned()) {
                StoreError::Failed { source, .. }
                | StoreError::Damaged {
                    source: Some(source),
                    ..
                } => StoreError::Unreachable {
                    database: database.path.display().to_string(),
                    source,
                },
                other => other,
            },
        )?;
        Ok(database)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// A new connection, whose commits are synced.
    pub(super) fn connect(&self) -> Result<Connection, Fault> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        // Without these, a quoted name that is missing counts as a string.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
        Ok(connection)
    }

    /// Runs `work` in a transaction that excludes other writers from its beginning.
    pub(super) fn write<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        in_transaction(&self.connect()?, TransactionBehavior::Immediate, work)
    }

    /// Runs `work` on a snapshot.
    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        in_transaction(&self.connect()?, TransactionBehavior::Deferred, work)
    }

    /// What a failure means to whoever called.
    pub(super) fn explain(&self, fault: Fault, doing: String) -> StoreError {
        let source = match fault {
            Fault::Store(error) => return error,
            Fault::Arrow(source) => {
                return StoreError::Failed {
                    doing,
                    source: Box::new(source),
                };
            }
            Fault::Sqlite(source) => source,
        };
        match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy {
                doing,
                source: Box::new(source),
            },
            Some(ErrorCode::DiskFull) => StoreError::NoSpace {
                doing,
                source: Box::new(source),
            },
            Some(ErrorCode::SystemIoFailure) => StoreError::Io {
                doing,
                source: Box::new(source),
            },
            Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                StoreError::Unreachable {
                    database: self.path.display().to_string(),
                    source: Box::new(source),
                }
            }
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Damaged {
                what: format!("{}, found while {doing}", self.path.display()),
                source: Some(Box::new(source)),
            },
            _ => StoreError::Failed {
                doing,
                source: Box::new(source),
            },
        }
    }
}

/// Runs `work` in a transaction of `connection`, and commits it if it succeeds.
pub(super) fn in_transaction<T>(
    connection: &Connection,
    behavior: TransactionBehavior,
    work: impl FnOnce(&Connection) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let transaction = Transaction::new_unchecked(connection, behavior)?;
    let result = work(&transaction)?;
    transaction.commit()?;
    Ok(result)
}

/// Puts the database into WAL mode, which outlives the connection.
fn into_wal(connection: &Connection) -> Result<(), Fault> {
    let begun = Instant::now();
    loop {
        match connection
            .pragma_update_and_check(None, "journal_mode", "wal", |row| row.get::<_, String>(0))
        {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(mode) => {
                return Err(Fault::Store(StoreError::Failed {
                    doing: "putting it into WAL mode".to_owned(),
                    source: format!("it stays in mode `{mode}`; WAL needs a local disk").into(),
                }));
            }
            // SQLite's own timeout does not cover a change of mode.
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && begun.elapsed() < BUSY_TIMEOUT =>
            {
                std::thread::sleep(RETRY_AFTER);
            }
            Err(error) => return Err(error.into()),
        }
    }
}
