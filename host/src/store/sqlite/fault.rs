//! Failures of SQLite, and the errors of a store that they become.

use std::io;
use std::path::Path;

use arrow_schema::ArrowError;
use rusqlite::{ErrorCode, ffi};

use crate::store::{Cause, StoreError};

/// A failure within a call: an error of the store, or one of SQLite that becomes one with [`Fault::explain`].
#[derive(Debug)]
pub(super) enum Fault {
    Store(StoreError),
    Sqlite(rusqlite::Error),
    Arrow(ArrowError),
    /// The call was cancelled.
    Cancelled,
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

impl From<io::Error> for Fault {
    /// The failure of a point: that of the file under SQLite.
    fn from(error: io::Error) -> Self {
        let code = ffi::Error::new(ffi::SQLITE_IOERR_WRITE);
        Fault::Sqlite(rusqlite::Error::SqliteFailure(
            code,
            Some(error.to_string()),
        ))
    }
}

impl Fault {
    /// SQLite's primary error code.
    pub(super) fn code(&self) -> Option<ErrorCode> {
        match self {
            Fault::Sqlite(error) => error.sqlite_error_code(),
            _ => None,
        }
    }

    /// SQLite's extended error code.
    fn extended_code(&self) -> Option<i32> {
        match self {
            Fault::Sqlite(error) => error.sqlite_error().map(|error| error.extended_code),
            _ => None,
        }
    }

    /// Whether a file next to the database's could not be made or written.
    pub(super) fn needs_writing(&self) -> bool {
        use ffi::{SQLITE_IOERR_SHMLOCK, SQLITE_IOERR_SHMMAP, SQLITE_IOERR_SHMOPEN};
        let code = self.code();
        matches!(
            code,
            Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied)
        ) || matches!(
            self.extended_code(),
            Some(SQLITE_IOERR_SHMOPEN | SQLITE_IOERR_SHMMAP | SQLITE_IOERR_SHMLOCK)
        )
    }
}

/// SQLite's message with its extended error code.
pub(super) fn said(error: &rusqlite::Error) -> Cause {
    match error.sqlite_error() {
        Some(code) => format!("{error} (SQLite's code {})", code.extended_code).into(),
        None => error.to_string().into(),
    }
}

impl Fault {
    /// The failure as a caller of the store sees it. `database` is the file, `doing` names the call, and `is_cancelled`
    /// says whether the caller's token has fired.
    pub(super) fn explain(self, database: &Path, is_cancelled: bool, doing: String) -> StoreError {
        let (code, extended) = (self.code(), self.extended_code());
        let source = match self {
            Fault::Store(error) => return error,
            Fault::Cancelled => return StoreError::Cancelled { doing },
            Fault::Arrow(source) => {
                return StoreError::Failed {
                    doing,
                    source: Box::new(source),
                };
            }
            Fault::Sqlite(source) => said(&source),
        };
        // The file of the memory that processes share is the first that does not fit on a full disk.
        let is_full = extended == Some(ffi::SQLITE_IOERR_SHMSIZE);
        match code {
            Some(ErrorCode::OperationInterrupted) => StoreError::Cancelled { doing },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) if is_cancelled => {
                StoreError::Cancelled { doing }
            }
            Some(
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::FileLockingProtocolFailed,
            ) => StoreError::Busy { doing, source },
            Some(ErrorCode::DiskFull) => StoreError::NoSpace { doing, source },
            Some(ErrorCode::SystemIoFailure) if is_full => StoreError::NoSpace { doing, source },
            Some(ErrorCode::SystemIoFailure) => StoreError::Io { doing, source },
            Some(
                ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::PermissionDenied
                | ErrorCode::NotADatabase,
            ) => StoreError::Unreachable {
                database: database.display().to_string(),
                source,
            },
            Some(ErrorCode::DatabaseCorrupt) => StoreError::Damaged {
                what: format!("{}, found while {doing}", database.display()),
                source: Some(source),
            },
            _ => StoreError::Failed { doing, source },
        }
    }
}
