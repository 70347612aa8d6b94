//! The rules by which a column becomes an input, one by one.

use std::sync::Arc;

use arrow_array::builder::{Int64Builder, MapBuilder, StringBuilder};
use arrow_array::types::*;
use arrow_array::*;
use arrow_schema::Field;

use super::support::{assert_alike, column, events, lines, wanted};
use crate::decode::tests::support::{input, projection};
use crate::schema::{Encoding, Input, Kind, Origin};

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

/// The reason and the line of the only row of each column, which is rejected.
fn reasons(cases: Vec<(ArrayRef, Kind, Encoding)>) -> String {
    let mut reasons = String::new();
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
    reasons
}

#[test]
fn what_does_not_fit_costs_its_row_and_is_told() {
    let reasons = reasons(vec![
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
    ]);
    insta::assert_snapshot!(reasons, @r#"
    `NaN` is not a finite number: {"v":"NaN"}
    `-inf` is not a finite number: {"v":"-inf"}
    not UTF-8: {"v":"�"}
    `9223372036854775807` is beyond the range of a timestamp: {"v":9223372036854775807000000}
    `9223372036854775807` is beyond the range of a date: {"v":106751991167}
    `-9223372036854775808` is beyond the range of a timestamp: {"v":-9223372036854775808}
    `"yesterday"` is not an RFC 3339 timestamp with an offset: {"v":"yesterday"}
    `"0x"` is not hexadecimal: {"v":"0x"}
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
