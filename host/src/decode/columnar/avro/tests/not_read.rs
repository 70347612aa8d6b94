//! Objects and schemas that are valid but cannot be read: the situation is named, and what can be done.

use serde_json::{Value, json};

use super::encode::{container_by, message, object_of};
use super::messages::{chunk, decoded, options, registered};
use super::read_container;
use crate::decode::Projection;
use crate::decode::tests::support::{input, projection};
use crate::error::Coded;
use crate::schema::Kind;

fn wanted() -> Projection {
    projection(vec![input("page", Kind::Utf8)])
}

fn record(of: Value) -> Value {
    json!({"type": "record", "name": "R", "fields": [{"name": "page", "type": of}]})
}

#[test]
fn a_schema_without_members() {
    let schema = json!({"type": "array", "items": "string"});
    let object = object_of(&schema, &[json!(["a"])]);
    let error = read_container(&wanted(), &object).unwrap_err();
    assert_eq!(error.code().number, 355);
    insta::assert_snapshot!(error, @"`a.avro` is Avro that cannot be read: its schema is of kind `array` instead of a record, so that it has no columns");
    let schemas = registered(&[json!("string")]);
    let values = chunk([Some(message(1, &json!("string"), &json!("a")))]);
    let found = decoded(&wanted(), &schemas, &options(10), [values]);
    let reason = &found.rejected[0].reason;
    insta::assert_snapshot!(reason, @"schema 1 is unusable: its schema is of kind `string` instead of a record, so that it has no columns");
}

#[test]
fn a_codec() {
    let object = container_by("xz", &record(json!("string")), 1, b"whatever");
    let error = read_container(&wanted(), &object).unwrap_err();
    insta::assert_snapshot!(error, @"`a.avro` is Avro that cannot be read: its blocks are compressed with `xz`. Write it anew with deflate, snappy, zstandard or bzip2");
}

#[test]
fn a_decimal_of_too_many_digits() {
    let decimal = json!({"type": "bytes", "logicalType": "decimal", "precision": 100, "scale": 2});
    let object = object_of(&record(decimal), &[]);
    let error = read_container(&wanted(), &object).unwrap_err();
    insta::assert_snapshot!(error, @"`a.avro` is Avro that cannot be read: it has a decimal of 100 digits, and decimals are read up to 76 digits and 32 bytes");
}

#[test]
fn logical_types_that_do_not_fit_are_left_out() {
    for of in [
        json!({"type": "bytes", "logicalType": "decimal", "precision": 2, "scale": 3}),
        json!({"type": "bytes", "logicalType": "decimal", "precision": 0}),
        json!({"type": "fixed", "name": "F", "size": 3, "logicalType": "uuid"}),
        json!({"type": "fixed", "name": "F", "size": 3, "logicalType": "duration"}),
        json!({"type": "fixed", "name": "F", "size": 3, "logicalType": "decimal", "precision": 9}),
        json!({"type": "bytes", "logicalType": "date"}),
    ] {
        let object = object_of(&record(of), &[json!({"page": "YWJj"})]);
        let found = read_container(&wanted(), &object).unwrap();
        let pages = arrow_array::cast::AsArray::as_string::<i32>(found[0].batch.column(0));
        assert_eq!(pages.value(0), "abc");
    }
}
