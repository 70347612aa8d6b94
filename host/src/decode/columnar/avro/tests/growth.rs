//! Values of few bytes that stand for very many: they are read within bounds, or refused.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::encode::{container as object, number};
use super::messages::{chunk, decoded, options, registered};
use super::read_container as read;
use crate::decode::DecodeError;
use crate::decode::tests::support::{input, projection};
use crate::error::Coded;
use crate::schema::Kind;

fn record(fields: Value) -> Value {
    json!({"type": "record", "name": "R", "fields": fields})
}

/// A record of an ID and arrays of arrays of nulls.
fn nested() -> Value {
    let inner = json!({"type": "array", "items": "null"});
    record(json!([
        {"name": "id", "type": "long"},
        {"name": "nothing", "type": {"type": "array", "items": inner}},
    ]))
}

/// Such a record, of `outer` arrays of `inner` nulls each.
fn nulls(id: i64, outer: i64, inner: i64) -> Vec<u8> {
    let one = [number(inner), number(0)].concat();
    [
        number(id),
        number(outer),
        one.repeat(outer as usize),
        number(0),
    ]
    .concat()
}

#[test]
fn arrays_of_nothing_do_not_hang_an_object() {
    let began = Instant::now();
    let few = object(&nested(), 2, &[nulls(1, 2, 3), nulls(2, 1, 1)].concat());
    let found = read(&projection(vec![input("id", Kind::Json)]), &few).unwrap();
    let rows: usize = found.iter().map(|events| events.batch.num_rows()).sum();
    assert_eq!(rows, 2);
    for wanted in ["id", "nothing"] {
        let wanted = projection(vec![input(wanted, Kind::Json)]);
        // Each array is below the library's own cap.
        let many = object(&nested(), 1, &nulls(1, 1_000, 2_000_000_000));
        let error = read(&wanted, &many).unwrap_err();
        assert!(matches!(error, DecodeError::Damaged { .. }), "{error}");
        assert!(
            error.to_string().contains("items that take no bytes"),
            "{error}"
        );
    }
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[test]
fn arrays_of_nothing_cost_a_message_alone() {
    let schema = nested();
    let value = |id, inner| {
        let datum = nulls(id, 2, inner);
        Some([&[0, 0, 0, 0, 1][..], &datum].concat())
    };
    let values = [value(1, 3), value(2, 2_000_000_000), value(3, 3)];
    let wanted = projection(vec![input("id", Kind::Int64)]);
    for batch_rows in [1, 8192] {
        let chunks = [chunk(values.clone())];
        let found = decoded(
            &wanted,
            &registered(std::slice::from_ref(&schema)),
            &options(batch_rows),
            chunks,
        );
        let ids = found.column(0, crate::decode::tests::support::integer_value);
        assert_eq!(ids, [Some(1), Some(3)]);
        assert_eq!(found.rejected.len(), 1);
        let reason = &found.rejected[0].reason;
        assert!(reason.contains("items that take no bytes"), "{reason}");
    }
}

#[test]
fn nulls_of_what_is_large_are_read_a_few_at_a_time() {
    let wide = json!({"type": "fixed", "name": "Wide", "size": 1_000_000});
    let schema = record(json!([{"name": "w", "type": ["null", wide]}]));
    let wanted = projection(vec![input("w", Kind::Binary)]);
    // 600 MB of zeros if they were all padded at once.
    let found = read(&wanted, &object(&schema, 600, &[0; 600])).unwrap();
    let rows: usize = found.iter().map(|events| events.batch.num_rows()).sum();
    assert_eq!(rows, 600);
    let huge = json!({"type": "fixed", "name": "Wide", "size": 2_000_000_000});
    let schema = record(json!([{"name": "w", "type": ["null", huge]}]));
    let error = read(&wanted, &object(&schema, 1, &[0])).unwrap_err();
    assert_eq!(error.code().number, 354, "{error}");
    assert!(
        error
            .to_string()
            .starts_with("block 1 of `a.avro`: a row may take"),
        "{error}"
    );
}

#[test]
fn long_symbols_are_written_out_in_parts() {
    let symbol = "s".repeat(100_000);
    let kind = json!({"type": "enum", "name": "E", "symbols": [symbol]});
    let schema = record(json!([{"name": "e", "type": kind}]));
    for kind in [Kind::Utf8, Kind::Json] {
        let wanted = projection(vec![input("e", kind)]);
        let found = read(&wanted, &object(&schema, 2_000, &[0; 2_000])).unwrap();
        let rows: usize = found.iter().map(|events| events.batch.num_rows()).sum();
        assert_eq!(rows, 2_000);
        for events in &found {
            assert!(events.batch.get_array_memory_size() <= 80 << 20);
        }
    }
}

#[test]
fn a_schema_that_grows_by_doubling_is_damage() {
    let doubled = (1..40).fold(
        json!({"type": "record", "name": "R0", "fields": []}),
        |of, at| {
            let before = format!("R{}", at - 1);
            json!({"type": "record", "name": format!("R{at}"), "fields": [
                {"name": "a", "type": of},
                {"name": "b", "type": before},
            ]})
        },
    );
    let wanted = projection(vec![input("a", Kind::Json)]);
    let error = read(&wanted, &object(&doubled, 0, &[])).unwrap_err();
    assert!(error.to_string().contains("written out"), "{error}");
}
