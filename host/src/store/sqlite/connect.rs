//! Connections and transactions.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use tokio::runtime::Handle;

use super::SqliteConfig;
use super::fault::Fault;
use super::giving_up::Decision;
use super::patience::{self, Patient};
use super::uri::immutable_uri;
use crate::fault_point;
use crate::store::{StoreContext, StoreError};

/// Steps of a statement between two checks of the token: a fraction of a millisecond.
const STEPS_A_LOOK: i32 = 10_000;

/// How a database's file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// To write; it is made where it is missing.
    Create,
    /// To write.
    Write,
    /// To read, while other processes may write.
    Read,
    /// To read a file that no process can write, without a lock.
    Immutable,
}

/// A database file.
#[derive(Clone, Debug)]
pub(super) struct Database {
    /// Absolute.
    pub(super) path: PathBuf,
    pub(super) mode: Mode,
    pub(super) busy_timeout: Duration,
    pub(super) context: StoreContext,
    pub(super) decision: Decision,
}

/// A connection, on the thread that opened it.
pub(super) struct Session {
    connection: Connection,
    context: StoreContext,
    decision: Decision,
    _patient: Patient,
}

impl Deref for Session {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl Database {
    pub(super) fn new(
        path: PathBuf,
        mode: Mode,
        config: &SqliteConfig,
        context: StoreContext,
    ) -> Self {
        Database {
            path,
            mode,
            busy_timeout: config.busy_timeout,
            context,
            decision: Decision::default(),
        }
    }

    /// The same database for one call, which is given up independently of others.
    pub(super) fn for_a_call(&self) -> Self {
        Database {
            decision: Decision::default(),
            ..self.clone()
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// A failure as a caller of the store sees it.
    pub(super) fn explain(&self, fault: Fault, doing: String) -> StoreError {
        fault.explain(&self.path, self.context.cancel.is_cancelled(), doing)
    }

    /// A new connection, whose commits are synced.
    pub(super) fn connect(&self) -> Result<Session, Fault> {
        fault_point::before("connect")?;
        let shared = OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = match self.mode {
            Mode::Create => Connection::open_with_flags(
                &self.path,
                shared | OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
            ),
            // A database that is only read is opened for writing as well, since SQLite then removes its log at the
            // end. SQLite itself falls back to reading where the file may not be written.
            Mode::Write | Mode::Read => {
                Connection::open_with_flags(&self.path, shared | OpenFlags::SQLITE_OPEN_READ_WRITE)
            }
            Mode::Immutable => Connection::open_with_flags(
                immutable_uri(&self.path),
                shared | OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI,
            ),
        }?;
        let context = self.context.clone();
        let patient = patience::begin(self.path.clone(), self.busy_timeout, context.clone());
        connection.busy_handler(Some(patience::try_again))?;
        let cancel = context.cancel.clone();
        connection.progress_handler(STEPS_A_LOOK, Some(move || cancel.is_cancelled()))?;
        let session = Session {
            connection,
            context,
            decision: self.decision.clone(),
            _patient: patient,
        };
        session.check_cancelled()?;
        session.pragma_update(None, "synchronous", "FULL")?;
        if matches!(self.mode, Mode::Read | Mode::Immutable) {
            session.pragma_update(None, "query_only", true)?;
        }
        // Without these, a quoted name that is missing counts as a string.
        session.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
        session.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
        Ok(session)
    }

    /// Runs `work` on a connection of its own as [`Session::write`] does.
    pub(super) fn write<T>(
        &self,
        name: &'static str,
        work: impl FnOnce(&Session) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let session = self.connect()?;
        session.write(name, || work(&session))
    }

    /// Runs `work` on a snapshot. `name` is that of its point: see [`fault_point`].
    pub(super) fn read<T>(
        &self,
        name: &'static str,
        work: impl FnOnce(&Session) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let session = self.connect()?;
        fault_point::before(name)?;
        session.transaction(TransactionBehavior::Deferred, || work(&session))
    }
}

impl Database {
    /// Runs `work` on a snapshot of a connection that never writes, whatever the database is opened for. SQLite interrupts
    /// its statements at the instant `late`. `name` is that of its point: see [`fault_point`].
    pub(super) fn read_only<T>(
        &self,
        name: &'static str,
        late: Instant,
        work: impl FnOnce(&Session) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mode = match self.mode {
            Mode::Create | Mode::Write | Mode::Read => Mode::Read,
            Mode::Immutable => Mode::Immutable,
        };
        let session = Database {
            mode,
            ..self.clone()
        }
        .connect()?;
        let cancel = self.context.cancel.clone();
        let is_over = move || cancel.is_cancelled() || Instant::now() >= late;
        session.progress_handler(STEPS_A_LOOK, Some(is_over))?;
        fault_point::before(name)?;
        session.transaction(TransactionBehavior::Deferred, || work(&session))
    }
}

impl Session {
    /// Runs `work` in a transaction that excludes other writers from its beginning. `name` is that of its points: see
    /// [`fault_point`].
    pub(super) fn write<T>(
        &self,
        name: &'static str,
        work: impl FnOnce() -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        fault_point::around(name, || {
            self.transaction(TransactionBehavior::Immediate, || {
                let result = work()?;
                fault_point::within(name)?;
                Ok(result)
            })
        })
    }

    /// Runs `work` in a transaction, and commits it if it succeeds and the call was not cancelled meanwhile.
    fn transaction<T>(
        &self,
        behavior: TransactionBehavior,
        work: impl FnOnce() -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let transaction = Transaction::new_unchecked(&self.connection, behavior)?;
        let result = work()?;
        self.check_cancelled()?;
        self.decision.commit(|| Ok(transaction.commit()?))?;
        Ok(result)
    }

    /// Fails once the call is cancelled.
    pub(super) fn check_cancelled(&self) -> Result<(), Fault> {
        if self.context.cancel.is_cancelled() {
            return Err(Fault::Cancelled);
        }
        Ok(())
    }

    /// Waits for a future, such as one that receives or sends rows, until the call is cancelled.
    pub(super) fn wait_for<T>(&self, other: impl Future<Output = T>) -> Result<T, Fault> {
        let waiting = self.context.cancel.run_until_cancelled(other);
        Handle::current().block_on(waiting).ok_or(Fault::Cancelled)
    }
}
