use std::sync::Arc;

use arrow_array::{
    Date32Array, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};

use super::super::cells::Decoder;
use super::*;
use crate::schema::Output;

fn column(name: &str, kind: Kind, nullable: bool) -> Output {
    Output {
        name: name.to_owned(),
        kind,
        nullable,
    }
}

fn table(keys: Vec<Output>, values: Vec<Output>) -> TableColumns {
    TableColumns { keys, values }
}

fn batch(columns: &TableColumns, arrays: Vec<ArrayRef>) -> RecordBatch {
    RecordBatch::try_new(columns.schema(), arrays).unwrap()
}

fn text(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn bytes(values: &[&[u8]]) -> ArrayRef {
    Arc::new(BinaryArray::from(values.to_vec()))
}

/// The items of a batch, or the refusal of the first row that has none.
fn encoded(columns: &TableColumns, batch: &RecordBatch) -> Result<Vec<Encoded>, StoreError> {
    let encoder = Encoder::new(columns).unwrap();
    let mut items = encoder.batch(batch).unwrap();
    (0..batch.num_rows()).map(|row| items.at(row)).collect()
}

/// The column and the reason of a refusal; the key is checked to be `key`.
fn refused(columns: &TableColumns, batch: &RecordBatch, key: &str) -> (String, &'static str) {
    match ItemCheck::new(columns).check(batch).unwrap_err() {
        StoreError::Unstorable {
            column,
            key: found,
            why,
        } => {
            assert_eq!(found, key);
            (column, why)
        }
        error => panic!("{error}"),
    }
}

/// A table whose items have a key of 1 byte, and 1 + 1 bytes of names.
fn blobs() -> TableColumns {
    table(
        vec![column("k", Kind::Utf8, false)],
        vec![column("b", Kind::Binary, true)],
    )
}

#[test]
fn an_item_may_have_400_kib_to_the_byte() {
    let columns = blobs();
    let of = |length: usize| batch(&columns, vec![text(&["a"]), bytes(&[&vec![7; length]])]);
    let whole = encoded(&columns, &of(ITEM_BYTES - 3)).unwrap();
    assert_eq!((whole[0].bytes, whole[0].units()), (ITEM_BYTES, 400.0));
    let (column, why) = refused(&columns, &of(ITEM_BYTES - 2), "k=a");
    assert_eq!(column, "b");
    assert!(why.contains("400 KB"), "{why}");
}

#[test]
fn units_begin_with_each_kib() {
    assert_eq!([0, 1, 1024, 1025, 2048].map(units_of), [1, 1, 1, 2, 2]);
}

#[test]
fn keys_have_the_lengths_of_dynamodb() {
    let one = table(vec![column("k", Kind::Utf8, false)], Vec::new());
    let of = |length| batch(&one, vec![text(&["é".repeat(length).as_str()])]);
    assert!(encoded(&one, &of(1024)).is_ok());
    let key = format!("k={}", "é".repeat(1025));
    assert!(refused(&one, &of(1025), &key).1.contains("hash key"));
    assert!(refused(&one, &of(0), "k=").1.contains("empty"));

    let keys = vec![
        column("k", Kind::Int64, false),
        column("r", Kind::Binary, false),
    ];
    let two = table(keys, Vec::new());
    let number: ArrayRef = Arc::new(Int64Array::from(vec![0]));
    let of = |range: &[u8]| batch(&two, vec![number.clone(), bytes(&[range])]);
    assert!(encoded(&two, &of(&[0; 1024])).is_ok());
    let key = format!("k=0 r=0x{}", "00".repeat(1025));
    assert!(refused(&two, &of(&[0; 1025]), &key).1.contains("range key"));
    assert!(refused(&two, &of(&[]), "k=0 r=0x").1.contains("empty"));
}

#[test]
fn keys_of_three_columns_sort_by_their_range_key() {
    let keys = vec![
        column("page", Kind::Utf8, false),
        column("day", Kind::Date, false),
        column("n", Kind::Int64, false),
    ];
    let columns = table(keys, Vec::new());
    let rows = batch(
        &columns,
        vec![
            text(&["a"; 5]),
            Arc::new(Date32Array::from(vec![-1, 0, 0, 0, 9])),
            Arc::new(Int64Array::from(vec![5, i64::MIN, -1, 7, 0])),
        ],
    );
    let items = encoded(&columns, &rows).unwrap();
    let ranges = items
        .iter()
        .map(|one| one.item[RANGE].as_b().unwrap().as_ref());
    assert!(ranges.is_sorted());
    assert_eq!(items[1].item["day"].as_s().unwrap(), "1970-01-01");
    assert_eq!(items[1].item["n"].as_n().unwrap(), &i64::MIN.to_string());

    // A range key that does not belong to its columns is found.
    let mut items: Vec<_> = items.into_iter().map(|one| one.item).collect();
    let decoder = Decoder::new("t", &columns).unwrap();
    assert_eq!(decoder.batch(&items).unwrap(), rows);
    let moved = items[0][RANGE].clone();
    items[1].insert(RANGE.to_owned(), moved);
    let Err(Fault::Store(error)) = decoder.batch(&items) else {
        panic!("it was taken");
    };
    insta::assert_snapshot!(error, @"the database is damaged: an item of `t` has a value in `backfold_range` that backfold did not write");
}

#[test]
fn values_come_back_and_nulls_are_left_out() {
    let columns = table(
        vec![column("k", Kind::Boolean, false)],
        vec![
            column("boolean", Kind::Boolean, true),
            column("int64", Kind::Int64, true),
            column("float64", Kind::Float64, true),
            column("time", Kind::Timestamp, true),
            column("text", Kind::Utf8, true),
            column("bytes", Kind::Binary, true),
        ],
    );
    let times = TimestampMicrosecondArray::from(vec![Some(-1), None]).with_timezone("UTC");
    let rows = batch(
        &columns,
        vec![
            Arc::new(BooleanArray::from(vec![false, true])),
            Arc::new(BooleanArray::from(vec![Some(true), None])),
            Arc::new(Int64Array::from(vec![Some(i64::MAX), None])),
            Arc::new(Float64Array::from(vec![Some(0.1 + 0.2), None])),
            Arc::new(times),
            Arc::new(StringArray::from(vec![Some(""), None])),
            Arc::new(BinaryArray::from(vec![Some(&b""[..]), None])),
        ],
    );
    let items = encoded(&columns, &rows).unwrap();
    assert_eq!(items[0].item["k"].as_n().unwrap(), "0");
    assert_eq!(items[0].item["boolean"], AttributeValue::Bool(true));
    assert_eq!(
        items[0].item["float64"].as_n().unwrap(),
        "3.0000000000000004e-1"
    );
    assert_eq!(
        items[0].item["time"].as_s().unwrap(),
        "1969-12-31T23:59:59.999999Z"
    );
    assert_eq!(items[1].item.len(), 1);
    let items: Vec<_> = items.into_iter().map(|one| one.item).collect();
    let decoder = Decoder::new("t", &columns).unwrap();
    assert_eq!(decoder.batch(&items).unwrap(), rows);
}
