//! Records that are refused, and what they cost.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use bytes::Bytes;

use super::support::*;
use crate::decode::json::Processor;
use crate::decode::{DecodeOptions, Decoding, EventRange, Projection, QUARANTINE_BYTES, Rejected};
use crate::error::Coded;
use crate::schema::{Condition, Encoding, Kind};
use crate::source::Chunk;
use crate::units::ByteSize;

fn n() -> Projection {
    projection(vec![input("n", Kind::Int64)])
}

#[test]
fn records_follow_each_other_however_they_like() {
    let decoded = decode(
        n(),
        "\u{feff}{\"n\":1}\r\n\n  \t\r\n{\"n\":2}{\"n\":3} {\"n\":4}\n\n{\"n\":5}",
    );
    assert_eq!(
        decoded.column(0, integer_value),
        (1..=5).map(Some).collect::<Vec<_>>()
    );
    assert_eq!(decoded.rows[1], (1, Some(18), b"{\"n\":2}".to_vec()));
    assert!(decoded.rejected.is_empty());
}

/// What is kept of a rejected record.
fn kept(rejected: &Rejected) -> &[u8] {
    rejected.bytes.as_deref().unwrap()
}

#[test]
fn a_broken_record_costs_no_other_one() {
    let decoded = decode(
        n(),
        b"{\"n\":1}garbage\n{\"n\":2,}{\"n\":3}\n{\"n\":\n4}\n{\"s\":\"\xff\"}{\"n\":5}\n{\"n\":1.0}{\"n\":6}\n{\"n\":7",
    );
    assert_eq!(
        decoded.column(0, integer_value),
        [Some(1), Some(3), Some(5), Some(6)]
    );
    insta::assert_snapshot!(decoded.reasons(), @"
    1 7 -: not a JSON object: expected `{` at byte 0
    2 8 -: not JSON: expected a name in quotes at byte 7
    4 5 -: not JSON: expected a value at byte 5
    5 2 -: not a JSON object: expected `{` at byte 0
    6 9 -: not UTF-8 at byte 6
    8 9 n: `1.0` is not written as an integer; a lenient `decode.numbers` takes it
    10 6 -: cut off
    ");
    assert_eq!(kept(&decoded.rejected[0]), b"garbage");
}

#[test]
fn a_hundred_thousand_levels_are_a_rejection() {
    let deep = format!(
        "{{\"n\":{}{}}}\n{{\"n\":2}}\n",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let decoded = decode(n(), deep);
    assert_eq!(decoded.column(0, integer_value), [Some(2)]);
    assert_eq!(
        decoded.rejected[0].reason,
        "nested more than 128 levels deep at byte 132"
    );
    assert_eq!(kept(&decoded.rejected[0]).len(), QUARANTINE_BYTES);
    assert_eq!(decoded.rejected[0].length_bytes, 200_006);
}

#[test]
fn a_line_of_a_gigabyte_is_one_rejection_in_bounded_memory() {
    let piece = Bytes::from(vec![b'x'; 1 << 20]);
    let line = (0..1024).map(|_| Chunk::Bytes(piece.clone()));
    let chunks = [
        Chunk::Object(object("a")),
        Chunk::Bytes(Bytes::from_static(b"{\"n\":1}\n{\"s\":\"")),
    ]
    .into_iter()
    .chain(line)
    .chain([
        Chunk::Bytes(Bytes::from_static(b"\"}\n{\"n\":2}")),
        Chunk::End,
    ]);
    let options = DecodeOptions {
        max_record: ByteSize::mib(1),
        ..DecodeOptions::default()
    };
    let decoded = run(&mut Decoding::new(n(), &options).unwrap(), chunks).unwrap();
    assert_eq!(decoded.column(0, integer_value), [Some(1), Some(2)]);
    assert_eq!(decoded.rejected.len(), 1);
    assert_eq!(decoded.rejected[0].length_bytes, (1 << 30) + 8);
    assert_eq!(kept(&decoded.rejected[0]).len(), QUARANTINE_BYTES);
    assert!(decoded.rejected[0].reason.contains("decode.max_record"));
}

#[test]
fn the_longest_record_is_let_in_and_one_byte_more_is_not() {
    let record = |length: usize| format!("{{\"s\":\"{}\"}}", "x".repeat(length - 8));
    for block_bytes in [64, 1000, 1 << 20] {
        let options = DecodeOptions {
            max_record: ByteSize(1000),
            ..DecodeOptions::default()
        };
        let text = format!("{}\n{}\n{}\n", record(1000), record(1001), record(9));
        let mut decoding = Decoding::with(n(), &options, block_bytes, Processor::detect()).unwrap();
        let decoded = run(&mut decoding, object_chunks("a", text.as_bytes(), 100)).unwrap();
        assert_eq!(
            decoded
                .rows
                .iter()
                .map(|row| row.2.len())
                .collect::<Vec<_>>(),
            [1000, 9]
        );
        assert_eq!(decoded.rejected[0].length_bytes, 1001);
    }
}

#[test]
fn a_record_broken_within_its_limit_is_refused_for_what_breaks_it() {
    let record = |fault: usize| format!("{{\"s\":\"{}\u{1}\n", "x".repeat(fault - 6));
    for block_bytes in [64, 1000, 1 << 20] {
        let options = DecodeOptions {
            max_record: ByteSize(1000),
            ..DecodeOptions::default()
        };
        let text = record(1000) + &record(1001);
        let mut decoding = Decoding::with(n(), &options, block_bytes, Processor::detect()).unwrap();
        let decoded = run(&mut decoding, object_chunks("a", text.as_bytes(), 100)).unwrap();
        insta::allow_duplicates! { insta::assert_snapshot!(decoded.reasons(), @"
        0 1001 -: not JSON: a control character within a string at byte 1000
        1 1002 -: longer than 1000 bytes, the limit `decode.max_record`
        "); }
    }
}

#[test]
fn conditions_come_before_anything_is_missed_and_the_range_before_other_inputs() {
    let mut inputs = vec![input("at", Kind::Timestamp), input("n", Kind::Int64)];
    inputs.iter_mut().for_each(|input| input.nullable = false);
    let only = vec![Condition {
        path: "type".to_owned(),
        any_of: vec!["view".to_owned(), "7".to_owned()],
    }];
    let range = EventRange {
        from_us: Some(0),
        until_us: Some(1_000_000),
    };
    let projection = Projection {
        inputs,
        only,
        event_time: Some(0),
        range,
        cut_by_record_time: false,
        offset: None,
        value: None,
    };
    let decoded = decode(
        projection,
        r#"{"type":"view","at":"1970-01-01T00:00:00Z","n":1}
{"type":7,"at":"1970-01-01T00:00:00.999999Z","n":2}
{"type":"v\u0069ew","at":"1970-01-01T00:00:00Z","n":3}
{"type":"click"}
{"type":["view"],"n":"x"}
{}
{"type":"click"
{"type":"view","at":"1970-01-01T00:00:01Z","n":"x"}
{"type":"view","at":"1969-12-31T23:59:59Z"}
{"type":"view","at":null,"n":1}
{"type":"view","at":"today","n":1}
{"type":"view","at":"1970-01-01T00:00:00Z","n":null}
{"type":"view","at":"1970-01-01T00:00:00Z"}
"#,
    );
    assert_eq!(
        decoded.column(1, integer_value),
        [Some(1), Some(2), Some(3)]
    );
    assert_eq!(
        (decoded.counts.not_wanted, decoded.counts.out_of_range),
        (3, 2)
    );
    insta::assert_snapshot!(decoded.reasons(), @r#"
    6 15 -: not JSON: expected `,` or `}` at byte 15
    9 31 at: missing or null
    10 34 at: `"today"` is not an RFC 3339 timestamp with an offset
    11 52 n: missing or null
    12 43 n: missing or null
    "#);
}

#[test]
fn what_lies_outside_the_range_leaves_nothing_in_the_columns() {
    let range = EventRange {
        from_us: None,
        until_us: Some(1_000_000),
    };
    let mut at = input("at", Kind::Timestamp);
    at.encoding = Encoding::EpochMicroseconds;
    let projection = Projection {
        event_time: Some(1),
        range,
        ..projection(vec![input("n", Kind::Int64), at])
    };
    let decoded = decode(
        projection,
        r#"{"n":1,"at":-5}{"n":2,"at":1000000}{"n":3,"at":999999}"#,
    );
    let time = |column: &dyn Array, row: usize| {
        let times = column.as_primitive::<TimestampMicrosecondType>();
        times.value(row)
    };
    assert_eq!(decoded.column(0, integer_value), [Some(1), Some(3)]);
    assert_eq!(decoded.column(1, time), [Some(-5), Some(999_999)]);
}

#[test]
fn an_object_or_array_meets_no_condition() {
    let projection = Projection {
        only: vec![Condition {
            path: "a".to_owned(),
            any_of: ["{}", "[]", "null"].map(str::to_owned).into(),
        }],
        ..n()
    };
    let decoded = decode(
        projection,
        r#"{"a":{},"n":1}{"a":[],"n":2}{"a":null,"n":3}{"a":"[]","n":4}{"n":5}"#,
    );
    assert_eq!(decoded.column(0, integer_value), [Some(3), Some(4)]);
}

#[test]
fn an_event_without_a_time_lies_in_no_range() {
    let range = EventRange {
        from_us: Some(0),
        until_us: None,
    };
    let projection = Projection {
        event_time: Some(0),
        range,
        ..projection(vec![input("at", Kind::Timestamp)])
    };
    let decoded = decode(
        projection,
        "{\"at\":null}\n{}\n{\"at\":\"1970-01-01T00:00:00Z\"}",
    );
    assert_eq!(decoded.counts.events, 1);
    insta::assert_snapshot!(decoded.reasons(), @r#"
0 11 at: null as the event time, to which the job's range applies
1 2 at: null as the event time, to which the job's range applies
"#);
}

#[test]
fn a_byte_order_mark_begins_each_of_the_objects_that_were_concatenated() {
    let text = "\u{feff}{\"n\":1}\n\u{feff}{\"n\":2}\n{\"n\":3}\u{feff}";
    for block_bytes in 4..40 {
        let options = DecodeOptions::default();
        let mut decoding = Decoding::with(n(), &options, block_bytes, Processor::detect()).unwrap();
        let decoded = run(&mut decoding, object_chunks("a", text.as_bytes(), 5)).unwrap();
        assert_eq!(
            decoded.column(0, integer_value),
            [Some(1), Some(2), Some(3)]
        );
        assert_eq!(decoded.rows[1].1, Some(14));
        assert!(decoded.rejected.is_empty());
    }
}

#[test]
fn a_broken_record_is_kept_as_it_stood_however_it_is_cut() {
    let line = format!("{{\"n\":{}", "x".repeat(300));
    for block_bytes in [4, 50, 100, 1000] {
        let options = DecodeOptions::default();
        let mut decoding = Decoding::with(n(), &options, block_bytes, Processor::detect()).unwrap();
        let decoded = run(&mut decoding, object_chunks("a", line.as_bytes(), 70)).unwrap();
        assert_eq!(kept(&decoded.rejected[0]), line.as_bytes());
        assert_eq!(decoded.rejected[0].length_bytes, line.len() as u64);
    }
}

#[test]
fn a_batch_closes_when_it_holds_many_bytes() {
    let record = format!("{{\"n\":1,\"s\":\"{}\"}}\n", "x".repeat(100_000));
    let decoded = decode(n(), record.repeat(120));
    assert_eq!(decoded.counts.events, 120);
    assert_eq!(decoded.batches.len(), 2, "8 MiB and the rest");
}

#[test]
fn a_batch_closes_at_its_rows_and_at_many_rejections() {
    let options = DecodeOptions {
        batch_rows: 10,
        ..DecodeOptions::default()
    };
    let decoded = decode_with(n(), &options, "{\"n\":1}\n".repeat(25));
    assert_eq!(
        decoded
            .batches
            .iter()
            .map(|batch| batch.num_rows())
            .collect::<Vec<_>>(),
        [10, 10, 5]
    );
    let decoded = decode(n(), "x\n".repeat(3000));
    assert_eq!((decoded.batches.len(), decoded.rejected.len()), (3, 3000));
    let line = "x".repeat(QUARANTINE_BYTES) + "\n";
    let decoded = decode(n(), line.repeat(100));
    assert_eq!((decoded.batches.len(), decoded.rejected.len()), (2, 100));
}

#[test]
fn an_object_that_does_not_end_is_an_error() {
    let mut decoding = Decoding::new(n(), &DecodeOptions::default()).unwrap();
    decoding.push(Chunk::Object(object("a"))).unwrap();
    assert!(decoding.next().unwrap().is_none());
    assert_eq!(decoding.finish().unwrap_err().code().to_string(), "BF0307");
    assert_eq!(
        decoding
            .push(Chunk::Object(object("b")))
            .unwrap_err()
            .code()
            .to_string(),
        "BF0307"
    );
    let mut decoding = Decoding::new(n(), &DecodeOptions::default()).unwrap();
    assert_eq!(
        decoding.push(Chunk::End).unwrap_err().code().to_string(),
        "BF0310"
    );
}

#[test]
fn a_range_needs_an_event_time_and_inputs_are_bounded() {
    let range = EventRange {
        from_us: Some(0),
        until_us: None,
    };
    let error = Decoding::new(Projection { range, ..n() }, &DecodeOptions::default())
        .err()
        .unwrap();
    assert_eq!(error.code().to_string(), "BF0308");
    let many = |count: usize| {
        projection(
            (0..count)
                .map(|n| input(&format!("n{n}"), Kind::Int64))
                .collect(),
        )
    };
    assert!(Decoding::new(many(1024), &DecodeOptions::default()).is_ok());
    assert!(Decoding::new(many(1025), &DecodeOptions::default()).is_err());
}
