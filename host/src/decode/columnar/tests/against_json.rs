//! Any rows give the same as columns and as lines of JSON.

use std::sync::Arc;

use arrow_array::*;
use arrow_schema::{DataType, Field};
use proptest::prelude::*;
use serde_json::json;

use super::{assert_alike, events};
use crate::decode::tests::support::{input, projection};
use crate::decode::{EventRange, Projection};
use crate::schema::{Condition, Encoding, Input, Kind};

/// A row: an identifier, a time in milliseconds, and what is nested below `geo`.
#[derive(Clone, Debug)]
struct Row {
    id: Option<u64>,
    at_ms: Option<i64>,
    kind: Option<String>,
    price: Option<f64>,
    country: Option<String>,
    city: Option<i32>,
}

fn row() -> impl Strategy<Value = Row> {
    let ids = prop_oneof![3 => 0..100u64, 1 => any::<u64>()];
    let times = prop_oneof![4 => 0..100i64, 1 => any::<i64>()];
    let kinds = prop_oneof![Just("view".to_owned()), Just("click".to_owned()), ".{0,3}"];
    (
        proptest::option::weighted(0.9, ids),
        proptest::option::weighted(0.9, times),
        proptest::option::weighted(0.9, kinds),
        proptest::option::of(-1e6..1e6),
        proptest::option::of("[a-z\\\\\"\u{e9}]{0,4}"),
        proptest::option::of(any::<i32>()),
    )
        .prop_map(|(id, at_ms, kind, price, country, city)| Row {
            id,
            at_ms,
            kind,
            price,
            country,
            city,
        })
}

fn columns(rows: &[Row]) -> RecordBatch {
    let country = StringArray::from_iter(rows.iter().map(|row| row.country.as_deref()));
    let city = Int32Array::from_iter(rows.iter().map(|row| row.city));
    let geo = StructArray::from(vec![
        (
            Arc::new(Field::new("country", DataType::Utf8, true)),
            Arc::new(country) as ArrayRef,
        ),
        (
            Arc::new(Field::new("city", DataType::Int32, true)),
            Arc::new(city) as ArrayRef,
        ),
    ]);
    let columns: [(&str, ArrayRef); 5] = [
        (
            "id",
            Arc::new(UInt64Array::from_iter(rows.iter().map(|row| row.id))),
        ),
        (
            "at",
            Arc::new(Int64Array::from_iter(rows.iter().map(|row| row.at_ms))),
        ),
        (
            "kind",
            Arc::new(StringArray::from_iter(
                rows.iter().map(|row| row.kind.as_deref()),
            )),
        ),
        (
            "price",
            Arc::new(Float64Array::from_iter(rows.iter().map(|row| row.price))),
        ),
        ("geo", Arc::new(geo)),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true)))
        .unwrap()
}

fn lines(rows: &[Row]) -> String {
    let line = |row: &Row| {
        let geo = json!({"country": row.country, "city": row.city});
        let row = json!({
            "id": row.id, "at": row.at_ms, "kind": row.kind, "price": row.price, "geo": geo
        });
        format!("{row}\n")
    };
    rows.iter().map(line).collect()
}

fn wanted() -> impl Strategy<Value = Projection> {
    let bound = proptest::option::of(-10..120i64);
    (any::<[bool; 5]>(), bound.clone(), bound, any::<[bool; 2]>()).prop_map(
        |(nullable, from, until, only)| {
            let mut inputs = vec![
                input("id", Kind::Int64),
                Input {
                    encoding: Encoding::EpochMilliseconds,
                    ..input("at", Kind::Timestamp)
                },
                input("geo.country", Kind::Utf8),
                input("price", Kind::Float64),
                input("geo.city", Kind::Json),
            ];
            for (input, nullable) in inputs.iter_mut().zip(nullable) {
                input.nullable = nullable;
            }
            let mut projection = projection(inputs);
            projection.event_time = Some(1);
            projection.range = EventRange {
                from_us: from.map(|ms| ms * 1000),
                until_us: until.map(|ms| ms * 1000),
            };
            let conditions = [("kind", "view"), ("id", "7")].into_iter().zip(only);
            projection.only = conditions
                .filter(|(_, is_wanted)| *is_wanted)
                .map(|((path, value), _)| Condition {
                    path: path.to_owned(),
                    any_of: vec![value.to_owned(), "click".to_owned()],
                })
                .collect();
            projection
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn rows_of_columns_are_judged_as_lines_of_json(
        rows in proptest::collection::vec(row(), 0..20),
        wanted in wanted(),
    ) {
        let found = events(wanted.clone(), &columns(&rows)).unwrap();
        assert_alike(&wanted, &[found], &lines(&rows));
    }
}
