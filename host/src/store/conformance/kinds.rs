//! Values of all kinds, and rows in batches of all sizes: a table reads back as it was loaded.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray, new_null_array,
};

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

/// Four values of a column that is no key, which the store keeps.
fn values(kind: Kind, supports: Supports) -> ArrayRef {
    match kind {
        Kind::Float64 if !supports.all_floats => {
            Arc::new(Float64Array::from(vec![-9.9e125, 1e-130, 0.0, 9.9e125]))
        }
        _ => all_values(kind),
    }
}

/// Four values of a key, which the store keeps, in their order.
fn key_values(kind: Kind, supports: Supports) -> ArrayRef {
    match kind {
        Kind::Utf8 if !supports.empty_keys => Arc::new(StringArray::from(vec![
            "\u{1}",
            "\u{1}\n\"%s",
            "'; --",
            "\u{10ffff}é",
        ])),
        Kind::Binary if !supports.empty_keys => Arc::new(BinaryArray::from(vec![
            &b"\0"[..],
            b"\0\0",
            b"\0\xff",
            b"\xff\xfe",
        ])),
        _ => all_values(kind),
    }
}

/// Four values that a store keeps which supports all, in the order of keys where the kind may be one.
fn all_values(kind: Kind) -> ArrayRef {
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
    let supports = store.supports();
    let mut columns = TableColumns {
        keys: vec![column("key", Kind::Int64, false)],
        values: Vec::new(),
    };
    let numbers = all_values(Kind::Int64);
    let (mut full, mut nulls) = (vec![numbers.clone()], vec![numbers.clone()]);
    for kind in KINDS {
        columns.values.push(column(kind.name(), kind, true));
        full.push(values(kind, supports));
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
        let rows = batch(&columns, vec![key_values(kind, supports), numbers.clone()]);
        assert_comes_back(&*store, &build(n), &columns, &[rows]).await;
    }
}

pub(super) async fn what_is_not_supported_is_refused(harness: &dyn Harness) {
    let store = harness.open().await;
    let supports = store.supports();
    let (text, bytes): (ArrayRef, ArrayRef) = (
        Arc::new(StringArray::from(vec![""])),
        Arc::new(BinaryArray::from(vec![&b""[..]])),
    );
    let mut cases = Vec::new();
    if !supports.empty_keys {
        cases.extend([
            (Kind::Utf8, text.clone(), true),
            (Kind::Binary, bytes, true),
        ]);
    }
    if !supports.all_floats {
        let float: ArrayRef = Arc::new(Float64Array::from(vec![f64::INFINITY]));
        cases.push((Kind::Float64, float, false));
    }
    for (n, (kind, array, is_key)) in (1..).zip(cases) {
        let tried = column("tried", kind, false);
        let (other, one) = (
            column("other", Kind::Boolean, false),
            BooleanArray::from(vec![true]),
        );
        let other_array: ArrayRef = Arc::new(one);
        let (columns, arrays) = match is_key {
            true => ((vec![tried], vec![other]), vec![array, other_array]),
            false => ((vec![other], vec![tried]), vec![other_array, array]),
        };
        let columns = TableColumns {
            keys: columns.0,
            values: columns.1,
        };
        let rows = batch(&columns, arrays);
        let refused = |result: Result<(), StoreError>| match result {
            Err(StoreError::Unstorable { column, .. }) => assert_eq!(column, "tried"),
            other => panic!("{other:?} with {kind:?}"),
        };
        if let Some(mut check) = store.row_check(&columns) {
            refused(check.check(&rows));
        }
        refused(
            stored(&*store, &build(n), &columns, &[rows])
                .await
                .map(|_| ()),
        );
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
    if !store.supports().null_keys {
        match store.prepare(TABLE, &columns, &[]).await {
            Err(StoreError::Column { column, .. }) => assert_eq!(column, "country"),
            other => panic!("{other:?}"),
        }
        return;
    }
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
    let whole = numbered(20_000, 5);
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
