//! Values of all kinds as the server has them, and keys that are too long for it.

use arrow_array::{
    Array, BinaryArray, BooleanArray, Date32Array, Float64Array, TimestampMicrosecondArray,
};
use tokio::sync::mpsc::channel as rows_channel;

use super::*;

async fn read(
    store: &PostgresStore,
    build: &BuildInfo,
    columns: &TableColumns,
) -> Vec<RecordBatch> {
    let (sender, mut receiver) = rows_channel(4);
    let collect = async {
        let mut batches = Vec::new();
        while let Some(rows) = receiver.recv().await {
            if let Rows::Batch(batch) = rows {
                batches.push(batch);
            }
        }
        batches
    };
    let (read, batches) = futures::join!(store.read(build, columns, sender), collect);
    read.unwrap();
    batches
}

/// The server reads what was written as what was meant: its own text says so.
#[tokio::test]
async fn the_server_sees_the_values_that_were_meant() {
    let bench = Bench::new();
    let store = bench.store().await;
    let columns = TableColumns {
        keys: vec![output("page", Kind::Utf8, true)],
        values: vec![
            output("is", Kind::Boolean, true),
            output("n", Kind::Int64, true),
            output("x", Kind::Float64, true),
            output("at", Kind::Timestamp, true),
            output("day", Kind::Date, true),
            output("raw", Kind::Binary, true),
            output("json", Kind::Json, true),
        ],
    };
    let moments = vec![
        Some(-62_135_596_800_000_000),
        None,
        Some(253_402_300_799_999_999),
    ];
    let arrays: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(vec![None, Some(""), Some("é\t\\N")])),
        Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)])),
        Arc::new(Int64Array::from(vec![Some(i64::MIN), None, Some(i64::MAX)])),
        Arc::new(Float64Array::from(vec![Some(-0.0), None, Some(f64::NAN)])),
        Arc::new(TimestampMicrosecondArray::from(moments).with_timezone("UTC")),
        Arc::new(Date32Array::from(vec![
            Some(-719_162),
            None,
            Some(2_932_896),
        ])),
        Arc::new(BinaryArray::from(vec![
            Some(&b"\0\xff"[..]),
            None,
            Some(b""),
        ])),
        Arc::new(StringArray::from(vec![
            Some(" {\"a\":1.50, \"a\":\"\\u0000\"}"),
            None,
            Some("1e400"),
        ])),
    ];
    let batch = RecordBatch::try_new(columns.schema(), arrays).unwrap();
    stored(&store, &build(1), &columns, std::slice::from_ref(&batch))
        .await
        .unwrap();
    let shadow = named(&build(1).shadow_name());
    let session = bench.session();
    session.run("SET timezone = 'UTC'").unwrap();
    let query =
        format!("SELECT \"is\", n, x, at, day, raw, json FROM {shadow} ORDER BY page NULLS FIRST");
    let rows = session.rows(&query).unwrap();
    let text = |row: &[Option<String>]| {
        let values: Vec<_> = row
            .iter()
            .map(|one| one.as_deref().unwrap_or("-"))
            .collect();
        values.join(" | ")
    };
    let rows: Vec<_> = rows.iter().map(|row| text(row)).collect();
    insta::assert_snapshot!(rows.join("\n"), @r#"
    t | -9223372036854775808 | -0 | 0001-01-01 00:00:00+00 | 0001-01-01 | \x00ff |  {"a":1.50, "a":"\u0000"}
    - | - | - | - | - | - | -
    f | 9223372036854775807 | NaN | 9999-12-31 23:59:59.999999+00 | 9999-12-31 | \x | 1e400
    "#);
    let found = read(&store, &build(1), &columns).await;
    let data = |batch: &RecordBatch| {
        batch
            .columns()
            .iter()
            .map(|one| one.to_data())
            .collect::<Vec<_>>()
    };
    assert_eq!(found.iter().map(data).collect::<Vec<_>>(), [data(&batch)]);
}

/// Text of letters that no compression shortens.
fn noise(bytes: usize, seed: u64) -> String {
    let mut state = seed;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        char::from(b'!' + ((state >> 33) % 90) as u8)
    };
    (0..bytes).map(|_| next()).collect()
}

#[tokio::test]
async fn a_key_that_no_index_takes_is_refused_at_once() {
    let bench = Bench::new();
    let store = bench.store().await;
    let columns = TableColumns {
        keys: vec![
            output("site", Kind::Utf8, false),
            output("page", Kind::Utf8, true),
        ],
        values: Vec::new(),
    };
    let batch = |page: &str| {
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(vec!["a", "b"])),
            Arc::new(StringArray::from(vec!["/", page])),
        ];
        RecordBatch::try_new(columns.schema(), arrays).unwrap()
    };
    let longest = noise(2600 - 17, 7);
    stored(&store, &build(1), &columns, &[batch(&longest)])
        .await
        .unwrap();
    let longer = format!("{longest}x");
    let error = stored(&store, &build(2), &columns, &[batch(&longer)])
        .await
        .unwrap_err();
    let StoreError::Unstorable { column, key, .. } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(column, "page");
    assert!(key.starts_with("site=b page="), "{key}");
}

/// A plain sort of the server would put these in another order: by letters, nulls last.
#[tokio::test]
async fn keys_are_read_in_the_order_of_their_bytes_by_their_index() {
    let bench = Bench::new();
    let store = bench.store().await;
    let columns = TableColumns {
        keys: vec![output("page", Kind::Utf8, true)],
        values: Vec::new(),
    };
    let pages = [
        None,
        Some(""),
        Some("-1"),
        Some("B"),
        Some("Z"),
        Some("_"),
        Some("a"),
        Some("é"),
    ];
    let arrays: Vec<ArrayRef> = vec![Arc::new(StringArray::from(pages.to_vec()))];
    let batch = RecordBatch::try_new(columns.schema(), arrays).unwrap();
    stored(&store, &build(1), &columns, std::slice::from_ref(&batch))
        .await
        .unwrap();
    assert_eq!(read(&store, &build(1), &columns).await, [batch]);
    let session = bench.session();
    session
        .run("SET enable_sort = off; SET enable_seqscan = off")
        .unwrap();
    let shadow = named(&build(1).shadow_name());
    let plan = column(
        &session,
        &format!("EXPLAIN SELECT page FROM {shadow} ORDER BY page NULLS FIRST"),
    );
    assert!(plan[0].contains("Index Only Scan"), "{plan:?}");
}
