//! State tables in a PostgreSQL database.
//!
//! - Each build has a table `<table>__<build>` with a primary key; the public name is a view of one of them. The role that
//!   builds needs no more than `CREATE` on the schema.
//! - `backfold_builds` lists the builds, `backfold_positions` where their sources were read to, `backfold_pointers` every
//!   pointer that a table ever had, the highest version being the one that holds.
//! - A load is one transaction: `COPY` into a table under a name of its own, the key, `ANALYZE`, and the table's name. Its
//!   rows are frozen, so that a transaction that began before the load sees all of them after a swap.
//! - A swap replaces the view and adds the pointer in one transaction. It waits for its locks a fraction of a second at a
//!   time, so that readers never queue behind it for longer. What others made on the view stays; a view whose columns
//!   change otherwise than by new ones at its end is made anew, with all that belonged to it.
//! - Where the answer to a commit is lost, the server is asked for its outcome.
//!
//! | kind | column |
//! |---|---|
//! | `boolean` | `boolean` |
//! | `int64` | `bigint` |
//! | `float64` | `double precision` |
//! | `timestamp` | `timestamp with time zone`, years 0001 to 9999 |
//! | `date` | `date`, years 0001 to 9999 |
//! | `utf8` | `text`; in a key `COLLATE "C"`, which sorts by bytes |
//! | `json` | `json`, which keeps a value as it was written, letter for letter; `jsonb` does not |
//! | `binary` | `bytea` |
//!
//! | file | |
//! |---|---|
//! | `config`, `modes`, `connect`, `fault` | the settings; connections; errors of the server as errors of a store |
//! | `statements`, `transaction`, `outcome` | statements that can be cancelled; transactions; commits without an answer |
//! | `waiting` | locks of other sessions |
//! | `ledger`, `records`, `pointers`, `times` | the bookkeeping tables, and their rows |
//! | `builds` | builds with their tables and indexes, for `store::rules` |
//! | `catalog`, `shape`, `ddl`, `names` | tables as the database has them, and the statements that make them |
//! | `shadow` | the tables of builds, made empty and dropped |
//! | `public`, `view`, `belongings`, `dependents` | the public view, what belongs to it, what others made of it |
//! | `swap` | the pointers |
//! | `copy`, `load`, `read` | rows in and out |
//! | `public_reader` | a reader of the public view |
//! | `asking` | questions in SQL |
//! | `indexes` | indexes of a loaded table |
//!
//! A key that may be null cannot be a primary key; such a table has a unique index for which two nulls are the same,
//! which PostgreSQL has from version 15 on.

use async_trait::async_trait;
use tokio::sync::mpsc::{Receiver, Sender};

use crate::source::Handoff;
use crate::store::{
    Access, Answer, Assertions, BuildInfo, Index, Loaded, Pointer, PublicReader, Question,
    Reclaimed, Rows, StateStore, StoreContext, StoreError, StoredBuild, Supports, Swap,
    TableColumns, check_indexes,
};

mod asking;
mod belongings;
mod builds;
mod catalog;
mod config;
mod connect;
mod copy;
mod ddl;
mod dependents;
mod fault;
mod indexes;
mod ledger;
mod load;
mod modes;
mod names;
mod outcome;
mod pointers;
mod public;
mod public_reader;
mod read;
mod records;
mod shadow;
mod shape;
mod statements;
mod swap;
mod times;
mod transaction;
mod view;
mod waiting;

pub use config::{NoPassword, PostgresConfig};
pub use modes::{ChannelBinding, SessionAttrs, SslMode, TlsVersion};

use connect::Database;
use fault::Fault;

/// A PostgreSQL database as a store. Cloning it is cheap; every call has a connection of its own.
#[derive(Clone, Debug)]
pub struct PostgresStore {
    database: Database,
}

impl PostgresStore {
    /// Connects to the database once, to see that it can be used.
    ///
    /// # Errors
    /// [`StoreError::Settings`] for settings that do not fit; [`StoreError::Connection`], [`StoreError::Untrusted`],
    /// [`StoreError::Login`], [`StoreError::Missing`] and [`StoreError::ReadOnly`] where there is no connection;
    /// [`StoreError::Unsupported`], [`StoreError::NoSchema`] and [`StoreError::Denied`] where the database does not do.
    pub async fn open(
        config: &PostgresConfig,
        access: Access,
        context: StoreContext,
    ) -> Result<Self, StoreError> {
        Ok(PostgresStore {
            database: Database::open(config, access, context).await?,
        })
    }

    /// The result of a call; `doing` names it in errors.
    fn explained<T>(&self, result: Result<T, Fault>, doing: String) -> Result<T, StoreError> {
        result.map_err(|fault| self.database.explain(fault, doing))
    }
}

#[async_trait]
impl StateStore for PostgresStore {
    fn name(&self) -> &str {
        "postgres"
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
        shadow::check_columns(&self.database, columns, indexes)?;
        let doing = format!("preparing `{table}`");
        let prepared = shadow::prepare(&self.database, table, columns, &doing).await;
        self.explained(prepared, doing)
    }

    async fn create(&self, build: &BuildInfo, columns: &TableColumns) -> Result<(), StoreError> {
        names::check_table(&build.table)?;
        names::check_columns(columns)?;
        let doing = format!("creating the table of build {}", build.build);
        let created = shadow::create(&self.database, build, columns, &doing).await;
        self.explained(created, doing)
    }

    async fn load(
        &self,
        build: &BuildInfo,
        columns: &TableColumns,
        handoff: &Handoff,
        rows: Receiver<Rows>,
    ) -> Result<Loaded, StoreError> {
        let doing = format!("loading build {}", build.build);
        let loaded = load::load(&self.database, build, columns, handoff, rows, &doing).await;
        self.explained(loaded, doing)
    }

    async fn read(
        &self,
        build: &BuildInfo,
        columns: &TableColumns,
        out: Sender<Rows>,
    ) -> Result<(), StoreError> {
        let read = read::read(&self.database, build, columns, &out).await;
        self.explained(read, format!("reading build {}", build.build))
    }

    async fn index(&self, build: &BuildInfo, indexes: &[Index]) -> Result<(), StoreError> {
        if indexes.is_empty() {
            return Ok(());
        }
        let built = indexes::build(&self.database, build, indexes).await;
        let doing = format!("building the indexes of build {}", build.build);
        self.explained(built, doing)
    }

    async fn live(&self, table: &str) -> Result<Option<Pointer>, StoreError> {
        let live = pointers::of_table(&self.database, table, true).await;
        let live = live.map(|mut pointers| pointers.pop());
        self.explained(live, format!("looking up what `{table}` shows"))
    }

    async fn history(&self, table: &str) -> Result<Vec<Pointer>, StoreError> {
        let history = pointers::of_table(&self.database, table, false).await;
        self.explained(history, format!("reading the history of `{table}`"))
    }

    async fn public_reader(&self, table: &str) -> Result<Box<dyn PublicReader>, StoreError> {
        let reader = public_reader::open(&self.database, table).await;
        self.explained(reader, format!("reading `{table}` as its readers do"))
    }

    async fn builds(&self, table: &str) -> Result<Vec<StoredBuild>, StoreError> {
        let builds = builds::of_table(&self.database, table).await;
        self.explained(builds, format!("listing the builds of `{table}`"))
    }

    async fn swap(&self, swap: &Swap) -> Result<Vec<Pointer>, StoreError> {
        let doing = swap.doing();
        let swapped = swap::swap(&self.database, swap, &doing).await;
        self.explained(swapped, doing)
    }

    async fn drop_build(&self, table: &str, build: &str) -> Result<(), StoreError> {
        let doing = format!("dropping build {build} of `{table}`");
        let dropped = shadow::drop_build(&self.database, table, build, &doing).await;
        self.explained(dropped, doing)
    }

    fn assertions(&self) -> Option<&dyn Assertions> {
        Some(self)
    }

    /// The server gives the space of a table back when the table is dropped: nothing is left to do.
    async fn reclaim(&self) -> Result<Reclaimed, StoreError> {
        if self.database.context.cancel.is_cancelled() {
            let doing = "giving free space back".to_owned();
            return Err(StoreError::Cancelled { doing });
        }
        Ok(Reclaimed::default())
    }
}

#[async_trait]
impl Assertions for PostgresStore {
    async fn ask(&self, question: &Question) -> Result<Answer, StoreError> {
        let asked = asking::ask(&self.database, question).await;
        self.explained(asked, question.doing())
    }
}
