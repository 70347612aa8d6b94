//! Tests that a store keeps the contract of [`StateStore`], sentence by sentence.
//!
//! ```no_run
//! # use backfold::store::conformance::{self, Harness};
//! # async fn check(fresh: impl AsyncFn() -> Box<dyn Harness>) {
//! conformance::run(fresh).await; // panics where the contract is broken
//! # }
//! ```

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use async_trait::async_trait;
use tokio::sync::mpsc::{Receiver, channel};

use crate::fold::RowsDigest;
use crate::schema::{Kind, Output};
use crate::source::{Handoff, HandoffPosition};
use crate::store::{
    Access, BuildInfo, BuildState, Loaded, Pointer, Rows, StateStore, StoreContext, StoreError,
    StoredBuild, Swap, TableColumns, Version,
};

mod indexes;
mod loading;
mod losing;
mod names;
mod stopping;
mod swapping;

/// An empty database, and what other programs do with it.
#[async_trait]
pub trait Harness: Send + Sync {
    /// Opens the database as a store; several times the same database. It is there, even for [`Access::Read`].
    async fn open_with(&self, access: Access, context: StoreContext) -> Arc<dyn StateStore>;

    /// The same, to build.
    async fn open(&self) -> Arc<dyn StateStore> {
        self.open_with(Access::Build, StoreContext::default()).await
    }

    /// Makes a table as another program would, with a column `total` and one row in which it is 42.
    async fn make_foreign(&self, name: &str);

    /// Drops a table as another program would.
    async fn drop_table(&self, name: &str);

    /// Drops the column `total` of a table as another program would.
    async fn drop_total(&self, name: &str);

    /// The column `total` of all rows under a public name, in one query of another program; `None` where
    /// there is no such name.
    async fn totals(&self, name: &str) -> Option<Vec<i64>>;
}

/// Runs every case, each on a database of its own.
///
/// # Panics
/// Where the store breaks its contract.
pub async fn run(fresh: impl AsyncFn() -> Box<dyn Harness>) {
    loading::every_kind_comes_back(&*fresh().await).await;
    loading::extremes_are_kept_or_refused(&*fresh().await).await;
    loading::keys_may_be_null(&*fresh().await).await;
    loading::batches_of_any_size_come_back(&*fresh().await).await;
    loading::a_load_without_an_end_can_be_repeated(&*fresh().await).await;
    loading::rows_must_be_those_announced(&*fresh().await).await;
    loading::rows_must_be_sorted(&*fresh().await).await;
    loading::a_later_load_takes_over(&*fresh().await).await;
    loading::builds_have_states(&*fresh().await).await;
    loading::reading_stops_with_its_receiver(&*fresh().await).await;
    names::hostile_names_are_only_names(&*fresh().await).await;
    names::impossible_names_are_refused(&*fresh().await).await;
    names::foreign_tables_are_not_touched(&*fresh().await).await;
    swapping::the_pointer_moves(&*fresh().await).await;
    swapping::an_outdated_decision_is_refused(&*fresh().await).await;
    swapping::only_loaded_builds_go_live(&*fresh().await).await;
    swapping::one_of_many_swaps_wins(&*fresh().await).await;
    swapping::readers_see_one_build_whole(&*fresh().await).await;
    swapping::the_live_build_cannot_be_dropped(&*fresh().await).await;
    swapping::tables_do_not_meet(&*fresh().await).await;
    swapping::a_reader_sees_what_is_there(&*fresh().await).await;
    losing::a_lost_table_is_not_loaded(&*fresh().await).await;
    losing::a_lost_live_table_is_replaced(&*fresh().await).await;
    losing::an_altered_table_is_left_alone(&*fresh().await).await;
    indexes::indexes_are_built_once(&*fresh().await).await;
    indexes::indexes_go_with_their_table(&*fresh().await).await;
    indexes::columns_of_indexes_must_be_there(&*fresh().await).await;
    stopping::a_load_ends_when_it_is_cancelled(&*fresh().await).await;
    stopping::a_read_ends_when_it_is_cancelled(&*fresh().await).await;
    stopping::nothing_begins_after_a_cancellation(&*fresh().await).await;
}

/// The public name that most cases use.
const TABLE: &str = "clicks";

/// The n-th build of a table.
fn build_of(table: &str, n: u32) -> BuildInfo {
    BuildInfo {
        table: table.to_owned(),
        build: format!("01K0BUILD{n:017}"),
        manifest_digest: format!("m{n}"),
    }
}

fn build(n: u32) -> BuildInfo {
    build_of(TABLE, n)
}

fn column(name: &str, kind: Kind, nullable: bool) -> Output {
    Output {
        name: name.to_owned(),
        kind,
        nullable,
    }
}

/// A key `page` and a value `total`.
fn columns() -> TableColumns {
    TableColumns {
        keys: vec![column("page", Kind::Utf8, false)],
        values: vec![column("total", Kind::Int64, true)],
    }
}

/// Rows of [`columns`].
fn rows(pages: &[&str], total: i64) -> RecordBatch {
    let pages: ArrayRef = Arc::new(StringArray::from(pages.to_vec()));
    let totals: ArrayRef = Arc::new(Int64Array::from(vec![total; pages.len()]));
    RecordBatch::try_new(columns().schema(), vec![pages, totals])
        .expect("the columns are those of the schema")
}

fn digest_of(columns: &TableColumns, batches: &[RecordBatch]) -> Loaded {
    let mut digest = RowsDigest::new(&columns.schema()).expect("every kind has an encoding");
    for batch in batches {
        digest.update(batch).expect("the batch has the columns");
    }
    Loaded {
        rows: digest.rows(),
        digest: digest.hex(),
    }
}

/// A channel that holds these rows, and their end if `whole`.
async fn sent(columns: &TableColumns, batches: &[RecordBatch], whole: bool) -> Receiver<Rows> {
    let Loaded { rows, digest } = digest_of(columns, batches);
    let (sender, receiver) = channel(batches.len() + 1);
    for batch in batches {
        sender
            .send(Rows::Batch(batch.clone()))
            .await
            .expect("the receiver is here");
    }
    if whole {
        sender
            .send(Rows::End {
                rows,
                digest: digest.into(),
            })
            .await
            .expect("the receiver is here");
    }
    receiver
}

/// Prepares, creates and loads a build.
async fn stored(
    store: &dyn StateStore,
    build: &BuildInfo,
    columns: &TableColumns,
    batches: &[RecordBatch],
) -> Result<Loaded, StoreError> {
    store.prepare(&build.table, columns, &[]).await?;
    store.create(build, columns).await?;
    store
        .load(build, columns, sent(columns, batches, true).await)
        .await
}

/// Reads a build back.
async fn read(
    store: &dyn StateStore,
    build: &BuildInfo,
    columns: &TableColumns,
) -> Result<(Vec<RecordBatch>, Loaded), StoreError> {
    let (sender, mut receiver) = channel(2);
    let collect = async {
        let (mut batches, mut end) = (Vec::new(), None);
        while let Some(rows) = receiver.recv().await {
            assert!(end.is_none(), "something comes after the end");
            match rows {
                Rows::Batch(batch) => batches.push(batch),
                Rows::End { rows, digest } => {
                    end = Some(Loaded {
                        rows,
                        digest: digest.to_string(),
                    })
                }
            }
        }
        (batches, end)
    };
    let (result, (batches, end)) = futures::join!(store.read(build, columns, sender), collect);
    result?;
    Ok((batches, end.expect("a successful read ends with its end")))
}

/// Loads `batches` and finds them again, digest and all.
async fn assert_comes_back(
    store: &dyn StateStore,
    build: &BuildInfo,
    columns: &TableColumns,
    batches: &[RecordBatch],
) {
    let expected = digest_of(columns, batches);
    assert_eq!(
        stored(store, build, columns, batches)
            .await
            .expect("these rows can be stored"),
        expected
    );
    let (found, end) = read(store, build, columns)
        .await
        .expect("a loaded build can be read");
    assert_eq!(end, expected, "{found:?} instead of {batches:?}");
    assert_eq!(
        digest_of(columns, &found),
        expected,
        "the rows read are not those of their digest"
    );
}

fn swap_to(build: &BuildInfo, expected: Option<Version>) -> Swap {
    let handoff = Handoff {
        positions: vec![
            HandoffPosition::Offset {
                topic: "clicks".to_owned(),
                partition: 3,
                next: i64::MAX,
                until_us: Some(7),
            },
            HandoffPosition::Archive {
                source: "files".to_owned(),
                last_key: "a'b\"c".to_owned(),
                until_us: Some(-1),
            },
        ],
    };
    Swap {
        table: build.table.clone(),
        expected,
        to: build.build.clone(),
        handoff,
        by: "Zoë <z@example.org>".to_owned(),
    }
}

/// Makes a build of `pages`, each with `total`, and swaps to it.
async fn live(store: &dyn StateStore, build: &BuildInfo, pages: &[&str], total: i64) -> Pointer {
    stored(store, build, &columns(), &[rows(pages, total)])
        .await
        .expect("these rows can be stored");
    let before = store
        .live(&build.table)
        .await
        .expect("the pointer can be read");
    store
        .swap(&swap_to(build, before.map(|pointer| pointer.version)))
        .await
        .expect("nobody else swaps")
}

async fn stored_build(store: &dyn StateStore, n: u32) -> StoredBuild {
    let builds = store.builds(TABLE).await.expect("builds can be listed");
    let found = builds.into_iter().find(|found| found.info == build(n));
    found.expect("the build is known")
}

/// The state for which a build was refused.
#[track_caller]
fn refused_state<T>(result: Result<T, StoreError>) -> BuildState {
    match result {
        Err(StoreError::WrongState { state, .. }) => state,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it was not refused"),
    }
}
