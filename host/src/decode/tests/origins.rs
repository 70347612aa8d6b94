//! Values that are not in the record: what its source says of it.

use arrow_array::Array;
use bytes::Bytes;

use super::support::*;
use crate::decode::json::Processor;
use crate::decode::{DecodeOptions, Decoding, EventRange, Projection};
use crate::schema::{Condition, Encoding, Input, Kind, Origin};
use crate::source::{Chunk, Message, Messages};
use crate::units::ByteSize;

fn origin(origin: Origin, kind: Kind) -> Input {
    Input {
        name: format!("{origin:?}"),
        origin,
        kind,
        encoding: Encoding::Standard,
        nullable: true,
    }
}

fn inputs() -> Vec<Input> {
    vec![
        origin(Origin::SourceName, Kind::Utf8),
        origin(Origin::Partition, Kind::Int64),
        origin(Origin::Offset, Kind::Int64),
        origin(Origin::RecordKey, Kind::Utf8),
        origin(Origin::RecordHeader("h".to_owned()), Kind::Utf8),
        origin(Origin::RecordTime, Kind::Timestamp),
        origin(Origin::Payload, Kind::Binary),
    ]
}

fn messages(values: &[Option<&str>]) -> Chunk {
    let message = |(offset, value): (usize, &Option<&str>)| Message {
        offset: 10 + offset as i64,
        time_us: Some(5),
        key: Some(Bytes::from_static(b"key")),
        headers: vec![
            ("h".to_owned(), None),
            ("h".to_owned(), Some(Bytes::from_static(b"last"))),
        ],
        value: value.map(|value| Bytes::copy_from_slice(value.as_bytes())),
    };
    Chunk::Messages(Messages::new(
        "t".into(),
        Some(3),
        values.iter().enumerate().map(message),
    ))
}

#[test]
fn an_object_gives_its_name_time_and_ordinals() {
    let decoded = decode(projection(inputs()), "{}\n{\"a\":1}");
    assert_eq!(
        decoded.column(0, text_value),
        [Some("a.json".to_owned()), Some("a.json".to_owned())]
    );
    assert_eq!(decoded.column(1, integer_value), [None, None]);
    assert_eq!(decoded.column(2, integer_value), [Some(0), Some(1)]);
    assert_eq!(decoded.column(3, text_value), [None, None]);
    let payload = decoded.batches[0]
        .column(6)
        .as_any()
        .downcast_ref::<arrow_array::BinaryArray>()
        .unwrap();
    assert_eq!(payload.value(1), b"{\"a\":1}");
    let time = decoded.batches[0]
        .column(5)
        .as_any()
        .downcast_ref::<arrow_array::TimestampMicrosecondArray>();
    assert_eq!(time.unwrap().value(0), 1_000_000);
}

#[test]
fn a_message_gives_its_partition_offset_key_and_headers() {
    let mut decoding = Decoding::new(projection(inputs()), &DecodeOptions::default()).unwrap();
    let decoded = run(&mut decoding, [messages(&[Some("{}"), Some(" {\n}\n")])]).unwrap();
    assert_eq!(decoded.column(0, text_value)[0], Some("t".to_owned()));
    assert_eq!(decoded.column(1, integer_value), [Some(3), Some(3)]);
    assert_eq!(decoded.column(2, integer_value), [Some(10), Some(11)]);
    assert_eq!(decoded.column(3, text_value)[0], Some("key".to_owned()));
    assert_eq!(
        decoded.column(4, text_value)[0],
        Some("last".to_owned()),
        "the last header counts"
    );
    assert_eq!(decoded.rows[1], (11, None, b" {\n}\n".to_vec()));
}

#[test]
fn a_message_is_one_object_and_nothing_else() {
    let values = [
        Some("{\"n\":1}"),
        Some("{}{}"),
        Some("{} x"),
        Some(""),
        Some("{\"n\":tru"),
        Some("e}"),
        None,
        Some("[1]"),
        Some("{"),
    ];
    for block_bytes in [4, 16, 1 << 16] {
        let wanted = projection(vec![input("n", Kind::Int64)]);
        let mut decoding = Decoding::with(
            wanted,
            &DecodeOptions::default(),
            block_bytes,
            Processor::detect(),
        )
        .unwrap();
        let decoded = run(&mut decoding, [messages(&values)]).unwrap();
        assert_eq!(decoded.column(0, integer_value), [Some(1), None]);
        insta::allow_duplicates! { insta::assert_snapshot!(decoded.reasons(), @"
        11 4 -: something follows the JSON object
        12 4 -: something follows the JSON object
        13 0 -: cut off
        14 8 -: not JSON: expected a value at byte 5
        15 2 -: not a JSON object: expected `{` at byte 0
        17 3 -: not a JSON object: expected `{` at byte 0
        18 1 -: cut off
        "); }
    }
    let wanted = projection(vec![origin(Origin::Offset, Kind::Int64)]);
    let mut decoding = Decoding::new(wanted, &DecodeOptions::default()).unwrap();
    let decoded = run(&mut decoding, [messages(&[None])]).unwrap();
    assert_eq!(
        decoded.column(0, integer_value),
        [Some(10)],
        "nothing of the value is wanted"
    );
}

#[test]
fn all_that_a_tombstone_would_hold_is_null() {
    let mut inputs = inputs();
    inputs.push(Input {
        nullable: true,
        ..input("n", Kind::Int64)
    });
    let mut decoding =
        Decoding::new(projection(inputs.clone()), &DecodeOptions::default()).unwrap();
    let decoded = run(&mut decoding, [messages(&[None, Some("{\"n\":2}")])]).unwrap();
    assert_eq!(decoded.column(3, text_value)[0], Some("key".to_owned()));
    assert_eq!(decoded.batches[0].column(6).null_count(), 1, "the payload");
    assert_eq!(decoded.column(7, integer_value), [None, Some(2)]);
    let conditioned = Projection {
        only: vec![Condition {
            path: "n".to_owned(),
            any_of: vec!["2".to_owned()],
        }],
        ..projection(inputs)
    };
    let mut decoding = Decoding::new(conditioned, &DecodeOptions::default()).unwrap();
    let decoded = run(&mut decoding, [messages(&[None, Some("{\"n\":2}")])]).unwrap();
    assert_eq!(decoded.column(7, integer_value), [Some(2)]);
    assert_eq!(decoded.counts.not_wanted, 1);
    for wanted in [
        input("n", Kind::Int64),
        origin(Origin::Payload, Kind::Binary),
    ] {
        let wanted = Input {
            nullable: false,
            ..wanted
        };
        let mut decoding =
            Decoding::new(projection(vec![wanted]), &DecodeOptions::default()).unwrap();
        let decoded = run(&mut decoding, [messages(&[None])]).unwrap();
        let reasons = decoded.reasons();
        assert!(
            reasons.contains("a tombstone: the record has no value"),
            "{reasons}"
        );
    }
}

#[test]
fn the_number_of_a_schema_in_front_of_json_is_passed_over() {
    let values = [
        "\0\0\0\0\"{\"n\":1}",
        "\0\0\0\0\"",
        "\0{\"n\":1}",
        "\0\0\0\0\"\u{2}a",
        "\0\0\0\0\"{\"n\" 1}",
    ];
    let values = values.map(Some);
    let wanted = projection(vec![
        input("n", Kind::Int64),
        origin(Origin::Payload, Kind::Binary),
    ]);
    let mut decoding = Decoding::new(wanted, &DecodeOptions::default()).unwrap();
    let decoded = run(&mut decoding, [messages(&values)]).unwrap();
    assert_eq!(decoded.column(0, integer_value), [Some(1)]);
    assert_eq!(
        decoded.rows[0].2, b"\0\0\0\0\"{\"n\":1}",
        "the payload is whole"
    );
    insta::assert_snapshot!(decoded.reasons(), @r#"
    11 5 -: not a JSON object: expected `{` at byte 0
    12 8 -: not a JSON object after the ID of a schema: `decode.format = "avro"` with `decode.registry` reads Avro
    13 7 -: not a JSON object after the ID of a schema: `decode.format = "avro"` with `decode.registry` reads Avro
    14 12 -: not JSON: expected `:` at byte 10
    "#);
}

#[test]
fn a_range_is_cut_on_timestamps_where_no_input_is_the_event_time() {
    let message = |(offset, time_us): (i64, Option<i64>)| Message {
        offset,
        time_us,
        key: None,
        headers: Vec::new(),
        value: None,
    };
    let list = [(10, Some(4)), (11, Some(5)), (12, Some(6)), (13, None)].map(message);
    let wanted = Projection {
        range: EventRange {
            from_us: Some(5),
            until_us: Some(6),
        },
        cut_by_record_time: true,
        ..projection(vec![origin(Origin::Offset, Kind::Int64)])
    };
    let mut decoding = Decoding::new(wanted, &DecodeOptions::default()).unwrap();
    let chunk = Chunk::Messages(Messages::new("t".into(), Some(0), list));
    let decoded = run(&mut decoding, [chunk]).unwrap();
    assert_eq!(decoded.column(0, integer_value), [Some(11)]);
    assert_eq!(decoded.counts.out_of_range, 2);
    insta::assert_snapshot!(decoded.reasons(), @"13 0 -: no timestamp, to which the job's range applies");
}

#[test]
fn the_longest_message_is_let_in_and_one_byte_more_is_not() {
    let options = DecodeOptions {
        max_record: ByteSize(10),
        ..DecodeOptions::default()
    };
    let mut decoding = Decoding::new(projection(inputs()), &options).unwrap();
    let decoded = run(
        &mut decoding,
        [messages(&[Some("{\"n\":1}   "), Some("{\"n\":1}    ")])],
    )
    .unwrap();
    assert_eq!(decoded.column(2, integer_value), [Some(10)]);
    insta::assert_snapshot!(decoded.reasons(), @"11 11 -: longer than 10 bytes, the limit `decode.max_record`");
}

#[test]
fn a_key_that_is_no_text_is_refused_where_text_is_wanted() {
    let message = |(offset, key): (i64, &'static [u8])| Message {
        offset,
        time_us: None,
        key: Some(Bytes::from_static(key)),
        headers: Vec::new(),
        value: Some(Bytes::from_static(b"{}")),
    };
    let list = [(10, &b"\xff"[..]), (11, b"k")].map(message);
    let chunk = Chunk::Messages(Messages::new("t".into(), Some(0), list));
    let mut decoding = Decoding::new(projection(inputs()), &DecodeOptions::default()).unwrap();
    let decoded = run(&mut decoding, [chunk]).unwrap();
    assert_eq!(decoded.column(2, integer_value), [Some(11)]);
    insta::assert_snapshot!(decoded.reasons(), @"10 2 -: not UTF-8");
}
