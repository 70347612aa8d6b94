//! Where state tables live: the contract of a store, and the stores.
//!
//! A store keeps the physical table of each build beside one another, shows one of them under the public
//! name, and moves that name from one to another in a single step. `conformance`, a module with the feature of that
//! name, has the tests that each store must pass.

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

pub(crate) use error::codes;
pub use error::{Cause, StoreError};
pub use index::{Index, IndexColumn, StoredIndex, check_indexes};

/// The rising number of a table's pointer: 1 after the first swap.
pub type Version = u64;

/// What a store is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// To build tables: the database is made where it is missing, if the store can.
    Build,
    /// To change what is there: a database that is missing is [`StoreError::Missing`].
    Change,
    /// To look: the same, and nothing is written, so that read-only files and mounts will do.
    Read,
}

/// What a store needs of the process that it works for.
#[derive(Clone, Debug, Default)]
pub struct StoreContext {
    /// Ends what is under way, soon, with [`StoreError::Cancelled`]; what has begun to commit is done to its end.
    pub cancel: CancellationToken,
    /// Hears what is waited for.
    pub progress: Arc<Progress>,
}

/// Keeps state tables.
///
/// # Contract
/// - Names given by people or components are quoted, values are bound.
/// - A table, view or file of the public name that backfold did not make is never touched
///   ([`StoreError::Foreign`]).
/// - Readers see the old table or the new one, whole: never a mixture, never nothing.
/// - Each method either does all that it says or changes nothing that a reader or a later call could see;
///   each may be called again after a crash at any point within it.
/// - A value is kept exactly or refused with its column and key ([`StoreError::Unstorable`]). Every store
///   keeps: all integers; all floats but NaN and -0.0, which the merge does not let through; moments and days
///   of the years 0001 to 9999; all text without U+0000; all bytes; null in nullable columns, keys included.
/// - What is said of a build that the store does not know is [`StoreError::UnknownBuild`].
/// - Once [`StoreContext::cancel`] has fired, each method ends soon, also one that waits for rows, for their receiver
///   or for others that use the database: with [`StoreError::Cancelled`], unless it was being committed.
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
    /// so here. [`StoreError::Triggers`] where something that people hung on the public name would not outlive a swap.
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
    /// and the digest of the rows in the order in which they were sent. They are the content of one moment, whatever is
    /// written meanwhile. Where the receiver goes away, it stops.
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

    /// What the public name shows now.
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
    /// Refuses the live build ([`StoreError::Live`]), and a table that somebody altered ([`StoreError::Foreign`]).
    async fn drop_build(&self, table: &str, build: &str) -> Result<(), StoreError>;

    /// Gives the space of dropped builds back to the system, as far as the store can while it is in use. What others
    /// set up to keep its space is left so.
    async fn reclaim(&self) -> Result<Reclaimed, StoreError>;
}

/// What became of the space of dropped builds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reclaimed {
    /// Bytes given back to the system.
    pub given_back_bytes: u64,
    /// Bytes that stay within the store, free for later builds.
    pub free_bytes: u64,
    /// How people give those back, where the store does not.
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

/// What flows into and out of a table.
#[derive(Clone, Debug)]
pub enum Rows {
    /// Rows with all columns of the table, sorted by key across batches.
    Batch(RecordBatch),
    /// All rows have been sent: their number, and their digest.
    End {
        /// How many.
        rows: u64,
        /// [`crate::fold::RowsDigest`] of them, in hexadecimal.
        digest: Arc<str>,
    },
}

/// What a load has put into a shadow table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loaded {
    /// How many rows.
    pub rows: u64,
    /// The digest of the rows as sent.
    pub digest: String,
}

/// How far a build has come in the store.
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
    /// The shadow table lacks columns that it was made with, or is another's by now. It is left alone.
    Altered,
}

impl BuildState {
    /// Its name.
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
    /// Which one.
    pub info: BuildInfo,
    /// Its columns.
    pub columns: TableColumns,
    /// How far it has come, and whether its table is still there.
    pub state: BuildState,
    /// The indexes of its table, in the order of their names. None where the table is not there.
    pub indexes: Vec<StoredIndex>,
    /// What it holds, once loaded.
    pub loaded: Option<Loaded>,
    /// When it was created, RFC 3339 in UTC.
    pub created_at: String,
    /// When its load was complete.
    pub loaded_at: Option<String>,
}

impl StoredBuild {
    /// Those of `wanted` that its table does not have.
    pub fn lacks<'a>(&self, wanted: &'a [Index]) -> Vec<&'a Index> {
        let has = |index: &Index| {
            self.indexes
                .iter()
                .any(|stored| stored.index.as_ref() == Some(index))
        };
        wanted.iter().filter(|index| !has(index)).collect()
    }
}

/// What the public name of a table shows.
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
    /// Up to where the source has been folded.
    pub handoff: Handoff,
    /// Who swapped.
    pub by: String,
    /// When, RFC 3339 in UTC.
    pub at: String,
}

/// A wish to move the public name.
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
    /// Who swaps.
    pub by: String,
}
