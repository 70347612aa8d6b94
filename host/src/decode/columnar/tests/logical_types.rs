//! The logical types of Avro and Parquet, with a value of each in every encoding.

use serde_json::{Value, json};

use super::physical::Physical::{self, *};
use crate::schema::Kind;

/// A logical type with a value.
pub(super) struct LogicalType {
    /// The name in the documentation.
    pub(super) name: &'static str,
    /// Types of Avro, and the value as the tests' encoder takes it.
    pub(super) avro: Vec<(Value, Value)>,
    /// Types of Parquet, physical and logical, and the value.
    pub(super) parquet: Vec<(&'static str, Physical)>,
    /// The value as JSON.
    pub(super) json: &'static str,
    /// The value for kind utf8; `None` if that does not take it.
    pub(super) text: Option<&'static str>,
    /// The other kinds that take it, as they take `json` or `utc`.
    pub(super) kinds: &'static [Kind],
    /// The JSON value that typed inputs take, if it is another one.
    pub(super) utc: Option<&'static str>,
}

fn of(
    name: &'static str,
    json: &'static str,
    text: Option<&'static str>,
    kinds: &'static [Kind],
    avro: impl IntoIterator<Item = (Value, Value)>,
    parquet: impl IntoIterator<Item = (&'static str, Physical)>,
) -> LogicalType {
    LogicalType {
        name,
        avro: avro.into_iter().collect(),
        parquet: parquet.into_iter().collect(),
        json,
        text,
        kinds,
        utc: None,
    }
}

/// A type of Avro with a logical type.
fn logical(of: &str, logical: &str) -> Value {
    json!({"type": of, "logicalType": logical})
}

fn fixed(size: usize, logical: &str) -> Value {
    json!({"type": "fixed", "name": "Fixed", "size": size, "logicalType": logical})
}

fn decimal(mut of: Value, precision: u8, scale: u8) -> Value {
    of["logicalType"] = json!("decimal");
    of["precision"] = json!(precision);
    of["scale"] = json!(scale);
    of
}

pub(super) fn logical_types() -> Vec<LogicalType> {
    let mut all = numbers();
    all.extend(texts());
    all.extend(times());
    all
}

fn numbers() -> Vec<LogicalType> {
    const INTEGER: &[Kind] = &[Kind::Int64, Kind::Float64];
    let bytes = |bytes: &[u8]| Bytes(bytes.to_vec());
    vec![
        of(
            "boolean",
            "true",
            None,
            &[Kind::Boolean],
            [(json!("boolean"), json!(true))],
            [("boolean", Boolean(true))],
        ),
        of(
            "signed integer",
            "-5",
            None,
            INTEGER,
            [(json!("int"), json!(-5)), (json!("long"), json!(-5))],
            [
                ("int32", Int32(-5)),
                ("int64", Int64(-5)),
                ("int32 (INTEGER(8,true))", Int32(-5)),
                ("int32 (INTEGER(16,true))", Int32(-5)),
                ("int32 (INT_32)", Int32(-5)),
                ("int64 (INTEGER(64,true))", Int64(-5)),
            ],
        ),
        of(
            "unsigned integer",
            "200",
            None,
            INTEGER,
            [],
            [
                ("int32 (INTEGER(8,false))", Int32(200)),
                ("int32 (UINT_16)", Int32(200)),
                ("int32 (INTEGER(32,false))", Int32(200)),
                ("int64 (INTEGER(64,false))", Int64(200)),
            ],
        ),
        of(
            "unsigned integer beyond an int64",
            "18446744073709551615",
            None,
            &[Kind::Float64],
            [],
            [
                ("int64 (INTEGER(64,false))", Int64(-1)),
                ("int64 (UINT_64)", Int64(-1)),
            ],
        ),
        of(
            "float, double, float16",
            "0.5",
            None,
            &[Kind::Float64],
            [(json!("float"), json!(0.5)), (json!("double"), json!(0.5))],
            [
                ("float", Float(0.5)),
                ("double", Double(0.5)),
                ("fixed_len_byte_array(2) (FLOAT16)", bytes(&[0, 0x38])),
            ],
        ),
        of(
            "decimal",
            "12.30",
            Some("12.30"),
            &[Kind::Float64],
            [
                (decimal(json!({"type": "bytes"}), 9, 2), json!("BM4=")),
                (decimal(fixed(4, ""), 9, 2), json!("AAAEzg==")),
                (decimal(json!({"type": "bytes"}), 50, 2), json!("BM4=")),
            ],
            [
                ("int32 (DECIMAL(9,2))", Int32(1230)),
                ("int64 (DECIMAL(18,2))", Int64(1230)),
                (
                    "fixed_len_byte_array(5) (DECIMAL(9,2))",
                    bytes(&[0, 0, 0, 4, 0xce]),
                ),
                ("binary (DECIMAL(30,2))", bytes(&[4, 0xce])),
                ("binary (DECIMAL(50,2))", bytes(&[4, 0xce])),
            ],
        ),
        of(
            "decimal of scale 0",
            "12",
            Some("12"),
            INTEGER,
            [(decimal(json!({"type": "bytes"}), 9, 0), json!("DA=="))],
            [
                ("int32 (DECIMAL(9,0))", Int32(12)),
                ("binary (DECIMAL(30,0))", bytes(&[12])),
            ],
        ),
    ]
}

fn texts() -> Vec<LogicalType> {
    const UUID: &[u8] = b"\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff";
    let text = "00112233-4455-6677-8899-aabbccddeeff";
    let bytes = |bytes: &[u8]| Bytes(bytes.to_vec());
    let symbols = json!({"type": "enum", "name": "Enum", "symbols": ["a", "view"]});
    vec![
        of(
            "string",
            "\"größe\"",
            Some("größe"),
            &[],
            [(json!("string"), json!("größe"))],
            [
                ("binary (STRING)", bytes("größe".as_bytes())),
                ("binary (UTF8)", bytes("größe".as_bytes())),
            ],
        ),
        of(
            "enum",
            "\"view\"",
            Some("view"),
            &[],
            [(symbols, json!("view"))],
            [("binary (ENUM)", bytes(b"view"))],
        ),
        of(
            "uuid",
            "\"00112233-4455-6677-8899-aabbccddeeff\"",
            Some(text),
            &[],
            [
                (logical("string", "uuid"), json!(text)),
                (fixed(16, "uuid"), json!("ABEiM0RVZneImaq7zN3u/w==")),
            ],
            [("fixed_len_byte_array(16) (UUID)", bytes(UUID))],
        ),
        of(
            "bytes, fixed",
            "\"YWJj\"",
            Some("abc"),
            &[],
            [
                (json!("bytes"), json!("YWJj")),
                (fixed(3, ""), json!("YWJj")),
            ],
            [
                ("binary", bytes(b"abc")),
                ("fixed_len_byte_array(3)", bytes(b"abc")),
            ],
        ),
        of(
            "json",
            "{\"a\": [1, \"x\"]}",
            Some("{\"a\": [1, \"x\"]}"),
            &[],
            [],
            [("binary (JSON)", bytes(b"{\"a\": [1, \"x\"]}"))],
        ),
        of(
            "json of a number",
            "12",
            Some("12"),
            &[Kind::Int64, Kind::Float64],
            [],
            [("binary (JSON)", bytes(b"12"))],
        ),
        of(
            "bson",
            "{\"a\":7}",
            None,
            &[],
            [],
            [("binary (BSON)", bytes(b"\x0c\0\0\0\x10a\0\x07\0\0\0\0"))],
        ),
    ]
}

fn times() -> Vec<LogicalType> {
    let mut months = vec![14, 0, 0, 0, 3, 0, 0, 0, 0xf4, 1, 0, 0];
    let duration = (fixed(12, "duration"), json!("DgAAAAMAAAD0AQAA"));
    let interval = (
        "fixed_len_byte_array(12) (INTERVAL)",
        Bytes(std::mem::take(&mut months)),
    );
    let at =
        |name, json: &'static str, avro: Option<i64>, parquet: Vec<(&'static str, Physical)>| {
            let text = json.trim_matches('"');
            let avro = avro.map(|value| (logical("long", name), json!(value)));
            of(name, json, Some(text), &[Kind::Timestamp], avro, parquet)
        };
    let local = |name, json, utc, value: i64, parquet| LogicalType {
        utc: Some(utc),
        ..at(name, json, Some(value), vec![(parquet, Int64(value))])
    };
    const MILLIS: i64 = 1_777_820_400_120;
    const MICROS: i64 = MILLIS * 1000 + 7;
    const NANOS: i64 = MICROS * 1000 + 9;
    vec![
        of(
            "date",
            "\"2026-05-03\"",
            Some("2026-05-03"),
            &[Kind::Date],
            [(logical("int", "date"), json!(20_576))],
            [("int32 (DATE)", Int32(20_576))],
        ),
        of(
            "time-millis",
            "\"01:01:01.5\"",
            Some("01:01:01.5"),
            &[],
            [(logical("int", "time-millis"), json!(3_661_500))],
            [
                ("int32 (TIME(MILLIS,true))", Int32(3_661_500)),
                ("int32 (TIME_MILLIS)", Int32(3_661_500)),
            ],
        ),
        of(
            "time-micros",
            "\"01:01:01.000007\"",
            Some("01:01:01.000007"),
            &[],
            [(logical("long", "time-micros"), json!(3_661_000_007i64))],
            [("int64 (TIME(MICROS,false))", Int64(3_661_000_007))],
        ),
        of(
            "time-nanos",
            "\"23:59:59.000000009\"",
            Some("23:59:59.000000009"),
            &[],
            [],
            [("int64 (TIME(NANOS,true))", Int64(86_399_000_000_009))],
        ),
        at(
            "timestamp-millis",
            "\"2026-05-03T15:00:00.120Z\"",
            Some(MILLIS),
            vec![
                ("int64 (TIMESTAMP(MILLIS,true))", Int64(MILLIS)),
                ("int64 (TIMESTAMP_MILLIS)", Int64(MILLIS)),
            ],
        ),
        at(
            "timestamp-micros",
            "\"2026-05-03T15:00:00.120007Z\"",
            Some(MICROS),
            vec![
                ("int64 (TIMESTAMP(MICROS,true))", Int64(MICROS)),
                ("int64 (TIMESTAMP_MICROS)", Int64(MICROS)),
            ],
        ),
        at(
            "timestamp-nanos",
            "\"2026-05-03T15:00:00.120007009Z\"",
            Some(NANOS),
            vec![("int64 (TIMESTAMP(NANOS,true))", Int64(NANOS))],
        ),
        at(
            "int96",
            "\"2026-05-03T15:00:00Z\"",
            None,
            vec![("int96", Int96(15 * 3_600_000_000_000, 2_461_164))],
        ),
        local(
            "local-timestamp-millis",
            "\"2026-05-03T15:00:00.120\"",
            "\"2026-05-03T15:00:00.120Z\"",
            MILLIS,
            "int64 (TIMESTAMP(MILLIS,false))",
        ),
        local(
            "local-timestamp-micros",
            "\"2026-05-03T15:00:00.120007\"",
            "\"2026-05-03T15:00:00.120007Z\"",
            MICROS,
            "int64 (TIMESTAMP(MICROS,false))",
        ),
        local(
            "local-timestamp-nanos",
            "\"2026-05-03T15:00:00.120007009\"",
            "\"2026-05-03T15:00:00.120007009Z\"",
            NANOS,
            "int64 (TIMESTAMP(NANOS,false))",
        ),
        of(
            "duration",
            "\"P14M3DT0.5S\"",
            Some("P14M3DT0.5S"),
            &[],
            [duration],
            [interval],
        ),
    ]
}
