//! Names, types and literals in Go.

use backfold_declaration::{Kind, Period};

use super::super::outline::{float, pascal, quoted};
use super::super::seen::Cell;

pub(super) const WEEK: &str = "
// weekOf returns the Monday of the week.
func weekOf(day guest.Date) guest.Date {
	into := (day + 3) % 7
	if into < 0 {
		into += 7
	}
	return day - into
}
";

pub(super) const MONTH: &str = "
// monthOf returns the first day of the month.
func monthOf(day guest.Date) guest.Date {
	t := day.Time()
	return guest.Day(t.Year(), t.Month(), 1)
}
";

pub(super) const YEAR: &str = "
// yearOf returns the first day of the year.
func yearOf(day guest.Date) guest.Date {
	return guest.Day(day.Time().Year(), 1, 1)
}
";

pub(super) const FINITE: &str = "
func isFinite(number float64) bool {
	return !math.IsInf(number, 0) && !math.IsNaN(number)
}
";

pub(super) const OR_NULL: &str = "
// orNull is a value that may be missing.
func orNull(value float64, ok bool) guest.Null[float64] {
	return guest.Null[float64]{V: value, Valid: ok}
}
";

/// A test that may stand between `&&`.
pub(super) fn conjunct(test: String) -> String {
    match test.contains(" || ") && !test.starts_with('(') {
        true => format!("({test})"),
        false => test,
    }
}

/// A name that other packages see, such as `TotalMS` for `total_ms`.
pub(super) fn exported(name: &str) -> String {
    let words = name.split('_').filter(|word| !word.is_empty());
    let words = words.map(|word| match word {
        "id" | "ms" | "url" | "ip" => word.to_ascii_uppercase(),
        word => pascal(word),
    });
    let name: String = words.collect();
    match name.starts_with(|c: char| c.is_ascii_uppercase()) {
        true => name,
        false => format!("X{name}"),
    }
}

/// A field for each column, none twice.
pub(super) fn unique<'a>(columns: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for column in columns {
        let stem = exported(column);
        let mut name = stem.clone();
        let mut number = 2;
        while names.contains(&name) {
            name = format!("{stem}{number}");
            number += 1;
        }
        names.push(name);
    }
    names
}

/// The column of a field without a tag, as the SDK names it.
pub(super) fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (at, letter) in letters.iter().enumerate() {
        if letter.is_ascii_uppercase() && at > 0 && letters[at - 1] != '_' {
            let after_lower = !letters[at - 1].is_ascii_uppercase();
            let before_lower = letters.get(at + 1).is_some_and(char::is_ascii_lowercase);
            if after_lower || before_lower {
                snake.push('_');
            }
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

pub(super) fn type_of(kind: Kind, nullable: bool) -> String {
    let of = match kind {
        Kind::Boolean => "bool",
        Kind::Int64 => "int64",
        Kind::Float64 => "float64",
        Kind::Timestamp => "guest.Timestamp",
        Kind::Date => "guest.Date",
        Kind::Utf8 | Kind::Json => "string",
        Kind::Binary => "guest.Binary",
    };
    match nullable {
        true => format!("guest.Null[{of}]"),
        false => of.to_owned(),
    }
}

pub(super) fn period_of(period: Period, at: &str) -> String {
    match period {
        Period::Minute => format!("{at}.Truncate(60)"),
        Period::Hour => format!("{at}.Truncate(3600)"),
        Period::Day => format!("{at}.Date()"),
        Period::Week => format!("weekOf({at}.Date())"),
        Period::Month => format!("monthOf({at}.Date())"),
        Period::Year => format!("yearOf({at}.Date())"),
    }
}

pub(super) fn literal(cell: &Cell, kind: Kind, nullable: bool) -> String {
    let plain = match cell {
        Cell::Null => return format!("{}{{}}", type_of(kind, true)),
        Cell::Boolean(value) => value.to_string(),
        Cell::Int64(number) | Cell::Timestamp(number) => number.to_string(),
        Cell::Float64(number) => float(*number),
        Cell::Date(year, month, day) => format!("guest.Day({year}, {month}, {day})"),
        Cell::Utf8(text) => quoted(text),
        Cell::Binary(bytes) => {
            let bytes: String = bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect();
            format!("\"{bytes}\"")
        }
    };
    match nullable {
        true => format!("{}{{V: {plain}, Valid: true}}", type_of(kind, true)),
        false => plain,
    }
}
