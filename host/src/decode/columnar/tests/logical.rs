//! Every logical type of Avro and Parquet, compared with the same value as JSON.

use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;
use serde_json::{Value, json};

use super::logical_types::{LogicalType, logical_types};
use super::physical::{Leaf, Physical, parquet_of};
use crate::decode::columnar::avro::tests::encode::{message, object_of};
use crate::decode::columnar::avro::tests::messages::{chunk, decoded, options, registered};
use crate::decode::columnar::avro::tests::read_container;
use crate::decode::columnar::parquet::tests::support::read;
use crate::decode::tests::support::{decode, input, projection};
use crate::decode::{DecodeError, DecodeOptions, Events, Projection};
use crate::schema::{Condition, Kind};

/// A value in a format: at the top as `v` and as `o`, which the second of two rows lacks, within a record as `n.v`, and
/// as the only item of the list `l`.
enum Encoded {
    Avro(Vec<u8>),
    Messages(Value, Vec<Value>),
    Parquet(bytes::Bytes),
}

impl Encoded {
    fn avro(schema: &Value, value: &Value) -> [Self; 2] {
        let inner =
            json!({"type": "record", "name": "Inner", "fields": [{"name": "v", "type": schema}]});
        let of = json!({"type": "record", "name": "R", "fields": [
            {"name": "v", "type": schema},
            {"name": "o", "type": ["null", schema]},
            {"name": "n", "type": inner},
            {"name": "l", "type": ["null", {"type": "array", "items": schema}]},
        ]});
        let names = [&schema["name"], &schema["type"], schema];
        let name = names.into_iter().find_map(Value::as_str).unwrap();
        let rows = [
            json!({"v": value, "o": {name: value}, "n": {"v": value}, "l": {"array": [value]}}),
            json!({"v": value, "o": null, "n": {"v": value}, "l": null}),
        ];
        [
            Encoded::Avro(object_of(&of, &rows)),
            Encoded::Messages(of, rows.to_vec()),
        ]
    }

    fn parquet(name: &str, value: &Physical) -> Self {
        let (physical, logical) = name.split_once(' ').unwrap_or((name, ""));
        let field =
            |repetition: &str, name: &str| format!("{repetition} {physical} {name} {logical};");
        let message = format!(
            "message m {{ {} {} required group n {{ {} }} \
             optional group l (LIST) {{ repeated group list {{ {} }} }} }}",
            field("required", "v"),
            field("optional", "o"),
            field("required", "v"),
            field("required", "element"),
        );
        let leaf = |values: usize, definition: [i16; 2]| Leaf {
            values: vec![value.clone(); values],
            definition: definition.to_vec(),
            repetition: vec![0, 0],
        };
        let leaves = [
            leaf(2, [0, 0]),
            leaf(1, [1, 0]),
            leaf(2, [0, 0]),
            leaf(1, [2, 0]),
        ];
        Encoded::Parquet(parquet_of(&message, &leaves))
    }

    fn read(&self, wanted: &Projection) -> Result<Vec<Events>, DecodeError> {
        match self {
            Encoded::Avro(object) => read_container(wanted, object),
            Encoded::Parquet(object) => read(wanted, &DecodeOptions::default(), object),
            Encoded::Messages(..) => panic!("messages are no object"),
        }
    }

    /// The events as one batch, and the number of rows that were rejected; the error if the type does not convert.
    fn batch(&self, wanted: &Projection) -> Result<(RecordBatch, u64), DecodeError> {
        let (batches, rejected) = match self {
            Encoded::Messages(schema, rows) => {
                let schemas = registered(std::slice::from_ref(schema));
                let rows = rows.iter().map(|row| Some(message(1, schema, row)));
                let found = decoded(wanted, &schemas, &options(10), [chunk(rows)]);
                (found.batches, found.counts.rejected)
            }
            _ => {
                let found = self.read(wanted)?;
                let rejected = found.iter().map(|events| events.counts.rejected).sum();
                let batches = found.into_iter().map(|events| events.batch);
                (batches.collect(), rejected)
            }
        };
        let schema = batches[0].schema();
        Ok((concat_batches(&schema, &batches).unwrap(), rejected))
    }
}

fn encoded(of: &LogicalType) -> Vec<Encoded> {
    let avro = of.avro.iter();
    let avro = avro.flat_map(|(schema, value)| Encoded::avro(schema, value));
    let parquet = of.parquet.iter();
    avro.chain(parquet.map(|(name, value)| Encoded::parquet(name, value)))
        .collect()
}

fn lines(json: &str) -> String {
    format!(
        "{{\"v\":{json},\"o\":{json},\"n\":{{\"v\":{json}}},\"l\":[{json}]}}\n\
         {{\"v\":{json},\"o\":null,\"n\":{{\"v\":{json}}},\"l\":null}}\n"
    )
}

fn from_json(wanted: &Projection, json: &str) -> (RecordBatch, u64) {
    let found = decode(wanted.clone(), lines(json));
    let schema = found.batches[0].schema();
    let batch = concat_batches(&schema, &found.batches).unwrap();
    (batch, found.counts.rejected)
}

#[test]
fn as_json_a_value_is_the_json_value() {
    let wanted = projection(
        ["v", "o", "n.v", "n", "l"]
            .map(|path| input(path, Kind::Json))
            .into(),
    );
    for of in logical_types() {
        let expected = from_json(&wanted, of.json);
        for (at, encoded) in encoded(&of).iter().enumerate() {
            assert_eq!(
                encoded.batch(&wanted).unwrap(),
                expected,
                "{} {at}",
                of.name
            );
        }
    }
}

#[test]
fn as_text_a_value_is_the_string_that_json_has() {
    let wanted = projection(["v", "o", "n.v"].map(|path| input(path, Kind::Utf8)).into());
    for of in logical_types() {
        let expected = of
            .text
            .map(|text| from_json(&wanted, &json!(text).to_string()));
        for (at, encoded) in encoded(&of).iter().enumerate() {
            let place = format!("{} {at}", of.name);
            match (encoded.batch(&wanted), &expected) {
                (Ok(found), Some(expected)) => assert_eq!(found, *expected, "{place}"),
                // Messages are rejected instead.
                (Ok((batch, 2)), None) => assert_eq!(batch.num_rows(), 0, "{place}"),
                (Err(DecodeError::ColumnType(_)), None) => {}
                (found, _) => panic!("{place}: {found:?}"),
            }
        }
    }
}

#[test]
fn a_condition_meets_the_text_that_json_has() {
    for of in logical_types() {
        let text = serde_json::from_str(of.json).unwrap_or(of.json.to_owned());
        for (any_of, meets) in [(text.as_str(), true), ("another", false)] {
            for path in ["v", "o", "n.v"] {
                let mut wanted = projection(vec![input("n", Kind::Json)]);
                wanted.only = vec![Condition {
                    path: path.into(),
                    any_of: vec![any_of.into()],
                }];
                let (expected, _) = from_json(&wanted, of.json);
                let is_scalar = !of.json.starts_with('{') && of.json != "null";
                assert_eq!(expected.num_rows() > 0, meets && is_scalar, "{}", of.name);
                for (at, encoded) in encoded(&of).iter().enumerate() {
                    let (found, _) = encoded.batch(&wanted).unwrap();
                    assert_eq!(found, expected, "{} {at} {path}", of.name);
                }
            }
        }
    }
}

#[test]
fn typed_inputs_take_the_values_that_they_take_from_json() {
    for of in logical_types() {
        for kind in [
            Kind::Boolean,
            Kind::Int64,
            Kind::Float64,
            Kind::Timestamp,
            Kind::Date,
        ] {
            let wanted = projection(vec![input("v", kind), input("o", kind)]);
            let fits = of.kinds.contains(&kind);
            let (expected, refused) = from_json(&wanted, of.utc.unwrap_or(of.json));
            let is_null = of.json == "null";
            assert_eq!(
                refused == 0,
                fits || is_null,
                "{} as {kind:?} from JSON",
                of.name
            );
            for (at, encoded) in encoded(&of).iter().enumerate() {
                let place = format!("{} {at} as {kind:?}", of.name);
                match encoded.batch(&wanted) {
                    Ok((found, refused)) => {
                        assert_eq!(refused == 0, fits || is_null, "{place}");
                        assert_eq!(found, expected, "{place}");
                    }
                    Err(DecodeError::ColumnType(_)) => assert!(!fits, "{place}"),
                    Err(error) => panic!("{place}: {error}"),
                }
            }
        }
    }
}

#[test]
fn binary_takes_the_bytes_of_uuids_and_durations() {
    let wanted = projection(vec![input("v", Kind::Binary)]);
    let mut lengths = Vec::new();
    for of in logical_types() {
        if !matches!(of.name, "uuid" | "duration") {
            continue;
        }
        // Avro has strings too, and durations are intervals of Arrow there.
        let fixed = encoded(&of).pop().unwrap();
        let (found, _) = fixed.batch(&wanted).unwrap();
        let bytes = arrow_array::cast::AsArray::as_binary::<i32>(found.column(0));
        lengths.push(bytes.value(0).len());
    }
    assert_eq!(lengths, [16, 12]);
}

#[test]
fn the_documentation_has_a_row_for_each() {
    let docs = include_str!("../../../../docs/archives.md");
    let (_, table) = docs.split_once("## How a value reads").unwrap();
    for of in logical_types() {
        let row = format!("| {} |", of.name);
        let row = table.lines().find(|line| line.starts_with(&row));
        let row = row.unwrap_or_else(|| panic!("no row for {}", of.name));
        assert!(row.contains(&format!("`{}`", of.json)), "{row}");
    }
}

#[test]
fn text_that_is_not_json_is_refused_alone() {
    let bytes = |text: &str| Some(Physical::Bytes(text.into()));
    let values = [
        bytes("{\"a\":1}"),
        bytes("{bad"),
        bytes("null"),
        bytes("\n[1,\n2]\n"),
    ];
    let object = parquet_of(
        "message m { optional binary v (JSON); }",
        &[Leaf::optional(values)],
    );
    let wanted = projection(vec![input("v", Kind::Json)]);
    let found = read(&wanted, &DecodeOptions::default(), &object).unwrap();
    let documents = arrow_array::cast::AsArray::as_string::<i32>(found[0].batch.column(0));
    let documents: Vec<_> = documents.iter().collect();
    assert_eq!(documents, [Some("{\"a\":1}"), None, Some("[1,\n2]")]);
    let [rejected] = &found[0].rejected[..] else {
        panic!("{:?}", found[0].rejected);
    };
    insta::assert_snapshot!(rejected.reason, @"not JSON: key must be a string at line 1 column 2");
    // On one line, to be decoded again.
    let line = found[0].provenance.bytes(2).unwrap().into_owned();
    assert_eq!(line, b"{\"v\":[1, 2]}");
}
