//! Any records give the same as Avro messages and as JSON messages, and any bytes give one answer a message.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::encode::message;
use super::messages::{chunk, decoded, options};
use crate::decode::tests::support::{Decoded, input, projection, run};
use crate::decode::{DecodeOptions, Decoding, EventRange, Projection, Schemas};
use crate::schema::{Condition, Encoding, Input, Kind, Origin};

/// A record: with all fields, or without some by an older schema, or a tombstone.
#[derive(Clone, Debug)]
struct Row {
    id: i64,
    at_ms: Option<i64>,
    kind: Option<String>,
    price: Option<f64>,
    country: Option<String>,
    schema: u32,
}

fn row() -> impl Strategy<Value = Row> {
    let ids = prop_oneof![3 => 0..100i64, 1 => any::<i64>()];
    let times = prop_oneof![4 => 0..100i64, 1 => any::<i64>()];
    let kinds = prop_oneof![Just("view".to_owned()), Just("click".to_owned()), ".{0,3}"];
    (
        ids,
        proptest::option::weighted(0.9, times),
        proptest::option::weighted(0.9, kinds),
        proptest::option::of(-1e6..1e6),
        proptest::option::of("[a-z\\\\\"\u{e9}]{0,4}"),
        0..3u32,
    )
        .prop_map(|(id, at_ms, kind, price, country, schema)| Row {
            id,
            at_ms,
            kind,
            price,
            country,
            schema,
        })
}

/// Schema 1 has all fields, 2 has few and in another order.
fn schema(id: u32) -> Value {
    let geo = json!({"type": "record", "name": "Geo", "fields": [
        {"name": "country", "type": ["null", "string"]},
    ]});
    let all = json!([
        {"name": "id", "type": "long"},
        {"name": "at", "type": ["null", "long"]},
        {"name": "kind", "type": ["string", "null"]},
        {"name": "unwanted", "type": {"type": "array", "items": "double"}},
        {"name": "price", "type": ["null", "double"]},
        {"name": "geo", "type": geo},
    ]);
    let few = json!([
        {"name": "kind", "type": ["null", "string"]},
        {"name": "at", "type": ["null", "long"]},
        {"name": "id", "type": "long"},
    ]);
    let fields = if id == 1 { all } else { few };
    json!({"type": "record", "name": "Event", "fields": fields})
}

fn branch(name: &str, value: Option<impl Into<Value>>) -> Value {
    value.map_or(Value::Null, |value| json!({name: value.into()}))
}

fn avro(row: &Row) -> Option<Vec<u8>> {
    let value = json!({
        "id": row.id,
        "at": branch("long", row.at_ms),
        "kind": branch("string", row.kind.clone()),
        "price": branch("double", row.price),
        "unwanted": [1.5, 2.5],
        "geo": {"country": branch("string", row.country.clone())},
    });
    (row.schema > 0).then(|| message(row.schema, &schema(row.schema), &value))
}

fn text(row: &Row) -> Option<Vec<u8>> {
    let mut value = json!({"id": row.id, "at": row.at_ms, "kind": row.kind});
    if row.schema == 1 {
        value["price"] = row.price.into();
        value["geo"] = json!({"country": row.country});
    }
    (row.schema > 0).then(|| value.to_string().into_bytes())
}

fn wanted() -> impl Strategy<Value = Projection> {
    let bound = proptest::option::of(-10..120i64);
    let settings = (any::<[bool; 6]>(), any::<bool>(), any::<[bool; 2]>());
    (settings, bound.clone(), bound).prop_map(|((nullable, by_record, only), from, until)| {
        let mut inputs = vec![
            input("id", Kind::Int64),
            Input {
                encoding: Encoding::EpochMilliseconds,
                ..input("at", Kind::Timestamp)
            },
            input("geo.country", Kind::Utf8),
            input("price", Kind::Float64),
            input("geo", Kind::Json),
            Input {
                origin: Origin::Offset,
                ..input("offset", Kind::Int64)
            },
        ];
        for (input, nullable) in inputs.iter_mut().zip(nullable) {
            input.nullable = nullable;
        }
        let mut projection = projection(inputs);
        projection.event_time = (!by_record).then_some(1);
        projection.cut_by_record_time = by_record;
        let unit_us = if by_record { 100_000 } else { 1000 };
        projection.range = EventRange {
            from_us: from.map(|bound| bound * unit_us),
            until_us: until.map(|bound| bound * unit_us),
        };
        let conditions = [("kind", "view"), ("id", "7")].into_iter().zip(only);
        projection.only = conditions
            .filter(|(_, is_wanted)| *is_wanted)
            .map(|((path, value), _)| Condition {
                path: path.to_owned(),
                any_of: vec![value.to_owned(), "click".to_owned()],
            })
            .collect();
        projection
    })
}

/// What does not depend on how records are written.
fn essence(mut found: Decoded) -> impl PartialEq + std::fmt::Debug {
    found.counts.stored_bytes = 0;
    found.counts.decoded_bytes = 0;
    let rows: Vec<_> = found.rows.iter().map(|(offset, ..)| *offset).collect();
    let rejected = found.rejected.into_iter();
    let rejected: Vec<_> = rejected
        .map(|one| (one.position, one.path, one.reason))
        .collect();
    let batches = found
        .batches
        .into_iter()
        .filter(|batch| batch.num_rows() > 0);
    (batches.collect::<Vec<_>>(), rows, rejected, found.counts)
}

fn schemas() -> Schemas {
    let schemas = Schemas::default();
    for id in [1, 2] {
        schemas.insert(id, schema(id).to_string());
    }
    schemas
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn avro_messages_give_what_json_messages_give(
        rows in proptest::collection::vec(row(), 0..20),
        wanted in wanted(),
    ) {
        let found = decoded(&wanted, &schemas(), &options(8192), [chunk(rows.iter().map(avro))]);
        let mut of_text = Decoding::new(wanted, &DecodeOptions::default()).unwrap();
        let expected = run(&mut of_text, [chunk(rows.iter().map(text))]).unwrap();
        prop_assert_eq!(essence(found), essence(expected));
    }

    /// Good messages of which bytes are changed, cut off or added: each is an event or a rejection, and those that were
    /// left alone are what they were.
    #[test]
    fn damage_is_contained(
        rows in proptest::collection::vec(row(), 1..20),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()), 0..6),
        batch_rows in 1..30u32,
    ) {
        let wanted = projection(vec![
            input("id", Kind::Int64),
            input("kind", Kind::Utf8),
            input("geo", Kind::Json),
        ]);
        let sound: Vec<_> = rows.iter().map(avro).collect();
        let mut values = sound.clone();
        for (which, place, how) in damage {
            let Some(value) = which.get_mut(&mut values[..]) else { continue };
            if value.is_empty() { continue }
            let at = place.index(value.len());
            match how % 3 {
                0 => value[at] ^= how | 1,
                1 => value.truncate(at),
                _ => value.insert(at, how),
            }
        }
        let whole = decoded(&wanted, &schemas(), &options(8192), [chunk(sound.clone())]);
        let found = decoded(&wanted, &schemas(), &options(batch_rows), [chunk(values.clone())]);
        prop_assert_eq!(found.counts.records, values.len() as u64);
        let row = |decoded: &Decoded, offset: usize| {
            let mut rows = decoded.rows.iter();
            let at = rows.position(|(found, ..)| *found == 100 + offset as i64)?;
            let (mut at, mut batches) = (at, decoded.batches.iter());
            batches.find_map(|batch| {
                let found = (at < batch.num_rows()).then(|| batch.slice(at, 1));
                at = at.wrapping_sub(batch.num_rows());
                found
            })
        };
        for (at, (value, sound)) in values.iter().zip(&sound).enumerate() {
            let expected = row(&whole, at);
            prop_assert!(expected.is_some());
            if value == sound {
                prop_assert_eq!(row(&found, at), expected);
            }
        }
    }
}
