//! Under a key that says something, rows of columns give the same as lines of JSON.

use std::sync::Arc;

use arrow_array::*;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

use super::assert_alike_under;
use super::support::{events_under, inputs_of_a_key};
use crate::decode::tests::support::{input, projection};
use crate::decode::{EventRange, Projection};
use crate::schema::{Condition, Encoding, Input, Kind};
use crate::source::KeyFields;

/// Names that a key may have as columns, an object too, or neither.
const NAMES: [&str; 5] = ["region", "hour", "day", "at", "ok"];

/// What stands in keys: some of it fits some kind.
const TEXTS: [&str; 8] = [
    "eu",
    "05",
    "-3",
    "true",
    "2026-01-31",
    "20260131",
    "1970-01-01T00:00:00Z",
    "a\"b\\c",
];

fn key_fields() -> impl Strategy<Value = Option<KeyFields>> {
    let text = proptest::option::weighted(0.9, select(&TEXTS[..]));
    let columns = proptest::collection::btree_map(select(&NAMES[..]), text, 0..5);
    let offset = proptest::option::of(prop_oneof![0..100i64, Just(i64::MAX - 1)]);
    let key_fields = (columns, offset, any::<bool>(), any::<bool>());
    let key_fields = key_fields.prop_map(|(columns, offset, is_topic, scattered)| {
        let columns = columns.into_iter();
        KeyFields {
            topic: is_topic.then(|| "clicks".to_owned()),
            partition: is_topic.then_some(7),
            offset,
            scattered,
            columns: columns
                .map(|(name, text)| (name.to_owned(), text.map(str::to_owned)))
                .collect(),
        }
    });
    proptest::option::weighted(0.9, key_fields)
}

/// A row: a number that every object has, and the texts of the columns that only some have.
type Row = (i64, [Option<String>; 5]);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let text = || proptest::option::of(select(&TEXTS[..]).prop_map(str::to_owned));
    let row = (0..10i64, [text(), text(), text(), text(), text()]);
    proptest::collection::vec(row, 0..6)
}

fn columns(rows: &[Row], has: [bool; 5]) -> RecordBatch {
    let numbers = Int64Array::from_iter_values(rows.iter().map(|(number, _)| *number));
    let mut columns = vec![("n", Arc::new(numbers) as ArrayRef, true)];
    for (at, name) in NAMES.iter().enumerate().filter(|(at, _)| has[*at]) {
        let texts = rows.iter().map(|(_, texts)| texts[at].as_deref());
        columns.push((name, Arc::new(StringArray::from_iter(texts)), true));
    }
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

fn lines(rows: &[Row], has: [bool; 5]) -> String {
    let line = |(number, texts): &Row| {
        let mut line = json!({ "n": number });
        for (at, name) in NAMES.iter().enumerate().filter(|(at, _)| has[*at]) {
            line[*name] = json!(texts[at]);
        }
        format!("{line}\n")
    };
    rows.iter().map(line).collect()
}

fn wanted(has: [bool; 5]) -> impl Strategy<Value = Projection> {
    let flags = any::<([bool; 6], bool, bool, bool, Option<bool>)>();
    flags.prop_map(move |(nullable, is_ranged, has_origins, carries, only)| {
        // A column of strings becomes no number: those are wanted of the key alone.
        let of_key = |at: usize, kind| if has[at] { Kind::Utf8 } else { kind };
        let mut inputs = vec![
            input("n", Kind::Int64),
            input("region", Kind::Utf8),
            input("hour", of_key(1, Kind::Int64)),
            input("day", Kind::Date),
            input("at", Kind::Timestamp),
            input("ok", of_key(4, Kind::Boolean)),
        ];
        if !has[3] && has_origins {
            inputs[4].encoding = Encoding::EpochSeconds;
        }
        for (input, nullable) in inputs.iter_mut().zip(nullable) {
            input.nullable = nullable;
        }
        if has_origins {
            inputs.extend(inputs_of_a_key().split_off(2));
        }
        let mut projection = projection(inputs);
        projection.event_time = Some(4);
        projection.offset = carries.then(|| "n".to_owned());
        projection.range.from_us = is_ranged.then_some(0);
        projection.only = only
            .map(|is_text| Condition {
                path: if is_text { "region" } else { "hour" }.to_owned(),
                any_of: vec!["eu".to_owned(), "05".to_owned()],
            })
            .into_iter()
            .collect();
        projection
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn rows_of_columns_take_from_a_key_what_lines_of_json_take(
        (has, wanted) in any::<[bool; 5]>().prop_flat_map(|has| (Just(has), wanted(has))),
        rows in rows(),
        key_fields in key_fields(),
    ) {
        let key_fields = key_fields.as_ref();
        let found = events_under(key_fields, wanted.clone(), &columns(&rows, has)).unwrap();
        assert_alike_under(key_fields, &wanted, &[found], &lines(&rows, has));
    }
}

#[test]
fn an_event_time_of_the_key_decides_for_all_rows() {
    let at = Input {
        nullable: false,
        ..input("at", Kind::Timestamp)
    };
    let mut wanted = projection(vec![input("n", Kind::Int64), at]);
    wanted.event_time = Some(1);
    let rows = vec![(1, Default::default()), (2, Default::default())];
    let mut counts = Vec::new();
    for from_us in [0, 1] {
        wanted.range = EventRange {
            from_us: Some(from_us),
            until_us: None,
        };
        for text in ["1970-01-01T00:00:00Z", "eu"] {
            let at = [("at".to_owned(), Some(text.to_owned()))];
            let key_fields = KeyFields {
                columns: at.into(),
                ..KeyFields::default()
            };
            let batch = columns(&rows, [false; 5]);
            let found = events_under(Some(&key_fields), wanted.clone(), &batch).unwrap();
            assert_alike_under(
                Some(&key_fields),
                &wanted,
                std::slice::from_ref(&found),
                &lines(&rows, [false; 5]),
            );
            counts.push((
                found.counts.events,
                found.counts.out_of_range,
                found.counts.rejected,
            ));
        }
    }
    assert_eq!(counts, [(2, 0, 0), (0, 0, 2), (0, 2, 0), (0, 0, 2)]);
}
