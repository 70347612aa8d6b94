//! The settings of how text is read hold for text in columns.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray, TimestampMillisecondArray};
use chrono_tz::Tz;
use parquet::file::properties::WriterProperties;

use crate::decode::columnar::parquet::tests::support::{read, written};
use crate::decode::tests::support::{decode_with, input, projection};
use crate::decode::{DecodeOptions, Numbers};
use crate::schema::Kind;

#[test]
fn numbers_and_times_are_read_as_in_json() {
    let wanted = projection(vec![
        input("n", Kind::Int64),
        input("x", Kind::Float64),
        input("whole", Kind::Int64),
        input("at", Kind::Timestamp),
        input("local", Kind::Timestamp),
    ]);
    let lenient = DecodeOptions {
        numbers: Numbers::Lenient,
        time_zone: Some(Tz::Europe__Paris),
        ..DecodeOptions::default()
    };
    let lines = [
        r#"{"n":"1","x":"0.5","whole":7.0,"at":"2026-01-31 10:00:00","local":"2026-01-31T10:00:00"}"#,
        r#"{"n":"2.0","x":"1e3","whole":-1.0,"at":"2026-07-31T10:00:00Z","local":"2026-07-31T10:00:00"}"#,
        r#"{"n":"2.5","x":"1","whole":1.0,"at":"2026-07-31T10:00:00Z","local":"2026-07-31T10:00:00"}"#,
        r#"{"n":"3","x":"1","whole":1.5,"at":"2026-07-31T10:00:00Z","local":"2026-07-31T10:00:00"}"#,
    ];
    let texts = |texts: [&str; 4]| Arc::new(StringArray::from(texts.to_vec())) as ArrayRef;
    let july = "2026-07-31T10:00:00Z";
    // 10:00:00 of both days, in no zone.
    let local = TimestampMillisecondArray::from(vec![
        1_769_853_600_000,
        1_785_492_000_000,
        1_785_492_000_000,
        1_785_492_000_000,
    ]);
    let columns: [(&str, ArrayRef); 5] = [
        ("n", texts(["1", "2.0", "2.5", "3"])),
        ("x", texts(["0.5", "1e3", "1", "1"])),
        (
            "whole",
            Arc::new(Float64Array::from(vec![7.0, -1.0, 1.0, 1.5])),
        ),
        ("at", texts(["2026-01-31 10:00:00", july, july, july])),
        ("local", Arc::new(local)),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let object = written(&[batch], WriterProperties::default());

    let from_json = decode_with(wanted.clone(), &lenient, lines.join("\n"));
    let found = read(&wanted, &lenient, &object).unwrap();
    let batches: Vec<_> = found.iter().map(|events| events.batch.clone()).collect();
    assert_eq!(batches, from_json.batches);
    assert_eq!(batches[0].num_rows(), 2);
    let reasons: Vec<_> = found
        .iter()
        .flat_map(|events| &events.rejected)
        .map(|one| (one.path.clone(), one.reason.clone()))
        .collect();
    let expected = from_json.rejected.iter();
    let expected: Vec<_> = expected
        .map(|one| (one.path.clone(), one.reason.clone()))
        .collect();
    assert_eq!(reasons, expected);

    // By default neither is taken: the type of `n` is refused before any row is read.
    assert!(read(&wanted, &DecodeOptions::default(), &object).is_err());
}
