//! Random text, good and bad, against serde_json, the standard library and chrono.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampMicrosecondType};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::support::*;
use crate::decode::{DecodeOptions, Decoding};
use crate::schema::Kind;

const ROUNDS: usize = 400;
const INPUTS: &[(&str, Kind)] = &[
    ("ts", Kind::Timestamp),
    ("page_id", Kind::Utf8),
    ("n", Kind::Int64),
    ("value", Kind::Float64),
    ("geo.country", Kind::Utf8),
    ("geo", Kind::Json),
    ("bot", Kind::Boolean),
];

const STRINGS: &[&str] = &[
    "",
    "a",
    "u10121254",
    "São Paulo",
    "日本語のとても長い文字列、三十二バイトより長い",
    "x\\ny",
    "\\u00e9\\ud83d\\ude00",
    "\\ud800",
    "\\udc00x",
    "\\\"q\\\"",
    "\\\\",
    "\\\\\\\"",
    "a\\/b",
    "{}[]:,",
    "\\u0041",
    "exactly-16-bytes",
    "\u{7f}",
    "\u{0}",
    "😀",
    "bad\\x",
    "bad\\u12g4",
    "\\u",
    "true",
    "null",
    "2026-05-03T15:00:00.562Z",
    "2026-02-29T00:00:00Z",
    "2024-02-29T23:59:59.123456789+02:30",
    "2026-05-03 15:00:00.5Z",
];
const NUMBERS: &[&str] = &[
    "1",
    "12765",
    "179.94",
    "0",
    "-0",
    "-0.0",
    "1e400",
    "1e-400",
    "1E5",
    "12345678901234567890",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "0.1",
    "123456789.123456789",
    "3.141592653589793238462643",
    "01",
    "-",
    "+1",
    "1.",
    ".5",
    "1e",
    "1e+",
    "0x10",
    "NaN",
    "1.5e3",
    "9007199254740993",
    "0.000000000000001",
];
const LITERALS: &[&str] = &[
    "true", "false", "null", "nul", "truex", "True", "falsey", "",
];
const NAMES: &[&str] = &[
    "ts",
    "page_id",
    "n",
    "value",
    "geo",
    "bot",
    "country",
    "p\\u0061ge_id",
    "",
    "t",
    "é",
    "\\ud800",
    "g\\u0065o",
    "a-rather-long-name-of-more-than-64-bytes-which-does-not-fit-the-groups-by-length",
];

fn value(rng: &mut Rng, depth: usize, out: &mut String) {
    match rng.below(if depth > 3 { 6 } else { 8 }) {
        0 | 1 => *out += &format!("\"{}\"", rng.pick(STRINGS)),
        2 | 3 if rng.percent(70) => *out += rng.pick(&NUMBERS[..3]),
        2 | 3 => *out += rng.pick(NUMBERS),
        4 => *out += rng.pick(&LITERALS[..3]),
        5 if rng.percent(90) => *out += "null",
        5 => *out += rng.pick(LITERALS),
        6 => {
            out.push('[');
            for at in 0..rng.below(4) {
                *out += if at > 0 { "," } else { "" };
                value(rng, depth + 1, out);
            }
            out.push(']');
        }
        _ => {
            out.push('{');
            for at in 0..rng.below(4) {
                *out += if at > 0 { ", " } else { "" };
                *out += rng.pick(&["\"a\":", "\"country\" : ", "\"b\\\"\":"]);
                value(rng, depth + 1, out);
            }
            out.push('}');
        }
    }
}

fn record(rng: &mut Rng, out: &mut String) {
    let blank = |rng: &mut Rng, out: &mut String| {
        if rng.percent(5) {
            *out += rng.pick(&[" ", "\t", "\r", "  ", "\n", "\u{b}"]);
        }
    };
    out.push('{');
    for at in 0..rng.below(9) {
        *out += if at > 0 { "," } else { "" };
        blank(rng, out);
        let name = rng.pick(NAMES);
        *out += &format!("\"{name}\"");
        blank(rng, out);
        out.push(':');
        blank(rng, out);
        match name {
            "ts" if rng.percent(90) => {
                *out += &format!("\"{}\"", rng.pick(&STRINGS[STRINGS.len() - 4..]))
            }
            "n" if rng.percent(80) => *out += rng.pick(&NUMBERS[..2]),
            "page_id" if rng.percent(80) => *out += &format!("\"{}\"", rng.pick(&STRINGS[..7])),
            "geo" if rng.percent(70) => *out += "{\"country\":\"CH\",\"x\":[1,{\"country\":2}]}",
            "bot" if rng.percent(80) => *out += rng.pick(&LITERALS[..3]),
            _ => value(rng, 0, out),
        }
        blank(rng, out);
    }
    out.push('}');
    if rng.percent(2) {
        let depth = 120 + rng.below(12);
        *out = format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    }
}

fn text(rng: &mut Rng) -> Vec<u8> {
    let mut text = Vec::new();
    let damage = [0, 3, 30][rng.below(3)];
    for _ in 0..1 + rng.below(40) {
        let mut line = String::new();
        record(rng, &mut line);
        let mut line = line.into_bytes();
        if rng.percent(damage) {
            for _ in 0..1 + rng.below(3) {
                let at = rng.below(line.len());
                let byte = b"\"\\{}[]:,\n\r\t \x00\x1f\x80\xc3\xe6\xff0-.eE+tfnu"[rng.below(28)];
                match rng.below(3) {
                    0 => line[at] = byte,
                    1 => line.insert(at, byte),
                    _ => line.truncate(at.max(1)),
                }
            }
        }
        text.extend_from_slice(&line);
        text.extend_from_slice(
            rng.pick(&["\n", "\n", "\n", "\r\n", "\n\n", "", " ", "x", "\n{}"])
                .as_bytes(),
        );
    }
    text
}

/// Ordinal, first byte, length and, of an event, its values.
#[derive(Debug, PartialEq)]
struct Outcome(i64, u64, u64, Option<Vec<Option<String>>>);

struct Members<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'a> serde::Deserialize<'a> for Members<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'a> Visitor<'a> for InOrder {
            type Value = Members<'a>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Members<'a>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// The first value at `path`; a name with half a surrogate pair is not a string, and equals none of a path.
fn lookup<'a>(mut text: &'a str, path: &str) -> Option<&'a str> {
    for name in path.split('.') {
        let members: Members = serde_json::from_str(text).ok()?;
        let is_called = |known: &RawValue| {
            serde_json::from_str::<String>(known.get()).is_ok_and(|known| known == name)
        };
        text = members
            .0
            .iter()
            .find(|(known, _)| is_called(known))?
            .1
            .get();
    }
    Some(text)
}

fn convert(kind: Kind, text: &str) -> Result<String, ()> {
    let number = text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    match kind {
        Kind::Json => Ok(text.to_owned()),
        Kind::Utf8 => serde_json::from_str::<String>(text).map_err(drop),
        Kind::Int64 if number => text
            .parse::<i64>()
            .map(|value| value.to_string())
            .map_err(drop),
        Kind::Float64 if number => match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(value.to_bits().to_string()),
            _ => Err(()),
        },
        Kind::Boolean => text
            .parse::<bool>()
            .map(|value| value.to_string())
            .map_err(drop),
        // chrono takes these small letters too.
        Kind::Timestamp if text.starts_with('"') && !text.contains(['t', 'z']) => {
            let at =
                chrono::DateTime::parse_from_rfc3339(&text[1..text.len() - 1]).map_err(drop)?;
            Ok(at.timestamp_micros().to_string())
        }
        _ => Err(()),
    }
}

fn depth(text: &[u8]) -> usize {
    let (mut depth, mut deepest, mut string, mut at) = (0usize, 0, false, 0);
    while at < text.len() {
        match text[at] {
            b'\\' if string => at += 1,
            b'"' => string = !string,
            b'{' | b'[' if !string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !string => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    deepest
}

/// The length of the JSON object in front of `line`, bytes beyond ASCII taken for letters in strings.
fn object_length(line: &[u8]) -> Option<usize> {
    let ascii: Vec<u8> = line
        .iter()
        .map(|byte| if byte.is_ascii() { *byte } else { b'?' })
        .collect();
    let mut values = serde_json::Deserializer::from_slice(&ascii).into_iter::<&RawValue>();
    values.next()?.ok()?;
    let length = values.byte_offset();
    (line.starts_with(b"{") && depth(&line[..length]) <= 128).then_some(length)
}

fn expected(text: &[u8]) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    let mut start = 0;
    for line in text.split(|byte| *byte == b'\n') {
        let mut at = 0;
        loop {
            at += line[at..]
                .iter()
                .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
                .count();
            if at == line.len() {
                break;
            }
            let length = object_length(&line[at..]);
            let values = length.and_then(|length| {
                let record = std::str::from_utf8(&line[at..at + length]).ok()?;
                let value = |(path, kind): &(&str, Kind)| {
                    lookup(record, path)
                        .filter(|text| *text != "null")
                        .map(|text| convert(*kind, text))
                        .transpose()
                };
                INPUTS.iter().map(value).collect::<Result<Vec<_>, _>>().ok()
            });
            let length = length.unwrap_or(line.len() - at);
            outcomes.push(Outcome(
                outcomes.len() as i64,
                (start + at) as u64,
                length as u64,
                values,
            ));
            at += length;
        }
        start += line.len() + 1;
    }
    outcomes
}

fn outcomes(decoded: &Decoded) -> Vec<Outcome> {
    let mut values: Vec<Vec<Option<String>>> = Vec::new();
    for batch in &decoded.batches {
        for row in 0..batch.num_rows() {
            let value = |(at, (_, kind)): (usize, &(&str, Kind))| {
                let column = batch.column(at);
                (!column.is_null(row)).then(|| match kind {
                    Kind::Timestamp => column
                        .as_primitive::<TimestampMicrosecondType>()
                        .value(row)
                        .to_string(),
                    Kind::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
                    Kind::Float64 => column
                        .as_primitive::<Float64Type>()
                        .value(row)
                        .to_bits()
                        .to_string(),
                    Kind::Boolean => column.as_boolean().value(row).to_string(),
                    _ => column.as_string::<i32>().value(row).to_owned(),
                })
            };
            values.push(INPUTS.iter().enumerate().map(value).collect());
        }
    }
    let events = decoded.rows.iter().zip(values);
    let mut outcomes: Vec<_> = events
        .map(|((ordinal, byte, text), values)| {
            Outcome(*ordinal, byte.unwrap(), text.len() as u64, Some(values))
        })
        .chain(decoded.rejected.iter().map(|rejected| {
            let position = &rejected.position;
            Outcome(
                position.offset,
                position.byte.unwrap(),
                rejected.length_bytes,
                None,
            )
        }))
        .collect();
    outcomes.sort_by_key(|outcome| outcome.0);
    outcomes
}

#[test]
fn what_is_decoded_is_what_serde_json_reads_however_the_text_is_cut() {
    let seed = 0x5eed_0001;
    println!("seed {seed}");
    let mut rng = Rng(seed);
    let inputs: Vec<_> = INPUTS
        .iter()
        .map(|(path, kind)| input(path, *kind))
        .collect();
    let (mut events, mut rejected) = (0, 0);
    for round in 0..ROUNDS {
        let text = text(&mut rng);
        let expected = expected(&text);
        let mut reasons = None;
        for _ in 0..3 {
            let options = DecodeOptions {
                batch_rows: 1 + rng.below(50) as u32,
                ..DecodeOptions::default()
            };
            let most = [1, 100, 10_000][rng.below(3)];
            let block_bytes = 64 + rng.below(most);
            let piece = 1 + rng.below(300);
            let mut decoding =
                Decoding::with_block_bytes(projection(inputs.clone()), &options, block_bytes)
                    .unwrap();
            let decoded = run(&mut decoding, object_chunks("a", &text, piece)).unwrap();
            for (found, expected) in outcomes(&decoded).iter().zip(&expected) {
                assert_eq!(
                    found,
                    expected,
                    "round {round}\n{}",
                    String::from_utf8_lossy(&text)
                );
            }
            assert_eq!(
                decoded.counts.records as usize,
                expected.len(),
                "round {round}"
            );
            assert_eq!(decoded.counts.decoded_bytes as usize, text.len());
            assert_eq!(
                reasons.get_or_insert_with(|| decoded.reasons()),
                &decoded.reasons(),
                "round {round}"
            );
            events += decoded.counts.events;
            rejected += decoded.counts.rejected;
        }
    }
    assert!(
        events > 5_000 && rejected > 5_000,
        "{events} events and {rejected} rejections try too little"
    );
}
