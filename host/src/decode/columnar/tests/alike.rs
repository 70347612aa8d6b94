//! The same events as JSON, CSV, Avro and Parquet give the same table.

use arrow_array::RecordBatch;
use serde_json::{Value, json};

use super::physical::Physical::{self, *};
use super::physical::{Leaf, parquet_of};
use crate::decode::columnar::avro::tests::encode::object_of;
use crate::decode::columnar::avro::tests::read_container;
use crate::decode::columnar::parquet::tests::support::read;
use crate::decode::tests::support::{input, object_chunks, projection, run};
use crate::decode::{DecodeOptions, Decoding, EventRange, Events, Projection};
use crate::schema::{Condition, Encoding, Input, Kind};

/// A column: its name, its types in Avro and Parquet, the input, and the values of three rows.
struct Column {
    name: &'static str,
    avro: Value,
    parquet: &'static str,
    kind: Kind,
    encoding: Encoding,
    /// As JSON. A string is the field of CSV without its quotes.
    json: [&'static str; 3],
    /// As the tests' encoder of Avro takes it; null for a null.
    values: [Value; 3],
    physical: [Option<Physical>; 3],
}

fn column(name: &'static str, avro: Value, parquet: &'static str, kind: Kind) -> Column {
    Column {
        name,
        avro,
        parquet,
        kind,
        encoding: Encoding::Standard,
        json: ["null"; 3],
        values: [Value::Null, Value::Null, Value::Null],
        physical: [None, None, None],
    }
}

/// Events at three times, of which two are wanted.
fn columns() -> Vec<Column> {
    let logical = |of: &str, logical: &str| json!({"type": of, "logicalType": logical});
    let decimal = json!({"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2});
    let uuid = json!({"type": "fixed", "name": "Uuid", "size": 16, "logicalType": "uuid"});
    let duration = json!({"type": "fixed", "name": "Dur", "size": 12, "logicalType": "duration"});
    let kinds = json!({"type": "enum", "name": "Kind", "symbols": ["view", "click"]});
    let bytes = |bytes: &[u8]| Some(Bytes(bytes.to_vec()));
    let id = b"\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff";
    vec![
        Column {
            json: ["\"view\"", "\"view\"", "\"click\""],
            values: [json!("view"), json!("view"), json!("click")],
            physical: [bytes(b"view"), bytes(b"view"), bytes(b"click")],
            ..column("kind", kinds, "binary kind (ENUM)", Kind::Utf8)
        },
        Column {
            json: [
                "\"2026-05-03T15:00:00.120Z\"",
                "\"2026-05-03T16:00:00Z\"",
                "\"2026-05-03T17:00:00Z\"",
            ],
            values: [
                json!(1_777_820_400_120i64),
                json!(1_777_824_000_000i64),
                json!(1_777_827_600_000i64),
            ],
            physical: [1_777_820_400_120, 1_777_824_000_000, 1_777_827_600_000]
                .map(|at| Some(Int64(at))),
            ..column(
                "at",
                logical("long", "timestamp-millis"),
                "int64 at (TIMESTAMP(MILLIS,true))",
                Kind::Timestamp,
            )
        },
        Column {
            encoding: Encoding::EpochSeconds,
            json: ["1700000000", "-1", "null"],
            values: [json!(1_700_000_000), json!(-1), json!(null)],
            physical: [Some(Int64(1_700_000_000)), Some(Int64(-1)), None],
            ..column("epoch", json!("long"), "int64 epoch", Kind::Timestamp)
        },
        Column {
            json: ["\"00112233-4455-6677-8899-aabbccddeeff\"", "null", "null"],
            values: [json!("ABEiM0RVZneImaq7zN3u/w=="), json!(null), json!(null)],
            physical: [bytes(id), None, None],
            ..column(
                "uuid",
                uuid,
                "fixed_len_byte_array(16) uuid (UUID)",
                Kind::Utf8,
            )
        },
        Column {
            json: ["12.30", "-0.01", "null"],
            values: [json!("BM4="), json!("/w=="), json!(null)],
            physical: [Some(Int32(1230)), Some(Int32(-1)), None],
            ..column(
                "price",
                decimal,
                "int32 price (DECIMAL(9,2))",
                Kind::Float64,
            )
        },
        Column {
            json: ["7", "4294967295", "null"],
            values: [json!(7), json!(4_294_967_295i64), json!(null)],
            physical: [Some(Int32(7)), Some(Int32(-1)), None],
            ..column(
                "n",
                json!("long"),
                "int32 n (INTEGER(32,false))",
                Kind::Int64,
            )
        },
        Column {
            json: ["\"2026-05-03\"", "null", "\"1969-12-31\""],
            values: [json!(20_576), json!(null), json!(-1)],
            physical: [Some(Int32(20_576)), None, Some(Int32(-1))],
            ..column(
                "day",
                logical("int", "date"),
                "int32 day (DATE)",
                Kind::Date,
            )
        },
        Column {
            json: ["\"01:01:01.5\"", "\"00:00:00\"", "null"],
            values: [json!(3_661_500), json!(0), json!(null)],
            physical: [Some(Int32(3_661_500)), Some(Int32(0)), None],
            ..column(
                "time",
                logical("int", "time-millis"),
                "int32 time (TIME(MILLIS,true))",
                Kind::Utf8,
            )
        },
        Column {
            json: ["\"P14M3DT0.5S\"", "\"PT0S\"", "null"],
            values: [
                json!("DgAAAAMAAAD0AQAA"),
                json!("AAAAAAAAAAAAAAAA"),
                json!(null),
            ],
            physical: [
                bytes(&[14, 0, 0, 0, 3, 0, 0, 0, 0xf4, 1, 0, 0]),
                bytes(&[0; 12]),
                None,
            ],
            ..column(
                "lasted",
                duration,
                "fixed_len_byte_array(12) lasted (INTERVAL)",
                Kind::Utf8,
            )
        },
        Column {
            json: ["0.5", "null", "-1.25"],
            values: [json!(0.5), json!(null), json!(-1.25)],
            physical: [bytes(&[0, 0x38]), None, bytes(&[0, 0xbd])],
            ..column(
                "ratio",
                json!("float"),
                "fixed_len_byte_array(2) ratio (FLOAT16)",
                Kind::Float64,
            )
        },
        Column {
            json: ["true", "false", "null"],
            values: [json!(true), json!(false), json!(null)],
            physical: [Some(Boolean(true)), Some(Boolean(false)), None],
            ..column("ok", json!("boolean"), "boolean ok", Kind::Boolean)
        },
        Column {
            encoding: Encoding::Standard,
            json: ["\"AP8=\"", "\"AA==\"", "null"],
            values: [json!("AP8="), json!("AA=="), json!(null)],
            physical: [bytes(&[0, 0xff]), bytes(&[0]), None],
            ..column("raw", json!("bytes"), "binary raw", Kind::Binary)
        },
        Column {
            json: ["12", "null", "-3"],
            values: [json!(12), json!(null), json!(-3)],
            physical: [bytes(b"12"), None, bytes(b"-3")],
            ..column("doc", json!("int"), "binary doc (JSON)", Kind::Json)
        },
    ]
}

fn wanted(columns: &[Column]) -> Projection {
    let inputs = columns.iter().map(|of| Input {
        encoding: of.encoding,
        ..input(of.name, of.kind)
    });
    let mut wanted = projection(inputs.collect());
    wanted.event_time = Some(1);
    wanted.range = EventRange {
        from_us: None,
        until_us: Some(1_777_827_000_000_000),
    };
    wanted.only = vec![Condition {
        path: "kind".into(),
        any_of: vec!["view".into()],
    }];
    wanted
}

/// The events of text, by the name of its object.
fn of_text(wanted: &Projection, key: &str, text: &str) -> Vec<RecordBatch> {
    let mut decoding = Decoding::new(wanted.clone(), &DecodeOptions::default()).unwrap();
    let chunks = object_chunks(key, text.as_bytes(), usize::MAX);
    run(&mut decoding, chunks).unwrap().batches
}

fn batches(found: Vec<Events>) -> Vec<RecordBatch> {
    let rejected: Vec<_> = found.iter().flat_map(|events| &events.rejected).collect();
    assert!(rejected.is_empty(), "{rejected:?}");
    found.into_iter().map(|events| events.batch).collect()
}

fn json_lines(columns: &[Column]) -> String {
    let line = |row: usize| {
        let members = columns.iter();
        let members = members.map(|of| format!("\"{}\":{}", of.name, of.json[row]));
        format!("{{{}}}\n", members.collect::<Vec<_>>().join(","))
    };
    (0..3).map(line).collect()
}

fn csv(columns: &[Column]) -> String {
    let names: Vec<_> = columns.iter().map(|of| of.name).collect();
    let line = |row: usize| {
        let fields = columns.iter().map(|of| match of.json[row] {
            "null" => "",
            json => json.trim_matches('"'),
        });
        format!("{}\n", fields.collect::<Vec<_>>().join(","))
    };
    let lines: String = (0..3).map(line).collect();
    format!("{}\n{lines}", names.join(","))
}

fn avro(columns: &[Column]) -> Vec<u8> {
    let fields = columns.iter();
    let fields: Vec<_> = fields
        .map(|of| json!({"name": of.name, "type": ["null", of.avro]}))
        .collect();
    let schema = json!({"type": "record", "name": "Event", "fields": fields});
    let row = |row: usize| {
        let members = columns.iter().map(|of| {
            let names = [&of.avro["name"], &of.avro["type"], &of.avro];
            let branch = names.into_iter().find_map(Value::as_str).unwrap();
            let value = &of.values[row];
            let value = if value.is_null() {
                json!(null)
            } else {
                json!({branch: value})
            };
            (of.name.to_owned(), value)
        });
        Value::Object(members.collect())
    };
    object_of(&schema, &[row(0), row(1), row(2)])
}

fn parquet(columns: &[Column]) -> bytes::Bytes {
    let fields = columns.iter().map(|of| format!("optional {};", of.parquet));
    let message = format!("message m {{ {} }}", fields.collect::<Vec<_>>().join(" "));
    let leaves = columns.iter().map(|of| Leaf::optional(of.physical.clone()));
    parquet_of(&message, &leaves.collect::<Vec<_>>())
}

#[test]
fn the_same_events_give_the_same_table_in_every_format() {
    let columns = columns();
    let wanted = wanted(&columns);
    let from_json = of_text(&wanted, "a.jsonl", &json_lines(&columns));
    let rows: usize = from_json.iter().map(RecordBatch::num_rows).sum();
    assert_eq!(rows, 2);
    assert_eq!(of_text(&wanted, "a.csv", &csv(&columns)), from_json, "CSV");
    let found = read_container(&wanted, &avro(&columns)).unwrap();
    assert_eq!(batches(found), from_json, "Avro");
    let found = read(&wanted, &DecodeOptions::default(), &parquet(&columns)).unwrap();
    assert_eq!(batches(found), from_json, "Parquet");
}
