//! In how many events each input was there, for each format.

use bytes::Bytes;

use super::support::{decode, decode_under, decode_with, input, presence_counts, projection, run};
use crate::decode::{DecodeOptions, Decoding, Format, Projection};
use crate::schema::{Condition, Input, Kind, Origin};
use crate::source::{Chunk, KeyFields, Message, Messages};

fn wanted() -> Projection {
    let mut wanted = projection(vec![
        input("a", Kind::Int64),
        input("b.c", Kind::Utf8),
        Input {
            nullable: false,
            ..input("n", Kind::Int64)
        },
    ]);
    wanted.only = vec![
        Condition {
            path: "type".into(),
            any_of: vec!["view".into()],
        },
        Condition {
            path: "kind".into(),
            any_of: vec!["x".into()],
        },
    ];
    wanted
}

/// Records of all outcomes: the events are those with `n` 1 to 4.
const LINES: &str = r#"{"type":"view","kind":"x","n":1,"a":1,"b":{"c":"t"}}
{"type":"view","kind":"x","n":2,"a":null,"b":{}}
{"type":"view","kind":"x","n":3,"b":null}
{"type":"view","kind":"x","n":"no number","a":1}
{"type":"view","kind":"x","b":{"c":"t"}}
{"type":"click","kind":"x","n":9}
{"n":9}
{"type":"view","n":9}
{"type":null,"n":9}
broken
{"type":"view","kind":"x","n":4,"a":7}
"#;

#[test]
fn an_input_is_there_if_the_record_has_its_path_be_it_null() {
    let decoded = decode(wanted(), LINES);
    assert_eq!(decoded.counts.events, 4);
    // Rejected records, and those that are passed over, count for no input.
    let expected = (4, vec![3, 1, 4], vec![1, 1]);
    assert_eq!(presence_counts(&decoded.presence, &wanted()), expected);
    // A batch of two rows.
    let options = DecodeOptions {
        batch_rows: 2,
        ..DecodeOptions::default()
    };
    let cut = decode_with(wanted(), &options, LINES);
    assert_eq!(presence_counts(&cut.presence, &wanted()), expected);
}

#[test]
fn what_the_key_of_the_object_has_is_there() {
    let mut wanted = projection(vec![input("a", Kind::Int64), input("day", Kind::Utf8)]);
    wanted.only = vec![Condition {
        path: "region".into(),
        any_of: vec!["eu".into()],
    }];
    let columns = [("day", None), ("region", Some("us".to_owned()))];
    let columns = columns.map(|(name, value)| (name.to_owned(), value));
    let key = KeyFields {
        columns: columns.into(),
        ..KeyFields::default()
    };
    let text = "{\"region\":\"eu\"}\n{}\n";
    let decoded = decode_under(Some(&key), wanted.clone(), text);
    assert_eq!(
        presence_counts(&decoded.presence, &wanted),
        (1, vec![0, 1], vec![0])
    );
}

#[test]
fn a_field_is_there_if_the_header_names_it() {
    let wanted = projection(vec![input("a", Kind::Int64), input("day", Kind::Utf8)]);
    let options = DecodeOptions {
        format: Format::Csv,
        ..DecodeOptions::default()
    };
    let decoded = decode_with(wanted.clone(), &options, "a,days\n1,x\n,y\n");
    assert_eq!(
        presence_counts(&decoded.presence, &wanted),
        (2, vec![2, 0], vec![])
    );
}

#[test]
fn headers_of_messages_are_there_or_not_and_other_origins_are_not_counted() {
    let of = |origin, name| Input {
        origin,
        ..input(name, Kind::Utf8)
    };
    let wanted = projection(vec![
        of(Origin::RecordHeader("trace".into()), "trace"),
        of(Origin::RecordKey, "key"),
        input("a", Kind::Int64),
    ]);
    let message = |offset, value: Option<&'static str>, headers: &[(&str, &'static str)]| Message {
        offset,
        time_us: None,
        key: None,
        headers: headers
            .iter()
            .map(|(name, value)| {
                (
                    (*name).to_owned(),
                    Some(Bytes::from_static(value.as_bytes())),
                )
            })
            .collect(),
        value: value.map(|value| Bytes::from_static(value.as_bytes())),
    };
    let messages = [
        message(0, Some(r#"{"a":1}"#), &[("trace", "t")]),
        message(1, Some(r#"{"a":2}"#), &[("other", "t")]),
        message(2, None, &[]),
    ];
    let mut decoding = Decoding::new(wanted.clone(), &DecodeOptions::default()).unwrap();
    let messages = Messages::new("clicks".into(), Some(0), messages);
    let chunk = Chunk::Messages(messages);
    let decoded = run(&mut decoding, [chunk]).unwrap();
    assert_eq!(
        presence_counts(&decoded.presence, &wanted),
        (3, vec![1, 2], vec![])
    );
}
