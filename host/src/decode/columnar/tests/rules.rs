//! The rules by which a column becomes an input, one by one.

use std::sync::Arc;

use arrow_array::builder::{Int64Builder, MapBuilder, StringBuilder, StringDictionaryBuilder};
use arrow_array::types::*;
use arrow_array::*;
use arrow_buffer::i256;
use arrow_schema::Field;

use super::support::{column, lines};
use super::{assert_alike, events};
use crate::decode::Projection;
use crate::decode::tests::support::{input, projection};
use crate::schema::{Encoding, Input, Kind, Origin};

fn wanted(kind: Kind, encoding: Encoding) -> Projection {
    projection(vec![Input {
        encoding,
        ..input("v", kind)
    }])
}

fn decimal(digits: Vec<Option<i128>>, scale: i8) -> ArrayRef {
    let array = Decimal128Array::from(digits).with_precision_and_scale(38, scale);
    Arc::new(array.unwrap())
}

#[test]
fn each_type_gives_what_the_same_values_give_as_json() {
    use Encoding::*;
    use Kind::*;
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
    let base64 = vec![Some("Pz8/"), Some("Pz8")];
    let mut dictionary = StringDictionaryBuilder::<Int32Type>::new();
    dictionary.extend(strings.clone());
    let dictionary: ArrayRef = Arc::new(dictionary.finish());
    let cases: Vec<(ArrayRef, Kind, Encoding, &[&str])> = vec![
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
        (
            decimal(vec![Some(1230), Some(-5)], 2),
            Utf8,
            Standard,
            &["\"12.30\"", "\"-0.05\""],
        ),
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
        (
            Arc::new(StringArray::from(strings.clone())),
            Timestamp,
            Standard,
            &as_json,
        ),
        (dictionary.clone(), Timestamp, Standard, &as_json),
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
        (
            Arc::new(BinaryArray::from(vec![&b"abc"[..]])),
            Utf8,
            Standard,
            &["\"abc\""],
        ),
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
        (
            Arc::new(NullArray::new(2)),
            Utf8,
            Standard,
            &["null", "null"],
        ),
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
    ];
    for (array, kind, encoding, json) in cases {
        println!("{} to {kind:?} from {encoding:?}", array.data_type());
        let projection = wanted(kind, encoding);
        let found = events(projection.clone(), &column(array)).unwrap();
        assert_alike(&projection, &[found], &lines(json));
    }
}

#[test]
fn structs_lists_and_maps_are_json_text() {
    let lists = ListArray::from_iter_primitive::<Int64Type, _, _>([Some([Some(1), None]), None]);
    let mut maps = MapBuilder::new(None, StringBuilder::new(), Int64Builder::new());
    maps.keys().append_value("b");
    maps.values().append_value(1);
    maps.keys().append_value("a");
    maps.values().append_null();
    maps.append(true).unwrap();
    maps.append(false).unwrap();
    let maps: ArrayRef = Arc::new(maps.finish());
    let field =
        |name, array: &ArrayRef| Arc::new(Field::new(name, array.data_type().clone(), true));
    let lists: ArrayRef = Arc::new(lists);
    let members = StructArray::from(vec![(field("l", &lists), lists), (field("m", &maps), maps)]);
    let projection = wanted(Kind::Json, Encoding::Standard);
    let found = events(projection.clone(), &column(Arc::new(members))).unwrap();
    let json = [
        r#"{"l":[1,null],"m":{"b":1,"a":null}}"#,
        r#"{"l":null,"m":null}"#,
    ];
    assert_alike(&projection, &[found], &lines(&json));
}

#[test]
fn what_does_not_fit_costs_its_row_and_is_told() {
    let mut reasons = String::new();
    let cases: Vec<(ArrayRef, Kind, Encoding)> = vec![
        (
            Arc::new(Float64Array::from(vec![f64::NAN])),
            Kind::Float64,
            Encoding::Standard,
        ),
        (
            Arc::new(Float32Array::from(vec![f32::NEG_INFINITY])),
            Kind::Float64,
            Encoding::Standard,
        ),
        (
            Arc::new(BinaryArray::from(vec![&b"\xff"[..]])),
            Kind::Utf8,
            Encoding::Standard,
        ),
        (
            Arc::new(TimestampSecondArray::from(vec![i64::MAX])),
            Kind::Timestamp,
            Encoding::Standard,
        ),
        (
            Arc::new(Date64Array::from(vec![i64::MAX])),
            Kind::Date,
            Encoding::Standard,
        ),
        (
            Arc::new(Int64Array::from(vec![i64::MIN])),
            Kind::Timestamp,
            Encoding::EpochMilliseconds,
        ),
        (
            Arc::new(StringArray::from(vec!["yesterday"])),
            Kind::Timestamp,
            Encoding::Standard,
        ),
        (
            Arc::new(StringArray::from(vec!["0x"])),
            Kind::Binary,
            Encoding::Hex,
        ),
        (
            Arc::new(Float64Array::from(vec![0.1234567])),
            Kind::Timestamp,
            Encoding::EpochSeconds,
        ),
    ];
    for (array, kind, encoding) in cases {
        let found = events(wanted(kind, encoding), &column(array)).unwrap();
        assert_eq!(found.batch.num_rows(), 0);
        let rejected = &found.rejected[0];
        assert_eq!(
            (rejected.position.offset, rejected.path.as_deref()),
            (0, Some("v"))
        );
        let line = String::from_utf8_lossy(rejected.bytes.as_ref().unwrap());
        reasons += &format!("{}: {line}\n", rejected.reason);
    }
    insta::assert_snapshot!(reasons, @r#"
    `NaN` is not a finite number: {"v":"NaN"}
    `-inf` is not a finite number: {"v":"-inf"}
    not UTF-8: {"v":"�"}
    `9223372036854775807` is beyond the range of a timestamp: {"v":9223372036854775807000000}
    `9223372036854775807` is beyond the range of a date: {"v":106751991167}
    `-9223372036854775808` is beyond the range of a timestamp: {"v":-9223372036854775808}
    `"yesterday"` is not an RFC 3339 timestamp with an offset: {"v":"yesterday"}
    `"0x"` is not hexadecimal: {"v":"0x"}
    `0.1234567` is finer than a microsecond: {"v":0.1234567}
    "#);
}

#[test]
fn what_no_rule_covers_stops_the_run() {
    let mut refused = String::new();
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["a"]));
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    for (array, kind, encoding) in [
        (&texts, Kind::Int64, Encoding::Standard),
        (&texts, Kind::Boolean, Encoding::Standard),
        (&texts, Kind::Timestamp, Encoding::EpochSeconds),
        (&numbers, Kind::Timestamp, Encoding::Standard),
        (&numbers, Kind::Utf8, Encoding::Standard),
        (&numbers, Kind::Binary, Encoding::Hex),
        (&decimal(vec![Some(1)], 2), Kind::Int64, Encoding::Standard),
        (
            &(Arc::new(Date32Array::from(vec![1])) as ArrayRef),
            Kind::Timestamp,
            Encoding::Standard,
        ),
        (
            &(Arc::new(Float64Array::from(vec![1.0])) as ArrayRef),
            Kind::Timestamp,
            Encoding::EpochNanoseconds,
        ),
        (
            &(Arc::new(IntervalYearMonthArray::from(vec![1])) as ArrayRef),
            Kind::Json,
            Encoding::Standard,
        ),
    ] {
        let error = events(wanted(kind, encoding), &column(array.clone())).unwrap_err();
        refused += &format!("{error}\n");
    }
    insta::assert_snapshot!(refused, @r"
    column `v` of `a.json` is of type Utf8, which does not become int64
    column `v` of `a.json` is of type Utf8, which does not become boolean
    column `v` of `a.json` is of type Utf8, which does not become timestamp from epoch-seconds
    column `v` of `a.json` is of type Int64, which does not become timestamp
    column `v` of `a.json` is of type Int64, which does not become utf8
    column `v` of `a.json` is of type Int64, which does not become binary from hex
    column `v` of `a.json` is of type Decimal128(38, 2), which does not become int64
    column `v` of `a.json` is of type Date32, which does not become timestamp
    column `v` of `a.json` is of type Float64, which does not become timestamp from epoch-nanoseconds
    column `v` of `a.json` is of type Interval(YearMonth), which does not become json
    ");
}

#[test]
fn a_component_that_wants_the_bytes_of_records_is_refused() {
    let payload = Input {
        origin: Origin::Payload,
        ..input("v", Kind::Binary)
    };
    let batch = column(Arc::new(Int64Array::from(vec![1])));
    let error = events(projection(vec![payload]), &batch).unwrap_err();
    insta::assert_snapshot!(error, @"`a.json` holds columns, and the component wants the bytes of records (`payload`)");
}
