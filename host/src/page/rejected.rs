//! Rejected records by reason, with samples.

use maud::{Markup, html};

use super::frame::{Frame, percent};
use super::shape::{left_out, section as titled};
use crate::fold::RejectedBy;
use crate::human::{count, counted};
use crate::replay::review::{RejectedReason, RejectedSample};

/// The kinds of reasons that are shown.
const REASONS: usize = 12;

/// The lines that are shown of what a component said.
const DETAILS: usize = 8;

/// The rejected records.
pub(super) fn section(frame: &Frame<'_>) -> Markup {
    let review = frame.review;
    let total: u64 = review.reasons.iter().map(|reason| reason.count.count).sum();
    let (shown, more) = frame.first(&review.reasons, REASONS);
    let content = html! {
        @if total == 0 {
            p { @if review.counts.records > 0 { "No record was rejected." } @else { "No record was read yet." } }
        } @else {
            p {
                (counted(total, "record")) " rejected, for " (counted(review.reasons.len() as u64, "kind")) " of reason. They are not in the table."
                @if review.counts.swallowed_bytes > 0 {
                    span.fault { " Bytes in which other records may be lost: " (count(review.counts.swallowed_bytes)) "." }
                }
            }
            @for (place, one) in shown.iter().enumerate() { (reason(frame, one, total, place == 0)) }
            (left_out(more, "kinds of reasons are"))
            p.soft.small { "All of them:" }
            code.command { (frame.command("quarantine list")) " --build " (review.build) }
        }
    };
    titled(
        "rejected",
        "Rejected records",
        "Records that the decoder or the component refused, by reason.",
        &content,
    )
}

fn reason(frame: &Frame<'_>, reason: &RejectedReason, total: u64, is_open: bool) -> Markup {
    let counted = &reason.count;
    let by = match counted.rejected_by {
        RejectedBy::Decoder => "decoder",
        RejectedBy::Component => "component",
    };
    html! {
        details open[is_open] {
            summary {
                b { (count(counted.count)) } " (" (percent(counted.count, total)) "), " (by) ": "
                @if let Some(path) = &counted.path { code { (frame.text(path, 120)) } " " }
                (frame.text(&counted.reason, 300))
            }
            div.inside {
                @for one in &reason.samples { (sample(frame, one)) }
            }
        }
    }
}

fn sample(frame: &Frame<'_>, sample: &RejectedSample) -> Markup {
    let (details, more) = frame.first(&sample.details, DETAILS);
    html! {
        div.sample {
            span.small.soft { "Record " (sample.number) ", " }
            span.mono { (frame.text(&sample.position, 300)) }
            br;
            (frame.text(&sample.reason, 400))
            @if let Some(record) = &sample.record {
                pre tabindex="0" aria-label="The record" { (frame.lines(record, 500)) }
                @if sample.is_base64 { p.small.soft { "Not UTF-8: shown in base64." } }
            } @else {
                p.small.soft { "Its bytes were not kept." }
            }
            @if !details.is_empty() {
                span.small.soft { "The component said:" }
                pre tabindex="0" aria-label="The words of the component" {
                    @for line in details { (frame.text(line, 200)) "\n" }
                }
                (left_out(more, "lines are"))
            }
        }
    }
}
