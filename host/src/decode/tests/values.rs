//! Numbers, times and typed values in the forms that programs write, as the job says.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, TimestampMicrosecondType};

use super::support::*;
use crate::decode::{DecodeOptions, Numbers, ValueObjects};
use crate::schema::{Condition, Encoding, Input, Kind};

fn lenient() -> DecodeOptions {
    DecodeOptions {
        numbers: Numbers::Lenient,
        ..DecodeOptions::default()
    }
}

fn objects(values: ValueObjects) -> DecodeOptions {
    DecodeOptions {
        values,
        ..DecodeOptions::default()
    }
}

fn csv(options: DecodeOptions) -> DecodeOptions {
    DecodeOptions {
        format: crate::decode::Format::Csv,
        ..options
    }
}

fn time(path: &str, encoding: Encoding) -> Input {
    Input {
        encoding,
        ..input(path, Kind::Timestamp)
    }
}

fn microseconds(column: &dyn arrow_array::Array, row: usize) -> i64 {
    column.as_primitive::<TimestampMicrosecondType>().value(row)
}

fn float(column: &dyn arrow_array::Array, row: usize) -> f64 {
    column.as_primitive::<Float64Type>().value(row)
}

/// The integers of `text`, and the reasons of what is rejected.
fn integers(options: &DecodeOptions, text: &str) -> (Vec<Option<i64>>, String) {
    let decoded = decode_with(projection(vec![input("v", Kind::Int64)]), options, text);
    (decoded.column(0, integer_value), decoded.reasons())
}

const NUMBERS: &str = r#"{"v":1}
{"v":1.0}
{"v":1e3}
{"v":-0}
{"v":9007199254740993}
{"v":9223372036854775807}
{"v":9223372036854775808}
{"v":"5"}
{"v":"9223372036854775807"}
{"v":"1E+3"}
{"v":2.5}
{"v":"2.5"}
{"v":"NaN"}
{"v":"x"}
{"v":""}
{"v":true}
{"v":null}
{"v":1e400}
"#;

#[test]
fn integers_are_strict_unless_the_job_says_otherwise() {
    let (values, reasons) = integers(&DecodeOptions::default(), NUMBERS);
    assert_eq!(
        values,
        [
            Some(1),
            Some(0),
            Some(9_007_199_254_740_993),
            Some(i64::MAX),
            None
        ]
    );
    insta::assert_snapshot!(reasons, @r#"
    1 9 v: `1.0` is not written as an integer; a lenient `decode.numbers` takes it
    2 9 v: `1e3` is not written as an integer; a lenient `decode.numbers` takes it
    6 25 v: `9223372036854775808` is beyond the range of an int64
    7 9 v: found a string where a value of kind int64 is wanted; a lenient `decode.numbers` takes it
    8 27 v: found a string where a value of kind int64 is wanted; a lenient `decode.numbers` takes it
    9 12 v: found a string where a value of kind int64 is wanted; a lenient `decode.numbers` takes it
    10 9 v: `2.5` is not written as an integer
    11 11 v: found a string where a value of kind int64 is wanted
    12 11 v: found a string where a value of kind int64 is wanted
    13 9 v: found a string where a value of kind int64 is wanted
    14 8 v: found a string where a value of kind int64 is wanted
    15 10 v: found a boolean where a value of kind int64 is wanted
    17 11 v: `1e400` is not written as an integer
    "#);
}

#[test]
fn a_lenient_job_takes_numbers_that_are_exactly_integers() {
    let (values, reasons) = integers(&lenient(), NUMBERS);
    assert_eq!(
        values,
        [
            Some(1),
            Some(1),
            Some(1000),
            Some(0),
            Some(9_007_199_254_740_993),
            Some(i64::MAX),
            Some(5),
            Some(i64::MAX),
            Some(1000),
            None
        ]
    );
    insta::assert_snapshot!(reasons, @r#"
    6 25 v: `9223372036854775808` is beyond the range of an int64
    10 9 v: `2.5` is not an integer
    11 11 v: `"2.5"` is not an integer
    12 11 v: `"NaN"` is not a finite number
    13 9 v: found a string where a value of kind int64 is wanted
    14 8 v: found a string where a value of kind int64 is wanted
    15 10 v: found a boolean where a value of kind int64 is wanted
    17 11 v: `1e400` is beyond the range of an int64
    "#);
}

#[test]
fn floats_in_strings_need_a_lenient_job() {
    let wanted = || projection(vec![input("v", Kind::Float64)]);
    let text = r#"{"v":"0.1"}{"v":"1e400"}{"v":"Infinity"}{"v":0.1}{"v":"7"}"#;
    let decoded = decode_with(wanted(), &lenient(), text);
    assert_eq!(decoded.column(0, float), [Some(0.1), Some(0.1), Some(7.0)]);
    insta::assert_snapshot!(decoded.reasons(), @r#"
    1 13 v: `"1e400"` is beyond the range of a float64
    2 16 v: `"Infinity"` is not a finite number
    "#);
    let decoded = decode(wanted(), text);
    assert_eq!(decoded.column(0, float), [Some(0.1)]);
    let first = decoded.rejected[0].reason.as_str();
    assert_eq!(
        first,
        "found a string where a value of kind float64 is wanted; a lenient `decode.numbers` takes it"
    );
}

#[test]
fn fields_of_csv_follow_the_same_rules() {
    let text = "v\n1\n1.0\n1e3\n2.5\nx\n";
    let (values, reasons) = integers(&csv(DecodeOptions::default()), text);
    assert_eq!(values, [Some(1)]);
    insta::assert_snapshot!(reasons, @r#"
    1 3 v: `1.0` is not written as an integer; a lenient `decode.numbers` takes it
    2 3 v: `1e3` is not written as an integer; a lenient `decode.numbers` takes it
    3 3 v: `2.5` is not written as an integer
    4 1 v: `x` is not a value of kind int64
    "#);
    let (values, reasons) = integers(&csv(lenient()), text);
    assert_eq!(values, [Some(1), Some(1), Some(1000)]);
    insta::assert_snapshot!(reasons, @r"
    3 3 v: `2.5` is not an integer
    4 1 v: `x` is not a value of kind int64
    ");
}

/// 2026-01-31T10:00:00Z.
const AT: i64 = 1_769_853_600_000_000;

#[test]
fn a_time_without_an_offset_needs_the_zone_of_the_job() {
    let wanted = || projection(vec![input("ts", Kind::Timestamp)]);
    let paris = DecodeOptions {
        time_zone: Some(chrono_tz::Tz::Europe__Paris),
        ..DecodeOptions::default()
    };
    let texts = [
        "2026-01-31 11:00:00",
        "2026-01-31T11:00:00.25",
        "2026-03-29T02:30:00",
        "2026-10-25T02:30:00",
        "2026-01-31T10:00:00Z",
    ];
    let json = texts
        .map(|text| format!("{{\"ts\":\"{text}\"}}\n"))
        .concat();
    let csv_text = format!("ts\n{}\n", texts.join("\n"));
    let in_json = decode_with(wanted(), &paris, &json);
    let in_csv = decode_with(wanted(), &csv(paris), &csv_text);
    for decoded in [&in_json, &in_csv] {
        assert_eq!(
            decoded.column(0, microseconds),
            [Some(AT), Some(AT + 250_000), Some(AT)]
        );
    }
    insta::assert_snapshot!(in_json.reasons(), @r#"
    2 28 ts: `"2026-03-29T02:30:00"` is a time that the clocks of `decode.time_zone` skip
    3 28 ts: `"2026-10-25T02:30:00"` is a time that the clocks of `decode.time_zone` show twice, an hour or so apart, without an offset that tells which
    "#);
    let unzoned = decode(wanted(), &json);
    assert_eq!(unzoned.column(0, microseconds), [Some(AT)]);
    assert_eq!(
        unzoned.rejected[0].reason,
        "`\"2026-01-31 11:00:00\"` is a time without an offset from UTC: set `decode.time_zone` to the zone of such times"
    );
    assert_eq!(unzoned.rejected.len(), 4);
}

#[test]
fn numbers_of_a_declared_unit_may_be_in_strings_and_are_cut_to_microseconds() {
    let wanted = |encoding| projection(vec![time("ts", encoding)]);
    let options = DecodeOptions::default();
    let text = r#"{"ts":1769853600.1234567}
{"ts":"1769853600"}
{"ts":"1769853600.25"}
{"ts":1.769853600123E9}
{"ts":"2026-01-31T10:00:00Z"}
"#;
    let decoded = decode_with(wanted(Encoding::EpochSeconds), &options, text);
    assert_eq!(
        decoded.column(0, microseconds),
        [
            Some(AT + 123_456),
            Some(AT),
            Some(AT + 250_000),
            Some(AT + 123_000)
        ]
    );
    assert_eq!(
        decoded.reasons(),
        "4 29 ts: `\"2026-01-31T10:00:00Z\"` is not a number, and the component declares that the time is one\n"
    );
    let in_csv = "ts\n1769853600.1234567\n1.769853600123E9\n";
    let decoded = decode_with(
        wanted(Encoding::EpochSeconds),
        &csv(options.clone()),
        in_csv,
    );
    assert_eq!(
        decoded.column(0, microseconds),
        [Some(AT + 123_456), Some(AT + 123_000)]
    );
    let bigquery = r#"{"ts":"1769853600250000"}"#;
    let decoded = decode_with(wanted(Encoding::EpochMicroseconds), &options, bigquery);
    assert_eq!(decoded.column(0, microseconds), [Some(AT + 250_000)]);
    // A number without a declared unit is not guessed.
    let decoded = decode_with(wanted(Encoding::Standard), &options, r#"{"ts":1769853600}"#);
    assert_eq!(
        decoded.reasons(),
        "0 17 ts: `1769853600` is a number without a unit: the component has to declare one, such as epoch-milliseconds\n"
    );
}

#[test]
fn exports_of_dynamodb_are_read() {
    let text = r#"{"Item":{"pk":{"S":"a"},"n":{"N":"12"},"t":{"N":"1769853600"},"ok":{"BOOL":true},"none":{"NULL":true}}}
{"Item":{"pk":{"S":"b\n"},"n":{"N":"1E+3"},"t":{"N":"1769853600.5"},"ok":{"BOOL":false},"none":{"N":"0.5"}}}
{"Item":{"pk":{"S":"c"},"n":{"N":"2.5"}}}
{"Item":{"pk":{"S":"d"},"n":{"N":"x"}}}
{"Item":{"pk":{"N":"5"}}}
{"Item":{"pk":{"S":"e"},"n":{"M":{"v":{"N":"1"}}}}}
"#;
    let wanted = || {
        projection(vec![
            input("Item.pk", Kind::Utf8),
            input("Item.n", Kind::Int64),
            time("Item.t", Encoding::EpochSeconds),
            input("Item.ok", Kind::Boolean),
            input("Item.none", Kind::Float64),
            input("Item.n.M.v", Kind::Json),
        ])
    };
    let decoded = decode_with(wanted(), &objects(ValueObjects::Dynamodb), text);
    assert_eq!(
        decoded.column(0, text_value),
        [Some("a".to_owned()), Some("b\n".to_owned())]
    );
    assert_eq!(decoded.column(1, integer_value), [Some(12), Some(1000)]);
    assert_eq!(
        decoded.column(2, microseconds),
        [Some(AT), Some(AT + 500_000)]
    );
    let booleans = decoded.column(3, |column, row| column.as_boolean().value(row));
    assert_eq!(booleans, [Some(true), Some(false)]);
    assert_eq!(decoded.column(4, float), [None, Some(0.5)]);
    insta::assert_snapshot!(decoded.reasons(), @r"
    2 41 Item.n: `2.5` is not an integer
    3 39 Item.n: `x` is not a number
    4 25 Item.pk: found a number where a value of kind utf8 is wanted
    5 51 Item.n: found an object where a value of kind int64 is wanted
    ");
    let plain = decode(wanted(), text);
    assert_eq!(plain.counts.rejected, 6);
    assert_eq!(
        plain.rejected[0].reason,
        "found an object where a value of kind utf8 is wanted"
    );
}

#[test]
fn extended_json_of_mongodb_is_read() {
    let text = r#"{"_id":{"$oid":"65bb"},"at":{"$date":"2026-01-31T10:00:00Z"},"n":{"$numberLong":"42"},"d":{"$numberDecimal":"1.50"}}
{"_id":{"$oid":"65bc"},"at":{"$date":{"$numberLong":"1769853600000"}},"n":{"$numberInt":"7"}}
{"_id":{"$oid":"65bd"},"at":{"$date":1769853600250},"n":8,"d":{"$numberDouble":"-0.25"}}
{"_id":{"$oid":"65be"},"d":{"$numberDouble":"NaN"}}
{"_id":{"$oid":"65bf"},"n":{"$numberDouble":"1.0"}}
{"_id":{"$oid":"65c0"},"at":{"$date":"2026-01-31"}}
"#;
    let wanted = || {
        projection(vec![
            input("_id", Kind::Utf8),
            input("at", Kind::Timestamp),
            input("n", Kind::Int64),
            input("d", Kind::Float64),
        ])
    };
    let decoded = decode_with(wanted(), &objects(ValueObjects::Mongo), text);
    let ids = ["65bb", "65bc", "65bd"].map(|id| Some(id.to_owned()));
    assert_eq!(decoded.column(0, text_value), ids);
    assert_eq!(
        decoded.column(1, microseconds),
        [Some(AT), Some(AT), Some(AT + 250_000)]
    );
    assert_eq!(
        decoded.column(2, integer_value),
        [Some(42), Some(7), Some(8)]
    );
    assert_eq!(decoded.column(3, float), [Some(1.5), None, Some(-0.25)]);
    insta::assert_snapshot!(decoded.reasons(), @r#"
    3 51 d: `NaN` is not a finite number
    4 51 n: `1.0` is not written as an integer; a lenient `decode.numbers` takes it
    5 51 at: `"2026-01-31"` is not an RFC 3339 timestamp with an offset
    "#);
}

#[test]
fn conditions_compare_the_value_that_an_object_stands_for() {
    let text = r#"{"type":{"S":"view"},"n":{"N":"1"}}
{"type":{"S":"click"},"n":{"N":"2"}}
{"type":{"N":"7"},"n":{"N":"3"}}
{"type":"view","n":{"N":"4"}}
{"type":{"NULL":true},"n":{"N":"5"}}
{"type":{"M":{}},"n":{"N":"6"}}
"#;
    let mut wanted = projection(vec![input("n", Kind::Int64)]);
    wanted.only = vec![Condition {
        path: "type".to_owned(),
        any_of: vec!["view".to_owned(), "7".to_owned()],
    }];
    let decoded = decode_with(wanted, &objects(ValueObjects::Dynamodb), text);
    assert_eq!(
        decoded.column(0, integer_value),
        [Some(1), Some(3), Some(4)]
    );
    assert_eq!(decoded.counts.not_wanted, 3);
}

#[test]
fn defaults_are_no_part_of_a_serialized_job() {
    let json = |options: &DecodeOptions| serde_json::to_string(options).unwrap();
    let default = json(&DecodeOptions::default());
    for name in ["records", "numbers", "values", "time_zone"] {
        assert!(!default.contains(name), "{default}");
    }
    let set = DecodeOptions {
        numbers: Numbers::Lenient,
        values: ValueObjects::Dynamodb,
        time_zone: Some(chrono_tz::Tz::Europe__Paris),
        records: Some("Records".to_owned()),
        ..DecodeOptions::default()
    };
    let text = json(&set);
    assert!(text.contains(r#""records":"Records","numbers":"lenient","values":"dynamodb","time_zone":"Europe/Paris""#), "{text}");
    assert_eq!(serde_json::from_str::<DecodeOptions>(&text).unwrap(), set);
}
