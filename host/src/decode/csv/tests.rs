//! What becomes of CSV.

use std::sync::Arc;

use super::super::tests::support::*;
use crate::decode::inflate::support::gzipped;
use crate::decode::json::Processor;
use crate::decode::{CsvOptions, DecodeError, DecodeOptions, Decoding, Format, Projection};
use crate::error::Coded;
use crate::row_json;
use crate::schema::{Condition, Encoding, Input, Kind, Origin};
use crate::source::{Chunk, KeyFields, Object};
use crate::units::ByteSize;

fn options(csv: CsvOptions) -> DecodeOptions {
    DecodeOptions {
        format: Format::Csv,
        csv,
        ..DecodeOptions::default()
    }
}

fn read(
    wanted: &Projection,
    options: &DecodeOptions,
    text: &[u8],
    block_bytes: usize,
    piece: usize,
) -> Result<Decoded, DecodeError> {
    let processor = Processor::detect();
    let mut decoding = Decoding::with(wanted.clone(), options, block_bytes, processor).unwrap();
    run(&mut decoding, object_chunks("a", text, piece))
}

/// What `text` gives, whatever blocks and pieces it comes in.
fn decode_csv(
    wanted: &Projection,
    options: &DecodeOptions,
    text: impl AsRef<[u8]>,
) -> Result<Decoded, DecodeError> {
    let text = text.as_ref();
    let whole = read(wanted, options, text, 1 << 18, usize::MAX);
    for (block_bytes, piece) in [(1, 1), (7, 3), (64, 500), (300, 1000)] {
        let other = read(wanted, options, text, block_bytes, piece);
        match (&whole, &other) {
            (Ok(whole), Ok(other)) => {
                assert_eq!(
                    (&other.rows, &other.rejected),
                    (&whole.rows, &whole.rejected)
                );
                assert_eq!(other.counts, whole.counts);
                assert_eq!(lines(other), lines(whole), "blocks of {block_bytes}");
            }
            (Err(whole), Err(other)) => assert_eq!(whole.to_string(), other.to_string()),
            _ => panic!("{whole:?} {other:?}"),
        }
    }
    whole
}

/// The rows as JSON.
fn lines(decoded: &Decoded) -> String {
    let rows = |batch| (0..).map(move |row| row_json::row(batch, row));
    let all = decoded.batches.iter();
    let all = all.flat_map(|batch| rows(batch).take(batch.num_rows()));
    all.map(|row| serde_json::to_string(&row).unwrap() + "\n")
        .collect()
}

fn a_and_b() -> Projection {
    projection(vec![input("a", Kind::Utf8), input("b", Kind::Int64)])
}

fn error(wanted: &Projection, csv: CsvOptions, text: &str) -> String {
    let error = decode_csv(wanted, &options(csv), text).unwrap_err();
    assert_eq!(error.code().to_string(), "BF0314");
    error.to_string()
}

#[test]
fn records_are_cut_as_rfc_4180_has_it() {
    let text = "\u{feff}b,unwanted,a\r\n1,,plain\r\n2,x,\"quoted, with \"\"quotes\"\"\r\nand lines\"\n\n\r\n3,\"\",in\"ner\r\n5,,last";
    let decoded = decode_csv(&a_and_b(), &options(CsvOptions::default()), text).unwrap();
    insta::assert_snapshot!(lines(&decoded), @r#"
    {"a":"plain","b":1}
    {"a":"quoted, with \"quotes\"\r\nand lines","b":2}
    {"a":"in\"ner","b":3}
    {"a":"last","b":5}
    "#);
    assert!(decoded.rejected.is_empty());
    assert_eq!(decoded.rows[0], (0, Some(17), b"1,,plain".to_vec()));
    assert_eq!(decoded.rows[3].2, b"5,,last");
    assert_eq!(decoded.counts.decoded_bytes, text.len() as u64);
}

#[test]
fn a_byte_order_mark_is_one_at_the_beginning_alone() {
    let text = "\u{feff}a\n\u{feff}x\n\u{feff}y\n";
    let wanted = projection(vec![input("a", Kind::Utf8)]);
    let decoded = decode_csv(&wanted, &options(CsvOptions::default()), text).unwrap();
    let marked = |text: &str| Some(format!("\u{feff}{text}"));
    assert_eq!(decoded.column(0, text_value), [marked("x"), marked("y")]);
}

#[test]
fn the_job_says_how_it_is_written() {
    let csv = CsvOptions {
        delimiter: '\t',
        quote: '\'',
        header: false,
        columns: vec!["b".into(), "a".into()],
        null: "\\N".into(),
    };
    let decoded = decode_csv(&a_and_b(), &options(csv), "1\t'it''s'\n\\N\t\n2\t\\N\n").unwrap();
    insta::assert_snapshot!(lines(&decoded), @r#"
    {"a":"it's","b":1}
    {"a":"","b":null}
    {"a":null,"b":2}
    "#);
}

#[test]
fn broken_records_cost_themselves() {
    let mut text = b"a,b\n1\n2,3,4\n\xff,5\nsix,6\nseven,7.0\n,8\nnine,\"9\nten,10\n".to_vec();
    let wanted = projection(vec![
        Input {
            nullable: false,
            ..input("a", Kind::Utf8)
        },
        input("b", Kind::Int64),
    ]);
    let decoded = decode_csv(&wanted, &options(CsvOptions::default()), &text).unwrap();
    insta::assert_snapshot!(lines(&decoded), @r#"
    {"a":"six","b":6}
    {"a":"ten","b":10}
    "#);
    insta::assert_snapshot!(decoded.reasons(), @"
    0 1 -: 1 field, and its object has 2 columns
    1 5 -: 3 fields, and its object has 2 columns
    2 3 -: not UTF-8
    4 9 b: `7.0` is not written as an integer
    5 2 a: missing or null
    6 7 -: a quote is open where the object ends
    ");
    assert_eq!(decoded.rejected[0].bytes.as_deref(), Some(&b"1"[..]));
    assert_eq!(decoded.rejected[0].position.byte, Some(4));
    assert_eq!(
        decoded.rejected.last().unwrap().bytes.as_deref(),
        Some(&b"nine,\"9"[..])
    );

    // So long that the quote's end is not looked for; what follows its line is read.
    text.extend(b"x".repeat(100));
    text.extend(b"\nsix,6\n");
    let short = DecodeOptions {
        max_record: ByteSize(20),
        ..options(CsvOptions::default())
    };
    let decoded = decode_csv(&wanted, &short, &text).unwrap();
    assert_eq!(decoded.counts.events, 3);
    assert_eq!(decoded.rejected[6].length_bytes, 100);
    assert!(
        decoded
            .reasons()
            .ends_with("longer than 20 bytes, the limit `decode.max_record`\n")
    );
}

/// The values of column `id`, and each rejection with its length and the bytes that it swallowed.
fn ids_and_rejections(header: &str, text: &str) -> String {
    let wanted = projection(vec![input("id", Kind::Utf8)]);
    let options = options(CsvOptions::default());
    let decoded = decode_csv(&wanted, &options, format!("{header}\n{text}")).unwrap();
    let ids = decoded.column(0, text_value).into_iter().flatten();
    let rejected = decoded.rejected.iter().map(|one| {
        let (length, swallowed) = (one.length_bytes, one.swallowed_bytes);
        match swallowed {
            0 => format!("({length})"),
            _ => format!("({length}, swallowed {swallowed})"),
        }
    });
    ids.chain(rejected).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_quote_that_does_not_belong_there_costs_its_line() {
    let two = |text| ids_and_rejections("id,a", text);
    let three = |text| ids_and_rejections("id,a,b", text);
    // Never closed, closed where no field ends, closed by a field that is quoted itself.
    assert_eq!(two("1,x\n2,\"y\n3,z\n4,w\n"), "1 3 4 (4)");
    assert_eq!(two("1,x\n2,\"y\r\n3,\"a, b\"\r\n4,w\r\n"), "1 3 4 (4)");
    assert_eq!(two("1,\"y\n2,\"a\nb\"\n3,w"), "2 3 (4)");
    // On the second line of a record.
    assert_eq!(three("1,\"a\nb\",\"c\n2,x,y\n"), "2 (10)");
    // Quotes that hold lines are what they are, however many.
    let long = format!("1,\"{}\"\n2,x\n", "a, b\n".repeat(1000));
    assert_eq!(two(&long), "1 2");
    // Text after a quote on its own line harms no other record.
    assert_eq!(two("1,\"x\"y\n2,z\n"), "1 2");
}

#[test]
fn bytes_in_which_csv_records_may_be_lost_are_swallowed() {
    let three = |text| ids_and_rejections("id,a,b", text);
    // A record of other width, and one whose text looks like a record.
    assert_eq!(three("1,\"a\nb\"\n2,x,y\n"), "2 (7)");
    assert_eq!(three("1,\"a\n2,b,c\nd\"\n3,x,y\n"), "3 (13, swallowed 8)");
    // A lost line feed; a delimiter too many.
    assert_eq!(three("1,a,b2,c,d\n3,x,y\n"), "3 (10, swallowed 4)");
    assert_eq!(three("1,a,b,c\n3,x,y\n"), "3 (7)");
    assert_eq!(
        three("1,a,\"b\"\"2,c,d\n3,x,\"y z\"\n"),
        "3 (13, swallowed 9)"
    );
}

#[test]
fn many_fields_are_counted_and_no_more() {
    let text = format!("a,b\nx,1\n{}\ny,2", ",".repeat(200_000));
    let decoded = read(
        &a_and_b(),
        &options(CsvOptions::default()),
        text.as_bytes(),
        1 << 18,
        1 << 16,
    );
    let decoded = decoded.unwrap();
    assert_eq!(
        decoded.reasons(),
        "1 200000 -: 200001 fields, and its object has 2 columns\n"
    );
    assert_eq!(decoded.counts.events, 2);
}

#[test]
fn a_quote_that_is_never_closed_is_not_held_in_memory() {
    let text = format!("a,b\n\"{}\nx,1\n", "x".repeat(100_000));
    let short = DecodeOptions {
        max_record: ByteSize(1000),
        ..options(CsvOptions::default())
    };
    let decoded = read(&a_and_b(), &short, text.as_bytes(), 100, 100).unwrap();
    assert_eq!(decoded.counts.events, 1);
    assert_eq!(decoded.rejected[0].length_bytes, 100_001);
}

#[test]
fn headers_that_are_of_no_use_stop_the_run() {
    let default = CsvOptions::default;
    let errors = [
        error(&a_and_b(), default(), "a,b,a\n1,2,3\n"),
        error(&a_and_b(), default(), "a;b\n1;2\n"),
        error(&a_and_b(), default(), "a,\"b\n1,2\n"),
    ];
    insta::assert_snapshot!(errors.join("\n"), @"
    the header of `a` is unusable: `a` stands in it twice
    the header of `a` is unusable: none of the columns that the component wants is in it: `a;b`
    the header of `a` is unusable: a quote is open where the object ends
    ");
    let none = decode_csv(&a_and_b(), &options(default()), "").unwrap();
    assert_eq!(none.counts.records, 0);
    let commas = decode_csv(&a_and_b(), &options(default()), "a,b,,\n1,2,,\n").unwrap();
    assert_eq!(commas.counts.events, 1);
}

#[test]
fn each_object_has_a_header_of_its_own() {
    let wanted = projection(vec![
        input("geo.city", Kind::Utf8),
        Input {
            nullable: false,
            ..input("n", Kind::Int64)
        },
    ]);
    let mut decoding = Decoding::new(wanted, &options(CsvOptions::default())).unwrap();
    let texts = [
        "n,geo.city\n1,a\n",
        "geo.city,x,n\nb,,2\n",
        "n\n3\n",
        "geo.city\nd\n",
    ];
    let chunks = texts.map(|text| object_chunks("a", text.as_bytes(), usize::MAX));
    let decoded = run(&mut decoding, chunks.into_iter().flatten()).unwrap();
    insta::assert_snapshot!(lines(&decoded), @r#"
    {"geo.city":"a","n":1}
    {"geo.city":"b","n":2}
    {"geo.city":null,"n":3}
    "#);
    assert_eq!(
        decoded.reasons(),
        "0 1 n: missing: the header of its object has no such column\n"
    );
}

#[test]
fn a_column_that_the_header_lacks_is_that_of_the_key() {
    let wanted = projection(vec![
        input("region", Kind::Utf8),
        input("hour", Kind::Int64),
    ]);
    let mut decoding = Decoding::new(wanted, &DecodeOptions::default()).unwrap();
    let columns = [("region", "eu"), ("hour", "05")];
    let columns = columns.map(|(name, value)| (name.to_owned(), Some(value.to_owned())));
    let key_fields = KeyFields {
        columns: columns.into_iter().collect(),
        ..KeyFields::default()
    };
    let key = |name: &str| {
        Chunk::Object(Arc::new(Object {
            key_fields: Some(Box::new(key_fields.clone())),
            ..(*object(name)).clone()
        }))
    };
    let mut chunks = Vec::new();
    for (name, text) in [
        ("a.csv", b"region\nus\n\n".to_vec()),
        ("b.csv.gz", gzipped(b"x\n1\n")),
    ] {
        chunks.extend([key(name), Chunk::Bytes(text.into()), Chunk::End]);
    }
    let decoded = run(&mut decoding, chunks).unwrap();
    insta::assert_snapshot!(lines(&decoded), @r#"
    {"hour":5,"region":"us"}
    {"hour":5,"region":"eu"}
    "#);
}

/// A kind and an encoding, a field that converts, and fields that do not.
const KINDS: [(Kind, Encoding, &str, &[&str]); 9] = [
    (Kind::Boolean, Encoding::Standard, "true", &["True", "1"]),
    (
        Kind::Int64,
        Encoding::Standard,
        "-7",
        &["07", "+7", "7.0", "7e1", " 7", "9223372036854775808"],
    ),
    (
        Kind::Float64,
        Encoding::Standard,
        "-1.5e3",
        &["NaN", ".5", "1e400", "0x1"],
    ),
    (
        Kind::Date,
        Encoding::Standard,
        "1970-01-02",
        &["2026-02-29"],
    ),
    (
        Kind::Timestamp,
        Encoding::Standard,
        "1970-01-01T00:00:01Z",
        &["1", "1970-01-01T00:00:01"],
    ),
    (
        Kind::Timestamp,
        Encoding::EpochMilliseconds,
        "1.5",
        &["01", "1970-01-01T00:00:01Z"],
    ),
    (Kind::Binary, Encoding::Standard, "Pz8/", &["Pz8-"]),
    (Kind::Binary, Encoding::Hex, "3f", &["3"]),
    (
        Kind::Json,
        Encoding::Standard,
        "\" {\"\"a\"\":[1]} \"",
        &["{", "a", "1 2"],
    ),
];

#[test]
fn fields_are_converted_as_strictly_as_json() {
    let (mut values, mut reasons) = (String::new(), String::new());
    for (kind, encoding, good, bad) in KINDS {
        let wanted = projection(vec![Input {
            encoding,
            ..input("v", kind)
        }]);
        let all = [&["v", good], bad].concat().join("\n");
        let decoded = decode_csv(&wanted, &options(CsvOptions::default()), all).unwrap();
        values += &lines(&decoded);
        reasons += &decoded.reasons();
    }
    insta::assert_snapshot!(values, @r#"
    {"v":true}
    {"v":-7}
    {"v":-1500.0}
    {"v":"1970-01-02"}
    {"v":"1970-01-01T00:00:01Z"}
    {"v":"1970-01-01T00:00:00.001500Z"}
    {"v":"Pz8/"}
    {"v":"Pw=="}
    {"v":"{\"a\":[1]}"}
    "#);
    insta::assert_snapshot!(reasons, @"
    1 4 v: `True` is not a value of kind boolean
    2 1 v: `1` is not a value of kind boolean
    1 2 v: `07` is not a value of kind int64
    2 2 v: `+7` is not a value of kind int64
    3 3 v: `7.0` is not written as an integer
    4 3 v: `7e1` is not written as an integer
    5 2 v: ` 7` is not a value of kind int64
    6 19 v: `9223372036854775808` is beyond the range of an int64
    1 3 v: `NaN` is not a value of kind float64
    2 2 v: `.5` is not a value of kind float64
    3 5 v: `1e400` is beyond the range of a float64
    4 3 v: `0x1` is not a value of kind float64
    1 10 v: `2026-02-29` is not a date `YYYY-MM-DD`
    1 1 v: `1` is not an RFC 3339 timestamp with an offset
    2 19 v: `1970-01-01T00:00:01` is not an RFC 3339 timestamp with an offset
    1 2 v: `01` is not a value of kind timestamp
    2 20 v: `1970-01-01T00:00:01Z` is not a value of kind timestamp
    1 4 v: `Pz8-` is not base64
    1 1 v: `3` is not hexadecimal
    1 1 v: `{` is not JSON
    2 1 v: `a` is not JSON
    3 3 v: `1 2` is not JSON
    ");
    let json = projection(vec![input("v", Kind::Json), input("w", Kind::Utf8)]);
    let decoded = decode_csv(&json, &options(CsvOptions::default()), "v,w\nnull,null\n").unwrap();
    assert_eq!(lines(&decoded), "{\"v\":null,\"w\":\"null\"}\n");
}

#[test]
fn conditions_look_at_the_text_and_origins_are_those_of_any_record() {
    let payload = Input {
        origin: Origin::Payload,
        ..input("payload", Kind::Binary)
    };
    let offset = Input {
        origin: Origin::Offset,
        ..input("offset", Kind::Int64)
    };
    let mut wanted = projection(vec![payload, offset]);
    wanted.only = vec![Condition {
        path: "kind".to_owned(),
        any_of: vec!["a b".to_owned(), "1".to_owned(), String::new()],
    }];
    let text = "n,kind\n1,\"a b\"\n2,1\n3,1.0\n4,\n";
    let decoded = decode_csv(&wanted, &options(CsvOptions::default()), text).unwrap();
    assert_eq!(decoded.counts.not_wanted, 2);
    assert_eq!(decoded.column(1, integer_value), [Some(0), Some(1)]);
    assert_eq!(decoded.rows[0].2, b"1,\"a b\"");
}

#[test]
fn settings_that_make_no_sense_are_named() {
    let wrong = |change: fn(&mut CsvOptions)| {
        let mut csv = CsvOptions::default();
        change(&mut csv);
        let error = Decoding::new(a_and_b(), &options(csv)).err().unwrap();
        assert_eq!(error.code().to_string(), "BF0309");
        error.to_string() + "\n"
    };
    let errors = [
        wrong(|csv| csv.delimiter = 'é'),
        wrong(|csv| csv.delimiter = '"'),
        wrong(|csv| csv.quote = '\n'),
        wrong(|csv| csv.header = false),
        wrong(|csv| csv.columns = vec!["a".into()]),
        wrong(|csv| {
            csv.header = false;
            csv.columns = vec!["a".into(), "a".into()];
        }),
    ];
    insta::assert_snapshot!(errors.concat(), @"
    `decode.csv.delimiter` is out of range: it is an ASCII character other than the quote
    `decode.csv.delimiter` is out of range: it is an ASCII character other than the quote
    `decode.csv.quote` is out of range: it is an ASCII character
    `decode.csv.columns` is out of range: they are named where `header = false`, and only there
    `decode.csv.columns` is out of range: they are named where `header = false`, and only there
    `decode.csv.columns` is out of range: a name stands there twice
    ");
}
