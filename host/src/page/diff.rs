//! What a swap changes for readers: rows, columns, indexes, and some of the keys.

use maud::{Markup, html};

use super::chart::bar;
use super::drift;
use super::frame::{Frame, percent};
use super::shape::{left_out, scrolling, section as titled};
use crate::human::{count, counted};
use crate::replay::review::{RecordedDiff, RecordedRow};

/// The columns or indexes that are listed in a line.
const NAMES: usize = 20;

/// The changed rows that are shown.
const ROWS: usize = 12;

/// The values that are shown of a changed row.
const VALUES: usize = 6;

/// The keys that are shown of rows that one build alone has.
const KEYS: usize = 10;

/// The difference to the table that was live.
pub(super) fn section(frame: &Frame<'_>) -> Markup {
    let content = match frame.diff() {
        None => html! { p { "The build was not compared with the live table yet." } },
        Some(diff) => match (&diff.old, &diff.lost) {
            (Some(_), _) => compared(frame, diff),
            (None, Some(lost)) => html! {
                p.fault { "Build " span.mono { (frame.text(&lost.build, 40)) } " is live, and its table is "
                    (frame.text(&lost.state, 40)) ": there is nothing to compare with." }
            },
            (None, None) => html! {
                p { "Nothing was live when the build was compared: readers get " (counted(diff.new.rows, "new row")) "." }
            },
        },
    };
    titled(
        "changes",
        "Changes for readers",
        "The new table compared with the one that was live.",
        &content,
    )
}

fn compared(frame: &Frame<'_>, diff: &RecordedDiff) -> Markup {
    html! {
        @if diff.schema.keys_differ {
            p.fault { "The keys are not the same columns, so no rows could be compared." }
        } @else { (rows(frame, diff)) }
        (shape(frame, diff))
        (drift::columns(frame, diff))
        (changed(frame, &diff.samples.changed, diff.counts.changed()))
        (keys(frame, "Keys that only the new table has", &diff.samples.only_new, diff.counts.only_new))
        (keys(frame, "Keys that only the live table has", &diff.samples.only_old, diff.counts.only_old))
    }
}

fn rows(frame: &Frame<'_>, diff: &RecordedDiff) -> Markup {
    let counts = diff.counts;
    let all = counts.both + counts.only_old + counts.only_new;
    let share = |rows: u64| rows as f64 / all.max(1) as f64;
    let (changed, old, new) = (counts.changed(), counts.only_old, counts.only_new);
    let lines = [
        ("equal", counts.equal, "c3"),
        ("changed", changed, "c1"),
        ("only in the new table", new, "c2"),
        ("only in the live table", old, "gone"),
    ];
    let table = html! {
        table {
            thead { tr { th scope="col" { "Rows" } th.n scope="col" { "Number" } th.n scope="col" { "Share" } th scope="col" { "" } } }
            tbody {
                @for (name, rows, class) in lines {
                    tr {
                        th scope="row" { (name) }
                        td.n { (count(rows)) }
                        td.n { (percent(rows, all)) }
                        td { (bar(&[(share(rows), class)])) }
                    }
                }
            }
        }
    };
    let old_build = diff
        .old
        .as_ref()
        .map(|old| old.build.as_str())
        .unwrap_or_default();
    html! {
        p.small.soft { "Compared with build " span.mono { (frame.text(old_build, 40)) }
            @if let Some(version) = diff.live_version { ", live as version " (version) }
            "." }
        (scrolling("Rows by what a swap does to them", &table))
    }
}

/// Columns and indexes that only one of the tables has.
fn shape(frame: &Frame<'_>, diff: &RecordedDiff) -> Markup {
    let (schema, indexes) = (&diff.schema, &diff.indexes);
    let column =
        |column: &crate::replay::review::NamedColumn| format!("{} {}", column.name, column.kind);
    let retyped = |(name, old, new): &(String, String, String)| {
        format!("{name} from {old} to {new}, not compared")
    };
    let lines = [
        (
            "Added columns",
            schema.added.iter().map(column).collect::<Vec<_>>(),
        ),
        (
            "Removed columns",
            schema.removed.iter().map(column).collect(),
        ),
        (
            "Columns of another kind",
            schema.retyped.iter().map(retyped).collect(),
        ),
        (
            "Added indexes",
            indexes
                .added
                .iter()
                .map(|one| one.definition.clone())
                .collect(),
        ),
        (
            "Removed indexes",
            indexes
                .removed
                .iter()
                .map(|one| one.definition.clone())
                .collect(),
        ),
    ];
    let lines: Vec<_> = lines
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .collect();
    html! {
        @if !lines.is_empty() {
            h3 { "Columns and indexes" }
            dl.facts {
                @for (title, names) in &lines {
                    @let (shown, more) = frame.first(names, NAMES);
                    dt { (title) }
                    dd {
                        @for (place, name) in shown.iter().enumerate() {
                            @if place > 0 { br; }
                            span.mono { (frame.text(name, 200)) }
                        }
                        (left_out(more, "are"))
                    }
                }
            }
        }
    }
}

/// Some of the rows that changed.
fn changed(frame: &Frame<'_>, rows: &[RecordedRow], all: u64) -> Markup {
    let (shown, _) = frame.first(rows, ROWS);
    let table = html! {
        table {
            caption { (shown.len()) " of " (counted(all, "changed row")) ", spread over the table" }
            thead { tr { th scope="col" { "Key" } th scope="col" { "Column" } th scope="col" { "Live" } th scope="col" { "New" } } }
            tbody { @for row in shown { (changed_row(frame, row)) } }
        }
    };
    html! {
        @if !shown.is_empty() {
            h3 { "Changed rows" }
            (scrolling("Some of the changed rows", &table))
        }
    }
}

fn changed_row(frame: &Frame<'_>, row: &RecordedRow) -> Markup {
    let (shown, more) = frame.first(&row.columns, VALUES);
    html! {
        @for (place, (name, old, new)) in shown.iter().enumerate() {
            tr.more[place > 0] {
                @if place == 0 {
                    th.mono.w scope="row" rowspan=(shown.len() + usize::from(more > 0)) { (frame.text(&row.key, 160)) }
                }
                td.mono { (frame.text(name, 80)) }
                td.k { (frame.text(old, 120)) }
                td.k { (frame.text(new, 120)) }
            }
        }
        @if more > 0 { tr.more { td.soft colspan="3" { (more) " more columns" } } }
    }
}

/// Some of the keys that one table alone has.
fn keys(frame: &Frame<'_>, title: &str, keys: &[String], all: u64) -> Markup {
    let (shown, _) = frame.first(keys, KEYS);
    html! {
        @if !shown.is_empty() {
            details {
                summary { b { (title) } " " span.soft { "(" (shown.len()) " of " (count(all)) ")" } }
                div.inside { ul.plain { @for key in shown { li.mono { (frame.text(key, 160)) } } } }
            }
        }
    }
}
