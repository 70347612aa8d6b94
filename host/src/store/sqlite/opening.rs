//! Opening a database: it is made for a build, and not changed for a command that only reads.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode};

use super::SqliteConfig;
use super::connect::{Database, Mode, Session};
use super::fault::{Fault, said};
use super::patience;
use crate::fault_point::{after, around, before};
use crate::store::{Access, StoreContext, StoreError};

impl Database {
    /// Opens the file once, to see that it is a database that can be used as `access` wants.
    pub(super) fn open(
        config: &SqliteConfig,
        access: Access,
        context: StoreContext,
    ) -> Result<Self, StoreError> {
        // An absolute path is neither a URI nor `:memory:`, both of which SQLite would take for something else.
        let path = std::path::absolute(&config.path)
            .map_err(|source| unreachable(&config.path, source))?;
        let with = |mode| Database::new(path.clone(), mode, config, context.clone());
        let (database, opened) = match access {
            Access::Build => {
                let database = with(Mode::Create);
                let opened = database.connect().and_then(|session| {
                    give_back_space(&session)?;
                    into_wal(&session)
                });
                (database, opened)
            }
            Access::Change => {
                check_there(&path)?;
                let database = with(Mode::Write);
                let opened = database.connect().and_then(|session| into_wal(&session));
                (database, opened)
            }
            Access::Read => {
                check_there(&path)?;
                let database = with(Mode::Read);
                match database.look() {
                    Err(fault) if fault.needs_writing() => {
                        let log = log_of(&path);
                        if fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
                            return Err(unrecovered(&path, &log, fault));
                        }
                        // No program has it open to write, and its log is empty: all is in the file.
                        let database = with(Mode::Immutable);
                        let opened = database.look();
                        (database, opened)
                    }
                    opened => (database, opened),
                }
            }
        };
        match opened {
            Ok(()) => Ok(database),
            Err(fault) => {
                let doing = format!("opening {}", path.display());
                Err(database.explain(fault, doing))
            }
        }
    }

    /// Reads the names of all tables, as every reader has to.
    fn look(&self) -> Result<(), Fault> {
        self.read("open to read", |session| {
            session.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
            Ok(())
        })
    }
}

/// Refuses a path that is missing, is a folder, or may not be read.
fn check_there(path: &Path) -> Result<(), StoreError> {
    match File::open(path).and_then(|file| file.metadata()) {
        Ok(found) if found.is_dir() => Err(unreachable(path, io::ErrorKind::IsADirectory.into())),
        Ok(_) => Ok(()),
        Err(source)
            if matches!(
                source.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            Err(StoreError::Missing {
                database: path.display().to_string(),
            })
        }
        Err(source) => Err(unreachable(path, source)),
    }
}

fn unreachable(path: &Path, source: io::Error) -> StoreError {
    StoreError::Unreachable {
        database: path.display().to_string(),
        source: Box::new(source),
    }
}

fn unrecovered(path: &Path, log: &Path, fault: Fault) -> StoreError {
    let source = match fault {
        Fault::Sqlite(error) => said(&error),
        other => format!("{other:?}").into(),
    };
    StoreError::Unrecovered {
        database: path.display().to_string(),
        log: log.display().to_string(),
        source,
    }
}

/// The file of changes that are not in the database's own yet.
fn log_of(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// Makes a database that is new give the space of dropped tables back later. One that has tables stays as it is.
fn give_back_space(connection: &Connection) -> Result<(), Fault> {
    let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
    if pages == 0 {
        around("set what becomes of free space", || {
            let set = connection.pragma_update(None, "auto_vacuum", "incremental");
            set.map_err(Fault::from)
        })?;
    }
    Ok(())
}

/// Puts the database into WAL mode, which outlives the connection.
fn into_wal(session: &Session) -> Result<(), Fault> {
    let mut attempts = 0;
    loop {
        before("change to WAL mode")?;
        let mode = session
            .pragma_update_and_check(None, "journal_mode", "wal", |row| row.get::<_, String>(0));
        after("change to WAL mode")?;
        match mode {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(mode) => {
                return Err(Fault::Store(StoreError::Failed {
                    doing: "putting it into WAL mode".to_owned(),
                    source: format!("it stays in mode `{mode}`; WAL needs a local disk").into(),
                }));
            }
            // SQLite itself does not wait for a change of mode.
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && patience::try_again(attempts) =>
            {
                attempts += 1;
            }
            Err(error) => return Err(error.into()),
        }
    }
}
