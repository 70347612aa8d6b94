//! The columns that both tables have: in how many rows each differs, and how its figures drifted.

use maud::{Markup, html};

use super::frame::{Frame, percent};
use super::shape::{left_out, scrolling};
use crate::human::count;
use crate::replay::review::{RecordedChange, RecordedColumn, RecordedDiff, RecordedFigures};

/// The columns that are shown, those that changed most first.
const COLUMNS: usize = 40;

/// The drift from which a figure stands out.
const LARGE_PERCENT: f64 = 10.0;

/// The columns whose largest change is shown.
const LARGEST: usize = 20;

/// The tables of columns.
pub(super) fn columns(frame: &Frame<'_>, diff: &RecordedDiff) -> Markup {
    let mut order: Vec<&RecordedColumn> = diff.columns.iter().collect();
    order.sort_by_key(|column| std::cmp::Reverse(column.differ));
    let (shown, more) = frame.first(&order, COLUMNS);
    let has_drift = order.iter().any(|column| column.drift.is_some());
    html! {
        @if !order.is_empty() {
            h3 { "Columns" }
            p.small.soft {
                "Rows of both tables in which a column differs"
                @if has_drift { ", and its figures over the whole of the new table and of the live one" }
                "."
            }
            (scrolling("Columns, and how their figures drifted", &table(frame, shown, diff, has_drift)))
            (left_out(more, "columns are"))
            (largest(frame, &order))
        }
    }
}

fn table(
    frame: &Frame<'_>,
    shown: &[&RecordedColumn],
    diff: &RecordedDiff,
    has_drift: bool,
) -> Markup {
    html! {
        table {
            thead {
                tr {
                    th scope="col" { "Column" }
                    th scope="col" { "Kind" }
                    th.n scope="col" { "Differs in" }
                    @if has_drift {
                        th.n scope="col" { "Sum" } th.n scope="col" { "Mean" } th.n scope="col" { "Nulls" }
                    }
                }
            }
            tbody {
                @for column in shown {
                    tr {
                        th.mono scope="row" { (frame.text(&column.name, 80)) }
                        td.soft { (frame.text(&column.kind, 30)) }
                        td.n { (count(column.differ)) br; span.soft.small { (percent(column.differ, diff.counts.both)) } }
                        @if has_drift { (figures(column)) }
                    }
                }
            }
        }
    }
}

/// The figures of a column in the new table, each with what it was in the live one.
fn figures(column: &RecordedColumn) -> Markup {
    let Some(drift) = column.drift else {
        return html! { td.soft colspan="3" { "not recorded" } };
    };
    let (old, new) = (drift.old, drift.new);
    html! {
        td.n { (figure(new.sum)) (was(old.sum, new.sum)) }
        td.n { (figure(new.mean)) (was(old.mean, new.mean)) }
        td.n {
            (nulls(new)) br;
            span.small.soft { "was " (nulls(old)) }
        }
    }
}

fn nulls(figures: RecordedFigures) -> String {
    match figures.nulls {
        0 => "0".to_owned(),
        nulls => format!("{} ({})", count(nulls), percent(nulls, figures.rows)),
    }
}

/// What a figure was, and by how much it drifted, relative to that.
fn was(old: Option<f64>, new: Option<f64>) -> Markup {
    let Some(old) = old else {
        return html! {};
    };
    let drift = match new {
        Some(new) if old == new => Some(0.0),
        Some(new) if old != 0.0 => Some((new - old) / old.abs() * 100.0),
        _ => None,
    };
    html! {
        br;
        span.small.soft { "was " (figure(Some(old))) }
        @if let Some(drift) = drift {
            br;
            @if drift == 0.0 { span.small.soft { "the same" } }
            @else { span.small.large[drift.abs() >= LARGE_PERCENT] { (signed(drift)) } }
        }
    }
}

fn signed(percent: f64) -> String {
    let sign = if percent < 0.0 { "−" } else { "+" };
    match percent.abs() {
        size if size < 0.01 => format!("{sign}< 0.01 %"),
        size if size < 1.0 => format!("{sign}{size:.2} %"),
        size if size < 1000.0 => format!("{sign}{size:.1} %"),
        size => format!("{sign}{size:.0} %"),
    }
}

/// A figure: whole numbers in full, others with about six digits.
fn figure(figure: Option<f64>) -> String {
    let Some(figure) = figure else {
        return "–".to_owned();
    };
    let size = figure.abs();
    let sign = if figure < 0.0 { "−" } else { "" };
    match size {
        _ if !figure.is_finite() => figure.to_string(),
        size if size >= 1e15 => format!("{figure:.5e}"),
        size if size.fract() == 0.0 || size >= 1e6 => {
            format!("{sign}{}", count(size.round() as u64))
        }
        size if size >= 1.0 => {
            let digits = 5_usize.saturating_sub(size.log10() as usize);
            let text = format!("{size:.digits$}");
            let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
            let whole = whole.parse().map_or_else(|_| whole.to_owned(), count);
            let rest = rest.trim_end_matches('0');
            let point = if rest.is_empty() { "" } else { "." };
            format!("{sign}{whole}{point}{rest}")
        }
        size if size >= 1e-4 => {
            let text = format!("{size:.8}");
            format!("{sign}{}", text.trim_end_matches('0'))
        }
        _ => format!("{figure:.5e}"),
    }
}

/// The largest change of each column.
fn largest(frame: &Frame<'_>, columns: &[&RecordedColumn]) -> Markup {
    let changes: Vec<(&str, &RecordedChange)> = columns
        .iter()
        .filter_map(|column| Some((column.name.as_str(), column.largest.as_ref()?)))
        .collect();
    let (shown, more) = frame.first(&changes, LARGEST);
    let table = html! {
        table {
            caption { "The largest change of each column" }
            thead { tr { th scope="col" { "Column" } th.n scope="col" { "By" } th.n scope="col" { "Live" } th.n scope="col" { "New" } th scope="col" { "Key" } } }
            tbody {
                @for (name, change) in shown {
                    tr {
                        th.mono scope="row" { (frame.text(name, 80)) }
                        td.n { (frame.text(&change.by, 60)) }
                        td.n { (frame.text(&change.old, 60)) }
                        td.n { (frame.text(&change.new, 60)) }
                        td.mono.w { (frame.text(&change.key, 160)) }
                    }
                }
            }
        }
    };
    html! {
        @if !shown.is_empty() {
            (scrolling("The largest change of each column", &table))
            (left_out(more, "columns are"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_grouped_and_have_six_digits() {
        let figures = [
            0.0,
            1_234_567.0,
            -12.0,
            2.71234567,
            12_345.678,
            0.001_234_5,
            1.5e-9,
            2e18,
            f64::NAN,
        ];
        let shown = figures.map(|one| figure(Some(one))).join("  ");
        insta::assert_snapshot!(shown, @"0  1,234,567  −12  2.71235  12,345.7  0.0012345  1.50000e-9  2.00000e18  NaN");
        assert_eq!(figure(None), "–");
    }

    #[test]
    fn drift_is_relative_to_what_was() {
        let shown = |old, new| was(Some(old), Some(new)).into_string();
        assert!(shown(100.0, 150.0).contains("+50.0 %"));
        assert!(shown(-100.0, -150.0).contains("−50.0 %"));
        assert!(shown(7.0, 7.0).contains("the same"));
        assert!(!shown(0.0, 5.0).contains('%'), "{}", shown(0.0, 5.0));
        assert_eq!(was(None, Some(1.0)).into_string(), "");
    }
}
