//! Unions: each row has the value of the branch that it holds, or is refused.

use serde_json::{Value, json};

use super::encode::{message, object_of};
use super::messages::{chunk, decoded, options, registered};
use super::read_container;
use crate::decode::columnar::tests::assert_alike;
use crate::decode::tests::support::{
    Decoded, decode, input, integer_value, projection, text_value,
};
use crate::decode::{DecodeError, Projection};
use crate::schema::{Condition, Encoding, Input, Kind};

fn record(name: &str, fields: Value) -> Value {
    json!({"type": "record", "name": name, "fields": fields})
}

/// The values as messages.
fn as_messages(wanted: &Projection, schema: &Value, values: &[Value]) -> Decoded {
    let schemas = registered(std::slice::from_ref(schema));
    let values = values.iter().map(|value| Some(message(1, schema, value)));
    decoded(wanted, &schemas, &options(10), [chunk(values)])
}

/// Asserts that the values give what `lines` give, as an object and as messages.
fn assert_as_json(wanted: &Projection, schema: &Value, values: &[Value], lines: &[&str]) {
    let lines = lines.join("\n");
    let found = read_container(wanted, &object_of(schema, values)).unwrap();
    assert_alike(wanted, &found, &lines);
    let found = as_messages(wanted, schema, values);
    let expected = decode(wanted.clone(), &lines);
    assert_eq!(found.batches, expected.batches);
    let reasons = |of: &Decoded| {
        let rejected = of.rejected.iter();
        rejected.map(|one| one.reason.clone()).collect::<Vec<_>>()
    };
    assert_eq!(reasons(&found), reasons(&expected));
    assert_eq!(found.counts.not_wanted, expected.counts.not_wanted);
}

/// What happens, of a page or of a purchase, with a field in both, one in each, and one of two types.
fn happenings() -> (Value, [Value; 4], [&'static str; 4]) {
    let view = record(
        "View",
        json!([
            {"name": "id", "type": "long"},
            {"name": "page", "type": "string"},
            {"name": "size", "type": "long"},
        ]),
    );
    let purchase = record(
        "Purchase",
        json!([
            {"name": "size", "type": "string"},
            {"name": "id", "type": "int"},
            {"name": "price", "type": ["null", "double"]},
        ]),
    );
    let schema = record(
        "Event",
        json!([
            {"name": "unwanted", "type": ["int", "string"]},
            {"name": "what", "type": ["null", view, purchase]},
            {"name": "n", "type": "long"},
        ]),
    );
    let values = [
        json!({"unwanted": {"int": 7}, "n": 1, "what": {"View": {"id": 10, "page": "/a", "size": 5}}}),
        json!({"unwanted": {"string": "x"}, "n": 2, "what": {"Purchase": {"id": 20, "price": {"double": 1.5}, "size": "XL"}}}),
        json!({"unwanted": {"int": 7}, "n": 3, "what": null}),
        json!({"unwanted": {"int": 7}, "n": 4, "what": {"Purchase": {"id": 21, "price": null, "size": "S"}}}),
    ];
    let lines = [
        r#"{"n":1,"what":{"id":10,"page":"/a","size":5}}"#,
        r#"{"n":2,"what":{"size":"XL","id":20,"price":1.5}}"#,
        r#"{"n":3,"what":null}"#,
        r#"{"n":4,"what":{"size":"S","id":21,"price":null}}"#,
    ];
    (schema, values, lines)
}

#[test]
fn a_path_leads_into_the_branch_that_is_there() {
    let (schema, values, lines) = happenings();
    let wanted = projection(vec![
        input("n", Kind::Int64),
        input("what.id", Kind::Int64),
        input("what.page", Kind::Utf8),
        input("what.price", Kind::Float64),
        input("what", Kind::Json),
        input("what.size", Kind::Json),
        input("what.nothing", Kind::Utf8),
    ]);
    assert_as_json(&wanted, &schema, &values, &lines);
    let found = as_messages(&wanted, &schema, &values);
    let ids = [Some(10), Some(20), None, Some(21)];
    assert_eq!(found.column(1, integer_value), ids);
    // Without columns that are not wanted, and with a value that not every record may lack.
    let mut few = projection(vec![input("what.id", Kind::Int64)]);
    assert_as_json(&few, &schema, &values, &lines);
    few.inputs[0].nullable = false;
    assert_as_json(&few, &schema, &values, &lines);
}

#[test]
fn conditions_meet_the_branch_that_is_there() {
    let (schema, values, lines) = happenings();
    for (path, value) in [
        ("what.id", "20"),
        ("what.size", "5"),
        ("what.size", "S"),
        ("what.size", "null"),
        ("unwanted", "7"),
        ("what", "{}"),
    ] {
        println!("{path} {value}");
        let mut wanted = projection(vec![input("n", Kind::Int64)]);
        wanted.only = vec![Condition {
            path: path.into(),
            any_of: vec![value.into()],
        }];
        let unwanted = [7.into(), json!("x"), 7.into(), 7.into()];
        let lines = lines.iter().zip(unwanted);
        let lines: Vec<_> = lines
            .map(|(line, unwanted)| {
                format!("{},\"unwanted\":{unwanted}}}", &line[..line.len() - 1])
            })
            .collect();
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        assert_as_json(&wanted, &schema, &values, &lines);
    }
}

#[test]
fn a_branch_that_does_not_convert_costs_its_rows_alone() {
    let (schema, values, _) = happenings();
    let wanted = projection(vec![
        input("n", Kind::Int64),
        input("what.size", Kind::Int64),
    ]);
    let found = as_messages(&wanted, &schema, &values);
    assert_eq!(found.column(0, integer_value), [Some(1), Some(3)]);
    assert_eq!(found.column(1, integer_value), [Some(5), None]);
    let reasons: Vec<_> = found.rejected.iter().map(|one| &one.reason).collect();
    assert_eq!(reasons, ["of type Utf8, which does not become int64"; 2]);
    let found = read_container(&wanted, &object_of(&schema, &values)).unwrap();
    let rejected: Vec<_> = found.iter().flat_map(|events| &events.rejected).collect();
    let [one, _] = rejected[..] else {
        panic!("{rejected:?}");
    };
    assert_eq!(one.path.as_deref(), Some("what.size"));
    let line = String::from_utf8_lossy(one.bytes.as_ref().unwrap());
    assert_eq!(line, r#"{"n":2,"what":{"size":"XL"}}"#);
}

/// Values of each type that a JSON value may have, and the same as lines.
fn scalars() -> (Value, Vec<Value>, Vec<&'static str>) {
    let at = json!({"type": "long", "logicalType": "timestamp-millis"});
    let kind = json!({"type": "enum", "name": "Kind", "symbols": ["a", "b"]});
    let uuid = json!({"type": "fixed", "name": "Uuid", "size": 16, "logicalType": "uuid"});
    let inner = record("Inner", json!([{"name": "x", "type": "int"}]));
    let list = json!({"type": "array", "items": ["null", "long", "string"]});
    let branches = json!([
        "boolean", "int", "null", "string", at, "double", kind, uuid, inner, list
    ]);
    let schema = record("R", json!([{"name": "v", "type": branches}]));
    let of = |branch: &str, value: Value| json!({"v": {branch: value}});
    let values = vec![
        of("boolean", true.into()),
        of("int", (-3).into()),
        json!({"v": null}),
        of("string", "a\"b".into()),
        of("long", 1_777_820_400_123i64.into()),
        of("double", 0.5.into()),
        of("Kind", "b".into()),
        of("Uuid", "ABEiM0RVZneImaq7zN3u/w==".into()),
        of("Inner", json!({"x": 1})),
        of("array", json!([null, {"long": 5}, {"string": "s"}])),
    ];
    let lines = vec![
        r#"{"v":true}"#,
        r#"{"v":-3}"#,
        r#"{"v":null}"#,
        r#"{"v":"a\"b"}"#,
        r#"{"v":"2026-05-03T15:00:00.123Z"}"#,
        r#"{"v":0.5}"#,
        r#"{"v":"b"}"#,
        r#"{"v":"00112233-4455-6677-8899-aabbccddeeff"}"#,
        r#"{"v":{"x":1}}"#,
        r#"{"v":[null,5,"s"]}"#,
    ];
    (schema, values, lines)
}

#[test]
fn json_takes_every_branch() {
    let (schema, values, lines) = scalars();
    let wanted = projection(vec![input("v", Kind::Json)]);
    assert_as_json(&wanted, &schema, &values, &lines);
}

#[test]
fn every_kind_takes_the_branches_that_become_it() {
    let (schema, values, lines) = scalars();
    for kind in [
        Kind::Boolean,
        Kind::Int64,
        Kind::Float64,
        Kind::Utf8,
        Kind::Timestamp,
    ] {
        let wanted = projection(vec![input("v", kind)]);
        let found = as_messages(&wanted, &schema, &values);
        let expected = decode(wanted, lines.join("\n"));
        let batch = |of: &Decoded| of.batches.first().cloned();
        assert_eq!(batch(&found), batch(&expected), "{kind:?}");
        let refused = |of: &Decoded| of.rejected.len();
        assert_eq!(refused(&found), refused(&expected), "{kind:?}");
    }
}

#[test]
fn a_scalar_in_the_way_of_a_path_is_refused() {
    let inner = record("Inner", json!([{"name": "x", "type": "int"}]));
    let schema = record(
        "R",
        json!([{"name": "v", "type": ["null", "string", inner]}]),
    );
    let values = [
        json!({"v": {"Inner": {"x": 1}}}),
        json!({"v": {"string": "x"}}),
        json!({"v": null}),
    ];
    let wanted = projection(vec![input("v.x", Kind::Int64)]);
    let found = as_messages(&wanted, &schema, &values);
    assert_eq!(found.column(0, integer_value), [Some(1), None]);
    let [one] = &found.rejected[..] else {
        panic!("{:?}", found.rejected);
    };
    assert_eq!(
        one.reason,
        "of type Utf8, in which its path does not lead on"
    );
    assert_eq!(one.path.as_deref(), Some("v.x"));
}

#[test]
fn a_union_without_a_branch_that_converts_stops_the_run_over_an_object() {
    let schema = record(
        "R",
        json!([{"name": "v", "type": ["null", "string", "boolean"]}]),
    );
    let values = [json!({"v": {"boolean": true}})];
    let wanted = projection(vec![input("v", Kind::Int64)]);
    let error = read_container(&wanted, &object_of(&schema, &values)).unwrap_err();
    assert!(matches!(error, DecodeError::ColumnType(_)));
    insta::assert_snapshot!(error, @"column `v` of `a.avro` is of type union of Utf8 and Boolean, which does not become int64");
}

#[test]
fn unions_within_records_that_may_be_null() {
    let deep = record("Deep", json!([{"name": "u", "type": ["long", "string"]}]));
    let other = record("Other", json!([{"name": "u", "type": "boolean"}]));
    let inner = record(
        "Inner",
        json!([{"name": "d", "type": ["null", deep, other]}]),
    );
    let schema = record("R", json!([{"name": "v", "type": ["null", inner]}]));
    let values = [
        json!({"v": {"Inner": {"d": {"Deep": {"u": {"long": 5}}}}}}),
        json!({"v": null}),
        json!({"v": {"Inner": {"d": {"Other": {"u": true}}}}}),
        json!({"v": {"Inner": {"d": null}}}),
        json!({"v": {"Inner": {"d": {"Deep": {"u": {"string": "s"}}}}}}),
    ];
    let lines = [
        r#"{"v":{"d":{"u":5}}}"#,
        r#"{"v":null}"#,
        r#"{"v":{"d":{"u":true}}}"#,
        r#"{"v":{"d":null}}"#,
        r#"{"v":{"d":{"u":"s"}}}"#,
    ];
    let wanted = projection(vec![
        input("v.d.u", Kind::Json),
        input("v.d", Kind::Json),
        input("v", Kind::Json),
    ]);
    assert_as_json(&wanted, &schema, &values, &lines);
}

#[test]
fn branches_of_like_types_are_told_apart() {
    let pair = |name: &str| record(name, json!([{"name": "x", "type": "long"}]));
    let schema = record(
        "R",
        json!([
            {"name": "unwanted", "type": "string"},
            {"name": "n", "type": ["long", "int", "double", "float"]},
            {"name": "b", "type": ["bytes", "string"]},
            {"name": "r", "type": [pair("A"), pair("B"), {"type": "map", "values": "long"}]},
        ]),
    );
    let values = [
        json!({"unwanted": "", "n": {"int": 1}, "b": {"string": "s"}, "r": {"B": {"x": 1}}}),
        json!({"unwanted": "", "n": {"long": 2}, "b": {"bytes": "AP8="}, "r": {"A": {"x": 2}}}),
        json!({"unwanted": "", "n": {"float": 0.5}, "b": {"string": "t"}, "r": {"map": {"x": 3, "y": 4}}}),
        json!({"unwanted": "", "n": {"double": 0.1}, "b": {"string": ""}, "r": {"map": {"y": 4}}}),
    ];
    let lines = [
        r#"{"n":1,"b":"s","r":{"x":1}}"#,
        r#"{"n":2,"b":"AP8=","r":{"x":2}}"#,
        r#"{"n":0.5,"b":"t","r":{"x":3,"y":4}}"#,
        r#"{"n":0.1,"b":"","r":{"y":4}}"#,
    ];
    let wanted = projection(vec![
        input("n", Kind::Json),
        input("n", Kind::Float64),
        input("b", Kind::Json),
        input("r", Kind::Json),
        input("r.x", Kind::Int64),
    ]);
    assert_as_json(&wanted, &schema, &values, &lines);
}

#[test]
fn a_union_of_numbers_and_times_becomes_a_time() {
    let at = json!({"type": "long", "logicalType": "timestamp-micros"});
    let schema = record("R", json!([{"name": "v", "type": ["null", "int", at]}]));
    let values = [
        json!({"v": {"int": 1500}}),
        json!({"v": {"long": 1_500_001}}),
    ];
    let wanted = projection(vec![Input {
        encoding: Encoding::EpochMilliseconds,
        ..input("v", Kind::Timestamp)
    }]);
    let lines = [r#"{"v":1500}"#, r#"{"v":1500.001}"#];
    assert_as_json(&wanted, &schema, &values, &lines);
}

#[test]
fn a_path_leads_into_maps_by_their_keys() {
    let more = json!({"type": "map", "values": ["null", "long", "string"]});
    let schema = record(
        "R",
        json!([
            {"name": "m", "type": {"type": "map", "values": "long"}},
            {"name": "more", "type": ["null", more]},
        ]),
    );
    let values = [
        json!({"m": {"a": 1, "b": 2}, "more": {"map": {"k": {"string": "s"}}}}),
        json!({"m": {}, "more": null}),
        json!({"m": {"b": 3}, "more": {"map": {"k": {"long": 7}, "l": null}}}),
    ];
    let lines = [
        r#"{"m":{"a":1,"b":2},"more":{"k":"s"}}"#,
        r#"{"m":{},"more":null}"#,
        r#"{"m":{"b":3},"more":{"k":7,"l":null}}"#,
    ];
    let wanted = projection(vec![
        input("m.b", Kind::Int64),
        input("m.a", Kind::Int64),
        input("more.k", Kind::Json),
        input("more.l", Kind::Utf8),
    ]);
    assert_as_json(&wanted, &schema, &values, &lines);
}

#[test]
fn a_schema_that_is_a_union_of_records_has_the_fields_of_them_all() {
    let view = record("View", json!([{"name": "page", "type": "string"}]));
    let other = record(
        "Other",
        json!([{"name": "page", "type": ["null", "string"]}, {"name": "n", "type": "int"}]),
    );
    let schema = json!([view, other]);
    let values = [
        json!({"View": {"page": "/a"}}),
        json!({"Other": {"page": null, "n": 5}}),
        json!({"Other": {"page": {"string": "/c"}, "n": 6}}),
    ];
    let lines = [
        r#"{"page":"/a"}"#,
        r#"{"page":null,"n":5}"#,
        r#"{"page":"/c","n":6}"#,
    ];
    let wanted = projection(vec![input("page", Kind::Utf8), input("n", Kind::Int64)]);
    assert_as_json(&wanted, &schema, &values, &lines);
    let found = as_messages(&wanted, &schema, &values);
    let pages = [Some("/a".to_owned()), None, Some("/c".to_owned())];
    assert_eq!(found.column(0, text_value), pages);
}
