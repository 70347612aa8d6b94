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
//! | `index` | indexes as a job has them and as a store has them |
//! | `error`, `codes` | [`StoreError`], and its codes |
//! | `cell`, `datetime` | values as text |
//! | [`sqlite`] | the store in a SQLite database |
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

pub(crate) mod cell;
pub(crate) mod codes;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod datetime;
mod error;
mod index;
mod loading;
pub(crate) mod order;
mod rules;
#[cfg(test)]
pub(crate) mod shuffled;
pub mod sqlite;

pub use error::{Cause, StoreError};
pub use index::{Index, IndexColumn, StoredIndex, check_indexes};

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

    /// Makes the bookkeeping tables where they are missing, and checks that the public name of `table` is
    /// free or backfold's own, and that a table can have these columns and indexes. Called before anything is read,
    /// so that a build does not fail at its end.
    ///
    /// # Errors
    /// [`StoreError::IndexColumn`] for an index of a column that is not there. A store that cannot have an index says
    /// so here. [`StoreError::Triggers`] where a trigger on the public name would not work after the swap.
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
    async fn load(
        &self,
        build: &BuildInfo,
        columns: &TableColumns,
        rows: Receiver<Rows>,
    ) -> Result<Loaded, StoreError>;

    /// Streams the rows of a [`BuildState::Loaded`] build, each once: sorted by key where
    /// [`sorted_reads`](Self::sorted_reads) says so, otherwise in any order. [`Rows::End`] comes last, with the number
    /// and the digest of the rows in the order in which they were sent. backfold itself writes no loaded table: rows that
    /// another program changes meanwhile are sent as they were before or after. Where the receiver goes away, it stops.
    async fn read(
        &self,
        build: &BuildInfo,
        columns: &TableColumns,
        out: tokio::sync::mpsc::Sender<Rows>,
    ) -> Result<(), StoreError>;

    /// Whether [`read`](Self::read) sends rows sorted by key, in the order of [`KeyCodec`](crate::keys::KeyCodec). Rows
    /// of other stores are sorted on disk, where an order is needed.
    fn sorted_reads(&self) -> bool {
        false
    }

    /// Builds those of `indexes` that the table of a [`BuildState::Loaded`] build lacks, one after another, each in
    /// the store's own way; the table's rows and its readers see nothing of it. After a crash or a cancellation it is
    /// called again. Their names are taken from the build's, and they go with its table.
    async fn index(&self, build: &BuildInfo, indexes: &[Index]) -> Result<(), StoreError>;

    /// The pointer of a table, if it was ever swapped.
    async fn live(&self, table: &str) -> Result<Option<Pointer>, StoreError>;

    /// All pointers that the table ever had, oldest first.
    async fn history(&self, table: &str) -> Result<Vec<Pointer>, StoreError>;

    /// All builds of the table that the store still knows, oldest first, dropped ones included. Their states are those
    /// of the tables that are really there, whatever the bookkeeping says.
    async fn builds(&self, table: &str) -> Result<Vec<StoredBuild>, StoreError>;

    /// Shows `to` under the public name and moves the pointer, in one transaction, if the pointer's version
    /// still is `expected` (`None`: no pointer yet).
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if it is not, with the pointer found; [`StoreError::WrongState`] if the build
    /// is not loaded. Nothing has changed then.
    async fn swap(&self, swap: &Swap) -> Result<Pointer, StoreError>;

    /// Drops the shadow table of a build and marks it [`BuildState::Dropped`], which it may be already.
    /// Refuses the live build ([`StoreError::Live`]), and a table that another program altered
    /// ([`StoreError::Foreign`]).
    async fn drop_build(&self, table: &str, build: &str) -> Result<(), StoreError>;

    /// Gives the space of dropped builds back to the system, as far as the store can while it is in use. A database
    /// that another program set up to keep its free space keeps it.
    async fn reclaim(&self) -> Result<Reclaimed, StoreError>;
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
    /// The positions up to which the source has been folded.
    pub handoff: Handoff,
    /// The user or program that swapped.
    pub by: String,
    /// The time of the swap, RFC 3339 in UTC.
    pub at: String,
}

/// The arguments of [`StateStore::swap`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swap {
    /// The public name.
    pub table: String,
    /// The pointer's version that the decision was made on.
    pub expected: Option<Version>,
    /// The build to show. It must be [`BuildState::Loaded`].
    pub to: String,
    /// Stored with the pointer.
    pub handoff: Handoff,
    /// The user or program that swaps; stored with the pointer.
    pub by: String,
}
