//! Records that an archiver wrapped.

use super::support::*;
use crate::decode::{DecodeOptions, Decoding, Envelope, EventRange, Format, Projection};
use crate::row_json;
use crate::schema::{Condition, Encoding, Input, Kind, Origin};

/// An input of every origin.
fn everything() -> Projection {
    let at = |name: &str, origin: Origin, kind: Kind| Input {
        name: name.to_owned(),
        origin,
        ..input("", kind)
    };
    let header = |name: &str| Origin::RecordHeader(name.to_owned());
    Projection {
        only: vec![Condition {
            path: "geo.city".to_owned(),
            any_of: vec!["Bern".to_owned()],
        }],
        ..projection(vec![
            at("city", Origin::Path("geo.city".into()), Kind::Utf8),
            at("payload", Origin::Payload, Kind::Binary),
            at("key", Origin::RecordKey, Kind::Utf8),
            at("header", header("trace.id"), Kind::Binary),
            at("time", Origin::RecordTime, Kind::Timestamp),
            at("source", Origin::SourceName, Kind::Utf8),
            at("partition", Origin::Partition, Kind::Int64),
            at("offset", Origin::Offset, Kind::Int64),
        ])
    }
}

/// The rows as JSON, and the reasons of rejections.
fn read(wanted: Projection, envelope: Envelope, text: &str) -> String {
    let options = DecodeOptions {
        envelope,
        ..DecodeOptions::default()
    };
    let decoded = decode_with(wanted, &options, text);
    let batch = &decoded.batches[0];
    let rows = (0..batch.num_rows()).map(|row| row_json::row(batch, row));
    let rows: String = rows
        .map(|row| serde_json::to_string(&row).unwrap() + "\n")
        .collect();
    rows + &decoded.reasons()
}

const VALUE: &str = r#"{"geo": {"city":"Bern"}}"#;

#[test]
fn lenses_keeps_the_whole_message() {
    let text = format!(
        r#"{{"key":7,"value":{VALUE},"headers":{{"trace.id":"t\u0031"}},"metadata":{{"timestamp":1500,"topic":"clicks","partition":3,"offset":42}}}}
{{"key":null,"value":{{"geo":{{"city":"Bern"}}}}}}
{{"value":{{"geo":{{"city":"Rome"}}}}}}
"#
    );
    insta::assert_snapshot!(read(everything(), Envelope::Lenses, &text), @r#"
    {"city":"Bern","header":"dDE=","key":"7","offset":42,"partition":3,"payload":"eyJnZW8iOiB7ImNpdHkiOiJCZXJuIn19","source":"clicks","time":"1970-01-01T00:00:01.500Z"}
    {"city":"Bern","header":null,"key":null,"offset":null,"partition":null,"payload":"eyJnZW8iOnsiY2l0eSI6IkJlcm4ifX0=","source":null,"time":null}
    "#);
}

#[test]
fn aiven_keeps_what_it_is_told_to() {
    let mut wanted = everything();
    wanted.inputs.retain(|input| input.name != "header");
    let text =
        format!(r#"{{"key":"k1","value":{VALUE},"offset":12,"timestamp":"2020-01-01T00:00:01Z"}}"#);
    insta::assert_snapshot!(read(wanted, Envelope::Aiven, &text), @r#"
    {"city":"Bern","key":"k1","offset":12,"partition":null,"payload":"eyJnZW8iOiB7ImNpdHkiOiJCZXJuIn19","source":"a.json","time":"2020-01-01T00:00:01Z"}
    "#);
    let options = DecodeOptions {
        envelope: Envelope::Aiven,
        ..DecodeOptions::default()
    };
    let error = Decoding::new(everything(), &options).err().unwrap();
    insta::assert_snapshot!(error, @"
    `header` cannot be decoded: the headers in this envelope are a list, which is not read
    ");
}

#[test]
fn connect_keeps_the_value_and_its_schema() {
    let text = format!(r#"{{"schema":{{"type":"struct"}},"payload":{VALUE}}}"#);
    insta::assert_snapshot!(read(everything(), Envelope::ConnectSchema, &text), @r#"
    {"city":"Bern","header":null,"key":null,"offset":0,"partition":null,"payload":"eyJnZW8iOiB7ImNpdHkiOiJCZXJuIn19","source":"a.json","time":"1970-01-01T00:00:01Z"}
    "#);
}

#[test]
fn a_value_that_is_text_is_its_characters() {
    let payload = || {
        projection(vec![Input {
            name: "payload".to_owned(),
            origin: Origin::Payload,
            ..input("", Kind::Binary)
        }])
    };
    let options = DecodeOptions {
        envelope: Envelope::Aiven,
        ..DecodeOptions::default()
    };
    let text = r#"{"value":"a\nb"}{"value":1.50}{"value":null}{}"#;
    let decoded = decode_with(payload(), &options, text);
    let value = |column: &dyn arrow_array::Array, row: usize| {
        use arrow_array::cast::AsArray;
        column.as_binary::<i32>().value(row).to_vec()
    };
    let expected = [Some(b"a\nb".to_vec()), Some(b"1.50".to_vec()), None, None];
    assert_eq!(decoded.column(0, value), expected);
}

#[test]
fn the_event_time_and_what_is_refused_are_within_the_envelope() {
    let time = Input {
        encoding: Encoding::EpochSeconds,
        nullable: false,
        ..input("at", Kind::Timestamp)
    };
    let wanted = Projection {
        event_time: Some(0),
        range: EventRange {
            from_us: Some(0),
            until_us: Some(10_000_000),
        },
        ..projection(vec![time])
    };
    let text =
        r#"{"value":{"at":5}}{"value":{"at":50}}{"at":5}{"value":{"at":"x"}}{"value":"text"}"#;
    insta::assert_snapshot!(read(wanted, Envelope::Lenses, text), @r#"
    {"at":"1970-01-01T00:00:05Z"}
    2 8 value.at: missing or null
    3 20 value.at: `"x"` is not a number, and the component declares that the time is one
    4 16 value.at: missing or null
    "#);
}

#[test]
fn raw_records_have_no_envelope() {
    let options = DecodeOptions {
        format: Format::RawLines,
        envelope: Envelope::Lenses,
        ..DecodeOptions::default()
    };
    let error = Decoding::new(projection(vec![]), &options).err().unwrap();
    assert_eq!(
        error.to_string(),
        "`decode.envelope` is out of range: raw records have none"
    );
}
