//! Names, types and literals in C.

use backfold_declaration::Period;

use super::super::outline::float;
use super::super::seen::Cell;

/// Keywords, and macros of the headers that the SDK includes.
pub(super) const WORDS: [&str; 68] = [
    "EOF",
    "INFINITY",
    "NAN",
    "NULL",
    "_Bool",
    "_Complex",
    "_Imaginary",
    "alignas",
    "alignof",
    "asm",
    "assert",
    "auto",
    "bool",
    "break",
    "case",
    "char",
    "complex",
    "const",
    "continue",
    "default",
    "do",
    "double",
    "else",
    "enum",
    "errno",
    "extern",
    "false",
    "float",
    "for",
    "goto",
    "i386",
    "if",
    "inline",
    "int",
    "isfinite",
    "isinf",
    "isnan",
    "linux",
    "long",
    "main",
    "math_errhandling",
    "offsetof",
    "register",
    "restrict",
    "return",
    "short",
    "signbit",
    "signed",
    "sizeof",
    "static",
    "static_assert",
    "stderr",
    "stdin",
    "stdout",
    "struct",
    "switch",
    "true",
    "typedef",
    "typeof",
    "union",
    "unix",
    "unsigned",
    "va_arg",
    "va_end",
    "va_start",
    "void",
    "volatile",
    "while",
];

/// The most columns and conditions that the SDK's macros take.
pub(super) const MOST: usize = 64;

pub(super) const WEEK: &str = "
// The Monday of the week.
static bf_date week_of(bf_date day) {
  return day - ((day + 3) % 7 + 7) % 7;
}
";

pub(super) const YEAR_AT: &str = "
// The year in which a day lies.
static int year_at(bf_date day) {
  // 400 years have 146,097 days; so the estimate is one year off at most.
  int year = 1970 + (int)((int64_t)day * 400 / 146097);
  while (bf_day(year, 1, 1) > day) year--;
  while (bf_day(year + 1, 1, 1) <= day) year++;
  return year;
}
";

pub(super) const MONTH: &str = "
// The first day of the month.
static bf_date month_of(bf_date day) {
  int year = year_at(day), month = 12;
  while (bf_day(year, month, 1) > day) month--;
  return bf_day(year, month, 1);
}
";

pub(super) const YEAR: &str = "
// The first day of the year.
static bf_date year_of(bf_date day) {
  return bf_day(year_at(day), 1, 1);
}
";

pub(super) const OR_NULL: &str = "
// A quantile; a sketch without values has none.
static bf_float64_or_null quantile_of(const bf_dd_sketch *sketch, double quantile) {
  double value = bf_dd_sketch_quantile(sketch, quantile);
  bf_float64_or_null found = {!isnan(value), isnan(value) ? 0 : value};
  return found;
}
";

/// A text for the end of a line: what would join the next line to it does not stand at its end.
pub(super) fn comment(text: &str) -> String {
    match text.ends_with('\\') || text.ends_with("??/") {
        true => format!("{text} ."),
        false => text.to_owned(),
    }
}

/// A test that may stand between `&&`.
pub(super) fn conjunct(test: String) -> String {
    match test.contains(" || ") && !test.contains(".present && ") {
        true => format!("({test})"),
        false => test,
    }
}

pub(super) fn period_of(period: Period, at: &str) -> String {
    match period {
        Period::Minute => format!("bf_truncated({at}, 60)"),
        Period::Hour => format!("bf_truncated({at}, 3600)"),
        Period::Day => format!("bf_day_of({at})"),
        Period::Week => format!("week_of(bf_day_of({at}))"),
        Period::Month => format!("month_of(bf_day_of({at}))"),
        Period::Year => format!("year_of(bf_day_of({at}))"),
    }
}

pub(super) fn integer(number: i64) -> String {
    match number {
        i64::MIN => "INT64_MIN".to_owned(),
        number => number.to_string(),
    }
}

/// A text in quotes. Question marks are escaped, two of which would begin a trigraph.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' | '?' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            character if character.is_ascii_control() => {
                quoted.push_str(&format!("\\{:03o}", character as u32));
            }
            character => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

pub(super) fn literal(cell: &Cell) -> String {
    match cell {
        Cell::Null => "{false}".to_owned(),
        Cell::Boolean(value) => value.to_string(),
        Cell::Int64(number) | Cell::Timestamp(number) => integer(*number),
        Cell::Float64(number) => float(*number),
        Cell::Date(year, month, day) => format!("bf_day({year}, {month}, {day})"),
        Cell::Utf8(text) => format!("bf_text({})", quoted(text)),
        Cell::Binary(bytes) => {
            let text: String = bytes.iter().map(|byte| format!("\\{byte:03o}")).collect();
            format!("{{\"{text}\", {}}}", bytes.len())
        }
    }
}
