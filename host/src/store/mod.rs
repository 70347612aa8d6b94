//! State tables: the contract of a store, and the stores.
//!
//! A store keeps a physical table for each build (the shadow table), shows one of them under the table's public name,
//! and moves that name from one to another in a single step.
//!
//! | file | |
//! |---|---|
//! | `mod` | [`StateStore`], the contract; the data that it takes and gives |
//! | `rules` | when a build may be created, loaded, shown and dropped; the next pointer |
//! | `loading` | the checks of the rows of a load |
//! | `order` | whether rows are sorted by key, with no key twice |
//! | `assertions` | questions in SQL about the tables of builds |
//! | `index` | indexes as a job has them and as a store has them |
//! | `public` | reading through a public name, as other programs do |
//! | `rehearsal` | swaps that are swapped back at once: their pointers, and where a rollback goes after them |
//! | `error`, `codes` | [`StoreError`], and its codes |
//! | `cell`, `datetime` | values as text |
//! | [`sqlite`] | the store in a SQLite database |
//! | [`dynamodb`] | the store in DynamoDB |
//! | [`postgres`] | the store in a PostgreSQL database |
//! | `conformance` | the tests that every store has to pass; with the feature `conformance` |

use std::fmt;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{Field, Schema, SchemaRef};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::Receiver;
use tokio_util::sync::CancellationToken;

use crate::progress::Progress;
use crate::schema::{Descriptor, Output};
use crate::source::Handoff;

mod assertions;
pub(crate) mod cell;
pub(crate) mod codes;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod datetime;
#[cfg(not(fuzzing))]
pub mod dynamodb;
mod error;
mod index;
mod loading;
pub(crate) mod order;
pub mod postgres;
mod public;
mod rehearsal;
mod rules;
#[cfg(test)]
pub(crate) mod shuffled;
pub mod sqlite;

pub use assertions::{Answer, Assertions, Question, Scalar, SqlTemplate};
pub use error::{Cause, StoreError};
pub use index::{Index, IndexColumn, StoredIndex, check_indexes};
pub use public::PublicReader;
pub use rehearsal::{BackTo, OpenRehearsal};

/// The rising number of a table's pointer: 1 after the first swap.
pub type Version = u64;

/// The purpose for which a store is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// To build tables: the database is made where it is missing, if the store can.
    Build,
    /// To change what is there: a database that is missing is [`StoreError::Missing`].
    Change,
    /// To read: as [`Change`](Access::Change), and nothing is written, so that read-only files and mounts will do.
    Read,
}

/// The means by which a process cancels and watches the calls of a store.
#[derive(Clone, Debug, Default)]
pub struct StoreContext {
    /// Once it fires, calls that run end soon with [`StoreError::Cancelled`]; a commit that has begun is completed.
    pub cancel: CancellationToken,
    /// Displays the lock or the process that a call waits for.
    pub progress: Arc<Progress>,
    /// The command that uses the store, such as `run`, by which a server's list of sessions names it; may be empty.
    pub command: &'static str,
}

/// A database that keeps state tables.
///
/// # Contract
/// - Names that come from job files and components are quoted, values are bound.
/// - Names of tables that begin with `backfold_`, in capitals or small letters, are for the bookkeeping alone.
/// - A table, view or file of the public name that backfold did not make is never touched
///   ([`StoreError::Foreign`]).
/// - Readers see the old table or the new one, whole: never a mixture, never nothing.
/// - Each method either does all that it says or changes nothing that a reader or a later call could see;
///   each may be called again after a crash at any point within it.
/// - A value is kept exactly or refused with its column and key ([`StoreError::Unstorable`]). Every store
///   keeps: all integers; all floats but NaN and -0.0, which the merge does not let through; timestamps and dates
///   of the years 0001 to 9999; all text without U+0000; all bytes; null in nullable columns, keys included.
/// - A call for a build that the store does not know fails with [`StoreError::UnknownBuild`].
/// - Once [`StoreContext::cancel`] has fired, each method ends soon with [`StoreError::Cancelled`], unless it is just
///   committing: also a method that waits for rows, for their receiver or for another process that uses the database.
#[async_trait]
pub trait StateStore: Send + Sync {
    /// A short name for logs, such as `sqlite`.
    fn name(&self) -> &str;

    /// The parts of the contract that only some stores keep.
    fn supports(&self) -> Supports;

    /// The check of rows that this store cannot keep, if a load cannot be taken back without a trace or a cost. Then the
    /// rows of a build are merged twice: all of them pass the check before [`create`](Self::create) is called.
    fn row_check(&self, columns: &TableColumns) -> Option<Box<dyn RowCheck>> {
        let _ = columns;
        None
    }

    /// Makes the bookkeeping tables where they are missing, and checks that the public name of `table` is
    /// free or backfold's own, and that a table can have these columns and indexes. Called before anything is read,
    /// so that a build does not fail at its end.
    ///
    /// # Errors
    /// [`StoreError::IndexColumn`] for an index of a column that is not there. A store that cannot have an index says
    /// so here, as it does of a column ([`StoreError::Column`]). [`StoreError::Triggers`] where a trigger on the public
    /// name would not work after the swap.
    async fn prepare(
        &self,
        table: &str,
        columns: &TableColumns,
        indexes: &[Index],
    ) -> Result<(), StoreError>;

    /// Makes an empty shadow table for `build`, replacing what an earlier attempt at the same build left.
    /// Refuses the live build ([`StoreError::Live`]) and names that the store cannot have
    /// ([`StoreError::Name`]).
    async fn create(&self, build: &BuildInfo, columns: &TableColumns) -> Result<(), StoreError>;

    /// Loads rows, which come sorted by key with no key twice ([`StoreError::Unsorted`]), into the build's
    /// shadow table, which must have been created and not be [`BuildState::Loaded`]. It begins with an empty
    /// table, whatever an abandoned load left, and takes over from a load of the same build that still runs,
    /// which then fails with [`StoreError::Superseded`].
    ///
    /// `Ok` only if [`Rows::End`] came and agrees with what was loaded, which is then durable and marked
    /// [`BuildState::Loaded`]. Where the channel closes without it, the load fails with
    /// [`StoreError::Unfinished`].
    ///
    /// `handoff` is the source position up to which the rows are complete. It is stored with the build, in the step that
    /// marks the build as loaded, and [`builds`](Self::builds) gives it back.
    async fn load(
        &self,
        build: &BuildInfo,
        columns: &TableColumns,
        handoff: &Handoff,
        rows: Receiver<Rows>,
    ) -> Result<Loaded, StoreError>;

    /// Streams the rows of a [`BuildState::Loaded`] build, each once: sorted by key where
    /// [`Supports::sorted_reads`] says so, otherwise in any order. [`Rows::End`] comes last, with the number
    /// and the digest of the rows in the order in which they were sent. backfold itself writes no loaded table: rows that
    /// another program changes meanwhile are sent as they were before or after. Where the receiver goes away, it stops.
    async fn read(
        &self,
        build: &BuildInfo,
        columns: &TableColumns,
        out: tokio::sync::mpsc::Sender<Rows>,
    ) -> Result<(), StoreError>;

    /// Builds those of `indexes` that the table of a [`BuildState::Loaded`] build lacks, one after another, each in
    /// the store's own way; the table's rows and its readers see nothing of it. After a crash or a cancellation it is
    /// called again. Their names are taken from the build's, and they go with its table.
    async fn index(&self, build: &BuildInfo, indexes: &[Index]) -> Result<(), StoreError>;

    /// The pointer of a table, if it was ever swapped.
    async fn live(&self, table: &str) -> Result<Option<Pointer>, StoreError>;

    /// All pointers that the table ever had, oldest first.
    async fn history(&self, table: &str) -> Result<Vec<Pointer>, StoreError>;

    /// A reader of the table that the public name shows, with a connection of its own.
    async fn public_reader(&self, table: &str) -> Result<Box<dyn PublicReader>, StoreError>;

    /// All builds of the table that the store still knows, oldest first, dropped ones included. Their states are those
    /// of the tables that are really there, whatever the bookkeeping says.
    async fn builds(&self, table: &str) -> Result<Vec<StoredBuild>, StoreError>;

    /// Shows the builds of all tables of `swap` under their public names and moves their pointers, in one transaction:
    /// all of them, or none. Returns the new pointers, in the order of [`Swap::tables`].
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the version of a pointer is not the one expected, with the pointer found;
    /// [`StoreError::WrongState`] if a build is not loaded; [`StoreError::Locked`] if other sessions kept a lock for
    /// longer than the store waits. Nothing has changed then.
    async fn swap(&self, swap: &Swap) -> Result<Vec<Pointer>, StoreError>;

    /// Drops the shadow table of a build and marks it [`BuildState::Dropped`], which it may be already.
    /// Refuses the live build ([`StoreError::Live`]), and a table that another program altered
    /// ([`StoreError::Foreign`]).
    async fn drop_build(&self, table: &str, build: &str) -> Result<(), StoreError>;

    /// The cost of loading `rows` rows whose values take `row_bytes` bytes on average, for stores that charge for writes.
    fn cost(&self, columns: &TableColumns, rows: u64, row_bytes: u64) -> Option<Cost> {
        let _ = (columns, rows, row_bytes);
        None
    }

    /// The way to ask in SQL about the tables of builds, if the store has one.
    fn assertions(&self) -> Option<&dyn Assertions> {
        None
    }

    /// Gives the space of dropped builds back to the system, as far as the store can while it is in use. A database
    /// that another program set up to keep its free space keeps it.
    async fn reclaim(&self) -> Result<Reclaimed, StoreError>;
}

/// The parts of the contract that only some stores keep. A job that needs one that its store does not keep is refused by
/// [`StateStore::prepare`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Supports {
    /// Whether [`read`](StateStore::read) sends rows sorted by key, in the order of
    /// [`KeyCodec`](crate::keys::KeyCodec). Rows of other stores are sorted on disk, where an order is needed.
    pub sorted_reads: bool,
    /// Whether keys may hold nulls. Otherwise, a nullable key column is [`StoreError::Column`].
    pub null_keys: bool,
    /// Whether keys may hold empty text and empty bytes. Otherwise, such a row is [`StoreError::Unstorable`].
    pub empty_keys: bool,
    /// Whether all floats that the contract names are kept. Otherwise, those that are not are
    /// [`StoreError::Unstorable`].
    pub all_floats: bool,
    /// Whether tables may have indexes other than that of the key. Otherwise, an index is [`StoreError::Column`].
    pub indexes: bool,
    /// Whether all names without U+0000 may be those of tables, up to a length. Otherwise, a name that is not possible is
    /// [`StoreError::Name`]. Columns may have all such names in every store.
    pub all_names: bool,
}

impl Supports {
    /// All parts.
    pub const ALL: Supports = Supports {
        sorted_reads: true,
        null_keys: true,
        empty_keys: true,
        all_floats: true,
        indexes: true,
        all_names: true,
    };
}

/// The cost of a load.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// The units that the store charges for.
    pub write_units: u64,
    /// The most units that it writes in a second.
    pub units_per_second: f64,
    /// The least time that the load takes, in seconds.
    pub seconds: f64,
    /// The price of the units in dollars.
    pub dollars: f64,
}

/// A check of the rows of one build, before any of them is loaded.
pub trait RowCheck: Send {
    /// Checks the next rows, which have all columns of the table and come sorted by key.
    ///
    /// # Errors
    /// [`StoreError::Unstorable`] for a value or a row that the store cannot keep.
    fn check(&mut self, batch: &RecordBatch) -> Result<(), StoreError>;
}

/// The space of dropped builds, as [`StateStore::reclaim`] left it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reclaimed {
    /// Bytes given back to the system.
    pub given_back_bytes: u64,
    /// Bytes that stay within the store, free for later builds.
    pub free_bytes: u64,
    /// A command that gives `free_bytes` back, where the store does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub how: Option<String>,
}

/// A build, as far as a store needs to know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildInfo {
    /// The table's public name.
    pub table: String,
    /// The build's ID, a ULID.
    pub build: String,
    /// The digest of its manifest: equal digests mean equal tables.
    pub manifest_digest: String,
}

impl BuildInfo {
    /// The name of the build's own table.
    pub fn shadow_name(&self) -> String {
        format!("{}__{}", self.table, self.build.to_lowercase())
    }
}

/// The columns of a table: the keys first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableColumns {
    /// The primary key, in order.
    pub keys: Vec<Output>,
    /// The other columns, in order.
    pub values: Vec<Output>,
}

impl TableColumns {
    /// The table of a component.
    pub fn of(descriptor: &Descriptor) -> Self {
        let values = descriptor.states.iter().chain(&descriptor.views);
        TableColumns {
            keys: descriptor.keys.clone(),
            values: values.cloned().collect(),
        }
    }

    /// All columns, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Output> + Clone {
        self.keys.iter().chain(&self.values)
    }

    /// The table as Arrow columns.
    pub fn schema(&self) -> SchemaRef {
        let fields = self
            .iter()
            .map(|column| Field::new(&column.name, column.kind.data_type(), column.nullable));
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }
}

/// Rows on their way into or out of a table.
#[derive(Clone, Debug)]
pub enum Rows {
    /// Rows with all columns of the table. On their way into it they are sorted by key across batches.
    Batch(RecordBatch),
    /// All rows have been sent.
    End {
        /// Their number.
        rows: u64,
        /// Their [`RowsDigest`](crate::fold::RowsDigest) in the order in which they were sent, in hexadecimal.
        digest: Arc<str>,
    },
}

/// The content of a shadow table, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loaded {
    /// The number of rows.
    pub rows: u64,
    /// The [`RowsDigest`](crate::fold::RowsDigest) of the rows sorted by key, in hexadecimal.
    pub digest: String,
}

/// The state of a build in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BuildState {
    /// The shadow table is there, and not complete.
    Loading,
    /// The shadow table is complete.
    Loaded,
    /// The shadow table was dropped by backfold.
    Dropped,
    /// The shadow table is gone, and backfold did not drop it.
    Gone,
    /// The shadow table lacks columns that it was made with, or its name belongs to something else by now. backfold does
    /// not touch it.
    Altered,
}

impl BuildState {
    /// The state's name.
    pub const fn name(self) -> &'static str {
        match self {
            BuildState::Loading => "loading",
            BuildState::Loaded => "loaded",
            BuildState::Dropped => "dropped",
            BuildState::Gone => "gone",
            BuildState::Altered => "altered",
        }
    }
}

impl fmt::Display for BuildState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A build that the store knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredBuild {
    /// Table, ID and digest of the manifest.
    pub info: BuildInfo,
    /// Its columns.
    pub columns: TableColumns,
    /// The recorded state, or that of its table where the table is gone or altered.
    pub state: BuildState,
    /// The indexes of its table, in the order of their names. None where the table is not there.
    pub indexes: Vec<StoredIndex>,
    /// The content of its table, once loaded.
    pub loaded: Option<Loaded>,
    /// The source positions up to which its table is complete, once loaded. `None` also for builds of releases that
    /// stored positions with the swap, if they were never swapped.
    pub handoff: Option<Handoff>,
    /// The time of its creation, RFC 3339 in UTC.
    pub created_at: String,
    /// The time at which its load was complete, RFC 3339 in UTC.
    pub loaded_at: Option<String>,
}

impl StoredBuild {
    /// The indexes of `wanted` that its table does not have.
    pub fn lacks<'a>(&self, wanted: &'a [Index]) -> Vec<&'a Index> {
        let has = |index: &Index| {
            self.indexes
                .iter()
                .any(|stored| stored.index.as_ref() == Some(index))
        };
        wanted.iter().filter(|index| !has(index)).collect()
    }
}

/// The pointer of a table: which build its public name shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pointer {
    /// The public name.
    pub table: String,
    /// The build that it shows.
    pub build: String,
    /// One more with each swap.
    pub version: Version,
    /// The build shown before: another one, so that there is something to roll back to.
    pub previous: Option<String>,
    /// The user or program that swapped.
    pub by: String,
    /// The time of the swap, RFC 3339 in UTC.
    pub at: String,
}

/// The arguments of [`StateStore::swap`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swap {
    /// The tables, each of them once.
    pub tables: Vec<TableSwap>,
    /// The user or program that swaps; stored with the pointers.
    pub by: String,
}

impl Swap {
    /// The call in words, for errors.
    pub(crate) fn doing(&self) -> String {
        let tables = self.tables.iter();
        let tables: Vec<_> = tables
            .map(|one| format!("`{}` to build {}", one.table, one.to))
            .collect();
        format!("swapping {}", tables.join(", "))
    }
}

/// The swap of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableSwap {
    /// The public name.
    pub table: String,
    /// The version of the pointer that the decision was made on; `None` where there was no pointer.
    pub expected: Option<Version>,
    /// The build to show. It must be [`BuildState::Loaded`].
    pub to: String,
    /// The build that a rollback goes to afterwards.
    pub back_to: BackTo,
}
