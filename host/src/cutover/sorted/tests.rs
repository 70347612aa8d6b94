use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Float64Array, Int64Array, StringArray,
    TimestampMicrosecondArray,
};
use tempfile::TempDir;

use super::*;
use crate::cutover::fixture::{Fixture, column};
use crate::cutover::{DiffOptions, GateInput, GateOptions, GateReport, diff, gate};
use crate::decode::{Counts, PresenceReport};
use crate::fold::FoldedOffsets;
use crate::schema::Kind;
use crate::store::StoredBuild;
use crate::store::shuffled::Shuffled;
use crate::store::sqlite::SqliteStore;
use crate::units::ByteSize;

/// Rows of a build: many times the memory of the sorts.
const ROWS: i64 = 40_000;

/// A key of two columns, of which one may be null, and a value of each kind.
fn columns() -> TableColumns {
    TableColumns {
        keys: vec![
            column("shop", Kind::Utf8, true),
            column("item", Kind::Int64, false),
        ],
        values: vec![
            column("boolean", Kind::Boolean, true),
            column("int64", Kind::Int64, true),
            column("float64", Kind::Float64, true),
            column("timestamp", Kind::Timestamp, true),
            column("date", Kind::Date, true),
            column("utf8", Kind::Utf8, true),
            column("binary", Kind::Binary, true),
            column("json", Kind::Json, true),
        ],
    }
}

/// The rows of these items, sorted by key; each value is null in one of five.
fn arrays(items: &[i64], seed: i64) -> Vec<ArrayRef> {
    let shop = |item: &i64| (*item >= ROWS / 10).then(|| format!("shop {:02}", item * 20 / ROWS));
    let value = |item: &i64| (item % 5 != 0).then_some(item * 31 + seed);
    let values: Vec<Option<i64>> = items.iter().map(value).collect();
    let values = || values.iter().copied();
    let text = |value: Option<i64>| value.map(|value| format!("text {value}"));
    let timestamps = TimestampMicrosecondArray::from_iter(values()).with_timezone("UTC");
    let bytes: Vec<Option<[u8; 8]>> = values().map(|one| one.map(i64::to_be_bytes)).collect();
    vec![
        Arc::new(items.iter().map(shop).collect::<StringArray>()),
        Arc::new(Int64Array::from(items.to_vec())),
        Arc::new(BooleanArray::from_iter(
            values().map(|one| one.map(|one| one % 2 == 0)),
        )),
        Arc::new(Int64Array::from_iter(values())),
        Arc::new(Float64Array::from_iter(
            values().map(|one| one.map(|one| one as f64 / 3.0)),
        )),
        Arc::new(timestamps),
        Arc::new(Date32Array::from_iter(
            values().map(|one| one.map(|one| (one % 9_999) as i32)),
        )),
        Arc::new(values().map(text).collect::<StringArray>()),
        Arc::new(
            bytes
                .iter()
                .map(|one| one.as_ref().map(|one| &one[..]))
                .collect::<BinaryArray>(),
        ),
        Arc::new(
            values()
                .map(|one| one.map(|one| one.to_string()))
                .collect::<StringArray>(),
        ),
    ]
}

fn options(folder: &TempDir) -> SortOptions {
    SortOptions {
        folder: folder.path().to_owned(),
        fold: FoldOptions {
            workers: Some(2),
            state_budget: ByteSize::kib(256),
            merge_fan_in: 4,
            ..FoldOptions::default()
        },
    }
}

fn shuffled(fixture: &Fixture) -> Shuffled<SqliteStore> {
    Shuffled {
        store: fixture.store.clone(),
        cancel: CancellationToken::new(),
    }
}

async fn report(store: &dyn StateStore, build: &StoredBuild, sorting: &SortOptions) -> GateReport {
    let input = GateInput {
        store,
        build,
        compared: None,
        merged: build.loaded.as_ref().unwrap(),
        splits_planned: 1,
        splits_covered: 1,
        offsets: &FoldedOffsets::default(),
        is_narrowed: false,
        quarantined: 0,
        reasons: &[],
        counts: &Counts::default(),
        presence: &PresenceReport::default(),
        options: &GateOptions::default(),
        sorting,
    };
    gate(input).await.unwrap()
}

fn is_empty(folder: &TempDir) -> bool {
    fs::read_dir(folder.path()).unwrap().next().is_none()
}

#[tokio::test]
async fn a_store_in_no_order_is_judged_and_compared_like_a_sorted_one() {
    let fixture = Fixture::new().await;
    let all: Vec<i64> = (0..ROWS).collect();
    let old = fixture.load_batch(1, columns(), arrays(&all, 0)).await;
    // Items that are gone, items that are new, and from the middle on other values.
    let kept: Vec<i64> = (100..ROWS + 50).filter(|item| item % 1_000 != 7).collect();
    let (same, changed) = kept.split_at(kept.len() / 2);
    let halves = arrays(same, 0).into_iter().zip(arrays(changed, 1));
    let joined =
        halves.map(|(same, changed)| arrow_select::concat::concat(&[&*same, &*changed]).unwrap());
    let new = fixture.load_batch(2, columns(), joined.collect()).await;

    let folder = TempDir::new().unwrap();
    let sorting = options(&folder);
    let in_no_order = shuffled(&fixture);
    let expected = diff(&fixture.store, Some(&old), &new, &DiffOptions::default())
        .await
        .unwrap();
    assert!(
        expected.counts.only_old > 100 && expected.counts.only_new == 49,
        "{expected}"
    );
    assert!(
        expected.columns.iter().all(|column| column.differ > 10_000),
        "{expected}"
    );
    let with_runs = DiffOptions {
        sorting: sorting.clone(),
        ..DiffOptions::default()
    };
    let found = diff(&in_no_order, Some(&old), &new, &with_runs)
        .await
        .unwrap();
    assert_eq!(found, expected);

    for build in [&old, &new] {
        let verdict = report(&in_no_order, build, &sorting).await;
        assert_eq!(verdict, report(&fixture.store, build, &sorting).await);
        assert!(verdict.passed(), "{verdict}");
    }
    fixture.execute("UPDATE clicks__01k2 SET int64 = -1 WHERE item = 20000");
    let verdict = report(&in_no_order, &new, &sorting).await;
    let failed = verdict.checks.iter().find(|check| !check.passed).unwrap();
    assert_eq!(failed.name, "content");
    assert!(is_empty(&folder), "a sort left files");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_is_bounded_by_the_budget() {
    let fixture = Fixture::new().await;
    let all: Vec<i64> = (0..ROWS).collect();
    let build = fixture.load_batch(1, columns(), arrays(&all, 0)).await;
    let folder = TempDir::new().unwrap();
    let SortOptions { fold, .. } = options(&folder);
    let (budget_bytes, fan_in) = (fold.state_budget.0, fold.merge_fan_in);
    let sort = Sort::new(&build.info, &build.columns, fold, CancellationToken::new());
    let (sender, receiver) = channel(1);
    let path = folder.path().to_owned();
    let writing = tokio::task::spawn_blocking(move || sort.write_runs(&path, receiver));
    let store = shuffled(&fixture);
    store
        .read(&build.info, &build.columns, sender)
        .await
        .unwrap();
    let runs = writing.await.unwrap().unwrap();
    assert!(
        runs.len() > 2 * fan_in,
        "{} runs are merged in one pass",
        runs.len()
    );
    assert_eq!(runs.iter().map(|run| run.rows).sum::<u64>(), ROWS as u64);
    // A batch of the store may come on top; on disk rows take less than in memory.
    let largest = runs.iter().map(|run| run.size_bytes).max().unwrap();
    assert!(largest < 2 * budget_bytes, "a run has {largest} bytes");
}

/// Sorts batches of `page` and `mean`, and says how that failed.
fn failure(batches: &[&[(&str, f64)]], has_end: bool) -> String {
    let columns = TableColumns {
        keys: vec![column("page", Kind::Utf8, false)],
        values: vec![column("mean", Kind::Float64, false)],
    };
    let (sender, receiver) = channel(batches.len() + 1);
    for rows in batches {
        let pages: ArrayRef = Arc::new(StringArray::from_iter_values(rows.iter().map(|one| one.0)));
        let means = Arc::new(Float64Array::from_iter_values(rows.iter().map(|one| one.1)));
        let batch = RecordBatch::try_new(columns.schema(), vec![pages, means]).unwrap();
        sender.try_send(Rows::Batch(batch)).unwrap();
    }
    if has_end {
        let rows = batches.iter().map(|rows| rows.len() as u64).sum();
        let digest = "of another order".into();
        sender.try_send(Rows::End { rows, digest }).unwrap();
    }
    drop(sender);
    let build = BuildInfo {
        table: "clicks".to_owned(),
        build: "01K1".to_owned(),
        manifest_digest: String::new(),
    };
    let folder = TempDir::new().unwrap();
    let mut fold = options(&folder).fold;
    // Each batch becomes a run.
    fold.state_budget = ByteSize(1);
    let sort = Sort::new(&build, &columns, fold, CancellationToken::new());
    let (out, _rows) = channel(100);
    let sorted = std::thread::scope(|scope| {
        let sorting = scope.spawn(|| sort.run(folder.path(), receiver, &out));
        sorting.join().unwrap()
    });
    assert!(is_empty(&folder), "a sort left files");
    sorted.unwrap_err().to_string()
}

#[test]
fn rows_that_no_load_lets_in_are_named() {
    let twice_in_a_batch = failure(&[&[("/b", 1.0), ("/a", 1.0), ("/b", 2.0)]], true);
    assert_eq!(
        twice_in_a_batch,
        "the database is damaged: `clicks__01k1` has the key page=/b twice"
    );
    let twice = failure(
        &[&[("/b", 1.0)], &[("/c", 1.0), ("/a", 1.0)], &[("/c", 1.0)]],
        true,
    );
    assert_eq!(
        twice,
        "the database is damaged: `clicks__01k1` has the key page=/c twice"
    );
    let negative = failure(&[&[("/a", 0.0), ("/b", -0.0)]], true);
    assert_eq!(
        negative,
        "the database is damaged: `clicks__01k1` has -0.0 in column `mean`, which backfold did not write"
    );
    let cut = failure(&[&[("/a", 0.0)]], false);
    assert_eq!(cut, "the rows of build 01K1 stopped before their end");
}

#[tokio::test]
async fn a_sort_ends_soon_after_nobody_waits_for_it() {
    let fixture = Fixture::new().await;
    let all: Vec<i64> = (0..ROWS).collect();
    let build = fixture.load_batch(1, columns(), arrays(&all, 0)).await;
    let folder = TempDir::new().unwrap();
    let (store, sorting) = (shuffled(&fixture), options(&folder));
    // The receiver takes one batch, so that the merge is under way, and then none.
    let (out, mut rows) = channel(1);
    let reading = read_sorted(&store, &build.info, &build.columns, &sorting, out);
    tokio::select! {
        read = reading => panic!("{read:?}"),
        first = rows.recv() => assert!(matches!(first, Some(Rows::Batch(_)))),
    }
    assert!(!is_empty(&folder));
    drop(rows);
    let began = Instant::now();
    while !is_empty(&folder) {
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "the sort goes on"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
