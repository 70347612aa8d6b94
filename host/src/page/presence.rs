//! In how many events each input was there.

use maud::{Markup, html};

use super::chart::bar;
use super::frame::{Frame, percent};
use super::icon::mark;
use super::shape::{left_out, scrolling, section as titled};
use crate::decode::InputPresence;
use crate::human::count;

/// The inputs that are shown, the rarest first.
const INPUTS: usize = 40;

/// The conditions that are shown.
const CONDITIONS: usize = 10;

/// The presence of inputs.
pub(super) fn section(frame: &Frame<'_>) -> Markup {
    let presence = &frame.review.presence;
    let content = html! {
        @if presence.events == 0 { p { "No events were counted." } }
        @else if presence.inputs.is_empty() { p { "The component reads no input by a path or a header." } }
        @else { (inputs(frame)) }
        (conditions(frame))
    };
    titled(
        "presence",
        "Presence of inputs",
        "An input that no event has is null in every row: its name may be wrong.",
        &content,
    )
}

fn inputs(frame: &Frame<'_>) -> Markup {
    let presence = &frame.review.presence;
    let mut order: Vec<&InputPresence> = presence.inputs.iter().collect();
    order.sort_by_key(|input| input.present);
    let (shown, more) = frame.first(&order, INPUTS);
    let table = html! {
        table {
            caption { "Of " (count(presence.events)) " events, the rarest input first" }
            thead { tr { th scope="col" { "Input" } th scope="col" { "Path or header" } th.n scope="col" { "Present in" } th.n scope="col" { "Share" } th scope="col" { "" } } }
            tbody { @for input in shown { (row(frame, input, presence.events)) } }
        }
    };
    html! {
        (scrolling("Presence of inputs", &table))
        (left_out(more, "inputs are"))
    }
}

fn row(frame: &Frame<'_>, input: &InputPresence, events: u64) -> Markup {
    let place = input
        .path
        .as_deref()
        .or(input.header.as_deref())
        .unwrap_or("–");
    let is_absent = input.present == 0;
    // The job may allow it, and then it is no fault.
    let is_fault = is_absent && frame.failed("presence") != Some(false);
    html! {
        tr.bad[is_fault] {
            th.mono scope="row" { (frame.text(&input.input, 80)) }
            td.mono.k { (frame.text(place, 160)) }
            td.n { (count(input.present)) }
            td.n { @if is_fault { (mark(false, "absent")) } @else if is_absent { "absent, allowed" } @else { (percent(input.present, events)) } }
            td { (bar(&[(input.present as f64 / events as f64, "c1")])) }
        }
    }
}

fn conditions(frame: &Frame<'_>) -> Markup {
    let (shown, more) = frame.first(&frame.review.presence.conditions, CONDITIONS);
    html! {
        @if !shown.is_empty() {
            h3 { "Conditions of the component" }
            ul.plain { @for one in shown { li { (frame.text(&one.shown(), 300)) } } }
            (left_out(more, "conditions are"))
        }
    }
}
