//! Schemas whose types contain themselves: paths that end are read, and other ones are named.

use serde_json::{Value, json};

use super::encode::{container, datum, message, object_of};
use super::messages::{chunk, decoded, options, registered};
use super::read_container;
use crate::decode::columnar::tests::assert_alike;
use crate::decode::tests::support::{Decoded, decode, input, integer_value, projection};
use crate::decode::{DecodeError, Projection};
use crate::error::Coded;
use crate::schema::{Condition, Kind};

/// A tree, the names of its parts in other places than the wanted ones, and everything that can nest.
fn tree() -> Value {
    json!({"type": "record", "name": "Node", "namespace": "org.example", "fields": [
        {"name": "children", "type": {"type": "array", "items": "Node"}},
        {"name": "by_name", "type": {"type": "map", "values": "org.example.Node"}},
        {"name": "value", "type": "long"},
        {"name": "left", "type": ["null", "Node"]},
        {"name": "other", "type": ["null", "string", {"type": "array", "items": "Node"}, "Node"]},
        {"name": "raw", "type": {"type": "array", "items": "null"}},
        {"name": "tag", "type": ["null", "string"]},
    ]})
}

fn leaf(value: i64) -> Value {
    json!({"children": [], "by_name": {}, "value": value, "left": null, "other": null, "raw": [], "tag": null})
}

fn with(mut node: Value, name: &str, value: Value) -> Value {
    node[name] = value;
    node
}

fn trees() -> [Value; 4] {
    let inner = with(leaf(11), "tag", json!({"string": "inner"}));
    let of_left = with(leaf(1), "left", json!({"Node": inner}));
    let wide = with(leaf(2), "children", json!([leaf(20), of_left]));
    let named = json!({"a": leaf(30), "b": with(leaf(31), "left", json!({"Node": leaf(32)}))});
    [
        with(of_left.clone(), "children", json!([leaf(5)])),
        with(wide.clone(), "other", json!({"Node": leaf(7)})),
        with(
            with(leaf(3), "by_name", named),
            "other",
            json!({"string": "s"}),
        ),
        with(
            with(leaf(4), "raw", json!([null, null])),
            "other",
            json!({"array": [wide]}),
        ),
    ]
}

fn as_messages(wanted: &Projection, schema: &Value, values: &[Value]) -> Decoded {
    let schemas = registered(std::slice::from_ref(schema));
    let values = values.iter().map(|value| Some(message(1, schema, value)));
    decoded(wanted, &schemas, &options(10), [chunk(values)])
}

#[test]
fn paths_that_end_are_read() {
    let lines = [
        r#"{"value":1,"left":{"value":11,"tag":"inner","left":null}}"#,
        r#"{"value":2}"#,
        r#"{"value":3,"by_name":{"b":{"value":31,"left":{"value":32}}}}"#,
        r#"{"value":4,"raw":[null,null]}"#,
    ]
    .join("\n");
    let mut wanted = projection(vec![
        input("value", Kind::Int64),
        input("left.value", Kind::Int64),
        input("left.tag", Kind::Utf8),
        input("left.left.value", Kind::Int64),
        input("by_name.b.value", Kind::Int64),
        input("by_name.b.left.value", Kind::Int64),
        input("children.value", Kind::Int64),
    ]);
    let content = object_of(&tree(), &trees());
    for only in [None, Some("11")] {
        let condition = |value: &str| Condition {
            path: "left.value".into(),
            any_of: vec![value.into()],
        };
        wanted.only = only.map(condition).into_iter().collect();
        let found = read_container(&wanted, &content).unwrap();
        assert_alike(&wanted, &found, &lines);
        let found = as_messages(&wanted, &tree(), &trees());
        assert_eq!(found.batches, decode(wanted.clone(), &lines).batches);
    }
}

#[test]
fn a_branch_that_contains_itself_is_in_the_way_of_a_path() {
    let wanted = projection(vec![
        input("value", Kind::Int64),
        input("other.value", Kind::Int64),
    ]);
    let found = as_messages(&wanted, &tree(), &trees());
    assert_eq!(found.column(0, integer_value), [Some(1), Some(2)]);
    assert_eq!(found.column(1, integer_value), [None, Some(7)]);
    let reasons: Vec<_> = found.rejected.iter().map(|one| &one.reason[..12]).collect();
    assert_eq!(reasons, ["of type Utf8", "of type List"]);
}

#[test]
fn nothing_at_all_may_be_wanted() {
    for path in ["nothing", "left.nothing"] {
        let wanted = projection(vec![input(path, Kind::Int64)]);
        let found = read_container(&wanted, &object_of(&tree(), &trees())).unwrap();
        let rows: usize = found.iter().map(|events| events.batch.num_rows()).sum();
        assert_eq!(rows, 4);
    }
}

#[test]
fn a_recursive_type_as_a_whole_is_named_with_a_path_that_ends() {
    let wanted = projection(vec![input("left", Kind::Json)]);
    let error = read_container(&wanted, &object_of(&tree(), &trees())).unwrap_err();
    assert_eq!(error.code().number, 355);
    insta::assert_snapshot!(error, @"`a.avro` is Avro that cannot be read: its column `left` has a recursive type, of which no column can be made as a whole. Let the component read paths that end within it, such as `left.value`");
    let found = as_messages(&wanted, &tree(), &trees());
    assert_eq!(found.rejected.len(), 4);
    assert!(found.rejected[0].reason.contains("such as `left.value`"));
}

#[test]
fn values_may_nest_far_deeper_than_a_stack() {
    let schema = json!({"type": "record", "name": "Link", "fields": [
        {"name": "next", "type": ["null", "Link"]},
        {"name": "n", "type": "long"},
    ]});
    let wanted = projection(vec![input("n", Kind::Int64)]);
    let chain = |links: usize| [vec![2; links], vec![0], vec![6; links + 1]].concat();
    let found = read_container(&wanted, &container(&schema, 1, &chain(500_000))).unwrap();
    assert_alike(&wanted, &found, r#"{"n":3}"#);
    let error = read_container(&wanted, &container(&schema, 1, &chain(2_000_000))).unwrap_err();
    assert!(error.to_string().contains("nest deeper"), "{error}");
}

#[test]
fn damage_is_told() {
    let wanted = projection(vec![
        input("value", Kind::Int64),
        input("left.value", Kind::Int64),
    ]);
    let whole: Vec<_> = trees()
        .iter()
        .flat_map(|value| datum(&tree(), value))
        .collect();
    assert!(read_container(&wanted, &container(&tree(), 4, &whole)).is_ok());
    for cut in 0..whole.len() {
        let error = read_container(&wanted, &container(&tree(), 4, &whole[..cut])).unwrap_err();
        assert!(
            matches!(error, DecodeError::Damaged { .. }),
            "{cut}: {error}"
        );
    }
    let longer = [&whole[..], &[0]].concat();
    let error = read_container(&wanted, &container(&tree(), 4, &longer)).unwrap_err();
    assert!(error.to_string().contains("do not fill it"), "{error}");
    let mut schemas = registered(&[tree()]);
    let value = [message(1, &tree(), &trees()[0]), vec![0]].concat();
    let found = decoded(&wanted, &schemas, &options(10), [chunk([Some(value)])]);
    assert!(found.rejected[0].reason.ends_with("1 bytes follow it"));
    schemas = registered(&[
        json!({"type": "record", "name": "R", "fields": [{"name": "r", "type": "R"}]}),
    ]);
    let found = decoded(
        &wanted,
        &schemas,
        &options(10),
        [chunk([Some(vec![0, 0, 0, 0, 1])])],
    );
    insta::assert_snapshot!(found.rejected[0].reason, @"schema 1 is unusable: a record always contains itself, so that no value has an end");
}
