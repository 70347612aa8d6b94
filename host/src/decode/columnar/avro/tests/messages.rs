//! Avro messages of a log, good and bad, by schemas of several versions.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::{Value, json};

use super::encode::{datum, message};
use crate::decode::tests::support::{Decoded, input, integer_value, projection, run, text_value};
use crate::decode::{DecodeOptions, Decoding, Format, Position, Projection, Provenance, Schemas};
use crate::schema::{Condition, Kind};
use crate::source::{Chunk, Message, Messages};

pub(in crate::decode::columnar) fn options(batch_rows: u32) -> DecodeOptions {
    DecodeOptions {
        format: Format::Avro,
        batch_rows,
        ..DecodeOptions::default()
    }
}

/// Messages of these values, from offset 100 on, a second each.
pub(in crate::decode::columnar) fn chunk(
    values: impl IntoIterator<Item = Option<Vec<u8>>>,
) -> Chunk {
    let list = values.into_iter().enumerate().map(|(at, value)| Message {
        offset: 100 + at as i64,
        time_us: Some(at as i64 * 1_000_000),
        key: None,
        headers: Vec::new(),
        value: value.map(Bytes::from),
    });
    Chunk::Messages(Messages::new("clicks".into(), Some(3), list))
}

pub(in crate::decode::columnar) fn decoded(
    wanted: &Projection,
    schemas: &Schemas,
    options: &DecodeOptions,
    chunks: impl IntoIterator<Item = Chunk>,
) -> Decoded {
    let decoding = Decoding::new(wanted.clone(), options).unwrap();
    run(&mut decoding.with_schemas(Some(schemas.clone())), chunks).unwrap()
}

fn record(name: &str, fields: Value) -> Value {
    json!({"type": "record", "name": name, "namespace": "org.example", "fields": fields})
}

/// Three versions of a record: with a field, with one more of which there is a default, with the first one removed and
/// the others in another order.
pub(super) fn versions() -> [Value; 3] {
    [
        record(
            "Click",
            json!([{"name": "id", "type": "long"}, {"name": "old", "type": "string"}]),
        ),
        record(
            "Click",
            json!([
                {"name": "id", "type": "long"},
                {"name": "old", "type": "string"},
                {"name": "page", "type": "string", "default": "none"},
            ]),
        ),
        record(
            "Click",
            json!([
                {"name": "page", "type": ["null", "string"], "default": null},
                {"name": "id", "type": "int"},
            ]),
        ),
    ]
}

pub(in crate::decode::columnar) fn registered(schemas: &[Value]) -> Schemas {
    let known = Schemas::default();
    for (id, schema) in (1..).zip(schemas) {
        known.insert(id, schema.to_string());
    }
    known
}

fn ids_and_pages(found: &Decoded) -> Vec<(Option<i64>, Option<String>)> {
    let ids = found.column(0, integer_value);
    ids.into_iter().zip(found.column(1, text_value)).collect()
}

pub(super) fn id_and_page() -> Projection {
    projection(vec![input("id", Kind::Int64), input("page", Kind::Utf8)])
}

#[test]
fn each_message_is_read_by_the_version_of_its_schema() {
    let versions = versions();
    let [one, two, three] = &versions;
    let values = [
        message(1, one, &json!({"id": 1, "old": "x"})),
        message(2, two, &json!({"id": 2, "old": "x", "page": "/a"})),
        message(2, two, &json!({"id": 3, "old": "x", "page": "/b"})),
        message(3, three, &json!({"page": {"string": "/c"}, "id": 4})),
        message(3, three, &json!({"page": null, "id": 5})),
        message(1, one, &json!({"id": 6, "old": ""})),
    ];
    let text = |page: &str| Some(page.to_owned());
    for batch_rows in [1, 2, 8192] {
        let chunk = chunk(values.iter().cloned().map(Some));
        let schemas = registered(&versions);
        let found = decoded(&id_and_page(), &schemas, &options(batch_rows), [chunk]);
        let expected = [None, text("/a"), text("/b"), text("/c"), None, None];
        let expected: Vec<_> = (1..).map(Some).zip(expected).collect();
        assert_eq!(ids_and_pages(&found), expected);
        let rows = (100..).zip(&values);
        let rows = rows.map(|(offset, value)| (offset, None, value.clone()));
        assert_eq!(found.rows, rows.collect::<Vec<_>>());
        let size: usize = values.iter().map(Vec::len).sum();
        assert_eq!(found.counts.stored_bytes, size as u64);
    }
}

#[test]
fn a_wanted_field_may_be_of_a_type_that_an_unwanted_one_defines() {
    let place =
        json!({"type": "record", "name": "Place", "fields": [{"name": "city", "type": "string"}]});
    let schema = record(
        "Trip",
        json!([{"name": "from", "type": place}, {"name": "to", "type": "Place"}]),
    );
    let value = message(
        1,
        &schema,
        &json!({"from": {"city": "a"}, "to": {"city": "b"}}),
    );
    let wanted = projection(vec![input("to.city", Kind::Utf8)]);
    let found = decoded(
        &wanted,
        &registered(&[schema]),
        &options(10),
        [chunk([Some(value)])],
    );
    assert_eq!(found.column(0, text_value), [Some("b".to_owned())]);
}

/// A message of schema 2.
fn sound_message(schema: &Value, id: i64) -> Vec<u8> {
    message(2, schema, &json!({"id": id, "old": "x", "page": "/a"}))
}

/// Messages that are not of schema 2, and how the reason of each begins.
fn bad_messages(schema: &Value) -> [(Vec<u8>, &'static str); 10] {
    let with_datum = |id: u32, datum: &[u8]| {
        let mut value = vec![0];
        value.extend(id.to_be_bytes());
        value.extend_from_slice(datum);
        value
    };
    let sound = datum(schema, &json!({"id": 1, "old": "x", "page": "/a"}));
    let mut not_text = sound_message(schema, 1);
    *not_text.last_mut().unwrap() = 0xff;
    [
        (
            vec![],
            "too short for Avro with the ID of its schema in front",
        ),
        (
            vec![0, 0, 0, 1],
            "too short for Avro with the ID of its schema in front",
        ),
        (
            b"{\"id\": 1}".to_vec(),
            "it does not begin with a zero byte and the ID of a schema",
        ),
        (with_datum(9, &sound), "schema 9 is not known"),
        (with_datum(7, &sound), "there is no schema 7"),
        (
            with_datum(2, b""),
            "not a record of schema 2: Parser error: bad varint",
        ),
        (
            with_datum(2, &sound[..sound.len() - 1]),
            "not a record of schema 2: EOF: Unexpected EOF reading bytes",
        ),
        (
            with_datum(2, &[&sound[..], b"!!"].concat()),
            "not a record of schema 2: 2 bytes follow it",
        ),
        (with_datum(8, &sound), "schema 8 is unusable: "),
        (not_text, "not a record of schema 2: "),
    ]
}

#[test]
fn a_bad_message_costs_itself_alone() {
    let versions = versions();
    let schema = &versions[1];
    let good = |id: i64| sound_message(schema, id);
    let bad = bad_messages(schema);
    let schemas = registered(&versions);
    schemas.refuse(7, "there is no schema 7");
    schemas.insert(8, "{\"type\": \"record\"");
    // Each between good ones, then all in a row.
    let mut values: Vec<_> = bad
        .iter()
        .flat_map(|(bad, _)| [good(1), good(2), bad.clone(), good(3)])
        .collect();
    values.extend(bad.iter().map(|(bad, _)| bad.clone()));
    values.push(good(4));
    for batch_rows in [1, 3, 8192] {
        let chunk = chunk(values.iter().cloned().map(Some));
        let found = decoded(&id_and_page(), &schemas, &options(batch_rows), [chunk]);
        let rejected = found.rejected.iter();
        let rejected: Vec<_> = rejected
            .map(|one| (one.bytes.as_ref().unwrap().to_vec(), &one.reason))
            .collect();
        let expected = bad.iter().chain(&bad);
        assert_eq!(rejected.len(), 20);
        for ((bytes, reason), (bad, why)) in rejected.into_iter().zip(expected) {
            assert!(reason.starts_with(why), "{reason}");
            assert_eq!(bytes, *bad, "{why}");
        }
        let ids = found.column(0, integer_value).into_iter().flatten();
        let again = [1, 2, 3].repeat(10).into_iter().chain([4]);
        assert!(ids.eq(again));
        let offsets: Vec<_> = found.rejected.iter().map(|one| &one.position).collect();
        let first = Position {
            source: "clicks".into(),
            partition: Some(3),
            offset: 102,
            byte: None,
        };
        assert_eq!(offsets[0], &first);
        assert_eq!(first.to_string(), "clicks/3@102");
        assert!(offsets.is_sorted_by_key(|position| position.offset));
    }
}

#[test]
fn a_message_that_is_too_long_is_refused_and_its_beginning_kept() {
    let versions = versions();
    let value = json!({"id": 1, "old": "x".repeat(100_000)});
    let value = message(1, &versions[0], &value);
    let options = DecodeOptions {
        max_record: crate::units::ByteSize(99_999),
        ..options(10)
    };
    let found = decoded(
        &id_and_page(),
        &registered(&versions),
        &options,
        [chunk([Some(value.clone())])],
    );
    let [rejected] = &found.rejected[..] else {
        panic!("{:?}", found.reasons());
    };
    assert_eq!(rejected.length_bytes, value.len() as u64);
    assert_eq!(rejected.bytes.as_deref(), Some(&value[..64 << 10]));
    assert!(rejected.reason.starts_with("longer than 99999 bytes"));
}

#[test]
fn logical_types_unions_and_nested_paths_are_read_as_those_of_objects() {
    let day = json!({"type": "int", "logicalType": "date"});
    let millis = json!({"type": "long", "logicalType": "timestamp-millis"});
    let micros = json!({"type": "long", "logicalType": "timestamp-micros"});
    let decimal = json!({"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2});
    let inner = json!({"type": "record", "name": "Inner", "fields": [
        {"name": "city", "type": ["null", "string"]},
        {"name": "at", "type": micros},
    ]});
    let schema = record(
        "All",
        json!([
            {"name": "day", "type": day},
            {"name": "at", "type": ["null", millis]},
            {"name": "price", "type": decimal},
            {"name": "geo", "type": ["null", inner]},
            {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["view", "click"]}},
            {"name": "tags", "type": {"type": "array", "items": "string"}},
            {"name": "more", "type": {"type": "map", "values": "int"}},
            {"name": "back", "type": ["string", "null"]},
        ]),
    );
    let values = [
        json!({"day": 1, "at": {"long": 1500}, "price": "AMg=", "geo": {"Inner": {"city": {"string": "x"}, "at": 7}},
            "kind": "click", "tags": ["a", "b"], "more": {"n": 1}, "back": {"string": "s"}}),
        json!({"day": 0, "at": null, "price": "/w==", "geo": null, "kind": "view", "tags": [], "more": {}, "back": null}),
    ];
    let wanted = projection(vec![
        input("day", Kind::Date),
        input("at", Kind::Timestamp),
        input("price", Kind::Utf8),
        input("geo.city", Kind::Utf8),
        input("geo.at", Kind::Timestamp),
        input("kind", Kind::Utf8),
        input("tags", Kind::Json),
        input("more", Kind::Json),
        input("back", Kind::Utf8),
    ]);
    let values = values.map(|value| Some(message(1, &schema, &value)));
    let found = decoded(
        &wanted,
        &registered(&[schema]),
        &options(10),
        [chunk(values)],
    );
    assert_eq!(found.reasons(), "");
    let lines = concat!(
        r#"{"day":"1970-01-02","at":"1970-01-01T00:00:01.5Z","price":"2.00","#,
        r#""geo":{"city":"x","at":"1970-01-01T00:00:00.000007Z"},"kind":"click","#,
        r#""tags":["a","b"],"more":{"n":1},"back":"s"}"#,
        "\n",
        r#"{"day":"1970-01-01","price":"-0.01","kind":"view","tags":[],"more":{}}"#,
    );
    let expected = crate::decode::tests::support::decode(wanted, lines);
    assert_eq!(found.batches, expected.batches);
}

#[test]
fn a_column_of_another_type_costs_the_wanted_records_alone() {
    let schema = record(
        "Other",
        json!([{"name": "kind", "type": "string"}, {"name": "id", "type": ["null", "string"]}]),
    );
    let value = |kind: &str, id: Value| Some(message(1, &schema, &json!({"kind": kind, "id": id})));
    let values = vec![
        value("a", json!({"string": "x"})),
        value("b", json!({"string": "x"})),
        value("a", json!(null)),
    ];
    let mut wanted = id_and_page();
    wanted.only = vec![Condition {
        path: "kind".into(),
        any_of: vec!["a".into()],
    }];
    let schemas = registered(std::slice::from_ref(&schema));
    let found = decoded(&wanted, &schemas, &options(10), [chunk(values)]);
    assert_eq!(
        found.reasons(),
        "100 10 id: of type Utf8, which does not become int64\n"
    );
    assert_eq!((found.counts.not_wanted, found.counts.events), (1, 1));
}

#[test]
fn bytes_are_forgotten_and_positions_are_not() {
    let versions = versions();
    let value = message(1, &versions[0], &json!({"id": 1, "old": "x"}));
    let decoding = Decoding::new(id_and_page(), &options(10)).unwrap();
    let mut decoding = decoding.with_schemas(Some(registered(&versions)));
    decoding.push(chunk([Some(value.clone())])).unwrap();
    assert!(decoding.next().unwrap().is_none());
    let events = decoding.finish().unwrap().unwrap();
    let mut provenance: Provenance = events.provenance;
    assert_eq!(provenance.bytes(0), Some(Cow::Borrowed(&value[..])));
    provenance.forget_bytes();
    assert_eq!(provenance.bytes(0), None);
    assert_eq!(provenance.position(0).to_string(), "clicks/3@100");
}

#[test]
fn without_schemas_messages_are_text_whatever_the_format_of_objects() {
    let text = b"{\"id\": 7}".to_vec();
    let mut decoding = Decoding::new(id_and_page(), &options(10)).unwrap();
    let found = run(&mut decoding, [chunk([Some(text)])]).unwrap();
    assert_eq!(found.column(0, integer_value), [Some(7)]);
}
