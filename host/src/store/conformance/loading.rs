//! Creating, loading and reading builds.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray, new_null_array,
};
use tokio::sync::mpsc::channel;

use super::*;

const YEAR_0001_US: i64 = -62_135_596_800_000_000;
const YEAR_9999_US: i64 = 253_402_300_799_999_999;
const YEAR_0001_DAY: i32 = -719_162;
const YEAR_9999_DAY: i32 = 2_932_896;

const KINDS: [Kind; 8] = [
    Kind::Boolean,
    Kind::Int64,
    Kind::Float64,
    Kind::Timestamp,
    Kind::Date,
    Kind::Utf8,
    Kind::Binary,
    Kind::Json,
];

fn timestamps(values: impl Into<Vec<i64>>) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from(values.into()).with_timezone("UTC"))
}

/// Four values that every store keeps, in the order of keys where the kind may be one.
fn values(kind: Kind) -> ArrayRef {
    match kind {
        Kind::Boolean => Arc::new(BooleanArray::from(vec![false, false, true, true])),
        Kind::Int64 => Arc::new(Int64Array::from(vec![i64::MIN, -1, 0, i64::MAX])),
        Kind::Float64 => Arc::new(Float64Array::from(vec![
            f64::NEG_INFINITY,
            f64::MIN_POSITIVE / 2.0,
            0.0,
            f64::MAX,
        ])),
        Kind::Timestamp => timestamps([YEAR_0001_US, -1, 0, YEAR_9999_US]),
        Kind::Date => Arc::new(Date32Array::from(vec![YEAR_0001_DAY, -1, 0, YEAR_9999_DAY])),
        Kind::Utf8 => Arc::new(StringArray::from(vec![
            "",
            "\u{1}\n\"%s",
            "'; --",
            "\u{10ffff}é",
        ])),
        Kind::Binary => Arc::new(BinaryArray::from(vec![
            &b""[..],
            b"\0",
            b"\0\xff",
            b"\xff\xfe",
        ])),
        Kind::Json => Arc::new(StringArray::from(vec![
            "null",
            "{\"a\": [1.50, 2]}",
            "\"\\u0000\"",
            "1e400",
        ])),
    }
}

fn batch(columns: &TableColumns, arrays: Vec<ArrayRef>) -> RecordBatch {
    RecordBatch::try_new(columns.schema(), arrays).expect("the columns are those of the schema")
}

pub(super) async fn every_kind_comes_back(harness: &dyn Harness) {
    let store = harness.open().await;
    let mut columns = TableColumns {
        keys: vec![column("key", Kind::Int64, false)],
        values: Vec::new(),
    };
    let (mut full, mut nulls) = (vec![values(Kind::Int64)], vec![values(Kind::Int64)]);
    for kind in KINDS {
        columns.values.push(column(kind.name(), kind, true));
        full.push(values(kind));
        nulls.push(new_null_array(&kind.data_type(), 4));
    }
    let (full, nulls) = (batch(&columns, full), batch(&columns, nulls));
    assert_comes_back(&*store, &build(1), &columns, std::slice::from_ref(&full)).await;
    assert_comes_back(
        &*store,
        &build(2),
        &columns,
        &[nulls.slice(0, 2), full.slice(2, 2)],
    )
    .await;
    assert_comes_back(&*store, &build(3), &columns, &[]).await;

    // A key of two columns sorts by the first, then by the second, whatever they are.
    let kinds = KINDS
        .into_iter()
        .filter(|kind| !matches!(kind, Kind::Float64 | Kind::Json));
    for (n, kind) in (10..).zip(kinds) {
        let keys = vec![
            column("first", kind, false),
            column("second", Kind::Int64, false),
        ];
        let columns = TableColumns {
            keys,
            values: Vec::new(),
        };
        let rows = batch(&columns, vec![values(kind), values(Kind::Int64)]);
        assert_comes_back(&*store, &build(n), &columns, &[rows]).await;
    }
}

pub(super) async fn extremes_are_kept_or_refused(harness: &dyn Harness) {
    let store = harness.open().await;
    let extremes: [(Kind, ArrayRef); 7] = [
        (Kind::Timestamp, timestamps([i64::MIN])),
        (Kind::Timestamp, timestamps([i64::MAX])),
        (Kind::Date, Arc::new(Date32Array::from(vec![i32::MIN]))),
        (Kind::Date, Arc::new(Date32Array::from(vec![i32::MAX]))),
        (Kind::Utf8, Arc::new(StringArray::from(vec!["a\0b"]))),
        (Kind::Float64, Arc::new(Float64Array::from(vec![f64::NAN]))),
        (Kind::Float64, Arc::new(Float64Array::from(vec![-0.0]))),
    ];
    for (n, (kind, array)) in (1..).zip(extremes) {
        let columns = TableColumns {
            keys: vec![column("page", Kind::Utf8, false)],
            values: vec![column("extreme", kind, true)],
        };
        let rows = batch(
            &columns,
            vec![Arc::new(StringArray::from(vec!["/a"])), array],
        );
        match stored(&*store, &build(n), &columns, std::slice::from_ref(&rows)).await {
            Ok(_) => assert_comes_back(&*store, &build(n), &columns, &[rows]).await,
            Err(StoreError::Unstorable { column, key, .. }) => {
                assert_eq!((column.as_str(), key.as_str()), ("extreme", "page=/a"));
            }
            Err(other) => panic!("{kind:?} is neither kept nor refused, but {other}"),
        }
    }
}

pub(super) async fn keys_may_be_null(harness: &dyn Harness) {
    let store = harness.open().await;
    let columns = TableColumns {
        keys: vec![
            column("country", Kind::Utf8, true),
            column("day", Kind::Date, true),
        ],
        values: vec![column("total", Kind::Int64, false)],
    };
    let of = |countries: Vec<Option<&str>>, days: Vec<Option<i32>>| {
        let totals = Int64Array::from(vec![7; days.len()]);
        let countries: ArrayRef = Arc::new(StringArray::from(countries));
        batch(
            &columns,
            vec![
                countries,
                Arc::new(Date32Array::from(days)),
                Arc::new(totals),
            ],
        )
    };
    let rows = of(
        vec![None, None, Some(""), Some("")],
        vec![None, Some(-5), None, Some(0)],
    );
    assert_comes_back(&*store, &build(1), &columns, &[rows]).await;
    for twice in [
        of(vec![None, None], vec![Some(1), Some(1)]),
        of(vec![None, None], vec![None, None]),
    ] {
        let error = stored(&*store, &build(2), &columns, &[twice])
            .await
            .expect_err("a key comes twice");
        assert!(matches!(error, StoreError::Unsorted { .. }), "{error}");
    }
}

pub(super) async fn batches_of_any_size_come_back(harness: &dyn Harness) {
    let store = harness.open().await;
    let pages: Vec<_> = (0..20_000).map(|n| format!("/{n:06}")).collect();
    let pages: Vec<_> = pages.iter().map(String::as_str).collect();
    let whole = rows(&pages, 5);
    let (mut cut, mut from) = (Vec::new(), 0);
    for length in [0, 1, 49, 50, 51, 8192, 0, 9000, 2657] {
        cut.push(whole.slice(from, length));
        from += length;
    }
    assert_eq!(from, whole.num_rows());
    assert_comes_back(&*store, &build(1), &columns(), &cut).await;
    let (_, loaded) = read(&*store, &build(1), &columns())
        .await
        .expect("a loaded build can be read");
    assert_eq!(
        loaded,
        digest_of(&columns(), &[whole]),
        "the digest depends on how rows are cut"
    );
}

pub(super) async fn a_load_without_an_end_can_be_repeated(harness: &dyn Harness) {
    let store = harness.open().await;
    let (some, all) = ([rows(&["/a"], 1)], [rows(&["/a", "/b"], 1)]);
    store
        .prepare(TABLE, &columns(), &[])
        .await
        .expect("the name is free");
    store
        .create(&build(1), &columns())
        .await
        .expect("the build is new");
    for again in [false, true] {
        if again {
            store
                .create(&build(1), &columns())
                .await
                .expect("an abandoned build may be created again");
        }
        let error = store
            .load(&build(1), &columns(), sent(&columns(), &some, false).await)
            .await;
        assert!(
            matches!(error, Err(StoreError::Unfinished { .. })),
            "{error:?}"
        );
        assert_eq!(only_build(&*store).await.state, BuildState::Loading);
        let error = store
            .swap(&swap_to(&build(1), None))
            .await
            .expect_err("half a table does not go live");
        assert!(
            matches!(
                error,
                StoreError::WrongState {
                    state: BuildState::Loading,
                    ..
                }
            ),
            "{error}"
        );
    }
    // Another process goes on where this one was killed, without knowing how far it had come.
    let store = harness.open().await;
    let loaded = store
        .load(&build(1), &columns(), sent(&columns(), &all, true).await)
        .await;
    assert_eq!(
        loaded.expect("a load begins anew"),
        digest_of(&columns(), &all)
    );
    let (_, found) = read(&*store, &build(1), &columns())
        .await
        .expect("a loaded build can be read");
    assert_eq!(found, digest_of(&columns(), &all));
    // And once more from the beginning, with other rows.
    assert_comes_back(&*store, &build(1), &columns(), &some).await;
}

pub(super) async fn rows_must_be_those_announced(harness: &dyn Harness) {
    let store = harness.open().await;
    store
        .prepare(TABLE, &columns(), &[])
        .await
        .expect("the name is free");
    store
        .create(&build(1), &columns())
        .await
        .expect("the build is new");
    let sent = [rows(&["/a", "/b"], 1)];
    let true_end = digest_of(&columns(), &sent);
    let other = digest_of(&columns(), &[rows(&["/a", "/b"], 2)]);
    for (count, digest) in [(1, true_end.digest.clone()), (2, other.digest)] {
        let (sender, receiver) = channel(2);
        let [batch] = sent.clone();
        sender
            .send(Rows::Batch(batch))
            .await
            .expect("the receiver is here");
        sender
            .send(Rows::End {
                rows: count,
                digest: digest.into(),
            })
            .await
            .expect("the receiver is here");
        let error = store
            .load(&build(1), &columns(), receiver)
            .await
            .expect_err("the end disagrees");
        assert!(
            matches!(&error, StoreError::Disagrees { found, .. } if **found == true_end),
            "{error}"
        );
        assert_eq!(only_build(&*store).await.state, BuildState::Loading);
    }
}

pub(super) async fn rows_must_be_sorted(harness: &dyn Harness) {
    let store = harness.open().await;
    let faulty: [Vec<RecordBatch>; 4] = [
        vec![rows(&["/b", "/a"], 1)],
        vec![rows(&["/b"], 1), rows(&["/a"], 1)],
        vec![rows(&["/a", "/a"], 1)],
        vec![rows(&["/a"], 1), rows(&["/a"], 2)],
    ];
    for batches in faulty {
        let error = stored(&*store, &build(1), &columns(), &batches)
            .await
            .expect_err("the rows are not in order");
        assert!(
            matches!(&error, StoreError::Unsorted { key, .. } if key == "page=/a"),
            "{error}"
        );
    }
}

pub(super) async fn a_later_load_takes_over(harness: &dyn Harness) {
    let (first, second) = (harness.open().await, harness.open().await);
    first
        .prepare(TABLE, &columns(), &[])
        .await
        .expect("the name is free");
    first
        .create(&build(1), &columns())
        .await
        .expect("the build is new");
    let (sender, receiver) = channel(1);
    let old = tokio::spawn(async move { first.load(&build(1), &columns(), receiver).await });
    // There is room for the second batch only once the load has begun and taken the first.
    sender
        .send(Rows::Batch(rows(&["/a"], 1)))
        .await
        .expect("the load runs");
    sender
        .send(Rows::Batch(rows(&["/b"], 1)))
        .await
        .expect("the load runs");
    let expected = [rows(&["/x", "/y"], 2)];
    let loaded = second
        .load(
            &build(1),
            &columns(),
            sent(&columns(), &expected, true).await,
        )
        .await;
    assert_eq!(
        loaded.expect("the later load takes over"),
        digest_of(&columns(), &expected)
    );
    // The old one may notice before or after this batch.
    let _ = sender.send(Rows::Batch(rows(&["/z"], 1))).await;
    let error = old
        .await
        .expect("it does not panic")
        .expect_err("the old load is out");
    assert!(matches!(error, StoreError::Superseded { .. }), "{error}");
    let (_, found) = read(&*second, &build(1), &columns())
        .await
        .expect("a loaded build can be read");
    assert_eq!(
        found,
        digest_of(&columns(), &expected),
        "the old load wrote on"
    );
}

pub(super) async fn builds_have_states(harness: &dyn Harness) {
    let store = harness.open().await;
    assert_eq!(
        store
            .builds(TABLE)
            .await
            .expect("an unprepared database has no builds"),
        []
    );
    assert_eq!(store.live(TABLE).await.expect("nor a pointer"), None);
    assert_eq!(store.history(TABLE).await.expect("nor a history"), []);
    store
        .prepare(TABLE, &columns(), &[])
        .await
        .expect("the name is free");
    store
        .prepare(TABLE, &columns(), &[])
        .await
        .expect("it may be prepared again");

    store
        .create(&build(2), &columns())
        .await
        .expect("the build is new");
    let found = only_build(&*store).await;
    assert_eq!(
        (found.info, found.columns, found.state),
        (build(2), columns(), BuildState::Loading)
    );
    assert_eq!((found.loaded, found.loaded_at), (None, None));

    // The order is that of creation, not that of the names.
    let batches = [rows(&["/a"], 1)];
    let loaded = stored(&*store, &build(1), &columns(), &batches)
        .await
        .expect("these rows can be stored");
    let builds = store.builds(TABLE).await.expect("builds can be listed");
    assert_eq!(
        builds
            .iter()
            .map(|found| found.info.clone())
            .collect::<Vec<_>>(),
        [build(2), build(1)]
    );
    assert_eq!(
        (builds[1].state, builds[1].loaded.as_ref()),
        (BuildState::Loaded, Some(&loaded))
    );
    assert!(builds[1].loaded_at.as_ref() >= Some(&builds[1].created_at));

    let error = store
        .load(
            &build(1),
            &columns(),
            sent(&columns(), &batches, true).await,
        )
        .await;
    assert!(
        matches!(
            error,
            Err(StoreError::WrongState {
                state: BuildState::Loaded,
                ..
            })
        ),
        "{error:?}"
    );
    let error = read(&*store, &build(2), &columns()).await;
    assert!(
        matches!(
            error,
            Err(StoreError::WrongState {
                state: BuildState::Loading,
                ..
            })
        ),
        "{error:?}"
    );

    let unknown = build(3);
    let error = store
        .load(&unknown, &columns(), sent(&columns(), &batches, true).await)
        .await;
    assert!(
        matches!(error, Err(StoreError::UnknownBuild { .. })),
        "{error:?}"
    );
    let error = read(&*store, &unknown, &columns()).await;
    assert!(
        matches!(error, Err(StoreError::UnknownBuild { .. })),
        "{error:?}"
    );
    let error = store.drop_build(TABLE, &unknown.build).await;
    assert!(
        matches!(error, Err(StoreError::UnknownBuild { .. })),
        "{error:?}"
    );
}

pub(super) async fn reading_stops_with_its_receiver(harness: &dyn Harness) {
    let store = harness.open().await;
    let pages: Vec<_> = (0..50_000).map(|n| format!("/{n:06}")).collect();
    let pages: Vec<_> = pages.iter().map(String::as_str).collect();
    stored(&*store, &build(1), &columns(), &[rows(&pages, 1)])
        .await
        .expect("these rows can be stored");
    let (sender, mut receiver) = channel(1);
    let take_one = async {
        receiver.recv().await.expect("there are rows");
        drop(receiver);
    };
    let columns = columns();
    let build = build(1);
    let (result, ()) = futures::join!(store.read(&build, &columns, sender), take_one);
    result.expect("to stop is no failure");
}

async fn only_build(store: &dyn StateStore) -> StoredBuild {
    let mut builds = store.builds(TABLE).await.expect("builds can be listed");
    assert_eq!(builds.len(), 1);
    builds.remove(0)
}
