//! Names, types and literals in TypeScript.

use backfold_declaration::Kind;

use super::super::outline::{self, float, pascal};
use super::super::seen::Cell;

/// Integers up to this are numbers in JavaScript.
pub(super) const SAFE: u64 = (1 << 53) - 1;

/// A test that may stand between `&&`.
pub(super) fn conjunct(test: String) -> String {
    match test.contains(" || ") {
        true => format!("({test})"),
        false => test,
    }
}

/// The property whose column has this name: `totalMs` for `total_ms`, the name itself where the SDK would not find it.
pub(super) fn property(name: &str) -> String {
    let words = pascal(name);
    let mut camel = String::new();
    let first = words.split_at(words.len().min(1));
    camel.push_str(&first.0.to_ascii_lowercase());
    camel.push_str(first.1);
    match column(&camel) == name && !camel.is_empty() {
        true => camel,
        false => name.to_owned(),
    }
}

/// The column of a property, as the SDK names it.
pub(super) fn column(property: &str) -> String {
    let mut name = String::new();
    let mut before = ' ';
    for c in property.chars() {
        if c.is_ascii_uppercase() && (before.is_ascii_lowercase() || before.is_ascii_digit()) {
            name.push('_');
        }
        name.push(c.to_ascii_lowercase());
        before = c;
    }
    name
}

pub(super) fn constructor(kind: Kind) -> &'static str {
    match kind {
        Kind::Boolean => "bool",
        Kind::Int64 => "int64",
        Kind::Float64 => "float",
        Kind::Timestamp => "timestamp",
        Kind::Date => "date",
        Kind::Utf8 | Kind::Json => "text",
        Kind::Binary => "binary",
    }
}

pub(super) fn column_of(kind: Kind, nullable: bool) -> String {
    let of = constructor(kind);
    match nullable {
        true => format!("nullable({of}())"),
        false => format!("{of}()"),
    }
}

pub(super) fn integer(number: i64) -> String {
    match number.unsigned_abs() > SAFE {
        true => format!("{number}n"),
        false => number.to_string(),
    }
}

/// A text in single quotes.
pub(super) fn quoted(text: &str) -> String {
    let json = outline::quoted(text);
    let inner = json[1..json.len() - 1]
        .replace("\\\"", "\"")
        .replace('\'', "\\'");
    format!("'{inner}'")
}

/// The name of a property that may need quotes.
pub(super) fn name_of(path: &str) -> String {
    let begins = path.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let is_name = begins && path.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_name {
        path.to_owned()
    } else {
        quoted(path)
    }
}

pub(super) fn literal(cell: &Cell) -> String {
    match cell {
        Cell::Null => "null".to_owned(),
        Cell::Boolean(value) => value.to_string(),
        Cell::Int64(number) | Cell::Timestamp(number) => integer(*number),
        Cell::Float64(number) => float(*number),
        Cell::Date(year, month, day) => format!("dayOf({year}, {month}, {day})"),
        Cell::Utf8(text) => quoted(text),
        Cell::Binary(bytes) => format!("Uint8Array.of({})", {
            let bytes: Vec<_> = bytes.iter().map(u8::to_string).collect();
            bytes.join(", ")
        }),
    }
}
