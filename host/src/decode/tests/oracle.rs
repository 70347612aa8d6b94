//! What serde_json, the standard library and chrono read in a text.

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::schema::Kind;

/// What is wanted: paths of all kinds, some of them within another.
pub(in crate::decode) const INPUTS: &[(&str, Kind)] = &[
    ("ts", Kind::Timestamp),
    ("page_id", Kind::Utf8),
    ("n", Kind::Int64),
    ("value", Kind::Float64),
    ("geo.country", Kind::Utf8),
    ("geo", Kind::Json),
    ("bot", Kind::Boolean),
];

/// Ordinal, first byte, length and, of an event, its values.
#[derive(Debug, PartialEq)]
pub(in crate::decode) struct Outcome(
    pub(in crate::decode) i64,
    pub(in crate::decode) u64,
    pub(in crate::decode) u64,
    pub(in crate::decode) Option<Vec<Option<String>>>,
);

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
        Kind::Timestamp if text.starts_with('"') => {
            let text = serde_json::from_str::<String>(text).map_err(drop)?;
            let text = as_rfc3339(&text).ok_or(())?;
            let at = chrono::DateTime::parse_from_rfc3339(&text).map_err(drop)?;
            Ok(at.timestamp_micros().to_string())
        }
        _ => Err(()),
    }
}

/// A timestamp as chrono takes it; `None` for what chrono alone lets pass: a leap second, a minus that is not ASCII.
fn as_rfc3339(text: &str) -> Option<String> {
    let (date, rest) = text.split_at_checked(10)?;
    let (between, rest) = rest.split_at_checked(1)?;
    let place = rest.find(|sign: char| !(sign.is_ascii_digit() || ":.,".contains(sign)))?;
    let (time, offset) = rest.split_at(place);
    if !text.is_ascii() || !["T", "t", " "].contains(&between) {
        return None;
    }
    let date = match date.matches('/').count() {
        2 if !date.contains('-') => date.replace('/', "-"),
        _ => date.to_owned(),
    };
    let time = match time.len() {
        5 => format!("{time}:00"),
        _ => time.replace(',', "."),
    };
    let offset = offset.strip_prefix(' ').unwrap_or(offset);
    if offset.starts_with(|sign: char| sign.is_ascii_digit()) {
        return None;
    }
    let offset = match offset {
        "UTC" | "GMT" | "z" => "Z".to_owned(),
        _ if offset.len() == 3 => format!("{offset}:00"),
        _ if offset.len() == 5 => format!("{}:{}", &offset[..3], &offset[3..]),
        _ => offset.to_owned(),
    };
    (time.get(6..8) != Some("60")).then(|| format!("{date}T{time}{offset}"))
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

/// The wanted values of a record that follows the grammar; `None` if it is to be rejected.
fn values(record: &[u8]) -> Option<Vec<Option<String>>> {
    let record = std::str::from_utf8(record).ok()?;
    let value = |(path, kind): &(&str, Kind)| {
        lookup(record, path)
            .filter(|text| *text != "null")
            .map(|text| convert(*kind, text))
            .transpose()
    };
    INPUTS.iter().map(value).collect::<Result<Vec<_>, _>>().ok()
}

/// What becomes of a message: its values, or `None` if it is to be rejected.
pub(in crate::decode) fn expected_of_message(message: &[u8]) -> Option<Vec<Option<String>>> {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    // The number of a schema.
    let message = match message {
        [0, _, _, _, _, value @ ..] if !value.is_empty() => value,
        _ => message,
    };
    let start = message.iter().position(|byte| !is_blank(byte))?;
    let end = message.iter().rposition(|byte| !is_blank(byte))? + 1;
    let record = &message[start..end];
    (object_length(record)? == record.len())
        .then(|| values(record))
        .flatten()
}

/// What becomes of the records of an object; `None` if it ends within an array.
pub(in crate::decode) fn expected(text: &[u8]) -> Option<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    let (mut array, mut has_lines) = (None, false);
    let mut at = 0;
    loop {
        at = next_byte(text, at);
        let Some(first) = text.get(at) else {
            break;
        };
        if text[at..].starts_with(b"\xef\xbb\xbf") {
            at += 3;
            continue;
        }
        let line_end = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |feed| at + feed);
        if text[at..].starts_with(b"\xef\xbb\xbf") {
            at += 3;
            continue;
        }
        if *first != b'{' && separates(text, at, outcomes.is_empty(), &mut array) {
            at += 1;
            continue;
        }
        has_lines |= outcomes.is_empty() && is_on_lines(&text[at..], line_end - at);
        let end = if has_lines { text.len() } else { line_end };
        let length = object_length(&text[at..end]);
        if length.is_none() && array == Some(true) && end == text.len() && is_cut_off(&text[at..]) {
            return None;
        }
        let values = length.and_then(|length| values(&text[at..at + length]));
        let is_lost = has_lines && length.is_none();
        let length = length.unwrap_or_else(|| match has_lines {
            true => end - at,
            false => broken_length(&text[at..end]),
        });
        let ordinal = outcomes.len() as i64;
        outcomes.push(Outcome(ordinal, at as u64, length as u64, values));
        at += length;
        if is_lost {
            // What follows a fault may be anything, also the end of the array.
            return Some(outcomes);
        }
    }
    let is_open = array == Some(true) && last_byte(text) != Some(b']');
    (!is_open).then_some(outcomes)
}

/// The place of the next byte from `at` on that is not blank.
fn next_byte(text: &[u8], at: usize) -> usize {
    let blank = |byte: &&u8| is_blank(byte) || **byte == b'\n';
    at + text[at..].iter().take_while(blank).count()
}

/// The last byte that is not blank.
fn last_byte(text: &[u8]) -> Option<u8> {
    let last = text
        .iter()
        .rev()
        .find(|byte| !is_blank(byte) && **byte != b'\n');
    last.copied()
}

/// Whether the byte at `at` separates records. `array`: whether an array is open, if there was one.
fn separates(text: &[u8], at: usize, is_first: bool, array: &mut Option<bool>) -> bool {
    match text[at] {
        0x1e => *array != Some(true),
        b',' => last_byte(&text[..at]) == Some(b'}'),
        b']' if *array == Some(true) => {
            *array = Some(false);
            true
        }
        b'[' if *array == Some(false) || (is_first && array.is_none()) => {
            let opens = match text.get(next_byte(text, at + 1)) {
                Some(next) => matches!(next, b'{' | b']'),
                None => true,
            };
            *array = if opens { Some(true) } else { *array };
            opens
        }
        _ => false,
    }
}

/// Whether the first record of an object is on several lines, the first of which has `line` bytes.
fn is_on_lines(text: &[u8], line: usize) -> bool {
    if text.first() != Some(&b'{') || line == text.len() || object_length(&text[..line]).is_some() {
        return false;
    }
    // A line feed that serde_json takes is a blank.
    let is_whole = object_length(text).is_some_and(|length| length > line);
    let is_bare = text[1..line].iter().all(is_blank);
    is_whole || (is_bare && text.get(next_byte(text, line)) == Some(&b'"'))
}

/// Whether a record lacks nothing but its end.
fn is_cut_off(text: &[u8]) -> bool {
    let ascii: Vec<u8> = text
        .iter()
        .map(|byte| if byte.is_ascii() { *byte } else { b'?' })
        .collect();
    let read = serde_json::from_slice::<&RawValue>(&ascii);
    text.starts_with(b"{") && read.is_err_and(|error| error.is_eof())
}

fn is_blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r')
}

/// The length of the broken record in front of `text`, which goes on to the end of a line.
fn broken_length(text: &[u8]) -> usize {
    // What stands in front of the quote that opened the last string, quotes being paired from the beginning.
    let (mut opened_after, mut is_string) = (None, false);
    let mut at = 0;
    while at < text.len() {
        let before = text[..at].iter().copied().filter(|byte| !is_blank(byte));
        let before: Vec<u8> = before.collect();
        match text[at] {
            b'\\' if is_string => at += 1,
            b'"' => {
                if !is_string {
                    opened_after = before.last().copied();
                }
                is_string = !is_string;
            }
            b'{' if at > 0 && begins_record(text, at, &before, opened_after) => return at,
            _ => {}
        }
        at += 1;
    }
    text.len()
}

/// Whether the brace at `at` of the rest of a line begins a record, by what stands before it without blanks.
fn begins_record(text: &[u8], at: usize, before: &[u8], opened_after: Option<u8>) -> bool {
    let next = |text: &[u8], most: usize| {
        let blanks = text
            .iter()
            .take(most)
            .take_while(|byte| is_blank(byte))
            .count();
        text.get(blanks).copied().filter(|_| blanks < most)
    };
    if next(&text[at + 1..], 65) != Some(b'"') {
        return false;
    }
    let follows = object_length(&text[at..]).map(|length| next(&text[at + length..], 64));
    let goes_on = |next: Option<u8>| next.is_some_and(|next| b",]}".contains(&next));
    match before {
        [.., b'}'] => follows.is_none_or(|next| !goes_on(next)),
        [.., b'"', b':'] if matches!(opened_after, Some(b'{' | b',')) => false,
        [.., b':' | b',' | b'[', b'['] => false,
        [.., b':' | b',' | b'['] => follows.is_some_and(|next| next.is_none_or(|b| b == b'{')),
        _ => follows.is_some_and(|next| !goes_on(next)),
    }
}
