//! State tables in a SQLite database.
//!
//! - Each build has a table `<table>__<build>`, `STRICT` and in the order of its key; the public name is a
//!   view of one of them.
//! - `backfold_builds` lists the builds, `backfold_pointers` every pointer that a table ever had, the highest
//!   version being the one that holds.
//! - The database is in WAL mode: a reader keeps the snapshot that it began with, through loads and swaps. A
//!   load commits every few ten thousand rows, so that it never keeps other writers waiting for long, and
//!   syncs at checkpoints; what a crash leaves of it is thrown away by the next. All other transactions are
//!   synced when they commit. An index is built in one transaction: other writers wait for it.
//! - Triggers on the view, which SQLite drops with it, are made again at a swap.
//! - A database that backfold makes gives the space of dropped builds back (`auto_vacuum = incremental`); one that
//!   another program made stays as it is.
//!
//! | kind | column |
//! |---|---|
//! | `boolean`, `int64` | `INTEGER`, 0 or 1 for a boolean |
//! | `float64` | `REAL` |
//! | `timestamp` | `TEXT`, `2026-01-31T23:59:59.000001Z`, years 0000 to 9999: sorts right, and SQLite's functions read it |
//! | `date` | `TEXT`, `2026-01-31` |
//! | `utf8`, `json` | `TEXT` |
//! | `binary` | `BLOB` |
//!
//! | file | |
//! |---|---|
//! | `opening`, `connect`, `uri` | the file, connections and transactions |
//! | `patience`, `giving_up` | waiting for locks; calls that are cancelled |
//! | `fault` | errors of SQLite as errors of a store |
//! | `ledger`, `positions`, `json` | the bookkeeping tables |
//! | `earlier` | those of an earlier release |
//! | `builds` | builds with their tables and indexes, for `store::rules` |
//! | `catalog`, `shape`, `ddl`, `names` | tables as the database has them, and the statements that make them |
//! | `shadow`, `swap`, `triggers` | shadow tables, and the view that shows one of them |
//! | `load`, `read`, `cells` | rows in and out |
//! | `public` | a reader of the public name |
//! | `asking` | questions in SQL |
//! | `indexes`, `reclaim` | indexes of a shadow table; the space of dropped ones |
//!
//! A key that may be null cannot be a `PRIMARY KEY` of a `WITHOUT ROWID` table; such a table has a `UNIQUE`
//! constraint instead, and the load sees to it that no two keys with nulls are the same.

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{Receiver, Sender};

use crate::source::Handoff;
use crate::store::{
    Access, Answer, Assertions, BuildInfo, Index, Loaded, Pointer, PublicReader, Question,
    Reclaimed, Rows, StateStore, StoreContext, StoreError, StoredBuild, Supports, Swap,
    TableColumns, check_indexes,
};
use crate::units;

mod asking;
mod builds;
mod catalog;
mod cells;
mod connect;
mod ddl;
mod earlier;
mod fault;
mod giving_up;
mod indexes;
mod json;
mod ledger;
mod load;
mod names;
mod opening;
mod patience;
mod positions;
mod public;
mod read;
mod reclaim;
mod shadow;
mod shape;
mod swap;
mod triggers;
mod uri;

use connect::Database;
use fault::Fault;

/// The time that a cancelled call has to end by itself.
const PATIENCE: Duration = Duration::from_secs(1);
/// The default of [`SqliteConfig::busy_timeout`].
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// The `[target.sqlite]` section of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SqliteConfig {
    /// The database's file. It is made where it is missing; its folder is not.
    pub path: PathBuf,
    /// How long a command waits for other processes that write to the database or lock it; zero: not at all. The table
    /// does not depend on it.
    #[serde(default = "busy_timeout", with = "units::duration", skip_serializing)]
    pub busy_timeout: Duration,
}

fn busy_timeout() -> Duration {
    BUSY_TIMEOUT
}

impl SqliteConfig {
    /// The database at `path`, with the defaults of all other settings.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        SqliteConfig {
            path: path.into(),
            busy_timeout: BUSY_TIMEOUT,
        }
    }
}

/// A SQLite database as a store. Cloning it is cheap; every call has a connection of its own.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    database: Database,
}

impl SqliteStore {
    /// Opens the database, and puts it into WAL mode unless it is only to be read. [`Access::Build`] makes it if it is
    /// missing; such a database gives the space of dropped builds back.
    ///
    /// # Errors
    /// [`StoreError::Missing`] where it is not there and not made, [`StoreError::Unreachable`] where the file cannot be
    /// opened as it has to be or is no database, [`StoreError::Unrecovered`] where it may only be read and its log would
    /// have to be written.
    pub fn open(
        config: &SqliteConfig,
        access: Access,
        context: StoreContext,
    ) -> Result<Self, StoreError> {
        Ok(SqliteStore {
            database: Database::open(config, access, context)?,
        })
    }

    /// The database's file.
    pub fn path(&self) -> &Path {
        self.database.path()
    }

    /// Runs `work` on a thread that may block; `doing` names the call in errors.
    async fn blocking<T: Send + 'static>(
        &self,
        doing: String,
        work: impl FnOnce(&Database) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let database = self.database.for_a_call();
        let (cancel, decision) = (database.context.cancel.clone(), database.decision.clone());
        let given_up = StoreError::Cancelled {
            doing: doing.clone(),
        };
        let mut task = tokio::task::spawn_blocking(move || {
            work(&database).map_err(|fault| database.explain(fault, doing))
        });
        let patience = async {
            cancel.cancelled().await;
            tokio::time::sleep(PATIENCE).await;
        };
        let done = tokio::select! {
            biased;
            done = &mut task => done,
            () = patience => {
                if decision.give_up() {
                    return Err(given_up);
                }
                task.await
            }
        };
        match done {
            Ok(result) => result,
            Err(failed) => match failed.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // Only a runtime that is shutting down cancels a blocking task.
                Err(cancelled) => Err(StoreError::Failed {
                    doing: "waiting for the database".to_owned(),
                    source: Box::new(cancelled),
                }),
            },
        }
    }
}

#[async_trait]
impl StateStore for SqliteStore {
    fn name(&self) -> &str {
        "sqlite"
    }

    fn supports(&self) -> Supports {
        Supports::ALL
    }

    async fn prepare(
        &self,
        table: &str,
        columns: &TableColumns,
        indexes: &[Index],
    ) -> Result<(), StoreError> {
        names::check_table(table)?;
        names::check_columns(columns)?;
        check_indexes(columns, indexes)?;
        let (table, columns) = (table.to_owned(), columns.clone());
        self.blocking(format!("preparing `{table}`"), move |database| {
            database.write("prepare", |connection| {
                ledger::ensure(connection)?;
                shadow::check_public(connection, &table)?;
                shadow::check_triggers(connection, &table, &columns)
            })
        })
        .await
    }

    async fn create(&self, build: &BuildInfo, columns: &TableColumns) -> Result<(), StoreError> {
        let (build, columns) = (build.clone(), columns.clone());
        self.blocking(
            format!("creating the table of build {}", build.build),
            move |database| {
                names::check_table(&build.table)?;
                names::check_columns(&columns)?;
                database.write("create the shadow", |connection| {
                    ledger::ensure(connection)?;
                    shadow::check_public(connection, &build.table)?;
                    shadow::create(connection, &build, &columns)
                })
            },
        )
        .await
    }

    async fn load(
        &self,
        build: &BuildInfo,
        columns: &TableColumns,
        handoff: &Handoff,
        rows: Receiver<Rows>,
    ) -> Result<Loaded, StoreError> {
        let (build, columns, handoff) = (build.clone(), columns.clone(), handoff.clone());
        self.blocking(format!("loading build {}", build.build), move |database| {
            load::load(database, &build, &columns, &handoff, rows)
        })
        .await
    }

    async fn read(
        &self,
        build: &BuildInfo,
        columns: &TableColumns,
        out: Sender<Rows>,
    ) -> Result<(), StoreError> {
        let (build, columns) = (build.clone(), columns.clone());
        self.blocking(format!("reading build {}", build.build), move |database| {
            database.read("read rows", |connection| {
                read::read(connection, &build, &columns, &out)
            })
        })
        .await
    }

    async fn index(&self, build: &BuildInfo, indexes: &[Index]) -> Result<(), StoreError> {
        if indexes.is_empty() {
            return Ok(());
        }
        let (build, indexes) = (build.clone(), indexes.to_vec());
        let doing = format!("building the indexes of build {}", build.build);
        self.blocking(doing, move |database| {
            indexes::build(database, &build, &indexes)
        })
        .await
    }

    async fn live(&self, table: &str) -> Result<Option<Pointer>, StoreError> {
        let table = table.to_owned();
        self.blocking(
            format!("looking up what `{table}` shows"),
            move |database| {
                database.read("read the pointer", |connection| {
                    ledger::live(connection, &table)
                })
            },
        )
        .await
    }

    async fn history(&self, table: &str) -> Result<Vec<Pointer>, StoreError> {
        let table = table.to_owned();
        self.blocking(
            format!("reading the history of `{table}`"),
            move |database| {
                database.read("read the history", |connection| {
                    ledger::history(connection, &table)
                })
            },
        )
        .await
    }

    async fn public_reader(&self, table: &str) -> Result<Box<dyn PublicReader>, StoreError> {
        Ok(public::reader(self.clone(), table.to_owned()))
    }

    async fn builds(&self, table: &str) -> Result<Vec<StoredBuild>, StoreError> {
        let table = table.to_owned();
        self.blocking(
            format!("listing the builds of `{table}`"),
            move |database| {
                database.read("read the builds", |connection| {
                    builds::all(connection, &table)
                })
            },
        )
        .await
    }

    async fn swap(&self, swap: &Swap) -> Result<Vec<Pointer>, StoreError> {
        let swap = swap.clone();
        self.blocking(swap.doing(), move |database| {
            database.write("swap", |connection| swap::swap(connection, &swap))
        })
        .await
    }

    async fn drop_build(&self, table: &str, build: &str) -> Result<(), StoreError> {
        let (table, build) = (table.to_owned(), build.to_owned());
        self.blocking(
            format!("dropping build {build} of `{table}`"),
            move |database| {
                database.write("drop a build", |connection| {
                    swap::drop_build(connection, &table, &build)
                })
            },
        )
        .await
    }

    fn assertions(&self) -> Option<&dyn Assertions> {
        Some(self)
    }

    async fn reclaim(&self) -> Result<Reclaimed, StoreError> {
        let doing = "giving free space back".to_owned();
        self.blocking(doing, reclaim::reclaim).await
    }
}

#[async_trait]
impl Assertions for SqliteStore {
    async fn ask(&self, question: &Question) -> Result<Answer, StoreError> {
        let (doing, question) = (question.doing(), question.clone());
        // SQLite does not interrupt a single function.
        let (timeout, longest) = (question.timeout, question.timeout + PATIENCE);
        let asking = self.blocking(doing, move |database| asking::ask(database, &question));
        let asked = tokio::time::timeout(longest, asking).await;
        asked.unwrap_or_else(|_| Ok(Answer::late(timeout)))
    }
}

#[cfg(test)]
mod tests;
