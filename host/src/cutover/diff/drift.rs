//! The drift of columns as text: the figures that differ between two builds.

use std::fmt;

use super::outcome::{ColumnDiff, ColumnFigures};
use crate::units::count;

/// A figure that differs, as it stands on a line.
struct Line {
    column: String,
    figure: &'static str,
    old: String,
    new: String,
    change: String,
}

/// The lines of all figures that differ, below a title; nothing where none does. `name` shortens the name of a column.
pub(super) fn write(
    f: &mut fmt::Formatter<'_>,
    columns: &[ColumnDiff],
    name: impl Fn(&str) -> String,
) -> fmt::Result {
    let mut lines = Vec::new();
    for column in columns {
        let first = lines.len();
        lines.extend(lines_of(column.drift.old, column.drift.new));
        if let Some(line) = lines.get_mut(first) {
            line.column = name(&column.name);
        }
    }
    if lines.is_empty() {
        return Ok(());
    }
    let width = |cell: fn(&Line) -> &str| {
        let cells = lines.iter().map(|line| cell(line).chars().count());
        cells.max().unwrap_or(0).max("old".len())
    };
    let names = width(|line| &line.column);
    let (olds, news) = (width(|line| &line.old), width(|line| &line.new));
    writeln!(
        f,
        "\n{:<names$}         {:>olds$}  {:>news$}",
        "drift", "old", "new"
    )?;
    for line in &lines {
        let text = format!(
            "  {:<names$}  {:<5}  {:>olds$}  {:>news$}  {}",
            line.column, line.figure, line.old, line.new, line.change
        );
        writeln!(f, "{}", text.trim_end())?;
    }
    Ok(())
}

fn lines_of(old: ColumnFigures, new: ColumnFigures) -> Vec<Line> {
    let mut lines = Vec::new();
    let figures = [("sum", old.sum, new.sum), ("mean", old.mean, new.mean)];
    for (figure, before, after) in figures {
        if before != after {
            lines.push(Line {
                column: String::new(),
                figure,
                old: number(before),
                new: number(after),
                change: change(before, after),
            });
        }
    }
    let shares = (old.null_share(), new.null_share());
    if shares.0 != shares.1 {
        lines.push(Line {
            column: String::new(),
            figure: "nulls",
            old: count(old.nulls),
            new: count(new.nulls),
            change: format!("{} -> {} of the rows", percent(shares.0), percent(shares.1)),
        });
    }
    lines
}

/// A relative change, where there is one.
fn change(old: Option<f64>, new: Option<f64>) -> String {
    match (old, new) {
        (Some(old), Some(new)) if old != 0.0 => {
            let change = (new - old) / old.abs();
            let sign = if change < 0.0 { '-' } else { '+' };
            format!("{sign}{}", percent(change.abs()))
        }
        _ => String::new(),
    }
}

/// A share of more than nothing in percent.
fn percent(share: f64) -> String {
    match share * 100.0 {
        0.0 => "0 %".to_owned(),
        share if share < 0.05 => "<0.1 %".to_owned(),
        share if share < 1e6 => format!("{share:.1} %"),
        share => format!("{share:.1e} %"),
    }
}

/// A figure in at most some fifteen characters.
pub(in crate::cutover) fn number(figure: Option<f64>) -> String {
    let Some(figure) = figure else {
        return "none".to_owned();
    };
    let size = figure.abs();
    if size < 1e15 && size.fract() == 0.0 {
        let sign = if figure < 0.0 { "-" } else { "" };
        return format!("{sign}{}", count(size as u64));
    }
    if !(1e-3..1e15).contains(&size) {
        return format!("{figure:.6e}");
    }
    // Nine digits, those before the point in any case.
    let decimals = (8.0 - size.log10().floor()).clamp(0.0, 9.0) as usize;
    let text = format!("{size:.decimals$}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let sign = if figure < 0.0 { "-" } else { "" };
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), count);
    match fraction.trim_end_matches('0') {
        "" => format!("{sign}{whole}"),
        fraction => format!("{sign}{whole}.{fraction}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short_and_tell_small_from_large() {
        let figures = [
            0.0,
            -1_234_567.0,
            2.5,
            0.1,
            1.0 / 3.0,
            -123_456.789_123,
            99_999_999.5,
            1e-5,
            1e300,
            -2e15,
        ];
        let texts = figures.map(|figure| number(Some(figure)));
        insta::assert_snapshot!(texts.join(" "), @"0 -1,234,567 2.5 0.1 0.333333333 -123,456.789 99,999,999.5 1.000000e-5 1.000000e300 -2.000000e15");
        assert_eq!(number(None), "none");
    }

    #[test]
    fn changes_are_relative_to_the_size_of_what_was() {
        let changes = [
            (10.0, 55.0),
            (-10.0, -5.0),
            (4.0, 3.0),
            (1e6, 1e6 + 1.0),
            (1.0, 1e9),
        ];
        let texts = changes.map(|(old, new)| change(Some(old), Some(new)));
        insta::assert_snapshot!(texts.join(", "), @"+450.0 %, +50.0 %, -25.0 %, +<0.1 %, +1.0e11 %");
        assert_eq!(change(Some(0.0), Some(1.0)), "");
        assert_eq!(change(None, Some(1.0)), "");
    }
}
