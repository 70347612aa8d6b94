//! Names, types and literals in Python.

use backfold_declaration::{Aggregate, Kind, Period};

use super::super::outline::{float, quoted};
use super::super::seen::Cell;

pub(super) const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while",
    "with", "yield",
];

/// Names that an event's annotations use.
pub(super) const USED: [&str; 13] = [
    "bool",
    "bytes",
    "event",
    "float",
    "int",
    "offset",
    "partition",
    "path",
    "record_header",
    "record_key",
    "record_time",
    "source_name",
    "str",
];

/// Names of the module that the pipeline's class may not have.
pub(super) const CLASSES: [&str; 20] = [
    "All",
    "Annotated",
    "Any",
    "Date",
    "DdSketch",
    "False",
    "First",
    "Hll",
    "Last",
    "Max",
    "Min",
    "None",
    "Path",
    "Pipeline",
    "Record",
    "Reject",
    "Sum",
    "Timestamp",
    "True",
    "TypedDict",
];

pub(super) const WEEK: &str = r#"

def week_of(day: Date) -> Date:
    """The Monday of the week."""
    return Date(day - (day + 3) % 7)
"#;

pub(super) const MONTH: &str = r#"

def month_of(day: Date) -> Date:
    """The first day of the month."""
    year, month, _ = str(day).rsplit("-", 2)
    return Date.of(int(year), int(month), 1)
"#;

pub(super) const YEAR: &str = r#"

def year_of(day: Date) -> Date:
    """The first day of the year."""
    year, _, _ = str(day).rsplit("-", 2)
    return Date.of(int(year), 1, 1)
"#;

pub(super) fn monoid_name(aggregate: &Aggregate) -> &'static str {
    match aggregate {
        Aggregate::Count(_) | Aggregate::Sum(_) => "Sum",
        Aggregate::Min(_) => "Min",
        Aggregate::Max(_) => "Max",
        Aggregate::Any(_) => "Any",
        Aggregate::All(_) => "All",
        Aggregate::First { .. } => "First",
        Aggregate::Last { .. } => "Last",
        Aggregate::Distinct(_) => "Hll",
        Aggregate::Quantile { .. } => "DdSketch",
    }
}

pub(super) fn type_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Boolean => "bool",
        Kind::Int64 => "int",
        Kind::Float64 => "float",
        Kind::Timestamp => "Timestamp",
        Kind::Date => "Date",
        Kind::Utf8 | Kind::Json => "str",
        Kind::Binary => "bytes",
    }
}

pub(super) fn annotation(kind: Kind, nullable: bool) -> String {
    let of = type_of(kind);
    match nullable {
        true => format!("{of} | None"),
        false => of.to_owned(),
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
        Cell::Boolean(true) => "True".to_owned(),
        Cell::Boolean(false) => "False".to_owned(),
        Cell::Int64(number) => number.to_string(),
        Cell::Float64(number) => float(*number),
        Cell::Timestamp(at) => format!("Timestamp({at})"),
        Cell::Date(year, month, day) => format!("Date.of({year}, {month}, {day})"),
        Cell::Utf8(text) => quoted(text),
        Cell::Binary(bytes) => {
            let bytes: String = bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect();
            format!("b\"{bytes}\"")
        }
    }
}
