//! The checks of the gate, each with what was found and what was wanted.

use maud::{Markup, html};

use super::frame::Frame;
use super::icon::mark;
use super::shape::{left_out, scrolling, section as titled};
use crate::replay::review::{RecordedCheck, Verdict};

/// The checks that are shown, those that failed before the others.
const CHECKS: usize = 60;

/// The gate.
pub(super) fn section(frame: &Frame<'_>) -> Markup {
    let gate = frame.recorded().and_then(|recorded| recorded.gate.as_ref());
    let content = match gate {
        Some(gate) => table(frame, &gate.checks),
        None => html! { p { (missing(frame)) } },
    };
    titled(
        "gate",
        "Gate",
        "What must hold before a swap. The swap asks again.",
        &content,
    )
}

fn missing(frame: &Frame<'_>) -> &'static str {
    match frame.review.verdict {
        Verdict::Planned | Verdict::Folding | Verdict::Folded => {
            "The gate judges a complete table, and there is none yet."
        }
        Verdict::Unchecked => "The gate has not judged this table.",
        _ => "The run ended before it wrote what each check found.",
    }
}

fn table(frame: &Frame<'_>, checks: &[RecordedCheck]) -> Markup {
    let mut order: Vec<&RecordedCheck> = checks.iter().collect();
    // The sort is stable: the checks that hold stay in their order.
    order.sort_by_key(|check| check.passed);
    let (shown, more) = frame.first(&order, CHECKS);
    let rows = html! {
        table.fit {
            caption { "Checks, those that failed first" }
            thead { tr { th scope="col" { "Check" } th scope="col" { "Outcome" } th scope="col" { "Found" } th scope="col" { "Wanted" } } }
            tbody { @for check in shown { (row(frame, check)) } }
        }
    };
    html! {
        (scrolling("The checks of the gate", &rows))
        (left_out(more, "checks are"))
    }
}

/// A check: its figures, and below them its sentence where it failed or has no figures.
fn row(frame: &Frame<'_>, check: &RecordedCheck) -> Markup {
    let has_figures = !check.found.is_empty() || !check.wanted.is_empty();
    html! {
        tr.bad[!check.passed] {
            th.mono scope="row" { (frame.text(&check.name, 80)) }
            td { (mark(check.passed, if check.passed { "holds" } else { "failed" })) }
            @if has_figures {
                td { (frame.text(&check.found, 200)) }
                td { (frame.text(&check.wanted, 200)) }
            } @else {
                td colspan="2" { (frame.text(&check.text, 900)) }
            }
        }
        @if has_figures && !check.passed {
            tr.bad.more { td colspan="4" { (frame.text(&check.text, 900)) } }
        }
    }
}
