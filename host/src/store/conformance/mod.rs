//! Tests that a store keeps the contract of [`StateStore`], sentence by sentence.
//!
//! ```no_run
//! # use backfold::store::conformance::{self, Harness};
//! # async fn check(fresh: impl AsyncFn() -> Box<dyn Harness>) {
//! conformance::run(fresh).await; // panics where the contract is broken
//! # }
//! ```

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray, UInt32Array};
use arrow_select::concat::concat_batches;
use arrow_select::take::take_record_batch;
use async_trait::async_trait;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinHandle;

use crate::fold::RowsDigest;
use crate::keys::KeyCodec;
use crate::schema::{Kind, Output};
use crate::source::{Handoff, HandoffPosition, ObjectTime};
use crate::store::{
    Access, BackTo, BuildInfo, BuildState, Loaded, Pointer, Rows, StateStore, StoreContext,
    StoreError, StoredBuild, Supports, Swap, TableColumns, TableSwap, Version,
};

mod assertions;
mod indexes;
mod kinds;
mod loading;
mod losing;
mod names;
mod rehearsing;
mod stopping;
mod swapping;

/// An empty database, and the changes that other programs make to it.
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

    /// Drops the column `total` of a table as another program would. Where tables have no columns but their keys, it puts a
    /// table with another key in its place.
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
    kinds::every_kind_comes_back(&*fresh().await).await;
    kinds::extremes_are_kept_or_refused(&*fresh().await).await;
    kinds::what_is_not_supported_is_refused(&*fresh().await).await;
    kinds::keys_may_be_null(&*fresh().await).await;
    kinds::batches_of_any_size_come_back(&*fresh().await).await;
    loading::a_load_without_an_end_can_be_repeated(&*fresh().await).await;
    loading::rows_must_be_those_announced(&*fresh().await).await;
    loading::rows_must_be_sorted(&*fresh().await).await;
    loading::a_later_load_takes_over(&*fresh().await).await;
    loading::builds_have_states(&*fresh().await).await;
    loading::unknown_builds_are_refused(&*fresh().await).await;
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
    swapping::positions_are_those_of_the_build(&*fresh().await).await;
    swapping::several_tables_move_together(&*fresh().await).await;
    swapping::tables_do_not_meet(&*fresh().await).await;
    swapping::a_reader_sees_what_is_there(&*fresh().await).await;
    rehearsing::a_swap_back_leaves_the_way_back(&*fresh().await).await;
    rehearsing::a_public_name_is_read_through_swaps(&*fresh().await).await;
    rehearsing::a_public_reader_ends_when_it_is_cancelled(&*fresh().await).await;
    losing::a_lost_table_is_not_loaded(&*fresh().await).await;
    losing::a_lost_live_table_is_replaced(&*fresh().await).await;
    losing::an_altered_table_is_left_alone(&*fresh().await).await;
    indexes::indexes_are_built_once(&*fresh().await).await;
    indexes::indexes_go_with_their_table(&*fresh().await).await;
    indexes::columns_of_indexes_must_be_there(&*fresh().await).await;
    assertions::questions_are_answered(&*fresh().await).await;
    assertions::questions_that_have_no_answer_say_why(&*fresh().await).await;
    assertions::questions_change_nothing(&*fresh().await).await;
    assertions::a_question_ends_in_time_or_when_it_is_cancelled(&*fresh().await).await;
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

/// `count` rows of [`columns`], from page `/000000` on.
fn numbered(count: usize, total: i64) -> RecordBatch {
    let pages: Vec<_> = (0..count).map(|n| format!("/{n:06}")).collect();
    let pages: Vec<_> = pages.iter().map(String::as_str).collect();
    rows(&pages, total)
}

/// Number and digest of these rows.
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
    sent_with_end(batches, whole.then(|| digest_of(columns, batches))).await
}

/// A channel that holds these rows and this end.
async fn sent_with_end(batches: &[RecordBatch], end: Option<Loaded>) -> Receiver<Rows> {
    let (sender, receiver) = channel(batches.len() + 1);
    let end = end.map(|Loaded { rows, digest }| Rows::End {
        rows,
        digest: digest.into(),
    });
    for rows in batches.iter().cloned().map(Rows::Batch).chain(end) {
        sender.send(rows).await.expect("the receiver is here");
    }
    receiver
}

/// Prepares and creates a build of [`columns`].
async fn begun(store: &dyn StateStore, build: &BuildInfo) {
    store
        .prepare(&build.table, &columns(), &[])
        .await
        .expect("the name is free");
    store
        .create(build, &columns())
        .await
        .expect("the build is new");
}

/// Begins to load a build of [`columns`], and waits until the load has taken a batch. The sender keeps it waiting for
/// more.
async fn half_loaded(
    store: Arc<dyn StateStore>,
    build: BuildInfo,
) -> (Sender<Rows>, JoinHandle<Result<Loaded, StoreError>>) {
    let (sender, receiver) = channel(1);
    let load = tokio::spawn(async move {
        store
            .load(&build, &columns(), &handoff(&build), receiver)
            .await
    });
    // There is room for the second batch only once the load has begun and taken the first.
    for page in ["/a", "/b"] {
        sender
            .send(Rows::Batch(rows(&[page], 1)))
            .await
            .expect("the load runs");
    }
    (sender, load)
}

/// Loads all of `batches` into a build that was created with [`columns`].
async fn assert_loads(store: &dyn StateStore, build: &BuildInfo, batches: &[RecordBatch]) {
    let rows = sent(&columns(), batches, true).await;
    let loaded = store.load(build, &columns(), &handoff(build), rows).await;
    assert_eq!(
        loaded.expect("a load begins anew"),
        digest_of(&columns(), batches)
    );
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
    let rows = sent(columns, batches, true).await;
    store.load(build, columns, &handoff(build), rows).await
}

/// Reads a build back, sorted by key, with the number and the digest of its rows.
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
    let end = end.expect("a successful read ends with its end");
    assert_eq!(
        digest_of(columns, &batches),
        end,
        "the rows read are not those of their digest"
    );
    if store.supports().sorted_reads {
        return Ok((batches, end));
    }
    let sorted = [sorted(columns, &batches)];
    let end = digest_of(columns, &sorted);
    Ok((sorted.into(), end))
}

/// All rows in one batch, sorted by key.
fn sorted(columns: &TableColumns, batches: &[RecordBatch]) -> RecordBatch {
    let all = concat_batches(&columns.schema(), batches).expect("the batches have the columns");
    let codec = KeyCodec::new(columns.keys.iter().map(|key| key.kind.data_type()));
    let codec = codec.expect("every kind of a key has an encoding");
    let keys = codec.encode(&all).expect("the batch has the keys");
    let mut order: Vec<u32> = (0..).take(all.num_rows()).collect();
    order.sort_by_key(|&row| keys.row(row as usize));
    take_record_batch(&all, &UInt32Array::from(order)).expect("the rows are there")
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
}

/// The positions that a build is loaded with: other ones for each.
fn handoff(build: &BuildInfo) -> Handoff {
    Handoff {
        positions: vec![
            HandoffPosition::Offset {
                source: "kafka".to_owned(),
                topic: format!("\"clicks\" of {}", build.build),
                partition: 3,
                next: i64::MAX,
                until_us: Some(7),
            },
            HandoffPosition::Archive {
                source: "files".to_owned(),
                last_key: "a'b\"c".to_owned(),
                since_us: Some(-7),
                time: ObjectTime::Key,
                objects: vec!["a'b\"c".to_owned(), "é".to_owned()],
                until_us: Some(-1),
            },
        ],
    }
}

fn swap_to(build: &BuildInfo, expected: Option<Version>) -> Swap {
    Swap {
        tables: vec![table_swap(build, expected)],
        by: "Zoë <z@example.org>".to_owned(),
    }
}

fn table_swap(build: &BuildInfo, expected: Option<Version>) -> TableSwap {
    TableSwap {
        table: build.table.clone(),
        expected,
        to: build.build.clone(),
        back_to: BackTo::Shown,
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
    swapped(store, build, before.map(|pointer| pointer.version)).await
}

/// Swaps to a build, with the pointer at the version `expected`.
async fn swapped(store: &dyn StateStore, build: &BuildInfo, expected: Option<Version>) -> Pointer {
    let swapped = store.swap(&swap_to(build, expected)).await;
    let mut pointers = swapped.expect("no other process swaps");
    assert_eq!(pointers.len(), 1, "one table has one pointer");
    pointers.remove(0)
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
