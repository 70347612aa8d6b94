//! What the key of an object says of its rows is what it says of records.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch};

use super::support::events_of;
use crate::decode::tests::support::{input, object, object_chunks, projection, run};
use crate::decode::{DecodeOptions, Decoding, EventRange, Events, Projection, Rejected};
use crate::json_rows;
use crate::schema::{Condition, Input, Kind, Origin};
use crate::source::{Chunk, Named, Object};

fn keyed(columns: &[(&str, Option<&str>)]) -> Object {
    let columns = columns.iter();
    let named = Named {
        topic: Some("clicks".to_owned()),
        partition: Some(3),
        offset: Some(40),
        columns: columns
            .map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned)))
            .collect(),
    };
    Object {
        named: Some(Box::new(named)),
        ..(*object("a.json")).clone()
    }
}

fn origin(origin: Origin, kind: Kind) -> Input {
    Input {
        name: format!("{origin:?}"),
        origin,
        ..input("", kind)
    }
}

/// What becomes of rows with the one column `v`, which is 7 and null, and of the same as JSON.
fn both(wanted: &Projection, object: &Object) -> (Events, String) {
    let values: ArrayRef = Arc::new(Int64Array::from(vec![Some(7), None]));
    let batch = RecordBatch::try_from_iter_with_nullable([("v", values, true)]).unwrap();
    let found = events_of(wanted.clone(), &batch, object).unwrap();
    let mut decoding = Decoding::new(wanted.clone(), &DecodeOptions::default()).unwrap();
    let mut chunks = object_chunks("a.json", b"{\"v\":7}\n{\"v\":null}", usize::MAX);
    chunks[0] = Chunk::Object(Arc::new(object.clone()));
    let of_json = run(&mut decoding, chunks).unwrap();
    let reason = |one: &Rejected| format!("{} {:?}: {}\n", one.position, one.path, one.reason);
    let reasons: String = found.rejected.iter().map(reason).collect();
    assert_eq!(
        reasons,
        of_json.rejected.iter().map(reason).collect::<String>()
    );
    let rows = of_json.batches.first().map_or(0, RecordBatch::num_rows);
    assert_eq!(found.batch.num_rows(), rows);
    if rows > 0 {
        assert_eq!(found.batch, of_json.batches[0]);
    }
    assert_eq!(
        (found.counts.not_wanted, found.counts.out_of_range),
        (of_json.counts.not_wanted, of_json.counts.out_of_range)
    );
    (found, reasons)
}

#[test]
fn columns_topic_partition_and_offset_are_those_of_the_key() {
    let wanted = projection(vec![
        input("v", Kind::Int64),
        input("dt", Kind::Date),
        input("hour", Kind::Int64),
        input("region", Kind::Utf8),
        input("geo.city", Kind::Utf8),
        origin(Origin::SourceName, Kind::Utf8),
        origin(Origin::Partition, Kind::Int64),
        origin(Origin::Offset, Kind::Int64),
    ]);
    let key = keyed(&[
        ("v", Some("1")),
        ("dt", Some("2026-01-31")),
        ("hour", Some("05")),
        ("region", None),
        ("geo.city", Some("no path")),
    ]);
    let (found, _) = both(&wanted, &key);
    let rows: Vec<_> = (0..2)
        .map(|row| serde_json::to_string(&json_rows::row(&found.batch, row)).unwrap())
        .collect();
    insta::assert_snapshot!(rows.join("\n"), @r#"
    {"Offset":40,"Partition":3,"SourceName":"clicks","dt":"2026-01-31","geo.city":null,"hour":5,"region":null,"v":7}
    {"Offset":41,"Partition":3,"SourceName":"clicks","dt":"2026-01-31","geo.city":null,"hour":5,"region":null,"v":null}
    "#);
    assert_eq!(found.provenance.position(1).offset, 1, "the ordinal");
}

#[test]
fn what_does_not_fit_is_refused_naming_the_key() {
    let strict = |path: &str, kind| Input {
        nullable: false,
        ..input(path, kind)
    };
    let wanted = projection(vec![strict("hour", Kind::Int64)]);
    let mut reasons = String::new();
    for hour in [Some("eu"), None] {
        reasons += &both(&wanted, &keyed(&[("hour", hour)])).1;
    }
    insta::assert_snapshot!(reasons, @r#"
    a.json record 0 Some("hour"): in the key of its object: found a string where a value of kind int64 is wanted
    a.json record 1 Some("hour"): in the key of its object: found a string where a value of kind int64 is wanted
    a.json record 0 Some("hour"): missing or null
    a.json record 1 Some("hour"): missing or null
    "#);
}

#[test]
fn conditions_and_the_range_look_at_the_key() {
    let wanted = |kind: &str| Projection {
        only: vec![Condition {
            path: "kind".to_owned(),
            any_of: vec![kind.to_owned()],
        }],
        event_time: Some(0),
        range: EventRange {
            from_us: Some(0),
            until_us: Some(10_000_000),
        },
        ..projection(vec![input("at", Kind::Timestamp), input("v", Kind::Int64)])
    };
    let key = |at| keyed(&[("kind", Some("click")), ("at", Some(at))]);
    let (found, _) = both(&wanted("click"), &key("1970-01-01T00:00:01Z"));
    assert_eq!(found.counts.events, 2);
    let (found, _) = both(&wanted("click"), &key("1971-01-01T00:00:00Z"));
    assert_eq!(found.counts.out_of_range, 2);
    let (found, _) = both(&wanted("view"), &key("1970-01-01T00:00:01Z"));
    assert_eq!(found.counts.not_wanted, 2);
}
