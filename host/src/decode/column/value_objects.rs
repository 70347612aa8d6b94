//! Objects that stand for one value: the typed values of DynamoDB, and MongoDB's Extended JSON.
//!
//! | `decode.values` | objects |
//! |---|---|
//! | `dynamodb` | `{"S": "…"}`, `{"N": "…"}`, `{"BOOL": …}`, `{"NULL": true}`, `{"B": "…"}` |
//! | `mongo` | `{"$numberLong": "…"}`, `$numberInt`, `$numberDouble`, `$numberDecimal`, `$date`, `$oid`, `$uuid`, `$symbol` |
//!
//! The object has to have that member alone. Any other object is an object; names of its members, such as `M`, are part
//! of paths.

use crate::decode::conversion::ValueObjects;
use crate::decode::json::Span;

/// The value for which an object stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::decode) enum StoodFor {
    Null,
    /// A JSON string, number or boolean.
    Value(Span),
    /// The text within a string, which should be a number.
    Number(Span),
    /// A time: an RFC 3339 string, or milliseconds since 1970-01-01T00:00:00Z.
    Time(Span),
}

impl StoodFor {
    /// The text of the value, as a condition compares it.
    pub(in crate::decode) fn span(self) -> Option<Span> {
        match self {
            StoodFor::Null => None,
            StoodFor::Value(span) | StoodFor::Number(span) | StoodFor::Time(span) => Some(span),
        }
    }
}

/// The value for which the JSON value at `span` stands; `None` if it stands for itself.
pub(in crate::decode) fn open(
    objects: ValueObjects,
    padded: &[u8],
    span: Span,
) -> Option<StoodFor> {
    match objects {
        ValueObjects::Plain => None,
        ValueObjects::Dynamodb => {
            let (name, value) = only_member(padded, span)?;
            Some(match (name, scalar(padded, value)?) {
                (b"S" | b"B", Scalar::String) => StoodFor::Value(value),
                (b"BOOL", Scalar::Other) => StoodFor::Value(value),
                (b"N", Scalar::String) => StoodFor::Number(inside(value)),
                (b"NULL", Scalar::Other) => StoodFor::Null,
                _ => return None,
            })
        }
        ValueObjects::Mongo => {
            let (name, value) = only_member(padded, span)?;
            if name == b"$date" {
                return time(padded, value);
            }
            Some(match (name, scalar(padded, value)?) {
                (b"$oid" | b"$uuid" | b"$symbol", Scalar::String) => StoodFor::Value(value),
                (b"$undefined", Scalar::Other) => StoodFor::Null,
                (
                    b"$numberLong" | b"$numberInt" | b"$numberDouble" | b"$numberDecimal",
                    Scalar::String,
                ) => StoodFor::Number(inside(value)),
                (b"$numberLong" | b"$numberInt" | b"$numberDouble", Scalar::Other) => {
                    StoodFor::Value(value)
                }
                _ => return None,
            })
        }
    }
}

/// The time that `$date` has: a string, milliseconds, or these in a `$numberLong`.
fn time(padded: &[u8], value: Span) -> Option<StoodFor> {
    if scalar(padded, value).is_some() {
        return Some(StoodFor::Time(value));
    }
    match only_member(padded, value)? {
        (b"$numberLong", value) if scalar(padded, value)? == Scalar::String => {
            Some(StoodFor::Time(inside(value)))
        }
        _ => None,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scalar {
    String,
    /// A number, a boolean or null.
    Other,
}

/// The kind of the value at `span`; `None` if it is not one scalar.
fn scalar(padded: &[u8], span: Span) -> Option<Scalar> {
    match span.of(padded) {
        [b'"', inside @ ..] => {
            (closing_quote(inside)? + 1 == inside.len()).then_some(Scalar::String)
        }
        [b'{' | b'[', ..] | [] => None,
        text => (!text.contains(&b',')).then_some(Scalar::Other),
    }
}

/// The text within a string.
fn inside(string: Span) -> Span {
    Span {
        start: string.start + 1,
        end: string.end - 1,
        escaped: string.escaped,
    }
}

/// Name and value of the first member of the object at `span`; the value goes on to the end of the object. `None` for
/// another value and for an empty object.
fn only_member(padded: &[u8], span: Span) -> Option<(&[u8], Span)> {
    let text = span.of(padded).strip_prefix(b"{")?.strip_suffix(b"}")?;
    let name = text.trim_ascii_start().strip_prefix(b"\"")?;
    let end = closing_quote(name)?;
    let (name, rest) = name.split_at(end);
    let value = rest[1..].trim_ascii_start().strip_prefix(b":")?;
    let value = value.trim_ascii_start();
    // The text ends one byte before the closing brace.
    let start = span.end - 1 - value.len() as u32;
    let value = value.trim_ascii_end();
    let value_span = Span {
        start,
        end: start + value.len() as u32,
        escaped: value.contains(&b'\\'),
    };
    Some((name, value_span))
}

/// Index of the quote that closes a string, in the text after its opening quote.
fn closing_quote(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', &text[at..])?;
        if text[at] == b'"' {
            return Some(at);
        }
        // The record was parsed: a byte follows the backslash.
        at = (at + 2).min(text.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of the value for which `object` stands, and its form.
    fn opened(objects: ValueObjects, object: &str) -> Option<String> {
        // A value does not begin its text.
        let padded = format!("\"v\": {object}, and more");
        let span = Span {
            start: 5,
            end: 5 + object.len() as u32,
            escaped: object.contains('\\'),
        };
        let value = open(objects, padded.as_bytes(), span)?;
        let text = value.span().map(|span| {
            let text = String::from_utf8(span.of(padded.as_bytes()).to_vec()).unwrap();
            format!("{text}{}", if span.escaped { " escaped" } else { "" })
        });
        let form = match value {
            StoodFor::Null => "null",
            StoodFor::Value(_) => "value",
            StoodFor::Number(_) => "number",
            StoodFor::Time(_) => "time",
        };
        Some(format!("{form} {}", text.unwrap_or_default()))
    }

    #[test]
    fn typed_values_of_dynamodb_stand_for_a_value() {
        let opened = |object| opened(ValueObjects::Dynamodb, object);
        for (object, value) in [
            (r#"{"S":"a"}"#, r#"value "a""#),
            (r#"{ "S" : "a\"}" }"#, r#"value "a\"}" escaped"#),
            (r#"{"S":"a,b"}"#, r#"value "a,b""#),
            (r#"{"N":"1E+3"}"#, "number 1E+3"),
            (r#"{"BOOL":true}"#, "value true"),
            ("{\n \"BOOL\" : false\n}", "value false"),
            (r#"{"NULL":true}"#, "null "),
            (r#"{"B":"AA=="}"#, r#"value "AA==""#),
        ] {
            assert_eq!(opened(object).as_deref(), Some(value), "{object}");
        }
        for object in [
            r#"{"M":{"a":{"S":"b"}}}"#,
            r#"{"L":[{"S":"b"}]}"#,
            r#"{"SS":["a"]}"#,
            r#"{"S":"a","N":"1"}"#,
            r#"{"BOOL":true,"S":"a"}"#,
            r#"{"S":1}"#,
            r#"{"N":1}"#,
            r#"{"s":"a"}"#,
            "{}",
            "{ }",
            r#""S""#,
            "7",
            r#"["S"]"#,
        ] {
            assert_eq!(opened(object), None, "{object}");
        }
        assert_eq!(
            super::tests::opened(ValueObjects::Plain, r#"{"S":"a"}"#),
            None
        );
    }

    #[test]
    fn extended_json_of_mongodb_stands_for_a_value() {
        let opened = |object| opened(ValueObjects::Mongo, object);
        for (object, value) in [
            (r#"{"$oid":"65bb"}"#, r#"value "65bb""#),
            (r#"{"$numberLong":"42"}"#, "number 42"),
            (r#"{"$numberLong":42}"#, "value 42"),
            (r#"{"$numberInt":"-7"}"#, "number -7"),
            (r#"{"$numberDouble":"NaN"}"#, "number NaN"),
            (r#"{"$numberDecimal":"1.50"}"#, "number 1.50"),
            (
                r#"{"$date":"2026-01-31T10:00:00Z"}"#,
                r#"time "2026-01-31T10:00:00Z""#,
            ),
            (r#"{"$date":1769853600000}"#, "time 1769853600000"),
            (
                r#"{"$date": {"$numberLong": "1769853600000"} }"#,
                "time 1769853600000",
            ),
        ] {
            assert_eq!(opened(object).as_deref(), Some(value), "{object}");
        }
        for object in [
            r#"{"$numberLong":"1","x":2}"#,
            r#"{"$date":{"$numberLong":"1"},"x":{}}"#,
            r#"{"$date":{"$numberInt":"1"}}"#,
            r#"{"$binary":{"base64":"AA==","subType":"00"}}"#,
            r#"{"$oid":{}}"#,
            r#"{"S":"a"}"#,
        ] {
            assert_eq!(opened(object), None, "{object}");
        }
    }
}
