//! Values, keys and items at the limits, as a server has them.

use arrow_array::{
    ArrayRef, BinaryArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray,
};

use super::*;

fn table(keys: Vec<Output>, values: Vec<Output>) -> TableColumns {
    TableColumns { keys, values }
}

fn batch(columns: &TableColumns, arrays: Vec<ArrayRef>) -> RecordBatch {
    RecordBatch::try_new(columns.schema(), arrays).unwrap()
}

fn text(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

/// The check of a store must refuse exactly what the server refuses: here it refuses nothing.
async fn assert_stored(local: &Local, n: u32, columns: &TableColumns, rows: &RecordBatch) {
    let store = local.store().await;
    let mut check = store.row_check(columns).unwrap();
    check.check(rows).unwrap();
    stored(&store, &build_of("limits", n), columns, rows)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_item_of_400_kib_is_kept_and_one_byte_more_is_refused() {
    let local = Local::start();
    let columns = table(
        vec![column("k", Kind::Utf8)],
        vec![column("b", Kind::Binary)],
    );
    let of = |length: usize| {
        let blob = vec![7; length];
        let blob: ArrayRef = Arc::new(BinaryArray::from(vec![blob.as_slice()]));
        batch(&columns, vec![text(&["a"]), blob])
    };
    let most = 400 * 1024 - "kab".len();
    assert_stored(&local, 1, &columns, &of(most)).await;
    let store = local.store().await;
    let error = store
        .row_check(&columns)
        .unwrap()
        .check(&of(most + 1))
        .unwrap_err();
    assert!(
        matches!(&error, StoreError::Unstorable { column, .. } if column == "b"),
        "{error}"
    );

    // The server sets the limit at the same byte.
    let put = local
        .client
        .put_item()
        .table_name(build_of("limits", 1).shadow_name());
    let blob = aws_sdk_dynamodb::primitives::Blob::new(vec![7; most + 1]);
    let put = put
        .item("k", AttributeValue::S("a".to_owned()))
        .item("b", AttributeValue::B(blob));
    let error = put.send().await.unwrap_err().into_service_error();
    assert!(format!("{error:?}").contains("size"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_are_kept_to_the_last_digit() {
    let local = Local::start();
    let columns = table(
        vec![column("n", Kind::Int64)],
        vec![column("float", Kind::Float64)],
    );
    let integers = vec![
        i64::MIN,
        -1_000_000_000_000_000_001,
        0,
        1_000_000_000_000_000_000,
        i64::MAX,
    ];
    let floats = vec![
        1e-130,
        -9.99999999999999e125,
        0.1 + 0.2,
        0.0,
        1.7976931348623157e100,
    ];
    let rows = batch(
        &columns,
        vec![
            Arc::new(Int64Array::from(integers)),
            Arc::new(Float64Array::from(floats)),
        ],
    );
    // The load reads back what it wrote.
    assert_stored(&local, 1, &columns, &rows).await;
    for beyond in [9.9e-131, 1e126, f64::INFINITY] {
        let rows = batch(
            &columns,
            vec![
                Arc::new(Int64Array::from(vec![1])),
                Arc::new(Float64Array::from(vec![beyond])),
            ],
        );
        let error = local
            .store()
            .await
            .row_check(&columns)
            .unwrap()
            .check(&rows)
            .unwrap_err();
        assert!(
            matches!(&error, StoreError::Unstorable { key, .. } if key == "n=1"),
            "{error}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_of_three_columns_are_queried_in_their_order() {
    let local = Local::start();
    let keys = vec![
        column("page", Kind::Utf8),
        column("day", Kind::Date),
        column("n", Kind::Int64),
    ];
    let columns = table(keys, vec![column("total", Kind::Int64)]);
    let days = vec![-400_000, -1, -1, 0, 0, 9];
    let numbers = vec![0, i64::MIN, 3, -7, i64::MAX, 0];
    let rows = batch(
        &columns,
        vec![
            text(&["/a"; 6]),
            Arc::new(Date32Array::from(days)),
            Arc::new(Int64Array::from(numbers.clone())),
            Arc::new(Int64Array::from((0..6).collect::<Vec<_>>())),
        ],
    );
    assert_stored(&local, 1, &columns, &rows).await;
    let query = local
        .client
        .query()
        .table_name(build_of("limits", 1).shadow_name());
    let found = query
        .key_condition_expression("#page = :page")
        .expression_attribute_names("#page", "page")
        .expression_attribute_values(":page", AttributeValue::S("/a".to_owned()))
        .send()
        .await
        .unwrap();
    let number = |name: &str| -> Vec<i64> {
        let items = found.items().iter();
        items
            .map(|item| item[name].as_n().unwrap().parse().unwrap())
            .collect()
    };
    assert_eq!(number("total"), [0, 1, 2, 3, 4, 5]);
    assert_eq!(number("n"), numbers);
    let days = found
        .items()
        .iter()
        .map(|item| item["day"].as_s().unwrap().as_str());
    let days: Vec<_> = days.collect();
    assert_eq!(
        days[1..],
        [
            "1969-12-31",
            "1969-12-31",
            "1970-01-01",
            "1970-01-01",
            "1970-01-10"
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_that_another_program_changed_is_found() {
    let local = Local::start();
    let columns = table(
        vec![column("k", Kind::Utf8)],
        vec![column("total", Kind::Int64)],
    );
    let rows = batch(
        &columns,
        vec![text(&["a"]), Arc::new(Int64Array::from(vec![1]))],
    );
    let build = build_of("changed", 1);
    let store = local.store().await;
    stored(&store, &build, &columns, &rows).await.unwrap();
    let put = local.client.put_item().table_name(build.shadow_name());
    let put = put.item("k", AttributeValue::S("a".to_owned()));
    let put = put.item("total", AttributeValue::S("one".to_owned()));
    put.send().await.unwrap();
    let (sender, _receiver) = channel(4);
    let error = store.read(&build, &columns, sender).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Damaged { what, .. } if what.contains("`total`")),
        "{error}"
    );
}
