//! Names, types and literals in Rust.

use backfold_declaration::{Kind, Period};

use super::super::outline::float;
use super::super::seen::Cell;

pub(super) const KEYWORDS: [&str; 47] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "while", "yield",
];

/// Keywords that no `r#` makes a name.
pub(super) const NEVER_NAMES: [&str; 4] = ["crate", "self", "super", "_"];

/// Variables of `fold`.
pub(super) const LOCALS: [&str; 5] = ["e", "key", "out", "s", "value"];

/// Names of the module that the pipeline's type may not have.
pub(super) const TYPES: [&str; 41] = [
    "All",
    "Any",
    "CountMin",
    "Date",
    "DdSketch",
    "Default",
    "Err",
    "Event",
    "First",
    "Group",
    "Hll",
    "Json",
    "Kept",
    "Key",
    "Last",
    "Max",
    "Min",
    "Monoid",
    "NoView",
    "None",
    "Ok",
    "Option",
    "Out",
    "ParamError",
    "Params",
    "Pipeline",
    "Record",
    "Reject",
    "Result",
    "Self",
    "Set",
    "Shown",
    "Some",
    "String",
    "Sum",
    "Theta",
    "Timestamp",
    "TopK",
    "Value",
    "Vec",
    "View",
];

pub(super) const WEEK: &str = "
/// The Monday of the week.
fn week_of(day: Date) -> Date {
    Date::from_days(day.days - (day.days + 3).rem_euclid(7))
}
";

pub(super) const MONTH: &str = "
/// The first day of the month.
fn month_of(day: Date) -> Date {
    let year = year_at(day);
    let firsts = (1..=12).filter_map(|month| Date::from_ymd(year, month, 1));
    firsts.filter(|first| *first <= day).last().unwrap_or(day)
}
";

pub(super) const YEAR: &str = "
/// The first day of the year.
fn year_of(day: Date) -> Date {
    Date::from_ymd(year_at(day), 1, 1).unwrap_or(day)
}
";

pub(super) const YEAR_AT: &str = "
/// The year in which a day lies.
fn year_at(day: Date) -> i32 {
    let begins_after = |year| Date::from_ymd(year, 1, 1).is_some_and(|first| first > day);
    // 400 years have 146,097 days; so the estimate is one year off at most.
    let mut year = 1970 + (i64::from(day.days) * 400).div_euclid(146_097) as i32;
    while begins_after(year) {
        year -= 1;
    }
    while !begins_after(year + 1) {
        year += 1;
    }
    year
}
";

pub(super) fn is_borrowed(mut kinds: impl Iterator<Item = Kind>) -> bool {
    kinds.any(|kind| matches!(kind, Kind::Utf8 | Kind::Binary | Kind::Json))
}

pub(super) fn is_name(text: &str) -> bool {
    let begins = text.starts_with(|c: char| c.is_ascii_lowercase());
    begins
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// A name that may be a keyword.
pub(super) fn raw(name: &str) -> String {
    match KEYWORDS.contains(&name) {
        true => format!("r#{name}"),
        false => name.to_owned(),
    }
}

pub(super) fn type_of(kind: Kind, nullable: bool, is_borrowed: bool) -> String {
    let of = match kind {
        Kind::Utf8 | Kind::Json if is_borrowed => "&'a str",
        Kind::Binary if is_borrowed => "&'a [u8]",
        kind => owned(kind),
    };
    match nullable {
        true => format!("Option<{of}>"),
        false => of.to_owned(),
    }
}

pub(super) fn owned(kind: Kind) -> &'static str {
    match kind {
        Kind::Boolean => "bool",
        Kind::Int64 => "i64",
        Kind::Float64 => "f64",
        Kind::Timestamp => "Timestamp",
        Kind::Date => "Date",
        Kind::Utf8 | Kind::Json => "String",
        Kind::Binary => "Vec<u8>",
    }
}

pub(super) fn period_of(period: Period, at: &str) -> String {
    match period {
        Period::Minute => format!("{at}.truncated(60)"),
        Period::Hour => format!("{at}.truncated(3600)"),
        Period::Day => format!("{at}.date()"),
        Period::Week => format!("week_of({at}.date())"),
        Period::Month => format!("month_of({at}.date())"),
        Period::Year => format!("year_of({at}.date())"),
    }
}

pub(super) fn literal(cell: &Cell) -> String {
    match cell {
        Cell::Null => "None".to_owned(),
        Cell::Boolean(value) => value.to_string(),
        Cell::Int64(number) => number.to_string(),
        Cell::Float64(number) => float(*number),
        Cell::Timestamp(at) => format!("Timestamp::from_microseconds({at})"),
        Cell::Date(year, month, day) => {
            format!("Date::from_ymd({year}, {month}, {day}).expect(\"a day of the calendar\")")
        }
        Cell::Utf8(text) => format!("{text:?}"),
        Cell::Binary(bytes) => format!("b\"{}\".as_slice()", bytes.escape_ascii()),
    }
}
