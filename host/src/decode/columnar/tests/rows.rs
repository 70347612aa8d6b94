//! Conditions, range and metadata of rows.

use std::sync::Arc;

use arrow_array::*;
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, Field};

use super::support::{column, lines};
use super::{assert_alike, events};
use crate::decode::EventRange;
use crate::decode::tests::support::{input, projection};
use crate::schema::{Condition, Encoding, Input, Kind, Origin};

#[test]
fn a_column_that_is_missing_is_null() {
    let required = Input {
        nullable: false,
        ..input("w", Kind::Int64)
    };
    for second in [input("w", Kind::Int64), required, input("v.w", Kind::Utf8)] {
        let projection = projection(vec![input("v", Kind::Int64), second]);
        let batch = column(Arc::new(Int64Array::from(vec![Some(1), None])));
        let found = events(projection.clone(), &batch).unwrap();
        assert_alike(&projection, &[found], &lines(&["1", "null"]));
    }
}

#[test]
fn members_of_a_null_struct_are_null() {
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), Some(2), None]));
    let inner = StructArray::try_new(
        vec![Field::new("n", DataType::Int64, true)].into(),
        vec![numbers],
        Some(NullBuffer::from(vec![true, false, true])),
    );
    let outer = StructArray::from(vec![(
        Arc::new(Field::new(
            "b",
            inner.as_ref().unwrap().data_type().clone(),
            true,
        )),
        Arc::new(inner.unwrap()) as ArrayRef,
    )]);
    let projection = projection(vec![input("v.b.n", Kind::Int64), input("v.b", Kind::Json)]);
    let found = events(projection.clone(), &column(Arc::new(outer))).unwrap();
    let json = [r#"{"b":{"n":1}}"#, r#"{"b":null}"#, r#"{"b":{"n":null}}"#];
    assert_alike(&projection, &[found], &lines(&json));
}

#[test]
fn conditions_hold_for_texts_and_for_the_json_text_of_other_scalars() {
    let floats: ArrayRef = Arc::new(Float64Array::from(vec![Some(1.5), None, Some(2.0)]));
    let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None, Some("1")]));
    let cases: [(ArrayRef, [&str; 3]); 6] = [
        (texts.clone(), ["\"a\"", "null", "\"1\""]),
        (Arc::new(Int64Array::from(vec![1, 2, -1])), ["1", "2", "-1"]),
        (Arc::new(Int32Array::from(vec![1, 2, -1])), ["1", "2", "-1"]),
        (Arc::new(UInt64Array::from(vec![1, 2, 3])), ["1", "2", "3"]),
        (
            Arc::new(BooleanArray::from(vec![true, false, true])),
            ["true", "false", "true"],
        ),
        (floats, ["1.5", "null", "2.0"]),
    ];
    for (array, json) in cases {
        for any_of in [
            vec!["a", "1"],
            vec!["01", "1.5"],
            vec!["true"],
            vec!["none", "2.0"],
        ] {
            let mut projection = projection(vec![input("v", Kind::Json)]);
            projection.only.push(Condition {
                path: "v".into(),
                any_of: any_of.iter().map(ToString::to_string).collect(),
            });
            let found = events(projection.clone(), &column(array.clone())).unwrap();
            assert_alike(&projection, &[found], &lines(&json));
        }
    }
}

#[test]
fn what_is_known_of_the_object_beside_its_columns_is_given() {
    let origin = |name: &str, origin, kind| Input {
        origin,
        ..input(name, kind)
    };
    let mut projection = projection(vec![
        origin("t", Origin::RecordTime, Kind::Timestamp),
        origin("s", Origin::SourceName, Kind::Utf8),
        origin("o", Origin::Offset, Kind::Int64),
        origin("p", Origin::Partition, Kind::Int64),
        origin("k", Origin::RecordKey, Kind::Binary),
        origin("v", Origin::Path("v".into()), Kind::Int64),
    ]);
    projection.only.push(Condition {
        path: "v".into(),
        any_of: vec!["2".into(), "4".into()],
    });
    let batch = column(Arc::new(Int64Array::from(vec![1, 2, 3, 4])));
    let found = events(projection.clone(), &batch).unwrap();
    assert_alike(&projection, &[found], &lines(&["1", "2", "3", "4"]));
}

#[test]
fn the_range_is_cut_on_the_event_time_before_anything_else_is_judged() {
    let times =
        TimestampMillisecondArray::from(vec![Some(10), Some(20), None, Some(30), Some(i64::MAX)]);
    let numbers: ArrayRef = Arc::new(UInt64Array::from(vec![u64::MAX, u64::MAX, 1, 2, 3]));
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("t", Arc::new(times) as ArrayRef, true),
        ("v", numbers, true),
    ]);
    let json = "{\"t\":10,\"v\":18446744073709551615}\n{\"t\":20,\"v\":18446744073709551615}\n\
                {\"t\":null,\"v\":1}\n{\"t\":30,\"v\":2}\n{\"t\":9223372036854775807,\"v\":3}\n";
    for nullable in [true, false] {
        for (from_us, until_us) in [
            (Some(15_000), None),
            (None, Some(25_000)),
            (Some(0), Some(1)),
        ] {
            let mut projection = projection(vec![
                input("v", Kind::Int64),
                Input {
                    nullable,
                    encoding: Encoding::EpochMilliseconds,
                    ..input("t", Kind::Timestamp)
                },
            ]);
            projection.event_time = Some(1);
            projection.range = EventRange { from_us, until_us };
            let found = events(projection.clone(), batch.as_ref().unwrap()).unwrap();
            assert_alike(&projection, &[found], json);
        }
    }
}
