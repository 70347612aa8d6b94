//! Values that the key of an object has.

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, TimestampMicrosecondType};

use super::support::*;
use crate::decode::{DecodeOptions, Decoding, Envelope, EventRange};
use crate::row_json;
use crate::schema::{Condition, Encoding, Input, Kind, Origin};
use crate::source::{Chunk, KeyFields};

/// An object whose key says so.
fn chunks(key_fields: Option<KeyFields>, text: &str) -> Vec<Chunk> {
    under(
        key_fields,
        object_chunks("a.json", text.as_bytes(), usize::MAX),
    )
}

fn key_fields(columns: &[(&str, Option<&str>)]) -> Option<KeyFields> {
    let columns = columns.iter();
    Some(KeyFields {
        columns: columns
            .map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned)))
            .collect(),
        ..KeyFields::default()
    })
}

fn origin(origin: Origin, kind: Kind) -> Input {
    Input {
        name: format!("{origin:?}"),
        origin,
        ..input("", kind)
    }
}

#[test]
fn topic_partition_and_offsets_are_those_of_the_key() {
    let wanted = projection(vec![
        origin(Origin::SourceName, Kind::Utf8),
        origin(Origin::Partition, Kind::Int64),
        origin(Origin::Offset, Kind::Int64),
    ]);
    let mut decoding = Decoding::new(wanted, &DecodeOptions::default()).unwrap();
    let clicks = KeyFields {
        topic: Some("clicks".into()),
        partition: Some(3),
        offset: Some(40),
        ..KeyFields::default()
    };
    let endless = KeyFields {
        offset: Some(i64::MAX),
        ..KeyFields::default()
    };
    let scattered = KeyFields {
        scattered: true,
        ..clicks.clone()
    };
    let all = [
        chunks(Some(clicks), "{}\nbroken\n{}"),
        chunks(None, "{}\n{}"),
        chunks(Some(endless), "{}\n{}"),
        chunks(Some(scattered), "{}"),
    ];
    let decoded = run(&mut decoding, all.into_iter().flatten()).unwrap();
    let own = Some("a.json".to_owned());
    let clicks = Some("clicks".to_owned());
    assert_eq!(
        decoded.column(0, text_value),
        [
            clicks.clone(),
            clicks.clone(),
            own.clone(),
            own.clone(),
            own.clone(),
            own,
            clicks
        ]
    );
    assert_eq!(
        decoded.column(1, integer_value),
        [Some(3), Some(3), None, None, None, None, Some(3)]
    );
    assert_eq!(
        decoded.column(2, integer_value),
        [
            Some(40),
            Some(42),
            Some(0),
            Some(1),
            Some(i64::MAX),
            None,
            None
        ]
    );
    // Where a record stands is said by object and ordinal all the same.
    assert_eq!(decoded.rejected[0].position.to_string(), "a.json record 1");
    assert_eq!(decoded.rows[1].0, 2);
}

#[test]
fn a_record_has_what_its_key_has_and_its_own_values_win() {
    let wanted = projection(vec![
        input("region", Kind::Utf8),
        input("hour", Kind::Int64),
        input("geo.city", Kind::Utf8),
        input(r"a\.b", Kind::Utf8),
    ]);
    let mut decoding = Decoding::new(wanted, &DecodeOptions::default()).unwrap();
    let key = key_fields(&[
        ("region", Some("e\"u")),
        ("hour", Some("05")),
        ("geo.city", Some("no path")),
        ("a.b", Some("dotted")),
        ("unasked", None),
    ]);
    let text = r#"{} {"region":"us","hour":7} {"region":null,"geo":{}}"#;
    let decoded = run(&mut decoding, chunks(key, text)).unwrap();
    let rows: Vec<String> = (0..3)
        .map(|row| serde_json::to_string(&row_json::row(&decoded.batches[0], row)).unwrap())
        .collect();
    insta::assert_snapshot!(rows.join("\n"), @r#"
    {"a\\.b":"dotted","geo.city":null,"hour":5,"region":"e\"u"}
    {"a\\.b":"dotted","geo.city":null,"hour":7,"region":"us"}
    {"a\\.b":"dotted","geo.city":null,"hour":5,"region":null}
    "#);
}

#[test]
fn a_value_in_an_envelope_has_what_its_key_has() {
    let wanted = projection(vec![input("region", Kind::Utf8), input("n", Kind::Int64)]);
    let options = DecodeOptions {
        envelope: Envelope::Aiven,
        ..DecodeOptions::default()
    };
    let mut decoding = Decoding::new(wanted, &options).unwrap();
    let key = key_fields(&[("region", Some("eu")), ("value", Some("other"))]);
    let text = r#"{"value":{"n":1}} {"value":{"region":"us","n":2}} {"region":"no","value":{}}"#;
    let decoded = run(&mut decoding, chunks(key, text)).unwrap();
    let regions = ["eu", "us", "eu"].map(|region| Some(region.to_owned()));
    assert_eq!(decoded.column(0, text_value), regions);
}

#[test]
fn what_a_key_has_is_converted_by_the_kind_that_is_wanted() {
    let epoch = Input {
        encoding: Encoding::EpochSeconds,
        ..input("epoch", Kind::Timestamp)
    };
    let wanted = projection(vec![
        input("day", Kind::Date),
        input("compact", Kind::Date),
        input("at", Kind::Timestamp),
        epoch,
        input("rate", Kind::Float64),
        input("whole", Kind::Float64),
        input("small", Kind::Int64),
        input("zero", Kind::Int64),
        input("yes", Kind::Boolean),
        input("json", Kind::Json),
    ]);
    let mut decoding = Decoding::new(wanted, &DecodeOptions::default()).unwrap();
    let key = key_fields(&[
        ("day", Some("1970-01-03")),
        ("compact", Some("19700103")),
        ("at", Some("1970-01-01 00:00:01Z")),
        ("epoch", Some("2")),
        ("rate", Some("-00.5")),
        ("whole", Some("007")),
        ("small", Some("-9")),
        ("zero", Some("00")),
        ("yes", Some("True")),
        ("json", Some("{}")),
    ]);
    let decoded = run(&mut decoding, chunks(key, "{}")).unwrap();
    assert_eq!(decoded.reasons(), "");
    let batch = &decoded.batches[0];
    let date = |at: usize| batch.column(at).as_primitive::<Date32Type>().value(0);
    let time = |at: usize| {
        let column = batch.column(at);
        column.as_primitive::<TimestampMicrosecondType>().value(0)
    };
    let float = |at: usize| batch.column(at).as_primitive::<Float64Type>().value(0);
    assert_eq!((date(0), date(1)), (2, 2));
    assert_eq!((time(2), time(3)), (1_000_000, 2_000_000));
    assert_eq!((float(4), float(5)), (-0.5, 7.0));
    assert_eq!(decoded.column(6, integer_value), [Some(-9)]);
    assert_eq!(decoded.column(7, integer_value), [Some(0)]);
    assert!(batch.column(8).as_boolean().value(0));
    assert_eq!(decoded.column(9, text_value), [Some("\"{}\"".to_owned())]);
}

#[test]
fn what_does_not_fit_is_refused_naming_the_key() {
    let mut reasons = String::new();
    for (kind, text) in [
        (Kind::Int64, Some("eu")),
        (Kind::Int64, Some("1.5")),
        (Kind::Int64, Some("99999999999999999999")),
        (Kind::Int64, Some("-")),
        (Kind::Int64, Some("")),
        (Kind::Float64, Some("NaN")),
        (Kind::Boolean, Some("1")),
        (Kind::Date, Some("2026-02-30")),
        (Kind::Timestamp, Some("2026-01-31 05:00:00")),
        (Kind::Binary, Some("a")),
        (Kind::Utf8, None),
    ] {
        let wanted = projection(vec![Input {
            nullable: false,
            ..input("c", kind)
        }]);
        let mut decoding = Decoding::new(wanted, &DecodeOptions::default()).unwrap();
        let decoded = run(&mut decoding, chunks(key_fields(&[("c", text)]), "{}")).unwrap();
        reasons += &decoded.reasons();
    }
    insta::assert_snapshot!(reasons, @r#"
    0 2 c: in the key of its object: found a string where a value of kind int64 is wanted
    0 2 c: in the key of its object: `1.5` is not written as an integer
    0 2 c: in the key of its object: `99999999999999999999` is beyond the range of an int64
    0 2 c: in the key of its object: found a string where a value of kind int64 is wanted
    0 2 c: in the key of its object: found a string where a value of kind int64 is wanted
    0 2 c: in the key of its object: found a string where a value of kind float64 is wanted
    0 2 c: in the key of its object: found a string where a value of kind boolean is wanted
    0 2 c: in the key of its object: `"2026-02-30"` is not a date `YYYY-MM-DD`
    0 2 c: in the key of its object: `"2026-01-31 05:00:00"` is a time without an offset from UTC: set `decode.time_zone` to the zone of such times
    0 2 c: in the key of its object: `"a"` is not base64
    0 2 c: missing or null
    "#);
}

#[test]
fn conditions_and_the_range_look_at_what_the_key_has() {
    let only = |any_of: &str| {
        let mut wanted = projection(vec![input("at", Kind::Timestamp)]);
        wanted.only = vec![Condition {
            path: "kind".to_owned(),
            any_of: vec![any_of.to_owned()],
        }];
        wanted.event_time = Some(0);
        wanted.range = EventRange {
            from_us: Some(0),
            until_us: Some(10_000_000),
        };
        Decoding::new(wanted, &DecodeOptions::default()).unwrap()
    };
    let key = || {
        key_fields(&[
            ("kind", Some("click")),
            ("at", Some("1970-01-01T00:00:01Z")),
        ])
    };
    let text = r#"{} {"kind":"view"} {"kind":null} {"at":"1971-01-01T00:00:00Z"}"#;
    let clicks = run(&mut only("click"), chunks(key(), text)).unwrap().counts;
    assert_eq!(
        (
            clicks.events,
            clicks.not_wanted,
            clicks.out_of_range,
            clicks.rejected
        ),
        (1, 2, 1, 0)
    );
    let views = run(&mut only("view"), chunks(key(), text)).unwrap().counts;
    assert_eq!((views.events, views.not_wanted), (1, 3));
    // What one key has is not had by the next object.
    let mut decoding = only("click");
    let both = [chunks(key(), "{}"), chunks(None, "{}")];
    let counts = run(&mut decoding, both.into_iter().flatten())
        .unwrap()
        .counts;
    assert_eq!((counts.events, counts.not_wanted), (1, 1));
}
