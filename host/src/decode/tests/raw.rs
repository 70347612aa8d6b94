//! Records that are bytes and nothing else.

use arrow_array::Array;

use super::support::*;
use crate::decode::json::Processor;
use crate::decode::{DecodeOptions, Decoding, Format, Projection};
use crate::schema::{Condition, Input, Kind, Origin};
use crate::source::{Chunk, Message, Messages};
use crate::units::ByteSize;

fn payload() -> Projection {
    projection(vec![Input {
        origin: Origin::Payload,
        ..input("payload", Kind::Binary)
    }])
}

/// The records of `text` and the reasons of rejections, whatever blocks and pieces it comes in.
fn records(format: Format, max_record: u64, text: &[u8]) -> (Vec<Vec<u8>>, String) {
    let options = DecodeOptions {
        format,
        max_record: ByteSize(max_record),
        ..DecodeOptions::default()
    };
    let sizes = [
        (1 << 18, usize::MAX),
        (1, 1),
        (7, 3),
        (64, 500),
        (300, 1000),
    ];
    let mut read = sizes.map(|(block_bytes, piece)| {
        let processor = Processor::detect();
        let mut decoding = Decoding::with(payload(), &options, block_bytes, processor).unwrap();
        let decoded = run(&mut decoding, object_chunks("a.json", text, piece)).unwrap();
        assert_eq!(decoded.counts.decoded_bytes, text.len() as u64);
        let payloads: Vec<_> = decoded.rows.iter().map(|row| row.2.clone()).collect();
        (payloads, decoded.reasons())
    });
    let [whole, others @ ..] = &mut read;
    others.iter().for_each(|other| assert_eq!(other, whole));
    std::mem::take(whole)
}

#[test]
fn every_line_is_a_record() {
    let long = [&b"x".repeat(900)[..], b"\xff\n"].concat();
    for (text, expected) in [
        (&b""[..], &[][..]),
        (b"a", &[&b"a"[..]]),
        (b"a\n", &[b"a"]),
        (b"\n", &[b""]),
        (
            b"\xef\xbb\xbfa\r\n\n{\n\xff",
            &[b"\xef\xbb\xbfa\r", b"", b"{", b"\xff"],
        ),
        (&long, &[&long[..901]]),
    ] {
        let (lines, reasons) = records(Format::RawLines, 1000, text);
        assert_eq!(
            (lines, &*reasons),
            (expected.iter().map(|line| line.to_vec()).collect(), "")
        );
    }
}

#[test]
fn a_line_that_is_too_long_costs_itself() {
    let (lines, reasons) = records(Format::RawLines, 3, b"abc\nabcd\n\nabcdefgh\nd\nabcd");
    assert_eq!(lines, [&b"abc"[..], b"", b"d"]);
    insta::assert_snapshot!(reasons, @"
    1 4 -: longer than 3 bytes, the limit `decode.max_record`
    3 8 -: longer than 3 bytes, the limit `decode.max_record`
    5 4 -: longer than 3 bytes, the limit `decode.max_record`
    ");
}

#[test]
fn an_object_is_one_record() {
    for text in [&b""[..], b"a\nb\n", &b"x\n".repeat(500)] {
        let (objects, reasons) = records(Format::RawObjects, 1000, text);
        assert_eq!((objects, &*reasons), (vec![text.to_vec()], ""));
    }
    let (objects, reasons) = records(Format::RawObjects, 1000, &b"x\n".repeat(501));
    assert!(objects.is_empty());
    assert_eq!(
        reasons,
        "0 1002 -: longer than 1000 bytes, the limit `decode.max_record`\n"
    );
}

#[test]
fn the_values_of_messages_are_any_bytes() {
    let message = |(offset, value): (usize, &Option<&'static [u8]>)| Message {
        offset: offset as i64,
        time_us: None,
        key: None,
        headers: Vec::new(),
        value: value.map(bytes::Bytes::from_static),
    };
    let values = [Some(&b"\xff\n"[..]), Some(b""), None];
    let messages = Chunk::Messages(Messages::new(
        "t".into(),
        Some(0),
        values.iter().enumerate().map(message),
    ));
    let options = DecodeOptions {
        format: Format::RawLines,
        ..DecodeOptions::default()
    };
    let mut decoding = Decoding::new(payload(), &options).unwrap();
    let decoded = run(&mut decoding, [messages]).unwrap();
    let rows: Vec<_> = decoded.rows.into_iter().map(|row| row.2).collect();
    assert_eq!(rows, [&b"\xff\n"[..], b"", b""]);
    let nulls = decoded.batches[0].column(0).null_count();
    assert_eq!(nulls, 1, "a tombstone");
}

#[test]
fn a_path_into_raw_records_is_refused_at_once() {
    let with_path = projection(vec![input("geo.city", Kind::Utf8)]);
    let mut with_condition = payload();
    with_condition.only = vec![Condition {
        path: "kind".to_owned(),
        any_of: vec![],
    }];
    let options = DecodeOptions {
        format: Format::RawObjects,
        ..DecodeOptions::default()
    };
    let error = |wanted| Decoding::new(wanted, &options).err().unwrap().to_string();
    insta::assert_snapshot!([error(with_path), error(with_condition)].join("\n"), @"
    `geo.city` cannot be decoded: raw records have no values at paths: the component has to read `payload`, or the job to set another `decode.format`
    `kind` cannot be decoded: raw records have no values at paths: the component has to read `payload`, or the job to set another `decode.format`
    ");
}
