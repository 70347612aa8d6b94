//! The splits of the build: a grid by state and time, the slowest, and those that are left.

use std::time::Duration;

use maud::{Markup, html};

use super::chart::{Shapes, legend, square};
use super::frame::{Frame, took};
use super::shape::{scrolling, section as titled};
use crate::human::{count, counted, size};
use crate::replay::review::{NamedSplit, SplitCell, SplitGrid};

/// Cells of a row, and of a row where there are few cells.
const COLUMNS: usize = 48;
const FEW_COLUMNS: usize = 24;

/// Differences below this are not worth a look, in microseconds.
const QUICK_MICROS: u64 = 100_000;

/// The size of a cell with the space around it.
const CELL: f64 = 10.0;

/// The splits.
pub(super) fn section(frame: &Frame<'_>) -> Markup {
    let grid = &frame.review.splits;
    let content = html! {
        p {
            (count(grid.done)) " of " (counted(grid.total, "split")) " folded"
            @if grid.with_rejections > 0 { ", " (count(grid.with_rejections)) " with rejected records" }
            "."
            @if grid.done > 0 {
                " Half of them took "
                @if grid.median_micros >= 1_000 { "at most " }
                (took(Duration::from_micros(grid.median_micros))) "."
            }
            @if grid.per_cell > 1 { " A cell stands for " (count(grid.per_cell)) " splits." }
        }
        @if !grid.cells.is_empty() { (cells(grid)) (signs(grid)) }
        @if !grid.slowest.is_empty() { (named(frame, "The slowest splits", &grid.slowest, true)) }
        @if !grid.pending.is_empty() {
            (named(frame, "The first splits that are not folded", &grid.pending, false))
        }
    };
    titled(
        "splits",
        "Splits",
        "Parts of the input, each read by one worker at a time, in the order of the source.",
        &content,
    )
}

/// How long the splits of a cell took, compared with half of all.
fn shade(cell: &SplitCell, median_micros: u64) -> &'static str {
    let usual = median_micros.max(QUICK_MICROS).saturating_mul(cell.done);
    match cell.micros {
        micros if micros > usual.saturating_mul(3) => "c1",
        micros if micros > usual.saturating_mul(3) / 2 => "c2",
        _ => "c3",
    }
}

fn cells(grid: &SplitGrid) -> Markup {
    let is_few = grid.cells.len() <= 5 * FEW_COLUMNS;
    let columns = if is_few { FEW_COLUMNS } else { COLUMNS };
    let classes = ["c1", "c2", "c3"];
    let mut shades = classes.map(|_| Shapes::default());
    let (mut open, mut rejected) = (Shapes::default(), Shapes::default());
    for (place, cell) in grid.cells.iter().enumerate() {
        let (x, y) = (
            (place % columns) as f64 * CELL,
            (place / columns) as f64 * CELL,
        );
        if cell.done < cell.splits {
            open.rectangle(x + 0.9, y + 0.9, CELL - 2.4, CELL - 2.4);
        } else {
            let shade = shade(cell, grid.median_micros);
            let own = classes
                .iter()
                .position(|class| *class == shade)
                .unwrap_or(2);
            shades[own].rectangle(x + 0.4, y + 0.4, CELL - 1.4, CELL - 1.4);
        }
        if cell.rejected > 0 {
            rejected.corner(x + 4.0, y + 0.4, 5.0);
        }
    }
    let rows = grid.cells.len().div_ceil(columns);
    let (width, height) = (columns as f64 * CELL, rows as f64 * CELL);
    let label = format!(
        "{} of {} splits folded, {} with rejected records",
        grid.done, grid.total, grid.with_rejections
    );
    html! {
        svg.grid.few[is_few] viewBox=(format!("0 0 {width} {height}")) role="img" aria-label=(label) {
            @for (shade, class) in shades.iter().zip(classes) { (shade.draw(class)) }
            (open.draw("open")) (rejected.draw("lack"))
        }
    }
}

fn signs(grid: &SplitGrid) -> Markup {
    let folded = grid.cells.iter().filter(|cell| cell.done == cell.splits);
    let shades: Vec<_> = folded.map(|cell| shade(cell, grid.median_micros)).collect();
    let signs = [
        ("c3", "usual time"),
        ("c2", "more than 1.5 times as long"),
        ("c1", "more than 3 times as long"),
    ];
    let signs = signs
        .into_iter()
        .filter(|(class, _)| shades.contains(class));
    let mut signs: Vec<_> = signs.map(|(class, text)| (square(class), text)).collect();
    if grid.done < grid.total {
        signs.push((
            square("open"),
            if grid.per_cell > 1 {
                "not folded, or in part"
            } else {
                "not folded"
            },
        ));
    }
    if grid.with_rejections > 0 {
        let corner =
            html! { svg viewBox="0 0 14 14" aria-hidden="true" { path.lack d="M2 1h11v11z" {} } };
        signs.push((corner, "with rejected records"));
    }
    legend(&signs)
}

fn named(frame: &Frame<'_>, title: &str, splits: &[NamedSplit], are_folded: bool) -> Markup {
    let table = html! {
        table {
            caption { (title) }
            thead {
                tr {
                    th.n scope="col" { "Split" }
                    @if are_folded { th.n scope="col" { "Time" } th.n scope="col" { "Records" } th.n scope="col" { "Rejected" } }
                    th.n scope="col" { "Size" }
                    th scope="col" { "Input" }
                }
            }
            tbody {
                @for split in splits {
                    tr {
                        th.n scope="row" { (split.number) }
                        @if are_folded {
                            td.n { (took(Duration::from_micros(split.micros))) }
                            td.n { (count(split.records)) }
                            td.n { (count(split.rejected)) }
                        }
                        td.n { @if split.size_bytes > 0 { (size(split.size_bytes)) } @else { "–" } }
                        td.mono.w { (frame.text(&split.input, 240)) }
                    }
                }
            }
        }
    };
    scrolling(title, &table)
}
