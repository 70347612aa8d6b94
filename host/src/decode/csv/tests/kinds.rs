//! Fields as values of each kind, conditions and origins.

use super::*;

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
    3 3 v: `7.0` is not written as an integer; a lenient `decode.numbers` takes it
    4 3 v: `7e1` is not written as an integer; a lenient `decode.numbers` takes it
    5 2 v: ` 7` is not a value of kind int64
    6 19 v: `9223372036854775808` is beyond the range of an int64
    1 3 v: `NaN` is not a value of kind float64
    2 2 v: `.5` is not a value of kind float64
    3 5 v: `1e400` is beyond the range of a float64
    4 3 v: `0x1` is not a value of kind float64
    1 10 v: `2026-02-29` is not a date `YYYY-MM-DD`
    1 1 v: `1` is not an RFC 3339 timestamp with an offset
    2 19 v: `1970-01-01T00:00:01` is a time without an offset from UTC: set `decode.time_zone` to the zone of such times
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
