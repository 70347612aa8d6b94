//! Paths that lead into maps.

use std::sync::Arc;

use arrow_array::builder::{Int64Builder, MapBuilder, StringBuilder};
use arrow_array::*;
use arrow_schema::{DataType, Field, Fields};
use parquet::file::properties::WriterProperties;

use super::support::{read, written};
use crate::decode::DecodeOptions;
use crate::decode::columnar::tests::assert_alike;
use crate::decode::tests::support::{input, projection};
use crate::schema::Kind;

#[test]
fn a_key_of_a_map_is_a_member() {
    let mut maps = MapBuilder::new(None, StringBuilder::new(), Int64Builder::new());
    for entries in [
        &[("a", Some(1)), ("b", None)][..],
        &[],
        &[("b", Some(2)), ("b", Some(3))],
    ] {
        for (key, value) in entries {
            maps.keys().append_value(key);
            maps.values().append_option(*value);
        }
        maps.append(true).unwrap();
    }
    maps.append(false).unwrap();
    let maps: ArrayRef = Arc::new(maps.finish());
    let fields: Fields = vec![Field::new("m", maps.data_type().clone(), true)].into();
    let valid = vec![true, true, true, false].into();
    let inner = StructArray::new(fields, vec![maps], Some(valid));
    let other = StringArray::from(vec!["x"; 4]);
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("n", Arc::new(inner) as ArrayRef, true),
        ("other", Arc::new(other), true),
    ]);
    let batch = batch.unwrap();
    assert!(matches!(batch.column(0).data_type(), DataType::Struct(_)));
    let content = written(&[batch], WriterProperties::default());
    let wanted = projection(vec![
        input("n.m.b", Kind::Int64),
        input("n.m.a", Kind::Json),
        input("n.m.c", Kind::Int64),
    ]);
    let found = read(&wanted, &DecodeOptions::default(), &content).unwrap();
    let lines = concat!(
        r#"{"n":{"m":{"a":1,"b":null}}}"#,
        "\n",
        r#"{"n":{"m":{}}}"#,
        "\n",
        r#"{"n":{"m":{"b":2}}}"#,
        "\n",
        r#"{"n":null}"#,
    );
    assert_alike(&wanted, &found, lines);
}
