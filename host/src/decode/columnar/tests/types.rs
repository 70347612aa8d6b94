//! Columns of each type, compared with the same values as JSON.

use std::sync::Arc;

use arrow_array::builder::StringDictionaryBuilder;
use arrow_array::types::*;
use arrow_array::*;
use arrow_buffer::i256;

use super::support::{assert_alike, column, decimal, events, lines, wanted};
use crate::schema::Encoding::{self, *};
use crate::schema::Kind::{self, *};

/// A column, the kind and encoding of the input, and the same values as JSON.
type Case<'a> = (ArrayRef, Kind, Encoding, &'a [&'a str]);

fn assert_as_json(cases: Vec<Case<'_>>) {
    for (array, kind, encoding, json) in cases {
        println!("{} to {kind:?} from {encoding:?}", array.data_type());
        let projection = wanted(kind, encoding);
        let found = events(projection.clone(), &column(array)).unwrap();
        assert_alike(&projection, &[found], &lines(json));
    }
}

#[test]
fn integers_and_booleans_are_those_of_json() {
    assert_as_json(vec![
        (
            Arc::new(BooleanArray::from(vec![Some(true), None])),
            Boolean,
            Standard,
            &["true", "null"],
        ),
        (
            Arc::new(Int8Array::from(vec![Some(-128), None])),
            Int64,
            Standard,
            &["-128", "null"],
        ),
        (
            Arc::new(Int16Array::from(vec![-7])),
            Int64,
            Standard,
            &["-7"],
        ),
        (
            Arc::new(Int32Array::from(vec![i32::MIN])),
            Int64,
            Standard,
            &["-2147483648"],
        ),
        (
            Arc::new(Int64Array::from(vec![i64::MAX])),
            Int64,
            Standard,
            &["9223372036854775807"],
        ),
    ]);
}

#[test]
fn unsigned_integers_and_decimals_are_those_of_json() {
    assert_as_json(vec![
        (
            Arc::new(UInt8Array::from(vec![255])),
            Int64,
            Standard,
            &["255"],
        ),
        (
            Arc::new(UInt16Array::from(vec![65535])),
            Int64,
            Standard,
            &["65535"],
        ),
        (
            Arc::new(UInt32Array::from(vec![u32::MAX])),
            Int64,
            Standard,
            &["4294967295"],
        ),
        (
            Arc::new(UInt64Array::from(vec![
                Some(5),
                None,
                Some(u64::MAX),
                Some(6),
            ])),
            Int64,
            Standard,
            &["5", "null", "18446744073709551615", "6"],
        ),
        (
            decimal(vec![Some(12), None, Some(i128::from(i64::MAX) + 1)], 0),
            Int64,
            Standard,
            &["12", "null", "9223372036854775808"],
        ),
    ]);
}

#[test]
fn floats_are_those_of_json() {
    assert_as_json(vec![
        (
            Arc::new(Float32Array::from(vec![0.5, -1.25])),
            Float64,
            Standard,
            &["0.5", "-1.25"],
        ),
        (
            Arc::new(Float64Array::from(vec![0.1, 1e300])),
            Float64,
            Standard,
            &["0.1", "1e300"],
        ),
        (
            Arc::new(Int64Array::from(vec![9007199254740993])),
            Float64,
            Standard,
            &["9007199254740993"],
        ),
        (
            Arc::new(UInt64Array::from(vec![u64::MAX])),
            Float64,
            Standard,
            &["18446744073709551615"],
        ),
        (
            decimal(vec![Some(1234), Some(-5), None], 3),
            Float64,
            Standard,
            &["1.234", "-0.005", "null"],
        ),
        (
            Arc::new(
                Decimal256Array::from(vec![i256::from_i128(25)])
                    .with_precision_and_scale(60, 1)
                    .unwrap(),
            ),
            Float64,
            Standard,
            &["2.5"],
        ),
    ]);
}

#[test]
fn decimals_bytes_and_nulls_become_the_text_that_json_has() {
    assert_as_json(vec![
        (
            decimal(vec![Some(1230), Some(-5)], 2),
            Utf8,
            Standard,
            &["\"12.30\"", "\"-0.05\""],
        ),
        (
            Arc::new(BinaryArray::from(vec![&b"abc"[..]])),
            Utf8,
            Standard,
            &["\"abc\""],
        ),
        (
            Arc::new(NullArray::new(2)),
            Utf8,
            Standard,
            &["null", "null"],
        ),
    ]);
}

#[test]
fn timestamps_are_those_of_json() {
    assert_as_json(vec![
        (
            Arc::new(TimestampSecondArray::from(vec![1_777_820_400, -1])),
            Timestamp,
            Standard,
            &["\"2026-05-03T15:00:00Z\"", "\"1969-12-31T23:59:59Z\""],
        ),
        (
            Arc::new(
                TimestampMillisecondArray::from(vec![1_777_820_400_123]).with_timezone("+05:00"),
            ),
            Timestamp,
            EpochSeconds,
            &["1777820400.123"],
        ),
        (
            Arc::new(TimestampMicrosecondArray::from(vec![
                Some(1_777_820_400_123_456),
                None,
            ])),
            Timestamp,
            Standard,
            &["\"2026-05-03T15:00:00.123456Z\"", "null"],
        ),
        (
            Arc::new(TimestampNanosecondArray::from(vec![
                1_777_820_400_123_456_789,
                -1,
            ])),
            Timestamp,
            Standard,
            &[
                "\"2026-05-03T15:00:00.123456789Z\"",
                "\"1969-12-31T23:59:59.999999999Z\"",
            ],
        ),
    ]);
}

#[test]
fn numbers_become_the_timestamps_that_json_numbers_become() {
    assert_as_json(vec![
        (
            Arc::new(Int32Array::from(vec![1_700_000_000])),
            Timestamp,
            EpochSeconds,
            &["1700000000"],
        ),
        (
            Arc::new(Int64Array::from(vec![Some(1_700_000_000_000), None])),
            Timestamp,
            EpochMilliseconds,
            &["1700000000000", "null"],
        ),
        (
            Arc::new(Int64Array::from(vec![-1])),
            Timestamp,
            EpochNanoseconds,
            &["-1"],
        ),
        (
            Arc::new(UInt64Array::from(vec![7])),
            Timestamp,
            EpochMicroseconds,
            &["7"],
        ),
        (
            Arc::new(Float64Array::from(vec![1.5, -0.5])),
            Timestamp,
            EpochSeconds,
            &["1.5", "-0.5"],
        ),
        (
            decimal(vec![Some(15)], 1),
            Timestamp,
            EpochMilliseconds,
            &["1.5"],
        ),
    ]);
}

#[test]
fn strings_and_dictionaries_are_those_of_json() {
    let strings = vec![
        Some("2026-05-03T15:00:00Z"),
        None,
        Some("x\"\n"),
        Some("2026-05-03"),
    ];
    let as_json = [
        "\"2026-05-03T15:00:00Z\"",
        "null",
        r#""x\"\n""#,
        "\"2026-05-03\"",
    ];
    let mut dictionary = StringDictionaryBuilder::<Int32Type>::new();
    dictionary.extend(strings.clone());
    let dictionary: ArrayRef = Arc::new(dictionary.finish());
    assert_as_json(vec![
        (
            Arc::new(StringArray::from(strings.clone())),
            Timestamp,
            Standard,
            &as_json,
        ),
        (dictionary.clone(), Timestamp, Standard, &as_json),
        (
            Arc::new(LargeStringArray::from(strings.clone())),
            Date,
            Standard,
            &as_json,
        ),
        (
            Arc::new(StringArray::from(strings.clone())),
            Utf8,
            Standard,
            &as_json,
        ),
        (
            Arc::new(LargeStringArray::from(strings.clone())),
            Utf8,
            Standard,
            &as_json,
        ),
        (
            Arc::new(StringViewArray::from(strings.clone())),
            Utf8,
            Standard,
            &as_json,
        ),
        (dictionary, Utf8, Standard, &as_json),
    ]);
}

#[test]
fn dates_are_those_of_json() {
    assert_as_json(vec![
        (
            Arc::new(Date32Array::from(vec![Some(20_576), None])),
            Date,
            Standard,
            &["\"2026-05-03\"", "null"],
        ),
        (
            Arc::new(Date64Array::from(vec![86_400_000, -1])),
            Date,
            Standard,
            &["\"1970-01-02\"", "\"1969-12-31\""],
        ),
    ]);
}

#[test]
fn bytes_are_those_of_json() {
    let base64 = vec![Some("Pz8/"), Some("Pz8")];
    assert_as_json(vec![
        (
            Arc::new(BinaryArray::from(vec![&b"???"[..]])),
            Binary,
            Standard,
            &["\"Pz8/\""],
        ),
        (
            Arc::new(LargeBinaryArray::from(vec![&b"\x00\xff"[..]])),
            Binary,
            Hex,
            &["\"00ff\""],
        ),
        (
            Arc::new(BinaryViewArray::from(vec![&b"\x00\xff"[..]])),
            Binary,
            Hex,
            &["\"00ff\""],
        ),
        (
            Arc::new(FixedSizeBinaryArray::try_from_iter([[0u8, 1]].into_iter()).unwrap()),
            Binary,
            Hex,
            &["\"0001\""],
        ),
        (
            Arc::new(StringArray::from(base64)),
            Binary,
            Standard,
            &["\"Pz8/\"", "\"Pz8\""],
        ),
    ]);
}

#[test]
fn values_of_any_type_are_the_json_text_of_json() {
    assert_as_json(vec![
        (Arc::new(Int64Array::from(vec![7])), Json, Standard, &["7"]),
        (
            Arc::new(StringArray::from(vec!["a\"b"])),
            Json,
            Standard,
            &[r#""a\"b""#],
        ),
        (
            Arc::new(Float64Array::from(vec![2.0])),
            Json,
            Standard,
            &["2.0"],
        ),
        (
            Arc::new(Date32Array::from(vec![0])),
            Json,
            Standard,
            &["\"1970-01-01\""],
        ),
        (
            Arc::new(Time64NanosecondArray::from(vec![3_661_500_000_000])),
            Json,
            Standard,
            &["\"01:01:01.5\""],
        ),
    ]);
}
